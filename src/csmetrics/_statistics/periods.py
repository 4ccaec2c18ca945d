"""Two periods of one frame, picked by their labels on its time axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import what_is_there
from csmetrics._frames.grain import Grain
from csmetrics._statistics.calendar_axis import only, read_axis
from csmetrics._statistics.comparing import APART, compared, method_for, possible
from csmetrics._statistics.confidence import QUIET, Confidence
from csmetrics._statistics.differences import differ
from csmetrics._statistics.doubt import less_time, warn_of
from csmetrics._statistics.frames import frame_sample
from csmetrics.core._registry import Registration
from csmetrics.errors import MetricInputError


def axis_of(grain: Grain, metric: str) -> Any:
    """Return the name of the one time axis; refuse a frame that has none, or several."""
    axes = list(grain.axes)
    if len(axes) == 1:
        return axes[0]
    found = f"it has {', '.join(map(repr, axes))}" if axes else what_is_there(grain.frame)
    raise MetricInputError(metric, "period", "must name the time axis", found, 'such as period="month"')


def one_period(grain: Grain, metric: str, argument: str, label: Any) -> Grain:
    """Return the rows of one period, at the same grain; refuse a period that no row has."""
    name = axis_of(grain, metric)
    keys = None if grain.keys is None else tuple(key for key in grain.keys if key != name)
    if name == "the index" and isinstance(grain.frame, pd.DataFrame):
        name, grain = "period", Grain(grain.frame.rename_axis(index="period"))
    axis = read_axis(metric, grain, name)
    place = axis.place_of(metric, label, argument)
    return only(grain, axis, place, place, keys)


@QUIET
def compare_periods(
    grain: Grain,
    spec: Registration,
    before: Any,
    after: Any,
    confidence: float,
    method: Any,
    customer: Any,
    given: Mapping[str, Any],
) -> Any:
    """Compare two periods: a Comparison for a total, a frame by group."""
    sure = Confidence.percent(spec.name, confidence)
    grain = replace(grain, keys=() if grain.keys is None else grain.keys)
    samples = [
        frame_sample(one_period(grain, spec.name, name, label), spec, given, customer)
        for name, label in (("before", before), ("after", after))
    ]
    first, second = samples
    younger = less_time(grain.frame, spec, given)
    note = (APART,) if first.rows is not None and first.rows.owner is not None else ()
    if first.index is None or second.index is None:
        found = compared(first, second, sure, confidence, method)
        found = replace(found, notes=(*found.notes, *younger))
        warn_of(found.notes)
        return found
    both = second.index[second.index.isin(first.index)]
    places = [np.array([s.index.get_loc(label) for label in both], dtype=np.intp) for s in samples]  # type: ignore[union-attr]
    first, second = (s.pick(at) for s, at in zip(samples, places, strict=True))
    chosen = method_for(second, method)
    change = differ(first, second, sure, chosen)
    low, high = possible(spec, change)
    columns = {"before": first.estimate, "after": second.estimate, "difference": change.difference}
    frame = pd.DataFrame({**columns, "low": low, "high": high, "p_value": change.p_value}, index=both)
    frame["method"] = chosen
    frame.attrs["notes"] = [*dict.fromkeys([*first.notes, *second.notes, *note, *younger])]
    warn_of(frame.attrs["notes"])
    return frame
