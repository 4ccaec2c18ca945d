"""`csm.compare`: a change and whether it may be chance."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import column, require
from csmetrics._frames.engine_totals import EngineFrame
from csmetrics._statistics import paired as pairs
from csmetrics._statistics.confidence import QUIET, Confidence
from csmetrics._statistics.counts import rate_ratio, rate_ratio_p
from csmetrics._statistics.differences import DIFFERENCES, Change, differ
from csmetrics._statistics.doubt import warn_of
from csmetrics._statistics.given import grain_of, reducer_of, sample_of
from csmetrics._statistics.methods import Asked, dispersion, limits, method_of
from csmetrics._statistics.reading import from_answers
from csmetrics._statistics.results import Comparison, RateRatio
from csmetrics._statistics.samples import Sample
from csmetrics.core._registry import Registration, registered
from csmetrics.core._sums import sampled_of
from csmetrics.errors import MetricInputError, shown


@QUIET
def compare(
    metric: Callable[..., Any] | str,
    before: Any = None,
    after: Any = None,
    /,
    *,
    confidence: float = 95,
    paired: bool | Mapping[str, Any] = False,
    method: str | None = None,
    correction: bool = False,
    customer: Any = None,
    **options: Any,
) -> Comparison:
    """Compare two figures of a metric, after minus before.

    Parameters
    ----------
    metric
        The metric, or its name.
    before, after
        Each a mapping of inputs, a row, a cohort frame of any engine, or one column of raw answers.
    confidence
        Percent, from 50 to below 100.
    paired
        True where the same customers answered in both: two columns of answers, Series matched by their labels (the
        customers), or two frames of answers with `customer`. Or the counts
        ``{"both": ..., "first_only": ..., "second_only": ..., "neither": ...}`` of those who said yes.
    method
        Shares: "newcombe" (default), "wald", "pooled-z", "fisher" (a p-value only); paired "newcombe-10" (default),
        "newcombe-8", "mcnemar". Trinomials: "adjusted-wald", "wald"; means: "welch"; paired "t"; all others have
        "square-and-add".
    correction
        Whether "wald", "pooled-z" and "mcnemar" are corrected for continuity.
    customer
        On frames, the column that tells whose a row is.
    **options
        Options of the metric, such as the scale of raw answers; on frames, columns of its inputs.

    Returns
    -------
    Comparison
        The difference, its limits, and the p-value that goes with them. For rates per exposure, `ratio` as well.

    Raises
    ------
    MetricInputError
        If the metric has no interval, an input cannot be right, or the metric does not have the method.

    See Also
    --------
    interval, compare_groups, decompose

    Notes
    -----
    Whether two intervals overlap is no test: two figures whose intervals overlap a little may well differ.

    Examples
    --------
    >>> import csmetrics as csm
    >>> csm.compare(csm.churn_rate, {"lost": 31, "start": 1000}, {"lost": 36, "start": 1000})
    churn_rate 3.1 to 3.6 %: +0.5, 95 % interval [-1.11, 2.12], p = 0.535 (newcombe, n = 1,000 each)
    It may be chance: no change at all is among what is likely.
    Note: counts are taken as independent; customer= tells whose they are
    """
    spec = registered(metric, "compare")
    sure = Confidence.percent(spec.name, confidence)
    if isinstance(paired, Mapping) or paired:
        return _paired(spec, before, after, sure, confidence, paired, method, correction, options, customer)
    samples = [sample_of(spec, _there(spec, n, d), options, customer=customer) for n, d in _named(before, after)]
    first, second = samples
    for sample in samples:
        if sample.index is not None:
            hint = "give one figure on each side; for groups use df.csm.by(...).compare_periods(...)"
            raise MetricInputError(spec.name, "before, after", "must each be one figure", "got several", hint)
    found = compared(first, second, sure, confidence, method, correction)
    warn_of(found.notes)
    return found


def _named(before: Any, after: Any) -> list[tuple[str, Any]]:
    return [("before", before), ("after", after)]


def _there(spec: Registration, name: str, data: Any) -> Any:
    if data is None:
        raise MetricInputError(spec.name, name, "is required", "not given", "compare(metric, before, after)")
    return data


def method_for(sample: Sample, method: Any) -> str:
    """Return the method of a difference."""
    return _chosen(sample.spec, method, DIFFERENCES.get(sample.sums.kind, ("square-and-add",)))


def _chosen(spec: Registration, method: Any, known: tuple[str, ...]) -> str:
    if method is None:
        return known[0]
    if isinstance(method, str) and method in known:
        return method
    near = difflib.get_close_matches(str(method)[:40], known, n=1)
    rule = f"must be one of {', '.join(map(repr, known))}"
    raise MetricInputError(
        spec.name, "method", rule, f"got {shown(method)}", f"did you mean {near[0]!r}?" if near else ""
    )


def compared(
    before: Sample,
    after: Sample,
    sure: Confidence,
    confidence: float,
    method: Any = None,
    correction: bool = False,
    notes: tuple[str, ...] = (),
) -> Comparison:
    """Compare two samples of one figure each."""
    method = method_for(after, method)
    change = differ(before, after, sure, method, correction)
    said = [*dict.fromkeys([*before.notes, *after.notes, *notes])]
    if after.sums.kind in ("share", "trinomial", "exposure") and not after.known:
        said.append("counts are taken as independent; customer= tells whose they are")
    if method == "fisher":
        said.append("Fisher's test has a p-value and no interval of its own")
    ratio = _rate_ratio(before, after, sure) if after.sums.kind == "exposure" else None
    sizes = [float(limits(s, Asked(sure, method_of(s, None))).n[0]) for s in (before, after)]
    return _result(after.spec, change, before.estimate, after.estimate, sizes, method, confidence, said, ratio)


def _result(
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


def _paired(
    spec: Registration,
    before: Any,
    after: Any,
    sure: Confidence,
    confidence: float,
    paired: Any,
    method: Any,
    correction: bool,
    options: Mapping[str, Any],
    customer: Any,
) -> Comparison:
    """Compare the same customers with themselves."""
    kind = sampled_of(spec).kind
    if kind not in pairs.PAIRED:
        raise MetricInputError(spec.name, "paired", "is for shares, scores and means", f"this is {kind}")
    chosen = _chosen(spec, method, pairs.PAIRED[kind])
    if isinstance(paired, Mapping):
        if kind != "share":
            raise MetricInputError(spec.name, "paired", "takes counts for shares only", f"this is {kind}")
        counts = pairs.cells(spec, paired)
        n = sum(counts)
        figures = [np.array([100 * k / n if n else np.nan]) for k in (counts[0] + counts[1], counts[0] + counts[2])]
        chosen = "newcombe-10" if chosen == "t" else chosen
        change = pairs.of_shares(counts, sure, chosen, correction)
        return _result(spec, change, figures[0], figures[1], [n, n], chosen, confidence, [])
    reducer = reducer_of(spec)
    before, after = _there(spec, "before", before), _there(spec, "after", after)
    if grain_of(before) is not None or grain_of(after) is not None:
        before, after = (_answers_of(spec, reducer, d, options, customer) for d in (before, after))
        options = {n: v for n, v in options.items() if reducer is None or n not in reducer.inputs}
    first, second, notes = pairs.matched(spec, before, after)
    if reducer is None:
        each, scale = [np.asarray(x, dtype=np.float64) for x in (first, second)], 1.0
        if kind == "share" and not set(np.unique(np.concatenate(each))) <= {0.0, 1.0}:
            raise MetricInputError(
                spec.name, "before, after", "must be 1 (yes) or 0 (no) for each customer", "got others"
            )
        scale = 100.0 if kind == "share" else 1.0
    else:
        sums, name = sampled_of(reducer), next(iter(reducer.inputs))
        samples = [from_answers(reducer, sums, {name: pd.Series(x), **options}) for x in (first, second)]
        each, scale = [s.rows.columns["total"] for s in samples if s.rows], sums.scale
    if kind == "share" and chosen != "t":
        change = pairs.of_shares(pairs.counted_pairs(*each), sure, chosen, correction)
    else:
        change = pairs.of_means(each[0], each[1], sure, scale)
    figures = [np.array([scale * x.mean() if x.size else np.nan]) for x in each]
    sizes = [float(x.size) for x in each]
    return _result(spec, change, figures[0], figures[1], sizes, chosen, confidence, notes)


def _answers_of(spec: Registration, reducer: Any, data: Any, options: Mapping[str, Any], customer: Any) -> Any:
    """Return a frame's column of answers, labelled by customer."""
    grain, name = grain_of(data), "" if reducer is None else next(iter(reducer.inputs))
    if grain is None or reducer is None or customer is None:
        rule, hint = "must be answers with their customers", f'such as {name or "answers"}="score", customer="customer"'
        raise MetricInputError(spec.name, "before, after", rule, f"got {type(data).__name__}", hint)
    frame, label = grain.frame, options.get(name, name)
    for argument, column_ in ((name, label), ("customer", customer)):
        require(frame, column_, spec.name, argument)
    rows = frame.rows([label, customer], ()) if isinstance(frame, EngineFrame) else frame
    answers = column(rows, label, spec.name, name)
    return pd.Series(answers.to_numpy(), index=pd.Index(column(rows, customer, spec.name, "customer")), name=name)
