"""Checks of the builders' options, with the errors they raise."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.core._money import BITS
from csmetrics.core._options import meant
from csmetrics.core._plain import plain
from csmetrics.errors import MetricInputError, shown

OnBadRows: TypeAlias = Literal["raise", "report"]
Closed: TypeAlias = Literal["left", "both"]
ByAt: TypeAlias = Literal["row", "opening"]


def check_mode(metric: str, on_bad_rows: Any) -> bool:
    """Return whether bad rows are reported; reject an unknown word for `on_bad_rows`."""
    mode = plain(on_bad_rows)
    if not isinstance(mode, str) or mode not in ("raise", "report"):
        hint = meant(mode, ("raise", "report"))
        raise MetricInputError(metric, "on_bad_rows", "must be 'raise' or 'report'", f"got {shown(on_bad_rows)}", hint)
    return mode == "report"


def key_names(metric: str, by: Any, axis: str | None = None) -> list[Any]:
    """Return the column names in `by` as a list, empty for None."""
    names = [] if by is None else list(map(plain, plain(by))) if isinstance(by, list) else [plain(by)]
    once: set[Any] = {pd.NA}
    with suppress(Exception):  # names that cannot be hashed or compared
        once = set(names)
    if pd.NA in once:  # no column can have such a name
        raise MetricInputError(metric, "by", "must name columns", f"got {shown(by)}")
    if axis is not None and axis in once:
        hint = f"the result has an index level {axis!r} for time; rename the column"
        raise MetricInputError(metric, "by", f"must not name {axis!r}", f"got {shown(by)}", hint)
    if len(once) < len(names):
        raise MetricInputError(metric, "by", "must name each column once", f"got {shown(by)}")
    return names


def too_large(metric: str, argument: str) -> MetricInputError:
    """Make the error for integers whose sum does not fit in int64."""
    return MetricInputError(metric, argument, f"must add up to less than 2**{BITS}", "got more", "use a larger unit")


MOST = 2**27  # cells of a result, or of the table it is computed from: a gigabyte


def check_cells(metric: str, calendar: Calendar, first: int, periods: int, each: int) -> None:
    """Reject a result with far more periods than anyone looks at: one misdated row is enough to cause that."""
    if periods * each > MOST:
        labels = calendar.index(first, periods, "period")
        found = f"from {labels[0]} to {labels[-1]} there are {periods:,} periods, {periods * each:,} cells"
        hint = "check the earliest and the latest date, pass as_of, or choose a longer freq"
        raise MetricInputError(metric, "freq", f"must make at most {MOST:,} cells", found, hint)


def check_length(metric: str, argument: str, length: Any) -> int:
    """Return a length of time in microseconds, 0 for None; reject anything else."""
    if length is None:
        return 0
    try:
        timed = isinstance(length, (str, timedelta, np.timedelta64))
        found = pd.Timedelta(plain(length)) if timed else pd.NaT
    except (ValueError, TypeError, OverflowError):
        found = pd.NaT
    if found is pd.NaT or found < pd.Timedelta(0):
        rule, hint = "must be a length of time", "for example '30D', or pd.Timedelta(days=30)"
        raise MetricInputError(metric, argument, rule, f"got {shown(length)}", hint)
    return int(found // pd.Timedelta(microseconds=1))
