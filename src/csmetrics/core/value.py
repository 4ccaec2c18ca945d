"""What a customer is worth, and what winning and keeping one costs."""

from __future__ import annotations

from math import inf, nan
from numbers import Integral
from typing import Any, Literal

import numpy as np

from csmetrics.core._evaluate import evaluate, mean, rate
from csmetrics.core._guards import ordinary
from csmetrics.core._numeric import LARGE, clamp, compounded
from csmetrics.core._options import check_word
from csmetrics.core._plain import plain
from csmetrics.core._registry import (
    AMOUNT,
    COUNT,
    MARGIN,
    MONEY,
    OPEN_PERCENT,
    PERCENT,
    SIGNED_MONEY,
    flow,
    level,
    metric,
)
from csmetrics.core._sampled import not_sampled, sampled
from csmetrics.core._types import T, Undefined, Values
from csmetrics.errors import MetricInputError, shown

_FIRST_PAYMENTS = ("now", "next", "certain_next")


@metric(
    title="Customer lifetime value",
    aliases=("CLV", "CLTV", "LTV", "lifetime value", "customer value", "lifetime revenue", "ARPA over churn"),
    questions=("What is a customer worth?", "How much will a subscriber bring before leaving?"),
    unit="money",
    better="higher",
    inputs={"arpa": level(MONEY), "churn_rate": level(PERCENT), "gross_margin": level(MARGIN)},
    rises=("gross_margin",),
    rivals={
        "ARPA / churn, without the margin": lambda arpa, churn_rate: 100 * arpa / churn_rate,
        "net revenue churn": lambda arpa, gross_margin, start_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            arpa * gross_margin * start_mrr / (100 * (contraction_mrr + churned_mrr - expansion_mrr))
        ),
        "margin / (churn + discount)": lambda arpa, churn_rate, gross_margin, discount_rate: (
            arpa * gross_margin / (churn_rate + discount_rate)
        ),
    },
    base="churn_rate",
)
def clv(arpa: T, churn_rate: Values, gross_margin: Values = 100, *, undefined: Undefined = nan) -> T:
    r"""Gross margin that a customer brings over its lifetime, when every period loses the same share.

    .. math:: \text{CLV} = \frac{\text{ARPA} \times \text{gross margin}}{\text{churn rate}}

    Parameters
    ----------
    arpa
        Average revenue per account in one period.
    churn_rate
        Customer churn of one period, percent; the same period as `arpa`.
    gross_margin
        Percent of revenue left after the cost of serving it. With 100, the default, lifetime revenue comes out.
    undefined
        Value where `churn_rate` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Money per customer, negative where the margin is; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is infinite or not a number, `arpa` is negative, `churn_rate` is not between 0 and 100, or
        `gross_margin` is over 100.
    UndefinedMetricError
        If `churn_rate` is 0 and ``undefined="raise"``.

    See Also
    --------
    discounted_clv, clv_from_purchases, clv_to_cac, average_lifetime

    Notes
    -----
    It is `arpa` times `average_lifetime`, times the margin.

    Other definitions in use:

    * the mean churn of the last six months below the line, the running one left out (ChartMogul): steadier when
      customers are few.
    * (ARPA - cost to serve) / churn (Polar): the same, with the margin in money.
    * what customers have paid to date, on average: needs no model, and leaves out all that is still to come.
    * net revenue churn below the line: grows without limit as expansion nears the losses.
    * ARPA / churn, without the margin: lifetime revenue, which is what comes out where no margin is given.
    * margin / (churn + discount): with interest, `discounted_clv` with payments at the end of each period.

    Pitfalls:

    * A month without churn does not make lifetimes infinite: the value is unknown then.
    * Monthly churn with a yearly ARPA is twelve times too much.
    * At 1 % churn it counts on a hundred periods; `discounted_clv` with a horizon is the sober figure.
    * Large customers who leave less are worth more than the product of the averages; compute it by segment.

    References
    ----------
    .. [1] ChartMogul Help Center, https://help.chartmogul.com/hc/en-us/articles/203359061
    .. [2] datarekha, "Customer lifetime value", https://datarekha.com/business-analytics/customer-lifetime-value/

    Examples
    --------
    >>> clv(arpa=100, churn_rate=5)
    2000.0
    >>> clv(arpa=100, churn_rate=5, gross_margin=80)
    1600.0
    """
    if ordinary[clv](undefined, arpa, churn_rate, gross_margin):
        return arpa * gross_margin / churn_rate + 0.0
    return evaluate(clv, undefined, arpa, churn_rate, gross_margin)


@metric(
    title="Customer lifetime value from purchases",
    aliases=(
        "transactional CLV",
        "transactional lifetime value",
        "average order value",
        "AOV",
        "purchase frequency",
        "e-commerce CLV",
        "retail lifetime value",
    ),
    questions=(
        "What is a shopper worth without a contract?",
        "How much is a customer of our shop worth over a lifetime of orders?",
    ),
    unit="money",
    better="higher",
    inputs={
        "order_value": level(MONEY),
        "purchases": level(AMOUNT),
        "lifetime": level(AMOUNT),
        "gross_margin": level(MARGIN),
    },
    rises=("gross_margin",),
    rivals={
        "without the margin": lambda order_value, purchases, lifetime: order_value * purchases * lifetime,
    },
)
def clv_from_purchases(
    order_value: T, purchases: Values, lifetime: Values, gross_margin: Values = 100, *, undefined: Undefined = nan
) -> T:
    r"""Gross margin that a customer without a contract brings over its lifetime.

    .. math::

        \text{CLV} =
        \text{order value} \times \text{purchases} \times \text{lifetime} \times \frac{\text{gross margin}}{100}

    Parameters
    ----------
    order_value
        Average value of one purchase.
    purchases
        Purchases per customer in one period.
    lifetime
        Periods that a customer keeps buying.
    gross_margin
        Percent of revenue left after the cost of the goods. With 100, the default, lifetime revenue comes out.
    undefined
        Taken as everywhere; this formula is defined for all inputs that it accepts.

    Returns
    -------
    float, ndarray or Series
        Money per customer, negative where the margin is; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is infinite or not a number, `gross_margin` is over 100, or another input is negative.

    See Also
    --------
    clv, average_lifetime, repeat_purchase_rate

    Notes
    -----
    For shops, where nobody cancels and the end of a relationship is not seen.

    Other definitions in use:

    * a model of purchases and of silent leaving for each customer (BG/NBD with gamma-gamma): uses how recent and how
      frequent each one's purchases are.
    * revenue to date per customer: what was, not what will be.
    * without the margin: lifetime revenue, which is what comes out where no margin is given.

    Pitfalls:

    * The mean of order values times the mean of frequencies is not the mean of their product: in one coffee chain's
      published figures 24.78 a week against 24.30.
    * `lifetime` and `purchases` speak of the same period, a month or a year.
    * Do not put a lifetime's margin where a period's belongs, as the same published example does.

    References
    ----------
    .. [1] Kissmetrics, "How to calculate customer lifetime value" (infographic, Starbucks figures).

    Examples
    --------
    >>> clv_from_purchases(order_value=50, purchases=4, lifetime=3)
    600.0
    >>> clv_from_purchases(order_value=50, purchases=4, lifetime=3, gross_margin=40)
    240.0
    """
    if ordinary[clv_from_purchases](undefined, order_value, purchases, lifetime, gross_margin):
        return order_value * purchases * lifetime * gross_margin / 100 + 0.0
    return evaluate(clv_from_purchases, undefined, order_value, purchases, lifetime, gross_margin)


@metric(
    title="Historical customer lifetime value",
    aliases=(
        "historical CLV",
        "historic CLV",
        "historical LTV",
        "revenue to date",
        "average revenue per customer to date",
    ),
    questions=("How much has a customer brought us so far?", "What have customers paid to date?"),
    unit="money",
    better="higher",
    inputs={"revenue": flow(SIGNED_MONEY), "customers": flow(COUNT)},
    sampled=sampled("mean", "revenue", "customers"),
    rises=("revenue",),
    rivals={
        "revenue / repeat customers": lambda revenue, repeat_customers: revenue / repeat_customers,
    },
    base="customers",
)
def historical_clv(revenue: T, customers: Values, *, undefined: Undefined = nan) -> T:
    r"""What customers have brought so far, per customer.

    .. math:: \text{historical CLV} = \frac{\text{revenue}}{\text{customers}}

    Parameters
    ----------
    revenue
        What these customers have paid since their first purchase, less what they got back; or the gross margin of it.
    customers
        All customers who ever paid, also those who have left.
    undefined
        Value where `customers` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Money per customer; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is infinite or not a number, or `customers` is negative.
    UndefinedMetricError
        If `customers` is 0 and ``undefined="raise"``.

    See Also
    --------
    clv, clv_from_purchases, repeat_purchase_rate

    Notes
    -----
    It looks back only: nothing in it is a guess, and nothing in it is what is still to come.

    Other definitions in use:

    * revenue / repeat customers: leaves out those who bought once, and flatters.
    * revenue / orders: the value of one order (average order value), not of a customer.
    * the median customer: far lower, as a few customers bring most of the money.

    Pitfalls:

    * Young customers had little time to buy. Compare cohorts at the same age: ``csm.cohorts.retention`` with
      ``value=``, and its ``.cumulative()``.
    * Revenue is not margin; against an acquisition cost, use margin.

    References
    ----------
    .. [1] P. S. Fader, B. G. S. Hardie and K. L. Lee, "Counting your customers the easy way", Marketing Science 24
       (2005): the CDNOW customers, of whom each had brought 106.08 by the end of the data.

    Examples
    --------
    >>> historical_clv(revenue=24000, customers=150)
    160.0
    """
    return mean(historical_clv, revenue, customers, undefined)


@metric(
    title="Discounted customer lifetime value",
    aliases=(
        "discounted CLV",
        "discounted LTV",
        "present value of a customer",
        "net present value of a customer",
        "NPV of a customer",
        "contractual CLV",
        "margin multiple",
        "truncated CLV",
    ),
    questions=(
        "What is a customer worth in today's money?",
        "What is the present value of a customer's future payments?",
    ),
    unit="money",
    better="higher",
    inputs={"margin": level(SIGNED_MONEY), "retention_rate": level(PERCENT), "discount_rate": level(OPEN_PERCENT)},
    rises=("margin",),
    rivals={
        "margin / (churn + discount)": lambda margin, retention_rate, discount_rate: (
            100 * margin / (100 - retention_rate + discount_rate)
        ),
        "margin x retention / (churn + discount)": lambda margin, retention_rate, discount_rate: (
            margin * retention_rate / (100 - retention_rate + discount_rate)
        ),
        "margin / churn, without interest": lambda margin, retention_rate: 100 * margin / (100 - retention_rate),
    },
    base="1 + discount_rate - retention_rate",
)
def discounted_clv(
    margin: T,
    retention_rate: Values,
    discount_rate: Values,
    *,
    first_payment: Literal["now", "next", "certain_next"] = "now",
    horizon: int | None = None,
    undefined: Undefined = nan,
) -> T:
    r"""Present value of a customer's margin, when every period keeps the same share of customers.

    .. math::

        \text{now: } \frac{\text{margin} \times (1 + \text{discount rate} / 100)}
        {1 + \text{discount rate} / 100 - \text{retention rate} / 100}
        \qquad \text{next: } \frac{\text{margin} \times \text{retention rate} / 100}
        {1 + \text{discount rate} / 100 - \text{retention rate} / 100}
        \qquad \text{certain next: } \frac{\text{margin}}
        {1 + \text{discount rate} / 100 - \text{retention rate} / 100}

    Parameters
    ----------
    margin
        Margin that one payment brings; negative where serving costs more.
    retention_rate
        Share of customers who stay from one payment to the next, percent.
    discount_rate
        Interest of one such period, percent.
    first_payment
        ``"now"``: the first payment is made today and counts. ``"next"``: today's payment is left out; the first one
        counted is a period away and is only made by those who stay. ``"certain_next"``: payments come at the end of
        each period, and everybody makes the first.
    horizon
        How many payments count at most; without it they go on for as long as customers stay.
    undefined
        Value where `retention_rate` is 100 and `discount_rate` 0 and there is no horizon, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Money per customer; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is infinite or not a number, `retention_rate` is not between 0 and 100, `discount_rate` is negative,
        `first_payment` is another word, or `horizon` is not a whole number of 0 or more.
    UndefinedMetricError
        If `retention_rate` is 100 and `discount_rate` 0 without a horizon and ``undefined="raise"``.

    See Also
    --------
    clv, clv_to_cac

    Notes
    -----
    With a horizon of n payments it is the sum of the first n terms of the same series; at full retention and no
    interest that is n times `margin`.

    Other definitions in use:

    * the three timings themselves: textbooks print each of them as "the" CLV; a margin of 100 with 80 % retention at
      10 % is worth 366.67, 266.67 or 333.33.
    * margin / (churn + discount): that is ``"certain_next"``.
    * margin x retention / (churn + discount), as Gupta and Lehmann have it: that is ``"next"``.
    * margin / churn, without interest: that is `clv`, and money of years to come is worth as much as today's.
    * with retention that rises as customers age: the sum over an observed curve; a constant rate sells old customers
      short.
    * growth of the margin g in the series, m r / (1 + d - r (1 + g)), with retention r and discount d as fractions: has
      no value once r (1 + g) reaches 1 + d.

    Pitfalls:

    * Period, retention and interest go together. A yearly interest of 10 % is 0.797 % a month, the twelfth root, not
      10/12; a yearly retention becomes a monthly one by `compound_retention_rate` over 1/12.
    * A sum cut off at a horizon is not a lifetime value; name the horizon beside it.

    References
    ----------
    .. [1] Peter Fader and Bruce Hardie, "Reconciling and clarifying CLV formulas", note 024,
       http://brucehardie.com/notes/024/
    .. [2] Sunil Gupta and Donald Lehmann, "Customers as assets", Journal of Interactive Marketing 17 (1), 2003.

    Examples
    --------
    >>> round(discounted_clv(margin=100, retention_rate=80, discount_rate=10), 2)
    366.67
    >>> round(discounted_clv(margin=100, retention_rate=80, discount_rate=10, first_payment="next"), 2)
    266.67
    >>> discounted_clv(margin=100, retention_rate=100, discount_rate=0, horizon=12)
    1200.0
    """
    first_payment = plain(first_payment)
    _check_options(first_payment, horizon)
    if ordinary[discounted_clv](undefined, margin, retention_rate, discount_rate):
        return _discounted(margin, retention_rate, discount_rate, first_payment, horizon) + 0.0
    return evaluate(
        discounted_clv, undefined, margin, retention_rate, discount_rate, first_payment=first_payment, horizon=horizon
    )


def _discounted(margin: Any, retention_rate: Any, discount_rate: Any, first_payment: str, horizon: int | None) -> Any:
    growth, gap = 100 + discount_rate, 100 - retention_rate + discount_rate
    first = growth if first_payment == "now" else retention_rate if first_payment == "next" else 100
    if horizon is None:
        return margin * first / gap
    return margin * first / growth * _annuity(gap / growth, horizon)


def _annuity(decay: Any, horizon: int) -> Any:
    """Sum the first `horizon` powers of 1 - decay, exact also where the decay is tiny or 0."""
    terms = float(horizon)
    if isinstance(decay, np.ndarray):
        return np.where(decay == 0, terms, -compounded(-decay, terms) / decay)
    return -compounded(-decay, terms) / decay if decay else terms


def _check_options(first_payment: Any, horizon: Any) -> None:
    check_word("discounted_clv", "first_payment", first_payment, _FIRST_PAYMENTS)
    if horizon is None:
        return
    whole = isinstance(horizon, Integral) and not isinstance(horizon, (bool, np.timedelta64))
    if not whole or not 0 <= horizon <= LARGE:
        must = "must be a whole number of payments, 0 or more"
        raise MetricInputError("discounted_clv", "horizon", must, f"got {shown(horizon)}", "None counts all payments")


@metric(
    title="Customer acquisition cost",
    aliases=(
        "CAC",
        "cost per acquisition",
        "cost of acquisition",
        "acquisition cost",
        "blended CAC",
        "cost to acquire",
    ),
    questions=("What does it cost to win a customer?", "How much do sales and marketing spend per new customer?"),
    unit="money",
    better="lower",
    bounds=(0, None),
    inputs={"acquisition_cost": flow(MONEY), "new": flow(COUNT)},
    rises=("acquisition_cost",),
    falls=("new",),
    rivals={
        "acquisition cost / all customers": lambda acquisition_cost, customers: acquisition_cost / customers,
    },
    base="new",
    sampled=sampled("cost", "acquisition_cost", "new"),
)
def cac(acquisition_cost: T, new: Values, *, undefined: Undefined = nan) -> T:
    r"""Average cost of winning one customer.

    .. math:: \text{CAC} = \frac{\text{acquisition cost}}{\text{new}}

    Parameters
    ----------
    acquisition_cost
        All that sales and marketing cost in the period, salaries and tools included.
    new
        Customers won in the period.
    undefined
        Value where `new` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Money per new customer, 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `new` is 0 and ``undefined="raise"``.

    See Also
    --------
    cac_payback, clv_to_cac, crc

    Notes
    -----
    Where it takes months to win a customer, set the cost of an earlier period against this period's `new`.

    Other definitions in use:

    * paid media only: says what the next customer of a campaign costs, not what customers cost.
    * paid CAC: only customers won by paid channels below the line; with all of them it is the blended CAC.
    * acquisition cost / all customers: those won earlier cost nothing now, so it falls as the company grows.
    * CAC ratio: the prior quarter's cost over new and expansion revenue, per unit of revenue and not per customer.

    Pitfalls:

    * The cost of keeping customers belongs to `crc`; split people who do both.
    * Customers who come back were not won anew.

    References
    ----------
    .. [1] calculates.dev, "What is CAC", https://www.calculates.dev/glossary/what-is-cac

    Examples
    --------
    >>> cac(acquisition_cost=100000, new=50)
    2000.0
    """
    return mean(cac, acquisition_cost, new, undefined)


@metric(
    title="Customer retention cost",
    aliases=("CRC", "cost of retention", "retention cost", "cost to retain", "cost per retained customer"),
    questions=("What does it cost to keep a customer?", "How much do we spend on customer success per customer?"),
    unit="money",
    better="lower",
    bounds=(0, None),
    inputs={"retention_cost": flow(MONEY), "retained": flow(COUNT)},
    rises=("retention_cost",),
    falls=("retained",),
    rivals={
        "retention cost / all active customers": lambda retention_cost, customers: retention_cost / customers,
    },
    base="retained",
    sampled=not_sampled("a cost is known, not sampled", "retention_cost", "retained"),
)
def crc(retention_cost: T, retained: Values, *, undefined: Undefined = nan) -> T:
    r"""Average cost of keeping one customer.

    .. math:: \text{CRC} = \frac{\text{retention cost}}{\text{retained}}

    Parameters
    ----------
    retention_cost
        All that keeping customers cost in the period: customer success, support, training, loyalty programs, tools.
    retained
        Customers of the period's start who remain at its end.
    undefined
        Value where `retained` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Money per retained customer, 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `retained` is 0 and ``undefined="raise"``.

    See Also
    --------
    crc_ratio, clv_to_crc, cac

    Notes
    -----
    Cheaper is only better while retention holds; look at `churn_rate` or `grr` beside it.

    Other definitions in use:

    * retention cost / all active customers: new ones too, who had nothing to be retained for; growth alone lowers it.
    * CRC / average revenue per retained customer: give that revenue as a total to `crc_ratio`.
    * cost times customers, as one calculator has it: no cost per customer.

    Pitfalls:

    * Say which costs count; support is in for some companies and out for others.
    * Take cost and customers of the same period.

    References
    ----------
    .. [1] Operately, "Customer retention cost", https://kpiexamples.operately.com/finance/customer-retention-cost
    .. [2] Zorian, "Customer retention cost",
       https://www.zorian.com/a-key-gtm-metric-in-pe-crc-customer-retention-cost/

    Examples
    --------
    >>> crc(retention_cost=10000, retained=500)
    20.0
    """
    return mean(crc, retention_cost, retained, undefined)


@metric(
    title="Retention cost ratio",
    aliases=("CRC ratio", "customer retention cost ratio", "retention cost to revenue", "CRC to revenue"),
    questions=("What share of revenue goes into keeping customers?", "Do we spend too much on customer success?"),
    unit="percent",
    better="lower",
    bounds=(0, None),
    inputs={"retention_cost": flow(MONEY), "revenue": flow(MONEY)},
    rises=("retention_cost",),
    falls=("revenue",),
    rivals={
        "retention cost / ARR at the end of the period": lambda retention_cost, end_mrr: (
            100 * retention_cost / (12 * end_mrr)
        ),
        "CRC / CLV": lambda crc, clv: 100 * crc / clv,
    },
    base="revenue",
    sampled=not_sampled("a cost is known, not sampled", "retention_cost", "revenue"),
)
def crc_ratio(retention_cost: T, revenue: Values, *, undefined: Undefined = nan) -> T:
    r"""Cost of keeping customers as a share of the revenue from them.

    .. math:: \text{CRC ratio} = \frac{\text{retention cost}}{\text{revenue}} \times 100

    Parameters
    ----------
    retention_cost
        All that keeping customers cost in the period: customer success, support, training, loyalty programs, tools.
    revenue
        Revenue of the period from the customers retained.
    undefined
        Value where `revenue` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 or more, over 100 where keeping customers costs more than they bring; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `revenue` is 0 and ``undefined="raise"``.

    See Also
    --------
    crc, clv_to_crc

    Notes
    -----
    It is `crc` over the average revenue per retained customer: the number of customers cancels out.

    Other definitions in use:

    * retention cost / ARR at the end of the period: new customers' revenue is in it, so growth lowers the ratio.
    * CRC / CLV: a cost of one period against the value of a lifetime; `clv_to_crc` is that, upside down.

    Pitfalls:

    * A quarter's cost goes with a quarter's revenue, not with the ARR.

    References
    ----------
    .. [1] Operately, "Customer retention cost", https://kpiexamples.operately.com/finance/customer-retention-cost

    Examples
    --------
    >>> crc_ratio(retention_cost=10000, revenue=125000)
    8.0
    """
    return rate(crc_ratio, retention_cost, revenue, undefined)


@metric(
    title="CLV to CAC ratio",
    aliases=(
        "CLV:CAC",
        "unit economics",
        "LTV:CAC",
        "LTV/CAC",
        "CLV/CAC",
        "LTV to CAC",
        "LTV CAC ratio",
        "CLTV to CAC",
    ),
    questions=(
        "Is a customer worth what it cost to win?",
        "Do sales and marketing pay off?",
        "Are our unit economics healthy?",
    ),
    unit="ratio",
    better="higher",
    inputs={"clv": level(SIGNED_MONEY), "cac": level(MONEY)},
    rises=("clv",),
    rivals={
        "with lifetime revenue above the line": lambda arpa, churn_rate, cac: 100 * arpa / (churn_rate * cac),
        "(CLV - CAC) / CAC": lambda clv, cac: (clv - cac) / cac,
    },
    base="cac",
)
def clv_to_cac(clv: T, cac: Values, *, undefined: Undefined = nan) -> T:
    r"""Lifetime value of a customer per unit of money spent on winning it.

    .. math:: \text{ratio} = \frac{\text{CLV}}{\text{CAC}}

    Parameters
    ----------
    clv
        Customer lifetime value, of the margin; negative where the margin is.
    cac
        Customer acquisition cost.
    undefined
        Value where `cac` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Ratio; below 1 a customer never earns back what it cost; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is infinite or not a number, or `cac` is negative.
    UndefinedMetricError
        If `cac` is 0 and ``undefined="raise"``.

    See Also
    --------
    clv, cac, cac_payback

    Notes
    -----
    The common rule of thumb asks for 3 or more.

    Other definitions in use:

    * with lifetime revenue above the line, without the margin: cannot be held against the rule of 3.
    * (CLV - CAC) / CAC, a return on the cost: this ratio less 1.

    Pitfalls:

    * A long assumed lifetime makes any ratio; `cac_payback` needs no such assumption.
    * A very high ratio may mean that too little is spent on growth.

    References
    ----------
    .. [1] mktcalc, "CAC calculator", https://mktcalc.io/cac-calculator.html

    Examples
    --------
    >>> clv_to_cac(clv=1200, cac=400)
    3.0
    """
    return mean(clv_to_cac, clv, cac, undefined)


@metric(
    title="CLV to CRC ratio",
    aliases=("CLV:CRC", "LTV:CRC", "CLV/CRC", "LTV/CRC", "LTV to CRC", "lifetime value to retention cost"),
    questions=("Is a customer worth what it costs to keep?", "Does the money spent on retention pay off?"),
    unit="ratio",
    better="higher",
    inputs={"clv": level(SIGNED_MONEY), "crc": level(MONEY)},
    rises=("clv",),
    rivals={
        "CRC / CLV": lambda clv, crc: crc / clv,
    },
    base="crc",
)
def clv_to_crc(clv: T, crc: Values, *, undefined: Undefined = nan) -> T:
    r"""Lifetime value of a customer per unit of money spent on keeping it.

    .. math:: \text{ratio} = \frac{\text{CLV}}{\text{CRC}}

    Parameters
    ----------
    clv
        Customer lifetime value, of the margin; negative where the margin is.
    crc
        Customer retention cost.
    undefined
        Value where `crc` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Ratio; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is infinite or not a number, or `crc` is negative.
    UndefinedMetricError
        If `crc` is 0 and ``undefined="raise"``.

    See Also
    --------
    clv, crc, clv_to_cac

    Notes
    -----
    Good for comparing segments: where it is low, keeping customers costs much beside what they are worth.

    Other definitions in use:

    * CRC / CLV: the same, upside down.
    * retention cost over revenue: `crc_ratio`, both of one period.

    Pitfalls:

    * `crc` is a cost per period, `clv` a value over all of them; for like with like, multiply `crc` by
      `average_lifetime` first.
    * If `clv` is already net of the cost of keeping the customer, that cost counts twice.

    References
    ----------
    .. [1] Zorian, "Customer retention cost",
       https://www.zorian.com/a-key-gtm-metric-in-pe-crc-customer-retention-cost/

    Examples
    --------
    >>> clv_to_crc(clv=2000, crc=40)
    50.0
    """
    return mean(clv_to_crc, clv, crc, undefined)


@metric(
    title="CAC payback period",
    aliases=("CAC payback", "months to recover CAC", "payback period", "time to recover CAC", "payback time"),
    questions=("How long until a new customer pays back its acquisition cost?", "When do we break even on a customer?"),
    unit="periods",
    better="lower",
    bounds=(0, None),
    inputs={"cac": level(MONEY), "arpa": level(MONEY), "gross_margin": level(MARGIN)},
    rises=("cac",),
    falls=("arpa", "gross_margin"),
    rivals={
        "without the margin": lambda cac, arpa: cac / arpa,
        "divided by the share of customers who survive": lambda cac, arpa, gross_margin, churn_rate: (
            10_000 * cac / (arpa * gross_margin * (100 - churn_rate))
        ),
    },
    base="arpa x gross_margin",
)
def cac_payback(cac: T, arpa: Values, gross_margin: Values = 100, *, undefined: Undefined = nan) -> T:
    r"""Periods until a customer's margin has earned back what winning it cost.

    .. math:: \text{payback} = \frac{\text{CAC}}{\text{ARPA} \times \text{gross margin} / 100}

    Parameters
    ----------
    cac
        Customer acquisition cost.
    arpa
        Average revenue per account in one period.
    gross_margin
        Percent of revenue left after the cost of serving it. With 100, the default, revenue itself pays back.
    undefined
        Value where a customer brings no margin and so never pays back, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Periods (months where `arpa` is monthly), 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is infinite or not a number, `cac` or `arpa` is negative, or `gross_margin` is over 100.
    UndefinedMetricError
        If `arpa` is 0 or `gross_margin` is 0 or negative, and ``undefined="raise"``.

    See Also
    --------
    cac, clv_to_cac, arpa

    Notes
    -----
    What new customers pay at first is their `asp`; take it as `arpa` where it differs much from the average.

    Other definitions in use:

    * without the margin (HiveMetric): shorter, and comparable only with itself.
    * divided by the share of customers who survive a period as well: those who leave early pay for nobody.
    * prior month's cost over the gross profit of that month's new customers (SaaSGrid): the cohort as a whole.

    Pitfalls:

    * With a yearly `arpa` years come out, not months.
    * Customers who leave before they have paid back never do; hold it against `average_lifetime`.

    References
    ----------
    .. [1] calcmastery, "CAC payback",
       https://www.calcmastery.com/cac-payback-gross-margin-adjustment-calculator/
    .. [2] The Prime Calculator, "CAC payback period",
       https://theprimecalculator.com/business/cac-payback-period-calculator/formula

    Examples
    --------
    >>> cac_payback(cac=600, arpa=100, gross_margin=75)
    8.0
    >>> cac_payback(cac=600, arpa=100, gross_margin=-5)
    nan
    """
    if ordinary[cac_payback](undefined, cac, arpa, gross_margin):
        return 100 * cac / clamp(arpa * gross_margin, 0, inf) + 0.0  # a negative margin never pays back, as none does
    return evaluate(cac_payback, undefined, cac, arpa, gross_margin)
