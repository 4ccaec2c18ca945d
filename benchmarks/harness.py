"""What a comparison is, and how it is measured."""

from __future__ import annotations

import ctypes
import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
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
    memory: str = ""  # "": not measured; "ours": in MB; "process": the same, and what the system gave; "both": a ratio
    most_memory: float = inf  # in MB, for "process"
    check: Callable[[], Any] = nothing  # that both sides give the same, on little data
    prepare: Callable[[], Any] = nothing  # makes the data, which the time is not to hold


def timed(function: Callable[[], Any]) -> float:
    """Seconds that a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def peak(function: Callable[[], Any]) -> float:
    """Megabytes that a call takes at the most, beyond what was there: what numpy and Python ask for."""
    tracemalloc.start()
    function()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def process_peak(function: Callable[[], Any]) -> float:
    """Megabytes by which the process grows at the most during a call; NaN where the system does not tell."""

    def status(name: str) -> float:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024 / 1e6

    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)  # what was freed before is not there for this call
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # Linux forgets the peak so far
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
