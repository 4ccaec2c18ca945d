"""One hypothesis profile for the formulas: few examples of many metrics, the same ones in every run."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "formulas",
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],  # 80 metrics draw from one test
)
settings.load_profile("formulas")
