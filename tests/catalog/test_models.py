"""Inputs and results as pydantic models: strict, frozen, and the same figures through JSON."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import hypothesis
import jsonschema
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from pydantic import ValidationError

import csmetrics as csm
from csmetrics.errors import CsmetricsError, MetricInputError, UndefinedMetricError

from ..drawn import drawn

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


# The schemas

FORMATS = jsonschema.FormatChecker(["date"])


@FORMATS.checks("date-time", raises=ValueError)
def has_offset(text: Any) -> bool:
    """Check for a date-time of RFC 3339: a date, a time with seconds, and an offset."""
    return not isinstance(text, str) or (len(text) >= 20 and datetime.fromisoformat(text).tzinfo is not None)


def fits(metric: str, document: dict[str, Any]) -> bool:
    schema = csm.catalog[metric].Inputs.model_json_schema()
    return jsonschema.Draft202012Validator(schema, format_checker=FORMATS).is_valid(document)


CASES = {m["name"]: m["cases"] for m in json.loads(csm.catalog.to_json())["metrics"]}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", csm.catalog)
def test_what_is_computed_fits_the_schema(name: str) -> None:
    for case in CASES[name]:
        assert case["refused"] or fits(name, case["inputs"]), case
    for example in csm.catalog[name].examples:
        text = json.dumps(example.inputs, default=datetime.isoformat, allow_nan=False)
        assert fits(name, json.loads(text))


def test_a_number_is_as_simple_in_the_schema() -> None:
    schema = csm.catalog["net_new_mrr"].Inputs.model_json_schema()["properties"]["new_mrr"]
    assert schema["anyOf"] == [{"type": "number", "minimum": 0}, {"type": "null"}]


@pytest.mark.parametrize(
    ("at", "possible"),
    [
        ("2026-03-31", True),
        ("2026-03-31T09:00:00Z", True),
        ("2026-03-31T09:00:00.5+02:00", True),
        ("2026-03-31T09:00:00", True),
        ("2026-03-31 09:00", True),
        ("2026-03-31T09:00:00.123456789", True),
        ("2024-02-29T00:00", True),
        ("2000-02-29T00:00", True),
        ("2026-02-29T00:00", False),
        ("1900-02-29T00:00", False),
        ("2026-04-31T00:00", False),
        ("0000-01-01T00:00", False),
        ("2026-13-01T00:00", False),
        ("2026-03-31T24:00", False),
        ("2026-03-31T09:60", False),
        ("yesterday", False),
        ("", False),
        (20260331, False),
        (None, True),
    ],
)
def test_the_schema_says_which_dates_are_taken(at: Any, possible: bool) -> None:
    for metric, name, document, nullable in (
        ("ttv", "started_at", {"value_at": None}, True),
        ("median_ttv", "as_of", {"started_at": [], "value_at": []}, False),
    ):
        document[name] = at
        taken = possible and (nullable or at is not None)
        assert fits(metric, document) == taken
        if taken:
            csm.catalog[metric].compute(document)
            continue
        with pytest.raises(MetricInputError) as error:
            csm.catalog[metric].compute(document)
        assert error.value.argument == name


PATTERN = next(
    kind["pattern"]
    for kind in csm.catalog["ttv"].Inputs.model_json_schema()["properties"]["started_at"]["anyOf"]
    if "pattern" in kind
)


@drawn(300)
@hypothesis.given(st.from_regex(re.compile(PATTERN, re.ASCII), fullmatch=True))
def test_a_time_made_from_the_pattern_is_taken(text: str) -> None:
    assert datetime.fromisoformat(text).tzinfo is None
    csm.catalog["ttv"].compute({"started_at": text, "value_at": None})


@drawn(300)
@hypothesis.given(st.datetimes())
def test_every_time_fits_the_pattern(at: datetime) -> None:
    assert re.search(PATTERN, at.isoformat())


# Figures

NS = pd.Series(pd.to_datetime(["2026-01-01T00:00", "2026-01-01T12:00", None]))


@pytest.mark.parametrize(
    ("metric", "document"),
    [
        ("net_new_mrr", {"new_mrr": 10**17 + 1, "expansion_mrr": 0, "contraction_mrr": 10**17, "churned_mrr": 0}),
        ("retention_rate", {"end": 2**53 + 3, "new": 2**53, "start": 4}),
        ("churn_rate", {"lost": np.int64(2**53 + 1), "start": 2**53 + 3}),
        ("ttv", {"started_at": np.datetime64("2026-01-01"), "value_at": np.datetime64("2026-01-02T12", "ns")}),
        ("ttv", {"started_at": np.datetime64("2026"), "value_at": np.datetime64("12026-01-02")}),
        ("median_ttv", {"started_at": NS, "value_at": NS + pd.Timedelta("36h"), "as_of": np.datetime64("2026-03-01")}),
        ("median_ttv", {"started_at": NS.to_numpy(), "value_at": NS.to_numpy("M8[s]"), "as_of": date(2026, 3, 1)}),
        (
            "median_ttv",
            {"started_at": pd.DatetimeIndex(NS), "value_at": pd.DatetimeIndex(NS).array, "as_of": "2026-03-01"},
        ),
        (
            "median_ttv",
            {
                "started_at": pd.DatetimeIndex(NS, tz="UTC"),
                "value_at": NS.dt.tz_localize("Asia/Tokyo") + pd.Timedelta("2D"),
                "as_of": pd.Timestamp("2026-03-01", tz="UTC"),
            },
        ),
        ("nps_from_scores", {"scores": pd.Index([9, 10, 3])}),
        ("nps_from_scores", {"scores": pd.array([9, None, 3], dtype="Int8")}),
    ],
)
def test_the_figure_is_the_functions(metric: str, document: Any) -> None:
    spec = csm.catalog[metric]
    result = spec.compute(document)
    assert result.value == spec.function(**document)
    assert result.status == "ok"
    if metric != "ttv" or document["value_at"] < np.datetime64("9999"):
        assert spec.compute(spec.Inputs(**document).model_dump_json()) == result


@pytest.mark.parametrize("instead", [None, 5, "raise"])
def test_half_never_get_there(instead: Any) -> None:
    """If half of the customers never reach value, the function gives NaN, whatever `undefined` is."""
    started = ["2026-01-01"] * 3
    document = {"started_at": started, "value_at": ["2026-01-05", None, None], "as_of": "2026-02-01"}
    result = csm.catalog["median_ttv"].compute({**document, "undefined": instead})
    assert (result.value, result.status) == (None, "undefined")


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
        ("ttv", {"started_at": np.datetime64("NaT"), "value_at": float("nan")}, None, "missing"),
        ("churn_rate", {"lost": np.timedelta64("NaT"), "start": 5}, None, "missing"),
        ("median_ttv", {"started_at": [], "value_at": [], "as_of": "2026-02-01", "undefined": 5}, 5.0, "undefined"),
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


def test_an_input_of_another_metric_is_no_misspelling() -> None:
    with pytest.raises(csm.MetricInputError, match=r"`new_mrr` is no argument.*Hint: it takes start_mrr"):
        csm.catalog["nrr"].compute({"start_mrr": 1000, "new_mrr": 4})


@pytest.mark.parametrize(
    ("metric", "document", "argument", "rule", "found"),
    [
        ("churn_rate", '{"lost": ', "inputs", "must be valid JSON", ""),
        ("churn_rate", '{"lost": 1, "lost": 2, "start": 5}', "inputs", "must be valid JSON", "given twice"),
        ("churn_rate", "[1]", "inputs", "must be an object with the inputs by name", "got [1]"),
        ("churn_rate", None, "inputs", "must be an object with the inputs by name", "got None"),
        ("churn_rate", {"lost": 1}, "start", "is required", "not given"),
        ("churn_rate", {"lost": 1, "start": 9, "strat": 1}, "strat", "is no argument of this metric", "got 1"),
        ("churn_rate", {"loss": 1, "start": 9}, "loss", "is no argument of this metric", "got 1"),
        ("churn_rate", {5: 1, "lost": 1, "start": 9}, "5", "is no argument of this metric", "got 1"),
        ("churn_rate", {None: 1, "lost": 1, "start": 9}, "None", "is no argument of this metric", "got 1"),
        ("churn_rate", {"\ud800": 1, "lost": 1}, r"'\ud800'", "is no argument of this metric", "got 1"),
        ("churn_rate", {"x" * 100_000: 1}, "x" * 60 + "...", "is no argument of this metric", "got 1"),
        ("churn_rate", {"lost": np.bool_(True), "start": 9}, "lost", "must be a number", "True"),
        ("churn_rate", {"lost": np.timedelta64(5, "ns"), "start": 9}, "lost", "must be a number", "timedelta64(5"),
        ("churn_rate", {"lost": np.datetime64("2026", "ns"), "start": 9}, "lost", "must be a number", "2026"),
        ("churn_rate", {"lost": 0, "start": 0, "undefined": np.bool_(True)}, "undefined", "must be a number", "True"),
        ("churn_rate", {"lost": 10**400, "start": 9}, "lost", "must be finite", "got 1000"),
        ("churn_rate", {"lost": -(10**5000), "start": 9}, "lost", "must be finite", "got "),
        ("churn_rate", '{"lost": 1%s, "start": 9}' % ("0" * 400), "lost", "must be finite", "got 1000"),
        ("churn_rate", '{"lost": 1%s, "start": 9}' % ("0" * 5000), "lost", "must be finite", "got inf"),
        ("nps_from_scores", {"scores": np.array([True])}, "scores", "must be numbers", " at position 0"),
        ("health_score", {"scores": {5: 80}, "weights": {5: 1}}, "scores", "must have text as names", "got 5"),
        ("health_score", {"scores": {"[key]": "8"}, "weights": {"[key]": 1}}, "scores", "must be numbers", "got '8'"),
        ("ttv", {"started_at": 5, "value_at": None}, "started_at", "must be a date", "got 5"),
        ("median_ttv", {"started_at": [], "value_at": [], "as_of": None}, "as_of", "must be a date", "got None"),
        ("median_ttv", {"started_at": [], "value_at": [], "as_of": pd.NaT}, "as_of", "must be a date", "got NaT"),
        (
            "median_ttv",
            {"started_at": ["2026-01-01"] * 3, "value_at": ["2026-01-05"], "as_of": "2026-02-01"},
            "started_at",
            "must be columns of one length",
            "got 3 in started_at, 1 in value_at",
        ),
        (
            "median_ttv",
            {"started_at": [], "value_at": ["2026-01-05"], "as_of": "2026-02-01"},
            "started_at",
            "must be columns of one length",
            "got 0 in started_at, 1 in value_at",
        ),
        (
            "health_score",
            {"scores": [80, 50], "weights": [1]},
            "scores",
            "must be columns of one length",
            "got 2 in scores, 1 in weights",
        ),
        ("churn_rate", {"lost": "5", "start": 9}, "lost", "must be a number", "got '5'"),
        ("churn_rate", {"lost": True, "start": 9}, "lost", "must be a number", "got True"),
        ("churn_rate", {"lost": [1], "start": 9}, "lost", "must be one number", "got [1]"),
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


@pytest.mark.parametrize(("given", "meant"), [("loss", "lost"), ("Start", "start"), ("stat" * 30_000, None)])
def test_a_misspelt_name_is_told_before_what_is_not_given(given: str, meant: str | None) -> None:
    with pytest.raises(MetricInputError) as error:
        csm.catalog["churn_rate"].compute({given: 5})
    hint = f"did you mean {meant!r}?" if meant else "it takes lost, start, undefined"
    assert error.value.hint == hint
    assert len(str(error.value)) < 200


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


SPELLINGS = [
    *(
        "2026-03-31",
        "20260331",
        "2026-W14-2",
        "2026-W14",
        "2026-090",
        "2026-03",
        "2026",
        "",
        " 2026-03-31",
        "2026-3-31",
    ),
    *("2026-03-31T09", "2026-03-31T0900", "2026-03-31T09:00:00,5", "2026-03-31t09:00:00z", "2026-03-31T24:00"),
    *("2026-03-31T09:00:00+0200", "2026-03-31T09:00:00+24:00", "2026-03-31T23:59:60Z", "2026-03-31 10:00:00 UTC"),
    *("today", "NaT", "null", "31.03.2026", "2026/03/31", "1774915200", "0001-01-01", "9999-12-31", "10000-01-01"),
    *(date(2026, 3, 31), datetime.min, datetime.max, datetime(2026, 3, 31, tzinfo=UTC), None, np.nan, pd.NaT, pd.NA),
    *(pd.Timestamp("2026-03-31 09:00", tz="Europe/Berlin"), pd.Period("2026-03", "M"), 20260331, True, b"2026-03-31"),
    *(
        np.datetime64("2026-03"),
        np.datetime64(2**62, "Y"),
        np.datetime64(10**9, "h"),
        np.datetime64("2026-03-31", "ns"),
    ),
]


@pytest.mark.parametrize("at", SPELLINGS, ids=repr)
def test_the_model_and_compute_take_the_same_dates(at: Any) -> None:
    """What the model takes can be computed, and what it refuses is refused in the library's words."""
    aware = getattr(at, "tzinfo", None) is not None or str(at).endswith("+0200")
    late = "9999-12-31T00:00:00Z" if aware else "9999-12-31"
    for metric, document in (
        ("ttv", {"started_at": at, "value_at": None}),
        ("ttv", {"started_at": None, "value_at": at}),
        ("median_ttv", {"started_at": [None], "value_at": [at], "as_of": late}),
        ("median_ttv", {"started_at": [None], "value_at": [None], "as_of": at}),
    ):
        spec = csm.catalog[metric]
        try:
            made = spec.Inputs(**document)
        except ValidationError:
            with pytest.raises(MetricInputError):
                spec.compute(document)
        else:
            assert spec.compute(document) == spec.compute(made)


@pytest.mark.parametrize("metric", ["health_score", "engagement_score"])
def test_components_are_at_least_one(metric: str) -> None:
    """The schema says so, too; a survey without answers, in contrast, has an undefined score."""
    values, *_ = csm.catalog[metric].Inputs.model_fields
    for none in ([], {}):
        document = {values: none, "weights": none}
        assert not fits(metric, document)
        with pytest.raises(MetricInputError, match=f"`{values}` must hold one value per component; got none"):
            csm.catalog[metric].compute(document)
    assert fits("nps_from_scores", {"scores": []})
    assert csm.catalog["nps_from_scores"].compute({"scores": []}).status == "undefined"
    for horizon, possible in ((0, True), (-1, False), (1.5, False)):
        document = {"margin": 100, "retention_rate": 80, "discount_rate": 10, "horizon": horizon}
        assert fits("discounted_clv", document) == possible
