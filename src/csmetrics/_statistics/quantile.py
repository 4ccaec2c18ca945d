"""Limits of the median of a Kaplan-Meier curve."""

from __future__ import annotations

import numpy as np

from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.kinds import Found
from csmetrics._statistics.samples import Sample
from csmetrics.core._survival import steps


def median(sample: Sample, sure: Confidence) -> Found:
    """Invert the log-log limits of the curve at one half (Brookmeyer and Crowley 1982)."""
    assert sample.rows is not None
    days, reached = sample.rows.columns["days"], sample.rows.columns["reached"] > 0
    n = np.array([float(days.size)])
    if not days.size:
        return Found(np.array([np.nan]), np.array([np.nan]), n, n)
    found = steps(days, reached)
    waiting, at_risk = found.waiting() / 100, found.at_risk()
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(found.reached / (at_risk * (at_risk - found.reached)))
        error = np.sqrt(greenwood) / np.abs(np.log(waiting))
        half = sure.z * error
        below, above = waiting ** np.exp(half), waiting ** np.exp(-half)
    some = found.reached > 0
    below = np.where(waiting >= 1, 1.0, np.where(waiting <= 0, 0.0, below))
    above = np.where(waiting >= 1, 1.0, np.where(waiting <= 0, 0.0, above))
    ends = []
    for curve in (below, above):
        there = some & (curve <= 0.5 * (1 + 1e-12))
        ends.append(float(found.times[there.argmax()]) if there.any() else np.inf)
    return Found(np.array([ends[0]]), np.array([ends[1]]), n, n)
