"""How long Telco's customers stay (IBM). The figures are lifelines', scipy's and statsmodels', which agree."""

from __future__ import annotations

import pandas as pd
import pytest

import csmetrics as csm

STAYED = {1: 94.5961, 6: 88.4826, 12: 84.3200, 24: 78.8736, 36: 74.8545, 48: 70.8840, 60: 66.4404, 72: 59.2790}
BY_CONTRACT = {"Month-to-month": 12.8952, "One year": 56.8146, "Two year": 93.5739}


def test_the_whole(telco: pd.DataFrame) -> None:
    curve = csm.survival.kaplan_meier(telco["tenure"], telco["Churn"].eq("Yes"))
    for months, percent in STAYED.items():
        assert curve.at(months) == pytest.approx(percent, abs=5.1e-5)
    assert curve.standard_error(12) == pytest.approx(0.4492, abs=5.1e-5)
    year, end = curve.interval(12), curve.interval(72)
    assert (year.low, year.high) == pytest.approx((83.4169, 85.1783), abs=5.1e-5)
    assert (end.low, end.high) == pytest.approx((57.3063, 61.1936), abs=5.1e-5)
    assert curve.restricted_mean(72) == pytest.approx(54.492387, abs=5.1e-7)
    assert curve.standard_error(restricted_mean=72) == pytest.approx(0.347750, abs=5.1e-7)
    median = curve.interval(percentile=50)
    assert median.high == float("inf")  # more than half are still there
    with pytest.raises(csm.MetricInputError, match="nobody was observed after 72"):
        curve.restricted_mean(73)


def test_groups(telco: pd.DataFrame) -> None:
    left = telco["Churn"].eq("Yes")
    found = csm.survival.compare(telco["tenure"], left, by=telco["SeniorCitizen"])
    assert found.statistic == pytest.approx(109.489694, abs=1e-6)
    for contract, percent in BY_CONTRACT.items():
        some = telco["contract"] == contract
        assert csm.survival.kaplan_meier(telco["tenure"][some], left[some]).at(72) == pytest.approx(percent, abs=5.1e-5)


def test_what_customers_of_a_shop_have_brought(invoices: pd.DataFrame) -> None:
    """The mean customer of Online Retail brought 2,054.27, the median one 674.485 (plain pandas)."""
    named = {"customer": "CustomerID", "time": "InvoiceDate", "amount": "gross"}
    bought = invoices[invoices["gross"] > 0].assign(InvoiceDate=pd.to_datetime(invoices["InvoiceDate"]))
    each = csm.cohorts.purchases(bought, **named, by="CustomerID")
    assert each.csm.total().historical_clv() == pytest.approx(2054.27, abs=0.005)
    assert each["revenue"].median() == pytest.approx(674.485, abs=5e-4)
