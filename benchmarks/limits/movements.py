"""Movements of MRR on pandas against DuckDB's best query, and against themselves on a tenth of the rows."""

from __future__ import annotations

import numpy as np
from cohorts import COLUMNS, Table, make_ledger, movements_duckdb, movements_ours
from harness import Paired, paired

from limits import limit


def _against_duckdb(rows: int, rounds: int) -> Paired:
    """Time movements against DuckDB, which reads a table of its own faster than a frame of pandas."""
    table = Table(lambda: make_ledger(rows))
    ours, theirs = movements_ours(table.pandas), movements_duckdb(table.duckdb)
    np.testing.assert_array_equal(ours.to_numpy(), theirs[COLUMNS].to_numpy(), "movements: the sides differ")
    rivals = {"DuckDB": lambda: movements_duckdb(table.duckdb)}
    return paired(lambda: movements_ours(table.pandas), rivals, rounds)


limit("movements on pandas, 10 M rows", "the best query of DuckDB", 0.35, rows=10_000_000)(_against_duckdb)
limit("movements on pandas, 30 M rows", "the best query of DuckDB", 0.3, rows=30_000_000)(_against_duckdb)


@limit("movements on pandas, 30 M rows", "3 M rows", 14, rows=30_000_000)
def growth(rows: int, rounds: int) -> Paired:
    many, few = make_ledger(rows), make_ledger(rows // 10)
    return paired(lambda: movements_ours(many), {"3 M rows": lambda: movements_ours(few)}, rounds)
