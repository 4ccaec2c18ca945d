"""From raw rows to cohort frames: tables of totals whose columns are named after the arguments of the formulas."""

from typing import TYPE_CHECKING

from csmetrics.cohorts.activation import activation
from csmetrics.cohorts.active_users import active_users, lifecycle
from csmetrics.cohorts.adding import add
from csmetrics.cohorts.adoption import adoption
from csmetrics.cohorts.billing import ledger_from_invoices, renewals
from csmetrics.cohorts.exports import answers_from_export
from csmetrics.cohorts.funnel import funnel
from csmetrics.cohorts.grid import RetentionGrid
from csmetrics.cohorts.onboarding import onboarding
from csmetrics.cohorts.purchases import purchases
from csmetrics.cohorts.retention import retention
from csmetrics.cohorts.snapshots import movements_from_changes, movements_from_snapshots
from csmetrics.cohorts.state import Activity, activity
from csmetrics.cohorts.stripe import ledger_from_stripe
from csmetrics.cohorts.subscriptions import movements_from_subscriptions
from csmetrics.cohorts.surveys import survey
from csmetrics.cohorts.tickets import tickets
from csmetrics.core._surface import surface

__all__ = [
    "Activity",
    "RetentionGrid",
    "activation",
    "active_users",
    "activity",
    "add",
    "adoption",
    "answers_from_export",
    "funnel",
    "ledger_from_invoices",
    "ledger_from_stripe",
    "lifecycle",
    "movements_from_changes",
    "movements_from_snapshots",
    "movements_from_subscriptions",
    "onboarding",
    "purchases",
    "renewals",
    "retention",
    "survey",
    "tickets",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = surface(__name__, __all__)
