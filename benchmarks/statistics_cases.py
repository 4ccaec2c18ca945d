"""Intervals, resampling and decompositions, compared with the metric itself, with scipy and with a plain loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from harness import Case

import csmetrics as csm


@cache
def make_groups(groups: int) -> pd.DataFrame:
    """Make five rows of counts for each group."""
    rng = np.random.default_rng(21)
    size = 5 * groups
    frame = pd.DataFrame({"group": np.repeat(np.arange(groups), 5), "start": rng.integers(10, 100, size)})
    frame["lost"] = rng.integers(0, 10, size)
    for name in ("promoters", "passives", "detractors"):
        frame[name] = rng.integers(0, 9, size)
    return frame


@cache
def make_customers(size: int) -> pd.DataFrame:
    """Make one row of MRR for each customer."""
    rng = np.random.default_rng(22)
    start, what = rng.lognormal(4, 1, size), rng.random(size)
    columns = {"start_mrr": start, "expansion_mrr": np.where(what > 0.8, 0.4 * start, 0)}
    columns["contraction_mrr"] = np.where(what < 0.1, 0.2 * start, 0)
    columns["churned_mrr"] = np.where((what > 0.1) & (what < 0.15), start, 0)
    return pd.DataFrame(columns)


def quantiles(frame: pd.DataFrame) -> Any:
    from scipy.special import betainccinv, betaincinv

    sums = frame.groupby("group")[["lost", "start"]].sum()
    k, n = (sums[name].to_numpy(dtype=float) for name in ("lost", "start"))
    return betaincinv(np.maximum(k, 1e-9), n - k + 1, 0.025), betainccinv(k + 1, np.maximum(n - k, 1e-9), 0.025)


def resample(frame: pd.DataFrame, times: int) -> list[float]:
    """Draw customers as most people do: a sample with replacement, and the metric of it, again and again."""
    drawn = (frame.sample(frac=1, replace=True, random_state=i).sum() for i in range(times))
    return [csm.nrr(d["start_mrr"], d["expansion_mrr"], d["contraction_mrr"], d["churned_mrr"]) for d in drawn]


def statistics_cases(scale: float) -> Iterator[Case]:
    groups = int(100_000 * scale)

    def grouped(metric: str, method: str | None = None) -> Callable[[], Any]:
        return lambda: make_groups(groups).csm.by("group").interval(metric, method=method)

    for metric, method in (("churn_rate", "wilson"), ("churn_rate", "wald"), ("nps", "adjusted-wald")):
        yield Case(
            f"interval of {metric} ({method}), 100,000 groups",
            f"by(...).{metric}()",
            grouped(metric, method),
            lambda metric=metric: make_groups(groups).csm.by("group").compute(metric),  # type: ignore[misc]
            limit=5,
        )
    yield Case(
        "interval of churn_rate (clopper-pearson), 100,000 groups",
        "the quantiles of scipy alone",
        grouped("churn_rate", "clopper-pearson"),
        lambda: quantiles(make_groups(groups)),
        limit=1.5,
    )
    customers, times = int(1_000_000 * scale), 100

    def ours() -> Any:
        columns = {name: values.to_numpy() for name, values in make_customers(customers).items()}
        return csm.interval(csm.nrr, method="percentile", resamples=times, **columns)

    yield Case(
        "bootstrap of NRR, 1 M customers, 100 resamples",
        "a loop of df.sample",
        ours,
        lambda: resample(make_customers(customers), times),
        limit=0.5,
        memory="process",
        most_memory=2000,
    )
    sides = [make_groups(groups)[["group", "start", "lost"]] for _ in range(2)]
    sides[1] = sides[1].assign(lost=sides[1]["lost"].to_numpy()[::-1])
    yield Case(
        "decomposition of churn, 100,000 segments",
        "the two group sums",
        lambda: csm.decompose(csm.churn_rate, *sides, by="group"),
        lambda: [side.csm.by("group").churn_rate() for side in sides],
        limit=5,
    )
