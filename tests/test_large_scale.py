"""The large-scale example on little data: each engine agrees with plain pandas, and memory stays within the limit."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm
from csmetrics._frames import engines

from .engine_frames import spark

SCRIPT = Path(__file__).parents[1] / "examples" / "large_scale.py"
EVENTS = 20_000
ENGINES = ["polars", "duckdb", pytest.param("spark", marks=pytest.mark.full)]


def load() -> ModuleType:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    spec = importlib.util.spec_from_file_location("large_scale", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["large_scale"] = module  # dataclasses look up their module
    spec.loader.exec_module(module)
    return module


large_scale = load()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("events")
    large_scale.make_events(folder, EVENTS)
    return folder


@pytest.fixture(scope="module")
def rows(folder: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))], ignore_index=True)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return needed(request.param)


def needed(engine: str) -> str:
    """Skip the test if the engine is missing."""
    pytest.importorskip("narwhals", reason="narwhals is not installed")
    if engine == "spark":
        spark()  # start the session of the test run, which the example then uses
    else:
        pytest.importorskip(engine, reason=f"{engine} is not installed")
    return engine


# ------------------------------------------------------------------------------------------------ in plain pandas


@pytest.fixture(scope="module")
def triangle(rows: pd.DataFrame) -> pd.Series[Any]:
    """Count users by month of the first event and months since then."""
    month = rows["time"].dt.year * 12 + rows["time"].dt.month
    first = month.groupby(rows["user"]).transform("min")
    keys = [first.rename("cohort"), (month - first).rename("age")]
    return rows["user"].groupby(keys).nunique()


@pytest.fixture(scope="module")
def days(rows: pd.DataFrame) -> pd.DataFrame:
    """Count users within 1, 7 and 28 days: a user counts on the day of an event and on the days after it."""
    seen = pd.DataFrame({"user": rows["user"], "day": rows["time"].dt.normalize()}).drop_duplicates()
    every = pd.date_range(seen["day"].min(), large_scale.LAST)
    columns = {}
    for name, window in {"dau": 1, "wau": 7, "mau": 28}.items():
        later = [seen.assign(day=seen["day"] + pd.Timedelta(days=after)) for after in range(window)]
        counted = pd.concat(later).drop_duplicates()["day"].value_counts().reindex(every, fill_value=0).astype("Int64")
        counted.iloc[: window - 1] = pd.NA  # until the window is full
        columns[name] = counted
    return pd.DataFrame(columns).set_axis(every.to_period("D").rename("period"))


@pytest.fixture(scope="module")
def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the answers of each class by segment."""
    answered = rows.dropna(subset="score")
    classes = pd.cut(answered["score"], [-1, 6, 8, 10], labels=["detractors", "passives", "promoters"]).astype(str)
    table = pd.crosstab(answered["segment"], classes)[["promoters", "passives", "detractors"]]
    invited = rows["segment"].value_counts()
    return table.assign(nps_responses=table.sum(axis=1), nps_invited=invited).rename_axis(columns=None)


# ------------------------------------------------------------------------------------------------ the figures


def check(found: dict[str, Any], triangle: pd.Series[Any], days: pd.DataFrame, scores: pd.DataFrame) -> None:
    grid = found["retention"]
    cells = grid.counts.reset_index().melt("cohort", var_name="age", value_name="users")
    cells = cells[cells["users"].fillna(0) > 0]
    months = [cohort.year * 12 + cohort.month for cohort in cells["cohort"]]
    got = dict(zip(zip(months, cells["age"], strict=True), cells["users"], strict=True))
    assert got == triangle.to_dict()
    assert (grid.state == "observed").to_numpy().sum() == 24 * 25 / 2  # a triangle, 24 months wide
    pd.testing.assert_frame_equal(found["active users"], days, check_freq=False, check_dtype=False)
    pd.testing.assert_frame_equal(found["NPS"], scores, check_index_type=False, check_dtype=False)


def test_an_engine_gives_the_figures_of_plain_pandas(engine, folder, triangle, days, scores) -> None:
    with large_scale.ENGINES[engine].events(folder, 512) as events:
        check(dict(large_scale.figures(events)), triangle, days, scores)


def test_only_totals_leave_the_engine(engine, folder, monkeypatch) -> None:
    """Rows for each segment and month, or day and gap, and never one for each user."""
    crossed: list[int] = []
    collect = engines.collect

    def counted(frame: Any) -> pd.DataFrame:
        out = collect(frame)
        crossed.append(len(out))
        return out

    monkeypatch.setattr(engines, "collect", counted)
    with large_scale.ENGINES[engine].events(folder, 512) as events:
        large_scale.retention(events)
        large_scale.answers(events)
        assert max(crossed) <= 24
        large_scale.active_users(events)
    assert max(crossed) <= large_scale.DAYS * 28


@pytest.mark.full
def test_spark_groups_all_that_it_hands_over_and_never_by_user(folder, monkeypatch) -> None:
    needed("spark")
    plans: list[Any] = []
    with large_scale.ENGINES["spark"].events(folder, 512) as events:
        for name in ("collect", "toPandas", "toArrow", "toLocalIterator", "tail", "foreachPartition"):
            given = getattr(type(events), name)

            def watched(frame: Any, *rest: Any, given: Any = given) -> Any:
                plans.append(frame._jdf.queryExecution().optimizedPlan())
                return given(frame, *rest)

            monkeypatch.setattr(type(events), name, watched)
        assert len(dict(large_scale.figures(events))) == 3
        assert len(plans) >= 6
        assert all(map(only_totals, plans))
        users = csm.cohorts.activity(events)
        assert len(users.table) > 100
        assert not only_totals(plans[-1])


def only_totals(plan: Any) -> bool:
    """Check in a plan of Spark that the rows which leave it are groups, and no users are among what they are of."""
    while plan.nodeName() in ("Project", "GlobalLimit", "LocalLimit"):
        plan = plan.child()
    return plan.nodeName() == "Aggregate" and "user#" not in plan.groupingExpressions().toString()


def test_the_same_program_takes_a_pandas_frame(rows, triangle, days, scores) -> None:
    check(dict(large_scale.figures(rows)), triangle, days, scores)


# ------------------------------------------------------------------------------------------------ what is printed


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which temporary folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = large_scale.main([str(a) for a in arguments])
    return code, *capsys.readouterr()


def lines(text: str, label: str) -> Iterator[list[str]]:
    return (line.split()[1:] for line in text.splitlines() if line.split()[:1] == [label])


def test_the_program_prints_these_figures(capsys, temporary, engine, triangle, days, scores) -> None:
    code, out, err = run(capsys, "--engine", engine, "--events", EVENTS, "--limit-mb", 100_000)
    assert code == 0
    assert "limit" not in err
    assert not list(temporary.iterdir())
    assert f"{EVENTS:,} events" in out

    last = 2025 * 12 + 12
    (retained,) = lines(out, "users")
    cells = triangle.unstack(fill_value=0)
    users = cells[0]
    assert f"{users.sum():,} users who came back" in out
    for shown, age in zip(retained, (1, 2, 3, 6, 12, 18), strict=True):
        old = cells.index + age <= last
        assert shown == f"{100 * cells[age][old].sum() / users[old].sum():.1f}"
    for segment in large_scale.SEGMENTS:
        (answered,) = lines(out, segment)
        counts = scores.loc[segment]
        nps = 100 * (counts["promoters"] - counts["detractors"]) / counts["nps_responses"]
        assert answered == [*map(str, counts), f"{nps:.1f}"]

    quarters = [f"{year}-{end}" for year in (2024, 2025) for end in ("03-31", "06-30", "09-30", "12-31")]
    for quarter in quarters:
        (active,) = lines(out, quarter)
        dau, wau, mau = days.loc[pd.Period(quarter, "D")]
        assert active == [str(dau), str(wau), str(mau), f"{100 * dau / mau:.1f}"]


# ------------------------------------------------------------------------------------------------ memory and files


def test_more_memory_than_the_limit_is_a_failure(capsys, temporary) -> None:
    needed("duckdb")
    code, out, err = run(capsys, "--events", 2000, "--limit-mb", 10)
    assert code == 1
    assert "the limit is 10 MB, and the peak was" in err
    assert "as a pandas DataFrame" in out
    assert not list(temporary.iterdir())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what children hold")
def test_the_peak_holds_what_was_freed_and_what_children_hold() -> None:
    child = "import sys; held = bytearray(200_000_000); print(flush=True); sys.stdin.read()"
    program = f"""
import subprocess, sys
sys.path.insert(0, {str(SCRIPT.parent)!r})
import large_scale
peaks = [large_scale.peak_memory()]
held = bytearray(200_000_000)
peaks.append(large_scale.peak_memory())
del held
peaks.append(large_scale.peak_memory())
pipe = subprocess.PIPE
with subprocess.Popen([sys.executable, "-c", {child!r}], stdin=pipe, stdout=pipe) as process:
    process.stdout.readline()
    peaks.append(large_scale.peak_memory())
print(*peaks)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, held, freed, with_child = map(float, done.stdout.split())
    assert 190 < held - before < 260
    assert abs(freed - held) < 10
    assert 190 < with_child - held < 260


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_is_watched_from_outside_with_all_children(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parents[1] / "benchmarks"))
    import watched

    child = "import sys; held = bytearray(100_000_000); print(flush=True); sys.stdin.read()"
    program = f"""
import subprocess, sys
held = bytearray(150_000_000)
with subprocess.Popen([sys.executable, "-c", {child!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
    print(process.stdout.readline(), flush=True)
    sys.stdin.read()
"""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe) as running:
        assert running.stdout is not None
        running.stdout.readline()
        found = list(watched.descendants(running.pid))
        assert len(found) == 2
        assert 250e6 < sum(map(watched.resident, found)) < 320e6
    assert sum(map(watched.resident, found)) == 0
    code, _, peak = watched.watched([sys.executable, "-c", "held = bytearray(100_000_000); raise SystemExit(3)"])
    assert code == 3
    assert peak > 100


def test_the_size_in_pandas_is_that_of_all_rows(folder, rows) -> None:
    size = rows.memory_usage(index=False, deep=True).sum() / 1e6
    assert large_scale.in_pandas(folder) == pytest.approx(size, rel=0.02)


def test_kept_files_are_taken_again(capsys, tmp_path) -> None:
    needed("polars")
    kept = tmp_path / "new" / "folder"
    arguments = ("--engine", "polars", "--keep", kept, "--limit-mb", 100_000, "--events")
    code, first, _ = run(capsys, *arguments, 3000)
    assert code == 0
    times = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert len(times) == 4
    code, second, _ = run(capsys, *arguments, 3000)
    assert code == 0
    assert "(found)" in second.splitlines()[0]
    assert "made in" in first.splitlines()[0]
    assert times == {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    code, out, err = run(capsys, *arguments, 3001)
    assert (code, out) == (2, "")
    assert "holds 3,000 events; empty it, or give --events 3000" in err


def test_a_missing_engine_is_one_clear_line(capsys, temporary, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    code, _, err = run(capsys, "--events", 1000)
    assert code == 2
    assert err.count("\n") == 1
    assert 'pip install "csmetrics[engines]" duckdb' in err
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("events", [0, -5])
def test_there_must_be_an_event(capsys, events) -> None:
    with pytest.raises(SystemExit, match="2"):
        large_scale.main(["--events", str(events)])
    assert "at least 1" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------ the data


def test_the_events_are_as_many_as_asked_for_and_lie_within_the_dates(rows) -> None:
    assert len(rows) == EVENTS
    assert rows["time"].min() >= pd.Timestamp("2024-01-01")
    assert rows["time"].max() < pd.Timestamp("2026-01-01")
    assert rows["segment"].groupby(rows["user"]).nunique().max() == 1
    assert set(rows["segment"]) == set(large_scale.SEGMENTS)
    answered = rows["score"].dropna()
    assert answered.between(0, 10).all()
    assert 0.015 < len(answered) / EVENTS < 0.025


def test_users_come_and_go_and_do_several_things_a_day(rows) -> None:
    day = rows["time"].dt.normalize()
    assert len(pd.DataFrame({"user": rows["user"], "day": day}).drop_duplicates()) < 0.3 * EVENTS
    last = day.groupby(rows["user"]).max()
    assert 0.3 < (last < pd.Timestamp("2025-11-01")).mean() < 0.95
    assert (day >= pd.Timestamp("2025-01-01")).mean() == pytest.approx(1 - 0.5**large_scale.GROWTH, abs=0.02)


def test_the_same_events_every_time(folder, tmp_path) -> None:
    large_scale.make_events(tmp_path, EVENTS)
    files = sorted(path.name for path in folder.iterdir())
    assert [path.name for path in sorted(tmp_path.iterdir())] == files
    assert all((folder / name).read_bytes() == (tmp_path / name).read_bytes() for name in files)


@pytest.mark.parametrize("events", [1, 3, 7])
def test_a_few_events_are_made_too(tmp_path, events) -> None:
    large_scale.make_events(tmp_path, events)
    made = pd.concat([pd.read_parquet(path) for path in tmp_path.iterdir()])
    assert len(made) == events
    assert np.isfinite(made["user"]).all()


# ------------------------------------------------------------------------------------------------ folded


def test_folded_files_give_the_same_figures_after_a_crash_too(engine, folder, triangle, days, scores, tmp_path) -> None:
    files = sorted(folder.glob("*.parquet"))
    with large_scale.ENGINES[engine].session(512) as read:
        assert next(large_scale.fold(read, files, 1, tmp_path)) == 1
        (tmp_path / "answers-00000.parquet").unlink()  # as if killed before it was written
        assert list(large_scale.fold(read, files, 3, tmp_path)) == [3, 4]
        assert list(large_scale.fold(None, files, 3, tmp_path)) == [3, 4]
    found = dict(large_scale.folded_figures(tmp_path))
    check({**found, "active users": days}, triangle, days, scores)


def test_the_folding_program_prints_its_time_beside_the_query_by_hand(capsys, temporary, tmp_path) -> None:
    needed("duckdb")
    arguments = ("--events", 5000, "--fold", "--by-hand", "--limit-mb", 9000, "--state", tmp_path / "state")
    code, out, _ = run(capsys, *arguments)
    assert code == 0
    assert "4 of 4 files" in out
    assert re.search(r"All of it took [\d.]+ s", out)
    assert re.search(r"by hand for retention alone, .* took [\d.]+ s, and found the same users", out)


def test_the_query_by_hand_compares_every_count_and_says_if_it_fails(folder) -> None:
    needed("duckdb")
    files = sorted(folder.glob("*.parquet"))
    with large_scale.ENGINES["duckdb"].events(folder, 512) as events:
        grid = large_scale.retention(events)
    assert "failed, Out of Memory" in large_scale.by_hand(files, 1, grid)
    assert "found the same users" in large_scale.by_hand(files, 512, grid)
    grid.counts.iloc[7, 3] += 1
    with pytest.raises(AssertionError, match="counts otherwise"):
        large_scale.by_hand(files, 512, grid)


def test_only_what_was_asked_for_is_computed(capsys, temporary) -> None:
    needed("polars")
    code, out, _ = run(capsys, "--engine", "polars", "--events", 2000, "--limit-mb", 9000, "--only", "NPS")
    assert code == 0
    assert "NPS (" in out
    assert "RETENTION" not in out
