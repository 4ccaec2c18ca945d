"""Active users on DuckDB against the gap query by hand, where users have many active days and where they have few."""

from __future__ import annotations

from functools import partial

import pandas as pd
from cohorts import Table, active_duckdb, active_ours, check_active, make_events
from harness import Paired, paired

from limits import limit


def on_duckdb(events_of_each: int, rows: int, rounds: int) -> Paired:
    """Time users who have so many events each."""

    def make() -> pd.DataFrame:
        events = make_events(rows)
        return events.assign(user=events["user"] % max(rows // events_of_each, 1))

    check_active()
    table = Table(make)
    return paired(lambda: active_ours(table.relation), {"DuckDB": lambda: active_duckdb(table.duckdb)}, rounds)


for words, each, most in (("1,000 events a user", 1000, 0.85), ("10 events a user", 10, 1.15)):
    limit(f"active users on DuckDB, 10 M events, {words}", "the gap query of DuckDB", most, rows=10_000_000)(
        partial(on_duckdb, each)
    )
