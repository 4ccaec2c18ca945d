"""Counting events in an engine by user and period."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import period_key


class ReducedEvents:
    """Events that the engine counts by user and period.

    Parameters
    ----------
    rows
        The screened rows.
    user, keys
        The columns of users and of groups.
    times, amounts
        Expressions for the time and the amount (or None) of an event.
    roles
        Expressions that are true for events that begin a membership, and for those that count as a return; None for
        all.
    calendar
        The periods.
    """

    def __init__(
        self,
        rows: EngineRows,
        user: str,
        keys: list[str],
        times: Any,
        roles: Any,
        amounts: Any,
        calendar: Calendar,
    ) -> None:
        nw = narwhals()
        self.rows, self.user, self.keys, self.times = rows, user, keys, times
        self.each = tuple(dict.fromkeys((user, *keys)))  # the users may be the groups
        self.all = roles[0] is None and roles[1] is None
        self.amounts = amounts is not None
        flags = [nw.lit(1) if role is None else nw.when(role).then(nw.lit(1)).otherwise(nw.lit(0)) for role in roles]
        columns = {"csm:period": period_key(calendar, times)}
        columns |= {f"csm:{role}": flag.cast(nw.Int64) for role, flag in zip(("start", "return"), flags, strict=True)}
        if self.amounts:
            columns["csm:value"] = amounts
        self.frame = rows.frame.with_columns(*(column.alias(name) for name, column in columns.items()))
        if self.amounts:
            self.frame = self.frame.with_columns(
                *(
                    (nw.col("csm:value") * nw.col(f"csm:{role}")).alias(f"csm:{role}_value")
                    for role in ("start", "return")
                )
            )

    def periods(self, count: bool) -> tuple[pd.DataFrame, Any, Any]:
        """Return one row per user and period with events and amounts; and the rows of starts and returns, or None."""
        nw = narwhals()
        names = [*self.each, "csm:period"]
        if self.all and not count and not self.amounts:
            distinct = self.frame.group_by(*names).agg(nw.len().alias("csm:events"))  # streams, unlike unique()
            return engines.collect(distinct.select(*names)), None, None
        totals = [nw.col("csm:start").sum(), nw.col("csm:return").sum()]
        if self.amounts:
            totals += [nw.col("csm:start_value").sum(), nw.col("csm:return_value").sum()]
        small = engines.collect(self.frame.group_by(*names).agg(*totals))
        parts = [
            small[small[f"csm:{role}"] > 0].rename(
                columns={f"csm:{role}": "csm:events", f"csm:{role}_value": "csm:value"}
            )
            for role in (("start",) if self.all else ("start", "return"))
        ]
        if self.all:
            return parts[0], None, None
        sizes = [len(part) for part in parts]
        if self.keys:  # a group without starts has its rows, too
            parts.append(small.drop_duplicates(self.keys).rename(columns={"csm:start_value": "csm:value"}))
        both = pd.concat(parts, ignore_index=True)
        return both, np.arange(sizes[0]), np.arange(sizes[0], sum(sizes))

    def labels(self) -> pd.DataFrame:
        """Return the distinct groups of all rows."""
        if not self.keys:
            return pd.DataFrame()
        return engines.collect(self.frame.group_by(*self.keys).agg(narwhals().len().alias("csm:events")))[self.keys]
