"""An interval and a comparison, and how they print."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from html import escape
from math import isfinite, isinf, isnan
from typing import Any

import numpy as np

SIGNS = {"percent": " %", "pp": " pp", "points": " points", "days": " days", "periods": " periods"}
FEW = 6  # digits of a figure in a sentence
FEW_UNITS = 30  # below which a note says that they are few


def figure(value: float, unit: str = "") -> str:
    """Write a figure as a person would."""
    if isnan(value):
        return "no value"
    if isinf(value):
        return "without end" if value > 0 else "without beginning"
    digits = f"{value:,.2f}" if abs(value) >= 1000 else f"{value:.{FEW - 1}g}"
    if abs(value) < 1000 and "e" not in digits and len(digits.partition(".")[2]) > 2:
        digits = f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"
    digits = digits.rstrip("0").rstrip(".") if "." in digits and "e" not in digits else digits
    return f"{'0' if digits == '-0' else digits}{SIGNS.get(unit, '')}"


def signed(value: float, unit: str = "") -> str:
    """Write a change with its sign."""
    return f"+{figure(value, unit)}" if value > 0 else figure(value, unit)


def named(label: Any) -> str:
    """Write a segment or a group."""
    return " / ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def between(low: float, high: float) -> str:
    """Write two limits."""
    return f"[{figure(low)}, {figure(high)}]"


def p_text(p: float) -> str:
    """Write a p-value; a very small one is only called that."""
    return "unknown" if isnan(p) else "< 0.0001" if p < 0.0001 else f"{p:.2g}" if p < 0.001 else f"{p:.3f}"


def counted(value: float) -> str:
    """Write how many units there are."""
    if not isfinite(value):
        return "unknown"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def behind(before: float, after: float) -> str:
    """Write how many units stand behind two figures, where that is known."""
    if not (isfinite(before) and isfinite(after)):
        return ""
    return f", n = {counted(before)} each" if before == after else f", n = {counted(before)} and {counted(after)}"


def plain(value: Any) -> Any:
    """Return what JSON can hold: no NaN and no infinity, which are None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    return value if not isinstance(value, float) or isfinite(value) else None


class Printed:
    """What prints as text, in a notebook as HTML, and has plain data for services."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        first, *rest = str(self).split("\n")
        lines = "".join(f"<br>{escape(line)}" for line in rest if line)
        return f"<p><b>{escape(first)}</b>{lines}</p>"

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, ready for JSON.

        Returns
        -------
        dict
            The attributes by name; what has no value, or no end, is None.
        """
        found: dict[str, Any] = plain(self)
        return found


@dataclass(frozen=True, repr=False)
class Interval(Printed):
    """A figure and how sure it is. Printed it is text, in a notebook HTML, `as_dict()` is for services.

    Attributes
    ----------
    estimate, low, high : float
        The figure and its limits, in the metric's unit; NaN where there is none, inf where nothing limits it.
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


@dataclass(frozen=True, repr=False)
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


def p_equals(p: float) -> str:
    """Write a p-value behind its letter: "= 0.04", "< 0.0001"."""
    text = p_text(p)
    return text if text.startswith("<") else f"= {text}"
