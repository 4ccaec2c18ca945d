"""`explain` on a cohort frame: the group's totals, the levels on the way, rival definitions and the rows behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._catalog.plain_data import as_python
from csmetrics._explain.explain import declaring, explained, rival_input
from csmetrics._explain.explanation import Explanation
from csmetrics._frames.columns import Need, has
from csmetrics._frames.engine_totals import EngineFrame
from csmetrics._frames.grain import Grain
from csmetrics._frames.plan import Plan
from csmetrics.core._registry import Registration, parameters
from csmetrics.errors import MetricInputError, shown


def explain_group(grain: Grain, spec: Registration, given: Mapping[str, Any], group: Any) -> Explanation:
    """Explain the figure of one group of a grain: its totals, rival definitions, and the rows behind it."""
    frame = grain.frame
    if isinstance(frame, pd.DataFrame):
        grain = replace(grain, frame=_bare(frame))
    plan = Plan(grain, spec, given)
    index, totals = grain.sums(plan.needs())
    at = _place(spec.name, index, group)
    further, notes = _rival_totals(grain, spec, sorted(_for_rivals(plan) - given.keys()), at)
    rows = None if isinstance(frame, EngineFrame) else _rows_behind(grain, frame.attrs, at)
    attrs = getattr(frame, "attrs", {})
    said = attrs.get("notes")
    notes = [*notes, *(said if isinstance(said, list) else [])]
    about = {"rows": rows, "left_out": getattr(attrs.get("excluded"), "frame", None)}
    return _explained(plan, {n: _picked(v, at) for n, v in totals.items()}, given, further, notes, **about)


def _explained(
    plan: Plan,
    totals: Mapping[Any, Any],
    given: Mapping[str, Any],
    further: Mapping[str, Any],
    notes: Sequence[str] = (),
    **about: Any,
) -> Explanation:
    """Explain the figure of one group from its totals, and the levels that are computed on the way.

    `given` is what the caller named: an input left at its default is for the metric alone, not for its rivals.
    """
    spec, frame = plan.spec, plan.frame
    plans = {n: source for n, source in plan.sources.items() if isinstance(source, Plan)}
    levels = {name: _explained(inner, totals, given, further) for name, inner in plans.items()}
    inputs = plan.inputs(totals, {name: level.result for name, level in levels.items()})
    usual = plan.sources.keys() & spec.defaults.keys() - plans.keys() - given.keys()
    taken = {name: value for name, value in inputs.items() if name not in usual}
    both = {n: other for n, other in spec.not_beside.items() if has(frame, n) and has(frame, other)}
    said = [f"{n} is left out, as the frame has {both[n]}; name it to count it" for n in both if n in usual]
    said += [f"{name} is taken from {column}" for name, column in plan.own.items()]
    return explained(spec, {**taken, **plan.options}, further, levels=levels, notes=[*said, *notes], **about)


def _place(metric: str, index: pd.Index[Any] | None, group: Any) -> int | None:
    """Find a group among those of a grain; None for the total."""
    if index is None:
        if group is None or group is ...:
            return None
        rule, hint = "is for .by(...)", "leave it out: a total has one figure"
        raise MetricInputError("explain", "group", rule, f"got {shown(group)}", hint)
    at = None
    one = isinstance(group, (str, bytes, tuple)) or not hasattr(type(group), "__iter__")  # many are no label
    if one and group is not ...:
        with suppress(Exception):  # what is no label, such as a value whose own == raises
            at = index.get_loc(_missing_label(index) if as_python(group) is None else group)
    if isinstance(at, (int, np.integer)):
        return int(at)
    some = ", ".join(map(shown, index[:5].tolist()))
    found = "got none" if group is ... else f"got {shown(group)}"
    if at is not None:
        raise MetricInputError("explain", "group", "must be one row or group", f"{found}, of which there are several")
    more = f", and {len(index) - 5} more" if len(index) > 5 else ""
    raise MetricInputError("explain", "group", f"must be a group of {metric}", found, f"there are {some}{more}")


def _missing_label(index: pd.Index[Any]) -> Any:
    """Return an index's own label of what is missing: None, NaN or another, which pandas 2 does not take for one."""
    return next((label for label in index if as_python(label) is None), None)


def _for_rivals(plan: Plan) -> set[str]:
    """Name the inputs of rival definitions, also of levels, that the metric does not take here itself."""
    inner = [source for source in plan.sources.values() if isinstance(source, Plan)]
    named = {name for function in plan.spec.rivals.values() for name in parameters(function)}
    return (named - plan.columns.keys()).union(*map(_for_rivals, inner))


def _rival_totals(
    grain: Grain, spec: Registration, names: list[str], at: int | None
) -> tuple[dict[str, Any], list[str]]:
    """Return the totals of the columns that the frame has and that add up, and notes of those that cannot be right."""
    needs = {}
    for name in names:
        takes = declaring(spec, name)
        kind = takes.inputs[name].kind if takes else "level"
        adds = grain.keys is None or kind == "flow" or (kind == "stock" and not grain.adds_periods)
        if takes is not None and adds and has(grain.frame, name):
            needs[name] = Need(takes.name, name)
    sums: dict[str, Any] = {}
    with suppress(MetricInputError):  # if one of them cannot be right, each is summed on its own
        sums = grain.sums(needs)[1] if needs else {}
    totals: dict[str, Any] = {}
    notes = []
    for name, need in needs.items():
        try:
            total = sums[name] if sums else grain.sums({name: need})[1][name]
            totals[name] = rival_input(spec, name, _picked(total, at))
        except MetricInputError as error:
            totals[name] = None
            notes.append(f"{name} is left out of other definitions, as it {error.rule}; {error.found}")
    return totals, notes


def _picked(total: Any, at: int | None) -> Any:
    return total.array[at] if isinstance(total, pd.Series) and at is not None else total


def _bare(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame as it is now, without its attrs, which pandas would copy with every column that is taken."""
    bare = frame.copy(deep=int(pd.__version__.split(".")[0]) < 3)  # pandas 3 copies when something changes
    bare.attrs = {}
    return bare


def _rows_behind(grain: Grain, attrs: Mapping[Any, Any], at: int | None) -> Callable[[], pd.DataFrame]:
    """Return a function that finds the rows behind a figure."""

    def find() -> pd.DataFrame:
        frame: Any = grain.frame
        where = slice(None) if at is None else [at] if grain.keys is None else grain.groups.rows(at)
        rows: pd.DataFrame = frame.iloc[where]
        rows.attrs = dict(attrs)
        return rows

    return find
