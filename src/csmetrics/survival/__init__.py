"""How long customers take, when some are still waiting: time to value, tenure, time to the next purchase."""

from typing import TYPE_CHECKING

from csmetrics.core._surface import surface
from csmetrics.survival.comparing import LogRank, compare
from csmetrics.survival.curve import Survival
from csmetrics.survival.curves import Curves
from csmetrics.survival.estimate import kaplan_meier
from csmetrics.survival.from_dates import kaplan_meier_from_dates

__all__ = ["Curves", "LogRank", "Survival", "compare", "kaplan_meier", "kaplan_meier_from_dates"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = surface(__name__, __all__)
