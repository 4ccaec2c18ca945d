"""The pytest plugin, as another project uses it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

LIGHT = """
import sys

def test_nothing_heavy_is_loaded():
    assert not {"csmetrics", "numpy", "pandas", "pydantic", "narwhals"} & set(sys.modules)
"""


def run(folder: Path, *options: str) -> tuple[int, str]:
    """Run pytest with only csmetrics' plugin, found by its entry point, and with warnings as errors."""
    command = [sys.executable, "-m", "pytest", "-p", "csmetrics", "-p", "no:cacheprovider", "-W", "error", *options]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(dedent(text), "utf-8")
    return file


def test_without_a_file_of_cases_nothing_is_loaded(tmp_path: Path) -> None:
    write(tmp_path, "test_light.py", LIGHT)
    write(tmp_path, "other.toml", "[[churn_rate]]\nexpected = 1")
    write(tmp_path, "metrics.csv", "metric,expected\nchurn_rate,1")
    status, text = run(tmp_path)
    assert (status, "1 passed" in text) == (0, True), text


def test_each_case_is_a_test(tmp_path: Path) -> None:
    write(
        tmp_path,
        "board.metrics.toml",
        """
        source = "Board report (made up)"
        [[churn_rate]]
        inputs = { lost = 5, start = 100 }
        expected = 6
        [[churn_rate]]
        id = "right"
        inputs = { lost = 5, start = 100 }
        expected = 5
        [[churn_rate]]
        inputs = { lost = 5, strat = 100 }
        expected = 5
        [ttv.first]
        inputs = { started_at = 2026-01-01, value_at = "2026-01-05T12:00" }
        expected = 4.5
        """,
    )
    write(
        tmp_path,
        "march.metrics.csv",
        """\
        metric,lost,start,expected,tolerance,source
        churn_rate,455,7160,6.35,0.005,March
        churn_rate,455,7160,6.35,,March
        churn_rate,0,0,,,
        """,
    )
    status, text = run(tmp_path, "-v")
    assert (status, "3 failed, 4 passed" in text) == (1, True), text
    assert "board.metrics.toml::churn_rate-right PASSED" in text
    assert "march.metrics.csv::churn_rate-2 FAILED" in text
    shown = [line.strip() for line in text.splitlines()]
    at = shown.index("churn_rate, case 1")
    assert shown[at + 1 : at + 8] == [
        "churn rate = lost / start × 100",
        "= 5 / 100 × 100",
        "= 5 %",
        "expected:   6",
        "got:        5",
        "difference: -1, tolerance 6e-09",
        "source:     Board report (made up)",
    ]
    assert "'strat'" in text
    assert "Traceback" not in text
    assert "difference: +0.0047486, tolerance 6.35e-09" in shown


BAD = [
    ("a.metrics.toml", "[[churn_rate]]\nexpected = [", "must be a TOML file"),
    ("a.metrics.csv", "metric,expected\nchurn_rate,1,2\n", "line 2 of a.metrics.csv has more cells"),
    ("a.metrics.toml", "expected = " + "[" * 5000, "must be a TOML file"),
    ("a.metrics.toml", "[[chrun_rate]]\ninputs = {}\nexpected = 1", "did you mean 'churn_rate'"),
    ("a.metrics.csv", "metric,inputs,expected\nchurn_rate,lost=[,1\n", "line 2 of a.metrics.csv: '[' is not JSON"),
    ("a.metrics.csv", 'metric,inputs,expected\nchurn_rate,"lost', "line 2: unexpected end of data"),
    ("a.metrics.csv", "metric,lost,lost,start,expected\nchurn_rate,5,6,100,5\n", "must be one column"),
]


def test_a_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    """Each in a folder of its own, all in one run."""
    for at, (name, text, _) in enumerate(BAD):
        (tmp_path / f"{at}").mkdir()
        write(tmp_path / f"{at}", name, text)
    status, shown = run(tmp_path)
    assert (status, "Traceback" in shown, "src/csmetrics" in shown) == (2, False, False), shown
    sections = re.split(r"^_+ ERROR collecting (\d)/.* _+$", shown, flags=re.MULTILINE)[1:]
    assert sections[::2] == [f"{at}" for at in range(len(BAD))], shown
    for (*_, words), section in zip(BAD, sections[1::2], strict=True):
        assert words in section.partition("short test summary")[0]
    assert f" {len(BAD)} errors in " in shown.rstrip().splitlines()[-1], shown


def test_lists_as_inputs_give_a_report_and_no_traceback(tmp_path: Path) -> None:
    write(
        tmp_path,
        "lists.metrics.toml",
        """
        [[churn_rate]]
        inputs = { lost = [5, 12], start = [100, 480] }
        expected = 5
        [[churn_rate]]
        inputs = { lost = 5, start = 100, undefined = "foo" }
        expected = 6
        """,
    )
    status, text = run(tmp_path)
    assert (status, "2 failed" in text) == (1, True), text
    shown = [line.strip() for line in text.splitlines()]
    at = shown.index("churn_rate, case 1")
    assert shown[at + 1 : at + 5] == [
        "churn rate = lost / start × 100",
        "lost = [5, 12]",
        "start = [100, 480]",
        "expected:   5",
    ]
    assert len(shown) < 60


def test_files_of_others_are_left_alone_and_named(tmp_path: Path) -> None:
    write(tmp_path, "test_light.py", LIGHT)
    write(tmp_path, "node.metrics.csv", "timestamp,name,value\n1,cpu,2\n")
    write(tmp_path, "app.metrics.toml", "[server]\nport = 1\n")
    (tmp_path / "odd.metrics.csv").write_bytes(b"\xff\xfe\x00")
    status, text = run(tmp_path)
    assert (status, "1 passed" in text) == (0, True), text
    assert "csmetrics: no cases in app.metrics.toml, node.metrics.csv, odd.metrics.csv (-p no:csmetrics" in text


def test_cases_are_found_however_they_are_written(tmp_path: Path) -> None:
    write(tmp_path, "semicolons.metrics.csv", "\ufeff\nmetric;lost;start;expected\nchurn_rate;5;100;5\n")
    write(tmp_path, "tabs.metrics.csv", '"metric"\t"lost"\t"start"\t"expected"\nchurn_rate\t5\t100\t5\n')
    write(tmp_path, "inline.metrics.toml", 'churn_rate = [{ inputs = { lost = 5, start = 100 }, "expected" = 5 }]\n')
    status, text = run(tmp_path)
    assert (status, "3 passed" in text, "no cases" in text) == (0, True, False), text


def test_a_fraction_where_percent_is_meant_is_named(tmp_path: Path) -> None:
    write(tmp_path, "f.metrics.csv", "metric,lost,start,expected\nchurn_rate,5,80,0.06\nchurn_rate,5,80,0.07\n")
    status, text = run(tmp_path)
    text = text.partition("short test summary")[0]  # which repeats all where CI is set
    assert (status, text.count("rates are percent: a fraction of 0.06 is 6"), text.count("hint:")) == (1, 1, 1), text


def test_a_broken_file_of_cases_is_still_an_error(tmp_path: Path) -> None:
    write(tmp_path, "ours.metrics.csv", "metric,lost,start,expected\nchrun_rate,5,100,5\n")
    write(tmp_path, "more.metrics.toml", "[[churn_rate]]\nexpected = \n")
    status, text = run(tmp_path)
    assert status == 2
    assert "chrun_rate" in text
    assert "must be a TOML file" in text
