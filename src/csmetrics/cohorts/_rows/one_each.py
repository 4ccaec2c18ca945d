"""One answer of each customer: the first or the last in its period, chosen by pandas or by an engine."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._rows.engine_totals import ROW_PERIOD, EngineRowTotals
from csmetrics.cohorts._rows.groups import Groups, number_units
from csmetrics.cohorts._rows.instants import Times
from csmetrics.cohorts._rows.pandas_totals import RowTotals
from csmetrics.core._numeric import BLOCK


def one_each(
    rows: RowTotals | EngineRowTotals, answers: Any, weights: Any, unit: Any, times: Any, keep: str, by: Any
) -> tuple[RowTotals | EngineRowTotals, Any, Any]:
    """Keep one row per customer and period: of its answers the first or the last, else a row without one.

    Of answers at the same instant it is the lowest. Return the rows, with their answers and weights.
    """
    if isinstance(rows, RowTotals):
        return _on_pandas(rows, answers, weights, unit, times, keep, by)
    return _on_engine(rows, answers, weights, unit, times, keep, by)


def _on_pandas(
    rows: RowTotals, answers: Any, weights: Any, unit: Any, times: Times, keep: str, by: Any
) -> tuple[RowTotals, Any, Any]:
    """Rank the rows of each customer and period step by step, as long as several are left."""
    units, offset, size = number_units(rows.metric, unit, slice(None))
    cell = units.astype(np.int64) - offset
    if rows.axis is not None:
        size *= max(rows.axis.count, 1)
        cell = cell * max(rows.axis.count, 1) + (rows.numbers_of_periods - rows.axis.first)
    if size > 4 * cell.size + BLOCK:
        cell, found = pd.factorize(cell)
        size = len(found)
    elapsed = times.elapsed()
    answered = np.zeros(size, bool)
    answered[cell[~np.isnan(answers)]] = True
    left = np.flatnonzero(~np.isnan(answers) | ~answered[cell])
    ranks: list[Callable[[], Any]] = [
        lambda: elapsed if keep == "last" else -elapsed,
        lambda: -np.where(np.isnan(answers), 0, answers),
        lambda: -(0 if (number := Groups(rows.metric, rows.grouping(by), slice(None)).number) is None else number),
        lambda: 0 if weights is None else -np.where(np.isnan(weights), np.inf, weights),
    ]
    place = np.full(size, -1)
    for rank in ranks:
        place[cell[left]] = left
        if left.size == np.count_nonzero(place >= 0):
            break
        values = np.broadcast_to(rank(), cell.shape)
        best = np.full(size, values.min(), values.dtype)
        np.maximum.at(best, cell[left], values[left])
        left = left[values[left] == best[cell[left]]]
    place[cell[left]] = left
    chosen = np.sort(place[place >= 0])
    kept, before = copy(rows), rows.rows()
    kept.counted, kept.size = chosen if isinstance(before, slice) else before[chosen], len(chosen)
    kept.numbers_of_periods = None if rows.axis is None else rows.numbers_of_periods[chosen]
    return kept, answers[chosen], None if weights is None else weights[chosen]


def _on_engine(
    rows: EngineRowTotals, answers: Any, weights: Any, unit: Any, times: Any, keep: str, by: Any
) -> tuple[EngineRowTotals, Any, Any]:
    """Leave the engine to keep the best rows of each customer and period, step by step."""
    nw = narwhals()
    keys = rows.grouping(by)
    at = rows.instants({"time": times}, "time")["time"]
    frame = rows.frame.with_columns(
        unit.alias("csm:unit"),
        nw.when(answers.is_null()).then(nw.lit(0)).otherwise(nw.lit(1)).alias("csm:answered"),
        at.alias("csm:at"),
        answers.alias("csm:answer"),
        (nw.lit(1) if weights is None else weights).alias("csm:weight"),
    )
    alone = ["csm:unit", *(key for key in keys if key == ROW_PERIOD)]
    best = {"csm:answered": "max", "csm:at": "max" if keep == "last" else "min", "csm:answer": "min"}
    best |= {**{key: "min" for key in keys if key != ROW_PERIOD}, "csm:weight": "min"}
    for name, how in best.items():
        frame = frame.with_columns(getattr(nw.col(name), how)().over(*alone).alias("csm:best"))
        frame = frame.filter((nw.col(name) == nw.col("csm:best")) | nw.col("csm:best").is_null())
    names = list(dict.fromkeys([*alone, *keys]))
    kept = copy(rows)
    kept.frame = frame.group_by(*names).agg(nw.col("csm:answer").max(), nw.col("csm:weight").max())
    return kept, nw.col("csm:answer"), None if weights is None else nw.col("csm:weight")
