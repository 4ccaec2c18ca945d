"""Health and engagement scores: the formulas in every container, and the model of a custom score."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest

import csmetrics as csm
from csmetrics.health import Bands, Component

INDEX = pd.Index(["a", "b", "c"], name="customer")
NAN = math.nan


def weighted_mean(scores: list[float | None], weights: list[float]) -> float:
    """Restate the definition in exact numbers; a missing score is left out of numerator and denominator."""
    there = [(Fraction(s), Fraction(w)) for s, w in zip(scores, weights, strict=True) if s is not None and s == s]
    total = sum(w for _, w in there)
    return float(sum(s * w for s, w in there) / total) if total else NAN


def is_float(value: Any, expected: float) -> None:
    assert type(value) is float
    assert value == pytest.approx(expected, rel=1e-12, nan_ok=True)


# --------------------------------------------------------------------------------------------------------- health_score

GAINSIGHT = {"scores": [47, 59, 21], "weights": [20, 15, 22]}


@pytest.mark.parametrize(
    "scores",
    [[47, 59, 21], (47, 59, 21), np.array([47, 59, 21]), np.array([47, 59, 21], dtype="int8"), [47.0, 59, np.int8(21)]],
)
@pytest.mark.parametrize(
    "weights",
    [[20, 15, 22], (0.20, 0.15, 0.22), np.array([20, 15, 22]), [2000.0, 1500, 2200], pd.Series([20, 15, 22])],
)
def test_one_customer_by_position(scores, weights) -> None:
    is_float(csm.health_score(scores, weights), 2287 / 57)


@pytest.mark.parametrize(
    "scores", [{"u": 47, "n": 59, "t": 21}, pd.Series({"u": 47, "n": 59, "t": 21})], ids=["dict", "Series"]
)
@pytest.mark.parametrize(
    "weights", [{"t": 22, "u": 20, "n": 15}, pd.Series({"n": 15.0, "t": 22, "u": 20})], ids=["dict", "Series"]
)
def test_one_customer_by_name_in_any_order(scores, weights) -> None:
    is_float(csm.health_score(scores, weights), 2287 / 57)


SCORES = {"usage": [80, 20, None], "nps": [40, None, None], "tickets": [0.5, 100, None]}
WEIGHTS = {"usage": 5, "nps": 2, "tickets": 3}
EXPECTED = [48.15, 50.0, NAN]  # (400 + 80 + 1.5) / 10, (100 + 300) / 8, nothing


def test_many_customers_in_every_container() -> None:
    frame = pd.DataFrame(SCORES, index=INDEX)
    expected = pd.Series(EXPECTED, index=INDEX)
    for values in (
        frame,
        frame[["tickets", "usage", "nps"]],
        frame.astype("Float64"),
        frame.astype("double[pyarrow]"),
        frame.astype(object),
        {name: frame[name] for name in frame},
        {"usage": frame["usage"], "nps": frame["nps"].to_numpy(), "tickets": SCORES["tickets"]},
    ):
        for weights in (WEIGHTS, pd.Series(WEIGHTS)):
            got = csm.health_score(values, weights)
            pd.testing.assert_series_equal(got, expected, check_names=False, rtol=1e-12)
    pd.testing.assert_series_equal(csm.health_score(frame, [5, 2, 3]), expected, check_names=False, rtol=1e-12)
    table = frame.to_numpy()
    for values in (table, table.tolist(), SCORES):
        weights = WEIGHTS if values is SCORES else list(WEIGHTS.values())
        got = csm.health_score(values, weights)
        assert type(got) is np.ndarray
        np.testing.assert_allclose(got, EXPECTED, rtol=1e-12)
    np.testing.assert_allclose(csm.health_score(table[None].repeat(2, axis=0), [5, 2, 3]), [EXPECTED] * 2, rtol=1e-12)


def test_a_number_beside_columns_is_everybodys() -> None:
    got = csm.health_score({"usage": pd.Series([80, 20], index=["x", "y"]), "csat": 50}, {"usage": 1, "csat": 1})
    pd.testing.assert_series_equal(got, pd.Series([65.0, 35.0], index=["x", "y"]), check_names=False)


@pytest.mark.parametrize("missing", [None, NAN, pd.NA, pd.NaT], ids=repr)
def test_a_missing_component_leaves_numerator_and_denominator(missing) -> None:
    is_float(csm.health_score([80, missing, 20], [3, 100, 1]), 65.0)
    is_float(csm.health_score({"a": 80, "b": missing}, {"a": 3, "b": 1}), 80.0)
    is_float(csm.health_score({"a": 80}, {"a": 3, "b": 1}), 80.0)
    is_float(csm.health_score([0, missing], [1, 1]), 0.0)
    is_float(csm.health_score([missing, missing], [1, 1]), NAN)


def test_nothing_to_weigh() -> None:
    for scores, weights in (([None, None], [1, 2]), ([50, None], [0, 2]), ([50, 60], [0, 0])):
        is_float(csm.health_score(scores, weights), NAN)
        is_float(csm.health_score(scores, weights, undefined=50), 50.0)
        with pytest.raises(csm.UndefinedMetricError) as caught:
            csm.health_score(scores, weights, undefined="".join(["ra", "ise"]))  # an equal word that is another object
        assert caught.value.metric == "health_score"
        assert caught.value.found == "it is"
    table = [[10, 20], [None, None], [None, 7], [None, None]]
    np.testing.assert_allclose(csm.health_score(table, [1, 1], undefined=-1), [15, -1, 7, -1])
    with pytest.raises(csm.UndefinedMetricError, match="2 of 4 values break it, first at position 1"):
        csm.health_score(table, [1, 1], undefined="raise")


@pytest.mark.parametrize("seed", range(20))
def test_random_scores_equal_the_definition(seed) -> None:
    rng = np.random.default_rng(seed)
    table = rng.random((50, 4)) * 100
    table[rng.random(table.shape) < 0.2] = NAN
    weights = rng.random(4) * 10
    expected = [weighted_mean(row, weights.tolist()) for row in table.tolist()]
    np.testing.assert_allclose(csm.health_score(table, weights), expected, rtol=1e-12)
    np.testing.assert_allclose(csm.health_score(table, weights * 7), expected, rtol=1e-12)
    assert np.nanmin(expected) >= 0
    assert np.nanmax(expected) <= 100


def test_the_bounds_hold_in_spite_of_rounding() -> None:
    for n in range(1, 40):
        assert csm.health_score([100.0] * n, [0.1] * n) <= 100
        assert csm.health_score([0.0] * n, [0.1] * n) == 0


@pytest.mark.parametrize(
    ("scores", "weights", "argument", "message"),
    [
        ([101, 50], [1, 1], "scores", "must be between 0 and 100"),
        ([-1, 50], [1, 1], "scores", "must be between 0 and 100"),
        ([math.inf, 50], [1, 1], "scores", "must be finite"),
        (["80", 50], [1, 1], "scores", "must be numbers"),
        ([True, 50], [1, 1], "scores", "must be numbers"),
        ({"a": "80", "b": 1}, {"a": 1, "b": 1}, "scores['a']", "must be"),
        ({"a": 180, "b": 1}, {"a": 1, "b": 1}, "scores['a']", "must be between 0 and 100"),
        ([50, 50], [1, -1], "weights[1]", "must be >= 0"),
        ([50, 50], [1, math.inf], "weights[1]", "must be finite"),
        ([50, 50], [1, None], "weights[1]", "must not be missing"),
        ([50, 50], [1, "1"], "weights[1]", "must be a number"),
        ({"a": 5}, {"a": -1}, "weights['a']", "must be >= 0"),
        ([50, 50], [1], "weights", "must be as many as"),
        ([50, 50], [1, 1, 1], "weights", "must be as many as"),
        ([50, 50], [[1, 1]], "weights", ""),
        ([50, 50], {"a": 1, "b": 1}, "weights", "must be a sequence"),
        ({"a": 50}, [1], "weights", "must be a mapping"),
        ({"a": 50, "b": 60}, {"a": 1}, "weights", "no weight for 'b'."),
        (pd.DataFrame({"a": [50]}), {"a": 1, "b": 1}, "scores", "no component 'b'"),
        (pd.DataFrame({"a": [50], "b": [1]}), {"a": 1}, "weights", "no weight for 'b'"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), {"a": 1}, "scores", "must name each component once"),
        (50, [1], "scores", "one value per component"),
        ([50], 1, "weights", "one value per component"),
        ([], [], "scores", "one value per component"),
        ({}, {}, "scores", "one value per component"),
        ([pd.Series([1]), pd.Series([2])], [1, 1], "scores", "list of Series"),
        ([[1, 2], [3]], [1, 1], "scores", ""),
    ],
)
def test_what_cannot_be_right_is_refused(scores, weights, argument, message) -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        csm.health_score(scores, weights)
    assert caught.value.metric == "health_score"
    assert caught.value.argument.startswith(argument)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("scores", "weights", "message"),
    [
        ([5, 5, 5], [1, 1], "got 2 weights for 3 components"),
        ([5, 5, 5], np.ones(2), "got 2 weights for 3 components"),
        ([5, 5], np.ones((1, 2)), "got an array of shape (1, 2) for 2 components"),
        (pd.Series({"a": 5}), {"a": 1, "b": 1}, "no component 'b'"),
        (pd.DataFrame([[1, 2, 3]], columns=list("aba")), {"a": 1, "b": 1}, "twice: 'a'"),
        (dict.fromkeys("abcdefgh", 5), {"z": 1}, "no weight for 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'."),
        (dict.fromkeys("abcdefghi", 5), {"z": 1}, "no weight for 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' and 1 more."),
        (dict.fromkeys(range(20), 5), {"z": 1}, "no weight for 0, 1, 2, 3, 4, 5, 6, 7 and 12 more."),
        ({"x" * 70 + n: 101 if n == "b" else 5 for n in "ab"}, {"x" * 70 + n: 1 for n in "ab"}, "`scores[1]` must be"),
        ({"x": 101, "y" * 70: 5}, {"x": 1, "y" * 70: 1}, "`scores['x']` must be"),
        ([5], [1e151], "must be between 0 and 1e+150; got 1e+151"),
        ([5], [-1e151], "must be between 0 and 1e+150; got -1e+151"),
        ([5], [-1e150], "must be >= 0; got -1e+150"),
        (np.zeros((3, 0)), [], "must hold one value per component; got none"),
    ],
)
def test_what_is_said_of_components_and_weights(scores, weights, message) -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        csm.health_score(scores, weights)
    assert message in str(caught.value)


def test_the_largest_weight() -> None:
    is_float(csm.health_score([40, 60], [1e150, 1e150]), 50.0)


def test_no_customers_have_no_scores() -> None:
    assert csm.health_score(np.zeros((0, 3)), [1, 1, 1]).shape == (0,)


def test_arrays_of_others() -> None:
    class Own:
        def __init__(self, *values: float) -> None:
            self.values = values

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return np.array(self.values, dtype=dtype)

    is_float(csm.health_score(Own(47, 59, 21), Own(20, 15, 22)), 2287 / 57)


def test_series_of_different_indexes_are_refused() -> None:
    scores = {"a": pd.Series([1, 2], index=["x", "y"]), "b": pd.Series([1, 2], index=["y", "x"])}
    with pytest.raises(csm.MetricInputError, match="must have the index of the other Series"):
        csm.health_score(scores, {"a": 1, "b": 1})


def test_bad_scores_of_a_column_are_counted() -> None:
    with pytest.raises(csm.MetricInputError, match=r"2 of 4 values break it, first at position 1 \(101\)"):
        csm.health_score({"a": pd.Series([1, 101, None, -1])}, {"a": 1})


def test_nothing_is_changed() -> None:
    frame, weights = pd.DataFrame(SCORES, index=INDEX), dict(WEIGHTS)
    before = frame.copy()
    csm.health_score(frame, weights)
    csm.engagement_score(frame, weights)
    pd.testing.assert_frame_equal(frame, before)
    assert weights == WEIGHTS


# ----------------------------------------------------------------------------------------------------- engagement_score


def test_engagement_of_one_customer() -> None:
    for counts, weights in (
        ([3, 5, 10], [9, 7, 5]),
        (np.array([3, 5, 10]), (9, 7, 5)),
        ({"a": 3, "b": 5, "c": 10}, {"c": 5, "b": 7, "a": 9}),
        (pd.Series({"a": 3, "b": 5, "c": 10}), {"c": 5, "b": 7, "a": 9}),
        (pd.Series({"a": 3, "b": 5, "c": 10}), [9, 7, 5]),
    ):
        is_float(csm.engagement_score(counts, weights), 112.0)


def test_engagement_of_many_customers() -> None:
    frame = pd.DataFrame({"a": [3, 0, None], "b": [5, 2, 1]}, index=INDEX)
    expected = pd.Series([62.0, 14.0, NAN], index=INDEX)
    for counts in (frame, frame.astype("Int64"), {n: frame[n] for n in frame}, frame[["b", "a"]]):
        got = csm.engagement_score(counts, {"a": 9, "b": 7})
        pd.testing.assert_series_equal(got, expected, check_names=False)
    np.testing.assert_allclose(csm.engagement_score(frame.to_numpy(), [9, 7]), expected)
    np.testing.assert_allclose(csm.engagement_score({"a": [3, 0, None], "b": [5, 2, 1]}, {"a": 9, "b": 7}), expected)
    cube = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_allclose(csm.engagement_score(cube, [1, 10, 100, 1000]), cube @ [1, 10, 100, 1000])


def test_engagement_missing_is_never_0_and_weights_may_be_negative() -> None:
    is_float(csm.engagement_score([3, None], [9, 7]), NAN)
    is_float(csm.engagement_score([3, None], [9, 0]), NAN)
    is_float(csm.engagement_score([3, 5], [9, -7]), -8.0)
    is_float(csm.engagement_score([0, 0], [9, 7]), 0.0)
    is_float(csm.engagement_score([3, 5], [0, 0]), 0.0)


@pytest.mark.parametrize(
    ("counts", "weights", "argument"),
    [
        ([-1, 5], [1, 1], "counts"),
        ([math.inf, 5], [1, 1], "counts"),
        (["3", 5], [1, 1], "counts"),
        ([3, 5], [1, math.inf], "weights[1]"),
        ([3, 5], [1, None], "weights[1]"),
        ([3, 5], [1], "weights"),
        ({"a": 3}, {"a": 1, "b": 1}, "counts"),
        ({"a": 3, "b": 1}, {"a": 1}, "weights"),
        (3, [1], "counts"),
        ([3], 1, "weights"),
    ],
)
def test_engagement_refuses(counts, weights, argument) -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        csm.engagement_score(counts, weights)
    assert caught.value.metric == "engagement_score"
    assert caught.value.argument.startswith(argument)


# ----------------------------------------------------------------------------------------- normalize_score, health_band


@pytest.mark.parametrize(
    ("value", "low", "high", "better", "expected"),
    [
        (40, -100, 100, "high", 70.0),
        (-100, -100, 100, "high", 0.0),
        (100, -100, 100, "high", 100.0),
        (0, 0, 10, "low", 100.0),
        (3, 0, 10, "low", 70.0),
        (10, 0, 10, "low", 0.0),
        (12, 0, 10, "low", 0.0),
        (-1, 0, 10, "low", 100.0),
        (12, 0, 10, "high", 100.0),
        (-1, 0, 10, "high", 0.0),
        (0.25, 0, 1, "high", 25.0),
        (0.25, 0, 1, "low", 75.0),
        (-30, -50, -10, "high", 50.0),
        (7, 7, 8, "high", 0.0),
    ],
)
def test_normalize(value, low, high, better, expected) -> None:
    is_float(csm.normalize_score(value, low, high, better=better), expected)
    is_float(csm.normalize_score(np.float32(value), low, high, better=better), expected)
    got = csm.normalize_score(np.array([value, NAN]), low, high, better=better)
    np.testing.assert_allclose(got, [expected, NAN], rtol=1e-12)
    series = csm.normalize_score(pd.Series([value, None], index=["a", "b"], dtype="Float64"), low, high, better=better)
    pd.testing.assert_series_equal(series, pd.Series([expected, NAN], index=["a", "b"]), check_names=False)
    series = csm.normalize_score(pd.Series([value]), [low], np.array([high]), better=better)
    assert series.tolist() == [expected]


def test_normalize_undefined_and_refused() -> None:
    is_float(csm.normalize_score(5, 5, 5), NAN)
    is_float(csm.normalize_score(5, 5, 5, undefined=50), 50.0)
    is_float(csm.normalize_score(None, 0, 1), NAN)
    with pytest.raises(csm.UndefinedMetricError):
        csm.normalize_score(5, 5, 5, undefined="raise")
    with pytest.raises(csm.MetricInputError, match="`low` must be <= `high`") as caught:
        csm.normalize_score(5, 10, 0)
    assert "better='low'" in caught.value.hint
    for bad in ("up", "High", None, 1, ["high"]):
        with pytest.raises(csm.MetricInputError, match="`better` must be one of 'high', 'low'"):
            csm.normalize_score(5, 0, 10, better=bad)
    for arguments in ((math.inf, 0, 1), (5, -math.inf, 1), ("5", 0, 10), (True, 0, 10)):
        with pytest.raises(csm.MetricInputError):
            csm.normalize_score(*arguments)


@pytest.mark.parametrize(
    ("score", "band"),
    # Gainsight's scorecard FAQ: 0-50, 51-75, 76-100; a bound belongs to the band below
    [
        (0, "red"),
        (50, "red"),
        (50.001, "yellow"),
        (51, "yellow"),
        (75, "yellow"),
        (75.5, "green"),
        (76, "green"),
        (100, "green"),
    ],
)
def test_bands_of_gainsight(score, band) -> None:
    assert csm.health_band(score) == band
    assert csm.health_band(np.float64(score)) == band
    assert csm.health_band([score, None]).tolist() == [band, None]
    series = csm.health_band(pd.Series([score, None], index=["a", "b"]))
    assert series.dtype == object
    assert series.to_dict() == {"a": band, "b": None}


def test_bands_of_others_and_missing() -> None:
    assert [csm.health_band(s, red=40, yellow=60) for s in (40, 41, 60, 61)] == ["red", "yellow", "yellow", "green"]
    assert [csm.health_band(s, 50, 50) for s in (50, 51)] == ["red", "green"]
    assert csm.health_band(50, red=[40, 50, None]).tolist() == ["yellow", "red", None]
    for missing in (None, NAN, pd.NA):
        assert csm.health_band(missing) is None
    for arguments in ((101,), (-1,), ("50",), (True,), (50, 80, 70), (50, -1), (50, 50, 101), (math.inf,)):
        with pytest.raises(csm.MetricInputError) as caught:
            csm.health_band(*arguments)
        assert caught.value.metric == "health_band"


# ------------------------------------------------------------------------------------------------------ published cases


def test_group_score_of_gainsight() -> None:
    # "Calculation of Group Scores and Overall Scores", support.gainsight.com: 40.122, displayed as 40
    assert csm.health_score(**GAINSIGHT) == pytest.approx(40.122, abs=1e-3)


def test_override_of_gainsight() -> None:
    # communities.gainsight.com, customer-success-cs-15/6059: an override of weight 100,000 that is NA is ignored
    weights = {"override": 100_000, "support": 30, "adoption": 20, "exec": 25, "nps": 25}
    scores = {"override": None, "support": 80, "adoption": 60, "exec": 40, "nps": 100}
    is_float(csm.health_score(scores, weights), 71.0)
    assert csm.health_score({**scores, "override": 10}, weights) == pytest.approx(10, abs=0.1)


def test_group_of_planhat() -> None:
    # support.planhat.com, "How health is calculated", scores of 0 to 10: 6.25, shown as 6; with a parent of 0 3.75
    for scores, mean in (([10, 5, 5, 5], 6.25), ([0, 5, 5, 5], 3.75)):
        points = csm.normalize_score(np.array(scores), 0, 10)
        assert csm.health_score(points, [1, 1, 1, 1]) / 10 == pytest.approx(mean)


def test_linear_impact_of_planhat() -> None:
    # help.planhat.com, "Setting up your health factors": NPS 0, 7, 10 give -5, +2, +5
    impact = csm.normalize_score(np.array([0, 7, 10]), 0, 10) / 10 - 5
    np.testing.assert_allclose(impact, [-5, 2, 5])


def test_nulls_of_catalyst() -> None:
    # release notes of 21 October 2024: null inputs are skipped; all null, the group is null
    is_float(csm.health_score([90, None], [1, 3]), 90.0)
    is_float(csm.health_score([None, None], [1, 3]), NAN)


def test_weights_of_servicenow() -> None:
    # ServiceNowDocs, account lifecycle health framework: weights that total 1
    weights = {"CSAT": 0.2, "usage": 0.3, "licence": 0.1, "promoters": 0.2, "orders": 0.2}
    scores = {"CSAT": 90, "usage": 50, "licence": 100, "promoters": 60, "orders": 0}
    is_float(csm.health_score(scores, weights), 55.0)
    is_float(csm.health_score(scores, {n: 100 * w for n, w in weights.items()}), 55.0)


SAASTAINED = {  # saastainednumbers.com/es/churn-retention/customer-health-score-calculator
    "nps": {"weight": 25, "low": -100},
    "usage": {"weight": 35},
    "tickets": {"weight": 20, "high": 10, "better": "low"},
    "days_since_login": {"weight": 20, "high": 50, "better": "low"},
}


def test_formula_of_saastained_numbers() -> None:
    # 0.25 (nps + 100) / 2 + 0.35 usage + 0.2 max(0, 100 - 10 tickets) + 0.2 max(0, 100 - 2 days); 72 worked by us
    health = csm.HealthScore.model_validate({"components": SAASTAINED})
    rows = [(40, 70, 3, 10), (-100, 0, 25, 90), (100, 100, 0, 0), (0, 50, 10, 50)]
    frame = pd.DataFrame(rows, columns=["nps", "usage", "tickets", "days_since_login"])
    expected = [
        0.25 * (n + 100) / 2 + 0.35 * u + 0.2 * max(0, 100 - 10 * t) + 0.2 * max(0, 100 - 2 * d) for n, u, t, d in rows
    ]
    assert expected[0] == pytest.approx(72.0)
    np.testing.assert_allclose(health.score(frame)["score"], expected)


def test_engagement_of_accoil() -> None:
    # accoil.com, customer health guide, "Customer engagement": 112, with 20 x 3 and 15 x 1 more 187
    is_float(csm.engagement_score([3, 5, 10], [9, 7, 5]), 112.0)
    is_float(csm.engagement_score([3, 5, 10, 20, 15], [9, 7, 5, 3, 1]), 187.0)


@pytest.mark.parametrize(
    ("baseline", "current", "target", "progress"),
    # Certinia, Customer Success Cloud schema, Objective KPI; worked from its formula. It rounds down to hundredths
    [(100, 130, 160, 50.0), (50, 40, 20, 33.33), (0, 12, 10, 100.0), (10, 5, 20, 0.0), (None, 5, 10, 50.0)],
)
def test_objectives_of_certinia(baseline, current, target, progress) -> None:
    given = {} if baseline is None else {"baseline": baseline}  # the source takes a missing baseline as 0: leave it out
    assert csm.goal_attainment(current, target, **given) == pytest.approx(progress, abs=0.01)


# ---------------------------------------------------------------------------------------------------------- HealthScore


@pytest.fixture
def health() -> csm.HealthScore:
    return csm.HealthScore(
        components={
            "usage": Component(weight=50),
            "nps": Component(weight=20, low=-100),
            "tickets": Component(weight=30, high=10, better="low"),
        },
        min_coverage=60,
    )


@pytest.fixture
def customers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["x", "y", "z", "w", "v"],
            "tickets": [3, 9, None, 0, 0],
            "usage": [70.0, 20, None, 100, 40],
            "nps": [40, None, 10, 100, -100],
        },
        index=pd.Index([11, 7, 5, 3, 11], name="customer"),
    )


def test_the_whole_score(health, customers) -> None:
    got = health.score(customers)
    expected = pd.DataFrame(
        {
            # 0.5 x 70 + 0.2 x 70 + 0.3 x 70; (50 x 20 + 30 x 10) / 80; too little is known; ...; 20 + 0 + 30
            "score": [70.0, 16.25, NAN, 100.0, 50.0],
            "band": "",
            "coverage": [100.0, 80.0, 20.0, 100.0, 100.0],
            "contribution_usage": [35.0, 12.5, NAN, 50.0, 20.0],
            "contribution_nps": [14.0, NAN, NAN, 20.0, 0.0],
            "contribution_tickets": [21.0, 3.75, NAN, 30.0, 30.0],
        },
        index=customers.index,
    )
    assert list(got.columns) == list(expected.columns)
    pd.testing.assert_frame_equal(got.drop(columns="band"), expected.drop(columns="band"), rtol=1e-12)
    assert got["band"].tolist() == ["yellow", "red", None, "green", "red"]


def test_the_contributions_sum_to_the_score(health) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.random((300, 3)) * [120, 250, 14] - [10, 120, 2], columns=["usage", "nps", "tickets"])
    frame = frame.mask(rng.random(frame.shape) < 0.25)
    got = health.score(frame)
    parts = got.filter(like="contribution_")
    scored = got["score"].notna()
    assert scored.any()
    assert not scored.all()
    np.testing.assert_allclose(parts[scored].sum(axis=1), got.loc[scored, "score"], rtol=1e-12)
    assert parts[~scored].isna().all(axis=None)
    assert (parts[scored].isna().to_numpy() == frame[scored].isna().to_numpy()).all()
    assert (scored == (got["coverage"] >= 60)).all()
    assert (got["band"].isna() == ~scored).all()
    points = pd.DataFrame(
        {
            "usage": frame["usage"].clip(0, 100),
            "nps": (frame["nps"].clip(-100, 100) + 100) / 2,
            "tickets": 100 - 10 * frame["tickets"].clip(0, 10),
        }
    )
    by_hand = [weighted_mean(row, [50, 20, 30]) for row in points.to_numpy().tolist()]
    np.testing.assert_allclose(got.loc[scored, "score"], np.array(by_hand)[scored], rtol=1e-9)
    weight = (frame.notna() * [50, 20, 30]).sum(axis=1)
    np.testing.assert_allclose(got["coverage"], weight)


@pytest.mark.parametrize("min_coverage", [0, 20, 50, 80, 80.0001, 100])
def test_the_least_coverage_is_enough(health, customers, min_coverage) -> None:
    config = csm.HealthScore(components=health.components, min_coverage=min_coverage)
    got = config.score(customers)
    assert (got["score"].notna() == (got["coverage"] >= min_coverage)).all()


def test_coverage_that_floats_cannot_hold_is_still_enough() -> None:
    components = {name: Component(weight=0.03) for name in "abcdefghij"}
    config = csm.HealthScore(components=components, min_coverage=70)
    frame = pd.DataFrame({name: [50.0 if name < "h" else NAN] for name in components})
    got = config.score(frame)
    assert got["coverage"].item() < 70  # barely below: 0.03 has no exact float
    assert got["score"].tolist() == pytest.approx([50.0])


def test_who_has_nothing_has_no_score(customers) -> None:
    config = csm.HealthScore(components={"usage": Component(weight=1), "nps": Component(weight=0, low=-100)})
    got = config.score(customers)
    assert got["score"].tolist() == pytest.approx([70, 20, NAN, 100, 40], nan_ok=True)
    assert got["coverage"].tolist() == [100, 100, 0, 100, 100]
    assert got["band"].tolist() == ["yellow", "red", None, "green", "red"]
    assert got["contribution_nps"].dropna().eq(0).all()


def test_the_bands_are_the_configured_ones(health, customers) -> None:
    config = csm.HealthScore(components=health.components, bands=Bands(red=16.25, yellow=70))
    assert config.score(customers)["band"].tolist() == ["yellow", "red", "yellow", "green", "yellow"]


def test_the_frame_stays_and_its_index_is_kept(health, customers) -> None:
    before = customers.copy()
    got = health.score(customers)
    pd.testing.assert_frame_equal(customers, before)
    pd.testing.assert_index_equal(got.index, customers.index)
    deep = customers.set_index("name", append=True)
    pd.testing.assert_index_equal(health.score(deep).index, deep.index)


def test_frames_of_every_dtype(health, customers) -> None:
    expected = health.score(customers)
    numbers = customers[["tickets", "usage", "nps"]]
    for dtype in ("Float64", "double[pyarrow]", object, "float32"):
        pd.testing.assert_frame_equal(health.score(numbers.astype(dtype)), expected, rtol=1e-6)


def test_no_customers(health) -> None:
    got = health.score(pd.DataFrame({"usage": [], "nps": [], "tickets": []}, dtype="float64"))
    assert got.shape == (0, 6)


def test_a_missing_column_is_named(health, customers) -> None:
    with pytest.raises(csm.MissingColumnError) as caught:
        health.score(customers.rename(columns={"tickets": "ticket"}))
    assert isinstance(caught.value, KeyError)
    assert str(caught.value).startswith(
        "HealthScore: no column 'tickets'; this frame has 'name', 'ticket', 'usage', 'nps'"
    )
    assert "rename" in caught.value.hint  # `score` takes no mapping of names
    assert "'ticket'" in caught.value.hint


def test_bad_columns_are_named_after_the_model(health, customers) -> None:
    for bad in ("high", True, math.inf):
        broken = customers.assign(usage=customers["usage"].astype(object))
        broken.iloc[1, broken.columns.get_loc("usage")] = bad
        with pytest.raises(csm.MetricInputError) as caught:
            health.score(broken)
        assert (caught.value.metric, caught.value.argument) == ("HealthScore", "usage")
    twice = pd.concat([customers, customers[["usage"]]], axis=1)
    with pytest.raises(csm.MetricInputError, match="`usage` must be one column"):
        health.score(twice)
    for bad in (customers["usage"], customers.to_dict("list"), None):
        with pytest.raises(csm.MetricInputError, match="`frame` must be a DataFrame"):
            health.score(bad)


def test_a_frame_of_another_engine_is_scored_as_well() -> None:
    import duckdb
    import polars as pl

    health = csm.HealthScore(components={"usage": {"weight": 2}, "nps": {"weight": 1, "low": -100}})
    table = pd.DataFrame({"customer": ["a", "b"], "usage": [70.0, None], "nps": [40, -20]})
    expected = health.score(table.set_index("customer"))
    frame = pl.from_pandas(table)
    for other in (frame, frame.lazy(), frame.to_arrow(), duckdb.sql("select * from frame")):
        found = health.score(other)
        pd.testing.assert_frame_equal(found.sort_index(), expected, check_index_type=False)
    assert health.score(frame.drop("customer")).index.tolist() == [0, 1]


def test_the_score_equals_the_functions(health, customers) -> None:
    points = {
        "usage": csm.normalize_score(customers["usage"], 0, 100),
        "nps": csm.normalize_score(customers["nps"], -100, 100),
        "tickets": csm.normalize_score(customers["tickets"], 0, 10, better="low"),
    }
    score = csm.health_score(points, {"usage": 50, "nps": 20, "tickets": 30})
    got = health.score(customers)
    pd.testing.assert_series_equal(got["score"].dropna(), score[got["score"].notna()], check_names=False)
    assert got["band"].tolist() == csm.health_band(got["score"]).tolist()


# --------------------------------------------------------------------------------------------------- the configuration

GOOD: dict[str, Any] = {"components": {"usage": {"weight": 1}}}


def test_json_round_trip(health, customers) -> None:
    text = health.model_dump_json()
    again = csm.HealthScore.model_validate_json(text)
    assert again == health
    pd.testing.assert_frame_equal(again.score(customers), health.score(customers))
    assert json.loads(text)["components"]["tickets"] == {"weight": 30.0, "low": 0.0, "high": 10.0, "better": "low"}
    assert csm.HealthScore.model_validate(health.model_dump()) == health
    assert csm.HealthScore.model_json_schema()["additionalProperties"] is False


def test_defaults() -> None:
    config = csm.HealthScore.model_validate({"components": {"usage": {"weight": 1}}})
    assert config.bands == Bands(red=50, yellow=75)
    assert config.min_coverage == 0
    assert config.components["usage"] == Component(weight=1, low=0, high=100, better="high")


def test_bands_may_be_a_pair() -> None:
    for pair in ((40, 60), [40, 60]):
        assert csm.HealthScore.model_validate({**GOOD, "bands": pair}).bands == Bands(red=40, yellow=60)
    assert (
        csm.HealthScore.model_validate_json('{"components": {"u": {"weight": 1}}, "bands": [40, 60]}').bands.red == 40
    )


def test_frozen(health) -> None:
    for model, name, value in (
        (health, "min_coverage", 0.0),
        (health, "components", {}),
        (health.bands, "red", 10.0),
        (health.components["usage"], "weight", 3.0),
    ):
        with pytest.raises(pydantic.ValidationError, match="frozen"):
            setattr(model, name, value)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"components": {}},
        {"components": []},
        {"components": {"usage": {}}},
        {"components": {"usage": 1}},
        {"components": {"usage": {"weight": -1}}},
        {"components": {"usage": {"weight": 0}}},
        {"components": {"usage": {"weight": math.nan}}},
        {"components": {"usage": {"weight": math.inf}}},
        {"components": {"usage": {"weight": "1"}}},
        {"components": {"usage": {"weight": True}}},
        {"components": {"usage": {"weight": 1, "low": 10, "high": 10}}},
        {"components": {"usage": {"weight": 1, "low": 10, "high": 0}}},
        {"components": {"usage": {"weight": 1, "low": -math.inf}}},
        {"components": {"usage": {"weight": 1, "high": math.nan}}},
        {"components": {"usage": {"weight": 1, "better": "up"}}},
        {"components": {"usage": {"weight": 1, "heigh": 5}}},
        {"components": {1: {"weight": 1}}},
        {**GOOD, "bands": {"red": 80}},
        {**GOOD, "bands": {"red": -1}},
        {**GOOD, "bands": {"yellow": 101}},
        {**GOOD, "bands": {"green": 90}},
        {**GOOD, "bands": [50]},
        {**GOOD, "bands": [25, 50, 75]},
        {**GOOD, "bands": [75, 50]},
        {**GOOD, "bands": ["50", "75"]},
        {**GOOD, "bands": "50"},
        {**GOOD, "min_coverage": 101},
        {**GOOD, "min_coverage": -1},
        {**GOOD, "min_coverage": "60"},
        {**GOOD, "min_coverage": math.nan},
        {**GOOD, "coverage": 60},
    ],
    ids=str,
)
def test_bad_configurations_are_refused(config) -> None:
    with pytest.raises(pydantic.ValidationError):
        csm.HealthScore.model_validate(config)


def test_low_above_high_says_what_to_do() -> None:
    with pytest.raises(pydantic.ValidationError, match="better='low'"):
        Component(weight=1, low=10, high=0)
