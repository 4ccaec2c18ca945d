"""Intervals and comparisons on cohort frames: the three grains, every engine, customers, levels, periods."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

import csmetrics as csm

from ..engine_frames import FRAMES, NAMES

HOUR = pd.Timedelta("1h")


def answers() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    size = 400
    frame = pd.DataFrame({"customer": rng.integers(0, 80, size), "plan": rng.choice(["a", "b"], size)})
    frame["period"] = rng.choice(["Q1", "Q2"], size)
    frame["score"] = rng.integers(0, 11, size)
    frame["promoters"] = (frame["score"] >= 9).astype(int)
    frame["passives"] = frame["score"].isin([7, 8]).astype(int)
    frame["detractors"] = (frame["score"] <= 6).astype(int)
    return frame


def bridge() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    size = 300
    start, what = np.round(rng.lognormal(4, 1, size)), rng.random(size)
    frame = pd.DataFrame({"customer": np.arange(size), "plan": rng.choice(["a", "b", "c"], size), "start_mrr": start})
    frame["expansion_mrr"] = np.where(what > 0.8, np.round(0.4 * start), 0)
    frame["contraction_mrr"] = np.where((what > 0.05) & (what < 0.15), np.round(0.3 * start), 0)
    frame["churned_mrr"] = np.where(what <= 0.05, start, 0)
    frame["lost"], frame["start"] = (what <= 0.05).astype(int), 1
    return frame


def test_grains() -> None:
    frame = pd.DataFrame({"plan": ["pro", "pro", "free"], "lost": [2, 3, 40], "start": [100, 400, 500]})
    rows = frame.csm.interval("churn_rate")
    assert list(rows.columns) == ["estimate", "low", "high", "n", "n_eff", "method"]
    assert rows.index.equals(frame.index)
    groups = frame.csm.by("plan").interval(csm.churn_rate)
    assert groups.index.tolist() == ["free", "pro"]
    total = frame.csm.total().interval("churn_rate")
    assert isinstance(total, csm.Interval)
    for found, inputs in ((rows.iloc[2], (40, 500)), (groups.loc["pro"], (5, 500)), (total, (45, 1000))):
        alone = csm.interval(csm.churn_rate, lost=inputs[0], start=inputs[1])
        assert (found.estimate, found.low, found.high) == (alone.estimate, alone.low, alone.high)
    renamed = frame.rename(columns={"lost": "gone"}).csm.by("plan").interval("churn_rate", lost="gone")
    assert renamed.equals(groups)
    assert groups["estimate"].tolist() == frame.csm.by("plan").churn_rate().tolist()


def test_customers_on_a_frame_are_those_of_arrays() -> None:
    frame = answers()
    found = frame.csm.by("plan").interval("nps", customer="customer")
    for plan, part in frame.groupby("plan"):
        counts = {name: part[name] for name in ("promoters", "passives", "detractors")}
        alone = csm.interval(csm.nps, customer=part["customer"], **counts)
        assert found.loc[plan, "low"] == pytest.approx(alone.low)
        assert found.loc[plan, "n_eff"] == pytest.approx(alone.n_eff)
    raw = frame.csm.by("plan").interval("nps_from_scores", scores="score", customer="customer")
    assert raw["low"].tolist() == pytest.approx(found["low"].tolist())
    with pytest.raises(csm.MetricInputError, match="asked for each row"):
        frame.csm.interval("nps", customer="customer")
    with pytest.raises(csm.MissingColumnError):
        frame.csm.total().interval("nps", customer="account")
    with pytest.raises(csm.MetricInputError, match="missing"):
        frame.assign(customer=None).csm.total().interval("nps", customer="customer")


def test_customers_whom_nobody_named_are_noted() -> None:
    """Where one has several rows the interval is too narrow, which is warned of, once per call."""
    frame = answers()
    words = "with customer='customer' several rows of one are one unit"
    with pytest.warns(csm.CohortWarning, match=words) as caught:
        found = frame.csm.total().interval("nps")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert any(words in note for note in found.notes)
    once = frame.drop_duplicates("customer")
    assert any(words in note for note in once.csm.total().interval("nps").notes)
    sides = [frame[frame["period"] == name] for name in ("Q1", "Q2")]
    for call in (
        lambda: frame.csm.by("plan").interval("nps_from_scores", scores="score"),
        lambda: csm.interval(csm.nps, frame),
        lambda: csm.compare(csm.nps, *sides),
        lambda: csm.compare(csm.nps_from_scores, *sides, scores="score"),
        lambda: csm.compare_groups(csm.nps, frame, by="plan"),
        lambda: frame.csm.by("plan").compare_periods("nps", "Q1", "Q2"),
        lambda: csm.decompose(csm.nps, *sides, by="plan"),
        lambda: csm.decompose_periods(csm.nps, frame, by="plan"),
        lambda: csm.over(FRAMES["polars"](frame)).by("plan").interval("nps"),
    ):
        with pytest.warns(csm.CohortWarning, match=words) as caught:
            call()
        assert len(caught) == 1
    said = frame.csm.by("plan").interval("nps", customer="customer")  # and then nothing is warned of
    assert not any("customer" in note for note in said.attrs["notes"])


def test_revenue_takes_rows_of_customers() -> None:
    frame = bridge()
    found = frame.csm.total().interval("nrr", customer="customer")
    columns = ("start_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr")
    alone = csm.interval(csm.nrr, **{name: frame[name] for name in columns})
    assert (found.low, found.high, found.n) == pytest.approx((alone.low, alone.high, alone.n))
    named = frame.csm.total().interval("nrr")
    assert (named.low, named.high) == (found.low, found.high)
    assert any("told apart by the column 'customer'" in note for note in named.notes)
    halves = pd.concat([frame.assign(**{n: frame[n] / 2 for n in columns})] * 2)  # two rows of each
    again = halves.csm.total().interval("nrr", customer="customer")
    assert (again.low, again.high) == pytest.approx((found.low, found.high))
    with pytest.raises(csm.MetricInputError, match="rows of customers"):
        frame.drop(columns="customer").csm.total().interval("nrr")
    with pytest.raises(csm.MetricInputError, match="rows of customers"):
        frame.csm.interval("nrr")
    groups = frame.csm.by("plan").interval("grr", customer="customer")
    part = frame[frame["plan"] == "b"]
    one = csm.interval(csm.grr, **{n: part[n] for n in columns if n != "expansion_mrr"})
    assert groups.loc["b", "low"] == pytest.approx(one.low)
    boot = frame.csm.by("plan").interval("nrr", customer="customer", method="percentile", resamples=500)
    assert ((boot["low"] < boot["estimate"]) & (boot["estimate"] < boot["high"])).all()


def test_sums_of_squares_beside_the_totals() -> None:
    frame = bridge()
    names = ["start_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr"]
    for one in names:
        frame[f"{one}*{one}"] = frame[one] ** 2
    for other in names[1:]:
        frame[f"start_mrr*{other}"] = frame["start_mrr"] * frame[other]
    by_customer = frame.csm.by("plan").interval("nrr", customer="customer")
    totals = frame.drop(columns="customer").groupby("plan").sum().reset_index()
    for found in (totals.csm.by("plan").interval("nrr"), totals.set_index("plan").csm.interval("nrr")):
        assert found["low"].tolist() == pytest.approx(by_customer["low"].tolist())
        assert found["n"].tolist() == by_customer["n"].tolist()
    whole = totals.csm.total().interval("nrr")
    assert whole.low == pytest.approx(frame.csm.total().interval("nrr", customer="customer").low)


def test_levels_come_from_their_columns() -> None:
    frame = bridge().assign(mrr=lambda f: f["start_mrr"], customers=1)
    found = frame.csm.by("plan").interval("clv", customer="customer", gross_margin=80)
    part = frame[frame["plan"] == "a"]
    columns = {name: part[name] for name in ("mrr", "customers", "lost", "start")}
    alone = csm.interval(csm.clv, gross_margin=80, customer=part["customer"], **columns)
    assert found.loc["a", "low"] == pytest.approx(alone.low)
    assert found.loc["a", "estimate"] == pytest.approx(alone.estimate)
    life = frame.csm.total().interval("average_lifetime")
    churn = csm.interval(csm.churn_rate, lost=int(frame["lost"].sum()), start=300)
    assert life.high == pytest.approx(100 / churn.low)


@pytest.mark.parametrize("engine", NAMES)
def test_engines(engine: str) -> None:
    frame = answers().rename(columns={"customer": "who"})
    other = FRAMES[engine](frame)
    for options in ({}, {"customer": "who"}):
        ours = frame.csm.by("plan").interval("nps", **options)
        theirs = csm.over(other).by("plan").interval("nps", **options)
        for name in ("estimate", "low", "high", "n", "n_eff"):
            assert theirs[name].tolist() == pytest.approx(ours[name].tolist())
    total = csm.interval(csm.nps, other)
    assert total.low == frame.csm.total().interval("nps").low
    pair = csm.over(other).total().compare_periods("nps", "Q1", "Q2")
    assert pair.p_value == pytest.approx(frame.csm.total().compare_periods("nps", "Q1", "Q2").p_value)
    groups = csm.compare_groups(csm.nps, other, by="plan")
    assert groups.p_value == pytest.approx(csm.compare_groups(csm.nps, frame, by="plan").p_value)
    parts = csm.decompose(csm.nps, "Q1", "Q2", by="plan", data=other)
    own = csm.decompose(csm.nps, "Q1", "Q2", by="plan", data=frame)
    assert (parts.within, parts.mix) == pytest.approx((own.within, own.mix))
    periods = csm.decompose_periods(csm.nps, other, by="plan")
    assert periods["within"].tolist() == pytest.approx([own.within])


@pytest.mark.parametrize("build", ["onboarding", "purchases", "funnel"])
def test_a_later_period_has_had_less_time_for_what_still_grows(build: str) -> None:
    days = pd.to_datetime(["2026-01-02", "2026-01-20", "2026-02-03", "2026-02-20"])
    rows = pd.DataFrame({"customer": [1, 1, 2, 3], "time": days, "amount": 5, "event": ["a", "b", "a", "a"]})
    options: dict[str, Any] = {"freq": "M", "as_of": "2026-02-28"}
    made, metric, column = {
        "onboarding": lambda: (
            csm.cohorts.onboarding(rows, started="time", completed="time", value=None, **options),
            csm.onboarding_completion_rate,
            "completed",
        ),
        "purchases": lambda: (csm.cohorts.purchases(rows, **options), csm.repeat_purchase_rate, "repeat_customers"),
        "funnel": lambda: (
            csm.cohorts.funnel(rows, ["a", "b"], user="customer", **options).xs("b", level="step"),
            csm.conversion_rate,
            "converted",
        ),
    }[build]()
    note = f"'{column}' still grow"
    changed = made.csm.total().compare_periods(metric, "2026-01", "2026-02")
    assert any(note in one for one in changed.notes)
    parts = csm.decompose_periods(metric, made.assign(plan="a"), by="plan")
    assert any(note in one for one in parts.attrs["notes"])
    scores = csm.Scorecard(targets={metric.__name__: None}).evaluate(made)
    assert note in str(scores)
    bare = pd.DataFrame(made).rename_axis("period")
    bare.attrs = {}
    assert not any("grow" in one for one in bare.csm.total().compare_periods(metric, "2026-01", "2026-02").notes)


@pytest.mark.parametrize(
    ("labels", "before", "after", "never"),
    [
        (["2026-01", "2026-02"], "2026-01", "2026-02", "2026-09"),
        ([date(2026, 1, 1), date(2026, 2, 1)], "2026-01", date(2026, 2, 1), "2026-09"),
        ([2025, 2026], 2025, 2026, 2030),
    ],
)
def test_a_period_that_no_row_has_is_refused(labels: list[Any], before: Any, after: Any, never: Any) -> None:
    pl = pytest.importorskip("polars")
    for make in (pd.DataFrame, pl.DataFrame):
        frame = make({"period": np.repeat(np.array(labels, dtype=object), 2).tolist(), "plan": list("abab"),
                      "lost": [1, 2, 3, 4], "start": [50, 60, 70, 80]})  # fmt: skip
        assert csm.over(frame).compare_periods("churn_rate", before, after).n_after == 150
        assert csm.decompose("churn_rate", before, after, by="plan", data=frame).n_before == 110
        with pytest.raises(csm.MetricInputError, match="`after` must be a period of the frame"):
            csm.over(frame).compare_periods("churn_rate", before, never)
        with pytest.raises(csm.MetricInputError, match="`before` must be a period of the frame"):
            csm.decompose("churn_rate", never, after, by="plan", data=frame)


def test_compare_periods() -> None:
    frame = answers().drop(columns="customer")
    total = frame.csm.total().compare_periods("nps", "Q1", "Q2")
    sides = [frame[frame["period"] == name] for name in ("Q1", "Q2")]
    assert total.difference == pytest.approx(csm.compare(csm.nps, *sides).difference)
    assert total.p_value == pytest.approx(csm.compare(csm.nps, *sides).p_value)
    groups = frame.csm.by("plan").compare_periods("nps", "Q1", "Q2")
    parts = [side[side["plan"] == "b"] for side in sides]
    assert groups.loc["b", "p_value"] == pytest.approx(csm.compare(csm.nps, *parts).p_value)
    assert (frame.csm.by("plan", "period").compare_periods("nps", "Q1", "Q2")["low"] == groups["low"]).all()
    with pytest.raises(csm.MetricInputError, match="period of the frame"):
        frame.csm.total().compare_periods("nps", "Q1", "Q3")
    with pytest.raises(csm.MetricInputError, match="time axis"):
        frame.drop(columns="period").csm.total().compare_periods("nps", "Q1", "Q2")


def test_periods_by_their_label() -> None:
    months = pd.period_range("2026-01", periods=3, freq="M", name="period")
    frame = pd.DataFrame({"lost": [3, 12, 4], "start": [100, 100, 100]}, index=months)
    found = frame.csm.total().compare_periods("churn_rate", "2026-01", "2026-02")
    assert (found.before, found.after) == (3, 12)
    with pytest.raises(csm.MetricInputError, match=r"it has 2026-01, 2026-02, 2026-03; builders leave out"):
        frame.csm.total().compare_periods("churn_rate", "2026-03", "2026-04")
    named = pd.DataFrame({"month": ["jan", "feb"], "lost": [3, 12], "start": [100, 100]})
    assert named.csm.total().compare_periods("churn_rate", "jan", "feb").p_value == found.p_value
    odd = named.rename(columns={"month": "wave"})
    assert odd.csm.total(period="wave").compare_periods("churn_rate", "jan", "feb").p_value == found.p_value


def test_made_up_company() -> None:
    """What an analyst has: answers by quarter and customer, and one question."""
    company = csm.datasets.make_saas()
    asked = company.surveys.merge(company.accounts, on="customer")
    asked["quarter"] = asked["time"].dt.to_period("Q").astype(str)
    sides = [asked[asked["quarter"] == name] for name in ("2025Q4", "2026Q1")]
    compared = csm.compare(csm.nps_from_scores, *sides, scores="nps", customer="customer")
    assert compared.after == pytest.approx(csm.nps_from_scores(sides[1]["nps"]))
    moved = csm.decompose(csm.nps_from_scores, *sides, by="plan", scores="nps", customer="customer")
    assert moved.change == pytest.approx(compared.difference)
    assert moved.within + moved.mix + moved.entered + moved.left == pytest.approx(moved.change)


def test_a_column_of_answers_has_its_interval() -> None:
    frame = answers()
    found = frame["score"].csm.interval("nps", confidence=90, customer=frame["customer"])
    assert found == csm.interval(csm.nps, frame["score"], confidence=90, customer=frame["customer"])
    assert frame["score"].csm.interval(csm.ces_from_ratings, scale=(0, 10)).method == "t"
    with pytest.raises(csm.MetricInputError, match="made of"):
        frame["score"].csm.interval("churn_rate")
    with pytest.raises(csm.MetricInputError, match="confidence"):
        frame["score"].csm.interval("nps", confidence=0.95)


def rated() -> pd.DataFrame:
    """Answers of which some are missing, with weights."""
    rng = np.random.default_rng(5)
    frame = answers()[["plan", "score"]].astype({"score": float}).assign(weight=rng.lognormal(0, 1, 400).round(3))
    frame.loc[::17, "score"] = np.nan
    return frame.assign(rating=1 + frame["score"] % 5, effort=1 + frame["score"] % 7)


def test_totals_with_squares_are_as_good_as_answers() -> None:
    frame = rated()
    weighted = csm.cohorts.survey(frame, nps="score", csat="rating", ces="effort", weights="weight", squares=True)
    for totals, raw, column in (("nps", "nps_from_scores", "score"), ("csat", "csat_from_ratings", "rating")):
        found = weighted.csm.total().interval(totals)
        alone = csm.interval(raw, frame[column], weights=frame["weight"])
        assert (found.low, found.high, found.n_eff) == pytest.approx((alone.low, alone.high, alone.n_eff))
        assert np.isnan(found.n)  # a sum of weights does not tell how many there are
        assert "worth" in str(found)
    effort, w = frame["effort"].dropna(), frame["weight"][frame["effort"].notna()]
    mean = weighted.csm.total().interval("ces")
    centre, few = (w * effort).sum() / w.sum(), w.sum() ** 2 / (w * w).sum()
    error = np.sqrt((w * w * (effort - centre) ** 2).sum() / w.sum() ** 2 * few / (few - 1))
    assert mean.n_eff == pytest.approx(few)
    assert mean.high - mean.estimate == pytest.approx(stdtrit(few - 1, 0.975) * error)
    plain = csm.cohorts.survey(frame, ces="effort", by="plan", squares=True).csm.by("plan").interval("ces")
    one = csm.interval(csm.ces_from_ratings, frame.loc[frame["plan"] == "b", "effort"])
    assert plain.loc["b", ["low", "high", "n"]].tolist() == pytest.approx([one.low, one.high, one.n])
    unweighted = csm.cohorts.survey(frame, nps="score", csat="rating", ces="effort", squares=True)
    assert [name for name in unweighted if "*" in name] == ["effort_sum*effort_sum"]
    with pytest.raises(csm.MetricInputError, match="whole number"):
        csm.cohorts.survey(frame, nps="score", weights="weight").csm.total().interval("nps")
    with pytest.raises(csm.MetricInputError, match="squares"):
        csm.cohorts.survey(frame, nps="score", squares=1)


def test_tickets_with_squares_are_as_good_as_tickets() -> None:
    company = csm.datasets.make_saas()
    totals = csm.cohorts.tickets(company.tickets, squares=True)
    found = totals.csm.total().interval("resolution_time")
    alone = csm.interval(csm.resolution_time, (company.tickets["resolved"] - company.tickets["created"]) / HOUR)
    assert (found.low, found.high, found.n) == pytest.approx((alone.low, alone.high, alone.n))
    halves = [csm.cohorts.tickets(part, squares=True) for part in (company.tickets[:900], company.tickets[900:])]
    assert csm.compare(csm.first_response_time, *halves).method == "welch"
    with pytest.raises(csm.MetricInputError, match="squares"):
        csm.cohorts.tickets(company.tickets, squares="yes")


@pytest.mark.parametrize("engine", NAMES)
def test_squares_on_engines(engine: str) -> None:
    frame = rated()
    options = {"nps": "score", "ces": "effort", "weights": "weight", "by": "plan", "squares": True}
    theirs = csm.cohorts.survey(FRAMES[engine](frame), **options)
    pd.testing.assert_frame_equal(theirs, csm.cohorts.survey(frame, **options), check_exact=False)
    cases = csm.datasets.make_saas().tickets[["created", "first_response", "resolved"]].head(300)
    theirs = csm.cohorts.tickets(FRAMES[engine](cases), squares=True)
    pd.testing.assert_frame_equal(theirs, csm.cohorts.tickets(cases, squares=True), check_exact=False)


def test_customers_in_several_rows_are_those_in_one() -> None:
    """Rows that are customers already are taken as they are; others are added up first. Both give the same."""
    frame = bridge().sample(frac=1, random_state=2)
    frame.loc[frame.index[:7], "plan"] = None
    names = ["start_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr"]
    halves = pd.concat([frame.assign(**{n: frame[n] / 2 for n in names})] * 2)
    for keys in (["plan"], ["plan", "lost"]):
        once = frame.csm.by(*keys).interval("nrr", customer="customer")
        added_up = halves.csm.by(*keys).interval("nrr", customer="customer")
        assert once.index.equals(added_up.index)
        pd.testing.assert_frame_equal(once.reset_index(drop=True), added_up.reset_index(drop=True))
        assert once.index.equals(frame.csm.by(*keys).nrr().index)
    with pytest.raises(csm.MetricInputError, match="start_mrr"):
        frame.assign(start_mrr=-1).csm.by("plan").interval("nrr", customer="customer")
    unknown = frame.astype({"start_mrr": float})
    unknown.iloc[20, unknown.columns.get_loc("start_mrr")] = np.nan
    found = unknown.csm.by("plan").interval("nrr", customer="customer")
    assert found["estimate"].isna().tolist() == unknown.csm.by("plan").nrr().isna().tolist()
    compared = csm.compare(csm.nrr, frame[:150], frame[150:], customer="customer")
    assert any("taken as independent" in note for note in compared.notes)
