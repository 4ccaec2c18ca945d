"""New, returning, resurrected and dormant users, compared with the definitions, published counts, and case by case."""

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
COLUMNS = ["active", "new_users", "returning", "resurrected", "dormant"]


def frame(events: list[Event], by: int = 0) -> pd.DataFrame:
    columns = {"user": [e.user for e in events], "time": pd.Series([e.time for e in events])}
    return pd.DataFrame(columns | {KEYS[i]: [e.group[i] for e in events] for i in range(by)})


def made(*rows: tuple[Any, str]) -> pd.DataFrame:
    """Make events of (user, time)."""
    return pd.DataFrame({"user": [u for u, _ in rows], "time": pd.to_datetime([t for _, t in rows], format="ISO8601")})


def first_instant(label: Any) -> datetime:
    """Return the first instant of a period; hours with a time zone are labelled by theirs, compared in UTC."""
    first = label.start_time if isinstance(label, pd.Period) else label.tz_convert("UTC").tz_localize(None)
    return first.to_pydatetime()


def check(events: list[Event], by: int = 0, as_of: Any = None, freq: str = "M", **options: Any) -> pd.DataFrame:
    events = [e._replace(group=e.group[:by]) for e in events]
    table = frame(events, by)
    before = table.copy(deep=True)
    stamp = pd.Timestamp(as_of) if isinstance(as_of, datetime) else as_of
    chosen = {"by": list(KEYS[:by])} if by else {}
    result = csm.cohorts.lifecycle(table, freq=freq, as_of=stamp, **chosen, **options)
    pd.testing.assert_frame_equal(table, before)

    assert list(result.columns) == COLUMNS
    assert set(map(str, result.dtypes)) == {"int64"}
    assert list(result.index.names) == ["period", *KEYS[:by]]
    assert result.index.is_unique
    labels = [key if by else (key,) for key in result.index]
    keys = [(first_instant(key[0]), *key[1:]) for key in labels]
    assert [key[0] for key in keys] == sorted(key[0] for key in keys)
    got = dict(zip(keys, map(tuple, result.to_numpy().tolist()), strict=True))
    expected = brute.lifecycle(events, freq=freq, as_of=as_of, **options)
    extra = {key: numbers for key, numbers in got.items() if key not in expected}
    assert {key: got.get(key) for key in expected} == expected
    # a group without events before the end has no users
    assert all(not any(numbers) for numbers in extra.values())
    assert not extra or {key[1:] for key in extra}.isdisjoint({key[1:] for key in expected})
    return result


def assert_adds_up(result: pd.DataFrame) -> None:
    """Check for one group: active = new + returning + resurrected = active before + new + resurrected - dormant."""
    parts = result["new_users"] + result["returning"] + result["resurrected"]
    assert result["active"].tolist() == parts.tolist()
    before = result["active"].shift(1, fill_value=0)
    change = result["new_users"] + result["resurrected"] - result["dormant"]
    assert result["active"].tolist() == (before + change).tolist()
    assert (result >= 0).to_numpy().all()


# ----------------------------------------------------------------------------------------------- drawn, against brute

SPANS = {"h": 3, "D": 20, "W": 80, "M": 400, "Q": 1200, "Y": 3000}  # days over which events are drawn
BASE = datetime(2024, 2, 20)  # a leap day is near
CLOCK = [(0, 0, 0), (0, 0, 1), (5, 30, 0), (12, 0, 0), (23, 59, 59)]


@cache
def moments(freq: str, tz: Any = None) -> st.SearchStrategy[datetime]:
    hours = st.tuples(st.integers(0, 23), st.sampled_from([0, 59]), st.just(0))
    clock = hours if freq == "h" else st.sampled_from(CLOCK)
    return st.builds(
        lambda d, c: (BASE + timedelta(days=d)).replace(hour=c[0], minute=c[1], second=c[2], tzinfo=tz),
        st.integers(0, SPANS[freq]),
        clock,
    )


@cache
def logs(freq: str, by: int = 0, tz: Any = None) -> st.SearchStrategy[list[Event]]:
    users = st.sampled_from(["ann", "bob", "cid", "dan", "eve"])
    groups = st.tuples(*[st.sampled_from(["x", "y"])] * by)
    one = st.builds(lambda u, t, g: Event(u, t, group=g), users, moments(freq, tz), groups)
    return st.lists(one, min_size=1, max_size=40)


@cache
def ends(freq: str) -> st.SearchStrategy[Any]:
    return st.none() | moments(freq) | moments(freq).map(lambda t: t.date())


@pytest.mark.parametrize("freq", list(SPANS))
@given(data=st.data())
@DRAWN
def test_against_the_definition(freq: str, data: st.DataObject) -> None:
    assert_adds_up(check(data.draw(logs(freq)), freq=freq, as_of=data.draw(ends(freq))))


@pytest.mark.parametrize("by", [1, 2])
@given(data=st.data())
@DRAWN
def test_groups_against_the_definition(by: int, data: st.DataObject) -> None:
    freq = data.draw(st.sampled_from(["D", "W", "M"]))
    result = check(data.draw(logs(freq, by)), by, data.draw(ends(freq)), freq)
    for _, group in result.groupby(list(KEYS[:by])):
        assert_adds_up(group)


@given(events=logs("D", tz=BERLIN), freq=st.sampled_from(["D", "W", "M"]), whole=st.booleans())
@DRAWN
def test_aware_times(events: list[Event], freq: str, whole: bool) -> None:
    moved = [e._replace(time=e.time + timedelta(days=30)) for e in events]  # over the change to summer time
    check(moved, freq=freq, as_of=date(2024, 4, 30) if whole else None)


@given(events=logs("D"), end=ends("D"), seed=st.randoms(use_true_random=False))
@DRAWN
def test_order_and_repetition_do_not_matter(events: list[Event], end: Any, seed: Any) -> None:
    shuffled = [*events, *events[:5]]
    seed.shuffle(shuffled)
    pd.testing.assert_frame_equal(check(shuffled, freq="D", as_of=end), check(events, freq="D", as_of=end))


# ------------------------------------------------------------------------------------------------- published figures

CASES = json.loads((Path(__file__).parent / "cases" / "lifecycle.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_published_counts(case: dict[str, Any]) -> None:
    rows = [(user, day) for user, days in case["activity"].items() for day in days]
    result = csm.cohorts.lifecycle(made(*rows), freq="D").loc[case["first"] :]
    assert {name: result[name].tolist() for name in case["expected"]} == case["expected"]
    expected = case["expected"]
    active = [sum(some) for some in zip(*(expected[n] for n in ("new_users", "returning", "resurrected")), strict=True)]
    assert result["active"].tolist() == active
    if "quick_ratio" in case:
        ratios = [None if np.isnan(r) else r for r in result.csm.lifecycle_quick_ratio()]
        assert ratios == case["quick_ratio"]


# ------------------------------------------------------------------------------------------------------ case by case


def test_by_hand() -> None:
    """ann comes every month except March and April, bob only in February."""
    events = made(("ann", "2026-01-15"), ("ann", "2026-02-15"), ("bob", "2026-02-28"), ("ann", "2026-05-01"))
    result = csm.cohorts.lifecycle(events, as_of="2026-05-31")
    assert result.index.equals(pd.period_range("2026-01", "2026-05", freq="M", name="period"))
    assert result.to_dict("list") == {
        "active": [1, 2, 0, 0, 1],
        "new_users": [1, 1, 0, 0, 0],
        "returning": [0, 1, 0, 0, 0],
        "resurrected": [0, 0, 0, 0, 1],
        "dormant": [0, 0, 2, 0, 0],  # counted once, in the first month away, and not in every month away
    }


def test_months_are_the_default() -> None:
    events = made(("ann", "2026-01-31T23:59:59"), ("ann", "2026-02-01"), ("bob", "2026-02-28T23:59:59"))
    assert csm.cohorts.lifecycle(events)["returning"].tolist() == [0, 1]


def test_new_is_the_first_activity_up_to_now() -> None:
    """The earliest event decides, not the first row of the table."""
    events = made(("ann", "2026-03-03"), ("ann", "2026-03-01"), ("ann", "2026-03-02"))
    result = csm.cohorts.lifecycle(events, freq="D")
    assert result["new_users"].tolist() == [1, 0, 0]
    assert result["returning"].tolist() == [0, 1, 1]


def test_the_running_period_is_left_out() -> None:
    """A user not yet seen in March is not dormant, because March is not over."""
    events = made(("ann", "2026-01-15"), ("ann", "2026-02-15"), ("bob", "2026-03-10T12:00"))
    assert [str(month) for month in csm.cohorts.lifecycle(events).index] == ["2026-01", "2026-02"]
    whole = csm.cohorts.lifecycle(events, as_of="2026-03-31")
    assert whole["dormant"].tolist() == [0, 0, 1]
    # data dated by day up to the month's last day covers the month
    assert len(csm.cohorts.lifecycle(made(("ann", "2026-01-15"), ("ann", "2026-03-31")))) == 3
    assert len(csm.cohorts.lifecycle(made(("ann", "2026-01-15"), ("ann", "2026-03-31T09:00")))) == 2


def test_an_end_within_the_data() -> None:
    """Events after the end of the data are not counted."""
    events = made(("ann", "2026-01-15"), ("ann", "2026-02-15"), ("bob", "2026-03-10"))
    result = csm.cohorts.lifecycle(events, as_of="2026-02-28")
    assert result["active"].tolist() == [1, 1]
    for as_of in ("2026-01-30", "2025-12-31"):  # no month is over yet
        nothing = csm.cohorts.lifecycle(events, as_of=as_of)
        assert len(nothing) == 0
        assert list(nothing.columns) == COLUMNS


def test_silence_up_to_the_end() -> None:
    """Months without users have a row."""
    result = csm.cohorts.lifecycle(made(("ann", "2026-01-15")), as_of="2026-04-30")
    assert result["active"].tolist() == [1, 0, 0, 0]
    assert result["dormant"].tolist() == [0, 1, 0, 0]


def test_leap_day() -> None:
    """29 February 2024 is the day between the 28th and 1 March, and the last of its month."""
    days = csm.cohorts.lifecycle(made(("ann", "2024-02-28"), ("bob", "2024-02-29"), ("ann", "2024-03-01")), freq="D")
    assert days["dormant"].tolist() == [0, 1, 1]
    assert days["resurrected"].tolist() == [0, 0, 1]
    assert len(csm.cohorts.lifecycle(made(("ann", "2024-02-01")), as_of="2024-02-28")) == 0
    assert len(csm.cohorts.lifecycle(made(("ann", "2024-02-01")), as_of="2024-02-29")) == 1


@given(events=logs("W"), end=ends("W"))
@DRAWN
def test_weeks_from_sunday_against_the_definition(events: list[Event], end: Any) -> None:
    assert_adds_up(check(events, freq="W-SAT", as_of=end))


def test_weeks_begin_on_monday() -> None:
    """Sunday 8 and Monday 9 March 2026 are in two weeks if weeks begin on Monday, in one if they begin on Sunday."""
    result = csm.cohorts.lifecycle(made(("ann", "2026-03-08"), ("ann", "2026-03-09")), freq="W", as_of="2026-03-15")
    assert result["returning"].tolist() == [0, 1]
    assert [str(week) for week in result.index] == ["2026-03-02/2026-03-08", "2026-03-09/2026-03-15"]
    sunday = csm.cohorts.lifecycle(made(("ann", "2026-03-08"), ("ann", "2026-03-09")), freq="W-SAT", as_of="2026-03-15")
    assert [str(week) for week in sunday.index] == ["2026-03-08/2026-03-14"]
    assert sunday["active"].tolist() == [1]


def test_groups() -> None:
    """A user in two groups is new in both; a user who moves is dormant in the old group and new in the other."""
    events = [
        Event("ann", datetime(2026, 1, 5), group=("x",)),
        Event("ann", datetime(2026, 2, 5), group=("y",)),
        Event("bob", datetime(2026, 3, 31), group=("x",)),
    ]
    result = check(events, 1)
    assert result.loc[pd.IndexSlice[:, "x"], "dormant"].tolist() == [0, 1, 0]
    assert result.loc[pd.IndexSlice[:, "y"], "new_users"].tolist() == [0, 1, 0]
    assert check(events)["returning"].tolist() == [0, 1, 0]
    assert result.csm.by("plan").lifecycle_quick_ratio().to_dict() == {"x": 2.0, "y": 1.0}
    missing = csm.cohorts.lifecycle(frame(events, 1).assign(plan=[None, "y", None]), by="plan")
    assert [pd.isna(key) for _, key in missing.index] == [False, True] * 3


def test_clocks() -> None:
    """The column's own time zone decides the day; times with and without a zone never mix."""
    time = pd.to_datetime(["2026-03-28T23:30Z", "2026-03-29T21:30Z", "2026-03-29T22:30Z"]).tz_convert("Europe/Berlin")
    events = pd.DataFrame({"user": ["ann", "ann", "ann"], "time": time})
    result = csm.cohorts.lifecycle(events, freq="D", as_of="2026-03-30")
    assert result["active"].tolist() == [1, 1]  # 29 and 30 March
    hours = csm.cohorts.lifecycle(events, freq="h", as_of=pd.Timestamp("2026-03-30T03:00", tz="Europe/Berlin"))
    assert hours["active"].sum() == 3
    with pytest.raises(csm.MetricInputError, match="time zone"):
        csm.cohorts.lifecycle(events, as_of=datetime(2026, 3, 30))
    with pytest.raises(csm.MetricInputError, match="time zone"):
        csm.cohorts.lifecycle(made(("ann", "2026-03-30")), as_of=datetime(2026, 3, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    "ids",
    [[1, 2], [-(2**62), 2**63 - 1], [2**64 - 1, 0], ["ann", "Ann"], [1.5, 1.25], [("a", 1), ("a", 2)]],
    ids=repr,
)
def test_every_kind_of_user_id(ids: list[Any]) -> None:
    days = [(0, 1), (1, 1), (0, 3), (1, 4), (0, 4), (0, 12)]
    check([Event(ids[who], datetime(2026, 3, day, 9)) for who, day in days], freq="D", as_of=date(2026, 3, 14))


def test_bad_rows() -> None:
    events = pd.DataFrame(
        {"user": ["ann", None, "bob", "cid"], "time": ["2026-01-01", "2026-01-01", None, "2026-02-28"]},
        index=["r0", "r1", "r2", "r3"],
    )
    with pytest.raises(csm.MetricInputError, match=r"1 of 4.*r1"):
        csm.cohorts.lifecycle(events)
    result = csm.cohorts.lifecycle(events, on_bad_rows="report")
    assert result["new_users"].tolist() == [1, 1]
    left_out = result.attrs["excluded"].frame
    assert left_out.index.tolist() == ["r1", "r2"]
    assert list(left_out.columns) == ["user", "time", "reason"]
    assert "user" in left_out["reason"].loc["r1"]
    assert "time" in left_out["reason"].loc["r2"]
    with pytest.raises(csm.MetricInputError, match="on_bad_rows"):
        csm.cohorts.lifecycle(events, on_bad_rows=False)


@pytest.mark.parametrize("freq", ["month", "m", "ME", None, 30], ids=repr)
def test_unknown_periods(freq: Any) -> None:
    with pytest.raises(csm.MetricInputError, match="freq"):
        csm.cohorts.lifecycle(made(("ann", "2026-01-01")), freq=freq)


def test_missing_columns() -> None:
    for argument in ("user", "time", "by"):
        with pytest.raises(csm.MissingColumnError, match="nowhere"):
            csm.cohorts.lifecycle(made(("ann", "2026-01-01")), **{argument: "nowhere"})


@pytest.mark.parametrize("by", [None, "plan"])
def test_an_empty_frame(by: str | None) -> None:
    events = made(("ann", "2026-03-01")).assign(plan="x").iloc[:0]
    result = csm.cohorts.lifecycle(events, by=by)
    assert len(result) == 0
    assert list(result.columns) == COLUMNS
    assert list(result.index.names) == (["period"] if by is None else ["period", "plan"])
    assert set(map(str, result.dtypes)) == {"int64"}
