"""How metrics show in a notebook: one of them, several that were found, all of them by family."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from csmetrics._catalog.mathml import mathml
from csmetrics.core._html import card, code, folded, listed, paragraph, prose, table

if TYPE_CHECKING:
    from csmetrics._catalog.spec import MetricSpec


def one(spec: MetricSpec) -> str:
    """Show a metric: what it measures, its formula, inputs, pitfalls, and the other definitions in use."""
    better = "" if spec.direction == "neither" else f", {spec.direction} is better"
    inputs = (
        (code(name), escape(given.kind), prose(given.meaning) + ("" if given.required else " <i>Optional.</i>"))
        for name, given in spec.inputs.items()
    )
    return card(
        f"{escape(spec.title)} {code(spec.name)}",
        paragraph(prose(spec.summary)),
        *map(mathml, formulas(spec)),
        paragraph(f"In {escape(spec.unit)}{better}."),
        table((), inputs),
        folded("Questions it answers", listed(map(escape, spec.questions)), unfolded=True),
        folded("Pitfalls", listed(map(prose, spec.pitfalls))),
        folded("Other definitions in use", listed(map(prose, spec.rivals))),
        folded("Also called", paragraph(escape(", ".join(spec.aliases)))),
        folded("Sources", listed(map(escape, spec.references))),
    )


def formulas(spec: MetricSpec) -> list[str]:
    """Split a formula into those of its variants, each of which begins with its name."""
    return re.split(r"\\qquad(?=\s*\\text\{[\w ]+: \})", spec.formula)


def several(specs: Iterable[MetricSpec]) -> str:
    """Show metrics as a table."""
    rows = ((code(spec.name), escape(spec.title), prose(spec.summary), escape(spec.unit)) for spec in specs)
    return table(("metric", "title", "what it measures", "unit"), rows)


def every(specs: Iterable[MetricSpec]) -> str:
    """Show all metrics, folded by family."""
    families: dict[str, list[MetricSpec]] = {}
    for spec in specs:
        families.setdefault(spec.family, []).append(spec)
    count = sum(map(len, families.values()))
    search = "Find one by a word or a question: " + code('csm.catalog.find("are customers happy?")')
    parts = (folded(f"{escape(name.capitalize())}: {len(some)}", several(some)) for name, some in families.items())
    return card(f"csmetrics catalog: {count} metrics", paragraph(search), *parts)
