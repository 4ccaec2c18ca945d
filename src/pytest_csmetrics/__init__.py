"""A pytest plugin that runs every case in a ``*.metrics.toml`` or ``*.metrics.csv`` file as a test.

It is a package of its own, so that pytest can load it without importing csmetrics. csmetrics is imported when the
first such file is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from csmetrics.testing import Case


LEFT_ALONE = pytest.StashKey[list[str]]()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect files of cases; files of others with such a name are left alone."""
    if not file_path.name.endswith((".metrics.toml", ".metrics.csv")):
        return None
    if holds_cases(file_path):
        return CaseFile.from_parent(parent, path=file_path)
    parent.config.stash.setdefault(LEFT_ALONE, []).append(file_path.name)
    return None


def holds_cases(path: Path) -> bool:
    """Check by its content whether a file holds cases: each says what is expected, or which error."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError):
        return False
    if path.suffix == ".toml":
        return re.search(r"""(^|[{,])\s*["']?(expected|error)["']?\s*=""", text, flags=re.MULTILINE) is not None
    head = next((line for line in text.splitlines() if line.strip()), "")
    columns = {name.strip().strip('"').lower() for name in re.split("[,;\t]", head)}
    return "metric" in columns and bool(columns & {"expected", "error"})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in one line which files were left alone."""
    names = config.stash.get(LEFT_ALONE, [])
    if names:
        some = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        terminalreporter.write_line(f"csmetrics: no cases in {some} (-p no:csmetrics turns the plugin off)")


class CaseFile(pytest.File):
    """A file of worked cases."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test for each case."""
        from csmetrics.errors import MetricInputError
        from csmetrics.testing import read_cases

        try:
            cases = read_cases(self.path)
        except MetricInputError as error:
            raise self.CollectError(str(error)) from None
        for case in cases:
            yield CaseItem.from_parent(self, name=case.__name__, case=case)


class CaseItem(pytest.Item):
    """One worked case."""

    def __init__(self, *, case: Case, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case = case

    def runtest(self) -> None:
        """Compute the metric and compare it with what the case expects."""
        self.case.check()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the report: formula, numbers, expected, got and difference, without a traceback of the plugin."""
        if isinstance(excinfo.value, AssertionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return the file and the name of the case."""
        return self.path, None, self.name
