"""Changes of MRR in periods: sorted by period, in little memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from csmetrics.cohorts._rows.time import Calendar, Times


@dataclass(frozen=True)
class Changes:
    """Changes of MRR in the order of their rows, for one sign.

    Attributes
    ----------
    account
        Numbers from 0, one per row.
    period
        Numbers from 0, below the count of periods.
    units
        The amounts of the changes, in whole units.
    """

    account: Any
    period: Any
    units: Any

    def by_period(self, periods: int) -> Sorted:
        """Sort by period; as periods are few, this is a radix sort of one or two bytes."""
        period = self.period.astype(np.min_scalar_type(max(periods - 1, 0)))
        order = np.argsort(period, kind="stable")
        ends = np.append(0, np.cumsum(np.bincount(period, minlength=periods)))
        return Sorted(narrow(self.account)[order], narrow(self.units)[order], ends)


NONE = Changes(*np.zeros((3, 0), np.int64))


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
    last = gains.period + 1 < periods
    return Changes(gains.account[last], gains.period[last] + 1, gains.units[last])


def within(times: Times, calendar: Calendar, first: int, close: int) -> tuple[Any, Any]:
    """Return the rows with an instant before the close of the last period, and their periods."""
    known = times.before(close)
    rows = slice(None) if known is None else known
    numbering = calendar.numbering(times.take(rows))
    return rows, numbering.of(slice(None)).astype(np.int64) + (numbering.first - first)
