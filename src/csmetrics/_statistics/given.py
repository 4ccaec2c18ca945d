"""What `csm.interval` and `csm.compare` are given: inputs by name, a row, a cohort frame, or raw answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.engine_totals import EngineFrame
from csmetrics._frames.engines import how_to_make
from csmetrics._frames.grain import Grain
from csmetrics._statistics.frames import frame_sample
from csmetrics._statistics.made_of import behind
from csmetrics._statistics.reading import read
from csmetrics._statistics.samples import Sample
from csmetrics.core._kinds import is_scalar
from csmetrics.core._registry import REGISTRY, Registration
from csmetrics.core._sums import sampled_of
from csmetrics.errors import MetricInputError, shown


def sample_of(
    spec: Registration, data: Any, inputs: Mapping[str, Any], *, customer: Any = None, squares: Any = None
) -> Sample:
    """Read a sample from whatever holds it.

    Parameters
    ----------
    spec
        The metric.
    data
        None, a mapping of inputs, a row, a frame of any engine, or one column of raw answers.
    inputs
        Inputs and options by name; beside a frame, columns.
    customer, squares
        The customer of each value; sums of squares over customers.
    """
    if data is None:
        return read(spec, inputs, customer=customer, squares=squares)
    if isinstance(data, Mapping) and all(isinstance(name, str) for name in data):
        return read(spec, {**data, **inputs}, customer=customer, squares=squares)
    grain = grain_of(data)
    if grain is not None:
        return frame_sample(grain, spec, inputs, customer)
    if isinstance(data, pd.Series) and set(behind(spec)) & set(data.index):
        row = {n: data[n] for n in behind(spec) if n in data.index}
        return read(spec, {**row, **inputs}, customer=customer, squares=squares)
    if is_scalar(data):
        rule = "must be a mapping of inputs, a row, a cohort frame or a column of answers"
        hint = "json.loads(...) makes a mapping of JSON text" if isinstance(data, (str, bytes)) else ""
        raise MetricInputError(spec.name, "data", rule, f"got {shown(data)}", hint)
    return raw(spec, data, inputs, customer)


def given_side(spec: Registration, name: str, data: Any) -> Any:
    """Refuse a comparison that lacks a side."""
    if data is None:
        raise MetricInputError(spec.name, name, "is required", "not given", "compare(metric, before, after)")
    return data


def grain_of(data: Any) -> Grain | None:
    """Return a frame's total, or the grain of what `df.csm` gives; None where it is no frame."""
    own = getattr(type(data), "__name__", "") == "Cohorts" and getattr(data, "_grain", None)
    if isinstance(own, Grain):
        return own
    if isinstance(data, pd.DataFrame):
        return Grain(data, ())
    known = (pd.Series, pd.Index, np.ndarray, list, tuple, range)
    if isinstance(data, known) or (is_scalar(data) and isinstance(data, (int, float, str, bytes))):
        return None
    if hasattr(type(data), "columns"):
        return Grain(EngineFrame(data), ())
    return None


def reducer_of(spec: Registration) -> Registration | None:
    """Return the metric that takes raw answers: `nps_from_scores` for `nps`."""
    if spec.reduces:
        return spec
    return next((o for name, o in REGISTRY.items() if o.reduces and name.startswith(f"{spec.name}_from_")), None)


def raw(spec: Registration, answers: Any, options: Mapping[str, Any], customer: Any = None) -> Sample:
    """Read one column of answers, or of one value per customer."""
    reducer = reducer_of(spec)
    if reducer is not None:
        return read(reducer, {next(iter(reducer.inputs)): answers, **options}, customer=customer)
    sums = sampled_of(spec)
    if sums.kind == "mean" and len(sums.top) == len(sums.bottom) == 1:
        values = pd.Series(answers).dropna()
        inputs = {next(iter(sums.top)): values, next(iter(sums.bottom)): np.ones(len(values))}
        return read(spec, {**inputs, **options}, customer=customer)
    hint = f"it is made of {', '.join(spec.inputs)}"
    if isinstance(answers, (list, tuple)) and answers and isinstance(answers[0], Mapping):
        hint = how_to_make(answers)
    raise MetricInputError(spec.name, "data", "must hold its inputs by name", f"got a {type(answers).__name__}", hint)
