"""Survival from dates: a start and an end per row, of any engine."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
import pandas as pd

from csmetrics._frames.engines import narwhals, summed
from csmetrics._frames.groups import group_numbers, rows_of
from csmetrics.cohorts._rows.engine_totals import EngineRowTotals
from csmetrics.cohorts._rows.instants import in_micros, in_utc
from csmetrics.cohorts._rows.pandas_totals import RowTotals
from csmetrics.cohorts._rows.totals import read
from csmetrics.core._dates import in_days
from csmetrics.core._survival import Steps, delayed, packs, steps, steps_by_group
from csmetrics.survival.curve import Survival, curve
from csmetrics.survival.curves import Curves

_METRIC = "kaplan_meier_from_dates"
_ORDER = "check the time zones; a date without a time is that day's midnight"


@overload
def kaplan_meier_from_dates(
    frame: Any, *, start: str = ..., end: str = ..., entry: str | None = ..., as_of: Any = ..., by: None = None
) -> Survival: ...
@overload
def kaplan_meier_from_dates(
    frame: Any,
    *,
    start: str = ...,
    end: str = ...,
    entry: str | None = ...,
    as_of: Any = ...,
    by: str | tuple[Any, ...] | list[Any],
) -> Curves: ...
def kaplan_meier_from_dates(
    frame: Any, *, start: str = "start", end: str = "end", entry: str | None = None, as_of: Any = None, by: Any = None
) -> Survival | Curves:
    """Estimate the share still waiting after each time (Kaplan-Meier) from a start and an end per row.

    Parameters
    ----------
    frame
        One row per customer, ticket or subscription: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask,
        PySpark or Ibis, whose engine then counts the rows of each duration.
    start
        The column with the date from which time is counted.
    end
        The column with the date of the event; missing while it has not happened. A date in the year 9999 stands for
        none.
    entry
        The column with the date from which the row was observed, where that is after its start: customers who started
        before the records begin count as waiting only from then on (left truncation). A missing one is the start.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp, Period or ISO text; a date, or midnight,
        means that whole day. By default the latest date in the columns. A row that ends later is still waiting at that
        instant; rows that start later are left out.
    by
        A column, or a list of columns, for a curve per group. Rows without a key form a group of their own.

    Returns
    -------
    Survival or Curves
        The curve, in days, with `.median`, `.percentile(90)` and `.at(30)`; with `by` one per group, whose methods
        return a Series.

    Raises
    ------
    MetricInputError
        If a row has no start, ends or is first observed before it, a value is not a date, or all who were seen early
        reach the end before others enter.
    MissingColumnError
        If the frame has no such column.

    See Also
    --------
    kaplan_meier, csmetrics.median_ttv, csmetrics.cohorts.tickets

    Notes
    -----
    Rows still waiting count up to the last instant that the data covers. The mean over those that ended leaves them
    out, so in the latest weeks only the quick ones are in it.

    Times are days, also in fractions: times 24 they are hours.

    Examples
    --------
    How long tickets take until they are solved, in hours. The mean of the three solved is 6 hours.

    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> cases = pd.DataFrame(
    ...     {
    ...         "created": pd.to_datetime(["2026-03-02 09:00"] * 5),
    ...         "resolved": pd.to_datetime(["2026-03-02 11:00", "2026-03-02 13:00", "2026-03-02 21:00", None, None]),
    ...     }
    ... )
    >>> curve = csm.survival.kaplan_meier_from_dates(cases, start="created", end="resolved", as_of="2026-03-05")
    >>> 24 * curve.median
    12.0
    >>> curve.percentile(90)
    nan
    """

    def screened(rows: Any) -> dict[str, Any]:
        rows.require(by, start=start, end=end, entry=entry)
        found = {"start": rows.times(start, "start")}
        for argument, name in (("end", end), ("entry", entry)):
            if name is not None:
                found[argument] = rows.times(name, argument, optional=True, like=found["start"])
                rows.refuse_before(argument, found[argument], found["start"], "start", _ORDER)
        return found

    rows, dates = read(_METRIC, frame, "raise", screened)
    rows.end(as_of, {argument: dates[argument] for argument in ("start", "end")})
    rows.place(dates["start"], "start")
    dates = rows.only_counted(dates)
    counted = _from_pandas(rows, dates, by) if isinstance(rows, RowTotals) else _from_engine(rows, dates, by)
    keys, waited, reached, entered, counts = counted
    if not keys:
        return curve(_steps(waited, reached, entered, counts), metric=_METRIC)
    groups, numbers = group_numbers(keys)
    if entered is None and counts is None and packs(len(groups), waited):
        found = steps_by_group(numbers, len(groups), waited, reached, in_days)
    else:
        columns = (waited, reached, entered, counts)
        parts = ([None if one is None else one[at] for one in columns] for at in rows_of(numbers, len(groups)))
        found = [_steps(*part) for part in parts]
    return Curves(groups, [curve(one, metric=_METRIC) for one in found])


def _steps(waited: Any, reached: Any, entered: Any, counts: Any) -> Steps:
    """Count what happened at each duration, in days; a row observed for no time at all is left out."""
    if entered is not None:
        seen = (waited > entered) | (entered == 0)
        waited, reached, entered = waited[seen], reached[seen], entered[seen]
        counts = np.ones(waited.size, np.int64) if counts is None else counts[seen]
    found = steps(in_days(waited), reached, counts)
    if entered is None or not entered.size:
        return found
    late = entered > 0  # whoever is observed from the start on is at risk at once
    return delayed(found, in_days(entered[late]), counts[late])


def _from_pandas(rows: RowTotals, found: dict[str, Any], by: Any) -> tuple[Any, ...]:
    """Return the keys, and for each row how long it waited, whether it reached the end, and its entry."""
    keys = rows.grouping(by)
    begun = in_micros(found["start"].elapsed(), found["start"].per_day)
    ended = rows.known(found["end"])
    reached = rows.happened(ended)
    stop = 0 if rows.stop is None else in_utc(rows.stop, found["start"].zone)
    at = in_micros(ended.elapsed(), ended.per_day)
    waited = np.where(reached, at, stop - 1) - begun
    entered = None
    if "entry" in found:
        entry = found["entry"]
        known, since = rows.happened(entry), in_micros(entry.elapsed(), entry.per_day)
        entered = np.where(known, since - begun, 0)
    return keys, waited, reached, entered, None


def _from_engine(rows: EngineRowTotals, found: dict[str, Any], by: Any) -> tuple[Any, ...]:
    """Have the engine count the rows that waited equally long, and return the same with their number."""
    nw = narwhals()
    keys = rows.grouping(by)
    end = 0 if rows.stop is None else in_utc(rows.stop, rows.zone)
    micros = rows.instants(found, "start")
    got = rows.happened(found["end"]) & (micros["end"] < end)
    upto = nw.when(got).then(micros["end"]).otherwise(nw.lit(end - 1))
    columns = {
        "csm:waited": upto - micros["start"],
        "csm:reached": nw.when(got).then(nw.lit(1)).otherwise(nw.lit(0)),
    }
    if "entry" in found:
        columns["csm:entered"] = micros["entry"] - micros["start"]
    rows.frame = rows.frame.with_columns(*(one.alias(name) for name, one in columns.items()))
    small = rows.sums([*keys, *columns], {"csm:rows": nw.lit(1).cast(nw.Int64)})
    whole = {name: small[name].to_numpy(dtype=np.int64) for name in columns}
    counts = summed(small["csm:rows"], whole=True)
    labels: list[pd.Series[Any]] = rows.labels(small, keys)
    return labels, whole["csm:waited"], whole["csm:reached"] == 1, whole.get("csm:entered"), counts
