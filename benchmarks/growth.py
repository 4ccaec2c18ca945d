"""How the time of a builder grows with the number of rows: a drawing, and the figures as text."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from cohorts import active_ours, make_events, make_ledger, movements_ours, retention_ours
from harness import timed

SIZES = (1, 3, 10, 30)  # million rows
WORKS = {  # by the data that the calls share: label, call, colour and marker
    make_events: (
        ("retention, 36 months", retention_ours, "#0072B2", "o"),
        ("daily, weekly and monthly active users", active_ours, "#D55E00", "s"),
    ),
    make_ledger: (("MRR movements, 48 months", movements_ours, "#009E73", "^"),),
}


def seconds(make: Callable[[int], Any], rows: int, calls: list[Callable[[Any], Any]], rounds: int) -> list[float]:
    """Return the median seconds of each call on the same data, run in turns."""
    little, data = make(1000), make(rows)
    for call in calls:
        call(little)  # the very first call takes longer
    times = [[timed(partial(call, data)) for call in calls] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def grow(svg: Path, scale: float, rounds: int) -> list[str]:
    """Measure, draw, and return the figures as a Markdown table."""
    rows = [int(size * 1_000_000 * scale) for size in SIZES]
    found: dict[str, list[float]] = {}
    for make, works in WORKS.items():
        times = [seconds(make, count, [call for _, call, _, _ in works], rounds) for count in rows]
        found |= {label: list(column) for (label, *_), column in zip(works, zip(*times, strict=True), strict=True)}
        for label, *_ in works:
            print(label, *(f"{time:.3f} s" for time in found[label]), sep="  ", flush=True)
    draw(svg, rows, found)
    head = " | ".join(f"{count / 1e6:g} M rows" for count in rows)
    lines = [f"| work | {head} | ten times the rows |", "|---|" + "---|" * (len(rows) + 1)]
    for label, times in found.items():
        slope = np.polyfit(np.log(rows), np.log(times), 1)[0]
        lines.append(f"| {label} | {' | '.join(f'{time:.3g} s' for time in times)} | {10**slope:.1f}x the time |")
    return lines


def draw(svg: Path, rows: list[int], found: dict[str, list[float]]) -> None:
    """Draw seconds over rows, both on a log scale, with a line that shows linear growth."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    looks = {label: look for works in WORKS.values() for label, _, *look in works}
    with mpl.rc_context({"svg.hashsalt": "csmetrics", "font.size": 10}):
        figure = Figure(figsize=(7.2, 4.4), layout="constrained")
        axes = figure.add_subplot()
        low = min(times[0] for times in found.values()) / 2
        axes.plot(rows, [low * count / rows[0] for count in rows], color="0.6", linestyle="--", linewidth=1)
        axes.annotate(
            "in proportion to the rows",
            (rows[1], low * rows[1] / rows[0]),
            xytext=(6, -8),
            textcoords="offset points",
            color="0.4",
            va="top",
        )
        for label, times in found.items():
            colour, marker = looks[label]
            axes.plot(rows, times, color=colour, marker=marker, label=label)
        axes.set(xscale="log", yscale="log", xlabel="million rows", ylabel="seconds")
        axes.set_title("Time grows with the rows", loc="left")
        axes.set_xticks(rows, [f"{count / 1e6:g}" for count in rows], minor=False)
        axes.tick_params(which="minor", bottom=False)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.grid(which="major", color="0.9")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="upper left")
        svg.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(svg, metadata={"Date": None} if svg.suffix == ".svg" else None)
