"""Time and memory side by side with what a user would write instead.

    python benchmarks/run.py                                       all cases
    python benchmarks/run.py nps group                             those whose name holds one of the words
    python benchmarks/run.py --write docs/performance-results.md   write the table, too

Both sides of a case run in turns in one process, and the medians are compared, so a busy machine slows both.
Sizes can be scaled down for a first look: --scale 0.1.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import csmetrics as csm


@dataclass
class Case:
    """One comparison: `ours` against `theirs`, at most `limit` times its time."""

    name: str
    against: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    limit: float
    loops: int = 1
    memory: str = ""  # "": not measured; "ours": in MB; "both": as a ratio


def plain_churn_rate(lost: Any, start: Any) -> float:
    """Churn as a careful person writes it: the same checks, the same division."""
    if type(lost) not in (int, float) or type(start) not in (int, float):
        raise TypeError("numbers, please")
    if lost != lost or start != start:
        return nan
    if lost < 0 or start < 0 or lost > start or start == inf:
        raise ValueError("impossible")
    if start == 0:
        return nan
    return 100 * lost / start


def plain_nrr(start: Any, expansion: Any, contraction: Any, churned: Any, *, reactivation: Any = 0) -> float:
    """NRR as a careful person writes it."""
    for value in (start, expansion, contraction, churned, reactivation):
        if type(value) not in (int, float):
            raise TypeError("numbers, please")
        if value != value:
            return nan
        if value < 0 or value == inf:
            raise ValueError("impossible")
    if contraction + churned > start:
        raise ValueError("impossible")
    if start == 0:
        return nan
    return 100 * (start + expansion + reactivation - contraction - churned) / start


def bare_churn_rate(lost: Any, start: Any) -> float:
    """Churn without a look at types: the shortest version that still checks."""
    if lost != lost or start != start:
        return nan
    if lost < 0 or start < 0 or lost > start or start == inf:
        raise ValueError("impossible")
    if start == 0:
        return nan
    return lost / start * 100


def bare_nrr(start: Any, expansion: Any, contraction: Any, churned: Any, *, reactivation: Any = 0) -> float:
    """NRR without a look at types."""
    values = start + expansion + contraction + churned + reactivation
    if values != values:
        return nan
    if start < 0 or expansion < 0 or contraction < 0 or churned < 0 or reactivation < 0 or values == inf:
        raise ValueError("impossible")
    if contraction + churned > start:
        raise ValueError("impossible")
    if start == 0:
        return nan
    return (start + expansion + reactivation - contraction - churned) / start * 100


def scalar_cases(scale: float) -> Iterator[Case]:
    loops = 20_000
    args = (1000.0, 120.0, 50.0, 30.0)
    yield Case(
        "scalar churn_rate",
        "plain Python with the same checks",
        lambda: [csm.churn_rate(5, 100) for _ in range(loops)],
        lambda: [plain_churn_rate(5, 100) for _ in range(loops)],
        1.7,
    )
    yield Case(
        "scalar churn_rate, bare",
        "plain Python without type checks",
        lambda: [csm.churn_rate(5, 100) for _ in range(loops)],
        lambda: [bare_churn_rate(5, 100) for _ in range(loops)],
        1.7,
    )
    yield Case(
        "scalar nrr",
        "plain Python with the same checks",
        lambda: [csm.nrr(*args) for _ in range(loops)],
        lambda: [plain_nrr(*args) for _ in range(loops)],
        1.7,
    )
    yield Case(
        "scalar nrr, bare",
        "plain Python without type checks",
        lambda: [csm.nrr(*args) for _ in range(loops)],
        lambda: [bare_nrr(*args) for _ in range(loops)],
        1.7,
    )


def array_cases(scale: float) -> Iterator[Case]:
    rng = np.random.default_rng(1)
    start = rng.integers(1, 1000, int(10_000_000 * scale)).astype(np.float64)
    lost = np.floor(start * rng.random(start.size) * 0.2)
    yield Case(
        "churn_rate, 10 M float64",
        "100 * lost / start",
        lambda: csm.churn_rate(lost, start),
        lambda: 100 * lost / start,
        1.5,
    )
    few_lost, few_start = pd.Series(lost[:1000]), pd.Series(start[:1000])
    yield Case(
        "churn_rate, Series of 1,000",
        "100 * lost / start (pandas, unchecked)",
        lambda: [csm.churn_rate(few_lost, few_start) for _ in range(500)],
        lambda: [100 * few_lost / few_start for _ in range(500)],
        1.0,
    )


def nps_cases(scale: float) -> Iterator[Case]:
    rng = np.random.default_rng(2)
    for size, dtype, against, limit in ((100, np.int8, np.max, 7.0), (50, np.float64, np.sum, 4.0)):
        scores = rng.integers(0, 11, int(size * 1_000_000 * scale), dtype=np.int8).astype(dtype)
        yield Case(
            f"nps_from_scores, {size} M {np.dtype(dtype).name}",
            f"np.{against.__name__}",
            lambda scores=scores: csm.nps_from_scores(scores),
            lambda scores=scores, against=against: against(scores),
            limit,
            memory="ours",
        )


def group_cases(scale: float) -> Iterator[Case]:
    rows = int(10_000_000 * scale)
    rng = np.random.default_rng(3)
    start = rng.integers(1, 100_000, rows)
    text = np.array([f"segment-{i:05d}" for i in range(5000)], dtype=object)
    frame = pd.DataFrame(
        {
            "segment": pd.Categorical.from_codes(rng.integers(0, 50, rows), [f"s{i:02d}" for i in range(50)]),
            "account": rng.integers(0, 100_000, rows),
            "name": pd.Series(text[rng.integers(0, 5000, rows)]),
            "month": rng.integers(1, 37, rows),
            "start_mrr": start,
            "expansion_mrr": start // 20,
            "contraction_mrr": start // 50,
            "churned_mrr": start // 40,
        }
    )
    columns = ["start_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr"]
    for kind, data in (("int64", frame), ("float64", frame.astype(dict.fromkeys(columns, np.float64)))):
        for name, keys, limit in (
            ("50 categories", ["segment"], 0.4),
            ("100,000 integers", ["account"], 0.7),
            ("5,000 strings", ["name"], 0.85),
            ("category and month", ["segment", "month"], 0.5),
        ):
            yield Case(
                f"nrr by group, 10 M rows, {name}, {kind}",
                "groupby(observed=True).sum()",
                lambda data=data, keys=keys: data.csm.by(*keys).nrr(),
                lambda data=data, keys=keys: data.groupby(keys, observed=True)[columns].sum(),
                limit,
                memory="both",
            )


def import_time(code: str) -> float:
    """Seconds that an import takes in a fresh interpreter, start-up left out."""
    timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
    return float(subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True).stdout)


def peak(function: Callable[[], Any]) -> float:
    """Megabytes that a call takes at the most, beyond what was there."""
    tracemalloc.start()
    function()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def measure(case: Case, rounds: int) -> tuple[str, str, float, float, str]:
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(rounds):
        for side in times:
            started = time.perf_counter()
            getattr(case, side)()
            times[side].append(time.perf_counter() - started)
    ratio = statistics.median(times["ours"]) / statistics.median(times["theirs"])
    memory = ""
    if case.memory == "ours":
        memory = f"{peak(case.ours):.2f} MB"
    elif case.memory == "both":
        memory = f"{peak(case.ours) / peak(case.theirs):.2f}x"
    return case.name, case.against, ratio, case.limit, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="only cases whose name holds one of these words")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the data against the full size")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", type=Path, help="write the table to this Markdown file")
    options = parser.parse_args()
    rows = []

    def asked(name: str) -> bool:
        return not options.words or any(word in name for word in options.words)

    for make in (scalar_cases, array_cases, nps_cases, group_cases):
        for case in make(options.scale):
            if asked(case.name):
                rows.append(measure(case, options.rounds))
                print("{:55} {:38} {:6.2f}x of at most {:.2f}x  {}".format(*rows[-1]), flush=True)
    if asked("import"):
        pairs = [(import_time("import csmetrics"), import_time("import pandas, pydantic")) for _ in range(15)]
        ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
        rows.append(("import csmetrics", "import pandas, pydantic", ours / theirs, 1.15, ""))
        print("{:55} {:38} {:6.2f}x of at most {:.2f}x  {}".format(*rows[-1]), flush=True)
    if options.write:
        lines = [
            f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}, "
            f"{platform.machine()}; medians of {options.rounds} rounds. Made by "
            f"`python benchmarks/run.py --write {options.write}`.",
            "",
            "| work | against | time | at most | extra memory |",
            "|---|---|---|---|---|",
            *(f"| {n} | `{a}` | {r:.2f}x | {limit:.2f}x | {m} |" for n, a, r, limit, m in rows),
        ]
        options.write.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
