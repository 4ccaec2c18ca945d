"""Resampling customers: how often each is drawn, for many resamples at once, as a matrix product with their sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import Any

import numpy as np

from csmetrics._statistics.confidence import Confidence
from csmetrics.core._options import is_whole
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, shown

_PIECE = 2**14  # customers whose draws are counted at a time
_CELLS = 2**18  # cells of resamples and customers that are counted at a time
_LONG = 2**28  # draws from which on a progress bar is worth having
Statistic = Callable[[Array], Array]


def generator(metric: str, rng: Any) -> np.random.Generator:
    """Return the generator of random numbers; the same one every time, unless another is given."""
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None or (is_whole(rng) and rng >= 0):
        return np.random.default_rng(0 if rng is None else rng)
    raise MetricInputError(metric, "rng", "must be a whole number or a numpy Generator", f"got {shown(rng)}")


def resampled(columns: Array, statistic: Statistic, resamples: int, rng: np.random.Generator) -> Array:
    """Return the statistic of so many resamples.

    Parameters
    ----------
    columns
        One row per customer, one column per sum that the statistic is made of.
    statistic
        Takes sums, one row per resample.
    resamples, rng
        How many, and the random numbers.
    """
    customers = len(columns)
    pieces = [np.ascontiguousarray(columns[at : at + _PIECE].T) for at in range(0, customers, _PIECE)]
    step = max(1, min(resamples, _CELLS // min(customers, _PIECE)))
    sizes = np.array([piece.shape[1] for piece in pieces])
    found = np.empty(resamples)
    for at in _shown(range(0, resamples, step), resamples * customers):
        some = min(step, resamples - at)
        sums = np.zeros((some, columns.shape[1]))
        # how many draws fall into each piece, and then where in it: a piece's counts stay in the processor's cache
        for piece, draws in zip(pieces, rng.multinomial(customers, sizes / customers, some).T, strict=True):
            size = piece.shape[1]
            cells = rng.integers(0, size, int(draws.sum()), dtype=np.int32)
            cells += np.repeat(np.arange(0, some * size, size, dtype=np.int32), draws)
            often = np.bincount(cells, minlength=some * size).reshape(some, size).astype(np.float64)
            for place, column in enumerate(piece):  # column by column: a product so narrow is slow as a whole
                sums[:, place] += often @ column
        found[at : at + some] = statistic(sums)
    return found


def _shown(steps: range, draws: int) -> Iterator[int]:
    """Show how far a long run is, where tqdm is installed."""
    if draws >= _LONG:
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped,unused-ignore]
        except ImportError:
            pass
        else:
            yield from tqdm(steps, desc="resamples", leave=False)
            return
    yield from steps


def without_each(columns: Array, statistic: Statistic) -> Array:
    """Return the statistic without each customer in turn."""
    return statistic(columns.sum(axis=0) - columns)


def jackknife_error(values: Array) -> float:
    """Return the standard error from the figures without each customer."""
    kept = values[np.isfinite(values)]
    if kept.size < 2 or kept.size < values.size:
        return float("nan")
    return float(np.sqrt((kept.size - 1) / kept.size * np.square(kept - kept.mean()).sum()))


def percentile(found: Array, sure: Confidence) -> tuple[float, float]:
    """Return the limits between which the middle of the resampled figures lies."""
    half = 100 * sure.alpha / 2
    low, high = np.nanpercentile(found, [half, 100 - half])
    return float(low), float(high)


def bca(found: Array, estimate: float, others: Array, sure: Confidence) -> tuple[float, float]:
    """Return the same after correcting for bias and for a spread that changes with the figure (Efron 1987).

    Parameters
    ----------
    found
        The resampled figures.
    estimate
        The figure itself.
    others
        The figures without each customer.
    sure
        The confidence.
    """
    normal = NormalDist()
    below = float((found < estimate).mean() + (found == estimate).mean() / 2)
    if not 0 < below < 1 or np.ptp(found) == 0:
        return percentile(found, sure)
    bias = normal.inv_cdf(below)
    away = others.mean() - others
    spread = float(np.square(away).sum()) ** 1.5
    skew = float((away**3).sum()) / (6 * spread) if spread > 0 else 0.0
    places = []
    for z in (-sure.z, sure.z):
        moved = bias + z
        places.append(100 * normal.cdf(bias + moved / (1 - skew * moved)))
    low, high = np.nanpercentile(found, places)
    return float(low), float(high)
