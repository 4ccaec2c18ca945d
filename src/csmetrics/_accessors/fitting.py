"""Which metrics the columns of a cohort frame are enough for, and which of them mean nothing at its grain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from csmetrics._accessors.arguments import arguments
from csmetrics._frames.grain import Grain
from csmetrics._frames.plan import Plan
from csmetrics.core._registry import REGISTRY, registered
from csmetrics.errors import MetricInputError, MissingColumnError


def fitting(
    grain: Grain, names: Sequence[str] = (), columns: Mapping[str, Any] = MappingProxyType({})
) -> tuple[dict[str, Plan], dict[str, str]]:
    """Plan every metric whose columns the frame has; those that mean nothing at this grain come with the reason.

    Parameters
    ----------
    grain
        The frame and its groups.
    names
        Only these metrics, which must all fit; all metrics by default.
    columns
        Columns or numbers for inputs, by the inputs' names.
    """
    plans: dict[str, Plan] = {}
    left_out: dict[str, str] = {}
    rows = Grain(grain.frame)
    for spec in (registered(name, "metrics") for name in names) if names else REGISTRY.values():
        if spec.reduces or spec.over_columns:  # they take columns of any name
            continue
        given = {n: columns[n] for n in arguments(spec) if n in columns}
        try:
            if names or Plan(rows, spec, given).fits():
                plans[spec.name] = Plan(grain, spec, given)
        except MissingColumnError:
            if names:
                raise
        except MetricInputError as error:
            if names:
                raise
            left_out[spec.name] = str(error)
    return plans, left_out
