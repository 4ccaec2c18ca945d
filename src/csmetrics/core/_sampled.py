"""What a metric's figure is a sample of: the sums that it is made of, and which kind of interval follows from them.

Most metrics need not say: a count that is part of another is a share of counts, money per count is a mean. What is
declared with `@metric(sampled=...)` is what the inputs do not tell. The methods themselves are in `_statistics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SampledKind = Literal[
    "share",  # counted units of which each has it or not
    "trinomial",  # answers for, against and in between
    "exposure",  # events that one unit may have several of
    "odds",  # one count over another that it is no part of
    "mean",
    "money share",  # a part of each customer's money
    "net",  # losses and gains over one base
    "ratio",  # any other ratio of sums
    "log ratio",  # the same, on the log scale
    "sum",
    "cost",  # a known cost over a count
    "levels",  # made of other metrics, from whose limits its own follow
    "quantile",  # of a Kaplan-Meier curve
    "each",  # one customer's figure: of many, their mean
    "none",
]


@dataclass(frozen=True)
class Declared:
    """What `@metric(sampled=...)` is given."""

    kind: SampledKind
    top: str = ""
    bottom: str = ""
    losses: str = ""
    gains: str = ""
    scale: float | None = None
    rows: bool = False
    reason: str = ""


def sampled(
    kind: SampledKind,
    top: str = "",
    bottom: str = "",
    *,
    losses: str = "",
    gains: str = "",
    rows: bool = False,
    reason: str = "",
) -> Declared:
    """Declare the sums behind a figure, as in ``sampled("share", "end - new - reactivated", "start")``."""
    return Declared(kind, top, bottom, losses, gains, None, rows, reason)


def not_sampled(reason: str, top: str = "", bottom: str = "", *, scale: float | None = None) -> Declared:
    """Declare why a figure has no interval; its sums, where given, still let a change be decomposed."""
    return Declared("none", top, bottom, scale=scale, reason=reason)
