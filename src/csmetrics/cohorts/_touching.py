"""Ends that touch the next start: the mark of a ledger whose ends are inclusive and are read as exclusive."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._rows.engine_time import wall_seconds
from csmetrics.cohorts._rows.instants import NAT, Times
from csmetrics.cohorts._rows.remarks import Remarks

_MOST = 50_000  # rows that are looked at; of larger ledgers, those of a part of the customers
_HEAD = 5_000  # rows of an engine's frame whose customers are looked at
_DAY = 86_400  # seconds


def note_touching(remarks: Remarks, customer: Any, begins: Times, ends: Times) -> None:
    """Note the rows that begin one day, or within a day one second, after an end of the same customer."""
    if customer.size > _MOST:
        some = np.flatnonzero(customer & (2 ** (customer.size // _MOST).bit_length() - 1) == 0)  # one in 2, 4, 8, ...
        customer, begins, ends = customer[some], begins.take(some), ends.take(some)
    ended = np.flatnonzero(ends.ticks != NAT)
    if not ended.size:
        return
    begin, end = (times.ticks // (times.per_day // _DAY) for times in (begins, ends.take(ended)))
    days = not (ends.ticks[ended] % ends.per_day).any()
    width = 2**34  # seconds of a few centuries around 1970
    starts, stops = customer * width + begin, customer[ended] * width + end
    touching, exact = (int(np.isin(starts, stops + gap).sum()) for gap in (_DAY if days else 1, 0))
    _note(remarks, touching, exact, customer.size - pd.unique(customer).size, days)


def note_touching_on_engine(remarks: Remarks, frame: Any, customer: str, begins: Any, ends: Any) -> None:
    """Do the same on an engine, for the customers of its first rows."""
    nw = narwhals()
    rows = frame.select(nw.col(customer).alias("csm:customer"), begins.alias("csm:begin"), ends.alias("csm:end"))
    rows = rows.join(rows.select("csm:customer").head(_HEAD).unique(), on="csm:customer", how="inner")
    ended = rows.filter(~nw.col("csm:end").is_null())
    at = wall_seconds(nw.col("csm:end"))
    at = nw.when(at % _DAY == _DAY - 1).then(at + 1).otherwise(at)  # the last second of a day is its end
    odd = ended.select((at % _DAY != 0).cast(nw.Int64).alias("csm:odd")).select(nw.col("csm:odd").sum())
    odd = engines.collect(odd)["csm:odd"].iloc[0]
    if pd.isna(odd):  # nothing ends
        return
    tags = ("csm:start", "csm:touching", "csm:exact")
    parts = [(rows, wall_seconds(nw.col("csm:begin"))), (ended, at + (1 if odd else _DAY)), (ended, at)]
    tagged = [
        part.select(
            "csm:customer", second.alias("csm:at"), *(nw.lit(int(i == j)).alias(tag) for j, tag in enumerate(tags))
        )
        for i, (part, second) in enumerate(parts)
    ]
    met = nw.concat(tagged).group_by("csm:customer", "csm:at")
    met = met.agg(nw.col("csm:start").sum(), nw.col("csm:touching").max(), nw.col("csm:exact").max())
    start = nw.col("csm:start")
    by_customer = met.group_by("csm:customer").agg(start.sum().alias("csm:start"))
    again = by_customer.select((start - 1).alias("csm:again")).select(nw.col("csm:again").sum())
    found = engines.collect(
        met.select((start * nw.col(tag)).alias(tag) for tag in tags[1:]).select(
            *(nw.col(tag).sum() for tag in tags[1:])
        )
    )
    touching, exact = (int(found[tag].iloc[0]) for tag in tags[1:])
    if touching:
        _note(remarks, touching, exact, int(engines.collect(again)["csm:again"].iloc[0]), not odd)


def _note(remarks: Remarks, touching: int, exact: int, again: int, days: bool) -> None:
    """Note the touching rows; most rows that begin after others do where the ends are inclusive."""
    if touching:
        rows = f"{touching} rows begin" if touching > 1 else "1 row begins"
        sentence = f"{rows} one {'day' if days else 'second'} after an end of the same customer, which counts as a gap."
        doubtful = touching > exact and 2 * touching >= again
        remarks.note(
            f"{sentence} If `end` is the last {'day' if days else 'second'} of a row, pass closed='both'.",
            doubtful=doubtful,
        )
