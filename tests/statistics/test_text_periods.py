"""Periods that are text are taken in the order of time, or refused."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import csmetrics as csm
from csmetrics._statistics.text_periods import must_sort

CARD = csm.Scorecard(targets={"churn_rate": None})


def months(*labels: Any) -> pd.DataFrame:
    return pd.DataFrame({"month": labels, "start": 100, "lost": range(5, 5 + len(labels)), "plan": "a"})


@pytest.mark.parametrize(
    "labels",
    [
        ["Jan 2026", "Feb 2026", "Mar 2026"],
        ["November 2025", "March 2026"],
        ["Oct-25", "Jan-26"],
        ["Feb", "Mar", "Apr"],
        ["Q4 2025", "Q1 2026"],
        ["12/2025", "1/2026"],
        ["31.01.2026", "28.02.2026"],
        ["12/31/2025", "01/31/2026"],
        ["Week 9", "Week 10"],
    ],
)
def test_text_that_does_not_sort_in_time_is_refused(labels: list[str]) -> None:
    with pytest.raises(csm.MetricInputError, match=r"must sort in time; as text, '.*' comes before '"):
        must_sort("test", "month", labels)


@pytest.mark.parametrize(
    "labels",
    [
        ["2025-12", "2026-01"],
        ["2025Q4", "2026Q1"],
        ["Apr", "Aug"],
        ["Week 09", "Week 10"],
        ["wave a", "wave b"],
        [1, 10],
    ],
)
def test_other_labels_are_taken_as_they_sort(labels: list[Any]) -> None:
    must_sort("test", "month", labels)


def test_nothing_takes_march_for_the_month_after_january() -> None:
    frame = months("Jan 2026", "Feb 2026", "Mar 2026", "Apr 2026")
    asked = [
        lambda: CARD.evaluate(frame),
        lambda: csm.report(movements=frame).figures,
        lambda: csm.decompose_periods("churn_rate", frame, by="plan", period="month"),
        lambda: frame.csm.plot.over_time("churn_rate"),
    ]
    for ask in asked:
        with pytest.raises(csm.MetricInputError, match="`month` must sort in time") as wrong:
            ask()
    code = wrong.value.hint.partition(": ")[2]
    read = frame.assign(month=eval(code, {"pd": pd, "frame": frame}))
    assert csm.report(movements=read).figures.loc["churn_rate", ["period", "value"]].to_list() == ["Apr 2026", 8]
    last = CARD.evaluate(months("11/2025", "12/2025", "1/2026")).frame["value"].to_list()
    assert last == [7]  # by place, not by text


def test_a_report_of_an_earlier_month_reads_text_and_first_days() -> None:
    for labels in (["2026-05", "2026-06"], list(pd.to_datetime(["2026-05-01", "2026-06-01"]))):
        made = csm.report(movements=months(*labels), as_of="2026-06-15")  # June is not over
        assert made.figures.loc["churn_rate", "value"] == 5
    with pytest.raises(csm.MetricInputError, match="`as_of` needs periods that are dates, or text such as 2026-03"):
        csm.report(movements=months("wave a", "wave b"), as_of="2026-06-15")
