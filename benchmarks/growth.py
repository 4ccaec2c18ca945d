"""How the time of every builder grows with the number of rows: a drawing, and the figures as text."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from answers import make_answers, make_tickets
from cohorts import (
    AS_OF,
    STEPS,
    active_ours,
    make_ledger,
    make_visits,
    movements_ours,
    people_of,
    retention_ours,
)
from harness import timed

import csmetrics as csm

SIZES = (1, 3, 10, 30)  # million rows
MOST = 10  # million rows, but for the works that are known to be asked for more
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "os^Dv<>"

build = csm.cohorts


class Work(NamedTuple):
    """A builder, what it is called in the drawing, the call, and whether it is measured beyond `MOST` rows."""

    label: str
    call: Callable[[Any], Any]
    far: bool = False


def make_money(rows: int) -> pd.DataFrame:
    """Make the ledger with a last day for every row, as invoices and terms have one."""
    ledger = make_ledger(rows)
    return ledger.assign(closes=ledger["end"].fillna(ledger["start"] + pd.Timedelta(days=365)))


def adoption(visits: pd.DataFrame) -> pd.DataFrame:
    return build.adoption(visits, feature="event", eligible=people_of(len(visits))[["user"]])


def activation(visits: pd.DataFrame) -> pd.DataFrame:
    people = people_of(len(visits))
    return build.activation(visits, key_event="buy", users=people, started="signed_up", within="30D", as_of=AS_OF)


def waits(cases: pd.DataFrame) -> Any:
    return csm.survival.kaplan_meier_from_dates(cases, start="created", end="resolved", as_of=AS_OF)


CASES = {"started": "created", "completed": "first_response", "value": "resolved", "as_of": AS_OF}
WORKS: dict[str, dict[Callable[[int], pd.DataFrame], tuple[Work, ...]]] = {  # by panel and by the data that calls share
    "events": {
        make_visits: (
            Work("retention", retention_ours, far=True),
            Work("active_users", active_ours, far=True),
            Work("lifecycle", partial(build.lifecycle, as_of=AS_OF), far=True),
            Work("activation", activation),
            Work("funnel", lambda visits: build.funnel(visits, STEPS, as_of=AS_OF)),
            Work("adoption", adoption),
            Work("activity", build.activity),
        )
    },
    "money": {
        make_money: (
            Work("movements_from_subscriptions", movements_ours, far=True),
            Work("movements_from_snapshots", partial(build.movements_from_snapshots, date="start", as_of=AS_OF)),
            Work(
                "movements_from_changes",
                partial(build.movements_from_changes, time="start", change="mrr", as_of=AS_OF),
            ),
            Work("ledger_from_invoices", partial(build.ledger_from_invoices, end="closes", amount="mrr")),
            Work("renewals", partial(build.renewals, end="closes", as_of=AS_OF)),
            Work("purchases", partial(build.purchases, time="start", amount="mrr", freq="M", as_of=AS_OF)),
        )
    },
    "answers and waits": {
        make_answers: (Work("survey", partial(build.survey, nps="score", time="time", freq="M")),),
        make_tickets: (
            Work("tickets", partial(build.tickets, freq="M")),
            Work("onboarding", partial(build.onboarding, **CASES)),
            Work("kaplan_meier_from_dates", waits),
        ),
    },
}


def seconds(make: Callable[[int], Any], rows: int, calls: list[Callable[[Any], Any]], rounds: int) -> list[list[float]]:
    """Return the seconds of each call on the same data, round by round, run in turns."""
    little, data = make(1000), make(rows)
    for call in calls:
        call(little)  # the very first call takes longer
    times = [[timed(partial(call, data)) for call in calls] for _ in range(rounds)]
    return [list(column) for column in zip(*times, strict=True)]


def grow(svg: Path, scale: float, rounds: int, words: list[str]) -> list[str]:
    """Measure, draw, and return the figures as a Markdown table."""
    found: dict[str, dict[str, dict[int, list[float]]]] = {}
    for panel, by_data in WORKS.items():
        for make, works in by_data.items():
            for size in SIZES:
                asked = [work for work in works if (work.far or size <= MOST) and _is_asked(work, words)]
                rows = int(size * 1_000_000 * scale)
                measured = seconds(make, rows, [work.call for work in asked], rounds) if asked else []
                for work, times in zip(asked, measured, strict=True):
                    found.setdefault(panel, {}).setdefault(work.label, {})[rows] = times
                    print(work.label, f"{rows:,} rows", f"{statistics.median(times):.3f} s", sep="  ", flush=True)
    draw(svg, found)
    return table([int(size * 1_000_000 * scale) for size in SIZES], found)


def _is_asked(work: Work, words: list[str]) -> bool:
    return not words or any(word in work.label for word in words)


def table(rows: list[int], found: dict[str, dict[str, dict[int, list[float]]]]) -> list[str]:
    """Write the medians, with the fastest and the slowest round."""
    head = " | ".join(f"{count / 1e6:g} M rows" for count in rows)
    lines = [f"| builder | {head} | ten times the rows |", "|---|" + "---|" * (len(rows) + 1)]
    for works in found.values():
        for label, by_rows in works.items():
            slope = np.polyfit(np.log(list(by_rows)), np.log([statistics.median(t) for t in by_rows.values()]), 1)[0]
            cells = [_spread(by_rows[count]) if count in by_rows else "" for count in rows]
            lines.append(f"| `{label}` | {' | '.join(cells)} | {10**slope:.1f}x the time |")
    return lines


def _spread(times: list[float]) -> str:
    low, middle, high = min(times), statistics.median(times), max(times)
    return f"{middle:.3g} s ({low:.3g} to {high:.3g})"


def draw(svg: Path, found: dict[str, dict[str, dict[int, list[float]]]]) -> None:
    """Draw seconds over rows, both on a log scale, one panel per kind of data, with a line for linear growth."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "csmetrics", "font.size": 10}):
        figure = Figure(figsize=(11, 5.6), layout="constrained")
        panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
        rows = sorted({count for works in found.values() for by_rows in works.values() for count in by_rows})
        low = min(min(by_rows[rows[0]]) for works in found.values() for by_rows in works.values()) / 2
        for axes, (panel, works) in zip(panels, found.items(), strict=True):
            axes.plot(rows, [low * count / rows[0] for count in rows], color="0.6", linestyle="--", linewidth=1)
            for (label, by_rows), colour, marker in zip(works.items(), COLOURS, MARKERS, strict=False):
                middle = [statistics.median(times) for times in by_rows.values()]
                axes.plot(list(by_rows), middle, color=colour, marker=marker, markersize=5, label=label)
            axes.set(xscale="log", yscale="log", xlabel="million rows")
            axes.set_title(panel, loc="left")
            axes.set_xticks(rows, [f"{count / 1e6:g}" for count in rows], minor=False)
            axes.tick_params(which="minor", bottom=False)
            axes.yaxis.set_major_formatter("{x:g}")
            axes.grid(which="major", color="0.9")
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), fontsize=9)
        panels[0].set_ylabel("seconds")
        figure.suptitle("Time grows with the rows; the dashed line grows in proportion to them", x=0.01, ha="left")
        svg.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(svg, metadata={"Date": None} if svg.suffix == ".svg" else None)
