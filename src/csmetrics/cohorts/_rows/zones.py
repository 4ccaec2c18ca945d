"""The time zone that several columns of dates share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csmetrics.cohorts._rows.instants import Times
from csmetrics.errors import MetricInputError


def must_match(metric: str, columns: dict[str, Times]) -> Any:
    """Return the time zone of the columns; reject naive times beside aware ones."""
    return one_clock(metric, {name: times.zone for name, times in columns.items() if times.known})


def one_clock(metric: str, zones: Mapping[str, Any]) -> Any:
    """Return the first of the columns' time zones; reject naive times beside aware ones."""
    if len({zone is None for zone in zones.values()}) > 1:
        found = ", ".join(f"{name} {'without' if zone is None else 'with'} one" for name, zone in zones.items())
        raise mixed_zones(metric, ", ".join(zones), found)
    return next(iter(zones.values()), None)


def mixed_zones(metric: str, argument: str, found: str) -> MetricInputError:
    """Make the error for naive times beside aware ones."""
    hint = "add the time zone in which the times without one were recorded, for example with .dt.tz_localize"
    return MetricInputError(metric, argument, "must all have a time zone, or none", f"got {found}", hint)
