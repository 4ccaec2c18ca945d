"""Any metric over time: one line with its interval and target, a line for each group, or a plot for each segment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from csmetrics._frames.columns import require
from csmetrics._frames.grain import Grain
from csmetrics.core._options import is_number
from csmetrics.core._registry import Registration, registered
from csmetrics.errors import CsmetricsError, MetricInputError
from csmetrics.plotting._canvas import BLUE, ORANGE, Canvas, lone
from csmetrics.plotting._frame import cohorts, grain_of, periods_of, refuse
from csmetrics.plotting._words import compact, names, sign_of, unit_words, words_of

Metric = Callable[..., Any] | str
_MOST = 60  # small plots of one figure


def over_time(
    frame: Any,
    metric: Metric,
    *,
    target: Any = None,
    interval: bool = True,
    confidence: float = 95,
    ax: Axes | None = None,
    **given: Any,
) -> Axes:
    """Draw a metric period by period, with its interval and its target.

    Parameters
    ----------
    frame
        A cohort frame with a time axis, or ``df.csm``. Segments are added up; ``df.csm.by("plan")`` draws a line for
        each of them, without intervals.
    metric
        The metric, or its name.
    target
        A number, or a `csmetrics.Target`, drawn as a dashed line.
    interval
        Whether the interval is drawn, for a metric that has one.
    confidence
        Percent, of the interval.
    ax
        Axes to draw on; a new figure by default.
    **given
        Columns or numbers for the metric's inputs, and its options.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    MissingColumnError
        If the frame has no such column.
    MetricInputError
        If the frame has no time axis, or the metric refuses its values.

    Examples
    --------
    >>> import pandas as pd
    >>> months = pd.DataFrame(
    ...     {"lost": [5, 7], "start": [100, 110]}, index=pd.period_range("2026-01", periods=2, freq="M", name="period")
    ... )
    >>> months.csm.plot.over_time("churn_rate", target=4).get_ylabel()
    'percent, lower is better'
    """
    spec = registered(metric, "plotting.over_time")
    grain = grain_of(frame)
    axis = periods_of(grain, "plotting.over_time")
    keys = tuple(key for key in grain.keys or () if key != axis)
    canvas = Canvas(ax, 7.2)
    canvas.bare()
    goals = _targets(target)
    if keys:
        values = (
            cohorts(grain, (axis, *keys)).compute(spec.function, **given).unstack(level=list(range(1, 1 + len(keys))))
        )
        if not np.isfinite(values.to_numpy(dtype=np.float64)).any():
            return _nothing(canvas, spec)
        rows = dict(zip(names(values.columns), values.to_numpy(dtype=np.float64).T, strict=True))
        canvas.many(canvas.times(values.index), rows)
        _goal_lines(canvas, spec, goals)
    else:
        series = cohorts(grain, (axis,)).compute(spec.function, **given)
        if not np.isfinite(series.to_numpy(dtype=np.float64)).any():
            return _nothing(canvas, spec)
        limits = _limits(grain, axis, spec, confidence, given) if interval else None
        _one(canvas, spec, series, limits, goals, confidence)
    canvas.numbers(sign_of(spec.unit))
    canvas.title(spec.title, unit_words(spec))
    return canvas.ax


def small_multiples(
    frame: Any,
    metric: Metric,
    *,
    by: Any,
    target: Any = None,
    interval: bool = True,
    confidence: float = 95,
    columns: int = 3,
    **given: Any,
) -> Any:
    """Draw a metric period by period in a small plot for each segment, all on the same scales.

    Parameters
    ----------
    frame
        A cohort frame with a time axis, or ``df.csm``.
    metric
        The metric, or its name.
    by
        The column or index level of the segments, or a list of them.
    target, interval, confidence
        As `over_time` takes them.
    columns
        Plots in a row.
    **given
        Columns or numbers for the metric's inputs, and its options.

    Returns
    -------
    ndarray of Axes
        One Axes for each segment, in the order of the segments.

    Raises
    ------
    MissingColumnError
        If the frame has no such column.
    MetricInputError
        If the frame has no time axis, has too many segments, or the metric refuses its values.

    Examples
    --------
    >>> import pandas as pd
    >>> months = pd.DataFrame({"plan": ["pro", "free"], "month": ["Jan", "Jan"], "lost": [5, 7], "start": [100, 110]})
    >>> [ax.get_title(loc="left") for ax in months.csm.plot.small_multiples("churn_rate", by="plan")]
    ['free', 'pro']
    """
    import matplotlib.pyplot as plt

    spec = registered(metric, "plotting.small_multiples")
    grain = grain_of(frame)
    keys = tuple(by) if isinstance(by, list) else (by,)
    for key in keys:
        require(grain.frame, key, "plotting.small_multiples", "by")
    axis = periods_of(grain, "plotting.small_multiples")
    values = cohorts(grain, (*keys, axis)).compute(spec.function, **given)
    limits = _limits(grain, (*keys, axis), spec, confidence, given) if interval else None
    levels = list(range(len(keys)))
    segments = list(values.groupby(level=levels if len(keys) > 1 else 0, dropna=False, observed=True))
    if len(segments) > _MOST or columns < 1:
        found = f"got {len(segments)} segments in {columns} columns"
        raise refuse("small_multiples", "by", f"must make up to {_MOST} segments, in 1 column or more", found)
    if not segments:
        return np.array([_nothing(Canvas(), spec)])
    rows, wide = -(-len(segments) // columns), min(columns, len(segments))
    size = (max(2.6 * wide, 4.0), 0.9 + 1.9 * rows)
    figure, grid = plt.subplots(rows, wide, figsize=size, sharex=True, sharey=True, layout="constrained", squeeze=False)
    axes = grid.ravel()
    for spare in axes[len(segments) :]:
        spare.set_visible(False)
    periods = values.index.get_level_values(-1).unique().sort_values()
    titles = names((label for label, _ in segments), 22)
    for place, (ax, title, (_, part)) in enumerate(zip(axes, titles, segments, strict=False)):
        canvas = Canvas(ax)
        canvas.small *= 0.9
        canvas.bare()
        line = part.droplevel(levels).reindex(periods)
        band = None if limits is None else limits.loc[part.index].droplevel(levels).reindex(periods)
        _one(canvas, spec, line, band, _targets(target), confidence, named=False)
        canvas.numbers(sign_of(spec.unit))
        ax.set_title(title, loc="left", fontsize="medium")
        ax.tick_params(labelbottom=place + wide >= len(segments))
    figure.suptitle(spec.title, x=0.01, ha="left", fontsize=mpl.rcParams["axes.titlesize"])
    figure.supylabel(unit_words(spec), fontsize="medium")
    return axes[: len(segments)]


def _nothing(canvas: Canvas, spec: Registration) -> Axes:
    canvas.title(spec.title, unit_words(spec))
    return canvas.nothing("No period has a value")


def _targets(target: Any) -> list[tuple[float, str]]:
    """Return the values of a target, and in words what they ask for."""
    if target is None:
        return []
    sides = {"at least": getattr(target, "at_least", None), "at most": getattr(target, "at_most", None)}
    found = [(float(value), f"target: {words} ") for words, value in sides.items() if value is not None]
    if found:
        return found
    if is_number(target):
        return [(float(target), "target: ")]
    raise refuse("over_time", "target", "must be a number or a csm.Target", f"got {target!r}")


def _limits(grain: Grain, keys: Any, spec: Registration, confidence: float, given: dict[str, Any]) -> Any:
    """Return the intervals of a metric; None where totals alone do not tell them."""
    at = cohorts(grain, keys if isinstance(keys, tuple) else (keys,))
    try:
        found = at.interval(spec.function, confidence=confidence, **given)
    except MetricInputError as error:
        if error.argument == "confidence":
            raise
        return None
    except CsmetricsError:
        return None
    return found if np.isfinite(found["low"].to_numpy(dtype=np.float64)).any() else None


def _one(
    canvas: Canvas,
    spec: Registration,
    series: pd.Series[Any],
    limits: Any,
    goals: list[tuple[float, str]],
    confidence: float,
    named: bool = True,
) -> None:
    """Draw one line with its interval and its targets."""
    ax, x = canvas.ax, canvas.times(series.index)
    values = series.to_numpy(dtype=np.float64)
    handles: list[Any] = []
    labels: list[str] = []
    if limits is not None:
        low, high = (np.array(limits[end], dtype=np.float64) for end in ("low", "high"))
        low[np.isneginf(low)], high[np.isposinf(high)] = np.nan, np.nan
        single = lone(values)
        ax.vlines(x[single], low[single], high[single], color=BLUE, alpha=0.5, linewidth=5)
        handles.append(ax.fill_between(x, low, high, color=BLUE, alpha=0.3, linewidth=0))
        labels.append(f"{confidence:g}% interval")
    marked = None if len(x) <= 40 else lone(values)
    (line,) = ax.plot(x, values, color=BLUE, linewidth=2, marker="o", markersize=4, markevery=marked)
    if named and (handles or goals):
        handles.insert(0, line)
        labels.insert(0, words_of(spec.name))
    drawn = _goal_lines(canvas, spec, goals, legend=False)
    if named and (handles or drawn):
        canvas.legend([*handles, *drawn], [*labels, *(text for _, text in _worded(spec, goals))])


def _worded(spec: Registration, goals: list[tuple[float, str]]) -> list[tuple[float, str]]:
    return [(value, f"{words}{compact(value, sign_of(spec.unit))}") for value, words in goals]


def _goal_lines(canvas: Canvas, spec: Registration, goals: list[tuple[float, str]], legend: bool = True) -> list[Any]:
    drawn = [canvas.ax.axhline(value, color=ORANGE, linestyle=(0, (5, 3)), linewidth=1.4) for value, _ in goals]
    if legend and drawn:
        old = canvas.ax.get_legend()
        handles = list(old.legend_handles) if old is not None else []
        labels = [text.get_text() for text in old.get_texts()] if old is not None else []
        canvas.legend([*handles, *drawn], [*labels, *(text for _, text in _worded(spec, goals))])
    return drawn
