"""A scorecard drawn: the course of each metric with its target, and in words its value, verdict and change."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from csmetrics._statistics.evaluated import Evaluated, Line, moved
from csmetrics._statistics.printed import figure
from csmetrics.plotting._canvas import BLUE, ORANGE, Canvas, width
from csmetrics.plotting._frame import refuse
from csmetrics.plotting._words import name, names, words_of

_TALL = 0.72  # of a row that a course takes
_NOISE = {"yes": "more than noise", "no": "may be noise"}


def scorecard(card: Evaluated, *, ax: Axes | None = None) -> Axes:
    """Draw an evaluated scorecard, a row per metric: its course on a scale of its own, its target, and its change.

    Parameters
    ----------
    card
        The result of `csmetrics.Scorecard.evaluate`.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    MetricInputError
        If `card` is no evaluated scorecard.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> months = pd.DataFrame(
    ...     {"lost": [30, 18], "start": [1000, 1010]}, pd.period_range("2026-01", periods=2, freq="M", name="period")
    ... )
    >>> card = csm.Scorecard(targets={"churn_rate": csm.Target(at_most=2)}).evaluate(months)
    >>> card.plot().texts[0].get_text()
    '1.78 %, met (at most 2)'
    """
    if not isinstance(card, Evaluated):
        hint = "csm.Scorecard(targets=...).evaluate(frame)"
        raise refuse("scorecard", "card", "must be an evaluated scorecard", f"got a {type(card).__name__}", hint)
    canvas = Canvas(ax, 8.0, 1.1 + 0.62 * len(card.lines))
    ax = canvas.ax
    canvas.bare("")
    canvas.title(f"Scorecard, {card.period}")
    ax.set_yticks(range(len(card.lines)), names(_name(line) for line in card.lines))
    ax.set_ylim(len(card.lines) - 0.5, -0.5)
    ax.set_xticks([])
    ax.spines[["bottom", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    for row, line in enumerate(card.lines):
        _course(canvas, row, line)
    canvas.settle()
    texts = [_words(line) for line in card.lines]
    wide, tall = canvas.points()
    widest = max((width(text, 1.0) for pair in texts for text in pair), default=1.0)
    size = min(canvas.small, tall / max(len(texts), 1) / 2.9, 0.63 * wide / max(widest, 1.0))
    ax.set_xlim(-0.02, 3.2)
    for row, (first, second) in enumerate(texts):
        ax.text(1.12, row - 0.2, first, va="center", color=canvas.ink, fontsize=size)
        if second:
            ax.text(1.12, row + 0.22, second, va="center", color=canvas.ink, fontsize=size, alpha=0.75)
    return ax


def _name(line: Line) -> str:
    return " / ".join([words_of(line.metric), *map(str, line.group)])


def _course(canvas: Canvas, row: int, line: Line) -> None:
    """Draw the earlier values and the last one into their row, from the lowest to the highest."""
    values = np.array([*line.history, line.value], dtype=np.float64)
    values = values[np.argmax(np.isfinite(values)) :]  # from the first value that is known
    bounds = [] if line.target is None else [line.target.at_least, line.target.at_most]
    goals = [float(bound) for bound in bounds if bound is not None]
    known = values[np.isfinite(values)]
    if not known.size:
        return
    low, high = min([*known, *goals]), max([*known, *goals])

    def place(value: Any) -> Any:
        share = (value - low) / (high - low) if high > low else np.full_like(value, 0.5)
        return row + _TALL * (0.5 - share)

    x = np.linspace(0, 1, len(values)) if len(values) > 1 else np.array([1.0])
    canvas.ax.plot(x, place(values), color=BLUE, linewidth=1.6)
    canvas.ax.plot(1.0, place(values[-1:])[0], color=BLUE, marker="o", markersize=5)
    for goal in goals:
        level = float(place(np.array([goal]))[0])
        canvas.ax.plot([0, 1], [level, level], color=ORANGE, linestyle=(0, (4, 3)), linewidth=1.2)


def _words(line: Line) -> tuple[str, str]:
    """Return the value with its verdict, and the change on the period before."""
    if line.reason:
        return name(line.reason, 64), ""
    goal = "" if line.target is None else f", {line.verdict} ({line.target})"
    first = f"{figure(line.value, line.unit)}{goal}"
    changes = [(change, label, noise) for which, change, label, noise in line.changes() if which == "before"]
    if not changes:
        return first, ""
    change, label, noise = changes[0]
    known = _NOISE.get(noise, noise.partition(":")[0])
    return first, f"{moved(change, line.unit)} on {label}{f': {known}' if known else ''}"
