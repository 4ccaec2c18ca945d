"""Retention of cohorts, from raw events to the triangle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from csmetrics.cohorts._engine_masks import ByAge, CountedCohorts
from csmetrics.cohorts._event_names import Named
from csmetrics.cohorts._events import Events, Request
from csmetrics.cohorts._mask_counts import Cohorts
from csmetrics.cohorts._masks import Masks
from csmetrics.cohorts._memberships import NEVER, Members, Ways, expand, parts
from csmetrics.cohorts._packing import Active, Log, active, changes, tally
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.instants import in_utc
from csmetrics.cohorts._rows.options import OnBadRows, check_cells, check_whole, check_word
from csmetrics.cohorts._rows.remarks import Remarks, noted
from csmetrics.cohorts.grid import RetentionGrid
from csmetrics.core._plain import plain
from csmetrics.errors import MetricInputError, shown

KINDS = ("on", "on_or_after", "on_or_before")


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
    event: str = "event",
    start_event: Any = None,
    return_event: Any = None,
    users: Any = None,
    started: str | None = None,
    cohort: Literal["first", "recurring"] = "first",
    kind: Literal["on", "on_or_after", "on_or_before"] = "on",
    window: Literal["calendar", "elapsed"] = "calendar",
    brackets: Sequence[int] | None = None,
    horizon: int | None = None,
    min_events: int = 1,
    value: str | None = None,
    age_zero: Literal["size", "returned"] | None = None,
    freq: str = "M",
    as_of: Any = None,
    by: Any = None,
    by_at: Literal["row", "start"] = "row",
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
    event
        The column that holds the kinds of events named in `start_event` and `return_event`.
    start_event, return_event
        The kind of event (or a list of kinds) that puts a user into a cohort, and the kind that counts as coming back.
        By default every event counts.
    users
        A table with one row per user, in pandas or in the engine that holds the events. Users without an event count in
        the sizes as well, where `started` names their start; its columns are the ones that `by` names. Users of the
        events that it does not hold are left out, with a note.
    started
        The column that holds each user's start, such as the day of the signup: of `users`, or without it of `events`.
        It takes the place of the start events.
    cohort
        ``"first"``: a user belongs to the period of its first start event. ``"recurring"``: a user belongs to every
        period in which it has a start event.
    kind
        ``"on"``: the user was active at that age. ``"on_or_after"``: at that age or later (also called "unbounded" or
        "rolling"), up to `horizon`. ``"on_or_before"``: at any age from 1 up to that age.
    window
        ``"calendar"``: ages are calendar periods. ``"elapsed"``: ages are whole windows of 1 hour, 24 hours, 7 days or
        30 days since the user's own start. In a time zone, the day on which clocks change counts with its 23 or 25
        hours.
    brackets
        Group consecutive ages, by the number of ages in each bracket: ``[4, 10, 3]`` makes the ages 1-4, 5-14, 15-17.
    horizon
        The last age at which a return counts with ``kind="on_or_after"``. A cell is then observed once this age is
        over, so that every cohort has had the same time to return.
    min_events
        How many return events a user needs within one period to count as back. At age 0 one event is enough.
    value
        A column to add up instead of counting users, for example to get revenue by cohort and age.
    age_zero
        ``"size"``: age 0 holds the cohort's size. ``"returned"``, the default with `value`: it holds the return events
        in the period of the start (with ``window="elapsed"``, in the first window), from the start on, and
        ``"on_or_before"`` begins with it.
    freq
        Length of cohorts and ages: h, D, W, M, Q or Y, in the time zone of the column, or one of pandas' anchored
        ones: weeks of ``"W-SAT"`` begin on Sunday, quarters of ``"Q-JAN"`` in February.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp or ISO text. A date, or midnight, means that
        whole day. By default the last event or start. Later events are not counted.
    by
        A column, or a list of columns, to group by.
    by_at
        ``"row"``: each group is counted as if it were all the data, so a user with events in several groups belongs to
        each. ``"start"``: a user belongs to the group of the event that put it into the cohort (of its first event,
        where `started` names a column of the events), so that the sizes add up to the users.
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

    Age 0 is the cohort's size, even where start and return events differ. With `value` it is the amount of the return
    events in the period of the start, from the start on: the purchases in the month of the signup. With both `value`
    and ``age_zero="size"`` it is the amount of the start events in that period.

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
    kind = check_word(metric, "kind", kind, KINDS)
    cohort = check_word(metric, "cohort", cohort, ("first", "recurring"))
    window = check_word(metric, "window", window, ("calendar", "elapsed"))
    by_at = check_word(metric, "by_at", by_at, ("row", "start"))
    zero = _counts_age_zero(metric, age_zero, value, started)
    least = check_whole(metric, "min_events", min_events)
    calendar = Calendar(metric, freq)
    width = calendar.width() if window == "elapsed" else None
    lengths = _lengths(metric, brackets)
    _check_horizon(metric, horizon, kind)
    recurring = cohort == "recurring"
    if recurring and started is not None:
        rule, hint = "must be 'first' with started=", "a user has one start; recurring cohorts are made of start events"
        raise MetricInputError(metric, "cohort", rule, "got 'recurring'", hint)
    ages = partial(Ages.make, kind, lengths, horizon, zero)
    found = Request(
        metric, user, time, calendar, as_of, by, on_bad_rows, event, value,
        Named.read(metric, "start_event", start_event, needed=True),
        Named.read(metric, "return_event", return_event, needed=False),
        Ways(width, recurring, zero, None, least, True, by_at == "start"),
        started, users, axis="cohort", counting=ByAge(ages, recurring) if value is None and least == 1 else None,
    ).read(events)  # fmt: skip
    first, members = found.members or _by_period(found, recurring, least, zero)
    triangle = _Triangle(found, calendar, first, ages, width)
    return _filled(triangle, members, value, found.remarks, growing=kind == "on_or_after" and horizon is None)


def count_retention(
    read: Callable[[], Events], calendar: Calendar, cohort: str, kind: str, brackets: Any, horizon: Any
) -> RetentionGrid:
    """Count the users who came back in calendar periods, as `retention` says, of events that are read last."""
    metric = calendar.metric
    kind = check_word(metric, "kind", kind, KINDS)
    cohort = check_word(metric, "cohort", cohort, ("first", "recurring"))
    lengths = _lengths(metric, brackets)
    _check_horizon(metric, horizon, kind)
    found = read()
    first, members = _by_period(found, cohort == "recurring", 1, zero=False)
    triangle = _Triangle(found, calendar, first, partial(Ages.make, kind, lengths, horizon, False), None)
    return _filled(triangle, members, None, found.remarks, growing=kind == "on_or_after" and horizon is None)


def _filled(
    triangle: _Triangle,
    members: Iterator[Members | Cohorts | CountedCohorts],
    value: str | None,
    remarks: Remarks,
    *,
    growing: bool,
) -> RetentionGrid:
    if growing:
        remarks.note(_GROWING)
    for some in members:
        triangle.add(some)
    return noted(triangle.grid(value), remarks)


def _counts_age_zero(metric: str, age_zero: Any, value: Any, started: Any) -> bool:
    """Return whether age 0 counts returns, and not the members."""
    if age_zero is None:
        return value is not None
    age_zero = check_word(metric, "age_zero", age_zero, ("size", "returned"))
    if age_zero == "size" and value is not None and started is not None:
        hint = "a start that is no event has no amount"
        raise MetricInputError(metric, "age_zero", "must be 'returned' with value= and started=", "got 'size'", hint)
    return bool(age_zero == "returned")


def _check_horizon(metric: str, horizon: Any, kind: str) -> None:
    if horizon is not None:
        check_whole(metric, "horizon", horizon)
        if kind != "on_or_after":
            rule, hint = "needs kind='on_or_after'", "the other kinds look no further than the age itself"
            raise MetricInputError(metric, "horizon", rule, f"got kind={kind!r}", hint)


_GROWING = (
    "Cells of kind='on_or_after' keep growing with every later period, and older cohorts have had longer to return: "
    "horizon= gives all of them the same time."
)
_ENDLESS = 10**12  # the longest bracket: ages past the end of the data are never observed


def _lengths(metric: str, brackets: Any) -> list[int] | None:
    if brackets is None:
        return None
    brackets = plain(brackets)
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
        self.first = (0 if found.members else found.log.periods.first) + self.offset
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
        self.members = np.zeros((self.groups.count, self.cohorts), np.int64)

    def add(self, members: Members | Cohorts | CountedCohorts) -> None:
        """Count a batch of members."""
        if isinstance(members, (Cohorts, CountedCohorts)):
            placed = members.placed(self.offset, self.cohorts)
            sizes = placed.sizes()
            self.members += sizes
            self.cells += placed.cells(self.ages)
            if self.ages.first:
                self.cells[..., 0] += sizes
            return
        row = members.group * self.cohorts + members.cohort - self.offset
        cells, columns = self.cells.reshape(-1), self.cells.shape[2]
        tally(self.members.reshape(-1), row)
        if self.ages.first:
            tally(cells, row * columns, members.sizes)
        rows, column = self.ages.counted(members)
        cell = (row * columns)[members.who[rows]] + column
        tally(cells, cell, None if members.amounts is None else members.amounts[rows])
        if self.width is not None:
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
        users = pd.Series(self.members.T.reshape(-1), index=index, name="members")
        sizes = users.rename("size") if value is None else pd.Series(cells[:, 0].copy(), index=index, name=value)
        return RetentionGrid(sizes, users, counts, codes, self.ages.kind, self.calendar.freq)

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
        if self.ages.first:
            ended[..., 0] = self.opens[1:] <= self.stop
        return np.where(ended, 0, np.where(earliest + low * self.width < self.until, 1, 2))


def _masks(found: Events) -> tuple[Masks, Masks] | None:
    """Return the masks of the starts and of the returns; None where sorting the events is faster."""
    starts = Masks.of(found.log, found.starts)
    returns = starts if found.starts is found.returns else Masks.of(found.log, found.returns)
    return None if starts is None or returns is None else (starts, returns)


def _by_period(
    found: Events, recurring: bool, least: int, zero: bool
) -> tuple[int | None, Iterator[Members | Cohorts | CountedCohorts]]:
    """Return the first cohort, and the members with ages in calendar periods."""
    if found.counted is not None:
        some = np.flatnonzero(found.counted.members.any(axis=0))
        return (int(some[0]) if some.size else None), iter((found.counted,))
    if found.parts is not None:  # the first cohort is that of the first period with activity
        one_part = (_of_log(replace(found, log=log), recurring, least, zero)[1] for log in found.logs())
        return 0, (members for several in one_part for members in several)
    return _of_log(found, recurring, least, zero)


def _of_log(
    found: Events, recurring: bool, least: int, zero: bool
) -> tuple[int | None, Iterator[Members | Cohorts | CountedCohorts]]:
    log = found.log
    masks = None if least > 1 or log.values is not None else _masks(found)
    if masks is not None:
        first = masks[0].first()
        return (int(first.min()) if first.size else None), iter((Cohorts(*masks, recurring, log.groups.count),))
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
        return first, _first_of_all(starts, log, zero)
    return first, _joined(starts, returns, recurring, log, zero)


def _first_of_all(starts: Active, log: Log, zero: bool) -> Iterator[Members]:
    """Yield the members where each user has one cohort and every event is both a start and a return.

    The rows of a user then follow one another.
    """
    for block in starts.blocks():
        period, begins = starts.period(block), starts.begins(block)
        at = np.flatnonzero(begins)
        cohort = period[at]
        later = np.ones(begins.size, bool) if zero else ~begins
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


def _joined(starts: Active, returns: Active, recurring: bool, log: Log, zero: bool) -> Iterator[Members]:
    """Yield the members with their user's later periods; with `zero`, the period of the start, too."""
    for block in starts.blocks():
        chosen = np.arange(block.start, block.stop)
        if not recurring:
            chosen = chosen[starts.begins(block)]
        keys = starts.keys[chosen]
        low = np.searchsorted(returns.keys, keys, side="left" if zero else "right")
        high = np.searchsorted(returns.keys, keys | starts.packing.mask, side="right")
        for part in parts(high - low):
            who, rows = expand(low[part], high[part])
            cohort = starts.period(chosen[part])
            yield Members(
                starts.group(chosen[part], log.groups.count),
                cohort,
                None if starts.values is None else starts.values[chosen[part]],
                who,
                returns.period(rows) - cohort[who],
                None if returns.values is None else returns.values[rows],
            )
