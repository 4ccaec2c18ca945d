"""The time axis of totals: one row per complete period and group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.groups import group_sums, total_sums
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.groups import Groups
from csmetrics.cohorts._rows.options import check_cells

PERIOD = "period"  # the index level


@dataclass(frozen=True)
class Axis:
    """The complete periods of some rows.

    Attributes
    ----------
    calendar
        Their calendar.
    first, count
        The calendar's number of the first period, and how many there are.
    """

    calendar: Calendar
    first: int
    count: int

    @classmethod
    def until(cls, calendar: Calendar, first: int | None, stop: int | None) -> Axis:
        """Return the periods from number `first` on that end by `stop`, an instant in microseconds."""
        if first is None or stop is None:
            return cls(calendar, 0, 0)
        return cls(calendar, first, max(calendar.at(stop) - first, 0))

    def spread(
        self, metric: str, index: pd.Index[Any], totals: Mapping[str, Any], blank: Mapping[str, Any]
    ) -> pd.DataFrame:
        """Return every period and group a row: zeros in `totals` where it had none, NaN in `blank`.

        The first level of `index` holds the calendar's numbers of the periods, the others the groups.
        """
        keys = [pd.Series(index.get_level_values(i), name=index.names[i]) for i in range(1, index.nlevels)]
        groups = Groups(metric, keys, slice(None))
        check_cells(metric, self.calendar, self.first, self.count, groups.count)
        cells = (np.asarray(index.get_level_values(0), dtype=np.int64) - self.first) * groups.count
        if groups.number is not None:
            cells += groups.number
        columns = {}
        for name, values in {**totals, **blank}.items():
            columns[name] = np.full(self.count * groups.count, nan if name in blank else 0, values.dtype)
            columns[name][cells] = values
        return pd.DataFrame(columns, index=groups.index(self.calendar.index(self.first, self.count, PERIOD)))


def table(
    metric: str,
    keys: Sequence[pd.Series[Any]],
    columns: Mapping[str, Any],
    axis: Axis | None = None,
    blank: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Add columns up by keys; without keys, over all rows to a single row.

    Parameters
    ----------
    metric
        Name of the builder, for its errors.
    keys
        The grouping columns; with an `axis`, the first holds the numbers of the periods.
    columns
        The columns to add up.
    axis
        The time axis, every period of which has a row.
    blank
        Further columns, computed already: a value per group, in the order of the groups.
    """
    blank = blank or {}
    if not keys:
        totals = total_sums(dict(columns)).totals
        one = {name: [total] for name, total in totals.items()} | dict(blank)
        return pd.DataFrame(one, index=pd.Index(["total"]))
    index, sums = group_sums(keys, dict(columns))
    if axis is not None:
        return axis.spread(metric, index, sums.totals, blank)
    return pd.DataFrame({**sums.totals, **blank}, index=index)
