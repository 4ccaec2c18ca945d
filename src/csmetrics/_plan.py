"""From a metric to the columns it needs at a grain, and from their totals back to its value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

from csmetrics import engines
from csmetrics._columns import column, has
from csmetrics.core._kinds import array, is_scalar
from csmetrics.core._numeric import check
from csmetrics.core._registry import NUMBER, REGISTRY, Kind, Registration
from csmetrics.errors import MetricInputError, MissingColumnError

PERIOD = "period"  # the time axis, where `by` or `total` names no other


class Need(NamedTuple):
    """The metric and the argument that take a column."""

    metric: str
    argument: str

    def refuse_below(self, least: float, values: Any) -> None:
        """Refuse a row that is impossible in itself and would vanish in a sum."""
        spec = REGISTRY[self.metric]
        declared = spec.inputs[self.argument]
        if least < declared.quantity.low:
            check(
                replace(spec, inputs={self.argument: declared}, rules=()),
                {self.argument: values},
                {self.argument: values},
            )


@dataclass(frozen=True)
class Grain:
    """A frame and how its rows come together: each on its own (`keys` is None), by keys, or all of them (no keys)."""

    frame: pd.DataFrame
    keys: tuple[Any, ...] | None
    period: Any

    @property
    def axis(self) -> Any:
        """The name of the time axis, whether it is there or not."""
        return PERIOD if self.period is None else self.period

    @cached_property
    def adds_periods(self) -> str:
        """Say which periods would be added up, "" where none would."""
        axis = self.axis
        if self.keys is None or axis in self.keys or not has(self.frame, axis):
            return ""
        columns = [column(self.frame, name, "by", "keys") for name in (*self.keys, axis)]
        cells, _ = engines.group_sums(columns, {})
        groups: Any = cells.droplevel(-1) if self.keys else pd.Index([0] * len(cells))  # type: ignore[arg-type]
        many = groups[groups.duplicated()]
        if many.empty:
            return ""
        where = f" in the group {many[:1].tolist()[0]!r}" if self.keys else ""
        return f"{axis!r} has {(groups == many[0]).sum()} of them{where}"

    def sums(self, needs: Mapping[Any, Need]) -> tuple[pd.Index[Any] | None, dict[Any, Any]]:
        """Give each column at this grain: as it is, as a Series of group totals, or as one number."""
        columns = {label: column(self.frame, label, need.metric, need.argument) for label, need in needs.items()}
        if self.keys is None:
            return self.frame.index, columns
        arrays = {n: array(needs[n].metric, needs[n].argument, c, NUMBER) for n, c in columns.items()}
        if self.keys:
            index, sums = engines.group_sums([column(self.frame, k, "by", "keys") for k in self.keys], arrays)
        else:
            index, sums = None, engines.total_sums(arrays)
        for label, least in sums.least.items():
            needs[label].refuse_below(least, arrays[label])
        if index is None:
            return None, sums.totals
        return index, {label: pd.Series(values, index=index) for label, values in sums.totals.items()}


class Plan:
    """What one metric takes from a frame at a grain.

    Parameters
    ----------
    grain
        The frame and its grain.
    spec
        The metric.
    given
        What the caller named: columns or numbers for inputs (also those of levels that are computed on the way),
        values for options.
    """

    def __init__(self, grain: Grain, spec: Registration, given: Mapping[str, Any]) -> None:
        self.spec = spec
        self.frame = grain.frame
        self.options = {name: value for name, value in given.items() if name in spec.options}
        self.sources: dict[str, Any] = {}  # input to a number, a word, or the Plan that computes it
        self.columns: dict[str, Any] = {}  # input to the column whose values or total it takes
        self.components: dict[Any, Any] = {}  # the columns of an input that takes several, by component
        for name, declared in spec.inputs.items():
            value = given.get(name, name)
            if spec.over_columns:
                self._take_several(name, given.get(name), grain)
            elif name in given and not (isinstance(value, str) or _is_label(grain.frame, value)):
                self.sources[name] = self._constant(name, value)
            elif has(grain.frame, value) and (grain.keys is None or declared.kind != "level"):
                self.columns[name] = value
                if declared.kind == "stock" and grain.adds_periods:
                    raise self._refusal(name, "stock", grain)
            elif name in given and value in declared.quantity.choices:
                self.sources[name] = value
            elif declared.kind == "level" and name not in given and _computable(name):
                self.sources[name] = self._computed(name, grain, given)
            elif has(grain.frame, value):
                raise self._refusal(name, "level", grain)
            elif name not in given and name in spec.defaults:
                self.sources[name] = spec.defaults[name]
            elif declared.kind == "level" and grain.keys is not None:
                raise self._refusal(name, "level", grain)
            else:
                column(grain.frame, value, spec.name, name)

    def needs(self) -> dict[Any, Need]:
        """Give the columns to bring to the grain, with what asks for each."""
        needs = {label: Need(self.spec.name, name) for name, label in self.columns.items()}
        needs |= {label: Need(self.spec.name, next(iter(self.spec.inputs))) for label in self.components.values()}
        for source in self.sources.values():
            if isinstance(source, Plan):
                needs |= source.needs()
        return needs

    def fits(self) -> bool:
        """Tell whether it takes any column; refuse columns that hold something else, such as dates for a count."""
        for label, need in self.needs().items():
            quantity = REGISTRY[need.metric].inputs[need.argument].quantity
            first = column(self.frame, label, need.metric, need.argument).iloc[:1]
            if quantity.name != "date":
                array(need.metric, need.argument, first, quantity)
        return bool(self.needs())

    def value(self, totals: Mapping[Any, Any]) -> Any:
        """Call the formula with the columns' totals."""
        inputs = {name: totals[label] for name, label in self.columns.items()}
        for name, source in self.sources.items():
            inputs[name] = source.value(totals) if isinstance(source, Plan) else source
        if self.components:
            inputs[next(iter(self.spec.inputs))] = {name: totals[label] for name, label in self.components.items()}
        return self.spec.function(**inputs, **self.options)

    def _computed(self, name: str, grain: Grain, given: Mapping[str, Any]) -> Plan:
        """Plan the metric that gives a level. What is undefined on the way is missing, or raises."""
        own = REGISTRY[name].options
        passed = {k: v for k, v in given.items() if k != name and (k not in own or isinstance(v, str))}
        try:
            return Plan(grain, REGISTRY[name], passed)
        except MissingColumnError as error:
            if grain.keys is None or not has(grain.frame, name):
                raise
            raise self._refusal(name, "level", grain, error.rule) from None

    def _take_several(self, name: str, value: Any, grain: Grain) -> None:
        """Take the columns of the components, or their weights, for an input with one value per component."""
        first = next(iter(self.spec.inputs))
        if name != first:
            labeled = isinstance(value, (list, tuple)) and len(value) == len(self.components)
            self.sources[name] = dict(zip(self.components, value, strict=True)) if labeled else value
            return
        columns = {c: c for c in value} if isinstance(value, list) else value
        if not isinstance(columns, Mapping) or not columns:
            rule, hint = "must name several columns", f'for example {name}=["logins", "exports"], weights=[2, 1]'
            raise MetricInputError(self.spec.name, name, rule, f"got {value!r}"[:60], hint)
        if self.spec.inputs[name].kind == "level" and grain.keys is not None:
            raise self._refusal(name, "level", grain)
        self.components = dict(columns)
        for label in self.components.values():
            column(grain.frame, label, self.spec.name, name)

    def _constant(self, name: str, value: Any) -> Any:
        if is_scalar(value):
            return value
        found = f"got a {type(value).__name__}"
        raise MetricInputError(self.spec.name, name, "must be a column name or a number", found)

    def _refusal(self, name: str, kind: Kind, grain: Grain, lacking: str = "") -> MetricInputError:
        if kind == "stock":
            rule = "is a stock and is never added over periods"
            apart = ", ".join(map(repr, (*(grain.keys or ()), grain.axis)))
            hint = f"keep the periods apart with by({apart}), or take one of them; flows add over time, stocks do not"
            return MetricInputError(self.spec.name, name, rule, grain.adds_periods, hint)
        rule = "is a level (a rate, an average, a date) and does not add up over rows"
        found = "no metric computes it from columns that do"
        if _computable(name):
            found = f"it is computed from {', '.join(map(repr, REGISTRY[name].inputs))}"
        hint = f"compute it row by row, or give one value for all, as in {name}=..."
        return MetricInputError(self.spec.name, name, rule, f"{found}{lacking and ': '}{lacking}", hint)


def _computable(name: str) -> bool:
    return name in REGISTRY and not REGISTRY[name].reduces


def _is_label(frame: pd.DataFrame, value: Any) -> bool:
    """Tell whether a value that is no text names a column, such as a tuple."""
    return isinstance(value, tuple) and has(frame, value)
