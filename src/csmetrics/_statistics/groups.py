"""`csm.compare_groups`: several segments at once, all together and each pair, corrected for the number of pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from csmetrics._frames.columns import require
from csmetrics._frames.engines import how_to_make
from csmetrics._statistics.comparing import compared
from csmetrics._statistics.confidence import QUIET, Confidence, chi2_tail, special
from csmetrics._statistics.frames import frame_sample
from csmetrics._statistics.given import grain_of
from csmetrics._statistics.interval import of_sample
from csmetrics._statistics.kinds import balance, dispersion, mean_error, worth
from csmetrics._statistics.printed import Printed, between, counted, named, p_equals, plain, signed
from csmetrics._statistics.samples import Sample
from csmetrics.core._registry import registered
from csmetrics.errors import MetricInputError, shown

_SAID = 5  # pairs that the text names
_FEW = 5  # events to expect, below which a test of all groups is rough
_MOST = 200  # groups whose pairs are worth comparing


@dataclass(frozen=True, repr=False, eq=False)
class GroupComparison(Printed):
    """Several groups compared.

    Attributes
    ----------
    p_value : float
        Of all groups together: how likely differences as large are where there are none.
    method : str
        The test of all together.
    frame : DataFrame
        A row per pair: `difference`, `low`, `high`, `p_value` (this pair alone, as its interval), `p_adjusted` (as one
        of all pairs; the words follow it).
    groups : DataFrame
        A row per group: `estimate`, `low`, `high`, `n`, `n_eff`, `method`. Whether two of these intervals overlap is no
        test.
    metric, unit : str
        The metric and its unit.
    confidence : float
        Percent.
    notes : tuple of str
        What a reader should know.
    """

    p_value: float
    method: str
    frame: pd.DataFrame
    groups: pd.DataFrame
    metric: str
    unit: str
    confidence: float
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        chance = 1 - self.confidence / 100
        sure = self.frame[self.frame["p_adjusted"] <= chance].sort_values("p_adjusted")[:_SAID]
        verdict = "differ by more than chance" if self.p_value <= chance else "may be all the same"
        unit = "pp" if self.unit == "percent" else self.unit  # a difference of percents is in percentage points
        n = counted(self.groups["n"].sum())
        lines = [f"{self.metric}: the groups {verdict}, p {p_equals(self.p_value)} ({self.method}, n = {n})"]
        for (first, second), row in zip(sure.index.tolist(), sure.to_dict("records"), strict=True):
            change = f"{signed(row['difference'], unit)} {between(row['low'], row['high'])}"
            p = f"p {p_equals(row['p_adjusted'])}{f' of {len(self.frame)} pairs' if len(self.frame) > 1 else ''}"
            lines.append(f"{named(second)} against {named(first)}: {change}, {p}")
        if not len(sure):
            pairs = f"No pair of the {len(self.frame)} differs" if len(self.frame) > 1 else "The pair does not differ"
            lines.append(f"{pairs} by more than chance.")
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, ready for JSON.

        Returns
        -------
        dict
            The attributes by name, with a list of pairs in place of the frame; what has no value is None.
        """
        rows = zip(self.frame.index, self.frame.to_dict("records"), strict=True)
        pairs = [{"first": named(a), "second": named(b), **row} for (a, b), row in rows]
        rows = zip(self.groups.index, self.groups.to_dict("records"), strict=True)
        groups = [{"group": named(label), **row} for label, row in rows]
        rest = {n: getattr(self, n) for n in ("p_value", "method", "metric", "unit", "confidence", "notes")}
        found: dict[str, Any] = plain({**rest, "groups": groups, "pairs": pairs})
        return found


def holm(p_values: Any) -> Any:
    """Return p-values as some of many (Holm 1979); one that is not known stays so and does not count."""
    p = np.asarray(p_values, dtype=np.float64)
    out = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    times = np.arange(order.size, 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(p[order] * times), 1.0)
    return out


@QUIET
def compare_groups(
    metric: Callable[..., Any] | str,
    frame: Any,
    /,
    by: Any = None,
    *,
    adjust: Literal["holm"] | None = "holm",
    confidence: float = 95,
    method: str | None = None,
    customer: Any = None,
    **columns: Any,
) -> GroupComparison:
    """Compare a metric among groups: all at once, and every pair.

    Parameters
    ----------
    metric
        The metric, or its name.
    frame
        A cohort frame of any engine, or what ``df.csm.by(...)`` gives.
    by
        The column, or columns, of the groups.
    adjust
        ``"holm"``, or None: whether each pair's p-value is corrected for the number of pairs.
    confidence, method, customer
        As `compare` takes them.
    **columns
        Columns or numbers for the metric's inputs, and its options.

    Returns
    -------
    GroupComparison
        `p_value` of all, `frame` with a row per pair.

    Raises
    ------
    MetricInputError
        If fewer than two groups have a figure, or more than 200 are asked for, or the metric has no interval.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> df = pd.DataFrame({"plan": ["free", "pro", "team"], "lost": [40, 5, 12], "start": [500, 400, 480]})
    >>> print(csm.compare_groups(csm.churn_rate, df, by="plan"))
    churn_rate: the groups differ by more than chance, p < 0.0001 (chi-squared, n = 1,380)
    pro against free: -6.75 pp [-9.55, -4.11], p < 0.0001 of 3 pairs
    team against free: -5.5 pp [-8.41, -2.74], p = 0.00039 of 3 pairs
    """
    spec = registered(metric, "compare_groups")
    sure = Confidence.percent(spec.name, confidence)
    if adjust not in (None, "holm"):
        raise MetricInputError(spec.name, "adjust", "must be 'holm' or None", f"got {shown(adjust)}")
    grain = grain_of(frame)
    if grain is None:
        found = f"got a {type(frame).__name__}"
        raise MetricInputError(spec.name, "frame", "must be a cohort frame", found, how_to_make(frame))
    if by is not None:
        grain = replace(grain, keys=tuple(by) if isinstance(by, (list, tuple)) else (by,))
    if not grain.keys:
        raise MetricInputError(spec.name, "by", "must name the column of the groups", "got none")
    for key in grain.keys:
        require(grain.frame, key, spec.name, "by")
    sample = frame_sample(grain, spec, columns, customer)
    known = np.flatnonzero(~np.isnan(sample.estimate))
    if not 2 <= known.size <= _MOST:
        found = f"{known.size} have a figure"
        raise MetricInputError(spec.name, "by", f"must make 2 to {_MOST} groups with a figure", found)
    assert sample.index is not None
    singles = {int(i): sample.at(int(i)) for i in known}
    found_ = [
        (sample.index[i], sample.index[j], compared(singles[i], singles[j], sure, confidence, method))
        for i, j in combinations(singles, 2)
    ]
    pairs = pd.DataFrame(
        {name: [getattr(c, name) for _, _, c in found_] for name in ("difference", "low", "high", "p_value")},
        index=pd.MultiIndex.from_tuples([(a, b) for a, b, _ in found_], names=["first", "second"]),
    )
    pairs["p_adjusted"] = holm(pairs["p_value"]) if adjust else pairs["p_value"]
    p, test = _together(sample, known)
    groups = of_sample(sample.pick(known), sure, confidence)
    left = sample.estimate.size - known.size
    notes = [*sample.notes]
    if left:
        notes.append(
            f"{left} groups without a figure are left out" if left > 1 else "a group without a figure is left out"
        )
    if _few_events(sample, known):
        notes.append(f"some groups would have fewer than {_FEW} events if all were the same: read them with care")
    return GroupComparison(p, test, pairs, groups, spec.name, spec.unit, float(confidence), tuple(notes))


def _few_events(sample: Sample, known: Any) -> bool:
    """Check whether a group is too small for how rare the events, or all others, are."""
    if sample.sums.kind not in ("share", "exposure"):
        return False
    events, base = (sample.total(terms)[known] for terms in (sample.sums.top, sample.sums.bottom))
    rarer = min(events.sum(), base.sum() - events.sum()) if sample.sums.kind == "share" else events.sum()
    return bool((base * rarer < _FEW * base.sum()).any())


def _together(sample: Sample, known: Any) -> tuple[float, str]:
    """Test all groups at once."""
    kind = sample.sums.kind
    if kind == "share" and not sample.known:
        n, k = sample.total(sample.sums.bottom)[known], sample.total(sample.sums.top)[known]
        share = k.sum() / n.sum()
        if not 0 < share < 1:
            return 1.0, "chi-squared"
        return chi2_tail(float(((k - n * share) ** 2 / (n * share * (1 - share))).sum()), known.size - 1), "chi-squared"
    if kind == "exposure":
        events = (sample.total(sample.sums.top) / dispersion(sample))[known]
        exposure = sample.total(sample.sums.bottom)[known]
        expected = events.sum() * exposure / exposure.sum()
        if not events.sum():
            return 1.0, "conditional chi-squared"
        return chi2_tail(float(((events - expected) ** 2 / expected).sum()), known.size - 1), "conditional chi-squared"
    if kind == "mean":
        return _welch(sample, known), "Welch"
    if kind in ("trinomial", "share"):
        few = worth(sample, Confidence(1.959963984540054))[1]
        if kind == "trinomial":
            values, variance = balance(sample, few, "adjusted-wald")
        else:
            values = sample.total(sample.sums.top) / sample.total(sample.sums.bottom)
            variance = (values * (1 - values) + 1 / few) / few  # never without a spread
    else:
        if not sample.known:
            return np.nan, "no test of all at once without customers"
        moments = sample.moments()
        values, variance = moments.ratio, moments.variance
    values, variance = values[known], variance[known]
    if not (variance > 0).all():
        return np.nan, "no test of all at once, as a group has no spread"
    middle = (values / variance).sum() / (1 / variance).sum()
    return chi2_tail(float(((values - middle) ** 2 / variance).sum()), known.size - 1), "weighted chi-squared"


def _welch(sample: Sample, known: Any) -> float:
    """Welch's test of several means (1951)."""
    error, units = mean_error(sample)
    error, means, n = error[known], sample.estimate[known], units[known]
    if not (error > 0).all():
        return float("nan")
    weights = 1 / error**2
    groups, all_ = known.size, weights.sum()
    middle = (weights * means).sum() / all_
    uneven = ((1 - weights / all_) ** 2 / (n - 1)).sum()
    top = (weights * (means - middle) ** 2).sum() / (groups - 1)
    f = top / (1 + 2 * (groups - 2) / (groups**2 - 1) * uneven)
    return float(special().fdtrc(groups - 1, (groups**2 - 1) / (3 * uneven), f))
