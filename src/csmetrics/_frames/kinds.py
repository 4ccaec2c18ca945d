"""The kinds of ids and keys: 7 and "7" are two customers, so one column, and two tables that meet, hold one kind."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Number
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics.errors import MetricInputError, shown

EXACT: Final = 2**53  # from here on floats no longer tell all integers apart
BLANKS: Final = ("", "nan", "NaN", "None", "<NA>", "NaT")  # text that stands for a missing id, or was made of one
_ALIKE: Final = {
    "string": "text",
    "empty": "",
    "integer": "numbers",
    "floating": "numbers",
    "mixed-integer-float": "numbers",
    "decimal": "numbers",
    "boolean": "booleans",
    "bytes": "bytes",
    "datetime64": "dates",
    "datetime": "dates",
    "date": "dates",
    "period": "periods",
}


def kinds(series: pd.Series[Any]) -> list[str]:
    """Return the kinds of values in a column, missing ones apart, in the order of their appearance."""
    dtype: Any = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return kinds(pd.Series(dtype.categories))
    if isinstance(dtype, pd.StringDtype) or "string" in str(dtype):
        return ["text"]
    if getattr(dtype, "kind", "O") != "O":
        return [{"b": "booleans", "M": "dates", "m": "durations"}.get(dtype.kind, "numbers")]
    found = _ALIKE.get(pd.api.types.infer_dtype(series, skipna=True))
    if found is not None:
        return [found] if found else []
    return list(dict.fromkeys(map(_kind, series[series.notna()])))


def _kind(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "booleans"
    if isinstance(value, Number):
        return "numbers"
    return "text" if isinstance(value, str) else str(type(value).__name__)


def check_one_kind(metric: str, argument: str, series: pd.Series[Any]) -> None:
    """Reject a column of ids or keys that mixes kinds, or holds numbers that floats do not tell apart."""
    try:
        found = kinds(series)
    except Exception:  # a signalling Decimal, or a value whose own == raises
        rule, what = "must hold values that can be compared", "got one whose own == raises"
        raise MetricInputError(metric, argument, rule, f"{what} in the column {shown(series.name)}") from None
    if len(found) > 1:
        raise _mixed(metric, argument, f"got {' and '.join(found)} in the column {series.name!r}", found, [series])
    if found == ["numbers"] and getattr(series.dtype, "kind", "O") in "fO" and _past_exact(series):
        rule = "must hold ids that floats tell apart, below 2**53"
        hint = f"read the ids as text, as in read_csv(..., dtype={{{str(series.name)!r}: str}})"
        raise MetricInputError(metric, argument, rule, f"got larger floats in {series.name!r}", hint)


def check_same_kind(metric: str, argument: str, columns: Mapping[str, pd.Series[Any]]) -> None:
    """Reject columns of two tables that are compared but hold different kinds."""
    found = {where: kinds(series) for where, series in columns.items()}
    every = list(dict.fromkeys(kind for several in found.values() for kind in several))
    if len(every) > 1:
        said = ", ".join(f"{' and '.join(several)} in the {where}" for where, several in found.items() if several)
        raise _mixed(metric, argument, f"got {said}", every, list(columns.values()))


def _mixed(metric: str, argument: str, found: str, every: list[str], columns: list[pd.Series[Any]]) -> MetricInputError:
    """Make the error for several kinds of ids, with a remedy that makes the same id of the same customer."""
    hint = "make text of all ids: .astype(str)"
    if "bytes" in every:
        hint = 'decode the bytes first: .str.decode("utf-8")'
    elif "numbers" in every and any(map(_has_floats, columns)):
        hint = 'make text of all ids, 7.0 as "7": .astype(str).str.removesuffix(".0")'
    return MetricInputError(metric, argument, "must hold one kind of values: 7 and '7' would be two", found, hint)


def _has_floats(series: pd.Series[Any]) -> bool:
    if series.dtype == object:
        return any(isinstance(value, float) for value in series[series.notna()])
    return getattr(series.dtype, "kind", "O") == "f"


def _past_exact(series: pd.Series[Any]) -> bool:
    values = series[series.notna()]
    if series.dtype == object:
        values = values[[isinstance(value, float) for value in values]]
    floats = values.to_numpy(dtype=np.float64)
    return bool((np.abs(floats[np.isfinite(floats)]) >= EXACT).any())


def arrow_text(series: pd.Series[Any]) -> Any:
    """Return a column of text as Arrow holds it; None where Arrow does not."""
    dtype: Any = series.dtype
    if isinstance(dtype, pd.StringDtype):
        held = dtype.storage == "pyarrow"
    else:
        held = str(dtype) in ("string[pyarrow]", "large_string[pyarrow]")
    values: Any = series.array
    return values.__arrow_array__() if held else None


def blank(series: pd.Series[Any]) -> Any:
    """Mark ids that are missing, among them text that stands for none."""
    missing = series.isna().to_numpy()
    if isinstance(series.dtype, pd.CategoricalDtype):
        words = [word for word in series.dtype.categories if isinstance(word, str) and word.strip() in BLANKS]
        return missing | series.isin(words).to_numpy() if words else missing
    held = arrow_text(series)
    if kinds(series) != ["text"] or (held is not None and _all_long(held)):
        return missing
    return missing | series.isin(BLANKS).to_numpy(dtype=bool, na_value=False)


def _all_long(text: Any) -> bool:
    """Check whether all of Arrow's text is longer than any blank: its length is known without reading it."""
    from pyarrow import compute

    shortest = compute.min(compute.binary_length(text)).as_py()
    return shortest is None or bool(shortest > max(map(len, BLANKS)))
