"""Decompositions: the worked figures, and what holds on random frames with segments that come and go."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics._statistics.parts import gradients, ratio_parts, shapley_parts

from ..drawn import drawn
from .figures import FIGURES

BEFORE = pd.DataFrame({"plan": ["Starter", "Team", "Legacy"], "lost": [32, 15, 12], "start": [400, 500, 100]})
AFTER = pd.DataFrame({"plan": ["Starter", "Team", "Trial+"], "lost": [39, 12, 30], "start": [520, 480, 200]})
PARTS = ("within", "mix", "entered", "left")


def sum_of(found: csm.Decomposition) -> float:
    return found.within + found.mix + found.entered + found.left


def test_churn_as_worked() -> None:
    found = csm.decompose(csm.churn_rate, BEFORE, AFTER, by="plan")
    assert (found.before, found.after) == pytest.approx((5.9, 6.75))
    parts = [getattr(found, name) for name in PARTS]
    assert parts == pytest.approx([-0.5, 0.377777778, 1.65, -0.677777778])
    expected = {"within": (-2.49, 1.49), "mix": (0.106, 0.649), "entered": (0.77, 2.53), "left": (-1.343, -0.012)}
    for name, limits in expected.items():
        assert found.intervals[name] == pytest.approx(limits, abs=0.006)
    assert found.frame.loc["Starter", "within"] == pytest.approx(-0.2411, abs=5e-5)
    assert found.frame.loc["Starter", "mix"] == pytest.approx(0.1956, abs=5e-5)
    assert found.change == pytest.approx(sum_of(found), abs=1e-12)
    newcombe = csm.compare(csm.churn_rate, {"lost": 32, "start": 400}, {"lost": 39, "start": 520})
    weight = (400 / 900 + 520 / 1000) / 2
    assert found.frame.loc["Starter", "within_low"] == pytest.approx(weight * newcombe.low)
    assert "What moved it most: segments that entered" in str(found)
    assert "Simpson" in str(found)
    assert "within noise" in str(found)


def test_nps_as_worked() -> None:
    columns = ["plan", "promoters", "passives", "detractors"]
    before = pd.DataFrame([["Free", 30, 40, 50], ["Pro", 60, 30, 20], ["Old", 5, 10, 25]], columns=columns)
    after = pd.DataFrame([["Free", 45, 50, 55], ["Pro", 50, 20, 10], ["New", 30, 20, 10]], columns=columns)
    found = csm.decompose(csm.nps, before, after, by="plan")
    assert (found.before, found.after) == pytest.approx((0, 17.2414), abs=5e-5)
    assert [getattr(found, name) for name in PARTS] == pytest.approx([11.502, -7.1542, 4.1979, 8.6957], abs=5e-5)
    expected = {"within": (-2.83, 25.83), "mix": (-12.39, -1.92), "entered": (-0.38, 8.78), "left": (4.31, 13.08)}
    for name, limits in expected.items():
        assert found.intervals[name] == pytest.approx(limits, abs=0.006)


def test_two_keys_as_worked() -> None:
    before = pd.DataFrame({"plan": list("AABB"), "region": ["EU", "US"] * 2, "start": [300, 100, 200, 400]})
    before["lost"] = [24, 10, 6, 16]
    after = before.assign(start=[200, 250, 200, 350], lost=[17, 30, 5, 14])
    found = csm.decompose(csm.churn_rate, before, after, by=["plan", "region"])
    assert found.change == pytest.approx(1.0)
    assert found.within == pytest.approx(0.375)
    assert found.mix_by == pytest.approx({"plan": 0.437819, "region": 0.187181}, abs=5e-7)
    turned = csm.decompose(csm.churn_rate, before, after, by=["region", "plan"])
    assert turned.mix_by == pytest.approx(found.mix_by)


def test_headship_rates() -> None:
    """Thirteen age groups: rates and sizes as published, with the symmetrical parts."""
    case = FIGURES["decompose-headship"]
    frames = []
    for side in ("before", "after"):
        size, rate = np.array(case["inputs"][side]["size"]), np.array(case["inputs"][side]["rate"])
        frames.append((size * rate / 100, size))
    parts = ratio_parts(*frames[0], *frames[1])
    found = {"before": parts.before, "after": parts.after, "rate": parts.within.sum(), "mix": parts.mix.sum()}
    assert {n: 100 * value for n, value in found.items()} == pytest.approx(case["expected"], abs=case["tolerance"])


def test_product() -> None:
    case = FIGURES["decompose-product-earnings"]
    (c0, a0), (c1, a1) = case["inputs"]["before"], case["inputs"]["after"]
    found = csm.decompose(csm.mrr, {"customers": c0, "arpa": a0}, {"customers": c1, "arpa": a1})
    assert found.frame.loc["customers", "effect"] == pytest.approx(case["expected"]["first"], abs=case["tolerance"])
    assert found.frame.loc["arpa", "effect"] == pytest.approx(case["expected"]["second"], abs=case["tolerance"])
    assert found.change == pytest.approx(c1 * a1 - c0 * a0)
    year = csm.decompose(csm.arr, {"customers": c0, "arpa": a0}, {"customers": c1, "arpa": a1})
    assert year.change == pytest.approx(12 * found.change)
    value = csm.decompose(csm.clv, {"arpa": 100, "churn_rate": 5}, {"arpa": 110, "churn_rate": 6})
    assert value.frame["effect"].sum() == pytest.approx(value.change)
    assert value.frame.loc["arpa", "effect"] == pytest.approx((10 * 100 / 5 + 10 * 100 / 6) / 2)
    assert shapley_parts(lambda v: v[0] + v[1] * v[2], [0, 1, 1], [5, 1, 1]) == pytest.approx([5, 0, 0])


def test_nrr_by_component() -> None:
    one = {"start_mrr": 100, "expansion_mrr": 10, "contraction_mrr": 2, "churned_mrr": 5, "reactivation_mrr": 1}
    two = {"start_mrr": 120, "expansion_mrr": 8, "contraction_mrr": 2, "churned_mrr": 9, "reactivation_mrr": 0}
    for before, after in ((one, two), (pd.DataFrame([one]), pd.DataFrame([two])), (pd.Series(one), pd.Series(two))):
        found = csm.decompose(csm.nrr, before, after)
        assert found.change == pytest.approx(97.5 - 104)
        assert found.frame["effect"].sum() == pytest.approx(found.change)
        assert found.frame.loc["churned_mrr", "effect"] == pytest.approx(-(900 / 120 - 5))
    found = csm.decompose(csm.nrr, {n: v for n, v in one.items() if n != "reactivation_mrr"}, two)
    assert list(found.frame.index) == ["expansion_mrr", "reactivation_mrr", "contraction_mrr", "churned_mrr"]
    with pytest.raises(csm.MetricInputError, match="`churn_rate` is required"):
        csm.decompose(csm.clv, {"arpa": 100, "churn_rate": 5}, {"arpa": 100})
    with pytest.raises(csm.MetricInputError, match="same inputs"):
        csm.decompose(csm.clv, {"arpa": 100, "churn_rate": 5}, {"arpa": 100, "churn_rate": 5, "gross_margin": 80})


def test_levels_are_computed_from_the_totals_behind_them() -> None:
    before, after = {"arpa": 100, "lost": 5, "start": 100}, {"arpa": 110, "lost": 3, "start": 100}
    rates = [{"arpa": side["arpa"], "churn_rate": side["lost"]} for side in (before, after)]
    found = csm.decompose(csm.clv, before, after)
    assert found == csm.decompose(csm.clv, *rates)
    assert found == csm.decompose(csm.clv, pd.Series(before), pd.Series(after))
    with pytest.raises(csm.MetricInputError, match="`foo` is no input"):
        csm.decompose(csm.clv, {**before, "foo": 1}, after)


def test_segments_with_few_events_are_one_for_the_words() -> None:
    few = pd.DataFrame({"plan": range(20), "lost": 0, "start": 50})
    large = pd.DataFrame({"plan": [99], "lost": [50], "start": [1000]})
    before = pd.concat([few, large])
    for after_ in (few.assign(lost=3), few.assign(lost=[2, 4] * 10)):
        found = csm.decompose(csm.churn_rate, before, pd.concat([after_, large]), by="plan")
        assert "moved in other (20 segments with few events): 0 to 6, +3 of the total" in str(found)
        assert not found.frame["beyond_noise"].any()
    quiet = csm.decompose(csm.churn_rate, before, pd.concat([few.assign(lost=[1] + [0] * 19), large]), by="plan")
    assert "No single segment's rate moved" in str(quiet)


def test_no_such_segment() -> None:
    frame = pd.DataFrame({"plan": ["a"], "promoters": [3], "passives": [1], "detractors": [1]})
    with pytest.raises(csm.MissingColumnError, match=r"no column 'plam'.*did you mean 'plan'"):
        csm.decompose(csm.nps, frame, frame, by="plam")


def test_sums() -> None:
    columns = ("new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr")
    before = pd.DataFrame([["a", 5, 2, 1, 1], ["b", 4, 0, 0, 2]], columns=["plan", *columns])
    after = pd.DataFrame([["b", 6, 1, 0, 1], ["c", 3, 0, 0, 0]], columns=["plan", *columns])
    found = csm.decompose(csm.net_new_mrr, before, after, by="plan")
    assert (found.within, found.mix, found.entered, found.left) == (4, 0, 3, -5)
    assert found.change == 2
    total = csm.decompose(
        csm.arr, pd.DataFrame({"p": ["x"], "mrr": [3]}), pd.DataFrame({"p": ["x"], "mrr": [4]}), by="p"
    )
    assert total.change == 12
    booked = [pd.DataFrame({"plan": ["x", "y"], "amount": [50, 20]}), pd.DataFrame({"plan": ["x"], "amount": [90]})]
    month = csm.decompose(csm.mrr, *booked, by="plan")
    assert (month.before, month.after, month.within, month.left) == (70, 90, 40, -20)
    with pytest.raises(csm.MetricInputError, match="one unit first"):
        csm.decompose(csm.mrr, *booked, by="plan", interval="year")


# On random frames


def segments(rng: np.random.Generator, names: str) -> pd.DataFrame:
    kept = [name for name in names if rng.random() < 0.75] or list(names[:1])
    start = rng.integers(1, 300, len(kept))
    return pd.DataFrame({"plan": kept, "start": start, "lost": rng.integers(0, start + 1)})


def random_pairs(count: int) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    rng = np.random.default_rng(11)
    pairs = [(segments(rng, "abcdef"), segments(rng, "cdefgh")) for _ in range(count)]
    return [(b, a) for b, a in pairs if set(b["plan"]) & set(a["plan"])]


@pytest.mark.parametrize(("before", "after"), random_pairs(40))
def test_adds_up_reverses_and_has_a_place_for_each(before: pd.DataFrame, after: pd.DataFrame) -> None:
    found = csm.decompose(csm.churn_rate, before, after, by="plan")
    back = csm.decompose(csm.churn_rate, after, before, by="plan")
    change = csm.churn_rate(int(after["lost"].sum()), int(after["start"].sum())) - csm.churn_rate(
        int(before["lost"].sum()), int(before["start"].sum())
    )
    assert found.change == pytest.approx(change, abs=1e-10)
    assert sum_of(found) == pytest.approx(change, abs=1e-10)
    turned = (-back.within, -back.mix, -back.left, -back.entered)
    assert (found.within, found.mix, found.entered, found.left) == pytest.approx(turned, abs=1e-10)
    assert found.frame[list(PARTS)].sum().to_numpy() == pytest.approx([getattr(found, n) for n in PARTS], abs=1e-10)
    assert set(found.frame.index) == {*before["plan"], *after["plan"]}
    gone = set(found.frame.index[found.frame["status"] == "left"])
    assert gone == set(before["plan"]) - set(after["plan"])
    shuffled = csm.decompose(csm.churn_rate, before.sample(frac=1, random_state=1), after[::-1], by="plan")
    assert sum_of(shuffled) == pytest.approx(change, abs=1e-10)
    assert shuffled.mix == pytest.approx(found.mix, abs=1e-10)


def test_three_keys_add_up() -> None:
    rng = np.random.default_rng(4)
    grid = pd.MultiIndex.from_product([list("ab"), list("xyz"), [1, 2]], names=["k", "l", "m"]).to_frame(index=False)
    frames = []
    for _ in range(2):
        start = rng.integers(20, 300, len(grid))
        frames.append(grid.assign(start=start, lost=rng.integers(0, start)))
    found = csm.decompose(csm.churn_rate, *frames, by=["k", "l", "m"])
    assert sum(found.mix_by.values()) == pytest.approx(found.mix)
    order = csm.decompose(csm.churn_rate, *frames, by=["m", "k", "l"])
    assert order.mix_by == pytest.approx(found.mix_by)


def test_gradients_are_the_slopes() -> None:
    rng = np.random.default_rng(9)
    d0 = np.array([400.0, 500, 100, 0, 250])
    d1 = np.array([520.0, 480, 0, 200, 260])
    x0, x1 = d0 * rng.uniform(0.02, 0.2, 5), d1 * rng.uniform(0.02, 0.2, 5)
    parts = ratio_parts(x0, d0, x1, d1)
    at = np.concatenate([x0, d0, x1, d1])
    for name, sides in gradients(parts).items():
        slopes = [np.broadcast_to(slope, 5) for slope in sides]
        for i in np.flatnonzero(at):
            ends = []
            for step in (1e-4, -1e-4):
                moved = at.copy()
                moved[i] += step
                made = ratio_parts(*np.split(moved, 4))
                ends.append(made.change if name == "change" else getattr(made, name).sum())
            assert (ends[0] - ends[1]) / 2e-4 == pytest.approx(np.concatenate(slopes)[i], abs=1e-8), (name, i)


def test_customers_in_both_periods_are_one_unit() -> None:
    rng = np.random.default_rng(6)
    who = np.arange(200)
    level = rng.lognormal(0, 1, 200)
    frames = []
    for _ in range(2):
        tickets = rng.poisson(3 * level)
        frames.append(pd.DataFrame({"customer": who, "plan": who % 3, "tickets": tickets, "customers": 1}))
    both = csm.decompose(csm.contact_rate, *frames, by="plan", customer="customer")
    frames[1]["customer"] += 1000
    apart = csm.decompose(csm.contact_rate, *frames, by="plan", customer="customer")
    assert both.within == pytest.approx(apart.within)
    width = [d.intervals["within"][1] - d.intervals["within"][0] for d in (both, apart)]
    assert width[0] < 0.7 * width[1]  # what a customer always does does not move the change


def test_answers_in_one_call() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"period": rng.choice(["Q1", "Q2"], 600), "plan": rng.choice(list("ab"), 600)})
    frame["score"] = rng.integers(0, 11, 600)
    found = csm.decompose(csm.nps_from_scores, "Q1", "Q2", by="plan", data=frame, scores="score")
    q1, q2 = (frame[frame["period"] == q] for q in ("Q1", "Q2"))
    assert found.change == pytest.approx(csm.nps_from_scores(q2["score"]) - csm.nps_from_scores(q1["score"]))
    apart = csm.decompose(csm.nps_from_scores, q1, q2, by="plan", scores="score")
    assert apart.intervals == found.intervals


def test_a_ledger_in_one_call() -> None:
    ledger = pd.DataFrame(
        {
            "customer": ["a", "b", "c", "d", "e", "f"],
            "start": pd.to_datetime(["2026-01-01"] * 6),
            "end": pd.to_datetime(["2026-02-10", None, None, "2026-03-05", "2026-03-10", None]),
            "mrr": [10, 20, 30, 40, 50, 60],
            "plan": ["x", "x", "y", "y", "x", "y"],
        }
    )
    found = csm.decompose(
        csm.churn_rate,
        "2026-02",
        "2026-03",
        by="plan",
        data=ledger,
        builder=csm.cohorts.movements_from_subscriptions,
        options={"as_of": "2026-03-31"},
    )
    assert found.change == pytest.approx(100 * 2 / 5 - 100 * 1 / 6)
    assert sum_of(found) == pytest.approx(found.change)
    options: dict[str, Any] = {
        "data": ledger,
        "builder": csm.cohorts.movements_from_subscriptions,
        "customer": "customer",
        "options": {"as_of": "2026-03-31"},
    }
    parts = csm.decompose(csm.nrr, "2026-02", "2026-03", **options)
    assert parts.frame.loc["churned_mrr", "effect"] == pytest.approx(-100 * (90 / 200 - 10 / 210))
    assert (parts.n_before, parts.n_after) == (6, 5)
    months = csm.decompose_periods(
        csm.churn_rate, ledger, by="plan", **{n: v for n, v in options.items() if n != "data"}
    )
    assert months.loc["2026-03", "change"] == pytest.approx(found.change)
    assert months.loc["2026-03", "within"] == pytest.approx(found.within)


EVENTS = {
    "activation": ("activation_rate", {"key_event": "paid", "freq": "M"}),
    "survey": ("nps", {"nps": "score", "time": "time", "freq": "M"}),
    "adoption": ("feature_adoption_rate", {"feature": "event", "time": "time", "eligible": "all", "freq": "M"}),
}


@pytest.mark.parametrize("name", EVENTS)
def test_events_and_answers_in_one_call(name: str) -> None:
    rng = np.random.default_rng(5)
    rows = pd.DataFrame({"user": rng.integers(0, 120, 900), "event": rng.choice(["seen", "paid"], 900, p=[0.8, 0.2])})
    rows["time"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, 900), unit="D")
    rows["plan"], rows["score"], rows["all"] = rows["user"].map(lambda u: "abc"[u % 3]), rng.integers(0, 11, 900), True
    metric, options = EVENTS[name]
    builder = getattr(csm.cohorts, name)
    found = csm.decompose(metric, "2026-01", "2026-02", by="plan", data=rows, builder=builder, options=options)
    made = builder(rows, by="plan", **options).csm.by("period").compute(metric)
    assert found.change == pytest.approx(made["2026-02"] - made["2026-01"])
    assert sum_of(found) == pytest.approx(found.change)


def test_over_time() -> None:
    frames = [BEFORE.assign(period=1), AFTER.assign(period=2), BEFORE.assign(period=3)]
    found = csm.decompose_periods(csm.churn_rate, pd.concat(frames), by="plan")
    assert found.index.tolist() == [2, 3]
    assert found.index.name == "period"
    assert found.loc[2, list(PARTS)].tolist() == pytest.approx([-0.5, 0.377777778, 1.65, -0.677777778])
    assert found.loc[3, list(PARTS)].tolist() == pytest.approx([0.5, -0.377777778, 0.677777778, -1.65])
    assert found.loc[2, "mix_low"] == pytest.approx(0.106, abs=0.001)
    with pytest.raises(csm.MetricInputError, match="two periods"):
        csm.decompose_periods(csm.churn_rate, BEFORE.assign(period=1), by="plan")


def test_words_name_no_segment_where_no_part_is_beyond_noise() -> None:
    before = pd.DataFrame({"plan": ["a", "b"], "lost": [4, 40], "start": [200, 200]})
    found = csm.decompose(csm.churn_rate, before, before.assign(lost=[40, 4]), by="plan")
    assert found.frame["beyond_noise"].all()
    assert "no cause can be named" in str(found)
    assert "Its own rate moved" not in str(found)


def test_words_name_no_cause_in_noise() -> None:
    before = pd.DataFrame({"plan": ["a", "b"], "lost": [4, 5], "start": [100, 100]})
    after = pd.DataFrame({"plan": ["a", "b"], "lost": [5, 5], "start": [101, 100]})
    quiet = csm.decompose(csm.churn_rate, before, after, by="plan")
    assert "no cause can be named" in str(quiet)
    loud = csm.decompose(csm.churn_rate, before, after.assign(lost=[5, 40]), by="plan")
    assert "Its own rate moved in b" in str(loud)
    assert "Its own rate moved in a" not in str(loud)
    tiny = csm.decompose(
        csm.churn_rate,
        pd.DataFrame({"plan": ["a", "b"], "lost": [100, 0], "start": [1000, 4]}),
        pd.DataFrame({"plan": ["a", "b"], "lost": [100, 4], "start": [1000, 4]}),
        by="plan",
    )
    assert "Its own rate moved in b" not in str(tiny)  # four events are no cause
    unknown = csm.decompose(
        csm.crc,
        pd.DataFrame({"plan": ["a"], "retention_cost": [10], "retained": [5]}),
        pd.DataFrame({"plan": ["a"], "retention_cost": [12], "retained": [5]}),
        by="plan",
    )
    assert unknown.intervals == {}
    assert "Totals alone do not tell" in str(unknown)


def test_refused() -> None:
    other = AFTER.assign(plan=["x", "y", "z"])
    with pytest.raises(csm.MetricInputError, match="both periods"):
        csm.decompose(csm.churn_rate, BEFORE, other, by="plan")
    with pytest.raises(csm.MetricInputError, match="made of levels"):
        csm.decompose(csm.average_lifetime, BEFORE.assign(churn_rate=5), AFTER, by="plan")
    with pytest.raises(csm.MissingColumnError):
        csm.decompose(csm.churn_rate, BEFORE, AFTER, by="region")
    with pytest.raises(csm.MetricInputError, match="cohort frames"):
        csm.decompose(csm.churn_rate, "2026-01", "2026-02", by="plan")
    columns = ["plan", "start_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "reactivation_mrr"]
    one = pd.DataFrame([["a", 100, 0, 0, 5, 0], ["b", 0, 0, 0, 0, 7]], columns=columns)
    with pytest.raises(csm.MetricInputError, match="no base"):
        csm.decompose(csm.nrr, one, one, by="plan")


def test_prints_and_travels() -> None:
    found = csm.decompose(csm.churn_rate, BEFORE, AFTER, by="plan")
    assert found._repr_html_().startswith("<p><b>churn_rate 5.9 to 6.75 %: +0.85")
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain["mix"] == pytest.approx(found.mix)
    assert plain["method"] == "linearised"
    assert "95 % intervals, linearised, n = 1,000 and 1,200" in str(found)
    assert {row["segment"] for row in plain["frame"]} == {"Starter", "Team", "Legacy", "Trial+"}
    assert pickle.loads(pickle.dumps(found)) == found


COMPONENTS = ("expansion_mrr", "contraction_mrr", "churned_mrr")


def customers_of(seed: int, first: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start, what = rng.lognormal(4, 1, 200), rng.random(200)
    frame = pd.DataFrame({"customer": np.arange(first, first + 200), "start_mrr": start})
    frame["expansion_mrr"] = np.where(what > 0.8, 0.4 * start, 0)
    frame["contraction_mrr"] = np.where(what < 0.1, 0.3 * start, 0)
    frame["churned_mrr"] = np.where((what > 0.1) & (what < 0.15), start, 0)
    return frame


def test_components_have_intervals_where_customers_are_known() -> None:
    before, after = customers_of(1, 0), customers_of(2, 1000)
    found = csm.decompose(csm.nrr, before, after, customer="customer")
    assert found.frame["effect"].sum() == pytest.approx(found.change)
    z = 1.959963984540054
    for name in COMPONENTS:
        variance = 0.0
        for side in (before, after):
            x, d = side[name].to_numpy(), side["start_mrr"].to_numpy()
            variance += np.square(x - x.sum() / d.sum() * d).sum() / d.sum() ** 2
        effect, half = found.frame.loc[name, "effect"], 100 * z * np.sqrt(variance)
        assert found.intervals[name] == pytest.approx((effect - half, effect + half))
        assert found.frame.loc[name, ["low", "high"]].tolist() == pytest.approx(found.intervals[name])
    assert found.intervals["change"][0] < found.change < found.intervals["change"][1]
    assert (found.n_before, found.n_after) == (200, 200)
    arrays = [{n: frame[n].to_numpy() for n in frame.columns if n != "customer"} for frame in (before, after)]
    by_arrays = csm.decompose(csm.nrr, *arrays)
    assert by_arrays.frame.to_numpy() == pytest.approx(found.frame.to_numpy())
    same = csm.decompose(csm.nrr, before, after.assign(customer=before["customer"]), customer="customer")
    assert same.intervals["change"] != pytest.approx(found.intervals["change"])  # one customer is one unit in both
    assert str(found).count("within noise") + ("What moved it most" in str(found)) > 0
    loud = csm.decompose(csm.nrr, before, after.assign(churned_mrr=after["start_mrr"] / 2), customer="customer")
    assert "What moved it most, beyond noise: churned_mrr" in str(loud)
    with pytest.raises(csm.MetricInputError, match="one number for each input"):
        csm.decompose(csm.clv, {"arpa": [1, 2], "churn_rate": 5}, {"arpa": 1, "churn_rate": 5})


# On frames that nobody chose


def drawn_frames(seed: int, kind: str) -> tuple[list[pd.DataFrame], list[str]]:
    """Two periods whose segments, of one to three keys of which some are missing, come and go."""
    rng = np.random.default_rng(seed)
    keys = ["k", "l", "m"][: rng.integers(1, 4)]
    frames = []
    for _ in range(2):
        rows = int(rng.integers(1, 30))
        frame = pd.DataFrame({key: rng.choice(["a", "b", "c", None], rows, p=[0.4, 0.3, 0.2, 0.1]) for key in keys})
        if kind == "share":
            frame["start"] = rng.integers(0, 50, rows)
            frame["lost"] = rng.integers(0, frame["start"] + 1)
        elif kind == "trinomial":
            for name in ("promoters", "passives", "detractors"):
                frame[name] = rng.integers(0, 20, rows)
        elif kind == "money":
            frame["start_mrr"] = rng.lognormal(3, 1, rows) * (rng.random(rows) < 0.9)
            for name, most in (("expansion_mrr", 0.5), ("contraction_mrr", 0.2), ("churned_mrr", 0.3)):
                frame[name] = frame["start_mrr"] * rng.uniform(0, most, rows)
        else:
            for name in ("new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr"):
                frame[name] = rng.integers(0, 100, rows)
        frames.append(frame)
    return frames, keys


METRICS = {"share": "churn_rate", "trinomial": "nps", "money": "nrr", "sum": "net_new_mrr"}
BASES = {"share": ["start"], "trinomial": ["promoters", "passives", "detractors"], "money": ["start_mrr"], "sum": []}


@drawn(120)
@given(st.integers(0, 2**32 - 1), st.sampled_from([*METRICS]))
def test_parts_of_drawn_frames(seed: int, kind: str) -> None:
    (before, after), keys = drawn_frames(seed, kind)
    metric = METRICS[kind]
    totals = [frame.csm.total().compute(metric) for frame in (before, after)]
    there = [set(f.loc[f[BASES[kind]].sum(axis=1) > 0, keys].fillna("-").apply(tuple, axis=1)) for f in (before, after)]
    if kind != "sum" and not there[0] & there[1]:
        with pytest.raises(csm.MetricInputError, match=r"both periods|adds up to 0"):
            csm.decompose(metric, before, after, by=keys)
        return
    found = csm.decompose(metric, before, after, by=keys)
    near = {"rel": 1e-9, "abs": 1e-8}
    assert found.change == pytest.approx(totals[1] - totals[0], **near)
    assert sum_of(found) == pytest.approx(found.change, **near)
    assert sum(found.mix_by.values()) == pytest.approx(found.mix, **near)
    assert found.frame[list(PARTS)].sum().tolist() == pytest.approx([getattr(found, n) for n in PARTS], **near)
    assert found.frame["total"].sum() == pytest.approx(found.change, **near)
    back = csm.decompose(metric, after, before, by=keys)
    turned = {"within": -back.within, "mix": -back.mix, "entered": -back.left, "left": -back.entered}
    assert {n: getattr(found, n) for n in PARTS} == pytest.approx(turned, **near)
    assert found.mix_by == pytest.approx({key: -value for key, value in back.mix_by.items()}, **near)
    other = csm.decompose(metric, before.sample(frac=1, random_state=1), after[::-1], by=keys[::-1])
    assert other.mix_by == pytest.approx(found.mix_by, **near)
    for name, (low, high) in found.intervals.items():
        assert low - 1e-9 <= getattr(found, name) <= high + 1e-9
        swapped = {"entered": "left", "left": "entered"}.get(name, name)
        assert (-back.intervals[swapped][1], -back.intervals[swapped][0]) == pytest.approx((low, high), **near)
    assert json.dumps(found.as_dict(), allow_nan=False)
    assert str(found)
    both = pd.concat([before.assign(period=1), after.assign(period=2)])
    over = csm.decompose_periods(metric, both, by=keys, period="period")
    assert over.loc[2, list(PARTS)].tolist() == pytest.approx([getattr(found, n) for n in PARTS], **near)
