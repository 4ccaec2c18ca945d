"""A customer health score as a company defines it, held against who left."""

from csmetrics.health.backtest import Backtest
from csmetrics.health.score import Bands, Component, HealthScore
from csmetrics.health.weights import SuggestedWeights

__all__ = ["Backtest", "Bands", "Component", "HealthScore", "SuggestedWeights"]
