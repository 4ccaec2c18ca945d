"""The rules that hold for every metric that works value by value."""

from __future__ import annotations

import random
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics.core import _evaluate, _numeric, health
from csmetrics.core._registry import REGISTRY

from ..drawn import drawn
from . import reference
from .reference import Given, Law


def declared(spec: Any) -> Law:
    """Build a stand-in for a law that is not restated yet, from the metric's own declaration and first example."""
    keyword_only = {n: n not in spec.positional for n in spec.inputs}
    inputs = {
        n: Given(
            i.kind,
            i.quantity.low,
            i.quantity.high,
            repr(spec.defaults[n]) if n in spec.defaults else None,
            keyword_only[n],
        )
        for n, i in spec.inputs.items()
    }
    example = csm.catalog[spec.name].examples[0]
    row = {n: example.inputs.get(n, spec.defaults.get(n)) for n in spec.inputs}

    def formula(*values: Any, **options: Any) -> Any:
        result = spec.function(**dict(zip(spec.inputs, map(float, values), strict=True)), **options)
        return None if isnan(result) else Fraction(result)

    plain = all(isinstance(value, (int, float)) for value in row.values()) and not spec.over_columns
    rules = tuple(map(str, spec.rules))
    rows = ((row, example.expected),)
    return Law(
        spec.name, inputs, spec.unit, spec.better, spec.bounds, rules, formula, rows, "." * len(row) if plain else ""
    )


LAWS = {name: reference.LAWS.get(name) or declared(spec) for name, spec in REGISTRY.items()}
ELEMENTWISE = [spec for spec in REGISTRY.values() if not spec.reduces]
# Metrics with one number per input; those of dates or several components are tested at the end
NUMERIC = [spec for spec in ELEMENTWISE if LAWS[spec.name].signs]
BANDED = [*NUMERIC, REGISTRY["health_band"]]
DATED = [REGISTRY["ttv"], REGISTRY["onboarding_time"]]
WEIGHED = [REGISTRY["engagement_score"], REGISTRY["health_score"]]

numeric = pytest.mark.parametrize("spec", NUMERIC, ids=lambda spec: spec.name)
banded = pytest.mark.parametrize("spec", BANDED, ids=lambda spec: spec.name)
each_input = pytest.mark.parametrize(
    ("spec", "name"), [pytest.param(s, n, id=f"{s.name}-{n}") for s in BANDED for n in s.inputs if n != "interval"]
)
each_rule = pytest.mark.parametrize(
    ("spec", "parts", "wholes"),
    [pytest.param(s, *rule, id=f"{s.name}-{i}") for s in BANDED for i, rule in enumerate(LAWS[s.name].at_most())],
)


def valid(spec: Any) -> dict[str, Any]:
    """Return a row with every input that breaks no rule."""
    return dict(LAWS[spec.name].rows[0][0])


def numbers(row: dict[str, Any]) -> dict[str, Any]:
    return {n: v for n, v in row.items() if not isinstance(v, str)}


def words(row: dict[str, Any]) -> dict[str, Any]:
    return {n: v for n, v in row.items() if isinstance(v, str)}


def same(got: Any, expected: Any) -> bool:
    return got == expected or (
        isinstance(got, float) and isinstance(expected, float) and isnan(got) and isnan(expected)
    )


def test_every_elementwise_metric_is_tested_here() -> None:
    assert {s.name for s in ELEMENTWISE} == {s.name for s in (*BANDED, *DATED, *WEIGHED)}
    assert len(NUMERIC) >= 70


# Kinds of numbers


@banded
def test_kinds_of_numbers(spec: Any) -> None:
    row = valid(spec)
    expected = spec.function(**row)
    kinds = (float, np.int64, np.float64, np.float32, np.float16, np.int8, np.uint8, Decimal, Fraction)
    for kind in kinds:
        got = spec.function(**{**row, **{n: kind(v) for n, v in numbers(row).items()}})
        assert type(got) is type(expected) is (str if spec.unit == "band" else float)
        assert got == expected, kind
    mixed = {
        n: kind(v) for (n, v), kind in zip(numbers(row).items(), (Decimal, np.int8, float, int, Fraction), strict=False)
    }
    assert spec.function(**{**row, **mixed}) == expected


@banded
def test_positional_is_by_keyword(spec: Any) -> None:
    row = valid(spec)
    positional = [v for n, v in row.items() if not LAWS[spec.name].inputs[n].keyword_only]
    keywords = {n: v for n, v in row.items() if LAWS[spec.name].inputs[n].keyword_only}
    assert spec.function(*positional, **keywords) == spec.function(**row)
    if keywords:
        with pytest.raises(TypeError, match="positional"):
            spec.function(*row.values())


# Containers

CONTAINERS: dict[str, Any] = {
    "list": lambda v: [v, v],
    "tuple": lambda v: (v, v),
    "int64": lambda v: np.array([v, v]),
    "float64": lambda v: np.array([v, v], dtype=float),
    "float32": lambda v: np.array([v, v], dtype=np.float32),
    "int8": lambda v: np.array([v, v], dtype=np.int8),
    "uint8": lambda v: np.array([v, v], dtype=np.uint8),
    "uint64": lambda v: np.array([v, v], dtype=np.uint64),
    "objects": lambda v: np.array([v, v], dtype=object),
    "decimals": lambda v: [Decimal(v), Decimal(v)],
    "masked": lambda v: np.ma.MaskedArray([v, v]),
    "index": lambda v: pd.Index([v, v]),
    "extension": lambda v: pd.array([v, v], dtype="Int64"),
    "broadcast": lambda v: np.broadcast_to(np.float64(v), 2),
    "reversed": lambda v: np.array([v, v])[::-1],
}


@banded
def test_arrays(spec: Any) -> None:
    row = valid(spec)
    expected = spec.function(**row)
    for name, container in CONTAINERS.items():
        got = spec.function(**words(row), **{n: container(v) for n, v in numbers(row).items()})
        assert type(got) is np.ndarray, name
        assert got.dtype == (object if spec.unit == "band" else np.float64), name
        assert got.tolist() == [expected, expected], name


DTYPES = [
    "int64",
    "int8",
    "uint8",
    "float32",
    "float64",
    "Int64",
    "UInt8",
    "Float64",
    "object",
    "int64[pyarrow]",
    "double[pyarrow]",
]


@banded
def test_series(spec: Any) -> None:
    row = valid(spec)
    expected = spec.function(**row)
    index = pd.Index(["b", "a", "a"], name="customer")
    for dtype in DTYPES:
        columns = {n: pd.Series([v] * 3, index=index, dtype=dtype) for n, v in numbers(row).items()}
        got = spec.function(**words(row), **columns)
        assert type(got) is pd.Series, dtype
        assert got.dtype == (object if spec.unit == "band" else np.float64), dtype
        assert got.index.identical(index), dtype
        assert got.tolist() == [expected] * 3, dtype


@banded
def test_shapes_are_kept(spec: Any) -> None:
    row = valid(spec)
    expected = spec.function(**row)
    for shape in ((), (1,), (2, 3), (2, 1, 2), (0,), (0, 2)):
        got = spec.function(**words(row), **{n: np.full(shape, v) for n, v in numbers(row).items()})
        assert got.shape == shape
        assert got.ravel().tolist() == [expected] * got.size


@banded
def test_words_may_be_columns_too(spec: Any) -> None:
    row = valid(spec)
    columns = {n: pd.Series([v, v]) for n, v in row.items()}
    assert spec.function(**columns).tolist() == [spec.function(**row)] * 2


@banded
def test_one_number_goes_with_arrays_and_series(spec: Any) -> None:
    """Each input in turn is the only column, or the only number, of a call."""
    row = valid(spec)
    expected = spec.function(**row)
    index = pd.Index([7, 3])
    for name in numbers(row):
        got = spec.function(**{**row, name: np.array([row[name]] * 2)})
        assert type(got) is np.ndarray
        assert got.tolist() == [expected] * 2
        got = spec.function(**{**row, name: pd.Series([row[name]] * 2, index=index)})
        assert got.index.equals(index)
        assert got.tolist() == [expected] * 2
        columns = {n: pd.Series([v] * 2, index=index) for n, v in numbers(row).items() if n != name}
        got = spec.function(**{**row, **columns})
        assert (type(got) is pd.Series) == bool(columns)
        mixed = {n: [v] * 2 for n, v in numbers(row).items() if n != name}
        got = spec.function(**{**row, **mixed, name: pd.Series([row[name]] * 2, index=index)})
        assert got.index.equals(index)
        assert got.tolist() == [expected] * 2


@numeric
def test_rows_and_columns_broadcast(spec: Any) -> None:
    row = valid(spec)
    names = list(numbers(row))
    if len(names) == 1:
        assert spec.function(np.full((2, 3), row[names[0]])).shape == (2, 3)
        return
    first, *rest = names
    got = spec.function(
        **words(row), **{first: np.full((2, 1), row[first])}, **{n: np.full((1, 3), row[n]) for n in rest}
    )
    assert got.shape == (2, 3)
    assert got.tolist() == [[spec.function(**row)] * 3] * 2


@numeric
def test_each_value_has_its_own_row(spec: Any) -> None:
    """Values of one row never affect another row, also across the blocks in which arrays are processed."""
    row = valid(spec)
    name = next(iter(row))
    size = 2**17 + 3
    column = np.full(size, row[name], dtype=float)
    column[[0, 2**16, size - 1]] = nan
    got = spec.function(**{**row, name: column})
    assert np.flatnonzero(np.isnan(got)).tolist() == [0, 2**16, size - 1]
    assert set(got[~np.isnan(got)]) == {spec.function(**row)}
    rows = [*LAWS[spec.name].rows, *LAWS[spec.name].rows[::-1]]
    rows = [given for given, _ in rows if set(given) == set(row)]
    together = spec.function(**{n: [one[n] for one in rows] for n in row})
    np.testing.assert_array_equal(together, [spec.function(**one) for one in rows])


@banded
def test_inputs_are_never_changed(spec: Any) -> None:
    row = valid(spec)
    for missing in (False, True):
        columns = {n: np.array([v, nan if missing else v], dtype=float) for n, v in numbers(row).items()}
        before = {n: c.copy() for n, c in columns.items()}
        for column in columns.values():
            column.flags.writeable = False
        got = spec.function(**words(row), **columns)
        assert not any(np.shares_memory(got, column) for column in columns.values())
        series = {n: pd.Series(c.copy(), name=n) for n, c in before.items()}
        out = spec.function(**words(row), **series)
        out.iloc[0] = out.iloc[1]
        for name, column in before.items():
            np.testing.assert_array_equal(columns[name], column)
            np.testing.assert_array_equal(series[name], column)
            assert series[name].name == name


# Series whose rows do not match, shapes that do not go together


@pytest.mark.parametrize("spec", [s for s in BANDED if len(s.inputs) > 1], ids=lambda spec: spec.name)
@pytest.mark.parametrize("labels", [["a", "c"], ["b", "a"]], ids=["others", "other order"])
def test_other_labels(spec: Any, labels: list[str]) -> None:
    row = valid(spec)
    first, *_, last = numbers(row)
    left, right = pd.Series([row[first]] * 2, index=["a", "b"]), pd.Series([row[last]] * 2, index=labels)
    with pytest.raises(csm.MetricInputError, match="index of the other Series") as error:
        spec.function(**{**row, first: left, last: right})
    assert (error.value.metric, error.value.argument) == (spec.name, last)


@pytest.mark.parametrize("spec", [s for s in BANDED if len(s.inputs) > 1], ids=lambda spec: spec.name)
def test_shapes_that_do_not_go_together(spec: Any) -> None:
    row = valid(spec)
    first, *_, last = numbers(row)
    wrong: list[tuple[Any, Any]] = [
        (np.full(2, row[first]), np.full(3, row[last])),
        ([row[first]] * 3, [row[last]] * 2),
        (pd.Series([row[first]] * 2), [row[last]] * 3),
        (pd.Series([row[first]] * 2), np.full((2, 2), row[last])),
        (pd.Series([row[first]]), np.full(3, row[last])),
        (pd.Series([row[first]] * 2), np.full((1, 2), row[last])),
    ]
    for left, right in wrong:
        with pytest.raises(csm.MetricInputError, match="shapes that go together") as error:
            spec.function(**{**row, first: left, last: right})
        assert error.value.metric == spec.name
        assert {first, last} <= set(error.value.argument.split(", "))


# Missing

MISSING: dict[str, Any] = {
    "None": None,
    "nan": nan,
    "NA": pd.NA,
    "NaT": pd.NaT,
    "np.nan": np.float32("nan"),
    "Decimal": Decimal("NaN"),
}


def is_missing(value: Any) -> bool:
    return value is None or (type(value) is float and isnan(value))


@pytest.mark.sampled(3)
@each_input
def test_missing_in_missing_out(spec: Any, name: str) -> None:
    row = valid(spec)
    expected = spec.function(**row)
    undefined = [{}, {"undefined": 0}, {"undefined": "raise"}] if "undefined" in spec.options else [{}]
    for kind, options in product(MISSING.values(), undefined):
        assert is_missing(spec.function(**{**row, name: kind}, **options)), kind
        for container in (list, lambda values: pd.Series(values, dtype=object)):
            got = spec.function(**{**row, name: container([row[name], kind])}, **options)
            assert got[0] == expected, kind
            assert is_missing(got.tolist()[1]), kind
    for dtype in ("Int64", "Float64", "int64[pyarrow]", "double[pyarrow]"):
        got = spec.function(**{**row, name: pd.Series([None, row[name]], dtype=dtype)})
        assert is_missing(got.tolist()[0]), dtype
        assert got[1] == expected, dtype


@banded
def test_missing_words(spec: Any) -> None:
    row = valid(spec)
    for name in words(row):
        for kind in (None, nan, pd.NA):
            assert isnan(spec.function(**{**row, name: kind}, undefined=0))
            got = spec.function(**{**row, name: [row[name], kind]}, undefined=0)
            assert got[0] == spec.function(**row)
            assert isnan(got[1])


# Empty denominators

EMPTY: dict[str, list[dict[str, Any]]] = {
    "retention_rate": [{"end": 20, "new": 13, "start": 0, "reactivated": 7}],
    "quick_ratio": [{"contraction_mrr": 0, "churned_mrr": 0}],
    "discounted_clv": [{"retention_rate": 100, "discount_rate": 0}],
    "cac_payback": [{"arpa": 0}, {"gross_margin": 0}, {"gross_margin": -7}, {"cac": 0, "arpa": 0}],
    "nps": [{"promoters": 0, "passives": 0, "detractors": 0}],
    "net_sentiment": [{"positive": 0, "neutral": 0, "negative": 0}],
    "net_easy_score": [{"easy": 0, "difficult": 0, "responses": 0}],
    "self_service_rate": [{"self_served": 0, "assisted": 0}],
    "goal_attainment": [{"target": 23, "baseline": 23}, {"target": 37, "baseline": 37}],
    "normalize_score": [{"low": 11, "high": 11}, {"low": 37, "high": 37}],
}
LOSSES = {"start_mrr": 0, "contraction_mrr": 0, "churned_mrr": 0}
BOTTOMS = {  # of quotients whose numerator may be above 0 where the denominator is 0
    "average_lifetime": "churn_rate",
    "clv": "churn_rate",
    "customer_growth_rate": "start",
    "mrr_growth_rate": "start_mrr",
    "mrr": "count",
}


def empties(spec: Any) -> list[dict[str, Any]]:
    """Return rows without a value that break no rule."""
    row, law = valid(spec), LAWS[spec.name]
    if spec.name in EMPTY:
        return [{**row, **empty} for empty in EMPTY[spec.name]]
    if law.rules:
        zero = LOSSES if "churned_mrr" in row else dict.fromkeys([*law.at_most()[0][0], *law.at_most()[0][1]], 0)
        return [{**row, **zero}]
    bottom = BOTTOMS.get(spec.name) or list(row)[-1]
    return [{**row, bottom: 0}, {**dict.fromkeys(numbers(row), 0), **words(row)}]


with_base = pytest.mark.parametrize("spec", [s for s in NUMERIC if s.base], ids=lambda spec: spec.name)


@with_base
def test_base(spec: Any) -> None:
    """The declared denominator is 0, or at least empty, exactly where the metric has no value."""
    percent = 100 if spec.name == "discounted_clv" else 1  # 1 + d - r uses fractions

    def below(row: dict[str, Any]) -> Any:
        values = {n: Fraction(v) / percent for n, v in numbers(row).items()}
        return eval(spec.base.replace(" x ", " * "), {}, values)

    assert below(valid(spec)) != 0
    assert all(below(row) <= 0 for row in empties(spec))


def test_base_of_the_others() -> None:
    """The base of reducers is their column, that of the health score its weights; dates and bands have no base."""
    said = {s.name: s.base for s in REGISTRY.values() if s not in NUMERIC and s.base}
    assert said.pop("health_score") == "weights"
    assert said == {
        s.name: f"{'answered ' * (s.name != 'median_ttv')}{next(iter(s.inputs))}"
        for s in REGISTRY.values()
        if s.reduces
    }


@with_base
def test_undefined(spec: Any) -> None:
    for row in empties(spec):
        assert LAWS[spec.name].value(**row) is None
        for zero in (int, float, Decimal, np.int64):
            given = {n: v if isinstance(v, str) else zero(v) for n, v in row.items()}
            assert isnan(spec.function(**given))
            assert isnan(spec.function(**given, undefined=nan))
            for fill in (-1.0, 0, 250, np.float64(3), inf, Decimal(7)):
                got = spec.function(**given, undefined=fill)
                assert type(got) is float
                assert got == fill
            with pytest.raises(csm.UndefinedMetricError, match=f"^{spec.name}: ") as error:
                spec.function(**given, undefined="".join(["ra", "ise"]))  # an equal word that is another object
            assert error.value.metric == spec.name
            assert error.value.argument == spec.base
            assert error.value.code == "undefined"
            assert "must not be 0; it is" in str(error.value)
            assert isinstance(error.value, ZeroDivisionError)


@with_base
def test_undefined_in_columns(spec: Any) -> None:
    fine = valid(spec)
    for empty in empties(spec):
        missing = {**fine, next(iter(numbers(fine))): nan}
        columns = {n: pd.Series([fine[n], empty[n], missing[n], empty[n]], index=list("abcd")) for n in fine}
        expected = spec.function(**fine)
        for undefined, fill in ((nan, nan), (-1.0, -1.0), (0, 0.0)):
            wanted = pd.Series([expected, fill, nan, fill], index=list("abcd"))
            pd.testing.assert_series_equal(spec.function(**columns, undefined=undefined), wanted)
            arrays = {n: c.to_numpy() for n, c in columns.items()}
            np.testing.assert_array_equal(spec.function(**arrays, undefined=undefined), wanted)
        with pytest.raises(csm.UndefinedMetricError) as error:
            spec.function(**columns, undefined="raise")
        assert error.value.metric == spec.name
        assert error.value.argument == spec.base
        assert "2 of 4 values break it, first at position 1" in str(error.value)


@with_base
def test_missing_stays_missing_where_the_metric_is_undefined_too(spec: Any) -> None:
    for empty in empties(spec):
        for name in numbers(empty):
            given = {**empty, name: nan}
            assert isnan(spec.function(**given, undefined=0))
            assert isnan(spec.function(**{**given, name: np.array([nan])}, undefined=0)[0])


@pytest.mark.parametrize("spec", [s for s in NUMERIC if not s.base], ids=lambda spec: spec.name)
def test_without_a_line_nothing_is_undefined(spec: Any) -> None:
    row = valid(spec)
    zeros = dict.fromkeys(numbers(row), 0)
    expected = LAWS[spec.name].value(**zeros)
    assert spec.function(**zeros, undefined="raise") == spec.function(**zeros) == float(expected)
    assert spec.function(**{n: [0] for n in zeros}, undefined="raise").tolist() == [float(expected)]


def test_positions_are_those_of_the_whole_column() -> None:
    """Positions count from the start of the column, also across the blocks in which long columns are processed."""
    part, whole = np.full(2**17, 7.0), np.full(2**17, 101.0)
    part[[70_000, 70_001]], whole[[70_000, 70_001]] = 0, 0
    with pytest.raises(csm.UndefinedMetricError, match="2 of 131072 values break it, first at position 70000"):
        csm.churn_rate(part, whole, undefined="raise")
    part[[70_000, 70_001]] = 1
    refused(REGISTRY["churn_rate"], "lost", {"lost": part, "start": whole}, "2 of 131072 .* first at position 70000 ")
    part[90_000] = -1
    refused(REGISTRY["churn_rate"], "lost", {"lost": part, "start": 200}, "1 of 131072 .* first at position 90000 ")


@pytest.mark.parametrize("spec", [s for s in REGISTRY.values() if "undefined" in s.options], ids=lambda s: s.name)
def test_undefined_must_be_a_number_or_raise(spec: Any) -> None:
    """Said at once, and not only where a base is empty."""
    near, far = (
        ("rasie", "Raise", "raised", "RAISE "),
        ("nan", "", "0", None, True, [0], 1j, {}, 10**400, np.array([0])),
    )
    row = valid(spec)
    rows = [row, {n: [v] for n, v in row.items()}] if spec in NUMERIC else [row]
    for wrong in (*near, *far):
        for inputs in rows:
            with pytest.raises(csm.MetricInputError, match="must be a number or 'raise'") as error:
                spec.function(**inputs, undefined=wrong)
            assert (error.value.metric, error.value.argument) == (spec.name, "undefined")
            guess = isinstance(wrong, str) and wrong in near
            assert error.value.hint == ("did you mean 'raise'?" if guess else "nan is the default")


# Impossible inputs

NO_NUMBERS: dict[str, Any] = {
    "text": "12",
    "empty text": "",
    "True": True,
    "False": False,
    "np.True": np.True_,
    "complex": 3 + 1j,
    "np.complex": np.complex128(3),
    "dict": {"a": 1},
    "set": {1},
    "object": object(),
    "bytes": b"5",
    "date": datetime(2026, 1, 1),
    "timedelta": np.timedelta64(5, "D"),
}


def refused(spec: Any, argument: str, row: dict[str, Any], match: str | None = None) -> csm.MetricInputError:
    with pytest.raises(csm.MetricInputError, match=match) as raised:
        spec.function(**row)
    error = raised.value
    assert (error.metric, error.argument, error.code) == (spec.name, argument, "impossible_input")
    assert str(error).startswith(f"{spec.name}: `{argument}` must ")
    assert isinstance(error, ValueError)
    return error


@pytest.mark.sampled(3)
@each_input
def test_what_is_no_number(spec: Any, name: str) -> None:
    row = valid(spec)
    for kind in NO_NUMBERS.values():
        refused(spec, name, {**row, name: kind}, "must be a number")
        holder = np.empty(3, dtype=object)
        holder[:] = [row[name], kind, kind]
        if not isinstance(kind, np.timedelta64):
            refused(spec, name, {**row, name: pd.Series(holder)}, "2 of 3 values are not, first at position 1")
            refused(spec, name, {**row, name: list(holder)}, "must be numbers")
    for column in (np.array([True, False]), pd.Series(["1", "2"]), np.array([1j, 2]), pd.to_datetime(["2026-01-01"])):
        refused(spec, name, {**row, name: column}, "must be numbers")
    refused(spec, name, {**row, name: pd.DataFrame({"a": [1]})}, "must be a number")
    refused(spec, name, {**row, name: [[1, 2], [3]]}, "must be (a list of )?numbers")


@pytest.mark.parametrize(
    ("value", "found", "hint"),
    [
        *[(text, f"the text {text!r}", f"without quotes: {text.strip()}") for text in ("12", "1.5", " 7 ", "-3")],
        *[(text, f"the text {text!r}", "pd.to_numeric(column, errors='coerce')") for text in ("n/a", "x9")],
        *[(text, f"the text {text!r}", "errors='coerce')") for text in ("12 days", " 3x", "1.2.3", "1,000")],
        ("5%", "the text '5%'", ".str.rstrip('%')"),
        *[(text, f"the text {text!r}", "replace blanks by None") for text in ("", "  ")],
        *[(flag, "the bool True", "with flags.sum()") for flag in (True, np.True_)],
        *[(many, f"a {type(many).__name__}", "make a list") for many in ({}, {1}, frozenset([1]), iter([1]))],
        (pd.DataFrame({"a": [1]}), "a DataFrame", "use the accessor: df.csm"),
        ("x" * 50, f"the text {'x' * 40!r}", "pd.to_numeric(column, errors='coerce')"),
        (1j, "a complex", ""),
        (b"5", "a bytes", ""),
    ],
    ids=lambda v: repr(v).split(" at 0x")[0][:30],
)
def test_what_is_said_of_no_number(value: Any, found: str, hint: str) -> None:
    error = refused(REGISTRY["churn_rate"], "lost", {"lost": value, "start": 100}, "must be a number")
    assert error.found == f"got {found}"
    assert hint in error.hint
    assert bool(error.hint) == bool(hint)


def test_what_is_said_of_no_column_of_numbers() -> None:
    for column, found in (
        (pd.to_datetime(["2026-01-01"]), "got dates"),
        (np.array([5], dtype="m8[D]"), "got durations"),
    ):
        error = refused(REGISTRY["churn_rate"], "lost", {"lost": column, "start": 100}, "must be numbers")
        assert error.found == found
    found = "2 of 3 values are not, first at position 1 ('fortnight')"
    assert refused(REGISTRY["mrr"], "interval", {"amount": 89, "interval": ["year", "fortnight", "x"]}).found == found


def test_a_word_that_is_a_signalling_nan_is_missing() -> None:
    """A signalling NaN is a Decimal that raises even when it is compared."""
    table = np.array([["month", Decimal("sNaN")], [None, "year"]], dtype=object)
    np.testing.assert_array_equal(csm.mrr(24, table), [[24, nan], [nan, 2]])


def test_arrays_of_others_that_cannot_be_read() -> None:
    class Broken:
        def __array__(self, *_: Any, **__: Any) -> Any:
            raise KeyError("shape")

    error = refused(REGISTRY["churn_rate"], "lost", {"lost": Broken(), "start": 100}, "must be numbers")
    assert error.found == "got a Broken that cannot be read as an array"


def test_lists_of_different_lengths() -> None:
    halves = [np.ones((2, n)) for n in (2, 3)]
    error = refused(REGISTRY["churn_rate"], "lost", {"lost": halves, "start": 100}, "must be a list of numbers")
    assert error.found == "got lists of different lengths"


@each_input
def test_infinite(spec: Any, name: str) -> None:
    row = valid(spec)
    for infinite in (inf, -inf, np.float32("inf"), Decimal("Infinity"), Decimal("-Infinity"), 10**400, -(10**400)):
        refused(spec, name, {**row, name: infinite}, "must be finite|must be between|must be >=|must be <=")
        refused(spec, name, {**row, name: [row[name], infinite]}, "1 of 2 values break it, first at position 1")
    assert "must be finite" in str(refused(spec, name, {**row, name: pd.Series([inf])}))


@each_input
def test_outside_the_limits(spec: Any, name: str) -> None:
    row, said = valid(spec), LAWS[spec.name].inputs[name]
    wrong = []
    if said.low == 0:
        wrong += [-1, -0.5, np.int8(-7), Decimal("-0.01"), -1e-200]
    if said.high == 100:
        wrong += [101, 100.5, np.float32(1e6), Decimal("100.01"), 100.00000001]
    for value in wrong:
        error = refused(spec, name, {**row, name: value}, "got ")
        assert ("0 and 100" in error.rule) == (said.low == 0 and said.high == 100)
        assert f"got {float(value):.15g}" in error.found
        good = row[name]
        found = "2 of 4 values break it, first at position 1"
        refused(spec, name, {**row, name: [good, value, nan, value]}, found)
        index = pd.Index(list("abcd"))
        refused(spec, name, {**row, name: pd.Series([good, value, nan, value], index=index, dtype=object)}, found)
        refused(spec, name, {**row, name: np.array([[value]], dtype=float)}, "got ")
    if not wrong:
        assert said.low == -inf
        assert said.high == inf
        lower = {"low": -101} if name == "high" else {}
        assert isinstance(spec.function(**{**row, **lower, name: -row[name]}), float)


@each_input
def test_the_limits_themselves_are_possible(spec: Any, name: str) -> None:
    row, law = valid(spec), LAWS[spec.name]
    for limit in (law.inputs[name].low, law.inputs[name].high):
        changed = {**row, name: limit}
        fits = all(sum(changed[n] for n in a) <= sum(changed[n] for n in b) for a, b in law.at_most())
        if abs(limit) < inf and fits:
            expected = law.value(**changed)
            for got in (spec.function(**changed), spec.function(**{n: [v] for n, v in changed.items()})[0]):
                assert (
                    got == expected
                    if isinstance(got, str)
                    else same(got, nan if expected is None else pytest.approx(float(expected), rel=1e-12))
                )


def test_words() -> None:
    for wrong in ("months", "per year", "", "fortnight", 1, 2.5, True, b"month", object()):
        with pytest.raises(
            csm.MetricInputError, match="must be one of 'day', 'week', 'month', 'quarter', 'year'"
        ) as error:
            csm.mrr(89, wrong)
        assert (error.value.metric, error.value.argument) == ("mrr", "interval")
        holder = np.empty(3, dtype=object)
        holder[:] = ["year", wrong, wrong]
        with pytest.raises(csm.MetricInputError, match="2 of 3 values are not, first at position 1"):
            csm.mrr(89, holder)
    assert csm.mrr([12, 12], ["year", "month"]).tolist() == [1, 12]
    assert csm.mrr(12, pd.Series(["year", "month"], dtype="category")).tolist() == [1, 12]
    assert csm.mrr(12, pd.Series(["year", "month", None], dtype="string")).tolist()[:2] == [1, 12]


SAME_WORDS = {
    "day": ["daily"],
    "week": ["weekly"],
    "month": ["monthly"],
    "quarter": ["quarterly"],
    "year": ["yearly", "annual", "annually"],
}


@pytest.mark.parametrize("word", SAME_WORDS)
def test_words_that_mean_the_same(word: str) -> None:
    """In upper and lower case; a number, a list and a Series take the same ones."""
    expected = csm.mrr(1200, word)
    said = [case for same in (word, *SAME_WORDS[word]) for case in (same, same.upper(), same.title())]
    assert [csm.mrr(1200, one) for one in said] == [expected] * len(said)
    assert csm.mrr(1200, said).tolist() == [expected] * len(said)
    column = pd.Series([*said, None])
    for dtype in (object, "string", "category"):
        assert csm.mrr(1200, column.astype(dtype)).tolist()[:-1] == [expected] * len(said)
        assert isnan(csm.mrr(1200, column.astype(dtype)).iloc[-1])
    assert column.tolist()[:-1] == said
    spec = csm.catalog["mrr"]
    assert [spec.compute({"amount": 1200, "interval": one}).value for one in said] == [expected] * len(said)
    assert {spec.Inputs(amount=1, interval=one).interval for one in said} == {word}
    taken, missing = spec.Inputs.model_json_schema()["properties"]["interval"]["anyOf"]
    assert {word, *SAME_WORDS[word]} <= set(taken["enum"])
    assert missing == {"type": "null"}
    frame = pd.DataFrame({"amount": [1200]})
    assert [frame.csm.mrr(interval=one).item() for one in said] == [expected] * len(said)
    (four_weeks,) = REGISTRY["mrr"].rivals.values()
    assert {four_weeks(10, one, 1) for one in said} == {four_weeks(10, word, 1)}


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("months", "month"),
        ("Monhtly", "month"),
        ("biweekly", "week"),
        ("anual", "year"),
        ("yaer", "year"),
        ("dayly", "day"),
    ],
)
def test_the_nearest_word(wrong: str, nearest: str) -> None:
    for interval in (wrong, ["year", wrong], pd.Series(["year", wrong])):
        error = refused(REGISTRY["mrr"], "interval", {"amount": 9, "interval": interval})
        assert error.hint == f"did you mean {nearest!r}?"
    with pytest.raises(csm.MetricInputError) as service:
        csm.catalog["mrr"].compute({"amount": 9, "interval": wrong})
    assert service.value.hint == f"did you mean {nearest!r}?"
    for far in ("", "fortnight", 12, "x" * 10_000):
        assert refused(REGISTRY["mrr"], "interval", {"amount": 9, "interval": far}).hint == ""


@each_rule
def test_rules(spec: Any, parts: list[str], wholes: list[str]) -> None:
    """A part larger than its whole is refused even if all other rules hold."""
    row = valid(spec)
    for name in parts:
        broken = dict(row)
        broken[name] = row[name] + sum(row[n] for n in wholes) - sum(row[n] for n in parts) + 1
        if spec.name == "health_band":
            broken = {**row, "red": 63, "yellow": 61}
        argument = " + ".join(parts)
        pair = f"{sum(broken[n] for n in parts)} > {sum(broken[n] for n in wholes)}"
        rule = f"must be <= `{' + '.join(wholes)}`"
        for kind in (int, float, Decimal, np.uint16):
            given = {**broken, **{n: kind(v) for n, v in numbers(broken).items()}}
            assert refused(spec, argument, given).rule == rule
        assert pair in refused(spec, argument, {n: [v] for n, v in broken.items()}).found
        columns = {n: [row[n], broken[n], row[n], broken[n]] for n in row}
        found = refused(spec, argument, columns).found
        assert found.startswith(f"2 of 4 values break it, first at position 1 ({sum(broken[n] for n in parts)}")
        assert str(sum(broken[n] for n in wholes)) in found.partition("position 1")[2]
        refused(spec, argument, {n: pd.Series(v, index=list("abcd")) for n, v in columns.items()}, "2 of 4 values")
        refused(spec, argument, {**broken, name: pd.Series([row[name], broken[name]])}, "1 of 2 values")


@each_rule
def test_a_part_may_be_all_of_its_whole(spec: Any, parts: list[str], wholes: list[str]) -> None:
    row, law = valid(spec), LAWS[spec.name]
    row[wholes[0]] += sum(row[n] for n in parts) - sum(row[n] for n in wholes)
    expected = law.value(**row)
    for got in (spec.function(**row), spec.function(**{n: [v] for n, v in row.items()})[0]):
        assert got == expected if isinstance(got, str) else same(got, nan if expected is None else float(expected))


@each_rule
def test_rounding_breaks_no_rule(spec: Any, parts: list[str], wholes: list[str]) -> None:
    """A float sum of parts may exceed its whole by rounding: 0.1 + 0.2 > 0.3."""
    if len(parts) == 1:
        row = {n: v * (1 + 1e-8) if n in parts else v for n, v in {**valid(spec), parts[0]: 50, wholes[0]: 50}.items()}
        if len(wholes) == 1:
            assert f"{parts[0]}" in refused(spec, parts[0], row).argument
        return
    zero = dict.fromkeys([n for n in valid(spec) if n not in wholes], 0)
    row = {**valid(spec), **zero, **dict.fromkeys(wholes, 0), parts[0]: 0.1, parts[1]: 0.2, wholes[0]: 0.3}
    law = LAWS[spec.name]
    expected = law.value(**{**row, parts[0]: Fraction(1, 10), parts[1]: Fraction(2, 10), wholes[0]: Fraction(3, 10)})
    for got in (spec.function(**row), spec.function(**{n: [v] for n, v in row.items()})[0]):
        assert same(got, nan) if expected is None else got == pytest.approx(float(expected), abs=1e-12)
        low, high = spec.bounds
        assert expected is None or (-inf if low is None else low) <= got <= (inf if high is None else high)


def test_the_room_for_rounding_is_relative() -> None:
    refused(REGISTRY["churn_rate"], "lost", {"lost": 2e-12, "start": 1e-12})
    assert csm.churn_rate(3e15, 3e15 * (1 - 1e-13)) == 100.0
    refused(REGISTRY["churn_rate"], "lost", {"lost": 3e15, "start": 3e15 * (1 - 1e-8)})


# Results within their bounds


def possible(spec: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Draw rows of any size that break no rule: parts are shares of their whole."""
    law = LAWS[spec.name]
    size = st.one_of(st.integers(0, 10**6), st.floats(1e-6, 1e9), st.floats(1e-6, 1), st.just(0))
    by_name: dict[str, st.SearchStrategy[Any]] = {
        n: st.floats(1e-6, 100) | st.just(0) if said.high == 100 else size for n, said in law.inputs.items()
    }
    by_name |= {n: st.sampled_from(spec.inputs[n].quantity.choices) for n in law.inputs if n == "interval"}
    by_name |= {n: st.floats(0, 36) for n in ("periods",) if n in law.inputs}

    def obey(row: dict[str, Any]) -> dict[str, Any]:
        for parts, wholes in law.at_most():
            excess = sum(row[n] for n in parts) - sum(row[n] for n in wholes)
            if excess > 0:
                row[wholes[0]] += excess
        return row

    return st.fixed_dictionaries(by_name).map(obey)


@pytest.mark.sampled(3)
@numeric
@drawn(25)
@given(data=st.data())
def test_results_are_within_their_bounds(spec: Any, data: st.DataObject) -> None:
    row = data.draw(possible(spec))
    one, column = spec.function(**row), spec.function(**{n: [v] for n, v in row.items()})
    assert one == pytest.approx(column[0], rel=1e-13, nan_ok=True)
    low, high = LAWS[spec.name].bounds
    for got in (one, column[0]):
        assert isnan(got) or (-inf if low is None else low) <= got <= (inf if high is None else high)


# Ordinary numbers take a fast path, everything else a careful one: both must agree

EDGES = (
    0,
    5e-324,
    1e-200,
    1e-150,
    1e-12,
    0.1,
    0.2,
    0.3,
    0.1 + 0.2,
    1 / 3,
    1,
    7,
    99.99999999999999,
    100,
    100.00000000000001,
    2.0**53,
    1e149,
    1e150,
    1e151,
    1e200,
    1.7e308,
)


def outcome(call: Any, **inputs: Any) -> Any:
    """Return the value, or the parts of the error."""
    try:
        got = call(**inputs)
    except csm.CsmetricsError as error:
        return type(error), error.argument, error.rule
    return got.tolist()[0] if isinstance(got, np.ndarray) else got


def alike(one: Any, other: Any, slack: float) -> bool:
    """Check whether two outcomes are the same apart from rounding."""
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=4e-16, abs=slack, nan_ok=True)
    return bool(one == other)


@pytest.mark.sampled(3)
@banded
def test_the_short_way_is_the_careful_way(spec: Any) -> None:
    names = [n for n in spec.inputs if n != "interval"]
    signed = (*EDGES, -0.1, -100, -1e200, 0.0, -0.0)
    edges = [signed if LAWS[spec.name].inputs[n].low < 0 else (*EDGES, 0.0, -0.0, -1e-200) for n in names]
    combinations = list(product(*edges)) if len(names) < 3 else []
    dice = random.Random(spec.name)
    while len(combinations) < 400 and len(names) > 1:
        # often equal values, so that parts equal their wholes
        few = dice.sample(range(len(EDGES)), 3)
        combinations.append(tuple(of[dice.choice(few)] if dice.random() < 0.8 else dice.choice(of) for of in edges))
    word = [{"interval": w} for w in ("day", "year")] if "interval" in spec.inputs else [{}]
    for values in combinations:
        row = {**dict(zip(names, values, strict=True)), **word[hash(values) % len(word)]}
        short = outcome(spec.function, **row)
        careful = outcome(spec.function, **{n: [v] for n, v in row.items()})
        rounding = 3e-14 if spec.name.startswith("compound") else 0  # two libraries compute the powers
        assert alike(short, careful, rounding), row


RARE: dict[str, Any] = {"compound_retention_rate": lambda row: row["retention_rate"] > 100}


def ordinary(spec: Any) -> list[dict[str, Any]]:
    """Yield rows of plain numbers that have a value: those worked by hand, and some with inputs such as 0 or 100."""
    law = LAWS[spec.name]
    rows = [valid(spec), *(given for given, _ in law.rows)]
    edges = (0, 1, 1e-9, 49.0, 99.5, 100)
    rows += [{**valid(spec), name: edge} for name in numbers(valid(spec)) for edge in edges]
    for parts, wholes in law.at_most():  # a part equal to its whole, or only just below it
        whole = sum(valid(spec)[n] for n in parts) - sum(valid(spec)[n] for n in wholes[1:])
        rows += [{**valid(spec), wholes[0]: whole}, {**valid(spec), wholes[0]: whole + 1e-9}]

    rare = RARE.get(spec.name, lambda row: False)

    def fits(row: dict[str, Any]) -> bool:
        inputs = {n: v for n, v in row.items() if n in law.inputs}
        within = all(max(law.inputs[n].low, 0) <= v <= law.inputs[n].high for n, v in numbers(inputs).items())
        full = {n: inputs.get(n, float(law.inputs[n].default or 0)) for n in law.inputs if n != "interval"}
        obeyed = all(sum(full[n] for n in a) <= sum(full[n] for n in b) for a, b in law.at_most())
        return within and obeyed and not rare(row) and law.value(**row) is not None

    return [row for row in rows if fits(row)]


@banded
def test_ordinary_numbers_take_the_short_way(spec: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast path takes a fraction of a microsecond, the careful one ten."""

    def refuse(*_: Any) -> None:
        raise AssertionError("the careful way")

    rows = ordinary(spec)
    assert len(rows) > len(spec.inputs)
    expected = [spec.function(**row) for row in rows]
    monkeypatch.setattr(_evaluate, "_evaluate", refuse)
    monkeypatch.setattr(health, "aligned", refuse)
    for row, value in zip(rows, expected, strict=True):
        assert spec.function(**row) == value, row


@numeric
def test_ordinary_columns_are_not_gone_through_again(spec: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks and result take one pass if nothing is missing, undefined or rounded past its bounds."""
    rows = [row for row in ordinary(spec) if set(row) == set(valid(spec))]
    expected = [spec.function(**row) for row in rows]

    def refuse(*_: Any) -> None:
        raise AssertionError("gone through again")

    monkeypatch.setattr(_evaluate, "_careful", refuse)
    together = spec.function(**{n: [row[n] for row in rows] for n in rows[0]})
    assert together == pytest.approx(expected, rel=1e-14)
    for row, value in zip(rows, expected, strict=True):
        assert spec.function(**{n: [v] for n, v in row.items()})[0] == pytest.approx(value, rel=1e-14), row


def test_columns_of_words_are_not_gone_through_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(_evaluate, "_careful")
    assert csm.mrr([12, 24], ["year", "month"]).tolist() == [1, 24]


@banded
def test_the_short_way_of_integers(spec: Any) -> None:
    """Python integers are exact at any size; floats mean exactly the number they hold."""
    names = [n for n in spec.inputs if n != "interval"]
    dice = random.Random(spec.name)
    for _ in range(60):
        row = {n: dice.choice([0, 1, 3, 100, 10**15, 2**53 + 1, 2**64 - 1, 10**30]) for n in names}
        short = outcome(spec.function, **row)
        careful = outcome(spec.function, **{n: [float(v)] for n, v in row.items()})
        size = sum(row.values()) if spec.unit in ("money", "count") else 100
        assert alike(short, careful, 1e-15 * size), row


@each_input
def test_huge_integers_are_refused(spec: Any, name: str) -> None:
    row = valid(spec)
    for huge in (10**400, 10**309):
        for value in (huge, [huge], [row[name], huge], np.array([huge], dtype=object), Decimal(huge)):
            refused(spec, name, {**row, name: value})


@pytest.mark.sampled(3)
@numeric
def test_results_past_all_floats_are_refused(spec: Any) -> None:
    """For possible inputs the result is a finite number, NaN or an error; never infinite and never a warning."""
    names = [n for n in spec.inputs if n != "interval"]
    for values in product((0, 1e-300, 1e-9, 3, 1e160, 1.5e308), repeat=min(len(names), 3)):
        row = {**valid(spec), **dict(zip(names, values, strict=False))}
        for inputs in (row, {n: [v] for n, v in row.items()}):
            got = outcome(spec.function, **inputs)
            assert (type(got) is tuple and got[0] is csm.MetricInputError) or (
                (type(got) is float and abs(got) < inf) or isnan(got)
            )


# Scale and direction


def has_levels(spec: Any) -> bool:
    return any(given.kind == "level" for given in LAWS[spec.name].inputs.values())


@pytest.mark.parametrize(
    "spec",
    [s for s in NUMERIC if LAWS[s.name].unit in ("percent", "points", "ratio") and not has_levels(s)],
    ids=lambda s: s.name,
)
def test_parts_and_wholes_times_seven(spec: Any) -> None:
    for row, _ in LAWS[spec.name].rows:
        larger = {n: 7 * v for n, v in row.items()}
        assert spec.function(**larger) == pytest.approx(spec.function(**row), rel=1e-14)


MONEY = [s for s in NUMERIC if any(given.quantity.name == "money" for given in s.inputs.values())]


@pytest.mark.parametrize("spec", MONEY, ids=lambda spec: spec.name)
def test_money_in_another_currency(spec: Any) -> None:
    """Rates and ratios stay the same, money scales with the currency."""
    row = valid(spec)
    times = 3 if LAWS[spec.name].unit == "money" else 1
    other = {n: 3 * v if spec.inputs[n].quantity.name == "money" else v for n, v in row.items()}
    assert spec.function(**other) == pytest.approx(times * spec.function(**row), rel=1e-14)


def test_which_metrics_take_money() -> None:
    named = {n for s in REGISTRY.values() for n, g in s.inputs.items() if g.quantity.name == "money"}
    assert named == {
        *(
            "amount",
            "mrr",
            "new_mrr",
            "expansion_mrr",
            "contraction_mrr",
            "churned_mrr",
            "reactivation_mrr",
            "start_mrr",
        ),
        *("end_mrr", "arpa", "order_value", "margin", "acquisition_cost", "retention_cost", "revenue", "clv", "cac"),
        *("crc", "support_cost"),
    }


@numeric
def test_direction(spec: Any) -> None:
    """One more unit of an input moves the result in the direction that the design says."""
    row, law = valid(spec), LAWS[spec.name]
    before = spec.function(**row)
    for name, sign in zip(law.inputs, law.signs, strict=True):
        if sign == ".":
            continue
        more = {**row, name: row[name] + 1}
        after = spec.function(**more)
        assert (after > before) if sign == "+" else (after < before), name
        assert (spec.function(**{n: [v] for n, v in more.items()})[0] > before) == (sign == "+"), name


@pytest.mark.parametrize("size", [0.1, 0.7, 1 / 3, 49, 123456789.123, 0.69, 0.17, 3.5327416255423216])
def test_all_of_one_kind_are_a_hundred(size: float) -> None:
    """A score of answers of one kind is 100, not 100.00000000000001 as 100 * 0.69 / 0.69 is, and never below -100."""
    for score in (csm.nps, csm.net_sentiment):
        for one, many in ((0.0, [0.0]), (size, [size])):
            assert score(size, 0, 0) == score([size], 0, [0])[0] == 100
            for lowest in (score(0, 0, size), score([0], 0, [size])[0]):
                assert -100 <= lowest < -99.9999999999999
            assert score(size, one, size) == score([size], many, size)[0] == 0
    assert csm.self_service_rate(size, 0) == csm.self_service_rate([size], 0)[0] == 100


@pytest.mark.parametrize("size", [0.1, 49, 0.69, 6.958328667684435, 3.5327416255423216])
def test_all_lost_is_a_hundred(size: float) -> None:
    """Losing everything is 100, and rounding never makes it more."""
    for growth in (csm.customer_growth_rate, csm.mrr_growth_rate):
        for got in (growth(size, 0), growth([size], 0)[0]):
            assert -100 <= got < -99.9999999999999
    for losses in ((0, size), (size, 0)):
        for got in (csm.net_revenue_churn_rate(size, 0, *losses), csm.net_revenue_churn_rate([size], 0, *losses)[0]):
            assert 99.9999999999999 < got <= 100


def test_percents_of_totals() -> None:
    got = _numeric.percents(np.array([3.0, 5, 0, 2, nan, 1]), np.array([4.0, 2, 8, 0, 3, 0.5]))
    np.testing.assert_array_equal(got, [75, 250, 0, nan, nan, 200])
    np.testing.assert_array_equal(_numeric.percents(np.array([1.0, 1]), np.array([-1.0, nan])), [nan, nan])
    assert _numeric.percents(np.array([1.0]), np.array([8.0])) == 12.5


@pytest.mark.parametrize(
    ("value", "kept"), [(-9, -3.0), (-3, -3), (0.5, 0.5), (7, 7), (9, 7.0), (nan, nan), (inf, 7.0)]
)
def test_kept_between_two_bounds(value: float, kept: float) -> None:
    got = _numeric.clamp(value, -3, 7)
    assert same(got, kept)
    assert type(got) is type(kept)
    missing = not np.isfinite(value)  # in an array they stay, for `evaluate` to find
    np.testing.assert_array_equal(_numeric.clamp(np.array([value]), -3, 7), [value if missing else kept])


def test_a_rival_is_computed_from_what_is_there() -> None:
    def quotient(a: float, b: float) -> float:
        return a / b

    assert _numeric.rival(quotient, {"a": 3, "b": 4}) == 0.75
    assert _numeric.rival(quotient, {"b": 4, "c": 5, "a": 3}) == 0.75
    assert _numeric.rival(quotient, {"a": 3, "c": 5}) is None
    for row in (
        {"a": 3, "b": 0},
        {"a": None, "b": 4},
        {"a": nan, "b": 4},
        {"a": inf, "b": 4},
        {"a": 1e300, "b": 1e-300},
    ):
        assert isnan(_numeric.rival(quotient, row) or 0)


SHARES = [s for s in NUMERIC if LAWS[s.name].bounds == (0, 100) and LAWS[s.name].signs == "+-" and LAWS[s.name].rules]


@pytest.mark.parametrize("spec", SHARES, ids=lambda spec: spec.name)
def test_shares(spec: Any) -> None:
    """The whole is 100, nothing is 0, and the share grows with its part."""
    part, whole = spec.inputs
    values = [spec.function(**{part: k, whole: 49}) for k in range(50)]
    assert values == sorted(set(values))
    assert (values[0], values[-1]) == (0.0, 100.0)
    assert spec.function(**{part: list(range(50)), whole: 49}).tolist() == values
    assert spec.function(**{part: list(range(50)), whole: [49] * 50}).tolist() == values
    for k in (1, 3, 7, 49, 0.1, 0.7, 1e-9, 1e140, 1e-200, 1e200, 123456789.123, 0.69, 0.17, 3.5327416255423216):
        assert spec.function(**{part: k, whole: k}) == 100.0
        assert spec.function(**{part: [k], whole: [k]}).tolist() == [100.0]
        assert spec.function(**{part: [0, k], whole: [k, k]}).tolist() == [0, 100]


# Options


@pytest.mark.parametrize("wrong", ["High", "", None, 1, True])
def test_normalize_score_better(wrong: Any) -> None:
    for value in (37, [37]):
        with pytest.raises(csm.MetricInputError, match="must be one of 'high', 'low'") as error:
            csm.normalize_score(value, 11, 97, better=wrong)
        assert (error.value.metric, error.value.argument) == ("normalize_score", "better")


@pytest.mark.parametrize("wrong", ["Now", "", None, 1, True, ["now"], np.array(["now", "next"])])
def test_discounted_clv_first_payment(wrong: Any) -> None:
    with pytest.raises(csm.MetricInputError, match="'now', 'next', 'certain_next'") as error:
        csm.discounted_clv(89, 79, 7, first_payment=wrong)
    assert (error.value.metric, error.value.argument) == ("discounted_clv", "first_payment")


@pytest.mark.parametrize("wrong", [-1, 2.5, 2.0, True, "3", nan, inf, [3], 10**400])
def test_discounted_clv_horizon(wrong: Any) -> None:
    with pytest.raises(csm.MetricInputError, match="whole number of payments") as error:
        csm.discounted_clv(89, 79, 7, horizon=wrong)
    assert (error.value.metric, error.value.argument) == ("discounted_clv", "horizon")


def test_discounted_clv_of_a_far_horizon_is_that_of_none() -> None:
    for first in ("now", "next", "certain_next"):
        whole = csm.discounted_clv(89, 79, 7, first_payment=first)
        assert csm.discounted_clv(89, 79, 7, first_payment=first, horizon=np.int64(10**6)) == pytest.approx(
            whole, rel=1e-14
        )
        assert csm.discounted_clv([89], 79, 7, first_payment=first, horizon=10**30)[0] == pytest.approx(
            whole, rel=1e-14
        )
        part = csm.discounted_clv([89, 89], [79, 100], [7, 0], first_payment=first, horizon=5)
        assert part.tolist() == [csm.discounted_clv(89, 79, 7, first_payment=first, horizon=5), 445]


# Dates


@pytest.mark.parametrize("spec", DATED, ids=lambda spec: spec.name)
def test_dates(spec: Any) -> None:
    start, end = valid(spec).values()
    first, second = spec.inputs
    kinds: list[Any] = [lambda d: d, pd.Timestamp, np.datetime64, lambda d: pd.Timestamp(d).tz_localize("UTC")]
    for kind in kinds:
        got = spec.function(kind(start), kind(end))
        assert type(got) is float
        assert got == 3.25
    assert spec.function(start.date(), end.date()) == 3.0
    for missing in (None, nan, pd.NaT, pd.NA, np.datetime64("NaT")):
        assert isnan(spec.function(missing, end))
        assert isnan(spec.function(start, missing))
        assert spec.function([start, missing], [end, end]).tolist()[0] == 3.25
    refused(spec, first, {first: end, second: start}, "2026-03-02T18:00 > 2026-02-27T12:00|2026-03-02T18:00:00 > ")
    found = refused(spec, first, {first: [start, end, end], second: [end, start, start]}).found
    assert found.startswith("2 of 3 values break it, first at position 1")
    assert spec.function(start, start) == 0.0
    for wrong in ("2026-01-01", 5, 5.0, True, {}, 1j):
        refused(spec, first, {first: wrong, second: end}, "must be a date")
        refused(
            spec, second, {first: [start, start], second: [end, wrong]}, "1 of 2 values are not, first at position 1"
        )
    left, right = pd.Series([start, start], index=["b", "a"]), pd.Series([end, end], index=["a", "b"])
    refused(spec, second, {first: left, second: right}, "index of the other Series")
    refused(spec, f"{first}, {second}", {first: [start] * 2, second: [end] * 3}, "shapes that go together")
    refused(spec, f"{first}, {second}", {first: pd.Timestamp(start, tz="UTC"), second: end}, "time zone")
    got = spec.function(left, end)
    assert got.index.tolist() == ["b", "a"]
    assert got.tolist() == [3.25, 3.25]
    assert left.tolist() == [start, start]


def test_median_ttv_refuses_starts_after_the_end_of_the_data() -> None:
    row = {"started_at": [datetime(2026, 1, d) for d in (1, 7, 9)], "value_at": [None] * 3, "as_of": "2026-01-05"}
    found = refused(REGISTRY["median_ttv"], "started_at", row, "must be <= `as_of`").found
    assert found.startswith("2 of 3 values break it, first at position 1")


# Components with weights


@pytest.mark.parametrize("spec", WEIGHED, ids=lambda spec: spec.name)
def test_components(spec: Any) -> None:
    call, (value, weights) = spec.function, spec.inputs
    line, factors = valid(spec).values()
    expected = call(line, factors)
    assert type(expected) is float
    for kind in (float, np.int64, np.float32, Decimal, Fraction):
        assert call([kind(v) for v in line], [kind(w) for w in factors]) == expected
    for container in (tuple, np.array, lambda v: np.array(v, dtype=np.int8), lambda v: pd.Series(v, dtype="Int64")):
        assert call(container(line), container(factors)) == expected
    assert call([[line, line]], factors).tolist() == [[expected, expected]]
    by_name = call(
        {"a": pd.Series([line[0]] * 2, index=["x", "y"]), "b": line[1], "c": [line[2]] * 2},
        dict(zip("abc", factors, strict=True)),
    )
    assert by_name.to_dict() == {"x": expected, "y": expected}
    for wrong in (-1, inf, "5", True, 1j, {}):
        refused(spec, value, {value: [*line[:2], wrong], weights: factors})
        refused(spec, f"{value}['b']", {value: {"a": 1, "b": wrong}, weights: {"a": 1, "b": 1}})
    for wrong in (inf, nan, None, "5", True, 1j, 10**400):
        refused(spec, "weights[1]", {value: line, weights: [factors[0], wrong, factors[2]]})
        refused(spec, "weights['b']", {value: {"a": 1, "b": 2}, weights: {"a": 1, "b": wrong}})
    for fewer in ([1, 2], [1, 2, 3, 4]):
        refused(spec, "weights", {value: line, weights: fewer}, "as many as the components")
    refused(spec, "weights", {value: {"a": 1, "b": 2}, weights: {"a": 1}}, "no weight for 'b'")
    refused(spec, "weights", {value: {"a": 1}, weights: [1]}, "must be a mapping")
    refused(spec, value, {value: 5, weights: [1]}, "one value per component")
    refused(spec, value, {value: [], weights: []}, "one value per component")
    left, right = pd.Series([1, 2], index=["x", "y"]), pd.Series([1, 2], index=["y", "x"])
    refused(
        spec, f"{value}['b']", {value: {"a": left, "b": right}, weights: {"a": 1, "b": 1}}, "index of the other Series"
    )
    frame = pd.DataFrame([line, line], columns=list("abc"))
    before = frame.copy()
    assert call(frame, factors).tolist() == [expected] * 2
    pd.testing.assert_frame_equal(frame, before)


def test_health_score_alone() -> None:
    for wrong in ([101], [100.5]):
        refused(REGISTRY["health_score"], "scores", {"scores": wrong, "weights": [1]}, "between 0 and 100")
    refused(REGISTRY["health_score"], "weights[0]", {"scores": [5], "weights": [-1]}, "must be >= 0")
    nothing: list[tuple[Any, Any]] = [([5], [0]), ([None], [3]), ([None, 5], [3, 0]), ({}, {"a": 1})]
    for scores, weights in nothing[:3]:
        assert isnan(csm.health_score(scores, weights))
        assert csm.health_score(scores, weights, undefined=-1.0) == -1.0
        with pytest.raises(csm.UndefinedMetricError) as error:
            csm.health_score(scores, weights, undefined="raise")
        assert (error.value.metric, error.value.argument) == ("health_score", "weights")
    with pytest.raises(csm.UndefinedMetricError, match="2 of 3 values break it, first at position 1"):
        csm.health_score([[5, 5], [nan, 7], [None, 7]], [3, 0], undefined="raise")
    assert csm.health_score([[5, 9], [nan, 7]], [3, 0], undefined=0).tolist() == [5, 0]
    assert csm.health_score({"a": 40}, {"a": 1, "b": 3}) == 40  # a missing component is a missing score
    assert csm.health_score([100, 100, 100], [0.1, 0.2, 0.7]) <= 100
    for scores in ([0.1 + 0.2] * 3, [100, 99.99999999999999, 100]):
        assert 0 <= csm.health_score(scores, [0.1, 0.2, 0.3]) <= 100


def test_engagement_score_alone() -> None:
    assert csm.engagement_score([3, 5], [-7, 2]) == -11
    assert isnan(csm.engagement_score([3, None], [1, 0]))
    assert csm.engagement_score([0, 0], [5, 7], undefined="raise") == 0
    refused(
        REGISTRY["engagement_score"], "counts", {"counts": {"a": 1}, "weights": {"a": 1, "b": 3}}, "no component 'b'"
    )
    with pytest.raises(csm.MetricInputError):
        csm.engagement_score([1e200, 1e200], [1e120, 1e120])


def test_health_band_is_a_word_of_its_kind() -> None:
    index = pd.Index(["b", "a", "c", "d"])
    got = csm.health_band(pd.Series([50, 50.01, 75.01, nan], index=index))
    assert got.index.equals(index)
    assert got.tolist() == ["red", "yellow", "green", None]
    assert csm.health_band(75, red=[50, 75, 20], yellow=[75, 75, 40]).tolist() == ["yellow", "red", "green"]
