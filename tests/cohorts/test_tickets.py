"""Support tickets, compared with totals by hand, case by case, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import csmetrics as csm

tickets = csm.cohorts.tickets
DRAWN = settings(max_examples=60, deadline=None, derandomize=True)
START = datetime(2026, 3, 1, 9)
COLUMNS = [
    "tickets",
    "contacts",
    "resolved_first_contact",
    "responded",
    "response_time",
    "resolved",
    "resolution_time_sum",
    "reopened",
    "escalated",
    "all_contacts",
    "further_contacts",
    "met",
    "measured",
]
HOURS = ("response_time", "resolution_time_sum")


def by_hand(cases: list[dict[str, Any]]) -> dict[str, float]:
    """Restate every total."""
    answered = [case for case in cases if case["first_response"] is not None]
    solved = [case for case in cases if case["resolved"] is not None]
    contacts = [case["contacts"] for case in cases if case["contacts"]]
    first = [case for case in solved if case["contacts"] == 1 and not case["reopened"]]
    waited = [case["first_response"] - case["created"] for case in answered]
    took = [case["resolved"] - case["created"] for case in solved]
    return {
        "tickets": len(cases),
        "contacts": len(contacts),
        "resolved_first_contact": len(first),
        "responded": len(answered),
        "response_time": sum(waited, timedelta()) / timedelta(hours=1),
        "resolved": len(solved),
        "resolution_time_sum": sum(took, timedelta()) / timedelta(hours=1),
        "reopened": sum(bool(case["reopened"]) for case in solved),
        "escalated": sum(bool(case["escalated"]) for case in cases),
        "all_contacts": sum(contacts),
        "further_contacts": sum(number - 1 for number in contacts),
        "met": sum(case["sla"] is True for case in cases),
        "measured": sum(case["sla"] is not None for case in cases),
    }


def frame(cases: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame({name: pd.Series([case[name] for case in cases], dtype=object) for name in cases[0]})
    for name in ("created", "first_response", "resolved"):
        table[name] = pd.to_datetime(table[name], utc=False).astype("M8[us]")
    types = {"contacts": "Int64", "reopened": "boolean", "sla": "boolean", "escalated": "Int64"}
    return table.astype({name: dtype for name, dtype in types.items() if name in table})


waits = st.none() | st.integers(0, 10**9).map(lambda us: timedelta(microseconds=us)) | st.just(timedelta(days=400))
drawn = st.fixed_dictionaries(
    {
        "created": st.integers(0, 10**12).map(lambda us: START + timedelta(microseconds=us)),
        "first_response": waits,
        "resolved": waits,
        "contacts": st.none() | st.integers(0, 4),
        "reopened": st.none() | st.booleans(),
        "escalated": st.none() | st.integers(0, 2),
        "sla": st.none() | st.booleans(),
        "team": st.sampled_from(["x", "y"]),
    }
).map(lambda case: case | {n: case["created"] + case[n] for n in ("first_response", "resolved") if case[n] is not None})


def check(row: pd.Series[Any], cases: list[dict[str, Any]]) -> None:
    expected = by_hand(cases)
    for name, value in row.items():
        assert value == (pytest.approx(expected[str(name)], rel=1e-14) if name in HOURS else expected[str(name)]), name


@given(cases=st.lists(drawn, min_size=1, max_size=20))
@DRAWN
def test_against_adding_up(cases: list[dict[str, Any]]) -> None:
    table = frame(cases)
    before = table.copy(deep=True)
    total = tickets(table, sla="sla")
    assert list(total.columns) == COLUMNS
    assert [name for name, dtype in total.dtypes.items() if dtype != "int64"] == list(HOURS)
    assert total.index.tolist() == ["total"]
    check(total.loc["total"], cases)
    grouped = tickets(table, sla="sla", by="team")
    assert grouped.index.tolist() == sorted({case["team"] for case in cases})
    for team, row in grouped.iterrows():
        check(row, [case for case in cases if case["team"] == team])
    pd.testing.assert_frame_equal(table, before)
    # the formulas' rules on parts and wholes hold
    grouped.csm.total().metrics()
    for part, whole in (("met", "measured"), ("resolved_first_contact", "contacts"), ("reopened", "resolved")):
        assert (grouped[part] <= grouped[whole]).all()
    assert (grouped["contacts"] + grouped["further_contacts"] == grouped["all_contacts"]).all()


# ------------------------------------------------------------------------------------------------------- case by case


def made(*hours: tuple[float | None, float | None], **columns: list[Any]) -> pd.DataFrame:
    """Make tickets, each answered and resolved the given number of hours after its creation."""
    created = pd.Series([START + timedelta(days=i) for i in range(len(hours))]).astype("M8[us]")
    waited = [pd.to_timedelta(pd.Series([row[i] for row in hours], dtype=float), unit="h") for i in range(2)]
    return pd.DataFrame(
        {"created": created, "first_response": created + waited[0], "resolved": created + waited[1], **columns}
    )


def test_by_hand() -> None:
    table = made((1, 5), (3, 9), (2, None), contacts=[1, 3, 1], reopened=[False, False, False], escalated=[0, 1, 0])
    result = tickets(table)
    assert result.loc["total"].to_dict() == {
        "tickets": 3,
        "contacts": 3,
        "resolved_first_contact": 1,
        "responded": 3,
        "response_time": 6.0,
        "resolved": 2,
        "resolution_time_sum": 14.0,
        "reopened": 0,
        "escalated": 1,
        "all_contacts": 5,
        "further_contacts": 2,
    }
    assert set(result.csm.total().metrics().columns) == {
        "fcr",
        "first_response_time",
        "resolution_time",
        "reopen_rate",
        "escalation_rate",
    }


def test_the_formulas_on_the_result() -> None:
    table = made(
        (1, 5), (3, 9), (2, None), (0.5, 0.5), contacts=[1, 3, 1, 1], reopened=[0, 2, 0, 1], escalated=[0, 1, 0, 0]
    )
    total = tickets(table.assign(sla=[True, False, None, True]), sla="sla").csm.total()
    assert total.fcr() == 25.0  # the second took three contacts, the third is open, the fourth was reopened
    assert total.first_response_time() == 6.5 / 4
    assert total.resolution_time() == 14.5 / 3
    assert total.reopen_rate() == pytest.approx(200 / 3)
    assert total.escalation_rate() == 25.0
    assert total.sla_attainment() == pytest.approx(200 / 3)
    assert total.contact_rate(customers=200) == 2.0
    assert total.cost_per_ticket(support_cost=100) == 25.0


def test_issues_are_not_contacts() -> None:
    """`fcr` counts each issue once; the issues had five contacts, two of them repeated."""
    result = tickets(made((1, 5), (3, 9), (2, None), contacts=[1, 3, 1]))
    assert result.csm.total().fcr() == pytest.approx(100 / 3)
    repeats = result.csm.total().repeat_contact_rate(repeat_contacts="further_contacts", contacts="all_contacts")
    assert repeats == 40.0
    with pytest.raises(csm.MissingColumnError):  # never divided by issues by mistake
        result.csm.total().repeat_contact_rate()
    assert "repeat_contact_rate" not in result.csm.total().metrics()


def test_tickets_without_a_known_contact_are_no_issues() -> None:
    """A missing number of contacts is not 1, and a ticket with 0 contacts, opened by a machine, is not an issue."""
    result = tickets(made((1, 5), (1, 5), (1, 5), contacts=[1, None, 0])).loc["total"]
    assert result[["tickets", "contacts", "resolved_first_contact", "all_contacts"]].tolist() == [3, 1, 1, 1]


def test_an_open_ticket_was_not_resolved_at_first_contact() -> None:
    result = tickets(made((1, None), contacts=[1])).loc["total"]
    assert result[["contacts", "resolved_first_contact", "resolved", "resolution_time_sum"]].tolist() == [1, 0, 0, 0]


def test_a_ticket_open_again_is_no_reopened_one_of_those_resolved() -> None:
    """`reopen_rate` counts reopened tickets among the resolved ones; a ticket open again is no longer resolved."""
    table = made((1, 5), (1, None), (1, 7), reopened=[True, True, False])
    assert tickets(table)["reopened"].item() == 1
    assert tickets(table).csm.total().reopen_rate() == 50.0
    # without the column `resolved`, all reopened tickets count
    assert tickets(table.drop(columns="resolved"))["reopened"].item() == 2


def test_reopened_is_not_known_for_all() -> None:
    """A missing `reopened` does not count as reopened."""
    table = made((1, 5), (1, 5), (1, 5), contacts=[1, 1, 1], reopened=[True, None, False])
    assert tickets(table)["resolved_first_contact"].item() == 2
    assert tickets(table.drop(columns="reopened"))["resolved_first_contact"].item() == 3


FLAGS = {
    "booleans": [True, False, True, False],
    "objects": [True, False, True, None],
    "nullable": pd.array([True, None, True, False], dtype="boolean"),
    "counts": [2, 0, 1, 0],
    "counts with a gap": [2.0, 0.0, 1.0, nan],
    "nullable counts": pd.array([2, 0, 1, None], dtype="Int64"),
}


@pytest.mark.parametrize("kind", FLAGS)
def test_flags_of_any_kind(kind: str) -> None:
    table = made((1, 5), (1, 5), (1, 5), (1, 5), reopened=FLAGS[kind], escalated=FLAGS[kind])
    assert tickets(table).loc["total", ["reopened", "escalated"]].tolist() == [2, 2]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["created"], ["tickets"]),
        (["created", "first_response"], ["tickets", "responded", "response_time"]),
        (["resolved"], ["tickets", "resolved"]),  # the number of resolved tickets, but not their times
        (["contacts"], ["tickets", "contacts", "all_contacts", "further_contacts"]),
        (["resolved", "contacts"], ["tickets", *COLUMNS[1:3], "resolved", "all_contacts", "further_contacts"]),
        (["escalated"], ["tickets", "escalated"]),
        (["reopened"], ["tickets", "reopened"]),
    ],
)
def test_from_the_columns_that_are_there(columns: list[str], expected: list[str]) -> None:
    table = made((1, 5), (1, None), contacts=[1, 2], reopened=[False, True], escalated=[True, False])
    result = tickets(table[columns])
    assert list(result.columns) == expected
    assert result["tickets"].item() == 2


def test_a_column_that_was_named_must_be_there() -> None:
    table = made((1, 5), contacts=[1])
    with pytest.raises(csm.MissingColumnError, match="no column 'touches'"):
        tickets(table, contacts="touches")
    with pytest.raises(csm.MissingColumnError, match="no column 'escalated'"):
        tickets(table, escalated="escalated")  # named explicitly, although it is the default name
    with pytest.raises(csm.MissingColumnError, match="no column 'sla'"):
        tickets(table, sla="sla")
    with pytest.raises(
        csm.MissingColumnError, match=r"none of the columns 'created', .*; this frame has 'id'.*created="
    ):
        tickets(pd.DataFrame({"id": [1]}))
    less = tickets(table, contacts=None, first_response=None)  # the columns exist but are not wanted
    assert list(less.columns) == ["tickets", "resolved", "resolution_time_sum"]


def test_other_names_of_columns() -> None:
    table = made((1, 5), contacts=[2]).rename(
        columns={"created": "opened", "resolved": "closed", "contacts": "touches"}
    )
    result = tickets(table, created="opened", resolved="closed", contacts="touches").loc["total"]
    assert result[["resolution_time_sum", "all_contacts"]].tolist() == [5.0, 2]


def test_hours_are_those_of_the_clock() -> None:
    """Hours are elapsed hours: over the change to summer time, Berlin's clocks show 10 hours for 9."""
    created = pd.Series(pd.to_datetime(["2026-03-28 22:00"])).dt.tz_localize("Europe/Berlin")
    resolved = pd.Series(pd.to_datetime(["2026-03-29 08:00"])).dt.tz_localize("Europe/Berlin")
    table = pd.DataFrame({"created": created, "resolved": resolved})
    assert tickets(table)["resolution_time_sum"].item() == 9.0
    assert tickets(table.assign(resolved=resolved.dt.tz_convert("UTC")))["resolution_time_sum"].item() == 9.0
    naive = table.assign(created=created.dt.tz_localize(None), resolved=resolved.dt.tz_localize(None))
    assert tickets(naive)["resolution_time_sum"].item() == 10.0
    for mixed in (table.assign(created=naive["created"]), table.assign(resolved=naive["resolved"])):
        with pytest.raises(csm.MetricInputError, match="time zone"):
            tickets(mixed)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_units(unit: str) -> None:
    table = made((0.25, 36.5))
    mixed = table.assign(created=table["created"].astype(f"M8[{unit}]"))
    whole = mixed.assign(resolved=table["resolved"].astype(f"M8[{unit}]"))
    for given_ in (mixed, whole):
        assert tickets(given_).loc["total", list(HOURS)].tolist() == [0.25, 36.5]
    text = table.astype({"created": str, "resolved": str, "first_response": str})
    assert tickets(text).loc["total", list(HOURS)].tolist() == [0.25, 36.5]


def test_waits_do_not_overflow() -> None:
    """Two thousand tickets of 250 years each: their sum in nanoseconds would not fit into 64 bits."""
    created = np.full(2000, np.datetime64("1750-01-01", "ns"))
    table = pd.DataFrame(
        {"created": created, "resolved": np.full(2000, np.datetime64("2000-01-01T00:00:00.000000001"))}
    )
    hours = ((np.datetime64("2000-01-01") - np.datetime64("1750-01-01")) / np.timedelta64(1, "h")).item()
    assert tickets(table)["resolution_time_sum"].item() == 2000 * hours + 2e-6 / 3600


def test_no_rows() -> None:
    empty = made().assign(team=pd.Series([], dtype=object))
    assert tickets(empty).loc["total"].tolist() == [0] * 5
    assert (len(tickets(empty, by="team")), tickets(empty, by="team").index.name) == (0, "team")


def test_missing_keys_are_a_group_of_their_own() -> None:
    result = tickets(made((1, 5), (1, 7), (1, 9)).assign(team=["x", None, None]), by="team")
    assert result["resolution_time_sum"].tolist() == [5.0, 16.0]
    assert pd.isna(result.index[1])


def test_the_made_up_company() -> None:
    """The totals equal those of the last month in the company's own cohort frame."""
    company = csm.datasets.make_saas(300, seed=3)
    month = company.tickets[company.tickets["created"].dt.to_period("M") == company.period]
    result = tickets(month.merge(company.accounts[["customer", "plan"]]), by="plan")
    expected = company.cohorts.groupby("plan", observed=False).sum(numeric_only=True).loc[result.index]
    for name in ("tickets", "contacts", "resolved_first_contact", "resolved", "reopened", "escalated"):
        assert result[name].tolist() == expected[name].tolist(), name
    assert result["all_contacts"].sum() == month["contacts"].sum()


# ------------------------------------------------------------------------------------------------------------ bad rows

EARLY = pd.Timestamp("2020-01-01")
BAD = [
    ("created", pd.NaT, "is missing", "must be present in every row"),
    ("first_response", EARLY, "is before `created`", "must not be before `created`"),
    ("resolved", EARLY, "is before `created`", "must not be before `created`"),
    ("contacts", -1, "is negative", "must be >= 0"),
    ("contacts", 1.5, "is not a whole number", "must be whole numbers"),
    ("contacts", np.inf, "is infinite", "must be finite"),
    ("escalated", -2, "is negative", "must be >= 0"),
    ("reopened", np.inf, "is infinite", "must be finite"),
]


@pytest.mark.parametrize(("column", "value", "reason", "rule"), BAD)
def test_bad_rows(column: str, value: Any, reason: str, rule: str) -> None:
    good = made((1, 5), (2, 6), (3, 7), contacts=[1.0, 2.0, 1.0], reopened=[0.0, 1.0, 0.0], escalated=[1.0, 0.0, 0.0])
    table = good.set_index(pd.Index(["a", "b", "c"]))
    table.loc["b", column] = value
    with pytest.raises(csm.MetricInputError) as caught:
        tickets(table)
    assert (caught.value.argument, caught.value.rule) == (column, rule)
    assert "1 of 3 rows break it, with the labels 'b'" in str(caught.value)
    result = tickets(table, on_bad_rows="report")
    assert result.attrs["excluded"].frame.index.tolist() == ["b"]
    assert result.attrs["excluded"].frame["reason"].tolist() == [f"`{column}` {reason}"]
    assert result.to_dict() == tickets(table.drop(index="b")).to_dict()


def test_a_row_may_be_bad_in_several_ways() -> None:
    table = made((1, 5), (2, 6), contacts=[-1, 1]).assign(resolved=[EARLY, EARLY])
    with pytest.raises(csm.MetricInputError, match=r"2 of 2 rows break it.*; in 1 `contacts` is negative"):
        tickets(table)
    excluded = tickets(table, on_bad_rows="report").attrs["excluded"].frame
    assert excluded["reason"].tolist() == [
        "`resolved` is before `created`; `contacts` is negative",
        "`resolved` is before `created`",
    ]


def test_text_that_is_no_date() -> None:
    table = pd.DataFrame({"created": ["2026-01-01", "soon"], "resolved": ["2026-01-02", "later"]})
    with pytest.raises(csm.MetricInputError, match="`created` must hold dates; 1 of 2 rows"):
        tickets(table)
    result = tickets(table, on_bad_rows="report")
    assert result.loc["total"].tolist() == [1, 1, 24.0]
    assert result.attrs["excluded"].frame["reason"].tolist() == ["`created` is not a date; `resolved` is not a date"]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("created", [1, 2], "must hold dates"),
        ("contacts", ["1", "2"], "must be numbers"),
        ("reopened", ["yes", "no"], "must be numbers"),
    ],
)
def test_columns_of_another_kind(column: str, values: list[Any], message: str) -> None:
    with pytest.raises(csm.MetricInputError, match=f"tickets: `{column}` {message}"):
        tickets(made((1, 5), (2, 6)).assign(**{column: values}))


# ------------------------------------------------------------------------------------------------------- every engine


def made_up(rows: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    created = np.datetime64("2026-01-01", "us") + rng.integers(0, 90 * 86_400 * 10**6, rows).astype("m8[us]")
    table = pd.DataFrame({"created": created})
    for name, days in (("first_response", 3), ("resolved", 40)):
        table[name] = table["created"] + rng.integers(0, days * 86_400 * 10**6, rows).astype("m8[us]")
        table.loc[rng.random(rows) < 0.3, name] = pd.NaT
    contacts = pd.Series(rng.integers(0, 4, rows)).astype("Int64")
    return table.assign(
        contacts=contacts.mask(rng.random(rows) < 0.1),
        touches=np.where(rng.random(rows) < 0.1, nan, contacts.to_numpy(dtype=float)),
        reopened=rng.random(rows) < 0.3,
        escalated=rng.integers(0, 2, rows),
        sla=pd.Series(rng.random(rows) < 0.6).astype("boolean").mask(rng.random(rows) < 0.2),
        team=pd.Series(rng.choice(["x", "y", None], rows).tolist()),
        tier=rng.integers(1, 3, rows),
    )


TABLE = made_up()
ASKED: list[dict[str, Any]] = [
    {"sla": "sla"},
    {"by": ["team", "tier"], "sla": "sla", "reopened": "sla"},
    {"by": "team", "contacts": "touches", "first_response": None},
]


def test_engines(make: Callable[[pd.DataFrame], Any], crossed: list[int]) -> None:
    native = make(TABLE)
    for options in ASKED:
        crossed.clear()
        result = tickets(native, **options)
        assert sum(crossed) == 1 + len(result)  # the number of bad rows, and the groups
        pd.testing.assert_frame_equal(result, tickets(TABLE, **options), check_exact=True)


def test_engines_with_a_zone(make: Callable[[pd.DataFrame], Any]) -> None:
    aware = TABLE[["created", "resolved", "tier"]].assign(
        **{name: TABLE[name].dt.tz_localize("UTC") for name in ("created", "resolved")}
    )
    pd.testing.assert_frame_equal(tickets(make(aware), by="tier"), tickets(aware, by="tier"), check_exact=True)
    with pytest.raises(csm.MetricInputError, match="time zone"):
        tickets(make(aware.assign(created=TABLE["created"])))


def test_engines_with_bad_rows(make: Callable[[pd.DataFrame], Any], crossed: list[int]) -> None:
    table = TABLE.iloc[:200].copy()
    table.loc[0, "created"] = pd.NaT
    table.loc[[1, 2], "resolved"] = EARLY
    table.loc[3, "contacts"] = -1
    table["touches"] = [1.0, 1.0, 1.0, 1.0, 1.5, np.inf, nan, *[2.0] * 193]
    for contacts, bad in (("contacts", 4), ("touches", 5)):
        crossed.clear()
        with pytest.raises(csm.MetricInputError, match=f"{bad} of 200 rows break a rule, such as "):
            tickets(make(table), contacts=contacts)
        assert max(crossed) <= 3
        result = tickets(make(table), contacts=contacts, by="team", on_bad_rows="report")
        expected = tickets(table, contacts=contacts, by="team", on_bad_rows="report")
        assert sorted(result.attrs["excluded"].frame["reason"]) == sorted(expected.attrs["excluded"].frame["reason"])
        result.attrs, expected.attrs = {}, {}
        pd.testing.assert_frame_equal(result, expected, check_exact=True)
    with pytest.raises(csm.MissingColumnError, match="no column 'opened'"):
        tickets(make(table), created="opened")
    with pytest.raises(csm.MissingColumnError, match="none of the columns"):
        tickets(make(table[["team"]]))


def test_engines_with_keys_named_like_totals(make: Callable[[pd.DataFrame], Any]) -> None:
    keys = ["rows", "tickets", "sum contacts"]
    table = TABLE.iloc[:100][["created", "contacts"]].assign(**dict.fromkeys(keys, TABLE["tier"]))
    pd.testing.assert_frame_equal(tickets(make(table), by=keys), tickets(table, by=keys), check_exact=True)
