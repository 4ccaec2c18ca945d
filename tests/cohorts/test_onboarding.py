"""Onboarding, compared with counts by hand and the median of each group's dates, case by case, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import isclose, isnan, nan
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm

from ..drawn import drawn

onboarding = csm.cohorts.onboarding
DRAWN = drawn(40)
START = datetime(2026, 3, 20)
COLUMNS = ["started", "completed", "reached", "median_ttv"]
DATES = ["started", "completed", "value"]
BERLIN = ZoneInfo("Europe/Berlin")
Row = tuple[datetime, datetime | None, datetime | None, str]


def frame(rows: list[Row]) -> pd.DataFrame:
    table = pd.DataFrame({name: pd.Series([row[i] for row in rows], dtype=object) for i, name in enumerate(DATES)})
    for name in DATES:
        utc = rows[0][0].tzinfo is not None
        table[name] = pd.to_datetime(table[name], utc=utc).astype("M8[us, UTC]" if utc else "M8[us]")
        if utc:
            table[name] = table[name].dt.tz_convert(str(rows[0][0].tzinfo))
    return table.assign(plan=[row[3] for row in rows])


def last_instant(as_of: datetime) -> datetime:
    """Return the last microsecond covered; a midnight covers its whole day."""
    return as_of + timedelta(days=1, microseconds=-1) if as_of.time() == datetime.min.time() else as_of


def median(rows: list[Row], end: datetime) -> Fraction | float:
    """Restate the Kaplan-Meier median in days."""
    waits = []
    for start, _, value, _ in rows:
        there = value is not None and value <= end
        known = (value if there else end) - start  # type: ignore[operator]
        waits.append((Fraction(known // timedelta(microseconds=1), 86_400 * 10**6), there))
    share = Fraction(1)
    for time in sorted({time for time, there in waits if there}):
        share *= 1 - Fraction(waits.count((time, True)), sum(wait >= time for wait, _ in waits))
        if share <= Fraction(1, 2):
            return time
    return nan


def by_hand(rows: list[Row], end: datetime) -> list[float]:
    begun = [row for row in rows if row[0] <= end]
    counts = [sum(row[i] is not None and row[i] <= end for row in begun) for i in (1, 2)]
    return [len(begun), *counts, float(median(begun, end))]


def same(got: list[float], expected: list[float]) -> bool:
    return all(isclose(a, b, rel_tol=1e-15) or (isnan(a) and isnan(b)) for a, b in zip(got, expected, strict=True))


spans = (
    st.none()
    | st.sampled_from([timedelta(0), timedelta(days=3), timedelta(days=7)])
    | st.timedeltas(timedelta(0), timedelta(days=30))
)
begins = st.integers(0, 20).map(lambda day: START + timedelta(days=day)) | st.datetimes(
    START, START + timedelta(days=20)
)
drawn = st.builds(
    lambda start, done, value, plan: (start, *(None if span is None else start + span for span in (done, value)), plan),
    begins,
    spans,
    spans,
    st.sampled_from(["free", "pro"]),
)
ends = st.sampled_from([START + timedelta(days=day) for day in (0, 10, 25, 60)]) | st.datetimes(
    START, START + timedelta(days=50)
)


@given(rows=st.lists(drawn, min_size=1, max_size=25), as_of=ends)
@DRAWN
def test_against_counting(rows: list[Row], as_of: datetime) -> None:
    table = frame(rows)
    before = table.copy(deep=True)
    end = last_instant(as_of)
    total = onboarding(table, as_of=as_of)
    assert list(total.columns) == COLUMNS
    assert [str(dtype) for dtype in total.dtypes] == ["int64"] * 3 + ["float64"]
    assert total.index.tolist() == ["total"]
    assert same(total.loc["total"].tolist(), by_hand(rows, end))
    grouped = onboarding(table, as_of=as_of, by="plan")
    plans = sorted({row[3] for row in rows if row[0] <= end})
    assert grouped.index.tolist() == plans
    for plan in plans:
        assert same(grouped.loc[plan].tolist(), by_hand([row for row in rows if row[3] == plan], end))
        some = table[(table["plan"] == plan) & (table["started"] <= end)]
        expected = csm.median_ttv(some["started"], some["value"], as_of)
        assert same([grouped.loc[plan, "median_ttv"]], [expected])
    pd.testing.assert_frame_equal(table, before)


@given(rows=st.lists(drawn, min_size=1, max_size=25), as_of=ends)
@DRAWN
def test_periods_against_counting(rows: list[Row], as_of: datetime) -> None:
    """Each week holds those who started in it, with what is known by `as_of`; only complete weeks are there."""
    table, end = frame(rows), last_instant(as_of)
    got = onboarding(table, as_of=as_of, freq="W", by="plan")
    stop = pd.Timestamp(end) + pd.Timedelta(microseconds=1)
    weeks = [pd.Period(row[0], "W") for row in rows]
    begun = [week for week, row in zip(weeks, rows, strict=True) if row[0] <= end]
    every = [] if not begun else list(pd.period_range(min(begun), pd.Period(stop, "W") - 1, freq="W"))
    plans = sorted({row[3] for week, row in zip(weeks, rows, strict=True) if week in every})
    assert got.index.tolist() == [(week, plan) for week in every for plan in plans]
    for (week, plan), row in got.iterrows():
        some = [one for one, w in zip(rows, weeks, strict=True) if (w, one[3]) == (week, plan)]
        assert same(row.tolist(), by_hand(some, end) if some else [0, 0, 0, float("nan")])


@given(rows=st.lists(drawn, min_size=1, max_size=15))
@DRAWN
def test_the_end_of_the_data_is_its_latest_date(rows: list[Row]) -> None:
    instants = [instant for row in rows for instant in row[:3] if instant is not None]
    latest, midnight = max(instants), datetime.min.time()
    if latest.time() == midnight and any(instant.time() != midnight for instant in instants):
        latest += timedelta(microseconds=1)  # among other times of day, a midnight does not cover its day
        rows = [*rows, (latest, None, None, rows[0][3])]
    pd.testing.assert_frame_equal(onboarding(frame(rows)), onboarding(frame(rows), as_of=latest))
    assert onboarding(frame(rows))["started"].item() == len(rows)


@given(rows=st.lists(drawn, min_size=1, max_size=15), as_of=ends)
@DRAWN
def test_aware_dates(rows: list[Row], as_of: datetime) -> None:
    """Time elapsed over the change to summer time, with the end of the data in Berlin time."""
    moved = [tuple(part.replace(tzinfo=BERLIN) if isinstance(part, datetime) else part for part in row) for row in rows]
    moved = [row for row in moved if all(a is None or a.astimezone(UTC) >= row[0].astimezone(UTC) for a in row[:3])]
    if not moved:
        return
    utc = [tuple(part.astimezone(UTC) if isinstance(part, datetime) else part for part in row) for row in moved]
    midnight = as_of.time() == datetime.min.time()
    end = (as_of + timedelta(days=midnight)).replace(tzinfo=BERLIN).astimezone(UTC) - timedelta(microseconds=midnight)
    result = onboarding(frame(moved), as_of=pd.Timestamp(as_of.replace(tzinfo=BERLIN)))
    assert same(result.loc["total"].tolist(), by_hand(utc, end))


# ------------------------------------------------------------------------------------------------------- case by case


def made(*rows: tuple[str, str | None, str | None]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.to_datetime([row[i] for row in rows]) for i, name in enumerate(DATES)})


CUSTOMERS = made(
    ("2026-01-01", "2026-01-03", "2026-01-05"),
    ("2026-01-01", None, "2026-01-15"),
    ("2026-01-11", "2026-01-12", None),
)


def test_by_hand() -> None:
    """Two customers reach value after 4 and 14 days, a third still waits after 20: S is 2/3, then 1/3."""
    result = onboarding(CUSTOMERS, as_of="2026-01-31")
    assert result.loc["total"].tolist() == [3, 2, 2, 14.0]
    total = result.csm.total()
    assert total.onboarding_completion_rate() == pytest.approx(200 / 3)
    assert total.value_realization_rate(realized="reached", customers="started") == pytest.approx(200 / 3)
    assert "onboarding_completion_rate" in total.metrics()


def test_what_comes_after_as_of_has_not_happened() -> None:
    result = onboarding(CUSTOMERS, as_of="2026-01-11")
    assert result.loc["total"].tolist() == [3, 1, 1, 4.0]  # 1 of the 2 observed for 4 days or more
    # by then the last customer has not started; on the first day nothing has happened yet
    assert onboarding(CUSTOMERS, as_of="2026-01-10").loc["total"].tolist()[:3] == [2, 1, 1]
    assert onboarding(CUSTOMERS, as_of="2025-12-31").loc["total"].tolist()[:3] == [0, 0, 0]
    assert isnan(onboarding(CUSTOMERS, as_of="2025-12-31")["median_ttv"].item())
    assert len(onboarding(CUSTOMERS.assign(plan="x"), as_of="2025-12-31", by="plan")) == 0


def test_midnight_covers_its_day() -> None:
    customers = made(("2026-01-01 00:00", "2026-01-05 09:00", None))
    assert onboarding(customers, as_of="2026-01-05")["completed"].item() == 1
    assert onboarding(customers, as_of="2026-01-05T08:59")["completed"].item() == 0
    assert onboarding(customers, as_of="2026-01-05T09:00")["completed"].item() == 1
    for whole_day in (
        date(2026, 1, 5),
        pd.Timestamp("2026-01-05"),
        np.datetime64("2026-01-05"),
        pd.Period("2026-01-05"),
    ):
        assert onboarding(customers, as_of=whole_day)["completed"].item() == 1
    assert onboarding(customers, as_of=pd.Period("2026-01"))["completed"].item() == 1


def test_those_not_there_yet_count_for_as_long_as_they_are_known() -> None:
    """One of two reaches value after 4 days; the other is observed for 2 days and does not count after that."""
    customers = made(("2026-01-01", None, "2026-01-05"), ("2026-01-08", None, None))
    assert onboarding(customers, as_of="2026-01-10")["median_ttv"].item() == 4.0  # 1 of the 1 still observed
    older = made(("2026-01-01", None, "2026-01-05"), ("2026-01-01", None, None), ("2026-01-01", None, None))
    assert isnan(onboarding(older, as_of="2026-01-10")["median_ttv"].item())  # 1 of 3


def test_a_median_does_not_add_up() -> None:
    """The median is computed for each group, and for all customers together from all of them."""
    days = [1, 2, 30, 31, 32]
    rows = [("2026-01-01", None, str((datetime(2026, 1, 1) + timedelta(days=n)).date())) for n in days]
    customers = made(*rows).assign(plan=["a", "a", "b", "b", "b"])
    assert onboarding(customers, by="plan")["median_ttv"].tolist() == [1.0, 31.0]
    assert onboarding(customers)["median_ttv"].item() == 30.0


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["started"], ["started"]),
        (["started", "completed"], ["started", "completed"]),
        (["started", "value"], ["started", "reached", "median_ttv"]),
    ],
)
def test_from_the_columns_that_are_there(columns: list[str], expected: list[str]) -> None:
    assert list(onboarding(CUSTOMERS[columns]).columns) == expected
    assert list(onboarding(CUSTOMERS, **{n: None for n in DATES if n not in columns}).columns) == expected


def test_a_column_that_was_named_must_be_there() -> None:
    with pytest.raises(csm.MissingColumnError, match="no column 'done'"):
        onboarding(CUSTOMERS, completed="done")
    with pytest.raises(csm.MissingColumnError, match="no column 'value'"):
        onboarding(CUSTOMERS[["started"]], value="value")
    with pytest.raises(csm.MissingColumnError, match="no column 'started'"):
        onboarding(CUSTOMERS[["value"]])
    with pytest.raises(csm.MissingColumnError, match="no column 'plan'"):
        onboarding(CUSTOMERS, by="plan")


def test_other_names_of_columns() -> None:
    renamed = CUSTOMERS.rename(columns={"started": "signed", "completed": "live", "value": "first_report"})
    result = onboarding(renamed, started="signed", completed="live", value="first_report")
    pd.testing.assert_frame_equal(result, onboarding(CUSTOMERS))


def test_dates_of_any_kind() -> None:
    expected = onboarding(CUSTOMERS, as_of="2026-01-31")
    kinds = [
        CUSTOMERS.astype("M8[s]"),
        CUSTOMERS.astype("M8[ns]"),
        CUSTOMERS.assign(value=CUSTOMERS["value"].astype("M8[s]"), started=CUSTOMERS["started"].astype("M8[ns]")),
        CUSTOMERS.apply(lambda column: column.dt.strftime("%Y-%m-%d")),
        CUSTOMERS.apply(lambda column: pd.Series([None if pd.isna(at) else at.date() for at in column], dtype=object)),
    ]
    for table in kinds:
        pd.testing.assert_frame_equal(onboarding(table, as_of="2026-01-31"), expected, check_exact=True)


def test_naive_and_aware_never_mix() -> None:
    aware = CUSTOMERS.apply(lambda column: column.dt.tz_localize("UTC"))
    with pytest.raises(csm.MetricInputError, match="time zone"):
        onboarding(CUSTOMERS.assign(value=aware["value"]))
    with pytest.raises(csm.MetricInputError, match="as_of with one, the data without"):
        onboarding(CUSTOMERS, as_of=pd.Timestamp("2026-01-31", tz="UTC"))
    with pytest.raises(csm.MetricInputError, match="as_of without one, the data with"):
        onboarding(aware, as_of=datetime(2026, 1, 31))
    assert onboarding(aware, as_of="2026-01-31").loc["total"].tolist() == [
        3,
        2,
        2,
        14.0,
    ]  # a bare date is in their time zone


def test_columns_in_different_zones_are_the_same_instants() -> None:
    """The latest date ends the data, even if it is written in another time zone."""
    berlin = CUSTOMERS.apply(lambda column: (column + pd.Timedelta(hours=9)).dt.tz_localize("Europe/Berlin"))
    for name in DATES:
        mixed = berlin.assign(**{name: berlin[name].dt.tz_convert("America/New_York")})
        pd.testing.assert_frame_equal(onboarding(mixed), onboarding(berlin), check_exact=True)
        assert onboarding(mixed)["reached"].item() == 2


def test_missing_keys_are_a_group_of_their_own() -> None:
    result = onboarding(CUSTOMERS.assign(plan=["x", None, None]), by="plan")
    assert result["started"].tolist() == [1, 2]
    assert pd.isna(result.index[1])
    assert result["median_ttv"].tolist()[0] == 4.0


def test_no_rows() -> None:
    empty = CUSTOMERS.iloc[:0].assign(plan=pd.Series([], dtype=object))
    assert onboarding(empty).loc["total"].tolist()[:3] == [0, 0, 0]
    assert isnan(onboarding(empty)["median_ttv"].item())
    result = onboarding(empty, by="plan")
    assert (len(result), list(result.columns), result.index.name) == (0, COLUMNS, "plan")


def test_the_made_up_company() -> None:
    company = csm.datasets.make_saas(300, seed=2)
    table = company.onboarding.merge(company.accounts[["customer", "plan"]])
    result = onboarding(table, as_of=company.as_of, by="plan")
    for plan, row in result.iterrows():
        some = table[table["plan"] == plan]
        assert row["median_ttv"] == csm.median_ttv(some["started"], some["value"], company.as_of)
        assert row["completed"] == some["completed"].notna().sum()


# ------------------------------------------------------------------------------------------------------------ bad rows

EARLY = pd.Timestamp("2020-01-01")
BAD = [
    ("started", pd.NaT, "is missing", "must be present in every row"),
    ("completed", EARLY, "is before `started`", "must not be before `started`"),
    ("value", EARLY, "is before `started`", "must not be before `started`"),
]


@pytest.mark.parametrize(("column", "value", "reason", "rule"), BAD)
def test_bad_rows(column: str, value: Any, reason: str, rule: str) -> None:
    table = CUSTOMERS.assign(plan="x").set_index(pd.Index(["a", "b", "c"]))
    table.loc["c", column] = value
    with pytest.raises(csm.MetricInputError) as caught:
        onboarding(table)
    assert (caught.value.argument, caught.value.rule) == (column, rule)
    assert "1 of 3 rows break it, with the labels 'c'" in str(caught.value)
    result = onboarding(table, by="plan", on_bad_rows="report")
    assert result.attrs["excluded"].frame.index.tolist() == ["c"]
    assert result.attrs["excluded"].frame["reason"].tolist() == [f"`{column}` {reason}"]
    assert result.to_dict() == onboarding(table.drop(index="c"), by="plan").to_dict()


def test_a_row_without_a_start_is_bad_even_when_nothing_followed() -> None:
    with pytest.raises(csm.MetricInputError, match="`started` must be present in every row; 1 of 1 rows"):
        onboarding(pd.DataFrame({name: pd.to_datetime([None]) for name in DATES}))


def test_a_bad_row_is_no_part_of_the_data() -> None:
    """The date of a bad row does not count as the end of the data."""
    late = pd.concat([CUSTOMERS, made(("2027-01-01", "2026-12-31", None))], ignore_index=True)
    result = onboarding(late, on_bad_rows="report")
    assert result.to_dict() == onboarding(CUSTOMERS).to_dict()


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ({"started": [1, 2]}, {}, "`started` must hold dates"),
        ({"started": ["2026-01-01", "someday"]}, {}, "`started` must hold dates; 1 of 2 rows"),
        ({"started": ["2026-01-01"]}, {"as_of": "soon"}, "`as_of` must be one date"),
        ({"started": ["2026-01-01"]}, {"on_bad_rows": "skip"}, "'raise' or 'report'"),
    ],
)
def test_bad_input(table: dict[str, Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(csm.MetricInputError, match=message):
        onboarding(pd.DataFrame(table), **options)


# ------------------------------------------------------------------------------------------------------- every engine


def made_up(rows: int = 1500) -> pd.DataFrame:
    rng = np.random.default_rng(12)
    table = pd.DataFrame(
        {"started": np.datetime64("2026-02-01", "us") + rng.integers(0, 60, rows) * np.timedelta64(1, "D")}
    )
    for name, days, share in (("completed", 20, 0.7), ("value", 60, 0.6)):
        spent = rng.integers(0, days, rows) * np.timedelta64(1, "D") + rng.choice([0, 0, 3_600_000_001], rows).astype(
            "m8[us]"
        )
        table[name] = (table["started"] + spent).where(rng.random(rows) < share)
    return table.assign(
        plan=pd.Series(rng.choice(["free", "pro", None], rows).tolist()),
        tier=rng.integers(1, 3, rows),
    )


TABLE = made_up()
ASKED: list[tuple[list[str], dict[str, Any]]] = [
    (DATES, {"as_of": "2026-03-31"}),
    (DATES, {"by": ["tier", "plan"]}),
    (DATES, {"by": "plan", "as_of": "2026-04-15T12:00"}),
    (["started", "completed"], {"by": "plan", "as_of": "2026-03-15"}),
    (["started", "value"], {"as_of": "2026-01-15"}),
    (DATES, {"freq": "M", "as_of": "2026-04-15"}),
    (DATES, {"freq": "W", "as_of": "2026-02-20", "by": "plan"}),
]


@pytest.mark.sampled(3)
def test_engines(make: Callable[[pd.DataFrame], Any], crossed: list[int]) -> None:
    native = make(TABLE)
    for dates, options in ASKED:
        left_out: dict[str, Any] = {name: None for name in DATES if name not in dates}
        crossed.clear()
        result = onboarding(native, **options, **left_out)
        expected = onboarding(TABLE, **options, **left_out)
        pd.testing.assert_frame_equal(result, expected, check_exact=True)
        assert len(crossed) == 2  # one result with the facts, one with the groups and their waiting times
        assert crossed[0] == 1
        assert crossed[1] <= (400 if not {"by", "freq"} & set(options) else 1000 if "value" in dates else 3)


def test_engines_with_a_zone(make: Callable[[pd.DataFrame], Any]) -> None:
    aware = TABLE[[*DATES, "plan"]].assign(**{name: TABLE[name].dt.tz_localize("UTC") for name in DATES})
    options = {"by": "plan", "as_of": "2026-03-31"}
    pd.testing.assert_frame_equal(onboarding(make(aware), **options), onboarding(aware, **options), check_exact=True)
    with pytest.raises(csm.MetricInputError, match="time zone"):
        onboarding(make(aware), as_of=datetime(2026, 3, 31))
    with pytest.raises(csm.MetricInputError, match="time zone"):
        onboarding(make(aware.assign(started=TABLE["started"])))


def test_engines_with_bad_rows(make: Callable[[pd.DataFrame], Any], crossed: list[int]) -> None:
    table = TABLE.iloc[:200].copy()
    table.loc[0, "started"] = pd.NaT
    table.loc[[1, 2], "completed"] = EARLY
    table.loc[2, "value"] = EARLY
    with pytest.raises(csm.MetricInputError, match="3 of 200 rows break a rule, such as "):
        onboarding(make(table))
    assert max(crossed) <= 3
    result, expected = (onboarding(t, by="plan", on_bad_rows="report") for t in (make(table), table))
    reasons = [f.attrs["excluded"].frame["reason"].sort_values().tolist() for f in (result, expected)]
    assert reasons[0] == reasons[1]
    result.attrs, expected.attrs = {}, {}
    pd.testing.assert_frame_equal(result, expected, check_exact=True)
    with pytest.raises(csm.MissingColumnError, match="no column 'done'"):
        onboarding(make(table), completed="done")
    empty = onboarding(make(table.iloc[3:]), as_of="2020-01-01", by="plan")
    assert (len(empty), list(empty.columns)) == (0, COLUMNS)
