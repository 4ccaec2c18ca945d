"""Sums by group, the only place where pandas columns are added up: `np.add.at` on blocks of integer codes.

Rows are read once, a block at a time. A block's codes and weights stay in the processor's cache, so a sum costs little
more than reading its column, and no copy of a column is made. Integer columns stay integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics.core._numeric import BLOCK
from csmetrics.errors import MetricInputError, shown

_INFINITY = int(np.array(np.inf).view(np.uint64))


class Key(NamedTuple):
    """One grouping column as integer codes."""

    values: Any  # an integer array
    offset: int  # codes are values - offset
    size: int  # codes are 0 .. size - 1
    rank: Any  # the position of each code's label in sorted order; None if the codes are in order
    labels: Callable[[Any], pd.Index[Any]]  # turns codes into their labels


class Sums(NamedTuple):
    """Totals of columns, and the lowest value of each column if that is below 0."""

    totals: dict[Any, Any]
    least: dict[Any, float]


def group_sums(keys: Sequence[pd.Series[Any]], columns: dict[Any, Any]) -> tuple[pd.Index[Any], Sums]:
    """Sum columns by group.

    Parameters
    ----------
    keys
        One or more grouping columns of the same length. Missing keys form a group of their own.
    columns
        Numeric arrays of that length.

    Returns
    -------
    index : Index or MultiIndex
        The groups that occur, sorted (categories in their order).
    sums : Sums
        One total per group: int64 for integers (object beyond 2**63), else float64, with NaN where a row is missing.
    """
    grouping = Grouping(keys)
    sums = grouping.sums(columns)
    return grouping.index, sums


class Grouping:
    """Rows grouped by keys, which are coded once, however often columns are summed or rows are looked up."""

    def __init__(self, keys: Sequence[pd.Series[Any]]) -> None:
        self._keys, self._rows = keys, len(keys[0])
        self._coded = self._grid = [key(series) for series in keys]
        self._size = int(np.prod([k.size for k in self._coded], dtype=object))
        self._found: list[Any] | None = None
        if self._size > 4 * self._rows + BLOCK:  # far more combinations than rows: number only those that occur
            numbers, self._found = _combinations(self._coded)
            self._size = len(self._found[0])
            self._grid = [Key(numbers, 0, self._size, None, pd.Index)]
        self._seen: Any = None  # the codes that occur, once a sum has passed over the rows

    def sums(self, columns: dict[Any, Any]) -> Sums:
        """Sum columns by group, in the order of the index."""
        size = self._size
        step = max(BLOCK, 4 * size)
        seen = np.zeros(size, bool) if self._seen is None else self._seen
        sums = {name: _Sum(values, size) for name, values in columns.items()}
        blocks = [slice(at, at + step) for at in range(0, self._rows, step)]
        with np.errstate(over="ignore", invalid="ignore"):  # the formula rejects an infinite sum
            for block in blocks:
                codes = _codes(self._grid, block)
                if self._seen is None and not seen.all():
                    seen |= np.bincount(codes, minlength=size) > 0
                for running in sums.values():
                    running.add(codes, block)
        for running in sums.values():
            if running.again():
                for block in blocks:
                    running.add(_codes(self._grid, block), block)
        self._seen = seen
        groups = self._groups
        totals = {name: running.values[groups] for name, running in sums.items()}
        return Sums(totals, {name: running.least for name, running in sums.items()})

    @cached_property
    def index(self) -> pd.Index[Any]:
        """The groups that occur, sorted (categories in their order)."""
        return self._index[0]

    def rows(self, at: int) -> Any:
        """Return the positions of the rows of a group."""
        return np.flatnonzero(_codes(self._grid, slice(None)) == self._groups[at])

    @cached_property
    def _groups(self) -> Any:
        """The codes of the groups, in the order of the index."""
        return np.flatnonzero(self._seen)[self._index[1]]

    @cached_property
    def _index(self) -> tuple[pd.Index[Any], Any]:
        if self._seen is None:
            self.sums({})
        groups, sizes = np.flatnonzero(self._seen), [k.size for k in self._coded]
        parts = np.unravel_index(groups, sizes) if self._found is None else [codes[groups] for codes in self._found]
        return _index(self._keys, self._coded, parts)


def group_numbers(keys: Sequence[pd.Series[Any]]) -> tuple[pd.Index[Any], Any]:
    """Return the groups that occur, sorted, and the position of each row's group among them."""
    coded = [key(series) for series in keys]
    numbers, found = _combinations(coded)
    groups = _occurring(numbers, len(found[0]))
    index, order = _index(keys, coded, [codes[groups] for codes in found])
    places = np.zeros(len(found[0]), np.intp)
    places[groups[order]] = np.arange(groups.size)
    in_order = groups.size == places.size and bool((places[1:] > places[:-1]).all())
    return index, numbers if in_order else places[numbers]


def _occurring(numbers: Any, count: int) -> Any:
    """Return which of the numbers below `count` occur, looking no further once all have been seen."""
    seen = np.zeros(count, bool)
    for at in range(0, numbers.size, BLOCK):
        seen[numbers[at : at + BLOCK]] = True
        if count < BLOCK and seen.all():
            break
    return np.flatnonzero(seen)


def group_rows(keys: Sequence[pd.Series[Any]]) -> tuple[pd.Index[Any], list[Any]]:
    """Return the groups that occur, sorted, and the positions of the rows in each, for anything but sums."""
    index, places = group_numbers(keys)
    return index, rows_of(places, len(index))


def rows_of(places: Any, groups: int) -> list[Any]:
    """Return the positions of the rows in each group, from each row's group; small numbers sort in one pass."""
    counts = np.bincount(places, minlength=groups)
    order = np.argsort(places.astype(np.min_scalar_type(groups)), kind="stable")
    return np.split(order, np.cumsum(counts)[:-1])[:groups]  # without groups, it has one part all the same


def total_sums(columns: dict[Any, Any]) -> Sums:
    """Sum whole columns: flags and integers exactly, to an int; others to a float, NaN where a row is missing."""
    totals: dict[Any, Any] = {}
    least: dict[Any, float] = {}
    for name, values in columns.items():
        if values.dtype.kind == "b":
            totals[name], least[name] = int(np.count_nonzero(values)), 0.0
        elif values.dtype.kind in "iu":
            low, high = int(values.min(initial=0)), int(values.max(initial=0))
            safe = max(-low, high) * values.size < 2**63
            totals[name], least[name] = int(values.sum(dtype=np.int64)) if safe else sum(values.tolist()), float(low)
        else:
            with np.errstate(over="ignore", invalid="ignore"):
                exact = values.dtype == object
                totals[name] = sum(values.tolist()) if exact else float(values.sum(dtype=np.float64))
            least[name] = float(np.fmin.reduce(values, initial=0))
    return Sums(totals, least)


def key(series: pd.Series[Any]) -> Key:
    """Code one grouping column, without hashing if it holds categories or integers close together."""
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        codes, kinds = series.cat.codes.to_numpy(), len(dtype.categories)
        if codes.min(initial=0) < 0:  # missing keys get a code of their own, after the others
            codes = np.where(codes < 0, kinds, codes.astype(np.intp))
        return Key(codes, 0, kinds + int(codes.max(initial=0) == kinds), None, partial(_categories, dtype))
    whole = isinstance(dtype, np.dtype) and dtype.kind in "iu"
    if len(series) and (whole or isinstance(dtype, pd.PeriodDtype)):
        values = series.to_numpy() if whole else np.asarray(series.array, dtype=np.int64)
        low, high = int(values.min()), int(values.max())
        if high - low < 2 * len(values) + BLOCK and high < 2**63:
            labels = partial(_integers, dtype, low) if whole else partial(_periods, dtype, low)
            return Key(values, low, high - low + 1, None, labels)
    codes, make_labels = factorize(series)
    unique = make_labels()
    rank = np.empty(len(unique), np.intp)
    rank[_order(unique)] = np.arange(len(unique))
    return Key(codes, 0, max(len(unique), 1), rank, unique.take)


def factorize(series: pd.Series[Any]) -> tuple[Any, Callable[[], pd.Index[Any]]]:
    """Number a column's values, missing ones too, in order of appearance; return also what makes their labels."""
    dtype: Any = series.dtype
    values: Any = series.array
    if len(series) and isinstance(dtype, pd.StringDtype) and dtype.storage == "pyarrow":
        # Arrow's text is numbered in place, at 4 bytes per row
        coded = values.__arrow_array__().dictionary_encode(null_encoding="encode").combine_chunks()
        return coded.indices.to_numpy(), lambda: pd.Index(pd.array(coded.dictionary.to_pylist(), dtype=dtype))
    if str(dtype).startswith("dictionary"):  # pandas cannot number Arrow's categories if one is missing
        series = pd.Series(values.__arrow_array__().to_pylist(), dtype=object)
    if isinstance(dtype, pd.ArrowDtype) and dtype.kind == "f":  # else NaN and null would be two groups
        series = pd.Series(series.to_numpy(dtype=np.float64, na_value=np.nan))
    try:
        codes, unique = pd.factorize(series)
        labels = pd.Index(unique)
    except Exception:  # values that cannot be hashed or compared, or integers too large for labels in pandas 2
        found = f"got lists, huge integers or the like in the column {shown(series.name)}"
        raise MetricInputError("by", "keys", "must be values that rows can be grouped by", found) from None
    if codes.min(initial=0) < 0:
        codes[codes < 0] = len(labels)
        labels = labels.insert(len(labels), None)
    return codes, lambda: labels


def _categories(dtype: Any, codes: Any) -> pd.Index[Any]:
    known = np.where(codes < len(dtype.categories), codes, -1)
    return pd.CategoricalIndex(pd.Categorical.from_codes(known, dtype=dtype))


def _integers(dtype: Any, low: int, codes: Any) -> pd.Index[Any]:
    labels: pd.Index[Any] = pd.Index((codes + low).astype(dtype))
    return labels


def _periods(dtype: Any, low: int, codes: Any) -> pd.Index[Any]:
    index: Any = pd.PeriodIndex
    labels: pd.Index[Any] = index.from_ordinals(codes + low, freq=dtype.freq)
    return labels


def _order(unique: pd.Index[Any]) -> Any:
    """Return the order of the labels, missing last; labels that cannot be sorted stay in order of appearance."""
    missing = np.asarray(unique.isna())
    places = np.flatnonzero(~missing)
    with suppress(TypeError):
        places = places[np.asarray(unique[~missing].argsort())]
    return np.concatenate([places, np.flatnonzero(missing)])


def _index(keys: Sequence[pd.Series[Any]], coded: list[Key], parts: Sequence[Any]) -> tuple[pd.Index[Any], Any]:
    """Return the labels of groups, sorted, from the codes of their keys, and the order that sorts them."""
    order = np.lexsort([part if k.rank is None else k.rank[part] for k, part in zip(coded, parts, strict=True)][::-1])
    labels = [k.labels(part[order]).rename(series.name) for k, part, series in zip(coded, parts, keys, strict=True)]
    return (labels[0] if len(labels) == 1 else pd.MultiIndex.from_arrays(labels)), order


def _codes(coded: list[Key], rows: slice) -> Any:
    """Number the combinations of a block's keys."""
    first, *others = (_from_zero(k, rows) for k in coded)
    codes = first
    for part, k in zip(others, coded[1:], strict=True):
        codes = codes * k.size
        codes += part
    return codes


def _from_zero(k: Key, rows: slice) -> Any:
    """Return a block's codes, from 0 up; those of a column that holds them are the column itself, not to be changed."""
    codes = k.values[rows].astype(np.intp, copy=False)
    if k.offset:
        return codes - k.offset
    codes = codes.view()
    codes.flags.writeable = False
    return codes


def _combinations(coded: list[Key]) -> tuple[Any, list[Any]]:
    """Number the combinations of keys that occur; return each row's number and each combination's codes."""
    everything = slice(None)
    numbers = _codes(coded[:1], everything)
    found: list[Any] = [np.arange(coded[0].size)]
    for k in coded[1:]:
        numbers, pairs = pd.factorize(numbers * k.size + _codes([k], everything))
        before, part = np.divmod(pairs, k.size)
        found = [*(codes[before] for codes in found), part]
    return numbers, found


class _Sum:
    """The running group totals of one column."""

    def __init__(self, column: Any, size: int) -> None:
        self.column = column
        self.whole = column.dtype.kind in "iu"
        self.least: float = 0.0  # the lowest value, if it is below 0
        self.reach = 0  # a bound on the size of every total of integers
        kept = object if column.dtype == object else np.float64  # objects are sums that were too large for int64 before
        self.values: Any = np.zeros(size, np.int64 if self.whole else kept)

    def add(self, codes: Any, rows: slice) -> None:
        """Add a block of rows."""
        given = self.column[rows]
        block = given.astype(self.values.dtype, copy=False)
        np.add.at(self.values, codes, block)
        if block.dtype == object:
            return
        # The block is in the cache now, so one cheap pass can check that its values are ordinary: read as unsigned
        # integers, negative values and NaN are the largest
        peak = int(np.maximum.reduce(block.view(np.uint64)))
        if peak > _INFINITY and given.dtype != np.uint64:
            self.least = min(self.least, np.fmin.reduce(given).item())
        if self.whole:
            self.reach += given.size * (peak if peak < 2**63 else max(-int(given.min()), int(given.max())))

    def again(self) -> bool:
        """Check whether int64 was too small; if so, prepare for a second pass with Python's integers."""
        if not self.whole or self.reach < 2**63:
            return False
        self.values = np.zeros(self.values.size, object)
        return True
