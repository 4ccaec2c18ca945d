"""A cohort frame read for a plot: the totals of its periods, or of its groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from csmetrics._accessors.cohorts import Cohorts
from csmetrics._frames.columns import Need, has, require
from csmetrics._frames.grain import Grain
from csmetrics._statistics.periods import axis_of
from csmetrics._statistics.text_periods import must_sort
from csmetrics.core._registry import REGISTRY
from csmetrics.errors import MetricInputError

_PERIOD = "period"


def grain_of(data: Any) -> Grain:
    """Return the frame that somebody gave, or that stands behind ``df.csm``; a nameless time axis gets a name."""
    grain = (data if isinstance(data, Cohorts) else Cohorts(data))._grain
    frame = grain.frame
    if isinstance(frame, pd.DataFrame) and None in frame.index.names and "the index" in grain.axes:
        names = [_PERIOD if name is None else name for name in frame.index.names]
        return replace(grain, frame=frame.rename_axis(index=names))  # type: ignore[arg-type]
    return replace(grain)


def cohorts(grain: Grain, keys: tuple[Any, ...]) -> Cohorts[Any]:
    """Return the accessor at another grain."""
    made: Cohorts[Any] = Cohorts.__new__(Cohorts)
    made._grain = replace(grain, keys=keys)
    return made


def periods_of(grain: Grain, plot: str) -> Any:
    """Return the name of the time axis; refuse a frame without one, or with one that does not sort in time."""
    axis = axis_of(grain, plot)
    if axis in grain.axes and hasattr(grain.axes[axis], "unique"):
        must_sort(plot, axis, grain.axes[axis].unique())
    return axis


def columns(grain: Grain, plot: str, wanted: Sequence[str], optional: Sequence[str] = ()) -> list[str]:
    """Return the columns that the frame has; refuse a frame that lacks a required one."""
    for name in wanted:
        require(grain.frame, name, plot, name)
    return [name for name in (*wanted, *optional) if has(grain.frame, name)]


def totals(grain: Grain, names: Sequence[str], keys: tuple[Any, ...] | None) -> pd.DataFrame:
    """Return the sums of columns by keys as floats: one row without keys, each row as it is for None."""
    index, sums = replace(grain, keys=keys).sums({name: _need(name) for name in names})
    found = {name: pd.Series(sums[name], index=[0] if keys == () else index) for name in names}
    return pd.DataFrame({name: values.astype("Float64").astype("float64") for name, values in found.items()})


def refuse(plot: str, argument: str, rule: str, found: str, hint: str = "") -> MetricInputError:
    """Make the error about an argument of a plot."""
    return MetricInputError(f"plotting.{plot}", argument, rule, found, hint)


def _need(name: str) -> Need:
    taker = next((spec.name for spec in REGISTRY.values() if name in spec.inputs), None)
    return Need(taker, name) if taker else Need("asp", "new_mrr")
