"""Customers who stay, leave, come back: the logo side of retention."""

from __future__ import annotations

from math import inf, nan

from csmetrics.core._evaluate import evaluate, share
from csmetrics.core._guards import ordinary
from csmetrics.core._numeric import clamp, compounded, percent
from csmetrics.core._registry import AMOUNT, COUNT, OPEN_PERCENT, PERCENT, at_most, flow, level, metric, stock
from csmetrics.core._sampled import sampled
from csmetrics.core._types import T, Undefined, Values

_GROWING = OPEN_PERCENT._replace(usual=(0.0, 100.0))  # what grows may grow past all floats


@metric(
    title="Customer churn rate",
    aliases=(
        "customers leave",
        "churn",
        "logo churn",
        "logo churn rate",
        "customer attrition rate",
        "subscriber churn",
        "cancellation rate",
        "lost customers",
        "customers leaving",
        "customers lost",
    ),
    questions=(
        "How many customers are we losing?",
        "What share of our customers left this month?",
        "Are more customers leaving than before?",
    ),
    unit="percent",
    better="lower",
    bounds=(0, 100),
    inputs={"lost": flow(COUNT), "start": stock(COUNT)},
    rules=[at_most("lost", "start", hint="count only customers who were there at the start")],
    rises=("lost",),
    falls=("start",),
    rivals={
        "lost / (start + new)": lambda lost, start, new: 100 * lost / (start + new),
        "lost / customers due to renew": lambda lost, due: 100 * lost / due,
        "lost / mean of start and end": lambda lost, start, end: 200 * lost / (start + end),
    },
    base="start",
)
def churn_rate(lost: T, start: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the period's opening customers who left during it (logo churn).

    .. math:: \text{churn rate} = \frac{\text{lost}}{\text{start}} \times 100

    Parameters
    ----------
    lost
        Customers counted in `start` who left in the period. Customers won and lost inside it are not counted.
    start
        Customers at the instant the period opens.
    undefined
        Value where `start` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `lost` exceeds `start`.
    UndefinedMetricError
        If `start` is 0 and ``undefined="raise"``.

    See Also
    --------
    retention_rate, gross_revenue_churn_rate, compound_churn_rate

    Notes
    -----
    Add `lost` and `start` over segments before dividing; never add `start` over months.

    Other definitions in use:

    * lost / (start + new), as in Stripe's and Gumroad's reports: counts those who joined, so growth alone lowers it.
    * lost / customers due to renew, as Planhat describes: call `renewal_rate` and take 100 minus it.
    * lost / mean of start and end: under fast growth the base is neither.
    * the sum of daily rates (Shopify's daily model): each day's leavers over that day's opening customers.

    Pitfalls:

    * A customer who cancels one of two subscriptions has not left: that is contraction.
    * The last, unfinished month is not a month without churn; leave it out.
    * A quarter's churn is not three times a month's: see `compound_churn_rate`.

    References
    ----------
    .. [1] ChartMogul Help Center, "Customer Churn Rate".
    .. [2] Planhat, "Calculating SaaS churn", https://www.planhat.com/blog/calculating-saas-churn/

    Examples
    --------
    >>> churn_rate(lost=5, start=100)
    5.0
    >>> churn_rate([5, 12], start=[100, 480])
    array([5. , 2.5])
    >>> churn_rate(lost=0, start=0)
    nan
    """
    return share(churn_rate, lost, start, undefined)


@metric(
    title="Customer retention rate",
    aliases=(
        "CRR",
        "retention",
        "logo retention",
        "logo retention rate",
        "customer retention",
        "customer retention rate",
    ),
    questions=("Do we keep our customers?", "What share of our customers stayed?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"end": stock(COUNT), "new": flow(COUNT), "start": stock(COUNT), "reactivated": flow(COUNT)},
    rules=[
        at_most(
            ("new", "reactivated"), "end", hint="count in `new` and `reactivated` only customers still there at the end"
        ),
        at_most(
            "end",
            ("start", "new", "reactivated"),
            hint="count everyone who came in the period in `new` or `reactivated`",
        ),
    ],
    rises=("end",),
    falls=("new", "start", "reactivated"),
    rivals={
        "active users / all users": lambda active, total: 100 * active / total,
        "end / start": lambda end, start: 100 * end / start,
        "(end - new) / start": lambda end, new, start: 100 * (end - new) / start,
    },
    base="start",
    sampled=sampled("share", "end - new - reactivated", "start"),
)
def retention_rate(end: T, new: Values, start: Values, *, reactivated: Values = 0, undefined: Undefined = nan) -> T:
    r"""Share of the period's opening customers who are still there at its end.

    .. math:: \text{retention rate} = \frac{\text{end} - \text{new} - \text{reactivated}}{\text{start}} \times 100

    Parameters
    ----------
    end
        Customers at the instant the period closes.
    new
        Customers counted in `end` who joined in the period.
    start
        Customers at the instant the period opens.
    reactivated
        Customers counted in `end` who had left before the period and came back in it.
    undefined
        Value where `start` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, if `new` and `reactivated` exceed `end`, or if more of the
        opening customers are left at the end than there were.
    UndefinedMetricError
        If `start` is 0 and ``undefined="raise"``.

    See Also
    --------
    churn_rate, active_rate, grr

    Notes
    -----
    With the totals of one period it is 100 minus `churn_rate`.

    Other definitions in use:

    * active users / all users, "over time": that is `active_rate`, a share of everyone who ever signed up.
    * end / start: counts new customers as retained, and passes 100 % in any growing company.
    * (end - new) / start where `end` holds customers who came back: passes 100 %; give them as `reactivated`.

    Pitfalls:

    * Customers won and lost inside the period belong neither in `new` nor in `end`.

    References
    ----------
    .. [1] Karaka-Management/phpOMS, tests/Business/Marketing/MetricsTest.php.

    Examples
    --------
    >>> retention_rate(end=105, new=20, start=100)
    85.0
    >>> retention_rate(end=105, new=20, start=100, reactivated=5)
    80.0
    """
    if ordinary[retention_rate](undefined, end, new, start, reactivated):
        return percent(end - (new + reactivated), start)
    return evaluate(retention_rate, undefined, end, new, start, reactivated)


@metric(
    title="Renewal rate",
    aliases=("subscription renewal rate", "contract renewal rate", "renewals"),
    questions=("How many contracts due for renewal were renewed?", "Do customers renew when their contract ends?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"renewed": flow(AMOUNT), "due": flow(AMOUNT)},
    rules=[at_most("renewed", "due", hint="count only contracts that were due; upsell at renewal is expansion")],
    rises=("renewed",),
    falls=("due",),
    rivals={
        "renewed / all customers": lambda renewed, customers: 100 * renewed / customers,
    },
    base="due",
    sampled=sampled("share", "renewed", "due", reason="for counts only: money that is due is no sample"),
)
def renewal_rate(renewed: T, due: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the contracts due for renewal in the period that were renewed.

    .. math:: \text{renewal rate} = \frac{\text{renewed}}{\text{due}} \times 100

    Parameters
    ----------
    renewed
        Contracts (or their value) counted in `due` that were renewed.
    due
        Contracts (or their value) whose term ended in the period.
    undefined
        Value where `due` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `renewed` exceeds `due`.
    UndefinedMetricError
        If `due` is 0 and ``undefined="raise"``.

    See Also
    --------
    churn_rate, grr

    Notes
    -----
    Only those whose term ended could leave, so with yearly contracts it tells more than `churn_rate` does.

    Other definitions in use:

    * net renewal in money, with upsell in `renewed`: may pass 100 %; use `nrr` for it.
    * renewed / all customers: mixes those who could leave with those who could not.

    Pitfalls:

    * Say how late a renewal may come and still count, and leave out terms younger than that.

    References
    ----------
    .. [1] Planhat, "SaaS renewal rate", https://www.planhat.com/community/saas-renewal-rate/

    Examples
    --------
    >>> renewal_rate(renewed=8, due=10)
    80.0
    """
    return share(renewal_rate, renewed, due, undefined)


@metric(
    title="Reactivation rate",
    aliases=("win-back rate", "winback", "customer reactivation", "resurrection rate", "returning customers"),
    questions=("Do lost customers come back?", "Does our win-back campaign work?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"reactivated": flow(COUNT), "lapsed": stock(COUNT)},
    rules=[at_most("reactivated", "lapsed", hint="count only customers who had left before the period")],
    rises=("reactivated",),
    falls=("lapsed",),
    rivals={
        "reactivated / customers lost in the same period": lambda reactivated, lost: 100 * reactivated / lost,
        "reactivated / start": lambda reactivated, start: 100 * reactivated / start,
    },
    base="lapsed",
)
def reactivation_rate(reactivated: T, lapsed: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the customers who had left by the period's start who came back during it.

    .. math:: \text{reactivation rate} = \frac{\text{reactivated}}{\text{lapsed}} \times 100

    Parameters
    ----------
    reactivated
        Customers counted in `lapsed` who came back in the period.
    lapsed
        Former customers at the instant the period opens.
    undefined
        Value where `lapsed` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `reactivated` exceeds `lapsed`.
    UndefinedMetricError
        If `lapsed` is 0 and ``undefined="raise"``.

    See Also
    --------
    churn_rate, lifecycle_quick_ratio

    Notes
    -----
    The field has no standard base; this one asks how many of those who could come back did.

    Other definitions in use:

    * reactivated / customers lost in the same period: a balance of two groups that are not the same people.
    * reactivated / start: a share of those who never left.
    * only those gone for at most 90 days count as coming back, later they are new (Maxio).

    Pitfalls:

    * A failed payment that is made good after a week is not a return; decide on a shortest gap.

    References
    ----------
    .. [1] Maxio help, reactivation within 90 days.

    Examples
    --------
    >>> reactivation_rate(reactivated=12, lapsed=400)
    3.0
    """
    return share(reactivation_rate, reactivated, lapsed, undefined)


@metric(
    title="Average customer lifetime",
    aliases=(
        "how long customers stay",
        "customer lifetime",
        "average customer lifespan",
        "expected lifetime",
        "time to churn",
        "mean tenure",
    ),
    questions=("How long does a customer stay with us?", "How long before a typical customer leaves?"),
    unit="periods",
    better="higher",
    bounds=(1, None),
    inputs={"churn_rate": level(PERCENT)},
    falls=("churn_rate",),
    base="churn_rate",
)
def average_lifetime(churn_rate: T, *, undefined: Undefined = nan) -> T:
    r"""Periods that a customer stays on average when every period loses the same share.

    .. math:: \text{lifetime} = \frac{100}{\text{churn rate}}

    Parameters
    ----------
    churn_rate
        Customer churn of one period, percent.
    undefined
        Value where `churn_rate` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Periods (months where the churn is monthly), 1 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If `churn_rate` is not a number between 0 and 100.
    UndefinedMetricError
        If `churn_rate` is 0 and ``undefined="raise"``.

    See Also
    --------
    churn_rate, clv

    Notes
    -----
    The mean of a geometric distribution that starts at 1. Real churn falls with tenure, so it errs on the short side
    for old customers and on the long side for new ones.

    Other definitions in use:

    * mean tenure of those who left: too short, as those who stay are not counted.
    * mean tenure of all customers to date: too short, as nobody's time has run out.

    Pitfalls:

    * Without churn in the period the lifetime is not infinite; it is unknown.

    References
    ----------
    .. [1] datarekha, "Customer lifetime value", https://datarekha.com/business-analytics/customer-lifetime-value/

    Examples
    --------
    >>> average_lifetime(churn_rate=4)
    25.0
    """
    if ordinary[average_lifetime](undefined, churn_rate):
        return 100 / churn_rate
    return evaluate(average_lifetime, undefined, churn_rate)


@metric(
    title="Compound churn rate",
    aliases=("annual churn rate", "annualized churn", "monthly to annual churn", "churn over several periods"),
    questions=(
        "What does our monthly churn come to over a year?",
        "How many customers do we lose in a year at this monthly churn?",
    ),
    unit="percent",
    better="lower",
    bounds=(0, 100),
    inputs={"churn_rate": level(PERCENT), "periods": level(AMOUNT)},
    rises=("churn_rate", "periods"),
    rivals={
        "churn rate x periods": lambda churn_rate, periods: churn_rate * periods,
    },
)
def compound_churn_rate(churn_rate: T, periods: Values, *, undefined: Undefined = nan) -> T:
    r"""Churn over several periods that each lose the same share; over 1/12 of a period as well.

    .. math::

        \text{compound churn} =
        \left(1 - \left(1 - \frac{\text{churn rate}}{100}\right)^{\text{periods}}\right) \times 100

    Parameters
    ----------
    churn_rate
        Customer churn of one period, percent.
    periods
        How many periods; 12 turns a monthly rate into a yearly one, 1/12 a yearly one into a monthly one.
    undefined
        Taken as everywhere; this formula is defined for all inputs that it accepts.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If `churn_rate` is not between 0 and 100, or `periods` is negative.

    See Also
    --------
    churn_rate, compound_retention_rate

    Notes
    -----
    Other definitions in use:

    * churn rate x periods: times 12 it passes 100 % at 8.4 % a month; those who left in January cannot leave again in
      February.
    * 1 - the product of each month's own retention: the same idea where the months differ.

    Pitfalls:

    * Net revenue churn may be negative and is not meant here; compound `nrr` with `compound_retention_rate`.

    References
    ----------
    .. [1] toption, "Convert monthly to annual churn", https://www.toption.org/convert-monthly-to-annual-churn-calculator

    Examples
    --------
    >>> round(compound_churn_rate(churn_rate=5, periods=12), 2)
    45.96
    """
    if ordinary[compound_churn_rate](undefined, churn_rate, periods):
        return 0.0 - 100 * compounded(-churn_rate / 100, periods)
    return evaluate(compound_churn_rate, undefined, churn_rate, periods)


@metric(
    title="Compound retention rate",
    aliases=("annual retention rate", "annualized retention", "retention over several periods"),
    questions=(
        "What does our monthly retention come to over a year?",
        "How many customers are left after a year at this monthly retention?",
    ),
    unit="percent",
    better="higher",
    bounds=(0, None),
    inputs={"retention_rate": level(_GROWING), "periods": level(AMOUNT)},
    rises=("retention_rate",),
    rivals={
        "100 - periods x churn": lambda retention_rate, periods: 100 - periods * (100 - retention_rate),
    },
)
def compound_retention_rate(retention_rate: T, periods: Values, *, undefined: Undefined = nan) -> T:
    r"""Retention over several periods that each keep the same share; over 1/12 of a period as well.

    .. math:: \text{compound retention} = \left(\frac{\text{retention rate}}{100}\right)^{\text{periods}} \times 100

    Parameters
    ----------
    retention_rate
        Retention of one period, percent. Revenue retention may be over 100.
    periods
        How many periods; 12 turns a monthly rate into a yearly one, 1/12 a yearly one into a monthly one.
    undefined
        Taken as everywhere; this formula is defined for all inputs that it accepts.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.

    See Also
    --------
    retention_rate, nrr, compound_churn_rate

    Notes
    -----
    Other definitions in use:

    * 100 - periods x churn: turns negative; retention multiplies, it does not subtract.

    Pitfalls:

    * Twelve monthly `nrr` compounded are not the year's `nrr`: customers won in the year are in the later months.

    References
    ----------
    .. [1] toption, "Convert monthly to annual churn", https://www.toption.org/convert-monthly-to-annual-churn-calculator

    Examples
    --------
    >>> round(compound_retention_rate(retention_rate=97, periods=12), 2)
    69.38
    """
    if ordinary[compound_retention_rate](undefined, retention_rate, periods):
        return 100 * (retention_rate / 100.0) ** periods + 0.0  # of a float, as the power of a fraction may be endless
    return evaluate(compound_retention_rate, undefined, retention_rate, periods)


@metric(
    title="Customer growth rate",
    aliases=("customer growth", "logo growth", "net customer growth", "customer base growth"),
    questions=("Is the number of customers growing?", "How fast does our customer base grow?"),
    unit="percent",
    better="higher",
    bounds=(-100, None),
    inputs={"start": stock(COUNT), "end": stock(COUNT)},
    rises=("end",),
    falls=("start",),
    rivals={
        "new / start": lambda new, start: 100 * new / start,
    },
    base="start",
    sampled=sampled("net", "end - start", "start", losses="lost", gains="new + reactivated"),
)
def customer_growth_rate(start: T, end: Values, *, undefined: Undefined = nan) -> T:
    r"""Change of the number of customers over the period, against its opening.

    .. math:: \text{growth} = \frac{\text{end} - \text{start}}{\text{start}} \times 100

    Parameters
    ----------
    start
        Customers at the instant the period opens.
    end
        Customers at the instant the period closes.
    undefined
        Value where `start` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, -100 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `start` is 0 and ``undefined="raise"``.

    See Also
    --------
    mrr_growth_rate, churn_rate

    Notes
    -----
    Other definitions in use:

    * new / start, without those who left: that is gross growth.

    Pitfalls:

    * Rates of several months do not add up; take `start` of the first and `end` of the last.

    References
    ----------
    .. [1] ChartMogul Help Center, "Customers".

    Examples
    --------
    >>> customer_growth_rate(start=400, end=430)
    7.5
    """
    if ordinary[customer_growth_rate](undefined, start, end):
        return clamp(100 * (end - start) / start, -100, inf)
    return evaluate(customer_growth_rate, undefined, start, end)
