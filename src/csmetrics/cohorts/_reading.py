"""Reading a ledger of MRR from pandas or from an engine: rows are screened, numbered and turned into changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._ends import Reach, blank_ends, first_after, must_be_told, reach_of, read_ends, refuse_early
from csmetrics.cohorts._ledger import Asked, Changes, Ledger, Numbers, held, within
from csmetrics.cohorts._lines import Lines
from csmetrics.cohorts._rates import Rates
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import _days, instant, period_key, wall_micros
from csmetrics.cohorts._rows.groups import Groups
from csmetrics.cohorts._rows.options import key_names, too_large
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.remarks import Excluded
from csmetrics.cohorts._rows.time import DAY, NAT, Calendar, Times, Wall, end_of_data, in_micros
from csmetrics.cohorts._touching import note_touching, note_touching_on_engine
from csmetrics.core._money import BITS, SCALES, binary_scale, is_whole, to_units
from csmetrics.errors import MetricInputError, shown

_NEGATIVE = "adds up to less than 0 for its customer; that balance was counted as 0"
_BLANK = "is blank; the row was counted as still running"
_OPEN = 2**62  # stands for a missing end among the numbers that come from an engine
_SHOWN = 5  # currencies that an error lists


def _screened(rows: Any, asked: Asked, reach: Reach) -> tuple[Any, Any, Any, Any]:
    """Read the columns from pandas or an engine: customer, begin, end (None without ends), amount."""
    first, amount = asked.names
    customers, begins, ends = rows.units(asked.customer, "customer"), rows.times(asked.begin, first), None
    if asked.end is not None:
        ends = read_ends(rows, asked.end, begins)
        refuse_early(rows, ends, begins, reach)
    if asked.currency is not None and isinstance(rows, Rows):
        rows.refuse("currency", "is missing", rows.column(asked.currency, "currency").isna().to_numpy())
    elif asked.currency is not None:
        rows.refuse(rows.column(asked.currency, "currency").is_null())
    return customers, begins, ends, rows.numbers(asked.amount, amount, negative=True)


def from_pandas(frame: pd.DataFrame, asked: Asked) -> Ledger:
    """Read rows from pandas, number their customers and periods, and turn amounts into changes."""
    metric, calendar = asked.metric, asked.calendar
    rows = Rows(metric, frame, asked.on_bad_rows, calendar)
    blank = None if asked.end is None else blank_ends(rows, asked.end)
    reach: Reach = "left" if asked.end is None else reach_of(rows, asked.end, asked.closed)
    customers, begins, ends, amounts = _screened(rows, asked, reach)
    keys = rows.keys(asked.by, "period")
    kept = rows.kept()
    begins, ends = begins.take(kept), ends and ends.take(kept)
    if ends is not None:
        must_be_told(metric, asked.as_of, calendar, begins.last(), ends.last())
    stop = end_of_data(metric, asked.as_of, [begins] if ends is None else [begins, ends])
    known, kept = begins.until(stop, kept)
    begins, ends = begins.take(known), ends and first_after(ends.take(known), reach)
    amounts = amounts[kept]
    units, scale = to_units(amounts)
    if units is None:
        raise too_large(metric, asked.names[1])
    groups = Groups(metric, keys, kept)
    known = bool(begins.ticks.size) and stop is not None
    first, periods = _periods(asked, int(begins.ticks.min()) * DAY // begins.per_day if known else None, stop)
    currency = rates = None
    named = _currency_column(rows, asked)
    if named is not None:
        currency, names = _coded(rows.column(named, "currency").iloc[kept])
        if asked.rates is None and len(names) > 1:
            raise _several(asked, named, names)
        most = float(np.abs(units).sum(dtype=np.float64))
        rates = (
            asked.rates if asked.rates is None else Rates(metric, asked.rates, names, calendar, first, periods, most)
        )
        currency = None if rates is None else currency
    numbers = Numbers(asked, customers, groups, currency, kept)
    ledger = Ledger(
        asked=asked,
        customers=customers,
        rows=kept,
        groups=groups,
        numbers=numbers,
        first=first,
        periods=periods,
        scale=None if amounts.dtype.kind == "i" else scale,
        rates=rates,
        remarks=rows.remarks,
    )
    if blank is not None:
        sentence = f"{int(blank.sum())} of {len(frame)} rows have a blank end and were counted as still running."
        rows.remarks.note(sentence, doubtful=True)
        _give_back(rows, "end", _BLANK, blank)
    until = Wall(0) if stop is None else stop
    if ends is not None and reach == "left":
        note_touching(rows.remarks, numbers.unit, begins, ends)
    lines = None
    if asked.line_by_line or units.min(initial=0) < 0:
        begin, end = _spell(asked, begins, ends)
        lines = Lines(numbers.unit, begin, end, units, units, groups.number, currency)
        below = np.zeros(numbers.units, bool)
        below[numbers.unit[units < 0]] = True
        if below.any():
            ledger, found = ledger.refuse_negative(lines.take(below[numbers.unit]), until)
            good = np.zeros(len(frame), bool)
            good[kept] = True
            _give_back(rows, asked.names[1], _NEGATIVE, customers.isin(found).to_numpy(dtype=bool) & good)
        if asked.line_by_line:
            return ledger.from_lines(lines, until)
    close = int(calendar.start(first + periods))
    came, period = within(begins, calendar, first, close)
    gains = Changes(numbers.account[came], period, units[came])
    if ends is None:
        losses = held(gains, periods if asked.snapshots else 0)
    else:
        gone, period = within(ends, calendar, first, close)
        losses = Changes(numbers.account[gone], period, units[gone])
    return replace(ledger, gains=gains, losses=losses)


def _spell(asked: Asked, begins: Times, ends: Times | None) -> tuple[Any, Any]:
    """Return the first instants of lines and the first after them, in microseconds; a snapshot has its period."""
    if asked.snapshots:
        numbering = asked.calendar.numbering(begins)
        return _periods_of(asked.calendar, numbering.of(slice(None)).astype(np.int64) + numbering.first)
    missing = np.full(begins.ticks.size, NAT)
    end = missing if ends is None else np.where(ends.ticks == NAT, NAT, in_micros(ends.ticks, ends.per_day))
    return in_micros(begins.ticks, begins.per_day), end


def _periods_of(calendar: Calendar, number: Any) -> tuple[Any, Any]:
    return calendar.start(number), calendar.start(number + 1)


def _periods(asked: Asked, start: int | None, stop: int | None) -> tuple[int, int]:
    """Return the number of the first period and how many are complete; `start` and `stop` are in microseconds."""
    if start is None or stop is None:
        return 0, 0
    first = asked.calendar.at(start)
    return first, max(asked.calendar.at(stop - asked.grace) - first, 0)


def _currency_column(rows: Any, asked: Asked) -> Any:
    """Return the column of currencies: the one that was named, or one called currency that nobody named."""
    named = "currency" if asked.currency is None and "currency" in rows.columns else asked.currency
    return None if _apart(asked, named) else named


def _apart(asked: Asked, named: Any) -> bool:
    """Check whether each currency has a ledger of its own, so that they are never added."""
    return asked.rates is None and not asked.follows and named in key_names(asked.metric, asked.by)


def _several(asked: Asked, named: Any, values: list[Any]) -> MetricInputError:
    some = ", ".join(map(shown, values[:_SHOWN])) + (", ..." if len(values) > _SHOWN else "")
    found = f"{some} in the column {shown(named)}"
    hint = f"currency={named!r} with rates={{{values[0]!r}: 1.0, ...}}, or by={named!r} for a bridge per currency"
    return MetricInputError(
        asked.metric, "rates", "must be set for amounts of several currencies", f"got {found}", hint
    )


def _give_back(rows: Rows, argument: str, reason: str, flags: Any) -> None:
    """Report rows that count all the same."""
    rows.refuse(argument, reason, flags)
    rows.remarks.excluded = rows.explained()


def from_engine(frame: Any, asked: Asked) -> Ledger:
    """Have the engine add the changes up, one row per customer and period."""
    nw = narwhals()
    metric, calendar = asked.metric, asked.calendar
    rows = EngineRows(metric, frame, asked.on_bad_rows, calendar)
    reach: Reach = "left" if asked.end is None else reach_of(rows, asked.end, asked.closed)
    _, begins, ends, amounts = _screened(rows, asked, reach)
    keys = rows.keys(asked.by, "period")
    named = _currency_column(rows, asked)
    rows.fact("start", begins, "min")
    rows.fact("start_last", begins, "max")
    if ends is not None:
        rows.fact("end_last", ends, "max")
    rows.fact("least", amounts, "min")
    if named is not None:
        for how in ("min", "max"):
            rows.fact(f"currency_{how}", engines.group_key(rows.schema, named), how)
    _ask_money(rows, amounts)
    rows.screen(lambda some: _screened(some, asked, reach))
    opening = rows.instant("start")
    lasts = [rows.instant(name) for name in ("start_last", "end_last") if name in rows.facts]
    if ends is not None:
        must_be_told(metric, asked.as_of, calendar, *(times.last() for times in lasts))
    known = opening.known
    stop = end_of_data(metric, asked.as_of, lasts)
    start = int(opening.ticks[0]) * DAY // opening.per_day if known else None
    first, periods = _periods(asked, start, stop)
    units, scale = _money(rows, amounts)
    if units is None:
        raise too_large(metric, asked.names[1])
    if named is not None and asked.rates is None and rows.facts["currency_min"][0] != rows.facts["currency_max"][0]:
        found = engines.collect(rows.frame.select(nw.col(named)).unique())[named].dropna()
        raise _several(asked, named, sorted(found.tolist()))
    until = Wall(0) if stop is None else stop
    rows.keep_before(begins, until, opening.zone)
    if ends is not None and reach == "left" and known:
        note_touching_on_engine(rows.remarks, rows.frame, asked.customer, begins, ends)
    reducer = _Reducer(
        asked, keys, named if asked.rates is not None else None, units, begins, ends, until, opening.zone
    )
    small = reducer.lines(rows.frame, reach) if asked.line_by_line else reducer.changes(rows.frame, reach)
    ledger, lines = reducer.ledger(small, rows, first, periods, scale)
    least = rows.facts["least"].iloc[0]
    if not pd.isna(least) and least < 0:
        customer = nw.col(asked.customer)
        below = rows.frame.filter(amounts < 0).select(customer).unique()
        some = small
        if not asked.line_by_line:
            some = reducer.lines(rows.frame.join(below, on=asked.customer, how="inner"), reach)
        apart, its = reducer.ledger(some, rows, first, periods, scale)
        _, found = apart.refuse_negative(its, until)
        ledger = replace(ledger, clipped=True)
        if found:
            bad = Rows(
                metric, engines.collect(rows.frame.filter(customer.is_in(found)).select(*rows.columns)), "report"
            )
            bad.refuse(asked.names[1], _NEGATIVE, np.ones(len(bad.frame), bool))
            rows.remarks.excluded = _with(rows.remarks.excluded, bad.explained())
    if asked.line_by_line:
        return ledger.from_lines(lines, until)
    period = small["csm:period"].to_numpy(dtype=np.int64) - first
    complete = np.flatnonzero(period < periods)
    amount = small["csm:units"].to_numpy(dtype=np.int64)
    gains = Changes(ledger.numbers.account[complete], period[complete], amount[complete])
    return replace(ledger, gains=gains, losses=held(gains, periods if asked.snapshots else 0))


def _with(excluded: Excluded | None, more: Excluded) -> Excluded:
    """Add bad rows to those that were found before."""
    if excluded is None or excluded.frame.empty:
        return more
    reason = more.frame.columns[-1]
    return Excluded(pd.concat([excluded.frame, more.frame], ignore_index=True), reason)


class _Reducer:
    """What the engine adds up: the changes of customers by period, or their lines one by one.

    Parameters
    ----------
    asked
        What the caller asked for.
    keys, currency
        The columns of groups and currencies.
    units
        The expression of the amount of a row.
    begins, ends
        The expressions of its instants; `ends` is None for snapshots and changes.
    stop, zone
        The end of the data in microseconds of the wall clock, and its zone.
    """

    def __init__(
        self,
        asked: Asked,
        keys: list[str],
        currency: Any,
        units: Any,
        begins: Any,
        ends: Any,
        stop: Wall,
        zone: Any,
    ) -> None:
        nw = narwhals()
        self.asked, self.keys, self.units, self.begins, self.ends = asked, keys, units, begins, ends
        self.stop, self.zone, self.currency = stop, zone, currency
        self.names = ["csm:customer", *(f"csm:key {i}" for i in range(len(keys)))]
        self.whose = [nw.col(name).alias(new) for new, name in zip(self.names, [asked.customer, *keys], strict=True)]
        if currency is not None:
            self.names.append("csm:currency")
            self.whose.append(nw.col(currency).alias("csm:currency"))

    def changes(self, frame: Any, reach: Reach) -> pd.DataFrame:
        """Add up the changes before the end of the data, by customer, groups, currency and period."""
        nw = narwhals()
        parts = [(1, self.begins, _number(self.asked.calendar, self.begins))]
        if self.ends is not None:
            parts.append((-1, *_end_period(self.asked.calendar, self.ends, reach)))
        known = [
            frame.filter(times < instant(self.stop, self.zone)).select(
                *self.whose, period.alias("csm:period"), (self.units * sign).alias("csm:units")
            )
            for sign, times, period in parts
        ]
        both = nw.concat(known) if len(known) > 1 else known[0]
        return engines.collect(both.group_by(*self.names, "csm:period").agg(nw.col("csm:units").sum()))

    def lines(self, frame: Any, reach: Reach) -> pd.DataFrame:
        """Add up lines with the same customer, groups, currency, begin and end; note the largest row of each."""
        nw = narwhals()
        asked = self.asked
        begin = _number(asked.calendar, self.begins) if asked.snapshots else wall_micros(self.begins)
        parts = [(frame, nw.lit(_OPEN))]
        if self.ends is not None:  # Dask has no numbers for missing dates
            parts = [
                (frame.filter(self.ends.is_null()), nw.lit(_OPEN)),
                (frame.filter(~self.ends.is_null()), wall_micros(self.ends)),
            ]
        names = [*self.names, "csm:begin", "csm:end"]
        amounts = (self.units.alias("csm:units"), self.units.alias("csm:largest"))
        some = [
            part.select(*self.whose, begin.alias("csm:begin"), end.cast(nw.Int64).alias("csm:end"), *amounts)
            for part, end in parts
        ]
        rows = nw.concat(some) if len(some) > 1 else some[0]
        small = engines.collect(rows.group_by(*names).agg(nw.col("csm:units").sum(), nw.col("csm:largest").max()))
        begin, end = (small[name].to_numpy(dtype=np.int64) for name in ("csm:begin", "csm:end"))
        if asked.snapshots:
            begin, end = _periods_of(asked.calendar, begin)
        else:
            end = first_after(Times(np.where(end == _OPEN, NAT, end), DAY), reach).ticks
        return small.assign(**{"csm:begin": begin, "csm:end": end})

    def ledger(self, small: pd.DataFrame, rows: Any, first: int, periods: int, scale: Any) -> tuple[Ledger, Any]:
        """Number what the engine gave back; also return its lines, where it gave lines."""
        asked, everything = self.asked, slice(None)
        groups = Groups(
            asked.metric, [small[f"csm:key {i}"].rename(key) for i, key in enumerate(self.keys)], everything
        )
        currency = names = rates = None
        if self.currency is not None:
            currency, names = _coded(small["csm:currency"])
            most = float(rows.facts["money"].iloc[0] or 0) * (scale or 1)
            rates = Rates(asked.metric, asked.rates, names, asked.calendar, first, periods, most)
        numbers = Numbers(asked, small["csm:customer"].rename(asked.customer), groups, currency, everything)
        ledger = Ledger(
            asked, small["csm:customer"], everything, groups, numbers, first, periods, scale, rates, rows.remarks
        )
        if "csm:begin" not in small:
            return ledger, None
        begin, end, amount, largest = (
            small[f"csm:{name}"].to_numpy(dtype=np.int64) for name in ("begin", "end", "units", "largest")
        )
        return ledger, Lines(numbers.unit, begin, end, amount, largest, groups.number, currency)


def _coded(currencies: pd.Series[Any]) -> tuple[Any, list[Any]]:
    codes, names = pd.factorize(currencies, sort=True)
    return codes, list(names)


def _number(calendar: Calendar, times: Any) -> Any:
    """Return the expression of a period's number, the same for columns of different units."""
    return _days(times) if calendar.freq == "D" else period_key(calendar, times)


def _end_period(calendar: Calendar, ends: Any, reach: Reach) -> tuple[Any, Any]:
    """Return the ends, and the period of the first instant after each row.

    An end in the last second of a day is the next midnight. A second more leaves all other ends on their day, and so do
    25 hours more than a midnight, even where the clocks change.
    """
    nw = narwhals()
    second = timedelta(seconds=1)
    if calendar.freq == "h" and reach == "day":
        return ends, _number(calendar, ends) + 24
    if calendar.freq == "h" and reach == "left":
        last = (ends.dt.hour() == 23) & (ends.dt.minute() == 59) & (ends.dt.second() == 59)
        moved = nw.when(last).then(ends + second).otherwise(ends)
    else:
        moved = ends + timedelta(days=1) + timedelta(hours=1) if reach == "day" else ends + second
    return ends, _number(calendar, moved)


def _ask_money(rows: EngineRows, amounts: Any) -> None:
    """Request the facts that decide the unit of amounts: their sum, and how many do not fit each possible unit."""
    nw = narwhals()
    if rows.frame.select(amounts.alias("csm:mrr")).collect_schema()["csm:mrr"].is_integer():
        rows.fact("money", engines.floats(rows.frame, amounts).abs(), "sum")
        return
    rows.fact("money", amounts.abs().cast(nw.Float64), "sum")
    known = nw.when(amounts.is_finite()).then(amounts).otherwise(nw.lit(0.0))  # infinite and NaN amounts are bad rows
    for scale in SCALES:
        odd = nw.when(is_whole((known * scale).abs())).then(nw.lit(0)).otherwise(nw.lit(1))
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
