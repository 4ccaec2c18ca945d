"""Columns of yes and no."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray


class Flags(NamedTuple):
    """A column of yes and no; missing is neither.

    Attributes
    ----------
    yes
        bool; False where missing.
    known
        bool; None where none is missing.
    """

    yes: Any
    known: Any


def flags(value: Any) -> Flags | None:
    """Read True, False and missing values of any kind; None for what holds anything else, or nothing at all."""
    if isinstance(value, (pd.Series, pd.Index)):
        value = value.to_numpy() if isinstance(value.dtype, np.dtype) else value.array
    if isinstance(value, ExtensionArray) and value.dtype.kind == "b":
        missing = np.asarray(value.isna(), dtype=bool)
        return Flags(value.to_numpy(dtype=bool, na_value=False), ~missing if missing.any() else None)
    values = np.asarray(value, dtype=object if isinstance(value, (ExtensionArray, list, tuple)) else None)
    if values.dtype.kind == "b":
        return Flags(values, None)
    if values.dtype != object:
        return None
    try:
        missing = np.asarray(pd.isna(values), dtype=bool)
    except Exception:  # a signalling Decimal, or a value whose own == raises
        return None
    if missing.all() or not set(map(type, values[~missing].tolist())) <= {bool, np.bool_}:
        return None
    return Flags(np.where(missing, False, values).astype(bool), ~missing if missing.any() else None)
