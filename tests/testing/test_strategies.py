"""For every metric, inputs of the strategies are accepted, and impossible ones are refused."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics.core._registry import REGISTRY
from csmetrics.testing.strategies import cohort_frames, impossible, inputs

from ..drawn import drawn

few = drawn(5)
valid, wrong, frames = map(cache, (inputs, impossible, cohort_frames))  # what is drawn from again is made once
metrics = pytest.mark.parametrize("spec", REGISTRY.values(), ids=lambda spec: spec.name)


def figures(spec: Any, row: dict[str, Any]) -> list[Any]:
    """Compute, check that the result is within its bounds, and return it, or None where there is no value."""
    got = np.asarray(spec.function(**row), dtype=object).reshape(-1).tolist()
    low, high = spec.bounds
    for value in got:
        if isinstance(value, float) and value == value:
            assert low is None or value >= low
            assert high is None or value <= high
    return [None if isinstance(value, float) and value != value else value for value in got]


@pytest.mark.sampled(3)
@metrics
@few
@given(data=st.data())
def test_valid_inputs_are_accepted(spec: Any, data: st.DataObject) -> None:
    assert None not in figures(spec, data.draw(valid(spec.function)))
    assert None not in figures(spec, data.draw(valid(spec.name, columns=True)))
    for columns in (False, True):
        figures(spec, data.draw(valid(spec.name, missing=True, undefined=True, columns=columns)))


@pytest.mark.parametrize("spec", [s for s in REGISTRY.values() if not s.reduces], ids=lambda spec: spec.name)
@few
@given(data=st.data())
def test_columns_are_rows(spec: Any, data: st.DataObject) -> None:
    columns = data.draw(valid(spec.name, missing=True, undefined=True, columns=True))
    first, last = next(iter(spec.inputs)), list(spec.inputs)[-1]
    for at, together in enumerate(figures(spec, columns)):
        weights = {last: columns[last]} if spec.over_columns else {}
        row = {
            n: columns[n][at].tolist() if columns[n].dtype.kind == "f" else columns[n][at]
            for n in spec.inputs
            if n not in weights
        }
        (alone,) = figures(spec, row | weights)
        assert len(columns[first]) >= at
        assert together == (pytest.approx(alone, rel=1e-12, abs=1e-12) if isinstance(alone, float) else alone)


@metrics
@few
@given(data=st.data())
def test_impossible_inputs_are_refused(spec: Any, data: st.DataObject) -> None:
    with pytest.raises(csm.MetricInputError):
        spec.function(**data.draw(wrong(spec.function)))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("spec", [s for s in REGISTRY.values() if s.base], ids=lambda spec: spec.name)
def test_undefined_is_reached(spec: Any) -> None:
    for columns in (False, True):
        find(
            inputs(spec.name, undefined=True, columns=columns),
            lambda row: None in figures(spec, row),
            settings=settings(few, max_examples=200, phases=[Phase.generate]),  # it is enough to find one
        )


@pytest.mark.sampled(3)
@metrics
@few
@given(data=st.data())
def test_frames_have_the_inputs_as_columns(spec: Any, data: st.DataObject) -> None:
    frame = data.draw(frames(spec.name))
    assert isinstance(frame, pd.DataFrame)
    assert "plan" in frame
    if not (spec.reduces or spec.over_columns):
        assert list(frame) == [*spec.inputs, "plan"]
        expected = spec.function(**{n: frame[n] for n in spec.inputs})
        pd.testing.assert_series_equal(frame.csm.compute(spec.name), expected, check_names=False)


def test_they_are_there_when_asked_for() -> None:
    assert csm.testing.strategies.inputs is inputs
    with pytest.raises(AttributeError, match="no attribute 'strategy'"):
        csm.testing.strategy  # type: ignore[attr-defined]  # noqa: B018


def test_no_such_metric() -> None:
    for strategy in (inputs, impossible, cohort_frames):
        with pytest.raises(csm.MetricInputError, match=f"{strategy.__name__}: `metric`"):
            strategy("chrun_rate")


def test_without_hypothesis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, "csmetrics.testing.strategies")
    with pytest.raises(ImportError, match="pip install hypothesis"):
        import_module("csmetrics.testing.strategies")
