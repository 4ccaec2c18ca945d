"""Activity that adds up: what each user did in which period, as a small table that is saved and brought up to date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from csmetrics.cohorts import _state_files as files
from csmetrics.cohorts import _state_table as small
from csmetrics.cohorts._events import Events
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.options import OnBadRows
from csmetrics.cohorts._rows.remarks import Excluded, Remarks, together, warn_of
from csmetrics.cohorts._state_engine import METRIC
from csmetrics.cohorts._state_events import events_of
from csmetrics.cohorts._state_rows import Facts, read
from csmetrics.cohorts.active_users import count_active, count_lifecycle
from csmetrics.cohorts.grid import RetentionGrid
from csmetrics.cohorts.retention import count_retention
from csmetrics.errors import MetricInputError, shown

_ROWS = 1_000_000  # rows of the table that are worked on at a time
_DELTAS = 32  # files, or tables, that updates may add to a state before they are merged


def activity(
    events: Any,
    *,
    user: str = "user",
    time: str = "time",
    freq: str = "M",
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
) -> Activity:
    """Reduce events to the periods in which each user was active: a small table that can be added to, and saved.

    Parameters
    ----------
    events
        One row per event: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask, PySpark or Ibis, whose
        engine then finds the periods in which each user was active.
    user, time
        The columns of users, whole numbers or text, and of event times.
    freq
        Length of the periods: h, D, W, M, Q or Y, in the time zone of the column, or one of pandas' anchored ones.
        Active users need ``"D"``. From days the figures of all longer periods can be had as well, at a few times the
        size.
    by
        A column, or a list of columns, to group by. As with ``by_at="row"`` each group is counted as if it were all the
        data.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out, list them with the reason in ``.excluded``, and note
        it in every result.

    Returns
    -------
    Activity
        It gives the same figures as `retention`, `lifecycle` and `active_users` of all events that went into it.

    Raises
    ------
    MetricInputError
        If a user or a time is missing, a time is not a date, ids are neither whole numbers nor text, or an argument is
        not one of its choices.
    MissingColumnError
        If the frame has no such column.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> january = pd.DataFrame({"user": ["ann", "bob"], "time": pd.to_datetime(["2026-01-05", "2026-01-20"])})
    >>> february = pd.DataFrame({"user": ["ann", "cid"], "time": pd.to_datetime(["2026-02-03", "2026-02-10"])})
    >>> state = csm.cohorts.activity(january) + csm.cohorts.activity(february)
    >>> state
    Activity by M: 3 users, 2026-01 to 2026-02, last event 2026-02-10 00:00:00
    >>> state.retention(as_of="2026-02-28").counts
    age      0     1
    cohort
    2026-01  2     1
    2026-02  1  <NA>
    """
    found = read(events, user, time, freq, by, on_bad_rows)
    warn_of(found.remarks)
    return Activity(found.facts, (found.table,), excluded=found.remarks.excluded)


class Activity:
    """Periods in which each user was active, the result of `csmetrics.cohorts.activity`.

    States add: ``a + b``, and ``sum(states)``, hold what the events of both hold, exactly, whatever the order and
    however the events were cut into pieces; events that are in both count once. So pieces may be days, files or
    machines, events may come late, and what was interrupted may simply be done again.

    Attributes
    ----------
    freq : str
        The length of the periods.
    by : list
        The grouping columns.
    excluded : Excluded or None
        The bad rows that were left out, where ``on_bad_rows="report"`` was asked for. They are not saved; a note says
        that there were some.

    Notes
    -----
    A state knows periods, and not what happened when within them. `as_of` must therefore be the end of a period, or not
    before the last event, unless nobody was active in its period. Without `as_of` the data is complete up to the last
    event, as in `retention`: pass the day up to which all events have arrived.
    """

    def __init__(
        self,
        facts: Facts,
        tables: Sequence[pd.DataFrame] = (),
        folder: Path | None = None,
        pieces: Sequence[files.Piece] = (),
        excluded: Excluded | None = None,
    ) -> None:
        self._facts, self._tables, self._folder, self._pieces = facts, tuple(tables), folder, tuple(pieces)
        self.excluded = excluded

    @property
    def freq(self) -> str:
        """The length of the periods, with the anchor where there is one."""
        return self._facts.freq

    @property
    def by(self) -> list[Any]:
        """The grouping columns."""
        return list(self._facts.by)

    @property
    def notes(self) -> list[str]:
        """What a reader of the figures should know, in sentences."""
        return list(self._facts.notes)

    @property
    def table(self) -> pd.DataFrame:
        """The small table: user, groups, block of 64 periods, and mask, whose bit i is period 64 * block + i.

        Periods are counted from that of 1970-01-01.
        """
        self._known()
        table = self._whole()
        if small.PART in table:  # files have their own order
            table = small.combined(METRIC, [table.drop(columns=small.PART)])
        return table.copy()

    # ------------------------------------------------------------------------------------------------ adding up

    def __add__(self, other: Any) -> Activity:
        """Return a state of the events of both."""
        if not isinstance(other, Activity):
            return NotImplemented
        facts = self._known().plus(other._known())
        tables = [self._whole(), other._whole()]
        return Activity(facts, [small.combined(METRIC, tables)], excluded=together([self.excluded, other.excluded]))

    def __radd__(self, other: Any) -> Activity:
        """Return the state itself for 0, with which `sum` begins."""
        return self if type(other) is int and other == 0 else NotImplemented

    def update(self, events: Any, *, on_bad_rows: OnBadRows = "raise") -> Activity:
        """Take more events into this state, and into its files if it was saved or loaded.

        A saved state gets one more small file, whatever its size; from time to time these are merged.

        Parameters
        ----------
        events
            A frame with the columns that the state was made from, or another `Activity`.
        on_bad_rows
            As in `activity`.

        Returns
        -------
        Activity
            This state, which has changed.

        Raises
        ------
        MetricInputError
            As in `activity`; or if the events differ from those of the state in their time zone, or the kind of ids.

        Examples
        --------
        >>> import pandas as pd
        >>> import csmetrics as csm
        >>> state = csm.cohorts.activity(pd.DataFrame({"user": [1], "time": pd.to_datetime(["2026-01-05"])}))
        >>> state.update(pd.DataFrame({"user": [1, 2], "time": pd.to_datetime(["2026-01-06", "2026-02-01"])}))
        Activity by M: 2 users, 2026-01 to 2026-02, last event 2026-02-01 00:00:00
        """
        new = events
        if not isinstance(events, Activity):
            facts = self._facts
            new = activity(
                events, user=facts.user, time=facts.time, freq=facts.freq, by=self.by or None, on_bad_rows=on_bad_rows
            )
        facts = self._known().plus(new._known())
        tables = (*self._tables, new._whole()) if self._tables else ()
        if tables:
            small.check_signs(METRIC, [table.iloc[:, 0] for table in tables])
        if self._folder is not None:
            piece = files.write(self._folder, new._parts(), new._facts)
            self._pieces = (*self._pieces, piece)
        self._tables, self._facts, self.excluded = tables, facts, together([self.excluded, new.excluded])
        if tables and (len(tables) > _DELTAS or sum(map(len, tables)) > 2 * len(tables[0])):
            self._whole()  # puts them together once the others have more rows than the first
        if self._folder is not None and len(self._pieces) > _DELTAS:
            self.save(self._folder)
        return self

    # ------------------------------------------------------------------------------------------------ files

    def save(self, path: str | PathLike[str]) -> None:
        """Save as Parquet, in a folder; needs pyarrow.

        Parameters
        ----------
        path
            The folder. A state that is there is replaced, at one instant: a program that is killed leaves the old or
            the new one. What other processes have added to the folder of a loaded state since stays.
        """
        self._known()
        folder = Path(path)
        own = self._folder is not None and folder.absolute() == self._folder.absolute()
        old = {name for piece in self._pieces for name in (piece.path.name, *piece.replaces)} if own else None
        if old is None:
            old = {found.name for found in folder.glob("activity-*.parquet")}
        piece = files.write(folder, self._parts(), self._facts, old)
        files.remove(folder, old)
        self._folder, self._pieces = folder, (piece,)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Activity:
        """Load a saved state; needs pyarrow. Its rows are read when a figure is asked for.

        Parameters
        ----------
        path
            The folder. Files of several machines may be copied into one: the state is what is in all of them.

        Raises
        ------
        FileNotFoundError
            If no state is there.
        MetricInputError
            If a file is damaged, was written by a later version, or counts something else.
        """
        folder = Path(path)
        pieces = files.pieces(folder)
        if not pieces:
            raise FileNotFoundError(f"{folder} holds no saved state; activity(...).save({str(path)!r}) makes one")
        facts = pieces[0].facts
        for piece in pieces[1:]:
            facts = facts.plus(piece.facts)
        return cls(facts, (), folder, pieces)

    def __getstate__(self) -> dict[str, Any]:
        """Hold the table itself, and no files, where it goes to another process."""
        facts = asdict(self._known())
        return {"facts": facts, "table": self._whole(), "excluded": self.excluded}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Activity.__init__(self, Facts(**state["facts"]), (state["table"],), excluded=state["excluded"])

    # ------------------------------------------------------------------------------------------------ figures

    def retention(
        self,
        *,
        cohort: Literal["first", "recurring"] = "first",
        kind: Literal["on", "on_or_after", "on_or_before"] = "on",
        brackets: Sequence[int] | None = None,
        horizon: int | None = None,
        freq: str | None = None,
        as_of: Any = None,
    ) -> RetentionGrid:
        """Count the users of each cohort who came back, as `csmetrics.cohorts.retention` of all events.

        Parameters
        ----------
        cohort, kind, brackets, horizon
            As in `csmetrics.cohorts.retention`.
        freq
            Longer periods than those of the state: W, M, Q or Y from days, Q or Y from months.
        as_of
            As in `csmetrics.cohorts.retention`; the end of a period, or not before the last event.

        Returns
        -------
        RetentionGrid
            Cohort by age, as `csmetrics.cohorts.retention` gives it.
        """
        calendar = self._calendar("retention", freq)
        return count_retention(lambda: self._events(calendar, as_of), calendar, cohort, kind, brackets, horizon)

    def lifecycle(self, *, freq: str | None = None, as_of: Any = None) -> pd.DataFrame:
        """Count new, returning, resurrected and dormant users, as `csmetrics.cohorts.lifecycle` of all events.

        Parameters
        ----------
        freq
            Longer periods than those of the state: W, M, Q or Y from days, Q or Y from months.
        as_of
            As in `csmetrics.cohorts.lifecycle`; the end of a period, or not before the last event.

        Returns
        -------
        DataFrame
            One row per period and group, as `csmetrics.cohorts.lifecycle` gives it.
        """
        calendar = self._calendar("lifecycle", freq)
        return count_lifecycle(self._events(calendar, as_of), calendar)

    def active_users(
        self, *, wau: int = 7, mau: int = 28, since: Any = None, freq: str = "D", as_of: Any = None
    ) -> pd.DataFrame:
        """Count active users, as `csmetrics.cohorts.active_users` of all events. The state must be one of days.

        Parameters
        ----------
        wau, mau, since, freq
            As in `csmetrics.cohorts.active_users`.
        as_of
            As in `csmetrics.cohorts.active_users`; the end of a day, or not before the last event.

        Returns
        -------
        DataFrame
            One row per period and group, as `csmetrics.cohorts.active_users` gives it.
        """
        if self.freq != "D":
            rule, hint = "must be 'D' in the state", "activity(events, freq='D') knows days, and all longer periods too"
            raise MetricInputError("active_users", "freq", rule, f"got a state of {self.freq!r}", hint)
        calendar = self._calendar("active_users", None)
        return count_active(lambda _: self._events(calendar, as_of), calendar, wau, mau, since, freq)

    def _calendar(self, metric: str, freq: str | None) -> Calendar:
        calendar = self._facts.calendar(metric, freq)
        longer = {"D": "WMQY", "M": "QY"}.get(self.freq, "")
        if calendar.alias != self.freq and calendar.freq not in longer:
            may = f"; this one also allows {', '.join(longer)}" if longer else ""
            rule, hint = f"must be that of the state, {self.freq!r}", "a state of days allows W, M, Q and Y"
            raise MetricInputError(metric, "freq", rule + may, f"got {shown(freq)}", hint)
        return calendar

    def _events(self, calendar: Calendar, as_of: Any) -> Events:
        remarks = Remarks()
        for note in self.notes:
            remarks.note(note)
        remarks.excluded = self.excluded
        return events_of(self._known(), self._parts, calendar, as_of, remarks)

    def _known(self) -> Facts:
        """Return the facts; where another process has merged the files of this state, look at the new ones first."""
        if self._folder is not None and not self._tables and not all(piece.path.exists() for piece in self._pieces):
            found = Activity.load(self._folder)
            self._facts, self._pieces = found._facts, found._pieces
        return self._facts

    def _whole(self) -> pd.DataFrame:
        """Return the table in one piece, and keep it so."""
        tables = self._tables or [piece.read() for piece in self._pieces]
        if len(tables) != 1 or not self._tables:
            self._tables = (small.combined(METRIC, tables),)
        return self._tables[0]

    def _parts(self) -> Iterator[pd.DataFrame]:
        """Yield the table part by part of its users, so that little of a large one is in memory at a time."""
        rows = sum(map(len, self._tables)) or sum(piece.rows for piece in self._pieces)
        if rows <= _ROWS:
            yield self._whole()
            return
        bounds = np.linspace(0, small.PARTS, min(-(-rows // _ROWS), small.PARTS) + 1).astype(int).tolist()[1:]
        yield from small.split(self._whole(), bounds) if self._tables else files.read_parts(self._pieces, bounds)

    # ------------------------------------------------------------------------------------------------ how it looks

    def __repr__(self) -> str:
        return "\n".join([f"Activity by {self._described()}", *(f"Note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        """Return the same as a paragraph of HTML."""
        return "".join(f"<p>{escape(line)}</p>" for line in repr(self).splitlines())

    def _described(self) -> str:
        facts = self._known()
        grouped = f"{self.freq}, {', '.join(map(str, self.by))}" if self.by else self.freq
        if facts.first is None or facts.final is None:
            return f"{grouped}: no users"
        calendar = facts.calendar(METRIC)
        users = sum(table.iloc[:, 0].nunique() for table in self._parts())
        first, final = (calendar.index(number, 1, "period")[0] for number in (facts.first, facts.final))
        last = pd.Timestamp(int(facts.last or 0), unit="us")  # on the clock on which periods are counted
        if facts.zone is not None:
            last = pd.Timestamp(int(facts.utc or 0), unit="us", tz="UTC").tz_convert(facts.zone)
        return f"{grouped}: {users:,} user{'s' * (users != 1)}, {first} to {final}, last event {last}"
