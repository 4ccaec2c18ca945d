"""Shared by the tables and the totals: the company's plans, regions and features, and its calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Stamps = npt.NDArray[np.datetime64]

PLANS = ("starter", "team", "business")
REGIONS = ("americas", "emea", "apac")
FEATURES = ("dashboards", "reports", "alerts", "integrations", "automations")

DAY_SECONDS = 24 * 3600  # seconds
NEVER = np.datetime64("NaT", "us")


@dataclass(frozen=True)
class Timeline:
    """The days of the data, counted from `first`; the last full month is [opening, closing)."""

    first: np.datetime64
    days: int
    period: pd.Period
    opening: int
    closing: int
    events_from: int
    as_of: pd.Timestamp

    def time(self, day: int | Ints, second: int | Ints = 0) -> Any:
        """Return the instant (or instants) a number of days and seconds after `first`."""
        return self.first + (np.asarray(day, dtype=np.int64) * DAY_SECONDS + second).astype("timedelta64[s]")

    def known(self, day: Ints, second: Ints, keep: Flags) -> Stamps:
        """Return the instants that lie within the data and are marked in `keep`; NaT for the others."""
        return np.where(keep & (day * DAY_SECONDS + second < self.days * DAY_SECONDS), self.time(day, second), NEVER)


def category(codes: Ints, names: tuple[str, ...]) -> Any:
    """Make a categorical from codes, its categories in the order of the names."""
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(names)))
