"""From a state's small table back to users and periods, which the builders count as they count events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.cohorts import _state_table as small
from csmetrics.cohorts._events import Events
from csmetrics.cohorts._masks import Masks
from csmetrics.cohorts._packing import Log, Numbers
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.end_of_data import end_of_data
from csmetrics.cohorts._rows.groups import Groups, number_units
from csmetrics.cohorts._rows.instants import DAY
from csmetrics.cohorts._rows.remarks import Remarks
from csmetrics.cohorts._state_rows import Facts
from csmetrics.errors import MetricInputError, shown

_PERIODS = 1 << 12  # with more, counts of all pairs of periods are too many
_NOTHING = np.zeros(0, np.int64)


def events_of(
    facts: Facts,
    tables: Callable[[], Iterator[pd.DataFrame]],
    calendar: Calendar,
    as_of: Any,
    remarks: Remarks,
) -> Events:
    """Return the events of a state, part by part of its users.

    Parameters
    ----------
    facts
        What the state knows beside its table.
    tables
        Yields the table in parts that have no user in common.
    calendar
        The periods in which events are counted: those of the state, or longer ones.
    as_of
        Up to when the data is complete; None for the last event.
    remarks
        The notes of the result.

    Raises
    ------
    MetricInputError
        If `as_of` cuts a period in which users were active: the state does not know when within it.
    """
    metric, own = calendar.metric, facts.calendar(calendar.metric)
    times = facts.times(own)
    stop = end_of_data(metric, as_of, times)
    first, limit = facts.first or 0, 0
    if facts.final is not None and stop is not None:
        limit = facts.final + 1 if times[0].late(stop) is None else min(own.at(stop), facts.final + 1)

    def cut() -> Iterator[pd.DataFrame]:
        for table in tables():
            if facts.final is not None and limit <= facts.final:
                if int(own.start(limit)) != stop and small.active_in(table, limit):
                    raise _within_period(metric, as_of, own, limit)
                table = small.before(table, limit)
            yield table

    labels = small.distinct(metric, cut(), list(facts.by)) if facts.by else pd.DataFrame()
    keys = [labels[name] for name in labels]
    groups = Groups(metric, keys, slice(None))
    if limit <= first:
        deque(cut(), maxlen=0)  # for the check
        return Events(Log(_NOTHING, 0, 1, groups, Numbers(0, 1, _NOTHING)), stop, None, remarks)
    periods = np.arange(first, limit)
    numbers = periods if calendar.alias == own.alias else calendar.of_days(own.start(periods) // DAY)
    count = int(numbers[-1] - numbers[0]) + 1

    masked = calendar.alias == own.alias and count <= _PERIODS

    def parts() -> Iterator[Log]:
        for table in cut():
            unit, offset, size = number_units(metric, table.iloc[:, 0], slice(None))
            number = _NOTHING
            if keys:
                both = [small.joined(metric, [table[key.name], key]) for key in keys]
                number = Groups(metric, both, slice(None)).number[: len(table)]
            if masked:
                unit = unit.astype(np.int64) - offset
                unit = unit * groups.count + number if keys else unit
                yield replace(axes, masks=_moved(table, unit, first, -(-count // small.BITS)))
                continue
            rows, found = (np.concatenate(several) for several in zip(*small.listed(table), strict=True))
            theirs = copy(groups)
            theirs.number = number[rows] if keys else None
            place = Numbers(int(numbers[0]), count, (numbers - numbers[0])[found - first])
            yield Log(unit[rows], offset, size, theirs, place)

    axes = Log(_NOTHING, 0, 1, groups, Numbers(int(numbers[0]), count, _NOTHING))
    return Events(axes, stop, times[0].zone, remarks, parts=parts)


def _moved(table: pd.DataFrame, unit: Any, first: int, blocks: int) -> Masks:
    """Return the masks of a table with blocks that begin with the first period."""
    block, right = table[small.BLOCK].to_numpy() - first // small.BITS, first % small.BITS
    bits = table[small.MASK].to_numpy()
    if right and not block.any():  # nothing comes before the first period, so no mask is cut in two
        bits = bits >> np.uint64(right)
    elif right:
        unit, block, bits = small.shifted(unit, block - 1, bits, small.BITS - right)
    return Masks(unit, block, bits, blocks)


def _within_period(metric: str, as_of: Any, calendar: Calendar, period: int) -> MetricInputError:
    label = calendar.index(period, 1, "period")[0]
    rule = "must be the end of a period of the state, or not before its last event"
    found = f"got {shown(as_of)}, and users were active in {label}, perhaps later"
    hint = f"pass the end of {label} or of the period before; a state made with freq='D' knows every day"
    return MetricInputError(metric, "as_of", rule, found, hint)
