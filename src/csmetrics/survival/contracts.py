"""`csm.survival.sbg`: retention beyond what was observed, for contracts that are renewed period by period."""

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
from csmetrics.core._kinds import array, is_scalar
from csmetrics.core._registry import NUMBER
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, shown
from csmetrics.survival.renewals import Renewals, read

_METRIC = "sbg"
_HARDLY = 0.025  # of log-likelihood: less than that, different chances explain no more than one chance for all
_LIMITS = ("profile", "bootstrap")
_MOST = 10_000  # periods, resamples


@dataclass(frozen=True, repr=False, eq=False)
class SBG(Printed):
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

    alpha: float
    beta: float
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

    def at(self, time: Any) -> Any:
        """Return the percent of customers still there after so many renewals.

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
            If a time is negative, fractional, no number or above 10,000,000.

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
            If it is below 1, fractional, no number or above 10,000,000.

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
            rule = "must be above 1 for an expected lifetime: at most 1, it is without end"
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
            If the rate is not above 0, or so small that the sum has no end in sight.

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
        renew now. It rises with `n`: who is still there is more likely to stay.

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
        _whole("SBG.derl", "n", n, 1)
        renews = _sbg.share(_sbg.retention(self.alpha, self.beta, n - 1))
        return float(renews) * self._discounted("SBG.derl", discount_rate, n)

    def _discounted(self, metric: str, discount_rate: Any, renewed: int) -> float:
        number = array(metric, "discount_rate", discount_rate, NUMBER).astype(np.float64)
        hint = "at 0 the sum is without end, or nearly so; give a horizon: csm.survival.clv(..., horizon=...)"
        if number.ndim or not 0 < number < np.inf:
            rule = "must be one percentage above 0"
            raise MetricInputError(metric, "discount_rate", rule, f"got {shown(discount_rate)}", hint)
        found = _sbg.discounted_periods(self.alpha, self.beta, float(number), renewed)
        if found is None:
            raise MetricInputError(metric, "discount_rate", "is too small", f"got {shown(discount_rate)}", hint)
        return found

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
        if parameter not in ("alpha", "beta"):
            raise MetricInputError(metric, "parameter", "must be 'alpha' or 'beta'", f"got {shown(parameter)}")
        if method not in _LIMITS:
            raise MetricInputError(metric, "method", "must be 'profile' or 'bootstrap'", f"got {shown(method)}")
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
        _whole(metric, "periods", periods, 1)
        levels: list[float] = list(np.atleast_1d(confidence))
        for level in levels:
            Confidence.percent(metric, level)
        shares = _sbg.surviving(self.alpha, self.beta, int(periods))
        drawn = _sbg.surviving(*self._drawn(metric, resamples, rng), int(periods))
        name, projection = "survival", shares
        if customers is not None:
            _whole(metric, "customers", customers, 1)
            name, projection = "customers", _sbg.share(customers * shares)
            drawn = generator(metric, rng).binomial(customers, np.clip(_sbg.share(drawn), 0, 1))
        columns = {name: projection}
        for level in sorted(levels):
            low, high = _sbg.middle(drawn, level)
            columns |= {f"low_{level:g}": np.minimum(low, projection), f"high_{level:g}": np.maximum(high, projection)}
        return pd.DataFrame(columns, index=pd.RangeIndex(int(periods) + 1, name="period"))

    def _drawn(self, metric: str, resamples: Any, rng: Any) -> tuple[Array, Array]:
        """Draw the cohorts again from the model and fit each; return the parameters."""
        whole = isinstance(resamples, (int, np.integer)) and not isinstance(resamples, bool)
        if not whole or not 100 <= resamples <= _MOST:
            raise MetricInputError(metric, "resamples", f"must be from 100 to {_MOST:,}", f"got {shown(resamples)}")
        assert self.counts is not None
        random, chance = generator(metric, rng), _sbg.retention(self.alpha, self.beta, np.arange(self.periods))
        exposed = np.zeros((int(resamples), self.periods))
        lost = np.zeros_like(exposed)
        for size, renewals in self.counts.sizes():
            alive = np.full(int(resamples), size)
            for age in range(renewals):
                stay = random.binomial(alive, _sbg.share(chance[age]))
                exposed[:, age] += alive
                lost[:, age] += alive - stay
                alive = stay
        fit = _sbg.climb(exposed, lost, np.full(len(lost), self.alpha), np.full(len(lost), self.beta))
        return fit.alpha, fit.beta


def sbg(cohorts: Any) -> SBG:
    r"""Fit the shifted beta-geometric model to cohorts of customers who renew, or do not, each period.

    .. math:: S(t) = \prod_{k=0}^{t-1} \frac{\beta + k}{\alpha + \beta + k}

    Parameters
    ----------
    cohorts
        How many customers were still there after 0, 1, 2, ... renewals: one list for a cohort, a list or mapping of
        such lists, of any lengths, a frame with a row per cohort and a column per age (missing where not observed yet),
        or the `RetentionGrid` of `csm.cohorts.retention`. Counts, not percentages.

    Returns
    -------
    SBG
        The model: `alpha`, `beta`, `converged`; `at(t)` and `retention_rate(t)` project, `discounted_lifetime` and
        `derl` say what customers are worth, `interval` and `fan` how sure that is.

    Raises
    ------
    MetricInputError
        If the counts are percentages, rise with age, or tell nothing of two renewals; if nobody left; or if retention
        does not rise with age, as the model says it must: then customers do not differ, or get worse with age, and
        there is no best fit.

    See Also
    --------
    clv, kaplan_meier

    Notes
    -----
    Every customer has its own chance to leave at each renewal, which never changes. Those with a high one leave first,
    so that those who are left renew more and more. A straight line, or the churn rate of the first periods, says that
    everybody is gone soon; retention curves of the real world flatten out.

    Young cohorts take part with what is known of them. Intervals rest on the counts: percentages would claim to be
    counts of 100 customers.

    Other definitions in use:

    * a constant churn rate (geometric lifetimes): on the Regular cohort of the paper, the first seven years' churn of
      22.6 % a year would leave 5 % after twelve years; 17.3 % were left.
    * a curve drawn through the percentages (power, logarithm): it fits what was seen and misses what comes.

    Pitfalls:

    * The model is for contracts: a customer who leaves is seen to leave. Shops and apps, where customers fall silent,
      need another one (BG/NBD).
    * Renewal dates must be the same distance apart, and the cohorts alike: a new price or another kind of customer is
      another curve.

    References
    ----------
    .. [1] P. S. Fader and B. G. S. Hardie, "How to project customer retention", Journal of Interactive Marketing 21
       (2007).
    .. [2] P. S. Fader and B. G. S. Hardie, "Fitting the sBG model to multi-cohort data", brucehardie.com/notes/017.

    Examples
    --------
    Of 1,000 regular customers, 241 are left after seven years. After twelve, 173 were.

    >>> import csmetrics as csm
    >>> model = csm.survival.sbg([1000, 631, 468, 382, 326, 289, 262, 241])
    >>> round(model.alpha, 3), round(model.beta, 3), round(model.at(12), 1)
    (0.704, 1.182, 17.0)
    """
    counts = read(_METRIC, cohorts)
    exposed, lost = counts.pooled()
    _refuse_degenerate(exposed[0], lost[0])
    geometric, rise = _sbg.constant(exposed, lost)
    if rise[0] <= 0:
        raise _no_fit("retention does not rise with age")
    fit = _sbg.climb(exposed, lost, *_sbg.start(exposed, lost))
    if fit.log_likelihood[0] - geometric[0] < _HARDLY:
        raise _no_fit("retention hardly changes with age")
    notes = list(counts.notes)
    if fit.log_likelihood[0] - geometric[0] < 3.84 * 0.5:
        notes.append("the counts do not rule out that all customers have the same chance to leave")
    return SBG(
        float(fit.alpha[0]),
        float(fit.beta[0]),
        float(fit.log_likelihood[0]),
        bool(fit.converged[0]),
        fit.steps,
        counts.customers,
        exposed.shape[-1],
        tuple(notes),
        counts,
    )


def _no_fit(found: str) -> MetricInputError:
    rule = "must have a retention that rises with age, as it does where customers differ"
    hint = "a constant rate says the same: csm.retention_rate, csm.discounted_clv; if it falls, look for the cause"
    return MetricInputError(_METRIC, "cohorts", rule, found, hint)


def _refuse_degenerate(exposed: Array, lost: Array) -> None:
    if not lost.any():
        raise MetricInputError(_METRIC, "cohorts", "must have lost somebody", "nobody left", "wait for more renewals")
    if exposed.size < 2 or not exposed[1:].any():
        hint = "one rate alone does not tell how customers differ"
        raise MetricInputError(_METRIC, "cohorts", "must tell of two renewals or more", "got one", hint)
    if not lost[1:].any():
        hint = "those who are left seem to stay for good: two kinds of customers, look at each"
        raise MetricInputError(_METRIC, "cohorts", "must have lost somebody after the first renewal", "got none", hint)


def _ages(metric: str, argument: str, value: Any, least: int) -> tuple[Any, Any]:
    """Return whole ages as an array, and flat."""
    ages = array(metric, argument, value, NUMBER).astype(np.float64)
    flat = ages.reshape(-1)
    wrong = ~((flat >= least) & (flat == np.rint(flat)) & (flat <= 1e7))
    if wrong.any():
        rule = f"must be whole periods from {least} to 10,000,000"
        raise MetricInputError(metric, argument, rule, f"got {shown(float(flat[wrong][0]))}")
    return ages.astype(np.int64), flat


def _like(given: Any, values: Any, name: str) -> Any:
    if isinstance(given, pd.Series):
        return given._constructor(values, index=given.index, name=name)
    return float(values) if is_scalar(given) else values


def _whole(metric: str, argument: str, value: Any, least: int) -> None:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not least <= value <= 10**7:
        raise MetricInputError(metric, argument, f"must be a whole number from {least} up", f"got {shown(value)}")
