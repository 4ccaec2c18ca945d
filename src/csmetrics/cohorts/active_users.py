"""Active users and their lifecycle, from raw events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.cohorts._engine_masks import Stages
from csmetrics.cohorts._events import Events, Request
from csmetrics.cohorts._mask_counts import lifecycle as mask_lifecycle
from csmetrics.cohorts._masks import Masks
from csmetrics.cohorts._packing import Log, active, tally
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.end_of_data import end_of_data
from csmetrics.cohorts._rows.instants import DAY, Times
from csmetrics.cohorts._rows.options import OnBadRows, check_cells
from csmetrics.cohorts._rows.remarks import noted
from csmetrics.cohorts._rows.stray import note_stray
from csmetrics.core._numeric import percents
from csmetrics.core._options import check_whole
from csmetrics.errors import MetricInputError


def active_users(
    events: Any,
    *,
    user: str = "user",
    time: str = "time",
    wau: int = 7,
    mau: int = 28,
    since: Any = None,
    freq: str = "D",
    as_of: Any = None,
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    r"""Count the users active on each day, and in the week and month that end with it; or in each calendar period.

    Parameters
    ----------
    events
        One row per event: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask, PySpark or Ibis, whose
        engine then finds the days on which each user was active.
    user, time
        The columns of users and of event times. Days begin at midnight in the time zone of the column.
    wau, mau
        Length of the trailing week and month in days, including the day itself. The default month of 28 days holds
        every weekday four times; 30 days are common too.
    since
        The first day from which the data is complete; the rows begin with it. By default the day of the first event.
    freq
        ``"D"``: a row per day. W, M, Q or Y, or one of pandas' anchored ones: a row per complete period of the
        calendar, without `wau`.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp or ISO text. A date, or midnight, means that
        whole day. By default the last event. A day that is not over by then is left out.
    by
        A column, or a list of columns, to group by. A user in several groups counts in each.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them, with the reason, in
        ``.attrs["excluded"]``.

    Returns
    -------
    DataFrame
        One row per day (PeriodIndex `period`) and group, with the numbers of distinct users: `dau`, `wau`, `mau`
        (Int64). They are the inputs of ``.csm.stickiness()``. `wau` and `mau` are missing until the data covers their
        whole window: with the defaults, on the first 6 and 27 days.

        With a longer `freq`, one row per complete period and group: `dau`, the users of the mean day (float), and
        `mau`, the distinct users of the period (Int64); missing where the data begins within the period.

    Raises
    ------
    MetricInputError
        If a user or a time is missing, or a time is not a date.
    MissingColumnError
        If the frame has no such column.

    Notes
    -----
    Other definitions in use: the users of a calendar week or month, a number that jumps with the length of the month;
    a month of 30 days; windows that reach back before the first event and count only the days that the data covers,
    which makes the first weeks look sticky.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> events = pd.DataFrame(
    ...     {"user": [1, 2, 1, 1], "time": pd.to_datetime(["2026-03-01", "2026-03-02", "2026-03-02", "2026-03-04"])}
    ... )
    >>> csm.cohorts.active_users(events, wau=2, mau=3)
                dau   wau   mau
    period
    2026-03-01    1  <NA>  <NA>
    2026-03-02    2     2  <NA>
    2026-03-03    0     2     2
    2026-03-04    1     1     2
    """
    calendar = Calendar("active_users", "D")
    asked = Request("active_users", user, time, calendar, as_of, by, on_bad_rows)
    return count_active(lambda longest: replace(asked, longest=longest).read(events), calendar, wau, mau, since, freq)


def count_active(
    read: Callable[[int], Events], calendar: Calendar, wau: int, mau: int, since: Any, freq: str
) -> pd.DataFrame:
    """Count the active users, as `active_users` says.

    Parameters
    ----------
    read
        The function that reads the events, with the number of days that an engine should look ahead.
    calendar
        The calendar of days, on the clock of the events once these have been read.
    wau, mau, since, freq
        The arguments of `active_users`.
    """
    metric = "active_users"
    windows = {"dau": 1, "wau": check_whole(metric, "wau", wau), "mau": check_whole(metric, "mau", mau)}
    periods, longest = Calendar(metric, freq), max(windows.values())
    if periods.hourly:
        raise MetricInputError(metric, "freq", "must be D, W, M, Q or Y", f"got {freq!r}", "a day is the shortest")
    if periods.freq != "D":
        longest = _DAYS[periods.freq]
        if (wau, mau) != (7, 28):
            rule, hint = "must be left out with freq=", "`mau` then counts the users of the calendar period"
            raise MetricInputError(metric, "wau, mau", rule, f"got {wau} and {mau} with freq={freq!r}", hint)
    found = read(longest)
    first, days = _complete(found, calendar)
    begin = first if since is None or not days else _first_day(calendar, since, found.zone)
    early, groups = max(first - begin, 0), found.log.groups.count  # days without events before the first one
    check_cells(metric, calendar, begin, days + early, groups * (longest + 1))
    gaps = np.zeros((groups, max(found.log.periods.count, days), longest + 1), np.int64)
    for cell, users in _until_next(found, gaps.shape[1], longest):
        tally(gaps.reshape(-1), cell, users)
    _note_stray(found, calendar, gaps.sum(axis=(0, 2)))
    begin, rows = min(begin, first + days), slice(max(begin - first, 0), days)
    if periods.freq != "D":
        return _by_period(found, np.pad(gaps[:, rows], ((0, 0), (early, 0), (0, 0))), begin, calendar, periods)
    columns = {}
    for name, window in windows.items():
        users = np.pad(_rolling(gaps, window)[:, rows], ((0, 0), (early, 0))).T
        partial = np.zeros(users.shape, bool)
        partial[: window - 1] = True
        columns[name] = pd.arrays.IntegerArray(users.reshape(-1), partial.reshape(-1))
    axis = calendar.index(begin, max(days + first - begin, 0), "period")
    return noted(pd.DataFrame(columns, index=found.log.groups.index(axis)), found.remarks)


_DAYS = {"W": 7, "M": 31, "Q": 92, "Y": 366}  # of the longest period


def _by_period(found: Events, gaps: Any, begin: int, days: Calendar, periods: Calendar) -> pd.DataFrame:
    """Count the mean day's and all users of each complete period, from the days on which users came.

    Parameters
    ----------
    found
        The events.
    gaps
        Group by day by days until the user's next active day: users.
    begin
        The first day of `gaps`, from which the data is complete.
    days, periods
        The calendars of days and of periods.
    """
    count = gaps.shape[1]
    numbers = periods.of_days(days.start(np.arange(begin, begin + count)) // DAY) if count else np.zeros(0, np.int64)
    first = int(numbers[0]) if count else 0
    whole = max(periods.at(found.stop) - first, 0) if count and found.stop is not None else 0
    start = days.start(begin) if count else 0
    bounds = np.searchsorted(numbers, np.arange(first, first + whole + 1))
    length = np.diff(bounds)
    remaining = np.repeat(bounds[1:], length) - np.arange(bounds[-1] if whole else 0)
    here = gaps[:, : remaining.size]
    later = here[..., ::-1].cumsum(axis=2)[..., ::-1]  # users whose next active day is that far ahead, or farther
    last = np.take_along_axis(later, remaining[None, :, None], axis=2)[..., 0]  # who do not come again in the period
    visits = [np.add.reduceat(one, bounds[:-1], axis=1) if whole else one[:, :0] for one in (here.sum(axis=2), last)]
    known = np.ones(whole, bool)
    if whole and periods.start(first) < start:
        known[0] = False
        label = periods.index(first, 1, "period")[0]
        found.remarks.note(f"The data begins within {label}, which is missing; since= says from when it is complete.")
    dau = percents(visits[0], np.where(known, 100 * length, 0))
    hidden = np.broadcast_to(~known, dau.shape).T.reshape(-1)
    columns = {"dau": dau.T.reshape(-1), "mau": pd.arrays.IntegerArray(visits[1].T.reshape(-1).copy(), hidden.copy())}
    index = found.log.groups.index(periods.index(first, whole, "period"))
    return noted(pd.DataFrame(columns, index=index), found.remarks)


def _first_day(calendar: Calendar, since: Any, zone: Any) -> int:
    """Return the first day that the data covers from its midnight on."""
    since = since.start_time if isinstance(since, pd.Period) else since
    if isinstance(since, np.datetime64):
        with suppress(ValueError):  # years past what a Timestamp holds are refused below
            since = pd.Timestamp(since)
    clock = Times(np.zeros(1, np.int64), DAY, zone, own=calendar.zone)
    covered = end_of_data(calendar.metric, since, [clock], "since")  # a midnight stands for its whole day
    assert covered is not None
    return calendar.at(covered) + (1 if covered % DAY else -1)


def _until_next(found: Events, days: int, longest: int) -> Iterator[tuple[Any, Any]]:
    """Yield cells of group, day and days until the user's next active day (at most `longest`), and users per cell.

    The users per cell are None where each cell stands for one user.
    """
    log = found.log
    if found.gaps is not None:
        gap, users = found.gaps
        group = 0 if log.groups.number is None else log.groups.number
        yield (group * days + log.periods.of(slice(None))) * (longest + 1) + gap, users
        return
    for user, group, day in chain.from_iterable(map(_active_days, found.logs())):
        gap = np.full(day.size, longest, np.intp)
        same = user[1:] == user[:-1]
        gap[:-1][same] = np.minimum((day[1:] - day[:-1])[same], longest)
        yield (group * days + day) * (longest + 1) + gap, None


def _active_days(log: Log) -> Iterator[tuple[Any, Any, Any]]:
    """Yield user, group and day of each active day, sorted by user, then day, in batches that split no user."""
    groups = log.groups.count
    if log.masks is not None:
        for rows in log.masks.batches():
            user, day = log.masks.pairs(rows)
            yield user, user % groups, day
        return
    distinct = active(log)
    for block in distinct.blocks():
        yield distinct.user(block), distinct.group(block, groups), distinct.period(block)


def _rolling(gaps: Any, window: int) -> Any:
    """Count users over trailing days: a user enters on an active day and leaves `window` days later or when back."""
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
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    r"""Count new, returning, resurrected and dormant users in each period.

    Parameters
    ----------
    events
        One row per event: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask, PySpark or Ibis, whose
        engine then finds the periods in which each user was active.
    user, time
        The columns of users and of event times.
    freq
        Length of the periods: h, D, W, M, Q or Y, in the time zone of the column, or one of pandas' anchored ones:
        weeks of ``"W-SAT"`` begin on Sunday.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp or ISO text. A date, or midnight, means that
        whole day. By default the last event. A period that is not over by then is left out.
    by
        A column, or a list of columns, to group by. A user in several groups counts in each.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them, with the reason, in
        ``.attrs["excluded"]``.

    Returns
    -------
    DataFrame
        One row per period (PeriodIndex `period`) and group: the `active` users, split into `new_users` (never seen
        before), `returning` (also active in the period before) and `resurrected` (active earlier, but not in the period
        before); and the `dormant` users, who were active in the period before but not in this one. They are the inputs
        of ``.csm.lifecycle_quick_ratio()``.

    Raises
    ------
    MetricInputError
        If a user or a time is missing, a time is not a date, or `freq` is unknown.
    MissingColumnError
        If the frame has no such column.

    Notes
    -----
    active = new_users + returning + resurrected, and active = active of the period before + new_users + resurrected -
    dormant. A user who falls dormant counts once, in the first period without activity.

    Other definitions in use: a user is new by the date of the account instead of the first event. That leaves out users
    whose accounts are older than the events.

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
    calendar = Calendar("lifecycle", freq)
    asked = Request("lifecycle", user, time, calendar, as_of, by, on_bad_rows, counting=Stages())
    return count_lifecycle(asked.read(events), calendar)


def count_lifecycle(found: Events, calendar: Calendar) -> pd.DataFrame:
    """Count the users of each stage, as `lifecycle` says."""
    metric = calendar.metric
    first, periods = _complete(found, calendar)
    groups = found.log.groups.count
    check_cells(metric, calendar, first, periods, groups)
    table = {name: np.zeros((groups, periods), np.int64) for name in ("active", "new_users", "returning")}
    seen = np.zeros(0, np.int64)
    for counts in (found.counted,) if found.counted else map(_stages, found.logs()):
        everyone = counts["active"].sum(axis=0)  # of the last period too, which may not be complete
        seen = np.pad(seen, (0, max(everyone.size - seen.size, 0)))
        seen[: everyone.size] += everyone
        for name, some in counts.items():
            table[name][:, : some.shape[1]] += some[:, :periods]
    _note_stray(found, calendar, seen)
    table["resurrected"] = table["active"] - table["new_users"] - table["returning"]
    table["dormant"] = np.zeros_like(table["active"])
    table["dormant"][:, 1:] = table["active"][:, :-1] - table["returning"][:, 1:]
    index = found.log.groups.index(calendar.index(first, periods, "period"))
    out = pd.DataFrame({name: counts.T.reshape(-1) for name, counts in table.items()}, index=index)
    return noted(out, found.remarks)


def _stages(log: Log) -> dict[str, Any]:
    """Count the active, new and returning users by group and period."""
    masks = Masks.of(log)
    if masks is not None:
        return mask_lifecycle(masks, log.groups.count)
    groups, known = log.groups.count, log.periods.count
    everyone, new, returning = (np.zeros(groups * known, np.int64) for _ in range(3))
    distinct = active(log)
    for block in distinct.blocks():
        period, begins = distinct.period(block), distinct.begins(block)
        cell = distinct.group(block, groups) * known + period
        again = ~begins
        again[1:] &= period[1:] == period[:-1] + 1
        tally(everyone, cell)
        tally(new, cell[begins])
        tally(returning, cell[again])
    columns = {"active": everyone, "new_users": new, "returning": returning}
    return {name: counts.reshape(groups, known) for name, counts in columns.items()}


def _note_stray(found: Events, calendar: Calendar, users: Any) -> None:
    at = np.flatnonzero(users)
    note_stray(found.remarks, calendar, found.log.periods.first + at, users[at])


def _complete(found: Events, calendar: Calendar) -> tuple[int, int]:
    """Return the first period, and the number of complete periods from it on."""
    if found.stop is None or (found.parts is None and found.counted is None and not len(found.log)):
        return 0, 0
    first = found.log.periods.first
    return first, max(calendar.at(found.stop) - first, 0)
