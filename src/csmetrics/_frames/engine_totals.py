"""Totals of frames other than pandas: the engine adds the rows up and returns one row per group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil, inf, nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.columns import refuse_pattern
from csmetrics._frames.engines import group_key, lazy, narwhals, summed
from csmetrics.errors import MetricInputError

if TYPE_CHECKING:
    from csmetrics._frames.columns import Need

HALF = 2**32  # integers whose sum could pass int64 are added in two halves
FAR_FROM_INT64 = 2.0**62  # a sum below this is safely within int64
_WORDS = {  # columns that do not hold numbers, and what to do about them
    "String": ("text", "convert text to numbers first"),
    "Categorical": ("text", "convert text to numbers first"),
    "Enum": ("text", "convert text to numbers first"),
    "Boolean": ("booleans", "count the True values first"),
    "Date": ("dates", ""),
    "Datetime": ("dates", ""),
    "Duration": ("durations", ""),
}


def instead_of_numbers(dtype: Any) -> tuple[str, str]:
    """Return what a column that should hold numbers holds, and what to do about it."""
    return _WORDS.get(type(dtype).__name__, (str(dtype), ""))


class EngineFrame:
    """A frame of an engine other than pandas, with the sums and rows that a grain asks for.

    Parameters
    ----------
    frame
        A frame of any engine that narwhals knows.
    """

    __slots__ = ("columns", "engine", "frame", "marks", "schema")

    def __init__(self, frame: Any) -> None:
        self.engine = f"{type(frame).__module__.partition('.')[0].lstrip('_')} {type(frame).__name__}"
        self.frame = lazy(frame)
        self.schema = self.frame.collect_schema()
        self.columns, self.marks = pd.Index(list(self.schema), dtype=object), engines.marks(self.frame)

    def check(self, label: str, need: Need) -> None:
        """Reject a column that does not hold numbers."""
        refuse_pattern(label, need.metric, need.argument)
        dtype = self.schema[label]
        if not dtype.is_numeric() and type(dtype).__name__ != "Unknown":
            what, hint = instead_of_numbers(dtype)
            found = f"got {what} in the column {label!r}"
            raise MetricInputError(need.metric, need.argument, "must be numbers", found, hint)

    def rows(self, names: Iterable[str], keys: Iterable[str] = ()) -> pd.DataFrame:
        """Bring all rows of these columns, and of no others, to pandas; `keys` are the columns to group by."""
        nw = narwhals()
        by, _ = self._keys(keys := tuple(keys))
        taken = [nw.col(name).alias(f"row {name}") for name in dict.fromkeys(names) if name not in keys]
        if not by and not taken:
            return pd.DataFrame(
                index=pd.RangeIndex(engines.collect(self.frame.select(nw.len().alias("rows")))["rows"][0])
            )
        out = engines.collect(self.frame.select(*by, *taken))
        values = out.iloc[:, len(by) :].rename(columns=lambda name: name.removeprefix("row "))
        return pd.concat([self._labels(out.iloc[:, : len(by)]), values], axis=1)

    def crowded(self, keys: tuple[str, ...], axis: str) -> tuple[pd.DataFrame, pd.Series[Any]]:
        """Return the groups that hold more than one value of `axis`, and how many values each of them holds."""
        nw = narwhals()
        columns, cells = self._keys((*keys, axis))
        _, by = self._keys(keys)
        distinct = self.frame.select(*columns).group_by(*cells).agg(nw.len().alias("rows"))
        counted = nw.len().alias("rows")
        groups = distinct.group_by(*by).agg(counted) if by else distinct.select(counted)
        small = engines.collect(groups.filter(nw.col("rows") > 1))
        return self._labels(small), small["rows"]

    def repeats(self, keys: tuple[str, ...]) -> bool:
        """Check whether several rows have the same values in these columns."""
        nw = narwhals()
        columns, cells = self._keys(keys)
        counted = self.frame.select(*columns).group_by(*cells).agg(nw.len().alias("rows"))
        most = engines.collect(counted.select(nw.col("rows").max()))["rows"]
        return bool((most > 1).any())

    def sums(self, keys: tuple[str, ...], needs: Mapping[Any, Need]) -> tuple[pd.DataFrame, dict[Any, Any]]:
        """Add columns up by group, or over all rows if there are no keys.

        Returns
        -------
        groups : DataFrame
            The keys of each group, in any order.
        sums : dict of ndarray
            The totals of each column: int64 for integers (objects beyond int64), else float64, with NaN where a row is
            missing.
        """
        for label, need in needs.items():
            self.check(label, need)
        whole = [label for label in needs if self.schema[label].is_integer()]
        engine = self.frame.implementation
        # These raise an error for a sum beyond int64; the other engines overflow silently
        refuses = engine.is_spark_like() or engine.is_ibis()
        halved = set(whole) if refuses else set()
        small = self._summed(keys, needs, halved)
        if not refuses:
            halved = {label for label in whole if _reach(small, label) >= FAR_FROM_INT64}
            small = self._summed(keys, needs, halved) if halved else small
        totals = {label: self._total(small, label, need, label in halved) for label, need in needs.items()}
        return self._labels(small), totals

    def _summed(self, keys: tuple[str, ...], needs: Mapping[Any, Need], halved: set[Any]) -> pd.DataFrame:
        """Collect sums, counts, minima and maxima of plain columns, on which all engines agree."""
        nw = narwhals()
        columns, by = self._keys(keys)
        results = [nw.len().alias("rows")]
        for label, need in needs.items():
            value = self._value(label)
            parts = {"value": value}
            if self._is(label, "UInt64"):
                past = engines.signed(self.frame, label)[1]
                parts["past"] = nw.when(past).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)
            if self.schema[label].is_integer():
                parts["sum"] = value // HALF if label in halved else value
                if label in halved:
                    parts["rest"] = value - parts["sum"] * HALF
            elif not self._is(label, "Unknown"):
                parts |= {"sum": value, "wrong": self._wrong(label, need.quantity.low)}
            columns += [part.alias(f"{name} {label}") for name, part in parts.items()]
            results += [nw.col(f"{name} {label}").sum() for name in parts if name != "value"]
            value = nw.col(f"value {label}")
            results.append(value.count().alias(f"count {label}"))
            if self.schema[label].is_integer():
                results += [value.min().alias(f"least {label}"), value.max().alias(f"most {label}")]
        rows = self.frame.select(*columns) if columns else self.frame
        return engines.collect(rows.group_by(*by).agg(*results) if by else rows.select(*results))

    def _value(self, label: str) -> Any:
        """Return a column as int64 or float64."""
        nw = narwhals()
        value, engine = nw.col(label), self.frame.implementation
        if self._is(label, "Unknown"):  # a column without any value, or of a type that cannot be added
            return value
        if not self.schema[label].is_integer():
            return value.cast(nw.Float64)
        if self._is(label, "UInt64"):
            value, past = engines.signed(self.frame, label)
            return nw.when(past).then(nw.lit(0)).otherwise(value)  # they are refused in the end
        if engine.is_dask() or engine.is_pandas_like():  # these engines add in int64 anyway and cannot cast a null
            return value
        return value.cast(nw.Int64)

    def _wrong(self, label: str, low: float) -> Any:
        """Return 1 where a value is infinite or below the lowest possible one, else 0."""
        nw = narwhals()
        # Some engines order NaN above every number; none orders it below a number or as equal to infinity
        value, whole = self._value(label), self.schema[label].is_integer()
        tests = [value < (ceil(low) if whole else low)] if low > -inf else []
        tests += [] if whole else [value == inf, value == -inf]
        wrong = tests[0]
        for test in tests[1:]:
            wrong = wrong | test
        return wrong.fill_null(False).cast(nw.Int64)  # Spark cannot add booleans

    def _total(self, small: pd.DataFrame, label: str, need: Need, halved: bool) -> Any:
        """Return a column's totals, or reject the column."""
        rows, count = small["rows"].to_numpy(), small[f"count {label}"].to_numpy()
        if self._is(label, "Unknown"):
            if count.any():
                found = f"got a column {label!r} of a type that cannot be added"
                raise MetricInputError(need.metric, need.argument, "must be numbers", found)
            return np.where(rows > 0, nan, 0.0)
        if f"past {label}" in small and (past := int(summed(small[f"past {label}"], whole=True).sum())):
            found, hint = f"got {past} larger ones in the column {label!r}", "use a larger unit"
            raise MetricInputError(need.metric, need.argument, "must be less than 2**63 on this engine", found, hint)
        if self.schema[label].is_integer():
            wrong = summed(small[f"least {label}"], whole=True).min(initial=0) < need.quantity.low
            total = summed(small[f"sum {label}"], whole=True)
            if halved:
                total = total.astype(object if _reach(small, label) >= FAR_FROM_INT64 else np.int64) * HALF
                total = total + summed(small[f"rest {label}"], whole=True)
        else:
            wrong = summed(small[f"wrong {label}"], whole=True).any()
            total = np.where(rows > 0, small[f"sum {label}"].to_numpy(dtype=np.float64, na_value=nan), 0.0)
        if wrong:
            self._refuse(label, need)
        return total if (count == rows).all() else np.where(count == rows, total.astype(np.float64), nan)

    def _refuse(self, label: str, need: Need) -> None:
        """Count the rows that cannot be right, and raise an error about them."""
        nw = narwhals()
        columns = [self._value(label).alias("least"), self._wrong(label, need.quantity.low).alias("wrong")]
        results = [nw.len().alias("rows"), nw.col("wrong").sum(), nw.col("least").min()]
        small = engines.collect(self.frame.select(*columns).select(*results))
        if small["wrong"][0]:
            raise need.refusal(*(small[name][0] for name in ("wrong", "rows", "least")))

    def _is(self, label: str, kind: str) -> bool:
        return type(self.schema[label]).__name__ == kind

    def _keys(self, names: Iterable[str]) -> tuple[list[Any], list[str]]:
        """Return the columns to group by, under names that no other column has, and these names."""
        by = {f"key {name}": name for name in names}
        return [group_key(self.schema, name).alias(key) for key, name in by.items()], list(by)

    def _labels(self, small: pd.DataFrame) -> pd.DataFrame:
        """Return the key columns of a result under their own names; categories with an order keep it."""
        keys = [str(name) for name in small if str(name).startswith("key ")]
        out = small[keys].rename(columns=lambda name: name.removeprefix("key "))
        for name in map(str, out):
            if self._is(name, "Enum"):
                out[name] = pd.Categorical(out[name], categories=list(self.schema[name].categories), ordered=True)
        return out


def _reach(small: pd.DataFrame, label: str) -> float:
    """Return a bound on the size of every group's total."""
    ends = [np.abs(summed(small[f"{end} {label}"], whole=True).astype(np.float64)) for end in ("least", "most")]
    reach: float = (np.maximum(*ends) * small["rows"].to_numpy()).max(initial=0)
    return reach
