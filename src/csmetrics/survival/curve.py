"""A curve of survival: its table, its times, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan
from typing import Any, Literal

import numpy as np
import pandas as pd

from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.printed import FEW_UNITS, plain
from csmetrics._statistics.results import Interval
from csmetrics._statistics.waiting import CURVES, area_error, curve_limits, quantile_limits, standard_errors
from csmetrics.core._door import Door
from csmetrics.core._kinds import array, is_scalar
from csmetrics.core._numeric import show
from csmetrics.core._options import check_word
from csmetrics.core._registry import NUMBER, PERCENT
from csmetrics.core._survival import Steps
from csmetrics.errors import MetricInputError, shown
from csmetrics.survival.checks import refuse, refuse_impossible

Method = Literal["log-log", "greenwood"]
_ALMOST = 1 + 1e-12  # a product of exact shares may round to just above
_SHOWN = 12  # times that a repr shows
_FEW_AT_RISK = 5


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
    notes : tuple of str
        What a reader should know.

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

    steps: Steps
    fill: float = nan
    notes: tuple[str, ...] = ()

    @cached_property
    def median(self) -> float:
        """The first time by which half of the customers have reached the event."""
        return self.steps.median(self._waiting) if self.steps.times.size else self.fill

    @cached_property
    def _waiting(self) -> Any:
        return self.steps.waiting()

    @cached_property
    def table(self) -> pd.DataFrame:
        """What happened at each duration."""
        found = self.steps
        columns = {"at_risk": found.at_risk(), "reached": found.reached, "censored": found.censored}
        columns["survival"] = self._waiting
        return pd.DataFrame(columns, index=pd.Index(found.times, name="time"), copy=False)

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
        refuse_impossible("Survival.at", "time", times.reshape(-1), "")
        known = self.steps.times.astype(np.float64)
        waiting = self._waiting
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
        refuse("Survival.percentile", "percent", "must be between 0 and 100", outside, flat, "90 is 90 %")
        waiting = self._waiting
        left = (100 - flat) * _ALMOST
        left[flat == 0] = np.nextafter(100.0, 0)
        place = np.searchsorted(-waiting, -left, side="left")  # the percentages fall with time
        times = np.append(self.steps.times.astype(np.float64), nan)
        out = np.where(np.isnan(flat), nan, times[place]).reshape(asked.shape)
        if isinstance(percent, pd.Series):
            return percent._constructor(out, index=percent.index, name="time")
        return float(out) if is_scalar(percent) else out

    def restricted_mean(self, time: float) -> float:
        """Return the mean time waited up to a limit: the area under the curve.

        Unlike the mean it is known while some are still waiting, and unlike the median it moves with the whole curve.

        Parameters
        ----------
        time
            The limit, in the unit of the durations, above 0 and not beyond the longest duration.

        Returns
        -------
        float
            In the unit of the durations: of `time` to come, how much customers wait on average. NaN without durations.

        Raises
        ------
        MetricInputError
            If nobody was observed for so long.

        Examples
        --------
        >>> import csmetrics as csm
        >>> curve = csm.survival.kaplan_meier([2, 3, 3, 5, 8], [True, True, False, True, False])
        >>> round(curve.restricted_mean(8), 9)
        4.9
        """
        return self._area(time)[0]

    def standard_error(self, time: float | None = None, *, restricted_mean: float | None = None) -> float:
        """Return the standard error of the percent still waiting (Greenwood), or of the restricted mean.

        Parameters
        ----------
        time
            In the unit of the durations.
        restricted_mean
            Instead of `time`: the limit of the restricted mean.

        Returns
        -------
        float
            In percent, for the restricted mean in the unit of the durations; NaN where the percentage is not known, or
            nobody is left waiting.

        Raises
        ------
        MetricInputError
            If not exactly one of them is given, or `at` or `restricted_mean` would refuse it.

        Examples
        --------
        >>> import csmetrics as csm
        >>> curve = csm.survival.kaplan_meier([2, 3, 3, 5, 8], [True, True, False, True, False])
        >>> round(curve.standard_error(3), 4)
        21.9089
        """
        _one_of("Survival.standard_error", time=time, restricted_mean=restricted_mean)
        if restricted_mean is not None:
            return self._area(restricted_mean)[1]
        place = self._place(time)
        return nan if place is None else 0.0 if place < 0 else float(self._errors()[place])

    def interval(
        self,
        time: float | None = None,
        *,
        percentile: float | None = None,
        restricted_mean: float | None = None,
        confidence: float = 95,
        method: Method = "log-log",
    ) -> Interval:
        """Say how sure the curve is at a time, or how sure a percentile or the restricted mean is.

        Parameters
        ----------
        time
            A time: the interval of the percent still waiting just after it.
        percentile
            Instead of a time, from 0 to 100: the interval of the time by which so many have reached the event; 50 is
            the median.
        restricted_mean
            Instead of a time: the interval of the mean time up to this limit.
        confidence
            Percent, from 50 to below 100.
        method
            "log-log" (default) keeps between 0 and 100 % and does well with few customers; "greenwood" is the plain
            normal interval. A percentile's limits are the times at which the curve's limits cross it. The restricted
            mean has a normal interval.

        Returns
        -------
        Interval
            Percent, or a time in the unit of the durations. A high limit that the data does not reach is inf: the time
            may be any later one.

        Raises
        ------
        MetricInputError
            If not exactly one of the three is given, a value is not possible, or there is no such method.

        Examples
        --------
        >>> import csmetrics as csm
        >>> weeks = [35, 34, 32, 32, 25, 23, 22, 20, 19, 17, 16, 13, 11, 10, 10, 9, 7, 6, 6, 6, 6]
        >>> reached = [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1]
        >>> curve = csm.survival.kaplan_meier(weeks, reached)
        >>> print(curve.interval(percentile=50))
        percentile 23, 95 % interval [13, without end] (log-log, n = 21)
        Note: fewer than 30 customers stand behind it: read it with care
        >>> print(curve.interval(10))  # doctest: +ELLIPSIS
        survival 75.29 %, 95 % interval [50.32, 88.94] (log-log, n = 21)
        ...
        """
        metric = "Survival.interval"
        _one_of(metric, time=time, percentile=percentile, restricted_mean=restricted_mean)
        sure = Confidence.percent(metric, confidence)
        method = check_word(metric, "method", method, CURVES)
        waiting = self._waiting
        name, unit, notes = "survival", "percent", list(self.notes)
        if restricted_mean is not None:
            name, unit, method = "restricted_mean", "", "greenwood"
            estimate, error = self._area(restricted_mean)
            low, high = max(estimate - sure.z * error, 0.0), min(estimate + sure.z * error, restricted_mean)
        elif percentile is not None:
            name, unit = "percentile", ""
            estimate = float(self.percentile(percentile))
            low, high = quantile_limits(self.steps, waiting, percentile, sure, method) if waiting.size else (nan, nan)
        else:
            estimate, place = float(self.at(time)), self._place(time)
            low = high = nan if place is None else 100.0
            if place is not None and place >= 0:
                limits = curve_limits(self.steps, waiting, sure, method)
                low, high = (float(limit[place]) for limit in limits)
            if estimate == 0:
                notes.append("no interval where nobody is left waiting")
        everyone = float((self.steps.reached + self.steps.censored).sum())
        if 0 < everyone < FEW_UNITS:
            notes.append(f"fewer than {FEW_UNITS} customers stand behind it: read it with care")
        return Interval(estimate, low, high, everyone, everyone, float(confidence), method, tuple(notes), name, unit)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, ready for JSON.

        Returns
        -------
        dict
            `median`, `notes`, and the rows of the `table`; what has no value is None.
        """
        rows = self.table.reset_index().to_dict("records")
        found: dict[str, Any] = plain({"median": self.median, "table": rows, "notes": self.notes})
        return found

    def _errors(self) -> Any:
        return standard_errors(self.steps, self._waiting)

    def _place(self, time: Any) -> int | None:
        """Return the row of the table that holds at a time, -1 before the first; None where nothing is known."""
        if isnan(float(self.at(time))):
            return None
        return int(np.searchsorted(self.steps.times.astype(np.float64), float(time), side="right")) - 1

    def _area(self, time: Any) -> tuple[float, float]:
        metric, argument = "restricted_mean", "time"
        limit = array(metric, argument, time, NUMBER).astype(np.float64)
        if limit.ndim or not 0 < limit < np.inf:
            raise MetricInputError(metric, argument, "must be one number above 0", f"got {shown(time)}")
        if not self.steps.times.size:
            return nan, nan
        waiting, longest = self._waiting, float(self.steps.times[-1])
        if limit > longest and waiting[-1] > 0:
            rule, hint = "must not be beyond the longest duration", f"nobody was observed after {longest:g}"
            raise MetricInputError(metric, argument, rule, f"got {show(float(limit))}", hint)
        mean, after = self.steps.restricted_mean(waiting, float(limit))
        return mean, area_error(self.steps, after)

    def _title(self) -> str:
        reached, censored = int(self.steps.reached.sum()), int(self.steps.censored.sum())
        everyone = f"{reached + censored:,} in all, {reached:,} reached, {censored:,} censored"
        return f"Survival: {everyone}; median {self.median:g}"

    def __repr__(self) -> str:
        if self.table.empty:
            return self._title()
        lines = [self._title(), *self.table.to_string(max_rows=_SHOWN).splitlines()]
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        table: Any = self.table
        return f"<p>{self._title()}</p>{'' if table.empty else table.to_html(max_rows=_SHOWN)}"


def curve(found: Steps, fill: float = nan, metric: str = "kaplan_meier") -> Survival:
    """Make the result from the counts at each duration; `fill` is the median where there are no durations."""
    return Survival(found, fill, () if found.entries is None else _late(metric, found))


def _late(metric: str, found: Steps) -> tuple[str, ...]:
    """Refuse a curve that falls to 0 before everybody has entered; say where few are at risk."""
    out = np.flatnonzero(found.waiting() <= 0)
    if out.size and out[0] < found.times.size - 1:
        rule = "must leave customers waiting whenever customers reach the event"
        at = f"all customers observed by {found.times[out[0]]:g} had reached it, and others enter later"
        hint = "start the curve later: keep those who waited longer, and count their entry from then on at the earliest"
        raise MetricInputError(metric, "entry", rule, at, hint)
    few = (found.reached > 0) & (found.at_risk() < _FEW_AT_RISK)
    few[np.searchsorted(found.times, found.entries[0][-1]) :] = False  # type: ignore[index]
    if not few.any():
        return ()
    at_risk, first = found.at_risk()[few].min(), found.times[few][0]
    return (
        f"as few as {at_risk} were at risk at {first:g}, as the others entered later: the whole curve rests on them",
    )


def _one_of(metric: str, **given: Any) -> None:
    names = [name for name, value in given.items() if value is not None]
    if len(names) != 1:
        rule, found = f"must be the only one of {', '.join(given)} that is given", f"got {', '.join(names) or 'none'}"
        raise MetricInputError(metric, next(iter(given)), rule, found)
