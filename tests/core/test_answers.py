"""Raw answers to NPS, CSAT and CES: one column in, one number out, for any container."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm
from csmetrics.core import _answers

SCORES = [10, 9, 9, 8, 7, 7, 6, 6, 3, 1]  # 3 promoters, 3 passives, 4 detractors: NPS -10
RATINGS = [5, 5, 5, 4, 4, 3, 2, 1, 1, 2]  # 5 of 10 are 4 or 5; the sum is 32

REDUCERS: dict[str, tuple[Callable[..., float], str, list[int], float]] = {
    "nps_from_scores": (csm.nps_from_scores, "scores", SCORES, -10.0),
    "csat_from_ratings": (csm.csat_from_ratings, "ratings", RATINGS, 50.0),
    "csat_mean_from_ratings": (csm.csat_mean_from_ratings, "ratings", RATINGS, 3.2),
    "ces_from_ratings": (csm.ces_from_ratings, "ratings", [7, 7, 6, 5, 5, 4, 3, 2, 1, 1], 4.1),
}
WEIGHTED = {name: REDUCERS[name] for name in ("nps_from_scores", "csat_from_ratings")}
WHOLE = tuple(WEIGHTED)

WITHOUT_GAPS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "list of float": lambda v: [float(x) for x in v],
    "list of numpy scalars": lambda v: [np.int8(x) for x in v],
    "list of Decimal": lambda v: [Decimal(x) for x in v],
    **{
        dtype: (lambda v, dtype=dtype: np.array(v, dtype=dtype))
        for dtype in (
            *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
            *("float16", "float32", "float64", "longdouble", ">i4", ">f8", "object"),
        )
    },
    "strided": lambda v: np.repeat(v, 2)[::2],
    "negative stride": lambda v: np.array(v[::-1])[::-1],
    "read-only": lambda v: np.broadcast_to(np.array(v), (len(v),)),
    "masked": lambda v: np.ma.masked_array([*v, 99], mask=[False] * len(v) + [True]),
    "Index": lambda v: pd.Index(v),
    "Series of int8": lambda v: pd.Series(v, dtype="int8"),
    "Series with labels": lambda v: pd.Series(v, index=[f"c{i}" for i in range(len(v))]),
    "Series with equal labels": lambda v: pd.Series(v, index=[0] * len(v)),
    "Int8": lambda v: pd.Series(v, dtype="Int8"),
    "UInt64": lambda v: pd.Series(v, dtype="UInt64"),
    "Float32": lambda v: pd.Series(v, dtype="Float32"),
    "extension array": lambda v: pd.array(v, dtype="Int64"),
    "arrow int8": lambda v: pd.Series(v, dtype="int8[pyarrow]"),
    "arrow uint64": lambda v: pd.Series(v, dtype="uint64[pyarrow]"),
    "arrow double": lambda v: pd.Series(v, dtype="double[pyarrow]"),
    "categorical": lambda v: pd.Series(v, dtype="category"),
    "sparse": lambda v: pd.Series(pd.arrays.SparseArray(np.array(v, dtype=np.float64))),
}

WITH_GAPS: dict[str, Callable[[list[Any]], Any]] = {
    "list with None": lambda v: [*v, None, None],
    "list with NaN": lambda v: [math.nan, *v, math.nan],
    "list with NA": lambda v: [pd.NA, *v],
    "list with NaT": lambda v: [pd.NaT, *v],
    "list with Decimal NaN": lambda v: [Decimal("nan"), *v],
    "float16": lambda v: np.array([*v, math.nan], dtype="float16"),
    "float32": lambda v: np.array([math.nan, *v], dtype="float32"),
    "float64": lambda v: np.array([*v[:5], math.nan, *v[5:]]),
    "object": lambda v: np.array([*v, None, math.nan, pd.NA], dtype=object),
    "masked": lambda v: np.ma.masked_array([*v, -1], mask=[False] * len(v) + [True]),
    "Series of float": lambda v: pd.Series([None, *v], dtype="float64"),
    "Series of objects": lambda v: pd.Series([*v, None, pd.NA], dtype=object),
    "Int8": lambda v: pd.Series([*v, None], dtype="Int8"),
    "Float64": lambda v: pd.Series([None, *v], dtype="Float64"),
    "arrow int8": lambda v: pd.Series([*v, None], dtype="int8[pyarrow]"),
    "arrow float": lambda v: pd.Series([*v, None], dtype="float[pyarrow]"),
    "categorical": lambda v: pd.Series([*v, None], dtype="category"),
}


def exactly(value: Any, expected: float) -> None:
    assert type(value) is float
    assert value == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)


# --------------------------------------------------------------------------------------------------------- containers


@pytest.mark.parametrize("container", WITHOUT_GAPS.values(), ids=WITHOUT_GAPS)
@pytest.mark.parametrize(("reduce", "_argument", "values", "expected"), REDUCERS.values(), ids=REDUCERS)
def test_every_container_gives_the_same_float(reduce, _argument, values, expected, container) -> None:
    exactly(reduce(container(values)), expected)


@pytest.mark.parametrize("container", WITH_GAPS.values(), ids=WITH_GAPS)
@pytest.mark.parametrize(("reduce", "_argument", "values", "expected"), REDUCERS.values(), ids=REDUCERS)
def test_missing_answers_leave_the_base(reduce, _argument, values, expected, container) -> None:
    exactly(reduce(container(values)), expected)


@pytest.mark.parametrize(("reduce", "argument", "values", "expected"), REDUCERS.values(), ids=REDUCERS)
def test_by_keyword_and_from_the_accessor(reduce, argument, values, expected) -> None:
    exactly(reduce(**{argument: values}), expected)
    accessor = pd.Series(values).csm
    exactly(getattr(accessor, reduce.__name__.partition("_from_")[0])(), expected)


@pytest.mark.parametrize(("reduce", "_argument", "values", "_expected"), REDUCERS.values(), ids=REDUCERS)
def test_the_order_of_the_rows_does_not_matter_and_nothing_is_changed(reduce, _argument, values, _expected) -> None:
    column = pd.Series([*values, None], dtype="float64", name="answers")
    before = column.copy()
    assert reduce(column) == reduce(column[::-1])
    pd.testing.assert_series_equal(column, before)


@pytest.mark.parametrize("base", [list, lambda v: np.array(v, dtype=float)], ids=["list", "array"])
@pytest.mark.parametrize("values", [[], [None], [None, math.nan, None]], ids=["empty", "one missing", "all missing"])
@pytest.mark.parametrize(("reduce", "argument", "_values", "_expected"), REDUCERS.values(), ids=REDUCERS)
def test_nobody_answered(reduce, argument, _values, _expected, values, base) -> None:
    column = base(values)
    exactly(reduce(column), math.nan)
    exactly(reduce(column, undefined=0), 0.0)
    exactly(reduce(column, undefined=-7), -7.0)
    with pytest.raises(csm.UndefinedMetricError) as caught:
        reduce(column, undefined="raise")
    assert (caught.value.metric, caught.value.argument) == (reduce.__name__, argument)
    assert caught.value.found == ("it is empty" if not values else f"all {len(values)} are missing")


@pytest.mark.parametrize(("reduce", "_argument", "values", "expected"), REDUCERS.values(), ids=REDUCERS)
def test_undefined_is_not_used_where_somebody_answered(reduce, _argument, values, expected) -> None:
    exactly(reduce(values, undefined="raise"), expected)
    exactly(reduce(values, undefined=0), expected)
    for bad in ("nan", "Raise", None, True, [0]):
        with pytest.raises(csm.MetricInputError, match="`undefined` must be a number or 'raise'"):
            reduce(values, undefined=bad)


@pytest.mark.parametrize("dtype", ["float64", "Int64", "int64[pyarrow]", "category", object])
def test_an_all_missing_series_is_nobody(dtype) -> None:
    exactly(csm.nps_from_scores(pd.Series([None, None], dtype=dtype)), math.nan)


# --------------------------------------------------------------------------------------------------- what is no answer


@pytest.mark.parametrize(
    ("reduce", "values", "scale"),
    [
        (csm.nps_from_scores, [9, 11, 8, -1], "between 0 and 10"),
        (csm.nps_from_scores, np.array([9, 11, 8, 99], dtype=np.int8), "between 0 and 10"),
        (csm.nps_from_scores, np.array([0, 255, 3, 255], dtype=np.uint8), "between 0 and 10"),
        (csm.nps_from_scores, [9, math.inf, None, -math.inf], "between 0 and 10"),
        (csm.nps_from_scores, [9.0, 10.5, 8, 11], "between 0 and 10"),
        (csm.csat_from_ratings, [5, 0, None, 6], "between 1 and 5"),
        (csm.csat_mean_from_ratings, [1, 0.999, 5, 5.001], "between 1 and 5"),
        (csm.ces_from_ratings, pd.Series([7, 8, 1, 0], dtype="Int8"), "between 1 and 7"),
    ],
)
def test_out_of_scale_is_an_error_with_count_and_first_position(reduce, values, scale) -> None:
    with pytest.raises(csm.MetricInputError, match=f"must be {scale}") as caught:
        reduce(values)
    error = caught.value
    assert (error.metric, error.argument) == (reduce.__name__, next(iter(csm.catalog[reduce.__name__].inputs)))
    assert error.found.startswith("2 of 4 values break it, first at position 1 (")
    assert error.hint


def test_the_message_in_full() -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        csm.nps_from_scores([9, 10, 11, 3])
    assert str(caught.value) == (
        "nps_from_scores: `scores` must be between 0 and 10; 1 of 4 values break it, first at position 2 (11). "
        "Hint: where a code stands for no answer, put None or NaN first"
    )


def test_zero_is_no_answer_on_1_to_10() -> None:
    values = [9, 10, 6, 0]
    exactly(csm.nps_from_scores(values), 0.0)
    exactly(csm.nps_from_scores([9, 10, 6, 1], scale=(1, 10)), 0.0)
    with pytest.raises(
        csm.MetricInputError, match=r"`scores` must be between 1 and 10; 1 of 4 .* first at position 3 \(0\)"
    ):
        csm.nps_from_scores(values, scale=(1, 10))


@pytest.mark.parametrize("reduce", [csm.nps_from_scores, csm.csat_from_ratings])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
def test_fractions_belong_to_no_class(reduce, dtype) -> None:
    with pytest.raises(csm.MetricInputError, match="must be whole numbers; 2 of 5 values") as caught:
        reduce(np.array([4, math.nan, 3.5, 2.25, 5], dtype=dtype))
    assert "first at position 2 (3.5)" in caught.value.found
    assert "average" in caught.value.hint


@pytest.mark.parametrize("reduce", [csm.csat_mean_from_ratings, csm.ces_from_ratings])
def test_means_take_half_stars(reduce) -> None:
    exactly(reduce([3.5, 4.5, None, 1]), 3.0)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (["9", 10, 3], "the text '9'"),
        (np.array(["9", "10"]), "the text '9'"),
        (pd.Series(["9", "10"]), "the text '9'"),
        (pd.Series(["9", "10"], dtype="string"), "the text '9'"),
        (pd.Series(["9", "10"], dtype="category"), "the text '9'"),
        ([True, 3], "the bool True"),
        (np.array([True, False]), "the bool True"),
        (pd.Series([True, None], dtype="boolean"), "the bool True"),
        (pd.Series([True, False], dtype="bool[pyarrow]"), "the bool True"),
        ([1j, 3], "a complex"),
        (np.array([1j, 3]), "a complex"),
        ([date(2026, 1, 1), 3], "a date"),
        (np.array(["2026-01-01"], dtype="M8[D]"), "got dates"),
        (pd.Series(pd.to_datetime(["2026-01-01"])), "got dates"),
        (pd.Series(pd.to_timedelta([9], unit="s")), "got durations"),
        ([[1], 2], "a list"),
        ([{"a": 1}, 3], "a dict"),
    ],
)
@pytest.mark.parametrize("reduce", [entry[0] for entry in REDUCERS.values()], ids=REDUCERS)
def test_what_is_no_number_is_refused(reduce, values, what) -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        reduce(values)
    argument = next(iter(csm.catalog[reduce.__name__].inputs))
    assert (caught.value.metric, caught.value.argument) == (reduce.__name__, argument)
    assert "must be" in caught.value.rule
    assert "numbers" in caught.value.rule
    assert what in caught.value.found


def test_text_is_counted_and_its_first_place_named() -> None:
    with pytest.raises(csm.MetricInputError, match="`scores` must be numbers; 2 of 4 values are not") as caught:
        csm.nps_from_scores([9, "10", None, "n/a"])
    assert "first at position 1 (the text '10')" in caught.value.found
    assert "pd.to_numeric" in caught.value.hint
    code = caught.value.hint.rpartition("before that: ")[2]
    with pytest.raises(NameError, match="its_number"):  # a number in the hint would become the answer
        eval(code, {"column": pd.Series([9, "n/a"])})


@pytest.mark.parametrize(
    "values",
    [9, 9.0, np.int64(9), None, math.nan, pd.NA, "10", {9: 3}, {9, 10}, object(), np.array(9), iter([9])],
    ids=lambda value: repr(value).split(" at 0x")[0],
)
@pytest.mark.parametrize("reduce", [entry[0] for entry in REDUCERS.values()], ids=REDUCERS)
def test_what_is_no_column_is_refused(reduce, values) -> None:
    with pytest.raises(csm.MetricInputError, match="must be a column of numbers") as caught:
        reduce(values)
    assert caught.value.metric == reduce.__name__


@pytest.mark.parametrize(
    ("values", "found", "hint"),
    [
        (9, "got 9", "[9]"),
        (pd.NA, "got a NAType", "[9]"),
        ("1" * 50, "got '" + "1" * 39 + "...", "[9]"),
        ({9: 3}, "got a dict", "[9]"),
        (np.array(9), "got an array of shape ()", "[9]"),
        (np.ones((2, 3)), "got an array of shape (2, 3)", "pick one column"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_is_said_of_no_column(values, found, hint) -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        csm.nps_from_scores(values)
    assert caught.value.found == found
    assert hint in caught.value.hint
    with pytest.raises(csm.MetricInputError) as caught:
        csm.nps_from_scores([9], weights=values)
    assert caught.value.found == found
    assert ("one weight per answer" if hint == "[9]" else hint) in caught.value.hint


@pytest.mark.parametrize(
    "values", [np.ones((2, 3)), [[1, 2], [3, 4]], pd.DataFrame({"a": [1], "b": [2]}), np.ones((3, 1))]
)
@pytest.mark.parametrize("reduce", [entry[0] for entry in REDUCERS.values()], ids=REDUCERS)
def test_two_dimensions_are_refused(reduce, values) -> None:
    with pytest.raises(csm.MetricInputError, match="must be a column of numbers"):
        reduce(values)


# ------------------------------------------------------------------------------------------------------- scale and top


@pytest.mark.parametrize("scale", [(0, 10), (1, 10), [0, 10], (np.int64(1), np.int64(10))], ids=str)
def test_the_two_nps_scales(scale) -> None:
    exactly(csm.nps_from_scores(SCORES, scale=scale), -10.0)


@pytest.mark.parametrize("score", range(11))
def test_every_score_has_its_class(score) -> None:
    expected = 100.0 if score >= 9 else 0.0 if score >= 7 else -100.0
    exactly(csm.nps_from_scores([score]), expected)
    if score:
        exactly(csm.nps_from_scores([score], scale=(1, 10)), expected)


@pytest.mark.parametrize(
    "scale",
    [
        (1, 5),
        (1, 7),
        (0, 100),
        (-10, 10),
        (0, 11),
    ],
    ids=str,
)
def test_other_nps_scales_need_their_cut_points(scale) -> None:
    with pytest.raises(csm.MetricInputError, match=r"`scale` must be \(0, 10\) or \(1, 10\)") as caught:
        csm.nps_from_scores([5], scale=scale)
    assert (caught.value.metric, caught.value.argument) == ("nps_from_scores", "scale")
    assert "promoters=5, detractors=3 on (1, 5)" in caught.value.hint
    with pytest.raises(csm.MetricInputError, match="promoters= and detractors="):
        csm.nps_from_scores([5], scale=scale, promoters=5)


@pytest.mark.parametrize("scale", [(10, 0), (0,), (0, 5, 10), 10, "0-10", None, (0.0, 10.0), (False, 10)], ids=str)
def test_what_is_no_nps_scale(scale) -> None:
    with pytest.raises(csm.MetricInputError, match=r"`scale` must be the lowest and the highest answer"):
        csm.nps_from_scores([5], scale=scale, promoters=5, detractors=3)


@pytest.mark.parametrize(
    ("scale", "promoters", "detractors", "expected"),
    [
        ((1, 5), 5, 3, [-100, -100, -100, 0, 100]),
        ((1, 5), 4, 2, [-100, -100, 0, 100, 100]),
        ((1, 3), 3, 1, [-100, 0, 100]),
        ((0, 1), 1, 0, [-100, 100]),
        ((1, 10), 10, None, [-100, -100, -100, -100, -100, -100, 0, 0, 0, 100]),
        ((1, 10), None, 5, [-100, -100, -100, -100, -100, 0, 0, 0, 100, 100]),
    ],
)
def test_cut_points_of_other_scales(scale, promoters, detractors, expected) -> None:
    cuts = {"scale": scale, "promoters": promoters, "detractors": detractors}
    got = [csm.nps_from_scores([score], **cuts) for score in range(scale[0], scale[1] + 1)]
    assert got == expected
    assert csm.explain(csm.nps_from_scores, scores=[scale[1], scale[0]], **cuts).result == 0


@pytest.mark.parametrize(
    ("cuts", "argument", "rule"),
    [
        ({"promoters": 6, "detractors": 3}, "promoters", "must be a whole number between 1 and 5"),
        ({"promoters": 5, "detractors": 0}, "detractors", "must be a whole number between 1 and 5"),
        ({"promoters": 3, "detractors": 3}, "detractors", "must be less than `promoters`"),
        ({"promoters": 4.5, "detractors": 3}, "promoters", "must be a whole number between 1 and 5"),
        ({"promoters": True, "detractors": 0}, "promoters", "must be a whole number between 1 and 5"),
    ],
)
def test_cut_points_that_cannot_be(cuts, argument, rule) -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        csm.nps_from_scores([5], scale=(1, 5), **cuts)
    assert (caught.value.argument, caught.value.rule) == (argument, rule)


@pytest.mark.parametrize(
    "scale", [(5, 1), (5, 5), (1,), (1, 2, 3), 5, "1-5", None, (1, 5.5), (True, 5), (1, None)], ids=str
)
@pytest.mark.parametrize("reduce", [csm.csat_from_ratings, csm.csat_mean_from_ratings, csm.ces_from_ratings])
def test_impossible_rating_scales_are_refused(reduce, scale) -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        reduce([1], scale=scale)
    assert (caught.value.metric, caught.value.argument) == (reduce.__name__, "scale")


def test_a_scale_ends_where_floats_still_hold_every_whole_number() -> None:
    far = 2**53
    exactly(csm.csat_mean_from_ratings([0, 4], scale=(-far, far)), 2.0)
    for scale in ((-far - 1, 5), (1, far + 1)):
        with pytest.raises(csm.MetricInputError, match="`scale` must be the lowest and the highest answer"):
            csm.csat_mean_from_ratings([1, 4], scale=scale)


@pytest.mark.parametrize(
    ("top", "scale", "expected"),
    [
        (1, (1, 5), 30.0),
        (2, (1, 5), 50.0),
        (3, (1, 5), 60.0),
        (4, (1, 5), 80.0),
        (1, (0, 5), 30.0),
        (5, (0, 5), 100.0),
        (2, (1, 7), 0.0),
        (3, (1, 7), 30.0),
        (3, (-2, 5), 60.0),
    ],
)
def test_top_counts_from_the_highest_of_the_scale(top, scale, expected) -> None:
    exactly(csm.csat_from_ratings(RATINGS, scale=scale, top=top), expected)
    exactly(csm.csat_from_ratings(np.array(RATINGS, dtype=np.int8), scale=scale, top=np.int8(top)), expected)


@pytest.mark.parametrize("top", [0, -1, 5, 6, 1.5, 2.0, True, "2", [2]], ids=repr)
def test_impossible_tops_are_refused(top) -> None:
    with pytest.raises(csm.MetricInputError, match="`top` must be a whole number between 1 and 4") as caught:
        csm.csat_from_ratings(RATINGS, top=top)
    assert (caught.value.metric, caught.value.argument) == ("csat_from_ratings", "top")
    with pytest.raises(csm.MetricInputError, match="`top` must be a whole number between 1 and 3"):
        csm.csat_from_ratings(RATINGS, scale=(2, 5), top=4)


@pytest.mark.parametrize("low_high", [(0, 1000), (-1000, 1000), (1, 70_000)], ids=str)
@pytest.mark.parametrize("dtype", ["int8", "uint8", "float16", "float32", "int64"])
def test_a_scale_may_be_wider_than_the_dtype(dtype, low_high) -> None:
    values = np.array([1, 2, 6], dtype=dtype)
    exactly(csm.csat_mean_from_ratings(values, scale=low_high), 3.0)
    exactly(csm.csat_from_ratings(values, scale=low_high), 0.0)


def test_means_stay_on_the_scale() -> None:
    tenth = np.full(10, 0.1 + 0.2) * 10  # each a hair above 3
    with pytest.raises(csm.MetricInputError, match="between 1 and 3"):
        csm.ces_from_ratings(tenth, scale=(1, 3))
    for n in (3, 10, 49, 1001):
        exactly(csm.ces_from_ratings(np.full(n, 7.0)), 7.0)
        exactly(csm.csat_mean_from_ratings(np.full(n, 1, dtype=np.int8)), 1.0)


# -------------------------------------------------------------------------------------------------------------- weights


def weighted_nps(scores: list[Any], weights: list[Any]) -> float:
    pairs = [(s, Fraction(w)) for s, w in zip(scores, weights, strict=True) if s is not None]
    total = sum(w for _, w in pairs)
    return float(100 * sum(w * ((s >= 9) - (s <= 6)) for s, w in pairs) / total)


@pytest.mark.parametrize("container", WITHOUT_GAPS.values(), ids=WITHOUT_GAPS)
def test_weights_in_every_container(container) -> None:
    weights = container([3, 1, 4, 1, 5, 9, 2, 6, 5, 3])  # promoters 8, passives 15, detractors 16
    scores = [*SCORES, None][: len(weights)]
    exactly(csm.nps_from_scores(scores, weights=weights), -800 / 39)
    exactly(
        csm.csat_from_ratings([None if s is None else 5 if s > 6 else 1 for s in scores], weights=weights), 2300 / 39
    )


def test_equal_weights_change_nothing() -> None:
    for weight in (1, 0.1, 1e-9, 1e12):
        exactly(csm.nps_from_scores(SCORES, weights=[weight] * 10), -10.0)
        exactly(csm.csat_from_ratings(RATINGS, weights=[weight] * 10), 50.0)


def test_a_weight_counts_like_as_many_rows() -> None:
    weights = [3, 0, 4, 1, 5, 9, 2, 6, 5, 3]
    repeated = [s for s, w in zip(SCORES, weights, strict=True) for _ in range(w)]
    exactly(csm.nps_from_scores(SCORES, weights=weights), csm.nps_from_scores(repeated))
    repeated = [s for s, w in zip(RATINGS, weights, strict=True) for _ in range(w)]
    exactly(csm.csat_from_ratings(RATINGS, weights=weights), csm.csat_from_ratings(repeated))


def test_two_series_must_share_their_index() -> None:
    scores = pd.Series([10, 0], index=["a", "b"])
    weights = pd.Series([3, 1], index=["a", "b"])
    exactly(csm.nps_from_scores(scores, weights=weights), 50.0)
    exactly(csm.nps_from_scores(scores, weights=[3, 1]), 50.0)
    exactly(csm.nps_from_scores([10, 0], weights=weights), 50.0)
    for other in (weights[::-1], weights.rename({"b": "c"}), weights.reset_index(drop=True)):
        with pytest.raises(csm.MetricInputError, match="must have the index of the other Series") as caught:
            csm.nps_from_scores(scores, weights=other)
        assert (caught.value.metric, caught.value.argument) == ("nps_from_scores", "weights")


@pytest.mark.parametrize(("reduce", "argument", "_values", "_expected"), WEIGHTED.values(), ids=WEIGHTED)
@pytest.mark.parametrize("weights", [[1], [1, 1], [1, 1, 1, 1], []], ids=str)
def test_weights_of_another_length_are_refused(reduce, argument, _values, _expected, weights) -> None:
    for make in (list, np.array, pd.Series):
        with pytest.raises(csm.MetricInputError, match=f"`weights` must be as many as `{argument}`") as caught:
            reduce([5, 4, 1], weights=make(weights) if len(weights) else np.array([]))
        assert caught.value.found == f"got {len(weights)} weights for 3 answers"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, -1, 2, -3], r"finite and >= 0; 2 of 4 values break it, first at position 1 \(-1\)"),
        ([1, math.inf, 2, 3], r"finite and >= 0; 1 of 4 values break it, first at position 1 \(inf\)"),
        ([1, 1, None, 1], r"1 of 4 values break it, first at position 2 \(nan\)"),
        ([1, 1, pd.NA, None], r"2 of 4 values break it, first at position 2 \(nan\)"),
        ([1, "2", 3, 4], r"must be numbers; 1 of 4 values are not, first at position 1"),
        ([1, True, 3, 4], r"must be numbers; 1 of 4 values are not, first at position 1"),
        ([1j, 1, 1, 1], r"must be numbers"),
        (np.ones((4, 1)), r"must be a column of numbers"),
        (1, r"must be a column of numbers"),
        ("1", r"must be a column of numbers"),
        ([1e308, 1e308, 1, 1], r"must be small enough to add up"),
    ],
)
@pytest.mark.parametrize(("reduce", "_argument", "_values", "_expected"), WEIGHTED.values(), ids=WEIGHTED)
def test_impossible_weights_are_refused(reduce, _argument, _values, _expected, weights, message) -> None:
    with pytest.raises(csm.MetricInputError, match=message) as caught:
        reduce([5, 4, 3, 1], weights=weights)
    assert (caught.value.metric, caught.value.argument) == (reduce.__name__, "weights")


def test_beside_a_missing_answer_a_weight_does_not_matter() -> None:
    exactly(csm.nps_from_scores([10, None, 0], weights=[3, None, 1]), 50.0)
    exactly(csm.nps_from_scores([10, None, 0], weights=[3, 1e6, 1]), 50.0)
    with pytest.raises(csm.MetricInputError, match="`weights` must be finite and >= 0"):
        csm.nps_from_scores([10, None, 0], weights=[3, -1, 1])


def test_weights_that_are_all_0_weigh_nobody() -> None:
    exactly(csm.nps_from_scores([10, 0], weights=[0, 0]), math.nan)
    exactly(csm.csat_from_ratings([5, 1], weights=[0.0, 0.0], undefined=-1), -1.0)
    with pytest.raises(csm.UndefinedMetricError, match="weigh 0"):
        csm.nps_from_scores([10, None], weights=[0, 7], undefined="raise")
    exactly(csm.nps_from_scores([10, 0, 0], weights=[1, 0, 0]), 100.0)


def test_weights_may_add_up_to_what_products_can_still_hold() -> None:
    exactly(csm.nps_from_scores([10, 9, 7, 0], weights=[5e149, 0, 0, 5e149]), 0.0)
    with pytest.raises(csm.MetricInputError, match="`weights` must be small enough to add up"):
        csm.nps_from_scores([10, 0], weights=[1e150, 1e140])


def test_weighting_is_not_offered_for_means() -> None:
    for reduce in (csm.csat_mean_from_ratings, csm.ces_from_ratings):
        with pytest.raises(TypeError):
            reduce([1, 2], weights=[1, 1])


# --------------------------------------------------------------------------------------------------- size and blocks


def brute(name: str, values: list[float | None]) -> float:
    """Restate the definition, answer by answer, in exact numbers."""
    given = [Fraction(v) for v in values if v is not None and v == v]
    if name == "nps_from_scores":
        return float(Fraction(100 * (sum(v >= 9 for v in given) - sum(v <= 6 for v in given)), len(given)))
    if name == "csat_from_ratings":
        return float(Fraction(100 * sum(v in (4, 5) for v in given), len(given)))
    return float(sum(given) / len(given))


def random_answers(name: str, n: int, missing: float, seed: int = 7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    low, high = {"nps_from_scores": (0, 10), "ces_from_ratings": (1, 7)}.get(name, (1, 5))
    values = rng.integers(low, high + 1, n).astype(float)
    values[rng.random(n) < missing] = math.nan
    return values


@pytest.mark.parametrize("name", REDUCERS)
@pytest.mark.parametrize("missing", [0.0, 0.3], ids=["full", "with gaps"])
@pytest.mark.parametrize("n", [1, 2, 99, 1000])
def test_the_size_of_the_blocks_does_not_matter(monkeypatch, name, missing, n) -> None:
    values = random_answers(name, n, missing)
    values[0] = 5
    reduce, expected = REDUCERS[name][0], brute(name, values.tolist())
    exactly(reduce(values), expected)
    for block in (1, 2, 3, n - 1, n, n + 1):
        monkeypatch.setattr(_answers, "BLOCK", max(block, 1))
        monkeypatch.setattr(_answers, "BYTES", 1)
        exactly(reduce(values), expected)
        if not missing:
            exactly(reduce(values.astype(np.int8)), expected)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("block", [1, 2, 3, 7, 99, 100, 101])
def test_the_size_of_the_blocks_does_not_matter_to_weights(monkeypatch, name, block) -> None:
    values = random_answers(name, 100, 0.3)
    weights = np.random.default_rng(8).integers(0, 50, 100)
    reduce = REDUCERS[name][0]
    repeated = np.repeat(values, weights)
    monkeypatch.setattr(_answers, "BLOCK", block)
    expected = brute(name, repeated.tolist())
    exactly(reduce(values, weights=weights), expected)
    holes = np.where(np.isnan(values), np.nan, weights)
    exactly(reduce(values, weights=holes), expected)
    exactly(reduce(values, weights=pd.Series(weights, dtype="int32[pyarrow]")), expected)


def test_blocks_without_and_with_gaps_mix(monkeypatch) -> None:
    monkeypatch.setattr(_answers, "BLOCK", 3)
    monkeypatch.setattr(_answers, "BYTES", 1)
    nan = math.nan
    values = [10, 9, 3, nan, nan, nan, nan, 7, 0, 10, 10, 10, nan]  # 5 promoters, 1 passive, 2 detractors
    exactly(csm.nps_from_scores(values), 37.5)
    exactly(csm.nps_from_scores(values, weights=[1.0] * 13), 37.5)
    exactly(csm.ces_from_ratings([7, 7, 1, nan, nan, nan, nan, 5, 5]), 5.0)


@pytest.mark.parametrize("block", [1, 2, 4, 100])
def test_an_error_in_a_later_block_is_counted_over_all(monkeypatch, block) -> None:
    monkeypatch.setattr(_answers, "BLOCK", block)
    monkeypatch.setattr(_answers, "BYTES", 1)
    with pytest.raises(csm.MetricInputError, match=r"2 of 8 values break it, first at position 5 \(11\)"):
        csm.nps_from_scores([1, math.nan, 3, 4, 5, 11, 6, -1])
    with pytest.raises(
        csm.MetricInputError, match=r"whole numbers; 2 of 6 values break it, first at position 3 \(4.5\)"
    ):
        csm.csat_from_ratings([1, math.nan, 3, 4.5, 5, 1.5])
    with pytest.raises(csm.MetricInputError, match=r"`weights` .* 2 of 5 values break it, first at position 3 \(-1\)"):
        csm.nps_from_scores([1, 2, 3, 4, 5], weights=[1, 1, 1, -1, -2])
    with pytest.raises(csm.MetricInputError, match=r"`weights` .* 1 of 5 values break it, first at position 4 \(nan\)"):
        csm.nps_from_scores([1, None, 3, 4, 5], weights=[1, None, 1, 1, None])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "float16", "float32"])
def test_small_dtypes_do_not_overflow(dtype) -> None:
    exactly(csm.ces_from_ratings(np.full(300, 7, dtype=dtype)), 7.0)
    exactly(csm.csat_mean_from_ratings(np.array([5, 4] * 50_000, dtype=dtype)), 4.5)
    exactly(csm.nps_from_scores(np.array([10] * 300 + [0] * 100, dtype=dtype)), 50.0)
    exactly(csm.csat_from_ratings(np.array([5] * 300 + [1] * 100, dtype=dtype)), 75.0)
    weights = np.full(400, 100, dtype=dtype)
    exactly(csm.nps_from_scores(np.array([10] * 300 + [0] * 100), weights=weights), 50.0)


@pytest.mark.parametrize("name", REDUCERS)
@pytest.mark.parametrize("dtype", ["int8", "int64", "float32", "float64", "Int8", "int8[pyarrow]"])
def test_large_columns_equal_the_definition(name, dtype) -> None:
    n = 2**18 + 3  # more than one block of every dtype except int8, whose blocks hold 2**18
    values = random_answers(name, n, 0.0, seed=11).astype(int)
    seen, counts = np.unique(values, return_counts=True)
    rows = [(int(v), int(c)) for v, c in zip(seen, counts, strict=True)]
    total = sum(c for _, c in rows)
    if name == "nps_from_scores":
        top = 100 * sum(c * ((v >= 9) - (v <= 6)) for v, c in rows)
    elif name == "csat_from_ratings":
        top = 100 * sum(c for v, c in rows if v >= 4)
    else:
        top = sum(v * c for v, c in rows)
    column = values.astype(dtype) if dtype[0] in "if" and "[" not in dtype else pd.Series(values, dtype=dtype)
    exactly(REDUCERS[name][0](column), float(Fraction(top, total)))


def test_large_weighted_columns_equal_the_definition() -> None:
    scores = random_answers("nps_from_scores", 70_003, 0.1)  # two blocks and a bit
    weights = np.random.default_rng(3).random(scores.size) * 10
    expected = weighted_nps([None if s != s else s for s in scores.tolist()], weights.tolist())
    assert csm.nps_from_scores(scores, weights=weights) == pytest.approx(expected, rel=1e-9)


# ------------------------------------------------------------------------------------------------------ published cases

PUBLISHED: dict[str, tuple[float, float]] = {
    # source: (computed here, the figure)
    "PostHog surveys/utils.test.ts, 7 detractors, 4 passives, 6 promoters, shown as -5.9": (
        csm.nps_from_scores([3] * 7 + [8] * 4 + [9] * 6),
        -100 / 17,
    ),
    "brendan-r/NPS test_01_basics.R": (csm.nps_from_scores([0, 7, 7, 9, 9, 9]), 100 / 3),
    "unytics/bigfunctions nps": (csm.nps_from_scores([9, 10, 6, 8]), 25.0),
    "npspy README": (csm.nps_from_scores([0, 7]), -50.0),
    "prepbench case_040: 39 answers, 8 promoters, 22 detractors, shown as -35.9": (
        csm.nps_from_scores([10] * 8 + [7] * 9 + [6] * 22),
        -1400 / 39,
    ),
    "QuestionPro help: 60 % promoters, 20 % detractors": (csm.nps_from_scores([9] * 60 + [7] * 20 + [0] * 20), 40.0),
    "dela.nl annual report 2018: 30 % and 20 %": (csm.nps_from_scores([9] * 3 + [8] * 5 + [6] * 2), 10.0),
    "Greenbook 2017-03-02, unweighted; the article prints +20": (csm.nps_from_scores([10, 2, 7, 8, 6]), -20.0),
    "Greenbook 2017-03-02, weighted by lifetime value": (
        csm.nps_from_scores([10, 2, 7, 8, 6], weights=[2000, 8000, 2000, 2000, 8000]),
        -63.63636363636363,
    ),
    "QuestionPro on 1 to 10": (csm.nps_from_scores(range(1, 11), scale=(1, 10)), -40.0),
    "Delighted article 240, CSAT, shown as 69": (
        csm.csat_from_ratings([5] * 42 + [4] * 32 + [3] * 10 + [2] * 9 + [1] * 14),
        7400 / 107,
    ),
    "Delighted article 240, the counts as weights": (
        csm.csat_from_ratings([5, 4, 3, 2, 1], weights=[42, 32, 10, 9, 14]),
        7400 / 107,
    ),
    "Formbricks, 3 points: the top 1": (csm.csat_from_ratings([3, 2, 1, 3], scale=(1, 3), top=1), 50.0),
    "Formbricks, 10 points: the top 3": (csm.csat_from_ratings([10, 9, 8, 7], scale=(1, 10), top=3), 75.0),
    "CYS 3000095529, CES": (
        csm.ces_from_ratings(np.repeat(range(1, 8), [80, 210, 140, 110, 160, 180, 120])),
        4.08,
    ),
    "CYS 3000095528; the page prints 2.82, its counts sum to 1010": (
        csm.ces_from_ratings(np.repeat(range(1, 6), [190, 240, 110, 330, 140]), scale=(1, 5)),
        3020 / 1010,
    ),
    "calculator.academy CES; the page prints 4.8": (csm.ces_from_ratings([4, 5, 6, 7, 7]), 5.8),
    "Delighted, effort 4 and 5 of 5": (csm.csat_from_ratings([5] * 6 + [4] * 4 + [3] * 10), 50.0),
    "blanks are no passives (marketr takes them as such)": (csm.nps_from_scores([10, 10, None, None]), 100.0),
}


@pytest.mark.parametrize(("got", "figure"), PUBLISHED.values(), ids=PUBLISHED)
def test_published_cases(got, figure) -> None:
    exactly(got, figure)


@pytest.mark.parametrize(
    ("detractors", "passives", "promoters", "figure"),
    [
        # R packages NPS, run (research notes): -1 to 1 there
        (8, 13, 15, 19.4444),
        (12, 7, 12, 0.0),
        (54, 108, 162, 33.3333),
        (10, 20, 70, 60.0),
        (22, 9, 8, -35.8974),
        (0, 0, 10, 100.0),
    ],
)
def test_oracles_of_r(detractors, passives, promoters, figure) -> None:
    got = csm.nps_from_scores([2] * detractors + [8] * passives + [10] * promoters)
    assert got == pytest.approx(figure, abs=5e-5)
    assert got == csm.nps(promoters, passives, detractors)
