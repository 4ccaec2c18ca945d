"""Active days that an engine finds: as masks of dense users, or counted by gap; both against pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import csmetrics as csm
from csmetrics._frames import engines
from csmetrics._frames.bits import ROUGHLY, grouped
from csmetrics.cohorts import _engine_days
from csmetrics.cohorts._engine_days import EngineDays

from ..engine_frames import FRAMES, NAMES

WITH_MASKS = [name for name in NAMES if name.values[0] not in ("pyarrow", "dask")]
OPTIONS: list[dict[str, Any]] = [
    {"by": "plan"},
    {"wau": 1, "mau": 70, "as_of": "2024-04-10", "since": "2024-01-01"},
    {"by": ["plan", "user"], "freq": "M"},
    {"freq": "Q-JAN", "as_of": "2024-03-20"},
]


def events(users: int, rows: int = 400, days: int = 130) -> pd.DataFrame:
    """Make the events of so many users: in three blocks of 64 days, some of them twice a day."""
    rng = np.random.default_rng(users)
    time = pd.Timestamp("2024-01-20") + pd.to_timedelta(rng.integers(0, days * 86_400, rows), unit="s")
    return pd.DataFrame(
        {"user": rng.integers(0, users, rows) + 10**6, "time": time, "plan": rng.choice(["a", "b"], rows)}
    )


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Note whether users were taken as dense, and take them for it, or not, where "forced" says so."""
    noted: dict[str, Any] = {"dense": [], "forced": None}
    decide = EngineDays._dense

    def watch(days: EngineDays, count: int) -> bool:
        noted["dense"].append(dense := decide(days, count))
        return dense if noted["forced"] is None else bool(noted["forced"])

    monkeypatch.setattr(EngineDays, "_dense", watch)
    return noted


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("engine", WITH_MASKS)
def test_masks_and_gaps_agree(engine: str, options: dict[str, Any], ways: dict[str, Any]) -> None:
    both = (None,) if engine == "pyspark" else (True, False)  # Spark takes long, even for a few rows
    for users in (3, 100):
        rows = events(users)
        frame, expected = FRAMES[engine](rows), csm.cohorts.active_users(rows, **options)
        for ways["forced"] in both:
            found = csm.cohorts.active_users(frame, **options)
            assert_frame_equal(found, expected)
            assert found.attrs["notes"] == expected.attrs["notes"]
    assert len(ways["dense"]) == 2 * len(both)


@pytest.mark.parametrize("engine", WITH_MASKS)
def test_masks_where_users_are_dense(engine: str, ways: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Three users have at most 9 masks for 400 events; a hundred may have 300. No users are collected from Spark."""
    crossed: list[list[str]] = []
    collect = engines.collect

    def watch(frame: Any) -> pd.DataFrame:
        table = collect(frame)
        crossed.append(list(map(str, table)))
        return table

    monkeypatch.setattr(engines, "collect", watch)
    for users in (3, 100):
        csm.cohorts.active_users(FRAMES[engine](events(users)))
    dense = engine != "pyspark"
    assert ways["dense"] == [dense, False]
    assert [("csm:mask" in names, "user" in names) for names in crossed if "csm:day" in names or "user" in names] == [
        (dense, dense),
        (False, False),  # no users leave the engine
    ]


def test_groups_make_users_sparse(ways: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A user has masks in each group; many groups are taken for so many users. Only so many masks may cross."""
    pytest.importorskip("duckdb")
    rows = events(6, days=60).assign(group=np.arange(400) % 100)
    csm.cohorts.active_users(FRAMES["duckdb"](rows))
    csm.cohorts.active_users(FRAMES["duckdb"](rows), by="group")
    monkeypatch.setattr(_engine_days, "_MOST", 3)
    csm.cohorts.active_users(FRAMES["duckdb"](rows))
    assert ways["dense"] == [True, False, False]


@pytest.mark.parametrize("forced", [True, False])
def test_a_day_that_a_zone_skipped_is_no_day_of_a_window(forced: bool, ways: dict[str, Any]) -> None:
    """Samoa had no 30 December 2011: the 29th and the 31st are neighbours."""
    pytest.importorskip("polars")
    time = pd.to_datetime(["2011-12-29 12:00", "2011-12-31 12:00", "2012-01-03 12:00"]).tz_localize("Pacific/Apia")
    rows = pd.DataFrame({"user": ["a", "a", "b"], "time": time})
    ways["forced"] = forced
    found = csm.cohorts.active_users(FRAMES["polars"](rows), wau=2, mau=3, since="2011-12-20")
    assert_frame_equal(found, csm.cohorts.active_users(rows, wau=2, mau=3, since="2011-12-20"))
    assert found.loc["2011-12-31"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("engine", WITH_MASKS)
def test_roughly_distinct(engine: str) -> None:
    rows = pd.DataFrame({"user": np.arange(3000) % 1000})
    rows["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rows["user"], unit="D")
    columns = {
        "users": ("user", ROUGHLY),
        "days": ("day", ROUGHLY),
        "rows": ("user", "count"),
        "last": ("user", "max"),
        "sum": ("user", "sum"),
    }
    found = engines.collect(grouped(engines.lazy(FRAMES[engine](rows)), (), columns))
    assert all(600 < int(found[name].iloc[0]) < 1500 for name in ("users", "days"))
    assert found[["rows", "last", "sum"]].iloc[0].tolist() == [3000, 999, 3 * 999 * 500]
