"""The words that exports, dashboards and people use for the formulas' inputs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# Words that mean the same; the formulas use the first of each line
SYNONYMS = {
    word: line.split()[0]
    for line in (
        "start opening beginning begin open initial starting previous prior before old",
        "end closing ending close final now current this after",
        "lost churned churn cancelled canceled cancellation cancellations gone left",
        "contraction downgrade downgrades downgraded downsell",
        "expansion upgrade upgrades upsell upsells",
        "new acquired joined won added",
        "mrr revenue recurring",
        "cost spend expense expenses",
        "clv ltv",
        "customer account client subscriber user",
        "invited sent delivered asked",
        "response received answer answered reply replie respondent",
        "repeat further",
        "ticket case issue conversation",
        "dau daily",
        "mau monthly",
    )
    for word in line.split()
}

# The usual names of the columns of raw rows, in exports of billing, help desks and event logs: the likeliest first
USUAL = {
    "customer": (
        "customer_id customer account_id account client_id client company_id company organization_id organization "
        "user_id email"
    ),
    "user": "user_id user customer_id customer account_id member_id distinct_id anonymous_id uid email",
    "start": "started_at start_date started start start_time subscribed_at activated_at begin_date created_at created",
    "end": "ended_at end_date ended end canceled_at cancelled_at cancel_date canceled cancelled churned_at expires_at",
    "mrr": "mrr monthly_amount monthly_revenue monthly_price amount price plan_amount revenue value",
    "amount": "amount price total mrr revenue value",
    "time": "time timestamp event_time occurred_at submitted_at responded_at created_at event_at datetime date ts",
    "date": "date snapshot_date day month as_of period",
    "created": "created_at created opened_at opened open_date created_date created_time submitted_at",
    "resolved": "resolved_at resolved solved_at solved resolved_time closed_at closed closed_time",
    "first_response": "first_response_at first_response first_reply_at first_replied_at initial_response_time",
    "nps": "nps nps_score score likelihood_to_recommend",
}

# Words that distinguish one quantity from another, whatever the rest of the name says
TELLING = {"start", "end", "new", "lost", "expansion", "contraction", "reactivated", "reactivation", "invited"}
TELLING |= {"average", "avg", "mean", "arr", "annual", "yearly", "trial"}

# Words of columns beside which an amount is not that of a month
BILLED = {"interval", "billing", "cycle", "frequency", "quantity", "seat"}


def words(name: str) -> set[str]:
    """Return the words of a name as the formulas would say them: ``opening_revenue`` is start and mrr."""
    found = re.findall(r"[a-z0-9]+", _apart(name))
    return {SYNONYMS.get(word, SYNONYMS.get(word.removesuffix("s"), word.removesuffix("s"))) for word in found}


def usual(argument: str, names: list[str]) -> list[str]:
    """Return those of the names of columns that exports use for an argument of raw rows, the likeliest first."""
    if argument == "mrr" and per_bill(names):
        return []
    plain = {"_".join(re.findall(r"[a-z0-9]+", _apart(name))).removesuffix("_utc"): name for name in names}
    return [plain[one] for one in USUAL.get(argument, "").split() if one in plain]


def per_bill(names: Iterable[Any]) -> bool:
    """Check whether columns say that amounts are per bill, or per seat, rather than per month."""
    return any(isinstance(name, str) and BILLED & words(name) for name in names)


def _apart(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def same_quantity(argument: str, name: str) -> bool:
    """Check whether a name has all words of an argument and none that means another quantity."""
    asked, found = words(argument), words(name)
    return bool(asked) and asked <= found and not (found - asked) & (TELLING | {"mrr"})
