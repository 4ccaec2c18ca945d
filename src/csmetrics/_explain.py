"""`explain`: a figure with its formula, the numbers put in, and what the rival definitions give on the same numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from math import isclose, isnan, nan
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._catalog.docstring import RIVALS, Docstring
from csmetrics._catalog.formula import Formula, Node, computed, formula, formula_text
from csmetrics._catalog.plain_data import LARGEST, json_ready, plain
from csmetrics.core._kinds import as_float, is_scalar, number
from csmetrics.core._numeric import check, fill_value, rival
from csmetrics.core._registry import AMOUNT, REGISTRY, Registration, level, parameters, registered
from csmetrics.errors import MetricInputError, shown

SIGNS = {"percent": " %", "points": " points", "days": " days", "periods": " periods"}
NEVER_BELOW = frozenset({"money", "time", "days", "periods", "ratio"})  # units of figures that keep to their low bound


@dataclass(frozen=True)
class Rival:
    """Another definition in use, and what it gives on the same numbers.

    Attributes
    ----------
    definition : str
        What it is.
    value : float or None
        Its figure, in the unit of the metric; None where it has none, or needs other numbers.
    needs : tuple of str
        The inputs that it lacks here.
    computable : bool
        Whether it is a computation on totals at all.
    """

    definition: str
    value: float | None = None
    needs: tuple[str, ...] = ()
    computable: bool = True


@dataclass(frozen=True, repr=False)
class Explanation:
    """How a figure comes about. Printed it is text, in a notebook LaTeX, `as_dict()` is for services.

    Attributes
    ----------
    metric, title : str
        The metric.
    inputs : dict
        The numbers that went in.
    result : float, str or None
        What came out; None where there is no value.
    unit : str
        "percent", "points", "money", ...
    formula, numbers : str
        The formula on one line, in words and with the numbers put in.
    latex : str
        The same in LaTeX, step by step.
    rivals : tuple of Rival
        Other definitions in use, with what they give on the same numbers.
    levels : dict of str to Explanation
        The inputs that are metrics themselves and were computed on the way.
    notes : tuple of str
        Why there is no value, what was left out.
    rows : DataFrame or None
        The rows of the cohort frame behind the figure.
    left_out : DataFrame or None
        The raw rows that were left out of the cohort frame, with the reason of each.
    """

    metric: str
    title: str
    inputs: dict[str, Any]
    result: float | str | None
    unit: str
    formula: str
    numbers: str
    latex: str
    rivals: tuple[Rival, ...] = ()
    levels: dict[str, Explanation] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rows: pd.DataFrame | None = None
    left_out: pd.DataFrame | None = None

    def __str__(self) -> str:
        return "\n".join([*self._steps(), *self._beside()])

    def __repr__(self) -> str:
        return str(self)

    def _repr_markdown_(self) -> str:
        """Show steps and rivals in a notebook."""
        beside = (
            line if not line.startswith("  ") else f"* {line.strip().removeprefix('* ')}" for line in self._beside()
        )
        return "\n".join([f"$${self.latex}$$", *beside])

    def _repr_latex_(self) -> str:
        """Show the steps where there is LaTeX and no Markdown."""
        return f"$\\displaystyle {self.latex}$"

    def _beside(self) -> list[str]:
        """Tell what stands beside the figure: rival definitions, notes, rows."""
        lines: list[str] = []
        computed = [r for r in self.rivals if r.computable]
        told = [r for r in self.rivals if not r.computable]
        if computed:
            lines += ["", "Other definitions on the same numbers:"]
            lines += [f"  {_figure(r, self.unit)}: {r.definition}" for r in computed]
        if told:
            lines += ["", "Other definitions, not computed here:", *(f"  * {r.definition}" for r in told)]
        if self.rows is not None:
            lines += ["", f"From {len(self.rows)} {'row' if len(self.rows) == 1 else 'rows'} of the cohort frame."]
        lines += ["", *(f"Note: {note}" for note in self.notes)] if self.notes else []
        if self.left_out is not None:
            lines += ["", f"Left out of the cohort frame: {len(self.left_out)} raw rows"]
            lines += [f"  {count} x {reason}" for reason, count in _reasons(self.left_out)]
        return lines

    def _steps(self) -> list[str]:
        title, equals, _ = self.formula.partition(" = ")
        pad = " " * len(title) if equals else " "
        levels = [f"  {line}".rstrip() for level in self.levels.values() for line in [*level._steps(), ""]]
        put_in = [f"{pad} = {self.numbers}"] if self.numbers else [f"  {_inputs_text(self.inputs)}"]
        return [*levels, self.formula, *put_in, f"{pad} = {_result(self)}"]

    def as_dict(self) -> dict[str, Any]:
        """Give everything as plain data, ready for JSON.

        Returns
        -------
        dict
            ``metric title formula numbers result unit inputs latex rivals levels notes left_out rows``; what has no
            value is None, dates are ISO text, `rows` is their number.
        """
        return {
            "metric": self.metric,
            "title": self.title,
            "formula": self.formula,
            "numbers": self.numbers,
            "result": self.result,
            "unit": self.unit,
            "inputs": {name: json_ready(value) for name, value in self.inputs.items()},
            "latex": self.latex,
            "rivals": [
                {"definition": r.definition, "value": r.value, "needs": list(r.needs), "computable": r.computable}
                for r in self.rivals
            ],
            "levels": {name: level.as_dict() for name, level in self.levels.items()},
            "notes": list(self.notes),
            "rows": None if self.rows is None else len(self.rows),
            "left_out": []
            if self.left_out is None
            else [{"reason": reason, "rows": count} for reason, count in _reasons(self.left_out)],
        }


def explain(metric: Callable[..., Any] | str, /, **inputs: Any) -> Explanation:
    """Show how a figure comes about: formula, numbers put in, result, and what rival definitions would give.

    Parameters
    ----------
    metric
        The metric, or its name.
    **inputs
        Its arguments; one number each. Inputs that only a rival definition takes may be given, too. An optional flow
        such as `reactivation_mrr` that is not given is 0; a rival definition that is about it needs it.

    Returns
    -------
    Explanation
        Printed it is text, in a notebook LaTeX; ``.as_dict()`` is for services.

    Raises
    ------
    MetricInputError
        If there is no such metric, an input is missing or unknown, is not one number, or cannot be right.

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
    rows: pd.DataFrame | None = None,
    left_out: pd.DataFrame | None = None,
) -> Explanation:
    """Explain one figure, given the numbers that go in, without defaults, and further ones that rivals may take."""
    if "undefined" in given:  # which a formula only looks at where it is needed
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
    inputs = {name: _plain(full[name]) for name in full if full[name] is not None or name in given}
    said = [*notes]
    if result is None:
        missing = [n for n in spec.inputs if is_scalar(full.get(n)) and plain(full.get(n)) is None and n in given]
        said.append(_why_none(spec, inputs, missing))
    elif "undefined" in given:
        plainly = spec.function(**{n: v for n, v in given.items() if n != "undefined"})
        if plainly != plainly:
            empty = _empty(spec, inputs)
            said.append(f"undefined, as {empty}: {_number(result)} is what was asked for in its place")
    read = _formula(spec, inputs)
    values = _values(spec, inputs)
    numbers = _put_in(spec, read, inputs, values)
    kept = _kept(spec, read, inputs, result) if numbers is read else ""
    return Explanation(
        metric=spec.name,
        title=spec.title,
        inputs=inputs,
        result=result,
        unit=spec.unit,
        formula=f"{read.title} = {read.text()}" if read else formula_text(spec.name),
        numbers=f"{numbers.text(values)}{kept}" if numbers else "",
        latex=_latex(spec, read, numbers, values, kept, result),
        rivals=_rivals(spec, {**further, **given}),
        levels=dict(levels or {}),
        notes=tuple(said),
        rows=rows,
        left_out=left_out,
    )


def rival_input(spec: Registration, name: str, value: Any) -> Any:
    """Check a number that only rivals take as the metric would that has an input of this name; missing is None."""
    takes = declaring(spec, name)
    declared = takes.inputs[name] if takes else level(AMOUNT)
    value = number(spec.name, name, value, declared.quantity)
    if not isinstance(value, str):
        column = {name: np.array([as_float(nan if value is None else value)])}
        check(replace(spec, inputs={name: declared}, rules=()), column, column)
    return plain(value)


def declaring(spec: Registration, name: str) -> Registration | None:
    """Find the metric that says what an input of this name can be: this one, or of all the one that allows most."""
    others = (other for other in REGISTRY.values() if name in other.inputs)
    return spec if name in spec.inputs else min(others, key=lambda o: o.inputs[name].quantity.low, default=None)


def _why_none(spec: Registration, inputs: Mapping[str, Any], missing: Sequence[str]) -> str:
    if missing:
        return f"no value, as {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    if spec.base.startswith("answered"):
        return "no value, as there are no answers"
    return f"no value, as {_empty(spec, inputs)}" if spec.base and not spec.reduces else "no value on these numbers"


def _empty(spec: Registration, inputs: Mapping[str, Any]) -> str:
    """Say why there is nothing to divide by: the base is 0, or a product with a negative factor."""
    factors = [inputs.get(name) for name in spec.base.split(" x ")]
    below = any(isinstance(factor, (Real, Decimal)) and factor < 0 for factor in factors)
    return f"{spec.base} is {'not above 0' if below else '0'}"


def _rivals(spec: Registration, given: Mapping[str, Any]) -> tuple[Rival, ...]:
    """Compute the rivals; what is left out has its default there, too, but a rival that is about it needs it."""
    found = []
    for definition in Docstring(spec.function).bullets(RIVALS):
        function = next((f for words, f in spec.rivals.items() if definition.startswith(words)), None)
        if function is None:
            found.append(Rival(definition, computable=False))
            continue
        takes = parameters(function)
        own = takes.keys() <= spec.inputs.keys()  # it differs in what it counts of the inputs
        usual = {n: value for n, value in spec.defaults.items() if not own or spec.inputs[n].kind == "level"}
        numbers = {n: _rival_number(v) for n, v in {**usual, **given}.items() if is_scalar(v)}
        value = rival(function, numbers)
        if value is not None and (isnan(value) or not _can_be(spec, value, [numbers[n] for n in takes])):
            value = None
        needs = tuple(n for n in takes if n not in numbers)
        found.append(Rival(definition, None if value is None else value + 0.0, needs))  # never -0.0
    return tuple(found)


def _rival_number(value: Any) -> Any:
    value = plain(value)
    return float(value) if isinstance(value, (Real, Decimal)) else value  # one kind, as Decimal and float do not add


def _can_be(spec: Registration, value: float, put_in: Sequence[Any]) -> bool:
    """Tell whether a rival's figure means anything: money, time and the like are not negative for no reason."""
    low, _ = spec.bounds
    if low is not None:
        return spec.unit not in NEVER_BELOW or value >= low
    if spec.unit != "money" or not spec.base or value == 0:
        return True
    # what each one brings has the sign of what is put in, such as the margin's
    return (value < 0) == any(isinstance(one, float) and one < 0 for one in put_in)


# The formula, and the numbers in it


def _kept(spec: Registration, read: Formula | None, inputs: Mapping[str, Any], result: Any) -> str:
    """Say what becomes of the formula's own figure where that is past the metric's bounds, or 100 less it is meant."""
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
    return f" = {_number(value)}, {' and '.join(steps)}" if steps else ""


def _formula(spec: Registration, inputs: Mapping[str, Any]) -> Formula | None:
    """Read the formula; of several the one that an option chooses."""
    usual = {n: v for n, v in spec.options.items() if isinstance(v, str)}
    chosen = next((str(inputs.get(n, v)) for n, v in usual.items()), "")
    return None if inputs.get("horizon") is not None else formula(spec.name, chosen)


def _put_in(
    spec: Registration, read: Formula | None, inputs: Mapping[str, Any], values: Mapping[str, str]
) -> Formula | None:
    """Give the formula in which the numbers take the place of words; a weighted sum with its terms written out."""
    if spec.over_columns:
        return _weighted(spec, inputs)
    return read if read is not None and set(read.values_needed) <= set(values) else None


def _weighted(spec: Registration, inputs: Mapping[str, Any]) -> Formula | None:
    """Write out the terms of a weighted sum or mean; a missing score leaves the mean."""
    scores, weights = (_by_component(inputs[n]) for n in spec.inputs)
    if scores is None or weights is None or not scores.keys() <= weights.keys():
        return None
    there = [name for name in scores if scores[name] is not None or not spec.base]
    if not there:
        return None
    numbers = [(_term(scores[name]), _term(weights[name])) for name in there]
    top = _sum([Node("*", sides=pair) for pair in numbers])
    node = Node("frac", sides=(top, _sum([weight for _, weight in numbers]))) if spec.base else top
    return Formula(spec.title.lower(), node)


def _term(value: Any) -> Node:
    text = _number(value)
    return Node("number", f"({text})" if text.startswith("-") else text)


def _holds(sign: str | None, value: float, bound: float) -> bool:
    if sign == ">":
        return value > bound
    return value >= bound if sign == "≥" else value <= bound if sign else True


def _by_component(value: Any) -> dict[str, Any] | None:
    if isinstance(value, Mapping):
        return {str(n): plain(v) for n, v in value.items() if is_scalar(v)}
    listed = list(value) if isinstance(value, (list, tuple, np.ndarray, pd.Series)) else None
    return None if listed is None else {str(i): plain(v) for i, v in enumerate(listed) if is_scalar(v)}


def _sum(nodes: list[Node]) -> Node:
    total = nodes[0]
    for node in nodes[1:]:
        total = Node("+", sides=(total, node))
    return total


def _values(spec: Registration, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Write the numbers that take the place of words."""
    values = {name: _number(value) for name, value in inputs.items() if is_scalar(value)}
    if "interval" in spec.inputs and "interval" in inputs:
        values["intervals_per_month"] = _number(spec.function(1, inputs["interval"]))
    if spec.reduces and inputs.get("weights") is None and not is_scalar(inputs[next(iter(spec.inputs))]):
        values |= _counts(spec, inputs)
    return values


def _counts(spec: Registration, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Count the answers as the formula's words ask: those above or below a bound, or all of them."""
    answers = [plain(value) for value in inputs[next(iter(spec.inputs))]]
    given = [value for value in answers if isinstance(value, (int, float))]
    options = {**spec.options, **inputs}
    read = formula(spec.name)
    counts: dict[str, str] = {}
    for word in read.values_needed if read and "scale" in options else ():
        rule = re.fullmatch(r"#\w+(?: ([≥≤>]) (.+))?", word)
        if rule is None:
            counts[word] = _number(sum(given))
            continue
        bound = options["scale"][1] - options["top"] if "top" in (rule[2] or "") else int(rule[2] or 0)
        counts[word] = _number(sum(_holds(rule[1], value, bound) for value in given))
    return counts


def _number(value: Any) -> str:
    value = plain(value)
    if value is None:
        return "missing"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (int, float)) and 1e8 <= abs(value) < 1e15:  # with cents, and not as 4e+12
        return f"{value:,.2f}".removesuffix(".00")
    return f"{value:,.10g}" if isinstance(value, (int, float)) else str(value)


def _latex(
    spec: Registration,
    read: Formula | None,
    numbers: Formula | None,
    values: Mapping[str, str],
    kept: str,
    result: Any,
) -> str:
    unit = {"percent": r"\,\%"}.get(spec.unit, rf"\text{{{SIGNS.get(spec.unit, '')}}}")
    words = isinstance(result, str) or result is None
    last = rf"\text{{{result or 'no value'}}}" if words else f"{_number(result).replace(',', '{,}')}{unit}"
    if read is None:
        return rf"{Docstring(spec.function).formula} \qquad\Rightarrow\qquad {last}"
    title = rf"\text{{{read.title}}}"
    written = {n: v if re.fullmatch(r"[-−0-9.,e+]+", v) else rf"\text{{{v}}}" for n, v in values.items()}
    further = [rf"\text{{{kept.removeprefix(' = ')}}}"] if kept else []
    steps = [read.latex(), *([numbers.latex(written)] if numbers else []), *further, last]
    return rf"\begin{{aligned}} {title} &= " + r" \\ &= ".join(steps) + r" \end{aligned}"


# Text


def _result(explanation: Explanation) -> str:
    if explanation.result is None:
        return "no value"
    return f"{_number(explanation.result)}{SIGNS.get(explanation.unit, '')}"


def _figure(other: Rival, unit: str) -> str:
    if other.needs:
        return f"needs {', '.join(other.needs)}"
    return "no value" if other.value is None else f"{_number(other.value)}{SIGNS.get(unit, '')}"


def _inputs_text(inputs: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {_input_text(value)}" for name, value in inputs.items())


def _input_text(value: Any) -> str:
    if is_scalar(value) and not isinstance(value, Mapping):
        return _number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_number(one)}" for name, one in value.items() if is_scalar(one))
    listed = [plain(one) for one in value]
    missing = sum(one is None for one in listed)
    return f"{len(listed)} values{f', {missing} of them missing' if missing else ''}"


def _reasons(left_out: pd.DataFrame) -> list[tuple[str, int]]:
    """Count the reasons for which rows were left out."""
    return [(str(reason), int(count)) for reason, count in left_out["reason"].value_counts().items()]


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = np.ma.filled(value.astype(object), None) if isinstance(value, np.ma.MaskedArray) else value
        value = value if value.ndim else value.item()
    return plain(value) if is_scalar(value) and not isinstance(value, (str, Mapping)) else value
