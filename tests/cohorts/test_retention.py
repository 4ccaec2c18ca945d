"""Retention from events, compared with the definitions in plain Python, with published figures, and case by case."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

import csmetrics as csm

from ..drawn import drawn
from . import brute_events as brute
from .brute_events import Event

BERLIN = ZoneInfo("Europe/Berlin")
KINDS = ("on", "on_or_after", "on_or_before")
DRAWN = drawn(40)
KEYS = ("plan", "region")


def at(text: str, tz: Any = None) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=tz)


def frame(events: list[Event], by: int = 0) -> pd.DataFrame:
    """Put events into the columns that the builders expect."""
    columns: dict[str, Any] = {
        "user": [e.user for e in events],
        "time": pd.Series([e.time for e in events]),
        "event": [e.event for e in events],
        "value": [e.value for e in events],
    }
    return pd.DataFrame(columns | {KEYS[i]: [e.group[i] for e in events] for i in range(by)})


def made(*rows: tuple[str, str]) -> pd.DataFrame:
    """Make events of (user, time)."""
    return pd.DataFrame({"user": [u for u, _ in rows], "time": pd.to_datetime([t for _, t in rows], format="ISO8601")})


def row(grid: Any, cohort: str, *group: Any) -> list[int | None]:
    """Return a row of counts, with None in cells that are not observed."""
    at = [i for i, p in enumerate(grid.counts.index) if str(p[0] if group else p).startswith(cohort)]
    if group:
        at = [i for i in at if grid.counts.index[i][1:] == group]
    assert len(at) == 1, grid.counts.index
    return [None if v is pd.NA else v for v in grid.counts.iloc[at[0]].tolist()]


def states(grid: Any, position: int) -> str:
    """Return a row of states as their first letters."""
    return "".join(word[0] for word in grid.state.iloc[position])


def plain(key: Any, by: int) -> tuple[datetime, tuple[Any, ...]]:
    """Split a label of the grid into the cohort's first instant and the group."""
    period, group = (key[0], tuple(key[1:])) if by else (key, ())
    first = period.start_time if isinstance(period, pd.Period) else period.tz_convert("UTC").tz_localize(None)
    return first.to_pydatetime(), group


def assert_grid(grid: Any, expected: brute.Grid, by: int = 0, value: bool = False) -> None:
    """Compare every size, count, state and rate; a group without a first event has no members."""
    counts, sizes, state, rates = grid.counts, grid.sizes, grid.state, grid.rates()
    for table in (state, rates):
        assert table.index.equals(counts.index)
        assert table.columns.equals(counts.columns)
    assert sizes.index.equals(counts.index)
    assert list(sizes.index.names) == ["cohort", *KEYS[:by]]
    assert counts.columns.name == "age"
    assert sizes.dtype == grid.members.dtype == np.int64
    assert grid.members.index.equals(sizes.index)
    assert set(map(str, counts.dtypes)) <= {"Int64"}
    assert set(map(str, rates.dtypes)) <= {"float64"}
    assert sizes.index.is_unique
    if not expected.cohorts:
        assert (sizes == 0).all()
        return
    assert list(counts.columns) == expected.columns
    labels = [plain(key, by) for key in sizes.index]
    groups = sorted({group for _, group in labels}, key=repr)
    assert set(groups) >= set(expected.groups)
    assert sorted(labels, key=repr) == sorted([(c, g) for c in expected.cohorts for g in groups], key=repr)
    assert [c for c, _ in labels] == sorted(c for c, _ in labels)
    for i, (cohort, group) in enumerate(labels):
        if group not in expected.groups:
            assert sizes.iloc[i] == 0
            assert counts.iloc[i].fillna(0).eq(0).all()
            continue
        size = expected.sizes[group, cohort]
        assert sizes.iloc[i] == size, (cohort, group)
        assert grid.members.iloc[i] == expected.members[group, cohort], (cohort, group)
        cells = [expected.cells[group, cohort, name] for name in expected.columns]
        assert state.iloc[i].tolist() == [cell.state for cell in cells], (cohort, group)
        assert [None if v is pd.NA else v for v in counts.iloc[i]] == [cell.count for cell in cells], (cohort, group)
        for rate, cell in zip(rates.iloc[i], cells, strict=True):
            if cell.count is None or size <= 0:
                assert np.isnan(rate)
            else:
                assert rate == pytest.approx(100 * cell.count / size, rel=1e-13)
    total = grid.pooled()
    for group in expected.groups:
        line = total.loc[group if by > 1 else group[0]] if by else total
        wanted = [brute.pooled(expected, group, name) for name in expected.columns]
        got = [None if np.isnan(v) else v for v in line]
        assert got == [None if w is None else pytest.approx(w, rel=1e-12) for w in wanted]


def check(events: list[Event], by: int = 0, value: bool = False, as_of: Any = None, **options: Any) -> Any:
    """Run the library and the restatement, compare them and return the grid."""
    events = [e._replace(group=e.group[:by]) for e in events]
    table = frame(events, 0 if "people" in options else by)
    before = table.copy(deep=True)
    named: dict[str, Any] = {}
    strangers = False
    restated = options | {"people": None}
    if "people" in options:
        people = options.pop("people")
        restated["people"] = people
        columns = {"user": list(people), KEYS[0]: [one.group[0] for one in people.values()]}
        started = [one.started for one in people.values()]
        if started[0] is not None:
            columns["signed_up"] = started
            named["started"] = "signed_up"
        named["users"] = pd.DataFrame(columns)
        events = [e._replace(group=()) for e in events]
        known = {user for user, one in people.items()}
        strangers = bool({e.user for e in brute.covered(events, as_of, filter(None, started)).events} - known)
    held = {e.event for e in events}
    openers, comebacks = ((brute.listed(options.get(f"{role}_event")) or set()) - held for role in ("start", "return"))
    refused = pytest.raises(csm.MetricInputError, match="must be an event that a row has")
    warned = pytest.warns(csm.CohortWarning, match="No row has the return_event|not in `users`")
    with refused if openers else warned if comebacks or strangers else nullcontext():
        grid = csm.cohorts.retention(
            table,
            by=list(KEYS[:by]) if by else None,
            value="value" if value else None,
            as_of=as_of if as_of is None else pd.Timestamp(as_of) if isinstance(as_of, datetime) else as_of,
            **named,
            **options,
        )
    if openers:
        reject()  # a misspelt start event has no grid
    pd.testing.assert_frame_equal(table, before)
    assert_grid(grid, brute.retention(events, value=value, as_of=as_of, **restated), by, value)
    return grid


# ----------------------------------------------------------------------------------------------- drawn, against brute

SPANS = {"h": 3, "D": 14, "W": 60, "M": 300, "Q": 800, "Y": 2200}  # days over which events are drawn
BASE = datetime(2024, 2, 20)  # a leap day is near
CLOCK = [(0, 0, 0), (0, 0, 1), (5, 30, 0), (12, 0, 0), (23, 0, 0), (23, 59, 59)]


@cache
def moments(freq: str, tz: Any = None) -> st.SearchStrategy[datetime]:
    hours = st.tuples(st.integers(0, 23), st.sampled_from([0, 59]), st.just(0))
    return st.builds(
        lambda d, c: (BASE + timedelta(days=d)).replace(hour=c[0], minute=c[1], second=c[2], tzinfo=tz),
        st.integers(0, SPANS[freq]),
        hours if freq == "h" else st.sampled_from(CLOCK),
    )


@cache
def logs(freq: str, by: int = 0, most: int = 40, tz: Any = None) -> st.SearchStrategy[list[Event]]:
    one = st.builds(
        Event,
        st.sampled_from(["ann", "bob", "cid", "dan", "eve"]),
        moments(freq, tz),
        st.sampled_from(["open", "buy", "visit"]),
        st.integers(-500, 10**6),
        st.tuples(*[st.sampled_from(["x", "y"])] * by),
    )
    return st.lists(one, min_size=1, max_size=most)


ANCHORED = {"W": ["W-SAT", "W-WED"], "Q": ["Q-JAN", "Q-MAR"], "Y": ["Y-JUN"]}
NAMES = st.none() | st.sampled_from(["open", "buy", ["open", "buy"], ["buy"]])


@cache
@st.composite
def options(draw: st.DrawFn, freq: str) -> dict[str, Any]:
    """Draw any combination of options for one length of periods."""
    out: dict[str, Any] = {
        "freq": draw(st.sampled_from([freq, *ANCHORED.get(freq, [])])),
        "kind": draw(st.sampled_from(KINDS)),
        "cohort": draw(st.sampled_from(["first", "recurring"])),
        "min_events": draw(st.sampled_from([1, 1, 2, 3])),
        "brackets": draw(st.none() | st.lists(st.integers(1, 4), min_size=1, max_size=3)),
        "age_zero": draw(st.sampled_from([None, "size", "returned"])),
        "as_of": draw(st.none() | moments(freq) | moments(freq).map(lambda t: t.date())),
    }
    if out["kind"] == "on_or_after":
        out["horizon"] = draw(st.none() | st.integers(1, 8))
    for name in ("start_event", "return_event"):
        chosen = draw(NAMES)
        if chosen is not None:
            out[name] = chosen
    return out


@pytest.mark.parametrize("freq", list(SPANS))
@given(data=st.data())
@DRAWN
def test_calendar_periods(freq: str, data: st.DataObject) -> None:
    check(data.draw(logs(freq, most=25 if freq == "h" else 40)), **data.draw(options(freq)))


@pytest.mark.parametrize("freq", ["h", "D", "W", "M"])
@given(data=st.data())
@DRAWN
def test_windows_from_the_own_start(freq: str, data: st.DataObject) -> None:
    check(data.draw(logs(freq, most=25 if freq == "h" else 40)), window="elapsed", **data.draw(options(freq)))


@pytest.mark.parametrize("window", ["calendar", "elapsed"])
@given(data=st.data())
@DRAWN
def test_sums_of_a_column(window: str, data: st.DataObject) -> None:
    freq = data.draw(st.sampled_from(["D", "W", "M"]))
    check(data.draw(logs(freq)), value=True, window=window, **data.draw(options(freq)))


@pytest.mark.parametrize("by", [1, 2])
@given(data=st.data())
@DRAWN
def test_groups(by: int, data: st.DataObject) -> None:
    freq = data.draw(st.sampled_from(["D", "W", "M"]))
    window = data.draw(st.sampled_from(["calendar", "elapsed"]))
    value = data.draw(st.booleans())
    check(data.draw(logs(freq, by)), by, value, window=window, **data.draw(options(freq)))


@pytest.mark.parametrize("window", ["calendar", "elapsed"])
@given(data=st.data())
@DRAWN
def test_groups_of_the_start(window: str, data: st.DataObject) -> None:
    """A user belongs to one group, that of its start, so the sizes add up to those without groups."""
    chosen = data.draw(options("D")) | {"window": window}
    events = data.draw(logs("D", 2))
    grid = check(events, 2, data.draw(st.booleans()), by_at="start", **chosen)
    together = csm.cohorts.retention(frame(events), **{**chosen, "return_event": None}).members
    assert grid.members.groupby(level=0).sum().tolist() == together.tolist()


@pytest.mark.parametrize("window", ["calendar", "elapsed"])
@pytest.mark.parametrize("told", [True, False])
@given(data=st.data())
@DRAWN
def test_a_table_of_users(window: str, told: bool, data: st.DataObject) -> None:
    """With or without starts: who never came is in the size, whom the table does not hold is left out."""
    chosen = data.draw(options("D")) | {"window": window}
    if told:
        chosen |= {"cohort": "first"}
        if chosen["age_zero"] == "size":
            chosen |= {"age_zero": None}
    names = ["ann", "bob", "cid", "fay", "gus"]
    drawn = st.builds(brute.Person, moments("D") if told else st.none(), st.tuples(st.sampled_from(["x", "y"])))
    people = data.draw(st.dictionaries(st.sampled_from(names), drawn, min_size=1))
    check(data.draw(logs("D")), 1, data.draw(st.booleans()), people=people, **chosen)


@pytest.mark.parametrize("window", ["calendar", "elapsed"])
@given(data=st.data())
@DRAWN
def test_aware_times(window: str, data: st.DataObject) -> None:
    """Times around the change to summer time, with and without `as_of`."""
    freq = data.draw(st.sampled_from(["h", "D", "W", "M"]))
    shift = timedelta(days=data.draw(st.sampled_from([36, 39])))  # the days before 2024-03-31 in Berlin
    events = data.draw(logs(freq, most=20, tz=BERLIN))
    events = [e._replace(time=(e.time + shift) if freq in "hD" else e.time) for e in events]
    events = [e for e in events if is_real(e.time)]
    if not events:
        return
    end = data.draw(st.none() | st.sampled_from([e.time for e in events]) | st.just(date(2024, 3, 31)))
    chosen = {**data.draw(options(freq)), "as_of": end}
    check(events, window=window, **chosen)


@pytest.mark.parametrize("window", ["calendar", "elapsed"])
@given(data=st.data())
@DRAWN
def test_aware_times_in_autumn(window: str, data: st.DataObject) -> None:
    """Times around the end of summer time, in both of the hours that the clock shows twice."""
    freq = data.draw(st.sampled_from(["h", "D"]))
    shift = timedelta(days=data.draw(st.sampled_from([248, 250])))  # 2024-10-27 in Berlin is near
    fold = st.integers(0, 1)
    events = [
        e._replace(time=(e.time + shift).replace(fold=data.draw(fold)))
        for e in data.draw(logs(freq, most=15, tz=BERLIN))
    ]
    chosen = {**data.draw(options(freq)), "as_of": date(2024, 10, 29)}
    check(events, window=window, **chosen)


def is_real(t: datetime) -> bool:
    """Check whether the clock ever shows this time; it skips an hour in spring."""
    return t.astimezone(UTC).astimezone(t.tzinfo).replace(tzinfo=None) == t.replace(tzinfo=None)


@pytest.mark.parametrize("rows", [1, 2, 5])
@given(data=st.data())
@DRAWN
def test_the_size_of_blocks_does_not_matter(rows: int, data: st.DataObject) -> None:
    """Long logs are processed in blocks; no block may split the events of one user."""
    window = data.draw(st.sampled_from(["calendar", "elapsed"]))
    freq, by, value = (
        data.draw(st.sampled_from(["D", "M"])),
        data.draw(st.sampled_from([0, 1])),
        data.draw(st.booleans()),
    )
    with pytest.MonkeyPatch.context() as patch:
        for module in ("_packing", "_memberships"):
            patch.setattr(import_module(f"csmetrics.cohorts.{module}"), "ROWS", rows)
        patch.setattr(import_module("csmetrics.cohorts._packing"), "BLOCK", rows)
        check(data.draw(logs(freq, by)), by, value, window=window, **data.draw(options(freq)))


@given(events=logs("D"), chosen=options("D"), seed=st.randoms(use_true_random=False))
@DRAWN
def test_the_order_of_rows_does_not_matter(events: list[Event], chosen: dict[str, Any], seed: Any) -> None:
    shuffled = list(events)
    seed.shuffle(shuffled)
    one, two = check(events, **chosen), check(shuffled, **chosen)
    pd.testing.assert_series_equal(one.sizes, two.sizes)
    pd.testing.assert_frame_equal(one.counts, two.counts)
    pd.testing.assert_frame_equal(one.state, two.state)


@given(events=logs("D"), chosen=options("D"))
@DRAWN
def test_laws(events: list[Event], chosen: dict[str, Any]) -> None:
    """Laws that hold for any grid, checked without the restatement."""
    grid = check(events, **chosen)
    counts = grid.counts
    observed = grid.state.eq("observed")
    assert counts.notna().equals(observed)
    for column in counts.columns:
        assert (counts[column].fillna(0) <= grid.sizes).all()
    if chosen["brackets"] is None:
        across = counts.iloc[:, 1:].astype("Float64").to_numpy(float, na_value=np.nan)
        steps = np.diff(across, axis=1)
        steps = steps[~np.isnan(steps)]
        if chosen["kind"] == "on_or_after":
            assert (steps <= 0).all()
        if chosen["kind"] == "on_or_before":
            assert (steps >= 0).all()
    users = {e.user for e in events}
    if chosen["cohort"] == "first":
        assert grid.sizes.sum() <= len(users)


@given(events=logs("D"), chosen=options("D"))
@DRAWN
def test_kinds_agree(events: list[Event], chosen: dict[str, Any]) -> None:
    """A user who comes on a day also comes on or after it, and on or before it."""
    on, after, before = (
        check(events, **{**chosen, "kind": kind, "brackets": None, "horizon": None}).counts for kind in KINDS
    )
    for one in (after, before):
        assert on.columns.equals(one.columns)
        both = (on <= one).fillna(True)
        assert bool(both.to_numpy().all())


# ------------------------------------------------------------------------------------------------- published figures

CASES = Path(__file__).parent / "cases"


def cases(*names: str) -> Any:
    found = [case for name in names for case in json.loads((CASES / name).read_text(encoding="utf-8"))["cases"]]
    return pytest.mark.parametrize("case", found, ids=lambda case: case["id"])


@cases("retention_calendar.json", "retention_brackets.json", "retention_windows.json")
def test_published_triangles(case: dict[str, Any]) -> None:
    events = pd.DataFrame(case["events"], columns=["user", "time", "event"])
    events["time"] = pd.to_datetime(events["time"])
    grid = csm.cohorts.retention(events, as_of=case["as_of"], **case["options"])
    first = [period.start_time == pd.Timestamp(case["first_row"]) for period in grid.counts.index].index(True)
    for i, expected in enumerate(case["counts"]):
        assert grid.counts.iloc[first + i, : len(expected)].tolist() == expected, grid.counts.index[first + i]
        assert states(grid, first + i)[: len(expected)] == "o" * len(expected)
        assert grid.sizes.iloc[first + i] == expected[0]
    if "columns" in case:
        assert list(grid.counts.columns) == case["columns"]
    elif case["options"].get("window") != "elapsed":
        assert list(grid.counts.columns) == list(range(len(grid.counts)))


def test_every_published_triangle_is_there() -> None:
    found = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in CASES.glob("ret*.json")}
    counted = {name: len(file["cases"]) for name, file in found.items()}
    assert counted == {
        "retention_averages.json": 6,
        "retention_brackets.json": 2,
        "retention_calendar.json": 8,
        "retention_kinds.json": 1,
        "retention_windows.json": 11,
    }


@cases("retention_averages.json")
def test_the_rate_of_all_cohorts_is_the_rate_of_their_sums(case: dict[str, Any]) -> None:
    """The pooled rate is retained / size, both summed over the cohorts observed at that age, and no other average.

    Other averages in use: the mean of the rates, in which the smallest cohort weighs as much as the largest; and
    Mixpanel's average, which weighs each rate by its size twice.
    """
    start, rows = datetime(2026, 3, 2, 9), []
    amounts = case.get("amounts")
    for i, size in enumerate(case["sizes"]):
        began = start + timedelta(days=i)
        rows += [(f"{i}-{n}", began, 1) for n in range(size)]
        if amounts:
            rows.append((f"{i}-0", began + timedelta(days=1), amounts[i]))
        else:
            rows += [(f"{i}-{n}", began + timedelta(days=1), 1) for n in range(case["retained"][i])]
    # noon of the day on which the first cohort still in progress is one day old
    running = len(case["sizes"]) - case.get("in_progress", 0)
    as_of = start + timedelta(days=running + 1, hours=3) if case.get("in_progress") else start + timedelta(days=30)
    events = pd.DataFrame(rows, columns=["user", "time", "value"])
    events = events[events["time"] <= as_of]
    grid = csm.cohorts.retention(events, freq="D", as_of=as_of, value="value" if amounts else None)
    got = grid.pooled()[1]
    assert got == pytest.approx(case["pooled"], rel=1e-9)
    assert all(abs(got - rival) > 0.5 for rival in case["rivals"].values())
    rates = grid.rates()[1].iloc[:running]
    if "per_cohort" in case:
        assert rates.tolist() == pytest.approx(case["per_cohort"])
    if "simple mean" in case["rivals"] and "in_progress" not in case:
        assert rates.mean() == pytest.approx(case["rivals"]["simple mean"])
    assert grid.sizes.iloc[:running].tolist() == case["sizes"][:running]


@cases("retention_kinds.json")
@pytest.mark.parametrize("window", ["calendar", "elapsed"])
def test_three_ways_of_counting(case: dict[str, Any], window: str) -> None:
    installed = datetime(2026, 3, 1, 9)
    rows = [(user, installed + timedelta(days=n)) for user, opened in case["opened"].items() for n in [0, *opened]]
    events = pd.DataFrame(rows, columns=["user", "time"])
    for kind, expected in case["expected"].items():
        grid = csm.cohorts.retention(events, freq="D", kind=kind, window=window, as_of="2026-03-31")
        assert {age: grid.rates()[int(age)].iloc[0] for age in expected} == pytest.approx(expected)
        assert {age: grid.pooled()[int(age)] for age in expected} == pytest.approx(expected)


# -------------------------------------------------------------------------------------------------- what is observed


def test_three_states() -> None:
    """A month is observed once it has ended; the current month and later ones are not 0."""
    events = made(("ann", "2026-01-05"), ("ann", "2026-02-10"), ("bob", "2026-02-03"), ("bob", "2026-03-15T12:00"))
    grid = csm.cohorts.retention(events)
    # the data ends at noon on 15 March: January and February are over, March is in progress
    assert [states(grid, i) for i in range(3)] == ["ooi", "oif", "iff"]
    assert row(grid, "2026-01") == [1, 1, None]
    assert row(grid, "2026-02") == [1, None, None]  # bob came back in March, but March is not over
    assert row(grid, "2026-03") == [None, None, None]
    assert grid.sizes.tolist() == [1, 1, 0]
    assert set(grid.state.to_numpy().ravel()) == {"observed", "in progress", "future"}


def test_only_what_is_observed_has_a_count() -> None:
    """An observed cell without users is 0; a cell that is not observed is missing, never 0."""
    events = made(("ann", "2026-01-05"), ("bob", "2026-02-03"), ("cid", "2026-03-31"))
    grid = csm.cohorts.retention(events)  # the last event is at midnight, so March is complete
    assert row(grid, "2026-01") == [1, 0, 0]
    assert row(grid, "2026-02") == [1, 0, None]
    assert row(grid, "2026-03") == [1, None, None]
    assert grid.rates().isna().equals(grid.state.ne("observed"))
    assert grid.counts.isna().equals(grid.state.ne("observed"))


def test_a_cohort_of_nobody() -> None:
    """A month without new users has a row with size 0, counts of 0 and no rates."""
    events = made(("ann", "2026-01-05"), ("ann", "2026-02-05"), ("bob", "2026-03-05"))
    grid = csm.cohorts.retention(events, as_of="2026-03-31")
    assert grid.sizes.tolist() == [1, 0, 1]
    assert row(grid, "2026-02") == [0, 0, None]
    assert grid.rates().iloc[1].isna().all()
    assert grid.pooled().tolist() == [100.0, 100.0, 0.0]  # 1 of 1 at age 1: February adds nothing


def test_pooled_takes_observed_cells_only() -> None:
    """A cohort that is too young is in neither sum: 1 of 2 at age 1, not 1 of 12 and not 11 of 12."""
    rows = [("a", "2026-01-05"), ("b", "2026-01-05"), ("a", "2026-02-05")]
    rows += [(f"n{i}", "2026-02-07") for i in range(10)] + [(f"n{i}", "2026-03-07T12:00") for i in range(10)]
    grid = csm.cohorts.retention(made(*rows))
    assert grid.pooled()[1] == 50.0
    assert grid.pooled()[0] == 100.0
    assert np.isnan(csm.cohorts.retention(made(*rows), as_of="2026-02-20").pooled()[1])
    assert grid.pooled().index.name == "age"


def test_months_of_different_length() -> None:
    """31 January and 1 February are months 0 and 1; 1 and 28 February are the same month."""
    events = made(("ann", "2026-01-31"), ("ann", "2026-02-01"), ("bob", "2026-02-01"), ("bob", "2026-02-28"))
    grid = csm.cohorts.retention(events)  # 28 February at midnight covers February
    assert row(grid, "2026-01") == [1, 1]
    assert row(grid, "2026-02") == [1, None]
    assert states(grid, 1) == "of"
    # thirty days from 31 January end on 2 March: the user's own month 1 begins there
    elapsed = csm.cohorts.retention(events, window="elapsed", as_of="2026-03-31")
    assert row(elapsed, "2026-01")[:2] == [1, 0]


def test_leap_day() -> None:
    """29 February 2024 is an ordinary day: the last of its month, between the 28th and 1 March."""
    events = made(("ann", "2024-02-28"), ("ann", "2024-02-29"), ("ann", "2024-03-01"), ("bob", "2024-02-29"))
    grid = csm.cohorts.retention(events, freq="D")
    assert [str(day) for day in grid.sizes.index] == ["2024-02-28", "2024-02-29", "2024-03-01"]
    assert row(grid, "2024-02-28") == [1, 1, 1]
    months = csm.cohorts.retention(events, as_of="2024-02-28")
    assert states(months, 0) == "i"  # this February does not end on the 28th
    assert states(csm.cohorts.retention(events, as_of="2024-02-29"), 0) == "o"
    assert states(csm.cohorts.retention(made(("a", "2023-02-01")), as_of="2023-02-28"), 0) == "o"


def test_weeks_from_sunday_and_from_monday() -> None:
    """Sunday 8 March is the last day of a week from Monday, the first of a week from Sunday."""
    events = made(("ann", "2026-03-07"), ("ann", "2026-03-08"), ("ann", "2026-03-09"))
    monday = csm.cohorts.retention(events, freq="W", as_of="2026-03-31")
    sunday = csm.cohorts.retention(events, freq="W-SAT", as_of="2026-03-31")
    assert monday.sizes.index[0].start_time == pd.Timestamp("2026-03-02")
    assert sunday.sizes.index[0].start_time == pd.Timestamp("2026-03-01")
    assert row(monday, "2026-03-02")[:2] == [1, 1]  # the 9th
    assert row(sunday, "2026-03-01")[:2] == [1, 1]  # the 8th and the 9th
    assert monday.sizes.index.freqstr == "W-SUN"  # pandas names a week by its last day
    assert sunday.sizes.index.freqstr == "W-SAT"
    # weeks and days of two years, and quarters across the new year
    assert csm.cohorts.retention(made(("a", "2024-12-30"), ("a", "2025-01-05")), freq="W").sizes.tolist() == [1]


@pytest.mark.parametrize(
    ("freq", "label"),
    [("h", "2026-03-31 09:00"), ("D", "2026-03-31"), ("M", "2026-03"), ("Q", "2026Q1"), ("Y", "2026")],
)
def test_labels(freq: str, label: str) -> None:
    grid = csm.cohorts.retention(made(("ann", "2026-03-31T09:30")), freq=freq)
    assert isinstance(grid.sizes.index, pd.PeriodIndex)
    assert [str(p) for p in grid.sizes.index] == [label]
    assert grid.sizes.index.name == grid.counts.index.name == grid.state.index.name == "cohort"
    assert list(grid.counts.columns) == [0]


# -------------------------------------------------------------------------------------------------- end of the data


def test_data_that_ends_within_a_day() -> None:
    """By default the data ends with the last event, so the day of that event is not over."""
    events = made(("ann", "2026-03-01T09:00"), ("ann", "2026-03-02T09:00"))
    assert row(csm.cohorts.retention(events, freq="D"), "2026-03-01") == [1, None]
    assert states(csm.cohorts.retention(events, freq="D"), 0) == "oi"
    assert row(csm.cohorts.retention(events, freq="D", as_of="2026-03-02"), "2026-03-01") == [1, 1]
    # by the hour, the previous hour is over, and the event's own hour is in progress
    hours = csm.cohorts.retention(events, freq="h")
    assert states(hours, 0) == "o" * 24 + "i"
    assert len(hours.sizes) == 25


def test_an_end_at_midnight_is_the_whole_day() -> None:
    """Data dated by day ends with its last day, not with the first instant of it."""
    events = made(("ann", "2026-03-01"), ("ann", "2026-03-02"))
    assert row(csm.cohorts.retention(events, freq="D"), "2026-03-01") == [1, 1]
    for as_of in (
        "2026-03-02",
        date(2026, 3, 2),
        datetime(2026, 3, 2),
        pd.Timestamp("2026-03-02"),
        np.datetime64("2026-03-02"),
        "2026-03-02T00:00:00",
    ):
        grid = csm.cohorts.retention(events, freq="D", as_of=as_of)
        assert row(grid, "2026-03-01") == [1, 1], as_of
        assert states(grid, 1) == "of", as_of
    # also by the hour: the day's last hour is over
    hours = csm.cohorts.retention(events, freq="h")
    assert len(hours.sizes) == 48
    assert states(hours, 0) == "o" * 48


def test_an_end_past_the_data_and_one_within_it() -> None:
    events = made(("ann", "2026-01-05"), ("ann", "2026-02-05"), ("bob", "2026-02-20"))
    later = csm.cohorts.retention(events, as_of="2026-04-30")
    assert later.sizes.tolist() == [1, 1, 0, 0]
    assert row(later, "2026-01") == [1, 1, 0, 0]  # periods without events up to the end of the data are 0
    # events after the end are not counted, neither as returns nor as new users
    before = csm.cohorts.retention(events, as_of="2026-01-31")
    assert before.sizes.tolist() == [1]
    assert row(before, "2026-01") == [1]
    # an event at the very instant of the end is counted
    morning = made(("ann", "2026-01-05T10:00"), ("bob", "2026-01-05T11:00"))
    assert csm.cohorts.retention(morning, as_of="2026-01-05T11:00").sizes.tolist() == [2]
    assert csm.cohorts.retention(morning, as_of="2026-01-05T10:59").sizes.tolist() == [1]


def test_an_end_before_all_data() -> None:
    """Before the first event there are no cohorts, and that is no error."""
    grid = csm.cohorts.retention(made(("ann", "2026-01-05")), as_of="2025-12-31")
    assert len(grid.sizes) == 0
    assert len(grid.counts) == 0


def test_on_or_after_looks_up_to_the_end_only() -> None:
    """A return in the current month counts as "on or after" the earlier months; a return after the end does not."""
    events = made(("ann", "2026-01-05"), ("ann", "2026-03-10T12:00"), ("bob", "2026-01-07"), ("bob", "2026-04-01"))
    grid = csm.cohorts.retention(events, kind="on_or_after", as_of="2026-03-15T12:00")
    assert row(grid, "2026-01") == [2, 1, None]  # age 2, March, is not over
    assert row(csm.cohorts.retention(events, kind="on_or_after", as_of="2026-03-31"), "2026-01") == [2, 1, 1]


# ---------------------------------------------------------------------------------------------------------- elapsed


@pytest.mark.parametrize("window", ["calendar", "elapsed"])
def test_a_horizon_gives_every_cohort_the_same_time(window: str) -> None:
    """March's user comes back in June: without a horizon its cell at age 1 grows, with one it is fixed."""
    events = [Event(user, at(f"2026-01-{day:02}")) for day, user in enumerate(["ann", "bob"], 5)]
    events += [Event(user, at(f"2026-03-{day:02}")) for day, user in enumerate(["cid", "dee"], 5)]
    events += [Event("ann", at("2026-02-20")), Event("cid", at("2026-06-10"))]
    grown = csm.cohorts.retention(frame(events), kind="on_or_after", window=window, as_of="2026-06-30")
    early = csm.cohorts.retention(frame(events), kind="on_or_after", window=window, as_of="2026-05-10")
    assert [grid.rates().loc["2026-03", 1].item() for grid in (early, grown)] == [0.0, 50.0]
    assert "horizon= gives all of them the same time" in grown.notes[0]
    options = {"kind": "on_or_after", "window": window, "horizon": 2}
    early = check(events, as_of=date(2026, 5, 10), **options)
    late = check(events, as_of=date(2026, 6, 30), **options)
    assert early.rates().loc["2026-01"].tolist()[:2] == late.rates().loc["2026-01"].tolist()[:2] == [100.0, 50.0]
    assert np.isnan(early.rates().loc["2026-03", 1].item())  # the horizon has not passed
    assert late.rates().loc["2026-03", 1].item() == 0.0
    assert late.pooled()[1] == 25.0
    assert list(late.counts.columns) == [0, 1, 2]
    assert late.notes == []


@pytest.mark.parametrize("kind", ["on", "on_or_before"])
def test_a_horizon_is_for_on_or_after(kind: str) -> None:
    with pytest.raises(csm.MetricInputError, match=r"`horizon` needs kind='on_or_after'"):
        csm.cohorts.retention(frame(SAME), kind=kind, horizon=3)


def test_elapsed_days_are_of_24_hours_from_the_own_start() -> None:
    """23:59:59 after the start is age 0, 24:00:00 is age 1: a window includes its start but not its end."""
    start = ("ann", "2026-03-01T17:00")
    ends = {"calendar": "2026-03-10", "elapsed": "2026-03-10"}
    for back, calendar, elapsed in (
        ("2026-03-02T16:59:59", [1, 1, 0], [1, 0, 0]),
        ("2026-03-02T17:00:00", [1, 1, 0], [1, 1, 0]),
        ("2026-03-03T16:59:59", [1, 0, 1], [1, 1, 0]),
        ("2026-03-03T17:00:00", [1, 0, 1], [1, 0, 1]),
        # Amplitude truncates times to the hour first, and would call 17:59 and the next day's 17:00 day 1
    ):
        events = made(start, ("ann", back))
        for window, expected in (("calendar", calendar), ("elapsed", elapsed)):
            grid = csm.cohorts.retention(events, freq="D", window=window, as_of=ends[window])
            assert row(grid, "2026-03-01")[:3] == expected, (window, back)


def test_elapsed_cells_wait_for_the_last_member() -> None:
    """A cell is observed once the window of the member who began last has ended."""
    events = made(("ann", "2026-03-01T01:00"), ("bob", "2026-03-01T22:00"), ("ann", "2026-03-02T03:00"))
    for as_of, expected in (
        ("2026-03-01T23:00", [None, None]),
        ("2026-03-02T00:30", [2, None]),  # 1 March is over, so the cohort's members are known: age 0 is its size
        ("2026-03-03T21:59", [2, None, None]),  # ann's day 1 is over since 01:00, bob's not yet
        ("2026-03-03T22:00", [2, 1, None]),
    ):
        grid = csm.cohorts.retention(events, freq="D", window="elapsed", as_of=as_of)
        assert row(grid, "2026-03-01")[: len(expected)] == expected[: len(grid.counts.columns)], as_of
        assert grid.sizes.iloc[0] == 2


def test_elapsed_months_are_of_30_days() -> None:
    events = made(("ann", "2026-01-31"), ("ann", "2026-03-01T23:59"), ("bob", "2026-01-31"), ("bob", "2026-03-02"))
    grid = csm.cohorts.retention(events, window="elapsed", as_of="2026-12-31")
    assert row(grid, "2026-01")[:3] == [2, 1, 0]  # 29 days and 23:59 are month 0, 30 days are month 1
    assert row(csm.cohorts.retention(events, as_of="2026-12-31"), "2026-01")[:3] == [2, 0, 2]


def test_elapsed_with_recurring_cohorts() -> None:
    """In each period the ages count anew, from the user's first start in that period."""
    events = made(("ann", "2026-03-01T09:00"), ("ann", "2026-03-01T20:00"), ("ann", "2026-03-02T10:00"))
    grid = csm.cohorts.retention(events, freq="D", window="elapsed", cohort="recurring", as_of="2026-03-09")
    assert row(grid, "2026-03-01")[:2] == [1, 1]  # 25 hours after 09:00, although 14 after 20:00
    assert row(grid, "2026-03-02")[:2] == [1, 0]


@pytest.mark.parametrize("freq", ["Q", "Y"])
def test_quarters_and_years_have_no_length_of_their_own(freq: str) -> None:
    with pytest.raises(csm.MetricInputError, match="freq"):
        csm.cohorts.retention(made(("ann", "2026-03-01")), freq=freq, window="elapsed")


# --------------------------------------------------------------------------------------------------- clocks and zones


def test_summer_time_by_the_hour() -> None:
    """Clocks in Berlin jump from 02:00 to 03:00 on 29 March 2026: 03:30 is one hour after 01:30."""
    events = pd.DataFrame(
        {
            "user": ["ann", "ann"],
            "time": pd.to_datetime(["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"]).tz_convert("Europe/Berlin"),
        }
    )
    end = pd.Timestamp("2026-03-29T12:00", tz="Europe/Berlin")
    calendar = csm.cohorts.retention(events, freq="h", as_of=end)
    assert list(map(str, calendar.sizes.index[:2])) == ["2026-03-29 01:00:00+01:00", "2026-03-29 03:00:00+02:00"]
    assert row(calendar, "2026-03-29 01:00")[:4] == [1, 1, 0, 0]
    elapsed = csm.cohorts.retention(events, freq="h", window="elapsed", as_of=end)
    assert row(elapsed, "2026-03-29 01:00")[:4] == [1, 1, 0, 0]


def test_elapsed_days_over_summer_time() -> None:
    """From noon to noon only 23 hours pass on that day, less than an elapsed day."""
    time = pd.Series(pd.to_datetime(["2026-03-28T12:00", "2026-03-29T12:00", "2026-03-29T13:00"]))
    users = ["ann", "ann", "bob"]
    for zone, expected in ((None, 1), ("UTC", 1), ("Europe/Berlin", 0)):
        events = pd.DataFrame({"user": users, "time": time if zone is None else time.dt.tz_localize(zone)})
        grid = csm.cohorts.retention(events, freq="D", window="elapsed", as_of="2026-04-30")
        assert row(grid, "2026-03-28")[:2] == [1, expected], zone
        # calendar days are days by the wall clock, long or short
        assert row(csm.cohorts.retention(events, freq="D", as_of="2026-04-30"), "2026-03-28")[:2] == [1, 1]


def test_winter_time_has_an_hour_twice() -> None:
    """02:30 comes twice on 25 October 2026: two hours, whose labels differ by their offsets."""
    time = pd.to_datetime(["2026-10-25T00:30Z", "2026-10-25T01:30Z"]).tz_convert("Europe/Berlin")
    assert [str(t)[11:16] for t in time] == ["02:30", "02:30"]
    events = pd.DataFrame({"user": ["ann", "ann"], "time": time})
    end = pd.Timestamp("2026-10-25T12:00", tz="Europe/Berlin")
    assert row(csm.cohorts.retention(events, freq="h", as_of=end), "2026-10-25 02:00:00+02:00")[:2] == [1, 1]
    elapsed = csm.cohorts.retention(events, freq="h", window="elapsed", as_of=end)
    assert row(elapsed, "2026-10-25 02:00:00+02:00")[:2] == [1, 1]


def test_days_are_those_of_the_columns_own_clock() -> None:
    """The column's own clock decides the day: 0:30 in Berlin is still the previous day in UTC."""
    utc = pd.to_datetime(["2026-01-01T22:30Z", "2026-01-01T23:30Z"])
    events = pd.DataFrame({"user": ["ann", "ann"], "time": utc})
    assert len(csm.cohorts.retention(events, freq="D").sizes) == 1
    events["time"] = utc.tz_convert("Europe/Berlin")  # 23:30 and 00:30
    grid = csm.cohorts.retention(events, freq="D", as_of="2026-01-02")
    assert [str(day) for day in grid.sizes.index] == ["2026-01-01", "2026-01-02"]
    assert row(grid, "2026-01-01") == [1, 1]


def test_the_end_of_aware_data() -> None:
    """A bare date is a day in the data's own time zone; an aware instant is the same in any zone."""
    time = pd.to_datetime(["2026-03-30T09:00", "2026-03-31T23:30"]).tz_localize("Europe/Berlin")
    events = pd.DataFrame({"user": ["ann", "ann"], "time": time})
    for as_of in (
        "2026-03-31",
        date(2026, 3, 31),
        pd.Timestamp("2026-03-31", tz="Europe/Berlin"),
        datetime(2026, 3, 31, tzinfo=BERLIN),
        pd.Timestamp("2026-04-01T00:30", tz="Europe/Berlin"),
        pd.Timestamp("2026-03-31T22:30", tz="UTC"),  # half past midnight in Berlin
        datetime(2026, 3, 31, 22, 30, tzinfo=UTC),
    ):
        grid = csm.cohorts.retention(events, freq="D", as_of=as_of)
        assert row(grid, "2026-03-30")[:2] == [1, 1], as_of
    early = csm.cohorts.retention(events, freq="D", as_of=pd.Timestamp("2026-03-31T21:00", tz="UTC"))  # 23:00 in Berlin
    assert row(early, "2026-03-30") == [1, None]


@pytest.mark.parametrize("as_of", [datetime(2026, 3, 31, 12), pd.Timestamp("2026-03-31"), "2026-03-31T12:00"], ids=str)
def test_a_naive_end_for_aware_data_is_refused(as_of: Any) -> None:
    events = pd.DataFrame({"user": ["ann"], "time": pd.to_datetime(["2026-03-30T09:00Z"])})
    with pytest.raises(csm.MetricInputError, match="time zone"):
        csm.cohorts.retention(events, as_of=as_of)


@pytest.mark.parametrize(
    "as_of",
    [datetime(2026, 3, 31, tzinfo=UTC), pd.Timestamp("2026-03-31T12:00", tz="UTC"), "2026-03-31T12:00Z"],
    ids=str,
)
def test_an_aware_end_for_naive_data_is_refused(as_of: Any) -> None:
    with pytest.raises(csm.MetricInputError, match="time zone"):
        csm.cohorts.retention(made(("ann", "2026-03-30")), as_of=as_of)


@pytest.mark.parametrize("mode", ["raise", "report"])
def test_naive_beside_aware_in_one_column_is_refused(mode: str) -> None:
    """Without a time zone the order of events is unknown: the whole column is bad, not a single row."""
    times = pd.Series([datetime(2026, 3, 30, 9), datetime(2026, 3, 31, 9, tzinfo=UTC)], dtype=object)
    with pytest.raises(csm.MetricInputError, match="time zone"):
        csm.cohorts.retention(pd.DataFrame({"user": ["ann", "bob"], "time": times}), on_bad_rows=mode)


@pytest.mark.parametrize("as_of", ["soon", 20260331, True, [date(2026, 3, 31)], "2026-02-30", pd.NaT, ""], ids=repr)
def test_an_end_that_is_no_date_is_refused(as_of: Any) -> None:
    with pytest.raises(csm.MetricInputError, match="as_of"):
        csm.cohorts.retention(made(("ann", "2026-03-30")), as_of=as_of)


# ------------------------------------------------------------------------------------------------- kinds of columns

TIMES = {
    "datetime64[s]": lambda t: t.astype("datetime64[s]"),
    "datetime64[ns]": lambda t: t.astype("datetime64[ns]"),
    "text": lambda t: t.dt.strftime("%Y-%m-%dT%H:%M:%S"),
    "text with a space": lambda t: t.dt.strftime("%Y-%m-%d %H:%M:%S"),
    "Python datetimes": lambda t: pd.Series([at.to_pydatetime() for at in t], dtype=object),
    "aware": lambda t: t.dt.tz_localize("Asia/Tokyo"),
    "Arrow": lambda t: t.astype("timestamp[us][pyarrow]"),
    "Arrow, aware": lambda t: t.dt.tz_localize("Asia/Tokyo").astype("timestamp[us, tz=Asia/Tokyo][pyarrow]"),
}
SAME = [
    Event("ann", at("2026-01-31T09:00")),
    Event("ann", at("2026-02-01T08:00")),
    Event("bob", at("2026-02-10T00:00")),
    Event("bob", at("2026-03-31T23:59:59")),
    Event("cid", at("2026-02-28T23:59:59")),
]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("kind", TIMES)
@pytest.mark.parametrize("window", ["calendar", "elapsed"])
def test_every_kind_of_time(kind: str, window: str) -> None:
    table = frame(SAME)
    table["time"] = TIMES[kind](table["time"])
    for freq in ("D", "W", "M"):
        grid = csm.cohorts.retention(table, freq=freq, window=window, as_of="2026-04-30")
        assert_grid(grid, brute.retention(SAME, freq=freq, window=window, as_of=date(2026, 4, 30)))


def test_dates_and_periods() -> None:
    """A date means its midnight; a column of months ends with the last day of the last month."""
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28)]
    for time in (pd.Series(days, dtype=object), pd.Series(days, dtype="date32[pyarrow]"), pd.Series(map(str, days))):
        events = pd.DataFrame({"user": ["ann", "ann", "bob"], "time": time})
        assert row(csm.cohorts.retention(events), "2026-01") == [1, 1]
    months = pd.PeriodIndex(["2026-01", "2026-02", "2026-02"], freq="M")
    grid = csm.cohorts.retention(pd.DataFrame({"user": ["ann", "ann", "bob"], "time": months}))
    assert grid.sizes.tolist() == [1, 1]
    assert row(grid, "2026-01") == [1, 1]
    assert states(grid, 1)[0] == "o"


USERS: dict[str, list[Any]] = {
    "int": [1, 2, 3],
    "sparse int": [-(2**62), 7, 2**63 - 1],
    "int as far apart as they go": [-(2**63), 2**63 - 1, 0],
    "big unsigned": [2**64 - 1, 2**63, 0],
    "text": ["ann", "ANN", "Ann"],
    "float": [1.5, 2.0, -1.0],
    "tuple": [("a", 1), ("a", 2), ("b", 1)],
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("window", ["calendar", "elapsed"])
@pytest.mark.parametrize("kind", USERS)
def test_every_kind_of_user_id(kind: str, window: str) -> None:
    """User ids of any kind work, because they are only compared with each other."""
    ids = USERS[kind]
    events = [e._replace(user=ids[i]) for i, e in zip((0, 0, 1, 1, 2), SAME, strict=True)]
    check(events, freq="W", window=window, as_of=date(2026, 4, 30))
    check([*events, *events], freq="D", window=window, as_of=date(2026, 4, 30), min_events=2)


@pytest.mark.parametrize(
    "dtype", ["category", "string", "string[pyarrow]", "object", "Int64", "int64[pyarrow]", "int8", "uint64"]
)
def test_every_type_of_user_column(dtype: str) -> None:
    expected = brute.retention(SAME, freq="W")
    table = frame(SAME)
    number = table["user"].map({"ann": 3, "bob": 100, "cid": 7})
    table["user"] = number.astype(dtype) if "nt" in dtype else table["user"].astype(dtype)
    if dtype == "category":
        table["user"] = table["user"].cat.add_categories(["nobody", "aaa"])  # a category without rows is not a user
    assert_grid(csm.cohorts.retention(table, freq="W"), expected)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_ids_may_fill_their_type(dtype: str) -> None:
    """The difference between two ids may not fit into their type."""
    limits = np.iinfo(dtype)
    ids = {"ann": limits.min, "bob": limits.max, "cid": limits.max - 1}
    table = frame(SAME)
    table["user"] = table["user"].map(ids).astype(dtype)
    for window in ("calendar", "elapsed"):
        expected = brute.retention(SAME, freq="W", window=window)
        assert_grid(csm.cohorts.retention(table, freq="W", window=window), expected)


@pytest.mark.parametrize("dtype", ["category", "string", "Int64"])
def test_a_missing_user_of_any_type_is_a_bad_row(dtype: str) -> None:
    """Rows without a user are bad: together they would look like one very loyal user."""
    table = frame([*SAME, *SAME[:2]])
    number = table["user"].map({"ann": 3, "bob": 100, "cid": 7})
    table["user"] = (number if dtype == "Int64" else table["user"]).astype(dtype)
    table.loc[[5, 6], "user"] = None
    with pytest.raises(csm.MetricInputError, match=r"2 of 7.*5, 6"):
        csm.cohorts.retention(table, freq="W")
    grid = csm.cohorts.retention(table, freq="W", on_bad_rows="report")
    assert_grid(grid, brute.retention(SAME, freq="W"))
    assert grid.attrs["excluded"].frame.index.tolist() == [5, 6]


def test_names_of_columns_are_arguments() -> None:
    table = frame(SAME, 0).rename(columns={"user": "account", "time": "seen"})
    assert_grid(csm.cohorts.retention(table, user="account", time="seen", freq="W"), brute.retention(SAME, freq="W"))


def test_any_index_of_rows_will_do() -> None:
    table = frame(SAME).set_axis(["r", "r", "s", "t", "u"])
    assert_grid(csm.cohorts.retention(table, freq="W"), brute.retention(SAME, freq="W"))


# ---------------------------------------------------------------------------------------------------- what is counted


def test_users_count_once_however_often_they_come() -> None:
    """The same row twice is two events of one user."""
    events = [*SAME, *SAME, *reversed(SAME)]
    grid = check(events, freq="W")
    assert grid.sizes.tolist() == check(SAME, freq="W").sizes.tolist()
    pd.testing.assert_frame_equal(grid.counts, check(SAME, freq="W").counts)


def test_min_events_is_asked_of_each_period_but_not_of_age_0() -> None:
    """One event on each of two days is not two events in a day; the cohort needs only its first event."""
    events = made(
        ("ann", "2026-03-01T09:00"),
        ("ann", "2026-03-02T09:00"),
        ("ann", "2026-03-03T09:00"),
        ("bob", "2026-03-01T09:00"),
        ("bob", "2026-03-02T09:00"),
        ("bob", "2026-03-02T10:00"),
        ("cid", "2026-03-01T08:00"),
    )
    got = {
        kind: row(csm.cohorts.retention(events, freq="D", kind=kind, min_events=2, as_of="2026-03-04"), "2026-03-01")
        for kind in KINDS
    }
    assert got == {"on": [3, 1, 0, 0], "on_or_after": [3, 1, 0, 0], "on_or_before": [3, 1, 1, 1]}
    wide = csm.cohorts.retention(events, freq="D", min_events=2, brackets=[3], as_of="2026-03-04")
    assert row(wide, "2026-03-01") == [3, 1]  # not 2: ann's two events are on two days


def test_a_user_in_several_groups() -> None:
    """Each group is counted as if it were the only one, over the same periods: ann is new in both."""
    events = [
        Event("ann", at("2026-01-05"), group=("x",)),
        Event("ann", at("2026-02-05"), group=("y",)),
        Event("ann", at("2026-03-05"), group=("x",)),
        Event("bob", at("2026-02-05"), group=("x",)),
    ]
    grid = check(events, 1, as_of=date(2026, 3, 31))
    assert list(grid.sizes.index.names) == ["cohort", "plan"]
    assert row(grid, "2026-01", "x") == [1, 0, 1]
    assert row(grid, "2026-01", "y") == [0, 0, 0]
    assert row(grid, "2026-02", "y") == [1, 0, None]
    assert grid.sizes.sum() == 3  # ann counts twice, as a member of x and of y
    assert csm.cohorts.retention(frame(events, 1), as_of="2026-03-31").sizes.sum() == 2
    total = grid.pooled()
    assert list(total.index) == ["x", "y"]
    assert total.index.name == "plan"
    assert total.loc["x"].tolist() == [100.0, 0.0, 100.0]


def test_one_group_may_be_named_alone_or_in_a_list() -> None:
    events = [Event("ann", at("2026-01-05"), group=("x",)), Event("bob", at("2026-01-05"), group=("y",))]
    one = csm.cohorts.retention(frame(events, 1), by="plan")
    two = csm.cohorts.retention(frame(events, 1), by=["plan"])
    pd.testing.assert_frame_equal(one.counts, two.counts)


@pytest.mark.parametrize("missing", [None, np.nan], ids=repr)
def test_a_missing_group_is_a_group(missing: Any) -> None:
    """Users without a plan are not lost: NaN is their label."""
    table = pd.DataFrame(
        {"user": ["ann", "bob", "bob"], "time": pd.to_datetime(["2026-01-05"] * 3), "plan": ["x", missing, missing]}
    )
    grid = csm.cohorts.retention(table, by="plan")
    assert grid.sizes.tolist() == [1, 1]
    assert [pd.isna(key) for _, key in grid.sizes.index] == [False, True]
    assert len(grid.pooled()) == 2


def test_the_last_event_of_any_group_ends_the_data() -> None:
    """All groups share the end of the data: a group without events was observed as long as the others."""
    events = [Event("ann", at("2026-01-05"), group=("x",)), Event("bob", at("2026-03-31"), group=("y",))]
    assert row(check(events, 1), "2026-01", "x") == [1, 0, 0]


def test_start_and_return_events() -> None:
    """Only start events make cohorts and only return events make returns; other events can only set the data's end."""
    table = pd.DataFrame(
        {
            "user": ["ann", "ann", "bob", "bob", "bob", "cid", "dan", "dan"],
            "time": pd.to_datetime(
                [
                    "2026-01-05",
                    "2026-02-05",
                    "2026-01-10",
                    "2026-02-10",
                    "2026-03-10",
                    "2026-01-01",
                    "2026-01-07",
                    "2026-03-31",
                ]
            ),
            "action": ["signup", "login", "signup", "signup", "login", "login", "signup", None],
        }
    )
    grid = csm.cohorts.retention(table, event="action", start_event="signup", return_event="login")
    assert row(grid, "2026-01") == [3, 1, 1]  # cid never signed up; bob's second sign-up is not a login
    assert grid.sizes.tolist() == [3, 0, 0]
    both = csm.cohorts.retention(table, event="action", start_event=["signup"], return_event=["login", "signup"])
    assert row(both, "2026-01") == [3, 2, 1]
    any_return = csm.cohorts.retention(table, event="action", start_event="signup")
    assert row(any_return, "2026-01") == [3, 2, 2]  # by default every row is a return, even one without an event
    any_start = csm.cohorts.retention(table, event="action", return_event="login")
    assert row(any_start, "2026-01") == [4, 1, 1]
    recurring = csm.cohorts.retention(
        table, event="action", start_event="signup", return_event="login", cohort="recurring"
    )
    assert row(recurring, "2026-02") == [1, 1, None]


def test_returns_before_the_own_start_do_not_count() -> None:
    events = [
        Event("ann", at("2026-01-01T08:00"), "login"),
        Event("ann", at("2026-01-03T09:00"), "signup"),
        Event("ann", at("2026-01-03T08:00"), "login"),
        Event("bob", at("2026-01-01T08:00"), "signup"),
    ]
    for window in ("calendar", "elapsed"):
        for kind in KINDS:
            roles: dict[str, Any] = {"start_event": "signup", "return_event": "login"}
            grid = check(events, freq="D", window=window, kind=kind, as_of=date(2026, 1, 9), **roles)
            assert row(grid, "2026-01-03")[1:3] == [0, 0]


def test_no_event_of_that_name() -> None:
    """A start event that no row has is refused; a return event that no row has is warned of, and the counts are 0."""
    table = frame([e._replace(event="open") for e in SAME])
    for misspelt in ("Open", ["open", "opne"]):
        with pytest.raises(csm.MetricInputError, match=r"start_event.*row has; got 'Op.*'open'\?|opne.*'open'\?"):
            csm.cohorts.retention(table, start_event=misspelt)
    with pytest.warns(csm.CohortWarning, match="No row has the return_event 'sign-up': did you mean 'open'?"):
        zeros = csm.cohorts.retention(table, freq="W", return_event="sign-up", as_of="2026-03-31")
    assert zeros.notes == ["No row has the return_event 'sign-up': did you mean 'open'?"]
    assert zeros.counts.iloc[:, 1:].sum().sum() == 0
    assert zeros.sizes.sum() == 3


def test_an_event_after_the_end_of_the_data_is_no_misspelt_one() -> None:
    """A start event whose rows all lie after `as_of` exists; nobody has started yet."""
    table = frame([Event("ann", at("2026-01-05"), "open"), Event("ann", at("2026-06-05"), "buy")])
    grid = csm.cohorts.retention(table, start_event="buy", as_of="2026-03-31")
    assert len(grid.sizes) == 0
    assert grid.notes == []


def test_an_empty_log_misspells_nothing() -> None:
    assert len(csm.cohorts.retention(frame(SAME).iloc[:0], start_event="buy").sizes) == 0


@pytest.mark.parametrize("role", ["start_event", "return_event"])
@pytest.mark.parametrize(
    ("held", "asked"),
    [([0, 1], "1"), (["0", "1"], 1), (["0", "1"], True), ([0, 1], True), ([0, 1], pd.Timestamp("2026-01-01"))],
    ids=repr,
)
def test_an_event_of_another_type_is_refused(role: str, held: list[Any], asked: Any) -> None:
    table = frame([e._replace(event=held[i % 2]) for i, e in enumerate(SAME)])
    word = "numbers" if isinstance(held[0], int) else "text"
    for column in (table["event"], table["event"].astype(object), table["event"].astype("category")):
        with pytest.raises(csm.MetricInputError, match=f"{role}.*must be of the type that the column .*{word}"):
            csm.cohorts.retention(table.assign(event=column), **{role: asked})


@pytest.mark.parametrize("wrong", [[], [None], [np.nan], [["open"]], {"open": 1}], ids=repr)
def test_what_names_no_event(wrong: Any) -> None:
    with pytest.raises(csm.MetricInputError, match=r"start_event.*must be a kind of event"):
        csm.cohorts.retention(frame(SAME), start_event=wrong)


@pytest.mark.parametrize("dtype", ["category", "string", "object", "string[pyarrow]", "int64"])
def test_event_names_of_any_type(dtype: str) -> None:
    names: list[Any] = ["open", "buy"] if dtype != "int64" else [0, 1]
    events = [e._replace(event=names[i % 2]) for i, e in enumerate(SAME)]
    table = frame(events).astype({"event": dtype})
    for start, back in ((names[0], names[1]), (names, names[:1]), (names[1:], names[0])):
        grid = csm.cohorts.retention(table, freq="W", event="event", start_event=start, return_event=back)
        listed = [[one] if not isinstance(one, list) else one for one in (start, back)]
        expected = brute.retention(events, freq="W", start_event=listed[0], return_event=listed[1])
        assert_grid(grid, expected)


@pytest.mark.parametrize("several", [tuple, set, np.array, pd.Index, pd.Series], ids=lambda kind: kind.__name__)
def test_other_kinds_of_lists_of_events(several: Any) -> None:
    """Other containers are read as lists or refused, never taken for the name of an event."""
    table = frame([e._replace(event="open") for e in SAME])
    expected = csm.cohorts.retention(table, event="event", start_event=["open"])
    assert expected.sizes.sum() == 3
    try:
        grid = csm.cohorts.retention(table, event="event", start_event=several(["open"]))
    except csm.MetricInputError as refused:
        assert "start_event" in str(refused)  # noqa: PT017
    else:
        pd.testing.assert_frame_equal(grid.counts, expected.counts)


def test_event_names_need_their_column() -> None:
    for role in ("start_event", "return_event"):
        with pytest.raises(csm.MissingColumnError, match="no column 'event'"):
            csm.cohorts.retention(frame(SAME).drop(columns="event"), **{role: "open"})


def test_sums_of_cents_are_exact() -> None:
    """Integers stay integers: floats would lose a cent in ninety quadrillion."""
    big = 2**53
    events = [
        Event("ann", at("2026-01-05"), value=big),
        Event("ann", at("2026-01-06"), value=1),
        Event("ann", at("2026-02-05"), value=big + 1),
        Event("bob", at("2026-02-05"), value=-300),
        Event("bob", at("2026-03-05"), value=-200),
    ]
    grid = check(events, value=True, as_of=date(2026, 3, 31))
    assert grid.sizes.tolist() == [big + 1, -300, 0]
    assert row(grid, "2026-01") == [big + 1, big + 1, 0]
    assert row(grid, "2026-02") == [-300, -200, None]


def test_sums_too_large_for_an_integer_are_refused() -> None:
    """A sum past int64 is refused, never wrapped around to a negative amount."""
    events = [Event(user, at("2026-01-05"), value=2**62) for user in ("ann", "bob")]
    with pytest.raises(csm.MetricInputError, match="value"):
        csm.cohorts.retention(frame(events), value="value")


def test_sums_of_floats() -> None:
    table = made(("ann", "2026-01-05"), ("bob", "2026-01-06"), ("ann", "2026-02-05")).assign(paid=[10.5, 9.5, 5.0])
    grid = csm.cohorts.retention(table, value="paid", as_of="2026-02-28")
    assert grid.sizes.tolist() == [20.0, 0.0]
    assert grid.counts.iloc[0].tolist() == [20.0, 5.0]
    assert grid.rates()[1].iloc[0] == 25.0
    assert pd.isna(grid.counts.iloc[1, 1])


def test_a_value_in_brackets_and_on_or_before() -> None:
    """With a value, age 0 counts the amounts of the first day, and "on or before" and "on or after" have it, too."""
    events = [Event("ann", at(f"2026-03-0{1 + i}T09:00"), value=10**i) for i in range(5)]
    end: Any = date(2026, 3, 31)
    before = check(events, value=True, freq="D", kind="on_or_before", as_of=end)
    assert row(before, "2026-03-01")[:6] == [1, 11, 111, 1111, 11111, 11111]
    after = check(events, value=True, freq="D", kind="on_or_after", as_of=end)
    assert row(after, "2026-03-01")[:6] == [11111, 11110, 11100, 11000, 10000, 0]
    brackets = check(events, value=True, freq="D", brackets=[2, 3], as_of=end)
    assert row(brackets, "2026-03-01") == [1, 110, 11000]


def test_one_age_across_cohorts() -> None:
    """`grid.counts[1]` and `grid.rates()[1]` are day 1 (or month 1) of every cohort."""
    events = made(("ann", "2026-01-05"), ("bob", "2026-01-06"), ("ann", "2026-02-05"), ("cid", "2026-02-09"))
    grid = csm.cohorts.retention(events, as_of="2026-03-31")
    month_1 = grid.counts[1]
    assert isinstance(month_1, pd.Series)
    assert month_1.index.equals(grid.sizes.index)
    assert month_1.iloc[:2].tolist() == [1, 0]
    assert month_1.iloc[2] is pd.NA
    assert grid.rates()[1].iloc[:2].tolist() == [50.0, 0.0]
    assert grid.rates()[1].isna().tolist() == [False, False, True]
    assert csm.cohorts.retention(events, as_of="2026-03-31", brackets=[2]).counts["1-2"].iloc[0] == 1


def test_brackets() -> None:
    """Brackets are lengths, counted from age 1; a bracket is observed once its last period has ended."""
    events = made(("ann", "2026-03-01"), ("ann", "2026-03-04"), ("bob", "2026-03-03"))
    grid = csm.cohorts.retention(events, freq="D", brackets=[2, 2, 5])
    assert list(grid.counts.columns) == ["0", "1-2", "3-4", "5-9"]
    assert grid.counts.columns.name == "age"
    assert states(grid, 0) == "ooif"  # 4 March is over: 1-2 are observed, 3-4 in progress, 5-9 in the future
    assert row(grid, "2026-03-01") == [1, 0, None, None]
    whole = csm.cohorts.retention(events, freq="D", brackets=[2, 2, 5], as_of="2026-03-10")
    assert row(whole, "2026-03-01") == [1, 0, 1, 0]
    assert states(whole, 2) == "oooi"  # from 3 March: 6 and 7 March are over, 8 to 12 March are in progress
    assert csm.cohorts.retention(events, freq="D", brackets=(2, 2, 5)).counts.equals(grid.counts)
    assert list(csm.cohorts.retention(events, freq="D", brackets=np.array([2])).counts.columns) == ["0", "1-2"]


# --------------------------------------------------------------------------------------------------------- as text


def test_text() -> None:
    grid = csm.cohorts.retention(made(("ann", "2026-01-05"), ("bob", "2026-01-09"), ("ann", "2026-02-05T12:00")))
    text = repr(grid)
    lines = text.splitlines()
    assert "RetentionGrid" in lines[0]
    january = next(line for line in lines if line.startswith("2026-01"))
    assert january.split() == ["2026-01", "2", "100.0"]  # February is in progress: blank, neither 0 nor nan
    assert not re.search(r"nan|<NA>|None", text)
    assert str(grid) == text


def test_html() -> None:
    events = made(("ann", "2026-01-05"), ("bob", "2026-01-09"), ("ann", "2026-02-05"), ("cid", "2026-03-01T12:00"))
    html = csm.cohorts.retention(events.assign(plan="a<b>&c"), by="plan")._repr_html_()
    assert html.count("<table") == html.count("</table>") == 1
    assert html.count("<tr") == html.count("</tr>") == 4
    assert not re.search(r">\s*(nan|<NA>|&lt;NA&gt;|None)\s*<", html, re.IGNORECASE)
    cells = [re.sub(r"&#8239;|\s", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", html)]
    assert cells == ["2", "100.0%", "50.0%", "", "0", "", "", "", "1", "", "", ""]  # no users in February
    assert "a&lt;b&gt;&amp;c" in html  # markup in the data stays text
    assert "a<b>" not in html


def test_what_was_left_out_is_shown() -> None:
    events = made(("ann", "2026-01-05"), (None, "2026-01-09"), ("", "2026-02-05"))
    for kept in (events, events.iloc[1:]):  # with cohorts, and without any
        grid = csm.cohorts.retention(kept, on_bad_rows="report")
        assert repr(grid).splitlines()[-1] == "Left out: 2 rows: 2 x `user` is missing"
        assert "<p>Left out: 2 rows: 2 x `user` is missing</p>" in grid._repr_html_()
    assert "Left out" not in repr(csm.cohorts.retention(events.iloc[:1], on_bad_rows="report"))


def test_text_of_an_empty_and_of_a_large_grid() -> None:
    empty = csm.cohorts.retention(made(("ann", "2026-01-05")), as_of="2025-01-01")
    assert "RetentionGrid" in repr(empty)
    assert isinstance(empty._repr_html_(), str)
    large = csm.cohorts.retention(made(("ann", "2025-01-05"), ("ann", "2026-01-05")), freq="D")
    assert len(large.sizes) == 366
    assert len(repr(large).splitlines()) < 100
    assert len(large._repr_html_()) < 200_000


# ------------------------------------------------------------------------------------------------- empty and refused


@pytest.mark.parametrize("chosen", [{}, {"brackets": [2, 3]}, {"window": "elapsed"}, {"by": "plan"}, {"value": "paid"}])
def test_an_empty_frame(chosen: dict[str, Any]) -> None:
    """A frame without rows gives a complete grid without cohorts."""
    table = made(("ann", "2026-01-05")).assign(plan="x", paid=1).iloc[:0]
    grid = csm.cohorts.retention(table, freq="W", **chosen)
    assert len(grid.sizes) == len(grid.counts) == len(grid.state) == len(grid.rates()) == 0
    assert list(grid.sizes.index.names) == (["cohort", "plan"] if "by" in chosen else ["cohort"])
    assert grid.pooled().isna().to_numpy().all()
    assert "brackets" not in chosen or list(grid.counts.columns) == ["0", "1-2", "3-5"]
    if "by" not in chosen:
        assert grid.sizes.index.freqstr == "W-SUN"
    assert "RetentionGrid" in repr(grid)


def test_words_for_today_are_no_dates() -> None:
    """pandas reads "today" as a date, but the same table would give another figure tomorrow."""
    for word in ("now", "today", "NOW"):
        with pytest.raises(csm.MetricInputError, match="1 of 2"):
            csm.cohorts.retention(pd.DataFrame({"user": ["ann", "bob"], "time": ["2026-01-05", word]}))


def test_bad_rows_do_not_end_the_data() -> None:
    """Only good rows count: the last good row ends the data, whatever type the times have."""
    table = pd.DataFrame(
        {"user": ["ann", "ann", None], "time": pd.to_datetime(["2026-01-31", "2026-02-28", "2026-06-30"])}
    )
    months = table.assign(time=pd.PeriodIndex(table["time"], freq="M"))
    for events in (table, months):
        grid = csm.cohorts.retention(events, on_bad_rows="report")
        assert grid.sizes.tolist() == [1, 0]
        assert row(grid, "2026-01") == [1, 1]


BAD = {
    "user None": ("user", None, "user"),
    "user NaN": ("user", np.nan, "user"),
    "user NA": ("user", pd.NA, "user"),
    "time None": ("time", None, "time"),
    "time NaT": ("time", pd.NaT, "time"),
    "time no date": ("time", "yesterday", "time"),
    "time not in the calendar": ("time", "2026-02-30", "time"),
    "value missing": ("value", None, "value"),
    "value NaN": ("value", np.nan, "value"),
    "value infinite": ("value", np.inf, "value"),
    "value minus infinite": ("value", -np.inf, "value"),
}


def spoiled(column: str, wrong: Any) -> pd.DataFrame:
    """Return three good rows, and two bad ones labelled r1 and r3."""
    times = ["2026-01-05", "2026-01-06", "2026-02-05", "2026-02-06", "2026-02-28"]
    users: list[Any] = ["ann", "bob", "ann", "bob", "ann"]
    table = pd.DataFrame({"user": users, "time": times, "value": [1.0, 2.0, 3.0, 4.0, 5.0]}, index=list("abcde"))
    table = table.set_axis([f"r{i}" for i in range(5)])
    if column == "value":
        table["value"] = table["value"].astype(object if wrong is None else float)
    else:
        table[column] = table[column].astype(object)
    table.loc[["r1", "r3"], column] = wrong
    return table


@pytest.mark.parametrize("kind", BAD)
def test_bad_rows_raise(kind: str) -> None:
    """The error says how many rows are bad, and which."""
    column, wrong, argument = BAD[kind]
    with pytest.raises(csm.MetricInputError) as caught:
        csm.cohorts.retention(spoiled(column, wrong), value="value")
    text = str(caught.value)
    assert f"`{argument}`" in text
    assert "2" in text
    assert "r1" in text
    assert "r3" in text
    assert "on_bad_rows" in text


@pytest.mark.parametrize("kind", BAD)
def test_bad_rows_are_reported(kind: str) -> None:
    """Bad rows are left out of the figures and returned unchanged, with the reason."""
    column, wrong, argument = BAD[kind]
    table = spoiled(column, wrong)
    grid = csm.cohorts.retention(table, value="value", on_bad_rows="report")
    left_out = grid.attrs["excluded"].frame
    assert left_out.index.tolist() == ["r1", "r3"]
    assert list(left_out.columns) == ["user", "time", "value", "reason"]
    assert left_out["reason"].str.contains(argument).all()
    assert left_out["value"].tolist()[:1] == [2.0] or column == "value"
    assert row(grid, "2026-01") == [1, 8]  # ann alone: 1 in January, 3 and 5 in February
    assert grid.sizes.tolist() == [1, 0]


def test_nothing_to_report() -> None:
    grid = csm.cohorts.retention(frame(SAME), on_bad_rows="report")
    assert len(grid.attrs["excluded"].frame) == 0
    assert "reason" in grid.attrs["excluded"].frame.columns
    assert "excluded" not in csm.cohorts.retention(frame(SAME)).attrs


def test_several_things_wrong_with_a_row() -> None:
    """A row is left out once, with all its reasons; many bad rows are not all listed."""
    table = pd.DataFrame({"user": [None, "ann"], "time": [None, "2026-01-05"]})
    left_out = csm.cohorts.retention(table, on_bad_rows="report").attrs["excluded"].frame
    assert len(left_out) == 1
    assert "user" in left_out["reason"].iloc[0]
    assert "time" in left_out["reason"].iloc[0]
    many = pd.DataFrame({"user": [None] * 1000, "time": ["2026-01-05"] * 1000})
    with pytest.raises(csm.MetricInputError, match="1000 of 1000") as caught:
        csm.cohorts.retention(many)
    assert len(str(caught.value)) < 600


def test_all_rows_bad() -> None:
    table = pd.DataFrame({"user": [None, None], "time": pd.to_datetime(["2026-01-05", "2026-01-06"])})
    grid = csm.cohorts.retention(table, on_bad_rows="report")
    assert len(grid.sizes) == 0
    assert len(grid.attrs["excluded"].frame) == 2


def test_bad_rows_that_could_not_count_are_bad_all_the_same() -> None:
    """A row without a user is bad even if it lies after the end of the data or is of another event."""
    table = pd.DataFrame(
        {
            "user": ["ann", None],
            "time": pd.to_datetime(["2026-01-05", "2026-06-05"]),
            "event": ["open", "other"],
        }
    )
    with pytest.raises(csm.MetricInputError, match="1 of 2"):
        csm.cohorts.retention(table, as_of="2026-01-31")
    with pytest.raises(csm.MetricInputError, match="1 of 2"):
        csm.cohorts.retention(table, event="event", start_event="open", return_event="open")


@pytest.mark.parametrize(
    ("option", "wrong"),
    [
        ("kind", "after"),
        ("kind", None),
        ("kind", "ON"),
        ("cohort", "last"),
        ("cohort", None),
        ("window", "rolling"),
        ("window", 24),
        ("freq", "month"),
        ("freq", "m"),
        ("freq", "ME"),
        ("freq", None),
        ("freq", 1),
        ("freq", "W-XXX"),
        ("age_zero", "none"),
        ("age_zero", 0),
        ("by_at", "opening"),
        ("by_at", None),
        ("min_events", 0),
        ("min_events", -1),
        ("min_events", 1.5),
        ("min_events", True),
        ("min_events", "2"),
        ("brackets", []),
        ("brackets", [0]),
        ("brackets", [3, 0]),
        ("brackets", [-1]),
        ("brackets", [1.5]),
        ("brackets", ["4"]),
        ("brackets", "410"),
        ("brackets", "days"),
        ("brackets", 7),
        ("brackets", [True]),
        ("brackets", [None]),
        ("horizon", 0),
        ("horizon", 1.5),
        ("horizon", True),
        ("horizon", "12"),
        ("on_bad_rows", "drop"),
        ("on_bad_rows", None),
    ],
)
@pytest.mark.parametrize("size", [0, 5])
def test_unknown_words_and_numbers(option: str, wrong: Any, size: int) -> None:
    """Unknown words and numbers are refused by name, for any data."""
    with pytest.raises(csm.MetricInputError, match=option):
        csm.cohorts.retention(frame(SAME).iloc[:size], **{option: wrong})


@pytest.mark.parametrize("dtype", ["text", "bool", "date"])
def test_a_value_must_be_a_number(dtype: str) -> None:
    wrong: Any = {"text": "1", "bool": True, "date": datetime(2026, 1, 1)}[dtype]
    with pytest.raises(csm.MetricInputError, match="value"):
        csm.cohorts.retention(frame(SAME).assign(value=wrong), value="value")


@pytest.mark.parametrize("wrong", [1, 1.5, True, 1767225600000], ids=repr)
def test_a_time_must_be_a_date(wrong: Any) -> None:
    """A number is refused as a time: it could count seconds or days, since any date."""
    for mode in ("raise", "report"):
        with pytest.raises(csm.MetricInputError, match="time"):
            csm.cohorts.retention(pd.DataFrame({"user": ["ann"], "time": [wrong]}), on_bad_rows=mode)


@pytest.mark.parametrize("argument", ["user", "time", "event", "value", "by"])
def test_missing_columns(argument: str) -> None:
    """The error lists the columns that the frame has."""
    with pytest.raises(csm.MissingColumnError) as caught:
        csm.cohorts.retention(frame(SAME), **{argument: "nowhere", "start_event": "open"})
    text = str(caught.value)
    assert "nowhere" in text
    assert "user" in text
    assert "time" in text


def test_no_frame_at_all() -> None:
    for wrong in (None, 5, [("ann", "2026-01-05")]):
        with pytest.raises((csm.MetricInputError, TypeError)):
            csm.cohorts.retention(wrong)
