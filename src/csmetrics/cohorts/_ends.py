"""The ends of subscriptions as exports write them: open, blank, far away, inclusive, in the last second of a day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import instant
from csmetrics.cohorts._rows.instants import DAY, NAT, Times, Wall
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.core._numeric import BLOCK
from csmetrics.errors import MetricInputError, shown

Reach: TypeAlias = Literal["left", "day", "second"]  # how far a row reaches: up to its end, its day or its second

_FAR_YEAR = 2200
_FAR = 84_006  # the days from 1970 to 2200: an end from then on is a way to write "no end"
_FURTHEST = 92 * DAY
_NEVER = ("infinity", "+infinity", "inf", "never expires")
_BLANK = ("", "0", "-", "null", "none", "nan", "nat", "na", "n/a", "#n/a", "<na>", "\\n")
_LABELS = 5  # labels of rows that an error lists


def read_ends(rows: Any, name: Any, begins: Any) -> Any:
    """Read the column of ends; a missing end is open, and so are a far one and a blank one (see `blank_ends`)."""
    if isinstance(rows, Rows):
        column = rows.column(name, "end")
        ends = rows.times(name, "end", optional=True, like=begins, series=_without(column, _open_texts(column)))
        far = ends.ticks >= _FAR * ends.per_day
        return replace(ends, ticks=np.where(far, NAT, ends.ticks)) if far.any() else ends
    nw = narwhals()
    ends = rows.times(name, "end", optional=True, like=begins)
    if rows.schema[name] == nw.Unknown:  # a zone that only the engine knows
        near = nw.when(ends.dt.year() < _FAR_YEAR).then(ends)
    else:
        near = nw.when(ends < instant(Wall(_FAR * DAY), rows.clock)).then(ends)
    rows.count_timed("end", near)  # a far end says nothing about the time of day of the others
    return near


def blank_ends(rows: Rows, name: Any) -> Any:
    """Mark the ends that are blank text; raise an error for them unless bad rows are to be reported."""
    column = rows.column(name, "end")
    blank = [text for text in _open_texts(column) if _is_blank(text)]
    flags = column.isin(blank).to_numpy(dtype=bool) if blank else None
    if flags is None or rows.report:
        return flags
    labels = rows.frame.index[flags]
    found = f"{len(labels)} of {len(column)} rows are blank ({', '.join(map(shown, blank[:3]))}), with the labels "
    found += ", ".join(map(repr, labels[:_LABELS].tolist())) + (", ..." if len(labels) > _LABELS else "")
    hint = f"blank: still open? make it None, for example with .replace({blank[0]!r}, None)"
    raise MetricInputError(rows.metric, "end", "must be a date, or None while the row runs", found, hint)


def _open_texts(column: pd.Series[Any]) -> list[str]:
    """Return the texts of a column that stand for no end."""
    if column.dtype != object and not isinstance(column.dtype, (pd.StringDtype, pd.CategoricalDtype)):
        return []
    unique: Any = []
    with suppress(Exception):  # values that cannot be hashed or compared are no dates, which is found elsewhere
        unique = column.dropna().unique()
    return [text for text in unique if isinstance(text, str) and (_is_blank(text) or _is_never(text))]


def _is_blank(text: str) -> bool:
    return text.strip().lower() in _BLANK or text.strip().startswith("0000-00-00")


def _is_never(text: str) -> bool:
    year = text.strip()[:4]
    return text.strip().lower() in _NEVER or (year.isdigit() and year >= "2200" and text.strip()[4:5] == "-")


def _without(column: pd.Series[Any], texts: list[str]) -> pd.Series[Any]:
    return column.astype(object).mask(column.isin(texts), None) if texts else column


def reach_of(rows: Any, name: Any, closed: str) -> Reach:
    """Find out how far rows reach: with ``closed="both"``, midnights hold days, and any other column seconds."""
    if closed == "left":
        return "left"
    if isinstance(rows, Rows):
        read = Rows(rows.metric, rows.frame, "report")  # what is wrong with them is found later
        ends = read_ends(read, name, None)
        dated = ends.ticks[ends.ticks != NAT]
        return "second" if (dated % ends.per_day).any() else "day"
    nw = narwhals()
    ends = rows.column(name, "end")
    if rows.schema[name] == nw.Date:
        return "day"
    ends = read_ends(EngineRows(rows.metric, nw.to_native(rows.frame), "report"), name, None)
    times = rows.frame.select((ends != ends.dt.truncate("1d")).cast(nw.Int64).alias("csm:odd"))
    return "second" if engines.collect(times.select(nw.col("csm:odd").sum()))["csm:odd"].fillna(0).iloc[0] else "day"


def refuse_early(rows: Any, ends: Any, begins: Any, reach: Reach) -> None:
    """Mark rows that end before they begin; an end that is covered may be the day, or the second, of its start."""
    if reach == "left":
        rows.refuse_before("end", ends, begins)
    elif not isinstance(rows, Rows):
        rows.refuse_before("end", ends, begins.dt.truncate("1d" if reach == "day" else "1s"))
    else:
        width = begins.per_day if reach == "day" else begins.per_day // 86_400
        ticks = begins.ticks if reach == "day" else begins.elapsed()
        floor = Times(np.where(begins.ticks == NAT, NAT, ticks - ticks % width), begins.per_day, begins.zone)
        if reach == "day":
            ends = replace(ends, utc=None)
        rows.refuse_before("end", ends, floor, hint="a row is live from its start to its end, both included")


def first_after(ends: Times, reach: Reach) -> Times:
    """Return the first instants after the rows: the next midnight for an end in the last second of a day."""
    if reach != "left" and ends.ends is not None:  # periods: the whole of each is covered
        return Times(np.where(ends.ticks == NAT, NAT, ends.ends), DAY, ends.zone)
    second = ends.per_day // 86_400
    if reach == "day":
        moved = ends.ticks + ends.per_day
    elif reach == "second":
        moved = ends.ticks - ends.ticks % second + second
    else:
        late = np.concatenate([np.zeros(0, np.intp), *_late(ends.ticks, ends.per_day, second)])
        if not late.size:
            return ends
        moved = ends.ticks.copy()
        moved[late] -= moved[late] % ends.per_day - ends.per_day
    return Times(np.where(ends.ticks == NAT, NAT, moved), ends.per_day, ends.zone)


def _late(ticks: Any, per_day: int, width: int) -> Iterator[Any]:
    """Find the ticks in the last ticks of a day, this many, block by block."""
    for at in range(0, ticks.size, BLOCK):
        block = ticks[at : at + BLOCK]
        in_day = block - block // per_day * per_day  # faster than %
        found = np.flatnonzero(in_day >= per_day - width)
        if found.size:
            yield found[block[found] != NAT] + at


def must_be_told(metric: str, as_of: Any, calendar: Calendar, start: int | None, end: int | None) -> None:
    """Ask for `as_of` where the ends of a ledger lie far in the future of its last start (both in microseconds)."""
    if as_of is not None or start is None or end is None:
        return
    period = calendar.at(start)
    width = int(calendar.start(period + 1)) - int(calendar.start(period))
    if end - start > max(_FURTHEST, width):
        first, last = (str(np.datetime64(at // DAY, "D")) for at in (start, end))
        rule = "must be set where ends run more than a period and more than 92 days past the last start"
        hint = f"ends in the future have not happened: name the last day that the data covers, such as as_of={first!r}"
        raise MetricInputError(metric, "as_of", rule, f"got a last start on {first} and a last end on {last}", hint)
