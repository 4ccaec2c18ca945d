"""Run the tests of some files on one metric: `python tests/on_one_metric.py pause_rate FILES`.

Of a test that runs on each metric, this metric's cases; of the others, those that look at all metrics together, in
their own lines or in what these use of their file.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import warnings
from functools import cache
from types import ModuleType
from typing import Any

import pytest

ALL_METRICS = re.compile(r"\b(REGISTRY|LAWS|csm\.catalog)\b")
COMPARED = re.compile(rf'{ALL_METRICS.pattern}|\.metrics\(|"find"')  # what a metric more may change


@cache
def texts(module: ModuleType) -> dict[str, str]:
    """Return the text behind each name that a file defines."""
    found: dict[str, str] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names = [node.name]
        found |= dict.fromkeys(names, ast.unparse(node))
    return found


def looks_at_all(module: ModuleType, test: str) -> bool:
    """Check whether a test names what holds all metrics, or uses a part of its file that does."""
    known, seen, further = texts(module), {test}, [test]
    while further:
        text = known[further.pop()]
        if COMPARED.search(text):
            return True
        further += {*re.findall(r"\w+", text)} & known.keys() - seen
        seen.update(further)
    return False


class Chosen:
    def __init__(self, metric: str) -> None:
        self.metric = metric

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [
            item for item in items
            if self.metric in item.name
            or (not hasattr(item, "callspec") and looks_at_all(item.module, item.function.__name__))
        ]  # fmt: skip


if __name__ == "__main__":
    warnings.simplefilter("default")  # those of other packages' plugins; pytest makes errors of the rest
    chosen = Chosen(sys.argv[1])
    sys.exit(pytest.main([*sys.argv[2:], "-q", "-p", "no:cacheprovider"], [chosen]))
