"""A saved state: a folder of Parquet files, each of them a piece, which may lie there in any number and order.

The state is the bitwise or of all pieces, so two that hold the same rows do no harm, and a program that is killed
leaves nothing to repair. A file appears under its name when it is complete. It may name others that it replaces; they
no longer count from that instant, whether they have been removed yet or not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd

from csmetrics.cohorts import _state_table as small
from csmetrics.cohorts._rows.blocks import ahead
from csmetrics.cohorts._state_engine import METRIC
from csmetrics.cohorts._state_rows import Facts
from csmetrics.errors import MetricInputError

FORMAT = 1
_KEY = b"csmetrics.activity"  # of the facts in a file's metadata
_NAMES = "activity-*.parquet"
_ROWS = 1 << 17  # rows of a group in a file, which is read one group at a time


@dataclass(frozen=True)
class Piece:
    """One file of a saved state.

    Attributes
    ----------
    path
        The file.
    facts
        What it knows beside its table.
    rows
        The number of rows of the table.
    replaces
        The names of the files that it replaces.
    """

    path: Path
    facts: Facts
    rows: int
    replaces: tuple[str, ...] = ()

    def read(self) -> pd.DataFrame:
        """Read all rows."""
        table: pd.DataFrame = next(self.read_parts([small.PARTS])).to_pandas()
        return table

    def read_parts(self, bounds: Iterable[int]) -> Iterator[Any]:
        """Read the rows part by part: for each bound, those of the users in the parts from the bound before to it.

        Yields
        ------
        pyarrow.Table
        """
        import pyarrow as pa

        parquet = _parquet()
        metadata = parquet.read_metadata(self.path)
        names = [*map(str, (self.facts.user, *self.facts.by)), small.BLOCK, small.MASK, small.PART]
        empty = metadata.schema.to_arrow_schema().empty_table().select(names)
        groups, left = iter(range(metadata.num_row_groups)), empty
        for bound in bounds:
            found = [empty]
            while True:
                stop = small.rows_before(left[small.PART].to_numpy(), bound)
                found.append(left.slice(0, stop))
                left = left.slice(stop)
                group = None if len(left) else next(groups, None)
                if group is None:
                    break
                with parquet.ParquetFile(self.path, metadata=metadata) as file:  # a folder may hold thousands of files
                    left = file.read_row_group(group, columns=names)
            yield pa.concat_tables(found)


def read_parts(pieces: Sequence[Piece], bounds: Sequence[int]) -> Iterator[pd.DataFrame]:
    """Read the rows of several pieces part by part, as `Piece.read_parts`, and put those of each part together."""
    return ahead(_together, zip(*(piece.read_parts(bounds) for piece in pieces), strict=True))


def _together(tables: Sequence[Any]) -> pd.DataFrame:
    """Put tables of Arrow together: by Arrow itself, in less time, where they become the same types of pandas."""
    import pyarrow as pa

    alike: dict[Any, list[Any]] = {}
    for table in tables:
        kind = (*table.schema.names, *table.schema.types, (table.schema.metadata or {}).get(b"pandas"))
        alike.setdefault(kind, []).append(table)
    return small.combined(METRIC, [pa.concat_tables(some).to_pandas() for some in alike.values()])


def pieces(folder: Path) -> list[Piece]:
    """Return the pieces of a saved state that have not been replaced."""
    try:
        found = [_opened(path) for path in sorted(folder.glob(_NAMES))]
    except FileNotFoundError:  # another process has just merged the pieces
        found = [_opened(path) for path in sorted(folder.glob(_NAMES))]
    gone = {name for piece in found for name in piece.replaces}
    return [piece for piece in found if piece.path.name not in gone]


def _opened(path: Path) -> Piece:
    """Read what a file says of itself, and not yet its rows."""
    parquet = _parquet()
    try:
        metadata = parquet.read_metadata(path)
    except (ValueError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        rule, hint = "must hold whole files", "copy it again, or make it again from its events"
        raise MetricInputError(METRIC, "path", rule, f"{path} cannot be read: {error}", hint) from None
    told = json.loads((metadata.metadata or {}).get(_KEY, b"{}"))
    if told.get("format") != FORMAT:
        newer = isinstance(told.get("format"), int) and told["format"] > FORMAT
        rule = f"must hold states of format {FORMAT}"
        hint = "a later csmetrics wrote it: upgrade" if newer else "save() writes such files; keep others elsewhere"
        raise MetricInputError(METRIC, "path", rule, f"{path} has format {told.get('format')}", hint)
    facts: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in told["facts"].items()
    }
    return Piece(path, Facts(**facts), metadata.num_rows, tuple(told["replaces"]))


def write(folder: Path, tables: Iterable[pd.DataFrame], facts: Facts, replaces: Collection[str] = ()) -> Piece:
    """Write a piece: under its name it is complete at once.

    Parameters
    ----------
    folder
        The folder. It is created if it does not exist.
    tables
        The table, in one or more batches of users that are in the order of their parts.
    facts
        What it knows beside the table.
    replaces
        The names of files that no longer count once this one is there.
    """
    import pyarrow as pa

    parquet = _parquet()
    folder.mkdir(parents=True, exist_ok=True)
    name = uuid4().hex
    path, unfinished = (folder.joinpath(one.format(name)) for one in ("activity-{}.parquet", ".activity-{}.unfinished"))
    facts = Facts(
        **{**asdict(facts), "user": str(facts.user), "time": str(facts.time), "by": tuple(map(str, facts.by))}
    )
    told = {"format": FORMAT, "facts": asdict(facts), "replaces": sorted(replaces)}
    writer: Any = None
    schema, rows = None, 0
    try:
        for given in tables:
            table = given.rename(columns=str)
            if small.PART not in table:
                parts = small.parts_of(table.iloc[:, 0])
                order = np.argsort(parts, kind="stable")
                table = table.take(order).assign(**{small.PART: parts[order]})
            batch = pa.Table.from_pandas(table, schema=schema, preserve_index=False)
            if writer is None:
                schema = batch.schema.with_metadata({**(batch.schema.metadata or {}), _KEY: json.dumps(told).encode()})
                user, *others = schema.names
                # nearly all ids differ, so a dictionary would be of no use; whole numbers lie close together
                delta = {user: "DELTA_BINARY_PACKED"} if pa.types.is_integer(schema.types[0]) else None
                writer = parquet.ParquetWriter(
                    unfinished, schema, compression="zstd", use_dictionary=others, column_encoding=delta
                )
            writer.write_table(batch.cast(schema), row_group_size=_ROWS)
            rows += len(table)
    except BaseException:
        if writer is not None:
            writer.close()
        unfinished.unlink(missing_ok=True)
        raise
    writer.close()
    os.replace(unfinished, path)
    return Piece(path, facts, rows, tuple(sorted(replaces)))


def remove(folder: Path, names: Collection[str]) -> None:
    """Remove files that have been replaced; another process may have done so already."""
    for name in names:
        with suppress(OSError):
            folder.joinpath(name).unlink()


def _parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as missing:
        raise ImportError("a state is saved as Parquet, which needs pyarrow: pip install pyarrow") from missing
    return pyarrow.parquet
