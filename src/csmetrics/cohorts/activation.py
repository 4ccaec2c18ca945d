"""Activation: the signups that reach the key event in time, from raw events."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csmetrics.cohorts._event_names import Named
from csmetrics.cohorts._events import Request
from csmetrics.cohorts._memberships import NEVER, Ways
from csmetrics.cohorts._packing import tally
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.options import OnBadRows, check_cells
from csmetrics.cohorts._rows.remarks import noted
from csmetrics.core._options import check_whole
from csmetrics.errors import MetricInputError, shown


def activation(
    events: Any,
    *,
    user: str = "user",
    time: str = "time",
    event: str = "event",
    key_event: Any,
    start_event: Any = None,
    users: Any = None,
    started: str | None = None,
    within: Any = "7D",
    min_events: int = 1,
    freq: str = "M",
    as_of: Any = None,
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    r"""Count the signups of each period, and those that reached the key event in time.

    Parameters
    ----------
    events
        One row per event: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask, PySpark or Ibis, whose
        engine then counts the key events of each user.
    user, time, event
        The columns of users, of event times and of the kinds of events.
    key_event
        The kind of event (or a list of kinds) that makes a user activated.
    start_event
        The kind of event (or a list of kinds) whose first one is the user's start. By default the first event of any
        kind.
    users
        A table with one row per user, in pandas or in the engine that holds the events. Users without an event count as
        signups as well, where `started` names their start; its columns are the ones that `by` names.
    started
        The column that holds each user's start, such as the time of the signup: of `users`, or without it of `events`.
    within
        How long after the start the key event counts: text such as ``"7D"`` or ``"36h"``, or a timedelta. A key event
        at the start counts, one at the end of that time does not.
    min_events
        How many key events a user needs in that time.
    freq
        Length of the periods in which signups are counted: h, D, W, M, Q or Y, or one of pandas' anchored ones.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp or ISO text. A date, or midnight, means that
        whole day. By default the last event or start.
    by
        A column, or a list of columns, to group by: of `users` where it is given, else of the event that is the start.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them, with the reason, in
        ``.attrs["excluded"]``.

    Returns
    -------
    DataFrame
        One row per period (PeriodIndex `period`) and group: `signups` and `activated`, the inputs of
        ``.csm.activation_rate()``. A period is left out, with a note, until the time of its last signup is over.

    Raises
    ------
    MetricInputError
        If a user or a time is missing, a time is not a date, no row has the start event, or `within` is no length of
        time.
    MissingColumnError
        If the frame has no such column.

    See Also
    --------
    csmetrics.activation_rate, retention, funnel, onboarding

    Notes
    -----
    Everyone has the same time to activate, counted from the own start, so periods can be compared: the newest ones are
    not lower because their users had less time.

    Other definitions in use:

    * activations of the period / signups of the period: not the same users.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> users = pd.DataFrame({"user": ["ann", "bob", "cid"], "signed_up": ["2026-01-05", "2026-01-20", "2026-01-28"]})
    >>> events = pd.DataFrame(
    ...     {
    ...         "user": ["ann", "bob"],
    ...         "time": ["2026-01-05 15:00", "2026-01-23 08:00"],
    ...         "event": ["invited a colleague", "invited a colleague"],
    ...     }
    ... )
    >>> reached = csm.cohorts.activation(
    ...     events, key_event="invited a colleague", users=users, started="signed_up", as_of="2026-02-28"
    ... )
    >>> reached.iloc[:1]
             signups  activated
    period
    2026-01        3          2
    >>> reached.csm.activation_rate().iloc[:1].round(1)
    period
    2026-01    66.7
    Freq: M, Name: activation_rate, dtype: float64
    """
    metric = "activation"
    calendar, length = Calendar(metric, freq), length_of_time(metric, "within", within)
    least = check_whole(metric, "min_events", min_events)
    found = Request(
        metric, user, time, calendar, as_of, by, on_bad_rows, event, None,
        Named.read(metric, "start_event", start_event, needed=True),
        Named.read(metric, "key_event", _given(metric, key_event), needed=False),
        Ways(length, False, True, 0, least, False, True),
        started, users,
    ).read(events)  # fmt: skip
    assert found.members is not None
    first, members = found.members
    groups = found.log.groups
    first, stop = first or 0, found.stop
    periods = 0 if stop is None or found.members[0] is None else max(calendar.at(stop - 1) - first + 1, 0)
    check_cells(metric, calendar, first, periods, groups.count)
    signups, activated = (np.zeros(groups.count * periods, np.int64) for _ in range(2))
    latest = np.full(periods, -NEVER)
    for some in members:
        cell = some.group * periods + some.cohort - first
        tally(signups, cell)
        tally(activated, cell[some.who])
        np.maximum.at(latest, some.cohort - first, some.began)
    complete = np.zeros(0, bool)
    if periods and stop is not None:
        ended = calendar.start(np.arange(first + 1, first + periods + 1)) <= stop
        complete = ended & (latest + length <= stop.utc)
        left_out = int((ended & ~complete).sum())
        if left_out:
            which = "1 period is" if left_out == 1 else f"{left_out} periods are"
            found.remarks.note(f"{which} left out, as the last signups in it have not had {within} yet.")
    columns = {"signups": signups, "activated": activated}
    rows = np.repeat(complete, groups.count)
    table = {name: counts.reshape(groups.count, periods).T.reshape(-1)[rows] for name, counts in columns.items()}
    index = groups.index(calendar.index(first, periods, "period"))
    return noted(pd.DataFrame(table, index=index[rows]), found.remarks)


def _given(metric: str, key_event: Any) -> Any:
    if key_event is None:
        raise MetricInputError(metric, "key_event", "must name the event that makes a user activated", "got None")
    return key_event


def length_of_time(metric: str, argument: str, given: Any) -> int:
    """Return a length of time in microseconds: of text such as "7D", or a timedelta."""
    try:
        length = pd.Timedelta(given) if not isinstance(given, (int, float, np.number)) else pd.NaT
    except (ValueError, TypeError, OverflowError):
        length = pd.NaT
    micros = 0 if length is pd.NaT else length // pd.Timedelta(1, "us")
    if micros > 0:
        return int(micros)
    hint = 'text such as "7D" or "36h", or a timedelta'
    raise MetricInputError(metric, argument, "must be a length of time above 0", f"got {shown(given)}", hint)
