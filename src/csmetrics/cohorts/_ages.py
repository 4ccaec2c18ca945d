"""The columns of a retention triangle: ages and brackets of ages, and in which of them a return counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.cohorts._memberships import Members
from csmetrics.cohorts._packing import changes

KINDS = ("on", "on_or_after", "on_or_before")


@dataclass(frozen=True)
class Ages:
    """The columns of a triangle: the first and last age of each, age 0 first.

    Attributes
    ----------
    kind
        on, on_or_after or on_or_before.
    low, high
        One per column; it is observed once the age `high` is over.
    single
        Whether each column is a single age.
    labels
        Labels of the columns.
    column
        For each age, the first column in which a return counts; -1 if it counts in no column.
    first
        The first column that counts returns: 1, or 0 if age 0 counts them, too.
    """

    kind: str
    low: Any
    high: Any
    single: bool
    labels: pd.Index[Any]
    column: Any
    first: int

    @classmethod
    def make(cls, kind: str, lengths: Sequence[int] | None, horizon: int | None, zero: bool, count: int) -> Ages:
        """Make the columns for ages below `count`: single ages, or age 0 and brackets of the given lengths."""
        ages = np.arange(max(count, 1))
        labels: pd.Index[Any] = pd.RangeIndex(ages.size, name="age")
        low = high = ages
        if lengths is not None:
            high = np.cumsum([0, *lengths])
            low = high - np.array([0, *lengths]) + 1
            low[0] = 0
            names = [str(a) if a == b else f"{a}-{b}" for a, b in zip(low.tolist(), high.tolist(), strict=True)]
            labels = pd.Index(names, name="age")
        if horizon is not None:
            low, labels = low[low <= horizon], labels[low <= horizon]
            high = np.where(low < (0 if zero else 1), 0, horizon)
        if lengths is not None:
            low, high = np.minimum(low, ages.size), np.minimum(high, ages.size)  # later ages are never observed
        if kind == "on_or_after":
            column = np.searchsorted(low, ages, side="right") - 1
        else:
            column = np.searchsorted(high, ages, side="left")
            column[column == high.size] = -1
        if not zero:
            column[0] = -1
        if horizon is not None:
            column[ages > horizon] = -1
        return cls(kind, low, high, lengths is None, labels, column, 0 if zero else 1)

    def spread(self, cells: Any) -> None:
        """Count each return in the later columns too (on_or_before), or in the earlier ones (on_or_after)."""
        cells = cells[..., self.first :]
        if self.kind != "on":
            cells = cells if self.kind == "on_or_before" else cells[..., ::-1]
            np.cumsum(cells, axis=-1, out=cells)

    def counted(self, members: Members) -> tuple[Any, Any]:
        """Return the rows to count, such that no member counts twice in a column, and the column of each."""
        column = self.column.take(members.age)
        rows = np.flatnonzero(column >= 0)
        if members.amounts is not None or (self.kind == "on" and self.single):
            return rows, column[rows]
        who, column = members.who[rows], column[rows]
        only = changes(who)
        if self.kind == "on_or_after":
            only = np.append(only[1:], True)[: only.size]
        elif self.kind == "on":
            only |= changes(column)
        return rows[only], column[only]
