"""What a reader would see at once: texts that overlap, or that leave the figure."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text


def texts(figure: Any) -> list[Text]:
    """Return every text that is drawn."""
    figure.canvas.draw()
    found = []
    for ax in figure.axes:
        if not ax.get_visible():
            continue
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [t for t in axis.get_major_ticks() if low - 1e-9 <= t.get_loc() <= high + 1e-9]
            found += [label for t in ticks for label in (t.label1, t.label2) if label.get_visible()]
            found += [axis.label, axis.get_offset_text()]
        found += [*ax.texts, ax.title, ax._left_title, ax._right_title]
        if ax.get_legend() is not None:
            found += ax.get_legend().get_texts()
    found += figure.texts
    return [text for text in found if text.get_text().strip() and text.get_visible()]


def wrong(plot: Any) -> list[str]:
    """Return the texts of a plot that overlap another, or that leave the figure."""
    axes: list[Axes] = list(np.ravel(plot))
    figure: Any = axes[0].figure
    drawn = texts(figure)
    boxes = [text.get_window_extent() for text in drawn]
    page = figure.bbox
    out = [
        f"{text.get_text()!r} leaves the figure"
        for text, box in zip(drawn, boxes, strict=True)
        if box.x0 < page.x0 - 2 or box.x1 > page.x1 + 2 or box.y0 < page.y0 - 2 or box.y1 > page.y1 + 2
    ]
    for (one, a), (other, b) in combinations(zip(drawn, boxes, strict=True), 2):
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        tall = min(a.y1, b.y1) - max(a.y0, b.y0)
        if wide > 1 and tall > 1.5:
            out.append(f"{one.get_text()!r} overlaps {other.get_text()!r}")
    return out
