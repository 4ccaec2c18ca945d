"""Group sums, compared with pandas and with plain Python."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csmetrics._frames import groups

from ..drawn import drawn

KEYS = {
    "categorical": lambda n, rng: pd.Series(
        pd.Categorical.from_codes(rng.integers(0, 3, n), ["x", "unused", "a", "m"])
    ),
    "ordered": lambda n, rng: pd.Series(
        pd.Categorical.from_codes(rng.integers(0, 3, n), ["hi", "mid", "lo"], ordered=True)
    ),
    "dense int": lambda n, rng: pd.Series(rng.integers(-5, 5, n)),
    "small int": lambda n, rng: pd.Series(rng.integers(-120, 120, n).astype(np.int8)),
    "sparse int": lambda n, rng: pd.Series(rng.choice([-(10**15), 0, 7, 10**15], n)),
    "unsigned": lambda n, rng: pd.Series(rng.choice(np.array([0, 2**63, 2**64 - 1], np.uint64), n)),
    "float": lambda n, rng: pd.Series(rng.choice([1.5, -2.5, 0.0], n)),
    "bool": lambda n, rng: pd.Series(rng.integers(0, 2, n).astype(bool)),
    "text": lambda n, rng: pd.Series(rng.choice(["pro", "free", "Team"], n)),
    "object text": lambda n, rng: pd.Series(rng.choice(["pro", "free", "Team"], n)).astype(object),
    "arrow text": lambda n, rng: pd.Series(rng.choice(["pro", "free", "Team"], n)).astype("string[pyarrow]"),
    "month": lambda n, rng: pd.Series(pd.PeriodIndex.from_ordinals(rng.integers(600, 605, n), freq="M")),
    "date": lambda n, rng: pd.Series(pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 4, n), unit="D")),
    "zoned": lambda n, rng: pd.Series(pd.date_range("2026-03-28", periods=3, tz="Europe/Berlin")).sample(
        n, replace=True, random_state=1, ignore_index=True
    ),
}


def frame(n: int = 500) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    rng = np.random.default_rng(7)
    keys = pd.DataFrame({name: make(n, rng) for name, make in KEYS.items()})
    return keys, {
        "whole": rng.integers(-1000, 1000, n),
        "part": rng.random(n),
        "small": rng.integers(0, 9, n).astype(np.int8),
    }


@pytest.mark.parametrize(
    "by", [[k] for k in KEYS] + [["text", "month"], ["categorical", "dense int", "bool"], ["sparse int", "date"]]
)
@pytest.mark.parametrize("block", [groups.BLOCK, 7])
def test_group_sums_equal_pandas(by: list[str], block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "BLOCK", block)
    keys, columns = frame()
    index, (totals, _) = groups.group_sums([keys[k] for k in by], columns)
    expected = pd.concat([keys[by], pd.DataFrame(columns)], axis=1).groupby(by, observed=True).sum()
    if by == ["object text"]:  # pandas 3 turns them into str labels
        expected.index = expected.index.astype(object)
    pd.testing.assert_index_equal(index, expected.index, exact="equiv")
    assert totals["whole"].dtype == totals["small"].dtype == np.int64
    np.testing.assert_array_equal(totals["whole"], expected["whole"])
    np.testing.assert_array_equal(totals["small"], expected["small"])
    np.testing.assert_allclose(totals["part"], expected["part"], rtol=1e-13)


def test_far_more_combinations_than_rows() -> None:
    rng = np.random.default_rng(3)
    keys = pd.DataFrame({k: rng.integers(0, 3000, 4000) for k in "abc"})
    values = rng.integers(0, 100, 4000)
    index, (totals, _) = groups.group_sums([keys[k] for k in "abc"], {"v": values})
    expected = keys.assign(v=values).groupby(["a", "b", "c"]).v.sum()
    pd.testing.assert_index_equal(index, expected.index)
    np.testing.assert_array_equal(totals["v"], expected)


@pytest.mark.parametrize("kind", ["object", "string", "category", "Int64", "datetime64[ns]", "period[M]"])
def test_missing_keys_are_a_group_of_their_own(kind: str) -> None:
    values = {"Int64": [2, None, 1, None], "datetime64[ns]": ["2026-02-01", None, "2026-01-01", None]}
    keys = pd.Series(values.get(kind, values["datetime64[ns]"] if kind == "period[M]" else ["b", None, "a", None]))
    keys = pd.PeriodIndex(keys, freq="M").to_series(index=keys.index) if kind == "period[M]" else keys.astype(kind)
    index, (totals, _) = groups.group_sums([keys.rename("key")], {"v": np.array([1, 2, 4, 8])})
    assert totals["v"].tolist() == [4, 1, 10]
    assert index.isna().tolist() == [False, False, True]


@pytest.mark.parametrize("kind", ["string[pyarrow]", "date32[pyarrow]", "double[pyarrow]", "timestamp[us][pyarrow]"])
@pytest.mark.parametrize("rows", [0, 3])
def test_arrow_keys(kind: str, rows: int) -> None:
    keys = pd.Series([20_000, None, 20_000], dtype="int32[pyarrow]").iloc[:rows]
    keys = keys.astype("date32[pyarrow]").astype(kind) if kind != "double[pyarrow]" else keys.astype(kind)
    index, (totals, _) = groups.group_sums([keys], {"v": np.array([1, 2, 4])[:rows]})
    assert totals["v"].tolist() == ([5, 2] if rows else [])
    assert index.isna().tolist() == ([False, True] if rows else [])


def test_arrow_categories_with_a_missing_one() -> None:
    import pyarrow as pa

    coded = pa.array(["b", None, "a", "b"]).dictionary_encode()
    keys = pd.Series(coded.to_pandas()).astype(pd.ArrowDtype(coded.type))
    index, (totals, _) = groups.group_sums([keys], {"v": np.array([1, 2, 4, 8])})
    assert totals["v"].tolist() == [4, 9, 2]
    assert index[:2].tolist() == ["a", "b"]


def test_arrow_floats_have_one_group_of_missing() -> None:
    import pyarrow as pa

    keys = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array([1.5, None, float("nan"), 1.5])])))
    _, (totals, _) = groups.group_sums([keys], {"v": np.array([1, 2, 4, 8])})
    assert totals["v"].tolist() == [9, 6]


def test_missing_values_make_their_group_missing() -> None:
    _, (totals, _) = groups.group_sums([pd.Series(["a", "a", "b"])], {"v": np.array([1.0, np.nan, 2.0])})
    np.testing.assert_array_equal(totals["v"], [np.nan, 2.0])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-(2**62), 2**62)), min_size=1, max_size=40))
@drawn(200)
def test_integers_stay_exact(rows: list[tuple[int, int]]) -> None:
    codes, values = (np.array(column) for column in zip(*rows, strict=True))
    index, (totals, _) = groups.group_sums([pd.Series(codes)], {"v": values})
    expected = {int(c): sum(int(v) for k, v in rows if k == c) for c in sorted(set(codes))}
    assert dict(zip(index.tolist(), [int(t) for t in totals["v"]], strict=True)) == expected
    assert groups.total_sums({"v": values}).totals == {"v": sum(expected.values())}


def test_integer_sums_past_float64_are_exact() -> None:
    values = np.array([2**53, 1, 1, -(2**53)])
    _, (totals, _) = groups.group_sums([pd.Series([0, 0, 0, 1])], {"v": values})
    assert totals["v"].tolist() == [2**53 + 2, -(2**53)]


def test_nothing_in_nothing_out() -> None:
    for keys in (pd.Series([], dtype=np.int64), pd.Series([], dtype=object), pd.Series([], dtype="category")):
        index, (totals, _) = groups.group_sums([keys], {"v": np.array([], dtype=np.int64)})
        assert len(index) == len(totals["v"]) == 0
    assert groups.total_sums({"v": np.array([], dtype=np.int64)}) == ({"v": 0}, {"v": 0.0})


def test_values_below_0_are_told() -> None:
    columns = {"ok": np.array([1, 2]), "whole": np.array([5, -3], np.int8), "part": np.array([np.nan, -0.5])}
    for sums in (groups.group_sums([pd.Series([0, 0])], columns)[1], groups.total_sums(columns)):
        assert sums.least == {"ok": 0, "whole": -3, "part": -0.5}


@pytest.mark.parametrize("by", [["text"], ["categorical", "bool"], ["dense int"]])
def test_group_rows_are_the_rows_of_each_group(by: list[str]) -> None:
    keys, _ = frame(60)
    index, rows = groups.group_rows([keys[k] for k in by])
    expected = keys.assign(place=np.arange(60)).groupby(by if len(by) > 1 else by[0], observed=True).place
    assert {label: sorted(at) for label, at in zip(index, rows, strict=True)} == {g: list(v) for g, v in expected}
    assert index.equals(expected.size().index)


def test_a_group_that_comes_late_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "BLOCK", 4)
    index, places = groups.group_numbers([pd.Series([2] * 9 + [1, 2], name="arm")])
    assert index.tolist() == [1, 2]
    assert places.tolist() == [1] * 9 + [0, 1]
