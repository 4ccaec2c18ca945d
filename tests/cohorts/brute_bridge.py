"""The bridge with gaps, plans at the opening and exchange rates, a second time in plain Python and exact fractions.

Every customer is looked at just before every boundary, with all its lines. The code shares nothing with the library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from .brute_movements import COLUMNS, first_instant, next_first_instant

Table = dict[tuple[Any, ...], dict[str, Fraction]]
Rates = Mapping[tuple[datetime, str], Fraction]  # by the first instant of the period


@dataclass(frozen=True)
class Line:
    """An amount from one instant to another."""

    customer: str
    start: datetime
    end: datetime | None
    mrr: int
    group: str
    currency: str


@dataclass(frozen=True)
class How:
    """What is asked for."""

    freq: str
    covered: datetime  # the first instant that the data does not cover
    grace: timedelta = timedelta(0)
    span: int = 1
    by: str = ""  # "", "group" or "customer"
    by_at: str = "row"


def bridge(lines: list[Line], how: How, rates: Rates | None = None) -> Table:
    """Return the movements by period and group; groups without any line are not listed."""
    lines = [line for line in lines if line.start < how.covered]
    if not lines:
        return {}
    edges = [first_instant(min(line.start for line in lines), how.freq)]
    while next_first_instant(edges[-1], how.freq) + how.grace <= how.covered:
        edges.append(next_first_instant(edges[-1], how.freq))
    apart = how.by == "group" and how.by_at == "row"
    units: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        units.setdefault((line.customer, line.group) if apart else (line.customer,), []).append(line)
    groups = sorted({_label(line, how) for line in lines})
    table = {
        (edge, *group): dict.fromkeys((*COLUMNS, "fx_mrr"), Fraction(0)) for edge in edges[:-1] for group in groups
    }
    for its in units.values():
        states = [[], *(_live(its, edge, how) for edge in edges[1:])]
        for p in range(len(edges) - 1):
            opening = max(p + 1 - how.span, 0)
            own, before = _rate(rates, edges[p]), _rate(rates, edges[max(p - how.span, 0)])
            old, new = states[opening], states[p + 1]
            home = max(old, key=lambda line: _rank(line, before), default=None)
            home = home or max(new, key=lambda line: _rank(line, own), default=None)
            if home is not None:
                seen = any(states[q] for q in range(opening))
                _add(table[edges[p], *_label(home, how)], old, new, before, own, seen)
    return table


def _label(line: Line, how: How) -> tuple[str, ...]:
    return {"": (), "group": (line.group,), "customer": (line.customer,)}[how.by]


def _rate(rates: Rates | None, edge: datetime) -> dict[str, Fraction]:
    return {c: Fraction(1) if rates is None else rates[edge, c] for c in ("EUR", "USD")}


def _rank(line: Line, rate: dict[str, Fraction]) -> tuple[Any, ...]:
    return line.mrr * rate[line.currency], -(line.start - datetime(1970, 1, 1)), [-ord(c) for c in line.group]


def _live(lines: list[Line], edge: datetime, how: How) -> list[Line]:
    """Return the lines just before an instant, or, in a gap that is bridged, those just before the gap."""
    lines = [line for line in lines if line.mrr and line.start != line.end]
    here = _before(lines, edge)
    if here or not how.grace:
        return here
    moments = {line.start for line in lines} | {line.end for line in lines if line.end}
    left = max((t for t in moments if t < edge and _before(lines, t)), default=None)
    back = min((t for t in moments if t >= edge and _before(lines, t + timedelta(seconds=1))), default=None)
    if left is None or back is None or back - left > how.grace:
        return here
    return _before(lines, left)


def _before(lines: list[Line], edge: datetime) -> list[Line]:
    """Return the lines that are live just before an instant; none where they add up to nothing."""
    live = [line for line in lines if line.start < edge and (line.end is None or line.end >= edge)]
    sums = {line.currency: sum(other.mrr for other in live if other.currency == line.currency) for line in live}
    return live if any(sums.values()) else []


def _add(
    total: dict[str, Fraction],
    old: list[Line],
    new: list[Line],
    before: dict[str, Fraction],
    own: dict[str, Fraction],
    seen: bool,
) -> None:
    opening = sum((line.mrr * before[line.currency] for line in old), Fraction(0))
    same = sum((line.mrr * before[line.currency] for line in new), Fraction(0))
    closing = sum((line.mrr * own[line.currency] for line in new), Fraction(0))
    total["start"] += bool(old)
    total["end"] += bool(new)
    total["start_mrr"] += opening
    total["end_mrr"] += closing
    total["fx_mrr"] += closing - same
    if old and not new:
        total["lost"] += 1
        total["churned_mrr"] += opening
    elif new and not old:
        total["reactivated" if seen else "new"] += 1
        total["reactivation_mrr" if seen else "new_mrr"] += same
    else:
        total["expansion_mrr" if same > opening else "contraction_mrr"] += abs(same - opening)
