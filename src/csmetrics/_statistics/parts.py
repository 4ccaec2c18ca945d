"""What a change of a ratio of sums consists of: rates, mix, and the segments that entered or left.

Kitagawa 1955 for the symmetrical halves, Das Gupta 1993 for several keys. Every part is of the form Σ(a·x + b·d) over
rows as far as its variance goes (x numerator, d base), so that it has a standard error wherever the rows have moments.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import Any, NamedTuple

import numpy as np

from csmetrics._statistics.confidence import ratio
from csmetrics._statistics.sums import Moments
from csmetrics.core._types import Array

Gradients = tuple[Any, Any, Any, Any]  # of x and d before, of x and d after: by segment, or one for all of them


class Parts(NamedTuple):
    """The parts of a change, as fractions; arrays have one value per segment."""

    before: float
    after: float
    within: Array
    mix: Array
    entered: Array
    left: Array
    common: Any
    rate_before: Array
    rate_after: Array
    share_before: Array  # of the base, within the segments of both periods
    share_after: Array
    base_before: float
    base_after: float
    common_before: float
    common_after: float

    @property
    def change(self) -> float:
        """What the parts add up to."""
        return self.after - self.before


def ratio_parts(x0: Array, d0: Array, x1: Array, d1: Array) -> Parts:
    """Take a change of Σx/Σd apart by segment; a segment without a base in a period counts as absent from it."""
    common = (d0 > 0) & (d1 > 0)
    r0, r1 = ratio(x0, np.where(d0 > 0, d0, 0)), ratio(x1, np.where(d1 > 0, d1, 0))
    whole_0, whole_1 = d0.sum(), d1.sum()
    both_0, both_1 = d0[common].sum(), d1[common].sum()
    w0, w1 = np.where(common, d0 / both_0, 0.0), np.where(common, d1 / both_1, 0.0)
    q0, q1 = np.where(common, r0, 0.0), np.where(common, r1, 0.0)
    total_0, total_1 = x0[common].sum() / both_0, x1[common].sum() / both_1
    middle = (total_0 + total_1) / 2
    gone, come = (d0 > 0) & ~common, (d1 > 0) & ~common
    return Parts(
        before=x0.sum() / whole_0,
        after=x1.sum() / whole_1,
        within=(q1 - q0) * (w0 + w1) / 2,
        mix=np.where(common, (w1 - w0) * ((q0 + q1) / 2 - middle), 0.0),
        entered=np.where(come, d1 / whole_1 * (np.nan_to_num(r1) - total_1), 0.0),
        left=np.where(gone, -d0 / whole_0 * (np.nan_to_num(r0) - total_0), 0.0),
        common=common,
        rate_before=r0,
        rate_after=r1,
        share_before=w0,
        share_after=w1,
        base_before=whole_0,
        base_after=whole_1,
        common_before=both_0,
        common_after=both_1,
    )


def gradients(parts: Parts) -> dict[str, Gradients]:
    """Return how the change, and each part of it, moves with a segment's numerator and base, before and after."""
    p, whole = parts, bool(parts.common.all())
    q0, q1 = np.where(p.common, p.rate_before, 0.0), np.where(p.common, p.rate_after, 0.0)
    w0, w1 = p.share_before, p.share_after
    moved, middle, weight, shifted = q1 - q0, (q0 + q1) / 2, (w0 + w1) / 2, (w1 - w0) / 2

    def inside(values: Array) -> Array:
        return values if whole else np.where(p.common, values, 0.0)

    with np.errstate(divide="ignore", invalid="ignore"):
        each_0, each_1 = inside(1 / (w0 * p.common_before)), inside(1 / (w1 * p.common_after))
    per_0, per_1, turn_0, turn_1 = weight * each_0, weight * each_1, shifted * each_0, shifted * each_1
    change = -1 / p.base_before, p.before / p.base_before, 1 / p.base_after, -p.after / p.base_after
    found: dict[str, Gradients] = {
        "change": change,
        "within": (
            -per_0,
            q0 * per_0 + inside((moved - (moved * w0).sum()) / (2 * p.common_before)),
            per_1,
            inside((moved - (moved * w1).sum()) / (2 * p.common_after)) - q1 * per_1,
        ),
        # the reference is the mean of both totals of the common segments; as the shares add up to 1 it drops out
        "mix": (
            turn_0,
            inside(((middle * w0).sum() - middle) / p.common_before) - q0 * turn_0,
            turn_1,
            inside((middle - (middle * w1).sum()) / p.common_after) - q1 * turn_1,
        ),
    }
    total_1 = p.after - p.entered.sum()  # of the common segments
    total_0 = p.before + p.left.sum()

    def outside(apart: float, common: float) -> Any:
        return common if whole else np.where(p.common, common, apart)

    found["entered"] = (
        0.0,
        0.0,
        outside(change[2], change[2] - 1 / p.common_after),
        outside(change[3], change[3] + total_1 / p.common_after),
    )
    found["left"] = (
        outside(change[0], change[0] + 1 / p.common_before),
        outside(change[1], change[1] - total_0 / p.common_before),
        0.0,
        0.0,
    )
    return found


def variance(found: Gradients, before: Moments, after: Moments) -> float:
    """Return the variance of a part, from the squares of the rows of each segment."""
    a0, b0, a1, b1 = found
    total = 0.0
    for a, b, m in ((a0, b0, before), (a1, b1, after)):
        total += float(np.sum(a * a * m.xx + 2 * (a * b) * m.xy + b * b * m.yy))
    return max(total, 0.0)


def shapley(everyone: int, some: int) -> float:
    """Return the weight of some who changed before, among everyone."""
    return factorial(some) * factorial(everyone - some - 1) / factorial(everyone)


def mix_by_key(codes: list[Array], base_0: Array, base_1: Array, rates: Array) -> list[Array]:
    """Take the mix effect apart by key (Das Gupta), free of the keys' order.

    Parameters
    ----------
    codes
        For each key, which of its values a cell has.
    base_0, base_1
        The base of each cell, all above 0.
    rates
        The mean rate of each cell.

    Returns
    -------
    list of ndarray
        For each key, the effect of each cell.
    """
    keys = range(len(codes))
    factors = [_factors(codes, base) for base in (base_0, base_1)]
    effects = []
    for key in keys:
        others = [k for k in keys if k != key]
        mean = np.zeros(rates.shape)
        for size in range(len(others) + 1):
            for after in combinations(others, size):
                product = np.ones(rates.shape)
                for k in others:
                    product = product * factors[k in after][k]
                mean += shapley(len(codes), size) * product
        effects.append((factors[1][key] - factors[0][key]) * mean * rates)
    return effects


def _factors(codes: list[Array], base: Array) -> list[Array]:
    """Write each cell's share as a product with one factor per key."""
    keys = range(len(codes))
    margins: dict[tuple[int, ...], Array] = {}

    def margin(kept: tuple[int, ...]) -> Array:
        """Sum the base over all keys but those kept, for each cell."""
        if kept not in margins:
            if not kept:
                margins[kept] = np.full(base.shape, base.sum())
            else:
                group: Any = codes[kept[0]]
                for k in kept[1:]:  # numbered anew for each key, so that no number gets too large
                    _, group = np.unique(group * (codes[k].max() + 1) + codes[k], return_inverse=True)
                margins[kept] = np.bincount(group, base)[group].astype(np.float64)
        return margins[kept]

    factors = []
    for key in keys:
        others = [k for k in keys if k != key]
        factor = np.ones(base.shape)
        for size in range(len(others) + 1):
            for some in combinations(others, size):
                more = margin(tuple(sorted((*some, key)))) / margin(some)
                factor = factor * more ** shapley(len(codes), size)
        factors.append(factor)
    return factors


def shapley_parts(value: Any, before: list[float], after: list[float]) -> list[float]:
    """Take a change of any function apart by its arguments: each one's mean effect over all orders of change."""
    everyone = range(len(before))
    cache: dict[frozenset[int], float] = {}

    def at(changed: frozenset[int]) -> float:
        if changed not in cache:
            cache[changed] = float(value([after[i] if i in changed else before[i] for i in everyone]))
        return cache[changed]

    effects = []
    for one in everyone:
        others = [i for i in everyone if i != one]
        effect = 0.0
        for size in range(len(others) + 1):
            for some in combinations(others, size):
                changed = frozenset(some)
                effect += shapley(len(before), size) * (at(changed | {one}) - at(changed))
        effects.append(effect)
    return effects
