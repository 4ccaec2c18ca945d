"""The raw tables of a made-up company, drawn at random from its customers and their stays."""

from __future__ import annotations

import numpy as np
import pandas as pd

from csmetrics.datasets._common import DAY_SECONDS, FEATURES, PLANS, REGIONS, Floats, Ints, Stamps, Timeline, category
from csmetrics.datasets._customers import Base, Spells, floored, scattered

HOUR_SECONDS = 3600  # seconds
# One number per plan (starter, team, business), per region or per weekday (Monday first)
BASE_FEE = np.array([2_900, 14_900, 89_900])  # cents a month; all money here is in cents
SEAT_PRICE = np.array([900, 1_900, 2_900])
ADD_ON_PRICE = np.array([1_500, 9_900, 49_000])
ADD_ON_SHARE = np.array([0.05, 0.12, 0.20])
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


def subscriptions_table(
    rng: np.random.Generator, base: Base, spells: Spells, calendar: Timeline
) -> tuple[pd.DataFrame, Ints]:
    """Make the ledger, and return it with the last number of seats of each customer."""
    plan = base.plan[spells.who]
    changed, day = scattered(rng, spells, MONTHLY_CHANGES[plan])
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
    add_on_start = spells.start + floored(rng.random(len(plan)) * (spells.end - spells.start))

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


def accounts_table(base: Base, seats: Ints, calendar: Timeline) -> pd.DataFrame:
    """Make one row per customer, with the seats of its last subscription."""
    used = floored(seats * (0.45 + 0.45 * base.fit + 0.04 * base.plan))
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


def events_table(rng: np.random.Generator, base: Base, spells: Spells, calendar: Timeline) -> pd.DataFrame:
    """Make one row per use of a feature, in the months that the events cover."""
    recent = spells.end > calendar.events_from
    who, start, end = spells.who[recent], spells.start[recent], spells.end[recent]
    fit, plan = base.fit[who], base.plan[who]
    # A customer whom the product hardly fits never logs in.
    chance = np.where(fit < 0.05, 0.0, np.minimum(0.95, ACTIVITY[plan] * (0.4 + 1.2 * fit)))
    breadth = np.minimum(len(FEATURES), 1 + floored(5 * fit + 0.8 * plan))

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
        features.append(floored(breadth[row] * rng.random(len(row)) ** 2))  # the first features are used most
    return pd.DataFrame(
        {
            "user": np.concatenate(users),
            "time": np.concatenate(times),
            "feature": category(np.concatenate(features), FEATURES),
        }
    )


def surveys_table(rng: np.random.Generator, base: Base, spells: Spells, calendar: Timeline) -> pd.DataFrame:
    """Make one row per person asked; one opinion lies behind the three answers."""
    lows, highs = np.array([0, 1, 1]), np.array([10, 5, 7])  # by question
    centers = np.array([[7.7, 4.0, 5.2], [8.3, 4.2, 5.5], [8.8, 4.4, 5.9]])  # plan x question
    spread, noise = np.array([4.0, 1.2, 1.8]), np.array([1.7, 0.8, 1.1])

    spell, day = scattered(rng, spells, np.full(len(spells.who), SURVEYS_A_MONTH))
    who, size = spells.who[spell], (len(spell), 3)
    time = calendar.time(day, rng.integers(8 * HOUR_SECONDS, 20 * HOUR_SECONDS, len(who)))
    opinion = centers[base.plan[who]] + spread * (base.fit[who, None] - 0.5)
    scores = np.rint(np.clip(opinion + noise * rng.standard_normal(size), lows, highs))
    scores[(rng.random(len(who)) < SILENT_SHARE)[:, None] | (rng.random(size) < SKIPPED_SHARE)] = np.nan
    table = pd.DataFrame({"customer": base.customer[who], "time": time})
    table[["nps", "csat", "ces"]] = scores
    return table.iloc[np.argsort(time, kind="stable")].reset_index(drop=True)


def tickets_table(rng: np.random.Generator, base: Base, spells: Spells, calendar: Timeline) -> pd.DataFrame:
    """Make one row per ticket, in the order in which they were created."""
    spell, day = scattered(rng, spells, TICKETS_A_MONTH[base.plan[spells.who]])
    who, size = spells.who[spell], len(spell)
    plan = base.plan[who]
    created = rng.integers(7 * HOUR_SECONDS, 20 * HOUR_SECONDS, size)
    pace = HOUR_SECONDS * REGION_PACE[base.region[who]]
    answered = created + 60 + floored(rng.exponential(1.0, size) * RESPONSE_HOURS[plan] * pace)
    solved = answered + 60 + floored(rng.exponential(1.0, size) * RESOLUTION_HOURS[plan] * pace)
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


def onboarding_table(rng: np.random.Generator, base: Base, spells: Spells, calendar: Timeline) -> pd.DataFrame:
    """Make one row per customer; a customer who leaves before completing, or before any value, never reaches it."""
    size = len(base.plan)
    began = rng.integers(8 * HOUR_SECONDS, 18 * HOUR_SECONDS, size)
    stay = (
        spells.end[:size] - base.signed_up
    ) * DAY_SECONDS  # the first spells come first, in the order of the customers

    def reached(median_days: Floats, ever: Floats) -> Stamps:
        # The sum of two exponentials: few very early, most near the median (1.68 times their mean), a long tail.
        taken = (rng.exponential(1.0, size) + rng.exponential(1.0, size)) / 1.68 * median_days[base.plan]
        second = began + HOUR_SECONDS + floored(taken * DAY_SECONDS)
        return calendar.known(base.signed_up, second, (rng.random(size) < ever[base.plan]) & (second < stay))

    return pd.DataFrame(
        {
            "customer": base.customer,
            "started": calendar.time(base.signed_up, began),
            "completed": reached(SETUP_DAYS, ONBOARDED_SHARE),
            "value": reached(VALUE_DAYS, ONBOARDED_SHARE - 0.05),
        }
    )
