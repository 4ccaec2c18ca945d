"""An interval and a comparison, and how they print."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

import numpy as np

from csmetrics._statistics.printed import Printed, behind, between, counted, figure, p_equals, signed


@dataclass(frozen=True, repr=False, eq=False)
class Interval(Printed):
    """A figure and how sure it is. Printed it is text, in a notebook HTML, `as_dict()` is for services.

    Attributes
    ----------
    estimate, low, high : float
        The figure and its limits, in the metric's unit; NaN where it has no value, inf where nothing limits it.
    n, n_eff : float
        How many answers, counts or customers stand behind it, and how many independent ones they are worth.
    confidence : float
        Percent.
    method : str
        How the limits were made.
    notes : tuple of str
        What a reader should know.
    metric, unit : str
        The metric and its unit.
    """

    estimate: float
    low: float
    high: float
    n: float
    n_eff: float
    confidence: float
    method: str
    notes: tuple[str, ...] = ()
    metric: str = ""
    unit: str = ""

    def __str__(self) -> str:
        worth = "" if self.n_eff == self.n or isnan(self.n_eff) else f", worth {counted(self.n_eff)} independent ones"
        behind = f"n = {counted(self.n)}{worth}" if not isnan(self.n) else f"worth {counted(self.n_eff)} units"
        limits = f"{self.confidence:g} % interval {between(self.low, self.high)}"
        lines = [f"{self.metric} {figure(self.estimate, self.unit)}, {limits} ({self.method}, {behind})"]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])


@dataclass(frozen=True)
class RateRatio:
    """How many times the rate before the one after is, with its own exact interval and p-value.

    Attributes
    ----------
    ratio, low, high : float
        The rate after over the rate before, and its limits.
    p_value : float
        Twice the smaller tail, given the events of both.
    method : str
        How the limits were made.
    """

    ratio: float
    low: float
    high: float
    p_value: float
    method: str = "exact conditional"


@dataclass(frozen=True, repr=False, eq=False)
class Comparison(Printed):
    """A change, after minus before, and whether it may be chance.

    Attributes
    ----------
    difference, low, high : float
        The change and its limits, in the metric's unit.
    p_value : float
        1 minus the largest confidence at which the interval excludes 0, so that the two never disagree.
    method : str
        How the limits were made.
    confidence : float
        Percent.
    before, after : float
        The two figures.
    n_before, n_after : float
        How many answers, counts or customers stand behind each.
    metric, unit : str
        The metric and its unit.
    statistic : float
        The statistic of a test with one, such as chi-squared.
    ratio : RateRatio or None
        For rates per exposure, how many times the one before.
    notes : tuple of str
        What a reader should know.
    """

    difference: float
    low: float
    high: float
    p_value: float
    method: str
    confidence: float = 95.0
    before: float = np.nan
    after: float = np.nan
    n_before: float = np.nan
    n_after: float = np.nan
    metric: str = ""
    unit: str = ""
    statistic: float = np.nan
    ratio: RateRatio | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        figures = f"{figure(self.before)} to {figure(self.after, self.unit)}"
        limits = f"{self.confidence:g} % interval {between(self.low, self.high)}"
        changed = f"{self.metric} {figures}: {signed(self.difference)}, {limits}, p {p_equals(self.p_value)}"
        lines = [f"{changed} ({self.method}{behind(self.n_before, self.n_after)})", self._verdict()]
        if self.ratio is not None:
            r = self.ratio
            lines.append(f"{figure(r.ratio)} times the rate before {between(r.low, r.high)}, p {p_equals(r.p_value)}")
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])

    def _verdict(self) -> str:
        if isnan(self.low) or isnan(self.high):
            return "Whether that is more than chance cannot be told from its interval."
        if self.low > 0 or self.high < 0:
            return f"More than chance alone, at {self.confidence:g} % confidence."
        return "It may be chance: no change at all is among what is likely."
