"""Single values of unknown making, as Python's own."""

from __future__ import annotations

from decimal import Decimal
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

LARGEST = 10**308  # integers up to it are floats, too


def plain(value: Any) -> Any:
    """Take numpy's numbers as Python's own, and all that stands for a missing one as None."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic) and not isinstance(value, np.bool_):
        value = value.item()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        raise ValueError("too large")
    if isinstance(value, Decimal):
        return None if value.is_nan() else value
    return None if isinstance(value, float) and isnan(value) else value
