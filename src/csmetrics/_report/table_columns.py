"""The columns of the raw tables of a report: found by their usual names or by the names that the caller gave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Final

from csmetrics._frames.columns import PER_BILL, guess, has, what_is_there
from csmetrics._frames.words import per_bill
from csmetrics.errors import MetricInputError, MissingColumnError, shown

# The columns of each table by their usual names: those that its builders need, and those that they can use
TABLES: Final = {
    "subscriptions": (("customer", "start", "end", "mrr"), ()),
    "events": (("user", "time"), ("event", "feature")),
    "responses": (("time",), ("customer", "nps", "csat", "ces", "score")),
    "tickets": (
        ("created",),
        ("ticket", "first_response", "resolved", "contacts", "reopened", "escalated", "sla", "due"),
    ),
    "customers": (("customer",), ("started", "completed", "value")),
}


def names_of(tables: Mapping[str, Any], columns: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return the column behind each name of a table; refuse tables that lack a column their builders need."""
    metric = "report_from_tables"
    rule = f"must map {', '.join(TABLES)} to their columns"
    hint = 'such as {"subscriptions": {"customer": "account_id"}}'
    if not isinstance(columns, Mapping):
        raise MetricInputError(metric, "columns", rule, f"got {shown(columns)}", hint)
    for table, mapping in columns.items():
        if table not in TABLES or not isinstance(mapping, Mapping):
            raise MetricInputError(metric, "columns", rule, f"got {shown({table: mapping})}", hint)
        for name in mapping:
            if name not in (*TABLES[table][0], *TABLES[table][1]):
                rule = f"can map {', '.join((*TABLES[table][0], *TABLES[table][1]))} of the {table}"
                raise MetricInputError(metric, "columns", rule, f"got {shown(name)}")
    found, missing = {}, {}
    for table, frame in tables.items():
        needed, optional = TABLES[table]
        own = {name: columns.get(table, {}).get(name, name) for name in (*needed, *optional)}
        found[table] = {name: column for name, column in own.items() if has(frame, column)}
        lacks = {n: own[n] for n in dict.fromkeys((*needed, *columns.get(table, {}))) if n not in found[table]}
        if lacks:
            missing[table] = lacks
    if missing:
        raise _lacking(tables, found, missing)
    return found


def _lacking(tables: Mapping[str, Any], found: Any, missing: Mapping[str, Mapping[str, str]]) -> MissingColumnError:
    """Make one error for all columns that the tables lack, with the columns that may be meant."""
    meant: dict[str, dict[str, str]] = {}
    for table, lacks in missing.items():
        free = [name for name in tables[table].columns if name not in found[table].values()]
        meant[table] = {}
        for name, column in lacks.items():
            near = guess(SimpleNamespace(columns=free), column, name, raw=True)
            meant[table][name] = near or "its_name"
            free = [one for one in free if one != near]
    what = [
        f"no column{'s' if len(lacks) > 1 else ''} {', '.join(map(shown, lacks.values()))} in the {table}"
        for table, lacks in missing.items()
    ]
    own = [
        f"{what_is_there(tables[table])} in the {table}" if len(missing) > 1 else what_is_there(tables[table])
        for table in missing
    ]
    if "mrr" in missing.get("subscriptions", {}) and per_bill(tables["subscriptions"].columns):
        own.append(PER_BILL)
    names = ", ".join(name for lacks in missing.values() for name in lacks)
    return MissingColumnError("report_from_tables", names, ", ".join(what), "; ".join(own), as_argument(meant))


def check_outcomes(tickets: Any, own: Mapping[str, str]) -> None:
    """Refuse tickets with nothing but their dates of creation, of which no metric is made."""
    outcomes = [name for name in TABLES["tickets"][1] if name != "ticket"]
    if own.keys() & {*outcomes}:
        return
    free = SimpleNamespace(columns=[name for name in tickets.columns if name not in own.values()])
    meant = {name: near for name in outcomes if (near := guess(free, name, name, raw=True)) is not None}
    what = f"no column {' or '.join(map(shown, outcomes))} in the tickets, so no metric can be computed from them"
    hint = as_argument({"tickets": meant or {"resolved": "its_name"}})
    raise MissingColumnError("report_from_tables", "resolved", what, what_is_there(tickets), hint)


def as_argument(meant: Mapping[str, Mapping[str, str]]) -> str:
    """Write the argument that names columns; the command line says the same as options."""
    return f"columns={json.dumps(meant)}"
