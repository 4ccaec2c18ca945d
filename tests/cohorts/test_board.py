"""The raw tables of the made-up company, joined by month and plan to one frame, against counts by hand."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from functools import cache
from math import nan
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import csmetrics as csm

from ..loading import load

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart.py"
PLANS = ("starter", "team", "business")
WEEK = timedelta(days=7)
FIRST_STEPS = ("signups", "activated")
COMPANY = csm.datasets.make_saas(100, months=12)


BOARD = load(QUICKSTART).board(COMPANY)
MONTHS = BOARD.index.get_level_values("period").unique()[1:]  # in the first month nobody had a ticket yet
OF_EVENTS = MONTHS[-3:]  # the months that the events cover


@cache
def rows(table: str) -> list[dict[str, Any]]:
    """Return a table of the company as dictionaries, None for what is missing, each with the plan of its customer."""
    plans = dict(zip(COMPANY.accounts["customer"], COMPANY.accounts["plan"], strict=True))
    found = []
    for one in getattr(COMPANY, table).to_dict("records"):
        row = {name: None if pd.isna(value) else value for name, value in one.items()}
        row["plan"] = plans[row["customer"] if "customer" in row else row["user"]]
        found.append(row)
    return found


def in_month(row: dict[str, Any], time: str, month: pd.Period) -> bool:
    return (row[time].year, row[time].month) == (month.year, month.month)


def mrr_before(instant: pd.Timestamp, plan: str) -> dict[int, int]:
    """Return what each customer of a plan paid just before an instant."""
    paid: dict[int, int] = defaultdict(int)
    for row in rows("subscriptions"):
        if row["plan"] == plan and row["start"] < instant and (row["end"] is None or row["end"] >= instant):
            paid[row["customer"]] += row["mrr"]
    return paid


def movements(month: pd.Period, plan: str) -> dict[str, float]:
    before, after = mrr_before(month.start_time, plan), mrr_before((month + 1).start_time, plan)
    known = {row["customer"] for row in rows("subscriptions") if row["start"] < month.start_time}
    count: dict[str, float] = defaultdict(int)
    for customer in before | after:
        was, now = before.get(customer, 0), after.get(customer, 0)
        count["start"] += was > 0
        count["end"] += now > 0
        count["start_mrr"] += was
        count["end_mrr"] += now
        if was == 0:
            came = "reactivated" if customer in known else "new"
            count[came] += 1
            count["reactivation_mrr" if came == "reactivated" else "new_mrr"] += now
        elif now == 0:
            count["lost"] += 1
            count["churned_mrr"] += was
        else:
            count["expansion_mrr"] += max(now - was, 0)
            count["contraction_mrr"] += max(was - now, 0)
    return count


def answers(month: pd.Period, plan: str) -> dict[str, float]:
    count: dict[str, float] = defaultdict(int)
    for row in rows("surveys"):
        if row["plan"] != plan or not in_month(row, "time", month):
            continue
        nps, csat, ces = row["nps"], row["csat"], row["ces"]
        for kind, answer in (("nps", nps), ("csat", csat), ("ces", ces)):
            count[f"{kind}_invited"] += 1
            count[f"{kind}_responses"] += answer is not None
        if nps is not None:
            count["promoters" if nps >= 9 else "passives" if nps >= 7 else "detractors"] += 1
        count["satisfied"] += csat in (4, 5)
        count["effort_sum"] += ces or 0
        count["easy"] += ces in (5, 6, 7)
        count["difficult"] += ces in (1, 2, 3)
    return count


def tickets(month: pd.Period, plan: str) -> dict[str, float]:
    count: dict[str, float] = defaultdict(float)
    for row in rows("tickets"):
        if row["plan"] != plan or not in_month(row, "created", month):
            continue
        for name in ("tickets", "contacts", "fcr_known", "escalation_known"):
            count[name] += 1
        count["all_contacts"] += row["contacts"]
        count["further_contacts"] += row["contacts"] - 1
        count["escalated"] += row["escalated"]
        count["reopened"] += row["reopened"]
        if row["first_response"] is not None:
            count["responded"] += 1
            count["response_time"] += (row["first_response"] - row["created"]).total_seconds() / 3600
        if row["resolved"] is not None:
            for name in ("resolved", "timed", "reopen_known"):
                count[name] += 1
            count["resolution_time_sum"] += (row["resolved"] - row["created"]).total_seconds() / 3600
            count["resolved_first_contact"] += row["contacts"] == 1 and not row["reopened"]
    return count


def starts(month: pd.Period, plan: str) -> dict[str, float]:
    count: dict[str, float] = defaultdict(int)
    begun = [row for row in rows("onboarding") if row["plan"] == plan and in_month(row, "started", month)]
    for row in begun:
        count["started"] += 1
        count["completed"] += row["completed"] is not None
        count["reached"] += row["value"] is not None
    end = COMPANY.as_of + timedelta(days=1) - timedelta(microseconds=1)
    waits = sorted(((row["value"] or end) - row["started"], row["value"] is None) for row in begun)
    share, left, median = 1.0, len(waits), nan
    for passed, waiting in waits:  # Kaplan-Meier, one customer at a time
        share *= 1 if waiting else 1 - 1 / left
        left -= 1
        if share <= 0.5 + 1e-9 and median != median:
            median = passed / timedelta(days=1)
    return count | {"median_ttv": median}


def users(month: pd.Period, plan: str, events: list[dict[str, Any]]) -> set[int]:
    return {row["user"] for row in events if row["plan"] == plan and in_month(row, "time", month)}


def use(month: pd.Period, plan: str) -> dict[str, float]:
    """Count active users, their lifecycle and adoption."""
    events = rows("events")
    mine = [row for row in events if row["plan"] == plan and in_month(row, "time", month)]
    active, last = users(month, plan, events), users(month - 1, plan, events)
    seen = {row["user"] for row in events if row["plan"] == plan and row["time"] < month.start_time}
    live = {customer for customer, paid in mrr_before((month + 1).start_time, plan).items() if paid > 0}
    used = {(row["user"], row["feature"]) for row in mine if row["user"] in live}
    return {
        "dau": len({(row["user"], row["time"].date()) for row in mine}) / month.days_in_month,
        "mau": len(active),
        "active": len(active),
        "new_users": len(active - seen),
        "returning": len(active & last),
        "resurrected": len(active & seen - last),
        "dormant": len(last - active),
        "adopters": len(active & live),
        "eligible": len(live),
        "features_used": len(used),
        "features_available": len(live) * len({row["feature"] for row in events}),
    }


def first_steps(month: pd.Period, plan: str) -> dict[str, float]:
    of_month = [row for row in rows("accounts") if in_month(row, "signed_up", month)]
    if any(row["signed_up"] + WEEK > COMPANY.as_of + timedelta(days=1) for row in of_month):
        return dict.fromkeys(FIRST_STEPS, nan)
    joined = {row["customer"]: row["signed_up"] for row in of_month if row["plan"] == plan}
    reports = {
        row["user"]
        for row in rows("events")
        if row["feature"] == "reports" and row["user"] in joined and row["time"] < joined[row["user"]] + WEEK
    }
    return {"signups": len(joined), "activated": len(reports)}


@pytest.mark.parametrize("plan", PLANS)
def test_every_column_is_what_a_count_by_hand_gives(plan: str) -> None:
    for month in MONTHS:
        counted = movements(month, plan) | answers(month, plan) | tickets(month, plan) | starts(month, plan)
        if month in OF_EVENTS:
            counted |= use(month, plan) | first_steps(month, plan)
        found = BOARD.loc[(month, plan)].astype(float)
        for name in BOARD if month in OF_EVENTS else BOARD.columns.difference([*use(month, plan), *FIRST_STEPS]):
            assert found[name] == pytest.approx(counted.get(name, 0), nan_ok=True, rel=1e-12), (month, name)


def test_every_column_counts_something() -> None:
    assert (BOARD.sum() > 0).all()


def test_months_before_the_events_are_missing_and_not_zero() -> None:
    early = BOARD.loc[MONTHS[0] : MONTHS[-4]]
    assert early[["dau", "mau", "active", "dormant", "adopters", "eligible", "signups"]].isna().all(axis=None)
    assert BOARD.loc[MONTHS[-1], "activated"].isna().all()  # the last who joined have not had their week yet


def test_it_gives_the_whole_scorecard_by_month() -> None:
    card = BOARD.csm.by("period").metrics()
    assert list(card.index[1:]) == list(MONTHS)
    month = MONTHS[-2]
    whole: dict[str, float] = defaultdict(float)
    for plan in PLANS:
        for count in (movements, answers, tickets, starts, use, first_steps):
            for name, value in count(month, plan).items():
                whole[name] += value
    kept = whole["start_mrr"] - whole["contraction_mrr"] - whole["churned_mrr"]
    expected = {
        "churn_rate": 100 * whole["lost"] / whole["start"],
        "grr": 100 * kept / whole["start_mrr"],
        "nrr": 100 * (kept + whole["expansion_mrr"] + whole["reactivation_mrr"]) / whole["start_mrr"],
        "arpa": whole["end_mrr"] / whole["end"],
        "nps": 100 * (whole["promoters"] - whole["detractors"]) / whole["nps_responses"],
        "csat": 100 * whole["satisfied"] / whole["csat_responses"],
        "ces": whole["effort_sum"] / whole["ces_responses"],
        "fcr": 100 * whole["resolved_first_contact"] / whole["fcr_known"],
        "first_response_time": whole["response_time"] / whole["responded"],
        "resolution_time": whole["resolution_time_sum"] / whole["timed"],
        "reopen_rate": 100 * whole["reopened"] / whole["reopen_known"],
        "escalation_rate": 100 * whole["escalated"] / whole["escalation_known"],
        "contact_rate": 100 * whole["tickets"] / whole["end"],
        "onboarding_completion_rate": 100 * whole["completed"] / whole["started"],
        "stickiness": 100 * whole["dau"] / whole["mau"],
        "lifecycle_quick_ratio": (whole["new_users"] + whole["resurrected"]) / whole["dormant"],
        "adoption_rate": 100 * whole["adopters"] / whole["eligible"],
        "feature_adoption_rate": 100 * whole["features_used"] / whole["features_available"],
        "activation_rate": 100 * whole["activated"] / whole["signups"],
    }
    for name, value in expected.items():
        assert card.loc[month, name] == pytest.approx(value, rel=1e-12), name
    rate = BOARD.csm.by("period").response_rate(responses="nps_responses", invited="nps_invited")
    assert rate[month] == pytest.approx(100 * whole["nps_responses"] / whole["nps_invited"])
