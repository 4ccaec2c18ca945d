"""The cohort frames of a report: what each is for, which metrics it gives, and its rows at the report's period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pandas as pd

from csmetrics._frames.engine_totals import EngineFrame
from csmetrics._frames.engines import collect, lazy
from csmetrics._frames.grain import Grain
from csmetrics._report.plain_words import without_code
from csmetrics._statistics.calendar_axis import as_periods
from csmetrics._statistics.evaluated import Line
from csmetrics._statistics.scorecard import Scorecard
from csmetrics._statistics.text_periods import must_sort
from csmetrics.errors import MetricInputError, shown
from csmetrics.plotting._words import period_name

# Which metrics each frame is asked for, in the order of the report
METRICS: Final = {
    "movements": ("churn_rate", "nrr", "grr", "arr", "net_new_mrr", "arpa", "quick_ratio", "customer_growth_rate"),
    "survey": ("nps", "csat", "ces", "response_rate"),
    "tickets": ("fcr", "first_response_time", "resolution_time", "sla_attainment", "reopen_rate", "escalation_rate"),
    "onboarding": ("onboarding_completion_rate", "median_ttv"),
    "activation": ("activation_rate",),
    "adoption": ("adoption_rate", "feature_adoption_rate"),
    "active_users": ("stickiness",),
    "lifecycle": ("lifecycle_quick_ratio",),
}


@dataclass(frozen=True)
class Source:
    """One cohort frame.

    Attributes
    ----------
    kind
        The argument of `csmetrics.report` that it was given as.
    frame
        The frame.
    until
        The last day of the report; periods that end later are left out.
    """

    kind: str
    frame: pd.DataFrame
    until: pd.Timestamp | None = None

    @cached_property
    def axis(self) -> Any:
        """The name of the time axis; None where the frame has none."""
        axes = list(Grain(self.frame).axes)
        if len(axes) > 1:
            found, hint = f"{self.kind} has {', '.join(map(repr, axes))}", "drop the others, or name one 'period'"
            raise MetricInputError("report", self.kind, "must have one time axis", found, hint)
        return axes[0] if axes else None

    @cached_property
    def segments(self) -> list[Any]:
        """The names of the other levels of its index."""
        return [name for name in self.frame.index.names if name is not None and name != self.axis]

    @cached_property
    def totals(self) -> pd.DataFrame:
        """The sums of all segments: a row per period, or one row."""
        numbers = self.frame.select_dtypes("number")
        numbers = numbers[[name for name in numbers.columns if name != self.axis and not _is_level(name)]]
        if self.axis is None:
            found = numbers.sum(min_count=1).to_frame().T
            found.index = pd.Index(["all"], name="period")
            return found
        axis = Grain(self.frame).axes[self.axis]
        must_sort("report", self.axis, axis)
        found = numbers.groupby(axis.to_numpy(), sort=True).sum(min_count=1)
        if isinstance(axis.dtype, pd.PeriodDtype):
            found.index = pd.PeriodIndex(found.index, freq=axis.dtype.freq)
        return found.rename_axis("period")

    @cached_property
    def periods(self) -> list[Any]:
        """The periods in order, up to the report's last day."""
        return list(self.totals.index) if self.axis is not None else []

    @cached_property
    def last_rows(self) -> pd.DataFrame:
        """The rows of the report's period."""
        here = Grain(self.frame).axes[self.axis] == self.periods[-1]
        found: pd.DataFrame = self.frame[here.to_numpy(dtype=bool)]
        return found

    @cached_property
    def lines(self) -> dict[str, Line]:
        """What a scorecard says of each of its metrics: changes, and whether they are more than noise."""
        if len(self.periods) < 2:
            return {}
        card = Scorecard(targets=dict.fromkeys(METRICS[self.kind])).evaluate(self.frame)
        return {line.metric: line for line in card.lines}

    @property
    def notes(self) -> list[str]:
        """What a reader of the frame should know."""
        return [without_code(note) for note in self.frame.attrs.get("notes", [])]

    @property
    def left_out(self) -> str:
        """Which rows were left out of the frame, in words; empty where none were."""
        excluded: Mapping[str, Any] | None = self.frame.attrs.get("excluded")
        if not excluded or not excluded["rows"]:
            return ""
        reasons = ", ".join(f"{reason}: {count:,}" for reason, count in excluded["reasons"].items())
        return f"{excluded['rows']:,} rows were left out of the {self.kind} ({reasons})."


def _is_level(name: Any) -> bool:
    return isinstance(name, str) and (name.startswith("median_") or "*" in name)


def in_words(period: Any) -> str:
    """Write a period, as text for a page or a sheet."""
    return period_name(period).replace(r"\$", "$")  # which plots keep from being read as a formula


def source(kind: str, given: Any, until: pd.Timestamp | None) -> Source:
    """Read a frame of any engine; leave out the periods that end after the report's last day."""
    if not isinstance(given, pd.DataFrame):
        EngineFrame(given)  # refuses anything but a frame
        attrs = getattr(given, "attrs", {})
        given = collect(lazy(given, "report", kind))
        given.attrs.update(attrs)
    attrs = dict(given.attrs)
    if None in given.index.names and isinstance(given.index, (pd.PeriodIndex, pd.DatetimeIndex)):
        given = given.rename_axis("period")
    made = Source(kind, given, until)
    if until is not None and made.axis is not None and len(given):
        axis = Grain(given).axes[made.axis]
        labels = axis.dropna().drop_duplicates()
        periods = as_periods(labels.tolist())
        if periods is not None:
            kept = axis.isin(labels[periods.end_time.normalize() <= until])
        elif axis.dtype.kind == "M":
            kept = axis.dt.tz_localize(None) <= until
        else:
            rule, hint = (
                "needs periods that are dates, or text such as 2026-03",
                "make Periods of them, or leave as_of out",
            )
            found = f"the {kind} have {', '.join(map(shown, labels.head(3)))}"
            raise MetricInputError("report", "as_of", rule, found, hint)
        given = given[kept.to_numpy(dtype=bool)]
        given.attrs.update(attrs)
        made = Source(kind, given, until)
    return made
