"""The metrics over a frame: every name, its arguments, and what comes out at each grain.

Never run: `mypy --strict tests/typing` and `pyright` read it. The lines with an ignore are mistakes that both must
report; an ignore that is not needed is itself an error.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import Any, Literal, assert_type

import pandas as pd

import csmetrics as csm
from csmetrics import Answers, Cohorts, over

frame = pd.DataFrame({"plan": ["a"], "lost": [5], "start": [100]})


def grains() -> None:
    assert_type(csm.over(frame), Cohorts[pd.Series[float]])
    assert_type(over(frame).by("plan"), Cohorts[pd.Series[float]])
    assert_type(csm.over(frame).by("plan", "region", period="month"), Cohorts[pd.Series[float]])
    assert_type(csm.over(frame).total(), Cohorts[float])
    assert_type(csm.over(frame).total().by("plan").total(period="month"), Cohorts[float])
    assert_type(Cohorts(frame), Cohorts[pd.Series[float]])


def metrics_at_each_grain() -> None:
    assert_type(csm.over(frame).churn_rate(), pd.Series[float])
    assert_type(csm.over(frame).by("plan").churn_rate(), pd.Series[float])
    assert_type(csm.over(frame).total().churn_rate(), float)
    assert_type(csm.over(frame).by(["plan"]).nrr(reactivation_mrr=0).sort_values(), pd.Series[float])
    assert_type(csm.over(frame).total().nps(), float)
    assert_type(csm.over(frame).health_band(), pd.Series[Any])
    assert_type(csm.over(frame).by("plan").health_band(score=80), pd.Series[Any])
    assert_type(csm.over(frame).total().health_band(score=80), Literal["red", "yellow", "green"] | None)


def columns() -> None:
    assert_type(csm.over(frame).total().churn_rate("cancelled", start="opening", undefined="raise"), float)
    assert_type(csm.over(frame).total().churn_rate(lost=("june", "lost"), start=100), float)
    assert_type(csm.over(frame).total().clv(gross_margin=80, mrr="end_mrr", lost="cancelled"), float)
    assert_type(csm.over(frame).total().clv_to_cac(acquisition_cost="cost", new="won"), float)
    assert_type(csm.over(frame).total().nps_from_scores("score", weights="w", scale=(1, 10)), float)
    assert_type(csm.over(frame).total().median_ttv(as_of="2026-03-31"), float)
    assert_type(csm.over(frame).health_score(["usage", "nps"], weights=[2, 1]), pd.Series[float])
    assert_type(csm.over(frame).discounted_clv(first_payment="next", horizon=12), pd.Series[float])


def several_at_once() -> None:
    assert_type(csm.over(frame).by("plan").metrics("nrr", "grr", start_mrr="opening"), pd.DataFrame)
    each: pd.Series[float] = csm.over(frame).by("plan").compute(csm.nrr, start_mrr="opening")
    total: float = csm.over(frame).total().compute("nrr")
    assert_type(csm.over(frame).by("plan").explain("churn_rate", "a"), csm.Explanation)
    assert_type(csm.over(frame).total().explain(csm.nrr).rows, pd.DataFrame | None)
    print(each, total)


def answers() -> None:
    scores = Answers(pd.Series([9, 10, None]))
    assert_type(scores.nps(scale=(1, 10)), float)
    assert_type(scores.csat(top=1, undefined=0), float)
    assert_type(scores.csat_mean(), float)
    assert_type(scores.ces(), float)


def mistakes() -> None:
    csm.over(frame).chrun_rate()  # type: ignore[attr-defined]
    csm.over(frame).by("plan").chrun_rate()  # type: ignore[attr-defined]
    csm.over(frame).total().ltv()  # type: ignore[attr-defined]
    csm.over(frame).by("plan").churn_rate(lots="cancelled")  # type: ignore[call-arg]
    csm.over(frame).by("plan").churn_rate(undefined="error")  # type: ignore[arg-type]
    csm.over(frame).churn_rate("lost", "start", "end")  # type: ignore[call-arg, arg-type]
    csm.over(frame).churn_rate(lost=[1])  # type: ignore[arg-type]
    csm.over(frame).churn_rate(lost=frame["lost"])  # type: ignore[arg-type]
    csm.over(frame).clv(gros_margin=80)  # type: ignore[call-arg]
    csm.over(frame).discounted_clv(first_payment="later")  # type: ignore[arg-type]
    csm.over(frame).median_ttv()  # type: ignore[call-arg]
    csm.over(frame).health_score()  # type: ignore[call-arg]
    csm.over(frame).total("plan")  # type: ignore[call-arg]
    csm.over(frame).totl()  # type: ignore[attr-defined]
    Answers(pd.Series([9])).nsp()  # type: ignore[attr-defined]
    Answers(pd.Series([9])).nps(scal=(1, 10))  # type: ignore[call-arg]
    Answers(pd.Series([9])).churn_rate()  # type: ignore[attr-defined]
    rate: float = csm.over(frame).by("plan").churn_rate()  # type: ignore[assignment]
    print(rate)
