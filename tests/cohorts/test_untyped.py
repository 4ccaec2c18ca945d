"""A column without any value has no type on engines: the end where nobody left, the answers that nobody gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import csmetrics as csm

build = csm.cohorts
WHEN = pd.to_datetime(["2026-01-05", "2026-01-07"])
NONE = [None, None]
LEDGER = pd.DataFrame({"customer": ["a", "b"], "start": WHEN, "end": NONE, "mrr": [10, 20], "plan": NONE})
TICKETS = pd.DataFrame({"created": WHEN, "resolved": NONE, "first_response": NONE, "contacts": NONE, "escalated": NONE})
EMPTY = pd.DataFrame(columns=["customer", "start", "end", "mrr", "user", "time", "event"])

CALLS: dict[str, tuple[pd.DataFrame, Callable[[Any], pd.DataFrame]]] = {
    "no answer": (TICKETS, lambda f: build.survey(f, nps="contacts", ces="escalated")),
    "nobody left": (LEDGER, lambda f: build.movements_from_subscriptions(f, by="plan", as_of="2026-02-28")),
    "no ticket solved": (TICKETS, lambda f: build.tickets(f, freq="M", as_of="2026-01-31")),
    "no due date": (TICKETS, lambda f: build.tickets(f, due="escalated", as_of="2026-01-31", escalated=None)),
    "no time known": (TICKETS, lambda f: build.tickets(f, resolution_time="contacts", contacts=None)),
    "nobody got there": (
        TICKETS,
        lambda f: build.onboarding(f, started="created", completed="resolved", value="contacts", as_of="2026-01-31"),
    ),
    "no customers": (EMPTY, build.movements_from_subscriptions),
    "no users": (EMPTY, build.lifecycle),
    "no cohorts": (EMPTY, lambda f: build.retention(f).counts),
    "no signups": (EMPTY, lambda f: build.activation(f, key_event="buy")),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_column_without_any_value_is_read_as_on_pandas(make: Callable[[pd.DataFrame], Any], call: str) -> None:
    frame, built = CALLS[call]
    made = make(frame)
    if not any("NULL" in str(kind) for kind in getattr(made, "types", ["NULL"])):
        pytest.skip("this DuckDB makes integers of columns without any value")
    pd.testing.assert_frame_equal(built(made), built(frame))
