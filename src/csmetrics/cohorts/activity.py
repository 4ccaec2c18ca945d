"""Active users and their lifecycle, from raw events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.cohorts._events import Events, Request
from csmetrics.cohorts._packing import active, tally
from csmetrics.cohorts._rows.bad import noted
from csmetrics.cohorts._rows.options import OnBadRows, WeekStart, check_cells, check_whole
from csmetrics.cohorts._rows.time import Calendar


def active_users(
    events: Any,
    *,
    user: str = "user",
    time: str = "time",
    as_of: Any = None,
    wau: int = 7,
    mau: int = 28,
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
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
    on_bad_rows: OnBadRows = "raise",
    week_start: WeekStart = "monday",
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
