"""Laws: what is always true of a metric."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from csmetrics.core._registry import Registration

LawName = Literal[
    "undefined", "missing", "bounds", "scale", "monotony", "part and whole", "percent not fraction", "not rounded"
]


@dataclass(frozen=True)
class Law:
    """One thing that is always true of a metric.

    Attributes
    ----------
    law : str
        The name of the law.
    says : str
        The law in words.
    inputs : tuple of str
        The inputs that the law is about.
    power : float or None
        For scale: if all `inputs` are multiplied by k, the result is multiplied by k to this power.
    direction : {"rises", "falls"} or None
        For monotony: the only direction in which the result can move as the input grows.
    low, high : float or None
        For bounds: the lowest and the highest value.
    """

    law: LawName
    says: str
    inputs: tuple[str, ...] = ()
    power: float | None = None
    direction: Literal["rises", "falls"] | None = None
    low: float | None = None
    high: float | None = None


def laws(spec: Registration) -> tuple[Law, ...]:
    """List the laws of a metric."""
    return tuple(_laws(spec))


def adding(spec: Registration) -> tuple[str, ...]:
    """Return the inputs, if all of them can be added over segments and the result is computed from their sums."""
    names = tuple(n for n, given in spec.inputs.items() if given.kind != "level")
    return names if len(names) == len(spec.inputs) and not (spec.reduces or spec.over_columns) else ()


def _laws(spec: Registration) -> Iterator[Law]:
    dates = [n for n, given in spec.inputs.items() if given.quantity.name == "date"]
    if spec.reduces and dates:
        yield Law("undefined", "no value, and never 0, where nobody has started")
        waiting = f"a row without {dates[0]} leaves the base, a row without {dates[-1]} is still waiting"
        yield Law("missing", waiting, tuple(spec.inputs))
    elif spec.reduces:
        yield Law("undefined", "no value, and never 0, where there are no answers")
        yield Law("missing", "a missing answer leaves the base", tuple(spec.inputs))
    else:
        if spec.base:
            yield Law("undefined", f"no value, and never 0, where {spec.base} is 0")
        never = "a missing component is never taken as 0"
        missing = never if spec.over_columns else "no value, and never 0, where an input is missing"
        yield Law("missing", missing, tuple(spec.inputs))
    low, high = (None if end is None else float(end) for end in spec.bounds)
    if (low, high) != (None, None):
        ends = [f"at {end} {at:g}" for end, at in (("least", low), ("most", high)) if at is not None]
        yield Law("bounds", " and ".join(ends), low=low, high=high)
    sums = adding(spec)
    if sums:
        power = 0.0 if spec.base else 1.0
        same = "the same" if spec.base else "times k"
        yield Law("scale", f"{same} where {', '.join(sums)} are all times k", sums, power)
    money = tuple(n for n, given in spec.inputs.items() if given.quantity.name == "money")
    if money:
        power = 1.0 if spec.unit == "money" else 0.0
        same = "times k" if spec.unit == "money" else "the same"
        yield Law("scale", f"{same} where all money ({', '.join(money)}) is times k", money, power)
    for name in spec.rises:
        yield Law("monotony", f"never lower for more {name}, all else the same", (name,), direction="rises")
    for name in spec.falls:
        yield Law("monotony", f"never higher for more {name}, all else the same", (name,), direction="falls")
    if sums and spec.base:
        yield Law("part and whole", "computed from the sums of the parts, not from their results", sums)
    elif sums:
        yield Law("part and whole", "the result of the sums is the sum of the parts' results", sums)
    if spec.unit in ("percent", "points"):
        yield Law("percent not fraction", f"in {spec.unit}: 5 is 5, not 0.05")
    if spec.unit != "band":
        yield Law("not rounded", "all digits")
