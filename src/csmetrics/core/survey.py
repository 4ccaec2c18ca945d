"""What customers say: recommendation, satisfaction, effort, sentiment, and what is done about it."""

from __future__ import annotations

from math import nan

from csmetrics.core._answers import lowest_top, nps_cuts, rating_scale, read
from csmetrics.core._evaluate import evaluate, mean, share
from csmetrics.core._guards import ordinary
from csmetrics.core._numeric import clamp, percent
from csmetrics.core._registry import AMOUNT, ANSWERS, COUNT, at_most, flow, level, metric
from csmetrics.core._sampled import not_sampled, sampled
from csmetrics.core._types import AnswerColumn, T, Undefined, Values


@metric(
    title="Net Promoter Score",
    aliases=(
        "NPS",
        "net promoter",
        "net promoter index",
        "promoters, passives and detractors",
        "promoters, passives, detractors",
        "relationship NPS",
        "rNPS",
        "transactional NPS",
        "tNPS",
        "employee net promoter score",
        "eNPS",
        "willingness to recommend",
        "NPS score",
    ),
    questions=(
        "Would customers recommend us?",
        "Are customers loyal and happy enough to recommend us?",
        "Do we have more promoters than detractors?",
    ),
    unit="points",
    better="higher",
    bounds=(-100, 100),
    inputs={"promoters": flow(COUNT), "passives": flow(COUNT), "detractors": flow(COUNT)},
    rises=("promoters",),
    falls=("detractors",),
    rivals={
        "passives left out below the line": lambda promoters, detractors: (
            100 * (promoters - detractors) / (promoters + detractors)
        ),
    },
    base="promoters + passives + detractors",
    sampled=sampled("trinomial", "promoters - detractors", "promoters + passives + detractors"),
)
def nps(promoters: T, passives: Values, detractors: Values, *, undefined: Undefined = nan) -> T:
    r"""Percent of promoters minus percent of detractors among those who answered (Net Promoter Score).

    .. math:: \text{NPS} =
        \frac{\text{promoters} - \text{detractors}}{\text{promoters} + \text{passives} + \text{detractors}} \times 100

    Parameters
    ----------
    promoters
        Answers of 9 or 10.
    passives
        Answers of 7 or 8. They count below the line only.
    detractors
        Answers of 6 or less.
    undefined
        Value where nobody answered, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Points, -100 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If nobody answered and ``undefined="raise"``.

    See Also
    --------
    nps_from_scores, csat, response_rate, closed_loop_rate, referral_rate

    Notes
    -----
    Add the three counts over segments or months before dividing: the mean of several scores is not the score of all.
    The counts may be sums of weights.

    Other definitions in use:

    * -1 to 1 instead of -100 to 100, as R packages give it: times 100 it is this one.
    * each share rounded before the subtraction: two promoters and one detractor of three give 67 - 33 = 34, not 33.3.
    * passives left out below the line: every score moves away from 0.

    Pitfalls:

    * The three counts must add up to those who answered; take them from one query.
    * A few dozen answers leave a margin of tens of points.

    References
    ----------
    .. [1] F. F. Reichheld, "The One Number You Need to Grow", Harvard Business Review, December 2003.
    .. [2] QuestionPro help, "Net Promoter Score Question Type".

    Examples
    --------
    >>> nps(promoters=60, passives=20, detractors=20)
    40.0
    >>> nps([60, 30], passives=[20, 50], detractors=[20, 20])
    array([40., 10.])
    >>> nps(promoters=0, passives=0, detractors=0)
    nan
    """
    if ordinary[nps](undefined, promoters, passives, detractors):
        return percent(promoters - detractors, promoters + passives + detractors)
    return evaluate(nps, undefined, promoters, passives, detractors)


@metric(
    title="Net Promoter Score from raw scores",
    aliases=(
        "likely to recommend",
        "NPS from scores",
        "NPS from answers",
        "likelihood to recommend",
        "weighted NPS",
        "revenue-weighted NPS",
    ),
    questions=(
        "What is our NPS, from a column of scores from 0 to 10?",
        "How do I compute NPS from raw survey answers?",
    ),
    unit="points",
    better="higher",
    bounds=(-100, 100),
    inputs={"scores": flow(ANSWERS), "weights": flow(AMOUNT)},
    rises=("scores",),
    base="answered scores",
    reduces=True,
)
def nps_from_scores(
    scores: AnswerColumn,
    *,
    scale: tuple[int, int] = (0, 10),
    promoters: int | None = None,
    detractors: int | None = None,
    weights: AnswerColumn | None = None,
    undefined: Undefined = nan,
) -> float:
    r"""Net Promoter Score of one column of answers to "how likely are you to recommend us".

    .. math:: \text{NPS} =
        \frac{\#\{\text{score} \ge \text{promoters}\} - \#\{\text{score} \le \text{detractors}\}}{\#\{\text{score}\}}
        \times 100

    Missing answers (None, NaN, pd.NA) leave the base: they count neither above nor below the line.

    Parameters
    ----------
    scores
        One answer per row, whole numbers on the scale: a list, an array or a Series.
    scale
        Lowest and highest possible answer. On (0, 10) and (1, 10) promoters are 9 and 10, passives 7 and 8, and
        detractors up to 6; on (1, 10) a 0 is an error. Other scales need `promoters` and `detractors`.
    promoters
        The lowest answer of a promoter: 9 on (0, 10) and (1, 10), for example 5 on (1, 5).
    detractors
        The highest answer of a detractor: 6 on (0, 10) and (1, 10), for example 3 on (1, 5). The answers between the
        two are passive.
    weights
        What each answer counts, as long as `scores` (two Series: the same index), 0 or more. Without it each counts 1.
    undefined
        Value where nobody answered (or all weights are 0), or ``"raise"``.

    Returns
    -------
    float
        Points, -100 to 100.

    Raises
    ------
    MetricInputError
        If a score is outside the scale, fractional or not a number, if another scale comes without its cut points or
        they are not on it, or if an answered score has no weight or an impossible one.
    UndefinedMetricError
        If nobody answered and ``undefined="raise"``.

    See Also
    --------
    nps, response_rate, csat_from_ratings

    Notes
    -----
    Elsewhere in this library a missing input makes a missing result. Here one number comes out of many rows, and one
    blank would take everybody's away. A blank is no opinion: as 0 it would be a detractor, as a passive it would pull
    the score towards 0. The result speaks for those who answered; how many they are is `response_rate`. A missing
    weight is an error where there is an answer, as 0 and 1 are both a guess; beside a missing answer it does not
    matter.

    Other definitions in use:

    * blanks counted as passives, as the R package marketr does and secretsauce offers: draws the score towards 0.
    * blanks make the whole score missing, as the R package NPS 1.1 does.
    * answers outside the scale dropped, or 11 and more counted as promoters: hides a wrong column or a code for "no
      answer".
    * other cut points, as for 1 to 5 or 1 to 7: `promoters` and `detractors` set them; say so beside the score.

    Pitfalls:

    * Codes such as 11 or 99 for "no answer" are errors here; turn them into NaN first.
    * Fractional scores are averages of several answers; 8.5 belongs to no class.
    * Somebody who answers every month weighs more than others; decide on the first, the latest or all answers.

    References
    ----------
    .. [1] F. F. Reichheld, "The One Number You Need to Grow", Harvard Business Review, December 2003.
    .. [2] QuestionPro help, "Net Promoter Score Question Type", for the scale of 1 to 10.

    Examples
    --------
    >>> nps_from_scores([9, 10, 6, 8])
    25.0
    >>> nps_from_scores([9, 10, 6, 8, None])
    25.0
    >>> nps_from_scores([5, 5, 4, 2], scale=(1, 5), promoters=5, detractors=3)
    25.0
    >>> round(nps_from_scores([10, 2, 7, 8, 6], weights=[2000, 8000, 2000, 2000, 8000]), 2)
    -63.64
    >>> nps_from_scores([])
    nan
    """
    scale, lowest, highest = nps_cuts(nps_from_scores, scale, promoters, detractors)
    answers = read(nps_from_scores, scores, scale, undefined, whole=True, weights=weights)
    below, between, above = answers.counts(highest + 1, lowest)
    if below + between + above == 0:
        return answers.undefined()
    return nps(above, between, below)


@metric(
    title="Customer satisfaction (CSAT)",
    aliases=(
        "CSAT",
        "customer satisfaction",
        "customer satisfaction score",
        "satisfaction rate",
        "percent satisfied",
        "top-2-box",
        "top-two-box satisfaction",
        "support CSAT",
        "happiness score",
        "feedback forms",
        "satisfaction",
        "satisfaction with an interaction",
        "satisfaction with a product",
    ),
    questions=(
        "Are customers happy?",
        "How satisfied are our customers?",
        "Were customers satisfied with the support they got?",
    ),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"satisfied": flow(COUNT), "responses": flow(COUNT)},
    rules=[at_most("satisfied", "responses", hint="count only those who answered, in both")],
    rises=("satisfied",),
    falls=("responses",),
    rivals={
        "good / (good + bad)": lambda satisfied, responses, neutral: 100 * satisfied / (responses - neutral),
        "satisfied / invited": lambda satisfied, invited: 100 * satisfied / invited,
    },
    own_base={"responses": "csat_responses"},
    base="responses",
)
def csat(satisfied: T, responses: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the answers that are satisfied (CSAT, top box).

    .. math:: \text{CSAT} = \frac{\text{satisfied}}{\text{responses}} \times 100

    Parameters
    ----------
    satisfied
        Answers counted in `responses` that are satisfied: usually 4 and 5 of 5.
    responses
        All answers. A survey that was not answered is not counted.
    undefined
        Value where `responses` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `satisfied` exceeds `responses`.
    UndefinedMetricError
        If `responses` is 0 and ``undefined="raise"``.

    See Also
    --------
    csat_from_ratings, csat_mean_from_ratings, nps, ces_top_box

    Notes
    -----
    Works for one interaction (a ticket, an onboarding step) as for a product; say which.

    Other definitions in use:

    * mean rating, also as percent of the highest: a 1 to 5 scale then starts at 20 %. See `csat_mean_from_ratings`.
    * great minus not good (Help Scout's happiness score): runs from -100 to 100, as `net_sentiment` does.
    * good / (good + bad) (Zendesk): no middle to count; neutral answers leave the base.
    * satisfied / invited: those who did not answer count as not satisfied.

    Pitfalls:

    * Unanswered surveys do not belong in `responses`: a fault seen in practice (va.gov-team, issue 87053).
    * Two or more questions: one score for each, not a mix.
    * Dating by answer and dating by the ticket's closing put the same answer in different months.

    References
    ----------
    .. [1] Delighted help, "How is CSAT calculated?", https://help.delighted.com/article/240-how-is-csat-calculated

    Examples
    --------
    >>> round(csat(satisfied=74, responses=107), 2)
    69.16
    """
    return share(csat, satisfied, responses, undefined)


@metric(
    title="Customer satisfaction (CSAT) from raw ratings",
    aliases=("CSAT from ratings", "CSAT from answers", "top box of ratings", "weighted CSAT", "star ratings"),
    questions=("How do I compute CSAT from raw ratings?", "What share of ratings are 4 or 5 stars?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"ratings": flow(ANSWERS), "weights": flow(AMOUNT)},
    rises=("ratings",),
    base="answered ratings",
    reduces=True,
)
def csat_from_ratings(
    ratings: AnswerColumn,
    *,
    scale: tuple[int, int] = (1, 5),
    top: int | None = None,
    weights: AnswerColumn | None = None,
    undefined: Undefined = nan,
) -> float:
    r"""Share of one column of ratings that are among the `top` highest of the scale.

    .. math:: \text{CSAT} = \frac{\#\{\text{rating} > \text{highest} - \text{top}\}}{\#\{\text{rating}\}} \times 100

    Missing ratings (None, NaN, pd.NA) leave the base: they count neither above nor below the line.

    Parameters
    ----------
    ratings
        One rating per row, whole numbers on the scale: a list, an array or a Series.
    scale
        Lowest and highest possible rating; the highest is the best.
    top
        How many of the highest ratings count as satisfied: 2 on (1, 5) are 4 and 5. By default 2 from four points up,
        and 1 on two or three points, whose middle is neutral.
    weights
        What each rating counts, as long as `ratings` (two Series: the same index), 0 or more. Without it each counts 1.
    undefined
        Value where nobody answered (or all weights are 0), or ``"raise"``.

    Returns
    -------
    float
        Percent, 0 to 100.

    Raises
    ------
    MetricInputError
        If a rating is outside the scale, fractional or not a number, `scale` or `top` is impossible, or a given rating
        has no weight or an impossible one.
    UndefinedMetricError
        If nobody answered and ``undefined="raise"``.

    See Also
    --------
    csat, csat_mean_from_ratings, nps_from_scores

    Notes
    -----
    Elsewhere in this library a missing input makes a missing result. Here one number comes out of many rows, and one
    blank would take everybody's away. A blank is not a dissatisfied customer: below the line it would lower CSAT by
    nothing but silence. The result speaks for those who answered; how many they are is `response_rate`. A missing
    weight is an error where there is a rating, as 0 and 1 are both a guess; beside a missing rating it does not matter.

    Other definitions in use:

    * Formbricks counts the top 1 of 3, the top 2 of 4 to 7 and the top 3 of 10 ratings; others the top 2 of 10.
    * blanks below the line: a response rate and a satisfaction rate multiplied.

    Pitfalls:

    * Codes such as 0, 6 or 99 for "no answer" are errors here; turn them into NaN first.
    * Where 1 is the best, turn the scale around first: 6 - rating on 1 to 5.

    References
    ----------
    .. [1] Delighted help, "How is CSAT calculated?", https://help.delighted.com/article/240-how-is-csat-calculated
    .. [2] Formbricks documentation, "Rating" question type.

    Examples
    --------
    >>> csat_from_ratings([5, 4, 3, None, 1])
    50.0
    >>> csat_from_ratings([10, 8, 7, 3], scale=(1, 10), top=3)
    50.0
    >>> csat_from_ratings([3, 3, 2, 1], scale=(1, 3))
    50.0
    """
    scale = rating_scale(csat_from_ratings, scale)
    cut = lowest_top(csat_from_ratings, scale, top)
    answers = read(csat_from_ratings, ratings, scale, undefined, whole=True, weights=weights)
    others, satisfied = answers.counts(cut)
    if others + satisfied == 0:
        return answers.undefined()
    return csat(satisfied, others + satisfied)


@metric(
    title="Mean satisfaction rating",
    aliases=("average rating", "mean CSAT", "average satisfaction score", "mean satisfaction"),
    questions=("What is our average star rating?", "What is the mean satisfaction rating?"),
    unit="rating",
    better="higher",
    inputs={"ratings": flow(ANSWERS)},
    rises=("ratings",),
    base="answered ratings",
    reduces=True,
)
def csat_mean_from_ratings(
    ratings: AnswerColumn, *, scale: tuple[int, int] = (1, 5), undefined: Undefined = nan
) -> float:
    r"""Mean of one column of satisfaction ratings, in rating units.

    .. math:: \text{mean rating} = \frac{\sum \text{rating}}{\#\{\text{rating}\}}

    Missing ratings (None, NaN, pd.NA) leave the base: they count neither above nor below the line.

    Parameters
    ----------
    ratings
        One rating per row: a list, an array or a Series. Fractions inside the scale are allowed (half stars).
    scale
        Lowest and highest possible rating.
    undefined
        Value where nobody answered, or ``"raise"``.

    Returns
    -------
    float
        Mean rating, between the two ends of the scale.

    Raises
    ------
    MetricInputError
        If a rating is outside the scale or not a number, or the scale is impossible.
    UndefinedMetricError
        If nobody answered and ``undefined="raise"``.

    See Also
    --------
    csat_from_ratings, ces_from_ratings

    Notes
    -----
    Elsewhere in this library a missing input makes a missing result. Here one number comes out of many rows, and one
    blank would take everybody's away. A blank has no place on the scale: as 0 it would lie below the worst rating, as
    the middle it would be an opinion that nobody gave. The result speaks for those who answered; how many they are is
    `response_rate`.

    Other definitions in use:

    * mean / highest x 100: a 1 to 5 scale then starts at 20 %.
    * (mean - lowest) / (highest - lowest) x 100: starts at 0; `normalize_score` does that.
    * the share of satisfied answers is what most mean by CSAT: `csat_from_ratings`.

    Pitfalls:

    * Half 5 and half 1 give the same mean as all 3.
    * The mean of the segments' means is not the mean of all.

    References
    ----------
    .. [1] FreeScout, issue 2064, on the choice of a satisfaction formula.

    Examples
    --------
    >>> csat_mean_from_ratings([5, 4, 4, 3, 1])
    3.4
    >>> csat_mean_from_ratings([5, 4, 4, 3, 1, None])
    3.4
    """
    answers = read(csat_mean_from_ratings, ratings, rating_scale(csat_mean_from_ratings, scale), undefined)
    total, count = answers.total()
    return clamp(total / count, *answers.scale) if count else answers.undefined()


@metric(
    title="Customer effort score (CES)",
    aliases=("CES", "customer effort score", "customer effort", "effort to get an issue resolved", "mean effort score"),
    questions=(
        "Is it easy to do business with us?",
        "How much effort does it take customers to get an issue resolved?",
    ),
    unit="rating",
    better="higher",
    bounds=(0, None),
    inputs={"effort_sum": flow(AMOUNT), "responses": flow(COUNT)},
    rises=("effort_sum",),
    falls=("responses",),
    own_base={"responses": "ces_responses"},
    base="responses",
)
def ces(effort_sum: T, responses: Values, *, undefined: Undefined = nan) -> T:
    r"""Mean of the answers to "it was easy to get my issue resolved" (CES 2.0, 1 to 7).

    .. math:: \text{CES} = \frac{\text{effort sum}}{\text{responses}}

    Parameters
    ----------
    effort_sum
        Sum of the answers.
    responses
        All answers. A survey that was not answered is not counted.
    undefined
        Value where `responses` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Mean rating, 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `responses` is 0 and ``undefined="raise"``.

    See Also
    --------
    ces_from_ratings, ces_top_box, net_easy_score

    Notes
    -----
    Higher is better, as on the scale of 2013 (7 = strongly agree that it was easy).

    Other definitions in use:

    * CES 1.0 (2010), "how much effort did you have to put forth", 1 very low to 5 very high: lower is better.
    * share of those who found it easy: `ces_top_box`.
    * easy minus difficult: `net_easy_score`.

    Pitfalls:

    * Say the scale and which end is good beside every number; both directions are in use, on 5 and on 7 points.

    References
    ----------
    .. [1] M. Dixon, K. Freeman and N. Toman, "Stop Trying to Delight Your Customers", Harvard Business Review, 2010.
    .. [2] CYS support, article 3000095529.

    Examples
    --------
    >>> ces(effort_sum=4080, responses=1000)
    4.08
    """
    return mean(ces, effort_sum, responses, undefined)


@metric(
    title="Customer effort score (CES) from raw ratings",
    aliases=("CES from ratings", "CES from answers", "average effort rating"),
    questions=("How do I compute the customer effort score from raw answers?",),
    unit="rating",
    better="higher",
    inputs={"ratings": flow(ANSWERS)},
    rises=("ratings",),
    base="answered ratings",
    reduces=True,
)
def ces_from_ratings(ratings: AnswerColumn, *, scale: tuple[int, int] = (1, 7), undefined: Undefined = nan) -> float:
    r"""Mean of one column of answers to "it was easy to get my issue resolved".

    .. math:: \text{CES} = \frac{\sum \text{rating}}{\#\{\text{rating}\}}

    Missing ratings (None, NaN, pd.NA) leave the base: they count neither above nor below the line.

    Parameters
    ----------
    ratings
        One rating per row: a list, an array or a Series. Fractions inside the scale are allowed.
    scale
        Lowest and highest possible rating.
    undefined
        Value where nobody answered, or ``"raise"``.

    Returns
    -------
    float
        Mean rating, between the two ends of the scale.

    Raises
    ------
    MetricInputError
        If a rating is outside the scale or not a number, or the scale is impossible.
    UndefinedMetricError
        If nobody answered and ``undefined="raise"``.

    See Also
    --------
    ces, ces_top_box, csat_mean_from_ratings

    Notes
    -----
    Elsewhere in this library a missing input makes a missing result. Here one number comes out of many rows, and one
    blank would take everybody's away. A blank has no place on the scale: as 0 it would claim more effort than the
    scale can say, as the middle it would be an opinion that nobody gave. The result speaks for those who answered;
    how many they are is `response_rate`.

    Other definitions in use:

    * CES 1.0 on 1 to 5, where 5 is much effort: the same mean, but lower is better.
    * share of the high answers: count them and call `ces_top_box`.

    Pitfalls:

    * On a scale where 1 is easy the number is no CES of this kind: turn it around first, 8 - rating on 1 to 7.

    References
    ----------
    .. [1] M. Dixon, K. Freeman and N. Toman, "Stop Trying to Delight Your Customers", Harvard Business Review, 2010.

    Examples
    --------
    >>> ces_from_ratings([4, 5, 6, 7, 7])
    5.8
    >>> ces_from_ratings([4, 5, 6, 7, 7, None])
    5.8
    """
    answers = read(ces_from_ratings, ratings, rating_scale(ces_from_ratings, scale), undefined)
    total, count = answers.total()
    return clamp(total / count, *answers.scale) if count else answers.undefined()


@metric(
    title="Customer effort, share of easy (CES top box)",
    aliases=("CES top box", "percent easy", "low effort rate", "top-box effort score", "ease of resolution"),
    questions=("Do customers find the product easy to use?",),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"easy": flow(COUNT), "responses": flow(COUNT)},
    rules=[at_most("easy", "responses", hint="count only those who answered, in both")],
    rises=("easy",),
    falls=("responses",),
    own_base={"responses": "ces_responses"},
    base="responses",
)
def ces_top_box(easy: T, responses: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the answers that found it easy.

    .. math:: \text{CES top box} = \frac{\text{easy}}{\text{responses}} \times 100

    Parameters
    ----------
    easy
        Answers counted in `responses` on the easy side: 5 to 7 of 7, or 4 and 5 of 5.
    responses
        All answers. A survey that was not answered is not counted.
    undefined
        Value where `responses` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `easy` exceeds `responses`.
    UndefinedMetricError
        If `responses` is 0 and ``undefined="raise"``.

    See Also
    --------
    ces, net_easy_score, csat

    Notes
    -----
    Other definitions in use:

    * 5 to 7 of 7 (Gartner, Simplesat), 4 and 5 of 5 (Delighted), 6 and 7 of 7 (CYS): say which.
    * the mean answer: `ces`.

    Pitfalls:

    * Where 1 means easy, the easy side is the low end.

    References
    ----------
    .. [1] Delighted help, "How is CES calculated?", https://help.delighted.com/article/249-how-is-ces-calculated

    Examples
    --------
    >>> ces_top_box(easy=8, responses=10)
    80.0
    """
    return share(ces_top_box, easy, responses, undefined)


@metric(
    title="Net easy score",
    aliases=("NES", "net ease score", "net CES", "net effort score", "easy minus difficult"),
    questions=("Do more customers find it easy than difficult?",),
    unit="points",
    better="higher",
    bounds=(-100, 100),
    inputs={"easy": flow(COUNT), "difficult": flow(COUNT), "responses": flow(COUNT)},
    rules=[at_most(("easy", "difficult"), "responses", hint="count only those who answered, each once")],
    rises=("easy",),
    falls=("difficult",),
    own_base={"responses": "ces_responses"},
    base="responses",
    sampled=sampled("trinomial", "easy - difficult", "responses"),
)
def net_easy_score(easy: T, difficult: Values, responses: Values, *, undefined: Undefined = nan) -> T:
    r"""Percent who found it easy minus percent who found it difficult.

    .. math:: \text{net easy score} = \frac{\text{easy} - \text{difficult}}{\text{responses}} \times 100

    Parameters
    ----------
    easy
        Answers counted in `responses` on the easy side: 6 and 7 of 7.
    difficult
        Answers counted in `responses` on the difficult side: 1 to 3 of 7.
    responses
        All answers, those between included. A survey that was not answered is not counted.
    undefined
        Value where `responses` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Points, -100 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `easy` and `difficult` together exceed `responses`.
    UndefinedMetricError
        If `responses` is 0 and ``undefined="raise"``.

    See Also
    --------
    ces, ces_top_box, nps

    Notes
    -----
    Other definitions in use:

    * 6 and 7 against 1 to 3, with 4 and 5 between (CYS); 5 to 7 against 1 to 3, with 4 between (SoluCX).

    Pitfalls:

    * The two bands decide the level of the score; keep them when comparing.

    References
    ----------
    .. [1] CYS support, article 3000095531.

    Examples
    --------
    >>> net_easy_score(easy=57, difficult=24, responses=100)
    33.0
    """
    if ordinary[net_easy_score](undefined, easy, difficult, responses):
        return percent(easy - difficult, responses)
    return evaluate(net_easy_score, undefined, easy, difficult, responses)


@metric(
    title="Survey response rate",
    aliases=("response rate", "response to surveys", "survey participation", "survey completion"),
    questions=("How many people answered the survey?", "Do enough customers respond to our surveys?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"responses": flow(COUNT), "invited": flow(COUNT)},
    rules=[at_most("responses", "invited", hint="count each invited person's answer once")],
    rises=("responses",),
    falls=("invited",),
    own_base=[{"responses": f"{kind}_responses", "invited": f"{kind}_invited"} for kind in ("nps", "csat", "ces")],
    base="invited",
)
def response_rate(responses: T, invited: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of those asked who answered.

    .. math:: \text{response rate} = \frac{\text{responses}}{\text{invited}} \times 100

    Parameters
    ----------
    responses
        People counted in `invited` who answered.
    invited
        People who were asked.
    undefined
        Value where `invited` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `responses` exceeds `invited`.
    UndefinedMetricError
        If `invited` is 0 and ``undefined="raise"``.

    See Also
    --------
    nps, csat, closed_loop_rate

    Notes
    -----
    Other definitions in use:

    * responses / delivered: bounced invitations left out, so it is higher.
    * completed / started is the completion rate: those who never opened the survey are not in it.
    * AAPOR's RR1 to RR6: with or without partial interviews and those of unknown eligibility.

    Pitfalls:

    * A survey that is still open has not had all its answers.
    * An open link has no number of invited people.

    References
    ----------
    .. [1] AAPOR, "Standard Definitions".
    .. [2] Lensym, "How to calculate survey response rate", https://lensym.com/blog/how-to-calculate-survey-response-rate

    Examples
    --------
    >>> response_rate(responses=250, invited=1000)
    25.0
    """
    return share(response_rate, responses, invited, undefined)


@metric(
    title="Closed-loop rate",
    aliases=("closed loop", "closed-loop follow-up", "close the loop with detractors", "feedback follow-up rate"),
    questions=("Do we follow up on feedback?", "How many unhappy customers did we call back after a survey?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"followed_up": flow(COUNT), "due": flow(COUNT)},
    rules=[at_most("followed_up", "due", hint="count only answers that were due for a follow-up")],
    rises=("followed_up",),
    falls=("due",),
    rivals={
        "followed up / all answers": lambda followed_up, responses: 100 * followed_up / responses,
        "followed up / detractors": lambda followed_up, detractors: 100 * followed_up / detractors,
    },
    base="due",
)
def closed_loop_rate(followed_up: T, due: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the answers due for a follow-up that got one.

    .. math:: \text{closed-loop rate} = \frac{\text{followed up}}{\text{due}} \times 100

    Parameters
    ----------
    followed_up
        Answers counted in `due` that were followed up in time.
    due
        Answers that call for a follow-up, usually the detractors', whose time for it has run out.
    undefined
        Value where `due` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `followed_up` exceeds `due`.
    UndefinedMetricError
        If `due` is 0 and ``undefined="raise"``.

    See Also
    --------
    nps, response_rate

    Notes
    -----
    Other definitions in use:

    * followed up / all answers: asks for a follow-up of everyone, the content included.
    * followed up / detractors: the most usual base; those whose time has not run out count as missed.
    * contacted, or the matter settled; within 48 hours (Bain), or ever.

    Pitfalls:

    * An answer of this morning is not late yet; leave it out until its time has run out.
    * Say whether the clock runs over weekends (at CustomerGauge it does).

    References
    ----------
    .. [1] CustomerGauge, on closing the loop.

    Examples
    --------
    >>> closed_loop_rate(followed_up=40, due=50)
    80.0
    """
    return share(closed_loop_rate, followed_up, due, undefined)


@metric(
    title="Net sentiment",
    aliases=("net sentiment score", "sentiment", "sentiment over time", "customer sentiment", "feedback sentiment"),
    questions=("Is the feedback positive or negative?", "What is the mood in comments and reviews?"),
    unit="points",
    better="higher",
    bounds=(-100, 100),
    inputs={"positive": flow(COUNT), "neutral": flow(COUNT), "negative": flow(COUNT)},
    rises=("positive",),
    falls=("negative",),
    rivals={
        "neutral left out below the line": lambda positive, negative: (
            100 * (positive - negative) / (positive + negative)
        ),
        "positive / (positive + negative)": lambda positive, negative: 100 * positive / (positive + negative),
    },
    base="positive + neutral + negative",
    sampled=sampled("trinomial", "positive - negative", "positive + neutral + negative"),
)
def net_sentiment(positive: T, neutral: Values, negative: Values, *, undefined: Undefined = nan) -> T:
    r"""Percent of positive mentions minus percent of negative ones.

    .. math:: \text{net sentiment} =
        \frac{\text{positive} - \text{negative}}{\text{positive} + \text{neutral} + \text{negative}} \times 100

    Parameters
    ----------
    positive
        Comments, reviews or mentions that are positive.
    neutral
        Those that are neither. They count below the line only.
    negative
        Those that are negative.
    undefined
        Value where there are no mentions, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Points, -100 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If there are no mentions and ``undefined="raise"``.

    See Also
    --------
    nps, theme_priority

    Notes
    -----
    Over time, add the counts of the window before dividing; the mean of daily scores gives a quiet day the weight of a
    busy one.

    Other definitions in use:

    * neutral left out below the line: moves away from 0. Give ``neutral=0`` for it.
    * positive / (positive + negative): 0 to 100, and 50 is balanced.

    Pitfalls:

    * One comment may praise one thing and blame another; decide whether a comment or a statement is counted.

    References
    ----------
    .. [1] Black Box Intelligence help, article 360003715274.

    Examples
    --------
    >>> net_sentiment(positive=80, neutral=100, negative=20)
    30.0
    """
    if ordinary[net_sentiment](undefined, positive, neutral, negative):
        return percent(positive - negative, positive + neutral + negative)
    return evaluate(net_sentiment, undefined, positive, neutral, negative)


@metric(
    title="Theme priority",
    aliases=(
        "severity",
        "themes by severity and frequency",
        "feedback theme priority",
        "severity times frequency",
        "topic impact",
    ),
    questions=("Which complaint should we fix first?", "Which themes in the feedback matter most?"),
    unit="number",
    better="neither",
    bounds=(0, None),
    inputs={"severity": level(AMOUNT), "frequency": flow(AMOUNT)},
    rises=("severity", "frequency"),
    sampled=not_sampled("it ranks themes; its severity is a judgement, not a sample"),
)
def theme_priority(severity: T, frequency: Values, *, undefined: Undefined = nan) -> T:
    r"""How bad a theme of the feedback is times how often it comes up.

    .. math:: \text{priority} = \text{severity} \times \text{frequency}

    Parameters
    ----------
    severity
        How bad the theme is, on the scale of your choice, 0 or more.
    frequency
        How often it comes up: customers, mentions or percent of them; the same for all themes compared.
    undefined
        Taken as everywhere; this formula is defined for all inputs that it accepts.

    Returns
    -------
    float, ndarray or Series
        A number to rank themes by, 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.

    See Also
    --------
    net_sentiment, closed_loop_rate

    Notes
    -----
    Other definitions in use:

    * sum of the severity of all mentions: the same where `severity` is their mean and `frequency` their number.
    * reach x impact x confidence / effort (RICE): puts the cost of a remedy below the line.
    * topic share x (topic sentiment - overall sentiment) (LoopVOC): has a sign.

    Pitfalls:

    * Count customers rather than mentions, or one loud customer makes a theme.
    * A comment may hold several themes, so shares may add up to more than 100 %.

    References
    ----------
    .. [1] LoopVOC, "Topic Impact Score".

    Examples
    --------
    >>> theme_priority(severity=4, frequency=12)
    48.0
    """
    if ordinary[theme_priority](undefined, severity, frequency):
        return severity * frequency + 0.0
    return evaluate(theme_priority, undefined, severity, frequency)
