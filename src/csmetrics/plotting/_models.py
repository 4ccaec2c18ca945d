"""Answers drawn: survival with its band, health bands against churn, a change taken apart, the fan of a forecast."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from csmetrics._statistics.decomposition import PARTS, Decomposition
from csmetrics._statistics.interval import interval
from csmetrics.core.retention import churn_rate
from csmetrics.errors import MissingColumnError
from csmetrics.plotting._canvas import BLUE, GREY, ORANGE, Canvas
from csmetrics.plotting._frame import refuse
from csmetrics.plotting._words import compact, name, sign_of, signed, words_of
from csmetrics.survival.curve import Survival
from csmetrics.survival.curves import Curves

_STEPS: Final = 200  # times of a band
_BANDS: Final = ("red", "yellow", "green")
_BAND_COLORS: Final = ("#c23b3b", "#e0a526", "#2f8f5b")
_WORDS: Final = {"within": "rates within segments", "mix": "mix of segments", "entered": "entered", "left": "left"}


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
    curves = {"": curve} if isinstance(curve, Survival) else {name(group): curve[group] for group in curve.groups}
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
    if not isinstance(frame, pd.DataFrame) or wanted not in frame.columns:
        there = ", ".join(map(repr, getattr(frame, "columns", [])))
        hint = "HealthScore.score(frame) makes it"
        raise MissingColumnError("plotting.health", wanted, f"no column {wanted!r}", f"this frame has {there}", hint)
    return frame[wanted]


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
        effects = parts.frame["effect"]
        steps = {
            name(factor): float(effects.loc[factor]) for factor in effects.abs().sort_values(ascending=False).index
        }
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


def forecast(
    fan: pd.DataFrame, *, history: Any = None, unit: str = "", title: str = "Forecast", ax: Axes | None = None
) -> Axes:
    """Draw a forecast as a fan: the expected value, its limits, and what has been observed so far.

    Parameters
    ----------
    fan
        A row for each time, in order, with the columns `estimate`, `low` and `high`. Further pairs ``low_50`` and
        ``high_50`` are drawn as inner bands.
    history
        What was observed: a Series with the same kind of index.
    unit
        The unit of the values: ``"percent"``, ``"money"``.
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
        If the frame has no column `estimate`, `low` or `high`.

    Examples
    --------
    >>> import pandas as pd
    >>> from csmetrics import plotting
    >>> fan = pd.DataFrame({"estimate": [70.0, 60.0], "low": [65.0, 50.0], "high": [75.0, 70.0]}, index=[1, 2])
    >>> plotting.forecast(fan, unit="percent").get_ylabel()
    'percent'
    """
    for wanted in ("estimate", "low", "high"):
        if not isinstance(fan, pd.DataFrame) or wanted not in fan.columns:
            there = ", ".join(map(repr, getattr(fan, "columns", [])))
            raise MissingColumnError("plotting.forecast", wanted, f"no column {wanted!r}", f"this frame has {there}")
    canvas = Canvas(ax, 7.2)
    ax = canvas.ax
    canvas.bare()
    if not len(fan) or fan["estimate"].isna().all():
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
    outer = [(fan["low"], fan["high"]), *(
        (fan[column], fan[f"high_{column[4:]}"]) for column in map(str, fan.columns)
        if column.startswith("low_") and f"high_{column[4:]}" in fan.columns
    )]  # fmt: skip
    for low, high in outer:
        band = ax.fill_between(x, low.to_numpy(float), high.to_numpy(float), color=BLUE, alpha=0.3, linewidth=0)
    one = len(fan) == 1
    if one:
        ax.vlines(x, fan["low"], fan["high"], color=BLUE, alpha=0.5, linewidth=5)
    style: Any = {"color": BLUE, "linestyle": (0, (5, 2)), "linewidth": 2, "marker": "o" if one else ""}
    (line,) = ax.plot(x, fan["estimate"].to_numpy(float), **style)
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
