"""The catalogue: a mapping of complete records that can be searched in the field's own words."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Mapping

import pydantic
import pytest

import csmetrics as csm
from csmetrics.core._registry import REGISTRY

UNITS = {
    *("percent", "points", "ratio", "money", "days", "periods"),
    *("count", "rating", "time", "number", "band"),
}
every = pytest.mark.parametrize("name", csm.catalog)


# ------------------------------------------------------------------------------------------------------------ a mapping


def test_it_is_a_mapping_of_names() -> None:
    names = list(csm.catalog)
    assert isinstance(csm.catalog, Mapping)
    assert len(csm.catalog) == len(names) == len(set(names)) >= 70
    assert names == list(csm.catalog.keys()) == [spec.name for spec in csm.catalog.values()]
    assert dict(csm.catalog.items())["nrr"] == csm.catalog["nrr"]
    assert "churn_rate" in csm.catalog
    for absent in ("churn", "logo churn", "", None, 5):
        assert absent not in csm.catalog
    assert csm.catalog.get("nothing") is None
    assert f"{len(names)} metrics" in repr(csm.catalog)


def test_it_is_complete() -> None:
    """Every metric of the namespace is in the catalogue, in the order of the families, and vice versa."""
    assert list(csm.catalog) == list(REGISTRY)
    for name, spec in csm.catalog.items():
        assert getattr(csm, name) is spec.function is REGISTRY[name].function
        assert name in csm.__all__
        assert spec.function.__module__ == f"csmetrics.core.{spec.family}"
    families = list(dict.fromkeys(spec.family for spec in csm.catalog.values()))
    assert families == [
        *("retention", "revenue", "value", "survey", "support"),
        *("adoption", "activity", "onboarding", "advocacy", "health"),
    ]


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("churn_rates", "did you mean 'churn_rate'?"),
        ("nsp", "did you mean 'nps'?"),
        ("CHURN_RATE", "did you mean 'churn_rate'?"),
        ("logo churn", "did you mean 'churn_rate'?"),
        ("xyzzy", "catalog.find('xyzzy') searches"),
        (5, "searches"),
    ],
)
def test_a_wrong_name_has_a_hint(wrong, hint) -> None:
    with pytest.raises(KeyError) as caught:
        csm.catalog[wrong]
    assert repr(wrong) in caught.value.args[0]
    assert hint in caught.value.args[0]


def test_it_cannot_be_written_to() -> None:
    with pytest.raises(TypeError):
        csm.catalog["mine"] = csm.catalog["nps"]  # type: ignore[index]
    with pytest.raises(TypeError):
        del csm.catalog["nps"]  # type: ignore[attr-defined]
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        csm.catalog["nps"].title = "mine"


# ----------------------------------------------------------------------------------------------------------- the record


@every
def test_every_field_is_filled(name) -> None:
    spec = csm.catalog[name]
    assert isinstance(spec, csm.MetricSpec)
    assert spec.name == name
    for text in (spec.title, spec.summary, spec.formula):
        assert text == text.strip() != ""
        assert "\n\n" not in text
    assert spec.summary.endswith(".")
    assert spec.aliases
    assert spec.unit in UNITS
    assert spec.direction in ("higher", "lower", "neither")
    assert spec.rivals
    assert spec.pitfalls
    assert spec.references
    assert all(line == " ".join(line.split()) != "" for line in (*spec.rivals, *spec.pitfalls, *spec.references))
    assert len({a.casefold() for a in spec.aliases}) == len(spec.aliases)
    low, high = spec.bounds
    assert low is None or high is None or low < high
    # a rate is percent: its lower bound is 0 or it may be negative, and its upper bound is never 1
    assert high != 1


NOTHING_BELOW_THE_LINE = {
    *("compound_churn_rate", "compound_retention_rate", "arr", "net_new_mrr", "earned_growth_rate"),
    *("clv_from_purchases", "theme_priority", "ticket_backlog", "engagement_score", "ttv", "onboarding_time"),
    *("viral_coefficient", "health_band"),
}


@every
def test_every_input_is_described(name) -> None:
    spec = csm.catalog[name]
    parameters = inspect.signature(spec.function).parameters
    assert list(spec.inputs) == [p for p in parameters if p in spec.inputs] != []
    assert {*spec.inputs, *spec.options} == set(parameters) - {"undefined"}
    for argument, given in spec.inputs.items():
        assert given.kind in ("flow", "stock", "level")
        assert given.quantity
        assert given.meaning.endswith(".")
        assert given.required == (parameters[argument].default is inspect.Parameter.empty)
        if not given.required:
            assert given.default == parameters[argument].default
        assert given.low is None or given.high is None or given.low < given.high
        assert math.inf not in (given.low, given.high)
        assert bool(given.choices) == (given.quantity == "choice")
    for rule in spec.rules:
        assert set(rule.replace("+", " ").replace("<=", " ").split()) <= set(spec.inputs)
    assert bool(spec.base) == (name not in NOTHING_BELOW_THE_LINE)


@every
def test_every_metric_has_examples_with_sources(name) -> None:
    spec = csm.catalog[name]
    assert spec.examples
    assert len({e.id for e in spec.examples}) == len(spec.examples)
    for example in spec.examples:
        assert example.id
        assert example.source
        assert set(example.inputs) <= {*spec.inputs, *spec.options, "undefined"}
        assert example.tolerance >= 0


def test_the_ids_of_the_examples_are_unique() -> None:
    ids = [example.id for spec in csm.catalog.values() for example in spec.examples]
    assert len(set(ids)) == len(ids)


@every
def test_it_is_ready_for_json(name) -> None:
    spec = csm.catalog[name]
    data = json.loads(spec.model_dump_json())
    assert data["name"] == name
    assert data["inputs"].keys() == spec.inputs.keys()
    assert data["aliases"] == list(spec.aliases)
    assert len(data["examples"]) == len(spec.examples)
    assert list(data) == list(csm.MetricSpec.model_fields)


def test_json_schema() -> None:
    schema = csm.MetricSpec.model_json_schema()
    assert set(schema["required"]) == set(csm.MetricSpec.model_fields)
    assert schema["additionalProperties"] is False


def test_it_computes() -> None:
    spec = csm.catalog["churn_rate"]
    assert spec.compute(lost=5, start=100) == 5.0
    with pytest.raises(csm.MetricInputError, match=r"^churn_rate: `lost`"):
        spec.compute(lost=5, start=4)
    assert "churn_rate" in repr(spec)
    assert str(spec) == "churn_rate(lost, start): Customer churn rate (percent, lower is better)"
    assert "better" not in str(csm.catalog["health_band"])


def test_one_record_whole() -> None:
    spec = csm.catalog["churn_rate"]
    assert (spec.title, spec.family, spec.unit, spec.direction) == (
        "Customer churn rate",
        "retention",
        "percent",
        "lower",
    )
    assert (spec.bounds, spec.rules, spec.base) == ((0, 100), ("lost <= start",), "start")
    assert {name: (i.kind, i.quantity, i.low, i.high) for name, i in spec.inputs.items()} == {
        "lost": ("flow", "count", 0, None),
        "start": ("stock", "count", 0, None),
    }
    assert spec.options == {}
    assert "logo churn" in spec.aliases
    assert r"\frac" in spec.formula


def test_an_input_that_is_a_word() -> None:
    interval = csm.catalog["mrr"].inputs["interval"]
    assert interval.choices == ("day", "week", "month", "quarter", "year")
    assert (interval.low, interval.high, interval.default, interval.required) == (None, None, "month", False)


# Stocks (§) and levels (°) as the design marks them
STOCKS = {
    "churn_rate": {"start"},
    "retention_rate": {"end", "start"},
    "reactivation_rate": {"lapsed"},
    "customer_growth_rate": {"start", "end"},
    "arr": {"mrr"},
    "arpa": {"mrr", "customers"},
    **{m: {"start_mrr"} for m in ("gross_revenue_churn_rate", "net_revenue_churn_rate", "grr", "nrr")},
    **{m: {"start_mrr"} for m in ("expansion_rate", "contraction_rate")},
    "mrr_growth_rate": {"start_mrr", "end_mrr"},
    "contact_rate": {"customers"},
    "ticket_backlog": {"backlog_start"},
    "license_utilization": {"seats_used", "seats_licensed"},
    "active_rate": {"active", "total"},
    "stickiness": {"dau", "mau"},
    "at_risk_rate": {"customers"},
}
LEVELS = {
    "average_lifetime": {"churn_rate"},
    "compound_churn_rate": {"churn_rate"},
    "compound_retention_rate": {"retention_rate"},
    "earned_growth_rate": {"nrr", "earned_new"},
    "clv": {"arpa", "churn_rate", "gross_margin"},
    "clv_from_purchases": {"order_value", "purchases", "lifetime", "gross_margin"},
    "discounted_clv": {"margin", "retention_rate", "discount_rate"},
    "clv_to_cac": {"clv", "cac"},
    "clv_to_crc": {"clv", "crc"},
    "cac_payback": {"cac", "arpa", "gross_margin"},
    "theme_priority": {"severity"},
    "goal_attainment": {"current", "target", "baseline"},
    "viral_coefficient": {"invites_per_customer", "conversion_rate"},
}


def test_stocks_and_levels_are_those_of_the_design() -> None:
    kinds = {name: {a: i.kind for a, i in spec.inputs.items()} for name, spec in csm.catalog.items()}
    stocks = {name: {a for a, kind in of.items() if kind == "stock"} for name, of in kinds.items()}
    assert {name: stocks[name] for name in STOCKS} == STOCKS
    for name, levels in LEVELS.items():
        found = {a for a, kind in kinds[name].items() if kind == "level"}
        assert levels <= found, name


# ----------------------------------------------------------------------------------------------------------------- find

# The names used in the library's sources
NAMED = [
    ("Net Promoter Score", "nps"),
    ("percent promoters minus percent detractors", "nps"),
    ("promoters, passives, detractors", "nps"),
    ("segments promoters, passives and detractors", "nps"),
    ("referral numbers", "referral_rate"),
    ("how many really refer", "referral_rate"),
    ("active user tracking", "active_rate"),
    ("active users divided by all users", "active_rate"),
    ("retention rate", "retention_rate"),
    ("onboarding experience", "onboarding_completion_rate"),
    ("tutorial visits", "tutorials_per_customer"),
    ("time to complete", "onboarding_time"),
    ("feedback forms", "csat"),
    ("completion", "onboarding_completion_rate"),
    ("adoption rate", "adoption_rate"),
    ("product adoption", "adoption_rate"),
    ("share of customers who use it", "adoption_rate"),
    ("feature adoption", "feature_adoption_rate"),
    ("percent of features in active use", "feature_adoption_rate"),
    ("how often", "stickiness"),
    ("customer churn rate", "churn_rate"),
    ("customers lost", "churn_rate"),
    ("customer lifetime value", "clv"),
    ("customer lifetime value (CLV, CLTV)", "clv"),
    ("CLV", "clv"),
    ("CLTV", "clv"),
    ("average revenue per user", "arpa"),
    ("NRR", "nrr"),
    ("revenue retained from existing customers", "nrr"),
    ("upgrades", "expansion_rate"),
    ("downgrades", "contraction_rate"),
    ("MRR", "mrr"),
    ("ARR", "arr"),
    ("predictable recurring revenue", "mrr"),
    ("customer retention cost", "crc"),
    ("customer retention cost (CRC)", "crc"),
    ("CRC", "crc"),
    ("customer acquisition cost", "cac"),
    ("first contact resolution", "fcr"),
    ("first contact resolution (FCR)", "fcr"),
    ("issues resolved at the first interaction", "fcr"),
    ("CSAT", "csat"),
    ("satisfaction with one interaction", "csat"),
    ("satisfaction with a product", "csat"),
    ("customer effort score", "ces"),
    ("customer effort score (CES)", "ces"),
    ("effort to get an issue resolved", "ces"),
    ("self-service rate", "self_service_rate"),
    ("how often customers find answers by themselves", "self_service_rate"),
    ("time to value", "ttv"),
    ("time to value (TTV)", "ttv"),
    ("customer health score", "health_score"),
    ("composite of satisfaction, usage, engagement", "health_score"),
    ("finds customers at risk early", "at_risk_rate"),
    ("did the customer reach the outcome it came for", "value_realization_rate"),
    ("engagement", "engagement_score"),
    ("how actively customers interact", "engagement_score"),
    ("sentiment, feedback", "net_sentiment"),
    ("sentiment over time", "net_sentiment"),
    ("themes by severity and frequency", "theme_priority"),
    ("close the loop with detractors", "closed_loop_rate"),
    ("response to surveys", "response_rate"),
    ("resolution times", "resolution_time"),
    ("resolution and response times", "resolution_time"),
    ("response times", "first_response_time"),
]

# Abbreviations and synonyms that the field uses
FIELD = [
    ("logo churn", "churn_rate"),
    ("subscriber churn", "churn_rate"),
    ("attrition rate", "churn_rate"),
    ("CRR", "retention_rate"),
    ("logo retention", "retention_rate"),
    ("contract renewals", "renewal_rate"),
    ("win-back rate", "reactivation_rate"),
    ("time to churn", "average_lifetime"),
    ("customer lifespan", "average_lifetime"),
    ("annual churn", "compound_churn_rate"),
    ("annual retention", "compound_retention_rate"),
    ("monthly recurring revenue", "mrr"),
    ("annual run rate", "arr"),
    ("ARPU", "arpa"),
    ("ARPA", "arpa"),
    ("ASP", "asp"),
    ("average selling price", "asp"),
    ("MRR movements", "net_new_mrr"),
    ("MRR bridge", "net_new_mrr"),
    ("MRR churn", "gross_revenue_churn_rate"),
    ("dollar churn", "gross_revenue_churn_rate"),
    ("net MRR churn", "net_revenue_churn_rate"),
    ("negative churn", "net_revenue_churn_rate"),
    ("GRR", "grr"),
    ("GDR", "grr"),
    ("gross dollar retention", "grr"),
    ("NDR", "nrr"),
    ("net dollar retention", "nrr"),
    ("net retention", "nrr"),
    ("expansion revenue", "expansion_rate"),
    ("downsell", "contraction_rate"),
    ("MRR growth", "mrr_growth_rate"),
    ("SaaS quick ratio", "quick_ratio"),
    ("EGR", "earned_growth_rate"),
    ("Net Promoter 3.0", "earned_growth_rate"),
    ("LTV", "clv"),
    ("AOV", "clv_from_purchases"),
    ("transactional CLV", "clv_from_purchases"),
    ("discounted lifetime value", "discounted_clv"),
    ("CAC", "cac"),
    ("CAC payback", "cac_payback"),
    ("LTV:CAC", "clv_to_cac"),
    ("LTV/CAC", "clv_to_cac"),
    ("CLV:CRC", "clv_to_crc"),
    ("CRC ratio", "crc_ratio"),
    ("eNPS", "nps"),
    ("tNPS", "nps"),
    ("NPS score", "nps"),
    ("revenue-weighted NPS", "nps_from_scores"),
    ("top-2-box", "csat"),
    ("happiness score", "csat"),
    ("CES 2.0", "ces"),
    ("net easy score", "net_easy_score"),
    ("closed-loop follow-up", "closed_loop_rate"),
    ("first call resolution", "fcr"),
    ("one-touch tickets", "fcr"),
    ("FRT", "first_response_time"),
    ("first reply time", "first_response_time"),
    ("MTTR", "resolution_time"),
    ("AHT", "average_handle_time"),
    ("ticket deflection", "self_service_rate"),
    ("containment", "self_service_rate"),
    ("SLA", "sla_attainment"),
    ("tickets per customer", "contact_rate"),
    ("cost per contact", "cost_per_ticket"),
    ("backlog", "ticket_backlog"),
    ("aha moment", "activation_rate"),
    ("breadth of use", "feature_adoption_rate"),
    ("shelfware", "license_utilization"),
    ("DAU/MAU", "stickiness"),
    ("DAU to MAU", "stickiness"),
    ("Pulse", "lifecycle_quick_ratio"),
    ("growth accounting", "lifecycle_quick_ratio"),
    ("PES", "engagement_score"),
    ("repurchase rate", "repeat_purchase_rate"),
    ("onboarding duration", "onboarding_time"),
    ("TTFV", "ttv"),
    ("time to first value", "ttv"),
    ("Kaplan-Meier", "median_ttv"),
    ("K-factor", "viral_coefficient"),
    ("word of mouth", "referral_rate"),
    ("referred customers", "referral_share"),
    ("RAG status", "health_band"),
    ("traffic light", "health_band"),
    ("min-max scaling", "normalize_score"),
    ("accounts at risk", "at_risk_rate"),
]

# The same words as people type them
TYPED = [
    ("chrun rate", "churn_rate"),
    ("CHURN_RATE", "churn_rate"),
    ("Churn-Rates!", "churn_rate"),
    ("  customer   churn\trate ", "churn_rate"),
    ("cancelation rate", "churn_rate"),
    ("retension rate", "retention_rate"),
    ("montly recuring revenue", "mrr"),
    ("net promotor score", "nps"),
    ("net-promoter-scores", "nps"),
    ("nps", "nps"),
    ("custmer lifetime value", "clv"),
    ("customer aquisition cost", "cac"),
    ("engagment", "engagement_score"),
    ("onbording completion", "onboarding_completion_rate"),
    ("viralty", "viral_coefficient"),
    ("annualised churn", "compound_churn_rate"),
    ("annualized churn", "compound_churn_rate"),
    ("licence utilisation", "license_utilization"),
    ("license utilization", "license_utilization"),
    ("theme prioritisation", "theme_priority"),
    ("theme prioritization", "theme_priority"),
    ("normalise", "normalize_score"),
    ("normalize", "normalize_score"),
    ("health colour", "health_band"),
    ("health color", "health_band"),
    ("health scores", "health_score"),
    ("re-opened tickets", "reopen_rate"),
    ("repeat customer rates", "repeat_purchase_rate"),
    ("escalations", "escalation_rate"),
    ("our churn rate per plan", "churn_rate"),
]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("words", "name"), [*NAMED, *FIELD, *TYPED])
def test_find_in_the_fields_words(words, name) -> None:
    found = [spec.name for spec in csm.catalog.find(words)]
    assert found[:1] == [name]
    assert [spec.name for spec in csm.catalog.find(words, limit=1)] == [name]


@pytest.mark.parametrize("words", ["value realisation", "value realization", "Value Realisations"])
def test_value_realisation_has_two_answers(words) -> None:
    names = [spec.name for spec in csm.catalog.find(words, limit=2)]
    assert names == ["goal_attainment", "value_realization_rate"]  # equally good: in catalogue order


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("utilisation", "utilization"),
        ("realised", "realized"),
        ("organised customers", "organized customers"),
        ("prioritised themes", "prioritized themes"),
        ("normalised value", "normalized value"),
        ("annualising churn", "annualizing churn"),
        ("sale", "sales"),
        ("seat", "seats"),
        ("case", "cases"),
        ("tour view", "tour views"),
        ("days to value", "day to value"),
        ("CHURN", "churn"),
        ("churn rate", "the churn rate of our"),
        ("cost per ticket", "cost: ticket"),
    ],
)
def test_spelling_number_and_case_make_no_difference(one, other) -> None:
    found = [spec.name for spec in csm.catalog.find(one, limit=100)]
    assert [spec.name for spec in csm.catalog.find(other, limit=100)] == found


@pytest.mark.sampled(3)
@every
def test_every_name_title_and_alias_finds_its_metric(name) -> None:
    spec = csm.catalog[name]
    assert csm.catalog.find(name, limit=1) == [spec]
    for words in (spec.title, *spec.aliases):
        typed = f" {words.upper().replace(' ', '-')}? "
        assert spec in csm.catalog.find(typed, limit=2), typed


def test_no_two_metrics_share_a_word_in_the_same_spelling() -> None:
    owners: dict[str, list[str]] = {}
    for name, spec in csm.catalog.items():
        for words in {name.replace("_", " "), spec.title.casefold(), *map(str.casefold, spec.aliases)}:
            owners.setdefault(words, []).append(name)
    assert {words: names for words, names in owners.items() if len(set(names)) > 1} == {}


@pytest.mark.parametrize(
    "words",
    ["xyzzy", "qwertyuiop", "banana", "weather forecast", "Kundenbindung", "magic number", "42", "lorem ipsum dolor"],
)
def test_nonsense_finds_nothing(words) -> None:
    assert csm.catalog.find(words) == []


def test_the_best_match_comes_first_and_the_limit_holds() -> None:
    found = csm.catalog.find("churn", limit=100)
    assert found[0].name == "churn_rate"
    assert {"gross_revenue_churn_rate", "compound_churn_rate"} <= {spec.name for spec in found}
    assert len(found) == len({spec.name for spec in found}) < len(csm.catalog)
    for limit in (1, 2, 3):
        assert csm.catalog.find("churn", limit=limit) == found[:limit]
    assert len(csm.catalog.find("rate")) <= 5


@pytest.mark.parametrize("words", ["", "  ", "?!", None, 5, b"churn", ["churn"], math.nan], ids=repr)
def test_what_is_no_text_is_refused(words) -> None:
    with pytest.raises(csm.MetricInputError, match=r"^catalog.find: `words` must be text to look for"):
        csm.catalog.find(words)


@pytest.mark.parametrize("limit", [0, -1, 1.5, None, "5", True], ids=repr)
def test_an_impossible_limit_is_refused(limit) -> None:
    with pytest.raises(csm.MetricInputError, match=r"^catalog.find: `limit` must be a whole number"):
        csm.catalog.find("churn", limit=limit)
