"""One function and one line of examples make a metric: the steps of CONTRIBUTING.md on a copy of the source."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[1]
FAMILY = "src/csmetrics/core/retention"

EVERYWHERE = """
import doctest
import pandas as pd
import csmetrics as csm
from csmetrics.core import retention

assert csm.__file__.startswith({root!r}), csm.__file__
assert csm.pause_rate(6, 120) == csm.pause_rate(paused=6, start=120) == 5.0
assert "pause_rate" in csm.__all__

spec = csm.catalog["pause_rate"]
assert (spec.family, spec.unit, spec.direction, spec.bounds) == ("retention", "percent", "lower", (0, 100))
assert spec.summary.startswith("Share of the period's opening customers who paused")
assert spec.formula and spec.rivals and spec.pitfalls and spec.references and spec.rules == ("paused <= start",)
assert {{name: given.kind for name, given in spec.inputs.items()}} == {{"paused": "flow", "start": "stock"}}
assert all(given.meaning for given in spec.inputs.values())
assert [example.inputs for example in spec.examples] == [{{"paused": 3, "start": 40}}]
assert csm.catalog.find("subscription pauses", limit=1) == [spec]

june = pd.DataFrame({{"plan": ["a", "b", "b"], "paused": [1, 2, 3], "start": [10, 20, 80]}})
assert june.csm.pause_rate().tolist() == [10, 10, 3.75]
assert june.csm.by("plan").pause_rate().to_dict() == {{"a": 10, "b": 5}}
assert june.csm.total().pause_rate(start=200) == 3
assert "pause_rate" in june.csm.by("plan").metrics()
try:
    csm.pause_rate(paused=9, start=8)
except csm.MetricInputError as error:
    assert (error.metric, error.argument) == ("pause_rate", "paused")
else:
    raise AssertionError("a part larger than its whole was taken")

tests = doctest.DocTestFinder().find(retention.pause_rate, "pause_rate", globs=vars(retention))
assert [doctest.DocTestRunner().run(test) for test in tests] == [(0, 1)]
"""

EXAMPLES = """
import csmetrics as csm

for example in csm.catalog["pause_rate"].examples:
    got = csm.pause_rate(**example.inputs)
    assert abs(got - example.expected) <= example.tolerance, f"{example.id}: {got}, not {example.expected}"
"""


def block(language: str) -> str:
    """Return the code block of CONTRIBUTING.md in this language."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (found,) = re.findall(rf"^   ```{language}\n(.*?)^   ```$", text, flags=re.MULTILINE | re.DOTALL)
    return dedent(found)


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(text)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the source with the metric of CONTRIBUTING.md added."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    append(tmp_path / f"{FAMILY}.py", "\n\n" + block("python"))
    append(tmp_path / f"{FAMILY}.jsonl", block("json"))
    return tmp_path


def run(root: Path, code: str) -> subprocess.CompletedProcess[str]:
    # -P keeps the working directory off the path; the copy comes before an installed csmetrics
    start = f"import sys; sys.path.insert(0, {str(root / 'src')!r})\n"
    command = [sys.executable, "-P", "-W", "error", "-c", start + code]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_metric_is_everywhere(copy: Path) -> None:
    done = run(copy, EVERYWHERE.format(root=str(copy / "src")))
    assert (done.returncode, done.stderr) == (0, "")


def test_its_example_holds(copy: Path) -> None:
    done = run(copy, EXAMPLES)
    assert (done.returncode, done.stderr) == (0, "")


def test_editors_and_type_checkers_know_it(copy: Path) -> None:
    done = run(copy, f"import runpy; runpy.run_path({str(ROOT / 'tests/test_stubs.py')!r}, run_name='__main__')")
    assert (done.returncode, done.stderr) == (0, "")
    for stub in ("__init__.pyi", "_accessors/methods.pyi"):
        before, after = ((root / "src/csmetrics" / stub).read_text("utf-8") for root in (ROOT, copy))
        assert before.count("def pause_rate(") == 0 < after.count("def pause_rate(")
        assert set(before.splitlines()) < set(after.splitlines())


def test_a_wrong_figure_is_noticed(copy: Path) -> None:
    wrong = json.loads(block("json")) | {"id": "wrong", "expected": 7.4}
    append(copy / f"{FAMILY}.jsonl", json.dumps(wrong) + "\n")
    done = run(copy, EXAMPLES)
    assert done.returncode == 1
    assert "AssertionError: wrong: 7.5, not 7.4" in done.stderr


def test_the_tests_of_all_metrics_run_on_it(copy: Path) -> None:
    shutil.copytree(ROOT / "tests" / "core", copy / "tests" / "core")
    shutil.copy(ROOT / "pyproject.toml", copy)
    code = """
import sys, pytest
files = ["test_examples.py", "test_policies.py"]
sys.exit(pytest.main([*(f"tests/core/{f}" for f in files), "-k", "pause_rate", "-q", "-p", "no:cacheprovider"]))
"""
    done = run(copy, code)
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > 50
