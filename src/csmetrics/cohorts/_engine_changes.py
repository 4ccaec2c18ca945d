"""What an engine adds up of a ledger: the changes of customers by period or instant, and the lines behind their groups.

Rows are reduced before they leave the engine:

* changes: one row per customer and period;
* changes at instants, where gaps are bridged on an engine that cannot look at a customer's next row (PyArrow, Dask), in
  several currencies, and of customers with negative amounts: one row per customer and change;
* from Spark, whose driver should not hold all customers, one row per period, group and kind of change, where that is
  enough;
* with ``by_at="opening"`` also one row per customer and group, and of customers in several groups the lines that are
  live at a closing, as no sum can tell which of them is the largest.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._ends import Reach
from csmetrics.cohorts._ledger import CONTRACTION, EXPANSION, LOST, NEW, REACTIVATED, Asked
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.engine_time import _days, instant, period_key, wall_micros
from csmetrics.cohorts._rows.instants import DAY, Wall
from csmetrics.cohorts._rows.options import key_names

OPEN = 2**62  # stands for a missing end among numbers
_SECOND = 1_000_000


class Reducer:
    """The reductions of the rows of a ledger, each of which returns a small frame.

    Parameters
    ----------
    asked
        What the caller asked for.
    frame
        The rows up to the end of the data: a LazyFrame.
    keys, currency
        The columns of groups and currencies.
    units
        The expression of the amount of a row.
    begins, ends
        The expressions of its instants; `ends` is None for snapshots and changes.
    reach
        How far a row reaches past its end.
    stop, zone
        The end of the data in microseconds of the wall clock, and its zone.
    """

    def __init__(
        self,
        asked: Asked,
        frame: Any,
        keys: list[str],
        currency: Any,
        units: Any,
        begins: Any,
        ends: Any,
        reach: Reach,
        stop: Wall,
        zone: Any,
    ) -> None:
        nw = narwhals()
        self.asked, self.frame, self.begins, self.ends, self.reach = asked, frame, begins, ends, reach
        self.units, self.stop = units, instant(stop, zone)
        customer = {"csm:customer": nw.col(asked.customer)}
        groups = {f"csm:key {i}": nw.col(name) for i, name in enumerate(keys)}
        money = {} if currency is None else {"csm:currency": nw.col(currency)}
        self.pair, self.line, self.money = customer | groups, customer | groups | money, bool(money)
        self.group, self.account = groups, customer | money if asked.follows else self.line

    def changes(self) -> pd.DataFrame:
        """Add up the changes by account and period; or by account and instant, if gaps are to be bridged later.

        What adds up to nothing, such as a renewal at the same price, is left out.
        """
        if not self.asked.grace or self.asked.snapshots:
            return engines.collect(self._by_period(self._changes(self.frame, self.account)))
        net = self._by_instant(self.frame, self.account)
        engine = net.implementation
        if self.money or engine.is_pyarrow() or engine.is_dask():
            return engines.collect(net.select(*self.account, "csm:at", "csm:units"))
        return engines.collect(self._by_period(self._bridged(net)))

    def labelled(self, until: int) -> pd.DataFrame:
        """Label the changes before a period as `_bridge` does, and add them up by period, group and label.

        No balance may be below 0 at any instant, so that a customer's first change is a gain.
        """
        nw = narwhals()
        grace, frame, account = self.asked.grace, self.frame, self.account
        net = self._bridged(self._by_instant(frame, account)) if grace else self._changes(frame, account)
        period, units = nw.col("csm:period"), nw.col("csm:units")
        net = self._by_period(net).filter(period < until).with_columns(
            units.cum_sum().over(*self.account, order_by="csm:period").cast(nw.Int64).alias("csm:after"),
            period.min().over(*self.account).alias("csm:first"),
        )  # fmt: skip
        was, here = nw.col("csm:after") > units, nw.col("csm:after") > 0
        label = nw.lit(LOST)
        for number, which in (
            (CONTRACTION, was & here),
            (EXPANSION, was & here & (units > 0)),
            (REACTIVATED, ~was),
            (NEW, ~was & (period == nw.col("csm:first"))),
        ):
            label = nw.when(which).then(nw.lit(number)).otherwise(label)
        net = net.with_columns(label.alias("csm:label"), units.abs().alias("csm:units"), nw.lit(1).alias("csm:one"))
        totals = nw.col("csm:one").sum(), units.sum()
        return engines.collect(net.group_by(*self.group, "csm:period", "csm:label").agg(*totals))

    def several(self) -> int:
        """Count the customers in several groups."""
        found = engines.collect(self._several().select(narwhals().len().alias("csm:customers")))
        return int(found["csm:customers"].iloc[0])

    def instants(self, customers: Any) -> pd.DataFrame:
        """Add up the changes of some customers by account and instant; those of snapshots by period."""
        frame = self.frame.join(customers, on=self.asked.customer, how="inner")
        if self.asked.snapshots:
            return engines.collect(self._by_period(self._changes(frame, self.account)))
        return engines.collect(self._by_instant(frame, self.account).select(*self.account, "csm:at", "csm:units"))

    def labels(self) -> list[pd.DataFrame]:
        """Return the groups, as one may have no changes; nothing where there are none, or where they are customers."""
        if not self.group or self.asked.customer in key_names(self.asked.metric, self.asked.by):
            return []
        return [engines.collect(self._distinct(self.group).select(*self.group))]

    def pairs(self) -> pd.DataFrame:
        """Return the customers with their groups."""
        return engines.collect(self._distinct(self.pair).select(*self.pair))

    def lines(self) -> pd.DataFrame:
        """Return the lines of customers in several groups.

        They have a begin and an end in microseconds, or in numbers of periods; where nothing has to be bridged, they
        have the first and the last of the periods at whose closing they are live, and their earliest begin.
        """
        nw = narwhals()
        several = self._several().select(nw.col("csm:customer").alias(self.asked.customer))
        frame = self.frame.join(several, on=self.asked.customer, how="inner")
        if self.ends is None and not self.asked.snapshots:
            net = self._by_instant(frame, self.line)
            return engines.collect(net.select(*self.line, nw.col("csm:at").alias("csm:begin"), "csm:units"))
        if self.ends is not None and not self.asked.grace:
            return engines.collect(self._stays(frame))
        begin = _number(self.asked.calendar, self.begins) if self.asked.snapshots else wall_micros(self.begins)
        columns = {"csm:begin": begin, "csm:units": self.units, "csm:largest": self.units}
        rows = self._until(frame, None if self.ends is None else self._after(self.ends), columns, "csm:end")
        totals = nw.col("csm:units").sum(), nw.col("csm:largest").max()
        return engines.collect(rows.group_by(*self.line, "csm:begin", "csm:end").agg(*totals))

    def _several(self) -> Any:
        """Return the customers in several groups, and in how many."""
        nw = narwhals()
        groups = self._distinct(self.pair).group_by("csm:customer").agg(nw.len().alias("csm:groups"))
        return groups.filter(nw.col("csm:groups") > 1)

    def _distinct(self, columns: dict[str, Any]) -> Any:
        rows = self.frame.select(*_named(columns))
        return rows.group_by(*columns).agg(narwhals().len().alias("csm:rows"))

    def _stays(self, frame: Any) -> Any:
        """Return the rows that are live at a closing; of equal ones the earliest."""
        nw = narwhals()
        since, begin = _number(self.asked.calendar, self.begins), wall_micros(self.begins)
        columns = {"csm:since": since, "csm:units": self.units, "csm:begin": begin}
        rows = self._until(frame, self._period_after(self.ends), columns, "csm:until")
        rows = rows.filter((nw.col("csm:units") > 0) & (nw.col("csm:since") < nw.col("csm:until")))
        return rows.group_by(*self.line, "csm:since", "csm:until", "csm:units").agg(nw.col("csm:begin").min())

    def _until(self, frame: Any, ends: Any, columns: dict[str, Any], name: str) -> Any:
        """Select columns with an end, which is `OPEN` for those without one before the end of the data."""
        nw = narwhals()
        parts = [(frame, nw.lit(OPEN))]
        if ends is not None:  # apart, as Dask has no numbers for missing dates
            ended = self.ends < self.stop
            parts = [(frame.filter(self.ends.is_null() | ~ended), nw.lit(OPEN)), (frame.filter(ended), ends)]
        return _together(part.select(*_named(self.line | columns | {name: end.cast(nw.Int64)})) for part, end in parts)

    def _changes(self, frame: Any, whose: dict[str, Any], at: bool = False) -> Any:
        """Return the changes before the end of the data, up at begins and down at ends; with their instants `at`."""
        parts: list[Any] = [(1, self.begins, _number(self.asked.calendar, self.begins), wall_micros)]
        if self.ends is not None:
            parts.append((-1, self.ends, self._period_after(self.ends), self._after))
        return _together(
            frame.filter(times < self.stop).select(
                *_named(whose | {"csm:period": period, "csm:units": self.units * sign}),
                *([instant_of(times).alias("csm:at")] if at else []),
            )
            for sign, times, period, instant_of in parts
        )

    def _by_period(self, changes: Any) -> Any:
        units = narwhals().col("csm:units")
        return changes.group_by(*self.account, "csm:period").agg(units.sum()).filter(units != 0)

    def _by_instant(self, frame: Any, whose: dict[str, Any]) -> Any:
        nw = narwhals()
        units, changes = nw.col("csm:units"), self._changes(frame, whose, at=True)
        return changes.group_by(*whose, "csm:at").agg(units.sum(), nw.col("csm:period").max()).filter(units != 0)

    def _bridged(self, net: Any) -> Any:
        """Move changes to nothing to the next change, where that is not more than `grace` later."""
        nw = narwhals()
        at, period, units = nw.col("csm:at"), nw.col("csm:period"), nw.col("csm:units")

        def along(column: Any) -> Any:
            return column.over(*self.account, order_by="csm:at")

        net = net.with_columns(
            along(units.cum_sum()).cast(nw.Int64).alias("csm:balance"),
            along(at.shift(-1)).alias("csm:next"),
            along(period.shift(-1)).alias("csm:later"),
        )
        gap = (nw.col("csm:balance") == 0) & (nw.col("csm:next") - at <= self.asked.grace)
        moved = nw.when(gap).then(nw.col("csm:later")).otherwise(period)
        return net.with_columns(moved.alias("csm:period"))

    def _last_second(self, ends: Any) -> Any:
        return (ends.dt.hour() == 23) & (ends.dt.minute() == 59) & (ends.dt.second() == 59)

    def _after(self, ends: Any) -> Any:
        """Return the first instant after a row in microseconds; the next midnight for the last second of a day."""
        nw = narwhals()
        if self.reach == "day":
            return wall_micros(ends) + DAY
        if self.reach == "second":
            return wall_micros(ends) - ends.dt.microsecond().cast(nw.Int64) + _SECOND
        return nw.when(self._last_second(ends)).then((_days(ends) + 1) * DAY).otherwise(wall_micros(ends))

    def _period_after(self, ends: Any) -> Any:
        """Return the period of the first instant after a row.

        A second more leaves all ends but those in the last second of a day on their day, and so do 25 hours more than
        a midnight, even where the clocks change.
        """
        nw, calendar, second = narwhals(), self.asked.calendar, timedelta(seconds=1)
        if calendar.freq == "h" and self.reach == "day":
            return _number(calendar, ends) + 24
        if calendar.freq == "h" and self.reach == "left":
            return _number(calendar, nw.when(self._last_second(ends)).then(ends + second).otherwise(ends))
        moved = ends + timedelta(days=1) + timedelta(hours=1) if self.reach == "day" else ends + second
        return _number(calendar, moved)


def _named(columns: dict[str, Any]) -> list[Any]:
    return [column.alias(name) for name, column in columns.items()]


def _together(parts: Any) -> Any:
    some = list(parts)
    return narwhals().concat(some) if len(some) > 1 else some[0]


def _number(calendar: Calendar, times: Any) -> Any:
    """Return the expression of a period's number, the same for columns of different units."""
    return _days(times) if calendar.freq == "D" else period_key(calendar, times)
