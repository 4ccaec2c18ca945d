"""Which methods each kind of figure has, the default first, and the limits that they give, in the metric's unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from csmetrics._statistics.confidence import ratio
from csmetrics._statistics.customers import INDEPENDENT, needs_customers
from csmetrics._statistics.from_units import from_units
from csmetrics._statistics.kinds import KINDS, Asked, Found
from csmetrics._statistics.printed import FEW_UNITS
from csmetrics._statistics.quantile import median
from csmetrics._statistics.samples import Sample
from csmetrics.core._options import check_word
from csmetrics.core._sums import METHODS
from csmetrics.core._types import Array

RESAMPLED = ("percentile", "bca")
_FEW_GAINS = 10  # customers that gains of one size would come from, below which t covers less than it says
FROM_ROWS = ("jackknife", "linearised", *RESAMPLED)


def method_of(sample: Sample, method: Any) -> str:
    """Return the method that is asked for, or the default of the kind; refuse what the kind does not have."""
    kind = sample.sums.kind
    known = METHODS[kind]
    if method is None:
        return "linearised" if known[0] == "jackknife" and sample.rows is None else known[0]
    chosen: str = check_word(sample.spec.name, "method", method, known)
    return chosen


def limits(sample: Sample, asked: Asked) -> Found:
    """Return the limits of each figure: possible ones, that hold the figure itself."""
    kind, method = sample.sums.kind, asked.method
    if kind == "levels":
        return _levels(sample, asked)
    if kind == "quantile":
        return median(sample, asked.sure)
    unknown = not sample.known and not (kind == "net" and method == "square-and-add")
    if method in FROM_ROWS:
        if unknown or (sample.rows is None and method != "linearised"):
            raise needs_customers(sample.spec, "the rows are not known")
        found = from_units(sample, asked)
    elif unknown and (kind in ("mean", "money share", "sum") or sample.sums.rows):
        raise needs_customers(sample.spec, "got totals")
    else:
        found = KINDS[kind](sample, asked)
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


def _levels(sample: Sample, asked: Asked) -> Found:
    """Square and add, on the log scale, what each level's limits make of the figure."""
    spec, estimate = sample.spec, sample.estimate
    below, above = np.zeros(estimate.shape), np.zeros(estimate.shape)
    n = np.full(estimate.shape, np.inf)
    ends, few = [], np.full(estimate.shape, np.inf)
    for name, level in sample.levels.items():
        if level.sums.kind == "mean" and not level.known:
            continue  # a mean without known customers is taken as exact
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


def notes_of(sample: Sample, found: Found, method: str) -> list[str]:
    """List what a reader should know of the intervals."""
    notes = list(sample.notes)
    kind = sample.sums.kind
    counted = kind in ("share", "trinomial", "exposure", "odds", "cost")
    if counted and not sample.customers and sample.rows is None:
        notes.append(INDEPENDENT)
    if sample.sums.reason:
        notes.append(sample.sums.reason)
    if kind == "levels":
        unknown = [n for n, level in sample.levels.items() if level.sums.kind == "mean" and not level.known]
        notes += [f"{n} is taken as known, as totals do not tell how much customers differ" for n in unknown]
    if sample.sums.answers and kind != "quantile":
        notes.append("those who did not answer are not in it")
    few = np.fmin(found.n_eff, found.n) if np.isfinite(found.n).any() else found.n_eff
    if np.isfinite(few).any() and np.nanmin(few) < FEW_UNITS:
        notes.append(f"fewer than {FEW_UNITS} units stand behind it: read it with care")
    if kind in ("net", "ratio") and sample.known and _few_gains(sample):
        notes.append(f"fewer than {_FEW_GAINS} customers' worth of gains stand behind it: it is likely too narrow")
    nothing, undefined = np.isnan(found.low), np.isnan(sample.estimate)
    if (nothing & undefined).any():
        lacking = any(np.isnan(values).any() for values in sample.totals.values())
        notes.append(f"no interval where {'a value is missing' if lacking else 'there is nothing to divide by'}")
    if (nothing & ~undefined).any():
        why = "a single unit does not show how much units differ"
        if kind == "log ratio" and (found.n > 1).any():
            why = "no customer, or one alone, carries the gains or the losses"
        notes.append(f"no interval where {why}")
    if method in RESAMPLED and kind in ("money share", "net"):
        notes.append("with few customers the bootstrap is too narrow here")
    return notes


def _few_gains(sample: Sample) -> bool:
    """Check whether a few customers carry what is gained somewhere; t then covers less than it says."""
    gains = sample.moments(sample.sums.gains or sample.sums.top)
    return bool((ratio(gains.x * gains.x, gains.xx) < _FEW_GAINS).any())
