"""NPS drawn: the shares of the answers, and the score with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from csmetrics._accessors.cohorts import Cohorts
from csmetrics.core._numeric import percents
from csmetrics.core.survey import nps as score
from csmetrics.plotting._canvas import BLUE, ORANGE, PALE_GREY, Canvas, on, width
from csmetrics.plotting._frame import columns, grain_of, totals
from csmetrics.plotting._words import compact, label

_ANSWERS = ["detractors", "passives", "promoters"]


def nps(frame: Any, *, confidence: float = 95, ax: Axes | None = None) -> Axes:
    """Draw the shares of detractors, passives and promoters as a bar, with the NPS and its interval beside it.

    Parameters
    ----------
    frame
        The frame of `csmetrics.cohorts.survey`, or ``df.csm`` at any grain: one bar for each row, each group or the
        total.
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
        If the frame has no column `promoters`, `passives` or `detractors`.
    MetricInputError
        If `confidence` is not between 50 and 100.

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame({"promoters": [60], "passives": [20], "detractors": [20]}, index=["June"])
    >>> answers.csm.plot.nps().texts[0].get_text()
    'NPS 40 [23, 54]'
    """
    grain = grain_of(frame)
    columns(grain, "plotting.nps", _ANSWERS)
    table = totals(grain, _ANSWERS, grain.keys)
    labels = ["total"] if grain.keys == () else [label(key) for key in table.index]
    canvas = Canvas(ax, 7.2, max(1.5 + 0.42 * len(table), 2.4))
    ax = canvas.ax
    canvas.bare("")
    everyone = table.sum(axis=1, skipna=False).to_numpy()
    if not np.nansum(everyone, initial=0.0) > 0:
        canvas.title("Net Promoter Score")
        return canvas.nothing("No answers")
    figures = score(*(table[one].to_numpy() for one in ("promoters", "passives", "detractors")))
    limits = Cohorts(table.reset_index(drop=True)).interval("nps", confidence=confidence)
    low, high = np.ravel(limits.low), np.ravel(limits.high)
    left = np.zeros(len(table))
    shares: list[tuple[Any, Any, str]] = []
    for one, color in zip(_ANSWERS, (ORANGE, PALE_GREY, BLUE), strict=True):
        share = percents(table[one].to_numpy(), everyone)
        ax.barh(range(len(table)), share, 0.7, left, color=color, edgecolor=canvas.paper)
        shares.append((left, share, color))
        left = left + np.nan_to_num(share)
    canvas.whole(dict(enumerate(labels)), upright=True)
    ax.set_xticks([])
    ax.spines[["bottom", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    texts = [
        f"NPS {value:.0f} [{compact(round(below))}, {compact(round(above))}]"
        if np.isfinite(value + below)
        else "no answers"
        for value, below, above in zip(figures, low, high, strict=True)
    ]
    canvas.settle()
    canvas.legend([Patch(color=color) for color in (ORANGE, PALE_GREY, BLUE)], _ANSWERS)
    canvas.title(f"Net Promoter Score, with its {confidence:g}% interval")
    canvas.beside(left, texts)
    point = ax.get_xlim()[1] / canvas.points()[0]  # percent
    for begin, share, color in shares if canvas.every(len(table)) == 1 else []:
        for place in range(len(table)):
            text = f"{share[place]:.0f}%"
            if share[place] > point * (width(text, canvas.small) + 4):
                ax.text(begin[place] + share[place] / 2, place, text, ha="center", va="center", color=on(color),
                        fontsize="small")  # fmt: skip
    return ax
