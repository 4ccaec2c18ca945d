# Made by `python tests/test_stubs.py` from the registry of the metrics.
# Of the overloads of a metric the first that fits counts; the next takes what it takes, too.
# mypy: disable-error-code="overload-overlap"

from collections.abc import Mapping, Sequence
from datetime import date
from math import nan
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from csmetrics import cohorts as cohorts
from csmetrics import datasets as datasets
from csmetrics import errors as errors
from csmetrics import plotting as plotting
from csmetrics import survival as survival
from csmetrics import testing as testing
from csmetrics._accessors.answers import Answers as Answers
from csmetrics._accessors.cohorts import Cohorts as Cohorts
from csmetrics._accessors.cohorts import over as over
from csmetrics._catalog.catalog import Catalog as Catalog
from csmetrics._catalog.catalog import catalog as catalog
from csmetrics._catalog.laws import Law as Law
from csmetrics._catalog.models import Inputs as Inputs
from csmetrics._catalog.models import Result as Result
from csmetrics._catalog.spec import Example as Example
from csmetrics._catalog.spec import InputSpec as InputSpec
from csmetrics._catalog.spec import MetricSpec as MetricSpec
from csmetrics._explain.explain import explain as explain
from csmetrics._explain.explanation import Explanation as Explanation
from csmetrics._explain.explanation import Rival as Rival
from csmetrics._report.report import Report as Report
from csmetrics._report.report import report as report
from csmetrics._report.tables import report_from_tables as report_from_tables
from csmetrics._statistics.compare import compare as compare
from csmetrics._statistics.decompose import decompose as decompose
from csmetrics._statistics.decompose import decompose_periods as decompose_periods
from csmetrics._statistics.decomposition import Decomposition as Decomposition
from csmetrics._statistics.evaluated import Evaluated as Evaluated
from csmetrics._statistics.groups import GroupComparison as GroupComparison
from csmetrics._statistics.groups import compare_groups as compare_groups
from csmetrics._statistics.interval import interval as interval
from csmetrics._statistics.results import Comparison as Comparison
from csmetrics._statistics.results import Interval as Interval
from csmetrics._statistics.sample_size import sample_size as sample_size
from csmetrics._statistics.scorecard import Scorecard as Scorecard
from csmetrics._statistics.targets import Target as Target
from csmetrics.cohorts._rows.remarks import Excluded as Excluded
from csmetrics.cohorts.grid import RetentionGrid as RetentionGrid
from csmetrics.cohorts.hours import BusinessHours as BusinessHours
from csmetrics.core._types import (
    AnswerColumn,
    AnyKind,
    Array,
    Band,
    Column,
    Dates,
    Day,
    Days,
    Number,
    Numbers,
    Undefined,
    Weights,
    Words,
)
from csmetrics.errors import CohortWarning as CohortWarning
from csmetrics.errors import CsmetricsError as CsmetricsError
from csmetrics.errors import MetricInputError as MetricInputError
from csmetrics.errors import MissingColumnError as MissingColumnError
from csmetrics.errors import UndefinedMetricError as UndefinedMetricError
from csmetrics.health.backtest import Backtest as Backtest
from csmetrics.health.score import Bands as Bands
from csmetrics.health.score import Component as Component
from csmetrics.health.score import HealthScore as HealthScore
from csmetrics.health.weights import SuggestedWeights as SuggestedWeights
from csmetrics.survival.curve import Survival as Survival
from csmetrics.survival.curves import Curves as Curves

__version__: str

@overload
def churn_rate(lost: Number, start: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def churn_rate(lost: Numbers, start: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def churn_rate(lost: Column, start: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def churn_rate(lost: AnyKind, start: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def retention_rate(
    end: Number, new: Number, start: Number, *, reactivated: Number = 0, undefined: Undefined = nan
) -> float: ...
@overload
def retention_rate(
    end: Numbers, new: Numbers, start: Numbers, *, reactivated: Numbers = 0, undefined: Undefined = nan
) -> Array: ...
@overload
def retention_rate(
    end: Column, new: AnyKind, start: AnyKind, *, reactivated: AnyKind = 0, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def retention_rate(
    end: AnyKind, new: Column, start: AnyKind, *, reactivated: AnyKind = 0, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def retention_rate(
    end: AnyKind, new: AnyKind, start: Column, *, reactivated: AnyKind = 0, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def retention_rate(
    end: AnyKind, new: AnyKind, start: AnyKind, *, reactivated: Column, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def renewal_rate(renewed: Number, due: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def renewal_rate(renewed: Numbers, due: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def renewal_rate(renewed: Column, due: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def renewal_rate(renewed: AnyKind, due: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def reactivation_rate(reactivated: Number, lapsed: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def reactivation_rate(reactivated: Numbers, lapsed: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def reactivation_rate(reactivated: Column, lapsed: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def reactivation_rate(reactivated: AnyKind, lapsed: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def average_lifetime(churn_rate: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def average_lifetime(churn_rate: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def average_lifetime(churn_rate: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def compound_churn_rate(churn_rate: Number, periods: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def compound_churn_rate(churn_rate: Numbers, periods: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def compound_churn_rate(churn_rate: Column, periods: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def compound_churn_rate(churn_rate: AnyKind, periods: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def compound_retention_rate(retention_rate: Number, periods: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def compound_retention_rate(retention_rate: Numbers, periods: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def compound_retention_rate(
    retention_rate: Column, periods: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def compound_retention_rate(
    retention_rate: AnyKind, periods: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def customer_growth_rate(start: Number, end: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def customer_growth_rate(start: Numbers, end: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def customer_growth_rate(start: Column, end: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def customer_growth_rate(start: AnyKind, end: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def mrr(
    amount: Number,
    interval: Literal["day", "week", "month", "quarter", "year"] | None = "month",
    count: Number = 1,
    *,
    undefined: Undefined = nan,
) -> float: ...
@overload
def mrr(
    amount: Numbers,
    interval: Literal["day", "week", "month", "quarter", "year"] | Words = "month",
    count: Numbers = 1,
    *,
    undefined: Undefined = nan,
) -> Array: ...
@overload
def mrr(
    amount: Column,
    interval: Literal["day", "week", "month", "quarter", "year"] | Words | Column = "month",
    count: AnyKind = 1,
    *,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def mrr(amount: AnyKind, interval: Column, count: AnyKind = 1, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def mrr(
    amount: AnyKind,
    interval: Literal["day", "week", "month", "quarter", "year"] | Words | Column,
    count: Column,
    *,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def mrr(
    amount: AnyKind,
    interval: Literal["day", "week", "month", "quarter", "year"] | Words | Column = "month",
    *,
    count: Column,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def arr(mrr: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def arr(mrr: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def arr(mrr: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def arpa(mrr: Number, customers: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def arpa(mrr: Numbers, customers: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def arpa(mrr: Column, customers: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def arpa(mrr: AnyKind, customers: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def asp(new_mrr: Number, new: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def asp(new_mrr: Numbers, new: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def asp(new_mrr: Column, new: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def asp(new_mrr: AnyKind, new: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def net_new_mrr(
    new_mrr: Number,
    expansion_mrr: Number,
    contraction_mrr: Number,
    churned_mrr: Number,
    *,
    reactivation_mrr: Number = 0,
    undefined: Undefined = nan,
) -> float: ...
@overload
def net_new_mrr(
    new_mrr: Numbers,
    expansion_mrr: Numbers,
    contraction_mrr: Numbers,
    churned_mrr: Numbers,
    *,
    reactivation_mrr: Numbers = 0,
    undefined: Undefined = nan,
) -> Array: ...
@overload
def net_new_mrr(
    new_mrr: Column,
    expansion_mrr: AnyKind,
    contraction_mrr: AnyKind,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def net_new_mrr(
    new_mrr: AnyKind,
    expansion_mrr: Column,
    contraction_mrr: AnyKind,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def net_new_mrr(
    new_mrr: AnyKind,
    expansion_mrr: AnyKind,
    contraction_mrr: Column,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def net_new_mrr(
    new_mrr: AnyKind,
    expansion_mrr: AnyKind,
    contraction_mrr: AnyKind,
    churned_mrr: Column,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def net_new_mrr(
    new_mrr: AnyKind,
    expansion_mrr: AnyKind,
    contraction_mrr: AnyKind,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: Column,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def gross_revenue_churn_rate(
    start_mrr: Number, contraction_mrr: Number, churned_mrr: Number, *, undefined: Undefined = nan
) -> float: ...
@overload
def gross_revenue_churn_rate(
    start_mrr: Numbers, contraction_mrr: Numbers, churned_mrr: Numbers, *, undefined: Undefined = nan
) -> Array: ...
@overload
def gross_revenue_churn_rate(
    start_mrr: Column, contraction_mrr: AnyKind, churned_mrr: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def gross_revenue_churn_rate(
    start_mrr: AnyKind, contraction_mrr: Column, churned_mrr: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def gross_revenue_churn_rate(
    start_mrr: AnyKind, contraction_mrr: AnyKind, churned_mrr: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def net_revenue_churn_rate(
    start_mrr: Number,
    expansion_mrr: Number,
    contraction_mrr: Number,
    churned_mrr: Number,
    *,
    reactivation_mrr: Number = 0,
    undefined: Undefined = nan,
) -> float: ...
@overload
def net_revenue_churn_rate(
    start_mrr: Numbers,
    expansion_mrr: Numbers,
    contraction_mrr: Numbers,
    churned_mrr: Numbers,
    *,
    reactivation_mrr: Numbers = 0,
    undefined: Undefined = nan,
) -> Array: ...
@overload
def net_revenue_churn_rate(
    start_mrr: Column,
    expansion_mrr: AnyKind,
    contraction_mrr: AnyKind,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def net_revenue_churn_rate(
    start_mrr: AnyKind,
    expansion_mrr: Column,
    contraction_mrr: AnyKind,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def net_revenue_churn_rate(
    start_mrr: AnyKind,
    expansion_mrr: AnyKind,
    contraction_mrr: Column,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def net_revenue_churn_rate(
    start_mrr: AnyKind,
    expansion_mrr: AnyKind,
    contraction_mrr: AnyKind,
    churned_mrr: Column,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def net_revenue_churn_rate(
    start_mrr: AnyKind,
    expansion_mrr: AnyKind,
    contraction_mrr: AnyKind,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: Column,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def grr(start_mrr: Number, contraction_mrr: Number, churned_mrr: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def grr(start_mrr: Numbers, contraction_mrr: Numbers, churned_mrr: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def grr(
    start_mrr: Column, contraction_mrr: AnyKind, churned_mrr: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def grr(
    start_mrr: AnyKind, contraction_mrr: Column, churned_mrr: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def grr(
    start_mrr: AnyKind, contraction_mrr: AnyKind, churned_mrr: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def nrr(
    start_mrr: Number,
    expansion_mrr: Number,
    contraction_mrr: Number,
    churned_mrr: Number,
    *,
    reactivation_mrr: Number = 0,
    undefined: Undefined = nan,
) -> float: ...
@overload
def nrr(
    start_mrr: Numbers,
    expansion_mrr: Numbers,
    contraction_mrr: Numbers,
    churned_mrr: Numbers,
    *,
    reactivation_mrr: Numbers = 0,
    undefined: Undefined = nan,
) -> Array: ...
@overload
def nrr(
    start_mrr: Column,
    expansion_mrr: AnyKind,
    contraction_mrr: AnyKind,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def nrr(
    start_mrr: AnyKind,
    expansion_mrr: Column,
    contraction_mrr: AnyKind,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def nrr(
    start_mrr: AnyKind,
    expansion_mrr: AnyKind,
    contraction_mrr: Column,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def nrr(
    start_mrr: AnyKind,
    expansion_mrr: AnyKind,
    contraction_mrr: AnyKind,
    churned_mrr: Column,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def nrr(
    start_mrr: AnyKind,
    expansion_mrr: AnyKind,
    contraction_mrr: AnyKind,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: Column,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def expansion_rate(expansion_mrr: Number, start_mrr: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def expansion_rate(expansion_mrr: Numbers, start_mrr: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def expansion_rate(expansion_mrr: Column, start_mrr: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def expansion_rate(expansion_mrr: AnyKind, start_mrr: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def contraction_rate(contraction_mrr: Number, start_mrr: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def contraction_rate(contraction_mrr: Numbers, start_mrr: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def contraction_rate(
    contraction_mrr: Column, start_mrr: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def contraction_rate(
    contraction_mrr: AnyKind, start_mrr: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def mrr_growth_rate(start_mrr: Number, end_mrr: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def mrr_growth_rate(start_mrr: Numbers, end_mrr: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def mrr_growth_rate(start_mrr: Column, end_mrr: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def mrr_growth_rate(start_mrr: AnyKind, end_mrr: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def quick_ratio(
    new_mrr: Number,
    expansion_mrr: Number,
    contraction_mrr: Number,
    churned_mrr: Number,
    *,
    reactivation_mrr: Number = 0,
    undefined: Undefined = nan,
) -> float: ...
@overload
def quick_ratio(
    new_mrr: Numbers,
    expansion_mrr: Numbers,
    contraction_mrr: Numbers,
    churned_mrr: Numbers,
    *,
    reactivation_mrr: Numbers = 0,
    undefined: Undefined = nan,
) -> Array: ...
@overload
def quick_ratio(
    new_mrr: Column,
    expansion_mrr: AnyKind,
    contraction_mrr: AnyKind,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def quick_ratio(
    new_mrr: AnyKind,
    expansion_mrr: Column,
    contraction_mrr: AnyKind,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def quick_ratio(
    new_mrr: AnyKind,
    expansion_mrr: AnyKind,
    contraction_mrr: Column,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def quick_ratio(
    new_mrr: AnyKind,
    expansion_mrr: AnyKind,
    contraction_mrr: AnyKind,
    churned_mrr: Column,
    *,
    reactivation_mrr: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def quick_ratio(
    new_mrr: AnyKind,
    expansion_mrr: AnyKind,
    contraction_mrr: AnyKind,
    churned_mrr: AnyKind,
    *,
    reactivation_mrr: Column,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def earned_growth_rate(nrr: Number, earned_new: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def earned_growth_rate(nrr: Numbers, earned_new: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def earned_growth_rate(nrr: Column, earned_new: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def earned_growth_rate(nrr: AnyKind, earned_new: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def clv(arpa: Number, churn_rate: Number, gross_margin: Number = 100, *, undefined: Undefined = nan) -> float: ...
@overload
def clv(arpa: Numbers, churn_rate: Numbers, gross_margin: Numbers = 100, *, undefined: Undefined = nan) -> Array: ...
@overload
def clv(
    arpa: Column, churn_rate: AnyKind, gross_margin: AnyKind = 100, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def clv(
    arpa: AnyKind, churn_rate: Column, gross_margin: AnyKind = 100, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def clv(
    arpa: AnyKind, churn_rate: AnyKind, gross_margin: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def clv_from_purchases(
    order_value: Number, purchases: Number, lifetime: Number, gross_margin: Number = 100, *, undefined: Undefined = nan
) -> float: ...
@overload
def clv_from_purchases(
    order_value: Numbers,
    purchases: Numbers,
    lifetime: Numbers,
    gross_margin: Numbers = 100,
    *,
    undefined: Undefined = nan,
) -> Array: ...
@overload
def clv_from_purchases(
    order_value: Column,
    purchases: AnyKind,
    lifetime: AnyKind,
    gross_margin: AnyKind = 100,
    *,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def clv_from_purchases(
    order_value: AnyKind,
    purchases: Column,
    lifetime: AnyKind,
    gross_margin: AnyKind = 100,
    *,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def clv_from_purchases(
    order_value: AnyKind,
    purchases: AnyKind,
    lifetime: Column,
    gross_margin: AnyKind = 100,
    *,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def clv_from_purchases(
    order_value: AnyKind, purchases: AnyKind, lifetime: AnyKind, gross_margin: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def historical_clv(revenue: Number, customers: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def historical_clv(revenue: Numbers, customers: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def historical_clv(revenue: Column, customers: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def historical_clv(revenue: AnyKind, customers: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def discounted_clv(
    margin: Number,
    retention_rate: Number,
    discount_rate: Number,
    *,
    first_payment: Literal["now", "next", "certain_next"] = "now",
    horizon: int | None = None,
    undefined: Undefined = nan,
) -> float: ...
@overload
def discounted_clv(
    margin: Numbers,
    retention_rate: Numbers,
    discount_rate: Numbers,
    *,
    first_payment: Literal["now", "next", "certain_next"] = "now",
    horizon: int | None = None,
    undefined: Undefined = nan,
) -> Array: ...
@overload
def discounted_clv(
    margin: Column,
    retention_rate: AnyKind,
    discount_rate: AnyKind,
    *,
    first_payment: Literal["now", "next", "certain_next"] = "now",
    horizon: int | None = None,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def discounted_clv(
    margin: AnyKind,
    retention_rate: Column,
    discount_rate: AnyKind,
    *,
    first_payment: Literal["now", "next", "certain_next"] = "now",
    horizon: int | None = None,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def discounted_clv(
    margin: AnyKind,
    retention_rate: AnyKind,
    discount_rate: Column,
    *,
    first_payment: Literal["now", "next", "certain_next"] = "now",
    horizon: int | None = None,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def cac(acquisition_cost: Number, new: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def cac(acquisition_cost: Numbers, new: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def cac(acquisition_cost: Column, new: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def cac(acquisition_cost: AnyKind, new: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def crc(retention_cost: Number, retained: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def crc(retention_cost: Numbers, retained: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def crc(retention_cost: Column, retained: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def crc(retention_cost: AnyKind, retained: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def crc_ratio(retention_cost: Number, revenue: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def crc_ratio(retention_cost: Numbers, revenue: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def crc_ratio(retention_cost: Column, revenue: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def crc_ratio(retention_cost: AnyKind, revenue: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def clv_to_cac(clv: Number, cac: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def clv_to_cac(clv: Numbers, cac: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def clv_to_cac(clv: Column, cac: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def clv_to_cac(clv: AnyKind, cac: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def clv_to_crc(clv: Number, crc: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def clv_to_crc(clv: Numbers, crc: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def clv_to_crc(clv: Column, crc: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def clv_to_crc(clv: AnyKind, crc: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def cac_payback(cac: Number, arpa: Number, gross_margin: Number = 100, *, undefined: Undefined = nan) -> float: ...
@overload
def cac_payback(cac: Numbers, arpa: Numbers, gross_margin: Numbers = 100, *, undefined: Undefined = nan) -> Array: ...
@overload
def cac_payback(
    cac: Column, arpa: AnyKind, gross_margin: AnyKind = 100, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def cac_payback(
    cac: AnyKind, arpa: Column, gross_margin: AnyKind = 100, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def cac_payback(
    cac: AnyKind, arpa: AnyKind, gross_margin: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def nps(promoters: Number, passives: Number, detractors: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def nps(promoters: Numbers, passives: Numbers, detractors: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def nps(
    promoters: Column, passives: AnyKind, detractors: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def nps(
    promoters: AnyKind, passives: Column, detractors: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def nps(
    promoters: AnyKind, passives: AnyKind, detractors: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
def nps_from_scores(
    scores: AnswerColumn,
    *,
    scale: tuple[int, int] = (0, 10),
    promoters: int | None = None,
    detractors: int | None = None,
    weights: AnswerColumn | None = None,
    undefined: Undefined = nan,
) -> float: ...
@overload
def csat(satisfied: Number, responses: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def csat(satisfied: Numbers, responses: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def csat(satisfied: Column, responses: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def csat(satisfied: AnyKind, responses: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
def csat_from_ratings(
    ratings: AnswerColumn,
    *,
    scale: tuple[int, int] = (1, 5),
    top: int | None = None,
    weights: AnswerColumn | None = None,
    undefined: Undefined = nan,
) -> float: ...
def csat_mean_from_ratings(
    ratings: AnswerColumn, *, scale: tuple[int, int] = (1, 5), undefined: Undefined = nan
) -> float: ...
@overload
def ces(effort_sum: Number, responses: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def ces(effort_sum: Numbers, responses: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def ces(effort_sum: Column, responses: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def ces(effort_sum: AnyKind, responses: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
def ces_from_ratings(
    ratings: AnswerColumn, *, scale: tuple[int, int] = (1, 7), undefined: Undefined = nan
) -> float: ...
@overload
def ces_top_box(easy: Number, responses: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def ces_top_box(easy: Numbers, responses: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def ces_top_box(easy: Column, responses: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def ces_top_box(easy: AnyKind, responses: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def net_easy_score(easy: Number, difficult: Number, responses: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def net_easy_score(easy: Numbers, difficult: Numbers, responses: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def net_easy_score(
    easy: Column, difficult: AnyKind, responses: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def net_easy_score(
    easy: AnyKind, difficult: Column, responses: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def net_easy_score(
    easy: AnyKind, difficult: AnyKind, responses: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def response_rate(responses: Number, invited: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def response_rate(responses: Numbers, invited: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def response_rate(responses: Column, invited: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def response_rate(responses: AnyKind, invited: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def closed_loop_rate(followed_up: Number, due: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def closed_loop_rate(followed_up: Numbers, due: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def closed_loop_rate(followed_up: Column, due: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def closed_loop_rate(followed_up: AnyKind, due: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def net_sentiment(positive: Number, neutral: Number, negative: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def net_sentiment(positive: Numbers, neutral: Numbers, negative: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def net_sentiment(
    positive: Column, neutral: AnyKind, negative: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def net_sentiment(
    positive: AnyKind, neutral: Column, negative: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def net_sentiment(
    positive: AnyKind, neutral: AnyKind, negative: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def theme_priority(severity: Number, frequency: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def theme_priority(severity: Numbers, frequency: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def theme_priority(severity: Column, frequency: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def theme_priority(severity: AnyKind, frequency: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def fcr(resolved_first_contact: Number, contacts: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def fcr(resolved_first_contact: Numbers, contacts: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def fcr(resolved_first_contact: Column, contacts: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def fcr(resolved_first_contact: AnyKind, contacts: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def first_response_time(response_time: Number, responded: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def first_response_time(response_time: Numbers, responded: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def first_response_time(
    response_time: Column, responded: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def first_response_time(
    response_time: AnyKind, responded: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def resolution_time(resolution_time_sum: Number, resolved: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def resolution_time(resolution_time_sum: Numbers, resolved: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def resolution_time(
    resolution_time_sum: Column, resolved: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def resolution_time(
    resolution_time_sum: AnyKind, resolved: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def average_handle_time(
    talk_time: Number, hold_time: Number, wrap_time: Number, contacts: Number, *, undefined: Undefined = nan
) -> float: ...
@overload
def average_handle_time(
    talk_time: Numbers, hold_time: Numbers, wrap_time: Numbers, contacts: Numbers, *, undefined: Undefined = nan
) -> Array: ...
@overload
def average_handle_time(
    talk_time: Column, hold_time: AnyKind, wrap_time: AnyKind, contacts: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def average_handle_time(
    talk_time: AnyKind, hold_time: Column, wrap_time: AnyKind, contacts: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def average_handle_time(
    talk_time: AnyKind, hold_time: AnyKind, wrap_time: Column, contacts: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def average_handle_time(
    talk_time: AnyKind, hold_time: AnyKind, wrap_time: AnyKind, contacts: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def reopen_rate(reopened: Number, resolved: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def reopen_rate(reopened: Numbers, resolved: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def reopen_rate(reopened: Column, resolved: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def reopen_rate(reopened: AnyKind, resolved: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def escalation_rate(escalated: Number, tickets: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def escalation_rate(escalated: Numbers, tickets: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def escalation_rate(escalated: Column, tickets: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def escalation_rate(escalated: AnyKind, tickets: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def sla_attainment(met: Number, measured: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def sla_attainment(met: Numbers, measured: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def sla_attainment(met: Column, measured: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def sla_attainment(met: AnyKind, measured: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def self_service_rate(self_served: Number, assisted: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def self_service_rate(self_served: Numbers, assisted: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def self_service_rate(self_served: Column, assisted: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def self_service_rate(self_served: AnyKind, assisted: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def contact_rate(tickets: Number, customers: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def contact_rate(tickets: Numbers, customers: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def contact_rate(tickets: Column, customers: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def contact_rate(tickets: AnyKind, customers: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def cost_per_ticket(support_cost: Number, tickets: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def cost_per_ticket(support_cost: Numbers, tickets: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def cost_per_ticket(support_cost: Column, tickets: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def cost_per_ticket(support_cost: AnyKind, tickets: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def repeat_contact_rate(repeat_contacts: Number, contacts: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def repeat_contact_rate(repeat_contacts: Numbers, contacts: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def repeat_contact_rate(
    repeat_contacts: Column, contacts: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def repeat_contact_rate(
    repeat_contacts: AnyKind, contacts: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def ticket_backlog(
    backlog_start: Number,
    received: Number,
    reopened: Number,
    resolved: Number,
    *,
    cancelled: Number = 0,
    undefined: Undefined = nan,
) -> float: ...
@overload
def ticket_backlog(
    backlog_start: Numbers,
    received: Numbers,
    reopened: Numbers,
    resolved: Numbers,
    *,
    cancelled: Numbers = 0,
    undefined: Undefined = nan,
) -> Array: ...
@overload
def ticket_backlog(
    backlog_start: Column,
    received: AnyKind,
    reopened: AnyKind,
    resolved: AnyKind,
    *,
    cancelled: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def ticket_backlog(
    backlog_start: AnyKind,
    received: Column,
    reopened: AnyKind,
    resolved: AnyKind,
    *,
    cancelled: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def ticket_backlog(
    backlog_start: AnyKind,
    received: AnyKind,
    reopened: Column,
    resolved: AnyKind,
    *,
    cancelled: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def ticket_backlog(
    backlog_start: AnyKind,
    received: AnyKind,
    reopened: AnyKind,
    resolved: Column,
    *,
    cancelled: AnyKind = 0,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def ticket_backlog(
    backlog_start: AnyKind,
    received: AnyKind,
    reopened: AnyKind,
    resolved: AnyKind,
    *,
    cancelled: Column,
    undefined: Undefined = nan,
) -> pd.Series[float]: ...
@overload
def adoption_rate(adopters: Number, eligible: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def adoption_rate(adopters: Numbers, eligible: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def adoption_rate(adopters: Column, eligible: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def adoption_rate(adopters: AnyKind, eligible: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def feature_adoption_rate(
    features_used: Number, features_available: Number, *, undefined: Undefined = nan
) -> float: ...
@overload
def feature_adoption_rate(
    features_used: Numbers, features_available: Numbers, *, undefined: Undefined = nan
) -> Array: ...
@overload
def feature_adoption_rate(
    features_used: Column, features_available: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def feature_adoption_rate(
    features_used: AnyKind, features_available: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def activation_rate(activated: Number, signups: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def activation_rate(activated: Numbers, signups: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def activation_rate(activated: Column, signups: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def activation_rate(activated: AnyKind, signups: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def license_utilization(seats_used: Number, seats_licensed: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def license_utilization(seats_used: Numbers, seats_licensed: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def license_utilization(
    seats_used: Column, seats_licensed: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def license_utilization(
    seats_used: AnyKind, seats_licensed: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def active_rate(active: Number, total: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def active_rate(active: Numbers, total: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def active_rate(active: Column, total: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def active_rate(active: AnyKind, total: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def stickiness(dau: Number, mau: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def stickiness(dau: Numbers, mau: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def stickiness(dau: Column, mau: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def stickiness(dau: AnyKind, mau: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def lifecycle_quick_ratio(
    new_users: Number, resurrected: Number, dormant: Number, *, undefined: Undefined = nan
) -> float: ...
@overload
def lifecycle_quick_ratio(
    new_users: Numbers, resurrected: Numbers, dormant: Numbers, *, undefined: Undefined = nan
) -> Array: ...
@overload
def lifecycle_quick_ratio(
    new_users: Column, resurrected: AnyKind, dormant: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def lifecycle_quick_ratio(
    new_users: AnyKind, resurrected: Column, dormant: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def lifecycle_quick_ratio(
    new_users: AnyKind, resurrected: AnyKind, dormant: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def engagement_score(
    counts: Sequence[Number] | Mapping[Any, Number] | Column, weights: Weights, *, undefined: Undefined = nan
) -> float: ...
@overload
def engagement_score(
    counts: Sequence[Sequence[Number]] | Mapping[Any, Numbers], weights: Weights, *, undefined: Undefined = nan
) -> Array: ...
@overload
def engagement_score(
    counts: pd.DataFrame | Mapping[Any, AnyKind], weights: Weights, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def engagement_score(counts: npt.NDArray[Any], weights: Weights, *, undefined: Undefined = nan) -> Any: ...
@overload
def repeat_purchase_rate(repeat_customers: Number, customers: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def repeat_purchase_rate(repeat_customers: Numbers, customers: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def repeat_purchase_rate(
    repeat_customers: Column, customers: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def repeat_purchase_rate(
    repeat_customers: AnyKind, customers: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def conversion_rate(converted: Number, entered: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def conversion_rate(converted: Numbers, entered: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def conversion_rate(converted: Column, entered: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def conversion_rate(converted: AnyKind, entered: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def onboarding_completion_rate(completed: Number, started: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def onboarding_completion_rate(completed: Numbers, started: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def onboarding_completion_rate(
    completed: Column, started: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def onboarding_completion_rate(
    completed: AnyKind, started: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def ttv(started_at: Day, value_at: Day) -> float: ...
@overload
def ttv(started_at: Days, value_at: Days) -> Array: ...
@overload
def ttv(started_at: Column, value_at: Dates) -> pd.Series[float]: ...
@overload
def ttv(started_at: Dates, value_at: Column) -> pd.Series[float]: ...
def median_ttv(
    started_at: Dates, value_at: Dates, as_of: date | np.datetime64 | str, *, undefined: Undefined = nan
) -> float: ...
@overload
def onboarding_time(started_at: Day, completed_at: Day) -> float: ...
@overload
def onboarding_time(started_at: Days, completed_at: Days) -> Array: ...
@overload
def onboarding_time(started_at: Column, completed_at: Dates) -> pd.Series[float]: ...
@overload
def onboarding_time(started_at: Dates, completed_at: Column) -> pd.Series[float]: ...
@overload
def tutorials_per_customer(tutorial_visits: Number, customers: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def tutorials_per_customer(tutorial_visits: Numbers, customers: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def tutorials_per_customer(
    tutorial_visits: Column, customers: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def tutorials_per_customer(
    tutorial_visits: AnyKind, customers: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def goal_attainment(current: Number, target: Number, baseline: Number = 0, *, undefined: Undefined = nan) -> float: ...
@overload
def goal_attainment(
    current: Numbers, target: Numbers, baseline: Numbers = 0, *, undefined: Undefined = nan
) -> Array: ...
@overload
def goal_attainment(
    current: Column, target: AnyKind, baseline: AnyKind = 0, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def goal_attainment(
    current: AnyKind, target: Column, baseline: AnyKind = 0, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def goal_attainment(
    current: AnyKind, target: AnyKind, baseline: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def value_realization_rate(realized: Number, customers: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def value_realization_rate(realized: Numbers, customers: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def value_realization_rate(realized: Column, customers: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def value_realization_rate(realized: AnyKind, customers: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def referral_rate(referrers: Number, customers: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def referral_rate(referrers: Numbers, customers: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def referral_rate(referrers: Column, customers: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def referral_rate(referrers: AnyKind, customers: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def referral_share(referred_new: Number, new: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def referral_share(referred_new: Numbers, new: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def referral_share(referred_new: Column, new: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def referral_share(referred_new: AnyKind, new: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def referral_conversion_rate(converted: Number, referrals: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def referral_conversion_rate(converted: Numbers, referrals: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def referral_conversion_rate(
    converted: Column, referrals: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def referral_conversion_rate(
    converted: AnyKind, referrals: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def viral_coefficient(
    invites_per_customer: Number, conversion_rate: Number, *, undefined: Undefined = nan
) -> float: ...
@overload
def viral_coefficient(
    invites_per_customer: Numbers, conversion_rate: Numbers, *, undefined: Undefined = nan
) -> Array: ...
@overload
def viral_coefficient(
    invites_per_customer: Column, conversion_rate: AnyKind, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def viral_coefficient(
    invites_per_customer: AnyKind, conversion_rate: Column, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def health_score(
    scores: Sequence[Number] | Mapping[Any, Number] | Column, weights: Weights, *, undefined: Undefined = nan
) -> float: ...
@overload
def health_score(
    scores: Sequence[Sequence[Number]] | Mapping[Any, Numbers], weights: Weights, *, undefined: Undefined = nan
) -> Array: ...
@overload
def health_score(
    scores: pd.DataFrame | Mapping[Any, AnyKind], weights: Weights, *, undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def health_score(scores: npt.NDArray[Any], weights: Weights, *, undefined: Undefined = nan) -> Any: ...
@overload
def normalize_score(
    value: Number, low: Number, high: Number, *, better: Literal["high", "low"] = "high", undefined: Undefined = nan
) -> float: ...
@overload
def normalize_score(
    value: Numbers, low: Numbers, high: Numbers, *, better: Literal["high", "low"] = "high", undefined: Undefined = nan
) -> Array: ...
@overload
def normalize_score(
    value: Column, low: AnyKind, high: AnyKind, *, better: Literal["high", "low"] = "high", undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def normalize_score(
    value: AnyKind, low: Column, high: AnyKind, *, better: Literal["high", "low"] = "high", undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def normalize_score(
    value: AnyKind, low: AnyKind, high: Column, *, better: Literal["high", "low"] = "high", undefined: Undefined = nan
) -> pd.Series[float]: ...
@overload
def health_band(score: Number, red: Number = 50, yellow: Number = 75) -> Band | None: ...
@overload
def health_band(score: Numbers, red: Numbers = 50, yellow: Numbers = 75) -> npt.NDArray[np.object_]: ...
@overload
def health_band(score: Column, red: AnyKind = 50, yellow: AnyKind = 75) -> pd.Series[Any]: ...
@overload
def health_band(score: AnyKind, red: Column, yellow: AnyKind = 75) -> pd.Series[Any]: ...
@overload
def health_band(score: AnyKind, red: AnyKind, yellow: Column) -> pd.Series[Any]: ...
@overload
def health_band(score: AnyKind, red: AnyKind = 50, *, yellow: Column) -> pd.Series[Any]: ...
@overload
def at_risk_rate(at_risk: Number, customers: Number, *, undefined: Undefined = nan) -> float: ...
@overload
def at_risk_rate(at_risk: Numbers, customers: Numbers, *, undefined: Undefined = nan) -> Array: ...
@overload
def at_risk_rate(at_risk: Column, customers: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...
@overload
def at_risk_rate(at_risk: AnyKind, customers: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...
