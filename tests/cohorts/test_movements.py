"""Movements of customers and MRR, compared with a walk in plain Python, and case by case."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm

from ..drawn import drawn
from . import brute_movements as brute
from .brute_movements import AMOUNTS, COLUMNS, COUNTS, DAY, Row, first_instant, next_first_instant

BERLIN = ZoneInfo("Europe/Berlin")
FREQSTR = {"h": "h", "D": "D", "W": "W-SUN", "M": "M", "Q": "Q-DEC", "Y": "Y-DEC"}
# drawn ledgers span a leap day or a turn of the year, and are long enough for a handful of periods
WHERE = {
    "D": (datetime(2024, 2, 24), 14),
    "W": (datetime(2023, 12, 20), 60),
    "M": (datetime(2023, 11, 20), 240),
    "Q": (datetime(2023, 5, 10), 700),
    "Y": (datetime(2019, 7, 1), 2000),
}

check = drawn(40)
pytestmark = pytest.mark.filterwarnings("ignore::csmetrics.errors.CohortWarning")  # of ends that touch by chance
grains = pytest.mark.parametrize("freq", WHERE)
builders = pytest.mark.parametrize("source", ["subscriptions", "snapshots"])


# ------------------------------------------------------------------------------------------------------ drawn ledgers


@cache
@st.composite
def moments(draw: st.DrawFn, freq: str) -> datetime:
    """Draw a moment: one third are first instants of periods, another third are midnights."""
    origin, days = WHERE[freq]
    moment = origin + timedelta(minutes=draw(st.integers(0, days * 1440)))
    kind = draw(st.sampled_from(["boundary", "midnight", "minute"]))
    if kind == "boundary":
        return first_instant(moment, freq)
    return first_instant(moment, "D") if kind == "midnight" else moment


@cache
@st.composite
def subscription_rows(draw: st.DrawFn, freq: str) -> Row:
    start = draw(moments(freq))
    until = draw(st.sampled_from(["open", "at once", "short", "boundary", "any", "any"]))
    end = {
        "open": None,
        "at once": start,
        "short": start + timedelta(minutes=draw(st.integers(1, 3000))),
        "boundary": next_first_instant(first_instant(start, freq), freq),
        "any": max(start, draw(moments(freq))),
    }[until]
    return Row(draw(st.sampled_from("abcd")), start, end, draw(amounts()), draw(groups()))


@cache
@st.composite
def snapshot_rows(draw: st.DrawFn, freq: str) -> Row:
    return Row(draw(st.sampled_from("abcd")), draw(moments(freq)), None, draw(amounts()), draw(groups()))


@cache
def amounts() -> st.SearchStrategy[int]:
    """Draw amounts in cents, often the same few, so that renewals without a change occur."""
    return st.sampled_from([0, 10, 20, 30, 999, 1999]) | st.integers(0, 10_000)


@cache
def groups() -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.sampled_from(["basic", "pro", None]), st.sampled_from(["eu", "us"]))


@cache
def ledgers(source: str, freq: str) -> st.SearchStrategy[list[Row]]:
    row = subscription_rows(freq) if source == "subscriptions" else snapshot_rows(freq)
    return st.lists(row, min_size=0, max_size=10)


@cache
def maybe_as_of(freq: str) -> st.SearchStrategy[datetime | None]:
    return st.none() | moments(freq)


def latest(rows: list[Row]) -> datetime | None:
    """Return the latest moment, as the default of ledgers whose ends do not lie far ahead."""
    starts, ends = [row.start for row in rows], [row.end for row in rows if row.end]
    return max(ends) if ends and max(ends) - max(starts) > timedelta(days=92) else None


def frame_of(source: str, rows: list[Row], unit: int = 1) -> pd.DataFrame:
    """Write rows as a user's frame, with amounts in cents or divided by `unit`."""
    mrr = [row.mrr for row in rows] if unit == 1 else [row.mrr / unit for row in rows]
    columns: dict[str, Any] = {
        "customer": pd.Series([row.customer for row in rows], dtype=object),
        ("start" if source == "subscriptions" else "date"): stamps([row.start for row in rows]),
        "end": stamps([row.end for row in rows]),
        "mrr": pd.Series(mrr, dtype="int64" if unit == 1 else "float64"),
        "plan": pd.Series([row.group[0] if row.group else None for row in rows], dtype=object),
        "region": pd.Series([row.group[1] if row.group else None for row in rows], dtype=object),
    }
    if source == "snapshots":
        del columns["end"]
    return pd.DataFrame(columns)


def stamps(moments: list[datetime | None]) -> pd.Series:
    return pd.Series(np.array(moments, dtype="M8[us]"))


def builder(source: str) -> Callable[..., pd.DataFrame]:
    return getattr(csm.cohorts, f"movements_from_{source}")


def walk(source: str, rows: list[Row], *args: Any, keys: int = 0) -> brute.Table:
    """Run the plain walk, grouped by the first `keys` keys of each row."""
    cut = [Row(r.customer, r.start, r.end, r.mrr, r.group[:keys]) for r in rows]
    return getattr(brute, source)(cut, *args)


def table(result: pd.DataFrame) -> brute.Table:
    """Turn a result into the form of the plain walk: {(first instant of the period, *keys): {column: value}}."""
    out = {}
    for label, values in zip(result.index, result.itertuples(index=False), strict=True):
        period, *keys = label if isinstance(label, tuple) else (label,)
        first = period.start_time.to_pydatetime()
        out[first, *(None if pd.isna(key) else key for key in keys)] = dict(zip(result.columns, values, strict=True))
    return out


def assert_well_formed(result: pd.DataFrame, freq: str, by: list[str] | None = None, amounts: str = "int64") -> None:
    assert list(result.columns) == list(COLUMNS)
    assert list(result.index.names) == ["period", *(by or [])]
    assert isinstance(result.index, pd.MultiIndex if by else pd.PeriodIndex)
    assert result.index.get_level_values("period").freqstr == FREQSTR[freq]
    assert {*result[list(COUNTS)].dtypes.astype(str)} == {"int64"}
    assert {*result[list(AMOUNTS)].dtypes.astype(str)} == {amounts}


def assert_identities(result: pd.DataFrame, slack: float = 0) -> None:
    r = result
    assert (r.start + r.new + r.reactivated - r.lost == r.end).all()
    closing = r.start_mrr + r.new_mrr + r.reactivation_mrr + r.expansion_mrr - r.contraction_mrr - r.churned_mrr
    assert (closing - r.end_mrr).abs().max() <= slack or r.empty
    assert (r >= 0).all(axis=None)


@builders
@grains
@given(data=st.data())
@check
def test_the_walk(source, freq, data) -> None:
    rows, as_of = data.draw(ledgers(source, freq)), data.draw(maybe_as_of(freq))
    as_of, span = as_of or latest(rows), data.draw(st.integers(1, 4))
    got = builder(source)(frame_of(source, rows), freq=freq, span=span, as_of=as_of)
    assert_well_formed(got, freq)
    assert_identities(got)
    assert list(table(got).items()) == list(walk(source, rows, freq, span, as_of).items())


@builders
@pytest.mark.parametrize("by", ["plan", ["plan"], ["plan", "region"]], ids=str)
@given(data=st.data())
@check
def test_the_walk_by_group(source, by, data) -> None:
    freq = data.draw(st.sampled_from(["D", "W", "M", "Q"]))
    rows, as_of = data.draw(ledgers(source, freq)), data.draw(maybe_as_of(freq))
    as_of = as_of or latest(rows)
    span, keys = data.draw(st.integers(1, 4)), [by] if isinstance(by, str) else by
    got = builder(source)(frame_of(source, rows), freq=freq, span=span, as_of=as_of, by=by)
    assert_well_formed(got, freq, keys)
    assert_identities(got)
    assert list(table(got).items()) == list(walk(source, rows, freq, span, as_of, keys=len(keys)).items())


@builders
@given(data=st.data())
@check
def test_this_end_is_the_next_start(source, data) -> None:
    freq = data.draw(st.sampled_from([*WHERE]))
    rows = data.draw(ledgers(source, freq))
    got = builder(source)(frame_of(source, rows), freq=freq, as_of=latest(rows))
    assert got["end"].iloc[:-1].tolist() == got["start"].iloc[1:].tolist()
    assert got["end_mrr"].iloc[:-1].tolist() == got["start_mrr"].iloc[1:].tolist()
    assert got[["start", "start_mrr"]].iloc[:1].to_numpy().sum() == 0
    for span in (2, 3):  # the opening is the closing `span` periods earlier, and empty before the first
        long = builder(source)(frame_of(source, rows), freq=freq, span=span, as_of=latest(rows))
        assert long.index.equals(got.index)
        assert long["end_mrr"].tolist() == got["end_mrr"].tolist()
        assert long["start_mrr"].tolist() == got["end_mrr"].shift(span, fill_value=0).tolist()
        assert long["start"].tolist() == got["end"].shift(span, fill_value=0).tolist()


@builders
@given(data=st.data())
@check
def test_groups_add_up_where_each_customer_is_in_one(source, data) -> None:
    rows = data.draw(ledgers(source, "M"))
    frame = frame_of(source, rows)
    frame["plan"] = frame["customer"].map({"a": "basic", "b": "pro", "c": "pro", "d": None})
    span = data.draw(st.integers(1, 3))
    fine = builder(source)(frame, by="plan", span=span, as_of=latest(rows))
    whole = builder(source)(frame, span=span, as_of=latest(rows))
    pd.testing.assert_frame_equal(fine.groupby(level="period").sum(), whole, check_index_type=False)


@builders
@given(data=st.data())
@check
def test_floats_with_cents_are_those_cents(source, data) -> None:
    rows, freq = data.draw(ledgers(source, "M")), data.draw(st.sampled_from(["D", "M"]))
    span = data.draw(st.integers(1, 3))
    cents = builder(source)(frame_of(source, rows), freq=freq, span=span, as_of=latest(rows))
    got = builder(source)(frame_of(source, rows, 100), freq=freq, span=span, as_of=latest(rows))
    assert_well_formed(got, freq, amounts="float64")
    assert_identities(got, slack=1e-9)
    # also in the last digit: a change of 0 is 0, not 4e-17
    pd.testing.assert_frame_equal(got[list(AMOUNTS)], cents[list(AMOUNTS)] / 100, check_exact=True)
    assert got[list(COUNTS)].equals(cents[list(COUNTS)])


@builders
@given(data=st.data())
@check
def test_the_order_of_rows_is_irrelevant_and_the_input_unchanged(source, data) -> None:
    rows = data.draw(ledgers(source, "M"))
    frame = frame_of(source, rows)
    frame.index = pd.Index([f"row {i}" for i in range(len(frame))], name="id")
    before = frame.copy(deep=True)
    got = builder(source)(frame, by="plan", as_of=latest(rows))
    pd.testing.assert_frame_equal(frame, before)
    order = data.draw(st.permutations(range(len(rows))))
    pd.testing.assert_frame_equal(builder(source)(frame.iloc[list(order)], by="plan", as_of=latest(rows)), got)


@given(data=st.data())
@check
def test_a_renewal_changes_nothing(data) -> None:
    """A row cut in two at any instant, the way billing systems write renewals, is the same subscription."""
    rows = data.draw(ledgers("subscriptions", "M"))
    as_of = datetime(2024, 7, 1)
    cut = []
    for row in rows:
        at = max(row.start, data.draw(moments("M")))
        at = at if row.end is None else min(at, row.end)
        cut += [Row(row.customer, row.start, at, row.mrr), Row(row.customer, at, row.end, row.mrr)]
    freq, unit = data.draw(st.sampled_from(["D", "M"])), data.draw(st.sampled_from([1, 100]))
    whole = builder("subscriptions")(frame_of("subscriptions", rows, unit), freq=freq, as_of=as_of)
    halves = builder("subscriptions")(frame_of("subscriptions", cut, unit), freq=freq, as_of=as_of)
    pd.testing.assert_frame_equal(halves, whole, check_exact=True)


@given(data=st.data())
@check
def test_snapshots_of_the_closings_tell_the_same_story(data) -> None:
    """Snapshots of the state just before each month's end give the same movements as the ledger."""
    rows, span = data.draw(ledgers("subscriptions", "M")), data.draw(st.integers(1, 3))
    as_of = datetime(2024, 7, 31)
    live = [Row("witness", datetime(2023, 11, 1), None, 1), *rows]  # a customer in the very first month
    taken, month = [], datetime(2023, 11, 1)
    while month < datetime(2024, 8, 1):
        following = next_first_instant(month, "M")
        taken += [
            Row(row.customer, following - DAY, None, row.mrr)
            for row in live
            if row.start < following and (row.end is None or row.end >= following)
        ]
        month = following
    ledger = builder("subscriptions")(frame_of("subscriptions", live), as_of=as_of, span=span)
    pd.testing.assert_frame_equal(builder("snapshots")(frame_of("snapshots", taken), as_of=as_of, span=span), ledger)


# --------------------------------------------------------------------------------------------------------- case by case


def ledger(*rows: tuple[Any, Any, Any, Any], unit: str = "us") -> pd.DataFrame:
    """Make a ledger of (customer, start, end, mrr) rows, with dates as ISO text and None for an open end."""
    customer, start, end, mrr = zip(*rows, strict=True)
    frame = pd.DataFrame({"customer": customer, "start": start, "end": None, "mrr": mrr})
    return frame.assign(start=np.array(start, dtype=f"M8[{unit}]"), end=np.array(end, dtype=f"M8[{unit}]"))


def snaps(*rows: tuple[Any, Any, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer", "date", "mrr"])
    frame["date"] = np.array(frame["date"].tolist(), dtype="M8[us]")
    return frame


def story(frame: pd.DataFrame, *, source: str = "subscriptions", **options: Any) -> dict[str, dict[str, Any]]:
    """Return each period's movements without the zeros."""
    result = builder(source)(frame, **options)
    assert_identities(result, slack=1e-9)
    return {
        str(period): {name: value for name, value in row.items() if value}
        for period, row in zip(result.index, result.to_dict("records"), strict=True)
    }


def opened(n: int, mrr: float) -> dict[str, float]:
    return {"start": n, "start_mrr": mrr}


def closed(n: int, mrr: float) -> dict[str, float]:
    return {"end": n, "end_mrr": mrr}


def stayed(n: int, mrr: float) -> dict[str, float]:
    return opened(n, mrr) | closed(n, mrr)


def came(mrr: float) -> dict[str, float]:
    return {"new": 1, "new_mrr": mrr} | closed(1, mrr)


def returned(mrr: float) -> dict[str, float]:
    return {"reactivated": 1, "reactivation_mrr": mrr} | closed(1, mrr)


def left(mrr: float) -> dict[str, float]:
    return opened(1, mrr) | {"lost": 1, "churned_mrr": mrr}


def test_each_change_gets_one_label() -> None:
    frame = ledger(
        ("stays", "2026-01-10", None, 100),
        ("grows", "2026-01-10", "2026-02-10", 100),
        ("grows", "2026-02-10", None, 130),
        ("shrinks", "2026-01-10", "2026-02-10", 100),
        ("shrinks", "2026-02-10", None, 60),
        ("leaves", "2026-01-10", "2026-02-10", 100),
        ("comes", "2026-02-10", None, 50),
    )
    got = story(frame, as_of="2026-02-28")
    assert got["2026-01"] == {"new": 4, "new_mrr": 400} | closed(4, 400)
    assert got["2026-02"] == (
        opened(4, 400)
        | {"new": 1, "new_mrr": 50, "expansion_mrr": 30, "contraction_mrr": 40, "lost": 1, "churned_mrr": 100}
        | closed(4, 340)
    )


def test_months_have_their_own_lengths() -> None:
    # calendar months, not spans of 30 days: 31 January to 1 March is all of February
    frame = ledger(("a", "2026-01-31", "2026-03-01", 10))
    assert story(frame, as_of="2026-03-31") == {"2026-01": came(10), "2026-02": stayed(1, 10), "2026-03": left(10)}
    # 30 days after 31 January is 2 March, so the customer was gone when February closed
    frame = ledger(("a", "2026-01-31", "2026-02-28", 10), ("a", "2026-03-02", None, 10))
    assert story(frame, as_of="2026-03-31") == {"2026-01": came(10), "2026-02": left(10), "2026-03": returned(10)}


def test_the_leap_day() -> None:
    # live only on 29 February 2024: not seen at any month's end, but at the end of that day
    frame = ledger(("a", "2024-02-29", "2024-03-01", 10), ("b", "2024-02-28", "2024-02-29", 5))
    got = story(frame, freq="D", as_of="2024-03-01")
    assert got == {
        "2024-02-28": came(5),
        "2024-02-29": {"lost": 1, "churned_mrr": 5, "new": 1, "new_mrr": 10} | opened(1, 5) | closed(1, 10),
        "2024-03-01": left(10),
    }
    # its end is the first instant of March, so it is still live in the closing of February
    assert story(frame, as_of="2024-03-31") == {"2024-02": came(10), "2024-03": left(10)}
    whole = builder("subscriptions")(ledger(("a", "2024-01-01", None, 1)), freq="D", as_of="2024-12-31")
    assert len(whole) == 366
    # as_of on 28 February leaves the leap year's February open, and closes 2026's
    assert story(ledger(("a", "2024-02-01", None, 1)), as_of="2024-02-28") == {}
    assert story(ledger(("a", "2026-02-01", None, 1)), as_of="2026-02-28") == {"2026-02": came(1)}


@pytest.mark.parametrize(
    ("freq", "before", "boundary", "labels"),
    [
        ("h", "2026-03-31T22:30", "2026-03-31T23:00", ("2026-03-31 22:00", "2026-03-31 23:00")),
        ("D", "2026-03-30T09:00", "2026-03-31", ("2026-03-30", "2026-03-31")),
        ("W", "2026-03-25", "2026-03-30", ("2026-03-23/2026-03-29", "2026-03-30/2026-04-05")),
        ("M", "2026-03-31", "2026-04-01", ("2026-03", "2026-04")),
        ("Q", "2026-03-31", "2026-04-01", ("2026Q1", "2026Q2")),
        ("Y", "2026-12-31", "2027-01-01", ("2026", "2027")),
    ],
)
def test_on_the_boundary(freq, before, boundary, labels) -> None:
    first, second = labels
    as_of = {"h": "2026-04-01", "Y": "2027-12-31"}.get(freq, "2026-07-01")
    # a start at the first instant of a period belongs to that period
    got = story(ledger(("w", before, None, 1), ("a", boundary, None, 10)), freq=freq, as_of=as_of)
    assert got[first] == came(1)
    assert got[second] == opened(1, 1) | {"new": 1, "new_mrr": 10} | closed(2, 11)
    # an end at that instant is still live in the previous period's closing, and lost in the period that begins
    got = story(ledger(("a", before, boundary, 10)), freq=freq, as_of=as_of)
    assert got[first] == came(10)
    assert got[second] == left(10)
    # an end in the last second of a day is the end of that day; earlier it ends before the closing and is never seen
    earlier, second_before, before_it = (
        (np.datetime64(boundary, "us") - np.timedelta64(micros, "us")).item().isoformat()
        for micros in (1, 1_000_000, 1_000_001)
    )
    for last in (earlier, second_before):
        got = story(ledger(("a", before, last, 10)), freq=freq, as_of=as_of)
        assert got[first] == (came(10) if freq != "h" else {})
    got = story(ledger(("a", before, before_it, 10)), freq=freq, as_of=as_of)
    assert got[first] == got[second] == {}
    # a start a microsecond earlier is live just before the boundary
    got = story(ledger(("w", before, None, 1), ("a", earlier, None, 10)), freq=freq, as_of=as_of)
    assert got[first] == {"new": 2, "new_mrr": 11} | closed(2, 11)


def test_weeks_begin_on_monday() -> None:
    # 1 March 2026 is a Sunday: the last day of its week; 2 March begins the next one
    got = builder("subscriptions")(
        ledger(("a", "2026-03-01T23:00", None, 1), ("b", "2026-03-02", None, 1)), freq="W", as_of="2026-03-08"
    )
    assert got["new"].tolist() == [1, 1]
    assert [period.start_time.date() for period in got.index] == [date(2026, 2, 23), date(2026, 3, 2)]
    # the week is complete with its Sunday, not before
    assert len(builder("subscriptions")(ledger(("a", "2026-03-02", None, 1)), freq="W", as_of="2026-03-07")) == 0


def test_leaving_and_returning_within_a_period_is_no_movement() -> None:
    # only openings and closings are compared: the customer leaves for a week in February and returns at the same amount
    frame = ledger(("a", "2026-01-05", "2026-02-10", 10), ("a", "2026-02-17", None, 10))
    assert story(frame, as_of="2026-02-28") == {"2026-01": came(10), "2026-02": stayed(1, 10)}
    # a return at another amount shows as the difference, not as a loss and a return
    frame.loc[1, "mrr"] = 25
    assert story(frame, as_of="2026-02-28")["2026-02"] == opened(1, 10) | {"expansion_mrr": 15} | closed(1, 25)
    # by day, both the loss and the return are seen
    days = builder("subscriptions")(frame, freq="D", as_of="2026-02-28")
    assert days[["new", "lost", "reactivated"]].sum().tolist() == [1, 1, 1]


def test_leaving_and_returning_across_periods_is_reactivation() -> None:
    frame = ledger(("a", "2026-01-05", "2026-02-10", 10), ("a", "2026-04-17", None, 40))
    assert story(frame, as_of="2026-04-30") == {
        "2026-01": came(10),
        "2026-02": left(10),
        "2026-03": {},
        "2026-04": returned(40),
    }


def test_a_stay_inside_one_period_was_never_seen() -> None:
    # in January the customer is in no opening and no closing, so in April it is new
    frame = ledger(("a", "2026-01-05", "2026-01-20", 10), ("a", "2026-04-17", None, 40))
    assert story(frame, as_of="2026-04-30") == {"2026-01": {}, "2026-02": {}, "2026-03": {}, "2026-04": came(40)}


def test_overlapping_rows_add_up() -> None:
    # a second product comes in February; later both are cancelled, one after the other
    frame = ledger(("a", "2026-01-05", "2026-04-10", 10), ("a", "2026-02-05", "2026-03-10", 7))
    assert story(frame, as_of="2026-04-30") == {
        "2026-01": came(10),
        "2026-02": opened(1, 10) | {"expansion_mrr": 7} | closed(1, 17),
        "2026-03": opened(1, 17) | {"contraction_mrr": 7} | closed(1, 10),
        "2026-04": left(10),
    }
    # the same row twice means twice the amount, and still one customer
    twice = pd.concat([frame.iloc[:1]] * 2)
    assert story(twice, as_of="2026-01-31") == {"2026-01": came(20)}


def test_rows_without_length_or_amount_do_nothing() -> None:
    # end == start, also exactly on the boundary, where "start before, end at or after" is not both true
    rest = ("a", "2026-01-05", None, 10)
    frame = ledger(
        rest,
        ("b", "2026-01-20", "2026-01-20", 99),
        ("b", "2026-02-01", "2026-02-01", 99),
        ("a", "2026-02-01", "2026-02-01", 9),
    )
    plain = {"2026-01": came(10), "2026-02": stayed(1, 10)}
    assert story(frame, as_of="2026-02-28") == plain
    # an account that pays nothing is not a customer: it is new with its first amount and lost after its last
    frame = ledger(
        rest, ("c", "2026-01-05", "2026-02-15", 0), ("c", "2026-02-15", "2026-03-15", 8), ("c", "2026-03-15", None, 0)
    )
    assert story(frame, as_of="2026-03-31") == {
        "2026-01": came(10),
        "2026-02": opened(1, 10) | {"new": 1, "new_mrr": 8} | closed(2, 18),
        "2026-03": opened(2, 18) | {"lost": 1, "churned_mrr": 8} | closed(1, 10),
    }


def test_the_end_of_the_data_is_not_churn() -> None:
    # the latest instant is 10 March: March is not over, so it has no row
    frame = ledger(("a", "2026-01-05", None, 10), ("b", "2026-03-10", None, 10))
    assert story(frame) == {"2026-01": came(10), "2026-02": stayed(1, 10)}
    # an end is also an instant of the data; at midnight it covers its whole day, here the last day of March
    frame = ledger(("a", "2026-01-05", None, 10), ("b", "2026-02-10", "2026-03-31", 10))
    assert story(frame)["2026-03"] == opened(2, 20) | {"lost": 1, "churned_mrr": 10} | closed(1, 10)
    # an end at noon of that day does not
    frame.loc[1, "end"] = pd.Timestamp("2026-03-31 12:00")
    assert list(story(frame)) == ["2026-01", "2026-02"]
    # nor does it if another row starts at that day's midnight: the latest instant counts, and that is noon
    frame.loc[0, "start"] = pd.Timestamp("2026-03-31")
    assert list(story(frame)) == ["2026-02"]


@pytest.mark.parametrize(
    ("as_of", "march"),
    [
        # midnight of the last day means the whole day, however it is written
        *((form, True) for form in ("2026-03-31", "2026-03-31T00:00", date(2026, 3, 31), datetime(2026, 3, 31))),
        *((form, True) for form in (pd.Timestamp("2026-03-31"), np.datetime64("2026-03-31"))),
        (np.datetime64("2026-03-31T00:00:00", "ns"), True),
        # any other instant means just that instant: at noon the month is not over
        ("2026-03-31 12:00", False),
        (datetime(2026, 3, 31, 12), False),
        (pd.Timestamp("2026-03-31 23:00"), False),
        (np.datetime64("2026-03-31T12:00"), False),
        # the day before does not reach the end of the month; the day after does, at any time of day
        (date(2026, 3, 30), False),
        (date(2026, 4, 1), True),
        ("2026-04-01 00:00:01", True),
    ],
    ids=repr,
)
def test_as_of_says_what_is_complete(as_of, march) -> None:
    frame = ledger(("a", "2026-02-05", None, 10))
    assert list(story(frame, as_of=as_of)) == ["2026-02", *(["2026-03"] if march else [])]
    snapshot = snaps(("a", "2026-02-05", 10), ("a", "2026-03-05", 10))
    got = story(snapshot, source="snapshots", as_of=as_of)
    assert list(got) == ["2026-02", *(["2026-03"] if march else [])]


def test_what_lies_after_as_of() -> None:
    # a known end in the future changes nothing yet; a start in the future is ignored
    frame = ledger(
        ("a", "2026-01-05", "2026-12-31", 10), ("b", "2026-01-05", "2026-03-15", 5), ("c", "2026-06-01", None, 99)
    )
    got = story(frame, as_of="2026-02-28")
    assert got == {"2026-01": {"new": 2, "new_mrr": 15} | closed(2, 15), "2026-02": stayed(2, 15)}
    assert story(frame, as_of="2026-03-31")["2026-03"] == opened(2, 15) | {"lost": 1, "churned_mrr": 5} | closed(1, 10)
    # a group that has only such rows does not appear
    frame["plan"] = ["basic", "basic", "pro"]
    grouped = builder("subscriptions")(frame, as_of="2026-02-28", by="plan")
    assert set(grouped.index.get_level_values("plan")) == {"basic"}
    # no row had started by then, so the result is empty
    for as_of in ("2025-12-31", "2026-01-04", "2026-01-30"):
        none = builder("subscriptions")(frame, as_of=as_of)
        assert_well_formed(none, "M")
        assert len(none) == 0


def test_the_first_period_opens_with_nothing() -> None:
    # the grid begins with the earliest start, so every customer of the first period is new in it
    frame = ledger(("a", "2020-02-29", None, 10), ("b", "2026-01-05", None, 10))
    got = builder("subscriptions")(frame, freq="Y", as_of="2026-12-31")
    assert got.index.astype(str).tolist() == ["2020", "2021", "2022", "2023", "2024", "2025", "2026"]
    assert got["start"].tolist() == [0, 1, 1, 1, 1, 1, 1]


def test_span_compares_with_the_state_so_many_periods_before() -> None:
    frame = ledger(
        ("leaves", "2026-01-05", "2026-03-10", 10),
        ("grows", "2026-01-05", "2026-02-10", 10),
        ("grows", "2026-02-10", None, 30),
        ("comes and goes", "2026-02-10", "2026-03-10", 7),
        ("comes", "2026-03-10", None, 4),
        ("back", "2026-01-05", "2026-02-10", 2),
        ("back", "2026-04-10", None, 2),
    )
    got = story(frame, span=2, as_of="2026-04-30")
    # two months before January's and February's closing there were no customers yet
    assert got["2026-01"] == {"new": 3, "new_mrr": 22} | closed(3, 22)
    assert got["2026-02"] == {"new": 3, "new_mrr": 47} | closed(3, 47)
    # from January's closing to March's; a customer who came and went in between is in neither
    assert got["2026-03"] == (
        opened(3, 22) | {"new": 1, "new_mrr": 4, "lost": 2, "churned_mrr": 12, "expansion_mrr": 20} | closed(2, 34)
    )
    # February's closing to April's: "back" was seen before that opening, in January
    assert got["2026-04"] == (
        opened(3, 47)
        | {"new": 1, "new_mrr": 4, "reactivated": 1, "reactivation_mrr": 2, "lost": 2, "churned_mrr": 17}
        | closed(3, 36)
    )
    # with span=4 the opening lies before "back" was first seen, so "back" is new
    assert story(frame, span=4, as_of="2026-04-30")["2026-04"] == {"new": 3, "new_mrr": 36} | closed(3, 36)


def test_each_group_is_its_own_ledger() -> None:
    # a move between plans is a loss in one and a new customer in the other, and no change overall
    frame = ledger(("a", "2026-01-05", "2026-02-10", 10), ("a", "2026-02-10", None, 25)).assign(plan=["basic", "pro"])
    got = table(builder("subscriptions")(frame, by="plan", as_of="2026-02-28"))
    january, february = datetime(2026, 1, 1), datetime(2026, 2, 1)
    assert list(got) == [(january, "basic"), (january, "pro"), (february, "basic"), (february, "pro")]
    assert {k: v for k, v in got[january, "basic"].items() if v} == came(10)
    assert not any(got[january, "pro"].values())  # the full grid: a group has rows even before its first subscription
    assert {k: v for k, v in got[february, "basic"].items() if v} == left(10)
    assert {k: v for k, v in got[february, "pro"].items() if v} == came(25)
    assert story(frame, as_of="2026-02-28")["2026-02"] == opened(1, 10) | {"expansion_mrr": 15} | closed(1, 25)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA], ids=repr)
def test_missing_keys_are_a_group_of_their_own(missing) -> None:
    frame = ledger(("a", "2026-01-05", None, 10), ("b", "2026-01-05", None, 5))
    frame["plan"] = pd.Series([missing, "pro"], dtype=object)
    got = builder("subscriptions")(frame, by="plan", as_of="2026-01-31")
    assert got["end_mrr"].tolist() == [5, 10]  # groups are sorted, with the missing one last
    keys = got.index.get_level_values("plan")
    assert keys[0] == "pro"
    assert pd.isna(keys[1])


@pytest.mark.parametrize(
    "keys",
    [
        pd.Series([3, 1, 3]),
        pd.Series([True, False, True]),
        pd.Series(["x", "b", "x"], dtype="category"),
        pd.Series(["x", "b", "x"], dtype="string"),
        pd.Series(pd.to_datetime(["2026-01-02", "2026-01-01", "2026-01-02"])),
    ],
    ids=lambda keys: str(keys.dtype),
)
def test_groups_of_any_kind(keys) -> None:
    frame = ledger(("a", "2026-01-05", None, 1), ("b", "2026-01-05", None, 2), ("c", "2026-01-05", None, 4))
    got = builder("subscriptions")(frame.assign(key=keys), by="key", as_of="2026-01-31")
    assert got["end_mrr"].tolist() == [2, 5]
    assert got.index.get_level_values("key").tolist() == sorted(set(keys))


IDS = [10, 7, 2**40, 10, 7]
CUSTOMERS = {
    "int64": pd.Series(IDS),
    "Int64": pd.Series(IDS, dtype="Int64"),
    "float": pd.Series(IDS, dtype="float64"),
    "text": pd.Series(list("zaxza")),
    "objects": pd.Series(list("zaxza"), dtype=object),
    "string": pd.Series(list("zaxza"), dtype="string"),
    "category": pd.Series(pd.Categorical(list("zaxza"), categories=list("unzabx"))),
    "category of ints": pd.Series(pd.Categorical(IDS, categories=[5, *sorted(set(IDS))])),
    "arrow int": pd.Series(IDS, dtype="int64[pyarrow]"),
    "arrow text": pd.Series(list("zaxza"), dtype="string[pyarrow]"),
    "tuples": pd.Series([(1, "z"), (1, "a"), (2, "z"), (1, "z"), (1, "a")]),
}


@pytest.mark.parametrize("ids", CUSTOMERS.values(), ids=CUSTOMERS)
def test_customers_of_any_kind(ids) -> None:
    # the first comes back, the second renews, the third leaves
    frame = ledger(
        ("", "2026-01-05", "2026-02-05", 1),
        ("", "2026-01-05", "2026-02-05", 2),
        ("", "2026-01-05", "2026-02-05", 4),
        ("", "2026-03-05", None, 1),
        ("", "2026-02-05", None, 2),
    ).assign(customer=ids)
    got = builder("subscriptions")(frame, as_of="2026-03-31")
    assert got[["new", "lost", "reactivated", "end"]].to_numpy().tolist() == [[3, 0, 0, 3], [0, 2, 0, 1], [0, 0, 1, 2]]
    assert got["end_mrr"].tolist() == [7, 2, 3]
    snapshot = frame.rename(columns={"start": "date"})[["customer", "date", "mrr"]]
    got = builder("snapshots")(snapshot, as_of="2026-03-31")
    assert got[["new", "lost", "reactivated", "end"]].to_numpy().tolist() == [[3, 0, 0, 3], [0, 2, 0, 1], [0, 1, 1, 1]]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA], ids=repr)
@builders
def test_a_row_without_customer_is_refused(source, missing) -> None:
    # a missing customer is neither a customer called "None" nor silently left out
    frame = ledger(("a", "2026-01-05", None, 10), ("b", "2026-01-05", None, 5)).assign(date=pd.Timestamp("2026-01-05"))
    frame["customer"] = pd.Series(["a", missing], dtype=object)
    with pytest.raises(csm.MetricInputError, match="customer"):
        builder(source)(frame)


# ---------------------------------------------------------------------------------------------------- dates and amounts

STARTS = [datetime(2026, 1, 31, 23, 59, 59), datetime(2026, 2, 1), datetime(2026, 1, 5, 12)]
ENDS = [datetime(2026, 3, 1), None, datetime(2026, 2, 28, 23, 59, 58)]

TIMES: dict[str, Callable[[list[Any]], Any]] = {
    **{f"M8[{u}]": lambda v, u=u: pd.Series(np.array(v, dtype="M8[us]").astype(f"M8[{u}]")) for u in ("s", "ms", "ns")},
    "datetimes": lambda v: pd.Series(v, dtype=object),
    "Timestamps": lambda v: pd.Series([x and pd.Timestamp(x) for x in v], dtype=object),
    "ISO text": lambda v: pd.Series([x and x.isoformat() for x in v]),
    "ISO text, short": lambda v: pd.Series([x and str(x).removesuffix(" 00:00:00") for x in v], dtype=object),
    "category of text": lambda v: pd.Series([x and x.isoformat() for x in v], dtype="category"),
    **{f"arrow {u}": lambda v, u=u: pd.Series(v).astype(f"timestamp[{u}][pyarrow]") for u in ("s", "ms", "us", "ns")},
    "arrow text": lambda v: pd.Series([x and x.isoformat() for x in v], dtype="string[pyarrow]"),
    "Period s": lambda v: pd.Series(pd.PeriodIndex(pd.DatetimeIndex(v), freq="s")),
}


@pytest.mark.parametrize("end_in", [TIMES["M8[s]"], TIMES["ISO text"], TIMES["arrow us"]], ids=["M8", "text", "arrow"])
@pytest.mark.parametrize("start_in", TIMES.values(), ids=TIMES)
def test_times_of_any_kind(start_in, end_in) -> None:
    frame = pd.DataFrame({"customer": [1, 2, 3], "start": start_in(STARTS), "end": end_in(ENDS), "mrr": [2, 3, 4]})
    for one in (frame, frame.assign(start=end_in(STARTS), end=start_in(ENDS))):
        got = builder("subscriptions")(one, as_of="2026-03-31")
        # customer 1 is live in January and February, 2 from February on, 3 only in January
        assert got[["end", "end_mrr"]].to_numpy().tolist() == [[2, 6], [2, 5], [1, 3]]
        assert got["new"].tolist() == [2, 1, 0]
    snapshot = pd.DataFrame({"customer": [1, 2, 3], "date": start_in(STARTS), "mrr": [2, 3, 4]})
    assert builder("snapshots")(snapshot, as_of="2026-02-28")["end_mrr"].tolist() == [6, 3]


@pytest.mark.parametrize("dtype", [object, "date32[pyarrow]", "date64[pyarrow]", "text", "M8[s]"], ids=str)
def test_plain_dates(dtype) -> None:
    def days(values: list[date | None]) -> pd.Series:
        if dtype == "text":
            return pd.Series([value and value.isoformat() for value in values])
        return pd.Series(np.array(values, dtype="M8[s]") if dtype == "M8[s]" else values, dtype=dtype)

    # many systems write an open end as 31 December 9999; it must not overflow
    frame = pd.DataFrame(
        {
            "customer": [1, 2, 3],
            "start": days([date(2026, 1, 5), date(2026, 2, 1), date(2026, 1, 5)]),
            "end": days([date(9999, 12, 31), None, date(2026, 2, 1)]),
            "mrr": [1, 2, 4],
        }
    )
    got = builder("subscriptions")(frame, as_of=date(2026, 2, 28))
    assert got["end_mrr"].tolist() == [5, 3]
    assert got["churned_mrr"].tolist() == [0, 4]
    snapshot = frame.rename(columns={"start": "date"})[["customer", "date", "mrr"]]
    assert builder("snapshots")(snapshot, as_of="2026-02-28")["end_mrr"].tolist() == [5, 2]


@pytest.mark.parametrize("coarse", ["s", "ms", "us"])
@pytest.mark.parametrize("fine", ["us", "ns"])
def test_a_far_end_in_another_unit(coarse, fine) -> None:
    # nanoseconds end in 2262, so a start in nanoseconds and an end in 9999 have no common unit that is as fine
    frame = ledger(("a", "2026-01-05", "9999-12-31", 10), ("b", "2026-01-05", None, 5), unit=coarse)
    frame["start"] = frame["start"].astype(f"datetime64[{fine}]")
    assert story(frame, as_of="2026-02-28") == {
        "2026-01": {"new": 2, "new_mrr": 15} | closed(2, 15),
        "2026-02": stayed(2, 15),
    }
    # a start that late comes after its end
    late = ledger(("a", "9999-01-05", None, 10), unit=coarse)
    late["end"] = pd.Series(pd.to_datetime(["2026-01-01"])).astype(f"datetime64[{fine}]")
    with pytest.raises(csm.MetricInputError, match="1 of 1"):
        builder("subscriptions")(late, as_of="2026-02-28")


def test_years_long_ago() -> None:
    frame = ledger(("a", "1650-05-01", "1702-05-01", 3), unit="s")
    got = builder("subscriptions")(frame, freq="Y", as_of="1703-01-01")
    assert len(got) == 53
    assert got["end"].sum() == 52
    assert got.index[0] == pd.Period("1650", freq="Y")


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint64", "Int64", "UInt8", "int16[pyarrow]"])
def test_whole_amounts_stay_whole(dtype) -> None:
    # 100 + 100 + 27 does not fit the narrow types: totals are int64 whatever the column is
    frame = ledger(("a", "2026-01-05", None, 100), ("a", "2026-01-05", None, 100), ("b", "2026-01-05", None, 27))
    got = builder("subscriptions")(frame.astype({"mrr": dtype}), as_of="2026-01-31")
    assert_well_formed(got, "M")
    assert got["end_mrr"].tolist() == [227]


@pytest.mark.parametrize("dtype", ["float64", "Float64", "double[pyarrow]", "Decimal"])
def test_amounts_with_cents(dtype) -> None:
    frame = ledger(("a", "2026-01-05", None, 19.99), ("b", "2026-01-05", None, 0.01))
    if dtype == "Decimal":  # the type that databases return for money
        frame["mrr"] = pd.Series([Decimal("19.99"), Decimal("0.01")], dtype=object)
    else:
        frame["mrr"] = frame["mrr"].astype(dtype)
    got = builder("subscriptions")(frame, as_of="2026-01-31")
    assert_well_formed(got, "M", amounts="float64")
    assert got["end_mrr"].tolist() == [20.0]


def test_large_whole_amounts_are_exact() -> None:
    # beyond 2**53, neighbouring integers become the same float
    frame = ledger(("a", "2026-01-05", "2026-02-05", 2**53), ("a", "2026-02-05", None, 2**53 + 1))
    assert story(frame, as_of="2026-02-28")["2026-02"]["expansion_mrr"] == 1


@builders
def test_there_is_no_phantom_expansion(source) -> None:
    # 0.1 + 0.2 is 0.30000000000000004 in floats: two products replaced by one at 0.3 are not a contraction
    if source == "subscriptions":
        frame = ledger(
            ("a", "2026-01-05", "2026-02-05", 0.1),
            ("a", "2026-01-05", "2026-02-05", 0.2),
            ("a", "2026-02-05", "2026-03-05", 0.3),
            ("a", "2026-03-05", None, 0.2),
            ("a", "2026-03-05", None, 0.1),
        )
    else:
        frame = snaps(
            ("a", "2026-01-05", 0.1), ("a", "2026-01-06", 0.2), ("a", "2026-02-05", 0.3), ("a", "2026-03-05", 0.2)
        )
        frame = pd.concat([frame, snaps(("a", "2026-03-07", 0.1))])
    got = story(frame, source=source, as_of="2026-03-31")
    assert got == {"2026-01": came(0.3), "2026-02": stayed(1, 0.3), "2026-03": stayed(1, 0.3)}


def test_four_decimals_are_exact() -> None:
    frame = ledger(*[(c, "2026-01-05", "2026-02-05", 0.0001) for c in range(3)], (3, "2026-01-05", None, 12345678.9999))
    got = builder("subscriptions")(frame, as_of="2026-02-28")
    assert got["end_mrr"].tolist() == [12345679.0002, 12345678.9999]
    assert got["churned_mrr"].tolist() == [0, 0.0003]


def test_amounts_that_no_decimals_hold() -> None:
    # a yearly price divided by twelve: no change where nothing changes, and no customer left over with 1e-17
    prices = [100 / 3, 1000 / 7, 12345.678901 / 12, 1e6 / 9, 1e-7, 2 / 3]
    rows = [(c, "2026-01-05", "2026-02-05", price) for c, price in enumerate(prices)]
    rows += [(c, "2026-02-05", "2026-03-05", price) for c, price in enumerate(prices)]
    got = builder("subscriptions")(ledger(*rows), as_of="2026-03-31")
    assert got["end"].tolist() == [6, 6, 0]
    assert got[["new", "lost", "reactivated"]].to_numpy().tolist() == [[6, 0, 0], [0, 0, 0], [0, 6, 0]]
    assert got["end_mrr"].tolist() == pytest.approx([sum(prices), sum(prices), 0], rel=1e-12)
    assert got[["expansion_mrr", "contraction_mrr"]].to_numpy().max() <= 1e-9


# ------------------------------------------------------------------------------------------------------------ snapshots


def test_a_snapshot_is_the_state_at_its_periods_closing() -> None:
    frame = snaps(
        *(("a", "2026-01-31", 10), ("a", "2026-02-01", 10), ("a", "2026-03-31", 15)),  # any day of the month
        *(("b", "2026-01-10", 3), ("b", "2026-01-20", 4), ("b", "2026-02-10", 7)),  # several add up
        *(("c", "2026-01-10", 5), ("c", "2026-03-10", 5)),  # no row in February: lost, then reactivated
        *(("d", "2026-01-10", 0), ("d", "2026-02-10", 2), ("d", "2026-03-10", 0)),  # 0 counts as no row
    )
    assert story(frame, source="snapshots") == {
        "2026-01": {"new": 3, "new_mrr": 22} | closed(3, 22),
        "2026-02": opened(3, 22) | {"new": 1, "new_mrr": 2, "lost": 1, "churned_mrr": 5} | closed(3, 19),
        "2026-03": opened(3, 19)
        | {"reactivated": 1, "reactivation_mrr": 5, "expansion_mrr": 5, "lost": 2, "churned_mrr": 9}
        | closed(2, 20),
    }


def test_a_month_without_any_snapshot_stands_there_with_zeros() -> None:
    frame = snaps(("a", "2026-01-10", 10), ("a", "2026-03-31", 10))
    assert story(frame, source="snapshots") == {"2026-01": came(10), "2026-02": left(10), "2026-03": returned(10)}


def test_the_last_snapshots_are_no_whole_month() -> None:
    # snapshots on the first day of each month: March has only begun, so it is left out and shows no churn
    frame = snaps(("a", "2026-02-01", 10), ("b", "2026-02-01", 5), ("a", "2026-03-01", 10))
    assert list(story(frame, source="snapshots")) == ["2026-02"]
    assert story(frame, source="snapshots", as_of="2026-03-31")["2026-03"]["lost"] == 1
    # by day, the first of March is complete
    got = builder("snapshots")(frame, freq="D")
    assert str(got.index[-1]) == "2026-03-01"
    assert got["end_mrr"].tolist() == [15, *[0] * 27, 10]


def test_snapshots_dated_with_periods_cover_their_last_one() -> None:
    frame = snaps(("a", "2026-01-01", 10), ("b", "2026-02-01", 5), ("a", "2026-03-01", 10))
    frame["date"] = frame["date"].dt.to_period("M")
    got = story(frame, source="snapshots")
    assert list(got) == ["2026-01", "2026-02", "2026-03"]
    assert got["2026-03"] == left(5) | {"reactivated": 1, "reactivation_mrr": 10} | closed(1, 10)
    # the end of March ends the quarter; the end of February does not
    assert story(frame, source="snapshots", freq="Q") == {"2026Q1": {"new": 2, "new_mrr": 25} | closed(2, 25)}
    assert story(frame.iloc[:2], source="snapshots", freq="Q") == {}


def test_other_names_of_columns() -> None:
    frame = ledger(("a", "2026-01-05", "2026-02-05", 10))
    expected = builder("subscriptions")(frame, as_of="2026-02-28")
    names = {"customer": "user_id", "start": "start_date", "end": "churned at", "mrr": 7}
    got = builder("subscriptions")(frame.rename(columns=names), as_of="2026-02-28", **names)
    pd.testing.assert_frame_equal(got, expected)
    frame = snaps(("a", "2026-01-31", 10))
    names = {"customer": "user_id", "date": "end", "mrr": "start"}
    got = builder("snapshots")(frame.rename(columns=names), **names)
    pd.testing.assert_frame_equal(got, builder("snapshots")(frame))


# ----------------------------------------------------------------------------------------------------------- time zones


def berlin(frame: pd.DataFrame, dtype: str = "datetime64[us, Europe/Berlin]") -> pd.DataFrame:
    """Read the times as local time in Berlin."""
    for name in frame.columns.intersection(["start", "end", "date"]):
        frame[name] = frame[name].dt.tz_localize("Europe/Berlin", ambiguous="raise").astype(dtype)
    return frame


@pytest.mark.parametrize(
    "dtype", ["datetime64[us, Europe/Berlin]", "timestamp[us, tz=Europe/Berlin][pyarrow]", "object"]
)
def test_periods_are_those_of_the_columns_own_clock(dtype) -> None:
    # 1 April 0:30 in Berlin is still March in UTC; 29 March 2026 has 23 hours in Berlin
    frame = berlin(ledger(("a", "2026-03-29T23:30", "2026-04-01T00:30", 10), ("b", "2026-04-01T00:30", None, 5)), dtype)
    assert story(frame, as_of="2026-04-30") == {
        "2026-03": came(10),
        "2026-04": left(10) | {"new": 1, "new_mrr": 5} | closed(1, 5),
    }
    days = story(frame, freq="D", as_of="2026-04-01")
    assert days == {
        "2026-03-29": came(10),
        "2026-03-30": stayed(1, 10),
        "2026-03-31": stayed(1, 10),
        "2026-04-01": left(10) | {"new": 1, "new_mrr": 5} | closed(1, 5),
    }
    snapshot = frame.rename(columns={"start": "date"})[["customer", "date", "mrr"]]
    assert list(story(snapshot, source="snapshots", as_of="2026-04-30")) == ["2026-03", "2026-04"]


def test_midnights_on_days_when_the_clocks_change() -> None:
    # ends at local midnight are boundaries, before and after the clock change: still live in the previous day's closing
    frame = berlin(
        ledger(
            ("spring", "2026-03-28", "2026-03-29", 1),
            ("spring day", "2026-03-29", "2026-03-30", 2),
            ("after", "2026-03-30", "2026-03-31", 4),
        )
    )
    got = builder("subscriptions")(frame, freq="D", as_of="2026-03-31")
    assert got["end_mrr"].tolist() == [1, 2, 4, 0]
    assert got["lost"].tolist() == [0, 1, 1, 1]
    # a customer of the last hour of the day of 23 hours
    frame = berlin(ledger(("a", "2026-03-29T23:30", "2026-03-30", 1)))
    assert story(frame, freq="D", as_of="2026-03-30") == {"2026-03-29": came(1), "2026-03-30": left(1)}


def test_a_midnight_that_does_not_exist() -> None:
    # in Santiago the clocks of 6 September 2026 went from 0:00 to 1:00; as_of still means the whole day
    frame = ledger(("a", "2026-09-05T12:00", "2026-09-06T01:00", 1), ("b", "2026-09-05T12:00", None, 2))
    for name in ("start", "end"):
        frame[name] = frame[name].dt.tz_localize("America/Santiago")
    got = story(frame, freq="D", as_of="2026-09-06")
    assert list(got) == ["2026-09-05", "2026-09-06"]
    assert got["2026-09-05"] == {"new": 2, "new_mrr": 3} | closed(2, 3)
    assert list(story(frame, freq="D", as_of="2026-09-05")) == ["2026-09-05"]


def test_hours_when_the_clocks_go_forward() -> None:
    # 2:00 to 3:00 does not exist in Berlin on 29 March 2026, so it is no period
    frame = berlin(ledger(("a", "2026-03-29T01:30", "2026-03-29T03:30", 10), ("w", "2026-03-29T00:00", None, 1)))
    got = story(frame, freq="h", as_of=pd.Timestamp("2026-03-29 04:00", tz="Europe/Berlin"))
    assert got == {
        "2026-03-29 00:00:00+01:00": came(1),
        "2026-03-29 01:00:00+01:00": opened(1, 1) | {"new": 1, "new_mrr": 10} | closed(2, 11),
        "2026-03-29 03:00:00+02:00": opened(2, 11) | {"lost": 1, "churned_mrr": 10} | closed(1, 1),
    }


def test_hours_when_the_clocks_go_back() -> None:
    # 2:00 to 3:00 comes twice on 25 October 2026: two periods, told apart by their offsets
    def at(utc: str) -> pd.Timestamp:
        return pd.Timestamp(utc, tz="UTC").tz_convert("Europe/Berlin")

    frame = pd.DataFrame(
        {
            "customer": ["first two to second three", "inside the doubled hour", "witness"],
            "start": [at("2026-10-24 23:30"), at("2026-10-25 00:30"), at("2026-10-24 22:00")],
            # the second ends at 2:15 by the clock, 45 minutes after it began at 2:30
            "end": [at("2026-10-25 02:00"), at("2026-10-25 01:15"), pd.NaT],
            "mrr": [10, 99, 1],
        }
    )
    got = story(frame, freq="h", as_of=at("2026-10-25 03:00"))
    assert got == {
        "2026-10-25 00:00:00+02:00": came(1),
        "2026-10-25 01:00:00+02:00": opened(1, 1) | {"new": 1, "new_mrr": 10} | closed(2, 11),
        "2026-10-25 02:00:00+02:00": opened(2, 11) | {"new": 1, "new_mrr": 99} | closed(3, 110),
        "2026-10-25 02:00:00+01:00": opened(3, 110) | {"lost": 1, "churned_mrr": 99} | closed(2, 11),
        "2026-10-25 03:00:00+01:00": opened(2, 11) | {"lost": 1, "churned_mrr": 10} | closed(1, 1),
    }
    # a row that ends before it starts is found by its instants, although the clock shows 2:15 to 2:30
    frame.loc[1, ["start", "end"]] = [at("2026-10-25 01:15"), at("2026-10-25 00:30")]
    with pytest.raises(csm.MetricInputError, match="end"):
        builder("subscriptions")(frame, freq="h")


def test_an_end_in_another_zone_is_the_same_instant() -> None:
    # 31 March 22:00 UTC is 1 April 0:00 in Berlin: the boundary where the second row follows the first
    frame = berlin(ledger(("a", "2026-03-05", "2026-04-01", 10), ("a", "2026-04-01", None, 10)))
    expected = {"2026-03": came(10), "2026-04": stayed(1, 10)}
    assert story(frame, as_of="2026-04-30") == expected
    assert story(frame.assign(end=frame["end"].dt.tz_convert("UTC")), as_of="2026-04-30") == expected


@pytest.mark.parametrize(
    ("as_of", "march"),
    [
        ("2026-03-31", True),
        (date(2026, 3, 31), True),
        (pd.Timestamp("2026-03-31", tz="Europe/Berlin"), True),
        (datetime(2026, 3, 31, tzinfo=BERLIN), True),
        (pd.Timestamp("2026-03-31 23:00", tz="Europe/Berlin"), False),
        (datetime(2026, 3, 31, 12, tzinfo=BERLIN), False),
        ("2026-03-31T23:00+02:00", False),
        # the end of March in Berlin is 22:00 UTC
        (datetime(2026, 3, 31, 22, 1, tzinfo=UTC), True),
        (datetime(2026, 3, 31, 21, 59, tzinfo=UTC), False),
        ("2026-03-31T22:01Z", True),
        ("2026-03-30", False),
    ],
    ids=repr,
)
def test_as_of_on_the_clock_of_the_place(as_of, march) -> None:
    frame = berlin(ledger(("a", "2026-02-05", None, 10)))
    assert list(story(frame, as_of=as_of)) == ["2026-02", *(["2026-03"] if march else [])]
    frame = berlin(snaps(("a", "2026-02-05", 10)))
    assert list(story(frame, source="snapshots", as_of=as_of)) == ["2026-02", *(["2026-03"] if march else [])]


def test_aware_and_naive_never_mix() -> None:
    naive, aware = (f(ledger(("a", "2026-01-05", "2026-02-05", 10))) for f in (lambda frame: frame, berlin))
    mixed = [
        (aware.assign(end=naive["end"]), {}),
        (naive.assign(end=aware["end"]), {}),
        (aware.assign(start=naive["start"].dt.strftime("%Y-%m-%d")), {}),
        *((aware, {"as_of": as_of}) for as_of in (datetime(2026, 3, 31), datetime(2026, 3, 31, 12))),
        *((aware, {"as_of": as_of}) for as_of in (pd.Timestamp("2026-03-31"), np.datetime64("2026-03-31T12:00"))),
        (naive, {"as_of": datetime(2026, 3, 31, tzinfo=UTC)}),
        (naive, {"as_of": pd.Timestamp("2026-03-31 12:00", tz="Europe/Berlin")}),
        (naive, {"as_of": "2026-03-31T12:00+02:00"}),
    ]
    for frame, options in mixed:
        for policy in ("raise", "report"):  # no single row is bad; the two columns do not fit each other
            with pytest.raises(csm.MetricInputError, match="zone"):
                builder("subscriptions")(frame, on_bad_rows=policy, **options)
        if options:
            snapshot = frame.rename(columns={"start": "date"}).drop(columns="end")
            with pytest.raises(csm.MetricInputError, match="zone"):
                builder("snapshots")(snapshot, **options)
    one_column = pd.Series([pd.Timestamp("2026-01-05"), pd.Timestamp("2026-01-05", tz="UTC")], dtype=object)
    frame = pd.DataFrame({"customer": [1, 2], "start": one_column, "end": None, "date": one_column, "mrr": 1})
    for source in ("subscriptions", "snapshots"):
        for rows in (frame, frame.iloc[::-1]):  # whichever row comes first
            for policy in ("raise", "report"):
                with pytest.raises(csm.MetricInputError, match="zone"):
                    builder(source)(rows, on_bad_rows=policy)


@pytest.mark.parametrize(
    "nothing", [[None, None], pd.Series([pd.NaT] * 2), pd.Series([np.nan] * 2)], ids=["None", "NaT", "NaN"]
)
def test_open_ends_have_no_zone(nothing) -> None:
    # a column of open ends says nothing about time zones, whatever its type
    for frame in (ledger(*[("a", "2026-01-05", None, 10)] * 2), berlin(ledger(*[("a", "2026-01-05", None, 10)] * 2))):
        assert story(frame.assign(end=nothing), as_of="2026-01-31") == {"2026-01": came(20)}


# ------------------------------------------------------------------------------------------------------------- bad rows

GOOD = [
    ("a", "2026-01-05", "2026-02-10", 10.5),
    ("b", "2026-01-06", None, 20.25),
    ("c", "2026-02-07", None, 5.0),
]
FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "customer None": ("customer", {"customer": None}),
    "customer NaN": ("customer", {"customer": np.nan}),
    "start missing": ("start", {"start": None}),
    "start no date": ("start", {"start": "soon"}),
    "start an impossible date": ("start", {"start": "2026-02-30"}),
    "end no date": ("end", {"end": "never"}),
    "end before start": ("end", {"start": "2026-02-03", "end": "2026-02-02T23:59:59"}),
    "mrr missing": ("mrr", {"mrr": np.nan}),
    "mrr infinite": ("mrr", {"mrr": np.inf}),
    "mrr minus infinity": ("mrr", {"mrr": -np.inf}),
}


def with_faults(source: str, faults: list[dict[str, Any]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a frame of good rows, and the same frame with a bad row before each good one; dates are ISO text."""
    names = ["customer", "start", "end", "mrr"]
    good = pd.DataFrame(GOOD, columns=names, index=["good 1", "good 2", "good 3"])
    bad = pd.DataFrame(
        [{**dict(zip(names, ("x", "2026-01-01", None, 7.0), strict=True)), **fault} for fault in faults],
        index=[f"bad {i}" for i in range(len(faults))],
        columns=names,
    )
    order = [label for pair in zip([*bad.index], [*good.index] * 9, strict=False) for label in pair]
    frame = pd.concat([good.astype(object), bad.astype(object)])
    frame = frame.loc[[*dict.fromkeys([*order, *frame.index])]].astype({"mrr": "float64"})
    frame["note"] = range(len(frame))
    if source == "snapshots":
        good, frame = (f.rename(columns={"start": "date"}).drop(columns="end") for f in (good, frame))
    return good, frame


FAULTY = [
    pytest.param(
        source, "date" if source == "snapshots" and column == "start" else column, fault, id=f"{source}-{name}"
    )
    for source in ("subscriptions", "snapshots")
    for name, (column, fault) in FAULTS.items()
    if source == "subscriptions" or column != "end"
]


@pytest.mark.parametrize(("source", "column", "fault"), FAULTY)
def test_bad_rows_are_refused_with_their_labels(source, column, fault) -> None:
    _, frame = with_faults(source, [fault, fault])
    for options in ({}, {"on_bad_rows": "raise"}):
        with pytest.raises(csm.MetricInputError) as caught:
            builder(source)(frame, as_of="2026-02-28", **options)
        text = str(caught.value)
        assert re.search(r"\b2 of 5\b", text), text
        assert "bad 0" in text
        assert "good" not in text
        assert column in text
        assert caught.value.metric == f"movements_from_{source}"


@pytest.mark.parametrize(("source", "column", "fault"), FAULTY)
def test_bad_rows_are_left_out_and_reported(source, column, fault) -> None:
    good, frame = with_faults(source, [fault])
    before = frame.copy(deep=True)
    got = builder(source)(frame, on_bad_rows="report", as_of="2026-02-28")
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(got, builder(source)(good, as_of="2026-02-28"))
    excluded = got.attrs["excluded"].frame
    pd.testing.assert_frame_equal(excluded.drop(columns="reason"), frame.loc[["bad 0"]])
    [reason] = excluded["reason"]
    assert isinstance(reason, str)
    assert column in reason


@builders
def test_bad_rows_of_all_kinds_at_once(source) -> None:
    faults = [fault for _, (column, fault) in FAULTS.items() if source == "subscriptions" or column != "end"]
    everything = {"customer": None, "start": "soon", "end": "never", "mrr": np.inf}  # one bad row with many faults
    good, frame = with_faults(source, [*faults, everything])
    got = builder(source)(frame, on_bad_rows="report", as_of="2026-02-28")
    pd.testing.assert_frame_equal(got, builder(source)(good, as_of="2026-02-28"))
    excluded = got.attrs["excluded"].frame
    labels = [label for label in frame.index if label.startswith("bad")]
    pd.testing.assert_frame_equal(excluded.drop(columns="reason"), frame.loc[labels])
    assert excluded["reason"].nunique() > 3
    with pytest.raises(csm.MetricInputError) as caught:
        builder(source)(frame)
    text = str(caught.value)  # the message names one fault with its rows, and says that there are others
    assert re.search(rf"\b3 of {len(frame)} rows\b.*'bad 0', 'bad 1', '{labels[-1]}'", text), text
    assert all(f"`{column}`" in text for column in frame.columns.drop("note"))
    # also if labels are not unique
    frame.index = [0] * len(frame)
    again = builder(source)(frame, on_bad_rows="report", as_of="2026-02-28")
    pd.testing.assert_frame_equal(again, got)
    assert again.attrs["excluded"].frame["note"].tolist() == excluded["note"].tolist()


@builders
def test_nothing_bad_nothing_excluded(source) -> None:
    good, _ = with_faults(source, [])
    got = builder(source)(good, on_bad_rows="report")
    excluded = got.attrs["excluded"].frame
    assert len(excluded) == 0
    assert list(excluded.columns) == [*good.columns, "reason"]
    pd.testing.assert_frame_equal(got, builder(source)(good))


@builders
def test_nothing_but_bad_rows(source) -> None:
    _, frame = with_faults(source, [{"customer": None}, {"mrr": np.inf}])
    bad = frame.loc[["bad 0", "bad 1"]]
    got = builder(source)(bad, on_bad_rows="report", by="note")
    assert list(got.columns) == list(COLUMNS)
    assert list(got.index.names) == ["period", "note"]
    assert len(got) == 0
    assert len(got.attrs["excluded"].frame) == 2


def test_a_bad_row_is_no_part_of_the_data() -> None:
    # only good rows set the latest instant, so a mistyped year does not add centuries
    frame = ledger(
        ("a", "2026-01-05", None, 10), ("b", "2026-01-31", None, 10), ("c", "2926-01-05", None, np.inf), unit="s"
    )
    got = builder("subscriptions")(frame, on_bad_rows="report")
    assert got.index.astype(str).tolist() == ["2026-01"]
    frame = ledger(
        ("a", "2026-01-05", None, 10), ("b", "2026-01-31", None, 10), (None, "1026-01-05", None, 1), unit="s"
    )
    assert builder("subscriptions")(frame, on_bad_rows="report").index.astype(str).tolist() == ["2026-01"]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "int64[pyarrow]", "double[pyarrow]"])
def test_missing_amounts_of_any_type_are_bad(dtype) -> None:
    frame = ledger(("a", "2026-01-05", None, 10), ("b", "2026-01-05", None, 5))
    frame["mrr"] = pd.Series([10, pd.NA], dtype=dtype)
    with pytest.raises(csm.MetricInputError, match="1 of 2"):
        builder("subscriptions")(frame)
    got = builder("subscriptions")(frame, on_bad_rows="report", as_of="2026-01-31")
    assert got["end_mrr"].tolist() == [10]
    assert_well_formed(got, "M", amounts="int64" if "nt" in dtype else "float64")


@pytest.mark.parametrize(
    "mrr",
    [
        pd.Series([True, False]),
        pd.Series([True, False], dtype="boolean"),
        pd.Series(["10", "20"]),
        pd.Series(["ten", "20"], dtype=object),
        pd.Series(["10", "20"], dtype="category"),
        pd.Series(pd.to_datetime(["2026-01-01"] * 2)),
        pd.Series([1 + 0j, 2]),
    ],
    ids=lambda mrr: f"{mrr.dtype}",
)
@builders
def test_amounts_are_numbers(source, mrr) -> None:
    frame = ledger(("a", "2026-01-05", None, 10), ("b", "2026-01-05", None, 5)).assign(mrr=mrr)
    frame["date"] = frame["start"]
    with pytest.raises(csm.MetricInputError, match="mrr") as caught:
        builder(source)(frame)
    assert "must be numbers" in str(caught.value)


@pytest.mark.parametrize("times", [[20260105, 20260106], [1.5, 2.5], [True, False]], ids=str)
@builders
def test_numbers_are_no_dates(source, times) -> None:
    # pandas would read it as 20260105 nanoseconds after 1970
    frame = ledger(("a", "2026-01-05", None, 10), ("b", "2026-01-05", None, 5)).assign(start=times, date=times)
    with pytest.raises(csm.MetricInputError, match="start" if source == "subscriptions" else "date"):
        builder(source)(frame)


# ------------------------------------------------------------------------------------------------- what was asked for


@pytest.mark.parametrize("name", ["customer", "start", "end", "mrr"])
def test_columns_that_are_not_there(name) -> None:
    frame = ledger(("a", "2026-01-05", None, 10)).assign(date="2026-01-05").rename(columns={name: f"{name}_"})
    with pytest.raises(csm.MissingColumnError, match=f"'{name}'") as caught:
        builder("subscriptions")(frame)
    assert f"'{name}_'" in str(caught.value)
    assert caught.value.metric == "movements_from_subscriptions"
    if name != "end":
        other = "date" if name == "start" else name
        with pytest.raises(csm.MissingColumnError, match=f"'{other}'"):
            builder("snapshots")(frame.drop(columns="date") if other == "date" else frame)


@builders
@pytest.mark.parametrize("by", ["plan", ["region", "plan"]], ids=str)
def test_keys_that_are_not_there(source, by) -> None:
    frame = frame_of(source, []).drop(columns="plan")
    with pytest.raises(csm.MissingColumnError, match="'plan'"):
        builder(source)(frame, by=by)


@builders
@pytest.mark.parametrize("freq", FREQSTR)
@pytest.mark.parametrize("by", [None, "plan", ["plan", "region"]], ids=str)
def test_no_rows(source, freq, by) -> None:
    typed = frame_of(source, [])
    for frame in (typed, pd.DataFrame(columns=typed.columns)):
        for options in ({}, {"as_of": "2026-03-31", "span": 12}):
            got = builder(source)(frame, freq=freq, by=by, **options)
            assert len(got) == 0
            assert list(got.columns) == list(COLUMNS)
            assert list(got.index.names) == ["period", *([by] if isinstance(by, str) else by or [])]
            assert got.index.get_level_values("period").freqstr == FREQSTR[freq]
    assert_well_formed(builder(source)(typed, freq=freq, by=by), freq, [by] if isinstance(by, str) else by)


BAD_OPTIONS: list[tuple[str, Any]] = [
    *(("freq", freq) for freq in ("fortnight", "", "2M", "B", "min", None, 3, "MS")),
    *(("span", span) for span in (0, -1, 1.5, True, "12", None)),
    *(("on_bad_rows", policy) for policy in ("ignore", "", None, True, "Report")),
    *(("as_of", as_of) for as_of in ("soon", "2026-13-01", 20260331, pd.NaT, ["2026-03-31"], True)),
]


@builders
@pytest.mark.parametrize(("option", "value"), BAD_OPTIONS, ids=repr)
def test_options_that_mean_nothing(source, option, value) -> None:
    frame = ledger(("a", "2026-01-05", None, 10))
    frame["date"] = frame["start"]
    for rows in (frame, frame.iloc[:0]):  # also for an empty frame
        with pytest.raises(csm.MetricInputError, match=option) as caught:
            builder(source)(rows, **{option: value})
        assert caught.value.metric == f"movements_from_{source}"
        assert repr(value) in str(caught.value) or type(value).__name__ in str(caught.value)


@builders
def test_options_are_named(source) -> None:
    with pytest.raises(TypeError):
        builder(source)(frame_of(source, []), "customer")


def test_a_frame_is_needed() -> None:
    for nothing in ([], {}, None, "ledger.csv", pd.Series([1])):
        with pytest.raises(csm.MetricInputError):
            builder("subscriptions")(nothing)


# ---------------------------------------------------------------------------------------------- on to the formulas


@pytest.fixture
def year() -> pd.DataFrame:
    frame = ledger(
        *((f"old {i}", "2025-12-10", None, 100) for i in range(6)),
        ("leaves", "2025-12-10", "2026-01-20", 100),
        ("grows", "2025-12-10", "2026-01-20", 100),
        ("grows", "2026-01-20", None, 150),
        ("shrinks", "2025-12-10", "2026-02-20", 100),
        ("shrinks", "2026-02-20", None, 40),
        ("back", "2025-12-10", "2026-01-20", 100),
        ("back", "2026-02-20", None, 70),
        ("comes", "2026-01-20", None, 80),
    )
    return frame.assign(plan=frame["customer"].str.startswith("old").map({True: "basic", False: "pro"}))


def test_the_formulas_on_the_result(year) -> None:
    got = builder("subscriptions")(year, as_of="2026-02-28")
    # January: of 10 customers with 1000, two with 200 left and one grew by 50; February: of 9 with 930, one fell by 60
    assert got.csm.churn_rate().tolist()[1:] == [20.0, 0.0]
    assert np.isnan(got.csm.churn_rate().iloc[0])  # no customers when December opened
    assert got.csm.nrr().tolist()[1:] == pytest.approx([85.0, 100 * 870 / 930], rel=1e-12)  # without reactivations
    assert got.csm.grr().tolist()[1:] == pytest.approx([80.0, 100 * 870 / 930], rel=1e-12)
    assert got.csm.nrr(reactivation_mrr="reactivation_mrr").tolist()[1:] == pytest.approx([85.0, 100 * 940 / 930])
    assert got.csm.quick_ratio().tolist()[1:] == pytest.approx([130 / 200, 70 / 60], rel=1e-12)
    assert got.csm.arpa(mrr="end_mrr", customers="end").tolist() == pytest.approx([100.0, 930 / 9, 940 / 10])
    assert got.csm.retention_rate().tolist()[1:] == [80.0, 100.0]
    assert got.csm.nrr().index.equals(got.index)


def test_the_formulas_by_period_and_group(year) -> None:
    whole = builder("subscriptions")(year, as_of="2026-02-28")
    for policy in ("raise", "report"):  # the reported rows in attrs must not get in the way
        fine = builder("subscriptions")(year, as_of="2026-02-28", by="plan", on_bad_rows=policy)
        for metric in ("churn_rate", "nrr", "grr", "quick_ratio"):
            got = getattr(fine.csm.by("period"), metric)()
            pd.testing.assert_series_equal(got, getattr(whole.csm, metric)(), check_index=False)
            assert got.index.tolist() == whole.index.tolist()
        assert fine.csm.by("period", "plan").churn_rate().tolist()[2:] == [0.0, 50.0, 0.0, 0.0]
        metrics = fine.csm.by("period").metrics()
        assert {"churn_rate", "nrr", "grr", "quick_ratio", "net_new_mrr"} <= set(metrics.columns)
        # an opening is a stock: it is not added over several periods
        with pytest.raises(csm.MetricInputError, match="start"):
            fine.csm.by("plan").churn_rate()


def test_a_year_in_one_rate(year) -> None:
    # two months in one comparison: of December's 10 customers, one has left and one came back at a lower amount
    got = builder("subscriptions")(year, as_of="2026-02-28", span=2).iloc[[-1]]
    assert got.csm.nrr().tolist() == [100 * (600 + 150 + 40 + 70) / 1000]
    assert got.csm.grr().tolist() == [100 * (600 + 100 + 40 + 70) / 1000]
    assert got.csm.churn_rate().tolist() == [10.0]
    assert got.csm.total().churn_rate() == 10.0
