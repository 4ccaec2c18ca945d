"""Rows of units in: those of one customer are added up, those of one figure belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._statistics.samples import Rows, Sample
from csmetrics.core._registry import Registration
from csmetrics.core._sums import Sampled
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError

INDEPENDENT = "counts are taken as independent of each other; customer= says which belong to one customer"
TOTALS_ALONE = "must be known: the interval needs rows of customers, as totals do not tell how much they differ"


def needs_customers(spec: Registration, found: str) -> MetricInputError:
    """Say that totals do not tell how far customers differ."""
    hint = (
        "pass one value per customer, or name their column: customer=...; totals need sums of squares: squares=..., "
        "or a frame that was built with squares=True"
    )
    return MetricInputError(spec.name, "customer", TOTALS_ALONE, found, hint)


def from_rows(
    spec: Registration,
    sums: Sampled,
    columns: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    customer: Any = None,
    place: Any = None,
    index: pd.Index[Any] | None = None,
    owner: Any = None,
) -> Sample:
    """Make a sample of rows: those of one customer are added up, those of one figure belong together."""
    (size,) = np.broadcast_shapes(*((np.size(values),) for values in columns.values()))
    full = {name: np.broadcast_to(np.asarray(v, np.float64), size) for name, v in columns.items()}
    groups = 1 if index is None else len(index)
    place = np.zeros(size, np.intp) if place is None else place
    if customer is not None:
        place, full, owner = by_customer(spec, customer, place, full, size)
    rows = Rows(place, full, groups, owner)
    totals = {name: rows.sum(values) for name, values in full.items()}
    own = {n: v for n, v in given.items() if n in spec.options and n != "undefined"}
    inputs = {n: totals[n] for n in spec.inputs if n in totals}
    complete = all(n in totals or n in spec.defaults for n in spec.inputs)
    made = Sample(spec, sums, np.zeros(groups), index, totals, rows, customers=customer is not None)
    estimate = spec.function(**inputs, **own) if complete else by_sums(made)
    return replace(made, estimate=np.asarray(estimate, dtype=np.float64))


def by_customer(
    spec: Registration, customer: Any, place: Any, columns: dict[str, Array], size: int
) -> tuple[Any, dict[str, Array], Any]:
    try:
        labels = pd.Series(customer) if not isinstance(customer, pd.Series) else customer
    except OverflowError:  # integers past what pandas 2 puts into a column
        labels = pd.Series(customer, dtype=object)
    if len(labels) != size:
        found = f"got {len(labels)} for {size} rows"
        raise MetricInputError(spec.name, "customer", "must be as many as the rows", found)
    if labels.isna().any():
        found = f"{int(labels.isna().sum())} of {size} are missing"
        raise MetricInputError(spec.name, "customer", "must be present in each row", found, "a blank id is no customer")
    try:
        codes, kinds = pd.factorize(labels)
    except (TypeError, OverflowError):
        rule = "must be values that rows can be grouped by"
        raise MetricInputError(spec.name, "customer", rule, "got lists or the like") from None
    many = codes.max(initial=0) + 1
    keys, first = np.unique(place * many + codes, return_inverse=True)
    added = {n: np.bincount(first, values, keys.size).astype(np.float64) for n, values in columns.items()}
    return keys // many, added, np.asarray(kinds, dtype=object)[keys % many]


def by_sums(sample: Sample) -> Array:
    top, bottom = sample.total(sample.sums.top), sample.total(sample.sums.bottom)
    with np.errstate(divide="ignore", invalid="ignore"):
        return sample.sums.scale * np.where(bottom != 0, top / bottom, np.nan)
