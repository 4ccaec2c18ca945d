"""How long customers take, when some are still waiting: time to value, tenure, time to the next purchase."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from csmetrics.core._flags import flags
from csmetrics.core._kinds import array, as_array, common_index, is_scalar
from csmetrics.core._numeric import fill_value
from csmetrics.core._registry import NUMBER
from csmetrics.core._survival import delayed, peak, steps
from csmetrics.core._types import Undefined
from csmetrics.errors import MetricInputError, UndefinedMetricError
from csmetrics.survival.checks import refuse, refuse_impossible
from csmetrics.survival.curve import Survival, curve

_METRIC = "kaplan_meier"


def kaplan_meier(
    durations: Any, observed: Any, *, entry: Any = None, counts: Any = None, undefined: Undefined = nan
) -> Survival:
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
    entry
        From which time on each customer was observed, if some had waited already when the records begin (left
        truncation): 0, or missing, for those observed from their start. Until then a customer is not at risk.
    counts
        How many customers each row stands for, in whole numbers, if the durations have been counted already. By default
        each row is one customer.
    undefined
        Value of the median if there are no durations, or ``"raise"``.

    Returns
    -------
    Survival
        The estimate, with `table`, `median`, `at(time)`, `percentile(90)`, `interval` and `restricted_mean(time)`.

    Raises
    ------
    MetricInputError
        If a duration is negative, missing, infinite or not a number, if `observed` differs in length from `durations`
        or is neither true nor false, if a count is negative or fractional, if an entry is after the duration, or if
        all who were observed early reach the event before others enter.
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
    common_index(_METRIC, {"durations": durations, "observed": observed, "entry": entry, "counts": counts})
    days, reached, longest = read_columns(durations, observed)
    often = None if counts is None else _counts(counts, days.size)
    entered = None if entry is None else _entries(entry, days)
    if entered is not None:
        seen = (entered < days) | (entered == 0)  # whoever is observed for no time at all tells nothing
        days, reached, entered = days[seen], reached[seen], entered[seen]
        often = None if often is None else often[seen]
    found = steps(days, reached, often, longest)
    if entered is not None:
        late = entered > 0  # whoever is observed from the start on is at risk at once
        found = delayed(found, entered[late], None if often is None else often[late])
    if not found.times.size and isinstance(undefined, str):
        hint = "leave undefined=nan, or give a number"
        raise UndefinedMetricError(_METRIC, "durations", "must hold at least one duration", "got none", hint)
    return curve(found, fill)


def read_columns(durations: Any, observed: Any) -> tuple[Any, Any, Any]:
    """Return the durations, whether each ended with the event, and the longest; refuse what cannot be right."""
    days = _column("durations", durations)
    days = days.astype(np.float64 if days.dtype.kind == "f" else days.dtype.newbyteorder("="), copy=False)
    longest = peak(days)
    if longest is None:
        hint = "for customers still waiting use the time waited so far, with observed=False"
        refuse_impossible(_METRIC, "durations", days, hint)
        longest = days.max()  # of durations such as -0.0
    return days, _observed(observed, days.size), longest


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
        refuse(_METRIC, "observed", rule, ~((values == 0) | (values == 1)), values, hint)
        return values == 1
    if read.yes.ndim != 1:
        raise MetricInputError(_METRIC, "observed", "must be one column", f"got the shape {read.yes.shape}")
    _same_length("observed", read.yes.size, size)
    if read.known is not None:
        missing = ~read.known
        refuse(_METRIC, "observed", "must be present in every row", missing, np.where(missing, nan, 0))
    return read.yes


def _counts(value: Any, size: int) -> Any:
    values = _column("counts", value)
    _same_length("counts", values.size, size)
    refuse_impossible(_METRIC, "counts", values, "use 0 for a row without customers")
    refuse(_METRIC, "counts", "must be whole numbers", values != np.rint(values), values)
    if values.sum(dtype=np.float64) >= 2.0**62:
        raise MetricInputError(_METRIC, "counts", "must add up to less than 2**62", "got more")
    return values.astype(np.int64)


def _entries(value: Any, days: Any) -> Any:
    """Return when each row was first observed, as float64; 0 where that is missing."""
    values = _column("entry", value).astype(np.float64)
    _same_length("entry", values.size, days.size)
    refuse_impossible(_METRIC, "entry", values, "")
    values = np.where(np.isnan(values), 0.0, values)
    refuse(_METRIC, "entry", "must not be after the duration", values > days, values, "both count from the same start")
    return values
