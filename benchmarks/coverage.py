"""How often 95 % intervals hold the true figure: ours, and those that are taken elsewhere. Prints a table.

python benchmarks/coverage.py [draws]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

import csmetrics as csm

Row = tuple[str, str, float]


def held(found: Any, truth: float) -> float:
    """Return how many percent of the intervals hold the truth."""
    return float(100 * ((found["low"] <= truth) & (truth <= found["high"])).mean())


def frame_of(columns: dict[str, Any]) -> Any:
    """Make a frame of all draws: one row per customer of each."""
    import pandas as pd

    draws, size = next(iter(columns.values())).shape
    flat = {name: values.reshape(-1) for name, values in columns.items()}
    return pd.DataFrame({"draw": np.repeat(np.arange(draws), size), "who": np.tile(np.arange(size), draws), **flat})


def revenue(rng: Any, draws: int, size: int) -> Iterator[Row]:
    """NRR and GRR of customers whose MRR is lognormal."""
    start, what = rng.lognormal(4, 1, (draws, size)), rng.random((draws, size))
    columns = {"start_mrr": start, "churned_mrr": np.where(what < 0.05, start, 0)}
    columns["contraction_mrr"] = np.where((what >= 0.05) & (what < 0.15), 0.3 * start, 0)
    columns["expansion_mrr"] = np.where((what >= 0.15) & (what < 0.35), 0.4 * start, 0)
    frame = frame_of(columns)
    for metric, truth in (("grr", 92), ("nrr", 100)):
        for method in (None, "percentile", "bca"):
            some = frame if method is None else frame[frame["draw"] < draws // 5]
            found = some.csm.by("draw").interval(metric, customer="who", method=method, resamples=1000)
            yield f"{metric} of {size} customers", found["method"].iloc[0], held(found, truth)


def clustered(rng: Any, draws: int, size: int) -> Iterator[Row]:
    """Ten answers of each customer, alike within (intraclass correlation .4); tickets of customers who differ."""
    yes = rng.binomial(10, rng.beta(0.75, 0.75, (draws, size)))
    against = rng.binomial(10 - yes, 0.5)
    columns = {"satisfied": yes, "responses": np.full_like(yes, 10), "promoters": yes, "detractors": against}
    columns |= {"passives": 10 - yes - against, "customers": np.ones_like(yes)}
    columns["tickets"] = rng.poisson(rng.gamma(1, 2, (draws, size)))
    frame = frame_of(columns)
    for metric, truth in (("csat", 50), ("nps", 25), ("contact_rate", 200)):
        for customer in ("who", None):
            found = frame.csm.by("draw").interval(metric, customer=customer)
            how = "customer=" if customer else "as if all were independent"
            yield (
                f"{metric} of {size} customers, ten answers each",
                f"{found['method'].iloc[0]}, {how}",
                held(found, truth),
            )


def shares(rng: Any, draws: int) -> Iterator[Row]:
    """Shares of 50, from 2 to 98 %."""
    truth = rng.uniform(2, 98, draws)
    counts = rng.binomial(50, truth / 100)
    for method in ("wilson", "jeffreys", "clopper-pearson", "agresti-coull", "wald"):
        found = csm.interval(csm.churn_rate, lost=counts, start=np.full(draws, 50), method=method)
        yield "a share of 50", method, float(100 * ((found["low"] <= truth) & (truth <= found["high"])).mean())


def main(draws: int) -> None:
    """Print how often each interval holds the truth."""
    rng = np.random.default_rng(7)
    print("| figure | interval | holds the truth, of 100 |\n|---|---|---|")
    for rows in (shares(rng, draws * 10), revenue(rng, draws, 50), revenue(rng, draws, 200), clustered(rng, draws, 50)):
        for figure, method, percent in rows:
            print(f"| {figure} | {method} | {percent:.1f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
