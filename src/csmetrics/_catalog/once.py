"""What is made once per metric, whatever thread asks first."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import TypeVar

from csmetrics.core._registry import Registration

Made = TypeVar("Made")


def once(make: Callable[[Registration], Made]) -> Callable[[Registration], Made]:
    """Keep what a function makes of a registration. Unlike `functools.cache`, two threads never make it twice."""
    kept: dict[Registration, Made] = {}
    lock = RLock()

    @wraps(make)
    def get(spec: Registration) -> Made:
        if spec not in kept:
            with lock:
                if spec not in kept:
                    kept[spec] = make(spec)
        return kept[spec]

    return get
