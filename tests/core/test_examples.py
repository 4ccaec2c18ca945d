"""The worked examples of the catalogue, each in every container and at every grain."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from importlib.resources import files
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm

# The number of examples when the library was written: new ones may be added, none may be lost
AT_LEAST = {
    "retention": 27,
    "revenue": 35,
    "value": 37,
    "survey": 27,
    "support": 15,
    "adoption": 9,
    "activity": 8,
    "onboarding": 13,
    "advocacy": 5,
    "health": 15,
}
ADD_UP = {"mrr", "arr", "net_new_mrr", "ticket_backlog", "theme_priority"}  # twice the rows give twice the value

ALL = [(spec, example) for spec in csm.catalog.values() for example in spec.examples]


def examples(keep: Any = lambda spec, example: True) -> Any:
    chosen = [pytest.param(s, e, id=e.id) for s, e in ALL if keep(s, e)]
    return pytest.mark.parametrize(("spec", "example"), chosen)


def columns_of(spec: Any, example: Any) -> dict[str, Any]:
    """Return the inputs that can be columns: all except the options."""
    return {n: v for n, v in example.inputs.items() if n in spec.inputs}


def options_of(spec: Any, example: Any) -> dict[str, Any]:
    return {n: v for n, v in example.inputs.items() if n not in spec.inputs}


def is_one(spec: Any, example: Any) -> bool:
    return all(isinstance(v, (int, float, str, datetime)) for v in columns_of(spec, example).values())


def is_column(spec: Any, example: Any) -> bool:
    return all(isinstance(v, list) for v in columns_of(spec, example).values())


def all_numbers(spec: Any, example: Any) -> bool:
    return all(type(v) in (int, float) for v in columns_of(spec, example).values())


def holds(got: Any, example: Any) -> None:
    """Check whether one value is the expected one."""
    if example.expected is None:
        assert got is None or isnan(got)
    elif isinstance(example.expected, str):
        assert got == example.expected
    else:
        assert abs(got - example.expected) <= example.tolerance + 1e-12 * abs(example.expected)


# The examples themselves


@pytest.mark.parametrize("family", AT_LEAST)
def test_none_is_lost(family: str) -> None:
    assert sum(spec.family == family for spec, _ in ALL) >= AT_LEAST[family]


def test_each_line_is_read() -> None:
    lines = [
        json.loads(line)
        for family in {spec.family for spec in csm.catalog.values()}
        for line in files("csmetrics.core").joinpath(f"{family}.jsonl").read_text("utf-8").splitlines()
    ]
    assert sorted(line["id"] for line in lines) == sorted(example.id for _, example in ALL)
    assert {line["metric"] for line in lines} == set(csm.catalog)


def test_ids_are_unique() -> None:
    assert [i for i, n in Counter(example.id for _, example in ALL).items() if n > 1] == []


@pytest.mark.parametrize("name", csm.catalog)
def test_every_metric_has_a_sourced_example(name: str) -> None:
    given = csm.catalog[name].examples
    assert given
    for example in given:
        assert example.source.strip(), f"{example.id}: `source` must say where the figure is from, or 'worked by hand'"
        silent = example.source == "worked by hand" and not example.note.strip()
        assert not silent, f"{example.id}: the `note` of a figure worked by hand must show the working, '100 x 3 / 40'"


@examples(lambda spec, example: isinstance(example.expected, (int, float)))
def test_the_tolerance_tells_right_from_wrong(spec: Any, example: Any) -> None:
    """Published figures are rounded, but an example must not let a wrong formula pass."""
    assert 0 <= example.tolerance <= max(0.012 * abs(example.expected), 1e-4)


# In every container


@examples()
def test_as_it_stands(spec: Any, example: Any) -> None:
    got = spec.compute(**example.inputs)
    assert type(got) is (str if isinstance(example.expected, str) else float)
    holds(got, example)


@examples(is_one)
def test_in_arrays_and_series(spec: Any, example: Any) -> None:
    inputs, options = columns_of(spec, example), options_of(spec, example)
    as_list = spec.compute(**{n: [v] for n, v in inputs.items()}, **options)
    as_array = spec.compute(**{n: np.array([v, v]) for n, v in inputs.items()}, **options)
    index = pd.Index(["x", "y"], name="at")
    as_series = spec.compute(**{n: pd.Series([v, v], index=index) for n, v in inputs.items()}, **options)
    assert type(as_list) is type(as_array) is np.ndarray
    assert (as_list.shape, as_array.shape) == ((1,), (2,))
    assert type(as_series) is pd.Series
    pd.testing.assert_index_equal(as_series.index, index)
    for got in (*as_list, *as_array, *as_series):
        holds(got, example)


@examples(lambda spec, example: is_column(spec, example) and spec.name not in ("engagement_score", "health_score"))
def test_columns_of_raw_answers(spec: Any, example: Any) -> None:
    inputs, options = columns_of(spec, example), options_of(spec, example)
    kind = "datetime64[us]" if isinstance(next(iter(inputs.values()))[0], datetime) else "float64"
    series = {n: pd.Series(v, dtype=kind, index=range(5, 5 + len(v))) for n, v in inputs.items()}
    holds(spec.compute(**series, **options), example)
    holds(spec.compute(**{n: column.to_numpy() for n, column in series.items()}, **options), example)
    frame = pd.DataFrame({"segment": "a", **series})
    named = {n: n for n in series}
    holds(frame.csm.total().compute(spec.name, **named, **options), example)
    by = frame.csm.by("segment").compute(spec.name, **named, **options)
    assert by.index.tolist() == ["a"]
    holds(by["a"], example)


@examples(lambda spec, example: spec.name in ("engagement_score", "health_score"))
def test_components(spec: Any, example: Any) -> None:
    (name, value), (_, weights) = example.inputs.items()
    names = list(value) if isinstance(value, dict) else list("abcdefgh"[: len(value)])
    line = list(value.values()) if isinstance(value, dict) else value
    frame = pd.DataFrame([line, line], columns=names, index=["x", "y"], dtype=float)
    as_frame = spec.compute(**{name: frame}, weights=weights)
    by_name = weights if isinstance(weights, dict) else dict(zip(names, weights, strict=True))
    as_series = spec.compute(**{name: {n: frame[n] for n in names}}, weights=by_name)
    as_array = spec.compute(**{name: frame.to_numpy()}, weights=[by_name[n] for n in names])
    assert type(as_array) is np.ndarray
    for series in (as_frame, as_series):
        assert series.index.tolist() == ["x", "y"]
    for one in (*as_frame, *as_series, *as_array):
        holds(one, example)


# At every grain


@examples(all_numbers)
def test_by_row(spec: Any, example: Any) -> None:
    inputs, options = columns_of(spec, example), options_of(spec, example)
    for labels in (["x"], ["x", "y"]):
        frame = pd.DataFrame(inputs, index=labels)
        got = getattr(frame.csm, spec.name)(**options)
        assert got.index.tolist() == labels
        assert got.name == spec.name
        for one in got:
            holds(one, example)


@pytest.mark.sampled(3)
@examples(all_numbers)
@pytest.mark.parametrize("rows", [1, 2])
def test_by_group_and_in_total(spec: Any, example: Any, rows: int) -> None:
    """Columns are added up before the formula is called; an input that does not add up is given as a number."""
    inputs, options = columns_of(spec, example), options_of(spec, example)
    kinds = {n: spec.inputs[n].kind for n in inputs}
    levels = {n: v for n, v in inputs.items() if kinds[n] == "level"}
    totals = {n: [v] * rows for n, v in inputs.items() if kinds[n] != "level"}
    frame = pd.DataFrame({"segment": ["s"] * rows, **totals})
    times = rows if spec.name in ADD_UP else 1
    total = getattr(frame.csm.total(), spec.name)(**levels, **options)
    by = getattr(frame.csm.by("segment"), spec.name)(**levels, **options)
    assert type(total) is (str if spec.unit == "band" else float)
    assert by.index.tolist() == ["s"]
    for one in (total, by["s"]):
        holds(one if times == 1 else one / times, example)
    if levels:
        for grain in (frame.assign(**levels).csm.total(), frame.assign(**levels).csm.by("segment")):
            with pytest.raises((csm.MetricInputError, csm.MissingColumnError)) as refused:
                getattr(grain, spec.name)(**options)
            assert refused.value.metric in csm.catalog
