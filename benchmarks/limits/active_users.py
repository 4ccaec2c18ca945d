"""Active users on engines against the gap query by hand, where users have many active days and where they have few."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
from cohorts import Table, active_duckdb, active_ours, active_polars, check_active, make_events
from harness import Paired, paired

from limits import limit

ENGINES: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "DuckDB": ("relation", "duckdb", active_duckdb),
    "Polars": ("polars", "polars", active_polars),
}


def on_engine(engine: str, events_of_each: int, rows: int, rounds: int) -> Paired:
    """Time users who have so many events each."""

    def make() -> pd.DataFrame:
        events = make_events(rows)
        return events.assign(user=events["user"] % max(rows // events_of_each, 1))

    check_active()
    own, theirs, by_hand = ENGINES[engine]
    table = Table(make)
    mine, other = getattr(table, own), getattr(table, theirs)
    return paired(lambda: active_ours(mine), {engine: lambda: by_hand(other)}, rounds)


for engine in ENGINES:
    for words, each, most in (("1,000 events a user", 1000, 0.85), ("10 events a user", 10, 1.15)):
        limit(f"active users on {engine}, 10 M events, {words}", f"the gap query of {engine}", most, rows=10_000_000)(
            partial(on_engine, engine, each)
        )
