"""What lets a formula compute at once: plain Python numbers that break nothing its declaration says.

The guard of a formula is compiled from its declaration on the first call, as attrs does for an ``__init__``: a loop
over limits and rules would take several times as long as the formula. That of `grr` reads::

    def guard(undefined, start_mrr, contraction_mrr, churned_mrr):
        if (
            (undefined is nan or may_stand_in(undefined))
            and (type(start_mrr) is float or type(start_mrr) is int)
            and start_mrr >= 0
            and start_mrr <= 1125899906842624.0
            ...
            and contraction_mrr + churned_mrr <= start_mrr
            and (start_mrr > 1e-150 or start_mrr < -1e-150)
        ):
            return True
        return undefined is CLEAN
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import nan
from typing import Any, Final

from csmetrics.core._registry import REGISTRY, WHOLE, Registration

SMALL: Final = 1e-150  # denominators are larger, so that no quotient overflows


class _Clean(float):
    """The value of `undefined` by which `evaluate` tells a formula that its inputs are checked."""

    __slots__ = ()


CLEAN: Final = _Clean()


class _Guards(dict[Callable[..., Any], Callable[..., bool]]):
    """The guard of each formula, made when it is first asked for.

    ``ordinary[grr](undefined, start_mrr, contraction_mrr, churned_mrr)`` tells whether `grr` may compute at once:
    all inputs are plain numbers of usual size, no rule is broken, the denominator is not 0, and `undefined` is
    possible. It says yes, too, where `evaluate` has checked all that.
    """

    def __missing__(self, metric: Callable[..., Any]) -> Callable[..., bool]:
        self[metric] = compiled(REGISTRY[metric.__name__])
        return self[metric]


ordinary: Final = _Guards()


def compiled(spec: Registration) -> Callable[..., bool]:
    """Compile the guard of a formula: a function of `undefined` and the inputs, in their order."""
    conditions = ["(undefined is nan or may_stand_in(undefined))"]
    for name, (_, quantity) in spec.inputs.items():
        if quantity.choices:
            conditions += [f"type({name}) is str", f"{name} in {quantity.choices}"]
            continue
        low, high = max(quantity.low, quantity.usual[0]), float(min(quantity.high, quantity.usual[1]))
        # A 0 is compared soonest as an int, a limit as a float; and `low <= name <= high` would take longer
        low = int(low) if low == int(low) else low
        conditions += [f"(type({name}) is float or type({name}) is int)", f"{name} >= {low!r}", f"{name} <= {high!r}"]
    conditions += map(str, spec.rules)
    if spec.base:
        base = _expression(spec)
        conditions.append(f"({base} > {SMALL} or {base} < -{SMALL})")
    inputs, holds = ", ".join(spec.inputs), " and ".join(conditions)
    code = f"def guard(undefined, {inputs}):\n if {holds}:\n  return True\n return undefined is CLEAN"
    made: dict[str, Any] = {"nan": nan, "may_stand_in": may_stand_in, "CLEAN": CLEAN}
    exec(code, made)
    guard: Callable[..., bool] = made["guard"]
    return guard


def _expression(spec: Registration) -> str:
    """Write what stands below the line as Python: the base of `cac_payback` is "arpa x gross_margin".

    Rates are fractions in it: the base of `discounted_clv` is "1 + discount_rate - retention_rate".
    """
    base = spec.base.replace(" x ", " * ")
    rates = [name for name, given in spec.inputs.items() if given.quantity.name == "percent"]
    return re.sub(rf"\b({'|'.join(rates)})\b", r"(\1 / 100)", base) if rates else base


def may_stand_in(undefined: Any) -> bool:
    """Check at a glance whether a value may stand where a metric has none; `fill_value` looks closer."""
    kind = type(undefined)
    return kind is float or (kind is int and -WHOLE <= undefined <= WHOLE) or (kind is str and undefined == "raise")
