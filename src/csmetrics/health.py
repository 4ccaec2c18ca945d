"""A customer health score as a company defines it: components, weights, bands."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from csmetrics._frames import engines
from csmetrics._frames.columns import column as find
from csmetrics._frames.columns import guess
from csmetrics.core._door import plot_of
from csmetrics.core._numeric import TOLERANCE
from csmetrics.core._types import Column
from csmetrics.core.health import contributions, health_band, health_score, normalize_score
from csmetrics.errors import MetricInputError, MissingColumnError

_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Component(_Strict):
    """One component of a health score: its weight, and the values between which it goes from 0 to 100 points.

    Attributes
    ----------
    weight
        Weight of the component, 0 or more; the weights need not sum to 1.
    low, high
        The ends of the component's scale, as in `normalize_score`. Beyond them, points stay at 0 or 100.
    better
        Which end of the scale is good: ``"high"`` for usage, ``"low"`` for tickets.
    """

    weight: Annotated[float, Field(ge=0, le=1e150, allow_inf_nan=False)]
    low: _Finite = 0.0
    high: _Finite = 100.0
    better: Literal["high", "low"] = "high"

    @model_validator(mode="after")
    def _low_below_high(self) -> Self:
        if not self.low < self.high:
            raise ValueError("low must be below high; where less is better, set better='low'")
        return self


class Bands(_Strict):
    """The limits of the bands: the highest score that is red, and the highest that is yellow.

    A pair such as (50, 75) works too.

    Attributes
    ----------
    red
        Highest score in the red band, 0 to 100.
    yellow
        Highest score in the yellow band, 0 to 100; scores above it are green.
    """

    red: _Points = 50.0
    yellow: _Points = 75.0

    @model_validator(mode="before")
    @classmethod
    def _pair(cls, given: Any) -> Any:
        if isinstance(given, (tuple, list)) and len(given) == 2:
            return dict(zip(("red", "yellow"), given, strict=True))
        return given

    @model_validator(mode="after")
    def _red_below_yellow(self) -> Self:
        if self.red > self.yellow:
            raise ValueError("red must be <= yellow: red ends where yellow begins")
        return self


class HealthScore(_Strict):
    """A customer health score made of weighted components, each measured in a column of its own.

    Attributes
    ----------
    components
        A `Component`, or a dict of its fields, for each column name.
    bands
        The highest red and the highest yellow score, 50 and 75 by default.
    min_coverage
        Percent of the total weight for which a customer needs values. A customer below it gets no score.

    Examples
    --------
    >>> import pandas as pd
    >>> health = HealthScore(
    ...     components={
    ...         "usage": {"weight": 50},
    ...         "nps": {"weight": 20, "low": -100},
    ...         "tickets": {"weight": 30, "high": 10, "better": "low"},
    ...     },
    ...     min_coverage=60,
    ... )
    >>> customers = pd.DataFrame(
    ...     {"usage": [70, 20, None], "nps": [40, None, 10], "tickets": [3, 9, None]}, index=["a", "b", "c"]
    ... )
    >>> health.score(customers)[["score", "band", "coverage"]]
       score    band  coverage
    a  70.00  yellow     100.0
    b  16.25     red      80.0
    c    NaN    None      20.0
    """

    components: Annotated[dict[str, Component], Field(min_length=1)]
    bands: Bands = Bands()
    min_coverage: _Points = 0.0

    @model_validator(mode="after")
    def _some_weight(self) -> Self:
        if not any(component.weight for component in self.components.values()):
            raise ValueError("at least one component must have a weight above 0")
        return self

    def score(self, frame: Any) -> pd.DataFrame:
        """Score every customer of a frame.

        Parameters
        ----------
        frame
            One row per customer and one column per component, named as in `components`: a DataFrame of pandas, or of
            Polars, PyArrow, DuckDB, Dask, PySpark, Ibis. Other columns of pandas are ignored; those of another engine,
            such as the customer's id, become the index of the result.

        Returns
        -------
        DataFrame
            One row per customer, with the index of `frame`: ``score`` (0 to 100 points), ``band`` ("red", "yellow" or
            "green"), ``coverage`` (percent of the total weight for which the customer has values) and, for each
            component, ``contribution_<name>``: the points it adds. The contributions sum to the score. A component
            without a value has the contribution NaN, and the score is the weighted mean of the others. Below
            `min_coverage`, score, band and contributions are missing.

        Raises
        ------
        MissingColumnError
            If the frame has no column for a component.
        MetricInputError
            If a column holds infinities, or values that are not numbers.
        """
        if not isinstance(frame, pd.DataFrame):
            frame = engines.collect(engines.lazy(frame, "HealthScore", "frame"))
            others = [name for name in frame if name not in self.components]
            frame = frame.set_index(others) if others else frame
        weights = {name: component.weight for name, component in self.components.items()}
        scores = {name: self._points(frame, name) for name in self.components}
        coverage = health_score({name: 100.0 * points.notna() for name, points in scores.items()}, weights)
        enough = coverage >= self.min_coverage * (1 - TOLERANCE)
        score = health_score(scores, weights).where(enough)
        columns = {"score": score, "band": health_band(score, self.bands.red, self.bands.yellow), "coverage": coverage}
        parts = {f"contribution_{name}": part.where(enough) for name, part in contributions(scores, weights).items()}
        return pd.DataFrame(columns | parts, index=frame.index)

    def plot(self, scores: pd.DataFrame, churned: Any = None, **options: Any) -> Any:
        """Draw how many customers are in each band; with `churned`, the churn rate of each band and its interval.

        Parameters
        ----------
        scores
            The result of `score`.
        churned
            For each customer of `scores`, whether it left afterwards: booleans, or the name of a column.
        **options
            As `csmetrics.plotting.health` takes them: `confidence`, `ax`.

        Returns
        -------
        Axes
            The Axes drawn on.

        Raises
        ------
        MissingColumnError
            If `scores` has no column ``band``.
        MetricInputError
            If `churned` is not as long as `scores`.
        ImportError
            If matplotlib is not installed.
        """
        return plot_of("health")(scores, churned, **options)

    def _points(self, frame: pd.DataFrame, name: str) -> Column:
        try:
            column = find(frame, name, "HealthScore", name)
        except MissingColumnError as error:
            near = guess(frame, name, name) or "its name here"
            error.hint = f"rename the column that holds it: frame.rename(columns={{{near!r}: {name!r}}})"
            raise
        component = self.components[name]
        try:
            return normalize_score(column, component.low, component.high, better=component.better)
        except MetricInputError as wrong:
            raise MetricInputError("HealthScore", name, wrong.rule, wrong.found, wrong.hint) from None
