"""How customers are doing, as one number: scores, bands, who is at risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from csmetrics.core._evaluate import evaluate, share
from csmetrics.core._guards import ordinary
from csmetrics.core._kinds import aligned, is_scalar, number
from csmetrics.core._numeric import BLOCK, TOLERANCE, check, clamp, fill_value, places, undefined_error
from csmetrics.core._options import check_word
from csmetrics.core._registry import AMOUNT, COUNT, NUMBER, REGISTRY, SCORE, at_most, flow, level, metric, stock
from csmetrics.core._sampled import not_sampled, sampled
from csmetrics.core._types import Array, T, Undefined, Values
from csmetrics.core._weighted import weighted

_BANDS = np.array(["red", "yellow", "green", None], dtype=object)


@metric(
    title="Customer health score",
    aliases=(
        "health score",
        "health index",
        "composite score",
        "account health",
        "churn score",
        "CHS",
        "composite of satisfaction, usage and engagement",
    ),
    questions=("How healthy is this account?", "Which customers are doing well, all signals together?"),
    unit="points",
    better="higher",
    bounds=(0, 100),
    over_columns=True,
    inputs={"scores": level(SCORE), "weights": level(AMOUNT)},
    rises=("scores",),
    base="weights",
    sampled=sampled("each"),
)
def health_score(
    scores: Values | Mapping[Any, Values] | pd.DataFrame,
    weights: Sequence[float] | npt.NDArray[Any] | Mapping[Any, float] | pd.Series[Any],
    *,
    undefined: Undefined = nan,
) -> Any:
    r"""Weighted mean of several scores of one customer; a missing score leaves the mean.

    .. math:: \text{health score} = \frac{\sum_i \text{score}_i \times \text{weight}_i}{\sum_i \text{weight}_i}

    over the scores that are present.

    Parameters
    ----------
    scores
        Scores of 0 to 100, one per component: a list or array with the components last, a mapping of component to
        number, array or Series, or a DataFrame with one column per component.
    weights
        One number of 0 or more per component, in the same order or by the same names; they need not sum to 1. With a
        mapping of scores, a weight whose component is not in it counts as a missing score.
    undefined
        Value where all scores are missing, or those present weigh 0; or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Points, 0 to 100: a float for one customer, else an array, or a Series on the index of the scores.

    Raises
    ------
    MetricInputError
        If a score is not between 0 and 100, a weight is negative, infinite or missing, or names or lengths do not
        match.
    UndefinedMetricError
        If nothing is left to weigh and ``undefined="raise"``.

    See Also
    --------
    normalize_score, health_band, at_risk_rate, engagement_score

    Notes
    -----
    High is healthy. Bring usage, tickets or NPS to 0 to 100 first, with `normalize_score`. `csmetrics.HealthScore`
    keeps components, weights and bands in one place and tells what each adds.

    Other definitions in use:

    * points added and taken away from a start, as Planhat does between 0 and 10: no missing score is then left out.
    * points per rule that sum to 100 (ChurnZero, HubSpot): the same as this where every rule can give all its points.
    * a missing score as 0, or as neutral (Catalyst's default): pulls down, or evens out, those of whom little is known.
    * a risk score, where high is bad: take 100 minus it.

    Pitfalls:

    * With most scores missing, one of them decides: look at how much of the weight has a score, or use
      `csmetrics.HealthScore` with `min_coverage`.
    * A score is worth what it foretells: compare it, as it was 60 to 90 days before, with who left.

    References
    ----------
    .. [1] Gainsight, "Calculation of Group Scores and Overall Scores",
       https://support.gainsight.com/Gainsight_NXT/05Scorecards/02Admin_Guides/Calculation_of_Group_Scores_and_Overall_Scores
    .. [2] Catalyst, release notes of 21 October 2024.

    Examples
    --------
    >>> round(health_score([47, 59, 21], weights=[20, 15, 22]), 2)
    40.12
    >>> health_score({"usage": 80, "nps": None}, weights={"usage": 3, "nps": 1})
    80.0
    >>> health_score([[80, 40], [100, None]], weights=[3, 1])
    array([ 70., 100.])
    """
    spec, fill = REGISTRY["health_score"], fill_value("health_score", undefined)
    points, weight, finish = _weighed(scores, weights)
    empty = weight == 0
    if empty.any() and undefined == "raise":
        raise undefined_error(spec, "it is" if empty.size == 1 else _places(empty))
    out = np.divide(np.nansum(points, axis=0), weight, out=np.full(weight.shape, fill), where=~empty)
    return finish(np.where(empty, fill, np.clip(out, 0, 100)))


class Scale(NamedTuple):
    """The weight of a component, and the values between which it goes from 0 to 100 points."""

    weight: float
    low: float
    high: float
    less_is_better: bool


def scored(
    values: Sequence[Array], scales: Sequence[Scale], least: float, *, contributions: bool = True
) -> tuple[Array, Array, list[Array]]:
    """Score many customers in one pass: `normalize_score`, then `health_score`, a block of customers at a time.

    Parameters
    ----------
    values
        One float64 array per component, NaN where missing, nowhere infinite.
    scales
        The scale of each.
    least
        Percent of the weight below which a customer gets no score.
    contributions
        Whether the points of each component are wanted.

    Returns
    -------
    score, coverage : ndarray
        Points, and percent of the weight for which there are values.
    parts : list of ndarray
        The points that each component adds, NaN where its value is missing. They sum to the score.
    """
    size, whole = values[0].size, sum(scale.weight for scale in scales)
    score, coverage = np.empty(size), np.empty(size)
    parts = [np.empty(size if contributions else 0) for _ in values]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for at in range(0, size, BLOCK):
            rows = slice(at, at + BLOCK)
            weight, total = np.zeros(score[rows].size), np.zeros(score[rows].size)
            for column, part, (factor, low, high, less) in zip(values, parts, scales, strict=True):
                points = high - column[rows] if less else column[rows] - low
                points *= 100
                points /= high - low
                np.clip(points, 0, 100, out=points)
                points *= factor
                missing = np.isnan(points)
                if missing.any():
                    weight += factor * ~missing
                    total += np.where(missing, 0.0, points)
                else:
                    weight += factor
                    total += points
                if contributions:
                    part[rows] = points
            coverage[rows] = 100 * weight / whole
            weight[coverage[rows] < least * (1 - TOLERANCE)] = np.nan
            score[rows] = np.clip(total / weight, 0, 100)
            for part in parts if contributions else ():
                part[rows] /= weight
    return score, coverage, parts


def _weighed(scores: Any, weights: Any) -> tuple[list[Array], Array, Any]:
    """Return each component's score times its weight, NaN where missing, and the sum of the weights of known scores."""
    columns, factors, finish = weighted(
        "health_score", scores, weights, value_name="scores", quantity=SCORE, weight_low=0, allow_absent=True
    )
    points = [column * factor for column, factor in zip(columns, factors, strict=True)]
    weight = np.zeros(columns[0].shape)
    for column, factor in zip(columns, factors, strict=True):
        weight += factor * ~np.isnan(column)
    return points, weight, finish


def _places(empty: Any) -> str:
    return places(int(empty.sum()), empty.size, int(np.argmax(empty)))


@metric(
    title="Normalized score",
    aliases=("normalise", "scale to 0-100", "min-max scaling", "linear score", "component score", "rescale"),
    questions=("How do I put different measures on the same scale of 0 to 100?",),
    unit="points",
    better="higher",
    bounds=(0, 100),
    inputs={"value": level(NUMBER), "low": level(NUMBER), "high": level(NUMBER)},
    rules=[at_most("low", "high", hint="where less is better, keep low below high and give better='low'")],
    base="high - low",
    sampled=sampled("each"),
)
def normalize_score(
    value: T, low: Values, high: Values, *, better: Literal["high", "low"] = "high", undefined: Undefined = nan
) -> T:
    r"""Bring any measure to points from 0 to 100, along a straight line between two values.

    .. math:: \text{score} = \frac{\text{value} - \text{low}}{\text{high} - \text{low}} \times 100

    Kept between 0 and 100; with ``better="low"`` it is 100 minus that.

    Parameters
    ----------
    value
        What was measured: logins, tickets, NPS.
    low
        The value from which on downwards it cannot get any worse (or better, with ``better="low"``).
    high
        The value from which on upwards it cannot get any better (or worse, with ``better="low"``).
    better
        Which end is good: ``"high"`` for usage, ``"low"`` for tickets.
    undefined
        Value where `low` equals `high`, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Points, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is infinite or not a number, `low` exceeds `high`, or `better` is another word.
    UndefinedMetricError
        If `low` equals `high` and ``undefined="raise"``.

    See Also
    --------
    health_score, goal_attainment

    Notes
    -----
    For NPS, low=-100 and high=100. For "100 minus 10 per ticket, not below 0": low=0, high=10, ``better="low"``.

    Other definitions in use:

    * no effect outside the two values, "linear (bounded)" at Planhat: the best customers then score as if unmeasured.
    * the two values taken from the data, its least and most: every score moves when one customer comes or goes.
    * percent ranks among customers: half of them are always below 50, however well all do.

    Pitfalls:

    * Choose low and high from what customers who stayed and left look like, and leave them; else scores of two months
      cannot be compared.

    References
    ----------
    .. [1] Planhat, "Setting up your health factors",
       https://help.planhat.com/en/articles/9587221-setting-up-your-health-factors

    Examples
    --------
    >>> normalize_score(40, low=-100, high=100)
    70.0
    >>> normalize_score([0, 3, 12], low=0, high=10, better="low")
    array([100.,  70.,   0.])
    """
    better = check_word("normalize_score", "better", better, ("high", "low"))
    if ordinary[normalize_score](undefined, value, low, high):
        return clamp(100 * (value - low if better == "high" else high - value) / (high - low), 0, 100) + 0.0
    return evaluate(normalize_score, undefined, value, low, high, better=better)


@metric(
    title="Health band",
    aliases=("health color", "health status", "red yellow green", "RAG status", "traffic light", "health grade"),
    questions=("Is this account red, yellow or green?",),
    unit="band",
    better="neither",
    inputs={"score": level(SCORE), "red": level(SCORE), "yellow": level(SCORE)},
    rules=[at_most("red", "yellow", hint="red ends where yellow begins, yellow where green begins")],
    sampled=not_sampled("a band is a word, not a number"),
)
def health_band(score: Values, red: Values = 50, yellow: Values = 75) -> Any:
    r"""Name the band that a health score lies in: red, yellow or green.

    .. math::
        \text{band} = \begin{cases}
            \text{red} & \text{score} \le \text{red} \\
            \text{yellow} & \text{red} < \text{score} \le \text{yellow} \\
            \text{green} & \text{yellow} < \text{score}
        \end{cases}

    Parameters
    ----------
    score
        Health score, 0 to 100.
    red
        The highest score that is red.
    yellow
        The highest score that is yellow.

    Returns
    -------
    str, ndarray or Series
        ``"red"``, ``"yellow"`` or ``"green"``, None where a score is missing; the kind of the inputs, dtype object.

    Raises
    ------
    MetricInputError
        If an input is not between 0 and 100, or `red` exceeds `yellow`.

    See Also
    --------
    health_score, at_risk_rate

    Notes
    -----
    A bound belongs to the band below it: 50 is red, 75 is yellow, 50.5 is yellow, as in Gainsight and ChurnZero.

    Other definitions in use:

    * 0-50, 51-75, 76-100 as whole numbers (Gainsight): the same bounds, with nothing said of 50.5.
    * four bands, at risk below 40, attention to 60, healthy to 80, champion above (SaaStained Numbers): with
      ``numpy.digitize`` on the scores.
    * a bound that belongs to the band above: 50 is then yellow.

    Pitfalls:

    * Band what you show: a score of 50.4 displayed as 50 is yellow here.

    References
    ----------
    .. [1] Gainsight, "Scorecard FAQs",
       https://support.gainsight.com/View_More_Categories/GainsightNXT/05Scorecards/FAQs/Scorecard_FAQs
    .. [2] ChurnZero, "Setting up ChurnScore factors",
       https://support.churnzero.net/hc/en-us/articles/360003820251-Setting-up-ChurnScore-Factors

    Examples
    --------
    >>> health_band(40.1)
    'red'
    >>> health_band([50, 75, 76, None])
    array(['red', 'yellow', 'green', None], dtype=object)
    """
    if ordinary[health_band](nan, score, red, yellow):
        return "red" if score <= red else "yellow" if score <= yellow else "green"
    spec, given = REGISTRY["health_band"], {"score": score, "red": red, "yellow": yellow}
    one = all(map(is_scalar, given.values()))
    if one:
        given = {name: number(spec.name, name, value, SCORE) for name, value in given.items()}
    columns, shape, like = aligned(spec, given)
    columns = {name: column.astype(np.float64, copy=False) for name, column in columns.items()}
    check(spec, columns, columns)
    levels = np.broadcast_arrays(*columns.values())
    band = (levels[0] > levels[1]) + (levels[0] > levels[2]).astype(np.intp)
    out = _BANDS[np.where(np.isnan(levels).any(axis=0), 3, band)]
    if like is not None:
        return like._constructor(out, index=like.index, dtype=object)
    return out[0] if one else out.reshape(shape)


@metric(
    title="At-risk rate",
    aliases=("at risk", "customers at risk", "accounts at risk", "at-risk share", "risk rate", "red accounts"),
    questions=("How many customers are at risk of leaving?", "Which share of our accounts is in danger?"),
    unit="percent",
    better="lower",
    bounds=(0, 100),
    inputs={"at_risk": flow(COUNT), "customers": stock(COUNT)},
    rules=[at_most("at_risk", "customers", hint="count each customer once, however many warnings it has")],
    rises=("at_risk",),
    falls=("customers",),
    base="customers",
)
def at_risk_rate(at_risk: T, customers: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the customers who are at risk of leaving.

    .. math:: \text{at-risk rate} = \frac{\text{at risk}}{\text{customers}} \times 100

    Parameters
    ----------
    at_risk
        Customers counted in `customers` who are at risk: in the red band, or by the company's own rule.
    customers
        Customers at that instant.
    undefined
        Value where `customers` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `at_risk` exceeds `customers`.
    UndefinedMetricError
        If `customers` is 0 and ``undefined="raise"``.

    See Also
    --------
    health_score, health_band, churn_rate

    Notes
    -----
    The usual rule joins several warnings: a health score below a bound, usage that fell by so many percent, a
    cancellation announced.

    Other definitions in use:

    * revenue of those at risk / all revenue: the same formula does not take it, as large customers weigh more there.
    * at risk / customers with a score: leaves out those of whom nothing is known.

    Pitfalls:

    * Note the rule beside the number; with a new rule the old months cannot be compared.
    * A warning is not a loss, and no warning no safety: compare who was flagged with who left.

    References
    ----------
    .. [1] imboard, "ARR at risk".

    Examples
    --------
    >>> at_risk_rate(at_risk=12, customers=80)
    15.0
    """
    return share(at_risk_rate, at_risk, customers, undefined)
