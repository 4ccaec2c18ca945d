"""Whether a change is more than noise: beyond sampling noise, and beyond what the months before did."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from csmetrics._statistics.confidence import Confidence
from csmetrics.core._types import Array

CHANGES = 8  # earlier changes that it takes to tell how much a figure moves by itself
_D2 = 1.128  # the mean range of two draws from a normal distribution, in standard deviations
_WORTH = 0.62  # degrees of freedom of a mean moving range, per range


def adjusted(p: Sequence[float]) -> Array:
    """Return p-values that allow for how many there are (Benjamini and Hochberg 1995); NaN stays NaN."""
    values = np.asarray(p, dtype=np.float64)
    out = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known])]
    scaled = values[order] * order.size / np.arange(1, order.size + 1)
    out[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return out


def reach(earlier: Sequence[float], sure: Confidence) -> float:
    """Return how far two periods usually differ at most; NaN with too little history.

    Parameters
    ----------
    earlier
        The figures of earlier periods, in the order of time.
    sure
        The confidence.
    """
    values = np.asarray(earlier, dtype=np.float64)
    moves = np.abs(np.diff(values))
    moves = moves[~np.isnan(moves)]
    if moves.size < CHANGES:
        return np.nan
    return float(sure.t(_WORTH * moves.size) * np.sqrt(2) * moves.mean() / _D2)
