"""A fitted shifted beta-geometric model: its parameters, and how sure they and the forecast are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from csmetrics._statistics.bootstrap import generator
from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.printed import Printed, figure
from csmetrics._statistics.results import Interval
from csmetrics.core import _sbg
from csmetrics.core._options import check_whole, check_word
from csmetrics.core._types import Array
from csmetrics.survival.projection import LONGEST, Projection
from csmetrics.survival.renewals import Renewals

_LIMITS = ("profile", "bootstrap")
_MOST = 10_000  # resamples


@dataclass(frozen=True, repr=False, eq=False)
class SBG(Printed, Projection):
    """The shifted beta-geometric model of retention, the result of `sbg`.

    Attributes
    ----------
    alpha, beta : float
        The parameters: customers' chances to leave each period follow the beta distribution with these two. Its mean is
        alpha / (alpha + beta), the churn of the first period; the smaller both are, the more customers differ.
    log_likelihood : float
        Of the counts, at these parameters.
    converged : bool
        Whether the top of the likelihood was found.
    steps : int
        How many steps it took.
    customers : int
        How many customers the cohorts had at their start.
    periods : int
        How many renewals were observed of the oldest cohort.
    notes : tuple of str
        What a reader should know.

    Examples
    --------
    >>> import csmetrics as csm
    >>> model = csm.survival.sbg([1000, 631, 468, 382, 326, 289, 262, 241])
    >>> model
    SBG: alpha 0.704, beta 1.18 from 1,000 customers over 7 renewals, log-likelihood -1,680.27
    >>> round(model.at(12), 1), round(model.retention_rate(8), 1)
    (17.0, 92.1)
    """

    log_likelihood: float
    converged: bool
    steps: int
    customers: int
    periods: int
    notes: tuple[str, ...] = ()
    counts: Renewals | None = field(default=None, repr=False)

    def __str__(self) -> str:
        parameters = f"SBG: alpha {self.alpha:.3g}, beta {self.beta:.3g}"
        behind = f"{self.customers:,} customers over {self.periods} renewals"
        unsure = "" if self.converged else ", NOT converged"
        line = f"{parameters} from {behind}, log-likelihood {figure(self.log_likelihood)}{unsure}"
        return "\n".join([line, *(f"Note: {note}" for note in self.notes)])

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the counts as plain data, ready for JSON.

        Returns
        -------
        dict
            The attributes by name.
        """
        return {name: value for name, value in super().as_dict().items() if name != "counts"}

    def interval(
        self,
        parameter: Literal["alpha", "beta"],
        *,
        confidence: float = 95,
        method: Literal["profile", "bootstrap"] = "profile",
        resamples: int = 1000,
        rng: Any = None,
    ) -> Interval:
        """Say how sure a parameter is.

        Parameters
        ----------
        parameter
            "alpha" or "beta".
        confidence
            Percent, from 50 to below 100.
        method
            "profile" (default): the values that are nearly as likely, the other parameter at its best for each.
            "bootstrap": the middle of the fits to cohorts drawn from the model.
        resamples, rng
            For "bootstrap": how many, and a seed or a numpy Generator. Runs repeat without one.

        Returns
        -------
        Interval
            Its high limit is inf where the counts do not rule out that all customers have the same chance.

        Raises
        ------
        MetricInputError
            If there is no such parameter or method.

        Examples
        --------
        >>> import csmetrics as csm
        >>> print(csm.survival.sbg([1000, 631, 468, 382, 326, 289, 262, 241]).interval("alpha"))
        alpha 0.7, 95 % interval [0.59, 0.85] (profile, n = 1,000)
        """
        metric, sure = "SBG.interval", Confidence.percent("SBG.interval", confidence)
        parameter = check_word(metric, "parameter", parameter, ("alpha", "beta"))
        method = check_word(metric, "method", method, _LIMITS)
        assert self.counts is not None
        estimate, which = getattr(self, parameter), ("alpha", "beta").index(parameter)
        if method == "bootstrap":
            found = (self._drawn(metric, resamples, rng))[which]
            low, high = (float(x) for x in _sbg.middle(found, confidence))
        else:
            pooled = self.counts.pooled()
            one = np.array([self.alpha]), np.array([self.beta])
            fit = _sbg.Fit(*one, np.array([self.log_likelihood]), np.array([True]), self.steps)
            lowest = self.log_likelihood - sure.z**2 * 0.5
            low, high = (_sbg.profile_limit(*pooled, fit, which, lowest, up) for up in (False, True))
        n = float(self.customers)
        return Interval(estimate, low, high, n, n, float(confidence), method, self.notes, parameter)

    def fan(
        self,
        periods: int,
        *,
        customers: int | None = None,
        confidence: float | Sequence[float] = (50, 80, 95),
        resamples: int = 1000,
        rng: Any = None,
    ) -> pd.DataFrame:
        """Project retention, with limits that widen as the forecast goes on.

        Parameters
        ----------
        periods
            How many renewals to look ahead.
        customers
            How many customers start. Then the fan is of how many are left, and holds their own luck as well; without
            it, the fan is of the percentage, and holds only what the cohorts leave open about the model.
        confidence
            Percentages, each for a pair of limits.
        resamples, rng
            How many cohorts are drawn from the model and fitted again, and a seed or a numpy Generator.

        Returns
        -------
        DataFrame
            Indexed by `period`, from 0: the projection (`survival`, or `customers`) and for each confidence `low_95`
            and `high_95`.

        Raises
        ------
        MetricInputError
            If `periods` or `customers` is no whole number of 1 or more.

        Notes
        -----
        The fan holds for a world that stays as the model has it. What it does not know, such as a new price, is not
        in it.

        Examples
        --------
        >>> import csmetrics as csm
        >>> model = csm.survival.sbg([1000, 631, 468, 382, 326, 289, 262, 241])
        >>> model.fan(12, confidence=(95,)).loc[[1, 12]].round(0)
                survival  low_95  high_95
        period
        1           63.0    60.0     66.0
        12          17.0    15.0     20.0
        """
        metric = "SBG.fan"
        check_whole(metric, "periods", periods, most=LONGEST)
        levels: list[float] = list(np.atleast_1d(confidence))
        for level in levels:
            Confidence.percent(metric, level)
        shares = _sbg.surviving(self.alpha, self.beta, int(periods))
        drawn = _sbg.surviving(*self._drawn(metric, resamples, rng), int(periods))
        name, projection = "survival", shares
        if customers is not None:
            check_whole(metric, "customers", customers, most=LONGEST)
            name, projection = "customers", _sbg.share(customers * shares)
            drawn = generator(metric, rng).binomial(customers, np.clip(_sbg.share(drawn), 0, 1))
        columns = {name: projection}
        for level in sorted(levels):
            low, high = _sbg.middle(drawn, level)
            columns |= {f"low_{level:g}": np.minimum(low, projection), f"high_{level:g}": np.maximum(high, projection)}
        return pd.DataFrame(columns, index=pd.RangeIndex(int(periods) + 1, name="period"))

    def _drawn(self, metric: str, resamples: Any, rng: Any) -> tuple[Array, Array]:
        """Draw the cohorts again from the model and fit each; return the parameters."""
        resamples = check_whole(metric, "resamples", resamples, 100, _MOST)
        assert self.counts is not None
        random, chance = generator(metric, rng), _sbg.retention(self.alpha, self.beta, np.arange(self.periods))
        exposed = np.zeros((resamples, self.periods))
        lost = np.zeros_like(exposed)
        for size, renewals in self.counts.sizes():
            alive = np.full(resamples, size)
            for age in range(renewals):
                stay = random.binomial(alive, _sbg.share(chance[age]))
                exposed[:, age] += alive
                lost[:, age] += alive - stay
                alive = stay
        fit = _sbg.climb(exposed, lost, np.full(len(lost), self.alpha), np.full(len(lost), self.beta))
        return fit.alpha, fit.beta
