"""Where a warning belongs: at the caller of csmetrics."""

from __future__ import annotations

import sys

_WITHIN = ("csmetrics.", "numpy.", "contextlib")  # numpy's decorators stand around some of the functions


def outside() -> int:
    """Return the stack level, for the function that warns, of the first caller outside of csmetrics."""
    level, frame = 2, sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_WITHIN):
        level, frame = level + 1, frame.f_back
    return level
