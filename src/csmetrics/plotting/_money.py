"""The MRR bridge drawn: from opening to closing, and its movements period by period."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from csmetrics.plotting._canvas import BLUE, GREY, ORANGE, PALE_BLUE, PALE_ORANGE, PALER_BLUE, Canvas
from csmetrics.plotting._frame import columns, grain_of, periods_of, refuse, totals
from csmetrics.plotting._words import compact, period_name, signed

What = Literal["mrr", "customers"]
# What moves a bridge: column, sign, word, colour of its area, colour of its edge
_MOVES: Final = {
    "mrr": (
        ("new_mrr", 1, "new", BLUE, BLUE),
        ("expansion_mrr", 1, "expansion", PALE_BLUE, BLUE),
        ("reactivation_mrr", 1, "reactivated", PALER_BLUE, BLUE),
        ("fx_mrr", 1, "currency", GREY, GREY),
        ("contraction_mrr", -1, "contraction", PALE_ORANGE, ORANGE),
        ("churned_mrr", -1, "churned", ORANGE, ORANGE),
    ),
    "customers": (
        ("new", 1, "new", BLUE, BLUE),
        ("reactivated", 1, "reactivated", PALER_BLUE, BLUE),
        ("lost", -1, "lost", ORANGE, ORANGE),
    ),
}
_ENDS: Final = {"mrr": ("start_mrr", "end_mrr"), "customers": ("start", "end")}
_OPTIONAL: Final = ("reactivation_mrr", "fx_mrr", "reactivated")
_TITLES: Final = {"mrr": "MRR", "customers": "Customers"}


def _asked(data: Any, what: str, plot: str) -> tuple[Any, list[str]]:
    if what not in _MOVES:
        raise refuse(plot, "what", "must be 'mrr' or 'customers'", f"got {what!r}")
    grain = grain_of(data)
    names = [column for column, *_ in _MOVES[what] if column not in _OPTIONAL]
    more = [column for column, *_ in _MOVES[what] if column in _OPTIONAL]
    return grain, columns(grain, f"plotting.{plot}", names, more)


def bridge(frame: Any, *, what: What = "mrr", period: Any = None, ax: Axes | None = None) -> Axes:
    """Draw the bridge from what a period opened with to what it closed with, as a waterfall.

    Parameters
    ----------
    frame
        The bridge of `csmetrics.cohorts.movements_from_subscriptions` or one of its siblings, or ``df.csm``. Segments
        are added up.
    what
        ``"mrr"`` or ``"customers"``.
    period
        The period to draw, as the time axis labels it. By default all periods of the frame, from the first opening to
        the last closing.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    MissingColumnError
        If the frame lacks a column of the bridge.
    MetricInputError
        If there is no such period, or `what` is another word.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> plans = pd.DataFrame(
    ...     {
    ...         "customer": ["a", "b", "a"],
    ...         "start": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-02-10"]),
    ...         "end": pd.to_datetime(["2026-02-10", "2026-02-20", None]),
    ...         "mrr": [100, 50, 120],
    ...     }
    ... )
    >>> months = csm.cohorts.movements_from_subscriptions(plans, as_of="2026-02-28")
    >>> months.csm.plot.bridge(period="2026-02").get_title(loc="left")
    'MRR, Feb 2026'
    """
    grain, moves = _asked(frame, what, "bridge")
    opening, closing = columns(grain, "plotting.bridge", _ENDS[what])
    known, span = True, ""
    if grain.axes:
        axis = periods_of(grain, "plotting.bridge")
        table = totals(grain, [opening, *moves, closing], (axis,))
        if period is not None:
            index: Any = table.index
            wanted = pd.Period(period, freq=index.freqstr) if isinstance(index, pd.PeriodIndex) else period
            if wanted not in table.index:
                some = ", ".join(map(str, table.index[-5:]))
                raise refuse("bridge", "period", "must be a period of the frame", f"got {period!r}", f"it has {some}")
            table = table.loc[[wanted]]
        known = bool(len(table))
        if known:
            ends = [period_name(label) for label in (table.index[0], table.index[-1])]
            span = f", {ends[0]}" if len(table) == 1 else f", {ends[0]} to {ends[1]}"
    else:
        table = totals(grain, [opening, *moves, closing], ())
        known = bool(table.notna().to_numpy().any()) and len(grain.frame.columns) > 0
    canvas = Canvas(ax, 7.2, 4.2)
    canvas.bare()
    canvas.title(f"{_TITLES[what]}{span}", _TITLES[what])
    if not known or table[[opening, closing]].isna().to_numpy().all():
        return canvas.nothing("No period is complete")
    kinds = [move for move in _MOVES[what] if move[0] in moves and (move[0] not in _OPTIONAL or table[move[0]].any())]
    first, last = float(table[opening].iloc[0]), float(table[closing].iloc[-1])
    heights = [first, *(sign * float(table[column].sum()) for column, sign, *_ in kinds), last]
    bottoms = [0.0, *np.cumsum([first, *heights[1:-2]]), 0.0]
    faces = [GREY, *(face for *_, face, _ in kinds), GREY]
    edges = [GREY, *(edge for *_, edge in kinds), GREY]
    ax = canvas.ax
    ax.bar(range(len(heights)), heights, 0.66, bottoms, color=faces, edgecolor=edges, linewidth=0.9)
    for place, level in enumerate(np.cumsum(heights[:-1])):
        ax.plot([place + 0.33, place + 0.67], [level, level], color=canvas.ink, linewidth=0.7)
    ax.axhline(0, color=canvas.ink, linewidth=0.8)
    tops = [max(low, low + high) for low, high in zip(bottoms, heights, strict=True)]
    texts = [compact(first), *map(signed, heights[1:-1]), compact(last)]
    floor = floor_of(np.cumsum(heights[:-1]))
    low = min(0.0, *bottoms) if floor == 0 else floor
    ax.set_ylim(low, max(tops) if max(tops) > low else low + 1)
    canvas.numbers()
    canvas.title(f"{_TITLES[what]}{span}", f"{_TITLES[what]}, from {compact(floor)} up" if floor else _TITLES[what])
    canvas.settle()
    canvas.bars(["start", *(word for _, _, word, *_ in kinds), "end"])
    canvas.above(low, tops, texts)
    return ax


def floor_of(levels: Any) -> float:
    """Return where the axis begins: at 0, or higher where the movements would be too thin to be seen."""
    least, range_ = float(levels.min()), float(np.ptp(levels))
    if least <= 0 or range_ == 0 or range_ > 0.3 * least:
        return 0.0
    step = 10.0 ** np.floor(np.log10(range_))
    return float(max(np.floor((least - range_) / step) * step, 0.0))


def movements(frame: Any, *, what: What = "mrr", ax: Axes | None = None) -> Axes:
    """Draw what came and what went in each period: gains above the line, losses below, and the net as a mark.

    Parameters
    ----------
    frame
        The bridge of `csmetrics.cohorts.movements_from_subscriptions` or one of its siblings, or ``df.csm``. Segments
        are added up.
    what
        ``"mrr"`` or ``"customers"``.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    MissingColumnError
        If the frame lacks a column of the bridge.
    MetricInputError
        If the frame has no time axis, or `what` is another word.

    Examples
    --------
    >>> import pandas as pd
    >>> months = pd.DataFrame(
    ...     {"new": [5, 7], "lost": [2, 3]}, index=pd.period_range("2026-01", periods=2, freq="M", name="period")
    ... )
    >>> months.csm.plot.movements(what="customers").get_title(loc="left")
    'Customers that came and went'
    """
    grain, names = _asked(frame, what, "movements")
    table = totals(grain, names, (periods_of(grain, "plotting.movements"),))
    canvas = Canvas(ax, 7.2)
    canvas.bare()
    title = "Movements of MRR" if what == "mrr" else "Customers that came and went"
    if not len(table) or table.isna().to_numpy().all():
        canvas.title(title)
        return canvas.nothing("No period is complete")
    kinds = [move for move in _MOVES[what] if move[0] in names and (move[0] not in _OPTIONAL or table[move[0]].any())]
    parts = [(sign * table[column], word, face, edge) for column, sign, word, face, edge in kinds]
    stacked(canvas, table.index, parts)
    canvas.title(title, f"{_TITLES[what]} per period")
    return canvas.ax


def stacked(canvas: Canvas, periods: Any, parts: Any) -> None:
    """Draw gains upwards and losses downwards at each period, with the net of both as a mark."""
    ax, x = canvas.ax, canvas.times(periods)
    up, down = np.zeros(len(x)), np.zeros(len(x))
    for values, _, face, edge in parts:
        height = np.nan_to_num(values.to_numpy(dtype=np.float64))
        ax.bar(x, height, 0.72, np.where(height >= 0, up, down), color=face, edgecolor=edge, linewidth=0.7)
        up, down = up + np.maximum(height, 0), down + np.minimum(height, 0)
    ax.axhline(0, color=canvas.ink, linewidth=0.8)
    room = 0.06 * (float(up.max() - down.min()) or 1.0)
    ax.set_ylim(float(down.min()) - room * bool(down.any()), float(up.max()) + room)
    (net,) = ax.plot(x, up + down, linestyle="none", marker="D", markersize=4.5, color=canvas.ink,
                     markeredgecolor=canvas.paper)  # fmt: skip
    canvas.numbers()
    patches = [Patch(facecolor=face, edgecolor=edge) for _, _, face, edge in parts]
    canvas.legend([*patches, net], [*(word for _, word, *_ in parts), "net"])
