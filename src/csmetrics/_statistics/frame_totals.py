"""The totals of a cohort frame at a grain: the columns that a metric needs, and the sample that they alone make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import Need, has, require
from csmetrics._frames.grain import Grain
from csmetrics._frames.plan import Plan
from csmetrics._statistics.customers import by_sums
from csmetrics._statistics.reading import taken_totals
from csmetrics._statistics.samples import Sample
from csmetrics.core._kinds import is_scalar
from csmetrics.core._registry import REGISTRY, Registration
from csmetrics.core._sums import Sampled


def labelled(
    grain: Grain, spec: Registration, sums: Sampled, given: Mapping[str, Any]
) -> tuple[list[str], dict[str, tuple[Any, Need]], dict[str, Any]]:
    """Find the column, or the number, of each total."""
    plan = None
    if any(declared.kind != "level" for declared in spec.inputs.values()):
        plan = Plan(grain, spec, {n: v for n, v in given.items() if n in spec.inputs or n in spec.options})

    def has_total(name: str) -> bool:
        return name in given or has(grain.frame, given.get(name, name))

    names = taken_totals(spec, sums, has_total)
    labels: dict[str, tuple[Any, Need]] = {}
    numbers: dict[str, Any] = {}
    for name in names:
        if plan is not None and name in plan.columns:
            labels[name] = plan.columns[name], Need(spec.name, name)
        elif plan is not None and name in plan.sources:
            numbers[name] = plan.sources[name]
        elif name in given and not isinstance(given[name], str) and is_scalar(given[name]):
            numbers[name] = given[name]
        else:
            label = given.get(name, name)
            require(grain.frame, label, spec.name, name)
            takes = next((o.name for o in REGISTRY.values() if name in o.inputs), None)
            labels[name] = label, Need(takes, name) if takes else Need("asp", "new_mrr")
    return names, labels, numbers


def totals_of(
    grain: Grain, labels: Mapping[str, tuple[Any, Need]], numbers: Mapping[str, Any], more: Mapping[Any, Need]
) -> tuple[pd.Index[Any] | None, dict[Any, Any]]:
    """Return each total at the grain, under its name; further columns under their own."""
    index, found = grain.sums({**dict(labels.values()), **more})
    totals = {name: found[label] for name, (label, _) in labels.items()}
    return index, {**totals, **numbers, **{label: found[label] for label in more}}


def as_floats(value: Any, size: int) -> Any:
    """Return one value for each figure, NaN where missing."""
    if isinstance(value, pd.Series):
        value = value.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.broadcast_to(np.asarray(np.nan if value is None else value, dtype=np.float64), size)


def made_of_totals(
    spec: Registration, sums: Sampled, index: pd.Index[Any] | None, totals: Mapping[str, Any], given: Mapping[str, Any]
) -> Sample:
    """Make a sample of totals; the formula itself computes the figure."""
    size = 1 if index is None else len(index)
    arrays = {name: as_floats(totals.get(name, 0.0), size) for name in dict.fromkeys([*totals, *sums.totals])}
    inputs = {n: totals[n] for n in spec.inputs if n in totals}
    options = {n: v for n, v in given.items() if n in spec.options}
    made = Sample(spec, sums, np.zeros(size), index, arrays)
    if not inputs and spec.inputs:
        return replace(made, estimate=by_sums(made))
    return replace(made, estimate=np.array(as_floats(spec.function(**inputs, **options), size)))
