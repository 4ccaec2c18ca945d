"""Funnels: the users who go from step to step, from raw events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._event_names import EngineKinds, Named, find_pandas
from csmetrics.cohorts._memberships import NEVER
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.end_of_data import end_of_data
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import period_key, period_numbers, with_micros
from csmetrics.cohorts._rows.groups import Groups, number_units
from csmetrics.cohorts._rows.instants import Wall, in_micros
from csmetrics.cohorts._rows.options import OnBadRows, check_cells, key_names
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.remarks import Remarks, noted
from csmetrics.cohorts.activation import length_of_time
from csmetrics.core._dates import in_days
from csmetrics.errors import MetricInputError, shown

_METRIC = "funnel"
_GROWING = "Without within=, the figures of the newest users keep growing: users who convert later still count."


class Walked(NamedTuple):
    """The users who took the first step.

    Attributes
    ----------
    groups
        The groups of the events.
    group, cohort
        The number of the group and of the period (0 without periods) in which each took the first step.
    reached
        User by step: when the step was taken, in microseconds of UTC; `NEVER` where it was not.
    stop
        The end of the data; None without dates.
    """

    groups: Groups
    group: Any
    cohort: Any
    reached: Any
    stop: Wall | None


def funnel(
    events: Any,
    steps: Sequence[Any],
    *,
    user: str = "user",
    time: str = "time",
    event: str = "event",
    within: Any = None,
    freq: str | None = None,
    as_of: Any = None,
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    r"""Count the users who go from each step of a funnel to the next.

    Parameters
    ----------
    events
        One row per event: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask, PySpark or Ibis, whose
        engine then finds when each user took each step.
    steps
        The kinds of events in their order, at least two. A step may be a list of kinds, any of which takes it.
    user, time, event
        The columns of users, of event times and of the kinds of events.
    within
        How long after the first step the others count: text such as ``"7D"`` or ``"36h"``, or a timedelta. Users who
        have not had that long yet are left out, with a note. By default there is no limit.
    freq
        Count by period of the first step: h, D, W, M, Q or Y, or one of pandas' anchored ones. A period is left out,
        with a note, until it is over and its last user has had the time `within`. By default all users count together.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp or ISO text. A date, or midnight, means that
        whole day. By default the last event. Later events are not counted.
    by
        A column, or a list of columns, to group by: a user belongs to the group of its first step.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them, with the reason, in
        ``.attrs["excluded"]``.

    Returns
    -------
    DataFrame
        One row per period, group and `step`: the users who `entered` the step, having taken the one before it, and who
        `converted`, the inputs of ``.csm.conversion_rate()``; and the `median_days` from the step before. Everyone who
        enters the first step has taken it.

    Raises
    ------
    MetricInputError
        If there are fewer than two steps, no row has the first one, a user or a time is missing, or a time is not a
        date.
    MissingColumnError
        If the frame has no such column.

    See Also
    --------
    csmetrics.conversion_rate, activation, retention

    Notes
    -----
    A user enters with its first event of the first step. Each further step is its first event at or after the step
    before it; a step that repeats an earlier one must come later than the step before. Other events in between do not
    matter.

    The rates of the steps multiply to that of the whole funnel, so add up rows of one step only.

    Other definitions in use:

    * every entry of a user counts, not only the first (totals in Mixpanel).
    * steps in any order.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> rows = [
    ...     ("ann", "2026-01-05", "visit"),
    ...     ("ann", "2026-01-06", "signup"),
    ...     ("ann", "2026-01-09", "buy"),
    ...     ("bob", "2026-01-05", "visit"),
    ...     ("bob", "2026-01-08", "signup"),
    ...     ("cid", "2026-01-06", "visit"),
    ...     ("cid", "2026-01-07", "buy"),
    ... ]
    >>> events = pd.DataFrame(rows, columns=["user", "time", "event"])
    >>> steps = csm.cohorts.funnel(events, ["visit", "signup", "buy"], within="7D", as_of="2026-01-31")
    >>> steps
            entered  converted  median_days
    step
    visit         3          3          NaN
    signup        3          2          2.0
    buy           2          1          3.0
    >>> steps.csm.conversion_rate().round(1)
    step
    visit     100.0
    signup     66.7
    buy        50.0
    Name: conversion_rate, dtype: float64
    """
    named = _steps(steps)
    length = None if within is None else length_of_time(_METRIC, "within", within)
    calendar = None if freq is None else Calendar(_METRIC, freq)
    if calendar is not None:
        key_names(_METRIC, by, "period")
    asked = _Asked(user, time, event, named, length, calendar, as_of, by, on_bad_rows)
    walked, remarks = (asked.pandas if isinstance(events, pd.DataFrame) else asked.engine)(events)
    if length is None:
        remarks.note(_GROWING)
    out = _counted(walked, named, length, within, calendar, remarks)
    if freq is not None and within is None:
        out.attrs["growing"] = ["converted"]
    return noted(out, remarks)


def _steps(steps: Any) -> list[Named]:
    """Read the steps; the first must occur."""
    listed = isinstance(steps, (Sequence, np.ndarray, pd.Series, pd.Index)) and not isinstance(steps, str)
    if not listed or len(steps) < 2:
        rule, hint = "must be at least two kinds of events", "['visit', 'signup', 'buy']"
        raise MetricInputError(_METRIC, "steps", rule, f"got {shown(steps)}", hint)
    if any(step is None for step in steps):
        raise MetricInputError(_METRIC, "steps", "must be kinds of events", f"got {shown(steps)}")
    return [Named.read(_METRIC, "steps", step, needed=not place) for place, step in enumerate(steps)]


def _strict(named: Sequence[Named], place: int) -> bool:
    """Return whether a step repeats an earlier one, whose own event must not count again."""
    earlier = [kind for one in named[:place] for kind in one.kinds or []]
    return any(kind in earlier for kind in named[place].kinds or [])


class _Asked(NamedTuple):
    """The arguments of `funnel`."""

    user: str
    time: str
    event: str
    named: list[Named]
    length: int | None
    calendar: Calendar | None
    as_of: Any
    by: Any
    mode: str

    def screened(self, rows: Any) -> tuple[Any, Any]:
        """Read the columns that can make a row bad."""
        rows.require(self.by, user=self.user, time=self.time, event=self.event)
        return rows.units(self.user, "user"), rows.times(self.time, "time")

    def pandas(self, events: pd.DataFrame) -> tuple[Walked, Remarks]:
        """Find when each user took each step, in pandas."""
        rows = Rows(_METRIC, events, self.mode, self.calendar)
        users, times = self.screened(rows)
        keys = rows.keys(self.by, "step")
        happened = rows.column(self.event, "event")
        kept = rows.kept()
        times = times.take(kept)
        stop = end_of_data(_METRIC, self.as_of, [times])
        known, kept = times.until(stop, kept)
        times = times.take(known)
        groups = Groups(_METRIC, keys, kept)
        values, offset, size = number_units(_METRIC, users, kept)
        unit = np.asarray(values).astype(np.int64) - offset
        if size > 4 * unit.size + 1:
            unit, found = pd.factorize(unit)
            size = len(found)
        micros = in_micros(times.elapsed(), times.per_day)
        taken = find_pandas(_METRIC, self.named, happened, kept, rows.remarks)
        reached = np.full((size, len(self.named)), NEVER)
        for place, at in enumerate(taken):
            who, when = unit[at], micros[at]
            if place:
                before, first = reached[who, place - 1], reached[who, 0]
                after = when > before if _strict(self.named, place) else when >= before
                after &= before != NEVER
                if self.length is not None:
                    after &= when - np.where(after, first, when) < self.length
                who, when = who[after], when[after]
            np.minimum.at(reached[:, place], who, when)
        at = taken[0][micros[taken[0]] == reached[unit[taken[0]], 0]]  # the first steps
        group, cohort = np.full(size, NEVER), np.zeros(size, np.int64)
        np.minimum.at(group, unit[at], 0 if groups.number is None else groups.number[at])
        if self.calendar is not None:
            numbering = self.calendar.numbering(times)
            cohort[unit[at]] = numbering.of(at).astype(np.int64) + numbering.first
        entered = np.flatnonzero(reached[:, 0] != NEVER)
        return Walked(groups, group[entered], cohort[entered], reached[entered], stop), rows.remarks

    def engine(self, events: Any) -> tuple[Walked, Remarks]:
        """Have the engine find when each user took each step: one row per user and step comes back."""
        nw = narwhals()
        rows = EngineRows(_METRIC, events, self.mode, self.calendar)
        _, instants = self.screened(rows)
        keys = rows.keys(self.by, "step")
        kinds = EngineKinds(rows, self.event, self.named)
        rows.fact("last", instants, "max")
        rows.screen(self.screened)
        kinds.check()
        last = rows.instant("last")
        stop = end_of_data(_METRIC, self.as_of, [last])
        if self.as_of is not None and stop is not None:
            rows.keep_before(instants, stop, last.zone)
        flags = {
            f"csm:step_{place}": nw.when(kinds.matches(one.kinds or [])).then(nw.lit(1)).otherwise(nw.lit(0))
            for place, one in enumerate(self.named)
        }
        period = nw.lit(0) if self.calendar is None else period_key(self.calendar, instants)
        timed = rows.frame.with_columns(period.alias("csm:period"), *(flag.alias(name) for name, flag in flags.items()))
        timed = with_micros(timed, _METRIC, {"csm:micros": ("time", instants, last.zone)})
        soonest = nw.col("csm:micros").min()
        begins = timed.filter(nw.col("csm:step_0") == 1)
        totals = [soonest.alias("csm:reached"), nw.col("csm:period").min().alias("csm:period")]
        first = engines.collect(begins.group_by(self.user, *keys).agg(*totals))
        labels = engines.collect(timed.group_by(*keys).agg(nw.len().alias("csm:rows"))) if keys else first[:0]
        groups = Groups(_METRIC, [pd.concat([first[key], labels[key]], ignore_index=True) for key in keys], slice(None))
        first["csm:group"] = 0 if groups.number is None else groups.number[: len(first)]
        first = first.sort_values([self.user, "csm:reached", "csm:group"], ignore_index=True)
        first = first.drop_duplicates(self.user, ignore_index=True)
        reached = np.full((len(first), len(self.named)), NEVER)
        reached[:, 0] = first["csm:reached"].to_numpy()
        now = begins.group_by(self.user).agg(soonest.alias("csm:first"))
        now = now.with_columns(nw.col("csm:first").alias("csm:before"))
        places = first[[self.user]].assign(**{"csm:who": np.arange(len(first))})
        for place in range(1, len(self.named)):
            after = timed.filter(nw.col(f"csm:step_{place}") == 1).join(now, on=self.user, how="inner")
            when, before = nw.col("csm:micros"), nw.col("csm:before")
            after = after.filter(when > before if _strict(self.named, place) else when >= before)
            if self.length is not None:
                after = after.filter(when - nw.col("csm:first") < self.length)
            now = after.group_by(self.user, "csm:first").agg(soonest.alias("csm:before"))
            found = engines.collect(now.select(self.user, "csm:before")).merge(places, on=self.user)
            reached[found["csm:who"].to_numpy(), place] = found["csm:before"].to_numpy()
        cohort = np.zeros(len(first), np.int64)
        if self.calendar is not None:
            cohort = period_numbers(self.calendar, first["csm:period"])
        return Walked(groups, first["csm:group"].to_numpy(), cohort, reached, stop), rows.remarks


def _counted(
    walked: Walked, named: Sequence[Named], length: int | None, within: Any, calendar: Calendar | None, remarks: Remarks
) -> pd.DataFrame:
    """Count the users by period, group and step."""
    groups, group, cohort, reached, stop = walked
    opened = np.zeros(len(group), bool)
    if length is not None and stop is not None:
        opened = reached[:, 0] + length > stop.utc
    first, periods, complete = 0, 1, np.ones(1, bool)
    if calendar is not None:
        first = int(cohort.min()) if cohort.size else 0
        periods = 0 if stop is None or not cohort.size else max(calendar.at(stop - 1) - first + 1, 0)
        check_cells(_METRIC, calendar, first, periods, groups.count * len(named))
        ended = calendar.start(np.arange(first + 1, first + periods + 1)) <= (stop or 0)
        waiting = np.zeros(periods, bool)
        waiting[cohort[opened] - first] = True
        complete = ended & ~waiting
        _note_open(remarks, int((ended & waiting).sum()), "period", within)
    else:
        _note_open(remarks, int(opened.sum()), "user", within)
        group, cohort, reached = group[~opened], cohort[~opened], reached[~opened]
    shape = (periods * groups.count, len(named))
    cell = (cohort - first) * groups.count + group
    done = reached != NEVER
    converted = np.zeros(shape, np.int64)
    for place in range(len(named)):
        converted[:, place] = np.bincount(cell[done[:, place]], minlength=shape[0])
    entered = np.concatenate([converted[:, :1], converted[:, :-1]], axis=1)
    medians = np.full(shape, np.nan)
    order = np.argsort(cell, kind="stable")
    for at in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1) if order.size else []:
        for place in range(1, len(named)):
            arrived = at[done[at, place]]
            if arrived.size:
                days = in_days(reached[arrived, place] - reached[arrived, place - 1])
                medians[cell[at[0]], place] = np.median(days)
    rows = np.repeat(complete, groups.count * len(named))
    columns = {"entered": entered, "converted": converted, "median_days": medians}
    index = _index(None if calendar is None else calendar.index(first, periods, "period"), groups, _labels(named))
    return pd.DataFrame({name: values.reshape(-1)[rows] for name, values in columns.items()}, index=index[rows])


def _note_open(remarks: Remarks, count: int, what: str, within: Any) -> None:
    if count:
        which = f"1 {what} is" if count == 1 else f"{count} {what}s are"
        remarks.note(f"{which} left out: the first step is not yet {within} ago.")


def _labels(named: Sequence[Named]) -> list[Any]:
    """Name the steps, each once."""
    labels: list[Any] = []
    for one in named:
        kinds = one.kinds or []
        label = kinds[0] if len(kinds) == 1 else " or ".join(map(str, kinds))
        again = sum(str(given).split(" (again")[0] == str(label) for given in labels)
        labels.append(label if not again else f"{label} (again{'' if again == 1 else f' {again}'})")
    return labels


def _index(axis: Any, groups: Groups, labels: list[Any]) -> pd.Index[Any]:
    """Cross periods and groups with the steps."""
    base = groups.labels if axis is None else groups.index(axis)
    steps: pd.Index[Any] = pd.Index(labels, name="step")
    if base is None:
        return steps
    names = groups.names if axis is None else [axis.name, *groups.names]
    levels = [base.get_level_values(place).repeat(len(labels)) for place in range(base.nlevels)]
    tiled = steps.take(np.tile(np.arange(len(labels)), len(base)))
    return pd.MultiIndex.from_arrays([*levels, tiled], names=[*names, "step"])
