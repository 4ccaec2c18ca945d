"""Ledgers as they really come: inclusive ends, credits, gaps, changes of plan, currencies, blank and far ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm
from csmetrics.cohorts import _engine_ledger

from ..engine_frames import FRAMES, names

Make = Callable[[pd.DataFrame], Any]
build = csm.cohorts
S, N, C = build.movements_from_subscriptions, build.movements_from_snapshots, build.movements_from_changes


@pytest.fixture(params=names(every=8))  # the plans of ledgers are the longest
def make(request: pytest.FixtureRequest) -> Make:
    """Return the function that makes a frame of an engine from pandas."""
    return FRAMES[request.param]


def rows(*lines: tuple[Any, ...], columns: str = "customer start end mrr", unit: str = "us") -> pd.DataFrame:
    frame = pd.DataFrame(list(lines), columns=columns.split())
    for name in ("start", "end", "date", "time"):
        if name in frame:
            stamps = [np.datetime64("NaT") if pd.isna(at) else np.datetime64(str(at), unit) for at in frame[name]]
            frame[name] = np.array(stamps, dtype=f"M8[{unit}]")
    return frame


def on_each(make: Make, frame: pd.DataFrame, call: Callable[[Any], pd.DataFrame]) -> pd.DataFrame:
    """Make the bridge on pandas, and see that the engine makes the same."""
    expected = call(frame)
    pd.testing.assert_frame_equal(call(make(frame)), expected)
    assert_identity(expected)
    return expected


def assert_identity(out: pd.DataFrame) -> None:
    fx = out.get("fx_mrr", 0)
    count = out["start"] + out["new"] + out["reactivated"] - out["lost"]
    gained = out["start_mrr"] + out["new_mrr"] + out["reactivation_mrr"] + out["expansion_mrr"] + fx
    gained -= out["contraction_mrr"] + out["churned_mrr"]
    np.testing.assert_array_equal(count, out["end"])
    np.testing.assert_allclose(gained, out["end_mrr"], rtol=1e-12)
    assert (out.drop(columns="fx_mrr", errors="ignore") >= 0).all(axis=None)


def in_month(out: pd.DataFrame, month: str, *columns: str) -> list[Any]:
    return out.loc[month, list(columns)].tolist()


INCLUSIVE = rows(
    ("a", "2025-01-01", "2025-03-31", 100),
    ("a", "2025-04-01", "2025-06-30", 100),
    ("b", "2025-01-01", "2025-12-31", 50),
)


def test_inclusive_ends(make: Make) -> None:
    out = on_each(make, INCLUSIVE, lambda f: S(f, closed="both", as_of="2025-04-30"))
    assert out.csm.churn_rate()["2025-03"] == 0
    assert out.csm.nrr()["2025-03"] == 100
    assert out.attrs["notes"] == []


def test_inclusive_ends_read_as_exclusive(make: Make) -> None:
    with pytest.warns(csm.CohortWarning, match="1 row begins one day after an end of the same customer"):
        out = on_each(make, INCLUSIVE, lambda f: S(f, as_of="2025-04-30"))
    with pytest.warns(csm.CohortWarning):
        assert S(make(INCLUSIVE), as_of="2025-04-30").attrs["notes"] == out.attrs["notes"]
    assert out.csm.churn_rate()["2025-03"] == 50
    assert out.csm.nrr()["2025-03"] == pytest.approx(100 / 3)


@pytest.mark.parametrize("make", [pd.DataFrame, FRAMES["polars"]])
def test_customers_in_several_groups_are_noted(make: Any) -> None:
    march = pd.Timestamp("2026-03-10")
    columns = {
        "customer": [10**15, 10**15, 7, 7, 8],
        "plan": ["starter", "team", "team", "team", "starter"],
        "start": pd.to_datetime(["2026-01-05", "2026-03-10", "2026-01-05", "2026-03-10", "2026-01-05"]),
        "end": [march, None, march, None, None],
        "mrr": [100, 150, 100, 120, 100],
    }
    ledger = make(pd.DataFrame(columns))
    [note] = S(ledger, as_of="2026-03-31", by="plan").attrs["notes"]
    assert note.startswith("1 customer is in several groups of 'plan'.")
    for alone in ({"by": "plan", "by_at": "opening"}, {"by": ["plan", "customer"]}, {"by": None}):
        assert S(ledger, as_of="2026-03-31", **alone).attrs["notes"] == []


def test_inclusive_ends_at_any_second(make: Make) -> None:
    frame = rows(("a", "2025-01-01 08:00:00", "2025-03-31 11:59:59.7", 100), ("a", "2025-03-31 12:00", None, 100))
    out = on_each(make, frame, lambda f: S(f, closed="both", freq="h", as_of="2025-04-01"))
    assert out["lost"].sum() == 0
    one = rows(("a", "2025-01-05", "2025-01-05", 100), ("b", "2025-01-01", "2025-01-31", 50))
    out = on_each(make, one, lambda f: S(f, closed="both", freq="D", as_of="2025-02-02"))
    assert out["end_mrr"]["2025-01-04":"2025-01-06"].tolist() == [50, 150, 50]
    assert out["end_mrr"]["2025-01-31":"2025-02-01"].tolist() == [50, 0]
    # a start within the day that the end names is not after it
    late = rows(("a", "2025-01-05 10:00", "2025-01-05", 100))
    assert on_each(make, late, lambda f: S(f, closed="both", freq="D", as_of="2025-01-06"))["end"].tolist() == [1, 0]
    for frame in (late, make(late)):
        with pytest.raises(csm.MetricInputError, match="`end` must not be before its start"):
            S(frame, as_of="2025-01-06")


def test_ends_that_touch_by_a_second(make: Make) -> None:
    frame = rows(
        ("a", "2025-01-01 10:00", "2025-01-31 11:59:59", 100),
        ("a", "2025-01-31 12:00", None, 100),
        ("b", "2025-01-01 10:00", "2025-02-03", 50),
        ("b", "2025-02-03", "2025-02-04", 50),
        ("b", "2025-02-04", None, 50),
    )
    for given in (frame, make(frame)):  # most rows that follow others begin where those end, so it is not doubtful
        [note] = S(given, as_of="2025-02-28").attrs["notes"]
        assert note.startswith("1 row begins one second after an end of the same customer, which counts as a gap.")
    assert S(frame.assign(mrr=-1).iloc[:0], as_of="2025-02-28").attrs["notes"] == []


@pytest.mark.sampled(3)
def test_ends_that_touch_a_start_in_another_group(make: Make) -> None:
    frame = rows(
        ("a", "2025-01-01", "2025-03-31", 100, "starter"),
        ("a", "2025-04-01", None, 150, "team"),
        columns="customer start end mrr plan",
    )
    for given in (frame, make(frame)):
        with pytest.warns(csm.CohortWarning, match="1 row begins one day after an end of the same customer"):
            S(given, by="plan", as_of="2025-04-30")
    late = frame.assign(start=frame["start"] + pd.Timedelta("23:59:59"), end=frame["end"] + pd.Timedelta("23:59:59"))
    for given in (late, make(late)):  # the last second of a day ends it, but a start in it is no midnight
        assert S(given, as_of="2025-04-30").attrs["notes"] == []


def test_periods_as_inclusive_ends() -> None:
    frame = rows(("a", "2025-01-01", "2025-03-31", 100)).assign(end=pd.PeriodIndex(["2025-03"], freq="M"))
    assert S(frame, closed="both", as_of="2025-04-30")["end"].tolist() == [1, 1, 1, 0]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("last", "closed", "freq"),
    [
        ("2025-03-31 23:59:59", "left", "M"),
        ("2025-03-31 23:59:59", "both", "D"),
        ("2025-03-31 23:59:59.999", "left", "h"),
        ("2025-03-31 23:59:59.999", "both", "M"),
    ],
)
def test_the_last_second_of_a_day_is_its_end(make: Make, last: str, closed: Any, freq: str) -> None:
    frame = rows(("a", "2025-03-01", last, 100), ("a", "2025-04-01", "2025-04-15 12:00", 100))
    out = on_each(make, frame, lambda f: S(f, closed=closed, freq=freq, as_of="2025-04-10"))
    assert out["lost"].sum() == 0
    assert out.attrs["notes"] == []


@pytest.mark.sampled(3)
def test_credits(make: Make) -> None:
    frame = rows(("z", "2026-01-10", None, 100), ("z", "2026-02-15", "2026-04-15", -20), ("y", "2026-01-10", None, 50))
    out = on_each(make, frame, lambda f: S(f, as_of="2026-04-30"))
    assert out.csm.nrr().round(1).tolist()[1:] == [86.7, 100.0, 115.4]
    snapshots = rows(("a", "2026-01-10", 100), ("a", "2026-01-20", -30), columns="customer date mrr")
    assert on_each(make, snapshots, lambda f: N(f, as_of="2026-01-31"))["end_mrr"].tolist() == [70]
    assert all("excluded" not in S(given, as_of="2026-04-30").attrs for given in (frame, make(frame)))
    cents = frame.assign(mrr=frame["mrr"] / 100)
    assert on_each(make, cents, lambda f: S(f, as_of="2026-04-30"))["end_mrr"].tolist() == [1.5, 1.3, 1.3, 1.5]


@pytest.mark.sampled(3)
def test_balances_are_not_negative(make: Make) -> None:
    frame = rows(("z", "2026-01-10", None, 100), ("z", "2026-02-15", "2026-04-15", -120), ("y", "2026-01-10", None, 50))
    for given in (frame, make(frame)):
        with pytest.raises(csm.MetricInputError, match=r"got -20 for 'z' at 2026-02-15") as caught:
            S(given, as_of="2026-04-30")
        assert caught.value.argument == "mrr"
        out = S(given, as_of="2026-04-30", on_bad_rows="report")
        assert out["end_mrr"].tolist() == [150, 50, 50, 150]
        assert out["reactivated"].tolist() == [0, 0, 0, 1]
        assert out.attrs["excluded"].frame["customer"].tolist() == ["z", "z"]
        assert len(out.attrs["excluded"]["reasons"]) == 1
        assert "-20 for 'z'" in out.attrs["notes"][0]
        assert_identity(out)
    # of several the first in time is named, whatever the order of the rows
    several = pd.concat(
        [
            frame.iloc[:2].assign(customer=name, start=frame["start"] + pd.Timedelta(days))
            for name, days in (("c", "2D"), ("b", "1D"), ("a", "1D"))
        ],
        ignore_index=True,
    )
    for given in (several, several.iloc[::-1], make(several), make(several.iloc[::-1])):
        with pytest.raises(csm.MetricInputError, match="got -20 for 'a' at 2026-02-16, and less than 0 for 2 more"):
            S(given, as_of="2026-04-30")
    # within a period, too; but not where all happens at one instant, and not after the end of the data
    short = rows(("z", "2026-01-10", None, 100), ("z", "2026-02-05", "2026-02-06", -120))
    for given in (short, make(short)):
        with pytest.raises(csm.MetricInputError, match="2026-02-05"):
            S(given, as_of="2026-02-28")
        assert S(given, as_of="2026-02-04", freq="D")["end_mrr"].iloc[-1] == 100
    swap = rows(("z", "2026-01-10", "2026-02-05", 100), ("z", "2026-01-11", "2026-02-05", -100))
    assert on_each(make, swap, lambda f: S(f, as_of="2026-02-28"))["end"].tolist() == [0, 0]


def test_changes(make: Make) -> None:
    frame = rows(
        ("a", "2026-01-10", 100),
        ("b", "2026-01-20", 40),
        ("a", "2026-02-10", 50),
        ("b", "2026-02-11", -40),
        ("b", "2026-04-02", 10),
        columns="customer time change",
    )
    out = on_each(make, frame, lambda f: C(f, as_of="2026-04-30"))
    assert out["end_mrr"].tolist() == [140, 150, 150, 160]
    assert out["lost"].tolist() == [0, 1, 0, 0]
    assert out["reactivation_mrr"].tolist() == [0, 0, 0, 10]
    half = frame.drop(index=0)
    for given in (half.assign(change=-half["change"]), make(half.assign(change=-half["change"]))):
        with pytest.raises(csm.MetricInputError, match="`change` must add up to 0 or more"):
            C(given)


def test_a_change_of_nothing_does_not_make_a_line_younger(make: Make) -> None:
    frame = rows(
        ("a", "2026-01-05", 100, "team"),
        ("a", "2026-01-09", 100, "pro"),
        ("a", "2026-01-20", 0, "team"),
        columns="customer time change plan",
    )
    out = on_each(make, frame, lambda f: C(f, by="plan", by_at="opening", as_of="2026-02-28"))
    assert out["end"].tolist() == [0, 1, 0, 1]


def test_what_adds_up_to_nothing_over_currencies_is_no_gap(make: Make) -> None:
    frame = rows(
        ("a", "2026-01-05", None, 100, "EUR"),
        ("a", "2026-01-25", "2026-02-10", -100, "USD"),
        columns="customer start end mrr money",
    )
    money = {"currency": "money", "rates": {"EUR": 1.5, "USD": 1}}
    out = on_each(make, frame, lambda f: S(f, grace="30D", as_of="2026-03-31", **money))
    assert out["end_mrr"].tolist() == [50, 150]


def test_grace(make: Make) -> None:
    frame = rows(
        ("p", "2026-01-28", "2026-02-27", 100), ("p", "2026-03-01", "2026-04-01", 100), ("q", "2026-01-01", None, 100)
    )
    out = on_each(make, frame, lambda f: S(f, as_of="2026-03-31"))
    assert out.csm.churn_rate()["2026-02"] == 50
    out = on_each(make, frame, lambda f: S(f, grace="30D", as_of="2026-03-31"))
    assert out.csm.churn_rate()["2026-02"] == 0
    assert out.index.astype(str).tolist() == ["2026-01", "2026-02"]  # March is complete 30 days after its end
    assert on_each(make, frame, lambda f: S(f, grace="1D", as_of="2026-03-31"))["lost"].tolist() == [0, 1]
    monthly = rows(("p", "2026-01-28", 100), ("p", "2026-03-01", 120), columns="customer date mrr")
    out = on_each(make, monthly, lambda f: N(f, grace="28D", as_of="2026-06-30"))
    assert out["end_mrr"].tolist()[:3] == [100, 100, 120]
    for wrong in (30, "30 moons", "-1D", True):
        with pytest.raises(csm.MetricInputError, match="`grace` must be a length of time"):
            S(frame, grace=wrong)


PLANS = rows(
    ("a", "2025-01-01", "2025-02-10", 100, "starter"),
    ("a", "2025-02-10", None, 150, "team"),
    ("b", "2025-01-01", None, 60, "starter"),
    ("c", "2025-01-01", None, 80, "starter"),
    columns="customer start end mrr plan",
)


def test_by_the_opening_plan(make: Make) -> None:
    out = on_each(make, PLANS, lambda f: S(f, by="plan", by_at="opening", as_of="2025-03-31"))
    assert out.xs("starter", level="plan")["lost"].tolist() == [0, 0, 0]
    assert out.xs("starter", level="plan").csm.nrr()["2025-02"] == pytest.approx(100 * 290 / 240)
    assert out["start_mrr"].loc["2025-03"].tolist() == [140, 150]
    whole = S(PLANS, as_of="2025-03-31")
    assert whole.csm.churn_rate()["2025-02"] == 0
    assert round(whole.csm.nrr()["2025-02"], 1) == 120.8
    pd.testing.assert_frame_equal(out.groupby(level="period").sum(), whole, check_freq=False)


@pytest.mark.sampled(3)
def test_by_customer(make: Make) -> None:
    out = on_each(make, PLANS, lambda f: S(f, by="customer", as_of="2025-03-31"))
    assert out.index.get_level_values("customer").tolist() == ["a", "b", "c"] * 3
    whole = S(PLANS, as_of="2025-03-31")
    pd.testing.assert_frame_equal(out.groupby(level="period").sum(), whole, check_freq=False)
    short = rows(("a", "2025-01-01", "2025-02-10", 100), ("b", "2025-02-01", None, 60))
    out = on_each(make, short, lambda f: S(f, by="customer", as_of="2025-03-31"))
    assert out.index.get_level_values("customer").tolist() == ["a", "a", "b", "b"]
    both = on_each(make, PLANS, lambda f: S(f, by=["customer", "plan"], as_of="2025-03-31", by_at="opening"))
    assert both.loc[("2025-02", "a", "starter"), "expansion_mrr"] == 50


EUROS = rows(
    ("a", "2026-01-01", None, 100, "EUR"),
    ("b", "2026-02-10", None, 50, "EUR"),
    columns="customer start end mrr currency",
)
RATES = pd.DataFrame(
    {"currency": "EUR", "rate": [1.0, 1.1], "period": pd.PeriodIndex(["2026-01", "2026-02"], freq="M")}
)


def test_exchange_rates(make: Make) -> None:
    out = on_each(make, EUROS, lambda f: S(f, currency="currency", rates=RATES, as_of="2026-02-28"))
    assert in_month(out, "2026-02", "start_mrr", "new_mrr", "fx_mrr", "end_mrr") == [100, 50, 15, 165]
    assert out.csm.nrr()["2026-02"] == 100
    two = EUROS.assign(currency=["EUR", "USD"])
    fixed = on_each(make, two, lambda f: S(f, currency="currency", rates={"EUR": 1.25, "USD": 1}, as_of="2026-02-28"))
    assert fixed["end_mrr"].tolist() == [125, 175]
    assert fixed["fx_mrr"].tolist() == [0, 0]


@pytest.mark.sampled(3)
def test_sums_over_several_currencies_are_doubtful(make: Make) -> None:
    paid = rows(("a", "2026-01-05", 10, "EUR"), ("b", "2026-01-06", 7, "USD"), columns="customer time amount Currency")
    build = csm.cohorts
    for frame in (paid, make(paid)):
        for call in (
            lambda f, **k: build.purchases(f, **k),
            lambda f, **k: build.retention(f, user="customer", value="amount", **k),
        ):
            with pytest.warns(
                csm.CohortWarning, match=r"several currencies are added: 'EUR', 'USD' in the column 'Curr"
            ):
                call(frame)
            call(frame, by="Currency")
        build.retention(frame, user="customer")


@pytest.mark.sampled(3)
def test_several_currencies_are_never_added_without_a_word(make: Make) -> None:
    two = EUROS.assign(currency=["EUR", "USD"])
    spelt = two.rename(columns={"currency": "Currency"})
    with pytest.raises(csm.MetricInputError, match=r"got 'EUR', 'USD' in the column 'Currency'"):
        S(make(spelt), as_of="2026-02-28")
    for frame in (two, make(two)):
        for options in ({}, {"currency": "currency"}, {"by": "currency", "by_at": "opening"}):
            with pytest.raises(csm.MetricInputError, match="`rates` must be set for amounts of several currencies"):
                S(frame, as_of="2026-02-28", **options)
        with pytest.raises(csm.MetricInputError, match="none for 'USD' in 2026-02"):
            S(frame, currency="currency", rates={"EUR": 1.0}, as_of="2026-02-28")
    each = on_each(make, two, lambda f: S(f, by="currency", as_of="2026-02-28"))
    assert each["end_mrr"].tolist() == [100, 0, 100, 50]
    on_each(make, EUROS, lambda f: S(f, as_of="2026-02-28"))


@pytest.mark.parametrize(
    ("rates", "rule"),
    [
        ({"EUR": 0}, "must be positive numbers"),
        ({"EUR": "one"}, "must be positive numbers"),
        (pd.DataFrame({"currency": ["EUR", "EUR"], "rate": [1.0, 1.1]}), "must have each currency once"),
        (RATES.drop(columns="rate"), "no column 'rate'.*rename the column that holds it"),
        (RATES.iloc[:1], "none for 'EUR' in 2026-02.*add a row with the rate of that period"),
        ({"eur": 1.0}, "none for 'EUR' in 2026-01.*spell currencies as the ledger does"),
        (RATES.assign(period="soon"), "must have a date or a Period"),
    ],
)
def test_rates_that_cannot_be_right(rates: Any, rule: str) -> None:
    with pytest.raises((csm.MetricInputError, csm.MissingColumnError), match=rule):
        S(EUROS, currency="currency", rates=rates, as_of="2026-02-28")
    with pytest.raises(csm.MetricInputError, match="`currency` must name a column"):
        S(EUROS, rates=RATES, as_of="2026-02-28")


@pytest.mark.sampled(3)
def test_ends_in_the_future_need_as_of(make: Make) -> None:
    contracts = rows(("a", "2026-01-05", "2026-12-31", 10), ("b", "2026-01-10", None, 10))
    for frame in (contracts, make(contracts)):
        with pytest.raises(csm.MetricInputError, match="more than 92 days past the last start") as caught:
            S(frame)
        assert caught.value.argument == "as_of"
        assert S(frame, freq="Y")["end"].tolist() == [1]  # not more than a period
        assert S(frame, as_of="2026-02-28")["lost"].sum() == 0
    near = contracts.assign(end=pd.to_datetime(["2026-04-12", None]))  # 92 days
    assert len(on_each(make, near, S)) == 3


@pytest.mark.sampled(2)
@pytest.mark.parametrize("far", ["9999-12-31", "2262-04-11", "9999-12-31 23:59:59"])
def test_far_ends_are_open(make: Make, far: str) -> None:
    frame = rows(("a", "2026-01-05", far, 10), ("b", "2026-01-10", "2026-02-28", 10))
    for freq in ("M", "D"):
        out = on_each(make, frame, lambda f, freq=freq: S(f, freq=freq))
        assert out["end"].iloc[-1] == 1
        assert str(out.index[-1])[:7] == "2026-02"


def test_the_last_nanosecond_is_open(make: Make) -> None:
    frame = rows(("a", "2026-01-05", None, 10), ("b", "2026-01-10", "2026-02-28", 10))
    for unit in ("s", "ms", "ns"):
        fine = frame.assign(end=pd.Series([pd.Timestamp.max, pd.Timestamp("2026-02-28")]).astype("M8[ns]"))
        assert len(on_each(make, fine.assign(start=fine["start"].astype(f"M8[{unit}]")), S)) == 2


def test_far_ends_as_text() -> None:
    for far in ("infinity", "9999-12-31", "9999-12-31T00:00:00Z"):
        zone = "Z" if far.endswith("Z") else ""
        frame = pd.DataFrame(
            {
                "customer": [1, 2],
                "start": f"2026-01-05T00:00:00{zone}",
                "end": [far, f"2026-02-28T00:00:00{zone}"],
                "mrr": 10,
            }
        )
        assert S(frame)["end"].tolist() == [2, 1]


def test_an_infinite_end_of_duckdb() -> None:
    import duckdb

    frame = duckdb.sql(
        "select 1 customer, timestamp '2026-01-05' as \"start\", timestamp 'infinity' as \"end\", 10 as mrr"
    )
    assert S(frame, as_of="2026-02-28")["end"].tolist() == [1, 1]


@pytest.mark.parametrize("blank", ["", "0", "NULL", "0000-00-00", "0000-00-00 00:00:00", " ", "N/A"])
def test_blank_ends(blank: str) -> None:
    frame = pd.DataFrame({"customer": ["a", "b"], "start": "2026-01-05", "end": [blank, "2026-02-10"], "mrr": [80, 20]})
    with pytest.raises(csm.MetricInputError, match="blank: still open\\? make it None") as caught:
        S(frame, as_of="2026-02-28")
    assert repr(blank) in caught.value.found
    assert "report" not in str(caught.value)
    with pytest.warns(csm.CohortWarning, match="1 of 2 rows have a blank end"):
        out = S(frame, as_of="2026-02-28", on_bad_rows="report")
    assert out["end_mrr"].tolist() == [100, 80]
    assert out.attrs["excluded"].frame["customer"].tolist() == ["a"]
    pd.testing.assert_frame_equal(S(frame.replace(blank, None), as_of="2026-02-28"), out)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("freq", "start", "end"), [("D", "ms", "us"), ("M", "ns", "ms"), ("h", "s", "ns"), ("D", "us", "ns")]
)
def test_start_and_end_of_different_units(make: Make, freq: str, start: str, end: str) -> None:
    frame = rows(("a", "2026-01-05", "2026-01-07", 10), ("b", "2026-01-06", None, 5))
    frame = frame.assign(start=frame["start"].astype(f"M8[{start}]"), end=frame["end"].astype(f"M8[{end}]"))
    on_each(make, frame, lambda f: S(f, freq=freq, as_of="2026-01-31"))


def test_columns_called_as_ours(make: Make) -> None:
    frame = PLANS.rename(columns={"plan": "csm period", "customer": "csm customer"})
    out = on_each(make, frame, lambda f: S(f, customer="csm customer", by="csm period", as_of="2025-02-28"))
    assert list(out.index.names) == ["period", "csm period"]


def test_a_bridge_has_arpa_arr_and_lifetime_value(make: Make) -> None:
    frame = rows(("a", "2026-01-05", None, 100), ("b", "2026-01-06", "2026-03-01", 50))
    out = S(frame, as_of="2026-03-31")
    assert out.csm.arpa().tolist() == [75, 75, 100]
    assert out.csm.arr().tolist() == [1800, 1800, 1200]
    assert out.csm.clv()["2026-03"] == 200  # 100 a month, half of the customers leave
    assert out.csm.cac_payback(cac=300).tolist() == [4, 4, 3]
    assert {"arpa", "arr", "clv"} <= set(out.csm.metrics())
    on_engine = csm.over(make(out.reset_index(drop=True).iloc[2:]))
    assert on_engine.total().arpa() == 100
    why = out.iloc[2:].csm.total().explain("arpa")
    assert "mrr is taken from end_mrr" in why.notes
    assert "customers is taken from end" in why.notes
    with pytest.raises(csm.MetricInputError, match="is a stock"):
        out.csm.total().arpa()
    # columns of those names come first, and a frame without both closings is no bridge
    assert out.assign(mrr=1000, customers=10).csm.arpa().tolist() == [100] * 3
    with pytest.raises(csm.MissingColumnError):
        out.drop(columns="end").csm.arpa()
    assert "tickets" not in out  # flows never fall back
    assert out.assign(tickets=[3, 3, 3]).csm.contact_rate().tolist() == [150, 150, 300]


# ------------------------------------------------------------------------------------------------ engines that label


LABELLING = ["polars", "duckdb", "ibis", pytest.param("pyspark", marks=pytest.mark.full)]


@pytest.mark.parametrize("engine", LABELLING)
def test_an_engine_may_label_the_changes_itself(
    engine: str, crossed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Spark does: no customer then leaves it."""
    pytest.importorskip(engine)
    monkeypatch.setattr(_engine_ledger, "totals_only", lambda _: True)
    rng = np.random.default_rng(3)
    start = np.datetime64("2025-01-01", "us") + rng.integers(0, 400 * 24, 400) * np.timedelta64(1, "h")
    end = start + rng.integers(1, 2000, 400) * np.timedelta64(1, "h")
    ledger = pd.DataFrame(
        {
            "customer": rng.integers(0, 40, 400),
            "start": start,
            "end": pd.Series(end).mask(rng.random(400) < 0.1),
            "mrr": rng.integers(0, 5, 400) * 10,
            "plan": rng.choice(["free", "pro", "team"], 400),
        }
    )
    given = FRAMES[engine](ledger)
    asked = [{"by": "plan"}, {"grace": "20D"}, {}, {"by": ["plan", "mrr"], "freq": "Q"}, {"freq": "D"}]
    for options in asked[: 2 if engine == "pyspark" else None]:
        crossed.clear()
        found = S(given, as_of="2026-03-31", **options)
        expected = S(ledger, as_of="2026-03-31", **options)
        pd.testing.assert_frame_equal(found, expected)
        assert found.attrs["notes"] == expected.attrs["notes"]
        assert max(crossed) <= 5 * len(expected), "periods, groups and kinds of change"
        assert_identity(found)
    for some in (ledger.iloc[:0], ledger.assign(mrr=0)):
        pd.testing.assert_frame_equal(S(FRAMES[engine](some), as_of="2026-03-31"), S(some, as_of="2026-03-31"))


def test_only_spark_labels_the_changes(crossed: list[int]) -> None:
    pytest.importorskip("polars")
    ledger = rows(*((i, "2026-01-05", "2026-02-10", 10) for i in range(50)))
    S(FRAMES["polars"](ledger), as_of="2026-02-28")
    assert max(crossed) == 100, "a row per customer and change: numpy labels them in less time"
