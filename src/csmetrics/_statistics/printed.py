"""How figures and results print, and what of them JSON can hold."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from html import escape
from math import isfinite, isinf, isnan
from typing import Any

import numpy as np
import pandas as pd

SIGNS = {"percent": " %", "pp": " pp", "points": " points", "days": " days", "periods": " periods"}


FEW = 6  # digits of a figure in a sentence
FEW_UNITS = 30  # below which a note says that they are few


def figure(value: float, unit: str = "") -> str:
    """Write a figure as a person would."""
    if isnan(value):
        return "no value"
    if isinf(value):
        return "without end" if value > 0 else "without beginning"
    digits = f"{value:,.2f}" if abs(value) >= 1000 else f"{value:.{FEW - 1}g}"
    if abs(value) < 1000 and "e" not in digits and len(digits.partition(".")[2]) > 2:
        digits = f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"
    digits = digits.rstrip("0").rstrip(".") if "." in digits and "e" not in digits else digits
    return f"{'0' if digits == '-0' else digits}{SIGNS.get(unit, '')}"


def signed(value: float, unit: str = "") -> str:
    """Write a change with its sign."""
    return f"+{figure(value, unit)}" if value > 0 else figure(value, unit)


def named(label: Any) -> str:
    """Write a segment or a group."""
    return " / ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def between(low: float, high: float) -> str:
    """Write two limits."""
    return f"[{figure(low)}, {figure(high)}]"


def p_text(p: float) -> str:
    """Write a p-value; a very small one is only called that."""
    return "unknown" if isnan(p) else "< 0.0001" if p < 0.0001 else f"{p:.2g}" if p < 0.001 else f"{p:.3f}"


def counted(value: float) -> str:
    """Write a number of units."""
    if not isfinite(value):
        return "unknown"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def behind(before: float, after: float) -> str:
    """Write how many units stand behind two figures, where that is known."""
    if not (isfinite(before) and isfinite(after)):
        return ""
    return f", n = {counted(before)} each" if before == after else f", n = {counted(before)} and {counted(after)}"


def plain(value: Any) -> Any:
    """Return what JSON can hold: no NaN and no infinity, which are None, and dates as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    return None if value is pd.NA or value is pd.NaT else str(value)


def _same(one: Any, other: Any) -> bool:
    """Check whether two attributes are equal; what has no value equals what has none."""
    if isinstance(one, pd.DataFrame):
        return one.equals(other)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=True)
    if isinstance(one, (dict, list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(_same, _flat(one), _flat(other)))
    return bool(one == other or (one != one and other != other))


def _flat(values: Any) -> list[Any]:
    return [*values, *values.values()] if isinstance(values, dict) else [*values]


class Printed:
    """What prints as text, in a notebook as HTML, and has plain data for services."""

    def __repr__(self) -> str:
        return str(self)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))  # type: ignore[arg-type]

    def __hash__(self) -> int:
        return hash(str(self))

    def _repr_html_(self) -> str:
        first, *rest = str(self).split("\n")
        lines = "".join(f"<br>{escape(line)}" for line in rest if line)
        return f"<p><b>{escape(first)}</b>{lines}</p>"

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, ready for JSON.

        Returns
        -------
        dict
            The attributes by name; what has no value, or no end, is None.
        """
        found: dict[str, Any] = plain(self)
        return found


def p_equals(p: float) -> str:
    """Write a p-value behind its letter: "= 0.04", "< 0.0001"."""
    text = p_text(p)
    return text if text.startswith("<") else f"= {text}"
