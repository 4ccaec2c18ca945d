"""Dates in, days out: `ttv`, `onboarding_time` and `median_ttv`, for any type of date."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm
from csmetrics.core._dates import in_days, in_hours

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
BOTH = pytest.mark.parametrize("days", [csm.ttv, csm.onboarding_time], ids=lambda f: f.__name__)

STARTED = [datetime(2026, 1, 1, 9), datetime(2026, 2, 27, 23, 59, 59), datetime(2024, 2, 28), datetime(2026, 3, 1)]
REACHED = [datetime(2026, 1, 15, 21), datetime(2026, 3, 1), datetime(2024, 3, 1), datetime(2026, 3, 1)]
DAYS = [14.5, 1 + 1 / 86400, 2.0, 0.0]


def plain_days(start: Any, end: Any) -> float:
    """Restate the definition with Python's own timedelta."""
    if start is None or end is None:
        return math.nan
    return (end - start) / timedelta(days=1)


# -------------------------------------------------------------------------------------------------------------- scalars


@BOTH
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2026, 1, 1), date(2026, 1, 15), 14.0),  # kebs counts 15, including both ends; the elapsed time is 14
        (date(2024, 2, 28), date(2024, 3, 1), 2.0),
        (date(2026, 2, 28), date(2026, 3, 1), 1.0),
        (datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 9, 18), 18 / 1440),  # pmtoolkit: 18 minutes
        (date(2026, 3, 1), datetime(2026, 3, 1, 12), 0.5),
        (datetime(2026, 3, 1, 18), date(2026, 3, 2), 0.25),
        (date(2026, 3, 1), date(2026, 3, 1), 0.0),
        (pd.Timestamp("2026-03-01"), pd.Timestamp("2026-03-01 00:00:00.000000001"), 1e-9 / 86400),
        (np.datetime64("2026-03-01"), np.datetime64("2026-03-02T06"), 1.25),
        (np.datetime64("2026-03"), date(2026, 3, 31), 30.0),
        (np.datetime64("2026", "Y"), np.datetime64("2027", "Y"), 365.0),
        (date(1700, 1, 1), date(3000, 1, 1), 474_815.0),
        (date(1, 1, 1), date(9999, 12, 31), 3_652_058.0),
        (datetime(1969, 12, 31, 23), datetime(1970, 1, 1, 1), 2 / 24),
        (datetime(2026, 3, 1, 23, tzinfo=UTC), datetime(2026, 3, 2, 1, tzinfo=BERLIN), 1 / 24),
        (
            datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))),
            datetime(2026, 3, 1, tzinfo=UTC),
            5.75 / 24,
        ),
        (pd.Timestamp("2026-03-01", tz="Asia/Tokyo"), datetime(2026, 3, 1, tzinfo=NEW_YORK), 14 / 24),
    ],
)
def test_two_dates_give_a_float(days, start, end, expected) -> None:
    got = days(start, end)
    assert type(got) is float
    assert got == pytest.approx(expected, rel=1e-15)


@BOTH
@pytest.mark.parametrize("missing", [None, pd.NaT, pd.NA, math.nan, np.datetime64("NaT"), np.float64("nan")], ids=repr)
def test_missing_in_missing_out(days, missing) -> None:
    for start, end in ((date(2026, 1, 1), missing), (missing, date(2026, 1, 1)), (missing, missing)):
        got = days(start, end)
        assert type(got) is float
        assert math.isnan(got)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        # the clocks of Berlin went forward at 2:00 on 29 March 2026 and back at 3:00 on 25 October 2026
        ("2026-03-28 12:00", "2026-03-29 12:00", 23),
        ("2026-03-29 00:00", "2026-03-30 00:00", 23),
        ("2026-03-29 01:59", "2026-03-29 03:00", 1 / 60),
        ("2026-10-25 00:00", "2026-10-26 00:00", 25),
        ("2026-03-30 00:00", "2026-03-31 00:00", 24),
    ],
)
def test_a_day_is_24_elapsed_hours_also_when_the_clocks_change(start, end, hours) -> None:
    first, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
    aware = first.replace(tzinfo=BERLIN), last.replace(tzinfo=BERLIN)
    assert csm.ttv(*aware) == pytest.approx(hours / 24, rel=1e-15)
    stamps = [pd.Timestamp(d, tz="Europe/Berlin") for d in (start, end)]
    assert csm.ttv(*stamps) == csm.ttv(*aware)
    columns = [pd.Series([s]) for s in stamps]
    assert csm.ttv(*columns).tolist() == [csm.ttv(*aware)]
    assert csm.ttv(first, last) == plain_days(first, last)  # naive: the time shown by the clocks


def test_the_same_clock_twice_in_the_autumn() -> None:
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    assert csm.ttv(twice, twice.replace(fold=1)) == 1 / 24


# ----------------------------------------------------------------------------------------------------------- containers

COLUMNS: dict[str, Callable[[list[Any]], Any]] = {
    "list of datetimes": list,
    "tuple": tuple,
    "list of Timestamps": lambda v: [pd.Timestamp(d) for d in v],
    "list of datetime64": lambda v: [np.datetime64(d) for d in v],
    "object array": lambda v: np.array(v, dtype=object),
    "array s": lambda v: np.array(v, dtype="M8[s]"),
    "array ms": lambda v: np.array(v, dtype="M8[ms]"),
    "array us": lambda v: np.array(v, dtype="M8[us]"),
    "array ns": lambda v: np.array(v, dtype="M8[us]").astype("M8[ns]"),
    "big-endian": lambda v: np.array(v, dtype="M8[us]").astype(">M8[us]"),
    "strided": lambda v: np.repeat(np.array(v, dtype="M8[us]"), 2)[::2],
    "DatetimeIndex": pd.DatetimeIndex,
    "extension array": lambda v: pd.array(pd.DatetimeIndex(v)),
}

SERIES: dict[str, Callable[[list[Any]], Any]] = {
    "Series s": lambda v: pd.Series(np.array(v, dtype="M8[s]")),
    "Series ms": lambda v: pd.Series(np.array(v, dtype="M8[ms]")),
    "Series us": lambda v: pd.Series(np.array(v, dtype="M8[us]")),
    "Series ns": lambda v: pd.Series(np.array(v, dtype="M8[us]").astype("M8[ns]")),
    "Series of objects": lambda v: pd.Series(v, dtype=object),
    "arrow s": lambda v: pd.Series(v).astype("timestamp[s][pyarrow]"),
    "arrow ms": lambda v: pd.Series(v).astype("timestamp[ms][pyarrow]"),
    "arrow us": lambda v: pd.Series(v).astype("timestamp[us][pyarrow]"),
    "arrow ns": lambda v: pd.Series(v).astype("timestamp[ns][pyarrow]"),
    "category": lambda v: pd.Series(v).astype("category"),
}


@BOTH
@pytest.mark.parametrize("end_in", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("start_in", COLUMNS.values(), ids=COLUMNS)
def test_lists_and_arrays_give_arrays(days, start_in, end_in) -> None:
    got = days(start_in(STARTED), end_in(REACHED))
    assert type(got) is np.ndarray
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, DAYS, rtol=1e-15)


@pytest.mark.parametrize("end_in", [*SERIES.values(), COLUMNS["list of datetimes"], COLUMNS["array s"]])
@pytest.mark.parametrize("start_in", SERIES.values(), ids=SERIES)
def test_series_give_series(start_in, end_in) -> None:
    index = pd.Index(["a", "b", "c", "d"], name="customer")
    start, end = start_in(STARTED), end_in(REACHED)
    start.index = index
    if isinstance(end, pd.Series):
        end.index = index
    for got in (csm.ttv(start, end), csm.onboarding_time(start, end)):
        pd.testing.assert_series_equal(got, pd.Series(DAYS, index=index), rtol=1e-15)


@pytest.mark.parametrize("dtype", ["date32[pyarrow]", "date64[pyarrow]", object])
@pytest.mark.parametrize("missing", [None, pd.NA], ids=repr)
def test_columns_of_plain_dates(dtype, missing) -> None:
    start = pd.Series([date(2026, 1, 1), date(2026, 1, 2), missing], dtype=dtype)
    end = pd.Series([datetime(2026, 1, 3, 12), pd.NaT, datetime(2026, 1, 3)])
    assert csm.ttv(start, end).tolist() == pytest.approx([2.5, math.nan, math.nan], nan_ok=True)
    assert csm.ttv(start, start).tolist() == pytest.approx([0, 0, math.nan], nan_ok=True)
    got = csm.ttv([date(2026, 1, 1), None], [date(2026, 1, 4), date(2026, 1, 4)])
    assert got.tolist() == pytest.approx([3.0, math.nan], nan_ok=True)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("arrow", [False, True], ids=["pandas", "arrow"])
def test_aware_columns_of_every_unit_are_compared_in_utc(unit, arrow) -> None:
    start = pd.Series(pd.to_datetime(["2026-03-29", None])).dt.tz_localize("Europe/Berlin").dt.as_unit(unit)
    end = pd.Series(pd.to_datetime(["2026-03-29", "2026-04-01"])).dt.tz_localize("America/New_York")
    if arrow:
        start = start.astype(f"timestamp[{unit}, tz=Europe/Berlin][pyarrow]")
    expected = [5 / 24, math.nan]  # New York was 4 hours behind UTC, Berlin 1 hour ahead until 2:00
    assert csm.ttv(start, end).tolist() == pytest.approx(expected, rel=1e-15, nan_ok=True)
    mixed = [datetime(2026, 3, 29, tzinfo=NEW_YORK), datetime(2026, 4, 1, tzinfo=UTC)]
    assert csm.ttv(start, mixed).tolist() == pytest.approx(expected, rel=1e-15, nan_ok=True)


def test_zones_may_differ_from_row_to_row() -> None:
    start = [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=BERLIN), None]
    end = pd.Timestamp("2026-01-02", tz="Asia/Tokyo")
    assert csm.ttv(start, end).tolist() == pytest.approx([15 / 24, 16 / 24, math.nan], nan_ok=True)


@pytest.mark.parametrize("dtype", ["M8[D]", "M8[ns]", object])
def test_masked_arrays(dtype) -> None:
    dates = np.array(["2026-01-01", "2026-01-01"], dtype="M8[D]").astype(dtype)
    start = np.ma.masked_array(dates, mask=[False, True])
    assert csm.ttv(start, date(2026, 1, 2)).tolist() == pytest.approx([1, math.nan], nan_ok=True)


def test_dates_and_datetimes_in_one_column() -> None:
    starts = [date(2026, 1, 1), datetime(2026, 1, 1, 12), date(1960, 1, 1)]
    assert csm.ttv(starts, datetime(2026, 1, 2)).tolist() == [1.0, 0.5, 24108.0]


@BOTH
def test_missing_rows_of_every_column(days) -> None:
    start = [*STARTED, None, datetime(2026, 1, 1)]
    end = [*REACHED, datetime(2026, 1, 1), None]
    expected = [*DAYS, math.nan, math.nan]
    for make in (list, pd.Series, pd.DatetimeIndex, lambda v: pd.Series(v).astype("timestamp[us][pyarrow]")):
        np.testing.assert_allclose(np.asarray(days(make(start), make(end))), expected, rtol=1e-15)


@BOTH
@pytest.mark.parametrize("make", [list, lambda v: np.array(v, dtype="M8[ns]"), lambda v: pd.Series(v, dtype="M8[ns]")])
def test_empty_columns(days, make) -> None:
    got = days(make([]), make([]))
    assert len(got) == 0
    assert isinstance(got, pd.Series if isinstance(make([]), pd.Series) else np.ndarray)
    assert got.dtype == np.float64


def test_broadcasting() -> None:
    start, ends = date(2026, 1, 1), [date(2026, 1, 2), date(2026, 1, 4), None]
    assert csm.ttv(start, ends).tolist() == pytest.approx([1, 3, math.nan], nan_ok=True)
    assert csm.ttv(ends[:2], date(2026, 1, 5)).tolist() == [3, 1]
    series = pd.Series(pd.to_datetime(ends), index=[7, 8, 9])
    got = csm.ttv(start, series)
    assert got.index.tolist() == [7, 8, 9]
    assert got.tolist() == pytest.approx([1, 3, math.nan], nan_ok=True)
    starts = np.array([["2026-01-01"], ["2026-01-02"]], dtype="M8[D]")
    ends = np.array(["2026-01-03", "2026-01-04", "2026-01-05"], dtype="M8[D]")
    assert csm.ttv(starts, ends).tolist() == [[2, 3, 4], [1, 2, 3]]


@BOTH
def test_lengths_that_do_not_go_together_are_refused(days) -> None:
    for start, end in (
        (STARTED, REACHED[:3]),
        (pd.Series(STARTED), REACHED[:3]),
        (pd.Series(STARTED[:1]), REACHED),
        (pd.Series(STARTED), np.array([REACHED] * 4, dtype="M8[us]")),
    ):
        with pytest.raises(csm.MetricInputError, match="must have shapes that go together") as caught:
            days(start, end)
        assert caught.value.metric == days.__name__


@BOTH
def test_two_series_must_share_their_index(days) -> None:
    start = pd.Series(STARTED, index=list("abcd"))
    for end in (
        pd.Series(REACHED),
        pd.Series(REACHED, index=list("abdc")),
        pd.Series(REACHED[:3], index=list("abc")),
    ):
        with pytest.raises(csm.MetricInputError, match="must have the index of the other Series") as caught:
            days(start, end)
        assert (caught.value.metric, caught.value.argument) == (
            days.__name__,
            list(csm.catalog[days.__name__].inputs)[1],
        )


def test_nothing_is_changed() -> None:
    start, end = pd.Series(STARTED), pd.Series(REACHED).dt.tz_localize("UTC")
    before = start.copy(), end.copy()
    csm.ttv(start, start)
    csm.ttv(end, end)
    csm.median_ttv(start, start, as_of="2026-12-31")
    pd.testing.assert_series_equal(start, before[0])
    pd.testing.assert_series_equal(end, before[1])


# -------------------------------------------------------------------------------------------------------------- refused


@BOTH
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2)),
        (date(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC)),
        (np.datetime64("2026-01-01"), pd.Timestamp("2026-01-02", tz="UTC")),
        (pd.Series(STARTED), pd.Series(REACHED).dt.tz_localize("UTC")),
        (pd.Series(STARTED).dt.tz_localize("UTC"), REACHED),
        (pd.Series(STARTED).astype("timestamp[us][pyarrow]"), pd.Series(REACHED).astype("timestamp[us, UTC][pyarrow]")),
        ([None, datetime(2026, 1, 1)], [datetime(2026, 1, 2, tzinfo=UTC), None]),
        ([datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)], [None, None]),
    ],
)
def test_naive_and_aware_never_mix(days, start, end) -> None:
    with pytest.raises(csm.MetricInputError, match="must all have a time zone, or none") as caught:
        days(start, end)
    assert caught.value.metric == days.__name__


def test_what_is_said_of_no_date() -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        csm.ttv("x" * 50, date(2026, 1, 1))
    assert caught.value.found == f"got the text {'x' * 40!r}"  # cut off there
    halves = [np.array([["2026-01-01"] * n] * 2, dtype="M8[D]") for n in (2, 3)]
    with pytest.raises(csm.MetricInputError, match="must be a list of dates; got lists of different lengths"):
        csm.ttv(halves, date(2026, 1, 1))
    for as_of, found in ((20260101, "got 20260101"), ("soon", "got 'soon'"), ([date(2026, 1, 1)], "got a list")):
        with pytest.raises(csm.MetricInputError) as caught:
            csm.median_ttv([date(2026, 1, 1)], [None], as_of=as_of)
        assert caught.value.found == found


def test_which_one_has_no_zone_is_said() -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        csm.ttv(datetime(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC))
    assert caught.value.found == "got started_at without one, value_at with one"
    with pytest.raises(csm.MetricInputError, match="position 1 has one and position 0 has none"):
        csm.ttv([datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)], datetime(2026, 2, 1))


def test_a_missing_column_mixes_with_both() -> None:
    for other in (datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)):
        assert math.isnan(csm.ttv(None, other))
        assert np.isnan(csm.ttv(pd.Series([pd.NaT, pd.NaT]), other)).all()
        aware_and_missing = pd.Series([pd.NaT], dtype="datetime64[ns, UTC]")
        assert np.isnan(csm.ttv(aware_and_missing, other)).all()


@BOTH
@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("2026-01-01", "the text '2026-01-01'"),
        ("", "the text ''"),
        (5, "the number 5"),
        (1767225600.0, "the number"),
        (np.int64(20454), "the number 20454"),
        (True, "the number True"),
        (timedelta(days=3), "a timedelta"),
        (np.timedelta64(3, "D"), "3 days"),
        (pd.Period("2026-01"), "a Period"),
        (1j, "a complex"),
        (object(), "a object"),
        (pd.DataFrame({"a": [1]}), "a DataFrame"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_is_no_date_is_refused(days, value, what) -> None:
    first, second = csm.catalog[days.__name__].inputs
    for arguments, name in (((value, date(2026, 1, 1)), first), ((date(2026, 1, 1), value), second)):
        with pytest.raises(csm.MetricInputError, match="must be a date") as caught:
            days(*arguments)
        assert (caught.value.metric, caught.value.argument) == (days.__name__, name)
        assert what in caught.value.found


@BOTH
@pytest.mark.parametrize(
    "column",
    [
        [date(2026, 1, 1), "2026-01-02", None, "soon"],
        pd.Series([date(2026, 1, 1), 20454, pd.NaT, True], dtype=object),
        pd.Series([pd.Timestamp("2026-01-01"), "2026-01-02", None, 1.5], dtype=object),
    ],
)
def test_bad_dates_of_a_column_are_counted(days, column) -> None:
    with pytest.raises(
        csm.MetricInputError, match="must be dates; 2 of 4 values are not, first at position 1"
    ) as caught:
        days(column, datetime(2027, 1, 1))
    assert caught.value.hint


@pytest.mark.parametrize(
    "column",
    [
        [1, 2],
        np.array([1, 2]),
        pd.Series([1.5, 2.5]),
        pd.Series([1, None], dtype="Int64"),
        pd.Series(["2026-01-01", "2026-01-02"]),
        pd.Series(["2026-01-01", "2026-01-02"], dtype="string"),
        np.array(["2026-01-01", "2026-01-02"]),
        np.array([1, 2], dtype="m8[D]"),
        pd.Series(pd.period_range("2026-01", periods=2, freq="M")),
        [[date(2026, 1, 1)], [date(2026, 1, 1), date(2026, 1, 2)]],
    ],
)
def test_columns_of_other_things_are_refused(column) -> None:
    with pytest.raises(csm.MetricInputError, match="must be") as caught:
        csm.ttv(column, date(2027, 1, 1))
    assert (caught.value.metric, caught.value.argument) == ("ttv", "started_at")


@BOTH
def test_an_end_before_its_start_is_an_error(days) -> None:
    first, second = csm.catalog[days.__name__].inputs
    with pytest.raises(csm.MetricInputError) as caught:
        days(date(2026, 3, 15), date(2026, 3, 1))
    assert str(caught.value).startswith(
        f"{days.__name__}: `{first}` must be <= `{second}`; got 2026-03-15 > 2026-03-01. Hint: "
    )
    starts = [datetime(2026, 1, 1), datetime(2026, 1, 2, 0, 0, 1), None, datetime(2026, 5, 1)]
    ends = [datetime(2026, 1, 1), datetime(2026, 1, 2), None, datetime(2026, 4, 1)]
    for make in (list, pd.Series):
        with pytest.raises(csm.MetricInputError) as caught:
            days(make(starts), make(ends))
        assert caught.value.found == ("2 of 4 values break it, first at position 1 (2026-01-02T00:00:01 > 2026-01-02)")
    with pytest.raises(csm.MetricInputError, match="must be <="):
        days(pd.Timestamp("2026-01-01 00:00:00.000000001"), pd.Timestamp("2026-01-01"))
    with pytest.raises(csm.MetricInputError, match=r"2026-01-01T06:00:00\+00:00 > 2026-01-01T05:00:00\+00:00"):
        days(datetime(2026, 1, 1, 6, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=NEW_YORK))


# ------------------------------------------------------------------------------------------- far years and many values


@pytest.mark.parametrize("unit", ["D", "s", "ms", "us"])
def test_years_that_nanoseconds_cannot_hold(unit) -> None:
    start = np.array(["1700-01-01", "3000-02-28", "1677-09-21"], dtype=f"M8[{unit}]")
    end = np.array(["1700-01-02", "3000-03-01", "2262-04-12"], dtype=f"M8[{unit}]")
    expected = [1.0, 1.0, 213_504.0]  # 3000 is not a leap year
    assert csm.ttv(start, end).tolist() == expected
    assert csm.ttv(start.astype("M8[D]").astype(object).tolist(), end).tolist() == expected
    if unit != "D":
        assert csm.ttv(pd.Series(start), pd.Series(end)).tolist() == expected
        ns = np.array(["1970-01-01"] * 3, dtype="M8[ns]")
        assert csm.ttv(ns[:2], end[1]).tolist() == [376_259.0] * 2


def test_units_finer_than_nanoseconds() -> None:
    for unit in ("ps", "fs"):
        start, end = np.array(["1970-01-01T00:00:00", "1970-01-01T02:00:00"], dtype="M8[s]").astype(f"M8[{unit}]")
        assert csm.ttv(start, end) == 2 / 24
        assert csm.ttv(np.array([start]), np.array([end])).tolist() == [2 / 24]
        assert csm.ttv(np.array([start]), [datetime(1970, 1, 2)]).tolist() == [1.0]


def test_nanoseconds_of_a_timestamp() -> None:
    start, end = pd.Timestamp("2026-03-01"), pd.Timestamp("2026-03-01 00:00:00.000001008")
    assert csm.ttv(start, end) == csm.ttv(pd.Series([start]), pd.Series([end]))[0] == 1008 / 86_400_000_000_000


def test_the_ends_of_the_nanosecond_range() -> None:
    low, high = pd.Timestamp(-(2**63) + 10**10), pd.Timestamp.max
    exact = (high.value - low.value) / 86_400_000_000_000
    assert csm.ttv(low, high) == pytest.approx(exact, rel=1e-15)
    assert csm.ttv(pd.Series([low]), pd.Series([high])).tolist() == pytest.approx([exact], rel=1e-15)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"], ids=str)
def test_random_columns_equal_timedelta(zone) -> None:
    rng = np.random.default_rng(5)
    tz = zone and ZoneInfo(zone)
    base = datetime(2020, 1, 1, tzinfo=UTC) if zone else datetime(2020, 1, 1)
    starts = [base + timedelta(microseconds=int(u)) for u in rng.integers(0, 3 * 10**14, 400)]
    ends = [s + timedelta(microseconds=int(u)) for s, u in zip(starts, rng.integers(0, 10**13, 400), strict=True)]
    expected = [plain_days(s, e) for s, e in zip(starts, ends, strict=True)]
    if tz:
        starts, ends = [s.astimezone(tz) for s in starts], [e.astimezone(NEW_YORK) for e in ends]
    np.testing.assert_allclose(csm.ttv(starts, ends), expected, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(
        csm.ttv(pd.Series(pd.DatetimeIndex(starts)), pd.Series(pd.DatetimeIndex(ends))),
        expected,
        rtol=1e-14,
        atol=1e-15,
    )


def test_equal_times_are_equal_floats_in_every_unit() -> None:
    starts = np.array(["2026-01-01T00:00:00", "1971-05-05T13:00:00", "2199-12-31T23:59:59"], dtype="M8[s]")
    step = np.timedelta64(100_003, "s")
    got = {float(x) for unit in ("s", "ms", "us", "ns") for x in csm.ttv(starts.astype(f"M8[{unit}]"), starts + step)}
    assert got == {100_003 / 86_400}


def test_days_and_hours_of_what_engines_count() -> None:
    day = 86_400_000_000
    micros = np.array([0, 1, day // 2, day - 1, day, 13 * day // 4, 100_003_000_000])
    assert in_days(micros).tolist() == [0, 1 / day, 0.5, (day - 1) / day, 1, 3.25, 1 + 13_603 / 86_400]
    ends = np.datetime64("2026-01-01", "us") + micros.astype("m8[us]")
    assert in_days(micros).tolist() == csm.ttv(date(2026, 1, 1), ends).tolist()
    assert in_hours(np.array([0, 1800, 7200]), np.array([0, 0, 500_000_000])).tolist() == [0, 0.5, 7200.5 / 3600]


# ----------------------------------------------------------------------------------------------------------- median_ttv


def kaplan_meier(rows: list[tuple[Fraction, bool]]) -> float:
    """Return the first time at which no more than half are still waiting, in exact numbers."""
    waiting = Fraction(1)
    for time in sorted({days for days, there in rows if there}):
        known = sum(days >= time for days, _ in rows)
        reached = sum(days == time and there for days, there in rows)
        waiting *= 1 - Fraction(reached, known)
        if waiting <= Fraction(1, 2):
            return float(time)
    return math.nan


AS_OF = datetime(2026, 6, 30, 12)


@pytest.mark.parametrize("seed", range(60))
def test_the_median_is_kaplan_meiers(seed) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 30))
    step = timedelta(hours=int(rng.choice([1, 12, 24])))  # coarse steps make ties
    starts = [AS_OF - int(k) * step for k in rng.integers(0, 40, n)]
    values: list[datetime | None] = [
        None if rng.random() < 0.3 else s + int(k) * step for s, k in zip(starts, rng.integers(0, 40, n), strict=True)
    ]
    rows = []
    for start, value in zip(starts, values, strict=True):
        there = value is not None and value <= AS_OF
        until = value if value is not None and there else AS_OF
        rows.append((Fraction((until - start) // timedelta(seconds=1), 86_400), there))
    expected = pytest.approx(kaplan_meier(rows), rel=1e-12, nan_ok=True)
    assert csm.median_ttv(starts, values, AS_OF) == expected
    assert csm.median_ttv(pd.Series(starts), pd.Series(values, dtype="M8[us]"), as_of=AS_OF) == expected
    order = rng.permutation(n)
    assert csm.median_ttv([starts[i] for i in order], [values[i] for i in order], AS_OF) == expected


# Days, and whether the event was reached: Gehan's remission data, as in lifelines/datasets/anderson.csv (MIT). The
# medians are those of KaplanMeierFitter in lifelines 0.30.3 and of the literature: 23 with 6-MP, 8 with the placebo
GEHAN = {
    "6-MP": (
        [35, 34, 32, 32, 25, 23, 22, 20, 19, 17, 16, 13, 11, 10, 10, 9, 7, 6, 6, 6, 6],
        [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1],
        23.0,
    ),
    "placebo": ([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], [1] * 21, 8.0),
}


@pytest.mark.parametrize(("days", "reached", "median"), GEHAN.values(), ids=GEHAN)
@pytest.mark.parametrize("kind", ["list", "Series", "array", "aware"])
def test_gehan(days, reached, median, kind) -> None:
    end = datetime(2026, 6, 30, tzinfo=UTC) if kind == "aware" else datetime(2026, 6, 30)
    as_of = end + timedelta(hours=1)  # not a midnight; those still waiting are observed for one more hour
    start = [end - timedelta(days=d) for d in days]
    value = [s + timedelta(days=d) if r else None for s, d, r in zip(start, days, reached, strict=True)]
    if kind == "Series":
        start, value = pd.Series(start), pd.Series(value)
    elif kind == "array":
        start, value = np.array(start, dtype="M8[s]"), np.array(value, dtype="M8[s]")
    got = csm.median_ttv(start, value, as_of=as_of)
    assert type(got) is float
    assert got == median


def test_those_not_there_yet_leave_after_the_values_of_the_same_day() -> None:
    # one waits for all 5 days observed, another reaches value after 5 days: one of two, not one of one
    start = [datetime(2026, 1, 1, 12), datetime(2026, 1, 1, 12)]
    assert csm.median_ttv(start, [None, datetime(2026, 1, 6, 12)], as_of=datetime(2026, 1, 6, 12)) == 5.0
    assert math.isnan(
        csm.median_ttv([*start, start[0]], [None, None, datetime(2026, 1, 6, 12)], datetime(2026, 1, 6, 12))
    )


def test_exact_halves_are_half() -> None:
    # products such as 2/3 x 3/4 are exactly 1/2, whatever floats make of them
    for n in range(2, 200, 2):
        start = [date(2026, 1, 1)] * n
        value = [date(2026, 1, 2) + timedelta(days=i) if i < n // 2 else None for i in range(n)]
        assert csm.median_ttv(start, value, as_of="2027-01-01") == n / 2


@pytest.mark.parametrize("n", range(1, 8))
def test_where_everyone_is_there_it_is_the_lower_median(n) -> None:
    value = [date(2026, 1, 1) + timedelta(days=i) for i in range(n)]
    assert csm.median_ttv([date(2026, 1, 1)] * n, value, as_of=date(2026, 2, 1)) == (n - 1) // 2


def test_one_start_for_all() -> None:
    reached = [date(2026, 1, 3), date(2026, 1, 5), None]
    assert csm.median_ttv(date(2026, 1, 1), reached, as_of="2026-01-31") == 4.0
    assert math.isnan(csm.median_ttv([date(2026, 1, 1)] * 3, None, as_of="2026-01-31"))


def test_who_never_started_is_left_out() -> None:
    start = [date(2026, 1, 1), None, date(2026, 1, 1), None]
    assert csm.median_ttv(start, [date(2026, 1, 3), None, None, date(2026, 1, 2)], as_of="2026-01-31") == 2.0


@pytest.mark.parametrize(
    "as_of",
    [
        *("2026-01-10", "2026-01-10T00:00", "20260110", date(2026, 1, 10), datetime(2026, 1, 10)),
        *(pd.Timestamp("2026-01-10"), np.datetime64("2026-01-10"), np.datetime64("2026-01-10T00:00:00", "ns")),
    ],
    ids=repr,
)
def test_midnight_means_the_whole_day(as_of) -> None:
    start = [datetime(2026, 1, 1, 6)] * 2
    last, next_day = datetime(2026, 1, 10, 23, 59, 59, 999999), datetime(2026, 1, 11)
    assert csm.median_ttv(start, [last, None], as_of=as_of) == pytest.approx(plain_days(start[0], last), rel=1e-12)
    assert math.isnan(csm.median_ttv(start, [next_day, None], as_of=as_of))
    csm.median_ttv([datetime(2026, 1, 10, 23)], [None], as_of=as_of)
    with pytest.raises(csm.MetricInputError, match="`started_at` must be <= `as_of`"):
        csm.median_ttv([datetime(2026, 1, 11)], [None], as_of=as_of)


def test_another_instant_means_itself() -> None:
    start, value = [datetime(2026, 1, 1)] * 2, [datetime(2026, 1, 10, 12), None]
    assert csm.median_ttv(start, value, as_of=datetime(2026, 1, 10, 12)) == 9.5
    assert math.isnan(csm.median_ttv(start, value, as_of="2026-01-10 11:59:59"))
    assert math.isnan(csm.median_ttv(start, value, as_of="2026-01-10T11:59:59.999999"))


def test_what_comes_after_as_of_has_not_happened_yet() -> None:
    start = [date(2026, 1, 1)] * 3
    value = [date(2026, 1, 3), date(2026, 1, 20), date(2026, 1, 25)]
    assert csm.median_ttv(start, value, as_of="2026-01-31") == 19.0
    assert math.isnan(csm.median_ttv(start, value, as_of="2026-01-10"))
    hidden = csm.median_ttv(start, [value[0], None, None], as_of="2026-01-10")
    assert math.isnan(hidden)
    assert csm.median_ttv(start[:2], value[:2], as_of="2026-01-10") == 2.0


def test_as_of_and_the_clock_of_the_place() -> None:
    start = [datetime(2026, 3, 29, tzinfo=BERLIN)] * 2
    last = datetime(2026, 3, 29, 23, 59, 59, tzinfo=BERLIN)  # the day has 23 hours
    after = datetime(2026, 3, 30, 0, 0, 1, tzinfo=BERLIN)
    for as_of in (datetime(2026, 3, 29, tzinfo=BERLIN), pd.Timestamp("2026-03-29", tz="Europe/Berlin")):
        assert csm.median_ttv(start, [last, None], as_of=as_of) == pytest.approx((23 - 1 / 3600) / 24, rel=1e-12)
        assert math.isnan(csm.median_ttv(start, [after, None], as_of=as_of))
    assert csm.median_ttv(start, [last, None], as_of="2026-03-30T01:00+02:00") == pytest.approx((23 - 1 / 3600) / 24)


def test_as_of_ends_before_the_next_midnight_of_the_place() -> None:
    for zone, day in ((BERLIN, date(2026, 3, 29)), (ZoneInfo("America/Havana"), date(2026, 10, 31))):
        start, as_of = datetime(2026, 3, 1, tzinfo=zone), datetime(day.year, day.month, day.day, tzinfo=zone)
        midnight = as_of + timedelta(days=1)  # in Havana 0:00 on 1 November 2026 comes twice: the first ends the day
        before = (midnight.astimezone(UTC) - timedelta(microseconds=1)).astimezone(zone)
        assert csm.median_ttv([start] * 2, [before, None], as_of=as_of) > 0
        assert math.isnan(csm.median_ttv([start] * 2, [midnight, None], as_of=as_of))


def test_as_of_needs_a_zone_where_the_dates_have_one() -> None:
    aware, naive = [datetime(2026, 1, 1, tzinfo=UTC)], [datetime(2026, 1, 1)]
    for start, as_of in ((aware, "2026-02-01"), (naive, datetime(2026, 2, 1, tzinfo=UTC)), (aware, date(2026, 2, 1))):
        with pytest.raises(csm.MetricInputError, match="must all have a time zone, or none") as caught:
            csm.median_ttv(start, [None], as_of=as_of)
        assert "as_of" in caught.value.argument


@pytest.mark.parametrize(
    "as_of",
    [None, "soon", "", "2026-13-01", 20260101, 1.5, math.nan, pd.NaT, True, ["2026-01-01"]],
    ids=repr,
)
def test_as_of_must_be_one_date(as_of) -> None:
    with pytest.raises(csm.MetricInputError, match="`as_of` must be one date") as caught:
        csm.median_ttv([date(2026, 1, 1)], [None], as_of=as_of)
    assert caught.value.metric == "median_ttv"
    with pytest.raises(TypeError):
        csm.median_ttv([date(2026, 1, 1)], [None])


def test_a_start_after_as_of_is_an_error() -> None:
    start = [date(2026, 1, 1), date(2026, 2, 2), None, date(2026, 3, 3)]
    with pytest.raises(csm.MetricInputError, match="`started_at` must be <= `as_of`") as caught:
        csm.median_ttv(start, [None] * 4, as_of="2026-01-31")
    assert caught.value.found.startswith(
        "2 of 4 values break it, first at position 1 (2026-02-02 > 2026-01-31T23:59:59"
    )


def test_a_value_before_its_start_is_an_error_even_after_as_of() -> None:
    with pytest.raises(csm.MetricInputError, match=r"`started_at` must be <= `value_at`; 1 of 2 .* position 1"):
        csm.median_ttv([date(2026, 1, 5)] * 2, [None, date(2026, 1, 4)], as_of="2026-01-31")


def test_nobody_and_never() -> None:
    start = [date(2026, 1, 1)] * 3
    for nobody in ([], [None, None]):
        value = [None] * len(nobody)
        assert math.isnan(csm.median_ttv(nobody, value, as_of="2026-01-31"))
        assert csm.median_ttv(nobody, value, as_of="2026-01-31", undefined=-1) == -1.0
        with pytest.raises(csm.UndefinedMetricError, match="median_ttv: `started_at`"):
            csm.median_ttv(nobody, value, as_of="2026-01-31", undefined="".join(["ra", "ise"]))
    # most are still waiting: no number, but not undefined either
    for undefined in (math.nan, 0, "raise"):
        assert math.isnan(
            csm.median_ttv(start, [date(2026, 1, 2), None, None], as_of="2026-01-31", undefined=undefined)
        )
    with pytest.raises(csm.MetricInputError, match="`undefined` must be a number or 'raise'"):
        csm.median_ttv(start, start, as_of="2026-01-31", undefined="never")


def test_the_median_is_of_a_column() -> None:
    with pytest.raises(csm.MetricInputError, match="must be a column of dates") as caught:
        csm.median_ttv(date(2026, 1, 1), date(2026, 1, 2), as_of="2026-01-31")
    assert "ttv" in caught.value.hint
    for shape in ((2, 2), ()):
        table = np.full(shape, np.datetime64("2026-01-01"))
        with pytest.raises(csm.MetricInputError, match="must be one column of dates"):
            csm.median_ttv(table, table, as_of="2026-01-31")
    with pytest.raises(csm.MetricInputError, match="must have the index of the other Series"):
        csm.median_ttv(pd.Series(STARTED), pd.Series(REACHED, index=list("abcd")), as_of="2026-12-31")


def test_the_median_by_group_on_a_frame() -> None:
    frame = pd.DataFrame(
        {
            "plan": ["a", "a", "a", "b"],
            "started_at": pd.to_datetime(["2026-01-01"] * 4),
            "value_at": pd.to_datetime(["2026-01-03", "2026-01-05", None, None]),
        }
    )
    got = frame.csm.by("plan").median_ttv(as_of="2026-01-31")
    assert got["a"] == 4.0
    assert math.isnan(got["b"])
    assert frame.csm.ttv().tolist() == pytest.approx([2, 4, math.nan, math.nan], nan_ok=True)
