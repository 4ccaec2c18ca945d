"""Survey answers, compared with counts by hand and the formulas on raw answers, case by case, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm

from ..drawn import drawn

survey = csm.cohorts.survey
DRAWN = drawn(40)
SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
COLUMNS = {
    "nps": ["promoters", "passives", "detractors", "nps_responses", "nps_invited"],
    "csat": ["satisfied", "csat_responses", "csat_invited"],
    "ces": ["effort_sum", "easy", "difficult", "ces_responses", "ces_invited"],
}
RAW = {"nps": csm.nps_from_scores, "csat": csm.csat_from_ratings, "ces": csm.ces_from_ratings}


def by_hand(scores: list[Any], kind: str, low: int, high: int) -> list[float]:
    given = [score for score in scores if score is not None]
    if kind == "nps":
        classes = [s >= 9 for s in given], [7 <= s <= 8 for s in given], [s <= 6 for s in given]
        return [*map(sum, classes), len(given), len(scores)]
    if kind == "csat":
        return [sum(s in (high, high - 1) for s in given), len(given), len(scores)]
    sides = sum(s - low > high - s for s in given), sum(s - low < high - s for s in given)
    return [sum(given), *sides, len(given), len(scores)]


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
    assert result.loc["pro"].tolist() == [2, 0, 1, 3, 3]
    assert result.loc["free"].tolist() == [0, 1, 0, 1, 2]
    assert result.csm.nps().tolist() == [0.0, pytest.approx(100 / 3)]
    assert result.csm.total().nps() == 25.0


def test_each_answer_on_the_nps_scale() -> None:
    classes = [survey(pd.DataFrame({"score": [score]})).iloc[0, :3].tolist().index(1) for score in range(11)]
    assert classes == [2] * 7 + [1] * 2 + [0] * 2
    with pytest.raises(csm.MetricInputError, match="must be between 1 and 10"):
        survey(pd.DataFrame({"score": [0]}), scale=(1, 10))


def test_satisfied_are_the_two_highest_answers() -> None:
    stars = pd.DataFrame({"score": [1, 2, 3, 4, 5, 5]})
    assert survey(stars, kind="csat").loc["total"].tolist() == [3, 6, 6]
    assert survey(stars, kind="csat", scale=(1, 7)).loc["total"].tolist() == [0, 6, 6]
    assert survey(stars, kind="csat", top=1).loc["total"].tolist() == [2, 6, 6]
    # on thumbs up and down, one answer counts as satisfied
    assert survey(pd.DataFrame({"score": [0, 1, 1]}), kind="csat", scale=(0, 1)).loc["total"].tolist() == [2, 3, 3]


def test_the_middle_of_three_points_is_neutral() -> None:
    faces = pd.DataFrame({"score": [3] * 7 + [2] + [1] * 2})
    assert survey(faces, kind="csat", scale=(1, 3)).csm.total().csat() == 70.0
    assert csm.csat_from_ratings(faces["score"], scale=(1, 3)) == 70.0
    assert survey(faces, kind="csat", scale=(1, 3), top=2).csm.total().csat() == 80.0
    with pytest.raises(csm.MetricInputError, match="survey: `top` must be a whole number between 1 and 2; got 3"):
        survey(faces, kind="csat", scale=(1, 3), top=3)


def test_each_kind_has_a_base_of_its_own() -> None:
    """Joined or side by side, the satisfied are divided by those who answered that question."""
    nps = survey(pd.DataFrame({"score": [10, 10, 9, 7, 3, None]}))
    csat = survey(pd.DataFrame({"score": [5, 4, 2, None]}), kind="csat")
    ces = survey(pd.DataFrame({"score": [7, 6]}), kind="ces")
    for frame in (nps.join(csat).join(ces), pd.concat([nps, csat, ces], axis=1)):
        total = frame.csm.total()
        assert total.csat() == pytest.approx(200 / 3)
        assert (total.ces(), total.ces_top_box(), total.net_easy_score()) == (6.5, 100.0, 100.0)
        assert total.nps() == 40.0
        everything = total.metrics()
        assert {"nps", "csat", "ces", "ces_top_box", "net_easy_score"} == set(everything.columns)
        assert "this frame has nps_responses, csat_responses" in everything.attrs["left_out"]["response_rate"]
        with pytest.raises(csm.MetricInputError, match=r"must be named where a frame has several.*nps_responses"):
            total.response_rate()
        assert total.response_rate(responses="csat_responses", invited="csat_invited") == 75.0
        said = total.explain("csat")
        assert "responses is taken from csat_responses" in said.notes
        assert said.result == total.csat()
    assert nps.csm.total().response_rate() == pytest.approx(500 / 6)  # the only pair in the frame
    asked = nps.assign(responses=1, invited=10)  # the frame's own pair comes before the plain names
    assert asked.csm.total().response_rate() == pytest.approx(500 / 6)
    assert asked.csm.total().response_rate(responses="nps_responses") == 50.0


def test_a_column_that_stands_twice_is_left_out_with_a_reason() -> None:
    csat = survey(pd.DataFrame({"score": [5, 4, 2]}), kind="csat")
    twice = pd.concat([csat, csat[["csat_responses"]]], axis=1).csm.total().metrics()
    assert "2 columns under 'csat_responses'" in twice.attrs["left_out"]["csat"]


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
    assert set(result.metrics().columns) == {"ces", "ces_top_box", "net_easy_score", "response_rate"}


def test_effort_may_be_fractional() -> None:
    """An effort score may be the mean of several questions, as `ces_from_ratings` accepts it."""
    result = survey(pd.DataFrame({"score": [4.5, 3.5, 4.0]}), kind="ces")
    assert result.loc["total"].tolist() == [12.0, 1, 1, 3, 3]


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
    assert result.loc["x"].tolist() == [0, 0, 0, 0, 2]
    assert np.isnan(result.csm.nps()["x"])
    assert survey(silent.iloc[:2]).loc["total"].tolist() == [0, 0, 0, 0, 2]
    assert survey(pd.DataFrame({"score": [None, None]})).loc["total"].tolist() == [0, 0, 0, 0, 2]


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
    assert result["nps_responses"].tolist() == [2, 2]


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
    assert survey(pd.DataFrame({"q1": [9, 2]}), score="q1").loc["total"].tolist() == [1, 0, 1, 2, 2]


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
            "who": rng.integers(0, rows // 4, rows),
            "ten": np.where(rng.random(rows) < 0.3, nan, rng.integers(0, 11, rows)),
            "weight": rng.integers(0, 9, rows),
            "share": np.where(rng.random(rows) < 0.1, nan, rng.integers(1, 9, rows) * 0.125),
            "day": np.datetime64("2026-01-05", "us") + rng.integers(0, 80, rows) * np.timedelta64(1, "D"),
        }
    )


TABLE = made_up()
ASKED: list[dict[str, Any]] = [
    {"score": "ten"},
    {"score": "ten", "by": "plan"},
    {"score": "floats", "kind": "csat", "by": ["tier", "plan"]},
    {"score": "whole", "kind": "ces", "by": "plan"},
    {"score": "gaps", "kind": "ces"},
    {"score": "halves", "kind": "ces", "scale": (1, 5), "by": "tier"},
    {"nps": "ten", "csat": "gaps", "ces": {"column": "halves", "scale": (1, 5), "easy": 5}, "by": "plan"},
    {"nps": {"column": "floats", "scale": (1, 5), "promoters": 5, "detractors": 3}, "time": "day", "freq": "M"},
    {"csat": "gaps", "ces": "whole", "time": "day", "freq": "W", "as_of": "2026-02-20", "by": ["tier", "plan"]},
    {"nps": "ten", "ces": "whole", "weights": "weight", "by": "plan"},
    {"csat": {"column": "whole", "top": 1}, "time": "day", "as_of": "2026-02-01", "weights": "weight"},
    {"nps": "ten", "csat": "gaps", "customer": "who", "keep": "last", "time": "day", "by": "plan"},
    {"nps": "ten", "customer": "who", "keep": "first", "time": "day", "freq": "M", "by": ["tier", "plan"]},
    {"ces": "halves", "customer": "who", "keep": "last", "time": "day", "freq": "Q", "weights": "weight"},
]


@pytest.mark.sampled(3)
def test_engines(make: Callable[[pd.DataFrame], Any], crossed: list[int]) -> None:
    native = make(TABLE)
    for options in ASKED:
        crossed.clear()
        result = survey(native, **options)
        several = 2 if "keep" in options and "csat" in options else 1
        assert sum(crossed) <= 1 + several * len(result)  # the number of bad rows, and the groups
        pd.testing.assert_frame_equal(result, survey(TABLE, **options))


def test_engines_with_missing_weights(make: Callable[[pd.DataFrame], Any]) -> None:
    table = TABLE[["ten", "share", "plan"]].copy()
    with pytest.raises(csm.MetricInputError, match="`weights` must be present in every row"):
        survey(make(table), nps="ten", weights="share")
    table["ten"] = table["ten"].mask(table["share"].isna())
    expected = survey(table, nps="ten", weights="share", by="plan")
    pd.testing.assert_frame_equal(survey(make(table), nps="ten", weights="share", by="plan"), expected)
    assert expected["nps_invited"].isna().all()


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


# -------------------------------------------------------------------- several kinds, weights, periods, one per customer


def classes(score: Any, kind: str) -> list[int]:
    if score is None:
        return [0, 0, 0, 0, 1] if kind == "nps" else [0, 0, 1]
    if kind == "nps":
        return [int(score >= 9), int(7 <= score <= 8), int(score <= 6), 1, 1]
    return [int(score >= 4), 1, 1]


answered = st.fixed_dictionaries(
    {
        "who": st.sampled_from(["ann", "bob", "cid"]),
        "day": st.integers(0, 70).map(lambda n: pd.Timestamp("2026-01-20") + pd.Timedelta(days=n // 10 * 10)),
        "nps": st.none() | st.integers(0, 10),
        "csat": st.none() | st.integers(1, 5),
        "plan": st.sampled_from(["x", "y", None]),
        "weight": st.integers(0, 5),
    }
)


@pytest.mark.parametrize("keep", ["all", "first", "last"])
@given(rows=st.lists(answered, min_size=1, max_size=25), monthly=st.booleans(), seed=st.integers(0, 9))
@DRAWN
def test_one_answer_per_customer_against_counting(
    keep: str, rows: list[dict[str, Any]], monthly: bool, seed: int
) -> None:
    """The first or the last answer of each customer and period counts, the lowest of the same instant."""
    table = pd.DataFrame(rows).astype({"nps": float, "csat": float, "plan": object})
    asked: dict[str, Any] = {"nps": "nps", "csat": "csat", "time": "day", "keep": keep, "weights": "weight"}
    asked |= {"customer": "who", "freq": "M" if monthly else None, "as_of": "2026-03-15", "by": "plan"}
    result = survey(table, **asked)
    pd.testing.assert_frame_equal(survey(table.sample(frac=1, random_state=seed), **asked), result)
    stop = pd.Timestamp("2026-03-01" if monthly else "2026-03-16")
    expected: dict[tuple[Any, str], list[float]] = {}
    for kind in ("nps", "csat"):
        alone: dict[Any, list[dict[str, Any]]] = {}
        for number, row in enumerate(rows):
            month = row["day"].to_period("M") if monthly else None
            if row["day"] < stop:
                alone.setdefault((month, number if keep == "all" else row["who"]), []).append(row)
        for (month, _), several in alone.items():
            given = [row for row in several if row[kind] is not None] or several
            wanted = (max if keep == "last" else min)(row["day"] for row in given)
            given = [row for row in given if row["day"] == wanted]
            one = min(given, key=lambda row: (row[kind] or 0, row["plan"] or "z", row["weight"]))
            key = (month, one["plan"]) if monthly else one["plan"]
            sums = expected.setdefault((key, kind), [0] * (5 if kind == "nps" else 3))
            for i, count in enumerate(classes(one[kind], kind)):
                sums[i] += count * one["weight"]
    for kind in ("nps", "csat"):
        for key, values in result[COLUMNS[kind]].iterrows():
            label = (key[0], None if pd.isna(key[1]) else key[1]) if monthly else None if pd.isna(key) else key
            assert values.tolist() == expected.pop((label, kind), [0] * len(values)), (label, kind)
    assert not expected


def test_the_latest_answer_by_hand() -> None:
    """Ann answers 10, then 3; Bob 9: all answers give 33.3, the latest 0."""
    table = pd.DataFrame(
        {"who": ["ann", "ann", "bob"], "score": [10, 3, 9], "time": ["2026-03-01", "2026-03-02"] * 1 + ["2026-03-01"]}
    )
    assert survey(table).csm.total().nps() == pytest.approx(100 / 3)
    assert survey(table, customer="who", keep="last", time="time").csm.total().nps() == 0.0
    assert survey(table, customer="who", keep="first", time="time").csm.total().nps() == 100.0
    for missing in ({"customer": "who"}, {"time": "time"}):
        with pytest.raises(csm.MetricInputError, match="must name a column, as `keep` is given"):
            survey(table, keep="last", **missing)
    with pytest.raises(csm.MetricInputError, match=r"must be one of 'all', 'first', 'last'.*did you mean 'last'"):
        survey(table, keep="latest", customer="who", time="time")


def test_of_rows_at_one_instant_one_with_a_weight_is_kept(make: Callable[[pd.DataFrame], Any]) -> None:
    table = pd.DataFrame(
        {"who": [1, 1, 2], "score": [np.nan, np.nan, 9.0], "weight": [np.nan, 3.0, 2.0], "day": ["2026-01-05"] * 3}
    )
    table["day"] = pd.to_datetime(table["day"])
    for frame in (table, make(table)):
        kept = survey(frame, customer="who", keep="last", time="day", weights="weight")
        assert kept[["promoters", "nps_responses", "nps_invited"]].iloc[0].tolist() == [2, 2, 5]


def test_weights_equal_those_of_the_formula() -> None:
    scores, weights = [10, 2, 7, 8, 6, None], [2000, 8000, 2000, 2000, 8000, 500]
    table = pd.DataFrame({"score": scores, "revenue": weights})
    result = survey(table, weights="revenue")
    assert result.csm.total().nps() == csm.nps_from_scores(scores, weights=weights)
    assert result.loc["total", ["nps_responses", "nps_invited"]].tolist() == [22_000, 22_500]
    assert set(map(str, result.dtypes)) == {"int64"}
    table.loc[5, "revenue"] = None
    unknown = survey(table, weights="revenue").loc["total"]
    assert unknown["nps_responses"] == 22_000
    assert np.isnan(unknown["nps_invited"])
    table.loc[0, "revenue"] = None
    with pytest.raises(csm.MetricInputError, match="`weights` must be present in every row; 1 of 6 rows"):
        survey(table, weights="revenue")


def test_cut_points_by_kind() -> None:
    table = pd.DataFrame({"a": [5, 5, 4, 2], "b": [7, 6, 5, 1]})
    nps = survey(table, nps={"column": "a", "scale": (1, 5), "promoters": 5, "detractors": 3})
    assert nps.csm.total().nps() == csm.nps_from_scores([5, 5, 4, 2], scale=(1, 5), promoters=5, detractors=3) == 25.0
    cys = survey(table, ces={"column": "b", "easy": 6}).csm.total()
    assert (cys.ces_top_box(), cys.net_easy_score()) == (50.0, 25.0)
    assert survey(table, csat={"column": "a", "top": 1}).csm.total().csat() == 50.0


@pytest.mark.parametrize(
    ("options", "argument", "message"),
    [
        ({"nps": {"column": "a", "top": 2}}, "nps", "may have the keys column, scale, promoters, detractors"),
        ({"csat": {"column": "a", "tpo": 2}}, "csat", "did you mean 'top'"),
        ({"csat": {"scale": (1, 5)}}, "csat", "must name its column"),
        ({"ces": {"column": "a", "easy": 4}}, "easy", "above 4, the middle of the scale, and up to 7; got 4"),
        ({"nps": {"column": "a", "scale": (1, 5)}}, "scale", "promoters= and detractors="),
        ({"nps": "a", "scale": (1, 10)}, "scale", "is for the short form; got nps as well"),
        ({"nps": "a", "score": "a"}, "score", "is for the short form"),
        ({"score": "a", "freq": "M"}, "time", "must name a column, as `freq` is given"),
    ],
)
def test_questions_that_cannot_be(options: dict[str, Any], argument: str, message: str) -> None:
    with pytest.raises(csm.MetricInputError, match=message) as caught:
        survey(pd.DataFrame({"a": [5, 4]}), **options)
    assert caught.value.argument == argument


def test_empty_months_have_a_row() -> None:
    table = pd.DataFrame({"score": [9, 3, 10], "time": ["2026-01-05", "2026-03-31", "2026-04-02"]})
    result = survey(table, time="time", freq="M")
    assert list(result.index) == list(pd.period_range("2026-01", "2026-03", freq="M"))
    assert result.index.name == "period"
    assert result["nps_invited"].tolist() == [1, 0, 1]
    assert result.csm.nps().tolist() == [100.0, pytest.approx(nan, nan_ok=True), -100.0]
    assert survey(table, time="time", freq="M", as_of="2026-04-30")["nps_invited"].tolist() == [1, 0, 1, 1]
    assert survey(table.iloc[:0], time="time", freq="M").empty
    with pytest.raises(csm.MetricInputError, match="must not name 'period'"):
        survey(table.assign(period="x"), time="time", freq="M", by="period")
