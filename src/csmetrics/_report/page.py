"""The HTML of a report: its sections, each with figures, words, plots and notes."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

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
    from csmetrics._report.drawings import drawings
    from csmetrics._report.pictures import picture

    return [
        {"words": one.words, "svg": picture(one.draw, one.words, f"{name}{at}", one.size)}
        for at, one in enumerate(drawings(name, contents))
    ]
