"""A change drawn as a waterfall of its parts, each with its interval."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from csmetrics._statistics.decomposition import PARTS, Decomposition
from csmetrics.plotting._canvas import BLUE, GREY, ORANGE, Canvas
from csmetrics.plotting._frame import refuse
from csmetrics.plotting._words import compact, names, sign_of, signed, words_of

_WORDS: Final = {"within": "rates within segments", "mix": "mix of segments", "entered": "entered", "left": "left"}


def decomposition(parts: Decomposition, *, ax: Axes | None = None) -> Axes:
    """Draw what a change consists of as a waterfall from before to after, with the interval of each part.

    Parameters
    ----------
    parts
        The result of `csmetrics.decompose`.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    MetricInputError
        If `parts` is no Decomposition.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> june = pd.DataFrame({"plan": ["pro", "free"], "lost": [5, 40], "start": [500, 500]})
    >>> july = pd.DataFrame({"plan": ["pro", "free"], "lost": [5, 60], "start": [500, 600]})
    >>> csm.decompose(csm.churn_rate, june, july, by="plan").plot().get_title(loc="left")
    'What moved churn rate: +1.41 pp'
    """
    if not isinstance(parts, Decomposition):
        raise refuse("decomposition", "parts", "must be a Decomposition", f"got a {type(parts).__name__}")
    if parts.by:
        there = set(parts.frame["status"])
        steps = {_WORDS[one]: getattr(parts, one) for one in PARTS if one in ("within", "mix") or one in there}
        limits = {_WORDS[one]: parts.intervals[one] for one in PARTS if one in parts.intervals}
    else:
        effects = parts.frame["effect"].sort_values(key=abs, ascending=False)
        steps = dict(zip(names(effects.index), effects.to_list(), strict=True))
        limits = {}
    canvas = Canvas(ax, 7.2, 1.5 + 0.45 * (len(steps) + 2))
    ax = canvas.ax
    canvas.bare("x")
    sign = sign_of(parts.unit)
    change = " pp" if sign else ""  # the change of a percentage is in percentage points
    what = words_of(parts.metric)
    if not np.isfinite(parts.change):
        canvas.title(f"What moved {what}")
        return canvas.nothing("The change has no value")
    level = parts.before
    ax.plot([parts.before] * 2, [0, 1], color=GREY, linewidth=0.8)
    ax.plot(parts.before, 0, marker="o", color=canvas.ink, markersize=7)
    ends, texts = [parts.before], [compact(parts.before, sign)]
    for place, (label, effect) in enumerate(steps.items(), 1):
        color = BLUE if effect >= 0 else ORANGE
        ax.barh(place, effect, 0.6, level, color=color, edgecolor=color)
        right = max(level, level + effect)
        if label in limits and np.isfinite(limits[label]).all():
            low, high = limits[label]
            ax.plot(
                [level + low, level + high], [place, place], color=canvas.ink, linewidth=1.2, marker="|", markersize=7
            )
            right = max(right, level + high)
        level += effect
        ax.plot([level, level], [place - 0.3, place + 1], color=GREY, linewidth=0.8)
        ends.append(right)
        texts.append(signed(effect, change))
    ax.plot(parts.after, len(steps) + 1, marker="o", color=canvas.ink, markersize=7)
    ends.append(parts.after)
    texts.append(compact(parts.after, sign))
    ax.set_yticks(range(len(steps) + 2), ["before", *steps, "after"])
    ax.set_ylim(len(steps) + 1.5, -0.5)
    levels = [parts.before, parts.after, *ax.get_xlim()]
    room = 0.06 * (max(levels) - min(levels))
    ax.set_xlim(min(levels) - room, max(levels) + room)
    canvas.numbers(sign, "x")
    canvas.title(f"What moved {what}: {signed(parts.change, change)}", "", _interval_words(parts, limits))
    canvas.settle()
    canvas.right(ends, texts)
    return ax


def _interval_words(parts: Decomposition, limits: dict[str, Any]) -> str:
    return f"lines: {parts.confidence:g}% intervals" if limits else ""
