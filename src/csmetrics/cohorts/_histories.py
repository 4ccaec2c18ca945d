"""Each customer's changes of MRR side by side, in the order of time: packed, partitioned by customer, sorted.

Account, period and change are packed into one 64-bit word. The words are distributed by the high bits of the account,
block by block, and each part is sorted while it lies in the processor's cache: so the time hardly grows faster than the
rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from csmetrics.cohorts._changes import Changes
from csmetrics.cohorts._packing import changes as differs

_WORD = 64  # bits
_PART = 2**16  # words that are sorted at a time, where the parts are not too many
_PART_BITS = 8  # at most: one byte of a word then says which part it belongs to


class History(NamedTuple):
    """The balances of some accounts at the closings of the periods in which they change, account by account.

    Attributes
    ----------
    account, period
        Numbers from 0.
    before, after
        The balance at the closing before, and at the closing of the period.
    """

    account: Any
    period: Any
    before: Any
    after: Any


def histories(gains: Changes, losses: Changes, accounts: int, periods: int) -> Iterator[History]:
    """Put the changes of each account in order; yield the balances of some accounts at a time.

    Parameters
    ----------
    gains, losses
        The MRR added to balances, and the MRR subtracted from them.
    accounts, periods
        The numbers of accounts and of periods are below these.
    """
    low = min(gains.units.min(initial=0), -losses.units.max(initial=0))
    high = max(gains.units.max(initial=0), -losses.units.min(initial=0))
    account, period, amount = (_bits(int(most)) for most in (accounts - 1, periods - 1, high - low))
    place = _bits(len(gains) + len(losses))
    if not place:
        return
    if account + period + amount <= _WORD:
        words = _words(gains, losses, period, amount, lambda _, units: units - low)
        for part in _sorted_parts(words, account, period + amount):
            change = (part & _ones(amount)).view(np.int64) + low
            yield _history(part >> np.uint64(amount), change, period)
        return
    units = np.concatenate([gains.units[gains.rows], -losses.units[losses.rows]])
    if account + period + place <= _WORD:  # amounts of many digits stay where they are, and their places are packed
        words = _words(gains, losses, period, place, lambda at, some: np.arange(at, at + some.size))
        for part in _sorted_parts(words, account, period + place):
            yield _history(part >> np.uint64(place), units[(part & _ones(place)).view(np.int64)], period)
        return
    cell = np.concatenate([*_words(gains, losses, period, 0, lambda _, units: np.zeros_like(units))])
    order = np.argsort(cell)
    yield _history(cell[order], units[order], period)


def _words(gains: Changes, losses: Changes, period: int, low: int, filled: Callable[[int, Any], Any]) -> Iterator[Any]:
    """Pack account and period above `low` further bits, which `filled` makes of a block's place and its changes."""
    at = 0
    for changes, sign in ((gains, 1), (losses, -1)):
        for account, number, units in changes.blocks():
            words = account.astype(np.uint64)
            words <<= np.uint64(period)
            words |= number.astype(np.uint64)
            words <<= np.uint64(low)
            words |= filled(at, sign * units).astype(np.uint64)
            at += words.size
            yield words


def _sorted_parts(words: Iterator[Any], account: int, below: int) -> Iterator[Any]:
    """Distribute words by the high bits of the account, which stands above `below` bits; yield each part sorted."""
    blocks = list(words)
    bits = min(_PART_BITS, account, _bits(sum(block.size for block in blocks) // _PART))
    ends = np.zeros((len(blocks), 2**bits + 1), np.int64)
    for i, block in enumerate(blocks):
        part = (block >> np.uint64(below + account - bits)).astype(np.uint8)
        blocks[i] = block[np.argsort(part, kind="stable")]  # of bytes, this is a radix sort
        np.cumsum(np.bincount(part, minlength=2**bits), out=ends[i, 1:])
    for starts, stops in pairwise(ends.T.tolist()):
        part = np.concatenate([block[a:b] for block, a, b in zip(blocks, starts, stops, strict=True)])
        if part.size:
            part.sort()
            yield part


def _history(cell: Any, change: Any, period: int) -> History:
    """Add sorted changes up; a cell holds the account above `period` bits."""
    last = np.flatnonzero(np.append(cell[1:] != cell[:-1], True))
    cell, after = cell[last], change.cumsum()[last]
    before = np.append(0, after[:-1])
    account = (cell >> np.uint64(period)).view(np.int64)
    opens = np.flatnonzero(differs(account))
    others = np.repeat(before[opens], np.diff(opens, append=account.size))  # what the accounts before add up to
    return History(account, (cell & _ones(period)).view(np.int64), before - others, after - others)


def _bits(most: int) -> int:
    return max(most, 0).bit_length()


def _ones(bits: int) -> Any:
    return np.uint64((1 << bits) - 1)
