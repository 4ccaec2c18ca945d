"""The questions of a survey: their columns, their scales, and what an answer counts for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from csmetrics.cohorts._rows.totals import Unnamed
from csmetrics.core._answers import lowest_top, nps_cuts, rating_scale
from csmetrics.core._options import check_word, is_whole, meant
from csmetrics.errors import MetricInputError, shown

_SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
_KEYS = {"nps": ("promoters", "detractors"), "csat": ("top",), "ces": ("easy",)}  # besides column and scale
UNWEIGHTED = "csm:unweighted"  # rows whose weight is not known


@dataclass(frozen=True)
class Question:
    """One question: its column, its scale, and the answers at which its classes begin or end."""

    kind: str
    column: Any
    argument: str
    low: int
    high: int
    lowest: Any  # answer of the good class: promoters, satisfied, easy
    highest: Any  # answer of the bad class: detractors

    def answers(self, rows: Any) -> Any:
        """Read the answers."""
        return rows.answers(self.column, self.argument, self.low, self.high, whole=self.kind != "ces")

    def columns(self, rows: Any, answers: Any, weights: Any, squares: bool) -> dict[str, Any]:
        """Return the conditions to count, or the weights to add up, in the order of the result."""
        classes: dict[str, Any] = {}
        if self.kind == "nps":
            between = (answers > self.highest) & (answers < self.lowest)
            classes = {"promoters": answers >= self.lowest, "passives": between, "detractors": answers <= self.highest}
        elif self.kind == "csat":
            classes = {"satisfied": answers >= self.lowest}
        else:
            classes = {"easy": answers >= self.lowest, "difficult": answers < self.highest}
        answered = answers >= self.low
        classes |= {f"{self.kind}_responses": answered, f"{self.kind}_invited": rows.every()}
        counted, effort, others, products = classes, answers, {}, {}
        if weights is not None:
            known, effort = ~rows.missing(weights), answers * weights
            counted = {name: rows.only(flag & known, weights) for name, flag in classes.items()}
            others = {f"{UNWEIGHTED} {self.kind}": rows.only(~known, 1)}
        first = {"effort_sum": rows.only(answered, effort)} if self.kind == "ces" else {}
        if squares:
            products = {f"{name}*{name}": amounts * amounts for name, amounts in first.items()}
            products |= {} if weights is None else self._products(rows, first, classes, answered, weights)
        return first | counted | products | others

    def _products(self, rows: Any, first: Any, classes: Any, answered: Any, weights: Any) -> dict[str, Any]:
        """Return the squares of the weights by class, and the products of what else an answer adds with its weight."""
        base = f"{self.kind}_responses"
        found = {f"{name}*{base}": rows.only(answered, amounts * weights) for name, amounts in first.items()}
        for name, flag in classes.items():
            if name != f"{self.kind}_invited":
                found[f"{name}*{name}"] = rows.only(flag, weights * weights)  # an answer has a weight
                if name != base:
                    found[f"{name}*{base}"] = found[f"{name}*{name}"]
        return found


def read_questions(
    survey: Callable[..., Any], kinds: dict[str, Any], score: Any, kind: Any, scale: Any, top: Any
) -> list[Question]:
    """Read the short form, or what was given by kind."""
    given = {name: one for name, one in kinds.items() if one is not None}
    if not given:
        kind = check_word(survey.__name__, "kind", kind, tuple(_SCALES))
        form = {"column": str(score) if isinstance(score, Unnamed) else score, "scale": scale}
        return [_question(survey, kind, "score", form | ({} if top is None else {"top": top}))]
    short = {"score": not isinstance(score, Unnamed), "scale": scale is not None, "top": top is not None}
    for argument, value in short.items():
        if value:
            rule, hint = "is for the short form", f'here it is a key: {next(iter(given))}={{"column": ..., ...}}'
            raise MetricInputError(survey.__name__, argument, rule, f"got {', '.join(given)} as well", hint)
    return [_question(survey, n, n, one if isinstance(one, Mapping) else {"column": one}) for n, one in given.items()]


def _question(survey: Callable[..., Any], kind: str, argument: str, form: Mapping[str, Any]) -> Question:
    keys = ("column", "scale", *_KEYS[kind])
    for name in form:
        if name not in keys:
            rule = f"may have the keys {', '.join(keys)}"
            raise MetricInputError(survey.__name__, kind, rule, f"got {shown(name)}", meant(name, keys))
    if "column" not in form:
        hint = f'for example {kind}={{"column": "rating", "scale": {_SCALES[kind]}}}'
        raise MetricInputError(
            survey.__name__, kind, "must name its column", f"got the keys {', '.join(map(str, form))}", hint
        )
    given = form.get("scale")
    low, high = rating_scale(survey, _SCALES[kind] if given is None else given)
    middle = 0.5 * (low + high)
    lowest, highest = form.get("easy"), middle
    if kind == "nps":
        lowest, highest = nps_cuts(survey, (low, high), form.get("promoters"), form.get("detractors"))[1:]
    elif kind == "csat":
        lowest = lowest_top(survey, (low, high), form.get("top"))
    elif lowest is None:
        lowest = np.nextafter(middle, high)  # fractions just above the middle are easy, too
    elif not is_whole(lowest) or not middle < lowest <= high:
        rule = f"must be a whole number above {middle:g}, the middle of the scale, and up to {high}"
        raise MetricInputError(
            survey.__name__, "easy", rule, f"got {shown(lowest)}", "the lowest answer on the easy side"
        )
    return Question(kind, form["column"], argument, low, high, lowest, highest)
