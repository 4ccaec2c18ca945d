"""`csm.survival.sbg`: the shifted beta-geometric model, for contracts that are renewed period by period."""

from __future__ import annotations

from typing import Any

from csmetrics.core import _sbg
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError
from csmetrics.survival.renewals import read
from csmetrics.survival.sbg_model import SBG

_METRIC = "sbg"
_HARDLY = 0.025  # of log-likelihood: less than that, different chances explain no more than one chance for all


def sbg(cohorts: Any) -> SBG:
    r"""Fit the shifted beta-geometric model to cohorts of customers who renew, or do not, each period.

    .. math:: S(t) = \prod_{k=0}^{t-1} \frac{\beta + k}{\alpha + \beta + k}

    Parameters
    ----------
    cohorts
        How many customers remained after 0, 1, 2, ... renewals: one list for a cohort, a list or mapping of
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
        If the counts are percentages, rise with age, or cover fewer than two renewals; if nobody left; or if retention
        does not rise with age, as the model says it must: then customers do not differ, or get worse with age, and
        there is no best fit.

    See Also
    --------
    clv, kaplan_meier

    Notes
    -----
    Every customer has its own chance to leave at each renewal, which never changes. Customers with a high one leave
    first, so that those who remain renew more and more. A straight line, or the churn rate of the first periods, says
    that everybody is gone soon; retention curves of the real world flatten out.

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
        raise MetricInputError(_METRIC, "cohorts", "must have lost customers", "nobody left", "wait for more renewals")
    if exposed.size < 2 or not exposed[1:].any():
        hint = "one rate alone does not tell how customers differ"
        raise MetricInputError(_METRIC, "cohorts", "must cover two renewals or more", "got one", hint)
    if not lost[1:].any():
        hint = "the customers who remain seem to stay for good: fit the two kinds of customers apart"
        raise MetricInputError(_METRIC, "cohorts", "must have lost customers after the first renewal", "got none", hint)
