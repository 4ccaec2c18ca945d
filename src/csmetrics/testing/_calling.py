"""Call a user's function with the kind of values that it takes, and read the figure that it returns."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import isnan, nan
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics._catalog.drawn_rows import Row
from csmetrics.core._registry import Registration
from csmetrics.errors import shown
from csmetrics.testing._arguments import COUNTED, read_arguments, required, wanted
from csmetrics.testing._causes import same


class Outcome(NamedTuple):
    """The result of a call: a figure (None if there is no value), or what is wrong with the result."""

    value: float | str | None = None
    raised: str = ""
    returned: str = ""
    of_array: bool = False  # numpy and pandas divide by 0 without raising an error

    @property
    def figure(self) -> bool:
        """Whether the result is a number or a word."""
        return self.value is not None

    def agrees(self, right: float | str | None, tolerance: float, slack: float = 0.0) -> bool:
        """Check whether the result is the right figure, up to rounding or `slack`, or rightly has no value."""
        if isinstance(self.value, float) and isinstance(right, float):
            return bool(same(self.value, right, tolerance, slack))
        return not self.returned and self.value == right and (right is None or not self.raised)

    def __str__(self) -> str:
        if self.raised or self.returned:
            return self.raised or self.returned
        return "no value" if self.value is None else written(self.value)


def written(value: Any) -> str:
    """Write an expected or returned figure with 12 digits."""
    return f"{value:.12g}" if isinstance(value, float) else "no value" if value is None else shown(value)


_OF_SHEETS = ("#DIV/0!", "#N/A")  # what a formula without a value shows


def outcome(result: Any) -> Outcome:
    """Read a figure from what a function returned or a table contains."""
    of_array = isinstance(result, (np.generic, np.ndarray)) or hasattr(type(result), "to_numpy")
    if not isinstance(result, (str, np.generic)) and hasattr(type(result), "to_numpy"):  # from pandas, Polars or Arrow
        result = result.to_numpy()
    if isinstance(result, (np.datetime64, np.timedelta64)) and np.isnat(result):
        return Outcome()
    # else nanoseconds would become integers
    if isinstance(result, (np.generic, np.ndarray)) and result.dtype.kind in "mM":
        result = pd.Series(result.reshape(-1)).tolist()
    for _ in range(2):  # [[5]] is 5
        if isinstance(result, (list, tuple)) and len(result) == 1:
            result = result[0]
    if isinstance(result, np.ndarray) and result.size == 1:
        result = result.reshape(-1)[0]
    if isinstance(result, np.generic):
        result = result.item()
    if result is None or result is pd.NA or result is pd.NaT:
        return Outcome()
    if isinstance(result, str):
        return Outcome() if result.strip() in _OF_SHEETS else Outcome(result)
    if isinstance(result, (Real, Decimal)) and not isinstance(result, bool):
        try:
            number = float(result)
        except (OverflowError, ValueError):
            return Outcome(returned=shown(result))
        return Outcome(None if isnan(number) else number, of_array=of_array)
    return Outcome(returned=f"{shown(result)}, which is no number")


# Kinds of values in which the inputs can be passed, each tried until one works


def _number(values: Any) -> Any:
    return values[0]


def _decimal(values: Any) -> Any:
    value = values[0]
    return Decimal(repr(value)) if isinstance(value, (int, float)) else value


ONE: dict[str, Callable[[list[Any]], Any]] = {
    "numbers": _number,
    "Series": pd.Series,
    "arrays": np.array,
    "lists": list,
    "Decimals": _decimal,
}
COLUMN: dict[str, Callable[[list[Any]], Any]] = {
    "lists": list,
    "mappings": lambda values: {f"part {i}": value for i, value in enumerate(values)},
    "Series": pd.Series,
    "arrays": lambda values: np.array([np.nan if v is None else v for v in values]),
}
ROW: dict[str, Callable[[Row], Any]] = {
    "a DataFrame": lambda row: pd.DataFrame([row]),
    "a dict": dict,
    "a row of a DataFrame": lambda row: pd.Series(row, dtype=object),
}
PLAIN = ("numbers", "lists", "Decimals", "mappings", "a dict", "a row of a DataFrame")


class Caller:
    """A user's function, called with the inputs of a metric.

    Parameters
    ----------
    function
        The function.
    spec
        The metric.
    names
        The function's own names for the metric's inputs, where they differ.

    Attributes
    ----------
    problem : str
        Why the function cannot be checked; empty if it can.
    callable : bool
        Whether the function can be called at all.
    kind : str
        The kind of values that the function takes; `settle` finds it.
    notes : list of str
        How the function's arguments were understood.
    untaken : set of str
        Optional inputs that the function does not take.
    """

    def __init__(self, function: Callable[..., Any], spec: Registration, names: Mapping[str, str]) -> None:
        self.function = function
        self.spec = spec
        self.whole = spec.reduces or spec.over_columns
        self.arguments = read_arguments(function, spec, names)
        self.notes = self.arguments.notes
        self.extra = list(self.arguments.extra)
        self.kind = ""
        lacking, unknown = self.arguments.lacking, self.arguments.unknown
        self.callable = not unknown and not (lacking and not self.arguments.by_name and not self.arguments.lone)
        lone = self.arguments.lone and lacking
        self.untaken = set() if lone else set(wanted(spec)) - self.arguments.taken - set(lacking)
        self.problem = ""
        if unknown:
            self.problem = f"it takes {_quoted(unknown)}, no input of {spec.name}"
        elif lacking and not self.arguments.lone:
            self.problem = f"it does not take {_quoted(lacking)}"
        if self.problem:
            names_one = f"{(lacking or required(spec))[0]}='...' names an argument of your own"
            self.problem += f"; the inputs are {', '.join(required(spec))}, and {names_one}"
        elif self.arguments.foreign:
            name, own = next(iter(self.arguments.foreign.items()))
            self.problem = f"it takes `{own}` where `{name}` belongs; if they are the same here, {name}={own!r} says so"

    def takes(self, row: Row) -> bool:
        """Check whether the function takes all of a row, or the inputs it does not take are at their defaults."""
        usual = {**self.spec.defaults, **self.spec.options}
        return all(n not in row or _equal(row[n], usual.get(n)) for n in self.untaken)

    def fit(self, row: Row) -> Row:
        """Return a row without the inputs that the function does not take."""
        return {n: v for n, v in row.items() if n not in self.untaken}

    def settle(self, rows: Sequence[Row]) -> None:
        """Find the kind of values that the function works with."""
        kinds = list(COLUMN if self.whole else ONE)
        if self.arguments.lone:
            kinds = [*([] if self.arguments.lacking else kinds), *ROW]
        tried = {}
        for kind in kinds:
            self.kind = kind
            got = tried[kind] = self._learning(rows[0]) if kind in ROW else self(self.fit(rows[0]))
            if got.figure:
                break
        else:  # no kind gives a figure: the first that raises no error, or else the first
            self.kind = next((kind for kind, got in tried.items() if not got.raised), kinds[0])
        if self.kind in ROW:
            self.untaken = set(wanted(self.spec)) - set(self.spec.inputs) - set(required(self.spec))
            self._leave_out_unread(rows[:3])
            columns = ", ".join(self._renamed({n: 0 for n in self.spec.inputs if n not in self.untaken}))
            self.notes.append(f"`{self.arguments.lone}` is given {self.kind} with {columns}")
        else:
            own = next(iter(self.arguments.by_name.items()), ("", ""))
            if self.arguments.lone and own[0] != own[1]:
                self.notes.append(f"taken in order: {own[1]} is {own[0]}")
            if self.kind not in ("numbers", "lists"):
                self.notes.append(f"called with {self.kind}")

    def _learning(self, row: Row) -> Outcome:
        """Call the function with a row, adding further columns that it raises an error about."""
        got = self(row)
        for _ in range(5):
            named = set(re.findall(r"'(\w+)'", got.raised)) & COUNTED - set(row) - set(self.extra)
            if not named:
                break
            self.extra += sorted(named)
            got = self(row)
        return got

    def _leave_out_unread(self, rows: Sequence[Row]) -> None:
        """Find the optional inputs that the function gets in a row but never uses."""
        self.untaken |= {n for n in self.spec.defaults if n not in rows[0]}
        for name in [n for n in self.spec.defaults if n in rows[0]]:
            without = [self({n: v for n, v in row.items() if n != name}) for row in rows]
            if not any(got.raised for got in without) and without == [self(row) for row in rows]:
                self.untaken.add(name)

    def missing(self, value: Any) -> list[Any]:
        """Return the values that mean missing, the one that is natural for the kind first."""
        if self.kind in PLAIN:
            return [None, nan]
        return [pd.NaT if hasattr(value, "isoformat") else nan]

    def __call__(self, row: Row) -> Outcome:
        """Call the function with one row of inputs."""
        row = dict.fromkeys(self.extra, 1) | row
        if self.kind in ROW:
            row = {n: v for n, v in self.spec.defaults.items() if n not in self.untaken and v is not None} | row
            row = self._renamed(row)
            got = self._raw([pd.DataFrame(row) if self.whole else ROW[self.kind](row)], {})
        else:
            got = self._given(self._values(row))
        return got if isinstance(got, Outcome) else outcome(got)

    def of_mappings(self, row: Row) -> Outcome:
        """Call the function with mappings of component to value, whatever its usual kind of values."""
        usual, self.kind = self.kind, "mappings"
        try:
            return self(row)
        finally:
            self.kind = usual

    def columns(self, rows: Sequence[Row], kind: str) -> Any:
        """Call the function with columns of several rows; return its result, or an Outcome if it raised an error."""
        rows = [dict.fromkeys(self.extra, 1) | row for row in rows]
        if self.kind in ROW:
            return self._raw([pd.DataFrame([self._renamed(row) for row in rows])], {})
        return self._given({n: ONE[kind]([row[n] for row in rows]) for n in rows[0]})

    def _renamed(self, row: Row) -> Row:
        """Return a row with the function's own names of columns."""
        return {self.arguments.columns.get(name, name): value for name, value in row.items()}

    def _values(self, row: Row) -> dict[str, Any]:
        """Convert a row's values to the kind that the function takes."""
        usual = {n: v for n, v in self.spec.defaults.items() if n in self.arguments.by_name and n not in row}
        row = row | {n: v for n, v in usual.items() if n not in self.arguments.own_default}
        if self.whole:
            return {n: self._column(row, v) if n in self.spec.inputs else v for n, v in row.items()}
        make = ONE[self.kind]
        return {n: v if isinstance(v, str) or n in self.spec.options else make([v]) for n, v in row.items()}

    def _column(self, row: Row, value: Any) -> Any:
        """Convert one input of several values; mappings follow the order of the first input."""
        if isinstance(value, Mapping) and self.kind != "mappings":
            value = [value[part] for part in row[next(iter(self.spec.inputs))]]
        return COLUMN[self.kind](value) if isinstance(value, list) else value

    def _given(self, values: Mapping[str, Any]) -> Any:
        if self.arguments.by_place is not None:
            return self._raw([values[n] for n in self.arguments.by_place], {})
        names = self.arguments.by_name | {n: n for n in self.extra}
        named = {names[n]: v for n, v in values.items() if n in names}
        ordered = [n for n in self.arguments.positional if n in named]
        return self._raw([named[n] for n in ordered], {n: v for n, v in named.items() if n not in ordered})

    def _raw(self, args: list[Any], kwargs: Mapping[str, Any]) -> Any:
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                got = self.function(*args, **kwargs)
                if inspect.iscoroutine(got):
                    got.close()
                return got
        except Exception as error:  # any error of the user's function is a finding
            return Outcome(raised=f"raises {type(error).__name__}: {_brief(str(error))}")


def _equal(one: Any, other: Any) -> bool:
    return bool(one is other or (isinstance(one, (int, float, str, tuple)) and one == other))


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _brief(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= 80 else f"{line[:77]}..."
