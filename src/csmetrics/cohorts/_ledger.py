"""The ledger behind MRR movements: each customer's changes of MRR by period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import instant, period_key, period_numbers
from csmetrics.cohorts._rows.groups import Groups, number_units
from csmetrics.cohorts._rows.options import too_large
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.remarks import Remarks
from csmetrics.cohorts._rows.time import Calendar, Times, Wall, end_of_data
from csmetrics.core._money import BITS, SCALES, binary_scale, is_whole, to_units
from csmetrics.core._numeric import BLOCK


@dataclass(frozen=True)
class Changes:
    """Changes of MRR in the order of their rows, for one sign.

    Attributes
    ----------
    customer
        Numbers from 0, one per row.
    period
        Numbers from 0, below the count of periods.
    units
        The amounts of the changes, in whole units.
    """

    customer: Any
    period: Any
    units: Any

    def by_period(self, periods: int) -> Sorted:
        """Sort by period; as periods are few, this is a radix sort of one or two bytes."""
        period = self.period.astype(np.min_scalar_type(max(periods - 1, 0)))
        order = np.argsort(period, kind="stable")
        ends = np.append(0, np.cumsum(np.bincount(period, minlength=periods)))
        return Sorted(narrow(self.customer)[order], narrow(self.units)[order], ends)


class Sorted(NamedTuple):
    """Changes of MRR, sorted by period: customers, units, and where each period's rows begin and end."""

    customer: Any
    units: Any
    ends: Any

    def of(self, period: int) -> tuple[Any, Any]:
        """Return the customers and the units of a period."""
        rows = slice(int(self.ends[period]), int(self.ends[period + 1]))
        return self.customer[rows].astype(np.intp), self.units[rows].astype(np.int64)


def narrow(values: Any) -> Any:
    """Halve the memory of numbers that fit in 32 bits, as they are gathered in random order."""
    small = values.max(initial=0) < 2**31 and values.min(initial=0) >= -(2**31)
    return values.astype(np.int32) if small else values


@dataclass(frozen=True)
class Ledger:
    """The changes of MRR from which movements are computed.

    Attributes
    ----------
    gains, losses
        The MRR added to customers' balances, and the MRR subtracted from them.
    customers
        Number of customers; a customer in several groups counts in each.
    group_of
        The group of each customer; None for a single group.
    groups
        The groups.
    first, periods
        The first period's number, and the number of complete periods.
    scale
        Units of an amount of 1; None where amounts are integers.
    remarks
        Notes, and the bad rows where the caller asked for them.
    """

    gains: Changes
    losses: Changes
    customers: int
    group_of: Any
    groups: Groups
    first: int
    periods: int
    scale: Any
    remarks: Remarks


def _screened(rows: Any, columns: dict[str, str]) -> tuple[Any, Any, Any, Any]:
    """Read the columns from pandas or an engine: customer, start (or date), end (None for snapshots), MRR."""
    first, *other = [name for name in columns if name not in ("customer", "mrr")]
    customers, begins, ends = rows.units(columns["customer"], "customer"), rows.times(columns[first], first), None
    if other:
        ends = rows.times(columns["end"], "end", optional=True, like=begins)
        rows.refuse_before("end", ends, begins)
    return customers, begins, ends, rows.numbers(columns["mrr"], "mrr")


def _from_pandas(
    metric: str, frame: pd.DataFrame, columns: dict[str, str], calendar: Calendar, as_of: Any, by: Any, on_bad_rows: str
) -> Ledger:
    """Read rows from pandas, number their customers and periods, and turn amounts into changes."""
    rows = Rows(metric, frame, on_bad_rows, calendar)
    customers, begins, ends, amounts = _screened(rows, columns)
    keys = rows.keys(by, "period")
    kept = rows.kept()
    begins, ends = begins.take(kept), ends and ends.take(kept)
    instants = [begins] if ends is None else [begins, ends]
    stop = end_of_data(metric, as_of, instants)
    known, kept = begins.until(stop, kept)
    begins, ends = begins.take(known), ends and ends.take(known)
    amounts = amounts[kept]
    units, scale = to_units(amounts)
    if units is None:
        raise too_large(metric, "mrr")
    groups = Groups(metric, keys, kept)
    number, count, group_of = _customers(metric, customers, kept, groups)
    first = periods = 0
    if stop is not None and begins.ticks.size:
        first = calendar.first_of(begins)
        periods = max(calendar.at(stop) - first, 0)
    close = int(calendar.start(first + periods))
    came, period = _within(begins, calendar, first, close)
    gains = Changes(number[came], period, units[came])
    if ends is None:
        losses = _held(gains, periods)
    else:
        gone, period = _within(ends, calendar, first, close)
        losses = Changes(number[gone], period, units[gone])
    whole = amounts.dtype.kind == "i"
    return Ledger(gains, losses, count, group_of, groups, first, periods, None if whole else scale, rows.remarks)


def _from_engine(
    metric: str, frame: Any, columns: dict[str, str], calendar: Calendar, as_of: Any, by: Any, on_bad_rows: str
) -> Ledger:
    """Have the engine add the changes up, one row per customer and period."""
    rows = EngineRows(metric, frame, on_bad_rows, calendar)
    _, begins, ends, amounts = _screened(rows, columns)
    keys = rows.keys(by, "period")
    rows.fact("start", begins, "min")
    rows.fact("start_last", begins, "max")
    if ends is not None:
        rows.fact("end_last", ends, "max")
    _ask_money(rows, amounts)
    rows.screen(lambda some: _screened(some, columns))
    opening = rows.instant("start")
    lasts = [rows.instant(name) for name in ("start_last", "end_last") if name in rows.facts]
    known = opening.known
    stop = end_of_data(metric, as_of, [opening, *lasts])
    first = periods = 0
    if stop is not None and known:
        first = calendar.first_of(opening)
        periods = max(calendar.at(stop) - first, 0)
    units, scale = _money(rows, amounts)
    if units is None:
        raise too_large(metric, "mrr")
    until = Wall(0) if stop is None else stop
    rows.keep_before(begins, until, opening.zone)
    signed = [(1, begins)] if ends is None else [(1, begins), (-1, ends)]
    small = _changes(rows, columns["customer"], keys, units, signed, until, opening.zone, calendar)
    groups = Groups(metric, [small[key] for key in keys], slice(None))
    number, count, group_of = _customers(metric, small[columns["customer"]], slice(None), groups)
    period = period_numbers(calendar, small["csm period"]) - first
    complete = np.flatnonzero(period < periods)
    gains = Changes(number[complete], period[complete], small["csm units"].to_numpy(dtype=np.int64)[complete])
    losses = _held(gains, periods if ends is None else 0)
    return Ledger(gains, losses, count, group_of, groups, first, periods, scale, rows.remarks)


def _ask_money(rows: EngineRows, amounts: Any) -> None:
    """Request the facts that decide the unit of amounts: their sum, and how many do not fit each possible unit."""
    nw = narwhals()
    rows.fact("money", amounts.abs().cast(nw.Float64), "sum")
    if rows.frame.select(amounts.alias("csm mrr")).collect_schema()["csm mrr"].is_integer():
        return
    known = nw.when(amounts.is_finite()).then(amounts).otherwise(nw.lit(0.0))  # infinite and NaN amounts are bad rows
    for scale in SCALES:
        odd = nw.when(is_whole(known * scale)).then(nw.lit(0)).otherwise(nw.lit(1))
        rows.fact(f"odd_{scale}", odd, "sum")


def _money(rows: EngineRows, amounts: Any) -> tuple[Any, Any]:
    """Return amounts as Int64 units, and the units in an amount of 1 (None for integers).

    The units are None where the amounts are too large.
    """
    nw = narwhals()
    total = rows.facts["money"].iloc[0]
    total = 0.0 if pd.isna(total) else float(total)
    if not total < 2.0**BITS:
        return None, None
    if f"odd_{SCALES[0]}" not in rows.facts:
        return amounts.cast(nw.Int64), None
    exact = [scale for scale in SCALES if not rows.count(f"odd_{scale}") and total * scale < 2.0**BITS]
    scale = exact[0] if exact else binary_scale(total)
    return (amounts * scale).round().cast(nw.Int64), scale


def _changes(
    rows: EngineRows,
    customer: str,
    keys: list[str],
    units: Any,
    signed: Sequence[tuple[int, Any]],
    stop: Wall,
    zone: Any,
    calendar: Calendar,
) -> pd.DataFrame:
    """Add up the units of changes before an instant, by customer, groups and period.

    Parameters
    ----------
    customer, keys
        The columns of customers and groups.
    units
        The expression of the amount of a row.
    signed
        Pairs of a sign and a date: 1 with the date from which the amount counts, -1 with the date on which it ends.
    stop, zone
        The instant, in microseconds of the wall clock.
    calendar
        The periods.
    """
    nw = narwhals()
    parts = []
    for sign, times in signed:
        known = rows.frame.filter(times < instant(stop, zone))
        columns = (period_key(calendar, times).alias("csm period"), (units * sign).alias("csm units"))
        parts.append(known.with_columns(*columns).select(customer, *keys, "csm period", "csm units"))
    both = nw.concat(parts) if len(parts) > 1 else parts[0]
    return engines.collect(both.group_by(customer, *keys, "csm period").agg(nw.col("csm units").sum()))


def _held(gains: Changes, periods: int) -> Changes:
    """Return the losses that end each snapshot's amount in the period after it."""
    last = gains.period + 1 < periods
    return Changes(gains.customer[last], gains.period[last] + 1, gains.units[last])


def _within(times: Times, calendar: Calendar, first: int, close: int) -> tuple[Any, Any]:
    """Return the rows with an instant before the close of the last period, and their periods."""
    known = times.before(close)
    rows = slice(None) if known is None else known
    numbering = calendar.numbering(times.take(rows))
    return rows, numbering.of(slice(None)).astype(np.int64) + (numbering.first - first)


def _customers(metric: str, customers: Any, kept: Any, groups: Groups) -> tuple[Any, int, Any]:
    """Number customers from 0 with few gaps, separately by group; return the numbers, their limit and the groups."""
    values, offset, size = number_units(metric, customers, kept)
    number = values.astype(np.int64) - offset
    if groups.number is not None:
        number = number * groups.count + groups.number
        size *= groups.count
    if size > 4 * len(number) + BLOCK:
        number, found = pd.factorize(number)
        return number, len(found), None if groups.number is None else found % groups.count
    return number, size, None if groups.number is None else np.arange(size) % groups.count
