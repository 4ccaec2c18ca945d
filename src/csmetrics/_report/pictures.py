"""The plots of a report as SVG inside the page: drawn without pyplot, in the colours of the page, light or dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK: Final = "#010203"  # stands for the colour of the page's text, and the next for its background
_PAPER: Final = "#fdfefd"
_POINTS: Final = 24


def picture(draw: Callable[..., Any], words: str, prefix: str, size: tuple[float, float]) -> str:
    """Draw a plot and return it as an SVG element.

    Parameters
    ----------
    draw
        A function of `csmetrics.plotting` with its data: it draws on the Axes `ax`.
    words
        What it shows, for those who do not see it.
    prefix
        Begins the names of its parts, so that those of two pictures on one page differ.
    size
        Inches.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    ax = figure.add_subplot()
    ax.set_facecolor(_PAPER)
    _inked(ax)
    draw(ax=ax)
    for one in figure.axes:
        _inked(one)
    out = StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(out, format="svg", transparent=False, facecolor="none", metadata=nothing)
    return _inside(out.getvalue(), words, prefix)


def _inked(ax: Axes) -> None:
    ax.title.set_color(_INK)
    ax._left_title.set_color(_INK)  # type: ignore[attr-defined]
    ax.tick_params(colors=_INK)
    ax.xaxis.label.set_color(_INK)
    ax.yaxis.label.set_color(_INK)
    ax.spines[:].set_edgecolor(_INK)


def _inside(svg: str, words: str, prefix: str) -> str:
    """Make a file's SVG one that stands inside a page: no header, own names, the page's colours."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    used = dict.fromkeys(re.findall(r'(?:xlink:href="|url\()#([^")]+)', svg))
    names = {name: f"{prefix}-{place}" for place, name in enumerate(used)}
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{names[m[1]]}"' if m[1] in names else "", svg)
    svg = re.sub(r'xlink:href="#([^"]+)"', lambda m: f'href="#{names[m[1]]}"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{names[m[1]]})", svg)
    svg = svg.replace(_INK, "currentColor").replace(_PAPER, "var(--paper)")
    box = re.search(r'viewBox="[^"]+"', svg)
    assert box is not None
    head = f'<svg role="img" aria-label="{escape(words)}" {box[0]} xmlns="http://www.w3.org/2000/svg">'
    return head + re.sub(r"\s*\n\s*", "\n", svg[svg.index(">") + 1 :]).strip()


def sparkline(series: pd.Series[Any], words: str) -> str:
    """Draw the values of a series as one small line; empty where fewer than two are known."""
    values = series.to_numpy(dtype=np.float64)[-_POINTS:]
    known = np.isfinite(values)
    if known.sum() < 2:
        return ""
    low, high = float(values[known].min()), float(values[known].max())
    x = np.linspace(3, 117, len(values))
    y = 25 - 20 * (values - low) / ((high - low) or 1.0) if high > low else np.full(len(values), 15.0)
    runs: list[list[str]] = []
    points: list[str] = []
    for at, here in enumerate(known):
        if here:
            points.append(f"{x[at]:.1f},{y[at]:.1f}")
        elif points:
            runs, points = [*runs, points], []
    drawn = [" ".join(run) for run in [*runs, points] if len(run) > 1]
    lines = "".join(f'<polyline vector-effect="non-scaling-stroke" points="{one}"/>' for one in drawn)
    end = np.flatnonzero(known)[-1]
    dot = f'<circle cx="{x[end]:.1f}" cy="{y[end]:.1f}" r="2.6"/>'
    box = 'viewBox="0 0 120 30" preserveAspectRatio="xMinYMid"'
    return f'<svg class="spark" role="img" aria-label="{escape(words)}" {box}>{lines}{dot}</svg>'
