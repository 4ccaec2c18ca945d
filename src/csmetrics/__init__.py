"""csmetrics: customer-success and revenue metrics, one tested definition each.

Rates are percent. Every metric is a function of totals (``csm.churn_rate(lost=5, start=100)``), a method of a cohort
frame (``df.csm.by("plan").churn_rate()``) and an entry of the catalogue (``csm.catalog["churn_rate"]``).
"""

# `__init__.pyi` beside it says what is here to editors and type checkers; it is made from `__all__` and the registry

from __future__ import annotations

# The metrics in the order of the catalogue, before what is made from them
# isort: off
from csmetrics.core.retention import *
from csmetrics.core.revenue import *
from csmetrics.core.value import *
from csmetrics.core.survey import *
from csmetrics.core.support import *
from csmetrics.core.adoption import *
from csmetrics.core.activity import *
from csmetrics.core.onboarding import *
from csmetrics.core.advocacy import *
from csmetrics.core.health import *

# isort: on
from csmetrics._accessors.answers import Answers
from csmetrics._accessors.cohorts import Cohorts, over
from csmetrics.core._registry import REGISTRY as _REGISTRY
from csmetrics.core._surface import surface as _surface
from csmetrics.errors import CohortWarning, CsmetricsError, MetricInputError, MissingColumnError, UndefinedMetricError

__version__ = "0.1.0"

# Loaded when first asked for: pydantic's models cost as much to build as everything else here
_HOMES = {
    "Backtest": "csmetrics.health",
    "Bands": "csmetrics.health",
    "BusinessHours": "csmetrics.cohorts.hours",
    "Catalog": "csmetrics._catalog.catalog",
    "Comparison": "csmetrics._statistics.results",
    "Component": "csmetrics.health",
    "Curves": "csmetrics.survival.curves",
    "Decomposition": "csmetrics._statistics.decomposition",
    "Evaluated": "csmetrics._statistics.evaluated",
    "Example": "csmetrics._catalog.spec",
    "Excluded": "csmetrics.cohorts._rows.remarks",
    "Explanation": "csmetrics._explain.explanation",
    "GroupComparison": "csmetrics._statistics.groups",
    "HealthScore": "csmetrics.health",
    "InputSpec": "csmetrics._catalog.spec",
    "Inputs": "csmetrics._catalog.models",
    "Interval": "csmetrics._statistics.results",
    "Law": "csmetrics._catalog.laws",
    "MetricSpec": "csmetrics._catalog.spec",
    "Report": "csmetrics._report.report",
    "Result": "csmetrics._catalog.models",
    "RetentionGrid": "csmetrics.cohorts.grid",
    "Rival": "csmetrics._explain.explanation",
    "Scorecard": "csmetrics._statistics.scorecard",
    "SuggestedWeights": "csmetrics.health",
    "Survival": "csmetrics.survival",
    "Target": "csmetrics._statistics.targets",
    "catalog": "csmetrics._catalog.catalog",
    "compare": "csmetrics._statistics.compare",
    "compare_groups": "csmetrics._statistics.groups",
    "decompose": "csmetrics._statistics.decompose",
    "decompose_periods": "csmetrics._statistics.decompose",
    "explain": "csmetrics._explain.explain",
    "interval": "csmetrics._statistics.interval",
    "report": "csmetrics._report.report",
    "report_from_tables": "csmetrics._report.tables",
    "sample_size": "csmetrics._statistics.sample_size",
}
_ROOMS = ("plotting", "datasets", "survival", "testing", "cohorts")  # of a name that several have, the last is meant

__all__ = [
    *_REGISTRY,
    "Answers",
    "CohortWarning",
    "Cohorts",
    "CsmetricsError",
    "MetricInputError",
    "MissingColumnError",
    "UndefinedMetricError",
    "over",
    *_HOMES,
    *_ROOMS,
]

__getattr__, __dir__ = _surface(__name__, [*__all__, "__version__", "errors"], _HOMES, _ROOMS)
