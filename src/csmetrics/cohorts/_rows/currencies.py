"""Amounts of several currencies, which are no sum: the column that tells them apart, whether or not it was named."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from csmetrics._frames import engines
from csmetrics.cohorts._rows.options import key_names
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.errors import shown

_SHOWN = 5  # currencies that a note lists


def currency_called(columns: Iterable[Any]) -> Any:
    """Return the column that is called currency, however its letters are written; None without one."""
    return next((name for name in columns if isinstance(name, str) and name.lower() == "currency"), None)


def note_currencies(rows: Any, by: Any) -> None:
    """Note that amounts are added over several currencies; not where each group has one. Call it after screening."""
    named = currency_called(rows.columns)
    if named is None or named in key_names(rows.metric, by):
        return
    if isinstance(rows, Rows):
        found = rows.column(named, "currency").dropna().unique().tolist()
    else:
        found = engines.collect(rows.frame.select(named).unique())[named].dropna().tolist()
    if len(found) > 1:
        some = ", ".join(sorted(map(shown, found))[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
        rows.remarks.note(
            f"Amounts of several currencies are added: {some} in the column {shown(named)}. "
            "Convert them to one first, or group by that column.",
            doubtful=True,
        )
