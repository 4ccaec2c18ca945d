"""An explained figure, and how to write it as text, LaTeX or plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from html import escape
from typing import Any

import pandas as pd

from csmetrics._catalog.mathml import mathml
from csmetrics._catalog.plain_data import as_python, json_ready
from csmetrics.core._html import card, code, listed, paragraph, prose
from csmetrics.core._kinds import is_scalar

UNIT_SIGNS = {"percent": " %", "points": " points", "days": " days", "periods": " periods"}


@dataclass(frozen=True)
class Rival:
    """Another definition in use, and its result on the same numbers.

    Attributes
    ----------
    definition : str
        The definition in words.
    value : float or None
        Its result, in the unit of the metric; None if it is undefined or needs other numbers.
    needs : tuple of str
        The inputs that it needs and that were not given.
    computable : bool
        Whether it can be computed from totals at all.
    """

    definition: str
    value: float | None = None
    needs: tuple[str, ...] = ()
    computable: bool = True


@dataclass(frozen=True, repr=False)
class Explanation:
    """How a figure is computed. It prints as text and shows as a formula in a notebook; `as_dict()` is for services.

    Attributes
    ----------
    metric, title : str
        The metric's name and title.
    inputs : dict
        The numbers that the figure is computed from.
    result : float, str or None
        The figure; None if the metric has no value.
    unit : str
        "percent", "points", "money", ...
    formula, numbers : str
        The formula on one line: in words, and with the numbers in place of the words.
    latex : str
        The computation in LaTeX, step by step.
    rivals : tuple of Rival
        Other definitions in use, with their results on the same numbers.
    levels : dict of str to Explanation
        The inputs that are metrics themselves and were computed on the way, each explained.
    notes : tuple of str
        Why the metric has no value; what was left out.
    rows : DataFrame or None
        The rows of the cohort frame that the figure is computed from.
    left_out : DataFrame or None
        The raw rows that were left out of the cohort frame, each with the reason.
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
    left_out: pd.DataFrame | None = None
    _find_rows: Callable[[], pd.DataFrame] | None = field(default=None, compare=False)

    @cached_property
    def rows(self) -> pd.DataFrame | None:
        """The rows of the cohort frame that the figure is computed from; found when they are first asked for."""
        return None if self._find_rows is None else self._find_rows()

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled or copied: the rows, instead of what finds them."""
        return {**self.__dict__, "rows": self.rows, "_find_rows": None}

    def __str__(self) -> str:
        return "\n".join([*self._steps(), *self._beside()])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """Show steps and rivals in a notebook, the formula as MathML."""
        steps = [mathml(level.latex) for level in (*self.levels.values(), self)]
        beside = []
        for block in "\n".join(self._beside()).strip("\n").split("\n\n"):
            lines = block.splitlines()
            beside += [paragraph(prose(line)) for line in lines if not line.startswith(" ")]
            beside += [listed(prose(line.strip().removeprefix("* ")) for line in lines if line.startswith(" "))]
        return card(f"{escape(self.title[:1].upper() + self.title[1:])} {code(self.metric)}", *steps, *beside)

    def _repr_markdown_(self) -> str:
        """Return steps and rivals as Markdown, for viewers without HTML."""
        beside = (
            line if not line.startswith("  ") else f"* {line.strip().removeprefix('* ')}" for line in self._beside()
        )
        return "\n".join([f"$${self.latex}$$", *beside])

    def _repr_latex_(self) -> str:
        """Return the steps as LaTeX, for viewers without Markdown."""
        return f"$\\displaystyle {self.latex}$"

    def _beside(self) -> list[str]:
        """Return the lines after the figure: rival definitions, notes, rows."""
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
            rows = "1 raw row" if len(self.left_out) == 1 else f"{len(self.left_out)} raw rows"
            lines += ["", f"Left out of the cohort frame: {rows}"]
            lines += [f"  {count} x {reason}" for reason, count in _reasons(self.left_out)]
        return lines

    def _steps(self) -> list[str]:
        title, equals, _ = self.formula.partition(" = ")
        pad = " " * len(title) if equals else " "
        levels = [f"  {line}".rstrip() for level in self.levels.values() for line in [*level._steps(), ""]]
        put_in = [f"{pad} = {self.numbers}"] if self.numbers else [f"  {_inputs_text(self.inputs)}"]
        return [*levels, self.formula, *put_in, f"{pad} = {_result(self)}"]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, ready for JSON.

        Returns
        -------
        dict
            With the keys ``metric title formula numbers result unit inputs latex rivals levels notes left_out rows``.
            A missing value is None, dates are ISO text, and `rows` is the number of rows.
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


def written(value: Any) -> str:
    value = as_python(value)
    if value is None:
        return "missing"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (int, float)) and 1e8 <= abs(value) < 1e15:  # with cents, not as 4e+12
        return f"{value:,.2f}".removesuffix(".00")
    return f"{value:,.10g}" if isinstance(value, (int, float)) else str(value)


def _result(explanation: Explanation) -> str:
    if explanation.result is None:
        return "no value"
    return f"{written(explanation.result)}{UNIT_SIGNS.get(explanation.unit, '')}"


def _figure(other: Rival, unit: str) -> str:
    if other.needs:
        return f"needs {', '.join(other.needs)}"
    return "no value" if other.value is None else f"{written(other.value)}{UNIT_SIGNS.get(unit, '')}"


def _inputs_text(inputs: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {_input_text(value)}" for name, value in inputs.items())


def _input_text(value: Any) -> str:
    if is_scalar(value) and not isinstance(value, Mapping):
        return written(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {written(one)}" for name, one in value.items() if is_scalar(one))
    listed = [as_python(one) for one in value]
    missing = sum(one is None for one in listed)
    return f"{len(listed)} values{f', {missing} of them missing' if missing else ''}"


def _reasons(left_out: pd.DataFrame) -> list[tuple[str, int]]:
    """Count how many rows were left out for each reason."""
    return [(str(reason), int(count)) for reason, count in left_out.iloc[:, -1].value_counts().items()]
