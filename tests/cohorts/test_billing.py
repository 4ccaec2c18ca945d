"""Invoices spread over their service periods, and renewals: by hand, and against a plain walk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm

from ..drawn import drawn

Make = Callable[[pd.DataFrame], Any]
spread, renewals = csm.cohorts.ledger_from_invoices, csm.cohorts.renewals


def invoice(start: str, end: str, amount: float = 1200.0) -> pd.DataFrame:
    dates = {name: pd.to_datetime([day], format="ISO8601") for name, day in (("start", start), ("end", end))}
    return pd.DataFrame({"customer": ["a"], **dates, "amount": [amount]}, index=["row"])


@pytest.mark.parametrize(
    ("start", "end", "mrr"),
    [
        ("2026-01-10", "2027-01-10", 100),
        ("2026-01-31", "2026-02-28", 1200),  # a month from the last day is the last day
        ("2026-02-28", "2026-03-31", 1200),
        ("2026-01-30", "2026-02-28", 1200),
        ("2024-02-29", "2025-02-28", 100),
        ("2026-01-10 09:12", "2026-04-10 09:12", 400),
        ("2026-01-01", "2026-01-16", 1200 * 365 / 12 / 15),
        ("2026-01-01", "2026-02-15", 1200 * 365 / 12 / 45),
        ("2026-01-01 09:00", "2026-02-01 10:00", 1200 * 365 / 12 / (31 + 1 / 24)),
    ],
)
def test_what_a_month_of_service_is_worth(start: str, end: str, mrr: float) -> None:
    for sign in (1, -1):
        out = spread(invoice(start, end, sign * 1200))
        assert out.loc["row", "mrr"] == pytest.approx(sign * mrr, rel=1e-12)


def test_inclusive_services_and_one_offs() -> None:
    out = spread(invoice("2026-01-01", "2026-03-31"), closed="both")
    assert out[["end", "mrr"]].to_numpy().tolist() == [[pd.Timestamp("2026-04-01"), 400]]
    out = spread(invoice("2026-01-01", "2026-03-31 23:59:59"))
    assert out[["end", "mrr"]].to_numpy().tolist() == [[pd.Timestamp("2026-04-01"), 400]]
    out = spread(pd.concat([invoice("2026-01-01", "2026-01-01"), invoice("2026-01-01", "2026-02-01")]))
    assert len(out) == 1
    assert out.attrs["notes"] == ["1 line has no service period: one-off charges are not recurring and were left out."]
    zoned = invoice("2026-03-01", "2026-04-01")
    for name in ("start", "end"):
        zoned[name] = zoned[name].dt.tz_localize("Europe/Berlin")
    out = spread(zoned)
    assert out["mrr"].tolist() == [1200]
    assert out["end"].tolist() == zoned["end"].tolist()


def test_lines_that_cannot_be_right() -> None:
    for wrong, rule in (
        (invoice("2026-02-01", "2026-01-01"), "must not be before its start"),
        (invoice("2026-02-01", "2026-03-01").assign(end=pd.NaT), "must be present in every row"),
        (invoice("2026-02-01", "2026-03-01", np.inf), "must be finite"),
    ):
        with pytest.raises(csm.MetricInputError, match=rule):
            spread(wrong)
        assert len(spread(wrong, on_bad_rows="report").attrs["excluded"].frame) == 1
    with pytest.raises(csm.MetricInputError, match="`closed` must be one of"):
        spread(invoice("2026-02-01", "2026-03-01"), closed="right")


TERMS = pd.DataFrame(
    {
        "customer": ["a", "a", "b", "c", "c", "d"],
        "start": pd.to_datetime(["2025-01-10", "2026-01-20", "2025-01-20", "2025-02-01", "2025-06-01", "2025-03-01"]),
        "end": pd.to_datetime(["2026-01-10", None, "2026-01-20", "2026-02-01", "2027-06-01", None]),
        "plan": ["pro", "team", "pro", "team", "team", "pro"],
    }
)


def test_renewals(make: Make) -> None:
    out = renewals(TERMS, as_of="2026-02-28")
    assert out.loc[["2026-01", "2026-02"], ["renewed", "due"]].to_numpy().tolist() == [[0, 2], [1, 1]]
    late = renewals(TERMS, grace="10D", as_of="2026-02-28")
    assert late.index.astype(str).tolist() == ["2026-01"]  # February is complete ten days after its end
    assert late["renewed"].tolist() == [1]
    assert late.csm.renewal_rate().tolist() == [50]
    whole = renewals(TERMS, freq=None, as_of="2026-02-28", by="plan")
    assert whole.to_dict("index") == {"pro": {"renewed": 0, "due": 2}, "team": {"renewed": 1, "due": 1}}
    pd.testing.assert_frame_equal(
        renewals(make(TERMS), as_of="2026-02-28", by="plan"), renewals(TERMS, as_of="2026-02-28", by="plan")
    )
    assert renewals(TERMS.iloc[5:], as_of="2026-02-28").empty


moments = st.integers(0, 400).map(lambda day: datetime(2025, 1, 1) + timedelta(days=day))


@given(st.lists(st.tuples(st.sampled_from("ab"), moments, st.none() | st.integers(0, 90)), max_size=8), st.data())
@drawn(100)
def test_renewals_against_a_plain_walk(drawn: list[tuple[str, datetime, int | None]], data: st.DataObject) -> None:
    terms = [(who, start, None if days is None else start + timedelta(days=days)) for who, start, days in drawn]
    grace, stop = data.draw(st.sampled_from([0, 5])), datetime(2026, 1, 1)
    frame = pd.DataFrame(terms, columns=["customer", "start", "end"]).astype({"start": "M8[us]", "end": "M8[us]"})
    due = [(w, s, e) for w, s, e in terms if e is not None and s < e and e + timedelta(days=grace) <= stop]
    kept = [
        any(who == w and s <= e + timedelta(days=grace) and (u is None or u > e) for who, s, u in terms)
        for w, _, e in due
    ]
    got = renewals(frame, freq=None, grace=f"{grace}D", as_of="2025-12-31")
    assert got[["renewed", "due"]].to_numpy().tolist() == [[sum(kept), len(due)]]
