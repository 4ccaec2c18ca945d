"""`explain`: a figure with its formula, its numbers, and the results of rival definitions on the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from math import isnan, nan
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._catalog.docstring import RIVALS, Docstring
from csmetrics._catalog.formula import formula_text
from csmetrics._catalog.plain_data import LARGEST, as_python
from csmetrics._explain.explanation import Explanation, Rival, written
from csmetrics._explain.numbers import as_given, chosen_formula, kept_within, latex_steps, put_in, written_values
from csmetrics.core._kinds import as_float, is_scalar, number
from csmetrics.core._numeric import check, fill_value, rival
from csmetrics.core._registry import AMOUNT, REGISTRY, Registration, level, parameters, registered
from csmetrics.errors import MetricInputError, shown

NEVER_BELOW = frozenset({"money", "time", "days", "periods", "ratio"})  # units whose lower bound also holds for rivals


def explain(metric: Callable[..., Any] | str, /, **inputs: Any) -> Explanation:
    """Show how a figure is computed: formula, numbers, result, and the results of rival definitions.

    Parameters
    ----------
    metric
        The metric, or its name.
    **inputs
        The metric's arguments, one number each, and further inputs that only a rival definition takes. An optional
        flow such as `reactivation_mrr` counts as 0 if it is not given, but a rival definition that is about it is
        computed only if it is given.

    Returns
    -------
    Explanation
        It prints as text and shows as a formula in a notebook; ``.as_dict()`` is for services.

    Raises
    ------
    MetricInputError
        If there is no such metric, or if an input is not given, is unknown, is not one number, or cannot be right.

    See Also
    --------
    csmetrics.Cohorts.explain : The same for a group of a cohort frame.

    Examples
    --------
    >>> import csmetrics as csm
    >>> print(csm.explain(csm.churn_rate, lost=5, start=100, new=25))
    churn rate = lost / start × 100
               = 5 / 100 × 100
               = 5 %
    <BLANKLINE>
    Other definitions on the same numbers:
      4 %: lost / (start + new), ...
    """
    spec = registered(metric, "explain")
    own = {n: v for n, v in inputs.items() if n in spec.inputs or n in spec.options}
    further = {n: v for n, v in inputs.items() if n not in own}
    for name in further:
        if not any(name in parameters(function) for function in spec.rivals.values()):
            rule, hint = "is no argument of this metric", f"it takes {', '.join((*spec.inputs, *spec.options))}"
            raise MetricInputError(spec.name, name, rule, f"got {shown(further[name])}", hint)
    for name in spec.inputs:
        if name not in own and name not in spec.defaults:
            hint = f"it takes {', '.join(spec.inputs)}"
            raise MetricInputError(spec.name, name, "is required", "not given", hint)
    return explained(spec, own, further)


def explained(
    spec: Registration,
    given: Mapping[str, Any],
    further: Mapping[str, Any],
    *,
    levels: Mapping[str, Explanation] | None = None,
    notes: Sequence[str] = (),
    rows: Callable[[], pd.DataFrame] | None = None,
    left_out: pd.DataFrame | None = None,
) -> Explanation:
    """Explain one figure from the numbers given for the metric, without defaults, and further ones for rivals."""
    if "undefined" in given:  # a formula checks it only when it needs it
        fill_value(spec.name, given["undefined"])
    for name, value in {**given, **further}.items():
        if name not in spec.options and not (spec.reduces or spec.over_columns) and not is_scalar(value):
            hint = "explain one row at a time, or a group of a frame with df.csm.by(...).explain(...)"
            raise MetricInputError(spec.name, name, "must be one value", f"got a {type(value).__name__}", hint)
        if isinstance(value, int) and abs(value) > LARGEST:
            raise MetricInputError(spec.name, name, "must be finite", f"got {shown(value)}")
    further = {name: rival_input(spec, name, value) for name, value in further.items()}
    result: Any = spec.function(**given)
    if not is_scalar(result):
        hint = "explain one row at a time, or a group of a frame with df.csm.by(...).explain(...)"
        raise MetricInputError(spec.name, ", ".join(given), "must give one figure", "got several", hint)
    result = None if isinstance(result, float) and isnan(result) else result
    full = {**spec.defaults, **given}
    inputs = {name: as_given(full[name]) for name in full if full[name] is not None or name in given}
    said = [*notes]
    if result is None:
        missing = [n for n in spec.inputs if is_scalar(full.get(n)) and as_python(full.get(n)) is None and n in given]
        said.append(_why_none(spec, inputs, missing))
    elif "undefined" in given:
        plainly = spec.function(**{n: v for n, v in given.items() if n != "undefined"})
        if plainly != plainly:
            empty = _empty(spec, inputs)
            said.append(f"undefined, as {empty}: {written(result)} is what was asked for in its place")
    read = chosen_formula(spec, inputs)
    values = written_values(spec, inputs)
    numbers = put_in(spec, read, inputs, values)
    kept = kept_within(spec, read, inputs, result) if numbers is read else ""
    return Explanation(
        metric=spec.name,
        title=spec.title,
        inputs=inputs,
        result=result,
        unit=spec.unit,
        formula=f"{read.title} = {read.text()}" if read else formula_text(spec.name),
        numbers=f"{numbers.text(values)}{kept}" if numbers else "",
        latex=latex_steps(spec, read, numbers, values, kept, result),
        rivals=_rivals(spec, {**further, **given}),
        levels=dict(levels or {}),
        notes=tuple(said),
        _find_rows=rows,
        left_out=left_out,
    )


def rival_input(spec: Registration, name: str, value: Any) -> Any:
    """Check a number that only rivals take, as a metric with an input of this name would; None if it is missing."""
    takes = declaring(spec, name)
    declared = takes.inputs[name] if takes else level(AMOUNT)
    value = number(spec.name, name, value, declared.quantity)
    if not isinstance(value, str):
        column = {name: np.array([as_float(nan if value is None else value)])}
        check(replace(spec, inputs={name: declared}, rules=()), column, column)
    return as_python(value)


def declaring(spec: Registration, name: str) -> Registration | None:
    """Find the metric that declares an input of this name: this metric, or the one that allows most values."""
    others = (other for other in REGISTRY.values() if name in other.inputs)
    return spec if name in spec.inputs else min(others, key=lambda o: o.inputs[name].quantity.low, default=None)


def _why_none(spec: Registration, inputs: Mapping[str, Any], missing: Sequence[str]) -> str:
    if missing:
        return f"no value, as {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    if spec.base.startswith("answered"):
        return "no value, as there are no answers"
    return f"no value, as {_empty(spec, inputs)}" if spec.base and not spec.reduces else "no value on these numbers"


def _empty(spec: Registration, inputs: Mapping[str, Any]) -> str:
    """Say why the metric cannot divide: the base is 0, or a product with a negative factor."""
    factors = [inputs.get(name) for name in spec.base.split(" x ")]
    below = any(isinstance(factor, (Real, Decimal)) and factor < 0 for factor in factors)
    return f"{spec.base} is {'not above 0' if below else '0'}"


def _rivals(spec: Registration, given: Mapping[str, Any]) -> tuple[Rival, ...]:
    """Compute the rivals, with defaults for inputs not given unless the rival is about such an input."""
    found = []
    for definition in _definitions(spec.function):
        function = next((f for words, f in spec.rivals.items() if definition.startswith(words)), None)
        if function is None:
            found.append(Rival(definition, computable=False))
            continue
        takes = parameters(function)
        own = takes.keys() <= spec.inputs.keys()  # the rival takes the same inputs, and counts them differently
        usual = {n: value for n, value in spec.defaults.items() if not own or spec.inputs[n].kind == "level"}
        numbers = {n: _rival_number(v) for n, v in {**usual, **given}.items() if is_scalar(v)}
        value = rival(function, numbers)
        if value is not None and (isnan(value) or not _can_be(spec, value, [numbers[n] for n in takes])):
            value = None
        needs = tuple(n for n in takes if n not in numbers)
        found.append(Rival(definition, None if value is None else value + 0.0, needs))  # never -0.0
    return tuple(found)


@cache
def _definitions(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the rival definitions in the words of the metric's docstring."""
    return Docstring(function).bullets(RIVALS)


def _rival_number(value: Any) -> Any:
    value = as_python(value)
    return float(value) if isinstance(value, (Real, Decimal)) else value  # Decimal and float cannot be added


def _can_be(spec: Registration, value: float, put_in: Sequence[Any]) -> bool:
    """Check whether a rival's figure makes sense: money, time and the like are not negative without a reason."""
    low, _ = spec.bounds
    if low is not None:
        return spec.unit not in NEVER_BELOW or value >= low
    if spec.unit != "money" or not spec.base or value == 0:
        return True
    # The figure may be negative only if an input, such as the margin, is
    return (value < 0) == any(isinstance(one, float) and one < 0 for one in put_in)
