"""`csm.over` on every engine: the same figures as on pandas, totalled by the engine. All engines share the tests."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import csmetrics as csm
from csmetrics._frames import engines

from ..engine_frames import FRAMES, NAMES, UNSIGNED, arrow, duckdb_connection

Make = Callable[[pd.DataFrame], Any]


@pytest.fixture(params=NAMES)
def make(request: pytest.FixtureRequest) -> Make:
    """Return the function that makes a frame of the engine from pandas."""
    return FRAMES[request.param]


@pytest.fixture
def crossed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, list[str]]]:
    """List the number of rows and the columns of each result that comes back from the engine."""
    seen: list[tuple[int, list[str]]] = []
    collect = engines.collect

    def counted(frame: Any) -> pd.DataFrame:
        out = collect(frame)
        seen.append((len(out), [str(name).removeprefix("row ") for name in out.columns]))
        return out

    monkeypatch.setattr(engines, "collect", counted)
    return seen


def same(got: Any, expected: Any, slack: float = 0.0) -> None:
    """Compare values, labels, their order and types, to the last digit or within `slack`."""
    exact = {"check_exact": True} if slack == 0 else {"rtol": slack, "atol": 0.0}
    if isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(got, expected, **exact)
    elif isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(got, expected, **exact)
        assert got.attrs == expected.attrs
    else:
        assert type(got) is type(expected) is float
        assert got == pytest.approx(expected, rel=slack, abs=0.0, nan_ok=True)


def message(call: Callable[[], Any]) -> str:
    with pytest.raises(csm.CsmetricsError) as caught:
        call()
    return str(caught.value)


def outcome(call: Callable[[Any], Any], frame: Any) -> Any:
    """Return the result of a call, or the message of its error."""
    try:
        return call(frame)
    except csm.CsmetricsError as error:
        return str(error)


@pytest.fixture
def df() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 60
    start, lost, new = rng.integers(50, 500, n), rng.integers(0, 50, n), rng.integers(0, 50, n)
    start_mrr = rng.integers(10_000, 90_000, n)
    return pd.DataFrame(
        {
            "plan": rng.choice(["pro", "free", "team", None], n),
            "region": rng.choice(["eu", "us"], n),
            "lost": lost.astype(np.int8),
            "start": start.astype(np.int16),
            "new": new.astype(np.uint8),
            "reactivated": 1,
            "end": start + new + 1 - lost,
            "start_mrr": start_mrr,
            "expansion_mrr": rng.integers(0, 900, n),
            "contraction_mrr": rng.integers(0, 900, n),
            "churned_mrr": rng.integers(0, 900, n),
            "reactivation_mrr": rng.integers(0, 90, n),
            "new_mrr": rng.integers(0, 900, n).astype(np.int32),
            "mrr": start_mrr * 1.01,
            "customers": start.astype(float),
            "unused": ["wide text"] * n,
        }
    )


@pytest.fixture
def months(df: pd.DataFrame) -> pd.DataFrame:
    """Add a time axis on which no plan except the missing one has a month twice."""
    first = df.groupby(["plan", "region"]).head(1)
    return first.assign(period=pd.to_datetime(["2026-01-01", "2026-02-01"] * 4)[: len(first)]).reset_index(drop=True)


def test_totals_are_those_of_pandas(df: pd.DataFrame, make: Make, crossed: list[Any]) -> None:
    ours = csm.over(make(df))
    same(ours.total().churn_rate(), df.csm.total().churn_rate())
    assert crossed.pop()[0] == 1
    same(ours.total().nrr(), df.csm.total().nrr())
    same(ours.total().clv(gross_margin=80), df.csm.total().clv(gross_margin=80), 1e-12)
    same(ours.total().metrics(), df.csm.total().metrics(), 1e-12)
    assert {rows for rows, _ in crossed} == {1}


def test_groups_are_those_of_pandas(df: pd.DataFrame, make: Make, crossed: list[Any]) -> None:
    ours = csm.over(make(df))
    same(ours.by("plan").churn_rate(), df.csm.by("plan").churn_rate())
    same(ours.by("plan").quick_ratio(), df.csm.by("plan").quick_ratio())
    same(ours.by("plan").metrics(), df.csm.by("plan").metrics(), 1e-12)
    same(ours.by("plan").compute(csm.retention_rate), df.csm.by("plan").retention_rate())
    assert {rows for rows, _ in crossed} == {4}
    crossed.clear()
    same(ours.by("plan", "region").nrr(), df.csm.by("plan", "region").nrr())
    same(ours.by(["region"]).arpa(), df.csm.by(["region"]).arpa(), 1e-12)
    assert [rows for rows, _ in crossed] == [8, 2]


def test_columns_are_mapped_numbers_taken_and_levels_computed(df: pd.DataFrame, make: Make) -> None:
    renamed = df.rename(columns={"lost": "gone", "mrr": "end mrr"}).drop(columns="customers")
    ours, given = csm.over(make(renamed)), {"lost": "gone", "mrr": "end mrr", "customers": "end"}
    same(ours.by("plan").churn_rate("gone"), df.csm.by("plan").churn_rate())
    same(ours.by("plan").churn_rate("gone", 10**6), df.csm.by("plan").churn_rate(start=10**6))
    same(ours.by("plan").clv(**given), renamed.csm.by("plan").clv(**given), 1e-12)
    same(ours.by("plan").metrics("clv", **given), renamed.csm.by("plan").metrics("clv", **given), 1e-12)
    same(ours.by("plan").churn_rate(1, 10), df.csm.by("plan").churn_rate(1, 10))
    same(ours.churn_rate(1, 10), df.csm.churn_rate(1, 10))
    same(ours.total().churn_rate(1, 10), 10.0)
    for call in (
        lambda frame: frame.by("plan").average_lifetime("unused"),
        lambda frame: frame.by("plan").compound_churn_rate(periods="lost"),
        lambda frame: frame.churn_rate(lost=[1, 2]),
    ):
        assert message(lambda call=call: call(ours)) == message(lambda call=call: call(renamed.csm))


def test_each_row_brings_only_its_columns(df: pd.DataFrame, make: Make, crossed: list[Any]) -> None:
    ours = csm.over(make(df))
    same(ours.churn_rate(), df.csm.churn_rate())
    assert crossed == [(60, ["lost", "start"])]
    assert isinstance(ours.churn_rate().index, pd.RangeIndex)
    same(ours.metrics("nrr", "grr"), df.csm.metrics("nrr", "grr"))
    needed = {"start_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr"}
    assert set(crossed[-1][1]) == needed
    same(ours.engagement_score(["lost", "new"], weights=[1, 10]), df.csm.engagement_score(["lost", "new"], [1, 10]))
    assert crossed[-1] == (60, ["lost", "new"])
    used = {"in": "lost", "out": "new"}
    weights = {"out": 10, "in": 1}
    same(ours.by("plan").engagement_score(used, weights), df.csm.by("plan").engagement_score(used, weights))
    assert crossed[-1][0] == 4
    same(ours.by("plan", "plan").churn_rate(), df.csm.by("plan", "plan").churn_rate())


def test_answers_bring_only_their_columns(make: Make, crossed: list[Any]) -> None:
    answers = pd.DataFrame(
        {
            "plan": ["p", "p", "f", None, "f"],
            "score": pd.array([10, 9, 3, 10, None], dtype="Int64"),
            "w": [1, 3, 1, 1, 1],
            "started_at": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-05", "2026-01-05", "2026-01-09"]),
            "value_at": pd.to_datetime(["2026-01-03", None, "2026-01-06", None, "2026-01-10"]),
        }
    )
    ours = csm.over(make(answers))
    same(ours.by("plan").nps_from_scores("score"), answers.csm.by("plan").nps_from_scores("score"))
    assert crossed.pop() == (5, ["key plan", "score"])
    same(ours.total().nps_from_scores("score", weights="w"), 100 * (5 - 1) / 6)
    assert crossed.pop() == (5, ["score", "w"])
    expected = answers.csm.by("plan").median_ttv(as_of="2026-01-31")
    same(ours.by("plan").median_ttv(as_of="2026-01-31"), expected)
    assert crossed.pop() == (5, ["key plan", "started_at", "value_at"])
    same(ours.by("score").nps_from_scores("score"), answers.csm.by("score").nps_from_scores("score"))
    for call in (
        lambda frame: frame.nps_from_scores("score"),
        lambda frame: frame.by("plan").nps_from_scores("scor"),
        lambda frame: frame.total().nps_from_scores("plan"),
    ):
        assert message(lambda call=call: call(ours)) == message(lambda call=call: call(answers.csm))


KEYS: dict[str, Any] = {
    "text": ["b", None, "é", "B", "b", None],
    "integer": [3, -1, 2**60, 3, 0, 0],
    "nullable": pd.array([2, None, 2**60 + 1, None, 2, 7], dtype="Int64"),
    "float": [1.5, np.nan, -2.5, 1.5, np.nan, 0.0],
    "null and nan": pd.arrays.ArrowExtensionArray(pa.array([1.5, None, 2.5, 1.5, np.nan, 0.0])),
    "bool": [True, False, True, True, False, False],
    "time": pd.to_datetime(
        ["2026-02-01", None, "2026-01-01", None, "2026-01-01 00:00:01", "2026-01-01"], format="ISO8601"
    ).as_unit("us"),
}


def test_keys_of_any_kind(make: Make) -> None:
    rows = pd.DataFrame(KEYS).assign(lost=[1, 2, 3, 4, 5, 6], start=10)
    ours = csm.over(make(rows))
    plain = rows.astype({"null and nan": float})
    for key in KEYS:
        same(ours.by(key).churn_rate(), plain.csm.by(key).churn_rate())
    same(ours.by("bool", "time").churn_rate(), rows.csm.by("bool", "time").churn_rate())


def test_categories_and_dates_as_keys(make: Make) -> None:
    days = [dt.date(2026, 2, 1), dt.date(2026, 1, 1), None, dt.date(2026, 2, 1)]
    rows = pd.DataFrame(
        {
            "kind": pd.Categorical(["x", "y", "a", "x"], ["y", "x", "a", "z"]),
            "day": days,
            "lost": [1, 2, 3, 4],
            "start": 10,
        }
    )
    ours = csm.over(make(rows))
    by_kind = ours.by("kind").churn_rate()
    same(by_kind, rows.astype({"kind": "str"}).csm.by("kind").churn_rate())  # on other engines categories are text
    by_day = ours.by("day").churn_rate()
    assert by_day.index[:2].tolist() == [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-02-01")]
    assert by_day.index.isna().tolist() == [False, False, True]
    assert by_day.tolist() == [20.0, 25.0, 30.0]


def test_categories_with_an_order_keep_it() -> None:
    import dask.dataframe as dd
    import polars as pl

    ordered = pd.Categorical(["pro", "free", "team", None], ["free", "team", "pro"], ordered=True)
    rows = pd.DataFrame({"plan": ordered, "lost": [1, 2, 3, 4], "start": 10})
    expected = rows.csm.by("plan").churn_rate()
    enum = pl.Enum(["free", "team", "pro"])
    same(csm.over(FRAMES["polars"](rows).cast({"plan": enum})).by("plan").churn_rate(), expected)
    same(csm.over(dd.from_pandas(rows, npartitions=2)).by("plan").churn_rate(), expected)
    relation = FRAMES["duckdb"](rows).project("plan::enum('free', 'team', 'pro') as plan, lost, start")
    same(csm.over(relation).by("plan").churn_rate(), expected)


def test_missing_values_make_their_group_missing_and_no_other(make: Make) -> None:
    rows = pd.DataFrame(
        {
            "k": ["a", "a", "b", "b", "c", "c"],
            "null": pd.array([1, 2, None, 4, None, None], dtype="Int64"),
            "nan": [1.5, 2.5, 3.5, np.nan, np.nan, np.nan],
            "gap": pd.array([1.5, 2.5, 3.5, None, None, None], dtype="Float64"),
            "none": [None] * 6,
            "start": 10,
        }
    )
    ours = csm.over(make(rows))
    for column in ("null", "nan", "gap", "none"):
        for undefined in (np.nan, 0):
            expected = rows.csm.by("k").churn_rate(column, undefined=undefined)
            same(ours.by("k").churn_rate(column, undefined=undefined), expected)
            assert expected.isna().tolist() == [column == "none", True, True]
        assert np.isnan(ours.total().churn_rate(column))
        same(ours.churn_rate(column), rows.csm.churn_rate(column))
    nobody = rows.assign(start=0)
    assert csm.over(make(nobody)).by("k").churn_rate(0).isna().all()


def test_a_row_that_cannot_be_right_does_not_vanish_in_a_sum(make: Make) -> None:
    rows = pd.DataFrame(
        {
            "k": ["a", "a", "b", "b"],
            "whole": [5, -1, 9, -3],
            "part": [5.5, np.nan, 9.0, -2.5],
            "endless": [np.inf, np.nan, 1.0, 2.0],
            "below": [-np.inf, 1.0, 1.0, 2.0],
            "fine": [0.0, np.nan, 1.0, 2.0],
            "start": 100,
        }
    )
    ours = csm.over(make(rows))
    for grain in (ours.by("k"), ours.total()):
        found = "must be >= 0; 2 of 4 values break it, the least is -3"
        assert message(lambda grain=grain: grain.churn_rate("whole")) == f"churn_rate: `lost` {found}."
        found = "must be >= 0; 1 of 4 values break it, the least is -2.5"
        assert message(lambda grain=grain: grain.churn_rate("part")) == f"churn_rate: `lost` {found}."
        for column in ("endless", "below"):
            found = "must be finite; 1 of 4 values break it"
            assert message(lambda grain=grain, c=column: grain.churn_rate(c)) == f"churn_rate: `lost` {found}."
        assert "must be <= `start`; " in message(lambda grain=grain: grain.churn_rate("start", 1))
    for column in ("whole", "part", "endless", "below"):
        assert message(lambda c=column: ours.churn_rate(c)) == message(lambda c=column: rows.csm.churn_rate(c))
        with pytest.raises(csm.MetricInputError):  # pandas refuses the same call
            rows.csm.by("k").churn_rate(column)
        with pytest.raises(csm.MetricInputError):
            rows.csm.total().churn_rate(column)
    assert ours.by("k").churn_rate("fine").isna().tolist() == [True, False]


def test_columns_that_hold_no_numbers_are_refused_by_their_type(make: Make) -> None:
    rows = pd.DataFrame(
        {
            "k": ["a", "b"],
            "text": ["1", "2"],
            "flag": [True, False],
            "time": pd.to_datetime(["2026-01-01"] * 2),
            "kind": pd.Categorical(["x", "y"]),
            "start": [10, 20],
        }
    )
    ours = csm.over(make(rows))
    for column, what in {"text": "text", "flag": "booleans", "time": "dates", "kind": "text"}.items():
        for grain in (ours.by("k"), ours.total()):
            said = message(lambda grain=grain, c=column: grain.churn_rate(c))
            assert said.startswith(f"churn_rate: `lost` must be numbers; got {what} in the column {column!r}.")
        assert "must be numbers" in message(lambda c=column: ours.churn_rate(c))
        for grain in (ours, ours.by("k")):
            shown = grain.metrics(lost=column)
            assert f"got {what}" in shown.attrs["left_out"]["churn_rate"]
            assert list(shown) == []


def test_stocks_are_never_added_over_periods(months: pd.DataFrame, make: Make, crossed: list[Any]) -> None:
    ours, theirs = csm.over(make(months)), months.csm
    assert ours.by("plan", "period").churn_rate().tolist() == theirs.by("plan", "period").churn_rate().tolist()
    crossed.clear()
    for call in (
        lambda frame: frame.by("plan").churn_rate(),
        lambda frame: frame.by("region", "plan").churn_rate(),
        lambda frame: frame.total().churn_rate(),
        lambda frame: frame.by("plan", period="region").churn_rate(),
        lambda frame: frame.total(period="lost").nrr(),
        lambda frame: frame.by("region", period="mrr").clv(),
    ):
        got, expected = outcome(call, ours), outcome(call, theirs)
        if isinstance(expected, str):
            assert got == expected
        else:
            same(got, expected, 1e-12)
    assert max(rows for rows, _ in crossed) <= 8
    same(ours.by("plan").metrics(), theirs.by("plan").metrics(), 1e-12)
    assert "is a stock" in ours.by("plan").metrics().attrs["left_out"]["churn_rate"]


def test_one_missing_period_is_one_period(make: Make) -> None:
    rows = pd.DataFrame(
        {"k": ["a", None, None], "period": pd.array([1.0, None, None], dtype="Float64"), "lost": 1, "start": 10}
    )
    same(csm.over(make(rows)).by("k").churn_rate(), rows.csm.by("k").churn_rate())
    two = rows.assign(period=[1.0, np.nan, 2.0])
    said = message(lambda: csm.over(make(two)).by("k").churn_rate())
    assert said.replace("group None", "group nan") == message(lambda: two.csm.by("k").churn_rate())
    assert "'period' has 2 of them in the group" in said


def test_missing_columns_say_what_is_there_and_what_was_meant(df: pd.DataFrame, make: Make) -> None:
    rows = df.rename(columns={"lost": "cancelled", "start": "strat"})
    ours = csm.over(make(rows))
    for call in (
        lambda frame: frame.churn_rate(),
        lambda frame: frame.total().churn_rate("cancelled"),
        lambda frame: frame.by("plan").churn_rate(lost="gone"),
        lambda frame: frame.by("plam"),
        lambda frame: frame.by("plan", period="week"),
        lambda frame: frame.total().nps(),
        lambda frame: frame.metrics("nps"),
        lambda frame: frame.engagement_score(["new", "nothing"], weights=[1, 2]),
        lambda frame: frame.by(),
    ):
        assert message(lambda call=call: call(ours)) == message(lambda call=call: call(rows.csm))
    with pytest.raises(csm.MissingColumnError, match="Hint: lost='cancelled'"):
        ours.churn_rate()
    with pytest.raises(TypeError, match="no argument 'lots'"):
        ours.by("plan").churn_rate(lots="lost")


def test_integers_are_exact_in_every_total(make: Make) -> None:
    rows = pd.DataFrame({"k": ["a", "a", "b"], "mrr": [2**53, 1, 3], "less": [-(2**53), -1, 2**60]})
    ours = csm.over(make(rows))
    same(ours.total().net_new_mrr("mrr", 0, 0, 2**53), 4.0)
    same(ours.by("k").net_new_mrr("mrr", 0, 0, 0), rows.csm.by("k").net_new_mrr("mrr", 0, 0, 0))
    huge = pd.DataFrame({"k": ["a"] * 3 + ["b"], "mrr": [2**62, 2**62, 2**62 + 2**10, 7], "customers": 1})
    ours = csm.over(make(huge))
    for got, expected in ((ours.total(), huge.csm.total()), (ours.by("k"), huge.csm.by("k"))):
        same(got.arpa(), expected.arpa())
        same(got.net_new_mrr("mrr", 0, 0, 3 * 2**62), expected.net_new_mrr("mrr", 0, 0, 3 * 2**62))
    assert ours.total().net_new_mrr("mrr", 0, 0, 3 * 2**62) == 2**10 + 7


def test_decimals(make: Make) -> None:
    missing = Decimal(3) if make is FRAMES["dask"] else None  # pandas 2.2 cannot convert Arrow's missing decimals
    rows = pd.DataFrame(
        {"k": ["a", "a", "b"], "mrr": [Decimal("10.10"), Decimal("0.20"), missing], "customers": [2, 1, 1]}
    )
    ours = csm.over(make(rows))
    same(ours.by("k").arpa(), rows.csm.by("k").arpa(), 1e-12)
    same(ours.total().arpa(), rows.csm.total().arpa(), 1e-12)
    same(ours.arpa(), rows.csm.arpa(), 1e-12)


def test_empty_frames(df: pd.DataFrame, make: Make) -> None:
    empty = df.iloc[:0].astype({"plan": "str"})
    ours = csm.over(make(empty))
    assert ours.churn_rate().empty
    assert ours.by("plan").churn_rate().empty
    assert ours.by("plan").churn_rate().index.name == "plan"
    assert np.isnan(ours.total().churn_rate())
    assert ours.total().net_new_mrr() == 0.0
    assert ours.total().metrics().index.tolist() == ["total"]
    assert ours.churn_rate(1, 10).empty


def test_nothing_is_computed_before_a_metric_is_asked_for(df: pd.DataFrame, make: Make, crossed: list[Any]) -> None:
    frame = make(df.assign(period=1))
    by_plan = csm.over(frame).by("plan")
    shown = repr(by_plan)
    assert crossed == []
    engine = type(frame).__module__.partition(".")[0].lstrip("_")
    assert shown == f"<csmetrics: {engine} {type(frame).__name__}, by plan, time axis 'period'>"
    assert "churn_rate" in dir(by_plan)
    with pytest.raises(AttributeError, match="did you mean 'clv'"):
        by_plan.ltv()


def test_narwhals_frames_are_frames(df: pd.DataFrame) -> None:
    import narwhals as nw

    expected = df.csm.by("plan").churn_rate()
    for frame in (FRAMES["polars"](df), FRAMES["pyarrow"](df), df):
        same(csm.over(nw.from_native(frame)).by("plan").churn_rate(), expected)


def test_sums_of_duckdb_and_its_files(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    connection = duckdb_connection()
    # sums of integers are 128 bits wide there; the extremes that a file remembers know nothing of NaN
    totals = connection.sql(
        "select k, sum(v) as lost, sum(v) * 2 as start from (values ('a', 1), ('b', 3)) t(k, v) group by k"
    )
    same(csm.over(totals).by("k").churn_rate(), pd.Series(50.0, pd.Index(["a", "b"], name="k"), name="churn_rate"))
    same(csm.over(totals).churn_rate(), pd.Series([50.0, 50.0], name="churn_rate"))
    rows = pd.DataFrame({"k": [1.0, np.nan, 1.0, 2.0], "lost": [1.0, 2.0, 3.0, np.nan], "start": 10.0})
    pq.write_table(arrow(rows), tmp_path / "rows.parquet")
    relation = connection.read_parquet(str(tmp_path / "rows.parquet"))
    same(csm.over(relation).by("k").churn_rate(), rows.csm.by("k").churn_rate())
    endless = rows.assign(lost=[1.0, np.inf, 3.0, np.nan])
    pq.write_table(arrow(endless), tmp_path / "endless.parquet")
    relation = connection.read_parquet(str(tmp_path / "endless.parquet"))
    assert "must be finite; 1 of 4 values" in message(lambda: csm.over(relation).total().churn_rate())


def test_what_is_no_frame_is_refused() -> None:
    for wrong in ({"lost": [1]}, [1, 2], None, "rows", np.array([1]), pd.Series([1]), object()):
        with pytest.raises(csm.MetricInputError, match=r"must be a DataFrame of pandas, Polars, .* known to narwhals"):
            csm.over(wrong)
    import polars as pl

    with pytest.raises(csm.MetricInputError, match="got a Series"):
        csm.over(pl.Series([1]))


@pytest.mark.parametrize("missing", ["narwhals", "pyarrow"])
def test_what_is_not_installed_is_named(df: pd.DataFrame, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = FRAMES["polars"](df)
    for module in list(sys.modules):
        if module.split(".")[0] == missing:
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=re.escape('pip install "csmetrics[engines]"')):
        csm.over(frame)
    with pytest.raises(csm.MetricInputError, match="got a dict"):
        csm.over({"lost": [1]})
    assert csm.over(df).total().churn_rate() > 0


def test_rows_cross_without_loss(make: Make) -> None:
    """Other parts of the package get all values unchanged from `lazy` and `collect`."""
    rows = pd.DataFrame(
        {
            "id": pd.array([2**60 + 1, None, 3], dtype="Int64"),
            "text": ["a", None, "c"],
            "amount": [1.5, np.nan, -np.inf],
            "time": pd.Series(["2026-01-01T12:00:00.000001", None, "2026-03-01"], dtype="datetime64[us]"),
        }
    )
    got = engines.collect(engines.lazy(make(rows)))
    pd.testing.assert_frame_equal(got.astype({"time": rows["time"].dtype}), rows)
    none = engines.collect(engines.lazy(make(rows.iloc[:0])))
    assert list(none) == list(rows)
    assert none.empty


@pytest.mark.parametrize("make", UNSIGNED, indirect=True)
def test_unsigned_integers_past_int64_are_refused(make: Make) -> None:
    frame = pd.DataFrame({"lost": np.array([2**63, 1], dtype=np.uint64), "start": np.array([9, 9], dtype=np.uint64)})
    with pytest.raises(csm.MetricInputError, match=r"`lost` must be less than 2\*\*63 on this engine; got 1"):
        csm.over(make(frame)).total().churn_rate()
    assert csm.over(make(frame.iloc[1:])).total().churn_rate() == pytest.approx(100 / 9)
