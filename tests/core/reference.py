"""Every formula of the design restated in exact fractions, with what the design says about every input.

It is written from the design and never from the code, so that the two check each other. A `Law` holds

* the signature, as the design writes it. The marks after an input are ``§`` for a stock and ``°`` for a level (else it
  is a flow), and ``%`` for 0 to 100, ``≤`` for up to 100 and maybe negative, ``~`` for any sign (else it is 0 or more);
* the unit, the better direction, the bounds of the result, and which inputs are parts of which;
* the formula, which takes Fractions and returns a Fraction, or None where the metric has no value;
* rows worked by hand. All inputs of a row are different primes of at most 113, so that they fit every integer type
  and no two wrong terms cancel;
* how the result moves when an input of the first row grows: ``+`` up, ``-`` down, ``0`` not at all, ``.`` for a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from math import inf
from typing import Any

F = Fraction
Row = tuple[dict[str, Any], Fraction | str | None]


@dataclass(frozen=True)
class Given:
    """One input: how it adds up, and its limits."""

    kind: str
    low: float
    high: float
    default: str | None
    keyword_only: bool


@dataclass(frozen=True)
class Law:
    """What the design says about one metric."""

    name: str
    inputs: dict[str, Given]
    unit: str
    better: str
    bounds: tuple[float | None, float | None]
    rules: tuple[str, ...]
    formula: Callable[..., Any]
    rows: tuple[Row, ...]
    signs: str

    def value(self, **inputs: Any) -> Any:
        """Compute with fractions; an input that is left out takes its default."""
        given = {n: inputs.get(n, said.default) for n, said in self.inputs.items()}
        options = {n: v for n, v in inputs.items() if n not in given}
        return self.formula(*map(_exact, given.values()), **options)

    def at_most(self) -> list[tuple[list[str], list[str]]]:
        """Return the rules as pairs of lists of names: the sum of the first is at most the sum of the second."""
        return [tuple(side.split(" + ") for side in rule.split(" <= ")) for rule in self.rules]  # type: ignore[misc]


def _exact(value: Any) -> Any:
    if isinstance(value, str):
        return F(value) if value.isdigit() else None if value == "None" else value
    return F(value) if isinstance(value, (int, float)) else value


LAWS: dict[str, Law] = {}


def law(
    signature: str,
    unit: str,
    better: str,
    bounds: tuple[float | None, float | None],
    formula: Callable[..., Any],
    *rows: tuple[dict[str, Any], Any],
    signs: str = "",
    rules: Sequence[str] = (),
) -> None:
    """Register the law of one metric."""
    name, inside = signature.removesuffix(")").split("(", 1)
    inputs, keyword_only = {}, False
    for text in inside.split(", "):
        if text == "*":
            keyword_only = True
            continue
        argument, marks, default = re.fullmatch(r"(\w+)([§°%≤~]*)(?:=(.*))?", text).groups()  # type: ignore[union-attr]
        kind = "stock" if "§" in marks else "level" if "°" in marks else "flow"
        low = -inf if "≤" in marks or "~" in marks else 0.0
        high = 100.0 if "≤" in marks or "%" in marks else inf
        inputs[argument] = Given(kind, low, high, default, keyword_only)
    words = unit == "band"
    worked = tuple((given, value if value is None or words else F(value)) for given, value in rows)
    LAWS[name] = Law(name, inputs, unit, better, bounds, tuple(rules), formula, worked, signs)


def over(top: Fraction, bottom: Fraction) -> Fraction | None:
    """Divide, or return None if the denominator is 0."""
    return None if bottom == 0 else top / bottom


def percent(top: Fraction, bottom: Fraction) -> Fraction | None:
    return over(100 * top, bottom)


def kept(value: Fraction | None, low: int = 0, high: int = 100) -> Fraction | None:
    return None if value is None else min(max(value, F(low)), F(high))


def power(base: Fraction, exponent: Fraction) -> Fraction:
    """Raise to a power, exactly for whole exponents and else to 60 digits."""
    if exponent.denominator == 1:
        return base ** int(exponent)
    if base == 0:
        return F(0)
    with localcontext() as context:
        context.prec = 60
        b, e = (Decimal(x.numerator) / Decimal(x.denominator) for x in (base, exponent))
        return F(b**e)


def share_law(part: str, whole: str, better: str, top: int, bottom: int) -> None:
    """Register one of the many shares; ``churn_rate(lost`` and ``start§)`` together make its signature."""
    name, _, first = part.partition("(")
    second = whole.rstrip("§)")
    row = {first.rstrip("§"): top, second: bottom}
    rule = f"{first.rstrip('§')} <= {second}"
    value = f"{100 * top}/{bottom}"
    law(f"{name}({first}, {whole}", "percent", better, (0, 100), percent, (row, value), signs="+-", rules=[rule])


# retention

share_law("churn_rate(lost", "start§)", "lower", 7, 101)
law(
    "retention_rate(end§, new, start§, *, reactivated=0)",
    "percent",
    "higher",
    (0, 100),
    lambda end, new, start, reactivated: percent(end - new - reactivated, start),
    ({"end": 89, "new": 13, "start": 101, "reactivated": 7}, "6900/101"),
    ({"end": 89, "new": 13, "start": 101}, "7600/101"),
    signs="+---",
    rules=["new + reactivated <= end", "end <= start + new + reactivated"],
)
share_law("renewal_rate(renewed", "due)", "higher", 11, 83)
share_law("reactivation_rate(reactivated", "lapsed§)", "higher", 5, 97)
law(
    "average_lifetime(churn_rate°%)",
    "periods",
    "higher",
    (1, None),
    lambda churn_rate: over(F(100), churn_rate),
    ({"churn_rate": 7}, "100/7"),
    ({"churn_rate": 100}, 1),
    signs="-",
)
law(
    "compound_churn_rate(churn_rate°%, periods°)",
    "percent",
    "lower",
    (0, 100),
    lambda churn_rate, periods: 100 * (1 - power(1 - churn_rate / 100, periods)),
    ({"churn_rate": 7, "periods": 3}, "195643/10000"),
    ({"churn_rate": 19, "periods": 0.5}, 10),
    ({"churn_rate": 100, "periods": 2}, 100),
    ({"churn_rate": 100, "periods": 0}, 0),
    signs="++",
)
law(
    "compound_retention_rate(retention_rate°, periods°)",
    "percent",
    "higher",
    (0, None),
    lambda retention_rate, periods: 100 * power(retention_rate / 100, periods),
    ({"retention_rate": 103, "periods": 3}, "1092727/10000"),
    ({"retention_rate": 97, "periods": 2}, "9409/100"),
    ({"retention_rate": 121, "periods": 0.5}, 110),
    ({"retention_rate": 0, "periods": 5}, 0),
    signs="++",
)
law(
    "customer_growth_rate(start§, end§)",
    "percent",
    "higher",
    (-100, None),
    lambda start, end: percent(end - start, start),
    ({"start": 101, "end": 89}, "-1200/101"),
    ({"start": 13, "end": 0}, -100),
    signs="-+",
)

# revenue

MONTHS = {"day": F(12, 365), "week": F(12, 52), "month": F(1), "quarter": F(3), "year": F(12)}
law(
    "mrr(amount, interval°=month, count°=1)",
    "money",
    "higher",
    (0, None),
    lambda amount, interval, count: over(amount, MONTHS[interval] * count),
    ({"amount": 89, "interval": "year", "count": 3}, "89/36"),
    ({"amount": 89, "interval": "quarter", "count": 5}, "89/15"),
    ({"amount": 89, "interval": "month", "count": 7}, "89/7"),
    ({"amount": 89, "interval": "week", "count": 7}, "1157/21"),
    ({"amount": 89, "interval": "day", "count": 7}, "32485/84"),
    ({"amount": 89}, 89),
    signs="+.-",
)
law("arr(mrr§)", "money", "higher", (0, None), lambda mrr: 12 * mrr, ({"mrr": 89}, 1068), signs="+")
law("arpa(mrr§, customers§)", "money", "higher", (0, None), over, ({"mrr": 101, "customers": 7}, "101/7"), signs="+-")
law("asp(new_mrr, new)", "money", "higher", (0, None), over, ({"new_mrr": 89, "new": 11}, "89/11"), signs="+-")
_MOVES = {"expansion_mrr": 11, "contraction_mrr": 7, "churned_mrr": 17}
law(
    "net_new_mrr(new_mrr, expansion_mrr, contraction_mrr, churned_mrr, *, reactivation_mrr=0)",
    "money",
    "higher",
    (None, None),
    lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr: (
        new_mrr + expansion_mrr + reactivation_mrr - contraction_mrr - churned_mrr
    ),
    ({"new_mrr": 11, "expansion_mrr": 13, "contraction_mrr": 31, "churned_mrr": 37, "reactivation_mrr": 7}, -37),
    ({"new_mrr": 53, "expansion_mrr": 13, "contraction_mrr": 17, "churned_mrr": 7}, 42),
    signs="++--+",
)
_LOSSES = ["contraction_mrr + churned_mrr <= start_mrr"]
law(
    "gross_revenue_churn_rate(start_mrr§, contraction_mrr, churned_mrr)",
    "percent",
    "lower",
    (0, 100),
    lambda start_mrr, contraction_mrr, churned_mrr: percent(contraction_mrr + churned_mrr, start_mrr),
    ({"start_mrr": 113, "contraction_mrr": 7, "churned_mrr": 17}, "2400/113"),
    signs="-++",
    rules=_LOSSES,
)
law(
    "net_revenue_churn_rate(start_mrr§, expansion_mrr, contraction_mrr, churned_mrr, *, reactivation_mrr=0)",
    "percent",
    "lower",
    (None, 100),
    lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr: percent(
        contraction_mrr + churned_mrr - expansion_mrr - reactivation_mrr, start_mrr
    ),
    ({"start_mrr": 113, **_MOVES, "reactivation_mrr": 3}, "1000/113"),
    ({"start_mrr": 113, **_MOVES}, "1300/113"),
    ({"start_mrr": 113, **_MOVES, "expansion_mrr": 71}, "-4700/113"),
    signs="--++-",
    rules=_LOSSES,
)
law(
    "grr(start_mrr§, contraction_mrr, churned_mrr)",
    "percent",
    "higher",
    (0, 100),
    lambda start_mrr, contraction_mrr, churned_mrr: percent(start_mrr - contraction_mrr - churned_mrr, start_mrr),
    ({"start_mrr": 113, "contraction_mrr": 7, "churned_mrr": 17}, "8900/113"),
    signs="+--",
    rules=_LOSSES,
)
law(
    "nrr(start_mrr§, expansion_mrr, contraction_mrr, churned_mrr, *, reactivation_mrr=0)",
    "percent",
    "higher",
    (0, None),
    lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr: percent(
        start_mrr + expansion_mrr + reactivation_mrr - contraction_mrr - churned_mrr, start_mrr
    ),
    ({"start_mrr": 113, **_MOVES, "reactivation_mrr": 3}, "10300/113"),
    ({"start_mrr": 113, **_MOVES}, "10000/113"),
    ({"start_mrr": 113, **_MOVES, "expansion_mrr": 71}, "16000/113"),
    signs="++--+",
    rules=_LOSSES,
)
law(
    "expansion_rate(expansion_mrr, start_mrr§)",
    "percent",
    "higher",
    (0, None),
    percent,
    ({"expansion_mrr": 11, "start_mrr": 97}, "1100/97"),
    ({"expansion_mrr": 97, "start_mrr": 11}, "9700/11"),
    signs="+-",
)
share_law("contraction_rate(contraction_mrr", "start_mrr§)", "lower", 7, 97)
law(
    "mrr_growth_rate(start_mrr§, end_mrr§)",
    "percent",
    "higher",
    (-100, None),
    lambda start_mrr, end_mrr: percent(end_mrr - start_mrr, start_mrr),
    ({"start_mrr": 101, "end_mrr": 89}, "-1200/101"),
    ({"start_mrr": 13, "end_mrr": 0}, -100),
    signs="-+",
)
law(
    "quick_ratio(new_mrr, expansion_mrr, contraction_mrr, churned_mrr, *, reactivation_mrr=0)",
    "ratio",
    "higher",
    (0, None),
    lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr: over(
        new_mrr + expansion_mrr + reactivation_mrr, contraction_mrr + churned_mrr
    ),
    ({"new_mrr": 31, **_MOVES, "reactivation_mrr": 3}, "45/24"),
    ({"new_mrr": 31, **_MOVES}, "42/24"),
    signs="++--+",
)
law(
    "earned_growth_rate(nrr°, earned_new°)",
    "percent",
    "higher",
    (-100, None),
    lambda nrr, earned_new: nrr + earned_new - 100,
    ({"nrr": 83, "earned_new": 11}, -6),
    ({"nrr": 0, "earned_new": 0}, -100),
    signs="++",
)

# value

law(
    "clv(arpa°, churn_rate°%, gross_margin°≤=100)",
    "money",
    "higher",
    (None, None),
    lambda arpa, churn_rate, gross_margin: over(arpa * gross_margin, churn_rate),
    ({"arpa": 89, "churn_rate": 7, "gross_margin": 61}, "5429/7"),
    ({"arpa": 89, "churn_rate": 7}, "8900/7"),
    ({"arpa": 89, "churn_rate": 7, "gross_margin": -31}, "-2759/7"),
    signs="+-+",
)
law(
    "historical_clv(revenue~, customers)",
    "money",
    "higher",
    (None, None),
    over,
    ({"revenue": 89, "customers": 7}, "89/7"),
    ({"revenue": -89, "customers": 7}, "-89/7"),
    signs="+.",
)
law(
    "clv_from_purchases(order_value°, purchases°, lifetime°, gross_margin°≤=100)",
    "money",
    "higher",
    (None, None),
    lambda order_value, purchases, lifetime, gross_margin: order_value * purchases * lifetime * gross_margin / 100,
    ({"order_value": 11, "purchases": 7, "lifetime": 5, "gross_margin": 61}, "4697/20"),
    ({"order_value": 11, "purchases": 7, "lifetime": 5}, 385),
    ({"order_value": 11, "purchases": 7, "lifetime": 5, "gross_margin": -31}, "-2387/20"),
    signs="++++",
)


def discounted_clv(
    margin: Fraction,
    retention_rate: Fraction,
    discount_rate: Fraction,
    first_payment: str = "now",
    horizon: int | None = None,
) -> Fraction | None:
    r, d = retention_rate / 100, discount_rate / 100
    if horizon is None:
        return over(margin * {"now": 1 + d, "next": r, "certain_next": F(1)}[first_payment], 1 + d - r)
    # the present value of each payment: the share of customers left to make it, and the interest until then
    stays = {"now": 0, "next": 1, "certain_next": 0}[first_payment]
    waits = {"now": 0, "next": 1, "certain_next": 1}[first_payment]
    return margin * sum((r ** (t + stays) / (1 + d) ** (t + waits) for t in range(horizon)), start=0)


_MARGIN = {"margin": 89, "retention_rate": 79, "discount_rate": 7}
law(
    "discounted_clv(margin°~, retention_rate°%, discount_rate°)",
    "money",
    "higher",
    (None, None),
    discounted_clv,
    (_MARGIN, "9523/28"),
    ({**_MARGIN, "first_payment": "now"}, "9523/28"),
    ({**_MARGIN, "first_payment": "next"}, "7031/28"),
    ({**_MARGIN, "first_payment": "certain_next"}, "8900/28"),
    ({**_MARGIN, "horizon": 2}, "16554/107"),
    ({**_MARGIN, "first_payment": "next", "horizon": 2}, "1307766/11449"),
    ({**_MARGIN, "first_payment": "certain_next", "horizon": 2}, "1655400/11449"),
    ({**_MARGIN, "horizon": 1}, 89),
    ({**_MARGIN, "horizon": 0}, 0),
    ({"margin": -89, "retention_rate": 100, "discount_rate": 0, "horizon": 3}, -267),
    ({"margin": 89, "retention_rate": 0, "discount_rate": 7, "first_payment": "next", "horizon": 3}, 0),
    ({"margin": 89, "retention_rate": 0, "discount_rate": 0, "horizon": 3}, 89),
    signs="++-",
)
_COST = ("money", "lower", (0, None), over)
law("cac(acquisition_cost, new)", *_COST, ({"acquisition_cost": 89, "new": 7}, "89/7"), signs="+-")
law("crc(retention_cost, retained)", *_COST, ({"retention_cost": 97, "retained": 11}, "97/11"), signs="+-")
law(
    "crc_ratio(retention_cost, revenue)",
    "percent",
    "lower",
    (0, None),
    percent,
    ({"retention_cost": 11, "revenue": 97}, "1100/97"),
    ({"retention_cost": 97, "revenue": 11}, "9700/11"),
    signs="+-",
)
law(
    "clv_to_cac(clv°~, cac°)",
    "ratio",
    "higher",
    (None, None),
    over,
    ({"clv": 97, "cac": 31}, "97/31"),
    ({"clv": -97, "cac": 31}, "-97/31"),
    signs="+-",
)
law(
    "clv_to_crc(clv°~, crc°)",
    "ratio",
    "higher",
    (None, None),
    over,
    ({"clv": 97, "crc": 13}, "97/13"),
    ({"clv": -97, "crc": 13}, "-97/13"),
    signs="+-",
)
law(
    "cac_payback(cac°, arpa°, gross_margin°≤=100)",
    "periods",
    "lower",
    (0, None),
    lambda cac, arpa, gross_margin: None if gross_margin <= 0 else over(100 * cac, arpa * gross_margin),
    ({"cac": 89, "arpa": 7, "gross_margin": 61}, "8900/427"),
    ({"cac": 89, "arpa": 7}, "89/7"),
    ({"cac": 89, "arpa": 7, "gross_margin": -61}, None),
    signs="+--",
)

# survey


def three_classes(good: Fraction, middle: Fraction, bad: Fraction) -> Fraction | None:
    return percent(good - bad, good + middle + bad)


def answered(answers: Sequence[Any], weights: Sequence[Any] | None) -> list[tuple[Fraction, Fraction]]:
    """Pair the answers that were given with their weights."""
    factors = [F(1)] * len(answers) if weights is None else [None if w is None else F(w) for w in weights]
    return [(F(a), w) for a, w in zip(answers, factors, strict=True) if a is not None]  # type: ignore[misc]


def weigh(pairs: list[tuple[Fraction, Fraction]], keep: Callable[[Fraction], bool] = lambda _: True) -> Fraction:
    return sum((w for a, w in pairs if keep(a)), start=0)


def nps_from_scores(
    scores: Sequence[Any],
    weights: Sequence[Any] | None = None,
    scale: Any = (0, 10),
    promoters: int = 9,
    detractors: int = 6,
) -> Fraction | None:
    pairs = answered(scores, weights)
    above, below = weigh(pairs, lambda a: a >= promoters), weigh(pairs, lambda a: a <= detractors)
    return percent(above - below, weigh(pairs))


def csat_from_ratings(
    ratings: Sequence[Any], weights: Sequence[Any] | None = None, scale: Any = (1, 5), top: int | None = None
) -> Fraction | None:
    pairs = answered(ratings, weights)
    points = scale[1] - scale[0] + 1
    highest = [scale[1] - i for i in range(top or (1 if points < 4 else 2))]
    return percent(weigh(pairs, lambda a: a in highest), weigh(pairs))


def mean_of_answers(ratings: Sequence[Any], scale: Any = None) -> Fraction | None:
    given = [F(r) for r in ratings if r is not None]
    return over(sum(given, start=0), F(len(given)))


law(
    "nps(promoters, passives, detractors)",
    "points",
    "higher",
    (-100, 100),
    three_classes,
    ({"promoters": 11, "passives": 13, "detractors": 37}, "-2600/61"),
    ({"promoters": 37, "passives": 13, "detractors": 11}, "2600/61"),
    signs="++-",  # the score is negative: each passive moves it towards 0
)
_SCORES = [10, 9, 8, 7, 6, 6, 1, None]
_WEIGHTS = [2, 3, 5, 7, 11, 13, 17, 19]
law(
    "nps_from_scores(scores~, *, weights=None)",
    "points",
    "higher",
    (-100, 100),
    nps_from_scores,
    ({"scores": _SCORES}, "-100/7"),
    ({"scores": [*_SCORES, 0]}, "-200/8"),
    ({"scores": _SCORES, "scale": (1, 10)}, "-100/7"),
    ({"scores": _SCORES, "weights": _WEIGHTS}, "-3600/58"),
    ({"scores": [5, 5, 4, 3, 1], "scale": (1, 5), "promoters": 5, "detractors": 3}, 0),
    ({"scores": [5, 5, 4, 3, 4], "scale": (1, 5), "promoters": 5, "detractors": 3}, 20),
    ({"scores": [7, 8, 8]}, 0),
    ({"scores": [5, 9]}, 0),
    ({"scores": [None, None]}, None),
    ({"scores": []}, None),
    ({"scores": [9, 3], "weights": [0, 0]}, None),
)
share_law("csat(satisfied", "responses)", "higher", 37, 53)
_RATINGS = [5, 4, 3, 4, 1, 2, 3, None]
law(
    "csat_from_ratings(ratings~, *, weights=None)",
    "percent",
    "higher",
    (0, 100),
    csat_from_ratings,
    ({"ratings": _RATINGS}, "300/7"),
    ({"ratings": [1, 2, 3]}, 0),
    ({"ratings": _RATINGS, "top": 1}, "100/7"),
    ({"ratings": _RATINGS, "top": 3}, "500/7"),
    ({"ratings": _RATINGS, "weights": _WEIGHTS}, "1200/58"),
    ({"ratings": [10, 9, 8, 7, 1], "scale": (1, 10)}, 40),
    ({"ratings": [3] * 7 + [2] + [1] * 2, "scale": (1, 3)}, 70),
    ({"ratings": [4, 3, 2, 1], "scale": (1, 4)}, 50),
    ({"ratings": [None]}, None),
)
law(
    "csat_mean_from_ratings(ratings~)",
    "rating",
    "higher",
    (None, None),
    mean_of_answers,
    ({"ratings": [5, 4, 4, 3, 1, None, 2.5]}, "13/4"),
    ({"ratings": [-2, -1], "scale": (-2, 2)}, "-3/2"),
    ({"ratings": []}, None),
)
law(
    "ces(effort_sum, responses)",
    "rating",
    "higher",
    (0, None),
    over,
    ({"effort_sum": 89, "responses": 23}, "89/23"),
    signs="+-",
)
law(
    "ces_from_ratings(ratings~)",
    "rating",
    "higher",
    (None, None),
    mean_of_answers,
    ({"ratings": [7, 5, 2, None]}, "14/3"),
    ({"ratings": [None]}, None),
)
share_law("ces_top_box(easy", "responses)", "higher", 17, 41)
law(
    "net_easy_score(easy, difficult, responses)",
    "points",
    "higher",
    (-100, 100),
    lambda easy, difficult, responses: percent(easy - difficult, responses),
    ({"easy": 17, "difficult": 23, "responses": 53}, "-600/53"),
    ({"easy": 23, "difficult": 17, "responses": 53}, "600/53"),
    signs="+-+",
    rules=["easy + difficult <= responses"],
)
share_law("response_rate(responses", "invited)", "higher", 29, 101)
share_law("closed_loop_rate(followed_up", "due)", "higher", 19, 43)
law(
    "net_sentiment(positive, neutral, negative)",
    "points",
    "higher",
    (-100, 100),
    three_classes,
    ({"positive": 13, "neutral": 17, "negative": 29}, "-1600/59"),
    ({"positive": 29, "neutral": 17, "negative": 13}, "1600/59"),
    signs="++-",
)
law(
    "theme_priority(severity°, frequency)",
    "number",
    "neither",
    (0, None),
    lambda severity, frequency: severity * frequency,
    ({"severity": 11, "frequency": 13}, 143),
    signs="++",
)

# support

share_law("fcr(resolved_first_contact", "contacts)", "higher", 31, 47)
_TIME = ("time", "lower", (0, None), over)
law(
    "first_response_time(response_time, responded)",
    *_TIME,
    ({"response_time": 101, "responded": 13}, "101/13"),
    signs="+-",
)
law(
    "resolution_time(resolution_time_sum, resolved)",
    *_TIME,
    ({"resolution_time_sum": 103, "resolved": 17}, "103/17"),
    signs="+-",
)
law(
    "average_handle_time(talk_time, hold_time, wrap_time, contacts)",
    "time",
    "lower",
    (0, None),
    lambda talk_time, hold_time, wrap_time, contacts: over(talk_time + hold_time + wrap_time, contacts),
    ({"talk_time": 31, "hold_time": 7, "wrap_time": 17, "contacts": 13}, "55/13"),
    signs="+++-",
)
share_law("reopen_rate(reopened", "resolved)", "lower", 5, 43)
share_law("escalation_rate(escalated", "tickets)", "lower", 7, 59)
share_law("sla_attainment(met", "measured)", "higher", 53, 61)
law(
    "self_service_rate(self_served, assisted)",
    "percent",
    "higher",
    (0, 100),
    lambda self_served, assisted: percent(self_served, self_served + assisted),
    ({"self_served": 31, "assisted": 23}, "3100/54"),
    ({"self_served": 7, "assisted": 0}, 100),
    signs="+-",
)
law(
    "contact_rate(tickets, customers§)",
    "percent",
    "lower",
    (0, None),
    percent,
    ({"tickets": 103, "customers": 29}, "10300/29"),
    signs="+-",
)
law("cost_per_ticket(support_cost, tickets)", *_COST, ({"support_cost": 109, "tickets": 19}, "109/19"), signs="+-")
share_law("repeat_contact_rate(repeat_contacts", "contacts)", "lower", 13, 47)
law(
    "ticket_backlog(backlog_start§, received, reopened, resolved, *, cancelled=0)",
    "count",
    "lower",
    (0, None),
    lambda backlog_start, received, reopened, resolved, cancelled: (
        backlog_start + received + reopened - resolved - cancelled
    ),
    ({"backlog_start": 41, "received": 31, "reopened": 7, "resolved": 53, "cancelled": 11}, 15),
    ({"backlog_start": 41, "received": 31, "reopened": 7, "resolved": 53}, 26),
    signs="+++--",
    rules=["resolved + cancelled <= backlog_start + received + reopened"],
)

# adoption

share_law("adoption_rate(adopters", "eligible)", "higher", 17, 71)
share_law("feature_adoption_rate(features_used", "features_available)", "higher", 5, 13)
share_law("activation_rate(activated", "signups)", "higher", 23, 67)
law(
    "license_utilization(seats_used§, seats_licensed§)",
    "percent",
    "higher",
    (0, None),
    percent,
    ({"seats_used": 113, "seats_licensed": 97}, "11300/97"),
    signs="+-",
)

# activity

share_law("active_rate(active§", "total§)", "higher", 61, 89)
share_law("stickiness(dau§", "mau§)", "higher", 19, 73)
law(
    "lifecycle_quick_ratio(new_users, resurrected, dormant)",
    "ratio",
    "higher",
    (0, None),
    lambda new_users, resurrected, dormant: over(new_users + resurrected, dormant),
    ({"new_users": 17, "resurrected": 11, "dormant": 31}, "28/31"),
    signs="++-",
)


def engagement_score(counts: Any, weights: Any) -> Fraction | None:
    names = list(weights) if isinstance(weights, dict) else range(len(weights))
    if any(counts[n] is None for n in names):
        return None
    return sum((F(counts[n]) * F(weights[n]) for n in names), start=0)


law(
    "engagement_score(counts, weights°~)",
    "points",
    "higher",
    (None, None),
    engagement_score,
    ({"counts": [3, 5, 11], "weights": [7, -2, 13]}, 154),
    ({"counts": {"a": 3, "b": 5}, "weights": {"b": -2, "a": 7}}, 11),
    ({"counts": [3, None, 11], "weights": [7, -2, 13]}, None),
)
share_law("repeat_purchase_rate(repeat_customers", "customers)", "higher", 29, 83)
share_law("conversion_rate(converted", "entered)", "higher", 31, 89)

# onboarding

share_law("onboarding_completion_rate(completed", "started)", "higher", 37, 59)


def days(start: datetime | None, end: datetime | None) -> Fraction | None:
    if start is None or end is None:
        return None
    return F((end - start) // timedelta(microseconds=1), 86_400 * 10**6)


def median_ttv(started_at: Sequence[Any], value_at: Sequence[Any], as_of: datetime) -> Fraction | None:
    """Compute the Kaplan-Meier median, one day of value after the other."""
    if as_of == datetime(as_of.year, as_of.month, as_of.day):
        as_of += timedelta(days=1) - timedelta(microseconds=1)
    known = []  # days until value or until the end of observation, and which of the two
    for start, value in zip(started_at, value_at, strict=True):
        if start is not None:
            there = value is not None and value <= as_of
            known.append((days(start, value if there else as_of), there))
    waiting = F(1)
    for day in sorted({d for d, there in known if there}):  # type: ignore[type-var]
        at_risk = [d for d, _ in known if d >= day]  # type: ignore[operator]
        waiting *= 1 - F(sum(d == day and there for d, there in known), len(at_risk))
        if waiting <= F(1, 2):
            return day
    return None


_START, _LATER = datetime(2026, 2, 27, 12), datetime(2026, 3, 2, 18)
_ORDER = "started_at <= value_at"
law(
    "ttv(started_at°~, value_at°~)",
    "days",
    "lower",
    (0, None),
    days,
    ({"started_at": _START, "value_at": _LATER}, "13/4"),
    ({"started_at": _START, "value_at": None}, None),
    rules=[_ORDER],
)
_DAYS = [datetime(2026, 1, d) for d in (1, 2, 3, 5, 7, 11, 13)]
law(
    "median_ttv(started_at°~, value_at°~)",
    "days",
    "lower",
    (0, None),
    median_ttv,
    # S = 2/3 after 1 day, 1/3 after 9
    ({"started_at": _DAYS[:3], "value_at": [_DAYS[1], _DAYS[5], None], "as_of": _DAYS[6]}, 9),
    # the customer observed for one day is no longer at risk on day 2: S = 1/2 after 2 days
    (
        {"started_at": [*_DAYS[:2], _DAYS[6]], "value_at": [_DAYS[2], None, None], "as_of": datetime(2026, 1, 13, 23)},
        2,
    ),
    # a value after the data's end has not happened yet
    ({"started_at": _DAYS[:2], "value_at": [_DAYS[5], _DAYS[6]], "as_of": _DAYS[4]}, None),
    # a value at the very end of the data has happened
    ({"started_at": [_DAYS[0]], "value_at": [_START], "as_of": _START}, "115/2"),
    # midnight means the whole day: a value at noon of that day counts
    ({"started_at": [_DAYS[0]], "value_at": [datetime(2026, 1, 5, 12)], "as_of": _DAYS[3]}, "9/2"),
    ({"started_at": [None], "value_at": [_DAYS[0]], "as_of": _DAYS[6]}, None),
    rules=[_ORDER],
)
law(
    "onboarding_time(started_at°~, completed_at°~)",
    "days",
    "lower",
    (0, None),
    days,
    ({"started_at": _START, "completed_at": _LATER}, "13/4"),
    ({"started_at": None, "completed_at": _LATER}, None),
    rules=["started_at <= completed_at"],
)
law(
    "tutorials_per_customer(tutorial_visits, customers)",
    "ratio",
    "higher",
    (0, None),
    over,
    ({"tutorial_visits": 97, "customers": 13}, "97/13"),
    signs="+-",
)
law(
    "goal_attainment(current°~, target°~, baseline°~=0)",
    "percent",
    "higher",
    (0, 100),
    lambda current, target, baseline: kept(percent(current - baseline, target - baseline)),
    ({"current": 37, "target": 23, "baseline": 53}, "1600/30"),
    ({"current": 37, "target": 53, "baseline": 23}, "1400/30"),
    ({"current": 7, "target": 53}, "700/53"),
    ({"current": 53, "target": 23, "baseline": 53}, 0),
    ({"current": 61, "target": 53, "baseline": 23}, 100),
    ({"current": 61, "target": 23, "baseline": 53}, 0),
    ({"current": -7, "target": 11, "baseline": -23}, "1600/34"),
    signs="-++",
)
share_law("value_realization_rate(realized", "customers)", "higher", 41, 79)

# advocacy

share_law("referral_rate(referrers", "customers)", "higher", 13, 89)
share_law("referral_share(referred_new", "new)", "higher", 7, 31)
share_law("referral_conversion_rate(converted", "referrals)", "higher", 5, 43)
law(
    "viral_coefficient(invites_per_customer°, conversion_rate°%)",
    "ratio",
    "higher",
    (0, None),
    lambda invites_per_customer, conversion_rate: invites_per_customer * conversion_rate / 100,
    ({"invites_per_customer": 7, "conversion_rate": 13}, "91/100"),
    signs="++",
)

# health


def health_score(scores: Any, weights: Any) -> Fraction | None:
    names = list(weights) if isinstance(weights, dict) else range(len(weights))
    value = scores.get if isinstance(scores, dict) else scores.__getitem__
    there = [(F(value(n)), F(weights[n])) for n in names if value(n) is not None]
    return over(sum((s * w for s, w in there), start=0), sum((w for _, w in there), start=F(0)))


def normalize_score(value: Fraction, low: Fraction, high: Fraction, better: str = "high") -> Fraction | None:
    points = kept(percent(value - low, high - low))
    return points if points is None or better == "high" else 100 - points


def health_band(score: Fraction, red: Fraction, yellow: Fraction) -> str:
    return "red" if score <= red else "yellow" if score <= yellow else "green"


law(
    "health_score(scores°%, weights°)",
    "points",
    "higher",
    (0, 100),
    health_score,
    ({"scores": [47, 59, 31], "weights": [2, 3, 5]}, "213/5"),
    ({"scores": [47, None, 31], "weights": [2, 3, 5]}, "249/7"),
    ({"scores": {"a": 47, "b": 31}, "weights": {"b": 5, "c": 3, "a": 2}}, "249/7"),
    ({"scores": [None, 59], "weights": [2, 0]}, None),
)
law(
    "normalize_score(value°~, low°~, high°~)",
    "points",
    "higher",
    (0, 100),
    normalize_score,
    ({"value": 37, "low": 11, "high": 97}, "2600/86"),
    ({"value": 37, "low": 11, "high": 97, "better": "low"}, "6000/86"),
    ({"value": 101, "low": 11, "high": 97}, 100),
    ({"value": 101, "low": 11, "high": 97, "better": "low"}, 0),
    ({"value": 7, "low": 11, "high": 97}, 0),
    ({"value": 7, "low": 11, "high": 97, "better": "low"}, 100),
    ({"value": -7, "low": -23, "high": 11}, "1600/34"),
    signs="+--",
    rules=["low <= high"],
)
law(
    "health_band(score°%, red°%=50, yellow°%=75)",
    "band",
    "neither",
    (None, None),
    health_band,
    ({"score": 47, "red": 47, "yellow": 61}, "red"),
    ({"score": 59, "red": 47, "yellow": 59}, "yellow"),
    ({"score": 61, "red": 47, "yellow": 59}, "green"),
    ({"score": 50}, "red"),
    ({"score": 50.5}, "yellow"),
    ({"score": 75}, "yellow"),
    ({"score": 75.5}, "green"),
    rules=["red <= yellow"],
)
share_law("at_risk_rate(at_risk", "customers§)", "lower", 11, 73)
