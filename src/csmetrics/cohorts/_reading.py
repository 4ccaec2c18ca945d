"""Reading a ledger of MRR from pandas or from an engine: rows are screened, numbered and turned into changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.cohorts._changes import NONE, held, within
from csmetrics.cohorts._copies import note_copies, what_repeats
from csmetrics.cohorts._ends import Reach, blank_ends, first_after, must_be_told, reach_of, read_ends, refuse_early
from csmetrics.cohorts._ledger import Asked, Ledger, Numbers
from csmetrics.cohorts._lines import Lines
from csmetrics.cohorts._rates import Rates
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.currencies import currency_called
from csmetrics.cohorts._rows.end_of_data import end_of_data
from csmetrics.cohorts._rows.groups import Groups
from csmetrics.cohorts._rows.instants import DAY, NAT, Times, Wall, in_micros
from csmetrics.cohorts._rows.options import key_names, too_large
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.remarks import Remarks
from csmetrics.cohorts._touching import note_touching
from csmetrics.core._money import to_units
from csmetrics.errors import MetricInputError, shown

NEGATIVE = "adds up to less than 0 for its customer, so that balance was counted as 0"
_BLANK = "is blank, so the row was counted as still running"
_OPEN = 2**62  # stands for a missing end among the numbers that come from an engine
_YEARS = 10 * 365 * DAY  # after which 1 January 1970 is no date of the same data
_SHOWN = 5  # currencies that an error lists


def screened(rows: Any, asked: Asked, reach: Reach) -> tuple[Any, Any, Any, Any]:
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
    rows.require(**asked.columns)
    blank = None if asked.end is None else blank_ends(rows, asked.end)
    reach: Reach = "left" if asked.end is None else reach_of(rows, asked.end, asked.closed)
    customers, begins, ends, amounts = screened(rows, asked, reach)
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
    earliest = begins.span[0] * DAY // begins.per_day if known else None
    note_epoch(rows.remarks, earliest, stop)
    first, periods = span_of(asked, earliest, stop)
    currency, rates = _currencies(rows, asked, kept, units, (first, periods))
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
    ledger.note_moves()
    ledger.note_balances(units.size, units.min(initial=0))
    copied = [numbers.customer, begins.ticks, ends and ends.ticks, units, groups.number, currency]
    note_copies(rows.remarks, copied, what_repeats(ends is not None))
    if blank is not None:
        sentence = f"{int(blank.sum())} of {len(frame)} rows have a blank end and were counted as still running."
        rows.remarks.note(sentence, doubtful=True)
        _give_back(rows, "end", _BLANK, blank)
    until = Wall(0) if stop is None else stop
    if ends is not None and reach == "left":
        note_touching(rows.remarks, numbers.customer, begins, ends)
    if asked.grace or asked.follows or units.min(initial=0) < 0:
        begin, end = _spell(asked, begins, ends)
        lines = Lines(numbers.unit, begin, end, units, units, groups.number, currency)
        ledger = _settled(rows, ledger, lines, until)
        if asked.grace:
            return ledger.with_changes(numbers.account, lines, until)
    close = int(calendar.start(first + periods))
    account = numbers.account
    gains, losses = within(account, units, begins, calendar, first, close), NONE
    if ends is not None:
        losses = within(account, units, ends, calendar, first, close)
    elif asked.snapshots:
        losses = held(gains, periods)
    return replace(ledger, gains=gains, losses=losses)


def _currencies(rows: Rows, asked: Asked, kept: Any, units: Any, span: tuple[int, int]) -> tuple[Any, Rates | None]:
    """Return the currency of each row and the rates; neither where the amounts need no rates."""
    named = currency_column(rows, asked)
    if named is None:
        return None, None
    currency, names = coded(rows.column(named, "currency").iloc[kept])
    if asked.rates is None:
        if len(names) > 1:
            raise several(asked, named, names)
        return None, None
    most = float(np.abs(units).sum(dtype=np.float64))
    return currency, Rates(asked.metric, asked.rates, names, asked.calendar, *span, most)


def _settled(rows: Rows, ledger: Ledger, lines: Lines, until: Wall) -> Ledger:
    """Refuse balances below 0, or count them as 0; and find the groups that customers move between."""
    negative = lines.units < 0
    if negative.any():
        below = np.zeros(ledger.numbers.units, bool)
        below[lines.unit[negative]] = True
        good = np.zeros(len(rows.frame), bool)
        good[ledger.rows] = True
        ledger, found = ledger.refuse_negative(lines.take(below[lines.unit]), until)
        counted_as_0 = ledger.customers.isin(found).to_numpy(dtype=bool)
        _give_back(rows, ledger.asked.names[1], NEGATIVE, counted_as_0 & good)
    return ledger.with_homes(lines.unit, lines.group, lines, until) if ledger.asked.follows else ledger


def _spell(asked: Asked, begins: Times, ends: Times | None) -> tuple[Any, Any]:
    """Return the first instants of lines and the first after them, in microseconds; a snapshot has its period."""
    if asked.snapshots:
        numbering = asked.calendar.numbering(begins)
        return periods_of(asked.calendar, numbering.of(slice(None)).astype(np.int64) + numbering.first)
    missing = np.full(begins.ticks.size, NAT)
    end = missing if ends is None else np.where(ends.ticks == NAT, NAT, in_micros(ends.ticks, ends.per_day))
    return in_micros(begins.ticks, begins.per_day), end


def periods_of(calendar: Calendar, number: Any) -> tuple[Any, Any]:
    return calendar.start(number), calendar.start(number + 1)


def note_epoch(remarks: Remarks, earliest: int | None, stop: int | None) -> None:
    """Note an earliest date on 1 January 1970 in data of our days: 0 seconds, and so likely a missing date."""
    if earliest is not None and stop is not None and 0 <= earliest < DAY and stop - earliest > _YEARS:
        remarks.note(
            "The earliest row begins on 1970-01-01, as a missing date does that was read as 0 seconds.",
            doubtful=True,
        )


def span_of(asked: Asked, start: int | None, stop: int | None) -> tuple[int, int]:
    """Return the number of the first period and how many are complete; `start` and `stop` are in microseconds."""
    if start is None or stop is None:
        return 0, 0
    first = asked.calendar.at(start)
    return first, max(asked.calendar.at(stop - asked.grace) - first, 0)


def currency_column(rows: Any, asked: Asked) -> Any:
    """Return the column of currencies: the one that was named, or one called currency that nobody named."""
    named = currency_called(rows.columns) if asked.currency is None else asked.currency
    return None if _apart(asked, named) else named


def _apart(asked: Asked, named: Any) -> bool:
    """Check whether each currency has a ledger of its own, so that they are never added."""
    return asked.rates is None and not asked.follows and named in key_names(asked.metric, asked.by)


def several(asked: Asked, named: Any, values: list[Any]) -> MetricInputError:
    some = ", ".join(map(shown, values[:_SHOWN])) + (", ..." if len(values) > _SHOWN else "")
    found = f"{some} in the column {shown(named)}"
    alike = len({str(value).strip().casefold() for value in values}) < len(values)
    hint = f"spell each in one way first, with frame[{named!r}].str.strip().str.upper(); then " if alike else ""
    hint += f"currency={named!r} with rates={{{values[0]!r}: 1.0, ...}}, or by={named!r} for a bridge per currency"
    return MetricInputError(
        asked.metric, "rates", "must be set for amounts of several currencies", f"got {found}", hint
    )


def _give_back(rows: Rows, argument: str, reason: str, flags: Any) -> None:
    """Report rows that count all the same."""
    if flags.any():
        rows.refuse(argument, reason, flags)
        rows.remarks.excluded = rows.explained()


def coded(currencies: pd.Series[Any]) -> tuple[Any, list[Any]]:
    codes, names = pd.factorize(currencies, sort=True)
    return codes, list(names)
