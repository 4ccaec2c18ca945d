"""Guess what is wrong from the figures: a known mistake that gives the same figures is the likely cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from csmetrics.core._registry import Registration
from csmetrics.core._types import Array
from csmetrics.testing._mistakes import COUNTED_IN, RIVAL, other_formulas

CLOSE = 1e-9  # relative difference up to which two figures are the same


def same(one: Any, other: Any, tolerance: float = CLOSE, slack: float = 0.0) -> Any:
    """Check which figures are the same, up to rounding in the last digits or a difference of `slack`."""
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(one), np.abs(other))
        room = np.maximum(tolerance * np.maximum(size, 1e-3), slack)
        return (np.abs(np.subtract(one, other)) <= room) & np.isfinite(size)


def causes(
    spec: Registration, columns: Mapping[str, Any], extra: Mapping[str, Any], right: Array, got: Array
) -> list[str]:
    """List the simplest mistakes that give exactly these figures; an empty list if none is known.

    Parameters
    ----------
    spec
        The metric.
    columns, extra
        The metric's inputs and further columns, with one value per figure.
    right, got
        The right figures, and the figures to explain.
    """
    if same(right, got).all():
        return []
    others = [
        (words, np.broadcast_to(figures, np.shape(got)))
        for words, figures in other_formulas(spec, columns, extra)
        if figures is not None
    ]
    as_it_is, *distortions = _distortions(spec)
    after_another = [(words, distort) for words, distort in distortions if words.startswith(GO_TOGETHER)]
    guesses = [([("", right)], distortions), (others, [as_it_is]), (others, after_another)]
    for formulas, changes in guesses[: len(got)]:  # one or two figures would match the later guesses by chance
        for words, distort in changes:
            with np.errstate(all="ignore"):
                found = [said for said, figures in formulas if _explains(distort(figures), got)]
            if found:
                return [said for said in (*_telling(found), words) if said]
    with np.errstate(all="ignore"):
        return list(_by_their_looks(spec, right, got))[:1]


def _explains(figures: Any, got: Array) -> bool:
    """Check whether a mistake gives all figures to explain, except where its own denominator is empty."""
    there = np.isfinite(figures)
    return bool(there.any() and 2 * there.sum() >= there.size and same(figures, got)[there].all())


def _telling(found: list[str]) -> list[str]:
    """Keep the most precise of several descriptions of one mistake, and one rival definition."""
    rivals = [said for said in found if said.startswith(RIVAL)]
    own = [said for said in found if not said.startswith(RIVAL)]
    own = [said for said in own if COUNTED_IN not in said] or own
    longest = [said for said in own if not any(other.startswith(f"{said} ") for other in own)]
    about = {said.partition("` ")[0] if said.startswith("`") else said: said for said in reversed(longest)}
    return [*reversed([*about.values()][-2:]), *rivals[:1]]


def _by_their_looks(spec: Registration, right: Array, got: Array) -> Iterator[str]:
    """Describe a pattern in the figures, whatever formula they come from."""
    if len(got) > 3 and same(got, got[0]).all() and not same(right, right[0]).all():
        yield f"always {got[0]:.6g}, whatever goes in"
    low, high = spec.bounds
    if (low, high) != (None, None):
        for words, figures in (("", got), (f"; {FRACTION}", 100 * got)):
            kept = np.clip(figures, low, high)
            if same(kept, right).all() and not same(kept, figures).all():
                ends = [f"at {end} {at:g}" for end, at in (("least", low), ("most", high)) if at is not None]
                yield f"not limited: {' and '.join(ends)}{words}"
    for digits in range(5):
        plain = same(np.round(got, digits), got).all() and not same(np.round(right, digits), right).all()
        if plain and len(got) > 2 and (np.abs(got - right) <= 3 * 0.1**digits).all():
            once = (np.abs(got - right) <= 0.500001 * 0.1**digits).all()
            yield f"rounded{'' if once else ' on the way,'} to {_digits(digits)}"
    if spec.unit in ("percent", "points") and len(got) > 1:
        hundredfold = same(100 * got, right)
        if (hundredfold & (right != 0)).any() and (np.abs(100 * got) <= 10 * np.abs(right)).all():
            yield f"{FRACTION}; and another mistake in {(~hundredfold).sum()} of {len(got)} figures"
    factors = (got / right)[right != 0]
    if len(factors) > 2 and same(factors, factors[0]).all() and (got[right == 0] == 0).all():
        yield f"always {factors[0]:.6g} times the right figure"
    off = got - right
    if len(off) > 2 and same(off, off[0]).all():
        yield f"always {off[0]:+.6g} off the right figure"


Distortion = tuple[str, Callable[[Any], Any]]


def _distortions(spec: Registration) -> Iterator[Distortion]:
    """Generate mistakes that are made after the formula is computed, the simplest first."""
    yield "", np.asarray
    rate = spec.unit in ("percent", "points")
    if rate:
        yield FRACTION, partial(_times, 0.01)
        yield "off by 100: percent is multiplied by 100 once more", partial(_times, 100)
        yield "the other side: 100 less the right figure", partial(np.subtract, 100)
        yield f"the other side of 1; {FRACTION}", _other_fraction
    elif spec.unit in ("ratio", "money", "periods", "number"):
        percents = any(given.quantity.name == "percent" for given in spec.inputs.values())
        words = HUNDREDFOLD if percents or spec.unit != "money" else CENTS
        yield words, partial(_times, 100)
        yield words, partial(_times, 0.01)
    yield "the sign is turned around", np.negative
    yield "upside down: the bottom of the fraction is on top", partial(_inverse, spec)
    if rate:
        yield f"upside down: the bottom of the fraction is on top; {FRACTION}", partial(_inverse, spec, scale=100)
    for n in range(7):
        yield f"rounded to {_digits(n)}", partial(_rounded, n)
    for n in range(5):
        yield f"rounded down to {_digits(n)}: the rest is cut off", partial(_cut, np.trunc, n)
        yield f"rounded down to {_digits(n)}", partial(_cut, np.floor, n)
    yield "rounded up to whole numbers", np.ceil
    if rate:
        yield "rounded down: divided in whole numbers, so that what is below 100 % becomes 0", partial(_whole, 100)
    yield "limited to 100", partial(np.minimum, 100)
    yield "limited to 0 and above", partial(np.maximum, 0)
    yield "limited to 0 to 100", partial(np.clip, a_min=0, a_max=100)
    yield "the sign is dropped", np.abs
    for times, words in TIMES.get(spec.unit, ()):
        yield words, partial(_times, times)
    if spec.unit == "days":
        yield "one more than elapsed: both ends are counted", partial(np.add, 1)
    if rate:
        for digits in range(7):
            yield f"{FRACTION}; rounded to {_digits(digits)}", partial(_rounded_fraction, digits)
            yield f"{FRACTION}; rounded on the way", partial(_rounded_then_fraction, digits)


FRACTION = "off by 100: a fraction, where percent is meant (0.05 for 5 %)"
HUNDREDFOLD = "off by 100: percent is taken for a fraction, or the other way round"
CENTS = "off by 100: cents are taken for the whole amount, or the other way round"
GO_TOGETHER = ("off by 100", "rounded", "limited", "the other side")
YEARS = ((12, "times 12: a month and a year are mixed"), (1 / 12, "divided by 12: a month and a year are mixed"))
QUARTERS = ((3, "times 3: a month and a quarter are mixed"), (1 / 3, "divided by 3: a month and a quarter are mixed"))
TIMES = {
    "money": YEARS + QUARTERS,
    "periods": YEARS + QUARTERS,
    "percent": YEARS,
    "time": tuple(
        (factor, f"{word} by {k:,}: units of time are mixed")
        for k in (60, 3600, 1000, 24, 1440)
        for factor, word in ((k, "multiplied"), (1 / k, "divided"))
    ),
    "days": tuple(
        (factor, f"{word}, where days are meant")
        for factor, word in (
            (24, "hours"),
            (1440, "minutes"),
            (86400, "seconds"),
            (1 / 7, "weeks"),
            (12 / 365, "months"),
        )
    ),
}


def _digits(n: int) -> str:
    return "whole numbers" if n == 0 else f"{n} decimal{'s' if n > 1 else ''}"


def _times(factor: float, figures: Any) -> Any:
    return factor * figures


def _other_fraction(figures: Any) -> Any:
    return 1 - figures / 100


def _rounded(digits: int, figures: Any) -> Any:
    return np.array([round(x, digits) if np.isfinite(x) else x for x in figures.tolist()])


def _cut(how: Callable[[Any], Any], digits: int, figures: Any) -> Any:
    return how(figures * 10**digits) / 10**digits


def _whole(unit: float, figures: Any) -> Any:
    return unit * np.trunc(figures / unit)


def _rounded_fraction(digits: int, figures: Any) -> Any:
    return _rounded(digits, figures / 100)


def _rounded_then_fraction(digits: int, figures: Any) -> Any:
    return _rounded(digits, figures) / 100


def _inverse(spec: Registration, figures: Any, scale: float = 0) -> Any:
    return (scale or (100 * 100 if spec.unit == "percent" else 1)) / figures
