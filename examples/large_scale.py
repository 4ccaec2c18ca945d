"""A hundred million events from Parquet files, in bounded memory: retention, active users and NPS.

    python examples/large_scale.py                          a million events, in seconds
    python examples/large_scale.py --events 100_000_000     a hundred million, in minutes
    python examples/large_scale.py --engine spark           the same program on another engine

The builders of csmetrics take the engine's own frame: here a DuckDB relation, a Polars lazy frame or a Spark DataFrame.
The engine does the work that grows with the events: it checks every row and groups the rows by user, month or day. Far
fewer rows come back, and numpy does the rest:

    retention       one row per user, segment and month in which the user did anything
    active users    one row per day and number of days until the users' next active day: some thousands at any size
    NPS             one row per segment

Of a hundred million events, five million rows come back. Meanwhile the engine has to hold the 21 million distinct
active days of all users. DuckDB and Spark write to disk whatever exceeds their memory limit; Polars keeps it in memory.
At the end, the peak memory of the process, the engine included, is compared with a limit. The default limit on DuckDB
is a third of what pandas needs just to load a hundred million events.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import csmetrics as csm

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:
    sys.exit('large_scale: it needs pyarrow and an engine: pip install "csmetrics[engines]" duckdb')

SEED = 20
FIRST, DAYS = np.datetime64("2024-01-01"), 731
LAST = str(FIRST + DAYS - 1)  # the data covers this whole day
GROWTH = 1.6  # the first half of the time has 2 ** -1.6, a third, of all events
EVENTS_PER_USER = 60
EVENTS_PER_VISIT = 4
ANSWERS = 0.02  # share of events that carry the user's answer to "how likely are you to recommend us"
SEGMENTS = {  # share of users, mean stay in days of those who settle in, mean and spread of answers
    "business": (0.12, 600, 8.4, 1.6),
    "free": (0.55, 160, 7.2, 2.4),
    "team": (0.33, 380, 8.0, 1.8),
}
SCHEMA = pa.schema({"user": pa.int64(), "time": pa.timestamp("us"), "segment": pa.string(), "score": pa.int8()})
PER_FILE, PER_GROUP = 5_000_000, 1_000_000  # rows
THREADS = 2  # for DuckDB and Spark; each thread takes its own memory


# ------------------------------------------------------------------------------------------------ making the events


@dataclass(frozen=True)
class Users:
    """All users in the order in which they joined: the days on which they join and leave, and how often they come."""

    joined: Any
    left: Any
    eager: Any
    segment: Any

    @classmethod
    def make(cls, rng: np.random.Generator, count: int) -> Users:
        """Make users who join at any time; half of them leave within weeks, the others stay for months or years."""
        shares, stays, *_ = (np.array(column) for column in zip(*SEGMENTS.values(), strict=True))
        segment = rng.choice(len(SEGMENTS), count, p=shares).astype(np.int8)
        joined = np.sort(rng.integers(0, DAYS, count, dtype=np.int32))
        stay = np.where(rng.random(count) < 0.5, 15, stays[segment])
        left = joined + 1 + (stay * rng.standard_exponential(count)).astype(np.int32)
        eager = 0.05 + 0.95 * rng.random(count, np.float32) ** 3
        joined[0], left[0], eager[0] = 0, DAYS, 1  # so that every day has a user
        return cls(joined, left, eager, segment)

    def visits(self, rng: np.random.Generator, count: int, low: float, high: float) -> tuple[Any, Any]:
        """Draw users and days of the visits from share `low` to share `high` of all visits, in order of time."""
        users, days, found = [], [], 0
        while found < count:
            day = (DAYS * (low + (high - low) * rng.random(2 * count)) ** (1 / GROWTH)).astype(np.int32)
            user = (rng.random(day.size) * np.searchsorted(self.joined, day, side="right")).astype(np.int64)
            here = np.flatnonzero((day < self.left[user]) & (rng.random(day.size) < self.eager[user]))
            users.append(user[here])
            days.append(day[here])
            found += here.size
        return np.concatenate(users)[:count], np.concatenate(days)[:count]


def make_rows(rng: np.random.Generator, users: Users, rows: int, low: float, high: float) -> pa.Table:
    """Make the events from share `low` to share `high` of all events, in order of time."""
    visitor, day = users.visits(rng, max(rows // EVENTS_PER_VISIT, 1), low, high)
    begins = rng.integers(0, 23 * 3600, visitor.size)
    visit = rng.integers(0, visitor.size, rows)
    second = day.astype(np.int64)[visit] * 86_400 + begins[visit] + rng.integers(0, 3600, rows)
    user = visitor[visit]
    segment = users.segment[user]
    mean, spread = (np.array(column)[segment] for column in list(zip(*SEGMENTS.values(), strict=True))[2:])
    score = np.clip(np.round(rng.normal(mean, spread)), 0, 10).astype(np.int8)
    columns = {
        "user": user,
        "time": FIRST.astype("M8[us]") + second * np.timedelta64(1_000_000, "us"),
        "segment": pa.array(list(SEGMENTS)).take(pa.array(segment)),
        "score": pa.array(score, mask=rng.random(rows) >= ANSWERS),
    }
    return pa.table(columns, schema=SCHEMA)


def make_events(folder: Path, events: int) -> None:
    """Write made-up events to Parquet files, one per stretch of time, with a million rows in memory at a time."""
    rng = np.random.default_rng(SEED)
    users = Users.make(rng, max(events // EVENTS_PER_USER, 100))
    per_file = min(PER_FILE, -(-events // 4))
    for number, start in enumerate(range(0, events, per_file)):
        stop = min(start + per_file, events)
        path = folder / f"events-{number:03d}.parquet"
        with pq.ParquetWriter(path, SCHEMA, compression="zstd", use_dictionary=["segment", "score"]) as file:
            for at in range(start, stop, PER_GROUP):
                rows = min(PER_GROUP, stop - at)
                file.write_table(make_rows(rng, users, rows, at / events, (at + rows) / events))


# ------------------------------------------------------------------------------------------------ the figures


def retention(events: Any) -> csm.cohorts.RetentionGrid:
    """Count the users who came back, by the month of their first event, for each segment."""
    return csm.cohorts.retention(events, by="segment", as_of=LAST)


def active_users(events: Any) -> pd.DataFrame:
    """Count the users active within 1, 7 and 28 days, day by day."""
    return csm.cohorts.active_users(events, as_of=LAST)


def answers(events: Any) -> pd.DataFrame:
    """Count the promoters, passives and detractors of each segment."""
    return csm.cohorts.survey(events, score="score", by="segment")


WORKS: dict[str, Callable[[Any], Any]] = {"retention": retention, "active users": active_users, "NPS": answers}


def figures(events: Any) -> Iterator[tuple[str, Any]]:
    """Compute everything. `events` may be a frame of any engine; a user of csmetrics writes no more than this."""
    for name, work in WORKS.items():
        yield name, work(events)


# ------------------------------------------------------------------------------------------------ the engines


@contextmanager
def duckdb(folder: Path, megabytes: int) -> Iterator[Any]:
    """Read the files with DuckDB, which writes to disk whatever exceeds its memory limit."""
    import duckdb as db

    with tempfile.TemporaryDirectory() as spill:
        settings = {
            "memory_limit": f"{megabytes}MB",
            "preserve_insertion_order": False,
            "temp_directory": spill,
            "threads": THREADS,
        }
        with db.connect(config=settings) as connection:
            yield connection.read_parquet(f"{folder}/*.parquet")


@contextmanager
def polars(folder: Path, _: int) -> Iterator[Any]:
    """Scan the files with Polars, piece by piece; it keeps its intermediate results in memory."""
    import polars as pl

    # older versions of Polars lack this setting and take more memory
    with pl.Config(engine_affinity="streaming") if hasattr(pl.Config, "set_engine_affinity") else nullcontext():
        yield pl.scan_parquet(folder / "*.parquet")


@contextmanager
def spark(folder: Path, megabytes: int) -> Iterator[Any]:
    """Read the files with Spark on this machine; on a cluster only the session differs."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.maxResultSize": "0",
        "spark.driver.memory": f"{megabytes}m",
        "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "8",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master(f"local[{THREADS}]").appName("large_scale")
    for name, value in settings.items():
        builder = builder.config(name, value)
    running = SparkSession.getActiveSession()
    session = running or builder.getOrCreate()
    try:
        yield session.read.parquet(str(folder))
    finally:
        if running is None:
            session.stop()


@dataclass(frozen=True)
class Engine:
    """An engine, the package to install, and the default memory limits in MB of the engine and of the whole process."""

    events: Callable[[Path, int], Any]
    package: str
    engine_mb: int
    limit_mb: int


ENGINES = {
    "duckdb": Engine(duckdb, "duckdb", 512, 1200),
    "polars": Engine(polars, "polars", 0, 5000),
    "spark": Engine(spark, "pyspark", 2048, 4000),
}


# ------------------------------------------------------------------------------------------------ memory


def peak_memory() -> float:
    """Return the peak memory of this process and its children in megabytes; NaN where the system does not report it."""
    if sys.platform.startswith("linux"):
        return sum(_peaks(os.getpid(), dict(_processes()))) * 1024 / 1e6
    try:
        import resource
    except ImportError:  # Windows
        return nan
    # the memory of child processes is not known here
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def _processes() -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield the id of each process, with its parent's id and its peak resident memory in KiB."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # the process has ended meanwhile
            pairs = (line.split(":", 1) for line in (folder / "status").read_text().splitlines())
            facts = {name: value.split() for name, value in pairs}
            yield int(folder.name), (int(facts["PPid"][0]), int(facts.get("VmHWM", ["0"])[0]))


def _peaks(process: int, processes: dict[int, tuple[int, int]]) -> Iterator[int]:
    """Yield the peaks of a process and of all its descendants; they need not occur at the same time."""
    yield processes[process][1]
    for other, (parent, _) in processes.items():
        if parent == process:
            yield from _peaks(other, processes)


def in_pandas(folder: Path) -> float:
    """Estimate from the first rows how many megabytes all rows would take as a pandas DataFrame."""
    files = sorted(folder.glob("*.parquet"))
    with pq.ParquetFile(files[0]) as file:
        some = next(file.iter_batches(50_000)).to_pandas()
    rows = sum(pq.read_metadata(path).num_rows for path in files)
    return some.memory_usage(index=False, deep=True).sum() / len(some) * rows / 1e6


# ------------------------------------------------------------------------------------------------ printing


def show_retention(grid: csm.cohorts.RetentionGrid) -> None:
    ages = [age for age in (1, 2, 3, 6, 12, 18) if age in grid.counts.columns]
    table = grid.pooled()[ages].round(1).add_prefix("month ")
    table.insert(0, "users", grid.sizes.groupby(level="segment").sum())
    print(f"Percent of a segment's users who came back in a month after that of their first event\n\n{table}\n")


def show_active_users(days: pd.DataFrame) -> None:
    table = days[days.index.to_timestamp().is_quarter_end]
    table = table.assign(stickiness=csm.stickiness(table["dau"], table["mau"]).round(1))
    print(f"Users active within 1, 7 and 28 days; stickiness is daily in percent of 28 days\n\n{table}\n")


def show_answers(counts: pd.DataFrame) -> None:
    print(f"Net promoter score\n\n{counts.assign(nps=counts.csm.nps().round(1))}")
    print(f"{counts.csm.total().nps():.1f} for all, from the summed counts\n")


SHOW: dict[str, Callable[[Any], None]] = {
    "retention": show_retention,
    "active users": show_active_users,
    "NPS": show_answers,
}


def show_memory(peak: float, pandas: float, limit: float) -> bool:
    """Compare the peak with what pandas would need and with the limit; return whether it stayed below the limit."""
    print(f"At the most this process held {peak:,.0f} MB. The events alone are {pandas:,.0f} MB as a pandas DataFrame.")
    if not peak > limit:
        print(f"The limit is {limit:,.0f} MB." if peak <= limit else "This system does not tell how much it was.")
        return True
    print(f"large_scale: the limit is {limit:,.0f} MB, and the peak was {peak:,.0f} MB", file=sys.stderr)
    return False


def run(folder: Path, events: int, engine: str, megabytes: int, limit: float) -> bool:
    """Make the events, compute and print everything; return whether the memory stayed below the limit."""
    started = time.perf_counter()
    if found := sum(pq.read_metadata(path).num_rows for path in folder.glob("*.parquet")):
        if found != events:
            raise FileExistsError(f"{folder} holds {found:,} events; empty it, or give --events {found}")
    else:
        make_events(folder, events)
    size = sum(path.stat().st_size for path in folder.glob("*.parquet")) / 1e6
    print(f"{events:,} events, {FIRST} to {LAST}, {size:,.0f} MB of Parquet", end=" ")
    print(f"({'found' if found else f'made in {time.perf_counter() - started:.1f} s'})")
    with ENGINES[engine].events(folder, megabytes) as frame:
        print(f"Computed by csmetrics on {engine}, from a {type(frame).__name__}\n", flush=True)
        started = time.perf_counter()
        for name, result in figures(frame):
            seconds, started = time.perf_counter() - started, time.perf_counter()
            print(f"{name.upper()} ({seconds:.1f} s; at the most {peak_memory():,.0f} MB so far)")
            SHOW[name](result)
        peak = peak_memory()
    return show_memory(peak, in_pandas(folder), limit)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Metrics of many events in Parquet files, in bounded memory.")
    parser.add_argument("--events", type=int, default=1_000_000, help="how many to make up (default: a million)")
    parser.add_argument("--engine", choices=ENGINES, default="duckdb", help="what reads them (default: duckdb)")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="make the files there, or take those of it")
    parser.add_argument("--engine-mb", metavar="MB", type=int, help="memory that DuckDB or Spark's heap may take")
    parser.add_argument("--limit-mb", metavar="MB", type=float, help="exit with 1 where the process takes more")
    options = parser.parse_args(arguments)
    if options.events < 1:
        parser.error("--events must be at least 1")
    engine = ENGINES[options.engine]
    megabytes = engine.engine_mb if options.engine_mb is None else options.engine_mb
    limit = engine.limit_mb if options.limit_mb is None else options.limit_mb
    with nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            return 0 if run(folder, options.events, options.engine, megabytes, limit) else 1
        except ImportError as error:
            print(f'large_scale: {error}; pip install "csmetrics[engines]" {engine.package}', file=sys.stderr)
        except FileExistsError as error:
            print(f"large_scale: {error}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
