"""Numbers, arrays, Series and raw answers in: the sample of each figure out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._statistics.answers import raw_answers
from csmetrics._statistics.customers import by_sums, from_rows, needs_customers
from csmetrics._statistics.made_of import behind, of_levels, required
from csmetrics._statistics.samples import Sample
from csmetrics._statistics.squares import read_squares
from csmetrics.core._kinds import array, common_index, common_shape, is_scalar
from csmetrics.core._numeric import show
from csmetrics.core._registry import AMOUNT, REGISTRY, Quantity, Registration
from csmetrics.core._sums import PER_CUSTOMER, Sampled, sampled_of
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, shown

COUNTED = frozenset({"share", "trinomial", "exposure", "odds", "cost"})


def read(spec: Registration, given: Mapping[str, Any], *, customer: Any = None, squares: Any = None) -> Sample:
    """Read the inputs of a metric as a sample.

    Parameters
    ----------
    spec
        The metric.
    given
        Its inputs and options, or the totals behind them.
    customer
        The customer of each value: those of one customer are one unit.
    squares
        The sum of squares of the units, or a mapping of them by ``"total*total"``.
    """
    sums = sampled_of(spec)
    if sums.kind == "none":
        raise without(spec, sums)
    if sums.kind == "levels":
        return _levels(spec, sums, given, customer, squares)
    if sums.kind in ("each", "quantile") or spec.reduces:
        return raw_answers(spec, sums, given, customer)
    columns, index, many = _columns(spec, sums, given)
    per_customer = sums.kind in PER_CUSTOMER and squares is None and not _counts_alone(sums, columns)
    if customer is not None or (per_customer and many) or (sums.rows and many):
        return from_rows(spec, sums, columns, given, customer=customer)
    if (per_customer or sums.rows) and sums.kind != "mean":
        raise needs_customers(spec, "got one figure")
    size = max(values.size for values in columns.values()) if index is None else len(index)
    figures = np.asarray(_figure(spec, sums, given, columns), dtype=np.float64).reshape(-1)
    estimate = np.broadcast_to(figures, size).copy()
    totals = {name: np.broadcast_to(values, size) for name, values in columns.items()}
    made = Sample(spec, sums, estimate, index, totals, squares=read_squares(spec, sums, squares, totals))
    check_counts(made)
    return made


def without(spec: Registration, sums: Sampled) -> MetricInputError:
    """Say that a metric has no interval, and why."""
    return MetricInputError(spec.name, "metric", "has no interval", sums.reason)


def check_counts(sample: Sample) -> None:
    """Reject fractions where counts are sampled: they are weighted, or money."""
    if sample.sums.kind not in COUNTED or sample.known or sample.sums.reason.startswith("from totals"):
        return
    taken = {"cost": sample.sums.bottom, "exposure": sample.sums.top}.get(sample.sums.kind, sample.sums.totals)
    for name in taken:
        values = sample.totals[name]
        bad = values[np.isfinite(values) & (values != np.rint(values))]
        if bad.size:
            hint = "weighted answers need each answer with its weight; money that is due is no sample"
            raise MetricInputError(sample.spec.name, name, "must be a whole number", f"got {show(bad[0])}", hint)


def quantity_of(spec: Registration, name: str) -> Quantity:
    """Return what a total measures: as this metric declares it, or the first other that takes it."""
    if name in spec.inputs:
        return spec.inputs[name].quantity
    others = (other.inputs[name].quantity for other in REGISTRY.values() if name in other.inputs)
    return next(others, AMOUNT)


def taken_totals(spec: Registration, sums: Sampled, have: Any) -> list[str]:
    """List the totals that are taken: those it needs and, of those that may be left out, those given."""
    wanted = dict.fromkeys(sums.totals if _of_levels(spec) else [*spec.inputs, *sums.totals])
    optional = {*spec.defaults, "reactivated", "reactivation_mrr"}
    return [name for name in wanted if have(name) or name not in optional]


def _of_levels(spec: Registration) -> bool:
    """Check whether all inputs are levels: the sums stand for them, so they are not needed themselves."""
    return all(declared.kind == "level" for declared in spec.inputs.values())


def _columns(
    spec: Registration, sums: Sampled, given: Mapping[str, Any]
) -> tuple[dict[str, Array], pd.Index[Any] | None, bool]:
    """Bring the totals to flat arrays of one size."""
    known = dict.fromkeys([*spec.inputs, *spec.options, *sums.totals])
    for name in given:
        if name not in known:
            hint = f"it takes {', '.join(n for n in known if n != 'undefined')}"
            raise MetricInputError(spec.name, name, "is no input of this metric", f"got {shown(given[name])}", hint)
    names = taken_totals(spec, sums, lambda name: name in given)
    for name in names:
        if name not in given:
            meaning = "" if name in spec.inputs else f"its interval follows from {', '.join(sums.totals)}"
            raise MetricInputError(spec.name, name, "is required", "not given", meaning)
    values = {name: given[name] for name in names}
    like = common_index(spec.name, values)
    arrays = {n: array(spec.name, n, v, quantity_of(spec, n)).astype(np.float64) for n, v in values.items()}
    shape = common_shape(spec.name, {n: a.shape for n, a in arrays.items()}, like)
    if len(shape) > 1:
        rule = "must be numbers, or columns of them"
        raise MetricInputError(spec.name, ", ".join(names), rule, f"got the shape {shape}")
    many = not all(map(is_scalar, values.values()))
    columns = {n: np.broadcast_to(a, shape).reshape(-1) for n, a in arrays.items()}
    for name in [n for n in sums.totals if n not in columns]:
        columns[name] = np.zeros(1)
    index = like.index if like is not None else pd.RangeIndex(int(np.prod(shape))) if many else None
    return columns, index, many


def _figure(spec: Registration, sums: Sampled, given: Mapping[str, Any], columns: Mapping[str, Array]) -> Any:
    """Let the formula itself compute and check; a metric of levels is computed from the sums behind them."""
    complete = all(n in given or n in spec.defaults for n in spec.inputs)
    if complete and not _of_levels(spec):
        return spec.function(**{n: v for n, v in given.items() if n in spec.inputs or n in spec.options})
    totals = {n: np.atleast_1d(v) for n, v in columns.items()}
    size = max(v.size for v in totals.values())
    return by_sums(Sample(spec, sums, np.zeros(size), totals=totals))


def _counts_alone(sums: Sampled, columns: Mapping[str, Any]) -> bool:
    """Check whether a metric of losses and gains is one of counts, each of which is a unit."""
    return sums.kind == "net" and not any(name.endswith("mrr") for name in columns)


def _levels(spec: Registration, sums: Sampled, given: Mapping[str, Any], customer: Any, squares: Any) -> Sample:
    """Read the metrics that a metric is made of, each from its own totals."""
    levels: dict[str, Sample] = {}
    values: dict[str, Any] = {}
    taken: set[str] = set()
    for name, declared in spec.inputs.items():
        if name in given:
            values[name] = given[name]
        elif declared.kind == "level" and name in REGISTRY:
            inner = REGISTRY[name]
            own = {n: v for n, v in given.items() if n in behind(inner)}
            taken |= own.keys()
            if not own and name in spec.defaults:
                continue
            if sampled_of(inner).kind == "none":
                required(inner, own)
                values[name] = inner.function(**own)
                continue
            levels[name] = read(inner, own, customer=customer, squares=squares)
            values[name] = levels[name].estimate
    for name in given:
        if name not in values and name not in taken and name not in spec.options:
            hint = f"it takes {', '.join(behind(spec))}"
            raise MetricInputError(spec.name, name, "is no input of this metric", f"got {shown(given[name])}", hint)
    return of_levels(spec, sums, levels, values, {n: v for n, v in given.items() if n in spec.options})
