"""From customers' onboarding dates to how many completed it and reached value, and how soon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.engines import narwhals, summed
from csmetrics._frames.groups import group_rows
from csmetrics.cohorts._rows.axis import table
from csmetrics.cohorts._rows.engine_totals import EngineRowTotals
from csmetrics.cohorts._rows.instants import DAY, NAT, Times, in_utc
from csmetrics.cohorts._rows.options import OnBadRows
from csmetrics.cohorts._rows.pandas_totals import RowTotals
from csmetrics.cohorts._rows.remarks import noted
from csmetrics.cohorts._rows.totals import Unnamed, read
from csmetrics.core._dates import Instants, days_apart, in_days
from csmetrics.core._survival import median

_COMPLETED, _VALUE = Unnamed("completed"), Unnamed("value")
_ORDER = "check the time zones; a date without a time is that day's midnight"
_DAY_NS = 86_400_000_000_000


def onboarding(
    customers: Any,
    *,
    started: str = "started",
    completed: str | None = _COMPLETED,
    value: str | None = _VALUE,
    freq: str | None = None,
    as_of: Any = None,
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    """Count the customers who started, completed onboarding and reached value, with the median time to value.

    Parameters
    ----------
    customers
        One row per customer that started: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask, PySpark or
        Ibis, whose engine then does the counting.
    started
        The column with the date on which the customer started.
    completed
        The column with the date on which onboarding was complete; missing while it is not. With None, or if the frame
        has no column "completed", completions are not counted. A column that you name yourself must exist.
    value
        The column with the date on which the customer first got the value it came for; missing while it has not. Left
        out in the same way as `completed`.
    freq
        Without it, all customers are counted together. With h, D, W, M, Q, Y or an anchored one such as "W-SAT", there
        is one row per complete period in which customers started.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp, Period or ISO text; a date, or midnight,
        means that whole day. By default the latest date in the columns. A later completion or value counts as not yet
        reached, and customers who start later are left out.
    by
        A column, or a list of columns, to count by. Rows without a key form a group of their own.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them, with the reason, in
        ``.attrs["excluded"]``.

    Returns
    -------
    DataFrame
        One row per group, indexed by the keys; without `by` a single row, ``"total"``. With a `freq`, one row per
        complete period of the start (level `period`) and group, also where nobody started:

        * `started`, `completed`, `reached`: customers who started, and how many of them completed onboarding and
          reached value; int64.
        * `median_ttv`: days within which half of the customers reach value. Customers still waiting count up to the
          last day observed (Kaplan-Meier), as in the formula `median_ttv`. NaN if fewer than half reach value in the
          time observed.

    Raises
    ------
    MetricInputError
        If a customer has no start, completes or reaches value before starting, or a date is not a date.
    MissingColumnError
        If the frame has no such column.

    See Also
    --------
    csmetrics.median_ttv, csmetrics.onboarding_completion_rate, csmetrics.value_realization_rate,
    csmetrics.survival.kaplan_meier

    Notes
    -----
    The counts are the inputs of `onboarding_completion_rate`, and of `value_realization_rate` when named:
    ``value_realization_rate(realized="reached", customers="started")``. Counts add up over groups. A median does not:
    for the median of all customers, call this without `by`.

    Customers who started only recently have had no time to complete onboarding. The median allows for that by itself;
    for the rates, leave out customers who started too recently. With `freq`, ``.attrs["growing"]`` names the columns
    for which later rows have had less time, and a comparison of two periods notes it.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> customers = pd.DataFrame(
    ...     {
    ...         "plan": ["pro", "pro", "pro", "free"],
    ...         "started": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-11", "2026-01-05"]),
    ...         "completed": pd.to_datetime(["2026-01-03", None, "2026-01-12", None]),
    ...         "value": pd.to_datetime(["2026-01-05", "2026-01-15", None, None]),
    ...     }
    ... )
    >>> totals = csm.cohorts.onboarding(customers, as_of="2026-01-31", by="plan")
    >>> totals
          started  completed  reached  median_ttv
    plan
    free        1          0        0         NaN
    pro         3          2        2        14.0
    >>> totals.csm.total().onboarding_completion_rate()
    50.0
    """
    metric = "onboarding"
    optional = {"completed": completed, "value": value}

    def screened(rows: Any) -> dict[str, Any]:
        named = {argument: name for argument, name in optional.items() if not isinstance(name, Unnamed)}
        rows.require(by, started=started, **named)
        found = {"started": rows.times(started, "started")}
        for argument, name in optional.items():
            if name is not None and (not isinstance(name, Unnamed) or rows.has(name)):
                found[argument] = rows.times(name, argument, optional=True, like=found["started"])
                rows.refuse_before(argument, found[argument], found["started"], "started", _ORDER)
        return found

    rows, found = read(metric, customers, on_bad_rows, screened, freq)
    rows.end(as_of, found)
    rows.place(found["started"], "started")
    found = rows.only_counted(found)
    out = _from_pandas(rows, found, by) if isinstance(rows, RowTotals) else _from_engine(rows, found, by)
    if freq is not None:
        out.attrs["growing"] = [name for name in ("completed", "reached") if name in out]
    return noted(out, rows.remarks)


def _from_pandas(rows: RowTotals, found: dict[str, Times], by: Any) -> pd.DataFrame:
    """Count the rows, and estimate the median of each group."""
    keys = rows.grouping(by)
    instants = {argument: _instants(times) for argument, times in found.items()}
    last = _last(rows.stop, found["started"].zone)
    known = days_apart(instants["started"], last)
    columns = {"started": np.ones(known.size, np.int8)}
    for argument, name in (("completed", "completed"), ("value", "reached")):
        if argument in instants:
            columns[name] = (days_apart(instants[argument], last) >= 0).view(np.int8)
    blank = {}
    if "value" in instants:
        reached = columns["reached"].view(bool)
        waited = np.where(reached, days_apart(instants["started"], instants["value"]), known)
        blank["median_ttv"] = _medians(keys, waited, reached)
    return table(rows.metric, keys, columns, rows.axis, blank)


def _instants(times: Times) -> Instants:
    """Convert times to instants, from which elapsed days are computed as in the formulas."""
    day, rest = np.divmod(times.elapsed(), times.per_day)
    time = (rest * (_DAY_NS // times.per_day)).view("m8[ns]")
    return Instants(day, np.where(times.ticks == NAT, np.timedelta64("NaT"), time), times.zone is not None)


def _last(stop: int | None, zone: Any) -> Instants:
    """Return the last instant that the data covers."""
    day, rest = divmod((in_utc(stop, zone) if stop is not None else 0) - 1, DAY)
    return Instants(np.array([day]), np.array([rest * 1000]).view("m8[ns]"), zone is not None)


def _medians(keys: Sequence[pd.Series[Any]], waited: Any, reached: Any, counts: Any = None) -> Any:
    """Return the median of each group, in the order of the groups' totals."""
    if keys and not len(keys[0]):
        return np.zeros(0)
    groups = group_rows(keys)[1] if keys else [slice(None)]
    often = [None if counts is None else counts[at] for at in groups]
    return np.array([median(waited[at], reached[at], n) for at, n in zip(groups, often, strict=True)], dtype=np.float64)


def _from_engine(rows: EngineRowTotals, found: dict[str, Any], by: Any) -> pd.DataFrame:
    """Have the engine count the rows of each group by time waited, and estimate the medians from that."""
    nw = narwhals()
    keys = rows.grouping(by)
    end = in_utc(rows.stop, rows.zone) if rows.stop is not None else 0
    micros = rows.instants(found, "started")
    asked = {"csm:rows": nw.lit(1).cast(nw.Int64)}
    flags = {
        argument: nw.when(rows.happened(found[argument]) & (at < end))
        .then(nw.lit(1))
        .otherwise(nw.lit(0))
        .cast(nw.Int64)
        for argument, at in micros.items()
    }
    if "completed" in found:
        asked["csm:completed"] = flags["completed"]
    names = list(keys)
    if "value" in found:
        got = rows.happened(found["value"]) & (micros["value"] < end)
        upto = nw.when(got).then(micros["value"]).otherwise(nw.lit(end - 1))
        rows.frame = rows.frame.with_columns(
            flags["value"].alias("csm:reached"), (upto - micros["started"]).alias("csm:waited")
        )
        names += ["csm:waited", "csm:reached"]
    small = rows.sums(names, asked)
    counts = summed(small["csm:rows"], whole=True)
    columns = {"started": counts}
    if "completed" in found:
        columns["completed"] = summed(small["csm:completed"], whole=True)
    groups, blank = rows.labels(small, keys), {}
    if "value" in found:
        reached = small["csm:reached"].to_numpy(dtype=np.int64) == 1
        columns["reached"] = counts * reached
        waited = in_days(small["csm:waited"].to_numpy(dtype=np.int64))
        blank["median_ttv"] = _medians(groups, waited, reached, counts)
    return table(rows.metric, groups, columns, rows.axis, blank)
