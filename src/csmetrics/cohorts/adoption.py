"""Uses of features in, who adopted them of those who could out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.columns import require, what_is_there
from csmetrics._frames.engines import narwhals
from csmetrics._frames.groups import key
from csmetrics.cohorts._packing import changes
from csmetrics.cohorts._rows.bad import noted
from csmetrics.cohorts._rows.groups import Groups
from csmetrics.cohorts._rows.options import OnBadRows, check_whole, key_names
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.totals import EngineRowTotals, RowTotals, Unnamed, read, table
from csmetrics.core._numeric import BLOCK
from csmetrics.errors import MetricInputError, MissingColumnError

_METRIC = "adoption"
_ELIGIBLE = Unnamed("eligible")
_HOW = "a column that says who could, as in eligible='has_access', their number, or a frame with one row for each"


def adoption(
    events: Any,
    *,
    user: str = "user",
    feature: str = "feature",
    eligible: Any = _ELIGIBLE,
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    """Count who uses the product's features, of those who could, and how many features they use.

    Parameters
    ----------
    events
        One row per use: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask, PySpark or Ibis, whose engine
        then reduces it to users and features.
    user
        The column of users, or of customers where adoption by customers is meant.
    feature
        The column of features. A row without one stands for a user who used nothing there.
    eligible
        Who could have used them, and is therefore below the line:

        * the name of a column of booleans: a user is eligible in a group if one of the user's rows there says so. To
          have those who used nothing below the line, give each of them a row without a feature.
        * a number of users: there are so many, in each group.
        * a frame of one row per user who could, with the column `user` and those in `by`. These may be missing from
          the events: the group is then that of the user.

        Uses by others do not count (with a number, all do).
    by
        A column, or a list of columns, to count apart. Missing keys form a group of their own. With the column of
        features among them, each feature has all eligible users below the line.
    on_bad_rows
        ``"raise"``, or ``"report"``: leave bad rows out and give them back in ``.attrs["excluded"]`` with the reason.

    Returns
    -------
    DataFrame
        One row per group, the keys as its index; without `by` one row, ``"total"``. All are int64:

        * `adopters`: eligible users who used a feature, each counted once.
        * `eligible`: users who could, each counted once.
        * `features_used`: pairs of such a user and a feature that the user used.
        * `features_available`: `eligible` times the number of features in all rows, whoever used them; by feature, one
          each.

    Raises
    ------
    MetricInputError
        If a row has no user, `eligible` is no column, number or frame, or a row of that frame has no user.
    MissingColumnError
        If a column is not there.

    See Also
    --------
    csmetrics.adoption_rate, csmetrics.feature_adoption_rate

    Notes
    -----
    The counts feed `adoption_rate` and `feature_adoption_rate`. They add up over groups whose users are not the same
    ones; a user of two groups counts in both.

    The events say what "use" is: take those of the period, of the kind and as often as the company means it. A feature
    that nobody ever used is in no row, and so not among those available.

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
    keys = key_names(_METRIC, by)
    others = [name for name in keys if name != feature]
    named = isinstance(eligible, (str, tuple))
    number = (
        check_whole(_METRIC, "eligible", eligible, 0, 2**53) if isinstance(eligible, (int, float, np.number)) else None
    )

    def screened(rows: Any) -> Any:
        rows.units(user, "user")
        rows.column(feature, "feature")
        if eligible is None or (isinstance(eligible, Unnamed) and not rows.has(eligible)):
            raise _nobody(rows)
        return rows.flags(eligible, "eligible")[0] if named else None

    rows, allowed = read(_METRIC, events, on_bad_rows, screened)
    accounts = None if named or number is not None else _accounts(eligible, user, others)
    shared = [name for name in others if accounts is None or rows.has(name)]  # the rest only the accounts have
    uses, could = _reduced(rows, list(dict.fromkeys([user, *shared, feature])), allowed)
    found = _Found(uses, could, accounts, user, feature, shared, others)
    out = found.by_feature(keys) if feature in keys else found.totals()
    if number is not None:
        out["eligible"] = number
    out["features_available"] = out["eligible"] * (1 if feature in keys else found.features.count)
    return noted(out, rows.excluded)


def _nobody(rows: Any) -> MissingColumnError:
    return MissingColumnError(_METRIC, "eligible", "no column 'eligible'", what_is_there(rows), _HOW)


def _accounts(eligible: Any, user: str, others: list[str]) -> pd.DataFrame:
    """Give the users who could, with their groups."""
    names = list(dict.fromkeys([user, *others]))
    if not isinstance(eligible, pd.DataFrame):
        frame = engines.lazy(eligible, _METRIC, "eligible")
        there = [name for name in names if name in frame.collect_schema()]
        missing = [name for name in names if name not in there]
        if missing:
            columns = pd.DataFrame(columns=list(frame.collect_schema()))
            require(columns, missing[0], _METRIC, "user" if missing[0] == user else "by")
        eligible = engines.collect(frame.group_by(*names).agg(narwhals().len().alias("csm rows")))
    rows = Rows(_METRIC, eligible, "raise")
    found = {user: rows.units(user, "user")} | {name: rows.column(name, "by") for name in others}
    rows.kept()
    return pd.DataFrame(found).reset_index(drop=True)


def _reduced(rows: RowTotals | EngineRowTotals, names: list[str], allowed: Any) -> tuple[pd.DataFrame, Any]:
    """Give the columns of the good rows, an engine's without repetition, and which of them say that the user could."""
    if isinstance(rows, RowTotals):
        uses = pd.DataFrame({name: rows.column(name, "by") for name in names}, copy=False)
        kept = rows.kept()
        return (uses if isinstance(kept, slice) else uses.iloc[kept]), None if allowed is None else allowed[kept]
    nw = narwhals()
    rows.keys(names)
    could = nw.lit(1) if allowed is None else nw.when(allowed).then(nw.lit(1)).otherwise(nw.lit(0))
    flagged = rows.frame.select(*names, could.cast(nw.Int64).alias("csm could"))
    small = engines.collect(flagged.group_by(*names).agg(nw.col("csm could").max()))
    return small[names], None if allowed is None else small["csm could"].to_numpy() == 1


class _Found:
    """Users, features and groups as numbers, and who used what.

    Parameters
    ----------
    uses
        Rows of users, groups and features.
    could
        Which of them say that the user could; None for all.
    accounts
        Those who could; None where the uses say it.
    user, feature
        Their columns.
    shared, others
        The columns of the groups that the uses have, and all of them.
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
        """Count for each group."""
        size = self.groups.count
        used = np.zeros(size, np.int64)
        np.add.at(used, self.group, self.many)
        columns = {
            "adopters": np.bincount(self.group[self.many > 0], minlength=size),
            "eligible": np.bincount(self.group, minlength=size),
            "features_used": used,
        }
        return table(_labels(self.groups), columns)

    def by_feature(self, keys: list[str]) -> pd.DataFrame:
        """Count for each group and feature."""
        groups, features = self.groups.count, self.features.count
        rows = np.repeat(self.low - np.cumsum(self.many) + self.many, self.many) + np.arange(self.many.sum())
        cell = np.repeat(self.group, self.many) * features + self.feature[rows]
        used = np.bincount(cell, minlength=groups * features)
        could = np.repeat(np.bincount(self.group, minlength=groups), features)
        labels = {one.name: one.iloc[np.repeat(np.arange(groups), features)] for one in _labels(self.groups)}
        labels |= {one.name: one.iloc[np.tile(np.arange(features), groups)] for one in _labels(self.features)}
        columns = {"adopters": used, "eligible": could, "features_used": used}
        return table([labels[key] for key in keys], columns)


def _stacked(accounts: pd.DataFrame | None, uses: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Put a column of the accounts before that of the uses."""
    if accounts is None:
        return uses[name]
    kinds = [pd.api.types.infer_dtype(part[name].iloc[:100], skipna=True) for part in (accounts, uses)]
    if "string" in kinds and "integer" in kinds:
        found = f"got {' and '.join('text' if kind == 'string' else 'integers' for kind in kinds)} in {name!r}"
        hint = "bring both to one type, or nobody is found"
        raise MetricInputError(_METRIC, "eligible", "must name users and groups as the events do", found, hint)
    return pd.concat([accounts[name], uses[name]], ignore_index=True)


def _numbered(columns: Sequence[pd.Series[Any]]) -> tuple[Any, int]:
    """Number the combinations of columns: below the second number, which is at most a few times that of the rows."""
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
    """Give the numbers that occur, in order; they are below `size`."""
    if size > 4 * len(numbers) + BLOCK:
        ordered = np.sort(numbers)  # many times faster here than np.unique, which hashes
        return ordered[changes(ordered)]
    there = np.zeros(size, bool)
    there[numbers] = True
    return np.flatnonzero(there)


def _labels(groups: Groups) -> list[pd.Series[Any]]:
    """Give the labels of groups, one Series for each key."""
    if groups.labels is None:
        return []
    return [pd.Series(groups.labels.get_level_values(i), name=name) for i, name in enumerate(groups.names)]
