"""The metrics as methods of a cohort frame and of a column of answers, made from the registry.

`methods.pyi` beside it, made from the registry as well, says the same to editors and type checkers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from csmetrics._accessors.arguments import arguments
from csmetrics.core._registry import REGISTRY, Registration, metric_words, nearest
from csmetrics.errors import shown

R = TypeVar("R")

_EXAMPLES = "    Examples\n"  # those of the function do not fit the method
_OPTION = inspect.Parameter.KEYWORD_ONLY
_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)


class CohortMetrics(Generic[R]):
    """Every metric of the catalogue as a method; `R` is what one gives: a Series, or a float for a total."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        raise _unknown(self, name, {word: repr(metric) for word, metric in metric_words().items()})


class AnswerMetrics:
    """Every metric of the catalogue that takes a column of answers, under its name up to ``_from_``."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        raise _unknown(self, name, {})


def _unknown(methods: object, name: str, words: Mapping[str, str]) -> AttributeError:
    """Make the error for a metric that does not exist."""
    own = [method for method in dir(type(methods)) if not method.startswith("_")]
    listed = "" if words else f"it has {', '.join(n for n in own if n in vars(AnswerMetrics))}"
    meant = nearest(name, {**words, **{n: repr(n) for n in own}}, listed)
    return AttributeError(f"there is no metric {shown(name)}{'' if name.startswith('_') else f'; {meant}'}")


def _on_cohorts(spec: Registration) -> Callable[..., Any]:
    """Make the method of a cohort frame for a metric: its arguments are column names (or numbers)."""

    def method(self: Any, *args: Any, **given: Any) -> Any:
        return self.compute(spec.function, *args, **given)

    places = [name for name in spec.positional if name in spec.inputs]
    parameters = [
        inspect.Parameter(name, _SELF.kind if name in places else _OPTION, default=default)
        for name, default in arguments(spec).items()
    ]
    summary, gap, rest = (spec.function.__doc__ or "").partition("\n\n")
    grain = "    On a cohort frame: inputs are columns, of the same name or named here; a number is taken as it is."
    return _named(method, "CohortMetrics", spec.name, parameters, f"{summary}{gap}{grain}{gap}{rest}")


def _on_answers(spec: Registration) -> Callable[..., Any]:
    """Make the method of a column of answers for a metric: all its arguments but the first."""

    def method(self: Any, **options: Any) -> Any:
        return spec.function(self._answers, **options)

    _, *rest = inspect.signature(spec.function).parameters.values()
    shown = [parameter.replace(annotation=parameter.empty) for parameter in rest]
    return _named(method, "AnswerMetrics", spec.name.partition("_from_")[0], shown, spec.function.__doc__ or "")


def _named(
    method: Callable[..., Any], owner: str, name: str, parameters: list[inspect.Parameter], text: str
) -> Callable[..., Any]:
    method.__name__, method.__qualname__ = name, f"{owner}.{name}"
    method.__doc__ = text.partition(_EXAMPLES)[0]
    method.__signature__ = inspect.Signature([_SELF, *parameters])  # type: ignore[attr-defined]
    return method


for _registered in list(REGISTRY.values()):
    setattr(CohortMetrics, _registered.name, _on_cohorts(_registered))
    if _registered.reduces and "_from_" in _registered.name:
        setattr(AnswerMetrics, _registered.name.partition("_from_")[0], _on_answers(_registered))
