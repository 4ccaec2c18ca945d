"""Dates of any kind in, elapsed days out.

An instant is kept as its day and the time since that day's midnight. So no unit limits the years, and the same
time between two instants is the same float, whatever their units: ties stay ties.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import isnan
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionArray

from csmetrics.core._kinds import as_array, common_index, common_shape, is_scalar
from csmetrics.core._numeric import places
from csmetrics.core._registry import REGISTRY, Registration
from csmetrics.core._types import Array, Column
from csmetrics.errors import MetricInputError, shown

_DAY: Final = np.timedelta64(1, "D")
_LAST_SECOND: Final = pd.Timedelta("23:59:59")  # from here on a time of day stands for the day's end
_EPOCH: Final = np.datetime64(0, "D")
_START: Final = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Instants:
    """Instants, in UTC where they are aware.

    Attributes
    ----------
    day
        Days since 1970-01-01, int64; any number where the instant is missing.
    time
        Since that day's midnight, timedelta64[ns]; NaT where the instant is missing.
    aware
        Whether they have a time zone; None where all are missing.
    """

    day: npt.NDArray[np.int64]
    time: npt.NDArray[np.timedelta64]
    aware: bool | None

    def broadcast(self, shape: tuple[int, ...]) -> Instants:
        """Repeat to a shape and flatten."""
        day, time = np.broadcast_to(self.day, shape), np.broadcast_to(self.time, shape)
        return Instants(day.reshape(-1), time.reshape(-1), self.aware)

    def iso(self, position: int) -> str:
        """Write one as ISO text, no longer than it needs to be."""
        day = np.datetime64(int(self.day[position]), "D")
        if not self.time[position]:
            return f"{day}"
        stamp = day + self.time[position].astype("m8[us]")
        text = str(stamp).removesuffix("000000").removesuffix(".")
        return f"{text}+00:00" if self.aware else text


def days_between(metric: Callable[..., Any], started: Any, ended: Any) -> Any:
    """Compute the days between two inputs of a formula: its whole body.

    Returns
    -------
    float, ndarray or Series
        The kind of the inputs; NaN where one is missing.
    """
    spec = REGISTRY[metric.__name__]
    start, end, shape, like = instants(spec, started, ended)
    out = elapsed(spec, start, end)
    if like is not None:
        return like._constructor(out, index=like.index, copy=False)
    return float(out[0]) if is_scalar(started) and is_scalar(ended) else out.reshape(shape)


def instants(spec: Registration, started: Any, ended: Any) -> tuple[Instants, Instants, tuple[int, ...], Column | None]:
    """Bring the first two inputs of a formula to instants of one length.

    Returns
    -------
    start, end : Instants
        Flat.
    shape : tuple of int
        The shape of the result.
    like : Series or None
        The Series whose index the result takes.
    """
    first, second, *_ = spec.inputs
    like = common_index(spec.name, {first: started, second: ended})
    start, end = _read(spec.name, first, started), _read(spec.name, second, ended)
    must_match(spec.name, {first: start, second: end})
    shape = common_shape(spec.name, {first: start.day.shape, second: end.day.shape}, like)
    return start.broadcast(shape), end.broadcast(shape), shape, like


def elapsed(spec: Registration, start: Instants, end: Instants) -> Array:
    """Compute the days from start to end; refuse an end before its start."""
    days = days_apart(start, end)
    early = np.flatnonzero(days < 0)
    if early.size:
        first, second, *_ = spec.inputs
        at = int(early[0])
        pair = f"{start.iso(at)} > {end.iso(at)}"
        found = f"got {pair}" if days.size == 1 else places(early.size, days.size, at, pair)
        raise MetricInputError(spec.name, first, f"must be <= `{second}`", found, spec.rules[0].hint)
    return days


def days_apart(start: Instants, end: Instants) -> Array:
    """Compute the days from start to end, negative where the end is earlier, NaN where one is missing."""
    day, time = end.day - start.day, end.time - start.time
    borrowed = time < np.timedelta64(0, "ns")
    days = (day - borrowed) + np.where(borrowed, time + _DAY, time) / _DAY
    return np.asarray(days, dtype=np.float64)


def in_days(micros: Any) -> Array:
    """Return microseconds as days: the same float as `days_apart` for the same time."""
    day, time = np.divmod(micros, 86_400_000_000)
    return np.asarray(day + time / 86_400_000_000, dtype=np.float64)


def in_hours(seconds: Any, nanoseconds: Any) -> Array:
    """Return seconds and a rest of nanoseconds as hours."""
    return np.asarray((seconds + nanoseconds / 1_000_000_000) / 3600, dtype=np.float64)


def must_match(metric: str, columns: dict[str, Instants]) -> None:
    """Reject naive times beside aware ones: which instants the naive ones are is not known."""
    known = {name: column.aware for name, column in columns.items() if column.aware is not None}
    if len(set(known.values())) > 1:
        found = ", ".join(f"{name} {'with' if aware else 'without'} one" for name, aware in known.items())
        hint = "give the zone that the times without one were taken in, for example with .dt.tz_localize"
        raise MetricInputError(metric, ", ".join(known), "must all have a time zone, or none", f"got {found}", hint)


def data_end(metric: str, argument: str, as_of: Any) -> Instants:
    """Return the last instant that the data covers.

    A date, an instant at midnight or one in the last second of a day stands for its whole day: the last microsecond
    before the next midnight, in the instant's own time zone. A month or year of numpy, and a Period, stand for theirs.
    """
    last = _last_instant(as_of)
    if last is pd.NaT:
        found = f"got {shown(as_of)}" if is_scalar(as_of) else f"got a {type(as_of).__name__}"
        hint = "give a date, a datetime, a Timestamp or ISO text such as '2026-03-31'"
        raise MetricInputError(metric, argument, "must be one date", found, hint)
    return _read(metric, argument, last).broadcast((1,))


def _last_instant(as_of: Any) -> Any:
    """Return the instant, or the last one of its day where it is a midnight; NaT for anything but a date."""
    try:
        given = datetime.fromisoformat(str.__str__(as_of)) if isinstance(as_of, str) else as_of
        if isinstance(given, np.datetime64) and np.datetime_data(given.dtype)[0] in ("M", "Y"):
            given = pd.Period(str(given), freq=np.datetime_data(given.dtype)[0])
        if isinstance(given, pd.Period):
            return (given + 1).start_time.to_datetime64().astype("M8[us]") - np.timedelta64(1, "us")
        stamp: Any = pd.Timestamp(given) if isinstance(given, (date, np.datetime64)) else pd.NaT
        if stamp is not pd.NaT and stamp.year > date.max.year:
            return pd.NaT
        if stamp is pd.NaT or pd.Timedelta(0) < _time_of_day(stamp) < _LAST_SECOND:
            return stamp
        following, least = np.datetime64(stamp.date(), "D") + _DAY, np.timedelta64(1, "us")
        if stamp.tz is None:
            return following - least
        # on the clock of the place, where a day may have 23 or 25 hours
        return pd.Timestamp(following).tz_localize(stamp.tz, ambiguous=True, nonexistent="shift_forward") - least
    except (ValueError, OverflowError, NotImplementedError):  # no ISO text, or a year past what dates can hold
        return pd.NaT


def _time_of_day(stamp: pd.Timestamp) -> pd.Timedelta:
    wall = stamp.tz_localize(None)
    return wall - wall.normalize()


def _read(metric: str, argument: str, value: Any) -> Instants:
    """Read instants from one date, or from an array, list or Series of them, in its shape."""
    if is_scalar(value):
        holder = np.empty((), dtype=object)
        holder[()] = value
        return _from_objects(metric, argument, holder)
    if hasattr(value, "to_pandas"):  # of another library: np.asarray would lose its time zone
        value = value.to_pandas()
    if isinstance(value, (pd.Series, pd.Index)):
        value = value.to_numpy() if isinstance(value, pd.MultiIndex) else value.array
    aware = False
    if isinstance(value, ExtensionArray):
        value, aware = _from_extension(value)
    elif isinstance(value, np.ma.MaskedArray):
        missing: Any = np.datetime64("NaT") if value.dtype.kind == "M" else None
        value = np.where(np.ma.getmaskarray(value), missing, value.data)
    elif isinstance(value, (list, tuple)):
        value = as_array(metric, argument, value, object, of="dates")
    value = as_array(metric, argument, value, of="dates")
    if value.dtype.kind == "M":
        return _from_stamps(value, aware)
    return _from_objects(metric, argument, value.astype(object))


def _from_extension(value: Any) -> tuple[Any, bool]:
    dtype = value.dtype
    aware = isinstance(dtype, pd.DatetimeTZDtype)
    if isinstance(dtype, pd.ArrowDtype) and dtype.kind == "M":
        arrow = dtype.pyarrow_dtype
        aware = getattr(arrow, "tz", None) is not None
        value = value.astype(pd.DatetimeTZDtype(getattr(arrow, "unit", "s"), "UTC"))
    if isinstance(value.dtype, pd.DatetimeTZDtype):
        value = value.tz_convert(None)
    return value.to_numpy() if value.dtype.kind == "M" else np.asarray(value, dtype=object), aware


def _from_stamps(stamps: npt.NDArray[Any], aware: bool) -> Instants:
    unit = np.datetime_data(stamps.dtype)[0]
    if unit in ("generic", "Y", "M", "W"):
        stamps = stamps.astype("M8[D]")
    elif unit in ("ps", "fs", "as"):
        stamps = stamps.astype("M8[ns]")
    # divmod, as a cast to days is wrong for the first day of the nanosecond range (numpy 1.26 to 2.4)
    with np.errstate(invalid="ignore"):
        day, time = np.divmod(stamps - _EPOCH, _DAY)
    return Instants(day, time.astype("m8[ns]"), None if np.isnat(time).all() else aware)


def _from_objects(metric: str, argument: str, values: npt.NDArray[Any]) -> Instants:
    """Read objects one by one; a column of plain dates, as databases give them, at once."""
    if set(map(type, values.reshape(-1))) <= {date, type(None)}:
        return _from_stamps(values.astype("M8[D]"), False)
    day, time = np.zeros(values.size, np.int64), np.full(values.size, np.timedelta64("NaT", "ns"))
    zones: dict[bool, int] = {}
    bad: list[tuple[int, str, str]] = []
    for i, value in enumerate(values.reshape(-1)):
        try:
            instant = _instant(value)
        except TypeError as wrong:
            bad.append((i, *wrong.args))
            continue
        if instant is not None:
            day[i], time[i], aware = instant
            zones.setdefault(aware, i)
    if bad:
        first, what, hint = bad[0]
        found = f"{len(bad)} of {values.size} values are not, first at position {first} ({what})"
        must, found = ("must be dates", found) if values.ndim else ("must be a date", f"got {what}")
        raise MetricInputError(metric, argument, must, found, hint)
    if len(zones) > 1:
        found = f"position {zones[True]} has one and position {zones[False]} has none"
        raise MetricInputError(metric, argument, "must all have a time zone, or none", found)
    return Instants(day.reshape(values.shape), time.reshape(values.shape), next(iter(zones), None))


def _instant(value: Any) -> tuple[int, Any, bool] | None:
    """Return day, nanoseconds and whether it has a zone. TypeError, with a hint, for a value that is not a date."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and isnan(value)):
        return None
    if isinstance(value, np.datetime64):
        one = _from_stamps(np.array([value]), False)
        return None if np.isnat(value) else (int(one.day[0]), one.time[0], False)
    if isinstance(value, datetime):
        finer = value.nanosecond if isinstance(value, pd.Timestamp) else 0
        stamp = value.to_pydatetime(warn=False) if isinstance(value, pd.Timestamp) else value
        offset = stamp.utcoffset()
        since = stamp.replace(tzinfo=None) - _START - (offset or timedelta(0))
        return since.days, (since.seconds * 10**6 + since.microseconds) * 1000 + finer, offset is not None
    if isinstance(value, date):
        return (value - _START.date()).days, 0, False
    if isinstance(value, str):
        raise TypeError(f"the text {value[:40]!r}", "convert text to dates first, for example with pd.to_datetime")
    if isinstance(value, pd.Period):
        raise TypeError("a Period", "take an instant of it first, for example with .dt.start_time")
    if isinstance(value, pd.DataFrame):
        raise TypeError("a DataFrame", "on a DataFrame use the accessor: df.csm")
    if isinstance(value, (bool, int, float, np.bool_, np.number)):
        raise TypeError(
            f"the number {shown(value, write=str)}",
            "give dates; counts of seconds or days depend on where they start",
        )
    raise TypeError(f"a {type(value).__name__}", "")
