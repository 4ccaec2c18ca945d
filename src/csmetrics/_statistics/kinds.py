"""The limits that each kind of figure has by its own method, in the metric's unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from csmetrics._statistics.confidence import Confidence, ratio
from csmetrics._statistics.counts import garwood, odds
from csmetrics._statistics.customers import needs_customers
from csmetrics._statistics.samples import Sample
from csmetrics._statistics.shares import SHARES, Limits, centre_and_variance
from csmetrics._statistics.sums import around, clustered, effective, money_share, net
from csmetrics.core._options import is_number
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, shown


class Asked(NamedTuple):
    """How an interval is to be made."""

    sure: Confidence
    method: str
    population: float | None = None
    resamples: int = 10_000
    rng: Any = None


class Found(NamedTuple):
    """The limits of some figures, and how many units they rest on."""

    low: Array
    high: Array
    n: Array
    n_eff: Array


def worth(sample: Sample, sure: Confidence) -> tuple[Array, Array]:
    """Return how many answers or counted units there are, and how many independent ones they are worth."""
    counts = sample.total(sample.sums.bottom)
    if sample.weighted and sample.counted is not None:
        moments, spread = sample.moments(), sample.spread()
        variance = moments.variance
        by_variance = np.where(variance > 0, ratio(spread, np.where(variance > 0, variance, 1.0)), np.inf)
        few = np.fmin(moments.kish, by_variance)
        if sample.customers:
            few = np.fmin(few, few * ratio(sure.z, sure.t(sample.units - 1)) ** 2)
        return sample.counted, few
    if sample.customers:
        return counts, clustered(sample.moments(), sample.spread(), counts, sample.units, sure)
    return counts, counts


def _of_population(sample: Sample, counts: Array, few: Array, population: float | None) -> Array:
    """Count answers of a small population as more: its standard error is smaller by √((N - n)/(N - 1))."""
    if population is None:
        return few
    check_population(sample, counts, population)
    left = population - counts
    return np.where(left > 0, few * (population - 1) / np.where(left > 0, left, 1.0), 1e15)


def check_population(sample: Sample, counts: Array, population: float) -> None:
    """Reject a population where no answers are sampled from it, or one smaller than its answers."""
    if not sample.sums.answers:
        rule = "is for answers only, a sample of those who could have answered"
        raise MetricInputError(sample.spec.name, "population", rule, f"got {shown(population)}")
    if not is_number(population) or not np.nanmax(counts, initial=1) <= population <= 1e15:
        rule = "must be a number, at least as large as the answers"
        raise MetricInputError(sample.spec.name, "population", rule, f"got {shown(population)}")


def _share(sample: Sample, asked: Asked) -> Found:
    counts, worth_ = worth(sample, asked.sure)
    few = _of_population(sample, counts, worth_, asked.population)
    whole = sample.total(sample.sums.bottom)
    part = np.clip(sample.total(sample.sums.top), 0, whole)
    low, high = SHARES[asked.method](part if few is whole else ratio(part, whole) * few, few, asked.sure)
    return Found(100 * low, 100 * high, counts, worth_)


def _trinomial(sample: Sample, asked: Asked) -> Found:
    counts, few = worth(sample, asked.sure)
    centre, variance = balance(sample, few, asked.method)
    if asked.population is not None:
        check_population(sample, counts, asked.population)
        variance = variance * (asked.population - counts) / max(asked.population - 1, 1)
    half = asked.sure.z * np.sqrt(variance)
    return Found(100 * (centre - half), 100 * (centre + half), counts, few)


def balance(sample: Sample, few: Array, method: str) -> Limits:
    """Return the centre and the variance of a balance of answers that are worth so many."""
    whole = sample.total(sample.sums.bottom)
    up = sample.total({n: 1 for n, sign in sample.sums.top.items() if sign > 0})
    down = sample.total({n: 1 for n, sign in sample.sums.top.items() if sign < 0})
    return centre_and_variance(ratio(up, whole) * few, ratio(down, whole) * few, few, method == "adjusted-wald")


def dispersion(sample: Sample) -> Array:
    """Return how much more the units differ than single events would make them: 1 where nothing is known."""
    if not sample.known:
        return np.ones(sample.estimate.shape)
    moments, units = sample.moments(), sample.units
    rate = moments.ratio
    found = ratio(moments.squares_around(rate) * ratio(units, units - 1), rate * moments.y)
    return np.fmax(found, 1.0)


def _exposure(sample: Sample, asked: Asked) -> Found:
    events, exposure = sample.total(sample.sums.top), sample.total(sample.sums.bottom)
    clumped = dispersion(sample)
    low, high = garwood(events, exposure, asked.sure, clumped)
    scale = sample.sums.scale
    return Found(scale * low, scale * high, exposure, exposure / clumped)


def _odds(sample: Sample, asked: Asked) -> Found:
    top, bottom = sample.total(sample.sums.top), sample.total(sample.sums.bottom)
    low, high = odds(top, bottom, asked.sure)
    return Found(low, high, top + bottom, top + bottom)


def mean_error(sample: Sample) -> tuple[Array, Array]:
    """Return the standard error of a mean, and how many units it has; refuse totals, which do not tell."""
    if not sample.known:
        raise needs_customers(sample.spec, "got totals")
    moments = sample.moments()
    units = sample.units if sample.rows is not None else moments.kish  # of plain counts, their number
    return np.sqrt(moments.variance * np.where(units > 1, ratio(units, units - 1), np.nan)), units


def _mean(sample: Sample, asked: Asked) -> Found:
    error, units = mean_error(sample)
    worth_ = np.fmin(sample.moments().kish, units) if sample.weighted else units
    if asked.population is not None:
        counts = sample.total(sample.sums.bottom)
        check_population(sample, counts, asked.population)
        error = error * np.sqrt((asked.population - counts) / max(asked.population - 1, 1))
    low, high = around(sample.estimate, error, asked.sure, worth_ - 1)
    counts = sample.total(sample.sums.bottom) if not sample.weighted or sample.counted is None else sample.counted
    return Found(low, high, counts, worth_)


def _money_share(sample: Sample, asked: Asked) -> Found:
    moments = sample.moments()
    low, high = money_share(moments, asked.sure)
    return Found(100 * low, 100 * high, sample.units, effective(moments))


def _net(sample: Sample, asked: Asked) -> Found:
    losses, gains = (sample.moments(terms, sample.sums.bottom) for terms in (sample.sums.losses, sample.sums.gains))
    low, high = net(losses, gains, asked.sure)
    units = sample.units if sample.known else sample.total(sample.sums.bottom)
    low, high = turned(sample, low, high)
    return Found(low, high, units, effective(losses))


def turned(sample: Sample, low: Array, high: Array) -> Limits:
    """Bring limits of gains less losses to the metric: NRR adds the base, net churn turns the sign."""
    top = sample.sums.top
    if any(top.get(name, 0) > 0 for name in sample.sums.losses):
        low, high = -high, -low
    kept = any(top.get(name, 0) > 0 for name in sample.sums.bottom)
    return 100 * (low + kept), 100 * (high + kept)


def _sum(sample: Sample, asked: Asked) -> Found:
    half = asked.sure.z * np.sqrt(sample.moments().xx)
    return Found(sample.estimate - half, sample.estimate + half, sample.units, sample.units)


def _cost(sample: Sample, asked: Asked) -> Found:
    cost, count = sample.total(sample.sums.top), sample.total(sample.sums.bottom)
    low, high = garwood(count, 1.0, asked.sure)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Found(cost / high, cost / low, count, count)


KINDS: dict[str, Callable[[Sample, Asked], Found]] = {
    "share": _share,
    "trinomial": _trinomial,
    "exposure": _exposure,
    "odds": _odds,
    "mean": _mean,
    "money share": _money_share,
    "net": _net,
    "sum": _sum,
    "cost": _cost,
}
