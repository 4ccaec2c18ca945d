"""A change taken apart, and how it prints: in words that name a cause only where noise would not do the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._statistics.printed import Printed, behind, between, figure, named, plain, signed
from csmetrics._statistics.segment_limits import Other
from csmetrics.core._door import Door

PARTS = ("within", "mix", "entered", "left")
_NAMED = 3  # segments that the words name at most
_WORDS = {
    "within": "rates within segments",
    "mix": "mix of segments",
    "entered": "segments that entered",
    "left": "segments that left",
}


@dataclass(frozen=True, repr=False, eq=False)
class Decomposition(Printed):
    """What moved a total. Printed it is words; ``change = within + mix + entered + left``.

    Attributes
    ----------
    before, after, change : float
        The two figures and their difference, in the metric's unit.
    within : float
        What the segments' own rates did, at the mean of both weights.
    mix : float
        What the weights did, at the mean of both rates.
    entered, left : float
        What segments did that are in one period only.
    mix_by : dict
        The mix effect of each key.
    intervals : dict of str to tuple of float
        The limits of `change` and of each part, where the metric has an interval.
    frame : DataFrame
        A row per segment, or per factor where there are no segments.
    metric, unit : str
        The metric and its unit.
    confidence : float
        Percent.
    method : str
        How the limits were made, or the effects where there are no segments.
    n_before, n_after : float
        How many answers, counts or customers stand behind the figures; NaN where totals do not tell.
    causes : tuple of str
        What may be named as a cause: beyond noise, among all segments (Holm).
    notes : tuple of str
        What a reader should know.
    """

    metric: str
    unit: str
    before: float
    after: float
    change: float
    within: float
    mix: float
    entered: float
    left: float
    mix_by: dict[Any, float]
    intervals: dict[str, tuple[float, float]]
    frame: pd.DataFrame
    confidence: float
    causes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    by: tuple[Any, ...] = field(default=())
    method: str = "linearised"
    n_before: float = nan
    n_after: float = nan

    plot = Door("decomposition")

    def __str__(self) -> str:
        title = f"{self.metric} {figure(self.before)} to {figure(self.after, self.unit)}: {signed(self.change)}"
        how = f"{self.confidence:g} % intervals, {self.method}" if self.intervals else self.method
        lines = [f"{title}{self._limits('change')} ({how}{behind(self.n_before, self.n_after)})"]
        if self.by:
            lines += [self._part(name) for name in PARTS if self._there(name)]
            if len(self.mix_by) > 1:
                lines.append("  mix by key: " + ", ".join(f"{k} {signed(v)}" for k, v in self.mix_by.items()))
        else:
            order = self.frame["effect"].abs().sort_values(ascending=False).index
            lines += [self._line(name, name, self.frame.loc[name, "effect"]) for name in order]
        return "\n".join([*lines, *self.causes, *(f"Note: {note}" for note in self.notes)])

    def _there(self, name: str) -> bool:
        return name in ("within", "mix") or name in set(self.frame["status"])

    def _part(self, name: str) -> str:
        return self._line(name, _WORDS[name], getattr(self, name))

    def _line(self, name: str, words: str, value: float) -> str:
        limits = self._limits(name)
        noise = ""
        if limits:
            low, high = self.intervals[name]
            noise = "" if low > 0 or high < 0 else ", within noise"
        return f"  {words} {signed(value)}{limits}{noise}"

    def _limits(self, name: str) -> str:
        if name not in self.intervals:
            return ""
        return f" {between(*self.intervals[name])}"

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, ready for JSON.

        Returns
        -------
        dict
            The attributes by name, with a list of segments or factors in place of the frame; what has no value is None.
        """
        figures = ("metric", "unit", "before", "after", "n_before", "n_after", "change", *PARTS)
        names = (*figures, "intervals", "confidence", "method", "causes", "notes")
        rows = zip(self.frame.index.tolist(), self.frame.to_dict("records"), strict=True)
        key = "segment" if self.by else "factor"
        frame = [{key: named(label), **row} for label, row in rows]
        found: dict[str, Any] = plain({**{n: getattr(self, n) for n in names}, "mix_by": self.mix_by, "frame": frame})
        return found


def causes(
    found: dict[str, float], intervals: dict[str, tuple[float, float]], frame: pd.DataFrame, other: Other | None = None
) -> list[str]:
    """Say what moved it most, as far as it is beyond noise.

    Parameters
    ----------
    found
        The parts, by name.
    intervals
        Their limits; empty where they are not known.
    frame
        A row per segment: status, before, after, within, beyond_noise.
    other
        The segments with few events as one, where its rate moved by more than chance.
    """
    change = sum(found.values())
    if not intervals:
        lines = ["Totals alone do not tell which of these are beyond noise."]
        return lines + _simpson(change, frame, None)
    beyond = [n for n in PARTS if n in intervals and (intervals[n][0] > 0 or intervals[n][1] < 0)]
    most = max(PARTS, key=lambda n: abs(found[n]))
    lines = []
    if not beyond:
        lines.append("No part is beyond noise: no cause can be named.")
    elif most in beyond:
        lines.append(f"What moved it most: {_WORDS[most]} ({signed(found[most])}).")
    else:
        listed = " and ".join(f"{_WORDS[n]} ({signed(found[n])})" for n in beyond)
        lines.append(f"Beyond noise: {listed}; the largest part, {_WORDS[most]}, is within noise.")
    if not beyond and "beyond_noise" in frame and (other is not None or bool(frame["beyond_noise"].any())):
        lines.append("Single segments may have moved, but not by enough to move the total for certain.")
    elif "beyond_noise" in frame:
        sure = frame.loc[frame["beyond_noise"], ["before", "after", "within"]]
        for place in np.argsort(-sure["within"].abs().to_numpy(), kind="stable")[:_NAMED]:
            label, row = sure.index[place], sure.iloc[place]
            lines.append(_moved(named(label), row["before"], row["after"], row["within"]))
        if other is not None:
            many = f"{other.segments} segments with few events" if other.segments > 1 else "a segment with few events"
            name = f"other ({many})"
            lines.append(_moved(name, other.before, other.after, other.within))
        elif not len(sure):
            lines.append("No single segment's rate moved by more than chance.")
    return lines + _simpson(change, frame, intervals.get("within"))


def _moved(name: str, before: float, after: float, within: float) -> str:
    return f"Its own rate moved in {name}: {figure(before)} to {figure(after)}, {signed(within)} of the total."


def component_causes(frame: pd.DataFrame) -> list[str]:
    """Say which component moved it most, as far as it is beyond noise; nothing where the limits are not known."""
    if "low" not in frame:
        return []
    beyond = frame[(frame["low"] > 0) | (frame["high"] < 0)]["effect"]
    if beyond.empty:
        return ["No component is beyond noise: no cause can be named."]
    most: Any = beyond.abs().idxmax()
    return [f"What moved it most, beyond noise: {most} ({signed(beyond[most])})."]


def _simpson(change: float, frame: pd.DataFrame, within: tuple[float, float] | None) -> list[str]:
    """Say where every segment moved one way and the total the other."""
    moved = frame["after"].to_numpy() - frame["before"].to_numpy()
    moved = moved[(frame["status"] == "both").to_numpy()]
    up = bool((moved > 0).all())
    if len(moved) < 2 or change == 0 or not (up or (moved < 0).all()):
        return []
    if up == (change > 0):
        return []
    words = f"Every segment went {'up' if up else 'down'} and the total {'down' if up else 'up'} (Simpson)"
    if within is None:
        return [f"{words}: the weights did that."]
    if within[0] > 0 or within[1] < 0:
        return [f"{words}: the weights did that, not the rates."]
    return [f"{words}, but what the segments did is within noise."]


def statuses(common: Any, before: Any) -> Any:
    """Return "both", "left" or "entered" for each segment."""
    codes = np.where(common, 0, np.where(before, 2, 1)).astype(np.int8)
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(["both", "entered", "left"]))
