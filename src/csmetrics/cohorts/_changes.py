"""Changes of MRR in periods: sorted by period, in little memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.instants import DAY, Times
from csmetrics.core._numeric import BLOCK


@dataclass(frozen=True)
class Changes:
    """Changes of MRR in the order of their rows, for one sign.

    Attributes
    ----------
    account
        Numbers from 0, one per row of the ledger.
    period
        The function that numbers the periods, from 0 and below their count, of some of the changes.
    units
        The amounts of the rows of the ledger, in whole units.
    rows
        The rows of the ledger with a change: their positions, or a slice for all.
    size
        The number of changes.
    """

    account: Any
    period: Callable[[Any], Any]
    units: Any
    rows: Any
    size: int

    @classmethod
    def of(cls, account: Any, period: Any, units: Any) -> Changes:
        """Make changes of arrays of equal length."""
        return cls(account, period.__getitem__, units, slice(None), len(account))

    def __len__(self) -> int:
        return self.size

    def blocks(self) -> Iterator[tuple[Any, Any, Any]]:
        """Return accounts, periods and units, block by block."""
        for at in range(0, self.size, BLOCK):
            some = slice(at, min(at + BLOCK, self.size))
            rows = some if isinstance(self.rows, slice) else self.rows[some]
            yield self.account[rows], self.period(some), self.units[rows]

    def by_period(self, periods: int) -> Sorted:
        """Sort by period; as periods are few, this is a radix sort of one or two bytes."""
        period = self.period(slice(None)).astype(np.min_scalar_type(max(periods - 1, 0)))
        order = np.argsort(period, kind="stable")
        ends = np.append(0, np.cumsum(np.bincount(period, minlength=periods)))
        return Sorted(narrow(self.account[self.rows])[order], narrow(self.units[self.rows])[order], ends)


_EMPTY = np.zeros(0, np.int64)
NONE = Changes(_EMPTY, _EMPTY.__getitem__, _EMPTY, _EMPTY, 0)


class Sorted(NamedTuple):
    """Changes of MRR, sorted by period: accounts, units, and where each period's rows begin and end."""

    account: Any
    units: Any
    ends: Any

    def of(self, period: int) -> tuple[Any, Any]:
        """Return the accounts and the units of a period."""
        rows = slice(int(self.ends[period]), int(self.ends[period + 1]))
        return self.account[rows].astype(np.intp), self.units[rows].astype(np.int64)


def narrow(values: Any) -> Any:
    """Halve the memory of numbers that fit in 32 bits, as they are gathered in random order."""
    small = values.max(initial=0) < 2**31 and values.min(initial=0) >= -(2**31)
    return values.astype(np.int32) if small else values


def held(gains: Changes, periods: int) -> Changes:
    """Return the losses that end each snapshot's amount in the period after it."""
    period = gains.period(slice(None)).astype(np.int64)
    last = period + 1 < periods
    return Changes.of(gains.account[gains.rows][last], period[last] + 1, gains.units[gains.rows][last])


def within(account: Any, units: Any, times: Times, calendar: Calendar, first: int, close: int) -> Changes:
    """Return the changes of the rows with an instant before the close of the last period."""
    known = times.before(close)
    size = len(account) if known is None else len(known)
    if not size:
        return NONE
    bounds = [micros * times.per_day // DAY for micros in (int(calendar.start(first)), close - 1)]
    numbering = replace(calendar.numbering(Times(np.array(bounds), times.per_day)), times=times)
    if known is None:
        return Changes(account, numbering.of, units, slice(None), size)
    return Changes(account, lambda some: numbering.of(known[some]), units, known, size)
