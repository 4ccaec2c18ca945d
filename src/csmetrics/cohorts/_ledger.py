"""The ledger behind MRR movements: each customer's changes of MRR by period."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.cohorts._changes import NONE, Changes, within
from csmetrics.cohorts._lines import Homes, Lines, below_zero, bridged, homes, running, settled
from csmetrics.cohorts._rates import Rates
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.groups import Groups, number_units
from csmetrics.cohorts._rows.instants import DAY, Times
from csmetrics.cohorts._rows.options import key_names
from csmetrics.cohorts._rows.remarks import Remarks
from csmetrics.core._money import back
from csmetrics.core._numeric import BLOCK
from csmetrics.errors import MetricInputError, shown

LABELS = (  # a customer's change gets one of them: how it is counted, and its amount
    ("new", "new_mrr"),
    ("reactivated", "reactivation_mrr"),
    ("", "expansion_mrr"),
    ("", "contraction_mrr"),
    ("lost", "churned_mrr"),
    ("", ""),
)
NEW, REACTIVATED, EXPANSION, CONTRACTION, LOST, _ = range(len(LABELS))
_FURTHER = 20  # changes after each customer's first one, of which hardly ever none is downwards


@dataclass(frozen=True)
class Asked:
    """What the caller asked for.

    Attributes
    ----------
    metric
        Name of the builder.
    customer, begin, end, amount, currency
        Columns; `end` is None for snapshots and changes, `currency` where the caller named none.
    names
        The arguments that name `begin` and `amount`.
    grace
        In microseconds.
    snapshots
        Whether an amount counts for the period of its date only.
    squares
        Whether sums of squares over customers are wanted beside the amounts.
    """

    metric: str
    customer: str
    begin: str
    end: str | None
    amount: str
    names: tuple[str, str]
    currency: str | None
    rates: Any
    closed: str
    grace: int
    span: int
    calendar: Calendar
    as_of: Any
    by: Any
    by_at: str
    on_bad_rows: str
    snapshots: bool = False
    squares: bool = False

    @property
    def columns(self) -> dict[str, Any]:
        """The columns by argument; None for those that are not read."""
        first, amount = self.names
        read = {"customer": self.customer, first: self.begin, "end": self.end, amount: self.amount}
        return read | {"currency": self.currency, "by": self.by}

    @property
    def follows(self) -> bool:
        """Whether a customer with all its lines belongs to one group at a time."""
        return self.by_at == "opening" and self.by is not None

    @property
    def may_move(self) -> bool:
        """Whether a customer's amounts may be in several groups, each a ledger of its own, and could be added up."""
        names = key_names(self.metric, self.by)
        alone = self.rates is None and (self.currency or "currency") in names  # amounts never meet
        return not (self.by is None or alone or self.follows or self.customer in names)

    @property
    def by_changes(self) -> bool:
        """Whether it is enough to look at customers in the periods in which their MRR changes."""
        apart = self.customer not in key_names(self.metric, self.by)
        return apart and self.span == 1 and self.rates is None and not (self.follows or self.squares)


class Numbers:
    """The units and accounts of rows, numbered from 0.

    A unit is a customer, or a customer in a group where each group is a ledger of its own. An account is what a unit
    has in one currency; with one currency, accounts are units.

    Parameters
    ----------
    asked
        What the caller asked for.
    customers
        The customer of each row.
    groups
        The groups of the rows.
    currency
        The number of each row's currency; None with one currency.
    rows
        The positions of the rows in `customers`.

    Attributes
    ----------
    customer, unit, account : ndarray
        The numbers of each row.
    units, accounts : int
        The numbers are below these; some may be unused.
    group_of : ndarray
        The group of each unit; None for a single group, or where customers move between groups.
    owner_at, currency_of : ndarray
        The first account of each unit, and the currency of each account; None with one currency.
    """

    owner_at: Any = None
    currency_of: Any = None

    def __init__(self, asked: Asked, customers: pd.Series[Any], groups: Groups, currency: Any, rows: Any) -> None:
        values, offset, size = number_units(asked.metric, customers, rows)
        number = values.astype(np.int64, copy=False)
        self.customer = number = number - offset if offset else number
        apart = groups.number is not None and not asked.follows
        if apart:
            number = number * groups.count + groups.number
            size *= groups.count
        found = None
        if size > 4 * len(number) + BLOCK:
            number, found = pd.factorize(number)
            size = len(found)
        if currency is not None:  # units without a gap, so that each has an account
            unique, number = np.unique(number, return_inverse=True)
            found, size = unique if found is None else found[unique], unique.size
        self.unit = self.account = number
        self.units = self.accounts = size
        self.group_of = (np.arange(size) if found is None else found) % groups.count if apart else None
        if currency is not None:
            several = int(currency.max(initial=0)) + 1
            codes, self.account = np.unique(number * several + currency, return_inverse=True)
            self.accounts, self.currency_of = codes.size, codes % several
            self.owner_at = np.searchsorted(codes, np.arange(size) * several)


@dataclass(frozen=True)
class Ledger:
    """The changes of MRR from which movements are computed.

    Attributes
    ----------
    asked
        What the caller asked for.
    customers, rows
        The customers, and the positions of the rows among them.
    groups, numbers
        The groups and the numbers of units and accounts.
    first, periods
        The first period's number, and the number of complete periods.
    scale
        Units of an amount of 1; None where amounts are integers.
    rates
        The rates; None with one currency.
    remarks
        Notes, and the bad rows where the caller asked for them.
    gains, losses
        The MRR added to the balances of accounts, and the MRR subtracted from them.
    homes
        The groups of units by period; None where each stays in one.
    clipped
        Whether a balance below 0 counts as 0.
    labelled
        Where an engine has labelled the changes: their numbers and amounts by period, group and label. The ledger then
        holds no customers. None where they are yet to be labelled.
    """

    asked: Asked
    customers: pd.Series[Any]
    rows: Any
    groups: Groups
    numbers: Numbers
    first: int
    periods: int
    scale: Any
    rates: Rates | None
    remarks: Remarks
    gains: Changes = NONE
    losses: Changes = NONE
    homes: Homes | None = None
    clipped: bool = False
    labelled: tuple[Any, Any] | None = None

    def with_changes(self, account: Any, lines: Lines, stop: int) -> Ledger:
        """Fill in the changes that lines make in accounts; gaps are bridged first."""
        moved = bridged(lines, stop, self.asked.grace)
        gains, losses = self._changes(account, moved)
        return replace(self, gains=gains, losses=losses)

    def note_moves(self) -> None:
        """Note how many customers are in several groups where each group is a ledger of its own."""
        group, customer = self.groups.number, self.numbers.customer
        if group is None or not customer.size or not self.asked.may_move:
            return
        if int(customer.max()) > 4 * customer.size + BLOCK:
            customer = pd.factorize(customer)[0]
        self.note_several(int(settled(customer, group, int(customer.max()) + 1)[1].sum()))

    def note_several(self, count: int) -> None:
        """Note that so many customers are in several groups."""
        if count:
            who = f"{count:,} customers are" if count > 1 else "1 customer is"
            names = key_names(self.asked.metric, self.asked.by)
            self.remarks.note(
                f"{who} in several groups of {', '.join(map(repr, names))}. A move from one group to another counts as "
                "lost in the one and as new in the other; by_at='opening' keeps each customer in one group at a time."
            )

    def note_balances(self, rows: int, least: float) -> None:
        """Note changes of which none is downwards: they may be what is paid after each change."""
        if self.asked.end is not None or self.asked.snapshots or least < 0:
            return
        if rows - pd.unique(self.numbers.customer).size >= _FURTHER:
            self.remarks.note(
                f"None of the {rows:,} changes in {self.asked.amount!r} is below 0, so nobody ever leaves or pays "
                "less. `change` is by how much the MRR changes, and not what it is afterwards.",
                doubtful=True,
            )

    def with_homes(self, unit: Any, group: Any, lines: Lines, stop: int) -> Ledger:
        """Fill in the groups of units by period.

        Parameters
        ----------
        unit, group
            Numbers of all units with all their groups.
        lines
            The lines, at least those of units with several groups.
        stop
            The end of the data in microseconds.
        """
        first, moves = settled(unit, group, self.numbers.units)
        lines = lines.take(moves[lines.unit])
        if self.asked.end is None and not self.asked.snapshots:
            lines = running(lines, stop)
        lines = bridged(lines, stop, self.asked.grace)
        start, end = np.full((2, lines.unit.size), self.periods)
        for bound, changes in zip((start, end), self._changes(lines.unit, lines), strict=True):
            bound[changes.rows] = changes.period(slice(None))
        return self.with_stays(first, lines, start, end)

    def with_stays(self, first: Any, lines: Lines, start: Any, end: Any) -> Ledger:
        """Do the same from lines whose periods are known; `first` holds the groups of all other units."""
        worth = None if self.rates is None else self.rates.worth
        return replace(self, homes=homes(first, lines, start, end, self.periods, worth))

    def _changes(self, account: Any, lines: Lines) -> tuple[Changes, Changes]:
        """Return what lines add to accounts where they begin, and subtract where they end, in the periods."""
        close = int(self.asked.calendar.start(self.first + self.periods))
        begins, ends = (
            within(account, lines.units, Times(at, DAY), self.asked.calendar, self.first, close)
            for at in (lines.begin, lines.end)
        )
        return begins, ends

    def worth(self, balance: Any, period: int, opening: int | None = None) -> Any:
        """Return the balance of each unit at the rates of a period's closing, or of an earlier one."""
        if self.rates is not None:
            value = self.rates.worth(balance, self.numbers.currency_of, period, opening)
            balance = np.add.reduceat(value, self.numbers.owner_at) if value.size else value
            below = np.flatnonzero(balance < 0)
            if below.size:
                close = np.datetime64(int(self.asked.calendar.start(self.first + period + 1)) - 1, "us")
                scale = (self.scale or 1) * self.rates.scale
                self.complain(below.size, int(below[0]), close, float(back(int(balance[below[0]]), scale)))
        return np.maximum(balance, 0) if self.clipped else balance

    def refuse_negative(self, lines: Lines, stop: int) -> tuple[Ledger, list[Any]]:
        """Reject customers whose balance is negative at some instant; return them if bad rows are reported."""
        if lines.currency is not None:  # at one rate or another: seen at the closings
            low, high = np.full(self.numbers.units, 2**31), np.full(self.numbers.units, -1)
            np.minimum.at(low, lines.unit, lines.currency)
            np.maximum.at(high, lines.unit, lines.currency)
            lines = lines.take((low == high)[lines.unit])
        units, at, balance = below_zero(lines, stop)
        rows = np.arange(len(self.customers))[self.rows]
        found: list[Any] = self.customers.iloc[rows[np.isin(self.numbers.unit, units)]].unique().tolist()
        if units.size:  # the first one, whatever the order of the rows
            early = np.flatnonzero(at == at.min())
            names = [self._name(unit) for unit in units[early]]
            one = early[min(range(early.size), key=lambda i: str(names[i]))]
            stamp = np.datetime64(int(at[one]), "us")
            self.complain(units.size, int(units[one]), stamp, float(back(int(balance[one]), self.scale or 1)))
        return replace(self, clipped=True), found

    def _name(self, unit: int) -> Any:
        """Return the customer behind a unit."""
        row = np.arange(len(self.customers))[self.rows][np.flatnonzero(self.numbers.unit == unit)[0]]
        return self.customers.iloc[row]

    def complain(self, count: int, unit: int, instant: Any, balance: float) -> None:
        """Refuse, or note, the balance of a unit at an instant."""
        stamp = str(instant).removesuffix(".000000").removesuffix("T00:00:00")
        found = f"{balance:.15g} for {shown(self._name(unit))} at {stamp}"
        found += f", and less than 0 for {count - 1} more" if count > 1 else ""
        if self.asked.on_bad_rows == "report":
            sentence = f"A balance is below 0 and was counted as 0: {found}. The rows are in .attrs['excluded']."
            return self.remarks.note(sentence)
        hint = "end a credit or discount with the row that it lowers"
        if self.groups.number is not None and not self.asked.follows:
            hint += ", and put it into the same group, or take by_at='opening'"
        hint += "; on_bad_rows='report' counts such balances as 0 and lists the rows in .attrs['excluded']"
        rule = "must add up to 0 or more for each customer at any instant"
        raise MetricInputError(self.asked.metric, self.asked.names[1], rule, f"got {found}", hint)
