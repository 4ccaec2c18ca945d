"""The page on customers without a contract runs, where clvkit is installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "worth-of-shoppers.md"


@pytest.mark.full
def test_the_page_runs() -> None:
    pytest.importorskip("clvkit", reason="needs pip install clvkit, which needs pandas 3")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), names)
    customers = names["customers"]
    assert len(customers) == 400
    assert customers["clv"].gt(0).all()
    assert names["expected"].is_monotonic_increasing
    assert names["totals"]["customers"].sum() == 400
    assert names["sure"].low < customers["clv"].mean() < names["sure"].high


def test_what_csmetrics_does_alone_runs_anywhere() -> None:
    block = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)[0]
    names: dict[str, Any] = {}
    exec(compile(block, str(PAGE), "exec"), names)
    assert names["so_far"]["customers"].sum() == 400
    assert list(names["log"].columns) == ["customer_id", "date", "amount"]
