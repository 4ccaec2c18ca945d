"""How long customers take, when some are still waiting: time to value, tenure, time to the next purchase."""

from csmetrics.survival.curve import Survival, kaplan_meier
from csmetrics.survival.curves import Curves
from csmetrics.survival.from_dates import kaplan_meier_from_dates

__all__ = ["Curves", "Survival", "kaplan_meier", "kaplan_meier_from_dates"]
