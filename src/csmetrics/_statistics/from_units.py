"""Limits that the spread of the units gives, for any ratio of sums: jackknife, linearised, resampled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from csmetrics._statistics import bootstrap
from csmetrics._statistics.confidence import Confidence, ratio
from csmetrics._statistics.kinds import Asked, Found
from csmetrics._statistics.samples import Sample
from csmetrics._statistics.shares import Limits
from csmetrics._statistics.sums import around
from csmetrics.core._types import Array


def from_units(sample: Sample, asked: Asked) -> Found:
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
