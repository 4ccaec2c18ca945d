"""Sums of squares beside the amounts of a bridge: the same intervals as from rows of customers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import csmetrics as csm

from ..engine_frames import FRAMES

COMPANY = csm.datasets.make_saas()
LEDGER = COMPANY.subscriptions
AMOUNTS = ("start_mrr", "new_mrr", "reactivation_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "end_mrr")


def bridge(frame: Any = LEDGER, **options: Any) -> pd.DataFrame:
    return csm.cohorts.movements_from_subscriptions(frame, as_of=COMPANY.as_of, **options)


@pytest.mark.parametrize("span", [1, 3])
def test_they_are_the_sums_over_customers(span: int) -> None:
    rows, totals = bridge(by=["plan", "customer"], span=span), bridge(by="plan", span=span, squares=True)
    assert totals[bridge(by="plan", span=span).columns].equals(bridge(by="plan", span=span))
    for one in AMOUNTS:
        for other in AMOUNTS:
            product = rows[one].astype(float) * rows[other]
            expected = (
                product.groupby(level=["period", "plan"], observed=True).sum().reindex(totals.index, fill_value=0)
            )
            if f"{one}*{other}" in totals:
                assert totals[f"{one}*{other}"].to_numpy() == pytest.approx(expected.to_numpy())
            elif f"{other}*{one}" not in totals and "end_mrr" not in (one, other):
                assert (expected == 0).all()  # what is left out is always 0


@pytest.mark.parametrize("metric", ["nrr", "grr", "net_revenue_churn_rate", "mrr_growth_rate", "net_new_mrr"])
def test_intervals_are_those_of_the_customers(metric: str) -> None:
    rows, totals = bridge(by=["plan", "customer"]).loc["2026-03"], bridge(by="plan", squares=True).loc["2026-03"]
    from_rows = rows.csm.by("plan").interval(metric, customer="customer")
    from_totals = totals.csm.by("plan").interval(metric)
    for name in ("estimate", "low", "high"):
        assert from_totals[name].tolist() == pytest.approx(from_rows[name].tolist())


def test_in_money_with_decimals() -> None:
    cents = LEDGER.assign(mrr=LEDGER["mrr"] / 100)
    found, whole = bridge(cents, squares=True), bridge(squares=True)
    pair = "start_mrr*churned_mrr"
    assert found[pair].to_numpy() == pytest.approx((whole[pair] / 10_000).to_numpy())


def test_on_an_engine() -> None:
    ledger = LEDGER.assign(plan=LEDGER["plan"].astype(str))
    found, own = bridge(FRAMES["polars"](ledger), by="plan", squares=True), bridge(ledger, by="plan", squares=True)
    assert found.to_dict("list") == own.to_dict("list")


def test_refused() -> None:
    with pytest.raises(csm.MetricInputError, match="squares"):
        bridge(squares="yes")
