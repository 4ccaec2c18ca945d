"""Compare time and memory with what a user would write instead.

    python benchmarks/run.py                                       all cases
    python benchmarks/run.py nps group                             cases whose name contains one of the words
    python benchmarks/run.py --write docs/performance-results.md   also write the table; with words, these rows of it
    python benchmarks/run.py --growth docs/_static/growth.svg      draw how time grows with the data instead
    python benchmarks/run.py --limits                              measure the limits, against the best by hand, instead

Both sides of a case run in turns in one process, and the medians are compared, so a busy machine slows both.
Sizes can be scaled down for a first look: --scale 0.1. The benchmarks need: pip install -e ".[bench]".
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from answers import answer_cases
from cohorts import cohort_cases
from growth import grow
from harness import Case, measure, setting
from limits.table import limits_table
from pydantic import BaseModel, ConfigDict, Field
from report_cases import report_cases
from statistics_cases import statistics_cases
from worth_cases import worth_cases

import csmetrics as csm


def plain_churn_rate(lost: Any, start: Any) -> float:
    """Compute churn as a careful person writes it: the same checks, the same division."""
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
    """Compute NRR as a careful person writes it."""
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
    """Compute churn without type checks: the shortest version that still checks the values."""
    if lost != lost or start != start:
        return nan
    if lost < 0 or start < 0 or lost > start or start == inf:
        raise ValueError("impossible")
    if start == 0:
        return nan
    return lost / start * 100


def bare_nrr(start: Any, expansion: Any, contraction: Any, churned: Any, *, reactivation: Any = 0) -> float:
    """Compute NRR without type checks."""
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


class PlainInputs(BaseModel):
    """The inputs of churn as someone's own service would define them."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    lost: float | None = Field(ge=0, allow_inf_nan=False)
    start: float | None = Field(ge=0, allow_inf_nan=False)


class PlainResult(BaseModel):
    """The result of churn as someone's own service would define it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    metric: str
    value: float | None
    unit: str


def plain_service(text: str) -> str:
    inputs = PlainInputs.model_validate_json(text)
    lost, start = (nan if value is None else value for value in (inputs.lost, inputs.start))
    value = plain_churn_rate(lost, start)
    return PlainResult(metric="churn_rate", value=None if value != value else value, unit="percent").model_dump_json()


def service_cases(scale: float) -> Iterator[Case]:
    spec = csm.catalog["churn_rate"]
    texts = [f'{{"lost": {n % 97}, "start": {100 + n % 89}}}' for n in range(10_000)]
    yield Case(
        "service, 10,000 calls of compute(JSON)",
        "pydantic models by hand",
        lambda: [spec.compute(text).model_dump_json() for text in texts],
        lambda: [plain_service(text) for text in texts],
        2.0,
        check=lambda: plain_service(texts[3]).startswith('{"metric":"churn_rate","value":2.9126'),
    )


def make_counts(rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    start = rng.integers(1, 1000, rows).astype(np.float64)
    return np.floor(start * rng.random(rows) * 0.2), start


def array_cases(scale: float) -> Iterator[Case]:
    @cache
    def data() -> tuple[np.ndarray, np.ndarray]:
        return make_counts(int(10_000_000 * scale))

    @cache
    def few() -> tuple[pd.Series, pd.Series]:
        lost, start = make_counts(1000)
        return pd.Series(lost), pd.Series(start)

    def bare(lost: Any, start: Any) -> Any:
        return 100 * lost / start

    yield Case(
        "churn_rate, 10 M float64",
        "100 * lost / start",
        lambda: csm.churn_rate(*data()),
        lambda: bare(*data()),
        1.5,
        prepare=data,
    )
    yield Case(
        "churn_rate, Series of 1,000",
        "100 * lost / start (pandas, unchecked)",
        lambda: [csm.churn_rate(*few()) for _ in range(500)],
        lambda: [bare(*few()) for _ in range(500)],
        1.0,
        prepare=few,
    )


def nps_cases(scale: float) -> Iterator[Case]:
    for size, dtype, against, limit in ((100, np.int8, np.max, 7.0), (50, np.float64, np.sum, 4.0)):

        @cache
        def scores(size: int = size, dtype: Any = dtype) -> np.ndarray:
            rng = np.random.default_rng(2)
            return rng.integers(0, 11, int(size * 1_000_000 * scale), dtype=np.int8).astype(dtype)

        yield Case(
            f"nps_from_scores, {size} M {np.dtype(dtype).name}",
            f"np.{against.__name__}",
            lambda scores=scores: csm.nps_from_scores(scores()),
            lambda scores=scores, against=against: against(scores()),
            limit,
            memory="ours",
            prepare=scores,
        )


MRR = ["start_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr"]


def make_groups(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    start = rng.integers(1, 100_000, rows)
    text = np.array([f"segment-{i:05d}" for i in range(5000)], dtype=object)
    return pd.DataFrame(
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


def group_cases(scale: float) -> Iterator[Case]:
    for kind in ("int64", "float64"):

        @cache
        def data(kind: str = kind) -> pd.DataFrame:
            return make_groups(int(10_000_000 * scale)).astype(dict.fromkeys(MRR, kind))

        for name, keys, limit in (
            ("50 categories", ["segment"], 0.4),
            ("100,000 integers", ["account"], 0.7),
            ("5,000 strings", ["name"], 0.85),
            ("category and month", ["segment", "month"], 0.5),
        ):
            yield Case(
                f"nrr by group, 10 M rows, {name}, {kind}",
                "groupby(observed=True).sum()",
                lambda data=data, keys=keys: data().csm.by(*keys, period=None).nrr(),  # rows of any month
                lambda data=data, keys=keys: data().groupby(keys, observed=True)[MRR].sum(),
                limit,
                memory="both",
                prepare=data,
            )


def import_time(code: str) -> float:
    """Measure the seconds that an import takes in a fresh interpreter, not counting its start-up."""
    timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
    return float(subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True).stdout)


ANEW = " Some rows were measured anew"
GROWTH = "## Growth\n"  # the heading of the part of the results that --growth writes


def write_table(path: Path, rows: list[tuple[str, str, float, float, str]], rounds: int, *, some: bool) -> None:
    """Write the table of all cases, or of `some` among the others, and keep the part that --growth wrote."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    table, mark, growth = before.partition(GROWTH)
    cases = {(n, f"`{a}`"): f"| {n} | `{a}` | {r:.2f}x | {limit:.2f}x | {m} |" for n, a, r, limit, m in rows}
    head = f"{setting(rounds)} Made by `python benchmarks/run.py --write {path}`."
    if some and table:
        head = f"{table.splitlines()[0].partition(ANEW)[0]}{ANEW}: {setting(rounds)}"
        there = [line for line in table.splitlines() if line.startswith("| ") and line.count("`") == 2]
        cases = {(line.split(" | ")[0][2:], line.split(" | ")[1]): line for line in there} | cases
    lines = [
        head,
        "",
        "| work | against | time | at most | extra memory |",
        "|---|---|---|---|---|",
        *cases.values(),
    ]
    path.write_text("\n".join(lines) + "\n" + (f"\n{mark}{growth}" if mark else ""), encoding="utf-8")


def write_growth(path: Path, svg: Path, lines: list[str], rounds: int) -> None:
    """Write the growth figures below the table of all cases."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    table = before.partition(GROWTH)[0].rstrip("\n")
    drawing = Path(os.path.relpath(svg, path.parent)).as_posix()
    text = [
        table,
        "",
        GROWTH,
        f"![Seconds over million rows, both on a log scale]({drawing})",
        "",
        f"{setting(rounds)} Made by `python benchmarks/run.py --growth {svg} --write {path}`.",
        "",
        *lines,
    ]
    path.write_text("\n".join(text).lstrip("\n") + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="only cases whose name holds one of these words")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the data against the full size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, help="write the table to this Markdown file")
    parser.add_argument("--growth", type=Path, help="measure growth instead, and draw it to this SVG file")
    parser.add_argument("--limits", action="store_true", help="measure the limits instead")
    options = parser.parse_args()
    if options.limits:
        lines = limits_table(options.words, options.scale, options.rounds)
        if options.write:
            head = f"{setting(options.rounds)} Made by `python benchmarks/run.py --limits --write {options.write}`."
            options.write.write_text("\n".join([head, "", *lines]) + "\n", encoding="utf-8")
        return
    if options.growth:
        lines = grow(options.growth, options.scale, options.rounds, options.words)
        print(*lines, sep="\n")
        if options.write:
            write_growth(options.write, options.growth, lines, options.rounds)
        return
    rows = []

    def asked(name: str) -> bool:
        return not options.words or any(word in name for word in options.words)

    def add(row: tuple[str, str, float, float, str]) -> None:
        rows.append(row)
        print("{:58} {:38} {:6.2f}x of at most {:.2f}x  {}".format(*row), flush=True)

    for make in (
        scalar_cases,
        service_cases,
        array_cases,
        nps_cases,
        group_cases,
        cohort_cases,
        answer_cases,
        statistics_cases,
        worth_cases,
        report_cases,
    ):
        for case in make(options.scale):
            if asked(case.name):
                add(measure(case, options.rounds))
    if asked("import"):
        pairs = [(import_time("import csmetrics"), import_time("import pandas, pydantic")) for _ in range(15)]
        ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
        add(("import csmetrics", "import pandas, pydantic", ours / theirs, 1.15, ""))
    if options.write:
        write_table(options.write, rows, options.rounds, some=bool(options.words))


if __name__ == "__main__":
    main()
