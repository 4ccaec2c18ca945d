"""Intervals against published figures and what R, SciPy and statsmodels give; what is refused; what prints."""

from __future__ import annotations

import json
import pickle
from datetime import date
from itertools import product
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm
from csmetrics._statistics.bootstrap import jackknife_error, resampled, without_each
from csmetrics._statistics.confidence import Confidence, special
from csmetrics._statistics.made_of import behind
from csmetrics._statistics.shares import SHARES
from csmetrics._statistics.sums import Moments
from csmetrics.core._registry import REGISTRY
from csmetrics.core._sums import METHODS, sampled_of

from .figures import FIGURES, read

OURS = {
    "normal": "wald",
    "wilson": "wilson",
    "scipy_wilson": "wilson",
    "agresti_coull": "agresti-coull",
    "beta": "clopper-pearson",
    "scipy_exact": "clopper-pearson",
    "jeffreys": "jeffreys",
}
SHARE_CASES = [case for case in read("proportion_intervals")["cases"] if case["method"] in OURS]


@pytest.mark.parametrize("case", SHARE_CASES, ids=lambda c: f"{c['k']}-{c['n']}-{c['method']}")
def test_shares(case: Any) -> None:
    k, n = int(case["k"]), int(case["n"])
    found = csm.interval(csm.churn_rate, lost=k, start=n, method=OURS[case["method"]])
    low, high = 100 * float(case["low"]), 100 * float(case["high"])
    if case["method"] == "jeffreys":  # whose ends are 0 and 100 here, where nobody or everybody is counted
        low, high = (0.0 if k == 0 else low), (100.0 if k == n else high)
    assert found.low == pytest.approx(low, abs=2e-8)
    assert found.high == pytest.approx(high, abs=2e-8)
    assert found.estimate == csm.churn_rate(k, n)


@pytest.mark.parametrize("case", read("nps_intervals")["cases"], ids=lambda c: c["case"])
def test_nps(case: Any) -> None:
    counts = {"promoters": case["pro"], "passives": case["pas"], "detractors": case["det"]}
    for method, name in (("adjusted-wald", "adj"), ("wald", "wald")):
        found = csm.interval(csm.nps, method=method, **counts)
        low = min(max(100 * case[f"{name}_lo"], -100), found.estimate)
        high = max(min(100 * case[f"{name}_hi"], 100), found.estimate)
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_published_figures() -> None:
    talk = csm.interval(csm.nps, method="wald", **FIGURES["nps-talkstats-1162"]["inputs"])
    assert talk.estimate == pytest.approx(-9, abs=0.06)
    assert (talk.high - talk.low) / 2 == pytest.approx(4.4, abs=0.06)
    for name in ("nps-adjusted-80", "nps-adjusted-99"):
        case = FIGURES[name]
        found = csm.interval(csm.nps, **case["inputs"])
        assert (found.low, found.high) == pytest.approx(tuple(case["expected"].values()), abs=case["tolerance"])
    for name, method in (("agresti-coull", "agresti-coull"), ("wald", "wald")):
        case = FIGURES[f"share-sas-brown-{name}-90"]
        k, n = case["inputs"]["k"], case["inputs"]["n"]
        found = csm.interval(csm.csat, satisfied=k, responses=n, confidence=90, method=method)
        assert found.low == pytest.approx(100 * case["expected"]["low"], abs=100 * case["tolerance"])
        assert found.high == pytest.approx(100 * case["expected"]["high"], abs=100 * case["tolerance"])
    case = FIGURES["rate-poisson-exact"]
    found = csm.interval(csm.tutorials_per_customer, tutorial_visits=137, customers=24.19893, method="exact")
    for name, value in case["expected"].items():
        assert getattr(found, name) == pytest.approx(value, abs=case["tolerance"])


def test_ratio_of_city_and_patch_data() -> None:
    city = FIGURES["ratio-city-delta-se"]["inputs"]
    x, y = np.array(city["num"]), np.array(city["den"])
    moments = Moments(x.sum(), y.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum())
    assert float(moments.ratio) == pytest.approx(1.5203125)
    assert float(np.sqrt(moments.variance)) == pytest.approx(FIGURES["ratio-city-delta-se"]["expected"]["se"], abs=1e-9)
    patch = FIGURES["ratio-patch"]
    columns = np.column_stack([patch["inputs"]["num"], patch["inputs"]["den"]])

    def figure(sums: Any) -> Any:
        return sums[:, 0] / sums[:, 1]

    others = without_each(columns, figure)
    estimate = float(figure(columns.sum(axis=0)[None, :])[0])
    assert estimate == pytest.approx(patch["expected"]["estimate"], abs=patch["tolerance"])
    assert 7 * (others.mean() - estimate) == pytest.approx(patch["expected"]["bias"], abs=patch["tolerance"])
    drawn = resampled(columns, figure, 20_000, np.random.default_rng(1))
    assert drawn.std() == pytest.approx(0.10231380623192844, abs=0.003)  # over all resamples that there are
    assert drawn.mean() - estimate == pytest.approx(0.00776, abs=0.003)
    assert jackknife_error(others) == pytest.approx(0.1055278, abs=1e-6)


def test_sample_sizes() -> None:
    assert csm.sample_size(csm.nps, margin=3) == FIGURES["nps-sample-size-worst-3"]["expected"]["n"]
    assert csm.sample_size(csm.nps, margin=10) == FIGURES["nps-sample-size-worst-10"]["expected"]["n"]
    half = csm.interval(csm.nps, promoters=2133, passives=0, detractors=2133)
    assert half.high - half.low <= 2 * 3
    assert csm.sample_size(csm.churn_rate, detect=2, base=5, power=80) == 2213
    assert csm.sample_size(csm.churn_rate, detect=-2, base=5) == 1506
    assert csm.sample_size(csm.csat, margin=5) == 385
    assert csm.sample_size(csm.ces, margin=0.1, spread=1.2) == 554
    for wrong in ({}, {"margin": 3, "detect": 2}, {"margin": 0}, {"margin": "3"}, {"margin": 3, "confidence": 0.95}):
        with pytest.raises(csm.MetricInputError):
            csm.sample_size(csm.nps, **wrong)
    with pytest.raises(csm.MetricInputError, match="base"):
        csm.sample_size(csm.churn_rate, detect=2)
    with pytest.raises(csm.MetricInputError, match="this is net"):
        csm.sample_size(csm.nrr, margin=2)


# What each metric says of itself


KINDS = {
    "share": "churn_rate retention_rate renewal_rate reactivation_rate csat csat_from_ratings ces_top_box response_rate"
    " closed_loop_rate fcr reopen_rate escalation_rate sla_attainment self_service_rate adoption_rate activation_rate"
    " conversion_rate active_rate repeat_purchase_rate onboarding_completion_rate value_realization_rate referral_rate"
    " referral_share referral_conversion_rate at_risk_rate feature_adoption_rate repeat_contact_rate stickiness",
    "trinomial": "nps nps_from_scores net_sentiment net_easy_score",
    "exposure": "contact_rate tutorials_per_customer viral_coefficient",
    "cost": "cac",
    "odds": "lifecycle_quick_ratio",
    "mean": "ces_from_ratings csat_mean_from_ratings ces first_response_time resolution_time average_handle_time "
    "arpa asp",
    "money share": "grr gross_revenue_churn_rate contraction_rate",
    "net": "nrr net_revenue_churn_rate customer_growth_rate mrr_growth_rate",
    "ratio": "expansion_rate earned_growth_rate license_utilization",
    "log ratio": "quick_ratio",
    "sum": "net_new_mrr",
    "levels": "average_lifetime compound_churn_rate compound_retention_rate discounted_clv clv clv_to_cac clv_to_crc "
    "cac_payback",
    "quantile": "median_ttv",
    "each": "ttv onboarding_time health_score normalize_score engagement_score",
    "none": "mrr arr ticket_backlog crc crc_ratio cost_per_ticket health_band goal_attainment theme_priority "
    "clv_from_purchases",
}
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names.split()}


@pytest.mark.parametrize("name", REGISTRY)
def test_kind(name: str) -> None:
    sums = sampled_of(REGISTRY[name])
    assert sums.kind == KIND_OF.get(name, sums.kind)
    assert bool(METHODS[sums.kind]) == (sums.kind != "none")
    assert sums.reason or METHODS[sums.kind]
    assert csm.catalog[name].interval.methods == METHODS[sums.kind]


@pytest.mark.parametrize("name", REGISTRY)
def test_the_sums_are_those_of_the_formula(name: str) -> None:
    """Where every total is an input, the declared sums give what the formula gives."""
    spec = REGISTRY[name]
    sums = sampled_of(spec)
    if not sums.top or not set(spec.inputs) <= {*sums.totals, *sums.top, *spec.defaults}:
        return
    rng = np.random.default_rng(3)
    for _ in range(20):
        inputs = {n: float(rng.integers(1, 50)) for n in spec.inputs}
        for rule in spec.rules:
            for whole in rule.wholes:
                inputs[whole] += sum(inputs[part] for part in rule.parts)
        try:
            expected = spec.function(**inputs)
        except csm.MetricInputError:
            continue
        top, bottom = (sum(s * inputs[n] for n, s in terms.items()) for terms in (sums.top, sums.bottom))
        found = sums.scale * top / bottom if sums.bottom else sums.scale * top
        assert found == pytest.approx(expected)


def test_a_reason_for_none() -> None:
    for metric, words in ((csm.mrr, "booked"), (csm.crc, "cost"), (csm.health_band, "word")):
        with pytest.raises(csm.MetricInputError, match=f"has no interval; .*{words}"):
            csm.interval(metric, **dict.fromkeys(REGISTRY[metric.__name__].inputs, 1))
    with pytest.raises(csm.MetricInputError, match="one customer's figure"):
        csm.interval(csm.ttv, started_at=date(2026, 1, 1), value_at=date(2026, 1, 5))
    with pytest.raises(csm.MetricInputError, match="a bare rate is no sample"):
        csm.interval(csm.average_lifetime, churn_rate=5)
    with pytest.raises(csm.MetricInputError, match="rows of customers"):
        csm.interval(csm.nrr, start_mrr=100, expansion_mrr=5, contraction_mrr=1, churned_mrr=2)
    with pytest.raises(csm.MetricInputError, match="rows of customers"):
        csm.interval(csm.feature_adoption_rate, features_used=5, features_available=10)
    with pytest.raises(csm.MetricInputError, match="whole number"):
        csm.interval(csm.nps, promoters=10.5, passives=3, detractors=2)


@pytest.mark.parametrize("confidence", [170, 0, 0.95, 100, nan, inf, "95", True, None, 49])
def test_nonsense_confidence(confidence: Any) -> None:
    with pytest.raises(csm.MetricInputError, match="confidence"):
        csm.interval(csm.churn_rate, lost=5, start=100, confidence=confidence)


def test_nonsense() -> None:
    with pytest.raises(csm.MetricInputError, match=r"wilson.*did you mean 'wilson'"):
        csm.interval(csm.churn_rate, lost=5, start=100, method="wislon")
    with pytest.raises(csm.MetricInputError, match="lost"):
        csm.interval(csm.churn_rate, lost=105, start=100)
    with pytest.raises(csm.MetricInputError, match="is required"):
        csm.interval(csm.churn_rate, lost=105)
    with pytest.raises(csm.MetricInputError, match="is no input"):
        csm.interval(csm.churn_rate, lost=1, start=2, los=3)
    with pytest.raises(csm.MetricInputError, match="population"):
        csm.interval(csm.churn_rate, lost=5, start=100, population=1000)
    with pytest.raises(csm.MetricInputError, match="population"):
        csm.interval(csm.nps, promoters=50, passives=30, detractors=20, population=99)
    with pytest.raises(csm.MetricInputError, match="resamples"):
        csm.interval(csm.nps, [10, 9, 2], method="percentile", resamples=0)
    with pytest.raises(csm.MetricInputError, match="rng"):
        csm.interval(csm.nps, [10, 9, 2], method="percentile", rng="seed")
    with pytest.raises(csm.MetricInputError, match="customer"):
        csm.interval(csm.csat, satisfied=[1, 0], responses=[1, 1], customer=["a", None])


# Ends


@pytest.mark.parametrize(("method", "n", "confidence"), list(product(SHARES, (1, 3, 50), (80, 95, 99.9))))
def test_limits_of_shares_are_possible_and_hold_the_figure(method: str, n: int, confidence: float) -> None:
    k = np.arange(n + 1)
    found = csm.interval(csm.churn_rate, lost=k, start=np.full(n + 1, n), method=method, confidence=confidence)
    assert ((found.low >= 0) & (found.low <= found.estimate) & (found.estimate <= found.high)).all()
    assert (found.high <= 100).all()
    assert found.low[0] == 0.0
    assert found.high[n] == 100.0
    mirrored = 100 - found.high[::-1].to_numpy()
    assert found.low.to_numpy() == pytest.approx(mirrored, abs=1e-9)


def test_an_interval_is_widened_to_hold_its_figure() -> None:
    found = csm.interval(csm.nps, promoters=10, passives=0, detractors=0, confidence=80)
    assert found.low == pytest.approx(57.7, abs=0.05)
    assert found.high == 100.0


def test_what_has_no_value_has_no_interval() -> None:
    found = csm.interval(csm.churn_rate, lost=0, start=0)
    assert isnan(found.estimate)
    assert isnan(found.low)
    assert any("nothing to divide by" in note for note in found.notes)
    lacking = csm.interval(csm.churn_rate, lost=[None, 1], start=[10, 10])
    assert "no interval where a value is missing" in lacking.attrs["notes"]
    one = csm.interval(csm.ces_from_ratings, [5])
    assert one.estimate == 5
    assert isnan(one.low)
    assert any("single unit" in note for note in one.notes)
    assert json.dumps(one.as_dict())
    assert one.as_dict()["low"] is None


def test_a_missing_value_of_a_customer_is_named() -> None:
    each = pd.DataFrame({"customer": range(40), "start_mrr": 100.0, "expansion_mrr": 0, "contraction_mrr": 0})
    each["churned_mrr"] = [None, *[0.0] * 37, 100.0, 100.0]
    found = csm.interval("nrr", each, customer="customer")
    assert np.isnan(found.estimate)
    assert "no interval where a value is missing" in found.notes


def test_population() -> None:
    counts = {"promoters": 60, "passives": 20, "detractors": 20}
    wide, small = csm.interval(csm.nps, **counts), csm.interval(csm.nps, population=200, **counts)
    assert (small.high - small.low) / (wide.high - wide.low) == pytest.approx((100 / 199) ** 0.5)
    everybody = csm.interval(csm.csat, satisfied=60, responses=100, population=100)
    assert (everybody.low, everybody.high) == pytest.approx((60, 60), abs=1e-4)
    assert (everybody.n, everybody.n_eff) == (100, 100)


def test_few_units_make_a_note() -> None:
    assert any("fewer than 30" in note for note in csm.interval(csm.csat, satisfied=5, responses=9).notes)
    assert not any("fewer than 30" in note for note in csm.interval(csm.csat, satisfied=50, responses=90).notes)


# Customers


def revenue(n: int = 300, seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    start = np.round(rng.lognormal(4, 1, n))
    what = rng.random(n)
    return {
        "start_mrr": start,
        "expansion_mrr": np.where(what > 0.8, np.round(0.4 * start), 0),
        "contraction_mrr": np.where((what > 0.05) & (what < 0.15), np.round(0.3 * start), 0),
        "churned_mrr": np.where(what <= 0.05, start, 0),
    }


def losses(rows: dict[str, Any]) -> dict[str, Any]:
    return {name: rows[name] for name in ("start_mrr", "contraction_mrr", "churned_mrr")}


def test_grr_is_wilson_at_the_effective_number_of_customers() -> None:
    rows = losses(revenue())
    found = csm.interval(csm.grr, **rows)
    y, x = rows["start_mrr"], rows["start_mrr"] - rows["contraction_mrr"] - rows["churned_mrr"]
    p = x.sum() / y.sum()
    v = np.square(x - p * y).sum() / y.sum() ** 2
    n = min(y.sum() ** 2 / np.square(y).sum(), p * (1 - p) / v)
    z = 1.959963984540054
    centre, half = (
        (p + z * z / 2 / n) / (1 + z * z / n),
        z * np.sqrt(p * (1 - p) / n + z * z / 4 / n**2) / (1 + z * z / n),
    )
    assert (found.low, found.high) == pytest.approx((100 * (centre - half), 100 * (centre + half)))
    assert found.n_eff == pytest.approx(n)
    assert found.n == 300
    assert found.method == "wilson-effective"
    mirrored = csm.interval(csm.gross_revenue_churn_rate, **rows)
    assert (100 - mirrored.high, 100 - mirrored.low) == pytest.approx((found.low, found.high))


@pytest.mark.parametrize("gainers", [None, 2])
def test_nrr_is_square_and_add(gainers: int | None) -> None:
    rows = revenue()
    if gainers is not None:  # together they gain less than half of the width
        few = np.argsort(rows["expansion_mrr"])[-gainers:]
        rows["expansion_mrr"] = np.where(np.isin(np.arange(len(rows["start_mrr"])), few), rows["expansion_mrr"], 0)
    found = csm.interval(csm.nrr, **rows)
    churn = csm.interval(csm.gross_revenue_churn_rate, **losses(rows))
    y, g = rows["start_mrr"], rows["expansion_mrr"]
    gain = g.sum() / y.sum()
    n = y.sum() ** 2 / np.square(y).sum()
    half = special().stdtrit(n - 1, 0.975) * np.sqrt(np.square(g - gain * y).sum()) / y.sum()
    assert (half > gain) == (gainers is not None)
    down = np.hypot(churn.high - churn.estimate, 100 * half)
    up = np.hypot(churn.estimate - churn.low, 100 * half)
    assert (found.low, found.high) == pytest.approx((found.estimate - down, found.estimate + up))
    net = csm.interval(csm.net_revenue_churn_rate, **rows)
    assert (100 - net.high, 100 - net.low) == pytest.approx((found.low, found.high))
    growth = {"start_mrr": y, "end_mrr": y + g - rows["contraction_mrr"] - rows["churned_mrr"], "new_mrr": 0 * y}
    grown = csm.interval(csm.mrr_growth_rate, **growth, **{n: v for n, v in rows.items() if n not in growth})
    assert (grown.low + 100, grown.high + 100) == pytest.approx((found.low, found.high))


def test_no_loss_seen_is_not_no_loss_possible() -> None:
    rows = losses(revenue()) | {"contraction_mrr": np.zeros(300), "churned_mrr": np.zeros(300)}
    found = csm.interval(csm.grr, **rows)
    assert found.high == 100
    assert found.low < 99
    assert csm.interval(csm.grr, method="percentile", **rows).low == 100


def test_gains_of_a_few_customers_are_noted() -> None:
    rows = revenue()
    words = "customers' worth of gains"
    assert not any(words in note for note in csm.interval(csm.nrr, **rows).notes)
    few = rows | {"expansion_mrr": np.where(np.arange(300) < 8, 50.0, 0.0) * (rows["churned_mrr"] == 0)}
    for found in (
        csm.interval(csm.nrr, **few),
        csm.interval(csm.expansion_rate, expansion_mrr=few["expansion_mrr"], start_mrr=few["start_mrr"]),
    ):
        assert any(words in note for note in found.notes)
    nobody = rows | {"expansion_mrr": np.zeros(300)}  # has no gain to be sure of
    assert not any(words in note for note in csm.interval(csm.nrr, **nobody).notes)


def test_squares_are_as_good_as_rows() -> None:
    rows = revenue()
    names = list(rows)
    squares = {f"{a}*{b}": float((rows[a] * rows[b]).sum()) for i, a in enumerate(names) for b in names[i:]}
    totals = {name: float(values.sum()) for name, values in rows.items()}
    by_rows, by_squares = csm.interval(csm.nrr, **rows), csm.interval(csm.nrr, squares=squares, **totals)
    assert (by_squares.low, by_squares.high) == pytest.approx((by_rows.low, by_rows.high))
    answers = [5, 6, 7, 3, 4, 4]
    from_sums = csm.interval(csm.ces, effort_sum=29, responses=6, squares=151)
    raw = csm.interval(csm.ces_from_ratings, answers)
    assert (from_sums.low, from_sums.high) == pytest.approx((raw.low, raw.high))
    with pytest.raises(csm.MetricInputError, match="square of each total"):
        csm.interval(csm.grr, squares={"start_mrr*start_mrr": 5.0}, start_mrr=5, contraction_mrr=1, churned_mrr=1)


def test_rows_of_one_customer_are_one_unit() -> None:
    rng = np.random.default_rng(2)
    who = np.repeat(np.arange(40), 10)
    satisfied = (rng.random(40)[who] > rng.random(400) * 0.9).astype(int)
    alone = csm.interval(csm.csat, satisfied=int(satisfied.sum()), responses=400)
    once = csm.interval(csm.csat, satisfied=satisfied, responses=np.ones(400), customer=who)
    assert once.estimate == alone.estimate
    assert once.n == 400
    assert once.n_eff < 250
    assert once.high - once.low > 1.2 * (alone.high - alone.low)
    raw = csm.interval(csm.csat_from_ratings, np.where(satisfied, 5, 1), customer=who)
    assert (raw.low, raw.high) == pytest.approx((once.low, once.high))
    p, x = satisfied.mean(), np.bincount(who, satisfied)
    v = np.square(x - p * 10).sum() / 400**2
    t = special().stdtrit(39, 0.975)
    assert once.n_eff == pytest.approx(p * (1 - p) / v * (1.959963984540054 / t) ** 2)
    summed = csm.interval(csm.csat, satisfied=x, responses=np.full(40, 10), customer=np.arange(40))
    assert (summed.low, summed.high) == pytest.approx((once.low, once.high))


def test_tickets_that_come_in_clusters() -> None:
    tickets = np.array([0] * 30 + [12] * 10)
    spread = csm.interval(csm.contact_rate, tickets=tickets, customers=np.ones(40), customer=np.arange(40))
    plain = csm.interval(csm.contact_rate, tickets=120, customers=40)
    assert spread.estimate == plain.estimate == 300
    assert spread.high - spread.low > 2.5 * (plain.high - plain.low)
    phi = tickets.var(ddof=1) / tickets.mean()
    low = special().gammaincinv(120 / phi, 0.025) * phi / 40
    assert spread.low == pytest.approx(100 * low)
    assert csm.interval(csm.contact_rate, tickets=300, customers=100).high > 300  # no share: it may pass 100 %


def test_weighted_answers_are_worth_fewer() -> None:
    rng = np.random.default_rng(5)
    scores, weights = rng.integers(0, 11, 300), rng.lognormal(0, 1, 300)
    plain, weighted = csm.interval(csm.nps, scores), csm.interval(csm.nps, scores, weights=weights)
    assert weighted.estimate == pytest.approx(csm.nps_from_scores(scores, weights=weights))
    assert weighted.n == 300
    assert weighted.n_eff <= weights.sum() ** 2 / np.square(weights).sum() * (1 + 1e-9)
    assert weighted.high - weighted.low > plain.high - plain.low


@pytest.mark.parametrize("method", ["jackknife", "linearised", "percentile", "bca"])
def test_methods_on_request(method: str) -> None:
    rows = revenue()
    found = csm.interval(csm.nrr, method=method, resamples=2000, **rows)
    assert found.method == method
    assert found.low < csm.nrr(*(rows[n].sum() for n in rows)) < found.high
    assert found == csm.interval(csm.nrr, method=method, resamples=2000, **rows)  # runs repeat
    usual = csm.interval(csm.nrr, **rows)
    assert 0.5 < (found.high - found.low) / (usual.high - usual.low) < 1.5
    if method in ("percentile", "bca"):
        assert found != csm.interval(csm.nrr, method=method, resamples=2000, rng=7, **rows)


def test_bootstrap_in_blocks_is_the_bootstrap() -> None:
    """Resamples drawn in blocks spread as those drawn one by one."""
    rng = np.random.default_rng(0)
    columns = rng.lognormal(0, 1, (60, 2))
    found = resampled(columns, lambda s: s[:, 0] / s[:, 1], 4000, np.random.default_rng(1))
    slow = [(d := columns[rng.integers(0, 60, 60)].sum(axis=0))[0] / d[1] for _ in range(4000)]
    assert found.mean() == pytest.approx(np.mean(slow), abs=0.02)
    assert found.std() == pytest.approx(np.std(slow), rel=0.06)


# Metrics made of others


def test_limits_go_through_the_formula() -> None:
    churn = csm.interval(csm.churn_rate, lost=12, start=400)
    life = csm.interval(csm.average_lifetime, lost=12, start=400)
    assert (life.low, life.high) == pytest.approx((100 / churn.high, 100 / churn.low))
    year = csm.interval(csm.compound_churn_rate, lost=12, start=400, periods=12)
    assert year.low == pytest.approx(csm.compound_churn_rate(churn.low, 12))
    assert csm.interval(csm.average_lifetime, lost=1, start=400).high > 1000
    value = csm.interval(
        csm.discounted_clv, margin=100, discount_rate=10, end=80, new=0, start=100, first_payment="now"
    )
    kept = csm.interval(csm.retention_rate, end=80, new=0, start=100)
    assert value.low == pytest.approx(csm.discounted_clv(100, kept.low, 10, first_payment="now"))


def test_products_square_and_add_on_the_log_scale() -> None:
    rng = np.random.default_rng(4)
    mrr = rng.lognormal(4, 1, 400)
    start, lost = np.ones(400), (rng.random(400) < 0.05).astype(float)
    who = np.arange(400)
    columns = {"mrr": mrr, "customers": np.ones(400), "lost": lost, "start": start}
    found = csm.interval(csm.clv, gross_margin=80, customer=who, **columns)
    a = csm.interval(csm.arpa, mrr=mrr, customers=np.ones(400), customer=who)
    c = csm.interval(csm.churn_rate, lost=lost, start=start, customer=who)
    down = np.sqrt(np.log(a.estimate / a.low) ** 2 + np.log(c.high / c.estimate) ** 2)
    assert found.low == pytest.approx(found.estimate * np.exp(-down))
    cost = csm.interval(csm.cac, acquisition_cost=5000, new=10)
    low, high = (special().gammaincinv(10, 0.025), special().gammainccinv(11, 0.025))
    assert (cost.low, cost.high) == pytest.approx((5000 / high, 5000 / low))


def test_growth_from_counts() -> None:
    found = csm.interval(csm.customer_growth_rate, start=400, end=420, new=40, lost=20)
    lost = csm.interval(csm.churn_rate, lost=20, start=400)
    error = np.sqrt(40 + 0.1**2 * 400) / 400
    half = 100 * special().stdtrit(399, 0.975) * error
    assert found.low == pytest.approx(5 - np.hypot(lost.high - 5, half))
    with pytest.raises(csm.MetricInputError, match="lost"):
        csm.interval(csm.customer_growth_rate, start=400, end=420)


def test_odds() -> None:
    found = csm.interval(csm.lifecycle_quick_ratio, new_users=30, resurrected=5, dormant=20)
    share = csm.interval(csm.csat, satisfied=35, responses=55, method="clopper-pearson")
    assert found.low == pytest.approx(share.low / (100 - share.low))
    assert csm.interval(csm.lifecycle_quick_ratio, new_users=3, resurrected=0, dormant=0).high != 0


def test_median_of_kaplan_meier() -> None:
    """Freireich's 6-MP patients: the median is 23 weeks, its limits 13 and not reached, as R's survfit by log-log."""
    weeks = [35, 34, 32, 32, 25, 23, 22, 20, 19, 17, 16, 13, 11, 10, 10, 9, 7, 6, 6, 6, 6]
    seen = [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1]
    last, first = pd.Timestamp("2026-12-31 12:00"), pd.Timestamp("2026-01-01")
    pairs = list(zip(weeks, map(pd.Timedelta, weeks, ["D"] * 21), seen, strict=True))
    started = pd.Series([first if got else last - days for _, days, got in pairs])
    reached = pd.Series([first + days if got else pd.NaT for _, days, got in pairs])
    found = csm.interval(csm.median_ttv, started_at=started, value_at=reached, as_of=last)
    assert found.estimate == pytest.approx(23, abs=1e-4)
    assert found.low == pytest.approx(13, abs=1e-4)
    assert found.high == inf
    assert found.as_dict()["high"] is None
    assert "without end" in str(found)


# Containers, print, plain data


def test_kinds() -> None:
    series = csm.interval(csm.churn_rate, lost=pd.Series([5, 12], index=["pro", "free"]), start=480)
    assert list(series.index) == ["pro", "free"]
    assert list(series.columns) == ["estimate", "low", "high", "n", "n_eff", "method"]
    arrays = csm.interval("churn_rate", lost=np.array([5, 12]), start=[480, 480])
    assert arrays.to_numpy().tolist() == series.to_numpy().tolist()
    one = csm.interval(csm.churn_rate, {"lost": 5, "start": 480})
    assert (one.low, one.high) == (series.low.iloc[0], series.high.iloc[0])
    row = csm.interval(csm.churn_rate, pd.Series({"lost": 5, "start": 480, "plan": "pro"}))
    assert row == one
    frame = csm.interval(csm.churn_rate, pd.DataFrame({"lost": [2, 3], "start": [240, 240]}))
    assert (frame.low, frame.high) == (one.low, one.high)
    raw = csm.interval(csm.nps, pd.Series([10, 9, 3, None]))
    assert raw.n == 3
    reached = pd.to_datetime(["2026-01-03", "2026-01-05", None])
    many = csm.interval(csm.ttv, started_at=pd.to_datetime(["2026-01-01"] * 3), value_at=reached)
    assert many.estimate == 3
    missing = csm.interval(csm.churn_rate, lost=[5, None], start=100)
    assert missing.low.isna().tolist() == [False, True]


def test_prints_and_travels() -> None:
    found = csm.interval(csm.nps, promoters=40, passives=10, detractors=10)
    assert str(found).startswith("nps 50 points, 95 % interval [")
    assert "adjusted-wald, n = 60" in str(found)
    assert found._repr_html_().startswith("<p><b>nps 50 points")
    assert pickle.loads(pickle.dumps(found)) == found
    assert json.loads(json.dumps(found.as_dict()))["method"] == "adjusted-wald"
    with pytest.raises(AttributeError):
        found.low = 3  # type: ignore[misc]


def test_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "scipy.special", None)
    assert csm.interval(csm.churn_rate, lost=5, start=100).high > 5
    assert csm.interval(csm.nps, promoters=5, passives=1, detractors=3).high > 5
    assert csm.compare(csm.churn_rate, {"lost": 5, "start": 100}, {"lost": 9, "start": 100}).p_value > 0.05
    assert csm.interval(csm.churn_rate, lost=5, start=100, method="agresti-coull").high > 5
    for method in ("jeffreys", "clopper-pearson"):
        with pytest.raises(ImportError, match=r'pip install "csmetrics\[stats\]"'):
            csm.interval(csm.churn_rate, lost=5, start=100, method=method)


def test_confidence_is_one_quantile() -> None:
    sure = Confidence.percent("nps", 95)
    assert sure.z == pytest.approx(1.959963984540054)
    assert sure.alpha == pytest.approx(0.05)
    assert sure.t(9) == pytest.approx(2.2621571627409915)
    assert isnan(float(sure.t(0)))


# Whatever is thrown at it


HOSTILE = [0, 1, 2, -1, 1e308, 10**400, None, nan, inf, "x", True, [], [1, 2], [1, None], {}, [[1, 2], [3]], [[1], [3]]]


@pytest.mark.parametrize("name", REGISTRY)
def test_hostile_input_is_refused_in_the_librarys_words(name: str) -> None:
    """An interval that holds its figure, or an error of csmetrics; never a warning, never another error."""
    rng = np.random.default_rng(sum(map(ord, name)))
    for _ in range(40):
        given: dict[str, Any] = {}
        for total in behind(REGISTRY[name]):
            if rng.random() < 0.9:
                given[total] = HOSTILE[rng.integers(0, 3 if rng.random() < 0.6 else len(HOSTILE))]
        for option in ("confidence", "method", "customer", "squares", "population"):
            if rng.random() < 0.1:
                given[option] = HOSTILE[rng.integers(0, len(HOSTILE))]
        try:
            found = csm.interval(name, **given)
        except csm.CsmetricsError:
            continue
        if isinstance(found, csm.Interval):
            assert json.dumps(found.as_dict(), allow_nan=False)
            assert str(found)
            assert isnan(found.low) or found.low <= found.estimate <= found.high


@pytest.mark.parametrize(
    ("metric", "method"), [("churn_rate", "clopper-pearson"), ("churn_rate", "jeffreys"), ("contact_rate", "exact")]
)
def test_many_equal_counts(metric: str, method: str) -> None:
    """Of many figures a quantile is computed once for equal counts; each is what it is on its own."""
    rng = np.random.default_rng(8)
    part, whole = rng.integers(0, 9, 1200), rng.integers(9, 99, 1200)
    part[:2], whole[:2] = (0, 9), 9
    top, bottom = ("lost", "start") if metric == "churn_rate" else ("tickets", "customers")
    many = csm.interval(metric, method=method, **{top: part, bottom: whole})
    few = [csm.interval(metric, method=method, **{top: part[i : i + 99], bottom: whole[i : i + 99]}) for i in (0, 900)]
    for i, some in zip((0, 900), few, strict=True):
        assert many[["low", "high"]].iloc[i : i + 99].to_numpy() == pytest.approx(some[["low", "high"]].to_numpy())


@pytest.mark.parametrize("gained", [0, 3])
def test_a_ratio_of_gains_says_why_it_has_no_interval(gained: float) -> None:
    money: dict[str, Any] = {
        "new_mrr": [0, 0, gained],
        "expansion_mrr": 0,
        "contraction_mrr": [1, 0, 0],
        "churned_mrr": [0, 4, 0],
    }
    found = csm.interval(csm.quick_ratio, **money)
    assert np.isnan(found.low)
    assert any("or one alone, carries the gains" in note for note in found.notes)
