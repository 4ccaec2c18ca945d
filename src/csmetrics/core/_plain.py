"""Values of somebody's own classes as Python's own: their `==`, `hash()`, `len()` and `bool()` may raise anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_COPIES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (list, list.copy),
    (dict, dict.copy),
    (float, float.__float__),
    (int, int.__int__),
)


def plain(value: Any) -> Any:
    """Return text, a list, a dict or a number of somebody's own class as Python's own; other values as they are."""
    if isinstance(value, bool):
        return value
    copy = next((copy for kind, copy in _COPIES if isinstance(value, kind)), None)
    return value if copy is None else copy(value)
