"""Notes that make a figure doubtful: a reader sees them with the result, and they are warned of once per call."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from csmetrics.core._outside import outside
from csmetrics.errors import CohortWarning


class Doubt(str):
    """A note that makes the figure doubtful."""

    __slots__ = ()


def warn_of(notes: Iterable[str]) -> None:
    """Warn once of the notes that make a figure doubtful, where the caller of csmetrics stands."""
    doubts = [note for note in dict.fromkeys(notes) if isinstance(note, Doubt)]
    if doubts:
        warnings.warn(". ".join(doubts), CohortWarning, stacklevel=outside())
