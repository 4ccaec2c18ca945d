"""What a metric declares beside its code: how its inputs move it, its rival definitions, its formula."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from functools import reduce
from itertools import product
from math import isfinite
from operator import add
from typing import Any

import numpy as np
import pytest

import csmetrics as csm
from csmetrics.core._registry import REGISTRY

from .test_policies import BANDED, DATED, LAWS, NUMERIC, WEIGHED, valid, words

ANSWERS = [spec for spec in REGISTRY.values() if spec.reduces and spec.name != "median_ttv"]
BY_ITSELF = {"median_ttv", "health_band"}


def test_every_metric_is_tested_here() -> None:
    assert {s.name for s in (*NUMERIC, *DATED, *WEIGHED, *ANSWERS)} | BY_ITSELF == set(REGISTRY)
    assert {s.name for s in BANDED} - {s.name for s in NUMERIC} == {"health_band"}


# ---------------------------------------------------------------------------------------------- what moves it which way

FROM_ZERO, SIGNED = (0, 1, 2, 7, 40, 150), (-40, -3, 0, 1, 7, 40)
SHARES, MARGINS = (0, 1, 7, 40, 99, 100), (-40, -1, 0, 1, 60, 100)
DATES = np.array(["2026-01-01", "2026-01-02", "2026-02-01", "2027-02-01"], dtype="datetime64[us]")
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "normalize_score": [{"better": "high"}, {"better": "low"}],
    "discounted_clv": [
        {"first_payment": first, "horizon": horizon}
        for first, horizon in product(("now", "next", "certain_next"), (None, 1, 3))
    ],
}


def steps(quantity: Any) -> Any:
    """Return possible values of an input in rising order."""
    if quantity.name == "date":
        return DATES
    limits = {(0, np.inf): FROM_ZERO, (-np.inf, np.inf): SIGNED, (0, 100): SHARES, (-np.inf, 100): MARGINS}
    return np.array(limits[quantity.low, quantity.high], dtype=float)


def cube(spec: Any, **options: Any) -> tuple[list[str], Any]:
    """Compute over all combinations of steps, with one axis per input; missing where a rule is broken."""
    names = [n for n, given in spec.inputs.items() if given.quantity.name != "choice"]
    grid = dict(zip(names, np.meshgrid(*(steps(spec.inputs[n].quantity) for n in names), indexing="ij"), strict=True))
    obeyed = np.full(grid[names[0]].shape, True)
    for rule in spec.rules:
        obeyed &= reduce(add, (grid[n] for n in rule.parts)) <= reduce(add, (grid[n] for n in rule.wholes))
    out = np.full(obeyed.shape, np.nan)
    row = {n: column[obeyed] for n, column in grid.items()}
    out[obeyed] = spec.function(**row, **(words(valid(spec)) if len(names) < len(spec.inputs) else {}), **options)
    return names, out


def moves(values: Any, axis: int) -> set[str]:
    """Return whether the values rise anywhere, and whether they fall anywhere, along an axis."""
    values = np.moveaxis(values, axis, 0)
    found = set()
    for low in range(len(values)):
        for high in range(low + 1, len(values)):
            step, noise = values[high] - values[low], 1e-9 * np.maximum(1, np.abs(values[low]))
            found |= {sign for sign, there in (("+", step > noise), ("-", step < -noise)) if there.any()}
    return found


@pytest.mark.parametrize("spec", [*NUMERIC, *DATED], ids=lambda spec: spec.name)
def test_rises_and_falls_hold_and_none_is_left_out(spec: Any) -> None:
    """For all pairs of valid rows that differ in one input, the result moves as declared and never the other way."""
    seen: dict[str, set[str]] = {}
    for options in OPTIONS.get(spec.name, [{}]):
        names, values = cube(spec, **options)
        for axis, name in enumerate(names):
            seen[name] = seen.get(name, set()) | moves(values, axis)
    assert set(spec.rises) == {n for n, signs in seen.items() if signs == {"+"}}
    assert set(spec.falls) == {n for n, signs in seen.items() if signs == {"-"}}


def higher(answers: tuple[int, ...], top: int) -> Iterator[tuple[int, ...]]:
    """Raise one answer after the other."""
    for i, answer in enumerate(answers):
        for more in range(answer + 1, top + 1):
            yield (*answers[:i], more, *answers[i + 1 :])


@pytest.mark.parametrize("spec", ANSWERS, ids=lambda spec: spec.name)
def test_a_higher_answer_never_lowers_the_result(spec: Any) -> None:
    (answers,), (low, high) = spec.rises, spec.options["scale"]
    assert answers == next(iter(spec.inputs))
    assert spec.falls == ()
    rose = False
    for given in product(range(low, high + 1), repeat=2):
        before = spec.function(given)
        after = [spec.function(more) for more in higher(given, high)]
        assert min(after, default=before) >= before, given
        rose |= max(after, default=before) > before
    assert rose


@pytest.mark.parametrize("spec", [s for s in ANSWERS if "weights" in s.inputs], ids=lambda spec: spec.name)
def test_the_weight_of_an_answer_counts_for_what_it_says(spec: Any) -> None:
    low, high = spec.options["scale"]
    even = spec.function([low, high], weights=[1, 1])
    assert spec.function([low, high], weights=[2, 1]) < even < spec.function([low, high], weights=[1, 2])


def test_weighted_sums_and_means() -> None:
    engagement, health = csm.engagement_score, csm.health_score
    assert (REGISTRY["engagement_score"].rises, REGISTRY["engagement_score"].falls) == (("weights",), ())
    assert engagement([3, 5], [2, 4]) > engagement([3, 5], [2, 3]) > engagement([3, 5], [2, -3])
    assert engagement([0, 5], [2, 4]) == engagement([0, 5], [3, 4])
    assert engagement([3, 6], [2, -4]) < engagement([3, 5], [2, -4])  # so counts move it either way
    assert (REGISTRY["health_score"].rises, REGISTRY["health_score"].falls) == (("scores",), ())
    assert health([41, 80], [3, 1]) > health([40, 80], [3, 1])
    assert health([41, 80], [0, 1]) == health([40, 80], [0, 1])
    assert health([40, 80], [3, 2]) > health([40, 80], [3, 1]) > health([40, 80], [4, 1])


def test_a_band_is_no_number() -> None:
    assert REGISTRY["health_band"].rises == REGISTRY["health_band"].falls == ()


def test_the_median_of_those_waiting_moves_either_way() -> None:
    """A customer who reaches value sooner does so while more are at risk, so half may be reached later."""
    spec = REGISTRY["median_ttv"]
    assert spec.rises == spec.falls == ()
    first, as_of = datetime(2026, 1, 1), datetime(2026, 1, 20, 12)
    started = [first, datetime(2026, 1, 17, 12), first]  # the second is observed for 3 days, without value

    def median(start: datetime, value: datetime) -> float:
        return csm.median_ttv([start, *started[1:]], [value, None, datetime(2026, 1, 11)], as_of=as_of)

    assert median(first, datetime(2026, 1, 6)) == 5  # S(5) = 1/2, as 2 are at risk
    assert median(first, datetime(2026, 1, 2)) == 10  # S(1) = 2/3, S(10) = 0
    assert median(first, datetime(2026, 1, 7)) == 6
    assert median(datetime(2026, 1, 5), datetime(2026, 1, 6)) == 10
    assert median(datetime(2026, 1, 2), datetime(2026, 1, 6)) == 4


# --------------------------------------------------------------------------------------------------------------- rivals

RIVALS = [(spec, words_, rival) for spec in REGISTRY.values() for words_, rival in spec.rivals.items()]
rivals = pytest.mark.parametrize(("spec", "words_", "rival"), RIVALS, ids=[f"{s.name}-{w}" for s, w, _ in RIVALS])
# For inputs of other metrics: a value from that metric, and half as much again so that it equals no other
OTHERS = {n: v + 0.5 for s in REGISTRY.values() for n, v in valid(s).items() if isinstance(v, (int, float))}


def arguments(rival: Any) -> tuple[str, ...]:
    return rival.__code__.co_varnames[: rival.__code__.co_argcount]


def test_most_metrics_have_a_rival_that_computes() -> None:
    assert sum(bool(spec.rivals) for spec in REGISTRY.values()) > len(REGISTRY) / 2
    assert not any(spec.rivals for spec in REGISTRY.values() if spec.reduces or spec.over_columns)


@rivals
def test_a_rival_is_told_of_once(spec: Any, words_: str, rival: Any) -> None:
    assert sum(bullet.startswith(words_) for bullet in csm.catalog[spec.name].rivals) == 1
    assert set(arguments(rival)) <= {name for other in REGISTRY.values() for name in other.inputs}
    assert rival.__defaults__ is None


@rivals
def test_a_rival_is_a_number_and_another_one(spec: Any, words_: str, rival: Any) -> None:
    """Each optional input is given and left out in turn: with reactivation and without it."""
    differs = False
    for given, _ in LAWS[spec.name].rows:
        row = {n: v for n, v in given.items() if n in spec.inputs}
        every = {
            n: v if isinstance(v, str) else float(v)
            for n, v in {**OTHERS, **spec.defaults, **row}.items()
            if n in arguments(rival)
        }
        try:
            value = rival(**every)
        except ZeroDivisionError:  # the caller handles a denominator of 0
            continue
        assert type(value) is float
        assert isfinite(value)
        short = {n: v for n, v in row.items() if n not in spec.defaults}
        differs |= value != pytest.approx(spec.function(**row)) or value != pytest.approx(spec.function(**short))
    assert differs


BRIDGE = {
    "start_mrr": 1000.0,
    "new_mrr": 300.0,
    "expansion_mrr": 150.0,
    "reactivation_mrr": 50.0,
    "contraction_mrr": 40.0,
    "churned_mrr": 60.0,
    "end_mrr": 1400.0,
}
WORKED = [
    ("churn_rate", "lost / (start + new)", {"lost": 18, "start": 1000, "new": 211}, 1.4863748),  # 100 x 18/1211
    ("churn_rate", "lost / customers due to renew", {"lost": 2, "due": 10}, 20),  # 100 x 2/10
    (
        "churn_rate",
        "lost / mean of start and end",
        {"lost": 50, "start": 100, "end": 10_000},
        0.990099,
    ),  # 100 x 50/5050
    ("retention_rate", "end / start", {"end": 105, "start": 100}, 105),  # 100 x 105/100
    ("retention_rate", "(end - new) / start", {"end": 105, "new": 20, "start": 100}, 85),  # 100 x 85/100
    ("compound_churn_rate", "churn rate x periods", {"churn_rate": 8.4, "periods": 12}, 100.8),  # 8.4 x 12
    ("compound_retention_rate", "100 - periods x churn", {"retention_rate": 90, "periods": 12}, -20),  # 100 - 12 x 10
    ("mrr", "a week times 4", {"amount": 30, "interval": "week", "count": 2}, 60),  # 30 x 4 / 2
    ("mrr", "a week times 4", {"amount": 2, "interval": "day", "count": 1}, 60),  # 2 x 30
    ("mrr", "a week times 4", {"amount": 2, "interval": "month", "count": 1}, 2),
    ("mrr", "a week times 4", {"amount": 30, "interval": "quarter", "count": 2}, 5),  # 30 / 3 / 2
    ("mrr", "a week times 4", {"amount": 24, "interval": "year", "count": 1}, 2),
    ("net_new_mrr", "MRR at the end", BRIDGE, 400),  # 1400 - 1000
    ("gross_revenue_churn_rate", "churned / start", BRIDGE, 6),  # 100 x 60/1000
    ("net_revenue_churn_rate", "without reactivation", BRIDGE, -5),  # 100 x (40 + 60 - 150)/1000
    ("grr", "with expansion", BRIDGE, 105),  # 100 x (1000 + 150 - 40 - 60)/1000
    ("nrr", "with new business", BRIDGE, 140),  # 100 x 1400/1000
    ("nrr", "with reactivation", BRIDGE, 110),  # 100 x (1000 + 150 + 50 - 40 - 60)/1000
    ("nrr", "without reactivation", BRIDGE, 105),  # 100 x (1000 + 150 - 40 - 60)/1000
    ("mrr_growth_rate", "net new / start", BRIDGE, 40),  # 100 x (300 + 150 + 50 - 40 - 60)/1000
    ("mrr_growth_rate", "the monthly rate", {"start_mrr": 100, "end_mrr": 121, "periods": 2}, 10),  # 1.1 x 1.1 = 1.21
    ("quick_ratio", "without reactivation", BRIDGE, 4.5),  # (300 + 150)/(40 + 60)
    ("clv", "ARPA / churn", {"arpa": 100, "churn_rate": 5}, 2000),  # 100 / 0.05
    ("clv", "net revenue churn", {**BRIDGE, "expansion_mrr": 80, "arpa": 100, "gross_margin": 80}, 4000),  # 80 / 0.02
    ("clv", "margin / (churn", {"arpa": 50, "churn_rate": 15, "gross_margin": 80, "discount_rate": 5}, 200),  # 40 / 0.2
    (
        "discounted_clv",
        "margin / (churn",
        {"margin": 100, "retention_rate": 80, "discount_rate": 10},
        333.33333,
    ),  # 100 / 0.3
    ("discounted_clv", "margin x", {"margin": 100, "retention_rate": 80, "discount_rate": 10}, 266.66667),  # 80 / 0.3
    ("cac_payback", "without the margin", {"cac": 1200, "arpa": 150}, 8),  # 1200 / 150
    # 11500 / (1450 x 0.82 x 0.975)
    ("cac_payback", "divided by", {"cac": 11_500, "arpa": 1450, "gross_margin": 82, "churn_rate": 2.5}, 9.9199931),
    ("nps", "passives left out", {"promoters": 6, "detractors": 7}, -7.6923077),  # 100 x -1/13
    ("csat", "good / (good + bad)", {"satisfied": 60, "responses": 100, "neutral": 20}, 75),  # 100 x 60/80
    ("net_sentiment", "positive / (positive", {"positive": 80, "negative": 20}, 80),  # 100 x 80/100
    ("fcr", "issues / all contacts", {"contacts": 100, "repeat_contacts": 90}, 52.631579),  # 100 / 1.9
    ("self_service_rate", "self-served / assisted", {"self_served": 400, "assisted": 100}, 400),  # 4 to 1
    ("ticket_backlog", "start + received", {"backlog_start": 120, "received": 340, "resolved": 360}, 100),  # 460 - 360
    ("onboarding_completion_rate", "completed / signups", {"completed": 100, "signups": 300}, 33.333333),  # 1/3
    ("referral_rate", "referred customers / last", {"referred_new": 240, "start": 4000}, 6),  # 100 x 240/4000
    ("referral_rate", "referred customers / all", {"referred_new": 45, "customers": 600}, 7.5),  # 100 x 45/600
    ("referral_rate", "referred new", {"referred_new": 45, "new": 180}, 25),  # 100 x 45/180
    ("referral_share", "referred new", {"referred_new": 45, "customers": 600}, 7.5),  # 100 x 45/600
    ("viral_coefficient", "customers who came", {"referred_new": 45, "start": 300}, 0.15),  # 45/300
    ("retention_rate", "active users", {"active": 450, "total": 600}, 75),  # 100 x 450/600
    ("renewal_rate", "renewed / all", {"renewed": 8, "customers": 100}, 8),  # 100 x 8/100
    ("reactivation_rate", "reactivated / customers", {"reactivated": 12, "lost": 48}, 25),  # 100 x 12/48
    ("reactivation_rate", "reactivated / start", {"reactivated": 12, "start": 600}, 2),  # 100 x 12/600
    ("customer_growth_rate", "new / start", {"new": 20, "start": 80}, 25),  # 100 x 20/80
    ("arpa", "per seat", {"mrr": 6000, "seats_licensed": 200}, 30),  # 6000/200
    ("arpa", "free users", {"mrr": 6000, "total": 1000}, 6),  # 6000/1000
    ("arpa", "times 12", {"mrr": 120_000, "customers": 500}, 2880),  # 12 x 240
    ("asp", "MRR / customers", {"mrr": 120_000, "customers": 500}, 240),  # 120000/500
    ("expansion_rate", "(expansion", BRIDGE, 20),  # 100 x (150 + 50)/1000
    ("contraction_rate", "(contraction", BRIDGE, 10),  # 100 x (40 + 60)/1000
    ("earned_growth_rate", "earned growth factor", {"nrr": 85, "earned_new": 25}, 110),  # 85 + 25
    ("clv_from_purchases", "without", {"order_value": 50, "purchases": 4, "lifetime": 3}, 600),  # 50 x 4 x 3
    ("discounted_clv", "margin / churn", {"margin": 100, "retention_rate": 80}, 500),  # 100 / 0.2
    ("cac", "acquisition cost / all", {"acquisition_cost": 100_000, "customers": 400}, 250),  # 100000/400
    ("crc", "retention cost / all", {"retention_cost": 10_000, "customers": 625}, 16),  # 10000/625
    ("crc_ratio", "retention cost / ARR", {"retention_cost": 1200, "end_mrr": 1000}, 10),  # 100 x 1200/12000
    ("crc_ratio", "CRC / CLV", {"crc": 20, "clv": 400}, 5),  # 100 x 20/400
    ("clv_to_cac", "with lifetime revenue", {"arpa": 100, "churn_rate": 5, "cac": 400}, 5),  # 2000/400
    ("clv_to_cac", "(CLV - CAC)", {"clv": 1200, "cac": 400}, 2),  # 800/400
    ("clv_to_crc", "CRC / CLV", {"crc": 20, "clv": 400}, 0.05),  # 20/400
    ("csat", "satisfied / invited", {"satisfied": 60, "invited": 400}, 15),  # 100 x 60/400
    ("closed_loop_rate", "followed up / all", {"followed_up": 40, "responses": 400}, 10),  # 100 x 40/400
    ("closed_loop_rate", "followed up / detractors", {"followed_up": 40, "detractors": 64}, 62.5),  # 100 x 40/64
    ("net_sentiment", "neutral left out", {"positive": 80, "negative": 20}, 60),  # 100 x 60/100
    ("fcr", "resolved at", {"resolved_first_contact": 210, "resolved": 280}, 75),  # 100 x 210/280
    ("average_handle_time", "talk time", {"talk_time": 500, "contacts": 100}, 5),  # 500/100
    ("sla_attainment", "all tickets", {"met": 85, "tickets": 125}, 68),  # 100 x 85/125
    ("contact_rate", "tickets / active", {"tickets": 3500, "active": 100_000}, 3.5),  # 100 x 3500/100000
    ("cost_per_ticket", "cost per resolution", {"support_cost": 100_000, "resolved": 1600}, 62.5),  # 100000/1600
    ("adoption_rate", "new active users", {"adopters": 40, "signups": 160}, 25),  # 100 x 40/160
    ("adoption_rate", "users of a feature / monthly", {"adopters": 40, "mau": 100}, 40),  # 100 x 40/100
    ("feature_adoption_rate", "users of one", {"adopters": 40, "eligible": 200}, 20),  # 100 x 40/200
    ("active_rate", "(end - new)", {"end": 105, "new": 20, "start": 100}, 85),  # 100 x 85/100
    ("goal_attainment", "current / target", {"current": 30, "target": 40}, 75),  # 100 x 30/40
    ("value_realization_rate", "realized / all", {"realized": 41, "end": 82}, 50),  # 100 x 41/82
]


@pytest.mark.parametrize(("name", "words_", "inputs", "expected"), WORKED, ids=[f"{n}-{w}" for n, w, *_ in WORKED])
def test_rivals_worked_by_hand(name: str, words_: str, inputs: dict[str, Any], expected: float) -> None:
    (rival,) = (rival for words, rival in REGISTRY[name].rivals.items() if words.startswith(words_))
    assert rival(**{n: inputs[n] for n in arguments(rival)}) == pytest.approx(expected, rel=1e-6)


def test_all_rivals_of_a_metric_are_worked_by_hand() -> None:
    worked = {(name, words) for name, start, *_ in WORKED for words in REGISTRY[name].rivals if words.startswith(start)}
    names = {name for name, _ in worked}
    assert worked == {(spec.name, words) for spec, words, _ in RIVALS if spec.name in names}


# -------------------------------------------------------------------------------------------------------------- formula

# Sums over answers, dates, components; cases
NO_ARITHMETIC = {
    *("nps_from_scores", "csat_from_ratings", "csat_mean_from_ratings", "ces_from_ratings", "median_ttv"),
    *("engagement_score", "health_score", "health_band"),
}
PAYMENTS = ("now", "next", "certain next")


def python(latex: str) -> str:
    """Turn a formula's right-hand side into an expression in the inputs' names."""
    text = re.sub(r"\\text\{([^{}]*)\}", lambda found: re.sub("[ -]", "_", found[1].lower()), latex)
    text = re.sub(r"\\(left|right)\b", "", text).replace(r"\times", "*")
    for _ in range(5):  # from the innermost braces outwards
        text = re.sub(r"\\frac\{([^{}]*)\}\s*\{([^{}]*)\}", r"((\1)/(\2))", text)
        text = re.sub(r"\^\{([^{}]*)\}", r"**(\1)", text)
    return text


def sides(name: str) -> list[tuple[dict[str, str], str]]:
    """Give the right-hand sides of a formula, each with its options."""
    formula = csm.catalog[name].formula
    if name == "discounted_clv":
        labels, rest = zip(*(part.split(": }", 1) for part in formula.split(r"\qquad")), strict=True)
        assert [label.strip() for label in labels] == [rf"\text{{{payment}" for payment in PAYMENTS]
        return [({"first_payment": p.replace(" ", "_")}, side) for p, side in zip(PAYMENTS, rest, strict=True)]
    return [({}, formula.split("=", 1)[1])]


def test_the_exempt_are_metrics() -> None:
    assert set(REGISTRY) >= NO_ARITHMETIC


@pytest.mark.parametrize("name", [name for name in REGISTRY if name not in NO_ARITHMETIC])
def test_the_formula_is_written_in_the_names_of_the_inputs(name: str) -> None:
    inputs = list(REGISTRY[name].inputs)
    expected = {"intervals_per_month" if (name, n) == ("mrr", "interval") else n for n in inputs}
    for _, side in sides(name):
        assert set(re.findall(r"[a-z]\w*", python(side))) == expected
        assert "\\" not in python(side)


@pytest.mark.parametrize("spec", [s for s in NUMERIC if s.name != "mrr"], ids=lambda spec: spec.name)
def test_the_formula_is_true(spec: Any) -> None:
    for options, side in sides(spec.name):
        for given, expected in LAWS[spec.name].rows:
            if set(given) <= set(spec.inputs) and expected is not None:
                row = {**spec.defaults, **given}
                low, high = spec.bounds
                value = eval(python(side), {}, row)
                value = max(value, -np.inf if low is None else low)
                value = min(value, np.inf if high is None else high)
                assert value == pytest.approx(spec.function(**row, **options), rel=1e-12)


@pytest.mark.parametrize("spec", [s for s in REGISTRY.values() if s.rivals], ids=lambda spec: spec.name)
def test_rivals_are_not_rounded(spec: Any) -> None:
    """On fractions of primes no rival comes out whole, as a whole-number division would."""
    for bullet, function in spec.rivals.items():
        names = list(inspect.signature(function).parameters)
        given = {n: Fraction(p, 97) for n, p in zip(names, (173, 211, 331, 401, 503, 607, 709), strict=False)}
        given |= {n: "month" for n in names if n == "interval"}
        assert function(**given) % 1 != 0, bullet
