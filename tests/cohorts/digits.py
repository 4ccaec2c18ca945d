"""Figures of builders to their last digit, for `test_threads`: ``python digits.py polars 4`` prints them as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import csmetrics as csm

ROWS = 150_000  # engines share rows among their threads in parts of 122,880 or fewer
build = csm.cohorts


def rows() -> pd.DataFrame:
    """Make up rows that are subscriptions, events, tickets and answers at once; amounts have many digits."""
    rng = np.random.default_rng(5)
    start = np.datetime64("2024-01-01", "us") + (rng.integers(0, 300 * 86_400, ROWS) * 10**6).astype("m8[us]")
    return pd.DataFrame(
        {
            "customer": rng.integers(0, ROWS // 5, ROWS),
            "start": start,
            "answered": start + (rng.integers(60, 86_400, ROWS) * 10**6).astype("m8[us]"),
            "end": start + (rng.integers(86_400, 200 * 86_400, ROWS) * 10**6).astype("m8[us]"),
            "mrr": rng.integers(1, 10**6, ROWS) / 300,
            "score": rng.integers(0, 11, ROWS),
            "plan": rng.choice(["free", "pro", "team"], ROWS),
        }
    )


CALLS: dict[str, Callable[[Any], Any]] = {
    "movements": lambda f: build.movements_from_subscriptions(f, as_of="2024-12-31", squares=True),
    "movements by plan": lambda f: build.movements_from_subscriptions(f, as_of="2024-12-31", by="plan", span=3),
    "retention": lambda f: build.retention(f, user="customer", time="start", as_of="2024-12-31").rates(),
    "active users": lambda f: build.active_users(f, user="customer", time="start"),
    "tickets": lambda f: build.tickets(f, created="start", first_response="answered", resolved="end", by="plan"),
    "survey": lambda f: build.survey(f, nps="score", by="plan"),
}


def digits(make: Callable[[pd.DataFrame], Any]) -> dict[str, list[str]]:
    """Return all numbers of all calls as text from which the very same numbers can be read."""
    data = make(rows())
    found = {name: np.asarray(call(data).to_numpy(dtype=np.float64, na_value=np.nan)) for name, call in CALLS.items()}
    return {name: [value.hex() for value in values.reshape(-1).tolist()] for name, values in found.items()}


def maker(engine: str, threads: int) -> Callable[[pd.DataFrame], Any]:
    """Return what makes an engine's frame; the threads of Polars and numpy are set in the environment before."""
    if engine == "polars":
        import polars as pl

        return lambda frame: pl.from_pandas(frame).lazy()
    if engine == "duckdb":
        import duckdb

        connection = duckdb.connect(config={"threads": threads})
        return lambda frame: connection.from_df(frame)
    return lambda frame: frame


if __name__ == "__main__":
    print(json.dumps(digits(maker(sys.argv[1], int(sys.argv[2])))))
