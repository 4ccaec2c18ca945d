"""Rows of an engine's frame: answers, flags and waiting times, read and added up to totals by group by the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import pandas as pd

from csmetrics._frames.columns import has
from csmetrics._frames.engines import narwhals, summed
from csmetrics._frames.kinds import EXACT
from csmetrics.cohorts._rows.axis import PERIOD, Axis, table
from csmetrics.cohorts._rows.bad import FLAGS, compare, no_flags, not_once
from csmetrics.cohorts._rows.end_of_data import end_of_data
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import (
    bound_to_session,
    instant,
    period_key,
    period_numbers,
    wall_micros,
    with_micros,
)
from csmetrics.cohorts._rows.instants import DAY, HOUR, Wall, in_utc
from csmetrics.cohorts._rows.pandas_totals import ENDLESS, NEVER_DAY, RowTotals
from csmetrics.cohorts._rows.remarks import noted
from csmetrics.cohorts.hours import BusinessHours
from csmetrics.errors import MetricInputError

Read = TypeVar("Read")

ROW_PERIOD = "csm:period"  # the column with the period of each row
_SECOND = 1_000_000  # microseconds
_NEVER = 9999  # a date in this year stands for no date


class EngineRowTotals(EngineRows):
    """Rows of an engine's frame that are added up to totals: `RowTotals` for engines.

    Conditions are boolean expressions, null or False where a value is missing; they never compare NaN.
    """

    on_pandas = RowTotals
    stop: Wall | None = None
    axis: Axis | None = None
    zone: Any = None
    flagged: Mapping[str, Any] = MappingProxyType({})  # the columns of flags as numbers, by argument
    single: str = ""  # the argument whose ids stand in one row each

    def has(self, name: Any) -> bool:
        """Check whether the frame has such a column."""
        return has(self, name)

    def times(self, name: Any, argument: str, *, optional: bool = False, like: Any = None) -> Any:
        """Read dates; where a date may be missing, one in the year 9999 is. The first and the last become facts."""
        column = super().times(name, argument, optional=optional, like=like)
        if optional:
            known = column.dt.year() < _NEVER
            if self.frame.implementation.is_polars():  # older ones cannot take the year of a missing date in a zone
                known = column < instant(Wall(NEVER_DAY * DAY), self.clock)
            column = narwhals().when(known).then(column)
        self.fact(argument, column, "max")
        self.fact(f"first {argument}", column, "min")
        return column

    def answers(self, name: Any, argument: str, low: int, high: int, *, whole: bool) -> Any:
        """Read answers on a scale, null where missing. Answers off the scale are bad; fractions too if `whole`."""
        given = self._given(name, argument, negative=True)
        self.refuse((given < low) | (given > high))
        if whole:
            self._refuse_fractions(name, given)
        return given

    def weights(self, name: Any, argument: str, answers: Sequence[Any]) -> Any:
        """Read weights, null where missing; each row with an answer needs one."""
        values = self._given(name, argument)
        for one in answers:
            self.refuse(values.is_null() & ~one.is_null())
        self.refuse(values >= EXACT)
        return values

    def missing(self, values: Any) -> Any:
        """Return the condition that a number is missing."""
        return values.is_null()

    def counts(self, name: Any, argument: str) -> Any:
        """Read whole numbers that are not negative, null where missing."""
        given = self._given(name, argument)
        self._refuse_fractions(name, given)
        self.refuse(given >= EXACT)
        return given

    def _refuse_fractions(self, name: Any, given: Any) -> None:
        if not self.schema[name].is_integer():
            self.refuse((given < given.round()) | (given > given.round()))  # not !=, which is true for NaN on Dask

    def flags(self, name: Any, argument: str) -> tuple[Any, Any]:
        """Read booleans, or 0 and 1; return which values are yes, and which are known."""
        nw = narwhals()
        if self.schema.get(name) == nw.Boolean:
            column = self.column(name, argument)
            return column, ~column.is_null()
        try:
            values = self._given(name, argument, negative=True)
        except MetricInputError as wrong:
            text = self.schema[name] == nw.String
            hint = "make booleans of the words in the engine first" if text else compare(argument, name)
            raise MetricInputError(self.metric, argument, FLAGS, wrong.found, hint) from None
        odd = (values < 0) | (values > 1) | ((values > 0) & (values < 1))
        self.fact(f"odd {argument}", nw.when(odd).then(nw.lit(1)).otherwise(nw.lit(0)), "sum")
        self.fact(f"oddest {argument}", nw.when(odd).then(values), "max")
        self.flagged = {**self.flagged, argument: name}
        return values > 0, ~values.is_null()

    def _look(self, flagged: Any) -> None:
        """Compute the facts; raise for flags that are neither 0 nor 1, which are no single bad rows."""
        super()._look(flagged)
        for argument, name in self.flagged.items():
            odd = self.count(f"odd {argument}")
            if odd:
                oddest = self.facts[f"oddest {argument}"][0]
                raise no_flags(self.metric, argument, name, odd, self.count("rows"), oddest)
        again = self.count("rows") - self.count("bad") - self.count(f"different {self.single}") if self.single else 0
        if again > 0:
            raise not_once(self.metric, self.single, again)

    def end(self, as_of: Any, dates: dict[str, Any]) -> None:
        """Find out up to when the data is complete, as `RowTotals` does."""
        facts = {argument: self.instant(argument) for argument in dates}
        self.zone = next((times.zone for times in facts.values()), None)
        self.stop = end_of_data(self.metric, as_of, facts.values())

    def known(self, times: Any) -> Any:
        """Take dates after the end of the data as missing: they are not known yet."""
        return times if self.stop is None else narwhals().when(times < instant(self.stop, self.zone)).then(times)

    def place(self, times: Any, argument: str) -> None:
        """Count the rows whose date is known by the end of the data, by complete period if there is a calendar."""
        calendar, stop = self.calendar, self.stop
        first = self.instant(f"first {argument}")
        if calendar is not None:
            begun = first.last()
            known = begun is not None and stop is not None and begun < stop
            number = calendar.numbering(first).first if known else None
            self.axis = Axis.until(calendar, number, stop)
            close = int(calendar.start(self.axis.first + self.axis.count))
            stop = Wall(close, in_utc(close, self.zone))
        self.frame = self.frame.filter(~times.is_null())
        if stop is not None:
            self.keep_before(times, stop, self.zone)
        if calendar is not None:
            self.frame = self.frame.with_columns(period_key(calendar, times).alias(ROW_PERIOD))

    def _given(self, name: Any, argument: str, *, negative: bool = False) -> Any:
        """Read numbers that may be missing, NaN as null: some engines sort NaN above every number."""
        column = self.numbers(name, argument, negative=negative, missing=True)
        if self.schema[name].is_integer():
            return column
        return narwhals().when(column.is_finite()).then(column)

    def only_counted(self, found: Read, grouped: bool = True) -> Read:
        """Return what was read: the frame holds only rows that count."""
        return found

    def every(self) -> Any:
        """Return the condition that all rows meet."""
        return narwhals().lit(True)

    def happened(self, times: Any) -> Any:
        """Return the condition that the row has a date."""
        return ~times.is_null()

    def by_now(self, times: Any) -> Any:
        """Return the condition that the row has a date, and that it is known by the end of the data."""
        return self.happened(self.known(times))

    def only(self, condition: Any, amounts: Any) -> Any:
        """Return amounts where a condition holds, and 0 elsewhere."""
        nw = narwhals()
        return nw.when(condition).then(amounts).otherwise(nw.lit(0))

    def squared(self, seconds: Any, rest: Any) -> Any:
        """Return the squares of times in seconds and a rest of nanoseconds."""
        nw = narwhals()
        times = seconds.cast(nw.Float64) + rest.cast(nw.Float64) * 1e-9
        return times * times

    def running(self, since: Any, hours: BusinessHours | None) -> Any:
        """Return the microseconds from a date to the end of the data: of the clock, or worked."""
        stop = Wall(0) if self.stop is None else self.stop
        if hours is None:
            return narwhals().lit(in_utc(stop, self.zone)) - self.instants({"created": since}, "created")["created"]
        worked = self.worked({"created": since}, "created", hours)["created"]
        return hours.until(stop, hours.tz or self._own_zone()) - worked

    def late(self, times: Any, limits: Any) -> Any:
        """Return the condition that a date comes after its limit."""
        return times > limits

    def durations(self, name: Any, argument: str) -> tuple[Any, Any]:
        """Read durations, or hours, as microseconds; return them, null where missing, and which are known."""
        nw = narwhals()
        column, dtype = self.column(name, argument), self.schema[name]
        if dtype == nw.Duration:
            try:
                column = column.dt.total_microseconds()
                self.frame.select(column.alias("csm:duration"))
            except NotImplementedError:
                rule, hint = "must be hours on this engine", "convert the durations to hours in the engine first"
                raise MetricInputError(self.metric, argument, rule, f"got a column of {dtype}", hint) from None
            self.refuse(column < 0)
            return column, ~column.is_null()
        given = self._given(name, argument)
        whole = dtype.is_integer()
        self.refuse(given >= ENDLESS)
        filled = nw.when(given < ENDLESS).then(given).otherwise(nw.lit(0))  # Dask cannot make integers of missing ones
        return (filled * HOUR if whole else (filled * HOUR).round()).cast(nw.Int64), ~given.is_null()

    def is_date(self, name: Any, argument: str) -> bool:
        """Check whether a column holds neither durations nor numbers."""
        self.column(name, argument)
        dtype = self.schema[name]
        return not (dtype == narwhals().Duration or dtype.is_numeric())

    def once(self, name: Any, argument: str) -> None:
        """Reject ids that several rows have; a missing one is bad."""
        self.fact(f"different {argument}", self.units(name, argument), "n_unique")
        self.single = argument

    def worked(self, times: dict[str, Any], since: str, hours: BusinessHours) -> dict[str, Any]:
        """Return the time worked before each date, in microseconds; a missing date takes that of `since`."""
        nw = narwhals()
        hours.check(self.metric, since, self.instant(since).zone)
        filled = {
            argument: at if argument == since else nw.when(self.happened(at)).then(at).otherwise(times[since])
            for argument, at in times.items()
        }
        clock = hours.tz or self._own_zone()
        hourly = self.calendar is not None and self.calendar.hourly
        if clock is not None and (hours.tz is not None or hourly):
            filled = {n: at.dt.convert_time_zone(str(clock)) for n, at in filled.items()}
            try:
                self.frame.select(*(at.alias(n) for n, at in filled.items())).collect_schema()
            except NotImplementedError:
                raise bound_to_session(self.metric, since, self._own_zone()) from None
        wall = {f"csm:wall_{n}": wall_micros(at).alias(f"csm:wall_{n}") for n, at in filled.items()}
        self.frame = self.frame.with_columns(*wall.values())
        worked = {n: hours.worked_of(nw.col(f"csm:wall_{n}")).alias(f"csm:worked_{n}") for n in filled}
        self.frame = self.frame.with_columns(*worked.values())
        return {n: nw.col(f"csm:worked_{n}") for n in filled}

    def _own_zone(self) -> Any:
        """Return the time zone of the first column of dates."""
        return next(iter(self._zones.values()), None)

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
        asked = {f"csm:micros_{argument}": (argument, at, zones[argument]) for argument, at in filled.items()}
        self.frame = with_micros(self.frame, self.metric, asked)
        return {argument: nw.col(f"csm:micros_{argument}") for argument in times}

    def waited(self, times: dict[str, Any], since: str) -> dict[str, tuple[Any, Any]]:
        """Return the time passed from `since` to each other date, as `RowTotals` does."""
        micros = self.instants(times, since)
        passed = {argument: at - micros[since] for argument, at in micros.items() if argument != since}
        return {argument: (time // _SECOND, time % _SECOND * 1000) for argument, time in passed.items()}

    def whole(self, name: Any) -> bool:
        """Check whether a column holds integers, with or without missing values."""
        return bool(self.schema[name].is_integer())

    def grouping(self, by: Any) -> list[str]:
        """Return the names of the grouping columns; that of the periods comes first."""
        keys = self.keys(by, None if self.axis is None else PERIOD)
        return keys if self.axis is None else [ROW_PERIOD, *keys]

    def labels(self, small: pd.DataFrame, names: list[str]) -> list[pd.Series[Any]]:
        """Return the grouping columns of a result; those of periods as the calendar's numbers."""
        return [
            pd.Series(period_numbers(self.axis.calendar, small[name]), name=PERIOD)
            if name == ROW_PERIOD and self.axis is not None
            else small[name]
            for name in names
        ]

    def totals(self, by: Any, columns: dict[str, Any], amounts: Sequence[str] = ()) -> pd.DataFrame:
        """Count the conditions and add up the amounts, which `only` has made, by group."""
        nw = narwhals()
        names = self.grouping(by)
        asked = {"csm:rows": nw.lit(1).cast(nw.Int64)}
        for name, values in columns.items():
            flag = nw.when(values).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)
            asked[f"csm:{name}"] = values if name in amounts else flag
        small = self.sums(names, asked)
        sums = {name: summed(small[f"csm:{name}"]) for name in columns}
        return noted(table(self.metric, self.labels(small, names), sums, self.axis), self.remarks)
