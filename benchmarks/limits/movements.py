"""Movements of MRR on pandas against DuckDB's best query, and against themselves on a tenth of the rows."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
from cohorts import COLUMNS, make_ledger, movements_duckdb, movements_ours
from harness import Paired, paired

from limits import limit


def _against_duckdb(rows: int, rounds: int) -> Paired:
    ledger: Any = make_ledger(rows)
    connection = duckdb.connect().register("rows", ledger)
    ours, theirs = movements_ours(ledger), movements_duckdb(connection)
    np.testing.assert_array_equal(ours.to_numpy(), theirs[COLUMNS].to_numpy(), "movements: the sides differ")
    return paired(lambda: movements_ours(ledger), {"DuckDB": lambda: movements_duckdb(connection)}, rounds)


limit("movements on pandas, 10 M rows", "the best query of DuckDB", 0.35, rows=10_000_000)(_against_duckdb)
limit("movements on pandas, 30 M rows", "the best query of DuckDB", 0.3, rows=30_000_000)(_against_duckdb)


@limit("movements on pandas, 30 M rows", "3 M rows", 14, rows=30_000_000)
def growth(rows: int, rounds: int) -> Paired:
    many, few = make_ledger(rows), make_ledger(rows // 10)
    return paired(lambda: movements_ours(many), {"3 M rows": lambda: movements_ours(few)}, rounds)
