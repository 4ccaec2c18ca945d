"""What a metric should reach."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from numbers import Real

from csmetrics._statistics.printed import figure
from csmetrics.errors import MetricInputError, shown


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a metric should reach: at least so much, at most so much, or in between.

    Attributes
    ----------
    at_least, at_most : float or None
        In the metric's unit: ``at_least=105`` for an NRR of 105 %.

    Raises
    ------
    MetricInputError
        If neither is given, one is no finite number, or `at_least` is above `at_most`.

    Examples
    --------
    >>> import csmetrics as csm
    >>> csm.Target(at_least=105)
    Target(at_least=105)
    >>> csm.Target(at_least=105).met(106.2)
    True
    """

    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        given = {name: value for name, value in vars(self).items() if value is not None}
        if not given:
            raise MetricInputError("Target", "at_least, at_most", "needs one of them or both", "got neither")
        for name, value in given.items():
            if not isinstance(value, Real) or isinstance(value, bool) or not isfinite(value):
                raise MetricInputError("Target", name, "must be a finite number", f"got {shown(value)}")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            rule, found = "must be <= `at_most`", f"got {shown(self.at_least)} > {shown(self.at_most)}"
            raise MetricInputError("Target", "at_least", rule, found)

    def __repr__(self) -> str:
        return f"Target({', '.join(f'{n}={v!r}' for n, v in vars(self).items() if v is not None)})"

    def __str__(self) -> str:
        words = (("at least", self.at_least), ("at most", self.at_most))
        return ", ".join(f"{word} {figure(float(bound))}" for word, bound in words if bound is not None)

    def met(self, value: float) -> bool:
        """Check whether a value reaches the target.

        Parameters
        ----------
        value
            In the metric's unit.

        Returns
        -------
        bool
            Whether it is neither below `at_least` nor above `at_most`.

        Examples
        --------
        >>> import csmetrics as csm
        >>> csm.Target(at_most=2).met(2.5)
        False
        """
        low = -float("inf") if self.at_least is None else self.at_least
        high = float("inf") if self.at_most is None else self.at_most
        return bool(low <= value <= high)

    def clearly(self, low: float, high: float) -> bool:
        """Check whether all values between two limits reach the target, or none does."""
        bounds = [bound for bound in (self.at_least, self.at_most) if bound is not None]
        return not any(low <= bound <= high for bound in bounds) and low <= high
