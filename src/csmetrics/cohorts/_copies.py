"""Rows of a ledger that are the same as another one: two exports that were put together have them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.remarks import Remarks

_MOST: Final = 100_000  # rows; longer ledgers come from queries, and sorting them takes too long for a note
_SPREAD: Final = np.int64(-7046029254386353131)  # an odd number, which makes of different rows different sums


def what_repeats(ends: bool) -> str:
    """Return the columns by which rows of a ledger are told apart, in words."""
    return "customer, start, end and amount" if ends else "customer, date and amount"


def note_copies(remarks: Remarks, columns: list[Any], what: str) -> None:
    """Note how many rows are the same as another one; they all count.

    Parameters
    ----------
    remarks
        Where to note it.
    columns
        Integers of each row, which together tell it from others; None for a column that is not there.
    what
        The columns in words.
    """
    there = [column for column in columns if column is not None]
    if not 1 < len(there[0]) <= _MOST:
        return
    mixed = np.zeros(len(there[0]), np.int64)
    for column in there:
        mixed = mixed * _SPREAD + column
    order = np.sort(mixed)
    if not (order[1:] == order[:-1]).any():
        return
    table = np.stack(there).astype(np.int64)
    copies = table.shape[1] - np.unique(table, axis=1).shape[1]
    _note(remarks, copies, what)


def note_copies_on_engine(rows: EngineRows, names: list[str], what: str) -> None:
    """Do the same on an engine, for the columns of these names; the rows are screened."""
    if not 1 < rows.count("rows") <= _MOST:
        return
    nw = narwhals()
    each = rows.frame.group_by(*dict.fromkeys(names)).agg(nw.len().alias("csm:rows"))
    again = engines.collect(each.select((nw.col("csm:rows") - 1).alias("csm:again")).select(nw.col("csm:again").sum()))
    _note(rows.remarks, int(again["csm:again"].fillna(0).iloc[0]), what)


def _note(remarks: Remarks, copies: int, what: str) -> None:
    if copies:
        rows = f"{copies:,} rows repeat others" if copies > 1 else "1 row repeats another"
        remarks.note(
            f"{rows} with the same {what}, and their amounts are added. Where the same row was exported twice, keep "
            "one of each: .drop_duplicates()"
        )
