"""Raw survey answers: one column in, counts and sums out, a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from csmetrics.core._kinds import aligned, array, is_scalar
from csmetrics.core._numeric import LARGE, fill_value, least, most, places, show
from csmetrics.core._options import is_whole
from csmetrics.core._plain import plain
from csmetrics.core._registry import REGISTRY, Registration
from csmetrics.errors import MetricInputError, UndefinedMetricError, shown

BLOCK = 65536  # answers counted at a time: half of what formulas take, to need less memory
# Blocks of int8 hold more values than others: the loop's overhead would cost more than the counting
BYTES = 262_144
NPS_SCALES = ((0, 10), (1, 10))
_FAR = 2**53  # up to which whole numbers are exact as floats


@dataclass(frozen=True)
class Ratings:
    """A column of answers on a scale, maybe weighted. Missing answers are left out of everything that it gives.

    Attributes
    ----------
    spec : Registration
        The reducer that asked.
    name : str
        The reducer's argument that holds the answers.
    values : ndarray
        The answers, integers or floats, NaN where missing.
    weights : ndarray or None
        One weight per answer.
    scale : tuple of int
        Lowest and highest possible answer.
    whole : bool
        Whether fractions are refused.
    fill : float
        What to give where nobody answered.
    raises : bool
        Whether to raise instead.
    """

    spec: Registration
    name: str
    values: npt.NDArray[Any]
    weights: npt.NDArray[Any] | None
    scale: tuple[int, int]
    whole: bool
    fill: float
    raises: bool

    def counts(self, *cuts: int) -> list[float]:
        """Count the answers (or add up their weights) below the first cut, between cuts, and from the last cut on."""
        if self.weights is not None:
            return self._weighted(cuts)
        at_least = [0] * (len(cuts) + 1)
        with np.errstate(invalid="ignore"):
            for block, answered, flags in self._blocks():
                at_least[0] += answered
                for i, cut in enumerate(cuts, 1):
                    at_least[i] += _count(np.greater_equal(block, cut, out=flags))
        return [more - fewer for more, fewer in zip(at_least, [*at_least[1:], 0], strict=True)]

    def total(self) -> tuple[float, int]:
        """Return the sum of the answers and how many there are."""
        sums, count = [], 0
        with np.errstate(invalid="ignore"):
            for block, answered, _ in self._blocks():
                given = block if answered == block.size else block[~np.isnan(block)]
                sums.append(float(np.add.reduce(given, dtype=np.float64)))
                count += answered
        return fsum(sums), count

    def undefined(self) -> float:
        """Return what the caller wants where nobody answered, or raise."""
        if self.raises:
            weighing = "" if self.weights is None else " or weigh 0"
            found = f"all {self.values.size} are missing{weighing}" if self.values.size else "it is empty"
            hint = "leave undefined=nan, or give the number to put there"
            raise UndefinedMetricError(self.spec.name, self.name, "must hold an answer", found, hint)
        return self.fill

    def _weighted(self, cuts: Sequence[int]) -> list[float]:
        everyone: Any = self.weights
        totals, at = np.zeros(len(cuts) + 1), 0
        with np.errstate(invalid="ignore", over="ignore"):
            for block, answered, _ in self._blocks():
                weights = everyone[at : at + block.size].astype(np.float64, copy=False)
                at += block.size
                given = slice(None) if answered == block.size else ~np.isnan(block)
                if not (least(weights) >= 0 and most(weights) < np.inf):
                    self._check_weights(weights, given)
                classes = np.zeros(answered, np.intp)
                for cut in cuts:
                    classes += block[given] >= cut
                totals += np.bincount(classes, weights[given], totals.size)
            small = totals.sum() <= LARGE
        if not small:
            found = f"their sum is past {LARGE:g}"
            raise MetricInputError(self.spec.name, "weights", "must be small enough to add up", found)
        return [float(total) for total in totals]

    def _blocks(self) -> Iterator[tuple[Any, int, Any]]:
        """Return checked blocks, how many in each are not missing, and a buffer of as many flags as it has values."""
        values = self.values
        step = max(BLOCK, BYTES // values.itemsize) if self.weights is None else BLOCK
        flags = np.empty(min(step, values.size), bool)
        rounded = np.empty(flags.size, values.dtype) if self.whole and values.dtype.kind == "f" else None
        for at in range(0, values.size, step):
            block = values[at : at + step]
            n = block.size
            answered = self._answered(block, None if rounded is None else rounded[:n], flags[:n])
            if answered is None:
                raise self._impossible_answers()
            yield block, answered, flags[:n]

    def _answered(self, block: Any, rounded: Any, flags: Any) -> int | None:
        """Count the answers of a block; None where one is impossible. NaN fails every comparison but `!=`."""
        low, high = self.scale
        n: int = block.size
        whole = n if rounded is None else _count(np.equal(np.rint(block, out=rounded), block, out=flags))
        if whole == n and least(block) >= low and most(block) <= high:
            return n
        n -= _count(np.not_equal(block, block, out=flags))
        possible = (
            _count(np.greater_equal(block, low, out=flags)) == n and _count(np.less_equal(block, high, out=flags)) == n
        )
        return n if possible and (rounded is None or whole == n) else None

    def _check_weights(self, weights: Any, given: Any) -> None:
        """Reject a block with values that are not weights. Only beside a missing answer may a weight be missing."""
        if not (_impossible(weights).any() or np.isnan(weights[given]).any()):
            return
        everyone: Any = self.weights
        bad = _impossible(everyone)
        if bad.any():
            raise self._error("weights", "must be finite and >= 0", bad, everyone, "")
        bad = np.isnan(everyone) & ~np.isnan(self.values)
        hint = "give every answer its weight; 0 leaves it out"
        raise self._error("weights", f"must be present for each answer in `{self.name}`", bad, everyone, hint)

    def _impossible_answers(self) -> MetricInputError:
        values, (low, high) = self.values, self.scale
        bad = (values < low) | (values > high)
        if bad.any():
            hint = "where a code stands for no answer, put None or NaN first"
            return self._error(self.name, f"must be between {low} and {high}", bad, values, hint)
        bad = (values != np.rint(values)) & ~np.isnan(values)
        hint = "an average of answers is not an answer; give the answers themselves"
        return self._error(self.name, "must be whole numbers", bad, values, hint)

    def _error(self, argument: str, rule: str, bad: Any, values: Any, hint: str) -> MetricInputError:
        first = int(np.flatnonzero(bad)[0])
        found = places(int(bad.sum()), bad.size, first, show(values[first]))
        return MetricInputError(self.spec.name, argument, rule, found, hint)


def read(
    metric: Callable[..., Any],
    answers: Any,
    scale: tuple[int, int],
    undefined: Any,
    *,
    whole: bool = False,
    weights: Any = None,
) -> Ratings:
    """Bring a reducer's column of answers, and maybe its weights, to numpy; refuse anything but numbers."""
    spec = REGISTRY[metric.__name__]
    fill = fill_value(spec.name, undefined)
    name = next(iter(spec.inputs))
    given = {name: answers} if weights is None else {name: answers, "weights": weights}
    for argument, value in given.items():
        rule = "must be a column of numbers: a list, an array or a Series"
        if is_scalar(value):
            raise MetricInputError(spec.name, argument, rule, f"got {_what(value)}", _column_hint(argument, value))
        if not isinstance(value, pd.Series):
            given[argument] = value = array(spec.name, argument, value, spec.inputs[argument].quantity)
        if value.ndim != 1:
            found = f"got an array of shape {value.shape}"
            raise MetricInputError(spec.name, argument, rule, found, _column_hint(argument, value))
    if weights is not None and len(given["weights"]) != len(given[name]):
        found = f"got {len(given['weights'])} weights for {len(given[name])} answers"
        raise MetricInputError(spec.name, "weights", f"must be as many as `{name}`", found)
    columns, _, _ = aligned(spec, given)
    raises = isinstance(undefined, str)
    values = columns[name].astype(np.float32) if columns[name].dtype == np.float16 else columns[name]
    return Ratings(spec, name, values, columns.get("weights"), scale, whole, fill, raises)


def rating_scale(metric: Callable[..., Any], scale: Any) -> tuple[int, int]:
    """Return the lowest and the highest rating, or refuse."""
    if _is_pair(scale) and -_FAR <= scale[0] < scale[1] <= _FAR:
        return int(scale[0]), int(scale[1])
    rule = "must be the lowest and the highest answer, two whole numbers"
    raise MetricInputError(metric.__name__, "scale", rule, f"got {shown(scale)}", "for example scale=(1, 5)")


def nps_cuts(
    metric: Callable[..., Any], scale: Any, promoters: Any = None, detractors: Any = None
) -> tuple[tuple[int, int], int, int]:
    """Return the scale, the lowest answer of a promoter and the highest answer of a detractor, or raise."""
    low, high = rating_scale(metric, scale)
    usual = (9, 6) if (low, high) in NPS_SCALES else (None, None)
    cuts: Any = (usual[0] if promoters is None else promoters, usual[1] if detractors is None else detractors)
    if cuts[0] is None or cuts[1] is None:
        hint = "for example promoters=5, detractors=3 on (1, 5): 5 is a promoter, 4 is passive, 3 and less detractors"
        rule = "must be (0, 10) or (1, 10), or come with promoters= and detractors="
        raise MetricInputError(metric.__name__, "scale", rule, f"got {shown(scale)}", hint)
    for argument, cut in zip(("promoters", "detractors"), cuts, strict=True):
        if not (is_whole(cut) and low <= cut <= high):
            rule = f"must be a whole number between {low} and {high}"
            hint = "the lowest answer of a promoter" if argument == "promoters" else "the highest answer of a detractor"
            raise MetricInputError(metric.__name__, argument, rule, f"got {shown(cut)}", hint)
    if cuts[1] >= cuts[0]:
        found = f"got {int(cuts[1])} and {int(cuts[0])}"
        raise MetricInputError(metric.__name__, "detractors", "must be less than `promoters`", found)
    return (low, high), int(cuts[0]), int(cuts[1])


def usual_top(scale: tuple[int, int]) -> int:
    """Return how many of the highest ratings count as satisfied: on two or three points the middle is neutral."""
    return 2 if scale[1] - scale[0] >= 3 else 1


def lowest_top(metric: Callable[..., Any], scale: tuple[int, int], top: Any = None) -> int:
    """Return the lowest of the `top` highest ratings of a scale, or raise."""
    low, high = scale
    top = usual_top(scale) if top is None else top
    if is_whole(top) and 1 <= top <= high - low:
        return int(high - top + 1)
    rule = f"must be a whole number between 1 and {high - low}"
    hint = "how many of the highest ratings count as satisfied; 2 on a scale of (1, 5) are 4 and 5"
    raise MetricInputError(metric.__name__, "top", rule, f"got {shown(top)}", hint)


def _is_pair(value: Any) -> bool:
    value = plain(value)
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(map(is_whole, value))


def _count(flags: Any) -> int:
    return int(np.count_nonzero(flags))


def _impossible(weights: Any) -> Any:
    return (weights < 0) | np.isinf(weights)


def _what(value: Any) -> str:
    plain = value is None or isinstance(value, (int, float, str, np.generic))
    return shown(value, 40) if plain else f"a {type(value).__name__}"


def _column_hint(argument: str, value: Any) -> str:
    if isinstance(value, (np.ndarray, pd.DataFrame)) and value.ndim > 1:
        return "pick one column of it"
    return "give one weight per answer" if argument == "weights" else "a single answer is a list of one: [9]"
