"""From feature usage to adoption counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.columns import require, what_is_there
from csmetrics._frames.engines import narwhals
from csmetrics._frames.groups import key
from csmetrics._frames.kinds import check_same_kind
from csmetrics.cohorts._packing import changes
from csmetrics.cohorts._rows.axis import PERIOD, Axis, table
from csmetrics.cohorts._rows.engine_totals import EngineRowTotals
from csmetrics.cohorts._rows.groups import Groups
from csmetrics.cohorts._rows.options import OnBadRows, key_names
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.pandas_totals import RowTotals
from csmetrics.cohorts._rows.remarks import noted
from csmetrics.cohorts._rows.totals import Unnamed, read
from csmetrics.core._numeric import BLOCK
from csmetrics.core._options import check_whole
from csmetrics.errors import MetricInputError, MissingColumnError

_METRIC = "adoption"
_ELIGIBLE = Unnamed("eligible")
_HOW = "a column that says who is eligible, as in eligible='has_access', their number, or a frame with one row per user"


def adoption(
    events: Any,
    *,
    user: str = "user",
    feature: str = "feature",
    eligible: Any = _ELIGIBLE,
    time: str | None = None,
    freq: str | None = None,
    as_of: Any = None,
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    """Count the eligible users who use the product's features, and how many features they use.

    Parameters
    ----------
    events
        One row per use of a feature: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask, PySpark or Ibis,
        whose engine then reduces it to users and features.
    user
        The column of users, or of customers if you measure adoption by customer.
    feature
        The column of features. A row without a feature stands for a user of that group who used nothing.
    eligible
        The users who could have used the features, and so form the denominator:

        * the name of a column of booleans: a user is eligible in a group if at least one of the user's rows in it says
          so. To include eligible users who used nothing, add a row without a feature for each of them.
        * a number of users: the same number in each group.
        * a frame with one row per eligible user, holding the column `user` and the columns in `by`. A column in `by`
          may be missing from the events; its value is then taken from this frame.

        Uses by users who are not eligible do not count (with a number, all uses count).
    time
        The column with the date of each row, which `freq` and `as_of` need.
    freq
        Without it, all rows are counted together. With h, D, W, M, Q, Y or an anchored one such as "W-SAT", there is
        one row per complete period, and users and features count anew in each. Users of a frame of `eligible` users are
        eligible in every period; with a column, in the periods in which one of their rows says so.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp, Period or ISO text; a date, or midnight,
        means that whole day. By default the latest date in `time`. Later rows are left out.
    by
        A column, or a list of columns, to count by. Rows without a key form a group of their own. If the column of
        features is among them, the denominator of each feature is all eligible users.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them, with the reason, in
        ``.attrs["excluded"]``.

    Returns
    -------
    DataFrame
        One row per group, indexed by the keys; without `by` a single row, ``"total"``. With a `freq`, one row per
        complete period (level `period`) and group. All columns are int64:

        * `adopters`: eligible users who used a feature, each counted once.
        * `eligible`: eligible users, each counted once.
        * `features_used`: for each eligible user the number of distinct features used, added up.
        * `features_available`: `eligible` times the number of features found in all rows, whoever used them and in
          whatever period; when counting by feature, `eligible` times one.

    Raises
    ------
    MetricInputError
        If a row has no user, `eligible` is not a column, number or frame, or a row of that frame has no user.
    MissingColumnError
        If the frame has no such column.

    See Also
    --------
    csmetrics.adoption_rate, csmetrics.feature_adoption_rate

    Notes
    -----
    The counts are the inputs of `adoption_rate` and `feature_adoption_rate`. They add up over groups that share no
    users; a user in two groups counts in both.

    You decide what counts as "use" by the events you pass: select those of the period, and of the kind and frequency
    that your company calls use. A feature that nobody ever used is in no row, and so is not among those available.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> events = pd.DataFrame({"user": ["ann", "ann", "ann", "bob"], "feature": ["export", "export", "chart", "chart"]})
    >>> accounts = pd.DataFrame({"user": ["ann", "bob", "cid", "dan"], "plan": ["pro", "pro", "pro", "free"]})
    >>> used = csm.cohorts.adoption(events, eligible=accounts, by="plan")
    >>> used
          adopters  eligible  features_used  features_available
    plan
    free         0         1              0                   2
    pro          2         3              3                   6
    >>> used.csm.feature_adoption_rate()
    plan
    free     0.0
    pro     50.0
    Name: feature_adoption_rate, dtype: float64
    >>> csm.cohorts.adoption(events, eligible=accounts, by="feature")
             adopters  eligible  features_used  features_available
    feature
    chart           2         4              2                   4
    export          1         4              1                   4
    """
    if time is None and (freq is not None or as_of is not None):
        rule = f"must name a column, as `{'as_of' if freq is None else 'freq'}` is given"
        raise MetricInputError(_METRIC, "time", rule, "got None", 'for example time="time"')
    keys = key_names(_METRIC, by, None if freq is None else PERIOD)
    others = [name for name in keys if name != feature]
    named = isinstance(eligible, (str, tuple))
    number = (
        check_whole(_METRIC, "eligible", eligible, 0, 2**53) if isinstance(eligible, (int, float, np.number)) else None
    )

    def screened(rows: Any) -> Any:
        rows.require(user=user, feature=feature, time=time, eligible=eligible if named else None)
        rows.units(user, "user")
        rows.column(feature, "feature")
        if eligible is None or (isinstance(eligible, Unnamed) and not rows.has(eligible)):
            raise _nobody(rows)
        allowed = rows.flags(eligible, "eligible")[0] if named else None
        return allowed, None if time is None else rows.times(time, "time")

    rows, (allowed, times) = read(_METRIC, events, on_bad_rows, screened, freq)
    if times is not None:
        rows.end(as_of, {"time": times})
        rows.place(times, "time")
    accounts = None if named or number is not None else _accounts(eligible, user, others)
    shared = [name for name in others if accounts is None or rows.has(name)]  # only the accounts have the rest
    uses, could = _reduced(rows, list(dict.fromkeys([user, *shared, feature])), allowed)
    axis = rows.axis
    if axis is not None:
        accounts = None if accounts is None else _every_period(accounts, axis)
        shared, others, keys = ([PERIOD, *names] for names in (shared, others, keys))
    found = _Found(uses, could, accounts, user, feature, shared, others)
    out = found.by_feature(keys) if feature in keys else found.totals()
    if axis is not None:
        out = axis.spread(_METRIC, out.index, {name: out[name].to_numpy() for name in map(str, out)}, {})
    if number is not None:
        out["eligible"] = number
    out["features_available"] = out["eligible"] * (1 if feature in keys else found.features.count)
    return noted(out, rows.remarks)


def _every_period(accounts: pd.DataFrame, axis: Axis) -> pd.DataFrame:
    """Repeat the eligible users for each period."""
    out = accounts.loc[np.tile(np.arange(len(accounts)), axis.count)].reset_index(drop=True)
    out[PERIOD] = np.repeat(np.arange(axis.first, axis.first + axis.count), len(accounts))
    return out


def _nobody(rows: Any) -> MissingColumnError:
    return MissingColumnError(_METRIC, "eligible", "no column 'eligible'", what_is_there(rows), _HOW)


def _accounts(eligible: Any, user: str, others: list[str]) -> pd.DataFrame:
    """Return the eligible users, with their groups."""
    names = list(dict.fromkeys([user, *others]))
    if not isinstance(eligible, pd.DataFrame):
        frame = engines.lazy(eligible, _METRIC, "eligible")
        held = engines.Columns(frame)
        for name in names:
            require(held, name, _METRIC, "user" if name == user else "by")
        eligible = engines.collect(frame.group_by(*names).agg(narwhals().len().alias("csm:rows")))
    rows = Rows(_METRIC, eligible, "raise")
    found = {user: rows.units(user, "user")} | {name: rows.column(name, "by") for name in others}
    rows.kept()
    return pd.DataFrame(found).reset_index(drop=True)


def _reduced(rows: RowTotals | EngineRowTotals, names: list[str], allowed: Any) -> tuple[pd.DataFrame, Any]:
    """Return the named columns of the good rows, and which rows say that the user is eligible (None for all).

    Rows of an engine come back without repetition.
    """
    if isinstance(rows, RowTotals):
        uses = pd.DataFrame({name: rows.column(name, "by") for name in names}, copy=False)
        counted = rows.rows()
        uses = uses if isinstance(counted, slice) else uses.iloc[counted]
        if rows.axis is not None:
            uses = uses.assign(**{PERIOD: rows.numbers_of_periods})
        return uses, None if allowed is None else allowed[counted]
    nw = narwhals()
    keys = rows.grouping(names)
    could = nw.lit(1) if allowed is None else nw.when(allowed).then(nw.lit(1)).otherwise(nw.lit(0))
    flagged = rows.frame.select(*keys, could.cast(nw.Int64).alias("csm:could"))
    small = engines.collect(flagged.group_by(*keys).agg(nw.col("csm:could").max()))
    uses = pd.concat(rows.labels(small, keys), axis=1)
    return uses, None if allowed is None else small["csm:could"].to_numpy() == 1


class _Found:
    """Users, features and groups as numbers, with the features that each user used.

    Parameters
    ----------
    uses
        Rows of users, groups and features.
    could
        Which of these rows say that the user is eligible; None for all.
    accounts
        The eligible users; None where the uses say who is eligible.
    user, feature
        The columns of users and of features.
    shared, others
        The grouping columns that the uses have, and all grouping columns besides the feature.
    """

    def __init__(
        self,
        uses: pd.DataFrame,
        could: Any,
        accounts: pd.DataFrame | None,
        user: str,
        feature: str,
        shared: list[str],
        others: list[str],
    ) -> None:
        before = 0 if accounts is None else len(accounts)
        columns = {name: _stacked(accounts, uses, name) for name in (user, *shared)}
        whose, people = _numbered([columns[name] for name in dict.fromkeys([user, *shared])])
        if shared == others:
            self.groups = Groups(_METRIC, [columns[name] for name in others], slice(None))
        else:
            assert accounts is not None
            self.groups = Groups(_METRIC, [accounts[name] for name in others], slice(None))
        members = slice(0, before) if accounts is not None else slice(None) if could is None else np.flatnonzero(could)
        group: Any = np.int64(0) if self.groups.number is None else self.groups.number[members]
        count = max(self.groups.count, 1)
        member = _distinct(whose[members] * count + group, people * count)
        self.group = member % count
        used = np.flatnonzero(uses[feature].notna().to_numpy())
        self.features = Groups(_METRIC, [uses[feature]], used)
        count = max(self.features.count, 1)
        pairs = _distinct(whose[before:][used] * count + self.features.number, people * count)
        self.feature = pairs % count
        who = member // max(self.groups.count, 1)
        self.low = np.searchsorted(pairs, who * count, side="left")
        self.many = np.searchsorted(pairs, (who + 1) * count, side="left") - self.low

    def totals(self) -> pd.DataFrame:
        """Count users and features for each group."""
        size = self.groups.count
        used = np.zeros(size, np.int64)
        np.add.at(used, self.group, self.many)
        columns = {
            "adopters": np.bincount(self.group[self.many > 0], minlength=size),
            "eligible": np.bincount(self.group, minlength=size),
            "features_used": used,
        }
        return table(_METRIC, _labels(self.groups), columns)

    def by_feature(self, keys: list[str]) -> pd.DataFrame:
        """Count users for each group and feature."""
        groups, features = self.groups.count, self.features.count
        rows = np.repeat(self.low - np.cumsum(self.many) + self.many, self.many) + np.arange(self.many.sum())
        cell = np.repeat(self.group, self.many) * features + self.feature[rows]
        used = np.bincount(cell, minlength=groups * features)
        could = np.repeat(np.bincount(self.group, minlength=groups), features)
        labels = {one.name: one.iloc[np.repeat(np.arange(groups), features)] for one in _labels(self.groups)}
        labels |= {one.name: one.iloc[np.tile(np.arange(features), groups)] for one in _labels(self.features)}
        columns = {"adopters": used, "eligible": could, "features_used": used}
        return table(_METRIC, [labels[key] for key in keys], columns)


def _stacked(accounts: pd.DataFrame | None, uses: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Stack a column of the accounts on top of the same column of the uses."""
    if accounts is None:
        return uses[name]
    check_same_kind(_METRIC, name, {"accounts": accounts[name], "events": uses[name]})
    return pd.concat([accounts[name], uses[name]], ignore_index=True)


def _numbered(columns: Sequence[pd.Series[Any]]) -> tuple[Any, int]:
    """Number the combinations of columns; return the numbers and their limit, at most a few times the rows."""
    numbers: Any = np.zeros(len(columns[0]), np.int64)
    size = 1
    for series in columns:
        coded = key(series)
        numbers = numbers * coded.size + (coded.values.astype(np.int64) - coded.offset)
        size *= coded.size
        if size > 4 * len(numbers) + BLOCK:
            numbers, found = pd.factorize(numbers)
            size = max(len(found), 1)
    return numbers, size


def _distinct(numbers: Any, size: int) -> Any:
    """Return the distinct numbers in order; all are below `size`."""
    if size > 4 * len(numbers) + BLOCK:
        ordered = np.sort(numbers)  # many times faster here than np.unique, which hashes
        return ordered[changes(ordered)]
    seen = np.zeros(size, bool)
    seen[numbers] = True
    return np.flatnonzero(seen)


def _labels(groups: Groups) -> list[pd.Series[Any]]:
    """Return the labels of the groups, one Series for each key."""
    if groups.labels is None:
        return []
    return [pd.Series(groups.labels.get_level_values(i), name=name) for i, name in enumerate(groups.names)]
