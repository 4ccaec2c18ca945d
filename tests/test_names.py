"""What a person finds by name: completion in notebooks, hints at misspelt names, and a public home for each type."""

from __future__ import annotations

import inspect
import subprocess
import sys
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

import csmetrics as csm
from csmetrics.core._registry import REGISTRY

ROOMS = ("cohorts", "datasets", "survival", "testing")


@pytest.mark.parametrize("room", ROOMS)
def test_a_module_lists_its_public_names_and_nothing_else(room: str) -> None:
    module = getattr(csm, room)
    inside = {"strategies"} if room == "testing" else set()
    assert set(dir(module)) == {*module.__all__, *inside}
    assert not any(isinstance(getattr(module, name), ModuleType) for name in module.__all__)
    assert all(inspect.getdoc(getattr(module, name)) for name in dir(module))


def test_the_package_lists_its_public_names_and_nothing_else() -> None:
    assert set(dir(csm)) == {*csm.__all__, "__version__", "errors"}
    assert set(REGISTRY) | set(ROOMS) < set(dir(csm))
    assert len(csm.__all__) == len(set(csm.__all__))


def test_the_catalogue_completes_its_keys() -> None:
    assert csm.catalog._ipython_key_completions_() == list(REGISTRY)


def test_a_frame_completes_its_metrics() -> None:
    frame = pd.DataFrame({"lost": [5], "start": [100]})
    for grain in (frame.csm, frame.csm.by("lost"), frame.csm.total()):
        public = {name for name in dir(grain) if not name.startswith("_")}
        assert public == {
            *REGISTRY,
            "by",
            "total",
            "compute",
            "metrics",
            "explain",
            "interval",
            "compare_periods",
            "plot",
        }


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("csm.chrun_rate", "did you mean 'churn_rate'?"),
        ("csm.NRR", "did you mean 'nrr'?"),
        ("csm.logo_churn", "did you mean 'churn_rate'?"),
        ("csm.Cohort", "did you mean 'Cohorts'?"),
        ("csm.cohort", "did you mean 'cohorts'?"),
        ("csm.Componant", "did you mean 'Component'?"),
        ("csm.healthscore", "did you mean 'HealthScore'?"),
        ("csm.explian", "did you mean 'explain'?"),
        ("csm.retention", "did you mean csm.cohorts.retention?"),
        ("csm.kaplan_meier", "did you mean csm.survival.kaplan_meier?"),
        ("csm.verfy", "did you mean csm.testing.verify?"),
        ("csm.zzzz", "csm.catalog.find('zzzz') searches"),
        ("csm.cohorts.retension", "did you mean 'retention'?"),
        ("csm.cohorts.retentiongrid", "did you mean 'RetentionGrid'?"),
        ("csm.cohorts.churn_rat", "did you mean csm.churn_rate?"),
        ("csm.survival.kaplan_maier", "did you mean 'kaplan_meier'?"),
        (
            "csm.survival.zzzz",
            "it has Curves, LogRank, SBG, Survival, clv, compare, kaplan_meier, kaplan_meier_from_dates, sbg",
        ),
        ("csm.testing.verfy", "did you mean 'verify'?"),
        ("csm.testing.stratgies", "did you mean 'strategies'?"),
        ("csm.testing.cohort_frame", "did you mean csm.testing.strategies.cohort_frames?"),
        ("csm.datasets.make_sas", "did you mean 'make_saas'?"),
    ],
)
def test_a_misspelt_name_is_guessed(asked: str, hint: str) -> None:
    _, *rooms, name = asked.split(".")
    module = getattr(csm, rooms[0]) if rooms else csm
    with pytest.raises(AttributeError) as caught:
        getattr(module, name)
    assert str(caught.value) == f"module {module.__name__!r} has no attribute {name!r}; {hint}"


def test_private_names_and_long_ones_are_refused_in_brief() -> None:
    for module in (csm, csm.cohorts):
        with pytest.raises(AttributeError, match=r"has no attribute '__wrapped__'$"):
            module.__wrapped__  # noqa: B018
        with pytest.raises(AttributeError) as caught:
            getattr(module, "x" * 10_000)
        assert len(str(caught.value)) < 500


def held() -> dict[str, Any]:
    """What a user gets from csmetrics, by the public name of its type."""
    spec = csm.catalog["churn_rate"]
    explanation = csm.explain(csm.churn_rate, lost=5, start=100, new=2)
    health = csm.HealthScore(components={"usage": csm.Component(weight=1)})
    events = pd.DataFrame({"user": ["ann"], "time": pd.to_datetime(["2026-01-01"])})
    waits = pd.DataFrame({"plan": ["pro"], "start": ["2026-01-01"], "end": ["2026-01-05"]})
    unnamed = pd.DataFrame({"user": ["ann", None], "time": pd.to_datetime(["2026-01-01"] * 2)})
    return {
        "Answers": pd.Series([9]).csm,
        "Bands": health.bands,
        "Catalog": csm.catalog,
        "Cohorts": pd.DataFrame({"lost": [5]}).csm.total(),
        "Component": health.components["usage"],
        "Curves": csm.survival.kaplan_meier_from_dates(waits, as_of="2026-02-28", by="plan"),
        "Example": spec.examples[0],
        "Excluded": csm.cohorts.lifecycle(unnamed, on_bad_rows="report").attrs["excluded"],
        "Explanation": explanation,
        "HealthScore": health,
        "InputSpec": spec.inputs["lost"],
        "Inputs": spec.Inputs(lost=5, start=100),
        "Law": spec.laws[0],
        "MetricSpec": spec,
        "Result": spec.compute('{"lost": 5, "start": 100}'),
        "RetentionGrid": csm.cohorts.retention(events, as_of="2026-02-28"),
        "Rival": explanation.rivals[0],
        "Survival": csm.survival.kaplan_meier([1, 2], [True, False]),
    }


def test_every_type_that_a_user_holds_has_a_public_home() -> None:
    for name, value in held().items():
        assert isinstance(value, getattr(csm, name)), name
        assert name in csm.__all__


def test_the_types_that_load_models_are_loaded_when_asked_for() -> None:
    code = (
        "import sys, csmetrics as csm\n"
        "for name in ('Survival', 'RetentionGrid', 'Component', 'InputSpec'):\n"
        "    getattr(csm, name); print('pydantic' in sys.modules)\n"
        "try: csm.small_multipels\n"
        "except AttributeError as error: print('csm.plotting.small_multiples' in str(error))\n"
        "print('matplotlib' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True", "True", "True", "False"]
