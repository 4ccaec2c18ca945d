"""The digits do not depend on the number of threads, which the usual variables bound."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


def run(engine: str, threads: int) -> Any:
    script, environment = (
        Path(__file__).with_name("digits.py"),
        {**os.environ, **dict.fromkeys(VARIABLES, str(threads))},
    )
    command = [sys.executable, "-W", "ignore", str(script), engine, str(threads)]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


@pytest.mark.full
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_digits_do_not_depend_on_threads(engine: str) -> None:
    one, four = run(engine, 1), run(engine, 4)
    assert one.keys() == four.keys()
    assert all(one[name] == four[name] for name in one)
    assert all(len(values) > 3 for values in one.values())
