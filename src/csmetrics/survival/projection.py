"""How many customers stay by the shifted beta-geometric model, and what that is worth, from its two parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics._statistics.printed import figure
from csmetrics.core import _sbg
from csmetrics.core._kinds import array, is_scalar
from csmetrics.core._options import check_whole
from csmetrics.core._registry import NUMBER
from csmetrics.errors import MetricInputError, shown

LONGEST: Final = 10_000_000  # periods that a model is followed


@dataclass(frozen=True, repr=False, eq=False)
class Projection:
    """Retention beyond what was observed.

    Attributes
    ----------
    alpha, beta : float
        The parameters of the model.
    """

    alpha: float
    beta: float

    def at(self, time: Any) -> Any:
        """Return the percent of customers who remain after so many renewals.

        Parameters
        ----------
        time
            Whole periods, 0 or more: a number, a list, an array or a Series.

        Returns
        -------
        float, ndarray or Series
            Percent; the same kind as `time`.

        Raises
        ------
        MetricInputError
            If a time is negative, fractional, not a number or above 10,000,000.

        Examples
        --------
        >>> import csmetrics as csm
        >>> model = csm.survival.sbg([1000, 869, 743, 653, 593, 551, 517, 491])
        >>> model.at([8, 12]).round(2)
        array([46.04, 37.8 ])
        """
        ages, flat = _ages("SBG.at", "time", time, 0)
        found = _sbg.surviving(self.alpha, self.beta, int(flat.max(initial=0)))
        return _like(time, found[ages], "survival")

    def retention_rate(self, renewal: Any) -> Any:
        """Return the percent of the customers due at a renewal who renew.

        Parameters
        ----------
        renewal
            Which renewal, 1 for the first: a number, a list, an array or a Series.

        Returns
        -------
        float, ndarray or Series
            Percent, higher from one renewal to the next; the same kind as `renewal`.

        Raises
        ------
        MetricInputError
            If it is below 1, fractional, not a number or above 10,000,000.

        Examples
        --------
        >>> import csmetrics as csm
        >>> csm.survival.sbg([1000, 631, 468, 382, 326]).retention_rate([1, 2, 3]).round(1)
        array([62.9, 75. , 81.2])
        """
        ages, _ = _ages("SBG.retention_rate", "renewal", renewal, 1)
        return _like(renewal, _sbg.retention(self.alpha, self.beta, ages - 1), "retention_rate")

    def expected_lifetime(self) -> float:
        """Return how many periods a new customer is expected to pay for, the first included.

        Returns
        -------
        float
            Periods.

        Raises
        ------
        MetricInputError
            If alpha is 1 or less, as it often is: so many customers stay for so long that there is no mean. Use
            `discounted_lifetime`, or a horizon.

        Examples
        --------
        >>> import csmetrics as csm
        >>> csm.survival.sbg([1000, 869, 743, 653, 593]).expected_lifetime()  # doctest: +ELLIPSIS
        28.7...
        """
        if self.alpha <= 1:
            rule = "must be above 1 for an expected lifetime; at or below 1 the lifetime is infinite"
            hint = "use discounted_lifetime(discount_rate=...), or csm.survival.clv(..., horizon=...)"
            raise MetricInputError("SBG.expected_lifetime", "alpha", rule, f"got {figure(self.alpha)}", hint)
        return _sbg.mean_lifetime(self.alpha, self.beta)

    def discounted_lifetime(self, discount_rate: float) -> float:
        """Return the expected periods that a new customer pays for, discounted (DEL).

        Times the margin of a period it is the expected lifetime value. The first payment is now.

        Parameters
        ----------
        discount_rate
            Interest of one period, percent, above 0. Of a year's rate d, a month's is (1 + d)^(1/12) - 1.

        Returns
        -------
        float
            Periods.

        Raises
        ------
        MetricInputError
            If the rate is not above 0, or so small that the sum is nearly infinite.

        Examples
        --------
        >>> import csmetrics as csm
        >>> round(csm.survival.sbg([1000, 869, 743, 653, 593, 551, 517, 491]).discounted_lifetime(10), 4)
        5.9223
        """
        return self._discounted("SBG.discounted_lifetime", discount_rate, 0)

    def derl(self, discount_rate: float, n: int) -> float:
        """Return the expected periods still to come just before the `n`-th renewal, discounted (DERL).

        Times the margin of a period it is the residual lifetime value of a customer who has paid `n` times and may
        renew now. It rises with `n`: a customer who has stayed longer is more likely to stay on.

        Parameters
        ----------
        discount_rate
            Interest of one period, percent, above 0.
        n
            Which renewal is due, 1 for the first.

        Returns
        -------
        float
            Periods, of which the first is the renewal that is due.

        Raises
        ------
        MetricInputError
            If the rate is not above 0, or `n` no whole number of 1 or more.

        Examples
        --------
        >>> import csmetrics as csm
        >>> round(csm.survival.sbg([1000, 869, 743, 653, 593, 551, 517, 491]).derl(10, n=8), 4)
        7.5296
        """
        check_whole("SBG.derl", "n", n, most=LONGEST)
        renews = _sbg.share(_sbg.retention(self.alpha, self.beta, n - 1))
        return float(renews) * self._discounted("SBG.derl", discount_rate, n)

    def _discounted(self, metric: str, discount_rate: Any, renewed: int) -> float:
        number = array(metric, "discount_rate", discount_rate, NUMBER).astype(np.float64)
        hint = "near 0 the sum is infinite, or nearly so; set a horizon: csm.survival.clv(..., horizon=...)"
        if number.ndim or not 0 < number < np.inf:
            rule = "must be one percentage above 0"
            raise MetricInputError(metric, "discount_rate", rule, f"got {shown(discount_rate)}", hint)
        found = _sbg.discounted_periods(self.alpha, self.beta, float(number), renewed)
        if found is None:
            raise MetricInputError(metric, "discount_rate", "is too small", f"got {shown(discount_rate)}", hint)
        return found


def _ages(metric: str, argument: str, value: Any, least: int) -> tuple[Any, Any]:
    """Return whole ages as an array, and flat."""
    ages = array(metric, argument, value, NUMBER).astype(np.float64)
    flat = ages.reshape(-1)
    wrong = ~((flat >= least) & (flat == np.rint(flat)) & (flat <= LONGEST))
    if wrong.any():
        rule = f"must be whole periods from {least} to {LONGEST:,}"
        raise MetricInputError(metric, argument, rule, f"got {shown(float(flat[wrong][0]))}")
    return ages.astype(np.int64), flat


def _like(given: Any, values: Any, name: str) -> Any:
    if isinstance(given, pd.Series):
        return given._constructor(values, index=given.index, name=name)
    return float(values) if is_scalar(given) else values
