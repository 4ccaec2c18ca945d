"""From support tickets to the totals that the support formulas need."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd

from csmetrics._frames.columns import what_is_there
from csmetrics.cohorts._rows.options import OnBadRows, check_length
from csmetrics.cohorts._rows.totals import Unnamed, read
from csmetrics.cohorts.hours import BusinessHours
from csmetrics.core._dates import in_hours
from csmetrics.core._options import check_flag, check_word
from csmetrics.errors import MetricInputError, MissingColumnError, shown

_METRIC = "tickets"
_CREATED, _FIRST_RESPONSE, _RESOLVED = Unnamed("created"), Unnamed("first_response"), Unnamed("resolved")
_CONTACTS, _REOPENED, _ESCALATED = Unnamed("contacts"), Unnamed("reopened"), Unnamed("escalated")
_DATES = ("created", "first_response", "resolved")
_DURATIONS = {"first_response": "response_time", "resolved": "resolution_time"}
_TIMES = ("response_time", "resolution_time_sum")  # kept in two parts until they are added up
_ORDER = "a ticket is answered and solved after it was created; check the time zones"
_SECOND = 1_000_000  # microseconds


def tickets(
    tickets: Any,
    *,
    ticket: str | None = None,
    created: str | None = _CREATED,
    first_response: str | None = _FIRST_RESPONSE,
    resolved: str | None = _RESOLVED,
    contacts: str | None = _CONTACTS,
    reopened: str | None = _REOPENED,
    escalated: str | None = _ESCALATED,
    sla: str | None = None,
    due: Any = None,
    response_time: str | None = None,
    resolution_time: str | None = None,
    hours: BusinessHours | None = None,
    at: Literal["created", "resolved"] = "created",
    freq: str | None = None,
    as_of: Any = None,
    by: Any = None,
    squares: bool = False,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    """Total support tickets: how many, how long they took, how often they were reopened or escalated.

    The frame needs at least one of these columns. Without a column, the totals that need it are missing from the
    result. A column that you name yourself must exist. ``None`` leaves a column out.

    Parameters
    ----------
    tickets
        One row per ticket: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask, PySpark or Ibis, whose
        engine then does the adding up.
    ticket
        The column of the tickets' ids. If you name it, a ticket that stands in several rows is an error; otherwise
        every row is a ticket.
    created
        The column with the time at which the ticket was opened.
    first_response
        The column with the time of the first response; missing while the ticket has none.
    resolved
        The column with the time at which the ticket was resolved; missing while it is open. A date in the year 9999
        stands for none.
    contacts
        The column with the number of times the customer got in touch about the ticket; missing where unknown.
    reopened
        The column that says whether the ticket was reopened after it was resolved: booleans, or 0 and 1; missing where
        that is not known.
    escalated
        The column that says whether the ticket was escalated: booleans, or 0 and 1; missing where that is not known.
    sla
        The column that says whether the ticket met its service-level agreement (SLA): booleans, or 0 and 1; missing
        where it has no SLA, or where the SLA is still running.
    due
        Instead of `sla`, until when each ticket should be solved: a column of dates; a column of durations or hours,
        counted from `created`; or one duration for all tickets, such as ``"24h"`` or ``pd.Timedelta(hours=24)``. With
        `hours`, durations are working time.
    response_time, resolution_time
        Columns with the time until the first response and until the solution, where they have been counted already:
        durations, or numbers of hours; missing where there is no response or solution. They are taken instead of the
        time between the dates.
    hours
        Working hours (`csmetrics.BusinessHours`): times between the dates are then working time.
    at
        Whether a ticket belongs to the period in which it was ``"created"`` or ``"resolved"``. With ``"resolved"``,
        only tickets with a date of solution are counted.
    freq
        Without it, all tickets are totalled together. With h, D, W, M, Q, Y or an anchored one such as "W-SAT", there
        is one row per complete period.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp, Period or ISO text; a date, or midnight,
        means that whole day. By default the latest date in the columns. Tickets created later are left out, and later
        responses and solutions count as not yet known.
    by
        A column, or a list of columns, to total by. Rows without a key form a group of their own.
    squares
        Whether to add sums of squares of the times, which intervals of `first_response_time` and `resolution_time` need
        where a row is no ticket: `response_time*response_time` and `resolution_time_sum*resolution_time_sum`.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them, with the reason, in
        ``.attrs["excluded"]``.

    Returns
    -------
    DataFrame
        One row per group, indexed by the keys; without `by` a single row, ``"total"``. With a `freq`, one row per
        complete period (level `period`) and group, also where there were no tickets. Times are hours, float64; all
        other columns are int64. In this order, as far as the frame has the columns for them:

        * `tickets`: the number of rows.
        * `contacts`: issues, each counted once, which is how `fcr` uses the word: the tickets with at least one
          contact.
        * `resolved_first_contact`: issues that were resolved, took one contact and were not reopened.
        * `fcr_known`: the tickets in `contacts` of which it is known whether they were reopened; the base of `fcr`.
        * `responded`, `response_time`: tickets with a first response, and the sum of their hours until it.
        * `resolved`: tickets that were resolved at least once. A reopened ticket was, also if it is open again.
        * `timed`, `resolution_time_sum`: tickets whose time until the solution is known, and the sum of their hours.
        * `reopened`, `reopen_known`: tickets that were reopened, each counted once; and the tickets in `resolved` of
          which that is known.
        * `escalated`, `escalation_known`: tickets that were escalated, each counted once; and the tickets of which that
          is known.
        * `all_contacts`, `further_contacts`: all contacts; and the contacts after the first of each ticket.
        * `met`, `measured`: tickets that met their SLA; and tickets whose outcome is known. With `due`: solved in time;
          and solved, or not solved although their time has passed.

    Raises
    ------
    MetricInputError
        If a ticket has no creation time, is answered or resolved before it, has a negative or fractional number of
        contacts, or a value is not a date or not a number. If a flag is neither a boolean nor 0 or 1, or a ticket
        stands in several rows.
    MissingColumnError
        If a column that you named does not exist, or the frame has none of the columns.

    See Also
    --------
    csmetrics.BusinessHours, csmetrics.fcr, csmetrics.first_response_time, csmetrics.resolution_time,
    csmetrics.reopen_rate, csmetrics.escalation_rate, csmetrics.sla_attainment, csmetrics.repeat_contact_rate

    Notes
    -----
    The totals are the inputs of the support formulas. `repeat_contact_rate` uses the word "contacts" differently: it
    counts every contact, not every issue. As one column cannot mean both, name its inputs:
    ``repeat_contact_rate(repeat_contacts="further_contacts", contacts="all_contacts")``.

    What is not known leaves the base of its own rate and of no other: a missing `reopened` is in `reopen_known` and
    `fcr_known` neither as yes nor as no. On the result, `resolution_time` is divided by `timed`, `reopen_rate` by
    `reopen_known`, `escalation_rate` by `escalation_known` and `fcr` by `fcr_known`.

    Without `hours`, hours are hours of the clock, nights and weekends included; times with a time zone are compared in
    UTC.

    Tickets are usually counted by creation for `fcr` and `escalation_rate`, and by solution (``at="resolved"``) for
    `resolution_time` and `reopen_rate`. Say which you took. The mean time of solved tickets falls in the latest periods
    by itself, as only the quick ones are solved yet: `csmetrics.survival.kaplan_meier_from_dates` counts the open ones,
    too.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> day = pd.to_datetime(["2026-03-01 09:00", "2026-03-01 10:00", "2026-03-02 08:00"])
    >>> cases = pd.DataFrame(
    ...     {
    ...         "created": day,
    ...         "first_response": day + pd.to_timedelta([1, 3, 2], unit="h"),
    ...         "resolved": [day[0] + pd.Timedelta(hours=5), day[1] + pd.Timedelta(hours=9), None],
    ...         "contacts": [1, 3, 1],
    ...     }
    ... )
    >>> totals = csm.cohorts.tickets(cases)
    >>> totals.T
                            total
    tickets                   3.0
    contacts                  3.0
    resolved_first_contact    1.0
    fcr_known                 3.0
    responded                 3.0
    response_time             6.0
    resolved                  2.0
    timed                     2.0
    resolution_time_sum      14.0
    all_contacts              5.0
    further_contacts          2.0
    >>> totals.csm.total().fcr()
    33.333333333333336
    >>> totals.csm.total().repeat_contact_rate(repeat_contacts="further_contacts", contacts="all_contacts")
    40.0
    """
    named = {
        "created": created,
        "first_response": first_response,
        "resolved": resolved,
        "contacts": contacts,
        "reopened": reopened,
        "escalated": escalated,
        "sla": sla,
        "response_time": response_time,
        "resolution_time": resolution_time,
    }
    at = check_word(_METRIC, "at", at, ("created", "resolved"))
    check_flag(_METRIC, "squares", squares)
    if hours is not None and not isinstance(hours, BusinessHours):
        rule = "must be csm.BusinessHours(...)"
        raise MetricInputError(_METRIC, "hours", rule, f"got {shown(hours)}")
    if due is not None and sla is not None:
        raise MetricInputError(
            _METRIC, "due", "must not be given beside `sla`", "got both", "both make met and measured"
        )

    def screened(rows: Any) -> dict[str, Any]:
        present = {
            argument: name
            for argument, name in named.items()
            if name is not None and (not isinstance(name, Unnamed) or rows.has(name))
        }
        if not present:
            raise _no_column(named, rows)
        rows.require(by, ticket=ticket, **present)
        if ticket is not None:
            rows.once(ticket, "ticket")
        return _read(rows, present, due)

    rows, found = read(_METRIC, tickets, on_bad_rows, screened, freq)
    placed = as_of is not None or freq is not None or at == "resolved"
    dates = {argument: found[argument] for argument in _DATES if argument in found}
    if placed and at not in dates:
        what = "as_of" if freq is None and at == "created" else "freq" if freq is not None else "at"
        raise MissingColumnError(_METRIC, at, f"no column for `{at}`, which `{what}` needs", what_is_there(rows))
    if dates:
        rows.end(as_of, dates)
    if placed:
        rows.place(found[at], at)
    found = rows.only_counted(found, grouped=by is not None)
    columns = _columns(rows, found, hours, rows.happened if as_of is None else rows.by_now)
    amounts = [*_TIMES, *(f"{name} rest" for name in _TIMES), "all_contacts"]
    for name in _TIMES if squares else ():
        if name in columns:
            columns[f"{name}*{name}"] = rows.squared(columns[name], columns[f"{name} rest"])
            amounts.append(f"{name}*{name}")
    out = rows.totals(by, columns, amounts)
    for name in _TIMES:
        if name in out:
            rest = out.pop(f"{name} rest")
            out[name] = in_hours(out[name].to_numpy(), rest.to_numpy())
        if f"{name}*{name}" in out:
            out[f"{name}*{name}"] = in_hours(in_hours(out[f"{name}*{name}"].to_numpy(), 0), 0)
    if "all_contacts" in out:
        out["all_contacts"] = out["all_contacts"].astype(np.int64)
        further = out["all_contacts"] - out["contacts"]
        out.insert(int(np.flatnonzero(out.columns == "all_contacts")[0]) + 1, "further_contacts", further)
    return out


def _read(rows: Any, present: dict[str, Any], due: Any) -> dict[str, Any]:
    """Read the columns, and mark the rows that cannot be right."""
    found: dict[str, Any] = {}
    for argument in _DATES:
        if argument in present:
            like = found.get("created")
            found[argument] = rows.times(present[argument], argument, optional=argument != "created", like=like)
            if "created" in found and argument != "created":
                rows.refuse_before(argument, found[argument], found["created"], "created", _ORDER)
    if "contacts" in present:
        found["contacts"] = rows.counts(present["contacts"], "contacts")
    for argument in ("reopened", "escalated", "sla"):
        if argument in present:
            found[argument] = rows.flags(present[argument], argument)
    for argument in ("response_time", "resolution_time"):
        if argument in present:
            found[argument] = rows.durations(present[argument], argument)
    if isinstance(due, (timedelta, np.timedelta64)) or (_is_duration(due) and not rows.has(due)):
        found["due_in"] = check_length(_METRIC, "due", due), rows.every()
    elif due is not None and rows.is_date(due, "due"):
        found["due"] = rows.times(due, "due", optional=True, like=found.get("created"))
    elif due is not None:
        found["due_in"] = rows.durations(due, "due")
    return found


def _is_duration(due: Any) -> bool:
    """Check whether text is a number with a unit, such as "24h"."""
    return isinstance(due, str) and re.fullmatch(r"\d+(\.\d+)? ?[A-Za-z]+", due) is not None


def _columns(
    rows: Any, found: dict[str, Any], hours: BusinessHours | None, seen: Callable[[Any], Any]
) -> dict[str, Any]:
    """Return the conditions to count and the amounts to add up, for the columns found, in the order of the result."""
    columns = {"tickets": rows.every()}
    waits = _waits(rows, found, hours)
    happened: dict[str, Any] = {n: seen(found[n]) for n in ("first_response", "resolved") if n in found}
    for date, duration in _DURATIONS.items():
        if duration in found:
            known = found[duration][1]
            happened[duration] = known & happened[date] if date in happened else known
            happened.setdefault(date, known)
        elif date in waits:
            happened[duration] = happened[date]
    solved = happened.get("resolved")
    again, again_known = (None, None) if "reopened" not in found else _both(*found["reopened"])
    solved_once = solved if again is None or solved is None else solved | again
    if "contacts" in found:
        columns["contacts"] = found["contacts"] > 0
        if solved is not None:
            first = solved & (found["contacts"] == 1)
            columns["resolved_first_contact"] = first if again is None else first & again_known & ~again
            columns["fcr_known"] = columns["contacts"] if again_known is None else columns["contacts"] & again_known
    if "first_response" in happened:
        columns["responded"] = happened.get("response_time", happened["first_response"])
        if "response_time" in happened:
            columns |= _parts(rows, "response_time", waits["first_response"], happened["response_time"])
    if solved is not None:
        columns["resolved"] = solved_once
        if "resolution_time" in happened:
            columns["timed"] = happened["resolution_time"]
            columns |= _parts(rows, "resolution_time_sum", waits["resolved"], happened["resolution_time"])
    if again is not None:
        columns["reopened"] = again
        if solved_once is not None:
            columns["reopen_known"] = solved_once & again_known
    if "escalated" in found:
        columns["escalated"], columns["escalation_known"] = _both(*found["escalated"])
    if "contacts" in found:
        columns["all_contacts"] = rows.only(found["contacts"] > 0, found["contacts"])
    if "sla" in found:
        columns["met"], columns["measured"] = _both(*found["sla"])
    if "due" in found or "due_in" in found:
        columns["met"], columns["measured"] = _outcome(rows, found, happened, waits, hours)
    return columns


def _parts(rows: Any, name: str, wait: tuple[Any, Any], known: Any) -> dict[str, Any]:
    """Return the two parts of a time that are added up, of the tickets of which it is known."""
    return {name: rows.only(known, wait[0]), f"{name} rest": rows.only(known, wait[1])}


def _both(yes: Any, known: Any) -> tuple[Any, Any]:
    """Return flags as a condition that is false where they are missing, and which are known."""
    return yes & known, known


def _waits(rows: Any, found: dict[str, Any], hours: BusinessHours | None) -> dict[str, tuple[Any, Any]]:
    """Return the time until the first response and the solution, in seconds and a rest of nanoseconds."""
    given = {date: found[duration][0] for date, duration in _DURATIONS.items() if duration in found}
    dates = {n: found[n] for n in _DATES if n in found and n not in given}
    waits: dict[str, tuple[Any, Any]] = {}
    if "created" in dates and len(dates) > 1:
        if hours is None:
            waits = rows.waited(dates, "created")
        else:
            worked = rows.worked(dates, "created", hours)
            given |= {n: at - worked["created"] for n, at in worked.items() if n != "created"}
    return waits | {n: (micros // _SECOND, micros % _SECOND * 1000) for n, micros in given.items()}


def _outcome(
    rows: Any, found: dict[str, Any], happened: dict[str, Any], waits: dict[str, Any], hours: BusinessHours | None
) -> tuple[Any, Any]:
    """Return which tickets were solved in time, and of which it is known: solved, or past their time by now."""
    if "due" in found:
        if "resolved" not in found:
            raise MissingColumnError(_METRIC, "resolved", "no column of dates, which `due` needs", what_is_there(rows))
        due, solved = found["due"], happened["resolved"]
        wanted, late, over = rows.happened(due), rows.late(found["resolved"], due), rows.by_now(due)
    else:
        if "resolved" not in waits:
            rule = "no time until the solution, which `due` needs"
            raise MissingColumnError(_METRIC, "resolved", rule, what_is_there(rows))
        limit, wanted = found["due_in"]
        solved = happened["resolution_time"]
        seconds, rest = waits["resolved"]
        late = seconds * _SECOND + rest // 1000 > limit
        over = rows.running(found["created"], hours) > limit if "created" in found else ~rows.every()
    return wanted & solved & ~late, wanted & (solved | over)


def _no_column(named: dict[str, Any], rows: Any) -> MissingColumnError:
    names = [repr(str(name)) for name in named.values() if name is not None]
    hint = 'name your columns: created="opened_at", for example'
    return MissingColumnError(_METRIC, "created", f"none of the columns {', '.join(names)}", what_is_there(rows), hint)
