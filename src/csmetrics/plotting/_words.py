"""How numbers, periods and names are written in a plot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain, count
from math import isinf, isnan
from textwrap import wrap
from typing import Any, Final

import pandas as pd

from csmetrics.core._registry import Registration

_SIZES: Final = ((1e12, 1e-12, "T"), (1e9, 1e-9, "B"), (1e6, 1e-6, "M"), (1e3, 1e-3, "k"))
_AGES: Final = {"h": "hours", "D": "days", "W": "weeks", "M": "months", "Q": "quarters", "Y": "years"}
LONGEST: Final = 28  # characters of a name


def compact(value: float, sign: str = "", digits: int = 3) -> str:
    """Write a number in few characters: 1.23M, 45.6k, 0.012; nothing where it is missing."""
    if isnan(value):
        return ""
    if isinf(value):
        return "∞" if value > 0 else "-∞"
    for size, per, letter in _SIZES:
        if abs(value) >= size * 0.9995:
            text = f"{value * per:.{digits}g}"
            return f"{value:.2g}{sign}" if "e" in text else f"{text}{letter}{sign}"
    text = f"{value:.{digits}g}" if abs(value) >= 0.001 or value == 0 else f"{value:.2g}"
    return f"{'0' if text == '-0' else text}{sign}"


def tick(value: float, sign: str = "") -> str:
    """Write a round number of an axis, with as many digits as it has."""
    scaled = next((value * per for size, per, _ in _SIZES if abs(value) >= size * 0.9995), value)
    digits = next((n for n in (3, 4, 5) if abs(float(f"{scaled:.{n}g}") - scaled) < 1e-9 * abs(scaled)), 6)
    return compact(value, sign, digits)


def signed(value: float, sign: str = "") -> str:
    """Write a change with its sign."""
    return f"{'+' if value > 0 else ''}{compact(value, sign)}"


def sign_of(unit: str) -> str:
    """Return what stands right behind a number of this unit."""
    return "%" if unit == "percent" else ""


def unit_words(spec: Registration) -> str:
    """Return the unit of a metric and which way is better, for an axis."""
    unit = {"number": "", "band": "", "ratio": "ratio"}.get(spec.unit, spec.unit)
    better = "" if spec.better == "neither" else f"{spec.better} is better"
    return ", ".join(part for part in (unit, better) if part)


def name(label: Any, longest: int = LONGEST, end: int = 0) -> str:
    """Write somebody's name in one short line, as text and never as a formula; of a long one keep `end` at its end."""
    text = " / ".join(map(str, label)) if isinstance(label, tuple) else str(label)
    text = " ".join(text.split()) or "(blank)"
    if label is None or text in ("nan", "<NA>", "NaT"):
        text = "(missing)"
    text = text if len(text) <= longest else f"{text[: longest - 1 - end]}…{text[len(text) - end :]}"
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text  # matplotlib leaves names that begin with _ out of legends


def names(labels: Iterable[Any], longest: int = LONGEST) -> list[str]:
    """Write several names so that all differ: those that begin alike keep their ends, and what is the same a number."""
    labels = list(labels)
    short = [name(label, longest) for label in labels]
    taken = Counter(short)
    found: list[str] = []
    for label, text in zip(labels, short, strict=True):
        one = name(label, longest, longest // 2) if taken[text] > 1 else text
        found.append(next(n for n in chain([one], (f"{one} ({i})" for i in count(2))) if n not in found))
    return found


def words_of(metric: str) -> str:
    """Write the name of a metric in words: churn rate, NRR."""
    return metric.replace("_", " ") if len(metric) > 4 else metric.upper()


def lines(text: str, width: int) -> str:
    """Break a title so that no line is longer than that many characters."""
    return "\n".join(wrap(text, max(width, 12), break_long_words=True))


def period_name(period: Any, *, short: bool = False) -> str:
    """Write a period; `short` in two narrow lines, for an axis."""
    between = "\n" if short else " "
    if isinstance(period, pd.Timestamp):
        period = period.to_period("D") if period == period.normalize() else period.tz_localize(None).to_period("h")
    if not isinstance(period, pd.Period):
        return name(period)
    letter = period.freqstr[0]
    if letter == "Q":
        return f"Q{period.quarter}{between}{period.qyear}"
    if letter in "YA":
        return str(period.year)
    if letter == "M":
        return period.strftime(f"%b{between}%Y")
    day = period.start_time
    clock = f"{day:%H:%M} " if letter == "h" else ""
    return f"{clock}{day.day} {day:%b}{between}{day.year}"


def label(key: Any) -> str:
    """Write the label of a row: names and periods, in one line."""
    return " / ".join(map(period_name, key if isinstance(key, tuple) else (key,)))


def ages(freq: str) -> str:
    """Return the unit of a cohort's age."""
    return _AGES.get(freq[:1], "periods")


def figure_percent(value: float, _: Any = None) -> str:
    """Write a percentage, as the ticks of an axis do."""
    return compact(value, "%")
