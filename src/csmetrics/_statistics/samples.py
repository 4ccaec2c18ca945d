"""What an interval is made of: the totals of each figure and, where they are known, the units behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._statistics.confidence import ratio
from csmetrics._statistics.sums import Moments
from csmetrics.core._registry import Registration
from csmetrics.core._sums import Sampled, Terms
from csmetrics.core._types import Array

Pair = tuple[str, str]


@dataclass(frozen=True)
class Rows:
    """One row per unit: the figure that it belongs to, and its part of each total."""

    place: Any
    columns: dict[str, Array]
    groups: int
    owner: Any = None  # the customer of each row, where customers are told apart

    def sum(self, values: Array) -> Array:
        """Add values up by figure."""
        if self.groups == 1:
            return np.array([values.sum()], dtype=np.float64)
        return np.bincount(self.place, values, self.groups).astype(np.float64, copy=False)

    def count(self, flags: Any) -> Array:
        """Count units by figure."""
        return np.bincount(self.place[flags], minlength=self.groups).astype(np.float64)


@dataclass(frozen=True)
class Sample:
    """Some figures of one metric, and what is known of the units behind each.

    Attributes
    ----------
    spec, sums
        The metric, and the sums behind it.
    estimate
        The figures, in the metric's unit.
    index
        What the figures belong to; None where it is one.
    totals
        Each total, one value per figure.
    rows
        The units, where they are known.
    squares
        Sums over the units of the products of two totals, where those are known and not the units.
    counted
        How many units, where only their squares are known.
    customers
        Whether a unit is a customer who may have given several answers.
    weighted
        Whether answers weigh differently.
    scale
        Between which values one answer lies.
    levels
        The samples behind the inputs that are metrics.
    values
        The inputs of the metric, for those that are made of levels.
    """

    spec: Registration
    sums: Sampled
    estimate: Array
    index: pd.Index[Any] | None = None
    totals: dict[str, Array] = field(default_factory=dict)
    rows: Rows | None = None
    squares: Mapping[Pair, Array] | None = None
    counted: Array | None = None
    customers: bool = False
    weighted: bool = False
    scale: tuple[float, float] | None = None
    levels: dict[str, Sample] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the spread of the units is known."""
        return self.rows is not None or self.squares is not None

    @property
    def units(self) -> Array:
        """How many units each figure has; NaN where that is not known."""
        if self.rows is not None:
            part = [self.column(terms) != 0 for terms in (self.sums.bottom, self.sums.top) if terms]
            return self.rows.count(np.logical_or.reduce(part))
        return np.full(self.estimate.shape, np.nan) if self.counted is None else self.counted

    def total(self, terms: Terms) -> Array:
        """Add totals up, with their signs."""
        if [*terms.values()] == [1]:
            return self.totals[next(iter(terms))]
        return sum((sign * self.totals[name] for name, sign in terms.items()), start=np.zeros(self.estimate.shape))

    def column(self, terms: Terms) -> Array:
        """Add the columns of the units up, with their signs."""
        assert self.rows is not None
        first = next(iter(self.rows.columns.values()))
        return sum((sign * self.rows.columns[name] for name, sign in terms.items()), start=np.zeros(first.shape))

    def moments(self, top: Terms | None = None, bottom: Terms | None = None) -> Moments:
        """Return the sums over units; each unit of a plain count is one, and has it or not."""
        top = self.sums.top if top is None else top
        bottom = self.sums.bottom if bottom is None else bottom
        x, y = self.total(top), self.total(bottom)
        if self.rows is not None:
            one, other = self.column(top), self.column(bottom)
            return Moments(x, y, *(self.rows.sum(v) for v in (one * one, one * other, other * other)))
        if self.squares is not None:
            return Moments(x, y, *(self._products(a, b) for a, b in ((top, top), (top, bottom), (bottom, bottom))))
        if self.sums.kind == "trinomial":
            return Moments(x, y, self.total(dict.fromkeys(top, 1)), x, y)
        if self.sums.kind == "net":  # counts: who is gained was no part of the base
            inside = 0 if set(top) == set(self.sums.gains) else x
            return Moments(x, y, np.abs(x), inside, y)
        return Moments(x, y, x, x, y)

    def _products(self, one: Terms, other: Terms) -> Array:
        assert self.squares is not None
        found = np.zeros(self.estimate.shape)
        for a, s in one.items():
            for b, t in other.items():
                product = self.squares.get((a, b), self.squares.get((b, a)))
                found = found + (0.0 if product is None else s * t * product)  # what is left out is always 0
        return found

    def spread(self) -> Array:
        """Return the variance of one answer."""
        whole = self.total(self.sums.bottom)
        value = ratio(self.total(self.sums.top), whole)
        if self.sums.kind == "trinomial":
            some = self.total(dict.fromkeys(self.sums.top, 1))
            return ratio(some, whole) - value * value
        return value * (1 - value)

    def at(self, figure: int) -> Sample:
        """Return the sample of one figure."""
        return replace(self.pick(np.array([figure], dtype=np.intp)), index=None)

    def pooled(self, place: Any, figures: int) -> Sample:
        """Return the sample of fewer figures: `place` says to which one each belongs. Their estimates are left out."""

        def add(values: Array) -> Array:
            return np.bincount(place, values, figures).astype(np.float64, copy=False)

        rows = self.rows
        return replace(
            self,
            estimate=np.full(figures, np.nan),
            index=None,
            totals={name: add(values) for name, values in self.totals.items()},
            rows=None if rows is None else replace(rows, place=place[rows.place], groups=figures),
            squares=None if self.squares is None else {pair: add(v) for pair, v in self.squares.items()},
            counted=None if self.counted is None else add(self.counted),
        )

    def pick(self, figures: Any) -> Sample:
        """Return the sample of some figures, in this order."""
        rows = self.rows
        if np.array_equal(figures, np.arange(self.estimate.size)):
            return self
        if rows is not None and (rows.groups > 1 or figures.size != 1):
            new = np.full(rows.groups, -1, np.intp)
            new[figures] = np.arange(figures.size)
            place = new[rows.place]
            kept = place >= 0
            columns = {name: values[kept] for name, values in rows.columns.items()}
            owner = None if rows.owner is None else rows.owner[kept]
            rows = Rows(place[kept], columns, figures.size, owner)
        size = self.estimate.size
        return replace(
            self,
            estimate=self.estimate[figures],
            index=None if self.index is None else self.index[figures],
            totals={name: values[figures] for name, values in self.totals.items()},
            rows=rows,
            squares=None if self.squares is None else {pair: v[figures] for pair, v in self.squares.items()},
            counted=None if self.counted is None else self.counted[figures],
            levels={name: level.pick(figures) for name, level in self.levels.items()},
            values={n: v[figures] if np.shape(v) == (size,) else v for n, v in self.values.items()},
        )
