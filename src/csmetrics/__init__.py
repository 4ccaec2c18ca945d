"""csmetrics: customer-success and revenue metrics, one tested definition each.

Rates are percent. Every metric is a function of totals (``csm.churn_rate(lost=5, start=100)``), a method of a cohort
frame (``df.csm.by("plan").churn_rate()``) and an entry of the catalogue (``csm.catalog["churn_rate"]``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from csmetrics.core._registry import nearest as _nearest
from csmetrics.errors import CohortWarning, CsmetricsError, MetricInputError, MissingColumnError, UndefinedMetricError
from csmetrics.errors import shown as _shown

if TYPE_CHECKING:
    from csmetrics import cohorts, datasets, survival, testing
    from csmetrics._catalog.catalog import Catalog, catalog
    from csmetrics._catalog.models import Inputs, Result
    from csmetrics._catalog.spec import MetricSpec
    from csmetrics._explain.explain import explain
    from csmetrics._explain.explanation import Explanation
    from csmetrics._statistics.compare import compare
    from csmetrics._statistics.decompose import decompose, decompose_periods
    from csmetrics._statistics.decomposition import Decomposition
    from csmetrics._statistics.groups import GroupComparison, compare_groups
    from csmetrics._statistics.interval import interval
    from csmetrics._statistics.results import Comparison, Interval
    from csmetrics._statistics.sample_size import sample_size
    from csmetrics.cohorts.hours import BusinessHours
    from csmetrics.health import HealthScore

__version__ = "0.1.0"

# Loaded when first asked for: pydantic's models cost as much to build as everything else here
_LAZY = {
    "BusinessHours": "csmetrics.cohorts.hours",
    "catalog": "csmetrics._catalog.catalog",
    "Catalog": "csmetrics._catalog.catalog",
    "MetricSpec": "csmetrics._catalog.spec",
    "Comparison": "csmetrics._statistics.results",
    "Decomposition": "csmetrics._statistics.decomposition",
    "Explanation": "csmetrics._explain.explanation",
    "GroupComparison": "csmetrics._statistics.groups",
    "HealthScore": "csmetrics.health",
    "Inputs": "csmetrics._catalog.models",
    "Interval": "csmetrics._statistics.results",
    "Result": "csmetrics._catalog.models",
    "cohorts": "csmetrics.cohorts",
    "compare": "csmetrics._statistics.compare",
    "compare_groups": "csmetrics._statistics.groups",
    "datasets": "csmetrics.datasets",
    "decompose": "csmetrics._statistics.decompose",
    "decompose_periods": "csmetrics._statistics.decompose",
    "explain": "csmetrics._explain.explain",
    "interval": "csmetrics._statistics.interval",
    "sample_size": "csmetrics._statistics.sample_size",
    "survival": "csmetrics.survival",
    "testing": "csmetrics.testing",
}

__all__ = [
    *_REGISTRY,
    "Answers",
    "BusinessHours",
    "Catalog",
    "CohortWarning",
    "Cohorts",
    "Comparison",
    "CsmetricsError",
    "Decomposition",
    "Explanation",
    "GroupComparison",
    "HealthScore",
    "Inputs",
    "Interval",
    "MetricInputError",
    "MetricSpec",
    "MissingColumnError",
    "Result",
    "UndefinedMetricError",
    "catalog",
    "cohorts",
    "compare",
    "compare_groups",
    "datasets",
    "decompose",
    "decompose_periods",
    "explain",
    "interval",
    "over",
    "sample_size",
    "survival",
    "testing",
]


if not TYPE_CHECKING:  # else every misspelt name would pass as one of these

    def __getattr__(name: str) -> Any:
        if name not in _LAZY:
            meant = "" if name.startswith("_") else f"; {_nearest(name)}"
            raise AttributeError(f"module 'csmetrics' has no attribute {_shown(name)}{meant}")
        from importlib import import_module

        module = import_module(_LAZY[name])
        value = module if name in ("cohorts", "datasets", "survival", "testing") else getattr(module, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*__all__, "__doc__", "__version__", "errors"})
