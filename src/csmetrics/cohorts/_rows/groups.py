"""Grouping rows by columns, and numbering the customers or users in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.groups import factorize, group_rows
from csmetrics.cohorts._rows.blocks import span
from csmetrics.cohorts._rows.text_ids import number_text
from csmetrics.errors import MetricInputError


class Groups:
    """Rows grouped by columns: one group number per row, and the labels of the groups.

    Parameters
    ----------
    metric
        Name of the builder, for its errors.
    columns
        The grouping columns; none for a single group.
    rows
        Positions of the rows to keep.
    """

    def __init__(self, metric: str, columns: Sequence[pd.Series[Any]], rows: Any) -> None:
        self.names = [series.name for series in columns]
        self.labels: Any = None
        self.count = 1
        self.number: Any = None  # one number per row; None for a single group
        if not columns:
            return
        taken = columns if isinstance(rows, slice) else [series.iloc[rows] for series in columns]
        try:
            self.labels, parts = group_rows(taken)
        except MetricInputError as wrong:  # lists and other values that cannot be compared
            raise MetricInputError(metric, "by", "must hold numbers, text or dates", wrong.found) from None
        self.count = len(parts)
        self.number = np.zeros(len(taken[0]), np.int64)
        if parts:
            self.number[np.concatenate(parts)] = np.repeat(np.arange(self.count), [len(at) for at in parts])

    def index(self, axis: pd.PeriodIndex | pd.DatetimeIndex) -> pd.Index[Any]:
        """Cross a time axis with the groups; time comes first."""
        if self.labels is None:
            return axis
        first = axis.repeat(self.count)
        tiled = self.labels.take(np.tile(np.arange(self.count), len(axis)))
        others = (
            [tiled]
            if not isinstance(tiled, pd.MultiIndex)
            else [tiled.get_level_values(i) for i in range(tiled.nlevels)]
        )
        return pd.MultiIndex.from_arrays([first, *others], names=[axis.name, *self.names])


def number_units(metric: str, series: pd.Series[Any], rows: Any) -> tuple[Any, int, int]:
    """Number the customers or users of the kept rows.

    Returns
    -------
    values : ndarray
        One integer per row.
    offset : int
        To be subtracted from the values to get the numbers.
    size : int
        All numbers are below it.
    """
    taken = series if isinstance(rows, slice) else series.iloc[rows]
    try:
        return _numbered(taken)
    except MetricInputError as wrong:  # lists and other values that cannot be compared
        rule = "must hold numbers or text that identify the customer or user of each row"
        raise MetricInputError(metric, str(series.name), rule, wrong.found) from None


def _numbered(taken: pd.Series[Any]) -> tuple[Any, int, int]:
    if not len(taken):
        return np.zeros(0, np.int64), 0, 1
    if isinstance(taken.dtype, np.dtype) and taken.dtype.kind in "iu":
        values = taken.to_numpy()
        low, high = span(values)
        if high - low < 2**40 and high < 2**63:
            return values, low, high - low + 1
    if isinstance(taken.dtype, pd.CategoricalDtype):
        return taken.cat.codes.to_numpy(), 0, len(taken.cat.categories)
    text = number_text(taken)
    if text is not None:
        return text[0], 0, text[1]
    codes, _ = factorize(taken)
    return codes, 0, int(codes.max()) + 1
