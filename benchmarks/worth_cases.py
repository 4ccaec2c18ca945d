"""Survival, the sBG model, health scores: compared with one pass over the same data, with scipy and with lifelines."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
from harness import Case

import csmetrics as csm

GROUPS = 1000
YEARS = [1000, 869, 743, 653, 593, 551, 517, 491]
HEALTH = csm.HealthScore(
    components={
        "usage": {"weight": 50},
        "nps": {"weight": 20, "low": -100},
        "tickets": {"weight": 30, "high": 10, "better": "low"},
    },
    min_coverage=60,
)


@cache
def make_waits(size: int) -> tuple[Any, Any, Any]:
    """Make durations in days, whether each was observed, and one of two arms."""
    rng = np.random.default_rng(31)
    return np.floor(rng.exponential(300, size)), rng.random(size) < 0.6, rng.integers(0, 2, size)


@cache
def make_dates(size: int) -> pd.DataFrame:
    """Make a start, an end and a group for each customer."""
    rng = np.random.default_rng(32)
    start = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 300, size), unit="D")
    end = start + pd.to_timedelta(rng.integers(0, 500, size), unit="D")
    return pd.DataFrame({"start": start, "end": end, "group": rng.integers(0, GROUPS, size)})


@cache
def make_customers(size: int) -> pd.DataFrame:
    """Make the components of a health score, some of them missing, and who left."""
    rng = np.random.default_rng(33)
    frame = pd.DataFrame({"usage": 100 * rng.random(size), "tickets": rng.integers(0, 12, size).astype(float)})
    nps = rng.integers(-100, 101, size).astype(float)
    return frame.assign(nps=np.where(rng.random(size) < 0.1, np.nan, nps), left=rng.random(size) < 0.1)


def log_rank(size: int) -> Any:
    waits, reached, arm = make_waits(size)
    return csm.survival.compare(waits, reached, by=arm)


def plain_score(frame: pd.DataFrame) -> Any:
    """Score customers as one would write it down in numpy."""
    usage, nps, tickets = (frame[name].to_numpy() for name in ("usage", "nps", "tickets"))
    columns = (usage.clip(0, 100), 50), (((nps + 100) / 2).clip(0, 100), 20), (100 - (10 * tickets).clip(0, 100), 30)
    weight, total = np.zeros(len(frame)), np.zeros(len(frame))
    for points, factor in columns:
        there = ~np.isnan(points)
        weight += factor * there
        total += np.where(there, factor * points, 0)
    return total / weight


def scipy_fit() -> Any:
    from scipy.optimize import minimize

    cohort, age = np.array(YEARS, dtype=float), np.arange(len(YEARS) - 1)
    due, left = cohort[:-1], cohort[:-1] - cohort[1:]

    def worse(x: Any) -> float:
        a, b = np.exp(x)
        return -float(np.sum(left * np.log(a) + (due - left) * np.log(b + age) - due * np.log(a + b + age)))

    return np.exp(minimize(worse, [0.0, 0.0], method="L-BFGS-B").x)


def fits_agree() -> None:
    model = csm.survival.sbg(YEARS)
    assert np.allclose([model.alpha, model.beta], scipy_fit(), rtol=1e-3)


def scores_agree() -> None:
    frame = make_customers(1000)
    ours = HEALTH.score(frame)["score"].to_numpy()
    assert np.allclose(ours, plain_score(frame))


def with_statsmodels(size: int) -> Iterator[Case]:
    """Compare with statsmodels, which has the curve and the log-rank test."""
    from statsmodels.duration.survfunc import SurvfuncRight, survdiff

    def curve(rows: int = size) -> Any:
        return csm.survival.kaplan_meier(*make_waits(rows)[:2])

    def check_curve() -> None:
        waits, reached, _ = make_waits(1000)
        theirs = SurvfuncRight(waits, reached)
        np.testing.assert_allclose(curve(1000).at(theirs.surv_times), 100 * theirs.surv_prob)

    yield Case(
        "kaplan_meier of 1 M durations",
        "statsmodels' SurvfuncRight",
        curve,
        lambda: SurvfuncRight(*make_waits(size)[:2]),
        limit=0.5,
        check=check_curve,
    )

    def check_test() -> None:
        np.testing.assert_allclose(log_rank(1000).p_value, survdiff(*make_waits(1000))[1])

    yield Case(
        "log-rank of 1 M durations in two groups",
        "statsmodels' survdiff",
        lambda: log_rank(size),
        lambda: survdiff(*make_waits(size)),
        limit=0.5,
        check=check_test,
    )


def worth_cases(scale: float) -> Iterator[Case]:
    waits, customers = int(10_000_000 * scale), int(1_000_000 * scale)
    yield Case(
        "log-rank of 10 M durations in two groups",
        "one kaplan_meier of them",
        lambda: log_rank(waits),
        lambda: csm.survival.kaplan_meier(*make_waits(waits)[:2]),
        limit=3,
    )
    dates = int(10_000_000 * scale)
    yield Case(
        "kaplan_meier_from_dates by 1,000 groups, 10 M rows",
        "the whole",
        lambda: csm.survival.kaplan_meier_from_dates(make_dates(dates), as_of="2026-01-01", by="group").median,
        lambda: csm.survival.kaplan_meier_from_dates(make_dates(dates), as_of="2026-01-01").median,
        limit=2,
    )
    yield Case(
        "sBG fit of one cohort over 7 years",
        "scipy's L-BFGS-B on the same likelihood",
        lambda: csm.survival.sbg(YEARS),
        scipy_fit,
        limit=0.5,
        check=fits_agree,
    )
    yield Case(
        "health score of 1 M customers",
        "the plain numpy expression",
        lambda: HEALTH.score(make_customers(customers)),
        lambda: plain_score(make_customers(customers)),
        limit=3,
        check=scores_agree,
    )
    scores = HEALTH.score(make_customers(customers))["score"].to_numpy()
    yield Case(
        "back-test of 1 M customers",
        "one argsort of their scores",
        lambda: HEALTH.backtest(make_customers(customers), "left"),
        lambda: np.argsort(scores),
        limit=3,
    )
    yield from with_statsmodels(int(1_000_000 * scale))
    if find_spec("lifelines"):
        from lifelines import KaplanMeierFitter

        some = int(1_000_000 * scale)
        yield Case(
            "kaplan_meier of 1 M durations",
            "lifelines",
            lambda: csm.survival.kaplan_meier(*make_waits(some)[:2]),
            lambda: KaplanMeierFitter().fit(*make_waits(some)[:2]),
            limit=0.5,
        )
