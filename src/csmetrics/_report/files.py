"""Tables out of files: CSV and Parquet, read by DuckDB or Polars where one of them is installed, else by pandas."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from csmetrics.errors import MetricInputError, from_outside

_CSV, _PARQUET = (".csv", ".tsv", ".txt"), (".parquet", ".pq")


def read(path: Any) -> pd.DataFrame:
    """Read a table.

    Parameters
    ----------
    path
        A file that ends in ``.csv``, ``.tsv``, ``.txt``, ``.parquet`` or ``.pq``.

    Returns
    -------
    DataFrame
        The table, of pandas.

    Raises
    ------
    MetricInputError
        If the name ends otherwise, or the file cannot be read as what it says.
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
    try:
        return _read(str(file), ending in _CSV)
    except ImportError:
        raise
    except Exception as error:  # each reader has errors of its own
        first = str(error).strip().split("\n")[0]
        kind = "a CSV table in UTF-8" if ending in _CSV else "a Parquet file"
        raise MetricInputError("read", "file", f"must be {kind}", f"{file.name}: {first}") from None


def _read(path: str, csv: bool) -> pd.DataFrame:
    if find_spec("duckdb"):
        import duckdb

        with duckdb.connect() as connection:
            found: pd.DataFrame = (connection.read_csv(path) if csv else connection.read_parquet(path)).df()
            return found
    if find_spec("polars") and find_spec("pyarrow"):
        import polars as pl

        table = pl.read_csv(path, try_parse_dates=True) if csv else pl.read_parquet(path)
        return table.to_pandas()
    return pd.read_csv(path) if csv else pd.read_parquet(path)


def query(path: Any, data: Mapping[str, Any]) -> pd.DataFrame:
    """Run the query of a ``.sql`` file in DuckDB, over tables from files.

    Parameters
    ----------
    path
        The file of the query.
    data
        The file of each table that the query names.

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
            connection.register(name, read(file))
        try:
            found: pd.DataFrame = connection.sql(text).df()
            return found
        except (duckdb.Error, AttributeError) as error:
            first = str(error).strip().split("\n")[0]
            hint = "name the file of each table: --data plans=plans.csv" if "does not exist" in first else ""
            raise MetricInputError("verify", "query", "must run and give a table", first, hint) from None
