"""How many customers of each cohort remained after each renewal, read from any container."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics.cohorts.grid import RetentionGrid
from csmetrics.core._kinds import array
from csmetrics.core._registry import NUMBER
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, shown

_FORM = "a list of the customers who remained after 0, 1, 2, ... renewals, or a list of such lists"


class Renewals(NamedTuple):
    """Customers by cohort and age, NaN where an age was not observed."""

    table: Array
    notes: tuple[str, ...]

    @property
    def customers(self) -> int:
        """How many customers all cohorts had at their start."""
        return int(np.nansum(self.table[:, 0]))

    def pooled(self) -> tuple[Array, Array]:
        """Return how many were due at each renewal, and how many of them left, as one row each."""
        seen = ~np.isnan(self.table[:, 1:])
        due, left = np.where(seen, self.table[:, :-1], 0.0), np.where(seen, self.table[:, :-1] - self.table[:, 1:], 0.0)
        return due.sum(axis=0)[None, :], left.sum(axis=0)[None, :]

    def sizes(self) -> Iterator[tuple[int, int]]:
        """Yield the size of each cohort, and how many renewals were observed of it."""
        for row in self.table:
            yield int(row[0]), int((~np.isnan(row)).sum()) - 1


def read(metric: str, cohorts: Any) -> Renewals:
    """Read cohorts; refuse values that are not counts, and counts that rise with age."""
    rows = [_row(metric, row) for row in _rows(metric, cohorts)]
    rows = [row for row in rows if row.size > 1 and row[0] > 0]
    if not rows:
        raise MetricInputError(metric, "cohorts", f"must be {_FORM}", "no cohort was observed for a renewal")
    table = np.full((len(rows), max(row.size for row in rows)), np.nan)
    for place, row in zip(table, rows, strict=True):
        place[: row.size] = row
    likely = (table[:, 0] == 100).all()
    return Renewals(table, ("every cohort starts with 100: percentages are no counts",) if likely else ())


def _rows(metric: str, cohorts: Any) -> list[Any]:
    if isinstance(cohorts, RetentionGrid):
        return list(cohorts.counts.to_numpy(dtype=np.float64, na_value=np.nan))
    if isinstance(cohorts, pd.DataFrame):
        return [row.to_numpy() for _, row in cohorts.iterrows()]
    if isinstance(cohorts, Mapping):
        return list(cohorts.values())
    if isinstance(cohorts, np.ndarray) and cohorts.ndim == 2:
        return list(cohorts)
    if isinstance(cohorts, (list, tuple)) and cohorts and all(isinstance(c, _COLUMNS) for c in cohorts):
        return list(cohorts)
    if isinstance(cohorts, _COLUMNS):
        return [cohorts]
    raise MetricInputError(metric, "cohorts", f"must be {_FORM}", f"got {shown(cohorts)}")


_COLUMNS = (list, tuple, np.ndarray, pd.Series, pd.Index, range)


def _row(metric: str, given: Any) -> Array:
    values: Array = array(metric, "cohorts", given, NUMBER).astype(np.float64)
    if values.ndim != 1:
        raise MetricInputError(metric, "cohorts", f"must be {_FORM}", f"got the shape {values.shape}")
    seen = ~np.isnan(values)
    known = int(seen.argmin()) if not seen.all() else seen.size
    if seen[known:].any():
        found = f"one is missing after {known} renewals and present again later"
        raise MetricInputError(metric, "cohorts", "must be observed from the start to some age", found)
    values = values[:known]
    if (values != np.rint(values)).any():
        odd = float(values[values != np.rint(values)][0])
        hint = "multiply percentages by the cohort's size: how sure the model is depends on the number of customers"
        raise MetricInputError(metric, "cohorts", "must be counts of customers", f"got {shown(odd)}", hint)
    if (values < 0).any() or not np.isfinite(values).all():
        raise MetricInputError(metric, "cohorts", "must be counts of customers", "got a negative or infinite one")
    if (np.diff(values) > 0).any():
        age = int(np.flatnonzero(np.diff(values) > 0)[0])
        found = f"{values[age]:g} after {age} renewals, {values[age + 1]:g} after {age + 1}"
        hint = "a customer who left does not come back; count the customers who remain, not those who are active"
        raise MetricInputError(metric, "cohorts", "must not rise with age", found, hint)
    return values
