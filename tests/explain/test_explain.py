"""Explanations: the steps, the rivals, the rows behind a figure, also as data and as LaTeX."""

from __future__ import annotations

import json
import pickle
import re
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import csmetrics as csm
from csmetrics.errors import MetricInputError, MissingColumnError, UndefinedMetricError

EXAMPLES = [pytest.param(name, e, id=f"{name}-{e.id}") for name, spec in csm.catalog.items() for e in spec.examples]
FRAME = pd.DataFrame(
    {"plan": ["pro", "pro", "free"], "region": ["eu", "us", "eu"], "lost": [2, 3, 40], "start": [100, 400, 500]}
    | {"new": [1, 2, 3], "end": [99, 399, 463], "mrr": [1000.0, 4000, 500], "customers": [100, 400, 500]}
)
MOVEMENTS = {"start_mrr": 1000, "expansion_mrr": 50, "contraction_mrr": 10, "churned_mrr": 30}
LOSSES = {"start_mrr": 1000, "contraction_mrr": 10, "churned_mrr": 20}
FALLING = {"new_mrr": 0, "expansion_mrr": 0, "contraction_mrr": 10, "churned_mrr": 30}
CUSTOMER = {"arpa": 100, "churn_rate": 5, "gross_margin": 80}


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_examples(name: str, example: Any) -> None:
    explanation = csm.explain(name, **example.inputs)
    right = csm.catalog[name].function(**example.inputs)
    assert explanation.result == (None if right != right else right)
    data = json.loads(json.dumps(explanation.as_dict(), allow_nan=False))
    assert (data["metric"], data["unit"], data["result"]) == (name, csm.catalog[name].unit, explanation.result)
    latex = explanation._repr_latex_()
    assert latex.startswith("$\\displaystyle ")
    plain = re.sub(r"\\[{}]", "", latex)
    assert plain.count("{") == plain.count("}")
    assert latex.count(r"\begin") == latex.count(r"\end")
    assert latex.count(r"\left") == latex.count(r"\right")
    assert repr(explanation) == str(explanation)
    formula, *beside = explanation._repr_markdown_().splitlines()
    assert formula == f"$${explanation.latex}$$"
    told = [line.removeprefix("* ") for line in beside if line.startswith("* ")]
    assert all(any(line.endswith(other.definition) for line in told) for other in explanation.rivals)


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_numbers_put_in_come_to_the_result(name: str, example: Any) -> None:
    explanation = csm.explain(name, **example.inputs)
    written, _, kept = explanation.numbers.partition(" = ")
    if not written or explanation.result is None or csm.catalog[name].unit == "days":
        return
    for sign, python in (("−", "-"), ("×", "*"), ("^", "**"), (",", "")):
        written = written.replace(sign, python)
    value = eval(written)
    if "kept within" in kept:
        assert not 0 <= value <= 100
        value = min(max(value, 0), 100)
    value = 100 - value if "taken from" in kept else value
    assert value == pytest.approx(explanation.result, rel=1e-8)


@pytest.mark.parametrize(
    ("metric", "inputs", "lines"),
    [
        ("churn_rate", {"lost": 5, "start": 100}, ["churn rate = lost / start × 100", "= 5 / 100 × 100", "= 5 %"]),
        ("arr", {"mrr": 1e12 / 3}, ["= 12 × 333,333,333,333.33", "= 4,000,000,000,000"]),
        ("arr", {"mrr": 123456789.12}, ["= 12 × 123,456,789.12", "= 1,481,481,469.44"]),
        ("arr", {"mrr": 123456789}, ["= 12 × 123,456,789\n", "= 1,481,481,468"]),
        ("arr", {"mrr": 99999999.12}, ["= 12 × 99,999,999.12", "= 1,199,999,989.44"]),
        ("engagement_score", {"counts": [4, 3], "weights": [-2, 10]}, ["= 4 × (-2) + 3 × 10", "= 22"]),
        ("arpa", {"mrr": Decimal("12.50"), "customers": np.int64(3)}, ["= 12.50 / 3", "= 4.166666667"]),
        ("goal_attainment", {"current": -5, "target": -10, "baseline": 3}, ["= ((-5) − 3) / ((-10) − 3) × 100"]),
        ("goal_attainment", {"current": 12, "target": 10}, ["× 100 = 120, kept within 0 to 100", "= 100 %"]),
        ("normalize_score", {"value": 3, "low": 0, "high": 10, "better": "low"}, ["= 30, taken from 100", "= 70 poi"]),
        (
            "health_score",
            {"scores": {"a": 80, "b": None}, "weights": {"a": 1, "b": 2}},
            ["= 80 × 1 / 1", "= 80 points"],
        ),
        ("nps_from_scores", {"scores": [9, 10, None, 3, 7]}, ["= (2 − 1) / 4 × 100", "= 25 points"]),
        ("nps_from_scores", {"scores": []}, ["= no value", "Note: no value, as there are no answers"]),
        ("churn_rate", {"lost": np.nan, "start": 5}, ["= missing / 5 × 100", "Note: no value, as lost is missing"]),
        ("churn_rate", {"lost": 0, "start": 0}, ["= no value", "Note: no value, as start is 0"]),
        (
            "cac_payback",
            {"cac": 600, "arpa": 100, "gross_margin": -5},
            ["= no value", "Note: no value, as arpa x gross_margin is not above 0"],
        ),
        (
            "cac_payback",
            {"cac": 600, "arpa": 100, "gross_margin": -5, "undefined": 0},
            ["= 0 periods", "Note: undefined, as arpa x gross_margin is not above 0: 0 is what"],
        ),
        ("cac_payback", {"cac": 600, "arpa": 0}, ["Note: no value, as arpa x gross_margin is 0"]),
        ("goal_attainment", {"current": 1, "target": -5, "baseline": -5}, ["as target - baseline is 0"]),
        ("churn_rate", {"lost": 0, "start": 0, "undefined": 0}, ["= 0 %", "Note: undefined, as start is 0: 0 is what"]),
    ],
)
def test_text(metric: str, inputs: dict[str, Any], lines: list[str]) -> None:
    text = str(csm.explain(metric, **inputs))
    places = [text.find(line) for line in lines]
    assert places == sorted(places), text
    assert -1 not in places, text


@pytest.mark.parametrize(
    ("metric", "inputs", "words", "value"),
    [  # by hand
        ("churn_rate", {"lost": 5, "start": 100, "new": 25}, "lost / (start + new)", 100 * 5 / 125),
        ("churn_rate", {"lost": 5, "start": 100, "end": 140}, "lost / mean of start and end", 100 * 5 / 120),
        ("retention_rate", {"end": 105, "new": 20, "start": 100}, "end / start", 105.0),
        ("compound_churn_rate", {"churn_rate": 3, "periods": 12}, "churn rate x periods", 36.0),
        ("clv", {"arpa": 50, "churn_rate": 4, "gross_margin": 80}, "ARPA / churn, without the margin", 1250.0),
        ("clv_to_cac", {"clv": 900, "cac": 300}, "(CLV - CAC) / CAC", 2.0),
        ("nps", {"promoters": 60, "passives": 20, "detractors": 20}, "passives left out", 50.0),
        ("self_service_rate", {"self_served": 80, "assisted": 20}, "self-served / assisted", 400.0),
        ("self_service_rate", {"self_served": Decimal(80), "assisted": 20.0}, "self-served / assisted", 400.0),
        ("nrr", MOVEMENTS | {"reactivation_mrr": 70}, "with reactivation", 108.0),
        ("nrr", MOVEMENTS | {"reactivation_mrr": 0}, "with reactivation", 101.0),
        ("mrr", {"amount": 10, "interval": "week"}, "a week times 4 and", 40.0),
        ("cac_payback", {"cac": 600, "arpa": 100, "churn_rate": 5}, "divided by the share", 120 / 19),
        ("clv", CUSTOMER | LOSSES | {"expansion_mrr": 5}, "net revenue churn", 3200.0),
        ("clv", CUSTOMER | LOSSES | {"expansion_mrr": 5, "gross_margin": -80}, "net revenue churn", -3200.0),
        ("discounted_clv", {"margin": -90, "retention_rate": 90, "discount_rate": 8}, "margin / churn", -900.0),
        ("net_new_mrr", FALLING | {"start_mrr": 100, "end_mrr": 60}, "MRR at the end", -40.0),
        ("clv_to_cac", {"clv": 100, "cac": 300}, "(CLV - CAC) / CAC", -2 / 3),
        (
            "grr",
            {"start_mrr": 100, "expansion_mrr": 60, "contraction_mrr": 10, "churned_mrr": 30},
            "with expansion",
            120.0,
        ),
    ],
)
def test_rivals(metric: str, inputs: dict[str, Any], words: str, value: float) -> None:
    (rival,) = (r for r in csm.explain(metric, **inputs).rivals if r.definition.startswith(words))
    assert rival.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("metric", "inputs", "words"),
    [
        ("cac_payback", {"cac": 600, "arpa": 100, "gross_margin": -5, "churn_rate": 5}, "divided by the share"),
        ("clv", CUSTOMER | LOSSES | {"expansion_mrr": 50}, "net revenue churn"),
        ("clv", CUSTOMER | LOSSES | {"expansion_mrr": 50, "gross_margin": -80}, "net revenue churn"),
        ("clv", CUSTOMER | LOSSES | {"expansion_mrr": 30}, "net revenue churn"),
        ("churn_rate", {"lost": 5, "start": 100, "new": None}, "lost / (start + new)"),
        ("churn_rate", {"lost": 5, "start": 100, "new": Decimal("NaN")}, "lost / (start + new)"),
    ],
)
def test_rivals_without_a_value(metric: str, inputs: dict[str, Any], words: str) -> None:
    explanation = csm.explain(metric, **inputs)
    (rival,) = (r for r in explanation.rivals if r.definition.startswith(words))
    assert (rival.value, rival.needs) == (None, ())
    assert f"  no value: {words}" in str(explanation)


def test_a_rival_needs_an_optional_flow_that_is_not_given() -> None:
    explanation = csm.explain("nrr", **MOVEMENTS)
    assert explanation.result == 101.0
    needs = {re.split("[,:]", r.definition)[0]: r.needs for r in explanation.rivals if r.computable}
    assert needs == {
        "with new business": ("new_mrr",),
        "with reactivation": ("reactivation_mrr",),
        "without reactivation": (),
    }
    assert "  needs reactivation_mrr: with reactivation" in str(explanation)
    assert [r.value for r in csm.explain("nrr", **MOVEMENTS, new_mrr=100).rivals[:3]] == [111.0, None, None]


def test_rivals_take_columns_that_the_metric_leaves_at_their_default() -> None:
    frame = pd.DataFrame({"plan": ["a"], "new_mrr": [100], "reactivation_mrr": [70], "earned_new": [3], **MOVEMENTS})
    for grain, group in ((frame.csm, (0,)), (frame.csm.by("plan"), ("a",)), (frame.csm.total(), ())):
        explanation = grain.explain("nrr", *group)
        assert explanation.result == 101.0
        assert [r.value for r in explanation.rivals if r.computable] == [118.0, 108.0, 101.0]
        assert explanation.notes == ("reactivation_mrr is left out, as the frame has new_mrr; name it to count it",)
    named = frame.csm.total().explain("nrr", reactivation_mrr="reactivation_mrr")
    assert named.result == named.rivals[2].value == 108.0
    given = frame.csm.total().explain("nrr", reactivation_mrr=20)
    assert given.result == given.rivals[2].value == 103.0
    assert not given.notes
    on_the_way = frame.csm.explain("earned_growth_rate", 0).levels["nrr"]
    assert [r.value for r in on_the_way.rivals if r.computable] == [118.0, 108.0, 101.0]
    without = frame.drop(columns="reactivation_mrr").csm.total().explain("nrr")
    assert (without.rivals[2].value, without.rivals[2].needs) == (None, ("reactivation_mrr",))
    assert not without.notes


@pytest.mark.parametrize(
    ("new", "note"),
    [
        ([-3, 4, 5], "must be >= 0; 1 of 3 values break it, first at position 0 (-3)"),
        (["x", "y", "z"], "must be numbers; 3 of 3 values are not, first at position 0 (the text 'x')"),
        ([np.inf, 1, 2], "must be finite; got inf"),
        ([True, False, True], "must be numbers; 3 of 3 values are not, first at position 0 (the bool True)"),
        (pd.to_datetime(["2026-01-01"] * 3), "must be numbers; got dates"),
    ],
)
def test_a_column_that_cannot_be_right_leaves_the_figure_alone(new: Any, note: str) -> None:
    frame = FRAME.assign(new=new)
    explanation = frame.csm.by("plan").explain("churn_rate", "pro")
    assert (explanation.result, explanation.rivals[0].value, explanation.rivals[0].needs) == (1.0, None, ())
    assert explanation.rivals[2].value == pytest.approx(1000 / 998)
    assert explanation.notes == (f"new is left out of other definitions, as it {note}",)
    row = frame.csm.explain("churn_rate", 0)
    assert (row.result, row.rivals[0].value) == (2.0, None)
    assert "new is left out of other definitions" in row.notes[0]


def test_a_missing_total_needs_no_note() -> None:
    explanation = FRAME.assign(new=[None, 1, 2]).csm.by("plan").explain("churn_rate", "pro")
    assert (explanation.rivals[0].value, explanation.rivals[0].needs, explanation.notes) == (None, (), ())


def test_the_group_of_missing_keys_is_asked_for() -> None:
    grain = FRAME.assign(plan=["pro", None, "free"]).csm.by("plan")
    with pytest.raises(MetricInputError, match="must be a group of churn_rate; got none"):
        grain.explain("churn_rate")
    assert grain.explain("churn_rate", None).result == grain.explain("churn_rate", np.nan).result == 0.75
    with pytest.raises(MetricInputError, match="must be a group of churn_rate; got None"):
        FRAME.csm.by("plan").explain("churn_rate", None)


def test_a_rival_tells_what_it_needs() -> None:
    rivals = csm.explain("churn_rate", lost=5, start=100).rivals
    assert rivals[0].needs == ("new",)
    assert rivals[0].value is None
    assert not rivals[-1].computable


@pytest.mark.parametrize(
    ("grain", "group", "rate", "rows"),
    [
        (FRAME.csm, (1,), 0.75, [1]),
        (FRAME.csm.by("plan"), ("pro",), 1.0, [0, 1]),
        (FRAME.csm.by("plan", "region"), (("pro", "us"),), 0.75, [1]),
        (FRAME.csm.total(), (), 4.5, [0, 1, 2]),
        (FRAME.assign(plan=["pro", None, "free"]).csm.by("plan"), (None,), 0.75, [1]),
    ],
)
def test_frames(grain: Any, group: tuple[Any, ...], rate: float, rows: list[int]) -> None:
    explanation = grain.explain("churn_rate", *group)
    assert explanation.result == pytest.approx(rate)
    assert list(explanation.rows.index) == rows
    assert explanation.rivals[0].value is not None  # from the column `new`, which is not an input of churn


def test_rows_are_those_of_the_frame_as_it_was() -> None:
    """They are found when they are asked for, from a frame that may have changed, or been pickled, since."""
    frame = FRAME.copy()
    frame.attrs["notes"] = ["as told"]
    explanation, again = (frame.csm.by("plan").explain("churn_rate", "pro") for _ in range(2))
    frame.loc[0, "lost"] = 77
    frame["later"] = 1
    for one in (explanation, pickle.loads(pickle.dumps(again))):
        pd.testing.assert_frame_equal(one.rows, FRAME.iloc[[0, 1]])
        assert one.rows is one.rows
        assert one.rows.attrs == {"notes": ["as told"]}
        assert "From 2 rows of the cohort frame." in str(one)
    assert frame.attrs == {"notes": ["as told"]}


def test_periods_are_kept_apart() -> None:
    frame = FRAME.assign(period=pd.PeriodIndex(["2026-01", "2026-02", "2026-01"], freq="M"))
    assert frame.csm.by("period").explain("churn_rate", pd.Period("2026-01", "M")).result == pytest.approx(7.0)
    with pytest.raises(MetricInputError, match="never added over periods"):
        frame.csm.by("plan").explain("churn_rate", "pro")


def test_levels_are_shown_on_the_way() -> None:
    explanation = FRAME.csm.by("plan").explain("clv", "pro", gross_margin=80)
    assert {name: level.result for name, level in explanation.levels.items()} == {"arpa": 10.0, "churn_rate": 1.0}
    assert explanation.result == 800.0
    assert explanation.as_dict()["levels"]["arpa"]["numbers"] == "5,000 / 500"
    assert str(explanation).index("ARPA = MRR / customers") < str(explanation).index("CLV = ARPA")


def test_what_was_left_out_is_told() -> None:
    subscriptions = pd.DataFrame(
        {"customer": ["a", "b", "c", None], "mrr": [10, 20, 30, 5]}
        | {"start": pd.to_datetime(["2026-01-01", "2026-01-05", "2026-01-10", "2026-01-10"])}
        | {"end": pd.to_datetime(["2026-02-10", None, "2026-01-01", None])}
    )
    frame = csm.cohorts.movements_from_subscriptions(subscriptions, on_bad_rows="report", as_of="2026-03-31")
    explanation = frame.csm.explain("nrr", frame.index[1])
    assert explanation.notes == ("reactivation_mrr is left out, as the frame has new_mrr; name it to count it",)
    assert len(explanation.left_out) == 2
    assert "Left out of the cohort frame: 2 raw rows\n  1 x `end` is before its start" in str(explanation)
    assert sum(one["rows"] for one in explanation.as_dict()["left_out"]) == 2
    own = csm.cohorts.movements_from_subscriptions(  # a column of the user's is no reason of ours
        subscriptions.iloc[:3].assign(reason="price"), on_bad_rows="report", as_of="2026-03-31"
    )
    told = str(own.csm.explain("grr", own.index[1]))
    assert "Left out of the cohort frame: 1 raw row\n  1 x `end` is before its start" in told
    named = frame.csm.explain("nrr", frame.index[1], reactivation_mrr="reactivation_mrr")
    assert not named.notes


@pytest.mark.parametrize(
    "engine", [pl.from_pandas, lambda f: pl.from_pandas(f).lazy(), pa.Table.from_pandas, duckdb.from_df]
)
def test_engines(engine: Any) -> None:
    cohorts = csm.over(engine(FRAME))
    assert cohorts.by("plan").explain("churn_rate", "pro").result == 1.0
    assert cohorts.total().explain("churn_rate").numbers == "45 / 1,000 × 100"
    assert cohorts.total().explain("churn_rate").rows is None
    odd = csm.over(engine(FRAME.assign(new=["x", "y", "z"]))).by("plan").explain("churn_rate", "pro")
    assert (odd.result, odd.rivals[0].value, odd.rivals[0].needs) == (1.0, None, ())
    assert odd.notes == ("new is left out of other definitions, as it must be numbers; got text in the column 'new'",)
    moved = csm.over(engine(pd.DataFrame({"new_mrr": [100], "reactivation_mrr": [70], **MOVEMENTS}))).total()
    assert [r.value for r in moved.explain("nrr").rivals if r.computable] == [118.0, 108.0, 101.0]


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: csm.explain("churn_rate", lost=5), MetricInputError, "`start` is required"),
        (lambda: csm.explain("churn_rate", lost=5, start=9, foo=1), MetricInputError, "`foo` is no argument"),
        (lambda: csm.explain("churn_rate", lost=[1], start=[2]), MetricInputError, "must be one value; got a list"),
        (lambda: csm.explain("churn_rate", lost=5, start=9, new=-3), MetricInputError, "`new` must be >= 0; got -3"),
        (
            lambda: csm.explain("churn_rate", lost=5, start=9, new=True),
            MetricInputError,
            "must be a number; got the bool",
        ),
        (
            lambda: csm.explain("churn_rate", lost=5, start=9, new="x"),
            MetricInputError,
            "must be a number; got the text",
        ),
        (lambda: csm.explain("churn_rate", lost=5, start=9, end=np.inf), MetricInputError, "must be finite; got inf"),
        (lambda: csm.explain("clv_to_cac", clv=9, cac=5, churn_rate=101), MetricInputError, "between 0 and 100"),
        (lambda: csm.explain("ttv", started_at="2026-01-01", value_at=None), MetricInputError, "with pd.to_datetime"),
        (lambda: csm.explain("churn_rate", lost=5, start=1), MetricInputError, "must be <= `start`"),
        (lambda: csm.explain("churn_rate", lost=0, start=0, undefined="raise"), UndefinedMetricError, "must not be 0"),
        (lambda: FRAME.csm.explain("churn_rate", 7), MetricInputError, "there are 0, 1, 2"),
        (lambda: FRAME.csm.by("plan").explain("churn_rate"), MetricInputError, "there are 'free', 'pro'"),
        (
            lambda: FRAME.csm.by("plan", "region").explain("churn_rate", "pro"),
            MetricInputError,
            "of which there are several",
        ),
        (lambda: FRAME.csm.total().explain("churn_rate", "pro"), MetricInputError, "is for .by(...)"),
        (lambda: FRAME.csm.by("plan").explain("nps_from_scores", "pro"), MetricInputError, "must be made of totals"),
        (lambda: FRAME.drop(columns="lost").csm.explain("churn_rate", 0), MissingColumnError, "no column 'lost'"),
    ],
)
def test_refusals(ask: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as raised:
        ask()
    assert words in str(raised.value)
