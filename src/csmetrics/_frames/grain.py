"""A frame at a grain (each row, each group or the whole frame), with the sums of its columns at that grain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import Need, column
from csmetrics._frames.engine_totals import EngineFrame
from csmetrics._frames.groups import Grouping, group_rows, group_sums, total_sums
from csmetrics._frames.kinds import check_one_kind
from csmetrics.core._kinds import array
from csmetrics.core._registry import NUMBER
from csmetrics.errors import shown

TIME = {"period", "year", "quarter", "month", "week", "day", "date"}  # what columns that hold time are called


@dataclass(frozen=True)
class Grain:
    """A frame and how its rows come together: each on its own (`keys` is None), by keys, or all of them (no keys).

    `period` names the time axis. By default it is found: see `axes`. None says that the frame has none.
    """

    frame: pd.DataFrame | EngineFrame
    keys: tuple[Any, ...] | None = None
    period: Any = ...

    @cached_property
    def axes(self) -> dict[Any, Any]:
        """The time axes by name: the one that was named, else all that look like time.

        On pandas these are levels of Periods or dates, columns of Periods, and columns or levels called as time is
        (``month``); their values come with them. On engines, whose columns are known by name only, the values are None.
        """
        frame = self.frame
        if self.period is None:
            return {}
        if isinstance(frame, EngineFrame):
            names = [self.period] if self.period is not ... else [n for n in frame.columns if _is_time(n)]
            return dict.fromkeys(names)
        if self.period is not ...:
            return {self.period: column(frame, self.period, "by", "period")}
        levels: dict[Any, Any] = {
            "the index" if name is None else name: frame.index.get_level_values(i)
            for i, (name, level) in enumerate(zip(frame.index.names, _levels(frame.index), strict=True))
            if _is_time(name) or isinstance(level, (pd.PeriodIndex, pd.DatetimeIndex))
        }
        columns: dict[Any, Any] = {
            name: frame.iloc[:, i]
            for i, (name, dtype) in enumerate(zip(frame.columns, frame.dtypes, strict=True))
            if _is_time(name) or isinstance(dtype, pd.PeriodDtype)
        }
        found: dict[Any, Any] = levels | columns
        return {name: pd.Series(values, index=frame.index) for name, values in found.items()}

    @cached_property
    def adds_periods(self) -> str:
        """Say which periods would be added up, "" where none would."""
        if self.keys is None:
            return ""
        for axis in self.axes:
            if axis not in self.keys:
                groups, periods = self._crowded(self.keys, axis)
                where = f" in the group {shown(groups[:1].tolist()[0])}" if self.keys and periods else ""
                if periods:
                    return f"{axis if axis == 'the index' else repr(axis)} has {periods} of them{where}"
        return ""

    def _crowded(self, keys: tuple[Any, ...], axis: Any) -> tuple[Any, int]:
        """Return the groups that hold several periods, in order, and how many the first of them holds."""
        if isinstance(self.frame, EngineFrame):
            found, periods = self.frame.crowded(keys, axis)
            if not keys or periods.empty:
                return None, int(periods.sum())
            groups, rows = group_rows([found[name] for name in keys])
            return groups, int(periods[rows[0]].sum())
        columns = [*(_key(self.frame, name) for name in keys), self.axes[axis]]
        cells, _ = group_sums(columns, {})
        kept: Any = cells.droplevel(-1) if keys else pd.Index([0] * len(cells))  # type: ignore[arg-type]
        again = kept.duplicated()
        if not again.any():
            return None, 0
        first = int(np.argmax(again))  # the cells of one group are next to each other
        return kept[first:], 1 + int(np.argmin(np.append(again[first:], False)))

    @cached_property
    def groups(self) -> Grouping:
        """The rows of a pandas frame by its keys; not for each row on its own, and not for the whole."""
        assert self.keys
        assert isinstance(self.frame, pd.DataFrame)
        return Grouping([_key(self.frame, name) for name in self.keys])

    def sums(self, needs: Mapping[Any, Need]) -> tuple[pd.Index[Any] | None, dict[Any, Any]]:
        """Return each column at this grain: unchanged, as a Series of group totals, or as one number."""
        frame = self.frame
        if self.keys is None:
            rows = frame.rows(needs) if isinstance(frame, EngineFrame) else frame
            return rows.index, {label: column(rows, label, *need) for label, need in needs.items()}
        if isinstance(frame, EngineFrame):
            frame, arrays = frame.sums(self.keys, needs)  # one row per group from here on
        else:
            columns = {label: column(frame, label, *need) for label, need in needs.items()}
            arrays = {label: array(*needs[label], values, NUMBER) for label, values in columns.items()}
        if self.keys:
            grouping = self.groups if frame is self.frame else Grouping([_key(frame, name) for name in self.keys])
            sums, index = grouping.sums(arrays), grouping.index
        else:
            index, sums = None, total_sums(arrays)
        for label, least in sums.least.items():
            needs[label].refuse_rows(arrays[label], sums.totals[label], least)
        if index is None:
            return None, sums.totals
        return index, {label: pd.Series(values, index=index) for label, values in sums.totals.items()}


def _key(frame: pd.DataFrame, name: Any) -> pd.Series[Any]:
    """Return a column to group by, of one kind."""
    series = column(frame, name, "by", "keys")
    check_one_kind("by", "keys", series)
    return series


def _levels(index: pd.Index[Any]) -> list[pd.Index[Any]]:
    """Return the labels of each level, of whatever order and number: they tell the kind."""
    return list(index.levels) if isinstance(index, pd.MultiIndex) else [index]


def _is_time(name: Any) -> bool:
    return isinstance(name, str) and name.lower() in TIME
