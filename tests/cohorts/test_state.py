"""States that add: pieces in any order, on any engine and through files equal the whole, also after a crash."""

from __future__ import annotations

import copy
import json
import pickle
import sys
import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics.cohorts import Activity, _state_files, _state_table, activity, state

from ..drawn import drawn
from ..engine_frames import FRAMES
from . import brute_events as brute
from .brute_events import Event

SAVED = Path(__file__).parent / "cases" / "activity-1"  # written by the first version of the format


def events(rows: int = 120, seed: int = 0, days: int = 100) -> pd.DataFrame:
    """Make up events of 30 users in random order."""
    rng = np.random.default_rng(seed)
    seconds = rng.integers(0, days * 86_400, rows)
    return pd.DataFrame(
        {
            "user": rng.integers(-5, 25, rows),
            "time": np.datetime64("2025-12-10", "s") + seconds.astype("m8[s]"),
            "plan": rng.choice(["free", "pro"], rows),
        }
    )


def cut(frame: pd.DataFrame, pieces: int) -> list[pd.DataFrame]:
    """Cut a frame into pieces that begin and end anywhere in time, the last of which is in the others, too."""
    return [*(frame.iloc[i::pieces] for i in range(pieces)), frame.iloc[: len(frame) // 3]]


def same(got: Any, expected: Any) -> None:
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(got, expected)
    else:
        pd.testing.assert_frame_equal(got.counts, expected.counts)
        pd.testing.assert_frame_equal(got.state, expected.state)
        pd.testing.assert_series_equal(got.members, expected.members)
        pd.testing.assert_series_equal(got.sizes, expected.sizes)
        assert repr(got) == repr(expected)
    assert got.attrs == expected.attrs


def check(made: Activity, whole: pd.DataFrame, by: Any = None, **options: Any) -> None:
    same(made.lifecycle(**options), csm.cohorts.lifecycle(whole, freq=made.freq, by=by, **options))
    same(made.retention(**options), csm.cohorts.retention(whole, freq=made.freq, by=by, **options))


# ------------------------------------------------------------------------------------------------ pieces and the whole


@given(data=st.data())
@drawn(30)
def test_pieces_in_any_order_equal_the_whole(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 60))
    days = data.draw(st.sampled_from([3, 60, 800]))
    whole = events(rows, data.draw(st.integers(0, 99)), days)
    if data.draw(st.booleans()):
        whole["user"] = "u" + whole["user"].astype(str)
    if zone := data.draw(st.sampled_from([None, "UTC", "Europe/Berlin"])):
        whole["time"] = whole["time"].dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    freq = data.draw(st.sampled_from(["D", "W", "W-SAT", "M", "Q-JAN", "Y"] if days > 3 else ["h", "D"]))
    by = data.draw(st.sampled_from([None, "plan"]))
    pieces = data.draw(st.permutations(cut(whole, data.draw(st.integers(1, 4)))))
    made = sum(activity(piece, freq=freq, by=by) for piece in pieces)
    assert isinstance(made, Activity)
    check(made, whole, by)
    options: dict[str, Any] = data.draw(
        st.sampled_from(
            [
                {"kind": "on_or_before", "cohort": "recurring"},
                {"kind": "on_or_after", "horizon": 2},
                {"brackets": [1, 2]},
                {"kind": "on_or_after"},
            ]
        )
    )
    same(made.retention(**options), csm.cohorts.retention(whole, freq=freq, by=by, **options))
    if freq == "D":
        same(made.active_users(mau=9), csm.cohorts.active_users(whole, by=by, mau=9))
        same(made.active_users(freq="M"), csm.cohorts.active_users(whole, by=by, freq="M"))
        same(made.lifecycle(freq="W"), csm.cohorts.lifecycle(whole, by=by, freq="W"))
        same(made.retention(freq="Q-JAN"), csm.cohorts.retention(whole, by=by, freq="Q-JAN"))


@pytest.mark.parametrize("saved", [False, True])
def test_many_small_updates_equal_the_whole(saved: bool, tmp_path: Path) -> None:
    whole = events()
    state = activity(whole.iloc[:1], by="plan")
    if saved:
        state.save(tmp_path)
    for at in range(1, 120, 3):
        state.update(whole.iloc[at : at + 3])
    check(state, whole, "plan")
    pd.testing.assert_frame_equal(state.table, activity(whole, by="plan").table)
    if saved:
        assert len(list(tmp_path.iterdir())) < 33
        check(Activity.load(tmp_path), whole, "plan")


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("name", ["user", "id"])
def test_pieces_written_with_other_types_and_names(
    name: str, many: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Groups with and without missing ones are of two types, which would meet as floats."""
    if many:
        monkeypatch.setattr(state, "_ROWS", 3)
    large = 2**53
    whole = events().rename(columns={"user": name})
    whole["plan"] = pd.array(large + np.arange(120) % 4, dtype="Int64")
    whole.loc[100, "plan"] = pd.NA
    expected = activity(whole, user=name, by="plan").lifecycle(as_of="2026-03-31")
    begun = whole.iloc[:60].astype({"plan": "int64"}).rename(columns={name: "user"})
    activity(begun, by="plan").save(tmp_path)
    both = Activity.load(tmp_path).update(activity(whole.iloc[60:], user=name, by="plan"))
    for made in (both, Activity.load(tmp_path)):
        pd.testing.assert_frame_equal(made.lifecycle(as_of="2026-03-31"), expected, check_index_type=False)
        assert set(made.lifecycle().index.get_level_values("plan").dropna()) == set(range(large, large + 4))
    assert both.table.columns[0] == "user", "the first one's name"
    both.save(tmp_path)
    pd.testing.assert_frame_equal(
        Activity.load(tmp_path).lifecycle(as_of="2026-03-31"), expected, check_index_type=False
    )


def test_the_files_of_a_folder_are_opened_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder may hold more files than a process may have open."""
    parquet = pytest.importorskip("pyarrow.parquet")
    opened, most = 0, 0

    class Counted(parquet.ParquetFile):  # type: ignore[misc,name-defined]
        def __init__(self, *args: Any, **options: Any) -> None:
            nonlocal opened, most
            super().__init__(*args, **options)
            opened += 1
            most = max(most, opened)

        def __exit__(self, *args: Any) -> None:
            nonlocal opened
            super().__exit__(*args)
            opened -= 1

    whole = events()
    for at in range(0, 120, 10):
        activity(whole.iloc[at : at + 10]).save(tmp_path / str(at))
        for file in (tmp_path / str(at)).iterdir():
            file.rename(tmp_path / file.name)
    monkeypatch.setattr(parquet, "ParquetFile", Counted)
    monkeypatch.setattr(state, "_ROWS", 3)
    check(Activity.load(tmp_path), whole)
    assert (opened, most) == (0, 1)


@pytest.mark.parametrize(("years", "bits"), [(1, 55), (100, 62), (9000, 69)])
def test_keys_of_any_width_are_put_together(years: int, bits: int) -> None:
    """The numbers by which a state is sorted fit into 64 bits with their places; or without them; or not at all."""
    rng = np.random.default_rng(years)
    user = rng.choice([0, 1, 7, 2**38, 2**39 + 5], 300)
    hours = rng.choice([0, 1, 63, 64, 200, years * 8000], 300)
    at = np.datetime64("0900-01-01", "us") + hours * np.timedelta64(3_600_000_000, "us")
    frame = pd.DataFrame({"user": user, "time": at})
    expected: dict[tuple[int, int], int] = {}
    first = (np.datetime64("0900-01-01", "h") - np.datetime64("1970-01-01", "h")).astype(int)
    for who, hour in zip(user.tolist(), (hours + first).tolist(), strict=True):
        expected[who, hour // 64] = expected.get((who, hour // 64), 0) | 1 << hour % 64
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", csm.CohortWarning)  # dates far from all others
        for made in (activity(frame, freq="h"), activity(frame[::2], freq="h") + activity(frame[1::2], freq="h")):
            kept = made._whole()
            assert kept["part"].is_monotonic_increasing
            assert (kept["user"].diff() != 0).sum() == kept["user"].nunique(), "the masks of a user follow one another"
            rows = made.table.to_numpy(dtype=object).tolist()
            assert [(who, block, mask) for who, block, mask in rows] == [
                (*key, expected[key]) for key in sorted(expected)
            ]
    blocks = [block for _, block in expected]
    apart = max(blocks) - min(blocks)
    assert 8 + (2**39 + 5).bit_length() + apart.bit_length() == bits, "part, user and block"


def test_a_refused_update_changes_nothing(tmp_path: Path) -> None:
    below = activity(events())
    past = events().assign(user=np.uint64(2**63))
    told = repr(below)
    with pytest.raises(csm.MetricInputError, match="both negative ids and ids of 2"):
        below.update(past)
    assert repr(below) == told
    check(below, events())
    below.save(tmp_path)
    with pytest.raises(csm.MetricInputError, match="both negative ids and ids of 2"):
        below.update(past)
    assert len(list(tmp_path.iterdir())) == 1
    assert repr(Activity.load(tmp_path)) == told


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_a_clock_set_back_past_midnight(engine: str) -> None:
    pytest.importorskip(engine)
    at = pd.DatetimeIndex(["2010-11-07 02:30:30", "2010-11-07 02:50:00", "2010-11-10 12:00:00"], tz="UTC")
    given = pd.DataFrame({"user": [1, 2, 2], "time": at.tz_convert("America/St_Johns")})
    wall = given.assign(time=given["time"].dt.tz_localize(None))  # 00:00:30 on Sunday, then 23:20 on Saturday
    if engine == "duckdb":
        import duckdb

        connection = duckdb.connect()
        connection.execute("set timezone = 'America/St_Johns'")
        frame: Any = connection.from_df(given)
    else:
        frame = FRAMES[engine](given)
    made = activity(frame, freq="D")
    pd.testing.assert_frame_equal(made.table, activity(given, freq="D").table)
    assert made.table["mask"].tolist() == activity(wall, freq="D").table["mask"].tolist()


def test_years_far_away_on_an_engine() -> None:
    pytest.importorskip("pyarrow")
    for year in ("1677-12", "1969-12", "2262-01", "9999-11"):
        unit = "ns" if year < "2300" else "us"
        given = pd.DataFrame({"user": [1, 2], "time": np.array([f"{year}-05", f"{year}-06"], f"M8[{unit}]")})
        for freq in "YMD":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", csm.CohortWarning)
                expected = activity(given, freq=freq).table
                pd.testing.assert_frame_equal(activity(FRAMES["pyarrow"](given), freq=freq).table, expected)


def test_pieces_on_every_engine_equal_the_definition(make: Callable[[pd.DataFrame], Any], tmp_path: Path) -> None:
    whole = events()
    rows = [Event(u, t.to_pydatetime(), group=(p,)) for u, t, p in whole.itertuples(index=False)]
    made = sum(activity(make(piece), by="plan", freq="D") for piece in reversed(cut(whole, 2)))
    assert isinstance(made, Activity)
    expected = brute.lifecycle(rows, freq="M", as_of=rows[0].time.replace(year=2026, month=2, day=28).date())
    got = made.lifecycle(freq="M", as_of="2026-02-28")
    assert {
        (period.start_time.to_pydatetime(), plan): tuple(numbers)
        for (period, plan), numbers in zip(got.index, got.to_numpy().tolist(), strict=True)
    } == expected
    days = brute.active_users(rows)
    users = made.active_users()
    assert len(users) == len(days)
    for (day, plan), row in zip(users.index, users.astype(object).to_numpy().tolist(), strict=True):
        assert days[day.start_time.to_pydatetime(), plan] == tuple(None if pd.isna(n) else n for n in row)
    check(made, whole, "plan", as_of="2026-03-01")
    months = activity(make(whole.iloc[:50]))
    months.save(tmp_path)
    check(months.update(make(whole.iloc[40:])), whole)
    check(Activity.load(tmp_path), whole)


def test_only_the_small_table_leaves_the_engine(crossed: list[int]) -> None:
    pa = pytest.importorskip("polars")
    activity(pa.from_pandas(events(5000)))
    assert max(crossed) <= 30 * 5


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Apia"])
def test_days_of_a_time_zone_on_an_engine(zone: str) -> None:
    """Samoa left out a day when it moved across the date line."""
    pytest.importorskip("polars")
    whole = events(60, days=3)
    whole["time"] = (whole["time"] - pd.Timedelta(days=5093)).dt.tz_localize("UTC").dt.tz_convert(zone)
    made = sum(activity(FRAMES["polars"](piece), freq="D") for piece in cut(whole, 2))
    assert isinstance(made, Activity)
    check(made, whole)


ONCE = [
    ("polars", None),
    ("polars", "America/New_York"),
    ("duckdb", None),
    pytest.param("pyspark", None, marks=pytest.mark.full),
]


@pytest.mark.parametrize(("engine", "zone"), ONCE)
def test_months_that_one_word_holds_and_others(engine: str, zone: str | None, crossed: list[int]) -> None:
    for begins in ("2025-10-10", "2026-02-10", "1969-11-20"):  # near a word's end, its middle, and before 1970
        for apart in (0, 59, 64, -40):  # months between the first rows and the last
            whole = events(seed=4).sort_values("time", ignore_index=True)
            whole["time"] += pd.Timestamp(begins) - pd.Timestamp("2025-12-10")
            whole.loc[119, "time"] = whole.loc[0, "time"] + pd.DateOffset(months=apart)
            given = whole.assign(time=whole["time"].dt.tz_localize(zone))
            crossed.clear()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", csm.CohortWarning)  # a date far from all others
                made = activity(FRAMES[engine](given), by="plan")
                assert len(crossed) == 2, "the first and the last instant, and the masks"
                pd.testing.assert_frame_equal(made.table, activity(given, by="plan").table)


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_one_or_two_periods_on_every_engine(
    make: Callable[[pd.DataFrame], Any], zone: str | None, crossed: list[int]
) -> None:
    for begins, days, freq in (
        ("2026-03-04", 20, "M"),
        ("2026-03-20", 20, "M"),
        ("2028-08-28", 20, "M"),  # the last month of a word
        ("1969-12-28", 20, "M"),
        ("2026-03-04", 2, "D"),
    ):
        whole = events(days=days)
        whole["time"] += pd.Timestamp(begins) - pd.Timestamp("2025-12-10")
        whole["user"] += np.arange(120) % 2 * 100  # so that some have a single event
        second = whole["time"].dt.to_period(freq).max().start_time
        whole.loc[[7, 8], "time"] = second, second - pd.Timedelta(seconds=1)  # the first instant, and the one before
        whole.loc[[7, 8], "user"] = 1000, 1001
        whole["time"] = whole["time"].dt.tz_localize(zone)
        crossed.clear()
        made = activity(make(whole), by="plan", freq=freq)
        assert len(crossed) == 2, "the first and the last instant, and those of each user"
        pd.testing.assert_frame_equal(made.table, activity(whole, by="plan", freq=freq).table)


@pytest.mark.parametrize("column", ["user", "time"])
def test_a_bad_row_among_two_periods_is_found(make: Callable[[pd.DataFrame], Any], column: str) -> None:
    whole = events(60, days=20).astype({"user": object})
    whole.loc[7, column] = None
    with pytest.raises(csm.MetricInputError, match="1 of 60 rows"):
        activity(make(whole))
    made = activity(make(whole), on_bad_rows="report")
    assert made.excluded is not None
    assert made.excluded["rows"] == 1
    pd.testing.assert_frame_equal(made.table, activity(whole.drop(index=7).astype({"user": int})).table)


def test_bad_rows_and_times_before_1970_on_an_engine() -> None:
    pytest.importorskip("duckdb")
    whole = events(60)
    whole["time"] -= pd.Timedelta(days=30_000)
    broken = pd.concat([whole, whole.assign(time=pd.NaT)], ignore_index=True)
    with pytest.raises(csm.MetricInputError, match="60 of 120 rows"):
        activity(FRAMES["duckdb"](broken))
    for freq in ("M", "D"):
        made = activity(FRAMES["duckdb"](broken), freq=freq, on_bad_rows="report")
        assert made.excluded is not None
        assert made.excluded["rows"] == 60
        pd.testing.assert_frame_equal(made.lifecycle(), csm.cohorts.lifecycle(whole, freq=freq))
    midnights = whole.assign(time=whole["time"].dt.normalize())
    check(activity(FRAMES["duckdb"](midnights)), midnights)


def test_groups_of_any_name_on_an_engine() -> None:
    pytest.importorskip("polars")
    whole = events(60).rename(columns={"plan": "last", "user": "bad"})
    made = activity(FRAMES["polars"](whole), user="bad", by="last")
    same(made.lifecycle(), csm.cohorts.lifecycle(whole, user="bad", by="last"))


def test_the_table() -> None:
    frame = pd.DataFrame(
        {"user": [7, 7, 3, 7], "time": pd.to_datetime(["1970-01-31", "1970-03-01", "1969-12-31", "1980-01-01"])}
    )
    table = activity(frame).table
    assert table.to_dict("list") == {"user": [3, 7, 7], "block": [-1, 0, 1], "mask": [1 << 63, 0b101, 1 << (120 - 64)]}
    assert table["mask"].dtype == np.uint64


@pytest.mark.parametrize(
    "ids", [[2**63, 2**64 - 1], [2**62, -(2**62)], [1.0, 7.0], [10**15, 3], ["7", "ann"], [True, False]]
)
def test_ids_are_kept_as_they_are(ids: list[Any], tmp_path: Path) -> None:
    frame = pd.DataFrame({"user": pd.Series(ids), "time": pd.to_datetime(["2026-01-05", "2026-02-05"])})
    if isinstance(ids[0], bool):
        with pytest.raises(csm.MetricInputError, match="whole numbers or text"):
            activity(frame)
        return
    made = activity(frame.iloc[:1]) + activity(frame.iloc[1:]) + activity(frame)
    made.save(tmp_path)
    assert sorted(Activity.load(tmp_path).table["user"]) == sorted(ids)
    check(made, frame)


@pytest.mark.parametrize("ids", [[0.5, 1.0], [2**70, 1], [Decimal("1.5"), Decimal(2)], [b"a", b"b"]])
def test_ids_that_a_file_would_not_keep(ids: list[Any]) -> None:
    frame = pd.DataFrame({"user": pd.Series(ids, dtype=object), "time": pd.to_datetime(["2026-01-05", "2026-02-05"])})
    with pytest.raises(csm.MetricInputError, match="must hold whole numbers or text"):
        activity(frame)


def test_the_callers_rows_stay_theirs() -> None:
    frame = events(40).drop_duplicates("user").sort_values("user", ignore_index=True)
    before = frame.copy(deep=True)
    made = activity(frame, by="plan")
    pd.testing.assert_frame_equal(frame, before)
    frame.iloc[:, 0] = 0
    check(made, before, "plan")


def test_columns_of_other_names_and_missing_groups(tmp_path: Path) -> None:
    whole = events()
    whole["plan"] = pd.Categorical(whole["plan"].mask(whole.index % 7 == 0), categories=["pro", "none", "free"])
    one, other = whole.iloc[:70], whole.iloc[70:].rename(columns={"user": "account", "time": "at"})
    made = activity(one, by="plan") + activity(other, user="account", time="at", by="plan")
    check(made, whole, "plan")
    activity(other, user="account", time="at", by="plan").save(tmp_path)
    check(Activity.load(tmp_path).update(activity(one, by="plan")), whole, "plan")
    check(Activity.load(tmp_path), whole, "plan")


def test_no_events() -> None:
    none = activity(events().iloc[:0])
    assert repr(none) == "Activity by M: no users"
    assert len(none.lifecycle()) == 0
    check(none + activity(events()), events())
    check(activity(events()) + none, events())


# ------------------------------------------------------------------------------------------------ the end of the data


def test_as_of_is_the_end_of_a_period() -> None:
    whole = events()
    made = activity(whole)
    for as_of in ("2025-12-31", "2026-01-31", "2026-01-31 23:59:59.9", "2026-05-07", "2025-11-30"):
        check(made, whole, as_of=as_of)
    for as_of, period in (("2026-02-07", "2026-02"), ("2025-12-12", "2025-12")):
        with pytest.raises(csm.MetricInputError, match=rf"`as_of` must be the end of a period .* active in {period}"):
            made.retention(as_of=as_of)
    days = activity(whole, freq="D")
    same(days.lifecycle(freq="M", as_of="2026-02-07"), csm.cohorts.lifecycle(whole, as_of="2026-02-07"))


def test_as_of_in_a_period_without_activity() -> None:
    whole = pd.DataFrame({"user": [1, 1], "time": pd.to_datetime(["2026-01-05", "2026-06-05"])})
    check(activity(whole), whole, as_of="2026-03-07")


def test_midnights_stand_for_days_only_where_all_do() -> None:
    days = pd.DataFrame({"user": [1, 2], "time": pd.to_datetime(["2026-01-05", "2026-01-31"])})
    times = pd.DataFrame({"user": [3], "time": pd.to_datetime(["2026-01-07 12:00"])})
    check(activity(days), days)
    check(activity(days) + activity(times), pd.concat([days, times]))
    periods = pd.DataFrame({"user": [1, 2], "time": pd.PeriodIndex(["2026-01", "2026-02"], freq="M")})
    check(activity(periods.iloc[:1]) + activity(periods.iloc[1:]), periods)


# ------------------------------------------------------------------------------------------------ files


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_update_writes_one_small_file_and_many_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_DELTAS", 3)
    whole = events()
    pieces = cut(whole, 6)
    activity(pieces[0], by="plan").save(tmp_path)
    counts = []
    for piece in pieces[1:]:
        Activity.load(tmp_path).update(piece)
        counts.append(len(files(tmp_path)))
    assert counts == [2, 3, 1, 2, 3, 1]
    check(Activity.load(tmp_path), whole, "plan")


def test_killed_while_writing_leaves_the_state_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = events()
    first, second, again = cut(whole, 2)
    activity(first).save(tmp_path)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_state_files.os, "replace", killed)
        patch.setattr(Path, "unlink", killed)  # a program that is killed does not tidy up
        with pytest.raises(KeyboardInterrupt):
            Activity.load(tmp_path).update(second)
    assert len(files(tmp_path)) == 2
    check(Activity.load(tmp_path), first)
    made = Activity.load(tmp_path).update(again).update(second)
    check(made, whole)
    check(Activity.load(tmp_path), whole)


def test_killed_while_replacing_leaves_the_new_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, _ = cut(events(), 2)
    activity(first).save(tmp_path)
    Activity.load(tmp_path).update(events(seed=3))
    with monkeypatch.context() as patch:
        patch.setattr(_state_files, "remove", lambda *_: None)
        activity(second).save(tmp_path)
        Activity.load(tmp_path).save(tmp_path)
    assert len(files(tmp_path)) == 4  # the old ones, which no longer count
    check(Activity.load(tmp_path), second)
    Activity.load(tmp_path).save(tmp_path)
    check(Activity.load(tmp_path), second)


def test_what_other_processes_added_meanwhile_stays(tmp_path: Path) -> None:
    whole = events()
    first, second, third = cut(whole, 2)
    activity(first).save(tmp_path)
    mine, theirs = Activity.load(tmp_path), Activity.load(tmp_path)
    theirs.update(second)
    mine.update(third).save(tmp_path)
    check(Activity.load(tmp_path), whole)


def test_files_that_another_process_has_merged(tmp_path: Path) -> None:
    whole = events()
    first, second, third = cut(whole, 2)
    activity(first).save(tmp_path)
    mine, other = Activity.load(tmp_path), Activity.load(tmp_path)
    Activity.load(tmp_path).update(second).save(tmp_path)
    check(mine, whole)
    other.update(third).save(tmp_path)
    check(other, whole)
    assert len(files(tmp_path)) == 1


def test_files_of_several_machines_in_one_folder(tmp_path: Path) -> None:
    whole = events()
    for i, piece in enumerate(cut(whole, 3)):
        activity(piece).save(tmp_path / str(i))
        for path in (tmp_path / str(i)).iterdir():
            path.rename(tmp_path / path.name)
    check(Activity.load(tmp_path), whole)


def test_a_large_state_is_read_part_by_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = events(200, days=40)
    whole["user"] = "u" + whole["user"].astype(str)
    for by in (None, "plan"):
        activity(whole.iloc[:100], by=by, freq="D").save(tmp_path / str(by))
        Activity.load(tmp_path / str(by)).update(whole.iloc[100:])
    monkeypatch.setattr(state, "_ROWS", 18)
    for by in (None, "plan"):
        made = Activity.load(tmp_path / str(by))
        assert len(list(made._parts())) > 2
        check(made, whole, by)
        same(made.active_users(), csm.cohorts.active_users(whole, by=by))
        same(made.active_users(freq="M"), csm.cohorts.active_users(whole, by=by, freq="M"))
        check(made, whole, by, as_of="2026-01-05")
        assert "30 users" in repr(made)
        made.save(tmp_path / str(by))
        check(Activity.load(tmp_path / str(by)), whole, by)


def test_the_first_format_is_still_read() -> None:
    """The folder was written by `activity(events(), by="plan", freq="W").save(SAVED)`."""
    check(Activity.load(SAVED), events(), "plan")


def test_parts_never_change() -> None:
    assert _state_table.parts_of(pd.Series([0, 1, 2**40, -1])).tolist() == PARTS[:4]
    assert _state_table.parts_of(pd.Series(["", "ann", "Zoë"])).tolist() == PARTS[4:]


PARTS = [0, 86, 0, 180, 24, 210, 121]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    with pytest.raises(FileNotFoundError, match="holds no saved state"):
        Activity.load(tmp_path)
    activity(events()).save(tmp_path)
    (path,) = tmp_path.iterdir()
    table = pq.read_table(path)
    for told, expected in [
        ({"format": 2}, "a later csmetrics wrote it: upgrade"),
        ({}, "save\\(\\) writes such files"),
    ]:
        pq.write_table(table.replace_schema_metadata({"csmetrics.activity": json.dumps(told)}), path)
        with pytest.raises(csm.MetricInputError, match=expected):
            Activity.load(tmp_path)
    pq.write_table(pa.table({"user": [1]}), path)
    with pytest.raises(csm.MetricInputError, match="has format None"):
        Activity.load(tmp_path)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(csm.MetricInputError, match="cannot be read"):
        Activity.load(tmp_path)


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = activity(events())
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ImportError, match="pip install pyarrow"):
        made.save(tmp_path)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))])
def test_copies_and_pickles_hold_the_rows_and_no_files(copied: Callable[[Activity], Activity], tmp_path: Path) -> None:
    whole = events()
    activity(whole.iloc[:70], by="plan").save(tmp_path)
    other = copied(Activity.load(tmp_path))
    before = files(tmp_path)
    check(other.update(whole.iloc[70:]), whole, "plan")
    assert files(tmp_path) == before


# ------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("change", "options", "expected"),
    [
        ({}, {"freq": "D"}, "`freq` must be the same in states that are added; got 'M' and 'D'"),
        ({}, {"by": "plan"}, r"`by` must be the same .* got \[\] and \['plan'\]"),
        ({"time": lambda f: f["time"].dt.tz_localize("UTC")}, {}, "`time zone` must be the same .* None and 'UTC'"),
        ({"user": lambda f: f["user"].astype(str)}, {}, "`user` must be the same .* 'numbers' and 'text'"),
    ],
)
def test_states_that_count_other_things_do_not_add(
    change: dict[str, Any], options: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    one, other = activity(events()), activity(events().assign(**change), **options)
    with pytest.raises(csm.MetricInputError, match=expected):
        one + other
    one.save(tmp_path)
    with pytest.raises(csm.MetricInputError, match=expected):
        one.update(other)
    check(one, events())
    assert len(files(tmp_path)) == 1
    with pytest.raises(TypeError):
        one + 1  # type: ignore[operator]


def test_what_a_state_does_not_know() -> None:
    months = activity(events())
    with pytest.raises(csm.MetricInputError, match="must be 'D' in the state"):
        months.active_users()
    with pytest.raises(csm.MetricInputError, match="must be that of the state, 'M'"):
        months.lifecycle(freq="D")
    with pytest.raises(csm.MetricInputError, match="must be one of 'first', 'recurring'"):
        months.retention(cohort="second")  # type: ignore[arg-type]
    same(months.lifecycle(freq="Q"), csm.cohorts.lifecycle(events(), freq="Q"))


@pytest.mark.parametrize("by", ["block", "user", ["plan", "period"]])
def test_names_that_the_state_needs(by: Any) -> None:
    with pytest.raises(csm.MetricInputError, match="by"):
        activity(events().assign(block=1, period=1), by=by)


def test_bad_rows_are_an_error_or_a_note(tmp_path: Path) -> None:
    broken = events()
    broken["user"] = broken["user"].astype("Int64").mask(broken.index == 3)
    with pytest.raises(csm.MetricInputError, match="`user` must be present in every row"):
        activity(broken)
    made = activity(broken, on_bad_rows="report")
    assert made.excluded is not None
    assert made.excluded["rows"] == 1
    note = "Bad rows were left out: `user` is missing."
    assert made.notes == [note]
    made.save(tmp_path)
    more = events().assign(time=lambda f: f["time"].mask(f.index < 2))
    loaded = Activity.load(tmp_path).update(more, on_bad_rows="report")
    assert loaded.notes == [note, "Bad rows were left out: `time` is missing."]
    assert loaded.lifecycle().attrs["notes"] == loaded.notes
    both = made + activity(more, on_bad_rows="report")
    assert both.retention().excluded.frame["reason"].tolist() == ["`user` is missing"] + ["`time` is missing"] * 2


def test_how_it_looks() -> None:
    made = activity(events().assign(plan="<b>"), by="plan", freq="D")
    assert repr(made) == (
        f"Activity by D, plan: 30 users, 2025-12-10 to 2026-03-19, last event {events()['time'].max()}"
    )
    assert made._repr_html_() == f"<p>{made!r}</p>"
    assert (made.freq, made.by) == ("D", ["plan"])
