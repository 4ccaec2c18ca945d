"""The days on which users were active, in an engine: as masks where users are dense, else counted by gap.

Masks are far fewer than active days where users come often, and looking for a user's next active day in them is quick;
they cross to numpy. Where users come seldom, there are as many masks as days: the engine then looks for the next active
day itself, and only counts cross.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from csmetrics._frames import engines
from csmetrics._frames.bits import BIT, BLOCK, ROUGHLY, Bits, grouped, in_blocks, read_masks
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._masks import BITS, Masks
from csmetrics.cohorts._packing import Log, Numbers
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import period_number
from csmetrics.cohorts._rows.groups import Groups, number_units

_DENSE = 4  # events for each mask, from which on masks are no slower
_MOST = 1 << 22  # masks that may cross: with their users, some hundred megabytes
_DAY, _GAP, _MASK, _USERS = "csm:day", "csm:gap", "csm:mask", "csm:users"
_NOTHING = np.zeros(0, np.int64)


class EngineDays:
    """Active days of users, whom the engine counts roughly while it screens their events.

    Parameters
    ----------
    rows
        The rows, not yet screened.
    user, keys
        The columns of users and of groups.
    times
        The expression for the time of an event.
    calendar
        The calendar of days.
    """

    def __init__(self, rows: EngineRows, user: str, keys: list[str], times: Any, calendar: Calendar) -> None:
        nw = narwhals()
        self.rows, self.user, self.keys, self.times, self.calendar = rows, user, keys, times, calendar
        self.each = list(dict.fromkeys((user, *keys)))  # the users may be the groups
        rows.fact("first", times, "min")
        for name in self.each:
            rows.fact(f"distinct_{name}", nw.col(name), ROUGHLY)

    def read(self, first: int, count: int, longest: int) -> tuple[Log, Any] | None:
        """Read the active days after the screening; None from an engine that has no words for it.

        Parameters
        ----------
        first, count
            The first day with an event, and the number of days up to the last one.
        longest
            How many days ahead to look for a user's next active day.

        Returns
        -------
        Log
            With masks of the users, or without users.
        tuple of ndarray or None
            Without users: for each row the days until the next active day, and the number of users.
        """
        nw = narwhals()
        day = period_number(self.calendar, self.rows.frame, self.times) - first
        frame = self.rows.frame.select(*self.each, day.cast(nw.Int32).alias(_DAY))
        blocks = in_blocks(frame, _DAY)
        if blocks is None:
            return None
        if not self._dense(count):
            return self._gaps(frame, first, count, longest)
        found = grouped(blocks, [*self.each, BLOCK], {_MASK: Bits(BIT, wide=True)})
        small = engines.collect(found)
        user, offset, _ = number_units(self.calendar.metric, small[self.user], slice(None))
        groups = Groups(self.calendar.metric, [small[key] for key in self.keys], slice(None))
        unit = user.astype(np.int64, copy=False) - offset
        if groups.number is not None:
            unit = unit * groups.count + groups.number
        masks = Masks.gather(unit, small[BLOCK].to_numpy(dtype=np.int64), read_masks(small[_MASK]), -(-count // BITS))
        return Log(_NOTHING, 0, 1, groups, Numbers(first, count, _NOTHING), masks=masks), None

    def _dense(self, days: int) -> bool:
        """Decide from the events for each mask, of which a user in a group has one for 64 days at most."""
        if self.rows.frame.implementation.is_pyspark():
            return False  # users are not to be collected from a cluster
        rows = self.rows.count("rows")
        masks = prod(self.rows.count(f"distinct_{name}") + 1 for name in self.each) * (-(-days // BITS))
        return masks * _DENSE <= rows and masks <= _MOST

    def _gaps(self, frame: Any, first: int, count: int, longest: int) -> tuple[Log, Any]:
        """Have the engine count users by group, day, and days until their next active day (at most `longest`)."""
        nw = narwhals()
        day, gap = nw.col(_DAY), nw.col(_GAP)
        seen = frame.group_by(*self.each, _DAY).agg(nw.len().alias(_USERS))  # streams, unlike unique()
        seen = seen.with_columns((day.shift(-1).over(*self.each, order_by=_DAY) - day).alias(_GAP))
        seen = seen.select(*self.keys, _DAY, nw.when(gap < longest).then(gap).otherwise(nw.lit(longest)).alias(_GAP))
        small = engines.collect(seen.group_by(*self.keys, _DAY, _GAP).agg(nw.len().alias(_USERS)))
        groups = Groups(self.calendar.metric, [small[key] for key in self.keys], slice(None))
        numbers, gaps, users = (small[name].to_numpy(dtype=np.int64) for name in (_DAY, _GAP, _USERS))
        return Log(users, 0, 1, groups, Numbers(first, count, numbers)), (gaps, users)
