"""What `@metric` accepts, what it refuses, and what it records about a formula."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from math import inf
from types import ModuleType
from typing import Any

import pytest

from csmetrics.core import _registry
from csmetrics.core._answers import Ratings
from csmetrics.core._dates import Instants
from csmetrics.core._registry import (
    COUNT,
    MARGIN,
    MONEY,
    NUMBER,
    PERCENT,
    REGISTRY,
    at_most,
    choice,
    flow,
    level,
    metric,
    nearest,
    stock,
)
from csmetrics.errors import MetricInputError

INPUTS = {"paused": flow(COUNT), "start": stock(COUNT), "fee": level(MONEY)}


def snooze_rate(paused: Any, start: Any, *, fee: Any = 3, undefined: Any = None) -> Any:
    places = (paused, start)  # a name that is not an argument
    return (*places, fee, undefined)


def declared(function: Callable[..., Any] = snooze_rate, **said: Any) -> Any:
    return metric(**{"title": "Pauses", "unit": "percent", "better": "lower", "inputs": INPUTS, **said})(function)


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Make a module with a family of its own, which is removed after the test."""
    family = ModuleType("csmetrics.core.pauses")
    monkeypatch.setitem(sys.modules, family.__name__, family)
    monkeypatch.setattr(_registry, "REGISTRY", dict(REGISTRY))
    monkeypatch.setattr(snooze_rate, "__module__", family.__name__)
    return family


def test_what_is_noted(module: ModuleType) -> None:
    rules, rival = [at_most("paused", "start", hint="once each")], lambda paused, start: paused - start
    got = declared(
        aliases=["pauses"],
        questions=["Who pauses?"],
        bounds=(0, 100),
        rules=rules,
        base="start",
        not_beside={"fee": "new"},
        own_base={"start": "own_start"},
        rises=["paused"],
        falls=["start"],
        rivals={"paused - start": rival},
    )
    assert got is snooze_rate
    spec = _registry.REGISTRY["snooze_rate"]
    assert (spec.name, spec.function, spec.family, spec.title) == ("snooze_rate", snooze_rate, "pauses", "Pauses")
    assert (spec.aliases, spec.unit, spec.better, spec.bounds) == (("pauses",), "percent", "lower", (0, 100))
    assert spec.questions == ("Who pauses?",)
    assert (spec.inputs, spec.rules, spec.base, spec.not_beside) == (INPUTS, tuple(rules), "start", {"fee": "new"})
    assert spec.own_base == ({"start": "own_start"},)
    assert (spec.rises, spec.falls, spec.rivals) == (("paused",), ("start",), {"paused - start": rival})
    assert (spec.positional, spec.defaults) == (("paused", "start"), {"fee": 3})
    assert spec.options == {"undefined": None}
    assert module.__all__ == ["snooze_rate"]
    with pytest.raises(FrozenInstanceError):
        spec.name = "other"  # type: ignore[misc]
    assert "options" not in repr(spec)
    assert "defaults" not in repr(spec)


@pytest.mark.parametrize("record", [_registry.Registration, Ratings, Instants])
def test_records_cannot_be_changed(record: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        record.__new__(record).aware = True


def test_what_need_not_be_said(module: ModuleType) -> None:
    module.__all__ = ["other"]  # type: ignore[attr-defined]
    for _ in range(2):  # a module that is loaded again
        declared()
        spec = _registry.REGISTRY["snooze_rate"]
        assert (spec.bounds, spec.aliases, spec.rules, spec.base) == ((None, None), (), (), "")
        assert spec.questions == ()
        assert (spec.reduces, spec.over_columns, spec.not_beside, spec.own_base) == (False, False, {}, ())
        assert (spec.rises, spec.falls, spec.rivals) == ((), (), {})
        assert module.__all__ == ["other", "snooze_rate"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"inputs": {"start": stock(COUNT), "paused": flow(COUNT)}}, "in their order"),
        ({"inputs": {"fee": level(MONEY), "paused": flow(COUNT)}}, "in their order"),
        ({"inputs": {**INPUTS, "plan": flow(COUNT)}}, "must name its arguments"),
        ({"rules": [at_most("paused", "total")]}, "must name its arguments"),
        ({"rules": [at_most(("paused", "lost"), "start")]}, "must name its arguments"),
        ({"rises": ["undefined"]}, "must name its arguments"),
        ({"falls": ["stop"]}, "must name its arguments"),
        ({"own_base": {"total": "own_total"}}, "must name its arguments"),
        ({"not_beside": {"total": "new"}}, "must name its arguments"),
        ({"not_beside": {"fee": "new", "paused": "new"}}, "not_beside must name arguments with a default"),
    ],
)
def test_what_is_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=f"@metric on snooze_rate: .*{message}"):
        declared(**said)
    assert "snooze_rate" not in _registry.REGISTRY


@pytest.mark.parametrize("family", ["pauses", "vacations"])
def test_a_name_is_taken_once(monkeypatch: pytest.MonkeyPatch, family: str) -> None:
    monkeypatch.setattr(snooze_rate, "__name__", "churn_rate")
    monkeypatch.setattr(snooze_rate, "__module__", f"csmetrics.core.{family}")
    with pytest.raises(TypeError, match=r"churn_rate is registered already, by csmetrics\.core\.retention"):
        declared()


def test_the_rule_of_a_quantity_in_words() -> None:
    said = {COUNT: "must be >= 0", PERCENT: "must be between 0 and 100", MARGIN: "must be <= 100"}
    assert {quantity: quantity.rule for quantity in said} == said
    assert (NUMBER.low, NUMBER.high, choice(day=["daily"], week=[]).choices) == (-inf, inf, ("day", "week"))


def test_a_rule_in_words() -> None:
    rule = at_most(["paused", "lost"], "start", hint="once each")
    assert (str(rule), rule.parts, rule.wholes) == ("paused + lost <= start", ("paused", "lost"), ("start",))


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("churn_rat", "did you mean 'churn_rate'?"),
        ("Net Promoter", "did you mean 'nps'?"),
        ("xyzzy", "csm.catalog.find('xyzzy') searches"),
    ],
)
def test_the_nearest_name(asked: str, meant: str) -> None:
    assert nearest(asked) == meant


def test_a_metric_is_asked_for_by_name_or_function() -> None:
    function = REGISTRY["nps"].function
    assert _registry.registered("nps", "verify") is _registry.registered(function, "verify") is REGISTRY["nps"]

    def nps() -> None: ...

    for wrong, found, hint in (("nsp", "got 'nsp'", "'nps'"), (nps, "got <function", "'nps'"), (5, "got 5", "find")):
        with pytest.raises(MetricInputError, match="verify: `metric` must be a metric of csmetrics") as error:
            _registry.registered(wrong, "verify")
        assert error.value.found.startswith(found)
        assert hint in error.value.hint


SHRINKING = {
    "start_mrr": 1000,
    "new_mrr": 30,
    "expansion_mrr": 20,
    "reactivation_mrr": 5,
    "contraction_mrr": 40,
    "churned_mrr": 60,
    "end_mrr": 955,
}
LEAVING = {"margin": 110, "retention_rate": 45, "discount_rate": 0}


@pytest.mark.parametrize(
    ("name", "words", "given", "expected"),
    [
        ("compound_retention_rate", "100 - periods", {"retention_rate": 45, "periods": 2}, -10),  # 100 - 2 x 55
        ("net_new_mrr", "MRR at the end", SHRINKING, -45),  # 955 - 1000
        ("nrr", "with new business", SHRINKING, 95.5),  # 100 x 955/1000
        ("nrr", "with reactivation", SHRINKING, 92.5),  # 100 x (1000 + 20 + 5 - 40 - 60)/1000
        ("mrr_growth_rate", "net new / start", SHRINKING, -4.5),  # 100 x (30 + 20 + 5 - 40 - 60)/1000
        ("mrr_growth_rate", "the monthly", {"start_mrr": 121, "end_mrr": 100, "periods": 2}, -100 / 11),  # 10/11 - 1
        ("discounted_clv", "margin / (churn", LEAVING, 200),  # 110 / 0.55
        ("discounted_clv", "margin x", LEAVING, 90),  # 110 x 0.45/0.55
        ("discounted_clv", "margin / churn", LEAVING, 200),
        ("nps", "passives left out", {"promoters": 2, "detractors": 6}, -50),  # 100 x -4/8
    ],
)
def test_rivals_of_less_than_before(name: str, words: str, given: dict[str, float], expected: float) -> None:
    (rival,) = (rival for said, rival in REGISTRY[name].rivals.items() if said.startswith(words))
    assert rival(**{n: given[n] for n in _registry.parameters(rival)}) == pytest.approx(expected, rel=1e-12)
