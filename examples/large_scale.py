"""A hundred million events from Parquet files, in bounded memory: retention, active users and NPS.

    python examples/large_scale.py                          a million events, in seconds
    python examples/large_scale.py --events 100_000_000     a hundred million, in minutes
    python examples/large_scale.py --events 1_000_000_000 --engine-mb 2000 --only retention NPS
    python examples/large_scale.py --engine spark           the same program on another engine
    python examples/large_scale.py --fold                   file by file, for users that no engine can hold

The builders of csmetrics take the engine's own frame: here a DuckDB relation, a Polars lazy frame or a Spark DataFrame.
The engine does the work that grows with the events: it checks every row and groups the rows by user, month or day. Far
fewer rows come back, and numpy does the rest:

    retention       one row per month of the users' first event
    active users    one row per day and number of days until the users' next active day: some thousands at any size
    NPS             one row per segment

Of a hundred million events, some thousands of rows come back. Meanwhile the engine has to hold the months of all users,
and for active users the 21 million distinct active days. DuckDB and Spark write to disk whatever exceeds their memory
limit; Polars keeps it in memory.

Where the users themselves are too many for one query, the files are folded: some files at a time are reduced to the
months in which each user was active, a state that is saved and added to, and the figures come from that. A program that
is killed goes on where it was, with --state FOLDER. On Polars more than a hundred million events are always folded.

At the end, the peak memory of the process, the engine included, is compared with a limit. The default limit on DuckDB
is a third of what pandas needs just to load a hundred million events. To watch the memory from outside:
python benchmarks/watched.py python examples/large_scale.py
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from math import inf, nan
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


def make_events(folder: Path, events: int, per_user: int = EVENTS_PER_USER) -> None:
    """Write made-up events to Parquet files, one per stretch of time, with a million rows in memory at a time."""
    rng = np.random.default_rng(SEED)
    users = Users.make(rng, max(events // per_user, 100))
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
    """Count the users who came back, by the month of their first event."""
    return csm.cohorts.retention(events, as_of=LAST)


def active_users(events: Any) -> pd.DataFrame:
    """Count the users active within 1, 7 and 28 days, day by day."""
    return csm.cohorts.active_users(events, as_of=LAST)


def answers(events: Any) -> pd.DataFrame:
    """Count the promoters, passives and detractors of each segment."""
    return csm.cohorts.survey(events, score="score", by="segment")


WORKS: dict[str, Callable[[Any], Any]] = {"retention": retention, "active users": active_users, "NPS": answers}


def figures(events: Any, only: Sequence[str] = tuple(WORKS)) -> Iterator[tuple[str, Any]]:
    """Compute everything. `events` may be a frame of any engine; a user of csmetrics writes no more than this."""
    for name in only:
        yield name, WORKS[name](events)


# ------------------------------------------------------------------------------------------------ folding the files


def fold(read: Callable[[Sequence[Path]], Any], files: Sequence[Path], each: int, saved: Path) -> Iterator[int]:
    """Reduce some files at a time to a state and counts, and save them; yield how many files have been read.

    What was saved before is not read again, so a program that was killed goes on where it was. Were it killed between
    the two saves of one step, that step is done twice, which changes nothing.
    """
    state = saved / "activity"
    for at in range(0, len(files), each):
        counted = saved / f"answers-{at:05d}.parquet"
        if not counted.exists():
            events = read(files[at : at + each])
            months = csm.cohorts.activity(events)
            if state.exists():
                csm.cohorts.Activity.load(state).update(months)
            else:
                months.save(state)
            unfinished = counted.with_suffix(".unfinished")
            answers(events).to_parquet(unfinished)
            unfinished.replace(counted)
        yield min(at + each, len(files))


def folded_figures(saved: Path) -> Iterator[tuple[str, Any]]:
    """Compute the figures of what was folded."""
    yield "retention", csm.cohorts.Activity.load(saved / "activity").retention(as_of=LAST)
    yield "NPS", csm.cohorts.add([pd.read_parquet(path) for path in sorted(saved.glob("answers-*.parquet"))])


MONTH = f'12 * (year("time") - {FIRST.astype("M8[Y]")}) + month("time") - 1'
BY_HAND = f"""
with masks as (
    select "user", bit_or(1::UBIGINT << ({MONTH})::UBIGINT) m
    from events group by all
)
select xor(m, m & (m - 1)) cohort, {", ".join(f"sum((m >> {month}) & 1)" for month in range(24))}
from masks group by all
"""


def by_hand(files: Sequence[Path], megabytes: int, grid: csm.cohorts.RetentionGrid) -> str:
    """Run the best query by hand for retention on DuckDB, compare each count with ours, and say what it took."""
    started = time.perf_counter()
    with duckdb(megabytes) as read:
        try:
            rows = read(files).query("events", BY_HAND).fetchall()
        except Exception as error:  # DuckDB does not write everything to disk
            found = f"failed, {str(error).splitlines()[0]}"
        else:
            found = f"took {time.perf_counter() - started:.1f} s, and found the same users"
            if not same(grid, rows):
                raise AssertionError("the query by hand counts otherwise")
    return f"One query by hand for retention alone, with {megabytes:,} MB for DuckDB, {found}"


def same(grid: csm.cohorts.RetentionGrid, rows: Sequence[Any]) -> bool:
    """Compare the triangle with the rows of the query by hand: the bit of the cohort's month, and users by month."""
    theirs = {int(bit).bit_length() - 1: months for bit, *months in rows}
    none = [0] * len(grid.counts)
    return all(
        counts.dropna().tolist() == list(theirs.get(month, none))[month:]
        for month, (_, counts) in enumerate(grid.counts.iterrows())
    )


# ------------------------------------------------------------------------------------------------ the engines


@contextmanager
def duckdb(megabytes: int) -> Iterator[Any]:
    """Read files with DuckDB, which writes to disk whatever exceeds its memory limit."""
    import duckdb as db

    with tempfile.TemporaryDirectory() as spill:
        settings = {
            "memory_limit": f"{megabytes}MB",
            "preserve_insertion_order": False,
            "temp_directory": spill,
            "threads": THREADS,
        }
        with db.connect(config=settings) as connection:
            yield lambda files: connection.read_parquet(list(map(str, files)))


@contextmanager
def polars(_: int) -> Iterator[Any]:
    """Scan files with Polars, piece by piece; it keeps its intermediate results in memory."""
    import polars as pl

    # older versions of Polars lack this setting and take more memory
    with pl.Config(engine_affinity="streaming") if hasattr(pl.Config, "set_engine_affinity") else nullcontext():
        yield pl.scan_parquet


@contextmanager
def spark(megabytes: int) -> Iterator[Any]:
    """Read files with Spark on this machine, or on the cluster that SPARK_MASTER names, all of which can read them."""
    from pyspark.sql import SparkSession

    master = os.environ.get("SPARK_MASTER", f"local[{THREADS}]")
    settings = {
        "spark.driver.memory": f"{megabytes}m",
        "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "8",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if master.startswith("local"):
        settings |= {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    builder = SparkSession.builder.master(master).appName("large_scale")
    for name, value in settings.items():
        builder = builder.config(name, value)
    running = SparkSession.getActiveSession()
    session = running or builder.getOrCreate()
    try:
        yield lambda files: session.read.parquet(*map(str, files))
    finally:
        if running is None:
            session.stop()


@dataclass(frozen=True)
class Engine:
    """An engine.

    Attributes
    ----------
    session
        Yields the function that reads files.
    package
        What to install.
    engine_mb, limit_mb
        The default memory limits in MB, of the engine and of the whole process.
    each
        How many files are folded at a time.
    most
        With more events, the files are folded unless the user says otherwise.
    """

    session: Callable[[int], AbstractContextManager[Callable[[Sequence[Path]], Any]]]
    package: str
    engine_mb: int
    limit_mb: int
    each: int
    most: float = inf

    @contextmanager
    def events(self, folder: Path, megabytes: int) -> Iterator[Any]:
        """Read all files of a folder."""
        with self.session(megabytes) as read:
            yield read(sorted(folder.glob("*.parquet")))


ENGINES = {
    "duckdb": Engine(duckdb, "duckdb", 512, 1200, 5),
    "polars": Engine(polars, "polars", 0, 5000, 3, 100_000_000),
    "spark": Engine(spark, "pyspark", 2048, 4000, 5),
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
    table = grid.pooled()[[age for age in (1, 2, 3, 6, 12, 18) if age in grid.counts.columns]].round(1)
    print(f"Percent of {grid.sizes.sum():,} users who came back so many months after that of their first event\n")
    print(f"{table.to_frame('users').T}\n")


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


def show(results: Iterator[tuple[str, Any]]) -> dict[str, Any]:
    """Print each figure, with the time that it took; return all of them."""
    started, found = time.perf_counter(), {}
    for name, result in results:
        found[name] = result
        seconds, started = time.perf_counter() - started, time.perf_counter()
        print(f"{name.upper()} ({seconds:.1f} s; at the most {peak_memory():,.0f} MB so far)")
        SHOW[name](result)
    return found


def run_folded(folder: Path, engine: str, megabytes: int, saved: Path) -> dict[str, Any]:
    """Fold the files, then compute and print what comes from it; return the figures."""
    files, started = sorted(folder.glob("*.parquet")), time.perf_counter()
    with ENGINES[engine].session(megabytes) as read:
        print(f"Folded by csmetrics on {engine}, {ENGINES[engine].each} files at a time", flush=True)
        for count in fold(read, files, ENGINES[engine].each, saved):
            seconds = time.perf_counter() - started
            print(f"\r{count} of {len(files)} files, {seconds:.1f} s", end="", flush=True)
        size = sum(path.stat().st_size for path in (saved / "activity").iterdir()) / 1e6
        print(f"; the state is {size:,.0f} MB of Parquet; at the most {peak_memory():,.0f} MB so far\n")
        found = show(folded_figures(saved))
        print(f"All of it took {time.perf_counter() - started:.1f} s")
    return found


def run(
    folder: Path,
    events: int,
    engine: str,
    megabytes: int,
    limit: float,
    saved: Path | None = None,
    only: Sequence[str] = tuple(WORKS),
    compare: bool = False,
) -> bool:
    """Make the events, compute and print everything; return whether the memory stayed below the limit."""
    started = time.perf_counter()
    if kept := sum(pq.read_metadata(path).num_rows for path in folder.glob("*.parquet")):
        if kept != events:
            raise FileExistsError(f"{folder} holds {kept:,} events; empty it, or give --events {kept}")
    else:
        make_events(folder, events)
    size = sum(path.stat().st_size for path in folder.glob("*.parquet")) / 1e6
    print(f"{events:,} events, {FIRST} to {LAST}, {size:,.0f} MB of Parquet", end=" ")
    print(f"({'found' if kept else f'made in {time.perf_counter() - started:.1f} s'})")
    if saved is not None:
        found = run_folded(folder, engine, megabytes, saved)
    else:
        with ENGINES[engine].events(folder, megabytes) as frame:
            print(f"Computed by csmetrics on {engine}, from a {type(frame).__name__}\n", flush=True)
            found = show(figures(frame, only))
    within = show_memory(peak_memory(), in_pandas(folder), limit)
    if compare:
        print(by_hand(sorted(folder.glob("*.parquet")), megabytes, found["retention"]))
    return within


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Metrics of many events in Parquet files, in bounded memory.")
    parser.add_argument("--events", type=int, default=1_000_000, help="how many to make up (default: a million)")
    parser.add_argument("--engine", choices=ENGINES, default="duckdb", help="what reads them (default: duckdb)")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="make the files there, or take those of it")
    parser.add_argument("--engine-mb", metavar="MB", type=int, help="memory that DuckDB or Spark's heap may take")
    parser.add_argument("--limit-mb", metavar="MB", type=float, help="exit with 1 where the process takes more")
    folding = argparse.BooleanOptionalAction
    parser.add_argument("--fold", action=folding, help="fold the files (default: on Polars, more than 100 M events)")
    parser.add_argument("--state", metavar="FOLDER", type=Path, help="keep what was folded there, and go on from it")
    parser.add_argument("--only", choices=WORKS, nargs="+", default=list(WORKS), help="not folded: what to compute")
    parser.add_argument("--by-hand", action="store_true", help="on DuckDB, also run the query by hand for retention")
    options = parser.parse_args(arguments)
    if options.events < 1:
        parser.error("--events must be at least 1")
    if options.by_hand and (options.engine != "duckdb" or "retention" not in options.only):
        parser.error("--by-hand is a query for retention on DuckDB")
    engine = ENGINES[options.engine]
    folded = options.events > engine.most if options.fold is None else options.fold
    megabytes = engine.engine_mb if options.engine_mb is None else options.engine_mb
    limit = engine.limit_mb if options.limit_mb is None else options.limit_mb
    with nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        saved = (options.state or folder / "state") if folded else None
        if saved is not None:
            saved.mkdir(parents=True, exist_ok=True)
        try:
            within = run(folder, options.events, options.engine, megabytes, limit, saved, options.only, options.by_hand)
            return 0 if within else 1
        except ImportError as error:
            print(f'large_scale: {error}; pip install "csmetrics[engines]" {engine.package}', file=sys.stderr)
        except FileExistsError as error:
            print(f"large_scale: {error}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
