"""What csmetrics raises. Every error carries its parts as attributes, so a service need not parse the message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar


def shown(value: Any, limit: int = 60, write: Callable[[Any], str] = repr) -> str:
    """Write a value of unknown making for an error, however large it is."""
    try:
        text = write(value)
    except Exception:  # a repr of somebody's own, or an int past the digits that Python writes
        return f"a {type(value).__name__}"
    return text if len(text) <= limit else f"{text[:limit]}..."


class CsmetricsError(Exception):
    """Base of all errors raised by csmetrics.

    Attributes
    ----------
    code : str
        A stable word for programs: ``"impossible_input"``, ``"undefined"``, ``"missing_column"``.
    metric : str
        The metric that was asked for.
    argument : str
        The argument (or arguments) that broke the rule.
    rule : str
        The rule, such as ``"must be >= 0"``.
    found : str
        What was found instead.
    hint : str
        What to do about it; may be empty.
    """

    code: ClassVar[str] = "error"

    def __init__(self, metric: str, argument: str, rule: str, found: str, hint: str = "") -> None:
        super().__init__(metric, argument, rule, found, hint)
        self.metric = metric
        self.argument = argument
        self.rule = rule
        self.found = found
        self.hint = hint

    def __str__(self) -> str:
        end = f" Hint: {self.hint}" if self.hint else ""
        return f"{self.metric}: `{self.argument}` {self.rule}; {self.found}.{end}"

    def as_dict(self) -> dict[str, Any]:
        """Give the parts as a dictionary, ready for JSON."""
        parts = ("metric", "argument", "rule", "found", "hint")
        return {"code": self.code, **{part: getattr(self, part) for part in parts}}


class CohortWarning(UserWarning):
    """A note that makes figures doubtful: the same sentence stands in ``.attrs["notes"]`` of the cohort frame."""


class MetricInputError(CsmetricsError, ValueError):
    """An input that cannot be right: a negative count, a part larger than its whole, text, infinity."""

    code = "impossible_input"


class UndefinedMetricError(CsmetricsError, ZeroDivisionError):
    """The metric has no value here (an empty denominator, no answers) and ``undefined="raise"`` was asked for."""

    code = "undefined"


class MissingColumnError(CsmetricsError, KeyError):
    """A column that the metric needs is not in the frame."""

    code = "missing_column"

    def __str__(self) -> str:
        end = f" Hint: {self.hint}" if self.hint else ""
        return f"{self.metric}: {self.rule}; {self.found}.{end}"
