"""Users active in trailing days: against the definition in plain Python, against published windows, case by case."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm

from ..drawn import drawn
from . import brute_events as brute
from .brute_events import Event

BERLIN = ZoneInfo("Europe/Berlin")
DRAWN = drawn(100)
KEYS = ("plan", "region")
COLUMNS = ["dau", "wau", "mau"]


def frame(events: list[Event], by: int = 0) -> pd.DataFrame:
    columns = {"user": [e.user for e in events], "time": pd.Series([e.time for e in events])}
    return pd.DataFrame(columns | {KEYS[i]: [e.group[i] for e in events] for i in range(by)})


def made(*rows: tuple[Any, str]) -> pd.DataFrame:
    """Make events of (user, time)."""
    return pd.DataFrame({"user": [u for u, _ in rows], "time": pd.to_datetime([t for _, t in rows], format="ISO8601")})


def as_table(result: pd.DataFrame, by: int = 0) -> brute.Table:
    """Take a result apart: first instant of the period and group, and the numbers."""
    assert list(result.columns) == COLUMNS
    assert set(map(str, result.dtypes)) == {"int64"}
    assert list(result.index.names) == ["period", *KEYS[:by]]
    assert result.index.is_unique
    labels = [key if by else (key,) for key in result.index]
    keys = [(key[0].start_time.to_pydatetime(), *key[1:]) for key in labels]
    assert [key[0] for key in keys] == sorted(key[0] for key in keys)
    return dict(zip(keys, map(tuple, result.to_numpy().tolist()), strict=True))


def check(events: list[Event], by: int = 0, as_of: Any = None, **options: Any) -> pd.DataFrame:
    events = [e._replace(group=e.group[:by]) for e in events]
    table = frame(events, by)
    before = table.copy(deep=True)
    stamp = pd.Timestamp(as_of) if isinstance(as_of, datetime) else as_of
    chosen = {"by": list(KEYS[:by])} if by else {}
    result = csm.cohorts.active_users(table, as_of=stamp, **chosen, **options)
    pd.testing.assert_frame_equal(table, before)
    expected = brute.active_users(events, as_of=as_of, **options)
    got = as_table(result, by)
    extra = {key: numbers for key, numbers in got.items() if key not in expected}
    assert {key: got.get(key) for key in expected} == expected
    # a group of which nothing lies before the end has nobody in it
    assert all(numbers == (0, 0, 0) for numbers in extra.values())
    assert not extra or {key[1:] for key in extra}.isdisjoint({key[1:] for key in expected})
    return result


# ----------------------------------------------------------------------------------------------- drawn, against brute

BASE = datetime(2024, 2, 20)  # a leap day is near
CLOCK = [(0, 0, 0), (0, 0, 1), (5, 30, 0), (12, 0, 0), (23, 59, 59)]


@cache
def moments(tz: Any = None, span: int = 45) -> st.SearchStrategy[datetime]:
    return st.builds(
        lambda d, c: (BASE + timedelta(days=d)).replace(hour=c[0], minute=c[1], second=c[2], tzinfo=tz),
        st.integers(0, span),
        st.sampled_from(CLOCK),
    )


@cache
def logs(by: int = 0, tz: Any = None) -> st.SearchStrategy[list[Event]]:
    users = st.sampled_from(["ann", "bob", "cid", "dan", "eve"])
    groups = st.tuples(*[st.sampled_from(["x", "y"])] * by)
    one = st.builds(lambda u, t, g: Event(u, t, group=g), users, moments(tz), groups)
    return st.lists(one, min_size=1, max_size=40)


ENDS = st.none() | moments() | moments().map(lambda t: t.date())
WINDOWS = st.fixed_dictionaries({}, optional={"wau": st.integers(1, 12), "mau": st.integers(1, 40)})


@pytest.mark.parametrize("by", [0, 1, 2])
@given(data=st.data())
@DRAWN
def test_against_the_definition(by: int, data: st.DataObject) -> None:
    check(data.draw(logs(by)), by, data.draw(ENDS), **data.draw(WINDOWS))


@given(events=logs(tz=BERLIN), whole=st.booleans())
@DRAWN
def test_aware_times(events: list[Event], whole: bool) -> None:
    """Days are those of the wall clock, over the change to summer time too."""
    check(events, as_of=date(2024, 4, 2) if whole else None)


@given(events=logs(), end=ENDS, seed=st.randoms(use_true_random=False))
@DRAWN
def test_laws(events: list[Event], end: Any, seed: Any) -> None:
    """What must hold whatever the events: a day's users are among the week's, and those among the month's."""
    result = check(events, as_of=end)
    assert (result["dau"] <= result["wau"]).all()
    assert (result["wau"] <= result["mau"]).all()
    shuffled = [*events, *events[:3]]
    seed.shuffle(shuffled)
    pd.testing.assert_frame_equal(check(shuffled, as_of=end), result)
    pd.testing.assert_frame_equal(check(events, as_of=end, wau=28, mau=7)[["dau"]], result[["dau"]])
    one = check(events, as_of=end, wau=1, mau=1)
    assert one["dau"].equals(one["wau"].rename("dau"))
    assert one["dau"].equals(one["mau"].rename("dau"))


# ------------------------------------------------------------------------------------------------- published figures

CASES = json.loads((Path(__file__).parent / "cases" / "active_users.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
@pytest.mark.parametrize("column", ["wau", "mau"])
def test_published_windows(case: dict[str, Any], column: str) -> None:
    """The first instant of the first day is in the window, the last of the day before is not; nor is the day after."""
    first, day = date.fromisoformat(case["first"]), date.fromisoformat(case["day"])
    rows = [
        ("too early", f"{first - timedelta(days=1)}T23:59:59"),
        ("first", f"{first}T00:00:00"),
        ("last", f"{day}T23:59:59"),
        ("too late", f"{day + timedelta(days=1)}T00:00:00"),
    ]
    result = csm.cohorts.active_users(made(*rows), **{column: case["days"]})
    assert result.loc[str(day), column].item() == 2
    assert result.loc[str(day - timedelta(days=1)), column].item() == 2  # "too early" and "first"
    assert result.loc[str(day), "dau"].item() == 1


# ------------------------------------------------------------------------------------------------------ case by case


def test_by_hand() -> None:
    """ann on days 1, 2 and 9, bob on day 1: on day 8 ann's day 2 is in the week, bob's day 1 no more."""
    events = made(("ann", "2026-03-01"), ("bob", "2026-03-01"), ("ann", "2026-03-02"), ("ann", "2026-03-09"))
    result = csm.cohorts.active_users(events)
    assert result.index.equals(pd.period_range("2026-03-01", "2026-03-09", freq="D", name="period"))
    assert result["dau"].tolist() == [2, 1, 0, 0, 0, 0, 0, 0, 1]
    assert result["wau"].tolist() == [2, 2, 2, 2, 2, 2, 2, 1, 1]
    assert result["mau"].tolist() == [2] * 9


def test_a_user_who_stays_counts_once_in_every_window() -> None:
    rows = [("ann", f"2026-03-{day:02d}T{hour:02d}:00") for day in range(1, 32) for hour in (8, 9)]
    result = csm.cohorts.active_users(made(*rows), as_of="2026-03-31")
    assert result.to_numpy().tolist() == [[1, 1, 1]] * 31


def test_days_without_anybody_have_their_row() -> None:
    """Nobody is 0, not a gap; also after the last event, up to the end of the data."""
    result = csm.cohorts.active_users(made(("ann", "2026-03-01")), as_of="2026-03-31")
    assert len(result) == 31
    assert result["dau"].tolist() == [1] + [0] * 30
    assert result["wau"].tolist() == [1] * 7 + [0] * 24
    assert result["mau"].tolist() == [1] * 28 + [0] * 3


def test_over_midnight() -> None:
    """A minute apart and two days: active on both."""
    result = csm.cohorts.active_users(made(("ann", "2026-03-01T23:59"), ("ann", "2026-03-02T00:00")))
    assert result["dau"].tolist() == [1, 1]


def test_leap_day_and_months_of_different_length() -> None:
    """28 days are 28 days: from 2 February to 29 February in a leap year, from 1 February to the 28th otherwise."""
    leap = csm.cohorts.active_users(made(("ann", "2024-02-01"), ("bob", "2024-03-01")))
    assert leap.loc["2024-02-28", "mau"].item() == 1
    assert leap.loc["2024-02-29", "mau"].item() == 0
    common = csm.cohorts.active_users(made(("ann", "2023-02-01"), ("bob", "2023-03-01")))
    assert common.loc["2023-02-28", "mau"].item() == 1
    assert common.loc["2023-03-01", "mau"].item() == 1


def test_the_last_day_must_be_over() -> None:
    """Data that ends at noon has no figures of that day; a midnight, or a date, is the whole day."""
    noon = made(("ann", "2026-03-01T09:00"), ("bob", "2026-03-02T12:00"))
    assert csm.cohorts.active_users(noon)["dau"].tolist() == [1]
    assert csm.cohorts.active_users(noon, as_of="2026-03-02")["dau"].tolist() == [1, 1]
    assert csm.cohorts.active_users(noon, as_of=datetime(2026, 3, 2, 13))["dau"].tolist() == [1]
    assert csm.cohorts.active_users(made(("ann", "2026-03-01T09:00"), ("bob", "2026-03-02")))["dau"].tolist() == [1, 1]
    # what comes later is not there
    assert csm.cohorts.active_users(noon, as_of="2026-03-01")["mau"].tolist() == [1]
    # not one day is over
    for nothing in (
        csm.cohorts.active_users(noon, as_of=datetime(2026, 3, 1, 10)),
        csm.cohorts.active_users(noon, as_of="2026-02-28"),
    ):
        assert len(nothing) == 0
        assert list(nothing.columns) == COLUMNS


def test_days_before_the_data_count_as_empty() -> None:
    """The first days have windows as long as the others; nobody is known to have been there before."""
    result = csm.cohorts.active_users(made(("ann", "2026-03-01"), ("bob", "2026-03-02")))
    assert result["mau"].tolist() == [1, 2]


def test_summer_time() -> None:
    """29 March 2026 has 23 hours in Berlin, and is one day; 23:30 UTC is the next day there."""
    time = pd.to_datetime(["2026-03-28T23:30Z", "2026-03-29T21:30Z", "2026-03-29T22:30Z"]).tz_convert("Europe/Berlin")
    events = pd.DataFrame({"user": ["ann", "bob", "cid"], "time": time})
    result = csm.cohorts.active_users(events, as_of="2026-03-30")
    assert [str(day) for day in result.index] == ["2026-03-29", "2026-03-30"]
    assert result["dau"].tolist() == [2, 1]
    assert csm.cohorts.active_users(events, as_of=pd.Timestamp("2026-03-29T22:00Z"))["dau"].tolist() == [2]
    with pytest.raises(csm.MetricInputError, match="time zone"):
        csm.cohorts.active_users(events, as_of=datetime(2026, 3, 30))
    with pytest.raises(csm.MetricInputError, match="time zone"):
        csm.cohorts.active_users(made(("ann", "2026-03-30")), as_of=datetime(2026, 3, 30, tzinfo=UTC))


def test_groups() -> None:
    """A user of two groups is active in each; every group has every day."""
    events = [
        Event("ann", datetime(2026, 3, 1), group=("x",)),
        Event("ann", datetime(2026, 3, 2), group=("y",)),
        Event("bob", datetime(2026, 3, 3), group=("x",)),
    ]
    result = check(events, 1)
    assert result.loc[pd.IndexSlice[:, "x"], "dau"].tolist() == [1, 0, 1]
    assert result.loc[pd.IndexSlice[:, "y"], "dau"].tolist() == [0, 1, 0]
    assert result.loc[pd.IndexSlice[:, "x"], "wau"].tolist() == [1, 1, 2]
    assert check(events).loc["2026-03-03", "wau"].item() == 2  # together ann is one user
    missing = csm.cohorts.active_users(frame(events, 1).assign(plan=["x", None, "x"]), by="plan")
    assert [pd.isna(key) for _, key in missing.index] == [False, True] * 3


@pytest.mark.parametrize(
    "ids",
    [[1, 2], [-(2**62), 2**63 - 1], [2**64 - 1, 0], ["ann", "Ann"], [1.5, 1.25], [("a", 1), ("a", 2)], [1, "1"]],
    ids=repr,
)
def test_every_kind_of_user_id(ids: list[Any]) -> None:
    days = [(0, 1), (1, 1), (0, 3), (1, 12), (0, 12), (0, 12)]
    check([Event(ids[who], datetime(2026, 3, day, 9)) for who, day in days], as_of=date(2026, 3, 14))


def test_a_category_nobody_has_is_no_user() -> None:
    events = made(("ann", "2026-03-01"), ("bob", "2026-03-01"))
    events["user"] = events["user"].astype("category").cat.add_categories(["aaa", "zed"])
    assert csm.cohorts.active_users(events)["mau"].tolist() == [2]


def test_columns_by_name_and_dates() -> None:
    events = pd.DataFrame({"account": ["ann", "bob"], "on": [date(2026, 3, 1), date(2026, 3, 3)]})
    assert csm.cohorts.active_users(events, user="account", time="on")["dau"].tolist() == [1, 0, 1]
    events["on"] = events["on"].astype(str)
    assert csm.cohorts.active_users(events, user="account", time="on")["dau"].tolist() == [1, 0, 1]
    with pytest.raises(csm.MissingColumnError, match="account"):
        csm.cohorts.active_users(events)


def test_stickiness_of_a_day() -> None:
    """The columns carry the names of the formulas."""
    rows = [(user, "2026-03-01") for user in range(10)] + [(user, "2026-03-02") for user in range(3)]
    result = csm.cohorts.active_users(made(*rows))
    assert result.csm.stickiness().tolist() == [100.0, 30.0]


def test_bad_rows() -> None:
    events = pd.DataFrame(
        {"user": ["ann", None, "bob", np.nan, "cid"], "time": ["2026-03-01", "2026-03-01", "soon", None, "2026-03-02"]},
        index=["r0", "r1", "r2", "r3", "r4"],
    )
    with pytest.raises(csm.MetricInputError, match=r"2 of 5.*r1.*r3"):
        csm.cohorts.active_users(events)
    result = csm.cohorts.active_users(events, on_bad_rows="report")
    assert result["dau"].tolist() == [1, 1]
    left_out = result.attrs["excluded"]
    assert left_out.index.tolist() == ["r1", "r2", "r3"]
    assert list(left_out.columns) == ["user", "time", "reason"]
    assert ["user" in reason for reason in left_out["reason"]] == [True, False, True]
    assert ["time" in reason for reason in left_out["reason"]] == [False, True, True]
    with pytest.raises(csm.MetricInputError, match="on_bad_rows"):
        csm.cohorts.active_users(events, on_bad_rows="ignore")


@pytest.mark.parametrize("option", ["wau", "mau"])
@pytest.mark.parametrize("wrong", [0, -7, 1.5, True, "7", None], ids=repr)
def test_a_window_is_a_whole_number_of_days(option: str, wrong: Any) -> None:
    with pytest.raises(csm.MetricInputError, match=option):
        csm.cohorts.active_users(made(("ann", "2026-03-01")), **{option: wrong})


@pytest.mark.parametrize("by", [None, "plan"])
def test_an_empty_frame(by: str | None) -> None:
    events = made(("ann", "2026-03-01")).assign(plan="x").iloc[:0]
    result = csm.cohorts.active_users(events, by=by)
    assert len(result) == 0
    assert list(result.columns) == COLUMNS
    assert list(result.index.names) == (["period"] if by is None else ["period", "plan"])
    assert set(map(str, result.dtypes)) == {"int64"}
