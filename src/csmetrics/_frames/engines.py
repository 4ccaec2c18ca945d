"""The one place that uses narwhals directly: frames other than pandas come in, their reduced rows come back."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import reduce
from operator import or_
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.errors import MetricInputError, from_outside


def narwhals() -> Any:
    """Import narwhals' stable interface, or say what to install."""
    try:
        import narwhals.stable.v2 as nw
        import pyarrow  # noqa: F401 - rows come back through it
    except ImportError as missing:
        needed = 'frames that are not pandas need narwhals and pyarrow: pip install "csmetrics[engines]"'
        raise from_outside(ImportError(needed)) from missing
    return nw


def lazy(frame: Any, metric: str = "over", argument: str = "frame") -> Any:
    """Return a frame of any engine as a narwhals LazyFrame. pandas is never passed here.

    Parameters
    ----------
    frame
        A frame of Polars, PyArrow, DuckDB, Dask, PySpark, Ibis or another engine that narwhals knows.
    metric, argument
        The function and the argument that the error names.

    Returns
    -------
    LazyFrame
        Nothing has been computed yet. PyArrow has no lazy frames and computes each step at once.

    Raises
    ------
    MetricInputError
        If `frame` is not such a frame.
    ImportError
        If narwhals or pyarrow is not installed.
    """
    if type(frame).__module__.partition(".")[0] not in ("builtins", "numpy", "pandas"):
        nw = narwhals()
        try:
            with warnings.catch_warnings():  # of a package that is to come; until then there is nothing to do about it
                warnings.filterwarnings("ignore", "Dask support is moving out of Narwhals", FutureWarning)
                known = nw.from_native(nw.to_native(frame, pass_through=True), pass_through=True)
            if isinstance(known, (nw.DataFrame, nw.LazyFrame)):
                return known.lazy()
        except nw.exceptions.DuplicateError:
            rule, hint = "must have each column once", "rename or drop the others"
            raise MetricInputError(metric, argument, rule, "got several of one name", hint) from None
    rule = "must be a DataFrame of pandas, Polars, PyArrow, DuckDB, Dask, PySpark, Ibis or else known to narwhals"
    raise MetricInputError(metric, argument, rule, f"got a {type(frame).__name__}", how_to_make(frame))


def how_to_make(value: Any) -> str:
    """Say how a value that is no table becomes one."""
    if isinstance(value, (str, PathLike)):
        return "read the file first, for example with pd.read_csv"
    if isinstance(value, Mapping):
        return "pd.DataFrame(columns) makes one from columns by name"
    if isinstance(value, (list, tuple)):
        return "pd.DataFrame(rows) makes one from a list of rows"
    return "make a DataFrame of it first"


def collect(frame: Any) -> pd.DataFrame:
    """Bring the rows of a LazyFrame to pandas. No other function does.

    Integers stay integers: a column with missing ones gets one of pandas' nullable types, and decimals without a
    fraction (the sums of some engines) become int64 where they fit.
    """
    import pyarrow as pa

    # Polars' streaming engine takes less time and memory; one that the user has set stays
    ours = frame.implementation.is_polars() and "POLARS_ENGINE_AFFINITY" not in os.environ
    table = frame.collect("pyarrow", **({"engine": "streaming"} if ours else {})).to_native()
    # Some versions of Dask add this column
    table = table.select([name for name in table.column_names if name != "__index_level_0__"])
    columns = [_readable(column) for column in table.columns]
    table = pa.table(columns, names=table.column_names)
    nullable = {pa.type_for_alias(name.lower()): pd.api.types.pandas_dtype(name) for name in _NULLABLE}
    out: pd.DataFrame = table.to_pandas(date_as_object=False)
    for place, column in enumerate(columns):
        if column.null_count and column.type in nullable:
            out.isetitem(place, column.to_pandas(types_mapper=nullable.get).array)
    return out


def summed(sums: pd.Series[Any], *, whole: bool = False) -> Any:
    """Return sums as int64 (always if `whole`) or float64; the sum of no rows, which is null on some engines, is 0."""
    return sums.to_numpy(dtype=np.int64 if whole or sums.dtype.kind in "iu" else np.float64, na_value=0)


_NULLABLE = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")


def _readable(column: Any) -> Any:
    """Return decimals without a fraction as int64 where they fit, and categories as every pyarrow reads them."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_decimal(kind) and kind.scale == 0:
        with suppress(pa.ArrowInvalid):
            return column.cast(pa.int64())
    if pa.types.is_dictionary(kind) and pa.types.is_unsigned_integer(kind.index_type):
        return column.cast(kind.value_type).dictionary_encode()
    return column


class Columns:
    """The names of a frame's columns, and the marks in a name that its engine would read as SQL.

    Parameters
    ----------
    frame : LazyFrame
        A frame of an engine.
    """

    __slots__ = ("columns", "marks")

    def __init__(self, frame: Any) -> None:
        self.columns, self.marks = frame.collect_schema().names(), marks(frame)


def marks(frame: Any) -> str:
    """Return the marks that must not stand in a column's name: narwhals passes the names on to these engines as SQL."""
    kind = frame.implementation
    return '."' if kind.is_duckdb() else ".`" if kind.is_spark_like() else ""


def quoted(name: str, mark: str = '"') -> str:
    """Quote a column's name for SQL."""
    return mark + name.replace(mark, 2 * mark) + mark


def is_void(frame: Any, name: str) -> bool:
    """Check whether a column has no type, as one without any value has on some engines."""
    import pyarrow as pa

    return bool(pa.types.is_null(frame.select(name).head(0).collect("pyarrow").to_native().schema.field(name).type))


def in_micros(frame: Any, name: str) -> Any:
    """Cut a column of nanoseconds to microseconds where the engine would round it up, into the next day at worst."""
    dtype = frame.collect_schema()[name]
    if not frame.implementation.is_duckdb() or getattr(dtype, "time_unit", "") != "ns":
        return frame
    column = quoted(name)
    nanos = f"epoch_ns({column})"
    cut = f"make_timestamp(({nanos} - (({nanos} % 1000) + 1000) % 1000) // 1000)"
    return narwhals().from_native(frame.to_native().project(f"* REPLACE ({cut} AS {column})")).lazy()


def signed(frame: Any, name: str) -> tuple[Any, Any]:
    """Return a column of unsigned integers as Int64, and which values are past that; they become 2**63 - 1.

    PyArrow compares such values with numbers of their own type only.
    """
    nw = narwhals()
    column, most = nw.col(name), nw.lit(2**63 - 1, nw.UInt64)
    within = nw.when(column > most).then(most).otherwise(column)
    return within if frame.implementation.is_dask() else within.cast(nw.Int64), column > most  # no cast of a null


def floats(frame: Any, integers: Any) -> Any:
    """Return integers as floats, rounded where they are past 2**53; PyArrow refuses to round and adds two parts."""
    nw = narwhals()
    if not frame.implementation.is_pyarrow():
        return integers.cast(nw.Float64)
    high = integers // 2**31
    return high.cast(nw.Float64) * 2.0**31 + (integers - high * 2**31).cast(nw.Float64)


def among(frame: Any, text: Any, words: Sequence[str]) -> Any:
    """Return which text is one of some short words; on DuckDB a search in a list takes four times as long as this."""
    nw = narwhals()
    if not frame.implementation.is_duckdb():
        return text.is_in(words)
    found = reduce(or_, (text == word for word in words))
    return nw.when(text.str.len_chars() <= max(map(len, words))).then(found).otherwise(nw.lit(False))


def group_key(schema: Mapping[str, Any], name: str) -> Any:
    """Return a column to group by: categories as text, and NaN as missing in floats."""
    nw = narwhals()
    column, dtype = nw.col(name), schema[name]
    if dtype.is_nested():
        found = f"got lists, or the like, in the column {name!r}"
        raise MetricInputError("by", "keys", "must be values that rows can be grouped by", found)
    if dtype.is_float():
        return nw.when(~column.is_nan()).then(column)
    return column.cast(nw.String) if type(dtype).__name__ in ("Categorical", "Enum") else column
