"""Working hours: how much of the time between two instants a team works."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from csmetrics.cohorts._rows.instants import DAY, Ints, Wall, on_clock
from csmetrics.errors import MetricInputError, shown

_METRIC = "BusinessHours"
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONDAY = 3  # days from the Monday of its week to 1970-01-01
_MINUTE = 60_000_000  # microseconds


@dataclass(frozen=True)
class BusinessHours:
    """The hours in which a team works, for `csmetrics.cohorts.tickets`.

    Parameters
    ----------
    start, end
        When work begins and ends on each working day: text such as ``"09:00"``, or `datetime.time`; ``"24:00"`` is the
        end of the day. For breaks, lists of beginnings and ends: ``start=["09:00", "13:00"], end=["12:00", "17:00"]``.
    weekmask
        The working days: ``"Mon Tue Wed Thu Fri"``, or a list of such names.
    holidays
        Days without work: a list of dates, or of ISO text.
    tz
        The time zone of the hours, such as ``"Europe/Berlin"``. By default that of the dates; dates without a time zone
        are taken as the team's own clock. With `tz`, the dates must have a time zone.

    Raises
    ------
    MetricInputError
        If a time, weekday, holiday or time zone does not exist, or an end does not come after its beginning.

    See Also
    --------
    csmetrics.cohorts.tickets

    Notes
    -----
    The arguments are those of pandas' ``CustomBusinessHour``. Shifts that pass midnight are not supported.

    Examples
    --------
    From Friday 15:00 to Wednesday 15:00 are 120 hours, of which a team working 9 to 17 works 24.

    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> cases = pd.DataFrame(
    ...     {"created": pd.to_datetime(["2026-03-06 15:00"]), "resolved": pd.to_datetime(["2026-03-11 15:00"])}
    ... )
    >>> csm.cohorts.tickets(cases).csm.total().resolution_time()
    120.0
    >>> csm.cohorts.tickets(cases, hours=csm.BusinessHours()).csm.total().resolution_time()
    24.0
    """

    start: Any = "09:00"
    end: Any = "17:00"
    weekmask: Any = "Mon Tue Wed Thu Fri"
    holidays: Iterable[Any] | None = ()
    tz: Any = None
    shifts: tuple[tuple[int, int], ...] = field(init=False, repr=False, compare=False)
    days: tuple[bool, ...] = field(init=False, repr=False, compare=False)
    closed: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        begins, ends = (_times(argument, getattr(self, argument)) for argument in ("start", "end"))
        if len(begins) != len(ends):
            found = f"got {len(ends)} for {len(begins)} beginnings"
            raise MetricInputError(_METRIC, "end", "must be as many as `start`", found)
        shifts = tuple(sorted(zip(begins, ends, strict=True)))
        overlap = any(end > begin for (_, end), (begin, _) in itertools.pairwise(shifts))
        if overlap or any(begin >= end for begin, end in shifts):
            found = f"got start={shown(self.start)}, end={shown(self.end)}"
            hint = "each shift ends on its own day, before the next one begins"
            raise MetricInputError(_METRIC, "end", "must come after `start`", found, hint)
        days = _days(self.weekmask)
        if isinstance(self.holidays, (str, bytes)) or not isinstance(self.holidays, Iterable | None):
            rule, hint = "must be a list of dates", 'for example ["2026-12-25"]'
            raise MetricInputError(_METRIC, "holidays", rule, f"got {shown(self.holidays)}", hint)
        holidays = () if self.holidays is None else tuple(self.holidays)
        closed = sorted({_day(holiday) for holiday in holidays})
        working = tuple(day for day in closed if days[(day + _MONDAY) % 7])
        if self.tz is not None:
            _zone(self.tz)
        for name, value in (("holidays", holidays), ("shifts", shifts), ("days", days), ("closed", working)):
            object.__setattr__(self, name, value)

    def check(self, metric: str, argument: str, zone: Any) -> None:
        """Reject dates without a time zone where the hours have one."""
        if self.tz is not None and zone is None:
            rule, hint = f"must have a time zone, as the hours are in {self.tz}", "add it with .dt.tz_localize"
            raise MetricInputError(metric, argument, rule, "got dates without one", hint)

    @property
    def a_day(self) -> int:
        """The length of a working day, in microseconds."""
        return sum(end - begin for begin, end in self.shifts)

    def worked(self, instants: Ints) -> Ints:
        """Return the time worked before each instant of the wall clock since 1970-01-01, in microseconds."""
        if not instants.size:
            return instants
        day = instants // DAY
        first = int(day.min())
        known = np.arange(first, int(day.max()) + 1)
        works = np.array(self.days)[(known + _MONDAY) % 7] & ~np.isin(known, self.closed)
        before = (self._days_before(first) + np.concatenate([[0], np.cumsum(works[:-1])])) * self.a_day
        day -= first
        since = instants - (day + first) * DAY
        today = sum(np.clip(since, begin, end) - begin for begin, end in self.shifts)
        return before.take(day) + np.where(works.take(day), today, 0)

    def until(self, stop: Wall, clock: Any) -> int:
        """Return the time worked before an instant, on the clock of a time zone."""
        instants = np.array([int(stop)]) if clock is None else on_clock(np.array([stop.utc]), clock)
        return int(self.worked(instants)[0])

    def _days_before(self, day: int) -> int:
        """Count the working days before a day; what matters is only the difference between two days."""
        weeks, weekday = divmod(day + _MONDAY, 7)
        return weeks * sum(self.days) + sum(self.days[:weekday]) - sum(holiday < day for holiday in self.closed)

    def worked_of(self, instants: Any) -> Any:
        """Return the same of an engine's expression, as a sum of a few comparisons: no table need be joined."""
        from csmetrics._frames.engines import narwhals

        nw = narwhals()

        def count(flag: Any) -> Any:
            return nw.when(flag).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)

        day = instants // DAY
        weekday = (day + _MONDAY) % 7
        open_days = [number for number, works in enumerate(self.days) if works]
        before = (day + _MONDAY) // 7 * len(open_days) + _added([count(weekday > number) for number in open_days])
        works = _added([count(weekday == number) for number in open_days])
        if self.closed:
            before = before - _added([count(day > holiday) for holiday in self.closed])
            works = works * (1 - count(day.is_in(list(self.closed))))
        since = instants % DAY
        today = _added([since.clip(begin, end) - begin for begin, end in self.shifts])
        return before * self.a_day + works * today


def _added(terms: list[Any]) -> Any:
    """Add expressions up in pairs: a long chain would be too deep for some engines."""
    while len(terms) > 1:
        terms = [
            one if not other else one + other[0] for one, *other in (terms[i : i + 2] for i in range(0, len(terms), 2))
        ]
    return terms[0]


def _times(argument: str, given: Any) -> list[int]:
    """Return times of the day in microseconds."""
    found, rule = [], "must be a time of the day, or a list of them"
    for one in given if isinstance(given, (list, tuple)) else [given]:
        try:
            if one in ("24:00", "24:00:00"):
                found.append(DAY)
                continue
            at = one if isinstance(one, time) else time.fromisoformat(one)
        except (TypeError, ValueError):
            raise MetricInputError(_METRIC, argument, rule, f"got {shown(one)}", 'for example "09:00"') from None
        found.append((at.hour * 60 + at.minute) * _MINUTE + at.second * 1_000_000 + at.microsecond)
    if not found:
        raise MetricInputError(_METRIC, argument, rule, "got none")
    return found


def _days(weekmask: Any) -> tuple[bool, ...]:
    names = weekmask.split() if isinstance(weekmask, str) else weekmask
    if not isinstance(names, (list, tuple)) or not names or not set(map(str, names)) <= set(_WEEKDAYS):
        rule, hint = f"must name days out of {' '.join(_WEEKDAYS)}", 'for example "Mon Tue Wed Thu Fri"'
        raise MetricInputError(_METRIC, "weekmask", rule, f"got {shown(weekmask)}", hint)
    return tuple(name in names for name in _WEEKDAYS)


def _day(holiday: Any) -> int:
    """Return a date as days since 1970-01-01."""
    try:
        given = datetime.fromisoformat(holiday) if isinstance(holiday, str) else holiday  # pandas guesses at 03/04/2026
        stamp = pd.Timestamp(given) if isinstance(given, (date, np.datetime64)) else None
    except ValueError:
        stamp = None
    if stamp is None or pd.isna(stamp):
        raise MetricInputError(_METRIC, "holidays", "must be dates", f"got {shown(holiday)}", "as in 2026-12-25")
    return stamp.toordinal() - date(1970, 1, 1).toordinal()


def _zone(tz: Any) -> None:
    try:
        pd.Timestamp(0, tz=tz if not isinstance(tz, str) else ZoneInfo(tz))
    except Exception:
        hint = 'for example "Europe/Berlin"'
        raise MetricInputError(_METRIC, "tz", "must be a time zone", f"got {shown(tz)}", hint) from None
