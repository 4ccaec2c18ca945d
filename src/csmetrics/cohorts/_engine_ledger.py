"""Reading a ledger of MRR from an engine: it screens the rows and adds up the changes, which are then numbered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._changes import NONE, Changes, held
from csmetrics.cohorts._copies import note_copies_on_engine, what_repeats
from csmetrics.cohorts._ends import Reach, must_be_told, reach_of
from csmetrics.cohorts._engine_changes import OPEN, Reducer
from csmetrics.cohorts._ledger import LABELS, Asked, Ledger, Numbers
from csmetrics.cohorts._lines import Lines, settled
from csmetrics.cohorts._rates import Rates
from csmetrics.cohorts._reading import (
    NEGATIVE,
    coded,
    currency_column,
    note_epoch,
    periods_of,
    screened,
    several,
    span_of,
)
from csmetrics.cohorts._rows.end_of_data import end_of_data
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.groups import Groups
from csmetrics.cohorts._rows.instants import DAY, NAT, Wall
from csmetrics.cohorts._rows.options import too_large
from csmetrics.cohorts._rows.padded import note_padded_on_engine
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.remarks import Excluded
from csmetrics.cohorts._touching import note_touching_on_engine
from csmetrics.core._money import BITS, SCALES, binary_scale, is_whole


def from_engine(frame: Any, asked: Asked) -> Ledger:
    """Have the engine add the changes up, one row per customer and period."""
    nw = narwhals()
    metric, calendar = asked.metric, asked.calendar
    rows = EngineRows(metric, frame, asked.on_bad_rows, calendar)
    rows.require(**asked.columns)
    reach: Reach = "left" if asked.end is None else reach_of(rows, asked.end, asked.closed)
    _, begins, ends, amounts = screened(rows, asked, reach)
    keys = rows.keys(asked.by, "period")
    named = currency_column(rows, asked)
    rows.fact("start", begins, "min")
    rows.fact("start_last", begins, "max")
    if ends is not None:
        rows.fact("end_last", ends, "max")
    rows.fact("least", amounts, "min")
    if named is not None:
        for how in ("min", "max"):
            rows.fact(f"currency_{how}", engines.group_key(rows.schema, named), how)
    _ask_money(rows, amounts)
    rows.screen(lambda some: screened(some, asked, reach))
    opening = rows.instant("start")
    lasts = [rows.instant(name) for name in ("start_last", "end_last") if name in rows.facts]
    if ends is not None:
        must_be_told(metric, asked.as_of, calendar, *(times.last() for times in lasts))
    known = opening.known
    stop = end_of_data(metric, asked.as_of, lasts)
    start = int(opening.ticks[0]) * DAY // opening.per_day if known else None
    note_epoch(rows.remarks, start, stop)
    first, periods = span_of(asked, start, stop)
    units, scale = _money(rows, amounts)
    if units is None:
        raise too_large(metric, asked.names[1])
    if named is not None and asked.rates is None and rows.facts["currency_min"][0] != rows.facts["currency_max"][0]:
        found = engines.collect(rows.frame.select(nw.col(named)).unique())[named].dropna()
        raise several(asked, named, sorted(found.tolist()))
    until = Wall(0) if stop is None else stop
    note_padded_on_engine(rows.remarks, "customer", rows.frame, asked.customer)
    rows.keep_before(begins, until, opening.zone)
    names = [asked.customer, asked.begin, asked.end, asked.amount, *keys, asked.currency]
    note_copies_on_engine(rows, [name for name in names if name is not None], what_repeats(asked.end is not None))
    if ends is not None and reach == "left" and known:
        note_touching_on_engine(rows.remarks, rows.frame, asked.customer, begins, ends)
    currency = named if asked.rates is not None else None
    reducer = Reducer(asked, rows.frame, keys, currency, units, begins, ends, reach, until, opening.zone)
    reading = _Reading(asked, rows, keys, first, periods, scale, until)
    ledger = reading.ledger(reducer)
    least = rows.facts["least"].iloc[0]
    ledger.note_balances(rows.count("rows"), 0 if pd.isna(least) else least)
    if not pd.isna(least) and least < 0:
        customer = nw.col(asked.customer)
        found = reading.below_zero(reducer.instants(rows.frame.filter(amounts < 0).select(customer).unique()))
        ledger = replace(ledger, clipped=True)
        if found:
            bad = rows.frame.filter(customer.is_in(found)).select(*rows.columns)
            worded = Rows(metric, engines.collect(bad), "report")
            worded.refuse(asked.names[1], NEGATIVE, np.ones(len(worded.frame), bool))
            rows.remarks.excluded = _with(rows.remarks.excluded, worded.explained())
    return ledger


def totals_only(frame: Any) -> bool:
    """Whether the rows may be spread over many machines, so that only totals should be collected."""
    return bool(frame.implementation.is_pyspark())


def _with(excluded: Excluded | None, more: Excluded) -> Excluded:
    """Add bad rows to those that were found before."""
    if excluded is None or excluded.frame.empty:
        return more
    reason = more.frame.columns[-1]
    return Excluded(pd.concat([excluded.frame, more.frame], ignore_index=True), reason)


class _Reading:
    """Numbers what an engine gave back, and makes a ledger of it.

    Parameters
    ----------
    asked
        What the caller asked for.
    rows
        The rows of the engine.
    keys
        The columns of groups.
    first, periods
        The number of the first period, and of complete ones.
    scale
        Units of an amount of 1.
    stop
        The end of the data in microseconds.
    """

    def __init__(
        self, asked: Asked, rows: EngineRows, keys: list[str], first: int, periods: int, scale: Any, stop: Wall
    ) -> None:
        self.asked, self.rows, self.keys = asked, rows, keys
        self.first, self.periods, self.scale, self.stop = first, periods, scale, stop

    def ledger(self, reducer: Reducer) -> Ledger:
        """Make the ledger, with the groups that customers move between."""
        asked, least = self.asked, self.rows.facts["least"].iloc[0]
        if asked.by_changes and asked.end and (pd.isna(least) or least >= 0) and totals_only(self.rows.frame):
            return self._labelled(reducer)
        changes = reducer.changes()
        if not asked.follows:
            ledger, _, _ = self._numbered([changes], [*reducer.labels(), changes])
            ledger.note_moves()
            return self._with_changes(ledger, changes, slice(None))
        lines, pairs = reducer.lines(), reducer.pairs()
        ledger, group, currency = self._numbered([changes, lines, pairs], [lines, pairs])
        unit, count = ledger.numbers.unit, len(changes)
        some, one = slice(count, count + len(lines)), slice(count + len(lines), None)
        of_line, of_pair = group[: len(lines)], group[len(lines) :]
        its = self._lines(lines, unit[some], of_line, None if currency is None else currency[some])
        if "csm:since" not in lines:
            ledger = ledger.with_homes(unit[one], of_pair, its, self.stop)
        else:
            home, _ = settled(unit[one], of_pair, ledger.numbers.units)
            begin, end = (lines[f"csm:{name}"].to_numpy(dtype=np.int64) - self.first for name in ("since", "until"))
            ledger = ledger.with_stays(home, its, begin, np.minimum(end, self.periods))
        return self._with_changes(ledger, changes, slice(count))

    def _labelled(self, reducer: Reducer) -> Ledger:
        """Make the ledger of changes that the engine has labelled and added up."""
        asked, everything = self.asked, slice(None)
        found = reducer.labelled(self.first + self.periods)
        parts = [*reducer.labels(), found]
        groups = Groups(
            asked.metric, [_joined(parts, f"csm:key {i}").rename(k) for i, k in enumerate(self.keys)], everything
        )
        cell = found["csm:period"].to_numpy(dtype=np.int64) - self.first
        if groups.number is not None:
            cell = cell * groups.count + groups.number[groups.number.size - len(found) :]
        cell = cell * len(LABELS) + found["csm:label"].to_numpy(dtype=np.int64)
        counts, amounts = np.zeros((2, self.periods * groups.count * len(LABELS)), np.int64)
        for cells, name in ((counts, "csm:one"), (amounts, "csm:units")):
            np.add.at(cells, cell, engines.summed(found[name], whole=True))
        nobody, groups.number = pd.Series([], name=asked.customer, dtype=np.int64), None
        numbers = Numbers(asked, nobody, groups, None, everything)
        span = self.first, self.periods, self.scale
        ledger = Ledger(asked, nobody, everything, groups, numbers, *span, None, self.rows.remarks)
        if asked.may_move:
            ledger.note_several(reducer.several())
        return replace(ledger, labelled=(counts, amounts))

    def below_zero(self, changes: pd.DataFrame) -> list[Any]:
        """Refuse balances below 0, or return the customers who have one."""
        ledger, _, currency = self._numbered([changes], [] if self.asked.follows else [changes])
        _, found = ledger.refuse_negative(self._lines(changes, ledger.numbers.unit, None, currency), self.stop)
        return found

    def _with_changes(self, ledger: Ledger, changes: pd.DataFrame, part: slice) -> Ledger:
        asked, numbers = self.asked, ledger.numbers
        if asked.grace and (asked.snapshots or "csm:at" in changes):
            account, of = numbers.account[part], numbers.currency_of
            lines = self._lines(changes, numbers.unit[part], None, None if of is None else of[account])
            return ledger.with_changes(account, lines, self.stop)
        period = changes["csm:period"].to_numpy(dtype=np.int64) - self.first
        complete = np.flatnonzero(period < self.periods)
        units = changes["csm:units"].to_numpy(dtype=np.int64)
        gains = Changes.of(numbers.account[part][complete], period[complete], units[complete])
        return replace(ledger, gains=gains, losses=held(gains, self.periods) if asked.snapshots else NONE)

    def _numbered(self, parts: list[pd.DataFrame], grouped: list[pd.DataFrame]) -> tuple[Ledger, Any, Any]:
        """Number the customers of all parts, the groups of some, and the currencies of those parts that have them.

        The parts without currencies come last, and those without customers first.
        """
        asked, everything = self.asked, slice(None)
        customers = _joined(parts, "csm:customer").rename(asked.customer)
        keys = [_joined(grouped, f"csm:key {i}").rename(key) for i, key in enumerate(self.keys) if grouped]
        groups = Groups(asked.metric, keys, everything)
        group = groups.number
        if group is not None and not asked.follows:
            groups.number = group[group.size - len(customers) :]
        currency = rates = None
        if asked.rates is not None:
            codes, names = coded(_joined([part for part in parts if "csm:currency" in part], "csm:currency"))
            currency = np.zeros(len(customers), np.int64)
            currency[: codes.size] = codes
            most = float(self.rows.facts["money"].iloc[0] or 0) * (self.scale or 1)
            rates = Rates(asked.metric, asked.rates, names or [None], asked.calendar, self.first, self.periods, most)
        numbers = Numbers(asked, customers, groups, currency, everything)
        span, remarks = (self.first, self.periods, self.scale), self.rows.remarks
        return Ledger(asked, customers, everything, groups, numbers, *span, rates, remarks), group, currency

    def _lines(self, some: pd.DataFrame, unit: Any, group: Any, currency: Any) -> Lines:
        """Turn lines, or changes that go on, into arrays."""
        columns = {name: some[name].to_numpy(dtype=np.int64) for name in some if name in _NUMBERS}
        units = columns["csm:units"]
        if self.asked.snapshots:
            begin, end = periods_of(self.asked.calendar, columns.get("csm:begin", columns.get("csm:period")))
        else:
            begin = columns.get("csm:begin", columns.get("csm:at"))
            end = columns.get("csm:end", np.full(units.size, OPEN))
            end = np.where(end == OPEN, NAT, end)
        return Lines(unit, begin, end, units, columns.get("csm:largest", units), group, currency)


_NUMBERS = ("csm:begin", "csm:end", "csm:at", "csm:period", "csm:units", "csm:largest")


def _joined(parts: list[pd.DataFrame], name: str) -> pd.Series[Any]:
    return parts[0][name] if len(parts) == 1 else pd.concat([part[name] for part in parts], ignore_index=True)


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
