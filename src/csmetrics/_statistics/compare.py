"""`csm.compare`: a change and whether it may be chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from csmetrics._statistics.comparing import compared
from csmetrics._statistics.confidence import QUIET, Confidence
from csmetrics._statistics.doubt import warn_of
from csmetrics._statistics.given import given_side, sample_of
from csmetrics._statistics.results import Comparison
from csmetrics._statistics.same_customers import same_customers
from csmetrics.core._registry import registered
from csmetrics.errors import MetricInputError

_CORRECTED = ("wald", "pooled-z", "mcnemar")


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
        On frames, the column that names the customer of each row.
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
    Note: counts are taken as independent of each other; customer= says which belong to one customer
    """
    spec = registered(metric, "compare")
    sure = Confidence.percent(spec.name, confidence)
    if isinstance(paired, Mapping) or paired:
        found = same_customers(spec, before, after, sure, confidence, paired, method, correction, options, customer)
        return _of_correction(found, correction)
    sides = [given_side(spec, *side) for side in (("before", before), ("after", after))]
    first, second = (sample_of(spec, side, options, customer=customer) for side in sides)
    for sample in (first, second):
        if sample.index is not None:
            hint = "give one figure on each side; for groups use df.csm.by(...).compare_periods(...)"
            raise MetricInputError(spec.name, "before, after", "must each be one figure", "got several", hint)
    found = compared(first, second, sure, confidence, method, correction)
    warn_of(found.notes)
    return _of_correction(found, correction)


def _of_correction(found: Comparison, correction: bool) -> Comparison:
    """Note where a correction for continuity is asked for and the method has none."""
    if not correction or found.method in _CORRECTED:
        return found
    note = f"{found.method} has no correction for continuity; {', '.join(_CORRECTED)} have one"
    return replace(found, notes=(*found.notes, note))
