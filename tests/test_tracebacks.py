"""pytest and IPython show an error at the line that called csmetrics, and next to none of the frames inside it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import csmetrics as csm
from csmetrics import errors

SOURCE = str(Path(csm.__file__).parent)
MOST = 2  # frames of ours that may be shown

FRAME = pd.DataFrame({"plan": ["a", "b"], "lost": [1, 9], "start": [10, 5]})
LEDGER = pd.DataFrame(
    {
        "customer": [1, 2],
        "start": pd.to_datetime(["2026-01-01", "2026-02-01"]),
        "end": pd.to_datetime(["2025-01-01", None]),
        "mrr": [1, 2],
    }
)
HEALTH = csm.HealthScore(components={"use": {"weight": 1}})

CALLS: dict[str, Callable[[], Any]] = {
    "a metric on numbers": lambda: csm.churn_rate(lost=5, start=3),
    "a metric on a number of numpy": lambda: csm.churn_rate(np.int64(5), start=3),
    "a metric on arrays": lambda: csm.nrr([1, 2], [1, 2], [3, -4], [1, 1]),
    "a metric without a value": lambda: csm.churn_rate(0, 0, undefined="raise"),
    "a metric on answers": lambda: csm.nps_from_scores([11, 2]),
    "a metric on dates": lambda: csm.ttv("x", "2026-01-01"),
    "rows of a frame": lambda: FRAME.csm.churn_rate(),
    "groups of a frame": lambda: FRAME.csm.by("plan").churn_rate(),
    "a column that is not there": lambda: FRAME.csm.total().nps(),
    "an argument that is not there": lambda: FRAME.csm.churn_rate(foo="lost"),
    "too many arguments": lambda: FRAME.csm.churn_rate("lost", "start", "end"),
    "a method that is not there": lambda: FRAME.csm.churn_rte(),
    "answers in a column": lambda: pd.Series([1, 99]).csm.nps(),
    "a frame of Polars": lambda: csm.over(pl.from_pandas(FRAME)).by("plan").churn_rate(),
    "no frame": lambda: csm.over(5),
    "a ledger": lambda: csm.cohorts.movements_from_subscriptions(LEDGER),
    "a ledger of Polars": lambda: csm.cohorts.movements_from_subscriptions(pl.from_pandas(LEDGER)),
    "a ledger without its column": lambda: csm.cohorts.movements_from_subscriptions(LEDGER, mrr="amount"),
    "events": lambda: csm.cohorts.retention(LEDGER),
    "answers": lambda: csm.cohorts.survey(pd.DataFrame({"score": [1, 50]}), nps="score"),
    "an interval": lambda: csm.interval(csm.churn_rate, lost=5, start=3),
    "a comparison": lambda: csm.compare(csm.nps, {"promoters": 1}, {"promoters": 2}),
    "a comparison of groups": lambda: csm.compare_groups(csm.churn_rate, FRAME, by="region"),
    "a decomposition": lambda: csm.decompose(csm.churn_rate, FRAME, FRAME, by="region"),
    "a scorecard": lambda: csm.Scorecard(targets={"nope": 1}),
    "an explanation": lambda: csm.explain("churn_rate", lost=5, start=3),
    "a metric's name": lambda: csm.catalog["nope"],
    "a search": lambda: csm.catalog.find(""),
    "a document": lambda: csm.catalog["churn_rate"].compute('{"lost": 5, "start": 3}'),
    "a document with another field": lambda: csm.catalog["churn_rate"].compute('{"lost": 5, "strt": 3}'),
    "inputs": lambda: csm.catalog["churn_rate"].Inputs(lost="x", start=3),
    "a health score": lambda: HEALTH.score(FRAME),
    "a health score's components": lambda: csm.HealthScore(components={"use": {"weight": -1}}),
    "survival": lambda: csm.survival.kaplan_meier([1, -2], [1, 0]),
    "a report": lambda: csm.report_from_tables(subscriptions=LEDGER),
    "a plot": lambda: FRAME.csm.plot.bridge(),
    "a verification": lambda: csm.testing.verify(len, "nope"),
    "a verification of a table": lambda: csm.testing.assert_verified(FRAME, "churn_rate"),
    "cases": lambda: csm.testing.cases("nope"),
    "made-up data": lambda: csm.datasets.make_saas(customers=-1),
}


def is_ours(entry: Any) -> bool:
    return str(entry.path).startswith(SOURCE)


def chain(error: BaseException | None) -> list[BaseException]:
    """Return an error and those that are shown with it."""
    if error is None:
        return []
    return [error, *chain(error.__cause__ or (None if error.__suppress_context__ else error.__context__))]


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_pytest_shows_next_to_none_of_our_frames(call: Callable[[], Any]) -> None:
    with pytest.raises(Exception) as raised:
        call()
    shown = 0
    for error in chain(raised.value):
        info = pytest.ExceptionInfo.from_exception(error)
        entries = info.traceback.filter(info)
        assert any(map(is_ours, info.traceback)) or type(error).__name__ == "ValidationError"  # else this shows nothing
        shown += sum(map(is_ours, entries))
    entries = raised.traceback.filter(raised)
    assert str(entries[1 if entries[0].name.startswith("test_") else 0].path) == __file__  # the line that called
    assert shown <= MOST


IPYTHON = """
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance(colors="nocolor")
shell.run_cell("import csmetrics as csm, pandas as pd; frame = pd.DataFrame({'lost': [9], 'start': [5]})")
for line in ("csm.nrr([1], [1], [-4], [1])", "frame.csm.total().churn_rate()", "frame.csm.churn_rate(foo='lost')"):
    print("CALL", line)
    shell.run_cell(line)
"""


@pytest.mark.full
def test_ipython_shows_next_to_none_of_our_frames(tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    source = str(Path(SOURCE).parent)
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path), "PYTHONPATH": source}
    command = [sys.executable, "-c", IPYTHON]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    _, *calls = done.stdout.split("CALL ")
    assert len(calls) == 3
    for text in calls:
        assert "skipping hidden" in text
        assert 1 <= text.count(f"File {SOURCE}") <= MOST, text


def test_a_figure_costs_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames are marked where an error is made, so what raises none never comes there."""

    def marked(error: BaseException) -> BaseException:
        raise AssertionError

    monkeypatch.setattr(errors, "from_outside", marked)
    assert csm.churn_rate(lost=5, start=500) == 1
    with pytest.raises(AssertionError):
        csm.churn_rate(lost=5, start=3)


def test_only_functions_of_ours_are_marked() -> None:
    def called(function: Callable[[], Any]) -> bool:
        with pytest.raises(csm.MetricInputError):
            function()
        return "__tracebackhide__" in sys._getframe().f_locals

    assert not called(CALLS["a metric on numbers"])
    before = set(vars(csm))
    namespace = {"__name__": "csmetrics.made_up", "csm": csm}
    with pytest.raises(csm.MetricInputError):
        exec("csm.churn_rate(5, 3)", namespace)  # the body of a module: its variables are the module's
    assert "__tracebackhide__" not in namespace
    assert set(vars(csm)) == before
