"""Tables out of files: CSV and Parquet, read by DuckDB or Polars where one of them is installed, else by pandas."""

from __future__ import annotations

import re
import warnings
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
_LOOKED_AT: Final = 1_000  # values that tell whether a column of text holds dates, or numbers
# Longer whole numbers, and those with leading zeros, are ids: as numbers some of them would become the same one
_NUMBER: Final = r"\s*[+-]?(?:(?:0|[1-9]\d{0,17})(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?\s*"
_FLAG: Final = r"\s*(?i:true|false)\s*"


def read(
    path: Any,
    dates: str | None = None,
    used: Collection[Any] | None = None,
    *,
    ids: Collection[Any] = (),
    numbers: Collection[Any] = (),
) -> pd.DataFrame:
    """Read a table. Whoever reads a CSV, its values become numbers, flags and dates by the same rules, which are here.

    Parameters
    ----------
    path
        A file that ends in ``.csv``, ``.tsv``, ``.txt``, ``.parquet`` or ``.pq``.
    dates
        How dates such as 01/02/2026 are written: ``"day-first"`` or ``"month-first"``. Without it, they are refused.
    used
        The columns that matter, by default all: dates in others stay text where they can be read in two ways.
    ids
        Columns that stay, or become, text: 007 is not 7, and one file may have 1001 where another has A77 as well.
    numbers
        Columns of numbers, or of yes and no. Any other value in them stays text, which makes its row a bad one. Further
        columns become numbers only if every value is a number.

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
    names = [*map(str, table.columns)]
    if ending in _CSV and (re.search("[,;\t]", names[0]) if len(names) == 1 else names[0] == "column0"):
        rule = "must have a header, and as many values in each row"
        raise MetricInputError("read", "file", rule, f"{file.name} has rows of several lengths, or no header")
    for name in table.columns:
        given = column = table[name]
        if name in ids:
            column = _as_text(given)
        elif ending in _CSV:
            column = _with_numbers(given, name in numbers)
        text = given.dtype == object or isinstance(given.dtype, pd.StringDtype)
        if text and column is given and name not in ids:
            try:
                column = _with_dates(given, file.name, dates)
            except MetricInputError:
                if used is None or name in used:
                    raise
        table[name] = column
    return table


def _read(path: str, csv: bool) -> pd.DataFrame:
    if find_spec("duckdb"):
        import duckdb

        with duckdb.connect() as connection:
            # As text: DuckDB and Polars guess kinds from the first rows, and whether the day or the month comes first
            read = connection.read_csv(path, all_varchar=True) if csv else connection.read_parquet(path)
            found: pd.DataFrame = read.df()
            return found
    if find_spec("polars") and find_spec("pyarrow"):
        import polars as pl

        table = pl.read_csv(path, infer_schema=False) if csv else pl.read_parquet(path)
        return table.to_pandas()
    return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""]) if csv else pd.read_parquet(path)


def _as_text(column: pd.Series[Any]) -> pd.Series[Any]:
    """Read a column of ids as text; whole numbers are written without a point."""
    if column.dtype.kind not in "iuf" or not (column.dropna() % 1 == 0).all():
        return column
    return column.astype("Int64").astype("string").astype(object)


def _with_numbers(column: pd.Series[Any], meant: bool) -> pd.Series[Any]:
    """Read a column of text as numbers, or as yes and no, where all of it is that; or most of it, where it is meant."""
    text = column.dropna().astype(object)
    text = text[text != ""]
    for pattern, values in ((_NUMBER, pd.to_numeric), (_FLAG, _flags)):
        if not meant and not text.head(_LOOKED_AT).str.fullmatch(pattern).all():
            continue
        plain = text.str.fullmatch(pattern).astype(bool)
        if plain.all() and plain.size:
            return values(text).reindex(column.index)
        if meant and 2 * int(plain.sum()) > text.size:
            found = values(text[plain]).astype(float)  # yes and no as 1 and 0, so that text among them is a bad row
            return column.astype(object).where(~plain.reindex(column.index, fill_value=False), found)
    return column


def _flags(text: pd.Series[Any]) -> pd.Series[Any]:
    return text.str.strip().str.lower() == "true"


def _with_dates(column: pd.Series[Any], file: str, dates: str | None) -> pd.Series[Any]:
    """Read a column of text as dates where most values are dates; the others stay text."""
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
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # pandas 2 warns of several time zones
            read = pd.to_datetime(text, format="ISO8601" if parts.empty else "mixed", errors="coerce")
    except (ValueError, FutureWarning):  # of several time zones, which the builder refuses
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
    try:
        text = Path(path).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise MetricInputError("verify", "query", "must be text in UTF-8", f"{path}: {error.reason}") from None
    with duckdb.connect() as connection:
        for name, file in data.items():
            connection.register(name, read(file, dates))
        try:
            result: Any = connection.sql(text)
            if result is None:
                raise MetricInputError("verify", "query", "must run and give a table", f"{path} gives none")
            found: pd.DataFrame = result.df()
            return found
        except duckdb.Error as error:
            first = str(error).strip().split("\n")[0]
            hint = "name the file of each table: --data plans=plans.csv" if "does not exist" in first else ""
            raise MetricInputError("verify", "query", "must run and give a table", first, hint) from None
