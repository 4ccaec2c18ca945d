"""`df.csm` and `s.csm`, registered on import."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from csmetrics._accessors.cohorts import Cohorts
from csmetrics._accessors.methods import AnswerMetrics

if TYPE_CHECKING:
    from csmetrics._statistics.results import Interval

pd.api.extensions.register_dataframe_accessor("csm")(Cohorts)


@pd.api.extensions.register_series_accessor("csm")
class Answers(AnswerMetrics):
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

    def __init__(self, answers: pd.Series[Any]) -> None:
        self._answers = answers

    def __repr__(self) -> str:
        return f"<csmetrics: {len(self._answers)} answers>"

    def interval(
        self,
        metric: Callable[..., Any] | str,
        /,
        *,
        confidence: float = 95,
        method: str | None = None,
        customer: Any = None,
        population: float | None = None,
        resamples: int = 10_000,
        rng: Any = None,
        **options: Any,
    ) -> Interval:
        """Compute a metric of the answers and how sure it is: ``df["score"].csm.interval("nps")``.

        Parameters
        ----------
        metric
            A metric that takes a column of answers, or its name.
        confidence, method, population, resamples, rng
            As `csmetrics.interval` takes them.
        customer
            The customer who gave each answer, as long as the answers: those of one customer are one unit.
        **options
            The metric's options, such as `scale` and `weights`.

        Returns
        -------
        Interval
            The figure, its limits, and what a reader should know.

        Raises
        ------
        MetricInputError
            If an answer cannot be right, or the metric takes no column of answers or has no interval.

        Examples
        --------
        >>> import pandas as pd
        >>> scores = pd.Series([10, 9, 9, 8, 7, 10, 3, 9])
        >>> print(scores.csm.interval("nps"))
        nps_from_scores 50 points, 95 % interval [-7.45, 80.17] (adjusted-wald, n = 8)
        Note: those who did not answer are not in it
        Note: fewer than 30 units stand behind it: read it with care
        """
        from csmetrics._statistics.interval import interval

        found: Interval = interval(
            metric,
            self._answers,
            confidence=confidence,
            method=method,
            customer=customer,
            population=population,
            resamples=resamples,
            rng=rng,
            **options,
        )
        return found
