"""Numbering text, such as the ids of users, by hashing Arrow's buffers eight bytes at a time.

The rows are grouped by the first bits of their hashes, so that each part is numbered within a core's cache.
"""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.kinds import arrow_text
from csmetrics.cohorts._rows.blocks import blocks, each

_LONGEST = 64  # bytes of the longest text that is hashed; longer text is left to Arrow
_MANY = 1 << 18  # rows from which on hashing is faster
_PART = 1 << 15  # rows of a part, so that its tables stay in a core's cache
_SHARED = 4  # rows of a part for each place of its table
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
    rows = len(series)
    held = arrow_text(series) if rows >= _MANY else None
    pieces = None if held is None else _pieces(held)
    if pieces is None:
        return None
    bits = min((rows // _PART).bit_length(), 8)  # of the hash, which name its part: sorted by a byte
    narrow = np.min_scalar_type(-rows)
    grouped: Any = each(partial(_grouped, bits, narrow), pieces, rows)
    if any(one is None for one in grouped):
        return None
    numbered: Any = each(partial(_numbered, grouped, narrow), range(1 << bits), rows)
    if any(one is None for one in numbered):
        return None
    firsts = np.cumsum([0, *(size for _, size in numbered)])  # the first number of each part
    codes = np.empty(rows, narrow)

    def place(part: int) -> None:
        codes[_of_part(grouped, part, 3).astype(np.intp)] = numbered[part][0] + firsts[part]

    each(place, range(1 << bits), rows)
    return codes, int(firsts[-1])


def _pieces(column: Any) -> list[tuple[int, Any, Any]] | None:
    """Cut a column into blocks: the first row, the bytes, and where each text begins and ends in them."""
    import pyarrow as pa

    pieces, row = [], 0
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        wide = pa.types.is_large_string(chunk.type)
        if chunk.null_count or not (wide or pa.types.is_string(chunk.type)):
            return None
        _, bounds, data = chunk.buffers()
        offsets = np.frombuffer(bounds or b"", np.int64 if wide else np.int32)[chunk.offset :]
        content = np.frombuffer(data or b"", np.uint8)
        pieces += [(row + some.start, content, offsets[some.start : some.stop + 1]) for some in blocks(len(chunk))]
        row += len(chunk)
    return pieces


def _grouped(bits: int, narrow: Any, piece: tuple[int, Any, Any]) -> tuple[Any, ...] | None:
    """Hash a block and sort it by part: where each part begins, both hashes and the rows; None if a text is long."""
    row, content, offsets = piece
    hashes = _hashes(content[offsets[0] : offsets[-1]], offsets.astype(np.int64) - offsets[0])
    if hashes is None:
        return None
    part = (hashes[0] >> np.uint64(64 - bits)).astype(np.uint8)
    order = np.argsort(part, kind="stable")
    begins = np.cumsum([0, *np.bincount(part, minlength=1 << bits)])
    return begins, *(one[order] for one in hashes), (order + row).astype(narrow)


def _hashes(content: Any, bounds: Any) -> tuple[Any, Any] | None:
    """Return two hashes of each text, of 64 and of 32 bits; None if a text is long.

    A word of eight bytes is mixed by steps that can be undone and that leave 0 as it is, so that the bytes 0 by which a
    text is filled up to whole words change nothing.
    """
    length: Any = np.diff(bounds)
    shortest, longest = int(length.min()), int(length.max())
    if longest > _LONGEST:
        return None
    padded = np.zeros(content.size + 8, np.uint8)
    padded[: content.size] = content
    words = np.ndarray(content.size + 1, "<u8", padded, strides=(1,))  # the eight bytes from each byte on
    first = length.astype(np.uint64) * _MULTIPLIERS[0, -1]
    second = length.astype(np.uint64)
    for word in range(-(-longest // 8)):
        if shortest == longest:
            mixed = words[8 * word :: longest][: length.size] & _ENDS[min(longest - 8 * word, 8)]
        else:
            mixed = words[np.minimum(bounds[:-1] + 8 * word, content.size)]
            mixed &= _ENDS[np.clip(length - 8 * word, 0, 8)]
        mixed *= _MULTIPLIERS[0, word]
        mixed ^= mixed >> np.uint64(32)
        mixed *= _MULTIPLIERS[1, -1]
        mixed ^= mixed >> np.uint64(29)
        first += mixed
        mixed *= _MULTIPLIERS[1, word]
        second += mixed
    first ^= first >> np.uint64(32)
    first *= _MULTIPLIERS[1, -1]
    np.maximum(first, np.uint64(1), out=first)  # 0 marks an empty place
    return first, (second >> np.uint64(32)).astype(np.uint32)


def _of_part(grouped: Any, part: int, column: int) -> Any:
    """Return the rows of a part in one of the columns of `_grouped`."""
    return np.concatenate([one[column][one[0][part] : one[0][part + 1]] for one in grouped])


def _numbered(grouped: Any, narrow: Any, part: int) -> tuple[Any, int] | None:
    """Number equal hashes of a part alike: the number of each row, and the limit of the numbers.

    Each hash leaves its mark in a table, and those that find another's try the next table. Return None where the second
    hashes differ.
    """
    hashes, second = (_of_part(grouped, part, column) for column in (1, 2))
    numbers = np.empty(hashes.size, np.int64)
    left, at, size = hashes, np.arange(hashes.size), 0
    for turn in count():
        bits = max(left.size // _SHARED, 1).bit_length()
        place = (left * _MULTIPLIERS[0, turn % len(_MULTIPLIERS[0])] >> np.uint64(64 - bits)).view(np.int64)
        mark = np.zeros(1 << bits, np.uint64)
        mark[place] = left
        number = np.cumsum(mark != 0) + (size - 1)
        numbers[at], size = number[place], int(number[-1]) + 1
        others = np.flatnonzero(mark[place] != left)
        if not others.size:
            break
        left, at = left[others], at[others]
    seen = np.empty(size, np.uint32)
    seen[numbers] = second
    return (numbers.astype(narrow), size) if (seen[numbers] == second).all() else None
