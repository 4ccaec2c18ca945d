"""Ids and keys are of one kind, text among numbers is a bad row, and the hints lead to the right figure."""

from __future__ import annotations

import uuid
from datetime import time
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm
from csmetrics.core._kinds import hint_for_text, hint_for_texts

from ..engine_frames import UNSIGNED

FIRST = pd.DataFrame({"customer": [7, 8], "start": "2026-01-05", "end": None, "mrr": [100, 100]})
SECOND = pd.DataFrame({"customer": ["7"], "start": "2026-02-05", "end": None, "mrr": [30]})


def bridge(ledger: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return csm.cohorts.movements_from_subscriptions(ledger, as_of="2026-02-28", **options)


def events(ids: Any) -> pd.DataFrame:
    return pd.DataFrame({"user": ids, "time": ["2026-01-05", "2026-01-06", "2026-02-05"]})


CALLS = {
    "movements_from_subscriptions": lambda ids: bridge(pd.concat([FIRST, SECOND]).assign(customer=ids)),
    "movements_from_snapshots": lambda ids: csm.cohorts.movements_from_snapshots(
        pd.DataFrame({"customer": ids, "date": ["2026-01-31", "2026-01-31", "2026-02-28"], "mrr": [1, 1, 2]})
    ),
    "retention": lambda ids: csm.cohorts.retention(events(ids)),
    "active_users": lambda ids: csm.cohorts.active_users(events(ids)),
    "lifecycle": lambda ids: csm.cohorts.lifecycle(events(ids)),
    "adoption": lambda ids: csm.cohorts.adoption(pd.DataFrame({"user": ids, "feature": ["a", "b", "c"]}), eligible=3),
}
ONE = uuid.UUID(int=1)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("ids", "found", "hint"),
    [
        ([7, 8, "7"], "numbers and text", ".astype(str)"),
        ([7.0, 8.0, "7"], "numbers and text", '.astype(str).str.removesuffix(".0")'),
        ([ONE, ONE, "x"], "UUID and text", ".astype(str)"),
        ([b"7", b"8", "7"], "bytes and text", '.str.decode("utf-8")'),
        ([True, 8, 7], "booleans and numbers", ".astype(str)"),
    ],
)
def test_ids_of_two_kinds_are_refused(call: str, ids: list[Any], found: str, hint: str) -> None:
    with pytest.raises(csm.MetricInputError, match="must hold one kind of values") as caught:
        CALLS[call](pd.Series(ids, dtype=object).to_numpy())
    assert found in caught.value.found
    assert hint in caught.value.hint


def test_the_remedy_for_two_kinds_gives_one_customer() -> None:
    """As numbers and text, customer 7 churns and comes as new: churn 50, NRR 50 in February. Right: 0 and 115."""
    for first in (FIRST, FIRST.astype({"customer": float})):
        both = pd.concat([first, SECOND], ignore_index=True)
        followed = both.assign(customer=both["customer"].astype(str).str.removesuffix(".0"))
        found = bridge(followed)
        assert found["start"].tolist() == [0, 2]
        assert found.csm.churn_rate().iloc[1] == 0
        assert found.csm.nrr().iloc[1] == 115


def test_two_tables_that_meet_hold_one_kind() -> None:
    events = pd.DataFrame({"user": [1.0, 2.0], "feature": ["a", "a"]})
    accounts = pd.DataFrame({"user": ["1", "2"]})
    with pytest.raises(csm.MetricInputError, match="text in the accounts, numbers in the events"):
        csm.cohorts.adoption(events, eligible=accounts)
    followed = events.assign(user=events["user"].astype(str).str.removesuffix(".0"))
    assert csm.cohorts.adoption(followed, eligible=accounts)["adopters"].tolist() == [2]
    assert csm.cohorts.adoption(events, eligible=pd.DataFrame({"user": [1, 2]}))["adopters"].tolist() == [2]


def test_floats_past_what_they_tell_apart_are_refused(make: Any) -> None:
    table = pd.DataFrame({"user": [2.0**53, 1.0], "time": pd.to_datetime(["2026-01-05", "2026-01-06"])})
    for frame in (table, make(table)):
        with pytest.raises(csm.MetricInputError, match=r"below 2\*\*53") as caught:
            csm.cohorts.lifecycle(frame)
        assert "read the ids as text" in caught.value.hint
    assert len(csm.cohorts.lifecycle(table.assign(user=[2.0**53 - 1, 1.0]))) == 0


@pytest.mark.parametrize("blank", ["", "nan", "None", "<NA>"])
def test_a_blank_id_is_a_missing_id(make: Any, blank: str) -> None:
    times = pd.to_datetime(["2026-01-05", "2026-01-06", "2026-01-07"])
    table = pd.DataFrame({"user": ["a", blank, "b"], "time": times})
    for frame in (table, table.astype({"user": "category"}), make(table)):
        with pytest.raises(csm.MetricInputError, match="`user` must be present in every row"):
            csm.cohorts.lifecycle(frame)
        found = csm.cohorts.lifecycle(frame, as_of="2026-01-31", on_bad_rows="report")
        assert found["active"].tolist() == [2]
        assert found.attrs["excluded"]["reasons"] == {"`user` is missing": 1}


def test_grouping_keys_are_of_one_kind() -> None:
    table = pd.DataFrame({"plan": pd.Series([1, "1"], dtype=object), "lost": [1, 1], "start": [10, 10]})
    with pytest.raises(csm.MetricInputError, match="must hold one kind of values"):
        table.csm.by("plan").churn_rate()
    assert table.assign(plan=table["plan"].astype(str)).csm.by("plan").churn_rate().tolist() == [10]
    with pytest.raises(csm.MetricInputError, match="must hold one kind of values"):
        bridge(FIRST.assign(plan=pd.Series([1, "1"], dtype=object)), by="plan")


# Text among numbers


@pytest.mark.parametrize("text", ["N/A", "Blank", "mrr", "12"])
def test_text_among_numbers_is_a_bad_row(text: str) -> None:
    table = pd.concat([FIRST, FIRST.assign(customer=[1, 2])], ignore_index=True)
    table["mrr"] = pd.Series([100, text, 50, 25], dtype=object)
    with pytest.raises(csm.MetricInputError, match="`mrr` must hold numbers; 1 of 4 rows break it, with the labels 1"):
        bridge(table)
    found = bridge(table, on_bad_rows="report")
    assert found["end_mrr"].tolist() == [175, 175]
    assert found.attrs["excluded"]["reasons"] == {"`mrr` is not a number": 1}


def test_a_mistake_in_all_rows_is_not_left_out() -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        bridge(FIRST.assign(end="2025-01-01"))
    assert "on_bad_rows" not in caught.value.hint
    with pytest.raises(csm.MetricInputError, match="must be numbers") as caught:
        bridge(FIRST.assign(mrr=["1,200.50", "80"]))
    assert "on_bad_rows" not in caught.value.hint


def followed(hint: str, column: pd.Series[Any]) -> list[Any]:
    """Do to the letter what a hint says."""
    code = hint.split(" first: ", 1)[1].split("; (")[0]
    names = {"column": column, "pd": pd}
    value = eval(f"column{code}" if code.startswith(".") else code.removeprefix("numbers = "), names)
    return [None if number != number else number for number in value.tolist()]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["10 - Extremely likely", "9", "0 - Not at all likely", None], [10, 9, 0, None]),
        (["9", "Extremely likely - 10", "Not at all likely - 0", "1 - 5"], [9, 10, 0, None]),
        (["1,234.50", "80", "-1,000", None], [1234.5, 80, -1000, None]),
        (["$1,234.50", "$80.5"], [1234.5, 80.5]),
        (["€ 80.5", "7"], [80.5, 7]),
        (["4.5 stars", "4"], [None, 4]),
        (["N/A", "4"], [None, 4]),
        (["(1,200)", "4"], [None, 4]),
        (["7", "8"], [7, 8]),
    ],
)
def test_hints_for_text_lead_to_its_numbers(texts: list[Any], numbers: list[Any]) -> None:
    column = pd.Series(texts, dtype=object)
    hint = hint_for_texts(texts)
    assert followed(hint, column) == numbers
    if None in [n for n, text in zip(numbers, texts, strict=True) if text is not None]:
        assert ".isna() & column.notna()).sum() counts" in hint


def counted(**columns: Any) -> pd.DataFrame:
    return csm.cohorts.survey(pd.DataFrame({"score": 9} | columns), time="day", freq="M", as_of="2026-03-31")


@pytest.mark.parametrize("text", ["2026", "7", "nan", "today"])
def test_text_that_is_no_date_among_dates_is_a_bad_row(text: str) -> None:
    table = pd.DataFrame({"user": [1, 2, 3], "time": ["2026-01-05", text, " 2026-01-06"]})
    with pytest.raises(csm.MetricInputError, match="1 of 3 rows break it, with the labels 1") as caught:
        csm.cohorts.lifecycle(table, freq="D")
    assert (".replace('nan', None)" in caught.value.hint) == (text == "nan")


def test_dates_with_a_blank_after_them_are_led_to_dates() -> None:
    table = pd.DataFrame({"user": [1, 2], "time": ["2026-01-05", "2026-01-06 "]})
    with pytest.raises(csm.MetricInputError, match=r"take the blanks off: column.str.strip\(\)"):
        csm.cohorts.lifecycle(table)


@pytest.mark.parametrize("dtype", ["object", "string"])
@pytest.mark.parametrize(
    ("given", "day"),
    [
        (["14/03/2026", "02/03/2026", "2026-03-01"], "2026-03-02"),
        (["46082.38", "46083", "2026-03-01"], "2026-03-02"),
        (["2026-03-05", "2026-03-02", "-"], "2026-03-02"),
        (["2026-03-05", "2026-03-02", " "], "2026-03-02"),
        (["2026-03-05", "2026-03-02", "0000-00-00 00:00:00"], "2026-03-02"),
    ],
)
def test_hints_for_text_lead_to_its_dates(dtype: str, given: list[str], day: str) -> None:
    column = pd.Series(given, dtype=dtype, name="day")
    with pytest.raises(csm.MetricInputError, match="must hold dates") as caught:
        counted(day=column)
    mended = followed_dates(caught.value.hint, column)
    assert pd.Timestamp(mended[1]) == pd.Timestamp(day)
    assert counted(day=mended.dropna())["promoters"].tolist() == [mended.notna().sum()]


@pytest.mark.parametrize(
    ("given", "day"),
    [
        ([46082.38, 46083.0, 46084.0], "2026-03-02"),
        ([46082, 46083, 46084], "2026-03-02"),
        (["2026-03-05", 46083.0, pd.Timestamp("2026-03-09")], "2026-03-02"),
        ([20260331, 20260302, 20260301], "2026-03-02"),
        ([20260331.0, 20260302.0, None], "2026-03-02"),
        ([1772409600, 1772409600, 1772409601], "2026-03-02"),
        ([1772409600000, 1772409600000, 1772409600001], "2026-03-02"),
        (["2026-03-05", 1772409600, "2026-03-09"], "2026-03-02"),
    ],
)
def test_hints_for_numbers_lead_to_their_dates(given: list[Any], day: str) -> None:
    column = pd.Series(given, name="day")
    with pytest.raises(csm.MetricInputError, match="must hold dates") as caught:
        counted(day=column)
    mended = followed_dates(caught.value.hint, column)
    assert pd.Timestamp(mended[1]) == pd.Timestamp(day)
    assert counted(day=mended.dropna())["promoters"].tolist() == [mended.notna().sum()]


def test_text_in_another_form_among_zoned_dates_is_no_matter_of_zones() -> None:
    with pytest.raises(csm.MetricInputError, match="whether the day comes first"):
        counted(day=["2026-03-02T09:00:00Z", "03/02/2026"])
    with pytest.raises(csm.MetricInputError, match="time zone, or none"):
        counted(day=["2026-03-02T09:00:00Z", "2026-03-02"])


def followed_dates(hint: str, column: pd.Series[Any]) -> pd.Series[Any]:
    """Do to the letter what a hint says of a column of dates."""
    *first, last = hint.split(": ", 1)[1].split("; on_bad_rows")[0].split("; ")
    names = {"column": column, "frame": {"day": column}, "pd": pd}
    for statement in first:
        exec(statement, names)
    read: pd.Series[Any] = eval(f"column{last}" if last.startswith(".") else last, names)
    return read


def test_numbers_of_no_known_kind_are_not_taken_for_dates() -> None:
    with pytest.raises(csm.MetricInputError, match="say what the numbers count, as pandas takes them for nanoseconds"):
        counted(day=[2026, 2026])
    with pytest.raises(csm.MetricInputError, match="convert it to dates first"):
        counted(day=[time(9), time(10)])


@pytest.mark.parametrize("texts", [["12:30:00", "106:20:00"], ["2h 30m", "3h"], ["2:05", "-"]])
def test_text_for_durations_is_led_to_durations_and_not_to_seconds(texts: list[str]) -> None:
    with pytest.raises(csm.MetricInputError, match=r"pd.to_timedelta\(column\)"):
        csm.cohorts.tickets(pd.DataFrame({"waited": texts}), response_time="waited")


@pytest.mark.parametrize("numbers", [[46082, 46083], [1772409600, 1772409601], [1772409600000, None]])
def test_dates_of_numbers_without_a_unit_are_doubtful(numbers: list[Any]) -> None:
    with pytest.warns(csm.CohortWarning, match="All dates of `time` are in the first hour of 1970"):
        counted(day=pd.to_datetime(pd.Series([*numbers, numbers[0]]).dropna(), unit="ns"))
    assert counted(day=pd.to_datetime(["1970-01-01 00:00:01", "2026-03-01 00:00:00"])).attrs["notes"] == []


@pytest.mark.parametrize("hours", [[0.0625, 0.5], [1.5, 40.0]])
def test_durations_of_numbers_without_a_unit_are_doubtful(hours: list[float]) -> None:
    waited = pd.Series(hours)
    with pytest.warns(csm.CohortWarning, match="No `response_time` is as long as a millisecond"):
        csm.cohorts.tickets(pd.DataFrame({"waited": pd.to_timedelta(waited)}), response_time="waited")
    total = csm.cohorts.tickets(pd.DataFrame({"waited": pd.to_timedelta(waited, unit="h")}), response_time="waited")
    assert total["response_time"].tolist() == [sum(hours)]


def test_other_text_for_durations_is_led_to_hours() -> None:
    with pytest.raises(csm.MetricInputError, match="thousands"):
        csm.cohorts.tickets(pd.DataFrame({"waited": ["1,234.5", "3"]}), response_time="waited")


def test_words_for_flags_are_mapped() -> None:
    held = pd.DataFrame({"sla": ["Within SLA", "SLA Violated"]})
    with pytest.raises(csm.MetricInputError, match=r"map\({'Within SLA': ..., 'SLA Violated': ...}\), with True or"):
        csm.cohorts.tickets(held, sla="sla")
    for yes, no in (("true", "false"), ("Yes", "no"), ("1", "0")):
        frame = pd.DataFrame({"in_time": [yes, no, None, "", yes]})
        with pytest.raises(csm.MetricInputError, match="map the words as they are spelt") as caught:
            csm.cohorts.tickets(frame, sla="in_time")
        code = caught.value.hint.removeprefix("map the words as they are spelt: ").partition(";")[0]
        frame["in_time"] = eval(code)
        assert csm.cohorts.tickets(frame, sla="in_time").loc["total", ["met", "measured"]].tolist() == [2, 3]
    with pytest.raises(csm.MetricInputError, match="compare a count or a duration"):
        csm.cohorts.tickets(pd.DataFrame({"reopened": [2, 0]}))


def test_durations_and_commas_have_hints_of_their_own() -> None:
    assert pd.to_timedelta(pd.Series(["01:45:00"])).dt.total_seconds().tolist() == [6300]
    assert "pd.to_timedelta(...).dt.total_seconds()" in hint_for_text("01:45:00")
    assert "decimal=','" in hint_for_text("1.234,50")
    assert "blank" in hint_for_text(" ")
    assert np.isclose(float("5 %".rstrip("%")), 5)
    assert ".str.rstrip('%')" in hint_for_text("5 %")


# Unsigned integers past int64

PAST = 2**63 + 5
DAYS = pd.to_datetime(["2026-01-05", "2026-01-06", "2026-02-03"]).astype("M8[us]")


def unsigned(*values: int) -> Any:
    return np.array(values, dtype=np.uint64)


def test_codes_of_events_that_are_missing_in_places(make: Any) -> None:
    """Integers with a gap come as floats from most readers; 1 is then found as 1.0, and as a decimal."""
    table = pd.DataFrame({"user": [1, 1, 2, 2], "time": pd.to_datetime(["2026-01-05", "2026-02-05"] * 2)})
    for codes in ([1.0, 2.0, 1.0, np.nan], [Decimal(1), Decimal(2), Decimal(1), Decimal(3)]):
        events = table.assign(event=codes)
        for frame in (events, make(events)):
            grid = csm.cohorts.retention(frame, start_event=1, return_event=2, as_of="2026-02-28")
            assert grid.counts.loc["2026-01"].tolist() == [2, 1]


@pytest.mark.parametrize("make", UNSIGNED, indirect=True)
def test_ids_and_kinds_of_events_past_int64(make: Any) -> None:
    table = pd.DataFrame({"user": unsigned(PAST, PAST + 1, PAST), "time": DAYS, "event": unsigned(PAST, 2, PAST)})
    people = pd.DataFrame({"user": unsigned(PAST, PAST + 1), "since": DAYS[:2], "plan": unsigned(PAST, 1)})
    calls = (
        lambda f, _: csm.cohorts.retention(f, as_of="2026-02-28").counts,
        lambda f, _: csm.cohorts.retention(f, as_of="2026-02-28", start_event=PAST).counts,
        lambda f, u: csm.cohorts.retention(f, as_of="2026-02-28", users=u, started="since", by="plan").counts,
    )
    expected = ([[2, 1], [0, pd.NA]], [[1, 1], [0, pd.NA]], [[1, 0], [1, 1], [0, pd.NA], [0, pd.NA]])
    for frame, users in ((table, people), (make(table), make(people))):
        for call, counts in zip(calls, expected, strict=True):
            assert call(frame, users).astype(object).to_numpy().tolist() == counts
        with pytest.raises(csm.MetricInputError, match=f"`start_event` must be an event.*; got {2**70}"):
            csm.cohorts.retention(frame, start_event=2**70)


@pytest.mark.parametrize("make", UNSIGNED, indirect=True)
def test_amounts_and_counts_past_int64_are_bad_rows(make: Any) -> None:
    ledger = pd.DataFrame(
        {"customer": [1, 2, 3], "date": DAYS, "mrr": unsigned(PAST, 7, 8), "sla": unsigned(PAST, 0, 1)}
    )
    for frame in (ledger, make(ledger)):
        with pytest.raises(csm.MetricInputError, match=r"`mrr` must be less than 2\*\*63; 1 of 3 rows"):
            csm.cohorts.movements_from_snapshots(frame)
        found = csm.cohorts.movements_from_snapshots(frame, as_of="2026-02-28", on_bad_rows="report")
        assert found["end_mrr"].tolist() == [7, 8]
        assert found.attrs["excluded"]["reasons"] == {"`mrr` is 2**63 or more": 1}
        with pytest.raises(csm.MetricInputError, match=r"`contacts` must be less than 2\*\*63; 1 of 3 rows"):
            csm.cohorts.tickets(frame, created="date", contacts="mrr")
        with pytest.raises(csm.MetricInputError, match="`sla` must be booleans, or 0 and 1; 1 of 3"):
            csm.cohorts.tickets(frame, created="date", sla="sla")
        with pytest.raises(csm.MetricInputError, match=r"`value` must be less than 2\*\*63"):
            csm.cohorts.retention(frame, user="customer", time="date", value="mrr")


def test_numbers_that_would_overflow_are_bad_rows(make: Any) -> None:
    table = pd.DataFrame(
        {"created": DAYS, "calls": [1, 2**53, 1], "hours": [2.0, 1e9, 1.0], "cents": [2**62, 2**62, 1]}
    )
    for frame in (table, make(table)):
        found = csm.cohorts.tickets(frame, contacts="calls", response_time="hours", on_bad_rows="report")
        assert found["all_contacts"].tolist() == [2]
        assert found["response_time"].tolist() == [3]
        reasons = found.attrs["excluded"]["reasons"]
        assert reasons == {"`contacts` is 2**53 or more": 1, "`response_time` is 1,000,000,000 hours or more": 1}
        with pytest.raises(csm.MetricInputError, match=r"`mrr` must add up to less than 2\*\*62"):
            csm.cohorts.movements_from_snapshots(frame, customer="calls", date="created", mrr="cents")
        with pytest.raises(csm.MetricInputError, match=r"`value` must add up to less than 2\*\*62"):
            csm.cohorts.retention(frame, user="calls", time="created", value="cents")


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        ({"kind": "on or after"}, "on_or_after"),
        ({"cohort": "recuring"}, "recurring"),
        ({"window": "Elapsed"}, "elapsed"),
        ({"by_at": "begin"}, None),
        ({"on_bad_rows": "reports"}, "report"),
    ],
)
def test_a_wrong_word_names_the_nearest(options: dict[str, str], meant: str | None) -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        csm.cohorts.retention(events([1, 2, 3]), **options)
    assert caught.value.hint == ("" if meant is None else f"did you mean {meant!r}?")
