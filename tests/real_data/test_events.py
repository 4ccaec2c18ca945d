"""Retention on public events. The figures were computed without this library, in plain pandas; some are published."""

from __future__ import annotations

import pandas as pd
import pytest

import csmetrics as csm

LAUNCHES = {
    "2016-04-27": [96, 65, 55, 46, 46],
    "2016-04-28": [200, 117, 96, 84, 82],
    "2016-04-29": [370, 207, 181, 152, 138],
    "2016-04-30": [387, 223, 177, 151, 129],
    "2016-05-01": [405, 222, 178, 152, 130],
}  # the first five days of the first five cohorts, as published by the R package `cohorts`

# customers by month of first purchase and months since; the last value of a row is December 2011, up to the 9th
CUSTOMERS = {
    "2010-12": [885, 324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235],
    "2011-01": [417, 92, 111, 96, 134, 120, 103, 101, 125, 136, 152, 49],
    "2011-02": [380, 71, 71, 108, 103, 94, 96, 106, 94, 116, 26],
    "2011-03": [452, 68, 114, 90, 101, 76, 121, 104, 126, 39],
    "2011-04": [300, 64, 61, 63, 59, 68, 65, 78, 22],
    "2011-05": [284, 54, 49, 49, 59, 66, 75, 27],
    "2011-06": [242, 42, 38, 64, 56, 81, 23],
    "2011-07": [188, 34, 39, 42, 51, 21],
    "2011-08": [169, 35, 42, 41, 21],
    "2011-09": [299, 70, 90, 34],
    "2011-10": [358, 86, 41],
    "2011-11": [323, 36],
    "2011-12": [41],
}

# paying subscribers by month of first payment; the last value of a row is April 2024, up to the 14th
SUBSCRIBERS = {
    "2022-08": [167, 131, 105, 79, 70, 65, 59, 52, 50, 43, 42, 38, 30, 25, 23, 23, 23, 21, 20, 19, 1],
    "2022-09": [194, 158, 103, 85, 69, 64, 56, 47, 40, 38, 37, 36, 31, 28, 26, 24, 19, 19, 18, 10],
    "2022-10": [140, 101, 85, 82, 68, 56, 49, 40, 38, 32, 25, 24, 22, 17, 13, 12, 11, 11, 3],
    "2022-11": [180, 143, 119, 106, 94, 89, 79, 71, 57, 51, 46, 41, 36, 32, 27, 26, 26, 10],
    "2022-12": [133, 106, 92, 71, 65, 58, 57, 52, 47, 37, 33, 28, 25, 23, 22, 20, 8],
    "2023-01": [144, 117, 101, 88, 78, 61, 54, 44, 40, 36, 32, 29, 25, 21, 19, 3],
    "2023-02": [209, 183, 159, 139, 123, 109, 100, 83, 72, 64, 58, 50, 44, 36, 14],
    "2023-03": [278, 240, 221, 200, 178, 168, 148, 130, 112, 101, 82, 76, 68, 23],
    "2023-04": [266, 220, 197, 168, 145, 123, 115, 110, 101, 84, 77, 69, 29],
    "2023-05": [218, 182, 158, 149, 124, 108, 95, 83, 79, 68, 64, 35],
    "2023-06": [248, 207, 187, 165, 160, 140, 126, 109, 87, 79, 33],
    "2023-07": [194, 169, 141, 119, 105, 92, 86, 78, 66, 32],
    "2023-08": [284, 214, 197, 166, 155, 138, 120, 109, 44],
    "2023-09": [290, 237, 213, 189, 164, 144, 129, 57],
    "2023-10": [290, 246, 217, 194, 175, 156, 66],
    "2023-11": [328, 278, 244, 211, 187, 70],
    "2023-12": [272, 224, 192, 172, 67],
    "2024-01": [274, 215, 185, 72],
    "2024-02": [248, 216, 101],
    "2024-03": [245, 90],
    "2024-04": [81],
}

# the amount invoiced in each month, in cents
GROSS = {
    "2010-12": 57271389,
    "2011-01": 56944504,
    "2011-02": 44713735,
    "2011-03": 59550076,
    "2011-04": 46920036,
    "2011-05": 67859456,
    "2011-06": 66121369,
    "2011-07": 60009101,
    "2011-08": 64534390,
    "2011-09": 95283838,
    "2011-10": 103931879,
    "2011-11": 116181738,
    "2011-12": 51819279,
}
ACTIVE = {
    "2010-12": 885,
    "2011-01": 741,
    "2011-02": 758,
    "2011-03": 974,
    "2011-04": 856,
    "2011-05": 1056,
    "2011-06": 991,
    "2011-07": 949,
    "2011-08": 935,
    "2011-09": 1266,
    "2011-10": 1364,
    "2011-11": 1664,
    "2011-12": 615,
}  # customers with an invoice


def near(value: float) -> object:
    return pytest.approx(value, abs=5e-8, rel=0)


def triangle(counts: pd.DataFrame) -> dict[str, list[int]]:
    """Return each cohort's observed counts."""
    rows = {}
    for cohort, row in counts.iterrows():
        known = row.dropna()
        assert list(known.index) == list(range(len(known))), cohort  # observed cells come first
        rows[str(cohort)] = known.tolist()
    return rows


# ---------------------------------------------------------------------------------------------------- a mobile game


def test_the_launches_are_those_meant(gamelaunch) -> None:
    assert len(gamelaunch) == 29324
    assert gamelaunch["userid"].nunique() == 3994
    assert (gamelaunch["eventDate"].min(), gamelaunch["eventDate"].max()) == ("2016-04-27", "2016-05-27")


@pytest.mark.parametrize("as_of", [None, "2016-05-27"])
def test_launches_by_day(gamelaunch, as_of) -> None:
    """Rows are dated by day, so the last one covers its whole day, and `as_of` is not needed."""
    grid = csm.cohorts.retention(gamelaunch, user="userid", time="eventDate", freq="D", as_of=as_of)
    assert grid.counts.shape == (31, 31)
    assert grid.sizes.sum() == 3994
    rows = triangle(grid.counts)
    assert [len(row) for row in rows.values()] == list(range(31, 0, -1))
    assert {cohort: row[:5] for cohort, row in list(rows.items())[:5]} == LAUNCHES
    pooled = grid.pooled()
    assert pooled[1] == near(56.72708706)
    assert pooled[7] == near(29.24246538)
    # the mean of the thirty rates is a different number
    assert grid.rates()[1].mean() == near(56.73139779)
    assert grid.rates()[7].mean() == pytest.approx(30.978, abs=0.001)


def test_launches_before_the_end_of_the_data(gamelaunch) -> None:
    """If the data ends a day earlier, each row is one cell shorter and otherwise the same."""
    options = {"user": "userid", "time": "eventDate", "freq": "D"}
    whole = triangle(csm.cohorts.retention(gamelaunch, **options).counts)
    less = triangle(csm.cohorts.retention(gamelaunch, as_of="2016-05-26", **options).counts)
    assert less == {cohort: row[:-1] for cohort, row in whole.items() if cohort != "2016-05-27"}


def test_launches_active_users_and_life_cycle(gamelaunch) -> None:
    """The counts equal the distinct users of each day, counted one by one."""
    options = {"user": "userid", "time": "eventDate"}
    days = gamelaunch.groupby("eventDate")["userid"].agg(set).tolist()
    active = csm.cohorts.active_users(gamelaunch, **options)
    assert active["dau"].tolist() == [len(day) for day in days]
    for name, window in {"wau": 7, "mau": 28}.items():  # missing until the window is full
        full = [len(set().union(*days[i - window + 1 : i + 1])) for i in range(window - 1, 31)]
        assert active[name].iloc[window - 1 :].tolist() == full
        assert active[name].iloc[: window - 1].isna().all()
    life = csm.cohorts.lifecycle(gamelaunch, freq="D", **options)
    assert life["active"].tolist() == [len(day) for day in days]
    assert life["new_users"].sum() == 3994
    assert life["new_users"].iloc[:2].tolist() == [96, 200]
    assert life["dormant"].iloc[1] == 96 - 65


# ------------------------------------------------------------------------------------------------- a shop's invoices


@pytest.fixture(scope="module")
def paid(invoices: pd.DataFrame) -> pd.DataFrame:
    return invoices[invoices["gross"] > 0]


def test_the_invoices_are_those_meant(invoices, paid) -> None:
    assert len(invoices) == 22190
    assert len(paid) == 18532
    assert paid["CustomerID"].nunique() == 4338
    assert paid["InvoiceDate"].max() == "2011-12-09 12:50:00"


def test_customers_by_month(paid) -> None:
    """Of 885 customers of December 2010, 324, 286 and 340 bought again in the three months after."""
    grid = csm.cohorts.retention(paid, user="CustomerID", time="InvoiceDate")
    # the data ends on 9 December 2011: that month's cells are in progress, for every cohort
    assert triangle(grid.counts) == {cohort: row[:-1] for cohort, row in CUSTOMERS.items()}
    assert [str(cohort) for cohort in grid.sizes.index] == list(CUSTOMERS)
    assert grid.sizes.tolist() == [row[0] for row in CUSTOMERS.values()]
    for i, row in enumerate(grid.state.to_numpy().tolist()):
        assert row == ["observed"] * (12 - i) + ["in progress"] + ["future"] * i
    # if the month had ended on that day
    whole = csm.cohorts.retention(paid, user="CustomerID", time="InvoiceDate", as_of="2011-12-31")
    assert triangle(whole.counts) == CUSTOMERS
    assert grid.rates()[1].iloc[0] == near(100 * 324 / 885)


def test_customers_all_months_together(paid) -> None:
    pooled = csm.cohorts.retention(paid, user="CustomerID", time="InvoiceDate").pooled()
    for age in range(12):
        rows = [row for row in CUSTOMERS.values() if age < len(row) - 1]
        assert pooled[age] == pytest.approx(
            100 * sum(row[age] for row in rows) / sum(row[0] for row in rows), rel=1e-12
        )
    assert pd.isna(pooled[12])


def test_customers_who_bought_in_a_month(paid) -> None:
    """With a cohort in every month in which a customer bought, age 0 is everyone who bought in it."""
    grid = csm.cohorts.retention(paid, user="CustomerID", time="InvoiceDate", cohort="recurring")
    assert {str(month): size for month, size in grid.sizes.items()} == ACTIVE
    life = csm.cohorts.lifecycle(paid, user="CustomerID", time="InvoiceDate")
    assert {str(month): n for month, n in life["active"].items()} == {m: n for m, n in ACTIVE.items() if m != "2011-12"}
    assert life["new_users"].tolist() == [row[0] for row in CUSTOMERS.values()][:-1]


def test_revenue_by_month(paid) -> None:
    """The amounts of all cohorts in a month add up to the amount invoiced in that month."""
    cents = paid.assign(cents=(paid["gross"] * 100).round().astype("int64"))
    grid = csm.cohorts.retention(cents, user="CustomerID", time="InvoiceDate", value="cents", as_of="2011-12-31")
    by_month = dict.fromkeys(GROSS, 0)
    months = list(GROSS)
    for i, row in enumerate(triangle(grid.counts).values()):
        for age, amount in enumerate(row):
            by_month[months[i + age]] += amount
    assert by_month == GROSS


# --------------------------------------------------------------------------------------------------- subscriptions


def test_subscribers_by_month(subscriptions) -> None:
    options = {"user": "user_id", "time": "activity_date"}
    grid = csm.cohorts.retention(subscriptions, **options)
    assert triangle(grid.counts) == {cohort: row[:-1] for cohort, row in SUBSCRIBERS.items()}
    assert triangle(csm.cohorts.retention(subscriptions, as_of="2024-04-30", **options).counts) == SUBSCRIBERS
    assert grid.sizes.sum() == 4683
