"""`df.csm` and `s.csm`, registered on import."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from csmetrics._accessors.cohorts import EXAMPLES, Cohorts
from csmetrics.core._registry import REGISTRY, Registration

pd.api.extensions.register_dataframe_accessor("csm")(Cohorts)


@pd.api.extensions.register_series_accessor("csm")
class Answers:
    """One column of raw answers: `df["score"].csm.nps()`, `.csat()`, `.ces()`.

    Every metric of the catalogue that takes a column of answers is a method, under its name up to ``_from_``.

    Parameters
    ----------
    answers
        A Series with one answer per row; missing answers leave the base.

    Examples
    --------
    >>> import pandas as pd
    >>> pd.Series([10, 9, 7, 3, None]).csm.nps()
    25.0
    >>> pd.Series([5, 4, 4, 2]).csm.csat()
    75.0
    """

    __slots__ = ("_answers",)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., float]: ...

    def __init__(self, answers: pd.Series[Any]) -> None:
        self._answers = answers

    def __repr__(self) -> str:
        return f"<csmetrics: {len(self._answers)} answers>"


def _method(spec: Registration) -> Callable[..., float]:
    def method(self: Answers, **options: Any) -> Any:
        return spec.function(self._answers, **options)

    _, *rest = inspect.signature(spec.function).parameters.values()
    method.__name__ = spec.name.partition("_from_")[0]
    method.__qualname__ = f"Answers.{method.__name__}"
    method.__doc__ = (spec.function.__doc__ or "").partition(EXAMPLES)[0]
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    shown = [parameter.replace(annotation=parameter.empty) for parameter in rest]
    method.__signature__ = inspect.Signature([own, *shown])  # type: ignore[attr-defined]
    return method


for _registered in list(REGISTRY.values()):
    if _registered.reduces and "_from_" in _registered.name:
        _made = _method(_registered)
        setattr(Answers, _made.__name__, _made)
