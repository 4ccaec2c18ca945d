"""The end of the data: the instant up to which its events are complete."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics.cohorts._rows.instants import DAY, Times, Wall, in_utc, micros
from csmetrics.cohorts._rows.zones import mixed_zones
from csmetrics.core._dates import data_end

_LAST_SECOND: Final = DAY - 1_000_000  # from here on a time of day stands for the day's end


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
        Name of the argument, for errors.

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
        return Wall(_shown(stop - 1, zone) + 1, stop)
    return _moved(stop, own, zone)


def _moved(wall: int, own: Any, zone: Any) -> Wall:
    """Move an instant from the clock of the data to the one on which periods are counted, where that is another."""
    if str(own) == str(zone):
        return Wall(wall, in_utc(wall, zone))
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
