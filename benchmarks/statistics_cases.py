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
    return frame.assign(tickets=frame["lost"], customers=frame["start"])


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


def sums_of(frame: pd.DataFrame) -> list[Any]:
    """Add the counts of each group up, as whoever calls statsmodels has to."""
    sums = frame.groupby("group")[["lost", "start"]].sum()
    return [sums[name].to_numpy() for name in ("lost", "start")]


def close(ours: Any, theirs: Any) -> None:
    """Check that both sides give the same limits, ours in percent."""
    np.testing.assert_allclose(ours[["low", "high"]].to_numpy() / 100, np.column_stack(theirs[:2]), atol=1e-6)


def with_statsmodels(groups: int) -> Iterator[Case]:
    """Compare with statsmodels, which takes arrays of counts."""
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

    def theirs(method: str, size: int = groups) -> Any:
        lost, start = sums_of(make_groups(size))
        return proportion_confint(lost, start, method=method)

    for method, name in (("wilson", "wilson"), ("clopper-pearson", "beta"), ("jeffreys", "jeffreys")):

        def ours(method: str = method, size: int = groups) -> Any:
            return make_groups(size).csm.by("group").interval("churn_rate", method=method)

        def check(ours: Any = ours, name: str = name) -> None:
            close(ours(size=100), theirs(name, 100))

        yield Case(
            f"interval of churn_rate ({method}), 100,000 groups, beside statsmodels",
            f"groupby, then statsmodels' proportion_confint({name!r})",
            ours,
            lambda name=name: theirs(name),  # type: ignore[misc]
            limit=1.5,
            check=check,
        )
    few = max(10, groups // 100)
    waves = pd.concat([make_groups(few).assign(period="before"), make_groups(few).assign(period="after")])
    waves["lost"] = np.concatenate([make_groups(few)["lost"], make_groups(few)["lost"].to_numpy()[::-1]])

    def pairs() -> Any:
        return waves.csm.by("group").compare_periods("churn_rate", "before", "after")

    def one_by_one() -> Any:
        sides = [sums_of(waves[waves["period"] == name]) for name in ("after", "before")]
        found = [
            confint_proportions_2indep(k1, n1, k0, n0, method="newcomb", compare="diff")
            for k1, n1, k0, n0 in zip(*sides[0], *sides[1], strict=True)
        ]
        return np.array(found).T

    yield Case(
        "Newcombe's interval and its p-value, 1,000 pairs",
        "statsmodels' confint_proportions_2indep, pair by pair, without a p-value",
        pairs,
        one_by_one,
        limit=1,
        check=lambda: close(pairs(), one_by_one()),
    )


def with_scipy(customers: int, times: int = 200) -> Case:
    """Compare the bootstrap with that of scipy."""
    from scipy.stats import bootstrap

    def columns() -> list[Any]:
        return [values.to_numpy() for _, values in make_customers(customers).items()]

    def ours() -> Any:
        names = make_customers(customers).columns
        return csm.interval(csm.nrr, method="percentile", resamples=times, **dict(zip(names, columns(), strict=True)))

    def nrr(start: Any, expansion: Any, contraction: Any, churned: Any, axis: int = -1) -> Any:
        kept = start + expansion - contraction - churned
        return 100 * kept.sum(axis=axis) / start.sum(axis=axis)

    def theirs() -> Any:
        options: dict[str, Any] = {"paired": True, "n_resamples": times, "method": "percentile", "batch": 10}
        return bootstrap(columns(), nrr, **options)

    def check() -> None:
        found, limits = ours(), theirs().confidence_interval
        slack = 0.5 * (limits.high - limits.low)  # both draw, and few where customers are few
        assert abs(found.low - limits.low) < slack
        assert abs(found.high - limits.high) < slack

    return Case(
        f"bootstrap of NRR, 100,000 customers, {times} resamples",
        "scipy.stats.bootstrap, in batches",
        ours,
        theirs,
        limit=0.75,
        check=check,
    )


def statistics_cases(scale: float) -> Iterator[Case]:
    groups = int(100_000 * scale)

    def grouped(metric: str, method: str | None = None) -> Callable[[], Any]:
        return lambda: make_groups(groups).csm.by("group").interval(metric, method=method)

    closed = (("churn_rate", "wilson"), ("churn_rate", "wald"), ("nps", "adjusted-wald"), ("contact_rate", "exact"))
    for metric, method in closed:
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
    yield from with_statsmodels(groups)
    yield with_scipy(int(100_000 * scale))
    sides = [make_groups(groups)[["group", "start", "lost"]] for _ in range(2)]
    sides[1] = sides[1].assign(lost=sides[1]["lost"].to_numpy()[::-1])
    yield Case(
        "decomposition of churn, 100,000 segments",
        "the two group sums",
        lambda: csm.decompose(csm.churn_rate, *sides, by="group"),
        lambda: [side.csm.by("group").churn_rate() for side in sides],
        limit=5,
    )
    contacts = [side.rename(columns={"lost": "tickets", "start": "customers"}) for side in sides]
    yield Case(
        "decomposition of contact_rate, 100,000 segments",
        "the two group sums",
        lambda: csm.decompose(csm.contact_rate, *contacts, by="group"),
        lambda: [side.csm.by("group").contact_rate() for side in contacts],
        limit=5,
    )
