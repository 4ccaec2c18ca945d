"""Rows of a pandas DataFrame: answers, flags and waiting times, read and added up to totals by group."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from csmetrics._frames.columns import has
from csmetrics._frames.kinds import EXACT
from csmetrics.cohorts._rows.axis import PERIOD, Axis, table
from csmetrics.cohorts._rows.bad import FLAGS, compare, map_words, no_flags, not_once
from csmetrics.cohorts._rows.end_of_data import end_of_data
from csmetrics.cohorts._rows.groups import number_units
from csmetrics.cohorts._rows.instants import DAY, HOUR, NAT, Times, Wall, in_micros, in_utc, on_clock
from csmetrics.cohorts._rows.pandas import Rows, earlier
from csmetrics.cohorts._rows.remarks import noted
from csmetrics.cohorts._rows.zones import must_match
from csmetrics.cohorts.hours import BusinessHours
from csmetrics.core._flags import flags
from csmetrics.errors import MetricInputError

Read = TypeVar("Read")

_CODES = "where a code stands for no answer, put None or NaN first"
_MEANS = "an average of answers is not an answer; pass the answers themselves"
_DURATIONS = "text becomes durations with pd.to_timedelta(column); hours and minutes need their seconds: column + ':00'"
_NO_UNIT = (
    "No `{}` is as long as a millisecond: pandas makes durations of numbers with their unit only, as in "
    "pd.to_timedelta(column, unit='h')."
)
_MILLISECOND = 1000  # microseconds
ENDLESS = 10**9  # hours, whose microseconds int64 still holds
NEVER_DAY = 2_932_532  # days from 1970-01-01 to the year 9999, in which a date stands for no date


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
    counted: Any = slice(None)  # the rows that count, after `place`: their positions, or flags
    size: int | None = None  # how many they are, after `only_counted`
    marked: Any = None  # or which rows they are, where they are not cut
    numbers_of_periods: Any = None

    def times(
        self, name: Any, argument: str, *, optional: bool = False, like: Times | None = None, series: Any = None
    ) -> Times:
        """Read dates; where a date may be missing, one in the year 9999 is."""
        times = super().times(name, argument, optional=optional, like=like, series=series)
        return _until(times, NEVER_DAY * DAY) if optional else times

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
            text = "the text" in wrong.found
            hint = map_words(name, self.column(name, argument)) if text else compare(argument, name)
            raise MetricInputError(self.metric, argument, FLAGS, wrong.found, hint) from None
        odd = (values != 0) & (values != 1) & ~np.isnan(values)
        if odd.any():
            raise no_flags(self.metric, argument, name, int(odd.sum()), values.size, values[odd].max())
        return values == 1, ~np.isnan(values)

    def end(self, as_of: Any, dates: dict[str, Times]) -> None:
        """Find out up to when the data is complete: `as_of`, else the latest of the dates in the good rows."""
        kept = self.kept()
        taken = {argument: times.take(kept) for argument, times in dates.items()}
        must_match(self.metric, taken)
        self.stop = end_of_data(self.metric, as_of, taken.values())

    def known(self, times: Times) -> Times:
        """Take dates after the end of the data as missing: they are not known yet."""
        return _until(times, self.stop)

    def place(self, times: Times, argument: str) -> None:
        """Count the rows whose date is known by the end of the data, by complete period if there is a calendar."""
        kept = self.kept()
        dated = self.by_now(times)
        whole = isinstance(kept, slice) and dated.all()
        self.counted = kept if whole else dated if isinstance(kept, slice) else kept[dated[kept]]
        if self.calendar is None:
            return
        calendar = self.calendar
        self.counted = self.rows()
        numbering = calendar.numbering(times.take(self.counted))
        numbers = numbering.of(slice(None)).astype(np.int64) + numbering.first
        self.axis = Axis.until(calendar, numbering.first if numbers.size else None, self.stop)
        complete = numbers < self.axis.first + self.axis.count
        if not complete.all():
            self.counted = np.flatnonzero(complete) if isinstance(self.counted, slice) else self.counted[complete]
            numbers = numbers[complete]
        self.numbers_of_periods = numbers

    def only_counted(self, found: Read, grouped: bool = True) -> Read:
        """Cut what was read down to the rows that count; what is computed from it is about these rows alone.

        Rows that are not `grouped` are not cut, but marked: to pass over them in a total is faster than to move others.
        """
        if not grouped and isinstance(self.counted, np.ndarray) and self.counted.dtype == bool:
            self.marked = self.counted
            return found
        rows = self.rows()
        if isinstance(rows, slice):
            return found
        self.size = len(rows)
        cut: Read = _cut(found, rows)
        return cut

    def every(self) -> Any:
        """Return the condition that all rows meet."""
        return np.ones(len(self.frame) if self.size is None else self.size, bool)

    def happened(self, times: Times) -> Any:
        """Return the condition that the row has a date."""
        return times.ticks != NAT

    def by_now(self, times: Times) -> Any:
        """Return the condition that the row has a date, and that it is known by the end of the data."""
        dated, late = self.happened(times), times.late(self.stop)
        return dated if late is None else dated & ~late

    def only(self, condition: Any, amounts: Any) -> Any:
        """Return amounts where a condition holds, and 0 elsewhere."""
        return np.where(condition if self.marked is None else condition & self.marked, amounts, 0)

    def squared(self, seconds: Any, rest: Any) -> Any:
        """Return the squares of times in seconds and a rest of nanoseconds."""
        times = seconds + 1e-9 * rest
        return times * times

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
            if not missing.all() and passed[~missing].max() < _MILLISECOND:
                self.remarks.note(_NO_UNIT.format(argument), doubtful=True)
        else:
            try:
                hours = self.numbers(name, argument, missing=True)
            except MetricInputError as wrong:
                hint = _DURATIONS if re.search(r"\d(:\d\d| *[hms])", wrong.found) else wrong.hint
                raise MetricInputError(self.metric, argument, wrong.rule, wrong.found, hint) from None
            self.refuse(argument, f"is {ENDLESS:,} hours or more", (hours >= ENDLESS) & np.isfinite(hours))
            missing = ~(hours < ENDLESS)
            passed = np.rint(np.where(missing, 0, hours) * HOUR).astype(np.int64)
        return np.where(missing, 0, passed), ~missing

    def is_date(self, name: Any, argument: str) -> bool:
        """Check whether a column holds neither durations nor numbers."""
        return self.column(name, argument).dtype.kind not in "miuf"

    def once(self, name: Any, argument: str) -> None:
        """Reject ids that several rows have; a missing one is bad."""
        ids = self.units(name, argument)
        if isinstance(ids.dtype, np.dtype) and ids.dtype.kind in "iu":
            values, low, size = number_units(self.metric, ids, slice(None))
            if size <= 4 * len(ids):  # integers close together are looked up much faster than hashed
                seen = np.zeros(size, bool)
                seen[values - low] = True
                if np.count_nonzero(seen) == len(ids):
                    return
        again = ids.duplicated() & ids.notna()
        if again.any():
            raise not_once(self.metric, argument, int(again.sum()), ids[again].iloc[:1].tolist()[0])

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
        """Return the time passed from `since` to each other date: seconds, rest in nanoseconds.

        The sum of either part fits in int64, and sums of integers are the same on all engines. Where a date is missing,
        the time means nothing.
        """
        begun, unit = times[since].elapsed(), times[since].per_day
        found = {}
        for argument, until in times.items():
            if argument != since and until.per_day == unit:
                found[argument] = _seconds(until.elapsed() - begun, unit)
            elif argument != since:
                (ended, rest), (started, less) = _seconds(until.elapsed(), until.per_day), _seconds(begun, unit)
                found[argument] = (ended - started, rest - less)
        return found

    def whole(self, name: Any) -> bool:
        """Check whether a column holds integers, with or without missing values."""
        return getattr(self.column(name, "").dtype, "kind", "O") in "iu"

    def grouping(self, by: Any) -> list[pd.Series[Any]]:
        """Return the grouping columns of the rows that count; the numbers of the periods come first."""
        keys = self.keys(by, None if self.axis is None else PERIOD)
        rows = self.rows() if keys else slice(None)
        taken = [key if isinstance(rows, slice) else key.iloc[rows] for key in keys]
        return taken if self.axis is None else [pd.Series(self.numbers_of_periods, name=PERIOD), *taken]

    def rows(self) -> Any:
        """Return the positions of the rows that count."""
        kept = self.kept()
        if isinstance(self.counted, slice):
            return kept
        return np.flatnonzero(self.counted) if self.counted.dtype == bool else self.counted

    def totals(self, by: Any, columns: dict[str, Any], amounts: Sequence[str] = ()) -> pd.DataFrame:
        """Count the conditions and add up the amounts, which `only` has made, by group."""
        keys, given = self.grouping(by), dict(columns)
        for name, values in columns.items():
            if name not in amounts and keys:
                given[name] = values.view(np.int8)
            elif name not in amounts and self.marked is not None:
                given[name] = values & self.marked
        return noted(table(self.metric, keys, given, self.axis), self.remarks)


def _cut(found: Any, rows: Any) -> Any:
    """Keep some rows of columns, however they are packed."""
    if isinstance(found, Times):
        return found.take(rows)
    if isinstance(found, dict):
        return {name: _cut(one, rows) for name, one in found.items()}
    if isinstance(found, (list, tuple)):
        return type(found)(_cut(one, rows) for one in found)
    if isinstance(found, pd.Series):
        return found.iloc[rows]
    return found[rows] if isinstance(found, np.ndarray) else found


def _until(times: Times, stop: int | None) -> Times:
    """Take dates from an instant on as missing."""
    late = times.late(stop)
    return times if late is None else replace(times, ticks=np.where(late, NAT, times.ticks))


def _seconds(ticks: Any, per_day: int) -> tuple[Any, Any]:
    """Convert ticks to seconds, and the remainder in nanoseconds."""
    per_second = per_day // 86_400
    seconds = ticks // per_second
    return seconds, (ticks - seconds * per_second) * (10**9 // per_second)
