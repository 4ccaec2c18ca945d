"""A hypothesis profile for the formulas: few examples of many metrics, the same in every run."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "formulas",
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],  # one test draws for 80 metrics
)
settings.load_profile("formulas")
