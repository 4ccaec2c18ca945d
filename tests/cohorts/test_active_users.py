"""Users active in trailing days, compared with plain Python, with published windows, and case by case."""

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
DRAWN = drawn(50)
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
    assert set(map(str, result.dtypes)) == {"Int64"}
    assert list(result.index.names) == ["period", *KEYS[:by]]
    assert result.index.is_unique
    labels = [key if by else (key,) for key in result.index]
    keys = [(key[0].start_time.to_pydatetime(), *key[1:]) for key in labels]
    assert [key[0] for key in keys] == sorted(key[0] for key in keys)
    rows = result.astype(object).where(result.notna(), None).to_numpy().tolist()
    return dict(zip(keys, map(tuple, rows), strict=True))


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
    # a group without events before the end has no users
    assert all(set(numbers) <= {0, None} for numbers in extra.values())
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
WINDOWS = st.fixed_dictionaries(
    {},
    optional={
        "wau": st.integers(1, 12),
        "mau": st.integers(1, 40),
        "since": st.integers(-40, 50).map(lambda day: (BASE + timedelta(days=day)).date()),
    },
)


@pytest.mark.parametrize("by", [0, 1, 2])
@given(data=st.data())
@DRAWN
def test_against_the_definition(by: int, data: st.DataObject) -> None:
    check(data.draw(logs(by)), by, data.draw(ENDS), **data.draw(WINDOWS))


@given(events=logs(tz=BERLIN), whole=st.booleans())
@DRAWN
def test_aware_times(events: list[Event], whole: bool) -> None:
    """Days are those of the wall clock, also over the change to summer time."""
    check(events, as_of=date(2024, 4, 2) if whole else None)


@given(events=logs(), end=ENDS, seed=st.randoms(use_true_random=False))
@DRAWN
def test_laws(events: list[Event], end: Any, seed: Any) -> None:
    """For any events, a day's users are among the week's users, and those are among the month's."""
    result = check(events, as_of=end)
    assert (result["dau"] <= result["wau"]).fillna(True).all()
    assert (result["wau"] <= result["mau"]).fillna(True).all()
    assert result.isna().sum().tolist() == [0, min(6, len(result)), min(27, len(result))]
    shuffled = [*events, *events[:3]]
    seed.shuffle(shuffled)
    pd.testing.assert_frame_equal(check(shuffled, as_of=end), result)
    pd.testing.assert_frame_equal(check(events, as_of=end, wau=28, mau=7)[["dau"]], result[["dau"]])
    one = check(events, as_of=end, wau=1, mau=1)
    assert one["dau"].equals(one["wau"].rename("dau"))
    assert one["dau"].equals(one["mau"].rename("dau"))


@pytest.mark.parametrize("by", [0, 1])
@pytest.mark.parametrize("freq", ["W", "W-WED", "M", "Q-JAN"])
@given(data=st.data())
@DRAWN
def test_calendar_periods(freq: str, by: int, data: st.DataObject) -> None:
    events, end = data.draw(logs(by)), data.draw(ENDS)
    since = data.draw(st.none() | st.integers(-40, 50).map(lambda day: (BASE + timedelta(days=day)).date()))
    stamp = pd.Timestamp(end) if isinstance(end, datetime) else end
    chosen = {"by": list(KEYS[:by])} if by else {}
    result = csm.cohorts.active_users(frame(events, by), freq=freq, since=since, as_of=stamp, **chosen)
    assert list(map(str, result.dtypes)) == ["float64", "Int64"]
    labels = [key if by else (key,) for key in result.index]
    keys = [(key[0].start_time.to_pydatetime(), *key[1:]) for key in labels]
    rows = result.astype(object).where(result.notna(), None).to_numpy().tolist()
    got = dict(zip(keys, map(tuple, rows), strict=True))
    expected = brute.active_by_period(events, freq, as_of=end, since=since)
    assert {key: got.get(key) for key in expected} == expected


def test_a_month_by_hand() -> None:
    """The board's month: the mean day over all its days, and everyone who came; a month cut off is missing."""
    rows = [("ann", f"2026-02-{day:02}") for day in range(1, 15)] + [("bob", "2026-02-20"), ("cid", "2026-01-15")]
    result = csm.cohorts.active_users(made(*rows), freq="M", as_of="2026-03-10")
    assert [str(period) for period in result.index] == ["2026-01", "2026-02"]
    assert result["mau"].tolist() == [pd.NA, 2]
    assert result["dau"].iloc[1] == 15 / 28
    assert result.csm.stickiness().iloc[1] == pytest.approx(100 * 15 / 56)
    assert "The data begins within 2026-01" in result.attrs["notes"][0]
    whole = csm.cohorts.active_users(made(*rows), freq="M", since="2026-01-01", as_of="2026-03-10")
    assert whole["mau"].tolist() == [1, 2]
    assert whole.attrs["notes"] == []


def test_periods_of_active_users() -> None:
    events = made(("ann", "2026-03-01"))
    with pytest.raises(csm.MetricInputError, match=r"`freq` must be D, W, M, Q or Y"):
        csm.cohorts.active_users(events, freq="h")
    with pytest.raises(csm.MetricInputError, match=r"`wau, mau` must be left out with freq="):
        csm.cohorts.active_users(events, freq="M", mau=30)
    assert len(csm.cohorts.active_users(events.iloc[:0], freq="M")) == 0
    assert len(csm.cohorts.active_users(events, freq="M")) == 0


# ------------------------------------------------------------------------------------------------- published figures

CASES = json.loads((Path(__file__).parent / "cases" / "active_users.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
@pytest.mark.parametrize("column", ["wau", "mau"])
def test_published_windows(case: dict[str, Any], column: str) -> None:
    """The first instant of the first day is in the window; the last one of the day before and the day after are not."""
    first, day = date.fromisoformat(case["first"]), date.fromisoformat(case["day"])
    rows = [
        ("too early", f"{first - timedelta(days=1)}T23:59:59"),
        ("first", f"{first}T00:00:00"),
        ("last", f"{day}T23:59:59"),
        ("too late", f"{day + timedelta(days=1)}T00:00:00"),
    ]
    result = csm.cohorts.active_users(made(*rows), **{column: case["days"]}, since=first - timedelta(days=80))
    assert result.loc[str(day), column].item() == 2
    assert result.loc[str(day - timedelta(days=1)), column].item() == 2  # "too early" and "first"
    assert result.loc[str(day), "dau"].item() == 1


# ------------------------------------------------------------------------------------------------------ case by case


def test_by_hand() -> None:
    """ann comes on days 1, 2 and 9, bob on day 1: the week up to day 8 has ann's day 2, but no longer bob's day 1."""
    events = made(("ann", "2026-03-01"), ("bob", "2026-03-01"), ("ann", "2026-03-02"), ("ann", "2026-03-09"))
    result = csm.cohorts.active_users(events, since="2026-01-01").loc["2026-03-01":]
    assert result.index.equals(pd.period_range("2026-03-01", "2026-03-09", freq="D", name="period"))
    assert result["dau"].tolist() == [2, 1, 0, 0, 0, 0, 0, 0, 1]
    assert result["wau"].tolist() == [2, 2, 2, 2, 2, 2, 2, 1, 1]
    assert result["mau"].tolist() == [2] * 9


def test_a_user_who_stays_counts_once_in_every_window() -> None:
    rows = [("ann", f"2026-03-{day:02d}T{hour:02d}:00") for day in range(1, 32) for hour in (8, 9)]
    result = csm.cohorts.active_users(made(*rows), as_of="2026-03-31", since="2026-01-01").loc["2026-03"]
    assert result.to_numpy().tolist() == [[1, 1, 1]] * 31


def test_days_without_anybody_have_their_row() -> None:
    """A day without users has a row of 0, also after the last event and up to the end of the data."""
    result = csm.cohorts.active_users(made(("ann", "2026-03-01")), as_of="2026-03-31", since="2026-01-15")
    assert len(result) == 76
    assert (result.loc[:"2026-02-28"].fillna(0) == 0).all(axis=None)
    result = result.loc["2026-03"]
    assert result["dau"].tolist() == [1] + [0] * 30
    assert result["wau"].tolist() == [1] * 7 + [0] * 24
    assert result["mau"].tolist() == [1] * 28 + [0] * 3


def test_over_midnight() -> None:
    """Two events a minute apart, around midnight, make a user active on both days."""
    events = made(("ann", "2026-03-01T23:59"), ("ann", "2026-03-02T00:00"))
    result = csm.cohorts.active_users(events, as_of="2026-03-02")
    assert result["dau"].tolist() == [1, 1]


def test_leap_day_and_months_of_different_length() -> None:
    """The window is always 28 days: 2 to 29 February in a leap year, 1 to 28 February otherwise."""
    leap = csm.cohorts.active_users(made(("ann", "2024-02-01"), ("bob", "2024-03-01")), since="2024-01-01")
    assert leap.loc["2024-02-28", "mau"].item() == 1
    assert leap.loc["2024-02-29", "mau"].item() == 0
    common = csm.cohorts.active_users(made(("ann", "2023-02-01"), ("bob", "2023-03-01")), since="2023-01-01")
    assert common.loc["2023-02-28", "mau"].item() == 1
    assert common.loc["2023-03-01", "mau"].item() == 1


def test_the_last_day_must_be_over() -> None:
    """Data that ends at noon has no figures for that day; a midnight, or a date, means the whole day."""
    noon = made(("ann", "2026-03-01T09:00"), ("bob", "2026-03-02T12:00"))
    assert csm.cohorts.active_users(noon)["dau"].tolist() == [1]
    assert csm.cohorts.active_users(noon, as_of="2026-03-02")["dau"].tolist() == [1, 1]
    assert csm.cohorts.active_users(noon, as_of=datetime(2026, 3, 2, 13))["dau"].tolist() == [1]
    assert csm.cohorts.active_users(made(("ann", "2026-03-01T09:00"), ("bob", "2026-03-02")))["dau"].tolist() == [1]
    assert csm.cohorts.active_users(made(("ann", "2026-03-01"), ("bob", "2026-03-02")))["dau"].tolist() == [1, 1]
    # later events are left out
    assert csm.cohorts.active_users(noon, as_of="2026-03-01")["dau"].tolist() == [1]
    # no day is over yet
    for nothing in (
        csm.cohorts.active_users(noon, as_of=datetime(2026, 3, 1, 10)),
        csm.cohorts.active_users(noon, as_of="2026-02-28"),
    ):
        assert len(nothing) == 0
        assert list(nothing.columns) == COLUMNS


def test_windows_are_missing_until_they_are_full() -> None:
    """28 users in turn, one a day: the first 27 days have no month behind them, and no stickiness."""
    rows = [(day % 28, str(date(2026, 1, 1) + timedelta(days=day))) for day in range(60)]
    result = csm.cohorts.active_users(made(*rows))
    assert result["wau"].isna().tolist() == [True] * 6 + [False] * 54
    assert result["mau"].isna().tolist() == [True] * 27 + [False] * 33
    sticky = result.csm.stickiness()
    assert sticky.isna().tolist() == [True] * 27 + [False] * 33
    assert sticky.iloc[27:].round(2).eq(3.57).all()


@pytest.mark.parametrize(
    ("since", "first"),
    [
        ("2026-02-01", "2026-02-01"),
        (date(2026, 2, 1), "2026-02-01"),
        (pd.Period("2026-02", "M"), "2026-02-01"),
        (np.datetime64("2026-02"), "2026-02-01"),
        (datetime(2026, 2, 1, 10), "2026-02-02"),
        ("2026-03-02", "2026-03-02"),
    ],
    ids=repr,
)
def test_since_when_the_data_is_complete(since: Any, first: str) -> None:
    """The rows begin with the first day that is covered from its midnight on, with or without events."""
    events = made(("ann", "2026-03-01"), ("bob", "2026-03-02"), ("bob", "2026-03-20"))
    result = csm.cohorts.active_users(events, since=since)
    assert str(result.index[0]) == first
    assert str(result.index[-1]) == "2026-03-20"
    assert result["wau"].isna().sum() == 6
    assert result.loc["2026-03-20"].tolist()[:2] == [1, 1]
    assert len(csm.cohorts.active_users(events, since="2026-05-01")) == 0


def test_since_is_one_date() -> None:
    events = made(("ann", "2026-03-01"))
    for wrong in ("soon", 3, ["2026-03-01"]):
        with pytest.raises(csm.MetricInputError, match="`since` must be one date"):
            csm.cohorts.active_users(events, since=wrong)
    with pytest.raises(csm.MetricInputError, match="`since` must all have a time zone, or none"):
        csm.cohorts.active_users(events, since=datetime(2026, 3, 1, tzinfo=UTC))


def test_summer_time() -> None:
    """29 March 2026 has 23 hours in Berlin and is one day; 23:30 UTC is the next day in Berlin."""
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
    """A user in two groups is active in both; every group has a row for every day."""
    events = [
        Event("ann", datetime(2026, 3, 1), group=("x",)),
        Event("ann", datetime(2026, 3, 2), group=("y",)),
        Event("bob", datetime(2026, 3, 3), group=("x",)),
    ]
    result = check(events, 1, wau=2)
    assert result.loc[pd.IndexSlice[:, "x"], "dau"].tolist() == [1, 0, 1]
    assert result.loc[pd.IndexSlice[:, "y"], "dau"].tolist() == [0, 1, 0]
    assert result.loc[pd.IndexSlice[:, "x"], "wau"].tolist() == [pd.NA, 1, 1]
    assert check(events, wau=3).loc["2026-03-03", "wau"].item() == 2  # together ann is one user
    missing = csm.cohorts.active_users(frame(events, 1).assign(plan=["x", None, "x"]), by="plan")
    assert [pd.isna(key) for _, key in missing.index] == [False, True] * 3


@pytest.mark.parametrize(
    "ids",
    [[1, 2], [-(2**62), 2**63 - 1], [2**64 - 1, 0], ["ann", "Ann"], [1.5, 1.25], [("a", 1), ("a", 2)]],
    ids=repr,
)
def test_every_kind_of_user_id(ids: list[Any]) -> None:
    days = [(0, 1), (1, 1), (0, 3), (1, 12), (0, 12), (0, 12)]
    check([Event(ids[who], datetime(2026, 3, day, 9)) for who, day in days], as_of=date(2026, 3, 14))


def test_a_category_nobody_has_is_no_user() -> None:
    events = made(("ann", "2026-03-01"), ("bob", "2026-03-01"))
    events["user"] = events["user"].astype("category").cat.add_categories(["aaa", "zed"])
    assert csm.cohorts.active_users(events, mau=1)["mau"].tolist() == [2]


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
    result = csm.cohorts.active_users(made(*rows), mau=2)
    assert result.csm.stickiness().tolist()[1:] == [30.0]


def test_bad_rows() -> None:
    events = pd.DataFrame(
        {"user": ["ann", None, "bob", np.nan, "cid"], "time": ["2026-03-01", "2026-03-01", "soon", None, "2026-03-02"]},
        index=["r0", "r1", "r2", "r3", "r4"],
    )
    with pytest.raises(csm.MetricInputError, match=r"2 of 5.*r1.*r3"):
        csm.cohorts.active_users(events)
    result = csm.cohorts.active_users(events, on_bad_rows="report")
    assert result["dau"].tolist() == [1, 1]
    left_out = result.attrs["excluded"].frame
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
    assert set(map(str, result.dtypes)) == {"Int64"}
