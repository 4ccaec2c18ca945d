"""Intervals of shares of counts and of balances of answers, for many figures at once. Shares here are fractions.

Wilson 1927; Brown, Cai and DasGupta 2001 for the others; Rocks 2016 for the adjusted Wald interval of NPS.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from csmetrics._statistics.confidence import Confidence, of_counts, ratio, special
from csmetrics.core._types import Array

Limits = tuple[Array, Array]


def wilson(part: Any, whole: Any, sure: Confidence) -> Limits:
    """Return the shares from which `part` of `whole` is just so far away as is likely."""
    z2 = sure.z * sure.z
    share, over = ratio(part, whole), ratio(z2, whole)
    centre = (share + over / 2) / (1 + over)
    half = np.sqrt(np.maximum(over * share * (1 - share) + over * over / 4, 0)) / (1 + over)
    return _ends(part, whole, centre - half, centre + half)


def agresti_coull(part: Any, whole: Any, sure: Confidence) -> Limits:
    """Return Wald's limits after adding z²/2 to both sides."""
    z2 = sure.z * sure.z
    more = np.where(np.asarray(whole) > 0, whole + z2, np.nan)
    share = (part + z2 / 2) / more
    half = sure.z * np.sqrt(share * (1 - share) / more)
    return np.maximum(share - half, 0), np.minimum(share + half, 1)


def wald(part: Any, whole: Any, sure: Confidence) -> Limits:
    """Return the textbook limits, which are too narrow near 0 and 100 % and for small counts."""
    share = ratio(part, whole)
    half = sure.z * np.sqrt(np.maximum(ratio(share * (1 - share), whole), 0))
    return np.maximum(share - half, 0), np.minimum(share + half, 1)


def clopper_pearson(part: Any, whole: Any, sure: Confidence) -> Limits:
    """Return the exact limits, which cover at least as often as they say."""
    return _beta(part, whole, sure, 1.0)


def jeffreys(part: Any, whole: Any, sure: Confidence) -> Limits:
    """Return the middle of the beta distribution that Jeffreys' prior gives."""
    return _beta(part, whole, sure, 0.5)


def _beta(part: Any, whole: Any, sure: Confidence, more: float) -> Limits:
    """Return quantiles of beta distributions; `more` is added to what moves a limit away from its end."""
    functions, half = special(), np.asarray(sure.alpha) / 2

    def of_shares(k: Any, n: Any) -> Limits:
        rest = n - k
        low = functions.betaincinv(np.maximum(k + (1 - more), 1e-9), np.maximum(rest + more, 1e-9), half)
        return low, functions.betainccinv(np.maximum(k + more, 1e-9), np.maximum(rest + (1 - more), 1e-9), half)

    low, high = of_shares(part, whole) if half.ndim else of_counts(of_shares, part, whole)
    return _ends(part, whole, low, high)


def _ends(part: Any, whole: Any, low: Any, high: Any) -> Limits:
    """Keep the limits possible: exactly 0 where nobody is counted, exactly 1 where everybody is."""
    part, whole = np.asarray(part), np.asarray(whole)
    low = np.where(part <= 0, 0.0, np.clip(low, 0, 1))
    high = np.where(part >= whole, 1.0, np.clip(high, 0, 1))
    return np.where(whole > 0, low, np.nan), np.where(whole > 0, high, np.nan)


SHARES = {
    "wilson": wilson,
    "agresti-coull": agresti_coull,
    "wald": wald,
    "clopper-pearson": clopper_pearson,
    "jeffreys": jeffreys,
}


def centre_and_variance(up: Any, down: Any, answers: Any, adjusted: bool) -> Limits:
    """Return a balance of answers (those for less those against) and the variance of it.

    Adjusted, three quarters of an answer are added for and against, and one and a half in between.
    """
    up, down, answers = (np.asarray(x, dtype=np.float64) for x in (up, down, answers))
    if adjusted:
        up, down, answers = up + 0.75, down + 0.75, np.where(answers > 0, answers + 3, np.nan)
    centre = ratio(up - down, answers)
    return centre, np.maximum(ratio(ratio(up + down, answers) - centre * centre, answers), 0)
