"""Raw rows to cohort frames, survival and made-up data: options that are words, and what comes out.

Never run: `mypy --strict tests/typing` and `pyright` read it. The lines with an ignore are mistakes that both must
report; an ignore that is not needed is itself an error.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import Any, assert_type

import numpy as np
import pandas as pd

import csmetrics as csm
from csmetrics.cohorts import RetentionGrid, retention
from csmetrics.survival import Survival, kaplan_meier

frame = pd.DataFrame({"user": ["ann"], "time": ["2026-01-01"]})


def frames() -> None:
    assert_type(csm.cohorts.movements_from_subscriptions(frame, as_of="2026-03-31", freq="Q-JAN"), pd.DataFrame)
    assert_type(csm.cohorts.movements_from_subscriptions(frame, closed="both", by_at="opening"), pd.DataFrame)
    assert_type(csm.cohorts.movements_from_snapshots(frame, on_bad_rows="report"), pd.DataFrame)
    assert_type(csm.cohorts.movements_from_changes(frame, grace="30D"), pd.DataFrame)
    assert_type(csm.cohorts.active_users(frame, wau=7), pd.DataFrame)
    assert_type(csm.cohorts.lifecycle(frame), pd.DataFrame)
    assert_type(csm.cohorts.adoption(frame, eligible=100), pd.DataFrame)
    assert_type(csm.cohorts.onboarding(frame, completed=None), pd.DataFrame)
    assert_type(csm.cohorts.survey(frame, kind="csat", scale=(1, 7)), pd.DataFrame)
    assert_type(csm.cohorts.tickets(frame, sla="kept"), pd.DataFrame)
    rate: float = csm.over(csm.cohorts.lifecycle(frame)).total().lifecycle_quick_ratio()
    print(rate)


def grids() -> None:
    assert_type(csm.cohorts.retention(frame, freq="W"), RetentionGrid)
    assert_type(retention(frame, kind="on_or_after", cohort="recurring", window="elapsed"), csm.RetentionGrid)
    assert_type(csm.cohorts.retention(frame, brackets=[4, 10]).rates(), pd.DataFrame)
    assert_type(csm.cohorts.retention(frame).sizes, pd.Series[Any])


def survival() -> None:
    assert_type(csm.survival.kaplan_meier([1, 2], [True, False]), Survival)
    assert_type(kaplan_meier(np.array([1, 2]), [1, 0]).median, float)
    assert_type(csm.survival.kaplan_meier([1], [True]), csm.Survival)
    assert_type(csm.survival.kaplan_meier_from_dates(frame, as_of="2026-03-31"), csm.Survival)
    assert_type(csm.survival.kaplan_meier_from_dates(frame, by="plan"), csm.Curves)
    assert_type(csm.survival.kaplan_meier_from_dates(frame, by=["plan", "team"]).median, "pd.Series[Any]")
    assert_type(csm.datasets.make_saas(100, seed=1), csm.datasets.SaasCompany)


def mistakes() -> None:
    csm.cohorts.retention(frame, kind="sometimes")  # type: ignore[arg-type]
    csm.cohorts.retention(frame, cohort="last")  # type: ignore[arg-type]
    csm.cohorts.retention(frame, window="rolling")  # type: ignore[arg-type]
    csm.cohorts.retention(frame, kinds="on")  # type: ignore[call-arg]
    csm.cohorts.survey(frame, kind="sus")  # type: ignore[arg-type]
    csm.cohorts.lifecycle(frame, on_bad_rows="drop")  # type: ignore[arg-type]
    csm.cohorts.tickets(frame, on_bad_rows="ignore")  # type: ignore[arg-type]
    csm.cohorts.movements_from_subscriptions(frame, as_off="2026-03-31")  # type: ignore[call-arg]
    csm.cohorts.movements_from_subscriptions(frame, closed="right")  # type: ignore[arg-type]
    csm.cohorts.movements_from_changes(frame, by_at="closing")  # type: ignore[arg-type]
    csm.cohorts.retension(frame)  # type: ignore[attr-defined]
    csm.survival.kaplan_maier([1], [True])  # type: ignore[attr-defined]
    csm.survival.kaplan_meier([1], [True], undefined="error")  # type: ignore[arg-type]
    csm.datasets.make_sas()  # type: ignore[attr-defined]
