"""Plots of what csmetrics computes, with matplotlib: every function takes ``ax=None`` and returns the Axes.

The same plots are methods where the data lives: ``grid.plot()``, ``df.csm.plot.bridge()``, ``curve.plot()``.
"""

try:
    import matplotlib as _  # noqa: F401 - before the files that need it
except ImportError as _missing:
    raise ImportError('plots need matplotlib: pip install "csmetrics[plot]"') from _missing

from csmetrics.plotting._answers import nps
from csmetrics.plotting._decomposition import decomposition
from csmetrics.plotting._forecast import forecast
from csmetrics.plotting._health import health
from csmetrics.plotting._money import bridge, movements
from csmetrics.plotting._retention import curves, layers, retention
from csmetrics.plotting._scorecard import scorecard
from csmetrics.plotting._survival import survival
from csmetrics.plotting._trend import over_time, small_multiples
from csmetrics.plotting._usage import active_users, funnel, lifecycle

__all__ = [
    "active_users",
    "bridge",
    "curves",
    "decomposition",
    "forecast",
    "funnel",
    "health",
    "layers",
    "lifecycle",
    "movements",
    "nps",
    "over_time",
    "retention",
    "scorecard",
    "small_multiples",
    "survival",
]
