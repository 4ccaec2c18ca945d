"""The arguments of a metric on a cohort frame, and the binding of a call to them."""

from __future__ import annotations

from typing import Any

from csmetrics.core._registry import REGISTRY, REQUIRED, Registration
from csmetrics.errors import from_outside


def arguments(spec: Registration) -> dict[str, Any]:
    """Map a metric's arguments on a frame to their defaults, with those of the levels that are computed on the way."""
    columns = {name: REQUIRED if spec.over_columns else name for name in spec.inputs}
    own = {**columns, **spec.defaults, **spec.options}
    levels = [REGISTRY[n] for n, declared in spec.inputs.items() if declared.kind == "level" and n in REGISTRY]
    return own | {name: default for level in levels for name, default in arguments(level).items() if name not in own}


def bound_arguments(spec: Registration, args: tuple[Any, ...], given: dict[str, Any]) -> dict[str, Any]:
    """Put positional arguments under their names, and refuse names that the metric does not know."""
    if len(args) > len(spec.positional):
        found = f"takes at most {len(spec.positional)} positional arguments, got {len(args)}"
        raise from_outside(TypeError(f"{spec.name}() {found}"))
    named = dict(zip(spec.positional, args, strict=False))
    known = arguments(spec)
    for name in given:
        if name in named:
            raise from_outside(TypeError(f"{spec.name}() got two values for {name!r}"))
        if name not in known:
            raise from_outside(TypeError(f"{spec.name}() has no argument {name!r}; it takes {', '.join(known)}"))
    return named | given
