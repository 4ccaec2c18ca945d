"""The kinds that formulas take and give."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

Array: TypeAlias = npt.NDArray[np.float64]
Column: TypeAlias = "pd.Series[Any]"

Number: TypeAlias = int | float | Decimal | np.number[Any]
Values: TypeAlias = "Number | npt.NDArray[Any] | Sequence[Any] | pd.Series[Any] | None"
"""What any numeric argument may be: a number, an array, a list or a Series; missing is None, NaN, pd.NA or NaT."""

Dates: TypeAlias = "date | np.datetime64 | npt.NDArray[Any] | Sequence[Any] | pd.Series[Any] | None"
"""Dates, datetimes, Timestamps, or arrays, lists and Series of them."""

Undefined: TypeAlias = float | Literal["raise"]
"""What to give where a formula has no value: a number (NaN by default), or ``"raise"``."""

T = TypeVar("T", float, npt.NDArray[Any], "pd.Series[Any]")
"""Number in, number out; array in, array out; Series in, Series out."""
