"""Checks of columns of durations and the like, with the errors they raise."""

from __future__ import annotations

from typing import Any

import numpy as np

from csmetrics.core._numeric import places, show
from csmetrics.errors import MetricInputError


def refuse(metric: str, argument: str, rule: str, bad: Any, values: Any, hint: str = "") -> None:
    """Reject values that break a rule; say how many, and the first."""
    if not bad.any():
        return
    first = int(np.flatnonzero(bad)[0])
    shown = show(float(values[first]))
    found = f"got {shown}" if bad.size == 1 else places(int(bad.sum()), bad.size, first, shown)
    raise MetricInputError(metric, argument, rule, found, hint)


def refuse_impossible(metric: str, argument: str, values: Any, hint: str) -> None:
    """Reject values that are negative or infinite, and missing ones if a hint for them is given."""
    if hint:
        refuse(metric, argument, "must be present in every row", np.isnan(values), values, hint)
    refuse(metric, argument, "must be >= 0", values < 0, values)
    refuse(metric, argument, "must be finite", np.isinf(values), values)
