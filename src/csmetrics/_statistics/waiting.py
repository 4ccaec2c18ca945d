"""Limits of a Kaplan-Meier curve, of the times at which it falls to a share, and of the area under it.

Greenwood 1926; Brookmeyer and Crowley 1982 for the times.
"""

from __future__ import annotations

import numpy as np

from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.shares import Limits
from csmetrics.core._survival import Steps
from csmetrics.core._types import Array

CURVES = ("log-log", "greenwood")
_ALMOST = 1 + 1e-12  # a product of exact shares may round to just above


def _terms(found: Steps) -> Array:
    at_risk = found.at_risk()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(found.reached > 0, found.reached / (at_risk * (at_risk - found.reached)), 0.0)


def standard_errors(found: Steps, waiting: Array) -> Array:
    """Return Greenwood's standard error of each percent still waiting; NaN where nobody is left."""
    with np.errstate(invalid="ignore"):
        return np.where(waiting > 0, waiting * np.sqrt(np.cumsum(_terms(found))), np.nan)


def curve_limits(found: Steps, waiting: Array, sure: Confidence, method: str) -> Limits:
    """Return the limits of each percent still waiting; NaN where nobody is left."""
    error = standard_errors(found, waiting)
    if method == "greenwood":
        return np.clip(waiting - sure.z * error, 0, 100), np.clip(waiting + sure.z * error, 0, 100)
    share = waiting / 100
    with np.errstate(divide="ignore", invalid="ignore"):
        half = sure.z * error / (waiting * np.abs(np.log(share)))
        low, high = 100 * share ** np.exp(half), 100 * share ** np.exp(-half)
    return np.where(waiting >= 100, 100.0, low), np.where(waiting >= 100, 100.0, high)


def crossing(found: Steps, curve: Array, left: float) -> float:
    """Return the first time with a step at which a curve is down to a percentage; inf where it never is."""
    down = (found.reached > 0) & (curve <= left * _ALMOST)
    return float(found.times[down.argmax()]) if down.any() else np.inf


def quantile_limits(found: Steps, waiting: Array, percent: float, sure: Confidence, method: str) -> tuple[float, float]:
    """Return the times by which, by the limits of the curve, a percentage has reached the event."""
    limits = curve_limits(found, waiting, sure, method)
    low, high = (crossing(found, np.where(waiting <= 0, 0.0, curve), 100 - percent) for curve in limits)
    return low, high


def area_error(found: Steps, after: Array) -> float:
    """Return the standard error of the area under the curve, from the area after each step."""
    terms = np.where(after > 0, _terms(found), 0.0)
    return float(np.sqrt((after * after * terms).sum()))
