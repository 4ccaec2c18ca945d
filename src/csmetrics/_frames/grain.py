"""A frame at a grain (each row, each group or the whole frame), with the sums of its columns at that grain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import Need, column, has
from csmetrics._frames.engine_totals import EngineFrame
from csmetrics._frames.groups import group_rows, group_sums, total_sums
from csmetrics.core._kinds import array
from csmetrics.core._registry import NUMBER
from csmetrics.errors import shown

PERIOD = "period"  # the time axis, unless `by` or `total` names another


@dataclass(frozen=True)
class Grain:
    """A frame and how its rows are added up: not at all (`keys` is None), by keys, or all together (no keys)."""

    frame: pd.DataFrame | EngineFrame
    keys: tuple[Any, ...] | None = None
    period: Any = None

    @property
    def axis(self) -> Any:
        """The name of the time axis, whether or not the frame has it."""
        return PERIOD if self.period is None else self.period

    @cached_property
    def adds_periods(self) -> str:
        """Which periods would be added up, in words; "" if none would."""
        if self.keys is None or self.axis in self.keys or not has(self.frame, self.axis):
            return ""
        groups, periods = self._crowded(self.keys)
        where = f" in the group {shown(groups[:1].tolist()[0])}" if self.keys and periods else ""
        return f"{self.axis!r} has {periods} of them{where}" if periods else ""

    def _crowded(self, keys: tuple[Any, ...]) -> tuple[Any, int]:
        """Return the groups that hold several periods, in order, and how many the first of them holds."""
        if isinstance(self.frame, EngineFrame):
            found, periods = self.frame.crowded(keys, self.axis)
            if not keys or periods.empty:
                return None, int(periods.sum())
            groups, rows = group_rows([found[name] for name in keys])
            return groups, int(periods[rows[0]].sum())
        columns = [column(self.frame, name, "by", "keys") for name in (*keys, self.axis)]
        cells, _ = group_sums(columns, {})
        kept: Any = cells.droplevel(-1) if keys else pd.Index([0] * len(cells))  # type: ignore[arg-type]
        again = kept.duplicated()
        if not again.any():
            return None, 0
        first = int(np.argmax(again))  # the cells of one group are next to each other
        return kept[first:], 1 + int(np.argmin(np.append(again[first:], False)))

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
            index, sums = group_sums([column(frame, k, "by", "keys") for k in self.keys], arrays)
        else:
            index, sums = None, total_sums(arrays)
        for label, least in sums.least.items():
            needs[label].refuse_rows(arrays[label], sums.totals[label], least)
        if index is None:
            return None, sums.totals
        return index, {label: pd.Series(values, index=index) for label, values in sums.totals.items()}
