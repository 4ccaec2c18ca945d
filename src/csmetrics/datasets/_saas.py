"""A made-up SaaS company: raw tables and the cohort frame of its last full month.

Each table draws from its own random number generator, seeded by its name, so that a change to one table leaves the
others as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from html import escape
from math import inf
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.core._html import card, code, paragraph, table
from csmetrics.core._options import check_whole
from csmetrics.core._plain import plain
from csmetrics.datasets._common import Timeline
from csmetrics.datasets._customers import draw_customers, draw_stays
from csmetrics.datasets._tables import (
    accounts_table,
    events_table,
    onboarding_table,
    subscriptions_table,
    surveys_table,
    tickets_table,
)
from csmetrics.datasets._totals import health_inputs, month_totals
from csmetrics.errors import MetricInputError, shown

_LONGEST = 64  # characters of a date
_TABLES = {
    "accounts": "every customer that ever signed up",
    "subscriptions": "the ledger, a row per stretch with the same MRR",
    "events": "each use of a feature",
    "surveys": "answers to NPS, CSAT and CES",
    "tickets": "support tickets",
    "onboarding": "from the start to the first value",
    "health": "what a health score is made of, per live customer",
    "cohorts": "totals of the last full month by plan and region",
}


@dataclass(frozen=True, eq=False, repr=False)
class SaasCompany:
    """A made-up company, the result of `make_saas`. None of its customers exist.

    Dates and times are ``datetime64[us]``, money is integer cents. A customer has one number, from 1 on, in all tables,
    and one plan, for good.

    Attributes
    ----------
    accounts : DataFrame
        One row per customer that ever signed up: customer, plan, region, signed_up, seats_licensed, seats_used.
    subscriptions : DataFrame
        The ledger, one row per stretch of a subscription with the same MRR: customer, plan, start, end (NaT while
        open), mrr. A row is live on [start, end). A change of seats closes one row and opens the next; some customers
        hold an add-on as a second live row; some leave and come back.
    events : DataFrame
        One row per use of a feature: user, time, feature. A user is a customer: the numbers in `user` are those in
        `customer` elsewhere. Covers the last three full months and any days since.
    surveys : DataFrame
        One row per person asked: customer, time, and the answers to three questions, nps (0 to 10), csat (1 to 5) and
        ces (1 to 7); NaN where there is no answer.
    tickets : DataFrame
        One row per support ticket: customer, created, first_response (NaT until the first response), resolved (NaT
        while open), contacts, reopened, escalated.
    onboarding : DataFrame
        One row per customer: customer, started, completed, value; NaT where onboarding was not completed, or value was
        not reached, by `as_of`.
    health : DataFrame
        One row per customer live at the end: customer, plan, region, usage and support (0 to 100), sentiment (the last
        NPS answer, NaN without one), seats_used, seats_licensed.
    cohorts : DataFrame
        Totals of `period` by plan and region, in the columns of the builders of `csmetrics.cohorts` and of the
        formulas. All are plain totals, except `dau`, an average over days.
    period : Period
        The last full month.
    as_of : Timestamp
        The last day of the data, itself included.
    """

    accounts: pd.DataFrame
    subscriptions: pd.DataFrame
    events: pd.DataFrame
    surveys: pd.DataFrame
    tickets: pd.DataFrame
    onboarding: pd.DataFrame
    health: pd.DataFrame
    cohorts: pd.DataFrame
    period: pd.Period
    as_of: pd.Timestamp

    def __repr__(self) -> str:
        return f"SaasCompany(made up: {len(self.accounts)} customers, data to {self.as_of:%Y-%m-%d})"

    def _repr_html_(self) -> str:
        """Show the tables in a notebook, each with its columns."""
        rows = []
        for name, what in _TABLES.items():
            frame = getattr(self, name)
            more = f" and {len(frame.columns) - 12} more" if len(frame.columns) > 12 else ""
            columns = ", ".join(map(code, frame.columns[:12])) + more
            rows.append((code(name), f"{len(frame):,}", f"{escape(what)}<br>{columns}"))
        told = f"{len(self.accounts):,} customers, data to {self.as_of:%Y-%m-%d}; money in cents. None of them is real."
        tables = table(("table", "rows", "what it holds"), rows, numbers=[1])
        return card("A made-up SaaS company", paragraph(told), tables)


def make_saas(
    customers: int = 2000, *, seed: int = 0, months: int = 24, end: str | date | np.datetime64 = "2026-06-30"
) -> SaasCompany:
    """Make up a SaaS company: its accounts, subscriptions, events, survey answers, tickets and last month's totals.

    All data comes from a random number generator. The figures look like those of a young, growing company: customers
    on larger plans pay more, churn less, use the product more and give better answers. They are not a benchmark.

    Parameters
    ----------
    customers
        Number of customers that sign up over the whole time, at least 1. Some of them have left by the end.
    seed
        An integer >= 0. The same arguments always return the same frames.
    months
        Full months of history, at least 2. The company starts without customers in the first.
    end
        The last day of the data. If it is not the last day of a month, the tables also hold the month in progress, on
        top of the `months` full ones; `cohorts` still covers the last full month.

    Returns
    -------
    SaasCompany
        The company, frozen; its tables are ordinary DataFrames.

    Raises
    ------
    MetricInputError
        If `customers`, `months` or `seed` is not a whole number or is out of range, or `end` is not a date from 1900 to
        2200.

    Notes
    -----
    `cohorts` has one row per plan and region, nine in all; an empty group has zeros. Its columns:

    * Customers and MRR compare each customer's MRR just before the month opens with its MRR just before the month
      closes: ``start + new + reactivated - lost == end`` and
      ``start_mrr + new_mrr + reactivation_mrr + expansion_mrr - contraction_mrr - churned_mrr == end_mrr``.
      `mrr` repeats `end_mrr`, `customers` repeats `end`; `retained` counts customers live at both ends of the month.
    * Survey answers in the month, as `csmetrics.cohorts.survey` counts them.
    * Tickets created in the month, as `csmetrics.cohorts.tickets` counts them, and customers that started onboarding in
      it, each with the outcome known by the last day of the data.
    * Product use in the month: `mau` and `active`, all customers with an event; `total`, the customers that were live
      at any time in it; `dau`, the daily active users of the average day; `eligible`, the customers live as it closes,
      and `adopters`, those of them that used a feature; `features_used`, the distinct features per live customer, added
      up, and `features_available`, the number of features times the live customers.
    * `seats_used` and `seats_licensed` of the live customers; `at_risk`, the live customers with fewer than 4 active
      days in the last 28, or a last NPS answer of 3 or less.
    * `acquisition_cost` and `retention_cost`, in cents.

    A median (time to value) and a mean of scores (health) do not add up: compute them from `onboarding` and `health`.

    Examples
    --------
    >>> company = make_saas(customers=300, seed=1)
    >>> company
    SaasCompany(made up: 300 customers, data to 2026-06-30)
    >>> str(company.period), len(company.cohorts)
    ('2026-06', 9)
    >>> total = company.cohorts[["start", "new", "reactivated", "lost", "end"]].sum()
    >>> bool(total["start"] + total["new"] + total["reactivated"] - total["lost"] == total["end"])
    True
    """
    customers = check_whole("make_saas", "customers", customers, most=10**7)
    months = check_whole("make_saas", "months", months, 2, 1200)
    seed = check_whole("make_saas", "seed", seed, 0, inf)
    calendar = _calendar(months, _day(end))
    base = draw_customers(_generator(seed, "accounts"), customers, calendar)
    spells = draw_stays(_generator(seed, "spells"), base, calendar)
    subscriptions, seats = subscriptions_table(_generator(seed, "subscriptions"), base, spells, calendar)
    accounts = accounts_table(base, seats, calendar)
    events = events_table(_generator(seed, "events"), base, spells, calendar)
    surveys = surveys_table(_generator(seed, "surveys"), base, spells, calendar)
    tickets = tickets_table(_generator(seed, "tickets"), base, spells, calendar)
    onboarding = onboarding_table(_generator(seed, "onboarding"), base, spells, calendar)
    health = health_inputs(accounts, subscriptions, events, surveys, tickets, calendar.time(calendar.days))
    cohorts = month_totals(
        _generator(seed, "costs"), accounts, subscriptions, events, surveys, tickets, onboarding, calendar
    )
    return SaasCompany(
        accounts, subscriptions, events, surveys, tickets, onboarding, health, cohorts, calendar.period, calendar.as_of
    )


def _day(end: Any) -> pd.Timestamp:
    end = plain(end)
    known = isinstance(end, (date, np.datetime64)) or (isinstance(end, str) and len(end) <= _LONGEST)
    try:
        day = pd.Timestamp(end) if known else pd.NaT
    except ValueError:
        day = pd.NaT
    known = isinstance(day, pd.Timestamp) and day.tzinfo is None and 1900 <= day.year <= 2200
    if not isinstance(day, pd.Timestamp) or not known or day != day.normalize():
        rule = "must be a date from 1900 to 2200, without a time of day or a time zone"
        raise MetricInputError("make_saas", "end", rule, f"got {shown(end)}", 'end="2026-06-30"')
    return day


def _generator(seed: int, table: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, *table.encode()]))


def _calendar(months: int, end: pd.Timestamp) -> Timeline:
    stop = np.datetime64(end.date(), "D") + 1
    closing = stop.astype("datetime64[M]")  # the last first-of-month that the data reaches
    first = (closing - months).astype("datetime64[D]")

    def count(day: np.datetime64) -> int:
        return int((day.astype("datetime64[D]") - first).astype(np.int64))

    return Timeline(
        first=first.astype("datetime64[us]"),
        days=count(stop),
        period=pd.Period(str(closing - 1), freq="M"),
        opening=count(closing - 1),
        closing=count(closing),
        events_from=max(0, count(closing - 3)),
        as_of=pd.Timestamp(stop - 1).as_unit("us"),
    )
