"""The error that names bad rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from csmetrics.errors import MetricInputError

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
