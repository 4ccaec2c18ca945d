"""Metrics that are made of other metrics, each with its own sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from csmetrics._statistics.samples import Sample
from csmetrics.core._registry import REGISTRY, REQUIRED, Registration
from csmetrics.core._sums import Sampled, sampled_of
from csmetrics.errors import MetricInputError, shown


def required(spec: Registration, given: Mapping[str, Any]) -> None:
    """Reject a call that lacks an input, or has one that the metric does not know."""
    for name in given:
        if name not in spec.inputs and name not in spec.options:
            hint = f"it takes {', '.join(n for n in (*spec.inputs, *spec.options) if n != 'undefined')}"
            raise MetricInputError(spec.name, name, "is no input of this metric", f"got {shown(given[name])}", hint)
    for name in (*spec.inputs, *spec.options):
        if name not in given and name not in spec.defaults and spec.options.get(name, REQUIRED) is REQUIRED:
            raise MetricInputError(spec.name, name, "is required", "not given")


def behind(spec: Registration) -> list[str]:
    """List a metric's inputs and, for its levels, the totals behind them."""
    names = dict.fromkeys([*spec.inputs, *(n for n in spec.options if n != "undefined"), *sampled_of(spec).totals])
    for name, declared in spec.inputs.items():
        if declared.kind == "level" and name in REGISTRY:
            names |= dict.fromkeys(behind(REGISTRY[name]))
    return list(names)


def of_levels(
    spec: Registration, sums: Sampled, levels: dict[str, Sample], values: dict[str, Any], options: Mapping[str, Any]
) -> Sample:
    """Make the sample of a metric that is made of others."""
    if not levels:
        names = [n for n, d in spec.inputs.items() if d.kind == "level" and n in REGISTRY]
        needed = "; ".join(f"{n}: {', '.join(sampled_of(REGISTRY[n]).totals) or 'its own inputs'}" for n in names)
        rule, hint = "has an interval only from the counts behind its inputs", f"give instead of {needed}"
        raise MetricInputError(spec.name, " and ".join(names), rule, "a bare rate is no sample", hint)
    required(spec, {**values, **options})
    estimate = np.atleast_1d(np.asarray(spec.function(**values, **options), dtype=np.float64))
    index = next((level.index for level in levels.values() if level.index is not None), None)
    notes = [note for level in levels.values() for note in level.notes]
    notes += [f"{n} is taken as known" for n in spec.inputs if n in values and n not in levels and n in REGISTRY]
    return Sample(
        spec, sums, estimate, index, levels=levels, values={**values, **options}, notes=tuple(dict.fromkeys(notes))
    )
