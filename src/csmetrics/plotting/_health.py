"""Health scores drawn: the customers in each band, and the churn rate of each band with its interval."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from csmetrics._statistics.interval import interval
from csmetrics.core.retention import churn_rate
from csmetrics.errors import MissingColumnError
from csmetrics.plotting._canvas import Canvas
from csmetrics.plotting._frame import refuse
from csmetrics.plotting._words import compact

_BANDS: Final = ("red", "yellow", "green")
_BAND_COLORS: Final = ("#c23b3b", "#e0a526", "#2f8f5b")


def health(scores: pd.DataFrame, churned: Any = None, *, confidence: float = 95, ax: Axes | None = None) -> Axes:
    """Draw how many customers are in each health band; with `churned`, the churn rate of each band and its interval.

    Parameters
    ----------
    scores
        The frame of `csmetrics.HealthScore.score`: its column ``band``.
    churned
        For each customer of `scores`, whether it left afterwards: booleans, or the name of a column.
    confidence
        Percent, of the interval.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    MissingColumnError
        If `scores` has no column ``band``.
    MetricInputError
        If `churned` is not as long as `scores`.

    Examples
    --------
    >>> import pandas as pd
    >>> from csmetrics import plotting
    >>> scores = pd.DataFrame({"band": ["red", "red", "green", "green"]})
    >>> plotting.health(scores, [True, False, False, False]).get_ylabel()
    'percent that left'
    """
    band = _column(scores, "band").astype(object)
    canvas = Canvas(ax, 5.6, 3.8)
    ax = canvas.ax
    canvas.bare()
    known = [one for one in _BANDS if (band == one).any()]
    if not known:
        canvas.title("Customers by health band")
        return canvas.nothing("No customer has a score")
    counts = np.array([(band == one).sum() for one in known])
    colors = [_BAND_COLORS[_BANDS.index(one)] for one in known]
    names = [f"{one} ({compact(float(count))})" for one, count in zip(known, counts, strict=True)]
    if churned is None:
        heights, limits = counts.astype(float), None
        texts = [compact(float(count)) for count in counts]
        canvas.numbers()
        canvas.title("Customers by health band", "customers")
        names = known
    else:
        gone = np.asarray(_column(scores, churned) if isinstance(churned, str) else churned)
        if gone.shape != (len(scores),):
            raise refuse("health", "churned", "must be as long as `scores`", f"got {gone.size} for {len(scores)}")
        lost = np.array([(gone[(band == one).to_numpy()] == 1).sum() for one in known])
        heights = churn_rate(lost, counts)
        found = interval("churn_rate", confidence=confidence, lost=lost, start=counts)
        limits = np.clip([heights - found["low"].to_numpy(), found["high"].to_numpy() - heights], 0, None)
        texts = [compact(float(height), "%") for height in heights]
        canvas.numbers("%")
        canvas.title("Churn by health band", "percent that left", f"band (customers), {confidence:g}% interval")
    ax.bar(range(len(known)), heights, 0.62, color=colors, edgecolor=canvas.ink, linewidth=0.7)
    if limits is not None:
        ax.errorbar(range(len(known)), heights, limits, fmt="none", ecolor=canvas.ink, capsize=4, linewidth=1.2)
    tops = heights if limits is None else heights + limits[1]
    ax.set_ylim(0, max(float(tops.max()), 1e-9))
    canvas.settle()
    canvas.bars(names)
    canvas.above(0, np.maximum(tops, 1e-9), texts)
    return ax


def _column(frame: Any, wanted: str) -> pd.Series[Any]:
    hint = "HealthScore.score(frame) makes it"
    if not isinstance(frame, pd.DataFrame):
        raise refuse("health", "scores", "must be a pandas DataFrame", f"got a {type(frame).__name__}", hint)
    if wanted not in frame.columns:
        listed = ", ".join(map(repr, frame.columns))
        raise MissingColumnError("plotting.health", wanted, f"no column {wanted!r}", f"this frame has {listed}", hint)
    return frame[wanted]
