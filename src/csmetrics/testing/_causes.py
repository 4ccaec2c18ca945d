"""The ways in which a formula is commonly got wrong, computed: who gives one of these figures has made that mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations, product
from typing import Any

import numpy as np

from csmetrics._docstring import RIVALS, Docstring
from csmetrics._formula import Node, formula, name_of
from csmetrics.core._numeric import CLEAN, rival
from csmetrics.core._registry import Registration
from csmetrics.core._types import Array

CLOSE = 1e-9  # relative difference up to which two figures are the same


def same(one: Any, other: Any, tolerance: float = CLOSE) -> Any:
    """Tell which figures are the same, but for rounding in the last digits."""
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(one), np.abs(other))
        return (np.abs(np.subtract(one, other)) <= tolerance * np.maximum(size, 1e-3)) & np.isfinite(size)


def causes(
    spec: Registration, columns: Mapping[str, Any], extra: Mapping[str, Any], right: Array, got: Array
) -> list[str]:
    """Name the simplest mistakes that give just these figures; none where none is known.

    Parameters
    ----------
    spec
        The metric.
    columns, extra
        Its inputs, and further columns that were there, one value per figure.
    right, got
        The right figures, and those to explain.
    """
    if same(right, got).all():
        return []
    others = [
        (words, np.broadcast_to(figures, np.shape(got)))
        for words, figures in _other_formulas(spec, columns, extra)
        if figures is not None
    ]
    as_it_is, *distortions = _distortions(spec)
    for formulas, changes in (([("", right)], distortions), (others, [as_it_is]), (others, distortions)):
        for words, distort in changes:
            with np.errstate(all="ignore"):
                found = [said for said, figures in formulas if same(distort(figures), got).all()]
            if found:
                return ["; ".join(part for part in (said, words) if part) for said in found[:3]]
    with np.errstate(all="ignore"):
        factors = (got / right)[right != 0]
    if len(factors) > 2 and same(factors, factors[0]).all():
        return [f"always {factors[0]:.6g} times the right figure"]
    off = got - right
    if len(off) > 2 and same(off, off[0]).all():
        return [f"always {off[0]:+.6g} off the right figure"]
    return []


Distortion = tuple[str, Callable[[Any], Any]]


def _distortions(spec: Registration) -> Iterator[Distortion]:
    """What is done to a figure after the formula, the simplest first."""
    yield "", np.asarray
    if spec.unit in ("percent", "points"):
        yield FRACTION, partial(_times, 0.01)
        yield "off by 100: percent is multiplied by 100 once more", partial(_times, 100)
        yield "the other side: what is left of 100 is given", partial(np.subtract, 100)
        yield "the other side of 1, as a fraction, where percent is meant", _other_fraction
    elif spec.unit in ("ratio", "money", "periods", "number"):
        yield "off by 100: percent is taken for a fraction, or the other way round", partial(_times, 100)
        yield "off by 100: percent is taken for a fraction, or the other way round", partial(_times, 0.01)
    yield "the sign is turned around", np.negative
    yield "upside down: the bottom of the fraction is on top", partial(_inverse, spec)
    yield from ((f"rounded to {n} decimals", partial(np.round, decimals=n)) for n in range(7))
    yield from ((f"cut off after {n} decimals", partial(_cut, n)) for n in range(5))
    yield "rounded up to whole numbers", np.ceil
    if spec.unit in ("percent", "points"):
        yield "divided in whole numbers: what is below 100 % becomes 0", partial(_whole, 100)
    yield "limited to 100", partial(np.minimum, 100)
    yield "limited to 0 and above", partial(np.maximum, 0)
    yield "limited to 0 to 100", partial(np.clip, a_min=0, a_max=100)
    yield "the sign is dropped", np.abs
    yield "times 12: a month and a year are mixed", partial(_times, 12)
    yield "divided by 12: a month and a year are mixed", partial(_times, 1 / 12)
    if spec.unit == "days":
        yield from ((f"times {k:,}: not in days", partial(_times, k)) for k in (24, 1440, 86400))
    yield "one more than elapsed: both ends are counted", partial(np.add, 1)
    if spec.unit in ("percent", "points"):
        for digits in range(1, 7):
            yield f"{FRACTION}; rounded to {digits} decimals", partial(_rounded_fraction, digits)


FRACTION = "off by 100: a fraction, where percent is meant (0.05 for 5 %)"


def _times(factor: float, figures: Any) -> Any:
    return factor * figures


def _other_fraction(figures: Any) -> Any:
    return 1 - figures / 100


def _cut(digits: int, figures: Any) -> Any:
    return np.trunc(figures * 10**digits) / 10**digits


def _whole(unit: float, figures: Any) -> Any:
    return unit * np.trunc(figures / unit)


def _rounded_fraction(digits: int, figures: Any) -> Any:
    return np.round(figures / 100, digits)


def _inverse(spec: Registration, figures: Any) -> Any:
    scale = 100 * 100 if spec.unit == "percent" else 1
    return scale / figures


def _other_formulas(
    spec: Registration, columns: Mapping[str, Any], extra: Mapping[str, Any]
) -> Iterator[tuple[str, Array | None]]:
    """The formula with one thing about it changed, and the rival definitions."""
    yield from _changed_formulas(spec, columns, extra)
    for words, function in spec.rivals.items():
        told = next((text for text in Docstring(spec.function).bullets(RIVALS) if text.startswith(words)), words)
        yield f"another definition: {told}", _each(partial(_rival, function), {**columns, **extra})


def _changed_formulas(
    spec: Registration, columns: Mapping[str, Any], extra: Mapping[str, Any]
) -> Iterator[tuple[str, Array | None]]:
    if spec.reduces or spec.over_columns:
        for words, function in ANSWERS.get(spec.name, {}).items():
            yield words, _each(function, columns)
        return
    words_or_dates = {n for n, given in spec.inputs.items() if given.quantity.choices or given.quantity.name == "date"}
    numbers = [n for n in spec.inputs if n in columns and n not in words_or_dates]
    given = {n: np.asarray(v, dtype=np.float64) if n in numbers else v for n, v in columns.items()}
    for name in numbers:
        yield left_out(spec, name), _raw(spec, {**given, name: 0 * given[name]})
    read = formula(spec.name)
    for words, node in _pruned(read.right) if read and set(read.words) <= set(numbers) else ():
        if read and read.words.count(words.partition(" ")[0]) > 1:
            yield words, _computed(node, given)
    for one, other in combinations(numbers, 2):
        yield f"`{one}` and `{other}` are swapped", _raw(spec, {**given, one: given[other], other: given[one]})
    for name in numbers:
        turned = "added, where it is taken off" if name in spec.falls else "taken off, where it is added"
        yield f"`{name}` is {turned}", _raw(spec, {**given, name: -given[name]})
        if spec.inputs[name].quantity.high == 100:
            yield f"`{name}` is taken for its other side", _raw(spec, {**given, name: 100 - given[name]})
            yield f"off by 100: `{name}` is taken for a fraction", _raw(spec, {**given, name: given[name] * 100})
    everything = {n: given[n] for n in numbers} | {n: np.asarray(v, dtype=np.float64) for n, v in extra.items()}
    below = [n for n in numbers if n in spec.base.split()]
    if len(below) == 1 and spec.base == below[0]:
        right = _raw(spec, given)
        for name in everything:
            if name != below[0] and right is not None:
                words = f"divided by `{name}`, not by `{below[0]}`"
                yield words, _divided(right, given[below[0]], everything[name])
        for one, other in combinations(everything, 2):
            if right is not None:
                both = everything[one] + everything[other]
                yield f"divided by {one} + {other}, not by `{below[0]}`", _divided(right, given[below[0]], both)
                words = f"divided by the mean of {one} and {other}, not by `{below[0]}`"
                yield words, _divided(right, given[below[0]], 0.5 * both)
    elif len(below) > 1:
        for kept in (*_subsets(below), *((n,) for n in everything if n not in below)):
            total = sum(everything[n] for n in below)
            part = sum(everything[n] for n in kept)
            right = _raw(spec, given)
            if right is not None:
                gone = [n for n in below if n not in kept]
                words = f"{' and '.join(f'`{n}`' for n in gone)} left out below the line"
                yield words, _divided(right, total, part)
    for name, into in product(extra, numbers):
        for sign, word in ((1, "counted in with"), (-1, "taken off")):
            words = f"`{name}` is {word} `{into}`{_newcomers(name)}"
            yield words, _raw(spec, {**given, into: given[into] + sign * everything[name]})


def _rival(function: Callable[..., Any], **row: Any) -> float | None:
    return rival(function, row)


def _each(function: Callable[..., Any], columns: Mapping[str, Any]) -> Array | None:
    """Compute something row by row; None where it cannot be."""
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    try:
        found = [function(**row) for row in rows]
    except (ArithmeticError, TypeError, ValueError):
        return None
    return None if None in found else np.array(found, dtype=np.float64)


# Answers, one list per row


def _counted(
    scores: Any, *, promoter: int = 9, detractor: int = 6, passives: bool = True, missing: bool = False
) -> Any:
    given = [s for s in scores if s is not None]
    up, down = sum(s >= promoter for s in given), sum(s <= detractor for s in given)
    return 100 * (up - down) / ((len(scores) if missing else len(given)) if passives else up + down)


def _top(ratings: Any, top: int, missing: bool = False) -> Any:
    given = [r for r in ratings if r is not None]
    return 100 * sum(r > 5 - top for r in given) / len(ratings if missing else given)


def _as_zero(ratings: Any) -> Any:
    return sum(r or 0 for r in ratings) / len(ratings)


ANSWERS: dict[str, dict[str, Callable[..., Any]]] = {
    "nps_from_scores": {
        "passives left out below the line": lambda scores: _counted(scores, passives=False),
        "missing answers are counted below the line": lambda scores: _counted(scores, missing=True),
        "promoters are counted from 8": lambda scores: _counted(scores, promoter=8),
        "only 10 is a promoter": lambda scores: _counted(scores, promoter=10),
        "detractors end at 5": lambda scores: _counted(scores, detractor=5),
        "detractors go up to 7": lambda scores: _counted(scores, detractor=7),
        "detractors are not taken off": lambda scores: _counted(scores, detractor=-1),
        "the mean of the scores": lambda scores: np.mean([s for s in scores if s is not None]),
    },
    "csat_from_ratings": {
        "only the highest answer is satisfied": lambda ratings: _top(ratings, 1),
        "neutral answers are satisfied, too": lambda ratings: _top(ratings, 3),
        "missing answers are counted below the line": lambda ratings: _top(ratings, 2, missing=True),
        "the mean rating": lambda ratings: np.mean([r for r in ratings if r is not None]),
    },
    "csat_mean_from_ratings": {"missing answers are taken as 0": _as_zero},
    "ces_from_ratings": {"missing answers are taken as 0": _as_zero},
}


# The formula with one of its words gone, where a word occurs more than once


def _pruned(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Give the formulas that lack one term of a sum, above or below the line."""
    for i, side in enumerate(node.sides):
        inner = path or ("above the line" if node.kind == "frac" and i == 0 else "")
        inner = "below the line" if node.kind == "frac" and i == 1 else inner
        for words, changed in _pruned(side, inner):
            yield words, node._replace(sides=(*node.sides[:i], changed, *node.sides[i + 1 :]))
        if node.kind in ("+", "-") and side.kind == "word":
            words = f"{name_of(side.text)} left out {inner}".strip()
            zero = Node("number", "0")
            yield words, node._replace(sides=(*node.sides[:i], zero, *node.sides[i + 1 :]))


def _computed(node: Node, given: Mapping[str, Any]) -> Any:
    """Compute a formula as it is written."""
    if node.kind == "word":
        return given.get(name_of(node.text), 0.0)
    if node.kind == "number":
        return float(node.text)
    with np.errstate(all="ignore"):
        sides = [np.asarray(_computed(side, given)) for side in node.sides]
        if node.kind == "(":
            return sides[0]
        one, other = sides
        match node.kind:
            case "+":
                return one + other
            case "-":
                return one - other
            case "*":
                return one * other
            case "^":
                return one**other
            case _:
                return one / other


def left_out(spec: Registration, name: str) -> str:
    """Say that an input does not count."""
    if name in spec.falls:
        return f"{name} not taken off{_newcomers(name)}"
    return f"{name} left out"


def _newcomers(name: str) -> str:
    return ": new customers are in the numerator" if name in ("new", "new_mrr") else ""


def _subsets(names: list[str]) -> list[tuple[str, ...]]:
    return [some for size in range(1, len(names)) for some in combinations(names, size)]


def _divided(right: Any, below: Any, instead: Any) -> Any:
    with np.errstate(all="ignore"):
        return right * below / instead


def _raw(spec: Registration, columns: Mapping[str, Any]) -> Array | None:
    """Compute the formula without its checks; None where that cannot be done."""
    if "undefined" not in spec.options:
        return None
    try:
        with np.errstate(all="ignore"):
            return np.asarray(spec.function(**columns, undefined=CLEAN), dtype=np.float64)
    except (ArithmeticError, TypeError, ValueError, IndexError, KeyError):
        return None
