"""From rows to totals: the rows of any frame, read and screened for the builders that add rows up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.engine_totals import EngineRowTotals
from csmetrics.cohorts._rows.pandas_totals import Read, RowTotals


class Unnamed(str):
    """Default name of a column: as the caller did not name it, the column may be missing."""

    __slots__ = ()


def read(
    metric: str, frame: Any, on_bad_rows: str, screened: Callable[[Any], Read], freq: Any = None
) -> tuple[RowTotals | EngineRowTotals, Read]:
    """Read and screen the rows of a frame; return them with the result of `screened`."""
    calendar = None if freq is None else Calendar(metric, freq)
    if isinstance(frame, pd.DataFrame):
        rows = RowTotals(metric, frame, on_bad_rows, calendar)
        return rows, screened(rows)
    others = EngineRowTotals(metric, frame, on_bad_rows, calendar)
    found = screened(others)
    others.screen(screened)
    return others, found
