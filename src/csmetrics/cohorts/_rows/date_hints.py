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
_NO_DATE: Final = re.compile(r"null|n/?a|none|nan|nat|<na>|[0/:. -]*", re.IGNORECASE)
NO_UNIT: Final = (
    "All dates of `{}` are in the first hour of 1970: pandas takes numbers for nanoseconds unless it is told what they "
    "count, as in pd.to_datetime(column, unit='s')."
)
_YEAR_LAST: Final = re.compile(
    r"(\d{1,2})(?P<sep>[/.-])(\d{1,2})(?P=sep)(?P<year>\d{4}|\d\d)"
    r"(?:(?P<gap>,? +|T)\d{1,2}:\d\d(?P<seconds>:\d\d(?P<parts>\.\d+)?)?(?P<space> ?)(?P<half>[AaPp][Mm])?)?"
    r"(?P<before> ?)(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_READ: Final = (
    'days = pd.to_datetime(column, format="{}", errors="coerce"); column.astype(object).where(days.isna(), days)'
)
_VALUES: Final = 10_000  # of which at most so many are searched for one that tells the day from the month


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


def hint_for_text(values: pd.Series[Any]) -> str:
    """Say how the values of a column of text that are no dates become dates, by the first of them."""
    value = values.iloc[0]
    text = value.strip() if isinstance(value, str) else "?"
    if _NO_DATE.fullmatch(text):
        return f"where {value!r} stands for no date: .replace({value!r}, None)"
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        return f"if the numbers are Excel's days: {_NUMBERS.format('column', _FROM_EXCEL.format('numbers'))}"
    if text != value and re.match(r"\d{4}-\d\d", text):
        return "take the blanks off: column.str.strip()"
    form = _YEAR_LAST.fullmatch(text)
    if form is None:
        return "use dates, or text such as 2026-03-31; pd.to_datetime(column, format=...) reads another form"
    day_first, month_first = (_format(form, order) for order in ("dm", "md"))
    others = [other for one in values.iloc[:_VALUES] if (other := _YEAR_LAST.fullmatch(str(one).strip()))]
    if any(int(other[3]) > 12 for other in others):
        return f"the month comes first: {_READ.format(month_first)}"
    if any(int(other[1]) > 12 for other in others):
        return f"the day comes first: {_READ.format(day_first)}"
    return f'say whether the day comes first or the month ("{month_first}"): {_READ.format(day_first)}'


def _format(form: re.Match[str], order: str) -> str:
    """Return the format of a date with the year last, for strptime."""
    date = form["sep"].join([f"%{order[0]}", f"%{order[1]}", "%Y" if len(form["year"]) == 4 else "%y"])
    if form["gap"]:
        clock = ("%I" if form["half"] else "%H") + ":%M" + (":%S" if form["seconds"] else "")
        clock += (".%f" if form["parts"] else "") + (f"{form['space']}%p" if form["half"] else "")
        date += form["gap"] + clock
    return date + (f"{form['before'] or form['space']}%z" if form["zone"] else "")
