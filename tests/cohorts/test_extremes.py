"""Extreme tables: odd column names, narrow ids, the year 9999, hours that come twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm

from ..engine_frames import FRAMES, NAMES

build = csm.cohorts
ENGINES = [name for name in NAMES if name.values != ("pyspark",)]
TIMES = pd.to_datetime(["2026-01-01", "2026-01-02", "2026-02-01", "2026-03-03"]).as_unit("us")
EVENTS = pd.DataFrame({"user": [1, 2, 1, 3], "time": TIMES, "plan": ["a", "a", "a", "b"]})


def both(engine: str, frame: pd.DataFrame, call: Callable[[Any], pd.DataFrame]) -> pd.DataFrame:
    """Return the result of pandas, after checking that the engine gives the same."""
    expected = call(frame)
    pd.testing.assert_frame_equal(call(FRAMES[engine](frame)), expected, check_column_type=False, check_names=False)
    return expected


@pytest.mark.sampled(5)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["_bad", "csm period", "csm value", "csm start", "csm rows", "last"])
def test_columns_may_have_any_name(engine: str, name: str) -> None:
    """Helper columns of an engine's query are not mistaken for the user's own columns."""
    table = EVENTS.assign(**{name: [10, 20, 30, 40]})
    sizes = both(engine, table, lambda f: build.retention(f, value=name, by="plan", as_of="2026-03-31").counts)
    assert sizes[0].tolist() == [30, 0, 0, 0, 0, 40]
    named = EVENTS.rename(columns={"plan": name})
    both(engine, named, lambda f: build.lifecycle(f, by=name, as_of="2026-03-31"))
    both(engine, named, lambda f: build.retention(f, by=name, min_events=2, window="elapsed").counts)
    both(engine, named, lambda f: build.tickets(f, created="time", by=name, freq="M"))
    if name.startswith("csm "):
        own = name.replace(" ", ":")
        with pytest.raises(csm.MetricInputError, match=f"`by` must not begin with 'csm:' on this engine; got '{own}'"):
            build.lifecycle(FRAMES[engine](named.rename(columns={name: own})), by=own)


def test_a_ledger_up_to_the_last_day_of_all() -> None:
    """Periods without a change cost next to nothing; where each costs something, so many are refused."""
    ledger = pd.DataFrame({"customer": [1, 2], "start": TIMES[:2], "end": [pd.NaT, TIMES[3]], "mrr": [10, 20]})
    months = build.movements_from_subscriptions(ledger, as_of=datetime.max)
    assert len(months) == 12 * 7974
    assert months["lost"].sum() == 1
    assert months["end_mrr"].iloc[[0, 1, 2, -1]].tolist() == [30, 30, 10, 10]
    with pytest.raises(csm.MetricInputError, match=r"`freq` must make at most .*2026-01-01 to 9999-12-31"):
        build.movements_from_subscriptions(ledger, as_of=datetime.max, freq="D", squares=True)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint8", "uint64", "Int64", "int16[pyarrow]"])
def test_ids_of_any_width(dtype: str) -> None:
    """The distance between two ids may be larger than their own type can hold."""
    low, high = (-100, 100) if dtype == "int8" else (0, 250) if dtype.startswith("u") else (-30_000, 30_000)
    user = pd.Series([low, high, low, high, (low + high) // 2])
    times = pd.to_datetime(["2026-01-01", "2026-01-02", "2026-02-01", "2026-02-03", "2026-01-04"])
    table = pd.DataFrame({"user": user, "time": times, "plan": list("ababa")})
    narrow = table.assign(user=user.astype(dtype))
    for call in (
        lambda f: build.lifecycle(f, by="plan", as_of="2026-02-28"),
        lambda f: build.active_users(f, by="plan"),
        lambda f: build.retention(f, by="plan").counts,
    ):
        pd.testing.assert_frame_equal(call(narrow), call(table))


@pytest.mark.parametrize("window", ["calendar", "elapsed"])
def test_brackets_without_end_are_never_observed(window: str) -> None:
    """People write 10**9 periods to mean "all the rest"."""
    grid = build.retention(EVENTS, freq="D", window=window, brackets=[7, 10**9], as_of="2026-03-10")
    assert list(grid.counts.columns) == ["0", "1-7", "8-1000000007"]
    assert (grid.state["8-1000000007"] != "observed").all()
    assert grid.state["8-1000000007"].iloc[0] == "in progress"
    far = build.retention(EVENTS, freq="D", window=window, brackets=[10**9, 3], as_of="2026-03-10")
    assert (far.state["1000000001-1000000003"] == "future").all()
    assert grid.counts["1-7"].iloc[0] == 0


@pytest.mark.parametrize("engine", ["polars lazy", "pyarrow"])
def test_the_hour_that_comes_twice_is_one_cohort(engine: str) -> None:
    """1:20 and 1:30, before and after the clocks go back in New York, are one hour of the clock and one cohort."""
    times = pd.to_datetime(["2025-11-02 05:10", "2025-11-02 06:20", "2025-11-02 07:30", "2025-11-02 09:00"], utc=True)
    table = pd.DataFrame({"user": 1, "time": times.as_unit("us").tz_convert("America/New_York")})
    counts = both(
        engine,
        table,
        lambda f: build.retention(f, freq="h", window="elapsed", cohort="recurring", as_of=times[-1]).counts,
    )
    assert counts[0].iloc[0] == 1


def test_missing_keys_are_one_group_whatever_they_are() -> None:
    """NaN and null in a float column form one group."""
    import polars as pl

    rows = {"user": [1, 1], "time": [datetime(2026, 1, 1), datetime(2026, 1, 5)], "key": [float("nan"), None]}
    table = pl.DataFrame(rows, strict=False)
    assert build.active_users(table, by="key")["dau"].tolist() == [1, 0, 0, 0, 1]
    assert build.retention(table, by="key", window="elapsed", freq="D").sizes.sum() == 1


@pytest.mark.parametrize("engine", ["polars", "polars lazy", "pyarrow", "duckdb", "ibis", "dask"])
def test_naive_and_aware_never_mix_on_engines(engine: str) -> None:
    table = pd.DataFrame(
        {"customer": [1], "start": TIMES[:1].tz_localize("UTC"), "end": TIMES[1:2], "mrr": [1], "created": TIMES[:1]}
    )
    with pytest.raises(csm.MetricInputError, match="must all have a time zone, or none"):
        build.movements_from_subscriptions(FRAMES[engine](table))


def test_two_zones_are_one_clock() -> None:
    """The end is read in the time zone of the start, on engines as on pandas."""
    start = pd.DatetimeIndex(["2026-01-05", "2026-02-03"], tz="America/New_York").as_unit("us")
    end = pd.DatetimeIndex(["2026-04-01 02:00", None], tz="UTC").as_unit("us")  # 31 March in New York
    table = pd.DataFrame({"customer": [1, 2], "start": start, "end": end, "mrr": [10, 20]})
    for engine in ("polars lazy", "pyarrow"):
        months = both(engine, table, lambda f: build.movements_from_subscriptions(f, as_of="2026-04-30"))
    assert months["lost"].tolist() == [0, 0, 1, 0]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("engine", ["polars lazy", "duckdb", "pyarrow", "ibis"])
def test_the_year_9999(engine: str) -> None:
    """Many ledgers write this year for an open end."""
    never = np.datetime64("9999-12-31", "us")
    ledger = pd.DataFrame({"customer": [1], "start": TIMES[:1], "end": np.array([never]), "mrr": [5]})
    months = both(engine, ledger, lambda f: build.movements_from_subscriptions(f, as_of="2026-03-31"))
    assert months["end_mrr"].tolist() == [5, 5, 5]
    years = both(engine, ledger, lambda f: build.movements_from_subscriptions(f, freq="Y"))
    assert len(years) == 0  # an end so far away is open, so the data ends with the last start


@pytest.mark.parametrize("engine", ENGINES)
def test_groups_that_come_after_the_end_of_the_data_are_not_known_yet(engine: str) -> None:
    for call in (
        lambda f: build.lifecycle(f, by="plan", as_of="2026-02-28"),
        lambda f: build.active_users(f, by="plan", as_of="2026-02-28"),
        lambda f: build.retention(f, by="plan", as_of="2026-02-28").counts,
    ):
        out = both(engine, EVENTS, call)
        assert set(out.index.get_level_values("plan")) == {"a"}


def test_far_too_many_periods_are_refused() -> None:
    """A single misdated row can make far too many periods; the message says which periods there would be."""
    misdated = EVENTS.assign(time=[pd.Timestamp("1970-01-01"), *TIMES[1:]])
    with pytest.raises(
        csm.MetricInputError, match=r"from 1970-01-01 00:00 to 2026-03-03 23:00 there are 4[\d,]+ periods"
    ):
        build.retention(misdated, freq="h")
    many = pd.concat([misdated.assign(plan=str(n)) for n in range(300)])
    with pytest.raises(csm.MetricInputError, match="from 1970-01-01 to 2026-03-03 there are"):
        build.active_users(many, by="plan")


def test_keys_that_cannot_be() -> None:
    with pytest.raises(csm.MetricInputError, match=r"lifecycle: `by` must not name 'period'; got \['period'\]"):
        build.lifecycle(EVENTS.assign(period=1), by=["period"])
    with pytest.raises(csm.MetricInputError, match="retention: `by` must not name 'cohort'"):
        build.retention(EVENTS.assign(cohort=1), by="cohort")
    with pytest.raises(csm.MetricInputError, match="`by` must name each column once"):
        build.lifecycle(EVENTS, by=["plan", "plan"])
    with pytest.raises(csm.MetricInputError, match="`by` must hold numbers, text or dates"):
        build.lifecycle(EVENTS.assign(plan=[[1], [2], [1], [3]]), by="plan")
    with pytest.raises(csm.MetricInputError, match="lifecycle: `user` must hold numbers or text"):
        build.lifecycle(EVENTS.assign(user=[[1], [2], [1], [3]]))
    with pytest.raises(csm.MetricInputError, match="`user` must be finite"):
        build.lifecycle(EVENTS.assign(user=[1.0, np.inf, 2.0, 3.0]))


def test_a_column_called_reason_is_kept() -> None:
    table = EVENTS.assign(user=[1, None, 1, 3], reason="mine")
    excluded = build.lifecycle(table, on_bad_rows="report").attrs["excluded"].frame
    assert excluded["reason"].tolist() == ["mine"]
    assert excluded["reason_"].tolist() == ["`user` is missing"]


def test_results_with_a_report_are_ordinary_frames() -> None:
    """pandas compares `.attrs` when it joins frames, so a report in `.attrs` must not get in the way."""
    out = build.lifecycle(EVENTS.assign(user=[1, None, 1, 3]), on_bad_rows="report")
    again = pd.concat([out.iloc[:1], out.iloc[1:]])
    pd.testing.assert_frame_equal(again, out)
    assert out.merge(out, left_index=True, right_index=True).shape == (len(out), 2 * out.shape[1])
    assert len(out.copy().attrs["excluded"].frame) == 1


def test_brackets_of_any_kind() -> None:
    expected = build.retention(EVENTS, freq="D", brackets=[2, 3]).counts
    for brackets in ((2, 3), range(2, 4), np.array([2, 3]), pd.Series([2, 3])):
        pd.testing.assert_frame_equal(build.retention(EVENTS, freq="D", brackets=brackets).counts, expected)
