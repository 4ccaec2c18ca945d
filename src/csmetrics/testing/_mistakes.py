"""Common mistakes in a formula: the formula with one thing changed, and rival definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations, permutations, product
from typing import Any

import numpy as np

from csmetrics._catalog.docstring import RIVALS, Docstring
from csmetrics._catalog.formula import Node, computed, formula, name_of
from csmetrics.core._guards import CLEAN
from csmetrics.core._numeric import rival
from csmetrics.core._registry import Registration
from csmetrics.core._types import Array

RIVAL = "another definition: "
Columns = Mapping[str, Any]
Wrong = Iterator[tuple[str, Array | None]]


def other_formulas(spec: Registration, columns: Columns, extra: Columns) -> Wrong:
    """Generate each mistake and rival definition in words, with its figures; None if they cannot be computed."""
    if spec.reduces or spec.over_columns:
        for words, function in ANSWERS.get(spec.name, {}).items():
            yield words, _each(function, columns)
    else:
        words_or_dates = {n for n, of in spec.inputs.items() if of.quantity.choices or of.quantity.name == "date"}
        numbers = [n for n in spec.inputs if n in columns and n not in words_or_dates]
        given = {n: np.asarray(v, dtype=np.float64) if n in numbers else v for n, v in columns.items()}
        further = {n: np.asarray(v, dtype=np.float64) for n, v in extra.items()}
        yield from _terms_left_out(spec, given, numbers)
        yield from _terms_mistaken(spec, given, numbers)
        yield from _other_bases(spec, given, {n: given[n] for n in numbers} | further)
        yield from _terms_too_many(spec, given, numbers, further)
    size = len(next(iter(columns.values())))
    usual = {n: [value] * size for n, value in spec.defaults.items()}
    for words, function in spec.rivals.items():
        told = next((text for text in Docstring(spec.function).bullets(RIVALS) if text.startswith(words)), words)
        yield f"{RIVAL}{told}", _each(partial(_rival, function), {**usual, **columns, **extra})


def _terms_left_out(spec: Registration, given: Columns, numbers: list[str]) -> Wrong:
    none = {n: 0 * given[n] + spec.defaults.get(n, 0) for n in numbers}
    for name in numbers:
        yield left_out(spec, name), _raw(spec, {**given, name: none[name]})
    for one, other in combinations(numbers, 2):
        if (one in spec.falls) == (other in spec.falls):
            yield left_out(spec, one, other), _raw(spec, {**given, one: none[one], other: none[other]})
    read = formula(spec.name)
    if read and set(read.words) - set(spec.defaults) <= set(numbers):
        for words, node in _pruned(read.right):
            if read.words.count(words.partition(" ")[0]) > 1:
                with np.errstate(all="ignore"):
                    yield words, computed(node, given)


def _terms_mistaken(spec: Registration, given: Columns, numbers: list[str]) -> Wrong:
    for one, other in combinations(numbers, 2):
        yield f"`{one}` and `{other}` are swapped", _raw(spec, {**given, one: given[other], other: given[one]})
    for name in numbers:
        turned = "added, where it is taken off" if name in spec.falls else "taken off, where it is added"
        yield f"`{name}` is {turned}", _raw(spec, {**given, name: -given[name]})
        if spec.inputs[name].quantity.high == 100:
            yield f"`{name}` is taken for its other side", _raw(spec, {**given, name: 100 - given[name]})
            yield f"off by 100: `{name}` is taken for a fraction", _raw(spec, {**given, name: given[name] * 100})
    for name, into in permutations(numbers, 2):
        moved = {name: 0 * given[name], into: given[into] + given[name]}
        yield f"`{name}` {COUNTED_IN} `{into}`", _raw(spec, {**given, **moved})


def _other_bases(spec: Registration, given: Columns, everything: Columns) -> Wrong:
    """Generate the formula divided by something else."""
    right = _raw(spec, given)
    below = [n for n in spec.base.split() if n in given]
    if right is None or not below:
        return
    for name in below:
        yield f"multiplied by `{name}`, not divided by it", _divided(right, given[name] ** 2, 1)
    if spec.base == below[0]:
        base = f"not by `{below[0]}`"
        for name in everything:
            if name != below[0]:
                yield f"divided by `{name}`, {base}", _divided(right, given[below[0]], everything[name])
        for one, other in combinations(everything, 2):
            both = everything[one] + everything[other]
            yield f"divided by {one} + {other}, {base}", _divided(right, given[below[0]], both)
            yield f"divided by the mean of {one} and {other}, {base}", _divided(right, given[below[0]], 0.5 * both)
        for one, other in permutations(everything, 2):
            less = everything[one] - everything[other]
            yield f"divided by {one} - {other}, {base}", _divided(right, given[below[0]], less)
    elif len(below) > 1:
        for kept in (*_subsets(below), *((n,) for n in everything if n not in below)):
            gone = [n for n in below if n not in kept]
            total, part = (sum(everything[n] for n in names) for names in (below, kept))
            yield f"{' and '.join(gone)} left out below the line", _divided(right, total, part)


def _terms_too_many(spec: Registration, given: Columns, numbers: list[str], further: Columns) -> Wrong:
    for name, into, sign in product(further, numbers, (1, -1)):
        if into not in spec.base.split():
            words = f"`{name}`, which is no input, counts{_newcomers(name)}"
            yield words, _raw(spec, {**given, into: given[into] + sign * further[name]})


def _rival(function: Callable[..., Any], **row: Any) -> float | None:
    return rival(function, row)


def _each(function: Callable[..., Any], columns: Mapping[str, Any]) -> Array | None:
    """Compute a function row by row; None if that is not possible."""
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    try:
        found = [function(**row) for row in rows]
    except (ArithmeticError, TypeError, ValueError):
        return None
    return None if None in found else np.array(found, dtype=np.float64)


# Metrics of answers or components, with one list per row


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


def _days(first: Any, last: Any) -> list[float]:
    both = zip(first, last, strict=True)
    return [(end - start).total_seconds() / 86400 for start, end in both if end is not None]


def _weighted(values: Any, weights: Any) -> Any:
    return sum((value or 0) * weight for value, weight in zip(values, weights, strict=True))


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
    "median_ttv": {
        "those still waiting are left out": lambda started_at, value_at, **_: np.median(_days(started_at, value_at)),
        "those still waiting are left out; the mean, where the median is meant": (
            lambda started_at, value_at, **_: np.mean(_days(started_at, value_at))
        ),
    },
    "health_score": {
        "a missing component is taken as 0": lambda scores, weights: _weighted(scores, weights) / sum(weights),
        "not divided by the weights": lambda scores, weights: _weighted(scores, weights),
        "divided by the number of components, not by the weights": lambda scores, weights: (
            _weighted(scores, weights) / len(scores)
        ),
        "the weights are left out": lambda scores, weights: np.mean([s for s in scores if s is not None]),
    },
    "engagement_score": {
        "divided by the weights": lambda counts, weights: _weighted(counts, weights) / sum(weights),
        "the weights are left out": lambda counts, weights: sum(counts),
    },
}


# The formula without one of its words, for words that occur more than once


def _pruned(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Generate the formulas that lack one term of a sum, above or below the line."""
    for i, side in enumerate(node.sides):
        inner = path or ("above the line" if node.kind == "frac" and i == 0 else "")
        inner = "below the line" if node.kind == "frac" and i == 1 else inner
        for words, changed in _pruned(side, inner):
            yield words, node._replace(sides=(*node.sides[:i], changed, *node.sides[i + 1 :]))
        if node.kind in ("+", "-") and side.kind == "word":
            words = f"{name_of(side.text)} left out {inner}".strip()
            zero = Node("number", "0")
            yield words, node._replace(sides=(*node.sides[:i], zero, *node.sides[i + 1 :]))


COUNTED_IN = "is counted in with"


def left_out(spec: Registration, *names: str) -> str:
    """Say that inputs are left out, or not taken off."""
    taken_off = names[0] in spec.falls and names[0] not in spec.base.split()
    said = f"{' and '.join(names)} {'not taken off' if taken_off else 'left out'}"
    return said + next((_newcomers(name) for name in names if taken_off and _newcomers(name)), "")


def _newcomers(name: str) -> str:
    return ": new customers are in the numerator" if name in ("new", "new_mrr") else ""


def _subsets(names: list[str]) -> list[tuple[str, ...]]:
    return [some for size in range(1, len(names)) for some in combinations(names, size)]


def _divided(right: Any, below: Any, instead: Any) -> Any:
    with np.errstate(all="ignore"):
        return right * below / instead


def _raw(spec: Registration, columns: Mapping[str, Any]) -> Array | None:
    """Compute the formula without its checks; None if that is not possible."""
    if "undefined" not in spec.options:
        return None
    try:
        with np.errstate(all="ignore"):
            return np.asarray(spec.function(**columns, undefined=CLEAN), dtype=np.float64)
    except (ArithmeticError, TypeError, ValueError, IndexError, KeyError):
        return None
