"""The made-up company's figures in SQLite, and its queries."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).parent
COLUMNS = (
    *("start", "lost", "start_mrr", "new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr"),
    *("promoters", "passives", "detractors"),
)
PLANS = [
    {"plan": "free", **dict(zip(COLUMNS, (5200, 416, 0, 0, 0, 0, 0, 210, 340, 450), strict=True))},
    {"plan": "team", **dict(zip(COLUMNS, (1900, 38, 95000, 6200, 4100, 900, 1800, 320, 150, 90), strict=True))},
    {"plan": "enterprise", **dict(zip(COLUMNS, (60, 1, 240000, 0, 13000, 2500, 2000, 31, 12, 5), strict=True))},
]


def run(query: str, rows: list[Mapping[str, Any]]) -> pd.DataFrame:
    """Run a query file on a table `plans` that holds these rows."""
    with sqlite3.connect(":memory:") as database:
        database.execute(f"CREATE TABLE plans (plan, {', '.join(COLUMNS)})")
        marks = ", ".join("?" * (1 + len(COLUMNS)))
        values = [[row.get(name) for name in ("plan", *COLUMNS)] for row in rows]
        database.executemany(f"INSERT INTO plans VALUES ({marks})", values)
        found = pd.read_sql_query((HERE / query).read_text("utf-8"), database)
    database.close()
    return found


def figure(name: str, **inputs: Any) -> Any:
    """Run the query on one row of inputs and return one figure, so that the query becomes a function."""
    table = run("figures.sql", [{"plan": "one", **inputs}])
    return table.loc[table["plan"] == "all plans", name].iloc[0]
