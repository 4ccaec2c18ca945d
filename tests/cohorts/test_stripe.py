"""Subscriptions of Stripe's API as a ledger: trials, ends, discounts in both shapes, and what has no amount."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import csmetrics as csm

DAY = 86_400
START = 1_767_225_600  # 1 January 2026


def item(amount: Any = 1200, quantity: int | None = 1, interval: str = "month", count: int = 1, **more: Any) -> Any:
    recurring = {"interval": interval, "interval_count": count}
    price = {"id": "price_1", "unit_amount": amount, "currency": "eur", "recurring": recurring}
    return {"quantity": quantity, "price": price | more}


def subscription(*items: Any, **more: Any) -> dict[str, Any]:
    one = {"id": "sub_1", "customer": "cus_1", "status": "active", "start_date": START, "trial_end": None}
    return one | {"ended_at": None, "discounts": [], "items": {"data": list(items or [item()])}} | more


def ledger(*subscriptions: Any) -> pd.DataFrame:
    return csm.cohorts.ledger_from_stripe(list(subscriptions))


def amounts(*subscriptions: Any) -> list[tuple[int, int | None, float]]:
    """Return days from the start to begin and end, and MRR."""
    out = ledger(*subscriptions)
    days = [(out[name] - pd.Timestamp(START, unit="s", tz="UTC")).dt.days for name in ("start", "end")]
    return [(int(a), None if pd.isna(b) else int(b), mrr) for a, b, mrr in zip(*days, out["mrr"].tolist(), strict=True)]


def test_items_and_intervals() -> None:
    lines = amounts(subscription(item(1200, 3), item(1200, 2, "year"), item(900, 1, "month", 3)))
    assert lines == [(0, None, 3600), (0, None, 200), (0, None, 300)]
    assert amounts(subscription(item(None, 4, unit_amount_decimal="12.5"))) == [(0, None, 50)]
    plan = {"quantity": 2, "plan": {"id": "gold", "amount": 600, "currency": "usd", "interval": "month"}}
    old = ledger(subscription(plan, customer={"id": "cus_9"}))
    assert old[["customer", "mrr", "currency", "price"]].to_numpy().tolist() == [["cus_9", 1200.0, "usd", "gold"]]


def test_trials_and_ends() -> None:
    assert amounts(subscription(trial_end=START + 14 * DAY, ended_at=START + 40 * DAY)) == [(14, 40, 1200)]
    left = subscription(trial_end=START + 14 * DAY, ended_at=START + 10 * DAY)
    out = ledger(left, subscription(status="incomplete_expired"), subscription())
    assert len(out) == 1
    assert out.attrs["notes"] == ["2 subscriptions were never paid (incomplete, or ended in the trial) and left out."]


@pytest.mark.parametrize("shape", ["coupon", "source"])
def test_discounts_last_as_long_as_they_do(shape: str) -> None:
    def off(until: int | None, since: int = 0, **coupon: Any) -> Any:
        found: Any = coupon if shape == "coupon" else {"coupon": coupon}
        return {shape: found, "start": START + since * DAY, "end": until and START + until * DAY}

    assert amounts(subscription(discounts=[off(30, percent_off=25)])) == [(0, 30, 900), (30, None, 1200)]
    assert amounts(subscription(discounts=[off(None, percent_off=7)])) == [(0, None, 1116)]
    assert amounts(subscription(discounts=[], discount=off(None, 10, percent_off=50)))[1] == (10, None, 600)
    # an amount is for the whole bill, and one discount comes after the other
    both = [off(None, amount_off=1500), off(20, percent_off=50)]
    lines = amounts(subscription(item(1200), item(900), discounts=both, ended_at=START + 60 * DAY))
    assert lines == [(0, 20, 0), (0, 20, 300), (20, 60, 0), (20, 60, 600)]
    quarterly = amounts(subscription(item(900, 1, "month", 3), discounts=[off(None, amount_off=300)]))
    assert quarterly == [(0, None, 200)]


def test_items_without_an_amount_are_warned_of() -> None:
    for odd in (
        item(None),
        item(None, None),
        item(100, billing_scheme="tiered"),
        item(100, transform_quantity={"divide_by": 10, "round": "up"}),
        item(100, recurring={"interval": "month", "usage_type": "metered"}),
    ):
        with pytest.warns(csm.CohortWarning, match="1 item has no amount"):
            assert amounts(subscription(odd, item())) == [(0, None, 1200)]


def test_an_answer_and_nothing() -> None:
    whole = csm.cohorts.ledger_from_stripe({"object": "list", "data": [subscription()]})
    pd.testing.assert_frame_equal(whole, ledger(subscription()))
    times = ["start", "end", "mrr"]
    assert ledger()[times].dtypes.equals(whole[times].dtypes)
    assert ledger().columns.equals(whole.columns)
    moves = csm.cohorts.movements_from_subscriptions(whole, as_of="2026-02-28T23:59:59Z")
    assert moves["end_mrr"].tolist() == [1200, 1200]


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ("sub_1", "must be a list of dictionaries"),
        (["sub_1"], "must be subscriptions with customer, items and start_date"),
        ([{"customer": "cus_1"}], "must be subscriptions with customer, items and start_date"),
        ([subscription(discounts=["di_1"])], "must have their discounts and coupons expanded"),
        ([subscription(discounts=[{"source": {"coupon": "c1"}}])], "must have their discounts and coupons expanded"),
    ],
)
def test_what_is_no_subscription(wrong: Any, rule: str) -> None:
    with pytest.raises(csm.MetricInputError, match=rule):
        csm.cohorts.ledger_from_stripe(wrong)
