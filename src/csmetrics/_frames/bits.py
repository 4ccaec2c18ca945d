"""Grouping in an engine's own words: a bitwise or, and roughly the number of distinct values, which narwhals lacks.

Each engine that has them has a small adapter here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from csmetrics._frames.engines import narwhals, quoted

BLOCK, BIT = "csm:block", "csm:bit"
ROUGHLY = "roughly"  # the number of distinct values, up to a third off, and more where they are few
_BITS, _SHIFT = 64, 6
_SAMPLED = 16  # one in so many values


@dataclass(frozen=True)
class Bits:
    """Whole numbers of a column that are put together as the bits of a mask.

    Attributes
    ----------
    column
        The column. Where a number is missing, no bit is set.
    first
        The number that is the lowest bit.
    count
        How many numbers have a bit, from the first on. None where the column holds no others.
    flag
        A column that is 1 for the rows that count; None for all rows.
    wide
        Whether there may be 64 numbers, and not only 63, which fit into signed numbers: these are added up faster.
    """

    column: str
    first: int = 0
    count: int | None = None
    flag: str | None = None
    wide: bool = False


Columns: TypeAlias = Mapping[str, Bits | tuple[str, str]]


def in_blocks(frame: Any, number: str) -> Any:
    """Add the block of 64 in which each whole number from 0 on lies, and its bit there; None without an adapter."""
    engine = adapter(frame)
    return None if engine is None else narwhals().from_native(engine.blocks(frame.to_native(), number)).lazy()


def grouped(frame: Any, keys: Sequence[str], columns: Columns) -> Any:
    """Group rows by keys in the engine.

    Parameters
    ----------
    frame
        A narwhals LazyFrame.
    keys
        Columns to group by; none for a single row.
    columns
        For each column of the result: `Bits`, or a column and what to make of it, which is ``"count"``, ``"sum"``,
        ``"min"``, ``"max"`` or `ROUGHLY`.

    Returns
    -------
    LazyFrame or None
        Masks are 64 bits, as signed or unsigned integers; see `read_masks`. None for an engine without an adapter.
    """
    engine = adapter(frame)
    if engine is None:
        return None
    return narwhals().from_native(engine.grouped(frame.to_native(), list(keys), columns)).lazy()


def read_masks(masks: pd.Series[Any]) -> Any:
    """Return masks that came from an engine as uint64."""
    found = masks.to_numpy()
    return found.astype(np.int64).view(np.uint64) if found.dtype.kind == "i" else found.astype(np.uint64, copy=False)


class Adapter(ABC):
    """The words of an engine, for its own frames."""

    def grouped(self, rows: Any, keys: list[str], columns: Columns) -> Any:
        """Group rows by keys."""
        found = {}
        for name, what in columns.items():
            if isinstance(what, Bits):
                found[name] = self.mask(rows, what)
            else:
                found[name] = self.total(rows, *what)
        return self.aggregate(rows, keys, found)

    @abstractmethod
    def blocks(self, rows: Any, number: str) -> Any:
        """Add the columns of the block and the bit."""

    @abstractmethod
    def mask(self, rows: Any, bits: Bits) -> Any:
        """Return the expression of a mask."""

    @abstractmethod
    def total(self, rows: Any, column: str, how: str) -> Any:
        """Return the expression of what is made of a column."""

    @abstractmethod
    def aggregate(self, rows: Any, keys: list[str], found: Mapping[str, Any]) -> Any:
        """Compute expressions for each group; without keys, for all rows."""


class Sql(Adapter):
    """An engine that reads SQL."""

    def __init__(self, quote: str, left: str, right: str, wide: str) -> None:
        self.quote = quote
        self.left, self.right = left, right  # shifts: of 1, and of a number
        self.wide = wide  # a shift of 1 to any of 64 bits

    def name(self, column: str) -> str:
        """Return a column's name, quoted."""
        return quoted(column, self.quote)

    def named(self, expressions: Mapping[str, str]) -> list[str]:
        """Return expressions with the names of their columns."""
        return [f"{expression} AS {self.name(alias)}" for alias, expression in expressions.items()]

    def blocks(self, rows: Any, number: str) -> Any:
        column = self.name(number)
        block, bit = self.right.format(column, _SHIFT), f"({column} & {_BITS - 1})"
        return self.select(rows, ["*", *self.named({BLOCK: block, BIT: bit})])

    def mask(self, rows: Any, bits: Bits) -> str:
        column = self.name(bits.column)
        here = [] if bits.count is None else [f"{column} BETWEEN {bits.first} AND {bits.first + bits.count - 1}"]
        here += [] if bits.flag is None else [f"{self.name(bits.flag)} = 1"]
        bit = (self.wide if bits.wide else self.left).format(f"{column} - {bits.first}")
        return f"bit_or(CASE WHEN {' AND '.join(here)} THEN {bit} ELSE 0 END)" if here else f"bit_or({bit})"

    def total(self, rows: Any, column: str, how: str) -> str:
        return f"{'approx_count_distinct' if how == ROUGHLY else how}({self.name(column)})"

    @abstractmethod
    def select(self, rows: Any, columns: list[str]) -> Any:
        """Select columns, given in SQL."""


class _DuckDB(Sql):
    def select(self, rows: Any, columns: list[str]) -> Any:
        return rows.project(", ".join(columns))

    def aggregate(self, rows: Any, keys: list[str], found: Mapping[str, str]) -> Any:
        names = list(map(self.name, keys))
        return rows.aggregate(", ".join([*names, *self.named(found)]), ", ".join(names))


class _Spark(Sql):
    def select(self, rows: Any, columns: list[str]) -> Any:
        return rows.selectExpr(*columns)

    def aggregate(self, rows: Any, keys: list[str], found: Mapping[str, str]) -> Any:
        from pyspark.sql import functions as f

        return rows.groupBy(*map(self.name, keys)).agg(*map(f.expr, self.named(found)))


class _Polars(Adapter):
    def blocks(self, rows: Any, number: str) -> Any:
        import polars as pl

        return rows.with_columns((pl.col(number) // _BITS).alias(BLOCK), (pl.col(number) % _BITS).alias(BIT))

    def mask(self, rows: Any, bits: Bits) -> Any:
        import polars as pl

        place = pl.col(bits.column) - bits.first
        here = [] if bits.count is None else [place.is_between(0, bits.count - 1)]
        here += [] if bits.flag is None else [pl.col(bits.flag) == 1]
        place = place if bits.count is None else place.clip(0, bits.count - 1)  # the powers of others overflow
        bit = pl.lit(2, pl.UInt64).pow(place.cast(pl.UInt32))
        return (pl.when(*here).then(bit).otherwise(pl.lit(0, pl.UInt64)) if here else bit).bitwise_or()

    def total(self, rows: Any, column: str, how: str) -> Any:
        import polars as pl

        if how == ROUGHLY:  # approx_n_unique takes few types in older versions
            found = pl.col(column).hash()
            return found.filter(found % _SAMPLED == 0).n_unique().cast(pl.Int64) * _SAMPLED
        return getattr(pl.col(column), how)()

    def aggregate(self, rows: Any, keys: list[str], found: Mapping[str, Any]) -> Any:
        return rows.group_by(keys).agg(**found) if keys else rows.select(**found)


class _Ibis(Adapter):
    def blocks(self, rows: Any, number: str) -> Any:
        return rows.mutate(**{BLOCK: rows[number] >> _SHIFT, BIT: rows[number] & (_BITS - 1)})

    def mask(self, rows: Any, bits: Bits) -> Any:
        import ibis

        place, high = rows[bits.column] - bits.first, _BITS - 1
        here = place.between(0, high if bits.count is None else bits.count - 1)
        here = here if bits.flag is None else here & (rows[bits.flag] == 1)
        low = ibis.literal(1, "int64") << ibis.ifelse(here & (place < high), place, 0).cast("int64")
        bit = ibis.ifelse(place == high, ibis.literal(-(2**high), "int64"), low)  # 1 << 63 is no signed integer
        return ibis.ifelse(here, bit, 0).bit_or()

    def total(self, rows: Any, column: str, how: str) -> Any:
        return getattr(rows[column], "approx_nunique" if how == ROUGHLY else how)()

    def aggregate(self, rows: Any, keys: list[str], found: Mapping[str, Any]) -> Any:
        return rows.group_by(keys).aggregate(**found) if keys else rows.aggregate(**found)


_LEFT = "shiftleft(1L, CAST({} AS INT))"
_ADAPTERS: dict[str, Adapter] = {
    # Unsigned by a BIGINT is a HUGEINT
    "is_duckdb": _DuckDB('"', "(1::BIGINT << ({})::BIGINT)", "({} >> {})", "(1::UBIGINT << ({})::UBIGINT)"),
    "is_pyspark": _Spark("`", _LEFT, "shiftright({}, CAST({} AS INT))", _LEFT),
    "is_polars": _Polars(),
    "is_ibis": _Ibis(),
}


def adapter(frame: Any) -> Adapter | None:
    """Return the words of a frame's engine; None if it has none for masks."""
    return next((found for is_it, found in _ADAPTERS.items() if getattr(frame.implementation, is_it)()), None)
