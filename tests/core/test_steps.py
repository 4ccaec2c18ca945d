"""Counting durations, which Kaplan-Meier is computed from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from csmetrics.core import _survival
from csmetrics.core._numeric import BLOCK
from csmetrics.core._survival import peak, steps


@pytest.mark.parametrize(
    ("durations", "expected"),
    [
        ([], 0),
        ([0], 0),
        ([3, 7, 1], 7),
        ([0.0], 0),
        ([0.25, 0.5], 0.5),
        ([1e308], 1e308),
        ([0, -1, 5], None),
        ([0.0, -0.5], None),
        ([0.5, -0.0], None),
        ([1.0, np.nan], None),
        ([1.0, np.inf], None),
        ([-np.inf], None),
        (np.array([200, 3], dtype=np.uint8), 200),
        (np.array([-1], dtype=np.int8), None),
    ],
)
def test_the_longest_unless_one_may_be_impossible(durations: Any, expected: float | None) -> None:
    assert peak(np.array(durations)) == expected


def count(durations: Any) -> tuple[Any, ...]:
    found = steps(np.array(durations), np.ones(len(durations), bool))
    return tuple(column.tolist() for column in found[:3])


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_few_different_days_need_no_sort(monkeypatch: pytest.MonkeyPatch, dtype: Any) -> None:
    """Durations up to 4,095 days, plus one day for every 16 rows, are counted without a sort."""
    monkeypatch.delattr(_survival, "_by_sort")
    assert count(np.array([4095], dtype)) == ([4095], [1], [0])
    assert count(np.array([4096] * 16, dtype)) == ([4096], [16], [0])
    assert count(np.array([4100] * 80, dtype)) == ([4100], [80], [0])


@pytest.mark.parametrize("durations", [[4096], [4096] * 15, [4097] * 16, [4101] * 80, [2**62 - 1], [0.5, 1.0]])
def test_far_apart_they_need_no_table(monkeypatch: pytest.MonkeyPatch, durations: list[float]) -> None:
    """A table would take memory for every day between them."""
    monkeypatch.delattr(_survival, "_by_day")
    times, reached, censored = count(durations)
    assert times == sorted(set(durations))
    assert (sum(reached), sum(censored)) == (len(durations), 0)


def test_a_fraction_anywhere_counts() -> None:
    durations = np.zeros(3 * BLOCK)
    durations[BLOCK + 5] = 0.5
    assert count(durations) == ([0.0, 0.5], [3 * BLOCK - 1, 1], [0, 0])


def test_the_kind_of_the_times() -> None:
    for durations, kind in (
        (np.array([2**62 - 1]), np.int64),
        (np.array([2**62]), np.float64),
        (np.array([3], dtype=np.uint8), np.int64),
        (np.array([3.0]), np.float64),
        (np.array([], dtype=np.int8), np.int64),
        (np.array([]), np.float64),
    ):
        found = steps(durations, np.ones(durations.size, bool))
        assert [column.dtype for column in found[:3]] == [kind, np.int64, np.int64]
        assert [column.size for column in found[:3]] == [durations.size] * 3
