"""Retention, lifecycle and active users against the best query by hand, which keeps a user's months as bits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
from cohorts import AS_OF, FIRST, MONTHS, Table, make_events
from harness import Paired, paired

import csmetrics as csm
from limits import limit

YEAR = int(FIRST.astype("M8[Y]").astype(int)) + 1970
MONTH_SQL = f"(year(time) * 12 + month(time) - {YEAR * 12 + 1})"
USERS_SQL = f'select bit_or(1::bigint << {MONTH_SQL}) as m from rows group by "user"'
ACTIVE_SQL = ", ".join(f"sum((m >> {i}) & 1) as a{i}" for i in range(MONTHS))
RETURNING_SQL = ", ".join(f"sum((m >> {i}) & (m >> {i - 1}) & 1) as r{i}" for i in range(1, MONTHS))
RETENTION_SQL = f"select bit_count((m & -m) - 1) as cohort, {ACTIVE_SQL} from ({USERS_SQL}) group by 1 order by 1"
LIFECYCLE_SQL = RETENTION_SQL.replace("as cohort,", f"as cohort, count(*) as new, {RETURNING_SQL},")

_CELLS = ", ".join(f"sum(bitShiftRight(m, {i}) % 2) as a{i}" for i in range(MONTHS))
CHDB_SQL = f"""
select bitCount(bitXor(m, m - 1)) - 1 as cohort, {_CELLS}
from (select groupBitOr(bitShiftLeft(toUInt64(1), toYear(time) * 12 + toMonth(time) - {YEAR * 12 + 1})) as m
      from Python(frame) group by user) group by cohort order by cohort
"""


def by_duckdb(query: str, connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return connection.execute(query).df()


def polars_users(events: pl.LazyFrame) -> pl.LazyFrame:
    month = pl.col("time").dt.year() * 12 + pl.col("time").dt.month() - (YEAR * 12 + 1)
    bit = pl.lit(2, pl.Int64).pow(month.cast(pl.UInt32))
    return events.group_by("user").agg(m=bit.bitwise_or()).with_columns(cohort=pl.col("m").bitwise_trailing_zeros())


def some(bits: int) -> pl.Expr:
    return ((pl.col("m") & bits) == bits).sum()


def retention_polars(events: pl.LazyFrame) -> pl.DataFrame:
    cells = {f"a{i}": some(1 << i) for i in range(MONTHS)}
    return polars_users(events).group_by("cohort").agg(**cells).sort("cohort").collect(engine="streaming")


def lifecycle_polars(events: pl.LazyFrame) -> pl.DataFrame:
    cells = {"new": pl.len()} | {f"r{i}": some(3 << i - 1) for i in range(1, MONTHS)}
    cells |= {f"a{i}": some(1 << i) for i in range(MONTHS)}
    return polars_users(events).group_by("cohort").agg(**cells).sort("cohort").collect(engine="streaming")


def retention(events: Any) -> Any:
    return csm.cohorts.retention(events, as_of=AS_OF)


def lifecycle(events: Any) -> Any:
    return csm.cohorts.lifecycle(events, as_of=AS_OF)


def check_retention(grid: Any, found: Any) -> None:
    """Compare the triangle with a table of cohort by month."""
    found = found if isinstance(found, pd.DataFrame) else pd.DataFrame(found.to_dict(as_series=False))
    months = found.set_index("cohort").reindex(range(MONTHS), fill_value=0)
    for cohort in range(MONTHS):
        wanted = months.loc[cohort, [f"a{i}" for i in range(cohort, MONTHS)]].astype(int).tolist()
        assert grid.counts.iloc[cohort].dropna().tolist() == wanted, "retention: the sides do not agree"


def check_lifecycle(frame: pd.DataFrame, found: Any) -> None:
    found = found if isinstance(found, pd.DataFrame) else pd.DataFrame(found.to_dict(as_series=False))
    assert frame["active"].tolist() == [int(found[f"a{i}"].sum()) for i in range(MONTHS)]
    assert frame["returning"].tolist()[1:] == [int(found[f"r{i}"].sum()) for i in range(1, MONTHS)]
    assert frame["new_users"].sum() == found["new"].sum()


def few_users(rows: int) -> pd.DataFrame:
    events = make_events(rows)
    return events.assign(user=events["user"] % 1000)


def skewed_users(rows: int) -> pd.DataFrame:
    """Make events of which a few users have most."""
    events = make_events(rows)
    rank = np.random.default_rng(5).random(rows) ** 4
    return events.assign(user=(rank * (rows // 5 + 1)).astype(np.int64))


def on_pandas(make: Callable[[int], pd.DataFrame], rivals: str, rows: int, rounds: int) -> Paired | None:
    """Time retention on pandas against mask queries on the same rows in memory."""
    table = Table(lambda: make(rows))
    frame, grid = table.pandas, retention(table.pandas)
    queries: dict[str, Callable[[], Any]] = {"Polars": lambda: retention_polars(table.polars)}
    if rivals == "all":
        queries["DuckDB"] = lambda: by_duckdb(RETENTION_SQL, table.on_pandas)
        queries["DuckDB, own table"] = lambda: by_duckdb(RETENTION_SQL, table.duckdb)
        try:
            import chdb

            queries["chdb"] = lambda: chdb.query(CHDB_SQL, "DataFrame")
        except ImportError:
            pass
    for query in queries.values():
        check_retention(grid, query())
    return paired(lambda: retention(frame), queries, rounds)


def on_engine(work: str, engine: str, text: bool, rows: int, rounds: int) -> Paired:
    """Time a builder on an engine's frame against the mask query by hand."""
    table = Table(lambda: make_events(rows, text=text))
    ours, check = (retention, check_retention) if work == "retention" else (lifecycle, check_lifecycle)
    if engine == "Polars":
        given: Any = table.polars
        query: Any = partial(retention_polars if work == "retention" else lifecycle_polars, given)
    else:
        given = table.relation
        query = partial(by_duckdb, RETENTION_SQL if work == "retention" else LIFECYCLE_SQL, table.duckdb)
    check(ours(given), query())
    return paired(lambda: ours(given), {f"mask query on {engine}": query}, rounds)


TEXT = partial(make_events, text=True)
TEN = 10_000_000
for data, make in (("", make_events), (", skewed users", skewed_users), (", 1000 users", few_users)):
    limit(f"retention on pandas, 10 M events{data}", "the best mask query", 0.5, rows=TEN)(
        partial(on_pandas, make, "all")
    )
limit("retention on pandas, 10 M events, text ids", "Polars' mask query", 0.75, rows=TEN)(
    partial(on_pandas, TEXT, "Polars")
)
limit("retention on pandas, 10 M events, text ids", "the best mask query", 1.4, rows=TEN)(
    partial(on_pandas, TEXT, "all")
)
for engine, most in (("DuckDB", 1.15), ("Polars", 1.3)):
    for ids, text in (("", False), (", text ids", True)):
        limit(f"retention on {engine}, 10 M events{ids}", f"mask query on {engine}", most, rows=TEN)(
            partial(on_engine, "retention", engine, text)
        )
    limit(f"lifecycle on {engine}, 10 M events", f"mask query on {engine}", 1.3, rows=TEN)(
        partial(on_engine, "lifecycle", engine, False)
    )
