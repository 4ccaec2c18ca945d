"""Reading raw events, and finding the users active in each day or period."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.kinds import check_same_kind
from csmetrics.cohorts._engine_days import EngineDays
from csmetrics.cohorts._engine_events import ReducedEvents
from csmetrics.cohorts._engine_masks import Counting, count_in_one_pass, count_masks
from csmetrics.cohorts._engine_members import EngineMembers
from csmetrics.cohorts._event_names import EngineKinds, Named, find_pandas
from csmetrics.cohorts._memberships import (
    NEVER,
    Happened,
    Members,
    Starts,
    Ways,
    dense,
    every_start,
    first_starts,
    met,
    with_amounts,
)
from csmetrics.cohorts._packing import Log, Numbers
from csmetrics.cohorts._people import EnginePeople, People, note_several, note_strangers, read_people
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.currencies import note_currencies
from csmetrics.cohorts._rows.end_of_data import end_of_data
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import period_numbers
from csmetrics.cohorts._rows.groups import Groups, number_units
from csmetrics.cohorts._rows.instants import Times, Wall, in_micros
from csmetrics.cohorts._rows.options import too_large
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.remarks import Remarks
from csmetrics.core._money import BITS


@dataclass(frozen=True)
class Events:
    """Screened events.

    Attributes
    ----------
    log
        The user and the period of each event.
    stop
        The end of the data in microseconds; None where the data holds no dates.
    zone
        The time zone of the times.
    remarks
        Notes, and the bad rows where the caller asked for them.
    starts, returns
        The positions of the events that begin a membership, and of those that count as a return; None for all.
    members
        Where each event is compared with its user's own start: the first cohort, and the members in batches. The log
        then holds the groups only.
    gaps
        Where an engine looked for each user's next active day: the days until then and the number of users, for each
        row of the log, which then holds days, not users.
    counted
        What an engine has counted from masks, as `Request.counting` says. The log then holds groups and periods only.
    parts
        Where users come part by part: yields the log of each part, with the groups and the periods of all. The log then
        holds only these.
    """

    log: Log
    stop: Wall | None
    zone: Any
    remarks: Remarks
    starts: Any = None
    returns: Any = None
    members: tuple[int | None, Iterator[Members]] | None = None
    gaps: Any = None
    counted: Any = None
    parts: Callable[[], Iterator[Log]] | None = None

    def logs(self) -> Iterator[Log]:
        """Yield the log; where users come part by part, that of each part."""
        return iter((self.log,)) if self.parts is None else self.parts()


ALL, PLAIN = Named("event", None, needed=False), Ways()


@dataclass(frozen=True)
class Request:
    """A builder's request for events.

    Attributes
    ----------
    metric
        Name of the builder.
    user, time
        The columns of users and of times.
    calendar
        The periods.
    as_of, by, on_bad_rows
        The builder's arguments of these names.
    event
        The column of event kinds, which is read only if an argument names a kind.
    value
        The column of amounts; None where the builder needs none.
    starts, returns
        The kinds of events that begin a membership, and those that count as a return.
    ways
        How members and their returns are found.
    started, users
        The column of each user's start, and the table of users; None for none.
    longest
        How many days ahead to look for a user's next active day; None where nobody is to look.
    axis
        The name of the result's time axis.
    counting
        What an engine is to count from masks, where it can; None for nothing.
    """

    metric: str
    user: str
    time: str
    calendar: Calendar
    as_of: Any
    by: Any
    on_bad_rows: str
    event: str = "event"
    value: str | None = None
    starts: Named = ALL
    returns: Named = ALL
    ways: Ways = PLAIN
    started: str | None = None
    users: Any = None
    longest: int | None = None
    axis: str = "period"
    counting: Counting | None = None

    def read(self, events: Any) -> Events:
        """Read and screen the events of a pandas DataFrame, or have an engine reduce its frame to users and periods."""
        return (_from_pandas if isinstance(events, pd.DataFrame) else _from_engine)(self, events)

    @property
    def joined(self) -> bool:
        """Whether each event is compared with its user's own start, and not only the periods of both."""
        ways, start = self.ways, self.starts.kinds
        begins = self.started is not None or self.users is not None or (ways.by_start and self.by is not None)
        by_time = ways.zero and (ways.least > 1 or start not in (None, self.returns.kinds))
        return begins or by_time or ways.width is not None

    @property
    def people(self) -> tuple[str, str | None, Any]:
        """The columns of the table of users."""
        return self.user, self.started, self.by

    def screened(self, rows: Any) -> tuple[Any, Any, Any, Any]:
        """Read the columns that can make a row bad, from pandas or an engine: users, times, amounts and starts."""
        own = self.started is not None and self.users is None
        rows.require(
            self.by if self.users is None else None,
            user=self.user,
            time=self.time,
            event=None if self.starts.kinds is None and self.returns.kinds is None else self.event,
            started=self.started if own else None,
            value=self.value,
        )
        users, times = rows.units(self.user, "user"), rows.times(self.time, "time")
        begun = rows.times(self.started, "started", like=times) if own else None
        return users, times, None if self.value is None else rows.numbers(self.value, "value", negative=True), begun


def _from_pandas(asked: Request, events: pd.DataFrame) -> Events:
    """Read events from pandas, and number their users and periods."""
    metric = asked.metric
    rows = Rows(metric, events, asked.on_bad_rows, asked.calendar)
    users, times, values, begun = asked.screened(rows)
    keys = [] if asked.users is not None else rows.keys(asked.by, asked.axis)
    named = asked.starts, asked.returns
    happened = None if all(one.kinds is None for one in named) else rows.column(asked.event, "event")
    kept = rows.kept()
    if values is not None:
        note_currencies(rows, asked.by)
    if values is not None and values.dtype.kind == "i" and not np.abs(values).sum(dtype=np.float64) < 2.0**BITS:
        raise too_large(metric, "value")
    times = times.take(kept)
    begun = None if begun is None else begun.take(kept)
    people = None
    if asked.users is not None:
        mode, calendar = asked.on_bad_rows, asked.calendar
        people = read_people(metric, asked.users, asked.people, asked.axis, mode, calendar, times, rows.remarks)
    stamps = [times, begun, None if people is None else people.started]
    stop = end_of_data(metric, asked.as_of, [one for one in stamps if one is not None])
    known, kept = times.until(stop, kept)
    times = times.take(known)
    units = users if isinstance(kept, slice) else users.iloc[kept]
    if people is not None:
        check_same_kind(metric, "user", {"events": units, "users": people.ids})
        units = pd.concat([units, people.ids], ignore_index=True)
    log = Log(
        *number_units(metric, units, slice(None)),
        Groups(metric, keys, kept) if people is None else Groups(metric, people.keys, people.begun_by(stop)),
        asked.calendar.numbering(times),
        values=None if values is None else values[kept],
    )
    starts, returns = find_pandas(metric, named, happened, kept, rows.remarks)
    if asked.returns.kinds == asked.starts.kinds:
        returns = starts
    members = None
    if asked.joined:
        begun = None if begun is None else begun.take(known)
        members = _members(asked, log, (starts, returns), times, begun, people, (stop, rows.remarks))
    return Events(log, stop, times.zone, rows.remarks, starts, returns, members)


def _members(
    asked: Request,
    log: Log,
    roles: tuple[Any, Any],
    times: Times,
    begun: Times | None,
    people: People | None,
    found: tuple[Wall | None, Remarks],
) -> tuple[int | None, Iterator[Members]]:
    """Find the members and their returns among events in pandas; the users of `people` follow those of the events."""
    ways, rows, (stop, remarks) = asked.ways, len(times.ticks), found
    unit, size = dense(log, people is None and not ways.by_start)
    group = 0 if people is not None or log.groups.number is None else log.groups.number
    told = people is not None and people.started is not None
    needed: Any = slice(None)
    if told and roles[1] is not None:  # the starts are known, so only the returns matter
        roles, needed = (None, None), roles[1]
    values = None if log.values is None else log.values[needed]
    events = Happened(unit[:rows][needed], size, *_numbered(asked.calendar, times.take(needed)), group, values)
    starting, returning = (np.arange(events.micros.size) if role is None else role for role in roles)
    theirs: Any = np.zeros(len(unit) - rows, np.int64) if log.groups.number is None else log.groups.number
    if people is not None and people.started is not None:
        micros, period = _numbered(asked.calendar, people.started)
        at = np.arange(micros.size)[people.begun_by(stop)]
        order = np.argsort(unit[rows:][at])
        at = at[order]
        starts = Starts(unit[rows:][at], theirs[order], period[at], micros[at])
    elif begun is not None:
        micros, period = _numbered(asked.calendar, begun)
        at = begun.before(stop)
        starts = first_starts(events, np.arange(rows) if at is None else at, micros, period)
        latest = np.full(size, -NEVER)
        np.maximum.at(latest, events.unit, micros)
        note_several(remarks, str(asked.started), int((latest[starts.unit] > starts.began).sum()))
    else:
        if people is not None:
            known = np.zeros(size, bool)
            known[unit[rows:]] = True
            starting = starting[known[events.unit[starting]]]
        starts = every_start(events, starting) if ways.recurring else first_starts(events, starting)
        if people is not None:
            where = np.zeros(size, np.int64)
            where[unit[rows:]] = theirs
            starts = starts._replace(group=where[starts.unit])
        if log.values is not None and not ways.zero:
            starts = with_amounts(starts, events, starting)
    if people is not None:
        seen = np.zeros(size, bool)
        seen[unit[:rows]] = True
        seen[unit[rows:]] = False
        note_strangers(remarks, int(seen.sum()))
    return met(asked.metric, starts, events, returning, ways)


def _numbered(calendar: Calendar, times: Times) -> tuple[Any, Any]:
    """Return microseconds of UTC, and the calendar's numbers of the periods."""
    numbering = calendar.numbering(times)
    period = numbering.of(slice(None)).astype(np.int64) + numbering.first
    return in_micros(times.elapsed(), times.per_day), period


def _axes(groups: Groups, first: int, periods: int) -> Log:
    """Return a log without events."""
    nothing = np.zeros(0, np.int64)
    return Log(nothing, 0, 1, groups, Numbers(first, periods, nothing))


def _from_engine(asked: Request, events: Any) -> Events:
    """Have the engine count users from masks where it can, else reduce events to one row per user and period."""
    metric, calendar = asked.metric, asked.calendar
    rows = EngineRows(metric, events, asked.on_bad_rows, calendar)
    _, instants, amounts, begun = asked.screened(rows)
    if asked.as_of is not None:
        rows.forget_times_of_day()
    keys = [] if asked.users is not None else rows.keys(asked.by, asked.axis)
    named = asked.starts, asked.returns
    kinds = EngineKinds(rows, asked.event, named)
    rows.fact("last", instants, "max")
    days = None if asked.longest is None else EngineDays(rows, asked.user, keys, instants, calendar)
    if asked.counting is not None:
        rows.fact("first", instants, "min")
    whole = asked.value is not None and rows.schema[asked.value].is_integer()
    if whole:
        rows.fact("amounts", engines.floats(rows.frame, amounts).abs(), "sum")
    if begun is not None:
        rows.fact("begun", begun, "max")
    people = None if asked.users is None else EnginePeople(rows, asked.users, asked.people, asked.axis)
    plain = not asked.joined and asked.starts.kinds is None and asked.returns.kinds is None
    if asked.counting is not None and asked.as_of is not None and plain and not rows.report:
        at_once = count_in_one_pass(rows, (asked.user, keys), instants, asked.as_of, calendar, asked.counting)
        if at_once is not None:
            axes, counts, seen, until = at_once
            return Events(_axes(*axes), until, seen.zone, rows.remarks, counted=counts)
    rows.screen(asked.screened)
    if amounts is not None:
        note_currencies(rows, asked.by)
    if whole and not rows.facts["amounts"].fillna(0).iloc[0] < 2.0**BITS:
        raise too_large(metric, "value")
    kinds.check()
    last = rows.instant("last")
    stamps = [last, *([] if begun is None else [rows.instant("begun")]), *([] if people is None else people.last())]
    stop = end_of_data(metric, asked.as_of, stamps)
    if asked.as_of is not None and stop is not None:
        if last.late(stop) is not None:
            rows.keep_before(instants, stop, last.zone)
        if people is not None and people.begun is not None:
            people.rows.keep_before(people.begun, stop, last.zone)
    roles = [None if one.kinds is None else kinds.matches(one.kinds) for one in named]
    if asked.returns.kinds == asked.starts.kinds:
        roles[1] = roles[0]
    span = _span(calendar, rows, stop) if "first" in rows.asked and not asked.joined else None
    if span is not None and days is not None and asked.longest is not None:
        active = days.read(*span, asked.longest)
        if active is not None:
            return Events(active[0], stop, last.zone, rows.remarks, gaps=active[1])
    if span is not None and asked.counting is not None:
        found = count_masks(rows, (asked.user, keys), instants, roles, calendar, span, asked.counting)
        if found is not None:
            return Events(_axes(found[0], *span), stop, last.zone, rows.remarks, counted=found[1])
    reduced = ReducedEvents(rows, asked.user, keys, instants, roles, amounts, calendar)
    if asked.joined:
        own = None if begun is None else (str(asked.started), begun)
        groups, members = EngineMembers(reduced, calendar, asked.ways, people, own, (stop, last.zone)).read()
        nothing = np.zeros(0, np.int64)
        values = None if asked.value is None else nothing if whole else nothing.astype(np.float64)
        log = Log(nothing, 0, 1, groups, Numbers(0, 1, nothing), values=values)
        return Events(log, stop, last.zone, rows.remarks, members=members)
    small, starts, returns = reduced.periods(asked.ways.least > 1)
    numbers = period_numbers(calendar, small["csm:period"])
    first = int(numbers.min()) if numbers.size else 0
    log = Log(
        *number_units(metric, small[asked.user], slice(None)),
        Groups(metric, [small[key] for key in keys], slice(None)),
        Numbers(first, int(numbers.max(initial=first)) - first + 1, numbers - first),
        small["csm:events"].to_numpy() if asked.ways.least > 1 else None,
        None if asked.value is None else small["csm:value"].to_numpy(),
    )
    return Events(log, stop, last.zone, rows.remarks, starts, returns)


def _span(calendar: Calendar, rows: EngineRows, stop: Wall | None) -> tuple[int, int] | None:
    """Return the first period of screened rows, and the number of periods to the last event before the end; or None."""
    last = rows.instant("last")
    if stop is None or not last.known:
        return None
    begin, end = calendar.first_of(rows.instant("first")), calendar.first_of(last)
    periods = min(calendar.at(stop - 1), end) - begin + 1
    return (begin, periods) if periods > 0 else None
