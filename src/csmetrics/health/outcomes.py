"""Who left and when, one row per customer, read from columns of the frame or beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import column as find
from csmetrics.core._flags import flags
from csmetrics.core._kinds import array, is_scalar
from csmetrics.core._registry import NUMBER
from csmetrics.errors import MetricInputError, shown


def one_row_each(metric: str, frame: pd.DataFrame, customer: Any) -> None:
    """Reject a frame in which a customer has several rows."""
    whose = frame.index if customer is None else pd.Index(find(frame, customer, metric, "customer"))
    again = whose.duplicated()
    if again.any():
        rule, found = "must have one row per customer", f"{shown(whose[again].tolist()[0])} has several"
        raise MetricInputError(metric, "frame", rule, found, "keep one score of each, such as that of one date")


def who_left(metric: str, frame: pd.DataFrame, churned: Any) -> Any:
    """Return for each row whether the customer left."""
    labelled = isinstance(churned, str) or (is_scalar(churned) and churned is not None)
    given = find(frame, churned, metric, "churned") if labelled else churned
    if isinstance(given, pd.Series) and not given.index.equals(frame.index):
        rule = "must have the index of the frame"
        raise MetricInputError(metric, "churned", rule, "got another", "align it first: churned.reindex(frame.index)")
    read = None if given is None else flags(given)
    if read is not None and read.yes.ndim == 1:
        left, known = read.yes, read.known
    else:
        values = array(metric, "churned", given, NUMBER).astype(np.float64)
        rule = "must be True or False, or 1 or 0"
        if values.ndim != 1 or not np.isin(values[~np.isnan(values)], [0.0, 1.0]).all():
            raise MetricInputError(metric, "churned", rule, "got other values", "True for customers who left")
        left, known = values == 1, ~np.isnan(values)
    if left.size != len(frame):
        raise MetricInputError(metric, "churned", "must be as long as the frame", f"got {left.size} for {len(frame)}")
    if known is not None and not known.all():
        found = f"{int((~known).sum())} of {left.size} are missing"
        hint = "leave out customers whose outcome is not known yet"
        raise MetricInputError(metric, "churned", "must be known for every customer", found, hint)
    return np.asarray(left, dtype=bool)


def dates(metric: str, frame: pd.DataFrame, argument: str, given: Any) -> pd.Series[Any]:
    """Return one date per row, from a column or from one date for all."""
    values = given
    if isinstance(given, str) and given in frame.columns:
        values = find(frame, given, metric, argument)
    text = isinstance(values, str) or (isinstance(values, pd.Series) and values.dtype.kind == "O")
    try:  # 01/02/2026 is refused, as nobody knows whether the day or the month comes first
        read: Any = pd.to_datetime(
            values.astype(object) if isinstance(values, pd.Series) and values.dtype == "str" else values,
            format="ISO8601" if text else None,
        )
    except (ValueError, TypeError):
        hint = "a column of the frame, or one date for all: dates, or text such as 2026-03-31"
        raise MetricInputError(metric, argument, "must be dates", f"got {shown(given)}", hint) from None
    if isinstance(read, pd.Series):
        return read.reset_index(drop=True)
    return pd.Series(read, index=range(len(frame)))
