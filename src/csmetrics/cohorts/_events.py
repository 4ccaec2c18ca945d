"""Reading raw events, and finding the users active in each day or period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.cohorts._engine_events import ReducedEvents
from csmetrics.cohorts._event_names import EngineKinds, Named, find_pandas
from csmetrics.cohorts._packing import Log
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import period_numbers
from csmetrics.cohorts._rows.groups import Groups, number_units
from csmetrics.cohorts._rows.options import too_large
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.remarks import Remarks
from csmetrics.cohorts._rows.time import Calendar, Times, Wall, end_of_data
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
    times
        The times of the events; None where an engine returned only their periods.
    elapsed
        Where an engine counted the windows since each user's own start: that start for each row of the log, and a table
        of rows and ages.
    gaps
        Where an engine looked for each user's next active day: the days until then and the number of users, for each
        row of the log. The log then holds days, not users.
    """

    log: Log
    stop: Wall | None
    zone: Any
    remarks: Remarks
    starts: Any = None
    returns: Any = None
    times: Times | None = None
    elapsed: Any = None
    gaps: Any = None


ALL = Named("event", None, needed=False)


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
    count
        Whether the events of a period are counted.
    width, recurring
        The length of an elapsed window in microseconds (None for calendar periods), and whether each period with a
        start begins a membership. An engine needs both to count windows.
    longest
        How many days ahead an engine looks for a user's next active day; None where it need not look.
    axis
        The name of the result's time axis.
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
    count: bool = False
    width: int | None = None
    recurring: bool = False
    longest: int | None = None
    axis: str = "period"

    def read(self, events: Any) -> Events:
        """Read and screen the events of a pandas DataFrame, or have an engine reduce its frame to users and periods."""
        return (_from_pandas if isinstance(events, pd.DataFrame) else _from_engine)(self, events)

    def screened(self, rows: Any) -> tuple[Any, Any, Any]:
        """Read the columns that can make a row bad, from pandas or an engine."""
        users, times = rows.units(self.user, "user"), rows.times(self.time, "time")
        return users, times, None if self.value is None else rows.numbers(self.value, "value", negative=True)


def _from_pandas(asked: Request, events: pd.DataFrame) -> Events:
    """Read events from pandas, and number their users and periods."""
    metric = asked.metric
    rows = Rows(metric, events, asked.on_bad_rows, asked.calendar)
    users, times, values = asked.screened(rows)
    keys = rows.keys(asked.by, asked.axis)
    named = asked.starts, asked.returns
    happened = None if all(one.kinds is None for one in named) else rows.column(asked.event, "event")
    kept = rows.kept()
    if values is not None and values.dtype.kind == "i" and not np.abs(values).sum(dtype=np.float64) < 2.0**BITS:
        raise too_large(metric, "value")
    times = times.take(kept)
    stop = end_of_data(metric, asked.as_of, [times])
    known, kept = times.until(stop, kept)
    times = times.take(known)
    log = Log(
        *number_units(metric, users, kept),
        Groups(metric, keys, kept),
        asked.calendar.numbering(times),
        values=None if values is None else values[kept],
    )
    starts, returns = find_pandas(metric, named, happened, kept, rows.remarks)
    if asked.returns.kinds == asked.starts.kinds:
        returns = starts
    return Events(log, stop, times.zone, rows.remarks, starts, returns, times)


def _from_engine(asked: Request, events: Any) -> Events:
    """Have the engine reduce events to one row per user and period."""
    metric, calendar = asked.metric, asked.calendar
    rows = EngineRows(metric, events, asked.on_bad_rows, calendar)
    _, instants, amounts = asked.screened(rows)
    keys = rows.keys(asked.by, asked.axis)
    named = asked.starts, asked.returns
    kinds = EngineKinds(rows, asked.event, named)
    rows.fact("last", instants, "max")
    rows.screen(asked.screened)
    kinds.check()
    last = rows.instant("last")
    stop = end_of_data(metric, asked.as_of, [last])
    if asked.as_of is not None and stop is not None:
        rows.keep_before(instants, stop, last.zone)
    roles = [None if one.kinds is None else kinds.matches(one.kinds) for one in named]
    reduced = ReducedEvents(rows, asked.user, keys, instants, roles, amounts, calendar)
    starts = returns = pairs = gaps = None
    if asked.width is not None:
        small, pairs = reduced.elapsed(asked.width, last.zone, asked.recurring)
    elif asked.longest is not None and reduced.looks_ahead:
        small = reduced.gaps(asked.longest)
        gaps = small["csm gap"].to_numpy(dtype=np.int64), small["csm users"].to_numpy(dtype=np.int64)
    else:
        small, starts, returns = reduced.periods(asked.count)
    labels = reduced.labels() if pairs is not None and keys else small[:0]
    numbers = period_numbers(calendar, small["csm period"])
    first = int(numbers.min()) if numbers.size else 0
    log = Log(
        *number_units(metric, small["csm users" if gaps is not None else asked.user], slice(None)),
        _groups(metric, keys, small, labels),
        Numbers(first, int(numbers.max(initial=first)) - first + 1, numbers - first),
        small["csm events"].to_numpy() if asked.count and asked.width is None else None,
        None if asked.value is None else small["csm value"].to_numpy(),
    )
    elapsed = None if pairs is None else (small["csm began"].to_numpy(), pairs)
    return Events(log, stop, last.zone, rows.remarks, starts, returns, None, elapsed, gaps)


@dataclass(frozen=True)
class Numbers:
    """Periods that an engine has numbered."""

    first: int
    count: int
    numbers: Any

    def of(self, rows: Any) -> Any:
        """Return the period numbers of some rows."""
        return self.numbers[rows]


def _groups(metric: str, keys: list[str], small: pd.DataFrame, labels: pd.DataFrame) -> Groups:
    """Group the rows that an engine returned; `labels` may hold further groups, which have no rows."""
    columns = [pd.concat([small[key], labels[key]], ignore_index=True) if len(labels) else small[key] for key in keys]
    groups = Groups(metric, columns, slice(None))
    if groups.number is not None:
        groups.number = groups.number[: len(small)]
    return groups
