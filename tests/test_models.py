"""Inputs and results as pydantic models: strict, frozen, and the same figures through JSON."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import csmetrics as csm
from csmetrics.errors import CsmetricsError, MetricInputError, UndefinedMetricError

EXAMPLES = [pytest.param(name, e, id=f"{name}-{e.id}") for name, spec in csm.catalog.items() for e in spec.examples]


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_examples_through_json(name: str, example: Any) -> None:
    spec = csm.catalog[name]
    right = spec.function(**example.inputs)
    text = json.dumps(example.inputs, default=datetime.isoformat, allow_nan=False)
    inputs = spec.Inputs(**example.inputs)
    for document in (text, text.encode(), bytearray(text, "utf-8"), json.loads(text), example.inputs, inputs):
        result = spec.compute(document)
        assert result.value == (None if right != right else right)
        assert (result.metric, result.unit) == (name, spec.unit)
        assert (result.status == "ok") == (result.value is not None)
    assert spec.compute(json.loads(inputs.model_dump_json())) == result
    assert spec.Result.model_validate(result.model_dump()) == result


@pytest.mark.parametrize("name", csm.catalog)
def test_schemas(name: str) -> None:
    spec = csm.catalog[name]
    schema = json.loads(json.dumps(spec.Inputs.model_json_schema(), allow_nan=False))
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) >= set(spec.inputs)
    required = {n for n, given in spec.inputs.items() if given.required}
    assert required <= set(schema["required"])
    for input_name, given in spec.inputs.items():
        field = schema["properties"][input_name]
        assert (field["kind"], field["quantity"]) == (given.kind, given.quantity)
        assert field["description"]
    assert spec.Result.model_json_schema()["additionalProperties"] is False


@pytest.mark.parametrize(
    ("metric", "document", "value", "status"),
    [
        ("churn_rate", {"lost": float("nan"), "start": 5}, None, "missing"),
        ("churn_rate", '{"lost": null, "start": 5}', None, "missing"),
        ("churn_rate", {"lost": pd.NA, "start": 5}, None, "missing"),
        ("churn_rate", {"lost": None, "start": 0, "undefined": 0}, None, "missing"),
        ("churn_rate", {"lost": 0, "start": 0}, None, "undefined"),
        ("churn_rate", {"lost": 0, "start": 0, "undefined": 0}, 0.0, "undefined"),
        ("churn_rate", {"lost": np.int64(3), "start": Decimal(10)}, 30.0, "ok"),
        ("mrr", {"amount": 1200, "interval": None}, None, "missing"),
        ("nps_from_scores", {"scores": [9, None, 10, 3]}, 100 / 3, "ok"),
        ("nps_from_scores", {"scores": pd.Series([9, np.nan, 10, 3])}, 100 / 3, "ok"),
        ("nps_from_scores", {"scores": np.array([9, 7]), "scale": [1, 10]}, 50.0, "ok"),
        ("nps_from_scores", {"scores": []}, None, "undefined"),
        ("nps_from_scores", {"scores": [None]}, None, "undefined"),
        ("csat_from_ratings", {"ratings": [5, 4, 1], "top": 1}, 100 / 3, "ok"),
        ("ttv", '{"started_at": "2026-01-01T00:00:00+02:00", "value_at": "2026-01-02T00:00:00Z"}', 26 / 24, "ok"),
        ("ttv", {"started_at": date(2026, 1, 1), "value_at": datetime(2026, 1, 2)}, 1.0, "ok"),
        ("ttv", {"started_at": datetime(2026, 1, 1, tzinfo=UTC), "value_at": pd.NaT}, None, "missing"),
        ("median_ttv", {"started_at": ["2026-01-01"], "value_at": ["2026-01-03"], "as_of": "2026-02-01"}, 2.0, "ok"),
        ("health_score", {"scores": {"a": 80, "b": None}, "weights": {"a": 1, "b": 2}}, 80.0, "ok"),
        ("health_score", {"scores": [80, 50], "weights": [1, 2]}, 60.0, "ok"),
        ("health_score", {"scores": {"a": None}, "weights": {"a": 2}}, None, "undefined"),
        ("health_band", {"score": 50}, "red", "ok"),
        ("health_band", {"score": None}, None, "missing"),
        ("discounted_clv", {"margin": 100, "retention_rate": 80, "discount_rate": 10, "horizon": 1}, 100.0, "ok"),
    ],
)
def test_values(metric: str, document: Any, value: Any, status: str) -> None:
    result = csm.catalog[metric].compute(document)
    assert result.value == (value if isinstance(value, str) or value is None else pytest.approx(value))
    assert result.status == status
    json.loads(result.model_dump_json(), parse_constant=pytest.fail)


@pytest.mark.parametrize(
    ("metric", "document", "argument", "rule", "found"),
    [
        ("churn_rate", '{"lost": ', "inputs", "must be valid JSON", ""),
        ("churn_rate", '{"lost": 1, "lost": 2, "start": 5}', "inputs", "must be valid JSON", "given twice"),
        ("churn_rate", "[1]", "inputs", "must be an object with the inputs by name", "got [1]"),
        ("churn_rate", None, "inputs", "must be an object with the inputs by name", "got None"),
        ("churn_rate", {"lost": 1}, "start", "is required", "not given"),
        ("churn_rate", {"lost": 1, "start": 9, "strat": 1}, "strat", "is no argument of this metric", "got 1"),
        ("churn_rate", {"lost": "5", "start": 9}, "lost", "must be a number", "got '5'"),
        ("churn_rate", {"lost": True, "start": 9}, "lost", "must be a number", "got True"),
        ("churn_rate", {"lost": [1], "start": 9}, "lost", "must be a number", "got [1]"),
        ("churn_rate", '{"lost": Infinity, "start": 9}', "lost", "must be finite", "got inf"),
        ("churn_rate", {"lost": -1, "start": 9}, "lost", "must be >= 0", "got -1"),
        ("churn_rate", {"lost": 11, "start": 9}, "lost", "must be <= `start`", "got 11 > 9"),
        (
            "churn_rate",
            {"lost": 0, "start": 0, "undefined": "0"},
            "undefined",
            "must be a number or 'raise'",
            "got '0'",
        ),
        ("mrr", {"amount": 9, "interval": "yaer"}, "interval", "must be one of 'day', 'week'", "got 'yaer'"),
        ("nps_from_scores", {"scores": [9, "7"]}, "scores", "must be numbers", "got '7' at position 1"),
        ("nps_from_scores", {"scores": [9, 11]}, "scores", "must be between 0 and 10", "(11)"),
        ("nps_from_scores", {"scores": [9], "scale": [1]}, "scale", "must be two whole numbers", ""),
        ("nps_from_scores", {"scores": [9], "scale": "x"}, "scale", "must be two whole numbers", "got 'x'"),
        ("csat_from_ratings", {"ratings": [5], "top": "1"}, "top", "must be a whole number", "got '1'"),
        ("ttv", {"started_at": "yesterday", "value_at": None}, "started_at", "must be a date", "got 'yesterday'"),
        (
            "ttv",
            {"started_at": "2026-01-01T00:00Z", "value_at": "2026-01-02"},
            "started_at",
            "must all have a time",
            "",
        ),
        ("median_ttv", {"started_at": [], "value_at": [], "as_of": "soon"}, "as_of", "must be a date", "got 'soon'"),
        ("health_score", {"scores": {"a": 180}, "weights": {"a": 1}}, "scores", "must be between 0 and 100", "got 180"),
        (
            "discounted_clv",
            {"margin": 1, "retention_rate": 80, "discount_rate": 9, "first_payment": "later"},
            "first_payment",
            "must be one of 'now', 'next'",
            "got 'later'",
        ),
    ],
)
def test_refusals(metric: str, document: Any, argument: str, rule: str, found: str) -> None:
    with pytest.raises(MetricInputError) as error:
        csm.catalog[metric].compute(document)
    parts = error.value.as_dict()
    assert list(parts) == ["code", "metric", "argument", "rule", "found", "hint"]
    assert all(isinstance(part, str) and part for part in parts.values())
    assert (parts["metric"], parts["argument"].split(",")[0]) == (metric, argument)
    assert parts["rule"].startswith(rule)
    assert found in parts["found"]


def test_undefined_raise() -> None:
    with pytest.raises(UndefinedMetricError):
        csm.catalog["churn_rate"].compute({"lost": 0, "start": 0, "undefined": "raise"})


def test_models_are_strict_frozen_and_closed() -> None:
    model = csm.catalog["churn_rate"].Inputs
    for given in ({"lost": "1", "start": 2}, {"lost": 1}, {"lost": 1, "start": 2, "x": 3}, {"lost": 1, "start": True}):
        with pytest.raises(ValidationError):
            model(**given)
    inputs = model(lost=1, start=2)
    with pytest.raises(ValidationError):
        inputs.lost = 2
    result = csm.catalog["churn_rate"].compute(inputs)
    with pytest.raises(ValidationError):
        result.value = 1.0
    with pytest.raises(CsmetricsError):
        csm.catalog["nps"].compute(inputs)


@pytest.mark.parametrize(("documents", "inputs"), [(({}, {}), {}), (({},), {"lost": 1}), ((), {})])
def test_one_document_or_keywords(documents: Any, inputs: Any) -> None:
    with pytest.raises(TypeError):
        csm.catalog["churn_rate"].compute(*documents, **inputs)
