"""Retention, active users and lifecycle straight from their definitions, with single rows, sets and loops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
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


def begin(t: datetime, freq: str) -> datetime:
    """Find the first instant of the period that contains a time; "W-SAT" ends on Saturday, "Q-JAN" in January."""
    t = wall(t)
    freq, _, anchor = freq.partition("-")
    if freq == "h":
        return t.replace(minute=0, second=0, microsecond=0)
    day = datetime.combine(t.date(), time(0))
    if freq == "D":
        return day
    if freq == "W":
        last = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"].index(anchor or "SUN")
        return day - timedelta(days=(day.weekday() - last - 1) % 7)
    names = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    shift = names.index(anchor) + 1 if anchor else 0  # the month in which a period ends
    months = day.year * 12 + day.month - 1
    months -= (months - shift) % MONTHS[freq]
    return day.replace(year=months // 12, month=months % 12 + 1, day=1)


def later(start: datetime, freq: str, n: int) -> datetime:
    """Find the first instant of the period that comes n periods after the one that begins at `start`."""
    freq = freq[0]
    if freq == "h":
        return start + timedelta(hours=n)
    if freq in "DW":
        return start + timedelta(days=n * (7 if freq == "W" else 1))
    months = start.year * 12 + start.month - 1 + n * MONTHS[freq]
    return start.replace(year=months // 12, month=months % 12 + 1)


class Data(NamedTuple):
    """Events up to the end of the data, that end (the first instant not covered) and the last instant covered."""

    events: list[Event]
    end: datetime
    last: datetime


def covered(events: Iterable[Event], as_of: date | None, others: Iterable[datetime] = ()) -> Data:
    """Cut the events at `as_of`, by default at the last of them, or of other stamps.

    The last second of a day ends it. A midnight as `as_of` stands for its day; a midnight as the last stamp does so
    where every stamp is a midnight.
    """
    events = list(events)
    stamps = [*(e.time for e in events), *others]
    days = True
    if as_of is None:
        days = all(wall(t).time() == time(0) for t in stamps)
        as_of = max(stamps, key=utc)
    elif not isinstance(as_of, datetime):
        as_of = datetime.combine(as_of, time(0), tzinfo=events[0].time.tzinfo)
    elif as_of.tzinfo is not None:
        as_of = as_of.astimezone(events[0].time.tzinfo)
    if as_of.time() >= time(23, 59, 59) or (as_of.time() == time(0) and days):
        end = as_of.replace(hour=0, minute=0, second=0, microsecond=0, fold=0) + timedelta(days=1)  # by the wall clock
        return Data([e for e in events if utc(e.time) < utc(end)], end, end - MOMENT)
    return Data([e for e in events if utc(e.time) <= utc(as_of)], as_of + MOMENT, as_of)


def in_real_time(data: Data) -> Data:
    """Put all instants into UTC: hours are counted on a clock that neither skips nor repeats one."""
    return Data([e._replace(time=utc(e.time)) for e in data.events], utc(data.end), utc(data.last))


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
    members: dict[tuple[tuple[Hashable, ...], datetime], int]
    cells: dict[tuple[tuple[Hashable, ...], datetime, int | str], Cell]


def listed(names: str | Sequence[str] | None) -> set[str] | None:
    return {names} if isinstance(names, str) else None if names is None else set(names)


class Person(NamedTuple):
    """One row of the table of users."""

    started: datetime | None = None
    group: tuple[Hashable, ...] = ()


class Membership(NamedTuple):
    group: tuple[Hashable, ...]
    cohort: datetime
    user: Hashable
    start: datetime


def memberships(
    starts: list[Event], people: dict[Hashable, Person] | None, end: datetime, freq: str, cohort: str, by_at: str
) -> list[Membership]:
    """List who belongs to which cohort of which group, and since when."""
    if people is not None and any(one.started is not None for one in people.values()):
        told = [(user, one.started, one.group) for user, one in people.items() if one.started is not None]
        return [Membership(g, begin(t, freq), user, t) for user, t, g in told if utc(t) < utc(end)]
    if people is not None:
        starts = [e._replace(group=people[e.user].group) for e in starts if e.user in people]
    out: dict[Any, Membership] = {}
    for e in sorted(starts, key=lambda e: (utc(e.time), repr(e.group))):
        one = Membership(e.group, begin(e.time, freq), e.user, e.time)
        whose = e.user if by_at == "start" else (e.user, e.group)
        out.setdefault((whose, one.cohort if cohort == "recurring" else None), one)
    return list(out.values())


def retention(
    events: Iterable[Event],
    *,
    freq: str = "M",
    kind: str = "on",
    cohort: str = "first",
    start_event: str | Sequence[str] | None = None,
    return_event: str | Sequence[str] | None = None,
    people: dict[Hashable, Person] | None = None,
    min_events: int = 1,
    brackets: Sequence[int] | None = None,
    horizon: int | None = None,
    window: str = "calendar",
    as_of: date | None = None,
    value: bool = False,
    age_zero: str | None = None,
    by_at: str = "row",
) -> Grid:
    data = covered(events, as_of, [one.started for one in (people or {}).values() if one.started is not None])
    data = in_real_time(data) if freq == "h" else data
    openers, comebacks = listed(start_event), listed(return_event)
    starts = [e for e in data.events if openers is None or e.event in openers]
    returns = [e for e in data.events if comebacks is None or e.event in comebacks]
    zero = age_zero == "returned" or (age_zero is None and value)
    everyone = memberships(starts, people, data.end, freq, cohort, by_at)
    if not everyone:
        return Grid([], [], [], {}, {}, {})

    last = begin(data.last, freq)
    cohorts = [min(one.cohort for one in everyone)]
    while cohorts[-1] < last:
        cohorts.append(later(cohorts[-1], freq, 1))
    zone = data.end.tzinfo

    begun = len(cohorts)
    if window == "elapsed":  # windows of 30 days, of which a year has more than months
        begun = (utc(data.last) - utc(cohorts[0].replace(tzinfo=zone))) // WINDOW[freq[0]] + 1
    ages: dict[int | str, tuple[int, int]] = {k: (k, k) for k in range(begun)}
    if brackets is not None:
        ages, low = {"0": (0, 0)}, 1
        for length in brackets:
            high = low + length - 1
            ages[f"{low}-{high}" if length > 1 else f"{low}"] = (low, high)
            low = high + 1
    if horizon is not None:
        ages = {name: (low, horizon if low or zero else 0) for name, (low, _) in ages.items() if low <= horizon}

    groups = sorted({one.group for one in everyone}, key=repr)
    position = {c: i for i, c in enumerate(cohorts)}
    scope = people is not None or by_at == "start"  # whether a user's events in all groups are its returns
    sizes, members, cells = {}, {}, {}
    for group in groups:
        for c in cohorts:
            mine = {one.user: one.start for one in everyone if one.group == group and one.cohort == c}
            members[group, c] = len(mine)

            # the ages at which each came back, how often, and for how much
            seen: dict[Hashable, Counter[int]] = {user: Counter() for user in mine}
            worth: dict[Hashable, Counter[int]] = {user: Counter() for user in mine}
            for e in returns:
                if e.user not in mine or not (scope or e.group == group) or utc(e.time) < utc(mine[e.user]):
                    continue
                age = position[begin(e.time, freq)] - position[c]
                if window == "elapsed":
                    age = (utc(e.time) - utc(mine[e.user])) // WINDOW[freq[0]]
                seen[e.user][age] += 1
                worth[e.user][age] += e.value
            opened = [e for e in starts if e.user in mine and (scope or e.group == group) and begin(e.time, freq) == c]
            size = sum(e.value for e in opened) if value else len(mine)

            for name, (low, high) in ages.items():

                def within(age: int, low: int = low, high: int = high) -> bool:
                    first = (0 if zero else 1) if kind == "on_or_before" else low
                    return age >= first and (age <= high or (kind == "on_or_after" and horizon is None))

                count = 0
                for user in mine:
                    enough = {age for age, n in seen[user].items() if n >= min_events or age == 0}
                    good = [age for age in enough if within(age)]
                    count += sum(worth[user][age] for age in good) if value else bool(good)
                if not low:
                    count = count if zero else size
                    sizes[group, c] = count if value else len(mine)

                if window == "elapsed":
                    width = WINDOW[freq[0]]
                    own = [utc(t) for t in mine.values()] or [utc(c.replace(tzinfo=zone))]
                    over = (high == 0 and not zero) or max(own) + (high + 1) * width <= utc(data.end)
                    over = over and later(c, freq, 1) <= wall(data.end)
                    begins = min(own) + low * width <= utc(data.last)
                else:
                    over = later(c, freq, high + 1) <= wall(data.end)
                    begins = later(c, freq, low) <= wall(data.last)
                if over:
                    cells[group, c, name] = Cell("observed", count)
                else:
                    cells[group, c, name] = Cell("in progress" if begins else "future", None)
    return Grid(cohorts, list(ages), groups, sizes, members, cells)


def pooled(grid: Grid, group: tuple[Hashable, ...], column: int | str) -> float | None:
    """Divide the sum over the observed cohorts by the sum of their sizes, in percent; None without a base above 0."""
    seen = [c for c in grid.cohorts if grid.cells[group, c, column].state == "observed"]
    size = sum(grid.sizes[group, c] for c in seen)
    return 100 * sum(grid.cells[group, c, column].count or 0 for c in seen) / size if size > 0 else None


# ------------------------------------------------------------------------------------- active users and life cycle

Table = dict[tuple[Any, ...], tuple[Any, ...]]


def complete(data: Data, freq: str) -> list[datetime]:
    """List every period from that of the first event to the last one that has ended."""
    out, one = [], min(begin(e.time, freq) for e in data.events)
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


def active_by_period(
    events: Iterable[Event], freq: str, *, as_of: date | None = None, since: date | None = None
) -> Table:
    """Count, by complete period and group: (users of the mean day, distinct users); None if it is cut off."""
    data = covered(events, as_of)
    days = complete(data, "D") if data.events else []
    out: Table = {}
    if not days:
        return out
    begun = days[0] if since is None else datetime.combine(since, time(0))
    one = begin(begun, freq)
    while begun <= days[-1] and later(one, freq, 1) <= wall(data.end):
        following = later(one, freq, 1)
        for group in {e.group for e in data.events}:
            mine = [e for e in data.events if e.group == group and one <= wall(e.time) < following]
            visits = {(e.user, wall(e.time).date()) for e in mine}
            numbers = len(visits) / (following - one).days, len({e.user for e in mine})
            out[one, *group] = numbers if begun <= one else (None, None)
        one = following
    return out


def lifecycle(events: Iterable[Event], *, freq: str = "M", as_of: date | None = None) -> Table:
    """Count, by period and group: (active, new, returning, resurrected, dormant)."""
    data = covered(events, as_of)
    data = in_real_time(data) if freq == "h" else data
    out: Table = {}
    if not data.events:
        return out
    for period in complete(data, freq):
        for group in {e.group for e in data.events}:
            active: dict[datetime, set[Hashable]] = {}
            for e in data.events:
                if e.group == group:
                    active.setdefault(begin(e.time, freq), set()).add(e.user)
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


# ------------------------------------------------------------------------------------------- activation and funnels


def activation(
    events: Iterable[Event],
    *,
    key_event: str | Sequence[str],
    start_event: str | Sequence[str] | None = None,
    people: dict[Hashable, Person] | None = None,
    within: timedelta = timedelta(days=7),
    min_events: int = 1,
    freq: str = "M",
    as_of: date | None = None,
) -> Table:
    """Count, by period and group of the start: (signups, activated)."""
    data = covered(events, as_of, [one.started for one in (people or {}).values() if one.started is not None])
    openers, keys = listed(start_event), listed(key_event) or set()
    starts = [e for e in data.events if openers is None or e.event in openers]
    everyone = memberships(starts, people, data.end, freq, "first", "start")
    out: Table = {}
    if not everyone:
        return out
    one = min(member.cohort for member in everyone)
    while later(one, freq, 1) <= wall(data.end):
        here = [member for member in everyone if member.cohort == one]
        if all(utc(member.start) + within <= utc(data.end) for member in here):
            for group in {member.group for member in everyone}:
                mine = [member for member in here if member.group == group]
                hits = [
                    sum(
                        e.user == member.user and e.event in keys and utc(e.time) - utc(member.start) < within
                        for e in data.events
                        if utc(e.time) >= utc(member.start)
                    )
                    for member in mine
                ]
                out[one, *group] = (len(mine), sum(n >= min_events for n in hits))
        one = later(one, freq, 1)
    return out


def funnel(
    events: Iterable[Event],
    steps: Sequence[str],
    *,
    within: timedelta | None = None,
    freq: str | None = None,
    as_of: date | None = None,
) -> Table:
    """Count, by period (where asked for), group and place of the step: (entered, converted, median days)."""
    data = covered(events, as_of)
    walks: list[tuple[datetime | None, tuple[Hashable, ...], list[datetime]]] = []
    for user in {e.user for e in data.events}:
        mine = sorted((e for e in data.events if e.user == user), key=lambda e: (utc(e.time), repr(e.group)))
        begins = [e for e in mine if e.event == steps[0]]
        if not begins:
            continue
        times = [begins[0].time]
        for place in range(1, len(steps)):
            again = steps[place] in steps[:place]
            on = [
                e.time
                for e in mine
                if e.event == steps[place]
                and (utc(e.time) > utc(times[-1]) if again else utc(e.time) >= utc(times[-1]))
                and (within is None or utc(e.time) - utc(times[0]) < within)
            ]
            if not on:
                break
            times.append(on[0])
        walks.append((None if freq is None else begin(times[0], freq), begins[0].group, times))
    out: Table = {}
    groups = {group for _, group, _ in walks}
    periods: list[datetime | None] = [None]
    if freq is not None:
        periods = []
        one = min((period for period, _, _ in walks if period is not None), default=None)
        while one is not None and later(one, freq, 1) <= wall(data.end):
            periods.append(one)
            one = later(one, freq, 1)
    for period in periods:
        here = [walk for walk in walks if walk[0] == period]
        waiting = [walk for walk in here if within is not None and utc(walk[2][0]) + within > utc(data.end)]
        if freq is not None and waiting:
            continue
        for group in groups:
            mine = [times for walk, g, times in here if g == group and (walk, g, times) not in waiting]
            for place in range(len(steps)):
                entered = sum(len(times) >= max(place, 1) for times in mine)
                waits = [utc(times[place]) - utc(times[place - 1]) for times in mine if len(times) > place]
                days = median(waits) / timedelta(days=1) if waits and place else None
                key = (*(() if period is None else (period,)), *group, place)
                out[key] = (entered, len(waits), days)
    return out
