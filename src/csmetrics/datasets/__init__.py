"""Made-up data for learning and testing."""

from typing import TYPE_CHECKING

from csmetrics.core._surface import surface
from csmetrics.datasets._saas import SaasCompany, make_saas

__all__ = ["SaasCompany", "make_saas"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = surface(__name__, __all__)
