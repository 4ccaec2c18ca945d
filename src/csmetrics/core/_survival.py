"""Kaplan-Meier: the share of customers still waiting after each time; they count for as long as they were observed."""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import Any, Final, NamedTuple

import numpy as np

from csmetrics.core._numeric import BLOCK
from csmetrics.core._types import Array

_FEW: Final = 4096  # whole durations that are worth a table, however few rows there are
_MANY: Final = 65_536  # times whose factors are multiplied as they come: exact shares would cost more than the sort
_EXACT: Final = 2.0**52  # up to which floats hold every whole number
_HALF: Final = 50 * (1 + 1e-12)  # percent; a product of exact halves may round to just above


class Steps(NamedTuple):
    """What happened at each duration, in the order of time.

    Attributes
    ----------
    times
        The durations that occur: int64 or float64.
    reached, censored
        How many customers reached the event after each duration, and how many were last seen still waiting; int64.
    entries
        The times from which customers with a delayed entry are observed, in order, and how many entered before each of
        them and in all; None where everybody is observed from the start.
    """

    times: Any
    reached: Any
    censored: Any
    entries: tuple[Any, Any] | None = None

    def at_risk(self) -> Any:
        """Count the customers at risk at each time: still waiting just before it, and observed for that long."""
        later = (self.reached + self.censored)[::-1].cumsum()[::-1]
        if self.entries is None:
            return later
        entries, before = self.entries
        return later - (before[-1] - before[np.searchsorted(entries, self.times, side="left")])

    def restricted_mean(self, waiting: Array, time: float) -> tuple[float, Array]:
        """Return the area under the curve up to a time, and what of it comes after each step."""
        ends = np.minimum(np.append(self.times.astype(np.float64), time), time)
        areas = np.append(1.0, waiting / 100) * np.diff(ends, prepend=0.0)
        after = np.append(areas[::-1].cumsum()[::-1], 0.0)
        return float(after[0]), after[1:-1]

    def waiting(self) -> Array:
        """Return the percent still waiting after each time.

        Until a customer is censored it is a plain share: the factors 1 - d/n of consecutive times make up one fraction.
        So each time with censored customers before it adds one rounding, and the times before the first add none.
        """
        if self.times.size > _MANY:
            return np.cumprod(1 - self.reached / self.at_risk()) * 100
        some = self.reached > 0
        before = self.at_risk()[some]
        if not before.size:
            return np.full(some.size, 100.0)
        after = before - self.reached[some]
        starts = np.flatnonzero(np.append(True, before[1:] != after[:-1]))
        lengths = np.diff(starts, append=before.size)
        opening = np.cumprod(after[starts + lengths - 1] / before[starts])
        falls = np.repeat(np.append(100.0, 100 * opening[:-1]), lengths)
        falls *= after
        falls /= np.repeat(before[starts], lengths)
        return falls if falls.size == some.size else np.append(100.0, falls)[np.cumsum(some)]

    def median(self, waiting: Array) -> float:
        """Return the first time after which at most half are still waiting; NaN if more than half wait to the end."""
        half = waiting <= _HALF
        return float(self.times[half.argmax()]) if half.any() else nan


def peak(durations: Any) -> Any:
    """Return the longest duration; None where one may be negative, missing or infinite.

    Read as unsigned integers, these come after all others: one pass tells. So does -0.0.
    """
    if not durations.size:
        return 0
    bits = durations.view(f"u{durations.itemsize}").max()
    top = bits.view(durations.dtype)
    return top if 0 < top < np.inf or bits == 0 else None


def steps(durations: Any, reached: Any, counts: Any = None, longest: Any = None) -> Steps:
    """Count by duration.

    Parameters
    ----------
    durations
        Integers, or float64, none of them negative or missing.
    reached
        bool: whether the duration ended with the event.
    counts
        How often each row occurs, int64; None for once.
    longest
        The longest duration, where it is known.
    """
    longest = durations.max(initial=0) if longest is None else longest
    kind = np.int64 if durations.dtype.kind != "f" and longest < 2**62 else np.float64
    if not durations.size:
        return Steps(np.zeros(0, kind), *np.zeros((2, 0), np.int64))
    if not (longest < _FEW + durations.size // 16 and whole(durations)):
        return _by_sort(durations.astype(kind, copy=False), reached, counts)
    times, *happened = _by_day(durations, reached, counts, int(longest) + 1)
    return Steps(times.astype(kind), *happened)


def packs(groups: int, waited: Any, longest: Any = None) -> bool:
    """Check whether `steps_by_group` can take these durations."""
    longest = waited.max(initial=0) if longest is None else longest
    bits = groups.bit_length() + int(longest).bit_length()
    return bool(waited.size) and bits <= 62 and (waited.dtype.kind in "iu" or (longest < _EXACT and whole(waited)))


def steps_by_group(
    places: Any,
    groups: int,
    waited: Any,
    reached: Any,
    unit: Callable[[Any], Any] | None = None,
    longest: Any = None,
) -> list[Steps]:
    """Count by group and duration: group, duration and what happened make up one number, and one sort orders all.

    Parameters
    ----------
    places
        The group of each row, from 0 to `groups` - 1.
    waited
        Whole numbers, none negative, that `packs`.
    reached
        bool: whether the duration ended with the event.
    unit
        A function that turns `waited` into durations and keeps their order.
    longest
        The longest of `waited`, where it is known.
    """
    size = int(waited.max(initial=0) if longest is None else longest) + 1
    if unit is None and size * groups < _FEW + waited.size // 16:
        times, got, rest, _ = _by_day(waited, reached, None, size, places, groups)
        ends = np.searchsorted(times, size * np.arange(groups + 1))
        parts = list(enumerate(map(slice, ends[:-1], ends[1:])))
        return [Steps(times[one] - size * i, got[one], rest[one]) for i, one in parts]
    bits = (size - 1).bit_length()
    keys = places.astype(np.int64)
    keys <<= bits
    keys |= waited.astype(np.int64, copy=False)
    keys <<= 1
    keys |= reached
    keys.sort()
    ends = np.searchsorted(keys, np.arange(groups + 1) << (bits + 1))
    return [_of_keys(keys[one], bits, unit) for one in map(slice, ends[:-1], ends[1:])]


def _of_keys(keys: Any, bits: int, unit: Callable[[Any], Any] | None) -> Steps:
    """Count the durations of one group, from its ordered keys."""
    got = keys & 1
    found = _merged(Steps((keys >> 1) & ((1 << bits) - 1), got, 1 - got))
    return found if unit is None else _merged(found._replace(times=unit(found.times)))


def _merged(found: Steps) -> Steps:
    """Count equal durations, which stand side by side, as one."""
    starts = np.flatnonzero(np.append(True, found.times[1:] != found.times[:-1])[: found.times.size])
    if starts.size == found.times.size:
        return found
    got, rest = (np.add.reduceat(counts, starts) for counts in (found.reached, found.censored))
    return Steps(found.times[starts], got, rest)


def delayed(found: Steps, entries: Any, counts: Any = None) -> Steps:
    """Count customers with a delayed entry as at risk from their entry on."""
    if not entries.size:
        return found
    order = np.argsort(entries)
    often = np.ones(entries.size, np.int64) if counts is None else counts[order]
    return found._replace(entries=(entries[order], np.append(0, np.cumsum(often))))


def median(durations: Any, reached: Any, counts: Any = None) -> float:
    """Return the first time by which half have reached the event, by Kaplan-Meier; NaN if fewer than half do."""
    found = steps(durations, reached, counts)
    return found.median(found.waiting())


def whole(durations: Any) -> bool:
    """Check whether all are whole numbers."""
    if durations.dtype.kind == "f":
        rounded = np.empty(min(BLOCK, durations.size), durations.dtype)
        for at in range(0, durations.size, BLOCK):
            block = durations[at : at + BLOCK]
            if (np.rint(block, out=rounded[: block.size]) != block).any():
                return False
    return True


def _by_day(durations: Any, reached: Any, counts: Any, size: int, places: Any = None, groups: int = 1) -> Steps:
    """Count whole durations in a table, a block of rows at a time; with `places`, one table after the other."""
    table = np.zeros(2 * size * groups, np.int64)
    step = max(BLOCK, 2 * table.size)
    cells = np.empty(min(step, durations.size), np.int64)
    for at in range(0, durations.size, step):
        rows = slice(at, at + step)
        block = durations[rows]
        cell = cells[: block.size]
        cell[...] = block
        if places is not None:
            cell += size * places[rows]
        cell *= 2
        cell += reached[rows]
        if counts is None:
            table += np.bincount(cell, minlength=table.size)
        else:
            np.add.at(table, cell, counts[rows])
    some = np.flatnonzero(table.reshape(-1, 2).any(axis=1))
    return Steps(some, table[1::2][some], table[::2][some])


def _by_sort(durations: Any, reached: Any, counts: Any) -> Steps:
    """Sort once, with what happened in the last bit: read as integers, floats that are not negative are in order."""
    keys: Any = durations.view(np.uint64) << 1  # which takes the sign from -0.0
    keys |= reached
    if counts is not None:
        order = np.argsort(keys)
        keys, counts = keys[order], counts[order]
    else:
        keys.sort()
    tied = (keys[1:] ^ keys[:-1]) <= 1
    if counts is None and not tied.any():
        got = (keys & 1).view(np.int64)
        keys >>= 1
        return Steps(keys.view(durations.dtype), got, 1 - got)
    starts = np.append(0, 1 + np.flatnonzero(~tied))
    times = (keys[starts] >> 1).view(durations.dtype)
    keys &= 1
    happened = keys.view(np.int64)
    if counts is not None:
        happened *= counts
    got = np.add.reduceat(happened, starts)
    every = np.diff(np.append(starts, keys.size)) if counts is None else np.add.reduceat(counts, starts)
    some = every > 0
    return Steps(times, got, every - got) if some.all() else Steps(times[some], got[some], (every - got)[some])
