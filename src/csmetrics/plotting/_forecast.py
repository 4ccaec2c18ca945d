"""A forecast drawn as a fan: the expected value, its limits, and what was observed so far."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from csmetrics.errors import MissingColumnError
from csmetrics.plotting._canvas import BLUE, Canvas
from csmetrics.plotting._words import sign_of

_EXPECTED: Final = ("estimate", "survival", "customers")  # the columns of what is expected, two of them by SBG.fan


def forecast(
    fan: pd.DataFrame, *, history: Any = None, unit: str = "", title: str = "Forecast", ax: Axes | None = None
) -> Axes:
    """Draw a forecast as a fan: the expected value, its limits, and what has been observed so far.

    Parameters
    ----------
    fan
        The fan of `csmetrics.survival.SBG`, or a row for each time, in order, with the columns `estimate`, `low` and
        `high`. Further pairs ``low_50`` and ``high_50`` are drawn as inner bands.
    history
        What was observed: a Series with the same kind of index.
    unit
        The unit of the values: ``"percent"``, ``"money"``. Retention is percent.
    title
        The title.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    MissingColumnError
        If the frame has no column `estimate`, or no pair of limits.

    Examples
    --------
    >>> import pandas as pd
    >>> from csmetrics import plotting
    >>> fan = pd.DataFrame({"estimate": [70.0, 60.0], "low": [65.0, 50.0], "high": [75.0, 70.0]}, index=[1, 2])
    >>> plotting.forecast(fan, unit="percent").get_ylabel()
    'percent'
    """
    columns = [*map(str, getattr(fan, "columns", []))]
    expected = next((column for column in _EXPECTED if column in columns), "")
    lows = [low for low in columns if re.match("low(_|$)", low) and low.replace("low", "high", 1) in columns]
    for wanted, found in (("estimate", expected), ("low", lows)):
        if not found:
            listed = f"this frame has {', '.join(map(repr, columns))}"
            raise MissingColumnError("plotting.forecast", wanted, f"no column {wanted!r}", listed)
    unit = unit or ("percent" if expected == "survival" else "")
    canvas = Canvas(ax, 7.2)
    ax = canvas.ax
    canvas.bare()
    if not len(fan) or fan[expected].isna().all():
        canvas.title(title)
        return canvas.nothing("No forecast")
    seen = (
        pd.Series(history, dtype="float64") if history is not None else pd.Series(dtype="float64", index=fan.index[:0])
    )
    both = seen.index.union(fan.index) if len(seen) else fan.index
    if isinstance(both, (pd.PeriodIndex, pd.DatetimeIndex)):
        place = pd.Series(canvas.times(both), index=both)
    else:
        place = pd.Series(both, index=both)
        canvas.numbers("", "x")
    x = place[fan.index].to_numpy(dtype=np.float64)
    for low, high in ((fan[column], fan[column.replace("low", "high", 1)]) for column in lows):
        band = ax.fill_between(x, low.to_numpy(float), high.to_numpy(float), color=BLUE, alpha=0.3, linewidth=0)
    one = len(fan) == 1
    if one:
        widest = "low" if "low" in lows else lows[-1]
        ax.vlines(x, fan[widest], fan[widest.replace("low", "high", 1)], color=BLUE, alpha=0.5, linewidth=5)
    style: Any = {"color": BLUE, "linestyle": (0, (5, 2)), "linewidth": 2, "marker": "o" if one else ""}
    (line,) = ax.plot(x, fan[expected].to_numpy(float), **style)
    handles, labels = [line, band], ["expected", "likely range"]
    if len(seen):
        x = place[seen.index].to_numpy(float)
        handles += ax.plot(x, seen.to_numpy(), color=canvas.ink, linewidth=2, marker="o", markersize=3.5)
        labels.append("observed")
    sign = sign_of(unit)
    canvas.numbers(sign)
    canvas.legend(handles, labels)
    canvas.title(title, unit)
    return ax
