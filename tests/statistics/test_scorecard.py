"""Targets, changes and noise, by hand, on every engine, and on months in which nothing happened."""

from __future__ import annotations

import json
import sys
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm
from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.noise import adjusted, reach

from ..engine_frames import FRAMES


def from_arrow(table: Any) -> Any:
    """Make a relation of DuckDB."""
    import duckdb

    return duckdb.from_arrow(table)


def months(lost: list[int], start: int = 1000, first: str = "2025-01") -> pd.DataFrame:
    index = pd.period_range(first, periods=len(lost), freq="M", name="period")
    return pd.DataFrame({"lost": lost, "start": [start] * len(lost)}, index=index)


CHURN = csm.Scorecard(targets={"churn_rate": csm.Target(at_most=2)})


def test_by_hand() -> None:
    """From 3 to 1.8 % and 2 % a year before: two changes, the target met, not clearly."""
    frame = months([20, 25, 28, 21, 23, 22, 24, 26, 25, 24, 22, 30, 18])
    card = CHURN.evaluate(frame)
    row = card.frame.loc["churn_rate"]
    assert card.period == "2026-01"
    assert (row["value"], row["before"], row["year_before"]) == (
        pytest.approx(1.8),
        pytest.approx(3.0),
        pytest.approx(2.0),
    )
    assert (row["change"], row["change_on_year"]) == (pytest.approx(-1.2), pytest.approx(-0.2))
    assert (row["met"], row["verdict"], row["target"]) == (True, "met", "at most 2")
    limits = csm.interval(csm.churn_rate, lost=18, start=1000)
    assert (row["low"], row["high"]) == (pytest.approx(limits.low), pytest.approx(limits.high))
    assert card.tested == 2
    text = str(card)
    assert text.splitlines()[0] == "Scorecard 2026-01: 1 of 1 targets met"
    assert "churn_rate 1.8 %, target at most 2: met; -1.2 pp on 2025-12 (" in text
    assert "-0.2 pp on 2025-01 (within noise)" in text
    assert text.endswith("\nMore than noise: 0 of 2 changes tested.")
    other = CHURN.evaluate(frame, period="2025-12").frame.loc["churn_rate"]
    assert (other["value"], other["verdict"]) == (3.0, "clearly missed")
    assert isnan(other["year_before"])
    assert (other["met"], other["more_than_noise_on_year"]) == (False, "")
    assert "<td>churn_rate</td><td>1.8 %</td><td>at most 2</td><td>met</td>" in card._repr_html_()
    plain = card.as_dict()
    json.dumps(plain)
    assert plain["lines"][0]["met"] is True


def test_more_than_noise() -> None:
    """Thousands of customers: a jump far beyond the usual is more than noise, one within it is not."""
    quiet = [400, 410, 395, 405, 402, 398, 407, 401, 396, 404]
    jump = CHURN.evaluate(months([*quiet, 600], start=20_000)).frame.loc["churn_rate"]
    assert jump["more_than_noise"] == "yes"
    short = CHURN.evaluate(months([400, 600], start=20_000)).frame.loc["churn_rate"]
    assert short["more_than_noise"] == "beyond sampling noise; too little history"
    calm = CHURN.evaluate(months([*quiet, 415], start=20_000)).frame.loc["churn_rate"]
    assert calm["more_than_noise"] == "no"
    wild = [300, 700, 350, 600, 320, 650, 380, 620, 310, 640]  # it moves as much every month
    assert CHURN.evaluate(months([*wild, 330], start=20_000)).frame.loc["churn_rate", "more_than_noise"] == "no"


def test_the_rule_of_moving_ranges() -> None:
    values = [2.0, 2.2, 1.9, 2.1, 2.0, 2.3, 2.1, 2.0, 2.2]
    moves = np.abs(np.diff(values))
    sure = Confidence.percent("test", 95)
    expected = float(sure.t(0.62 * 8)) * 2**0.5 * moves.mean() / 1.128
    assert reach(values, sure) == pytest.approx(expected)
    assert isnan(reach(values[1:], sure))
    assert reach([nan, *values], sure) == reach(values, sure)


def test_allowing_for_how_many_are_tested() -> None:
    """Benjamini and Hochberg: the smallest of four counts four times, the second twice, the third four thirds."""
    assert adjusted([0.01, 0.04, nan, 0.03, 0.5]).tolist() == pytest.approx(
        [0.04, 0.16 / 3, nan, 0.16 / 3, 0.5], nan_ok=True
    )
    assert adjusted([]).size == 0


def test_quiet_months_are_hardly_ever_flagged() -> None:
    """True churn wanders by .3 points around 3 % of 20,000: of 3,000 months at most 5 % are beyond the usual.

    The test of two months alone flags many times as many.
    """
    rng, sure = np.random.default_rng(9), Confidence.percent("test", 95)
    flagged, alone = 0, 0
    for _ in range(3000):
        churn = rng.binomial(20_000, np.clip(rng.normal(0.03, 0.003, 14), 0.001, 1)) / 200
        moved = abs(churn[-1] - churn[-2])
        flagged += moved > reach(churn[:-1].tolist(), sure)
        alone += moved > 1.96 * (2 * 3 * 97 / 20_000) ** 0.5
    assert flagged <= 150
    assert alone > 1000


# ------------------------------------------------------------------------------------------------------------ segments


def plans() -> pd.DataFrame:
    rows = [
        (month, plan, lost, start)
        for month in pd.period_range("2026-01", periods=3, freq="M")
        for plan, lost, start in (("free", 30 + month.month, 600), ("pro", 4 * month.month, 400))
    ]
    return pd.DataFrame(rows, columns=["month", "plan", "lost", "start"])


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_by_segment(engine: str) -> None:
    table = plans().assign(month=lambda t: t["month"].astype(str))
    frame = table if engine == "pandas" else FRAMES[engine](table)
    card = csm.Scorecard(targets={"churn_rate": csm.Target(at_most=4)}).evaluate(frame, by="plan", period="2026-03")
    found = card.frame
    assert found.index.tolist() == [("churn_rate", "free"), ("churn_rate", "pro")]
    assert found["value"].tolist() == [5.5, 3.0]
    assert found["before"].tolist() == [pytest.approx(100 * 32 / 600), 2.0]
    assert found["verdict"].tolist() == ["missed", "met"]
    assert "churn_rate [pro] 3 %" in str(card)
    total = csm.Scorecard(targets={"churn_rate": None}).evaluate(frame)
    assert total.frame.loc["churn_rate", "value"] == pytest.approx(4.5)
    assert total.frame.loc["churn_rate", "met"] is None
    p = csm.compare(csm.churn_rate, {"lost": 8, "start": 400}, {"lost": 12, "start": 400}).p_value
    assert card.lines[1].p["before"] == pytest.approx(p)


def test_a_missing_segment_is_one() -> None:
    table = plans().assign(plan=lambda t: t["plan"].where(t["plan"] == "pro", None))
    card = csm.Scorecard(targets={"churn_rate": csm.Target(at_most=4)}).evaluate(table, by=["plan"])
    assert [line.group for line in card.lines] == [("pro",), (None,)]
    assert card.lines[1].p["before"] > 0
    assert card.lines[1].low < 5.5


# ----------------------------------------------------------------------------------------------------------- trailing


def test_trailing_adds_flows() -> None:
    """NPS of three months is that of all their answers; the window before shares no month with it."""
    index = pd.period_range("2026-01", periods=6, freq="M", name="period")
    answers = {"promoters": [10, 20, 30, 40, 50, 60], "passives": [5] * 6, "detractors": [10, 5, 5, 5, 10, 10]}
    card = csm.Scorecard(targets={"nps": csm.Target(at_least=50)}).evaluate(
        pd.DataFrame(answers, index=index), trailing=3
    )
    row = card.frame.loc["nps"]
    assert row["value"] == pytest.approx(csm.nps(150, 15, 25))
    assert row["before"] == pytest.approx(csm.nps(60, 15, 20))
    assert "(3 periods together)" in str(card)
    assert "points on 2026-03" in str(card)


def test_trailing_never_adds_stocks() -> None:
    frame = months([20, 25, 30, 21])
    frame = frame.assign(mrr=1000.0, start_mrr=1000.0, contraction_mrr=10.0, churned_mrr=20.0, expansion_mrr=5.0)
    targets: dict[str, Any] = dict.fromkeys(["churn_rate", "grr", "arr"])
    found = csm.Scorecard(targets=targets).evaluate(frame, trailing=3).frame
    assert found.loc["churn_rate", "value"] == pytest.approx(100 * (25 + 30 + 21) / 3000)
    assert found.loc["churn_rate", "basis"] == "per customer and period"
    assert "never added over periods" in found.loc["grr", "reason"]
    assert "never added over periods" in found.loc["arr", "reason"]
    assert isnan(found.loc["arr", "value"])


def test_bridges_that_overlap_are_compared_with_the_last_that_does_not() -> None:
    rng = np.random.default_rng(1)
    start = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 700, 400), unit="D")
    ledger = pd.DataFrame({"customer": range(400), "start": start, "mrr": 100})
    ledger["end"] = start + pd.to_timedelta(rng.integers(60, 900, 400), unit="D")
    bridge = csm.cohorts.movements_from_subscriptions(ledger, span=12, as_of="2025-12-31")
    row = csm.Scorecard(targets={"churn_rate": None}).evaluate(bridge).lines[0]
    assert (row.before_label, row.year_label) == ("2024-12", "2024-12")


# ----------------------------------------------------------------------------------- what stands with its reason


def test_what_cannot_be_computed_stands_with_its_reason() -> None:
    targets = {"churn_rate": csm.Target(at_most=2), "nrr": csm.Target(at_least=105), "csat_from_ratings": None}
    card = csm.Scorecard(targets=targets).evaluate(months([20, 18]))
    assert card.frame.loc["nrr", "reason"] == "no column 'start_mrr'"
    assert "raw answers" in card.frame.loc["csat_from_ratings", "reason"]
    assert "1 of 2 targets met, 2 cannot be computed" in str(card)
    empty = CHURN.evaluate(months([0, 0], start=0))
    assert "no value in 2025-02" in str(empty)


def test_a_metric_without_an_interval() -> None:
    frame = pd.DataFrame({"mrr": [100.0, 120.0]}, index=pd.period_range("2026-01", periods=2, freq="M", name="period"))
    found = csm.Scorecard(targets={"arr": csm.Target(at_least=1300)}).evaluate(frame).frame.loc["arr"]
    assert (found["value"], found["change"], found["verdict"]) == (1440.0, 240.0, "met")
    assert found["more_than_noise"].startswith("cannot tell: ")


def test_the_same_customers_are_compared_with_themselves() -> None:
    """Of 300 customers 14 left the red band and 2 entered it: paired, that is more than chance; apart it is not."""
    first = np.arange(300) < 60
    second = first.copy()
    second[:14], second[298:] = False, True
    waves = [
        pd.DataFrame({"customer": range(300), "period": period, "at_risk": wave.astype(int), "customers": 1})
        for period, wave in (("2026-01", first), ("2026-02", second))
    ]
    rows = pd.concat(waves, ignore_index=True)
    card = csm.Scorecard(targets={"at_risk_rate": csm.Target(at_most=20)})
    paired = card.evaluate(rows).lines[0]
    series = [wave.set_index("customer")["at_risk"] for wave in waves]
    assert paired.p["before"] == csm.compare(csm.at_risk_rate, *series, paired=True).p_value
    assert paired.notes == ()
    totals = rows.groupby("period", as_index=False)[["at_risk", "customers"]].sum()
    apart = card.evaluate(totals).lines[0]
    assert paired.p["before"] < 0.05 < apart.p["before"]
    assert "at most so sure" in apart.notes[0]
    assert "Note: at_risk_rate: the same customers" in str(card.evaluate(totals))


def test_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    found = CHURN.evaluate(months([20, 25, 18])).frame.loc["churn_rate"]
    assert found["more_than_noise"] == "cannot tell: needs csmetrics[stats]"
    assert (found["value"], found["verdict"]) == (1.8, "met")


AXES = {
    "dates": lambda p: p.to_timestamp(),
    "text": lambda p: p.astype(str),
    "periods": lambda p: p,
}


@pytest.mark.parametrize("kind", AXES)
def test_any_time_axis(kind: str) -> None:
    index = AXES[kind](pd.period_range("2025-01", periods=14, freq="M"))
    frame = pd.DataFrame({"month": index, "lost": range(20, 34), "start": 1000})
    found = CHURN.evaluate(frame, period="2026-02").frame.loc["churn_rate"]
    assert found["value"] == pytest.approx(3.3)
    assert found["before"] == pytest.approx(3.2)
    assert found["year_before"] == pytest.approx(2.1)


@pytest.mark.parametrize("engine", ["polars", "duckdb", "pyarrow"])
@pytest.mark.parametrize("kind", ["Date", "Datetime"])
def test_dates_of_engines(engine: str, kind: str) -> None:
    import polars as pl

    index = pd.date_range("2025-01-01", periods=14, freq="MS").astype("M8[us]")
    table = pl.DataFrame({"month": index, "lost": range(20, 34), "start": [1000] * 14})
    table = table.with_columns(pl.col("month").cast(getattr(pl, kind)))
    frame = {"polars": lambda: table, "pyarrow": table.to_arrow, "duckdb": lambda: from_arrow(table.to_arrow())}[
        engine
    ]()
    found = CHURN.evaluate(frame, period="2026-01").frame.loc["churn_rate"]
    assert (found["value"], found["before"], found["year_before"]) == (3.2, 3.1, 2.0)
    assert found["more_than_noise"] == "no"


def test_other_labels_have_no_year_before() -> None:
    frame = pd.DataFrame({"period": ["Q1", "Q2"], "lost": [31, 36], "start": [1000, 1000]})
    found = CHURN.evaluate(frame).frame.loc["churn_rate"]
    assert (found["value"], found["before"]) == (3.6, 3.1)
    assert isnan(found["year_before"])
    several = frame.assign(month=[1, 2])
    assert CHURN.evaluate(several, period="month").period == "2"
    gap = months([20, 25, 18]).drop(index=pd.Period("2025-02", "M"))
    assert isnan(CHURN.evaluate(gap).frame.loc["churn_rate", "before"])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: csm.Target(), "needs one of them"),
        (lambda: csm.Target(at_least=5, at_most=3), "must be <= `at_most`"),
        (lambda: csm.Target(at_least=nan), "finite number"),
        (lambda: csm.Target(at_most="2"), "finite number"),
        (lambda: csm.Scorecard(targets={}), "must name metrics"),
        (lambda: csm.Scorecard(targets={"churn_rate": 2}), r"csm.Target\(at_least=2\)"),
        (lambda: csm.Scorecard(targets={"chrun_rate": None}), "churn_rate"),
        (lambda: CHURN.evaluate(months([1, 2]), period="2030-01"), "must be a period of the frame"),
        (lambda: CHURN.evaluate(months([1, 2]), trailing=0), "whole number >= 1"),
        (lambda: CHURN.evaluate(months([1, 2]).reset_index(drop=True)), "must name the time axis"),
        (lambda: CHURN.evaluate(3), "must be a cohort frame"),
    ],
)
def test_what_is_refused(make: Any, words: str) -> None:
    with pytest.raises(csm.MetricInputError, match=words):
        make()


def test_targets() -> None:
    target = csm.Target(at_least=2, at_most=4)
    assert [target.met(x) for x in (1.9, 2, 4, 4.1)] == [False, True, True, False]
    assert str(target) == "at least 2, at most 4"
    assert [target.clearly(*limits) for limits in ((2.5, 3.5), (1, 1.5), (1, 3), (nan, nan))] == [
        True,
        True,
        False,
        False,
    ]
    assert csm.Scorecard(targets={"nps": {"at_least": 40}}).targets["nps"] == csm.Target(at_least=40)


def test_a_segment_that_is_no_column() -> None:
    frame = pd.DataFrame({"period": pd.period_range("2026-01", periods=3, freq="M"), "lost": 1, "start": 50})
    card = csm.Scorecard(targets={"churn_rate": csm.Target(at_most=4)})
    with pytest.raises(csm.MissingColumnError, match="no column 'plan'"):
        card.evaluate(frame, by="plan")


def test_dates_are_written_as_days() -> None:
    days = pd.date_range("2026-01-01", periods=2, freq="MS", name="date")
    card = CHURN.evaluate(pd.DataFrame({"lost": [1, 2], "start": [90, 90]}, index=days))
    assert str(card).splitlines()[0] == "Scorecard 2026-02-01: 0 of 1 targets met"
    assert "on 2026-01-01 (within noise)" in str(card)
