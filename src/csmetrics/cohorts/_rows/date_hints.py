"""How what was not read as a date becomes one: hints that, followed to the letter, lead to no other date."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics.errors import shown

_EXCEL: Final = (2e4, 8e4)  # days since 1899-12-30, of the years 1954 to 2119
_DAYS: Final = (1.9e7, 2.2e7)  # such as 20260331
_MONTHS: Final = (1.9e5, 2.2e5)  # such as 202603
_UNITS: Final = (("s", 1e8), ("ms", 1e11), ("us", 1e14), ("ns", 1e17))  # since 1970, of the years 1973 to 5138
_FROM_EXCEL: Final = 'pd.to_datetime({}, unit="D", origin="1899-12-30").dt.round("s")'
_NUMBERS: Final = "numbers = pd.to_numeric({0}, errors='coerce'); {0}.astype(object).where(numbers.isna(), {1})"
_NO_DATE: Final = re.compile(r"null|n/?a|none|[0/:. -]*", re.IGNORECASE)
NO_UNIT: Final = (
    "All dates of `{}` are in the first hour of 1970: pandas takes numbers for nanoseconds unless it is told what they "
    "count, as in pd.to_datetime(column, unit='s')."
)
_SAY_THE_FORM: Final = (
    'say whether the day comes first or the month ("%m/%d/%Y", with a clock "%m/%d/%Y %H:%M" or "%I:%M %p"): '
    'days = pd.to_datetime(column, format="%d/%m/%Y", errors="coerce"); column.astype(object).where(days.isna(), days)'
)


def hint_for_numbers(series: pd.Series[Any]) -> str:
    """Say, by the size of the numbers in a column of dates, what they likely count.

    Numbers that pandas reads without being told what they count are nanoseconds, all in January 1970.
    """
    try:
        numbers = pd.to_numeric(series, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    except Exception:  # whatever a value of somebody's own class raises
        numbers = np.zeros(0)
    found = np.abs(numbers[~np.isnan(numbers)])
    if not found.size:
        return "convert it to dates first, with pd.to_datetime"
    column = "column" if series.name is None else f"frame[{shown(series.name)}]"
    alone = found.size == series.notna().sum()
    name, size = column if alone else "numbers", float(np.median(found))
    meaning = "say what the numbers count, as pandas takes them for nanoseconds"
    read = f"pd.to_datetime({name}, unit=...)"
    if _EXCEL[0] <= size < _EXCEL[1]:
        meaning, read = "if the numbers are Excel's days", _FROM_EXCEL.format(name)
    elif _DAYS[0] <= size < _DAYS[1]:
        meaning = "if the numbers are days such as 20260331"
        read = f'pd.to_datetime({name}.astype("Int64").astype("string"), format="%Y%m%d")'
    elif _MONTHS[0] <= size < _MONTHS[1]:  # as months, as nobody knows when in them something happened
        meaning = "if the numbers are months such as 202603"
        read = f'pd.to_datetime({name}.astype("Int64").astype("string"), format="%Y%m").dt.to_period("M")'
    for unit, low in _UNITS:
        if low <= size < 1000 * low:
            meaning, read = "if these count from 1970", f'pd.to_datetime({name}, unit="{unit}")'
    return f"{meaning}: {read if alone else _NUMBERS.format(column, read)}"


def hint_for_text(value: Any) -> str:
    """Say how a value in a column of text becomes a date."""
    text = value.strip() if isinstance(value, str) else "?"
    if _NO_DATE.fullmatch(text):
        return f"where {value!r} stands for no date: .replace({value!r}, None)"
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        return f"if the numbers are Excel's days: {_NUMBERS.format('column', _FROM_EXCEL.format('numbers'))}"
    if re.match(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b", text):
        return _SAY_THE_FORM
    return "use dates, or text such as 2026-03-31; pd.to_datetime(column, format=...) reads another form"
