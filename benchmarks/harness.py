"""A comparison of two ways to compute the same thing, and how it is measured."""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from math import inf, nan
from pathlib import Path
from typing import Any


def nothing() -> None:
    """Do nothing."""


@dataclass
class Case:
    """One comparison: `ours` against `theirs`, at most `limit` times its time."""

    name: str
    against: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    limit: float
    memory: str = ""  # "": not measured; "ours": in MB; "process": with the process's growth; "both": a ratio
    most_memory: float = inf  # in MB, for "process"
    check: Callable[[], Any] = nothing  # that both sides agree on a small table
    prepare: Callable[[], Any] = nothing  # makes the data, outside of the measured time


@dataclass(frozen=True)
class Paired:
    """The seconds of both sides, round by round; `rival` names the opponent, the fastest where there were several."""

    ours: list[float]
    theirs: list[float]
    rival: str = ""

    @property
    def ratio(self) -> float:
        """The median of our seconds over the median of theirs."""
        return statistics.median(self.ours) / statistics.median(self.theirs)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest ratio of a single round."""
        ratios = [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]
        return min(ratios), max(ratios)


def paired(ours: Callable[[], Any], theirs: Mapping[str, Callable[[], Any]], rounds: int) -> Paired:
    """Time one call against others in turns, so that a busy machine slows all of them; the fastest opponent counts."""
    times: dict[str, list[float]] = {"": [], **{name: [] for name in theirs}}
    for _ in range(rounds):
        for name, call in {"": ours, **theirs}.items():
            gc.collect()
            times[name].append(timed(call))
    mine = times.pop("")
    best = min(times, key=lambda name: statistics.median(times[name]))
    return Paired(mine, times[best], best)


def setting(rounds: int) -> str:
    """Say on what, and how, was measured: versions, the processor, its cores and memory, the rounds."""
    names = ("numpy", "pandas", "polars", "duckdb", "chdb", "scipy")
    found = ", ".join(f"{name} {version(name)}" for name in names if find_spec(name))
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    model = next(models, platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else nan
    machine = f"{model}, {os.cpu_count()} cores, {memory:.0f} GB"
    return f"Python {platform.python_version()}, {found}; {machine}; medians of {rounds} rounds."


def timed(function: Callable[[], Any]) -> float:
    """Return the seconds that a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def peak(function: Callable[[], Any]) -> float:
    """Return the peak of the additional megabytes that numpy and Python allocate during a call."""
    tracemalloc.start()
    function()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def process_peak(function: Callable[[], Any]) -> float:
    """Return the megabytes by which the process grows at most in a call; NaN where the system does not report it."""

    def status(name: str) -> float:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024 / 1e6

    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)  # so that this call cannot reuse memory freed before
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # reset the peak that Linux has recorded
        before = status("VmRSS")
        function()
        return status("VmHWM") - before
    except (AttributeError, OSError, TypeError):
        return nan


def in_megabytes(size: float) -> str:
    return f"{size:.2f} MB" if size < 10 else f"{size:.0f} MB"


def measure(case: Case, rounds: int) -> tuple[str, str, float, float, str]:
    case.check()
    case.prepare()
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(rounds):
        for side in times:
            times[side].append(timed(getattr(case, side)))
    ratio = statistics.median(times["ours"]) / statistics.median(times["theirs"])
    memory = ""
    if case.memory == "ours":
        memory = in_megabytes(peak(case.ours))
    elif case.memory == "both":
        memory = f"{peak(case.ours) / peak(case.theirs):.2f}x"
    elif case.memory == "process":
        most = f" of at most {in_megabytes(case.most_memory)}" if case.most_memory < inf else ""
        memory = f"{in_megabytes(peak(case.ours))}{most}; the process {in_megabytes(process_peak(case.ours))}"
    return case.name, case.against, ratio, case.limit, memory
