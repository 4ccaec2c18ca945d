"""Weights of a health score that tell better who leaves, tested on customers who were not used to find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._statistics.auc import area, area_difference, area_limits, tally
from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.printed import Printed, counted, figure
from csmetrics._statistics.results import Interval
from csmetrics._statistics.separating import separating
from csmetrics.core._types import Array
from csmetrics.core.health import Scale, scored
from csmetrics.errors import MetricInputError
from csmetrics.health.backtest import few_of
from csmetrics.health.outcomes import dates, one_row_each, who_left

_METRIC = "HealthScore.suggest_weights"


@dataclass(frozen=True, repr=False, eq=False)
class SuggestedWeights(Printed):
    """Weights for a health score and what they are worth, the result of `HealthScore.suggest_weights`.

    Attributes
    ----------
    weights : dict of str to float
        By component, adding up to 100; empty where they do not beat equal weights by more than chance.
    suggested : bool
        Whether they do.
    auc, auc_equal, auc_present : Interval
        The AUC of the found weights, of equal weights and of the present ones, all on the later customers.
    gain : Interval
        The AUC of the found weights less that of equal weights.
    found_on, tested_on : int
        How many earlier customers the weights were found on, and how many later ones tested them.
    notes : tuple of str
        What a reader should know.
    """

    weights: dict[str, float]
    suggested: bool
    auc: Interval
    auc_equal: Interval
    auc_present: Interval
    gain: Interval
    found_on: int
    tested_on: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        gain = f"{figure(self.gain.estimate)} [{figure(self.gain.low)}, {figure(self.gain.high)}]"
        where = f"on {counted(self.tested_on)} later customers"
        if self.suggested:
            by_name = ", ".join(f"{name} {figure(weight)}" for name, weight in self.weights.items())
            lines = [f"Suggested weights: {by_name}", f"Better than equal weights {where}: AUC +{gain}"]
        else:
            lines = [
                "No weights are suggested",
                f"They do not beat equal weights by more than chance {where}: AUC {gain}",
            ]
        areas = (("found", self.auc), ("equal", self.auc_equal), ("present", self.auc_present))
        lines += [
            f"AUC with {name} weights {figure(a.estimate)} [{figure(a.low)}, {figure(a.high)}]" for name, a in areas
        ]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])


def better_weights(
    names: list[str],
    values: list[Array],
    scales: Sequence[Scale],
    frame: pd.DataFrame,
    churned: Any,
    time: Any,
    customer: Any,
    confidence: float,
) -> SuggestedWeights:
    """Find weights on the earlier half of the customers, and test them on the later one."""
    sure = Confidence.percent(_METRIC, confidence)
    one_row_each(_METRIC, frame, customer)
    left, when = who_left(_METRIC, frame, churned), dates(_METRIC, frame, "time", time)
    if when.isna().any():
        raise MetricInputError(_METRIC, "time", "must be known for every customer", "some are missing")
    ranks = when.rank(method="max", pct=True).to_numpy()
    if len(frame) and when.nunique() < 2:
        rule, hint = "must have two dates or more", "weights are found on the earlier customers, tested on the later"
        raise MetricInputError(_METRIC, "time", rule, "all customers have the same", hint)
    early = ranks <= 0.5  # customers scored on the same day stay in the same half
    for part, side in ((early, "earlier"), (~early, "later")):
        if few_of(int(left[part].sum()), int(part.sum())):
            rule = f"must hold ten or more who left and who stayed in the {side} half"
            found = f"got {int(left[part].sum())} of {int(part.sum())} who left"
            raise MetricInputError(_METRIC, "churned", rule, found, "equal weights are hard to beat with so few")
    points = [
        scored([column], [scale._replace(weight=1.0)], 0)[0] for column, scale in zip(values, scales, strict=True)
    ]
    weights = separating([column[early] for column in points], left[early])
    later = [column[~early] for column in values]

    def tried(chosen: Any) -> Array:
        if not any(chosen):
            return np.full(later[0].size, 50.0)
        score = scored(later, [s._replace(weight=float(w)) for s, w in zip(scales, chosen, strict=True)], 0)[0]
        return np.where(np.isnan(score), 50.0, score)  # of whom nothing is known, nothing is said

    gone, n, level = left[~early], float((~early).sum()), float(confidence)
    equal, best, present = tried([1.0] * len(names)), tried(weights), tried([s.weight for s in scales])

    def told(scores: Array) -> Interval:
        auc, error = area(tally(scores, gone))
        return Interval(
            auc, *area_limits(auc, error, sure, "delong-logit"), n, n, level, "delong-logit", (), "AUC", "ratio"
        )

    change, error = area_difference(equal, best, gone)
    low, high = change - sure.z * error, change + sure.z * error
    better = bool(low > 0)
    return SuggestedWeights(
        {name: round(100 * float(w), 1) for name, w in zip(names, weights, strict=True)} if better else {},
        better,
        told(best),
        told(equal),
        told(present),
        Interval(change, low, high, n, n, level, "delong paired", (), "gain in AUC", "ratio"),
        int(early.sum()),
        int((~early).sum()),
    )
