"""The same rows as a frame of each engine that narwhals knows: `FRAMES[name](pandas_frame)`.

Missing values of object and nullable columns become nulls; NaN in float columns stays NaN if the engine has both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

import numpy as np
import pandas as pd
import pytest

COUNTER = count()


def arrow(frame: pd.DataFrame) -> Any:
    """Return a PyArrow table without the index, in which NaN and null are different."""
    import pyarrow as pa

    columns = {}
    for name in frame.columns:
        plain = isinstance(frame[name].dtype, np.dtype) and frame[name].dtype.kind == "f"
        columns[str(name)] = pa.array(frame[name].to_numpy() if plain else frame[name], from_pandas=not plain)
    return pa.table(columns)


def polars(frame: pd.DataFrame) -> Any:
    import polars as pl

    return pl.from_arrow(arrow(frame))


def polars_lazy(frame: pd.DataFrame) -> Any:
    return polars(frame).lazy()


def duckdb(frame: pd.DataFrame) -> Any:
    connection, name = duckdb_connection(), f"rows_{next(COUNTER)}"
    connection.register("given", arrow(frame))
    connection.execute(f"create table {name} as select * from given")
    return connection.table(name)


@cache
def duckdb_connection() -> Any:
    """Return the one connection of a test run: a relation must not outlive its connection."""
    import duckdb as db

    return db.connect()


def dask(frame: pd.DataFrame) -> Any:
    import dask.dataframe as dd
    from dask import config

    config.set(scheduler="synchronous")  # what a few rows take is no work for threads
    rows = frame.reset_index(drop=True)
    for field in arrow(frame).schema:
        if rows[field.name].dtype == object and not str(field.type).endswith("string"):
            rows[field.name] = rows[field.name].astype(pd.ArrowDtype(field.type))  # otherwise Dask turns them into text
    return dd.from_pandas(rows, npartitions=2)


def ibis(frame: pd.DataFrame) -> Any:
    import ibis as ib

    return ib.memtable(arrow(frame))


def pyspark(frame: pd.DataFrame) -> Any:
    import pyarrow as pa

    table = arrow(frame)
    for i, field in enumerate(table.schema):  # Spark has no categories and no unsigned integers
        if pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(field.type.value_type))
        elif pa.types.is_unsigned_integer(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.int64()))
    return spark().createDataFrame(table)


@cache
def spark() -> Any:
    """Return the one Spark session of a test run, or skip the test without Spark or Java."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("pyspark is installed, but Java is not")
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.default.parallelism": "2",  # so that there are parts to put together
        "spark.sql.shuffle.partitions": "1",  # together with hardly any compiling this makes queries on few rows fast
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.master("local[1]").appName("csmetrics")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


FRAMES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "polars": polars,
    "polars lazy": polars_lazy,
    "pyarrow": arrow,
    "duckdb": duckdb,
    "dask": dask,
    "ibis": ibis,
    "pyspark": pyspark,
}


def names(every: int = 4) -> list[Any]:
    """Return the names as parameters. Spark, Dask and Ibis take seconds to plan what they run in milliseconds.

    In the long form they run the first case of a test, Spark and Dask that of every n-th test; in the short form Spark
    runs nothing, Dask and Ibis a few tests, PyArrow and lazy Polars a third of them. The others run all cases.
    """
    marks = {
        "pyspark": [pytest.mark.once("pyspark", every), pytest.mark.full],
        "dask": [pytest.mark.once("dask", every), pytest.mark.sampled(20, "dask")],
        "polars lazy": [pytest.mark.sampled(3, "polars lazy")],
        "pyarrow": [pytest.mark.sampled(3, "pyarrow")],
        "ibis": [pytest.mark.once("ibis", 1), pytest.mark.sampled(8, "ibis")],
    }
    return [pytest.param(name, marks=marks.get(name, [])) for name in FRAMES]


NAMES = names()
# Those whose columns have zones of their own; the others keep one zone per session. Dask takes seconds
WITH_ZONES = ["polars lazy", "pyarrow", pytest.param("dask", marks=pytest.mark.full)]
UNSIGNED = [name for name in NAMES if name.values != ("pyspark",)]  # Spark has no unsigned integers
