"""The errors that csmetrics raises. Each carries its parts as attributes, so that a service need not parse text."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import islice
from typing import Any, ClassVar, Final, TypeVar

_Raised = TypeVar("_Raised", bound=BaseException)
_OURS: Final = ("csmetrics", "pytest_csmetrics")


def shown(value: Any, limit: int = 60, write: Callable[[Any], str] = repr) -> str:
    """Return the text of any value for an error message, cut off at `limit` characters."""
    if type(value) in (list, tuple):
        value = value[:limit]  # more of them is not shown, and may take long to write
    elif type(value) is dict:
        value = dict(islice(value.items(), limit))
    try:
        text = write(value)
    except Exception:  # a broken repr, or an int with more digits than Python writes
        return f"a {type(value).__name__}"
    return text if len(text) <= limit else f"{text[:limit]}..."


def from_outside(error: _Raised) -> _Raised:
    """Make pytest and IPython show an error at the line that called csmetrics, without the frames inside it.

    Both leave out frames with a local variable ``__tracebackhide__``. What is raised gets its traceback on the way out
    through the callers of this function, so these are marked now; a call that raises nothing costs nothing. With
    ``pytest --full-trace`` every frame is shown.
    """
    frame = sys._getframe(1)
    while frame is not None:
        ours = str(frame.f_globals.get("__name__")).partition(".")[0] in _OURS
        if ours and frame.f_locals is not frame.f_globals:
            frame.f_locals["__tracebackhide__"] = True
        frame = frame.f_back  # type: ignore[assignment]
    return error


class CsmetricsError(Exception):
    """Base class of all errors that csmetrics raises.

    Attributes
    ----------
    code : str
        A stable word for programs: ``"impossible_input"``, ``"undefined"``, ``"missing_column"``.
    metric : str
        The metric that was to be computed.
    argument : str
        The argument (or arguments) that broke the rule.
    rule : str
        The rule, such as ``"must be >= 0"``.
    found : str
        What was found instead.
    hint : str
        How to fix it; may be empty.
    """

    code: ClassVar[str] = "error"

    def __init__(self, metric: str, argument: str, rule: str, found: str, hint: str = "") -> None:
        super().__init__(metric, argument, rule, found, hint)
        self.metric = metric
        self.argument = argument
        self.rule = rule
        self.found = found
        self.hint = hint
        from_outside(self)

    def __str__(self) -> str:
        end = f" Hint: {self.hint}" if self.hint else ""
        return f"{self.metric}: `{self.argument}` {self.rule}; {self.found}.{end}"

    def as_dict(self) -> dict[str, Any]:
        """Return the parts of the error as a dictionary, ready for JSON."""
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
