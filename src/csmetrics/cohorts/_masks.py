"""Users' active periods as bits: one 64-bit mask per user and block of 64 periods.

Bit i of a mask stands for period 64 * block + i. Masks of one user and block are put together by a bitwise or, in any
order, and a pair of user and period that comes twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from csmetrics.cohorts._packing import Log, changes
from csmetrics.cohorts._rows.blocks import blocks, each, each_block

BITS, _SHIFT = 64, 6  # periods in a mask, and their logarithm
_BATCH = 1 << 13  # masks whose bits are listed at a time
_CELLS = 1 << 27  # bytes of the table in which pairs are marked, one per user and period
_PERIODS = 1 << 10  # with more, and as many cohorts, counts of all pairs of them are too many
_SPARSE = 12  # marks for each row, with which packing them takes as long as sorting the rows
_OFTEN = 16  # rows for each mark, with which most are set already: looking takes half the time of setting
_LANES = np.uint64(0x0101010101010101)  # the lowest bit of each byte
_MOST = 255  # masks whose bits fit into the count of a byte
_NONE = np.uint64(0)
_ALL = ~_NONE


@dataclass(frozen=True)
class Masks:
    """A table of masks: those of a user follow one another, by block; no mask is 0.

    Users are sorted by number, except where the masks were read from a saved state.

    Attributes
    ----------
    unit
        The number of the user (or of the user in a group) of each mask.
    block
        The block of each mask.
    bits
        The masks, uint64.
    blocks
        The number of blocks: those of all masks are below it.
    """

    unit: Any
    block: Any
    bits: Any
    blocks: int

    @classmethod
    def of(cls, log: Log, rows: Any = None) -> Masks | None:
        """Make the masks of some rows of a log (None for all), whose users are numbered together with their groups.

        Return None where the table of marks would be much larger than the rows: sorting them is faster then.
        """
        if log.masks is not None and rows is None:
            known: Masks = log.masks
            return known
        size, groups, periods = log.size, log.groups.count, log.periods.count
        if not len(log) or periods > _PERIODS or size * groups * periods > _SPARSE * len(log):
            return None

        def pairs(some: slice) -> tuple[Any, Any]:
            place = some if rows is None else rows[some]
            unit = np.subtract(log.users[place], log.offset, dtype=np.int64)
            if groups > 1:
                unit *= groups
                unit += log.groups.number[place]
            return unit, log.periods.of(place)

        return cls.mark(pairs, len(log) if rows is None else len(rows), size * groups, periods)

    @classmethod
    def mark(cls, pairs: Callable[[slice], tuple[Any, Any]], rows: int, size: int, periods: int) -> Masks:
        """Make the masks of pairs of user and period, which come in any order, without sorting them.

        Parameters
        ----------
        pairs
            The function that returns the numbers of users, below `size`, and of periods, below `periods`, of some rows;
            those of users in a new int64 array, which is written over.
        rows
            The number of rows.
        size, periods
            The limits of the numbers.
        """
        width = -(-periods // 8) * 8 if periods <= BITS else -(-periods // BITS) * BITS  # cells of a user
        users = max(_CELLS // width, 1)
        table = np.zeros(min(size, users) * width, bool)
        often = rows > _OFTEN * table.size

        def mark(cells: Any) -> None:
            if not (often and table.take(cells, mode="clip").all()):
                table[cells] = True  # never anything else, so that blocks may come in any order

        def mark_rows(some: slice) -> None:
            cells, period = pairs(some)
            cells *= width
            cells += period
            mark(cells)

        if size <= users:
            each_block(mark_rows, rows)
            found = _packed(table, 0, width)
        else:
            found = []
            for part, cells in enumerate(_parted(pairs, rows, -(-size // users), users, width)):
                table[:] = False
                each(mark, cells, rows)
                found += _packed(table, part * users, width)
        unit, block, bits = map(np.concatenate, zip(*found, strict=True))
        return cls(unit, block, bits, -(-periods // BITS))

    @classmethod
    def gather(cls, unit: Any, block: Any, bits: Any, blocks: int) -> Masks:
        """Put masks in any order together, several of a user and block by a bitwise or."""
        order = np.lexsort((block.astype(np.min_scalar_type(blocks)), unit))
        unit, block = unit[order], block[order]
        at = np.flatnonzero(changes(unit) | changes(block))
        found = np.bitwise_or.reduceat(bits[order], at) if at.size else bits[:0]
        return cls(unit[at], block[at], found, blocks)

    @cached_property
    def starts(self) -> Any:
        """The position of each user's first mask."""
        return np.flatnonzero(changes(self.unit))

    @cached_property
    def ends(self) -> Any:
        """The position after each user's last mask."""
        return np.append(self.starts[1:], self.unit.size)[: self.starts.size]

    @property
    def users(self) -> Any:
        """The users, once each."""
        return self.unit[self.starts]

    def first(self) -> Any:
        """Return each user's first period."""
        return self._first

    @cached_property
    def _first(self) -> Any:
        return self.block[self.starts] * BITS + lowest(self.bits[self.starts])

    def earliest(self) -> int | None:
        """Return the first period in which any user was active; None for no users."""
        if not self.unit.size:
            return None
        block = self.block.min()
        bits = np.bitwise_or.reduce(self.bits[self.block == block], keepdims=True)
        return int(block) * BITS + int(lowest(bits)[0])

    def last(self) -> Any:
        """Return each user's last period."""
        return self.block[self.ends - 1] * BITS + highest(self.bits[self.ends - 1])

    def take(self, rows: Any) -> Masks:
        """Keep some of the masks, in their order."""
        return Masks(self.unit[rows], self.block[rows], self.bits[rows], self.blocks)

    def cut(self, at: Any) -> list[Masks]:
        """Cut into parts that begin at some positions; into one if there are none."""
        bounds = [*at, self.unit.size] if len(at) else [0, self.unit.size]
        return [self.take(slice(*some)) for some in pairwise(bounds)]

    def replace(self, bits: Any) -> Masks:
        """Return other masks of the same users and blocks, without those that are 0."""
        rows = np.flatnonzero(bits)
        return Masks(self.unit[rows], self.block[rows], bits[rows], self.blocks)

    def pairs(self, rows: Any = slice(None)) -> tuple[Any, Any]:
        """Return users and periods of some masks, sorted by user, then period."""
        flags = np.unpackbits(self.bits[rows].astype("<u8", copy=False).view(np.uint8), bitorder="little")
        place = np.flatnonzero(flags.view(bool))
        row = place >> _SHIFT  # a division takes much longer
        place &= BITS - 1
        place += (self.block[rows].astype(np.int64) << _SHIFT)[row]
        return self.unit[rows][row], place

    def batches(self) -> Iterator[slice]:
        """Cut into batches that never split a user's masks."""
        at = 0
        while at < self.unit.size:
            stop = int(self.ends[np.searchsorted(self.ends, min(at + _BATCH, self.unit.size))])
            yield slice(at, stop)
            at = stop

    def count(self, key: Any = None, keys: int = 1) -> Any:
        """Count the users of each key that are active in each period.

        Parameters
        ----------
        key
            A number below `keys` for each mask, such as the cohort of its user; None if all count together.

        Returns
        -------
        ndarray
            (keys, 64 * blocks) int64.
        """
        out = np.zeros((keys * self.blocks, BITS), np.int64)
        row = self.block if key is None else key if self.blocks == 1 else key * self.blocks + self.block
        order = np.argsort(row.astype(np.min_scalar_type(len(out))), kind="stable")
        row, bits = row[order], self.bits[order]
        cuts = changes(row)
        cuts[::_MOST] = True
        at = np.flatnonzero(cuts)
        if at.size:
            sums = np.empty((at.size, 8), "<u8")  # of the bits i, i + 8, i + 16, ... in eight bytes of a number
            for i in range(8):
                sums[:, i] = np.add.reduceat(bits >> np.uint64(i) & _LANES, at)
            begins = np.flatnonzero(changes(row[at]))
            counts = np.add.reduceat(sums.view(np.uint8).reshape(-1, 8, 8), begins, axis=0, dtype=np.int64)
            out[row[at[begins]]] = counts.swapaxes(1, 2).reshape(-1, BITS)
        return out.reshape(keys, self.blocks * BITS)

    def again(self) -> Masks:
        """Return the periods that follow directly on an active one of the same user."""
        carry = np.zeros(self.bits.size, np.uint64)
        follows = (self.unit[1:] == self.unit[:-1]) & (self.block[1:] == self.block[:-1] + 1)
        carry[1:][follows] = self.bits[:-1][follows] >> np.uint64(BITS - 1)
        return self.replace(self.bits & (self.bits << np.uint64(1) | carry))


def _parted(pairs: Callable[[slice], Any], rows: int, parts: int, users: int, width: int) -> Iterator[list[Any]]:
    """Yield, for each part of so many users, the cells of its pairs, block by block."""

    def sort(some: slice) -> tuple[Any, Any]:
        unit, period = pairs(some)
        part, rest = np.divmod(unit, users)
        part = part.astype(np.min_scalar_type(parts))  # sorted by its digits if it has few
        cells = (rest * width + period).astype(np.int32)[np.argsort(part, kind="stable")]
        return cells, np.append(0, np.cumsum(np.bincount(part, minlength=parts)))

    blocks = each_block(sort, rows)
    for part in range(parts):
        yield [cells[at[part] : at[part + 1]] for cells, at in blocks]


def _packed(table: Any, first: int, width: int) -> list[tuple[Any, Any, Any]]:
    """Pack a table of marks, whose first row is the user `first`, into blocks of users, blocks and masks."""

    def pack(some: slice) -> tuple[Any, Any, Any]:
        packed = np.packbits(table[some.start * width : some.stop * width], bitorder="little")
        if width < BITS:
            short = packed.reshape(-1, width // 8)
            packed = np.zeros((len(short), BITS // 8), np.uint8)
            packed[:, : width // 8] = short
        words = packed.reshape(-1).view("<u8")
        at = np.flatnonzero(words)
        unit, block = np.divmod(at, width // BITS) if width > BITS else (at, np.zeros(at.size, np.uint8))
        return unit + (first + some.start), block, words[at]

    return each(pack, blocks(len(table) // width), len(table) // 8)


def lowest(bits: Any) -> Any:
    """Return the position of the lowest bit of numbers that are not 0."""
    return _exponent(bits & (~bits + np.uint64(1)))


def highest(bits: Any) -> Any:
    """Return the position of the highest bit of numbers that are not 0."""
    return _exponent(
        bits & ~(bits >> np.uint64(1))
    )  # whose second bit is 0, so that a float never rounds up to a third


def _exponent(bits: Any) -> Any:
    return (bits.astype(np.float64).view(np.int64) >> 52) - 1023


def between(low: Any, high: Any, block: Any) -> Any:
    """Return masks of the periods from each `low` to each `high`, both included, as far as they are in the block."""
    low, high = (np.clip(bound - block * BITS, 0, BITS).astype(np.uint64) for bound in (low, high + 1))
    return _ALL << low & ~(_ALL << high)  # shifted by 64, nothing is left
