"""Where days, hours and periods end: figures worked by hand, on pandas and on every engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm
from csmetrics.cohorts._rows.calendar import Calendar

Make = Callable[[pd.DataFrame], Any]
BERLIN, KOLKATA = "Europe/Berlin", "Asia/Kolkata"


def events(times: Sequence[str], zone: str | None = None, users: Sequence[Any] | None = None) -> pd.DataFrame:
    """Make events of these times, each of its own user unless users are given; with a zone the times are in UTC."""
    stamps = pd.to_datetime(list(times), format="ISO8601", utc=zone is not None)
    users = list(range(len(times))) if users is None else list(users)
    return pd.DataFrame({"user": users, "time": stamps if zone is None else stamps.tz_convert(zone)})


def active(frame: Any, **options: Any) -> dict[str, int]:
    """Return the active users by period."""
    found = csm.cohorts.lifecycle(frame, **options)["active"]
    return {str(label): int(count) for label, count in found.items()}


def of_ibis(frame: Any) -> bool:
    return type(frame).__module__.startswith("ibis")


def of_duckdb(frame: Any) -> bool:
    return "duckdb" in type(frame).__module__


# The end of a day


@pytest.mark.parametrize("last", ["23:59:59", "23:59:59.999", "23:59:59.999999", "23:59:59.999999999"])
def test_the_last_second_of_a_day_is_its_end_and_adds_no_day(make: Make, last: str) -> None:
    table = events(["2026-01-01 09:00", f"2026-01-02 {last}"])
    for frame in (table, make(table)):
        if of_ibis(frame) and len(last) > len("23:59:59.999999"):
            continue  # Ibis rounds nanoseconds up before anybody can cut them
        assert active(frame, freq="D") == {"2026-01-01": 1, "2026-01-02": 1}
        assert len(csm.cohorts.active_users(frame, wau=1, mau=1)) == 2
        assert len(csm.cohorts.retention(frame, freq="D").sizes) == 2


def test_a_midnight_among_other_times_closes_no_day(make: Make) -> None:
    timed = events(["2026-01-30 10:00", "2026-02-01"])
    days = events(["2026-01-30", "2026-01-31"])
    for timed_frame, day_frame in ((timed, days), (make(timed), make(days))):
        assert active(timed_frame) == {"2026-01": 1}
        assert active(timed_frame, freq="D") == {"2026-01-30": 1, "2026-01-31": 0}
        assert active(day_frame) == {"2026-01": 2}


@pytest.mark.parametrize(
    "as_of",
    [
        "2026-02-28",
        "2026-02-28 00:00",
        "2026-02-28 23:59:59",
        "2026-02-28 23:59:59.999",
        np.datetime64("2026-02"),
        np.datetime64("2026-02-28"),
        pd.Period("2026-02", freq="M"),
        pd.Timestamp("2026-02-28 23:59:59.999999"),
    ],
    ids=str,
)
def test_as_of_completes_its_day(as_of: Any) -> None:
    assert active(events(["2026-01-30 10:00", "2026-02-10 11:00"]), as_of=as_of) == {"2026-01": 1, "2026-02": 1}
    subscriptions = pd.DataFrame({"customer": ["a"], "start": ["2026-01-05"], "end": [None], "mrr": [10]})
    bridge = csm.cohorts.movements_from_subscriptions(subscriptions, as_of=as_of)
    assert bridge["end_mrr"].tolist() == [10, 10]


def test_as_of_before_the_last_second_completes_nothing() -> None:
    assert active(events(["2026-01-30 10:00", "2026-02-10 11:00"]), as_of="2026-02-28 23:59:58") == {"2026-01": 1}


def test_month_ends_at_the_last_second_close_the_month() -> None:
    snapshots = pd.DataFrame(
        {"customer": ["a", "a"], "date": ["2026-01-31 23:59:59", "2026-02-28 23:59:59"], "mrr": [1, 2]}
    )
    assert csm.cohorts.movements_from_snapshots(snapshots)["end_mrr"].tolist() == [1, 2]


# Hours


def refuses_to_convert(frame: Any) -> None:
    """Ibis counts on the session's clock, whatever a column's zone: other zones are refused with the remedy."""
    for freq in ("h", "D", "M"):
        with pytest.raises(csm.MetricInputError, match="must be in UTC on this engine"):
            csm.cohorts.lifecycle(frame, freq=freq)


def test_an_hour_that_the_clock_skips_is_no_hour(make: Make) -> None:
    """Summer time begins in Berlin on 29 March 2026: 02:00 does not exist."""
    table = events(["2026-03-29 00:10", "2026-03-29 01:10", "2026-03-29 02:10"], BERLIN, users=["a", "a", "a"])
    options = {"freq": "h", "as_of": "2026-03-29 02:59:59+00:00"}
    hours = csm.cohorts.lifecycle(table, **options)
    assert hours.index.tolist() == [
        pd.Timestamp("2026-03-29 01:00", tz=BERLIN),
        pd.Timestamp("2026-03-29 03:00", tz=BERLIN),
    ]
    assert hours["active"].tolist() == [1, 1]
    assert hours["dormant"].tolist() == hours["resurrected"].tolist() == [0, 0]
    for frame in (table, make(table)):
        if of_ibis(frame):
            refuses_to_convert(frame)
            continue
        assert csm.cohorts.lifecycle(frame, freq="h", as_of="2026-03-29 03:00+00:00")["active"].tolist() == [1, 1, 1]
        grid = csm.cohorts.retention(frame, freq="h", as_of="2026-03-29 03:00+00:00")
        assert grid.rates().iloc[0].dropna().tolist() == [100, 100, 100]


def test_an_hour_that_comes_twice_is_two_hours(make: Make) -> None:
    """Summer time ends in Berlin on 25 October 2026: 02:00 comes twice."""
    table = events(["2026-10-25 00:50", "2026-10-25 01:10", "2026-10-25 02:10"], BERLIN, users=["a", "b", "a"])
    for frame in (table, make(table)):
        if of_ibis(frame):
            refuses_to_convert(frame)
            continue
        hours = csm.cohorts.lifecycle(frame, freq="h", as_of="2026-10-25 03:00+00:00")
        assert hours["active"].tolist() == [1, 1, 1]
        assert hours.index.is_unique


TOTALS: dict[str, tuple[str, Callable[[Any], pd.DataFrame]]] = {
    "survey": ("nps_invited", lambda f: csm.cohorts.survey(f, nps="score", time="time", freq="h")),
    "last answers": (
        "nps_invited",
        lambda f: csm.cohorts.survey(f, nps="score", customer="user", keep="last", time="time", freq="h"),
    ),
    "tickets": ("tickets", lambda f: csm.cohorts.tickets(f, created="time", freq="h")),
    "onboarding": ("started", lambda f: csm.cohorts.onboarding(f, started="time", freq="h")),
    "adoption": ("features_used", lambda f: csm.cohorts.adoption(f, eligible="ok", time="time", freq="h")),
}


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", TOTALS)
@pytest.mark.parametrize(
    ("zone", "first", "counts"), [(BERLIN, "00:00Z", [2, 1, 0, 0]), (KOLKATA, "00:30Z", [2, 1, 0])]
)
def test_totals_by_the_hour_are_labelled_in_the_zone(
    make: Make, zone: str, first: str, counts: list[int], name: str
) -> None:
    """Labels are the first instants of hours: in Berlin 02:00 comes twice, in India hours begin at half past in UTC."""
    table = events(["2026-10-25 00:40", "2026-10-25 00:50", "2026-10-25 01:40", "2026-10-25 04:10"], zone)
    table = table.assign(score=[9, 3, 10, 7], feature="a", ok=True)
    column, call = TOTALS[name]
    starts = pd.date_range(f"2026-10-25 {first}", periods=len(counts), freq="h")
    hours = call(table)
    assert (hours.index.name, str(hours.index.dtype.tz)) == ("period", zone)
    assert hours.index.is_unique
    assert hours.index.tolist() == starts.tz_convert(zone).tolist()
    assert hours[column].tolist() == counts
    frame = make(table)
    if of_ibis(frame):
        refuses_to_convert(frame)
    elif not of_duckdb(frame) or zone != KOLKATA:  # DuckDB counts on the clock of the session, here UTC
        found = call(frame)
        assert found.index.tz_convert(zone).equals(hours.index)
        assert found[column].tolist() == counts


def test_hours_show_the_minutes_of_their_own_clock() -> None:
    table = events(["2026-01-05 03:40", "2026-01-05 04:40"], "Asia/Kolkata")
    hours = csm.cohorts.lifecycle(table, freq="h", as_of="2026-01-05 11:00+05:30").index
    assert hours.tolist() == [pd.Timestamp(f"2026-01-05 {h}:00", tz="Asia/Kolkata") for h in (9, 10)]


@pytest.mark.parametrize(("as_of", "users"), [("2026-10-25 01:15Z", 2), ("2026-10-25 00:55Z", 1)])
def test_as_of_in_the_doubled_hour_is_taken_by_its_offset(make: Make, as_of: str, users: int) -> None:
    table = events(["2026-10-25 00:50", "2026-10-25 01:10"], BERLIN)
    for frame in (table, make(table)):
        if of_ibis(frame):
            refuses_to_convert(frame)
            continue
        assert csm.cohorts.retention(frame, freq="D", as_of=as_of).sizes.tolist() == [users]


def test_a_day_that_a_zone_skipped_is_no_day() -> None:
    """Samoa moved across the date line: it had no 30 December 2011."""
    table = pd.DataFrame({"user": ["a", "a"], "time": ["2011-12-29 12:00", "2011-12-31 12:00"]})
    table["time"] = pd.to_datetime(table["time"]).dt.tz_localize("Pacific/Apia")
    days = csm.cohorts.lifecycle(table, freq="D", as_of="2011-12-31")
    assert days.index.astype(str).tolist() == ["2011-12-29", "2011-12-31"]
    assert days["returning"].tolist() == [0, 1]
    assert csm.cohorts.retention(table, freq="D", as_of="2011-12-31").rates().iloc[0].tolist() == [100, 100]


# Periods


@pytest.mark.parametrize(
    ("freq", "first"),
    [
        ("W", ("2026-01-26", "2026-02-01")),
        ("W-SUN", ("2026-01-26", "2026-02-01")),
        ("W-SAT", ("2026-01-25", "2026-01-31")),
        ("Q", ("2026-01-01", "2026-03-31")),
        ("Q-JAN", ("2025-11-01", "2026-01-31")),
        ("Q-FEB", ("2025-12-01", "2026-02-28")),
        ("Y-MAR", ("2025-04-01", "2026-03-31")),
        ("Y", ("2026-01-01", "2026-12-31")),
    ],
)
def test_anchored_periods_are_those_of_pandas(make: Make, freq: str, first: tuple[str, str]) -> None:
    table = events(["2026-01-30 10:00", "2027-06-10 00:00"])
    for frame in (table, make(table)):
        period = csm.cohorts.lifecycle(frame, freq=freq, as_of="2027-06-30").index[0]
        assert (str(period.start_time.date()), str(period.end_time.date())) == first
        assert period == pd.Period("2026-01-30", freq=freq)


@pytest.mark.parametrize("freq", ["W-XXX", "Q-", "M-JAN", "D-MON", "w", "", None, 7, "Y-MARCH"])
def test_other_words_for_freq_are_refused(freq: Any) -> None:
    with pytest.raises(csm.MetricInputError, match="lifecycle: `freq` must be one of h, D, W, M, Q, Y"):
        csm.cohorts.lifecycle(events(["2026-01-30"]), freq=freq)


@pytest.mark.parametrize("freq", ["h", "D", "W", "W-WED", "M", "Q", "Q-JAN", "Y", "Y-MAR"])
def test_numbers_of_periods_go_both_ways(freq: str) -> None:
    calendar = Calendar("test", freq)
    numbers = np.arange(-40, 40)
    starts = calendar.start(numbers)
    assert [calendar.at(int(at)) for at in starts] == numbers.tolist()
    assert [calendar.at(int(at) - 1) for at in starts] == (numbers - 1).tolist()
    labels = calendar.index(-40, 80, "period")
    assert [label.start_time for label in labels] == pd.to_datetime(starts.astype("M8[us]")).tolist()


@pytest.mark.parametrize("dtype", [object, "string", "category"])
def test_text_that_names_months_means_the_whole_months(dtype: Any) -> None:
    """A spreadsheet with a month per column, melted: February is there to its end, as with pandas' Periods."""
    amounts = pd.DataFrame({"customer": [1, 1, 2], "date": ["2026-01", "2026-02", None], "mrr": [5, 6, 7]}).iloc[:2]
    text = amounts.assign(date=amounts["date"].astype(dtype))
    made = csm.cohorts.movements_from_snapshots(text)
    periods = amounts.assign(date=pd.PeriodIndex(amounts["date"], freq="M"))
    pd.testing.assert_frame_equal(made, csm.cohorts.movements_from_snapshots(periods))
    assert made["end_mrr"].tolist() == [5, 6]
    ledger = pd.DataFrame({"customer": [1, 2], "start": "2026-01", "end": ["2026-02", None], "mrr": 5}).astype(
        {"end": dtype}
    )
    both = csm.cohorts.movements_from_subscriptions(ledger, closed="both", as_of="2026-03-31")
    assert both["end"].tolist() == [2, 2, 1]
    mixed = amounts.assign(date=["2026-01", "2026-13"])
    with pytest.raises(csm.MetricInputError, match="must hold dates"):
        csm.cohorts.movements_from_snapshots(mixed)


@pytest.mark.parametrize(("held", "asked"), [("M", "D"), ("Q", "M"), ("M", "W"), ("Y", "Q-JAN"), ("D", "h")])
def test_periods_longer_than_freq_are_refused(held: str, asked: str) -> None:
    table = pd.DataFrame({"user": [1], "time": pd.PeriodIndex(["2026-03-01"], freq=held)})
    for call in (csm.cohorts.lifecycle, csm.cohorts.retention):
        with pytest.raises(
            csm.MetricInputError, match=rf"longer than freq='{asked[0]}'.*allows freq='{held}' or longer"
        ):
            call(table, freq=asked)
    assert len(csm.cohorts.lifecycle(table, freq=held)) == 1


def test_snapshots_of_quarters_are_no_months() -> None:
    quarters = pd.DataFrame(
        {"customer": ["a", "a"], "date": pd.period_range("2026Q1", periods=2, freq="Q"), "mrr": [5, 5]}
    )
    with pytest.raises(csm.MetricInputError, match="allows freq='Q' or longer"):
        csm.cohorts.movements_from_snapshots(quarters, freq="M")
    assert csm.cohorts.movements_from_snapshots(quarters, freq="Q").csm.churn_rate().iloc[1] == 0


@pytest.mark.parametrize("text", ["2026-03", "2026"])
def test_text_that_holds_months_has_no_days(text: str) -> None:
    table = pd.DataFrame({"user": [1], "time": [text]})
    with pytest.raises(csm.MetricInputError, match=f"must not hold periods longer than freq='D'.*'{text}'"):
        csm.cohorts.active_users(table)


# Reading


@pytest.mark.parametrize(
    ("value", "unit"), [(1_767_225_600, "s"), (1_767_225_600_000, "ms"), (1_767_225_600_000_000, "us"), (1.7e18, "ns")]
)
def test_numbers_since_1970_name_their_unit(value: float, unit: str) -> None:
    table = pd.DataFrame({"user": [1], "time": [value]})
    with pytest.raises(csm.MetricInputError) as caught:
        csm.cohorts.lifecycle(table)
    assert f"pd.to_datetime(frame['time'], unit=\"{unit}\")" in caught.value.hint
    followed = table.assign(time=pd.to_datetime(table["time"], unit=unit))  # type: ignore[call-overload]
    assert csm.cohorts.lifecycle(followed, freq="D", as_of="2027-01-01").index[0].year >= 2023


def test_text_in_utc_is_a_date() -> None:
    table = pd.DataFrame({"user": [1, 2], "time": ["2026-01-05 10:00:00 UTC", "2026-01-06 10:00:00 UTC"]})
    days = csm.cohorts.lifecycle(table, freq="D", as_of="2026-01-06")
    assert days["active"].tolist() == [1, 1]


def test_mixed_offsets_name_the_remedy() -> None:
    times = ["2026-01-05T10:00:00+01:00", "2026-07-05T10:00:00+02:00"]
    stamps = [pd.Timestamp(times[0]), pd.Timestamp(times[1]).tz_convert("Europe/Berlin")]
    for given in (times, pd.Series(stamps, dtype=object), pd.Series([stamps[0], times[1]], dtype=object)):
        with pytest.raises(csm.MetricInputError, match="the same time zone, or none; got several") as caught:
            csm.cohorts.lifecycle(pd.DataFrame({"user": [1, 2], "time": given}), on_bad_rows="report")
        assert "pd.to_datetime(..., utc=True)" in caught.value.hint
    followed = pd.DataFrame({"user": [1, 2], "time": pd.to_datetime(times, utc=True)})
    assert len(csm.cohorts.lifecycle(followed, as_of="2026-07-31")) == 7
