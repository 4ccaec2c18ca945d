"""The error that names bad rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from csmetrics.errors import MetricInputError

_RULES = {
    "is missing": "must be present in every row",
    "is not a date": "must hold dates",
    "is not a number": "must hold numbers",
    "is infinite": "must be finite",
    "is negative": "must be >= 0",
    "is not a whole number": "must be whole numbers",
}
_WORDS = {
    "^is not ": "must be ",
    "^is before ": "must not be before ",
    "^is (.*) or more$": r"must be less than \1",
}


def broken(
    metric: str,
    argument: str,
    reason: str,
    found: str,
    hint: str,
    others: Sequence[tuple[str, str, int]],
    *,
    few: bool,
) -> MetricInputError:
    """Make the error for bad rows; only where they are few does it offer to leave them out."""
    for other, name, count in others:
        found += f"; in {count} `{name}` {other}"
    rule = _RULES.get(reason) or reason
    for said, rule_of in _WORDS.items():
        rule = re.sub(said, rule_of, rule)
    if not few:  # likely one mistake in all of them: without these rows little or nothing would be left
        return MetricInputError(metric, argument, rule, found, hint)
    advice = "on_bad_rows='report' leaves these rows out and returns them in .attrs['excluded'].frame"
    return MetricInputError(metric, argument, rule, found, f"{hint}; {advice}" if hint else advice)
