"""Ids that differ in blanks only: one customer that counts as two."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._rows.remarks import Remarks
from csmetrics.errors import shown

MOST: Final = 50_000  # rows that are looked at
HEAD: Final = 5_000  # of an engine's frame


def note_padded(remarks: Remarks, argument: str, ids: pd.Series[Any]) -> None:
    """Note ids that are the same but for blanks around them; of many rows, one in so many is looked at."""
    if ids.dtype != object and not isinstance(ids.dtype, (pd.StringDtype, pd.CategoricalDtype, pd.ArrowDtype)):
        return
    padded: dict[str, set[str]] = {}
    with suppress(Exception):  # ids that cannot be hashed or compared, which is found elsewhere
        padded = _padded(np.asarray(ids.iloc[:: len(ids) // MOST + 1].dropna().unique(), dtype=object))
    if padded:
        _note_padded(remarks, argument, padded, ids[ids.isin(list(padded))].unique())


def note_padded_on_engine(remarks: Remarks, argument: str, frame: Any, name: str) -> None:
    """Do the same on an engine, for the ids of its first rows."""
    nw = narwhals()
    ids, column = frame.select(name), nw.col(name)
    if ids.collect_schema()[name] != nw.String:
        return
    some = engines.collect(ids.head(HEAD).filter(column != column.str.strip_chars()).unique())
    padded = _padded(some[name])
    if padded:
        bare = engines.collect(ids.filter(column.is_in(list(padded))).unique())
        _note_padded(remarks, argument, padded, bare[name])


def _padded(ids: Iterable[Any]) -> dict[str, set[str]]:
    """Return the ids with blanks around them, by what they are without."""
    found: dict[str, set[str]] = {}
    for one in ids:
        if isinstance(one, str) and one != one.strip():
            found.setdefault(one.strip(), set()).add(one)
    return found


def _note_padded(remarks: Remarks, argument: str, padded: dict[str, set[str]], bare: Iterable[str]) -> None:
    for one in bare:
        padded[one].add(one)
    alike = next((sorted(several) for several in padded.values() if len(several) > 1), None)
    if alike:
        remarks.note(
            f"Ids of `{argument}` differ in blanks only, such as {shown(alike[0])} and {shown(alike[1])}, and count as "
            "two: .str.strip() makes one of them.",
            doubtful=True,
        )
