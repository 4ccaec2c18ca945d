"""Notes that make a figure doubtful: a reader sees them with the result, and they are warned of once per call."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from csmetrics.core._outside import outside
from csmetrics.core._registry import Registration
from csmetrics.errors import CohortWarning


class Doubt(str):
    """A note that makes the figure doubtful."""

    __slots__ = ()


def less_time(frame: Any, spec: Registration, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Note that a later period has had less time for what its builder says still grows."""
    growing = getattr(frame, "attrs", {}).get("growing", ())
    found = [repr(name) for name in (given.get(name, name) for name in spec.inputs) if name in growing]
    if not found:
        return ()
    grow = f"{' and '.join(found)} still {'grow' if len(found) > 1 else 'grows'}"
    return (f"{grow}, and a later period has had less time: compare what each had reached after the same time",)


def warn_of(notes: Iterable[str]) -> None:
    """Warn once of the notes that make a figure doubtful, where the caller of csmetrics stands."""
    doubts = [note for note in dict.fromkeys(notes) if isinstance(note, Doubt)]
    if doubts:
        warnings.warn(". ".join(doubts), CohortWarning, stacklevel=outside())
