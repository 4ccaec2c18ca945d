"""Support tickets, compared with totals by hand, case by case, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm

from ..drawn import drawn
from ..engine_frames import FRAMES, WITH_ZONES

tickets = csm.cohorts.tickets
DRAWN = drawn(40)
START = datetime(2026, 3, 1, 9)
COLUMNS = [
    "tickets",
    "contacts",
    "resolved_first_contact",
    "fcr_known",
    "responded",
    "response_time",
    "resolved",
    "timed",
    "resolution_time_sum",
    "reopened",
    "reopen_known",
    "escalated",
    "escalation_known",
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
    first = [case for case in solved if case["contacts"] == 1 and case["reopened"] is False]
    once = [case for case in cases if case["resolved"] is not None or case["reopened"]]
    waited = [case["first_response"] - case["created"] for case in answered]
    took = [case["resolved"] - case["created"] for case in solved]
    return {
        "tickets": len(cases),
        "contacts": len(contacts),
        "resolved_first_contact": len(first),
        "fcr_known": sum(bool(case["contacts"]) and case["reopened"] is not None for case in cases),
        "responded": len(answered),
        "response_time": sum(waited, timedelta()) / timedelta(hours=1),
        "resolved": len(once),
        "timed": len(solved),
        "resolution_time_sum": sum(took, timedelta()) / timedelta(hours=1),
        "reopened": sum(bool(case["reopened"]) for case in cases),
        "reopen_known": sum(case["reopened"] is not None for case in once),
        "escalated": sum(bool(case["escalated"]) for case in cases),
        "escalation_known": sum(case["escalated"] is not None for case in cases),
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
        "escalated": st.none() | st.integers(0, 1),
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
    for part, whole in (("met", "measured"), ("resolved_first_contact", "contacts"), ("reopened", "reopen_known")):
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
        "fcr_known": 3,
        "responded": 3,
        "response_time": 6.0,
        "resolved": 2,
        "timed": 2,
        "resolution_time_sum": 14.0,
        "reopened": 0,
        "reopen_known": 2,
        "escalated": 1,
        "escalation_known": 3,
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
        (1, 5), (3, 9), (2, None), (0.5, 0.5), contacts=[1, 3, 1, 1], reopened=[0, 1, 0, 1], escalated=[0, 1, 0, 0]
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


def test_reopened_tickets_that_are_still_open() -> None:
    """Who reopened a ticket had it solved at least once; when it will be solved for good is not known."""
    table = made(*[(1.0, 10.0)] * 8, *[(1.0, None)] * 2, reopened=[False] * 8 + [True] * 2)
    total = tickets(table).csm.total()
    assert (total.reopen_rate(), total.resolution_time()) == (20.0, 10.0)
    assert tickets(table).loc["total", ["resolved", "timed", "reopened", "reopen_known"]].tolist() == [10, 8, 2, 10]
    assert "resolved is taken from timed" in total.explain("resolution_time").notes
    # without the column `resolved`, all reopened tickets count
    assert tickets(table.drop(columns="resolved"))["reopened"].item() == 2


def test_what_is_not_known_leaves_the_base_of_its_own_rate() -> None:
    table = made(
        (1, 5),
        (1, 5),
        (1, 5),
        (1, 5),
        contacts=[1, 1, None, 1],
        reopened=[True, None, False, False],
        escalated=[1, None, None, 0],
    )
    result = tickets(table).loc["total"]
    assert result[["resolved", "reopened", "reopen_known"]].tolist() == [4, 1, 3]
    assert result[["tickets", "escalated", "escalation_known"]].tolist() == [4, 1, 2]
    assert result[["contacts", "resolved_first_contact", "fcr_known"]].tolist() == [3, 1, 2]
    total = tickets(table).csm.total()
    assert total.reopen_rate() == pytest.approx(100 / 3)
    assert (total.escalation_rate(), total.fcr(), total.resolution_time()) == (50.0, 50.0, 5.0)
    assert tickets(table.drop(columns="reopened")).loc["total", ["resolved_first_contact", "fcr_known"]].tolist() == [
        3,
        3,
    ]


FLAGS = {
    "booleans": [True, False, True, False],
    "objects": [True, False, True, None],
    "nullable": pd.array([True, None, True, False], dtype="boolean"),
    "0 and 1": [1, 0, 1, 0],
    "0 and 1 with a gap": [1.0, 0.0, 1.0, nan],
    "nullable 0 and 1": pd.array([1, 0, 1, None], dtype="Int64"),
}
NO_FLAGS: dict[str, tuple[list[Any], str]] = {
    "minutes late": ([0, 0, 0, 12.5], "1 of 4 values are neither, such as 12.5"),
    "counts": ([0, 2, 1, 3], "2 of 4 values are neither, such as 3"),
    "shares": ([0.5, 0.2, 0.0, 1.0], "2 of 4 values are neither, such as 0.5"),
    "negative": ([-1, 0, 1, 0], "1 of 4 values are neither, such as -1"),
}


@pytest.mark.parametrize("mode", ["raise", "report"])
@pytest.mark.parametrize("kind", NO_FLAGS)
def test_what_is_no_flag(kind: str, mode: str) -> None:
    """One mistake in all rows: they are never left out one by one."""
    values, found = NO_FLAGS[kind]
    for argument in ("reopened", "escalated", "sla"):
        with pytest.raises(csm.MetricInputError) as caught:
            tickets(pd.DataFrame({"flag": values}), **{argument: "flag", "on_bad_rows": mode})
        assert (caught.value.argument, caught.value.rule) == (argument, "must be booleans, or 0 and 1")
        assert caught.value.found == found
        assert "compare a count or a duration first" in caught.value.hint
    with pytest.raises(csm.MetricInputError, match="`sla` must be booleans, or 0 and 1; "):
        tickets(pd.DataFrame({"flag": ["yes", "no"]}), sla="flag")


def test_what_is_no_flag_on_engines(make: Callable[[pd.DataFrame], Any]) -> None:
    for values, found in NO_FLAGS.values():
        with pytest.raises(csm.MetricInputError) as caught:
            tickets(make(pd.DataFrame({"flag": values})), sla="flag", on_bad_rows="report")
        assert (caught.value.rule, caught.value.found) == ("must be booleans, or 0 and 1", found)
    with pytest.raises(csm.MetricInputError, match="`sla` must be booleans, or 0 and 1; "):
        tickets(make(pd.DataFrame({"flag": ["yes", "no"]})), sla="flag")


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
        (["resolved", "contacts"], ["tickets", *COLUMNS[1:4], "resolved", "all_contacts", "further_contacts"]),
        (["escalated"], ["tickets", "escalated", "escalation_known"]),
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
    assert list(less.columns) == ["tickets", "resolved", "timed", "resolution_time_sum"]


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
    assert tickets(empty).loc["total"].tolist() == [0] * 6
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
    expected = company.cohorts.groupby("plan", observed=False).sum(numeric_only=True).loc[result.index, result.columns]
    pd.testing.assert_frame_equal(result, expected)


def test_dates_after_as_of_are_not_known_yet() -> None:
    table = made((1, 5), (3, 30), (50, None), (1, 2)).assign(reopened=[False, True, False, False])
    seen = tickets(table, as_of=START + timedelta(days=1, hours=5)).loc["total"]  # the second ticket is 5 hours old
    assert seen[["tickets", "responded", "resolved", "timed", "response_time"]].tolist() == [2, 2, 2, 1, 4.0]
    whole = tickets(table, as_of="2026-03-03").loc["total"]
    assert whole[["tickets", "responded", "timed", "resolution_time_sum"]].tolist() == [3, 2, 2, 35.0]
    with pytest.raises(csm.MissingColumnError, match="no column for `created`, which `as_of` needs"):
        tickets(table, created=None, as_of="2026-03-03")


@pytest.mark.parametrize("when", ["9999-12-31", "9999-12-31 23:59:59", "9999-01-01"])
def test_a_date_in_the_year_9999_is_none(make: Callable[[pd.DataFrame], Any], when: str) -> None:
    table = made((1, 10), (1, 20))
    table["resolved"] = table["resolved"].astype("M8[s]")
    table.loc[1, "resolved"] = np.datetime64(when, "s")
    table["resolved"] = table["resolved"].astype("M8[us]")
    for frame in (table, make(table)):
        result = tickets(frame)
        assert result.loc["total", ["tickets", "resolved", "timed"]].tolist() == [2, 1, 1]
        assert result.csm.total().resolution_time() == 10.0


# ------------------------------------------------------------------------------------------------------------ bad rows

EARLY = pd.Timestamp("2020-01-01")
BAD = [
    ("created", pd.NaT, "is missing", "must be present in every row"),
    ("first_response", EARLY, "is before `created`", "must not be before `created`"),
    ("resolved", EARLY, "is before `created`", "must not be before `created`"),
    ("contacts", -1, "is negative", "must be >= 0"),
    ("contacts", 1.5, "is not a whole number", "must be whole numbers"),
    ("contacts", np.inf, "is infinite", "must be finite"),
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
    assert result.loc["total"].tolist() == [1, 1, 1, 24.0]
    assert result.attrs["excluded"].frame["reason"].tolist() == ["`created` is not a date; `resolved` is not a date"]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("created", [1, 2], "must hold dates"),
        ("contacts", ["1", "2"], "must be numbers"),
        ("reopened", ["yes", "no"], "must be booleans, or 0 and 1"),
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
        id=rng.permutation(rows),
        limit=table["created"] + np.timedelta64(15, "D"),
        promised=pd.Series(rng.choice([24.0, 100.5, nan], rows)),
        waited=pd.Series(rng.choice([0.25, 2.0, nan], rows)),
        took=pd.Series(rng.integers(0, 200, rows)).astype("Int64").mask(rng.random(rows) < 0.2),
    )


HOURS_9_TO_17 = csm.BusinessHours(holidays=["2026-01-01", "2026-02-16", "2026-02-21"])
SHIFTS = csm.BusinessHours(start=["08:00", "13:00"], end=["12:00", "16:30"], weekmask="Mon Wed Sat")
TABLE = made_up()
ASKED: list[dict[str, Any]] = [
    {"sla": "sla"},
    {"by": ["team", "tier"], "sla": "sla", "reopened": "sla"},
    {"by": "team", "contacts": "touches", "first_response": None},
    {"as_of": "2026-02-10", "ticket": "id"},
    {"freq": "M", "by": "tier", "sla": "sla"},
    {"freq": "W", "at": "resolved", "as_of": "2026-02-20", "by": "team"},
    {"freq": "D", "as_of": pd.Timestamp("2026-01-09 12:00"), "due": "limit"},
    {"at": "resolved", "due": "promised", "by": "tier"},
    {"hours": HOURS_9_TO_17, "by": "team", "due": "promised"},
    {"hours": SHIFTS, "freq": "M", "due": timedelta(hours=20)},
    {"response_time": "waited", "resolution_time": "took", "by": "team", "due": "promised"},
]


@pytest.mark.sampled(3)
def test_engines(make: Callable[[pd.DataFrame], Any], crossed: list[int]) -> None:
    native = make(TABLE)
    for options in ASKED[:: 3 if make is FRAMES["pyspark"] else 1]:  # each takes Spark some seconds
        crossed.clear()
        result = tickets(native, **options)
        assert sum(crossed) <= 1 + len(result)  # the number of bad rows, and the groups
        pd.testing.assert_frame_equal(result, tickets(TABLE, **options), check_exact=True)


def test_engines_with_a_zone(make: Callable[[pd.DataFrame], Any]) -> None:
    aware = TABLE[["created", "resolved", "tier"]].assign(
        **{name: TABLE[name].dt.tz_localize("UTC") for name in ("created", "resolved")}
    )
    pd.testing.assert_frame_equal(tickets(make(aware), by="tier"), tickets(aware, by="tier"), check_exact=True)
    with pytest.raises(csm.MetricInputError, match="time zone"):
        tickets(make(aware.assign(created=TABLE["created"])))


@pytest.mark.sampled(3)
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


# ------------------------------------------------------------------------- periods, working hours, due dates, durations


def worked(begin: datetime, end: datetime, hours: csm.BusinessHours) -> timedelta:
    """Add up the working time between two instants, minute by minute of each day's shifts."""
    total = timedelta()
    names = hours.weekmask.split()
    closed = {pd.Timestamp(day).date() for day in hours.holidays}
    starts, ends = ([one] if isinstance(one, str) else one for one in (hours.start, hours.end))
    day = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= end:
        if day.strftime("%a") in names and day.date() not in closed:
            for opening, closing in zip(starts, ends, strict=True):
                first = day + pd.Timedelta(opening + ":00").to_pytimedelta()
                last = day + pd.Timedelta(closing + ":00").to_pytimedelta()
                total += max(min(last, end) - max(first, begin), timedelta())
        day += timedelta(days=1)
    return total


@pytest.mark.parametrize("hours", [HOURS_9_TO_17, SHIFTS], ids=["9 to 17", "shifts"])
@given(spans=st.lists(st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 3 * 10**12)), min_size=1, max_size=8))
@DRAWN
def test_working_hours_against_counting(hours: csm.BusinessHours, spans: list[tuple[int, int]]) -> None:
    created = [START + timedelta(microseconds=begin) for begin, _ in spans]
    resolved = [at + timedelta(microseconds=more) for at, (_, more) in zip(created, spans, strict=True)]
    table = pd.DataFrame({"created": created, "resolved": resolved}).astype("M8[us]")
    expected = sum((worked(a, b, hours) for a, b in zip(created, resolved, strict=True)), timedelta())
    got = tickets(table, hours=hours)["resolution_time_sum"].item()
    assert got == pytest.approx(expected / timedelta(hours=1), rel=1e-12)


def test_working_hours_by_hand() -> None:
    table = pd.DataFrame(
        {"created": [pd.Timestamp("2026-03-06 15:00")], "resolved": [pd.Timestamp("2026-03-11 15:00")]}
    )
    took = {
        120.0: None,
        24.0: csm.BusinessHours(),
        16.0: csm.BusinessHours(holidays=["2026-03-09"]),
        21.0: csm.BusinessHours(start=["09:00", "13:00"], end=["12:00", "17:00"]),
        40.0: csm.BusinessHours(
            weekmask="Mon Tue Wed Thu Fri Sat Sun", start="09:00", end="17:00", holidays=["2026-01-01"]
        ),
    }
    for expected, hours in took.items():
        got = tickets(table, hours=hours)["resolution_time_sum"].item()
        assert got == expected
    berlin = csm.BusinessHours(tz="Europe/Berlin")
    zoned = table.apply(lambda column: column.dt.tz_localize("Europe/Berlin").dt.tz_convert("America/New_York"))
    assert tickets(zoned, hours=berlin)["resolution_time_sum"].item() == 24.0
    assert (
        tickets(zoned, hours=csm.BusinessHours())["resolution_time_sum"].item() == 25.0
    )  # 9:00 to 10:00, as summer time began
    with pytest.raises(
        csm.MetricInputError, match="`created` must have a time zone, as the hours are in Europe/Berlin"
    ):
        tickets(table, hours=berlin)


def test_holidays_stay_as_they_were_given() -> None:
    """A list may change later, a generator is read once, and an array has no one answer to ==."""
    days = [pd.Timestamp("2026-03-09")]
    hours = csm.BusinessHours(holidays=days)
    given = (iter(days), np.array(days, dtype="M8[D]"), pd.DatetimeIndex(days))
    for other in (csm.BusinessHours(holidays=one) for one in given):
        assert other.closed == hours.closed != ()
        assert other == other
    assert hash(hours) == hash(csm.BusinessHours(holidays=tuple(days)))
    days.clear()
    assert hours.holidays == (pd.Timestamp("2026-03-09"),)
    assert csm.BusinessHours(holidays=None).holidays == ()


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"start": "17:00", "end": "09:00"}, "end"),
        ({"start": ["09:00", "11:00"], "end": ["12:00", "17:00"]}, "end"),
        ({"start": ["09:00"], "end": ["12:00", "17:00"]}, "end"),
        ({"start": "nine"}, "start"),
        ({"end": []}, "end"),
        ({"weekmask": "Mo Tu"}, "weekmask"),
        ({"weekmask": ""}, "weekmask"),
        ({"holidays": ["Christmas"]}, "holidays"),
        ({"holidays": "2026-12-25"}, "holidays"),
        ({"holidays": 5}, "holidays"),
        ({"holidays": ["03/04/2026"]}, "holidays"),  # in March or in April
        ({"tz": "Europe/Atlantis"}, "tz"),
    ],
)
def test_hours_that_cannot_be(options: dict[str, Any], argument: str) -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        csm.BusinessHours(**options)
    assert (caught.value.metric, caught.value.argument) == ("BusinessHours", argument)


@pytest.mark.parametrize("at", ["created", "resolved"])
@given(cases=st.lists(drawn, min_size=1, max_size=20), days=st.integers(0, 40))
@DRAWN
def test_periods_against_counting(at: str, cases: list[dict[str, Any]], days: int) -> None:
    """Each week equals the tickets of that week, with what is known by `as_of`; only complete weeks are there."""
    table = frame(cases)
    stop = START.replace(hour=0) + timedelta(days=days)
    result = tickets(table, sla="sla", freq="W", at=at, as_of=stop - timedelta(days=1), by="team")
    known = []
    for case in cases:
        hidden = {n: None for n in ("first_response", "resolved") if case[n] is not None and case[n] >= stop}
        if case["created"] < stop:
            known.append(case | hidden)
    known = [case for case in known if case[at] is not None]
    weeks = [pd.Period(case[at], "W") for case in known]
    complete = [week for week in weeks if week.end_time < stop]
    if not complete:
        assert not result.to_numpy().sum()
        return
    groups = sorted({case["team"] for case, week in zip(known, weeks, strict=True) if week in complete})
    every = pd.period_range(min(weeks), pd.Period(stop, "W") - 1, freq="W")
    assert result.index.tolist() == [(week, team) for week in every for team in groups]
    assert result.index.names == ["period", "team"]
    for (week, team), row in result.iterrows():
        check(row, [c for c, w in zip(known, weeks, strict=True) if (w, c["team"]) == (week, team)])


def test_due_dates_by_hand() -> None:
    table = made((1, 5), (1, 24), (1, 25), (1, None), (1, None))  # one a day from 1 March, 9:00
    table["promised"] = [24.0, 24.0, 24.0, 24.0, None]
    table["limit"] = table["created"] + pd.to_timedelta(table["promised"], unit="h")
    table["span"] = pd.to_timedelta(table["promised"], unit="h")
    for due in ("limit", "promised", "span"):
        open_still = tickets(table, due=due, as_of="2026-03-04").loc["total", ["met", "measured"]]
        assert open_still.tolist() == [2, 3]  # the fourth is due on 5 March, 9:00
        assert tickets(table, due=due, as_of="2026-03-05").loc["total", ["met", "measured"]].tolist() == [2, 4]
        early = tickets(table, due=due, as_of=pd.Timestamp("2026-03-03 10:30")).loc["total", ["met", "measured"]]
        assert early.tolist() == [2, 2]  # the third has until 4 March, 9:00
    for four in (timedelta(hours=4), "4h", "4 hours"):
        assert tickets(table, due=four).loc["total", ["met", "measured"]].tolist() == [0, 4]
    assert tickets(table, due="promised", as_of="2026-03-05").csm.total().sla_attainment() == 50.0
    with pytest.raises(csm.MetricInputError, match="`due` must not be given beside `sla`"):
        tickets(table.assign(sla=True), due="limit", sla="sla")


def test_due_in_working_hours() -> None:
    """A ticket of Friday 15:00 with 8 working hours is due on Monday at 15:00."""
    created = [pd.Timestamp("2026-03-06 15:00")] * 3
    resolved = [pd.Timestamp("2026-03-09 15:00"), pd.Timestamp("2026-03-09 15:01"), None]
    table = pd.DataFrame({"created": created, "resolved": pd.Series(resolved, dtype="M8[us]")})
    asked: dict[str, Any] = {"due": timedelta(hours=8), "hours": csm.BusinessHours()}
    got = tickets(table, as_of=pd.Timestamp("2026-03-09 15:02"), **asked).loc["total", ["met", "measured"]]
    assert got.tolist() == [1, 3]
    got = tickets(table, as_of=pd.Timestamp("2026-03-09 14:00"), **asked).loc["total", ["met", "measured"]]
    assert got.tolist() == [0, 0]
    assert tickets(table, due=timedelta(hours=8)).loc["total", ["met", "measured"]].tolist() == [0, 3]


def test_times_already_counted() -> None:
    table = pd.DataFrame(
        {
            "created": [START] * 4,
            "waited": [0.5, 1.5, None, 2.0],
            "took": pd.to_timedelta([2.0, None, None, 4.0], unit="h"),
            "reopened": [False, True, False, False],
        }
    )
    result = tickets(table, response_time="waited", resolution_time="took")
    assert result.loc["total", ["responded", "response_time"]].tolist() == [3, 4.0]
    assert result.loc["total", ["resolved", "timed", "resolution_time_sum", "reopened"]].tolist() == [3, 2, 6.0, 1]
    total = result.csm.total()
    assert (total.first_response_time(), total.resolution_time()) == (pytest.approx(4 / 3), 3.0)
    with pytest.raises(csm.MetricInputError, match="`response_time` must be >= 0"):
        tickets(table.assign(waited=-1.0), response_time="waited")
    with pytest.raises(csm.MetricInputError, match="`resolution_time` must be >= 0"):
        tickets(table.assign(took=pd.Timedelta("-1h")), resolution_time="took")


def test_a_ticket_given_twice(make: Callable[[pd.DataFrame], Any]) -> None:
    table = made((1, 5), (1, 5), (1, 5)).assign(id=[7, 8, 7])
    for native in (table, make(table)):
        with pytest.raises(csm.MetricInputError, match="`ticket` must stand in one row each; 1 rows repeat one"):
            tickets(native, ticket="id", on_bad_rows="report")
        assert tickets(native, ticket="created")["tickets"].item() == 3
    with pytest.raises(csm.MetricInputError, match="`ticket` must be present in every row"):
        tickets(table.assign(id=[1, None, 2]), ticket="id")


@pytest.mark.parametrize("engine", ["polars", *WITH_ZONES])
def test_engines_with_hours_in_a_zone(engine: str) -> None:
    zoned = TABLE[["created", "resolved", "tier"]].copy()
    for name in ("created", "resolved"):
        zoned[name] = zoned[name].dt.tz_localize("UTC")
    hours = csm.BusinessHours(tz="Europe/Berlin")
    got = tickets(FRAMES[engine](zoned), hours=hours, by="tier", due=timedelta(hours=9))
    pd.testing.assert_frame_equal(got, tickets(zoned, hours=hours, by="tier", due=timedelta(hours=9)))


def test_options_that_cannot_be() -> None:
    table = made((1, 5))
    for options, argument in (({"at": "closed"}, "at"), ({"hours": "9-17"}, "hours"), ({"freq": "F"}, "freq")):
        with pytest.raises(csm.MetricInputError) as caught:
            tickets(table, **options)
        assert caught.value.argument == argument
    with pytest.raises(csm.MissingColumnError, match="which `freq` needs"):
        tickets(table.drop(columns="created"), freq="M")
    with pytest.raises(csm.MissingColumnError, match="which `at` needs"):
        tickets(table.drop(columns="resolved"), at="resolved")


def test_the_remedy_for_counts_as_flags_keeps_what_is_missing() -> None:
    """Of four tickets two are in time, one is late, and of one it is not known: 66.7 % of three, not 50 % of four."""
    table = pd.DataFrame({"created": pd.to_datetime(["2026-01-01"] * 4), "late": [0, 0, 12.5, np.nan]})
    with pytest.raises(csm.MetricInputError) as caught:
        tickets(table, sla="late")
    remedy = caught.value.hint.partition(": ")[2]
    followed = table.assign(late=eval(remedy, {"frame": table}))
    assert tickets(followed, sla="late")[["met", "measured"]].loc["total"].tolist() == [2, 3]
