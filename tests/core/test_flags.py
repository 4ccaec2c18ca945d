"""Yes/no columns of any type."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from csmetrics.core._flags import flags

FULL: dict[str, Any] = {
    "list": [True, False],
    "tuple": (np.True_, False),
    "array": np.array([True, False]),
    "objects": np.array([True, np.False_], dtype=object),
    "Index": pd.Index([True, False]),
    "Series": pd.Series([True, False]),
    "Series of objects": pd.Series([True, False], dtype=object),
    "boolean": pd.Series([True, False], dtype="boolean"),
    "extension array": pd.array([True, False], dtype="boolean"),
    "Arrow": pd.Series([True, False], dtype="bool[pyarrow]"),
    "category": pd.Series([True, False], dtype="category"),
}
GAPS: dict[str, Any] = {
    "list": [True, None, False],
    "list with NaN": [True, np.nan, False],
    "objects": np.array([True, pd.NA, np.False_], dtype=object),
    "Series of objects": pd.Series([True, None, False], dtype=object),
    "boolean": pd.Series([True, None, False], dtype="boolean"),
    "Arrow": pd.Series([True, None, False], dtype="bool[pyarrow]"),
    "category": pd.Series([True, None, False], dtype="category"),
}


@pytest.mark.parametrize("column", FULL.values(), ids=FULL)
def test_yes_and_no(column: Any) -> None:
    got = flags(column)
    assert got is not None
    assert (got.yes.dtype, got.yes.tolist(), got.known) == (np.bool_, [True, False], None)


@pytest.mark.parametrize("column", GAPS.values(), ids=GAPS)
def test_missing_is_neither(column: Any) -> None:
    got = flags(column)
    assert got is not None
    assert (got.yes.dtype, got.yes.tolist()) == (np.bool_, [True, False, False])
    assert (got.known.dtype, got.known.tolist()) == (np.bool_, [True, False, True])


@pytest.mark.parametrize(
    "column",
    [
        *([1, 0], ["yes", "no"], [True, 1], [True, None, "no"], [None, None], [], np.array([1, 0]), np.array([1.0])),
        *(pd.Series([1, 0], dtype="Int64"), pd.Series([1, None], dtype="int64[pyarrow]"), pd.Series(["a"])),
        *(pd.Series([None, None], dtype=object), np.array([0, 1], dtype=np.int8), pd.to_datetime(["2026-01-01"])),
        *([True, Decimal("sNaN")], pd.Series(["True"], dtype="category"), pd.Series(["True", None], dtype="string")),
    ],
    ids=repr,
)
def test_anything_else_is_no_flags(column: Any) -> None:
    assert flags(column) is None


def test_all_missing_of_a_column_of_flags() -> None:
    got = flags(pd.Series([None, None], dtype="boolean"))
    assert got is not None
    assert (got.yes.tolist(), got.known.tolist()) == ([False, False], [False, False])
