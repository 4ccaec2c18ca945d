"""The catalogue, explanations, verification, the health score, errors, and the names of what they give.

Never run: `mypy --strict tests/typing` and `pyright` read it. The lines with an ignore are mistakes that both must
report; an ignore that is not needed is itself an error.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, assert_type

import pandas as pd

import csmetrics as csm
from csmetrics import Catalog, CsmetricsError, HealthScore, MetricSpec
from csmetrics.health import Bands, Component
from csmetrics.testing import Case, Verification, assert_verified, verify, verify_frame

frame = pd.DataFrame({"plan": ["a"], "lost": [5], "start": [100]})


def catalogue() -> None:
    assert_type(csm.catalog, Catalog)
    assert_type(csm.catalog["churn_rate"], MetricSpec)
    assert_type(csm.catalog.find("logo churn"), list[MetricSpec])
    assert_type(csm.catalog.find("logo churn", limit=1)[0].name, str)
    assert_type(list(csm.catalog), list[str])
    spec = csm.catalog["churn_rate"]
    assert_type(spec.aliases, tuple[str, ...])
    assert_type(spec.questions, tuple[str, ...])
    assert_type(spec.bounds, tuple[float | None, float | None])
    assert_type(spec.function, Callable[..., Any])
    assert_type(spec.inputs["lost"].required, bool)
    csm.catalog["mine"] = spec  # type: ignore[index]
    assert_type(csm.catalog.to_json(indent=2), str)
    assert_type(csm.catalog.json_schema(), dict[str, Any])


def types_have_a_public_home(spec: MetricSpec, explanation: csm.Explanation, score: HealthScore) -> None:
    assert_type(spec.inputs, dict[str, csm.InputSpec])
    assert_type(spec.examples, tuple[csm.Example, ...])
    assert_type(spec.laws, tuple[csm.Law, ...])
    assert_type(explanation.rivals, tuple[csm.Rival, ...])
    assert_type(score.components, dict[str, csm.Component])
    assert_type(score.bands, csm.Bands)
    csm.Componant  # type: ignore[attr-defined]  # noqa: B018


def services() -> None:
    spec = csm.catalog["churn_rate"]
    assert_type(spec.Inputs, type[csm.Inputs])
    assert_type(spec.Result, type[csm.Result])
    assert_type(spec.compute('{"lost": 5, "start": 100}'), csm.Result)
    assert_type(spec.compute(b"{}").value, float | str | None)
    assert_type(spec.compute({"lost": 5, "start": 100}).status, Literal["ok", "missing", "undefined"])
    assert_type(spec.compute(spec.Inputs.model_validate({"lost": 5})).unit, str)
    assert_type(spec.Inputs(lost=5, start=100), csm.Inputs)
    number: float = spec.compute(lost=5, start=100)
    spec.compute(5)  # type: ignore[call-overload]
    print(number)


def explanations() -> None:
    assert_type(csm.explain(csm.churn_rate, lost=5, start=100), csm.Explanation)
    assert_type(csm.explain("churn_rate", lost=5, start=100).as_dict(), dict[str, Any])
    assert_type(csm.over(frame).by("plan").explain("churn_rate", "a"), csm.Explanation)
    assert_type(csm.over(frame).total().explain(csm.nrr).rows, pd.DataFrame | None)
    csm.explain(5)  # type: ignore[arg-type]


def comparisons() -> None:
    assert_type(csm.compare_groups(csm.churn_rate, frame, by="plan", adjust=None), csm.GroupComparison)
    assert_type(csm.decompose(csm.churn_rate, frame, frame, by="plan"), csm.Decomposition)
    csm.compare_groups(csm.churn_rate, frame, by="plan", adjust="bonferoni")  # type: ignore[arg-type]


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
