"""Single values of unknown making: as Python's own, and for an error."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
import pandas as pd


def shown(value: Any, limit: int = 60) -> str:
    """Write a value of unknown making for an error, however large it is."""
    try:
        text = repr(value)
    except Exception:  # a repr of somebody's own, or an int past the digits that Python writes
        return f"a {type(value).__name__}"
    return text if len(text) <= limit else f"{text[:limit]}..."


def plain(value: Any) -> Any:
    """Take numpy's numbers as Python's own, and all that stands for a missing one as None."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic) and not isinstance(value, np.bool_):
        value = value.item()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**308:
        raise ValueError("too large")
    return None if isinstance(value, float) and isnan(value) else value
