"""`csm.over`, `df.csm` and `s.csm`: the three grains, mapping, levels, stocks, refusals."""

from __future__ import annotations

import inspect
import pydoc
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm
from csmetrics.core._registry import REGISTRY, metric


@pytest.fixture
def df() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "plan": ["pro", "pro", "free", "free"],
            "region": ["eu", "us", "eu", "us"],
            "lost": [2, 3, 40, 5],
            "start": [100, 400, 500, 100],
            "new": [10, 20, 60, 0],
            "end": [108, 417, 520, 95],
            "start_mrr": [10_000, 40_000, 5_000, 1_000],
            "expansion_mrr": [500, 0, 10, 0],
            "contraction_mrr": [100, 50, 0, 0],
            "churned_mrr": [200, 300, 400, 50],
            "mrr": [10_200, 39_650, 4_610, 950],
            "customers": [108, 417, 520, 95],
        },
        index=list("abcd"),
    )


def test_each_row_is_the_function_of_its_columns(df: pd.DataFrame) -> None:
    pd.testing.assert_series_equal(df.csm.churn_rate(), csm.churn_rate(df["lost"], df["start"]), check_names=False)
    assert df.csm.churn_rate().name == "churn_rate"


def test_a_group_is_the_formula_of_its_sums_not_the_mean_of_its_rates(df: pd.DataFrame) -> None:
    by_plan = df.csm.by("plan").churn_rate()
    assert by_plan.to_dict() == {"free": 7.5, "pro": 1.0}
    assert by_plan.index.name == "plan"
    assert df.csm.total().churn_rate() == 100 * 50 / 1100
    assert type(df.csm.total().churn_rate()) is float


def test_several_keys_levels_and_lists(df: pd.DataFrame) -> None:
    one = df.csm.by("plan", "region").churn_rate()
    assert one.index.names == ["plan", "region"]
    assert one.loc[("free", "us")] == 5.0
    pd.testing.assert_series_equal(one, df.csm.by(["plan", "region"]).churn_rate())
    pd.testing.assert_series_equal(one, df.set_index(["plan", "region"]).csm.by("plan", "region").churn_rate())


def test_over_is_the_accessor(df: pd.DataFrame) -> None:
    pd.testing.assert_series_equal(csm.over(df).by("plan").nrr(), df.csm.by("plan").nrr())
    with pytest.raises(csm.MetricInputError, match="must be a DataFrame of pandas, Polars"):
        csm.over({"lost": [1]})  # type: ignore[arg-type]


def test_columns_are_mapped_and_numbers_taken_as_they_are(df: pd.DataFrame) -> None:
    renamed = df.rename(columns={"lost": "cancelled", "start": "opening"})
    expected = df.csm.churn_rate()
    pd.testing.assert_series_equal(renamed.csm.churn_rate(lost="cancelled", start="opening"), expected)
    pd.testing.assert_series_equal(renamed.csm.churn_rate("cancelled", "opening"), expected)
    assert df.csm.churn_rate(start=1000).tolist() == [0.2, 0.3, 4.0, 0.5]
    assert df.csm.total().churn_rate(start=Decimal(1000)) == 5.0
    assert df.csm.churn_rate(1, 10).tolist() == [10.0] * 4
    assert df.csm.by("plan").churn_rate(1, 10).to_dict() == {"free": 10.0, "pro": 10.0}


def test_optional_inputs_use_their_column_where_there_is_one(df: pd.DataFrame) -> None:
    back = df.assign(reactivation_mrr=275, reactivated=1, new_mrr=1000)
    assert df.assign(new_mrr=1000).csm.total().quick_ratio() == 4510 / 1100
    assert back.csm.total().quick_ratio() == (4510 + 4 * 275) / 1100
    assert back.csm.total().quick_ratio(reactivation_mrr=0) == 4510 / 1100
    assert back.csm.total().net_new_mrr() == 4510 + 1100 - 1100
    assert back.csm.total().retention_rate() == df.csm.total().retention_rate() - 100 * 4 / 1100


def test_nrr_is_about_the_customers_of_the_opening(df: pd.DataFrame) -> None:
    df = df.assign(new_mrr=1000)
    back = df.assign(reactivation_mrr=560)
    for function, more in ((csm.nrr, 4.0), (csm.net_revenue_churn_rate, -4.0)):
        for frame in (df, back):
            without = frame.csm.total().compute(function)
            assert without == df.csm.total().compute(function)
            pd.testing.assert_series_equal(frame.csm.by("plan").compute(function), df.csm.by("plan").compute(function))
        named = back.csm.total().compute(function, reactivation_mrr="reactivation_mrr")
        assert named == pytest.approx(without + more)
        assert back.csm.total().compute(function, reactivation_mrr=2240) == pytest.approx(without + more)
        assert back.csm.total().metrics()[function.__name__]["total"] == without
        assert back.csm.metrics(reactivation_mrr="reactivation_mrr")[function.__name__].tolist() == pytest.approx(
            back.csm.compute(function, reactivation_mrr="reactivation_mrr").tolist()
        )
        alone = back.drop(columns="new_mrr").csm.total().compute(function)  # not a bridge: the column counts
        assert alone == pytest.approx(without + more)
    assert csm.catalog["nrr"].inputs["reactivation_mrr"].not_beside == "new_mrr"
    assert csm.catalog["quick_ratio"].inputs["reactivation_mrr"].not_beside is None
    without = df.csm.total().earned_growth_rate(earned_new=10)
    assert back.csm.total().earned_growth_rate(earned_new=10) == without
    named = back.csm.total().earned_growth_rate(earned_new=10, reactivation_mrr="reactivation_mrr")
    assert named == pytest.approx(without + 4)


def test_only_an_optional_input_is_taken_where_it_is_named() -> None:
    spec = REGISTRY["grr"]
    for name, said in (("start_mrr", "must name arguments with a default"), ("mrr", "must name its arguments")):
        declared = metric(title="", unit="percent", better="higher", inputs=spec.inputs, not_beside={name: "new"})
        with pytest.raises(TypeError, match=said):
            declared(spec.function)


def test_a_level_is_computed_from_its_own_inputs(df: pd.DataFrame) -> None:
    clv = df.csm.by("plan").clv(gross_margin=80)
    pro = csm.clv(csm.arpa(49_850, 525), csm.churn_rate(5, 500), 80)
    assert clv["pro"] == pytest.approx(pro, rel=1e-14)
    mapped = df.rename(columns={"mrr": "end_mrr", "lost": "gone"}).drop(columns="customers")
    pd.testing.assert_series_equal(
        mapped.csm.by("plan").clv(mrr="end_mrr", customers="end", lost="gone", gross_margin=80), clv
    )
    assert df.csm.by("plan").clv(churn_rate=2, arpa=50).tolist() == [2500.0, 2500.0]
    pd.testing.assert_series_equal(
        df.assign(churn_rate=2.0).csm.clv(arpa=50), pd.Series(2500.0, index=df.index, name="clv")
    )


def test_a_column_of_rates_is_never_added(df: pd.DataFrame) -> None:
    rates = df.assign(churn_rate=50.0)
    assert rates.csm.by("plan").average_lifetime().to_dict() == pytest.approx({"free": 100 / 7.5, "pro": 100.0})
    alone = rates.drop(columns=["lost"])
    with pytest.raises(csm.MetricInputError, match=r"level.* computed from 'lost', 'start': no column 'lost'"):
        alone.csm.by("plan").average_lifetime()
    assert "average_lifetime" in alone.csm.by("plan").metrics().attrs["left_out"]
    with pytest.raises(csm.MissingColumnError, match="no column 'lost'"):
        alone.drop(columns="churn_rate").csm.by("plan").average_lifetime()
    with pytest.raises(csm.MetricInputError, match="`gross_margin` is a level"):
        df.assign(gross_margin=[80, 70, 60, 50]).csm.by("plan").clv()
    with pytest.raises(csm.MetricInputError, match=r"`periods` is a level.*one value for all, as in periods="):
        df.csm.total().compound_churn_rate()
    with pytest.raises(csm.MetricInputError, match="`churn_rate` is a level"):
        rates.csm.total().compound_churn_rate(churn_rate="churn_rate", periods=12)


@pytest.fixture
def months(df: pd.DataFrame) -> pd.DataFrame:
    return df.assign(period=pd.PeriodIndex(["2026-01", "2026-02", "2026-01", "2026-01"], freq="M"))


def test_stocks_are_never_added_over_periods(months: pd.DataFrame) -> None:
    for frame in (months, months.set_index("period"), months.set_index(["period", "plan"])):
        with pytest.raises(
            csm.MetricInputError, match=r"`start` is a stock.*'period' has 2 of them in the group 'pro'"
        ):
            frame.csm.by("plan").churn_rate()
        with pytest.raises(csm.MetricInputError, match=r"'period' has 2 of them\. Hint: keep the periods apart"):
            frame.csm.total().churn_rate()
        assert len(frame.csm.churn_rate()) == 4
        assert frame.csm.by("period").churn_rate().tolist() == [100 * 47 / 700, 0.75]
        assert frame.csm.by("plan", "period").churn_rate().tolist() == [7.5, 2.0, 0.75]
    assert months[months["plan"] == "free"].csm.by("plan").churn_rate().tolist() == [7.5]
    with pytest.raises(csm.MetricInputError, match="`mrr` is a stock"):
        months.csm.total().clv()


def test_nothing_is_remembered_between_calls(df: pd.DataFrame) -> None:
    by_plan = df.csm.by("plan")
    assert by_plan.churn_rate().tolist() == [7.5, 1.0]
    df["period"] = [1, 2, 1, 1]
    with pytest.raises(csm.MetricInputError, match="`start` is a stock"):
        by_plan.churn_rate()
    assert "is a stock" in by_plan.metrics().attrs["left_out"]["churn_rate"]
    df["lost"] = 0
    assert df.drop(columns="period").csm.by("plan").churn_rate().tolist() == [0.0, 0.0]


def test_sums_past_all_floats_are_refused_without_a_warning() -> None:
    huge = pd.DataFrame({"k": [1, 1], "mrr": [1e308, 1e308], "customers": [1, 1]})
    for grain in (huge.csm.total(), huge.csm.by("k")):
        with pytest.raises(csm.MetricInputError, match="`mrr` must be finite"):
            grain.arpa()


def test_flows_add_over_periods(months: pd.DataFrame) -> None:
    answers = months.assign(promoters=[6, 4, 1, 0], passives=[4, 4, 4, 4], detractors=[0, 2, 5, 6])
    assert answers.csm.total().nps() == 100 * (11 - 13) / 40


def test_a_named_time_axis(months: pd.DataFrame) -> None:
    monthly = months.rename(columns={"period": "billed"}).astype({"billed": str})
    assert monthly.csm.by("plan").churn_rate().tolist() == [7.5, 1.0]
    with pytest.raises(csm.MetricInputError, match="'billed' has 2 of them"):
        monthly.csm.by("plan", period="billed").churn_rate()
    with pytest.raises(csm.MetricInputError, match="'billed' has 2 of them"):
        monthly.csm.total(period="billed").churn_rate()
    with pytest.raises(csm.MissingColumnError, match="'week'"):
        monthly.csm.by("plan", period="week")


@pytest.mark.parametrize("name", ["period", "year", "quarter", "month", "week", "day", "date", "Month"])
def test_columns_called_as_time_is_are_time_axes(df: pd.DataFrame, name: str) -> None:
    frame = df.assign(**{name: [1, 2, 1, 1]})
    for moment in (frame, frame.set_index(name)):
        assert f"time axis {name!r}" in repr(moment.csm.by("plan"))
        with pytest.raises(csm.MetricInputError, match=f"{name!r} has 2 of them in the group 'pro'"):
            moment.csm.by("plan").churn_rate()
        with pytest.raises(csm.MetricInputError, match=f"{name!r} has 2 of them"):
            moment.csm.total().churn_rate()
        assert moment.csm.by("plan", period=None).churn_rate().tolist() == [7.5, 1.0]
        assert "no time axis" in repr(moment.csm.total(period=None))


def test_an_index_of_dates_is_a_time_axis_without_a_name() -> None:
    """Two months with 445 and 455 customers at their opening: 4.49 is the churn of no month."""
    two = pd.DataFrame({"lost": [20, 20], "start": [435, 456]})
    for index in (pd.period_range("2026-01", periods=2, freq="M"), pd.date_range("2026-01-31", periods=2)):
        frame = two.set_axis(index)
        assert "time axis 'the index'" in repr(frame.csm.total())
        with pytest.raises(csm.MetricInputError, match=r"`start` is a stock.*the index has 2 of them") as caught:
            frame.csm.total().churn_rate()
        assert """name the index, .rename_axis("period"), and keep the periods apart with by('period')""" in str(
            caught.value
        )
        assert frame.rename_axis("period").csm.by("period").churn_rate().tolist() == [100 * 20 / 435, 100 * 20 / 456]
        assert frame.csm.total(period=None).churn_rate() == 100 * 40 / 891
        assert frame.iloc[:1].csm.total().churn_rate() == 100 * 20 / 435


def test_every_time_axis_is_looked_at(df: pd.DataFrame) -> None:
    frame = df.assign(year=[2025, 2026, 2026, 2026], month=[1, 1, 1, 1])
    assert "time axes 'year', 'month'" in repr(frame.csm)
    with pytest.raises(csm.MetricInputError, match="'year' has 2 of them"):
        frame.csm.by("month").churn_rate()
    assert len(frame.csm.by("year", "month").churn_rate()) == 2
    renewed = pd.PeriodIndex(["2026-01", "2026-02", "2026-01", "2026-01"], freq="M")
    with pytest.raises(csm.MetricInputError, match="'renewed' has 2 of them"):
        df.assign(renewed=renewed).csm.by("plan").churn_rate()


def test_metrics_are_all_whose_columns_are_there(df: pd.DataFrame, months: pd.DataFrame) -> None:
    rows, groups, total = df.csm.metrics(), df.csm.by("plan").metrics(), df.csm.total().metrics()
    assert rows.index.tolist() == list("abcd")
    assert groups.index.tolist() == ["free", "pro"]
    assert total.index.tolist() == ["total"]
    for name in (
        "churn_rate",
        "retention_rate",
        "nrr",
        "grr",
        "arpa",
        "clv",
        "average_lifetime",
        "net_revenue_churn_rate",
    ):
        pd.testing.assert_series_equal(rows[name], getattr(df.csm, name)())
        pd.testing.assert_series_equal(groups[name], getattr(df.csm.by("plan"), name)())
        assert total.loc["total", name] == getattr(df.csm.total(), name)()
    assert "nps" not in rows.columns
    assert list(df.csm.metrics("nrr", "grr").columns) == ["nrr", "grr"]
    over_time = months.assign(promoters=1, passives=1, detractors=1).csm.by("plan").metrics()
    assert "nps" in over_time.columns
    assert "churn_rate" not in over_time.columns
    assert "is a stock" in over_time.attrs["left_out"]["churn_rate"]
    with pytest.raises(csm.MetricInputError, match="is a stock"):
        months.csm.by("plan").metrics("churn_rate")
    with pytest.raises(csm.MissingColumnError, match="promoters"):
        df.csm.metrics("nps")


def test_compute_takes_the_function_or_its_name(df: pd.DataFrame) -> None:
    expected = df.csm.by("plan").nrr()
    pd.testing.assert_series_equal(df.csm.by("plan").compute(csm.nrr), expected)
    pd.testing.assert_series_equal(df.csm.by("plan").compute("nrr"), expected)
    with pytest.raises(csm.MetricInputError, match="did you mean 'churn_rate'"):
        df.csm.compute("churnrate")
    with pytest.raises(csm.MetricInputError, match="must be a metric"):
        df.csm.compute(max)


def test_missing_column_says_what_is_there_and_what_was_meant(df: pd.DataFrame) -> None:
    with pytest.raises(csm.MissingColumnError) as caught:
        df[["plan", "start"]].assign(cancelled=1).csm.churn_rate()
    message = "churn_rate: no column 'lost'; this frame has 'plan', 'start', 'cancelled'. Hint: lost='cancelled'"
    assert str(caught.value) == message
    assert isinstance(caught.value, KeyError)
    with pytest.raises(csm.MissingColumnError, match=r"Hint: start='strat'"):
        df.rename(columns={"start": "strat"}).csm.churn_rate()
    with pytest.raises(csm.MissingColumnError, match=r"no column 'plam'.*plan"):
        df.csm.by("plam")
    with pytest.raises(csm.MissingColumnError, match="no column 'gone'"):
        df.csm.churn_rate(lost="gone")


def test_wrong_calls_are_refused(df: pd.DataFrame) -> None:
    with pytest.raises(TypeError, match=r"no argument 'lots'; it takes lost, start, undefined"):
        df.csm.churn_rate(lots="lost")
    with pytest.raises(TypeError, match="at most 2"):
        df.csm.churn_rate("lost", "start", "end")
    with pytest.raises(TypeError, match="two values for 'lost'"):
        df.csm.churn_rate("lost", lost="lost")
    with pytest.raises(csm.MetricInputError, match="must name at least one column"):
        df.csm.by()
    with pytest.raises(csm.MetricInputError, match="2 columns under 'lost'"):
        pd.concat([df, df[["lost"]]], axis=1).csm.churn_rate()
    with pytest.raises(csm.MetricInputError, match="must be a column name or a number"):
        df.csm.churn_rate(lost=[1, 2, 3, 4])
    with pytest.raises(csm.MetricInputError, match="text"):
        df.csm.by("region").churn_rate(lost="plan")
    with pytest.raises(AttributeError, match="no metric 'ltv'; did you mean 'clv'"):
        df.csm.ltv()
    with pytest.raises(AttributeError, match="no metric 'totl'; did you mean 'total'"):
        df.csm.totl()
    with pytest.raises(AttributeError, match="no metric 'nsp'; did you mean 'nps'"):
        df["lost"].csm.nsp()
    with pytest.raises(AttributeError, match="no metric 'churn_rate'; it has ces, csat, csat_mean, nps"):
        df["lost"].csm.churn_rate()
    with pytest.raises(AttributeError, match="did you mean 'churn_rate'"):
        csm.churnrate  # noqa: B018


def test_missing_values_and_empty_groups_stay_missing(df: pd.DataFrame) -> None:
    holes = df.assign(lost=[2.0, np.nan, 40.0, 5.0])
    result = holes.csm.by("plan").churn_rate(undefined=0)
    assert result["free"] == 7.5
    assert np.isnan(result["pro"])
    nobody = df.assign(lost=0, start=0)
    assert nobody.csm.by("plan").churn_rate().isna().all()
    assert nobody.csm.by("plan").churn_rate(undefined=0).tolist() == [0.0, 0.0]
    assert np.isnan(nobody.csm.total().churn_rate())
    with pytest.raises(csm.UndefinedMetricError):
        nobody.csm.total().churn_rate(undefined="raise")


def test_group_keys_that_are_missing_are_kept(df: pd.DataFrame) -> None:
    result = df.assign(plan=["pro", None, "free", None]).csm.by("plan").churn_rate()
    assert result.tolist() == [8.0, 2.0, 1.6]


def test_a_row_that_cannot_be_right_does_not_vanish_in_a_sum(df: pd.DataFrame) -> None:
    bad = df.assign(lost=[2, -1, 40, 5])
    for grain in (bad.csm, bad.csm.by("plan"), bad.csm.total(), bad.astype({"lost": float}).csm.by("plan")):
        with pytest.raises(csm.MetricInputError, match=r"`lost` must be >= 0; 1 of 4 values .* at position 1 \(-1\)"):
            grain.churn_rate()
    with pytest.raises(csm.MetricInputError, match="must be finite"):
        df.assign(lost=[2.0, np.inf, 40.0, 5.0]).csm.by("plan").churn_rate()


def test_empty_frames(df: pd.DataFrame) -> None:
    empty = df.iloc[:0]
    assert empty.csm.churn_rate().empty
    assert empty.csm.by("plan").churn_rate().empty
    assert np.isnan(empty.csm.total().churn_rate())


@pytest.mark.parametrize(
    "dtype", ["int8", "uint64", "Int64", "Float64", "int64[pyarrow]", "double[pyarrow]", object, "float32"]
)
def test_columns_of_any_numeric_dtype(df: pd.DataFrame, dtype: object) -> None:
    small = df.assign(start=[100, 40, 50, 100]).astype({"lost": dtype})
    assert small.csm.by("plan").churn_rate().tolist() == [30.0, 100 * 5 / 140]
    assert small.csm.total().churn_rate() == 100 * 50 / 290
    assert small.csm.churn_rate().tolist() == [2.0, 7.5, 80.0, 5.0]


def test_money_in_integers_is_exact_in_every_total() -> None:
    big = pd.DataFrame({"k": ["a", "a", "b"], "mrr": [2**53, 1, 3], "customers": [1, 0, 1]})
    assert big.csm.total().net_new_mrr("mrr", 0, 0, 2**53) == 4.0
    assert big.csm.by("k").arr().tolist() == [float(12 * (2**53 + 1)), 36.0]


def test_what_is_undefined_on_the_way_is_missing() -> None:
    nobody = pd.DataFrame({"lost": [3], "start": [30], "mrr": [0], "customers": [0]})
    assert np.isnan(nobody.csm.total().clv(undefined=999))
    with pytest.raises(csm.UndefinedMetricError, match="arpa"):
        nobody.csm.total().clv(undefined="raise")
    assert nobody.assign(lost=0, customers=5).csm.total().clv(undefined=999) == 999


def test_scores_of_several_columns(df: pd.DataFrame) -> None:
    used = df[["plan"]].assign(logins=[3, 1, 0, 2], exports=[1, 0, 0, 4])
    assert used.csm.engagement_score(["logins", "exports"], weights=[1, 10]).tolist() == [13, 1, 0, 42]
    by_plan = used.csm.by("plan").engagement_score({"in": "logins", "out": "exports"}, {"out": 10, "in": 1})
    assert by_plan.to_dict() == {"free": 42.0, "pro": 14.0}
    assert used.csm.total().engagement_score(["logins", "exports"], weights=[1, 10]) == 56.0
    scores = df[["plan"]].assign(usage=[50, 100, 0, 80], support=[100, np.nan, 50, 0])
    assert scores.csm.health_score(["usage", "support"], weights=[3, 1]).tolist() == [62.5, 100.0, 12.5, 60.0]
    with pytest.raises(csm.MetricInputError, match="`scores` is a level"):
        scores.csm.by("plan").health_score(["usage", "support"], weights=[3, 1])
    with pytest.raises(csm.MetricInputError, match="must name several columns"):
        scores.csm.health_score()
    with pytest.raises(csm.MissingColumnError, match="no column 'use'"):
        scores.csm.health_score(["use", "support"], weights=[3, 1])
    assert "health_score" not in scores.assign(scores=1, weights=1).csm.metrics()


def test_columns_that_hold_something_else_do_not_stop_metrics(df: pd.DataFrame) -> None:
    odd = df.assign(start=pd.Timestamp("2026-01-01")).csm.metrics()
    assert "nrr" in odd
    assert "got dates" in odd.attrs["left_out"]["churn_rate"]
    renamed = df.rename(columns={"lost": "gone"})
    pd.testing.assert_series_equal(renamed.csm.metrics(lost="gone")["churn_rate"], df.csm.churn_rate())
    with pytest.raises(TypeError, match="no argument 'lots'"):
        df.csm.metrics(lots="gone")


def test_nothing_of_the_caller_is_changed(df: pd.DataFrame) -> None:
    before = df.copy(deep=True)
    df.csm.metrics()
    df.csm.by("plan").metrics()
    df.csm.total().metrics()
    pd.testing.assert_frame_equal(df, before)


def test_methods_show_their_arguments_and_documentation(df: pd.DataFrame) -> None:
    assert set(REGISTRY) <= set(dir(df.csm))
    assert str(inspect.signature(df.csm.churn_rate)) == "(lost='lost', start='start', *, undefined=nan)"
    clv = inspect.signature(df.csm.clv).parameters
    assert list(clv)[:4] == ["arpa", "churn_rate", "gross_margin", "undefined"]
    assert {clv[n].default for n in ("mrr", "customers", "lost", "start")} == {"mrr", "customers", "lost", "start"}
    assert inspect.signature(df.csm.median_ttv).parameters["as_of"].default is inspect.Parameter.empty
    text = pydoc.plain(pydoc.render_doc(df.csm.churn_rate))
    assert "Share of the period's opening customers" in text
    assert "inputs are columns" in text
    assert repr(df.csm.by("plan", "region")) == "<csmetrics: 4 rows, by plan, region, no time axis>"
    assert repr(df.csm) == "<csmetrics: 4 rows, each row, no time axis>"


def test_answers_and_dates_are_reduced_by_group() -> None:
    answers = pd.DataFrame({"plan": list("ppff"), "score": [10, 9, 3, None], "w": [1, 3, 1, 1]})
    assert answers.csm.by("plan").nps_from_scores("score").to_dict() == {"f": -100.0, "p": 100.0}
    assert answers.csm.total().nps_from_scores(scores="score") == pytest.approx(100 / 3)
    assert answers.csm.total().nps_from_scores(scores="score", weights="w") == pytest.approx(100 * (4 - 1) / 5)
    with pytest.raises(csm.MetricInputError, match="reduced to one number"):
        answers.csm.nps_from_scores("score")
    dates = pd.DataFrame(
        {
            "plan": list("ppf"),
            "started_at": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-05"]),
            "value_at": pd.to_datetime(["2026-01-03", None, None]),
        }
    )
    by_plan = dates.csm.by("plan").median_ttv(as_of="2026-01-31")
    assert by_plan["p"] == 2.0
    assert np.isnan(by_plan["f"])


def test_series_accessor_equals_the_reducers() -> None:
    scores = pd.Series([10, 9, 7, 3, None])
    assert scores.csm.nps() == csm.nps_from_scores(scores) == 25.0
    assert scores.csm.nps(weights=[1, 1, 1, 1, 1]) == 25.0
    ratings = pd.Series([5, 4, 2, 1])
    assert ratings.csm.csat() == csm.csat_from_ratings(ratings) == 50.0
    assert ratings.csm.csat(top=1) == 25.0
    assert ratings.csm.csat_mean() == csm.csat_mean_from_ratings(ratings) == 3.0
    assert pd.Series([7, 1]).csm.ces() == csm.ces_from_ratings([7, 1]) == 4.0
    assert str(inspect.signature(scores.csm.csat)).startswith("(*, scale=(1, 5), top=None")
    assert repr(scores.csm) == "<csmetrics: 5 answers>"
    with pytest.raises(csm.MetricInputError, match="11"):
        pd.Series([11]).csm.nps()
