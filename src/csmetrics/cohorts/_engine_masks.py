"""Cohorts by age and the lifecycle, counted by an engine from masks of its users' periods; only the counts cross."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.bits import adapter
from csmetrics._frames.engine_masks import COHORT, PERIOD, SIZE, WORD, Question, count_users
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.end_of_data import end_of_data
from csmetrics.cohorts._rows.engine import EngineRows
from csmetrics.cohorts._rows.engine_time import instant, period_number, start_of
from csmetrics.cohorts._rows.groups import Groups
from csmetrics.cohorts._rows.instants import Times, Wall

_WORDS = 4  # with more of them, the sums are too many
_SAMPLE = 1000  # rows that show whether one word may hold all periods
_EARLIER = 6  # periods before those of the first rows that are counted, too
_WRONG = "csm:wrong"
_PAIRS = 12  # the most periods of recurring cohorts, which take a sum for each pair of periods


class Counting(Protocol):
    """What a builder has an engine count from masks."""

    def question(self, periods: int, flags: Sequence[str | None]) -> Question | None:
        """Return the question for so many periods; None where masks are of no use.

        Parameters
        ----------
        periods
            The number of periods, which are counted from 0.
        flags
            The columns that are 1 for starts, and for returns; None for all rows.
        """

    def answer(self, small: pd.DataFrame, group: Any, groups: int, periods: int) -> Any:
        """Return what the builder needs from the engine's counts; `group` holds the group's number for each row."""

    def later(self, counts: Any, first: int) -> Any:
        """Return an answer without the periods before `first`, in which nobody was active."""


def count_masks(
    rows: EngineRows,
    columns: tuple[str, list[str]],
    times: Any,
    roles: Sequence[Any],
    calendar: Calendar,
    span: tuple[int, int],
    counting: Counting,
) -> tuple[Groups, Any] | None:
    """Have the engine count users from masks; None where it cannot, or where masks are of no use.

    Parameters
    ----------
    rows
        The screened rows.
    columns
        The columns of users and of groups.
    times
        The expression for the time of an event.
    roles
        Expressions that are true for events that begin a membership, and for those that count as a return; None for
        all.
    calendar
        The periods.
    span
        The first period, and the number of periods.
    counting
        What is to be counted.
    """
    nw, (user, keys), (first, periods) = narwhals(), columns, span
    same = roles[0] is roles[1]
    flags = [None if role is None else name for role, name in zip(roles, ("csm:start", "csm:return"), strict=True)]
    asked = counting.question(periods, [flags[0], flags[0] if same else flags[1]])
    if asked is None:
        return None
    period = period_number(calendar, rows.frame, times)
    one, none = nw.lit(1), nw.lit(0)
    marks = [
        nw.when(role).then(one).otherwise(none).alias(name) for role, name in zip(roles, flags, strict=True) if name
    ]
    frame = rows.frame.select(*dict.fromkeys((user, *keys)), (period - first).alias(PERIOD), *marks)
    counted = count_users(frame, user, keys, asked)
    if counted is None:
        return None
    return _answered(engines.collect(counted), keys, calendar, periods, counting)


def count_in_one_pass(
    rows: EngineRows, columns: tuple[str, list[str]], times: Any, as_of: Any, calendar: Calendar, counting: Counting
) -> tuple[tuple[Groups, int, int], Any, Times, Wall] | None:
    """Have the engine count users from masks while it screens the rows, so that it reads them once.

    Counted are the periods from a little before those of the first rows up to the end of the data, if one word holds
    them. A further bit marks the users of rows that are bad, or earlier; if any user has it, nothing is returned.

    Parameters
    ----------
    rows
        The rows, which need not have been screened. Each of them begins a membership, and counts as a return.
    columns, times, calendar, counting
        As in `count_masks`.
    as_of
        The end of the data.

    Returns
    -------
    tuple or None
        The groups, the first period and the number of periods; the counts; some of the times; the end of the data.
    """
    nw, (user, keys) = narwhals(), columns
    if adapter(rows.frame) is None:
        return None
    period = period_number(calendar, rows.frame, times)
    rows.facts = engines.collect(rows.frame.head(_SAMPLE).select(times.min().alias("some")))
    some = rows.instant("some")
    stop = end_of_data(calendar.metric, as_of, [some])
    if not some.known or stop is None:
        return None
    last = calendar.at(stop - 1)
    periods = last - calendar.first_of(some) + 1 + _EARLIER
    asked = counting.question(periods, [None, None]) if _EARLIER < periods <= WORD else None
    if asked is None or not asked.starts or asked.aged:  # moved to ages, no bit tells which rows are bad
        return None
    first = last - periods + 1
    early = times < start_of(calendar, first + 1, some.zone)  # a repeated hour does not matter this way
    known = nw.when(times < instant(stop, some.zone)).then(period - first)
    number = nw.when(rows.bad() | early).then(nw.lit(WORD)).otherwise(known)
    frame = rows.frame.select(*dict.fromkeys((user, *keys)), number.alias(PERIOD))
    (word,) = asked.words
    counted = count_users(frame, user, keys, replace(asked, sums={**asked.sums, _WRONG: [(word, 1 << WORD)]}))
    small = engines.collect(counted)
    small = small[small[COHORT].notna()].reset_index(drop=True)  # others only came after the end of the data
    if not len(small) or engines.summed(small.pop(_WRONG)).any():
        return None
    groups, counts = _answered(small, keys, calendar, periods, counting)
    lead = int(small[COHORT].min())
    return (groups, first + lead, periods - lead), counting.later(counts, lead), some, stop


def _answered(
    small: pd.DataFrame, keys: Sequence[str], calendar: Calendar, periods: int, counting: Counting
) -> tuple[Groups, Any]:
    groups = Groups(calendar.metric, [small[key] for key in keys], slice(None))
    group = np.zeros(len(small), np.int64) if groups.number is None else groups.number
    return groups, counting.answer(small, group, groups.count, periods)


def _words(name: str, periods: int, flag: str | None) -> dict[str, tuple[int, str | None]]:
    return {f"csm:{name}_{i}": (i * WORD, flag) for i in range(-(-periods // WORD))}


def _bits(low: int, high: int) -> int:
    """Return the bits from `low` to `high`, as far as a word holds them."""
    low, high = max(low, 0), min(high, WORD - 1)
    return (1 << high + 1) - (1 << low) if low <= high else 0


def _place(name: str, period: int) -> tuple[str, int]:
    """Return the word of a period, and its bit."""
    return f"csm:{name}_{period // WORD}", 1 << period % WORD


@dataclass(frozen=True)
class ByAge:
    """Members of cohorts by age.

    Attributes
    ----------
    ages
        The function that makes the columns, `_ages.Ages`, for a number of ages.
    recurring
        Whether each period with a start begins a membership, and not only the user's first.
    """

    ages: Callable[[int], Any]
    recurring: bool

    def question(self, periods: int, flags: Sequence[str | None]) -> Question | None:
        ages, starts = self.ages(periods), _words("start", periods, flags[0])
        returns, name = ({}, "start") if flags[0] == flags[1] else (_words("return", periods, flags[1]), "return")
        words, each = starts | returns, ages.kind == "on" and ages.single
        if len(starts) > (_WORDS if each and not self.recurring else 1) or (self.recurring and periods > _PAIRS):
            return None
        if self.recurring:
            cohorts = range(periods)
            sums = {f"csm:{cohort}:size": [_place("start", cohort)] for cohort in cohorts}
            for cohort in cohorts:
                for column, (low, high) in self._columns(ages).items():
                    bits = _bits(low + cohort, high + cohort) & _bits(0, periods - 1)
                    if bits:
                        sums[f"csm:{cohort}:{column}"] = [_place("start", cohort), (f"csm:{name}_0", bits)]
            return Question(words, sums=sums)
        if each:
            return Question(words, list(starts), sums={f"csm:{p}": [_place(name, p)] for p in range(periods)})
        sums = {f"csm:{k}": [(f"csm:{name}_0", _bits(*age))] for k, age in self._columns(ages).items() if _bits(*age)}
        return Question(words, list(starts), [f"csm:{name}_0"], sums)

    @staticmethod
    def _columns(ages: Any) -> dict[int, tuple[int, int]]:
        """Return the ages of which a member must have one to count in a column."""
        last = int(np.flatnonzero(ages.column >= 0).max(initial=-1))
        bounds = {k: (int(ages.low[k]), int(ages.high[k])) for k in range(ages.first, len(ages.labels))}
        if ages.kind == "on_or_after":
            return {k: (low, last) for k, (low, _) in bounds.items()}
        return {k: (ages.first if ages.kind == "on_or_before" else low, high) for k, (low, high) in bounds.items()}

    def answer(self, small: pd.DataFrame, group: Any, groups: int, periods: int) -> Any:
        ages = self.ages(periods)
        sizes = np.zeros((groups, periods), np.int64)
        cells = np.zeros((groups, periods, len(ages.labels)), np.int64)
        names = [name for name in map(str, small) if name.startswith("csm:") and name != COHORT]
        found = {name: engines.summed(small[name], whole=True) for name in names}
        if self.recurring:
            for name, counts in found.items():
                _, begun, age = [*name.split(":"), "", ""][:3]
                if age == "size":
                    sizes[group, int(begun)] = counts
                elif age:
                    cells[group, int(begun), int(age)] = counts
        else:
            some = small[COHORT].notna().to_numpy()
            group, cohort = group[some], small[COHORT].to_numpy(dtype=np.int64, na_value=0)[some]
            sizes[group, cohort] = found.pop(SIZE)[some]
            for name, counts in found.items():
                column = np.full(cohort.size, int(name.removeprefix("csm:")))
                column = column - cohort if ages.kind == "on" and ages.single else column
                there = column >= ages.first
                cells[group[there], cohort[there], column[there]] = counts[some][there]
        if ages.kind != "on":  # a member is to be counted once
            later = cells[..., ages.first :]
            if ages.kind == "on_or_after":
                later = later[..., ::-1]
            later[..., 1:] = np.diff(later, axis=2)
        return CountedCohorts(sizes, cells)

    def later(self, counts: CountedCohorts, first: int) -> CountedCohorts:
        return counts.placed(first, counts.members.shape[1] - first)


@dataclass(frozen=True)
class CountedCohorts:
    """Members by group and cohort, and those that came back by group, cohort and column."""

    members: Any
    returns: Any

    def placed(self, first: int, count: int) -> CountedCohorts:
        """Return the same counts for so many cohorts from a first one on."""
        later = max(count - (self.members.shape[1] - first), 0)
        members, returns = self.members[:, first : first + count], self.returns[:, first : first + count]
        return CountedCohorts(np.pad(members, ((0, 0), (0, later))), np.pad(returns, ((0, 0), (0, later), (0, 0))))

    def sizes(self) -> Any:
        """Return the number of members by group and cohort."""
        return self.members

    def cells(self, ages: Any) -> Any:
        """Return the members that came back by group, cohort and column."""
        columns = len(ages.labels)
        more = max(columns - self.returns.shape[2], 0)
        return np.pad(self.returns[..., :columns], ((0, 0), (0, 0), (0, more)))


class Stages:
    """Active, new and returning users by period."""

    def question(self, periods: int, flags: Sequence[str | None]) -> Question | None:
        words = _words("active", periods, flags[0])
        if len(words) > _WORDS:
            return None
        bits = [_place("active", period) for period in range(periods)]
        sums = {f"csm:active:{p}": [bits[p]] for p in range(periods)}
        sums |= {f"csm:returning:{p}": [bits[p - 1], bits[p]] for p in range(1, periods)}
        return Question(words, list(words), sums=sums)

    def answer(self, small: pd.DataFrame, group: Any, groups: int, periods: int) -> Any:
        counts = {name: np.zeros((groups, periods), np.int64) for name in ("active", "new_users", "returning")}
        counts["new_users"][group, small[COHORT].to_numpy(dtype=np.int64)] = engines.summed(small[SIZE], whole=True)
        for name in map(str, small):
            _, stage, period = [*name.split(":"), "", ""][:3]
            if period:
                np.add.at(counts[stage][:, int(period)], group, engines.summed(small[name], whole=True))
        return counts

    def later(self, counts: dict[str, Any], first: int) -> dict[str, Any]:
        return {name: some[:, first:] for name, some in counts.items()}
