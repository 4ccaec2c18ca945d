"""Reading events for a state: screened as by the builders, and reduced to the small table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.kinds import kinds
from csmetrics.cohorts import _state_table as small
from csmetrics.cohorts._events import Request
from csmetrics.cohorts._masks import Masks
from csmetrics.cohorts._packing import Log
from csmetrics.cohorts._rows.calendar import Calendar, Numbering
from csmetrics.cohorts._rows.groups import Groups, number_units
from csmetrics.cohorts._rows.instants import DAY, UTC, Times
from csmetrics.cohorts._rows.options import key_names
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.remarks import Remarks
from csmetrics.cohorts._rows.stray import note_stray, stretch
from csmetrics.cohorts._state_engine import METRIC, from_engine
from csmetrics.errors import MetricInputError


@dataclass(frozen=True)
class Facts:
    """What a state knows beside its table.

    Attributes
    ----------
    freq
        The length of its periods, as pandas writes it, with the anchor.
    user, time, by
        The columns that it was made from.
    zone
        The name of the time zone of the times; None for naive ones.
    kinds
        The kind of the user ids, and of each group; "" where there was none yet.
    last, utc
        The latest instant in microseconds: on the wall clock on which periods are counted, and in UTC. None without
        events.
    dated
        Whether every instant was a midnight.
    first, final
        The first and the last period with activity.
    notes
        Sentences.
    """

    freq: str
    user: Any
    time: Any
    by: tuple[Any, ...]
    zone: str | None = None
    kinds: tuple[str, ...] = ()
    last: int | None = None
    utc: int | None = None
    dated: bool = True
    first: int | None = None
    final: int | None = None
    notes: tuple[str, ...] = ()

    def plus(self, other: Facts) -> Facts:
        """Return what both know together; reject states that count other things."""
        pairs: list[tuple[str, Any, Any]] = [
            ("freq", self.freq, other.freq),
            ("by", list(map(str, self.by)), list(map(str, other.by))),
        ]
        if self.last is not None and other.last is not None:  # without events nobody knows the time zone
            pairs.append(("time zone", self.zone, other.zone))
            names = zip(("user", *self.by), self.kinds, other.kinds, strict=False)  # other groups are refused
            pairs += [(name, mine, theirs) for name, mine, theirs in names if mine and theirs]
        for argument, mine, theirs in pairs:
            if mine != theirs:
                hint = "make both from events in the same way; what one counts, the other does not know"
                found = f"got {mine!r} and {theirs!r}"
                raise MetricInputError(METRIC, argument, "must be the same in states that are added", found, hint)
        if other.last is None or self.last is None:
            known, empty = (self, other) if other.last is None else (other, self)
            return replace(known, notes=_once(known.notes + empty.notes))
        return replace(
            self,
            kinds=tuple(mine or theirs for mine, theirs in zip(self.kinds, other.kinds, strict=True)),
            last=max(self.last, other.last),
            utc=max(self.utc or 0, other.utc or 0),
            dated=self.dated and other.dated,
            first=min(self.first or 0, other.first or 0),
            final=max(self.final or 0, other.final or 0),
            notes=_once(self.notes + other.notes),
        )

    def calendar(self, metric: str, freq: str | None = None) -> Calendar:
        """Return the calendar of the periods, or of longer ones, on the clock of the times."""
        calendar = Calendar(metric, self.freq if freq is None else freq)
        if self.zone is not None:
            calendar.clock(self.zone)
        return calendar

    def times(self, calendar: Calendar) -> list[Times]:
        """Return the latest instant as a column of times; none without events."""
        if self.last is None or self.utc is None:
            return []
        utc = np.array([self.utc])
        clock = None if self.zone is None else calendar.clock(self.zone)
        return [
            Times(
                np.array([self.last]), DAY, clock, None if clock is None else lambda: utc, None, self.zone, self.dated
            )
        ]


def _once(notes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(notes))


@dataclass(frozen=True)
class Read:
    """Events that were read: the facts, the small table, and the remarks."""

    facts: Facts
    table: pd.DataFrame
    remarks: Remarks


def read(events: Any, user: Any, time: Any, freq: Any, by: Any, on_bad_rows: str) -> Read:
    """Read the events of a pandas DataFrame, or have an engine reduce its frame."""
    calendar = Calendar(METRIC, freq)
    key_names(METRIC, by, "cohort")  # an index level of a result has this name
    names = key_names(METRIC, by, "period")
    columns = [user, *names]
    for name in columns:
        if columns.count(name) > 1 or name in (small.BLOCK, small.MASK, small.PART):
            rule = "must be other columns than `user`, `block`, `mask` and `part`, which the state has"
            raise MetricInputError(METRIC, "user, by", rule, f"got {name!r}", "rename the column")
    asked = Request(METRIC, user, time, calendar, None, by, on_bad_rows)
    read = _from_pandas if isinstance(events, pd.DataFrame) else from_engine
    table, last, remarks = read(asked, events)
    found = small.span(table)
    if found is not None and stretch(calendar, np.array(found)) is not None:  # only then may there be such a stretch
        _note_stray(remarks, calendar, table)
    notes = list(remarks.notes)
    if remarks.excluded:
        notes.append(f"Bad rows were left out: {'; '.join(sorted(remarks.excluded['reasons']))}.")
    facts = Facts(calendar.alias, user, time, tuple(names), notes=tuple(notes))
    stop = last.last()
    if stop is not None and found is not None:
        zone = None if calendar.zone is None else str(calendar.zone)
        facts = replace(
            facts,
            zone="UTC" if zone in UTC else zone,
            kinds=tuple(next(iter(kinds(table[name])), "") for name in small.units(table)),
            last=int(stop),
            utc=stop.utc,
            dated=last.holds_days(),
            first=found[0],
            final=found[1],
        )
    return Read(facts, table, remarks)


def _note_stray(remarks: Remarks, calendar: Calendar, table: pd.DataFrame) -> None:
    """Note dates far from all others; who was active when is counted only where a stretch without anybody is long."""
    occupied = small.occupied(table)
    if stretch(calendar, occupied) is not None:
        users = sum(
            np.bincount(np.searchsorted(occupied, found), minlength=occupied.size) for _, found in small.listed(table)
        )
        note_stray(remarks, calendar, occupied, users)


def _from_pandas(asked: Request, events: pd.DataFrame) -> tuple[pd.DataFrame, Times, Remarks]:
    rows = Rows(asked.metric, events, asked.on_bad_rows, asked.calendar)
    users, times, _, _ = asked.screened(rows)
    keys = rows.keys(asked.by)
    kept = rows.kept()
    times = times.take(kept)
    if not isinstance(kept, slice):
        users, keys = users.iloc[kept], [key.iloc[kept] for key in keys]
    numbering = asked.calendar.numbering(times)
    ids = small.checked_ids(METRIC, "user", users.reset_index(drop=True))
    table = _marked(ids, keys, numbering)
    if table is None:
        table = small.reduced(METRIC, ids, keys, numbering.of(slice(None)), numbering.first)
    return table, times, rows.remarks


def _marked(ids: pd.Series[Any], keys: list[pd.Series[Any]], periods: Numbering) -> pd.DataFrame | None:
    """Reduce events to the small table without sorting them; None where users and periods are too sparse for it."""
    log = Log(*number_units(METRIC, ids, slice(None)), Groups(METRIC, keys, slice(None)), periods)
    masks = Masks.of(log)
    if masks is None:
        return None
    units = log.users.astype(np.int64, copy=False) - log.offset
    if keys:
        units = units * log.groups.count + log.groups.number
    rows = np.empty(log.size * log.groups.count, np.intp)
    rows[units] = np.arange(units.size)  # one of each user's rows
    unit, block, bits = masks.unit, masks.block.astype(np.int64) + periods.first // small.BITS, masks.bits
    if left := periods.first % small.BITS:
        unit, block, bits = small.shifted(unit, block, bits, left)
    place = rows[unit]
    theirs, *by = (series.iloc[place].copy() for series in (ids, *keys))  # the caller may change the rows
    return small.made(theirs, by, block, bits)
