"""Activation from events, compared with plain Python, and case by case."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm

from . import brute_events as brute
from .test_retention import DRAWN, KEYS, frame, logs, moments

build = csm.cohorts


def as_table(result: pd.DataFrame, by: int) -> brute.Table:
    labels = [key if by else (key,) for key in result.index]
    keys = [(key[0].start_time.to_pydatetime(), *key[1:]) for key in labels]
    return dict(zip(keys, map(tuple, result.to_numpy().tolist()), strict=True))


@pytest.mark.parametrize("by", [0, 1])
@given(data=st.data())
@DRAWN
@pytest.mark.filterwarnings("ignore::csmetrics.errors.CohortWarning")
def test_against_the_definition(by: int, data: st.DataObject) -> None:
    """With starts from events, or from a table of users whose groups count."""
    events = data.draw(logs("D", by))
    events += [events[0]._replace(event="open")]
    options: dict[str, Any] = {
        "key_event": data.draw(st.sampled_from(["buy", ["buy", "open"]])),
        "start_event": data.draw(st.sampled_from([None, "open"])),
        "within": data.draw(st.sampled_from([timedelta(days=1), timedelta(hours=36), timedelta(days=3)])),
        "min_events": data.draw(st.integers(1, 2)),
        "freq": data.draw(st.sampled_from(["D", "W-WED"])),
        "as_of": data.draw(st.none() | moments("D").map(lambda t: t.date())),
    }
    drawn = st.builds(brute.Person, moments("D"), st.tuples(*[st.sampled_from(["x", "y"])] * by))
    people = data.draw(st.none() | st.dictionaries(st.sampled_from(["ann", "bob", "fay"]), drawn, min_size=1))
    table, extra = frame(events, by), {}
    if people is not None:
        columns = {"user": list(people), "signed_up": [one.started for one in people.values()]}
        columns |= {KEYS[i]: [one.group[i] for one in people.values()] for i in range(by)}
        extra = {"users": pd.DataFrame(columns), "started": "signed_up"}
    got = build.activation(table, by=list(KEYS[:by]) if by else None, **options, **extra)
    expected = brute.activation(events, people=people, **options)
    found = as_table(got, by)
    assert {key: found.get(key) for key in expected} == expected
    assert all(numbers == (0, 0) for key, numbers in found.items() if key not in expected)


def test_the_day_of_the_signup_counts() -> None:
    """Three signups, two with the key event within seven days, one of them on the day of the signup."""
    users = pd.DataFrame({"user": [1, 2, 3], "signed_up": pd.to_datetime(["2026-01-05", "2026-01-20", "2026-01-30"])})
    times = ["2026-01-05 15:00", "2026-01-27 00:00", "2026-02-05 09:00"]
    events = pd.DataFrame({"user": [1, 2, 3], "time": pd.to_datetime(times), "event": "invite"})
    options: dict[str, Any] = {"key_event": "invite", "users": users, "started": "signed_up", "as_of": "2026-02-28"}
    reached = build.activation(events, **options)
    assert reached.iloc[0].tolist() == [3, 2]  # the seventh day after the signup of 2 begins on the 27th
    assert reached.csm.activation_rate().iloc[0].round(1) == 66.7
    assert build.activation(events, **options, within="10D").iloc[0].tolist() == [3, 3]
    assert build.activation(events, **options, min_events=2).iloc[0].tolist() == [3, 0]


def test_a_period_waits_for_its_last_signup() -> None:
    users = pd.DataFrame({"user": [1, 2], "signed_up": pd.to_datetime(["2026-01-05", "2026-01-30"])})
    events = pd.DataFrame({"user": [1], "time": pd.to_datetime(["2026-01-06"]), "event": ["invite"]})
    options: dict[str, Any] = {"key_event": "invite", "users": users, "started": "signed_up"}
    early = build.activation(events, **options, as_of="2026-02-04")
    assert len(early) == 0
    assert early.attrs["notes"] == ["1 period is left out, as the last signups in it have not had 7D yet."]
    late = build.activation(events, **options, as_of="2026-02-05")
    assert late["signups"].tolist() == [2]
    assert late.attrs["notes"] == []


@pytest.mark.parametrize("within", [0, 7, "soon", "-1D", None, True, timedelta(0), "NaT"], ids=repr)
def test_within_is_a_length_of_time(within: Any) -> None:
    table = frame([brute.Event("ann", datetime(2026, 1, 5), "open")])
    with pytest.raises(csm.MetricInputError, match="`within` must be a length of time above 0"):
        build.activation(table, key_event="open", within=within)


def test_events_that_no_row_has() -> None:
    table = frame([brute.Event("ann", datetime(2026, 1, 5), "open")])
    with pytest.warns(csm.CohortWarning, match="No row has the key_event 'Open': did you mean 'open'?"):
        build.activation(table, key_event="Open")
    with pytest.raises(csm.MetricInputError, match=r"start_event.*did you mean 'open'\?"):
        build.activation(table, key_event="open", start_event="opne")
    with pytest.raises(csm.MetricInputError, match="`key_event` must name the event"):
        build.activation(table, key_event=None)


def test_an_empty_frame() -> None:
    table = frame([brute.Event("ann", datetime(2026, 1, 5), "open")]).iloc[:0]
    result = build.activation(table, key_event="open")
    assert len(result) == 0
    assert list(result.columns) == ["signups", "activated"]
    assert set(result.dtypes) == {np.dtype(np.int64)}
