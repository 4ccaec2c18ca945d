"""`csm.interval`: a figure with its interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from csmetrics._statistics.confidence import QUIET, Confidence
from csmetrics._statistics.doubt import warn_of
from csmetrics._statistics.given import sample_of
from csmetrics._statistics.kinds import Asked
from csmetrics._statistics.methods import limits, method_of, notes_of
from csmetrics._statistics.results import Interval
from csmetrics._statistics.samples import Sample
from csmetrics.core._options import check_whole
from csmetrics.core._registry import registered


@QUIET
def interval(
    metric: Callable[..., Any] | str,
    data: Any = None,
    /,
    *,
    confidence: float = 95,
    method: str | None = None,
    customer: Any = None,
    squares: Any = None,
    population: float | None = None,
    resamples: int = 10_000,
    rng: Any = None,
    **inputs: Any,
) -> Any:
    """Compute a figure and how sure it is.

    Parameters
    ----------
    metric
        The metric, or its name.
    data
        Instead of inputs by name: a mapping of them, a cohort frame of any engine, or one column of raw answers.
    confidence
        Percent, from 50 to below 100.
    method
        Another method than the metric's own; the page of each metric lists them.
    customer
        The customer of each value, as long as the inputs (on a frame: a column). The rows of one customer are one unit.
    squares
        Sums of squares over customers where only totals are known: a number for a mean, else a mapping by pairs of
        totals, such as ``{"start_mrr*start_mrr": ..., "start_mrr*churned_mrr": ..., ...}``; what is left out is 0.
    population
        How many could have answered; answers of nearly everybody are surer.
    resamples, rng
        For "percentile" and "bca": how many resamples, and a seed or a numpy Generator. Runs repeat without one.
    **inputs
        The metric's inputs and options by name, or the totals behind them (`lost` and `start` for `clv`).

    Returns
    -------
    Interval or DataFrame
        One figure gives an `Interval`; several (arrays, Series) a frame ``estimate low high n n_eff method``. Where
        customers are sampled (NRR, ARPA and the like), an array holds one value per customer and gives one Interval.

    Raises
    ------
    MetricInputError
        If the metric has no interval (the error says why), an input cannot be right, the metric does not have the
        method, or totals alone do not tell.
    ImportError
        If the method needs scipy, and it is not installed.

    See Also
    --------
    compare, compare_groups, sample_size

    Examples
    --------
    >>> import csmetrics as csm
    >>> csm.interval(csm.churn_rate, lost=5, start=100)
    churn_rate 5 %, 95 % interval [2.15, 11.18] (wilson, n = 100)
    Note: counts are taken as independent of each other; customer= says which belong to one customer
    >>> nps = csm.interval(csm.nps, promoters=60, passives=20, detractors=20)
    >>> round(nps.low, 2), round(nps.high, 2)
    (23.38, 54.29)
    """
    spec = registered(metric, "interval")
    sure = Confidence.percent(spec.name, confidence)
    sample = sample_of(spec, data, inputs, customer=customer, squares=squares)
    return of_sample(sample, sure, confidence, method, population, resamples, rng)


@QUIET
def of_sample(
    sample: Sample,
    sure: Confidence,
    confidence: float,
    method: Any = None,
    population: Any = None,
    resamples: Any = 10_000,
    rng: Any = None,
    notes: tuple[str, ...] = (),
) -> Any:
    """Return the interval of one figure, or a frame of several."""
    method = method_of(sample, method)
    resamples = check_whole(sample.spec.name, "resamples", resamples, 100, 10_000_000)
    found = limits(sample, Asked(sure, method, population, resamples, rng))
    said = (*notes_of(sample, found, method), *notes)
    warn_of(said)
    columns = {"estimate": sample.estimate, **found._asdict()}
    if sample.index is None:
        one = {name: float(values[0]) for name, values in columns.items()}
        return Interval(
            **one,
            confidence=float(confidence),
            method=method,
            notes=said,
            metric=sample.spec.name,
            unit=sample.spec.unit,
        )
    order = ("estimate", "low", "high", "n", "n_eff")
    frame = pd.DataFrame({name: columns[name] for name in order}, index=sample.index)
    frame["method"] = method
    frame.attrs["notes"] = list(said)
    return frame
