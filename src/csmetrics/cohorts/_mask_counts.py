"""Counting from masks: the users of each cohort by age, and the users of each period by what they did before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from csmetrics.cohorts._masks import BITS, Masks, between
from csmetrics.cohorts._memberships import expand
from csmetrics.cohorts._packing import changes, tally
from csmetrics.cohorts._rows.blocks import each
from csmetrics.core._numeric import BLOCK

_STEPS = 8  # a mask is worth the work of so many rows


@dataclass(frozen=True)
class Cohorts:
    """Users in cohorts, and when they came back. A user's number modulo the number of groups is its group.

    Attributes
    ----------
    starts, returns
        The periods of the events that begin a membership, and of those that count as a return: one object where every
        event is both.
    recurring
        Whether each period with a start begins a membership, and not only the user's first.
    groups
        The number of groups.
    first, count
        The period of the first cohort, and the number of cohorts from there on; see `placed`.
    """

    starts: Masks
    returns: Masks
    recurring: bool
    groups: int
    first: int = 0
    count: int = 0

    def placed(self, first: int, count: int) -> Cohorts:
        """Return the same users, counted in so many cohorts from a first one on."""
        return replace(self, first=first, count=count)

    def sizes(self) -> Any:
        """Return the number of members by group and cohort."""
        return self._added(Cohorts._sizes, self.count * self.groups)

    def cells(self, ages: Any) -> Any:
        """Count the members that came back by group, cohort and column.

        Parameters
        ----------
        ages
            The columns, `_ages.Ages`. Of a member's ages only the last one counts with ``"on_or_after"``, the first
            one with ``"on_or_before"``; `Ages.spread` then counts it in the other columns.
        """
        return self._added(lambda part: part._cells(ages), self.count * self.groups * len(ages.labels))

    def _added(self, count: Callable[[Cohorts], Any], cells: int) -> Any:
        """Add the counts of so many cells over parts of the users."""
        at = _cuts(self.starts, cells)
        starts = returns = self.starts.cut(at)
        if self.returns is not self.starts:
            returns = self.returns.cut(np.searchsorted(self.returns.unit, self.starts.unit[at]))
        parts = [replace(self, starts=one, returns=other) for one, other in zip(starts, returns, strict=True)]
        return sum(each(count, parts, _STEPS * self.starts.unit.size))

    def _sizes(self) -> Any:
        sizes = np.zeros((self.count, self.groups), np.int64)
        if self.recurring:
            counts = self.starts.count(self.starts.unit % self.groups, self.groups)[:, self.first :]
            sizes[: counts.shape[1]] = counts.T[: self.count]
        else:
            tally(sizes.reshape(-1), self._row(self.starts.users, self.starts.first()))
        return sizes.T

    def _cells(self, ages: Any) -> Any:
        cells = np.zeros((self.count * self.groups, len(ages.labels)), np.int64)
        counted = np.flatnonzero(ages.column >= 0)
        for members in self._members() if counted.size else ():
            if ages.kind == "on" and ages.single:
                self._add_each(cells, members, ages.first)
            elif ages.kind == "on":
                for column in range(ages.first, cells.shape[1]):
                    came = members.within(int(ages.low[column]), int(ages.high[column]))
                    tally(cells.reshape(-1), members.row[came.users] * cells.shape[1] + column)
            else:
                came = members.within(int(counted[0]), int(counted[-1]))
                period = came.last() if ages.kind == "on_or_after" else came.first()
                column = ages.column[period - members.cohort[came.users]]
                tally(cells.reshape(-1), members.row[came.users] * cells.shape[1] + column)
        return cells.reshape(self.count, self.groups, cells.shape[1]).swapaxes(0, 1)

    def _add_each(self, cells: Any, members: _Members, youngest: int) -> None:
        """Count every age of the members from the youngest on."""
        if not members.row.size:
            return
        groups = self.groups
        begin, end = int(members.row.min()) // groups, int(members.row.max()) // groups + 1
        row = members.row[members.masks.unit] - begin * groups
        counts = members.masks.count(row, (end - begin) * groups).reshape(end - begin, groups, -1)
        for cohort in range(begin, end):
            later = counts[cohort - begin, :, self.first + cohort :]
            upto = min(later.shape[1], cells.shape[1])
            cells[cohort * groups : (cohort + 1) * groups, youngest:upto] += later[:, youngest:upto]

    def _row(self, unit: Any, cohort: Any) -> Any:
        """Return the rows of members in a table of cohorts and groups."""
        row = cohort - self.first
        return row if self.groups == 1 else row * self.groups + unit % self.groups

    def _members(self) -> Iterator[_Members]:
        """Yield the members who came back: all at once, or one cohort of recurring members after the other."""
        starts, returns = self.starts, self.returns
        if starts is returns:
            user, known = np.cumsum(changes(starts.unit)) - 1, None
        else:
            user = np.searchsorted(returns.users, starts.unit)
            known = np.append(returns.users, -1)[user] == starts.unit
        for chosen, cohort in self._chosen():
            chosen, cohort = (chosen, cohort) if known is None else (chosen[known[chosen]], cohort[known[chosen]])
            of = user[chosen]
            if returns.starts.size == returns.unit.size:  # one mask for each user
                who, rows = np.arange(of.size), of
            else:
                who, rows = expand(returns.starts[of], returns.ends[of])
            masks = Masks(who, returns.block[rows], returns.bits[rows], returns.blocks)
            yield _Members(self._row(starts.unit[chosen], cohort), cohort, masks)

    def _chosen(self) -> Iterator[tuple[Any, Any]]:
        """Yield the masks in which memberships begin, and their cohorts."""
        if not self.recurring:
            yield self.starts.starts, self.starts.first()
            return
        for block in range(self.starts.blocks):
            rows = np.flatnonzero(self.starts.block == block)
            bits = self.starts.bits[rows]
            for bit in range(BITS):
                chosen = rows[np.flatnonzero(bits >> np.uint64(bit) & np.uint64(1))]
                if chosen.size:
                    yield chosen, np.full(chosen.size, block * BITS + bit)


@dataclass(frozen=True)
class _Members:
    """Members of cohorts.

    Attributes
    ----------
    row, cohort
        The row in the table of cohorts and groups, and the cohort, of each member.
    masks
        The periods in which the members came; its users are the members' positions.
    """

    row: Any
    cohort: Any
    masks: Masks

    def within(self, youngest: int, oldest: int) -> Masks:
        """Keep the periods in which members have an age from the youngest to the oldest."""
        cohort = self.cohort[self.masks.unit]
        return self.masks.replace(self.masks.bits & between(cohort + youngest, cohort + oldest, self.masks.block))


def lifecycle(masks: Masks, groups: int) -> dict[str, Any]:
    """Count the active, new and returning users by group and period; a user's number modulo `groups` is its group."""
    parts = masks.cut(_cuts(masks, groups * masks.blocks * BITS))
    stages = sum(each(lambda part: _stages(part, groups), parts, _STEPS * masks.unit.size))
    return dict(zip(("active", "new_users", "returning"), stages, strict=True))


def _stages(masks: Masks, groups: int) -> Any:
    again, new = masks.again(), np.zeros((groups, masks.blocks * BITS), np.int64)
    tally(new.reshape(-1), masks.users % groups * new.shape[1] + masks.first())
    return np.array([masks.count(masks.unit % groups, groups), new, again.count(again.unit % groups, groups)])


def _cuts(masks: Masks, cells: int) -> Any:
    """Return where parts of many users begin, so that the counts of so many cells by part stay fewer than the users."""
    return masks.starts[:: max(BLOCK, cells)]
