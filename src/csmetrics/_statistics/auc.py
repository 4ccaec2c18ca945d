"""How well a score tells two kinds of customers apart: the area under the ROC curve, ties half. DeLong 1988."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.shares import Limits, wilson
from csmetrics.core._numeric import BLOCK
from csmetrics.core._survival import steps
from csmetrics.core._types import Array

METHODS = ("delong-logit", "delong")


class Tally(NamedTuple):
    """Customers by score, in the order of the scores: those who left and those who stayed."""

    scores: Array
    left: Array
    stayed: Array

    def between(self, low: float, high: float) -> tuple[int, int]:
        """Count those who left and those who stayed with a score above `low`, up to `high`."""
        inside = slice(*np.searchsorted(self.scores, [low, high], side="right"))
        return int(self.left[inside].sum()), int(self.stayed[inside].sum())


def tally(scores: Array, left: Any) -> Tally:
    """Count customers by score; scores are 0 or more."""
    found = steps(scores, left)
    return Tally(found.times, found.reached, found.censored)


def area(counts: Tally) -> tuple[float, float]:
    """Return how likely one who left has the lower score than one who stayed, ties half, and its standard error."""
    gone, kept = float(counts.left.sum()), float(counts.stayed.sum())
    if not (gone and kept):
        return np.nan, np.nan
    beaten, error = _of_ranks(counts.left, counts.stayed, gone, kept)
    return float(1 - beaten), float(np.sqrt(error + _of_ranks(counts.stayed, counts.left, kept, gone)[1]))


def _of_ranks(ranked: Array, others: Array, number: float, many: float) -> tuple[float, float]:
    """Return the mean share of the others who scored no better, ties half, and the variance of that mean."""
    before = total = squares = 0.0
    for at in range(0, ranked.size, BLOCK):  # what stays in the cache costs little beside the sort
        counts, opposite = (values[at : at + BLOCK].astype(np.float64) for values in (ranked, others))
        ranks = opposite.cumsum()
        ranks += before
        before = ranks[-1]
        ranks -= 0.5 * opposite
        total += np.einsum("i,i->", counts, ranks)
        ranks -= 0.5 * many  # so that little is lost where the square of the mean is taken away
        squares += np.einsum("i,i,i->", counts, ranks, ranks)
    if number < 2:
        return total / (number * many), np.nan
    off = total / number - 0.5 * many
    return total / (number * many), max(squares - number * off * off, 0.0) / (number - 1) / number / many**2


def area_limits(auc: float, error: float, sure: Confidence, method: str) -> tuple[float, float]:
    """Return DeLong's limits, on the logit or plain; none where the two kinds do not mix at all."""
    if np.isnan(error) or not 0 < auc < 1:
        return np.nan, np.nan
    if method == "delong":
        return max(auc - sure.z * error, 0.0), min(auc + sure.z * error, 1.0)
    logit, half = np.log(auc / (1 - auc)), sure.z * error / (auc * (1 - auc))
    low, high = 1 / (1 + np.exp(-(logit + np.array([-half, half]))))
    return float(low), float(high)


def area_difference(one: Array, other: Array, left: Any) -> tuple[float, float]:
    """Return by how much the second score of the same customers does better than the first, and the error of that."""
    found = [_placements(scores, left) for scores in (one, other)]
    change = float(found[1][0].mean() - found[0][0].mean())
    variance = sum(float(np.var(b - a, ddof=1)) / a.size if a.size > 1 else np.nan for a, b in zip(*found, strict=True))
    return change, float(np.sqrt(variance))


def _placements(scores: Array, left: Any) -> Limits:
    """Return for each customer the share of the other kind that is on the right side of it."""
    counts = tally(scores, left)
    at = np.searchsorted(counts.scores, scores)
    above = (counts.stayed.sum() - counts.stayed.cumsum() + counts.stayed / 2) / counts.stayed.sum()
    below = (counts.left.cumsum() - counts.left / 2) / counts.left.sum()
    return above[at][left], below[at][~left]


def risk_ratio(left: Array, some: Array, left_rest: Array, rest: Array, sure: Confidence) -> tuple[Array, Array, Array]:
    """Return how many times the rest's churn that of some is: square-and-add of Wilson's limits, on the log scale."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p, q = left / some, left_rest / rest
        (p_low, p_high), (q_low, q_high) = wilson(left, some, sure), wilson(left_rest, rest, sure)
        ratio = p / q
        down = np.hypot(np.log(p / p_low), np.log(q_high / q))
        up = np.hypot(np.log(p_high / p), np.log(q / q_low))
        low, high = ratio * np.exp(-down), ratio * np.exp(up)
        low = np.where(p == 0, 0.0, np.where(q == 0, p_low / q_high, low))
        high = np.where(q == 0, np.inf, np.where(p == 0, p_high / q, high))
    nothing = (some == 0) | (rest == 0) | ((p == 0) & (q == 0))
    return tuple(np.where(nothing, np.nan, x) for x in (ratio, low, high))  # type: ignore[return-value]
