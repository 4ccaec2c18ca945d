"""`csm.Scorecard`: what is on target, what changed, and whether the change is more than noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.grain import Grain
from csmetrics._frames.plan import Plan
from csmetrics._statistics.calendar_axis import TimeAxis, only, read_axis
from csmetrics._statistics.compare import compare
from csmetrics._statistics.comparing import method_for
from csmetrics._statistics.confidence import QUIET, Confidence, special
from csmetrics._statistics.differences import differ
from csmetrics._statistics.evaluated import Evaluated, Line
from csmetrics._statistics.frames import CUSTOMER, frame_sample
from csmetrics._statistics.given import grain_of
from csmetrics._statistics.kinds import Asked
from csmetrics._statistics.methods import limits, method_of
from csmetrics._statistics.noise import adjusted, reach
from csmetrics._statistics.periods import axis_of
from csmetrics._statistics.samples import Sample
from csmetrics._statistics.targets import Target
from csmetrics.core._registry import Registration, registered
from csmetrics.core._sums import sampled_of
from csmetrics.errors import CsmetricsError, MetricInputError, shown

_METRIC = "Scorecard"
_CONFIDENCE = 95.0
_HISTORY = 60  # earlier periods that are looked at
_NEEDS = "cannot tell: needs csmetrics[stats]"
_SAME = ("at_risk_rate", "active_rate", "adoption_rate", "license_utilization")  # the same customers in each period


Found = dict[tuple[Any, ...], float]


@dataclass(frozen=True)
class Scorecard:
    """Metrics and what they should reach: `evaluate` says each period what is on target and what changed.

    Attributes
    ----------
    targets
        For each metric, by name, a `Target`, a dict of its fields, or None for a metric without one.

    Raises
    ------
    MetricInputError
        If a name is not that of a metric, or a target is not a `Target`, a dict of its fields or None.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> card = csm.Scorecard(targets={"churn_rate": csm.Target(at_most=2), "nrr": csm.Target(at_least=105)})
    >>> months = pd.DataFrame(
    ...     {"lost": [30, 18], "start": [1000, 1010]},
    ...     index=pd.period_range("2026-01", periods=2, freq="M", name="period"),
    ... )
    >>> print(card.evaluate(months))
    Scorecard 2026-02: 1 of 2 targets met, 1 cannot be computed
    churn_rate 1.78 %, target at most 2: met; -1.22 pp on 2026-01 (within noise)
    nrr: no column 'start_mrr'
    1 change tested.
    """

    targets: Mapping[str, Target | Mapping[str, float] | None]

    def __post_init__(self) -> None:
        if not isinstance(self.targets, Mapping) or not self.targets:
            rule, hint = "must name metrics", 'such as targets={"nrr": csm.Target(at_least=105)}'
            raise MetricInputError(_METRIC, "targets", rule, f"got {shown(self.targets)}", hint)
        read: dict[str, Target | None] = {}
        for name, target in self.targets.items():
            spec = registered(name, _METRIC)
            if isinstance(target, Mapping):
                target = Target(**target)
            if not (target is None or isinstance(target, Target)):
                hint = f"csm.Target(at_least={shown(target)}) or csm.Target(at_most={shown(target)})"
                raise MetricInputError(_METRIC, spec.name, "must have a Target", f"got {shown(target)}", hint)
            read[spec.name] = target
        object.__setattr__(self, "targets", read)

    @QUIET
    def evaluate(self, frame: Any, *, period: Any = ..., by: Any = None, trailing: int = 1) -> Evaluated:
        """Compute each metric of a period, and compare it with its target, the period before and the year before.

        Parameters
        ----------
        frame
            A cohort frame with a time axis, of pandas or any engine, as the builders make it.
        period
            Which period, by its label: "2026-06". By default the last one. Where the frame has several time axes, the
            name of one.
        by
            A column, or a list of columns: a line per segment.
        trailing
            How many periods are taken together: flows are added, rates computed from the sums. Stocks are never added:
            a rate of events among customers is then per customer and period, and named so; bridges of revenue are
            made with ``span=`` instead.

        Returns
        -------
        Evaluated
            The lines as `.frame`; printed it is text, in a notebook HTML. What cannot be computed stands with its
            reason.

        Raises
        ------
        MetricInputError
            If the frame has no time axis, no such period, or `trailing` is no whole number of 1 or more.
        MissingColumnError
            If there is no column of `by`.

        Notes
        -----
        A change is more than noise where its interval leaves out 0 **and**, with eight earlier changes or more, it is
        larger than what the earlier periods did by themselves. The p-values allow for how many changes are tested
        (Benjamini-Hochberg). Windows that overlap are compared with the last that shares no period with them.

        Without scipy nothing is said of noise; all else stands.
        """
        whole = isinstance(trailing, (int, np.integer)) and not isinstance(trailing, bool)
        if not whole or not 1 <= trailing <= 1000:
            raise MetricInputError(_METRIC, "trailing", "must be a whole number from 1 up", f"got {shown(trailing)}")
        grain = _grain(frame, period)
        keys = () if by is None else tuple(by) if isinstance(by, (list, tuple)) else (by,)
        named = isinstance(period, str) and period in [*grain.axes]
        axis = read_axis(_METRIC, grain, axis_of(grain, _METRIC))
        place = axis.places[-1] if named or period is ... else axis.place_of(_METRIC, period)
        span = getattr(frame, "attrs", {}).get("span", 1)
        asked = _Asked(grain, axis, keys, place, int(trailing), max(int(trailing), int(span)))
        lines: list[Line] = []
        for name, target in self.targets.items():
            lines += asked.lines(registered(name, _METRIC), target)  # type: ignore[arg-type]
        return Evaluated(axis.label_of(place), tuple(map(str, keys)), _judged(lines), int(trailing), asked.notes())


def _grain(frame: Any, period: Any) -> Grain:
    grain = grain_of(frame)
    if grain is None:
        raise MetricInputError(_METRIC, "frame", "must be a cohort frame", f"got {shown(frame)}")
    if isinstance(grain.frame, pd.DataFrame) and "the index" in grain.axes:
        grain = Grain(grain.frame.rename_axis(index="period"))
    chosen = isinstance(period, str) and period in [*grain.axes]
    return replace(grain, keys=(), period=period if chosen else grain.period)


@dataclass(frozen=True)
class _Asked:
    """A frame, its periods and what is asked of them."""

    grain: Grain
    axis: TimeAxis
    keys: tuple[Any, ...]
    place: int
    trailing: int
    step: int  # how far apart two windows are that share no period

    def notes(self) -> tuple[str, ...]:
        """Say what holds for all lines."""
        return (f"{self.trailing} periods together" if self.trailing > 1 else "",) if self.trailing > 1 else ()

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
                notes=("the same customers are counted in both periods: at most so sure",) if same else (),
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
        found = limits(sample, Asked(Confidence.percent(_METRIC, _CONFIDENCE), method_of(sample, None)))
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
        found = differ(first, second, Confidence.percent(_METRIC, _CONFIDENCE), method_for(second, None))
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


def _judged(lines: list[Line]) -> tuple[Line, ...]:
    """Say of each change whether it is more than noise, allowing for how many are tested."""
    sure = Confidence.percent(_METRIC, _CONFIDENCE)
    tests = [(i, name, p) for i, line in enumerate(lines) for name, p in line.p.items()]
    likely = adjusted([p for _, _, p in tests])
    noise: list[dict[str, str]] = [{} for _ in lines]
    for (i, name, _), p in zip(tests, likely, strict=True):
        line = lines[i]
        if isnan(p):
            noise[i][name] = line.doubt[name] or "cannot tell"
            continue
        usual = reach(line.history, sure)
        moved = abs(line.value - (line.before if name == "before" else line.year))
        if p >= 1 - _CONFIDENCE / 100:
            noise[i][name] = "no"
        elif isnan(usual):
            noise[i][name] = "beyond sampling noise; too little history"
        else:
            noise[i][name] = "yes" if moved > usual else "no"
    tested = int(np.isfinite(likely).sum())
    return tuple(replace(line, noise=one, tested=tested) for line, one in zip(lines, noise, strict=True))
