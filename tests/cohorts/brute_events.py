"""Retention, active users and lifecycle straight from their definitions, with single rows, sets and loops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

MOMENT = timedelta(microseconds=1)
WINDOW = {"h": timedelta(hours=1), "D": timedelta(hours=24), "W": timedelta(days=7), "M": timedelta(days=30)}
MONTHS = {"M": 1, "Q": 3, "Y": 12}


class Event(NamedTuple):
    """One row of raw events; `group` holds its keys, in the order of `by`."""

    user: Hashable
    time: datetime
    event: str | None = None
    value: int = 0
    group: tuple[Hashable, ...] = ()


# ------------------------------------------------------------------------------------------------------------ time


def wall(t: datetime) -> datetime:
    """Return what the wall clock shows; calendar periods follow it."""
    return t.replace(tzinfo=None, fold=0)


def utc(t: datetime) -> datetime:
    """Return the instant in UTC; elapsed time follows it."""
    return t if t.tzinfo is None else t.astimezone(UTC).replace(tzinfo=None)


def begin(t: datetime, freq: str, week_start: str = "monday") -> datetime:
    """Find the first instant of the calendar period that contains a time."""
    t = wall(t)
    if freq == "h":
        return t.replace(minute=0, second=0, microsecond=0)
    day = datetime.combine(t.date(), time(0))
    if freq == "D":
        return day
    if freq == "W":
        since = day.weekday() if week_start == "monday" else (day.weekday() + 1) % 7
        return day - timedelta(days=since)
    month = (day.month - 1) // MONTHS[freq] * MONTHS[freq] + 1
    return day.replace(month=month, day=1)


def later(start: datetime, freq: str, n: int) -> datetime:
    """Find the first instant of the period that comes n periods after the one that begins at `start`."""
    if freq == "h":
        return start + timedelta(hours=n)
    if freq in "DW":
        return start + timedelta(days=n * (7 if freq == "W" else 1))
    months = start.year * 12 + start.month - 1 + n * MONTHS[freq]
    return start.replace(year=months // 12, month=months % 12 + 1)


LAST_SECOND = time(23, 59, 59)


class Data(NamedTuple):
    """Events up to the end of the data, that end (the first instant not covered) and the last instant covered."""

    events: list[Event]
    end: datetime
    last: datetime


def covered(events: Iterable[Event], as_of: date | None) -> Data:
    """Cut the events at `as_of`, by default at the last event; midnight stands for the whole day that it begins.

    A last event at midnight does so only if all events are at midnight.
    """
    events = list(events)
    if as_of is None:
        as_of = max((e.time for e in events), key=utc)
        if as_of.time() == time(0) and any(e.time.time() != time(0) for e in events):
            return Data(events, as_of, as_of)
    elif not isinstance(as_of, datetime):
        as_of = datetime.combine(as_of, time(0), tzinfo=events[0].time.tzinfo)
    elif as_of.tzinfo is not None:
        as_of = as_of.astimezone(events[0].time.tzinfo)
    if as_of.time() == time(0) or as_of.time() >= LAST_SECOND:
        end = datetime.combine(as_of, time(0), as_of.tzinfo) + timedelta(days=1)  # a day may have 23 or 25 hours
        return Data([e for e in events if utc(e.time) < utc(end)], end, end - MOMENT)
    return Data([e for e in events if utc(e.time) <= utc(as_of)], as_of, as_of)


# ------------------------------------------------------------------------------------------------------- retention


class Cell(NamedTuple):
    state: str
    count: int | None


class Grid(NamedTuple):
    """Cohorts by their first instant, columns as in the grid, and the cells by group, cohort and column."""

    cohorts: list[datetime]
    columns: list[int | str]
    groups: list[tuple[Hashable, ...]]
    sizes: dict[tuple[tuple[Hashable, ...], datetime], int]
    cells: dict[tuple[tuple[Hashable, ...], datetime, int | str], Cell]


def listed(names: str | Sequence[str] | None) -> set[str] | None:
    return {names} if isinstance(names, str) else None if names is None else set(names)


def retention(
    events: Iterable[Event],
    *,
    freq: str = "M",
    kind: str = "on",
    cohort: str = "first",
    start_event: str | Sequence[str] | None = None,
    return_event: str | Sequence[str] | None = None,
    min_events: int = 1,
    brackets: Sequence[int] | None = None,
    horizon: int | None = None,
    window: str = "calendar",
    week_start: str = "monday",
    as_of: date | None = None,
    value: bool = False,
) -> Grid:
    data = covered(events, as_of)
    openers, comebacks = listed(start_event), listed(return_event)
    starts = [e for e in data.events if openers is None or e.event in openers]
    returns = [e for e in data.events if comebacks is None or e.event in comebacks]
    if not starts:
        return Grid([], [], [], {}, {})

    last = begin(data.last, freq, week_start)
    cohorts = [min(begin(e.time, freq, week_start) for e in starts)]
    while cohorts[-1] < last:
        cohorts.append(later(cohorts[-1], freq, 1))
    position = {c: i for i, c in enumerate(cohorts)}
    zone = data.end.tzinfo

    def calendar(t: datetime) -> datetime:
        return begin(t, freq, week_start)

    begun = len(cohorts)
    if window == "elapsed":  # windows of 30 days, of which a year has more than months
        begun = (utc(data.last) - utc(cohorts[0].replace(tzinfo=zone))) // WINDOW[freq] + 1
    ages: dict[int | str, tuple[int, int]] = {k: (k, k) for k in range(begun)}
    if brackets is not None:
        ages, low = {"0": (0, 0)}, 1
        for length in brackets:
            high = low + length - 1
            ages[f"{low}-{high}" if length > 1 else f"{low}"] = (low, high)
            low = high + 1
    if horizon is not None:
        ages = {name: (low, horizon if low else 0) for name, (low, _) in ages.items() if low <= horizon}

    groups = sorted({e.group for e in starts}, key=repr)
    sizes, cells = {}, {}
    for group in groups:
        mine = [e for e in starts if e.group == group]
        back = [e for e in returns if e.group == group]
        for c in cohorts:
            # the members of the cohort, and when each began
            members: dict[Hashable, datetime] = {}
            for user in {e.user for e in mine}:
                own = [e.time for e in mine if e.user == user]
                if cohort == "first":
                    own = [min(own, key=utc)]
                here = [t for t in own if calendar(t) == c]
                if here:
                    members[user] = min(here, key=utc)
            opened = [e for e in mine if e.user in members and calendar(e.time) == c]
            size = sum(e.value for e in opened) if value else len(members)
            sizes[group, c] = size

            # the ages at which each came back, how often, and for how much
            seen: dict[Hashable, Counter[int]] = {user: Counter() for user in members}
            worth: dict[Hashable, Counter[int]] = {user: Counter() for user in members}
            for e in back:
                if e.user not in members:
                    continue
                if window == "elapsed":
                    age = (utc(e.time) - utc(members[e.user])) // WINDOW[freq]
                elif calendar(e.time) in position:
                    age = position[calendar(e.time)] - position[c]
                else:
                    continue  # it lies before the first cohort
                seen[e.user][age] += 1
                worth[e.user][age] += e.value

            for name, (low, high) in ages.items():

                def within(age: int, low: int = low, high: int = high) -> bool:
                    first = 1 if kind == "on_or_before" else low
                    return age >= first and (age <= high or (kind == "on_or_after" and horizon is None))

                count = 0
                for user in members:
                    good = [age for age, n in seen[user].items() if within(age) and n >= min_events]
                    count += sum(worth[user][age] for age in good) if value else bool(good)

                if window == "elapsed":
                    own = [utc(t) for t in members.values()] or [utc(c.replace(tzinfo=zone))]
                    over = high == 0 or max(own) + (high + 1) * WINDOW[freq] <= utc(data.end)
                    over = over and later(c, freq, 1) <= wall(data.end)
                    begins = min(own) + low * WINDOW[freq] <= utc(data.last)
                else:
                    over = later(c, freq, high + 1) <= wall(data.end)
                    begins = later(c, freq, low) <= wall(data.last)
                if over:
                    cells[group, c, name] = Cell("observed", size if high == 0 else count)
                else:
                    cells[group, c, name] = Cell("in progress" if begins else "future", None)
    return Grid(cohorts, list(ages), groups, sizes, cells)


def pooled(grid: Grid, group: tuple[Hashable, ...], column: int | str) -> float | None:
    """Divide the sum over the observed cohorts by the sum of their sizes, in percent; None without a base above 0."""
    seen = [c for c in grid.cohorts if grid.cells[group, c, column].state == "observed"]
    size = sum(grid.sizes[group, c] for c in seen)
    return 100 * sum(grid.cells[group, c, column].count or 0 for c in seen) / size if size > 0 else None


# ------------------------------------------------------------------------------------- active users and life cycle

Table = dict[tuple[Any, ...], tuple[Any, ...]]


def complete(data: Data, freq: str, week_start: str = "monday") -> list[datetime]:
    """List every period from that of the first event to the last one that has ended."""
    out, one = [], min(begin(e.time, freq, week_start) for e in data.events)
    while later(one, freq, 1) <= wall(data.end):
        out.append(one)
        one = later(one, freq, 1)
    return out


def active_users(
    events: Iterable[Event], *, as_of: date | None = None, wau: int = 7, mau: int = 28, since: date | None = None
) -> Table:
    """Count, by day and group, the distinct users of the trailing 1, `wau` and `mau` days; None if cut off."""
    data = covered(events, as_of)
    out: Table = {}
    if not data.events:
        return out
    days = complete(data, "D")
    begun = days[0] if since is None and days else datetime.combine(since or date.max, time(0))
    days = [begun + timedelta(days=i) for i in range((days[-1] - begun).days + 1)] if days else []
    for day in days:
        for group in {e.group for e in data.events}:
            counts = []
            for length in (1, wau, mau):
                first = day - timedelta(days=length - 1)
                mine = [e for e in data.events if e.group == group]
                users = {e.user for e in mine if first <= begin(e.time, "D") <= day}
                counts.append(len(users) if first >= begun else None)
            out[day, *group] = tuple(counts)
    return out


def lifecycle(
    events: Iterable[Event], *, freq: str = "M", as_of: date | None = None, week_start: str = "monday"
) -> Table:
    """Count, by period and group: (active, new, returning, resurrected, dormant)."""
    data = covered(events, as_of)
    out: Table = {}
    if not data.events:
        return out
    for period in complete(data, freq, week_start):
        for group in {e.group for e in data.events}:
            active: dict[datetime, set[Hashable]] = {}
            for e in data.events:
                if e.group == group:
                    active.setdefault(begin(e.time, freq, week_start), set()).add(e.user)
            now = active.get(period, set())
            previous = active.get(later(period, freq, -1), set())
            ever = set().union(*(users for one, users in active.items() if one < period))
            out[period, *group] = (
                len(now),
                len(now - ever),
                len(now & previous),
                len((now & ever) - previous),
                len(previous - now),
            )
    return out
