"""How long customers take, when some are still waiting: time to value, tenure, time to the next purchase."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from csmetrics.core._door import Door
from csmetrics.core._flags import flags
from csmetrics.core._kinds import array, as_array, common_index, is_scalar
from csmetrics.core._numeric import fill_value, places, show
from csmetrics.core._registry import NUMBER, PERCENT
from csmetrics.core._survival import Steps, peak, steps
from csmetrics.core._types import Undefined
from csmetrics.errors import MetricInputError, UndefinedMetricError

_METRIC = "kaplan_meier"
_ALMOST = 1 + 1e-12  # a product of exact shares may round to just above
_SHOWN = 12  # times that a repr shows


@dataclass(frozen=True, eq=False, repr=False)
class Survival:
    """The share of customers still waiting after each time, the result of `kaplan_meier`.

    Attributes
    ----------
    table : DataFrame
        One row per distinct duration, in order, indexed by `time`:

        * `at_risk`: customers still waiting just before this time and observed for at least that long.
        * `reached`: customers who reached the event after exactly this time.
        * `censored`: customers last seen still waiting after exactly this time.
        * `survival`: percent of customers still waiting after this time.
    median : float
        The first time by which half of the customers have reached the event; NaN if fewer than half reach it in the
        time observed.

    Examples
    --------
    >>> import csmetrics as csm
    >>> curve = csm.survival.kaplan_meier([2, 3, 3, 5, 8], [True, True, False, True, False])
    >>> curve.median
    5.0
    >>> curve.table
          at_risk  reached  censored  survival
    time
    2.0         5        1         0      80.0
    3.0         4        1         1      60.0
    5.0         2        1         0      30.0
    8.0         1        0         1      30.0
    """

    table: pd.DataFrame
    median: float

    plot = Door("survival")

    def at(self, time: Any) -> Any:
        """Return the percent of customers still waiting just after a time.

        Parameters
        ----------
        time
            In the unit of the durations, 0 or more: a number, a list, an array or a Series.

        Returns
        -------
        float, ndarray or Series
            Percent, from 100 down to 0, with a step down at each time at which somebody reached the event; the same
            kind as `time`. NaN where `time` is missing, and after the longest duration unless everyone has reached the
            event by then: nobody was observed for longer.

        Raises
        ------
        MetricInputError
            If a time is negative, infinite or not a number.

        Examples
        --------
        >>> import csmetrics as csm
        >>> curve = csm.survival.kaplan_meier([2, 3, 3, 5, 8], [True, True, False, True, False])
        >>> curve.at(4)
        60.0
        >>> curve.at([0, 2, 2.5, 8, 9])
        array([100.,  80.,  80.,  30.,  nan])
        """
        times = array("Survival.at", "time", time, NUMBER).astype(np.float64)
        _refuse_impossible("Survival.at", "time", times.reshape(-1), "")
        known = self.table.index.to_numpy(dtype=np.float64)
        waiting = self.table["survival"].to_numpy()
        place = np.searchsorted(known, times, side="right")
        out = np.append(100.0 if known.size else nan, waiting)[place]
        beyond = known.size and waiting[-1] > 0
        unknown = np.isnan(times) | ((times > known[-1]) if beyond else False)
        out = np.where(unknown, nan, out)
        if isinstance(time, pd.Series):
            return time._constructor(out, index=time.index, name="survival")
        return float(out) if is_scalar(time) else out

    def percentile(self, percent: Any) -> Any:
        """Return the time by which a percentage of the customers have reached the event.

        Parameters
        ----------
        percent
            From 0 to 100: a number, a list, an array or a Series. 50 is the median, 90 the time that nine of ten need
            at most, 0 the shortest time.

        Returns
        -------
        float, ndarray or Series
            In the unit of the durations; the same kind as `percent`. NaN where so many had not reached the event in the
            time observed, or where `percent` is missing.

        Raises
        ------
        MetricInputError
            If a percentage is not between 0 and 100.

        Examples
        --------
        >>> import csmetrics as csm
        >>> curve = csm.survival.kaplan_meier([2, 3, 3, 5, 8], [True, True, False, True, False])
        >>> curve.percentile(50)
        5.0
        >>> curve.percentile([20, 90])
        array([ 2., nan])
        """
        asked = array("Survival.percentile", "percent", percent, PERCENT).astype(np.float64)
        flat = asked.reshape(-1)
        outside = (flat < 0) | (flat > 100)
        _refuse("Survival.percentile", "percent", "must be between 0 and 100", outside, flat, "90 is 90 %")
        waiting = self.table["survival"].to_numpy()
        left = (100 - flat) * _ALMOST
        left[flat == 0] = np.nextafter(100.0, 0)
        place = np.searchsorted(-waiting, -left, side="left")  # the percentages fall with time
        times = np.append(self.table.index.to_numpy(dtype=np.float64), nan)
        out = np.where(np.isnan(flat), nan, times[place]).reshape(asked.shape)
        if isinstance(percent, pd.Series):
            return percent._constructor(out, index=percent.index, name="time")
        return float(out) if is_scalar(percent) else out

    def _title(self) -> str:
        reached, censored = int(self.table["reached"].sum()), int(self.table["censored"].sum())
        everyone = f"{reached + censored:,} in all, {reached:,} reached, {censored:,} censored"
        return f"Survival: {everyone}; median {self.median:g}"

    def __repr__(self) -> str:
        if self.table.empty:
            return self._title()
        lines = [self._title(), *self.table.to_string(max_rows=_SHOWN).splitlines()]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        table: Any = self.table
        return f"<p>{self._title()}</p>{'' if table.empty else table.to_html(max_rows=_SHOWN)}"


def kaplan_meier(durations: Any, observed: Any, *, counts: Any = None, undefined: Undefined = nan) -> Survival:
    r"""Estimate the share of customers still waiting after each time (Kaplan-Meier).

    .. math:: S(t) = \prod_{t_i \le t} \left( 1 - \frac{d_i}{n_i} \right) \times 100

    where :math:`d_i` customers reach the event :math:`t_i` after their start, out of the :math:`n_i` who were still
    waiting just before and were observed for that long.

    Parameters
    ----------
    durations
        How long each customer took to reach the event, or has waited so far: an array, list or Series of numbers, 0 or
        more, in any unit.
    observed
        Whether the duration ended with the event (True or 1), or the customer was still waiting when last seen (False
        or 0: censored).
    counts
        How many customers each row stands for, in whole numbers, if the durations have been counted already. By default
        each row is one customer.
    undefined
        Value of the median if there are no durations, or ``"raise"``.

    Returns
    -------
    Survival
        The estimate, with `table`, `median` and `at(time)`.

    Raises
    ------
    MetricInputError
        If a duration is negative, missing, infinite or not a number, if `observed` differs in length from `durations`
        or is neither true nor false, or if a count is negative or fractional.
    UndefinedMetricError
        If there are no durations and ``undefined="raise"``.

    See Also
    --------
    median_ttv, churn_rate

    Notes
    -----
    Customers still waiting count up to the last day observed. A customer last seen at the time at which another reaches
    the event still counts as waiting at that time. If everyone reaches the event, the median is the plain lower median.

    Other definitions in use:

    * the median or mean of only those who reached the event: on Gehan's data 10 and 12.1 weeks, where the estimate from
      everyone is 23.
    * customers still waiting counted as if they had reached the event on the day they were last seen: also too fast.
    * the last percentage kept for all times after the longest duration, or set to 0 there (Efron): nobody was observed
      for that long, so the value is missing here.

    Pitfalls:

    * Censoring must have nothing to do with the event. A customer who leaves because the product brings no value was
      never going to reach value soon, so treating it as merely "last seen" makes the estimate too fast.
    * At long times only a few customers are left; look at `at_risk` before reading a percentage.

    References
    ----------
    .. [1] E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958).
    .. [2] Gehan's remission data as in lifelines, lifelines/datasets/anderson.csv, computed with lifelines 0.30.3.

    Examples
    --------
    Five customers: days to first value, or days observed without it.

    >>> import csmetrics as csm
    >>> csm.survival.kaplan_meier([2, 3, 3, 5, 8], [True, True, False, True, False])
    Survival: 5 in all, 3 reached, 2 censored; median 5
          at_risk  reached  censored  survival
    time
    2.0         5        1         0      80.0
    3.0         4        1         1      60.0
    5.0         2        1         0      30.0
    8.0         1        0         1      30.0
    """
    fill = fill_value(_METRIC, undefined)
    common_index(_METRIC, {"durations": durations, "observed": observed, "counts": counts})
    days = _column("durations", durations)
    days = days.astype(np.float64 if days.dtype.kind == "f" else days.dtype.newbyteorder("="), copy=False)
    longest = peak(days)
    if longest is None:
        hint = "for customers still waiting use the time waited so far, with observed=False"
        _refuse_impossible(_METRIC, "durations", days, hint)
    reached = _observed(observed, days.size)
    often = None if counts is None else _counts(counts, days.size)
    found = steps(days, reached, often, longest)
    if not found.times.size and isinstance(undefined, str):
        hint = "leave undefined=nan, or give a number"
        raise UndefinedMetricError(_METRIC, "durations", "must hold at least one duration", "got none", hint)
    return curve(found, fill)


def curve(found: Steps, fill: float = nan) -> Survival:
    """Make the result from what happened at each duration; `fill` is the median of nothing."""
    waiting = found.waiting()
    columns = {"at_risk": found.at_risk(), "reached": found.reached, "censored": found.censored, "survival": waiting}
    table = pd.DataFrame(columns, index=pd.Index(found.times, name="time"), copy=False)
    return Survival(table, found.median(waiting) if found.times.size else fill)


def _column(argument: str, value: Any) -> Any:
    """Return one column of numbers."""
    if isinstance(value, (np.ndarray, pd.Series, pd.Index)) and value.dtype.kind == "m":
        hint = "take their days or seconds first, for example with .dt.total_seconds()"
        raise MetricInputError(_METRIC, argument, "must be numbers", "got timedeltas", hint)
    values = array(_METRIC, argument, value, NUMBER)
    if values.ndim == 1:
        return values
    found = "got one number" if values.ndim == 0 else f"got the shape {values.shape}"
    raise MetricInputError(_METRIC, argument, "must be one column of numbers", found)


def _refuse(metric: str, argument: str, rule: str, bad: Any, values: Any, hint: str = "") -> None:
    if not bad.any():
        return
    first = int(np.flatnonzero(bad)[0])
    shown = show(float(values[first]))
    found = f"got {shown}" if bad.size == 1 else places(int(bad.sum()), bad.size, first, shown)
    raise MetricInputError(metric, argument, rule, found, hint)


def _refuse_impossible(metric: str, argument: str, values: Any, hint: str) -> None:
    """Reject values that are negative or infinite, and missing ones if a hint for them is given."""
    if hint:
        _refuse(metric, argument, "must be present in every row", np.isnan(values), values, hint)
    _refuse(metric, argument, "must be >= 0", values < 0, values)
    _refuse(metric, argument, "must be finite", np.isinf(values), values)


def _same_length(argument: str, size: int, wanted: int) -> None:
    if size != wanted:
        found = f"got {size} for {wanted} durations"
        raise MetricInputError(_METRIC, argument, "must be as long as `durations`", found)


def _observed(value: Any, size: int) -> Any:
    """Return which durations ended with the event, as bool."""
    if not is_scalar(value) and not isinstance(value, (np.ndarray, pd.Series, pd.Index, ExtensionArray)):
        value = as_array(_METRIC, "observed", value, object if isinstance(value, (list, tuple)) else None)
    read = None if is_scalar(value) else flags(value)
    if read is None:
        values = _column("observed", value)
        _same_length("observed", values.size, size)
        rule, hint = "must be True or False, or 1 or 0", "False for customers still waiting when last seen"
        _refuse(_METRIC, "observed", rule, ~((values == 0) | (values == 1)), values, hint)
        return values == 1
    if read.yes.ndim != 1:
        raise MetricInputError(_METRIC, "observed", "must be one column", f"got the shape {read.yes.shape}")
    _same_length("observed", read.yes.size, size)
    if read.known is not None:
        missing = ~read.known
        _refuse(_METRIC, "observed", "must be present in every row", missing, np.where(missing, nan, 0))
    return read.yes


def _counts(value: Any, size: int) -> Any:
    values = _column("counts", value)
    _same_length("counts", values.size, size)
    _refuse_impossible(_METRIC, "counts", values, "use 0 for a row that stands for nobody")
    _refuse(_METRIC, "counts", "must be whole numbers", values != np.rint(values), values)
    if values.sum(dtype=np.float64) >= 2.0**62:
        raise MetricInputError(_METRIC, "counts", "must add up to less than 2**62", "got more")
    return values.astype(np.int64)
