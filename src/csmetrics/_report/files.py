"""Tables out of files: CSV and Parquet, read by DuckDB or Polars where one of them is installed, else by pandas."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pandas as pd

from csmetrics.errors import MetricInputError, from_outside

_CSV, _PARQUET = (".csv", ".tsv", ".txt"), (".parquet", ".pq")
DATES: Final = ("day-first", "month-first")
_YEAR_FIRST: Final = r"\s*\d{4}[/.-]\d{1,2}[/.-]\d{1,2}(?!\d).*"
_CLOCK: Final = r"(,? +\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[AaPp][Mm])?)?"
_OFFSET: Final = r"Z|[+-]\d\d:?\d\d"
_YEAR_LAST: Final = rf"\s*(\d{{1,2}})[/.-](\d{{1,2}})[/.-](\d{{4}}|\d{{2}}){_CLOCK}\s*"
_LOOKED_AT: Final = 1_000  # values that tell whether a column of text holds dates


def read(path: Any, dates: str | None = None, used: Collection[str] | None = None) -> pd.DataFrame:
    """Read a table.

    Parameters
    ----------
    path
        A file that ends in ``.csv``, ``.tsv``, ``.txt``, ``.parquet`` or ``.pq``.
    dates
        How dates such as 01/02/2026 are written: ``"day-first"`` or ``"month-first"``. Without it, they are refused.
    used
        The columns that matter, by default all: dates in others stay text where they can be read in two ways.

    Returns
    -------
    DataFrame
        The table, of pandas.

    Raises
    ------
    MetricInputError
        If the name ends otherwise, the file cannot be read as what it says, or its dates can be read in two ways.
    OSError
        If the file cannot be opened.
    """
    file = Path(path)
    ending = file.suffix.lower()
    if ending not in (*_CSV, *_PARQUET):
        found, hint = f"got {file.name}", "export it as CSV (UTF-8)"
        raise MetricInputError("read", "file", f"must end in {', '.join((*_CSV, *_PARQUET))}", found, hint)
    with file.open("rb") as opened:
        empty = not opened.read(1)
    if empty:
        raise MetricInputError("read", "file", "must have rows", f"{file.name} is empty")
    if dates not in (None, *DATES):
        raise MetricInputError("read", "--dates", f"must be {' or '.join(DATES)}", f"got {dates}")
    try:
        table = _read(str(file), ending in _CSV)
    except ImportError:
        raise
    except Exception as error:  # each reader has errors of its own
        first = str(error).strip().split("\n")[0]
        kind = "a CSV table in UTF-8" if ending in _CSV else "a Parquet file"
        raise MetricInputError("read", "file", f"must be {kind}", f"{file.name}: {first}") from None
    for name in table.columns:
        if table[name].dtype == object or isinstance(table[name].dtype, pd.StringDtype):
            try:
                table[name] = _with_dates(table[name], file.name, dates)
            except MetricInputError:
                if used is None or name in used:
                    raise
    return table


def _read(path: str, csv: bool) -> pd.DataFrame:
    if find_spec("duckdb"):
        import duckdb

        with duckdb.connect() as connection:
            # Dates stay text: DuckDB and Polars guess whether the day or the month comes first
            kinds = ["BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR"]
            read = connection.read_csv(path, auto_type_candidates=kinds) if csv else connection.read_parquet(path)
            found: pd.DataFrame = read.df()
            return found
    if find_spec("polars") and find_spec("pyarrow"):
        import polars as pl

        table = pl.read_csv(path) if csv else pl.read_parquet(path)
        return table.to_pandas()
    return pd.read_csv(path) if csv else pd.read_parquet(path)


def _with_dates(column: pd.Series[Any], file: str, dates: str | None) -> pd.Series[Any]:
    """Read a column of text as dates where most of it is dates; what is no date stays text."""
    text = column[column.map(lambda value: isinstance(value, str)).to_numpy(dtype=bool)].astype(object)
    head = text.head(_LOOKED_AT).str
    if 2 * int((head.fullmatch(_YEAR_FIRST) | head.fullmatch(_YEAR_LAST)).sum()) <= min(text.size, _LOOKED_AT):
        return column
    parts = text.str.extract(f"^{_YEAR_LAST}$").dropna(subset=[0])
    if not parts.empty:
        first = text[parts.index[0]]
        if dates is None:
            found = f"{file}: {first!r} in the column {column.name!r} can be read in two ways"
            hint = f"--dates {DATES[0]} or --dates {DATES[1]}"
            raise MetricInputError("read", "--dates", "must say whether the day or the month comes first", found, hint)
        day, month = (0, 1) if dates == DATES[0] else (1, 0)
        wrong = parts[parts[month].astype(int) > 12]
        if not wrong.empty:
            found = f"{file}: {text[wrong.index[0]]!r} in the column {column.name!r} has no such month"
            raise MetricInputError("read", "--dates", "must hold for every date", f"{found}, read {dates}")
        # Years of two digits as strptime reads them
        year = parts[2].where(parts[2].str.len() == 4, parts[2].map(lambda y: f"{19 if y >= '69' else 20}{y}"))
        clock = parts[3].fillna("").str.lstrip(", ")
        days = year + "-" + parts[month].str.zfill(2) + "-" + parts[day].str.zfill(2)
        text = text.where(~text.index.isin(parts.index), (days + " " + clock).str.strip().reindex(text.index))
    try:
        read = pd.to_datetime(text, format="ISO8601" if parts.empty else "mixed", errors="coerce")
    except ValueError:  # of several time zones, which the builder refuses
        return column
    if read.isna().any():
        return column.astype(object).where(read.reindex(column.index).isna(), read.astype(object))
    return read.reindex(column.index)


def on_clock(table: pd.DataFrame, file: str, zone: str | None) -> pd.DataFrame:
    """Put the times that have an offset from UTC on one clock, by which days and months are counted.

    Parameters
    ----------
    table
        A table that `read` has read.
    file
        Its name, for errors.
    zone
        The clock, such as ``"Europe/Paris"``; None where all times of the table have the same offset.

    Returns
    -------
    DataFrame
        The table; times without an offset stay as they are.

    Raises
    ------
    MetricInputError
        If there is no such time zone, or offsets differ and no time zone is named.
    """
    aware: dict[Any, pd.Series[Any]] = {}
    offsets: dict[str, None] = {}
    for name in table.columns:
        column = table[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            aware[name] = column
            offsets |= dict.fromkeys(column.dropna().dt.strftime("%z").unique())
        elif column.dtype == object or isinstance(column.dtype, pd.StringDtype):
            text = column.dropna().astype(str)
            found = text.str.extract(f"^{_YEAR_FIRST}({_OFFSET})$")[0]
            if text.size and found.notna().all():
                aware[name] = pd.to_datetime(column, format="ISO8601", utc=True)
                offsets |= dict.fromkeys(found.str.replace("Z", "+0000").str.replace(":", "").unique())
    if zone is not None:
        try:
            return table.assign(**{name: column.dt.tz_convert(zone) for name, column in aware.items()})
        except (KeyError, ValueError, OSError):
            rule, hint = "must be the name of a time zone", "such as --zone Europe/Paris or --zone UTC"
            raise MetricInputError("read", "--zone", rule, f"got {zone}", hint) from None
    if len(offsets) > 1:
        found_ = f"{file} has times with the offsets {', '.join(sorted(offsets))}"
        hint = "--zone Europe/Paris, or whichever clock your months begin by"
        raise MetricInputError("read", "--zone", "must say by which clock days are counted", found_, hint)
    return table


def query(path: Any, data: Mapping[str, Any], dates: str | None = None) -> pd.DataFrame:
    """Run the query of a ``.sql`` file in DuckDB, over tables from files.

    Parameters
    ----------
    path
        The file of the query.
    data
        The file of each table that the query names.
    dates
        As `read` takes it.

    Returns
    -------
    DataFrame
        The result, of pandas.

    Raises
    ------
    ImportError
        If DuckDB is not installed.
    MetricInputError
        If the query fails.
    OSError
        If a file cannot be opened.
    """
    try:
        import duckdb
    except ImportError as missing:
        raise from_outside(ImportError("queries need DuckDB: pip install duckdb")) from missing
    text = Path(path).read_text("utf-8")
    with duckdb.connect() as connection:
        for name, file in data.items():
            connection.register(name, read(file, dates))
        try:
            found: pd.DataFrame = connection.sql(text).df()
            return found
        except (duckdb.Error, AttributeError) as error:
            first = str(error).strip().split("\n")[0]
            hint = "name the file of each table: --data plans=plans.csv" if "does not exist" in first else ""
            raise MetricInputError("verify", "query", "must run and give a table", first, hint) from None
