"""Raw events: how they are read, and the users active in each day or period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.cohorts import _engines
from csmetrics.cohorts._activity import Log, active, tally
from csmetrics.cohorts._rows import Groups, Rows, check_cells, check_whole, noted, number_units, too_large
from csmetrics.cohorts._time import NAT, Calendar, Times, end_of_data
from csmetrics.core._money import BITS
from csmetrics.errors import MetricInputError, shown


@dataclass(frozen=True)
class Events:
    """Screened events.

    Attributes
    ----------
    log
        Whose they are and in which period.
    stop
        The end of the data in microseconds; None where there are no dates.
    zone
        The time zone of the times.
    starts, returns
        The positions of those that begin a membership, and of those that count as coming back; None for all.
    times
        When they were; None where an engine gave their periods only.
    excluded
        The bad rows, where they were asked for.
    elapsed
        Where an engine counted the windows since each user's own start: that start for each row of the log, and a table
        of rows and ages.
    gaps
        Where an engine looked for each user's next active day: the days until then and how many users, for each row of
        the log, which holds days then and no users.
    """

    log: Log
    stop: int | None
    zone: Any
    starts: Any = None
    returns: Any = None
    times: Times | None = None
    excluded: pd.DataFrame | None = None
    elapsed: Any = None
    gaps: Any = None


@dataclass(frozen=True)
class Request:
    """What a builder asks of events.

    Attributes
    ----------
    metric
        The builder.
    user, time
        Columns: who, and when.
    calendar
        The periods.
    as_of, by, on_bad_rows
        As the builder takes them.
    event, value
        Columns: what, and how much; None for none.
    starts, returns
        The kinds of events that begin a membership, and that count as coming back; None for all.
    count
        Whether the events of a period are counted.
    width, recurring
        The length of an elapsed window in microseconds (None for calendar periods), and whether each period with a
        start begins a membership: what an engine has to know to count windows.
    longest
        How many days ahead an engine may look for a user's next one; None for not at all.
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
    event: str | None = None
    value: str | None = None
    starts: list[Any] | None = None
    returns: list[Any] | None = None
    count: bool = False
    width: int | None = None
    recurring: bool = False
    longest: int | None = None
    axis: str = "period"

    def read(self, events: Any) -> Events:
        """Read and screen events of a pandas DataFrame, or let an engine reduce its own to users and periods."""
        if self.event is None and (self.starts is not None or self.returns is not None):
            found = f"got {shown(self.returns if self.starts is None else self.starts)}"
            rule, hint = "must name the column that start_event and return_event are in", "event='feature', for example"
            raise MetricInputError(self.metric, "event", rule, found, hint)
        return (_from_pandas if isinstance(events, pd.DataFrame) else _from_engine)(self, events)

    def screened(self, rows: Any) -> tuple[Any, Any, Any]:
        """Read the columns in which a row can be bad, of pandas or of an engine."""
        users, times = rows.units(self.user, "user"), rows.times(self.time, "time")
        return users, times, None if self.value is None else rows.numbers(self.value, "value", negative=True)


def _from_pandas(asked: Request, events: pd.DataFrame) -> Events:
    """Number the users and periods of rows."""
    metric = asked.metric
    rows = Rows(metric, events, asked.on_bad_rows)
    users, times, values = asked.screened(rows)
    keys = rows.keys(asked.by, asked.axis)
    happened = None if asked.event is None else rows.column(asked.event, "event")
    kept = rows.kept()
    if values is not None and values.dtype.kind == "i" and not np.abs(values).sum(dtype=np.float64) < 2.0**BITS:
        raise too_large(metric, "value")
    times = times.take(kept)
    stop = end_of_data(metric, asked.as_of, [times.last()], times.zone, bool(len(times.ticks)))
    known, kept = times.known(kept, stop)
    times = times.take(known)
    log = Log(
        *number_units(metric, users, kept),
        Groups(metric, keys, kept),
        asked.calendar.numbering(times),
        values=None if values is None else values[kept],
    )
    starts = _matching(metric, "start_event", happened, asked.starts, kept)
    alike = asked.returns is asked.starts or asked.returns == asked.starts
    returns = starts if alike else _matching(metric, "return_event", happened, asked.returns, kept)
    return Events(log, stop, times.zone, starts, returns, times, rows.excluded)


def kinds(metric: str, argument: str, given: Any) -> list[Any] | None:
    """Give the kinds of events as a list; None for all."""
    if given is None:
        return None
    many = (list, tuple, set, frozenset, np.ndarray, pd.Series, pd.Index)
    listed = list(given) if isinstance(given, many) and getattr(given, "ndim", 1) == 1 else [given]
    if all(pd.api.types.is_scalar(one) and not isinstance(one, Decimal) for one in listed):
        return listed
    rule = "must be a kind of event, as it stands in the column, or a list of them"
    raise MetricInputError(metric, argument, rule, f"got {shown(given)}")


def _from_engine(asked: Request, events: Any) -> Events:
    """Let the engine reduce events to one row per user and period."""
    metric, calendar = asked.metric, asked.calendar
    rows = _engines.EngineRows(metric, events, asked.on_bad_rows)
    _, instants, amounts = asked.screened(rows)
    keys = rows.keys(asked.by, asked.axis)
    happened = None if asked.event is None else rows.column(asked.event, "event")
    rows.fact("last", instants, "max")
    rows.screen(asked.screened)
    last = rows.instant("last")
    stop = end_of_data(metric, asked.as_of, [last.last()], last.zone, bool((last.ticks != NAT).all()))
    if asked.as_of is not None and stop is not None:
        rows.keep_before(instants, stop, last.zone)
    roles = asked.starts, asked.returns
    reduced = _engines.ReducedEvents(rows, asked.user, keys, instants, happened, roles, amounts, calendar)
    starts = returns = pairs = gaps = None
    if asked.width is not None:
        small, pairs = reduced.elapsed(asked.width, last.zone, asked.recurring)
    elif asked.longest is not None and reduced.looks_ahead:
        small = reduced.gaps(asked.longest)
        gaps = small["csm gap"].to_numpy(dtype=np.int64), small["csm users"].to_numpy(dtype=np.int64)
    else:
        small, starts, returns = reduced.periods(asked.count)
    numbers = _engines.period_numbers(metric, calendar, small["csm period"])
    first = int(numbers.min()) if numbers.size else 0
    log = Log(
        *number_units(metric, small["csm users" if gaps is not None else asked.user], slice(None)),
        Groups(metric, [small[key] for key in keys], slice(None)),
        Numbers(first, int(numbers.max(initial=first)) - first + 1, numbers - first),
        small["csm events"].to_numpy() if asked.count and asked.width is None else None,
        None if asked.value is None else small["csm value"].to_numpy(),
    )
    elapsed = None if pairs is None else (small["csm began"].to_numpy(), pairs)
    return Events(log, stop, last.zone, starts, returns, None, rows.excluded, elapsed, gaps)


@dataclass(frozen=True)
class Numbers:
    """Periods that an engine has numbered."""

    first: int
    count: int
    numbers: Any

    def of(self, rows: Any) -> Any:
        """Give the numbers of some rows."""
        return self.numbers[rows]


def _matching(metric: str, argument: str, happened: Any, wanted: list[Any] | None, kept: Any) -> Any:
    """Give the positions of the events of some kinds; None for all."""
    if wanted is None:
        return None
    try:
        found = happened.iloc[kept].isin(wanted)
    except (TypeError, ValueError, ArithmeticError, NotImplementedError):  # what such a column cannot even be asked for
        rule = f"must be of the kind that the column holds ({happened.dtype})"
        raise MetricInputError(metric, argument, rule, f"got {shown(wanted)}") from None
    return np.flatnonzero(found.to_numpy(dtype=bool))


def active_users(
    events: Any,
    *,
    user: str = "user",
    time: str = "time",
    as_of: Any = None,
    wau: int = 7,
    mau: int = 28,
    by: Any = None,
    on_bad_rows: str = "raise",
) -> pd.DataFrame:
    r"""Count the users active on each day, and in the week and month that end with it.

    Parameters
    ----------
    events
        One row per event: a DataFrame of pandas, or of Polars, PyArrow, DuckDB, Dask, PySpark, Ibis, whose engine then
        finds each user's days.
    user, time
        Columns: who, and when. Days are those of the column's own clock.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp or ISO text. A date, or midnight, means that
        whole day. The last event unless given. A day that is not over is left out.
    wau, mau
        Trailing days of a week and of a month, the day itself among them. 28 days hold every weekday four times; 30 are
        in use as well.
    by
        Column or list of columns to group by. A user in several groups counts in each.
    on_bad_rows
        ``"raise"``, or ``"report"``: bad rows are left out and given back in ``.attrs["excluded"]`` with a `reason`.

    Returns
    -------
    DataFrame
        One row per day (PeriodIndex `period`), and group: `dau`, `wau`, `mau`, distinct users. ``.csm.stickiness()``
        follows.

    Raises
    ------
    MetricInputError
        If a user or a time is missing, or a time is no date.
    MissingColumnError
        If a column is not there.

    Notes
    -----
    Other definitions in use: the users of a calendar week or month, which jump with its length; 30 days for a month.
    Windows that reach back before the first event hold what there is.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> events = pd.DataFrame(
    ...     {"user": [1, 2, 1, 1], "time": pd.to_datetime(["2026-03-01", "2026-03-02", "2026-03-02", "2026-03-04"])}
    ... )
    >>> csm.cohorts.active_users(events, wau=2)
                dau  wau  mau
    period
    2026-03-01    1    1    1
    2026-03-02    2    2    2
    2026-03-03    0    2    2
    2026-03-04    1    1    2
    """
    metric = "active_users"
    windows = {"dau": 1, "wau": check_whole(metric, "wau", wau), "mau": check_whole(metric, "mau", mau)}
    calendar, longest = Calendar(metric, "D"), max(windows.values())
    found = Request(metric, user, time, calendar, as_of, by, on_bad_rows, longest=longest).read(events)
    first, days = _complete(found, calendar)
    check_cells(metric, calendar, first, days, found.log.groups.count * (longest + 1))
    gaps = np.zeros((found.log.groups.count, max(found.log.periods.count, days), longest + 1), np.int64)
    for cell, users in _until_next(found, gaps.shape[1], longest):
        tally(gaps.reshape(-1), cell, users)
    columns = {name: _rolling(gaps, window)[:, :days].T.reshape(-1) for name, window in windows.items()}
    out = pd.DataFrame(columns, index=found.log.groups.index(calendar.index(first, days, "period")))
    return noted(out, found.excluded)


def _until_next(found: Events, days: int, longest: int) -> Iterator[tuple[Any, Any]]:
    """Give cells of group, day and days until the next active one, at most `longest`; and their users, if many."""
    log = found.log
    if found.gaps is not None:
        gap, users = found.gaps
        group = 0 if log.groups.number is None else log.groups.number
        yield (group * days + log.periods.of(slice(None))) * (longest + 1) + gap, users
        return
    distinct = active(log)
    for block in distinct.blocks():
        keys, user = distinct.keys[block], distinct.user(block)
        gap = np.full(keys.size, longest, np.intp)
        same = user[1:] == user[:-1]
        gap[:-1][same] = np.minimum((keys[1:] - keys[:-1])[same], longest)
        yield (distinct.group(block, log.groups.count) * days + distinct.period(block)) * (longest + 1) + gap, None


def _rolling(gaps: Any, window: int) -> Any:
    """Count users over trailing days: each comes in on a day, and leaves `window` days later or when seen again."""
    groups, days, longest = gaps.shape
    change = np.zeros((groups, days + window), np.int64)
    change[:, :days] = gaps.sum(axis=2)
    for gap in range(1, longest):
        out = min(gap, window)
        change[:, out : days + out] -= gaps[:, :, gap]
    return change.cumsum(axis=1)[:, :days]


def lifecycle(
    events: Any,
    *,
    user: str = "user",
    time: str = "time",
    freq: str = "M",
    as_of: Any = None,
    by: Any = None,
    on_bad_rows: str = "raise",
    week_start: str = "monday",
) -> pd.DataFrame:
    r"""Count new, returning, resurrected and dormant users in each period.

    Parameters
    ----------
    events
        One row per event: a DataFrame of pandas, or of Polars, PyArrow, DuckDB, Dask, PySpark, Ibis, whose engine then
        finds each user's periods.
    user, time
        Columns: who, and when.
    freq
        Length of the periods: h, D, W, M, Q or Y, on the column's own clock.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp or ISO text. A date, or midnight, means that
        whole day. The last event unless given. A period that is not over is left out.
    by
        Column or list of columns to group by. A user in several groups counts in each.
    on_bad_rows
        ``"raise"``, or ``"report"``: bad rows are left out and given back in ``.attrs["excluded"]`` with a `reason`.
    week_start
        ``"monday"`` or ``"sunday"``.

    Returns
    -------
    DataFrame
        One row per period (PeriodIndex `period`), and group: `active`; of those `new_users` (never seen before),
        `returning` (active in the period before, too) and `resurrected` (active before, but not then); and `dormant`,
        active in the period before and not in this one. ``.csm.lifecycle_quick_ratio()`` follows.

    Raises
    ------
    MetricInputError
        If a user or a time is missing, a time is no date, or `freq` or `week_start` is unknown.
    MissingColumnError
        If a column is not there.

    Notes
    -----
    active = new_users + returning + resurrected, and active = active of the period before + new_users + resurrected -
    dormant. Who is dormant counts once, in the first period without them.

    Other definitions in use: new by the date of the account instead of the first event, which leaves users out who were
    there before the events were.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> times = pd.to_datetime(["2026-01-05", "2026-01-09", "2026-02-03", "2026-03-01", "2026-03-02"])
    >>> events = pd.DataFrame({"user": ["ann", "bob", "ann", "ann", "bob"], "time": times})
    >>> csm.cohorts.lifecycle(events, as_of="2026-03-31")
             active  new_users  returning  resurrected  dormant
    period
    2026-01       2          2          0            0        0
    2026-02       1          0          1            0        1
    2026-03       2          0          1            1        0
    """
    metric = "lifecycle"
    calendar = Calendar(metric, freq, week_start)
    found = Request(metric, user, time, calendar, as_of, by, on_bad_rows).read(events)
    first, periods = _complete(found, calendar)
    groups = found.log.groups.count
    check_cells(metric, calendar, first, periods, groups)
    known = max(found.log.periods.count, periods)
    everyone, new, returning = (np.zeros(groups * known, np.int64) for _ in range(3))
    distinct = active(found.log)
    for block in distinct.blocks():
        period, begins = distinct.period(block), distinct.begins(block)
        cell = distinct.group(block, groups) * known + period
        again = ~begins
        again[1:] &= period[1:] == period[:-1] + 1
        tally(everyone, cell)
        tally(new, cell[begins])
        tally(returning, cell[again])
    columns = {"active": everyone, "new_users": new, "returning": returning}
    table = {name: counts.reshape(groups, known)[:, :periods] for name, counts in columns.items()}
    table["resurrected"] = table["active"] - table["new_users"] - table["returning"]
    table["dormant"] = np.zeros_like(table["active"])
    table["dormant"][:, 1:] = table["active"][:, :-1] - table["returning"][:, 1:]
    index = found.log.groups.index(calendar.index(first, periods, "period"))
    out = pd.DataFrame({name: counts.T.reshape(-1) for name, counts in table.items()}, index=index)
    return noted(out, found.excluded)


def _complete(found: Events, calendar: Calendar) -> tuple[int, int]:
    """Give the first period and how many are complete from it on."""
    if found.stop is None or not len(found.log):
        return 0, 0
    first = found.log.periods.first
    return first, max(calendar.at(found.stop) - first, 0)
