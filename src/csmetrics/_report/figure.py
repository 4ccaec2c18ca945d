"""One figure of a report: a metric with its change, its target, whether that is noise, and how it is computed."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Any

import pandas as pd

from csmetrics._frames.plan import Plan
from csmetrics._report.frames import Source
from csmetrics._statistics.evaluated import moved
from csmetrics._statistics.printed import figure as written
from csmetrics._statistics.targets import Target
from csmetrics.core._registry import Registration


@dataclass(frozen=True)
class Figure:
    """One figure of the report.

    Attributes
    ----------
    spec
        The metric.
    source
        The frame that it is computed from.
    plan
        Which columns it takes.
    series
        Its value in each period.
    period
        The period of the report, in words.
    value, change
        Its value, and the change on the period before.
    noise
        Whether the change is more than noise, in words.
    certain
        True where the change is more than noise, False where it may be noise, None where that cannot be told.
    target
        The target, where it has one.
    interval, explanation
        In words.
    caution
        What a reader must know before anything is made of the figure; empty for most.
    fair
        Whether the period can be compared with the one before; if not, no change is called better or worse.
    on_year
        The change on the year before.
    why_not
        Why it has no value; empty where it has one.
    """

    spec: Registration
    source: Source
    plan: Plan | None
    series: pd.Series[Any]
    period: str
    value: float
    change: float = nan
    noise: str = ""
    certain: bool | None = None
    target: Target | None = None
    interval: str = ""
    explanation: str = ""
    why_not: str = ""
    notes: list[str] = field(default_factory=list)
    on_year: float = nan
    caution: str = ""
    fair: bool = True

    @property
    def unit(self) -> str:
        """The unit; the builder of tickets counts times in hours."""
        return "hours" if self.spec.unit == "time" and self.source.kind == "tickets" else self.spec.unit

    @property
    def text(self) -> str:
        """The value with its unit."""
        return written(self.value, self.spec.unit) + (" hours" if self.unit == "hours" and isfinite(self.value) else "")

    @property
    def change_text(self) -> str:
        """The change on the period before, with its sign; a percentage changes in percentage points."""
        if not isfinite(self.change):
            before = "no value in the period before" if len(self.series) > 1 else "no period before"
            return self.noise or before if isfinite(self.value) else ""
        return moved(self.change, self.spec.unit)

    @property
    def year_text(self) -> str:
        """The change on the year before; empty where there was none."""
        return f"{moved(self.on_year, self.spec.unit)} on the year before" if isfinite(self.on_year) else ""

    @property
    def target_text(self) -> str:
        """What it should reach; empty without a target."""
        return "" if self.target is None else f"{self.target}{' %' if self.spec.unit == 'percent' else ''}"

    @property
    def better(self) -> bool | None:
        """Whether the change is for the better; None where there is no better, or no change."""
        if not self.fair or not isfinite(self.change) or self.change == 0 or self.spec.better == "neither":
            return None
        return (self.change > 0) == (self.spec.better == "higher")

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one, or without a value."""
        return self.target.met(self.value) if self.target is not None and isfinite(self.value) else None
