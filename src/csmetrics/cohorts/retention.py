"""Retention of cohorts, from raw events to the triangle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from csmetrics.cohorts._event_names import Named
from csmetrics.cohorts._events import Events, Request
from csmetrics.cohorts._packing import ROWS, Active, Log, Packing, active, changes, tally
from csmetrics.cohorts._rows.options import OnBadRows, WeekStart, check_cells, check_whole, check_word
from csmetrics.cohorts._rows.remarks import noted
from csmetrics.cohorts._rows.time import DAY, Calendar, in_micros, in_utc
from csmetrics.cohorts.grid import RetentionGrid
from csmetrics.errors import MetricInputError, shown

NEVER = np.iinfo(np.int64).max  # the start of a cohort without members
KINDS = ("on", "on_or_after", "on_or_before")


class Members(NamedTuple):
    """A batch of users with their cohorts, and the ages at which they came back.

    Attributes
    ----------
    group, cohort
        One per member: the number of the group (or 0 for all) and of the cohort's period.
    sizes
        Each member's amount at age 0; None to count members instead.
    who, age
        One per member and age, sorted by member, then age: the position of the member, and the age, at least 1.
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


@dataclass(frozen=True)
class Ages:
    """The columns of a triangle: the first and last age of each, age 0 first.

    Attributes
    ----------
    kind
        on, on_or_after or on_or_before.
    low, high
        One per column; it is observed once the age `high` is over.
    single
        Whether each column is a single age.
    labels
        Labels of the columns.
    column
        For each age, the first column in which a return counts; -1 if it counts in no column.
    first
        The first column that counts returns: 1, or 0 if age 0 counts them, too.
    """

    kind: str
    low: Any
    high: Any
    single: bool
    labels: pd.Index[Any]
    column: Any
    first: int

    @classmethod
    def make(cls, kind: str, lengths: Sequence[int] | None, horizon: int | None, zero: bool, count: int) -> Ages:
        """Make the columns for ages below `count`: single ages, or age 0 and brackets of the given lengths."""
        ages = np.arange(max(count, 1))
        labels: pd.Index[Any] = pd.RangeIndex(ages.size, name="age")
        low = high = ages
        if lengths is not None:
            high = np.cumsum([0, *lengths])
            low = high - np.array([0, *lengths]) + 1
            low[0] = 0
            names = [str(a) if a == b else f"{a}-{b}" for a, b in zip(low.tolist(), high.tolist(), strict=True)]
            labels = pd.Index(names, name="age")
        if horizon is not None:
            low, labels = low[low <= horizon], labels[low <= horizon]
            high = np.where(low < (0 if zero else 1), 0, horizon)
        if lengths is not None:
            low, high = np.minimum(low, ages.size), np.minimum(high, ages.size)  # later ages are never observed
        if kind == "on_or_after":
            column = np.searchsorted(low, ages, side="right") - 1
        else:
            column = np.searchsorted(high, ages, side="left")
            column[column == high.size] = -1
        if not zero:
            column[0] = -1
        if horizon is not None:
            column[ages > horizon] = -1
        return cls(kind, low, high, lengths is None, labels, column, 0 if zero else 1)

    def spread(self, cells: Any) -> None:
        """Count each return in the later columns too (on_or_before), or in the earlier ones (on_or_after)."""
        cells = cells[..., self.first :]
        if self.kind != "on":
            cells = cells if self.kind == "on_or_before" else cells[..., ::-1]
            np.cumsum(cells, axis=-1, out=cells)

    def counted(self, members: Members) -> tuple[Any, Any]:
        """Return the rows to count, such that no member counts twice in a column, and the column of each."""
        column = self.column.take(members.age)
        rows = np.flatnonzero(column >= 0)
        if members.amounts is not None or (self.kind == "on" and self.single):
            return rows, column[rows]
        who, column = members.who[rows], column[rows]
        only = changes(who)
        if self.kind == "on_or_after":
            only = np.append(only[1:], True)[: only.size]
        elif self.kind == "on":
            only |= changes(column)
        return rows[only], column[only]


def retention(
    events: Any,
    *,
    user: str = "user",
    time: str = "time",
    freq: str = "M",
    kind: Literal["on", "on_or_after", "on_or_before"] = "on",
    cohort: Literal["first", "recurring"] = "first",
    event: str = "event",
    start_event: Any = None,
    return_event: Any = None,
    min_events: int = 1,
    brackets: Sequence[int] | None = None,
    horizon: int | None = None,
    window: Literal["calendar", "elapsed"] = "calendar",
    week_start: WeekStart = "monday",
    as_of: Any = None,
    value: str | None = None,
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
) -> RetentionGrid:
    r"""Count the users of each cohort who came back, by age.

    Parameters
    ----------
    events
        One row per event: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask, PySpark or Ibis, whose
        engine then finds the periods in which each user was active.
    user, time
        The columns of users and of event times.
    freq
        Length of cohorts and ages: h, D, W, M, Q or Y, in the time zone of the column.
    kind
        ``"on"``: the user was active at that age. ``"on_or_after"``: at that age or later (also called "unbounded" or
        "rolling"), up to `horizon`. ``"on_or_before"``: at any age from 1 up to that age.
    cohort
        ``"first"``: a user belongs to the period of its first start event. ``"recurring"``: a user belongs to every
        period in which it has a start event.
    event
        The column that holds the kinds of events named in `start_event` and `return_event`.
    start_event, return_event
        The kind of event (or a list of kinds) that puts a user into a cohort, and the kind that counts as coming back.
        By default every event counts.
    min_events
        How many return events a user needs within one period to count as back. At age 0 one event is enough.
    brackets
        Group consecutive ages, by the number of ages in each bracket: ``[4, 10, 3]`` makes the ages 1-4, 5-14, 15-17.
    horizon
        The last age at which a return counts with ``kind="on_or_after"``. A cell is then observed once this age is
        over, so that every cohort has had the same time to return.
    window
        ``"calendar"``: ages are calendar periods. ``"elapsed"``: ages are whole windows of 1 hour, 24 hours, 7 days or
        30 days since the user's own start. In a time zone, the day on which clocks change counts with its 23 or 25
        hours.
    week_start
        ``"monday"`` or ``"sunday"``.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp or ISO text. A date, or midnight, means that
        whole day. By default the last event. Later events are not counted.
    value
        A column to add up instead of counting users, for example to get revenue by cohort and age.
    by
        A column, or a list of columns, to group by. A user in several groups belongs to each.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them, with the reason, in
        ``.attrs["excluded"]``.

    Returns
    -------
    RetentionGrid
        Cohort by age, with a cohort for every calendar period from the first start event to the period in which the
        data ends; with groups, cohort and group by age.

    Raises
    ------
    MetricInputError
        If a user, a time or a value is missing, a time is not a date, or an argument is not one of its choices.
    MissingColumnError
        If the frame has no such column.

    Notes
    -----
    A cell is observed once its period has ended by `as_of` (with ``window="elapsed"``, once it has ended for the last
    member of the cohort), in progress while the period runs, and in the future until it begins. Only observed cells
    have a count; an unobserved cell is never 0.

    Age 0 is the cohort's size, even where start and return events differ. With `value` it is the amount of the start
    events in the cohort's period.

    Cells of ``kind="on_or_after"`` keep growing: a user who returns next year still counts in every earlier age, and
    older cohorts have had longer to return. Name a `horizon` to compare cohorts.

    Other definitions in use:

    * periods that are still running count with the users so far, or as 0: the newest cohorts look worst.
    * first-time or recurring cohorts: products differ in their default, and every cell depends on it.
    * timestamps rounded down to the hour before 24-hour windows are counted (Amplitude): 17:59 and 17:00 the next day
      are one day apart in Amplitude, and zero days apart here.
    * a column's average as the mean of its rates, or weighted twice by size (Mixpanel); see `RetentionGrid.pooled`.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> events = pd.DataFrame(
    ...     {
    ...         "user": ["ann", "bob", "ann", "cid", "bob", "cid"],
    ...         "time": pd.to_datetime(
    ...             ["2026-01-05", "2026-01-20", "2026-02-03", "2026-02-10", "2026-03-01", "2026-03-09"]
    ...         ),
    ...     }
    ... )
    >>> grid = csm.cohorts.retention(events, as_of="2026-03-31")
    >>> grid.counts
    age      0     1     2
    cohort
    2026-01  2     1     1
    2026-02  1     1  <NA>
    2026-03  0  <NA>  <NA>
    >>> grid.rates()[1]
    cohort
    2026-01     50.0
    2026-02    100.0
    2026-03      NaN
    Freq: M, Name: 1, dtype: float64
    """
    metric = "retention"
    check_word(metric, "kind", kind, KINDS)
    check_word(metric, "cohort", cohort, ("first", "recurring"))
    check_word(metric, "window", window, ("calendar", "elapsed"))
    least = check_whole(metric, "min_events", min_events)
    calendar = Calendar(metric, freq)
    width = calendar.width() if window == "elapsed" else None
    lengths = _lengths(metric, brackets)
    if horizon is not None:
        horizon = check_whole(metric, "horizon", horizon)
        if kind != "on_or_after":
            rule, hint = "needs kind='on_or_after'", "the other kinds look no further than the age itself"
            raise MetricInputError(metric, "horizon", rule, f"got kind={kind!r}", hint)
    recurring = cohort == "recurring"
    found = Request(
        metric, user, time, calendar, as_of, by, on_bad_rows, event, value,
        Named.read(metric, "start_event", start_event, needed=True),
        Named.read(metric, "return_event", return_event, needed=False),
        count=least > 1, width=width, recurring=recurring, axis="cohort",
    ).read(events)  # fmt: skip
    if width is None:
        first, members = _calendar_members(found, recurring, least)
    else:
        first, members = _elapsed_members(found, recurring, least, width)
    if kind == "on_or_after" and horizon is None:
        found.remarks.note(_GROWING)
    ages = partial(Ages.make, kind, lengths, horizon, False)
    triangle = _Triangle(found, calendar, first, ages, width)
    for some in members:
        triangle.add(some)
    return noted(triangle.grid(value), found.remarks)


_GROWING = (
    "Cells of kind='on_or_after' keep growing with every later period, and older cohorts have had longer to return: "
    "horizon= gives all of them the same time."
)
_ENDLESS = 10**12  # the longest bracket: ages past the end of the data are never observed


def _lengths(metric: str, brackets: Any) -> list[int] | None:
    if brackets is None:
        return None
    many = isinstance(brackets, (Sequence, np.ndarray, pd.Series)) and not isinstance(brackets, str)
    if many and getattr(brackets, "ndim", 1) == 1 and len(brackets):
        return [check_whole(metric, "brackets", length, most=_ENDLESS) for length in brackets]
    rule, hint = "must be lengths in periods", "brackets=[4, 10, 3] for ages 1-4, 5-14 and 15-17"
    raise MetricInputError(metric, "brackets", rule, f"got {shown(brackets)}", hint)


class _Triangle:
    """The retention triangle while it is filled: cells of group, cohort and age.

    Parameters
    ----------
    found
        The events.
    calendar
        The cohorts' periods.
    first
        The first cohort's period, numbered like the events' periods; None where there is no cohort.
    ages
        The function that makes the columns for a number of ages.
    width
        The length of an elapsed window in microseconds; None for calendar periods.
    """

    def __init__(
        self, found: Events, calendar: Calendar, first: int | None, ages: Callable[[int], Ages], width: int | None
    ) -> None:
        self.calendar, self.width, self.groups = calendar, width, found.log.groups
        self.stop = found.stop or 0
        self.offset = first or 0
        self.first = found.log.periods.first + self.offset
        self.cohorts = 0 if first is None else max(calendar.at(self.stop - 1) - self.first + 1, 0)
        self.opens = calendar.start(np.arange(self.cohorts + 1) + self.first)  # and the last end
        reach = self.cohorts
        if width is not None:
            self.until = in_utc(self.stop, found.zone)
            self.starts = np.array([in_utc(int(at), found.zone) for at in self.opens[:-1]], dtype=np.int64)
            self.earliest = np.full((self.groups.count, self.cohorts), NEVER)
            self.latest = np.full((self.groups.count, self.cohorts), -NEVER)
            reach = (self.until - 1 - int(self.starts[0])) // width + 1 if self.cohorts else 0
        self.ages = ages(reach)
        check_cells("retention", calendar, self.first, self.cohorts, self.groups.count * len(self.ages.labels))
        dtype = np.int64 if found.log.values is None else found.log.values.dtype
        self.cells = np.zeros((self.groups.count, self.cohorts, len(self.ages.labels)), dtype)

    def add(self, members: Members) -> None:
        """Count a batch of members."""
        row = members.group * self.cohorts + members.cohort - self.offset
        cells, columns = self.cells.reshape(-1), self.cells.shape[2]
        tally(cells, row * columns, members.sizes)
        rows, column = self.ages.counted(members)
        cell = (row * columns)[members.who[rows]] + column
        tally(cells, cell, None if members.amounts is None else members.amounts[rows])
        if members.began is not None:
            np.minimum.at(self.earliest.reshape(-1), row, members.began)
            np.maximum.at(self.latest.reshape(-1), row, members.began)

    def grid(self, value: str | None) -> RetentionGrid:
        """Return the grid, without counts in cells that are not observed."""
        self.ages.spread(self.cells)
        states = self._states()
        shape = (self.cohorts * self.groups.count, self.cells.shape[2])
        cells, codes = (np.ascontiguousarray(part.swapaxes(0, 1)).reshape(shape) for part in (self.cells, states))
        index = self.groups.index(self.calendar.index(self.first, self.cohorts, "cohort"))
        whole = cells.dtype.kind == "i"
        columns = {
            label: pd.arrays.IntegerArray(cells[:, i].copy(), codes[:, i] > 0) if whole
            else np.where(codes[:, i] > 0, np.nan, cells[:, i])
            for i, label in enumerate(self.ages.labels)
        }  # fmt: skip
        counts = pd.DataFrame(columns, index=index)
        counts.columns = self.ages.labels
        sizes = pd.Series(cells[:, 0].copy(), index=index, name="size" if value is None else value)
        return RetentionGrid(sizes, counts, codes, self.ages.kind, self.calendar.freq)

    def _states(self) -> Any:
        """Return the state of each cell: observed (0), in progress (1) or in the future (2)."""
        low, high = self.ages.low, self.ages.high
        if self.width is None:
            last = self.calendar.at(self.stop) - self.first  # the first period that is not complete
            begun = self.calendar.at(self.stop - 1) - self.first
            cohort = np.arange(self.cohorts)[:, None]
            states = np.where(cohort + high < last, 0, np.where(cohort + low <= begun, 1, 2))
            return np.broadcast_to(states, self.cells.shape)
        empty = self.earliest == NEVER
        earliest = np.where(empty, self.starts, self.earliest)[..., None]
        latest = np.where(empty, self.starts, self.latest)[..., None]
        ended = (latest + (high + 1) * self.width <= self.until) & (self.opens[1:, None] <= self.stop)
        ended[..., 0] = self.opens[1:] <= self.stop
        return np.where(ended, 0, np.where(earliest + low * self.width < self.until, 1, 2))


def _calendar_members(found: Events, recurring: bool, least: int) -> tuple[int | None, Iterator[Members]]:
    """Return the first cohort, and the members with ages in calendar periods."""
    log = found.log
    starts = active(log, found.starts)
    returns = (
        starts
        if found.starts is found.returns and least == 1
        else active(log, found.returns, count=least > 1).frequent(least)
    )
    if not starts.keys.size:
        return None, iter(())
    first = int(starts.period(slice(None)).min())
    if returns is starts and not recurring:
        return first, _first_of_all(starts, log)
    return first, _joined(starts, returns, recurring, log)


def _first_of_all(starts: Active, log: Log) -> Iterator[Members]:
    """Yield the members where each user has one cohort and every event is both a start and a return.

    The rows of a user then follow one another.
    """
    for block in starts.blocks():
        period, begins = starts.period(block), starts.begins(block)
        at = np.flatnonzero(begins)
        cohort = period[at]
        later = ~begins
        who = (np.cumsum(begins) - 1)[later]
        amounts = None if starts.values is None else starts.values[block]
        yield Members(
            starts.group(block, log.groups.count)[at] if log.groups.count > 1 else 0,
            cohort,
            None if amounts is None else amounts[at],
            who,
            period[later] - cohort[who],
            None if amounts is None else amounts[later],
        )


def _joined(starts: Active, returns: Active, recurring: bool, log: Log) -> Iterator[Members]:
    """Yield the members with their user's later periods."""
    for block in starts.blocks():
        chosen = np.arange(block.start, block.stop)
        if not recurring:
            chosen = chosen[starts.begins(block)]
        keys = starts.keys[chosen]
        low = np.searchsorted(returns.keys, keys, side="right")
        high = np.searchsorted(returns.keys, keys | starts.packing.mask, side="right")
        for part in _parts(high - low):
            who, rows = _expand(low[part], high[part])
            cohort = starts.period(chosen[part])
            yield Members(
                starts.group(chosen[part], log.groups.count),
                cohort,
                None if starts.values is None else starts.values[chosen[part]],
                who,
                returns.period(rows) - cohort[who],
                None if returns.values is None else returns.values[rows],
            )


def _elapsed_members(found: Events, recurring: bool, least: int, width: int) -> tuple[int | None, Iterator[Members]]:
    """Return the first cohort, and the members with ages in whole windows since their own start."""
    if found.elapsed is not None:
        return _engine_members(found, least)
    log, times = found.log, found.times
    assert times is not None  # of pandas
    everything = np.arange(len(log))
    chosen, others = (everything if rows is None else rows for rows in (found.starts, found.returns))
    if not chosen.size:
        return None, iter(())
    ticks = times.elapsed()
    packing = Packing.of(log)
    keys = packing.pack(log, chosen)
    order = np.lexsort((ticks[chosen], keys))
    keys, began = keys[order], ticks[chosen][order]
    at = np.flatnonzero(changes(keys))
    sizes = None if log.values is None else np.add.reduceat(log.values[chosen][order], at)
    keys, began = keys[at], began[at]
    starts = Active(keys, packing, None, sizes)
    if not recurring:
        firsts = np.flatnonzero(starts.begins(slice(None)))
        starts, began = starts.take(firsts), began[firsts]
    users = packing.pack(log, others) >> packing.dtype.type(packing.period)
    order = np.lexsort((ticks[others], users))
    happened = ticks[others][order]
    amounts = None if log.values is None else log.values[others][order]
    first = int(starts.period(slice(None)).min())
    return first, _since(starts, began, users[order], happened, amounts, times.per_day, width, least, log.groups.count)


def _engine_members(found: Events, least: int) -> tuple[int | None, Iterator[Members]]:
    """Return the first cohort, and the members whose windows an engine has counted."""
    log, (began, pairs) = found.log, found.elapsed
    if not len(log):
        return None, iter(())
    pairs = pairs[pairs["csm events"] >= least]
    amounts = None if log.values is None else pairs["csm value"].to_numpy()
    group = 0 if log.groups.number is None else log.groups.number
    who, age, period = pairs["csm who"].to_numpy(), pairs["csm age"].to_numpy(), log.periods.of(slice(None))
    return int(period.min()), iter([Members(group, period, log.values, who, age, amounts, began)])


def _since(
    starts: Active,
    began: Any,
    users: Any,
    happened: Any,
    amounts: Any,
    per_day: int,
    width: int,
    least: int,
    groups: int,
) -> Iterator[Members]:
    """Yield the members with the windows since their own start that hold events of their user."""
    wanted = starts.user(slice(None))
    low, high = np.searchsorted(users, wanted, side="left"), np.searchsorted(users, wanted, side="right")
    for part in _parts(high - low):
        who, rows = _expand(low[part], high[part])
        age = (happened[rows] - began[part][who]) // (width * per_day // DAY)
        later = age >= 1
        who, age, rows = who[later], age[later], rows[later]
        at = np.flatnonzero(changes(who) | changes(age))
        often = np.diff(at, append=who.size) >= least
        sums = None if amounts is None or not at.size else np.add.reduceat(amounts[rows], at)[often]
        at = at[often]
        yield Members(
            starts.group(part, groups),
            starts.period(part),
            None if starts.values is None else starts.values[part],
            who[at],
            age[at],
            sums if amounts is None or at.size else amounts[:0],
            in_micros(began[part], per_day),
        )


def _parts(lengths: Any) -> Iterator[slice]:
    """Cut into slices of about `ROWS` rows each."""
    ends = np.cumsum(lengths)
    at = 0
    while at < len(lengths):
        before = int(ends[at - 1]) if at else 0
        stop = max(int(np.searchsorted(ends, before + ROWS, side="right")), at + 1)
        yield slice(at, stop)
        at = stop


def _expand(low: Any, high: Any) -> tuple[Any, Any]:
    """List the rows from each low to each high, and the position of the pair that each belongs to."""
    lengths = high - low
    who = np.repeat(np.arange(len(lengths)), lengths)
    begins = np.cumsum(lengths) - lengths
    return who, np.arange(who.size) + (low - begins)[who]
