"""From a metric to the columns it needs at a grain, and from their totals back to its value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics import engines
from csmetrics._columns import column, has, require
from csmetrics._engine import EngineFrame
from csmetrics.core._kinds import array, is_scalar
from csmetrics.core._numeric import check, show
from csmetrics.core._registry import NUMBER, REGISTRY, Kind, Quantity, Registration
from csmetrics.errors import MetricInputError, MissingColumnError, shown

if TYPE_CHECKING:
    from csmetrics._explain import Explanation

PERIOD = "period"  # the time axis, where `by` or `total` names no other


class Need(NamedTuple):
    """The metric and the argument that take a column."""

    metric: str
    argument: str

    @property
    def quantity(self) -> Quantity:
        """What the argument measures, and between which values."""
        return REGISTRY[self.metric].inputs[self.argument].quantity

    def refuse_rows(self, values: Any, total: Any, least: float) -> None:
        """Refuse a row that is impossible in itself and would vanish in a sum."""
        spec = REGISTRY[self.metric]
        missing = values.dtype.kind == "f" and np.isnan(total).any()
        if least < self.quantity.low or (missing and np.isinf(values).any()):
            column = {self.argument: values}
            check(replace(spec, inputs={self.argument: spec.inputs[self.argument]}, rules=()), column, column)

    def refusal(self, bad: int, rows: int, least: float) -> MetricInputError:
        """Say the same of rows that only their engine has seen: they have no positions, but a number."""
        below = isfinite(least) and least < self.quantity.low
        found = f"{bad} of {rows} values break it{f', the least is {show(least)}' if below else ''}"
        rule = self.quantity.rule if below else "must be finite"
        return MetricInputError(self.metric, self.argument, rule, found, self.quantity.hint)


@dataclass(frozen=True)
class Grain:
    """A frame and how its rows come together: each on its own (`keys` is None), by keys, or all of them (no keys)."""

    frame: pd.DataFrame | EngineFrame
    keys: tuple[Any, ...] | None = None
    period: Any = None

    @property
    def axis(self) -> Any:
        """The name of the time axis, whether it is there or not."""
        return PERIOD if self.period is None else self.period

    @cached_property
    def adds_periods(self) -> str:
        """Say which periods would be added up, "" where none would."""
        if self.keys is None or self.axis in self.keys or not has(self.frame, self.axis):
            return ""
        groups, periods = self._crowded(self.keys)
        where = f" in the group {shown(groups[:1].tolist()[0])}" if self.keys and periods else ""
        return f"{self.axis!r} has {periods} of them{where}" if periods else ""

    def _crowded(self, keys: tuple[Any, ...]) -> tuple[Any, int]:
        """Give the groups that hold several periods, in order, and how many the first of them holds."""
        if isinstance(self.frame, EngineFrame):
            found, periods = self.frame.crowded(keys, self.axis)
            if not keys or periods.empty:
                return None, int(periods.sum())
            groups, rows = engines.group_rows([found[name] for name in keys])
            return groups, int(periods[rows[0]].sum())
        columns = [column(self.frame, name, "by", "keys") for name in (*keys, self.axis)]
        cells, _ = engines.group_sums(columns, {})
        kept: Any = cells.droplevel(-1) if keys else pd.Index([0] * len(cells))  # type: ignore[arg-type]
        again = kept.duplicated()
        if not again.any():
            return None, 0
        first = int(np.argmax(again))  # the cells of a group follow each other
        return kept[first:], 1 + int(np.argmin(np.append(again[first:], False)))

    def sums(self, needs: Mapping[Any, Need]) -> tuple[pd.Index[Any] | None, dict[Any, Any]]:
        """Give each column at this grain: as it is, as a Series of group totals, or as one number."""
        frame = self.frame
        if self.keys is None:
            rows = frame.rows(needs) if isinstance(frame, EngineFrame) else frame
            return rows.index, {label: column(rows, label, *need) for label, need in needs.items()}
        if isinstance(frame, EngineFrame):
            frame, arrays = frame.sums(self.keys, needs)  # one row per group from here on
        else:
            columns = {label: column(frame, label, *need) for label, need in needs.items()}
            arrays = {label: array(*needs[label], values, NUMBER) for label, values in columns.items()}
        if self.keys:
            index, sums = engines.group_sums([column(frame, k, "by", "keys") for k in self.keys], arrays)
        else:
            index, sums = None, engines.total_sums(arrays)
        for label, least in sums.least.items():
            needs[label].refuse_rows(arrays[label], sums.totals[label], least)
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
            elif name not in given and has(grain.frame, spec.not_beside.get(name)):
                self.sources[name] = spec.defaults[name]
            elif name in given and not (isinstance(value, str) or _is_label(grain.frame, value)):
                self.sources[name] = self._constant(name, value)
            elif has(grain.frame, value) and (grain.keys is None or declared.kind != "level"):
                self.columns[name] = value
                if declared.kind == "stock" and grain.adds_periods:
                    raise self._refusal(name, "stock", grain)
            elif name in given and declared.quantity.meant(value):
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
                require(grain.frame, value, spec.name, name)

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
            if need.quantity.name == "date":
                continue
            if not isinstance(self.frame, EngineFrame):
                array(*need, column(self.frame, label, *need).iloc[:1], need.quantity)
            elif not need.quantity.choices:
                self.frame.check(label, need)
        return bool(self.needs())

    def value(self, totals: Mapping[Any, Any]) -> Any:
        """Call the formula with the columns' totals."""
        computed = {n: source.value(totals) for n, source in self.sources.items() if isinstance(source, Plan)}
        return self.spec.function(**self._inputs(totals, computed), **self.options)

    def _inputs(self, totals: Mapping[Any, Any], computed: Mapping[str, Any]) -> dict[str, Any]:
        inputs = {name: totals[label] for name, label in self.columns.items()}
        inputs |= {name: computed.get(name, source) for name, source in self.sources.items()}
        if self.components:
            inputs[next(iter(self.spec.inputs))] = {name: totals[label] for name, label in self.components.items()}
        return inputs

    def explained(
        self,
        totals: Mapping[Any, Any],
        given: Mapping[str, Any],
        further: Mapping[str, Any],
        notes: Sequence[str] = (),
        **about: Any,
    ) -> Explanation:
        """Explain the figure of one group from its totals; levels that are computed on the way, too.

        `given` is what the caller named: what is left at its default is for the metric alone, not for its rivals.
        """
        from csmetrics._explain import explained  # needed by few, so loaded by few

        plans = {n: source for n, source in self.sources.items() if isinstance(source, Plan)}
        levels = {name: plan.explained(totals, given, further) for name, plan in plans.items()}
        inputs = self._inputs(totals, {name: level.result for name, level in levels.items()})
        usual = self.sources.keys() & self.spec.defaults.keys() - plans.keys() - given.keys()
        taken = {name: value for name, value in inputs.items() if name not in usual}
        both = {n: other for n, other in self.spec.not_beside.items() if has(self.frame, n) and has(self.frame, other)}
        said = [f"{n} is left out, as the frame has {both[n]}; name it to count it" for n in both if n in usual]
        return explained(self.spec, {**taken, **self.options}, further, levels=levels, notes=[*said, *notes], **about)

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
        columns = value
        if isinstance(value, list):
            with suppress(TypeError):  # lists of what no column is called
                columns = {c: c for c in value}
        if not isinstance(columns, Mapping) or not columns:
            rule, hint = "must name several columns", f'for example {name}=["logins", "exports"], weights=[2, 1]'
            raise MetricInputError(self.spec.name, name, rule, f"got {shown(value)}", hint)
        if self.spec.inputs[name].kind == "level" and grain.keys is not None:
            raise self._refusal(name, "level", grain)
        self.components = dict(columns)
        for label in self.components.values():
            require(grain.frame, label, self.spec.name, name)

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


def _is_label(frame: Any, value: Any) -> bool:
    """Tell whether a value that is no text names a column, such as a tuple."""
    return isinstance(value, tuple) and has(frame, value)
