"""CONTRIBUTING.md's guide to a new metric, followed to the letter in a copy of the project."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from .on_one_metric import ALL_METRICS

ROOT = Path(__file__).parents[1]
PARTS = [
    "src",
    "tests",
    "docs",
    "examples",
    "conftest.py",
    "pyproject.toml",
    "LICENSE",
    *(path.name for path in ROOT.glob("*.md")),
]
FAMILY = "src/csmetrics/core/retention"
REFERENCE = "tests/core/reference.py"
ON_ONE = "tests/on_one_metric.py"

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


def blocks(language: str) -> list[str]:
    """Return the code blocks of CONTRIBUTING.md's guide in this language."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    return [dedent(block) for block in re.findall(rf"^   ```{language}\n(.*?)^   ```$", text, flags=re.M | re.S)]


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(text)


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the copy, whose csmetrics stands before an installed one."""
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "PYTHONSAFEPATH": "1"}
    command = (sys.executable, "-W", "error", *command)
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=600, check=False)


def over_the_registry(root: Path) -> list[str]:
    """Name the files with tests that run on every metric, or look at all of them."""
    paths = (path for path in sorted((root / "tests").rglob("test_*.py")) if path.name != Path(__file__).name)
    return [str(path.relative_to(root)) for path in paths if ALL_METRICS.search(path.read_text("utf-8"))]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a copy of the project, and take steps 2 to 4 of the guide in it."""
    root = tmp_path_factory.mktemp("project")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__", "_build"))
        else:
            shutil.copy(ROOT / part, root)
    function, restated = blocks("python")
    append(root / f"{FAMILY}.py", "\n\n" + function)
    append(root / f"{FAMILY}.jsonl", *blocks("json"))
    append(root / REFERENCE, restated)
    return root


def test_the_metric_is_everywhere(project: Path) -> None:
    done = run(project, "-c", EVERYWHERE.format(root=str(project / "src")))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.full
def test_the_tests_of_all_metrics_pass_on_it(project: Path) -> None:
    """After the three scripts of step 5, whose commands the guide holds."""
    before = (project / "README.md").read_text("utf-8")
    scripts = re.findall(r"`python (tests/\S+\.py)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert len(set(scripts)) == 3
    for script in dict.fromkeys(scripts):
        done = run(project, script)
        assert (done.returncode, done.stderr) == (0, ""), script
    added = set((project / "README.md").read_text("utf-8").splitlines()) - set(before.splitlines())
    assert [row.split(" | ")[0] for row in added] == ["| `pause_rate`"]
    assert "pause_rate" in json.loads((project / "tests" / "definitions.json").read_text("utf-8"))

    for stub in ("__init__.pyi", "_accessors/methods.pyi"):
        before, after = ((root / "src" / "csmetrics" / stub).read_text("utf-8") for root in (ROOT, project))
        assert before.count("def pause_rate(") == 0 < after.count("def pause_rate(")

    files = over_the_registry(project)
    named = ("core/test_laws.py", "core/test_policies.py", "core/test_reference.py", "core/test_registry.py")
    assert {f"tests/{name}" for name in named} < {*files}
    done = run(project, ON_ONE, "pause_rate", *files)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > 180


def test_a_wrong_figure_and_one_without_its_working_are_noticed(project: Path, tmp_path: Path) -> None:
    root = shutil.copytree(project, tmp_path / "project")
    (line,) = blocks("json")
    for change in ({"id": "pause_rate-wrong", "expected": 7.4}, {"id": "pause_rate-silent", "note": ""}):
        append(root / f"{FAMILY}.jsonl", json.dumps({**json.loads(line), **change}) + "\n")
    done = run(root, ON_ONE, "pause_rate", "tests/core/test_examples.py", "-k", "as_it_stands or sourced")
    assert done.returncode == 1
    failed = re.findall(r"^FAILED \S+::(\S+)", done.stdout, flags=re.M)
    assert failed == ["test_every_metric_has_a_sourced_example[pause_rate]", "test_as_it_stands[pause_rate-wrong]"]
    assert "pause_rate-silent: the `note` of a figure worked by hand must show the working" in done.stdout
