"""From the start to the first value: onboarding, time to value, goals reached."""

from __future__ import annotations

from datetime import date
from math import nan
from typing import Any

import numpy as np

from csmetrics.core._dates import Instants, data_end, days_apart, days_between, elapsed, instants, must_match
from csmetrics.core._evaluate import evaluate, mean, share
from csmetrics.core._guards import ordinary
from csmetrics.core._kinds import is_scalar
from csmetrics.core._numeric import clamp, fill_value, places
from csmetrics.core._registry import COUNT, DATE, NUMBER, REGISTRY, at_most, flow, level, metric
from csmetrics.core._sampled import sampled
from csmetrics.core._survival import median
from csmetrics.core._types import Array, Dates, T, Undefined, Values
from csmetrics.errors import MetricInputError, UndefinedMetricError

_ORDER = "check the time zones and the order of the arguments; a date without a time is that day's midnight"


@metric(
    title="Onboarding completion rate",
    aliases=(
        "onboarding completion",
        "onboarding experience",
        "onboarding success rate",
        "onboarding rate",
        "completion",
    ),
    questions=("Do customers finish onboarding?", "How many customers drop out during onboarding?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"completed": flow(COUNT), "started": flow(COUNT)},
    rules=[at_most("completed", "started", hint="count only customers counted in `started`")],
    rises=("completed",),
    falls=("started",),
    rivals={
        "completed / signups": lambda completed, signups: 100 * completed / signups,
    },
    base="started",
)
def onboarding_completion_rate(completed: T, started: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the customers who started onboarding who completed it.

    .. math:: \text{onboarding completion rate} = \frac{\text{completed}}{\text{started}} \times 100

    Parameters
    ----------
    completed
        Customers counted in `started` who completed onboarding.
    started
        Customers who started onboarding in the period.
    undefined
        Value where `started` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `completed` exceeds `started`.
    UndefinedMetricError
        If `started` is 0 and ``undefined="raise"``.

    See Also
    --------
    onboarding_time, median_ttv, activation_rate

    Notes
    -----
    Follow those who started in the period, however late they complete.

    Other definitions in use:

    * completed / signups: mixes those who never began with those who gave up. One source states the formula with
      those who started and computes 100 of 300 signups (33 %) where 280 had started (35.7 %) [2]_.
    * mean share of the steps done, 4 of 6 being 66.7 %: tells how far customers come, not how many arrive.
    * completions in the period / starts in the period: other customers above the line than below; may pass 100 %.

    Pitfalls:

    * Customers who started last week had no time to complete: leave out starts younger than onboarding usually takes.
    * Completing the steps is not yet success: see `value_realization_rate`.

    References
    ----------
    .. [1] MetricKit, "Onboarding completion", https://metrickittools.com/glossary/onboarding-completion
    .. [2] fromscratch, onboarding completion rate.

    Examples
    --------
    >>> onboarding_completion_rate(completed=260, started=400)
    65.0
    """
    return share(onboarding_completion_rate, completed, started, undefined)


@metric(
    title="Time to value",
    aliases=("TTV", "time to first value", "TTFV", "time to basic value", "time to exceed value", "days to value"),
    questions=("Is onboarding too slow?", "How long does a customer take to get its first value?"),
    unit="days",
    better="lower",
    bounds=(0, None),
    inputs={"started_at": level(DATE), "value_at": level(DATE)},
    rules=[at_most("started_at", "value_at", hint=_ORDER)],
    rises=("value_at",),
    falls=("started_at",),
    sampled=sampled("each"),
)
def ttv(started_at: Dates, value_at: Dates) -> Any:
    r"""Days from a customer's start to the moment it first gets the value it came for.

    .. math:: \text{time to value} = \text{value at} - \text{started at}

    Parameters
    ----------
    started_at
        When the customer started: contract, account, first login; the company's choice.
    value_at
        When it reached value; missing where it has not yet.

    Returns
    -------
    float, ndarray or Series
        Days with their fraction, 0 or more; NaN where a date is missing; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If a value comes before its start, something is not a date, or times with and without a time zone meet.

    See Also
    --------
    median_ttv, onboarding_time, value_realization_rate

    Notes
    -----
    Elapsed time: one day is 24 hours. Times with a zone are compared in UTC; dates are midnights. A date may be a
    date, datetime, Timestamp or datetime64, and a column an array, list or Series of them.

    Other definitions in use:

    * time to first value, to basic value, to exceeding the expected value: the same formula to other milestones.
    * days counted with both ends, 1 to 15 January being 15 days: one more than elapsed.
    * working days: no calendar of holidays is the same everywhere.

    Pitfalls:

    * The mean or median of these leaves out everyone still waiting, and looks fast: use `median_ttv`.
    * A login is not value; take what the customer came for.

    References
    ----------
    .. [1] PM Toolkit, "Time to value": signup 9:00, first value 9:18, 18 minutes.

    Examples
    --------
    >>> from datetime import date
    >>> ttv(started_at=date(2026, 3, 1), value_at=date(2026, 3, 15))
    14.0
    >>> ttv([date(2026, 3, 1), date(2026, 3, 2)], value_at=[date(2026, 3, 4), None])
    array([ 3., nan])
    """
    return days_between(ttv, started_at, value_at)


@metric(
    title="Median time to value",
    aliases=("median TTV", "typical time to value", "Kaplan-Meier time to value", "median days to value"),
    questions=("How long until half of our customers get value?", "Is onboarding too slow for the typical customer?"),
    unit="days",
    better="lower",
    bounds=(0, None),
    inputs={"started_at": level(DATE), "value_at": level(DATE)},
    rules=[at_most("started_at", "value_at", hint=_ORDER)],
    base="started_at",
    reduces=True,
    sampled=sampled("quantile"),
)
def median_ttv(
    started_at: Dates, value_at: Dates, as_of: date | np.datetime64 | str, *, undefined: Undefined = nan
) -> float:
    r"""Days within which half of the customers get value; those still waiting count up to the last day observed.

    .. math:: \min \{ t : S(t) \le 0.5 \}, \qquad S(t) = \prod_{t_i \le t} \left( 1 - \frac{d_i}{n_i} \right)

    where :math:`d_i` customers reach value :math:`t_i` days after their start, of the :math:`n_i` who had not before
    and are known for that long (Kaplan-Meier).

    Parameters
    ----------
    started_at
        When each customer started; one without a start is left out.
    value_at
        When each reached value; missing where it has not yet. What comes after `as_of` has not happened yet.
    as_of
        Up to when the data is complete: a date, datetime, Timestamp or ISO text. A date, or midnight, means that whole
        day.
    undefined
        Value where no customer started, or ``"raise"``.

    Returns
    -------
    float
        Days, 0 or more; NaN where fewer than half get there in the time that is known.

    Raises
    ------
    MetricInputError
        If a value comes before its start, a start after `as_of`, something is not a date, or times with and without a
        time zone meet.
    UndefinedMetricError
        If no customer started and ``undefined="raise"``.

    See Also
    --------
    ttv, onboarding_time, value_realization_rate

    Notes
    -----
    Customers still waiting stay in the count for the days they have been known, and leave it after the values reached
    on the same day. Where everyone has reached it, it is the plain lower median.

    Other definitions in use:

    * median of those who reached it: on Gehan's data 10, where the estimate with all customers is 23.
    * mean of those who reached it: 12.1 on the same data, and one slow customer moves it.
    * only customers older than a window, those still waiting at its end counted as failed: wastes the young ones.

    Pitfalls:

    * Customers who left before they got value should stop counting on that day, and still do count here: as if they
      might get there later. With many such, report the share who got there as well.
    * With few customers known for long, the median jumps between reports.

    References
    ----------
    .. [1] E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958).
    .. [2] Gehan's remission data as in lifelines, lifelines/datasets/anderson.csv, computed with lifelines 0.30.3.
    .. [3] Tival, "Handling censored data", https://www.tival.io/blog/handling-censored-data

    Examples
    --------
    >>> from datetime import date
    >>> started = [date(2026, 1, 1), date(2026, 1, 1), date(2026, 1, 1)]
    >>> median_ttv(started, [date(2026, 1, 4), date(2026, 1, 11), None], as_of="2026-01-31")
    10.0
    >>> median_ttv(started, [date(2026, 1, 4), None, None], as_of="2026-01-31")
    nan
    """
    fill = fill_value("median_ttv", undefined)
    days, there = followed(started_at, value_at, as_of)
    if not days.size:
        if undefined == "raise":
            must, hint = "must hold a customer who started", "leave undefined=nan, or give a number"
            raise UndefinedMetricError("median_ttv", "started_at", must, "there is none", hint)
        return fill
    return median(days, there)


def followed(started_at: Any, value_at: Any, as_of: Any) -> tuple[Array, Any]:
    """Return how many days each customer took, or is known to have waited, and whether it got there."""
    name, spec = "median_ttv", REGISTRY["median_ttv"]
    if is_scalar(started_at) and is_scalar(value_at):
        raise MetricInputError(name, "started_at", "must be a column of dates", "got one", "for one customer use ttv")
    start, reached, shape, _ = instants(spec, started_at, value_at)
    if len(shape) != 1:
        raise MetricInputError(name, "started_at", "must be one column of dates", f"got the shape {shape}")
    last = data_end(name, "as_of", as_of)
    must_match(name, {"started_at": start, "value_at": reached, "as_of": last})
    known = _known_for(start, last)
    days = elapsed(spec, start, reached)
    there = days_apart(reached, last) >= 0
    counted = ~np.isnan(known)
    return np.where(there, days, known)[counted], there[counted]


def _known_for(start: Instants, last: Instants) -> Array:
    known = days_apart(start, last)
    late = np.flatnonzero(known < 0)
    if late.size:
        at = int(late[0])
        found = places(late.size, known.size, at, f"{start.iso(at)} > {last.iso(0)}")
        hint = "leave out customers who start after the data ends, or move as_of"
        raise MetricInputError("median_ttv", "started_at", "must be <= `as_of`", found, hint)
    return known


@metric(
    title="Onboarding time",
    aliases=(
        "time to complete onboarding",
        "onboarding duration",
        "time to onboard",
        "implementation time",
        "time to launch",
        "time to go live",
        "go-live",
    ),
    questions=(
        "How long does onboarding take?",
        "How long does an implementation take from kickoff to launch?",
        "How quickly do new customers go live?",
    ),
    unit="days",
    better="lower",
    bounds=(0, None),
    inputs={"started_at": level(DATE), "completed_at": level(DATE)},
    rules=[at_most("started_at", "completed_at", hint=_ORDER)],
    rises=("completed_at",),
    falls=("started_at",),
    sampled=sampled("each"),
)
def onboarding_time(started_at: Dates, completed_at: Dates) -> Any:
    r"""Days from the start of a customer's onboarding to its completion.

    .. math:: \text{onboarding time} = \text{completed at} - \text{started at}

    Parameters
    ----------
    started_at
        When onboarding started.
    completed_at
        When it was complete; missing where it is not yet.

    Returns
    -------
    float, ndarray or Series
        Days with their fraction, 0 or more; NaN where a date is missing; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If a completion comes before its start, something is not a date, or times with and without a time zone meet.

    See Also
    --------
    ttv, median_ttv, onboarding_completion_rate

    Notes
    -----
    Elapsed time: one day is 24 hours. Times with a zone are compared in UTC; dates are midnights.

    Other definitions in use:

    * days counted with both ends, 1 to 15 January being 15 days: one more than elapsed.
    * hours of work put in by the team: a cost, not a wait.

    Pitfalls:

    * The median of these leaves out onboardings still open, which are the slow ones: `median_ttv` takes the same dates
      and counts them.
    * A completed setup is not value: see `ttv`.

    References
    ----------
    .. [1] gaspwiki, "Onboarding duration".

    Examples
    --------
    >>> from datetime import date
    >>> onboarding_time(started_at=date(2026, 1, 1), completed_at=date(2026, 1, 15))
    14.0
    """
    return days_between(onboarding_time, started_at, completed_at)


@metric(
    title="Tutorials per customer",
    aliases=(
        "tutorial visits",
        "tutorial visits per customer",
        "tutorial views",
        "product tour views",
        "training visits",
    ),
    questions=("Do customers watch our tutorials?", "How many training sessions does a new customer visit?"),
    unit="ratio",
    better="higher",
    bounds=(0, None),
    inputs={"tutorial_visits": flow(COUNT), "customers": flow(COUNT)},
    rises=("tutorial_visits",),
    falls=("customers",),
    base="customers",
)
def tutorials_per_customer(tutorial_visits: T, customers: Values, *, undefined: Undefined = nan) -> T:
    r"""Tutorials that a customer in onboarding visits on average.

    .. math:: \text{tutorials per customer} = \frac{\text{tutorial visits}}{\text{customers}}

    Parameters
    ----------
    tutorial_visits
        Visits to tutorials, tours or trainings by those customers. A tutorial of several steps is one visit.
    customers
        Customers who could visit them, those with no visit too.
    undefined
        Value where `customers` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Visits per customer, 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `customers` is 0 and ``undefined="raise"``.

    See Also
    --------
    onboarding_completion_rate, feature_adoption_rate

    Notes
    -----
    Other definitions in use:

    * one visit per customer and tutorial, however often it came back (Nickelled, CommandBar): count such pairs.
    * visits / visitors: leaves out those who never looked.
    * completed tutorials / visited ones: whether tutorials are finished, not whether they are found.

    Pitfalls:

    * More is not always better: a product that explains itself needs few.

    References
    ----------
    .. [1] Nickelled and CommandBar documentation, views and completions of tours.

    Examples
    --------
    >>> tutorials_per_customer(tutorial_visits=180, customers=60)
    3.0
    """
    return mean(tutorials_per_customer, tutorial_visits, customers, undefined)


@metric(
    title="Goal attainment",
    aliases=(
        "value realisation",
        "objective progress",
        "outcome attainment",
        "success plan progress",
    ),
    questions=("How far is a customer on the way to its goal?", "Is the success plan on track?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"current": level(NUMBER), "target": level(NUMBER), "baseline": level(NUMBER)},
    rivals={
        "current / target": lambda current, target: 100 * current / target,
    },
    base="target - baseline",
)
def goal_attainment(current: T, target: Values, baseline: Values = 0, *, undefined: Undefined = nan) -> T:
    r"""How much of the way from the baseline to the target a customer's goal has come.

    .. math::
        \text{goal attainment} = \frac{\text{current} - \text{baseline}}{\text{target} - \text{baseline}} \times 100

    Kept between 0 and 100: worse than the baseline is 0, better than the target 100.

    Parameters
    ----------
    current
        What the goal measures, now.
    target
        What it shall come to; below the baseline where less is better.
    baseline
        What it was at the start.
    undefined
        Value where `target` equals `baseline`, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is infinite or not a number.
    UndefinedMetricError
        If `target` equals `baseline` and ``undefined="raise"``.

    See Also
    --------
    value_realization_rate, normalize_score

    Notes
    -----
    Other definitions in use:

    * where target and baseline are equal, 0 below them and 100 from there on (Certinia): there is no way to go, so no
      share of it either; here that is undefined.
    * a missing baseline taken as 0 (Certinia): here missing stays missing; leave the argument out to mean 0.
    * rounded down to hundredths of a percent (Certinia).
    * current / target: right only from a baseline of 0, and wrong where less is better.
    * against the time gone, 15 of 30 days asking for 50 %: a pace, not an attainment.

    Pitfalls:

    * The mean over goals weighs each the same; say so, or give weights with `health_score`.

    References
    ----------
    .. [1] Certinia, Customer Success Cloud schema, Objective KPI,
       https://help.certinia.com/TechnicalReference/2025.1/CustomerSuccessCloud/Schema/Objective_KPI__c.htm

    Examples
    --------
    >>> goal_attainment(current=130, target=160, baseline=100)
    50.0
    >>> goal_attainment(current=40, target=20, baseline=50)
    33.333333333333336
    """
    if ordinary[goal_attainment](undefined, current, target, baseline):
        return clamp(100 * (current - baseline) / (target - baseline), 0, 100) + 0.0
    return evaluate(goal_attainment, undefined, current, target, baseline)


@metric(
    title="Value realization rate",
    aliases=(
        "value realization",
        "value realisation rate",
        "outcome achievement",
        "goal achievement",
        "customers reaching value",
        "customer reached the outcome it came for",
    ),
    questions=("Do customers get what they came for?", "How many customers reach the outcome that they bought us for?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"realized": flow(COUNT), "customers": flow(COUNT)},
    rules=[at_most("realized", "customers", hint="count only customers counted in `customers`")],
    rises=("realized",),
    falls=("customers",),
    rivals={
        "realized / all customers": lambda realized, end: 100 * realized / end,
    },
    base="customers",
)
def value_realization_rate(realized: T, customers: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the customers with a goal who reached the outcome they came for.

    .. math:: \text{value realization rate} = \frac{\text{realized}}{\text{customers}} \times 100

    Parameters
    ----------
    realized
        Customers counted in `customers` who reached it.
    customers
        Customers who have a goal set.
    undefined
        Value where `customers` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `realized` exceeds `customers`.
    UndefinedMetricError
        If `customers` is 0 and ``undefined="raise"``.

    See Also
    --------
    goal_attainment, ttv, onboarding_completion_rate

    Notes
    -----
    Other definitions in use:

    * one goal reached, or all of them: say which; with several goals per customer the two lie far apart.
    * realized / all customers: those without a goal count as failed. Report their share beside it instead.
    * value delivered / value promised, in money: `goal_attainment` with both amounts.

    Pitfalls:

    * Customers in their first weeks had no time; leave out those younger than the goal's own term.

    References
    ----------
    .. [1] Certinia, Customer Success Cloud schema, Objective KPI,
       https://help.certinia.com/TechnicalReference/2025.1/CustomerSuccessCloud/Schema/Objective_KPI__c.htm

    Examples
    --------
    >>> value_realization_rate(realized=45, customers=60)
    75.0
    """
    return share(value_realization_rate, realized, customers, undefined)
