"""Work that does not fit in memory at once, against one query by hand: engines read Parquet files.

A thousand million events: ``python examples/large_scale.py --events 1_000_000_000 --by-hand``, which has its own query.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Callable
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

PER_USER = 12  # events
PER_FILE = 5_000_000
MONTHS = 24
AS_OF = "2025-12-31"
ANY = """
copy (
    select floor(random() * {users})::bigint as "user",
        timestamp '2024-01-01' + to_seconds(({later} + random() / {files}) * (731 * 86400 - 1)) as time
    from range({rows})
) to '{path}' (format parquet, compression zstd)
"""
PROGRAM = Path(__file__).parents[2] / "examples" / "large_scale.py"


def _visits(folder: Path, rows: int) -> None:
    """Have the example write its events: visits of users who join at any time, and stay for weeks or years."""
    spec = importlib.util.spec_from_file_location("large_scale", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    sys.modules["large_scale"] = program = importlib.util.module_from_spec(spec)  # dataclasses look up their module
    spec.loader.exec_module(program)
    program.make_events(folder, rows, PER_USER)


def _anybody(folder: Path, rows: int) -> None:
    """Write events of any user at any time, a file for each stretch of time: each has nearly all users."""
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("select setseed(0.5)")
    files, each = max(rows // PER_FILE, 1), min(rows, PER_FILE)
    for number in range(files):
        facts = {"rows": each, "users": rows // PER_USER, "later": number / files, "files": files}
        connection.execute(ANY.format(**facts, path=folder / f"{number:03d}.parquet"))


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


def folded(make: Callable[[Path, int], None], rows: int, rounds: int) -> Paired:
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), rows)
        files, saved = sorted(Path(name).glob("*.parquet")), Path(name) / "state"
        grid, found = _folded(files, saved), _in_one_query(files)
        for cohort, *months in found.iter_rows():
            assert grid.counts.iloc[cohort].dropna().tolist() == months[cohort:], "retention: the sides do not agree"
        return paired(lambda: _folded(files, saved), {"Polars": lambda: _in_one_query(files)}, rounds)


FOLDED = "retention of 300 M events, 25 M users, folded on Polars"
limit(FOLDED, "Polars in one query", 1.0, rows=300_000_000)(partial(folded, _visits))
limit(f"{FOLDED}, any user at any time", "Polars in one query", None, rows=300_000_000)(partial(folded, _anybody))


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
