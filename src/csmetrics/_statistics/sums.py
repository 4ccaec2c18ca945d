"""Intervals of ratios of sums over customers, from the sums of squares of those customers.

`Moments` are sums over units: they add over groups, so every grain and every engine has them. Kish 1965 for the
effective number of units; Zou and Donner 2008 for limits that are squared and added.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from csmetrics._statistics.confidence import Confidence, ratio
from csmetrics._statistics.shares import Limits, wilson
from csmetrics.core._types import Array


class Moments(NamedTuple):
    """Sums over units of a numerator x, a base y, and their squares and product."""

    x: Any
    y: Any
    xx: Any
    xy: Any
    yy: Any

    @property
    def ratio(self) -> Array:
        """The ratio of the sums."""
        return ratio(self.x, self.y)

    def squares_around(self, value: Any) -> Array:
        """Return the sum over units of (x - value * y)²."""
        found = self.xx - 2 * value * self.xy + value * value * self.yy
        # what is left of a difference of large sums is rounding
        return np.asarray(np.where(found > 1e-12 * (np.abs(self.xx) + value * value * self.yy), found, 0.0))

    @property
    def variance(self) -> Array:
        """The linearised variance of the ratio."""
        return ratio(self.squares_around(self.ratio), self.y * self.y)

    @property
    def kish(self) -> Array:
        """How many units of equal size the base is worth."""
        return ratio(self.y * self.y, self.yy)


def effective(moments: Moments) -> Array:
    """Return the units that a share of money is worth: the fewer of Kish's and of what its variance says."""
    share = np.clip(moments.ratio, 0, 1)
    variance = moments.variance
    by_variance = np.where(variance > 0, ratio(share * (1 - share), np.where(variance > 0, variance, 1.0)), np.inf)
    return np.fmin(moments.kish, by_variance)


def money_share(moments: Moments, sure: Confidence) -> Limits:
    """Return Wilson's limits of a share of money, at the effective number of customers."""
    units = effective(moments)
    return wilson(np.clip(moments.ratio, 0, 1) * units, units, sure)


def net(losses: Moments, gains: Moments, sure: Confidence) -> Limits:
    """Return the limits of gains less losses over one base: those of each, squared and added."""
    lost, gained = losses.ratio, gains.ratio
    lost_low, lost_high = money_share(losses, sure)
    # without a gain its limits are its own, and t has nothing to add
    half = np.where(gains.xx > 0, sure.t(gains.kish - 1) * np.sqrt(gains.variance), 0.0)
    low = gained - lost - np.hypot(lost_high - lost, half)
    high = gained - lost + np.hypot(lost - lost_low, half)
    return low, high


def around(centre: Any, error: Any, sure: Confidence, degrees: Any) -> Limits:
    """Return the limits so many standard errors away, by t."""
    half = sure.t(degrees) * error
    return centre - half, centre + half


def clustered(moments: Moments, spread: Any, counts: Any, units: Any, sure: Confidence) -> Array:
    """Return how many independent answers those of some customers are worth.

    Parameters
    ----------
    moments
        Of each customer's sums.
    spread
        The variance of one answer.
    counts
        How many answers are in each group.
    units
        How many customers gave them.
    sure
        The confidence: with few customers t reaches further than z, and the answers are worth less.
    """
    variance = moments.variance
    some = variance > 0
    worth = np.where(some, ratio(spread, np.where(some, variance, 1.0)) * ratio(sure.z, sure.t(units - 1)) ** 2, units)
    return np.asarray(np.fmin(worth, counts))
