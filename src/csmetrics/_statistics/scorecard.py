"""`csm.Scorecard`: what is on target, what changed, and whether the change is more than noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import require
from csmetrics._frames.engines import how_to_make
from csmetrics._frames.grain import Grain
from csmetrics._statistics.calendar_axis import read_axis
from csmetrics._statistics.confidence import QUIET, Confidence
from csmetrics._statistics.evaluated import Evaluated, Line
from csmetrics._statistics.given import grain_of
from csmetrics._statistics.noise import adjusted, reach
from csmetrics._statistics.periods import axis_of
from csmetrics._statistics.scorecard_lines import CONFIDENCE, Windows
from csmetrics._statistics.targets import Target
from csmetrics._statistics.text_periods import must_sort
from csmetrics.core._options import check_whole
from csmetrics.core._registry import registered
from csmetrics.errors import MetricInputError, shown

SHORT = "beyond sampling noise; too little history"
_METRIC = "Scorecard"


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
    More than noise: 0 of 1 change tested.
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
                if unknown := [key for key in target if key not in ("at_least", "at_most")]:
                    raise MetricInputError(
                        _METRIC, spec.name, "must have at_least, at_most or both", f"got {shown(unknown[0])}"
                    )
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
        trailing = check_whole(_METRIC, "trailing", trailing, most=1000)
        grain = _grain(frame, period)
        keys = () if by is None else tuple(by) if isinstance(by, (list, tuple)) else (by,)
        for key in keys:
            require(grain.frame, key, _METRIC, "by")
        named = isinstance(period, str) and period in [*grain.axes]
        axis = read_axis(_METRIC, grain, axis_of(grain, _METRIC))
        if axis.periods is None:
            must_sort(_METRIC, axis.name, axis.labels)
        place = axis.places[-1] if named or period is ... else axis.place_of(_METRIC, period)
        span = getattr(frame, "attrs", {}).get("span", 1)
        asked = Windows(grain, axis, keys, place, int(trailing), max(int(trailing), int(span)))
        lines: list[Line] = []
        for name, target in self.targets.items():
            lines += asked.lines(registered(name, _METRIC), target)  # type: ignore[arg-type]
        return Evaluated(axis.label_of(place), tuple(map(str, keys)), _judged(lines), int(trailing), asked.notes())


def _grain(frame: Any, period: Any) -> Grain:
    grain = grain_of(frame)
    if grain is None:
        raise MetricInputError(_METRIC, "frame", "must be a cohort frame", f"got {shown(frame)}", how_to_make(frame))
    if isinstance(grain.frame, pd.DataFrame) and "the index" in grain.axes:
        grain = Grain(grain.frame.rename_axis(index="period"))
    chosen = isinstance(period, str) and period in [*grain.axes]
    return replace(grain, keys=(), period=period if chosen else grain.period)


def _judged(lines: list[Line]) -> tuple[Line, ...]:
    """Say of each change whether it is more than noise, allowing for how many are tested."""
    sure = Confidence.percent(_METRIC, CONFIDENCE)
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
        if p >= 1 - CONFIDENCE / 100:
            noise[i][name] = "no"
        elif isnan(usual):
            noise[i][name] = SHORT
        else:
            noise[i][name] = "yes" if moved > usual else "no"
    tested = int(np.isfinite(likely).sum())
    return tuple(replace(line, noise=one, tested=tested) for line, one in zip(lines, noise, strict=True))
