"""Numbering text, such as the ids of users, by hashing Arrow's buffers eight bytes at a time."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.core._numeric import BLOCK

_LONGEST = 64  # bytes of the longest text that is hashed; longer text is left to Arrow
_MANY = 1 << 15  # rows from which on hashing is faster
_SLOTS = 1 << 20  # of the first table; as many 64-bit numbers fit into a cache
_ENDS = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)  # masks of the first n bytes of a number
_rng = np.random.default_rng(64)
_MULTIPLIERS = _rng.integers(0, 2**63, (2, _LONGEST // 8 + 1), np.uint64) * np.uint64(2) + np.uint64(1)


def number_text(series: pd.Series[Any]) -> tuple[Any, int] | None:
    """Number the different texts of a column.

    Returns
    -------
    codes : ndarray
        One integer per row.
    size : int
        All of them are below it.

    None where the column holds no text in Arrow's buffers, something is missing, the text is long or the rows are few;
    and where two texts have the same hash, which a second hash tells.
    """
    dtype: Any = series.dtype
    arrow = isinstance(dtype, pd.StringDtype) and dtype.storage == "pyarrow"
    if len(series) < _MANY or not (arrow or str(dtype) in ("string[pyarrow]", "large_string[pyarrow]")):
        return None
    values: Any = series.array
    hashes = _hashes(values.__arrow_array__())
    if hashes is None:
        return None
    first, second = hashes
    codes, size = _places(first)
    seen = np.empty(size, np.uint64)
    seen[codes] = second
    same = all(
        bool((seen[codes[at : at + BLOCK]] == second[at : at + BLOCK]).all()) for at in range(0, codes.size, BLOCK)
    )
    return (codes, size) if same else None


def _hashes(column: Any) -> tuple[Any, Any] | None:
    """Return two 64-bit hashes of each text."""
    import pyarrow as pa

    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    first, second = np.empty(len(column), np.uint64), np.empty(len(column), np.uint64)
    row = 0
    for chunk in chunks:
        wide = pa.types.is_large_string(chunk.type)
        if chunk.null_count or not (wide or pa.types.is_string(chunk.type)):
            return None
        if not len(chunk):
            continue
        _, bounds, data = chunk.buffers()
        offsets = np.frombuffer(bounds, np.int64 if wide else np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        content = np.frombuffer(b"" if data is None else data, np.uint8)
        for at in range(0, len(chunk), BLOCK):
            places = offsets[at : at + BLOCK + 1].astype(np.int64)
            to = slice(row + at, row + at + places.size - 1)
            if not _hash_block(content[places[0] : places[-1]], places - places[0], first[to], second[to]):
                return None
        row += len(chunk)
    return first, second


def _hash_block(content: Any, bounds: Any, first: Any, second: Any) -> bool:
    """Hash the texts between the bounds into two arrays; return False if one of them is long.

    A word of eight bytes is mixed by steps that can be undone and that leave 0 as it is, so that the bytes 0 by which a
    text is filled up to whole words change nothing.
    """
    length = np.diff(bounds)
    shortest, longest = int(length.min()), int(length.max())
    if longest > _LONGEST:
        return False
    padded = np.zeros(content.size + 8, np.uint8)
    padded[: content.size] = content
    words = np.ndarray(content.size + 1, "<u8", padded, strides=(1,))  # the eight bytes from each byte on
    first[:] = length.astype(np.uint64) * _MULTIPLIERS[0, -1]
    second[:] = length
    start = bounds[:-1].copy()
    for word in range(-(-longest // 8)):
        mixed = words[np.minimum(start, content.size) if 8 * word > shortest else start]
        if 8 * word + 8 > shortest:
            mixed &= _ENDS[np.clip(length - 8 * word, 0, 8)]
        mixed *= _MULTIPLIERS[0, word]
        mixed ^= mixed >> np.uint64(32)
        mixed *= _MULTIPLIERS[1, -1]
        mixed ^= mixed >> np.uint64(29)
        first += mixed
        mixed *= _MULTIPLIERS[1, word]
        mixed ^= mixed >> np.uint64(32)
        second += mixed
        start += 8
    first ^= first >> np.uint64(32)
    first *= _MULTIPLIERS[1, -1]
    np.maximum(first, np.uint64(1), out=first)  # 0 marks an empty place
    return True


def _places(hashes: Any) -> tuple[Any, int]:
    """Number equal hashes alike: each leaves its mark in a table, and those that find another's try the next table."""
    codes = np.empty(hashes.size, np.int64)
    rows, left, size, slots = None, hashes, 0, min(_SLOTS, 1 << hashes.size.bit_length())
    for turn in count():
        mark, missed = np.zeros(slots, np.uint64), []
        for at in range(0, left.size, BLOCK):
            some = left[at : at + BLOCK]
            mark[_slot(some, turn, slots)] = some
        number = np.cumsum(mark != 0) + (size - 1)
        for at in range(0, left.size, BLOCK):
            some = left[at : at + BLOCK]
            slot = _slot(some, turn, slots)
            codes[slice(at, at + BLOCK) if rows is None else rows[at : at + BLOCK]] = number[slot]
            missed.append(np.flatnonzero(mark[slot] != some) + at)
        others, size = np.concatenate(missed), int(number[-1]) + 1
        if not others.size:
            break
        if 2 * others.size > left.size and slots < 1 << 26:
            slots *= 8
        rows, left = others if rows is None else rows[others], left[others]
    return codes, size


def _slot(hashes: Any, turn: int, slots: int) -> Any:
    """Return the place of each hash in the table of a turn."""
    mixed = hashes * _MULTIPLIERS[0, turn % len(_MULTIPLIERS[0])]
    mixed >>= np.uint64(65 - slots.bit_length())
    return mixed.view(np.int64)
