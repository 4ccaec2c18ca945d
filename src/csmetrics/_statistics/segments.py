"""A change taken apart by segment: rates, mix, who entered and who left, with the limits of each part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csmetrics._statistics.aligned import Places, aligned
from csmetrics._statistics.comparing import APART
from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.customers import INDEPENDENT
from csmetrics._statistics.decomposition import PARTS, Decomposition, causes, statuses
from csmetrics._statistics.parts import Parts, mix_by_key, ratio_parts
from csmetrics._statistics.samples import Sample
from csmetrics._statistics.segment_limits import behind, known_of, part_errors, segment_intervals
from csmetrics.core._registry import Registration
from csmetrics.core._sums import PER_CUSTOMER
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, shown


def by_segment(
    before: Sample, after: Sample, keys: tuple[Any, ...], sure: Confidence, confidence: float
) -> Decomposition:
    """Take a change apart by segment."""
    spec, sums = after.spec, after.sums
    index, at_0, at_1 = aligned(before, after)
    x0, x1 = at_0.take(before.total(sums.top)), at_1.take(after.total(sums.top))
    if not sums.bottom:
        return _of_sums(before, after, index, at_0, at_1, keys, sure, confidence)
    d0, d1 = at_0.take(before.total(sums.bottom)), at_1.take(after.total(sums.bottom))
    _check(spec, index, (x0, d0), (x1, d1))
    parts = ratio_parts(x0, d0, x1, d1)
    scale = sums.scale
    pieces = {name: getattr(parts, name) for name in PARTS}
    found = {name: float(scale * values.sum()) for name, values in pieces.items()}
    frame = pd.DataFrame(
        {
            "status": statuses(parts.common, d0 > 0),
            "before": scale * parts.rate_before,
            "after": scale * parts.rate_after,
            "share_before": 100 * d0 / parts.base_before,
            "share_after": 100 * d1 / parts.base_after,
            **{name: scale * values for name, values in pieces.items()},
            "total": scale * sum(pieces.values()),
        },
        index=index,
        copy=False,
    )
    other, intervals, known = None, {}, known_of(before, after)
    if known:
        middle = {"change": float(scale * parts.change), **found}
        for name, error in part_errors(before, after, at_0, at_1, parts, known).items():
            reach = sure.z * scale * error
            intervals[name] = middle[name] - reach, middle[name] + reach
        other = segment_intervals(frame, before, after, at_0, at_1, parts, sure)
    said = causes(found, intervals, frame, other)
    notes = [*dict.fromkeys([*before.notes, *after.notes])]
    if known == "units" and after.rows is None and after.sums.kind in PER_CUSTOMER - {"mean"}:
        notes.append(APART)
    if known == "counts":
        notes.append(INDEPENDENT)
    return Decomposition(
        metric=spec.name,
        unit=spec.unit,
        before=float(scale * parts.before),
        after=float(scale * parts.after),
        change=float(scale * parts.change),
        **found,
        mix_by=_mix_by(keys, index, parts, d0, d1, scale),
        intervals=intervals,
        frame=frame,
        confidence=confidence,
        causes=tuple(said),
        notes=tuple(notes),
        by=keys,
        method="linearised" if known else "symmetrical",
        n_before=behind(before, known),
        n_after=behind(after, known),
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
    index: pd.Index[Any],
    at_0: Places,
    at_1: Places,
    keys: tuple[Any, ...],
    sure: Confidence,
    confidence: float,
) -> Decomposition:
    """Take a change of a plain sum apart: there are no weights, so no mix."""
    spec, scale, top = after.spec, after.sums.scale, after.sums.top
    x0, x1 = at_0.take(before.total(top)), at_1.take(after.total(top))
    both, moved = at_0.there & at_1.there, scale * (x1 - x0)
    of = {"within": both, "mix": both & ~both, "entered": ~at_0.there, "left": ~at_1.there}
    pieces = {name: np.where(here, moved, 0.0) for name, here in of.items()}
    frame = pd.DataFrame(
        {"status": statuses(both, at_0.there), "before": scale * x0, "after": scale * x1, **pieces, "total": moved},
        index=index,
    )
    found = {name: float(values.sum()) for name, values in pieces.items()}
    intervals: dict[str, tuple[float, float]] = {}
    if before.known and after.known:
        squares = [at.take(np.asarray(s.moments().xx)) for s, at in ((before, at_0), (after, at_1))]
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
        method="sum-of-squares" if intervals else "symmetrical",
        n_before=behind(before, "units" if before.known else ""),
        n_after=behind(after, "units" if after.known else ""),
    )
