"""Adding frames of counts that were made of pieces: one row per period and group, as if from all rows at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.groups import group_numbers, group_sums
from csmetrics.cohorts._rows.axis import PERIOD
from csmetrics.cohorts._rows.remarks import Remarks, noted, together
from csmetrics.core._registry import REGISTRY
from csmetrics.errors import MetricInputError, shown

_METRIC = "add"
_MEDIANS = ("median_ttv", "median_days")
_ONCE = (  # columns that count a customer once, whatever the number of its rows
    *("adopters", "eligible", "features_used", "features_available"),
    *("customers", "repeat_customers", "signups", "activated", "entered", "converted", "renewed", "due"),
    *("active", "new_users", "returning", "resurrected", "dormant", "dau", "wau", "mau"),
    *("start", "new", "reactivated", "lost", "end"),
)
_SHARED = (
    "{} count a customer once, and a customer that is in several pieces several times: they are those of all rows only "
    "where no customer is in two pieces."
)


def add(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Add frames of counts that were made of pieces of the data: of files, days or machines.

    Parameters
    ----------
    frames
        Two or more frames of the same builder with the same columns and index levels: from `survey`, `tickets`,
        `onboarding`, `adoption`, or any other whose columns are counts and amounts. Make them with the same `freq`,
        `by` and `as_of`.

    Returns
    -------
    DataFrame
        One row per period and group that is in any of them: the sums, as integers where they were. A row that a frame
        does not have counts as 0, a missing value stays missing. Medians and rates cannot be added and are left out,
        with a note.

    Raises
    ------
    MetricInputError
        If the frames differ in their columns, index levels or the length of their periods; if a column cannot be added;
        or if they have stocks, such as the customers at a period's start, and end with different periods.

    See Also
    --------
    activity : Count events in pieces of time exactly, whoever is in several of them.

    Notes
    -----
    How the rows may be cut into pieces:

    * anyhow: `survey` and `tickets`, whose every row counts by itself (with ``keep=`` or `weights`, only so that no
      customer is in two pieces); `onboarding`, which has one row per customer.
    * so that no customer is in two pieces: `adoption`, `purchases`, `renewals`, `activation`, `funnel`, `lifecycle`,
      `active_users` and the movements of customers and MRR. They count customers, and not rows; a note says so. For
      events in pieces of time, `activity` gives the same figures exactly. In `adoption` each piece must hold every
      feature, for `features_available`, and its `eligible` users must be those of the piece.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> monday = csm.cohorts.survey(pd.DataFrame({"score": [10, 3], "plan": ["pro", "free"]}), score="score", by="plan")
    >>> tuesday = csm.cohorts.survey(pd.DataFrame({"score": [9, 8], "plan": ["pro", "pro"]}), score="score", by="plan")
    >>> both = csm.cohorts.add([monday, tuesday])
    >>> both
          promoters  passives  detractors  nps_responses  nps_invited
    plan
    free          0         0           1              1            1
    pro           2         1           0              3            3
    >>> both.csm.total().nps()
    25.0
    """
    several = _checked(frames)
    remarks = Remarks()
    for frame in several:
        for note in frame.attrs.get("notes", []):
            remarks.note(note)
    remarks.excluded = together([frame.attrs.get("excluded") for frame in several])
    names = _added(several, remarks)
    _check_ends(several, names)
    keys = [_key(several, level) for level in range(several[0].index.nlevels)]
    both = {name: pd.concat([frame[name] for frame in several]) for name in names}
    index, sums = group_sums(keys, {name: _numbers(column) for name, column in both.items()})
    missing = {name: column.isna().to_numpy().astype(np.int64) for name, column in both.items() if not _plain(column)}
    _, hidden = group_sums(keys, missing)
    out = pd.DataFrame(sums.totals, index=index)
    for name, rows in hidden.totals.items():
        out[name] = pd.array(out[name], "Int64")
        out.loc[rows > 0, name] = pd.NA
    whole = _completed(out)
    whole.attrs |= {name: several[0].attrs[name] for name in ("growing", "span") if name in several[0].attrs}
    return noted(whole, remarks)


def _plain(column: pd.Series[Any]) -> bool:
    return isinstance(column.dtype, np.dtype)


def _numbers(column: pd.Series[Any]) -> Any:
    """Return integers as integers, 0 where they are missing, and others as floats."""
    if column.dtype == object:
        return column.to_numpy()
    whole = column.dtype.kind in "iu"
    return column.to_numpy(dtype=np.int64, na_value=0) if whole and not _plain(column) else column.to_numpy()


def _key(frames: Sequence[pd.DataFrame], level: int) -> pd.Series[Any]:
    """Return one index level of all frames as a column."""
    name = frames[0].index.names[level]
    return pd.concat([frame.index.get_level_values(level).to_series(name=name) for frame in frames], ignore_index=True)


def _checked(frames: Any) -> list[pd.DataFrame]:
    """Return the frames as a list; reject anything that is not a frame, and frames that cannot be added."""
    several = [] if isinstance(frames, (pd.DataFrame, str)) else list(frames)
    if not several or not all(isinstance(frame, pd.DataFrame) for frame in several):
        wrong = next((frame for frame in several if not isinstance(frame, pd.DataFrame)), frames)
        hint = "add([monday, tuesday]) takes frames of the builders; states of `activity` are added by sum(states)"
        found = f"got a {type(wrong).__name__}" if several or isinstance(frames, (pd.DataFrame, str)) else "got none"
        raise MetricInputError(_METRIC, "frames", "must be a list of cohort frames", found, hint)
    first = several[0]
    for frame in several[1:]:
        for what, mine, theirs in (
            ("columns", list(first.columns), list(frame.columns)),
            ("index levels", list(first.index.names), list(frame.index.names)),
            ("periods", _freq(first), _freq(frame)),
            ("span", first.attrs.get("span", 1), frame.attrs.get("span", 1)),
        ):
            if mine != theirs and None not in (mine, theirs):
                rule, hint = f"must have the same {what}", "make all of them in the same way"
                raise MetricInputError(_METRIC, "frames", rule, f"got {shown(mine)} and {shown(theirs)}", hint)
    return several


def _freq(frame: pd.DataFrame) -> str | None:
    """Return the length of a frame's periods; None without rows, or without periods."""
    labels = _periods(frame)
    return labels.freqstr if len(frame) and isinstance(labels, pd.PeriodIndex) else None


def _periods(frame: pd.DataFrame) -> Any:
    """Return the labels of time; None without them."""
    return frame.index.get_level_values(PERIOD) if PERIOD in frame.index.names else None


def _added(frames: Sequence[pd.DataFrame], remarks: Remarks) -> list[Any]:
    """Return the columns to add; note those that cannot be added, and those of which only some pieces can."""
    kinds = {name: kind.kind for one in REGISTRY.values() for name, kind in one.inputs.items()}
    left, names = [], []
    for name in frames[0].columns:
        if name in _MEDIANS or name in REGISTRY or kinds.get(name) == "level":
            left.append(name)
        elif not all(_is_sum(frame[name], name, kinds) for frame in frames):
            rule, hint = "must have columns of counts and amounts", f"frame.drop(columns=[{name!r}]) leaves it out"
            raise MetricInputError(_METRIC, "frames", rule, f"got {name!r}, which may be a rate or a text", hint)
        else:
            names.append(name)
    if not names:
        rule, hint = "must have columns of counts and amounts", "add the totals, and take the metric of the sums"
        raise MetricInputError(_METRIC, "frames", rule, f"got only {', '.join(map(repr, left))}", hint)
    if left:
        what = ", ".join(map(repr, left))
        remarks.note(f"Left out: {what}. The median or the rate of several pieces cannot be had from that of each.")
    if once := [name for name in names if name in _ONCE]:
        remarks.note(_SHARED.format(", ".join(map(repr, once))))
    return names


def _is_sum(column: pd.Series[Any], name: Any, kinds: Mapping[str, str]) -> bool:
    """Check whether a column holds counts, or amounts by the name of a total."""
    if column.dtype == object:  # integers past int64
        return len(column) > 0 and all(isinstance(value, int) for value in column)
    known = all(part in kinds or part in _AMOUNTS for part in str(name).split("*"))
    return column.dtype.kind in "iu" or (column.dtype.kind == "f" and known)


_AMOUNTS = ("fx_mrr", "orders", "reached", "timed")  # totals of builders that no formula takes


def _check_ends(frames: Sequence[pd.DataFrame], names: Sequence[Any]) -> None:
    """Reject stocks of pieces that end with different periods: what one of them has later is not known to be 0."""
    stocks = {name for one in REGISTRY.values() for name, kind in one.inputs.items() if kind.kind == "stock"}
    ends = {str(_periods(frame).max()) for frame in frames if _periods(frame) is not None and len(frame)}
    if len(ends) > 1 and (found := [name for name in names if name in stocks]):
        rule, hint = "must end with the same period", "pass the same as_of= to all of them"
        what = f"got {' and '.join(sorted(ends))}, with the stocks {', '.join(map(repr, found))}"
        raise MetricInputError(_METRIC, "frames", rule, what, hint)


def _completed(out: pd.DataFrame) -> pd.DataFrame:
    """Return a row for every period from the first to the last, and every group: zeros where there was none."""
    periods = _periods(out)
    if not isinstance(periods, pd.PeriodIndex) or not len(out):
        return out
    axis = pd.period_range(periods.min(), periods.max(), freq=periods.freq, name=PERIOD)
    if out.index.nlevels == 1:
        return out.reindex(axis, fill_value=0)
    levels = [out.index.get_level_values(i) for i in range(1, out.index.nlevels)]
    others = [level.to_series(index=pd.RangeIndex(len(out))) for level in levels]
    index, places = group_numbers(others)
    rows = axis.get_indexer(periods) * len(index) + places
    grid = pd.DataFrame(0, index=range(len(axis) * len(index)), columns=out.columns).astype(out.dtypes.to_dict())
    grid.iloc[rows] = out.to_numpy() if out.dtypes.nunique() == 1 else out.to_numpy(dtype=object)
    labels = index.take(np.tile(np.arange(len(index)), len(axis)))
    parts = [labels.get_level_values(i) for i in range(labels.nlevels)]
    names = [PERIOD, *(series.name for series in others)]
    return grid.set_axis(pd.MultiIndex.from_arrays([axis.repeat(len(index)), *parts], names=names))
