"""Retention of cohorts, from raw events to the triangle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from csmetrics.cohorts._ages import KINDS, Ages
from csmetrics.cohorts._engine_masks import ByAge, CountedCohorts
from csmetrics.cohorts._event_names import Named
from csmetrics.cohorts._events import Events, Request
from csmetrics.cohorts._mask_counts import Cohorts
from csmetrics.cohorts._members_by_period import members_by_period
from csmetrics.cohorts._memberships import Members, Ways
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.options import OnBadRows
from csmetrics.cohorts._rows.remarks import Remarks, noted
from csmetrics.cohorts._triangle import Triangle
from csmetrics.cohorts.grid import RetentionGrid
from csmetrics.core._options import check_whole, check_word
from csmetrics.core._plain import plain
from csmetrics.errors import MetricInputError, shown

_GROWING: Final = (
    "Cells of kind='on_or_after' keep growing with every later period, and older cohorts have had longer to return: "
    "horizon= gives all of them the same time."
)
_ENDLESS: Final = 10**12  # the longest bracket: ages past the end of the data are never observed


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
    first, members = found.members or members_by_period(found, recurring, least, zero)
    triangle = Triangle(found, calendar, first, ages, width)
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
    first, members = members_by_period(found, cohort == "recurring", 1, zero=False)
    triangle = Triangle(found, calendar, first, partial(Ages.make, kind, lengths, horizon, False), None)
    return _filled(triangle, members, None, found.remarks, growing=kind == "on_or_after" and horizon is None)


def _filled(
    triangle: Triangle,
    members: Iterator[Members | Cohorts | CountedCohorts],
    value: str | None,
    remarks: Remarks,
    *,
    growing: bool,
) -> RetentionGrid:
    """Count all members, and return the grid; `growing` notes that its cells are not final."""
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


def _lengths(metric: str, brackets: Any) -> list[int] | None:
    if brackets is None:
        return None
    brackets = plain(brackets)
    many = isinstance(brackets, (Sequence, np.ndarray, pd.Series)) and not isinstance(brackets, str)
    if many and getattr(brackets, "ndim", 1) == 1 and len(brackets):
        return [check_whole(metric, "brackets", length, most=_ENDLESS) for length in brackets]
    rule, hint = "must be lengths in periods", "brackets=[4, 10, 3] for ages 1-4, 5-14 and 15-17"
    raise MetricInputError(metric, "brackets", rule, f"got {shown(brackets)}", hint)
