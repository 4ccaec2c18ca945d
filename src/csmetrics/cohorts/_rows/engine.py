"""Raw rows of an engine's frame: screened and reduced by the engine, finished by the same numpy as pandas rows.

Little data leaves the engine: one row of facts, the bad rows if the caller wants them, and one row per customer and
period.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any, ClassVar

import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.bits import ROUGHLY, grouped
from csmetrics._frames.columns import require, require_all
from csmetrics._frames.engine_totals import instead_of_numbers
from csmetrics._frames.engines import narwhals
from csmetrics._frames.kinds import BLANKS, EXACT
from csmetrics.cohorts._rows.bad import broken
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.engine_time import bound_to_session, instant
from csmetrics.cohorts._rows.instants import UTC, Times, Wall
from csmetrics.cohorts._rows.options import check_mode, key_names
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.read_times import read_times
from csmetrics.cohorts._rows.remarks import Remarks
from csmetrics.cohorts._rows.zones import one_clock
from csmetrics.errors import MetricInputError, shown

_SAMPLE = 3  # bad rows that an error shows
_COLUMNS = 6  # and their columns
_OWN = "csm:"  # begins the names of the columns that the library adds to a frame


class EngineRows:
    """The rows of an engine's frame, screened while their columns are read: `Rows` for engines.

    Parameters
    ----------
    metric
        Name of the builder, for its errors.
    frame
        Any frame that narwhals supports.
    on_bad_rows
        ``"raise"`` or ``"report"``.
    calendar
        The periods in which the rows are counted; None for none.

    Attributes
    ----------
    frame : narwhals.LazyFrame
        The rows; after `screen` only the good ones.
    asked : dict
        What was asked for by `fact`: the expression, and sum, min or max.
    facts : DataFrame
        After `screen`: one row with what was asked for by `fact`.
    remarks : Remarks
        Notes; after `screen`, the bad rows where they are to be reported.
    """

    on_pandas: ClassVar[type[Rows]] = Rows

    def __init__(self, metric: str, frame: Any, on_bad_rows: str, calendar: Calendar | None = None) -> None:
        self.metric, self.report = metric, check_mode(metric, on_bad_rows)
        self.frame = engines.lazy(frame, metric, "frame")
        self.schema = self.frame.collect_schema()
        self.columns, self.marks = list(self.schema), engines.marks(self.frame)
        self.calendar = calendar
        self.remarks = Remarks()
        self.facts = pd.DataFrame()
        self.clock: Any = None  # the time zone on whose clock dates are read
        self.asked: dict[str, Any] = {}
        self._bad: list[Any] = []
        self._zones: dict[str, str | None] = {}  # of the date columns; all are read on the clock of the first

    def require(self, by: Any = None, **columns: Any) -> None:
        """Raise one error for all columns that are missing."""
        keys = [] if by is None else key_names(self.metric, by)
        require_all(self, self.metric, [*columns.items(), *(("by", name) for name in keys)])

    def column(self, name: Any, argument: str) -> Any:
        """Return a column as an expression; raise MissingColumnError if it does not exist."""
        require(self, name, self.metric, argument)
        if name.startswith(_OWN):
            rule, hint = f"must not begin with {_OWN!r} on this engine", "rename it: the library's own columns do"
            raise MetricInputError(self.metric, argument, rule, f"got {shown(name)}", hint)
        return narwhals().col(name)

    def typed(self, name: Any, argument: str, kind: str) -> tuple[Any, Any]:
        """Return a column and its type; one without any value, which has no type, is read as one of `kind`."""
        nw = narwhals()
        column = self.column(name, argument)
        if self.schema[name] == nw.Unknown and engines.is_void(self.frame, name):
            self.frame = self.frame.with_columns(column.cast(getattr(nw, kind)))
            self.schema = self.frame.collect_schema()
        return column, self.schema[name]

    def keys(self, by: Any, axis: str | None = None) -> list[str]:
        """Return the names of the grouping columns; categories become text, whose order is the same on all engines."""
        names = key_names(self.metric, by, axis)
        for name in names:
            self.column(name, "by")
        if names:
            self.frame = self.frame.with_columns(*(engines.group_key(self.schema, name).alias(name) for name in names))
        return names

    def refuse(self, flag: Any) -> None:
        """Mark rows as bad where an expression is true."""
        self._bad.append(flag)

    def units(self, name: Any, argument: str) -> Any:
        """Read the customers or users of the rows; a missing one is bad."""
        nw = narwhals()
        column, dtype = self.typed(name, argument, "String")
        self.refuse(column.is_null())
        if dtype.is_float():
            self.refuse(~(column.abs() < EXACT))
        if dtype == nw.String:
            self.refuse(engines.among(self.frame, column, BLANKS))
        return column

    def times(self, name: Any, argument: str, *, optional: bool = False, like: Any = None) -> Any:
        """Read dates, all on one wall clock; a missing date is bad unless `optional`."""
        nw = narwhals()
        column, dtype = self.typed(name, argument, "Datetime")
        self.frame = engines.in_micros(self.frame, name)
        if dtype == nw.Date:
            column = column.cast(nw.Datetime("us"))
        elif dtype not in (nw.Datetime, nw.Unknown):  # narwhals does not know all zones of Dask
            hint = "convert it to timestamps in the engine first"
            raise MetricInputError(self.metric, argument, "must hold dates", f"got a column of {dtype}", hint)
        if not optional:
            self.refuse(column.is_null())
        if dtype == nw.Unknown:
            return column
        zone = getattr(dtype, "time_zone", None)
        if zone is not None and zone not in UTC and self.frame.implementation.is_ibis():
            rule, hint = (
                "must be in UTC on this engine",
                "cast the column to UTC first; Ibis counts on the session's clock",
            )
            raise MetricInputError(self.metric, argument, rule, f"got the zone {zone}", hint)
        self._zones[argument] = zone
        first = one_clock(self.metric, self._zones)
        own = column if zone == first else column.dt.convert_time_zone(first)
        self.count_timed(argument, own)
        self.clock = clock = first if first is None or self.calendar is None else self.calendar.clock(first)
        if str(clock) == str(first):
            return own
        column = own.dt.convert_time_zone(clock)
        try:
            self.frame.select(column).collect_schema()
        except NotImplementedError:
            raise bound_to_session(self.metric, argument, first) from None
        return column

    def count_timed(self, argument: str, own: Any) -> None:
        """Request the number of instants that are not a midnight on their own wall clock."""
        nw = narwhals()
        timed = nw.when(own > own.dt.truncate("1d")).then(nw.lit(1)).otherwise(nw.lit(0))
        self.fact(f"timed_{argument}", timed.cast(nw.Int64), "sum")

    def forget_times_of_day(self) -> None:
        """Do not count them: only where the end of the data is not given, it depends on them."""
        self.asked = {name: fact for name, fact in self.asked.items() if not name.startswith("timed_")}

    def refuse_before(self, argument: str, ends: Any, begins: Any, first: str = "", hint: str = "") -> None:
        """Mark rows that end before they begin as bad."""
        self.refuse(ends < begins)

    def numbers(self, name: Any, argument: str, *, negative: bool = False, missing: bool = False) -> Any:
        """Read numbers; infinite ones are bad, and so are negative or missing ones unless allowed."""
        nw = narwhals()
        column, dtype = self.typed(name, argument, "Float64")
        if not dtype.is_numeric():
            what, hint = instead_of_numbers(dtype)
            raise MetricInputError(self.metric, argument, "must be numbers", f"got {what} in the column {name!r}", hint)
        if dtype == nw.UInt64:
            column, past = engines.signed(self.frame, name)
            self.refuse(past)
        elif not (dtype.is_integer() or dtype.is_float()):
            column = column.cast(nw.Float64)
        if not missing:
            self.refuse(column.is_null())
        if not dtype.is_integer():
            finite = column.is_finite() if not missing else column.is_finite() | column.is_nan()
            self.refuse(~finite)
        if not negative:
            self.refuse(column < 0)
        return column

    def bad(self) -> Any:
        """Return an expression that is true for bad rows; for others it is false, or missing."""
        return reduce(or_, self._bad)

    def fact(self, name: str, column: Any, how: str) -> None:
        """Request the sum, min or max of an expression over all rows; `ROUGHLY`, where the engine has words for it."""
        self.asked[name] = (column, how)

    def checked(self) -> Any:
        """Return the frame with what was asked for, `csm:fact_<name>`, and 1 in `csm:bad` for bad rows."""
        nw = narwhals()
        names = [f"csm:bad_{i}" for i in range(len(self._bad))]
        facts = [column.alias(f"csm:fact_{name}") for name, (column, _) in self.asked.items()]
        flags = [nw.when(flag).then(nw.lit(1)).otherwise(nw.lit(0)) for flag in self._bad]
        flagged = self.frame.with_columns(*(flag.alias(name) for flag, name in zip(flags, names, strict=True)), *facts)
        flagged = flagged.with_columns(sum(map(nw.col, names), nw.lit(0)).alias("csm:bad"))
        return flagged.with_columns((nw.col("csm:bad") > 0).cast(nw.Int64).alias("csm:bad"))

    def screen(self, screened: Callable[[Any], Any]) -> None:
        """Compute the facts and find the bad rows; raise an error for them, or leave them out.

        Parameters
        ----------
        screened
            The function that reads the columns. It runs again on the bad rows in pandas, to find the reasons.
        """
        nw = narwhals()
        flagged = self.checked()
        self._look(flagged)
        found, some = self.count("bad"), flagged.filter(nw.col("csm:bad") == 1).select(*self.columns)
        if found and not self.report:
            raise self._error(self._worded(some.head(_SAMPLE), screened), found)
        if self.report:
            self.remarks.excluded = self._worded(some, screened).explained()
        if found:
            flagged = flagged.filter(nw.col("csm:bad") == 0)
            self.frame = flagged.select(*self.columns)
            self._look(flagged)

    def _worded(self, some: Any, screened: Callable[[Any], Any]) -> Rows:
        """Convert bad rows to pandas, and find there what is wrong with them."""
        rows = self.on_pandas(self.metric, engines.collect(some), "report", self.calendar)
        screened(rows)
        return rows

    def _look(self, flagged: Any) -> None:
        columns = {"rows": ("csm:bad", "count"), "bad": ("csm:bad", "sum")}
        columns |= {name: (f"csm:fact_{name}", how) for name, (_, how) in self.asked.items()}
        distinct = any(how == "n_unique" for _, how in columns.values())  # narwhals knows each engine's word for it
        totals = None if distinct else grouped(flagged, (), columns)
        if totals is None:
            known = [(name, narwhals().col(column), how) for name, (column, how) in columns.items() if how != ROUGHLY]
            totals = flagged.select(*(getattr(column, how)().alias(name) for name, column, how in known))
        self.facts = engines.collect(totals)

    def count(self, name: str) -> int:
        """Return a fact that is a number of rows; 0 if it is missing."""
        value = self.facts[name].iloc[0]
        return 0 if pd.isna(value) else int(value)

    def _error(self, rows: Rows, count: int) -> MetricInputError:
        reason, argument, hint, _ = rows.bad[0] if rows.bad else ("is wrong", "rows", "", None)
        records = rows.frame.iloc[:, :_COLUMNS].to_dict("records")
        shown = "; ".join(", ".join(f"{name}={value!s}" for name, value in record.items()) for record in records)
        found = f"{count} of {self.count('rows')} rows break a rule, such as {shown}"
        return broken(self.metric, argument, reason, found, hint, [], few=2 * count < self.count("rows"))

    def instant(self, name: str) -> Times:
        """Return a fact that is an instant, as a column with one value."""
        times, _ = read_times(self.metric, name, self.facts[name])
        dated = not any(self.count(fact) for fact in map(str, self.facts) if fact.startswith("timed_"))
        own = times.zone if self.calendar is None else self.calendar.zone
        return replace(times, dated=dated, own=own)

    def keep_before(self, times: Any, stop: Wall, zone: Any) -> None:
        """Keep the rows before the end of the data, given in microseconds of the wall clock."""
        self.frame = self.frame.filter(times < instant(stop, zone))

    def sums(self, keys: Sequence[str], columns: dict[str, Any]) -> pd.DataFrame:
        """Add up expressions by keys; without keys, over all rows to a single row.

        Parameters
        ----------
        keys
            Columns of the frame.
        columns
            Expressions of numbers by name; integers are summed as Int64.
        """
        nw = narwhals()
        prepared = self.frame.with_columns(*(expr.alias(name) for name, expr in columns.items()))
        totals = [nw.col(name).sum() for name in columns]
        reduced = prepared.group_by(*keys).agg(*totals) if keys else prepared.select(*totals)
        return engines.collect(reduced)
