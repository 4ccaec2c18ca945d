"""`csm.sample_size`: how many answers or customers it takes."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, isfinite, sqrt
from statistics import NormalDist
from typing import Any

from csmetrics._statistics.confidence import percent
from csmetrics.core._options import is_number
from csmetrics.core._registry import Registration, registered
from csmetrics.core._sums import sampled_of
from csmetrics.errors import MetricInputError, shown


def sample_size(
    metric: Callable[..., Any] | str,
    /,
    *,
    margin: float | None = None,
    detect: float | None = None,
    base: float | None = None,
    spread: float | None = None,
    confidence: float = 95,
    power: float = 80,
) -> int:
    """Count the answers or customers that an interval so narrow, or the proof of such a change, takes.

    Parameters
    ----------
    metric
        A share, a score from answers for and against (NPS), a mean, or a rate per exposure.
    margin
        How far the interval may reach to either side, in the metric's unit.
    detect
        Instead: the change to be found, in the metric's unit. A change of a share is taken towards 50 %, the dearer
        way, unless it is negative or `base` lies at an end.
    base
        The figure that is expected: a share (50 unless given, the worst case, for a margin), or a rate.
    spread
        For means: the standard deviation of one answer. For scores: that of one answer, 100 points at the most and
        unless given.
    confidence, power
        Percent: how sure the interval is; how likely the change is found.

    Returns
    -------
    int
        How many in all for a margin, in each of the two groups for a change.

    Raises
    ------
    MetricInputError
        If neither or both of margin and detect are given, or one cannot be right.

    Notes
    -----
    Shares are compared as by the pooled test (Fleiss), without a correction. For scores the margin is that of the
    adjusted Wald interval: a few answers fewer may be no wider.

    Examples
    --------
    >>> import csmetrics as csm
    >>> csm.sample_size(csm.nps, margin=3)
    4266
    >>> csm.sample_size(csm.churn_rate, detect=2, base=5, power=80)
    2213
    """
    spec = registered(metric, "sample_size")
    kind = sampled_of(spec).kind
    if kind not in ("share", "trinomial", "mean", "exposure"):
        rule = "must be a share, a score, a mean or a rate per exposure"
        raise MetricInputError(spec.name, "metric", rule, f"this is {kind}")
    if (margin is None) == (detect is None):
        rule, found = "must be given, or detect, and not both", "got none" if margin is None else "got both"
        raise MetricInputError(spec.name, "margin", rule, found)
    z = NormalDist().inv_cdf(0.5 + percent(spec.name, "confidence", confidence) / 200)
    strength = NormalDist().inv_cdf(percent(spec.name, "power", power) / 100)
    wanted = _number(spec, "margin" if detect is None else "detect", margin if detect is None else detect)
    if wanted == 0 or (margin is not None and wanted < 0):
        raise MetricInputError(spec.name, "margin" if detect is None else "detect", "must be > 0", f"got {wanted:g}")
    if kind == "share":
        return _share(spec, wanted, detect is None, base, z, strength)
    variance = _variance(spec, kind, base, spread)
    if detect is not None:
        after = variance
        if kind == "exposure":
            after = variance + wanted * (100 if spec.unit == "percent" else 1)
        return _up((z + strength) ** 2 * (variance + after) / wanted**2)
    return _up(z * z * variance / wanted**2 - (3 if kind == "trinomial" else 0))


def _share(spec: Registration, wanted: float, margin: bool, base: Any, z: float, strength: float) -> int:
    if base is None and not margin:
        hint = "the share today, in percent"
        raise MetricInputError(spec.name, "base", "is required to detect a change", "not given", hint)
    first = (50.0 if base is None else _number(spec, "base", base)) / 100
    if not 0 <= first <= 1:
        raise MetricInputError(spec.name, "base", "must be between 0 and 100", f"got {shown(base)}")
    if margin:
        return _up(z * z * first * (1 - first) / (wanted / 100) ** 2)
    second = first + wanted / 100 if first <= 0.5 or wanted < 0 else first - wanted / 100
    if not 0 <= second <= 1:
        raise MetricInputError(spec.name, "detect", "must lead to a share between 0 and 100", f"got {100 * second:g}")
    both = (first + second) / 2
    apart = z * sqrt(2 * both * (1 - both)) + strength * sqrt(first * (1 - first) + second * (1 - second))
    return _up((apart / (first - second)) ** 2)


def _variance(spec: Registration, kind: str, base: Any, spread: Any) -> float:
    if kind == "exposure":
        if base is None:
            raise MetricInputError(spec.name, "base", "is required", "not given", "the rate today")
        return _number(spec, "base", base) * (100 if spec.unit == "percent" else 1)
    if spread is None and kind == "mean":
        hint = "the standard deviation of one answer, from earlier ones"
        raise MetricInputError(spec.name, "spread", "is required for a mean", "not given", hint)
    value = 100.0 if spread is None else _number(spec, "spread", spread)
    if value <= 0 or (kind == "trinomial" and value > 100):
        raise MetricInputError(spec.name, "spread", "must be above 0, and at most 100 for a score", f"got {value:g}")
    return value * value


def _number(spec: Registration, name: str, value: Any) -> float:
    if not is_number(value) or not isfinite(value):
        raise MetricInputError(spec.name, name, "must be a number, in the metric's unit", f"got {shown(value)}")
    return float(value)


def _up(value: float) -> int:
    return max(1, ceil(value - 1e-9))
