"""Text numbered by its hash: the same numbers for the same text, and for no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics._frames.kinds import BLANKS, blank
from csmetrics.cohorts._rows import blocks, text_ids
from csmetrics.cohorts._rows.text_ids import number_text

from ..drawn import drawn

pa = pytest.importorskip("pyarrow")
ALIKE = st.integers(0, 20).flatmap(lambda size: st.lists(st.text("ab", min_size=size, max_size=size), min_size=1))
TEXT = st.text("a\0é0", max_size=20) | st.sampled_from(["", "user-0000001", "user-0000002", "x" * 64])


@pytest.fixture(autouse=True)
def few() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_ids, "_MANY", 1)
        yield


def column(values: list[str], kind: Any = "large_string") -> Any:
    half = len(values) // 2
    chunks = [pa.array(["before", *values[:half]], kind)[1:], pa.array(values[half:], kind)]
    return pd.Series(pd.array(pa.chunked_array(chunks), dtype=pd.ArrowDtype(chunks[0].type)))


def assert_numbered(series: Any, values: list[str]) -> None:
    found = number_text(series)
    assert found is not None
    codes, size = found
    pairs = set(zip(values, codes.tolist(), strict=True))
    assert len(pairs) == len({text for text, _ in pairs}) == len({code for _, code in pairs})
    assert 0 <= codes.min() <= codes.max() < size


@given(
    values=st.lists(TEXT, min_size=1, max_size=80) | ALIKE,
    kind=st.sampled_from(["string", "large_string"]),
    part=st.sampled_from([1, 20, 100]),
    shared=st.sampled_from([1, 4, 100]),
)
@drawn(80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_number_for_each_text(values: list[str], kind: str, part: int, shared: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_ids, "_PART", part)
        patch.setattr(text_ids, "_SHARED", shared)  # with few places, many hashes find another's mark
        patch.setattr(blocks, "BLOCK", 7)
        assert_numbered(column(values, kind), values)


def test_the_text_of_pandas() -> None:
    values = [f"user-{n % 5000:05d}" for n in range(20_000)]
    series = pd.Series(values, dtype="string[pyarrow]")
    assert_numbered(series, values)
    assert_numbered(series.iloc[::3], values[::3])


def test_both_hashes_tell_texts_apart() -> None:
    for values in ([f"user-{n:07d}" for n in range(20_000)], [f"{n}@example.com" for n in range(20_000)]):
        [(_, content, offsets)] = text_ids._pieces(pa.array(values)) or []
        hashes = text_ids._hashes(content, offsets.astype(np.int64))
        assert hashes is not None
        first, second = (len(np.unique(one)) for one in hashes)
        assert first == 20_000
        assert second > 19_990  # of 32 bits: two of so many texts may share one


def test_what_is_not_hashed() -> None:
    assert number_text(column(["x" * 65, "y"])) is None
    assert number_text(pd.Series(["a", None], dtype="string[pyarrow]")) is None
    assert number_text(pd.Series(["a", "b"], dtype=object)) is None
    assert number_text(pd.Series(["a", "b"], dtype="string[python]")) is None
    assert number_text(pd.Series(["a", "b"], dtype="category")) is None


@pytest.mark.parametrize("missing", [*BLANKS, None])
def test_a_blank_text_is_found_among_long_ones(missing: str | None) -> None:
    values = pd.Series(["user-1", missing, "user-2"])
    for dtype in ("string[pyarrow]", pd.ArrowDtype(pa.string()), pd.ArrowDtype(pa.large_string())):
        assert blank(values.astype(dtype)).tolist() == [False, True, False]
        assert not blank(values.astype(dtype)[[0, 2]]).any()
        assert blank(pd.Series([missing], dtype=dtype)).all()


def test_two_texts_with_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    users = pd.array(["ann", "bob", "cid", "bob"], dtype="string[pyarrow]")
    events = pd.DataFrame(
        {"user": users, "time": pd.to_datetime(["2026-01-05", "2026-01-06", "2026-01-07", "2026-02-01"])}
    )
    one, two = np.array([7, 7, 9, 7], np.uint64), np.array([1, 2, 3, 2], np.uint32)
    monkeypatch.setattr(text_ids, "_hashes", lambda content, bounds: (one, two))
    assert number_text(events["user"]) is None
    assert csm.cohorts.retention(events, as_of="2026-02-28").sizes.tolist() == [3, 0]
