"""The lines of a scorecard: each metric's figures over time, their limits, and what a change would be by chance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.grain import Grain
from csmetrics._frames.plan import Plan
from csmetrics._statistics.calendar_axis import TimeAxis, only
from csmetrics._statistics.compare import compare
from csmetrics._statistics.comparing import method_for
from csmetrics._statistics.confidence import Confidence, special
from csmetrics._statistics.differences import differ
from csmetrics._statistics.doubt import less_time
from csmetrics._statistics.evaluated import Line
from csmetrics._statistics.frames import CUSTOMER, frame_sample
from csmetrics._statistics.kinds import Asked
from csmetrics._statistics.methods import limits, method_of
from csmetrics._statistics.samples import Sample
from csmetrics._statistics.targets import Target
from csmetrics.core._registry import Registration
from csmetrics.core._sums import sampled_of
from csmetrics.errors import CsmetricsError, MetricInputError

CONFIDENCE = 95.0
_SURE = Confidence.percent("Scorecard", CONFIDENCE)
_HISTORY = 60  # earlier periods that are looked at
_NEEDS = "cannot tell: needs csmetrics[stats]"
_SAME = ("at_risk_rate", "active_rate", "adoption_rate", "license_utilization")  # the same customers in each period

_TWICE = "the same customers are counted in both periods: at most so sure"

Found = dict[tuple[Any, ...], float]


@dataclass(frozen=True)
class Windows:
    """A frame, its periods and what is asked of them."""

    grain: Grain
    axis: TimeAxis
    keys: tuple[Any, ...]
    place: int
    trailing: int
    step: int  # how far apart two windows are that share no period

    def notes(self) -> tuple[str, ...]:
        """Say what holds for all lines."""
        return (f"{self.trailing} periods together",) if self.trailing > 1 else ()

    def lines(self, spec: Registration, target: Target | None) -> list[Line]:
        """Compute a metric's lines: one for each segment, or one that says why there are none."""
        empty = Line(spec.name, spec.unit, (), target)
        try:
            figures, basis = self._figures(spec)
        except CsmetricsError as error:
            return [replace(empty, reason=_reason(error))]
        year, before = self.axis.year_before(self.place), self.place - self.step
        ends = {"before": before} | ({} if year is None else {"year": year})
        now = self._sample(spec, self.place)
        low, high = _limits(now)
        paired = {name: self._paired(spec, end) for name, end in ends.items()} if spec.name in _SAME else {}
        tests = {name: paired.get(name) or _p_values(self._sample(spec, end), now) for name, end in ends.items()}
        found = []
        for group, values in figures.items():
            value = values.get(self.place, nan)
            others = {name: values.get(end, nan) for name, end in ends.items()}
            compared = [name for name, other in others.items() if not isnan(other) and not isnan(value)]
            same = spec.name in _SAME and any(paired.get(name) is None for name in compared)
            line = replace(
                empty,
                group=group,
                value=value,
                basis=basis,
                reason=f"no value in {self.axis.label_of(self.place)}" if isnan(value) else "",
                history=tuple(values.get(self.place - self.step * back, nan) for back in range(_HISTORY, 0, -1)),
                low=low.get(group, nan),
                high=high.get(group, nan),
                before=others["before"],
                before_label=self.axis.label_of(before),
                year=others.get("year", nan),
                year_label="" if year is None else self.axis.label_of(year),
                p={name: tests[name][0].get(group, nan) for name in compared},
                doubt={name: tests[name][1] for name in compared},
                notes=((_TWICE,) if same else ()) + (less_time(self.grain.frame, spec, {}) if compared else ()),
            )
            found.append(line)
        return found or [replace(empty, reason=f"no rows in {self.axis.label_of(self.place)}")]

    def _figures(self, spec: Registration) -> tuple[dict[tuple[Any, ...], dict[int, float]], str]:
        """Return the values of each segment at the windows that end at each place, and what they are per."""
        if spec.reduces or spec.over_columns:
            found = "it takes raw answers or several columns"
            raise MetricInputError(spec.name, "frame", "must hold the totals of the metric", found)
        plan = Plan(Grain(self.grain.frame, (*self.keys, self.axis.name), self.axis.name), spec, {})
        index, totals = Grain(self.grain.frame, (*self.keys, self.axis.name), self.axis.name).sums(plan.needs())
        assert index is not None
        basis = _basis(plan, self.trailing) if self.trailing > 1 else ""
        times: Any = index.get_level_values(-1)
        known = dict(zip(self.axis.labels, self.axis.places, strict=True))
        places = np.array([known.get(label, -(10**9)) for label in times], dtype=np.int64)
        levels = [index.get_level_values(i) for i in range(len(self.keys))]
        groups = [_group(one) for one in zip(*levels, strict=True)] if levels else [()] * len(index)
        rows: dict[tuple[Any, ...], dict[int, int]] = {}
        for row, (group, place) in enumerate(zip(groups, places.tolist(), strict=True)):
            rows.setdefault(group, {})[place] = row
        windows = [
            (group, end, [at[place] for place in range(end - self.trailing + 1, end + 1)])
            for group, at in rows.items()
            for end in at
            if all(place in at for place in range(end - self.trailing + 1, end + 1))
        ]
        taken = np.array([rows_ for _, _, rows_ in windows], dtype=np.intp).reshape(-1, self.trailing)
        sums = {label: pd.Series(np.asarray(values)[taken].sum(axis=1)) for label, values in totals.items()}
        value: Any = plan.value(sums) if windows else []
        out: dict[tuple[Any, ...], dict[int, float]] = {group: {} for group in rows}
        for (group, end, _), one in zip(windows, np.asarray(value, dtype=np.float64).tolist(), strict=True):
            out[group][end] = one
        return out, basis

    def _paired(self, spec: Registration, end: int) -> tuple[Found, str] | None:
        """Compare the same customers with themselves, where there is one row for each; None where there is not."""
        frame, (yes,), (base,) = self.grain.frame, sampled_of(spec).top, sampled_of(spec).bottom
        names = (CUSTOMER, yes, base)
        if self.keys or self.trailing > 1 or not isinstance(frame, pd.DataFrame) or not set(names) <= {*frame.columns}:
            return None
        parts: list[Any] = [only(self.grain, self.axis, at, at, ()).frame for at in (end, self.place)]
        if any(part[CUSTOMER].duplicated().any() or not part[base].eq(1).all() for part in parts):
            return None
        try:
            found = compare(spec.name, *(part.set_index(CUSTOMER)[yes] for part in parts), paired=True)
        except (CsmetricsError, ImportError):
            return None
        return {(): found.p_value}, "cannot tell: the change has no interval"

    def _sample(self, spec: Registration, end: int) -> Sample | str:
        """Return the sample behind the figures of the window that ends at a place, or why it has no figure."""
        first = end - self.trailing + 1
        if not self.axis.taken(first, end):
            return "cannot tell"
        try:
            return frame_sample(only(self.grain, self.axis, first, end, self.keys), spec, {})
        except ImportError:
            return _NEEDS
        except CsmetricsError as error:
            return f"cannot tell: {_reason(error)}"


def _groups(sample: Sample) -> list[tuple[Any, ...]]:
    if sample.index is None:
        return [()]
    return [_group(label if isinstance(label, tuple) else (label,)) for label in sample.index]


def _group(labels: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the keys of a segment; a missing one is None, which equals itself."""
    return tuple(None if pd.isna(label) else label for label in labels)


def _limits(sample: Sample | str) -> tuple[Found, Found]:
    """Return the limits of each segment's figure; none where they have none."""
    if isinstance(sample, str):
        return {}, {}
    try:
        found = limits(sample, Asked(_SURE, method_of(sample, None)))
    except (CsmetricsError, ImportError):
        return {}, {}
    groups = _groups(sample)
    low, high = (dict(zip(groups, end.tolist(), strict=True)) for end in (found.low, found.high))
    return low, high


def _p_values(before: Sample | str, now: Sample | str) -> tuple[Found, str]:
    """Return the p-value of each segment's change, and the reason where it has no p-value."""
    if isinstance(now, str) or isinstance(before, str):
        return {}, now if isinstance(now, str) else str(before)
    places = {group: i for i, group in enumerate(_groups(before))}
    shared = [(group, i, places[group]) for i, group in enumerate(_groups(now)) if group in places]
    if not shared:
        return {}, "cannot tell"
    second = now.pick(np.array([i for _, i, _ in shared], dtype=np.intp))
    first = before.pick(np.array([i for _, _, i in shared], dtype=np.intp))
    try:
        special()
        found = differ(first, second, _SURE, method_for(second, None))
    except ImportError:
        return {}, _NEEDS
    except CsmetricsError as error:
        return {}, f"cannot tell: {_reason(error)}"
    p = dict(zip([group for group, _, _ in shared], found.p_value.tolist(), strict=True))
    return p, "cannot tell: the change has no interval"


def _basis(plan: Plan, trailing: int) -> str:
    """Say what a figure of several periods is per; refuse to add stocks that are no base of counted events."""
    stocks = [name for name in plan.columns if plan.spec.inputs[name].kind == "stock"]
    bases = [name for name in stocks if plan.spec.base == name and plan.spec.inputs[name].quantity.name == "count"]
    if stocks and (bases != stocks or len(plan.columns) == 1):
        hint = f"bridges are made over {trailing} periods by their builder: span={trailing}"
        raise MetricInputError(plan.spec.name, stocks[0], "is a stock and is never added over periods", hint)
    within = [_basis(source, trailing) for source in plan.sources.values() if isinstance(source, Plan)]
    return "per customer and period" if stocks else next((one for one in within if one), "")


def _reason(error: CsmetricsError) -> str:
    if error.code == "missing_column":
        return error.rule
    if error.rule == "has no interval":
        return error.found
    return f"{error.argument} {error.rule}; {error.found}"
