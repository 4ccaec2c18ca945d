"""`csm.report_from_tables`: raw tables in, through the builders of cohort frames, a report out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final, ParamSpec

import pandas as pd

from csmetrics._frames.columns import guess, has, what_is_there
from csmetrics._frames.engines import lazy
from csmetrics._report.report import Report, report
from csmetrics._report.table_columns import as_argument, check_outcomes, names_of
from csmetrics.cohorts import active_users as count_active_users
from csmetrics.cohorts import adoption as count_adoption
from csmetrics.cohorts import lifecycle as count_lifecycle
from csmetrics.cohorts import movements_from_subscriptions, retention
from csmetrics.cohorts import onboarding as count_onboarding
from csmetrics.cohorts import survey as count_answers
from csmetrics.cohorts import tickets as count_tickets
from csmetrics.errors import MetricInputError, MissingColumnError, shown

# The table behind each cohort frame of `report`, for those who take the names of one for those of the other
_TABLE_OF: Final = {"movements": "subscriptions", "survey": "responses", "onboarding": "customers"} | dict.fromkeys(
    ("retention", "active_users", "lifecycle", "activation", "adoption"), "events"
)

_Given = ParamSpec("_Given")


def _hinting(make: Callable[_Given, Report]) -> Callable[_Given, Report]:
    """Say which table is meant where a cohort frame of `report` is named instead."""

    @wraps(make)
    def called(*args: _Given.args, **given: _Given.kwargs) -> Report:
        for name in given:
            if name in _TABLE_OF:
                words = (
                    f"it takes raw rows, here {_TABLE_OF[name]}=; frames of csm.cohorts go to csm.report({name}=...)"
                )
                raise TypeError(f"report_from_tables() has no argument {name!r}: {words}")
        return make(*args, **given)

    return called


@_hinting
def report_from_tables(
    *,
    subscriptions: Any = None,
    events: Any = None,
    responses: Any = None,
    tickets: Any = None,
    customers: Any = None,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    as_of: Any = None,
    by: str | None = None,
    freq: str = "M",
    scorecard: Any = None,
    health: Any = None,
    title: str = "",
    template: Any = None,
    on_bad_rows: Any = "raise",
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Make a report of a period from raw tables, of which any may be left out.

    Parameters
    ----------
    subscriptions
        One row per subscription: ``customer``, ``start``, ``end`` (missing while it runs) and ``mrr``.
    events
        One row per event of use: ``user`` and ``time``; with ``feature``, adoption too.
    responses
        One row per survey response: ``time``, and the scores in ``nps``, ``csat`` and ``ces``; or NPS in ``score``.
    tickets
        One row per ticket: ``created``, and what `csmetrics.cohorts.tickets` takes of ``first_response``, ``resolved``,
        ``contacts``, ``reopened``, ``escalated``, ``sla``, ``due``.
    customers
        One row per customer: ``customer``, the segment that `by` names, and for onboarding ``started``, ``completed``
        and ``value`` (when the customer reached value).
    columns
        Where a table calls a column otherwise: ``{"subscriptions": {"customer": "account_id"}}``.
    as_of
        The last day that the tables cover; the report is of the last period that is complete by then.
    by
        The segment by which changes are taken apart: a column of `subscriptions`, or of `customers`. A customer belongs
        to one segment at a time (``by_at="opening"``), so the company's own figures stay what they are without `by`.
    freq
        Length of the periods: W, M, Q or Y.
    scorecard, health, title, template
        As `report` takes them.
    on_bad_rows
        ``"raise"``, or ``"report"`` to leave rows out that cannot be right; the report says how many and why.
    progress
        Called with the name of each step before it begins.

    Returns
    -------
    Report
        With ``.save("june.html")``, ``.save("june.xlsx")``, ``.to_html()``, ``.to_xlsx()`` and `figures`.

    Raises
    ------
    MetricInputError
        If no table is given, or rows cannot be right.
    MissingColumnError
        If a table lacks a column.

    See Also
    --------
    report

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> plans = pd.DataFrame(
    ...     {
    ...         "account_id": ["a", "b", "c"],
    ...         "start": ["2026-04-01", "2026-04-20", "2026-05-02"],
    ...         "end": [None, "2026-06-10", None],
    ...         "mrr": [100, 50, 80],
    ...     }
    ... )
    >>> june = csm.report_from_tables(
    ...     subscriptions=plans, columns={"subscriptions": {"customer": "account_id"}}, as_of="2026-06-30"
    ... )
    >>> float(june.figures.loc["churn_rate", "value"].round(2))
    33.33
    """
    given = {
        "subscriptions": subscriptions,
        "events": events,
        "responses": responses,
        "tickets": tickets,
        "customers": customers,
    }
    tables = {name: table for name, table in given.items() if table is not None}
    if not tables:
        raise MetricInputError("report_from_tables", "subscriptions", "must be given, or another table", "got none")
    for name, table in tables.items():
        if not isinstance(table, pd.DataFrame):
            lazy(table, "report_from_tables", name)  # refuses anything but a table
    named = names_of(tables, {} if columns is None else columns)
    tell = progress or (lambda step: None)
    rows = {"on_bad_rows": on_bad_rows}
    frames: dict[str, Any] = {}
    if "subscriptions" in tables:
        tell("subscriptions")
        frames["movements"] = _movements(tables, named, by, {"freq": freq, "as_of": as_of, **rows})
    if "events" in tables:
        frames |= _used(tables, named, freq, as_of, rows, tell)
    if "responses" in tables:
        tell("responses")
        frames["survey"] = _answers(tables["responses"], named["responses"], freq, as_of, rows)
    if "tickets" in tables:
        tell("tickets")
        frames["tickets"] = _cases(tables["tickets"], named["tickets"], freq, as_of, rows)
    if "customers" in tables and "started" in named["customers"]:
        tell("onboarding")
        own: dict[str, Any] = {name: named["customers"].get(name) for name in ("started", "completed", "value")}
        frames["onboarding"] = count_onboarding(tables["customers"], **own, freq=freq, as_of=as_of, **rows)
    if not frames and health is None:
        rule, hint = "must have something to report", "customers alone need the column `started`, for onboarding"
        raise MetricInputError("report_from_tables", "customers", rule, "got customers without it", hint)
    tell("report")
    return report(**frames, health=health, scorecard=scorecard, as_of=as_of, title=title, template=template)


def _movements(tables: Mapping[str, Any], named: Any, by: str | None, options: dict[str, Any]) -> pd.DataFrame:
    """Make the bridge, by the segment of the customers where they have one."""
    ledger, own = tables["subscriptions"], named["subscriptions"]
    if by is not None and not has(ledger, by):
        customers = tables.get("customers")
        if customers is None or not has(customers, by):
            frame = ledger if customers is None else customers
            what = f"no column {shown(by)} in the subscriptions or the customers"
            near = guess(frame, by, by)
            hint = "" if near is None else f"did you mean {near!r}?"
            raise MissingColumnError("report_from_tables", "by", what, what_is_there(frame), hint)
        ledger = _joined(ledger, own["customer"], customers, named["customers"]["customer"], by)
    made = movements_from_subscriptions(ledger, **own, by=by, by_at="opening", squares=True, **options)
    if ledger is not tables["subscriptions"]:
        made.attrs["notes"] += _without_segment(ledger, own["customer"], by)
    return made


def _joined(ledger: Any, key: str, customers: Any, customer: str, by: str) -> Any:
    """Put the segment of each customer beside its rows."""
    if not isinstance(ledger, pd.DataFrame) or not isinstance(customers, pd.DataFrame):
        rule, hint = "must be a column of the subscriptions themselves", "join it before, or pass pandas frames"
        raise MetricInputError("report_from_tables", "by", rule, "got tables of another engine", hint)
    segment = customers[[customer, by]].drop_duplicates().set_index(customer)[by]
    twice = segment.index[segment.index.duplicated()]
    if len(twice):
        found = f"{twice.nunique():,} have several, such as {shown(twice[:1].tolist()[0])}"
        hint = "keep the row of each customer that holds now; segments that change belong to the subscriptions"
        raise MetricInputError("report_from_tables", by, "must be one for each of the customers", found, hint)
    if len(ledger) and not ledger[key].isin(segment.index).any():
        theirs, ours = (", ".join(map(shown, ids.head(1).tolist())) for ids in (customers[customer], ledger[key]))
        found = f"it holds none of them; it has {theirs or 'no rows'}, and the subscriptions have {ours}, for example"
        rule, hint = "must hold the customers of the subscriptions", "spell ids alike in both tables: .astype(str)"
        raise MetricInputError("report_from_tables", "customers", rule, found, hint)
    return ledger.assign(**{by: ledger[key].map(segment)})


def _without_segment(ledger: pd.DataFrame, key: str, by: Any) -> list[str]:
    """Note how many customers have no segment, as the table of customers does not know them or does not say."""
    count = ledger.loc[ledger[by].isna(), key].nunique()
    who = f"{count:,} customers of the subscriptions have" if count > 1 else "1 customer of the subscriptions has"
    return [f"{who} no {by!r} among the customers."] if count else []


def _used(tables: Any, named: Any, freq: str, as_of: Any, rows: Any, tell: Callable[[str], None]) -> dict[str, Any]:
    """Count users, stages, retention, and adoption where the events say which feature."""
    own = {name: named["events"][name] for name in ("user", "time")}
    asked: dict[str, Any] = {**own, "freq": freq, "as_of": as_of, **rows}
    tell("users")
    frames: dict[str, Any] = {"active_users": count_active_users(tables["events"], **asked)}
    tell("lifecycle")
    frames["lifecycle"] = count_lifecycle(tables["events"], **asked)
    tell("retention")
    frames["retention"] = retention(tables["events"], **asked)
    if "feature" in named["events"] and "customers" in tables:
        tell("adoption")
        eligible = tables["customers"]
        if isinstance(eligible, pd.DataFrame) and isinstance(tables["events"], pd.DataFrame):
            eligible = eligible[[named["customers"]["customer"]]].set_axis([own["user"]], axis=1)
            feature = named["events"]["feature"]
            frames["adoption"] = count_adoption(
                tables["events"], **own, feature=feature, eligible=eligible, freq=freq, as_of=as_of, **rows
            )
    return frames


def _cases(tickets: Any, own: dict[str, str], freq: str, as_of: Any, rows: Any) -> Any:
    """Count the tickets, with the columns that the builder takes."""
    check_outcomes(tickets, own)
    takes = inspect.signature(count_tickets).parameters
    known: dict[str, Any] = {name: column for name, column in own.items() if name in takes}
    return count_tickets(tickets, **known, squares=True, freq=freq, as_of=as_of, **rows)


def _answers(responses: Any, own: dict[str, str], freq: str, as_of: Any, rows: Any) -> Any:
    """Count the answers to each question; one column of scores is of NPS."""
    asked: dict[str, Any] = {kind: own[kind] for kind in ("nps", "csat", "ces") if kind in own}
    common: dict[str, Any] = {"time": own["time"], "squares": True, "freq": freq, "as_of": as_of, **rows}
    if asked:
        return count_answers(responses, **asked, **common)
    if "score" not in own:
        what = "no column of scores in the responses"
        hint = as_argument({"responses": {"nps": guess(responses, "nps", "nps", raw=True) or "its_name"}})
        raise MissingColumnError("report_from_tables", "nps", what, what_is_there(responses), hint)
    return count_answers(responses, score=own["score"], kind="nps", **common)
