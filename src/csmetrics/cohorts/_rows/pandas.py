"""Raw rows of a pandas DataFrame: reading their columns and finding the bad rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import column, require_all
from csmetrics._frames.kinds import blank, check_one_kind
from csmetrics.cohorts._rows import date_hints
from csmetrics.cohorts._rows.bad import broken
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.instants import NAT, Times
from csmetrics.cohorts._rows.options import check_mode, key_names
from csmetrics.cohorts._rows.padded import note_padded
from csmetrics.cohorts._rows.read_times import read_times
from csmetrics.cohorts._rows.remarks import Excluded, Remarks
from csmetrics.cohorts._rows.zones import must_match
from csmetrics.core._kinds import array, hint_for_texts
from csmetrics.core._registry import NUMBER
from csmetrics.errors import MetricInputError

_LABELS = 5  # labels of bad rows that an error lists
_LIVES = "a row is live from its start to just before its end"


class Rows:
    """The rows of a frame, screened while their columns are read.

    Parameters
    ----------
    metric
        Name of the builder, for its errors.
    frame
        The raw rows.
    on_bad_rows
        ``"raise"`` or ``"report"``.
    calendar
        The periods in which the rows are counted; None for none.

    Attributes
    ----------
    bad : list
        The rules broken so far: reason, argument, hint, and flags that mark the rows.
    remarks : Remarks
        Notes, and the bad rows where they are to be reported.
    """

    def __init__(self, metric: str, frame: pd.DataFrame, on_bad_rows: str, calendar: Calendar | None = None) -> None:
        self.metric, self.frame, self.report = metric, frame, check_mode(metric, on_bad_rows)
        self.bad: list[tuple[str, str, str, Any]] = []
        self.calendar = calendar
        self.remarks = Remarks()

    def require(self, by: Any = None, **columns: Any) -> None:
        """Raise one error for all columns that are missing."""
        keys = [] if by is None else key_names(self.metric, by)
        require_all(self.frame, self.metric, [*columns.items(), *(("by", name) for name in keys)])

    def column(self, name: Any, argument: str) -> pd.Series[Any]:
        """Return a column or index level."""
        series = column(self.frame, name, self.metric, argument)
        if series.dtype == object:
            try:
                series.isna()
            except Exception:  # whatever a value's own == raises, as that of a signalling Decimal NaN
                rule, found = "must hold values that can be compared", "got one whose own == raises"
                raise MetricInputError(self.metric, argument, rule, found) from None
        return series

    def keys(self, by: Any, axis: str | None = None) -> list[pd.Series[Any]]:
        """Return the grouping columns; none may have the name of the result's time axis."""
        columns = [self.column(name, "by") for name in key_names(self.metric, by, axis)]
        for series in columns:
            check_one_kind(self.metric, "by", series)
        return columns

    def refuse(self, argument: str, reason: str, flags: Any, hint: str = "") -> None:
        """Mark rows as bad."""
        if flags is not None and np.any(flags):
            self.bad.append((reason, argument, hint, np.asarray(flags, dtype=bool)))

    def units(self, name: Any, argument: str) -> pd.Series[Any]:
        """Read the customers or users of the rows, all of one kind; a missing or blank one is bad."""
        series = self.column(name, argument)
        if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iu":
            return series
        check_one_kind(self.metric, argument, series)
        self.refuse(argument, "is missing", blank(series), "every row must name its customer or user")
        note_padded(self.remarks, argument, series)
        if series.dtype.kind == "f":
            self.refuse(argument, "is infinite", np.isinf(series.to_numpy(dtype=np.float64, na_value=np.nan)))
        return series

    def times(
        self, name: Any, argument: str, *, optional: bool = False, like: Times | None = None, series: Any = None
    ) -> Times:
        """Read dates on the wall clock of `like`; other values are bad, and missing ones unless `optional`."""
        zone = None if like is None else like.zone
        column = self.column(name, argument) if series is None else series
        times, wrong = read_times(self.metric, argument, column, zone, self.calendar)
        if wrong is not None:
            self.refuse(argument, "is not a date", wrong, date_hints.hint_for_text(column[wrong]))
        hour = times.per_day // 24
        if times.ticks.size and 0 < times.ticks[0] < hour and times.span[1] < hour:
            self.remarks.note(date_hints.NO_UNIT.format(argument), doubtful=True)
        if not optional and not times.complete:
            missing = times.ticks == NAT
            self.refuse(argument, "is missing", missing if wrong is None else missing & ~wrong)
        return times

    def refuse_before(
        self, argument: str, ends: Times, begins: Times, first: str = "start", hint: str = _LIVES
    ) -> None:
        """Mark rows that end before they begin as bad."""
        must_match(self.metric, {first: begins, argument: ends})
        since = "its start" if first == "start" else f"`{first}`"
        self.refuse(argument, f"is before {since}", earlier(ends, begins), hint)

    def numbers(self, name: Any, argument: str, *, negative: bool = False, missing: bool = False) -> Any:
        """Read numbers: int64 for integers, else float64; infinite is bad, and negative or missing unless allowed."""
        series, text = self._without_text(self.column(name, argument), argument)
        if not missing and not isinstance(series.dtype, np.dtype) and series.dtype.kind in "iu" and series.isna().any():
            self.refuse(argument, "is missing", series.isna().to_numpy(), "a missing amount is not 0")
            series = series.fillna(0)  # so that the others stay integers
        values = array(self.metric, argument, series, NUMBER)
        if values.dtype.kind == "u":
            most = values.dtype.type(min(np.iinfo(values.dtype).max, 2**63 - 1))
            self.refuse(argument, "is 2**63 or more", values > most, "use a larger unit")
            values = np.minimum(values, most).astype(np.int64)
        if values.dtype.kind == "i":
            values = values.astype(np.int64, copy=False)
        else:
            values = values.astype(np.float64, copy=False)
            if not np.isfinite(values).all():
                self.refuse(argument, "is infinite", np.isinf(values))
                if not missing:
                    self.refuse(argument, "is missing", np.isnan(values) & ~text, "a missing amount is not 0")
        if not negative and np.fmin.reduce(values, initial=0) < 0:
            self.refuse(argument, "is negative", values < 0)
        return values

    def _without_text(self, series: pd.Series[Any], argument: str) -> tuple[pd.Series[Any], Any]:
        """Mark text among numbers as bad; return the numbers, and where text was.

        A column of nothing but text stays as it is: it is refused as a whole.
        """
        if series.dtype != object or not pd.api.types.infer_dtype(series, skipna=True).startswith("mixed"):
            return series, np.False_
        text = series.map(lambda value: isinstance(value, str)).to_numpy(dtype=bool)
        if text.any():
            self.refuse(argument, "is not a number", text, hint_for_texts(series[text]))
            series = series.mask(text, None)
        return series, text

    def kept(self) -> Any:
        """Return the positions of the good rows, a slice if all are good; raise for bad rows unless reported."""
        if self.report:
            self.remarks.excluded = self.explained()
        if not self.bad:
            return slice(None)
        if not self.report:
            raise self._error()
        return np.flatnonzero(~self._any())

    @property
    def columns(self) -> pd.Index[Any]:
        """The names of the columns."""
        return self.frame.columns

    def explained(self) -> Excluded:
        """Return the bad rows with the reasons, in a column after the others."""
        rows = np.flatnonzero(self._any())
        reasons = [[f"`{a}` {reason}" for reason, a, _, flags in self.bad if flags[row]] for row in rows]
        out = self.frame.iloc[rows].copy()
        out.attrs = {}
        name = "reason"
        while name in out.columns:
            name += "_"
        levels = out.columns.nlevels
        label = name if levels == 1 else (name, *[""] * (levels - 1))
        out[label] = ["; ".join(several) for several in reasons]
        return Excluded(out, label)

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
        others = [(r, a, int(f.sum())) for r, a, _, f in self.bad[1:]]
        return broken(self.metric, argument, reason, found, hint, others, few=2 * len(labels) < len(self.frame))


def earlier(ends: Times, begins: Times) -> Any:
    """Mark the ends that are earlier than their beginnings, whatever the units; missing dates are not marked."""
    ended, begun = ends.elapsed(), begins.elapsed()
    if ends.per_day == begins.per_day:
        early = ended < begun
    elif ends.per_day > begins.per_day:
        early = ended // (ends.per_day // begins.per_day) < begun
    else:
        whole, rest = np.divmod(begun, begins.per_day // ends.per_day)
        early = (ended < whole) | ((ended == whole) & (rest > 0))
    return early & (ends.ticks != NAT) & (begins.ticks != NAT)
