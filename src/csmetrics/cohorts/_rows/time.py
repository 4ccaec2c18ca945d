"""Calendar periods: from instants on a wall clock to the numbers of their periods, and back.

Days and months of a column with a time zone are those of its own wall clock; only elapsed time is measured in UTC.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any, Final, Self, TypeAlias

import numpy as np
import pandas as pd

from csmetrics.cohorts._rows.date_hints import hint_for_numbers
from csmetrics.core._dates import data_end
from csmetrics.core._plain import plain
from csmetrics.errors import MetricInputError, shown

Ints: TypeAlias = Any  # an integer array

HOUR: Final = 3_600_000_000  # microseconds
DAY: Final = 24 * HOUR
NAT: Final = np.iinfo(np.int64).min
_TICKS: Final = {"s": 86_400, "ms": 86_400_000, "us": DAY, "ns": 1000 * DAY}
_LAST_SECOND: Final = DAY - 1_000_000  # from here on a time of day stands for the day's end
_FREQS: Final = ("h", "D", "W", "M", "Q", "Y")  # from the shortest to the longest
_ANCHORS: Final = {
    "W": ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"),
    "Q": ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
    "Y": ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
}
_MONTHS: Final = {"M": 1, "Q": 3, "Y": 12}
_WIDTHS: Final = {"h": HOUR, "D": DAY, "W": 7 * DAY, "M": 30 * DAY}
UTC: Final = ("UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu")
_TEXT: Final = {"Y": r"\s*\d{4}\s*", "M": r"\s*\d{4}-\d\d\s*"}  # text that holds years or months


class Wall(int):
    """Microseconds of a wall clock since 1970-01-01; `utc` is the same instant in UTC, where no hour comes twice."""

    utc: int

    def __new__(cls, micros: int, utc: int | None = None) -> Self:
        """Make one; without a time zone, the wall clock counts as UTC."""
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

    @property
    def known(self) -> bool:
        """Whether the column holds any date."""
        return bool(self.ticks.size) and int(self.ticks.max()) != NAT

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
        return Wall(int(self.ticks.max()) * DAY // self.per_day, utc)

    def before(self, stop: int | None) -> Any:
        """Return the positions of the instants before another one; None if all are, and none is missing.

        A `Wall` is compared in UTC, a plain number, such as the boundary of a period, on the wall clock.
        """
        late = self.late(stop)
        if stop is None or (late is None and (not self.ticks.size or self.ticks.min() != NAT)):
            return None
        there = self.ticks != NAT
        return np.flatnonzero(there if late is None else there & ~late)

    def late(self, stop: int | None) -> Any:
        """Mark the instants at or after another one, compared as in `before`; None if none is."""
        if stop is None or not self.ticks.size:
            return None
        ticks, micros = self.ticks, int(stop)
        if self.utc is not None and isinstance(stop, Wall):
            ticks, micros = self.utc(), stop.utc
        bound = -(-micros * self.per_day // DAY)
        return None if ticks.max() < bound else ticks >= bound

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


def read_times(
    metric: str, argument: str, series: pd.Series[Any], zone: Any = None, calendar: Calendar | None = None
) -> tuple[Times, Any]:
    """Read a column of dates; also mark the values that are not dates (None if all are dates or missing).

    A column with a time zone is converted to `zone`, where one is given, or to the calendar's clock. Periods longer
    than the calendar's are refused: nobody knows when in them something happened.
    """
    wrong = None
    dtype: Any = series.dtype
    ends = None
    if isinstance(dtype, pd.PeriodDtype):
        if calendar is not None:
            calendar.refuse_longer(argument, _period_letter(dtype), str(dtype))
        ends = (series + 1).dt.start_time.to_numpy().astype("M8[us]").astype(np.int64)
        series = series.dt.start_time
    elif isinstance(dtype, pd.ArrowDtype) and dtype.kind == "M":
        series = series.astype(_from_arrow(dtype))
    elif dtype.kind != "M":
        if calendar is not None:
            _refuse_longer_text(argument, series, calendar)
        series, wrong = _parsed(metric, argument, series)
    own = getattr(series.dtype, "tz", None)
    dated = None
    if own is not None:
        clock = zone if zone is not None else own if calendar is None else calendar.clock(own)
        if str(own) != str(clock):
            dated = None if calendar is None or not calendar.hourly else _wall_times(series, own).holds_days()
            series = series.dt.tz_convert(clock)
    times = _wall_times(series, own)
    return replace(times, ends=ends, dated=dated), wrong


def _wall_times(series: pd.Series[Any], own: Any) -> Times:
    """Read a column of datetimes on its own wall clock."""
    zone = getattr(series.dtype, "tz", None)
    stamps = series.to_numpy() if zone is None else series.dt.tz_localize(None).to_numpy()
    per_day = _TICKS[np.datetime_data(stamps.dtype)[0]]
    if zone is None:
        return Times(stamps.view(np.int64), per_day)
    utc = lambda: series.dt.tz_convert(None).to_numpy().view(np.int64)  # noqa: E731
    return Times(stamps.view(np.int64), per_day, zone, utc, own=own)


def _period_letter(dtype: Any) -> str:
    """Return the letter for the frequency of a column of Periods; "" for one that is shorter than an hour."""
    name = str(dtype).removeprefix("period[").rstrip("]").partition("-")[0]
    return {"A": "Y", "B": "D", "H": "h"}.get(name, name if name in _FREQS else "")


def _refuse_longer_text(argument: str, series: pd.Series[Any], calendar: Calendar) -> None:
    """Reject text that holds months or years where shorter periods are asked for."""
    first = next((value for value in series.dropna().iloc[:1].tolist() if isinstance(value, str)), "")
    for letter, pattern in _TEXT.items():
        if re.fullmatch(pattern, first):
            calendar.refuse_longer(argument, letter, f"text such as {shown(first)}")


def _from_arrow(dtype: Any) -> Any:
    arrow = dtype.pyarrow_dtype
    unit: Any
    unit, zone = getattr(arrow, "unit", "s"), getattr(arrow, "tz", None)
    unit = unit if unit in _TICKS else "s"  # dates
    return np.dtype(f"M8[{unit}]") if zone is None else pd.DatetimeTZDtype(unit, zone)


def _parsed(metric: str, argument: str, series: pd.Series[Any]) -> tuple[pd.Series[Any], Any]:
    """Parse ISO text and Python's own dates."""
    kinds = set(series.dropna().map(type)) if series.dtype == object else set()
    if isinstance(series.dtype, pd.CategoricalDtype):
        kinds = set(map(type, series.dtype.categories))
    text = isinstance(series.dtype, pd.StringDtype) or str(series.dtype) == "category" or "string" in str(series.dtype)
    objects = series.dtype == object or text or str(series.dtype).startswith("date32")
    odd = {kind for kind in kinds if not issubclass(kind, (str, date, np.datetime64))}
    if (not objects or odd) and not series.isna().all():
        what = f"a {next(iter(odd)).__name__}" if odd else f"a column of {series.dtype}"
        raise MetricInputError(metric, argument, "must hold dates", f"got {what}", hint_for_numbers(series))
    values = series.astype(object)
    there = values.notna().to_numpy()
    if not there.any():
        return pd.Series(np.full(len(values), np.datetime64("NaT", "us")), index=series.index), None
    zulu = values.map(lambda value: isinstance(value, str) and value.rstrip().endswith("UTC"))
    if zulu.any():
        values = values.mask(zulu, values[zulu].str.replace(r"\s*UTC\s*$", "Z", regex=True))
    undated = values.map(lambda value: isinstance(value, str) and not value.lstrip()[:1].isdigit())  # such as "today"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # with which pandas 2 tells of several time zones
            found = pd.to_datetime(values.mask(undated, None), errors="coerce", format="ISO8601")
    except (ValueError, FutureWarning):
        hint = "convert all of them to one time zone, for example with pd.to_datetime(..., utc=True)"
        rule = "must all have the same time zone, or none"
        raise MetricInputError(metric, argument, rule, "got several", hint) from None
    if found.dtype.kind != "M":
        found = found.astype("M8[us]")
    wrong = found.isna().to_numpy() & there
    if wrong.any() and str(found.dtype) == "datetime64[ns]":  # pandas 2 reads no year past 2262
        stamps = found.to_numpy().astype("M8[us]")
        stamps[wrong] = [_far_date(value) for value in values[wrong]]
        found = pd.Series(stamps, index=series.index)
        wrong = found.isna().to_numpy() & there
    if wrong.any():
        _refuse_mixed(metric, argument, values[wrong].iloc[0], found)
    return found, wrong if wrong.any() else None


def _far_date(value: Any) -> Any:
    try:
        stamp = datetime.fromisoformat(value) if isinstance(value, str) else value
        return np.datetime64("NaT") if getattr(stamp, "tzinfo", None) else np.datetime64(stamp, "us")
    except ValueError:
        return np.datetime64("NaT")


def _refuse_mixed(metric: str, argument: str, value: Any, others: pd.Series[Any]) -> None:
    """Reject a column in which some values have a time zone and some have none."""
    if isinstance(value, str) and not re.match(r"\s*\d{4}", value):  # it is no ISO text, whatever its zone
        return
    try:
        aware = pd.Timestamp(value).tz is not None
    except (ValueError, TypeError):
        return
    if aware != (getattr(others.dtype, "tz", None) is not None) and others.notna().any():
        raise mixed_zones(metric, argument, "both")


def must_match(metric: str, columns: dict[str, Times]) -> Any:
    """Return the time zone of the columns; reject naive times beside aware ones."""
    return one_clock(metric, {name: times.zone for name, times in columns.items() if (times.ticks != NAT).any()})


def one_clock(metric: str, zones: Mapping[str, Any]) -> Any:
    """Return the first of the columns' time zones; reject naive times beside aware ones."""
    if len({zone is None for zone in zones.values()}) > 1:
        found = ", ".join(f"{name} {'without' if zone is None else 'with'} one" for name, zone in zones.items())
        raise mixed_zones(metric, ", ".join(zones), found)
    return next(iter(zones.values()), None)


def mixed_zones(metric: str, argument: str, found: str) -> MetricInputError:
    """Make the error for naive times beside aware ones."""
    hint = "add the time zone in which the times without one were recorded, for example with .dt.tz_localize"
    return MetricInputError(metric, argument, "must all have a time zone, or none", f"got {found}", hint)


def end_of_data(metric: str, as_of: Any, columns: Iterable[Times], argument: str = "as_of") -> Wall | None:
    """Return the instant up to which the data is complete, in microseconds of the wall clock.

    Parameters
    ----------
    metric
        Name of the builder.
    as_of
        The caller's argument. A midnight, or the last second of a day, stands for the whole day; a date, a month of
        numpy or a Period is covered to its end.
    columns
        The columns of dates. Without `as_of` the latest of their instants counts; a midnight covers its day only where
        every instant is a midnight.
    argument
        Its name, for errors.

    Returns
    -------
    Wall or None
        None without `as_of` and without any date.
    """
    columns = [times for times in columns if times.known]
    zone = next((times.zone for times in columns if times.zone is not None), None)
    own = next((times.own for times in columns if times.own is not None), zone)
    if as_of is None:
        lasts = [last for times in columns if (last := times.last()) is not None]
        if not lasts:
            return None
        wall, utc = max(lasts), max(last.utc for last in lasts)
        shown = wall if str(own) == str(zone) else _shown(utc, own)  # days are those of the data's own clock
        ends_day = shown % DAY >= _LAST_SECOND or (shown % DAY == 0 and all(times.holds_days() for times in columns))
        return _moved(shown - shown % DAY + DAY, own, zone) if ends_day else Wall(wall + 1, utc + 1)
    if isinstance(as_of, np.datetime64) and np.datetime_data(as_of.dtype)[0] in ("M", "Y"):
        with suppress(ValueError):  # years past what a Period holds are refused below
            as_of = pd.Period(str(as_of), freq=np.datetime_data(as_of.dtype)[0])
    if isinstance(as_of, pd.Period):
        return _moved(micros((as_of + 1).start_time), own, zone)
    end = data_end(metric, argument, as_of)
    stop = int(end.day[0]) * DAY + int(end.time[0].astype("m8[us]").astype(np.int64)) + 1
    if columns and end.aware != (zone is not None) and (end.aware or not _is_bare_date(as_of)):
        kinds = f"{argument} {'with' if end.aware else 'without'} one, the data {'without' if end.aware else 'with'}"
        raise mixed_zones(metric, argument, kinds)
    if end.aware and zone is not None:
        covered = pd.Timestamp(stop - 1, unit="us", tz="UTC").tz_convert(zone).tz_localize(None)
        return Wall(micros(covered) + 1, stop)
    return _moved(stop, own, zone)


def _on(wall: int, zone: Any) -> Wall:
    """Place an instant of a wall clock in UTC as well."""
    return Wall(wall, in_utc(wall, zone))


def _moved(wall: int, own: Any, zone: Any) -> Wall:
    """Move an instant from the clock of the data to the one on which periods are counted, where that is another."""
    if str(own) == str(zone):
        return _on(wall, zone)
    utc = in_utc(wall, own)
    return Wall(_shown(utc, zone), utc)


def _shown(utc: int, zone: Any) -> int:
    """Return what a wall clock shows at an instant."""
    return micros(pd.Timestamp(utc, unit="us", tz="UTC").tz_convert(zone).tz_localize(None))


def _is_bare_date(value: Any) -> bool:
    if isinstance(value, np.datetime64):
        return np.datetime_data(value.dtype)[0] in ("D", "W", "M", "Y")
    if isinstance(value, str):
        return re.fullmatch(r"\s*\d{4}-?\d\d-?\d\d\s*", value) is not None
    return isinstance(value, date) and not isinstance(value, datetime)


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
        if letter not in _FREQS or (isinstance(freq, str) and "-" in freq and anchor not in anchors):
            hint = "hours, days, weeks, months, quarters, years"
            if anchors:
                hint = f"{letter}-{anchors[0]} to {letter}-{anchors[-1]} name the last {_last_part(letter)}"
            raise MetricInputError(metric, "freq", f"must be one of {', '.join(_FREQS)}", f"got {shown(freq)}", hint)
        self.metric, self.freq, self.zone = metric, letter, None
        place = anchors.index(anchor) + 1 if anchor else len(anchors)  # of the last day of the week, or month
        self.lead = (10 - place) % 7 if letter == "W" else 0  # days from the first week's start to 1970-01-01
        self._months = _MONTHS.get(letter, 0)
        self._shift = -place % self._months if self._months > 1 else 0  # months from a period's start to January 1970
        self.alias = f"{letter}-{anchor or anchors[-1]}" if anchors else letter
        self._skipped: Any = np.zeros(0, np.int64)

    @property
    def hourly(self) -> bool:
        """Whether the periods are hours, which are counted in real time."""
        return self.freq == "h"

    @property
    def leaves_out_days(self) -> bool:
        """Whether the periods are days of a zone that never had some of them."""
        return bool(self._skipped.size)

    def clock(self, zone: Any) -> Any:
        """Note the time zone of the data, and return the one on whose clock its periods are counted.

        Days and longer periods are those of the data's own clock. Hours are counted on a clock that neither skips nor
        repeats one, and that shows the same minutes.
        """
        self.zone = zone if self.zone is None else self.zone
        if not self.hourly:
            if self.freq == "D":
                self._skipped = _skipped_days(str(self.zone))
            return zone
        offset = pd.Timestamp("2020-01-01", tz=self.zone).utcoffset()
        minutes = 0 if offset is None else int(offset.total_seconds()) // 60 % 60
        whole = self.zone if str(self.zone) in UTC else "UTC"
        return {30: "Asia/Kolkata", 45: "Asia/Kathmandu"}.get(minutes, whole)

    def refuse_longer(self, argument: str, letter: str, found: str) -> None:
        """Reject a column that holds longer periods than these."""
        if letter in _FREQS and _FREQS.index(letter) > _FREQS.index(self.freq):
            rule = f"must not hold periods longer than freq={self.freq!r}"
            hint = f"this data allows freq={letter!r} or longer; within its periods nobody knows when things happened"
            raise MetricInputError(self.metric, argument, rule, f"got {found}", hint)

    def of_days(self, days: Ints) -> Ints:
        """Return the period number of each day since 1970-01-01; with hours, that of the day's first hour."""
        if self.freq == "D":
            return days - np.searchsorted(self._skipped, days) if self._skipped.size else days
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
        return self.at(int(times.ticks.min()) * DAY // times.per_day)

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
        for day in self._skipped:
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
        low, high = int(times.ticks.min()), int(times.ticks.max())
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
    there = noons.tz_localize(zone, ambiguous=True, nonexistent="NaT")
    return np.flatnonzero(there.isna()).astype(np.int64)


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
        days = ticks // self.times.per_day
        days -= self.origin
        return self.table.take(days, mode="clip")  # a clock set back past midnight may show a day before the first


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


def narrowest(count: int) -> Any:
    """Return the smallest unsigned type for numbers below `count`."""
    return np.min_scalar_type(max(count - 1, 0))
