"""Recurring revenue: what it is, how it moves, how much of it stays."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np

from csmetrics.core._evaluate import evaluate, mean, rate, share
from csmetrics.core._guards import ordinary
from csmetrics.core._numeric import clamp, percent
from csmetrics.core._registry import COUNT, MONEY, OPEN_PERCENT, at_most, choice, flow, level, metric, stock
from csmetrics.core._sampled import not_sampled, sampled
from csmetrics.core._types import T, Undefined, Values

_INTERVAL = choice(
    day=["daily"], week=["weekly"], month=["monthly"], quarter=["quarterly"], year=["yearly", "annual", "annually"]
)
# Bills a year and months a year: only as fractions of whole numbers does 0.1 a month stay 0.1
_BILLS_AND_MONTHS = {"day": (365, 12), "week": (52, 12), "month": (1, 1), "quarter": (1, 3), "year": (1, 12)}
_WORDS: dict[Any, tuple[float, float]] = {**_BILLS_AND_MONTHS, None: (nan, nan)}

# Bills a month where a month has four weeks, or thirty days
_FOUR_WEEKS = {word: bills / months for word, (bills, months) in _BILLS_AND_MONTHS.items()} | {"week": 4, "day": 30}

_NOT_NEW = "losses of customers who were not there at the start do not belong here"


@metric(
    title="Monthly recurring revenue",
    aliases=("MRR", "monthly revenue", "recurring revenue", "subscription revenue", "normalized monthly value"),
    questions=(
        "What is a subscription worth per month?",
        "How do I turn annual or quarterly bills into monthly revenue?",
    ),
    unit="money",
    better="higher",
    bounds=(0, None),
    inputs={
        "amount": flow(MONEY),
        "interval": level(_INTERVAL),
        "count": level(COUNT),
    },
    rises=("amount",),
    falls=("count",),
    rivals={
        "a week times 4 and a day times 30": lambda amount, interval, count: (
            amount * _FOUR_WEEKS.get(_INTERVAL.meant(interval)) / count
        ),
    },
    base="count",
    sampled=not_sampled("it is what was booked, not a sample", "amount"),  # a sum of what is monthly already
)
def mrr(amount: T, interval: Values = "month", count: Values = 1, *, undefined: Undefined = nan) -> T:
    r"""Monthly value of one subscription, whatever the interval of its bills.

    .. math:: \text{MRR} = \text{amount} \times \frac{\text{intervals per month}}{\text{count}}

    Parameters
    ----------
    amount
        Recurring part of one bill, after discounts and before tax.
    interval
        ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; or an array or Series of these words.
        ``"daily"``, ``"weekly"``, ``"monthly"``, ``"quarterly"``, ``"yearly"``, ``"annual"`` and ``"annually"`` mean
        the same, and upper or lower case does not matter.
    count
        Intervals that one bill covers: ``"month"`` with 6 is half-yearly, ``"year"`` with 3 a three-year term.
    undefined
        Value where `count` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Money per month, 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If `amount` or `count` is negative, infinite or not a number, or `interval` is any other word.
    UndefinedMetricError
        If `count` is 0 and ``undefined="raise"``.

    See Also
    --------
    arr, net_new_mrr, arpa

    Notes
    -----
    A company's MRR is the sum over its live subscriptions. A month has 52/12 weeks and 365/12 days; nothing is rounded.

    Other definitions in use:

    * a week times 4 and a day times 30 (Polar; Ghost for weeks): 4 weeks a month lose 7.7 %.
    * a week times 4.345 (RevenueCat): 0.3 % more than 52 weeks in 12 months.
    * each subscription rounded to the cent (Polar) or down (Ghost): the sum of rounded values is not the rounded sum.
    * only discounts that last forever subtracted (Stripe by default), or all of them, however short (ProfitWell).

    Pitfalls:

    * Set-up fees, services and tax do not recur; trials and free plans are 0.
    * A two-year price taken as a monthly one is 24 times too much; give ``interval="year", count=2``.
    * Bills in several currencies cannot be added; convert them first, at one rate.

    References
    ----------
    .. [1] ChartMogul Help Center, https://help.chartmogul.com/hc/en-us/articles/201244842
    .. [2] Stripe, "Billing analytics", https://support.stripe.com/questions/billing-analytics

    Examples
    --------
    >>> mrr(1200, interval="year")
    100.0
    >>> mrr(1200, interval="Annual")
    100.0
    >>> mrr(15000, interval="month", count=15)
    1000.0
    >>> mrr([30, 90, 600], interval=["week", "quarter", "year"])
    array([130.,  30.,  50.])
    """
    if ordinary[mrr](undefined, amount, interval, count):
        bills, months = _bills_and_months(interval)
        return amount * bills / (months * count) + 0.0
    return evaluate(mrr, undefined, amount, interval, count)


def _bills_and_months(interval: Any) -> Any:
    """Return how many bills there are in how many months, for a word or for an array of words."""
    if isinstance(interval, str):
        return _BILLS_AND_MONTHS[interval]
    return np.array([_WORDS[word] for word in interval], dtype=np.float64).T


@metric(
    title="Annual recurring revenue",
    aliases=("ARR", "annual run rate", "annualized recurring revenue", "yearly recurring revenue"),
    questions=("What is our recurring revenue per year?", "How large is the business on an annual basis?"),
    unit="money",
    better="higher",
    bounds=(0, None),
    inputs={"mrr": stock(MONEY)},
    rises=("mrr",),
    sampled=not_sampled("it is what was booked, not a sample", "mrr", scale=12),
)
def arr(mrr: T, *, undefined: Undefined = nan) -> T:
    r"""Recurring revenue of a year at today's monthly value.

    .. math:: \text{ARR} = 12 \times \text{MRR}

    Parameters
    ----------
    mrr
        Monthly recurring revenue at an instant.
    undefined
        Taken as everywhere; this formula is defined for all inputs that it accepts.

    Returns
    -------
    float, ndarray or Series
        Money per year, 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If `mrr` is negative, infinite or not a number.

    See Also
    --------
    mrr, mrr_growth_rate

    Notes
    -----
    A picture of one instant: what a year would bring if nobody came, left or changed plan.

    Other definitions in use:

    * only revenue under contracts of a year or more (SaaSOptics): a customer who pays month to month adds nothing.
    * committed ARR (CARR): with contracts signed but not yet live, less the cancellations already known.
    * revenue of the last twelve months: looks back, and holds one-off sales.

    Pitfalls:

    * Services and training in a contract do not recur: 36,000 over three years, beside 10,000 of services, is 12,000.
    * Twelve times a seasonal month is not a year.

    References
    ----------
    .. [1] SaaSOptics, "Annual recurring revenue", http://www.saasoptics.com/saaspedia/annual-recurring-revenue

    Examples
    --------
    >>> arr(mrr=12500)
    150000.0
    """
    if ordinary[arr](undefined, mrr):
        return 12 * mrr + 0.0
    return evaluate(arr, undefined, mrr)


@metric(
    title="Average revenue per account",
    aliases=(
        "ARPA",
        "ARPU",
        "ARPC",
        "average revenue per user",
        "average revenue per customer",
        "average revenue per subscriber",
        "average MRR per customer",
    ),
    questions=("How much does a customer pay us per month?", "How much money does an account bring in?"),
    unit="money",
    better="higher",
    bounds=(0, None),
    inputs={"mrr": stock(MONEY), "customers": stock(COUNT)},
    rises=("mrr",),
    falls=("customers",),
    rivals={
        "per seat": lambda mrr, seats_licensed: mrr / seats_licensed,
        "free users below the line": lambda mrr, total: mrr / total,
        "times 12": lambda mrr, customers: 12 * mrr / customers,
    },
    base="customers",
)
def arpa(mrr: T, customers: Values, *, undefined: Undefined = nan) -> T:
    r"""Monthly recurring revenue per paying customer.

    .. math:: \text{ARPA} = \frac{\text{MRR}}{\text{customers}}

    Parameters
    ----------
    mrr
        Monthly recurring revenue at an instant.
    customers
        Paying customers at the same instant.
    undefined
        Value where `customers` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Money per customer and month, 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `customers` is 0 and ``undefined="raise"``.

    See Also
    --------
    asp, clv, cac_payback

    Notes
    -----
    Over segments, add both inputs before dividing: the mean of the plans' ARPA is not the company's.

    Other definitions in use:

    * per seat or user (ARPU in the strict sense): give seats or users as `customers`.
    * free users below the line as well: falls whenever a free plan does well.
    * times 12, per year: give the `arr` as `mrr`.

    Pitfalls:

    * A monthly ARPA goes with a monthly churn rate; a yearly one with a yearly rate.
    * A few large accounts carry the mean; look at the segments.

    References
    ----------
    .. [1] ChartMogul Help Center, "Average Revenue Per Account (ARPA)",
       https://help.chartmogul.com/hc/en-us/articles/203359301-Metric-Average-Revenue-Per-Account-ARPA-

    Examples
    --------
    >>> arpa(mrr=15, customers=5)
    3.0
    """
    return mean(arpa, mrr, customers, undefined)


@metric(
    title="Average sale price",
    aliases=("ASP", "average selling price", "average deal size", "average new customer MRR", "average initial MRR"),
    questions=("How large is the average new deal?", "How much does a new customer start with?"),
    unit="money",
    better="higher",
    bounds=(0, None),
    inputs={"new_mrr": flow(MONEY), "new": flow(COUNT)},
    rises=("new_mrr",),
    falls=("new",),
    rivals={
        "MRR / customers": lambda mrr, customers: mrr / customers,
    },
    base="new",
)
def asp(new_mrr: T, new: Values, *, undefined: Undefined = nan) -> T:
    r"""Monthly recurring revenue that a customer won in the period starts with, on average.

    .. math:: \text{ASP} = \frac{\text{new MRR}}{\text{new}}

    Parameters
    ----------
    new_mrr
        Monthly recurring revenue of the customers won in the period.
    new
        Customers won in the period.
    undefined
        Value where `new` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Money per new customer and month, 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `new` is 0 and ``undefined="raise"``.

    See Also
    --------
    arpa, cac

    Notes
    -----
    Beside `arpa`, which looks at all customers, it shows at once where prices of new business are going.

    Other definitions in use:

    * value of the whole contract per deal: mixes price with length of term.
    * MRR / customers: that is `arpa`, the mean of all customers and not of those who just bought.

    Pitfalls:

    * Customers who come back are not new; leave them out of both inputs.

    References
    ----------
    .. [1] ChartMogul Help Center, "Average Sale Price (ASP)".

    Examples
    --------
    >>> asp(new_mrr=6000, new=40)
    150.0
    """
    return mean(asp, new_mrr, new, undefined)


@metric(
    title="Net new MRR",
    aliases=("net new monthly recurring revenue", "MRR movements", "MRR bridge", "MRR waterfall", "MRR change"),
    questions=(
        "How much recurring revenue did we gain or lose this month?",
        "What moved our MRR from opening to closing?",
    ),
    unit="money",
    better="higher",
    inputs={
        "new_mrr": flow(MONEY),
        "expansion_mrr": flow(MONEY),
        "contraction_mrr": flow(MONEY),
        "churned_mrr": flow(MONEY),
        "reactivation_mrr": flow(MONEY),
    },
    rises=("new_mrr", "expansion_mrr", "reactivation_mrr"),
    falls=("contraction_mrr", "churned_mrr"),
    rivals={
        "MRR at the end - MRR at the start": lambda start_mrr, end_mrr: end_mrr - start_mrr,
    },
    sampled=sampled("sum", "new_mrr + expansion_mrr + reactivation_mrr - contraction_mrr - churned_mrr"),
)
def net_new_mrr(
    new_mrr: T,
    expansion_mrr: Values,
    contraction_mrr: Values,
    churned_mrr: Values,
    *,
    reactivation_mrr: Values = 0,
    undefined: Undefined = nan,
) -> T:
    r"""Change of monthly recurring revenue over the period: everything gained less everything lost.

    .. math::

        \text{net new MRR} =
        \text{new MRR} + \text{expansion MRR} + \text{reactivation MRR}
        - \text{contraction MRR} - \text{churned MRR}

    Parameters
    ----------
    new_mrr
        MRR of customers won in the period.
    expansion_mrr
        MRR added by customers who pay more than before.
    contraction_mrr
        MRR given up by customers who stayed and pay less, as a positive amount.
    churned_mrr
        MRR of customers who left, as a positive amount.
    reactivation_mrr
        MRR of customers who had left before the period and came back in it.
    undefined
        Taken as everywhere; this formula is defined for all inputs that it accepts.

    Returns
    -------
    float, ndarray or Series
        Money per month, negative where more was lost than gained; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.

    See Also
    --------
    quick_ratio, mrr_growth_rate, nrr

    Notes
    -----
    MRR at the start plus this is MRR at the end; with whole cents it holds to the cent.

    Other definitions in use:

    * without a bucket for reactivation (PostHog, Metabase): who comes back counts as new; the sum is the same.
    * a change of exchange rates as a movement of its own (Stripe, Chargebee): leave it out here, or add it after.
    * MRR at the end - MRR at the start: the same, with a change of exchange rates in it.

    Pitfalls:

    * Some exports carry losses as negative numbers; change their sign first.
    * Each customer's change in the period has one label; one who went up and then left churned with what it paid at
      the start.

    References
    ----------
    .. [1] The Prime Calculator, "SaaS quick ratio",
       https://www.theprimecalculator.com/business/saas-quick-ratio-calculator/formula

    Examples
    --------
    >>> net_new_mrr(new_mrr=25000, expansion_mrr=10000, contraction_mrr=4000, churned_mrr=8000)
    23000.0
    """
    if ordinary[net_new_mrr](undefined, new_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr):
        # 0.0 comes last so that whole cents are added as whole numbers and a float still comes out
        return new_mrr + expansion_mrr + reactivation_mrr - (contraction_mrr + churned_mrr) + 0.0
    return evaluate(net_new_mrr, undefined, new_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr)


@metric(
    title="Gross revenue churn rate",
    aliases=(
        "revenue churn",
        "revenue churn rate",
        "gross MRR churn rate",
        "MRR churn",
        "gross dollar churn",
        "dollar churn",
        "lost revenue",
    ),
    questions=("How much revenue do we lose to cancellations and downgrades?", "What share of our revenue churned?"),
    unit="percent",
    better="lower",
    bounds=(0, 100),
    inputs={"start_mrr": stock(MONEY), "contraction_mrr": flow(MONEY), "churned_mrr": flow(MONEY)},
    rules=[at_most(("contraction_mrr", "churned_mrr"), "start_mrr", hint=_NOT_NEW)],
    rises=("contraction_mrr", "churned_mrr"),
    falls=("start_mrr",),
    rivals={
        "churned / start, without contraction": lambda start_mrr, churned_mrr: 100 * churned_mrr / start_mrr,
    },
    base="start_mrr",
    sampled=sampled("money share", "contraction_mrr + churned_mrr", "start_mrr"),
)
def gross_revenue_churn_rate(
    start_mrr: T, contraction_mrr: Values, churned_mrr: Values, *, undefined: Undefined = nan
) -> T:
    r"""Share of the period's opening MRR lost to customers who left or now pay less.

    .. math::

        \text{gross churn} =
        \frac{\text{contraction MRR} + \text{churned MRR}}{\text{start MRR}} \times 100

    Parameters
    ----------
    start_mrr
        MRR at the instant the period opens.
    contraction_mrr
        Part of `start_mrr` given up by customers who stayed and pay less, as a positive amount.
    churned_mrr
        Part of `start_mrr` of customers who left, as a positive amount.
    undefined
        Value where `start_mrr` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or more is lost than `start_mrr`.
    UndefinedMetricError
        If `start_mrr` is 0 and ``undefined="raise"``.

    See Also
    --------
    grr, net_revenue_churn_rate, churn_rate

    Notes
    -----
    It is 100 minus `grr`.

    Other definitions in use:

    * churned / start, without contraction (Planhat): give 0 as `contraction_mrr`.
    * every movement down in the period summed, or only each customer's net change (ChartMogul now): the sum counts
      one who went down and up again.

    Pitfalls:

    * Take what a leaver paid at the start: with what it paid last, an upgrade before the end gave a churn of 275.8 %
      in one vendor's report.
    * The end of a discount is expansion, a new discount contraction; a change of exchange rates is neither.

    References
    ----------
    .. [1] ChartMogul Help Center, "Gross MRR Churn Rate",
       https://help.chartmogul.com/hc/en-us/articles/204898491-Chart-Gross-MRR-Churn-Rate
    .. [2] Planhat, "Calculating SaaS churn", https://www.planhat.com/blog/calculating-saas-churn/

    Examples
    --------
    >>> gross_revenue_churn_rate(start_mrr=100, contraction_mrr=10, churned_mrr=10)
    20.0
    """
    if ordinary[gross_revenue_churn_rate](undefined, start_mrr, contraction_mrr, churned_mrr):
        return percent(contraction_mrr + churned_mrr, start_mrr)
    return evaluate(gross_revenue_churn_rate, undefined, start_mrr, contraction_mrr, churned_mrr)


@metric(
    title="Net revenue churn rate",
    aliases=("net MRR churn rate", "net churn", "net dollar churn", "negative churn", "net negative churn"),
    questions=("Does expansion make up for the revenue that we lose?", "Is our churn negative?"),
    unit="percent",
    better="lower",
    bounds=(None, 100),
    inputs={
        "start_mrr": stock(MONEY),
        "expansion_mrr": flow(MONEY),
        "contraction_mrr": flow(MONEY),
        "churned_mrr": flow(MONEY),
        "reactivation_mrr": flow(MONEY),
    },
    rules=[at_most(("contraction_mrr", "churned_mrr"), "start_mrr", hint=_NOT_NEW)],
    rises=("contraction_mrr", "churned_mrr"),
    falls=("expansion_mrr", "reactivation_mrr"),
    rivals={
        "without reactivation": lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            100 * (contraction_mrr + churned_mrr - expansion_mrr) / start_mrr
        ),
    },
    base="start_mrr",
    not_beside={"reactivation_mrr": "new_mrr"},
    sampled=sampled(
        "net",
        "contraction_mrr + churned_mrr - expansion_mrr - reactivation_mrr",
        "start_mrr",
        losses="contraction_mrr + churned_mrr",
        gains="expansion_mrr + reactivation_mrr",
    ),
)
def net_revenue_churn_rate(
    start_mrr: T,
    expansion_mrr: Values,
    contraction_mrr: Values,
    churned_mrr: Values,
    *,
    reactivation_mrr: Values = 0,
    undefined: Undefined = nan,
) -> T:
    r"""Share of the period's opening MRR lost, after what the same customers added.

    .. math::

        \text{net churn} =
        \frac{\text{contraction MRR} + \text{churned MRR} - \text{expansion MRR} - \text{reactivation MRR}}
        {\text{start MRR}} \times 100

    Parameters
    ----------
    start_mrr
        MRR at the instant the period opens.
    expansion_mrr
        MRR added in the period by customers counted in `start_mrr`.
    contraction_mrr
        Part of `start_mrr` given up by customers who stayed and pay less, as a positive amount.
    churned_mrr
        Part of `start_mrr` of customers who left, as a positive amount.
    reactivation_mrr
        MRR of customers who had left before the period and came back in it.
    undefined
        Value where `start_mrr` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, up to 100, negative where more was added than lost; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or more is lost than `start_mrr`.
    UndefinedMetricError
        If `start_mrr` is 0 and ``undefined="raise"``.

    See Also
    --------
    nrr, gross_revenue_churn_rate

    Notes
    -----
    It is 100 minus `nrr` of the same inputs. It is about the customers of the opening: on a cohort frame with
    `new_mrr`, a column `reactivation_mrr` is left out unless it is named: ``reactivation_mrr="reactivation_mrr"``.

    Other definitions in use:

    * without reactivation (Baremetrics, Chargebee): leave `reactivation_mrr` at 0.
    * a net churn and an NRR need not add up to 100, where reactivation is in one of them and not in the other.

    Pitfalls:

    * Expansion hides losses; show it beside `gross_revenue_churn_rate`.
    * It may be 0 or negative, so it does not belong below the line of `clv`; take `churn_rate` there.

    References
    ----------
    .. [1] ChartMogul Help Center, "Net MRR Churn Rate",
       https://help.chartmogul.com/hc/en-us/articles/4414075567250-Chart-Net-MRR-Churn-Rate

    Examples
    --------
    >>> net_revenue_churn_rate(start_mrr=100, expansion_mrr=10, contraction_mrr=10, churned_mrr=10)
    10.0
    >>> net_revenue_churn_rate(start_mrr=100, expansion_mrr=25, contraction_mrr=10, churned_mrr=10)
    -5.0
    """
    if ordinary[net_revenue_churn_rate](
        undefined, start_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr
    ):
        lost = (contraction_mrr + churned_mrr) - (expansion_mrr + reactivation_mrr)
        return clamp(100 * lost / start_mrr, -inf, 100) + 0.0
    return evaluate(
        net_revenue_churn_rate, undefined, start_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr
    )


@metric(
    title="Gross revenue retention",
    aliases=(
        "GRR",
        "GDR",
        "gross revenue retention rate",
        "gross dollar retention",
        "gross MRR retention",
        "gross retention",
    ),
    questions=(
        "Do we keep the revenue we have?",
        "How much of our revenue stays without any expansion?",
        "How leaky is our revenue?",
    ),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"start_mrr": stock(MONEY), "contraction_mrr": flow(MONEY), "churned_mrr": flow(MONEY)},
    rules=[at_most(("contraction_mrr", "churned_mrr"), "start_mrr", hint=_NOT_NEW)],
    rises=("start_mrr",),
    falls=("contraction_mrr", "churned_mrr"),
    rivals={
        "with expansion above the line": lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            100 * (start_mrr + expansion_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
    },
    base="start_mrr",
    sampled=sampled("money share", "start_mrr - contraction_mrr - churned_mrr", "start_mrr"),
)
def grr(start_mrr: T, contraction_mrr: Values, churned_mrr: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the period's opening MRR that is still there at its end, without anything added.

    .. math::

        \text{GRR} =
        \frac{\text{start MRR} - \text{contraction MRR} - \text{churned MRR}}{\text{start MRR}} \times 100

    Parameters
    ----------
    start_mrr
        MRR at the instant the period opens.
    contraction_mrr
        Part of `start_mrr` given up by customers who stayed and pay less, as a positive amount.
    churned_mrr
        Part of `start_mrr` of customers who left, as a positive amount.
    undefined
        Value where `start_mrr` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or more is lost than `start_mrr`.
    UndefinedMetricError
        If `start_mrr` is 0 and ``undefined="raise"``.

    See Also
    --------
    nrr, gross_revenue_churn_rate, retention_rate

    Notes
    -----
    It never passes 100 % and is never above `nrr`.

    Other definitions in use:

    * the sum over customers of the smaller of MRR at start and at end, over start (PostHog's handbook): the same where
      each customer is compared start to end; differs where movements within the period are summed.
    * with expansion above the line, as one glossary has it: that is `nrr`.

    Pitfalls:

    * Losses of customers won in the period do not belong above the line: they were not in `start_mrr`.
    * Twelve monthly rates multiplied are not the year's rate.

    References
    ----------
    .. [1] ChartMogul Help Center, "Gross MRR Retention",
       https://help.chartmogul.com/hc/en-us/articles/6886621218332-Chart-Gross-MRR-Retention

    Examples
    --------
    >>> grr(start_mrr=100, contraction_mrr=10, churned_mrr=10)
    80.0
    """
    if ordinary[grr](undefined, start_mrr, contraction_mrr, churned_mrr):
        return percent(start_mrr - (contraction_mrr + churned_mrr), start_mrr)
    return evaluate(grr, undefined, start_mrr, contraction_mrr, churned_mrr)


@metric(
    title="Net revenue retention",
    aliases=(
        "NRR",
        "NDR",
        "NDRR",
        "net revenue retention rate",
        "net dollar retention",
        "net MRR retention",
        "net retention",
        "revenue retention",
        "dollar-based net retention rate",
        "revenue retained from existing customers",
    ),
    questions=(
        "Do we keep our revenue?",
        "Does the revenue from existing customers grow?",
        "Would we grow without new customers?",
    ),
    unit="percent",
    better="higher",
    bounds=(0, None),
    inputs={
        "start_mrr": stock(MONEY),
        "expansion_mrr": flow(MONEY),
        "contraction_mrr": flow(MONEY),
        "churned_mrr": flow(MONEY),
        "reactivation_mrr": flow(MONEY),
    },
    rules=[at_most(("contraction_mrr", "churned_mrr"), "start_mrr", hint=_NOT_NEW)],
    rises=("expansion_mrr", "reactivation_mrr"),
    falls=("contraction_mrr", "churned_mrr"),
    rivals={
        "with new business": lambda start_mrr, new_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr: (
            100 * (start_mrr + new_mrr + expansion_mrr + reactivation_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
        "with reactivation": lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr: (
            100 * (start_mrr + expansion_mrr + reactivation_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
        "without reactivation": lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            100 * (start_mrr + expansion_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
    },
    base="start_mrr",
    not_beside={"reactivation_mrr": "new_mrr"},
    sampled=sampled(
        "net",
        "start_mrr + expansion_mrr + reactivation_mrr - contraction_mrr - churned_mrr",
        "start_mrr",
        losses="contraction_mrr + churned_mrr",
        gains="expansion_mrr + reactivation_mrr",
    ),
)
def nrr(
    start_mrr: T,
    expansion_mrr: Values,
    contraction_mrr: Values,
    churned_mrr: Values,
    *,
    reactivation_mrr: Values = 0,
    undefined: Undefined = nan,
) -> T:
    r"""Revenue from the period's opening customers at its end, as a share of what they paid at its start.

    .. math::

        \text{NRR} =
        \frac{\text{start MRR} + \text{expansion MRR} + \text{reactivation MRR}
        - \text{contraction MRR} - \text{churned MRR}}{\text{start MRR}} \times 100

    Parameters
    ----------
    start_mrr
        MRR at the instant the period opens.
    expansion_mrr
        MRR added in the period by customers counted in `start_mrr`. New customers' MRR does not belong here.
    contraction_mrr
        Part of `start_mrr` given up by customers who stayed and pay less, as a positive amount.
    churned_mrr
        Part of `start_mrr` of customers who left, as a positive amount.
    reactivation_mrr
        MRR of customers who had left before the period and came back in it.
    undefined
        Value where `start_mrr` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 or more, over 100 where more was added than lost; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or more is lost than `start_mrr`.
    UndefinedMetricError
        If `start_mrr` is 0 and ``undefined="raise"``.

    See Also
    --------
    grr, net_revenue_churn_rate, expansion_rate, earned_growth_rate

    Notes
    -----
    For a year, compare each customer with itself twelve months before. On the data of dbt's mrr-playbook for 2019 that
    gives 70.1 %, twelve monthly rates multiplied 54.0 %, and the year's summed movements -49.6 %, as these charge the
    opening base with the churn of customers who joined later. NRR is about the customers of the opening: on a cohort
    frame with `new_mrr`, a column `reactivation_mrr` is left out unless it is named:
    ``reactivation_mrr="reactivation_mrr"``.

    Other definitions in use:

    * with new business, so existing and new customers over start: that is growth, `mrr_growth_rate` plus 100.
    * movements of the whole period, whoever made them, over start ("lazy NRR"): refused here once it passes the base.
    * with reactivation, as in ChartMogul's net churn and its cohort view: give `reactivation_mrr`.
    * without reactivation: `reactivation_mrr` is 0 unless given.
    * trailing twelve months, only customers above a size (some listed companies): say so beside the figure.

    Pitfalls:

    * A high NRR can stand on a few customers who grew; show `grr` and `churn_rate` beside it.
    * Exchange rates move it without any customer doing so; compare at one rate.

    References
    ----------
    .. [1] PitchKit, "NDR", https://pitchkit.net/learn/glossary/ndr
    .. [2] Dave Kellogg, "Lazy NRR is not NRR",
       https://kellblog.com/2022/10/05/accept-no-imitations-or-subtitutes-lazy-nrr-is-not-nrr/

    Examples
    --------
    >>> nrr(start_mrr=100000, expansion_mrr=15000, contraction_mrr=3000, churned_mrr=5000)
    107.0
    """
    if ordinary[nrr](undefined, start_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr):
        return 100 * (start_mrr - (contraction_mrr + churned_mrr) + (expansion_mrr + reactivation_mrr)) / start_mrr
    return evaluate(nrr, undefined, start_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr)


@metric(
    title="Expansion rate",
    aliases=(
        "expansion MRR rate",
        "expansion revenue",
        "upsell",
        "upsell rate",
        "cross-sell",
        "cross-sell rate",
        "upgrade",
        "upgrade rate",
        "upgrades",
    ),
    questions=("Do customers buy more over time?", "How much do we upsell and cross-sell to existing customers?"),
    unit="percent",
    better="higher",
    bounds=(0, None),
    inputs={"expansion_mrr": flow(MONEY), "start_mrr": stock(MONEY)},
    rises=("expansion_mrr",),
    falls=("start_mrr",),
    rivals={
        "(expansion + reactivation) / start": lambda expansion_mrr, reactivation_mrr, start_mrr: (
            100 * (expansion_mrr + reactivation_mrr) / start_mrr
        ),
    },
    base="start_mrr",
)
def expansion_rate(expansion_mrr: T, start_mrr: Values, *, undefined: Undefined = nan) -> T:
    r"""MRR that the period's opening customers added, as a share of what they paid at its start.

    .. math:: \text{expansion rate} = \frac{\text{expansion MRR}}{\text{start MRR}} \times 100

    Parameters
    ----------
    expansion_mrr
        MRR added in the period by customers counted in `start_mrr`: upgrades, more seats, add-ons, higher prices.
    start_mrr
        MRR at the instant the period opens.
    undefined
        Value where `start_mrr` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `start_mrr` is 0 and ``undefined="raise"``.

    See Also
    --------
    contraction_rate, nrr

    Notes
    -----
    `nrr` without reactivation is `grr` plus this.

    Other definitions in use:

    * growth of expansion itself, this period's over the last one's: that is another question.
    * the change in expansion over start: a second difference, and hard to read.
    * (expansion + reactivation) / start (Chargebee): those who come back were no customers at the start.
    * customers who upgraded / customers: a share of customers; `adoption_rate` counts it.

    Pitfalls:

    * A discount that ends is expansion as well, though nobody bought more.
    * Two purchases on the day of sign-up are new business; leave an hour or a day before expansion begins.

    References
    ----------
    .. [1] ChartMogul Help Center, "Net MRR Churn Rate",
       https://help.chartmogul.com/hc/en-us/articles/4414075567250-Chart-Net-MRR-Churn-Rate

    Examples
    --------
    >>> expansion_rate(expansion_mrr=3000, start_mrr=40000)
    7.5
    """
    return rate(expansion_rate, expansion_mrr, start_mrr, undefined)


@metric(
    title="Contraction rate",
    aliases=(
        "contraction MRR rate",
        "contraction",
        "downgrade",
        "downgrade rate",
        "downgrades",
        "downsell",
        "downsell rate",
    ),
    questions=("Are customers downgrading?", "How much revenue do we lose to downgrades and discounts?"),
    unit="percent",
    better="lower",
    bounds=(0, 100),
    inputs={"contraction_mrr": flow(MONEY), "start_mrr": stock(MONEY)},
    rules=[at_most("contraction_mrr", "start_mrr", hint=_NOT_NEW)],
    rises=("contraction_mrr",),
    falls=("start_mrr",),
    rivals={
        "(contraction + churned) / start": lambda contraction_mrr, churned_mrr, start_mrr: (
            100 * (contraction_mrr + churned_mrr) / start_mrr
        ),
    },
    base="start_mrr",
)
def contraction_rate(contraction_mrr: T, start_mrr: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the period's opening MRR given up by customers who stayed and pay less.

    .. math:: \text{contraction rate} = \frac{\text{contraction MRR}}{\text{start MRR}} \times 100

    Parameters
    ----------
    contraction_mrr
        Part of `start_mrr` given up by customers who stayed and pay less, as a positive amount.
    start_mrr
        MRR at the instant the period opens.
    undefined
        Value where `start_mrr` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `contraction_mrr` exceeds `start_mrr`.
    UndefinedMetricError
        If `start_mrr` is 0 and ``undefined="raise"``.

    See Also
    --------
    expansion_rate, gross_revenue_churn_rate

    Notes
    -----
    One of two subscriptions cancelled by the same customer is contraction, not churn.

    Other definitions in use:

    * contraction / MRR due to renew (Displayr): give that MRR as `start_mrr`.
    * (contraction + churned) / start (Chargebee): that is `gross_revenue_churn_rate`.
    * a move to a cheaper yearly plan left out, as the term grew (the SQL of fight-churn calls it extension).

    Pitfalls:

    * Some exports carry contraction as a negative number; change its sign first.

    References
    ----------
    .. [1] ChartMogul Help Center, "Gross MRR Churn Rate",
       https://help.chartmogul.com/hc/en-us/articles/204898491-Chart-Gross-MRR-Churn-Rate

    Examples
    --------
    >>> contraction_rate(contraction_mrr=600, start_mrr=40000)
    1.5
    """
    return share(contraction_rate, contraction_mrr, start_mrr, undefined)


@metric(
    title="MRR growth rate",
    aliases=("MRR growth", "revenue growth", "recurring revenue growth", "ARR growth rate", "month-over-month growth"),
    questions=("How fast does our recurring revenue grow?", "Is our MRR growing?"),
    unit="percent",
    better="higher",
    bounds=(-100, None),
    inputs={"start_mrr": stock(MONEY), "end_mrr": stock(MONEY)},
    rises=("end_mrr",),
    falls=("start_mrr",),
    rivals={
        "net new / start": lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr, start_mrr: (
            100 * (new_mrr + expansion_mrr + reactivation_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
        "the monthly rate that compounds": lambda start_mrr, end_mrr, periods: (
            100 * ((end_mrr / start_mrr) ** (1 / periods) - 1)
        ),
    },
    base="start_mrr",
    sampled=sampled(
        "net",
        "end_mrr - start_mrr",
        "start_mrr",
        losses="contraction_mrr + churned_mrr",
        gains="new_mrr + expansion_mrr + reactivation_mrr",
    ),
)
def mrr_growth_rate(start_mrr: T, end_mrr: Values, *, undefined: Undefined = nan) -> T:
    r"""Change of monthly recurring revenue over the period, against its opening.

    .. math:: \text{growth} = \frac{\text{end MRR} - \text{start MRR}}{\text{start MRR}} \times 100

    Parameters
    ----------
    start_mrr
        MRR at the instant the period opens.
    end_mrr
        MRR at the instant the period closes, new customers included.
    undefined
        Value where `start_mrr` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, -100 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `start_mrr` is 0 and ``undefined="raise"``.

    See Also
    --------
    net_new_mrr, nrr, customer_growth_rate

    Notes
    -----
    The same for ARR, as both ends are multiplied by 12.

    Other definitions in use:

    * net new / start, with `net_new_mrr` above the line: the same without a change of exchange rates.
    * the monthly rate that compounds to the growth of several months (CMGR): the root of end / start, less 1.

    Pitfalls:

    * Rates of several months do not add up; take `start_mrr` of the first and `end_mrr` of the last.

    References
    ----------
    .. [1] Stripe, "Billing analytics", https://support.stripe.com/questions/billing-analytics

    Examples
    --------
    >>> mrr_growth_rate(start_mrr=40000, end_mrr=43000)
    7.5
    """
    if ordinary[mrr_growth_rate](undefined, start_mrr, end_mrr):
        return clamp(100 * (end_mrr - start_mrr) / start_mrr, -100, inf)
    return evaluate(mrr_growth_rate, undefined, start_mrr, end_mrr)


@metric(
    title="SaaS quick ratio",
    aliases=("quick ratio", "MRR quick ratio", "growth efficiency"),
    questions=("Do we gain revenue faster than we lose it?", "Is our growth efficient, or do we fill a leaky bucket?"),
    unit="ratio",
    better="higher",
    bounds=(0, None),
    inputs={
        "new_mrr": flow(MONEY),
        "expansion_mrr": flow(MONEY),
        "contraction_mrr": flow(MONEY),
        "churned_mrr": flow(MONEY),
        "reactivation_mrr": flow(MONEY),
    },
    rises=("new_mrr", "expansion_mrr", "reactivation_mrr"),
    falls=("contraction_mrr", "churned_mrr"),
    rivals={
        "without reactivation": lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            (new_mrr + expansion_mrr) / (contraction_mrr + churned_mrr)
        ),
    },
    base="contraction_mrr + churned_mrr",
    sampled=sampled("log ratio", "new_mrr + expansion_mrr + reactivation_mrr", "contraction_mrr + churned_mrr"),
)
def quick_ratio(
    new_mrr: T,
    expansion_mrr: Values,
    contraction_mrr: Values,
    churned_mrr: Values,
    *,
    reactivation_mrr: Values = 0,
    undefined: Undefined = nan,
) -> T:
    r"""Recurring revenue gained in the period per unit of recurring revenue lost.

    .. math::

        \text{quick ratio} =
        \frac{\text{new MRR} + \text{expansion MRR} + \text{reactivation MRR}}
        {\text{contraction MRR} + \text{churned MRR}}

    Parameters
    ----------
    new_mrr
        MRR of customers won in the period.
    expansion_mrr
        MRR added by customers who pay more than before.
    contraction_mrr
        MRR given up by customers who stayed and pay less, as a positive amount.
    churned_mrr
        MRR of customers who left, as a positive amount.
    reactivation_mrr
        MRR of customers who had left before the period and came back in it.
    undefined
        Value where nothing was lost, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Ratio, 0 or more; below 1 revenue shrinks; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `contraction_mrr` and `churned_mrr` are both 0 and ``undefined="raise"``.

    See Also
    --------
    net_new_mrr, lifecycle_quick_ratio

    Notes
    -----
    Not the accountants' quick ratio of liquid assets to debts due.

    Other definitions in use:

    * without reactivation: leave `reactivation_mrr` at 0.
    * without customers who cancel in the month in which they were won (Chargebee).
    * 0 where nothing was lost, as one calculator prints: the best month then looks like the worst.

    Pitfalls:

    * The same ratio comes with little churn or with much; show `gross_revenue_churn_rate` beside it.
    * A young company has little to lose yet, so its ratio says little.

    References
    ----------
    .. [1] PitchKit, "Quick ratio", https://pitchkit.net/resources/glossary/quick-ratio

    Examples
    --------
    >>> quick_ratio(new_mrr=20000, expansion_mrr=8000, contraction_mrr=3000, churned_mrr=5000)
    3.5
    """
    if ordinary[quick_ratio](undefined, new_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr):
        return (new_mrr + expansion_mrr + reactivation_mrr) / (contraction_mrr + churned_mrr) + 0.0
    return evaluate(quick_ratio, undefined, new_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr)


@metric(
    title="Earned growth rate",
    aliases=("EGR", "earned growth", "Net Promoter 3.0", "referred growth"),
    questions=(
        "How much of our growth is earned rather than bought?",
        "Do we grow because customers stay and bring others?",
    ),
    unit="percent",
    better="higher",
    bounds=(-100, None),
    inputs={"nrr": level(OPEN_PERCENT), "earned_new": level(OPEN_PERCENT)},
    rises=("nrr", "earned_new"),
    rivals={
        "earned growth factor": lambda nrr, earned_new: nrr + earned_new,
    },
    sampled=sampled(
        "ratio",
        "expansion_mrr + reactivation_mrr + earned_new_mrr - contraction_mrr - churned_mrr",
        "start_mrr",
    ),
)
def earned_growth_rate(nrr: T, earned_new: Values, *, undefined: Undefined = nan) -> T:
    r"""Growth that comes from customers who stay, buy more and bring others.

    .. math:: \text{earned growth} = \text{NRR} + \text{earned new} - 100

    Parameters
    ----------
    nrr
        This year's revenue from last year's customers, percent of last year's revenue.
    earned_new
        This year's revenue from new customers who came by referral, percent of last year's revenue.
    undefined
        Taken as everywhere; this formula is defined for all inputs that it accepts.

    Returns
    -------
    float, ndarray or Series
        Percent, -100 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.

    See Also
    --------
    nrr, referral_share, nps

    Notes
    -----
    What is left of growth once the new customers that were bought, by advertising and sales, are taken out.

    Other definitions in use:

    * earned growth factor: `nrr` plus `earned_new`, without the 100 taken off.
    * earned growth ratio: this rate over the reported growth; it has no value where revenue did not grow.

    Pitfalls:

    * Decide what becomes of new customers whose source is unknown: left out, bought, or split like the rest.
    * It may be negative while revenue grows: then all growth was bought.

    References
    ----------
    .. [1] Fred Reichheld, "Winning on Purpose", appendix B, figure B-1.

    Examples
    --------
    >>> earned_growth_rate(nrr=85, earned_new=25)
    10.0
    """
    if ordinary[earned_growth_rate](undefined, nrr, earned_new):
        return nrr + earned_new - 100.0
    return evaluate(earned_growth_rate, undefined, nrr, earned_new)
