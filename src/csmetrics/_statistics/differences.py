"""Differences of two figures, for many pairs at once: their limits, and the p-value that is the limits' inversion.

Newcombe 1998 for shares; Zou and Donner 2008 for any two figures with limits of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from csmetrics._statistics.confidence import FURTHEST, Confidence, ratio, t_tail, tail
from csmetrics._statistics.kinds import Asked, Found, balance, mean_error, worth
from csmetrics._statistics.methods import limits, method_of
from csmetrics._statistics.samples import Sample
from csmetrics._statistics.shares import Limits
from csmetrics.core._types import Array

_STEPS = 44  # halvings of the range in which the p-value's quantile lies
_SPARE = 4  # steps beyond that, so that interpolation may try
_CLOSE = FURTHEST * 0.5**_STEPS

DIFFERENCES = {
    "share": ("newcombe", "wald", "pooled-z", "fisher"),
    "trinomial": ("adjusted-wald", "wald"),
    "mean": ("welch",),
}


class Change(NamedTuple):
    """The differences, after minus before, in the metric's unit."""

    difference: Array
    low: Array
    high: Array
    p_value: Array
    statistic: float = np.nan


def differ(
    before: Sample, after: Sample, sure: Confidence, method: str, correction: bool = False, *, p: bool = True
) -> Change:
    """Return the differences of two samples by the method that is named; without `p`, limits alone."""
    change = after.estimate - before.estimate
    if method == "adjusted-wald" or (method == "wald" and after.sums.kind == "trinomial"):
        return _of_balances(before, after, sure, change, method, p)
    if method in ("wald", "pooled-z"):
        return _of_shares(before, after, sure, change, method == "pooled-z", correction)
    if method == "fisher":
        return _fisher(before, after, change)
    if method == "welch":
        return _welch(before, after, sure, change)
    return added(change, lambda z: _ends(before, after, Confidence(z)), sure, p)


def _ends(before: Sample, after: Sample, sure: Confidence) -> tuple[Limits, Limits]:
    found: list[Found] = [limits(s, Asked(sure, method_of(s, None))) for s in (before, after)]
    first, second = found
    return (first.low - before.estimate, first.high - before.estimate), (
        second.low - after.estimate,
        second.high - after.estimate,
    )


def added(change: Array, ends: Callable[[Any], tuple[Limits, Limits]], sure: Confidence, p: bool = True) -> Change:
    """Square and add how far the limits of both figures are from them; invert that for the p-value.

    Parameters
    ----------
    change
        The differences.
    ends
        Takes a normal quantile and gives, of the figure before and of the one after, how far its low and its high limit
        are away from it, with their signs.
    sure
        The confidence.
    p
        Whether the p-value is wanted, which costs many times the limits.
    """

    def both(z: Any) -> Limits:
        (low_0, high_0), (low_1, high_1) = ends(z)
        return change - np.hypot(low_1, high_0), change + np.hypot(high_1, low_0)

    low, high = both(sure.z)
    return Change(change, low, high, inverted(change, both) if p else np.full(change.shape, np.nan))


def inverted(change: Array, both: Callable[[Any], Limits]) -> Array:
    """Return 1 minus the largest confidence at which the limits exclude 0.

    The quantile is found by the steps of Oliveira and Takahashi 2020 (ITP): interpolation, which needs few steps as the
    limits are nearly linear in it, kept close enough to halving that it never needs many more.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        low, high = both(np.full(change.shape, 1.0))
        unknown = np.isnan(low) | np.isnan(high)
        near, far = np.zeros(change.shape), np.where(unknown | (change == 0), 0.0, FURTHEST)
        first, last = np.abs(change), _outside(*both(far))
        near = np.where((last > 0) & (_outside(*both(far / 2)) > 0), far, near)  # beyond what a float can tell
        last = np.where(last < 0, last, -np.inf)
        for step in range(_STEPS + _SPARE):
            width, middle = far - near, (near + far) / 2
            if not (width > _CLOSE).any():
                break
            line = np.where(np.isfinite(last), (last * near - first * far) / (last - first), middle)
            toward = np.sign(middle - line)
            nudge = np.minimum(np.maximum(0.2 / FURTHEST * width**2, _CLOSE / 2), np.abs(middle - line))
            room = np.maximum(_CLOSE / 2 * 2.0 ** (_STEPS + _SPARE - step) - width / 2, 0)
            at = middle - toward * np.minimum(np.abs(middle - line) - nudge, room)
            found = _outside(*both(at))
            excluded = found > 0
            near, first = np.where(excluded, at, near), np.where(excluded, found, first)
            far, last = np.where(excluded, far, at), np.where(excluded, last, found)
    return np.where(unknown, np.nan, tail(near))


def _outside(low: Array, high: Array) -> Array:
    """Return how far 0 lies outside the limits; negative inside them, and where they are unknown."""
    return np.nan_to_num(np.maximum(low, -high), nan=-np.inf, posinf=np.inf, neginf=-np.inf)


def centred(change: Array, centre: Array, error: Array, reach: Any, p_of: Callable[[Array], Array]) -> Change:
    """Return limits around a centre, widened to hold the difference itself; then it may not exclude 0."""
    low, high = np.minimum(centre - reach * error, change), np.maximum(centre + reach * error, change)
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.abs(centre) / error
    p = np.where(change * centre > 0, p_of(np.where(error > 0, far, np.inf)), 1.0)
    unknown = np.isnan(low) | np.isnan(high)
    return Change(change, low, high, np.where(unknown, np.nan, p))


def _of_balances(before: Sample, after: Sample, sure: Confidence, change: Array, method: str, p: bool) -> Change:
    parts = [balance(s, worth(s, sure)[1], method) for s in (before, after)]
    if before.customers or after.customers:  # what answers are worth depends on the confidence, so is halved for

        def both(z: Any) -> Limits:
            at = Confidence(z)
            (m0, v0), (m1, v1) = (balance(s, worth(s, at)[1], method) for s in (before, after))
            half = z * np.sqrt(v0 + v1)
            low, high = 100 * (m1 - m0 - half), 100 * (m1 - m0 + half)
            return np.minimum(low, change), np.maximum(high, change)

        low, high = both(sure.z)
        return Change(change, low, high, inverted(change, both) if p else np.full(change.shape, np.nan))
    (m0, v0), (m1, v1) = parts
    return centred(change, 100 * (m1 - m0), 100 * np.sqrt(v0 + v1), sure.z, _tails)


def _tails(far: Array) -> Array:
    return np.asarray(tail(np.minimum(np.nan_to_num(far, nan=0.0), FURTHEST)))


def _of_shares(
    before: Sample, after: Sample, sure: Confidence, change: Array, pooled: bool, correction: bool
) -> Change:
    """Return Wald's limits, or those of the pooled test; corrected, as prop.test of R does."""
    (n0, k0), (n1, k1) = ((s.total(s.sums.bottom), s.total(s.sums.top)) for s in (before, after))
    p0, p1, p = ratio(k0, n0), ratio(k1, n1), ratio(k0 + k1, n0 + n1)
    one = 0 * p0 + 1
    each = p * (1 - p) * (ratio(one, n0) + ratio(one, n1))
    apart = ratio(p0 * (1 - p0), n0) + ratio(p1 * (1 - p1), n1)
    variance = each if pooled else apart
    moved = np.abs(p1 - p0)
    off = np.minimum(0.5 * (ratio(one, n0) + ratio(one, n1)), moved) if correction else 0 * p0
    half = sure.z * np.sqrt(variance) + off
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(variance > 0, (moved - off) / np.sqrt(variance), np.where(moved > off, np.inf, 0.0))
        chi2 = np.where(each > 0, (moved - off) ** 2 / each, np.nan)
    statistic = float(chi2[0]) if change.size == 1 else np.nan
    unknown = np.isnan(p0) | np.isnan(p1)
    p_value = np.where(unknown, np.nan, np.where(change == 0, 1.0, _tails(far)))
    return Change(change, change - 100 * half, change + 100 * half, p_value, statistic)


def _fisher(before: Sample, after: Sample, change: Array) -> Change:
    """Return Fisher's exact p-value: a test with no interval of its own."""
    from csmetrics._statistics.confidence import special

    special()
    from scipy.stats import fisher_exact  # type: ignore[import-untyped,unused-ignore]

    tables = [
        [[k1, n1 - k1], [k0, n0 - k0]]
        for k0, n0, k1, n1 in zip(
            *(s.total(terms) for s in (before, after) for terms in (s.sums.top, s.sums.bottom)), strict=True
        )
    ]
    p = np.array([float(fisher_exact(table)[1]) for table in tables])
    return Change(change, np.full(change.shape, np.nan), np.full(change.shape, np.nan), p)


def _welch(before: Sample, after: Sample, sure: Confidence, change: Array) -> Change:
    (e0, n0), (e1, n1) = mean_error(before), mean_error(after)
    v0, v1 = e0 * e0, e1 * e1
    degrees = ratio((v0 + v1) ** 2, ratio(v0 * v0, n0 - 1) + ratio(v1 * v1, n1 - 1))
    degrees = np.where(v0 + v1 > 0, degrees, n0 + n1 - 2)
    error = np.sqrt(v0 + v1)
    return centred(change, change, error, sure.t(degrees), lambda far: t_tail(far, degrees))
