"""The kinds of events that a caller names: read from the arguments, checked against the column that holds them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from numbers import Number, Real
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals
from csmetrics.cohorts._rows.remarks import Remarks
from csmetrics.core._plain import plain
from csmetrics.errors import MetricInputError, shown

_LONGEST = 80  # letters of a misspelt name that are compared
_LISTED = 5  # kinds that a hint lists
_SEARCHED = 100_000  # rows at most whose kinds are compared with the named ones
_FEW = 3  # kinds that are compared one by one, which is faster
_INFERRED = {
    "string": "text",
    "integer": "numbers",
    "floating": "numbers",
    "mixed-integer-float": "numbers",
    "decimal": "numbers",
    "boolean": "booleans",
    "datetime": "dates",
    "datetime64": "dates",
    "date": "dates",
    "timedelta": "durations",
    "timedelta64": "durations",
}


@dataclass(frozen=True)
class Named:
    """The kinds of events that one argument names.

    Attributes
    ----------
    argument
        Name of the argument.
    kinds
        The kinds; None for all events.
    needed
        Whether an event that no row has is refused; else it is noted.
    """

    argument: str
    kinds: list[Any] | None
    needed: bool

    @classmethod
    def read(cls, metric: str, argument: str, given: Any, *, needed: bool) -> Named:
        """Read an argument: one kind of event, a list of kinds, or None for all events."""
        if given is None:
            return cls(argument, None, needed)
        many = (list, tuple, set, frozenset, np.ndarray, pd.Series, pd.Index)
        given = plain(given)
        listed = list(map(plain, given)) if isinstance(given, many) and getattr(given, "ndim", 1) == 1 else [given]
        known = (pd.api.types.is_scalar(one) and not isinstance(one, Decimal) and not pd.isna(one) for one in listed)
        if listed and all(known):
            return cls(argument, [one.item() if isinstance(one, np.generic) else one for one in listed], needed)
        rule = "must be a kind of event, as it stands in the column, or a list of them"
        raise MetricInputError(metric, argument, rule, f"got {shown(given)}")

    def must_fit(self, metric: str, held: str | None) -> None:
        """Reject kinds of another type than the column holds; None where that is not known."""
        for kind in self.kinds or []:
            if held is not None and _type(kind) not in (held, None):
                raise self.wrong_type(metric, held, kind)

    def wrong_type(self, metric: str, held: str, kind: Any) -> MetricInputError:
        """Make the error for a kind of another type than the column holds."""
        rule = f"must be of the type that the column of events holds ({held})"
        return MetricInputError(metric, self.argument, rule, f"got {shown(kind)}")

    def must_occur(self, metric: str, absent: Sequence[Any], others: Iterable[Any], remarks: Remarks) -> None:
        """Reject kinds that no row has, or note them, with the nearest kind that a row has."""
        if not absent:
            return
        kind, found = absent[0], sorted({str(one) for one in others})
        close = difflib.get_close_matches(str(kind)[:_LONGEST], found, n=1, cutoff=0.0) if found else []
        lower = [one for one in found if one.lower() == str(kind).lower()]
        meant = f"did you mean {(lower or close)[0]!r}?" if found else "no row has an event"
        listed = ", ".join(map(repr, found[:_LISTED])) + (", ..." if len(found) > _LISTED else "")
        if self.needed:
            hint = f"{meant} The column has {listed}" if found else meant
            raise MetricInputError(metric, self.argument, "must be an event that a row has", f"got {shown(kind)}", hint)
        several = ", ".join(map(shown, absent[:_LISTED]))
        remarks.note(f"No row has the {self.argument} {several}: {meant}", doubtful=True)


def find_pandas(metric: str, named: Sequence[Named], happened: Any, kept: Any, remarks: Remarks) -> list[Any]:
    """Return the positions, among the kept rows, of the events that each argument names; None for all."""
    if all(one.kinds is None for one in named):
        return [None] * len(named)
    column = happened.iloc[kept]
    held = _held(happened)
    found: list[Any] = []
    for one in named:
        one.must_fit(metric, held)
        if one.kinds is None:
            found.append(None)
            continue
        try:
            each = [(column == kind).to_numpy(dtype=bool, na_value=False) for kind in one.kinds[:_FEW]]
            several = column.isin(one.kinds).to_numpy(dtype=bool) if len(one.kinds) > _FEW else None
        except Exception:  # they cannot be compared, whatever error says so
            raise one.wrong_type(metric, str(happened.dtype), one.kinds) from None
        found.append(np.flatnonzero(np.logical_or.reduce(each) if several is None else several))
        absent = [kind for kind, flags in zip(one.kinds, each, strict=False) if not flags.any()]
        if several is not None:
            others = column.iloc[found[-1]].unique()
            absent = [kind for kind in one.kinds if not _has(others, kind)]
        if happened.dtype == object and (absent or any(_type(kind) == "booleans" for kind in one.kinds)):
            one.must_fit(metric, _INFERRED.get(pd.api.types.infer_dtype(happened, skipna=True)))
        if absent and len(happened):
            everywhere = happened.dropna().unique()  # with the rows after the end of the data
            absent = [kind for kind in absent if not _has(everywhere, kind)]
            one.must_occur(metric, absent, everywhere, remarks)
    if len(column) <= _SEARCHED:
        _note_spellings(named, column, remarks)
    return found


def _note_spellings(named: Sequence[Named], column: pd.Series[Any], remarks: Remarks) -> None:
    """Note events that differ from a named one only in case or blanks, and do not count."""
    spelt: dict[str, list[str]] = {}
    for there in column.unique():
        if isinstance(there, str):
            spelt.setdefault(_plainly(there), []).append(there)
    for one in named:
        for kind in one.kinds or []:
            others = [other for other in spelt.get(_plainly(kind), []) if other not in (one.kinds or [])]
            if isinstance(kind, str) and kind not in others and others:
                said = ", ".join(map(repr, others))
                remarks.note(f"{kind!r} does not count the rows with {said}, which differ only in case or blanks.")


def _plainly(kind: Any) -> str:
    """Return the name of an event without case and blanks."""
    return "".join(str(kind).split()).casefold()


class EngineKinds:
    """The kinds of events that the arguments name, in a column of an engine.

    Parameters
    ----------
    rows
        The rows, before they are screened: the check then costs no pass of its own.
    event
        The column of events, which is read only if an argument names a kind.
    named
        The arguments.
    """

    def __init__(self, rows: Any, event: str, named: Sequence[Named]) -> None:
        self.rows, self.event = rows, event
        self.column: Any = None
        self.asked: list[tuple[Named, Any, str]] = []
        if all(one.kinds is None for one in named):
            return
        nw = narwhals()
        text = all(isinstance(kind, str) for one in named for kind in one.kinds or [])
        _, dtype = rows.typed(event, "event", "String" if text else "Float64")
        self.column = engines.group_key(rows.schema, event)
        for i, one in enumerate(named):
            one.must_fit(rows.metric, _held_by_engine(dtype))
            for j, kind in enumerate(one.kinds or []):
                flag = nw.when(self.matches([kind])).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)
                rows.fact(f"kind_{i}_{j}", flag, "sum")
                self.asked.append((one, kind, f"kind_{i}_{j}"))

    def matches(self, kinds: list[Any]) -> Any:
        """Return the expression that is true for events of some kinds."""
        nw, dtype = narwhals(), self.rows.schema[self.event]
        wanted: list[Any] = [one.to_pydatetime() if isinstance(one, pd.Timestamp) else one for one in kinds]
        if dtype.is_integer():  # an engine may refuse to compare integers with fractions, or with larger ones
            low, high = (0, 2**64) if dtype == nw.UInt64 else (-(2**63), 2**63)
            whole: list[Any] = [one for one in wanted if isinstance(one, Real) and one % 1 == 0]
            wanted = [int(one) for one in whole if low <= one < high]
        elif dtype.is_numeric():
            wanted = [float(one) for one in wanted if isinstance(one, Real)]
        if wanted and dtype == nw.UInt64:
            return self.column.cast(nw.String).is_in(list(map(str, wanted)))
        column = self.column.cast(nw.Float64) if dtype.is_decimal() else self.column
        return column.is_in(wanted) if wanted else nw.lit(False)

    def check(self) -> None:
        """Reject the kinds that no row has, or note them; the rows are screened."""
        absent: dict[int, tuple[Named, list[Any]]] = {}
        for one, kind, fact in self.asked:
            if not self.rows.count(fact):
                absent.setdefault(id(one), (one, []))[1].append(kind)
        if absent and self.rows.count("rows"):
            nw = narwhals()
            kinds = self.rows.frame.select(self.column.alias("csm:kind")).group_by("csm:kind").agg(nw.len())
            held = engines.collect(kinds)["csm:kind"].dropna()
            for one, missing in absent.values():
                one.must_occur(self.rows.metric, missing, held, self.rows.remarks)


def _type(kind: Any) -> str | None:
    if isinstance(kind, bool):
        return "booleans"
    for types, word in ((str, "text"), (Number, "numbers"), (timedelta, "durations"), (date, "dates")):
        if isinstance(kind, types):
            return word
    return None


def _held(series: Any) -> str | None:
    """Return what a pandas column holds, as far as its type says it."""
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _INFERRED.get(pd.api.types.infer_dtype(dtype.categories, skipna=True))
    if isinstance(dtype, pd.StringDtype) or "string" in str(dtype):
        return "text"
    return {"b": "booleans", "i": "numbers", "u": "numbers", "f": "numbers", "M": "dates", "m": "durations"}.get(
        getattr(dtype, "kind", "O")
    )


def _held_by_engine(dtype: Any) -> str | None:
    nw = narwhals()
    if dtype.is_numeric():
        return "numbers"
    if dtype == nw.Boolean:
        return "booleans"
    if dtype in (nw.Date, nw.Datetime):
        return "dates"
    return "text" if dtype in (nw.String, nw.Categorical, nw.Enum) else None


def _has(held: Any, kind: Any) -> bool:
    return any(one == kind and isinstance(one, bool | np.bool_) == isinstance(kind, bool) for one in held)
