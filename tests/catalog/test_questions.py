"""`catalog.find` answers questions in a person's words."""

from __future__ import annotations

import pytest

import csmetrics as csm

# Asked freely, in other words than the metrics declare; some answers are as good as others
FREE = [
    ("do clients like us", "nps csat"),
    ("are we losing clients", "churn_rate"),
    ("how quickly do we answer tickets", "first_response_time"),
    ("is it worth what we spend on ads", "clv_to_cac cac cac_payback"),
    ("will customers renew next year", "renewal_rate"),
    ("are people using what they paid for", "license_utilization"),
    ("how much money does each account bring in", "arpa"),
    ("do users come back every day", "stickiness"),
    ("are trials turning into paying customers", "conversion_rate"),
    ("who might leave soon", "at_risk_rate churn_rate"),
    ("how many people tell their friends about us", "referral_rate"),
    ("do existing customers spend more", "expansion_rate nrr"),
    ("how long until new customers see value", "ttv median_ttv"),
    ("are support agents keeping up", "ticket_backlog"),
    ("how much does support cost", "cost_per_ticket"),
    ("how long does it take to get back what we spent on winning a customer", "cac_payback"),
    ("did we meet our response time promises", "sla_attainment"),
    ("are old customers returning", "reactivation_rate"),
    ("how fast are we growing", "mrr_growth_rate customer_growth_rate"),
    ("how well is this customer doing", "health_score"),
    ("do users finish the setup", "onboarding_completion_rate"),
    ("are issues fixed for good", "reopen_rate"),
    ("is our support good", "csat fcr"),
    ("do people find the answer in the docs", "self_service_rate"),
    ("what is the lifetime of a customer", "average_lifetime"),
    ("which customers are spending less", "contraction_rate"),
    ("is the product easy to use", "ces ces_top_box"),
    ("what do people say about us", "net_sentiment"),
    ("how many features get used", "feature_adoption_rate"),
    ("did customers get what they came for", "value_realization_rate"),
    ("why are clients quitting", "churn_rate"),
    ("would our users recommend us to a friend", "nps"),
    ("do we lose money when people downgrade", "contraction_rate gross_revenue_churn_rate"),
    ("are we keeping our accounts", "retention_rate"),
    ("how much is one client worth over its lifetime", "clv clv_from_purchases average_lifetime"),
    ("are we spending too much to win new customers", "cac clv_to_cac cac_payback"),
    ("how many months until marketing pays off", "cac_payback clv_to_cac"),
    ("do people answer our surveys", "response_rate"),
    ("are tickets solved the first time", "fcr"),
    ("how long do people wait for support", "first_response_time"),
    ("do the same problems keep coming back", "repeat_contact_rate reopen_rate"),
    ("how much work piles up in the queue", "ticket_backlog"),
    ("is the new feature used", "adoption_rate feature_adoption_rate"),
    ("how many seats are unused", "license_utilization"),
    ("how many users were active this month", "active_rate"),
    ("do customers buy a second time", "repeat_purchase_rate"),
    ("where do people drop out of the signup funnel", "conversion_rate"),
    ("do customers complete onboarding", "onboarding_completion_rate"),
    ("when do customers see the first value", "ttv median_ttv"),
    ("does a user invite other users", "viral_coefficient referral_rate"),
    ("is this account in good health", "health_score"),
    ("which accounts are red", "health_band at_risk_rate"),
    ("what is our yearly recurring revenue", "arr"),
    ("how big are our new deals", "asp"),
    ("is revenue growing without new customers", "nrr mrr_growth_rate"),
    ("do we win back customers who cancelled", "reactivation_rate"),
    ("what percent of new customers came through referrals", "referral_share"),
    ("are reviews negative", "net_sentiment"),
    ("which problem do customers complain about most", "theme_priority"),
    ("how much does it cost to keep a customer", "crc clv_to_crc"),
]


def found(question: str) -> list[str]:
    return [spec.name for spec in csm.catalog.find(question, limit=3)]


@pytest.mark.parametrize("name", csm.catalog)
def test_each_metric_declares_one_to_three_questions(name: str) -> None:
    questions = csm.catalog[name].questions
    assert 1 <= len(questions) <= 3
    assert all(q == " ".join(q.split()) and q[0].isupper() and q.endswith("?") for q in questions)


def test_no_two_metrics_declare_the_same_question() -> None:
    questions = [question.casefold() for spec in csm.catalog.values() for question in spec.questions]
    assert len(set(questions)) == len(questions)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("name", csm.catalog)
def test_a_declared_question_finds_its_metric(name: str) -> None:
    for question in csm.catalog[name].questions:
        assert name in found(question), question
        assert name in found(question.lower().rstrip("?")), question


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("are customers happy", ["csat", "nps"]),
        ("do we keep revenue", ["grr", "nrr"]),
        ("is onboarding too slow", ["ttv", "onboarding_time"]),
        ("Is onbording too slow??", ["ttv", "onboarding_time"]),
        ("happy customers", ["csat", "nps"]),  # no question, and no metric's name
        ("how quickly do new clients go live", ["onboarding_time", "ttv"]),
        ("is my NPS change real", ["nps", "nps_from_scores"]),
        ("how long is our CAC payback", ["cac_payback", "cac"]),
    ],
)
def test_what_people_ask(question: str, names: list[str]) -> None:
    assert found(question)[:2] == names


def test_other_words_are_not_taken_for_similar_ones() -> None:
    assert "license_utilization" not in found("csat")  # seats
    assert found("time to go live")[0] == "onboarding_time"
    assert found("burn multiple") == []
    assert found("churn by plan")[0] == "churn_rate"


def test_nearly_all_questions_asked_freely_are_answered() -> None:
    missed = [question for question, names in FREE if not set(found(question)) & set(names.split())]
    assert len(missed) <= len(FREE) * 0.1, missed


@pytest.mark.parametrize(
    "question", ["will it rain tomorrow?", "how do I bake a pie?", "who are you?", "is it?", "why"]
)
def test_other_questions_find_nothing(question: str) -> None:
    assert csm.catalog.find(question) == []


def test_names_come_before_questions() -> None:
    assert found("onboarding duration")[0] == "onboarding_time"
    assert found("what is NRR")[0] == found("nrr")[0] == "nrr"


def test_the_document_and_its_schema_hold_the_questions() -> None:
    schema = csm.catalog.json_schema()["$defs"]["Definition"]
    assert "questions" in schema["required"]
    assert csm.MetricSpec.model_validate(csm.catalog["nps"].model_dump()).questions == csm.catalog["nps"].questions
