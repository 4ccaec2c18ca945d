"""What payments to come are worth now, if a share of the customers still makes each of them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from csmetrics.core._types import Array

FIRST: Final = {"now": (0, 0), "next": (1, 1), "certain_next": (0, 1)}  # the age of the first payment, its discount


def payments(first: str, periods: int) -> int:
    """Return how many payments a curve of this many ages covers."""
    return periods - FIRST[first][0]


def present_value(margin: float, waiting: Array, discount_rate: float, first: str, horizon: int) -> float:
    r"""Return the worth of a customer from the percent who remain after 0, 1, ... periods.

    .. math:: \sum_t \text{margin} \cdot S(t) / (1 + d)^t
    """
    age, late = FIRST[first]
    ages: Any = np.arange(horizon)
    return float(np.sum(margin * waiting[age : age + horizon] / 100 / (1 + discount_rate / 100) ** (ages + late)))


def discount(rate: float) -> float:
    """Return what 1 is worth now that comes a period later."""
    return 1 / (1 + rate / 100)
