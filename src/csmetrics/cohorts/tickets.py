"""From support tickets to the totals that the support formulas need."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import what_is_there
from csmetrics.cohorts._rows.options import OnBadRows
from csmetrics.cohorts._rows.totals import Unnamed, read
from csmetrics.core._dates import in_hours
from csmetrics.errors import MissingColumnError

_CREATED, _FIRST_RESPONSE, _RESOLVED = Unnamed("created"), Unnamed("first_response"), Unnamed("resolved")
_CONTACTS, _REOPENED, _ESCALATED = Unnamed("contacts"), Unnamed("reopened"), Unnamed("escalated")
_TIMES = ("response_time", "resolution_time_sum")  # kept in two parts until they are added up
_ORDER = "a ticket is answered and solved after it was created; check the time zones"


def tickets(
    tickets: Any,
    *,
    created: str | None = _CREATED,
    first_response: str | None = _FIRST_RESPONSE,
    resolved: str | None = _RESOLVED,
    contacts: str | None = _CONTACTS,
    reopened: str | None = _REOPENED,
    escalated: str | None = _ESCALATED,
    sla: str | None = None,
    by: Any = None,
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
    created
        The column with the time at which the ticket was opened.
    first_response
        The column with the time of the first response; missing while the ticket has none.
    resolved
        The column with the time at which the ticket was resolved; missing while it is open.
    contacts
        The column with the number of times the customer got in touch about the ticket; missing where unknown.
    reopened
        The column that says whether the ticket was reopened after it was resolved: booleans, or how often.
    escalated
        The column that says whether the ticket was escalated: booleans, or how often.
    sla
        The column that says whether the ticket met its service-level agreement (SLA): booleans; missing where it has
        no SLA, or where the SLA is still running.
    by
        A column, or a list of columns, to total by. Rows without a key form a group of their own.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them, with the reason, in
        ``.attrs["excluded"]``.

    Returns
    -------
    DataFrame
        One row per group, indexed by the keys; without `by` a single row, ``"total"``. Times are hours, float64; all
        other columns are int64. In this order, as far as the frame has the columns for them:

        * `tickets`: the number of rows.
        * `contacts`: issues, each counted once, which is how `fcr` uses the word: the tickets with at least one
          contact.
        * `resolved_first_contact`: issues that were resolved, took one contact and were not reopened.
        * `responded`, `response_time`: tickets with a first response, and the sum of their hours until it.
        * `resolved`, `resolution_time_sum`: tickets that are resolved, and the sum of their hours until then.
        * `reopened`: tickets in `resolved` that had been reopened, each counted once. A ticket that is open again is in
          neither column.
        * `escalated`: tickets that were escalated, each counted once.
        * `all_contacts`, `further_contacts`: all contacts; and the contacts after the first of each ticket.
        * `met`, `measured`: tickets that met their SLA; and tickets whose outcome is known.

    Raises
    ------
    MetricInputError
        If a ticket has no creation time, is answered or resolved before it, has a negative or fractional number of
        contacts or a negative number of reopenings, or a value is not a date or not a number.
    MissingColumnError
        If a column that you named does not exist, or the frame has none of the columns.

    See Also
    --------
    csmetrics.fcr, csmetrics.first_response_time, csmetrics.resolution_time, csmetrics.reopen_rate,
    csmetrics.escalation_rate, csmetrics.sla_attainment, csmetrics.repeat_contact_rate

    Notes
    -----
    The totals are the inputs of the support formulas. `repeat_contact_rate` uses the word "contacts" differently: it
    counts every contact, not every issue. As one column cannot mean both, name its inputs:
    ``repeat_contact_rate(repeat_contacts="further_contacts", contacts="all_contacts")``.

    Hours are hours of the clock, nights and weekends included; times with a time zone are compared in UTC.

    Every ticket in the frame is counted, so select the tickets first: those created in the period for `fcr` and
    `escalation_rate`, those resolved in it for `resolution_time` and `reopen_rate`. Say which you took.

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
    responded                 3.0
    response_time             6.0
    resolved                  2.0
    resolution_time_sum      14.0
    all_contacts              5.0
    further_contacts          2.0
    >>> totals.csm.total().fcr()
    33.333333333333336
    >>> totals.csm.total().repeat_contact_rate(repeat_contacts="further_contacts", contacts="all_contacts")
    40.0
    """
    metric = "tickets"
    named = {
        "created": created,
        "first_response": first_response,
        "resolved": resolved,
        "contacts": contacts,
        "reopened": reopened,
        "escalated": escalated,
        "sla": sla,
    }

    def screened(rows: Any) -> dict[str, Any]:
        there = {
            argument: name
            for argument, name in named.items()
            if name is not None and (not isinstance(name, Unnamed) or rows.has(name))
        }
        if not there:
            raise _no_column(metric, named, rows)
        found: dict[str, Any] = {}
        for argument in ("created", "first_response", "resolved"):
            if argument in there:
                found[argument] = rows.times(there[argument], argument, optional=argument != "created")
                if "created" in found and argument != "created":
                    rows.refuse_before(argument, found[argument], found["created"], "created", _ORDER)
        if "contacts" in there:
            found["contacts"] = rows.counts(there["contacts"], "contacts")
        for argument in ("reopened", "escalated", "sla"):
            if argument in there:
                found[argument] = rows.flags(there[argument], argument)
        return found

    rows, found = read(metric, tickets, on_bad_rows, screened)
    columns = _columns(rows, found)
    amounts = [*_TIMES, *(f"{name} rest" for name in _TIMES), "all_contacts"]
    out = rows.totals(by, columns, amounts)
    for name in _TIMES:
        if name in out:
            rest = out.pop(f"{name} rest")
            out[name] = in_hours(out[name].to_numpy(), rest.to_numpy())
    if "all_contacts" in out:
        out["all_contacts"] = out["all_contacts"].astype(np.int64)
        further = out["all_contacts"] - out["contacts"]
        out.insert(int(np.flatnonzero(out.columns == "all_contacts")[0]) + 1, "further_contacts", further)
    return out


def _columns(rows: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Return the conditions to count and the amounts to add up, for the columns found, in the order of the result."""
    columns = {"tickets": rows.every()}
    dates = {argument: found[argument] for argument in ("created", "first_response", "resolved") if argument in found}
    waited = rows.waited(dates, "created") if "created" in found else {}
    solved = rows.happened(found["resolved"]) if "resolved" in found else None
    again = None
    if "reopened" in found:
        yes, known = found["reopened"]
        again = known & yes
    if "contacts" in found:
        columns["contacts"] = found["contacts"] > 0
        if solved is not None:
            first = solved & (found["contacts"] == 1)
            columns["resolved_first_contact"] = first if again is None else first & ~again
    for argument, count, total in (
        ("first_response", "responded", _TIMES[0]),
        ("resolved", "resolved", _TIMES[1]),
    ):
        if argument in found:
            columns[count] = rows.happened(found[argument])
            if argument in waited:
                columns[total], columns[f"{total} rest"] = waited[argument]
    if again is not None:
        columns["reopened"] = again if solved is None else again & solved
    if "escalated" in found:
        columns["escalated"] = found["escalated"][0]
    if "contacts" in found:
        columns["all_contacts"] = found["contacts"]
    if "sla" in found:
        columns["met"], columns["measured"] = found["sla"]
    return columns


def _no_column(metric: str, named: dict[str, Any], rows: Any) -> MissingColumnError:
    names = [repr(str(name)) for name in named.values() if name is not None]
    hint = 'name your columns: created="opened_at", for example'
    return MissingColumnError(metric, "created", f"none of the columns {', '.join(names)}", what_is_there(rows), hint)
