"""Counting events in an engine: by user and period, by gap, or by window since each user's own start."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import _days, period_key, with_micros
from csmetrics.cohorts._rows.time import Calendar


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
        self.metric, self.user, self.keys, self.times = rows.metric, user, keys, times
        self.all = roles[0] is None and roles[1] is None
        self.amounts = amounts is not None
        flags = [nw.lit(1) if role is None else nw.when(role).then(nw.lit(1)).otherwise(nw.lit(0)) for role in roles]
        columns = {"csm period": period_key(calendar, times)}
        columns |= {f"csm {role}": flag.cast(nw.Int64) for role, flag in zip(("start", "return"), flags, strict=True)}
        if self.amounts:
            columns["csm value"] = amounts
        self.frame = rows.frame.with_columns(*(column.alias(name) for name, column in columns.items()))
        if self.amounts:
            self.frame = self.frame.with_columns(
                *(
                    (nw.col("csm value") * nw.col(f"csm {role}")).alias(f"csm {role}_value")
                    for role in ("start", "return")
                )
            )

    def periods(self, count: bool) -> tuple[pd.DataFrame, Any, Any]:
        """Return one row per user and period with events and amounts; and the rows of starts and returns, or None."""
        nw = narwhals()
        names = [self.user, *self.keys, "csm period"]
        if self.all and not count and not self.amounts:
            distinct = self.frame.group_by(*names).agg(nw.len().alias("csm events"))  # streams, unlike unique()
            return engines.collect(distinct.select(*names)), None, None
        totals = [nw.col("csm start").sum(), nw.col("csm return").sum()]
        if self.amounts:
            totals += [nw.col("csm start_value").sum(), nw.col("csm return_value").sum()]
        small = engines.collect(self.frame.group_by(*names).agg(*totals))
        parts = [
            small[small[f"csm {role}"] > 0].rename(
                columns={f"csm {role}": "csm events", f"csm {role}_value": "csm value"}
            )
            for role in (("start",) if self.all else ("start", "return"))
        ]
        if self.all:
            return parts[0], None, None
        sizes = [len(part) for part in parts]
        if self.keys:  # a group without starts has its rows, too
            parts.append(small.drop_duplicates(self.keys).rename(columns={"csm start_value": "csm value"}))
        both = pd.concat(parts, ignore_index=True)
        return both, np.arange(sizes[0]), np.arange(sizes[0], sum(sizes))

    @property
    def looks_ahead(self) -> bool:
        """Whether the engine can look at a user's next row."""
        return not (self.frame.implementation.is_pyarrow() or self.frame.implementation.is_dask())

    def gaps(self, longest: int) -> pd.DataFrame:
        """Count users by group, day, and days until their next active day (at most `longest`)."""
        nw = narwhals()
        seen = self.frame.group_by(self.user, *self.keys, "csm period").agg(nw.len().alias("csm users"))
        seen = seen.with_columns(_days(nw.col("csm period")).alias("csm day"))
        following = nw.col("csm day").shift(-1).over(self.user, *self.keys, order_by="csm day")
        seen = seen.with_columns((following - nw.col("csm day")).alias("csm gap"))
        gap = nw.when(nw.col("csm gap") < longest).then(nw.col("csm gap")).otherwise(nw.lit(longest))
        seen = seen.select(*self.keys, "csm period", gap.alias("csm gap"))
        return engines.collect(seen.group_by(*self.keys, "csm period", "csm gap").agg(nw.len().alias("csm users")))

    def elapsed(self, width: int, zone: Any, recurring: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Count the windows since each user's own start.

        Returns
        -------
        members : DataFrame
            User, groups, `csm period`, `csm began` in microseconds of UTC, `csm value`: one row per member, in order.
        pairs : DataFrame
            `csm who`, the position of a member; `csm age`, `csm events`, `csm value`: one row per member and window,
            in order.
        """
        nw = narwhals()
        # null keys match nothing in a join, so each key is replaced by text that is never null and a flag
        same = [f"csm key_{i}" for i in range(len(self.keys))]
        safe = [
            nw.col(key).cast(nw.String).fill_null("").alias(name) for key, name in zip(self.keys, same, strict=True)
        ]
        safe += [
            nw.col(key).is_null().cast(nw.Int64).alias(f"{name}_null")
            for key, name in zip(self.keys, same, strict=True)
        ]
        ids = [self.user, *same, *(f"{name}_null" for name in same)]
        timed = self.frame.with_columns(*safe) if safe else self.frame
        timed = with_micros(timed, self.metric, {"csm micros": ("time", self.times, zone)})
        begun = timed.filter(nw.col("csm start") == 1)
        totals = [nw.col("csm micros").min().alias("csm began")]
        totals += [nw.col("csm start_value").sum().alias("csm value")] if self.amounts else []
        members = engines.collect(begun.group_by(*ids, *self.keys, "csm period").agg(*totals))
        members = members.sort_values([*ids, "csm period"], ignore_index=True)
        if not recurring:
            members = members.drop_duplicates(ids, ignore_index=True)
        starts = begun.group_by(*ids, *(["csm period"] if recurring else [])).agg(
            nw.col("csm micros").min().alias("csm began")
        )
        if recurring:
            starts = starts.rename({"csm period": "csm cohort"})
        whose = [*ids, *(["csm cohort"] if recurring else [])]
        since = timed.filter(nw.col("csm return") == 1).join(starts, on=ids, how="inner")
        since = since.with_columns(((nw.col("csm micros") - nw.col("csm began")) // width).alias("csm age"))
        totals = [nw.col("csm return").sum().alias("csm events")]
        totals += [nw.col("csm return_value").sum().alias("csm value")] if self.amounts else []
        pairs = engines.collect(since.filter(nw.col("csm age") >= 1).group_by(*whose, "csm age").agg(*totals))
        at = members[[*ids, "csm period"]].assign(**{"csm who": np.arange(len(members))})
        if recurring:
            pairs = pairs.rename(columns={"csm cohort": "csm period"}).merge(at, on=[*ids, "csm period"])
        else:
            pairs = pairs.merge(at.drop(columns="csm period"), on=ids)
        return members, pairs.sort_values(["csm who", "csm age"], ignore_index=True)

    def labels(self) -> pd.DataFrame:
        """Return the distinct groups of all rows."""
        return engines.collect(self.frame.group_by(*self.keys).agg(narwhals().len().alias("csm events")))[self.keys]
