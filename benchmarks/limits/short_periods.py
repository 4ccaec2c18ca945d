"""Retention by the hour over a month, and by the day over ten years, against the best query by hand.

So many periods need several words a user, or more than that: the pairs of user and period are then sorted. No limit is
set for them; the table says what they took.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from cohorts import Table
from harness import Paired, paired

import csmetrics as csm
from limits import limit

FIRST = np.datetime64("2016-01-01", "s")
HOUR, DAY = 3600, 86_400  # seconds


def make_events(rows: int, span: int) -> pd.DataFrame:
    """Make the events of users, ten each, who join at any time in so many seconds and come back less and less."""
    rng = np.random.default_rng(14)
    users = max(rows // 10, 1)
    user = rng.integers(0, users, rows)
    joined = rng.random(users)[user]
    second = ((joined + (1 - joined) * rng.random(rows) ** 2) * span).astype(np.int64)
    return pd.DataFrame({"user": user, "time": (FIRST + second).astype("M8[us]")})


def queries(table: Table, seconds: int) -> dict[str, Callable[[], pd.DataFrame]]:
    """Return queries for the users of each cohort (the first period of each user) at each age, the distinct pairs."""
    period = f"((epoch_us(time) - {int(FIRST.astype(int))}000000) // {seconds}000000)::integer"
    firsts = f"""
        with pairs as (select distinct "user", {period} as p from rows),
             firsts as (select "user", min(p) as cohort from pairs group by "user")
        select cohort, p - cohort as age, count(*) as users from pairs join firsts using ("user") group by 1, 2"""
    joined = f"""
        with firsts as (select "user", min({period}) as cohort from rows group by "user")
        select cohort, p - cohort as age, count(*) as users
        from (select distinct "user", cohort, {period} as p from rows join firsts using ("user")) group by 1, 2"""
    words = f"""
        with masks as (select "user", p // 64 as word, bit_or(1::ubigint << (p % 64)::ubigint) as mask, min(p) as low
                       from (select "user", {period} as p from rows) group by 1, 2),
             firsts as (select "user", min(low) as cohort from masks group by "user")
        select cohort, word, {", ".join(f"sum((mask >> {bit}) & 1)::bigint as bit{bit}" for bit in range(64))}
        from masks join firsts using ("user") group by 1, 2"""

    def counted(found: pd.DataFrame) -> pd.DataFrame:
        """Turn a row for each cohort and word into a row for each cohort and age."""
        row, bit = np.nonzero(found.iloc[:, 2:].to_numpy())
        cohort, word = found["cohort"].to_numpy()[row], found["word"].to_numpy()[row]
        users = found.iloc[:, 2:].to_numpy()[row, bit]
        return pd.DataFrame({"cohort": cohort, "age": word * 64 + bit - cohort, "users": users})

    first = int(FIRST.astype(int))
    number = ((pl.col("time").dt.epoch("s") - first) // seconds).cast(pl.Int32)
    age = pl.col("p") - pl.col("cohort")

    def polars() -> pd.DataFrame:
        users = table.polars.group_by("user").agg(p=number.unique(), cohort=number.min()).explode("p")
        return users.group_by("cohort", age=age).agg(users=pl.len()).collect(engine="streaming").to_pandas()

    by_sql = {"DuckDB": firsts, "DuckDB, first periods joined": joined}
    calls: dict[str, Callable[[], pd.DataFrame]] = {
        name: partial(lambda query: table.duckdb.execute(query).df(), query) for name, query in by_sql.items()
    }
    return calls | {"DuckDB, words": lambda: counted(table.duckdb.execute(words).df()), "Polars": polars}


def check(grid: Any, found: pd.DataFrame, start: int) -> None:
    """Compare the triangle, whose first cohort is the period `start`, with the counts of cohort and age."""
    counts = grid.counts.to_numpy(dtype=np.float64, na_value=np.nan)
    wanted = np.where(np.isnan(counts), np.nan, 0.0)
    wanted[found["cohort"].to_numpy() - start, found["age"].to_numpy()] = found["users"].to_numpy()
    known = ~np.isnan(counts)
    assert known.sum() > counts.size // 3
    assert (counts[known] == wanted[known]).all(), "retention: the sides do not agree"


def measured(freq: str, seconds: int, periods: int, rows: int, rounds: int) -> Paired:
    table = Table(lambda: make_events(rows, periods * seconds))
    frame = table.pandas

    def ours() -> Any:
        return csm.cohorts.retention(frame, freq=freq)

    calls, grid = queries(table, seconds), ours()
    start = int((frame["time"].min().to_datetime64() - FIRST) // np.timedelta64(seconds, "s"))
    for call in calls.values():
        check(grid, call(), start)
    return paired(ours, calls, rounds)


for work, freq, seconds, periods in (
    ("30 days by the hour", "h", HOUR, 30 * 24),
    ("10 years by the day", "D", DAY, 3650),
):
    limit(f"retention on pandas, 10 M events, {work}", "the best query", None, rows=10_000_000)(
        partial(measured, freq, seconds, periods)
    )
