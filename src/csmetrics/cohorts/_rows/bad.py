"""Bad rows: the error that names them, and the table that lists them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

import pandas as pd

from csmetrics.errors import MetricInputError

Result = TypeVar("Result", bound=Any)


def noted(out: Result, excluded: pd.DataFrame | None) -> Result:
    """Attach the bad rows to a result, where the caller asked for them."""
    if excluded is not None:
        out.attrs["excluded"] = excluded
    return out


class Excluded(pd.DataFrame):
    """Table of bad rows. Two such tables compare to a single bool, which pandas needs of `.attrs` in concatenation."""

    def copy(self, deep: bool = True) -> Excluded:  # type: ignore[misc]
        """Copy the table, keeping its class; pandas copies everything in `.attrs`."""
        return Excluded(super().copy(deep))

    def __deepcopy__(self, memo: Any = None) -> Excluded:
        return self.copy()

    def __eq__(self, other: object) -> Any:
        return self.equals(other) if isinstance(other, Excluded) else super().__eq__(other)

    __hash__ = None


_RULES = {
    "is missing": "must be present in every row",
    "is not a date": "must hold dates",
    "is infinite": "must be finite",
    "is negative": "must be >= 0",
    "is not a whole number": "must be whole numbers",
}


def broken(
    metric: str, argument: str, reason: str, found: str, hint: str, others: Sequence[tuple[str, str, int]]
) -> MetricInputError:
    """Make the error for bad rows."""
    for other, name, count in others:
        found += f"; in {count} `{name}` {other}"
    advice = "on_bad_rows='report' leaves such rows out and lists them in .attrs['excluded']"
    rule = _RULES.get(reason) or re.sub("^is not ", "must be ", re.sub("^is before ", "must not be before ", reason))
    return MetricInputError(metric, argument, rule, found, f"{hint}; {advice}" if hint else advice)
