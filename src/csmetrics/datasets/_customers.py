"""The customers of a made-up company and their stays, drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from csmetrics.datasets._common import Floats, Ints, Timeline

MONTH = 30.4375  # days
# One number per plan (starter, team, business), or per region
PLAN_SHARE = np.array([0.53, 0.31, 0.16])
REGION_SHARE = np.array([0.52, 0.31, 0.17])
SEATS = np.array([[2, 8], [8, 40], [40, 250]])
MONTHLY_CHURN = np.array([0.044, 0.0185, 0.0085])


@dataclass(frozen=True)
class Base:
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
class Spells:
    """One value per stay: the customer's position in the base, and the days [start, end). Some customers have two."""

    who: Ints
    start: Ints
    end: Ints


def draw_customers(rng: np.random.Generator, customers: int, calendar: Timeline) -> Base:
    """Draw the customers, in the order in which they signed up."""
    # Sign-ups per day grow threefold from first day to last: density (1 + 2x) / 2, drawn by inverting its integral.
    position = (np.sqrt(1 + 8 * rng.random(customers)) - 1) / 2
    plan = _pick(rng, PLAN_SHARE, customers)
    low, high = SEATS[plan].T
    return Base(
        signed_up=np.sort(floored(position * calendar.days)),
        plan=plan,
        region=_pick(rng, REGION_SHARE, customers),
        fit=rng.random(customers),
        first_seats=floored(low + (high - low) * rng.random(customers) ** 2),
    )


def draw_stays(rng: np.random.Generator, base: Base, calendar: Timeline) -> Spells:
    """Draw how long each customer stays; some who left come back."""
    churn = (MONTHLY_CHURN[base.plan] * (1.6 - 1.2 * base.fit)) / MONTH
    left = base.signed_up + rng.geometric(churn)
    back = left + 20 + rng.geometric(1 / 90, len(left))
    left_again = back + rng.geometric(churn)
    returns = (rng.random(len(left)) < 0.18) & (back < calendar.days)
    who = np.arange(len(left), dtype=np.int64)
    return Spells(
        who=np.concatenate([who, who[returns]]),
        start=np.concatenate([base.signed_up, back[returns]]),
        end=np.minimum(np.concatenate([left, left_again[returns]]), calendar.days),
    )


def _pick(rng: np.random.Generator, shares: Floats, size: int) -> Ints:
    return np.searchsorted(np.cumsum(shares)[:-1], rng.random(size), side="right").astype(np.int64)


def floored(values: npt.NDArray[Any]) -> Ints:
    """Round down to integers."""
    whole: Ints = np.floor(values).astype(np.int64)
    return whole


def scattered(rng: np.random.Generator, spells: Spells, monthly: Floats) -> tuple[Ints, Ints]:
    """Scatter days over the spells at a monthly rate; return the positions of the spells, and the days."""
    length = spells.end - spells.start
    spell = np.repeat(np.arange(len(length), dtype=np.int64), rng.poisson(monthly * length / MONTH))
    return spell, spells.start[spell] + floored(rng.random(len(spell)) * length[spell])
