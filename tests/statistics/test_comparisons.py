"""Comparisons against published figures; test_agreement.py holds the interval against the p-value."""

from __future__ import annotations

import json
import pickle
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm
from csmetrics._statistics.answers import from_answers
from csmetrics._statistics.confidence import Confidence, special
from csmetrics._statistics.counts import rate_ratio, rate_ratio_p
from csmetrics._statistics.differences import differ
from csmetrics._statistics.groups import holm
from csmetrics._statistics.paired import of_means
from csmetrics.core._registry import REGISTRY
from csmetrics.core._sums import sampled_of

from .figures import FIGURES, read


def churn(k: float, n: float) -> dict[str, float]:
    return {"lost": k, "start": n}


def nps(promoters: float, passives: float, detractors: float) -> dict[str, float]:
    return {"promoters": promoters, "passives": passives, "detractors": detractors}


@pytest.mark.parametrize("name", ["two-shares-newcombe-d", "two-shares-newcombe-f"])
def test_newcombe(name: str) -> None:
    case = FIGURES[name]
    i = case["inputs"]
    found = csm.compare(csm.churn_rate, churn(i["k2"], i["n2"]), churn(i["k1"], i["n1"]))
    assert found.low == pytest.approx(100 * case["recomputed"]["low"], abs=1e-6)
    assert found.high == pytest.approx(100 * case["recomputed"]["high"], abs=1e-6)
    assert found.method == "newcombe"


@pytest.mark.parametrize("case", read("two_proportion_intervals")["cases"], ids=lambda c: f"{c['k1']}-{c['method']}")
def test_two_shares(case: Any) -> None:
    method = {"wald": "wald", "newcomb": "newcombe"}.get(case["method"])
    if case["compare"] != "diff" or method is None:
        return
    k1, n1, k2, n2 = (int(case[name]) for name in ("k1", "n1", "k2", "n2"))
    found = csm.compare(csm.churn_rate, churn(k2, n2), churn(k1, n1), method=method)
    low, high = 100 * float(case["low"]), 100 * float(case["high"])
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)


def test_newcombe_never_contradicts_itself() -> None:
    found = csm.compare(csm.churn_rate, churn(0, 50), churn(4, 50))
    assert (found.low, found.high) == pytest.approx((-0.62, 18.84), abs=0.005)
    assert found.p_value > 0.05
    pooled = csm.compare(csm.churn_rate, churn(0, 50), churn(4, 50), method="pooled-z")
    assert pooled.p_value == pytest.approx(0.041, abs=0.0005)
    assert pooled.low > 0


def test_correction_for_continuity() -> None:
    case = FIGURES["two-shares-490-400-yates"]
    before, after = churn(400, 500), churn(490, 500)
    for method in ("wald", "pooled-z"):
        found = csm.compare(csm.churn_rate, before, after, method=method, correction=True)
        assert found.statistic == pytest.approx(case["expected"]["chi2"], abs=0.0005)
        if method == "wald":
            assert found.low == pytest.approx(100 * case["expected"]["low"], abs=1e-5)
            assert found.high == pytest.approx(100 * case["expected"]["high"], abs=1e-5)
        assert not any("no correction" in note for note in found.notes)
    for paired in (False, True):
        none = csm.compare(csm.csat_from_ratings, [1, 5, 5, 2], [5, 5, 2, 5], paired=paired, correction=True)
        assert any("no correction for continuity" in note for note in none.notes)


@pytest.mark.parametrize("case", read("nps_two_sample")["cases"], ids=lambda c: f"{c['x']}-{c['test']}")
def test_nps(case: Any) -> None:
    (d0, s0, p0), (d1, s1, p1) = case["y_counts"], case["x_counts"]
    method = {"wald": "wald", "adjusted.wald": "adjusted-wald"}[case["test"]]
    found = csm.compare(csm.nps, nps(p0, s0, d0), nps(p1, s1, d1), method=method)
    sign = 1 if found.difference > 0 else -1
    low, high = sorted((sign * 100 * float(case["lo"]), sign * 100 * float(case["hi"])))
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)
    assert found.p_value == pytest.approx(float(case["p"]), abs=1e-9)


def test_welch() -> None:
    case = FIGURES["means-welch-sleep"]
    spec = REGISTRY["csat_mean_from_ratings"]
    ratings = [[1.0, 2.0, 5.0, 3.0, 4.0, 4.0], [3.0, 5.0, 5.0, 4.0, 5.0]]
    one, two = (from_answers(spec, sampled_of(spec), {"ratings": x}) for x in ratings)
    for sample, name in ((one, "first"), (two, "second")):  # any numbers will do for the method itself
        values = np.array(case["inputs"][name])
        sample.rows.columns.update(total=values, answers=np.ones(10))  # type: ignore[union-attr]
        sample.totals.update(total=np.array([values.sum()]), answers=np.array([10.0]))
        sample.estimate[:] = values.mean()
        object.__setattr__(sample.rows, "place", np.zeros(10, np.intp))
    found = differ(one, two, Confidence.percent("x", 95), "welch")
    assert -float(found.high[0]) == pytest.approx(case["expected"]["low"], abs=1e-6)
    assert -float(found.low[0]) == pytest.approx(case["expected"]["high"], abs=1e-6)
    assert float(found.p_value[0]) == pytest.approx(case["expected"]["p"], abs=1e-5)
    times = csm.compare(csm.resolution_time, [2, 3, 4, 8], [4, 6, 9, 12, 20])
    assert times.method == "welch"
    assert times.difference == pytest.approx(10.2 - 4.25)


def test_rates_per_exposure() -> None:
    """R's poisson.test(c(11, 6 + 8 + 7), c(800, 1083 + 1050 + 878)), exact; ours is after over before."""
    found = csm.compare(csm.contact_rate, {"tickets": 21, "customers": 3011}, {"tickets": 11, "customers": 800})
    assert found.ratio is not None
    assert found.ratio.ratio == pytest.approx(1.971488, abs=5e-7)
    assert (found.ratio.low, found.ratio.high) == pytest.approx((0.8584264, 4.2772659), abs=5e-7)
    assert found.ratio.p_value == pytest.approx(2 * special().bdtrc(10, 32, 800 / 3811))  # twice the smaller tail
    assert found.method == "square-and-add"
    one = Confidence(np.array([1.0]))
    low, high = rate_ratio(np.array([5.0]), 10.0, np.array([9.0]), 10.0, one)
    assert low[0] < 1.8 < high[0]
    assert rate_ratio_p(0, 10, 0, 10) == 1.0


# The same customers twice


def test_paired_shares() -> None:
    case = FIGURES["paired-shares-newcombe-10"]
    found = csm.compare(csm.csat, paired=case["inputs"])
    assert -found.high == pytest.approx(100 * case["recomputed"]["low"], abs=1e-6)
    assert -found.low == pytest.approx(100 * case["recomputed"]["high"], abs=1e-6)
    assert (found.before, found.after) == (64, 44)
    assert found.p_value < 0.05
    older = csm.compare(csm.csat, paired=case["inputs"], method="newcombe-8")
    assert older.low != found.low
    tested = csm.compare(csm.csat, paired=case["inputs"], method="mcnemar")
    assert tested.statistic == pytest.approx(100 / 14)
    corrected = csm.compare(csm.csat, paired=case["inputs"], method="mcnemar", correction=True)
    assert corrected.statistic == pytest.approx(81 / 14)
    answers = pd.DataFrame({"first": [5] * 32 + [1] * 18, "second": [5] * 20 + [1] * 12 + [5] * 2 + [1] * 16})
    raw = csm.compare(csm.csat, answers["first"], answers["second"], paired=True)
    assert (raw.low, raw.high, raw.p_value) == pytest.approx((found.low, found.high, found.p_value))


def test_paired_scores_are_matched_by_customer() -> None:
    before = pd.Series({"ann": 9, "bob": 3, "cid": 8, "dan": 10})
    after = pd.Series({"cid": 9, "ann": 10, "bob": 9, "eve": 0})
    found = csm.compare(csm.nps, before, after, paired=True)
    assert found.difference == pytest.approx(100)
    assert any("2 customers who answered only once" in note for note in found.notes)
    moved = of_means(np.array([1.0, -1.0, 0.0]), np.array([1.0, 1.0, 1.0]), Confidence.percent("x", 95), 100)
    assert found.p_value == pytest.approx(float(moved.p_value[0]))
    with pytest.raises(csm.MetricInputError, match="each customer once"):
        csm.compare(csm.nps, pd.Series([1, 2], index=["a", "a"]), after, paired=True)
    with pytest.raises(csm.MetricInputError, match="as long as"):
        csm.compare(csm.nps, [1, 2], [3], paired=True)
    with pytest.raises(csm.MetricInputError, match="paired"):
        csm.compare(csm.nrr, {}, {}, paired=True)


# Groups


def plans() -> pd.DataFrame:
    return pd.DataFrame({"plan": ["free", "pro", "team"], "lost": [40, 5, 12], "start": [500, 400, 480]})


def test_groups() -> None:
    found = csm.compare_groups(csm.churn_rate, plans(), by="plan")
    table = np.array([[40, 5, 12], [460, 395, 468]])
    expected = table.sum(axis=0) * table.sum(axis=1)[:, None] / table.sum()
    chi2 = (np.square(table - expected) / expected).sum()
    assert found.p_value == pytest.approx(float(np.exp(-chi2 / 2)))  # chi-squared with two degrees of freedom
    assert list(found.frame.columns) == ["difference", "low", "high", "p_value", "p_adjusted"]
    pair = csm.compare(csm.churn_rate, churn(40, 500), churn(5, 400))
    assert found.frame.loc[("free", "pro"), "p_value"] == pytest.approx(pair.p_value)
    assert found.frame["p_adjusted"].tolist() == pytest.approx(holm(found.frame["p_value"]).tolist())
    assert (found.frame["p_adjusted"] >= found.frame["p_value"]).all()
    assert not any("events" in note for note in found.notes)
    small = csm.compare_groups(csm.churn_rate, plans().assign(lost=[1, 0, 2]), by="plan")
    assert "some groups would have fewer than 5 events if all were the same: read them with care" in small.notes
    with pytest.raises(csm.MissingColumnError, match=r"no column 'plam'.*did you mean 'plan'"):
        csm.compare_groups(csm.churn_rate, plans(), by="plam")
    alone = csm.compare_groups(csm.churn_rate, plans().csm.by("plan"), adjust=None)
    assert (alone.frame["p_adjusted"] == alone.frame["p_value"]).all()
    assert found.groups.equals(plans().csm.by("plan").interval("churn_rate"))
    assert "n = 1,380" in str(found)
    assert "pro against free: -6.75 pp [" in str(found)
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain["groups"][0]["group"] == "free"
    assert (plain["pairs"][0]["first"], plain["pairs"][0]["second"]) == ("free", "pro")
    assert pickle.loads(pickle.dumps(found)) == found
    for wrong in ({"by": None}, {"by": "plan", "adjust": "bonferroni"}):
        with pytest.raises(csm.MetricInputError):
            csm.compare_groups(csm.churn_rate, plans(), **wrong)


def test_groups_of_every_kind() -> None:
    rng = np.random.default_rng(8)
    rows = pd.DataFrame({"customer": np.arange(300), "plan": rng.choice(list("abc"), 300)})
    rows["start_mrr"] = rng.lognormal(4, 1, 300)
    rows["churned_mrr"] = rows["start_mrr"] * (rng.random(300) < np.where(rows["plan"] == "c", 0.4, 0.05))
    rows["contraction_mrr"], rows["tickets"], rows["customers"] = 0.0, rng.poisson(2, 300), 1
    rows["score"] = np.where(rows["plan"] == "c", rng.integers(8, 11, 300), rng.integers(0, 11, 300))
    assert csm.compare_groups("grr", rows, by="plan", customer="customer").p_value < 0.01
    assert csm.compare_groups("contact_rate", rows, by="plan", customer="customer").p_value > 0.01
    assert csm.compare_groups("nps_from_scores", rows, by="plan", scores="score").p_value < 0.001
    found = csm.compare_groups("ces_from_ratings", rows, by="plan", ratings="score", scale=(0, 10))
    assert found.method == "Welch"
    assert found.p_value < 0.001


def test_welch_of_two_groups_is_the_t_test() -> None:
    rng = np.random.default_rng(8)
    rows = pd.DataFrame({"plan": ["a"] * 20 + ["b"] * 35, "rating": rng.integers(1, 8, 55)})
    found = csm.compare_groups("ces_from_ratings", rows, by="plan", ratings="rating")
    assert found.p_value == pytest.approx(found.frame["p_value"].iloc[0])


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]).tolist() == pytest.approx([1.0, 1.0])
    assert isnan(holm([np.nan, 0.02])[0])
    assert holm([np.nan, 0.02])[1] == pytest.approx(0.02)


def test_prints_and_travels() -> None:
    found = csm.compare(csm.churn_rate, churn(31, 1000), churn(60, 1000))
    assert "More than chance alone" in str(found)
    assert "+2.9" in str(found)
    assert "(newcombe, n = 1,000 each)" in str(found)
    assert "<b>churn_rate" in found._repr_html_()
    assert pickle.loads(pickle.dumps(found)) == found
    assert json.loads(json.dumps(found.as_dict()))["difference"] == pytest.approx(2.9)
    fisher = csm.compare(csm.churn_rate, churn(0, 50), churn(4, 50), method="fisher")
    assert fisher.p_value == pytest.approx(0.117, abs=0.0005)
    assert isnan(fisher.low)
    for wrong in ({"method": "newcomb"}, {"confidence": 170}):
        with pytest.raises(csm.MetricInputError):
            csm.compare(csm.churn_rate, churn(3, 10), churn(4, 10), **wrong)
    with pytest.raises(csm.MetricInputError, match="before"):
        csm.compare(csm.churn_rate, None, churn(4, 10))
    with pytest.raises(csm.MetricInputError, match="one figure"):
        csm.compare(csm.churn_rate, churn(3, 10), plans().csm.by("plan"))


def test_totals_of_a_mean_are_no_sample() -> None:
    """A sum and a count say nothing of how much answers differ, so there is nothing to compare by."""
    sides = [{"effort_sum": 300, "responses": 60}, {"effort_sum": 310, "responses": 60}]
    frame = pd.DataFrame(sides).assign(plan=["a", "b"], period=["Q1", "Q2"])
    with pytest.raises(csm.MetricInputError, match="rows of customers"):
        csm.compare(csm.ces, *sides)
    with pytest.raises(csm.MetricInputError, match="rows of customers"):
        csm.compare_groups(csm.ces, frame, by="plan")
    with pytest.raises(csm.MetricInputError, match="rows of customers"):
        frame.csm.total().compare_periods("ces", "Q1", "Q2")


def test_paired_frames_are_matched_by_their_customers() -> None:
    before = pd.DataFrame({"who": ["ann", "bob", "cid", "dan"], "score": [9, 3, 8, 10]})
    after = pd.DataFrame({"who": ["cid", "ann", "bob", "eve"], "score": [9, 10, 9, 0]})
    found = csm.compare(csm.nps, before, after, paired=True, scores="score", customer="who")
    columns = [frame.set_index("who")["score"] for frame in (before, after)]
    expected = csm.compare(csm.nps, *columns, paired=True)
    assert found == expected
    assert found.n_before == found.n_after == 3
    sides = [csm.over(frame) for frame in (before, after)]
    assert csm.compare(csm.nps, *sides, paired=True, scores="score", customer="who") == expected
    with pytest.raises(csm.MetricInputError, match="customer"):
        csm.compare(csm.nps, before, after, paired=True, scores="score")
    with pytest.raises(csm.MissingColumnError):
        csm.compare(csm.nps, before, after, paired=True, scores="points", customer="who")
    twice = pd.concat([before, before])
    with pytest.raises(csm.MetricInputError, match="each customer once"):
        csm.compare(csm.nps, twice, after, paired=True, scores="score", customer="who")
