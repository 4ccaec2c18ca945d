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
import numpy.typing as npt
import pandas as pd

from csmetrics.core._html import card, code, paragraph, table
from csmetrics.core._options import check_whole
from csmetrics.core._plain import plain
from csmetrics.datasets._common import (
    DAY_SECONDS,
    FEATURES,
    PLANS,
    REGIONS,
    Floats,
    Ints,
    Stamps,
    Timeline,
    category,
)
from csmetrics.datasets._totals import health_inputs, month_totals
from csmetrics.errors import MetricInputError, shown

MONTH = 30.4375  # days
HOUR_SECONDS = 3600  # seconds

# One number per plan (starter, team, business), per region or per weekday (Monday first).
PLAN_SHARE = np.array([0.53, 0.31, 0.16])
REGION_SHARE = np.array([0.52, 0.31, 0.17])
SEATS = np.array([[2, 8], [8, 40], [40, 250]])
BASE_FEE = np.array([2_900, 14_900, 89_900])  # cents a month; all money here is in cents
SEAT_PRICE = np.array([900, 1_900, 2_900])
ADD_ON_PRICE = np.array([1_500, 9_900, 49_000])
ADD_ON_SHARE = np.array([0.05, 0.12, 0.20])
MONTHLY_CHURN = np.array([0.044, 0.0185, 0.0085])
MONTHLY_CHANGES = np.array([0.040, 0.075, 0.090])
WEEKDAY = np.array([1.0, 1.05, 1.05, 1.0, 0.85, 0.3, 0.25])
ACTIVITY = np.array([0.30, 0.44, 0.62])
SURVEYS_A_MONTH = 0.4
SILENT_SHARE = 0.35  # of those asked, who answer nothing
SKIPPED_SHARE = np.array([0.05, 0.2, 0.3])  # of the others, by question (nps, csat, ces)
TICKETS_A_MONTH = np.array([0.15, 0.35, 0.9])
RESPONSE_HOURS = np.array([9.0, 4.0, 1.5])
RESOLUTION_HOURS = np.array([30.0, 22.0, 16.0])
REGION_PACE = np.array([1.0, 1.1, 1.4])
VALUE_DAYS = np.array([4.0, 9.0, 16.0])
SETUP_DAYS = np.array([2.5, 5.0, 8.0])
ONBOARDED_SHARE = np.array([0.80, 0.88, 0.95])


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
    base = _base(_generator(seed, "accounts"), customers, calendar)
    spells = _spells(_generator(seed, "spells"), base, calendar)
    subscriptions, seats = _subscriptions(_generator(seed, "subscriptions"), base, spells, calendar)
    accounts = _accounts(base, seats, calendar)
    events = _events(_generator(seed, "events"), base, spells, calendar)
    surveys = _surveys(_generator(seed, "surveys"), base, spells, calendar)
    tickets = _tickets(_generator(seed, "tickets"), base, spells, calendar)
    onboarding = _onboarding(_generator(seed, "onboarding"), base, spells, calendar)
    health = health_inputs(accounts, subscriptions, events, surveys, tickets, calendar.time(calendar.days))
    cohorts = month_totals(
        _generator(seed, "costs"), accounts, subscriptions, events, surveys, tickets, onboarding, calendar
    )
    return SaasCompany(
        accounts, subscriptions, events, surveys, tickets, onboarding, health, cohorts, calendar.period, calendar.as_of
    )


# ---------------------------------------------------------------------------------------------- arguments, calendar


_LONGEST = 64  # characters of a date


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


# ------------------------------------------------------------------------------------------- customers, stays, times


@dataclass(frozen=True)
class _Base:
    """One value per customer; `fit` (0 to 1), how well the product suits it, drives churn, use and answers."""

    signed_up: Ints
    plan: Ints
    region: Ints
    fit: Floats
    first_seats: Ints

    @property
    def customer(self) -> Ints:
        return np.arange(1, len(self.plan) + 1, dtype=np.int64)


@dataclass(frozen=True)
class _Spells:
    """One value per stay: the customer's position in the base, and the days [start, end). Some customers have two."""

    who: Ints
    start: Ints
    end: Ints


def _base(rng: np.random.Generator, customers: int, calendar: Timeline) -> _Base:
    # Sign-ups per day grow threefold from first day to last: density (1 + 2x) / 2, drawn by inverting its integral.
    position = (np.sqrt(1 + 8 * rng.random(customers)) - 1) / 2
    plan = _pick(rng, PLAN_SHARE, customers)
    low, high = SEATS[plan].T
    return _Base(
        signed_up=np.sort(_floor(position * calendar.days)),
        plan=plan,
        region=_pick(rng, REGION_SHARE, customers),
        fit=rng.random(customers),
        first_seats=_floor(low + (high - low) * rng.random(customers) ** 2),
    )


def _spells(rng: np.random.Generator, base: _Base, calendar: Timeline) -> _Spells:
    churn = (MONTHLY_CHURN[base.plan] * (1.6 - 1.2 * base.fit)) / MONTH
    left = base.signed_up + rng.geometric(churn)
    back = left + 20 + rng.geometric(1 / 90, len(left))
    left_again = back + rng.geometric(churn)
    returns = (rng.random(len(left)) < 0.18) & (back < calendar.days)
    who = np.arange(len(left), dtype=np.int64)
    return _Spells(
        who=np.concatenate([who, who[returns]]),
        start=np.concatenate([base.signed_up, back[returns]]),
        end=np.minimum(np.concatenate([left, left_again[returns]]), calendar.days),
    )


def _pick(rng: np.random.Generator, shares: Floats, size: int) -> Ints:
    return np.searchsorted(np.cumsum(shares)[:-1], rng.random(size), side="right").astype(np.int64)


def _floor(values: npt.NDArray[Any]) -> Ints:
    floored: Ints = np.floor(values).astype(np.int64)
    return floored


def _moments(rng: np.random.Generator, spells: _Spells, monthly: Floats) -> tuple[Ints, Ints]:
    """Scatter days over the spells at a monthly rate; return the positions of the spells, and the days."""
    length = spells.end - spells.start
    spell = np.repeat(np.arange(len(length), dtype=np.int64), rng.poisson(monthly * length / MONTH))
    return spell, spells.start[spell] + _floor(rng.random(len(spell)) * length[spell])


# ------------------------------------------------------------------------------------------------------- the tables


def _subscriptions(
    rng: np.random.Generator, base: _Base, spells: _Spells, calendar: Timeline
) -> tuple[pd.DataFrame, Ints]:
    """Make the table, and the last number of seats of each customer."""
    plan = base.plan[spells.who]
    changed, day = _moments(rng, spells, MONTHLY_CHANGES[plan])
    # One row per spell and day on which it starts or changes, in that order.
    opened = np.arange(len(plan), dtype=np.int64)
    keys = np.concatenate([opened * calendar.days + spells.start, changed * calendar.days + day])
    spell, start = np.divmod(np.unique(keys), calendar.days)
    opens = start == spells.start[spell]
    closes = np.append(opens[1:], True)
    end = np.where(closes, spells.end[spell], np.append(start[1:], 0))

    steps = np.where(rng.random(len(spell)) < 0.75, rng.integers(1, 3, len(spell)), -1)
    climbed = np.cumsum(np.where(opens, 0, steps))
    climbed -= climbed[opens][spell]
    first = base.first_seats[spells.who[spell]]
    seats = np.maximum(1, first + climbed * (1 + first // 6))
    mrr = BASE_FEE[plan[spell]] + seats * SEAT_PRICE[plan[spell]]

    with_add_on = np.flatnonzero(rng.random(len(plan)) < ADD_ON_SHARE[plan])
    add_on_start = spells.start + _floor(rng.random(len(plan)) * (spells.end - spells.start))

    start = np.concatenate([start, add_on_start[with_add_on]])
    end = np.concatenate([end, spells.end[with_add_on]])
    mrr = np.concatenate([mrr, ADD_ON_PRICE[plan[with_add_on]]])
    who = np.concatenate([spells.who[spell], spells.who[with_add_on]])
    order = np.lexsort((mrr, start, who))
    table = pd.DataFrame(
        {
            "customer": base.customer[who],
            "plan": category(base.plan[who], PLANS),
            "start": calendar.time(start),
            "end": calendar.known(end, np.zeros_like(end), np.ones(len(end), dtype=bool)),
            "mrr": mrr.astype(np.int64),
        }
    )
    last_seats = np.empty_like(base.first_seats)
    last_seats[spells.who[spell[closes]]] = seats[closes]  # a second spell overwrites the first
    return table.iloc[order].reset_index(drop=True), last_seats


def _accounts(base: _Base, seats: Ints, calendar: Timeline) -> pd.DataFrame:
    used = _floor(seats * (0.45 + 0.45 * base.fit + 0.04 * base.plan))
    return pd.DataFrame(
        {
            "customer": base.customer,
            "plan": category(base.plan, PLANS),
            "region": category(base.region, REGIONS),
            "signed_up": calendar.time(base.signed_up),
            "seats_licensed": seats,
            "seats_used": np.maximum(1, used),
        }
    )


def _events(rng: np.random.Generator, base: _Base, spells: _Spells, calendar: Timeline) -> pd.DataFrame:
    recent = spells.end > calendar.events_from
    who, start, end = spells.who[recent], spells.start[recent], spells.end[recent]
    fit, plan = base.fit[who], base.plan[who]
    # A customer whom the product hardly fits never logs in.
    chance = np.where(fit < 0.05, 0.0, np.minimum(0.95, ACTIVITY[plan] * (0.4 + 1.2 * fit)))
    breadth = np.minimum(len(FEATURES), 1 + _floor(5 * fit + 0.8 * plan))

    users: list[Ints] = []
    times: list[Stamps] = []
    features: list[Ints] = []
    monday = np.datetime64("1970-01-05", "D")
    for day in range(calendar.events_from, calendar.days):
        weekday = int((calendar.first.astype("datetime64[D]") + day - monday).astype(np.int64)) % 7
        active = np.flatnonzero((rng.random(len(who)) < chance * WEEKDAY[weekday]) & (start <= day) & (day < end))
        row = np.repeat(active, rng.integers(1, 3, len(active)))
        second = rng.integers(7 * HOUR_SECONDS, 21 * HOUR_SECONDS, len(row))
        order = np.argsort(second, kind="stable")
        row = row[order]
        users.append(base.customer[who[row]])
        times.append(calendar.time(day, second[order]))
        features.append(_floor(breadth[row] * rng.random(len(row)) ** 2))  # the first features are used most
    return pd.DataFrame(
        {
            "user": np.concatenate(users),
            "time": np.concatenate(times),
            "feature": category(np.concatenate(features), FEATURES),
        }
    )


def _surveys(rng: np.random.Generator, base: _Base, spells: _Spells, calendar: Timeline) -> pd.DataFrame:
    """Make one row per person asked; one opinion lies behind the three answers."""
    lows, highs = np.array([0, 1, 1]), np.array([10, 5, 7])  # by question
    centers = np.array([[7.7, 4.0, 5.2], [8.3, 4.2, 5.5], [8.8, 4.4, 5.9]])  # plan x question
    spread, noise = np.array([4.0, 1.2, 1.8]), np.array([1.7, 0.8, 1.1])

    spell, day = _moments(rng, spells, np.full(len(spells.who), SURVEYS_A_MONTH))
    who, size = spells.who[spell], (len(spell), 3)
    time = calendar.time(day, rng.integers(8 * HOUR_SECONDS, 20 * HOUR_SECONDS, len(who)))
    opinion = centers[base.plan[who]] + spread * (base.fit[who, None] - 0.5)
    scores = np.rint(np.clip(opinion + noise * rng.standard_normal(size), lows, highs))
    scores[(rng.random(len(who)) < SILENT_SHARE)[:, None] | (rng.random(size) < SKIPPED_SHARE)] = np.nan
    table = pd.DataFrame({"customer": base.customer[who], "time": time})
    table[["nps", "csat", "ces"]] = scores
    return table.iloc[np.argsort(time, kind="stable")].reset_index(drop=True)


def _tickets(rng: np.random.Generator, base: _Base, spells: _Spells, calendar: Timeline) -> pd.DataFrame:
    spell, day = _moments(rng, spells, TICKETS_A_MONTH[base.plan[spells.who]])
    who, size = spells.who[spell], len(spell)
    plan = base.plan[who]
    created = rng.integers(7 * HOUR_SECONDS, 20 * HOUR_SECONDS, size)
    pace = HOUR_SECONDS * REGION_PACE[base.region[who]]
    answered = created + 60 + _floor(rng.exponential(1.0, size) * RESPONSE_HOURS[plan] * pace)
    solved = answered + 60 + _floor(rng.exponential(1.0, size) * RESOLUTION_HOURS[plan] * pace)
    resolved = calendar.known(day, solved, np.ones(size, dtype=bool))
    table = pd.DataFrame(
        {
            "customer": base.customer[who],
            "created": calendar.time(day, created),
            "first_response": calendar.known(day, answered, np.ones(size, dtype=bool)),
            "resolved": resolved,
            "contacts": 1 + rng.poisson(0.32 - 0.2 * base.fit[who] - 0.03 * plan),
            "reopened": (rng.random(size) < 0.10 - 0.08 * base.fit[who]) & ~np.isnat(resolved),
            "escalated": rng.random(size) < 0.05,
        }
    )
    return table.iloc[np.argsort(table["created"].to_numpy(), kind="stable")].reset_index(drop=True)


def _onboarding(rng: np.random.Generator, base: _Base, spells: _Spells, calendar: Timeline) -> pd.DataFrame:
    """Make one row per customer; a customer who leaves before completing, or before any value, never reaches it."""
    size = len(base.plan)
    began = rng.integers(8 * HOUR_SECONDS, 18 * HOUR_SECONDS, size)
    stay = (
        spells.end[:size] - base.signed_up
    ) * DAY_SECONDS  # the first spells come first, in the order of the customers

    def reached(median_days: Floats, ever: Floats) -> Stamps:
        # The sum of two exponentials: few very early, most near the median (1.68 times their mean), a long tail.
        taken = (rng.exponential(1.0, size) + rng.exponential(1.0, size)) / 1.68 * median_days[base.plan]
        second = began + HOUR_SECONDS + _floor(taken * DAY_SECONDS)
        return calendar.known(base.signed_up, second, (rng.random(size) < ever[base.plan]) & (second < stay))

    return pd.DataFrame(
        {
            "customer": base.customer,
            "started": calendar.time(base.signed_up, began),
            "completed": reached(SETUP_DAYS, ONBOARDED_SHARE),
            "value": reached(VALUE_DAYS, ONBOARDED_SHARE - 0.05),
        }
    )
