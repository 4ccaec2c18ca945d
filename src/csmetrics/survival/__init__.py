"""How long customers take, when some are still waiting: time to value, tenure, time to the next purchase."""

from typing import TYPE_CHECKING

from csmetrics.core._surface import surface
from csmetrics.survival.comparing import LogRank, compare
from csmetrics.survival.contracts import sbg
from csmetrics.survival.curve import Survival
from csmetrics.survival.curves import Curves
from csmetrics.survival.estimate import kaplan_meier
from csmetrics.survival.from_dates import kaplan_meier_from_dates
from csmetrics.survival.lifetime_value import clv
from csmetrics.survival.sbg_model import SBG

__all__ = ["SBG", "Curves", "LogRank", "Survival", "clv", "compare", "kaplan_meier", "kaplan_meier_from_dates", "sbg"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = surface(__name__, __all__)
