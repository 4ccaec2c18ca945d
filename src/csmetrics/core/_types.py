"""The kinds that formulas take and give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionArray

Array: TypeAlias = npt.NDArray[np.float64]
Column: TypeAlias = "pd.Series[Any]"

_Arrays: TypeAlias = "npt.NDArray[Any] | pd.Index[Any] | ExtensionArray"

Number: TypeAlias = int | float | Decimal | Fraction | np.number[Any] | None
"""One number; missing is None or NaN.

pd.NA and NaT are accepted, too; but without pandas-stubs their types are Any, and every result would be a float.
"""

Numbers: TypeAlias = "Number | _Arrays | Sequence[Number | Sequence[Number]]"
"""A number, or an array or a list of them."""

AnyKind: TypeAlias = "Numbers | Column"
"""A number, an array, a list or a Series."""

Values: TypeAlias = Any
"""`AnyKind` to callers, by the stub of the package; Any to the body of a formula, which types cannot follow."""

AnswerColumn: TypeAlias = "_Arrays | Sequence[Number] | Column"
"""One answer per row: a list, an array or a Series; missing is None, NaN or pd.NA."""

Words: TypeAlias = "_Arrays | list[str] | list[str | None] | tuple[str | None, ...] | None"
"""An array or a list of words. A sequence would be too much: one word is a sequence of words, too."""

Day: TypeAlias = date | np.datetime64 | None
"""One date, datetime or Timestamp; missing is None."""

Days: TypeAlias = "Day | _Arrays | Sequence[Day | Sequence[Day]]"
"""A date, or an array or a list of them."""

Dates: TypeAlias = "Days | Column"
"""Dates, datetimes, Timestamps, or arrays, lists and Series of them."""

Weights: TypeAlias = "Sequence[Number] | npt.NDArray[Any] | Mapping[Any, Number] | Column"
"""One number per component, in order or by name."""

Label: TypeAlias = "str | tuple[Any, ...]"
"""The name of a column."""

Source: TypeAlias = "Label | Number"
"""Where a frame's metric takes an input from: a column, or a number as it is."""

Band: TypeAlias = Literal["red", "yellow", "green"]
"""The colour of a health score."""

Undefined: TypeAlias = float | Literal["raise"]
"""What to give where a formula has no value: a number (NaN by default), or ``"raise"``."""

T = TypeVar("T", float, npt.NDArray[Any], "pd.Series[Any]")
"""Number in, number out; array in, array out; Series in, Series out."""
