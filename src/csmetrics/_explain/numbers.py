"""The formula of a figure, with its numbers in place of its words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isclose
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._catalog.docstring import Docstring
from csmetrics._catalog.formula import Formula, Node, computed, formula
from csmetrics._catalog.plain_data import as_python
from csmetrics._explain.explanation import UNIT_SIGNS, written
from csmetrics.core._answers import lowest_top, nps_cuts
from csmetrics.core._kinds import is_scalar
from csmetrics.core._registry import Registration


def kept_within(spec: Registration, read: Formula | None, inputs: Mapping[str, Any], result: Any) -> str:
    """Say what is done to the formula's own figure if it is outside the bounds, or if lower values are better."""
    low, high = spec.bounds
    numbers = {n: v for n, v in inputs.items() if isinstance(v, (int, float))}
    if read is None or low is None or high is None or not set(read.values_needed) <= set(numbers) or result is None:
        return ""
    try:
        value = computed(read.right, numbers)
    except ZeroDivisionError:
        return ""
    kept = min(max(value, low), high)
    steps = [f"kept within {low:g} to {high:g}"] if not isclose(kept, value, abs_tol=1e-6) else []
    if inputs.get("better") == "low":
        steps.append(f"taken from {high:g}")
    return f" = {written(value)}, {' and '.join(steps)}" if steps else ""


def chosen_formula(spec: Registration, inputs: Mapping[str, Any]) -> Formula | None:
    """Return the formula; if there are several, the one that an option chooses."""
    usual = {n: v for n, v in spec.options.items() if isinstance(v, str)}
    chosen = next((str(inputs.get(n, v)) for n, v in usual.items()), "")
    return None if inputs.get("horizon") is not None else formula(spec.name, chosen)


def put_in(
    spec: Registration, read: Formula | None, inputs: Mapping[str, Any], values: Mapping[str, str]
) -> Formula | None:
    """Return the formula to put numbers into; for a weighted sum, one with all its terms written out."""
    if spec.over_columns:
        return _weighted(spec, inputs)
    return read if read is not None and set(read.values_needed) <= set(values) else None


def _weighted(spec: Registration, inputs: Mapping[str, Any]) -> Formula | None:
    """Write out the terms of a weighted sum or mean; a missing score is left out of the mean."""
    scores, weights = (_by_component(inputs[n]) for n in spec.inputs)
    if scores is None or weights is None or not scores.keys() <= weights.keys():
        return None
    counted = [name for name in scores if scores[name] is not None or not spec.base]
    if not counted:
        return None
    numbers = [(_term(scores[name]), _term(weights[name])) for name in counted]
    top = _sum([Node("*", sides=pair) for pair in numbers])
    node = Node("frac", sides=(top, _sum([weight for _, weight in numbers]))) if spec.base else top
    return Formula(spec.title.lower(), node)


def _term(value: Any) -> Node:
    text = written(value)
    return Node("number", f"({text})" if text.startswith("-") else text)


def _holds(sign: str | None, value: float, bound: float) -> bool:
    if sign == ">":
        return value > bound
    return value >= bound if sign == "≥" else value <= bound if sign else True


def _by_component(value: Any) -> dict[str, Any] | None:
    if isinstance(value, Mapping):
        return {str(n): as_python(v) for n, v in value.items() if is_scalar(v)}
    listed = list(value) if isinstance(value, (list, tuple, np.ndarray, pd.Series)) else None
    return None if listed is None else {str(i): as_python(v) for i, v in enumerate(listed) if is_scalar(v)}


def _sum(nodes: list[Node]) -> Node:
    total = nodes[0]
    for node in nodes[1:]:
        total = Node("+", sides=(total, node))
    return total


def written_values(spec: Registration, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Write the numbers that replace the words of a formula."""
    values = {name: written(value) for name, value in inputs.items() if is_scalar(value)}
    if "interval" in spec.inputs and "interval" in inputs:
        values["intervals_per_month"] = written(spec.function(1, inputs["interval"]))
    if spec.reduces and inputs.get("weights") is None and not is_scalar(inputs[next(iter(spec.inputs))]):
        values |= _counts(spec, inputs)
    return values


def _counts(spec: Registration, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Count the answers that the formula asks for: those above or below a bound, or all of them."""
    answers = [as_python(value) for value in inputs[next(iter(spec.inputs))]]
    given = [value for value in answers if isinstance(value, (int, float))]
    options = {**spec.options, **inputs}
    read = formula(spec.name)
    counts: dict[str, str] = {}
    for word in read.values_needed if read and "scale" in options else ():
        rule = re.fullmatch(r"#\w+(?: ([≥≤>]) (.+))?", word)
        if rule is None:
            counts[word] = written(sum(given))
            continue
        bound = _bound(spec, options, rule[2]) if rule[2] else 0
        counts[word] = written(sum(_holds(rule[1], value, bound) for value in given))
    return counts


def _bound(spec: Registration, options: Mapping[str, Any], word: str) -> int:
    """Return the answer at which a class begins or ends."""
    if "top" in word:
        return lowest_top(spec.function, options["scale"], options["top"]) - 1
    _, promoters, detractors = nps_cuts(spec.function, options["scale"], options["promoters"], options["detractors"])
    return promoters if "promoters" in word else detractors


def latex_steps(
    spec: Registration,
    read: Formula | None,
    numbers: Formula | None,
    values: Mapping[str, str],
    kept: str,
    result: Any,
) -> str:
    unit = {"percent": r"\,\%"}.get(spec.unit, rf"\text{{{UNIT_SIGNS.get(spec.unit, '')}}}")
    words = isinstance(result, str) or result is None
    last = rf"\text{{{result or 'no value'}}}" if words else f"{written(result).replace(',', '{,}')}{unit}"
    if read is None:
        return rf"{Docstring(spec.function).formula} \qquad\Rightarrow\qquad {last}"
    title = rf"\text{{{read.title}}}"
    texts = {n: v if re.fullmatch(r"[-−0-9.,e+]+", v) else rf"\text{{{v}}}" for n, v in values.items()}
    further = [rf"\text{{{kept.removeprefix(' = ')}}}"] if kept else []
    steps = [read.latex(), *([numbers.latex(texts)] if numbers else []), *further, last]
    return rf"\begin{{aligned}} {title} &= " + r" \\ &= ".join(steps) + r" \end{aligned}"


def as_given(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = np.ma.filled(value.astype(object), None) if isinstance(value, np.ma.MaskedArray) else value
        value = value if value.ndim else value.item()
    return as_python(value) if is_scalar(value) and not isinstance(value, (str, Mapping)) else value
