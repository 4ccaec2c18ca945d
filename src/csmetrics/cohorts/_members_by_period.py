"""The members of each cohort and the calendar periods in which they came back, from masks or from sorted events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from csmetrics.cohorts._engine_masks import CountedCohorts
from csmetrics.cohorts._events import Events
from csmetrics.cohorts._mask_counts import Cohorts
from csmetrics.cohorts._masks import Masks
from csmetrics.cohorts._memberships import Members, expand, parts
from csmetrics.cohorts._packing import Active, Log, active


def members_by_period(
    found: Events, recurring: bool, least: int, zero: bool
) -> tuple[int | None, Iterator[Members | Cohorts | CountedCohorts]]:
    """Return the first cohort, and the members with ages in calendar periods."""
    if found.counted is not None:
        some = np.flatnonzero(found.counted.members.any(axis=0))
        return (int(some[0]) if some.size else None), iter((found.counted,))
    if found.parts is not None:  # the first cohort is that of the first period with activity
        one_part = (_of_log(replace(found, log=log), recurring, least, zero)[1] for log in found.logs())
        return 0, (members for several in one_part for members in several)
    return _of_log(found, recurring, least, zero)


def _of_log(
    found: Events, recurring: bool, least: int, zero: bool
) -> tuple[int | None, Iterator[Members | Cohorts | CountedCohorts]]:
    """Return the first cohort and the members of one log: from masks where these pay, else from sorted events."""
    log = found.log
    masks = None if least > 1 or log.values is not None else _masks(found)
    if masks is not None:
        return masks[0].earliest(), iter((Cohorts(*masks, recurring, log.groups.count),))
    starts = active(log, found.starts)
    returns = (
        starts
        if found.starts is found.returns and least == 1
        else active(log, found.returns, count=least > 1).frequent(least)
    )
    if not starts.keys.size:
        return None, iter(())
    first = int(starts.period(slice(None)).min())
    if returns is starts and not recurring:
        return first, _first_of_all(starts, log, zero)
    return first, _joined(starts, returns, recurring, log, zero)


def _masks(found: Events) -> tuple[Masks, Masks] | None:
    """Return the masks of the starts and of the returns; None where sorting the events is faster."""
    starts = Masks.of(found.log, found.starts)
    returns = starts if found.starts is found.returns else Masks.of(found.log, found.returns)
    return None if starts is None or returns is None else (starts, returns)


def _first_of_all(starts: Active, log: Log, zero: bool) -> Iterator[Members]:
    """Yield the members where each user has one cohort and every event is both a start and a return.

    The rows of a user then follow one another.
    """
    for block in starts.blocks():
        period, begins = starts.period(block), starts.begins(block)
        at = np.flatnonzero(begins)
        cohort = period[at]
        later = np.ones(begins.size, bool) if zero else ~begins
        who = (np.cumsum(begins) - 1)[later]
        amounts = None if starts.values is None else starts.values[block]
        yield Members(
            starts.group(block, log.groups.count)[at] if log.groups.count > 1 else 0,
            cohort,
            None if amounts is None else amounts[at],
            who,
            period[later] - cohort[who],
            None if amounts is None else amounts[later],
        )


def _joined(starts: Active, returns: Active, recurring: bool, log: Log, zero: bool) -> Iterator[Members]:
    """Yield the members with their user's later periods; with `zero`, the period of the start, too."""
    for block in starts.blocks():
        chosen = np.arange(block.start, block.stop)
        if not recurring:
            chosen = chosen[starts.begins(block)]
        keys = starts.keys[chosen]
        low = np.searchsorted(returns.keys, keys, side="left" if zero else "right")
        high = np.searchsorted(returns.keys, keys | starts.packing.mask, side="right")
        for part in parts(high - low):
            who, rows = expand(low[part], high[part])
            cohort = starts.period(chosen[part])
            yield Members(
                starts.group(chosen[part], log.groups.count),
                cohort,
                None if starts.values is None else starts.values[chosen[part]],
                who,
                returns.period(rows) - cohort[who],
                None if returns.values is None else returns.values[rows],
            )
