"""Two periods of one frame, picked by their labels on its time axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import require, what_is_there
from csmetrics._frames.engine_totals import EngineFrame
from csmetrics._frames.engines import narwhals
from csmetrics._frames.grain import Grain
from csmetrics._statistics.comparing import APART, compared, method_for, possible
from csmetrics._statistics.confidence import QUIET, Confidence
from csmetrics._statistics.differences import differ
from csmetrics._statistics.doubt import less_time, warn_of
from csmetrics._statistics.frames import frame_sample
from csmetrics.core._registry import Registration
from csmetrics.errors import MetricInputError, shown

_LISTED = 8  # periods that an error names


def axis_of(grain: Grain, metric: str) -> Any:
    """Return the name of the one time axis; refuse a frame that has none, or several."""
    axes = list(grain.axes)
    if len(axes) == 1:
        return axes[0]
    found = f"it has {', '.join(map(repr, axes))}" if axes else what_is_there(grain.frame)
    raise MetricInputError(metric, "period", "must name the time axis", found, 'such as period="month"')


def one_period(grain: Grain, metric: str, argument: str, label: Any) -> Grain:
    """Return the rows of one period, at the same grain."""
    axis = axis_of(grain, metric)
    keys = None if grain.keys is None else tuple(key for key in grain.keys if key != axis)
    if isinstance(grain.frame, EngineFrame):
        nw = narwhals()
        require(grain.frame, axis, metric, "period")
        dtype = grain.frame.schema[axis]
        value = pd.Timestamp(label).to_pydatetime() if dtype.is_temporal() else label
        value = value.date() if type(dtype).__name__ == "Date" and hasattr(value, "date") else value
        kept = EngineFrame.__new__(EngineFrame)
        for name in ("columns", "engine", "marks", "schema"):
            setattr(kept, name, getattr(grain.frame, name))
        kept.frame = grain.frame.frame.filter(nw.col(axis) == value)
        return Grain(kept, keys, None)
    values = grain.axes[axis]
    here = values == _as_label(values, label)
    if not here.any():
        labels = values.drop_duplicates()
        hint = (
            f"it has {', '.join(map(str, labels.tolist()[-_LISTED:]))}{' at its end' if len(labels) > _LISTED else ''}"
        )
        if isinstance(labels.dtype, pd.PeriodDtype):
            hint += "; builders leave out a period that is not over by as_of"
        raise MetricInputError(metric, argument, "must be a period of the frame", f"got {shown(label)}", hint)
    return Grain(grain.frame[here.to_numpy(dtype=bool)], keys, None)


def _as_label(axis: pd.Series[Any], label: Any) -> Any:
    """Read a label as the axis has it: "2026-03" is a month, a quarter or a day."""
    dtype: Any = axis.dtype
    if isinstance(axis.dtype, pd.PeriodDtype) and not isinstance(label, pd.Period):
        return pd.Period(label, freq=dtype.freq)
    return pd.Timestamp(label) if dtype.kind == "M" else label


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
