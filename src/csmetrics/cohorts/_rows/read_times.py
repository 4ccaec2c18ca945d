"""A column of dates that pandas holds, read as instants: datetimes, Periods, ISO text and Python's own dates."""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics.cohorts._rows.calendar import FREQS, Calendar
from csmetrics.cohorts._rows.date_hints import hint_for_numbers
from csmetrics.cohorts._rows.instants import DAY, Times
from csmetrics.cohorts._rows.zones import mixed_zones
from csmetrics.errors import MetricInputError, shown

_TICKS: Final = {"s": 86_400, "ms": 86_400_000, "us": DAY, "ns": 1000 * DAY}
_UNDATED: Final = re.compile(r"\s*([^\d\s]|$|\d{1,4}\s*$)")  # such as "today", and a number that would be a year
_HEAD: Final = 1000  # rows among which the first date is likely
_FAR_YEAR: Final = 2200
_TEXT: Final = {"Y": r"\s*\d{4}\s*", "M": r"\s*\d{4}-\d\d\s*"}  # text that holds years or months


def read_times(
    metric: str, argument: str, series: pd.Series[Any], zone: Any = None, calendar: Calendar | None = None
) -> tuple[Times, Any]:
    """Read a column of dates; also mark the values that are not dates (None if all are dates or missing).

    A column with a time zone is converted to `zone`, where one is given, or to the calendar's clock. Periods longer
    than the calendar's are refused: they do not say when in them something happened.
    """
    wrong = None
    letter, first = _text_of_periods(series)
    if letter:
        if calendar is not None:
            calendar.refuse_longer(argument, letter, f"text such as {shown(first)}")
        series = _text_as_periods(series, letter)
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
    return {"A": "Y", "B": "D", "H": "h"}.get(name, name if name in FREQS else "")


def _text_of_periods(series: pd.Series[Any]) -> tuple[str, str]:
    """Return the letter of the periods that a column of text begins with, months or years, and that text; else ""."""
    if series.dtype.kind not in "OU" or isinstance(series.dtype, pd.PeriodDtype):
        return "", ""
    some = series.iloc[:_HEAD].dropna()
    known = some if len(some) else series.dropna()
    first = next((value for value in known.iloc[:1].tolist() if isinstance(value, str)), "")
    return next((letter for letter, pattern in _TEXT.items() if re.fullmatch(pattern, first)), ""), first


def _text_as_periods(series: pd.Series[Any], letter: str) -> pd.Series[Any]:
    """Return a column of text that names nothing but months, or years, as Periods; other columns as they are."""
    with suppress(TypeError, ValueError):  # of values that cannot be hashed, and of a thirteenth month
        codes, words = pd.factorize(series)
        if all(isinstance(word, str) and re.fullmatch(_TEXT[letter], word) for word in words):
            periods: Any = pd.PeriodIndex([word.strip() for word in words], freq=letter)
            if periods.year.max() < _FAR_YEAR:  # later ones stand for no end
                taken = periods.array.take(codes, allow_fill=True)
                return pd.Series(taken, index=series.index, name=series.name)
    return series


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
    known = values.notna().to_numpy()
    if not known.any():
        return pd.Series(np.full(len(values), np.datetime64("NaT", "us")), index=series.index), None
    zulu = values.map(lambda value: isinstance(value, str) and value.rstrip().endswith("UTC"))
    if zulu.any():
        values = values.mask(zulu, values[zulu].str.replace(r"\s*UTC\s*$", "Z", regex=True))
    undated = values.map(lambda value: isinstance(value, str) and _UNDATED.match(value) is not None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # with which pandas 2 tells of several time zones
            found = pd.to_datetime(values.mask(undated, None), errors="coerce", format="ISO8601")
    except (ValueError, FutureWarning):
        raise _several_zones(metric, argument) from None
    if found.dtype.kind != "M":
        found = found.astype("M8[us]")
    wrong = found.isna().to_numpy() & known
    if wrong.any() and str(found.dtype) == "datetime64[ns]":  # pandas 2 reads no year past 2262
        stamps = found.to_numpy().astype("M8[us]")
        stamps[wrong] = [_far_date(value) for value in values[wrong]]
        found = pd.Series(stamps, index=series.index)
        wrong = found.isna().to_numpy() & known
    if wrong.any():
        zoned = any(isinstance(value, datetime) and value.tzinfo is not None for value in values[wrong])
        if zoned and getattr(found.dtype, "tz", None) is not None:  # pandas leaves out those of other zones
            raise _several_zones(metric, argument)
        _refuse_mixed(metric, argument, values[wrong].iloc[0], found)
    return found, wrong if wrong.any() else None


def _several_zones(metric: str, argument: str) -> MetricInputError:
    read = "pd.to_datetime(..., utc=True).dt.tz_convert('Europe/Paris')"
    hint = f"convert all of them to one time zone, for example with {read}"
    return MetricInputError(metric, argument, "must all have the same time zone, or none", "got several", hint)


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
