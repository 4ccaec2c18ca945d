"""The bitwise or of an engine: one small adapter for each engine that has it, as narwhals does not know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from csmetrics._frames.engines import narwhals, quoted

_HIGHEST = 63


def or_of_bits(frame: Any, keys: Sequence[str], bit: str, mask: str, others: Mapping[str, tuple[str, str]]) -> Any:
    """Group rows by keys, and set the bits of each group in a mask.

    Parameters
    ----------
    frame
        A narwhals LazyFrame.
    keys
        Columns to group by.
    bit
        A column of bits to set, integers from 0 to 63. Rows where it is missing set none.
    mask
        The name of the result's column of masks: 64 bits, read as signed or unsigned integers.
    others
        Further columns of the result: for each name the column that it is made from and ``"sum"`` or ``"max"``.

    Returns
    -------
    LazyFrame or None
        None for an engine without a bitwise or.
    """
    adapter = _adapter(frame)
    return (
        None if adapter is None else narwhals().from_native(adapter(frame.to_native(), keys, bit, mask, others)).lazy()
    )


def has_or(frame: Any) -> bool:
    """Check whether the engine of a frame has a bitwise or."""
    return _adapter(frame) is not None


def _adapter(frame: Any) -> Callable[..., Any] | None:
    kind = frame.implementation
    known = ((kind.is_duckdb, _duckdb), (kind.is_polars, _polars), (kind.is_pyspark, _spark), (kind.is_ibis, _ibis))
    return next((adapter for is_it, adapter in known if is_it()), None)


def _duckdb(rows: Any, keys: Sequence[str], bit: str, mask: str, others: Mapping[str, tuple[str, str]]) -> Any:
    # A shift by a BIGINT makes a HUGEINT
    found = [f"bit_or(1::UBIGINT << {quoted(bit)}::UBIGINT) AS {quoted(mask)}"]
    found += [f"{how}({quoted(column)}) AS {quoted(name)}" for name, (column, how) in others.items()]
    grouped = ", ".join(map(quoted, keys))
    return rows.aggregate(f"{grouped}, {', '.join(found)}", grouped)


def _polars(rows: Any, keys: Sequence[str], bit: str, mask: str, others: Mapping[str, tuple[str, str]]) -> Any:
    import polars as pl

    powers = pl.lit(2, pl.UInt64).pow(pl.col(bit).cast(pl.UInt32)).alias(mask)
    found = [getattr(pl.col(column), how)().alias(name) for name, (column, how) in others.items()]
    return rows.with_columns(powers).group_by(keys).agg(pl.col(mask).bitwise_or(), *found)


def _spark(rows: Any, keys: Sequence[str], bit: str, mask: str, others: Mapping[str, tuple[str, str]]) -> Any:
    from pyspark.sql import functions as f

    found = [getattr(f, how)(_column(column)).alias(name) for name, (column, how) in others.items()]
    bit_or = f.bit_or(f.call_function("shiftleft", f.lit(1).cast("long"), _column(bit).cast("int")))
    return rows.groupBy(*map(_column, keys)).agg(bit_or.alias(mask), *found)


def _column(name: str) -> Any:
    from pyspark.sql import functions as f

    return f.col(quoted(name, "`"))


def _ibis(rows: Any, keys: Sequence[str], bit: str, mask: str, others: Mapping[str, tuple[str, str]]) -> Any:
    import ibis

    # 1 << 63 is no signed integer, which is what Ibis shifts
    low = ibis.literal(1, "int64") << ibis.least(rows[bit], _HIGHEST - 1).cast("int64")
    bits = ibis.ifelse(rows[bit] == _HIGHEST, ibis.literal(-(2**_HIGHEST), "int64"), low)
    found = {name: getattr(rows[column], how)() for name, (column, how) in others.items()}
    return rows.group_by(list(keys)).agg(**{mask: bits.bit_or()}, **found)
