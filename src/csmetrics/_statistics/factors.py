"""A change taken apart without segments: by component of a ratio, or by input over all orders of change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.grain import Grain
from csmetrics._frames.plan import Plan
from csmetrics._statistics.aligned import Places
from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.decomposition import Decomposition, component_causes
from csmetrics._statistics.frames import frame_sample
from csmetrics._statistics.given import grain_of
from csmetrics._statistics.made_of import behind, required
from csmetrics._statistics.parts import ratio_parts, shapley_parts
from csmetrics._statistics.reading import read
from csmetrics._statistics.samples import Sample
from csmetrics._statistics.segment_limits import part_errors
from csmetrics.core._kinds import is_scalar
from csmetrics.core._registry import REGISTRY, Registration
from csmetrics.core._sums import sampled_of
from csmetrics.errors import MetricInputError, shown

_FACTORS = {"mrr": ("customers", "arpa"), "arr": ("customers", "arpa")}  # products that the field knows by other names
_TIMES = {"arr": 12.0}


def without_segments(
    spec: Registration,
    before: Any,
    after: Any,
    sure: Confidence,
    confidence: float,
    columns: Mapping[str, Any],
    customer: Any = None,
) -> Decomposition:
    """Take a change apart by component, or by factor over all orders (Shapley)."""
    sums, sides = sampled_of(spec), (("before", before), ("after", after))
    samples = [_sample(spec, name, data, columns, customer) for name, data in sides]
    first, second = (_inputs(spec, *side, columns, made) for side, made in zip(sides, samples, strict=True))
    errors: dict[str, float] = {}
    if len(sums.bottom) == 1 and len(sums.top) > 1 and all(n in first and n in second for n in sums.totals):
        names, effects, figures = _components(spec, first, second)
        method = "by component"
        if all(sample is not None and sample.known for sample in samples):
            errors, method = _errors(samples, names), "by component, linearised"
    else:
        names, effects, figures = _factors(spec, first, second)
        method = "over all orders"
    change = figures[1] - figures[0]
    frame = pd.DataFrame(
        {
            "before": [float(first[n]) for n in names],
            "after": [float(second[n]) for n in names],
            "effect": effects,
        },
        index=pd.Index(names, name="factor"),
    )
    found = {**dict(zip(names, effects, strict=True)), "change": change}
    intervals = {n: (found[n] - sure.z * error, found[n] + sure.z * error) for n, error in errors.items()}
    if intervals:
        frame["low"], frame["high"] = zip(*(intervals[n] for n in names), strict=True)
    sizes = [float(s.units.sum()) if errors and s is not None else np.nan for s in samples]
    notes = [note for sample in samples if sample is not None for note in sample.notes]
    return Decomposition(
        metric=spec.name,
        unit=spec.unit,
        before=figures[0],
        after=figures[1],
        change=change,
        within=change,
        mix=0.0,
        entered=0.0,
        left=0.0,
        mix_by={},
        intervals=intervals,
        frame=frame,
        confidence=confidence,
        causes=tuple(component_causes(frame)),
        notes=tuple(dict.fromkeys(notes)),
        method=method,
        n_before=sizes[0],
        n_after=sizes[1],
    )


def _sample(spec: Registration, name: str, data: Any, columns: Mapping[str, Any], customer: Any) -> Sample | None:
    """Return what is known of the customers behind one period, where the data tells them apart."""
    sums = sampled_of(spec)
    grain = data if isinstance(data, Grain) else grain_of(data)
    if grain is not None and len(sums.top) > 1 and not spec.reduces:
        return frame_sample(replace(grain, keys=()), spec, columns, customer, totals=True)
    if isinstance(data, Mapping) and not all(map(is_scalar, data.values())):
        if len(sums.top) < 2 or spec.reduces:
            hint = "add them up first; for segments: cohort frames, and by="
            raise MetricInputError(spec.name, name, "must hold one number for each input", "got columns", hint)
        return read(spec, {**data, **columns}, customer=customer)
    return None


def _inputs(
    spec: Registration, name: str, data: Any, columns: Mapping[str, Any], sample: Sample | None
) -> dict[str, Any]:
    """Return the inputs of one period as numbers."""
    if sample is not None and isinstance(data, Mapping):
        return {n: v[0] for n, v in sample.totals.items()}
    if isinstance(data, Mapping):
        given = {**data, **columns}
        return given if set(given) == set(_FACTORS.get(spec.name, ())) else _computed(spec, given)
    grain = data if isinstance(data, Grain) else grain_of(data)
    if grain is not None:
        plan = Plan(replace(grain, keys=()), spec, columns)
        totals = replace(grain, keys=()).sums(plan.needs())[1]
        computed = {n: s.value(totals) for n, s in plan.sources.items() if isinstance(s, Plan)}
        return {**plan.inputs(totals, computed), **plan.options}
    if isinstance(data, pd.Series):
        return _computed(spec, {**{n: data[n] for n in behind(spec) if n in data.index}, **columns})
    rule = "must be a mapping of inputs, a row or a cohort frame"
    raise MetricInputError(spec.name, name, rule, f"got {shown(data)}")


def _computed(spec: Registration, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of a metric; levels that are metrics are computed from the totals that are given instead."""
    found = {n: v for n, v in given.items() if n in spec.inputs or n in spec.options}
    taken = set(found)
    for name, declared in spec.inputs.items():
        if name not in found and declared.kind == "level" and name in REGISTRY:
            own = {n: given[n] for n in behind(REGISTRY[name]) if n in given}
            if own:
                found[name] = float(REGISTRY[name].function(**_computed(REGISTRY[name], own)))
                taken |= own.keys()
    required(spec, {**found, **{n: v for n, v in given.items() if n not in taken}})
    zeros = {n: 0.0 for n in sampled_of(spec).totals if spec.defaults.get(n) == 0}
    return {**zeros, **found}


def _errors(samples: list[Any], names: list[str]) -> dict[str, float]:
    """Return the standard error of each component and of the change, in the metric's unit."""
    whole, one = dict(samples[0].sums.top), Places(np.zeros(1, np.intp), own=True)
    found = {}
    for name, top in (*((n, {n: whole[n]}) for n in names), ("change", whole)):
        before, after = (replace(s, sums=replace(s.sums, top=top)) for s in samples)
        parts = ratio_parts(*(s.total(terms) for s in (before, after) for terms in (s.sums.top, s.sums.bottom)))
        found[name] = after.sums.scale * part_errors(before, after, one, one, parts, "units")["change"]
    return found


def _figures(spec: Registration, first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[float, float]:
    return float(spec.function(**first)), float(spec.function(**second))


def _components(
    spec: Registration, first: Mapping[str, Any], second: Mapping[str, Any]
) -> tuple[list[str], list[float], tuple[float, float]]:
    """Return what each component over the base moved."""
    sums = sampled_of(spec)
    (base,) = sums.bottom
    figures = _figures(spec, first, second)
    names = [name for name in sums.top if name != base]
    effects = []
    for name in names:
        shares = [float(side[name]) / float(side[base]) if side[base] else np.nan for side in (first, second)]
        effects.append(sums.scale * sums.top[name] * (shares[1] - shares[0]))
    return names, effects, figures


def _factors(
    spec: Registration, first: Mapping[str, Any], second: Mapping[str, Any]
) -> tuple[list[str], list[float], tuple[float, float]]:
    """Return what each input moved, as the mean over all orders in which they could have changed."""
    product = _FACTORS.get(spec.name, ())
    if product and set(product) == set(first) == set(second):
        names, times = list(product), _TIMES.get(spec.name, 1.0)

        def value(numbers: list[float]) -> float:
            return times * float(np.prod(numbers))

        figures = value([float(first[n]) for n in names]), value([float(second[n]) for n in names])
    else:
        if set(first) != set(second):
            found = f"got {', '.join(map(str, first))} and {', '.join(map(str, second))}"
            raise MetricInputError(spec.name, "before, after", "must have the same inputs", found)
        names = [n for n in spec.inputs if n in first and not isinstance(first[n], str)]
        rest = {n: v for n, v in first.items() if n not in names}

        def value(numbers: list[float]) -> float:
            return float(spec.function(**dict(zip(names, numbers, strict=True)), **rest))

        figures = _figures(spec, first, second)
    effects = shapley_parts(value, [float(first[n]) for n in names], [float(second[n]) for n in names])
    return names, effects, figures
