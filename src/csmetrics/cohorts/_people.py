"""The table of users beside the events: one row per user, with its start and what it is grouped by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.columns import require
from csmetrics._frames.engines import narwhals
from csmetrics._frames.kinds import check_same_kind
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.instants import Times, Wall
from csmetrics.cohorts._rows.options import key_names
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.remarks import Remarks
from csmetrics.errors import MetricInputError, shown


@dataclass(frozen=True)
class People:
    """The columns of a table of users.

    Attributes
    ----------
    ids
        The users.
    started
        Their starts; None where the table does not say.
    keys
        The columns to group by.
    """

    ids: pd.Series[Any]
    started: Times | None
    keys: list[pd.Series[Any]]

    def begun_by(self, stop: Wall | None) -> Any:
        """Return the positions of the users who have started by the end of the data."""
        at = None if self.started is None else self.started.before(stop)
        return slice(None) if at is None else at

    def take(self, rows: Any) -> People:
        """Keep some users."""
        if isinstance(rows, slice):
            return self
        started = None if self.started is None else self.started.take(rows)
        return People(self.ids.iloc[rows], started, [key.iloc[rows] for key in self.keys])


def read_people(
    metric: str,
    frame: Any,
    names: tuple[str, str | None, Any],
    axis: str,
    mode: str,
    calendar: Calendar,
    like: Times,
    remarks: Remarks,
) -> People:
    """Read a table of users for events in pandas.

    Parameters
    ----------
    metric, axis, mode, calendar, remarks
        Those of the builder.
    frame
        The table, in pandas or in an engine.
    names
        The columns of users, of starts (or None) and to group by.
    like
        The times of the events, on whose wall clock the starts are read.
    """
    user, started, by = names
    if not isinstance(frame, pd.DataFrame):
        rows = engines.lazy(frame, metric, "users")
        held = engines.Columns(rows)
        wanted = {user: "user"} | ({} if started is None else {started: "started"})
        wanted |= dict.fromkeys(key_names(metric, by, axis), "by")
        for name, argument in wanted.items():
            require(held, name, metric, argument)
        frame = engines.collect(rows.select(*wanted))
    table = Rows(metric, frame, mode, calendar)
    ids = table.units(user, "user")
    begun = None if started is None else table.times(started, "started", like=like)
    keys = table.keys(by, axis)
    people = People(ids, begun, keys).take(table.kept())
    _note_bad(table.remarks, remarks)
    several = people.ids[people.ids.duplicated()]
    if len(several):
        raise _repeated(metric, several.iloc[:1].tolist()[0], len(several))
    return people


class EnginePeople:
    """A table of users in an engine.

    Parameters
    ----------
    rows
        The events, before they are screened.
    frame
        The table, in the same engine.
    names
        The columns of users, of starts (or None) and to group by.
    axis
        The name of the result's time axis.
    """

    def __init__(self, rows: EngineRows, frame: Any, names: tuple[str, str | None, Any], axis: str) -> None:
        self.user, self.started, by = names
        mode = "report" if rows.report else "raise"
        if isinstance(frame, pd.DataFrame):
            raise _other_engine(rows.metric, "pandas")
        self.rows = EngineRows(rows.metric, frame, mode, rows.calendar)
        if self.rows.frame.implementation != rows.frame.implementation:
            raise _other_engine(rows.metric, str(self.rows.frame.implementation.name).lower())
        self.rows._zones.update(rows._zones)  # the starts are read on the wall clock of the events
        examples = {
            where: pd.Series([{True: 1, False: ""}[one.schema[self.user].is_numeric()]], dtype=object)
            for where, one in {"events": rows, "users": self.rows}.items()
            if self.user in one.columns
        }
        check_same_kind(rows.metric, "user", examples)
        _, begun = self.screened(self.rows)
        self.keys = self.rows.keys(by, axis)
        if begun is not None:
            self.rows.fact("last", begun, "max")
        self.begun = begun
        self.rows.screen(self.screened)
        self.everyone = self.rows.frame  # with those who start after the end of the data
        _note_bad(self.rows.remarks, rows.remarks)
        nw = narwhals()
        counts = self.rows.frame.group_by(self.user).agg(nw.len().alias("csm:rows")).filter(nw.col("csm:rows") > 1)
        several = engines.collect(counts)
        if len(several):
            raise _repeated(
                rows.metric, several[self.user].iloc[:1].tolist()[0], int(several["csm:rows"].sum()) - len(several)
            )

    def screened(self, rows: Any) -> tuple[Any, Any]:
        """Read the columns that can make a row bad."""
        ids = rows.units(self.user, "user")
        return ids, None if self.started is None else rows.times(self.started, "started")

    def last(self) -> list[Times]:
        """Return the latest start, as a column with one value; nothing without starts."""
        return [] if self.begun is None else [self.rows.instant("last")]


def note_strangers(remarks: Remarks, count: int) -> None:
    """Note the users of the events whom the table of users does not hold."""
    if count:
        who = "1 user of the events is" if count == 1 else f"{count} users of the events are"
        remarks.note(f"{who} not in `users`, and left out.", doubtful=True)


def note_several(remarks: Remarks, started: str, count: int) -> None:
    """Note the users whose rows give several starts."""
    if count:
        who = "1 user has" if count == 1 else f"{count} users have"
        remarks.note(f"{who} several values in {started!r}: the earliest counts.", doubtful=True)


def _note_bad(found: Remarks, remarks: Remarks) -> None:
    if found.excluded:
        reasons = ", ".join(f"{reason} ({count})" for reason, count in found.excluded["reasons"].items())
        count = found.excluded["rows"]
        rows = "1 row of `users` was" if count == 1 else f"{count} rows of `users` were"
        remarks.note(f"{rows} left out: {reasons}.", doubtful=True)


def _repeated(metric: str, user: Any, count: int) -> MetricInputError:
    rule, hint = "must have one row per user", "keep one of them, for example with .drop_duplicates"
    return MetricInputError(metric, "users", rule, f"{count} rows repeat a user, such as {shown(user)}", hint)


def _other_engine(metric: str, found: str) -> MetricInputError:
    rule = "must be a frame of the engine that holds the events"
    return MetricInputError(metric, "users", rule, f"got one of {found}", "bring both into one engine")
