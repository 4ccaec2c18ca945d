"""Raw answers, dates or scores in: a sample in which each is a unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._statistics.customers import by_customer, by_sums
from csmetrics._statistics.made_of import required
from csmetrics._statistics.samples import Rows, Sample
from csmetrics.core._kinds import array, is_scalar
from csmetrics.core._registry import Registration
from csmetrics.core._sums import Sampled
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError


def raw_answers(spec: Registration, sums: Sampled, given: Mapping[str, Any], customer: Any) -> Sample:
    """Read one column of answers, dates or scores as one figure."""
    required(spec, given)
    return from_answers(spec, sums, given, customer=customer)


def from_answers(
    spec: Registration,
    sums: Sampled,
    given: Mapping[str, Any],
    *,
    customer: Any = None,
    place: Any = None,
    index: pd.Index[Any] | None = None,
) -> Sample:
    """Make a sample of raw answers: each is a unit, with the figure that it alone would give."""
    if sums.kind == "quantile":
        from csmetrics.core.onboarding import followed

        days, reached = followed(*(given[n] for n in ("started_at", "value_at", "as_of")))
        rows = Rows(np.zeros(days.size, np.intp), {"days": days, "reached": reached.astype(np.float64)}, 1)
        return Sample(spec, sums, np.array([spec.function(**given)]), rows=rows)
    if sums.kind == "each":
        figures = spec.function(**given)
        if is_scalar(figures):
            hint = "give a column of customers: their mean has an interval"
            raise MetricInputError(spec.name, "metric", "has no interval", "it is one customer's figure", hint)
        values = np.asarray(figures, dtype=np.float64).reshape(-1)
        weights = np.ones(values.size)
        sums = replace(sums, scale=1.0)
    else:
        first = next(iter(spec.inputs))
        if first not in given:
            raise MetricInputError(spec.name, first, "is required", "not given")
        values, weights = _answers(spec, sums, given, first)
    kept = ~np.isnan(values)
    columns = {"total": np.where(kept, values * weights, 0.0), "answers": np.where(kept, weights, 0.0)}
    if sums.kind == "trinomial":
        columns |= {"up": columns["answers"] * (values > 0), "down": columns["answers"] * (values < 0)}
    top = {"up": 1, "down": -1} if sums.kind == "trinomial" else {"total": 1}
    sums = replace(sums, top=top, bottom={"answers": 1}, kind="mean" if sums.kind == "each" else sums.kind)
    columns = {name: column[kept] for name, column in columns.items()}
    place = np.zeros(values.size, np.intp) if place is None else place
    if customer is not None:
        customer = pd.Series(customer).reset_index(drop=True)[kept] if len(customer) == kept.size else customer
        place, columns, owner = by_customer(spec, customer, place[kept], columns, int(kept.sum()))
    else:
        place, owner = place[kept], None
    rows = Rows(place, columns, 1 if index is None else len(index), owner)
    totals = {name: rows.sum(column) for name, column in columns.items()}
    weighted = given.get("weights") is not None
    made = Sample(
        spec,
        sums,
        np.zeros(rows.groups),
        index,
        totals,
        rows,
        customers=customer is not None,
        weighted=weighted,
        counted=rows.sum(np.ones(place.size)),
        scale=_scale(spec, given),
    )
    return replace(made, estimate=by_sums(made))


def _answers(spec: Registration, sums: Sampled, given: Mapping[str, Any], first: str) -> tuple[Array, Array]:
    """Return what each answer alone would give, as a fraction of the scale, and its weight."""
    spec.function(**given)  # which refuses what cannot be right
    answers = array(spec.name, first, given[first], spec.inputs[first].quantity).astype(np.float64).reshape(-1)
    weights = given.get("weights")
    weights = np.ones(answers.size) if weights is None else np.asarray(pd.Series(weights), dtype=np.float64)
    if sums.kind == "mean":
        return answers, weights
    options = {n: v for n, v in given.items() if n in spec.options and n != "undefined"}
    kinds, which = np.unique(answers, return_inverse=True)
    each = [spec.function([one], **options) if one == one else np.nan for one in kinds.tolist()]
    return (np.array(each, dtype=np.float64) / sums.scale)[which.reshape(-1)], weights


def _scale(spec: Registration, given: Mapping[str, Any]) -> tuple[float, float] | None:
    scale: Sequence[float] | None = given.get("scale", spec.options.get("scale"))
    return None if scale is None or spec.unit != "rating" else (float(scale[0]), float(scale[1]))
