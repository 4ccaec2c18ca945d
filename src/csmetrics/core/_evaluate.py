"""The one place that brings a formula its numbers: checked, whatever their kind, a block or a row at a time.

Every formula has the same three lines::

    if ordinary[some_rate](undefined, a, b):
        return 100 * a / b + 0.0
    return evaluate(some_rate, undefined, a, b)

The first is the ordinary case, plain Python numbers that break nothing which `@metric` declares: it costs a fraction of
a microsecond (see `_guards`). Everything else (arrays, Series, Decimal, missing, zero denominators, bad input) goes to
`evaluate`, which checks against the declaration and comes back to the second line with ``undefined=CLEAN``. Arrays come
in blocks of float64. One number each comes as it is; so does a row of an array with an integer that floats do not add
exactly, and numbers that floats cannot add at all come as integers and fractions. ``+ 0.0`` takes the sign off a zero,
where there may be one. `share`, `rate` and `mean` are those three lines for two inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import inf, isfinite, nan
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics.core._guards import CLEAN, may_stand_in, ordinary
from csmetrics.core._kinds import aligned, as_float, is_scalar, number
from csmetrics.core._numeric import (
    BLOCK,
    LARGE,
    check,
    clamp,
    fill_value,
    least,
    most,
    percent,
    places,
    too_large,
    total,
    undefined_error,
)
from csmetrics.core._registry import REGISTRY, WHOLE, Registration
from csmetrics.core._types import Array

# Read as unsigned integers, floats up to LARGE are in order; negatives, -0.0, infinities and NaN come after them
LARGE_BITS: Final = int(np.array(LARGE).view(np.uint64))


def share(metric: Callable[..., Any], part: Any, whole: Any, undefined: Any) -> Any:
    """Percent that a part is of its whole."""
    # The guard written out: this is the body of most formulas, and a call more would be felt
    if (
        (undefined is nan or may_stand_in(undefined))
        and (type(part) is int or type(part) is float)
        and (type(whole) is int or type(whole) is float)
        and part >= 0
        and part < whole
        and whole <= WHOLE
    ):
        return 100 * part / whole + 0.0
    if ordinary[metric](undefined, part, whole):
        return percent(part, whole)
    return _evaluate(metric, undefined, (part, whole), {}, compute=_share, exact=False)


def rate(metric: Callable[..., Any], top: Any, bottom: Any, undefined: Any) -> Any:
    """Percent that one is of the other, not limited to 100."""
    if ordinary[metric](undefined, top, bottom):
        return 100 * top / bottom + 0.0
    return _evaluate(metric, undefined, (top, bottom), {}, exact=False)


def mean(metric: Callable[..., Any], total: Any, count: Any, undefined: Any) -> Any:
    """Total per one of the count."""
    if ordinary[metric](undefined, total, count):
        return total / count + 0.0
    return _evaluate(metric, undefined, (total, count), {}, exact=False)


def evaluate(metric: Callable[..., Any], undefined: Any, *values: Any, **options: Any) -> Any:
    """Check and compute a formula for inputs of any kind.

    Parameters
    ----------
    metric
        The registered formula. It is called back with ``undefined=CLEAN`` and float64 blocks, or the numbers of a row.
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
    return _evaluate(metric, undefined, values, options)


def _evaluate(
    metric: Callable[..., Any],
    undefined: Any,
    values: tuple[Any, ...],
    options: dict[str, Any],
    compute: Callable[[Registration, Any, Any, Any, Array], bool] | None = None,
    exact: bool = True,
) -> Any:
    """Do what `evaluate` does; without `exact`, integers of any size are taken as floats, as a quotient may."""
    spec = REGISTRY[metric.__name__]
    fill = fill_value(spec.name, undefined)
    given = dict(zip(spec.inputs, values, strict=True))
    if all(map(is_scalar, values)):
        row = {n: number(spec.name, n, v, spec.inputs[n].quantity) for n, v in given.items()}
        if any(row[n] is not v for n, v in given.items()):  # np.int64, Decimal, None, "yearly": call it again
            return metric(**row, **options, undefined=undefined)
        value = _one(spec, row, options)
        if value is None and isinstance(undefined, str):
            raise undefined_error(spec, "it is")
        return fill if value is None else value
    columns, shape, like = aligned(spec, given, exact)
    compute = compute or _at_once
    out = np.empty(shape).reshape(-1)
    empty: list[int] = []
    with np.errstate(divide="ignore", invalid="ignore", under="ignore", over="raise"):
        for at in range(0, out.size, BLOCK):
            pieces = {n: c if c.size == 1 else c[at : at + BLOCK] for n, c in columns.items()}
            blocks = {n: p if _is_words(spec, n) else p.astype(np.float64, copy=False) for n, p in pieces.items()}
            pieces = pieces if exact else blocks
            result = out[at : at + BLOCK]
            if not compute(spec, pieces, blocks, options, result):
                check(spec, columns, blocks, like)
                empty += [at + i for i in _careful(spec, pieces, blocks, options, result, fill)]
    if empty and isinstance(undefined, str):
        raise undefined_error(spec, places(len(empty), out.size, empty[0], like=like))
    if like is not None:
        return like._constructor(out, index=like.index, copy=False)
    return out.reshape(shape)


def _is_words(spec: Registration, name: str) -> bool:
    return bool(spec.inputs[name].quantity.choices)


def _one(spec: Registration, row: dict[str, Any], options: Any) -> float | None:
    """Check and compute for one number each; NaN where one is missing, None where there is no value."""
    columns = {n: np.array([v if _is_words(spec, n) else as_float(v)]) for n, v in row.items()}
    check(spec, columns, columns)
    if any(v is None or v != v for v in row.values()):
        return nan
    return _computed(spec, row, options)


def _computed(spec: Registration, row: dict[str, Any], options: Any) -> float | None:
    """Compute a formula for the numbers of one row, none of them missing; None where it has no value."""
    if any(_far(v) for n, v in row.items() if not _is_words(spec, n)):
        row = {n: v if _is_words(spec, n) else _exact(v) for n, v in row.items()}
    try:
        value = float(spec.function(**row, **options, undefined=CLEAN))
    except ZeroDivisionError:
        return None
    except OverflowError:
        value = inf
    if not isfinite(value):
        raise too_large(spec)
    low, high = spec.bounds
    return float(clamp(value, -inf if low is None else low, inf if high is None else high))


def _far(value: float) -> bool:
    """Check whether sums with a number may lose digits that it has, or pass what floats can hold."""
    return abs(value) > (LARGE if type(value) is float else WHOLE)


def _exact(value: float) -> Any:
    """Write a number so that it adds exactly, whatever stands beside it."""
    return int(value) if value == int(value) else Fraction(value)


def _share(spec: Registration, pieces: Any, blocks: Any, options: Any, out: Array) -> bool:
    """Do what `_at_once` does for `share`, in as few passes as can be."""
    part, whole = blocks.values()
    if not (most(part.view(np.uint64)) <= LARGE_BITS and most(whole.view(np.uint64)) <= LARGE_BITS):
        return False
    try:
        np.divide(np.multiply(part, 100, out=out), whole, out=out)
    except FloatingPointError:  # a part far larger than its whole
        return False
    peak = most(out)
    if peak > 99.99:
        out[part == whole] = 100  # and not 99.99999999999999
    return bool(peak <= 100)


def _at_once(spec: Registration, pieces: Any, blocks: Any, options: Any, out: Array) -> bool:
    """Compute a block into `out` and tell whether nothing about it needs care. Every test fails on NaN."""
    for name, block in blocks.items():
        if _is_words(spec, name):
            if _missing(block).any():
                return False
            continue
        quantity, limit = spec.inputs[name].quantity, _limit(pieces[name])
        if not (least(block) >= max(quantity.low, -limit) and most(block) <= min(quantity.high, limit)):
            return False
    if not all((total(rule.parts, blocks) <= total(rule.wholes, blocks)).all() for rule in spec.rules):
        return False
    try:
        out[...] = spec.function(**blocks, **options, undefined=CLEAN)
    except FloatingPointError:  # past all floats, at the end or on the way
        return False
    lower, upper = spec.bounds
    return bool(least(out) >= (-LARGE if lower is None else lower) and most(out) <= (LARGE if upper is None else upper))


def _missing(block: Any) -> Any:
    return pd.isna(block) if block.dtype == object else np.isnan(block)


def _limit(piece: Any) -> float:
    """Return the size up to which the numbers of a column are computed as floats, all at a time."""
    return LARGE if piece.dtype.kind == "f" else WHOLE


def _careful(spec: Registration, pieces: Any, blocks: Any, options: Any, out: Array, fill: float) -> list[int]:
    """Compute a block with missing values, empty denominators, large numbers or rounding at a bound.

    Return the places where there is no value.
    """
    missing, far = np.zeros(out.shape, bool), np.zeros(out.shape, bool)
    for name, block in blocks.items():
        missing |= _missing(block)
        if not _is_words(spec, name):
            far |= np.abs(block) > _limit(pieces[name])
    far &= ~missing
    if far.any():
        blocks = {n: b if _is_words(spec, n) else np.where(far, nan, b) for n, b in blocks.items()}
    low, high = spec.bounds
    try:
        result = spec.function(**blocks, **options, undefined=CLEAN)
        out[...] = clamp(result, -inf if low is None else low, inf if high is None else high)
    except FloatingPointError:
        far = ~missing
    for i in np.flatnonzero(far):
        row = {n: piece[i if piece.size > 1 else 0] for n, piece in pieces.items()}
        value = _computed(spec, {n: v.item() if isinstance(v, np.generic) else v for n, v in row.items()}, options)
        out[i] = inf if value is None else value
    empty = ~np.isfinite(out) & ~missing
    out[empty] = fill
    out[missing] = nan
    return np.flatnonzero(empty).tolist()
