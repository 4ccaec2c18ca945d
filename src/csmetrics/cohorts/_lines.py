"""The lines of a ledger one by one: each customer's balance over time, gaps that are bridged, and its largest line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from csmetrics.cohorts._rows.instants import NAT


@dataclass(frozen=True)
class Lines:
    """Amounts that count from one instant to another.

    Attributes
    ----------
    unit
        Whose balance the line is part of: numbers from 0.
    begin, end
        Instants in microseconds of the wall clock; `NAT` for a line without an end.
    units
        Amounts in whole units.
    largest
        The largest single row of those that the line adds up.
    group, currency
        Numbers from 0; None where all lines have the same.
    """

    unit: Any
    begin: Any
    end: Any
    units: Any
    largest: Any
    group: Any = None
    currency: Any = None

    def take(self, rows: Any) -> Lines:
        """Keep some lines."""
        return Lines(*(part if part is None else part[rows] for part in vars(self).values()))


class _Timeline(NamedTuple):
    """The instants at which a unit has changes, in order; `run` numbers them for each begin and end, sorted by `order`.

    Attributes
    ----------
    order, run
        The begins of all lines, then the ends of those in `ended`: their order, and the instant of each.
    ended
        The lines that end.
    unit, at, net, balance
        Of each instant: whose it is, when it is, the change, and the balance after it.
    """

    order: Any
    run: Any
    ended: Any
    unit: Any
    at: Any
    net: Any
    balance: Any


def _timeline(lines: Lines, stop: int) -> _Timeline:
    ended = np.flatnonzero((lines.end != NAT) & (lines.end < stop))
    unit = np.concatenate([lines.unit, lines.unit[ended]])
    at = np.concatenate([lines.begin, lines.end[ended]])
    change = np.concatenate([lines.units, -lines.units[ended]])
    order = np.lexsort((at, unit))
    unit, at, change = unit[order], at[order], change[order]
    first = _differs(unit) | _differs(at)
    places = np.flatnonzero(first)
    unit, at, net = unit[places], at[places], np.add.reduceat(change, places) if places.size else change
    balance = net.cumsum()
    opens = _differs(unit)
    balance -= (balance - net)[opens][np.cumsum(opens) - 1]
    return _Timeline(order, np.cumsum(first) - 1, ended, unit, at, net, balance)


def _differs(values: Any) -> Any:
    """Mark the values that differ from the one before them."""
    out = np.ones(values.size, bool)
    out[1:] = values[1:] != values[:-1]
    return out


def bridged(lines: Lines, stop: int, grace: int) -> Lines:
    """Keep the MRR before each gap of at most `grace` microseconds until the gap is over: its end moves to there."""
    if not grace:
        return lines
    time = _timeline(lines, stop)
    nothing, changed = time.balance == 0, time.net != 0
    if lines.currency is not None:  # 100 in one currency less 100 in another is not nothing
        held = _currencies_held(lines, stop)
        nothing, changed = held.balance == 0, changed | (held.net != 0)
    at, changes = time.at.copy(), np.flatnonzero(changed)
    here, following = changes[:-1], changes[1:]
    gap = nothing[here] & (time.unit[here] == time.unit[following])
    gap &= time.at[following] - time.at[here] <= grace
    at[here[gap]] = time.at[following[gap]]
    moved = np.empty(time.order.size, np.int64)
    moved[time.order] = at[time.run]
    count, end = lines.begin.size, lines.end.copy()
    end[time.ended] = moved[count:]
    return replace(lines, begin=moved[:count], end=end)


def _currencies_held(lines: Lines, stop: int) -> _Timeline:
    """Count the currencies in which each unit has a balance, at the same instants as its balances."""
    several = int(lines.currency.max(initial=0)) + 1
    time = _timeline(replace(lines, unit=lines.unit * several + lines.currency), stop)
    has = (time.balance != 0).astype(np.int64)
    before = np.where(_differs(time.unit), 0, np.append(0, has[:-1]))
    return _timeline(Lines(time.unit // several, time.at, np.full(has.size, NAT), has - before, has), stop)


def below_zero(lines: Lines, stop: int) -> tuple[Any, Any, Any]:
    """Return the units whose balance is negative at some instant, the first such instants, and the balances then."""
    time = _timeline(lines, stop)
    bad = np.flatnonzero(time.balance < 0)
    units, first = np.unique(time.unit[bad], return_index=True)
    return units, time.at[bad[first]], time.balance[bad[first]]


def running(lines: Lines, stop: int) -> Lines:
    """Turn changes into lines: what each unit has in each group and currency, from one change to the next."""
    parts = [part for part in (lines.unit, lines.group, lines.currency) if part is not None]
    keys, place = np.unique(np.stack(parts), axis=1, return_inverse=True)
    time = _timeline(replace(lines, unit=place.reshape(-1), end=np.full(len(place.reshape(-1)), NAT)), stop)
    some = np.flatnonzero(time.net)
    unit, at, balance = time.unit[some], time.at[some], time.balance[some]
    end = np.append(at[1:], NAT)
    end[np.append(_differs(unit)[1:], True)] = NAT
    rest = iter(keys[1:, unit])
    group, currency = (None if part is None else next(rest) for part in (lines.group, lines.currency))
    return Lines(keys[0, unit], at, end, balance, balance, group, currency)


class Homes(NamedTuple):
    """The groups that units belong to: each unit's first one, and its group from a period's closing on, by period."""

    first: Any
    unit: Any
    group: Any
    ends: Any

    def move(self, home: Any, period: int) -> None:
        """Bring the group of each unit from the closing before to that of a period, in place."""
        rows = slice(int(self.ends[period]), int(self.ends[period + 1]))
        home[self.unit[rows]] = self.group[rows]


def settled(unit: Any, group: Any, units: int) -> tuple[Any, Any]:
    """Return a group of each unit, and whether it is in others, too."""
    first, moves = np.zeros(units, np.int64), np.zeros(units, bool)
    first[unit] = group
    moves[unit[first[unit] != group]] = True
    return first, moves


def homes(first: Any, lines: Lines, begin: Any, end: Any, periods: int, worth: Any) -> Homes:
    """Find the group of each unit's largest line at each closing at which it may have changed.

    Parameters
    ----------
    first
        The groups of units that have no lines here, as they stay in one.
    lines
        The lines, which are live at the closings of the periods from `begin` to before `end`.
    begin, end
        Numbers of periods; the end is at most `periods`.
    periods
        The number of complete periods.
    worth
        The function that values amounts in currencies at the closings of periods; None with one currency.
    """
    wide = periods + 1
    live = np.flatnonzero(begin < end)
    base, begin, end = lines.unit[live] * wide, begin[live], end[live]
    stops = [base + begin, (base + end)[end < periods]]
    if worth is not None:  # the largest line may change with the rates
        length = end - begin
        stops.append(np.repeat(base + begin, length) + _counted(length))
    places = np.unique(np.concatenate(stops))
    low, high = np.searchsorted(places, base + begin), np.searchsorted(places, base + end)
    row = np.repeat(np.arange(live.size), high - low)
    place = np.repeat(low, high - low) + _counted(high - low)
    amount = lines.largest[live][row]
    if worth is not None:
        amount = worth(amount, lines.currency[live][row], places[place] % wide)
    order = np.lexsort((lines.group[live][row], lines.begin[live][row], -amount, place))
    best = order[_differs(place[order])]
    unit, period = np.divmod(places[place[best]], wide)
    group = lines.group[live][row[best]]
    order = np.argsort(period, kind="stable")
    ends = np.append(0, np.cumsum(np.bincount(period, minlength=periods)))
    return Homes(first, unit[order], group[order], ends)


def _counted(lengths: Any) -> Any:
    """Count from 0 to before each length, one after the other."""
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
