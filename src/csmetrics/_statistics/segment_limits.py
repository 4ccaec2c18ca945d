"""How sure the parts of a change are, and which segments' own rates moved by more than chance."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics._statistics.aligned import Places
from csmetrics._statistics.comparing import method_for
from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.customers import by_sums
from csmetrics._statistics.differences import Change, differ
from csmetrics._statistics.parts import Parts, gradients, variance
from csmetrics._statistics.samples import Sample
from csmetrics._statistics.sums import Moments

_FEW = 5  # events below which a segment is not named
_ROUNDING = 1e-12  # of the change's standard error: where no weight moved, that of the mix is rounding


def known_of(before: Sample, after: Sample) -> str:
    """Say what is known of the rows behind: "units", "counts" that are their own rows, or nothing."""
    if before.known and after.known:
        return "units"
    counted = after.sums.kind in ("share", "trinomial", "exposure") and not after.sums.rows
    return "counts" if counted and not (before.known or after.known) else ""


def behind(sample: Sample, known: str) -> float:
    """Return how many answers, counts or customers stand behind a total; NaN where totals do not tell."""
    if known == "counts" or (known and sample.sums.kind in ("share", "trinomial", "exposure", "mean")):
        counted = sample.counted if sample.weighted else sample.total(sample.sums.bottom)
        return float(np.sum(counted)) if counted is not None else np.nan
    return float(sample.units.sum()) if known else np.nan


def part_errors(
    before: Sample, after: Sample, at_0: Places, at_1: Places, parts: Parts, known: str
) -> dict[str, float]:
    """Return the standard error of the change and of each part, as fractions."""
    if all(s.rows is not None and s.rows.owner is not None for s in (before, after)):
        return _customer_errors(before, after, at_0, at_1, parts)
    moments = _moments(before, at_0, known), _moments(after, at_1, known)
    errors = {name: float(np.sqrt(variance(slopes, *moments))) for name, slopes in gradients(parts).items()}
    return {name: error if error > _ROUNDING * errors["change"] else 0.0 for name, error in errors.items()}


def _moments(sample: Sample, places: Places, known: str) -> Moments:
    found = sample.moments()
    if known == "counts" and sample.sums.kind == "exposure":  # the exposure itself is known
        found = found._replace(xx=found.x, xy=np.zeros(found.x.shape), yy=np.zeros(found.x.shape))
    return Moments(*(places.take(np.asarray(values)) for values in found))


def _customer_errors(before: Sample, after: Sample, at_0: Places, at_1: Places, parts: Parts) -> dict[str, float]:
    """Return the same where customers are told apart: what each did in both periods is added up, then squared."""
    sides = []
    for sample, places in ((before, at_0), (after, at_1)):
        assert sample.rows is not None
        segment = np.empty(sample.rows.groups, np.intp)
        segment[places.at[places.there]] = np.flatnonzero(places.there)
        sides.append((segment[sample.rows.place], sample.column(sample.sums.top), sample.column(sample.sums.bottom)))
    owners = [sample.rows.owner for sample in (before, after) if sample.rows is not None]
    customer, _ = pd.factorize(np.concatenate(owners))
    errors = {}
    for name, slopes in gradients(parts).items():
        moved = []
        for (segment, x, d), pair in zip(sides, (slopes[:2], slopes[2:]), strict=True):
            a, b = (slope[segment] if np.ndim(slope) else slope for slope in pair)
            moved.append(a * x + b * d)
        errors[name] = float(np.sqrt(np.square(np.bincount(customer, np.concatenate(moved))).sum()))
    return errors


class Other(NamedTuple):
    """The segments with few events as one: how many they are, its figures, and what its own rate did."""

    segments: int
    before: float
    after: float
    within: float


def segment_intervals(
    frame: pd.DataFrame, before: Sample, after: Sample, at_0: Places, at_1: Places, parts: Parts, sure: Confidence
) -> Other | None:
    """Add to the frame the limits of what each segment's own rate did: its weight times those of its change.

    Returns
    -------
    Other or None
        The segments with few events as one, where its rate moved by more than chance.
    """
    both = np.flatnonzero(parts.common)
    first, second = before.pick(at_0.at[both]), after.pick(at_1.at[both])
    method = method_for(second, None)
    change = differ(first, second, sure, method, p=False)
    weight = (parts.share_before + parts.share_after)[both] / 2
    for name, values in (("within_low", weight * change.low), ("within_high", weight * change.high)):
        column = np.full(len(frame), np.nan)
        column[both] = values
        frame[name] = column
    flags = np.zeros(len(frame), bool)
    few = _few_events(first, second)
    if few.any():  # they are one segment, the last
        place = np.where(few, int((~few).sum()), np.cumsum(~few) - 1)
        first, second = (_pooled(sample, place) for sample in (first, second))
        change = differ(first, second, sure, method, p=False)
    found = _sure(first, second, change, method, sure)
    own = found[found < int((~few).sum())]
    flags[both[np.flatnonzero(~few)[own]]] = True
    frame["beyond_noise"] = flags
    if own.size == found.size:
        return None
    return Other(
        int(few.sum()),
        float(first.estimate[-1]),
        float(second.estimate[-1]),
        float(weight[few].sum() * change.difference[-1]),
    )


def _few_events(before: Sample, after: Sample) -> Any:
    """Return which segments have so few events that none of them is named."""
    if after.sums.kind not in ("share", "trinomial", "exposure"):
        return np.zeros(before.estimate.shape, bool)
    own = dict.fromkeys(after.sums.top, 1)
    return before.total(own) + after.total(own) < _FEW


def _pooled(sample: Sample, place: Any) -> Sample:
    made = sample.pooled(place, int(place.max()) + 1)
    return replace(made, estimate=by_sums(made))


def _sure(before: Sample, after: Sample, change: Change, method: str, sure: Confidence) -> Any:
    """Return the segments whose rate moved by more than chance, as some of many (Holm).

    A p-value is at most so much where the interval of that confidence excludes 0, so no p-value is needed: the limits
    at the confidence of as many as are left, until no more segments are found.
    """
    looked_at = change.low.size
    left = np.flatnonzero((change.low > 0) | (change.high < 0))  # no other can be among them
    before, after, found = before.pick(left), after.pick(left), left[:0]
    while left.size:
        level = sure.alpha / (looked_at - found.size)
        stricter = differ(before, after, Confidence(-NormalDist().inv_cdf(level / 2)), method, p=False)
        more = (stricter.low > 0) | (stricter.high < 0)
        if not more.any():
            break
        rest = np.flatnonzero(~more)
        found, left = np.concatenate([found, left[more]]), left[rest]
        before, after = before.pick(rest), after.pick(rest)
    return found
