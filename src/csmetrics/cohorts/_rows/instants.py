"""Instants on a wall clock: a column of them, one of them, and the way to UTC and back.

Days and months of a column with a time zone are those of its own wall clock; only elapsed time is measured in UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Self, TypeAlias

import numpy as np
import pandas as pd

from csmetrics.cohorts._rows.blocks import span

Ints: TypeAlias = Any  # an integer array

HOUR: Final = 3_600_000_000  # microseconds
DAY: Final = 24 * HOUR
NAT: Final = np.iinfo(np.int64).min
UTC: Final = ("UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu")


class Wall(int):
    """Microseconds of a wall clock since 1970-01-01; `utc` is the same instant in UTC, where no hour comes twice."""

    utc: int

    def __new__(cls, micros: int, utc: int | None = None) -> Self:
        """Make an instant; without a time zone, the wall clock counts as UTC."""
        made = super().__new__(cls, micros)
        made.utc = int(micros if utc is None else utc)
        return made


@dataclass(frozen=True)
class Times:
    """A column of instants.

    Attributes
    ----------
    ticks
        Since 1970-01-01 on the column's own wall clock, int64; `NAT` where missing.
    per_day
        Ticks of a day.
    zone
        The time zone of the wall clock; None for naive times.
    utc
        The same instants in UTC.
    ends
        Where the column holds periods, the first instant after each, in microseconds.
    own
        The time zone of the column itself: hours are counted on another clock, which never skips or repeats one.
    dated
        Whether every instant is a midnight; None if that is not known yet.
    """

    ticks: Ints
    per_day: int
    zone: Any = None
    utc: Callable[[], Ints] | None = None
    ends: Any = None
    own: Any = None
    dated: bool | None = None

    def elapsed(self) -> Ints:
        """Return ticks that measure elapsed time."""
        return self.ticks if self.utc is None else self.utc()

    @cached_property
    def span(self) -> tuple[int, int]:
        """The lowest and the highest of the ticks; `NAT` is the lowest where an instant is missing."""
        return span(self.ticks) if self.ticks.size else (NAT, NAT)

    @property
    def known(self) -> bool:
        """Whether the column holds any date."""
        return self.span[1] != NAT

    @property
    def complete(self) -> bool:
        """Whether no instant is missing."""
        return not self.ticks.size or self.span[0] != NAT

    def holds_days(self) -> bool:
        """Check whether every instant is a midnight."""
        if self.dated is not None:
            return self.dated
        return bool(((self.ticks % self.per_day == 0) | (self.ticks == NAT)).all())

    def last(self) -> Wall | None:
        """Return the latest instant, in microseconds; of periods, the last instant before the last one's end."""
        if self.ends is not None:
            return Wall(int(self.ends.max()) - 1) if self.ends.size else None
        if not self.known:
            return None
        utc = None if self.utc is None else int(self.utc().max()) * DAY // self.per_day
        return Wall(self.span[1] * DAY // self.per_day, utc)

    def before(self, stop: int | None) -> Any:
        """Return the positions of the instants before another one; None if these are all rows of the column.

        A `Wall` is compared in UTC, a plain number, such as the boundary of a period, on the wall clock.
        """
        late = self.late(stop)
        if stop is None or (late is None and self.complete):
            return None
        known = self.ticks != NAT
        return np.flatnonzero(known if late is None else known & ~late)

    def late(self, stop: int | None) -> Any:
        """Mark the instants at or after another one, compared as in `before`; None if no instant is."""
        if stop is None or not self.ticks.size:
            return None
        ticks, micros, last = self.ticks, int(stop), self.span[1]
        if self.utc is not None and isinstance(stop, Wall):
            ticks, micros = self.utc(), stop.utc
            last = ticks.max()
        bound = -(-micros * self.per_day // DAY)
        return None if last < bound else ticks >= bound

    def until(self, stop: Wall | None, kept: Any) -> tuple[Any, Any]:
        """Cut off what happened after the end of the data: the positions to keep in the column, and in the frame."""
        rows = self.before(stop)
        if rows is None:
            return slice(None), kept
        return rows, rows if isinstance(kept, slice) else kept[rows]

    def take(self, rows: Any) -> Times:
        """Keep some rows."""
        if isinstance(rows, slice):
            return self
        utc = self.utc
        ends = None if self.ends is None else self.ends[rows]
        return replace(self, ticks=self.ticks[rows], utc=utc and (lambda: utc()[rows]), ends=ends)


def micros(stamp: pd.Timestamp) -> int:
    """Convert a naive Timestamp to microseconds."""
    return int(stamp.to_numpy().astype("M8[us]").astype(np.int64))


def in_utc(instant: int, zone: Any) -> int:
    """Convert an instant of the wall clock to UTC, in microseconds."""
    if isinstance(instant, Wall):
        return instant.utc
    if zone is None:
        return instant
    wall = pd.Timestamp(instant, unit="us").tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    return micros(wall.tz_convert(None))


def on_clock(instants: Ints, zone: Any) -> Ints:
    """Convert microseconds in UTC to those on the wall clock of a zone; `NAT` stays."""
    stamps = pd.DatetimeIndex(instants.view("M8[us]")).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    return stamps.to_numpy().astype("M8[us]").view(np.int64)


def in_micros(ticks: Ints, per_day: int) -> Ints:
    """Convert ticks to microseconds."""
    return ticks // (per_day // DAY) if per_day >= DAY else ticks * (DAY // per_day)
