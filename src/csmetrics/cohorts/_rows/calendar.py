"""Calendar periods of one length: the number of the period that holds an instant, and the period of a number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics.cohorts._rows.instants import DAY, HOUR, UTC, Ints, Times
from csmetrics.core._plain import plain
from csmetrics.errors import MetricInputError, shown

FREQS: Final = ("h", "D", "W", "M", "Q", "Y")  # from the shortest to the longest
_ANCHORS: Final = {
    "W": ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"),
    "Q": ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
    "Y": ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
}
_MONTHS: Final = {"M": 1, "Q": 3, "Y": 12}
_WIDTHS: Final = {"h": HOUR, "D": DAY, "W": 7 * DAY, "M": 30 * DAY}


class Calendar:
    """Periods of one length.

    Parameters
    ----------
    metric
        Name of the builder.
    freq
        h, D, W, M, Q or Y, or one of pandas' anchored ones: "W-SAT" begins on Sunday, "Q-JAN" on 1 February.

    Attributes
    ----------
    freq
        The letter.
    alias
        The freq as pandas writes it, with its anchor: "M", "W-SUN", "Q-DEC".
    zone
        The time zone of the first column of dates that was read; None for naive times.
    """

    def __init__(self, metric: str, freq: Any) -> None:
        freq = plain(freq)
        letter, _, anchor = freq.partition("-") if isinstance(freq, str) else ("", "", "")
        anchors = _ANCHORS.get(letter, ())
        if letter not in FREQS or (isinstance(freq, str) and "-" in freq and anchor not in anchors):
            hint = "hours, days, weeks, months, quarters, years"
            if anchors:
                hint = f"{letter}-{anchors[0]} to {letter}-{anchors[-1]} name the last {_last_part(letter)}"
            raise MetricInputError(metric, "freq", f"must be one of {', '.join(FREQS)}", f"got {shown(freq)}", hint)
        self.metric, self.freq, self.zone = metric, letter, None
        place = anchors.index(anchor) + 1 if anchor else len(anchors)  # of the last day of the week, or month
        self.lead = (10 - place) % 7 if letter == "W" else 0  # days from the first week's start to 1970-01-01
        self._months = _MONTHS.get(letter, 0)
        self._shift = -place % self._months if self._months > 1 else 0  # months from a period's start to January 1970
        self.alias = f"{letter}-{anchor or anchors[-1]}" if anchors else letter
        self.skipped: Any = np.zeros(0, np.int64)  # days that the data's zone never had, where periods are days

    @property
    def hourly(self) -> bool:
        """Whether the periods are hours, which are counted in real time."""
        return self.freq == "h"

    def clock(self, zone: Any) -> Any:
        """Note the time zone of the data, and return the one on whose clock its periods are counted.

        Days and longer periods are those of the data's own clock. Hours are counted on a clock that neither skips nor
        repeats one, and that shows the same minutes.
        """
        self.zone = zone if self.zone is None else self.zone
        if not self.hourly:
            if self.freq == "D":
                self.skipped = _skipped_days(str(self.zone))
            return zone
        offset = pd.Timestamp("2020-01-01", tz=self.zone).utcoffset()
        minutes = 0 if offset is None else int(offset.total_seconds()) // 60 % 60
        whole = self.zone if str(self.zone) in UTC else "UTC"
        return {30: "Asia/Kolkata", 45: "Asia/Kathmandu"}.get(minutes, whole)

    def refuse_longer(self, argument: str, letter: str, found: str) -> None:
        """Reject a column that holds longer periods than these."""
        if letter in FREQS and FREQS.index(letter) > FREQS.index(self.freq):
            rule = f"must not hold periods longer than freq={self.freq!r}"
            hint = f"this data allows freq={letter!r} or longer; its periods do not say when things happened in them"
            raise MetricInputError(self.metric, argument, rule, f"got {found}", hint)

    def of_days(self, days: Ints) -> Ints:
        """Return the period number of each day since 1970-01-01; with hours, that of the day's first hour."""
        if self.freq == "D":
            return days - np.searchsorted(self.skipped, days) if self.skipped.size else days
        if self.freq == "h":
            return days * 24
        if self.freq == "W":
            return (days + self.lead) // 7
        return self.of_months(days.astype("M8[D]").astype("M8[M]").astype(np.int64))

    def of_months(self, months: Any) -> Any:
        """Return the period number of months since January 1970: an array, or an engine's expression."""
        return months if self._months == 1 else (months + self._shift) // self._months

    def at(self, instant: int) -> int:
        """Return the number of the period that holds an instant in microseconds."""
        if self.freq == "h":
            return instant // HOUR
        return int(self.of_days(np.array([instant // DAY]))[0])

    def first_of(self, times: Times) -> int:
        """Return the number of the period of a column's earliest instant."""
        return self.at(times.span[0] * DAY // times.per_day)

    def start(self, numbers: Any) -> Ints:
        """Return the first instants of periods, in microseconds."""
        numbers = np.asarray(numbers, dtype=np.int64)
        if self.freq == "h":
            return numbers * HOUR
        if self.freq == "D":
            return self._days(numbers) * DAY
        if self.freq == "W":
            return (numbers * 7 - self.lead) * DAY
        months = numbers * self._months - self._shift
        return months.astype("M8[M]").astype("M8[D]").astype(np.int64) * DAY

    def _days(self, numbers: Ints) -> Ints:
        """Return the days since 1970-01-01 that these numbers stand for: some zones never had some days."""
        for day in self.skipped:
            numbers = numbers + (numbers >= day)
        return numbers

    def index(self, first: int, count: int, name: str) -> pd.PeriodIndex | pd.DatetimeIndex:
        """Label `count` periods from number `first` on: with hours on a clock of their own, by their first instants."""
        numbers = np.arange(first, first + count)
        if self.hourly and self.zone is not None:
            starts = pd.DatetimeIndex(self.start(numbers).astype("M8[us]")).tz_localize(self.clock(self.zone))
            return starts.tz_convert(self.zone).rename(name)
        base = pd.Period("1970-01-01", freq=self.alias).ordinal - self.at(0)
        build: Any = pd.PeriodIndex
        labels: pd.PeriodIndex = build.from_ordinals(self._days(numbers) + base, freq=self.alias)
        return labels.rename(name)

    def width(self) -> int:
        """Return the length of an elapsed window, in microseconds."""
        if self.freq in _WIDTHS:
            return _WIDTHS[self.freq]
        rule, hint = "must be h, D, W or M with window='elapsed'", "a quarter or a year has no set number of days"
        raise MetricInputError(self.metric, "freq", rule, f"got {self.freq!r}", hint)

    def numbering(self, times: Times) -> Numbering:
        """Prepare the numbering of a column's periods."""
        if not times.ticks.size:
            return Numbering(0, 1, times, None, 0)
        low, high = times.span
        if self.freq == "h":
            first = 24 * low // times.per_day
            return Numbering(first, 24 * high // times.per_day - first + 1, times, None, first)
        day = low // times.per_day
        table = self.of_days(np.arange(day, high // times.per_day + 1, dtype=np.int64))
        first, count = int(table[0]), int(table[-1] - table[0]) + 1
        return Numbering(first, count, times, (table - first).astype(narrowest(count)), day)


def _last_part(letter: str) -> str:
    return "day of the week" if letter == "W" else "month of the year"


@cache
def _skipped_days(zone: str) -> Ints:
    """Return the days, since 1970-01-01, that a time zone left out when it moved across the date line."""
    noons = pd.date_range("1970-01-01 12:00", "2037-12-31 12:00", freq="D")
    local = noons.tz_localize(zone, ambiguous=True, nonexistent="NaT")
    return np.flatnonzero(local.isna()).astype(np.int64)


@dataclass(frozen=True)
class Numbering:
    """The periods of a column of times, numbered from 0 for the earliest.

    Attributes
    ----------
    first
        The calendar's number of the earliest period.
    count
        The number of periods from the earliest to the latest, both included.
    times
        The column.
    table
        The period of each day from `origin` on: a look-up costs a tenth of a conversion. None for hours.
    origin
        The first day of the table, or the first hour.
    """

    first: int
    count: int
    times: Times
    table: Ints | None
    origin: int

    def of(self, rows: Any) -> Ints:
        """Return the period numbers of some rows."""
        ticks = self.times.ticks[rows]
        if self.table is None:
            return ticks // (self.times.per_day // 24) - self.origin
        if self.times.span[0] >= 0:  # numbers without a sign take two thirds of the time
            days = (ticks.view(np.uint64) // np.uint64(self.times.per_day)).view(np.int64)
        else:
            days = ticks // self.times.per_day
        days -= self.origin
        return self.table.take(days, mode="clip")  # a clock set back past midnight may show a day before the first


def narrowest(count: int) -> Any:
    """Return the smallest unsigned type for numbers below `count`."""
    return np.min_scalar_type(max(count - 1, 0))
