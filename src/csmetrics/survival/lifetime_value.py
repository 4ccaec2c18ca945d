"""`csm.survival.clv`: what a customer is worth, from any curve of retention."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from csmetrics.cohorts.grid import RetentionGrid
from csmetrics.core._kinds import array
from csmetrics.core._options import check_word, is_whole
from csmetrics.core._present_value import FIRST, discount, payments, present_value
from csmetrics.core._registry import NUMBER, PERCENT
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, shown
from csmetrics.survival.curve import Survival
from csmetrics.survival.sbg_model import SBG

_METRIC = "survival.clv"
_FOLLOWED = 1_000_000  # payments that a curve may cover


def clv(
    curve: Survival | SBG | RetentionGrid | Any,
    *,
    margin: float,
    discount_rate: float = 0,
    first_payment: Literal["now", "next", "certain_next"] = "now",
    horizon: int | None = None,
    period: float = 1,
) -> float:
    r"""Compute what a customer is worth, from any curve of retention.

    .. math:: \text{CLV} = \sum_t \text{margin} \times \frac{S(t)}{(1 + \text{discount rate} / 100)^t}

    Parameters
    ----------
    curve
        The curve of `kaplan_meier`, the model of `sbg`, a `RetentionGrid` (its pooled rates), or the percentages still
        there after 0, 1, 2, ... periods, of which the first is 100.
    margin
        What one payment brings: revenue times gross margin.
    discount_rate
        Interest of one period, percent, 0 or more. Of a year's rate d, a month's is (1 + d)^(1/12) - 1.
    first_payment
        As for `csmetrics.discounted_clv`: ``"now"``: the first payment is made today and counts; ``"next"``: the first
        that counts is a period away and made by those who stay; ``"certain_next"``: payments come at the end of each
        period, and everybody makes the first.
    horizon
        How many payments count at most. A curve that was observed needs it, unless all customers leave in it: nobody
        knows what comes after its end. A model goes on for as long as customers stay.
    period
        The time from one payment to the next, in the unit of a Kaplan-Meier curve: 30.4375 for months on a curve in
        days.

    Returns
    -------
    float
        Money per customer who starts.

    Raises
    ------
    MetricInputError
        If `horizon` is missing or beyond what was observed, a model is asked without a horizon and without interest, or
        a value is not possible.

    See Also
    --------
    sbg, kaplan_meier

    Notes
    -----
    With a horizon it is the value of so many payments, not of a lifetime; call it that.

    The textbook's margin over churn (`csmetrics.clv`) is this sum for a churn that never changes. Where those who stay
    leave less and less, it is too low.

    Examples
    --------
    A contract of 100 a month at 80 % gross margin; of 1,000 customers, 631, 468, ... renewed.

    >>> import csmetrics as csm
    >>> model = csm.survival.sbg([1000, 631, 468, 382, 326, 289, 262, 241])
    >>> round(csm.survival.clv(model, margin=80, discount_rate=10), 2)
    295.59
    >>> csm.survival.clv([100, 63.1, 46.8], margin=80, horizon=3)
    167.92
    """
    money, rate = _number("margin", margin), _number("discount_rate", discount_rate)
    if not rate >= 0:
        raise MetricInputError(_METRIC, "discount_rate", "must be 0 or more", f"got {shown(discount_rate)}")
    first_payment = check_word(_METRIC, "first_payment", first_payment, FIRST)
    if horizon is not None and not (is_whole(horizon) and 0 <= horizon <= _FOLLOWED):
        rule = f"must be a whole number of payments from 0 to {_FOLLOWED:,}"
        raise MetricInputError(_METRIC, "horizon", rule, f"got {shown(horizon)}")
    if period != 1 and not isinstance(curve, Survival):
        rule = "is for curves of kaplan_meier: a model and percentages have one value per payment"
        raise MetricInputError(_METRIC, "period", rule, f"got {shown(period)}")
    if isinstance(curve, SBG):
        if horizon is None:
            return _for_good(curve, money, rate, first_payment)
        return present_value(money, curve.at(np.arange(horizon + 1)), rate, first_payment, horizon)
    waiting, ends = _observed(curve, period)
    known = payments(first_payment, waiting.size)
    if horizon is None and not ends:
        hint = f"such as horizon={known}, as far as was observed; or project the curve: csm.survival.sbg"
        raise MetricInputError(_METRIC, "horizon", "is needed for a curve that was observed", "got none", hint)
    if horizon is not None and horizon > known and not ends:
        rule = "must not be beyond what was observed"
        raise MetricInputError(_METRIC, "horizon", rule, f"got {horizon}; the curve covers {known} payments")
    counted = known if horizon is None else min(horizon, known)
    return present_value(money, waiting, rate, first_payment, counted)


def _for_good(model: SBG, margin: float, rate: float, first_payment: str) -> float:
    """Return the worth without a horizon: the discounted lifetime, its first payment as asked."""
    if not rate > 0:
        rule, hint = (
            "must be above 0 without a horizon",
            "without interest the sum of a model is infinite, or nearly so",
        )
        raise MetricInputError(_METRIC, "discount_rate", rule, "got 0", hint)
    periods = model.discounted_lifetime(rate)
    if first_payment == "certain_next":
        return margin * discount(rate) * periods
    return margin * (periods if first_payment == "now" else periods - 1)


def _observed(curve: Any, period: Any) -> tuple[Array, bool]:
    """Return the percent of customers who remain after 0, 1, ... periods, and whether all have left at the end."""
    if isinstance(curve, Survival):
        length = _number("period", period)
        if not 0 < length < np.inf:
            raise MetricInputError(_METRIC, "period", "must be above 0", f"got {shown(period)}")
        longest = float(curve.steps.times[-1]) if curve.steps.times.size else 0.0
        ends = bool(curve.steps.times.size) and float(curve.at(longest)) == 0
        most = int(min(longest * (1 + 1e-12) // length, _FOLLOWED)) + 1 + ends
        waiting = curve.at(length * np.arange(most))
        return np.where(np.isnan(waiting), curve.at(longest), waiting), ends
    values = curve.pooled() if isinstance(curve, RetentionGrid) else curve
    if isinstance(values, pd.DataFrame):
        found = "got the grids of several groups"
        raise MetricInputError(_METRIC, "curve", "must be one curve", found, "take a row of grid.pooled()")
    waiting = array(_METRIC, "curve", values, PERCENT).astype(np.float64)
    rule = "must be a curve, or the percentages of customers who remain after 0, 1, 2, ... periods"
    if waiting.ndim != 1 or not waiting.size:
        raise MetricInputError(_METRIC, "curve", rule, f"got {shown(curve)}")
    seen = ~np.isnan(waiting)
    waiting = waiting if seen.all() else waiting[: int(seen.argmin())]
    if not waiting.size or waiting[0] != 100 or not ((waiting >= 0) & (waiting <= 100)).all():
        found = f"it begins with {shown(float(waiting[0]))}" if waiting.size else "it begins with a missing one"
        raise MetricInputError(_METRIC, "curve", f"{rule}: 100 at first, none below 0 or above 100", found)
    return waiting, bool(waiting[-1] == 0)


def _number(argument: str, value: Any) -> float:
    number = array(_METRIC, argument, value, NUMBER).astype(np.float64)
    if number.ndim or not np.isfinite(number):
        raise MetricInputError(_METRIC, argument, "must be one number", f"got {shown(value)}")
    return float(number)
