"""The segments of two periods, side by side."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics._statistics.samples import Sample
from csmetrics.core._types import Array


class Places(NamedTuple):
    """Where each segment is in the sample of one period.

    Attributes
    ----------
    at : ndarray
        Its place, -1 where the sample does not have it.
    own : bool
        Whether the segments are those of the sample, in its own order.
    """

    at: Any
    own: bool

    @property
    def there(self) -> Any:
        """Which segments the sample has."""
        return self.at >= 0

    def take(self, values: Array) -> Array:
        """Return the value of each segment, 0 where the sample does not have it."""
        if self.own:
            return values
        return np.where(self.at >= 0, values[np.maximum(self.at, 0)], 0.0) if values.size else np.zeros(self.at.size)


def aligned(before: Sample, after: Sample) -> tuple[pd.Index[Any], Places, Places]:
    """Return the segments of both samples, those before first, and where each is."""
    first, second = before.index, after.index
    assert first is not None
    assert second is not None
    own = np.arange(len(first))
    if first is second or first.equals(second):
        return first, Places(own, True), Places(own, True)
    kept = second.get_indexer(first)
    new = np.ones(len(second), bool)
    new[kept[kept >= 0]] = False
    added = np.flatnonzero(new)
    if not added.size:
        return first, Places(own, True), Places(kept, False)
    nowhere = np.full(added.size, -1)
    index = first.append(second[added])
    return index, Places(np.concatenate([own, nowhere]), False), Places(np.concatenate([kept, added]), False)
