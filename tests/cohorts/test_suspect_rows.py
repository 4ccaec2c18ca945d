"""What is likely a mistake in a table, but can be right, is noted."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import csmetrics as csm

from ..engine_frames import FRAMES

MAKERS = [pd.DataFrame, FRAMES["polars"]]
LEDGER = pd.DataFrame(
    {
        "customer": ["a", "b", "c", "d"],
        "region": ["EMEA", "emea ", "APAC", None],
        "start": pd.to_datetime(["2026-01-05 10:00", "2026-01-05 10:00", "2026-01-05 10:00", "2026-02-05 10:00"]),
        "end": pd.to_datetime([None, None, "2026-03-06", None]),
        "mrr": [10, 10, 10, 10],
    }
)


@pytest.mark.parametrize("make", MAKERS)
def test_rows_that_are_there_twice_are_noted(make: Any) -> None:
    def movements(frame: pd.DataFrame, **options: Any) -> pd.DataFrame:
        return csm.cohorts.movements_from_subscriptions(make(frame), **options)

    assert movements(LEDGER, as_of="2026-03-31").attrs["notes"] == []
    twice = pd.concat([LEDGER, LEDGER.iloc[[2]]])
    [note] = movements(twice, as_of="2026-03-31").attrs["notes"]
    assert note.startswith("1 row repeats another with the same customer, start, end and amount")
    [note] = movements(pd.concat([LEDGER] * 3), as_of="2026-03-31").attrs["notes"]
    assert note.startswith("8 rows repeat others with the same")
    assert movements(twice.assign(mrr=range(5)), as_of="2026-03-31").attrs["notes"] == []
    plans = twice.assign(region=["x", "x", "x", "x", "y"])  # each plan is a ledger of its own
    assert "repeats" not in str(movements(plans, as_of="2026-03-31", by="region").attrs["notes"])
    lists = pd.DataFrame({"customer": ["a", "a", "b"], "date": pd.Timestamp("2026-01-31"), "mrr": [5, 5, 5]})
    [note] = csm.cohorts.movements_from_snapshots(make(lists), as_of="2026-01-31").attrs["notes"]
    assert note.startswith("1 row repeats another with the same customer, date and amount")


@pytest.mark.parametrize("make", MAKERS)
def test_groups_that_are_spelt_in_two_ways_are_noted(make: Any) -> None:
    answers = pd.DataFrame({"region": ["EMEA", "emea", "APAC", "A pac", None], "score": [9, 3, 8, 10, 7]})
    [note] = csm.cohorts.survey(make(answers), by="region").attrs["notes"]
    assert note.endswith("of 'region', and 1 more, differ only in case or blanks, and are groups of their own.")
    [note] = csm.cohorts.movements_from_subscriptions(make(LEDGER), as_of="2026-03-31", by="region").attrs["notes"]
    assert note.startswith("'EMEA' and 'emea ' of 'region' differ only in case or blanks")
    assert csm.cohorts.survey(make(answers.head(1)), by="region").attrs["notes"] == []


@pytest.mark.parametrize("make", MAKERS)
def test_balances_that_are_taken_for_changes_are_warned_of(make: Any) -> None:
    changes = pd.DataFrame({"customer": [*range(20)] * 3, "change": 20 * [100] + 20 * [50] + 20 * [-150]})
    changes["time"] = pd.to_datetime(20 * ["2026-01-05"] + 20 * ["2026-02-05"] + 20 * ["2026-03-05"])
    count = csm.cohorts.movements_from_changes
    assert count(make(changes), as_of="2026-03-31").attrs["notes"] == []
    after = changes.assign(change=changes.groupby("customer")["change"].cumsum())
    with pytest.warns(csm.CohortWarning, match="None of the 60 changes in 'change' is below 0"):
        count(make(after), as_of="2026-03-31")
    assert count(make(after.head(39)), as_of="2026-03-31").attrs["notes"] == []


@pytest.mark.parametrize("make", MAKERS)
def test_hints_name_the_column_that_is_there(make: Any) -> None:
    cases = pd.DataFrame({"created": pd.to_datetime(["2026-01-05"] * 2), "Reopens": [3, 0]})
    with pytest.raises(csm.MetricInputError) as wrong:
        csm.cohorts.tickets(make(cases), reopened="Reopens", as_of="2026-01-31")
    code = wrong.value.hint.partition(": ")[2]
    assert eval(code, {"frame": cases}).tolist() == [True, False]


def test_currencies_that_are_spelt_in_two_ways_are_named() -> None:
    ledger = LEDGER.assign(currency=["usd", "USD", "eur", "eur"])
    with pytest.raises(csm.MetricInputError, match=r"Hint: spell each in one way first, .*\.str\.upper\(\); then"):
        csm.cohorts.movements_from_subscriptions(ledger, as_of="2026-03-31")
    with pytest.raises(csm.MetricInputError, match=r"'USD' in 2026-01\. Hint: spell currencies as the"):
        csm.cohorts.movements_from_subscriptions(
            ledger, as_of="2026-03-31", currency="currency", rates={"usd": 1, "eur": 1.1}
        )


def test_among_numbers_as_text_the_one_that_is_none_is_shown_as_well() -> None:
    with pytest.raises(
        csm.MetricInputError, match=r"position 0 \(the text '29.00'\), and at position 1 the text '4,800"
    ):
        csm.mrr(pd.Series(["29.00", "4,800.00"]), "month")


@pytest.mark.parametrize("make", MAKERS)
def test_a_month_without_a_list_is_warned_of(make: Any) -> None:
    count = csm.cohorts.movements_from_snapshots
    rows = [(n, month, 10) for month in ("2026-01-31", "2026-02-28", "2026-04-30") for n in range(10)]
    lists = pd.DataFrame(rows, columns=["customer", "date", "mrr"]).astype({"date": "datetime64[us]"})
    lists["plan"] = lists["customer"] % 2
    for by in (None, "plan", "customer"):
        with pytest.warns(csm.CohortWarning, match="No customer has an amount in 2026-03, where 10 had one"):
            count(make(lists), as_of="2026-04-30", by=by)
    few = lists[lists["customer"] > 0]
    assert count(make(few), as_of="2026-04-30").attrs["notes"] == []  # they may have left
    assert count(make(lists[lists["date"] < "2026-03-01"]), as_of="2026-02-28").attrs["notes"] == []


@pytest.mark.parametrize("make", MAKERS)
def test_answers_of_a_shorter_scale_are_warned_of(make: Any) -> None:
    stars = pd.DataFrame({"score": [1, 2, 3, 4, 5] * 6})
    with pytest.warns(csm.CohortWarning, match="All 30 answers are detractors, at most 6 on a scale that ends at 10"):
        csm.cohorts.survey(make(stars), nps="score")
    assert csm.cohorts.survey(make(stars.head(29)), nps="score").attrs["notes"] == []
    scale = {"column": "score", "scale": (1, 5), "promoters": 5, "detractors": 3}
    assert csm.cohorts.survey(make(stars), nps=scale).csm.total().nps() == -40


def test_events_that_are_spelt_in_two_ways_are_noted() -> None:
    rows = [("a", "visit"), ("b", "Visit "), ("c", "visit"), ("a", "buy"), ("b", None)]
    events = pd.DataFrame(rows, columns=["user", "event"]).assign(time=pd.Timestamp("2026-01-05"))
    steps: dict[str, Any] = {"within": "7D", "as_of": "2026-01-31"}
    [note] = csm.cohorts.funnel(events, ["visit", "buy"], **steps).attrs["notes"]
    assert note.startswith("'visit' does not count the rows with 'Visit ', which differ only in case or blanks")
    assert csm.cohorts.funnel(events.iloc[[0, 2, 3, 4]], ["visit", "buy"], **steps).attrs["notes"] == []
    grid = csm.cohorts.retention(events, start_event=["visit", "Visit "], return_event="buy", as_of="2026-01-31")
    assert not any("blanks" in note for note in grid.notes)


@pytest.mark.parametrize("make", MAKERS)
def test_a_start_at_0_seconds_is_warned_of(make: Any) -> None:
    old = LEDGER.assign(start=LEDGER["start"].where(LEDGER["customer"] != "a", pd.Timestamp("1970-01-01 01:00")))
    with pytest.warns(csm.CohortWarning, match="The earliest row begins on 1970-01-01"):
        csm.cohorts.movements_from_subscriptions(make(old), as_of="2026-03-31")
    then = old.assign(start=pd.Timestamp("1970-01-01 01:00"), end=None).astype({"end": "datetime64[us]"})
    assert csm.cohorts.movements_from_subscriptions(make(then), as_of="1970-03-31").attrs["notes"] == []
