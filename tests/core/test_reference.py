"""Every metric compared with its restatement in fractions, on rows worked by hand and on drawn rows."""

from __future__ import annotations

import inspect
import json
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import inf, isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics.core._registry import REGISTRY

from ..drawn import drawn
from .reference import LAWS, MONTHS, Law

DEFINITIONS = Path(__file__).parents[1] / "definitions.json"
ROWS = [pytest.param(law, *row, id=f"{law.name}-{i}") for law in LAWS.values() for i, row in enumerate(law.rows)]
NUMERIC = [law for law in LAWS.values() if law.signs]
DATES = [LAWS["ttv"], LAWS["onboarding_time"]]
COMPONENTS = [LAWS["engagement_score"], LAWS["health_score"]]

each_numeric = pytest.mark.parametrize("law", NUMERIC, ids=lambda law: law.name)
each = pytest.mark.parametrize("law", LAWS.values(), ids=lambda law: law.name)


def function(law: Law) -> Any:
    return REGISTRY[law.name].function


def assert_close(got: Any, expected: Fraction | str | None, slack: float = 0.0) -> None:
    if expected is None:
        assert isnan(got)
    elif isinstance(expected, str):
        assert got == expected
    else:
        assert type(got) is float
        assert got == pytest.approx(float(expected), rel=1e-12, abs=slack)


# What the design says about each metric


def test_every_metric_is_restated() -> None:
    """From the moment on at which its definition is noted."""
    noted = set(json.loads(DEFINITIONS.read_text("utf-8")))
    assert len(noted) >= 80
    assert noted - set(LAWS) == set(), "to be restated in tests/core/reference.py"
    assert set(LAWS) <= set(csm.catalog) == set(REGISTRY)


@each
def test_signature(law: Law) -> None:
    parameters = inspect.signature(function(law)).parameters
    inputs = {n: p for n, p in parameters.items() if n in REGISTRY[law.name].inputs}
    assert list(inputs) == list(law.inputs) == list(csm.catalog[law.name].inputs)
    for name, said in law.inputs.items():
        given = inputs[name]
        assert said.default == (None if given.default is given.empty else str(given.default)), name
        assert said.keyword_only == (given.kind is given.KEYWORD_ONLY), name
    options = [p for n, p in parameters.items() if n not in inputs and n != "as_of"]
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in options)
    assert ("undefined" in parameters) == (law.name not in ("ttv", "onboarding_time", "health_band"))


@each
def test_declaration(law: Law) -> None:
    spec = csm.catalog[law.name]
    assert (spec.unit, spec.direction, spec.bounds) == (law.unit, law.better, law.bounds)
    assert {rule.replace("`", "") for rule in spec.rules} == set(law.rules)
    for name, said in law.inputs.items():
        declared = spec.inputs[name]
        assert (declared.kind, declared.required) == (said.kind, said.default is None), name
        if name == "interval":
            assert set(declared.choices) == set(MONTHS)
        else:
            limits = tuple(None if abs(limit) == inf else limit for limit in (said.low, said.high))
            assert (declared.low, declared.high, declared.choices) == (*limits, ()), name
    assert REGISTRY[law.name].reduces == (law.name.endswith(("_scores", "_ratings")) or law.name == "median_ttv")


# Rows worked by hand


@pytest.mark.parametrize(("law", "inputs", "expected"), ROWS)
def test_worked_rows(law: Law, inputs: dict[str, Any], expected: Any) -> None:
    assert law.value(**inputs) == expected
    assert_close(function(law)(**inputs), expected)


@each
def test_rows_leave_no_term_out(law: Law) -> None:
    """The first row of a numeric metric has every input, all different and small enough for int8."""
    inputs, expected = law.rows[0]
    options = {"as_of", "horizon", "first_payment"}
    assert set(inputs) - options in ({*law.inputs}, {*law.inputs} - {"weights"})
    numbers = [v for v in inputs.values() if isinstance(v, (int, float))]
    if law.signs:
        assert len(set(numbers)) == len(numbers)
        assert max(numbers) <= 113
        assert len(law.signs) == len(law.inputs)
        assert expected not in (0, None)


# Drawn rows


WHOLE = st.integers(0, 10**6)
CENTS = st.integers(0, 10**8).map(lambda k: k / 100)


@st.composite
def row(draw: st.DrawFn, law: Law, numbers: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Draw a row that obeys the rules: if parts exceed their whole, the whole is raised."""
    out: dict[str, Any] = {}
    for name, said in law.inputs.items():
        value = draw(numbers)
        if said.high == 100.0:
            value = value % 101 if isinstance(value, int) else round(value % 100, 2)
        elif name in ("periods", "severity", "lifetime"):
            value = value % 25
        if said.low == -inf and draw(st.booleans()):
            value = -value
        out[name] = draw(st.sampled_from(list(MONTHS))) if name == "interval" else value
    for parts, wholes in law.at_most():
        excess = sum(out[n] for n in parts) - sum(out[n] for n in wholes)
        if excess > 0:
            spare = draw(st.sampled_from([0, 1])) * (out[wholes[0]] % 7)
            out[wholes[0]] = min(out[wholes[0]] + excess + spare, law.inputs[wholes[0]].high)
    for name, said in law.inputs.items():
        fewer = {n: v for n, v in out.items() if n != name}
        if said.default is not None and draw(st.integers(0, 3)) == 0 and obeys(law, fewer):
            out = fewer
    return out


def obeys(law: Law, given: dict[str, Any]) -> bool:
    def total(names: list[str]) -> float:
        return sum(given[n] if n in given else float(law.inputs[n].default or "nan") for n in names)

    return all(total(parts) <= total(wholes) for parts, wholes in law.at_most())


def slack(law: Law, given: dict[str, Any]) -> float:
    """Return how far rounding may move a result: sums of cents are not exact, sums of whole numbers are."""
    numbers = [abs(v) for v in given.values() if isinstance(v, (int, float))]
    if all(isinstance(v, int) for v in numbers):
        return 0.0
    return 1e-12 * (
        100 if law.unit in ("percent", "points") else 1 if law.unit in ("ratio", "periods") else sum(numbers)
    )


def options_of(law: Law, draw: st.DrawFn) -> dict[str, Any]:
    if law.name == "normalize_score":
        return {"better": draw(st.sampled_from(["high", "low"]))}
    if law.name == "discounted_clv":
        horizon = draw(st.none() | st.integers(0, 30))
        return {"first_payment": draw(st.sampled_from(["now", "next", "certain_next"])), "horizon": horizon}
    return {}


@each_numeric
@drawn(25)
@given(data=st.data())
def test_drawn_rows(law: Law, data: st.DataObject) -> None:
    one = data.draw(row(law, data.draw(st.sampled_from([WHOLE, st.integers(0, 12), CENTS]))))
    options = options_of(law, data.draw)
    expected = law.value(**one, **options)
    got = function(law)(**one, **options)
    assert_close(got, expected, slack(law, one))
    decimals = {n: v if isinstance(v, str) else Decimal(str(v)) for n, v in one.items()}
    assert_same(function(law)(**decimals, **options), got)


@pytest.mark.sampled(3)
@each_numeric
@drawn(25)
@given(data=st.data())
def test_drawn_columns(law: Law, data: st.DataObject) -> None:
    numbers = data.draw(st.sampled_from([WHOLE, CENTS]))
    rows = data.draw(st.lists(row(law, numbers), min_size=1, max_size=4))
    rows = [one for one in rows if list(one) == list(rows[0])]
    options = options_of(law, data.draw)
    expected = [function(law)(**one, **options) for one in rows]
    columns = {n: [one[n] for one in rows] for n in rows[0]}
    index = pd.Index(range(7, 7 + len(rows)), name="at")
    as_list = function(law)(**columns, **options)
    as_array = function(law)(**{n: np.array(c) for n, c in columns.items()}, **options)
    as_series = function(law)(**{n: pd.Series(c, index=index) for n, c in columns.items()}, **options)
    assert type(as_list) is type(as_array) is np.ndarray
    assert as_list.dtype == as_array.dtype == as_series.dtype == np.float64
    assert as_series.index is index
    for got in (as_list, as_array, as_series.to_numpy()):
        np.testing.assert_allclose(got, expected, rtol=1e-14, atol=0)


def assert_same(got: float, expected: float) -> None:
    assert type(got) is type(expected) is float
    assert got == expected or (isnan(got) and isnan(expected))


@drawn(25)
@given(data=st.data())
def test_drawn_bands(data: st.DataObject) -> None:
    law = LAWS["health_band"]
    rows = data.draw(st.lists(row(law, st.integers(0, 40)), min_size=1, max_size=4))
    rows = [{"red": 50, "yellow": 75, **one} for one in rows]
    expected = [law.value(**one) for one in rows]
    assert [csm.health_band(**one) for one in rows] == expected
    columns = {n: [one[n] for one in rows] for n in law.inputs}
    assert csm.health_band(**columns).tolist() == expected
    assert csm.health_band(**{n: pd.Series(c, dtype=float) for n, c in columns.items()}).tolist() == expected


@pytest.mark.parametrize("law", COMPONENTS, ids=lambda law: law.name)
@drawn(25)
@given(data=st.data())
def test_drawn_components(law: Law, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 5))
    some = st.lists(
        st.none() | st.integers(0, 100) | st.integers(0, 400).map(lambda k: k / 4), min_size=size, max_size=size
    )
    weight = st.integers(0 if law.name == "health_score" else -9, 9) | st.integers(0, 40).map(lambda k: k / 8)
    table = data.draw(st.lists(some, min_size=1, max_size=3))
    weights = data.draw(st.lists(weight, min_size=size, max_size=size))
    value, call = next(iter(law.inputs)), function(law)
    expected = [law.value(**{value: line, "weights": weights}) for line in table]
    wanted = [np.nan if e is None else float(e) for e in expected]
    for line, one in zip(table, expected, strict=True):
        assert_close(call(line, weights), one)
        names = "abcde"[:size]
        by_name = dict(reversed(list(zip(names, weights, strict=True))))
        assert_close(call(dict(zip(names, line, strict=True)), by_name), one)
        assert_close(call(pd.Series(line, index=list(names), dtype=float), by_name), one)
    frame = pd.DataFrame(table, columns=list("abcde"[:size]), index=range(3, 3 + len(table)), dtype=float)
    for got in (call(table, weights), call(np.array(table, dtype=float), weights), call(frame, weights)):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)
    as_series = call({n: frame[n] for n in frame}, dict(zip(frame, weights, strict=True)))
    pd.testing.assert_series_equal(as_series, pd.Series(wanted, index=frame.index), check_exact=False, rtol=1e-12)
    pd.testing.assert_series_equal(call(frame, dict(zip(frame, weights, strict=True))), as_series)


# Dates


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1))


@pytest.mark.parametrize("law", DATES, ids=lambda law: law.name)
@drawn(25)
@given(data=st.data())
def test_drawn_dates(law: Law, data: st.DataObject) -> None:
    starts = data.draw(st.lists(MOMENTS | st.none(), min_size=1, max_size=4))
    waits = data.draw(
        st.lists(st.timedeltas(timedelta(0), timedelta(4000)), min_size=len(starts), max_size=len(starts))
    )
    ends = [data.draw(MOMENTS) if s is None else s + w for s, w in zip(starts, waits, strict=True)]
    if data.draw(st.booleans()):
        ends[-1] = None  # type: ignore[call-overload]
    expected = [law.formula(s, e) for s, e in zip(starts, ends, strict=True)]
    for start, end, one in zip(starts, ends, expected, strict=True):
        assert_close(function(law)(start, end), one)
    wanted = [np.nan if e is None else float(e) for e in expected]
    index = pd.Index(range(7, 7 + len(starts)))
    columns = [pd.Series(c, index=index, dtype="datetime64[us]") for c in (starts, ends)]
    as_series = function(law)(*columns)
    assert as_series.index is index
    arrays = [c.to_numpy() for c in columns]
    zoned = [c.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo") for c in columns]
    for got in (function(law)(starts, ends), function(law)(*arrays), as_series, function(law)(*zoned)):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


@drawn(25)
@given(data=st.data())
def test_drawn_median_ttv(data: st.DataObject) -> None:
    first = datetime(2026, 1, 1)
    hours = st.integers(0, 40).map(lambda h: timedelta(hours=6 * h))
    as_of = (
        first
        + timedelta(hours=6 * 40)
        + data.draw(st.sampled_from([timedelta(0), timedelta(hours=5), timedelta(hours=-30)]))
    )
    starts = data.draw(st.lists(hours.map(lambda h: min(first + h, as_of)) | st.none(), min_size=1, max_size=9))
    ends = [data.draw(st.none() | hours.map(lambda h, s=s: (s or first) + h)) for s in starts]
    expected = LAWS["median_ttv"].formula(starts, ends, as_of)
    assert_close(csm.median_ttv(starts, ends, as_of), expected)
    columns = [pd.Series(c, dtype="datetime64[us]") for c in (starts, ends)]
    assert_close(csm.median_ttv(*columns, as_of), expected)


# Raw answers


@drawn(25)
@given(data=st.data())
def test_drawn_answers(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([n for n in LAWS if n.endswith(("_scores", "_ratings"))]))
    law = LAWS[name]
    low, high = data.draw(
        st.sampled_from([(0, 10), (1, 10)] if name == "nps_from_scores" else [(1, 5), (1, 7), (-2, 2)])
    )
    answers = data.draw(st.lists(st.none() | st.integers(low, high), max_size=30))
    inputs: dict[str, Any] = {next(iter(law.inputs)): answers}
    options: dict[str, Any] = {"scale": (low, high)}
    if "weights" in law.inputs and data.draw(st.booleans()):
        weight = st.integers(0, 9) | st.integers(0, 40).map(lambda k: k / 8)
        inputs["weights"] = data.draw(st.lists(weight, min_size=len(answers), max_size=len(answers)))
    if name == "csat_from_ratings":
        options["top"] = data.draw(st.integers(1, high - low))
    expected = law.value(**inputs, **options)
    assert_close(function(law)(**inputs, **options), expected)
    arrays = {n: np.array(v, dtype=float) for n, v in inputs.items()}
    assert_close(function(law)(**arrays, **options), expected)
    series = {n: pd.Series(v, dtype="Float64", index=range(3, 3 + len(answers))) for n, v in inputs.items()}
    assert_close(function(law)(**series, **options), expected)
    if None not in answers:
        small = {n: np.array(v, dtype=np.int8) if n != "weights" else v for n, v in inputs.items()}
        assert_close(function(law)(**small, **options), expected)


# Known hard cases


@pytest.mark.parametrize(("churn", "periods"), [(0.01, 1 / 12), (0.01, 1), (0.0001, 1 / 365), (99.99, 2)])
def test_small_churn_keeps_its_digits(churn: float, periods: float) -> None:
    expected = LAWS["compound_churn_rate"].formula(Fraction(churn), Fraction(periods))
    assert csm.compound_churn_rate(churn, periods) == pytest.approx(float(expected), rel=1e-12, abs=0)
    assert csm.compound_churn_rate(np.array([churn]), periods)[0] == pytest.approx(float(expected), rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("goal_attainment", {"current": 53, "target": 23, "baseline": 53}),
        ("normalize_score", {"value": 97, "low": 11, "high": 97, "better": "low"}),
        ("nps", {"promoters": 0, "passives": 5, "detractors": 0}),
        ("net_new_mrr", {"new_mrr": 0, "expansion_mrr": 0, "contraction_mrr": 0, "churned_mrr": 0}),
        ("net_revenue_churn_rate", {"start_mrr": 5, "expansion_mrr": 0, "contraction_mrr": 0, "churned_mrr": 0}),
        ("ticket_backlog", {"backlog_start": 0, "received": 0, "reopened": 0, "resolved": 0}),
        ("earned_growth_rate", {"nrr": 100, "earned_new": 0}),
        ("clv", {"arpa": 0, "churn_rate": 5, "gross_margin": -20}),
        ("clv_from_purchases", {"order_value": 0, "purchases": 5, "lifetime": 3, "gross_margin": -20}),
        ("discounted_clv", {"margin": -5, "retention_rate": 0, "discount_rate": 10, "first_payment": "next"}),
        ("discounted_clv", {"margin": -5, "retention_rate": 80, "discount_rate": 10, "horizon": 0}),
    ],
)
def test_zero_has_no_sign(name: str, inputs: dict[str, Any]) -> None:
    """A table of results shows 0.0, never -0.0."""
    columns = {n: [float(v)] if n in LAWS[name].inputs else v for n, v in inputs.items()}
    assert repr(REGISTRY[name].function(**inputs)) == "0.0"
    assert repr(REGISTRY[name].function(**columns).tolist()) == "[0.0]"
