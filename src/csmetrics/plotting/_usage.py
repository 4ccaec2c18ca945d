"""Users drawn: how many are active, who came and went, and how far they get in a funnel."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from csmetrics.core.activity import conversion_rate, stickiness
from csmetrics.plotting._canvas import BLUE, GREY, ORANGE, PALE_BLUE, PALE_ORANGE, Canvas, lone
from csmetrics.plotting._frame import columns, grain_of, periods_of, refuse, totals
from csmetrics.plotting._money import stacked
from csmetrics.plotting._words import compact, figure_percent, names

_WORDS: Final = {"dau": "daily (DAU)", "wau": "weekly (WAU)", "mau": "monthly (MAU)"}
_IN_PERIODS: Final = {"dau": "on the mean day", "mau": "in the period"}  # of a frame that has longer periods than days


def active_users(frame: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the daily, weekly and monthly active users, and stickiness on an axis of its own at the right.

    Parameters
    ----------
    frame
        The frame of `csmetrics.cohorts.active_users`, or ``df.csm``. Segments are added up.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The Axes of the users.

    Raises
    ------
    MissingColumnError
        If the frame has no column `dau` or `mau`.
    MetricInputError
        If the frame has no time axis.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.DataFrame(
    ...     {"dau": [20, 25], "mau": [80, 90]}, index=pd.period_range("2026-03-01", periods=2, freq="D", name="period")
    ... )
    >>> days.csm.plot.active_users().get_title(loc="left")
    'Active users and stickiness'
    """
    grain = grain_of(frame)
    names = columns(grain, "plotting.active_users", ["dau", "mau"], ["wau"])
    table = totals(grain, names, (periods_of(grain, "plotting.active_users"),))
    canvas = Canvas(ax, 7.2)
    ax = canvas.ax
    canvas.bare()
    if not len(table) or table.isna().to_numpy().all():
        canvas.title("Active users and stickiness")
        return canvas.nothing("No window is full yet")
    x = canvas.times(table.index)
    handles = []
    shown = [one for one in ("mau", "wau", "dau") if one in names]
    for place, one in enumerate(shown):
        style: dict[str, Any] = {"linewidth": 2.4 - 0.6 * place, "color": (BLUE, PALE_BLUE, GREY)[place]}
        marked = None if len(table) < 40 else lone(table[one])
        handles += ax.plot(x, table[one], marker="o", markersize=3, markevery=marked, **style)
    ax.set_ylim(bottom=0)
    canvas.numbers()
    share = stickiness(table["dau"].to_numpy(), table["mau"].to_numpy())
    right = ax.twinx()
    right.set_facecolor("none")
    dashed: dict[str, Any] = {"color": ORANGE, "linestyle": (0, (4, 2)), "linewidth": 1.6}
    handles += right.plot(x, share, marker="s", markersize=4, markevery=lone(share), **dashed)
    right.set_ylim(0, max(100.0 if np.nanmax(share, initial=0) > 50 else 50.0, 1.0))
    right.spines[["top", "left"]].set_visible(False)
    right.grid(visible=False)
    right.yaxis.set_major_formatter(figure_percent)
    right.set_ylabel("stickiness, DAU of MAU")
    daily = getattr(table.index, "freqstr", "D") == "D"
    words = _WORDS if daily else _WORDS | _IN_PERIODS
    canvas.legend(handles, [*(words[one] for one in shown), "stickiness (right)"])
    canvas.title("Active users and stickiness", "users")
    return ax


def lifecycle(frame: Any, *, ax: Axes | None = None) -> Axes:
    """Draw who came and who went quiet in each period: new and resurrected users above the line, dormant ones below.

    Parameters
    ----------
    frame
        The frame of `csmetrics.cohorts.lifecycle`, or ``df.csm``. Segments are added up.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    MissingColumnError
        If the frame has no such column.
    MetricInputError
        If the frame has no time axis.

    Examples
    --------
    >>> import pandas as pd
    >>> months = pd.DataFrame(
    ...     {"new_users": [9, 7], "returning": [0, 8], "resurrected": [0, 1], "dormant": [0, 2]},
    ...     index=pd.period_range("2026-01", periods=2, freq="M", name="period"),
    ... )
    >>> months.csm.plot.lifecycle().get_title(loc="left")
    'Users that came, came back and went quiet'
    """
    grain = grain_of(frame)
    names = columns(grain, "plotting.lifecycle", ["new_users", "resurrected", "dormant"], ["returning"])
    table = totals(grain, names, (periods_of(grain, "plotting.lifecycle"),))
    canvas = Canvas(ax, 7.2)
    canvas.bare()
    title = "Users that came, came back and went quiet"
    if not len(table) or table.isna().to_numpy().all():
        canvas.title(title)
        return canvas.nothing("No period is complete")
    parts = [
        (table["new_users"], "new", BLUE, BLUE),
        (table["resurrected"], "resurrected", PALE_BLUE, BLUE),
        (-table["dormant"], "gone quiet", ORANGE, ORANGE),
    ]
    stacked(canvas, table.index, parts)
    canvas.title(title, "users per period")
    return canvas.ax


def funnel(frame: Any, *, ax: Axes | None = None) -> Axes:
    """Draw how many entered each step of a funnel, and which percentage of them went on to it.

    Parameters
    ----------
    frame
        The frame of `csmetrics.cohorts.funnel`, or ``df.csm``. Periods and segments are added up.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The Axes drawn on.

    Raises
    ------
    MissingColumnError
        If the frame has no column `step`, `entered` or `converted`.

    Examples
    --------
    >>> import pandas as pd
    >>> steps = pd.DataFrame(
    ...     {"entered": [90, 90], "converted": [90, 30]}, index=pd.Index(["visit", "sign up"], name="step")
    ... )
    >>> [text.get_text() for text in steps.csm.plot.funnel().texts]
    ['90', '30, 33.3% of the step before']
    """
    grain = grain_of(frame)
    columns(grain, "plotting.funnel", ["step", "entered", "converted"])
    table = totals(grain, ["entered", "converted"], ("step",))
    order = pd.unique(_steps(grain.frame))
    table = table.reindex(order)
    canvas = Canvas(ax, 6.8, max(1.2 + 0.5 * len(table), 2.4))
    ax = canvas.ax
    canvas.bare("")
    canvas.title("Funnel")
    if not len(table) or not table["entered"].to_numpy().any():
        return canvas.nothing("Nobody entered")
    counts = table["converted"].to_numpy()
    places = range(len(table))
    ax.barh(places, counts, 0.62, color=BLUE, edgecolor=BLUE)
    lost = table["entered"].to_numpy() - counts
    ax.barh(places, lost, 0.62, counts, color=PALE_ORANGE, edgecolor=ORANGE, linewidth=0.7)
    rates = conversion_rate(counts, table["entered"].to_numpy())
    canvas.whole(dict(enumerate(names(table.index))), upright=True)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    first = compact(counts[0])
    shares = [f"{compact(count)}, {compact(rate, '%')}" for count, rate in zip(counts[1:], rates[1:], strict=True)]
    long = [f"{share} of the step before" for share in shares]
    canvas.beside(table["entered"].to_numpy(), [first, *long], [first, *shares])
    return ax


def _steps(frame: Any) -> Any:
    if not isinstance(frame, pd.DataFrame):
        raise refuse("funnel", "frame", "must be a pandas DataFrame", f"got {frame.engine}")
    return frame["step"] if "step" in frame.columns else frame.index.get_level_values("step")
