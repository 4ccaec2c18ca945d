"""A scorecard of one period, and how it prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from math import isnan, nan
from typing import Any

import pandas as pd

from csmetrics._statistics.printed import figure, plain
from csmetrics._statistics.targets import Target
from csmetrics.core._door import Door

_WORDS = {"yes": "more than noise", "no": "within noise"}
_IN_POINTS = {"percent": " pp", "points": " points"}  # how a change is written


@dataclass(frozen=True)
class Line:
    """A metric of a segment: its value, what it was, what it should be.

    Attributes
    ----------
    metric, unit, group
        The metric, its unit, and the keys of the segment.
    target
        What it should reach; None for nothing.
    value, low, high, before, year
        The value with its limits, the value of the period before and of the year before; NaN where unknown.
    before_label, year_label
        The names of those periods.
    basis
        What a value of several periods is per.
    history
        Earlier values, in the order of time.
    p, doubt, noise
        By comparison ("before", "year"): its p-value, the reason where it has none, and whether it is more than noise.
    tested
        How many changes of the card were tested.
    reason
        Why there is no value.
    """

    metric: str
    unit: str
    group: tuple[Any, ...]
    target: Target | None
    value: float = nan
    low: float = nan
    high: float = nan
    before: float = nan
    year: float = nan
    before_label: str = ""
    year_label: str = ""
    basis: str = ""
    history: tuple[float, ...] = ()
    p: Mapping[str, float] = field(default_factory=dict)
    doubt: Mapping[str, str] = field(default_factory=dict)
    noise: Mapping[str, str] = field(default_factory=dict)
    tested: int = 0
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without a target or a value."""
        return None if self.target is None or isnan(self.value) else self.target.met(self.value)

    @property
    def verdict(self) -> str:
        """Say "met" or "missed", and "clearly" where the whole interval does."""
        if self.met is None or self.target is None:
            return ""
        word = "met" if self.met else "missed"
        return f"clearly {word}" if self.target.clearly(self.low, self.high) else word

    def changes(self) -> list[tuple[str, float, str, str]]:
        """List the comparisons: with which period, the change, its label, and whether it is more than noise."""
        pairs = (("before", self.before, self.before_label), ("year", self.year, self.year_label))
        return [
            (name, self.value - other, label, self.noise.get(name, ""))
            for name, other, label in pairs
            if not isnan(self.value - other)
        ]

    def text(self) -> str:
        """Write the line."""
        where = f" [{', '.join(map(str, self.group))}]" if self.group else ""
        if self.reason:
            return f"{self.metric}{where}: {self.reason}"
        basis = f" {self.basis}" if self.basis else ""
        first = f"{self.metric}{where} {figure(self.value, self.unit)}{basis}"
        if self.target is not None:
            first += f", target {self.target}: {self.verdict}"
        told = ", ".join(
            f"{moved(change, self.unit)} on {label} ({_WORDS.get(noise, noise)})"
            for _, change, label, noise in self.changes()
        )
        return f"{first}; {told}" if told else first


def moved(change: float, unit: str) -> str:
    """Write a change with its sign; of percent in percentage points."""
    return f"{'+' if change > 0 else ''}{figure(change)}{_IN_POINTS.get(unit, '')}"


@dataclass(frozen=True, repr=False)
class Evaluated:
    """A scorecard of one period, the result of `Scorecard.evaluate`. Printed it is text, in a notebook HTML.

    Attributes
    ----------
    period : str
        The period.
    by : tuple of str
        The names of the segments' columns.
    lines : tuple
        The lines, as in `frame`.
    trailing : int
        How many periods are taken together.
    notes : tuple of str
        What a reader should know.
    """

    period: str
    by: tuple[str, ...]
    lines: tuple[Line, ...]
    trailing: int = 1
    notes: tuple[str, ...] = ()

    plot = Door("scorecard")

    @property
    def frame(self) -> pd.DataFrame:
        """One row per metric and segment.

        Its columns: ``value``, ``low``, ``high``, ``before``, ``change``, ``more_than_noise``, ``year_before``,
        ``change_on_year``, ``more_than_noise_on_year``, ``unit`` (changes of percent are percentage points),
        ``target``, ``met`` (True, False or None), ``verdict`` ("met", "clearly missed", ...), ``basis``, ``reason``.
        """
        frame = pd.DataFrame([self._row(line) for line in self.lines])
        frame["met"] = pd.Series([line.met for line in self.lines], dtype=object)
        return frame.set_index(["metric", *self.by])

    def _row(self, line: Line) -> dict[str, Any]:
        return {
            "metric": line.metric,
            **dict(zip(self.by, line.group or ("",) * len(self.by), strict=True)),
            "value": line.value,
            "low": line.low,
            "high": line.high,
            "before": line.before,
            "change": line.value - line.before,
            "more_than_noise": line.noise.get("before", ""),
            "year_before": line.year,
            "change_on_year": line.value - line.year,
            "more_than_noise_on_year": line.noise.get("year", ""),
            "unit": line.unit,
            "target": "" if line.target is None else str(line.target),
            "met": line.met,
            "verdict": line.verdict,
            "basis": line.basis,
            "reason": line.reason,
        }

    @property
    def tested(self) -> int:
        """How many changes were tested."""
        return max((line.tested for line in self.lines), default=0)

    def _title(self) -> str:
        aimed = [line for line in self.lines if line.target is not None]
        reached, unknown = sum(line.met is True for line in aimed), sum(bool(line.reason) for line in self.lines)
        window = f" ({self.trailing} periods together)" if self.trailing > 1 else ""
        title = f"Scorecard {self.period}{window}: {reached} of {len(aimed)} targets met"
        return f"{title}, {unknown} cannot be computed" if unknown else title

    def _foot(self) -> str:
        if not any(line.noise for line in self.lines):
            return ""
        sure = sum(word == "yes" for line in self.lines for word in line.noise.values())
        return f"More than noise: {sure} of {self.tested} change{'' if self.tested == 1 else 's'} tested."

    def __str__(self) -> str:
        notes = dict.fromkeys(f"Note: {line.metric}: {note}" for line in self.lines for note in line.notes)
        lines = [
            self._title(),
            *(line.text() for line in self.lines),
            *([self._foot()] if self._foot() else []),
            *notes,
        ]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = (
            "metric",
            *self.by,
            "value",
            "target",
            "",
            "on the period before",
            "more than noise",
            "on the year before",
            "more than noise",
        )
        rows = []
        for line in self.lines:
            told = {
                name: (f"{moved(change, line.unit)} on {label}", noise) for name, change, label, noise in line.changes()
            }
            value = line.reason or f"{figure(line.value, line.unit)}{' ' if line.basis else ''}{line.basis}"
            group = [str(key) for key in line.group] or [""] * len(self.by)
            target = "" if line.target is None else str(line.target)
            cells = [line.metric, *group, value, target, line.verdict]
            cells += [*told.get("before", ("", "")), *told.get("year", ("", ""))]
            rows.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        heads = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        foot = f"<p>{escape(self._foot())}</p>" if self._foot() else ""
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        return f"<p><b>{escape(self._title())}</b></p>{table}{foot}"

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, ready for JSON.

        Returns
        -------
        dict
            `period`, `by`, `trailing`, `tested`, `notes`, and `lines`: a dict per line, with the columns of `frame`.
        """
        rows = self.frame.reset_index().to_dict("records")
        whole = {"period": self.period, "by": self.by, "trailing": self.trailing, "tested": self.tested}
        found: dict[str, Any] = plain({**whole, "notes": self.notes, "lines": rows})
        return found
