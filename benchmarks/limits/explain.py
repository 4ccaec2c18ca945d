"""`explain` on a frame against the version of the library that coded the keys for every column anew."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import Paired

from limits import limit

BEFORE = "ad33e61"  # the commit
TOP = Path(__file__).parents[2]
CALLS = 50
WORKER = f"""
import sys, time, pandas as pd, csmetrics as csm
months, plans = pd.period_range("2023-01", periods=48, freq="M", name="period"), ["basic", "pro", "team"]
bridge = {{
    "start": 90, "new": 9, "reactivated": 1, "lost": 4, "end": 96,
    "start_mrr": 9000, "new_mrr": 900, "reactivation_mrr": 100, "expansion_mrr": 800, "contraction_mrr": 300,
    "churned_mrr": 500, "end_mrr": 10_000,
}}
frame = pd.DataFrame(bridge, index=pd.MultiIndex.from_product([months, plans], names=["period", "plan"]))
for line in sys.stdin:
    started = time.perf_counter()
    for _ in range({CALLS}):
        found = frame.csm.by("period", "plan").explain("nrr", (months[20], "pro"))
    print(time.perf_counter() - started, found.result, flush=True)
"""


def _start(source: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(source)}
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    return subprocess.Popen([sys.executable, "-c", WORKER], **options)  # type: ignore[call-overload,no-any-return]


def _call(worker: subprocess.Popen[str]) -> tuple[float, str]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    print("go", file=worker.stdin, flush=True)
    seconds, result = worker.stdout.readline().split()
    return float(seconds) / CALLS, result


@limit("explain on a bridge of 48 months and 3 plans", "the version before", 0.6)
def explain(rows: int, rounds: int) -> Paired | None:
    """Time both versions in processes of their own, in turns; a clone without the history has no version before."""
    packed = subprocess.run(["git", "archive", BEFORE, "src"], cwd=TOP, capture_output=True, check=False)
    if packed.returncode:
        return None
    with TemporaryDirectory() as folder:
        with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
            archive.extractall(folder, filter="data")
        workers = [_start(TOP / "src"), _start(Path(folder) / "src")]
        warm = [_call(worker)[1] for worker in workers]
        assert warm[0] == warm[1], "explain: the versions differ"
        times = [[_call(worker)[0] for worker in workers] for _ in range(rounds)]
        for worker in workers:
            worker.communicate()
    ours, before = (list(column) for column in zip(*times, strict=True))
    return Paired(ours, before)
