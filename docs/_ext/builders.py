"""The builders of `csm.cohorts`, run on the made-up company: which columns each gives, and so for which metrics."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

import csmetrics as csm
from csmetrics.core._registry import REGISTRY

COMPANY = "company = csm.datasets.make_saas()"

# In the order of the site; the events of the made-up company are those of three months
CALLS = {
    "movements_from_subscriptions": 'company.subscriptions, freq="M"',
    "renewals": 'company.subscriptions, freq="M"',
    "purchases": 'company.subscriptions, time="start", amount="mrr", freq="M"',
    "active_users": "company.events",
    "lifecycle": 'company.events, freq="W"',
    "activation": 'company.events, event="feature", key_event="reports", within="7D", freq="W"',
    "funnel": 'company.events, ["dashboards", "reports", "alerts"], event="feature"',
    "adoption": 'company.events, eligible=users, time="time", freq="W"',
    "survey": 'company.surveys, nps="nps", csat="csat", ces="ces", time="time", freq="M"',
    "tickets": 'company.tickets, freq="M"',
    "onboarding": 'company.onboarding, freq="M"',
}
FIRST = {"adoption": 'users = company.accounts.rename(columns={"customer": "user"})'}
CODE = {name: f"csm.cohorts.{name}(\n    {call}, as_of=company.as_of\n)" for name, call in CALLS.items()}

# Builders whose frames have the same columns, for rows of another form
ALIKE = {"movements_from_subscriptions": ("movements_from_snapshots", "movements_from_changes")}
# What a builder gives under other names, or for one option of its own
ALSO = {
    "mrr": ("ledger_from_invoices", "ledger_from_stripe"),
    "retention_rate": ("retention",),
    "median_ttv": ("onboarding",),
    "response_rate": ("survey",),
    "sla_attainment": ("tickets",),
    "repeat_contact_rate": ("tickets",),
}
AMBIGUOUS = {"active", "contacts", "converted", "entered"}  # other metrics count them otherwise


@cache
def company() -> csm.datasets.SaasCompany:
    """Make up the company, once."""
    return csm.datasets.make_saas()


@cache
def frame(builder: str) -> pd.DataFrame:
    """Run a builder on the company."""
    names: dict[str, Any] = {"csm": csm, "company": company()}
    exec(f"{FIRST.get(builder, '')}\nmade = {CODE[builder]}", names)
    return pd.DataFrame(names["made"])


@cache
def gives(builder: str) -> frozenset[str]:
    """Return the metrics that a builder's frame has all columns for."""
    made = frame(builder)
    keys = [name for name in made.index.names if name]
    return frozenset(made.csm.by(*keys).metrics().columns)


def columns_of(spec: csm.MetricSpec, name: str) -> set[str]:
    """Return the columns that a metric takes an input from."""
    closings = {"mrr": "end_mrr", "customers": "end"} if spec.inputs[name].kind == "stock" else {}
    own = [column for base in REGISTRY[spec.name].own_base for input_, column in base.items() if input_ == name]
    return {name, *own, *([closings[name]] if name in closings else [])}


def whole(spec: csm.MetricSpec) -> list[str]:
    """Return the builders that alone give all that a metric needs, with those for rows of another form."""
    found = [b for b in CODE if spec.name in gives(b)]
    return [*found, *(other for b in found for other in ALIKE.get(b, ())), *ALSO.get(spec.name, ())]


def part(spec: csm.MetricSpec) -> dict[str, list[str]]:
    """Map each total that a metric needs to the builders that give it; to an empty list where none does."""
    found: dict[str, list[str]] = {}
    for name, declared in spec.inputs.items():
        if not declared.required or declared.quantity in ("answers", "date"):
            continue
        if declared.kind == "level":
            found |= part(csm.catalog[name]) if name in csm.catalog else {}
        else:
            found[name] = [b for b in CODE if name not in AMBIGUOUS and _counts(b, spec, name)]
    return found


def _counts(builder: str, spec: csm.MetricSpec, name: str) -> bool:
    """Check whether a builder counts the same thing by an input: the bridge does, and those of the same family."""
    alike = builder in ALIKE or spec.family in {csm.catalog[metric].family for metric in gives(builder)}
    return alike and bool(columns_of(spec, name) & set(frame(builder).columns))
