"""Money as whole numbers of a small unit, so that what comes and goes adds up to nothing, to the last digit."""

from __future__ import annotations

from typing import Any

import numpy as np

SCALES = (1, 100, 10_000)  # whole amounts, two decimals, four decimals
BITS = 62  # sums of the units stay below 2 to this power


def to_units(values: Any) -> tuple[Any, Any]:
    """Bring amounts to int64 units.

    Integers are their own units. Floats with up to four decimals become hundredths or ten-thousandths, exactly; others
    become a power of two as small as their sum allows, which is finer than the rounding of a float64 sum.

    Returns
    -------
    units : ndarray
        int64; None where the amounts add up too high for it.
    scale : int or float
        Units of an amount of 1.
    """
    total = float(np.abs(values).sum(dtype=np.float64))
    if not total < 2.0**BITS:
        return None, 1
    if values.dtype.kind == "i":
        return values, 1
    for scale in SCALES:
        units = values * scale
        if total * scale < 2.0**BITS and is_whole(np.abs(units)).all():
            return np.rint(units).astype(np.int64), scale
    power = binary_scale(total)
    return np.rint(values * power).astype(np.int64), power


def is_whole(units: Any) -> Any:
    """Mark which are whole, but for the rounding of their decimals to float64 and of one product.

    None is negative. An array, or an engine's expression.
    """
    rest, rounding = units - units.round(), units * 2.0**-51
    return (rest <= rounding) & (rest >= -1 * rounding)


def binary_scale(total: float) -> float:
    """Return the power of two that lets amounts with this sum stay below 2 to the power of `BITS`."""
    _, exponent = np.frexp(total)
    return float(2.0 ** (BITS - int(exponent)))


def back(units: Any, scale: Any) -> Any:
    """Return amounts for units."""
    return units / scale


def back_squared(units: Any, scale: float | None) -> Any:
    """Return products of two amounts in their own unit, as floats."""
    return units if scale is None else units / (float(scale) * float(scale))
