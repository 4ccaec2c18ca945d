"""One worked case, and the worked examples of the catalogue as cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from csmetrics._catalog.catalog import catalog
from csmetrics._catalog.formula import formula_text
from csmetrics._explain.explain import explain
from csmetrics.core._registry import REGISTRY, registered
from csmetrics.errors import CsmetricsError, shown
from csmetrics.testing._calling import outcome, written


@dataclass(frozen=True)
class Case:
    """One worked case of a metric.

    Attributes
    ----------
    id : str
        A stable name.
    metric : str
        The metric's name.
    inputs : dict
        Arguments of the call.
    expected : float, str or None
        The result; None if there is no value.
    tolerance : float
        How far the result may be off, as published figures are rounded.
    source : str
        Where the case comes from.
    error : str
        The code of the error that the inputs must raise in place of a result; empty if there is a result.
    """

    id: str
    metric: str
    inputs: dict[str, Any]
    expected: float | str | None
    tolerance: float
    source: str
    error: str = ""

    @property
    def __name__(self) -> str:
        """The id that pytest shows."""
        return f"{self.metric}-{self.id}"

    def holds(self, result: Any) -> bool:
        """Check whether a result is the expected one, within the tolerance.

        Parameters
        ----------
        result
            The result of your own implementation. None, NaN and pd.NA mean no value.

        Returns
        -------
        bool
            True if it is the expected figure, or if there is no value and none is expected.
        """
        got = outcome(result)
        if isinstance(got.value, float) and isinstance(self.expected, (int, float)):
            return abs(got.value - self.expected) <= self.tolerance
        return got.value == self.expected and not got.returned

    def check(self) -> None:
        """Compute the metric, and fail with a report unless the result is the expected one.

        Raises
        ------
        AssertionError
            If the result is another one. The message has the formula with its numbers, the expected and the actual
            result, and their difference.
        MetricInputError
            If there is no such metric.
        """
        function = registered(self.metric, "case").function
        try:
            result = function(**self.inputs)
        except (CsmetricsError, TypeError) as error:
            if not self.error or getattr(error, "code", "") != self.error:
                wanted = f"the error {self.error}" if self.error else written(self.expected)
                raise AssertionError(self._report(str(error), {"expected": wanted})) from None
            return
        if self.error or not self.holds(result):
            raise AssertionError(self._report(*self._difference(result)))

    def _difference(self, result: Any) -> tuple[str, dict[str, str]]:
        got = outcome(result)
        told = {"expected": f"the error {self.error}" if self.error else written(self.expected), "got": str(got)}
        if isinstance(got.value, float) and isinstance(self.expected, (int, float)):
            told["difference"] = f"{got.value - self.expected:+.6g}, tolerance {self.tolerance:g}"
            digits = -int(Decimal(f"{self.expected:.15g}").as_tuple().exponent)
            half = 0.5 * 0.1**digits
            if digits > 0 and abs(got.value - self.expected) <= half * (1 + 1e-9):
                told["hint"] = f"if the expected figure is rounded, write `tolerance` {half:.6g} beside it"
            elif REGISTRY[self.metric].unit == "percent" and _is_fraction(
                self.expected, got.value, max(half, self.tolerance)
            ):
                told["hint"] = f"rates are percent: a fraction of {self.expected} is {100 * self.expected:.15g}"
        return self._worked(), told

    def _worked(self) -> str:
        """Write the formula with its numbers; inputs that `explain` does not take, such as lists, follow below."""
        try:
            return str(explain(self.metric, **self.inputs)).partition("\n\n")[0]
        except CsmetricsError:
            return "\n".join([formula_text(self.metric), *(f"  {n} = {shown(v)}" for n, v in self.inputs.items())])

    def _report(self, body: str, told: Mapping[str, str]) -> str:
        lines = [f"{self.metric}, case {self.id}", *(f"  {line}" for line in body.splitlines())]
        lines += [f"  {name + ':':<12}{text}" for name, text in told.items()]
        return "\n".join([*lines, *([f"  source:     {self.source}"] if self.source else [])])


def _is_fraction(given: float, percent: float, tolerance: float) -> bool:
    """Check whether a figure is a percentage as a fraction, to the digits that it is written with."""
    return given != 0 and abs(100 * given - percent) <= 100 * tolerance


def cases(metric: Callable[..., Any] | str | None = None) -> list[Case]:
    """List the catalogue's worked examples, for ``pytest.mark.parametrize``.

    Parameters
    ----------
    metric
        The metric (a function or its name) whose examples to list; all metrics by default.

    Returns
    -------
    list of Case
        Each case has its inputs, the expected result, how far a rounded figure may be off, and the source. pytest
        shows their ids.

    Raises
    ------
    MetricInputError
        If there is no such metric.

    See Also
    --------
    read_cases

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
