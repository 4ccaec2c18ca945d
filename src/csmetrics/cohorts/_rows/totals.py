"""From rows to totals by group: answers, flags and waiting times, read and added up by pandas or by an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from csmetrics._frames.columns import has
from csmetrics._frames.engines import narwhals, summed
from csmetrics._frames.kinds import EXACT
from csmetrics.cohorts._rows.axis import PERIOD, Axis, table
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import (
    bound_to_session,
    instant,
    period_key,
    period_numbers,
    wall_micros,
    with_micros,
)
from csmetrics.cohorts._rows.groups import Groups, number_units
from csmetrics.cohorts._rows.pandas import Rows, earlier
from csmetrics.cohorts._rows.remarks import noted
from csmetrics.cohorts._rows.time import (
    DAY,
    HOUR,
    NAT,
    Calendar,
    Times,
    Wall,
    end_of_data,
    in_micros,
    in_utc,
    must_match,
    on_clock,
)
from csmetrics.cohorts.hours import BusinessHours
from csmetrics.core._flags import flags
from csmetrics.core._numeric import BLOCK, show
from csmetrics.errors import MetricInputError, shown

Read = TypeVar("Read")

_CODES = "where a code stands for no answer, put None or NaN first"
_MEANS = "an average of answers is not an answer; pass the answers themselves"
_FLAGS = "must be booleans, or 0 and 1"
_COMPARE = (
    "compare a count or a duration first, and keep what is missing: (frame['late'] <= 0).where(frame['late'].notna())"
)
_SECOND = 1_000_000  # microseconds
_ENDLESS = 10**9  # hours, whose microseconds int64 still holds
_PERIOD = "csm:period"  # of an engine's rows
_NEVER = 9999  # a date in this year stands for no date
_NEVER_DAY = 2_932_532  # its first day since 1970-01-01


class Unnamed(str):
    """Default name of a column: as the caller did not name it, the column may be missing."""

    __slots__ = ()


class RowTotals(Rows):
    """Rows of a pandas DataFrame that are added up to totals.

    Conditions are bool arrays, in which a comparison with a missing value is False.

    Attributes
    ----------
    stop : int or None
        After `end`: the instant up to which the data is complete, in microseconds of the wall clock.
    axis : Axis or None
        After `place` with a `freq`: the complete periods.
    """

    stop: Wall | None = None
    axis: Axis | None = None
    counted: Any = slice(None)  # positions of the rows that count, after `place`
    numbers_of_periods: Any = None

    def times(
        self, name: Any, argument: str, *, optional: bool = False, like: Times | None = None, series: Any = None
    ) -> Times:
        """Read dates; where a date may be missing, one in the year 9999 is."""
        times = super().times(name, argument, optional=optional, like=like, series=series)
        return _without(times, times.ticks >= _NEVER_DAY * times.per_day) if optional else times

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

    def weights(self, name: Any, argument: str, answers: Sequence[Any]) -> Any:
        """Read weights, NaN where missing; each row with an answer needs one."""
        values = self.numbers(name, argument, missing=True)
        answered = np.logical_or.reduce([~np.isnan(one) for one in answers])
        self.refuse(argument, "is missing", np.isnan(values) & answered, "give every answer a weight; 0 leaves it out")
        self.refuse(argument, "is 2**53 or more", (values >= EXACT) & np.isfinite(values))
        return values

    def missing(self, values: Any) -> Any:
        """Return the condition that a number is missing."""
        return np.isnan(values)

    def one_each(
        self, answers: Any, weights: Any, unit: Any, times: Times, keep: str, by: Any
    ) -> tuple[RowTotals, Any, Any]:
        """Keep one row per customer and period: of its answers the first or the last, else a row without one.

        Of answers at the same instant it is the lowest. Return the rows, with their answers and weights.
        """
        rows = self.rows()
        units, offset, size = number_units(self.metric, unit, rows)
        cell = units.astype(np.int64) - offset
        if self.axis is not None:
            size *= max(self.axis.count, 1)
            cell = cell * max(self.axis.count, 1) + (self.numbers_of_periods - self.axis.first)
        if size > 4 * cell.size + BLOCK:
            cell, found = pd.factorize(cell)
            size = len(found)
        given, elapsed = answers[rows], times.elapsed()[rows]
        answered = np.zeros(size, bool)
        answered[cell[~np.isnan(given)]] = True
        left = np.flatnonzero(~np.isnan(given) | ~answered[cell])
        ranks: list[Callable[[], Any]] = [
            lambda: elapsed if keep == "last" else -elapsed,
            lambda: -np.where(np.isnan(given), 0, given),
            lambda: -(0 if (number := Groups(self.metric, self.grouping(by), slice(None)).number) is None else number),
            lambda: 0 if weights is None else -weights[rows],
        ]
        place = np.full(size, -1)
        for rank in ranks:
            place[cell[left]] = left
            if left.size == np.count_nonzero(place >= 0):
                break
            values = np.broadcast_to(rank(), cell.shape)
            best = np.full(size, values.min(), values.dtype)
            np.maximum.at(best, cell[left], values[left])
            left = left[values[left] == best[cell[left]]]
        place[cell[left]] = left
        chosen = np.sort(place[place >= 0])
        kept = copy(self)
        kept.counted = chosen if isinstance(rows, slice) else rows[chosen]
        kept.numbers_of_periods = None if self.axis is None else self.numbers_of_periods[chosen]
        return kept, answers, weights

    def counts(self, name: Any, argument: str) -> Any:
        """Read whole numbers that are not negative, NaN where missing."""
        values = self.numbers(name, argument, missing=True)
        self._refuse_fractions(argument, values, values >= 0, "")
        self.refuse(argument, "is 2**53 or more", (values >= EXACT) & np.isfinite(values))
        return values

    def _refuse_fractions(self, argument: str, values: Any, possible: Any, hint: str) -> None:
        if values.dtype.kind == "f":
            odd = np.isfinite(values) & (np.rint(values) != values)
            self.refuse(argument, "is not a whole number", odd & possible, hint)

    def flags(self, name: Any, argument: str) -> tuple[Any, Any]:
        """Read booleans, or 0 and 1; return which values are yes, and which are known."""
        read = flags(self.column(name, argument))
        if read is not None:
            return read.yes, np.ones(read.yes.size, bool) if read.known is None else read.known
        try:
            values = self.numbers(name, argument, negative=True, missing=True)
        except MetricInputError as wrong:
            raise MetricInputError(self.metric, argument, _FLAGS, wrong.found, _COMPARE) from None
        odd = (values != 0) & (values != 1) & ~np.isnan(values)
        if odd.any():
            raise _no_flags(self.metric, argument, int(odd.sum()), values.size, values[odd].max())
        return values == 1, ~np.isnan(values)

    def end(self, as_of: Any, dates: dict[str, Times]) -> None:
        """Find out up to when the data is complete: `as_of`, else the latest of the dates in the good rows."""
        kept = self.kept()
        taken = {argument: times.take(kept) for argument, times in dates.items()}
        must_match(self.metric, taken)
        self.stop = end_of_data(self.metric, as_of, taken.values())

    def known(self, times: Times) -> Times:
        """Take dates after the end of the data as missing: they are not known yet."""
        early = times.before(self.stop)
        if early is None:
            return times
        late = np.ones(times.ticks.size, bool)
        late[early] = False
        return _without(times, late)

    def place(self, times: Times, argument: str) -> None:
        """Count the rows whose date is known by the end of the data, by complete period if there is a calendar."""
        kept = self.kept()
        there = self.happened(self.known(times))
        whole = isinstance(kept, slice) and there.all()
        self.counted = kept if whole else np.flatnonzero(there) if isinstance(kept, slice) else kept[there[kept]]
        if self.calendar is None:
            return
        calendar = self.calendar
        numbering = calendar.numbering(times.take(self.counted))
        numbers = numbering.of(slice(None)).astype(np.int64) + numbering.first
        self.axis = Axis.until(calendar, numbering.first if numbers.size else None, self.stop)
        complete = numbers < self.axis.first + self.axis.count
        if not complete.all():
            self.counted = np.flatnonzero(complete) if isinstance(self.counted, slice) else self.counted[complete]
            numbers = numbers[complete]
        self.numbers_of_periods = numbers

    def every(self) -> Any:
        """Return the condition that all rows meet."""
        return np.ones(len(self.frame), bool)

    def happened(self, times: Times) -> Any:
        """Return the condition that the row has a date."""
        return times.ticks != NAT

    def only(self, condition: Any, amounts: Any) -> Any:
        """Return amounts where a condition holds, and 0 elsewhere."""
        return np.where(condition, amounts, 0)

    def running(self, since: Times, hours: BusinessHours | None) -> Any:
        """Return the microseconds from a date to the end of the data: of the clock, or worked."""
        stop = Wall(0) if self.stop is None else self.stop
        if hours is None:
            return in_utc(stop, since.zone) - in_micros(since.elapsed(), since.per_day)
        clock = hours.tz or since.own or since.zone
        return hours.until(stop, clock) - self.worked({"since": since}, "since", hours)["since"]

    def late(self, times: Times, limits: Times) -> Any:
        """Return the condition that a date comes after its limit."""
        return earlier(limits, times)

    def durations(self, name: Any, argument: str) -> tuple[Any, Any]:
        """Read durations, or hours, as microseconds; return them, 0 where missing, and which are known."""
        series = self.column(name, argument)
        if series.dtype.kind == "m":
            passed = series.to_numpy(dtype="m8[us]")
            missing, passed = np.isnat(passed), passed.astype(np.int64)
            self.refuse(argument, "is negative", ~missing & (passed < 0))
        else:
            hours = self.numbers(name, argument, missing=True)
            self.refuse(argument, f"is {_ENDLESS:,} hours or more", (hours >= _ENDLESS) & np.isfinite(hours))
            missing = ~(hours < _ENDLESS)
            passed = np.rint(np.where(missing, 0, hours) * HOUR).astype(np.int64)
        return np.where(missing, 0, passed), ~missing

    def is_date(self, name: Any, argument: str) -> bool:
        """Check whether a column holds neither durations nor numbers."""
        return self.column(name, argument).dtype.kind not in "miuf"

    def once(self, name: Any, argument: str) -> None:
        """Reject ids that several rows have; a missing one is bad."""
        ids = self.units(name, argument)
        again = ids.duplicated() & ids.notna()
        if again.any():
            raise _not_once(self.metric, argument, int(again.sum()), ids[again].iloc[0])

    def worked(self, times: dict[str, Times], since: str, hours: BusinessHours) -> dict[str, Any]:
        """Return the time worked before each date, in microseconds; a missing date takes that of `since`."""
        zone = times[since].zone
        hours.check(self.metric, since, zone)
        clock = hours.tz or times[since].own or zone
        moved = clock is not None and str(clock) != str(zone)
        wall = {n: in_micros(at.elapsed() if moved else at.ticks, at.per_day) for n, at in times.items()}
        if moved:
            wall = {n: on_clock(at, clock) for n, at in wall.items()}
        return {n: hours.worked(np.where(self.happened(times[n]), at, wall[since])) for n, at in wall.items()}

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

    def grouping(self, by: Any) -> list[pd.Series[Any]]:
        """Return the grouping columns of the rows that count; the numbers of the periods come first."""
        keys = self.keys(by, None if self.axis is None else PERIOD)
        rows = self.rows()
        taken = [key if isinstance(rows, slice) else key.iloc[rows] for key in keys]
        return taken if self.axis is None else [pd.Series(self.numbers_of_periods, name=PERIOD), *taken]

    def rows(self) -> Any:
        """Return the positions of the rows that count."""
        kept = self.kept()
        return kept if isinstance(self.counted, slice) else self.counted

    def totals(self, by: Any, columns: dict[str, Any], amounts: Sequence[str] = ()) -> pd.DataFrame:
        """Count the conditions and add up the amounts of the good rows by group; a missing value adds nothing."""
        keys, rows = self.grouping(by), self.rows()
        given = {name: np.asarray(values)[rows] for name, values in columns.items()}
        for name, values in given.items():
            if name not in amounts:
                given[name] = values.view(np.int8)
            elif values.dtype.kind == "f":
                given[name] = np.where(np.isnan(values), 0.0, values)
        return noted(table(self.metric, keys, given, self.axis), self.remarks)


class EngineRowTotals(EngineRows):
    """Rows of an engine's frame that are added up to totals: `RowTotals` for engines.

    Conditions are boolean expressions, null or False where a value is missing; they never compare NaN.
    """

    on_pandas = RowTotals
    stop: Wall | None = None
    axis: Axis | None = None
    zone: Any = None
    flagged: tuple[str, ...] = ()  # arguments that hold flags as numbers
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
                known = column < instant(Wall(_NEVER_DAY * DAY), self.clock)
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

    def one_each(
        self, answers: Any, weights: Any, unit: Any, times: Any, keep: str, by: Any
    ) -> tuple[EngineRowTotals, Any, Any]:
        """Keep one row per customer and period, as `RowTotals` does."""
        nw = narwhals()
        keys = self.grouping(by)
        at = self.instants({"time": times}, "time")["time"]
        frame = self.frame.with_columns(
            unit.alias("csm:unit"),
            nw.when(answers.is_null()).then(nw.lit(0)).otherwise(nw.lit(1)).alias("csm:answered"),
            at.alias("csm:at"),
            answers.alias("csm:answer"),
            (nw.lit(1) if weights is None else weights).alias("csm:weight"),
        )
        alone = ["csm:unit", *(key for key in keys if key == _PERIOD)]
        best = {"csm:answered": "max", "csm:at": "max" if keep == "last" else "min", "csm:answer": "min"}
        best |= {**{key: "min" for key in keys if key != _PERIOD}, "csm:weight": "min"}
        for name, how in best.items():
            frame = frame.with_columns(getattr(nw.col(name), how)().over(*alone).alias("csm:best"))
            frame = frame.filter((nw.col(name) == nw.col("csm:best")) | nw.col("csm:best").is_null())
        names = list(dict.fromkeys([*alone, *keys]))
        kept = copy(self)
        kept.frame = frame.group_by(*names).agg(nw.col("csm:answer").max(), nw.col("csm:weight").max())
        return kept, nw.col("csm:answer"), None if weights is None else nw.col("csm:weight")

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
            raise MetricInputError(self.metric, argument, _FLAGS, wrong.found, _COMPARE) from None
        odd = (values < 0) | (values > 1) | ((values > 0) & (values < 1))
        self.fact(f"odd {argument}", nw.when(odd).then(nw.lit(1)).otherwise(nw.lit(0)), "sum")
        self.fact(f"oddest {argument}", nw.when(odd).then(values), "max")
        self.flagged = (*self.flagged, argument)
        return values > 0, ~values.is_null()

    def _look(self, flagged: Any) -> None:
        """Compute the facts; raise for flags that are neither 0 nor 1, which are no single bad rows."""
        super()._look(flagged)
        for argument in self.flagged:
            odd = self.count(f"odd {argument}")
            if odd:
                raise _no_flags(self.metric, argument, odd, self.count("rows"), self.facts[f"oddest {argument}"][0])
        again = self.count("rows") - self.count("bad") - self.count(f"different {self.single}") if self.single else 0
        if again > 0:
            raise _not_once(self.metric, self.single, again)

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
            self.frame = self.frame.with_columns(period_key(calendar, times).alias(_PERIOD))

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

    def only(self, condition: Any, amounts: Any) -> Any:
        """Return amounts where a condition holds, and 0 elsewhere."""
        nw = narwhals()
        return nw.when(condition).then(amounts).otherwise(nw.lit(0))

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
        self.refuse(given >= _ENDLESS)
        filled = nw.when(given < _ENDLESS).then(given).otherwise(nw.lit(0))  # Dask cannot make integers of missing ones
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
        return keys if self.axis is None else [_PERIOD, *keys]

    def labels(self, small: pd.DataFrame, names: list[str]) -> list[pd.Series[Any]]:
        """Return the grouping columns of a result; those of periods as the calendar's numbers."""
        return [
            pd.Series(period_numbers(self.axis.calendar, small[name]), name=PERIOD)
            if name == _PERIOD and self.axis is not None
            else small[name]
            for name in names
        ]

    def totals(self, by: Any, columns: dict[str, Any], amounts: Sequence[str] = ()) -> pd.DataFrame:
        """Count the conditions and add up the amounts of the good rows by group; a missing value adds nothing."""
        nw = narwhals()
        names = self.grouping(by)
        asked = {"csm:rows": nw.lit(1).cast(nw.Int64)}
        for name, values in columns.items():
            flag = nw.when(values).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)
            asked[f"csm:{name}"] = values if name in amounts else flag
        small = self.sums(names, asked)
        sums = {name: summed(small[f"csm:{name}"]) for name in columns}
        return noted(table(self.metric, self.labels(small, names), sums, self.axis), self.remarks)


def read(
    metric: str, frame: Any, on_bad_rows: str, screened: Callable[[Any], Read], freq: Any = None
) -> tuple[RowTotals | EngineRowTotals, Read]:
    """Read and screen the rows of a frame; return them with the result of `screened`."""
    calendar = None if freq is None else Calendar(metric, freq)
    if isinstance(frame, pd.DataFrame):
        rows = RowTotals(metric, frame, on_bad_rows, calendar)
        return rows, screened(rows)
    others = EngineRowTotals(metric, frame, on_bad_rows, calendar)
    found = screened(others)
    others.screen(screened)
    return others, found


def _without(times: Times, gone: Any) -> Times:
    """Make some dates missing."""
    gone = gone & (times.ticks != NAT)
    return replace(times, ticks=np.where(gone, NAT, times.ticks)) if gone.any() else times


def _not_once(metric: str, argument: str, again: int, example: Any = None) -> MetricInputError:
    found = f"{again} rows repeat one" + ("" if example is None else f", such as {shown(example)}")
    hint = "keep one row of each, for example the latest: .sort_values(...).drop_duplicates(..., keep='last')"
    return MetricInputError(metric, argument, "must stand in one row each", found, hint)


def _no_flags(metric: str, argument: str, odd: int, rows: int, example: Any) -> MetricInputError:
    found = f"{odd} of {rows} values are neither, such as {show(example)}"
    return MetricInputError(metric, argument, _FLAGS, found, _COMPARE)


def _seconds(times: Times) -> tuple[Any, Any]:
    """Return seconds since 1970-01-01 in UTC, and the remainder in nanoseconds."""
    per_second = times.per_day // 86_400
    seconds, rest = np.divmod(times.elapsed(), per_second)
    return seconds, rest * (10**9 // per_second)
