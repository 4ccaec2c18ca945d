"""Compare the queries with csmetrics: the table that they return, and the formulas in them."""

from __future__ import annotations

from functools import partial

import pytest
from database import PLANS, figure, run

from csmetrics.testing import assert_verified, verify_frame


@pytest.mark.parametrize("metric", ["churn_rate", "nrr", "nps"])
def test_the_table(metric: str) -> None:
    """Every row of the table is right: each plan, and all plans together."""
    assert_verified(run("figures.sql", PLANS), metric)


@pytest.mark.parametrize("metric", ["churn_rate", "nrr", "nps"])
def test_the_formula(metric: str) -> None:
    """The SQL passes on worked examples and generated inputs: empty denominators, missing values, bounds."""
    assert_verified(partial(figure, metric), metric)


@pytest.mark.parametrize(
    ("metric", "column", "cause"),
    [
        ("churn_rate", "churn", "off by 100: a fraction"),
        ("nrr", "nrr", "new customers are in the numerator"),
        ("nps", "nps", "passives left out"),
    ],
)
def test_what_was_wrong_before(metric: str, column: str, cause: str) -> None:
    plans = run("figures_before.sql", PLANS).iloc[:-1]
    found = verify_frame(plans, metric, result=column)
    assert not found.ok
    assert cause in str(found)


def test_the_totals_row_before() -> None:
    """The company's churn was the mean of the plans' rates."""
    table = run("figures_before.sql", PLANS).eval("churn = 100 * churn")
    found = verify_frame(table, "churn_rate", result="churn")
    assert "mean of rates instead of rate of sums" in found.causes
