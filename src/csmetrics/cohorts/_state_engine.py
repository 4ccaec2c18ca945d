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
from csmetrics.cohorts._rows.instants import HOUR, Times
from csmetrics.cohorts._rows.remarks import Remarks

METRIC = "activity"
_MASK, _LAST = "csm:mask", "csm:last"
_SAMPLE = 1000  # rows that show which periods there are
_HALF = small.BITS // 2
_QUARTER = HOUR // 4  # by which the midnights of all time zones differ
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
    if adapter(rows.frame) is None:
        return None
    number = period_number(asked.calendar, rows.frame, instants)
    found = _in_one_word(rows, asked, keys, instants, number)
    if found is not None:
        return found
    frame = in_blocks(rows.checked().with_columns((number + _SHIFT).alias("csm:number")), "csm:number")
    columns: Columns = {_MASK: Bits(BIT, wide=True), _LAST: ("csm:fact_last", "max"), "csm:wrong": ("csm:bad", "sum")}
    table = engines.collect(grouped(frame, [asked.user, *keys, BLOCK], columns))
    if table["csm:wrong"].sum():
        return None
    blocks = table[BLOCK].to_numpy(dtype=np.int64) - _SHIFT // small.BITS
    return _table(rows, asked, keys, table, blocks, read_masks(table[_MASK]))


def _in_one_word(rows: EngineRows, asked: Request, keys: list[str], instants: Any, number: Any) -> pd.DataFrame | None:
    """Make the masks of months and longer periods: an engine takes half the time to group by users alone.

    All periods are to be among the 63 around those of the first rows. Return None where they are not, or where there
    are bad rows: both set the bit that is left.
    """
    nw, calendar = narwhals(), asked.calendar
    if calendar.freq not in "MQY":  # a word of shorter ones is soon full
        return None
    rows.facts = engines.collect(rows.frame.head(_SAMPLE).select(instants.min().alias("some")))
    some = rows.instant("some")
    if not some.known:
        return None
    first, most = calendar.first_of(some) // _HALF * _HALF, small.BITS - 1
    within = (instants >= start_of(calendar, first, some.zone)) & (
        instants < start_of(calendar, first + most, some.zone)
    )
    bit = nw.when(~rows.bad() & within).then(number - first).otherwise(nw.lit(most))
    frame = rows.frame.select(*dict.fromkeys((asked.user, *keys)), instants.alias("csm:fact_last"), bit.alias(BIT))
    columns: Columns = {_MASK: Bits(BIT, wide=True), _LAST: ("csm:fact_last", "max")}
    found = engines.collect(grouped(frame, [asked.user, *keys], columns))
    masks = read_masks(found[_MASK])
    if (masks >> np.uint64(most)).any():
        return None
    table = _table(rows, asked, keys, found, np.full(len(found), first // small.BITS), masks)
    if left := first % small.BITS:
        place, block, bits = np.arange(len(table)), table[small.BLOCK].to_numpy(), table[small.MASK].to_numpy()
        place, block, bits = small.shifted(place, block, bits, left)
        table = table.take(place).reset_index(drop=True).assign(**{small.BLOCK: block, small.MASK: bits})
    return table


def _table(
    rows: EngineRows, asked: Request, keys: list[str], found: pd.DataFrame, blocks: Any, masks: Any
) -> pd.DataFrame:
    """Make the small table of what the engine has found, and keep the latest instant as a fact."""
    rows.facts = pd.DataFrame({"last": [found[_LAST].max()], "timed_time": 1})
    last = rows.instant("last").last()
    if last is not None and last.utc % _QUARTER == 0:  # a midnight, perhaps: only then do the others matter
        rows.facts["timed_time"] = engines.collect(rows.checked().select(narwhals().col("csm:fact_timed_time").sum()))
    ids = small.checked_ids(METRIC, "user", found[asked.user])
    return small.combined(METRIC, [small.made(ids, [found[key] for key in keys], blocks, masks)])
