"""Who belongs to which cohort and since when, and at which ages each member came back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics.cohorts._packing import ROWS, Log, Numbers, active, changes
from csmetrics.cohorts._rows.groups import Groups
from csmetrics.core._numeric import BLOCK

NEVER = np.iinfo(np.int64).max  # the start of users who never started


class Members(NamedTuple):
    """A batch of users with their cohorts, and the ages at which they came back.

    Attributes
    ----------
    group, cohort
        One per member: the number of the group (or 0 for all) and of the cohort's period.
    sizes
        Each member's amount at age 0; None to count members instead.
    who, age
        One per member and age, sorted by member, then age: the position of the member, and the age.
    amounts
        The amount at that age, or None.
    began
        Each member's own start in microseconds of UTC, where ages count from it; else None.
    """

    group: Any
    cohort: Any
    sizes: Any
    who: Any
    age: Any
    amounts: Any
    began: Any = None


class Ways(NamedTuple):
    """How members and their returns are found.

    Attributes
    ----------
    width
        The length of an elapsed window in microseconds; None for calendar periods.
    recurring
        Whether each period with a start begins a membership.
    zero, last
        Whether returns at age 0 count, and the last age that does; None for no last one.
    least, exempt
        The events that a user needs at one age, and whether one is enough at age 0.
    by_start
        Whether a user belongs to the group of its start, and not to every group in which it has events.
    """

    width: int | None = None
    recurring: bool = False
    zero: bool = False
    last: int | None = None
    least: int = 1
    exempt: bool = True
    by_start: bool = False

    def enough(self, events: Any, age: Any) -> Any:
        """Mark the ages with enough events."""
        return (events >= self.least) | (self.exempt & (age == 0))

    def ages(self, age: Any) -> Any:
        """Mark the ages that count."""
        counted = age >= (0 if self.zero else 1)
        return counted if self.last is None else counted & (age <= self.last)


class Starts(NamedTuple):
    """The members, sorted by user.

    Attributes
    ----------
    unit
        The user, or the user in a group.
    group, cohort
        The numbers of the group and of the cohort's period.
    began
        The own start, in microseconds of UTC.
    sizes
        The amounts of the start events in the cohort's period, or None.
    """

    unit: Any
    group: Any
    cohort: Any
    began: Any
    sizes: Any = None


class Happened(NamedTuple):
    """Events as plain arrays.

    Attributes
    ----------
    unit
        The user, or the user in a group, as numbers below `size`.
    micros
        When it happened, in microseconds of UTC.
    period, group
        The numbers of the period and of the group (0 for all).
    values
        The amounts, or None.
    """

    unit: Any
    size: int
    micros: Any
    period: Any
    group: Any
    values: Any


def dense(log: Log, grouped: bool) -> tuple[Any, int]:
    """Number the users of a log, or the users in their groups, with numbers not far above the number of rows."""
    codes, size = np.asarray(log.users).astype(np.int64) - log.offset, log.size
    if grouped and log.groups.count > 1:
        if size * log.groups.count >= 2**62:
            codes, found = pd.factorize(codes)
            size = len(found)
        codes, size = codes * log.groups.count + log.groups.number, size * log.groups.count
    if size > 4 * codes.size + BLOCK:
        codes, found = pd.factorize(codes)
        size = len(found)
    return codes, size


def first_starts(events: Happened, rows: Any, began: Any = None, cohort: Any = None) -> Starts:
    """Find each user's first start.

    Parameters
    ----------
    events
        The events.
    rows
        The positions of the start events.
    began, cohort
        The start that each event says its user had, and its period; by default the event is the start itself.
    """
    unit, when = events.unit[rows], events.micros[rows]
    first, of = np.full(events.size, NEVER), np.full(events.size, 0)
    np.minimum.at(first, unit, when)
    at = np.flatnonzero(when == first[unit])
    group = np.full(events.size, NEVER)
    np.minimum.at(group, unit[at], np.broadcast_to(events.group, events.unit.shape)[rows][at])
    of[unit[at]] = events.period[rows][at]
    users = np.flatnonzero(first != NEVER)
    if began is not None:
        first, of = np.full(events.size, NEVER), np.full(events.size, NEVER)
        np.minimum.at(first, unit, began[rows])
        np.minimum.at(of, unit, cohort[rows])
    return Starts(users, group[users], of[users], first[users])


def every_start(events: Happened, rows: Any) -> Starts:
    """Find each user's first start in each period."""
    group = np.broadcast_to(events.group, events.unit.shape)[rows]
    unit, period, micros = events.unit[rows], events.period[rows], events.micros[rows]
    order = np.lexsort((group, micros, period, unit))
    unit, period = unit[order], period[order]
    at = np.flatnonzero(changes(unit) | changes(period))
    return Starts(unit[at], group[order][at], period[at], micros[order][at])


def with_amounts(starts: Starts, events: Happened, rows: Any) -> Starts:
    """Add up the amounts of the start events in each member's cohort period."""
    span = int(max(starts.cohort.max(initial=0), events.period.max(initial=0))) + 1
    low = int(min(starts.cohort.min(initial=0), events.period.min(initial=0)))
    keys = starts.unit * (span - low) + (starts.cohort - low)
    wanted = events.unit[rows] * (span - low) + (events.period[rows] - low)
    at = np.searchsorted(keys, wanted)
    ok = (at < keys.size) & (keys[np.minimum(at, keys.size - 1)] == wanted)
    sizes = np.zeros(keys.size, events.values.dtype)
    np.add.at(sizes, at[ok], events.values[rows][ok])
    return starts._replace(sizes=sizes)


def met(metric: str, starts: Starts, events: Happened, rows: Any, ways: Ways) -> tuple[int | None, Iterator[Members]]:
    """Return the first cohort, and the members with the ages at which they came back.

    Parameters
    ----------
    metric
        Name of the builder.
    starts
        The members.
    events
        The events.
    rows
        The positions of the events that count as a return.
    ways
        How returns are found.
    """
    if not starts.unit.size:
        return None, iter(())
    return int(starts.cohort.min()), _batches(metric, starts, events, rows, ways)


def _batches(metric: str, starts: Starts, events: Happened, rows: Any, ways: Ways) -> Iterator[Members]:
    one = Groups(metric, [], slice(None))
    for part, who, at in (_several if ways.recurring else _one)(starts, events, rows):
        group, cohort, began = (values[part] for values in (starts.group, starts.cohort, starts.began))
        sizes = None if starts.sizes is None else starts.sizes[part]
        later = events.micros[at] >= began[who]
        who, at = who[later], at[later]
        passed = events.period[at] - cohort[who]
        if ways.width is not None:
            passed = (events.micros[at] - began[who]) // ways.width
        counted = ways.ages(passed)
        who, at, passed = who[counted], at[counted], passed[counted]
        values = None if events.values is None else events.values[at]
        numbers = Numbers(0, int(passed.max(initial=0)) + 1, passed)
        found = active(Log(who, 0, len(cohort), one, numbers, None, values), count=ways.least > 1)
        if found.events is not None:
            found = found.take(ways.enough(found.events, found.period(slice(None))))
        who, age = found.user(slice(None)).astype(np.intp), found.period(slice(None))
        yield Members(group, cohort, sizes, who, age, found.values, began)


def _one(starts: Starts, events: Happened, rows: Any) -> Iterator[tuple[slice, Any, Any]]:
    """Yield the return events with the position of their user's only membership."""
    position = np.full(events.size, -1)
    position[starts.unit] = np.arange(starts.unit.size)
    who = position[events.unit[rows]]
    yield slice(None), who[who >= 0], rows[who >= 0]


def _several(starts: Starts, events: Happened, rows: Any) -> Iterator[tuple[slice, Any, Any]]:
    """Yield the return events with the position of each membership of their user, a batch of members at a time."""
    rows = rows[np.argsort(events.unit[rows], kind="stable")]
    unit = events.unit[rows]
    low, high = np.searchsorted(unit, starts.unit, side="left"), np.searchsorted(unit, starts.unit, side="right")
    for part in parts(high - low):
        who, at = expand(low[part], high[part])
        yield part, who, rows[at]


def parts(lengths: Any) -> Iterator[slice]:
    """Cut into slices of about `ROWS` rows each."""
    ends = np.cumsum(lengths)
    at = 0
    while at < len(lengths):
        before = int(ends[at - 1]) if at else 0
        stop = max(int(np.searchsorted(ends, before + ROWS, side="right")), at + 1)
        yield slice(at, stop)
        at = stop


def expand(low: Any, high: Any) -> tuple[Any, Any]:
    """List the rows from each low to each high, and the position of the pair that each belongs to."""
    lengths = high - low
    who = np.repeat(np.arange(len(lengths)), lengths)
    begins = np.cumsum(lengths) - lengths
    return who, np.arange(who.size) + (low - begins)[who]
