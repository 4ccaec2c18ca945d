"""Values of any type as plain Python data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from math import isnan
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.core._kinds import is_scalar
from csmetrics.errors import shown

LARGEST = 10**308  # the largest integer that can be a float


def as_python(value: Any) -> Any:
    """Return numpy's numbers as Python's own, and everything that means a missing value as None."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic) and not isinstance(value, np.bool_):
        value = value.item()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        raise ValueError("too large")
    if isinstance(value, Decimal):
        return None if value.is_nan() else value
    return None if isinstance(value, float) and isnan(value) else value


def json_ready(value: Any) -> Any:
    """Return a value as plain data: lists, dicts and numbers, with None for NaN and ISO text for dates."""
    if isinstance(value, Mapping):
        return {str(name): json_ready(one) for name, one in value.items()}
    if not is_scalar(value):
        return [json_ready(one) for one in value]
    value = as_python(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (Real, Decimal)) and not isinstance(value, int):
        return float(value)
    return value if value is None or isinstance(value, (int, str)) else shown(value)
