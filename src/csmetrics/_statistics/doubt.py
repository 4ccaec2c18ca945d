"""Notes that make a figure doubtful: a reader sees them with the result, and they are warned of once per call."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable

from csmetrics.errors import CohortWarning


class Doubt(str):
    """A note that makes the figure doubtful."""

    __slots__ = ()


def warn_of(notes: Iterable[str]) -> None:
    """Warn once of the notes that make a figure doubtful, where the caller of csmetrics stands."""
    doubts = [note for note in dict.fromkeys(notes) if isinstance(note, Doubt)]
    if doubts:
        warnings.warn(". ".join(doubts), CohortWarning, stacklevel=_outside())


def _outside() -> int:
    """Return the stack level of the first caller outside of csmetrics and of numpy's decorator around it."""
    level, frame = 2, sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(("csmetrics.", "numpy.")):
        level, frame = level + 1, frame.f_back
    return level
