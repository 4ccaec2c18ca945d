"""Tables as they come from SQL, dbt and spreadsheets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from csmetrics.errors import MetricInputError, MissingColumnError
from csmetrics.testing import assert_verified, verify_frame

CHURN = pd.DataFrame({"plan": ["a", "b", "c"], "lost": [5, 12, 3], "start": [100, 480, 60]})
RATES = 100 * CHURN.lost / CHURN.start
RIGHT = CHURN.assign(churn_rate=RATES)
MRR = pd.DataFrame(
    {"start_mrr": [100.0, 200, 300], "new_mrr": [10.0, 5, 7], "expansion_mrr": [5.0, 9, 3]}
    | {"contraction_mrr": [1.0, 2, 4], "churned_mrr": [2.0, 4, 9]}
)
KEPT = MRR.start_mrr + MRR.expansion_mrr - MRR.contraction_mrr - MRR.churned_mrr
NPS = pd.DataFrame({"promoters": [10, 20, 30], "passives": [5, 8, 9], "detractors": [4, 6, 3]})
NET = NPS.promoters - NPS.detractors
STARTED = pd.to_datetime(pd.Series(["2026-01-01", "2026-01-02", "2026-01-03"]))
DAYS = pd.DataFrame({"started_at": STARTED, "value_at": STARTED + pd.to_timedelta([2, 1, 5], unit="D")})


def with_total(rates: list[float], total: float) -> pd.DataFrame:
    """Make a table with a row of totals, and the index that stacking two tables leaves."""
    last = pd.DataFrame({"plan": ["all"], "lost": [20], "start": [640]})
    return pd.concat([CHURN, last]).assign(churn_rate=[*rates, total])


@pytest.mark.parametrize(
    ("metric", "table", "options"),
    [
        ("churn_rate", RIGHT, {}),
        ("churn_rate", RIGHT.set_axis([0, 0, 0]), {}),
        ("churn_rate", RIGHT.rename(columns={"churn_rate": "result"}), {}),
        (
            "churn_rate",
            RIGHT.rename(columns={"lost": "Lost customers", "churn_rate": 7}),
            {"lost": "Lost customers", "result": 7},
        ),
        ("churn_rate", CHURN.assign(churn_rate=[5.0, 12.0, 3.0]), {"start": 100}),
        ("churn_rate", CHURN.assign(churn_rate=RATES.round(1), lost=[5, 12, 3]), {"tolerance": 0.01}),
        ("churn_rate", with_total(list(RATES), 100 * 20 / 640), {}),
        ("churn_rate", RIGHT.astype({"lost": "Int64", "churn_rate": "Float64"}), {}),
        ("churn_rate", RIGHT.astype({"lost": object, "start": object}), {}),
        ("churn_rate", RIGHT.assign(churn_rate=[Decimal(5), Decimal("2.5"), Decimal(5)]), {}),
        ("churn_rate", pd.DataFrame({"lost": [5, None, 0], "start": [50, 9, 0], "churn_rate": [10.0, None, None]}), {}),
        (
            "churn_rate",
            pd.DataFrame({"lost": [5, 0, 0], "start": [50, 0, 0], "churn_rate": [10, "#DIV/0!", "#N/A"]}),
            {},
        ),
        ("nrr", MRR.assign(nrr=100 * KEPT / MRR.start_mrr), {}),
        ("ttv", DAYS.assign(ttv=[2, 1, 5]), {}),
        ("health_band", pd.DataFrame({"score": [50, 75, 90], "health_band": ["red", "yellow", "green"]}), {}),
    ],
)
def test_right_tables(metric: str, table: Any, options: dict[str, Any]) -> None:
    assert_verified(table, metric, **options)


@pytest.mark.parametrize(
    "engine", [pl.from_pandas, lambda frame: pl.from_pandas(frame).lazy(), pa.Table.from_pandas, duckdb.from_df]
)
def test_engines(engine: Any) -> None:
    assert_verified(engine(RIGHT), "churn_rate")
    found = verify_frame(engine(with_total(list(RATES), RATES.mean())), "churn_rate")
    assert found.causes == ("mean of rates instead of rate of sums",)


@pytest.mark.parametrize(
    ("metric", "table", "causes"),
    [
        ("churn_rate", RIGHT.assign(churn_rate=RATES / 100), ["off by 100: a fraction"]),
        ("churn_rate", RIGHT.assign(churn_rate=RATES / 100)[:1], ["off by 100: a fraction"]),
        ("churn_rate", RIGHT.assign(lost=[7, 13, 4], churn_rate=[7.0, 2.7, 6.7]), ["rounded to 1 decimal"]),
        ("churn_rate", RIGHT.assign(churn_rate=["5.0%", "2.5%", "5.0%"]), ["text, such as '5.0%'"]),
        ("churn_rate", RIGHT.assign(churn_rate=None), ["no value where there is one"]),
        (
            "churn_rate",
            RIGHT.assign(lost=[9, 18, 0], start=[90, 90, 0], churn_rate=[10.0, 20, 0]),
            ["0 where it is undefined"],
        ),
        (
            "churn_rate",
            pd.DataFrame({"lost": [5, None, 0], "start": [50, 9, 0], "churn_rate": [10.0, 0, np.inf]}),
            ["0 where `lost` is missing", "inf where it is undefined"],
        ),
        ("churn_rate", with_total(list(RATES), RATES.mean()), ["mean of rates instead of rate of sums"]),
        ("churn_rate", with_total(list(RATES), RATES.sum()), ["sum of rates instead of rate of sums"]),
        (
            "churn_rate",
            with_total(list(RATES / 100), RATES.mean() / 100),
            ["mean of rates instead of rate of sums", "off by 100: a fraction"],
        ),
        (
            "nrr",
            MRR.assign(nrr=100 * (KEPT + MRR.new_mrr) / MRR.start_mrr),
            ["`new_mrr`, which is no input, counts: new customers are in the numerator"],
        ),
        ("nrr", MRR.assign(nrr=100 * (KEPT + MRR.contraction_mrr) / MRR.start_mrr), ["contraction_mrr not taken off"]),
        ("nps", NPS.assign(nps=100 * NET / (NPS.promoters + NPS.detractors)), ["passives left out", "another def"]),
        ("ttv", DAYS.assign(ttv=[48, 24, 120]), ["hours, where days are meant"]),
        ("churn_rate", RIGHT.assign(churn_rate=[1.0, 77.0, 3.0]), []),
    ],
)
def test_wrong_tables(metric: str, table: pd.DataFrame, causes: list[str]) -> None:
    found = verify_frame(table, metric)
    assert not found.ok
    assert len(found.causes) >= len(causes)
    for said, wanted in zip(found.causes, causes, strict=False):
        assert said.startswith(wanted)
    assert bool(found.causes) == bool(causes)


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("lost", [-5, 12, 3], "lost=-5, start=100: expected that `lost` must be >= 0, got -5 [row 0]"),
        ("lost", [5, 1200, 3], "expected that `lost` must be <= `start`, got 1200 > 480 [row 1]"),
        ("lost", ["5", "12", "3"], "expected that `lost` must be a number"),
    ],
)
def test_impossible_inputs_are_told(column: str, values: list[Any], words: str) -> None:
    (failed,) = {
        check.law: check for check in reversed(verify_frame(RIGHT.assign(**{column: values}), "churn_rate").failures)
    }.values()
    assert failed.law == "inputs"
    assert words in str(failed)


def test_rounded_for_print() -> None:
    table = pd.DataFrame({"lost": [3, 450, 137], "start": [900, 900, 1000], "churn_rate": [0.3, 50.0, 13.7]})
    assert not verify_frame(table, "churn_rate")
    assert verify_frame(table, "churn_rate", decimals=1)
    assert not verify_frame(table, "churn_rate", decimals=2)
    assert verify_frame(table.assign(churn_rate=[0.3, 50.05, 13.7]), "churn_rate", decimals=1)
    for off in (54.5, 50.1, 50.06):
        found = verify_frame(table.assign(churn_rate=[0.3, off, 13.7]), "churn_rate", decimals=1)
        assert [check.source for check in found.failures] == ["row 1"]


def test_money_of_databases() -> None:
    """Decimals have the same causes as floats, in the same words."""
    wrong = MRR.assign(nrr=100 * (KEPT + MRR.new_mrr) / MRR.start_mrr)
    for table in (
        wrong.map(lambda value: Decimal(str(value))),
        wrong.astype(pd.ArrowDtype(pa.decimal128(20, 10))),
        duckdb.sql("select * replace (start_mrr::decimal(18, 2) as start_mrr) from wrong"),
    ):
        found = verify_frame(table, "nrr")
        assert found.causes == verify_frame(wrong, "nrr").causes
        assert "Decimal" not in str(found)


def test_one_row_is_little_to_guess_from() -> None:
    table = pd.DataFrame({"lost": [5], "start": [100], "churn_rate": [4.0]})
    assert verify_frame(table, "churn_rate").causes == ()
    assert verify_frame(table.assign(churn_rate=95.0), "churn_rate").causes
    third = table.assign(lost=1, start=3, churn_rate=33.3)
    assert verify_frame(third, "churn_rate").causes == ("rounded to 1 decimal",)
    assert verify_frame(table.assign(lost=15, churn_rate=16), "churn_rate").causes == ()


def test_a_column_of_another_name_is_said_once() -> None:
    table = pd.DataFrame({"lost": [5, 7, 9], "opening": [100, 222, 31], "new": [3, 8, 6]})
    table["churn_rate"] = 100 * table.lost / (table.opening + table.new)
    cause, rival = verify_frame(table, "churn_rate", start="opening").causes
    assert cause == "divided by start + new, not by `start`"
    assert rival.startswith("another definition: lost / (start + new)")


def test_a_result_in_capitals_is_proposed() -> None:
    with pytest.raises(MissingColumnError, match="Hint: result='Churn'"):
        verify_frame(CHURN.assign(Churn=RATES), "churn_rate")


def test_row_and_reason() -> None:
    table = pd.DataFrame({"lost": [0], "start": [0], "churn_rate": [0.0]}, index=["March"])
    assert "lost=0, start=0: expected no value, start being 0, got 0 [row March]" in str(
        verify_frame(table, "churn_rate")
    )
    table = pd.DataFrame({"lost": [np.nan], "start": [9], "churn_rate": [0.0]})
    assert "lost=missing, start=9: expected no value, lost being missing, got 0" in str(
        verify_frame(table, "churn_rate")
    )


def test_a_fraction_is_seen_behind_a_mean_of_rates() -> None:
    plans = pd.DataFrame({"lost": [40, 20], "start": [500, 2000], "churn": [0.08, (17 / 1900 + 3 / 100) / 2]})
    (cause,) = verify_frame(plans, "churn_rate", result="churn").causes
    assert cause.startswith("off by 100: a fraction")
    assert cause.endswith("and another mistake in 1 of 2 figures")
    assert not verify_frame(plans.assign(churn=[0.3, 0.5]), "churn_rate", result="churn").causes


@pytest.mark.parametrize(
    ("table", "metric", "options", "error", "words"),
    [
        (CHURN.drop(columns="start"), "churn_rate", {"result": "lost"}, MissingColumnError, "no column 'start'"),
        (CHURN, "churn_rate", {}, MissingColumnError, "no column 'churn_rate'"),
        (CHURN, "churn_rate", {"result": "churn"}, MissingColumnError, "no column 'churn'"),
        (RIGHT[:0], "churn_rate", {}, MetricInputError, "`frame` must have rows"),
        (RIGHT, "churn_rate", {"begin": "start"}, MetricInputError, "`begin` is no input of this metric"),
        (RIGHT, "churn_rate", {"decimals": -1}, MetricInputError, "`decimals` must be a whole number from 0 to 15"),
        (RIGHT, "churn_rate", {"decimals": 1.0}, MetricInputError, "`decimals` must be a whole number from 0 to 15"),
        (RIGHT, "churn_rates", {}, MetricInputError, "did you mean 'churn_rate'?"),
        ([{"lost": 1}], "churn_rate", {}, MetricInputError, "got a list"),
        (pd.concat([RIGHT, RIGHT[["lost"]]], axis=1), "churn_rate", {}, MetricInputError, "must be one column"),
        (pd.DataFrame({"scores": [9], "result": [1]}), "nps_from_scores", {}, MetricInputError, "one value per row"),
        (pd.DataFrame({"scores": [9], "result": [1]}), "health_score", {}, MetricInputError, "one column per input"),
    ],
)
def test_what_cannot_be_checked_is_refused(
    table: Any, metric: str, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as raised:
        verify_frame(table, metric, **options)
    assert words in str(raised.value)
