"""A customer health score as a company defines it: components, weights, bands."""

from __future__ import annotations

from math import isnan
from typing import Annotated, Any, Literal, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from csmetrics._frames import engines
from csmetrics._frames.columns import column as find
from csmetrics._frames.columns import guess
from csmetrics.core._door import plot_of
from csmetrics.core._kinds import array
from csmetrics.core._numeric import places, show
from csmetrics.core._registry import NUMBER
from csmetrics.core._types import Array
from csmetrics.core.health import Scale, health_band, scored
from csmetrics.errors import MetricInputError, MissingColumnError, shown
from csmetrics.health.backtest import Backtest, few_of, held_against
from csmetrics.health.weights import SuggestedWeights, better_weights

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
    _tested: tuple[dict[str, Any], str] | None = PrivateAttr(default=None)

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
            frame = _collected(frame)
            others = [name for name in frame if name not in self.components]
            frame = frame.set_index(others) if others else frame
        score, coverage, parts = scored(self._columns(frame), self._scales(), self.min_coverage)
        band = pd.Series(
            health_band(score, self.bands.red, self.bands.yellow), index=frame.index, dtype=object, copy=False
        )
        columns: dict[str, Any] = {"score": score, "band": band, "coverage": coverage}
        columns |= {f"contribution_{name}": part for name, part in zip(self.components, parts, strict=True)}
        return pd.DataFrame(columns, index=frame.index, copy=False)

    def backtest(
        self,
        frame: Any,
        churned: Any,
        *,
        bands: Bands | tuple[float, float] | None = None,
        customer: Any = None,
        scored_at: Any = None,
        churned_at: Any = None,
        confidence: float = 95,
        method: Literal["delong-logit", "delong"] = "delong-logit",
    ) -> Backtest:
        """Hold the score against who left.

        Parameters
        ----------
        frame
            One row per customer, as `score` takes it, with the values as they were some time **before** it was known
            who would leave: 60 to 90 days are usual.
        churned
            Who left afterwards: a column of the frame, or one value per row (True or 1).
        bands
            The highest red and the highest yellow score, where they are not the configured ones.
        customer
            The column of customers, which may stand in one row each; by default the index.
        scored_at, churned_at
            When the values were taken and when customers left: a column, or one date for all. Where customers had left
            when the values were taken, a warning says so.
        confidence
            Percent, from 50 to below 100.
        method
            How the limits of the AUC are made: "delong-logit" keeps them between 0 and 1, "delong" is plain.

        Returns
        -------
        Backtest
            AUC, lift, missed churn, false alarms, churn by band and by tenths of the score, each with its interval, and
            a verdict in words. Customers without a score are left out, with a note.

        Raises
        ------
        MissingColumnError
            If the frame has no such column.
        MetricInputError
            If a customer has several rows, an outcome is missing or neither yes nor no, or a value is not a date.

        Notes
        -----
        From then on the repr of this score says how it did, in place of "unvalidated".

        Examples
        --------
        >>> import numpy as np
        >>> import pandas as pd
        >>> import csmetrics as csm
        >>> rng = np.random.default_rng(1)
        >>> customers = pd.DataFrame({"usage": rng.uniform(0, 100, 400)})
        >>> left = rng.uniform(0, 130, 400) > customers["usage"] + 20
        >>> health = csm.HealthScore(components={"usage": {"weight": 1}})
        >>> found = health.backtest(customers, left)
        >>> found.auc.low > 0.5
        True
        >>> health  # doctest: +ELLIPSIS
        HealthScore(...) [back-tested: AUC 0.76 [0.71, 0.81]]
        """
        frame = frame if isinstance(frame, pd.DataFrame) else _collected(frame)
        try:
            limits = self.bands if bands is None else Bands.model_validate(bands)
        except ValidationError as wrong:
            rule = "must be the highest red and the highest yellow score, such as (50, 75)"
            raise MetricInputError("HealthScore.backtest", "bands", rule, f"got {shown(bands)}") from wrong
        score, _, _ = scored(self._columns(frame), self._scales(), self.min_coverage, contributions=False)
        edges = float(limits.red), float(limits.yellow)
        dates = scored_at, churned_at
        found = held_against(score, frame, churned, edges, customer, dates, confidence, method)
        self._tested = (self.model_dump(), _said(found))
        return found

    def suggest_weights(
        self, frame: Any, churned: Any, *, time: Any, customer: Any = None, confidence: float = 95
    ) -> SuggestedWeights:
        """Look for weights that tell better who leaves, and say what they are worth on customers not used for it.

        Parameters
        ----------
        frame, churned
            As `backtest` takes them.
        time
            When each customer was scored, a column of dates: the weights are found on the earlier half and tested on
            the later one, as they would be used.
        customer
            As `backtest` takes it.
        confidence
            Percent, from 50 to below 100.

        Returns
        -------
        SuggestedWeights
            The weights, only where they beat equal weights on the later half by more than chance; and the AUC of both
            there.

        Raises
        ------
        MissingColumnError
            If the frame has no such column.
        MetricInputError
            If there is one component only, one half has fewer than ten customers who left or stayed, or as `backtest`.

        Notes
        -----
        Weights that were found on the same customers on which they are tested look better than they are. With few
        customers who left, equal weights are hard to beat.

        Examples
        --------
        >>> import numpy as np
        >>> import pandas as pd
        >>> import csmetrics as csm
        >>> rng = np.random.default_rng(1)
        >>> table = pd.DataFrame({"usage": rng.uniform(0, 100, 2000), "nps": rng.uniform(0, 100, 2000)})
        >>> table["left"] = rng.uniform(0, 130, 2000) > table["usage"] + 20
        >>> table["day"] = pd.date_range("2026-01-01", periods=2000, freq="h")
        >>> health = csm.HealthScore(components={"usage": {"weight": 50}, "nps": {"weight": 50}})
        >>> found = health.suggest_weights(table, "left", time="day")
        >>> found.suggested, found.weights["usage"] > 90
        (True, True)
        """
        frame = frame if isinstance(frame, pd.DataFrame) else _collected(frame)
        if len(self.components) < 2:
            rule = "must have two components or more"
            raise MetricInputError("HealthScore.suggest_weights", "components", rule, f"got {len(self.components)}")
        names = list(self.components)
        return better_weights(names, self._columns(frame), self._scales(), frame, churned, time, customer, confidence)

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

    def __repr__(self) -> str:
        told = self._tested[1] if self._tested and self._tested[0] == self.model_dump() else "unvalidated"
        return f"{super().__repr__()} [{told}]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HealthScore) and self.model_dump() == other.model_dump()

    def _columns(self, frame: pd.DataFrame) -> list[Array]:
        return [self._values(frame, name) for name in self.components]

    def _scales(self) -> list[Scale]:
        return [Scale(c.weight, c.low, c.high, c.better == "low") for c in self.components.values()]

    def _values(self, frame: pd.DataFrame, name: str) -> Array:
        """Return the values of a component; refuse what are no finite numbers."""
        try:
            column = find(frame, name, "HealthScore", name)
        except MissingColumnError as error:
            near = guess(frame, name, name) or "its name here"
            error.hint = f"rename the column that holds it: frame.rename(columns={{{near!r}: {name!r}}})"
            raise
        values: Array = array("HealthScore", name, column, NUMBER).astype(np.float64, copy=False)
        infinite = np.isinf(values)
        if infinite.any():
            first = int(infinite.argmax())
            found = places(int(infinite.sum()), values.size, first, show(float(values[first])))
            raise MetricInputError("HealthScore", name, "must be finite", found)
        return values


def _collected(frame: Any) -> pd.DataFrame:
    found: pd.DataFrame = engines.collect(engines.lazy(frame, "HealthScore", "frame"))
    return found


def _said(found: Backtest) -> str:
    """Say in a few words how a score did."""
    if few_of(found.churned, found.customers):
        return f"back-tested: too few to tell, {found.churned} of {found.customers} left"
    auc = found.auc
    limits = "" if isnan(auc.low) else f" [{auc.low:.2f}, {auc.high:.2f}]"
    return f"back-tested: AUC {auc.estimate:.2f}{limits}"
