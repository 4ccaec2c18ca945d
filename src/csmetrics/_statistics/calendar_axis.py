"""The time axis of a cohort frame: which period comes before which, and which is a year earlier."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pandas as pd

from csmetrics._frames.engine_totals import EngineFrame
from csmetrics._frames.grain import Grain
from csmetrics.errors import MetricInputError, shown

_LISTED = 8  # periods that an error names
_YEARS = range(1900, 2200)
_TWO_WAYS = re.compile(r"\d\d?[./-]\d\d?[./-]\d+.*")  # a day and a month, of which nobody knows which comes first


@dataclass(frozen=True)
class TimeAxis:
    """The periods of a frame, in order.

    Attributes
    ----------
    name
        The column or level that holds them.
    labels
        As they are in the frame.
    places
        The place of each in time: neighbours differ by 1.
    periods
        As pandas' Periods, where they are; None where they are other labels.
    """

    name: Any
    labels: list[Any]
    places: list[int]
    periods: Any

    def place_of(self, metric: str, label: Any, argument: str = "period") -> int:
        """Return the place of a label; refuse one that no row has."""
        plain = _plain(label)
        for one, place in zip(map(_plain, self.labels), self.places, strict=True):
            if one is plain or (type(one) is type(plain) and one == plain):
                return place
        with suppress(ValueError, TypeError):
            if self.periods is not None:  # of a number such as 2026, pandas reads the text
                wanted: Any = pd.Period(str(plain) if isinstance(plain, int) else label, freq=self.periods.freq)
                return self.places[list(self.periods).index(wanted)]
            return self.places[self.labels.index(pd.Timestamp(label))]
        some = f"it has {', '.join(map(_written, self.labels[-_LISTED:]))}"
        hint = f"{some} at its end" if len(self.labels) > _LISTED else some
        if any(isinstance(one, pd.Period) for one in self.labels):
            hint += "; builders leave out a period that is not over by as_of"
        raise MetricInputError(metric, argument, "must be a period of the frame", f"got {shown(label)}", hint)

    def year_before(self, place: int) -> int | None:
        """Return the place of the same period a year earlier; None where the labels do not tell."""
        if self.periods is None:
            return None
        at = self.periods[self.places.index(place)]
        if str(at.freqstr).startswith("W"):
            return place - 52
        earlier = pd.Period(at.start_time - pd.DateOffset(years=1), freq=at.freq)
        return place - int(at.ordinal - earlier.ordinal)

    def label_of(self, place: int) -> str:
        """Return the text of a place, whether or not a row has it."""
        if place in self.places:
            return _written(self.labels[self.places.index(place)])
        return "" if self.periods is None else str(self.periods[0] + (place - self.places[0]))

    def taken(self, first: int, last: int) -> list[Any]:
        """Return the labels between two places, both included."""
        return [label for label, place in zip(self.labels, self.places, strict=True) if first <= place <= last]


def read_axis(metric: str, grain: Grain, name: Any) -> TimeAxis:
    """Read the periods of a frame on one axis."""
    found: Any = Grain(grain.frame, (name,), name).sums({})[0]
    labels = [label for label in found if not pd.isna(label)]
    if not labels:
        raise MetricInputError(metric, "period", "must have periods", "the axis is empty")
    periods = as_periods(labels)
    places = list(range(len(labels))) if periods is None else [int(period.ordinal) for period in periods]
    order = sorted(range(len(labels)), key=places.__getitem__)
    kept = None if periods is None else pd.PeriodIndex([periods[i] for i in order])
    return TimeAxis(name, [labels[i] for i in order], [places[i] for i in order], kept)


def as_periods(labels: list[Any]) -> Any:
    """Read labels as periods: Periods, dates at a steady distance, years, or text such as 2026-03; None for others."""
    if all(isinstance(label, pd.Period) for label in labels):
        return pd.PeriodIndex(labels)
    with suppress(ValueError, TypeError, AttributeError):
        if all(isinstance(label, str) for label in labels):
            read = [pd.Period(label) for label in labels if label[:1].isdigit() and not _TWO_WAYS.fullmatch(label)]
            return pd.PeriodIndex(read) if len(read) == len(labels) and len({p.freqstr for p in read}) == 1 else None
        if all(isinstance(label, int) and label in _YEARS for label in map(_plain, labels)):
            return pd.PeriodIndex([str(label) for label in labels], freq="Y")
        if all(hasattr(label, "year") for label in labels):
            return _dated(pd.DatetimeIndex(labels).tz_localize(None))
    return None


def _dated(index: pd.DatetimeIndex) -> Any:
    """Read dates that are the first or last days of years, quarters, months or weeks, or any days; None for times."""
    for freq in ("Y", "Q", "M", f"W-{index[0].day_name()[:3].upper()}", "D"):
        periods: Any = index.to_period(freq)
        edges = (periods.start_time, periods.end_time.normalize())
        if periods.is_unique and any((index == edge).all() for edge in edges):
            return periods
    return None


def _written(label: Any) -> str:
    """Write a label; a midnight is its day."""
    day = isinstance(label, pd.Timestamp) and label == label.normalize()
    return str(label.date()) if day else str(label)


def _plain(label: Any) -> Any:
    return label.item() if hasattr(label, "item") else label


def only(grain: Grain, axis: TimeAxis, first: int, last: int, keys: tuple[Any, ...] | None) -> Grain:
    """Return the rows of the periods between two places; they no longer have a time axis."""
    labels = axis.taken(first, last)
    if isinstance(grain.frame, EngineFrame):
        from csmetrics._frames.engines import narwhals

        dtype = grain.frame.schema[axis.name]
        if dtype.is_temporal():
            labels = [pd.Timestamp(label).to_pydatetime() for label in labels]
            labels = [label.date() for label in labels] if type(dtype).__name__ == "Date" else labels
        kept = EngineFrame.__new__(EngineFrame)
        for name in ("columns", "engine", "marks", "schema"):
            setattr(kept, name, getattr(grain.frame, name))
        kept.frame = grain.frame.frame.filter(narwhals().col(axis.name).is_in(labels))
        return Grain(kept, keys, None)
    values = pd.Series(grain.axes[axis.name]) if axis.name in grain.axes else grain.frame[axis.name]
    return Grain(grain.frame[values.isin(labels).to_numpy(dtype=bool)], keys, None)
