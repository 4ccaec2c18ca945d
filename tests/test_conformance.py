"""The catalogue as a document: that it is whole, says what it says, and that a definition never changes.

Run as a script, it notes the definitions that are new in ``definitions.json``; one that has changed is refused.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from math import isclose
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import csmetrics as csm
from csmetrics._conformance import definition_hash

KNOWN = Path(__file__).with_name("definitions.json")
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
    broken = {**document(), "metrics": [{**document()["metrics"][0], "unit": "percentage"}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


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
    """Through `compute`, as another language would: inputs in, a figure, no value or an error out."""
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


# Another implementation needs the document and nothing else


def churn(lost: Any, start: Any) -> Any:
    return None if lost is None or not start else 100 * lost / start


def nps(promoters: Any, passives: Any, detractors: Any) -> Any:
    counts = (promoters, passives, detractors)
    return None if None in counts or not sum(counts) else 100 * (promoters - detractors) / sum(counts)


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
    """What the document says of scale holds on its own cases."""
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
    assert json.loads(KNOWN.read_text("utf-8"))[name] == now()[name], RULE.format(name)


def test_the_hash_covers_what_defines_a_figure_and_no_words() -> None:
    spec = csm.catalog["churn_rate"]
    lost = spec.inputs["lost"]
    words = spec.model_copy(update={"summary": "other", "aliases": (), "notes": "other", "title": "other"})
    meaning = spec.model_copy(update={"inputs": {**spec.inputs, "lost": lost.model_copy(update={"meaning": "other"})}})
    assert definition_hash(spec) == definition_hash(words) == definition_hash(meaning)
    low = spec.model_copy(update={"inputs": {**spec.inputs, "lost": lost.model_copy(update={"low": -1.0})}})
    for other in (
        low,
        spec.model_copy(update={"formula": r"\text{churn rate} = \frac{\text{lost}}{\text{end}} \times 100"}),
        spec.model_copy(update={"bounds": (0, None)}),
        spec.model_copy(update={"rules": ()}),
        spec.model_copy(update={"unit": "points"}),
        spec.model_copy(update={"base": "end"}),
        spec.model_copy(update={"options": {"top": 2}}),
    ):
        assert definition_hash(other) != definition_hash(spec)


if __name__ == "__main__":
    known = json.loads(KNOWN.read_text("utf-8")) if KNOWN.exists() else {}
    changed = [name for name, noted in known.items() if now().get(name) != noted]
    if changed:
        sys.exit("\n".join(RULE.format(name) for name in changed))
    KNOWN.write_text(json.dumps({**known, **now()}, indent=1, sort_keys=True) + "\n", "utf-8")
