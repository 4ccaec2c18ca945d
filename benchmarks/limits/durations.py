"""Kaplan-Meier and the log-rank test on whole days, against pandas' count of what happened on each day."""

from __future__ import annotations

import numpy as np
import pandas as pd
from harness import Paired, paired
from worth_cases import make_waits

import csmetrics as csm
from limits import limit


@limit("Kaplan-Meier by days, 10 M durations", "pandas groupby(day)", 0.2, rows=10_000_000)
def kaplan_meier(rows: int, rounds: int) -> Paired:
    days, reached, _ = make_waits(rows)
    frame = pd.DataFrame({"day": days, "reached": reached})

    def by_hand() -> pd.DataFrame:
        return frame.groupby("day")["reached"].agg(["sum", "count"])

    table, counted = csm.survival.kaplan_meier(days, reached).table, by_hand()
    np.testing.assert_array_equal(table["reached"], counted["sum"])
    np.testing.assert_array_equal(table["reached"] + table["censored"], counted["count"])
    return paired(lambda: csm.survival.kaplan_meier(days, reached), {"pandas": by_hand}, rounds)


@limit("log-rank by days, 10 M durations", "pandas groupby(arm, day)", 0.15, rows=10_000_000)
def log_rank(rows: int, rounds: int) -> Paired:
    days, reached, arm = make_waits(rows)
    frame = pd.DataFrame({"arm": arm, "day": days, "reached": reached})

    def by_hand() -> pd.DataFrame:
        return frame.groupby(["arm", "day"])["reached"].agg(["sum", "count"])

    counts = csm.survival.compare(days, reached, by=arm).frame[["reached", "customers"]]
    np.testing.assert_array_equal(counts, by_hand().groupby(level=0).sum())
    return paired(lambda: csm.survival.compare(days, reached, by=arm), {"pandas": by_hand}, rounds)
