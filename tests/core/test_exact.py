"""Numbers that floats do not add exactly, in every container, against exact fractions."""

from __future__ import annotations

import sys
from decimal import Decimal
from fractions import Fraction
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics.core._registry import REGISTRY, WHOLE

from .reference import LAWS, Law

# Powers are of floats, whatever the size of the numbers
SUMS = [law for law in LAWS.values() if law.signs and not law.name.startswith("compound")]
each = pytest.mark.parametrize("law", SUMS, ids=lambda law: law.name)

INT64, UINT64 = 2**63 - 1, 2**64 - 1


@st.composite
def integers(draw: st.DrawFn, law: Law, most: int) -> dict[str, Any]:
    """One row of integers of any size up to `most` that obeys the rules; large ones are often close together."""
    near = draw(st.integers(0, most))
    number = st.integers(0, 1000) | st.integers(0, most) | st.integers(-60, 60).map(lambda d: min(abs(near + d), most))
    out: dict[str, Any] = {}
    for name, said in law.inputs.items():
        value = draw(st.sampled_from(MONTHS)) if name == "interval" else draw(number)
        out[name] = value % 101 if said.high == 100 else value
    for _ in law.rules:  # raising a whole may break the rule before
        for parts, wholes in law.at_most():
            excess = sum(out[n] for n in parts) - sum(out[n] for n in wholes)
            if excess > 0 and out[wholes[0]] + excess <= most:
                out[wholes[0]] += excess
            elif excess > 0:
                out |= dict.fromkeys(parts, 0)
    return out


MONTHS = ("day", "week", "month", "quarter", "year")


def obeys(law: Law, row: dict[str, Any]) -> bool:
    return all(sum(row[n] for n in parts) <= sum(row[n] for n in wholes) for parts, wholes in law.at_most())


def close(got: float, expected: Fraction | None) -> bool:
    """Tell whether it is the figure, but for the rounding of the last few products."""
    return isnan(got) if expected is None else got == pytest.approx(float(expected), rel=2e-15, abs=0)


def containers(row: dict[str, Any], kind: Any) -> dict[str, dict[str, Any]]:
    """Give the row in each container, the integers as they are."""

    def each(hold: Any) -> dict[str, Any]:
        return {n: v if isinstance(v, str) else hold(v) for n, v in row.items()}

    numbers = [n for n, v in row.items() if not isinstance(v, str)]
    by_turns = {n: (hold(row[n])) for n, hold in zip(numbers, MIXED * 2, strict=False)}
    return {
        "numbers": row,
        "numpy's": each(kind),
        "Decimal": each(Decimal),
        "list": each(lambda v: [v]),
        "array": each(lambda v: np.array([v], dtype=kind)),
        "objects": each(lambda v: np.array([v, None], dtype=object)),
        "Series": each(lambda v: pd.Series([v], dtype=kind)),
        "with missing": each(lambda v: pd.Series([v, None], dtype=kind.__name__.capitalize().replace("Ui", "UI"))),
        "masked": each(lambda v: np.ma.MaskedArray([v], dtype=kind)),
        "mixed": {**row, **by_turns},
    }


MIXED: list[Any] = [
    lambda v: np.array([v], dtype=np.uint64),
    lambda v: v,
    lambda v: [v],
    lambda v: np.array([v], dtype=np.int64 if v <= INT64 else np.uint64),
    Decimal,
    lambda v: float(v) if int(float(v)) == v else v,  # a whole float adds as exactly
    lambda v: np.array([v], dtype=object),
]


@pytest.mark.sampled(3)
@each
@given(data=st.data())
def test_integers_are_exact_in_every_container(law: Law, data: st.DataObject) -> None:
    kind, most = data.draw(st.sampled_from([(np.int64, INT64), (np.uint64, UINT64)]))
    row = data.draw(integers(law, most))
    expected = law.value(**row)
    for name, inputs in containers(row, kind).items():
        got = REGISTRY[law.name].function(**inputs)
        assert close(float(np.ravel(got)[0]), expected), name


@pytest.mark.sampled(3)
@each
@given(data=st.data())
def test_each_row_of_a_column_is_exact(law: Law, data: st.DataObject) -> None:
    """Small and large, missing and undefined ones side by side."""
    rows = data.draw(st.lists(integers(law, INT64), min_size=1, max_size=5))
    columns = {n: [row[n] for row in rows] for n in law.inputs}
    expected = [law.value(**row) for row in rows]
    arrays = {n: np.array(c) if n != "interval" else c for n, c in columns.items()}
    for got in (REGISTRY[law.name].function(**columns), REGISTRY[law.name].function(**arrays)):
        assert all(close(one, value) for one, value in zip(got.tolist(), expected, strict=True))
    first = next(iter(law.inputs))
    got = REGISTRY[law.name].function(**{**columns, first: [*columns[first][:-1], None]}, undefined=-5)
    for one, value in zip(got.tolist(), [*expected[:-1], Fraction(0)], strict=True):
        assert one == -5 if value is None else close(one, value) or isnan(one)
    assert isnan(got[-1])


@given(many=st.lists(st.integers(0, 2**62), min_size=3, max_size=3))
def test_the_kinds_of_integers_of_one_call_may_differ(many: list[int]) -> None:
    """numpy alone makes floats of int64 and uint64."""
    new, reactivated, left = (number // 3 for number in many)
    end, start = new + reactivated + left, left + 7
    expected = float(Fraction(100 * left, start))
    for wide in (np.uint64, np.int64):
        got = csm.retention_rate(np.array([end], wide), np.array([new]), [start], reactivated=reactivated)
        assert got[0] == pytest.approx(expected, rel=1e-15)


def test_what_floats_would_lose() -> None:
    end, new = 2**60 + 50, 2**60
    assert csm.retention_rate(end, new, 100) == 50.0
    assert csm.retention_rate([end], [new], 100).tolist() == [50.0]
    assert csm.retention_rate(np.array([end]), np.array([new]), 100).tolist() == [50.0]
    assert csm.retention_rate(pd.Series([end, 5]), pd.Series([new, 4]), [100, 2]).tolist() == [50.0, 50.0]
    assert csm.net_new_mrr([end], 0, 0, [new]).tolist() == [50.0]
    assert csm.net_new_mrr(np.array([end]), np.array([0.5]), np.array([0.25]), np.array([new])).tolist() == [50.25]
    assert csm.net_new_mrr(end, 0.5, 0.25, new) == 50.25
    assert csm.net_new_mrr(Decimal(end), Decimal("0.5"), 0.25, Decimal(new)) == 50.25
    assert csm.ticket_backlog(np.array([new]), np.array([50]), 0, np.array([new])).tolist() == [50.0]
    assert csm.nrr(np.array([2**62]), np.array([2**62]), np.array([0]), np.array([2**62])).tolist() == [100.0]


def test_a_long_column_is_exact_in_every_block() -> None:
    size = 2**17 + 5
    end, new = np.full(size, 7), np.zeros(size, dtype=np.int64)
    end[[0, size - 1]], new[[0, size - 1]] = 2**60 + 50, 2**60
    got = csm.retention_rate(end, new, 100)
    assert got[[0, size - 1]].tolist() == [50.0, 50.0]
    assert set(got[1:-1]) == {7.0}


@pytest.mark.parametrize("size", [WHOLE - 1, WHOLE, WHOLE + 1, 2**53 - 1, 2**53, 2**53 + 1, 2**53 + 2])
def test_where_exactness_begins(size: int) -> None:
    """Not too late: five numbers of that size still add up."""
    for hold in (int, lambda v: [v], lambda v: np.array([v]), lambda v: pd.Series([v])):
        got = csm.net_new_mrr(hold(size), hold(size), hold(size), hold(size - 1), reactivation_mrr=hold(size - 2))
        assert np.ravel(got).tolist() == [float(size - 1)]
        assert np.ravel(csm.net_new_mrr(hold(size), 1, 0, hold(size))).tolist() == [1.0]


# ---------------------------------------------------------------------------------------------------- huge but finite

HUGE = st.floats(1e150, sys.float_info.max) | st.integers(10**150, int(sys.float_info.max))


def is_past_floats(value: Fraction | None) -> bool:
    try:
        return value is not None and float(value) == inf
    except OverflowError:
        return True


@pytest.mark.sampled(3)
@each
@given(data=st.data())
def test_sums_past_all_floats_do_not_matter(law: Law, data: st.DataObject) -> None:
    """Unless the result is past them, too."""
    row = {n: data.draw(HUGE | st.integers(0, 5) | st.floats(0.01, 100)) for n in law.inputs}
    for name, said in law.inputs.items():
        if name == "interval":
            row[name] = data.draw(st.sampled_from(MONTHS))
        elif said.high == 100:
            row[name] = data.draw(st.integers(0, 100) | st.floats(0.01, 100))
    exactly = {n: v if isinstance(v, str) else Fraction(v) for n, v in row.items()}
    if not obeys(law, exactly) or all(isinstance(v, str) or v <= 1e150 for v in row.values()):
        return
    expected = law.value(**exactly)
    columns = {n: v if isinstance(v, str) else [v] for n, v in row.items()}
    for inputs in (row, columns):
        if is_past_floats(expected):
            with pytest.raises(csm.MetricInputError, match="past 1e308"):
                REGISTRY[law.name].function(**inputs)
        else:
            got = float(np.ravel(REGISTRY[law.name].function(**inputs))[0])
            assert isnan(got) if expected is None else got == pytest.approx(float(expected), rel=1e-14, abs=1e-300)


def test_huge_numbers() -> None:
    for hold in (int, float, lambda v: [v], lambda v: np.array([float(v)]), lambda v: pd.Series([float(v)])):
        assert np.ravel(csm.nps(hold(95), hold(140), hold(10**308))).tolist() == [-100.0]
        assert np.ravel(csm.nps(hold(10**308), hold(0), hold(10**308))).tolist() == [0.0]
        assert np.ravel(csm.net_new_mrr(hold(10**308), hold(10**308), hold(0), hold(10**308))).tolist() == [1e308]
        assert np.ravel(csm.churn_rate(hold(10**307), hold(10**308))).tolist() == [10.0]
        assert np.ravel(csm.quick_ratio(hold(10**308), hold(10**308), hold(10**308), hold(0))).tolist() == [2.0]
    assert csm.average_handle_time(1.7e308, 1.7e308, 0, 2.5) == 1.36e308
    with pytest.raises(csm.MetricInputError, match="past 1e308"):
        csm.net_new_mrr(1.7e308, 1.7e308, 0, 0)


def test_rules_of_sums_past_all_floats() -> None:
    for hold in (float, lambda v: [v]):
        parts = {"resolved": hold(1e308), "cancelled": hold(1.2e308)}
        assert np.ravel(csm.ticket_backlog(hold(1.1e308), hold(1.1e308), 0, **parts)).tolist() == [0.0]
        with pytest.raises(csm.MetricInputError, match="must be <= `backlog_start"):
            csm.ticket_backlog(hold(1e308), hold(1e308), 0, **parts)
    parts = {"resolved": [1, 1e308, 4], "cancelled": [1, 1.2e308, 1]}
    with pytest.raises(csm.MetricInputError, match="1 of 3 values break it, first at position 2"):
        csm.ticket_backlog([2, 1.1e308, 3], [0, 1.1e308, 1], 0, **parts)


def test_a_power_of_a_fraction_ends() -> None:
    """Beside an integer past what floats add exactly, a rate is a fraction, of which no such power is ever taken."""
    assert csm.compound_retention_rate(99.5, 2**60) == 0.0
    assert csm.compound_churn_rate(0.5, 2**60) == 100.0
    assert csm.compound_retention_rate([99.5], [2**60]).tolist() == [0.0]
    for hold in (float, int, lambda v: [v]):
        assert np.ravel(csm.compound_retention_rate(hold(100), hold(2**50))).tolist() == [100.0]
        for rate in (101, 1000, 2**60):
            with pytest.raises(csm.MetricInputError, match="past 1e308"):
                csm.compound_retention_rate(hold(rate), hold(2**50))
    assert csm.discounted_clv(2**60, 79.5, 0.5, horizon=10**6) == pytest.approx(float(2**60) * 100.5 / 21)
    assert csm.discounted_clv(2**60, 0, 0.5, horizon=2) == float(2**60)


@pytest.mark.parametrize("value", [nan, inf, 10**400])
def test_what_is_no_finite_number_is_told_as_before(value: float) -> None:
    for given_ in (value, [2**60, value], np.array([2**60, value], dtype=object)):
        if isinstance(value, float) and isnan(value):
            assert isnan(np.ravel(csm.net_new_mrr(given_, 0, 0, 0))[-1])
        else:
            with pytest.raises(csm.MetricInputError, match="must be finite"):
                csm.net_new_mrr(given_, 0, 0, 0)
