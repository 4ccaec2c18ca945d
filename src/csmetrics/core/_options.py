"""Options that a caller sets: one of a few words, a whole number, a flag. Errors name what was likely meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from csmetrics.core._plain import plain
from csmetrics.errors import MetricInputError, shown

_MOST: Final = 1_000_000  # periods, days or events that an option counts
_LONGEST: Final = 40  # characters of a word that are compared with the choices


def check_word(metric: str, argument: str, value: Any, words: Iterable[str]) -> Any:
    """Return a word that is one of the choices, as plain text; else name the nearest."""
    word = plain(value)
    if isinstance(word, str) and word in words:
        return word
    rule = f"must be one of {', '.join(map(repr, words))}"
    raise MetricInputError(metric, argument, rule, f"got {shown(value)}", meant(word, words))


def meant(word: Any, words: Iterable[str]) -> str:
    """Name the choice that a word is nearest to, as a hint; "" if it is near to none."""
    word = plain(word)
    near = difflib.get_close_matches(word[:_LONGEST].lower(), words, n=1) if isinstance(word, str) else []
    return f"did you mean {near[0]!r}?" if near else ""


def check_flag(metric: str, argument: str, value: Any) -> None:
    """Reject anything but True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise MetricInputError(metric, argument, "must be True or False", f"got {shown(value)}")


def check_whole(metric: str, argument: str, value: Any, low: int = 1, most: float = _MOST) -> int:
    """Return a whole number from `low` to `most`, as Python's own; reject anything else."""
    if is_whole(value) and low <= value <= most:
        return int(value)
    limits = f"<= {most}" if is_whole(value) and value > most else f">= {low}"
    raise MetricInputError(metric, argument, f"must be a whole number {limits}", f"got {shown(value)}")


def is_whole(value: Any) -> bool:
    """Check for a whole number: Python counts True among them, and numpy counts durations."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.timedelta64))


def is_number(value: Any) -> bool:
    """Check for a real number of Python or numpy."""
    return is_whole(value) or isinstance(value, (float, np.floating))
