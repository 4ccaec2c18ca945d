"""Survival drawn: the percentage still waiting as a step curve with its band, a line for each group."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from csmetrics.plotting._canvas import BLUE, Canvas
from csmetrics.plotting._frame import refuse
from csmetrics.plotting._words import compact, names
from csmetrics.survival.curve import Survival
from csmetrics.survival.curves import Curves

_STEPS: Final = 200  # times of a band


def survival(curve: Survival | Curves, *, confidence: float = 95, unit: str = "", ax: Axes | None = None) -> Axes:
    """Draw the percentage still waiting after each time as a step curve, with its band; a line for each group.

    Parameters
    ----------
    curve
        The result of `csmetrics.survival.kaplan_meier` or `csmetrics.survival.kaplan_meier_from_dates`.
    confidence
        Percent, of the band.
    unit
        The unit of the times, for the axis: ``"days"``.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    MetricInputError
        If `curve` is no curve of survival.

    Examples
    --------
    >>> import csmetrics as csm
    >>> curve = csm.survival.kaplan_meier([2, 3, 3, 5, 8], [True, True, False, True, False])
    >>> curve.plot(unit="days").get_xlabel()
    'days since the start'
    """
    if not isinstance(curve, (Survival, Curves)):
        raise refuse("survival", "curve", "must be a curve of survival", f"got a {type(curve).__name__}")
    canvas = Canvas(ax)
    ax = canvas.ax
    canvas.bare()
    title, x_name = "Still waiting", f"{unit or 'time'} since the start"
    curves = {"": curve} if isinstance(curve, Survival) else {}
    if isinstance(curve, Curves):
        curves = dict(zip(names(curve.groups), map(curve.__getitem__, curve.groups), strict=True))
    curves = {label: one for label, one in curves.items() if len(one.table)}
    if not curves:
        canvas.title(title)
        return canvas.nothing("No customers")
    lines = []
    for place, (label, one) in enumerate(curves.items()):
        times = np.append(0.0, one.table.index.to_numpy(dtype=np.float64))
        style = {**canvas.series(place), "marker": ""} if label else {"color": BLUE, "linewidth": 2}
        lines += ax.step(times, np.append(100.0, one.table["survival"].to_numpy()), where="post", **style)
        known, low, high = _band(one, confidence)
        if known.size > 1:
            ax.fill_between(known, low, high, step="post", color=style["color"], alpha=0.3, linewidth=0)
    ax.set_ylim(0, 102)
    ax.set_xlim(left=0)
    canvas.numbers("", "x")
    canvas.numbers("%")
    median = curve.median if isinstance(curve, Survival) else np.nan
    if np.isfinite(median):
        lines.append(ax.plot([median, median], [0, 50], color=canvas.ink, linestyle=(0, (1, 1.5)), linewidth=1.4)[0])
    if len(curves) > 1 or "" not in curves:
        canvas.legend(lines, list(curves))
    elif np.isfinite(median):
        canvas.legend(lines[1:], [f"median {compact(float(median))}{f' {unit}' if unit else ''}"])
    canvas.title(title, "percent still waiting", x_name)
    return ax


def _band(curve: Survival, confidence: float) -> tuple[Any, Any, Any]:
    """Return times, and the curve's limits at each of them; of a long curve, as many as can be told apart."""
    times = curve.table.index.to_numpy(dtype=np.float64)
    times = times[np.unique(np.linspace(0, times.size - 1, min(times.size, _STEPS)).astype(int))]
    found = [curve.interval(float(time), confidence=confidence) for time in times]
    low, high = (np.array([100.0, *(getattr(one, end) for one in found)]) for end in ("low", "high"))
    return np.append(0.0, times), low, high
