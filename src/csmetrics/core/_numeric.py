"""The one place that checks inputs, knows the kinds and sets the rule for empty denominators.

A formula has three lines::

    if plain(a, b) and b > SMALL or undefined is CLEAN:
        return 100 * a / b
    return evaluate(some_rate, undefined, a, b)

The first is the ordinary case, plain Python numbers that break no rule: it costs a fraction of a microsecond.
Everything else (arrays, Series, Decimal, missing, zero denominators, bad input) goes to `evaluate`, which checks
against what `@metric` declared and comes back to the same formula with ``undefined=CLEAN`` and blocks of float64.
`share`, `rate` and `mean` are those three lines for two inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from math import inf, isfinite, nan
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics.core._kinds import aligned, is_scalar, number
from csmetrics.core._registry import REGISTRY, Quantity, Registration, parameters
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, UndefinedMetricError, shown

NUMBERS: Final = frozenset((int, float))
LARGE: Final = 1e150  # ordinary numbers lie between these, so that no formula overflows on them
SMALL: Final = 1e-150
BLOCK: Final = 131072  # values worked on at a time: their float64 blocks stay in the cache
# Read as unsigned integers, floats up to LARGE are in order, and negatives, infinities and NaN come after them
LARGE_BITS: Final = int(np.array(LARGE).view(np.uint64))
least, most = np.minimum.reduce, np.maximum.reduce  # NaN where there is one
TOLERANCE: Final = 1e-10  # by which a sum of parts may exceed its whole: the rounding of long float sums


class _Clean(float):
    """The value of `undefined` by which `evaluate` tells a formula that its inputs are clean float64 blocks."""

    __slots__ = ()


CLEAN: Final = _Clean()


def plain(*values: Any) -> bool:
    """Tell whether all are Python numbers of ordinary size, none of them negative."""
    for value in values:  # noqa: SIM110 - a generator would double the time of a call
        if type(value) not in NUMBERS or not 0 <= value <= LARGE:
            return False
    return True


def share(metric: Callable[..., Any], part: Any, whole: Any, undefined: Any) -> Any:
    """Percent that a part is of its whole."""
    if type(part) in NUMBERS and type(whole) in NUMBERS and 0 <= part < whole <= LARGE or undefined is CLEAN:
        return 100 * part / whole
    if plain(part, whole) and part == whole > 0:
        return 100.0  # and not 100 * part / whole, which may be 100.00000000000001
    return _evaluate(metric, undefined, (part, whole), {}, _share)


def rate(metric: Callable[..., Any], top: Any, bottom: Any, undefined: Any) -> Any:
    """Percent that one is of the other, not limited to 100."""
    if plain(top, bottom) and bottom > SMALL or undefined is CLEAN:
        return 100 * top / bottom
    return evaluate(metric, undefined, top, bottom)


def mean(metric: Callable[..., Any], total: Any, count: Any, undefined: Any) -> Any:
    """Total per one of the count."""
    if plain(total, count) and count > SMALL or undefined is CLEAN:
        return total / count
    return evaluate(metric, undefined, total, count)


def percent(top: Any, bottom: Any) -> Any:
    """Percent for a `top` between -bottom and bottom: 100 where they are equal, never past it by rounding."""
    value = 100 * top / bottom
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


def evaluate(metric: Callable[..., Any], undefined: Any, *values: Any, **options: Any) -> Any:
    """Check and compute a formula for inputs of any kind.

    Parameters
    ----------
    metric
        The registered formula. It is called back with ``undefined=CLEAN`` and float64 blocks.
    undefined
        What the caller of the formula gave.
    *values
        The formula's inputs, in their order.
    **options
        The formula's options, passed back to it.

    Returns
    -------
    float, ndarray or Series
        The kind of the inputs.
    """
    return _evaluate(metric, undefined, values, options, _ordinary)


def _evaluate(
    metric: Callable[..., Any],
    undefined: Any,
    values: tuple[Any, ...],
    options: dict[str, Any],
    ordinary: Callable[[Registration, Any, Any, Array], bool],
) -> Any:
    spec = REGISTRY[metric.__name__]
    fill = fill_value(spec.name, undefined)
    given = dict(zip(spec.inputs, values, strict=True))
    one = all(map(is_scalar, values))
    if one:
        numbers = {n: number(spec.name, n, v, spec.inputs[n].quantity) for n, v in given.items()}
        if any(type(numbers[n]) is not type(v) for n, v in given.items()):  # np.int64, Decimal, None: again, as numbers
            return metric(**numbers, **options, undefined=undefined)
    columns, shape, like = aligned(spec, given)
    out = np.empty(shape).reshape(-1)
    empty: list[int] = []
    with np.errstate(divide="ignore", invalid="ignore", under="ignore", over="raise"):
        for at in range(0, out.size, BLOCK):
            blocks = {n: _block(column, at) for n, column in columns.items()}
            piece = out[at : at + BLOCK]
            if not ordinary(spec, blocks, options, piece):
                check(spec, columns, blocks, like)
                empty += [at + i for i in _careful(spec, blocks, options, piece, fill)]
    if empty and isinstance(undefined, str):
        raise undefined_error(spec, "it is" if one else places(len(empty), out.size, empty[0], like=like))
    if like is not None:
        return like._constructor(out, index=like.index, copy=False)
    return float(out[0]) if one else out.reshape(shape)


def fill_value(metric: str, undefined: Any) -> float:
    """Give the number that stands for "no value here"."""
    if isinstance(undefined, str) and str.__str__(undefined) == "raise":
        return nan
    if isinstance(undefined, (int, float, np.integer, np.floating)) and not isinstance(
        undefined, (bool, np.timedelta64)
    ):
        with suppress(OverflowError):  # an int past 1e308
            return float(undefined)
    rule, found = "must be a number or 'raise'", f"got {shown(undefined)}"
    raise MetricInputError(metric, "undefined", rule, found, "nan is the default")


def undefined_error(spec: Registration, found: str) -> UndefinedMetricError:
    """Make the error for an empty denominator."""
    hint = "leave undefined=nan, or give the number to put there"
    return UndefinedMetricError(spec.name, spec.base, "must not be 0", found, hint)


def places(bad: int, size: int, first: int, value: Any = None, like: pd.Series[Any] | None = None) -> str:
    """Say how many values break a rule and where the first stands; its label, too, where a Series has other labels."""
    label = "" if like is None or isinstance(like.index, pd.RangeIndex) else f", label {shown(like.index[first])}"
    which = "" if value is None else f" ({value})"
    return f"{bad} of {size} values break it, first at position {first}{which}{label}"


def _block(column: Any, at: int) -> Any:
    piece = column if column.size == 1 else column[at : at + BLOCK]
    return piece if piece.dtype == object else piece.astype(np.float64, copy=False)


def _total(names: tuple[str, ...], blocks: Any) -> Any:
    first, *others = names
    return sum((blocks[n] for n in others), start=blocks[first])


def _call(spec: Registration, blocks: Any, options: Any) -> Any:
    try:
        return spec.function(**blocks, **options, undefined=CLEAN)
    except FloatingPointError:
        names = ", ".join(spec.inputs)
        rule, found = "must be small enough to compute", "the result is past 1e308"
        raise MetricInputError(spec.name, names, rule, found) from None


def _share(spec: Registration, blocks: Any, options: Any, out: Array) -> bool:
    """Do what `_ordinary` does for `share`, in as few passes as can be."""
    part, whole = blocks.values()
    if not (least(part) >= 0 and most(whole.view(np.uint64)) <= LARGE_BITS):
        return False
    try:
        np.divide(np.multiply(part, 100, out=out), whole, out=out)
    except FloatingPointError:  # a part far larger than its whole
        return False
    peak = most(out)
    if peak > 99.99:
        out[part == whole] = 100  # and not 99.99999999999999
    return bool(peak <= 100)


def _ordinary(spec: Registration, blocks: Any, options: Any, out: Array) -> bool:
    """Compute a block into `out` and tell whether nothing about it needs care. Every test fails on NaN."""
    for name, block in blocks.items():
        low, high = _limits(spec.inputs[name].quantity)
        if _missing(block).any() if block.dtype == object else not (least(block) >= low and most(block) <= high):
            return False
    if not all((_total(rule.parts, blocks) <= _total(rule.wholes, blocks)).all() for rule in spec.rules):
        return False
    out[...] = _call(spec, blocks, options)
    lower, upper = spec.bounds
    return bool(least(out) >= (-LARGE if lower is None else lower) and most(out) <= (LARGE if upper is None else upper))


def _missing(block: Any) -> Any:
    return pd.isna(block) if block.dtype == object else np.isnan(block)


def _limits(quantity: Quantity) -> tuple[float, float]:
    return max(quantity.low, -LARGE), min(quantity.high, LARGE)


def _careful(spec: Registration, blocks: Any, options: Any, out: Array, fill: float) -> list[int]:
    """Compute a block with missing values, empty denominators or rounding at a bound; give its undefined places."""
    missing = np.zeros(out.shape, bool)
    for block in blocks.values():
        missing |= _missing(block)
    result = np.broadcast_to(_call(spec, blocks, options), out.shape)
    empty = ~np.isfinite(result) & ~missing
    low, high = spec.bounds
    out[...] = clamp(result, -inf if low is None else low, inf if high is None else high)
    out[empty] = fill
    out[missing] = nan
    return np.flatnonzero(empty).tolist()


def check(spec: Registration, columns: Any, blocks: Any, like: pd.Series[Any] | None = None) -> None:
    """Refuse what cannot be right. A block that breaks a rule has the whole columns looked through for the message."""
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
        if _exceeds(_total(limit.parts, blocks), _total(limit.wholes, blocks)).any():
            whole = {n: c.astype(np.float64) for n, c in columns.items() if n in limit.parts + limit.wholes}
            parts, wholes = np.broadcast_arrays(_total(limit.parts, whole), _total(limit.wholes, whole))
            bad = _exceeds(parts, wholes)
            first = int(np.flatnonzero(bad)[0])
            part, base, names = show(parts[first]), show(wholes[first]), " + ".join(limit.wholes)
            some = f"{places(int(bad.sum()), bad.size, first, part, like)}, where `{names}` is {base}"
            found = f"got {part} > {base}" if bad.size == 1 else some
            rule = f"must be <= `{names}`"
            raise MetricInputError(spec.name, " + ".join(limit.parts), rule, found, limit.hint)


def _outside(values: Any, quantity: Quantity) -> Any:
    return np.isinf(values) | (values < quantity.low) | (values > quantity.high)


def _exceeds(parts: Any, wholes: Any) -> Any:
    return parts - wholes > TOLERANCE * np.abs(wholes)


def show(value: Any) -> str:
    """Write a number as a person would: 501, not 501.0."""
    return f"{value:.15g}"
