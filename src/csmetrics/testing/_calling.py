"""How somebody's own function is called, whatever its arguments are named and whatever kind of numbers it takes."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import isnan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics._laws import Row
from csmetrics._values import shown
from csmetrics.core._registry import REGISTRY, REQUIRED, Registration
from csmetrics.errors import MetricInputError

KNOWN = {name for spec in REGISTRY.values() for name in spec.inputs}


class Outcome(NamedTuple):
    """What a call gave: a figure (None where there is none), or what is wrong with it."""

    value: float | str | None = None
    raised: str = ""
    returned: str = ""

    @property
    def figure(self) -> bool:
        """Whether it is a number or a word."""
        return self.value is not None

    def __str__(self) -> str:
        if self.raised or self.returned:
            return self.raised or self.returned
        return "no value" if self.value is None else show(self.value)


def show(value: Any) -> str:
    """Write an expected or a returned figure, with the digits that tell."""
    return f"{value:.12g}" if isinstance(value, float) else "no value" if value is None else shown(value)


def outcome(result: Any) -> Outcome:
    """Read a figure off what a function returned or a table holds."""
    if isinstance(result, (pd.Series, pd.DataFrame, np.ndarray, list, tuple)) and np.size(result) == 1:
        result = np.asarray(result, dtype=object).reshape(-1)[0]
    if isinstance(result, np.generic):
        result = result.item()
    if result is None or result is pd.NA or result is pd.NaT:
        return Outcome()
    if isinstance(result, str):
        return Outcome(result)
    if isinstance(result, (int, float, Decimal)) and not isinstance(result, bool):
        try:
            number = float(result)
        except (OverflowError, ValueError):
            return Outcome(returned=f"gives {shown(result)}")
        return Outcome(None if isnan(number) else number)
    return Outcome(returned=f"gives {shown(result)}, which is no number")


# The kinds of values in which a row's inputs can be handed over, each tried until one works


def _numbers(values: Any) -> Any:
    return values[0]


def _decimals(values: Any) -> Any:
    value = values[0]
    return Decimal(repr(value)) if isinstance(value, (int, float)) else value


SINGLE: dict[str, Callable[[list[Any]], Any]] = {
    "numbers": _numbers,
    "Series": pd.Series,
    "arrays": np.array,
    "lists": list,
    "Decimals": _decimals,
}
WHOLE: dict[str, Callable[[list[Any]], Any]] = {
    "lists": list,
    "Series": pd.Series,
    "arrays": lambda values: np.array([np.nan if v is None else v for v in values]),
    "mappings": lambda values: {f"part {i}": value for i, value in enumerate(values)},
}


class Caller:
    """Somebody's own function, called with the inputs of a metric.

    Parameters
    ----------
    function
        The function.
    spec
        The metric.
    names
        The function's own names of the metric's inputs, where they differ.

    Attributes
    ----------
    problem : str
        Why it cannot be called; empty where it can.
    notes : list of str
        How its arguments were understood.
    untaken : set of str
        Optional inputs that it does not take.
    """

    def __init__(self, function: Callable[..., Any], spec: Registration, names: Mapping[str, str]) -> None:
        self.function = function
        self.spec = spec
        self.notes: list[str] = []
        self.problem = ""
        self.untaken: set[str] = set()
        self.extra: list[str] = []
        self.by_place: list[str] | None = None  # positional: inputs in the order of the arguments
        self.by_name: dict[str, str] = {}  # input to argument
        self.frame = False
        self.kind = ""
        self._read(names)

    # Its arguments

    def _read(self, names: Mapping[str, str]) -> None:
        spec = self.spec
        options = [n for n in spec.options if n != "undefined"]
        wanted = [*spec.inputs, *options]
        for name in names:
            if name not in wanted:
                rule, hint = "is no input of this metric", f"it has {', '.join(wanted)}"
                raise MetricInputError(spec.name, name, rule, f"got {name}={names[name]!r}", hint)
        try:
            parameters = list(inspect.signature(self.function).parameters.values())
        except (TypeError, ValueError):  # written in C
            parameters = []
            self.by_place = [n for n in spec.inputs if n not in spec.defaults]
        self.arguments = [p.name for p in parameters]
        places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        free = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        required = [
            n for n in wanted if (n in spec.inputs and n not in spec.defaults) or spec.options.get(n) is REQUIRED
        ]
        for name, argument in names.items():
            if argument not in [p.name for p in named] and not any(p.kind is p.VAR_KEYWORD for p in parameters):
                rule, found = "must name an argument of the function", f"it has no {argument!r}"
                raise MetricInputError(spec.name, name, rule, found)
            self.by_name[name] = argument
        taken = set(self.by_name.values())
        self.by_name |= {p.name: p.name for p in named if p.name in wanted and p.name not in {*taken, *self.by_name}}
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            self.by_name |= {n: n for n in required if n not in self.by_name}
        left = [p for p in free if p.name not in self.by_name.values()]
        lacking = [n for n in required if n not in self.by_name]
        self._match(left, lacking)
        must = [p for p in left if p.default is p.empty]
        if lacking and len(must) == 1 and len(lacking) > 1 and not self.by_name:
            self.frame = True
            self.notes.append(f"`{must[0].name}` is given a DataFrame with the columns {', '.join(spec.inputs)}")
            lacking, must = [], []
        elif lacking and not self.by_name and any(p.kind is p.VAR_POSITIONAL for p in parameters):
            self.by_place, lacking = required, []
        elif lacking and len([p for p in must if p in places]) >= len(lacking):
            pairs = dict(zip(lacking, (p for p in must if p in places), strict=False))
            self.by_name |= {name: p.name for name, p in pairs.items()}
            must = [p for p in must if p not in pairs.values()]
            self.notes.append(f"taken in order: {', '.join(f'{p.name} is {n}' for n, p in pairs.items())}")
            lacking = []
        self.extra = [p.name for p in must if p.name in KNOWN]
        unknown = [p.name for p in must if p.name not in KNOWN]
        if lacking:
            self.problem = f"it does not take {', '.join(f'`{n}`' for n in lacking)}"
        elif unknown:
            self.problem = f"it takes `{unknown[0]}`, which is no input of {spec.name}"
        if self.problem:
            self.problem += f"; the inputs are {', '.join(required)}, and {required[0]}='...' names one of your own"
        if self.by_place is not None:
            self.untaken = {n for n in wanted if n not in self.by_place}
        elif not self.frame:
            self.untaken = {n for n in wanted if n not in self.by_name}
        self.only_places = {p.name: i for i, p in enumerate(places) if p.kind is p.POSITIONAL_ONLY}

    def _match(self, left: list[inspect.Parameter], lacking: list[str]) -> None:
        """Take arguments whose words contain an input's, such as ``lost_customers`` for `lost`."""
        for name in list(lacking):
            close = [p for p in left if _words(name) <= _words(p.name)]
            rivals = [n for n in lacking if close and n != name and _words(n) <= _words(close[0].name)]
            if len(close) == 1 and not rivals:
                self.by_name[name] = close[0].name
                self.notes.append(f"`{close[0].name}` is taken for {name}")
                left.remove(close[0])
                lacking.remove(name)

    # Calls

    def takes(self, row: Row) -> bool:
        """Whether all of a row can be handed over: what is not taken is at its default."""
        usual = {**self.spec.defaults, **self.spec.options}
        return all(n not in row or _equal(row[n], usual.get(n)) for n in self.untaken)

    def without_untaken(self, row: Row) -> Row:
        """Leave out of a row what the function does not take."""
        return {n: v for n, v in row.items() if n not in self.untaken}

    def settle(self, row: Row) -> None:
        """Find the kind of values that the function works with."""
        kinds = WHOLE if self.spec.reduces or self.spec.over_columns else SINGLE
        tried = ["numbers"] if self.frame else list(kinds)
        for kind in [*tried, tried[0]]:  # where none works, the first
            self.kind = kind
            if not self(row).raised:
                break
        if self.kind not in ("numbers", "lists"):
            self.notes.append(f"called with {self.kind}")

    def __call__(self, row: Row, extra: Mapping[str, Any] | None = None) -> Outcome:
        """Call it with one row of inputs."""
        return self._call(self._values(row), dict.fromkeys(self.extra, 1) | dict(extra or {}))

    def columns(self, rows: Sequence[Row], kind: str) -> Any:
        """Call it with columns of several rows; what it returns, or an Outcome that says what it raised."""
        names = list(rows[0])
        if self.frame:
            return self._raw([pd.DataFrame(list(rows))], {})
        make = SINGLE[kind]
        return self._given({n: make([row[n] for row in rows]) for n in names}, dict.fromkeys(self.extra, 1))

    def _values(self, row: Row) -> dict[str, Any]:
        """Make a row's values of the kind that the function works with."""
        if self.spec.reduces or self.spec.over_columns:
            make = WHOLE.get(self.kind, list)
            return {n: make(v) if isinstance(v, list) else v for n, v in row.items()}
        make = SINGLE[self.kind]
        return {n: v if isinstance(v, str) or n in self.spec.options else make([v]) for n, v in row.items()}

    def _call(self, values: dict[str, Any], extra: Mapping[str, Any]) -> Outcome:
        got = self._raw([pd.DataFrame([values])], {}) if self.frame else self._given(values, extra)
        return got if isinstance(got, Outcome) else outcome(got)

    def _given(self, values: Mapping[str, Any], extra: Mapping[str, Any]) -> Any:
        if self.by_place is not None:
            return self._raw([values[n] for n in self.by_place], {})
        named = {self.by_name[n]: v for n, v in values.items() if n in self.by_name} | dict(extra)
        ordered = sorted((n for n in named if n in self.only_places), key=self.only_places.__getitem__)
        return self._raw([named[n] for n in ordered], {n: v for n, v in named.items() if n not in ordered})

    def _raw(self, args: list[Any], kwargs: Mapping[str, Any]) -> Any:
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                return self.function(*args, **kwargs)
        except Exception as error:  # whatever somebody's own function raises is a finding
            return Outcome(raised=f"raises {type(error).__name__}: {str(error)[:80]}")


def _equal(one: Any, other: Any) -> bool:
    return bool(one is other or (isinstance(one, (int, float, str, tuple)) and one == other))


def _words(name: str) -> set[str]:
    return {word.removesuffix("s") for word in re.findall(r"[a-z0-9]+", name.lower())}
