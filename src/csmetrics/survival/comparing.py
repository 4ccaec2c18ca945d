"""`csm.survival.compare`: whether groups take equally long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.groups import group_numbers, rows_of
from csmetrics._statistics.log_rank import log_rank
from csmetrics._statistics.printed import Printed, figure, p_equals, plain
from csmetrics.core._survival import packs, steps_by_group
from csmetrics.errors import MetricInputError, shown
from csmetrics.survival.curve import Survival, curve
from csmetrics.survival.curves import Curves
from csmetrics.survival.estimate import kaplan_meier, read_columns

_METRIC = "survival.compare"
_LIKELY = 0.05


@dataclass(frozen=True, repr=False, eq=False)
class LogRank(Printed):
    """Whether groups take equally long to reach the event: the log-rank test, the result of `compare`.

    Attributes
    ----------
    statistic : float
        Chi-squared; NaN where fewer than two groups were still waiting when a customer reached the event.
    degrees : int
        Its degrees of freedom: one less than the groups that can tell something.
    p_value : float
        How likely a statistic as large is where all groups take equally long.
    frame : DataFrame
        One row per group: `customers`, how many of them `reached` the event, and how many were `expected` to if all
        groups took equally long. A group with more than expected is faster.
    method : str
        "log-rank".
    notes : tuple of str
        What a reader should know.
    """

    statistic: float
    degrees: int
    p_value: float
    frame: pd.DataFrame
    method: str = "log-rank"
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.degrees:
            lines = ["Log-rank: nothing to compare; fewer than two groups still waited when anybody reached it"]
        else:
            told = "differ by more than chance" if self.p_value < _LIKELY else "may well take equally long"
            freedom = "1 degree" if self.degrees == 1 else f"{self.degrees} degrees"
            numbers = f"chi-squared {figure(self.statistic)} with {freedom} of freedom"
            lines = [f"Log-rank: the groups {told}, p {p_equals(self.p_value)} ({numbers})"]
        table = self.frame.round(2).to_string(max_rows=12).splitlines()
        return "\n".join([*lines, *(line.rstrip() for line in table), *(f"Note: {note}" for note in self.notes)])

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, ready for JSON.

        Returns
        -------
        dict
            The attributes by name; the frame is a list of rows, each with its group.
        """
        name: Any = self.frame.index.name
        rows = self.frame.rename_axis("group" if name is None else name)
        return {**super().as_dict(), "frame": plain(rows.reset_index().to_dict("records"))}


def compare(*curves: Any, by: Any = None) -> LogRank:
    """Test whether two or more groups take equally long (log-rank).

    Parameters
    ----------
    *curves
        The curves of `kaplan_meier`, one after the other; or a mapping of them by name; or the curves of
        `kaplan_meier_from_dates` with `by`. With `by=`, the durations and whether each was observed, as `kaplan_meier`
        takes them.
    by
        The group of each duration; a third column means the same.

    Returns
    -------
    LogRank
        Statistic, degrees of freedom, p-value, and a row per group.

    Raises
    ------
    MetricInputError
        If there are fewer than two curves, or something else than curves.
    ImportError
        If there are more than two groups, and scipy is not installed.

    See Also
    --------
    kaplan_meier, kaplan_meier_from_dates

    Notes
    -----
    At each time at which somebody reaches the event, the events that each group would have if all took equally long are
    its share of those still waiting. The test is strongest where one group is faster at all times in the same
    proportion. Two curves that cross may differ and still not be told apart: look at them.

    A group that is gone before anybody reaches the event says nothing, and counts for no degree of freedom.

    References
    ----------
    .. [1] R. Peto and J. Peto, "Asymptotically efficient rank invariant test procedures", JRSS A 135 (1972).

    Examples
    --------
    Weeks in remission with the drug 6-MP and with a placebo (Freireich 1963).

    >>> import csmetrics as csm
    >>> drug = csm.survival.kaplan_meier(
    ...     [35, 34, 32, 32, 25, 23, 22, 20, 19, 17, 16, 13, 11, 10, 10, 9, 7, 6, 6, 6, 6],
    ...     [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1],
    ... )
    >>> weeks = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    >>> placebo = csm.survival.kaplan_meier(weeks, [True] * 21)
    >>> csm.survival.compare({"6-MP": drug, "placebo": placebo})
    Log-rank: the groups differ by more than chance, p < 0.0001 (chi-squared 16.79 with 1 degree of freedom)
             customers  reached  expected
    6-MP            21        9     19.25
    placebo         21       21     10.75
    """
    if by is None and len(curves) == 3 and not any(isinstance(one, Survival) for one in curves):
        *pair, by = curves
        return compare(*pair, by=by)
    groups, found = _given(curves) if by is None else _grouped(curves, by)
    if len(found) < 2:
        raise MetricInputError(_METRIC, "curves", "must be at least two", f"got {len(found)}")
    tested = log_rank([curve.steps for curve in found])
    reached = np.array([curve.steps.reached.sum() for curve in found], dtype=np.int64)
    censored = np.array([curve.steps.censored.sum() for curve in found], dtype=np.int64)
    columns = {"customers": reached + censored, "reached": reached, "expected": tested.expected}
    frame = pd.DataFrame(columns, index=groups)
    notes = [*dict.fromkeys(note for curve in found for note in curve.notes)]
    silent = int((tested.expected == 0).sum())
    if silent and tested.degrees:
        notes.append(f"{silent} of the groups were gone before anybody reached the event, and say nothing")
    return LogRank(tested.statistic, tested.degrees, tested.p_value, frame, notes=tuple(notes))


def _given(curves: tuple[Any, ...]) -> tuple[Any, list[Survival]]:
    groups: Any
    if len(curves) == 1 and isinstance(curves[0], Curves):
        return curves[0].groups, [curves[0][group] for group in curves[0]]
    if len(curves) == 1 and isinstance(curves[0], Mapping):
        groups, found = pd.Index(curves[0].keys()), list(curves[0].values())
    else:
        found = list(curves[0]) if len(curves) == 1 and isinstance(curves[0], (list, tuple)) else list(curves)
        groups = pd.RangeIndex(len(found))
    for one in found:
        if not isinstance(one, Survival):
            hint = "for durations say whose they are: compare(durations, observed, by=groups)"
            raise MetricInputError(_METRIC, "curves", "must be curves of kaplan_meier", f"got {shown(one)}", hint)
    return groups, found


def _grouped(columns: tuple[Any, ...], by: Any) -> tuple[Any, list[Survival]]:
    if len(columns) != 2:
        rule = "takes the durations and whether each was observed"
        raise MetricInputError(_METRIC, "by", rule, f"got {len(columns)} columns")
    keys = by if isinstance(by, pd.Series) else pd.Series(by, copy=False)
    days, reached, longest = read_columns(*columns)
    if len(keys) != days.size:
        found = f"got {len(keys)} for {days.size} durations"
        raise MetricInputError(_METRIC, "by", "must be as long as the durations", found)
    groups, places = group_numbers([keys])
    if packs(len(groups), days, longest):
        each = steps_by_group(places, len(groups), days, reached, longest=longest)
        return groups, [curve(one) for one in each]
    return groups, [kaplan_meier(days[at], reached[at]) for at in rows_of(places, len(groups))]
