"""Published figures of survival curves, retention models and scores; those of other methods are beside their tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import csmetrics as csm
from csmetrics._statistics.auc import area, area_limits, tally
from csmetrics._statistics.confidence import Confidence

from .figures import FIGURES


def curve(given: Any) -> Any:
    return csm.survival.kaplan_meier(given["time"], [bool(seen) for seen in given["event"]])


@pytest.mark.parametrize("name", ["km-aml-maintained-31", "km-aml-nonmaintained-23"])
def test_leukaemia_patients(name: str) -> None:
    """Miller's two groups, as R's survfit prints them."""
    case = FIGURES[name]
    found, at = curve(case["inputs"]), case["inputs"]["at"]
    assert found.at(at) / 100 == pytest.approx(case["expected"]["survival"], abs=case["tolerance"])
    assert found.standard_error(at) / 100 == pytest.approx(case["expected"]["se"], abs=case["tolerance"])


def test_medians_and_log_rank() -> None:
    case = FIGURES["km-aml-medians"]
    assert {group: curve(given).median for group, given in case["inputs"].items()} == case["expected"]
    for name in ("logrank-aml", "logrank-aml-dummy"):
        case = FIGURES[name]
        found = csm.survival.compare({group: curve(given) for group, given in case["inputs"].items()})
        assert found.statistic == pytest.approx(case["recomputed"]["chi2"], abs=1e-9)
        assert found.statistic == pytest.approx(case["expected"]["chi2"], abs=case["tolerance"])
        assert found.degrees == 1  # a group that is gone before anybody relapses tells nothing
    expected = csm.survival.compare({g: curve(v) for g, v in FIGURES["logrank-aml"]["inputs"].items()}).frame
    wanted = FIGURES["logrank-aml"]["expected"]["expected_first"]
    assert expected["expected"].iloc[0] == pytest.approx(wanted, abs=0.006)


def test_several_cohorts_of_customers() -> None:
    case = FIGURES["sbg-multi-cohort"]
    found = csm.survival.sbg(case["inputs"]["survivors"])
    assert (found.alpha, found.beta) == pytest.approx(tuple(case["expected"].values()), abs=case["tolerance"])
    assert (found.alpha, found.beta) == pytest.approx(tuple(case["recomputed"].values()), abs=1e-4)


@pytest.mark.parametrize("name", ["auc-aSAH-s100b", "auc-aSAH-wfns"])
def test_area_under_the_curve(name: str) -> None:
    """The patients of R's pROC, whose bad outcome goes with a high value; a health score is the other way round."""
    case = FIGURES[name]
    score = np.array(case["inputs"]["score"])
    auc, error = area(tally(score.max() - score, np.array(case["inputs"]["churned"], dtype=bool)))
    low, high = area_limits(auc, error, Confidence.percent("auc", 95), "delong")
    assert {"auc": auc, "low": low, "high": high} == pytest.approx(case["expected"], abs=case["tolerance"])
