"""Money in whole units: exact with decimals, and amounts that come and go add up to 0."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from csmetrics.core._money import BITS, back, binary_scale, is_whole, to_units


@pytest.mark.parametrize(
    ("amounts", "units", "scale"),
    [
        ([3.0, 0.0, 250.0], [3, 0, 250], 1),
        ([0.1, 0.29, 19.99], [10, 29, 1999], 100),
        ([0.1, 4.35, 1e10 + 0.07], [10, 435, 1_000_000_000_007], 100),
        ([0.1, 0.1234, 1.005], [1000, 1234, 10_050], 10_000),
        ([0.0], [0], 1),
        ([], [], 1),
        ([2.0**61], [2**61], 1),
        ([2.0**55 + 8, 1.0], [2**55 + 8, 1], 1),
    ],
)
def test_decimals_become_whole_units(amounts: list[float], units: list[int], scale: int) -> None:
    got, factor = to_units(np.array(amounts))
    assert got.dtype == np.int64
    assert (got.tolist(), factor) == (units, scale)
    assert back(got, factor).tolist() == amounts


def test_integers_are_their_own_units() -> None:
    for dtype in (np.int64, np.int8):
        amounts = np.array([5, 0, 120], dtype=dtype)
        units, scale = to_units(amounts)
        assert units is amounts
        assert scale == 1
    units, scale = to_units(np.array([5, 0, 120], dtype=np.uint8))  # losses are subtracted, so they need a sign
    assert (units.dtype, units.tolist(), scale) == (np.int64, [5, 0, 120], 1)


@pytest.mark.parametrize("size", [1e-6, 1 / 3, 1.0, 1e9, 1e14])
def test_other_fractions_become_a_power_of_two(size: float) -> None:
    """The unit is as small as the sum allows, so its error is below the rounding of the sum."""
    amounts = size * np.random.default_rng(1).random(100)
    units, scale = to_units(amounts)
    assert units.dtype == np.int64
    assert np.log2(scale) % 1 == 0
    assert 2 ** (BITS - 1) <= sum(units.tolist()) <= 2**BITS
    worst = max(abs(Fraction(u) / Fraction(scale) - Fraction(a)) for u, a in zip(units.tolist(), amounts, strict=True))
    assert worst <= Fraction(1, 2) / Fraction(scale)
    coming_and_going = np.concatenate([units, -np.random.default_rng(2).permutation(units)])
    assert coming_and_going.sum() == 0


@pytest.mark.parametrize("amounts", [[2.0**61, 2.0**61], [1e300], [np.inf], [np.nan], [2**61, 2**61, 1]])
def test_what_adds_up_too_high_has_no_units(amounts: list[Any]) -> None:
    assert to_units(np.array(amounts)) == (None, 1)


def test_cents_that_add_up_too_high_for_cents_take_a_power_of_two() -> None:
    amounts = np.array([2.0**60, 0.25])
    units, scale = to_units(amounts)
    assert (units.tolist(), scale) == ([2**61, 0], 2.0)
    amounts = np.array([2.0**BITS / 100, 0.5])
    assert amounts.sum() * 100 == 2.0**BITS
    units, scale = to_units(amounts)
    assert (units.tolist(), scale) == ([amounts[0] * 64, 32], 64)


@pytest.mark.parametrize(("total", "scale"), [(1.0, 2.0**61), (0.75, 2.0**62), (2.0**61, 1.0), (0.0, 2.0**62)])
def test_the_power_of_two(total: float, scale: float) -> None:
    assert binary_scale(total) == scale
    assert total * scale < 2.0**BITS


def test_whole_but_for_rounding() -> None:
    whole = np.array([0.0, 1.0, 0.29 * 100, 4.35 * 100, 1.1 * 10_000, 12345678.91 * 100])
    assert is_whole(whole).all()
    assert not (whole == whole.round()).all()
    assert not is_whole(np.array([0.5, 1.25, 28.9, 29 * (1 + 2**-50), 29 * (1 - 2**-50), 1e-20])).any()
