"""The same customers in two waves: what each of them did is compared with itself. Newcombe 1998, methods 8 and 10."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics._statistics.confidence import FURTHEST, Confidence, t_tail, tail
from csmetrics._statistics.differences import Change, centred, inverted
from csmetrics._statistics.shares import Limits, wilson
from csmetrics.core._options import is_number
from csmetrics.core._registry import Registration
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, shown

CELLS = ("both", "first_only", "second_only", "neither")
PAIRED = {"share": ("newcombe-10", "newcombe-8", "mcnemar", "t"), "trinomial": ("t",), "mean": ("t",)}


class Pairs(NamedTuple):
    """Customers who answered in both waves: yes in both, in the first only, in the second only, in neither."""

    both: float
    first_only: float
    second_only: float
    neither: float


def cells(spec: Registration, given: Mapping[str, Any]) -> Pairs:
    """Read the four counts of a paired comparison."""
    if set(given) != set(CELLS):
        raise MetricInputError(
            spec.name, "paired", f"must hold the counts {', '.join(CELLS)}", f"got {', '.join(map(str, given))}"
        )
    for name, value in given.items():
        if not is_number(value) or not 0 <= value < 1e15 or value != round(value):
            raise MetricInputError(spec.name, name, "must be a count", f"got {shown(value)}")
    return Pairs(*(float(given[name]) for name in CELLS))


def counted_pairs(before: Array, after: Array) -> Pairs:
    """Count pairs of yes (1) and no (0)."""
    first, second = before > 0.5, after > 0.5
    found = ((first & second), (first & ~second), (~first & second), (~first & ~second))
    return Pairs(*(float(np.count_nonzero(flags)) for flags in found))


def of_shares(pairs: Pairs, sure: Confidence, method: str, correction: bool) -> Change:
    """Return the change of a share, after minus before, in percent."""
    a, b, c, d = pairs
    n = a + b + c + d
    if n == 0:
        nothing = np.array([np.nan])
        return Change(nothing, nothing, nothing, nothing)
    change = np.array([100 * (c - b) / n])
    if method == "mcnemar":
        off = min(1.0, abs(b - c)) if correction else 0.0
        far = (abs(b - c) - off) / np.sqrt(b + c) if b + c else 0.0
        half = 100 * (sure.z * np.sqrt(b + c) + off) / n
        p = np.array([tail(min(far, FURTHEST)) if b != c else 1.0])
        return Change(change, change - half, change + half, p, far * far)
    tied = _phi(pairs, corrected=method == "newcombe-10")

    def both(z: Any) -> Limits:
        at = Confidence(z)
        (low_0, high_0), (low_1, high_1) = (_away(np.full(np.shape(z), k), n, at) for k in (a + b, a + c))
        down = np.sqrt(np.maximum(low_1**2 - 2 * tied * low_1 * high_0 + high_0**2, 0))
        up = np.sqrt(np.maximum(high_1**2 - 2 * tied * high_1 * low_0 + low_0**2, 0))
        return change - 100 * down, change + 100 * up

    low, high = both(np.full(1, sure.z))
    return Change(change, low, high, inverted(change, both))


def _away(part: Any, whole: float, sure: Confidence) -> Limits:
    low, high = wilson(part, np.full(np.shape(part), whole), sure)
    return part / whole - low, high - part / whole


def _phi(pairs: Pairs, corrected: bool) -> float:
    """Return how far both waves go together; corrected, it is drawn towards 0 where it is positive."""
    a, b, c, d = pairs
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    top, n = a * d - b * c, a + b + c + d
    if corrected and top > 0:
        top = max(top - n / 2, 0.0)
    return float(top / np.sqrt(margins)) if margins > 0 else 0.0


def of_means(before: Array, after: Array, sure: Confidence, scale: float) -> Change:
    """Return the mean of what changed with each customer, by t."""
    moved = after - before
    n = moved.size
    change = np.array([scale * moved.mean() if n else np.nan])
    error = np.array([scale * moved.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan])
    degrees = np.array([n - 1.0])
    return centred(change, change, error, sure.t(degrees), lambda far: t_tail(far, degrees))


def matched(spec: Registration, before: Any, after: Any) -> tuple[Any, Any, list[str]]:
    """Bring the answers of the same customers side by side: Series by their labels, else in their order.

    Returns
    -------
    before, after : Series
        As long as each other; nothing is missing.
    notes : list of str
        How many answered once only.
    """
    first, second = pd.Series(before), pd.Series(after)
    if isinstance(before, pd.Series) and isinstance(after, pd.Series):
        for name, answers in (("before", first), ("after", second)):
            if answers.index.has_duplicates:
                hint = "its index names the customer of each answer; keep one answer of each customer"
                raise MetricInputError(spec.name, name, "must have each customer once", "some have several", hint)
        together = pd.concat({"before": first.dropna(), "after": second.dropna()}, axis=1)
    elif len(first) != len(second):
        found, hint = f"got {len(first)} and {len(second)}", "Series are matched by their labels"
        raise MetricInputError(spec.name, "before, after", "must be as long as each other", found, hint)
    else:
        together = pd.DataFrame({"before": first.to_numpy(), "after": second.to_numpy()})
    both = together.dropna()
    left = len(together) - len(both)
    notes = [f"{left} customers who answered only once are left out"] if left else []
    return both["before"], both["after"], notes
