"""The catalogue as a document: it is complete and correct, and its definitions never change.

Run as a script, it records new definitions in ``definitions.json`` and refuses changed ones.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from math import isclose
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import csmetrics as csm
from csmetrics._catalog.document import definition_hash
from csmetrics._catalog.formula import formula
from csmetrics.core._registry import REGISTRY

KNOWN = Path(__file__).parents[1] / "definitions.json"
RULE = (
    "{} has another definition than the one noted in tests/definitions.json. A formula never changes under its name: "
    "keep the old one, and give the new one a name of its own"
)


@cache
def document() -> dict[str, Any]:
    return json.loads(csm.catalog.to_json())


def metrics() -> dict[str, dict[str, Any]]:
    return {metric["name"]: metric for metric in document()["metrics"]}


each = pytest.mark.parametrize("name", csm.catalog)


def test_the_document_obeys_its_schema() -> None:
    schema = csm.catalog.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document(), schema)


@pytest.mark.parametrize(
    "change",
    [
        {"unit": "percentage"},
        {"id": "foreign:churn_rate"},
        {"id": "csmetrics:"},
        {"hash": "xyz"},
        {"hash": "sha256:xyz"},
        {"laws": []},
        {"cases": []},
        {"case": {"id": ""}},
        {"case": {"tolerance": -1}},
        {"case": {"refused": "zzz"}},
        {"case": {"refused": "impossible_input", "expected": 5.0}},
        {"metrics": []},
        {"schema_version": "2"},
    ],
)
def test_the_schema_refuses(change: dict[str, Any]) -> None:
    first = document()["metrics"][0]
    case = {**first["cases"][0], **change.get("case", {})}
    metric = {**first, "cases": [case], **{n: value for n, value in change.items() if n in first}}
    made = {**document(), "metrics": [metric], **{n: value for n, value in change.items() if n in document()}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(made, csm.catalog.json_schema())


def test_a_field_may_be_added_within_a_version() -> None:
    """A reader with today's schema can read tomorrow's document."""
    made = copy.deepcopy({**document(), "metrics": document()["metrics"][:1]})
    (metric,) = made["metrics"]
    for record in (made, metric, metric["inputs"]["lost"], metric["laws"][0], metric["cases"][0]):
        record["added"] = 1
    jsonschema.validate(made, csm.catalog.json_schema())


def test_it_is_plain_json() -> None:
    text = csm.catalog.to_json(indent=2)
    assert json.loads(text, parse_constant=pytest.fail) == document()
    assert text.startswith('{\n  "schema_version": "1",')
    assert document()["version"] == csm.__version__


@each
def test_it_says_what_the_catalogue_says(name: str) -> None:
    metric, spec = metrics()[name], csm.catalog[name]
    assert (metric["id"], metric["title"], metric["unit"]) == (f"csmetrics:{name}", spec.title, spec.unit)
    assert list(metric["inputs"]) == list(spec.inputs)
    assert (metric["formula"], tuple(metric["rivals"])) == (spec.formula, spec.rivals)
    assert [c["id"] for c in metric["cases"] if c["law"] == "example"] == [e.id for e in spec.examples]
    assert len({case["id"] for case in metric["cases"]}) == len(metric["cases"])


@each
def test_the_cases_hold(name: str) -> None:
    """The cases hold through `compute`: inputs in, and a figure, no value or an error out."""
    spec, laws = csm.catalog[name], {case["law"] for case in metrics()[name]["cases"]}
    assert {"example", "formula"} <= laws
    assert ("undefined" in laws) == bool(spec.base)
    for case in metrics()[name]["cases"]:
        if case["refused"]:
            with pytest.raises(csm.CsmetricsError) as error:
                spec.compute(case["inputs"])
            assert error.value.code == case["refused"]
            continue
        result = spec.compute(json.dumps(case["inputs"]))
        if isinstance(case["expected"], float):
            assert isinstance(result.value, float)
            assert abs(result.value - case["expected"]) <= case["tolerance"], case
        else:
            assert result.value == case["expected"], case
        assert (result.status == "ok") == (case["expected"] is not None), case
        assert case["law"] not in ("undefined",) or result.status == "undefined"


# Another implementation needs only the document


def churn(lost: Any, start: Any) -> Any:
    return None if lost is None or not start else 100 * lost / start


def nps(promoters: Any, passives: Any, detractors: Any) -> Any:
    counts = (promoters, passives, detractors)
    return None if None in counts or not sum(counts) else 100 * (promoters - detractors) / sum(counts)


def test_the_cases_go_to_the_ends() -> None:
    """The cases include extremes: all customers lost, none lost, few customers."""
    drawn = [case["inputs"] for case in metrics()["churn_rate"]["cases"] if case["law"] == "formula"]
    assert any(row["lost"] == row["start"] for row in drawn)
    assert any(row["lost"] == 0 < row["start"] for row in drawn)
    assert {"lost": 1, "start": 3} in drawn


@pytest.mark.parametrize(("name", "function"), [("churn_rate", churn), ("nps", nps)])
def test_another_implementation(name: str, function: Any) -> None:
    held = 0
    for case in metrics()[name]["cases"]:
        if not case["refused"]:
            got = function(**case["inputs"])
            assert got == case["expected"] or abs(got - case["expected"]) <= case["tolerance"]
            held += 1
    assert held > 15


@pytest.mark.parametrize(
    ("name", "law", "expected"),
    [
        ("churn_rate", "scale", {"inputs": ["lost", "start"], "power": 0}),
        ("net_new_mrr", "scale", {"power": 1}),
        ("arpa", "scale", {"inputs": ["mrr", "customers"], "power": 0}),
        ("nrr", "bounds", {"low": 0, "high": None}),
        ("churn_rate", "monotony", {"inputs": ["lost"], "direction": "rises"}),
        ("nps", "percent not fraction", {}),
        ("clv", "scale", {"inputs": ["arpa"], "power": 1}),
        ("health_score", "missing", {}),
    ],
)
def test_laws(name: str, law: str, expected: dict[str, Any]) -> None:
    (first, *_) = [found for found in metrics()[name]["laws"] if found["law"] == law]
    assert {key: first[key] for key in expected} == expected
    assert first["says"]


@each
def test_the_law_of_scale(name: str) -> None:
    """The document's law of scale holds on its own cases."""
    spec = csm.catalog[name]
    for law in metrics()[name]["laws"]:
        if law["law"] != "scale":
            continue
        for case in metrics()[name]["cases"]:
            if case["law"] == "formula":
                larger = {**case["inputs"], **{n: 3 * case["inputs"][n] for n in law["inputs"]}}
                got = spec.compute(larger).value
                assert isclose(got, 3 ** law["power"] * case["expected"], rel_tol=1e-9, abs_tol=1e-9), case


# A formula never changes under its name


def now() -> dict[str, str]:
    return {name: definition_hash(spec) for name, spec in csm.catalog.items()}


@pytest.mark.parametrize("name", json.loads(KNOWN.read_text("utf-8")) if KNOWN.exists() else [])
def test_no_definition_has_changed(name: str) -> None:
    assert name in csm.catalog, f"{name} is gone: a metric that was there stays"
    assert json.loads(KNOWN.read_text("utf-8"))[name] == definition_hash(csm.catalog[name]), RULE.format(name)


@pytest.fixture
def rewritten(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Return the hash that a metric would have with another declaration or docstring."""

    def again(name: str, old: str = "", new: str = "", **declared: Any) -> str:
        doc, registration = REGISTRY[name].function.__doc__, REGISTRY[name]
        assert doc is not None
        assert old in doc
        annotations = declared.pop("annotations", {})
        with monkeypatch.context() as changed:
            changed.setattr(registration.function, "__doc__", doc.replace(old, new, 1))
            changed.setattr(
                registration.function, "__annotations__", registration.function.__annotations__ | annotations
            )
            changed.setitem(REGISTRY, name, replace(registration, **declared))
            formula.cache_clear()
            return definition_hash(csm.catalog[name])

    yield again
    formula.cache_clear()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("churn_rate", {"title": "other", "aliases": (), "family": "other"}),
        ("churn_rate", {"old": "Share of the period's", "new": "Part of the month's"}),
        ("churn_rate", {"old": "Customers counted in", "new": "Those in"}),
        ("churn_rate", {"old": r"\text{churn rate} =", "new": r"\text{logo churn} ="}),
        ("churn_rate", {"old": r"\frac{\text{lost}}{\text{start}}", "new": r"\text{lost} / \text{start}"}),
        ("churn_rate", {"old": r"\frac{\text{lost}}{\text{start}}", "new": r"\left(\text{lost} / \text{start}\right)"}),
        ("churn_rate", {"old": r"\times 100", "new": r"\times  100.0"}),
        ("churn_rate", {"bounds": (0.0, 100.0)}),
        ("net_new_mrr", {"rises": ("reactivation_mrr", "expansion_mrr", "new_mrr")}),
        ("health_band", {"old": r"\text{band} =", "new": r"\text{colour} ="}),
        ("nps_from_scores", {"options": {**REGISTRY["nps_from_scores"].options, "scale": (0.0, 10)}}),
        ("net_new_mrr", {"defaults": {"reactivation_mrr": 0.0}}),
        ("normalize_score", {"annotations": {"better": "Literal['low', 'high']"}}),
    ],
)
def test_words_do_not_change_the_hash(name: str, change: dict[str, Any], rewritten: Any) -> None:
    assert rewritten(name, **change) == rewritten(name)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("churn_rate", {"old": r"}{\text{start}}", "new": r"}{\text{end}}"}),
        ("churn_rate", {"old": r"\times 100", "new": r"\times 101"}),
        ("churn_rate", {"bounds": (0, None)}),
        ("churn_rate", {"rules": ()}),
        ("churn_rate", {"unit": "points"}),
        ("churn_rate", {"base": "end"}),
        ("churn_rate", {"rises": ()}),
        (
            "churn_rate",
            {"inputs": {**REGISTRY["churn_rate"].inputs, "lost": REGISTRY["net_new_mrr"].inputs["new_mrr"]}},
        ),
        ("median_ttv", {"old": r"S(t) \le 0.5", "new": r"S(t) \le 0.4"}),
        ("health_band", {"old": r"\text{score} \le \text{red}", "new": r"\text{score} < \text{red}"}),
        (
            "discounted_clv",
            {"old": r"\text{certain next: } \frac{\text{margin}}", "new": r"\text{certain next: } \frac{1}"},
        ),
        ("csat_from_ratings", {"options": {**REGISTRY["csat_from_ratings"].options, "top": 3}}),
        ("csat_from_ratings", {"options": {**REGISTRY["csat_from_ratings"].options, "top": 2}}),
        ("normalize_score", {"annotations": {"better": "Literal['high', 'low', 'middle']"}}),
        ("median_ttv", {"options": {**REGISTRY["median_ttv"].options, "as_of": None}}),
    ],
)
def test_what_is_declared_changes_the_hash(name: str, change: dict[str, Any], rewritten: Any) -> None:
    assert rewritten(name, **change) != rewritten(name)


if __name__ == "__main__":
    known = json.loads(KNOWN.read_text("utf-8")) if KNOWN.exists() else {}
    changed = [name for name, noted in known.items() if now().get(name) != noted]
    if changed:
        sys.exit("\n".join(RULE.format(name) for name in changed))
    KNOWN.write_text(json.dumps({**known, **now()}, indent=1, sort_keys=True) + "\n", "utf-8")
