"""A pytest plugin that runs every case in a ``*.metrics.toml`` or ``*.metrics.csv`` file as a test.

It is a package of its own, so that pytest can load it without importing csmetrics. csmetrics is imported when the
first such file is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from csmetrics.testing import Case


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect files of cases."""
    if file_path.name.endswith((".metrics.toml", ".metrics.csv")):
        return CaseFile.from_parent(parent, path=file_path)
    return None


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
