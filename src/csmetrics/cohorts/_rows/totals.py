"""From rows to totals by group: answers, flags and waiting times, read and added up by pandas or by an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from csmetrics._frames.columns import has
from csmetrics._frames.engines import narwhals, summed
from csmetrics._frames.groups import group_sums, total_sums
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import with_micros
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.remarks import noted
from csmetrics.cohorts._rows.time import NAT, Times
from csmetrics.core._flags import flags

Read = TypeVar("Read")

_CODES = "where a code stands for no answer, put None or NaN first"
_MEANS = "an average of answers is not an answer; pass the answers themselves"
_SECOND = 1_000_000  # microseconds


class Unnamed(str):
    """Default name of a column: as the caller did not name it, the column may be missing."""

    __slots__ = ()


class RowTotals(Rows):
    """Rows of a pandas DataFrame that are added up to totals.

    Conditions are bool arrays, in which a comparison with a missing value is False.
    """

    def has(self, name: Any) -> bool:
        """Check whether the frame has such a column."""
        return has(self.frame, name)

    def answers(self, name: Any, argument: str, low: int, high: int, *, whole: bool) -> Any:
        """Read answers on a scale, NaN where missing. Answers off the scale are bad; fractions too if `whole`."""
        values = self.numbers(name, argument, negative=True, missing=True)
        off = (values < low) | (values > high)
        off &= np.isfinite(values)
        self.refuse(argument, f"is not between {low} and {high}", off, _CODES)
        if whole:
            self._refuse_fractions(argument, values, ~off, _MEANS)
        return values

    def counts(self, name: Any, argument: str) -> Any:
        """Read whole numbers that are not negative, NaN where missing."""
        values = self.numbers(name, argument, missing=True)
        self._refuse_fractions(argument, values, values >= 0, "")
        return values

    def _refuse_fractions(self, argument: str, values: Any, possible: Any, hint: str) -> None:
        if values.dtype.kind == "f":
            odd = np.isfinite(values) & (np.rint(values) != values)
            self.refuse(argument, "is not a whole number", odd & possible, hint)

    def flags(self, name: Any, argument: str) -> tuple[Any, Any]:
        """Read booleans, or counts that mean yes above 0; return which values are yes, and which are known."""
        read = flags(self.column(name, argument))
        if read is not None:
            return read.yes, np.ones(read.yes.size, bool) if read.known is None else read.known
        values = self.numbers(name, argument, missing=True)
        return values > 0, ~np.isnan(values)

    def every(self) -> Any:
        """Return the condition that all rows meet."""
        return np.ones(len(self.frame), bool)

    def happened(self, times: Times) -> Any:
        """Return the condition that the row has a date."""
        return times.ticks != NAT

    def waited(self, times: dict[str, Times], since: str) -> dict[str, tuple[Any, Any]]:
        """Return the time passed from `since` to each other date, 0 where it is missing: seconds, rest in nanoseconds.

        The sum of either part fits in int64, and sums of integers are the same on all engines.
        """
        begun, begun_rest = _seconds(times[since])
        found = {}
        for argument, until in times.items():
            if argument != since:
                ended, rest = _seconds(until)
                there = self.happened(until)
                found[argument] = (np.where(there, ended - begun, 0), np.where(there, rest - begun_rest, 0))
        return found

    def whole(self, name: Any) -> bool:
        """Check whether a column holds integers, with or without missing values."""
        return getattr(self.column(name, "").dtype, "kind", "O") in "iu"

    def totals(self, by: Any, columns: dict[str, Any], amounts: Sequence[str] = ()) -> pd.DataFrame:
        """Count the conditions and add up the amounts of the good rows by group; a missing value adds nothing."""
        keys, kept = self.keys(by), self.kept()
        given = {name: np.asarray(values)[kept] for name, values in columns.items()}
        for name, values in given.items():
            if name not in amounts:
                given[name] = values.view(np.int8)
            elif values.dtype.kind == "f":
                given[name] = np.where(np.isnan(values), 0.0, values)
        return noted(table([key if isinstance(kept, slice) else key.iloc[kept] for key in keys], given), self.remarks)


class EngineRowTotals(EngineRows):
    """Rows of an engine's frame that are added up to totals: `RowTotals` for engines.

    Conditions are boolean expressions, null or False where a value is missing; they never compare NaN.
    """

    on_pandas = RowTotals

    def has(self, name: Any) -> bool:
        """Check whether the frame has such a column."""
        return has(self, name)

    def times(self, name: Any, argument: str, *, optional: bool = False, like: Any = None) -> Any:
        """Read dates; naive and aware dates must not mix. The latest date becomes a fact."""
        column = super().times(name, argument, optional=optional, like=like)
        self.fact(argument, column, "max")
        return column

    def answers(self, name: Any, argument: str, low: int, high: int, *, whole: bool) -> Any:
        """Read answers on a scale, null where missing. Answers off the scale are bad; fractions too if `whole`."""
        given = self._given(name, argument, negative=True)
        self.refuse((given < low) | (given > high))
        if whole:
            self._refuse_fractions(name, given)
        return given

    def counts(self, name: Any, argument: str) -> Any:
        """Read whole numbers that are not negative, null where missing."""
        given = self._given(name, argument)
        self._refuse_fractions(name, given)
        return given

    def _refuse_fractions(self, name: Any, given: Any) -> None:
        if not self.schema[name].is_integer():
            self.refuse((given < given.round()) | (given > given.round()))  # not !=, which is true for NaN on Dask

    def flags(self, name: Any, argument: str) -> tuple[Any, Any]:
        """Read booleans, or counts that mean yes above 0; return which values are yes, and which are known."""
        if self.schema.get(name) == narwhals().Boolean:
            column = self.column(name, argument)
            return column, ~column.is_null()
        values = self._given(name, argument)
        return values > 0, ~values.is_null()

    def _given(self, name: Any, argument: str, *, negative: bool = False) -> Any:
        """Read numbers that may be missing, NaN as null: some engines sort NaN above every number."""
        column = self.numbers(name, argument, negative=negative, missing=True)
        if self.schema[name].is_integer():
            return column
        return narwhals().when(column.is_finite()).then(column)

    def every(self) -> Any:
        """Return the condition that all rows meet."""
        return narwhals().lit(True)

    def happened(self, times: Any) -> Any:
        """Return the condition that the row has a date."""
        return ~times.is_null()

    def instants(self, times: dict[str, Any], others: str) -> dict[str, Any]:
        """Return microseconds since 1970-01-01 in UTC; missing dates take those of the argument `others`.

        Call it after the rows are screened. The replacement is needed because not all engines can compute with a
        missing date.
        """
        nw = narwhals()
        filled = {
            argument: at if argument == others else nw.when(self.happened(at)).then(at).otherwise(times[others])
            for argument, at in times.items()
        }
        zones = {argument: self.instant(argument).zone for argument in times}
        asked = {f"csm micros_{argument}": (argument, at, zones[argument]) for argument, at in filled.items()}
        self.frame = with_micros(self.frame, self.metric, asked)
        return {argument: nw.col(f"csm micros_{argument}") for argument in times}

    def waited(self, times: dict[str, Any], since: str) -> dict[str, tuple[Any, Any]]:
        """Return the time passed from `since` to each other date, as `RowTotals` does."""
        micros = self.instants(times, since)
        passed = {argument: at - micros[since] for argument, at in micros.items() if argument != since}
        return {argument: (time // _SECOND, time % _SECOND * 1000) for argument, time in passed.items()}

    def whole(self, name: Any) -> bool:
        """Check whether a column holds integers, with or without missing values."""
        return bool(self.schema[name].is_integer())

    def totals(self, by: Any, columns: dict[str, Any], amounts: Sequence[str] = ()) -> pd.DataFrame:
        """Count the conditions and add up the amounts of the good rows by group; a missing value adds nothing."""
        nw = narwhals()
        keys = self.keys(by)
        asked = {"csm rows": nw.lit(1).cast(nw.Int64)}
        for name, values in columns.items():
            flag = nw.when(values).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)
            asked[f"csm {name}"] = values if name in amounts else flag
        small = self.sums(keys, asked)
        sums = {name: summed(small[f"csm {name}"]) for name in columns}
        return noted(table([small[key] for key in keys], sums), self.remarks)


def read(
    metric: str, frame: Any, on_bad_rows: str, screened: Callable[[Any], Read]
) -> tuple[RowTotals | EngineRowTotals, Read]:
    """Read and screen the rows of a frame; return them with the result of `screened`."""
    if isinstance(frame, pd.DataFrame):
        rows = RowTotals(metric, frame, on_bad_rows)
        return rows, screened(rows)
    others = EngineRowTotals(metric, frame, on_bad_rows)
    found = screened(others)
    others.screen(screened)
    return others, found


def table(keys: Sequence[pd.Series[Any]], columns: dict[str, Any]) -> pd.DataFrame:
    """Add columns up by keys; without keys, over all rows to a single row."""
    if not keys:
        totals = total_sums(columns).totals
        return pd.DataFrame({name: [total] for name, total in totals.items()}, index=pd.Index(["total"]))
    index, sums = group_sums(keys, columns)
    return pd.DataFrame(sums.totals, index=index)


def _seconds(times: Times) -> tuple[Any, Any]:
    """Return seconds since 1970-01-01 in UTC, and the remainder in nanoseconds."""
    per_second = times.per_day // 86_400
    seconds, rest = np.divmod(times.elapsed(), per_second)
    return seconds, rest * (10**9 // per_second)
