"""Hypothesis strategies that draw inputs for every metric: valid inputs of every magnitude, and impossible ones.

Only this module needs hypothesis: ``pip install hypothesis``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from math import inf
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._catalog.drawn_rows import Row
from csmetrics.core._registry import REQUIRED, Input, Quantity, Registration, Rule, registered
from csmetrics.errors import MetricInputError

try:
    from hypothesis import strategies as st
    from hypothesis.strategies import DrawFn, SearchStrategy
except ImportError as _missing:
    _needed = 'csmetrics.testing.strategies needs hypothesis: pip install "csmetrics[test]" or pip install hypothesis'
    raise ImportError(_needed) from _missing

__all__ = ["cohort_frames", "impossible", "inputs"]

Metric = Callable[..., Any] | str

_LARGE = 1e300  # sums of a few such numbers stay finite
_ROWS = 8
_FIRST, _LAST = datetime(1700, 1, 1), datetime(2500, 1, 1)


def inputs(
    metric: Metric, *, missing: bool = False, undefined: bool = False, columns: bool = False
) -> SearchStrategy[Row]:
    """Draw inputs that the metric accepts, of every magnitude.

    All inputs obey the metric's rules: parts are at most their wholes, rates are percent. Among them are zeros, parts
    equal to their wholes, limits, whole numbers and fractions, and very large and very small numbers, but no inputs
    whose result would be above 1e308. Options and the weights of answers stay at their defaults.

    Parameters
    ----------
    metric
        The metric, or its name.
    missing
        True to draw missing values, too: a missing input, or a missing answer or component in it. They are None, in
        columns of numbers NaN and in columns of dates NaT.
    undefined
        True to draw inputs for which the metric is undefined, too, such as a denominator of 0.
    columns
        True to draw arrays of equal length, with 1 to 8 rows, in place of one number per input. For a metric that takes
        whole columns anyway, they are arrays rather than lists; several components are the columns of an array.

    Returns
    -------
    SearchStrategy of dict
        Arguments of the metric by name.

    Raises
    ------
    MetricInputError
        If there is no such metric.

    See Also
    --------
    impossible, cohort_frames, csmetrics.testing.verify

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> import csmetrics as csm
    >>> from csmetrics.testing.strategies import inputs
    >>> @settings(max_examples=20, database=None)
    ... @given(inputs(csm.churn_rate))
    ... def test_my_churn_rate(row):
    ...     assert abs(100 * (row["lost"] / row["start"]) - csm.churn_rate(**row)) < 1e-9
    >>> test_my_churn_rate()
    """
    spec = registered(metric, "inputs")
    if spec.reduces:
        return _reduced(spec, missing, undefined, columns)
    if spec.over_columns:
        return _weighed(spec, missing, undefined, _ROWS if columns else None)
    rows = _rows(spec, missing, undefined)
    if not columns:
        return rows
    return st.lists(rows, min_size=1, max_size=_ROWS).map(lambda drawn: _as_columns(spec, drawn))


def impossible(metric: Metric) -> SearchStrategy[Row]:
    """Draw inputs that the metric rejects with `MetricInputError`: valid inputs with one thing made wrong.

    The mistakes are a number below or above its limits, a part larger than its whole, infinity, text, a bool, a complex
    number, a date for a number or a number for a date, an answer outside its scale, and columns of different lengths.

    Parameters
    ----------
    metric
        The metric, or its name.

    Returns
    -------
    SearchStrategy of dict
        Arguments of the metric by name: numbers, or lists with valid values before the wrong one.

    Raises
    ------
    MetricInputError
        If there is no such metric.

    See Also
    --------
    inputs

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> import csmetrics as csm
    >>> from csmetrics.testing.strategies import impossible
    >>> @settings(max_examples=20, database=None)
    ... @given(impossible("churn_rate"))
    ... def test_refusal(row):
    ...     try:
    ...         csm.churn_rate(**row)
    ...     except csm.MetricInputError:
    ...         return
    ...     raise AssertionError("accepted")
    >>> test_refusal()
    """
    spec = registered(metric, "impossible")
    if spec.reduces:
        return _wrong_reduced(spec)
    return _wrong_components(spec) if spec.over_columns else _wrong_rows(spec)


def cohort_frames(metric: Metric, *, missing: bool = False, undefined: bool = False) -> SearchStrategy[pd.DataFrame]:
    """Draw cohort frames, with a column for each input of the metric and a column ``plan`` to group by.

    Parameters
    ----------
    metric
        The metric, or its name.
    missing, undefined
        As for `inputs`. The metric of a group can be defined even if that of its rows is not.

    Returns
    -------
    SearchStrategy of DataFrame
        Frames with 1 to 8 rows. For a metric of several components, the columns are ``part 0``, ``part 1``, ...

    Raises
    ------
    MetricInputError
        If there is no such metric.

    See Also
    --------
    inputs

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from csmetrics.testing.strategies import cohort_frames
    >>> @settings(max_examples=20, database=None)
    ... @given(cohort_frames("churn_rate"))
    ... def test_the_sum_is_between_the_rows(df):
    ...     rates = df.csm.churn_rate()
    ...     assert rates.min() - 1e-9 <= df.csm.total().churn_rate() <= rates.max() + 1e-9
    >>> test_the_sum_is_between_the_rows()
    """
    spec = registered(metric, "cohort_frames")
    drawn = inputs(metric, missing=missing, undefined=undefined, columns=True)
    if spec.reduces:
        drawn = drawn.filter(lambda row: len(row[next(iter(spec.inputs))]) > 0)
    return drawn.flatmap(lambda row: _framed(spec, row))


def _framed(spec: Registration, row: Row) -> SearchStrategy[pd.DataFrame]:
    first = next(iter(spec.inputs))
    if spec.over_columns:
        frame = pd.DataFrame({f"part {i}": row[first][:, i] for i in range(row[first].shape[1])})
    else:
        frame = pd.DataFrame({name: row[name] for name in spec.inputs if name in row})
    plans = st.lists(st.sampled_from(["free", "pro", "team"]), min_size=len(frame), max_size=len(frame))
    return plans.map(lambda plan: frame.assign(plan=plan))


# Single values


def _numbers(given: Input) -> SearchStrategy[Any]:
    """Draw values of an input that are possible by themselves."""
    quantity = given.quantity
    if quantity.choices:
        return st.sampled_from(quantity.choices)
    if quantity.name == "date":
        return st.datetimes(_FIRST, _LAST)
    if quantity.high < inf:
        low = max(quantity.low, -1000.0)
        return st.integers(int(low), int(quantity.high)) | st.floats(low, quantity.high)
    if given.kind == "level" and quantity.name in ("percent", "number") and quantity.low == 0:
        return st.integers(0, 1000) | st.floats(0, 1000)  # rates and numbers of periods, which are also exponents
    sizes = (
        st.integers(0, 10**6)
        | st.floats(1e-6, 1e9)
        | st.floats(0, 1)
        | st.sampled_from([0, 0.0, 1, 5e-324, 1e-300, 2**53 + 1, 2**64, _LARGE])
        | st.floats(0, _LARGE)
    )
    if quantity.low == 0:
        return sizes
    return st.tuples(sizes, st.sampled_from([1, -1])).map(lambda drawn: drawn[0] * drawn[1])


# One row


@st.composite
def _rows(draw: DrawFn, spec: Registration, missing: bool, undefined: bool) -> Row:
    row = draw(_accepted(spec, undefined))
    if missing and draw(st.booleans()):
        for name in draw(st.sets(st.sampled_from(list(spec.inputs)), min_size=1)):
            row = {**row, name: None}
    return row


def _accepted(spec: Registration, undefined: bool) -> SearchStrategy[Row]:
    """Draw rows that obey all rules and whose result can be computed."""
    free = st.fixed_dictionaries({name: _numbers(given) for name, given in spec.inputs.items()})
    rows = free.map(lambda row: _obeying(spec, row))
    if undefined and spec.base:
        rows = rows | free.map(lambda row: _emptied(spec, row))
    elif spec.base:
        rows = rows.map(lambda row: _filled(spec, row)).filter(lambda row: _has_base(spec, row))
    return rows.filter(lambda row: _computable(spec, row))


def _obeying(spec: Registration, row: Row) -> Row:
    """Make wholes at least as large as their parts."""
    row = dict(row)
    for rule in spec.rules:
        if len(rule.parts) == len(rule.wholes) == 1:
            part, whole = rule.parts[0], rule.wholes[0]
            row[part], row[whole] = sorted((row[part], row[whole]))
            continue
        excess = _sum(row, rule.parts) - _sum(row, rule.wholes)
        if excess > 0:
            row[rule.wholes[0]] += excess
    return row


def _filled(spec: Registration, row: Row) -> Row:
    """Make the denominator larger than 0, if it is not."""
    if _has_base(spec, row):
        return row
    names = [name for name in spec.inputs if name in spec.base.split()]
    if " x " in spec.base:
        return {**row, **{name: min(abs(row[name]), spec.inputs[name].quantity.high) or 1 for name in names}}
    return _obeying(spec, {**row, names[0]: row[names[0]] + 1})


def _emptied(spec: Registration, row: Row) -> Row:
    """Make the denominator 0, and parts no larger than what is left of their wholes."""
    row = dict(row)
    names = [name for name in spec.inputs if name in spec.base.split()]
    for name in names:
        row[name] = 0
    if "1" in spec.base.split():  # 1 + a - b
        row[names[-1] if spec.base.endswith(names[-1]) else names[0]] = 100
    for rule in spec.rules:
        parts, wholes = _sum(row, rule.parts), _sum(row, rule.wholes)
        for name in rule.parts:
            row[name] = row[name] * (wholes / parts) if parts > wholes else row[name]
    return row


def _sum(row: Row, names: Sequence[str]) -> Any:
    return sum(row[name] for name in names)


def _has_base(spec: Registration, row: Row) -> bool:
    """Check whether the denominator is not 0; only a difference may be negative."""
    below = _below(spec, row)
    return below != 0 if " - " in spec.base else below > 0


def _below(spec: Registration, row: Row) -> float:
    """Return the denominator; `base` has names and numbers with + - x between them."""
    names = spec.base.split()
    if "1" in names:  # the base is in fractions, the inputs in percent; what rounding leaves of 0 is 0
        row = {name: value / 100 for name, value in row.items()}
    total, sign = 0.0, 1.0
    for term in spec.base.replace(" - ", " + -").split(" + "):
        sign = -1.0 if term.startswith("-") else 1.0
        for factor in term.removeprefix("-").split(" x "):
            sign *= float(row[factor]) if factor in row else float(factor)
        total += sign
    return 0.0 if abs(total) < 1e-12 and "1" in names else total


def _computable(spec: Registration, row: Row) -> bool:
    """Check whether the result is small enough to compute; no other rejected rows are drawn."""
    try:
        spec.function(**row)
    except MetricInputError as error:
        return error.rule != "must be small enough to compute"
    return True


def _as_columns(spec: Registration, rows: Sequence[Row]) -> Row:
    return {name: _array(given.quantity, [row[name] for row in rows]) for name, given in spec.inputs.items()}


def _array(quantity: Quantity, values: Sequence[Any]) -> Any:
    if quantity.choices:
        return np.array(values, dtype=object)
    return np.array(values, dtype="datetime64[us]" if quantity.name == "date" else np.float64)


# Columns of answers and dates, rows of components


@st.composite
def _reduced(draw: DrawFn, spec: Registration, missing: bool, undefined: bool, columns: bool) -> Row:
    first, *others = (name for name in spec.inputs if name not in spec.defaults)
    dates = spec.inputs[first].quantity.name == "date"
    if undefined and draw(st.integers(0, 4)) == 0:
        empty = missing and not dates and draw(st.booleans())
        row: Row = {name: [None] * 3 if empty else [] for name in (first, *others)}
    elif dates:
        pairs = st.tuples(st.datetimes(_FIRST, _LAST), st.none() | st.timedeltas(timedelta(0), timedelta(9000)))
        drawn = draw(st.lists(pairs, min_size=1, max_size=40))
        if not undefined:  # so that half of them reach the end
            drawn = [(at, dt or timedelta(0)) if i % 2 == 0 else (at, dt) for i, (at, dt) in enumerate(drawn)]
        row = {first: [at for at, _ in drawn], others[0]: [None if dt is None else at + dt for at, dt in drawn]}
    else:
        low, high = spec.options["scale"]
        answers = draw(st.lists(st.integers(low, high), min_size=1, max_size=40))
        gone = draw(st.lists(st.booleans(), min_size=len(answers), max_size=len(answers))) if missing else []
        row = {first: [None if gone and gone[i] and i else answer for i, answer in enumerate(answers)]}
    if columns:
        row = {name: _array(spec.inputs[name].quantity, values) for name, values in row.items()}
    known = _LAST + timedelta(10_000)
    return row | {name: known for name, default in spec.options.items() if default is REQUIRED}


@st.composite
def _weighed(draw: DrawFn, spec: Registration, missing: bool, undefined: bool, rows: int | None) -> Row:
    first, second = spec.inputs
    size = draw(st.integers(1, 5))
    weight = st.integers(0, 100) | st.floats(1e-9, 1e9) | st.sampled_from([0, 1e-150, 1e150])
    if spec.inputs[second].quantity.low < 0:
        weight = weight | weight.map(lambda drawn: -drawn)
    weights = draw(st.lists(weight, min_size=size, max_size=size))
    if spec.base and not undefined:
        weights[0] += 1
    elif spec.base and draw(st.booleans()):
        weights = [0] * size
    counts = st.integers(0, 10**6) | st.floats(0, 1e150)
    value = counts if spec.inputs[first].quantity.high == inf else _numbers(spec.inputs[first])
    value = st.none() | value if missing else value
    count = 1 if rows is None else draw(st.integers(1, rows))
    table = draw(st.lists(st.lists(value, min_size=size, max_size=size), min_size=count, max_size=count))
    if not undefined:  # so that the first component, which has a weight, is present
        table = [[0 if line[0] is None else line[0], *line[1:]] for line in table]
    if rows is None:
        return {first: table[0], second: weights}
    return {first: np.array(table, dtype=np.float64), second: np.array(weights, dtype=np.float64)}


# Inputs that the metric must reject

_NO_NUMBERS = ("12", "", True, False, 1 + 2j, b"5", {"a": 1}, date(2026, 1, 1))
_INFINITE = (inf, -inf, 10**400, -(10**400))
_NO_DATES: tuple[Any, ...] = ("2026-01-01", 5, 5.0, True, {}, 1j)


def _wrong_values(given: Input) -> SearchStrategy[Any]:
    """Draw values that an input can never have."""
    quantity = given.quantity
    if quantity.choices:
        return st.text().filter(lambda word: word not in quantity.choices) | st.sampled_from([1, 2.5, True, b"month"])
    if quantity.name == "date":
        return st.sampled_from(_NO_DATES)
    wrong: SearchStrategy[Any] = st.sampled_from([*_NO_NUMBERS, *_INFINITE]) | st.text()
    if quantity.low == 0:
        wrong = wrong | st.integers(max_value=-1) | st.floats(-_LARGE, -1e-300)
    if quantity.high < inf:
        wrong = wrong | st.integers(int(quantity.high) + 1) | st.floats(quantity.high * (1 + 1e-9), _LARGE)
    return wrong


@st.composite
def _wrong_rows(draw: DrawFn, spec: Registration) -> Row:
    row = draw(_accepted(spec, undefined=True))
    rules = [rule for rule in spec.rules if draw(st.booleans())]
    if rules:
        return _broken(draw, row, rules[0])
    name = draw(st.sampled_from(list(spec.inputs)))
    wrong = draw(_wrong_values(spec.inputs[name]))
    others = [other for other in spec.inputs if other != name]
    if others and draw(st.integers(0, 9)) == 0:
        return {**row, name: [row[name]] * 2, others[0]: [row[others[0]]] * 3}
    return {**row, name: [row[name], wrong] if draw(st.booleans()) else wrong}


def _broken(draw: DrawFn, row: Row, rule: Rule) -> Row:
    """Make the parts larger than their wholes."""
    part, whole = rule.parts[0], rule.wholes[0]
    if isinstance(row[part], datetime):
        later = draw(st.timedeltas(timedelta(microseconds=1), timedelta(9000)))
        return {**row, part: row[whole] + later}
    excess = draw(st.floats(1e-3, 1e3)) * max(abs(_sum(row, rule.wholes)), 1)
    return {**row, part: row[part] + _sum(row, rule.wholes) - _sum(row, rule.parts) + excess}


@st.composite
def _wrong_reduced(draw: DrawFn, spec: Registration) -> Row:
    row = draw(_reduced(spec, False, False, False))
    name = next(iter(row))
    good, given = row[name], spec.inputs[name]
    wrong: SearchStrategy[Any] = _wrong_values(given)
    if "scale" in spec.options:
        low, high = spec.options["scale"]
        wrong = wrong | st.integers(max_value=low - 1) | st.integers(min_value=high + 1)
    one = draw(wrong)
    instead: list[Any] = [one, [*good, one], [[*good]], good[0]]
    if given.quantity.name == "date":
        late = row[next(name for name, default in spec.options.items() if default is REQUIRED)] + timedelta(1)
        instead = [[one, *good[1:]], [late, *good[1:]]]
    return {**row, name: draw(st.sampled_from(instead))}


@st.composite
def _wrong_components(draw: DrawFn, spec: Registration) -> Row:
    row = draw(_weighed(spec, False, False, None))
    name = draw(st.sampled_from(list(spec.inputs)))
    good = row[name]
    wrong = draw(_wrong_values(spec.inputs[name]))
    if name != next(iter(spec.inputs)) and draw(st.booleans()):
        wrong = None  # a weight is never missing
    at = draw(st.integers(0, len(good) - 1))
    instead: list[Any] = [[*good[:at], wrong, *good[at + 1 :]], [*good, good[0]], [], 5, "12", None]
    return {**row, name: draw(st.sampled_from(instead))}
