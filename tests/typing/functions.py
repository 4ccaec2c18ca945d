"""The metrics as functions: the kinds that go in, and the kind that comes out.

`mypy --strict tests/typing` and `pyright` read it. The lines with an ignore are mistakes that both must report; an
ignore that is not needed is itself an error. `tests/test_stubs.py` runs the functions that begin with `right_`.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, TypeAlias, assert_type

import numpy as np
import numpy.typing as npt
import pandas as pd

import csmetrics as csm
from csmetrics import churn_rate, nrr

Floats: TypeAlias = npt.NDArray[np.float64]
Series: TypeAlias = "pd.Series[float]"
Words: TypeAlias = "pd.Series[Any]"
Band: TypeAlias = Literal["red", "yellow", "green"]

array = np.array([5.0, 4.0])
series: pd.Series[float] = pd.Series([5.0, 4.0])
counts: pd.Series[int] = pd.Series([5, 4])
day = date(2026, 1, 1)


def right_numbers_give_floats(maybe: float | None = None) -> None:
    assert_type(csm.churn_rate(5, 100), float)
    assert_type(churn_rate(5, 100), float)
    assert_type(csm.churn_rate(np.float64(5), 100.0), float)
    assert_type(csm.churn_rate(start=100, lost=5), float)
    assert_type(csm.churn_rate(np.float64(5), Decimal(100)), float)
    assert_type(csm.churn_rate(Fraction(5), np.int64(100)), float)
    assert_type(csm.churn_rate(np.float32(5), np.uint8(100)), float)
    assert_type(csm.churn_rate(None, 100), float)
    assert_type(csm.churn_rate(5, maybe), float)
    assert_type(csm.nps(promoters=60, passives=20, detractors=20), float)
    assert_type(nrr(100, 10, 5, 5, reactivation_mrr=Decimal(1)), float)
    assert_type(csm.clv(100, 5, 80), float)
    assert_type(csm.clv(arpa=100, churn_rate=5), float)
    number: float = csm.goal_attainment(130, 160, 100)
    print(number)


def right_arrays_lists_and_tuples_give_arrays() -> None:
    some: list[float] = [60.0, 80.0]
    more: list[int] = [5, 7]
    mixed: list[float | None] = [5.0, None]
    assert_type(csm.churn_rate(array, 100), Floats)
    assert_type(csm.customer_growth_rate(5, array), Floats)
    assert_type(csm.churn_rate([5, 12], 100), Floats)
    assert_type(csm.churn_rate(5, [100, 480]), Floats)
    assert_type(csm.churn_rate((5, None), start=(100, Decimal(480))), Floats)
    assert_type(csm.churn_rate(more, some), Floats)
    assert_type(csm.churn_rate(mixed, np.array([100, 200])), Floats)
    assert_type(csm.churn_rate(range(3), [np.int64(100), 200, 300.0]), Floats)
    assert_type(csm.churn_rate([[5, 12], [7, 8]], 100), Floats)
    assert_type(csm.churn_rate(pd.Index([5, 7]), 100), Floats)
    assert_type(csm.churn_rate(pd.array([5, 7]), 100), Floats)
    assert_type(csm.nps(20, 20, array), Floats)
    assert_type(csm.nrr(100, 10, 5, 5, reactivation_mrr=[1, 2]), Floats)
    assert_type(csm.clv(100, churn_rate=5, gross_margin=some), Floats)


def right_series_give_series() -> None:
    frame = pd.DataFrame({"lost": [5], "start": [100], "interval": ["year"]})
    assert_type(csm.churn_rate(series, 100), Series)
    assert_type(csm.customer_growth_rate(5, series), Series)
    assert_type(csm.customer_growth_rate([5, 7], series), Series)
    assert_type(csm.customer_growth_rate(counts, end=array), Series)
    assert_type(csm.churn_rate(frame["lost"], frame["start"]), Series)
    assert_type(csm.nrr(100, 10, 5, 5, reactivation_mrr=series), Series)
    assert_type(csm.mrr(1200, frame["interval"]), Series)
    assert_type(csm.churn_rate(series, 100).round(1).max(), float)


def right_answers_give_floats() -> None:
    assert_type(csm.nps_from_scores([9, 10, None]), float)
    assert_type(csm.nps_from_scores(series, scale=(1, 10), weights=[1, 2]), float)
    assert_type(csm.csat_from_ratings(array, top=1, scale=(1, 7)), float)
    assert_type(csm.csat_mean_from_ratings(series), float)
    assert_type(csm.ces_from_ratings((7, 6)), float)


def right_dates() -> None:
    assert_type(csm.ttv(day, datetime(2026, 1, 2, 12)), float)
    assert_type(csm.ttv(np.datetime64("2026-01-01"), None), float)
    assert_type(csm.ttv([day, day], [day, None]), Floats)
    assert_type(csm.ttv(day, pd.Series([day])), Series)
    assert_type(csm.onboarding_time(pd.Timestamp("2026-01-01"), None), float)
    assert_type(csm.median_ttv([day], [None], as_of="2026-03-31"), float)
    assert_type(csm.median_ttv(pd.Series([day]), pd.Series([day]), day), float)


def right_words() -> None:
    assert_type(csm.mrr(1200, "year"), float)
    assert_type(csm.mrr(array, interval="week", count=2), Floats)
    assert_type(csm.mrr(array), Floats)
    assert_type(csm.mrr(1200, ["month", "year"]), Floats)
    assert_type(csm.mrr(1200, "month", counts), Series)
    assert_type(csm.mrr(1200, count=counts), Series)
    assert_type(csm.health_band(80), Band | None)
    assert_type(csm.health_band([80, 20], yellow=70), npt.NDArray[np.object_])
    assert_type(csm.health_band(array), npt.NDArray[np.object_])
    assert_type(csm.health_band(80, yellow=series + 70), Words)


def right_components() -> None:
    assert_type(csm.health_score([80, 60], [2, 1]), float)
    assert_type(csm.health_score({"usage": 80, "nps": None}, {"usage": 2, "nps": 1}), float)
    assert_type(csm.health_score([[80, 60], [90, 20]], (2, 1)), Floats)
    assert_type(csm.health_score({"usage": [80, 60]}, {"usage": 1}), Floats)
    assert_type(csm.health_score({"usage": series, "nps": 50}, {"usage": 2, "nps": 1}), Series)
    assert_type(csm.health_score(pd.DataFrame({"usage": [80]}), [1]), Series)
    assert_type(csm.engagement_score({"logins": 3, "exports": 1}, weights={"logins": 1, "exports": 10}), float)


def right_options() -> None:
    assert_type(csm.churn_rate(0, 0, undefined=0), float)
    assert_type(csm.churn_rate([0], 5, undefined="raise"), Floats)
    assert_type(csm.discounted_clv(100, 80, 10, first_payment="now"), float)
    assert_type(csm.discounted_clv(100, 80, [10], first_payment="next", horizon=5), Floats)
    assert_type(csm.discounted_clv(series, 80, 10, first_payment="certain_next"), Series)
    assert_type(csm.normalize_score(5, 0, 10, better="low"), float)


def mistakes() -> None:
    csm.churn_rate(5)  # type: ignore[call-overload]
    csm.churn_rate("5", 100)  # type: ignore[arg-type]
    csm.churn_rate(5, "100")  # type: ignore[arg-type]
    csm.churn_rate(["5"], 100)  # type: ignore[list-item]
    csm.churn_rate(5, {"a": 100})  # type: ignore[call-overload]
    csm.churn_rate(5, 100, 0)  # type: ignore[call-overload]
    csm.churn_rate(5, 100, undefined="error")  # type: ignore[call-overload]
    csm.churn_rate(5, 100, undefind=0)  # type: ignore[call-overload]
    csm.churn_rate(churned=5, start=100)  # type: ignore[call-overload]
    csm.churn_rate(pd.DataFrame(), 100)  # type: ignore[call-overload]
    csm.nps_from_scores(9)  # type: ignore[arg-type]
    csm.nps_from_scores("9")  # type: ignore[arg-type]
    csm.nps_from_scores([9], (0, 10))  # type: ignore[call-arg]
    csm.nps_from_scores([9], scale=(0, 5, 10))  # type: ignore[arg-type]
    csm.discounted_clv(1, 80, 10, first_payment="later")  # type: ignore[call-overload]
    csm.normalize_score(5, 0, 10, better="up")  # type: ignore[call-overload]
    csm.mrr(100, "monthly")  # type: ignore[call-overload]
    csm.median_ttv([None], [None])  # type: ignore[call-arg]
    csm.ttv(day, 5)  # type: ignore[call-overload]
    csm.ttv("2026-01-01", day)  # type: ignore[arg-type]
    csm.health_score(80, 1)  # type: ignore[call-overload]
    csm.chrun_rate  # type: ignore[attr-defined]  # noqa: B018
    lost: int = csm.churn_rate(5, 100)  # type: ignore[assignment]
    every: float = csm.churn_rate(5, [100])  # type: ignore[assignment]
    print(lost, every)
