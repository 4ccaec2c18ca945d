"""Percentiles of survival, and survival from dates, compared with counting, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm

from ..drawn import drawn

DRAWN = drawn(60)
km = csm.survival.kaplan_meier


@given(rows=st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=20), asked=st.integers(0, 100))
@DRAWN
def test_percentiles_against_the_curve(rows: list[tuple[int, bool]], asked: int) -> None:
    """The first time at which no more than the rest still waits; NaN where that is never seen."""
    curve = km([wait for wait, _ in rows], [reached for _, reached in rows])
    got = curve.percentile(asked)
    table = curve.table["survival"]
    enough = table[table < 100] if asked == 0 else table[table <= (100 - asked) * (1 + 1e-12)]
    assert got == enough.index[0] if len(enough) else np.isnan(got)
    half = curve.percentile(50)
    assert half == curve.median or (np.isnan(half) and np.isnan(curve.median))


def test_percentiles_of_any_kind() -> None:
    curve = km([2, 3, 3, 5, 8], [True, True, False, True, False])
    assert curve.percentile([20, 40, 90]).tolist() == [2.0, 3.0, pytest.approx(np.nan, nan_ok=True)]
    assert curve.percentile(pd.Series([0.0, None], index=["a", "b"]))["a"] == 2.0
    assert np.isnan(km([], []).percentile(50))
    for wrong in (-1, 101):
        with pytest.raises(csm.MetricInputError, match="`percent` must be between 0 and 100"):
            curve.percentile(wrong)


FROM = csm.survival.kaplan_meier_from_dates
spans = st.lists(
    st.tuples(
        st.integers(0, 40),  # days until it starts
        st.none() | st.integers(0, 30),  # days until it ends
        st.none() | st.integers(0, 20),  # days until it is first observed
        st.sampled_from(["x", "y", None]),
    ),
    min_size=1,
    max_size=25,
)


def dated(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    day = pd.Timestamp("2026-01-01")
    start = pd.Series([day + pd.Timedelta(days=row[0]) for row in rows]).astype("M8[us]")
    later = [
        pd.Series([pd.NaT if row[i] is None else pd.Timedelta(days=row[i]) for row in rows], dtype="m8[us]")
        for i in (1, 2)
    ]
    table = pd.DataFrame({"start": start, "end": start + later[0], "entry": start + later[1]})
    return table.assign(plan=pd.Series([row[3] for row in rows], dtype=object))


def out_early(known: list[tuple[Any, ...]]) -> bool:
    """Check whether all who were observed by some time had reached the end by then, and others enter later."""
    seen = [k for k in known if k[0] > k[2] or not k[2]]
    for time in sorted({wait for wait, reached, *_ in seen if reached}):
        at_risk = [(w, reached) for w, reached, e, _ in seen if w >= time and (e < time or e == 0)]
        if all(w == time and reached for w, reached in at_risk) and any(w > time for w, *_ in seen):
            return True
    return False


@given(rows=spans, stop=st.integers(0, 60), delayed=st.booleans())
@DRAWN
def test_dates_against_counting(rows: list[tuple[Any, ...]], stop: int, delayed: bool) -> None:
    """At each time, those at risk are observed by then, have started by `as_of`, and wait at least as long."""
    day = 86_400_000_000  # in microseconds
    end = (stop + 1) * day - 1  # the last microsecond of the day
    known = []
    for begins, ends, enters, plan in rows:
        if begins * day <= end:
            reached = ends is not None and (begins + ends) * day <= end
            wait = ends * day if reached else end - begins * day
            known.append((wait, reached, (enters or 0) * day if delayed else 0, plan))
    asked = {"entry": "entry"} if delayed else {}
    as_of = pd.Timestamp("2026-01-01") + pd.Timedelta(days=stop)
    if any(out_early(some) for some in (known, *([k for k in known if k[3] == g] for g in ("x", "y", None)))):
        by = None if out_early(known) else "plan"
        with pytest.raises(csm.MetricInputError, match="others enter later"):
            FROM(dated(rows), as_of=as_of, by=by, **asked)
        return
    got = FROM(dated(rows), as_of=as_of, **asked)
    curves = FROM(dated(rows), as_of=as_of, by="plan", **asked)
    assert [None if pd.isna(group) else group for group in curves.groups] == sorted(
        {plan for *_, plan in known}, key=lambda plan: (plan is None, plan or "")
    )
    for one, some in (
        (got, known),
        *((curves[g], [k for k in known if k[3] == g]) for g in ("x", "y") if g in set(curves)),
    ):
        left = Fraction(1)
        seen = [k for k in some if k[0] > k[2] or not k[2]]
        assert [round(time * day) for time in one.table.index] == sorted({wait for wait, *_ in seen})
        for days, row in one.table.iterrows():
            time = round(days * day)
            at_risk = sum(w >= time and (e < time or e == 0) for w, _, e, _ in seen)
            died = sum(w == time and reached for w, reached, _, _ in seen)
            left *= 1 - Fraction(died, at_risk) if died else 1
            assert (row["at_risk"], row["reached"]) == (at_risk, died)
            assert row["survival"] == pytest.approx(float(100 * left))


def test_dates_by_hand() -> None:
    """Two of five tickets are open: the mean of the three solved is 6 hours, half are solved after 12."""
    table = pd.DataFrame({"created": [pd.Timestamp("2026-03-02 09:00")] * 5})
    table["resolved"] = table["created"] + pd.to_timedelta([2, 4, 12, None, None], unit="h")
    curve = FROM(table, start="created", end="resolved", as_of="2026-03-05")
    assert 24 * curve.percentile([20, 50]) == pytest.approx([2, 12])
    assert np.isnan(curve.percentile(90))
    assert (
        FROM(table, start="created", end="resolved", as_of=pd.Timestamp("2026-03-02 12:00")).table["reached"].sum() == 1
    )
    table.loc[3, "resolved"] = pd.Timestamp("2026-03-02 08:00")
    with pytest.raises(csm.MetricInputError, match="`end` must not be before"):
        FROM(table, start="created", end="resolved")
    with pytest.raises(csm.MetricInputError, match="`group` must be one of"):
        FROM(dated([(0, 1, None, "x")]), by="plan")["z"]


@pytest.mark.sampled(3)
def test_dates_on_engines(make: Callable[[pd.DataFrame], Any]) -> None:
    rng = np.random.default_rng(3)
    rows = [
        (int(a), None if b > 25 else int(b), int(c), p)
        for a, b, c, p in zip(
            rng.integers(0, 40, 400),
            rng.integers(0, 30, 400),
            rng.integers(0, 9, 400),
            rng.choice(["x", "y"], 400),
            strict=True,
        )
    ]
    table = dated(rows)
    table["plan"] = table["plan"].astype("str")
    for options in ({}, {"as_of": "2026-02-01"}, {"entry": "entry", "as_of": "2026-02-03"}):
        got, expected = FROM(make(table), **options), FROM(table, **options)
        pd.testing.assert_frame_equal(got.table, expected.table)
        groups, alone = FROM(make(table), by="plan", **options), FROM(table, by="plan", **options)
        pd.testing.assert_series_equal(groups.median, alone.median)
        pd.testing.assert_series_equal(groups.percentile(80), alone.percentile(80))
        pd.testing.assert_series_equal(groups.at(3), alone.at(3))
