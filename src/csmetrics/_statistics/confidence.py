"""How sure an interval is to be, and the quantiles that follow: the normal's by Python itself, all others by scipy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import erfc, inf, nan, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from csmetrics.core._options import is_number
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, from_outside, shown

QUIET = np.errstate(over="ignore", divide="ignore", invalid="ignore")  # what has no value is NaN, or without end
_MANY = 1000  # figures for which it pays to look for equal ones
FURTHEST = 38.0  # standard errors: beyond it the normal's tail is below the smallest float


def special() -> Any:
    """Return the functions of scipy that quantiles of t, beta and gamma need."""
    try:
        import scipy.special  # type: ignore[import-untyped,unused-ignore]
    except ImportError as missing:
        needed = 'exact and t-based methods need scipy: pip install "csmetrics[stats]"'
        raise from_outside(ImportError(needed)) from missing
    return scipy.special


def tail(z: Any) -> Any:
    """Return the share of a normal distribution further than `z` from its middle, on either side."""
    found = np.vectorize(erfc, otypes=[np.float64])(np.abs(z) * sqrt(0.5))
    return found if np.ndim(z) else float(found)


class Confidence:
    """A confidence, as the normal quantile `z`; an array of quantiles works on as many figures at once.

    Parameters
    ----------
    z
        How many standard errors a normal interval reaches to either side.
    """

    def __init__(self, z: Any) -> None:
        self.z = z

    @classmethod
    def percent(cls, metric: str, confidence: Any) -> Confidence:
        """Read a confidence in percent; refuse what cannot be meant."""
        return cls(NormalDist().inv_cdf(0.5 + percent(metric, "confidence", confidence) / 200))

    @cached_property
    def alpha(self) -> Any:
        """The share that is left out on both sides together."""
        return tail(self.z)

    def t(self, degrees: Any) -> Any:
        """Return the quantile of t; NaN where there is no degree of freedom."""
        degrees = np.asarray(degrees, dtype=np.float64)
        safe = np.where(degrees > 0, degrees, 1.0)
        found = -special().stdtrit(safe, np.asarray(self.alpha) * 0.5)
        found = np.where(np.isinf(degrees), self.z, found)  # which not every scipy knows
        return np.where(degrees > 0, found, nan)


def of_counts(function: Callable[..., tuple[Array, ...]], *counts: Any) -> tuple[Array, ...]:
    """Compute a function of counts once for each that occurs: quantiles are slow, and many groups have the same counts.

    Parameters
    ----------
    function
        Takes arrays of float64 of one length, and returns some.
    *counts
        As many arrays. Where they are no counts, or large for how few they are, the function takes them as they are.
    """
    given = [np.asarray(values, dtype=np.float64) for values in counts]
    size, cells, tops, key = given[0].size, 1, [], np.zeros(given[0].shape, np.int64)
    for values in given:
        if values.ndim != 1 or size < _MANY or not (values.min() >= 0 and values.max() < 2 * size):
            return function(*given)
        whole = values.astype(np.int64)
        tops.append(int(whole.max()) + 1)
        cells *= tops[-1]
        if cells > 2 * size or (whole != values).any():
            return function(*given)
        key *= tops[-1]
        key += whole
    occurring = np.flatnonzero(np.bincount(key, minlength=cells))
    table = np.empty(cells)
    found = []
    for values in function(*(place.astype(np.float64) for place in np.unravel_index(occurring, tops))):
        table[occurring] = values
        found.append(table[key])
    return tuple(found)


def percent(metric: str, argument: str, value: Any) -> float:
    """Read a confidence or a power, in percent: 95 is 95 %."""
    if is_number(value) and 50 <= value < 100:
        return float(value)
    hint = (
        f"{argument} is percent: {value * 100:g}"
        if is_number(value) and 0 < value < 1
        else f"{argument}=95 is the usual one"
    )
    rule = "must be percent, from 50 to below 100"
    raise MetricInputError(metric, argument, rule, f"got {shown(value)}", hint)


def t_tail(statistic: Any, degrees: Any) -> Any:
    """Return the share of a t distribution further than `statistic` from its middle, on either side."""
    far = np.abs(np.asarray(statistic, dtype=np.float64))
    degrees = np.asarray(degrees, dtype=np.float64)
    found = 2 * special().stdtr(np.where(degrees > 0, degrees, 1.0), -far)
    found = np.where(np.isinf(degrees), tail(np.where(np.isnan(far), 0.0, far)), found)
    return np.where((degrees > 0) & ~np.isnan(far), found, nan)


def chi2_tail(statistic: float, degrees: int) -> float:
    """Return the share of a chi-squared distribution beyond `statistic`."""
    if degrees == 1:
        return float(tail(sqrt(statistic)))
    return float(special().chdtrc(degrees, statistic)) if statistic < inf else 0.0


def ratio(top: Any, bottom: Any) -> Array:
    """Divide; NaN where the bottom is 0."""
    top, bottom = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom != 0, top / bottom, nan)
