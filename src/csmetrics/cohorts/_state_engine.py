"""Reading the events of an engine's frame for a state: the engine screens them and makes the masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.bits import BIT, BLOCK, Bits, Columns, adapter, grouped, in_blocks, read_masks
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts import _state_table as small
from csmetrics.cohorts._engine_events import ReducedEvents
from csmetrics.cohorts._events import Request
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import period_number, period_numbers, start_of
from csmetrics.cohorts._rows.instants import DAY, HOUR, UTC, Times
from csmetrics.cohorts._rows.read_times import read_times
from csmetrics.cohorts._rows.remarks import Remarks

METRIC = "activity"
_MASK, _FIRST, _LAST = "csm:mask", "csm:first", "csm:last"
_MOST = small.BITS - 1  # periods of a mask with a bit left for the rows that do not count
_QUARTER = HOUR // 4  # by which the midnights of all time zones differ
_FAR = (2**63 - 1) // 1000  # the last microsecond that nanoseconds hold, in the year 2262
_SHIFT = 1 << 30  # so that no period is negative: engines round such quotients in different ways


def from_engine(asked: Request, events: Any) -> tuple[pd.DataFrame, Times, Remarks]:
    """Reduce an engine's frame to the small table; also return the latest instant, and the remarks."""
    rows = EngineRows(asked.metric, events, asked.on_bad_rows, asked.calendar)
    _, instants, _, _ = asked.screened(rows)
    keys = rows.keys(asked.by)
    rows.fact("last", instants, "max")
    found = None if rows.report else _masked(rows, asked, keys, instants)
    if found is not None:
        return found, rows.instant("last"), rows.remarks
    rows.screen(asked.screened)
    found = _masked(rows, asked, keys, instants)
    if found is None:  # the pairs of user and period come back
        pairs, _, _ = ReducedEvents(rows, asked.user, keys, instants, [None, None], None, asked.calendar).periods(False)
        numbers = period_numbers(asked.calendar, pairs["csm:period"])
        first = int(numbers.min(initial=0))
        ids = small.checked_ids(METRIC, "user", pairs[asked.user])
        found = small.reduced(METRIC, ids, [pairs[key] for key in keys], numbers - first, first)
    return found, rows.instant("last"), rows.remarks


def _masked(rows: EngineRows, asked: Request, keys: list[str], instants: Any) -> pd.DataFrame | None:
    """Have the engine make the masks, and screen the rows in the same pass.

    Return None where it cannot, or where it has found bad rows.
    """
    ends = engines.collect(rows.frame.select(instants.min().alias("first"), instants.max().alias("last")))
    low, high = (read_times(METRIC, "time", ends[name])[0] for name in ("first", "last"))
    if low.known:
        first, last = asked.calendar.first_of(low), asked.calendar.first_of(high)
        if last < first + 2 and (low.zone is None or str(low.zone) in UTC) and asked.calendar.start(first + 2) < _FAR:
            return _at_both_ends(rows, asked, keys, instants, first, low.zone)
        if last < first + _MOST and adapter(rows.frame) is not None:
            found = _in_one_word(rows, asked, keys, instants, first)
            if found is not None:
                return found
    if adapter(rows.frame) is None:
        return None
    number = period_number(asked.calendar, rows.frame, instants)
    frame = in_blocks(rows.checked().with_columns((number + _SHIFT).alias("csm:number")), "csm:number")
    columns: Columns = {_MASK: Bits(BIT, wide=True), _LAST: ("csm:fact_last", "max"), "csm:wrong": ("csm:bad", "sum")}
    table = engines.collect(grouped(frame, [asked.user, *keys, BLOCK], columns))
    if table["csm:wrong"].sum():
        return None
    blocks = table[BLOCK].to_numpy(dtype=np.int64) - _SHIFT // small.BITS
    return _table(rows, asked, keys, table, blocks, read_masks(table[_MASK]))


def _at_both_ends(
    rows: EngineRows, asked: Request, keys: list[str], instants: Any, first: int, zone: Any
) -> pd.DataFrame | None:
    """Make the masks where there are two periods at the most: each user's first and last instant tell them.

    An engine finds these two instants in less time than a bitwise or. Bad rows are given an instant after the second
    period; return None where there are any.
    """
    nw, calendar = narwhals(), asked.calendar
    instant = nw.when(~rows.bad()).then(instants).otherwise(nw.lit(start_of(calendar, first + 2, zone)))
    frame = rows.frame.select(asked.user, *keys, instant.alias(_FIRST))
    both = nw.col(_FIRST).min(), nw.col(_FIRST).max().alias(_LAST)
    found = engines.collect(frame.group_by(asked.user, *keys).agg(*both))
    low, high = (read_times(METRIC, "time", found[name])[0] for name in (_FIRST, _LAST))
    second, end = (int(calendar.start(first + more)) * low.per_day // DAY for more in (1, 2))
    if high.span[1] >= end:
        return None
    masks = (low.ticks < second).astype(np.uint64) | (high.ticks >= second).astype(np.uint64) << np.uint64(1)
    return _from(first, rows, asked, keys, found, masks)


def _in_one_word(rows: EngineRows, asked: Request, keys: list[str], instants: Any, first: int) -> pd.DataFrame | None:
    """Make the masks of 63 periods: an engine takes half the time to group by users alone.

    Return None where a row is in another period, such as one before the first where a clock was set back past midnight,
    or where there are bad rows: both set the bit that is left.
    """
    nw = narwhals()
    number = period_number(asked.calendar, rows.frame, instants) - first
    bit = nw.when(~rows.bad() & (number >= 0) & (number < _MOST)).then(number).otherwise(nw.lit(_MOST))
    frame = rows.frame.select(asked.user, *keys, instants.alias("csm:fact_last"), bit.alias(BIT))
    columns: Columns = {_MASK: Bits(BIT, wide=True), _LAST: ("csm:fact_last", "max")}
    found = engines.collect(grouped(frame, [asked.user, *keys], columns))
    masks = read_masks(found[_MASK])
    if int(masks.max(initial=0)) >> _MOST:
        return None
    return _from(first, rows, asked, keys, found, masks)


def _from(
    first: int, rows: EngineRows, asked: Request, keys: list[str], found: pd.DataFrame, masks: Any
) -> pd.DataFrame:
    """Make the small table of masks that begin with the period `first`."""
    block, left = divmod(first, small.BITS)
    blocks = np.full(len(found), block)
    if int(masks.max(initial=0)) << left < 1 << small.BITS:
        masks = masks << np.uint64(left)
    else:
        place, blocks, masks = small.shifted(np.arange(len(found)), blocks, masks, left)
        found = found.take(place)
    return _table(rows, asked, keys, found, blocks, masks)


def _table(
    rows: EngineRows, asked: Request, keys: list[str], found: pd.DataFrame, blocks: Any, masks: Any
) -> pd.DataFrame:
    """Make the small table of what the engine has found, and keep the latest instant as a fact."""
    rows.facts = pd.DataFrame({"last": [found[_LAST].max()], "timed_time": 1})
    last = rows.instant("last").last()
    if last is not None and last.utc % _QUARTER == 0:  # a midnight, perhaps: only then do the others matter
        rows.facts["timed_time"] = engines.collect(rows.checked().select(narwhals().col("csm:fact_timed_time").sum()))
    ids = small.checked_ids(METRIC, "user", found[asked.user])
    return small.combined(METRIC, [small.made(ids, [found[key] for key in keys], blocks, masks, by_part=True)])
