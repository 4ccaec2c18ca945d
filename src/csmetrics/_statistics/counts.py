"""Intervals of events per exposure, and of one count over another. Garwood 1936."""

from __future__ import annotations

from typing import Any

import numpy as np

from csmetrics._statistics.confidence import Confidence, of_counts, ratio, special
from csmetrics._statistics.shares import Limits, clopper_pearson


def garwood(events: Any, exposure: Any, sure: Confidence, dispersion: Any = 1.0) -> Limits:
    """Return the exact limits of a Poisson rate; events that come in clusters count as so many fewer."""
    functions, half = special(), np.asarray(sure.alpha) / 2
    fewer, smaller = np.asarray(events / dispersion, dtype=np.float64), exposure / dispersion

    def of_events(k: Any) -> Limits:
        low = np.where(k > 0, functions.gammaincinv(np.maximum(k, 1e-9), half), 0.0)
        return low, functions.gammainccinv(k + 1, half)

    low, high = of_events(fewer) if half.ndim else of_counts(of_events, fewer)
    return ratio(low, smaller), ratio(high, smaller)


def odds(top: Any, bottom: Any, sure: Confidence) -> Limits:
    """Return the limits of one count over another: those of its share of both, as odds."""
    low, high = clopper_pearson(top, top + bottom, sure)
    with np.errstate(divide="ignore"):
        return low / (1 - low), high / (1 - high)


def rate_ratio(before: Any, exposure_before: Any, after: Any, exposure_after: Any, sure: Confidence) -> Limits:
    """Return the exact limits of the ratio of two Poisson rates, given the sum of their events."""
    low, high = odds(after, before, sure)
    exposures = exposure_before / exposure_after
    return low * exposures, high * exposures


def rate_ratio_p(before: float, exposure_before: float, after: float, exposure_after: float) -> float:
    """Return twice the smaller tail of the events after, given the sum of both: what `rate_ratio` is inverted from."""
    both, share = before + after, exposure_after / (exposure_before + exposure_after)
    functions = special()
    below = functions.betainc(both - after, after + 1, 1 - share) if before > 0 else 1.0
    above = functions.betainc(after, both - after + 1, share) if after > 0 else 1.0
    return float(min(1.0, 2 * min(below, above)))
