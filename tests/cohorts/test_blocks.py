"""Blocks of rows worked on side by side: the same figures with any number of threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import csmetrics as csm
from csmetrics.cohorts import _masks
from csmetrics.cohorts._rows import blocks, text_ids


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Cut even a few rows into blocks, and give each thread one."""
    monkeypatch.setattr(blocks, "BLOCK", 97)
    monkeypatch.setattr(blocks, "_ROWS", 1)
    return monkeypatch


def test_steps_run_side_by_side_and_keep_their_order(small: pytest.MonkeyPatch) -> None:
    small.setattr(blocks, "threads", lambda: 2)
    both, before = threading.Barrier(2, timeout=60), threading.active_count()

    def step(item: int) -> tuple[int, int]:
        both.wait()  # a single thread would wait here for the other one until it gives up
        return item, threading.get_ident()

    found = blocks.each(step, range(8), rows=1000)
    assert [item for item, _ in found] == list(range(8))
    assert len({thread for _, thread in found}) == 2
    assert threading.active_count() == before


def test_few_rows_start_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "threads", lambda: 4)
    used = blocks.each(lambda _: threading.get_ident(), range(8), rows=1000)
    assert set(used) == {threading.get_ident()}


@pytest.mark.parametrize("count", [1, 4])
def test_the_first_error_comes_through(small: pytest.MonkeyPatch, count: int) -> None:
    small.setattr(blocks, "threads", lambda: count)
    before = threading.active_count()

    def step(some: slice) -> None:
        if some.start >= 2 * 97:
            raise ValueError(f"block {some.start}")

    with pytest.raises(ValueError, match=r"^block 194$"):
        blocks.each_block(step, 1000)
    assert threading.active_count() == before


def test_of_two_errors_that_of_the_earlier_block_comes_through(small: pytest.MonkeyPatch) -> None:
    small.setattr(blocks, "threads", lambda: 2)
    both, later = threading.Barrier(2, timeout=60), threading.Event()

    def step(item: int) -> None:
        both.wait()
        if item == 0:
            later.wait(60)
        try:
            raise ValueError(f"item {item}")
        finally:
            later.set()

    with pytest.raises(ValueError, match="item 0"):
        blocks.each(step, range(2), rows=1000)


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_made_ahead_comes_in_order_and_ends_with_its_error(small: pytest.MonkeyPatch, count: int) -> None:
    small.setattr(blocks, "threads", lambda: count)
    before, asked = threading.active_count(), []

    def items() -> Iterator[int]:
        for item in range(20):
            asked.append(item)
            yield item

    made = blocks.ahead(lambda item: 10 // (12 - item), items())
    assert [next(made) for _ in range(5)] == [10 // (12 - item) for item in range(5)]
    assert len(asked) <= 5 + count, "no more than a few are read ahead"
    with pytest.raises(ZeroDivisionError):
        list(made)
    assert threading.active_count() == before


@pytest.mark.parametrize("count", [1, 3])
def test_values_are_picked_in_the_order_of_their_positions(small: pytest.MonkeyPatch, count: int) -> None:
    small.setattr(blocks, "threads", lambda: count)
    values, rows = np.arange(500, dtype=np.uint64) * 3, np.random.default_rng(0).integers(0, 500, 1000)
    np.testing.assert_array_equal(blocks.picked(values, rows), values[rows], strict=True)


@pytest.mark.parametrize("rows", [0, 1, 96, 97, 98, 500])
def test_blocks_cover_every_row_once(small: pytest.MonkeyPatch, rows: int) -> None:
    assert np.concatenate([np.arange(rows)[at] for at in blocks.blocks(rows)] or [[]]).tolist() == list(range(rows))


def test_span_is_that_of_all_blocks(small: pytest.MonkeyPatch) -> None:
    values = np.zeros(500, np.int64)
    values[[200, 400]] = -7, 9
    assert blocks.span(values) == blocks.span(values[::-1]) == (-7, 9)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("size", [0, 1, 2, 1001])
def test_parts_are_sorted_as_the_whole(small: pytest.MonkeyPatch, count: int, size: int) -> None:
    small.setattr(blocks, "threads", lambda: count)
    values = np.random.default_rng(count).integers(0, 300, size)
    expected = sorted(values.tolist())
    blocks.sort(values)
    assert values.tolist() == expected


@pytest.mark.parametrize(
    ("own", "usual", "allowed"),
    [("", "", 8), ("3", "", 3), ("", "2", 2), ("3", "2", 2), ("99", "", 8), ("", "4,2", 4), ("0", "many", 8)],
)
def test_the_variables_bound_the_threads(monkeypatch: pytest.MonkeyPatch, own: str, usual: str, allowed: int) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setenv("CSMETRICS_MAX_THREADS", own)
    monkeypatch.setenv("OMP_NUM_THREADS", usual)
    assert blocks.threads() == allowed


def test_no_thread_starts_while_python_ends(small: pytest.MonkeyPatch) -> None:
    ended = threading.Thread()
    small.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    small.setattr(threading, "main_thread", lambda: ended)
    used = blocks.each(lambda _: threading.get_ident(), range(8), rows=1000)
    assert set(used) == {threading.get_ident()}


def figures(events: pd.DataFrame) -> list[pd.DataFrame]:
    """Compute what counts users: from masks and from sorted rows, and amounts that floats only come near to."""
    found = [csm.cohorts.retention(events, kind="on_or_after", horizon=3, by="plan").counts]
    found.append(csm.cohorts.retention(events, freq="W", start_event="open", cohort="recurring").counts)
    found.append(csm.cohorts.retention(events, freq="h", as_of="2026-01-03").counts)
    found.append(csm.cohorts.retention(events, value="amount").counts)
    found.append(csm.cohorts.lifecycle(events, freq="D"))
    found.append(csm.cohorts.active_users(events, wau=7, mau=28))
    found.append(csm.cohorts.activity(events).lifecycle())
    return found


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("cells", [1 << 12, 1 << 27])
def test_figures_do_not_depend_on_threads(small: pytest.MonkeyPatch, text: bool, cells: int) -> None:
    rng = np.random.default_rng(3)
    user = rng.integers(0, 300, 3000)
    if text:
        pytest.importorskip("pyarrow")
        small.setattr(text_ids, "_MANY", 1)
        small.setattr(text_ids, "_PART", 500)
    small.setattr(_masks, "_CELLS", cells)  # with few, users are worked on in parts
    events = pd.DataFrame(
        {
            "user": pd.array([f"user-{one}" for one in user], dtype="string[pyarrow]") if text else user,
            "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 200 * 86_400, 3000), unit="s"),
            "event": rng.choice(["open", "buy"], 3000),
            "plan": rng.choice(["a", "b"], 3000),
            "amount": rng.random(3000) * 10.0 ** rng.integers(-9, 9, 3000),
        }
    )
    found: dict[int, Any] = {}
    for count in (1, 2, 4):
        small.setattr(blocks, "threads", lambda count=count: count)
        found[count] = figures(events)
    for count in (2, 4):
        for one, other in zip(found[1], found[count], strict=True):
            assert_frame_equal(one, other, check_exact=True)
