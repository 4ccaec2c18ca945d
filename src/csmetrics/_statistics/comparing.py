"""Two samples compared: the method, the change, and the result."""

from __future__ import annotations

from typing import Any

import numpy as np

from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.counts import rate_ratio, rate_ratio_p
from csmetrics._statistics.customers import INDEPENDENT
from csmetrics._statistics.differences import DIFFERENCES, Change, differ
from csmetrics._statistics.kinds import Asked, dispersion
from csmetrics._statistics.methods import limits, method_of
from csmetrics._statistics.results import Comparison, RateRatio
from csmetrics._statistics.samples import Sample
from csmetrics.core._options import check_word
from csmetrics.core._registry import Registration

APART = "customers of both periods are taken as independent"


def method_for(sample: Sample, method: Any) -> str:
    """Return the method of a difference."""
    return chosen_method(sample.spec, method, DIFFERENCES.get(sample.sums.kind, ("square-and-add",)))


def chosen_method(spec: Registration, method: Any, known: tuple[str, ...]) -> str:
    if method is None:
        return known[0]
    chosen: str = check_word(spec.name, "method", method, known)
    return chosen


def compared(
    before: Sample,
    after: Sample,
    sure: Confidence,
    confidence: float,
    method: Any = None,
    correction: bool = False,
) -> Comparison:
    """Compare two samples of one figure each."""
    method = method_for(after, method)
    change = differ(before, after, sure, method, correction)
    said = [*dict.fromkeys([*before.notes, *after.notes])]
    if all(s.rows is not None and s.rows.owner is not None for s in (before, after)):
        said.append(APART)
    if after.sums.kind in ("share", "trinomial", "exposure") and not after.known:
        said.append(INDEPENDENT)
    if method == "fisher":
        said.append("Fisher's test has a p-value and no interval of its own")
    ratio = _rate_ratio(before, after, sure) if after.sums.kind == "exposure" else None
    sizes = [float(limits(s, Asked(sure, method_of(s, None))).n[0]) for s in (before, after)]
    return comparison(after.spec, change, before.estimate, after.estimate, sizes, method, confidence, said, ratio)


def comparison(
    spec: Registration,
    change: Change,
    before: Any,
    after: Any,
    sizes: list[float],
    method: str,
    confidence: float,
    notes: list[str],
    ratio: RateRatio | None = None,
) -> Comparison:
    low, high = possible(spec, change)
    return Comparison(
        float(change.difference[0]),
        float(low[0]),
        float(high[0]),
        float(change.p_value[0]),
        method=method,
        confidence=float(confidence),
        before=float(before[0]),
        after=float(after[0]),
        n_before=sizes[0],
        n_after=sizes[1],
        metric=spec.name,
        unit=spec.unit,
        statistic=float(change.statistic),
        ratio=ratio,
        notes=tuple(notes),
    )


def possible(spec: Registration, change: Change) -> tuple[Any, Any]:
    """Keep the limits of a change to what two figures can differ by."""
    least, most = spec.bounds
    if least is None or most is None:
        return change.low, change.high
    return np.maximum(change.low, least - most), np.minimum(change.high, most - least)


def _rate_ratio(before: Sample, after: Sample, sure: Confidence) -> RateRatio | None:
    (k0, e0), (k1, e1) = ((s.total(s.sums.top), s.total(s.sums.bottom)) for s in (before, after))
    if not (e0[0] > 0 and e1[0] > 0 and k0[0] + k1[0] > 0):
        return None
    clumped = np.fmax(dispersion(before), dispersion(after))
    k0, k1 = k0 / clumped, k1 / clumped
    low, high = rate_ratio(k0, e0, k1, e1, sure)
    times = float(k1[0] / e1[0] / (k0[0] / e0[0])) if k0[0] else np.inf
    p = rate_ratio_p(float(k0[0]), float(e0[0]), float(k1[0]), float(e1[0]))
    return RateRatio(times, float(low[0]), float(high[0]), p)
