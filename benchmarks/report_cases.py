"""The report of a company of 100,000 customers and 5 M events, against what it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
from harness import Case

import csmetrics as csm

AS_OF = "2026-06-30"


@cache
def make_tables(customers: int, events: int) -> dict[str, pd.DataFrame]:
    """Make two years of subscriptions in three plans, and one year of events."""
    rng = np.random.default_rng(31)
    start = np.datetime64("2024-07-01") + rng.integers(0, 700, customers)
    end = start + rng.integers(10, 900, customers)
    end[end >= np.datetime64(AS_OF)] = np.datetime64("NaT")
    ledger = pd.DataFrame(
        {
            "customer": np.arange(customers),
            "start": start.astype("M8[us]"),
            "end": end.astype("M8[us]"),
            "mrr": rng.integers(10, 500, customers),
            "plan": pd.array(["free", "pro", "team"], dtype="str").take(rng.integers(0, 3, customers)),
        }
    )
    time = np.datetime64("2025-07-01").astype("M8[s]") + rng.integers(0, 365 * 86_400, events)
    used = pd.DataFrame({"user": rng.integers(0, customers, events), "time": time.astype("M8[us]")})
    return {"subscriptions": ledger, "events": used}


def built(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Call the builders that the report calls."""
    build, events = csm.cohorts, tables["events"]
    return {
        "movements": build.movements_from_subscriptions(tables["subscriptions"], as_of=AS_OF, by="plan", squares=True),
        "active_users": build.active_users(events, as_of=AS_OF),
        "lifecycle": build.lifecycle(events, as_of=AS_OF),
        "retention": build.retention(events, as_of=AS_OF),
    }


def drawn(frames: dict[str, Any]) -> None:
    """Draw the plots of the report, each into an SVG."""
    from matplotlib.figure import Figure

    from csmetrics import plotting

    months = frames["movements"]
    before, after = (months.xs(month) for month in months.index.unique("period")[-2:])
    draws = [
        lambda ax: plotting.bridge(months, period=AS_OF[:7], ax=ax),
        lambda ax: plotting.movements(months, ax=ax),
        lambda ax: plotting.retention(frames["retention"], ax=ax),
        lambda ax: plotting.curves(frames["retention"], ax=ax),
        lambda ax: plotting.active_users(frames["active_users"], ax=ax),
        lambda ax: plotting.lifecycle(frames["lifecycle"], ax=ax),
    ]
    for metric in ("churn_rate", "nrr"):
        parts = csm.decompose(metric, before, after, by="plan")
        draws.append(lambda ax, parts=parts: plotting.decomposition(parts, ax=ax))
        draws.append(lambda ax, metric=metric: plotting.over_time(months, metric, ax=ax))
    for draw in draws:
        figure = Figure(figsize=(7.2, 3.9), layout="constrained")
        draw(figure.add_subplot())
        figure.savefig(StringIO(), format="svg")


def report_cases(scale: float) -> Iterator[Case]:
    """Compare the report with its builders, and its page with builders and plots."""
    if not (find_spec("jinja2") and find_spec("matplotlib")):
        return
    customers, events = max(int(100_000 * scale), 1000), max(int(5_000_000 * scale), 20_000)

    def figures() -> csm.Report:
        made = csm.report_from_tables(**make_tables(customers, events), as_of=AS_OF, by="plan")
        assert len(made.figures)
        return made

    def small() -> None:
        size = len(figures().to_html())
        assert size < 2_000_000, f"the page has {size:,} characters"

    yield Case(
        "report's figures, 100,000 customers, 5 M events",
        "its builders",
        figures,
        lambda: built(make_tables(customers, events)),
        limit=1.5,
        memory="process",
        most_memory=1000,
        prepare=lambda: make_tables(customers, events),
    )
    yield Case(
        "report as a page, 100,000 customers, 5 M events",
        "its builders and its plots",
        lambda: figures().to_html(),
        lambda: drawn(built(make_tables(customers, events))),
        limit=1.5,
        memory="process",
        most_memory=1000,
        check=small,
        prepare=lambda: make_tables(customers, events),
    )
