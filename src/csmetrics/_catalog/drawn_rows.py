"""Rows of inputs to check laws and formulas on; every run draws the same rows."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from itertools import combinations, product
from math import inf, isnan
from typing import Any

from csmetrics.core._registry import REQUIRED, Input, Registration
from csmetrics.errors import CsmetricsError

Row = dict[str, Any]

FEW = (1, 2, 3)  # bases that some people find too small to show a figure for
FAR = 1_000_000  # far above usual values, to find figures that are capped
LARGEST = 1e15  # figures above this are not compared, as they lose digits


def drawn_rows(spec: Registration, count: int, seed: int = 0, without: Collection[str] = ()) -> list[Row]:
    """Draw rows of valid inputs; each row has all inputs except the optional ones in `without`."""
    rng = random.Random(f"{spec.name} {seed}")
    usual = {n: default for n, default in spec.defaults.items() if n in without}
    found: list[Row] = []
    for _ in range(100 * count):
        if spec.reduces:
            row = _answers(spec, rng)
        elif spec.over_columns:
            row = _components(spec, rng)
        else:
            row = _obeying(spec, _row(spec, rng) | usual, rng)
        row = {n: v for n, v in row.items() if n not in without}
        if figure(spec, row) is not None:
            found.append(row)
        if len(found) == count:
            break
    return found


def edge_rows(spec: Registration, without: Collection[str] = ()) -> list[Row]:
    """Return rows at the ends of what is possible, as far as the metric has a value for them.

    Each input is taken at 0, at its limits, small, negative and far above the usual; each part as all of its whole.
    Then come few of everything, and a base of 1, 2 and 3 with large numbers above it.
    """
    usual = {n: default for n, default in spec.defaults.items() if n in without}
    found: list[Row] = []
    for row in drawn_rows(spec, 2, seed=4, without=without):
        for edge in _edges(spec, usual | row):
            edge = {n: v for n, v in edge.items() if n not in without}
            if edge not in found and _is_ordinary(figure(spec, edge)):
                found.append(edge)
    return found


def _is_ordinary(value: float | str | None) -> bool:
    return isinstance(value, str) or (value is not None and abs(value) <= LARGEST)


def _edges(spec: Registration, row: Row) -> Iterator[Row]:
    if spec.reduces:
        yield from ({**row, **one} for one in _edges_of_answers(spec, row))
        return
    if spec.over_columns:
        yield from _edges_of_components(spec, row)
        return
    for name, given in spec.inputs.items():
        yield from ({**row, name: end} for end in _ends(given, row[name]))
    for rule in spec.rules:
        whole = row[rule.wholes[0]] if len(rule.wholes) == 1 else sum(row[n] for n in rule.wholes)
        none = {n: 0 for n in rule.parts if n not in rule.wholes}
        yield from ({**row, **none, part: whole} for part in none)
    yield from _few(spec, row)
    below = [n for n in row if n in spec.base.split()]
    for size in range(2, len(below)):
        yield from ({**row, **dict.fromkeys(some, 0)} for some in combinations(below, size))


def _few(spec: Registration, row: Row) -> Iterator[Row]:
    """Generate rows with few of everything, and rows with a small base below usual and below large numbers."""
    unlimited = [n for n, given in spec.inputs.items() if _is_unlimited(given)]
    counted = [n for n in unlimited if spec.inputs[n].kind != "level"]
    parts = [n for n in counted if any(n in rule.parts for rule in spec.rules)]
    below = [n for n in row if n in spec.base.split()]
    for size in FEW:
        few = {**row, **dict.fromkeys(counted, size)}
        yield {**few, **dict.fromkeys(parts, 1)}
        yield from ({**few, **dict.fromkeys(parts, 0), part: 1} for part in parts)
        for name in below:
            for others in ({}, dict.fromkeys(below, 0), dict.fromkeys(parts, 0)):
                small = {**row, **others, name: size}
                yield small
                yield from ({**small, above: FAR} for above in unlimited if above not in below)


def _is_unlimited(given: Input) -> bool:
    return given.quantity.high == inf and not given.quantity.choices and given.quantity.name != "date"


def _ends(given: Input, value: Any) -> Iterator[Any]:
    """Generate the least and the most that one input may be, and values that are easily mistaken."""
    quantity = given.quantity
    if quantity.choices or quantity.name == "date":
        yield from quantity.choices
        return
    yield 0
    yield quantity.high if quantity.high < inf else FAR
    if quantity.name in ("percent", "points"):
        yield from (0.4, 1.0)  # percent, easily mistaken for fractions
    if quantity.low < 0:
        yield from (-value, -FAR)
    if given.kind == "level" and quantity.name == "number":
        yield 1 / 12


def _edges_of_answers(spec: Registration, row: Row) -> Iterator[Row]:
    """Generate the first few answers, and answers that are all the same."""
    for size in FEW:
        yield {name: of[:size] if isinstance(of, list) else of for name, of in row.items()}
    if "scale" in spec.options:
        (name,) = (n for n in spec.inputs if n not in spec.defaults)
        for answer in spec.options["scale"]:
            yield from ({name: [answer] * size} for size in (*FEW, len(row[name])))


def _edges_of_components(spec: Registration, row: Row) -> Iterator[Row]:
    """Generate rows with weights of 0 and below, with a single component, with only zeros, and with mappings."""
    values, weights = spec.inputs
    yield {**row, weights: [0, *row[weights][1:]]}
    yield {**row, weights: [-row[weights][0], *row[weights][1:]]}
    yield {name: of[:1] for name, of in row.items()}
    yield {**row, values: [0 for _ in row[values]]}
    for size in FEW:
        yield {values: [size], weights: row[weights][:1]}
        yield {values: row[values][:1], weights: [size]}
    for name in spec.inputs:
        yield {**row, name: [FAR, *row[name][1:]]}
    named = {name: {f"part {i}": one for i, one in enumerate(of)} for name, of in row.items()}
    yield {
        **named,
        weights: dict(reversed(named[weights].items())),
    }  # components and weights belong together by name, not by position


def undefined_rows(spec: Registration, without: Collection[str] = ()) -> list[Row]:
    """Return rows for which the metric is undefined although nothing is missing."""
    if not spec.base:
        return []
    if spec.reduces:
        return [{**drawn_rows(spec, 1, without=without)[0], **{n: [] for n in spec.inputs if n not in spec.defaults}}]
    found: list[Row] = []
    rng = random.Random(spec.name)
    for row in drawn_rows(spec, 4, seed=1, without=without):
        below = [n for n in row if n in spec.base.split()]
        if spec.over_columns:
            candidates: Iterator[Row] = iter([{n: [0] * len(row[n]) for n in below}])
        else:
            candidates = (dict(zip(below, ends, strict=True)) for ends in product((0, 100), repeat=len(below)))
        for ends in candidates:
            usual = {n: default for n, default in spec.defaults.items() if n in without}
            empty = _obeying(spec, {**usual, **row, **ends}, rng)
            empty = {n: v for n, v in empty.items() if n not in without}
            if empty not in found and _is_undefined(spec, empty):
                found.append(empty)
    return found


def _is_undefined(spec: Registration, row: Row) -> bool:
    try:
        return isnan(spec.function(**row))
    except CsmetricsError:  # an impossible row
        return False


def missing_rows(spec: Registration, without: Collection[str] = ()) -> list[Row]:
    """Return rows that each have one missing input, or one missing answer or component."""
    if spec.reduces or spec.over_columns:
        first = next(iter(spec.inputs))
        if spec.inputs[first].quantity.name == "date":
            return []
        return [{**row, first: [None, *row[first][1:]]} for row in drawn_rows(spec, 4, seed=2, without=without)]
    return [{**row, name: None} for row in drawn_rows(spec, 2, seed=2, without=without) for name in row]


def figure(spec: Registration, row: Row) -> float | str | None:
    """Compute the metric; None if it has no value or if the row breaks a rule."""
    try:
        result = spec.function(**row)
    except CsmetricsError:
        return None
    return None if result is None or (isinstance(result, float) and isnan(result)) else result


def _row(spec: Registration, rng: random.Random) -> Row:
    sizes = {name: 10 ** rng.uniform(1.5, 5) for name in ("count", "money", "time", "number")}
    row = {name: _number(given, sizes, rng) for name, given in spec.inputs.items()}
    for name, given in spec.inputs.items():
        if given.kind != "level" and rng.random() < 0.08:  # a month without any, now and then
            row[name] = 0
    return row


def _number(given: Input, sizes: dict[str, float], rng: random.Random) -> Any:
    quantity = given.quantity
    if quantity.choices:
        return rng.choice(quantity.choices)
    if quantity.name == "date":
        return datetime(2026, 1, 1) + timedelta(minutes=rng.randrange(500_000))
    if quantity.name == "count":
        return rng.randint(1, int(sizes["count"])) if given.kind != "level" else rng.randint(1, 12)
    if quantity.low == 0 and quantity.high == 100:
        return round(rng.uniform(0.5, 99.5), 3)
    if quantity.name == "percent":
        return round(rng.uniform(20, 99 if quantity.high < inf else 160), 3)
    if quantity.name in sizes and (given.kind != "level" or quantity.name == "money"):
        return round(rng.uniform(0.02, 1) * sizes[quantity.name], 2)
    return round(rng.uniform(-20 if quantity.low < 0 else 0.5, 120 if quantity.low < 0 else 24), 2)


def _obeying(spec: Registration, row: Row, rng: random.Random) -> Row:
    """Make parts no larger than their wholes."""
    for _ in range(20):
        for rule in spec.rules:
            if len(rule.parts) == len(rule.wholes) == 1:
                part, whole = rule.parts[0], rule.wholes[0]
                if row[part] > row[whole]:
                    zero = row[whole] == 0 and row[part] != 0
                    row[part], row[whole] = (type(row[part])(0), 0) if zero else (row[whole], row[part])
                continue
            parts, wholes = (sum(row[n] for n in names) for names in (rule.parts, rule.wholes))
            if parts > wholes:
                share = rng.uniform(0.2, 1) * wholes / parts
                for name in rule.parts:
                    row[name] = int(row[name] * share) if isinstance(row[name], int) else round(row[name] * share, 2)
    return row


def _answers(spec: Registration, rng: random.Random) -> Row:
    size = rng.randint(5, 40)
    if any(given.quantity.name == "date" for given in spec.inputs.values()):
        first, last = list(spec.inputs)
        begun = [datetime(2026, 1, 1) + timedelta(hours=rng.randrange(1000)) for _ in range(size)]
        row: Row = {first: begun}
        row[last] = [None if rng.random() < 0.3 else at + timedelta(hours=rng.randrange(600)) for at in begun]
        return row | {n: datetime(2026, 4, 1) for n, default in spec.options.items() if default is REQUIRED}
    low, high = spec.options["scale"]
    answers = [rng.randint(low, high) for _ in range(size)]
    return {n: answers for n in spec.inputs if n not in spec.defaults}


def _components(spec: Registration, rng: random.Random) -> Row:
    size = rng.randint(2, 5)
    sizes = {"count": 100.0, "number": 10.0}
    return {n: [abs(_number(given, sizes, rng)) for _ in range(size)] for n, given in spec.inputs.items()}
