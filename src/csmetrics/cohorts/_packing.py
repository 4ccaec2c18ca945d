"""Finding the users active in each period: packed keys, one sort, runs of equal keys.

Group, user and period of an event are packed into one unsigned integer, 32 bits wide where they fit: the period in the
low bits, the group in the high bits. One sort puts a user's periods side by side, in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from csmetrics.cohorts._rows.blocks import each_block, sort
from csmetrics.cohorts._rows.groups import Groups
from csmetrics.core._numeric import BLOCK

ROWS = 8 * BLOCK  # rows worked on at a time


@dataclass(frozen=True)
class Log:
    """One row per event, or per user and period with the number of its events.

    Attributes
    ----------
    users
        Integers, one per row: numbers of users once `offset` is subtracted.
    offset, size
        The number to subtract, and the limit that all user numbers are then below.
    groups
        The groups of the rows.
    periods
        An object with the rows' periods, counted from 0: `of(rows)`, `first` and `count`.
    events
        The number of events that each row stands for; None for one each.
    values
        An amount per row, or None.
    masks
        The users' periods as `Masks`, where they are known in this form; the log then has no rows.
    """

    users: Any
    offset: int
    size: int
    groups: Groups
    periods: Any
    events: Any = None
    values: Any = None
    masks: Any = None

    def __len__(self) -> int:
        return len(self.users if self.masks is None else self.masks.unit)


@dataclass(frozen=True)
class Numbers:
    """Periods, or ages, that are numbered already."""

    first: int
    count: int
    numbers: Any

    def of(self, rows: Any) -> Any:
        """Return the numbers of some rows."""
        return self.numbers[rows]


@dataclass(frozen=True)
class Packing:
    """Layout of group, user and period in one unsigned integer.

    Attributes
    ----------
    dtype
        uint32 where they fit, else uint64.
    period
        Number of low bits that hold the period.
    below
        Number of bits below the group.
    users, offset
        The users as they are packed: those of the log, or new numbers where their ids lie too far apart.
    """

    dtype: Any
    period: int
    below: int
    users: Any
    offset: int

    @classmethod
    def of(cls, log: Log) -> Packing:
        """Find the narrowest layout for a log."""
        period, group = (log.periods.count - 1).bit_length(), (log.groups.count - 1).bit_length()
        users, offset, size = log.users, log.offset, log.size
        if period + (size - 1).bit_length() + group > 64:
            users, offset = np.unique(users, return_inverse=True)[1], 0
            size = int(users.max()) + 1
        below = period + (size - 1).bit_length()
        return cls(np.dtype(np.uint32 if below + group <= 32 else np.uint64), period, below, users, offset)

    @property
    def mask(self) -> Any:
        """Mask of the bits that hold the period."""
        return self.dtype.type((1 << self.period) - 1)

    def pack(self, log: Log, rows: Any = None) -> Any:
        """Pack some rows of the log; None for all."""
        keys = np.empty(len(log) if rows is None else len(rows), self.dtype)

        def pack(some: slice) -> None:
            block, place = keys[some], some if rows is None else rows[some]
            np.subtract(self.users[place].astype(np.int64, copy=False), self.offset, out=block, casting="unsafe")
            np.left_shift(block, self.dtype.type(self.period), out=block)
            block |= log.periods.of(place).astype(self.dtype, copy=False)
            if log.groups.count > 1:
                block |= log.groups.number[place].astype(self.dtype) << self.dtype.type(self.below)

        each_block(pack, keys.size)
        return keys


@dataclass(frozen=True)
class Active:
    """Distinct pairs of user and period, sorted.

    Attributes
    ----------
    keys
        Group, user and period.
    packing
        The layout of the keys.
    events
        The number of events of each pair, or None.
    values
        The sum of the amounts of each pair, or None.
    """

    keys: Any
    packing: Packing
    events: Any = None
    values: Any = None

    def blocks(self) -> Iterator[slice]:
        """Cut into blocks that never split a user's rows."""
        at = 0
        while at < self.keys.size:
            stop = at + ROWS
            if stop < self.keys.size:
                stop = int(np.searchsorted(self.keys, self.keys[stop] | self.packing.mask, side="right"))
            yield slice(at, min(stop, self.keys.size))
            at = stop

    def take(self, rows: Any) -> Active:
        """Keep some of the pairs."""
        events, values = (None if one is None else one[rows] for one in (self.events, self.values))
        return Active(self.keys[rows], self.packing, events, values)

    def frequent(self, least: int) -> Active:
        """Keep the pairs with enough events."""
        return self if self.events is None else self.take(self.events >= least)

    def period(self, rows: Any) -> Any:
        """Return the periods of some rows."""
        return (self.keys[rows] & self.packing.mask).astype(np.intp)

    def user(self, rows: Any) -> Any:
        """Return group and user of some rows, as one number."""
        return self.keys[rows] >> self.packing.dtype.type(self.packing.period)

    def begins(self, rows: Any) -> Any:
        """Mark the rows that are the first of their user."""
        return changes(self.user(rows))

    def group(self, rows: Any, count: int) -> Any:
        """Return the groups of some rows; 0 for a single group."""
        if count == 1:
            return 0
        return (self.keys[rows] >> self.packing.dtype.type(self.packing.below)).astype(np.intp)


def active(log: Log, rows: Any = None, *, count: bool = False) -> Active:
    """Find the distinct pairs of user and period among some rows.

    Parameters
    ----------
    log
        The events.
    rows
        Positions; None for all.
    count
        Whether to count the events of each pair.
    """
    packing = Packing.of(log)
    keys = packing.pack(log, rows)
    if not count and log.values is None:
        sort(keys)
        return Active(keys[changes(keys)], packing)
    order = np.argsort(keys)
    keys = keys[order]
    if rows is not None:
        order = rows[order]
    at = np.flatnonzero(changes(keys))
    events = values = None
    if count:
        events = np.diff(at, append=keys.size) if log.events is None else _sums(log.events[order], at)
    if log.values is not None:
        values = _sums(log.values[order], at)
    return Active(keys[at], packing, events, values)


def changes(values: Any) -> Any:
    """Mark the values that differ from the one before."""
    flags = np.empty(values.size, bool)
    flags[:1] = True
    np.not_equal(values[1:], values[:-1], out=flags[1:])
    return flags


def tally(out: Any, cells: Any, amounts: Any = None) -> None:
    """Add 1, or an amount, to a cell for each row; integers stay exact."""
    if amounts is not None or out.size > 4 * len(cells):
        np.add.at(out, cells, 1 if amounts is None else amounts)
    else:
        out += np.bincount(cells, minlength=out.size)


def _sums(values: Any, at: Any) -> Any:
    return np.add.reduceat(values, at) if at.size else values[:0]
