"""Which methods each kind of figure has, the default first, and the limits that they give, in the metric's unit."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from csmetrics._statistics import bootstrap
from csmetrics._statistics.confidence import Confidence, ratio
from csmetrics._statistics.counts import garwood, odds
from csmetrics._statistics.reading import needs_customers
from csmetrics._statistics.results import FEW_UNITS
from csmetrics._statistics.samples import Sample
from csmetrics._statistics.shares import SHARES, Limits, centre_and_variance
from csmetrics._statistics.sums import around, clustered, effective, money_share, net
from csmetrics._statistics.waiting import quantile_limits
from csmetrics.core._sums import METHODS
from csmetrics.core._survival import steps
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, shown

RESAMPLED = ("percentile", "bca")
FROM_ROWS = ("jackknife", "linearised", *RESAMPLED)


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


def method_of(sample: Sample, method: Any) -> str:
    """Return the method that is asked for, or the default of the kind; refuse what the kind does not have."""
    kind = sample.sums.kind
    known = METHODS[kind]
    if method is None:
        return "linearised" if known[0] == "jackknife" and sample.rows is None else known[0]
    if not isinstance(method, str) or method not in known:
        near = difflib.get_close_matches(str(method)[:40], known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else ""
        rule = f"must be one of {', '.join(map(repr, known))}"
        raise MetricInputError(sample.spec.name, "method", rule, f"got {shown(method)}", hint)
    return method


def limits(sample: Sample, asked: Asked) -> Found:
    """Return the limits of each figure: possible ones, that hold the figure itself."""
    kind, method = sample.sums.kind, asked.method
    if kind == "levels":
        return _levels(sample, asked)
    if kind == "quantile":
        return _quantile(sample, asked.sure)
    unknown = not sample.known and not (kind == "net" and method == "square-and-add")
    if method in FROM_ROWS:
        if unknown or (sample.rows is None and method != "linearised"):
            raise needs_customers(sample.spec, "the rows are not known")
        found = _from_rows(sample, asked)
    elif unknown and (kind in ("mean", "money share", "sum") or sample.sums.rows):
        raise needs_customers(sample.spec, "got totals")
    else:
        found = _KINDS[kind](sample, asked)
    return _possible(sample, found)


def _possible(sample: Sample, found: Found) -> Found:
    low, high = found.low, found.high
    least, most = sample.scale or sample.spec.bounds
    if sample.sums.kind == "mean" and sample.scale is None and "mean" in sample.spec.name:
        least, most = sample.spec.bounds
    low = low if least is None else np.maximum(low, least)
    high = high if most is None else np.minimum(high, most)
    with np.errstate(invalid="ignore"):  # the figure is held, whatever the method's centre
        low = np.where(low > sample.estimate, sample.estimate, low)
        high = np.where(high < sample.estimate, sample.estimate, high)
    nothing = np.isnan(sample.estimate) | np.isnan(low) | np.isnan(high)
    return found._replace(low=np.where(nothing, np.nan, low), high=np.where(nothing, np.nan, high))


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
    whole = isinstance(population, (int, float, np.integer)) and not isinstance(population, bool)
    if not whole or not np.nanmax(counts, initial=1) <= population <= 1e15:
        rule = "must be a number, at least as large as the answers"
        raise MetricInputError(sample.spec.name, "population", rule, f"got {shown(population)}")


def _share(sample: Sample, asked: Asked) -> Found:
    counts, few = worth(sample, asked.sure)
    few = _of_population(sample, counts, few, asked.population)
    whole = sample.total(sample.sums.bottom)
    part = np.clip(sample.total(sample.sums.top), 0, whole)
    low, high = SHARES[asked.method](part if few is whole else ratio(part, whole) * few, few, asked.sure)
    return Found(100 * low, 100 * high, counts, few)


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


_KINDS: dict[str, Callable[[Sample, Asked], Found]] = {
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


def _from_rows(sample: Sample, asked: Asked) -> Found:
    """Return the limits that the spread of the units gives, for any ratio of sums."""
    moments, logs = sample.moments(), sample.sums.kind == "log ratio"
    few = sample.units if sample.sums.kind in ("share", "trinomial", "exposure", "mean") else moments.kish
    few = np.fmin(few, sample.units) if sample.rows is not None else few
    if asked.method == "linearised":
        error = sample.sums.scale * np.sqrt(moments.variance)
        return Found(*_spread(sample.estimate, error, asked.sure, few, logs), sample.units, few)
    found = [_one_from_rows(sample.at(i), asked, few[i], logs) for i in range(sample.estimate.size)]
    low, high = np.array(found).reshape(-1, 2).T
    return Found(low, high, sample.units, few)


def _spread(estimate: Array, error: Array, sure: Confidence, few: Array, logs: bool) -> Limits:
    if not logs:
        return around(estimate, error, sure, few - 1)
    low, high = around(np.zeros(estimate.shape), ratio(error, estimate), sure, few - 1)
    return estimate * np.exp(low), estimate * np.exp(high)


def _one_from_rows(sample: Sample, asked: Asked, few: float, logs: bool) -> tuple[float, float]:
    assert sample.rows is not None
    names = sample.sums
    bottom = sample.column(names.bottom) if names.bottom else np.ones(sample.column(names.top).shape)
    columns = np.column_stack([sample.column(names.top), bottom])
    if names.bottom:
        columns = columns[(columns != 0).any(axis=1)]
    estimate = float(sample.estimate[0])
    if len(columns) < 2 or not np.isfinite(estimate):
        return np.nan, np.nan
    offset = estimate - float(_statistic(sample)(columns.sum(axis=0)[None, :])[0])  # what levels add, such as -100

    def figure(sums: Array) -> Array:
        return _statistic(sample)(sums) + offset

    if asked.method == "jackknife":
        others = bootstrap.without_each(columns, figure)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = bootstrap.jackknife_error(np.log(others) if logs else others)
        low, high = _spread(
            np.array([estimate]), np.array([error * estimate if logs else error]), asked.sure, np.array([few]), logs
        )
        return float(low[0]), float(high[0])
    rng = bootstrap.generator(sample.spec.name, asked.rng)
    drawn = bootstrap.resampled(columns, figure, asked.resamples, rng)
    if asked.method == "percentile":
        return bootstrap.percentile(drawn, asked.sure)
    return bootstrap.bca(drawn, estimate, bootstrap.without_each(columns, figure), asked.sure)


def _statistic(sample: Sample) -> Callable[[Array], Array]:
    scale, ratios = sample.sums.scale, bool(sample.sums.bottom)

    def figure(sums: Array) -> Array:
        return scale * ratio(sums[:, 0], sums[:, 1]) if ratios else scale * sums[:, 0]

    return figure


def _levels(sample: Sample, asked: Asked) -> Found:
    """Square and add, on the log scale, what each level's limits make of the figure."""
    spec, estimate = sample.spec, sample.estimate
    below, above = np.zeros(estimate.shape), np.zeros(estimate.shape)
    n = np.full(estimate.shape, np.inf)
    ends, few = [], np.full(estimate.shape, np.inf)
    for name, level in sample.levels.items():
        if level.sums.kind == "mean" and not level.known:
            continue  # a mean whose customers nobody knows is taken as known
        found = limits(level, asked._replace(method=method_of(level, None)))
        n, few = np.fmin(n, found.n), np.fmin(few, found.n_eff)
        at_ends = [_value(sample, name, end) for end in (found.low, found.high)]
        with np.errstate(divide="ignore", invalid="ignore"):
            ends.append((np.fmin(*at_ends), np.fmax(*at_ends)))
            below += np.square(np.log(estimate / ends[-1][0]))
            above += np.square(np.log(ends[-1][1] / estimate))
    if not ends:
        raise needs_customers(spec, "got totals")
    if len(ends) == 1:
        return _possible(sample, Found(*ends[0], n, few))
    low, high = estimate * np.exp(-np.sqrt(below)), estimate * np.exp(np.sqrt(above))
    return _possible(sample, Found(low, high, n, few))


def _value(sample: Sample, name: str, value: Array) -> Array:
    """Return the figure with one level moved; without a base it has no end."""
    least, most = sample.spec.inputs[name].quantity.low, sample.spec.inputs[name].quantity.high
    undefined = {"undefined": np.inf} if "undefined" in sample.spec.options else {}
    inputs = {**sample.values, name: np.clip(value, least, most), **undefined}
    size = sample.estimate.size
    inputs = {n: np.broadcast_to(v, size) if isinstance(v, np.ndarray) else v for n, v in inputs.items()}
    finite = np.isfinite(inputs[name])
    inputs[name] = np.where(finite, inputs[name], np.nan)
    found = np.asarray(sample.spec.function(**inputs), dtype=np.float64)
    return np.where(np.isposinf(np.broadcast_to(value, size)), _far(sample, name), found)


def _far(sample: Sample, name: str) -> float:
    """Return what a level without an end makes of the figure: nothing where it stands below the line."""
    return 0.0 if name in sample.spec.falls or name in sample.spec.base else np.inf


def _quantile(sample: Sample, sure: Confidence) -> Found:
    """Invert the log-log limits of the curve at one half (Brookmeyer and Crowley 1982)."""
    assert sample.rows is not None
    days, reached = sample.rows.columns["days"], sample.rows.columns["reached"] > 0
    n = np.array([float(days.size)])
    if not days.size:
        return Found(np.array([np.nan]), np.array([np.nan]), n, n)
    found = steps(days, reached)
    low, high = quantile_limits(found, found.waiting(), 50, sure, "log-log")
    return Found(np.array([low]), np.array([high]), n, n)


def notes_of(sample: Sample, found: Found, method: str) -> list[str]:
    """List what a reader should know of the intervals."""
    notes = list(sample.notes)
    kind = sample.sums.kind
    counted = kind in ("share", "trinomial", "exposure", "odds", "cost")
    if counted and not sample.customers and sample.rows is None:
        notes.append("counts are taken as independent; customer= tells whose they are")
    if sample.sums.reason:
        notes.append(sample.sums.reason)
    if kind == "levels":
        unknown = [n for n, level in sample.levels.items() if level.sums.kind == "mean" and not level.known]
        notes += [f"{n} is taken as known, as totals do not tell how much customers differ" for n in unknown]
    if sample.sums.answers and kind != "quantile":
        notes.append("who did not answer is not in it")
    few = np.fmin(found.n_eff, found.n) if np.isfinite(found.n).any() else found.n_eff
    if np.isfinite(few).any() and np.nanmin(few) < FEW_UNITS:
        notes.append(f"fewer than {FEW_UNITS} units stand behind it: read it with care")
    if np.isnan(found.low).any():
        undefined = np.isnan(sample.estimate) & np.isnan(found.low)
        why = "there is nothing to divide by" if undefined.all() else "one unit does not tell how much they differ"
        notes.append(f"no interval where {why}")
    if method in RESAMPLED and kind in ("money share", "net"):
        notes.append("with few customers the bootstrap is too narrow here")
    return notes
