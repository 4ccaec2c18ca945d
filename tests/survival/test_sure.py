"""How sure a curve is, compared with figures of R's survival package and of lifelines, and with the definition."""

from __future__ import annotations

import json
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics.survival import kaplan_meier

from ..drawn import drawn
from .test_curve import RELAPSED, WEEKS

DRAWN = drawn(100)

# Maintained or not, from R's survival package (Miller 1981, aml), tests/doaml.Rout.save; figures as printed there
MAINTAINED = ([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0])
NOT_MAINTAINED = ([5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1])
# Standard errors on Gehan's data (weeks, percent), by lifelines 0.30.3 and by hand
ERRORS = {6: 7.636, 7: 8.694, 10: 9.635, 13: 10.681, 16: 11.405, 22: 12.823, 23: 13.459}


def test_standard_errors_as_r_prints_them() -> None:
    for rows, time, share, error in ((MAINTAINED, 31, 49.1, 16.42), (NOT_MAINTAINED, 23, 48.61, 14.81)):
        curve = kaplan_meier(*rows)
        assert curve.at(time) == pytest.approx(share, abs=0.051)
        assert curve.standard_error(time) == pytest.approx(error, abs=0.0051)
    assert (kaplan_meier(*MAINTAINED).median, kaplan_meier(*NOT_MAINTAINED).median) == (31, 23)
    curve = kaplan_meier(WEEKS, RELAPSED)
    assert {week: round(curve.standard_error(week), 3) for week in ERRORS} == ERRORS
    assert curve.standard_error(0) == 0.0
    assert isnan(curve.standard_error(36))


def test_the_median_of_6_mp() -> None:
    """Brookmeyer and Crowley: from 13 weeks on, and the data does not tell up to when."""
    found = kaplan_meier(WEEKS, RELAPSED).interval(percentile=50)
    assert (found.estimate, found.low, found.high, found.n, found.method) == (23.0, 13.0, inf, 21, "log-log")
    assert str(found).startswith("percentile 23, 95 % interval [13, without end] (log-log, n = 21)")
    same = csm.interval(
        csm.median_ttv,
        started_at=pd.Series(pd.Timestamp("2026-01-01"), index=range(3)),
        value_at=pd.Series(pd.to_datetime(["2026-01-03", "2026-01-09", None])),
        as_of="2026-01-31",
    )
    curve = kaplan_meier([2, 8, 31 - 1e-9], [1, 1, 0])
    mine = curve.interval(percentile=50)
    assert (mine.estimate, mine.low, mine.high) == (same.estimate, same.low, same.high)


def test_limits_at_a_time() -> None:
    """At 10 weeks 75.2941 % with an error of 9.635: log-log [50.3, 88.9], plain 75.29 ± 18.88."""
    curve = kaplan_meier(WEEKS, RELAPSED)
    error = curve.standard_error(10) / 100
    half = 1.959964 * error / (0.752941 * abs(np.log(0.752941)))
    found = curve.interval(10)
    assert (found.low, found.high) == pytest.approx(
        (100 * 0.752941 ** np.exp(half), 100 * 0.752941 ** np.exp(-half)), 1e-5
    )
    plain = curve.interval(10, method="greenwood")
    assert (plain.low, plain.high) == pytest.approx((75.2941 - 195.9964 * error, 75.2941 + 195.9964 * error), abs=1e-3)
    assert curve.interval(10, confidence=80).low > found.low
    before = curve.interval(3)
    assert (before.estimate, before.low, before.high) == (100.0, 100.0, 100.0)
    beyond = curve.interval(99)
    assert isnan(beyond.estimate)
    assert isnan(beyond.low)
    gone = kaplan_meier([1, 2], [1, 1]).interval(2)
    assert gone.estimate == 0.0
    assert isnan(gone.high)
    assert any("nobody is left" in note for note in gone.notes)


@given(rows=st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=25), limit=st.integers(1, 9))
@DRAWN
def test_the_restricted_mean_is_the_area(rows: list[tuple[int, bool]], limit: int) -> None:
    curve = kaplan_meier([wait for wait, _ in rows], [reached for _, reached in rows])
    shares = [curve.at(time) for time in range(limit)]
    if isnan(curve.at(limit)):
        with pytest.raises(csm.MetricInputError, match="nobody was observed after"):
            curve.restricted_mean(limit)
        return
    assert curve.restricted_mean(limit) == pytest.approx(sum(shares) / 100)
    found = curve.interval(restricted_mean=limit)
    assert 0 <= found.low <= found.estimate <= found.high <= limit
    # the error by its definition: the area after each step, squared, times the step's share of Greenwood's sum
    table, variance = curve.table, 0.0
    for time, row in table[table["reached"] > 0].iterrows():
        after = sum(curve.at(t) for t in range(int(time), limit)) / 100  # type: ignore[call-overload]
        n, d = row["at_risk"], row["reached"]
        variance += after**2 * d / (n * (n - d)) if n > d else 0.0
    assert curve.standard_error(restricted_mean=limit) == pytest.approx(variance**0.5)


def test_the_restricted_mean_of_all_who_got_there_is_their_mean() -> None:
    curve = kaplan_meier([1, 2, 6], [1, 1, 1])
    assert curve.restricted_mean(6) == curve.restricted_mean(60) == pytest.approx(3.0)
    assert isnan(kaplan_meier([], []).restricted_mean(3))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "must be the only one of time, percentile, restricted_mean"),
        ({"time": 3, "percentile": 50}, "got time, percentile"),
        ({"time": -1}, ">= 0"),
        ({"percentile": 101}, "between 0 and 100"),
        ({"restricted_mean": 0}, "above 0"),
        ({"restricted_mean": 99}, "longest duration"),
        ({"time": 3, "confidence": 0.95}, "confidence is percent: 95"),
        ({"time": 3, "method": "log_log"}, "did you mean 'log-log'"),
    ],
)
def test_what_cannot_be_asked(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(csm.MetricInputError, match=words):
        kaplan_meier(WEEKS, RELAPSED).interval(**asked)


def test_log_log_limits_cover() -> None:
    """Of 400 samples of 40 with a third censored, the 95 % interval at the true median holds 50 % in 91 to 99 %."""
    rng, held = np.random.default_rng(11), 0
    for _ in range(400):
        until, stop = rng.exponential(1, 40), rng.exponential(2, 40)
        found = kaplan_meier(np.minimum(until, stop), until <= stop).interval(np.log(2))
        held += found.low <= 50 <= found.high
    assert 364 <= held <= 396


# ---------------------------------------------------------------------------------------------------------- late entry


def test_late_entry_counts_from_then_on() -> None:
    """Of five, two enter late: at 2 only three are at risk, at 5 all who are left."""
    curve = kaplan_meier([2, 4, 5, 6, 7], [1, 0, 1, 1, 0], entry=[0, None, 0, 3, 4])
    assert curve.table["at_risk"].tolist() == [3, 3, 3, 2, 1]  # who enters at 4 is at risk after it
    assert curve.at(2) == pytest.approx(200 / 3)
    assert curve.at(5) == pytest.approx(400 / 9)
    assert curve.notes == ("as few as 3 were at risk at 2, as the others entered later: the whole curve rests on them",)
    assert "Note: as few as 3" in repr(curve)


@given(
    rows=st.lists(
        st.tuples(st.integers(1, 12), st.booleans(), st.integers(0, 6), st.integers(1, 3)), min_size=1, max_size=20
    )
)
@DRAWN
def test_late_entry_by_counting(rows: list[tuple[int, bool, int, int]]) -> None:
    rows = [(wait, reached, min(enter, wait), often) for wait, reached, enter, often in rows]
    waits, reached, entries, often = (np.array(column) for column in zip(*rows, strict=True))
    try:
        curve = kaplan_meier(waits, reached, entry=entries, counts=often)
    except csm.MetricInputError as error:
        assert "others enter later" in str(error)  # noqa: PT017
        return
    again = kaplan_meier(np.repeat(waits, often), np.repeat(reached, often), entry=np.repeat(entries, often))
    pd.testing.assert_frame_equal(curve.table, again.table)
    for time, row in curve.table.iterrows():
        at_risk = (waits >= time) & ((entries < time) | (entries == 0)) & ((entries < waits) | (entries == 0))
        assert row["at_risk"] == often[at_risk].sum()


def test_entries_that_cannot_be() -> None:
    with pytest.raises(csm.MetricInputError, match="`entry` must not be after the duration"):
        kaplan_meier([2, 3], [1, 0], entry=[3, 0])
    with pytest.raises(csm.MetricInputError, match="`entry` must be as long"):
        kaplan_meier([2, 3], [1, 0], entry=[1])
    with pytest.raises(csm.MetricInputError, match="others enter later"):
        kaplan_meier([2, 9], [1, 1], entry=[0, 5])
    nobody = kaplan_meier([2, 3], [1, 0], entry=[2, 0])  # observed for no time at all
    assert nobody.table["at_risk"].tolist() == [1]


# --------------------------------------------------------------------------------------------------------- by group


def test_by_group() -> None:
    frame = pd.DataFrame({"start": pd.Timestamp("2026-01-01"), "arm": ["m"] * 11 + ["n"] * 12}, index=range(23))
    days = pd.to_timedelta(MAINTAINED[0] + NOT_MAINTAINED[0], unit="D")
    reached = np.array(MAINTAINED[1] + NOT_MAINTAINED[1]) > 0
    frame["end"] = (frame["start"] + days).where(reached)
    censored = frame["start"] + days - pd.Timedelta(microseconds=1)
    frame["stop"] = censored
    curves = csm.survival.kaplan_meier_from_dates(frame[reached], as_of="2026-12-31", by="arm")
    assert curves.restricted_mean(30).to_dict() == {g: curves[g].restricted_mean(30) for g in ("m", "n")}
    for many, one in ((curves.at, "at"), (curves.percentile, "percentile")):
        table = many([5, 20])
        assert list(table.columns) == [5, 20]
        assert table.loc["m"].tolist() == pytest.approx(list(getattr(curves["m"], one)([5, 20])), nan_ok=True)
    plain = json.loads(json.dumps(curves.as_dict(), allow_nan=False))["groups"]
    assert [each["group"] for each in plain] == ["m", "n"]
    assert plain[1]["table"] == curves["n"].as_dict()["table"]
    found = curves.interval(percentile=50)
    assert list(found.columns) == ["estimate", "low", "high", "n", "n_eff", "method"]
    assert found.loc["n", "low"] == curves["n"].interval(percentile=50).low
    assert found.attrs["notes"] == ["fewer than 30 customers stand behind it: read it with care"]
    assert "7" in repr(curves)


# --------------------------------------------------------------------------------------------------------- log-rank


def test_log_rank_as_r_prints_it() -> None:
    """R's survival package, tests/difftest.Rout.save: observed 7, expected 10.69, chi-squared 3.4, p 0.0653."""
    one, other = kaplan_meier(*MAINTAINED), kaplan_meier(*NOT_MAINTAINED)
    found = csm.survival.compare(one, other)
    assert (found.statistic, found.degrees) == (pytest.approx(3.3963886989775984), 1)
    assert found.p_value == pytest.approx(0.0653, abs=5e-5)
    assert found.frame["expected"].iloc[0] == pytest.approx(10.689335992300723)
    assert found.frame["reached"].tolist() == [7, 11]
    assert found.frame["expected"].sum() == pytest.approx(18)
    # a third group that is gone before any event: the degree of freedom stays 1, chi-squared unchanged
    dummy = kaplan_meier([1, 2, 2, 3, 3, 3, 4], [0] * 7)
    third = csm.survival.compare({"maintained": one, "not": other, "dummy": dummy})
    assert (third.statistic, third.degrees) == (pytest.approx(found.statistic), 1)
    assert "say nothing" in third.notes[0]
    assert third.as_dict()["frame"][0]["group"] == "maintained"


def test_log_rank_of_gehan() -> None:
    placebo = kaplan_meier([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], [1] * 21)
    drug = kaplan_meier(WEEKS, RELAPSED)
    assert csm.survival.compare(drug, placebo).statistic == pytest.approx(16.792941, abs=5e-7)
    assert placebo.median == 8


def test_log_rank_from_durations_and_dates() -> None:
    waits, reached = MAINTAINED[0] + NOT_MAINTAINED[0], MAINTAINED[1] + NOT_MAINTAINED[1]
    arms = ["m"] * 11 + ["n"] * 12
    found = csm.survival.compare(waits, reached, by=arms)
    assert found.frame.index.tolist() == ["m", "n"]
    assert csm.survival.compare(waits, reached, arms).statistic == found.statistic
    assert found.statistic == pytest.approx(3.3963886989775984)
    start = pd.Timestamp("2026-01-01")
    frame = pd.DataFrame({"start": start, "end": start + pd.to_timedelta(waits, unit="D"), "arm": arms})
    curves = csm.survival.kaplan_meier_from_dates(frame, by="arm")
    assert csm.survival.compare(curves).statistic == csm.survival.compare(curves["m"], curves["n"]).statistic


@given(data=st.data())
@DRAWN
def test_log_rank_by_its_definition(data: st.DataObject) -> None:
    """Hypergeometric means and covariances at each time, of late entries too; the order of groups does not matter."""
    row = st.tuples(st.integers(1, 8), st.booleans(), st.integers(0, 2))
    groups = data.draw(st.lists(st.lists(row, min_size=1, max_size=12), min_size=2, max_size=4))
    groups = [[(w, r, min(e, w - 1)) for w, r, e in rows] for rows in groups]
    try:
        curves = [kaplan_meier([w for w, _, _ in g], [r for _, r, _ in g], entry=[e for _, _, e in g]) for g in groups]
        found = csm.survival.compare(*curves)
    except csm.MetricInputError as error:
        assert "others enter later" in str(error)  # noqa: PT017
        return
    k = len(groups)
    expected, spread = np.zeros(k), np.zeros((k, k))
    for time in sorted({w for g in groups for w, r, _ in g if r}):
        n = np.array([sum(w >= time and (e < time or e == 0) for w, _, e in g) for g in groups], dtype=float)
        d = sum(w == time and r for g in groups for w, r, _ in g)
        p = n / n.sum()
        expected += d * p
        if n.sum() > 1:
            spread += d * (n.sum() - d) / (n.sum() - 1) * (np.diag(p) - np.outer(p, p))
    assert found.frame["expected"].tolist() == pytest.approx(expected.tolist())
    told = expected > 0
    if told.sum() > 1:
        off = found.frame["reached"].to_numpy() - expected
        assert found.degrees == told.sum() - 1
        assert found.statistic == pytest.approx(
            off @ np.linalg.pinv(spread, hermitian=True, rcond=1e-9) @ off, abs=1e-7
        )
        assert csm.survival.compare(*curves[::-1]).statistic == pytest.approx(found.statistic, abs=1e-7)
    else:
        assert isnan(found.p_value)
        assert "nothing to compare" in str(found)


def test_log_rank_of_equal_groups_finds_nothing() -> None:
    """Of 500 pairs of samples from one distribution, about 5 % are called different."""
    rng, found = np.random.default_rng(4), 0
    for _ in range(500):
        waits, seen = rng.integers(0, 30, 120), rng.random(120) < 0.7
        found += csm.survival.compare(waits, seen, by=np.arange(120) % 2).p_value < 0.05
    assert 10 <= found <= 42


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((kaplan_meier([1], [1]),), "must be at least two; got 1"),
        ((kaplan_meier([1], [1]), [1, 2]), "must be curves of kaplan_meier"),
    ],
)
def test_what_cannot_be_compared(given: tuple[Any, ...], words: str) -> None:
    with pytest.raises(csm.MetricInputError, match=words):
        csm.survival.compare(*given)
    with pytest.raises(csm.MetricInputError, match="as long as the durations"):
        csm.survival.compare([1, 2], [1, 1], by=["a"])


def test_missing_stays_missing() -> None:
    curve = kaplan_meier(WEEKS, RELAPSED)
    assert isnan(curve.interval(nan).estimate)
