"""Instants and periods as expressions that an engine computes."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.instants import UTC, Wall, in_utc
from csmetrics.cohorts._rows.read_times import read_times
from csmetrics.errors import MetricInputError

_LATEST = 253_402_300_799_999_999  # the last microsecond of the year 9999, the latest that Python's datetime holds

_EARLIEST = -62_104_060_800_000_000  # the year 2: a time zone may go back a day, and Python's datetime begins in 1


def instant(wall: Wall, zone: Any) -> Any:
    """Convert an instant of the wall clock to a datetime."""
    stamp = pd.Timestamp(min(wall if zone is None else wall.utc, _LATEST), unit="us")
    return (stamp if zone is None else stamp.tz_localize("UTC").tz_convert(zone)).to_pydatetime()


def start_of(calendar: Calendar, period: int, zone: Any) -> Any:
    """Convert the first instant of a period to a datetime; of an hour that clocks repeat, the first one is meant."""
    begin = max(int(calendar.start(period)), _EARLIEST)
    return instant(Wall(begin, in_utc(begin, zone)), zone)


def period_key(calendar: Calendar, column: Any) -> Any:
    """Return the expression of a row's period on its own clock: its number, or with days the day's first instant."""
    if calendar.freq == "D":
        return column.dt.truncate("1d")
    if calendar.freq == "h":
        return _days(column) * 24 + column.dt.hour().cast(narwhals().Int64)
    if calendar.freq == "W":
        return (_days(column) + calendar.lead) // 7
    whole = narwhals().Int64
    months = column.dt.year().cast(whole) * 12 + column.dt.month().cast(whole) - (1970 * 12 + 1)
    return calendar.of_months(months)


def period_number(calendar: Calendar, frame: Any, column: Any) -> Any:
    """Return the expression of a row's period as the calendar's number."""
    if calendar.freq != "D":
        return period_key(calendar, column)
    number = day = day_number(frame, column)
    for skipped in calendar.skipped:
        number = number - (day > int(skipped)).cast(narwhals().Int64)
    return number


def day_number(frame: Any, times: Any) -> Any:
    """Return the expression for days since 1970-01-01, of a frame whose engine may know a short way."""
    nw = narwhals()
    if frame.implementation.is_duckdb():
        return times.dt.date() - nw.lit(date(1970, 1, 1))
    if frame.implementation.is_polars():
        return times.dt.date().cast(nw.Int32).cast(nw.Int64)
    return _days(times)


def period_numbers(calendar: Calendar, keys: pd.Series[Any]) -> Any:
    """Convert the period keys that the engine returned to the calendar's numbers."""
    if not len(keys):
        return np.zeros(0, np.int64)
    if calendar.freq != "D":
        return keys.to_numpy(dtype=np.int64)
    times, _ = read_times(calendar.metric, "time", keys)
    numbering = calendar.numbering(times)
    return numbering.of(slice(None)).astype(np.int64) + numbering.first


def with_micros(frame: Any, metric: str, instants: dict[str, tuple[str, Any, Any]]) -> Any:
    """Add columns of microseconds since 1970-01-01 in UTC.

    Parameters
    ----------
    frame
        A LazyFrame.
    metric
        Name of the builder.
    instants
        For each new column's name: the argument, the expression and the time zone of its instants.
    """
    foreign = {name: given for name, given in instants.items() if given[2] is not None and str(given[2]) not in UTC}
    columns = {
        name: times.dt.convert_time_zone("UTC") if name in foreign else times
        for name, (_, times, _) in instants.items()
    }
    try:  # all at once: Dask takes long for one after the other
        return frame.with_columns(*(wall_micros(times).alias(name) for name, times in columns.items()))
    except NotImplementedError:  # on an engine whose time zone belongs to the session
        if not foreign:
            raise
        argument, _, zone = next(iter(foreign.values()))
        raise bound_to_session(metric, argument, zone) from None


def bound_to_session(metric: str, argument: str, zone: Any) -> MetricInputError:
    """Make the error for an engine whose time zone belongs to the session and cannot be changed for a column."""
    rule, hint = "must be in UTC to count elapsed time on this engine", "set the session's time zone to UTC first"
    return MetricInputError(metric, argument, rule, f"got the zone {zone}", hint)


def wall_micros(times: Any) -> Any:
    """Return the expression for microseconds since 1970-01-01 on the column's own clock."""
    return wall_seconds(times) * 1_000_000 + times.dt.microsecond().cast(narwhals().Int64)


def wall_seconds(times: Any) -> Any:
    """Return the expression for whole seconds since 1970-01-01 on the column's own clock."""
    whole = narwhals().Int64
    hours = _days(times) * 24 + times.dt.hour().cast(whole)
    return (hours * 60 + times.dt.minute().cast(whole)) * 60 + times.dt.second().cast(whole)


def _days(times: Any) -> Any:
    """Return the expression for days since 1970-01-01, from the parts of a date that all engines know."""
    whole = narwhals().Int64
    year = times.dt.year().cast(whole) - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + times.dt.ordinal_day().cast(whole) - 719_163
