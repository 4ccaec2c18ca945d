"""Customers who bring customers."""

from __future__ import annotations

from math import nan

from csmetrics.core._evaluate import evaluate, share
from csmetrics.core._guards import ordinary
from csmetrics.core._registry import AMOUNT, COUNT, PERCENT, at_most, flow, level, metric
from csmetrics.core._sampled import sampled
from csmetrics.core._types import T, Undefined, Values


@metric(
    title="Referral rate",
    aliases=(
        "referral numbers",
        "customer referral rate",
        "referrals",
        "referrers",
        "advocacy rate",
        "word of mouth",
        "how many customers refer",
    ),
    questions=("Do customers refer others to us?", "How many customers bring in a friend or colleague?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"referrers": flow(COUNT), "customers": flow(COUNT)},
    rules=[at_most("referrers", "customers", hint="count each customer who referred once, not each referral")],
    rises=("referrers",),
    falls=("customers",),
    rivals={
        "referred customers / all customers": lambda referred_new, customers: 100 * referred_new / customers,
        "referred customers / last year's customers": lambda referred_new, start: 100 * referred_new / start,
        "referred new customers / new customers": lambda referred_new, new: 100 * referred_new / new,
    },
    base="customers",
)
def referral_rate(referrers: T, customers: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the customers who referred somebody.

    .. math:: \text{referral rate} = \frac{\text{referrers}}{\text{customers}} \times 100

    Parameters
    ----------
    referrers
        Customers counted in `customers` who referred somebody in the period, each counted once.
    customers
        Customers who could have.
    undefined
        Value where `customers` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `referrers` exceeds `customers`.
    UndefinedMetricError
        If `customers` is 0 and ``undefined="raise"``.

    See Also
    --------
    referral_share, referral_conversion_rate, viral_coefficient, nps

    Notes
    -----
    What customers do, beside what they say they would do: read it next to `nps`.

    Other definitions in use:

    * referred customers / all customers: counts those brought, not those who brought them.
    * referred customers / last year's customers: the same, without those who joined since below the line.
    * referred orders / orders: usual in retail; give orders in both inputs.
    * referred new customers / new customers: that is `referral_share`.

    Pitfalls:

    * One customer with ten referrals is one referrer.
    * Referrals by word of mouth leave no trace unless new customers are asked.

    References
    ----------
    .. [1] marketing-calculator.net, "Referral rate calculator".

    Examples
    --------
    >>> referral_rate(referrers=45, customers=600)
    7.5
    """
    return share(referral_rate, referrers, customers, undefined)


@metric(
    title="Referral share of new customers",
    aliases=("referral share", "referred customers", "share of referred customers", "earned new customers"),
    questions=("How many new customers come from referrals?", "How much of our new business is word of mouth?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"referred_new": flow(COUNT), "new": flow(COUNT)},
    rules=[at_most("referred_new", "new", hint="count only new customers of the same period")],
    rises=("referred_new",),
    falls=("new",),
    rivals={
        "referred new customers / all customers": lambda referred_new, customers: 100 * referred_new / customers,
    },
    base="new",
)
def referral_share(referred_new: T, new: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the period's new customers who came by referral.

    .. math:: \text{referral share} = \frac{\text{referred new}}{\text{new}} \times 100

    Parameters
    ----------
    referred_new
        Customers counted in `new` whom another customer referred.
    new
        Customers who joined in the period.
    undefined
        Value where `new` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `referred_new` exceeds `new`.
    UndefinedMetricError
        If `new` is 0 and ``undefined="raise"``.

    See Also
    --------
    referral_rate, referral_conversion_rate, earned_growth_rate, cac

    Notes
    -----
    Some sources call this the referral rate. It rises as well when other channels bring fewer customers.

    Other definitions in use:

    * revenue of referred new customers / last year's revenue: the `earned_new` of `earned_growth_rate`.
    * only new customers whose source is known below the line: higher where many are unknown.
    * referred new customers / all customers: falls as the company grows, however many are brought.

    Pitfalls:

    * Decide beforehand where a customer belongs who was referred and saw an advertisement too.

    References
    ----------
    .. [1] Wall Street Prep, on the referral rate with new customers below the line.

    Examples
    --------
    >>> referral_share(referred_new=30, new=120)
    25.0
    """
    return share(referral_share, referred_new, new, undefined)


@metric(
    title="Referral conversion rate",
    aliases=("referral conversion", "converted referrals", "referral success rate", "referral close rate"),
    questions=("How many of the people referred to us become customers?", "Do referrals turn into sales?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"converted": flow(COUNT), "referrals": flow(COUNT)},
    rules=[at_most("converted", "referrals", hint="count only those in `referrals` who became customers")],
    rises=("converted",),
    falls=("referrals",),
    base="referrals",
)
def referral_conversion_rate(converted: T, referrals: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the people referred who became customers.

    .. math:: \text{referral conversion rate} = \frac{\text{converted}}{\text{referrals}} \times 100

    Parameters
    ----------
    converted
        People counted in `referrals` who became customers.
    referrals
        People referred, or invitations sent.
    undefined
        Value where `referrals` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `converted` exceeds `referrals`.
    UndefinedMetricError
        If `referrals` is 0 and ``undefined="raise"``.

    See Also
    --------
    viral_coefficient, referral_rate, referral_share

    Notes
    -----
    With invitations sent as `referrals`, it is the `conversion_rate` of `viral_coefficient`.

    Other definitions in use:

    * converted / people who followed the link: higher, as unread invitations are not in the base.
    * conversions of the period / referrals of the period: not the same people; follow those referred instead.

    Pitfalls:

    * People referred last week had no time yet; leave out those younger than the usual time to decide.
    * Somebody referred by two customers is one person.

    References
    ----------
    .. [1] Morgan Brown, on the viral coefficient and its two factors, morganbrown.co/gallery/plates/eq-viral.html

    Examples
    --------
    >>> referral_conversion_rate(converted=18, referrals=120)
    15.0
    """
    return share(referral_conversion_rate, converted, referrals, undefined)


@metric(
    title="Viral coefficient",
    aliases=("K-factor", "k factor", "virality", "viral growth", "invites per customer", "viral loop"),
    questions=("Does the product spread by itself?", "How many new users does each user bring?"),
    unit="ratio",
    better="higher",
    bounds=(0, None),
    inputs={"invites_per_customer": level(AMOUNT), "conversion_rate": level(PERCENT)},
    rises=("invites_per_customer", "conversion_rate"),
    rivals={
        "customers who came by invitation / customers at the start": lambda referred_new, start: referred_new / start,
    },
    sampled=sampled("exposure", "converted", "customers"),
)
def viral_coefficient(invites_per_customer: T, conversion_rate: Values, *, undefined: Undefined = nan) -> T:
    r"""Mean number of new customers whom one customer brings.

    .. math:: K = \text{invites per customer} \times \frac{\text{conversion rate}}{100}

    Parameters
    ----------
    invites_per_customer
        Invitations that one customer sends on average, those who send none included.
    conversion_rate
        Share of the invitations that bring a customer, percent.
    undefined
        Taken as everywhere; this formula is defined for all inputs that it accepts.

    Returns
    -------
    float, ndarray or Series
        Ratio, 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `conversion_rate` is over 100.

    See Also
    --------
    referral_conversion_rate, referral_rate

    Notes
    -----
    Over 1, each generation of customers is larger than the one before. Below 1, every customer won otherwise brings
    1 / (1 - K) customers in all, itself included: 3.33 for K = 0.7.

    Other definitions in use:

    * with the time of one cycle in the exponent (Skok and Reiss): how fast it grows, for which K alone says nothing.
    * customers who came by invitation / customers at the start: the same in one period, if all invitations are traced.

    Pitfalls:

    * Invitations per inviting customer are not invitations per customer.
    * K falls as the circle of people not yet invited shrinks.

    References
    ----------
    .. [1] Gabriel Weinberg and Justin Mares, "Traction".
    .. [2] Morgan Brown, on the viral coefficient, morganbrown.co/gallery/plates/eq-viral.html

    Examples
    --------
    >>> viral_coefficient(invites_per_customer=3.5, conversion_rate=20)
    0.7
    """
    if ordinary[viral_coefficient](undefined, invites_per_customer, conversion_rate):
        return invites_per_customer * conversion_rate / 100 + 0.0
    return evaluate(viral_coefficient, undefined, invites_per_customer, conversion_rate)
