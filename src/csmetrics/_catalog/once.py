"""Results that are made once per metric, also with several threads."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import TypeVar

from csmetrics.core._registry import Registration

Made = TypeVar("Made")


def once(make: Callable[[Registration], Made]) -> Callable[[Registration], Made]:
    """Cache a function of a registration. Unlike with `functools.cache`, two threads never compute it twice."""
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
