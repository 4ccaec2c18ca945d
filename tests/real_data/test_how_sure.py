"""The figures of the guides on intervals, comparisons and decompositions, from formulas written out here."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm

Z = 1.959963984540054
NAMES = {"customer": "user_id", "date": "activity_date", "mrr": "inc_amt"}


def wilson(part: float, whole: float) -> tuple[float, float]:
    share = part / whole
    centre = (share + Z * Z / 2 / whole) / (1 + Z * Z / whole)
    half = Z * np.sqrt(share * (1 - share) / whole + Z * Z / 4 / whole**2) / (1 + Z * Z / whole)
    return centre - half, centre + half


@pytest.fixture(scope="module")
def payments(subscriptions: pd.DataFrame) -> pd.DataFrame:
    return subscriptions.assign(activity_date=pd.to_datetime(subscriptions["activity_date"]))


def first_month(rows: pd.DataFrame) -> pd.Series:
    return rows.groupby("user_id")["activity_date"].min().dt.to_period("M").astype(str)


def test_nps_of_the_airport(sfo: pd.DataFrame) -> None:
    recommend = sfo["NETPRO  "].replace(11, float("nan"))
    found = csm.interval(csm.nps, recommend)
    up, down, n = 1268 + 0.75, 447 + 0.75, 2650 + 3
    centre = (up - down) / n
    half = Z * np.sqrt(((up + down) / n - centre**2) / n)
    assert (found.low, found.high) == pytest.approx((100 * (centre - half), 100 * (centre + half)))
    assert (round(found.low, 1), round(found.high, 1)) == (28.1, 33.8)
    weighted = csm.interval(csm.nps, recommend, weights=sfo["WEIGHT"])
    assert (round(weighted.estimate, 1), round(weighted.low, 1), round(weighted.high, 1)) == (35.1, 31.9, 38.2)
    assert (weighted.n, round(weighted.n_eff)) == (2650, 2134)


def test_march_against_february(payments: pd.DataFrame) -> None:
    bridge = csm.cohorts.movements_from_snapshots(payments, **NAMES, as_of="2024-03-31")
    found = bridge.csm.total().compare_periods("churn_rate", "2024-02", "2024-03")
    (low_0, high_0), (low_1, high_1) = wilson(262, 1855), wilson(216, 1854)
    before, after = 262 / 1855, 216 / 1854
    low = after - before - np.hypot(after - low_1, high_0 - before)
    high = after - before + np.hypot(high_1 - after, before - low_0)
    assert (found.low, found.high) == pytest.approx((100 * low, 100 * high))
    assert (round(found.difference, 2), round(found.low, 2), round(found.high, 2)) == (-2.47, -4.63, -0.32)
    assert round(found.p_value, 3) == 0.025


def test_what_moved_march(payments: pd.DataFrame) -> None:
    first = payments.groupby("user_id")["activity_date"].min().dt.year.rename("joined")
    rows = payments.merge(first, on="user_id")
    found = csm.decompose(
        csm.churn_rate,
        "2024-02",
        "2024-03",
        by="joined",
        data=rows,
        builder=csm.cohorts.movements_from_snapshots,
        options={**NAMES, "as_of": "2024-03-31"},
    )
    month = rows["activity_date"].dt.to_period("M").astype(str)
    paid = {name: set(rows.loc[month == name, "user_id"]) for name in ("2024-01", "2024-02", "2024-03")}
    start, rate = [], []
    for opening, closing in (("2024-01", "2024-02"), ("2024-02", "2024-03")):
        year = first[sorted(paid[opening])]
        gone = ~year.index.isin(sorted(paid[closing]))
        start.append(year.groupby(year).size())
        rate.append(pd.Series(gone, year.index).groupby(year).mean())
    weight = [s / s.sum() for s in start]
    within = 100 * ((rate[1] - rate[0]) * (weight[0] + weight[1]) / 2).sum()
    mix = 100 * ((weight[1] - weight[0]) * (rate[0] + rate[1]) / 2).sum()
    assert (found.within, found.mix) == pytest.approx((within, mix))
    assert (round(found.within, 2), round(found.mix, 2)) == (-3.04, 0.56)
    assert [round(limit, 2) for limit in found.intervals["within"]] == [-5.23, -0.85]
    months = first_month(rows)
    newest = {
        opening: (int(there.sum()), int((there & ~months.index.isin(sorted(paid[closing]))).sum()))
        for opening, closing in (("2024-01", "2024-02"), ("2024-02", "2024-03"))
        for there in [(months == opening) & months.index.isin(sorted(paid[opening]))]
    }
    assert newest == {"2024-01": (274, 59), "2024-02": (248, 32)}
    assert "Its own rate moved in 2024: 21.53 to 13.82, -1.53 of the total." in str(found)


def test_components_of_march(payments: pd.DataFrame) -> None:
    bridge = csm.cohorts.movements_from_snapshots(payments, **NAMES, as_of="2024-03-31", by="user_id")
    found = csm.decompose(csm.nrr, bridge.loc[["2024-02"]], bridge.loc[["2024-03"]], customer="user_id")
    churned = [100 * 10370.22 / 73613.75, 100 * 8472.09 / 73331.15]
    assert found.frame.loc["churned_mrr", "effect"] == pytest.approx(churned[0] - churned[1])
    assert found.change == pytest.approx(88.89875585 - 85.90097638)
    assert [round(limit, 2) for limit in found.intervals["churned_mrr"]] == [0.37, 4.7]
    assert [round(limit, 2) for limit in found.intervals["change"]] == [0.82, 5.18]
