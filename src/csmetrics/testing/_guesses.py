"""Guess what is wrong with a function, from its results for rows of inputs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import permutations
from math import isfinite
from typing import Any

import numpy as np

from csmetrics._catalog.drawn_rows import Row, figure
from csmetrics.errors import shown
from csmetrics.testing._calling import Caller, Outcome
from csmetrics.testing._causes import causes
from csmetrics.testing._report import listed

Figure = float | str | None
Wrong = tuple[Row, Outcome, Figure]  # a row, the function's result, and the right figure
BY_PLACE = "components and weights are paired by their places, not by their names"


class Tried:
    """The rows that a function was called with, and its results.

    Parameters
    ----------
    rows
        The metric's inputs.
    further
        Values for arguments that are not inputs of the metric, one dict per row.
    outcomes
        The function's results.
    right
        The right figures.
    tolerance
        Relative difference up to which two figures are the same.
    """

    def __init__(
        self,
        rows: list[Row],
        further: list[Row],
        outcomes: list[Outcome],
        right: list[Figure],
        tolerance: float,
    ) -> None:
        self.rows = rows
        self.further = further
        self.outcomes = outcomes
        self.right = right
        self.tolerance = tolerance

    @cached_property
    def agree(self) -> list[bool]:
        """For each row, whether the result is right."""
        return self.are_right(self.outcomes)

    def are_right(self, outcomes: Sequence[Outcome]) -> list[bool]:
        """Check which other results for the same rows are right."""
        return [got.agrees(right, self.tolerance) for got, right in zip(outcomes, self.right, strict=True)]

    @property
    def wrong(self) -> list[Wrong]:
        """The rows whose result is not right."""
        rows = zip(self.rows, self.outcomes, self.right, self.agree, strict=True)
        return [(row, got, right) for row, got, right, ok in rows if not ok]


def is_named(row: Row) -> bool:
    """Check whether the inputs of a row are mappings of component to value."""
    return all(isinstance(value, Mapping) for value in row.values())


def guesses(call: Caller, tried: Tried, known: bool) -> list[str]:
    """List what is likely wrong with a function, in words.

    Parameters
    ----------
    call
        The function.
    tried
        Its results for rows of inputs, at least one of them wrong.
    known
        Whether a cause is already known, so that vague guesses are left out.
    """
    spec, outcomes, wrong = call.spec, tried.outcomes, tried.wrong
    said: list[str] = []
    texts = [got.value for got in outcomes if isinstance(got.value, str)]
    if texts and spec.unit != "band":
        said.append(f"text, such as {shown(texts[0])}, where a number is meant")
    said += _by_figures(call, tried)
    odd = [got for _, got, _ in wrong if got.raised or got.returned]
    if 2 * len(odd) > len(wrong) and not (known or said):
        said.append(f"{odd[0]}, on valid inputs" if odd[0].raised else f"gives {odd[0]}")
    if not any(got.figure or got.raised or got.returned for got in outcomes):
        said.append("no value where there is one: does it return anything?")
    elif not (known or said) and 2 * len(wrong) <= len(outcomes):
        said.append(_at_the_ends(call, tried))
    return said + list(_in_another_order(call, tried))


def _by_figures(call: Caller, tried: Tried) -> list[str]:
    """List the known mistakes that give exactly the function's figures."""
    rows = zip(tried.rows, tried.further, tried.right, tried.outcomes, strict=True)
    known = [
        (_in_places(row), more, right, got.value)
        for row, more, right, got in rows
        if isinstance(got.value, float) and isfinite(got.value)
    ]
    if len(known) < 3:
        return []
    columns = {n: [row[n] for row, _, _, _ in known] for n in known[0][0]}
    further = {n: [more[n] for _, more, _, _ in known] for n in call.extra}
    right, got = (np.array([of[i] for of in known], dtype=np.float64) for i in (2, 3))
    return causes(call.spec, columns, further, right, got)


def _in_places(row: Row) -> Row:
    """Return a row's mappings as lists, in the order of the first mapping."""
    if not is_named(row):
        return row
    first = next(iter(row.values()))
    return {name: [of[part] for part in first] for name, of in row.items()}


def _at_the_ends(call: Caller, tried: Tried) -> str:
    """Say what is wrong with a function that is right for most rows."""
    wrong = [(row, got) for row, got, _ in tried.wrong]
    if all(is_named(row) and _pairs_by_place(call, tried, row, got) for row, got in wrong):
        return BY_PLACE
    for name, given in call.spec.inputs.items():
        if given.quantity.name == "percent" and all(_as_fraction(call, tried, row, name, got) for row, got in wrong):
            return f"a small `{name}` is taken for a fraction: {wrong[0][0][name]:g} % for a hundred times that"
    what = "no value" if wrong[0][1] == Outcome() else "another figure"
    return f"right for most numbers, but {what} where {listed(wrong[0][0])}"


def _pairs_by_place(call: Caller, tried: Tried, row: Row, got: Outcome) -> bool:
    by_place = {name: list(of.values()) for name, of in row.items()}
    return got.agrees(figure(call.spec, by_place), tried.tolerance)


def _as_fraction(call: Caller, tried: Tried, row: Row, name: str, got: Outcome) -> bool:
    value = figure(call.spec, {**row, name: 100 * row[name]}) if name in row and row[name] <= 1 else None
    return value is not None and got.agrees(value, tried.tolerance)


def _in_another_order(call: Caller, tried: Tried) -> Iterator[str]:
    """Try other orders of arguments that were matched by position alone."""
    usual, in_order = call.arguments.by_name, call.arguments.in_order
    for others in permutations(in_order.values()) if 2 <= len(in_order) <= 4 else ():
        pairs = dict(zip(in_order, others, strict=True))
        call.arguments.by_name = usual | pairs
        outcomes = [call({**row, **more}) for row, more in zip(tried.rows, tried.further, strict=True)]
        call.arguments.by_name = usual
        if all(tried.are_right(outcomes)):
            said = ", ".join(f"{name}={own!r}" for name, own in pairs.items())
            yield f"or it is right, and takes its arguments in another order: {said} says so"


def band_guesses(call: Caller, tried: Tried) -> Iterator[str]:
    """Guess what is wrong with a function that returns words for bands."""
    got = [outcome.value for outcome in tried.outcomes]
    if got != tried.right and [str(word).lower() for word in got] == tried.right:
        yield f"the words are written otherwise: {got[0]!r}, not {tried.right[0]!r}"
    on_the_bounds = [call({"score": score}).value for score in (50, 75)]
    if on_the_bounds == ["yellow", "green"]:
        yield "a score on a bound is put in the band above; it belongs to the one below"


def missing_guesses(
    call: Caller, wrong: Sequence[Wrong], as_zero: Mapping[str, bool], told: Collection[str], known_wrong: bool
) -> Iterator[str]:
    """Guess what is wrong with results for a missing input or answer.

    Parameters
    ----------
    call
        The function.
    wrong
        The rows with something missing whose result is not right.
    as_zero
        For each input that is missing in them, whether the results are those for 0 in its place.
    told
        The causes that are already known.
    known_wrong
        Whether the function is also wrong for rows with nothing missing.
    """
    so_far = " ".join(told)
    zeros = [
        n for n, zero in as_zero.items() if zero and f"{n} left out" not in so_far and f"{n} not tak" not in so_far
    ]
    rest = [n for n, zero in as_zero.items() if not zero]
    part = "answer" if call.spec.reduces else "component"
    if zeros:
        yield f"a missing {part if call.whole else _either(zeros)} is taken as 0"
    if not call.whole:
        if rest and not any(got.returned for _, got, _ in wrong):
            yield f"a figure where {_either(rest)} is missing"
    elif rest and not known_wrong:
        yield from _by_missing_figures(call, wrong) or [f"a missing {part} does not leave the base"]


def _by_missing_figures(call: Caller, wrong: Sequence[Wrong]) -> list[str]:
    known = [(row, got.value, right) for row, got, right in wrong if isinstance(got.value, float)]
    if not known or not all(isinstance(right, float) for _, _, right in known):
        return []
    columns: dict[str, list[Any]] = {n: [row[n] for row, _, _ in known] for n in known[0][0]}
    right, got = (np.array([of[i] for of in known], dtype=np.float64) for i in (2, 1))
    return causes(call.spec, columns, {}, right, got)


def _either(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
