"""Kaplan-Meier, compared with published figures, with its definition in fractions, and case by case."""

from __future__ import annotations

from collections import Counter
from dataclasses import FrozenInstanceError
from datetime import datetime, timedelta
from fractions import Fraction
from math import isnan, nan
from statistics import fmean, median, median_low
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics.core._numeric import BLOCK
from csmetrics.survival import Survival, kaplan_meier

from ..drawn import drawn

DRAWN = drawn(200)

# Weeks in remission under treatment (Freireich 1963, known as Gehan's data), from lifelines (MIT),
# lifelines/datasets/anderson.csv; S and the median by the KaplanMeierFitter of lifelines 0.30.3
WEEKS = [35, 34, 32, 32, 25, 23, 22, 20, 19, 17, 16, 13, 11, 10, 10, 9, 7, 6, 6, 6, 6]
RELAPSED = [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1]
PUBLISHED = {
    0: 1.0,
    6: 0.857143,
    7: 0.806723,
    9: 0.806723,
    10: 0.752941,
    11: 0.752941,
    13: 0.690196,
    16: 0.627451,
    17: 0.627451,
    19: 0.627451,
    20: 0.627451,
    22: 0.537815,
    23: 0.448179,
    25: 0.448179,
    32: 0.448179,
    34: 0.448179,
    35: 0.448179,
}


def define(durations: list[Any], observed: list[Any]) -> dict[Any, tuple[int, int, int, Fraction]]:
    """Restate the estimate: for each time the numbers at risk, reached and censored, and the product of 1 - d/n."""
    found, share = {}, Fraction(1)
    for time in sorted(set(durations)):
        at_risk = sum(duration >= time for duration in durations)
        reached = sum(duration == time and bool(there) for duration, there in zip(durations, observed, strict=True))
        here = sum(duration == time for duration in durations)
        share *= 1 - Fraction(reached, at_risk)
        found[time] = (at_risk, reached, here - reached, share)
    return found


def check(curve: Survival, durations: list[Any], observed: list[Any]) -> None:
    expected = define(durations, observed)
    table = curve.table
    assert list(table.columns) == ["at_risk", "reached", "censored", "survival"]
    assert table.index.name == "time"
    assert table.index.tolist() == list(expected)
    assert [str(dtype) for dtype in table.dtypes] == ["int64", "int64", "int64", "float64"]
    counts = list(table[["at_risk", "reached", "censored"]].itertuples(index=False, name=None))
    assert counts == [row[:3] for row in expected.values()]
    assert table["survival"].tolist() == pytest.approx([float(100 * row[3]) for row in expected.values()], rel=1e-12)
    assert table["survival"].is_monotonic_decreasing
    half = [time for time, row in expected.items() if row[3] <= Fraction(1, 2)]
    assert curve.median == float(half[0]) if half else isnan(curve.median)


# ------------------------------------------------------------------------------------------------- published figures


def test_gehan() -> None:
    curve = kaplan_meier(WEEKS, RELAPSED)
    assert [curve.table["at_risk"].iloc[0], curve.table["reached"].sum()] == [21, 9]
    assert curve.median == 23.0
    for week, share in PUBLISHED.items():
        assert curve.at(week) == pytest.approx(100 * share, abs=5e-5), week
    assert set(curve.table.index) == set(PUBLISHED) - {0}


def test_those_not_there_yet_make_the_difference() -> None:
    """Counting only those who relapsed, the same data would give a median of 10 and a mean of 12.1111 weeks."""
    seen = [week for week, there in zip(WEEKS, RELAPSED, strict=True) if there]
    assert (median(seen), round(fmean(seen), 4)) == (10, 12.1111)
    assert kaplan_meier(seen, [True] * len(seen)).median == 10.0


def test_half_never_get_there() -> None:
    """S of 1, 0.7 and 0.6 has no median (lifelines, tests/utils/test_utils.py, test_qth_survival_time_returns_inf)."""
    curve = kaplan_meier([1, 1, 1, 2, 3, 3, 3, 3, 3, 3], [1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    assert [curve.at(0), curve.at(1), curve.at(2)] == [100.0, 70.0, 60.0]
    assert isnan(curve.median)


def test_as_of_the_same_dates() -> None:
    """The median time to value is the Kaplan-Meier median of the days."""
    start = datetime(2026, 1, 1, 12)
    begins = [start - timedelta(days=40 if there else week) for week, there in zip(WEEKS, RELAPSED, strict=True)]
    values = [
        begin + timedelta(days=week) if there else None
        for begin, week, there in zip(begins, WEEKS, RELAPSED, strict=True)
    ]
    assert csm.median_ttv(begins, values, as_of=start) == kaplan_meier(WEEKS, RELAPSED).median == 23.0


# ------------------------------------------------------------------------------------------------------ the definition


TIMES = {
    "days": st.integers(0, 12),
    "far apart": st.sampled_from([0, 3, 10**6, 10**9 + 1, 2**62 - 1]),
    "whole": st.integers(0, 9).map(float),
    "floats": st.sampled_from([0.0, -0.0, 5e-324, 0.1, np.nextafter(0.1, 1), 0.5, 1.0, 2.5, 1e300]),
}


@pytest.mark.parametrize("kind", TIMES)
@given(data=st.data())
@DRAWN
def test_against_the_definition(kind: str, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.tuples(TIMES[kind], st.booleans()), min_size=1, max_size=40))
    durations, observed = map(list, zip(*rows, strict=True))
    values = np.array(durations)
    check(kaplan_meier(values, observed), durations, observed)
    values.flags.writeable = False  # inputs are not changed
    shuffled = np.random.default_rng(0).permutation(len(rows))
    again = kaplan_meier(values[shuffled], np.array(observed)[shuffled])
    pd.testing.assert_frame_equal(again.table, kaplan_meier(values, observed).table, check_exact=True)


@pytest.mark.parametrize("kind", TIMES)
@given(data=st.data())
@DRAWN
def test_counts_are_repetitions(kind: str, data: st.DataObject) -> None:
    row = st.tuples(TIMES[kind], st.booleans(), st.integers(0, 4))
    rows = data.draw(st.lists(row, min_size=1, max_size=15))
    durations, observed, counts = (np.array(column) for column in zip(*rows, strict=True))
    counted = kaplan_meier(durations, observed, counts=counts)
    one_by_one = kaplan_meier(np.repeat(durations, counts), np.repeat(observed, counts))
    pd.testing.assert_frame_equal(counted.table, one_by_one.table, check_exact=True)
    assert counted.median == one_by_one.median or (isnan(counted.median) and isnan(one_by_one.median))


@pytest.mark.parametrize("kind", ["int64", "int16", "uint8", "float64", "float32", "fractions"])
def test_more_rows_than_a_block(kind: str) -> None:
    """More rows than one block give what pandas gives by grouping, counting and multiplying."""
    rng = np.random.default_rng(3)
    rows = 2 * BLOCK + 7
    durations = rng.exponential(40, rows) if kind == "fractions" else rng.integers(0, 200, rows).astype(kind)
    observed = rng.random(rows) < 0.6
    before = durations.copy()
    curve = kaplan_meier(durations, observed)
    np.testing.assert_array_equal(durations, before)
    days = pd.DataFrame({"time": durations, "there": observed}).groupby("time")["there"].agg(["count", "sum"])
    at_risk = days["count"][::-1].cumsum()[::-1]
    assert (curve.table["at_risk"].to_numpy() == at_risk.to_numpy()).all()
    assert (curve.table["reached"].to_numpy() == days["sum"].to_numpy()).all()
    expected = 100 * (1 - days["sum"] / at_risk).cumprod()
    np.testing.assert_allclose(curve.table["survival"], expected, rtol=1e-9, atol=1e-12)
    assert curve.median == expected.index[expected <= 50][0]


# ------------------------------------------------------------------------------------------------------- case by case


def test_by_hand() -> None:
    """Of five customers, one reaches the event after 2 (of 5 at risk), one after 3 (of 4), one after 5 (of 2)."""
    curve = kaplan_meier([2, 3, 3, 5, 8], [True, True, False, True, False])
    assert curve.table.to_dict("list") == {
        "at_risk": [5, 4, 2, 1],
        "reached": [1, 1, 1, 0],
        "censored": [0, 1, 0, 1],
        "survival": [80.0, 60.0, 30.0, 30.0],
    }
    assert curve.median == 5.0


def test_at_the_same_time_reached_comes_before_censored() -> None:
    """A customer censored on a day is still at risk on that day."""
    assert kaplan_meier([5, 5], [True, False]).at(5) == 50.0
    assert kaplan_meier([5, 5], [True, False]).median == 5.0
    assert kaplan_meier([4, 5], [False, True]).at(5) == 0.0  # a customer censored before the day is not at risk on it


def test_nobody_is_censored() -> None:
    """Without censoring, the curve is the plain share, to the last digit, and the median is the lower median."""
    rng = np.random.default_rng(5)
    for size in (1, 2, 7, 100, 101):
        durations = rng.integers(0, 30, size)
        curve = kaplan_meier(durations, np.ones(size, bool))
        waiting = [int((durations > time).sum()) for time in curve.table.index]
        assert curve.table["survival"].tolist() == [100 * count / size for count in waiting]
        assert curve.table["survival"].iloc[-1] == 0.0
        assert curve.median == median_low(durations.tolist())


@pytest.mark.parametrize("durations", [[3, 1, 3], [0.5, 2.25, 0.5]])
def test_all_are_censored(durations: list[float]) -> None:
    curve = kaplan_meier(durations, [False] * 3)
    assert curve.table["survival"].tolist() == [100.0, 100.0]
    assert curve.table["censored"].tolist() == [1, 2] if durations[0] == 3 else [2, 1]
    assert isnan(curve.median)
    assert curve.at(max(durations)) == 100.0


def test_no_time_at_all() -> None:
    """A duration of 0 means that the event is reached at once."""
    curve = kaplan_meier([0, 0, 0, 0], [1, 1, 1, 0])
    assert (curve.at(0), curve.median) == (25.0, 0.0)


def test_exactly_half_is_half() -> None:
    """Two factors whose product is one half, such as 5/6 x 3/5 with censoring in between: floats may just miss it."""
    found = 0
    for everyone in range(4, 26):
        for early in range(1, everyone - 1):
            for left in range(2, everyone - early):  # all others are censored between the two times
                for last in range(1, left):
                    if Fraction(everyone - early, everyone) * Fraction(left - last, left) == Fraction(1, 2):
                        sizes = [early, everyone - early - left, last, left - last]
                        curve = kaplan_meier([1, 2, 3, 4], [True, False, True, False], counts=sizes)
                        assert curve.median == 3.0
                        found += 1
    assert found > 50


CONTAINERS = {
    "list": (list, list),
    "tuple": (tuple, tuple),
    "array": (np.array, np.array),
    "numbers": (np.array, lambda flags: [int(flag) for flag in flags]),
    "float numbers": (np.array, lambda flags: np.array(flags, dtype=np.float64)),
    "objects": (lambda v: np.array(v, dtype=object), lambda v: np.array(v, dtype=object)),
    "Series": (pd.Series, pd.Series),
    "nullable": (lambda v: pd.Series(v, dtype="Int64"), lambda v: pd.Series(v, dtype="boolean")),
    "Arrow": (lambda v: pd.Series(v, dtype="int64[pyarrow]"), lambda v: pd.Series(v, dtype="bool[pyarrow]")),
    "Series and list": (lambda v: pd.Series(v, index=list("abcde")), list),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers(name: str) -> None:
    times, flags = CONTAINERS[name]
    curve = kaplan_meier(times([2, 3, 3, 5, 8]), flags([True, True, False, True, False]))
    assert curve.table.index.tolist() == [2, 3, 5, 8]
    assert curve.table["survival"].tolist() == [80.0, 60.0, 30.0, 30.0]


def test_whole_numbers_stay_whole() -> None:
    assert kaplan_meier(np.array([1, 2], dtype=np.int8), [1, 0]).table.index.dtype == np.int64
    assert kaplan_meier(np.array([1, 2], dtype=np.uint64), [1, 0]).table.index.dtype == np.int64
    assert kaplan_meier(np.array([1.0, 2.0]), [1, 0]).table.index.dtype == np.float64
    assert kaplan_meier(np.array([1, 2], dtype=">i4"), [1, 0]).at(1) == 50.0
    huge = kaplan_meier(np.array([2**63, 1], dtype=np.uint64), [1, 0])
    assert huge.table.index.tolist() == [1.0, 2.0**63]


def test_one_and_the_same_index() -> None:
    times = pd.Series([1, 2], index=["a", "b"])
    assert kaplan_meier(times, pd.Series([True, False], index=["a", "b"])).at(1) == 50.0
    with pytest.raises(csm.MetricInputError, match="index"):
        kaplan_meier(times, pd.Series([True, False], index=["b", "a"]))


# ------------------------------------------------------------------------------------------------------------------ at


def test_a_step_function() -> None:
    curve = kaplan_meier([2, 3, 3, 5, 8], [True, True, False, True, False])
    assert [curve.at(time) for time in (0, 1.99, 2, 2.5, 3, 4.99, 5, 8)] == [100, 100, 80, 80, 60, 60, 30, 30]
    assert type(curve.at(4)) is float
    np.testing.assert_array_equal(curve.at([0, 4, None]), [100.0, 60.0, nan])
    np.testing.assert_array_equal(curve.at(np.array([[0, 2], [3, 5]])), [[100.0, 80.0], [60.0, 30.0]])
    times = pd.Series([2, 5], index=["x", "y"])
    pd.testing.assert_series_equal(curve.at(times), pd.Series([80.0, 30.0], index=["x", "y"], name="survival"))
    assert isnan(curve.at(nan))


def test_nobody_knows_what_comes_after_the_longest_duration() -> None:
    """30 percent were still waiting when last observed, after 8: later values are unknown, neither 30 nor 0."""
    curve = kaplan_meier([2, 3, 3, 5, 8], [True, True, False, True, False])
    assert curve.at(8) == 30.0
    assert isnan(curve.at(8.001))
    assert kaplan_meier([2, 3], [True, True]).at(100) == 0.0  # all have reached it
    assert isnan(kaplan_meier([], []).at(1))


@pytest.mark.parametrize(("time", "rule"), [(-1, ">= 0"), ([1, -0.5], ">= 0"), ("soon", "number"), (np.inf, "finite")])
def test_times_that_are_none(time: Any, rule: str) -> None:
    with pytest.raises(csm.MetricInputError, match=f"Survival.at: `time` must be .*{rule}"):
        kaplan_meier([2, 3], [True, False]).at(time)


# ---------------------------------------------------------------------------------------------------------- the object


def test_no_durations() -> None:
    curve = kaplan_meier([], [])
    assert isnan(curve.median)
    assert curve.table.empty
    assert list(curve.table.columns) == ["at_risk", "reached", "censored", "survival"]
    assert kaplan_meier([], [], undefined=0).median == 0.0
    assert kaplan_meier([3], [True], counts=[0], undefined=-1).median == -1.0
    with pytest.raises(csm.UndefinedMetricError, match="durations"):
        kaplan_meier([], [], undefined="raise")
    assert isnan(kaplan_meier([3], [False], undefined="raise").median)  # the base is not empty; the median is unknown
    with pytest.raises(csm.MetricInputError, match="undefined"):
        kaplan_meier([3], [False], undefined="nan")


def test_it_shows_itself() -> None:
    curve = kaplan_meier(WEEKS, RELAPSED)
    lines = repr(curve).splitlines()
    assert lines[0] == "Survival: 21 in all, 9 reached, 12 censored; median 23"
    assert all(line == line.rstrip() for line in lines)
    assert len(lines) == 1 + 2 + 13  # title, names, the rows shown and a gap
    assert "21 in all" in curve._repr_html_()
    assert "<table" in curve._repr_html_()
    assert repr(kaplan_meier([], [])) == "Survival: 0 in all, 0 reached, 0 censored; median nan"
    assert "<table" not in kaplan_meier([], [])._repr_html_()


def test_it_does_not_change() -> None:
    curve = kaplan_meier(WEEKS, RELAPSED)
    with pytest.raises(FrozenInstanceError):
        curve.median = 5.0  # type: ignore[misc]


def test_it_is_public() -> None:
    assert csm.survival.kaplan_meier is kaplan_meier
    assert csm.survival.Survival is Survival
    assert "survival" in csm.__all__
    assert Counter(csm.__all__)["survival"] == 1


# ------------------------------------------------------------------------------------------------------------ bad input

BAD = [
    (
        "negative",
        ([1, -2, 3], [1, 0, 1]),
        "durations",
        "must be >= 0; 1 of 3 values break it, first at position 1",
    ),
    ("NaN", ([1, nan, 3], [1, 0, 1]), "durations", "must be present in every row; 1 of 3 values break it"),
    ("None", ([1, None], [1, 0]), "durations", "must be present in every row"),
    ("infinite", ([1.0, np.inf], [1, 0]), "durations", "must be finite"),
    ("text", (["1", "2"], [1, 0]), "durations", "must be numbers"),
    ("booleans", ([True, False], [1, 0]), "durations", "must be numbers"),
    ("dates", (np.array(["2026-01-01"], dtype="M8[D]"), [1]), "durations", "must be numbers"),
    ("timedeltas", (pd.Series([timedelta(days=3)]), [1]), "durations", "must be numbers; got timedeltas"),
    ("one number", (5, [1]), "durations", "must be one column of numbers; got one number"),
    ("two columns", (np.ones((2, 2)), [1, 1]), "durations", "must be one column of numbers; got the shape"),
    ("fewer flags", ([1, 2, 3], [1, 0]), "observed", "must be as long as `durations`; got 2 for 3"),
    ("one flag for all", ([1, 2, 3], [True]), "observed", "must be as long as `durations`; got 1 for 3"),
    ("a flag", ([1], True), "observed", "must be"),
    ("a missing flag", ([1, 2], [True, None]), "observed", "must be present in every row; 1 of 2"),
    ("a missing number", ([1, 2], [1, None]), "observed", "must be True or False, or 1 or 0; 1 of 2"),
    ("other numbers", ([1, 2], [1, 2]), "observed", "must be True or False, or 1 or 0; 1 of 2"),
    ("words", ([1, 2], ["yes", "no"]), "observed", "must be numbers"),
    ("flags in two columns", ([1, 2], np.ones((2, 1), bool)), "observed", "must be one column"),
]


@pytest.mark.parametrize(("columns", "argument", "message"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_input(columns: tuple[Any, Any], argument: str, message: str) -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        kaplan_meier(*columns)
    assert caught.value.argument == argument
    assert f"kaplan_meier: `{argument}` {message}" in str(caught.value)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([1], "must be as long as `durations`"),
        ([1, -1], "must be >= 0"),
        ([1, 0.5], "must be whole numbers"),
        ([1, nan], "must be present in every row"),
        ([1, np.inf], "must be finite"),
        ([2**61, 2**61], "must add up to less than"),
        (["a", "b"], "must be numbers"),
    ],
)
def test_bad_counts(counts: list[Any], message: str) -> None:
    with pytest.raises(csm.MetricInputError, match=f"`counts` {message}"):
        kaplan_meier([1, 2], [1, 0], counts=counts)
