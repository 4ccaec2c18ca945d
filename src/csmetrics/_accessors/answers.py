"""`df.csm` and `s.csm`, registered on import."""

from __future__ import annotations

from typing import Any

import pandas as pd

from csmetrics._accessors.cohorts import Cohorts
from csmetrics._accessors.methods import AnswerMetrics

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
