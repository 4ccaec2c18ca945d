"""A change taken apart by segment: rates, mix, who entered and who left, with the limits of each part."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics._statistics.compare import method_for
from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.decomposition import PARTS, Decomposition, causes, statuses
from csmetrics._statistics.differences import Change, differ
from csmetrics._statistics.parts import Parts, gradients, mix_by_key, of_total, ratio_parts, variance
from csmetrics._statistics.samples import Sample
from csmetrics._statistics.sums import Moments
from csmetrics.core._registry import Registration
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, shown

_FEW = 5  # events below which a segment is not named


class Aligned(NamedTuple):
    """The segments of two periods, side by side."""

    segments: pd.Index[Any]
    before: Any  # the place of each segment in the sample before, -1 where it is not there
    after: Any


def _aligned(before: Sample, after: Sample) -> Aligned:
    first, second = before.index, after.index
    assert first is not None
    assert second is not None
    if first is second or first.equals(second):
        places = np.arange(len(first))
        return Aligned(first, places, places)
    both = first.append(second)
    index = both[~both.duplicated()]
    return Aligned(index, first.get_indexer(index), second.get_indexer(index))


def _taken(values: Array, places: Any) -> Array:
    """Return the value of each segment, 0 where it is not there."""
    if values.size == places.size and (places == np.arange(places.size)).all():
        return values
    return np.where(places >= 0, values[np.maximum(places, 0)], 0.0) if values.size else np.zeros(places.size)


def by_segment(
    before: Sample, after: Sample, keys: tuple[Any, ...], sure: Confidence, confidence: float
) -> Decomposition:
    """Take a change apart by segment."""
    spec, sums = after.spec, after.sums
    index, at_0, at_1 = _aligned(before, after)
    x0, x1 = _taken(before.total(sums.top), at_0), _taken(after.total(sums.top), at_1)
    if not sums.bottom:
        return _of_sums(before, after, Aligned(index, at_0, at_1), x0, x1, keys, sure, confidence)
    d0, d1 = _taken(before.total(sums.bottom), at_0), _taken(after.total(sums.bottom), at_1)
    _check(spec, index, (x0, d0), (x1, d1))
    parts = ratio_parts(x0, d0, x1, d1)
    scale = sums.scale
    found = {name: float(scale * getattr(parts, name).sum()) for name in PARTS}
    frame = pd.DataFrame(
        {
            "status": statuses(parts.common, d0 > 0),
            "before": scale * parts.rate_before,
            "after": scale * parts.rate_after,
            "share_before": 100 * d0 / parts.base_before,
            "share_after": 100 * d1 / parts.base_after,
            **{name: scale * getattr(parts, name) for name in PARTS},
        },
        index=index,
    )
    frame["total"] = frame[list(PARTS)].sum(axis=1)
    intervals, known = {}, _known(before, after)
    if known:
        pair = _moments(before, at_0, known), _moments(after, at_1, known)
        spread = {"change": of_total(parts), **gradients(parts)}
        errors = {n: scale * np.sqrt(_variance(g, pair, before, after, at_0, at_1)) for n, g in spread.items()}
        middle = {"change": scale * parts.change, **found}
        intervals = {n: (middle[n] - sure.z * e, middle[n] + sure.z * e) for n, e in errors.items()}
        frame = _segment_intervals(frame, before, after, at_0, at_1, parts, sure)
    said = causes(found, intervals, frame)
    notes = [*dict.fromkeys([*before.notes, *after.notes])]
    if known == "counts":
        notes.append("counts are taken as independent; customer= tells whose they are")
    return Decomposition(
        metric=spec.name,
        unit=spec.unit,
        before=float(scale * parts.before),
        after=float(scale * parts.after),
        change=float(scale * parts.change),
        **found,
        mix_by=_mix_by(keys, index, parts, d0, d1, scale),
        intervals={n: (float(low), float(high)) for n, (low, high) in intervals.items()},
        frame=frame,
        confidence=confidence,
        causes=tuple(said),
        notes=tuple(notes),
        by=keys,
    )


def _check(spec: Registration, index: pd.Index[Any], before: tuple[Array, Array], after: tuple[Array, Array]) -> None:
    """Reject a numerator without a base, and two periods that have no segment in common."""
    for name, (x, d) in (("before", before), ("after", after)):
        if np.isnan(x).any() or np.isnan(d).any():
            label = index[int(np.flatnonzero(np.isnan(x) | np.isnan(d))[0])]
            raise MetricInputError(
                spec.name, name, "must have every total of every segment", f"{shown(label)} lacks one"
            )
        bad = np.flatnonzero((d <= 0) & (x != 0))
        if bad.size:
            found = f"{bad.size} segments have, the first is {shown(index[int(bad[0])])}"
            hint = "leave out by= to take it apart by component, or join it to another segment"
            raise MetricInputError(spec.name, name, "must not have a numerator where there is no base", found, hint)
        if not d.sum() > 0:
            raise MetricInputError(spec.name, name, "must have a base", "it adds up to 0")
    if not ((before[1] > 0) & (after[1] > 0)).any():
        found, hint = "none of them is in both", "do the segments have the same names in both?"
        raise MetricInputError(spec.name, "by", "must have segments with a base in both periods", found, hint)


def _known(before: Sample, after: Sample) -> str:
    """Say what is known of the rows behind: "units", "counts" that are their own rows, or nothing."""
    if before.known and after.known:
        return "units"
    counted = after.sums.kind in ("share", "trinomial", "exposure") and not after.sums.rows
    return "counts" if counted and not (before.known or after.known) else ""


def _moments(sample: Sample, places: Any, known: str) -> Moments:
    found = sample.moments()
    if known == "counts" and sample.sums.kind == "exposure":  # the exposure itself is known
        found = found._replace(xx=found.x, xy=np.zeros(found.x.shape), yy=np.zeros(found.x.shape))
    return Moments(*(_taken(np.asarray(values), places) for values in found))


def _variance(
    spread: Any, moments: tuple[Moments, Moments], before: Sample, after: Sample, at_0: Any, at_1: Any
) -> float:
    """Add squares up; where customers are told apart, over what each did in both periods together."""
    rows = [s.rows for s in (before, after)]
    if not all(r is not None and r.owner is not None for r in rows):
        return variance(spread, *moments)
    moved, owners = [], []
    for sample, places, (a, b) in ((before, at_0, spread[:2]), (after, at_1, spread[2:])):
        assert sample.rows is not None
        of_segment = np.full((2, sample.rows.groups), 0.0)
        there = places >= 0
        of_segment[:, places[there]] = np.stack([a, b])[:, there]
        x, d = sample.column(sample.sums.top), sample.column(sample.sums.bottom)
        moved.append(of_segment[0, sample.rows.place] * x + of_segment[1, sample.rows.place] * d)
        owners.append(sample.rows.owner)
    codes, _ = pd.factorize(np.concatenate(owners))
    return float(np.square(np.bincount(codes, np.concatenate(moved))).sum())


def _segment_intervals(
    frame: pd.DataFrame, before: Sample, after: Sample, at_0: Any, at_1: Any, parts: Parts, sure: Confidence
) -> pd.DataFrame:
    """Add the limits of what each segment's own rate did: its weight times those of its change."""
    both = np.flatnonzero(parts.common)
    first, second = before.pick(at_0[both]), after.pick(at_1[both])
    method = method_for(second, None)
    change = differ(first, second, sure, method, p=False)
    weight = (parts.share_before + parts.share_after)[both] / 2
    for name, values in (("within_low", weight * change.low), ("within_high", weight * change.high)):
        column = np.full(len(frame), np.nan)
        column[both] = values
        frame[name] = column
    flags = np.zeros(len(frame), bool)
    flags[both[_sure(first, second, change, method, sure)]] = True
    frame["beyond_noise"] = flags
    return frame


def _sure(before: Sample, after: Sample, change: Change, method: str, sure: Confidence) -> Any:
    """Return the segments whose rate moved by more than chance, as some of many (Holm).

    A p-value is at most so much where the interval of that confidence excludes 0, so no p-value is needed: the limits
    at the confidence of as many as are left, until no more segments are found.
    """
    many = np.ones(before.estimate.shape, bool)
    looked_at = many.size
    if after.sums.kind in ("share", "trinomial", "exposure"):  # those with few events are one, "other"
        own = dict.fromkeys(after.sums.top, 1)
        many = before.total(own) + after.total(own) >= _FEW
        looked_at = int(many.sum()) + int(not many.all())
    alone = np.flatnonzero(many & ((change.low > 0) | (change.high < 0)))  # no other can be among them
    before, after, found = before.pick(alone), after.pick(alone), np.zeros(alone.shape, bool)
    while True:
        level = sure.alpha / max(looked_at - int(found.sum()), 1)
        strict = Confidence(-NormalDist().inv_cdf(level / 2))
        stricter = differ(before, after, strict, method, p=False)
        more = (stricter.low > 0) | (stricter.high < 0)
        if (more <= found).all():
            return alone[found]
        found |= more


def _mix_by(
    keys: tuple[Any, ...], index: pd.Index[Any], parts: Parts, d0: Array, d1: Array, scale: float
) -> dict[Any, float]:
    if len(keys) == 1:
        return {keys[0]: float(scale * parts.mix.sum())}
    common = parts.common
    cells = index[common]
    codes = [pd.factorize(cells.get_level_values(k), use_na_sentinel=False)[0] for k in range(len(keys))]
    rates = (parts.rate_before + parts.rate_after)[common] / 2
    effects = mix_by_key(codes, d0[common], d1[common], rates)
    return {key: float(scale * effect.sum()) for key, effect in zip(keys, effects, strict=True)}


def _of_sums(
    before: Sample,
    after: Sample,
    aligned: Aligned,
    x0: Array,
    x1: Array,
    keys: tuple[Any, ...],
    sure: Confidence,
    confidence: float,
) -> Decomposition:
    """Take a change of a plain sum apart: there are no weights, so no mix."""
    spec, scale = after.spec, after.sums.scale
    index, at_0, at_1 = aligned
    both = (at_0 >= 0) & (at_1 >= 0)
    moved = scale * (x1 - x0)
    pieces = {
        "within": np.where(both, moved, 0.0),
        "mix": np.zeros(moved.shape),
        "entered": np.where(at_0 < 0, moved, 0.0),
        "left": np.where(at_1 < 0, moved, 0.0),
    }
    frame = pd.DataFrame(
        {"status": statuses(both, at_0 >= 0), "before": scale * x0, "after": scale * x1, **pieces, "total": moved},
        index=index,
    )
    found = {name: float(values.sum()) for name, values in pieces.items()}
    intervals: dict[str, tuple[float, float]] = {}
    if before.known and after.known:
        squares = [_taken(np.asarray(s.moments().xx), at) for s, at in ((before, at_0), (after, at_1))]
        of = {"within": both, "mix": both & ~both, "entered": at_0 < 0, "left": at_1 < 0}
        for name, here in of.items():
            reach = sure.z * scale * float(np.sqrt((squares[0] + squares[1])[here].sum()))
            intervals[name] = (found[name] - reach, found[name] + reach)
    notes = tuple(dict.fromkeys([*before.notes, *after.notes]))
    said = causes(found, intervals, frame)
    return Decomposition(
        metric=spec.name,
        unit=spec.unit,
        before=float(scale * x0.sum()),
        after=float(scale * x1.sum()),
        change=float(moved.sum()),
        **found,
        mix_by=dict.fromkeys(keys, 0.0),
        intervals=intervals,
        frame=frame,
        confidence=confidence,
        causes=tuple(said),
        notes=notes,
        by=keys,
    )
