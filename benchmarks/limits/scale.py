"""Work that does not fit in memory at once, against one query by hand: engines read Parquet files.

A thousand million events: ``python examples/large_scale.py --events 1_000_000_000 --by-hand``, which has its own query.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
from cohorts import COLUMNS, make_ledger, movements_duckdb, movements_ours
from harness import Paired, paired

import csmetrics as csm
from limits import limit

PER_FILE = 5_000_000
MONTHS = 24
AS_OF = "2025-12-31"
VISIT = 4  # events
EVENTS = """
copy (
    with visits as (
        select hash(2 * visit) / 18446744073709551616 as one, hash(2 * visit + 1) / 18446744073709551616 as other, event
        from (select range // {visit} as visit, range % {visit} as event from range({begin}, {begin} + {rows}))
    )
    select floor({users} * {share})::bigint as "user",
        timestamp '2024-01-01' + to_seconds(({later} + one / {files}) * 730 * 86400 + 60 * event) as time
    from visits
) to '{path}' (format parquet, compression zstd)
"""
JOINED = "({later} + one / {files}) * (1 - other ^ 6)"  # most come soon after they have joined, some for years
ANY = "other"


def _events(folder: Path, rows: int, share: str = JOINED) -> list[Path]:
    """Write visits in the order of time, twelve events per user, a file of five million for each stretch of time.

    Users are numbered in the order in which they join; `share` of them joined before the user of a visit.
    """
    connection = duckdb.connect(config={"threads": 2})
    files, each = max(rows // PER_FILE, 1), min(rows, PER_FILE)
    paths = [folder / f"{number:03d}.parquet" for number in range(files)]
    for number, path in enumerate(paths):
        facts = {"rows": each, "begin": number * each, "users": rows // 12, "later": number / files, "files": files}
        connection.execute(EVENTS.format(**facts, share=share.format(**facts), visit=VISIT, path=path))
    return paths


def _in_one_query(files: list[Path]) -> pl.DataFrame:
    """Count the users of each cohort by month with Polars, streaming."""
    month = (pl.col("time").dt.year().cast(pl.UInt32) - 2024) * 12 + pl.col("time").dt.month().cast(pl.UInt32) - 1
    bit = pl.lit(2, pl.UInt64).pow(month)
    users = pl.scan_parquet(files).group_by("user").agg(m=bit.bitwise_or())
    users = users.with_columns(cohort=pl.col("m").bitwise_trailing_zeros())
    cells = {f"a{i}": ((pl.col("m") & (1 << i)) != 0).sum() for i in range(MONTHS)}
    return users.group_by("cohort").agg(**cells).sort("cohort").collect(engine="streaming")


def _folded(files: list[Path], saved: Path) -> Any:
    """Add three files at a time to a saved state, and compute retention from it."""
    shutil.rmtree(saved, ignore_errors=True)
    csm.cohorts.activity(pl.scan_parquet(files[:3])).save(saved)
    for at in range(3, len(files), 3):
        csm.cohorts.Activity.load(saved).update(pl.scan_parquet(files[at : at + 3]))
    return csm.cohorts.Activity.load(saved).retention(as_of=AS_OF)


def folded(share: str, rows: int, rounds: int) -> Paired:
    with tempfile.TemporaryDirectory() as name:
        files, saved = _events(Path(name), rows, share), Path(name) / "state"
        grid, found = _folded(files, saved), _in_one_query(files)
        for cohort, *months in found.iter_rows():
            assert grid.counts.iloc[cohort].dropna().tolist() == months[cohort:], "retention: the sides do not agree"
        return paired(lambda: _folded(files, saved), {"Polars": lambda: _in_one_query(files)}, rounds)


FOLDED = "retention of 300 M events, 25 M users, folded on Polars"
limit(FOLDED, "Polars in one query", 1.0, rows=300_000_000)(partial(folded, JOINED))
limit(f"{FOLDED}, any user at any time", "Polars in one query", None, rows=300_000_000)(partial(folded, ANY))


@limit("movements on DuckDB, 100 M rows of Parquet", "the best query of DuckDB", 1.5, rows=100_000_000)
def movements(rows: int, rounds: int) -> Paired:
    with tempfile.TemporaryDirectory() as name:
        parts = 10
        for part in range(parts):
            ledger = make_ledger(rows // parts)
            ledger["customer"] += part * len(ledger)
            ledger.to_parquet(Path(name) / f"{part}.parquet")
        settings = {"threads": 2, "memory_limit": "4GB", "temp_directory": name, "preserve_insertion_order": False}
        connection = duckdb.connect(config=settings)
        relation = connection.read_parquet(f"{name}/*.parquet")
        relation.create_view("rows")
        np.testing.assert_array_equal(movements_ours(relation).to_numpy(), movements_duckdb(connection)[COLUMNS])
        return paired(lambda: movements_ours(relation), {"DuckDB": lambda: movements_duckdb(connection)}, rounds)
