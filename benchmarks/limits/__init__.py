"""The limits: what csmetrics may take at most, against the best that we know how to write by hand.

A limit is one function. It is given the number of rows and of rounds, makes its data, checks that both sides agree on
it, and returns the seconds of both, measured in turns with `harness.paired`; None where it cannot run. Every file of
this folder is loaded:

    @limit("retention on pandas, 10 M events", "DuckDB's mask query", 0.5, rows=10_000_000)
    def retention(rows: int, rounds: int) -> Paired:
        events = make_events(rows)
        return paired(lambda: ours(events), {"DuckDB": lambda: by_hand(events)}, rounds)

Of several opponents the fastest counts. ``python benchmarks/run.py --limits`` measures them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from harness import Paired

Measure: TypeAlias = Callable[[int, int], Paired | None]


@dataclass(frozen=True)
class Limit:
    """A limit: the work, what it is held against, the largest ratio, the rows of the full size, and its function.

    With None for the largest ratio, the work is measured without a limit.
    """

    work: str
    against: str
    at_most: float | None
    rows: int
    measure: Measure


LIMITS: list[Limit] = []


def limit(work: str, against: str, at_most: float | None, *, rows: int = 0) -> Callable[[Measure], Measure]:
    """Enter a function into the limits; `rows` is the full size, which --scale makes smaller."""

    def enter(measure: Measure) -> Measure:
        LIMITS.append(Limit(work, against, at_most, rows, measure))
        return measure

    return enter
