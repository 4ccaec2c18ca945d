"""Worked cases: those of the catalogue, and those of somebody's own files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from csmetrics._catalog import catalog
from csmetrics.core._registry import REGISTRY, registered
from csmetrics.testing._calling import outcome


@dataclass(frozen=True)
class Case:
    """One worked case of a metric.

    Attributes
    ----------
    id : str
        Stable name.
    metric : str
        The metric's name.
    inputs : dict
        Arguments of the call.
    expected : float, str or None
        The result; None where there is no value.
    tolerance : float
        How far the result may be off: published figures are rounded.
    source : str
        Where it stands.
    """

    id: str
    metric: str
    inputs: dict[str, Any]
    expected: float | str | None
    tolerance: float
    source: str

    @property
    def __name__(self) -> str:
        """The id that pytest shows."""
        return f"{self.metric}-{self.id}"

    def holds(self, result: Any) -> bool:
        """Tell whether a result is the expected one, within the tolerance; None, NaN and pd.NA are no value."""
        got = outcome(result)
        if isinstance(got.value, float) and isinstance(self.expected, (int, float)):
            return abs(got.value - self.expected) <= self.tolerance
        return got.value == self.expected and not got.returned


def cases(metric: Callable[..., Any] | str | None = None) -> list[Case]:
    """List the catalogue's worked examples, for ``pytest.mark.parametrize``.

    Parameters
    ----------
    metric
        Only those of this metric (a function or its name); of all by default.

    Returns
    -------
    list of Case
        Each with its inputs, what they give, how far a rounded figure may be off, and the source. pytest shows their
        ids.

    Raises
    ------
    MetricInputError
        If there is no such metric.

    Examples
    --------
    >>> from csmetrics.testing import cases
    >>> case = cases("churn_rate")[0]
    >>> case.inputs, case.expected
    ({'lost': 50, 'start': 500}, 10.0)
    >>> case.holds(100 * 50 / 500)
    True
    """
    names = list(REGISTRY) if metric is None else [registered(metric, "cases").name]
    return [
        Case(e.id, name, dict(e.inputs), e.expected, e.tolerance, e.source)
        for name in names
        for e in catalog[name].examples
    ]
