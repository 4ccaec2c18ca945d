"""Funnels from events, compared with plain Python, and case by case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm

from . import brute_events as brute
from .brute_events import Event
from .test_retention import DRAWN, KEYS, at, frame, logs, moments

build = csm.cohorts


def walked(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return frame([Event(user, at(time), event) for user, time, event in rows])


@pytest.mark.parametrize("by", [0, 1])
@given(data=st.data())
@DRAWN
@pytest.mark.filterwarnings("ignore::csmetrics.errors.CohortWarning")
def test_against_the_definition(by: int, data: st.DataObject) -> None:
    events = data.draw(logs("D", by))
    steps = data.draw(st.lists(st.sampled_from(["open", "buy", "visit"]), min_size=2, max_size=4))
    events += [events[0]._replace(event=steps[0])]
    options: dict[str, Any] = {
        "within": data.draw(st.sampled_from([None, timedelta(hours=36), timedelta(days=4)])),
        "freq": data.draw(st.sampled_from([None, "D", "W"])),
        "as_of": data.draw(st.none() | moments("D").map(lambda t: t.date())),
    }
    got = build.funnel(frame(events, by), steps, by=list(KEYS[:by]) if by else None, **options)
    expected = brute.funnel(events, steps, **options)
    assert list(got.columns) == ["entered", "converted", "median_days"]
    found: brute.Table = {}
    for i, (key, line) in enumerate(zip(got.index, got.itertuples(index=False), strict=True)):
        whole = key[:-1] if isinstance(key, tuple) else ()
        if options["freq"] is not None:
            whole = (whole[0].start_time.to_pydatetime(), *whole[1:])
        days = None if pd.isna(line.median_days) else pytest.approx(line.median_days, rel=1e-12)
        found[(*whole, i % len(steps))] = (line.entered, line.converted, days)
    assert {key: found.get(key) for key in expected} == expected
    assert all(numbers == (0, 0, None) for key, numbers in found.items() if key not in expected)


def test_by_hand() -> None:
    table = walked(
        ("ann", "2026-01-05T09:00", "visit"),
        ("ann", "2026-01-05T09:00", "signup"),  # at the same instant
        ("ann", "2026-01-08T09:00", "buy"),
        ("bob", "2026-01-04T09:00", "signup"),  # before the visit: it does not count
        ("bob", "2026-01-05T09:00", "visit"),
        ("bob", "2026-01-06T09:00", "buy"),
        ("cid", "2026-01-05T09:00", "visit"),
        ("cid", "2026-01-07T09:00", "signup"),
        ("cid", "2026-01-30T09:00", "buy"),  # too late
        ("dee", "2026-01-30T09:00", "visit"),  # has not had 7 days
    )
    steps = build.funnel(table, ["visit", "signup", "buy"], within="7D", as_of="2026-01-31")
    assert steps.index.tolist() == ["visit", "signup", "buy"]
    assert steps["entered"].tolist() == [3, 3, 2]
    assert steps["converted"].tolist() == [3, 2, 1]
    assert steps["median_days"].tolist()[1:] == [1.0, 3.0]
    assert steps.csm.conversion_rate().round(1).tolist() == [100.0, 66.7, 50.0]
    assert steps.attrs["notes"] == ["1 user is left out: the first step is not yet 7D ago."]
    open_end = build.funnel(table, ["visit", "signup", "buy"], as_of="2026-01-31")
    assert open_end["converted"].tolist() == [4, 2, 2]
    assert "keep growing" in open_end.attrs["notes"][0]


def test_a_step_of_several_events_and_a_step_again() -> None:
    table = walked(
        ("ann", "2026-01-05", "visit"),
        ("ann", "2026-01-05", "visit"),  # the same instant is not again
        ("bob", "2026-01-05", "visit"),
        ("bob", "2026-01-06", "call"),
        ("bob", "2026-01-07", "visit"),
    )
    again = build.funnel(table, ["visit", "visit"])
    assert again.index.tolist() == ["visit", "visit (again)"]
    assert again["converted"].tolist() == [2, 1]
    either = build.funnel(table, ["visit", ["call", "visit"]])
    assert either["converted"].tolist() == [2, 1]


def test_periods_wait_for_their_last_user() -> None:
    table = walked(("ann", "2026-01-05", "visit"), ("bob", "2026-01-30", "visit"), ("bob", "2026-01-31", "buy"))
    early = build.funnel(table, ["visit", "buy"], within="7D", freq="M", as_of="2026-02-03")
    assert len(early) == 0
    assert early.attrs["notes"] == ["1 period is left out: the first step is not yet 7D ago."]
    late = build.funnel(table, ["visit", "buy"], within="7D", freq="M", as_of="2026-02-28")
    assert late.index.names == ["period", "step"]
    assert late.loc["2026-01", "converted"].tolist() == [2, 1]


@pytest.mark.parametrize(
    "steps", ["visit", ["visit"], [], None, 5, ["visit", None], ["visit", ["buy", None]]], ids=repr
)
def test_steps_are_at_least_two_events(steps: Any) -> None:
    with pytest.raises(csm.MetricInputError, match="steps"):
        build.funnel(walked(("ann", "2026-01-05", "visit")), steps)


def test_steps_that_no_row_has() -> None:
    table = walked(("ann", "2026-01-05", "visit"))
    with pytest.raises(csm.MetricInputError, match=r"`steps` must be an event that a row has.*did you mean 'visit'\?"):
        build.funnel(table, ["Visit", "buy"])
    with pytest.warns(csm.CohortWarning, match="No row has the steps 'buy'"):
        nobody = build.funnel(table, ["visit", "buy"])
    assert nobody["converted"].tolist() == [1, 0]


def test_groups_and_empty_frames() -> None:
    events = [
        Event("ann", at("2026-01-05"), "visit", group=("x",)),
        Event("ann", at("2026-01-06"), "buy", group=("y",)),
    ]
    steps = build.funnel(frame(events, 1), ["visit", "buy"], by="plan")
    assert steps.index.names == ["plan", "step"]
    assert steps["converted"].tolist() == [1, 1, 0, 0]  # to the group of the first step, the other has none
    for freq in (None, "M"):
        nothing = build.funnel(frame(events, 1).iloc[:0], ["visit", "buy"], by="plan", freq=freq)
        assert len(nothing) == 0
