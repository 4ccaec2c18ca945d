"""The shifted beta-geometric model, compared with its authors' figures, with scipy, and with what made the data."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics.survival import sbg

from ..drawn import drawn

# Customers still there after 0, 1, ... years, of 1,000: Fader and Hardie (2007), table 1; years 8 to 12 were held back
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


@pytest.mark.parametrize(
    ("cohort", "alpha", "beta", "likelihood", "later", "whole", "residual"),
    [
        (HIGH_END, 0.668088, 3.806095, -1611.1581, [46.04, 43.58, 41.42, 39.51, 37.80], 5.922254, 7.529628),
        (REGULAR, 0.704077, 1.182043, -1680.2652, [22.0, 20.4, 19.1, 18.0, 17.0], 3.694908, 6.842315),
    ],
)
def test_the_paper(
    cohort: list[int], alpha: float, beta: float, likelihood: float, later: list[float], whole: float, residual: float
) -> None:
    model = sbg(cohort)
    assert model.converged
    assert (model.alpha, model.beta) == pytest.approx((alpha, beta), abs=5.1e-7)
    assert model.log_likelihood == pytest.approx(likelihood, abs=5.1e-5)
    assert model.at(range(8, 13)) == pytest.approx(later, abs=0.051)
    assert model.discounted_lifetime(10) == pytest.approx(whole, abs=5.1e-7)
    assert model.derl(10, n=8) == pytest.approx(residual, abs=5.1e-7)
    with pytest.raises(csm.MetricInputError, match="infinite"):
        model.expected_lifetime()


def test_fewer_years() -> None:
    """The Regular cohort after four years (Fader and Hardie's note of 2014), and both cohorts together."""
    four = sbg(REGULAR[:5])
    assert (four.alpha, four.beta, four.log_likelihood) == pytest.approx((0.763665, 1.295830, -1401.5594), abs=5.1e-5)
    high = sbg(HIGH_END[:5])
    assert (high.alpha, high.beta) == pytest.approx((1.280977, 7.790386), abs=5.1e-6)
    assert high.expected_lifetime() == pytest.approx((1.280977 + 7.790386 - 1) / 0.280977, rel=1e-4)
    both = sbg({"high end": HIGH_END, "regular": REGULAR})
    assert (both.alpha, both.beta, both.log_likelihood) == pytest.approx((0.580740, 1.678554, -3393.4017), abs=5.1e-5)
    assert both.customers == 2000


COHORTS = [[10000, 8000, 6480, 5307, 4391], [10000, 8000, 6480, 5307], [10000, 8000, 6480], [10000, 8000]]


def test_several_cohorts() -> None:
    """Fader and Hardie, note 017: alpha 3.80, beta 15.19; from any shape that holds the counts."""
    model = sbg(COHORTS)
    assert (model.alpha, model.beta) == pytest.approx((3.798132, 15.191934), abs=1e-4)
    frame = pd.DataFrame({i: pd.Series(c) for i, c in enumerate(COHORTS)}).T
    for same in (
        frame,
        frame.to_numpy(),
        frame.astype("Int64"),
        [np.array(c) for c in COHORTS],
        dict(enumerate(COHORTS)),
    ):
        assert sbg(same).alpha == model.alpha
    assert (model.customers, model.periods) == (40000, 4)
    assert sbg([*COHORTS, [500]]).alpha == model.alpha  # of which no renewal is known


def test_from_a_grid_of_retention() -> None:
    months = pd.period_range("2026-01", periods=4, freq="M")
    rows = []
    for first in range(3):
        for user in range(60):
            stays = 1 + (user * 7 % 60 > 12) + (user * 7 % 60 > 20) + (user * 7 % 60 > 24)
            rows += [(f"{first}-{user}", months[first + age]) for age in range(stays) if first + age < 4]
    events = pd.DataFrame(rows, columns=["user", "time"])
    events["time"] = pd.PeriodIndex(events["time"]).to_timestamp()
    grid = csm.cohorts.retention(events, as_of="2026-04-30")
    model = sbg(grid)
    assert model.customers == 180
    assert model.alpha == sbg([[60, 47, 39, 35], [60, 47, 39], [60, 47]]).alpha
    worth = csm.survival.clv(grid, margin=10, horizon=4)
    assert worth == pytest.approx(10 * (1 + sum(grid.pooled().iloc[1:]) / 100))


def test_intervals_by_profile() -> None:
    found = {
        (name, p): sbg(cohort).interval(p)
        for name, cohort in (("high", HIGH_END), ("regular", REGULAR))
        for p in ("alpha", "beta")
    }
    limits = {key: (one.low, one.high) for key, one in found.items()}
    assert limits[("high", "alpha")] == pytest.approx((0.506196, 0.943343), abs=1e-5)
    assert limits[("high", "beta")] == pytest.approx((2.618541, 5.963125), abs=1e-5)
    assert limits[("regular", "alpha")] == pytest.approx((0.589373, 0.850367), abs=1e-5)
    assert limits[("regular", "beta")] == pytest.approx((0.924647, 1.535400), abs=1e-5)
    assert "profile" in str(found["high", "alpha"])
    drawn_ = sbg(REGULAR).interval("alpha", method="bootstrap", resamples=400)
    assert (drawn_.low, drawn_.high) == pytest.approx((0.589, 0.850), abs=0.03)
    assert sbg(REGULAR).interval("alpha", confidence=80).low > found["regular", "alpha"].low


def test_a_limit_that_is_not_reached() -> None:
    """Sixty customers hardly tell whether they differ: the chances of all may be the same."""
    model = sbg([60, 45, 36, 30])
    assert model.interval("beta").high == inf
    assert any("do not rule out" in note for note in model.notes)


truths = st.tuples(st.floats(0.3, 4), st.floats(0.5, 8), st.integers(0, 10**6))


@given(truth=truths)
@drawn(20)
def test_it_finds_what_made_the_data(truth: tuple[float, float, int]) -> None:
    """Of 210,000 customers drawn from the model, in three cohorts, the projection is right to a point."""
    alpha, beta, seed = truth
    rng = np.random.default_rng(seed)
    cohorts = []
    for ages in (9, 7, 5):
        leaves = rng.geometric(rng.beta(alpha, beta, 70_000).clip(1e-12))
        cohorts.append([int((leaves > age).sum()) for age in range(ages)])
    model = sbg(cohorts)
    assert model.converged
    assert model.at(12) == pytest.approx(
        float(100 * np.prod((beta + np.arange(12)) / (alpha + beta + np.arange(12)))), abs=1
    )
    again = sbg(cohorts[::-1])
    assert (again.alpha, again.beta) == pytest.approx((model.alpha, model.beta), rel=1e-5)


def test_the_same_optimum_as_scipy() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    special = pytest.importorskip("scipy.special")
    cohort = np.array([5000, 4100, 3550, 3200, 2950, 2760])
    exposed, lost, age = cohort[:-1], cohort[:-1] - cohort[1:], np.arange(5)

    def worse(x: Any) -> float:
        a, b = np.exp(x)
        return -float(np.sum(lost * np.log(a) + (exposed - lost) * np.log(b + age) - exposed * np.log(a + b + age)))

    best = optimize.minimize(worse, [0.0, 0.0], method="BFGS")
    model = sbg(cohort)
    assert (model.alpha, model.beta) == pytest.approx(tuple(np.exp(best.x)), rel=1e-3)
    assert model.log_likelihood >= -best.fun - 1e-6
    a, b = model.alpha, model.beta
    for rate in (0.5, 10, 200):
        keep = 100 / (100 + rate)
        assert model.discounted_lifetime(rate) == pytest.approx(special.hyp2f1(1, b, a + b, keep), rel=1e-8)
        residual = (b + 3) / (a + b + 3) * special.hyp2f1(1, b + 4, a + b + 4, keep)
        assert model.derl(rate, 4) == pytest.approx(residual, rel=1e-8)


@pytest.mark.parametrize(
    ("cohorts", "words"),
    [
        ([100, 100, 100], "nobody left"),
        ([1000, 800], "must cover two renewals"),
        ([1000, 700, 700, 700], "after the first renewal"),
        ([1000, 800, 640, 512, 410, 328], "hardly changes with age"),
        ([1000, 800, 640, 512], "does not rise with age|hardly changes"),
        ([100, 50, 20, 5], "does not rise with age"),
        ([100, 63.1, 46.8], "multiply percentages"),
        ([1000, 631, 700], "must not rise with age; got 631|631 after 1 renewals, 700 after 2"),
        ([1000, None, 500], "present again later"),
        ([1000, -5], "negative"),
        ([], "observed for a renewal"),
        ([[0, 0], [7]], "observed for a renewal"),
        ("1000", "must be a list"),
        (7, "must be a list"),
        ([["a", "b"]], "number"),
    ],
)
def test_what_has_no_fit_is_refused_with_the_reason(cohorts: Any, words: str) -> None:
    with pytest.raises(csm.MetricInputError, match=words):
        sbg(cohorts)


def test_percentages_that_look_like_counts_are_noted() -> None:
    assert "percentages are no counts" in sbg([100, 63, 47, 38]).notes[0]
    assert "Note:" in str(sbg([100, 63, 47, 38]))


def test_projection() -> None:
    model = sbg(REGULAR)
    assert model.at(0) == 100.0
    rates = model.retention_rate(np.arange(1, 6))
    assert (np.diff(rates) > 0).all()
    assert np.cumprod(rates / 100) * 100 == pytest.approx(model.at([1, 2, 3, 4, 5]))
    assert model.at(pd.Series([1, 2], index=["a", "b"])).index.tolist() == ["a", "b"]
    for wrong in (-1, 0.5, None):
        with pytest.raises(csm.MetricInputError, match="whole periods from 0"):
            model.at(wrong)
    with pytest.raises(csm.MetricInputError, match="whole periods from 1"):
        model.retention_rate(0)
    assert model.as_dict()["alpha"] == model.alpha
    assert "counts" not in model.as_dict()


def test_the_fan_holds_what_comes() -> None:
    """Of 60 cohorts of 500 drawn from one model, the fan of customers at 10 years holds nearly all."""
    rng, held = np.random.default_rng(8), 0
    for _ in range(60):
        leaves = rng.geometric(rng.beta(0.8, 2.0, 500).clip(1e-12))
        cohort = [int((leaves > age).sum()) for age in range(6)]
        fan = sbg(cohort).fan(10, customers=500, confidence=(90,), resamples=100)
        later = int((rng.geometric(rng.beta(0.8, 2.0, 500).clip(1e-12)) > 10).sum())
        held += fan.loc[10, "low_90"] <= later <= fan.loc[10, "high_90"]
    assert held >= 48
    fan = sbg(REGULAR).fan(12)
    assert fan.columns.tolist() == ["survival", "low_50", "high_50", "low_80", "high_80", "low_95", "high_95"]
    assert (fan["low_95"] <= fan["low_50"]).all()
    assert (fan["survival"].iloc[0], fan["high_95"].iloc[0]) == (100.0, 100.0)
    pd.testing.assert_frame_equal(fan, sbg(REGULAR).fan(12))  # runs repeat
    for wrong in ({"periods": 0}, {"periods": 3, "customers": 0.5}, {"periods": 3, "confidence": 0.95}):
        with pytest.raises(csm.MetricInputError):
            sbg(REGULAR).fan(**wrong)


@pytest.mark.parametrize("rate", [0, -1, None, "ten"])
def test_a_rate_without_interest_is_refused(rate: Any) -> None:
    with pytest.raises(csm.MetricInputError, match="discount_rate"):
        sbg(REGULAR).discounted_lifetime(rate)
    with pytest.raises(csm.MetricInputError, match="too small"):
        sbg(REGULAR).discounted_lifetime(1e-9)


# ------------------------------------------------------------------------------------------------- any curve is worth


@pytest.mark.parametrize("first", ["now", "next", "certain_next"])
def test_a_constant_rate_is_the_textbook(first: Any) -> None:
    """At 80 % retention and 10 % interest, 100 a payment: 366.67, 266.67 or 333.33 (Fader and Hardie, note 024)."""
    curve = 100 * 0.8 ** np.arange(300)
    expected = csm.discounted_clv(100, 80, 10, first_payment=first)
    worth = csm.survival.clv(curve, margin=100, discount_rate=10, first_payment=first, horizon=299)
    assert worth == pytest.approx(expected)
    capped = csm.survival.clv(curve, margin=100, discount_rate=10, first_payment=first, horizon=7)
    assert capped == pytest.approx(csm.discounted_clv(100, 80, 10, first_payment=first, horizon=7))


def test_a_model_is_worth_its_discounted_lifetime() -> None:
    model = sbg(HIGH_END)
    worth = csm.survival.clv(model, margin=80, discount_rate=10)
    assert worth == pytest.approx(80 * model.discounted_lifetime(10))
    for first in ("now", "next", "certain_next"):
        whole = csm.survival.clv(model, margin=80, discount_rate=10, first_payment=first)
        long = csm.survival.clv(model, margin=80, discount_rate=10, first_payment=first, horizon=1000)
        assert long == pytest.approx(whole, rel=1e-9)
    assert csm.survival.clv(model, margin=1, horizon=2) == pytest.approx(1 + model.at(1) / 100)


def test_an_observed_curve_is_worth_what_was_observed() -> None:
    km = csm.survival.kaplan_meier([30, 60, 95, 95], [1, 1, 0, 0])
    assert csm.survival.clv(km, margin=10, period=30, horizon=4) == pytest.approx(10 * (1 + 0.75 + 0.5 + 0.5))
    assert csm.survival.clv([100, 50, 0], margin=10) == 15.0
    assert csm.survival.clv([100, 50, 0], margin=10, horizon=9) == 15.0
    gone = csm.survival.kaplan_meier([1, 2], [1, 1])
    assert csm.survival.clv(gone, margin=10) == 15.0


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"curve": [100, 50]}, "horizon=2, as far as was observed"),
        ({"curve": [100, 50], "horizon": 3}, "covers 2 payments"),
        ({"curve": [100, 50], "horizon": 2, "first_payment": "next"}, "covers 1 payments"),
        ({"curve": [50, 20], "horizon": 1}, "it begins with 50"),
        ({"curve": [], "horizon": 1}, "must be a curve"),
        ({"curve": [100, 50], "horizon": 1.5}, "whole number"),
        ({"curve": [100, 50], "horizon": 1, "discount_rate": -3}, "0 or more"),
        ({"curve": [100, 50], "horizon": 1, "period": 30}, "curves of kaplan_meier"),
        ({"curve": [100, 50], "horizon": 1, "first_payment": "nxt"}, "did you mean 'next'"),
        ({"curve": sbg(REGULAR)}, "without interest"),
        ({"curve": csm.survival.kaplan_meier([5], [0]), "period": 0, "horizon": 1}, "above 0"),
        ({"curve": csm.survival.kaplan_meier([5], [0]), "horizon": 7}, "covers 6 payments"),
    ],
)
def test_what_is_not_known_is_not_added_up(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(csm.MetricInputError, match=words):
        csm.survival.clv(asked.pop("curve"), margin=10, **asked)
