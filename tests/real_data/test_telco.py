"""Telco customer churn (IBM). The figures were computed without this library, in plain pandas; rates are percent."""

from __future__ import annotations

import pandas as pd
import pytest

import csmetrics as csm

CONTRACTS = {"Month-to-month": 42.70967742, "One year": 11.26951799, "Two year": 2.83185841}
INTERNET = {"DSL": 18.95910781, "Fiber optic": 41.89276486, "No": 7.40498034}


def near(value: float) -> object:
    return pytest.approx(value, abs=5e-8, rel=0)


@pytest.fixture(scope="module")
def totals(telco: pd.DataFrame) -> pd.DataFrame:
    """A cohort frame with one row per customer."""
    left = telco["Churn"].eq("Yes")
    return telco.assign(
        start=1,
        lost=left.astype(int),
        end=(~left).astype(int),
        new=0,
        customers=1,
        mrr=telco["MonthlyCharges"],
        start_mrr=telco["MonthlyCharges"],
        churned_mrr=telco["MonthlyCharges"].where(left, 0.0),
        contraction_mrr=0,
        expansion_mrr=0,
    )


def test_the_file_is_the_one_meant(telco) -> None:
    assert len(telco) == 7043
    assert telco["customerID"].is_unique
    assert telco["Churn"].value_counts().to_dict() == {"No": 5174, "Yes": 1869}
    assert telco["MonthlyCharges"].sum() == pytest.approx(456116.6)
    assert telco["contract"].value_counts().to_dict() == {"Month-to-month": 3875, "Two year": 1695, "One year": 1473}


def test_churn_and_retention(totals) -> None:
    total = totals.csm.total()
    assert total.churn_rate() == csm.churn_rate(lost=1869, start=7043) == near(26.53698708)
    assert total.retention_rate() == csm.retention_rate(end=5174, new=0, start=7043) == near(73.46301292)
    assert total.churn_rate() + total.retention_rate() == pytest.approx(100, rel=1e-14)


@pytest.mark.parametrize(("by", "expected"), [("contract", CONTRACTS), ("internet", INTERNET)])
def test_churn_by_segment(totals, by, expected) -> None:
    got = totals.csm.by(by).churn_rate()
    assert got.index.name == by
    assert got.to_dict() == {segment: near(rate) for segment, rate in expected.items()}


def test_both_segments_at_once_add_up_to_the_whole(totals) -> None:
    fine = totals.groupby(["contract", "internet"], as_index=False)[["lost", "start"]].sum()
    assert len(fine) == 9
    assert fine.csm.total().churn_rate() == near(26.53698708)
    assert fine.csm.by("internet").churn_rate().to_dict() == {k: near(v) for k, v in INTERNET.items()}
    # the mean of the segments' rates is a different number
    assert fine.csm.churn_rate().mean() != pytest.approx(26.54, abs=0.5)


def test_revenue_churn_and_retention(totals) -> None:
    total = totals.csm.total()
    amounts = {"start_mrr": 456116.6, "contraction_mrr": 0, "churned_mrr": 139130.85}
    assert total.gross_revenue_churn_rate() == near(30.50335156)
    assert csm.gross_revenue_churn_rate(**amounts) == near(30.50335156)
    assert total.grr() == near(69.49664844)
    assert csm.grr(**amounts) == near(69.49664844)
    assert total.nrr() == near(69.49664844)  # no charges rose
    assert total.net_revenue_churn_rate() == near(30.50335156)


def test_revenue_per_customer(totals) -> None:
    assert totals.csm.total().arpa() == csm.arpa(456116.6, 7043) == near(64.7616924606)
    by = totals.csm.by("Churn").arpa()
    assert by.to_dict() == {"No": near(61.2651236954), "Yes": near(74.4413322632)}


def test_simple_lifetime_value(totals) -> None:
    # computed from its own inputs, mrr, customers, lost and start, for each group
    assert totals.csm.total().clv() == near(244.0431246656)
    assert csm.clv(arpa=64.7616924606, churn_rate=26.53698708) == pytest.approx(244.0431246656, rel=1e-9)
    by = totals.csm.by("contract").clv()
    for contract, churn in CONTRACTS.items():
        rows = totals[totals["contract"] == contract]
        assert by[contract] == pytest.approx(100 * rows["MonthlyCharges"].mean() / churn, rel=1e-8)


def test_every_metric_whose_columns_are_there(totals) -> None:
    table = totals.csm.total().metrics()
    assert table.loc["total", ["churn_rate", "grr", "arpa"]].tolist() == [
        near(26.53698708),
        near(69.49664844),
        near(64.7616924606),
    ]


def test_the_share_of_a_sample_is_refused_where_it_cannot_be(totals) -> None:
    with pytest.raises(csm.MetricInputError, match="`lost` must be <= `start`"):
        csm.churn_rate(lost=7043, start=1869)
    with pytest.raises(csm.MetricInputError, match="`lost` must be numbers"):
        csm.churn_rate(totals["Churn"], totals["start"])
