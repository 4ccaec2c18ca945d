"""Calendar periods: from instants on a wall clock to the numbers of their periods, and back.

Days and months of a column with a time zone are those of its own wall clock; only elapsed time is measured in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd

from csmetrics.core._dates import data_end
from csmetrics.errors import MetricInputError, shown

Ints: TypeAlias = Any  # an integer array

HOUR: Final = 3_600_000_000  # microseconds
DAY: Final = 24 * HOUR
NAT: Final = np.iinfo(np.int64).min
_TICKS: Final = {"s": 86_400, "ms": 86_400_000, "us": DAY, "ns": 1000 * DAY}
_FREQS: Final = {"h": "h", "D": "D", "W": "W-SUN", "M": "M", "Q": "Q-DEC", "Y": "Y-DEC"}
_WEEKS: Final = {"monday": ("W-SUN", 3), "sunday": ("W-SAT", 4)}  # pandas' name; days from the first one to 1970-01-01
_WIDTHS: Final = {"h": HOUR, "D": DAY, "W": 7 * DAY, "M": 30 * DAY}


@dataclass(frozen=True)
class Times:
    """A column of instants.

    Attributes
    ----------
    ticks
        Since 1970-01-01 on the column's own wall clock, int64; `NAT` where missing.
    per_day
        Number of ticks in a day.
    zone
        Time zone of the column; None for naive times.
    utc
        The same instants in UTC.
    ends
        Where the column holds periods, the first instant after each, in microseconds.
    """

    ticks: Ints
    per_day: int
    zone: Any = None
    utc: Callable[[], Ints] | None = None
    ends: Any = None

    def elapsed(self) -> Ints:
        """Return ticks that measure elapsed time."""
        return self.ticks if self.utc is None else self.utc()

    def last(self) -> int | None:
        """Return the latest instant in microseconds; for periods, the end of the last."""
        if self.ends is not None:
            return int(self.ends.max()) - 1 if self.ends.size else None
        top = int(self.ticks.max(initial=NAT))
        return None if top == NAT else -(-top * DAY // self.per_day)

    def before(self, stop: int | None) -> Any:
        """Return the positions of the instants before `stop` (microseconds); None if that is every row."""
        if stop is None or not self.ticks.size:
            return None
        bound = -(-stop * self.per_day // DAY)
        if self.ticks.max() < bound and self.ticks.min() != NAT:
            return None
        return np.flatnonzero((self.ticks < bound) & (self.ticks != NAT))

    def known(self, kept: Any, stop: int | None) -> tuple[Any, Any]:
        """Drop rows after the end of the data; return the positions that remain in the column and in the frame."""
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
        return Times(self.ticks[rows], self.per_day, self.zone, utc and (lambda: utc()[rows]), ends)


def read_times(metric: str, argument: str, series: pd.Series[Any], zone: Any = None) -> tuple[Times, Any]:
    """Read a column of dates; also mark the values that are not dates (None if all are dates or missing).

    A column with a time zone is converted to `zone`, where one is given.
    """
    wrong = None
    dtype: Any = series.dtype
    ends = None
    if isinstance(dtype, pd.PeriodDtype):
        ends = (series + 1).dt.start_time.to_numpy().astype("M8[us]").astype(np.int64)
        series = series.dt.start_time
    elif isinstance(dtype, pd.ArrowDtype) and dtype.kind == "M":
        series = series.astype(_from_arrow(dtype))
    elif dtype.kind != "M":
        series, wrong = _parsed(metric, argument, series)
    own = getattr(series.dtype, "tz", None)
    if own is not None and zone is not None and str(own) != str(zone):
        series = series.dt.tz_convert(zone)
    zone = own and series.dt.tz
    if zone is None:
        stamps = series.to_numpy()
        return Times(stamps.view(np.int64), _TICKS[np.datetime_data(stamps.dtype)[0]], ends=ends), wrong
    wall = series.dt.tz_localize(None).to_numpy()
    utc = lambda: series.dt.tz_convert(None).to_numpy().view(np.int64)  # noqa: E731
    return Times(wall.view(np.int64), _TICKS[np.datetime_data(wall.dtype)[0]], zone, utc, ends), wrong


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
        hint = "a number of seconds or days depends on where it starts; convert it first with pd.to_datetime"
        raise MetricInputError(metric, argument, "must hold dates", f"got {what}", hint)
    values = series.astype(object)
    there = values.notna().to_numpy()
    if not there.any():
        return pd.Series(np.full(len(values), np.datetime64("NaT", "us")), index=series.index), None
    undated = values.map(lambda value: isinstance(value, str) and not value.lstrip()[:1].isdigit())  # such as "today"
    try:
        found = pd.to_datetime(values.mask(undated, None), errors="coerce", format="ISO8601")
    except ValueError:
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


def end_of_data(metric: str, as_of: Any, last: Iterable[int | None], zone: Any, known: bool = True) -> int | None:
    """Return the instant up to which the data is complete, in microseconds of the wall clock.

    Parameters
    ----------
    metric
        Name of the builder.
    as_of
        The caller's argument. A midnight stands for its whole day; a date or a Period is covered to its end.
    last
        The latest instant of each column of dates: the latest of these counts where `as_of` is None.
    zone
        The time zone of the columns.
    known
        Whether the columns hold any date, so that their zone is known.

    Returns
    -------
    int or None
        None without `as_of` and without any date.
    """
    if as_of is None:
        latest = max((instant for instant in last if instant is not None), default=None)
        return latest if latest is None else latest + (1 if latest % DAY else DAY)
    if isinstance(as_of, pd.Period):
        return micros((as_of + 1).start_time)
    end = data_end(metric, "as_of", as_of)
    stop = int(end.day[0]) * DAY + int(end.time[0].astype("m8[us]").astype(np.int64)) + 1
    if not known or end.aware == (zone is not None) or (not end.aware and _is_bare_date(as_of)):
        if end.aware and zone is not None:
            wall = pd.Timestamp(stop - 1, unit="us", tz="UTC").tz_convert(zone).tz_localize(None)
            return micros(wall) + 1
        return stop
    kinds = "as_of with one, the data without" if end.aware else "as_of without one, the data with"
    raise mixed_zones(metric, "as_of", kinds)


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
        h, D, W, M, Q or Y.
    week_start
        monday or sunday.
    """

    def __init__(self, metric: str, freq: Any, week_start: Any = "monday") -> None:
        if not isinstance(freq, str) or freq not in _FREQS:
            hint = "hours, days, weeks, months, quarters, years"
            raise MetricInputError(metric, "freq", f"must be one of {', '.join(_FREQS)}", f"got {shown(freq)}", hint)
        if not isinstance(week_start, str) or week_start not in _WEEKS:
            rule = "must be 'monday' or 'sunday'"
            raise MetricInputError(metric, "week_start", rule, f"got {shown(week_start)}")
        self.metric, self.freq = metric, freq
        self._alias, self.lead = _WEEKS[week_start] if freq == "W" else (_FREQS[freq], 0)

    def of_days(self, days: Ints) -> Ints:
        """Return the period number of each day since 1970-01-01; with hours, that of the day's first hour."""
        if self.freq == "D":
            return days
        if self.freq == "h":
            return days * 24
        if self.freq == "W":
            return (days + self.lead) // 7
        months = days.astype("M8[D]").astype("M8[M]").astype(np.int64)
        return months // {"M": 1, "Q": 3, "Y": 12}[self.freq]

    def at(self, instant: int) -> int:
        """Return the number of the period that holds an instant in microseconds."""
        if self.freq == "h":
            return instant // HOUR
        return int(self.of_days(np.array([instant // DAY]))[0])

    def start(self, numbers: Any) -> Ints:
        """Return the first instants of periods, in microseconds."""
        numbers = np.asarray(numbers, dtype=np.int64)
        if self.freq == "h":
            return numbers * HOUR
        if self.freq in ("D", "W"):
            return (numbers * (7 if self.freq == "W" else 1) - self.lead) * DAY
        months = numbers * {"M": 1, "Q": 3, "Y": 12}[self.freq]
        return months.astype("M8[M]").astype("M8[D]").astype(np.int64) * DAY

    def index(self, first: int, count: int, name: str) -> pd.PeriodIndex:
        """Label `count` periods from number `first` on."""
        base = pd.Period("1970-01-01", freq=self._alias).ordinal  # of number 0
        build: Any = pd.PeriodIndex
        labels: pd.PeriodIndex = build.from_ordinals(np.arange(first, first + count) + base, freq=self._alias)
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
        table = self.of_days(np.arange(day, high // times.per_day + 1))
        first, count = int(table[0]), int(table[-1] - table[0]) + 1
        return Numbering(first, count, times, (table - first).astype(narrowest(count)), day)


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
        return self.table.take(days)


def micros(stamp: pd.Timestamp) -> int:
    """Convert a naive Timestamp to microseconds."""
    return int(stamp.to_numpy().astype("M8[us]").astype(np.int64))


def in_utc(instant: int, zone: Any) -> int:
    """Convert an instant of the wall clock to UTC, in microseconds."""
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
