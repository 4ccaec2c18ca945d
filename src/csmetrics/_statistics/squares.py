"""Sums of squares over units, given beside totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from csmetrics._statistics.samples import Pair
from csmetrics.core._kinds import array
from csmetrics.core._registry import AMOUNT, Registration
from csmetrics.core._sums import Sampled
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, shown


def read_squares(
    spec: Registration, sums: Sampled, squares: Any, totals: Mapping[str, Array]
) -> dict[Pair, Array] | None:
    """Read sums of squares: one number where there is one total, else by pairs."""
    if squares is None:
        return None
    if isinstance(squares, Mapping):
        found = {}
        for name, values in squares.items():
            one, times, other = str(name).partition("*")
            if not times:
                rule, hint = "must be named by pairs of totals", 'such as {"start_mrr*churned_mrr": 5000}'
                raise MetricInputError(spec.name, "squares", rule, f"got {shown(name)}", hint)
            found[one, other] = np.atleast_1d(array(spec.name, "squares", values, AMOUNT).astype(np.float64))
    else:
        if sums.kind != "mean" or len(sums.top) != 1:
            rule, hint = "must be a mapping, as several totals have squares", 'such as {"start_mrr*start_mrr": 5000}'
            raise MetricInputError(spec.name, "squares", rule, f"got {shown(squares)}", hint)
        top = next(iter(sums.top))
        found = {(top, top): np.atleast_1d(array(spec.name, "squares", squares, AMOUNT).astype(np.float64))}
    size = next(iter(totals.values())).shape
    for (one, other), values in found.items():
        if values.ndim != 1 or values.size not in (1, *size):
            got = f"got the shape {values.shape}"
            raise MetricInputError(spec.name, "squares", "must be one for each figure", got)
        found[one, other] = np.broadcast_to(values, size)
    return with_counts(spec, sums, found, totals)


def with_counts(
    spec: Registration, sums: Sampled, found: dict[Pair, Array], totals: Mapping[str, Array]
) -> dict[Pair, Array]:
    """Add the squares of a count of units, each of which is one: they are the count itself."""
    if sums.kind == "mean":
        (bottom,) = sums.bottom
        found.setdefault((bottom, bottom), totals[bottom])
        for name in sums.top:
            if (name, bottom) not in found and (bottom, name) not in found:
                found[name, bottom] = totals[name]
    have = {*found, *((b, a) for a, b in found)}
    lacking = [name for name in sums.totals if (name, name) not in have and np.any(totals[name] != 0)]
    if lacking:
        rule, hint = "must hold the square of each total", f'it lacks "{lacking[0]}*{lacking[0]}"'
        raise MetricInputError(spec.name, "squares", rule, f"got {len(found)} of them", hint)
    return found
