"""Weights that tell two kinds of customers apart: logistic regression whose weights are never negative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from csmetrics.core._types import Array

_ROUNDS = 50
_RIDGE = 1e-3  # a share of the information, so that components that are alike do not run apart


def separating(points: Sequence[Array], left: Any) -> Array:
    """Return weights that add up to 1, larger for points that tell more of who stays; all 0 where none do.

    Parameters
    ----------
    points
        For each component the customers' points, 0 to 100, NaN where missing, which then count as the mean.
    left
        bool: who left.
    """
    columns = (
        np.array([np.where(np.isnan(p), np.nanmean(p) if (~np.isnan(p)).any() else 0.0, p) for p in points]).T / 100
    )
    columns = columns - columns.mean(axis=0)
    taken = columns.std(axis=0) > 0
    while taken.any():
        weights = _fitted(columns[:, taken], ~left)
        if (weights >= 0).all():
            out = np.zeros(len(points))
            out[taken] = weights
            total = out.sum()
            return out / total if total > 0 else out
        taken[np.flatnonzero(taken)[weights.argmin()]] = False  # one that points the wrong way says nothing
    return np.zeros(len(points))


def _fitted(columns: Array, stayed: Any) -> Array:
    """Return the weights of a logistic regression, by Newton's steps with a little ridge."""
    table = np.column_stack([np.ones(len(columns)), columns])
    found = np.zeros(table.shape[1])
    found[0] = np.log(stayed.sum() / (~stayed).sum())
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(table @ found, -30, 30)))
        information = table.T @ (table * (chance * (1 - chance))[:, None])
        ridge = _RIDGE * np.trace(information) / len(found) * np.eye(len(found))
        ridge[0, 0] = 0
        step = np.linalg.solve(information + ridge, table.T @ (stayed - chance) - ridge @ found)
        found = found + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-9:
            break
    return np.asarray(found[1:], dtype=np.float64)
