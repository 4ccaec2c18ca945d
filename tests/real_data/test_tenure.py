"""How long subscribers stay (The Venture City). The figures were computed without this library, in plain pandas."""

from __future__ import annotations

import pandas as pd
import pytest

import csmetrics as csm

LAST = "2024-03"  # the data ends on 14 April
# percent still subscribed after this many months, and the median
STAYED = {1: 84.44154715, 2: 73.70371789, 3: 64.64627248, 6: 47.01238843, 12: 24.5443403, 18: 16.04669251}


@pytest.fixture(scope="module")
def tenure(subscriptions: pd.DataFrame) -> pd.DataFrame:
    """Return each subscriber's months from first to last payment, both counted, and whether they left by March 2024."""
    month = pd.PeriodIndex(subscriptions["activity_date"], freq="M")
    number = (month.year * 12 + month.month).to_numpy()
    last = pd.Period(LAST)
    paid = subscriptions.assign(month=number)[month <= last]
    ends = paid.groupby("user_id")["month"].agg(["min", "max"])
    return pd.DataFrame({"months": ends["max"] - ends["min"] + 1, "left": ends["max"] < last.year * 12 + last.month})


def test_the_curve(tenure: pd.DataFrame) -> None:
    curve = csm.survival.kaplan_meier(tenure["months"], tenure["left"])
    assert len(tenure) == 4602
    assert curve.table["reached"].sum() == tenure["left"].sum() == 2708
    assert curve.table["at_risk"].iloc[0] == 4602
    for months, percent in STAYED.items():
        assert curve.at(months) == pytest.approx(percent, abs=5e-8, rel=0)
    assert curve.median == 6.0


def test_counted_before(tenure: pd.DataFrame) -> None:
    """Counts of subscribers by tenure, as a warehouse holds them, give the same curve."""
    counted = tenure.value_counts(["months", "left"]).reset_index(name="subscribers")
    curve = csm.survival.kaplan_meier(counted["months"], counted["left"], counts=counted["subscribers"])
    one_by_one = csm.survival.kaplan_meier(tenure["months"], tenure["left"])
    pd.testing.assert_frame_equal(curve.table, one_by_one.table, check_exact=True)


def test_those_who_left_alone_look_too_fast(tenure: pd.DataFrame) -> None:
    gone = tenure[tenure["left"]]
    assert csm.survival.kaplan_meier(gone["months"], gone["left"]).median == gone["months"].median() < 6
