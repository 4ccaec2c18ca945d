"""Masks of active periods against sets of pairs."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal

import csmetrics as csm
from csmetrics._frames import engine_masks, engines
from csmetrics.cohorts import _engine_masks, _mask_counts, _masks
from csmetrics.cohorts._ages import KINDS, Ages
from csmetrics.cohorts._mask_counts import Cohorts, lifecycle
from csmetrics.cohorts._masks import Masks, between, highest, lowest
from csmetrics.cohorts._rows import blocks

from ..drawn import drawn
from ..engine_frames import FRAMES, NAMES

GROUPS = 2


@st.composite
def events(draw: st.DrawFn) -> tuple[list[tuple[int, int]], int]:
    """Draw pairs of user and period, some twice, and the number of periods: one mask for a user, or several."""
    periods = draw(st.sampled_from([1, 7, 63, 64, 65, 130, 200]))
    pair = st.tuples(st.integers(0, 11), st.integers(0, periods - 1))
    return draw(st.lists(pair, max_size=60)), periods


def masks_of(pairs: list[tuple[int, int]], periods: int) -> Masks:
    unit, period = np.array(pairs, np.int64).reshape(-1, 2).T
    return Masks.mark(lambda some: (unit[some].copy(), period[some]), len(pairs), 12, periods)


def sets(pairs: list[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for unit, period in pairs:
        found[unit].add(period)
    return {unit: sorted(found[unit]) for unit in sorted(found)}


@given(drawn_events=events(), cells=st.sampled_from([100, 1 << 26]), rows=st.sampled_from([5, 1 << 17]))
@drawn(60)
def test_the_same_pairs_come_back(drawn_events: tuple[list[tuple[int, int]], int], cells: int, rows: int) -> None:
    pairs, periods = drawn_events
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_masks, "_CELLS", cells)  # with few, users are worked on in parts
        patch.setattr(blocks, "BLOCK", rows)
        masks = masks_of(pairs, periods)
    assert list(zip(*map(np.ndarray.tolist, masks.pairs()), strict=True)) == sorted(set(pairs))
    assert masks.users.tolist() == list(sets(pairs))
    assert masks.first().tolist() == [came[0] for came in sets(pairs).values()]
    assert masks.earliest() == min((came[0] for came in sets(pairs).values()), default=None)
    assert masks.last().tolist() == [came[-1] for came in sets(pairs).values()]
    again = Masks.gather(*(np.tile(part, 2)[::-1] for part in (masks.unit, masks.block, masks.bits)), masks.blocks)
    for one, other in ((again.unit, masks.unit), (again.block, masks.block), (again.bits, masks.bits)):
        assert one.tolist() == other.tolist()


@pytest.fixture
def many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count every few users as a part of their own."""
    monkeypatch.setattr(_mask_counts, "_cuts", lambda masks, _: masks.starts[::3])


def test_few_users_with_many_rows() -> None:
    """Most marks are set already, so they are looked at first."""
    rng = np.random.default_rng(1)
    user, period = rng.integers(0, 2, 400_000), np.sort(rng.integers(0, 5, 400_000))
    user[(period == 3) & (np.arange(400_000) < 319_000)] = 0
    got = Masks.mark(lambda some: (user[some].copy(), period[some]), 400_000, 2, 5)
    assert set(zip(*(found.tolist() for found in got.pairs()), strict=True)) == set(
        zip(user.tolist(), period.tolist(), strict=True)
    )


@pytest.mark.usefixtures("many_parts")
@given(drawn_events=events())
@drawn(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_users_of_each_period(drawn_events: tuple[list[tuple[int, int]], int]) -> None:
    pairs, periods = drawn_events
    masks = masks_of(pairs, periods)
    counts = masks.count(masks.unit % 3, 3)
    assert Counter({at: int(n) for at, n in np.ndenumerate(counts) if n}) == Counter((u % 3, p) for u, p in set(pairs))
    assert masks.count().tolist() == [counts.sum(axis=0).tolist()]
    found = lifecycle(masks, GROUPS)
    for group in range(GROUPS):
        users = [set(came) for unit, came in sets(pairs).items() if unit % GROUPS == group]
        for p in range(periods):
            assert found["active"][group, p] == sum(p in came for came in users)
            assert found["new_users"][group, p] == sum(p == min(came) for came in users)
            assert found["returning"][group, p] == sum({p, p - 1} <= came for came in users)


def test_no_batch_splits_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_masks, "_BATCH", 2)
    masks = masks_of([(user, period) for user in range(5) for period in range(0, 200, 50 + 20 * user)], 200)
    batches = [masks.unit[rows].tolist() for rows in masks.batches()]
    assert batches == [[0, 0, 0], [1, 1, 1], [2, 2, 2], [3, 3], [4, 4]]
    assert list(Masks.gather(masks.unit[:0], masks.block[:0], masks.bits[:0], 1).batches()) == []


def test_more_users_than_a_byte_counts() -> None:
    users = np.arange(1000)
    masks = Masks.mark(lambda some: (users[some], users[some] % 3), 1000, 1000, 3)
    assert masks.count()[0, :3].tolist() == [334, 333, 333]


def test_the_earliest_period_may_be_that_of_a_later_user() -> None:
    assert masks_of([(0, 130), (0, 190), (1, 2), (1, 1), (2, 64)], 200).earliest() == 1


def test_every_single_bit() -> None:
    bits = np.uint64(1) << np.arange(64, dtype=np.uint64)
    assert lowest(bits).tolist() == highest(bits).tolist() == list(range(64))
    below = (bits - np.uint64(1)) | bits  # all bits up to this one
    assert highest(below).tolist() == list(range(64))
    assert lowest(below).tolist() == [0] * 64
    assert lowest(~(bits - np.uint64(1))).tolist() == list(range(64))


@pytest.mark.parametrize(("low", "high"), [(0, 63), (5, 9), (60, 70), (-3, 2), (63, 64), (64, 127), (130, 140), (8, 7)])
def test_masks_of_a_range(low: int, high: int) -> None:
    bits = between(np.array([low, low]), np.array([high, high]), np.array([0, 1]))
    wanted = [
        sum(1 << p - 64 * block for p in range(64 * block, 64 * block + 64) if low <= p <= high) for block in (0, 1)
    ]
    assert bits.tolist() == wanted


@pytest.mark.usefixtures("many_parts")
@given(
    begun=events(),
    seed=st.randoms(use_true_random=False),
    one=st.booleans(),
    recurring=st.booleans(),
    kind=st.sampled_from(KINDS),
    brackets=st.none() | st.lists(st.integers(1, 70), min_size=1, max_size=4),
    horizon=st.none() | st.integers(1, 90),
    zero=st.booleans(),
)
@drawn(150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cohorts_by_age(
    begun: Any, seed: Any, one: bool, recurring: bool, kind: str, brackets: Any, horizon: Any, zero: bool
) -> None:
    pairs, periods = begun
    if not pairs:
        return
    back = pairs if one else [(seed.randrange(12), seed.randrange(periods)) for _ in range(30)]
    starts = masks_of(pairs, periods)
    first = int(starts.first().min())
    ages = Ages.make(kind, brackets, horizon if kind == "on_or_after" else None, zero, periods - first)
    cohorts = Cohorts(starts, starts if one else masks_of(back, periods), recurring, GROUPS, first, periods - first)
    sizes, cells = np.zeros((GROUPS, periods - first), int), np.zeros((GROUPS, periods - first, len(ages.labels)), int)
    came = sets(back)
    for unit, started in sets(pairs).items():
        for cohort in started if recurring else started[:1]:
            sizes[unit % GROUPS, cohort - first] += 1
            columns = [ages.column[p - cohort] for p in came.get(unit, []) if p >= cohort]
            columns = [int(column) for column in columns if column >= 0]
            chosen = {"on": columns, "on_or_after": columns[-1:], "on_or_before": columns[:1]}[kind]
            for column in set(chosen):
                cells[unit % GROUPS, cohort - first, column] += 1
    assert cohorts.sizes().tolist() == sizes.tolist()
    assert cohorts.cells(ages).tolist() == cells.tolist()


@given(seed=st.integers(0, 2**32 - 1), data=st.data())
@drawn(60)
def test_masks_and_sorted_rows_agree(seed: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    rows, days = data.draw(st.sampled_from([1, 30, 300])), data.draw(st.sampled_from([20, 500]))
    events = pd.DataFrame(
        {
            "user": rng.integers(0, data.draw(st.sampled_from([3, 40])), rows) + 10**6,
            "time": pd.Timestamp("2024-01-20") + pd.to_timedelta(rng.integers(0, days * 86_400, rows), unit="s"),
            "event": rng.choice(["open", "buy"], rows),
            "plan": rng.choice(["a", "b"], rows),
        }
    )
    freq = data.draw(st.sampled_from("DWMQ"))
    options = {
        "kind": data.draw(st.sampled_from(KINDS)),
        "cohort": data.draw(st.sampled_from(["first", "recurring"])),
        "brackets": data.draw(st.none() | st.lists(st.integers(1, 40), min_size=1, max_size=4)),
        "by": data.draw(st.sampled_from([None, "plan"])),
        "freq": freq,
        "as_of": data.draw(st.sampled_from([None, "2024-02-10", "2025-09-30"])),
    }
    if data.draw(st.booleans()) and rows > 1:
        options |= {"start_event": events["event"][events["time"].argmin()], "return_event": ["buy"]}
    if options["kind"] == "on_or_after":
        options["horizon"] = data.draw(st.integers(1, 90))

    def both(build: Any) -> list[Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_masks, "_SPARSE", 1 << 20)
            found = [build()]
            patch.setattr(_masks, "_SPARSE", 0)  # so that all rows are sorted
            return [*found, build()]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", csm.CohortWarning)  # a return event that no row has
        masked, by_rows = both(lambda: csm.cohorts.retention(events, **options))
    assert_frame_equal(masked.counts, by_rows.counts)
    assert_frame_equal(masked.state, by_rows.state)
    assert_series_equal(masked.sizes, by_rows.sizes)
    assert_series_equal(masked.members, by_rows.members)
    plain = {name: options[name] for name in ("freq", "by", "as_of")}
    assert_frame_equal(*both(lambda: csm.cohorts.lifecycle(events, **plain)))


OPTIONS: list[dict[str, Any]] = [
    {"start_event": "open", "return_event": ["buy", "open"]},
    {"freq": "W", "kind": "on_or_after", "horizon": 4, "by": "plan"},
    {"kind": "on_or_before", "brackets": [2, 5], "start_event": "open", "return_event": "buy"},
    {"freq": "Q", "cohort": "recurring", "by": "plan", "as_of": "2024-09-15"},
    {"freq": "D", "age_zero": "returned"},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("engine", NAMES)
def test_masks_and_rows_of_an_engine_agree(engine: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(7)
    time = pd.Timestamp("2024-01-20") + pd.to_timedelta(rng.integers(0, 200 * 86_400, 300), unit="s")
    names = {"event": rng.choice(["open", "buy"], 300), "plan": rng.choice(["a", "b"], 300)}
    events = pd.DataFrame({"user": rng.integers(0, 40, 300), "time": time, **names})
    frame = FRAMES[engine](events)
    with_masks: list[bool] = []

    def watch(*given: Any) -> Any:
        with_masks.append((answer := engine_masks.count_users(*given)) is not None)
        return answer

    def build(rows: Any) -> list[Any]:
        grid = csm.cohorts.retention(rows, **options)
        stages = csm.cohorts.lifecycle(rows, freq=options.get("freq", "M"))
        return [grid.counts, grid.state, grid.members.to_frame(), stages]

    expected = build(events)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_engine_masks, "count_users", watch)
        found = build(frame)
        patch.setattr(_engine_masks, "count_users", lambda *given: None)
        found += build(frame) if engine not in ("pyspark", "dask") else []  # they take long, even for a few rows
    for one, other in zip(found, expected * 2, strict=False):
        assert_frame_equal(one, other)
    assert with_masks == [engine not in ("pyarrow", "dask")] * 2


@pytest.mark.parametrize("engine", NAMES)
def test_users_may_be_the_groups(engine: str) -> None:
    times = pd.to_datetime(["2026-01-05", "2026-01-20", "2026-02-03", "2026-03-10"])
    events = pd.DataFrame({"user": ["ann", "bob", "ann", "cid"], "time": times})
    frame = FRAMES[engine](events)
    for build in (
        lambda rows: csm.cohorts.retention(rows, by="user", as_of="2026-03-31").counts,
        lambda rows: csm.cohorts.retention(rows, by="user", window="elapsed", as_of="2026-03-31").counts,
        lambda rows: csm.cohorts.lifecycle(rows, by="user"),
        lambda rows: csm.cohorts.active_users(rows, by="user", wau=2, mau=3),
    ):
        assert_frame_equal(build(frame), build(events))


def some_events(zone: str | None) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    time = pd.Timestamp("2024-01-20") + pd.to_timedelta(rng.integers(0, 200 * 86_400, 300), unit="s")
    columns = {"time": time.tz_localize(zone), "plan": rng.choice(["a", "b"], 300)}
    return pd.DataFrame({"user": rng.integers(0, 40, 300).astype(float), **columns})


ONCE = [
    ("polars", None),
    ("polars", "America/New_York"),
    ("duckdb", None),
    ("duckdb", "UTC"),  # its session's zone
]


@pytest.mark.parametrize(("engine", "zone"), ONCE)
def test_an_engine_reads_the_rows_once(engine: str, zone: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    events = some_events(zone)
    queries: list[int] = []
    collect = engines.collect

    def counted(frame: Any) -> pd.DataFrame:
        queries.append(len(out := collect(frame)))
        return out

    monkeypatch.setattr(engines, "collect", counted)
    monkeypatch.setattr(_engine_masks, "_SAMPLE", 5)  # the others may be from any time
    for as_of in ("2024-06-30", "2026-12-31"):  # many events are later than the one; none is in the months of the other
        for options in ({}, {"by": "plan"}, {"age_zero": "returned"}):
            frame = FRAMES[engine](events)
            queries.clear()
            grid = csm.cohorts.retention(frame, as_of=as_of, **options)
            assert len(queries) == 2, "a few rows, and the counts"
            expected = csm.cohorts.retention(events, as_of=as_of, **options)
            assert_frame_equal(grid.counts, expected.counts)
            assert_series_equal(grid.members, expected.members)
        queries.clear()
        stages = csm.cohorts.lifecycle(FRAMES[engine](events), as_of=as_of, by="plan")
        assert len(queries) == 2
        assert_frame_equal(stages, csm.cohorts.lifecycle(events, as_of=as_of, by="plan"))


@pytest.mark.parametrize(
    "engine", ["polars", "duckdb", *(pytest.param(name, marks=pytest.mark.full) for name in ("ibis", "pyspark"))]
)
def test_rows_that_the_first_ones_do_not_show(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine_masks, "_SAMPLE", 5)
    as_of = "2024-09-30"
    for months in (12, 13, 14, 62):  # six months before the first ones: counted together, and no longer
        events = some_events(None)
        events.loc[299, "time"] = pd.Timestamp("2024-09-30") - pd.DateOffset(months=months)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", csm.CohortWarning)  # a date far from all others
            for build in (csm.cohorts.retention, csm.cohorts.lifecycle):
                got, expected = (build(rows, as_of=as_of) for rows in (FRAMES[engine](events), events))
                if build is csm.cohorts.retention:
                    got, expected = got.counts, expected.counts
                assert_frame_equal(got, expected)
    for column in ("user", "time"):
        events = some_events(None)
        events.loc[299, column] = None
        with pytest.raises(csm.MetricInputError, match=f"1 of 300 rows break a rule.*|{column}.*missing"):
            csm.cohorts.retention(FRAMES[engine](events), as_of=as_of)
