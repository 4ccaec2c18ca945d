"""Users who come back and what they do: activity, stickiness, engagement, repeat purchases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, nan
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from csmetrics.core._evaluate import evaluate, share
from csmetrics.core._guards import ordinary
from csmetrics.core._numeric import fill_value
from csmetrics.core._registry import COUNT, NUMBER, at_most, flow, level, metric, stock
from csmetrics.core._sampled import sampled
from csmetrics.core._types import T, Undefined, Values
from csmetrics.core._weighted import weighted
from csmetrics.errors import MetricInputError


@metric(
    title="Active user rate",
    aliases=("active users", "active user tracking", "active rate", "share of active users", "percent active"),
    questions=("How many of our users are still active?", "What share of users logged in this month?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"active": stock(COUNT), "total": stock(COUNT)},
    rules=[at_most("active", "total", hint="count only active users who are in `total`")],
    rises=("active",),
    falls=("total",),
    rivals={
        "(end - new) / start": lambda end, new, start: 100 * (end - new) / start,
    },
    base="total",
)
def active_rate(active: T, total: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of all users who are still active.

    .. math:: \text{active rate} = \frac{\text{active}}{\text{total}} \times 100

    Parameters
    ----------
    active
        Users counted in `total` who were active in the period.
    total
        All users there are, active or not.
    undefined
        Value where `total` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `active` exceeds `total`.
    UndefinedMetricError
        If `total` is 0 and ``undefined="raise"``.

    See Also
    --------
    retention_rate, stickiness, adoption_rate

    Notes
    -----
    What makes a user active is the company's choice: a login, or the use of a certain part of the product. Active
    users of several days are not the sum of the days', as most users come on more than one.

    Other definitions in use:

    * the same quotient followed over time under the name of retention: users who joined yesterday count as retained.
    * (end - new) / start: what the field calls retention, `retention_rate`; those who joined are on neither side.
    * active / users with a paid plan: give those as `total`.

    Pitfalls:

    * Many new users raise it for a while, whether they stay or not.
    * Where `total` is everyone who ever signed up, it falls with the years.

    References
    ----------
    .. [1] Mixpanel documentation, on daily, weekly and monthly active users.

    Examples
    --------
    >>> active_rate(active=450, total=600)
    75.0
    """
    return share(active_rate, active, total, undefined)


@metric(
    title="Stickiness",
    aliases=(
        "DAU/MAU",
        "DAU/MAU ratio",
        "DAU to MAU",
        "stickiness ratio",
        "sticky factor",
        "how often",
        "usage frequency",
    ),
    questions=("How often do users come back in a month?", "Is the product a daily habit?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"dau": stock(COUNT), "mau": stock(COUNT)},
    rules=[at_most("dau", "mau", hint="a day's users are among the month's that ends with it")],
    rises=("dau",),
    falls=("mau",),
    base="mau",
    sampled=sampled("share", "dau", "mau", reason="from totals the width is an upper bound; rows by user tell more"),
)
def stickiness(dau: T, mau: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the month's users who come on a given day.

    .. math:: \text{stickiness} = \frac{\text{DAU}}{\text{MAU}} \times 100

    Parameters
    ----------
    dau
        Distinct users active on the day, or their mean over the days of the month.
    mau
        Distinct users active in the month that ends with the day.
    undefined
        Value where `mau` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `dau` exceeds `mau`.
    UndefinedMetricError
        If `mau` is 0 and ``undefined="raise"``.

    See Also
    --------
    active_rate, engagement_score

    Notes
    -----
    With the mean of the month's days as `dau`, times the days it tells how many days a user comes: 30 % of 30 days
    are 9. The month is 28 or 30 trailing days, or a calendar month; 28 hold four of every weekday.

    Other definitions in use:

    * mean of the daily quotients (Pendo, over 30 days): close to mean DAU / MAU, not the same.
    * WAU / MAU, DAU / WAU: the same formula with other windows; give those counts.
    * how many users come on exactly, or at least, so many days: a distribution that also goes by this name.

    Pitfalls:

    * Users of several segments may overlap; MAU of the whole is not always the sum.
    * A product meant for weekly work is not bad at 15 %; with weekdays only, 22 days make the month.

    References
    ----------
    .. [1] Futureproof, "DAU/MAU ratio", https://www.runfutureproof.com/terms/dau-mau-ratio

    Examples
    --------
    >>> stickiness(dau=15_000, mau=50_000)
    30.0
    """
    return share(stickiness, dau, mau, undefined)


@metric(
    title="Lifecycle quick ratio",
    aliases=(
        "user quick ratio",
        "growth quick ratio",
        "Pulse",
        "growth accounting",
        "lifecycle ratio",
        "dormant users",
    ),
    questions=("Do we gain active users faster than they go quiet?", "Are more users going dormant than coming back?"),
    unit="ratio",
    better="higher",
    bounds=(0, None),
    inputs={"new_users": flow(COUNT), "resurrected": flow(COUNT), "dormant": flow(COUNT)},
    rises=("new_users", "resurrected"),
    falls=("dormant",),
    base="dormant",
    sampled=sampled("odds", "new_users + resurrected", "dormant"),
)
def lifecycle_quick_ratio(new_users: T, resurrected: Values, dormant: Values, *, undefined: Undefined = nan) -> T:
    r"""Users who came or came back for each one who went quiet.

    .. math:: \text{lifecycle quick ratio} = \frac{\text{new users} + \text{resurrected}}{\text{dormant}}

    Parameters
    ----------
    new_users
        Users active in the period for the first time ever.
    resurrected
        Users active in the period and at some time before, yet not in the period just before.
    dormant
        Users active in the period just before and not in this one, as a positive count.
    undefined
        Value where `dormant` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Ratio, 0 or more; over 1 the number of active users grows; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `dormant` is 0 and ``undefined="raise"``.

    See Also
    --------
    quick_ratio, reactivation_rate, active_rate

    Notes
    -----
    Active users now are those of the period before, plus new, plus resurrected, minus dormant.

    Other definitions in use:

    * new by the date of the account, not of the first activity (PostHog): differs where events were added later.
    * resurrected only if away for one period exactly: misses those who come back after a year.
    * `quick_ratio`: the same idea with recurring revenue.

    Pitfalls:

    * PostHog reports dormant users as negative numbers; turn the sign.
    * Many new users hide that old ones leave; look at the three numbers too.

    References
    ----------
    .. [1] GrowthX, "An important lesson from Wall Street", https://www.growthx.club

    Examples
    --------
    >>> lifecycle_quick_ratio(new_users=50, resurrected=80, dormant=100)
    1.3
    """
    if ordinary[lifecycle_quick_ratio](undefined, new_users, resurrected, dormant):
        return (new_users + resurrected) / dormant + 0.0
    return evaluate(lifecycle_quick_ratio, undefined, new_users, resurrected, dormant)


@metric(
    title="Engagement score",
    aliases=(
        "engagement",
        "customer engagement",
        "customer engagement score",
        "product engagement score",
        "usage score",
        "how actively customers interact",
        "PES",
    ),
    questions=("How engaged are our customers?", "How actively does an account use the product?"),
    unit="points",
    better="higher",
    over_columns=True,
    inputs={"counts": flow(COUNT), "weights": level(NUMBER)},
    rises=("weights",),
    sampled=sampled("each"),
)
def engagement_score(
    counts: Values | Mapping[Any, Values] | pd.DataFrame,
    weights: Sequence[float] | npt.NDArray[Any] | Mapping[Any, float] | pd.Series[Any],
    *,
    undefined: Undefined = nan,
) -> Any:
    r"""Sum of what a customer did, each kind of action with its weight.

    .. math:: \text{engagement score} = \sum_i \text{count}_i \times \text{weight}_i

    Parameters
    ----------
    counts
        How often each action was done. A list or array has the actions along its last axis; a mapping has a number,
        an array or a Series for each name; a DataFrame has a column for each action and a row for each customer.
    weights
        What one action of each kind is worth: for a mapping, a mapping with the same names; for a DataFrame, a mapping
        by column, or a list in the order of the columns; else a list as long as the last axis. May be negative.
    undefined
        Taken as everywhere; this formula is defined for all inputs that it accepts.

    Returns
    -------
    float, ndarray or Series
        Points. A float for one customer (a list, a mapping of numbers); an array for several rows; a Series for a
        DataFrame or a mapping of Series. Missing where a count is missing.

    Raises
    ------
    MetricInputError
        If a count is negative, infinite or not a number, if a weight is missing, infinite or not a number, or if names
        or lengths of the two do not match.

    See Also
    --------
    health_score, stickiness, feature_adoption_rate

    Notes
    -----
    The points have no upper end and mean nothing by themselves: compare customers, or a customer with its past.
    To bring them to 0 to 100, use `normalize_score`.

    Other definitions in use:

    * scaled so that the 90th percentile of all customers is 100 (Accoil): depends on who else is in the data.
    * divided by users or days: a mean; give means as `counts`.
    * mean of adoption, stickiness and growth (Pendo's product engagement score): use `health_score` with three parts.

    Pitfalls:

    * A large account does more of everything; divide by its users before comparing.
    * Weights are a judgment. Check that customers with more points do stay longer.
    * Changing the weights changes the past: keep the old scores or compute all again.

    References
    ----------
    .. [1] Accoil, "Customer engagement",
       https://accoil.com/customer-health-guide/product-engagement-metrics/customer-engagement

    Examples
    --------
    >>> engagement_score([3, 5, 10], weights=[9, 7, 5])
    112.0
    >>> engagement_score({"reports": 3, "exports": 5}, weights={"exports": 7, "reports": 9})
    62.0
    >>> engagement_score([[3, 5], [0, 2]], weights=[9, 7])
    array([62., 14.])
    """
    fill_value("engagement_score", undefined)
    columns, factors, finish = weighted(
        "engagement_score", counts, weights, value_name="counts", quantity=COUNT, weight_low=-inf
    )
    try:
        with np.errstate(over="raise", under="ignore"):
            total = sum((column * factor for column, factor in zip(columns, factors, strict=True)), start=np.zeros(()))
    except FloatingPointError:
        rule = "must be small enough to compute"
        raise MetricInputError("engagement_score", "counts, weights", rule, "the result is past 1e308") from None
    return finish(total)


@metric(
    title="Repeat purchase rate",
    aliases=("repeat customer rate", "repeat customers", "repurchase rate", "reorder rate", "RPR"),
    questions=("Do shoppers buy again?", "How many customers order more than once?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"repeat_customers": flow(COUNT), "customers": flow(COUNT)},
    rules=[at_most("repeat_customers", "customers", hint="count only repeat customers who are in `customers`")],
    rises=("repeat_customers",),
    falls=("customers",),
    base="customers",
)
def repeat_purchase_rate(repeat_customers: T, customers: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the customers who bought more than once.

    .. math:: \text{repeat purchase rate} = \frac{\text{repeat customers}}{\text{customers}} \times 100

    Parameters
    ----------
    repeat_customers
        Customers counted in `customers` with two purchases or more.
    customers
        Customers with at least one purchase.
    undefined
        Value where `customers` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `repeat_customers` exceeds `customers`.
    UndefinedMetricError
        If `customers` is 0 and ``undefined="raise"``.

    See Also
    --------
    retention_rate, clv_from_purchases

    Notes
    -----
    Say over which time: two purchases within the window, or a purchase in the window and one at any time before.

    Other definitions in use:

    * repeat orders / orders: counts orders, so frequent buyers weigh more.
    * for one product (Klar): customers who bought it twice / customers who bought it.

    Pitfalls:

    * Customers whose first purchase was yesterday had no time for a second; follow them by month of the first.
    * The longer the window, the higher the rate: compare equal windows.

    References
    ----------
    .. [1] Fructifi, "Repeat purchase rate", https://www.fructifi.com/repeat-purchase-rate/

    Examples
    --------
    >>> repeat_purchase_rate(repeat_customers=300, customers=1000)
    30.0
    """
    return share(repeat_purchase_rate, repeat_customers, customers, undefined)


@metric(
    title="Conversion rate",
    aliases=("funnel conversion", "funnel conversion rate", "step conversion", "conversion", "CVR", "drop-off"),
    questions=("How many visitors or trials convert?", "Where in the funnel do we lose people?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"converted": flow(COUNT), "entered": flow(COUNT)},
    rules=[at_most("converted", "entered", hint="count only conversions of those in `entered`")],
    rises=("converted",),
    falls=("entered",),
    base="entered",
)
def conversion_rate(converted: T, entered: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of those who entered a step, or a whole funnel, that went on to the next.

    .. math:: \text{conversion rate} = \frac{\text{converted}}{\text{entered}} \times 100

    Parameters
    ----------
    converted
        Users counted in `entered` who took the step.
    entered
        Users who had the step before them: those who took the step before it, or who entered the funnel.
    undefined
        Value where `entered` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `converted` exceeds `entered`.
    UndefinedMetricError
        If `entered` is 0 and ``undefined="raise"``.

    See Also
    --------
    activation_rate, onboarding_completion_rate, referral_conversion_rate

    Notes
    -----
    The rates of the steps multiply to the rate of the whole funnel; they never add. `csmetrics.cohorts.funnel` counts
    both from events.

    Other definitions in use:

    * conversions / sessions or visits: counts occasions, so a user who looks ten times and buys once counts as 10 %.
    * conversions of the period / entries of the period: not the same users, so it jumps when entries do.

    Pitfalls:

    * Users who entered too recently to have converted lower the rate of the last weeks: give all the same time.

    References
    ----------
    .. [1] KPI Tree, "Funnel conversion rate", https://kpitree.co/glossary/product-metrics/funnel-conversion-rate

    Examples
    --------
    >>> conversion_rate(converted=120, entered=1000)
    12.0
    """
    return share(conversion_rate, converted, entered, undefined)
