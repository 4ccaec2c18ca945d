"""Raw rows of a pandas DataFrame: their columns, the bad ones among them, and the numbers of their groups."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from csmetrics._frames.columns import column
from csmetrics._frames.groups import factorize, group_rows
from csmetrics.cohorts._time import NAT, Calendar, Times, must_match, read_times
from csmetrics.core._kinds import array
from csmetrics.core._money import BITS
from csmetrics.core._registry import NUMBER
from csmetrics.errors import MetricInputError, shown

_MOST = 1_000_000  # periods, days or events that an option counts
_LABELS = 5  # labels of bad rows that an error lists
_LIVES = "a row lives from its start to just before its end"


class Rows:
    """The rows of a frame, screened while their columns are read.

    Parameters
    ----------
    metric
        The builder that asks, for its errors.
    frame
        One raw row per row.
    on_bad_rows
        ``"raise"`` or ``"report"``.

    Attributes
    ----------
    bad : list
        What is wrong with which rows: reason, argument, hint, flags.
    """

    def __init__(self, metric: str, frame: pd.DataFrame, on_bad_rows: str) -> None:
        check_mode(metric, on_bad_rows)
        self.metric, self.frame, self.report = metric, frame, on_bad_rows == "report"
        self.bad: list[tuple[str, str, str, Any]] = []

    def column(self, name: Any, argument: str) -> pd.Series[Any]:
        """Give a column or index level."""
        series = column(self.frame, name, self.metric, argument)
        if series.dtype == object:
            try:
                series.isna()
            except ArithmeticError:
                rule, found = "must hold values that can be compared", "got a signalling Decimal NaN"
                raise MetricInputError(self.metric, argument, rule, found) from None
        return series

    def keys(self, by: Any, axis: str | None = None) -> list[pd.Series[Any]]:
        """Give the grouping columns; none may be called as the time axis of the result."""
        return [self.column(name, "by") for name in key_names(self.metric, by, axis)]

    def refuse(self, argument: str, reason: str, flags: Any, hint: str = "") -> None:
        """Mark rows as bad."""
        if flags is not None and np.any(flags):
            self.bad.append((reason, argument, hint, np.asarray(flags, dtype=bool)))

    def units(self, name: Any, argument: str) -> pd.Series[Any]:
        """Read whom the rows belong to: a customer or user of any kind; missing is bad."""
        series = self.column(name, argument)
        if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iu":
            return series
        self.refuse(argument, "is missing", series.isna().to_numpy(), "every row must say whose it is")
        if series.dtype.kind == "f":
            self.refuse(argument, "is infinite", np.isinf(series.to_numpy(dtype=np.float64, na_value=np.nan)))
        return series

    def times(self, name: Any, argument: str, *, optional: bool = False, like: Times | None = None) -> Times:
        """Read dates, on the wall clock of others; what is no date is bad, what is missing too unless it may be."""
        zone = None if like is None else like.zone
        times, wrong = read_times(self.metric, argument, self.column(name, argument), zone)
        self.refuse(argument, "is no date", wrong, "give dates, or text such as 2026-03-31")
        if not optional and times.ticks.min(initial=0) == NAT:
            missing = times.ticks == NAT
            self.refuse(argument, "is missing", missing if wrong is None else missing & ~wrong)
        return times

    def refuse_before(
        self, argument: str, ends: Times, begins: Times, first: str = "start", hint: str = _LIVES
    ) -> None:
        """Refuse rows that end before they begin."""
        must_match(self.metric, {first: begins, argument: ends})
        since = "its start" if first == "start" else f"`{first}`"
        self.refuse(argument, f"is before {since}", _earlier(ends, begins), hint)

    def numbers(self, name: Any, argument: str, *, negative: bool = False, missing: bool = False) -> Any:
        """Read numbers: int64 for integers, else float64. Infinite is bad, and negative or missing unless it may be."""
        series = self.column(name, argument)
        if not missing and not isinstance(series.dtype, np.dtype) and series.dtype.kind in "iu" and series.isna().any():
            self.refuse(argument, "is missing", series.isna().to_numpy(), "a missing amount is not 0")
            series = series.fillna(0)  # so that the others stay integers
        values = array(self.metric, argument, series, NUMBER)
        if values.dtype.kind == "u":
            values = values.astype(np.int64 if values.max(initial=0) < 2**63 else np.float64)
        if values.dtype.kind == "i":
            values = values.astype(np.int64, copy=False)
        else:
            values = values.astype(np.float64, copy=False)
            if not np.isfinite(values).all():
                self.refuse(argument, "is infinite", np.isinf(values))
                if not missing:
                    self.refuse(argument, "is missing", np.isnan(values), "a missing amount is not 0")
        if not negative and np.fmin.reduce(values, initial=0) < 0:
            self.refuse(argument, "is negative", values < 0)
        return values

    def kept(self) -> Any:
        """Give the positions of the good rows, as a slice where all are; raise if there are bad ones."""
        if not self.bad:
            return slice(None)
        if not self.report:
            raise self._error()
        return np.flatnonzero(~self._any())

    @property
    def columns(self) -> pd.Index[Any]:
        """The names of the columns."""
        return self.frame.columns

    @property
    def excluded(self) -> pd.DataFrame | None:
        """The bad rows with the reasons, where they were asked for."""
        return self.explained() if self.report else None

    def explained(self) -> pd.DataFrame:
        """Give the bad rows with the reasons, in a column after the others."""
        rows = np.flatnonzero(self._any())
        reasons = [[f"`{a}` {reason}" for reason, a, _, flags in self.bad if flags[row]] for row in rows]
        out = Excluded(self.frame.iloc[rows])
        name = "reason"
        while name in out.columns:
            name += "_"
        levels = out.columns.nlevels
        out[name if levels == 1 else (name, *[""] * (levels - 1))] = ["; ".join(several) for several in reasons]
        return out

    def _any(self) -> Any:
        flags = np.zeros(len(self.frame), bool)
        for *_, some in self.bad:
            flags |= some
        return flags

    def _error(self) -> MetricInputError:
        reason, argument, hint, flags = self.bad[0]
        labels = self.frame.index[flags]
        shown = ", ".join(map(repr, labels[:_LABELS].tolist()))
        found = f"{len(labels)} of {len(self.frame)} rows break it, with the labels {shown}"
        found += ", ..." if len(labels) > _LABELS else ""
        return broken(self.metric, argument, reason, found, hint, [(r, a, int(f.sum())) for r, a, _, f in self.bad[1:]])


def _earlier(ends: Times, begins: Times) -> Any:
    """Tell which end is there and earlier than its beginning, whatever their units."""
    ended, begun = ends.elapsed(), begins.elapsed()
    if ends.per_day >= begins.per_day:
        early = ended // (ends.per_day // begins.per_day) < begun
    else:
        whole, rest = np.divmod(begun, begins.per_day // ends.per_day)
        early = (ended < whole) | ((ended == whole) & (rest > 0))
    return early & (ends.ticks != NAT) & (begins.ticks != NAT)


Result = TypeVar("Result", bound=Any)


def noted(out: Result, excluded: pd.DataFrame | None) -> Result:
    """Put the bad rows beside a result, where they were asked for."""
    if excluded is not None:
        out.attrs["excluded"] = excluded
    return out


class Excluded(pd.DataFrame):
    """Bad rows. Two of them compare to one bool, as pandas needs of what is in `.attrs` when it concatenates."""

    def copy(self, deep: bool = True) -> Excluded:  # type: ignore[misc]
        """Copy it, as pandas does with what is in `.attrs`."""
        return Excluded(super().copy(deep))

    def __deepcopy__(self, memo: Any = None) -> Excluded:
        return self.copy()

    def __eq__(self, other: object) -> Any:
        return self.equals(other) if isinstance(other, Excluded) else super().__eq__(other)

    __hash__ = None


_RULES = {
    "is missing": "must be there in every row",
    "is no date": "must hold dates",
    "is infinite": "must be finite",
    "is negative": "must be >= 0",
    "is no whole number": "must be whole numbers",
}


def broken(
    metric: str, argument: str, reason: str, found: str, hint: str, others: Sequence[tuple[str, str, int]]
) -> MetricInputError:
    """Make the error for bad rows."""
    for other, name, count in others:
        found += f"; in {count} `{name}` {other}"
    advice = "on_bad_rows='report' leaves such rows out and gives them back in .attrs['excluded']"
    rule = _RULES.get(reason) or re.sub("^is not ", "must be ", re.sub("^is before ", "must not be before ", reason))
    return MetricInputError(metric, argument, rule, found, f"{hint}; {advice}" if hint else advice)


def check_mode(metric: str, on_bad_rows: Any) -> None:
    """Refuse a word for `on_bad_rows` that is none."""
    if not isinstance(on_bad_rows, str) or on_bad_rows not in ("raise", "report"):
        raise MetricInputError(metric, "on_bad_rows", "must be 'raise' or 'report'", f"got {shown(on_bad_rows)}")


def check_word(metric: str, argument: str, value: Any, words: Sequence[str]) -> None:
    """Refuse a word that is none of the choices."""
    if not isinstance(value, str) or value not in words:
        raise MetricInputError(metric, argument, f"must be one of {', '.join(map(repr, words))}", f"got {shown(value)}")


def check_whole(metric: str, argument: str, value: Any, low: int = 1, most: int = _MOST) -> int:
    """Refuse what is no whole number of at least `low`, or past what can be counted."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.timedelta64))
    if whole and low <= value <= most:
        return int(value)
    limits = f"<= {most}" if whole and value > most else f">= {low}"
    raise MetricInputError(metric, argument, f"must be a whole number {limits}", f"got {shown(value)}")


def key_names(metric: str, by: Any, axis: str | None = None) -> list[Any]:
    """Give the names in `by`: none, one, or a list of them."""
    names = [] if by is None else list(by) if isinstance(by, list) else [by]
    once: set[Any] = {pd.NA}
    with suppress(TypeError):  # what cannot be hashed
        once = set(names)
    if pd.NA in once:  # nothing that a column could be called
        raise MetricInputError(metric, "by", "must name columns", f"got {shown(by)}")
    if axis is not None and axis in once:
        hint = f"the result has a level {axis!r} for its time: rename the column"
        raise MetricInputError(metric, "by", f"must not name {axis!r}", f"got {shown(by)}", hint)
    if len(once) < len(names):
        raise MetricInputError(metric, "by", "must name each column once", f"got {shown(by)}")
    return names


def too_large(metric: str, argument: str) -> MetricInputError:
    """Make the error for integers whose sum int64 does not hold."""
    return MetricInputError(metric, argument, f"must add up to less than 2**{BITS}", "got more", "give larger units")


MOST = 2**27  # cells of a result or of what it is made from: a gigabyte


def check_cells(metric: str, calendar: Calendar, first: int, periods: int, each: int) -> None:
    """Refuse to make far more periods than anyone looks at: one misdated row is enough for them."""
    if periods * each > MOST:
        labels = calendar.index(first, periods, "period")
        found = f"from {labels[0]} to {labels[-1]} there are {periods:,} periods, {periods * each:,} cells"
        hint = "look at the earliest and the latest date, give as_of, or take a longer freq"
        raise MetricInputError(metric, "freq", f"must make at most {MOST:,} cells", found, hint)


class Groups:
    """The groups of rows by some columns: one number per row, and labels.

    Parameters
    ----------
    metric
        The builder that asks, for its errors.
    columns
        The grouping columns; none for a single group.
    rows
        Positions of the rows to keep.
    """

    def __init__(self, metric: str, columns: Sequence[pd.Series[Any]], rows: Any) -> None:
        self.names = [series.name for series in columns]
        self.labels: Any = None
        self.count = 1
        self.number: Any = None  # one per row; None where there is only one group
        if not columns:
            return
        taken = columns if isinstance(rows, slice) else [series.iloc[rows] for series in columns]
        try:
            self.labels, parts = group_rows(taken)
        except MetricInputError as wrong:  # lists and other things that cannot be told apart
            raise MetricInputError(metric, "by", "must hold numbers, text or dates", wrong.found) from None
        self.count = len(parts)
        self.number = np.zeros(len(taken[0]), np.int64)
        if parts:
            self.number[np.concatenate(parts)] = np.repeat(np.arange(self.count), [len(at) for at in parts])

    def index(self, axis: pd.PeriodIndex) -> pd.Index[Any]:
        """Cross a time axis with the groups; time comes first."""
        if self.labels is None:
            return axis
        first = axis.repeat(self.count)
        tiled = self.labels.take(np.tile(np.arange(self.count), len(axis)))
        others = (
            [tiled]
            if not isinstance(tiled, pd.MultiIndex)
            else [tiled.get_level_values(i) for i in range(tiled.nlevels)]
        )
        return pd.MultiIndex.from_arrays([first, *others], names=[axis.name, *self.names])


def number_units(metric: str, series: pd.Series[Any], rows: Any) -> tuple[Any, int, int]:
    """Number customers or users of a builder.

    Returns
    -------
    values : ndarray
        One integer per row.
    offset : int
        The number is the value less this.
    size : int
        Numbers are below it.
    """
    taken = series if isinstance(rows, slice) else series.iloc[rows]
    try:
        return _numbered(taken)
    except MetricInputError as wrong:  # lists and other things that cannot be told apart
        rule = "must hold numbers or text that say whose each row is"
        raise MetricInputError(metric, str(series.name), rule, wrong.found) from None


def _numbered(taken: pd.Series[Any]) -> tuple[Any, int, int]:
    if not len(taken):
        return np.zeros(0, np.int64), 0, 1
    if isinstance(taken.dtype, np.dtype) and taken.dtype.kind in "iu":
        values = taken.to_numpy()
        low, high = int(values.min()), int(values.max())
        if high - low < 2**40 and high < 2**63:
            return values, low, high - low + 1
    if isinstance(taken.dtype, pd.CategoricalDtype):
        return taken.cat.codes.to_numpy(), 0, len(taken.cat.categories)
    codes, _ = factorize(taken)
    return codes, 0, int(codes.max()) + 1
