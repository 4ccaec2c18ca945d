"""The log-rank test: whether several groups wait equally long. Mantel 1966; Peto and Peto 1972."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from csmetrics._statistics.confidence import chi2_tail
from csmetrics.core._survival import Steps
from csmetrics.core._types import Array

_CELLS = 1 << 22  # of groups by times that are held at once


class Tested(NamedTuple):
    """The events expected of each group if all waited equally long, and how far off the real ones are."""

    expected: Array
    statistic: float
    degrees: int
    p_value: float


def log_rank(groups: Sequence[Steps]) -> Tested:
    """Test several groups against each other.

    A group that is gone before the first event says nothing, and takes no degree of freedom.
    """
    events, moves = _merged(groups)
    expected, spread = np.zeros(len(groups)), np.zeros((len(groups), len(groups)))
    later = np.zeros((len(groups), 1))  # at risk after the times that were looked at: the last ones come first
    step = max(1, _CELLS // max(len(groups), 1))
    for at in range(-(-events.size // step) * step - step, -1, -step):
        here = events[at : at + step]
        at_risk = np.zeros((len(groups), here.size))
        for one, (places, change) in zip(at_risk, moves, strict=True):
            inside = slice(*np.searchsorted(places, [at, at + here.size]))
            one += np.bincount(places[inside] - at, change[inside], here.size)
        at_risk = at_risk[:, ::-1].cumsum(axis=1)[:, ::-1] + later
        later = at_risk[:, :1]
        everyone = at_risk.sum(axis=0)
        shares = at_risk / everyone
        expected += shares @ here
        with np.errstate(divide="ignore", invalid="ignore"):
            weights = np.where(everyone > 1, here * (everyone - here) / (everyone - 1), 0.0)
        weighted = shares * weights
        spread += np.diag(weighted.sum(axis=1)) - weighted @ shares.T
    told = np.flatnonzero(expected > 0)
    if told.size < 2:
        return Tested(expected, np.nan, 0, np.nan)
    off = np.array([group.reached.sum() for group in groups]) - expected
    kept = told[:-1]  # the last follows from the others
    statistic = float(off[kept] @ np.linalg.lstsq(spread[np.ix_(kept, kept)], off[kept], rcond=None)[0])
    return Tested(expected, statistic, int(kept.size), chi2_tail(max(statistic, 0.0), int(kept.size)))


def _merged(groups: Sequence[Steps]) -> tuple[Array, list[tuple[Any, Array]]]:
    """Return the events at each time with any, and when each group's customers are last at risk.

    The latter as positions among those times, in order, with how many. Those who entered late count as taken away at
    the times up to then.
    """
    times = [group.times.astype(np.float64) for group in groups]
    change = [(group.reached + group.censored).astype(np.float64) for group in groups]
    reached = [group.reached.astype(np.float64) for group in groups]
    for i, group in enumerate(groups):
        if group.entries is not None:
            entries, before = group.entries
            order = np.argsort(np.append(times[i], entries), kind="stable")
            times[i] = np.append(times[i], entries)[order]
            change[i] = np.append(change[i], -np.diff(before))[order]
            reached[i] = np.append(reached[i], np.zeros(entries.size))[order]
    every = np.concatenate(times)
    order = np.argsort(every, kind="stable")  # which merges runs that are in order
    every = every[order]
    starts = np.flatnonzero(np.append(True, every[1:] != every[:-1])[: every.size])
    events = np.add.reduceat(np.concatenate(reached)[order], starts) if starts.size else np.zeros(0)
    places = np.empty(every.size, np.intp)
    places[order] = np.repeat(np.cumsum(events > 0) - 1, np.diff(starts, append=every.size))
    apart = np.split(places, np.cumsum([one.size for one in times])[:-1])
    kept = [one >= 0 for one in apart]
    return events[events > 0], [(one[k], c[k]) for one, c, k in zip(apart, change, kept, strict=True)]
