"""The formulas of the catalogue as formulas of a spreadsheet, and the check that both give the same."""

from __future__ import annotations

from math import isclose, isfinite, isnan, nan
from typing import Any

import pandas as pd

from csmetrics._catalog.formula import Node, computed, formula, name_of
from csmetrics._frames.plan import Plan
from csmetrics.core._registry import Registration


def excel(node: Node, cells: dict[str, str]) -> str:
    """Write a formula of the catalogue as one of a spreadsheet; KeyError for a word that no cell holds."""
    if node.kind == "word":
        return cells[name_of(node.text)]
    if node.kind == "number":
        return node.text
    sides = [excel(side, cells) for side in node.sides]
    if node.kind == "(":
        return f"({sides[0]})"
    if node.kind in ("+", "-", "*", "/", "^", "frac"):
        return f"({sides[0]}{'/' if node.kind == 'frac' else node.kind}{sides[1]})"
    raise KeyError(node.kind)  # counts and sums need whole columns


def live(spec: Registration, plan: Plan, columns: dict[Any, str], row: int) -> str:
    """Write a metric of one row as a formula; empty where its formula is not plain arithmetic.

    Parameters
    ----------
    spec, plan
        The metric, and which columns it takes.
    columns
        The letters of each column.
    row
        The row in the sheet, from 1.
    """
    refs: list[str] = []
    try:
        right = _right(spec, plan, columns, row, refs)
    except KeyError:
        return ""
    used = ",".join(dict.fromkeys(refs))
    count = len(dict.fromkeys(refs))
    return f'=IF(COUNT({used})<{count},"",IFERROR({right},""))' if refs else ""


def _right(spec: Registration, plan: Plan, columns: dict[Any, str], row: int, refs: list[str]) -> str:
    read = formula(spec.name)
    if read is None:
        raise KeyError(spec.name)
    cells = {}
    for word in read.words:
        if word in plan.columns:
            cells[word] = f"{columns[plan.columns[word]]}{row}"
            refs.append(cells[word])
        elif isinstance(plan.sources.get(word), Plan):
            cells[word] = _right(plan.sources[word].spec, plan.sources[word], columns, row, refs)
        else:
            cells[word] = repr(float(plan.sources.get(word, spec.defaults.get(word))))  # type: ignore[arg-type]
    return excel(read.right, cells)


def agrees(spec: Registration, plan: Plan, totals: pd.DataFrame, values: Any) -> bool:
    """Check that the formula as it is written gives the library's own figures, row by row."""
    for place, value in enumerate(values):
        found = _value(spec, plan, totals.iloc[place])
        if isnan(value) != isnan(found) or not (isnan(value) or isclose(value, found, rel_tol=1e-12, abs_tol=1e-12)):
            return False
    return True


def _value(spec: Registration, plan: Plan, row: pd.Series[Any]) -> float:
    read = formula(spec.name)
    if read is None:
        return nan
    given = {}
    for word in read.words:
        held = plan.sources.get(word)
        if word in plan.columns:
            held = row[plan.columns[word]]
            given[word] = nan if pd.isna(held) else float(held)
        elif isinstance(held, Plan):
            given[word] = _value(held.spec, held, row)
        else:
            given[word] = float(held if held is not None else spec.defaults.get(word) or 0.0)
    try:
        value = float(computed(read.right, given))
    except (ArithmeticError, ValueError):
        return nan
    return value if isfinite(value) else nan
