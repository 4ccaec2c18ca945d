"""Input that a service may get by mistake or on purpose: values, columns, frames, documents, made on demand."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import inf, nan
from typing import Any, NoReturn

import numpy as np
import pandas as pd

Make = Callable[[], Any]


class HostileError(Exception):
    """The error that hostile objects raise: neither the library's nor Python's own."""


def _raises(*_: Any, **__: Any) -> NoReturn:
    raise HostileError


_OWN = ("__repr__", "__str__", "__eq__", "__ne__", "__hash__", "__array__", "__len__", "__bool__")


def _hostile(base: type, *names: str) -> type:
    return type(f"Hostile{base.__name__.title()}", (base,), dict.fromkeys(names, _raises))


BARE = _hostile(object, *_OWN, "__float__", "__int__", "__index__", "__iter__", "__getitem__", "__lt__", "__gt__")
WITH_REPR = {base: _hostile(base, "__repr__", "__str__") for base in (object, float, int, str, dict, list, tuple)}
WITH_EQ = {base: _hostile(base, "__eq__", "__ne__", "__hash__") for base in (object, float, int, str, dict)}
WITH_BOOL = {base: _hostile(base, "__bool__") for base in (object, float, int)}
WITH_LEN = {base: _hostile(base, "__len__") for base in (str, dict, list)}


class ArrayLike:
    """An object that claims to be an array but is not."""

    __array__ = _raises


class Getter:
    """An object that has every attribute, with unexpected values."""

    def __getattr__(self, name: str) -> NoReturn:
        raise HostileError


class OddArray(np.ndarray[Any, Any]):
    """An array that cannot be shown or converted."""

    __repr__ = __str__ = _raises


class OddSeries(pd.Series):  # type: ignore[type-arg]
    """A Series that cannot be shown."""

    __repr__ = __str__ = _raises

    @property
    def _constructor(self) -> Any:
        return OddSeries


class OddFrame(pd.DataFrame):
    """A DataFrame that cannot be shown."""

    __repr__ = __str__ = _raises

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame


def _recursive() -> list[Any]:
    items: list[Any] = [1]
    items.append(items)
    return items


def _recursive_dict() -> dict[str, Any]:
    items: dict[str, Any] = {"a": 1}
    items["b"] = items
    return items


@cache
def _deep(levels: int = 50_000) -> list[Any]:
    """Make it once: that takes longer than to refuse it, and nothing can change so deep a list by mistake."""
    items: list[Any] = [1]
    for _ in range(levels):
        items = [items]
    return items


def _objects(*values: Any) -> Any:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def _array_of(kind: type) -> Any:
    return np.array([1.0, 2.0]).view(kind)


def _sparse(values: list[Any]) -> Any:
    return pd.Series(pd.arrays.SparseArray(values))


def _named(values: Any, name: Any) -> Any:
    series = pd.Series(values)
    series.name = name
    return series


# One value, or something that is taken for one

SCALARS: dict[str, Make] = {
    "None": lambda: None,
    "NA": lambda: pd.NA,
    "NaT": lambda: pd.NaT,
    "nan": lambda: nan,
    "inf": lambda: inf,
    "-inf": lambda: -inf,
    "-0.0": lambda: -0.0,
    "denormal": lambda: 5e-324,
    "tiny": lambda: 1e-300,
    "huge": lambda: 1.7e308,
    "-huge": lambda: -1.7e308,
    "2**63": lambda: 2**63,
    "10**309": lambda: 10**309,
    "10**5000": lambda: 10**5000,
    "-10**5000": lambda: -(10**5000),
    "True": lambda: True,
    "np.True": lambda: np.True_,
    "complex": lambda: 1 + 2j,
    "np.complex": lambda: np.complex128(1),
    "longdouble": lambda: np.longdouble(3),
    "half": lambda: np.float16(3),
    "Decimal": lambda: Decimal("3.5"),
    "Decimal NaN": lambda: Decimal("NaN"),
    "Decimal sNaN": lambda: Decimal("sNaN"),
    "Decimal inf": lambda: Decimal("Infinity"),
    "Decimal huge": lambda: Decimal("1e999999"),
    "Fraction": lambda: Fraction(1, 3),
    "Fraction huge": lambda: Fraction(10**5000, 3),
    "text": lambda: "12",
    "blank": lambda: " ",
    "no text": lambda: "",
    "long text": lambda: "9" * 10**6,
    "surrogate": lambda: "\ud800",
    "null character": lambda: "a\0b",
    "code": lambda: "__import__('os').system('false')",
    "format": lambda: "{0.__class__} %s %(x)s",
    "bytes": lambda: b"\xff\x00",
    "bytearray": lambda: bytearray(b"12"),
    "memoryview": lambda: memoryview(b"12"),
    "date": lambda: date(2026, 1, 1),
    "datetime.min": lambda: datetime.min,
    "datetime.max": lambda: datetime.max,
    "aware": lambda: datetime.max.replace(tzinfo=UTC),
    "time": lambda: time(),
    "timedelta": lambda: timedelta.max,
    "datetime64": lambda: np.datetime64("2026-01-01"),
    "datetime64 far": lambda: np.datetime64(2**62, "Y"),
    "datetime64 NaT": lambda: np.datetime64("NaT", "s"),
    "timedelta64": lambda: np.timedelta64(1, "ns"),
    "Timestamp": lambda: pd.Timestamp.max,
    "Period": lambda: pd.Period("2026-01", "M"),
    "Interval": lambda: pd.Interval(0, 1),
    "np.void": lambda: np.zeros(1, dtype=[("a", int)])[0],
    "np.str": lambda: np.str_("a"),
    "object": object,
    "type": lambda: int,
    "function": lambda: len,
    "module": lambda: warnings,
    "Ellipsis": lambda: ...,
    "NotImplemented": lambda: NotImplemented,
    "exception": lambda: ValueError("x"),
    "bare": BARE,
    "getter": Getter,
    "array-like": ArrayLike,
    **{f"{base.__name__}, repr": (lambda kind=kind: kind()) for base, kind in WITH_REPR.items()},
    **{f"{base.__name__}, eq": (lambda kind=kind: kind()) for base, kind in WITH_EQ.items()},
    **{f"{base.__name__}, bool": (lambda kind=kind: kind()) for base, kind in WITH_BOOL.items()},
    **{f"{base.__name__}, len": (lambda kind=kind: kind()) for base, kind in WITH_LEN.items()},
}

# Many values

COLUMNS: dict[str, Make] = {
    "empty list": list,
    "empty tuple": tuple,
    "empty array": lambda: np.array([]),
    "empty Series": lambda: pd.Series([], dtype=float),
    "mixed": lambda: [1, "a", None, 2.5, b"x", {}, []],
    "ragged": lambda: [[1, 2], [3]],
    "recursive": _recursive,
    "recursive dict": _recursive_dict,
    "deep": _deep,
    "huge ints": lambda: [1, 10**5000],
    "decimals": lambda: [Decimal("sNaN"), Decimal("Infinity"), Decimal("1e999999")],
    "fractions": lambda: [Fraction(10**5000), Fraction(1, 3)],
    "reprs": lambda: [WITH_REPR[object](), WITH_REPR[str]()],
    "eqs": lambda: [WITH_EQ[object](), WITH_EQ[str](), WITH_EQ[float]()],
    "bares": lambda: [BARE(), Getter(), ArrayLike()],
    "bools": lambda: [True, False],
    "dates": lambda: [date.min, datetime.max, pd.NaT, "2026"],
    "zones": lambda: [datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)],
    "set": lambda: {1, 2},
    "frozenset": lambda: frozenset([1]),
    "generator": lambda: (x for x in [1, 2]),
    "raising generator": lambda: (_raises() for _ in [1]),
    "endless": lambda: iter(int, 1),
    "dict": lambda: {"a": 1},
    "dict of odd keys": lambda: {None: 1, (1,): 2, nan: 3, 10**5000: 4},
    "keys": lambda: {"a": 1}.keys(),
    "values": lambda: {"a": 1}.values(),
    "items": lambda: {"a": 1}.items(),
    "map": lambda: map(int, ["1"]),
    "range": lambda: range(3),
    "vast range": lambda: range(10**18),
    "vast view": lambda: np.broadcast_to(np.float64(1), (200_000,)),
    "0-d": lambda: np.array(5),
    "0-d object": lambda: np.array(None, dtype=object),
    "3-d": lambda: np.ones((2, 2, 2)),
    "0 x 3": lambda: np.ones((0, 3)),
    "objects": lambda: _objects(1, "a", [1], {}, None),
    "object huge": lambda: _objects(10**5000, -(10**5000)),
    "bools array": lambda: np.array([True, False]),
    "complex array": lambda: np.array([1j, 2]),
    "text array": lambda: np.array(["1", "2"]),
    "bytes array": lambda: np.array([b"1"]),
    "void": lambda: np.zeros(2, dtype="V8"),
    "structured": lambda: np.zeros(2, dtype=[("a", float), ("b", "U3")]),
    "recarray": lambda: np.rec.array([(1, 2.0)]),
    "masked": lambda: np.ma.masked_array([1, 2], mask=[True, False]),
    "all masked": lambda: np.ma.masked_all(2),
    "masked constant": lambda: np.ma.masked,
    "longdoubles": lambda: np.array([1, 2], dtype=np.longdouble),
    "big-endian": lambda: np.array([1, 2], dtype=">f8"),
    "big-endian ints": lambda: np.array([1, 2], dtype=">i8"),
    "datetimes": lambda: np.array(["2026-01-01", "NaT"], dtype="M8[s]"),
    "datetimes far": lambda: np.array([2**62, -(2**62)], dtype="M8[Y]"),
    "datetimes generic": lambda: np.array(["NaT"], dtype="M8"),
    "timedeltas": lambda: np.array([1, 2], dtype="m8[s]"),
    "array subclass": lambda: _array_of(OddArray),
    "Series subclass": lambda: OddSeries([1.0, 2.0]),
    "DataFrame": lambda: pd.DataFrame({"a": [1.0]}),
    "DataFrame subclass": lambda: OddFrame({"a": [1.0]}),
    "empty DataFrame": pd.DataFrame,
    "Index": lambda: pd.Index([1, 2]),
    "MultiIndex": lambda: pd.MultiIndex.from_tuples([(1, 2), (3, 4)]),
    "duplicate labels": lambda: pd.Series([1.0, 2.0], index=[0, 0]),
    "huge label": lambda: pd.Series([-1.0, 2.0], index=pd.Index([10**5000, 1], dtype=object)),
    "hostile name": lambda: _named([1.0, 2.0], WITH_REPR[object]()),
    "categorical": lambda: pd.Series([1, 2], dtype="category"),
    "categorical text": lambda: pd.Series(["a", None], dtype="category"),
    "sparse": lambda: _sparse([0.0, nan, 2.0]),
    "sparse ints": lambda: _sparse([0, 0, 2]),
    "Int64": lambda: pd.array([1, None], dtype="Int64"),
    "boolean": lambda: pd.Series([True, None], dtype="boolean"),
    "string": lambda: pd.Series(["1", None], dtype="string"),
    "int[pyarrow]": lambda: pd.Series([1, None], dtype="int64[pyarrow]"),
    "text[pyarrow]": lambda: pd.Series(["a", None], dtype="string[pyarrow]"),
    "bool[pyarrow]": lambda: pd.Series([True, None], dtype="bool[pyarrow]"),
    "date[pyarrow]": lambda: pd.Series([date(2026, 1, 1), None], dtype="date32[pyarrow]"),
    "period": lambda: pd.Series(pd.period_range("2026-01", periods=2, freq="M")),
    "interval": lambda: pd.Series(pd.interval_range(0, 2)),
    "aware": lambda: pd.Series(pd.date_range("2026-01-01", periods=2, tz="Europe/Berlin")),
    "Timedelta": lambda: pd.Series(pd.to_timedelta([1, None], unit="D")),
    "NaT objects": lambda: pd.Series([pd.NaT, pd.NA, None, nan], dtype=object),
    "Series of lists": lambda: pd.Series([[1], [2, 3]]),
    "Series of Series": lambda: pd.Series([pd.Series([1]), 2], dtype=object),
    "list of Series": lambda: [pd.Series([1]), pd.Series([1, 2])],
    "list of arrays": lambda: [np.ones(2), np.ones(3)],
    "list of array-likes": lambda: [ArrayLike()],
}

# Large values, on which code that takes more than linear time would hang

VAST: dict[str, Make] = {
    "numbers": lambda: np.arange(300_000) % 7,
    "list": lambda: list(range(300_000)),
    "bad list": lambda: ["x"] * 300_000,
    "bad objects": lambda: pd.Series(["x"] * 300_000, dtype=object),
    "huge list": lambda: [10**5000] * 2000,
    "mapping": lambda: {f"part {i}": i for i in range(20_000)},
    "text": lambda: "churn " * 200_000,
}

Frame = Callable[[], pd.DataFrame]


def _plans(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"plan": ["a", "b", "a"], "lost": [1, 2, 3], "start": [10, 20, 30]}).assign(**columns)


def _with(values: Any) -> pd.DataFrame:
    return _plans(lost=values)


FRAMES: dict[str, Frame] = {
    "good": _plans,
    "empty": pd.DataFrame,
    "no rows": lambda: _plans().iloc[:0],
    "no columns": lambda: pd.DataFrame(index=[1, 2, 3]),
    "twice": lambda: pd.concat([_plans(), _plans()], axis=1),
    "MultiIndex columns": lambda: pd.DataFrame(
        [[1, 2]], columns=pd.MultiIndex.from_tuples([("lost", "a"), ("start", "b")])
    ),
    "MultiIndex rows": lambda: _plans().set_index(["plan", "lost"]),
    "index called as a column": lambda: _plans().rename_axis("lost"),
    "odd columns": lambda: _plans().set_axis(pd.Index([10**5000, None, nan], dtype=object), axis=1),
    "hostile columns": lambda: _plans().set_axis([WITH_REPR[object](), WITH_REPR[str]("lost"), "start"], axis=1),
    "dates for columns": lambda: _plans().set_axis(pd.date_range("2026-01-01", periods=3), axis=1),
    "same labels": lambda: _plans().set_axis([0, 0, 0]),
    "huge labels": lambda: _plans().set_axis(pd.Index([10**5000, -1, None], dtype=object)),
    "period": lambda: _plans(period=pd.period_range("2026-01", periods=3, freq="M")),
    "period of one": lambda: _plans(period=["x", "x", None]),
    "period of lists": lambda: _plans(period=[[1], [2], [3]]),
    "text": lambda: _with(["1", "2", "3"]),
    "objects": lambda: _with([1, None, Decimal(3)]),
    "huge": lambda: _with(pd.Series([10**5000, 1, 2], dtype=object)),
    "infinite": lambda: _with([inf, -inf, nan]),
    "negative": lambda: _with([-1, 2, 3]),
    "overflow": lambda: _with([2**63 - 1] * 3),
    "uint64": lambda: _with(np.array([2**64 - 1] * 3, dtype=np.uint64)),
    "largest floats": lambda: _with([1.7e308] * 3),
    "complex": lambda: _with([1j, 2, 3]),
    "bools": lambda: _with([True, False, True]),
    "lists": lambda: _with([[1], [2], [3]]),
    "dicts": lambda: _with([{}, {}, {}]),
    "hostile": lambda: _with(_objects(WITH_REPR[object](), WITH_REPR[str](), None)),
    "hostile eq": lambda: _with(_objects(WITH_EQ[object](), WITH_EQ[str](), WITH_EQ[float]())),
    "categorical": lambda: _with(pd.Series([1, 2, 3], dtype="category")),
    "sparse": lambda: _with(_sparse([0, 0, 1])),
    "arrow": lambda: _with(pd.Series([1, None, 3], dtype="int64[pyarrow]")),
    "arrow dictionary": lambda: _plans(plan=pd.Series(["a", None, "a"], dtype="category")),
    "dates": lambda: _with(pd.date_range("2026-01-01", periods=3, tz="UTC")),
    "intervals": lambda: _with(pd.interval_range(0, 3)),
    "keys of lists": lambda: _plans(plan=[[1], [2], [1]]),
    "keys of dicts": lambda: _plans(plan=[{}, {}, {}]),
    "keys hostile": lambda: _plans(plan=_objects(WITH_REPR[object](), WITH_REPR[object](), WITH_REPR[object]())),
    "keys eq": lambda: _plans(plan=_objects(*(WITH_EQ[object]() for _ in range(3)))),
    "keys eq text": lambda: _plans(plan=_objects(*(WITH_EQ[str]("a") for _ in range(3)))),
    "keys mixed": lambda: _plans(plan=[1, "a", None]),
    "keys huge": lambda: _plans(plan=pd.Series([10**5000, 2, 10**400], dtype=object)),
    "keys nan": lambda: _plans(plan=[nan, None, pd.NaT]),
    "keys intervals": lambda: _plans(plan=pd.interval_range(0, 3)),
    "keys complex": lambda: _plans(plan=[1j, 2j, 1j]),
    "keys sparse": lambda: _plans(plan=_sparse([0, 0, 1])),
    "subclass": lambda: OddFrame(_plans()),
    "attrs": lambda: _attrs({"excluded": "nothing"}),
}


def _attrs(attrs: dict[Any, Any]) -> pd.DataFrame:
    frame = _plans()
    frame.attrs = attrs
    return frame


def engine_frames() -> Iterator[tuple[str, Any]]:
    """Return frames of other engines with odd schemas."""
    import duckdb
    import polars as pl
    import pyarrow as pa

    yield "polars empty", pl.DataFrame()
    yield "polars no rows", pl.DataFrame({"plan": [], "lost": [], "start": []})
    yield "polars nested", pl.DataFrame({"plan": [[1], [2]], "lost": [{"a": 1}, {"a": 2}], "start": [1, 2]})
    yield "polars text", pl.LazyFrame({"plan": ["a"], "lost": ["1"], "start": [2]})
    yield "polars nulls", pl.DataFrame({"plan": [None], "lost": [None], "start": [None]})
    yield "polars nan", pl.LazyFrame({"plan": [nan, None], "lost": [nan, inf], "start": [1, 2]})
    yield "polars binary", pl.DataFrame({"plan": [b"a"], "lost": [b"1"], "start": [2]})
    yield "polars times", pl.DataFrame({"plan": [time()], "lost": [timedelta(1)], "start": [2]})
    yield "polars Series", pl.Series([1, 2])
    yield "arrow same names", pa.table([pa.array([1]), pa.array([2])], names=["lost", "lost"])
    yield "arrow empty", pa.table({})
    yield "arrow nested", pa.table({"plan": [[1]], "lost": [{"a": 1}], "start": [[None]]})
    yield "arrow null", pa.table({"plan": pa.nulls(2), "lost": pa.nulls(2), "start": pa.nulls(2)})
    yield (
        "arrow decimal",
        pa.table({"plan": ["a"], "lost": pa.array([Decimal("1.5")], pa.decimal128(38, 2)), "start": [2]}),
    )
    yield "arrow array", pa.array([1])
    yield "duckdb", duckdb.sql("select {'a': 1} as plan, [1] as lost, 'x' as start")


# Text

DOCUMENTS: dict[str, Make] = {
    "nothing": lambda: "",
    "null": lambda: "null",
    "list": lambda: "[]",
    "number": lambda: "5",
    "NaN": lambda: '{"lost": NaN, "start": 1}',
    "infinite": lambda: '{"lost": 1e999, "start": -Infinity}',
    "huge": lambda: '{"lost": 1' + "0" * 5000 + ', "start": 1}',
    "deep list": lambda: "[" * 100_000,
    "deep dict": lambda: '{"lost":' * 100_000,
    "deep value": lambda: '{"lost": ' + "[" * 100_000 + "]" * 100_000 + ', "start": 1}',
    "cut": lambda: '{"lost": 1, "sta',
    "twice": lambda: '{"lost": 1, "lost": 2, "start": 3}',
    "text": lambda: '{"lost": "5", "start": "__import__(\'os\')"}',
    "bool": lambda: '{"lost": true, "start": 1}',
    "object": lambda: '{"lost": {"$ref": "file:///etc/passwd"}, "start": 1}',
    "unknown": lambda: '{"lost": 1, "start": 2, "__class__": 3}',
    "surrogate": lambda: '{"lost": "\\ud800", "\\ud800": 1}',
    "bad UTF-8": lambda: b'{"lost": "\xff\xfe"}',
    "UTF-16": lambda: '{"lost": 1}'.encode("utf-16"),
    "zeros": lambda: b"\0" * 1000,
    "TOML": lambda: '[[case]]\nmetric = "churn_rate"\n',
    "pickle": lambda: b"cos\nsystem\n(S'false'\ntR.",
    "long": lambda: '{"lost": [' + "1," * 300_000 + '1], "start": 1}',
    "many names": lambda: "{" + ",".join(f'"a{i}": 1' for i in range(20_000)) + "}",
    "undefined": lambda: '{"lost": 0, "start": 0, "undefined": "no"}',
}
