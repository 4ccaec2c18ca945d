"""`csm.decompose` and `csm.decompose_periods`: what moved a total."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import require
from csmetrics._frames.engines import how_to_make
from csmetrics._frames.grain import Grain
from csmetrics._statistics.confidence import QUIET, Confidence
from csmetrics._statistics.decomposition import PARTS, Decomposition
from csmetrics._statistics.doubt import less_time, warn_of
from csmetrics._statistics.factors import without_segments
from csmetrics._statistics.frames import frame_sample
from csmetrics._statistics.given import grain_of
from csmetrics._statistics.periods import axis_of, one_period
from csmetrics._statistics.samples import Sample
from csmetrics._statistics.segments import by_segment
from csmetrics._statistics.text_periods import must_sort
from csmetrics.core._registry import Registration, registered
from csmetrics.core._sums import sampled_of
from csmetrics.errors import MetricInputError, shown

ENDS = ("low", "high")


@QUIET
def decompose(
    metric: Callable[..., Any] | str,
    before: Any,
    after: Any,
    /,
    by: Any = None,
    *,
    confidence: float = 95,
    customer: Any = None,
    data: Any = None,
    builder: Callable[..., Any] | None = None,
    period: Any = None,
    options: Mapping[str, Any] | None = None,
    **columns: Any,
) -> Decomposition:
    """Take a change apart: what the segments' rates did, what the mix did, who entered and who left.

    Parameters
    ----------
    metric
        The metric, or its name: a ratio of sums, a score, a sum; without `by` any metric.
    before, after
        Cohort frames of any engine, one for each period (raw answers for metrics that take them). With `data`, the
        labels of two of its periods. Without `by`, mappings of inputs or rows.
    by
        The column, or columns, of the segments. Without it the change is taken apart by component (NRR), or by input.
    confidence
        Percent.
    customer
        The column that names the customer of each row: a customer's rows, of both periods, are one unit.
    data
        One frame that holds both periods; raw rows where a `builder` is given.
    builder
        Makes a cohort frame of the raw rows of `data`, such as ``csm.cohorts.movements_from_subscriptions``. Customers
        belong to their segment at the opening where the builder knows it, so that a change of plan is not churn.
    period
        The time axis of `data`; ``"period"`` unless given.
    options
        Further arguments of the builder, such as ``{"as_of": "2026-06-30"}``.
    **columns
        Columns or numbers for the metric's inputs, and its options.

    Returns
    -------
    Decomposition
        `change`, `within`, `mix`, `entered`, `left` (they add up), `mix_by`, `frame`; printed it is words.

    Raises
    ------
    MetricInputError
        If no segment has a base in both periods, one has a numerator without a base, or the metric is no such sum.

    Notes
    -----
    Each change is taken at the mean of both weights or rates, so nothing is left over and reversing time turns all
    signs. Parts of single months do not add up to the year's.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> june = pd.DataFrame({"plan": ["starter", "team"], "lost": [32, 15], "start": [400, 500]})
    >>> july = pd.DataFrame({"plan": ["starter", "team"], "lost": [39, 12], "start": [520, 480]})
    >>> found = csm.decompose(csm.churn_rate, june, july, by="plan")
    >>> print(found)
    churn_rate 5.22 to 5.1 %: -0.12 [-2.12, 1.87] (95 % intervals, linearised, n = 900 and 1,000)
      rates within segments -0.5 [-2.49, 1.49], within noise
      mix of segments +0.38 [0.11, 0.65]
    Beyond noise: mix of segments (+0.38); the largest part, rates within segments, is within noise.
    No single segment's rate moved by more than chance.
    Note: counts are taken as independent of each other; customer= says which belong to one customer
    """
    spec = registered(metric, "decompose")
    sure = Confidence.percent(spec.name, confidence)
    keys = () if by is None else tuple(by) if isinstance(by, (list, tuple)) else (by,)
    if data is not None:
        before, after = _periods(spec, data, builder, before, after, keys, period, options or {}, customer)
    if not keys:
        found = without_segments(spec, before, after, sure, float(confidence), columns, customer)
    else:
        samples = [_segments(spec, frame, keys, columns, customer) for frame in (before, after)]
        found = by_segment(samples[0], samples[1], keys, sure, float(confidence))
    warn_of(found.notes)
    return found


def _periods(
    spec: Registration,
    data: Any,
    builder: Callable[..., Any] | None,
    before: Any,
    after: Any,
    keys: tuple[Any, ...],
    period: Any,
    options: Mapping[str, Any],
    customer: Any,
) -> tuple[Any, Any]:
    """Return two periods of one frame, made from raw rows where a builder is given."""
    frame = data if builder is None else build(builder, data, keys, options, customer)
    grain = grain_of(frame)
    if grain is None:
        raise MetricInputError(spec.name, "data", "must be a frame", f"got a {type(frame).__name__}")
    grain = Grain(grain.frame, keys, grain.period if period is None else period)
    return one_period(grain, spec.name, "before", before), one_period(grain, spec.name, "after", after)


def build(
    builder: Callable[..., Any], data: Any, keys: tuple[Any, ...], options: Mapping[str, Any], customer: Any = None
) -> Any:
    """Make a cohort frame of raw rows, by segment at the opening where the builder knows it."""
    known = inspect.signature(builder).parameters
    given = dict(options)
    wanted = [*keys, *([] if customer is None or customer in keys else [customer])]
    if wanted and "by" in known:
        given.setdefault("by", wanted)
    if "by_at" in known and builder.__name__.startswith("movements_"):
        given.setdefault("by_at", "opening")
    return builder(data, **given)


def _segments(
    spec: Registration, frame: Any, keys: tuple[Any, ...], columns: Mapping[str, Any], customer: Any
) -> Sample:
    grain = frame if isinstance(frame, Grain) else grain_of(frame)
    if grain is None:
        rule = "must be cohort frames; or labels of two periods, with data="
        raise MetricInputError(spec.name, "before, after", rule, f"got {shown(frame)}")
    if sampled_of(spec).kind == "none":
        for name in columns:
            if name not in sampled_of(spec).totals and name != "undefined":
                rule, hint = "is not for segments", "bring the column to one unit first"
                raise MetricInputError(spec.name, name, rule, f"got {shown(columns[name])}", hint)
    for key in keys:
        require(grain.frame, key, spec.name, "by")
    made = frame_sample(replace(grain, keys=keys), spec, columns, customer, totals=True)
    if not made.sums.top:
        rule, hint = "must be a ratio of sums, a score or a sum to have segments", "leave out by="
        raise MetricInputError(spec.name, "by", rule, "it is made of levels", hint)
    return made


@QUIET
def decompose_periods(
    metric: Callable[..., Any] | str,
    frame: Any,
    /,
    by: Any,
    *,
    period: Any = None,
    confidence: float = 95,
    customer: Any = None,
    builder: Callable[..., Any] | None = None,
    options: Mapping[str, Any] | None = None,
    **columns: Any,
) -> pd.DataFrame:
    """Take every change of a metric over time apart, each period against the one before.

    Parameters
    ----------
    metric
        The metric, or its name.
    frame
        A cohort frame of any engine with a time axis; raw rows where a `builder` is given.
    by
        The column, or columns, of the segments.
    period
        The column or index level that is the time axis; ``"period"`` unless given.
    confidence, customer, builder, options, **columns
        As `decompose` takes them.

    Returns
    -------
    DataFrame
        A row per period from the second on: `before`, `after`, `change`, `within`, `mix`, `entered`, `left`, and the
        limits of each part (`within_low`, `within_high`, ...) where the metric has an interval. A change that cannot be
        taken apart (a month without customers) is missing, and a note in ``.attrs`` says why.

    Raises
    ------
    MetricInputError
        If the frame has fewer than two periods.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> df = pd.DataFrame({"period": [1, 1, 2, 2], "plan": ["a", "b"] * 2, "lost": [32, 15, 39, 12]})
    >>> df["start"] = [400, 500, 520, 480]
    >>> csm.decompose_periods(csm.churn_rate, df, by="plan")[["change", "within", "mix"]].round(3)
            change  within    mix
    period
    2       -0.122    -0.5  0.378
    """
    spec = registered(metric, "decompose_periods")
    sure = Confidence.percent(spec.name, confidence)
    keys = tuple(by) if isinstance(by, (list, tuple)) else (by,)
    grain = grain_of(frame if builder is None else build(builder, frame, keys, options or {}, customer))
    if grain is None:
        what = f"got a {type(frame).__name__}"
        raise MetricInputError(spec.name, "frame", "must be a cohort frame", what, how_to_make(frame))
    grain = Grain(grain.frame, (), grain.period if period is None else period)
    axis_name = axis_of(grain, spec.name)
    if axis_name not in grain.frame.columns and isinstance(grain.frame, pd.DataFrame):
        kept = grain.frame.copy(deep=False)  # an index without a name cannot be grouped by
        axis_name = "period" if axis_name == "the index" else axis_name
        kept = kept.rename_axis(axis_name) if kept.index.nlevels == 1 else kept
        grain = Grain(kept, (), axis_name)
    sample = _segments(spec, grain, (axis_name, *keys), columns, customer)
    assert isinstance(sample.index, pd.MultiIndex)
    axis, segments = sample.index.get_level_values(0), sample.index.droplevel(0)
    periods = axis[~axis.duplicated()]
    must_sort(spec.name, axis_name, periods)
    if len(periods) < 2:
        raise MetricInputError(spec.name, "period", "must have two periods or more", f"got {len(periods)}")
    each = []
    for label in periods:
        here = np.flatnonzero(axis == label)
        each.append(replace(sample.pick(here), index=segments[here]))
    names = ("before", "after", "change", *PARTS)
    rows: list[dict[str, float]] = []
    notes: list[str] = []
    for label, (before, after) in zip(periods[1:], pairwise(each), strict=True):
        try:
            found = by_segment(before, after, keys, sure, float(confidence))
        except MetricInputError as error:  # such as a first month without customers
            notes.append(f"{label}: no parts, as {error.argument} {error.rule}; {error.found}")
            rows.append({})
            continue
        limits = {f"{n}_{end}": v for n, pair in found.intervals.items() for end, v in zip(ENDS, pair, strict=True)}
        rows.append({**{n: getattr(found, n) for n in names}, **limits})
    out = pd.DataFrame(rows, index=periods[1:].rename(axis_name)).reindex(columns=_columns(rows, names))
    out.attrs["notes"] = [*sample.notes, *notes, *less_time(grain.frame, spec, columns)]
    warn_of(sample.notes)
    return out


def _columns(rows: list[dict[str, float]], names: tuple[str, ...]) -> list[str]:
    """List the columns in their order, whichever period has them."""
    return list(dict.fromkeys([*names, *(name for row in rows for name in row)]))
