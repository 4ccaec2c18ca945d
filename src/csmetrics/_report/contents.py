"""What a report says, before it is written as a page or a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from csmetrics._report.figure import Figure
from csmetrics._report.figures import figures
from csmetrics._report.frames import Source, in_words
from csmetrics._report.plain_words import without_code
from csmetrics._report.template import Template
from csmetrics._statistics.customers import INDEPENDENT
from csmetrics._statistics.decompose import decompose
from csmetrics._statistics.decomposition import Decomposition
from csmetrics._statistics.targets import Target
from csmetrics.cohorts.grid import RetentionGrid
from csmetrics.errors import CsmetricsError

_MOVED = ("churn_rate", "nrr")


@dataclass(frozen=True)
class Contents:
    """The frames of a report and what is said of them.

    Attributes
    ----------
    sources
        The frames by kind.
    retention
        The retention triangle, where there is one.
    health, churned
        Scores of customers, and who of them left.
    targets
        The targets by metric.
    by
        The segments by which changes are taken apart.
    template
        How it looks.
    given_title
        The title that was asked for.
    """

    sources: Mapping[str, Source]
    retention: RetentionGrid | None
    health: pd.DataFrame | None
    churned: Any
    targets: dict[str, Target | None]
    by: tuple[Any, ...]
    template: Template
    given_title: str

    @cached_property
    def figures(self) -> list[Figure]:
        """The metrics, in the order of the template."""
        return figures(dict(self.sources), self.targets, self.template.metrics)

    @property
    def period(self) -> str:
        """The last period of the first frame that has one, in words."""
        periods = next((source.periods for source in self.sources.values() if source.periods), [])
        return in_words(periods[-1]) if periods else ""

    @property
    def title(self) -> str:
        """The title."""
        return self.given_title or self.template.title or "Customers and revenue"

    @property
    def subtitle(self) -> str:
        """The period of the report, and which frames speak of another one."""
        said = [f"Report of {self.period}." if self.period else ""]
        for source in self.sources.values():
            own = in_words(source.periods[-1]) if source.periods else ""
            if own and own != self.period:
                said.append(f"The figures of the {source.kind.replace('_', ' ')} are of {own}.")
        return " ".join(filter(None, said))

    @cached_property
    def notes(self) -> list[str]:
        """What a reader of all figures should know, and which rows were left out."""
        found = [note for source in self.sources.values() for note in (*source.notes, source.left_out)]
        if self.retention is not None:
            found += [without_code(note) for note in self.retention.notes]
        found.append(self._together())
        return [note for note in dict.fromkeys(found) if note]

    def _together(self) -> str:
        """Say how many changes were tested together, and what that does; empty where one or none was."""
        tested = {source.kind: max((one.tested for one in source.lines.values()), default=0) for source in self._used}
        several = [f"{count} of the {kind.replace('_', ' ')}" for kind, count in tested.items() if count > 1]
        if not several:
            return ""
        return (
            f"Changes are tested together ({', '.join(several)}), because among many some stand out by chance. So a "
            "change must be clearer here than one that is compared alone: the same change may then be more than chance."
        )

    @property
    def _used(self) -> list[Source]:
        """The frames whose figures the report shows."""
        kinds = {one.source.kind for one in self.figures} - {"onboarding"}  # of which no change is judged
        return [source for source in self.sources.values() if source.kind in kinds]

    @cached_property
    def moved(self) -> list[Decomposition]:
        """The changes of the last period, taken apart by segment."""
        source = self.sources.get("movements")
        if source is None or len(source.periods) < 2 or not self.by:
            return []
        wanted = [one.spec.name for one in self.figures if one.spec.name in _MOVED and not one.why_not]
        found = []
        for metric in wanted:
            try:
                before, after = _last_two(source)
                found.append(decompose(metric, before, after, by=list(self.by)))
            except (CsmetricsError, ImportError):  # its card says why it has no interval
                continue
        return found

    @cached_property
    def moved_words(self) -> list[str]:
        """What moved, in words; where the frame has no segments, the figures that changed by more than noise."""
        if self.moved:
            titles = {one.spec.name: one.spec.title for one in self.figures}
            once = f"\nNote: {INDEPENDENT}"  # which customers are: each counts once in a period
            told = [str(parts).replace(parts.metric, titles[parts.metric], 1) for parts in self.moved]
            return ["\n".join(map(without_code, one.replace(once, "").split("\n"))) for one in told]
        sure = [one for one in self.figures if one.certain]
        return [f"{one.spec.title}: {one.change_text} to {one.text}, more than noise." for one in sure]


def _last_two(source: Source) -> list[pd.DataFrame]:
    """Return the rows of the last two periods, with the segments as columns."""
    rows = source.frame.reset_index()
    return [rows[rows[source.axis] == period].drop(columns=source.axis) for period in source.periods[-2:]]
