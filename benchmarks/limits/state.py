"""States of activity against building them anew from all events: bringing them up to date, and figures from them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from harness import Paired, paired

import csmetrics as csm
from limits import limit

AS_OF = "2025-12-31"
_EVENTS = """
copy (
    select u::BIGINT as "user", timestamp '2024-01-01' + to_seconds(joined + (730 * 86400 - 1 - joined) * come) as time
    from (
        select u, (hash(u) % 1000000 / 1000000) * 700 * 86400 as joined, pow(random(), 4) as come
        from (select floor({users} * pow(random(), 1.5)) as u from range({events}))
    )
) to '{path}' (format parquet)
"""


def _made(folder: Path, events: int, users: int) -> tuple[Callable[[], Any], pd.DataFrame]:
    """Write events of users who join within two years and come ever less often; return how to build their state, and
    further events, a hundredth as many."""
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("select setseed(0.5)")
    for name, count in (("all", events), ("more", max(events // 100, 1))):
        connection.execute(_EVENTS.format(users=users, events=count, path=folder / f"{name}.parquet"))
    relation = connection.read_parquet(str(folder / "all.parquet"))
    return lambda: csm.cohorts.activity(relation), pd.read_parquet(folder / "more.parquet")


def _update(rows: int, rounds: int) -> Paired:
    with tempfile.TemporaryDirectory() as name:
        build, more = _made(Path(name), rows, max(rows // 80, 10))
        saved = Path(name) / "state"
        build().save(saved)
        expected = (build() + csm.cohorts.activity(more)).retention(as_of=AS_OF)
        csm.cohorts.Activity.load(saved).update(more)
        found = csm.cohorts.Activity.load(saved).retention(as_of=AS_OF)
        pd.testing.assert_frame_equal(found.counts, expected.counts)
        return paired(lambda: csm.cohorts.Activity.load(saved).update(more), {"building anew": build}, rounds)


def _figures(rows: int, rounds: int, *, each: int) -> Paired:
    with tempfile.TemporaryDirectory() as name:
        build, _ = _made(Path(name), rows, max(rows // each, 10))
        saved = Path(name) / "state"
        build().save(saved)
        figures = lambda: csm.cohorts.Activity.load(saved).retention(as_of=AS_OF)  # noqa: E731
        pd.testing.assert_frame_equal(figures().counts, build().retention(as_of=AS_OF).counts)
        return paired(figures, {"building anew": build}, rounds)


_ANEW = "building it anew, on DuckDB"
limit("update of a state of 100 M events by 1 M, as a delta", _ANEW, 0.03, rows=100_000_000)(_update)
limit("retention from a saved state of 1.3 M users", _ANEW, 0.05, rows=100_000_000)(partial(_figures, each=80))
limit("retention from a saved state of 8 M users", _ANEW, 0.2, rows=100_000_000)(partial(_figures, each=12))
