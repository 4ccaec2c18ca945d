"""What type checkers know about the public names. It is never run: `mypy --strict tests/typing` and `pyright` read it.

The lines with an ignore are mistakes that must be reported; an unneeded ignore is itself an error.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Literal, assert_type

import numpy as np
import numpy.typing as npt
import pandas as pd

import csmetrics as csm
from csmetrics import Catalog, Cohorts, CsmetricsError, HealthScore, MetricSpec, churn_rate, nrr, over
from csmetrics.health import Bands, Component
from csmetrics.testing import Case, Verification, assert_verified, verify, verify_frame

array = np.array([5.0, 7.0])
series: pd.Series[float] = pd.Series([5.0, 7.0])
frame = pd.DataFrame({"plan": ["a"], "lost": [5], "start": [100]})


def numbers_give_floats() -> None:
    x: float = csm.churn_rate(5, 100)
    assert_type(csm.churn_rate(5, 100), float)
    assert_type(churn_rate(5, 100), float)
    assert_type(csm.churn_rate(5.0, 100), float)
    assert_type(csm.churn_rate(lost=5, start=100), float)
    assert_type(csm.churn_rate(start=100, lost=5), float)
    assert_type(csm.churn_rate(np.float64(5), Decimal(100)), float)
    assert_type(csm.churn_rate(5, None), float)
    assert_type(csm.churn_rate(5, np.int64(100)), float)
    assert_type(csm.nps(60, 20, 20), float)
    assert_type(csm.nps(promoters=60, passives=20, detractors=20), float)
    assert_type(nrr(100, 10, 5, 5, reactivation_mrr=1), float)
    assert_type(csm.clv(100, 5, 80), float)
    assert_type(csm.clv(arpa=100, churn_rate=5), float)
    assert_type(csm.goal_attainment(130, 160, 100), float)
    print(x)


def arrays_give_arrays() -> None:
    assert_type(csm.churn_rate(array, 100), npt.NDArray[Any])
    assert_type(csm.churn_rate(array, np.array([100, 200])), npt.NDArray[Any])
    assert_type(csm.churn_rate(lost=np.array([5, 7]), start=[100, 200]), npt.NDArray[Any])
    assert_type(csm.nps(array, 20, array), npt.NDArray[Any])
    assert_type(csm.clv(array, churn_rate=array, gross_margin=80), npt.NDArray[Any])


def series_give_series() -> None:
    assert_type(csm.churn_rate(series, 100), "pd.Series[Any]")
    assert_type(csm.churn_rate(pd.Series([5]), pd.Series([100])), "pd.Series[Any]")
    assert_type(csm.churn_rate(lost=series, start=[100, 200]), "pd.Series[Any]")
    assert_type(csm.nrr(series, 10, 5, 5), "pd.Series[Any]")


def columns_of_answers_give_floats() -> None:
    assert_type(csm.nps_from_scores([9, 10, None]), float)
    assert_type(csm.nps_from_scores(series, scale=(1, 10), weights=[1, 2]), float)
    assert_type(csm.csat_from_ratings(array, top=1, scale=(1, 7)), float)
    assert_type(csm.csat_mean_from_ratings(series), float)
    assert_type(csm.ces_from_ratings((7, 6)), float)
    assert_type(csm.median_ttv([date(2026, 1, 1)], [None], as_of="2026-03-31"), float)
    assert_type(csm.median_ttv(series, series, date(2026, 3, 31)), float)


def options() -> None:
    assert_type(csm.churn_rate(0, 0, undefined=0), float)
    assert_type(csm.churn_rate(0, 0, undefined="raise"), float)
    assert_type(csm.discounted_clv(100, 80, 10, first_payment="now"), float)
    assert_type(csm.discounted_clv(100, 80, 10, first_payment="next", horizon=5), float)
    assert_type(csm.discounted_clv(100, 80, 10, first_payment="certain_next"), float)
    assert_type(csm.normalize_score(5, 0, 10, better="low"), float)
    assert_type(csm.mrr(1200, "year"), float)
    assert_type(csm.mrr(array, interval="week", count=2), npt.NDArray[Any])


def mistakes() -> None:
    csm.churn_rate(5)  # type: ignore[call-arg]
    csm.churn_rate("5", 100)  # type: ignore[type-var]
    csm.churn_rate(5, {"a": 100})  # type: ignore[arg-type]
    csm.churn_rate(5, 100, 0)  # type: ignore[call-arg]
    csm.churn_rate(5, 100, undefined="error")  # type: ignore[arg-type]
    csm.churn_rate(churned=5, start=100)  # type: ignore[call-arg]
    csm.nps_from_scores(9)  # type: ignore[arg-type]
    csm.nps_from_scores([9], (0, 10))  # type: ignore[call-arg]
    csm.nps_from_scores([9], scale=(0, 5, 10))  # type: ignore[arg-type]
    csm.discounted_clv(1, 80, 10, first_payment="later")  # type: ignore[arg-type]
    csm.normalize_score(5, 0, 10, better="up")  # type: ignore[arg-type]
    csm.median_ttv([None], [None])  # type: ignore[call-arg]
    csm.ttv(date(2026, 1, 1), 5)  # type: ignore[arg-type]
    csm.chrun_rate  # type: ignore[attr-defined]  # noqa: B018
    lost: int = csm.churn_rate(5, 100)  # type: ignore[assignment]
    print(lost)


def catalogue() -> None:
    assert_type(csm.catalog, Catalog)
    assert_type(csm.catalog["churn_rate"], MetricSpec)
    assert_type(csm.catalog.find("logo churn"), list[MetricSpec])
    assert_type(csm.catalog.find("logo churn", limit=1)[0].name, str)
    assert_type(list(csm.catalog), list[str])
    spec = csm.catalog["churn_rate"]
    assert_type(spec.aliases, tuple[str, ...])
    assert_type(spec.bounds, tuple[float | None, float | None])
    assert_type(spec.function, Callable[..., Any])
    assert_type(spec.inputs["lost"].required, bool)
    csm.catalog["mine"] = spec  # type: ignore[index]
    assert_type(csm.catalog.to_json(indent=2), str)
    assert_type(csm.catalog.json_schema(), dict[str, Any])


def services() -> None:
    spec = csm.catalog["churn_rate"]
    assert_type(spec.Inputs, type[csm.Inputs])
    assert_type(spec.Result, type[csm.Result])
    assert_type(spec.compute('{"lost": 5, "start": 100}'), csm.Result)
    assert_type(spec.compute(b"{}").value, float | str | None)
    assert_type(spec.compute({"lost": 5, "start": 100}).status, Literal["ok", "missing", "undefined"])
    assert_type(spec.compute(spec.Inputs.model_validate({"lost": 5})).unit, str)
    number: float = spec.compute(lost=5, start=100)
    spec.compute(5)  # type: ignore[call-overload]
    print(number)


def explanations() -> None:
    assert_type(csm.explain(csm.churn_rate, lost=5, start=100), csm.Explanation)
    assert_type(csm.explain("churn_rate", lost=5, start=100).as_dict(), dict[str, Any])
    assert_type(csm.over(frame).by("plan").explain("churn_rate", "a"), csm.Explanation)
    assert_type(csm.over(frame).total().explain(csm.nrr).rows, pd.DataFrame | None)
    csm.explain(5)  # type: ignore[arg-type]


def verifications(case: Case) -> None:
    def churn(lost: float, start: float) -> float:
        return 100 * lost / start

    assert_type(verify(churn, "churn_rate"), Verification)
    assert_type(verify(churn, csm.churn_rate, tolerance=1e-6, lost="lost"), Verification)
    assert_type(verify_frame(frame, csm.churn_rate, result="rate"), Verification)
    assert_type(csm.testing.cases(), list[Case])
    assert_type(csm.testing.cases("nrr")[0].inputs, dict[str, Any])
    assert_type(csm.testing.read_cases("ours.metrics.toml"), list[Case])
    assert_type(verify(churn, "nrr").table, pd.DataFrame)
    assert_type(case.holds(5), bool)
    assert_verified(churn, "churn_rate")
    assert_verified(frame, "churn_rate", result="rate")
    verify("churn", "churn_rate")  # type: ignore[arg-type]


def cohorts() -> None:
    assert_type(csm.cohorts.movements_from_subscriptions(frame, as_of="2026-03-31"), pd.DataFrame)
    assert_type(csm.cohorts.retention(frame, freq="W"), csm.cohorts.RetentionGrid)
    assert_type(csm.cohorts.retention(frame).rates(), pd.DataFrame)
    assert_type(csm.cohorts.active_users(frame), pd.DataFrame)


def frames() -> None:
    assert_type(csm.over(frame), Cohorts)
    assert_type(over(frame).by("plan"), Cohorts)
    assert_type(csm.over(frame).by("plan", "region", period="month"), Cohorts)
    assert_type(csm.over(frame).total(), Cohorts)
    assert_type(csm.over(frame).by("plan").metrics(), pd.DataFrame)
    rate: float = csm.over(frame).total().churn_rate(lost="cancelled")
    each: pd.Series[float] = csm.over(frame).by("plan").compute(csm.nrr)
    csm.over(frame).by()
    csm.over(frame).total("plan")  # type: ignore[call-arg]
    print(rate, each)


def health() -> None:
    score = HealthScore(
        components={"usage": Component(weight=2), "tickets": Component(weight=1, low=0, high=10, better="low")},
        bands=Bands(red=40, yellow=70),
        min_coverage=50,
    )
    assert_type(csm.HealthScore(components={}), HealthScore)
    assert_type(score.score(frame), pd.DataFrame)
    assert_type(score.bands.red, float)
    assert_type(score.components["usage"], Component)
    assert_type(HealthScore.model_validate_json("{}"), HealthScore)
    Component()  # type: ignore[call-arg]
    Component(weight=1, better="up")  # type: ignore[arg-type]


def errors() -> None:
    try:
        csm.churn_rate(501, 480)
    except csm.MetricInputError as error:
        assert_type(error.metric, str)
        assert_type(error.argument, str)
        assert_type(error.as_dict(), dict[str, Any])
        value_error: ValueError = error
        base: CsmetricsError = error
        print(value_error, base)
    except csm.UndefinedMetricError as error:
        division: ZeroDivisionError = error
        assert_type(error.hint, str)
        print(division)
    except csm.MissingColumnError as error:
        key: KeyError = error
        assert_type(error.code, str)
        print(key)
