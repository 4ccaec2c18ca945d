"""Survey answers, compared with counts by hand and the formulas on raw answers, case by case, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import csmetrics as csm

survey = csm.cohorts.survey
DRAWN = settings(max_examples=60, deadline=None, derandomize=True)
SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
COLUMNS = {
    "nps": ["promoters", "passives", "detractors", "responses"],
    "csat": ["satisfied", "responses"],
    "ces": ["effort_sum", "easy", "difficult", "responses"],
}
RAW = {"nps": csm.nps_from_scores, "csat": csm.csat_from_ratings, "ces": csm.ces_from_ratings}


def by_hand(scores: list[Any], kind: str, low: int, high: int) -> list[float]:
    given = [score for score in scores if score is not None]
    if kind == "nps":
        classes = [s >= 9 for s in given], [7 <= s <= 8 for s in given], [s <= 6 for s in given]
        return [*map(sum, classes), len(given)]
    if kind == "csat":
        return [sum(s in (high, high - 1) for s in given), len(given)]
    return [sum(given), sum(s - low > high - s for s in given), sum(s - low < high - s for s in given), len(given)]


def frame(rows: list[tuple[Any, ...]], *names: str) -> pd.DataFrame:
    """Make a frame of answers; a missing answer makes the column one of floats."""
    table = pd.DataFrame({name: pd.Series([row[i] for row in rows]) for i, name in enumerate(names)})
    return table.assign(score=table["score"].astype("float64" if table["score"].isna().any() else "int64"))


# ------------------------------------------------------------------------------------------------- drawn, against hand


@pytest.mark.parametrize("kind", SCALES)
@given(data=st.data())
@DRAWN
def test_against_counting(kind: str, data: st.DataObject) -> None:
    scales = [(0, 10), (1, 10)] if kind == "nps" else [SCALES[kind], (0, 10), (1, 4), (-2, 2)]
    low, high = data.draw(st.sampled_from(scales))
    answer = st.none() | st.integers(low, high)
    plans, regions = st.sampled_from(["x", "y"]), st.sampled_from([1, 2])
    rows = data.draw(st.lists(st.tuples(answer, plans, regions), min_size=1, max_size=30))
    table = frame(rows, "score", "plan", "region")
    before = table.copy(deep=True)
    options: dict[str, Any] = {"kind": kind, "scale": (low, high)}
    total = survey(table, **options)
    assert list(total.columns) == COLUMNS[kind]
    assert total.index.tolist() == ["total"]
    assert total.iloc[0].tolist() == by_hand([row[0] for row in rows], kind, low, high)
    for by in (["plan"], ["region", "plan"]):
        got = survey(table, by=by, **options)
        assert list(got.index.names) == by
        groups = sorted({tuple(row[{"plan": 1, "region": 2}[name]] for name in by) for row in rows})
        assert [key if isinstance(key, tuple) else (key,) for key in got.index] == groups
        for key, numbers in zip(groups, got.to_numpy().tolist(), strict=True):
            group = [row[0] for row in rows if tuple(row[{"plan": 1, "region": 2}[name]] for name in by) == key]
            assert numbers == by_hand(group, kind, low, high)
        assert got.sum().tolist() == total.iloc[0].tolist()  # counts add up
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize("kind", SCALES)
@given(data=st.data())
@DRAWN
def test_the_formulas_on_the_result(kind: str, data: st.DataObject) -> None:
    """The result equals what `nps_from_scores` and the like give for each group's answers."""
    answer = st.none() | st.integers(*SCALES[kind])
    rows = data.draw(st.lists(st.tuples(answer, st.sampled_from(["x", "y"])), min_size=1, max_size=20))
    table = frame(rows, "score", "plan")
    result = survey(table, kind=kind, by="plan").csm.by("plan").compute(kind)
    for plan, value in result.items():
        expected = RAW[kind](table.loc[table["plan"] == plan, "score"])
        assert value == expected or (np.isnan(value) and np.isnan(expected))
    total = survey(table, kind=kind).csm.total().compute(kind)
    expected = RAW[kind](table["score"])
    assert total == expected or (np.isnan(total) and np.isnan(expected))


# ------------------------------------------------------------------------------------------------------- case by case


def test_nps_by_hand() -> None:
    answers = pd.DataFrame({"plan": ["pro", "pro", "pro", "free", "free"], "score": [10, 9, 3, 8, None]})
    result = survey(answers, by="plan")
    assert result.loc["pro"].tolist() == [2, 0, 1, 3]
    assert result.loc["free"].tolist() == [0, 1, 0, 1]
    assert result.csm.nps().tolist() == [0.0, pytest.approx(100 / 3)]
    assert result.csm.total().nps() == 25.0


def test_each_answer_on_the_nps_scale() -> None:
    classes = [survey(pd.DataFrame({"score": [score]})).iloc[0, :3].tolist().index(1) for score in range(11)]
    assert classes == [2] * 7 + [1] * 2 + [0] * 2
    with pytest.raises(csm.MetricInputError, match="must be between 1 and 10"):
        survey(pd.DataFrame({"score": [0]}), scale=(1, 10))


def test_satisfied_are_the_two_highest_answers() -> None:
    stars = pd.DataFrame({"score": [1, 2, 3, 4, 5, 5]})
    assert survey(stars, kind="csat").loc["total"].tolist() == [3, 6]
    assert survey(stars, kind="csat", scale=(1, 7)).loc["total"].tolist() == [0, 6]
    # on thumbs up and down, one answer counts as satisfied
    assert survey(pd.DataFrame({"score": [0, 1, 1]}), kind="csat", scale=(0, 1)).loc["total"].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("scale", "difficult", "easy"),
    [
        ((1, 7), [1, 2, 3], [5, 6, 7]),  # ces_top_box and SoluCX
        ((1, 5), [1, 2], [4, 5]),  # ces_top_box on five
        ((1, 4), [1, 2], [3, 4]),  # the scale has no middle
        ((1, 10), [1, 2, 3, 4, 5], [6, 7, 8, 9, 10]),
    ],
)
def test_the_easy_and_the_difficult_side(scale: tuple[int, int], difficult: list[int], easy: list[int]) -> None:
    answers = range(scale[0], scale[1] + 1)
    sides = {a: survey(pd.DataFrame({"score": [a]}), kind="ces", scale=scale).loc["total"] for a in answers}
    assert [a for a in answers if sides[a]["easy"]] == easy
    assert [a for a in answers if sides[a]["difficult"]] == difficult


def test_the_formulas_of_effort() -> None:
    result = survey(pd.DataFrame({"score": [7, 6, 5, 4, 3, 1, 1, None]}), kind="ces").csm.total()
    assert result.ces() == pytest.approx(27 / 7)
    assert result.ces_top_box() == pytest.approx(300 / 7)
    assert result.net_easy_score() == 0.0
    assert set(result.metrics().columns) == {"ces", "ces_top_box", "net_easy_score"}


def test_effort_may_be_fractional() -> None:
    """An effort score may be the mean of several questions, as `ces_from_ratings` accepts it."""
    result = survey(pd.DataFrame({"score": [4.5, 3.5, 4.0]}), kind="ces")
    assert result.loc["total"].tolist() == [12.0, 1, 1, 3]


@pytest.mark.parametrize("kind", SCALES)
def test_types(kind: str) -> None:
    """Counts are whole numbers; the sum of efforts is whole if the column is."""
    for dtype in ("int8", "int64", "uint8", "Int64", "int64[pyarrow]"):
        result = survey(pd.DataFrame({"score": pd.Series([5, 4, 5], dtype=dtype)}), kind=kind)
        assert set(map(str, result.dtypes)) == {"int64"}, dtype
    missing = survey(pd.DataFrame({"score": pd.Series([5, None, 4], dtype="Int64")}), kind=kind)
    assert set(map(str, missing.dtypes)) == {"int64"}
    for values in ([5.0, nan, 4.0], [Decimal(5), None, Decimal(4)], pd.Series([5, None, 4], dtype="Float64")):
        result = survey(pd.DataFrame({"score": values}), kind=kind)
        assert result.drop(columns="effort_sum", errors="ignore").dtypes.eq("int64").all()
        assert result.loc["total"].tolist() == missing.loc["total"].tolist()
    assert (
        survey(pd.DataFrame({"score": [100] * 3}, dtype="int8"), kind="ces", scale=(0, 100))["effort_sum"].item() == 300
    )


def test_nobody_answered() -> None:
    """A group that was asked but did not answer is in the frame, with 0 responses."""
    silent = pd.DataFrame({"plan": ["x", "x", "y"], "score": [None, None, 9.0]})
    result = survey(silent, by="plan")
    assert result.loc["x"].tolist() == [0, 0, 0, 0]
    assert np.isnan(result.csm.nps()["x"])
    assert survey(silent.iloc[:2]).loc["total"].tolist() == [0, 0, 0, 0]
    assert survey(pd.DataFrame({"score": [None, None]})).loc["total"].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("kind", SCALES)
def test_no_rows(kind: str) -> None:
    empty = pd.DataFrame({"score": pd.Series([], dtype="float64"), "plan": pd.Series([], dtype=object)})
    assert survey(empty, kind=kind).loc["total"].tolist() == [0] * len(COLUMNS[kind])
    result = survey(empty, kind=kind, by="plan")
    assert (len(result), result.index.name, list(result.columns)) == (0, "plan", COLUMNS[kind])


def test_missing_keys_are_a_group_of_their_own() -> None:
    answers = pd.DataFrame({"plan": ["x", None, nan, "x"], "score": [9, 9, 3, 3]})
    result = survey(answers, by="plan")
    assert result.index[:1].tolist() == ["x"]
    assert pd.isna(result.index[1])
    assert result["responses"].tolist() == [2, 2]


def test_keys_of_any_kind() -> None:
    answers = pd.DataFrame(
        {
            "score": [9, 3, 8, 10],
            "size": pd.Categorical(["small", "large", "small", "large"], categories=["small", "large", "huge"]),
            "month": pd.PeriodIndex(["2026-02", "2026-01", "2026-02", "2026-01"], freq="M"),
        }
    )
    assert survey(answers, by="size").index.tolist() == ["small", "large"]  # in order, and only sizes that occur
    result = survey(answers, by=["month", "size"])
    assert result.index.tolist() == [(pd.Period("2026-01"), "large"), (pd.Period("2026-02"), "small")]
    assert result.csm.by("month", period="month").nps().tolist() == [0.0, 50.0]
    level = answers.set_index("month")
    pd.testing.assert_frame_equal(survey(level, by="month"), survey(answers, by="month"))


def test_other_names_of_columns() -> None:
    assert survey(pd.DataFrame({"q1": [9, 2]}), score="q1").loc["total"].tolist() == [1, 0, 1, 2]


# ------------------------------------------------------------------------------------------------------------ bad rows

BAD = [
    ("nps", 11, "is not between 0 and 10", "must be between 0 and 10"),
    ("nps", -1, "is not between 0 and 10", "must be between 0 and 10"),
    ("nps", 8.5, "is not a whole number", "must be whole numbers"),
    ("nps", 10.5, "is not between 0 and 10", "must be between 0 and 10"),
    ("nps", np.inf, "is infinite", "must be finite"),
    ("csat", 0, "is not between 1 and 5", "must be between 1 and 5"),
    ("csat", 4.5, "is not a whole number", "must be whole numbers"),
    ("ces", 7.5, "is not between 1 and 7", "must be between 1 and 7"),
    ("ces", -np.inf, "is infinite", "must be finite"),
]


@pytest.mark.parametrize(("kind", "value", "reason", "rule"), BAD)
def test_bad_rows(kind: str, value: float, reason: str, rule: str) -> None:
    answers = pd.DataFrame({"score": [5, value, nan, 4, value], "plan": list("xxyyy")}, index=list("abcde"))
    with pytest.raises(csm.MetricInputError) as caught:
        survey(answers, kind=kind)
    assert caught.value.rule == rule
    assert "2 of 5 rows break it, with the labels 'b', 'e'" in str(caught.value)
    assert "on_bad_rows='report'" in str(caught.value)
    result = survey(answers, kind=kind, by="plan", on_bad_rows="report")
    excluded = result.attrs["excluded"].frame
    pd.testing.assert_frame_equal(excluded.drop(columns="reason"), answers.loc[["b", "e"]])
    assert excluded["reason"].tolist() == [f"`score` {reason}"] * 2
    expected = survey(answers.drop(index=["b", "e"]), kind=kind, by="plan")
    assert result.to_dict() == expected.to_dict()


def test_nothing_bad_nothing_excluded() -> None:
    result = survey(pd.DataFrame({"score": [5, 9]}), on_bad_rows="report")
    assert list(result.attrs["excluded"].frame.columns) == ["score", "reason"]
    assert len(result.attrs["excluded"].frame) == 0
    assert "excluded" not in survey(pd.DataFrame({"score": [5, 9]})).attrs


@pytest.mark.parametrize(
    ("table", "options", "error", "message"),
    [
        ({"score": ["9", "10"]}, {}, csm.MetricInputError, "must be numbers"),
        ({"score": [True, False]}, {}, csm.MetricInputError, "must be numbers"),
        ({"score": [9]}, {"kind": "stars"}, csm.MetricInputError, "must be one of 'nps', 'csat', 'ces'"),
        ({"score": [9]}, {"scale": (0, 5)}, csm.MetricInputError, r"must be \(0, 10\) or \(1, 10\)"),
        ({"score": [9]}, {"kind": "csat", "scale": (5, 1)}, csm.MetricInputError, "lowest and the highest"),
        ({"score": [9]}, {"kind": "ces", "scale": "1-7"}, csm.MetricInputError, "lowest and the highest"),
        ({"score": [9]}, {"on_bad_rows": "drop"}, csm.MetricInputError, "'raise' or 'report'"),
        ({"answer": [9]}, {}, csm.MissingColumnError, "no column 'score'"),
        ({"score": [9]}, {"by": "plan"}, csm.MissingColumnError, "no column 'plan'"),
    ],
)
def test_bad_input(table: dict[str, Any], options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"survey: .*{message}"):
        survey(pd.DataFrame(table), **options)


def test_options_are_named() -> None:
    with pytest.raises(TypeError):
        survey(pd.DataFrame({"score": [9]}), "score")  # type: ignore[misc]


# ------------------------------------------------------------------------------------------------------- every engine


def made_up(rows: int = 5000) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    whole = rng.integers(1, 6, rows)
    halves = np.where(rng.random(rows) < 0.2, nan, rng.integers(2, 11, rows) * 0.5)
    return pd.DataFrame(
        {
            "whole": whole,
            "halves": halves,
            "gaps": pd.Series(np.where(rng.random(rows) < 0.2, None, whole)).astype("Int64"),
            "floats": np.where(rng.random(rows) < 0.2, nan, whole),
            "plan": pd.Series(rng.choice(["free", "pro", None], rows, p=[0.5, 0.4, 0.1]).tolist()),
            "tier": rng.integers(1, 4, rows),
        }
    )


TABLE = made_up()
ASKED: list[dict[str, Any]] = [
    {"score": "whole"},
    {"score": "gaps", "by": "plan"},
    {"score": "floats", "kind": "csat", "by": ["tier", "plan"]},
    {"score": "whole", "kind": "ces", "by": "plan"},
    {"score": "gaps", "kind": "ces"},
    {"score": "halves", "kind": "ces", "scale": (1, 5), "by": "tier"},
]


def test_engines(make: Callable[[pd.DataFrame], Any], crossed: list[int]) -> None:
    native = make(TABLE)
    for options in ASKED:
        crossed.clear()
        result = survey(native, **options)
        assert sum(crossed) == 1 + len(result)  # the number of bad rows, and the groups
        pd.testing.assert_frame_equal(result, survey(TABLE, **options))


def test_engines_with_bad_rows(make: Callable[[pd.DataFrame], Any], crossed: list[int]) -> None:
    table = TABLE.iloc[:300][["plan"]].assign(score=[11, nan, 8.5, -np.inf, *[9.0] * 296])
    with pytest.raises(csm.MetricInputError, match=r"3 of 300 rows break a rule, such as .*score=11"):
        survey(make(table))
    assert max(crossed) <= 3
    result = survey(make(table), by="plan", on_bad_rows="report")
    pd.testing.assert_frame_equal(result, survey(table, by="plan", on_bad_rows="report"))
    reasons = [f"`score` {why}" for why in ("is not between 0 and 10", "is not a whole number", "is infinite")]
    assert sorted(result.attrs["excluded"].frame["reason"]) == sorted(reasons)
    with pytest.raises(csm.MetricInputError, match="must be numbers"):
        survey(make(table), score="plan")
    with pytest.raises(csm.MissingColumnError, match="no column 'answer'"):
        survey(make(table), score="answer")
