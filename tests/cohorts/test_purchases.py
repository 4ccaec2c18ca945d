"""What customers have brought so far, compared with plain pandas and by hand, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm

PURCHASES = csm.cohorts.purchases


def shop(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    days = pd.to_timedelta(rng.integers(0, 150, rows), unit="D")
    return pd.DataFrame(
        {
            "customer": rng.integers(0, 90, rows),
            "time": (pd.Timestamp("2026-01-01") + days).astype("M8[us]"),
            "amount": rng.integers(-20, 200, rows),
            "shop": rng.choice(["web", "store"], rows),
        }
    )


def by_hand(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    each = frame.assign(order=frame["amount"] > 0).groupby([*keys, "customer"], as_index=False)
    one = each.agg(first=("time", "min"), orders=("order", "sum"), revenue=("amount", "sum"))
    one["period"] = one["first"].dt.to_period("M")
    one["repeat"] = one["orders"] > 1
    found = one.groupby(["period", *keys]).agg(
        customers=("customer", "size"),
        repeat_customers=("repeat", "sum"),
        orders=("orders", "sum"),
        revenue=("revenue", "sum"),
    )
    return found.astype("int64")


@pytest.mark.parametrize("keys", [[], ["shop"]])
def test_against_pandas(keys: list[str]) -> None:
    table = shop()
    got = PURCHASES(table, freq="M", as_of="2026-05-31", by=keys or None)
    expected = by_hand(table, keys)
    got = got[got["customers"] > 0]
    pd.testing.assert_frame_equal(got.astype("int64"), expected, check_index_type=False, check_names=False)
    assert PURCHASES(table)["revenue"].iloc[0] == table["amount"].sum()


def test_by_hand() -> None:
    """Ann bought twice and got 10 back: 2 orders, 70; the median customer brought less than the mean."""
    rows = [("ann", "2026-01-05", 30), ("bob", "2026-01-20", 20), ("ann", "2026-02-03", 50), ("ann", "2026-02-04", -10)]
    table = pd.DataFrame(rows, columns=["who", "when", "paid"])
    named: dict[str, Any] = {"customer": "who", "time": "when", "amount": "paid"}
    whole = PURCHASES(table, **named)
    assert whole.to_dict("list") == {"customers": [2], "repeat_customers": [1], "orders": [3], "revenue": [90]}
    assert whole.csm.total().historical_clv() == 45.0
    assert whole.csm.total().repeat_purchase_rate() == 50.0
    each = PURCHASES(table, **named, by="who")
    assert each["revenue"].to_dict() == {"ann": 70, "bob": 20}
    assert each.csm.historical_clv().to_dict() == {"ann": 70.0, "bob": 20.0}
    early = PURCHASES(table, **named, as_of="2026-01-31", freq="M")
    assert early["revenue"].tolist() == [50]
    assert PURCHASES(table, **named, freq="M", as_of="2026-01-15").empty  # January is not over
    sure = each.csm.total().interval("historical_clv", customer="who")
    assert sure.low < 45 < sure.high


def test_bad_rows() -> None:
    table = shop(20).astype({"amount": float})
    table.loc[3, "amount"] = np.nan
    with pytest.raises(csm.MetricInputError, match="`amount`"):
        PURCHASES(table)
    kept = PURCHASES(table, on_bad_rows="report")
    assert kept.attrs["excluded"]["rows"] == 1


def test_on_engines(make: Callable[[pd.DataFrame], Any]) -> None:
    table = shop(150)
    for options in ({"freq": "M", "as_of": "2026-05-31"}, {"by": "shop"}):
        pd.testing.assert_frame_equal(PURCHASES(make(table), **options), PURCHASES(table, **options), check_dtype=False)
