"""Members and their returns found by an engine: each event is compared with its user's own start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._engine_events import ReducedEvents
from csmetrics.cohorts._memberships import Members, Ways
from csmetrics.cohorts._people import EnginePeople, note_several, note_strangers
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.engine_time import instant, period_key, period_numbers, with_micros
from csmetrics.cohorts._rows.groups import Groups
from csmetrics.cohorts._rows.instants import Wall


class EngineMembers:
    """Members of cohorts and their returns.

    Parameters
    ----------
    events
        The events.
    calendar
        The periods.
    ways
        How members and their returns are found.
    people
        The table of users; None for none.
    started
        The column of the events that holds each user's start, and its expression; None where starts are events.
    until
        The end of the data, and the time zone.
    """

    def __init__(
        self,
        events: ReducedEvents,
        calendar: Calendar,
        ways: Ways,
        people: EnginePeople | None,
        started: tuple[str, Any] | None,
        until: tuple[Wall | None, Any],
    ) -> None:
        self.events, self.calendar, self.ways, self.people, self.started = events, calendar, ways, people, started
        self.stop, self.zone = until
        self.metric, self.remarks = calendar.metric, events.rows.remarks
        self.keys = events.keys if people is None else people.keys
        self.timed, self.ids = self._timed()

    def read(self) -> tuple[Groups, tuple[int | None, Iterator[Members]]]:
        """Return the groups, the first cohort, and the members."""
        members, starts = self._starts()
        groups = self._groups(members)
        members = self._one_each(members)
        if not len(members):
            return groups, (None, iter(()))
        cohort = period_numbers(self.calendar, members["csm:period"])
        found = self._returns(members, starts, cohort)
        amounts = found["csm:value"].to_numpy() if self.events.amounts else None
        sizes = members["csm:value"].to_numpy() if "csm:value" in members else None
        group: Any = members["csm:group"].to_numpy()
        who, age, began = found["csm:who"].to_numpy(), found["csm:age"].to_numpy(), members["csm:began"].to_numpy()
        return groups, (int(cohort.min()), iter([Members(group, cohort, sizes, who, age, amounts, began)]))

    def _timed(self) -> tuple[Any, list[str]]:
        """Return the events with the microseconds of their times, and the columns that identify a member."""
        nw, events = narwhals(), self.events
        frame, user = events.frame, events.user
        asked = {"csm:micros": ("time", events.times, self.zone)}
        if self.started is not None:
            asked["csm:own"] = ("started", self.started[1], self.zone)
            frame = frame.with_columns(period_key(self.calendar, self.started[1]).alias("csm:own_period"))
        frame = with_micros(frame, self.metric, asked)
        if self.people is not None:
            return frame.with_columns(_as_in(events.rows.schema, self.people.rows.schema, user).alias(user)), [user]
        if self.ways.by_start:
            return frame, [user]
        # null keys match nothing in a join, so each key is replaced by text that is never null and a flag
        same = [f"csm:key_{i}" for i in range(len(self.keys))]
        safe = [
            nw.col(key).cast(nw.String).fill_null("").alias(name) for key, name in zip(self.keys, same, strict=True)
        ]
        safe += [
            nw.col(key).is_null().cast(nw.Int64).alias(f"{name}_null")
            for key, name in zip(self.keys, same, strict=True)
        ]
        return frame.with_columns(*safe) if safe else frame, [user, *same, *(f"{name}_null" for name in same)]

    def _starts(self) -> tuple[pd.DataFrame, Any]:
        """Return the starts by member and group in pandas; and by member in the engine, to be joined to the events."""
        nw, ids = narwhals(), self.ids
        by = list(dict.fromkeys((*ids, *self.events.keys)))
        if self.people is not None:
            table = self._people()
        if self.people is not None and self.people.begun is not None:
            return engines.collect(table), table.select(*ids, "csm:began")
        if self.started is not None:
            told = self.timed
            if self.stop is not None:
                told = told.filter(self.started[1] < instant(self.stop, self.zone))
            totals = [
                nw.col("csm:own").min().alias("csm:began"),
                nw.col("csm:own").max().alias("csm:latest"),
                nw.col("csm:own_period").min().alias("csm:period"),
                nw.col("csm:micros").min().alias("csm:first"),
            ]
            return engines.collect(told.group_by(*by).agg(*totals)), told.group_by(*ids).agg(totals[0])
        begins = self.timed.filter(nw.col("csm:start") == 1)
        totals = [nw.col("csm:micros").min().alias("csm:began")]
        totals += [nw.col("csm:start_value").sum().alias("csm:value")] if self._sized else []
        members = engines.collect(begins.group_by(*by, "csm:period").agg(*totals))
        if self.people is not None:
            members = members.merge(engines.collect(table), on=ids)
        whose = [*ids, "csm:period"] if self.ways.recurring else ids
        starts = begins.group_by(*whose).agg(totals[0])
        return members, starts.rename({"csm:period": "csm:cohort"}) if self.ways.recurring else starts

    @property
    def _sized(self) -> bool:
        return bool(self.events.amounts) and not self.ways.zero

    def _people(self) -> Any:
        """Return the table of users in the engine: users, groups, and their starts with the periods of these."""
        people, user = self.people, self.events.user
        assert people is not None
        same = _as_in(people.rows.schema, self.events.rows.schema, user).alias(user)
        known = people.everyone.select(same)
        seen = self.events.frame.select(_as_in(self.events.rows.schema, people.rows.schema, user).alias(user))
        strangers = seen.group_by(user).agg(narwhals().len().alias("csm:rows")).join(known, on=user, how="anti")
        count = engines.collect(strangers.select(narwhals().len().alias("csm:rows")))["csm:rows"].iloc[0]
        note_strangers(self.remarks, int(count))
        table = people.rows.frame
        columns = [user, *self.keys]
        if people.begun is not None:
            table = with_micros(table, self.metric, {"csm:began": ("started", people.begun, self.zone)})
            table = table.with_columns(period_key(self.calendar, people.begun).alias("csm:period"))
            columns += ["csm:began", "csm:period"]
        return table.with_columns(same).select(*dict.fromkeys(columns))

    def _groups(self, members: pd.DataFrame) -> Groups:
        """Number the groups of the members, and of all other rows, which have no members."""
        labels = members[:0] if self.people is not None else self.events.labels()
        columns = [pd.concat([members[key], labels[key]], ignore_index=True) for key in self.keys]
        groups = Groups(self.metric, columns, slice(None))
        members["csm:group"] = 0 if groups.number is None else groups.number[: len(members)]
        return groups

    def _one_each(self, members: pd.DataFrame) -> pd.DataFrame:
        """Keep one row per member: of the group in which the start happened, the smallest where there are several."""
        whose = [*self.ids, "csm:period"] if self.ways.recurring and self.started is None else self.ids
        if self.ways.by_start or self.people is not None:
            if "csm:value" in members:
                members["csm:value"] = members.groupby([*self.ids, "csm:period"])["csm:value"].transform("sum")
            if self.started is not None:
                together = members.groupby(self.ids)
                members["csm:latest"] = together["csm:latest"].transform("max")
                for name in ("csm:began", "csm:period"):
                    members[name] = together[name].transform("min")
        order = "csm:first" if self.started is not None else "csm:began"
        members = members.sort_values([*whose, order, "csm:group"], ignore_index=True)
        members = members.drop_duplicates(whose, ignore_index=True)
        if self.started is not None:
            note_several(self.remarks, self.started[0], int((members["csm:latest"] > members["csm:began"]).sum()))
        return members

    def _returns(self, members: pd.DataFrame, starts: Any, cohort: Any) -> pd.DataFrame:
        """Return the members and ages with enough returns: `csm:who`, `csm:age`, `csm:value`, in order."""
        ways, place = self.ways, members[self.ids].assign(**{"csm:who": np.arange(len(members))})
        if ways.width is not None:
            whose = [*self.ids, *(["csm:cohort"] if "csm:cohort" in starts.collect_schema() else [])]
            found = self._counted(self._since(starts, self.ids), [*whose, "csm:age"])
            found = found.merge(place.assign(**{"csm:cohort": members["csm:period"]}), on=whose)
        elif not ways.recurring:
            found = self._counted(self._since(starts, self.ids), [*self.ids, "csm:period"]).merge(place, on=self.ids)
        else:  # a user has several memberships: the later periods need no comparison with each of them in the engine
            returns = self.timed.filter(narwhals().col("csm:return") == 1)
            found = self._counted(returns, [*self.ids, "csm:period"]).merge(place, on=self.ids)
            found = found[period_numbers(self.calendar, found["csm:period"]) > cohort[found["csm:who"].to_numpy()]]
            if ways.zero:
                whose = [*self.ids, "csm:period"]
                own = self._counted(self._since(starts.rename({"csm:cohort": "csm:period"}), whose), whose)
                found = pd.concat([found, own.merge(place.assign(**{"csm:period": members["csm:period"]}), on=whose)])
        if ways.width is None:
            numbers = period_numbers(self.calendar, found["csm:period"])
            found = found.assign(**{"csm:age": numbers - cohort[found["csm:who"].to_numpy()]})
        age = found["csm:age"]
        found = pd.DataFrame(found[ways.ages(age) & ways.enough(found["csm:events"], age)])
        return found.sort_values(["csm:who", "csm:age"], ignore_index=True)

    def _since(self, starts: Any, whose: list[str]) -> Any:
        """Return the return events at or after the own start, with their ages where these are windows."""
        nw, width = narwhals(), self.ways.width
        since = self.timed.filter(nw.col("csm:return") == 1).join(starts, on=whose, how="inner")
        since = since.filter(nw.col("csm:micros") >= nw.col("csm:began"))
        if width is None:
            return since
        since = since.with_columns(((nw.col("csm:micros") - nw.col("csm:began")) // width).alias("csm:age"))
        return since.filter(self.ways.ages(nw.col("csm:age")))

    def _counted(self, returns: Any, whose: list[str]) -> pd.DataFrame:
        """Count the returns and add up their amounts, in the engine."""
        nw = narwhals()
        totals = [nw.col("csm:return").sum().alias("csm:events")]
        totals += [nw.col("csm:return_value").sum().alias("csm:value")] if self.events.amounts else []
        return engines.collect(returns.group_by(*whose).agg(*totals))


def _as_in(schema: Any, other: Any, name: str) -> Any:
    """Return a column of users such that it can be compared with that of another frame."""
    nw = narwhals()
    column, own, theirs = engines.group_key(schema, name), schema[name], other[name]
    if own == theirs or not own.is_numeric():
        return column
    if nw.UInt64 in (own, theirs) and own.is_integer() and theirs.is_integer():
        return column.cast(nw.String)
    return column.cast(nw.Float64 if own.is_float() or theirs.is_float() else nw.Int64)
