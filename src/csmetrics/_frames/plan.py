"""Plan which columns a metric needs at a grain, and compute its value from their totals."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from csmetrics._frames.columns import Need, column, has, require
from csmetrics._frames.engine_totals import EngineFrame
from csmetrics._frames.grain import Grain
from csmetrics.core._kinds import array, is_scalar
from csmetrics.core._plain import plain
from csmetrics.core._registry import REGISTRY, Kind, Registration
from csmetrics.errors import MetricInputError, MissingColumnError, shown

_CLOSINGS = {"mrr": "end_mrr", "customers": "end"}  # the columns of a bridge that these stocks fall back to


class Plan:
    """The columns and numbers that one metric takes from a frame at a grain.

    Parameters
    ----------
    grain
        The frame and its grain.
    spec
        The metric.
    given
        What the caller passed: columns or numbers for inputs (also for the inputs of levels that are computed on
        the way), values for options.
    """

    def __init__(self, grain: Grain, spec: Registration, given: Mapping[str, Any]) -> None:
        self.spec = spec
        self.frame = grain.frame
        self.options = {name: value for name, value in given.items() if name in spec.options}
        self.sources: dict[str, Any] = {}  # by input: a number, a word, or the Plan that computes it
        self.columns: dict[str, Any] = {}  # by input: the column whose values or total it takes
        self.components: dict[Any, Any] = {}  # by component: its column, for an input that takes several
        self.own = _closings(grain.frame, spec, given) | own_columns(grain.frame, spec, given)  # by input: its column
        for name, declared in spec.inputs.items():
            value = given.get(name, self.own.get(name, name))
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
        """Return the columns to bring to the grain, each with the metric and argument that need it."""
        needs = {label: Need(self.spec.name, name) for name, label in self.columns.items()}
        needs |= {label: Need(self.spec.name, next(iter(self.spec.inputs))) for label in self.components.values()}
        for source in self.sources.values():
            if isinstance(source, Plan):
                needs |= source.needs()
        return needs

    def fits(self) -> bool:
        """Check whether the metric takes any column; reject columns of another kind, such as dates for a count."""
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
        return self.spec.function(**self.inputs(totals, computed), **self.options)

    def inputs(self, totals: Mapping[Any, Any], computed: Mapping[str, Any]) -> dict[str, Any]:
        """Return totals, numbers and computed levels by the names of the metric's inputs."""
        inputs = {name: totals[label] for name, label in self.columns.items()}
        inputs |= {name: computed.get(name, source) for name, source in self.sources.items()}
        if self.components:
            inputs[next(iter(self.spec.inputs))] = {name: totals[label] for name, label in self.components.items()}
        return inputs

    def _computed(self, name: str, grain: Grain, given: Mapping[str, Any]) -> Plan:
        """Plan the metric that computes a level. A level that turns out undefined is missing, or raises an error."""
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
        first, value = next(iter(self.spec.inputs)), plain(value)
        if name != first:
            labeled = isinstance(value, (list, tuple)) and len(value) == len(self.components)
            self.sources[name] = dict(zip(self.components, value, strict=True)) if labeled else value
            return
        columns = value
        if isinstance(value, list):
            with suppress(Exception):  # a list of values that cannot be names of columns
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
            keys = grain.keys or ()
            axes = ["period" if axis == "the index" else axis for axis in grain.axes if axis not in keys]
            apart = ", ".join(map(repr, (*keys, *axes)))
            first = 'name the index, .rename_axis("period"), and ' if "the index" in grain.axes else ""
            hint = (
                f"{first}keep the periods apart with by({apart}), or take one of them; flows add over time, stocks do "
                "not (if this is no time axis: period=None)"
            )
            return MetricInputError(self.spec.name, name, rule, grain.adds_periods, hint)
        rule = "is a level (a rate, an average, a date) and does not add up over rows"
        found = "no metric computes it from columns that do"
        if _computable(name):
            found = f"it is computed from {', '.join(map(repr, REGISTRY[name].inputs))}"
        hint = f"compute it row by row, or give one value for all, as in {name}=..."
        return MetricInputError(self.spec.name, name, rule, f"{found}{lacking and ': '}{lacking}", hint)


def _closings(frame: Any, spec: Registration, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the stocks that a bridge, a frame with both closings, holds under the names of its closings."""
    if not all(has(frame, column) for column in _CLOSINGS.values()):
        return {}
    stocks = {name for name, declared in spec.inputs.items() if declared.kind == "stock"}
    return {
        name: column for name, column in _CLOSINGS.items() if name in stocks - given.keys() and not has(frame, name)
    }


def own_columns(frame: Any, spec: Registration, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the inputs that a frame holds in a column of the metric's own, such as `csat_responses` for `responses`.

    Raises MetricInputError where the frame has several and none under the plain names.
    """
    several = [
        own for own in spec.own_base if not own.keys() & given.keys() and all(has(frame, c) for c in own.values())
    ]
    if len(several) < 2:
        return several[0] if several else {}
    inputs = list(several[0])
    if all(has(frame, name) for name in inputs):
        return {}
    found = f"this frame has {', '.join(own[inputs[0]] for own in several)}"
    hint = ", ".join(f"{name}={column!r}" for name, column in several[0].items())
    rule = "must be named where a frame has several"
    raise MetricInputError(spec.name, " and ".join(inputs), rule, found, f"for example {hint}")


def _computable(name: str) -> bool:
    return name in REGISTRY and not REGISTRY[name].reduces


def _is_label(frame: Any, value: Any) -> bool:
    """Check whether a value that is not text, such as a tuple, is the name of a column."""
    return isinstance(value, tuple) and has(frame, value)
