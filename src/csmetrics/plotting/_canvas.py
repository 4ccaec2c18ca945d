"""The Axes that a plot is drawn on: its colours on any page, its titles, and labels that never overlap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from matplotlib.ticker import FuncFormatter, Locator, MaxNLocator

from csmetrics.plotting._words import lines, period_name, tick

# Blue and orange differ for every kind of colour vision, and in lightness for grey; all stand out on white and black
BLUE, ORANGE, GREY, PALE_GREY = "#2f6fb5", "#d07812", "#808890", "#c3c9cf"
PALE_BLUE, PALER_BLUE, PALE_ORANGE = "#7aaee0", "#bcd8f2", "#f3c07a"
SERIES: Final = (BLUE, ORANGE, "#0a8f6c", "#b5659b", GREY, "#8f6238")
DASHES: Final = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))
MARKERS: Final = "osD^vPX*"
_LEGEND: Final = 8  # groups that a legend names
_STEPS: Final = (1, 2, 3, 4, 6, 8)
SMALLEST: Final = 5.5  # points of a text that can still be read


def width(text: str, size: float) -> float:
    """Return how wide a text is in the style's own font, in points; of several lines, the widest."""
    family = tuple(mpl.rcParams["font.family"])
    return size * max(sum(_advance(letter, family) for letter in line if letter != "$") for line in text.split("\n"))


@lru_cache(2048)
def _advance(letter: str, family: tuple[str, ...]) -> float:
    """Return how far a letter moves the next one, in heights of the font; measured once, as it takes long."""
    with_it, without = (
        TextPath((0, 0), text, size=10, prop=FontProperties(family=list(family))) for text in (f"H{letter}H", "HH")
    )
    return float(with_it.get_extents().width - without.get_extents().width) / 10


class Spaced(Locator):
    """Ticks at whole positions, as many as there is room for when the figure is drawn."""

    def __init__(self, first: int, last: int, needed: float, upright: bool = False) -> None:
        self._first, self._last, self._needed = first, last, needed
        self._upright = upright

    def __call__(self) -> Any:
        """Return the positions."""
        axes: Any = self.axis.axes  # type: ignore[union-attr]
        inches = axes.bbox.transformed(axes.figure.dpi_scale_trans.inverted())
        low, high = axes.get_ylim() if self._upright else axes.get_xlim()
        length = 72 * (inches.height if self._upright else inches.width)
        return np.arange(self._first, self._last + 1, _step(self._needed * abs(high - low), length))

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """Return the positions, whatever the limits."""
        return self()


def _step(needed: float, length: float) -> int:
    """Return which of several things in a row are written, each n-th, so that they fit."""
    least = -int(-needed // max(length, 1.0))
    return max(next((step for step in _STEPS if step >= least), -(-least // 12) * 12), 1)


class Few(MaxNLocator):
    """Ticks at round numbers, at most so many, and no more than there is room for when the figure is drawn."""

    def __init__(self, most: int) -> None:
        super().__init__(nbins=most)
        self._most = most

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """Return the positions."""
        axis: Any = self.axis
        self.set_params(nbins=max(1, min(self._most, axis.get_tick_space())))
        return super().tick_values(vmin, vmax)


def lone(values: Any) -> Any:
    """Mark the points of a line that have no neighbour: without a mark of their own nobody would see them."""
    known = np.pad(np.asarray(pd.notna(values), dtype=bool), 1)
    return known[1:-1] & ~known[:-2] & ~known[2:]


class Canvas:
    """One Axes to draw on.

    Parameters
    ----------
    ax
        Somebody's Axes; None makes a figure of its own through pyplot.
    width, height
        Inches of the figure of its own.
    """

    def __init__(self, ax: Any = None, width: float = 6.8, height: float = 4.2) -> None:
        self.own = ax is None
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(width, height), layout="constrained")
        self.ax: Axes = ax
        self.ink = ax.title.get_color()
        self.dark = _light(self.ink) > 0.2
        face = ax.get_facecolor()
        self.paper = face if face[3] > 0 else ("#111417" if self.dark else "white")
        self._above = 8.0
        self.small = FontProperties(size="small").get_size_in_points()

    # Titles and axes

    def title(self, text: str, y: str = "", x: str = "") -> None:
        """Write the title at the left, above the legend where there is one, and the names of the axes."""
        self.ax.set_ylabel(y)
        self.ax.set_xlabel(x)
        wide, tall = self.points()
        sizes = {text: _size("axes.titlesize"), x: _size("axes.labelsize"), y: _size("axes.labelsize")}
        if any(width(words, size) > 0.5 * (tall if words == y else wide) for words, size in sizes.items()):
            self.settle()
            wide, tall = self.points()
            x, y = (_fitting(words, sizes[words], room) for words, room in ((x, wide), (y, tall - self._above)))
            self.ax.set_ylabel(y)
            self.ax.set_xlabel(x)
        self.ax.set_title(_fitting(text, sizes[text], wide), loc="left", pad=self._above)

    def bare(self, grid: str = "y") -> None:
        """Leave only what helps reading: two spines, and faint lines behind the data."""
        self.ax.spines[["top", "right"]].set_visible(False)
        self.ax.grid(visible=False)
        if grid:
            self.ax.grid(axis=grid, color=GREY, alpha=0.3, linewidth=0.6)  # type: ignore[arg-type]
            self.ax.set_axisbelow(True)

    def points(self) -> tuple[float, float]:
        """Return the width and the height of the Axes as they stand, in points."""
        box = self.ax.bbox.transformed(self.ax.figure.dpi_scale_trans.inverted())
        return 72 * box.width, 72 * box.height

    def settle(self) -> None:
        """Lay the figure out, so that sizes can be measured."""
        figure: Any = self.ax.figure
        if hasattr(figure, "get_layout_engine") and figure.get_layout_engine() is not None:
            figure.draw_without_rendering()

    def numbers(self, sign: str = "", axis: str = "y", write: Callable[[float, str], str] = tick) -> None:
        """Write the numbers of an axis in few characters."""
        which = self.ax.yaxis if axis == "y" else self.ax.xaxis
        which.set_major_formatter(FuncFormatter(lambda value, _: write(value, sign)))
        which.set_major_locator(Few(6 if axis == "y" else 5))

    def times(self, periods: pd.Index[Any]) -> Any:
        """Make the horizontal axis one of time, and return the position of each period."""
        if isinstance(periods, pd.DatetimeIndex):
            inferred = pd.infer_freq(periods) if len(periods) > 2 else None
            code = (inferred or "D")[:1]
            whole = periods.equals(periods.normalize())
            periods = periods.tz_localize(None).to_period(code if whole and code in "DWMQY" else "D" if whole else "h")
        if isinstance(periods, pd.PeriodIndex) and not periods.hasnans:
            first = periods.min()
            x = np.array([p.ordinal - first.ordinal for p in periods])
            shown = {int(i): period_name(first + int(i), short=True) for i in range(int(x.max()) + 1)}
        else:
            x = np.arange(len(periods))
            shown = {i: period_name(label, short=True) for i, label in enumerate(periods)}
        self.whole(shown)
        return x

    def whole(self, shown: dict[int, str], *, upright: bool = False) -> None:
        """Write names at whole positions of an axis, as many as there is room for."""
        axis = self.ax.yaxis if upright else self.ax.xaxis
        size = _size("ytick.labelsize" if upright else "xtick.labelsize")
        if upright:
            figure: Any = self.ax.figure
            room = 0.4 * 72 * figure.bbox.width / figure.dpi
            shown = {place: _cut(text, size, room) for place, text in shown.items()}
        some = list(shown.values())[:: max(1, len(shown) // 100)]  # wide enough for these is wide enough for all
        needed = 1.35 * size if upright else max((width(text, size) for text in some), default=0.0) + 0.9 * size
        axis.set_major_locator(Spaced(min(shown), max(shown), needed, upright))
        axis.set_major_formatter(FuncFormatter(lambda value, _: shown.get(round(value), "")))
        if upright:
            self.ax.set_ylim(max(shown) + 0.5, min(shown) - 0.5)
        else:
            self.ax.set_xlim(min(shown) - 0.5, max(shown) + 0.5)

    def bars(self, names: Sequence[str]) -> None:
        """Write the names of upright bars: across where they fit, else along the bars."""
        size = _size("xtick.labelsize")
        fits = (max(width(text, size) for text in names) + 0.6 * size) * (len(names) + 0.2) < self.points()[0]
        self.ax.set_xticks(range(len(names)), names, rotation=0 if fits else 90)
        self.ax.set_xlim(-0.6, len(names) - 0.4)
        if not fits:
            self.settle()

    def above(self, floor: float, tops: Any, texts: Sequence[str]) -> None:
        """Write a text above each upright bar, across where all fit, else along the bars, and make room for it."""
        wide, tall = self.points()
        slot, widest = wide / (len(texts) + 0.2), max(width(text, 1.0) for text in texts)
        across = min(self.small, 0.94 * slot / max(widest, 1e-9))
        fits = across >= SMALLEST
        size = across if fits else min(self.small, 0.8 * slot)
        share = min((1.2 * size if fits else widest * size + 2) + 4, 0.6 * tall) / tall
        highest = float(np.max(tops))
        self.ax.set_ylim(floor, highest + (highest - floor or 1.0) * share / (1 - share))
        for place, (top, text) in enumerate(zip(tops, texts, strict=True)):
            self.ax.annotate(
                text, (place, top), (0, 2), textcoords="offset points", ha="center", va="bottom", color=self.ink,
                fontsize=size, rotation=0 if fits else 90,
            )  # fmt: skip

    # Colours

    def series(self, place: int) -> dict[str, Any]:
        """Return how the line of a group is drawn: colour, dashes and marks differ, for those who see no colour."""
        return {
            "color": SERIES[place % len(SERIES)],
            "linestyle": DASHES[place % len(DASHES)],
            "marker": MARKERS[place % len(MARKERS)],
            "markersize": 4,
            "linewidth": 1.6,
        }

    def shades(self, count: int) -> Any:
        """Return a colour for each of several things in order, the last with the most contrast to the page."""
        ends = ("#33557d", "#dcebfa") if self.dark else ("#a9cdee", "#173a66")
        ramp = LinearSegmentedColormap.from_list("ordered", list(ends))
        return [to_hex(ramp(value)) for value in np.linspace(0, 1, count)]

    def many(self, x: Any, rows: Mapping[str, Any]) -> None:
        """Draw a line for each group, with its name in the legend, or at its end where the groups are many."""
        drawn = [self.ax.plot(x, row, **self.series(place))[0] for place, row in enumerate(rows.values())]
        if len(rows) <= _LEGEND:
            self.legend(drawn, list(rows))
            return
        known = {text: np.flatnonzero(np.isfinite(row)) for text, row in rows.items()}
        spots = [
            (float(x[known[text][-1]]), float(row[known[text][-1]]), text)
            for text, row in rows.items()
            if known[text].size
        ]
        self.ends(spots)

    # Words in the plot

    def nothing(self, why: str) -> Axes:
        """Say in the plot that it has nothing to show."""
        self.ax.set_xticks([])
        self.ax.set_yticks([])
        self.ax.spines[:].set_visible(False)
        self.ax.text(0.5, 0.5, why, ha="center", va="center", color=self.ink, transform=self.ax.transAxes)
        return self.ax

    def legend(self, handles: Sequence[Any], labels: Sequence[str]) -> None:
        """Put the legend above the Axes; the title, written later, stands above it."""
        wide, tall = self.points()
        for size in (self.small, 0.8 * self.small, SMALLEST):  # the first that leaves the plot more than half
            widest = max(width(text, size) for text in labels) + 4 * size
            columns = int(max(1, min(len(labels), wide // widest)))
            rows = -(-len(labels) // columns)
            if rows * size * 1.75 < 0.4 * tall:
                break
        self.ax.legend(
            handles,
            labels,
            ncols=columns,
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            frameon=False,
            fontsize=size,
            borderaxespad=0.2,
            handlelength=1.6,
            columnspacing=1.2,
            labelcolor=self.ink,
        )
        self._above = rows * size * 1.75 + 10

    def beside(self, ends: Any, texts: Sequence[str], short: Sequence[str] = ()) -> None:
        """Write a text at the right of each lying bar, or a short one where room is little, and make room for it."""
        self.settle()
        length, _ = self.points()
        if short and max(width(text, self.small) for text in texts) > 0.55 * length:
            texts = short
        needed = min(max(width(text, self.small) for text in texts) + 8, 0.7 * length)
        top = float(np.nanmax(ends))
        self.ax.set_xlim(0, (top or 1.0) * length / (length - needed))
        self._at_rows(np.nan_to_num(ends), texts, 4)

    def right(self, ends: Sequence[float], texts: Sequence[str]) -> None:
        """Write a text at the right of each lying bar whose axis need not begin at 0, and make room for it."""
        self.settle()
        length, _ = self.points()
        needed = min(max(width(text, self.small) for text in texts) + 12, 0.5 * length)
        low, high = self.ax.get_xlim()
        self.ax.set_xlim(low, high + (high - low) * needed / (length - needed))
        self._at_rows(ends, texts, 8)

    def every(self, rows: int) -> int:
        """Return which rows have room for a text: each n-th, as the names at the axis."""
        return _step(1.35 * _size("ytick.labelsize") * rows, self.points()[1])

    def _at_rows(self, ends: Any, texts: Sequence[str], away: float) -> None:
        for place in range(0, len(texts), self.every(len(texts))):
            self.ax.annotate(
                texts[place], (float(ends[place]), place), (away, 0), textcoords="offset points", va="center",
                color=self.ink, fontsize="small",
            )  # fmt: skip

    def ends(self, spots: Sequence[tuple[float, float, str]]) -> None:
        """Write names at the right of their lines, the first before the others; those without room are left out.

        Parameters
        ----------
        spots
            For each name its x and y, and its text.
        """
        if not spots:
            return
        self.settle()
        length, _ = self.points()
        needed = min(max(width(text, self.small) for *_, text in spots) + 8, 0.45 * length)
        low, high = self.ax.get_xlim()
        right = max(x for x, *_ in spots)
        edge = max(high, right + (right - low) * needed / (length - needed))
        self.ax.set_xlim(low, edge)
        height = 1.25 * self.small * self.ax.figure.dpi / 72
        taken: list[float] = []
        floor = float(self.ax.bbox.y0)
        for _, y, text in spots:
            place = float(self.ax.transData.transform((right, y))[1])
            if place - floor >= height / 2 and all(abs(place - other) >= height for other in taken):
                taken.append(place)
                self.ax.annotate(
                    text, (right, y), (6, 0), textcoords="offset points", va="center", color=self.ink, fontsize="small"
                )


def _fitting(text: str, size: float, room: float) -> str:
    """Break a text into lines of that many points."""
    fits = room / max(width(text, size), 1.0)
    return text if fits >= 1 else lines(text, int(len(text) * fits) - 1)


def _cut(text: str, size: float, room: float) -> str:
    """Return the beginning of a text that fits into that many points."""
    needed = width(text, size)
    if needed <= room:
        return text
    return text[: max(int(len(text) * room / needed) - 1, 3)].rstrip("\\ ") + "…"


def _size(setting: Any) -> float:
    """Return the size in points of a setting of the style."""
    return float(FontProperties(size=mpl.rcParams[setting]).get_size_in_points())


def _light(color: Any) -> float:
    """Return the relative luminance of a colour, as WCAG defines it."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def on(color: Any) -> str:
    """Return black or white, whichever is read on a colour."""
    return "black" if _light(color) > 0.179 else "white"
