"""How a cohort frame's accessor shows in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from csmetrics._frames.plan import Plan
from csmetrics.core._html import card, code, folded, listed, paragraph, table

_HEAD: Final = ("", "metric", "from the columns", "unit")
_SHOWN: Final = 12  # metrics that are shown at once


def frame_html(title: str, plans: Mapping[str, Plan], left_out: Mapping[str, str]) -> str:
    """Show which metrics a frame has the columns for, each with the columns that it takes."""
    rows = [
        (code(f".{name}()"), escape(plan.spec.title), ", ".join(map(code, plan.needs())), escape(plan.spec.unit))
        for name, plan in plans.items()
    ]
    count = "1 metric" if len(rows) == 1 else f"{len(rows)} metrics"
    found = f"Its columns are enough for {count}; {code('.metrics()')} computes all of them."
    none = "Its columns are enough for no metric; where they have other names, name them, as in "
    return card(
        escape(title.strip("<>")),
        paragraph(found if rows else none + code('.churn_rate(lost="cancelled", start="opening")') + "."),
        table(_HEAD, rows[:_SHOWN]) if rows else "",
        folded(f"{len(rows) - _SHOWN} more", table(_HEAD, rows[_SHOWN:])) if len(rows) > _SHOWN else "",
        folded("Left out", listed(f"{code(name)} {escape(reason)}" for name, reason in left_out.items())),
    )
