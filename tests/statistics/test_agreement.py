"""Interval and p-value say the same, whatever the metric, the method, the confidence and the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics._statistics.differences import DIFFERENCES
from csmetrics.core._registry import REGISTRY
from csmetrics.core._sums import sampled_of

from ..drawn import drawn

CONFIDENCES = st.sampled_from([50, 80, 90, 95, 99, 99.9])


def agree(found: csm.Comparison) -> None:
    """The interval leaves out 0 where p is below what the confidence leaves out, and only there."""
    if np.isnan(found.p_value):
        assert np.isnan(found.low) or np.isnan(found.high)
        return
    left_out = 1 - found.confidence / 100
    excluded = found.low > 0 or found.high < 0
    assert excluded == (found.p_value < left_out) or found.p_value == pytest.approx(left_out, abs=1e-6)
    assert found.low <= found.difference <= found.high
    assert 0 <= found.p_value <= 1


def both_ways(metric: Any, before: Any, after: Any, **options: Any) -> None:
    """Reversed in time, the limits turn their signs and change places, and the p-value stays."""
    there, back = csm.compare(metric, before, after, **options), csm.compare(metric, after, before, **options)
    agree(there)
    agree(back)
    turned = (-back.difference, -back.high, -back.low, back.p_value)
    found = (there.difference, there.low, there.high, there.p_value)
    assert found == pytest.approx(turned, rel=1e-6, abs=1e-9, nan_ok=True)


SHARES = [n for n, s in REGISTRY.items() if sampled_of(s).kind == "share" and not s.reduces and not sampled_of(s).rows]
counts = st.integers(0, 60)


@drawn(100)
@given(
    st.sampled_from(SHARES),
    st.tuples(*[counts] * 4),
    st.sampled_from(DIFFERENCES["share"][:3]),
    st.booleans(),
    CONFIDENCES,
)
def test_shares(name: str, table: tuple[int, ...], method: str, correction: bool, confidence: float) -> None:
    sums, sides = sampled_of(REGISTRY[name]), []
    for part, rest in (table[:2], table[2:]):
        (bottom, *others), (top, *less) = (sorted(terms, key=lambda n: -terms[n]) for terms in (sums.bottom, sums.top))
        sides.append({**dict.fromkeys([*others, *less], 0), bottom: part + rest, top: part})
        if others:  # part of two counts: self-served and assisted
            sides[-1] = {top: part, next(n for n in sums.bottom if n != top): rest}
    both_ways(name, *sides, method=method, correction=correction, confidence=confidence)


@drawn(60)
@given(st.tuples(*[counts] * 6), st.sampled_from(DIFFERENCES["trinomial"]), CONFIDENCES)
def test_scores(table: tuple[int, ...], method: str, confidence: float) -> None:
    names = ("positive", "neutral", "negative")
    sides = [dict(zip(names, part, strict=True)) for part in (table[:3], table[3:])]
    both_ways(csm.net_sentiment, *sides, method=method, confidence=confidence)


@drawn(30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), CONFIDENCES)
def test_customers(seed: int, most: int, confidence: float) -> None:
    """Answers and tickets of customers of whom each has several."""
    rng = np.random.default_rng(seed)
    sides = []
    for size in rng.integers(2, 40, 2):
        who = np.repeat(np.arange(size), rng.integers(1, most + 1, size))
        level = rng.random(size)[who]
        yes = (rng.random(who.size) < level).astype(int)
        frame = pd.DataFrame({"who": who, "satisfied": yes, "responses": 1, "customers": 1})
        frame["promoters"], frame["detractors"] = yes, (1 - yes) * (rng.random(who.size) < 0.5)
        frame["passives"], frame["tickets"] = 1 - frame["promoters"] - frame["detractors"], rng.poisson(3 * level)
        sides.append(frame)
    for metric in (csm.csat, csm.nps, csm.contact_rate):
        both_ways(metric, *sides, customer="who", confidence=confidence)


@drawn(30)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.3, 1.0, 2.0]), CONFIDENCES)
def test_revenue(seed: int, spread: float, confidence: float) -> None:
    rng = np.random.default_rng(seed)
    sides = []
    for size in rng.integers(2, 60, 2):
        start, what = rng.lognormal(4, spread, size), rng.random(size)
        side = {"start_mrr": start, "contraction_mrr": 0.3 * start * (what > 0.9), "churned_mrr": start * (what < 0.1)}
        sides.append({**side, "expansion_mrr": 0.4 * start * ((what > 0.5) & (what < 0.7))})
    both_ways(csm.nrr, *sides, confidence=confidence)
    both_ways(csm.expansion_rate, *({n: s[n] for n in ("expansion_mrr", "start_mrr")} for s in sides))
    both_ways(csm.grr, *({n: v for n, v in s.items() if n != "expansion_mrr"} for s in sides), confidence=confidence)


@drawn(40)
@given(st.lists(st.integers(1, 7), max_size=30), st.lists(st.integers(1, 7), max_size=30), CONFIDENCES)
def test_means_rates_and_what_is_made_of_others(one: list[int], two: list[int], confidence: float) -> None:
    both_ways(csm.ces_from_ratings, one, two, confidence=confidence)
    both_ways(csm.contact_rate, *({"tickets": sum(x), "customers": len(x)} for x in (one, two)), confidence=confidence)
    lives = [{"lost": len(x), "start": 10 * sum(x)} for x in (one, two)]
    both_ways(csm.average_lifetime, *lives, confidence=confidence)
    odds = [{"new_users": len(x), "resurrected": 1, "dormant": sum(x)} for x in (one, two)]
    both_ways(csm.lifecycle_quick_ratio, *odds, confidence=confidence)


@drawn(60)
@given(st.tuples(*[counts] * 4), st.sampled_from(["newcombe-10", "newcombe-8", "mcnemar"]), CONFIDENCES)
def test_pairs(table: tuple[int, ...], method: str, confidence: float) -> None:
    cells = dict(zip(("both", "first_only", "second_only", "neither"), table, strict=True))
    agree(csm.compare(csm.csat, paired=cells, method=method, confidence=confidence))


@drawn(40)
@given(st.tuples(*[counts] * 4), CONFIDENCES)
def test_ratios_of_rates(table: tuple[int, ...], confidence: float) -> None:
    before, after = ({"tickets": k, "customers": n + 1} for k, n in (table[:2], table[2:]))
    ratio = csm.compare(csm.contact_rate, before, after, confidence=confidence).ratio
    if ratio is not None:
        left_out = 1 - confidence / 100
        excluded = ratio.low > 1 or ratio.high < 1
        assert excluded == (ratio.p_value < left_out) or ratio.p_value == pytest.approx(left_out, abs=1e-6)
        assert ratio.low <= ratio.ratio <= ratio.high


@drawn(25)
@given(st.lists(st.tuples(counts, counts), min_size=2, max_size=6), CONFIDENCES)
def test_groups_and_periods_say_what_pairs_say(table: list[tuple[int, int]], confidence: float) -> None:
    frame = pd.DataFrame({"plan": range(len(table)), "lost": [a for a, _ in table], "start": [a + b for a, b in table]})
    if (frame["start"] > 0).sum() < 2:
        return
    found = csm.compare_groups(csm.churn_rate, frame, by="plan", confidence=confidence)
    frame["period"] = "Q1"
    both = pd.concat([frame, frame.assign(period="Q2", lost=frame["lost"].to_numpy()[::-1])])
    both["start"] = both[["lost", "start"]].max(axis=1)
    periods = both.csm.by("plan").compare_periods("churn_rate", "Q1", "Q2", confidence=confidence)
    left_out = 1 - confidence / 100
    for rows in (found.frame, periods.dropna()):
        excluded = (rows["low"] > 0) | (rows["high"] < 0)
        assert (excluded == (rows["p_value"] < left_out)).all() or np.isclose(rows["p_value"], left_out).any()
    assert (found.frame["p_adjusted"] >= found.frame["p_value"]).all()
