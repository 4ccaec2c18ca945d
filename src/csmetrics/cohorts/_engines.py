"""Raw rows of an engine's frame: screened and reduced by the engine, finished by the same numpy as pandas rows.

What crosses is small: one row of facts, the bad rows that were asked for, and one row per customer and period.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.columns import require
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._rows import Rows, broken, check_mode, key_names
from csmetrics.cohorts._time import Calendar, Times, one_clock, read_times
from csmetrics.core._money import BITS, SCALES, binary_scale, is_whole
from csmetrics.errors import MetricInputError

_UTC = ("UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu")
_LATEST = 253_402_300_799_999_999  # the last microsecond of the year 9999: what Python can say
_SAMPLE = 3  # bad rows that an error shows
_COLUMNS = 6  # and their columns


class EngineRows:
    """The rows of an engine's frame, screened while their columns are read: `Rows` for engines.

    Parameters
    ----------
    metric
        The builder that asks, for its errors.
    frame
        Any frame that narwhals knows.
    on_bad_rows
        ``"raise"`` or ``"report"``.

    Attributes
    ----------
    frame : narwhals.LazyFrame
        The rows; after `screen` only the good ones.
    facts : DataFrame
        After `screen`: one row with what was asked for by `fact`.
    excluded : DataFrame or None
        After `screen`: the bad rows with the reasons, where they were asked for.
    """

    on_pandas: ClassVar[type[Rows]] = Rows

    def __init__(self, metric: str, frame: Any, on_bad_rows: str) -> None:
        check_mode(metric, on_bad_rows)
        self.metric, self.report = metric, on_bad_rows == "report"
        self.frame = engines.lazy(frame, metric, "frame")
        self.schema = self.frame.collect_schema()
        self.columns = list(self.schema)
        self.excluded: pd.DataFrame | None = None
        self.facts = pd.DataFrame()
        self._asked: dict[str, Any] = {}
        self._bad: list[Any] = []
        self._zones: dict[str, str | None] = {}  # of the columns of dates, all read on the clock of the first

    def column(self, name: Any, argument: str) -> Any:
        """Give a column as an expression; MissingColumnError where it is not there."""
        require(self, name, self.metric, argument)
        return narwhals().col(name)

    def keys(self, by: Any, axis: str | None = None) -> list[str]:
        """Give the grouping columns by name; categories become text, whose order is the same on all engines."""
        names = key_names(self.metric, by, axis)
        for name in names:
            self.column(name, "by")
        if names:
            self.frame = self.frame.with_columns(*(engines.group_key(self.schema, name).alias(name) for name in names))
        return names

    def refuse(self, flag: Any) -> None:
        """Mark rows as bad: an expression that is true where they are."""
        nw = narwhals()
        self._bad.append(nw.when(flag).then(nw.lit(1)).otherwise(nw.lit(0)))

    def units(self, name: Any, argument: str) -> Any:
        """Read whom the rows belong to; missing is bad."""
        column = self.column(name, argument)
        self.refuse(column.is_null())
        if self.schema[name].is_float():
            self.refuse(~column.is_finite())
        return column

    def times(self, name: Any, argument: str, *, optional: bool = False, like: Any = None) -> Any:
        """Read dates, all on one wall clock; missing is bad unless it may be."""
        nw = narwhals()
        column, dtype = self.column(name, argument), self.schema[name]
        if dtype == nw.Date:
            column = column.cast(nw.Datetime("us"))
        elif dtype not in (nw.Datetime, nw.Unknown):  # narwhals does not know all zones of Dask
            hint = "make timestamps of it in the engine first"
            raise MetricInputError(self.metric, argument, "must hold dates", f"got a column of {dtype}", hint)
        if not optional:
            self.refuse(column.is_null())
        if dtype == nw.Unknown:
            return column
        zone = getattr(dtype, "time_zone", None)
        self._zones[argument] = zone
        first = one_clock(self.metric, self._zones)
        return column if zone == first else column.dt.convert_time_zone(first)

    def refuse_before(self, argument: str, ends: Any, begins: Any, first: str = "", hint: str = "") -> None:
        """Refuse rows that end before they begin."""
        self.refuse(ends < begins)

    def numbers(self, name: Any, argument: str, *, negative: bool = False, missing: bool = False) -> Any:
        """Read numbers; infinite is bad, and negative or missing unless it may be."""
        nw = narwhals()
        column, dtype = self.column(name, argument), self.schema[name]
        if not dtype.is_numeric():
            raise MetricInputError(self.metric, argument, "must be numbers", f"got a column of {dtype}")
        if not (dtype.is_integer() or dtype.is_float()):
            column = column.cast(nw.Float64)
        if not missing:
            self.refuse(column.is_null())
        if not dtype.is_integer():
            finite = column.is_finite() if not missing else column.is_finite() | column.is_nan()
            self.refuse(~finite)
        if not negative:
            self.refuse(column < 0)
        return column

    def fact(self, name: str, column: Any, how: str) -> None:
        """Ask for the sum, min or max of an expression over all rows."""
        self._asked[name] = (column, how)

    def screen(self, screened: Callable[[Any], Any]) -> None:
        """Find the facts and the bad rows; raise, or leave them out.

        Parameters
        ----------
        screened
            What reads the columns: on bad rows brought to pandas it words what is wrong with them.
        """
        nw = narwhals()
        names = [f"csm bad_{i}" for i in range(len(self._bad))]
        facts = [column.alias(f"csm fact_{name}") for name, (column, _) in self._asked.items()]
        flagged = self.frame.with_columns(
            *(flag.alias(name) for flag, name in zip(self._bad, names, strict=True)), *facts
        )
        flagged = flagged.with_columns(sum((nw.col(name) for name in names[1:]), nw.col(names[0])).alias("csm bad"))
        flagged = flagged.with_columns((nw.col("csm bad") > 0).cast(nw.Int64).alias("csm bad"))
        self._look(flagged)
        found, some = self._count("bad"), flagged.filter(nw.col("csm bad") == 1).select(*self.columns)
        if found and not self.report:
            raise self._error(self._worded(some.head(_SAMPLE), screened), found)
        if self.report:
            self.excluded = self._worded(some, screened).explained()
        if found:
            flagged = flagged.filter(nw.col("csm bad") == 0)
            self.frame = flagged.select(*self.columns)
            self._look(flagged)

    def _worded(self, some: Any, screened: Callable[[Any], Any]) -> Rows:
        """Bring bad rows to pandas, and say there what is wrong with them."""
        rows = self.on_pandas(self.metric, engines.collect(some), "report")
        screened(rows)
        return rows

    def _look(self, flagged: Any) -> None:
        nw = narwhals()
        totals = [nw.len().alias("rows"), nw.col("csm bad").sum().alias("bad")]
        totals += [getattr(nw.col(f"csm fact_{name}"), how)().alias(name) for name, (_, how) in self._asked.items()]
        self.facts = engines.collect(flagged.select(*totals))

    def _count(self, name: str) -> int:
        value = self.facts[name].iloc[0]
        return 0 if pd.isna(value) else int(value)

    def _error(self, rows: Rows, count: int) -> MetricInputError:
        reason, argument, hint, _ = rows.bad[0] if rows.bad else ("is wrong", "rows", "", None)
        records = rows.frame.iloc[:, :_COLUMNS].to_dict("records")
        shown = "; ".join(", ".join(f"{name}={value!s}" for name, value in record.items()) for record in records)
        found = f"{count} of {self._count('rows')} rows break a rule, such as {shown}"
        return broken(self.metric, argument, reason, found, hint, [])

    def instant(self, name: str) -> Times:
        """Read a fact that is an instant: as a column of one."""
        return read_times(self.metric, name, self.facts[name])[0]

    def keep_before(self, times: Any, stop: int, zone: Any) -> None:
        """Leave out what happened after the end of the data, in microseconds of the wall clock."""
        self.frame = self.frame.filter(times < instant(stop, zone))

    def ask_money(self, amounts: Any) -> None:
        """Ask for what tells the unit of amounts: their sum, and how many are no multiples of each."""
        nw = narwhals()
        self.fact("money", amounts.abs().cast(nw.Float64), "sum")
        if self.frame.select(amounts.alias("csm mrr")).collect_schema()["csm mrr"].is_integer():
            return
        known = nw.when(amounts.is_finite()).then(amounts).otherwise(nw.lit(0.0))  # the others are bad rows
        for scale in SCALES:
            odd = nw.when(is_whole(known * scale)).then(nw.lit(0)).otherwise(nw.lit(1))
            self.fact(f"odd_{scale}", odd, "sum")

    def money(self, amounts: Any) -> tuple[Any, Any]:
        """Give amounts as Int64 units, and how many make up 1; None for integers, which are their own."""
        nw = narwhals()
        total = self.facts["money"].iloc[0]
        total = 0.0 if pd.isna(total) else float(total)
        if not total < 2.0**BITS:
            return None, None
        if f"odd_{SCALES[0]}" not in self.facts:
            return amounts.cast(nw.Int64), None
        exact = [scale for scale in SCALES if not self._count(f"odd_{scale}") and total * scale < 2.0**BITS]
        scale = exact[0] if exact else binary_scale(total)
        return (amounts * scale).round().cast(nw.Int64), scale

    def changes(
        self,
        customer: str,
        keys: list[str],
        units: Any,
        signed: Sequence[tuple[int, Any]],
        stop: int,
        zone: Any,
        calendar: Calendar,
    ) -> pd.DataFrame:
        """Add up units by customer, groups and period, of what happened before an instant.

        Parameters
        ----------
        customer, keys
            Columns.
        units
            An amount per row: an expression.
        signed
            Signs and dates: 1 and when the amount comes, -1 and when it goes.
        stop, zone
            The instant, in microseconds of the wall clock.
        calendar
            The periods.
        """
        nw = narwhals()
        parts = []
        for sign, times in signed:
            known = self.frame.filter(times < instant(stop, zone))
            columns = (period_key(calendar, times).alias("csm period"), (units * sign).alias("csm units"))
            parts.append(known.with_columns(*columns).select(customer, *keys, "csm period", "csm units"))
        both = nw.concat(parts) if len(parts) > 1 else parts[0]
        return engines.collect(both.group_by(customer, *keys, "csm period").agg(nw.col("csm units").sum()))

    def sums(self, keys: Sequence[str], columns: dict[str, Any]) -> pd.DataFrame:
        """Add up expressions by keys; without keys, over all rows, to one row.

        Parameters
        ----------
        keys
            Columns of the frame.
        columns
            Names to expressions of numbers; integers are summed as Int64.
        """
        nw = narwhals()
        prepared = self.frame.with_columns(*(expr.alias(name) for name, expr in columns.items()))
        totals = [nw.col(name).sum() for name in columns]
        reduced = prepared.group_by(*keys).agg(*totals) if keys else prepared.select(*totals)
        return engines.collect(reduced)


def instant(micros: int, zone: Any) -> Any:
    """Give a datetime for microseconds of the wall clock."""
    stamp = pd.Timestamp(min(micros, _LATEST), unit="us")
    if zone is not None:
        stamp = stamp.tz_localize(zone, ambiguous=False, nonexistent="shift_forward")
    return stamp.to_pydatetime()


def period_key(calendar: Calendar, column: Any) -> Any:
    """Give the expression that tells a row's period on its own clock: its number, or the first instant of a day."""
    if calendar.freq == "D":
        return column.dt.truncate("1d")
    if calendar.freq == "h":
        return _days(column) * 24 + column.dt.hour().cast(narwhals().Int64)
    if calendar.freq == "W":
        return (_days(column) + calendar.lead) // 7
    whole = narwhals().Int64
    months = column.dt.year().cast(whole) * 12 + column.dt.month().cast(whole) - (1970 * 12 + 1)
    return months if calendar.freq == "M" else months // {"Q": 3, "Y": 12}[calendar.freq]


def period_numbers(metric: str, calendar: Calendar, keys: pd.Series[Any]) -> Any:
    """Give the calendar's numbers for keys that came back."""
    if not len(keys):
        return np.zeros(0, np.int64)
    if calendar.freq != "D":
        return keys.to_numpy(dtype=np.int64)
    times, _ = read_times(metric, "time", keys)
    numbering = calendar.numbering(times)
    return numbering.of(slice(None)).astype(np.int64) + numbering.first


class ReducedEvents:
    """Events that the engine counts by user and period.

    Parameters
    ----------
    rows
        The screened rows.
    user, keys
        The columns of users and groups.
    times, happened, amounts
        Expressions: when, what (or None), how much (or None).
    roles
        The kinds of events that begin a membership, and those that count as coming back; None for all.
    calendar
        The periods.
    """

    def __init__(
        self,
        rows: EngineRows,
        user: str,
        keys: list[str],
        times: Any,
        happened: Any,
        roles: Any,
        amounts: Any,
        calendar: Calendar,
    ) -> None:
        nw = narwhals()
        self.metric, self.user, self.keys, self.times = rows.metric, user, keys, times
        self.all = roles == (None, None)
        self.amounts = amounts is not None
        flags = [
            nw.lit(1) if role is None else nw.when(happened.is_in(role)).then(nw.lit(1)).otherwise(nw.lit(0))
            for role in roles
        ]
        columns = {"csm period": period_key(calendar, times)}
        columns |= {f"csm {role}": flag.cast(nw.Int64) for role, flag in zip(("start", "return"), flags, strict=True)}
        if self.amounts:
            columns["csm value"] = amounts
        self.frame = rows.frame.with_columns(*(column.alias(name) for name, column in columns.items()))
        if self.amounts:
            self.frame = self.frame.with_columns(
                *(
                    (nw.col("csm value") * nw.col(f"csm {role}")).alias(f"csm {role}_value")
                    for role in ("start", "return")
                )
            )

    def periods(self, count: bool) -> tuple[pd.DataFrame, Any, Any]:
        """Give one row per user and period, with its events and amounts, and the rows of either role (None for all)."""
        nw = narwhals()
        names = [self.user, *self.keys, "csm period"]
        if self.all and not count and not self.amounts:
            distinct = self.frame.group_by(*names).agg(nw.len().alias("csm events"))  # streams where unique() does not
            return engines.collect(distinct.select(*names)), None, None
        totals = [nw.col("csm start").sum(), nw.col("csm return").sum()]
        if self.amounts:
            totals += [nw.col("csm start_value").sum(), nw.col("csm return_value").sum()]
        small = engines.collect(self.frame.group_by(*names).agg(*totals))
        parts = [
            small[small[f"csm {role}"] > 0].rename(
                columns={f"csm {role}": "csm events", f"csm {role}_value": "csm value"}
            )
            for role in (("start",) if self.all else ("start", "return"))
        ]
        if self.all:
            return parts[0], None, None
        sizes = [len(part) for part in parts]
        both = pd.concat(parts, ignore_index=True)
        return both, np.arange(sizes[0]), np.arange(sizes[0], sum(sizes))

    @property
    def looks_ahead(self) -> bool:
        """Tell whether the engine can look at a user's next row."""
        return not (self.frame.implementation.is_pyarrow() or self.frame.implementation.is_dask())

    def gaps(self, longest: int) -> pd.DataFrame:
        """Count users by groups, day and the days until their next active one, at most `longest`."""
        nw = narwhals()
        seen = self.frame.group_by(self.user, *self.keys, "csm period").agg(nw.len().alias("csm users"))
        seen = seen.with_columns(_days(nw.col("csm period")).alias("csm day"))
        following = nw.col("csm day").shift(-1).over(self.user, *self.keys, order_by="csm day")
        seen = seen.with_columns((following - nw.col("csm day")).alias("csm gap"))
        gap = nw.when(nw.col("csm gap") < longest).then(nw.col("csm gap")).otherwise(nw.lit(longest))
        seen = seen.select(*self.keys, "csm period", gap.alias("csm gap"))
        return engines.collect(seen.group_by(*self.keys, "csm period", "csm gap").agg(nw.len().alias("csm users")))

    def elapsed(self, width: int, zone: Any, recurring: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Count the windows since each user's own start.

        Returns
        -------
        members : DataFrame
            User, groups, `csm period`, `csm began` in microseconds of UTC, `csm value`: one row per member, in order.
        pairs : DataFrame
            `csm who`, the position of a member; `csm age`, `csm events`, `csm value`: one row per member and window,
            in order.
        """
        nw = narwhals()
        # null keys match nothing in a join: text that is never null, and a flag, stand for them
        same = [f"csm key_{i}" for i in range(len(self.keys))]
        safe = [
            nw.col(key).cast(nw.String).fill_null("").alias(name) for key, name in zip(self.keys, same, strict=True)
        ]
        safe += [
            nw.col(key).is_null().cast(nw.Int64).alias(f"{name}_null")
            for key, name in zip(self.keys, same, strict=True)
        ]
        ids = [self.user, *same, *(f"{name}_null" for name in same)]
        timed = self.frame.with_columns(*safe) if safe else self.frame
        timed = with_micros(timed, self.metric, {"csm micros": ("time", self.times, zone)})
        begun = timed.filter(nw.col("csm start") == 1)
        totals = [nw.col("csm micros").min().alias("csm began")]
        totals += [nw.col("csm start_value").sum().alias("csm value")] if self.amounts else []
        members = engines.collect(begun.group_by(*ids, *self.keys, "csm period").agg(*totals))
        members = members.sort_values([*ids, "csm period"], ignore_index=True)
        if not recurring:
            members = members.drop_duplicates(ids, ignore_index=True)
        starts = begun.group_by(*ids, *(["csm period"] if recurring else [])).agg(
            nw.col("csm micros").min().alias("csm began")
        )
        if recurring:
            starts = starts.rename({"csm period": "csm cohort"})
        whose = [*ids, *(["csm cohort"] if recurring else [])]
        since = timed.filter(nw.col("csm return") == 1).join(starts, on=ids, how="inner")
        since = since.with_columns(((nw.col("csm micros") - nw.col("csm began")) // width).alias("csm age"))
        totals = [nw.col("csm return").sum().alias("csm events")]
        totals += [nw.col("csm return_value").sum().alias("csm value")] if self.amounts else []
        pairs = engines.collect(since.filter(nw.col("csm age") >= 1).group_by(*whose, "csm age").agg(*totals))
        at = members[[*ids, "csm period"]].assign(**{"csm who": np.arange(len(members))})
        if recurring:
            pairs = pairs.rename(columns={"csm cohort": "csm period"}).merge(at, on=[*ids, "csm period"])
        else:
            pairs = pairs.merge(at.drop(columns="csm period"), on=ids)
        return members, pairs.sort_values(["csm who", "csm age"], ignore_index=True)


def with_micros(frame: Any, metric: str, instants: dict[str, tuple[str, Any, Any]]) -> Any:
    """Add columns of microseconds since 1970-01-01 in UTC.

    Parameters
    ----------
    frame
        A LazyFrame.
    metric
        The builder that asks.
    instants
        The new columns' names, to the argument, the expression and the time zone of instants.
    """
    foreign = {name: given for name, given in instants.items() if given[2] is not None and str(given[2]) not in _UTC}
    columns = {
        name: times.dt.convert_time_zone("UTC") if name in foreign else times
        for name, (_, times, _) in instants.items()
    }
    try:  # all at once: Dask takes long for one after the other
        return frame.with_columns(*(_micros(times).alias(name) for name, times in columns.items()))
    except NotImplementedError:  # where the zone belongs to the session; the rows are the same in another
        if not foreign:
            raise
        argument, _, zone = next(iter(foreign.values()))
        rule, hint = "must be in UTC to count elapsed time on this engine", "set the session's time zone to UTC first"
        raise MetricInputError(metric, argument, rule, f"got the zone {zone}", hint) from None


def _micros(times: Any) -> Any:
    """Give the expression for microseconds since 1970-01-01."""
    whole = narwhals().Int64
    hours = _days(times) * 24 + times.dt.hour().cast(whole)
    seconds = (hours * 60 + times.dt.minute().cast(whole)) * 60 + times.dt.second().cast(whole)
    return seconds * 1_000_000 + times.dt.microsecond().cast(whole)


def _days(times: Any) -> Any:
    """Give the expression for days since 1970-01-01, from the parts of a date that all engines have."""
    whole = narwhals().Int64
    year = times.dt.year().cast(whole) - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + times.dt.ordinal_day().cast(whole) - 719_163
