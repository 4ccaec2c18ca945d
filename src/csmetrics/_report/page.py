"""The HTML of a report: its sections, each with figures, words, plots and notes."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import pandas as pd

from csmetrics._report.contents import Contents
from csmetrics._report.figure import Figure
from csmetrics.errors import from_outside

_TITLES = {
    "month": "The month",
    "moved": "What moved",
    "bridge": "Recurring revenue",
    "retention": "Retention",
    "customers": "What customers say, and support",
    "users": "Users",
    "health": "Health",
}

_CARD = (
    "spec",
    "text",
    "why_not",
    "change_text",
    "better",
    "noise",
    "target",
    "target_text",
    "year_text",
    "met",
    "explanation",
    "period",
    "interval",
    "caution",
)


@dataclass
class Section:
    """One section of the page."""

    id: str
    title: str
    figures: list[dict[str, Any]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    plots: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def html(contents: Contents) -> str:
    """Write the page."""
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as missing:
        needed = 'reports need Jinja2: pip install "csmetrics[report]"'
        raise from_outside(ImportError(needed)) from missing
    text = files("csmetrics._report").joinpath("report.html").read_text("utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False).from_string(text)
    look = contents.template
    return page.render(
        title=contents.title,
        subtitle=contents.subtitle,
        company=look.company,
        logo=look.logo,
        colors=look.colors,
        version=sys.modules["csmetrics"].__version__,
        sections=[made for name in look.sections if (made := _section(name, contents)) is not None],
    )


def _section(name: str, contents: Contents) -> Section | None:
    made = Section(name, _TITLES[name])
    if name == "month":
        made.figures = [_card(one) for one in contents.figures]
        made.notes = contents.notes
    elif name == "moved":
        made.words = contents.moved_words
    made.plots = _plots(name, contents)
    return made if made.figures or made.words or made.plots or made.notes else None


def _card(figure: Figure) -> dict[str, Any]:
    from csmetrics._report.pictures import sparkline

    remarks = [*figure.notes, *figure.source.notes, figure.source.left_out]
    if figure.plan is not None and figure.plan.columns:
        columns = ", ".join(f"{name} from {column!r}" for name, column in figure.plan.columns.items() if name != column)
        remarks += [f"Columns: {columns}."] if columns else []
    shown = {word: getattr(figure, word) for word in _CARD}
    spark = sparkline(figure.series, f"{figure.spec.title} over {len(figure.series)} periods")
    return {**shown, "spark": spark, "remarks": [remark for remark in dict.fromkeys(remarks) if remark]}


def _plots(name: str, contents: Contents) -> list[dict[str, str]]:
    from csmetrics import plotting
    from csmetrics._report.pictures import picture

    drawn: list[dict[str, str]] = []

    def add(words: str, draw: Any, size: tuple[float, float] = (7.2, 3.9)) -> None:
        svg = picture(draw, words, f"{name}{len(drawn)}", size)
        drawn.append({"words": words, "svg": svg})

    given, targets = contents.sources, contents.targets
    if name == "moved":
        for parts in contents.moved:
            add(f"What moved {parts.metric}", lambda ax, parts=parts: plotting.decomposition(parts, ax=ax))
    if name == "bridge" and "movements" in given:
        frame, periods = given["movements"].frame, given["movements"].periods
        if _has(frame, "start_mrr") and periods:
            add("MRR from opening to closing", lambda ax: plotting.bridge(frame, period=periods[-1], ax=ax))
            add("Movements of MRR by period", lambda ax: plotting.movements(frame, ax=ax))
        for metric in ("churn_rate", "nrr"):
            if any(one.spec.name == metric and not one.why_not for one in contents.figures) and len(periods) > 1:
                draw = _over_time(frame, metric, targets.get(metric))
                add(f"{metric} over time", draw)
    grid = contents.retention
    if name == "retention" and grid is not None:
        rows, columns = grid.counts.shape
        tall, wide = min(max(0.36 * rows + 1.3, 2.8), 11.0), min(max(0.5 * columns + 2.2, 6.0), 14.0)
        add("Retention by cohort", lambda ax: plotting.retention(grid, ax=ax), (wide, tall))
        add("Retention by age", lambda ax: plotting.curves(grid, ax=ax))
    if name == "customers":
        if "survey" in given and _has(given["survey"].frame, "promoters"):
            totals = given["survey"].totals.tail(12)
            height = 1.6 + 0.36 * len(totals)
            add("NPS by period", lambda ax: plotting.nps(totals, ax=ax), (7.2, height))
        if "tickets" in given and len(given["tickets"].periods) > 1:
            for metric in ("fcr", "resolution_time"):
                if any(one.spec.name == metric and not one.why_not for one in contents.figures):
                    add(f"{metric} over time", _over_time(given["tickets"].frame, metric, targets.get(metric)))
    if name == "users":
        if "active_users" in given and given["active_users"].periods:
            add("Active users and stickiness", lambda ax: plotting.active_users(given["active_users"].frame, ax=ax))
        if "lifecycle" in given and given["lifecycle"].periods:
            add("Users that came and went quiet", lambda ax: plotting.lifecycle(given["lifecycle"].frame, ax=ax))
    if name == "health" and contents.health is not None:
        add(
            "Customers by health band", lambda ax: plotting.health(contents.health, contents.churned, ax=ax), (5.6, 3.6)
        )
    return drawn


def _over_time(frame: pd.DataFrame, metric: str, target: Any) -> Any:
    from csmetrics import plotting

    return lambda ax: plotting.over_time(frame, metric, target=target, ax=ax)


def _has(frame: pd.DataFrame, column: str) -> bool:
    return column in frame.columns
