"""Customers who take the product up: those who use it, what they use of it, what they pay for and use."""

from __future__ import annotations

from math import nan

from csmetrics.core._evaluate import rate, share
from csmetrics.core._registry import COUNT, at_most, flow, metric, stock
from csmetrics.core._sampled import sampled
from csmetrics.core._types import T, Undefined, Values


@metric(
    title="Adoption rate",
    aliases=(
        "product adoption",
        "product adoption rate",
        "user adoption",
        "customer adoption",
        "adoption",
        "share of customers who use it",
    ),
    questions=("Do customers use the product?", "How many customers have adopted the new feature?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"adopters": flow(COUNT), "eligible": flow(COUNT)},
    rules=[at_most("adopters", "eligible", hint="count only adopters who are in `eligible`")],
    rises=("adopters",),
    falls=("eligible",),
    rivals={
        "new active users / signups": lambda adopters, signups: 100 * adopters / signups,
        "users of a feature / monthly active users": lambda adopters, mau: 100 * adopters / mau,
    },
    base="eligible",
)
def adoption_rate(adopters: T, eligible: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of those who could use the product, or one feature of it, who do.

    .. math:: \text{adoption rate} = \frac{\text{adopters}}{\text{eligible}} \times 100

    Parameters
    ----------
    adopters
        Customers or users counted in `eligible` who use it.
    eligible
        Customers or users who could: it is in their plan, and they have access to it.
    undefined
        Value where `eligible` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `adopters` exceeds `eligible`.
    UndefinedMetricError
        If `eligible` is 0 and ``undefined="raise"``.

    See Also
    --------
    feature_adoption_rate, activation_rate, license_utilization

    Notes
    -----
    What counts as use is the company's choice: once ever, or so many times in the period. State it beside the figure.
    For one feature, give its users and those whose plan has it.

    Other definitions in use:

    * new active users / signups (shno): give signups as `eligible`. It measures newcomers only.
    * users of a feature / monthly active users: those who stopped using the product leave the base.
    * users of a feature / logins (Userpilot): a count of visits below the line, so no share of people.

    Pitfalls:

    * Accounts and users give different figures: one account with 4 of 5 users and one with 10 of 200 are two
      accounts that adopted, yet 14 of 205 users, 6.8 %.
    * A login is not yet use.

    References
    ----------
    .. [1] shno, "Product adoption rate", https://shno.co/startup-metrics/product-adoption-rate

    Examples
    --------
    >>> adoption_rate(adopters=40, eligible=200)
    20.0
    """
    return share(adoption_rate, adopters, eligible, undefined)


@metric(
    title="Feature adoption rate",
    aliases=(
        "feature adoption",
        "features used",
        "adoption depth",
        "breadth of use",
        "feature usage",
        "feature uptake",
        "features in active use",
    ),
    questions=("How many of our features does a customer use?", "How deeply do customers use the product?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"features_used": flow(COUNT), "features_available": flow(COUNT)},
    rules=[at_most("features_used", "features_available", hint="count only features that are in `features_available`")],
    rises=("features_used",),
    falls=("features_available",),
    rivals={
        "users of one feature / eligible users": lambda adopters, eligible: 100 * adopters / eligible,
    },
    base="features_available",
    sampled=sampled("share", "features_used", "features_available", rows=True),
)
def feature_adoption_rate(features_used: T, features_available: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the features that customers have which they actively use.

    .. math:: \text{feature adoption rate} = \frac{\text{features used}}{\text{features available}} \times 100

    Parameters
    ----------
    features_used
        Features counted in `features_available` that are in active use.
    features_available
        Features in the customer's plan. For several customers, add both inputs up over them.
    undefined
        Value where `features_available` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `features_used` exceeds `features_available`.
    UndefinedMetricError
        If `features_available` is 0 and ``undefined="raise"``.

    See Also
    --------
    adoption_rate, engagement_score

    Notes
    -----
    Sources call this depth or breadth of adoption, and swap the two words; the inputs say what is meant.

    Other definitions in use:

    * users of one feature / eligible users: that is `adoption_rate` of the feature.
    * share of features that draw 80 % of all clicks (Pendo): tells how concentrated use is, not how many use it.
    * weights by last use, full within 30 days and falling to none after 90: give weighted features as `features_used`.

    Pitfalls:

    * Features outside the customer's plan do not belong below the line.
    * A new release adds features that nobody had time to adopt.

    References
    ----------
    .. [1] PulseRevOps, on modules in use, https://pulserevops.com/knowledge/q526

    Examples
    --------
    >>> feature_adoption_rate(features_used=6, features_available=8)
    75.0
    """
    return share(feature_adoption_rate, features_used, features_available, undefined)


@metric(
    title="Activation rate",
    aliases=("user activation", "activated users", "activation", "aha moment", "signup activation"),
    questions=("Do new signups reach the aha moment?", "How many signups get activated?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"activated": flow(COUNT), "signups": flow(COUNT)},
    rules=[at_most("activated", "signups", hint="count only activations of those in `signups`")],
    rises=("activated",),
    falls=("signups",),
    base="signups",
)
def activation_rate(activated: T, signups: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the signups that reached the step at which the product proves useful.

    .. math:: \text{activation rate} = \frac{\text{activated}}{\text{signups}} \times 100

    Parameters
    ----------
    activated
        Signups counted in `signups` that reached the step within the window.
    signups
        Users or accounts that signed up in the period.
    undefined
        Value where `signups` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `activated` exceeds `signups`.
    UndefinedMetricError
        If `signups` is 0 and ``undefined="raise"``.

    See Also
    --------
    adoption_rate, onboarding_completion_rate, ttv

    Notes
    -----
    Count by date of signup, give everyone the same window, and leave out those who signed up too recently to have
    had it.

    Other definitions in use:

    * activations of the period / signups of the period: not the same people, so it jumps when signups do.
    * activated / invited users: counts those who never opened the door.

    Pitfalls:

    * Choose a step that goes with staying; one that everybody takes in the first minute tells nothing.

    References
    ----------
    .. [1] MetricKit, "Activation rate", https://metrickittools.com/glossary/activation-rate

    Examples
    --------
    >>> activation_rate(activated=1200, signups=5000)
    24.0
    """
    return share(activation_rate, activated, signups, undefined)


@metric(
    title="License utilization",
    aliases=(
        "seats",
        "seat utilization",
        "licence utilisation",
        "license usage",
        "license use",
        "seat usage",
        "seats used",
        "utilization rate",
        "shelfware",
    ),
    questions=("Do customers use the seats they pay for?", "How many licenses lie unused?"),
    unit="percent",
    better="higher",
    bounds=(0, None),
    inputs={"seats_used": stock(COUNT), "seats_licensed": stock(COUNT)},
    rises=("seats_used",),
    falls=("seats_licensed",),
    base="seats_licensed",
    sampled=sampled("ratio", "seats_used", "seats_licensed", rows=True),
)
def license_utilization(seats_used: T, seats_licensed: Values, *, undefined: Undefined = nan) -> T:
    r"""Seats in use of every hundred that the customer pays for.

    .. math:: \text{license utilization} = \frac{\text{seats used}}{\text{seats licensed}} \times 100

    Parameters
    ----------
    seats_used
        Seats in use.
    seats_licensed
        Seats under contract at the same time.
    undefined
        Value where `seats_licensed` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 or more; over 100 where more is used than was bought; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `seats_licensed` is 0 and ``undefined="raise"``.

    See Also
    --------
    adoption_rate, active_rate, contraction_rate

    Notes
    -----
    Over 100 % is a reason to talk about more seats; a low figure before renewal announces fewer.

    Other definitions in use:

    * seats assigned / seats licensed: higher, as an assigned seat need not be used.
    * cut off at 100: hides overuse.

    Pitfalls:

    * In a total, overuse by one customer hides idle seats at another; look at each customer too.
    * Say how recently a seat must have been used to count.

    References
    ----------
    .. [1] revos.ai, on license utilization, https://www.revos.ai/blog/license-utilization

    Examples
    --------
    >>> license_utilization(seats_used=62, seats_licensed=100)
    62.0
    >>> license_utilization(seats_used=130, seats_licensed=100)
    130.0
    """
    return rate(license_utilization, seats_used, seats_licensed, undefined)
