"""Retention drawn: the triangle as a heat map, a curve for each cohort, and the cake of cohorts' amounts."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from csmetrics.cohorts.grid import RetentionGrid
from csmetrics.errors import MetricInputError, shown
from csmetrics.plotting._canvas import GREY, SMALLEST, Canvas, on
from csmetrics.plotting._canvas import width as text_width
from csmetrics.plotting._words import ages, compact, label, name, names

Cells = Literal["both", "percent", "counts"]
_NO_COHORTS = "No cohorts"
_FEW = 5  # cohorts of which each is named


def _grid(grid: Any, metric: str) -> RetentionGrid:
    if isinstance(grid, RetentionGrid):
        return grid
    hint = "csm.cohorts.retention(events) makes one"
    raise MetricInputError(metric, "grid", "must be a RetentionGrid", f"got a {type(grid).__name__}", hint)


def _what(grid: RetentionGrid) -> str:
    return "" if grid.sizes.name == "size" else f" of {name(grid.sizes.name)}"


def _scale(grid: RetentionGrid, dark: bool) -> tuple[Any, float]:
    """Return the colours, from the page's own to a full blue, and the percentage that is full."""
    rates = grid.rates().to_numpy()[:, 1:]
    top = float(np.nanmax(rates)) if np.isfinite(rates).any() else 100.0
    ends = ["#1c2229", "#3f7fc4", "#d5e8fa"] if dark else ["#f4f8fc", "#8fb9e3", "#1d4f8c"]
    return LinearSegmentedColormap.from_list("retention", ends), max(top, 1e-9)


def retention(grid: RetentionGrid, *, cells: Cells = "both", ax: Axes | None = None) -> Axes:
    """Draw a retention triangle as a heat map: cohorts down, ages across.

    Cells that are not observed yet are blank, those whose period still runs are hatched. Numbers stand in the cells as
    long as they can be read; where they cannot, a bar of colours stands beside the triangle.

    Parameters
    ----------
    grid
        The result of `csmetrics.cohorts.retention`.
    cells
        What stands in a cell: ``"percent"``, ``"counts"`` (users or amounts) or ``"both"``.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    MetricInputError
        If `grid` is no RetentionGrid, or `cells` is another word.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> events = pd.DataFrame({"user": [1, 2, 1], "time": pd.to_datetime(["2026-01-05", "2026-01-09", "2026-02-01"])})
    >>> grid = csm.cohorts.retention(events, as_of="2026-02-28")
    >>> grid.plot().get_title(loc="left")
    'Retention by cohort'
    """
    grid = _grid(grid, "plotting.retention")
    if cells not in ("both", "percent", "counts"):
        rule = "must be 'both', 'percent' or 'counts'"
        raise MetricInputError("plotting.retention", "cells", rule, f"got {shown(cells)}")
    rows, columns = grid.counts.shape
    labels = [f"{label(key)} ({compact(float(size))})" for key, size in grid.sizes.items()]
    left = 0.09 * max(map(len, labels), default=0)
    tall = 0.38 if cells == "both" else 0.3
    canvas = Canvas(ax, min(max(left + 0.5 * columns + 0.6, 5.5), 16), min(max(tall * rows + 1.3, 2.8), 12))
    ax = canvas.ax
    age = f"{ages(grid._freq)} since the start"
    title = f"Retention{_what(grid)} by cohort"
    if not rows:
        canvas.title(title)
        return canvas.nothing(_NO_COHORTS)
    rates, state = grid.rates().to_numpy(), grid._codes
    colors, top = _scale(grid, canvas.dark)
    painted = ax.pcolormesh(
        np.arange(columns + 1) - 0.5,
        np.arange(rows + 1) - 0.5,
        np.ma.masked_invalid(np.minimum(rates, top)),
        cmap=colors,
        vmin=0,
        vmax=top,
        edgecolor=canvas.paper,
        linewidth=0.8,
        rasterized=rows * columns > 5000,
    )
    for row, column in zip(*np.nonzero(state == 1), strict=True):
        spot = (column - 0.5, row - 0.5)
        ax.add_patch(Rectangle(spot, 1, 1, fill=False, hatch="////", edgecolor=GREY, linewidth=0, alpha=0.7))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    canvas.whole(dict(enumerate(map(str, grid.counts.columns))))
    canvas.whole(dict(enumerate(labels)), upright=True)
    canvas.title(title, "cohort (size)", age)
    canvas.settle()
    width, height = canvas.points()
    texts = {
        (r, c): _cell(rates[r, c], grid.counts.iat[r, c], cells, grid)
        for r, c in zip(*np.nonzero(np.isfinite(rates)), strict=True)
    }
    size = _fits(canvas, texts.values(), width / columns, height / rows)
    if size < SMALLEST and cells == "both":
        texts = {at: text.split("\n")[0] for at, text in texts.items()}
        size = _fits(canvas, texts.values(), width / columns, height / rows)
    if size < SMALLEST:
        beside = ax.figure.colorbar(painted, ax=ax, format=FuncFormatter(lambda value, _: compact(value, "%")))
        beside.outline.set_visible(False)
        return ax
    for (r, c), text in texts.items():
        shade = on(colors(min(rates[r, c], top) / top))
        ax.text(c, r, text, ha="center", va="center", color=shade, fontsize=size, linespacing=1.1)
    return ax


def _fits(canvas: Canvas, texts: Any, wide: float, tall: float) -> float:
    """Return the size at which all texts fit into cells, in points."""
    lines = max((text.count("\n") + 1 for text in texts), default=1)
    widest = max((text_width(text, 10.0) for text in {*texts}), default=1.0)
    return min(canvas.small, 10 * 0.88 * wide / widest, 0.85 * tall / lines / 1.25)


def _cell(rate: float, count: Any, cells: str, grid: RetentionGrid) -> str:
    percent = f"{rate:.0f}%" if rate >= 10 or rate == round(rate) else f"{rate:.1f}%"
    percent = percent if rate < 1e5 else compact(rate, "%")
    many = compact(float(count)) if grid._amounts or count >= 100_000 else f"{count:,}"
    return {"percent": percent, "counts": many, "both": f"{percent}\n{many}"}[cells]


def curves(grid: RetentionGrid, *, ax: Axes | None = None) -> Axes:
    """Draw the retention of each cohort by age, and of all cohorts together (pooled).

    The later a cohort, the darker its line (on a dark page the lighter). With groups, the pooled line of each group.

    Parameters
    ----------
    grid
        The result of `csmetrics.cohorts.retention`.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    MetricInputError
        If `grid` is no RetentionGrid.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> events = pd.DataFrame({"user": [1, 2, 1], "time": pd.to_datetime(["2026-01-05", "2026-01-09", "2026-02-01"])})
    >>> grid = csm.cohorts.retention(events, as_of="2026-02-28")
    >>> grid.plot.curves().get_ylabel()
    'percent of the cohort'
    """
    grid = _grid(grid, "plotting.curves")
    canvas = Canvas(ax)
    ax = canvas.ax
    canvas.bare()
    title = f"Retention{_what(grid)} by age"
    canvas.title(title)
    pooled = grid.pooled()
    if not len(grid.counts) or not np.isfinite(pooled.to_numpy()).any():
        return canvas.nothing(_NO_COHORTS if not len(grid.counts) else "No cohort is observed yet")
    x = np.arange(grid.counts.shape[1])
    canvas.numbers("%")
    canvas.whole(dict(enumerate(map(str, grid.counts.columns))))
    if isinstance(pooled, pd.DataFrame):
        canvas.many(x, dict(zip(names(pooled.index), pooled.to_numpy(), strict=True)))
    else:
        rates = grid.rates().to_numpy()
        drawn = [
            ax.plot(x, row, color=shade, linewidth=1.1, marker="o", markersize=2.5)[0]
            for row, shade in zip(rates, canvas.shades(len(rates)), strict=True)
        ]
        known = np.flatnonzero(np.isfinite(rates).any(axis=1))
        named = known if known.size <= _FEW else known[[0, -1]]
        (whole,) = ax.plot(x, pooled.to_numpy(), color=canvas.ink, linewidth=2.6, marker="o", markersize=3)
        canvas.legend(
            [*(drawn[i] for i in named), whole], [*(label(grid.counts.index[i]) for i in named), "all cohorts"]
        )
    ax.set_ylim(bottom=0)
    canvas.title(title, "percent of the cohort", f"{ages(grid._freq)} since the start")
    return ax


def layers(grid: RetentionGrid, *, ax: Axes | None = None) -> Axes:
    """Draw what each cohort brings in each period, the later cohorts on top of the earlier: the layer cake.

    Parameters
    ----------
    grid
        The result of `csmetrics.cohorts.retention` with ``value=`` (or of users), in calendar periods and without
        brackets.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    MetricInputError
        If `grid` is no RetentionGrid, or counts other than ``kind="on"``, or has brackets for ages.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> paid = pd.DataFrame(
    ...     {"user": [1, 2, 1], "time": ["2026-01-05", "2026-02-09", "2026-02-20"], "amount": [5, 7, 4]}
    ... )
    >>> grid = csm.cohorts.retention(paid.astype({"time": "datetime64[us]"}), value="amount", as_of="2026-02-28")
    >>> grid.plot.layers().get_title(loc="left")
    'amount by cohort'
    """
    grid = _grid(grid, "plotting.layers")
    counts = grid.counts.groupby(level=0, sort=False).sum(min_count=1) if grid.counts.index.nlevels > 1 else grid.counts
    if grid.kind != "on" or not all(isinstance(age, (int, np.integer)) for age in counts.columns):
        found = f"got kind={grid.kind!r} with ages {', '.join(map(str, counts.columns[:3]))}"
        hint = "retention(..., value='amount') without brackets"
        raise MetricInputError("plotting.layers", "grid", "must hold the amounts of single periods", found, hint)
    canvas = Canvas(ax)
    ax = canvas.ax
    canvas.bare()
    what = "Users" if grid.sizes.name == "size" else name(grid.sizes.name)
    canvas.title(f"{what} by cohort", what)
    amounts = counts.to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.isfinite(amounts).any():
        return canvas.nothing(_NO_COHORTS if not len(counts) else "No cohort is observed yet")
    known = np.isfinite(amounts).any(axis=1)
    cohorts, amounts = counts.index[known], amounts[known]
    x = canvas.times(cohorts)
    stacked = np.zeros((len(cohorts), int(max(x)) + 1))
    for place, start in enumerate(x):
        length = min(amounts.shape[1], stacked.shape[1] - start)
        stacked[place, start : start + length] = np.nan_to_num(amounts[place, :length])
    shades = canvas.shades(len(cohorts))
    periods = np.arange(stacked.shape[1])
    base: Any = np.zeros(stacked.shape[1])
    thick: list[tuple[float, float]] = []
    for row, shade in zip(stacked, shades, strict=True):
        if periods.size == 1:
            ax.bar(periods, row, 0.5, bottom=base, color=shade, edgecolor=canvas.paper)
        else:
            ax.fill_between(periods, base, base + row, color=shade, edgecolor=canvas.paper, linewidth=0.6)
        thick.append((float(periods[-1]), float(base[-1] + row[-1] / 2)))
        base = base + row
    ax.set_ylim(bottom=0)
    canvas.numbers()
    order = sorted(range(len(cohorts)), key=lambda i: (i not in (0, len(cohorts) - 1), -stacked[i, -1]))
    canvas.ends([(*thick[i], label(cohorts[i])) for i in order])
    return ax
