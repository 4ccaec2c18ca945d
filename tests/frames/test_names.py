"""Names of columns that an engine could read as SQL: the same figures, or an error that names the mark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import csmetrics as csm

from ..engine_frames import FRAMES, NAMES

REFUSED = {"duckdb": '."', "pyspark": ".`"}
EVENTS = pd.DataFrame(
    {
        "user": [1, 1, 2, 2],
        "time": pd.to_datetime(["2026-01-05", "2026-02-03", "2026-01-09", "2026-03-02"]),
        "plan": ["a", "a", "b", "b"],
    }
)
COUNTS = pd.DataFrame({"plan": ["a", "a", "b"], "lost": [1, 2, 3], "start": [10, 20, 30]})


def retention(rows: Any, user: str, time: str, by: str) -> pd.DataFrame:
    return csm.cohorts.retention(rows, user=user, time=time, by=by, as_of="2026-03-31").counts


def active_users(rows: Any, user: str, time: str, by: str) -> pd.DataFrame:
    return csm.cohorts.active_users(rows, user=user, time=time, by=by, wau=2, mau=3)


def lifecycle(rows: Any, user: str, time: str, by: str) -> pd.DataFrame:
    return csm.cohorts.lifecycle(rows, user=user, time=time, by=by, as_of="2026-03-31")


def state(rows: Any, user: str, time: str, by: str) -> pd.DataFrame:
    return csm.cohorts.activity(rows, user=user, time=time, by=by).retention(as_of="2026-03-31").counts


def churn(rows: Any, lost: str, start: str, by: str) -> pd.DataFrame:
    return csm.over(rows).by(by).churn_rate(lost=lost, start=start).to_frame()


@pytest.mark.parametrize("mark", [".", '"', "`", "'", " ", "{}"])
@pytest.mark.parametrize("build", [retention, active_users, lifecycle, state, churn])
@pytest.mark.parametrize("engine", NAMES)
def test_marks_in_names(engine: str, build: Callable[..., pd.DataFrame], mark: str) -> None:
    table = COUNTS if build is churn else EVENTS
    names = {name: f"{name[:2]}{mark}{name[2:]}" for name in table}
    asked = {"by" if name == "plan" else name: new for name, new in names.items()}
    renamed = table.rename(columns=names)
    expected = build(renamed, **asked)
    if mark in REFUSED.get(engine, ""):
        with pytest.raises(csm.MetricInputError, match=r"must not have .* in its name on this engine.*rename"):
            build(FRAMES[engine](renamed), **asked)
    else:
        assert_frame_equal(build(FRAMES[engine](renamed), **asked), expected)


@pytest.mark.parametrize("engine", [name for name in NAMES if name.values[0] in REFUSED])
def test_marks_in_the_names_of_other_tables(engine: str) -> None:
    users = FRAMES[engine](pd.DataFrame({"user": [1, 2], "pl.an": ["a", "b"]}))
    terms = FRAMES[engine](pd.DataFrame({"cus.tomer": [1], "start": ["2026-01-01"], "end": ["2027-01-01"]}))
    for build in (
        lambda: csm.cohorts.retention(EVENTS, users=users, by="pl.an", as_of="2026-03-31"),
        lambda: csm.cohorts.adoption(EVENTS, feature="plan", eligible=users, by="pl.an"),
        lambda: csm.cohorts.renewals(terms, customer="cus.tomer", as_of="2026-03-31"),
    ):
        with pytest.raises(csm.MetricInputError, match=r"a dot or a .* in its name"):
            build()


@pytest.mark.parametrize("name", ["*", "^plan$"])
@pytest.mark.parametrize("engine", NAMES)
def test_a_pattern_is_no_name(engine: str, name: str) -> None:
    rows = FRAMES[engine](COUNTS.assign(**{name: COUNTS["lost"]}))
    asked = csm.over(rows).total()
    for call in (lambda: csm.over(rows).by(name), lambda: asked.churn_rate(lost=name)):
        with pytest.raises(csm.MetricInputError, match=r"must not have a pattern for a name .*rename"):
            call()
