"""A health score held against who left: compared with R's pROC, with counting pairs, and with data without a signal."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics._statistics import auc

from ..drawn import drawn
from ..engine_frames import FRAMES

ASAH = json.loads((Path(__file__).parent / "asah.json").read_text("utf-8"))
HIGH_IS_BAD = {"s100b": (2.5, 0.7313685636856369, 0.6301, 0.8326), "wfns": (5, 0.8236788617886179, 0.7485, 0.8988)}


@pytest.fixture(params=["polars", "duckdb"])
def make(request: pytest.FixtureRequest) -> Callable[[pd.DataFrame], Any]:
    """Return the function that makes a frame of an engine from pandas."""
    return FRAMES[request.param]


def usage(**more: Any) -> csm.HealthScore:
    return csm.HealthScore(components={"usage": {"weight": 1, **more}})


@pytest.mark.parametrize("name", HIGH_IS_BAD)
def test_auc_of_asah(name: str) -> None:
    high, auc, low_limit, high_limit = HIGH_IS_BAD[name]
    health = csm.HealthScore(components={name: {"weight": 1, "high": high, "better": "low"}})
    frame = pd.DataFrame({name: ASAH[name], "poor": ASAH["poor"]})
    found = health.backtest(frame, "poor", method="delong")
    assert found.auc.estimate == pytest.approx(auc, abs=1e-12)
    assert (found.auc.low, found.auc.high) == pytest.approx((low_limit, high_limit), abs=5.1e-5)
    logit = health.backtest(frame, "poor").auc
    assert 0 < logit.low < auc < logit.high < 1
    assert logit.low != found.auc.low


rows = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=2, max_size=40)


@given(rows=rows)
@drawn(100)
def test_auc_is_the_share_of_pairs(rows: list[tuple[int, bool]]) -> None:
    """Of all pairs of one who left and one who stayed: those with the lower score left, ties half."""
    frame = pd.DataFrame(rows, columns=["usage", "left"])
    found = usage(high=20).backtest(frame, "left")
    pairs = [(a < b) + 0.5 * (a == b) for a, gone in rows if gone for b, left in rows if not left]
    if not pairs:
        assert isnan(found.auc.estimate)
        return
    assert found.auc.estimate == pytest.approx(sum(pairs) / len(pairs))
    assert isnan(found.auc.low) or found.auc.low <= found.auc.estimate <= found.auc.high
    assert found.bands["customers"].sum() == found.calibration["customers"].sum() == len(rows)


@given(rows=rows)
@drawn(60)
def test_delong_by_its_definition(rows: list[tuple[int, bool]]) -> None:
    """The variance of each customer's share of pairs, among those who left and among those who stayed."""
    gone = [a for a, left in rows if left]
    kept = [a for a, left in rows if not left]
    if len(gone) < 2 or len(kept) < 2:
        return
    wins = np.array([[(a < b) + 0.5 * (a == b) for b in kept] for a in gone])
    variance = np.var(wins.mean(axis=1), ddof=1) / len(gone) + np.var(wins.mean(axis=0), ddof=1) / len(kept)
    found = usage(high=20).backtest(pd.DataFrame(rows, columns=["usage", "left"]), "left", method="delong").auc
    if 0 < found.estimate < 1:
        assert found.low == pytest.approx(max(found.estimate - 1.959964 * variance**0.5, 0), abs=1e-6)


# Forty-one left, of whom the score had nine in red; of the 63 in red 54 renewed, as did 200 others
BOOK = pd.DataFrame({"usage": [30] * 63 + [80] * 232, "left": [1] * 9 + [0] * 54 + [1] * 32 + [0] * 200})


def test_by_hand() -> None:
    found = usage().backtest(BOOK, "left")
    bands = found.bands
    assert bands.index.tolist() == ["red", "yellow", "green"]
    assert bands["customers"].tolist() == [63, 0, 232]
    assert bands["churned"].tolist() == [9, 0, 32]
    assert bands.loc["red", "churn_rate"] == pytest.approx(100 * 9 / 63)
    assert isnan(bands.loc["yellow", "churn_rate"])
    assert isnan(bands.loc["yellow", "lift"])
    assert found.missed.estimate == pytest.approx(100 * 32 / 41)
    assert found.false_alarms.estimate == pytest.approx(100 * 54 / 63)
    assert found.lift.estimate == pytest.approx((9 / 63) / (32 / 232))
    assert found.lift.low < 1 < found.lift.high
    limits = csm.interval(csm.churn_rate, lost=9, start=63)
    assert (bands.loc["red", "low"], bands.loc["red", "high"]) == pytest.approx((limits.low, limits.high))
    assert found.calibration.loc["20-30", "churned"] == 9  # a bound belongs to the tenth below
    assert found.calibration.loc["70-80", "customers"] == 232
    assert found.verdict.startswith("The score tells no more than a coin would")
    assert (found.customers, found.churned) == (295, 41)
    wide = usage().backtest(BOOK, "left", bands=(80, 90))
    assert wide.bands["customers"].tolist() == [295, 0, 0]
    assert isnan(wide.lift.estimate)


def test_what_is_told() -> None:
    found = usage().backtest(BOOK, "left")
    text = str(found)
    assert text.splitlines()[0] == "Health score against 41 of 295 customers who left"
    assert "missed 78.05 [" in text
    assert "Note: nothing says that the scores are older" in text
    plain = found.as_dict()
    json.dumps(plain)
    assert plain["bands"][0]["band"] == "red"
    assert plain["auc"]["estimate"] == found.auc.estimate
    assert "<b>Health score" in found._repr_html_()


def test_a_perfect_score_has_no_interval() -> None:
    frame = pd.DataFrame({"usage": [10] * 20 + [90] * 20, "left": [1] * 20 + [0] * 20})
    found = usage().backtest(frame, "left")
    assert found.auc.estimate == 1.0
    assert isnan(found.auc.low)
    assert found.verdict.startswith("The score tells who leaves")
    assert found.lift.estimate == np.inf
    turned = usage().backtest(frame.assign(left=1 - frame["left"]), "left")
    assert turned.verdict.startswith("The score is upside down")


def test_no_verdict_on_few() -> None:
    frame = pd.DataFrame({"usage": range(100), "left": [1] * 9 + [0] * 91})
    health = usage()
    found = health.backtest(frame, "left")
    assert found.verdict == "Too few customers left to tell: 9; it takes 10 or more."
    assert repr(health).endswith("[back-tested: too few to tell, 9 of 100 left]")


def test_a_score_without_information_is_called_that() -> None:
    """Of 200 scores drawn at random, the verdict is that of a coin in 91 to 99 %."""
    rng, coins = np.random.default_rng(5), 0
    for _ in range(200):
        frame = pd.DataFrame({"usage": rng.uniform(0, 100, 300), "left": rng.random(300) < 0.15})
        coins += "no more than a coin" in usage().backtest(frame, "left").verdict
    assert 182 <= coins <= 198


# ------------------------------------------------------------------------------------------------------- time and rows


def test_score_and_outcome_that_overlap() -> None:
    frame = BOOK.assign(day=pd.Timestamp("2026-03-31"), gone=pd.NaT)
    left = frame["left"] == 1
    frame.loc[left, "gone"] = pd.Timestamp("2026-05-15")
    clean = usage().backtest(frame, "left", scored_at="day", churned_at="gone")
    assert clean.notes == ()
    frame.loc[left.idxmax(), "gone"] = pd.Timestamp("2026-03-31")
    with pytest.warns(csm.CohortWarning, match="overlap in time: 1 of 41 customers who left had left"):
        found = usage().backtest(frame, "left", scored_at="2026-03-31", churned_at="gone")
    assert "overlap in time" in found.notes[0]
    frame.loc[left.idxmax(), "gone"] = pd.NaT
    found = usage().backtest(frame, "left", scored_at="day", churned_at="gone")
    assert found.notes == ("no date of leaving for 1 of 41 customers who left",)
    with pytest.raises(csm.MetricInputError, match="must be dates; got '01/02/2026'"):  # of which day is not known
        usage().backtest(frame, "left", scored_at="01/02/2026", churned_at="gone")
    with pytest.raises(csm.MetricInputError, match="must be dates"):
        usage().backtest(frame, "left", scored_at="soon", churned_at="gone")
    zoned = frame.assign(day=frame["day"].dt.tz_localize("UTC"))
    with pytest.raises(csm.MetricInputError, match="time zone"):
        usage().backtest(zoned, "left", scored_at="day", churned_at="gone")


@pytest.mark.parametrize(
    ("frame", "churned", "options", "words"),
    [
        (BOOK.assign(left=None), "left", {}, "churned|left"),
        (BOOK, [1, 0], {}, "as long as the frame"),
        (BOOK, pd.Series(1, index=range(1, 296)), {}, "must have the index of the frame"),
        (BOOK.assign(left=2), "left", {}, "must be True or False"),
        (pd.concat([BOOK, BOOK]), "left", {}, "one row per customer"),
        (BOOK.assign(id=1), "left", {"customer": "id"}, "1 has several"),
        (BOOK, "left", {"bands": (80, 20)}, "highest red"),
        (BOOK, "left", {"bands": "red"}, "highest red"),
        (BOOK, "left", {"method": "exact"}, "must be one of 'delong-logit', 'delong'"),
        (BOOK, "left", {"confidence": 0.95}, "confidence=95|confidence is percent"),
    ],
)
def test_what_cannot_be_held_against_it(frame: Any, churned: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(csm.MetricInputError, match=words):
        usage().backtest(frame, churned, **options)


def test_who_has_no_score_is_left_out() -> None:
    frame = BOOK.assign(usage=BOOK["usage"].astype(float))
    frame.loc[:4, "usage"] = np.nan
    found = usage().backtest(frame, "left")
    assert found.customers == 290
    assert "5 customers have no score" in found.notes[1]
    with pytest.raises(csm.MetricInputError, match="1 of 295 are missing"):
        usage().backtest(BOOK, BOOK["left"].astype("Int64").where(BOOK.index > 0))


def test_any_engine(make: Callable[[pd.DataFrame], Any]) -> None:
    found = usage().backtest(make(BOOK), "left")
    assert found.auc == usage().backtest(BOOK, "left").auc


# ---------------------------------------------------------------------------------------------------------- unvalidated


def test_a_score_says_whether_it_was_tested() -> None:
    health, same = usage(), usage()
    assert repr(health).endswith("[unvalidated]")
    health.backtest(BOOK, "left")
    assert "[back-tested: AUC 0.5" in repr(health)
    assert repr(same).endswith("[unvalidated]")
    assert health == same
    changed = health.model_copy(update={"min_coverage": 50.0})
    assert repr(changed).endswith("[unvalidated]")  # another score is another guess
    assert health != changed
    assert usage() != 3


# -------------------------------------------------------------------------------------------------- suggested weights


def customers(rng: np.random.Generator, rows: int, signal: bool) -> pd.DataFrame:
    table = pd.DataFrame({"usage": rng.uniform(0, 100, rows), "nps": rng.uniform(0, 100, rows)})
    chance = 0.6 - 0.55 * table["usage"] / 100 if signal else 0.2
    table["left"] = rng.random(rows) < chance
    table["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 200, rows), unit="D")
    return table


TWO = csm.HealthScore(components={"usage": {"weight": 20}, "nps": {"weight": 80}})


def test_weights_are_found_where_they_are() -> None:
    found = TWO.suggest_weights(customers(np.random.default_rng(2), 3000, True), "left", time="day")
    assert found.suggested
    assert found.weights["usage"] > 85
    assert sum(found.weights.values()) == pytest.approx(100, abs=0.2)
    assert found.auc.estimate > found.auc_equal.estimate > found.auc_present.estimate
    assert found.gain.low > 0
    assert found.gain.estimate == pytest.approx(found.auc.estimate - found.auc_equal.estimate)
    assert found.found_on + found.tested_on == 3000
    assert str(found).startswith("Suggested weights: usage 8")


def test_weights_are_not_suggested_where_nothing_is_to_be_found() -> None:
    """Of 40 sets of customers who leave at random, weights are suggested for hardly any."""
    rng, some = np.random.default_rng(3), 0
    for _ in range(40):
        found = TWO.suggest_weights(customers(rng, 400, False), "left", time="day")
        some += found.suggested
        assert found.suggested == bool(found.weights)
    assert some <= 4
    assert "No weights are suggested" in str(found) or found.suggested


def test_what_cannot_be_suggested() -> None:
    table = customers(np.random.default_rng(2), 200, True)
    with pytest.raises(csm.MetricInputError, match="two components or more"):
        usage().suggest_weights(table, "left", time="day")
    with pytest.raises(csm.MetricInputError, match="ten or more who left"):
        TWO.suggest_weights(table.head(30), "left", time="day")
    with pytest.raises(csm.MetricInputError, match="some are missing"):
        TWO.suggest_weights(table.assign(day=pd.NaT), "left", time="day")
    with pytest.raises(csm.MetricInputError, match="two dates or more"):
        TWO.suggest_weights(table, "left", time="2026-01-31")
    holes = table.assign(nps=table["nps"].where(table.index > 60))
    assert 0 < TWO.suggest_weights(holes, "left", time="day").auc.estimate < 1


def test_ranks_in_blocks_are_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The area and its standard error, by the definition over all pairs, whatever the size of the blocks."""
    rng = np.random.default_rng(5)
    scores, left = rng.integers(0, 40, 300), rng.random(300) < 0.3
    gone, kept = scores[left][:, None], scores[~left][None, :]
    wins = (gone < kept) + 0.5 * (gone == kept)
    error = np.sqrt(wins.mean(axis=1).var(ddof=1) / gone.size + wins.mean(axis=0).var(ddof=1) / kept.size)
    for block in (1, 7, 1_000):
        monkeypatch.setattr(auc, "BLOCK", block)
        assert auc.area(auc.tally(scores, left)) == pytest.approx((wins.mean(), error), rel=1e-12)
