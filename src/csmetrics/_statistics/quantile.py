"""Limits of the median of a Kaplan-Meier curve."""

from __future__ import annotations

import numpy as np

from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.kinds import Found
from csmetrics._statistics.samples import Sample
from csmetrics._statistics.waiting import quantile_limits
from csmetrics.core._survival import steps


def median(sample: Sample, sure: Confidence) -> Found:
    """Invert the log-log limits of the curve at one half (Brookmeyer and Crowley 1982)."""
    assert sample.rows is not None
    days, reached = sample.rows.columns["days"], sample.rows.columns["reached"] > 0
    n = np.array([float(days.size)])
    if not days.size:
        return Found(np.array([np.nan]), np.array([np.nan]), n, n)
    found = steps(days, reached)
    low, high = quantile_limits(found, found.waiting(), 50, sure, "log-log")
    return Found(np.array([low]), np.array([high]), n, n)
