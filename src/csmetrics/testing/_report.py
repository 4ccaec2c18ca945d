"""The result of a verification, in words and as a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import pandas as pd

from csmetrics._catalog.drawn_rows import Row
from csmetrics._catalog.plain_data import as_python
from csmetrics.core._kinds import is_scalar
from csmetrics.testing._calling import written

CheckName = Literal[
    "arguments",
    "inputs",
    "example",
    "formula",
    "undefined",
    "missing",
    "bounds",
    "scale",
    "monotony",
    "part and whole",
    "percent not fraction",
    "not rounded",
]


@dataclass(frozen=True)
class Check:
    """One check: of a worked example, or of a law on one row of inputs.

    Attributes
    ----------
    law : str
        The name of the law, "example" or "formula".
    inputs : dict
        The inputs.
    expected, got : str
        The expected and the actual result, in words.
    ok : bool
        Whether the check passed.
    source : str
        Where the example was published, or which row of the table was checked.
    """

    law: CheckName
    inputs: Row
    expected: str
    got: str
    ok: bool
    source: str = ""

    def __str__(self) -> str:
        given = listed(self.inputs)
        source = f" [{self.source}]" if self.source else ""
        got = self.got if self.got.startswith("raises ") else f"got {self.got}"
        return f"{given or 'its arguments'}: expected {self.expected}, {got}{source}"


def listed(inputs: Row) -> str:
    """Write a row of inputs on one line."""
    return ", ".join(f"{name}={brief(value)}" for name, value in inputs.items())


def brief(value: Any) -> str:
    """Write an input in at most 48 characters."""
    if is_scalar(value) and not isinstance(value, int) and as_python(value) is None:
        return "missing"
    text = value.isoformat(" ") if isinstance(value, datetime) else written(value)
    return text if len(text) <= 48 else f"{text[:45]}..."


@dataclass(frozen=True)
class Verification:
    """The result of checking a function or a table against a metric.

    Attributes
    ----------
    subject : str
        The name of what was checked.
    metric : str
        The metric that it was checked against.
    formula : str
        The formula of the metric.
    checks : tuple of Check
        All checks, passed and failed.
    causes : tuple of str
        What is likely wrong, in words, guessed from the figures.
    notes : tuple of str
        How the function was called, and what could not be checked.
    """

    subject: str
    metric: str
    formula: str
    checks: tuple[Check, ...] = field(repr=False)
    causes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all checks passed."""
        return bool(self.checks) and all(check.ok for check in self.checks)

    def __bool__(self) -> bool:
        return self.ok

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if not check.ok)

    @property
    def table(self) -> pd.DataFrame:
        """One row per law: how often it was checked and failed, and the first failure."""
        rows = []
        for law in dict.fromkeys(check.law for check in self.checks):
            of_law = [check for check in self.checks if check.law == law]
            failed = [check for check in of_law if not check.ok]
            rows.append((law, len(of_law), len(failed), str(failed[0]) if failed else ""))
        return pd.DataFrame(rows, columns=["law", "checks", "failed", "first failure"]).set_index("law")

    def __str__(self) -> str:
        failed, all_ = len(self.failures), len(self.checks)
        if self.ok:
            head = f"{self.subject} is {self.metric}: all {all_} checks hold."
        else:
            head = f"{self.subject} is not {self.metric}: {failed} of {all_} checks fail."
        parts = [head, f"  {self.formula}"]
        if self.causes:
            parts += ["", "Likely cause:", *(f"  * {cause}" for cause in self.causes)]
        if not self.ok:
            parts += ["", "What fails:"]
            for law, (checks, wrong, first) in zip(self.table.index, self.table.to_numpy().tolist(), strict=True):
                if wrong:
                    parts.append(f"  * {law} ({wrong} of {checks}): {first}")
        if self.notes:
            parts += ["", "Notes:", *(f"  * {note}" for note in self.notes)]
        return "\n".join(parts)

    def __repr__(self) -> str:
        return str(self)
