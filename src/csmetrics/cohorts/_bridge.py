"""The bridge of MRR: from each customer's changes to the movements of periods and groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.cohorts._histories import histories
from csmetrics.cohorts._ledger import LABELS, Ledger
from csmetrics.cohorts._packing import tally
from csmetrics.cohorts._rows.options import MOST, check_cells, key_names
from csmetrics.cohorts._rows.remarks import noted
from csmetrics.cohorts._squares import WithSquares
from csmetrics.core._money import back
from csmetrics.errors import MetricInputError

CUSTOMERS = ("start", "new", "reactivated", "lost", "end")
AMOUNTS = ("start_mrr", "new_mrr", "reactivation_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "end_mrr")
_LABEL_OF = np.array([5, 4, 0, 3, 5, 4, 0, 2])  # by 1 where it was a customer, 2 where it is one, 4 where it went up
_MANY = 10  # customers who hardly ever all leave in one period
_STEP = 2**10  # what a step of the walk over all periods costs, in cells


def bridge(ledger: Ledger) -> pd.DataFrame:
    """Make the movements table, walking through the periods with one balance per customer."""
    asked = ledger.asked
    amounts = AMOUNTS if ledger.rates is None else (*AMOUNTS[:-1], "fx_mrr", "end_mrr")
    table: Any
    if asked.customer in key_names(asked.metric, asked.by):
        table = _ByCustomer(ledger, amounts)
    else:
        cells = ledger.groups.count * len(CUSTOMERS + amounts)
        check_cells(asked.metric, asked.calendar, ledger.first, ledger.periods, cells)
        table = _Totals(ledger, amounts)
        if asked.squares:
            table = WithSquares(table, amounts, ledger.periods, ledger.groups.count)
    if asked.by_changes:
        _label(ledger, table)
    else:
        check_cells(asked.metric, asked.calendar, ledger.first, ledger.periods, _STEP)
        _walk_all(ledger, table)
    columns, scale = table.columns(), None
    if ledger.rates is not None or ledger.scale is not None:
        scale = (ledger.scale or 1) * (1 if ledger.rates is None else ledger.rates.scale)
        columns |= {name: back(columns[name], scale) for name in amounts}
    if isinstance(table, WithSquares):
        columns |= table.squares(scale)
    out = pd.DataFrame(columns, index=table.index())
    if asked.snapshots:
        _note_without_list(out["end"], ledger)
    return noted(out, ledger.remarks)


def _note_without_list(ends: pd.Series[Any], ledger: Ledger) -> None:
    """Note the first period in which nobody of many is a customer any more: its list is likely missing."""
    periods = ledger.asked.calendar.index(ledger.first, ledger.periods, "period")
    customers = ends.groupby(level="period").sum().reindex(periods, fill_value=0).to_numpy()
    gone = np.flatnonzero((customers[1:] == 0) & (customers[:-1] >= _MANY)) + 1
    if gone.size:
        ledger.remarks.note(
            f"No customer has an amount in {periods[gone[0]]}, where {customers[gone[0] - 1]:,} had one in the period "
            "before, so that all of them count as lost. Is the list of that period missing?",
            doubtful=True,
        )


class _Totals:
    """The table while it is filled: a row per period and group."""

    def __init__(self, ledger: Ledger, amounts: tuple[str, ...]) -> None:
        self.ledger, self.groups, self.names = ledger, ledger.groups.count, CUSTOMERS + amounts
        self.filled = {name: np.zeros((ledger.periods, self.groups), np.int64) for name in self.names}

    def put(self, period: int, group: Any, parts: dict[str, tuple[Any, Any]]) -> None:
        """Add up some customers of a period; each part has the name of a count or an amount, flags and units."""
        for name, (flags, units) in parts.items():
            at = np.flatnonzero(flags)
            if at.size and group is None:
                self.filled[name][period, 0] += at.size if units is None else units[at].sum()
            elif at.size and units is None:
                self.filled[name][period] += np.bincount(group[at], minlength=self.groups)
            elif at.size:
                np.add.at(self.filled[name][period], group[at], units[at])

    def columns(self) -> dict[str, Any]:
        """Return the columns of the result."""
        return {name: self.filled[name].reshape(-1) for name in self.names}

    def index(self) -> pd.Index[Any]:
        """Return the index of the result."""
        ledger = self.ledger
        return ledger.groups.index(ledger.asked.calendar.index(ledger.first, ledger.periods, "period"))


class _ByCustomer:
    """The table while it is filled: a row per period and customer that has something in it."""

    def __init__(self, ledger: Ledger, amounts: tuple[str, ...]) -> None:
        self.ledger, self.names = ledger, CUSTOMERS + amounts
        self.period, self.group = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        self.filled: dict[str, list[Any]] = {name: [np.zeros(0, np.int64)] for name in self.names}
        self.cells = 0

    def put(self, period: int, group: Any, parts: dict[str, tuple[Any, Any]]) -> None:
        """Append a row for each customer that was or is one, sorted by its label."""
        rows = np.flatnonzero(parts["start"][0] | parts["end"][0])
        rows = rows[np.argsort(group[rows], kind="stable")]
        self.period.append(np.full(rows.size, period))
        self.group.append(group[rows])
        for name, (flags, units) in parts.items():
            self.filled[name].append(np.where(flags[rows], 1 if units is None else units[rows], 0).astype(np.int64))
        self.cells += rows.size * len(self.names)
        if self.cells > MOST:
            metric, hint = self.ledger.asked.metric, "choose a longer freq, or fewer customers"
            raise MetricInputError(metric, "by", f"must make at most {MOST:,} cells", "there are more", hint)

    def columns(self) -> dict[str, Any]:
        """Return the columns of the result."""
        return {name: np.concatenate(self.filled[name]) for name in self.names}

    def index(self) -> pd.Index[Any]:
        """Return the index of the result."""
        ledger, groups = self.ledger, self.ledger.groups
        periods = ledger.asked.calendar.index(ledger.first, ledger.periods, "period")
        labels = groups.labels.take(np.concatenate(self.group))
        several = isinstance(labels, pd.MultiIndex)
        levels = [labels.get_level_values(i) for i in range(labels.nlevels)] if several else [labels]
        first = periods.take(np.concatenate(self.period))
        return pd.MultiIndex.from_arrays([first, *levels], names=["period", *groups.names])


def _movements(before: Any, here: Any, same: Any, known: Any) -> dict[str, tuple[Any, Any]]:
    """Label the changes of customers from one balance to another at the same rates: flags and units of each kind."""
    was, change = before > 0, same - before
    new, returned, lost = here & ~was & ~known, here & ~was & known, was & ~here
    return {
        "new": (new, None),
        "new_mrr": (new, same),
        "reactivated": (returned, None),
        "reactivation_mrr": (returned, same),
        "lost": (lost, None),
        "churned_mrr": (lost, before),
        "expansion_mrr": (was & here & (change > 0), change),
        "contraction_mrr": (here & (change < 0), -change),
    }


def _label(ledger: Ledger, table: _Totals) -> None:
    """Fill the table, looking only at customers whose MRR changes in the period."""
    counts, amounts = _labelled(ledger, table.groups) if ledger.labelled is None else ledger.labelled
    for label, (count, amount) in enumerate(LABELS):
        for name, cells in ((count, counts), (amount, amounts)):
            if name:
                table.filled[name] = cells[label :: len(LABELS)].reshape(ledger.periods, table.groups)
    columns = table.filled
    change = columns["new"] + columns["reactivated"] - columns["lost"]
    columns["end"] = change.cumsum(axis=0)
    columns["start"] = columns["end"] - change
    gained = columns["new_mrr"] + columns["reactivation_mrr"] + columns["expansion_mrr"]
    gained -= columns["contraction_mrr"] + columns["churned_mrr"]
    columns["end_mrr"] = gained.cumsum(axis=0)
    columns["start_mrr"] = columns["end_mrr"] - gained


def _labelled(ledger: Ledger, groups: int) -> tuple[Any, Any]:
    """Label the changes, some customers after the other; return their numbers and amounts by period, group, label."""
    group_of = ledger.numbers.group_of
    counts, amounts = np.zeros((2, ledger.periods * groups * len(LABELS)), np.int64)
    for unit, period, before, after in histories(ledger.gains, ledger.losses, ledger.numbers.units, ledger.periods):
        if ledger.clipped:
            before, after = np.maximum(before, 0), np.maximum(after, 0)
        was, here, up = (flags.view(np.uint8) for flags in (before > 0, after > 0, after > before))
        label = _LABEL_OF[was | here << 1 | up << 2]
        came = np.flatnonzero(label == 0)
        label[came[1:][unit[came[1:]] == unit[came[:-1]]]] = 1  # all but the first time of a customer
        cell = (period if group_of is None else period * groups + group_of[unit]) * len(LABELS) + label
        tally(counts, cell)
        tally(amounts, cell, np.abs(after - before))
    return counts, amounts


def _walk_all(ledger: Ledger, table: _Totals | _ByCustomer | WithSquares) -> None:
    """Fill the table, comparing every customer's balance with the one `span` periods before.

    Two walks, one that many periods behind the other. With rates, customers are compared at the opening's rates.
    """
    span, numbers = ledger.asked.span, ledger.numbers
    balance, earlier = np.zeros((2, numbers.accounts), np.int64)
    home = opening_home = np.zeros(0, np.int64)
    if ledger.homes is not None:
        home, opening_home = ledger.homes.first.copy(), ledger.homes.first.copy()
    seen = np.zeros(numbers.units, bool)
    behind = _steps(ledger, earlier)
    for period in _steps(ledger, balance):
        opening = max(period - span, 0)
        if ledger.homes is not None:
            ledger.homes.move(home, period)
        if period >= span:
            next(behind)
            if ledger.homes is not None:
                ledger.homes.move(opening_home, opening)
        before = ledger.worth(earlier, opening)
        same = after = ledger.worth(balance, period)
        if ledger.rates is not None:
            same = ledger.worth(balance, period, opening)
        was, here = before > 0, after > 0
        seen |= was
        parts = {"start": (was, None), **_movements(before, here, same, seen), "end": (here, None)}
        parts |= {"start_mrr": (was, before), "end_mrr": (here, after)}
        if ledger.rates is not None:
            parts["fx_mrr"] = (here, after - same)
        group = numbers.group_of
        if ledger.homes is not None:
            group = np.where(was, opening_home, home)
        table.put(period, group, parts)


def _steps(ledger: Ledger, balance: Any) -> Iterator[int]:
    """Move the balances from one closing to the next, in place; yield the period."""
    gains, losses = (changes.by_period(ledger.periods) for changes in (ledger.gains, ledger.losses))
    for period in range(ledger.periods):
        np.add.at(balance, *gains.of(period))
        np.subtract.at(balance, *losses.of(period))
        yield period
