"""Made-up data to learn and to test with."""

from csmetrics.datasets._saas import SaasCompany, make_saas

__all__ = ["SaasCompany", "make_saas"]
