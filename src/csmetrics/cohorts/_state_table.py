"""The small table that events are reduced to: one row per user, group and block of 64 periods, with a mask.

Bit i of a mask is set where the user was active in period 64 * block + i, as the calendar numbers its periods. The
masks of one user and block are put together by a bitwise or: in any order, and what comes twice changes nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics._frames.kinds import check_same_kind, kinds
from csmetrics.cohorts._packing import changes
from csmetrics.cohorts._rows.blocks import each_block, picked, sort
from csmetrics.cohorts._rows.groups import Groups, number_units
from csmetrics.errors import MetricInputError

BITS = 64  # periods of a block
PARTS = 256  # into which users are divided by a hash of their id, so that large states are read part by part
BLOCK, MASK, PART = "block", "mask", "part"
_SHOWN_BITS = 1 << 20  # masks whose bits are listed at a time: a table of 64 megabytes


def checked_ids(metric: str, argument: str, ids: pd.Series[Any]) -> pd.Series[Any]:
    """Return ids as whole numbers or text, one type each, so that those of two states are the same; reject others."""
    kind = next(iter(kinds(ids)), "")
    if kind == "text" or not len(ids):
        if isinstance(ids.dtype, pd.CategoricalDtype):
            ids = ids.astype(ids.cat.categories.dtype)
        return ids
    if kind == "numbers":
        whole = _whole(ids.to_numpy())
        if whole is not None:
            return pd.Series(whole, name=ids.name, copy=False)
        kind = "numbers that are not whole, or have more than 64 bits"
    rule, hint = "must hold whole numbers or text, which a saved state keeps as they are", "make text of all ids"
    raise MetricInputError(metric, argument, rule, f"got {kind} in the column {ids.name!r}", f"{hint}: .astype(str)")


def _whole(values: Any) -> Any:
    """Return numbers as int64, or as uint64 where one is too large for that; None if they are not whole, or larger."""
    if values.dtype.kind == "f":
        numbers = values.astype(np.int64)
        return numbers if (numbers == values).all() else None
    if values.dtype.kind not in "iu":  # Python's own numbers
        given, values = values, np.array([int(value) for value in values])
        if values.dtype.kind not in "iu" or not (values == given).all():
            return None
    large = values.dtype.kind == "u" and bool(values.max() >= 2**63)
    return values.astype(np.uint64 if large else np.int64, copy=False)


def combined(metric: str, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the rows of several tables together, sorted: one row per user, group and block.

    Ids that are numbers, the largest less than 2**40 above the lowest, are in their order; others in any.

    Parameters
    ----------
    metric
        The name that errors begin with.
    tables
        One or more tables with the same columns: user, groups, block, mask; also part where they come from files, in
        which users are sorted by their part first. The first one's names count.
    """
    user, *by = units(tables[0])
    several = [table for table in tables if len(table)] or [tables[0]]
    several = [t.rename(columns=dict(zip(units(t), (user, *by), strict=True))) for t in several]
    table = several[0]
    lead = all(PART in table for table in several)
    if len(several) > 1:
        for name in (user, *by):
            check_same_kind(metric, str(name), {f"state {i + 1}": t[name] for i, t in enumerate(several)})
        names = [user, *by, BLOCK, MASK, *([PART] if lead else [])]
        table = pd.DataFrame({name: joined(metric, [t[name] for t in several]) for name in names}, copy=False)
    return _sorted(metric, table)


def units(table: pd.DataFrame) -> list[Any]:
    """Return the names of the columns of users and of groups."""
    return list(table.columns[: table.columns.get_loc(BLOCK)])


def _sorted(metric: str, table: pd.DataFrame) -> pd.DataFrame:
    """Sort a table by part, user, group and block, and put the masks of rows together that agree in all of these."""
    fields = _fields(metric, table)
    width = sum(field.bits for field in fields)
    if width >= BITS:
        order = np.lexsort([field.values for field in reversed(fields)])
        at = np.flatnonzero(np.logical_or.reduce([changes(field.values[order]) for field in fields]))
        masks = np.bitwise_or.reduceat(picked(table[MASK].to_numpy(), order), at)
        return _taken(table, order[at], {MASK: masks})
    packed = np.zeros(len(table), np.int64)

    def pack(some: slice) -> None:
        for field in fields:
            packed[some] <<= field.bits
            packed[some] |= np.subtract(field.values[some], field.offset, dtype=np.int64)

    each_block(pack, len(table))
    if (packed[1:] > packed[:-1]).all():
        return table
    packed, order = _in_order(packed, width)
    masks = picked(table[MASK].to_numpy(), order)
    new = changes(packed)
    if not new.all():
        at = np.flatnonzero(new)
        packed, order, masks = packed[at], order[at], np.bitwise_or.reduceat(masks, at)
    return _taken(table, order, _unpacked(packed, fields) | {MASK: masks})


def _in_order(numbers: Any, width: int) -> tuple[Any, Any]:
    """Sort numbers of so many bits, in place; return them, and the places where they were."""
    place = max(len(numbers) - 1, 0).bit_length()
    if width + place >= BITS:
        order = np.argsort(numbers, kind="stable")
        return numbers[order], order
    order = np.empty(len(numbers), np.int64)

    def put_place(some: slice) -> None:
        numbers[some] <<= place
        numbers[some] |= np.arange(some.start, some.stop)

    def cut_place(some: slice) -> None:
        np.bitwise_and(numbers[some], (1 << place) - 1, out=order[some])
        numbers[some] >>= place

    each_block(put_place, len(numbers))
    sort(numbers)  # the places with them: it takes a quarter of the time of finding their order
    each_block(cut_place, len(numbers))
    return numbers, order


class _Field(NamedTuple):
    """Numbers by which a table is sorted.

    Attributes
    ----------
    values, offset, size
        The numbers are `values` without the `offset`, and below `size`.
    column
        The column that holds the values themselves; None where they only stand for it.
    """

    values: Any
    offset: int
    size: int
    column: Any = None

    @property
    def bits(self) -> int:
        """How many bits a number takes."""
        return (self.size - 1).bit_length()


def _fields(metric: str, table: pd.DataFrame) -> list[_Field]:
    """Return the numbers by which a table is sorted; the first come first."""
    user, *by = units(table)
    ids, blocks = table[user], table[BLOCK].to_numpy()
    values, offset, size = number_units(metric, ids, slice(None))
    own = ids.dtype.kind in "iu" and np.may_share_memory(values, ids.to_numpy())
    groups = Groups(metric, [table[name] for name in by], slice(None))
    low = int(blocks.min(initial=0))
    fields = [_Field(table[PART].to_numpy(), 0, PARTS, PART)] if PART in table else []
    fields.append(_Field(values, offset, size, user if own else None))
    if by:
        fields.append(_Field(groups.number, 0, groups.count))
    fields.append(_Field(blocks, low, int(blocks.max(initial=low)) - low + 1, BLOCK))
    return fields


def _unpacked(packed: Any, fields: Sequence[_Field]) -> dict[Any, Any]:
    """Return the columns that are in packed numbers: reading them takes less time than picking them in a new order."""
    columns = {field.column: np.empty(packed.size, field.values.dtype) for field in fields if field.column is not None}

    def unpack(some: slice) -> None:
        rest = packed[some].copy()
        for field in reversed(fields):
            if field.column is not None:
                columns[field.column][some] = (rest & ((1 << field.bits) - 1)) + field.offset
            rest >>= field.bits

    each_block(unpack, packed.size)
    return columns


def _taken(table: pd.DataFrame, order: Any, known: Mapping[Any, Any]) -> pd.DataFrame:
    """Take rows of a table, of which some columns are known already."""
    columns = {name: known[name] if name in known else table[name].array.take(order) for name in table}
    return pd.DataFrame(columns, copy=False)


def check_signs(metric: str, columns: Sequence[pd.Series[Any]]) -> None:
    """Reject columns of one name that hold negative numbers and numbers of 2**63 or more: no type holds both."""
    if {str(column.dtype) for column in columns} == {"int64", "uint64"} and any(
        column.dtype.kind == "i" and len(column) and column.min() < 0 for column in columns
    ):
        rule = "must not hold both negative ids and ids of 2**63 or more"
        raise MetricInputError(metric, str(columns[0].name), rule, "got both", "make text of all ids: .astype(str)")


def joined(metric: str, columns: Sequence[pd.Series[Any]]) -> pd.Series[Any]:
    """Put columns of one name together; the smallest ids may be signed, and the largest unsigned, but not both."""
    columns = [column for column in columns if len(column)] or columns[:1]
    check_signs(metric, columns)
    found = {str(column.dtype) for column in columns}
    if found == {"int64", "uint64"}:
        columns = [column.astype(np.uint64) for column in columns]
    if len(found) > 1 and any("string" in name or name == "str" for name in found):
        columns = [column.astype(object) for column in columns]
    return pd.concat(columns, ignore_index=True)


def parts_of(users: pd.Series[Any]) -> Any:
    """Return the part of each user, 0 to 255: it depends on nothing but the id, on any machine and in any version."""
    if isinstance(users.dtype, np.dtype) and users.dtype.kind in "iu":
        ids, parts = users.to_numpy(), np.empty(len(users), np.uint8)

        def part(some: slice) -> None:
            mixed = ids[some].astype(np.uint64)
            for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):  # of splitmix64
                mixed ^= mixed >> np.uint64(shift)
                mixed *= np.uint64(factor)
            parts[some] = mixed >> np.uint64(BITS - 8)

        each_block(part, len(ids))
        return parts
    mixed = pd.util.hash_array(users.to_numpy(dtype=object), categorize=False)
    return (mixed >> np.uint64(BITS - 8)).astype(np.uint8)


def rows_before(parts: Any, bound: int) -> int:
    """Return how many of some sorted parts are below a bound."""
    return int(parts.searchsorted(np.uint8(bound - 1), side="right")) if bound else 0


def split(table: pd.DataFrame, bounds: Sequence[int]) -> Iterator[pd.DataFrame]:
    """Yield the users part by part: for each bound, those of the parts from the bound before to it."""
    found: pd.DataFrame
    if PART in table:  # sorted by part
        ends = [rows_before(table[PART].to_numpy(), bound) for bound in bounds]
        for begin, end in itertools.pairwise([0, *ends]):
            found = table.iloc[begin:end]
            yield found
        return
    parts = parts_of(table.iloc[:, 0])
    for low, high in itertools.pairwise([0, *bounds]):
        found = table[(parts >= low) & (parts < high)]
        yield found


def before(table: pd.DataFrame, period: int) -> pd.DataFrame:
    """Keep what happened before a period."""
    block, bit = divmod(period, BITS)
    blocks, masks = table[BLOCK].to_numpy(), table[MASK].to_numpy()
    masks = np.where(blocks < block, masks, np.where(blocks == block, masks & np.uint64((1 << bit) - 1), np.uint64(0)))
    return table.assign(**{MASK: masks})[masks > 0]


def active_in(table: pd.DataFrame, period: int) -> bool:
    """Check whether anybody was active in a period."""
    block, bit = divmod(period, BITS)
    return bool((table.loc[table[BLOCK] == block, MASK].to_numpy() & np.uint64(1 << bit)).any())


def distinct(metric: str, tables: Iterable[pd.DataFrame], by: Sequence[Any]) -> pd.DataFrame:
    """Return the groups of all tables, each of them once."""
    found = [table[by].drop_duplicates() for table in tables]
    return pd.DataFrame({name: joined(metric, [table[name] for table in found]) for name in by}).drop_duplicates()


def listed(table: pd.DataFrame) -> Iterator[tuple[Any, Any]]:
    """Yield the active periods in batches: the positions of their rows in the table, and the periods."""
    masks, blocks = table[MASK].to_numpy(), table[BLOCK].to_numpy()
    for at in range(0, max(len(masks), 1), _SHOWN_BITS):
        octets = masks[at : at + _SHOWN_BITS].astype("<u8").view(np.uint8).reshape(-1, 8)
        row, bit = np.nonzero(np.unpackbits(octets, axis=1, bitorder="little"))
        row += at
        yield row, blocks[row] * BITS + bit


def shifted(unit: Any, block: Any, masks: Any, left: int) -> tuple[Any, Any, Any]:
    """Move masks, sorted by unit and block, by 1 to 63 periods: each is cut in two, for its block and the next one."""
    masks = np.stack([masks << np.uint64(left), masks >> np.uint64(BITS - left)], axis=1).reshape(-1)
    rows = np.flatnonzero(masks)
    block = np.stack([block, block + 1], axis=1).reshape(-1)[rows]
    unit, masks = unit.repeat(2)[rows], masks[rows]
    at = np.flatnonzero(changes(unit) | changes(block))
    if at.size < rows.size:
        unit, block, masks = unit[at], block[at], np.bitwise_or.reduceat(masks, at)
    return unit, block, masks


def occupied(table: pd.DataFrame) -> Any:
    """Return the periods in which anybody was active, in order."""
    order = np.argsort(table[BLOCK].to_numpy(), kind="stable")
    blocks = table[BLOCK].to_numpy()[order]
    at = np.flatnonzero(changes(blocks))
    masks = np.bitwise_or.reduceat(table[MASK].to_numpy()[order], at) if at.size else np.zeros(0, np.uint64)
    return np.concatenate([found for _, found in listed(pd.DataFrame({BLOCK: blocks[at], MASK: masks}))])


def span(table: pd.DataFrame) -> tuple[int, int] | None:
    """Return the first and the last period in which anybody was active; None for an empty table."""
    if not len(table):
        return None
    blocks = table[BLOCK].to_numpy()
    low, high = int(blocks.min()), int(blocks.max())
    masks = table[MASK].to_numpy()
    early = int(np.bitwise_or.reduce(masks[blocks == low]))
    late = int(np.bitwise_or.reduce(masks[blocks == high]))
    return low * BITS + (early & -early).bit_length() - 1, high * BITS + late.bit_length() - 1


def made(ids: pd.Series[Any], keys: Iterable[Any], blocks: Any, masks: Any, *, by_part: bool = False) -> pd.DataFrame:
    """Make a table of its columns, which nobody else may change, on a new index.

    With `by_part`, a table that is yet to be sorted gets the part of each user, so that it is sorted as files are. Not
    where ids are text: finding the parts then takes longer than sorting once more when it is saved.
    """
    columns = {series.name: series.array for series in (ids, *keys)}
    columns |= {BLOCK: np.asarray(blocks, np.int64), MASK: np.asarray(masks, np.uint64)}
    if by_part and ids.dtype.kind in "iu":
        columns[PART] = parts_of(ids)
    return pd.DataFrame(columns, copy=False)


def reduced(metric: str, ids: pd.Series[Any], keys: list[pd.Series[Any]], periods: Any, first: int) -> pd.DataFrame:
    """Reduce pairs of user and period, in any order, to the small table.

    Parameters
    ----------
    metric
        The name that errors begin with.
    ids, keys
        The user and the groups of each row.
    periods
        The period of each row, counted from `first`.
    """
    numbers = periods.astype(np.int64) + first
    blocks, bits = numbers // BITS, np.uint64(1) << (numbers % BITS).astype(np.uint64)
    theirs, *by = (series.copy() for series in (ids, *keys))  # the caller may change the rows
    return combined(metric, [made(theirs, by, blocks, bits, by_part=True)])
