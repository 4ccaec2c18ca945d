"""Support tickets in, the totals of the support formulas out."""

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
_TIMES = ("response_time", "resolution_time_sum")  # in two parts until they are added up
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
    """Total support tickets: how many, how long they took, how often they came back.

    Every column but one may be missing from the frame: the totals that need it are then missing from the result. A
    column that was named here has to be there. ``None`` leaves a column out.

    Parameters
    ----------
    tickets
        One row per ticket: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask, PySpark or Ibis, whose
        engine then does the adding up.
    created
        When the ticket came in.
    first_response
        When it got its first answer; missing where it has none yet.
    resolved
        When it was solved; missing while it is open.
    contacts
        How often the customer got in touch about it; missing where nobody knows.
    reopened
        Whether it was opened again after it was solved: booleans, or how often.
    escalated
        Whether it was handed up: booleans, or how often.
    sla
        Whether it kept the time limit of its agreement: booleans; missing where it has none, or it is still running.
    by
        A column, or a list of columns, to total apart. Missing keys form a group of their own.
    on_bad_rows
        ``"raise"``, or ``"report"``: leave bad rows out and give them back in ``.attrs["excluded"]`` with the reason.

    Returns
    -------
    DataFrame
        One row per group, the keys as its index; without `by` one row, ``"total"``. Times are hours, float64; all else
        is int64. In this order, as far as the columns are there:

        * `tickets`: the rows.
        * `contacts`: issues, each counted once, which is how `fcr` uses the word: the tickets with a contact.
        * `resolved_first_contact`: those of them that are solved, took one contact and were not reopened.
        * `responded`, `response_time`: tickets with a first answer, and their hours up to it, added up.
        * `resolved`, `resolution_time_sum`: tickets that are solved, and their hours up to that, added up.
        * `reopened`: tickets in `resolved` that were opened again, each counted once. One that is open again is in
          neither.
        * `escalated`: tickets that were handed up, each counted once.
        * `all_contacts`, `further_contacts`: contacts, first and repeated ones; and those after the first of a ticket.
        * `met`, `measured`: tickets that kept their limit; those whose outcome is known.

    Raises
    ------
    MetricInputError
        If a ticket has no date of creation, is answered or solved before it, has a negative or fractional number of
        contacts or reopenings, or something is no date or no number.
    MissingColumnError
        If a column that was named is not there, or none is.

    See Also
    --------
    csmetrics.fcr, csmetrics.first_response_time, csmetrics.resolution_time, csmetrics.reopen_rate,
    csmetrics.escalation_rate, csmetrics.sla_attainment, csmetrics.repeat_contact_rate

    Notes
    -----
    The totals feed the formulas of support. `repeat_contact_rate` has another meaning of contacts, each of them
    counted; as one column cannot be both, name them:
    ``repeat_contact_rate(repeat_contacts="further_contacts", contacts="all_contacts")``.

    Elapsed time: one hour is an hour of the clock, nights and weekends included; times with a zone are compared in UTC.

    A ticket belongs to the rows that are given: take those created in the period for `fcr` and `escalation_rate`, those
    solved in it for `resolution_time` and `reopen_rate`, and say which.

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
    """Give what to count and to add up, as far as the columns are there, in the order of the result."""
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
    hint = 'name what is there: created="opened_at", for example'
    return MissingColumnError(metric, "created", f"none of the columns {', '.join(names)}", what_is_there(rows), hint)
