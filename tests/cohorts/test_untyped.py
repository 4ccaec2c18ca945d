"""A column without any value has no type on engines: the end where nobody left, the answers that nobody gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import csmetrics as csm

from ..engine_frames import FRAMES, NAMES

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


def has_untyped(engine: str) -> bool:
    """Check whether the engine knows columns without a type: older DuckDB makes integers of them."""
    return engine != "duckdb" or "NULL" in str(FRAMES[engine](pd.DataFrame({"end": NONE})).types)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("engine", [name for name in NAMES if has_untyped(str(name.values[0]))])
def test_a_column_without_any_value_is_read_as_on_pandas(engine: str, call: str) -> None:
    frame, built = CALLS[call]
    pd.testing.assert_frame_equal(built(FRAMES[engine](frame)), built(frame))
