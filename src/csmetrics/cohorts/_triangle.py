"""The retention triangle while it is filled with counts, and the state of each of its cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.cohorts._ages import Ages
from csmetrics.cohorts._engine_masks import CountedCohorts
from csmetrics.cohorts._events import Events
from csmetrics.cohorts._mask_counts import Cohorts
from csmetrics.cohorts._memberships import NEVER, Members
from csmetrics.cohorts._packing import tally
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.instants import in_utc
from csmetrics.cohorts._rows.options import check_cells
from csmetrics.cohorts.grid import RetentionGrid


class Triangle:
    """The retention triangle while it is filled: cells of group, cohort and age.

    Parameters
    ----------
    found
        The events.
    calendar
        The cohorts' periods.
    first
        The first cohort's period, numbered like the events' periods; None where there is no cohort.
    ages
        The function that makes the columns for a number of ages.
    width
        The length of an elapsed window in microseconds; None for calendar periods.
    """

    def __init__(
        self, found: Events, calendar: Calendar, first: int | None, ages: Callable[[int], Ages], width: int | None
    ) -> None:
        self.calendar, self.width, self.groups = calendar, width, found.log.groups
        self.stop = found.stop or 0
        self.offset = first or 0
        self.first = (0 if found.members else found.log.periods.first) + self.offset
        self.cohorts = 0 if first is None else max(calendar.at(self.stop - 1) - self.first + 1, 0)
        self.opens = calendar.start(np.arange(self.cohorts + 1) + self.first)  # and the last end
        reach = self.cohorts
        if width is not None:
            self.until = in_utc(self.stop, found.zone)
            self.starts = np.array([in_utc(int(at), found.zone) for at in self.opens[:-1]], dtype=np.int64)
            self.earliest = np.full((self.groups.count, self.cohorts), NEVER)
            self.latest = np.full((self.groups.count, self.cohorts), -NEVER)
            reach = (self.until - 1 - int(self.starts[0])) // width + 1 if self.cohorts else 0
        self.ages = ages(reach)
        check_cells("retention", calendar, self.first, self.cohorts, self.groups.count * len(self.ages.labels))
        dtype = np.int64 if found.log.values is None else found.log.values.dtype
        self.cells = np.zeros((self.groups.count, self.cohorts, len(self.ages.labels)), dtype)
        self.members = np.zeros((self.groups.count, self.cohorts), np.int64)

    def add(self, members: Members | Cohorts | CountedCohorts) -> None:
        """Count a batch of members."""
        if isinstance(members, (Cohorts, CountedCohorts)):
            placed = members.placed(self.offset, self.cohorts)
            sizes = placed.sizes()
            self.members += sizes
            self.cells += placed.cells(self.ages)
            if self.ages.first:
                self.cells[..., 0] += sizes
            return
        row = members.group * self.cohorts + members.cohort - self.offset
        cells, columns = self.cells.reshape(-1), self.cells.shape[2]
        tally(self.members.reshape(-1), row)
        if self.ages.first:
            tally(cells, row * columns, members.sizes)
        rows, column = self.ages.counted(members)
        cell = (row * columns)[members.who[rows]] + column
        tally(cells, cell, None if members.amounts is None else members.amounts[rows])
        if self.width is not None:
            np.minimum.at(self.earliest.reshape(-1), row, members.began)
            np.maximum.at(self.latest.reshape(-1), row, members.began)

    def grid(self, value: str | None) -> RetentionGrid:
        """Return the grid, without counts in cells that are not observed."""
        self.ages.spread(self.cells)
        states = self._states()
        shape = (self.cohorts * self.groups.count, self.cells.shape[2])
        cells, codes = (np.ascontiguousarray(part.swapaxes(0, 1)).reshape(shape) for part in (self.cells, states))
        index = self.groups.index(self.calendar.index(self.first, self.cohorts, "cohort"))
        counts = _table(cells, codes > 0, index, self.ages.labels)
        users = pd.Series(self.members.T.reshape(-1), index=index, name="members")
        sizes = users.rename("size") if value is None else pd.Series(cells[:, 0].copy(), index=index, name=value)
        return RetentionGrid(sizes, users, counts, codes, self.ages.kind, self.calendar.freq)

    def _states(self) -> Any:
        """Return the state of each cell: observed (0), in progress (1) or in the future (2)."""
        low, high = self.ages.low, self.ages.high
        if self.width is None:
            last = self.calendar.at(self.stop) - self.first  # the first period that is not complete
            begun = self.calendar.at(self.stop - 1) - self.first
            cohort = np.arange(self.cohorts)[:, None]
            states = _state(high < last - cohort, low <= begun - cohort)
            return np.broadcast_to(states, self.cells.shape)
        empty = self.earliest == NEVER
        earliest = np.where(empty, self.starts, self.earliest)[..., None]
        latest = np.where(empty, self.starts, self.latest)[..., None]
        ended = (latest + (high + 1) * self.width <= self.until) & (self.opens[1:, None] <= self.stop)
        if self.ages.first:
            ended[..., 0] = self.opens[1:] <= self.stop
        return _state(ended, earliest + low * self.width < self.until)


def _table(cells: Any, unknown: Any, index: pd.Index[Any], labels: pd.Index[Any]) -> pd.DataFrame:
    """Return the cells as a frame without those that are unknown; integers stay integers."""
    if cells.dtype.kind != "i":
        return pd.DataFrame(np.where(unknown, np.nan, cells), index=index, columns=labels)
    columns = {
        label: pd.arrays.IntegerArray(cells[:, i].copy(), unknown[:, i].copy()) for i, label in enumerate(labels)
    }
    out = pd.DataFrame(columns, index=index, copy=False)  # each column has its own memory already
    out.columns = labels
    return out


def _state(ended: Any, begun: Any) -> Any:
    """Return 0 where a cell has ended, 1 where it has only begun, and 2 where it is in the future."""
    return np.where(ended, np.uint8(0), np.where(begun, np.uint8(1), np.uint8(2)))
