"""Made-up data for learning and testing."""

from csmetrics.datasets._saas import SaasCompany, make_saas

__all__ = ["SaasCompany", "make_saas"]
