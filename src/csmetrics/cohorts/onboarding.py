"""Customers with the dates of their start in, who completed it and got value out, and how soon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.engines import narwhals, summed
from csmetrics._frames.groups import group_rows
from csmetrics.cohorts._rows.bad import noted
from csmetrics.cohorts._rows.options import OnBadRows
from csmetrics.cohorts._rows.time import DAY, NAT, Times, end_of_data, in_utc, must_match
from csmetrics.cohorts._rows.totals import EngineRowTotals, RowTotals, Unnamed, read, table
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
    as_of: Any = None,
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    """Count the customers who started, completed onboarding and reached value, and how soon half of them did.

    Parameters
    ----------
    customers
        One row per customer that started: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask, PySpark or
        Ibis, whose engine then does the counting.
    started
        When it started.
    completed
        When onboarding was complete; missing where it is not yet. Without a column of that name, or with None, it is
        not counted; one that was named here has to be there.
    value
        When it first got the value it came for; missing where it has not yet. As `completed`.
    as_of
        Up to when the data is complete: a date, datetime, Timestamp, Period or ISO text; a date, or midnight, means
        that whole day. By default the latest date in the columns. What comes after it has not happened yet, and
        customers who start after it are left aside.
    by
        A column, or a list of columns, to count apart. Missing keys form a group of their own.
    on_bad_rows
        ``"raise"``, or ``"report"``: leave bad rows out and give them back in ``.attrs["excluded"]`` with the reason.

    Returns
    -------
    DataFrame
        One row per group, the keys as its index; without `by` one row, ``"total"``:

        * `started`, `completed`, `reached`: customers that started, of those completed, of those got value; int64.
        * `median_ttv`: days within which half of them get value, those not there yet counted for as long as they are
          known (Kaplan-Meier), as `median_ttv` of the group has it; NaN where fewer than half get there in that time.

    Raises
    ------
    MetricInputError
        If a customer has no start, completes or gets value before it, or something is no date.
    MissingColumnError
        If a column is not there.

    See Also
    --------
    csmetrics.median_ttv, csmetrics.onboarding_completion_rate, csmetrics.value_realization_rate,
    csmetrics.survival.kaplan_meier

    Notes
    -----
    The counts feed `onboarding_completion_rate`, and `value_realization_rate` by
    ``value_realization_rate(realized="reached", customers="started")``. They add up over groups. A median does not: for
    one of all, call this without `by`.

    Customers younger than onboarding takes had no time to complete it. The median sees to that by itself; for the rates
    leave their starts out.

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
        found = {"started": rows.times(started, "started")}
        for argument, name in optional.items():
            if name is not None and (not isinstance(name, Unnamed) or rows.has(name)):
                found[argument] = rows.times(name, argument, optional=True, like=found["started"])
                rows.refuse_before(argument, found[argument], found["started"], "started", _ORDER)
        return found

    rows, found = read(metric, customers, on_bad_rows, screened)
    if isinstance(rows, RowTotals):
        return noted(_from_pandas(rows, found, as_of, by), rows.excluded)
    return noted(_from_engine(rows, found, as_of, by), rows.excluded)


def _from_pandas(rows: RowTotals, found: dict[str, Times], as_of: Any, by: Any) -> pd.DataFrame:
    """Count the rows, and estimate the median of each group."""
    keys, kept = rows.keys(by), rows.kept()
    found = {argument: times.take(kept) for argument, times in found.items()}
    zone = must_match(rows.metric, found)
    dated = bool(found["started"].ticks.size)
    stop = end_of_data(rows.metric, as_of, [times.last() for times in found.values()], zone, dated)
    if not isinstance(kept, slice):
        keys = [key.iloc[kept] for key in keys]
    instants = {argument: _instants(times) for argument, times in found.items()}
    last = _last(stop, zone)
    known = days_apart(instants["started"], last)
    if (known < 0).any():
        begun = np.flatnonzero(known >= 0)
        known, keys = known[begun], [key.iloc[begun] for key in keys]
        instants = {n: Instants(at.day[begun], at.time[begun], at.aware) for n, at in instants.items()}
    columns = {"started": np.ones(known.size, np.int8)}
    for argument, name in (("completed", "completed"), ("value", "reached")):
        if argument in instants:
            columns[name] = (days_apart(instants[argument], last) >= 0).view(np.int8)
    out = table(keys, columns)
    if "value" in instants:
        there = columns["reached"].view(bool)
        waited = np.where(there, days_apart(instants["started"], instants["value"]), known)
        out["median_ttv"] = _medians(keys, waited, there)
    return out


def _instants(times: Times) -> Instants:
    """Give instants from which elapsed days are told as the formulas do it."""
    day, rest = np.divmod(times.elapsed(), times.per_day)
    time = (rest * (_DAY_NS // times.per_day)).view("m8[ns]")
    return Instants(day, np.where(times.ticks == NAT, np.timedelta64("NaT"), time), times.zone is not None)


def _last(stop: int | None, zone: Any) -> Instants:
    """Give the last instant that the data covers."""
    day, rest = divmod((in_utc(stop, zone) if stop is not None else 0) - 1, DAY)
    return Instants(np.array([day]), np.array([rest * 1000]).view("m8[ns]"), zone is not None)


def _medians(keys: Sequence[pd.Series[Any]], waited: Any, there: Any, counts: Any = None) -> Any:
    """Give the median of each group, in the order of its totals."""
    groups = group_rows(keys)[1] if keys else [slice(None)]
    often = [None if counts is None else counts[at] for at in groups]
    return np.array([median(waited[at], there[at], n) for at, n in zip(groups, often, strict=True)], dtype=np.float64)


def _from_engine(rows: EngineRowTotals, found: dict[str, Any], as_of: Any, by: Any) -> pd.DataFrame:
    """Let the engine count the rows of each group and time waited."""
    nw = narwhals()
    keys = rows.keys(by)
    facts = {argument: rows.instant(argument) for argument in found}
    zone = facts["started"].zone
    known = bool((facts["started"].ticks != NAT).all())
    stop = end_of_data(rows.metric, as_of, [times.last() for times in facts.values()], zone, known)
    if stop is not None:
        rows.keep_before(found["started"], stop, zone)
    end = in_utc(stop, zone) if stop is not None else 0
    micros = rows.instants(found, "started")
    asked = {"csm rows": nw.lit(1).cast(nw.Int64)}
    there = {
        argument: nw.when(rows.happened(found[argument]) & (at < end))
        .then(nw.lit(1))
        .otherwise(nw.lit(0))
        .cast(nw.Int64)
        for argument, at in micros.items()
    }
    if "completed" in found:
        asked["csm completed"] = there["completed"]
    names = list(keys)
    if "value" in found:
        got = rows.happened(found["value"]) & (micros["value"] < end)
        upto = nw.when(got).then(micros["value"]).otherwise(nw.lit(end - 1))
        rows.frame = rows.frame.with_columns(
            there["value"].alias("csm reached"), (upto - micros["started"]).alias("csm waited")
        )
        names += ["csm waited", "csm reached"]
    small = rows.sums(names, asked)
    counts = summed(small["csm rows"], whole=True)
    columns = {"started": counts}
    if "completed" in found:
        columns["completed"] = summed(small["csm completed"], whole=True)
    groups = [small[key] for key in keys]
    if "value" not in found:
        return table(groups, columns)
    reached = small["csm reached"].to_numpy(dtype=np.int64) == 1
    columns["reached"] = counts * reached
    out = table(groups, columns)
    out["median_ttv"] = _medians(groups, in_days(small["csm waited"].to_numpy(dtype=np.int64)), reached, counts)
    return out
