"""Dates far from all others, which are likely wrong: a note says so, as they stretch every table of periods."""

from __future__ import annotations

from typing import Any, Final

from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.instants import DAY
from csmetrics.cohorts._rows.remarks import Remarks

_YEAR: Final = 366 * DAY
_FEW: Final = 10  # there are at least so many times more users on the other side


def note_stray(remarks: Remarks, calendar: Calendar, periods: Any, users: Any) -> None:
    """Note an empty stretch longer than a year and than all data around it, with few users on one side.

    Parameters
    ----------
    remarks
        The notes of the result.
    calendar
        The periods.
    periods
        The numbers of the periods with users, in order.
    users
        How many were active in each of them.
    """
    longest = stretch(calendar, periods)
    if longest is None:
        return
    before, after = users[: longest + 1].sum(), users[longest + 1 :].sum()
    if _FEW * min(before, after) > max(before, after):
        return
    last, following = (calendar.index(int(periods[i]), 1, "period")[0] for i in (longest, longest + 1))
    few = f"the few from {following} on" if after < before else f"the few up to {last}"
    remedy = "; as_of= leaves out what is later" if after < before else ""
    remarks.note(
        f"No event lies between {last} and {following}, which is longer than all the time with events: "
        f"the dates of {few} may be wrong{remedy}.",
        doubtful=True,
    )


def stretch(calendar: Calendar, periods: Any) -> int | None:
    """Return after which of the periods with users an empty stretch longer than all the others' time begins."""
    if periods.size < 2:
        return None
    begins, ends = calendar.start(periods), calendar.start(periods + 1)
    empty = begins[1:] - ends[:-1]
    longest = int(empty.argmax())
    return longest if empty[longest] > _YEAR and 2 * empty[longest] > ends[-1] - begins[0] else None
