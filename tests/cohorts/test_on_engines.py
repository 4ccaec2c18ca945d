"""The builders on every engine: the same frames as on pandas, with few rows fetched. All engines share the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm

from ..engine_frames import FRAMES, WITH_ZONES

Make = Callable[[pd.DataFrame], Any]
build = csm.cohorts


def ledger() -> pd.DataFrame:
    """Make up a ledger of 40 customers, several rows each, with period boundaries, open ends and missing groups."""
    rng = np.random.default_rng(7)
    rows = 4000
    start = np.datetime64("2024-01-01T00:00:00", "us") + rng.integers(0, 500, rows) * np.timedelta64(1, "D")
    start += rng.choice([0, 0, 5 * 3600 + 17], rows) * np.timedelta64(1, "s")
    length = rng.choice([0, 1, 14, 31, 90, 200], rows) * np.timedelta64(1, "D")
    end = (start + length).astype("M8[us]")
    end[rng.random(rows) < 0.2] = np.datetime64("NaT")
    return pd.DataFrame(
        {
            "customer": rng.integers(0, 40, rows),
            "start": start,
            "end": end,
            "mrr": rng.integers(0, 90, rows) * 100,
            "plan": pd.Series(rng.choice(["free", "pro", None], rows, p=[0.5, 0.4, 0.1]).tolist()),
            "tier": rng.integers(1, 4, rows),
        }
    )


def renewals() -> pd.DataFrame:
    """Make up a ledger of 200 customers with a row a month, late renewals, new prices and some moves between plans."""
    rng = np.random.default_rng(11)
    customer, month = np.repeat(np.arange(200), 20), np.tile(np.arange(20), 200)
    late = rng.choice([0, 0, 0, 0, 0, 0, 2, 9], month.size)
    start = np.datetime64("2024-01-05", "us") + (30 * month + late) * np.timedelta64(1, "D")
    end = np.datetime64("2024-01-05", "us") + (30 * month + 30) * np.timedelta64(1, "D")
    moves = np.where(customer % 10 == 0, rng.integers(0, 2, month.size), customer % 2)
    frame = pd.DataFrame({"customer": customer, "start": start, "end": end, "mrr": 100 * (1 + customer % 7)})
    frame["mrr"] += 50 * (month > customer % 29)
    return frame.assign(plan=pd.Series(np.array(["pro", "team"])[moves]), money=np.where(customer % 3, "EUR", "USD"))


def events() -> pd.DataFrame:
    """Make up events of 60 users over 100 days, some of them at half a second."""
    rng = np.random.default_rng(8)
    rows = 6000
    seconds = rng.integers(0, 100 * 86_400, rows) * 10**6 + rng.choice([0, 500_000], rows)
    return pd.DataFrame(
        {
            "user": rng.integers(0, 60, rows) * 10**9,
            "time": np.datetime64("2024-01-20", "us") + seconds.astype("m8[us]"),
            "kind": pd.Series(rng.choice(["open", "buy", "share", None], rows, p=[0.6, 0.2, 0.1, 0.1]), dtype=object),
            "plan": pd.Series(rng.choice(["free", "pro", None], rows, p=[0.5, 0.4, 0.1]).tolist()),
            "cents": rng.integers(-500, 9000, rows),
        }
    )


LEDGER, RENEWALS, EVENTS = ledger(), renewals(), events()
CENTS = LEDGER.assign(mrr=(LEDGER["mrr"] + 10) / 100)
THIRDS = LEDGER.assign(mrr=LEDGER["mrr"] / 3)
TEXT_IDS = EVENTS.assign(user="u" + EVENTS["user"].astype(str))
DATES = LEDGER.assign(start=LEDGER["start"].dt.normalize())

MOVEMENTS: dict[str, tuple[pd.DataFrame, Callable[[Any], pd.DataFrame]]] = {
    "months": (LEDGER, lambda f: build.movements_from_subscriptions(f, as_of="2025-03-31")),
    "weeks": (LEDGER, lambda f: build.movements_from_subscriptions(f, freq="W", as_of="2025-11-30")),
    "days by plan": (LEDGER, lambda f: build.movements_from_subscriptions(f, freq="D", as_of="2024-02-20", by="plan")),
    "span, two keys": (
        LEDGER,
        lambda f: build.movements_from_subscriptions(f, span=12, by=["tier", "plan"], as_of="2025-11-30"),
    ),
    "quarters": (LEDGER, lambda f: build.movements_from_subscriptions(f, freq="Q", as_of="2025-11-30")),
    "years": (LEDGER, lambda f: build.movements_from_subscriptions(f, freq="Y", as_of="2025-12-31")),
    "float cents": (CENTS, lambda f: build.movements_from_subscriptions(f, as_of="2025-03-31", by="tier")),
    "thirds": (THIRDS, lambda f: build.movements_from_subscriptions(f, as_of="2025-03-31T12:00")),
    "renewals": (RENEWALS, lambda f: build.movements_from_subscriptions(f, as_of="2025-07-31")),
    "grace": (RENEWALS, lambda f: build.movements_from_subscriptions(f, as_of="2025-07-31", grace="5D", by="plan")),
    "plan at the opening": (
        RENEWALS,
        lambda f: build.movements_from_subscriptions(f, as_of="2025-07-31", by="plan", by_at="opening"),
    ),
    "plan at the opening, grace, currencies": (
        RENEWALS,
        lambda f: build.movements_from_subscriptions(
            f,
            currency="money",
            rates={"EUR": 1.1, "USD": 1},
            grace="5D",
            freq="W",
            as_of="2025-07-31",
            by="plan",
            by_at="opening",
        ),
    ),
    "snapshots": (DATES, lambda f: build.movements_from_snapshots(f, date="start", freq="W", by="plan")),
}
ACTIVITY: dict[str, tuple[pd.DataFrame, Callable[[Any], pd.DataFrame]]] = {
    "months": (EVENTS, lambda f: build.retention(f).counts),
    "hours": (EVENTS, lambda f: build.lifecycle(f, freq="h", as_of="2024-02-01")),
    "text ids": (TEXT_IDS, lambda f: build.retention(f, freq="W-SAT").counts),
    "recurring": (
        EVENTS,
        lambda f: build.retention(f, freq="D", cohort="recurring", min_events=2, as_of="2024-03-01T12:00").counts,
    ),
    "on or after": (EVENTS, lambda f: build.retention(f, freq="W", kind="on_or_after", by="plan").counts),
    "horizon": (EVENTS, lambda f: build.retention(f, freq="W", kind="on_or_after", horizon=3, by="plan").counts),
    "horizon, elapsed": (
        EVENTS,
        lambda f: build.retention(f, freq="W", kind="on_or_after", horizon=3, window="elapsed").counts,
    ),
    "brackets": (EVENTS, lambda f: build.retention(f, freq="D", kind="on_or_before", brackets=[3, 10, 20]).counts),
    "kinds of events": (
        EVENTS,
        lambda f: build.retention(f, freq="W", event="kind", start_event="buy", return_event=["open", "share"]).counts,
    ),
    "value": (EVENTS, lambda f: build.retention(f, value="cents", event="kind", start_event="buy", by="plan").counts),
    "elapsed": (EVENTS, lambda f: build.retention(f, freq="W", window="elapsed", by="plan", min_events=2).counts),
    "elapsed, recurring": (
        EVENTS,
        lambda f: build.retention(f, freq="M", window="elapsed", cohort="recurring", value="cents", by="plan").counts,
    ),
    "group of the start": (
        EVENTS,
        lambda f: build.retention(f, freq="W", by="plan", by_at="start", event="kind", start_event="open").counts,
    ),
    "group of the start, recurring": (
        EVENTS,
        lambda f: build.retention(f, by="plan", by_at="start", cohort="recurring", value="cents").counts,
    ),
    "returned in the start's period": (
        EVENTS,
        lambda f: (
            build.retention(
                f, freq="W-WED", age_zero="returned", kind="on_or_before", event="kind", start_event="buy", by="plan"
            ).counts
        ),
    ),
    "purchases from the start on": (
        EVENTS,
        lambda f: build.retention(
            f, event="kind", start_event="share", return_event="buy", value="cents", min_events=2
        ).cumulative(),
    ),
    "amounts of the start": (
        EVENTS,
        lambda f: (
            build.retention(
                f, value="cents", age_zero="size", by="plan", by_at="start", event="kind", start_event="share"
            ).counts
        ),
    ),
    "activation": (
        EVENTS,
        lambda f: build.activation(
            f, event="kind", key_event=["buy", "share"], start_event="open", within="36h", min_events=2, by="plan"
        ),
    ),
    "funnel": (EVENTS, lambda f: build.funnel(f, ["open", "buy", ["share", "open"]], event="kind", within="5D")),
    "funnel by period": (
        EVENTS,
        lambda f: build.funnel(f, ["open", "buy", "buy"], event="kind", within="36h", freq="W", by="plan"),
    ),
    "active users": (EVENTS, lambda f: build.active_users(f, by="plan", as_of="2024-04-20")),
    "active users by month": (EVENTS, lambda f: build.active_users(f, freq="M", since="2024-01-01", by="plan")),
    "active users since": (EVENTS, lambda f: build.active_users(f, mau=9, since="2024-01-01")),
    "lifecycle": (EVENTS, lambda f: build.lifecycle(f, freq="W", by="plan")),
    "quarters": (EVENTS, lambda f: build.lifecycle(f, freq="Q", as_of="2024-06-30")),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", MOVEMENTS)
def test_movements(make: Make, crossed: list[int], name: str) -> None:
    frame, call = MOVEMENTS[name]
    expected = call(frame)
    assert not crossed  # pandas frames never come from an engine
    got = call(make(frame))
    exact = name != "thirds"
    pd.testing.assert_frame_equal(got, expected, check_exact=exact, rtol=1e-12)
    assert len(expected) > 1
    assert crossed
    assert sum(crossed) < len(frame)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ACTIVITY)
def test_activity(make: Make, crossed: list[int], name: str) -> None:
    frame, call = ACTIVITY[name]
    expected = call(frame)
    assert not crossed
    pd.testing.assert_frame_equal(call(make(frame)), expected, check_exact=True, check_column_type=False)
    assert len(expected) > 1
    assert crossed
    assert sum(crossed) < len(frame)


def test_retention_gives_sizes_states_and_rates(make: Make) -> None:
    expected, got = build.retention(EVENTS, freq="W"), build.retention(make(EVENTS), freq="W")
    pd.testing.assert_series_equal(got.sizes, expected.sizes)
    pd.testing.assert_frame_equal(got.state, expected.state)
    pd.testing.assert_frame_equal(got.rates(), expected.rates())
    pd.testing.assert_series_equal(got.pooled(), expected.pooled())
    assert repr(got) == repr(expected)


def people() -> pd.DataFrame:
    """Make up a table of users: some of the events' users are missing, some users never came, some start too late."""
    rng = np.random.default_rng(9)
    seconds = rng.integers(0, 110 * 86_400, 70)
    return pd.DataFrame(
        {
            "user": np.arange(10, 80) * 10**9,
            "signed_up": np.datetime64("2024-01-10", "us") + (seconds * 10**6).astype("m8[us]"),
            "source": pd.Series(rng.choice(["ad", "word", None], 70).tolist()),
        }
    )


PEOPLE = people()
BESIDE_USERS: dict[str, Callable[[Any, Any], pd.DataFrame]] = {
    "started": lambda f, u: build.retention(f, users=u, started="signed_up", by="source", as_of="2024-04-20").counts,
    "elapsed": lambda f, u: (
        build.retention(
            f, users=u, started="signed_up", freq="W", window="elapsed", age_zero="returned", min_events=2
        ).counts
    ),
    "value": lambda f, u: build.retention(f, users=u, started="signed_up", value="cents", freq="Q-JAN").counts,
    "only groups": lambda f, u: build.retention(f, users=u, by="source", event="kind", start_event="buy").counts,
    "activation": lambda f, u: build.activation(
        f, event="kind", key_event="buy", users=u, started="signed_up", by="source", freq="W", as_of="2024-04-20"
    ),
    "recurring": lambda f, u: build.retention(f, users=u, by="source", cohort="recurring", freq="W").counts,
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", BESIDE_USERS)
@pytest.mark.filterwarnings("ignore:.*not in `users`")
def test_a_table_of_users(make: Make, crossed: list[int], name: str) -> None:
    call = BESIDE_USERS[name]
    expected = call(EVENTS, PEOPLE)
    assert len(expected) > 1
    assert not crossed
    pd.testing.assert_frame_equal(call(make(EVENTS), make(PEOPLE)), expected, check_column_type=False)
    assert sum(crossed) < len(EVENTS)
    pd.testing.assert_frame_equal(call(EVENTS, make(PEOPLE)), expected, check_column_type=False)


def test_groups_whose_users_have_not_started_by_as_of_are_no_groups(make: Make) -> None:
    happened = pd.to_datetime(["2026-01-05", "2026-01-06", "2026-01-26"]).astype("M8[us]")
    visits = pd.DataFrame({"user": [1, 2, 3], "time": happened, "event": "key"})
    people = pd.DataFrame({"user": [3, 2, 1], "began": happened[::-1], "plan": ["late", "pro", "free"]})
    options = {"started": "began", "as_of": "2026-01-20", "by": "plan"}
    for frame, users in ((visits, people), (make(visits), make(people))):
        grid = build.retention(frame, users=users, freq="W", **options)
        assert set(grid.counts.index.get_level_values("plan")) == {"free", "pro"}
        assert grid.sizes.sum() == 2
        reached = build.activation(frame, key_event="key", users=users, within="2D", freq="W", **options)
        assert reached.to_numpy().tolist() == [[1, 1], [1, 1], [0, 0], [0, 0]]


@pytest.mark.sampled(3)
def test_starts_from_a_column_of_the_events(make: Make) -> None:
    told = EVENTS.merge(PEOPLE, on="user")
    for options in ({}, {"window": "elapsed", "freq": "W"}, {"by": "plan"}, {"by": "plan", "by_at": "start"}):
        expected = build.retention(told, started="signed_up", as_of="2024-04-20", **options)
        got = build.retention(make(told), started="signed_up", as_of="2024-04-20", **options)
        pd.testing.assert_frame_equal(got.counts, expected.counts, check_column_type=False)
        pd.testing.assert_series_equal(got.members, expected.members)
    varying = told.assign(signed_up=told["signed_up"].where(told.index % 900 != 0, told["time"]))
    with pytest.warns(csm.CohortWarning, match="several values in 'signed_up': the earliest counts"):
        expected = build.retention(varying, started="signed_up")
    with pytest.warns(csm.CohortWarning, match="several values in 'signed_up'") as warned:
        got = build.retention(make(varying), started="signed_up")
    assert got.notes == expected.notes
    assert sum(one.category is csm.CohortWarning for one in warned) == 1
    pd.testing.assert_frame_equal(got.counts, expected.counts, check_column_type=False)


def test_a_table_of_users_that_cannot_be_right(make: Make) -> None:
    events = make(EVENTS)
    with pytest.warns(csm.CohortWarning, match=r"10 users of the events are not in `users`, and left out"):
        build.retention(events, users=make(PEOPLE), started="signed_up")
    for frame, other in ((events, make(PEOPLE.iloc[[0, *range(70)]])), (EVENTS, PEOPLE.iloc[[0, *range(70)]])):
        with pytest.raises(csm.MetricInputError, match="`users` must have one row per user; 1 row"):
            build.retention(frame, users=other, started="signed_up")
    text = PEOPLE.assign(user="u" + PEOPLE["user"].astype(str))
    for frame, other in ((events, make(text)), (EVENTS, text)):
        with pytest.raises(csm.MetricInputError, match=r"`user` must hold one kind of values.*astype"):
            build.retention(frame, users=other, started="signed_up")
    for argument in ("started", "by"):
        with pytest.raises(csm.MissingColumnError, match="no column 'plan'"):
            build.retention(events, users=make(PEOPLE), **{argument: "plan"})
    with pytest.raises(csm.MetricInputError, match="`users` must be a frame of the engine that holds the events"):
        build.retention(events, users=PEOPLE, started="signed_up")
    late = PEOPLE.assign(signed_up=PEOPLE["signed_up"].where(PEOPLE.index > 1))
    with pytest.raises(csm.MetricInputError, match="`started` must be present in every row"):
        build.retention(events, users=make(late), started="signed_up")


GROUPS_WITHOUT_A_START = EVENTS.assign(
    plan=np.where(EVENTS["kind"].eq("buy"), "pro", np.where(EVENTS["kind"].eq("open"), "free", "old"))
)


@pytest.mark.parametrize("window", ["calendar", "elapsed"])
@pytest.mark.parametrize("back", ["open", "buy"])
def test_groups_without_a_start_event_have_rows_of_0(make: Make, window: str, back: str) -> None:
    def call(frame: Any) -> pd.DataFrame:
        options = {"start_event": "buy", "return_event": back, "window": window, "by": "plan"}
        return build.retention(frame, event="kind", as_of="2024-05-31", **options).counts

    got = call(make(GROUPS_WITHOUT_A_START))
    assert list(got.index.get_level_values("plan").unique()) == ["free", "old", "pro"]
    assert (got.xs("old", level="plan")[0] == 0).all()
    pd.testing.assert_frame_equal(got, call(GROUPS_WITHOUT_A_START), check_column_type=False)


def test_events_that_no_row_has(make: Make) -> None:
    """A misspelt start event is refused, a misspelt return event warned of; both name the nearest."""
    frame = make(EVENTS)
    with pytest.raises(csm.MetricInputError, match=r"`start_event` must be an event .*; got 'Buy'.*'buy'\?"):
        build.retention(frame, event="kind", start_event=["open", "Buy"])
    with pytest.warns(csm.CohortWarning, match=r"No row has the return_event 'shared': did you mean 'share'\?"):
        grid = build.retention(frame, event="kind", return_event=["open", "shared"])
    pd.testing.assert_frame_equal(grid.counts, build.retention(EVENTS, event="kind", return_event="open").counts)
    nobody = build.retention(frame, event="kind", start_event="buy", as_of="2023-12-31")
    assert len(nobody.sizes) == 0


def test_events_of_another_type(make: Make) -> None:
    """An event of another type than the column is refused before the engine compares them."""
    for column, wrong, held in (("kind", 1, "text"), ("cents", "1", "numbers"), ("cents", True, "numbers")):
        with pytest.raises(csm.MetricInputError, match=f"start_event.*must be of the type .*{held}.*; got {wrong!r}"):
            build.retention(make(EVENTS), event=column, start_event=wrong)
    whole = {"event": "cents", "start_event": int(EVENTS["cents"][0])}
    expected = build.retention(EVENTS, **whole).counts
    pd.testing.assert_frame_equal(build.retention(make(EVENTS), **whole).counts, expected, check_column_type=False)
    pd.testing.assert_frame_equal(
        build.retention(make(EVENTS), event="cents", start_event=float(EVENTS["cents"][0])).counts, expected
    )


def spoil(frame: pd.DataFrame, column: str, values: dict[int, Any]) -> pd.DataFrame:
    out = frame.copy()
    for row, value in values.items():
        out.loc[row, column] = value
    return out


def movements(frame: Any, **options: Any) -> pd.DataFrame:
    return build.movements_from_subscriptions(frame, as_of="2025-03-31", **options)


BAD: dict[str, tuple[pd.DataFrame, Callable[..., Any], str, str]] = {
    "no customer": (
        LEDGER.assign(customer=pd.array(np.where(LEDGER.index < 3, None, LEDGER["customer"]), dtype="Int64")),
        movements,
        "customer",
        "is missing",
    ),
    "infinite": (spoil(CENTS, "mrr", {5: np.inf}), movements, "mrr", "is infinite"),
    "not a number": (spoil(CENTS, "mrr", {5: np.nan}), movements, "mrr", "is missing"),
    "ends early": (
        spoil(LEDGER, "end", {5: pd.Timestamp("2020-01-01")}),
        movements,
        "end",
        "is before its start",
    ),
    "no time": (spoil(EVENTS, "time", {5: pd.NaT}), build.active_users, "time", "is missing"),
    "no user": (
        TEXT_IDS.assign(user=TEXT_IDS["user"].astype(object).where(TEXT_IDS.index != 5, None)),
        build.lifecycle,
        "user",
        "is missing",
    ),
    "no value": (
        EVENTS.assign(cents=EVENTS["cents"].astype(float).where(EVENTS.index != 5)),
        lambda f, **options: build.retention(f, value="cents", **options).counts,
        "value",
        "is missing",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_rows(make: Make, name: str) -> None:
    frame, call, argument, _reason = BAD[name]
    with pytest.raises(csm.MetricInputError) as on_pandas:
        call(frame)
    count = str(on_pandas.value).split("; ")[1].split(" of ")[0]
    with pytest.raises(csm.MetricInputError) as caught:
        call(make(frame))
    assert (caught.value.argument, caught.value.rule) == (argument, on_pandas.value.rule)
    assert f"{count} of {len(frame)} rows" in caught.value.found
    assert caught.value.hint == on_pandas.value.hint


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", [name for name in BAD if name != "no value"])
def test_bad_rows_are_given_back(make: Make, name: str) -> None:
    frame, call, argument, reason = BAD[name]
    expected, got = call(frame, on_bad_rows="report"), call(make(frame), on_bad_rows="report")
    excluded = got.attrs["excluded"].frame
    assert excluded["reason"].tolist() == [f"`{argument}` {reason}"] * len(expected.attrs["excluded"].frame)
    assert list(excluded.columns) == [*frame.columns, "reason"]
    pd.testing.assert_frame_equal(got, expected)
    call(make(frame.drop(index=expected.attrs["excluded"].frame.index)))


def test_no_bad_rows_is_an_empty_report(make: Make) -> None:
    got = build.lifecycle(make(EVENTS), on_bad_rows="report")
    assert got.attrs["excluded"].frame.empty
    assert list(got.attrs["excluded"].frame.columns) == [*EVENTS.columns, "reason"]


def test_no_rows(make: Make) -> None:
    nobody = LEDGER.iloc[:0].assign(plan=pd.Series(dtype="str"))
    for call in (
        lambda f: build.movements_from_subscriptions(f, by="plan"),
        lambda f: build.lifecycle(f, user="customer", time="start"),
        lambda f: build.retention(f, user="customer", time="start").counts,
    ):
        got, expected = call(make(nobody)), call(nobody)
        assert got.shape == expected.shape
        assert list(got.columns) == list(expected.columns)


def test_missing_columns(make: Make) -> None:
    frame = make(LEDGER)
    with pytest.raises(csm.MissingColumnError, match="no column 'time'; this frame has 'customer', 'start'"):
        build.active_users(frame, user="customer")
    with pytest.raises(csm.MissingColumnError, match="no column 'region'"):
        build.movements_from_subscriptions(frame, by="region")


def test_text_is_no_date(make: Make) -> None:
    with pytest.raises(csm.MetricInputError, match=r"`time` must hold dates; got a column of"):
        build.active_users(make(EVENTS), time="plan")
    with pytest.raises(
        csm.MetricInputError, match=r"`mrr` must be numbers; got text in the column .*convert text to numbers"
    ):
        build.movements_from_subscriptions(make(LEDGER), mrr="plan")


@pytest.mark.parametrize("name", WITH_ZONES)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_zones(zone: str, name: str) -> None:
    """Days and hours follow the column's own time zone; elapsed windows are counted in UTC."""
    aware = EVENTS.assign(time=EVENTS["time"].dt.tz_localize("UTC").dt.tz_convert(zone))
    frame = FRAMES[name](aware)
    for call in (
        lambda f: build.lifecycle(f, freq="h", as_of="2024-04-10"),
        lambda f: build.retention(f, freq="D", window="elapsed", as_of="2024-04-10").counts,
        lambda f: build.retention(f, freq="M", kind="on_or_after").counts,
    ):
        pd.testing.assert_frame_equal(call(frame), call(aware))
    with pytest.raises(csm.MetricInputError, match="zone"):
        build.lifecycle(frame, as_of=pd.Timestamp("2024-04-10"))


def test_duckdb_keeps_its_zone_in_the_session() -> None:
    aware = EVENTS.assign(time=EVENTS["time"].dt.tz_localize("UTC").dt.tz_convert("America/New_York"))
    import duckdb

    from ..engine_frames import arrow

    connection = duckdb.connect()
    connection.execute("set timezone = 'America/New_York'")
    connection.register("given", arrow(aware))
    connection.execute("create table happened as select * from given")
    frame = connection.table("happened")
    pd.testing.assert_frame_equal(build.lifecycle(frame, freq="D"), build.lifecycle(aware, freq="D"))
    with pytest.raises(csm.MetricInputError, match="set the session's time zone to UTC first"):
        build.retention(frame, freq="D", window="elapsed")
    connection.execute("set timezone = 'UTC'")
    options = {"freq": "D", "window": "elapsed", "as_of": "2024-04-10"}
    expected = build.retention(aware.assign(time=aware["time"].dt.tz_convert("UTC")), **options)
    pd.testing.assert_frame_equal(build.retention(connection.table("happened"), **options).counts, expected.counts)


def test_what_is_no_frame() -> None:
    with pytest.raises(csm.MetricInputError, match="must be a DataFrame"):
        build.retention([1, 2, 3])
