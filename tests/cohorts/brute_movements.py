"""Movements computed a second time in plain Python: every period, every customer, all rows one by one.

The code shares nothing with the library. Amounts are integers (cents), moments are naive datetimes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

COUNTS = ("start", "new", "reactivated", "lost", "end")
AMOUNTS = (
    "start_mrr",
    "new_mrr",
    "reactivation_mrr",
    "expansion_mrr",
    "contraction_mrr",
    "churned_mrr",
    "end_mrr",
)
COLUMNS = (*COUNTS, *AMOUNTS)

DAY = timedelta(days=1)
Table = dict[tuple[Any, ...], dict[str, int]]


@dataclass(frozen=True)
class Row:
    """A subscription, or, without an end, a snapshot dated `start`."""

    customer: Any
    start: datetime
    end: datetime | None
    mrr: int
    group: tuple[Any, ...] = ()


def subscriptions(rows: list[Row], freq: str, span: int = 1, as_of: datetime | None = None) -> Table:
    """Walk through a ledger, and add up the state just before each period's first instant anew."""
    moments = [moment for row in rows for moment in (row.start, row.end) if moment]
    rows = [replace(row, end=row.end and end_of_day(row.end, row.end)) for row in rows]

    def state(ledger: list[Row], edges: list[datetime], at: int) -> int:
        instant = edges[at]
        return sum(row.mrr for row in ledger if row.start < instant and (row.end is None or row.end >= instant))

    return _walk(rows, freq, span, moments, as_of, state)


def snapshots(rows: list[Row], freq: str, span: int = 1, as_of: datetime | None = None) -> Table:
    """Walk through amounts per period; the state at a period's closing is the sum of the amounts dated in it."""

    def state(ledger: list[Row], edges: list[datetime], at: int) -> int:
        return sum(row.mrr for row in ledger if at and edges[at - 1] <= row.start < edges[at])

    return _walk(rows, freq, span, [row.start for row in rows], as_of, state)


def end_of_day(moment: datetime, otherwise: datetime) -> datetime:
    """Return the next midnight for a moment in the last second of a day."""
    midnight = datetime(moment.year, moment.month, moment.day)
    return midnight + DAY if moment - midnight >= timedelta(hours=23, minutes=59, seconds=59) else otherwise


def _walk(
    rows: list[Row],
    freq: str,
    span: int,
    moments: list[datetime],
    as_of: datetime | None,
    state: Callable[[list[Row], list[datetime], int], int],
) -> Table:
    latest = as_of or max(moments, default=None)
    if latest is None:
        return {}
    midnights = all(one.time() == datetime.min.time() for one in ([as_of] if as_of else moments))
    covered = latest + DAY if midnights else end_of_day(latest, latest)
    known = [row for row in rows if row.start < covered or row.start == latest]
    if not known:
        return {}
    edges = [first_instant(min(row.start for row in known), freq)]
    while next_first_instant(edges[-1], freq) <= covered:
        edges.append(next_first_instant(edges[-1], freq))
    groups = sorted({row.group for row in known}, key=lambda group: [(key is None, key or "") for key in group])
    histories = {}
    for group in groups:
        for customer in {row.customer for row in known}:
            ledger = [row for row in known if row.group == group and row.customer == customer]
            histories[group, customer] = [state(ledger, edges, at) for at in range(len(edges))]
    table: Table = {}
    for p in range(len(edges) - 1):
        for group in groups:
            total = dict.fromkeys(COLUMNS, 0)
            for (its_group, _), history in histories.items():
                if its_group == group:
                    _label(total, history, p + 1 - span, p + 1)
            table[edges[p], *group] = total
    return table


def _label(total: dict[str, int], history: list[int], opening_at: int, closing_at: int) -> None:
    opening = history[opening_at] if opening_at >= 0 else 0
    closing = history[closing_at]
    seen_before = any(history[at] > 0 for at in range(max(opening_at, 0)))
    total["start"] += opening > 0
    total["end"] += closing > 0
    total["start_mrr"] += opening
    total["end_mrr"] += closing
    if opening == 0 and closing > 0 and not seen_before:
        total["new"] += 1
        total["new_mrr"] += closing
    elif opening == 0 and closing > 0:
        total["reactivated"] += 1
        total["reactivation_mrr"] += closing
    elif opening > 0 and closing == 0:
        total["lost"] += 1
        total["churned_mrr"] += opening
    elif closing > opening:
        total["expansion_mrr"] += closing - opening
    elif closing < opening:
        total["contraction_mrr"] += opening - closing


def first_instant(moment: datetime, freq: str) -> datetime:
    """Return the first instant of the period that contains a moment; weeks begin on Monday."""
    if freq == "h":
        return datetime(moment.year, moment.month, moment.day, moment.hour)
    day = datetime(moment.year, moment.month, moment.day)
    if freq == "D":
        return day
    if freq == "W":
        return day - day.weekday() * DAY
    if freq == "M":
        return datetime(moment.year, moment.month, 1)
    if freq == "Q":
        return datetime(moment.year, {1: 1, 2: 4, 3: 7, 4: 10}[(moment.month + 2) // 3], 1)
    assert freq == "Y"
    return datetime(moment.year, 1, 1)


def next_first_instant(first: datetime, freq: str) -> datetime:
    """Return the first instant of the next period: step by hours or days until the period changes."""
    step = timedelta(hours=1) if freq == "h" else DAY
    moment = first
    while first_instant(moment, freq) == first:
        moment += step
    return moment
