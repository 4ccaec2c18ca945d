"""What formulas share: percentages, bounds, the checks of their inputs, and what their errors say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from math import expm1, isfinite, log1p, nan
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics.core._registry import Quantity, Registration, Rule, parameters
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, UndefinedMetricError, shown

LARGE: Final = 1e150  # floats up to here are multiplied and added as they are: no formula overflows on them
BLOCK: Final = 131072  # values worked on at a time: their float64 blocks stay in the cache
least, most = np.minimum.reduce, np.maximum.reduce  # NaN where there is one
TOLERANCE: Final = 1e-10  # by which a sum of parts may exceed its whole: the rounding of long float sums


def percent(top: Any, bottom: Any) -> Any:
    """Percent for a `top` between -bottom and bottom: 100 where they are equal, never past it by rounding."""
    value = 100 * top / bottom + 0.0
    if isinstance(value, np.ndarray):
        return np.where((top == bottom) & (bottom != 0), 100.0, value)  # the bounds are seen to by `evaluate`
    return 100.0 if top == bottom else clamp(value, -100, 100)


def percents(part: Array, whole: Array) -> Array:
    """Percent of each, not limited to 100; NaN where the whole is not above 0, or either is missing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, 100 * part / whole, nan)


def rival(function: Callable[..., Any], given: Mapping[str, Any]) -> float | None:
    """Compute a rival definition: NaN where it has no value, None where it needs an input that is not given."""
    needed = parameters(function)
    if not needed.keys() <= given.keys():
        return None
    try:
        value = float(function(*(given[name] for name in needed)))
    except (ArithmeticError, TypeError):  # an empty denominator, a missing input
        return nan
    return value if isfinite(value) else nan


def clamp(value: Any, low: float, high: float) -> Any:
    """Keep a number, or the finite ones of an array, between two bounds."""
    if isinstance(value, np.ndarray):
        return np.where(np.isfinite(value), np.clip(value, low, high), value)
    return low + 0.0 if value < low else high + 0.0 if value > high else value


def compounded(rate: Any, periods: Any) -> Any:
    """Growth over several periods that each grow by the same rate, as fractions; a rate near 0 keeps its digits."""
    if isinstance(rate, np.ndarray) or isinstance(periods, np.ndarray):
        return np.where(rate == -1, -1.0 * (periods > 0), np.expm1(periods * np.log1p(rate)))
    return expm1(periods * log1p(rate)) if float(rate) > -1 else -1.0 * (periods > 0)


def fill_value(metric: str, undefined: Any) -> float:
    """Return the number that stands for "no value here"."""
    if isinstance(undefined, str) and str.__str__(undefined) == "raise":
        return nan
    if isinstance(undefined, (int, float, Decimal, Fraction, np.integer, np.floating)) and not isinstance(
        undefined, (bool, np.timedelta64)
    ):
        with suppress(OverflowError, ValueError):  # an int past 1e308, a signalling NaN
            return float(undefined)
    rule, found = "must be a number or 'raise'", f"got {shown(undefined)}"
    near = isinstance(undefined, str) and get_close_matches(undefined.lower()[:8], ["raise"])
    raise MetricInputError(metric, "undefined", rule, found, "did you mean 'raise'?" if near else "nan is the default")


def undefined_error(spec: Registration, found: str) -> UndefinedMetricError:
    """Make the error for an empty denominator."""
    hint = "leave undefined=nan, or give the number to put there"
    return UndefinedMetricError(spec.name, spec.base, "must not be 0", found, hint)


def places(bad: int, size: int, first: int, value: Any = None, like: pd.Series[Any] | None = None) -> str:
    """Say how many values break a rule and where the first stands; its label, too, where a Series has other labels."""
    label = "" if like is None or isinstance(like.index, pd.RangeIndex) else f", label {shown(like.index[first])}"
    which = "" if value is None else f" ({value})"
    return f"{bad} of {size} values break it, first at position {first}{which}{label}"


def too_large(spec: Registration) -> MetricInputError:
    """Make the error for a result past all floats."""
    rule, found = "must be small enough to compute", "the result is past 1e308"
    return MetricInputError(spec.name, ", ".join(spec.inputs), rule, found)


def check(spec: Registration, columns: Any, blocks: Any, like: pd.Series[Any] | None = None) -> None:
    """Reject what cannot be right. A block that breaks a rule has the whole columns looked through for the message."""
    for name in spec.inputs:
        quantity = spec.inputs[name].quantity
        if not quantity.choices and _outside(blocks[name], quantity).any():
            values = columns[name].astype(np.float64)
            bad = _outside(values, quantity)
            first = int(np.flatnonzero(bad)[0])
            rule = quantity.rule if np.isfinite(values[first]) else "must be finite"
            value = show(columns[name][first])
            found = f"got {value}" if bad.size == 1 else places(int(bad.sum()), bad.size, first, value, like)
            raise MetricInputError(spec.name, name, rule, found, quantity.hint)
    with np.errstate(over="ignore", invalid="ignore"):  # a sum past 1e308 exceeds what is finite
        _check_rules(spec, columns, blocks, like)


def _check_rules(spec: Registration, columns: Any, blocks: Any, like: pd.Series[Any] | None) -> None:
    for limit in spec.rules:
        if _exceeds(limit, blocks).any():
            whole = {n: c.astype(np.float64) for n, c in columns.items() if n in limit.parts + limit.wholes}
            parts, wholes = np.broadcast_arrays(total(limit.parts, whole), total(limit.wholes, whole))
            bad = _exceeds(limit, whole)
            first = int(np.flatnonzero(bad)[0])
            part, base, names = show(parts[first]), show(wholes[first]), " + ".join(limit.wholes)
            some = f"{places(int(bad.sum()), bad.size, first, part, like)}, where `{names}` is {base}"
            found = f"got {part} > {base}" if bad.size == 1 else some
            rule = f"must be <= `{names}`"
            raise MetricInputError(spec.name, " + ".join(limit.parts), rule, found, limit.hint)


def total(names: tuple[str, ...], blocks: Any) -> Any:
    """Add several inputs, in their order."""
    first, *others = names
    return sum((blocks[n] for n in others), start=blocks[first])


def _outside(values: Any, quantity: Quantity) -> Any:
    return np.isinf(values) | (values < quantity.low) | (values > quantity.high)


def _exceeds(limit: Rule, blocks: Any) -> Any:
    parts, wholes = total(limit.parts, blocks), total(limit.wholes, blocks)
    far = np.isinf(parts) & np.isinf(wholes)
    if far.any():  # both past all floats, which an eighth of them is not
        eighth = {n: blocks[n] / 8 for n in limit.parts + limit.wholes}
        parts, wholes = (
            np.where(far, total(limit.parts, eighth), parts),
            np.where(far, total(limit.wholes, eighth), wholes),
        )
    return parts - wholes > TOLERANCE * np.abs(wholes)


def show(value: Any) -> str:
    """Write a number as a person would: 501, not 501.0."""
    return f"{value:.15g}"
