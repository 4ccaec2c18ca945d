"""Implementations as people write them: wrong ones are caught and explained in words, right ones pass."""

from __future__ import annotations

import math
import sqlite3
import statistics
import time
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import csmetrics as csm
from csmetrics.core._registry import REGISTRY
from csmetrics.errors import MetricInputError
from csmetrics.testing import assert_verified, verify

# Words of the causes
FRACTION = "off by 100: a fraction"
NEWCOMERS = "new customers are in the numerator"
ZERO = "0 where it is undefined"
PASSIVES = "passives left out"
MEAN = "mean of rates instead of rate of sums"
ROUNDED = "rounded"


def sqlite(query: str, *values: Any) -> Any:
    plain = [None if value is None or value != value else value for value in values]
    return sqlite3.connect(":memory:").execute(query, plain).fetchone()[0]


def duck(query: str, **frames: Any) -> Any:
    with duckdb.connect() as connection:
        for name, frame in frames.items():
            connection.register(name, frame)
        return connection.execute(query).fetchall()


class Churn:
    def __call__(self, lost: Any, start: Any) -> Any:
        return lost / start

    def of_both(self, lost: Any, start: Any) -> Any:
        return 100 * lost / (start + lost)


def scaled(a: Any, b: Any, scale: Any) -> Any:
    return scale * a / b


def counted(scores: Any, up: int = 9, down: int = 6, base: Any = None, times: int = 100) -> Any:
    given = [score for score in scores if score is not None and score == score]
    top = sum(score >= up for score in given) - sum(score <= down for score in given)
    return times * top / (base(given, scores) if base else len(given))


WRONG: list[tuple[str, str | None, Callable[..., Any]]] = [
    ("churn_rate", FRACTION, lambda lost, start: lost / start),
    ("churn_rate", ZERO, lambda lost, start: 100 * lost / start if start else 0),
    ("churn_rate", FRACTION, lambda lost, start: lost / start if start else 0),
    ("churn_rate", ZERO, lambda lost, start: lost / start if start else 0),
    ("churn_rate", ROUNDED, lambda lost, start: round(100 * lost / start, 1)),
    ("churn_rate", ROUNDED, lambda lost, start: round(100 * lost / start, 2)),
    ("churn_rate", ROUNDED, lambda lost, start: round(lost / start, 4) * 100),
    ("churn_rate", ROUNDED, lambda lost, start: round(100 * lost / start)),
    ("churn_rate", ROUNDED, lambda lost, start: float(f"{100 * lost / start:.1f}")),
    ("churn_rate", ROUNDED, lambda lost, start: np.round(np.asarray(lost) / np.asarray(start) * 100, 2)),
    ("churn_rate", "cut off", lambda lost, start: int(100 * lost / start)),
    ("churn_rate", "cut off", lambda lost, start: 100 * lost // start),
    ("churn_rate", "rounded up", lambda lost, start: math.ceil(100 * lost / start)),
    (
        "churn_rate",
        ROUNDED,
        lambda lost, start: (Decimal(lost) * 100 / Decimal(start)).quantize(Decimal("0.1"), ROUND_HALF_EVEN),
    ),
    ("churn_rate", FRACTION, lambda a, b: Decimal(a) / Decimal(b)),
    ("churn_rate", "divided by the mean of", lambda lost, start, end: 100 * lost / ((start + end) / 2)),
    ("churn_rate", "divided by `end`", lambda lost, start, end: 100 * lost / end),
    ("churn_rate", "start + new", lambda lost, start, new: 100 * lost / (start + new)),
    ("churn_rate", NEWCOMERS, lambda lost, start, new: 100 * (lost + new) / start),
    ("churn_rate", NEWCOMERS, lambda lost, new, start: 100 * (lost - new) / start),
    ("churn_rate", MEAN, lambda lost, start: np.mean(np.asarray(lost) / np.asarray(start)) * 100),
    ("churn_rate", MEAN, lambda lost, start: (lost / start).mean() * 100),
    ("churn_rate", MEAN, lambda df: (df["lost"] / df["start"]).mean() * 100),
    ("churn_rate", MEAN, lambda df: (100 * df.lost / df.start).mean()),
    (
        "churn_rate",
        MEAN,
        lambda lost, start: sum(100 * one / all_ for one, all_ in zip(lost, start, strict=False)) / len(lost),
    ),
    (
        "churn_rate",
        MEAN,
        lambda lost, start: statistics.mean(100 * one / all_ for one, all_ in zip(lost, start, strict=False)),
    ),
    ("churn_rate", "median of rates", lambda lost, start: np.median(100 * np.asarray(lost) / np.asarray(start))),
    ("churn_rate", MEAN, lambda df: duck("select avg(100.0*lost/start) from df", df=df)[0][0]),
    (
        "churn_rate",
        MEAN,
        lambda df: df.apply(lambda r: 100 * r.lost / r.start if r.start else float("nan"), axis=1).mean(),
    ),
    ("churn_rate", MEAN, lambda lost, start: np.nanmean(np.asarray(lost, float) / np.asarray(start, float)) * 100),
    ("churn_rate", "cut off", lambda lost, start: sqlite("select 100 * ? / ?", lost, start)),
    ("churn_rate", "whole numbers", lambda lost, start: sqlite("select ? / ? * 100", lost, start)),
    (
        "churn_rate",
        ZERO,
        lambda lost, start: sqlite("select round(coalesce(100.0 * ? / nullif(?, 0), 0), 2)", lost, start),
    ),
    (
        "churn_rate",
        ROUNDED,
        lambda lost, start: sqlite("select round(coalesce(100.0 * ? / nullif(?, 0), 0), 2)", lost, start),
    ),
    ("churn_rate", FRACTION, lambda df: duck("select sum(lost)/sum(start) from df", df=df)[0][0]),
    ("churn_rate", "taken as 0", lambda lost, start: 100 * (lost or 0) / start if start and start == start else None),
    (
        "churn_rate",
        "0 where it is undefined",
        lambda lost, start: 100 * (0 if lost is None or lost != lost else lost) / (start or 1),
    ),
    ("churn_rate", "other side", lambda lost, start: 100 - 100 * lost / start),
    ("churn_rate", "the other side of 1; off by 100", lambda lost, start: 1 - lost / start),
    ("churn_rate", "upside down", lambda lost, start: 100 * start / lost if lost else 0),
    ("churn_rate", "sign", lambda lost, start: -100 * lost / start),
    ("churn_rate", "100", lambda lost, start: 10000 * lost / start),
    ("churn_rate", "text", lambda lost, start: f"{100 * lost / start:.1f}%"),
    ("churn_rate", "text", lambda lost, start: f"{100 * lost / start}"),
    ("churn_rate", "no value where there is one", lambda lost, start: None),
    ("churn_rate", "always 5, whatever goes in", lambda lost, start: 5),
    ("churn_rate", "raises ZeroDivisionError: division by ze", lambda lost, start: 1 / 0),
    (
        "churn_rate",
        ZERO,
        lambda lost, start: np.divide(100.0 * lost, start, out=np.zeros(1), where=np.asarray(start) != 0),
    ),
    ("churn_rate", ZERO, lambda lost, start: (100 * lost / start).fillna(0)),
    ("churn_rate", ZERO, lambda lost, start: np.nan_to_num(100 * np.asarray(lost, float) / np.asarray(start, float))),
    ("churn_rate", "100 where it is undefined", lambda lost, start: 100 * lost / start if start else 100),
    (
        "churn_rate",
        "inf",
        lambda lost, start: (
            np.float64(100 * (lost if lost is not None else np.nan))
            / np.float64(start if start is not None else np.nan)
            if start != 0
            else float("inf")
        ),
    ),
    ("churn_rate", "-1 where it is undefined", lambda lost, start: 100 * lost / start if start else -1),
    ("churn_rate", "sum of rates", lambda lost, start: np.sum(100 * np.asarray(lost) / np.asarray(start))),
    ("churn_rate", FRACTION, Churn()),
    ("churn_rate", "lost + start", Churn().of_both),
    ("churn_rate", FRACTION, partial(scaled, scale=1)),
    ("churn_rate", FRACTION, lambda **kw: kw["lost"] / kw["start"]),
    ("churn_rate", FRACTION, lambda *a: a[0] / a[1]),
    ("churn_rate", "upside down", lambda start, lost: 100 * start / lost if lost else None),
    ("retention_rate", NEWCOMERS, lambda end, start: 100 * end / start),
    ("retention_rate", NEWCOMERS, lambda end, new, start: 100 * end / start),
    ("retention_rate", NEWCOMERS, lambda end, new, start, reactivated=0: 100 * end / start),
    ("retention_rate", NEWCOMERS, lambda end, new, start, reactivated=0: 100 * (end - reactivated) / start),
    ("retention_rate", "new", lambda end, new, start: 100 * (end + new) / start),
    ("retention_rate", "reactivated", lambda end, new, start, reactivated=0: 100 * (end - new) / start),
    ("retention_rate", FRACTION, lambda end, new, start: (end - new) / start),
    ("retention_rate", "divided by `end`, not by `start`", lambda end, new, start: 100 * (end - new) / end),
    (
        "retention_rate",
        "divided by new + start, not by `start`",
        lambda end, new, start: 100 * (end - new) / (start + new),
    ),
    ("retention_rate", None, lambda lost, start: 100 - 100 * lost / start),
    ("retention_rate", "other side", lambda end, new, start: 100 - 100 * (end - new) / start),
    ("retention_rate", NEWCOMERS, lambda end, start: end / start),
    (
        "nrr",
        NEWCOMERS,
        lambda start_mrr, new_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            100 * (start_mrr + new_mrr + expansion_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
    ),
    ("nrr", NEWCOMERS, lambda start_mrr, end_mrr: 100 * end_mrr / start_mrr),
    (
        "nrr",
        NEWCOMERS,
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr, new_mrr=0: (
            100 * (start_mrr + new_mrr + expansion_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
    ),
    (
        "nrr",
        "contraction_mrr",
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            100 * (start_mrr + expansion_mrr - churned_mrr) / start_mrr
        ),
    ),
    (
        "nrr",
        "contraction_mrr",
        lambda start_mrr, expansion_mrr, churned_mrr: 100 * (start_mrr + expansion_mrr - churned_mrr) / start_mrr,
    ),
    (
        "nrr",
        "limited to 100",
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: min(
            100, 100 * (start_mrr + expansion_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
    ),
    (
        "nrr",
        "expansion_mrr",
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            100 * (start_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
    ),
    (
        "nrr",
        FRACTION,
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr: (
            (start_mrr + reactivation_mrr + expansion_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
    ),
    (
        "nrr",
        "reactivation_mrr left out",
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr: (
            100 * (start_mrr + expansion_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
    ),
    (
        "nrr",
        "start_mrr left out above the line",
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            100 * (expansion_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
    ),
    (
        "nrr",
        MEAN,
        lambda df: (
            100 * (df.start_mrr + df.expansion_mrr - df.contraction_mrr - df.churned_mrr) / df.start_mrr
        ).mean(),
    ),
    (
        "grr",
        "expansion",
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            100 * (start_mrr + expansion_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
    ),
    (
        "grr",
        "`expansion_mrr`, which is no input, counts",
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: min(
            100, 100 * (start_mrr + expansion_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
    ),
    (
        "grr",
        "contraction_mrr",
        lambda start_mrr, contraction_mrr, churned_mrr: 100 * (start_mrr - churned_mrr) / start_mrr,
    ),
    ("grr", "contraction_mrr", lambda start_mrr, churned_mrr: 100 * (start_mrr - churned_mrr) / start_mrr),
    (
        "grr",
        "other side",
        lambda start_mrr, contraction_mrr, churned_mrr: 100 * (contraction_mrr + churned_mrr) / start_mrr,
    ),
    (
        "gross_revenue_churn_rate",
        "contraction",
        lambda start_mrr, contraction_mrr, churned_mrr: 100 * churned_mrr / start_mrr,
    ),
    (
        "net_revenue_churn_rate",
        "limited to 0",
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: max(
            0, 100 * (contraction_mrr + churned_mrr - expansion_mrr) / start_mrr
        ),
    ),
    (
        "net_revenue_churn_rate",
        "expansion",
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            100 * (contraction_mrr + churned_mrr) / start_mrr
        ),
    ),
    (
        "net_revenue_churn_rate",
        "other side",
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            100 * (start_mrr - contraction_mrr - churned_mrr + expansion_mrr) / start_mrr
        ),
    ),
    (
        "net_new_mrr",
        "reactivation_mrr left out",
        lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr: (
            new_mrr + expansion_mrr - contraction_mrr - churned_mrr
        ),
    ),
    (
        "net_new_mrr",
        "churned",
        lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr: new_mrr + expansion_mrr - contraction_mrr,
    ),
    (
        "net_new_mrr",
        "`contraction_mrr` is added, where it is taken off",
        lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            new_mrr + expansion_mrr + contraction_mrr - churned_mrr
        ),
    ),
    (
        "quick_ratio",
        "upside down",
        lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            (contraction_mrr + churned_mrr) / (new_mrr + expansion_mrr)
        ),
    ),
    (
        "quick_ratio",
        "contraction_mrr left out below the line",
        lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr: (new_mrr + expansion_mrr) / churned_mrr,
    ),
    (
        "quick_ratio",
        "expansion",
        lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr: new_mrr / (contraction_mrr + churned_mrr),
    ),
    (
        "quick_ratio",
        "100",
        lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            100 * (new_mrr + expansion_mrr) / (contraction_mrr + churned_mrr)
        ),
    ),
    (
        "quick_ratio",
        ZERO,
        lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            (new_mrr + expansion_mrr) / (contraction_mrr + churned_mrr) if contraction_mrr + churned_mrr else 0
        ),
    ),
    ("arr", "quarter", lambda mrr: mrr * 4),
    ("arr", "divided by 12", lambda mrr: mrr),
    ("arr", "always 1.01389 times the right figure", lambda mrr: mrr * 365 / 30),
    (
        "mrr",
        "a week times 4 and a day times 30 (Polar; Ghost for weeks)",
        lambda amount, interval="month", count=1: (
            amount * {"day": 30, "week": 4, "month": 1, "quarter": 1 / 3, "year": 1 / 12}[interval] / count
        ),
    ),
    (
        "mrr",
        "right for most numbers, but another figure where amount",
        lambda amount, interval="month": (
            amount * {"day": 30.4, "week": 4.33, "month": 1, "quarter": 1 / 3, "year": 1 / 12}[interval]
        ),
    ),
    (
        "mrr",
        "multiplied by `count`, not divided by it",
        lambda amount, interval, count: (
            amount * {"day": 365 / 12, "week": 52 / 12, "month": 1, "quarter": 1 / 3, "year": 1 / 12}[interval] * count
        ),
    ),
    ("arpa", ROUNDED, lambda mrr, customers: round(mrr / customers, 2)),
    ("arpa", "12", lambda mrr, customers: 12 * mrr / customers),
    ("arpa", MEAN, lambda mrr, customers: (mrr / customers).mean()),
    ("asp", "upside down", lambda new_mrr, new: new / new_mrr),
    ("customer_growth_rate", "end", lambda start, end: 100 * (end - start) / end),
    ("customer_growth_rate", "start left out above the line", lambda start, end: 100 * end / start),
    ("mrr_growth_rate", FRACTION, lambda start_mrr, end_mrr: end_mrr / start_mrr - 1),
    ("mrr_growth_rate", None, lambda start_mrr, end_mrr: 100 * math.log(end_mrr / start_mrr)),
    (
        "expansion_rate",
        "divided by expansion_mrr + start_mrr, not by `start_mrr`",
        lambda expansion_mrr, start_mrr: 100 * expansion_mrr / (start_mrr + expansion_mrr),
    ),
    ("average_lifetime", "100", lambda churn_rate: 1 / churn_rate),
    ("compound_churn_rate", "churn rate x periods", lambda churn_rate, periods: churn_rate * periods),
    ("compound_churn_rate", "churn rate x periods", lambda churn_rate, periods: min(100, churn_rate * periods)),
    ("compound_churn_rate", FRACTION, lambda churn_rate, periods: 1 - (1 - churn_rate / 100) ** periods),
    ("compound_retention_rate", None, lambda retention_rate, periods: 100 * (retention_rate / 100) * periods),
    ("earned_growth_rate", "earned growth factor", lambda nrr, earned_new: nrr + earned_new),
    ("clv", "gross_margin left out", lambda arpa, churn_rate, gross_margin=100: arpa * 100 / churn_rate),
    ("clv", "100", lambda arpa, churn_rate, gross_margin=100: arpa * gross_margin / 100 / churn_rate),
    ("clv", "100", lambda arpa, churn_rate, gross_margin: arpa * gross_margin / (churn_rate / 100)),
    (
        "clv",
        "3975.99605 where it is undefined",
        lambda arpa, churn_rate, gross_margin: arpa * gross_margin * (100 - churn_rate) / 100,
    ),
    ("clv", "off by 100: percent is taken for a fraction", lambda arpa, churn_rate, gross_margin: arpa / churn_rate),
    ("clv", ZERO, lambda arpa, churn_rate, gross_margin=100: arpa * gross_margin / churn_rate if churn_rate else 0),
    ("cac_payback", "gross_margin left out", lambda cac, arpa, gross_margin=100: cac / arpa),
    ("cac_payback", "upside down", lambda cac, arpa, gross_margin=100: arpa * gross_margin / 100 / cac),
    ("cac_payback", "rounded up", lambda cac, arpa, gross_margin=100: math.ceil(cac / (arpa * gross_margin / 100))),
    ("cac_payback", "off by 100", lambda cac, arpa, gross_margin=100: cac / (arpa * gross_margin)),
    ("clv_to_cac", "upside down", lambda clv, cac: cac / clv),
    ("clv_to_cac", "(CLV - CAC) / CAC", lambda clv, cac: (clv - cac) / cac),
    ("clv_to_cac", ROUNDED, lambda clv, cac: round(clv / cac, 1)),
    ("cac", ZERO, lambda acquisition_cost, new: acquisition_cost / new if new else 0),
    ("cac", "upside down", lambda acquisition_cost, new: new / acquisition_cost),
    (
        "discounted_clv",
        "margin x retention / (churn + discount)",
        lambda margin, retention_rate, discount_rate, *, first_payment="now", horizon=None: (
            margin * retention_rate / (100 + discount_rate - retention_rate)
        ),
    ),
    (
        "discounted_clv",
        "-316.157676768 where it is undefined",
        lambda margin, retention_rate, discount_rate: margin / (1 + discount_rate - retention_rate),
    ),
    (
        "clv_from_purchases",
        "gross_margin left out",
        lambda order_value, purchases, lifetime, gross_margin: order_value * purchases * lifetime,
    ),
    (
        "nps",
        PASSIVES,
        lambda promoters, passives, detractors: 100 * (promoters - detractors) / (promoters + detractors),
    ),
    ("nps", PASSIVES, lambda promoters, detractors: 100 * (promoters - detractors) / (promoters + detractors)),
    (
        "nps",
        FRACTION,
        lambda promoters, passives, detractors: (promoters - detractors) / (promoters + passives + detractors),
    ),
    (
        "nps",
        ROUNDED,
        lambda promoters, passives, detractors: round(
            100 * (promoters - detractors) / (promoters + passives + detractors)
        ),
    ),
    (
        "nps",
        ROUNDED,
        lambda promoters, passives, detractors: (
            round(100 * promoters / (promoters + passives + detractors))
            - round(100 * detractors / (promoters + passives + detractors))
        ),
    ),
    (
        "nps",
        ZERO,
        lambda promoters, passives, detractors: (
            100 * (promoters - detractors) / (promoters + passives + detractors)
            if promoters + passives + detractors
            else 0
        ),
    ),
    (
        "nps",
        "detractors",
        lambda promoters, passives, detractors: 100 * promoters / (promoters + passives + detractors),
    ),
    (
        "nps",
        "passives",
        lambda promoters, passives, detractors: (
            100 * (promoters + passives - detractors) / (promoters + passives + detractors)
        ),
    ),
    (
        "nps",
        "limited to 0",
        lambda promoters, passives, detractors: max(
            0, 100 * (promoters - detractors) / (promoters + passives + detractors)
        ),
    ),
    (
        "nps",
        MEAN,
        lambda df: (100 * (df.promoters - df.detractors) / (df.promoters + df.passives + df.detractors)).mean(),
    ),
    ("nps_from_scores", "detractors end at 5", lambda scores: counted(scores, down=5)),
    ("nps_from_scores", "8", lambda scores: counted(scores, up=8)),
    ("nps_from_scores", "7", lambda scores: counted(scores, down=7)),
    ("nps_from_scores", "missing answers", lambda scores: counted(scores, base=lambda s, a: len(a))),
    ("nps_from_scores", PASSIVES, lambda scores: counted(scores, base=lambda s, a: sum(x >= 9 or x <= 6 for x in s))),
    ("nps_from_scores", FRACTION, lambda scores: counted(scores, times=1)),
    ("nps_from_scores", ROUNDED, lambda scores: round(counted(scores))),
    ("nps_from_scores", ZERO, lambda scores: counted(scores) if len(scores) else 0),
    ("nps_from_scores", "missing", lambda scores: counted([0 if x is None or x != x else x for x in scores])),
    ("nps_from_scores", "missing", lambda s: 100 * ((s >= 9).mean() - (s <= 6).mean())),
    ("nps_from_scores", FRACTION, lambda s: (s >= 9).sum() / s.count() - (s <= 6).sum() / s.count()),
    (
        "nps_from_scores",
        FRACTION,
        lambda df: ((df["scores"] >= 9).sum() - (df["scores"] <= 6).sum()) / df["scores"].count(),
    ),
    ("nps_from_scores", "the mean of the scores", lambda s: s.mean()),
    (
        "csat_from_ratings",
        "neutral",
        lambda ratings: (
            100
            * sum(r >= 3 for r in ratings if r is not None and r == r)
            / len([r for r in ratings if r is not None and r == r])
        ),
    ),
    (
        "csat_from_ratings",
        "only the highest",
        lambda ratings: (
            100
            * sum(r == 5 for r in ratings if r is not None and r == r)
            / len([r for r in ratings if r is not None and r == r])
        ),
    ),
    (
        "csat_from_ratings",
        "missing",
        lambda ratings: 100 * sum(r >= 4 for r in ratings if r is not None) / len(ratings),
    ),
    ("csat_from_ratings", "mean", lambda ratings: np.nanmean(np.array(ratings, float))),
    ("csat_from_ratings", None, lambda ratings: 20 * np.nanmean(np.array(ratings, float))),
    ("csat_mean_from_ratings", "missing", lambda ratings: sum(r or 0 for r in ratings) / len(ratings)),
    ("ces_from_ratings", ROUNDED, lambda ratings: round(float(np.nanmean(np.array(ratings, float))), 1)),
    ("csat", FRACTION, lambda satisfied, responses: satisfied / responses),
    ("csat", ZERO, lambda satisfied, responses: satisfied / responses * 100 if responses else 0.0),
    (
        "net_sentiment",
        "neutral",
        lambda positive, neutral, negative: 100 * (positive - negative) / (positive + negative),
    ),
    ("net_easy_score", "difficult", lambda easy, difficult, responses: 100 * easy / responses),
    (
        "net_easy_score",
        "divided by easy + difficult, not by `responses`",
        lambda easy, difficult, responses: 100 * (easy - difficult) / (easy + difficult),
    ),
    ("response_rate", "upside down", lambda responses, invited: 100 * invited / responses),
    ("ces", MEAN, lambda effort_sum, responses: np.mean(np.asarray(effort_sum) / np.asarray(responses))),
    ("fcr", MEAN, lambda df: (df.resolved_first_contact / df.contacts * 100).mean()),
    ("fcr", ZERO, lambda r, c: 100 * r / c if c > 0 else 0),
    ("first_response_time", MEAN, lambda response_time, responded: (response_time / responded).mean()),
    ("first_response_time", "74.88 where it is undefined", lambda response_time, responded: response_time),
    ("first_response_time", "60", lambda response_time, responded: response_time / responded / 60),
    (
        "average_handle_time",
        "hold_time",
        lambda talk_time, hold_time, wrap_time, contacts: (talk_time + wrap_time) / contacts,
    ),
    ("average_handle_time", "wrap_time", lambda talk_time, hold_time, contacts: (talk_time + hold_time) / contacts),
    (
        "average_handle_time",
        None,
        lambda talk_time, hold_time, wrap_time, contacts: talk_time + hold_time + wrap_time / contacts,
    ),
    (
        "self_service_rate",
        "self_served left out below the line",
        lambda self_served, assisted: 100 * self_served / assisted,
    ),
    (
        "ticket_backlog",
        "reopened",
        lambda backlog_start, received, reopened, resolved, cancelled=0: (
            backlog_start + received - resolved - cancelled
        ),
    ),
    (
        "ticket_backlog",
        "cancelled",
        lambda backlog_start, received, reopened, resolved, cancelled=0: backlog_start + received + reopened - resolved,
    ),
    ("contact_rate", "limited to 100", lambda tickets, customers: min(100, 100 * tickets / customers)),
    ("sla_attainment", ROUNDED, lambda met, measured: round(met / measured * 100, 3)),
    ("stickiness", "upside down", lambda dau, mau: 100 * mau / dau),
    ("stickiness", FRACTION, lambda dau, mau: dau / mau),
    (
        "license_utilization",
        "limited to 100",
        lambda seats_used, seats_licensed: min(100.0, 100 * seats_used / seats_licensed),
    ),
    (
        "lifecycle_quick_ratio",
        "upside down",
        lambda new_users, resurrected, dormant: dormant / (new_users + resurrected),
    ),
    ("lifecycle_quick_ratio", "resurrected", lambda new_users, resurrected, dormant: new_users / dormant),
    (
        "engagement_score",
        "divided by the weights",
        lambda counts, weights: sum(c * w for c, w in zip(counts, weights, strict=False)) / sum(weights),
    ),
    ("active_rate", "whole", lambda active, total: active // total * 100),
    ("ttv", "hours", lambda started_at, value_at: (value_at - started_at).total_seconds() / 3600),
    ("ttv", "cut off", lambda started_at, value_at: (value_at - started_at).days),
    (
        "ttv",
        "rounded on the way, to whole numbers",
        lambda started_at, value_at: (value_at.date() - started_at.date()).days,
    ),
    ("ttv", "sign", lambda started_at, value_at: (started_at - value_at).total_seconds() / 86400),
    ("ttv", "both ends", lambda started_at, value_at: (value_at - started_at).total_seconds() / 86400 + 1),
    ("ttv", "gives datetime.timedelta", lambda started_at, value_at: value_at - started_at),
    ("ttv", "seconds", lambda started_at, value_at: (value_at - started_at).total_seconds()),
    ("ttv", "cut off", lambda started_at, value_at: (value_at - started_at).dt.days),
    (
        "goal_attainment",
        "limited",
        lambda current, target, baseline=0: 100 * (current - baseline) / (target - baseline),
    ),
    (
        "goal_attainment",
        "baseline left out",
        lambda current, target, baseline=0: max(0, min(100, 100 * current / target)),
    ),
    ("goal_attainment", "current / target", lambda current, target, baseline=0: 100 * current / target),
    (
        "goal_attainment",
        "limited",
        lambda current, target, baseline=0: min(100, 100 * (current - baseline) / (target - baseline)),
    ),
    (
        "median_ttv",
        "those still waiting are left out",
        lambda started_at, value_at, as_of: statistics.median(
            (v - s).total_seconds() / 86400
            for s, v in zip(started_at, value_at, strict=False)
            if v is not None and v == v
        ),
    ),
    (
        "median_ttv",
        "those still waiting are left out; the mean, where the median is meant",
        lambda started_at, value_at, as_of: statistics.mean(
            (v - s).total_seconds() / 86400
            for s, v in zip(started_at, value_at, strict=False)
            if v is not None and v == v
        ),
    ),
    ("viral_coefficient", "100", lambda invites_per_customer, conversion_rate: invites_per_customer * conversion_rate),
    ("referral_rate", FRACTION, lambda referrers, customers: referrers / customers),
    (
        "health_score",
        "a missing component is taken as 0",
        lambda scores, weights: sum((s or 0) * w for s, w in zip(scores, weights, strict=False)) / sum(weights),
    ),
    (
        "health_score",
        "not divided by the weights",
        lambda scores, weights: sum(s * w for s, w in zip(scores, weights, strict=False)),
    ),
    (
        "health_score",
        "divided by the number of components, not by the weights",
        lambda scores, weights: sum(s * w for s, w in zip(scores, weights, strict=False)) / len(scores),
    ),
    (
        "health_score",
        "the weights are left out",
        lambda scores, weights: sum(s for s in scores if s is not None) / len(scores),
    ),
    (
        "health_score",
        "a missing component is taken as 0",
        lambda scores, weights: (
            sum((0 if s is None or s != s else s) * w for s, w in zip(scores.values(), weights.values(), strict=False))
            / sum(weights.values())
        ),
    ),
    (
        "health_score",
        ROUNDED,
        lambda scores, weights: round(
            sum(s * w for s, w in zip(scores, weights, strict=False) if s is not None)
            / sum(w for s, w in zip(scores, weights, strict=False) if s is not None)
        ),
    ),
    (
        "health_band",
        "a score on a bound is put in the band above; it belongs to the one below",
        lambda score, red=50, yellow=75: "red" if score < red else "yellow" if score < yellow else "green",
    ),
    (
        "health_band",
        "a figure where `red` is missing",
        lambda score, red=50, yellow=75: "green" if score > yellow else "red",
    ),
    (
        "health_band",
        "the words are written otherwise",
        lambda score, red=50, yellow=75: "Red" if score <= red else "Yellow" if score <= yellow else "Green",
    ),
    ("normalize_score", "limited", lambda value, low, high, better="high": 100 * (value - low) / (high - low)),
    (
        "normalize_score",
        None,
        lambda value, low, high, *, better="high": max(0, min(100, 100 * (value - low) / (high - low))),
    ),
    ("normalize_score", FRACTION, lambda value, low, high: max(0, min(1, (value - low) / (high - low)))),
]


def positional(lost: Any, start: Any, /) -> Any:
    return 100 * lost / start


def keywords(*, lost: Any, start: Any) -> Any:
    return 100 * lost / start


def annotated(lost: int, start: int, decimals: int | None = None) -> float | None:
    if not start or lost is None:
        return None
    churn = 100 * lost / start
    return churn if decimals is None else round(churn, decimals)


def refusing(lost: Any, start: Any) -> Any:
    if start == 0 or lost is None or start is None or lost != lost or start != start:
        raise ValueError("no customers")
    return 100 * lost / start


def whole_numbers(lost: Any, start: Any) -> Any:
    if not isinstance(lost, int) or not isinstance(start, int):
        raise TypeError("ints please")
    return 100 * lost / start


def of_frame(df: Any, lost: str = "lost", start: str = "start", by: Any = None) -> Any:
    return 100 * df[lost].sum() / df[start].sum()


class Right:
    def __call__(self, lost: Any, start: Any) -> Any:
        return 100 * lost / start

    def method(self, lost: Any, start: Any) -> Any:
        return 100 * lost / start

    @staticmethod
    def static(lost: Any, start: Any) -> Any:
        return 100 * lost / start

    @classmethod
    def of_class(cls, lost: Any, start: Any) -> Any:
        return 100 * lost / start


def weighted(scores: Any, weights: Any) -> Any:
    pairs = [(s, w) for s, w in zip(scores, weights, strict=True) if s is not None and s == s]
    return sum(s * w for s, w in pairs) / sum(w for _, w in pairs)


MONTHS = {"day": 365 / 12, "week": 52 / 12, "month": 1, "quarter": 1 / 3, "year": 1 / 12}

RIGHT: list[tuple[str, Callable[..., Any], dict[str, str]]] = [
    ("churn_rate", Right(), {}),
    ("churn_rate", Right().method, {}),
    ("churn_rate", Right.static, {}),
    ("churn_rate", Right.of_class, {}),
    ("churn_rate", of_frame, {}),
    ("churn_rate", lambda lost, start: sqlite("select 100.0 * ? / nullif(?, 0)", lost, start), {}),
    ("churn_rate", lambda df: duck("select 100.0 * sum(lost) / nullif(sum(start), 0) from t", t=df), {}),
    ("churn_rate", lambda df: duck("select 100.0 * lost / nullif(start, 0) from t", t=df), {}),
    ("churn_rate", lambda lost, start: 100 * pl.Series([lost]) / pl.Series([start]), {}),
    ("churn_rate", lambda lost, start: 100 * lost / start, {}),
    ("churn_rate", lambda lost, start: lost / start * 100, {}),
    ("churn_rate", lambda lost, start: (1 - (start - lost) / start) * 100, {}),
    ("churn_rate", lambda a, b: 100 * a / b if b else None, {}),
    ("churn_rate", lambda start, lost: 100 * lost / start, {}),
    ("churn_rate", lambda opening, gone: 100 * gone / opening, {"lost": "gone", "start": "opening"}),
    ("churn_rate", lambda lost_customers, start_customers: 100 * lost_customers / start_customers, {}),
    ("churn_rate", lambda churned, customers_at_start: 100 * churned / customers_at_start, {}),
    ("churn_rate", lambda customers_at_start, churned: 100 * churned / customers_at_start, {}),
    ("churn_rate", lambda *a: 100 * a[0] / a[1], {}),
    ("churn_rate", lambda **k: 100 * k["lost"] / k["start"], {}),
    ("churn_rate", positional, {}),
    ("churn_rate", keywords, {}),
    ("churn_rate", annotated, {}),
    ("churn_rate", lambda lost, start: np.float32(100) * np.asarray(lost, float) / np.asarray(start, float), {}),
    (
        "churn_rate",
        lambda lost, start: np.where(
            np.asarray(start) > 0, 100 * np.asarray(lost, float) / np.asarray(start, float), np.nan
        ),
        {},
    ),
    ("churn_rate", lambda lost, start: np.array(100 * lost / start), {}),
    ("churn_rate", lambda lost, start: np.array([100 * lost / start]), {}),
    ("churn_rate", lambda lost, start: pd.Series([100 * lost / start]), {}),
    ("churn_rate", lambda lost, start: pd.Series(lost).sum() / pd.Series(start).sum() * 100, {}),
    ("churn_rate", lambda lost, start: lost.sum() / start.sum() * 100, {}),
    ("churn_rate", lambda lost, start: 100 * sum(lost) / sum(start), {}),
    ("churn_rate", lambda lost, start: 100 * lost.div(start.replace(0, np.nan)), {}),
    ("churn_rate", lambda df: 100 * df["lost"] / df["start"], {}),
    ("churn_rate", lambda df: 100 * df["lost"].sum() / df["start"].sum(), {}),
    ("churn_rate", lambda df: df.assign(r=100 * df.lost / df.start)["r"], {}),
    ("churn_rate", lambda df: df.assign(r=100 * df.lost / df.start)[["r"]], {}),
    ("churn_rate", lambda row: 100 * row["lost"] / row["start"], {}),
    ("churn_rate", lambda row: 100 * row["lost"] / row["start"] if row["start"] else None, {}),
    ("churn_rate", lambda df: df.apply(lambda r: 100 * r["lost"] / r["start"] if r["start"] else None, axis=1), {}),
    ("churn_rate", lambda lost, start: Decimal(100) * Decimal(lost) / Decimal(start), {}),
    ("churn_rate", lambda lost, start: Decimal(100) * lost / start, {}),
    ("churn_rate", lambda lost, start: Fraction(100) * lost / start, {}),
    ("churn_rate", refusing, {}),
    ("churn_rate", whole_numbers, {}),
    ("churn_rate", csm.churn_rate, {}),
    ("churn_rate", partial(csm.churn_rate, undefined="raise"), {}),
    ("churn_rate", csm.catalog["churn_rate"].compute, {}),
    ("churn_rate", lambda lost, start: csm.churn_rate(lost, start), {}),
    ("churn_rate", lambda df: df.csm.churn_rate(), {}),
    ("churn_rate", lambda df: df.csm.total().churn_rate(), {}),
    ("churn_rate", partial(lambda scale, lost, start: scale * lost / start, 100), {}),
    ("churn_rate", np.vectorize(lambda lost, start: 100 * lost / start if start else np.nan), {}),
    ("churn_rate", lambda lost, start, undefined=None: 100 * lost / start if start else undefined, {}),
    (
        "churn_rate",
        lambda lost, start: pd.NA if not start or pd.isna(lost) or pd.isna(start) else 100 * lost / start,
        {},
    ),
    ("retention_rate", lambda end, new, start: 100 * (end - new) / start, {}),
    ("retention_rate", lambda end, new, start, reactivated=0: 100 * (end - new - reactivated) / start, {}),
    ("retention_rate", lambda start, end, new: (end - new) / start * 100, {}),
    ("retention_rate", lambda end, new, start, **rest: (end - new - rest.get("reactivated", 0)) / start * 100, {}),
    ("retention_rate", lambda df: 100 * (df.end - df.new) / df.start, {}),
    ("retention_rate", lambda df: 100 * (df.end - df.new - df.get("reactivated", 0)) / df.start, {}),
    (
        "nrr",
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            100 * (start_mrr + expansion_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
        {},
    ),
    (
        "nrr",
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr=0: (
            100 * (start_mrr + expansion_mrr + reactivation_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
        {},
    ),
    (
        "nrr",
        lambda start, expansion, contraction, churned: 100 * (start + expansion - contraction - churned) / start,
        {},
    ),
    ("nrr", lambda start, expansion, contraction, churn: 100 * (start + expansion - contraction - churn) / start, {}),
    ("nrr", lambda start, expansion, churn, contraction: 100 * (start + expansion - contraction - churn) / start, {}),
    (
        "nrr",
        lambda df: (
            100 * (df.start_mrr + df.expansion_mrr - df.contraction_mrr - df.churned_mrr).sum() / df.start_mrr.sum()
        ),
        {},
    ),
    (
        "nrr",
        lambda opening_mrr, expansion, contraction, churn: (
            100 * (opening_mrr + expansion - contraction - churn) / opening_mrr
        ),
        {},
    ),
    (
        "grr",
        lambda start_mrr, contraction_mrr, churned_mrr: 100 * (start_mrr - contraction_mrr - churned_mrr) / start_mrr,
        {},
    ),
    (
        "grr",
        lambda start_mrr, contraction_mrr, churned_mrr: (
            min(100, 100 * (start_mrr - contraction_mrr - churned_mrr) / start_mrr) if start_mrr else None
        ),
        {},
    ),
    ("grr", lambda starting, downgrades, cancelled: 100 * (starting - downgrades - cancelled) / starting, {}),
    (
        "grr",
        lambda start_mrr, contraction_mrr, churned_mrr, expansion_mrr: (
            100 * (start_mrr - contraction_mrr - churned_mrr) / start_mrr
        ),
        {},
    ),
    (
        "gross_revenue_churn_rate",
        lambda start_mrr, contraction_mrr, churned_mrr: 100 * (contraction_mrr + churned_mrr) / start_mrr,
        {},
    ),
    (
        "net_revenue_churn_rate",
        lambda start_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            100 * (contraction_mrr + churned_mrr - expansion_mrr) / start_mrr
        ),
        {},
    ),
    (
        "net_new_mrr",
        lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            new_mrr + expansion_mrr - contraction_mrr - churned_mrr
        ),
        {},
    ),
    ("net_new_mrr", lambda new, expansion, contraction, churned: new + expansion - contraction - churned, {}),
    ("net_new_mrr", lambda df: (df.new_mrr + df.expansion_mrr - df.contraction_mrr - df.churned_mrr).sum(), {}),
    (
        "quick_ratio",
        lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr: (
            (new_mrr + expansion_mrr) / (contraction_mrr + churned_mrr)
        ),
        {},
    ),
    (
        "quick_ratio",
        lambda new_mrr, expansion_mrr, contraction_mrr, churned_mrr, reactivation_mrr=0.0: (
            (new_mrr + expansion_mrr + reactivation_mrr) / (contraction_mrr + churned_mrr)
            if contraction_mrr + churned_mrr
            else math.nan
        ),
        {},
    ),
    ("arr", lambda mrr: mrr * 12, {}),
    ("arr", lambda x: 12 * x, {}),
    ("arr", lambda df: df.mrr * 12, {}),
    ("arr", lambda df: (df["mrr"] * 12).sum(), {}),
    ("arr", lambda monthly: sum(monthly) * 12, {}),
    ("arr", lambda mrr: 12 * Decimal(mrr), {}),
    ("arr", lambda row: row["mrr"] * 12, {}),
    ("mrr", lambda amount, interval="month", count=1: amount * MONTHS[interval] / count, {}),
    ("mrr", lambda amount, interval: amount * MONTHS[interval], {}),
    ("mrr", lambda amount: amount, {}),
    ("mrr", lambda df: df.amount * df.interval.map(MONTHS) / df["count"], {}),
    ("arpa", lambda mrr, customers: mrr / customers, {}),
    ("arpa", lambda mrr, n: mrr / n, {}),
    ("arpa", lambda df: df.mrr.sum() / df.customers.sum(), {}),
    ("arpa", lambda revenue, accounts: revenue / accounts, {}),
    ("asp", lambda new_mrr, new: new_mrr / new, {}),
    ("customer_growth_rate", lambda start, end: 100 * (end / start - 1), {}),
    ("customer_growth_rate", lambda end, start: 100 * (end - start) / start, {}),
    ("mrr_growth_rate", lambda start_mrr, end_mrr: 100 * (end_mrr / start_mrr - 1), {}),
    ("mrr_growth_rate", lambda old, new: 100 * (new - old) / old, {}),
    ("mrr_growth_rate", lambda previous, current: 100 * (current - previous) / previous, {}),
    ("average_lifetime", lambda churn_rate: 100 / churn_rate, {}),
    ("average_lifetime", lambda c: 1 / (c / 100) if c else None, {}),
    ("compound_churn_rate", lambda churn_rate, periods: 100 * (1 - (1 - churn_rate / 100) ** periods), {}),
    ("compound_retention_rate", lambda r, n: 100 * (r / 100) ** n, {}),
    ("earned_growth_rate", lambda nrr, earned_new: nrr + earned_new - 100, {}),
    ("clv", lambda arpa, churn_rate: arpa / (churn_rate / 100), {}),
    ("clv", lambda arpa, churn_rate, gross_margin=100: arpa * gross_margin / churn_rate, {}),
    ("clv", lambda arpa, gross_margin, churn_rate: arpa * (gross_margin / 100) / (churn_rate / 100), {}),
    ("clv", lambda arpa, margin, churn: arpa * margin / churn, {}),
    ("cac", lambda spend, new_customers: spend / new_customers, {}),
    ("cac", lambda acquisition_cost, new: acquisition_cost / new, {}),
    ("cac_payback", lambda cac, arpa, gross_margin: cac / (arpa * gross_margin / 100), {}),
    ("cac_payback", lambda cac, arpa: cac / arpa, {}),
    ("clv_to_cac", lambda ltv, cac: ltv / cac, {}),
    ("clv_to_cac", lambda clv, cac: clv / cac, {}),
    (
        "discounted_clv",
        lambda margin, retention_rate, discount_rate: (
            margin * (100 + discount_rate) / (100 + discount_rate - retention_rate)
        ),
        {},
    ),
    (
        "nps",
        lambda promoters, passives, detractors: 100 * (promoters - detractors) / (promoters + passives + detractors),
        {},
    ),
    ("nps", lambda p, n, d: 100 * (p - d) / (p + n + d), {}),
    (
        "nps",
        lambda df: (
            100
            * (df.promoters.sum() - df.detractors.sum())
            / df[["promoters", "passives", "detractors"]].to_numpy().sum()
        ),
        {},
    ),
    (
        "nps",
        lambda detractors, passives, promoters: 100 * (promoters - detractors) / (promoters + passives + detractors),
        {},
    ),
    ("nps_from_scores", counted, {}),
    ("nps_from_scores", lambda answers: counted(answers), {}),
    (
        "nps_from_scores",
        lambda scores: 100 * (sum(x >= 9 for x in scores) - sum(x <= 6 for x in scores)) / len(scores),
        {},
    ),
    ("nps_from_scores", lambda s: 100 * ((s >= 9).sum() - (s <= 6).sum()) / s.count(), {}),
    ("nps_from_scores", lambda s: ((s.dropna() >= 9).mean() - (s.dropna() <= 6).mean()) * 100, {}),
    (
        "nps_from_scores",
        lambda s: (
            100
            * (np.sum(np.array(s, float) >= 9) - np.sum(np.array(s, float) <= 6))
            / np.sum(~np.isnan(np.array(s, float)))
        ),
        {},
    ),
    (
        "nps_from_scores",
        lambda df: 100 * ((df["scores"] >= 9).sum() - (df["scores"] <= 6).sum()) / df["scores"].count(),
        {},
    ),
    ("nps_from_scores", lambda df: 100 * ((df.scores >= 9).sum() - (df.scores <= 6).sum()) / df.scores.count(), {}),
    ("nps_from_scores", lambda s: s.csm.nps(), {}),
    ("csat_from_ratings", lambda r: 100 * (r >= 4).sum() / r.count(), {}),
    (
        "csat_from_ratings",
        lambda ratings: 100 * sum(x >= 4 for x in ratings if x is not None) / sum(x is not None for x in ratings),
        {},
    ),
    (
        "csat_from_ratings",
        lambda ratings, top=2: (
            100 * sum(x > 5 - top for x in ratings if x is not None) / sum(x is not None for x in ratings)
        ),
        {},
    ),
    ("csat_mean_from_ratings", lambda ratings: np.nanmean(np.array(ratings, float)), {}),
    ("csat_mean_from_ratings", lambda r: r.mean(), {}),
    ("ces_from_ratings", lambda ratings: statistics.mean(x for x in ratings if x is not None and x == x), {}),
    ("csat", lambda satisfied, responses: satisfied / responses * 100, {}),
    ("net_sentiment", lambda pos, neu, neg: 100 * (pos - neg) / (pos + neu + neg), {}),
    ("net_easy_score", lambda easy, difficult, responses: 100 * (easy - difficult) / responses, {}),
    ("fcr", lambda df: 100 * df.resolved_first_contact.sum() / df.contacts.sum(), {}),
    ("fcr", lambda fcr_count, total: 100 * fcr_count / total, {}),
    ("average_handle_time", lambda talk, hold, wrap, contacts: (talk + hold + wrap) / contacts, {}),
    (
        "average_handle_time",
        lambda talk_time, hold_time, wrap_time, contacts: (talk_time + hold_time + wrap_time) / contacts,
        {},
    ),
    ("self_service_rate", lambda self_served, assisted: 100 * self_served / (self_served + assisted), {}),
    (
        "ticket_backlog",
        lambda backlog_start, received, reopened, resolved: backlog_start + received + reopened - resolved,
        {},
    ),
    (
        "ticket_backlog",
        lambda backlog_start, received, reopened, resolved, cancelled=0: int(
            backlog_start + received + reopened - resolved - cancelled
        ),
        {},
    ),
    ("stickiness", lambda dau, mau: 100 * dau / mau, {}),
    ("stickiness", lambda d, m: min(100, 100 * d / m), {}),
    ("lifecycle_quick_ratio", lambda new_users, resurrected, dormant: (new_users + resurrected) / dormant, {}),
    ("lifecycle_quick_ratio", lambda new, resurrected, dormant: (new + resurrected) / dormant, {}),
    ("engagement_score", lambda counts, weights: sum(c * w for c, w in zip(counts, weights, strict=False)), {}),
    ("engagement_score", lambda counts, weights: sum(counts[k] * weights[k] for k in counts), {}),
    ("engagement_score", lambda c, w: np.dot(c, w), {}),
    ("license_utilization", lambda used, licensed: 100 * used / licensed, {}),
    ("ttv", lambda started_at, value_at: (value_at - started_at).total_seconds() / 86400, {}),
    ("ttv", lambda a, b: (b - a) / pd.Timedelta(days=1), {}),
    ("ttv", lambda s, v: (v - s).dt.total_seconds() / 86400, {}),
    (
        "ttv",
        lambda started_at, value_at: (
            None if pd.isna(value_at) or pd.isna(started_at) else (value_at - started_at).total_seconds() / 86400
        ),
        {},
    ),
    ("ttv", lambda a, b: (b - a) / np.timedelta64(1, "D"), {}),
    ("ttv", lambda df: (df.value_at - df.started_at).dt.total_seconds() / 86400, {}),
    ("onboarding_time", lambda started_at, completed_at: (completed_at - started_at).total_seconds() / 86400, {}),
    (
        "goal_attainment",
        lambda current, target, baseline=0: max(0, min(100, 100 * (current - baseline) / (target - baseline))),
        {},
    ),
    ("goal_attainment", lambda current, target: max(0, min(100, 100 * current / target)), {}),
    ("median_ttv", lambda started_at, value_at, as_of: csm.median_ttv(started_at, value_at, as_of=as_of), {}),
    ("viral_coefficient", lambda invites, conversion: invites * conversion / 100, {}),
    ("health_score", weighted, {}),
    (
        "health_score",
        lambda scores, weights: np.average(
            [s for s in scores if s is not None and s == s],
            weights=[w for s, w in zip(scores, weights, strict=False) if s is not None and s == s],
        ),
        {},
    ),
    (
        "health_score",
        lambda scores, weights: (
            sum(scores[k] * weights[k] for k in scores if scores[k] is not None)
            / sum(weights[k] for k in scores if scores[k] is not None)
        ),
        {},
    ),
    ("health_score", lambda s, w: (s * w).sum() / w[s.notna()].sum(), {}),
    (
        "health_band",
        lambda score, red=50, yellow=75: (
            None
            if score is None or score != score
            else "red"
            if score <= red
            else "yellow"
            if score <= yellow
            else "green"
        ),
        {},
    ),
    (
        "health_band",
        lambda score: (
            None if score is None or score != score else "red" if score <= 50 else "yellow" if score <= 75 else "green"
        ),
        {},
    ),
    (
        "normalize_score",
        lambda value, low, high: (
            max(0.0, min(100.0, 100 * (value - low) / (high - low)))
            if value == value and high == high and low == low
            else None
        ),
        {},
    ),
    (
        "normalize_score",
        lambda value, low, high, better="high": np.clip(
            100 * ((value - low) if better == "high" else (high - value)) / (high - low), 0, 100
        ),
        {},
    ),
]

SMALL = "is taken for a fraction: 0.4 % for a hundred times that"
NOTHING = "right for most numbers, but no value where"
OTHER = "right for most numbers, but another figure where"

# Mistakes that show only at extreme inputs
WRONG += [
    ("clv", SMALL, lambda arpa, churn_rate: 100 * arpa / (100 * churn_rate if churn_rate < 1 else churn_rate)),
    ("average_lifetime", SMALL, lambda churn_rate: 100 / (100 * churn_rate if churn_rate <= 1 else churn_rate)),
    ("average_lifetime", OTHER, lambda churn_rate: min(120, 100 / churn_rate)),
    (
        "cac_payback",
        SMALL,
        lambda cac, arpa, gross_margin: cac / (arpa * (gross_margin if gross_margin <= 1 else gross_margin / 100)),
    ),
    ("viral_coefficient", SMALL, lambda invites, rate: invites * (rate if rate < 1 else rate / 100)),
    ("churn_rate", OTHER, lambda lost, start: lost / start * (100 if lost < start else 1)),
    ("churn_rate", NOTHING, lambda lost, start: None if lost == start else 100 * lost / start),
    ("churn_rate", NOTHING, lambda lost, start: None if start < 5 else 100 * lost / start),
    (
        "nps",
        NOTHING,
        lambda promoters, passives, detractors: (
            100 * (promoters - detractors) / (promoters + passives + detractors) if promoters + detractors else None
        ),
    ),
    (
        "compound_churn_rate",
        OTHER,
        lambda churn_rate, periods: (
            100 * (1 - (1 - churn_rate / 100) ** periods) if periods >= 1 else churn_rate * periods
        ),
    ),
    ("clv", NOTHING, lambda arpa, churn, margin: arpa * margin / churn if churn and margin and arpa else None),
    (
        "normalize_score",
        NOTHING,
        lambda value, low, high: min(100, max(0, 100 * (value - low) / (high - low))) if high else None,
    ),
    (
        "engagement_score",
        OTHER,
        lambda counts, weights: sum(c * max(0, w) for c, w in zip(counts, weights, strict=True)),
    ),
    (
        "discounted_clv",
        "the sign is dropped",
        lambda margin, retention, discount: abs(margin * (100 + discount) / (100 + discount - retention)),
    ),
    ("nps_from_scores", OTHER, lambda scores: counted(scores) if len(set(scores)) > 1 else 0),
]

WRONG += [
    ("discounted_clv", NOTHING, lambda m, r, d: m * (100 + d) / (100 + d - r) if r < 100 else None),
    ("health_score", NOTHING, lambda scores, weights: weighted(scores, weights) if min(weights) else None),
    (
        "engagement_score",
        NOTHING,
        lambda counts, weights: sum(c * w for c, w in zip(counts, weights, strict=True) if c is not None) or None,
    ),
]

# Functions that take something else than the metric, or confuse the order of their arguments
WRONG += [
    ("churn_rate", "`end` stands where `start` belongs", lambda lost, end: 100 * lost / end),
    ("churn_rate", "`average_customers` stands where", lambda lost, average_customers: 100 * lost / average_customers),
    ("csat", "`sent` stands where `responses` belongs", lambda satisfied, sent: 100 * satisfied / sent),
    ("arpa", "`arr` stands where `mrr` belongs", lambda arr, customers: arr / customers),
    (
        "grr",
        "`new_mrr` stands where `start_mrr` belongs",
        lambda new_mrr, contraction_mrr, churned_mrr: 100 * (new_mrr - contraction_mrr - churned_mrr) / new_mrr,
    ),
    (
        "at_risk_rate",
        "upside down",
        lambda total_customers, customers_at_risk: 100 * total_customers / customers_at_risk,
    ),
    ("csat", "upside down", lambda responses_total, responses_satisfied: 100 * responses_total / responses_satisfied),
    (
        "churn_rate",
        "or it is right, and takes its arguments in another order: lost='a', start='b'",
        lambda b, a: 100 * a / b,
    ),
    ("churn_rate", "divided by start - lost, not by `start`", lambda lost, start: 100 * lost / (start - lost)),
    ("arpa", "off by 100: cents", lambda mrr, customers: 100 * mrr / customers),
]

RIGHT += [
    ("at_risk_rate", lambda total_customers, customers_at_risk: 100 * customers_at_risk / total_customers, {}),
    ("csat", lambda responses_total, responses_satisfied: 100 * responses_satisfied / responses_total, {}),
    ("asp", lambda new_customers, new_revenue: new_revenue / new_customers, {}),
    ("mrr_growth_rate", lambda mrr_now, mrr_before: 100 * (mrr_now - mrr_before) / mrr_before, {}),
    ("mrr_growth_rate", lambda end_of_month, start_of_month: 100 * (end_of_month / start_of_month - 1), {}),
    ("mrr_growth_rate", lambda this_month, last_month: 100 * (this_month - last_month) / last_month, {}),
    ("mrr_growth_rate", lambda old, new: 100 * (new - old) / old, {}),
    ("customer_growth_rate", lambda previous, current: 100 * (current - previous) / previous, {}),
    ("escalation_rate", lambda tickets_total, tickets_escalated: 100 * tickets_escalated / tickets_total, {}),
    ("repeat_contact_rate", lambda contacts_total, contacts_repeat: 100 * contacts_repeat / contacts_total, {}),
    ("stickiness", lambda monthly_users, daily_users: 100 * daily_users / monthly_users, {}),
    ("gross_revenue_churn_rate", lambda churn, downgrades, mrr: 100 * (churn + downgrades) / mrr, {}),
    ("response_rate", lambda sent, received: 100 * received / sent, {}),
    ("grr", lambda churnedMrr, contractionMrr, startMrr: 100 * (startMrr - churnedMrr - contractionMrr) / startMrr, {}),  # noqa: N803
    ("nrr", lambda s, e, c, g, r: 100 * (s + e + r - c - g) / s, {}),
    ("cac_payback", lambda cac, arpa, gm: 100 * cac / (arpa * gm), {}),
    ("churn_rate", lambda lost, end: 100 * lost / end, {"start": "end"}),
    ("lifecycle_quick_ratio", lambda new, resurrected, churned: (new + resurrected) / churned, {}),
    ("ttv", lambda start_date, first_value_date: (first_value_date - start_date).total_seconds() / 86400, {}),
    ("ttv", lambda start, end: (end - start).total_seconds() / 86400, {}),
    (
        "ticket_backlog",
        lambda opening_backlog, new_tickets, reopened, solved: opening_backlog + new_tickets + reopened - solved,
        {},
    ),
    ("referral_conversion_rate", lambda users_invited, users_converted: 100 * users_converted / users_invited, {}),
    ("churn_rate", lambda row: 100 * row["gone"] / row["base"], {"lost": "gone", "start": "base"}),
    ("churn_rate", lambda df: 100 * df["gone"] / df["base"], {"lost": "gone", "start": "base"}),
    ("health_score", lambda scores, weights: weighted_by_name(scores, weights), {}),
]


def weighted_by_name(scores: dict[str, Any], weights: dict[str, float]) -> float:
    there = {name: score for name, score in scores.items() if score is not None}
    return sum(there[name] * weights[name] for name in there) / sum(weights[name] for name in there)


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("metric", "words", "function"), WRONG)
def test_what_is_wrong_is_caught_and_named(metric: str, words: str | None, function: Callable[..., Any]) -> None:
    found = verify(function, metric)
    assert not found.ok
    if words is None:  # no guess is better than a wrong guess
        assert not found.causes
    else:
        assert words in "; ".join(found.causes)
    assert len(found.causes) <= 4


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("metric", "function", "names"), RIGHT)
def test_what_is_right_passes(metric: str, function: Callable[..., Any], names: dict[str, str]) -> None:
    found = verify(function, metric, **names)
    assert found.ok, found
    assert not found.causes


@pytest.mark.sampled(4)
@pytest.mark.parametrize("metric", REGISTRY)
def test_every_metric_is_itself_and_not_rounded(metric: str) -> None:
    function = REGISTRY[metric].function
    began = time.process_time()
    assert verify(function, metric).ok
    assert verify(lambda *args, **options: function(*args, **options), metric).ok
    assert time.process_time() - began < 4
    if REGISTRY[metric].unit not in ("band", "count"):  # a backlog of tickets is a whole number
        found = verify(lambda *args, **options: np.round(function(*args, **options), 1), metric)
        assert not found.ok
        assert ROUNDED in "; ".join(found.causes)


# At the ends of what is possible


def base_of(name: str) -> list[str]:
    return [word for word in REGISTRY[name].base.split() if word != "+"]


def is_counted(name: str) -> bool:
    inputs = REGISTRY[name].inputs
    return bool(base_of(name)) and all(n in inputs and inputs[n].kind != "level" for n in base_of(name))


WITH_A_BASE = [
    name for name, spec in REGISTRY.items() if is_counted(name) and not spec.reduces and not spec.over_columns
]
OF_ANSWERS = [name for name, spec in REGISTRY.items() if spec.reduces]
UNLIMITED = [
    name
    for name, spec in REGISTRY.items()
    if spec.bounds[1] is None and spec.unit in ("percent", "ratio", "money", "number", "time")
]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("least", [2, 3])
@pytest.mark.parametrize("metric", WITH_A_BASE)
def test_a_figure_refused_for_a_small_base_is_caught(metric: str, least: int) -> None:
    spec = REGISTRY[metric]

    def cautious(*args: Any, **named: Any) -> Any:
        row = {**dict(zip(spec.inputs, args, strict=False)), **named}
        few = None not in row.values() and sum(row[name] for name in base_of(metric)) < least
        return None if few else spec.function(**row)

    found = verify(cautious, metric)
    assert not found.ok
    assert found.causes[0].startswith("right for most numbers, but no value where ")


@pytest.mark.parametrize("metric", OF_ANSWERS)
def test_a_figure_refused_for_few_answers_is_caught(metric: str) -> None:
    function = REGISTRY[metric].function
    found = verify(
        lambda *args, **named: None if len([*args, *named.values()][0]) < 3 else function(*args, **named), metric
    )
    assert not found.ok
    assert found.causes[0].startswith("right for most numbers, but no value where ")


@pytest.mark.parametrize("metric", UNLIMITED)
def test_a_figure_that_is_cut_off_far_above_is_caught(metric: str) -> None:
    function = REGISTRY[metric].function
    assert not verify(lambda *args, **named: np.minimum(function(*args, **named), 100_000), metric).ok


def in_places(values: Any) -> list[Any]:
    return list(values.values()) if isinstance(values, dict) else list(values)


def mean_by_place(scores: Any, weights: Any) -> Any:
    return weighted(in_places(scores), in_places(weights))


def sum_by_place(counts: Any, weights: Any) -> Any:
    return sum(c * w for c, w in zip(in_places(counts), in_places(weights), strict=True))


@pytest.mark.parametrize(
    ("metric", "function"),
    [
        ("health_score", lambda scores, weights: weighted(scores.values(), weights.values())),
        (
            "engagement_score",
            lambda counts, weights: sum(map(math.prod, zip(counts.values(), weights.values(), strict=True))),
        ),
        ("health_score", mean_by_place),  # takes lists, too
        ("engagement_score", sum_by_place),
    ],
)
def test_components_paired_by_place_are_caught(metric: str, function: Callable[..., Any]) -> None:
    found = verify(function, metric)
    assert not found.ok
    assert found.causes == ("components and weights are paired by their places, not by their names",)


def sum_by_name(counts: Any, weights: Any) -> Any:
    parts = counts if isinstance(counts, dict) else range(len(counts))
    return sum(counts[part] * weights[part] for part in parts)


@pytest.mark.parametrize(
    ("metric", "function"),
    [
        ("engagement_score", sum_by_name),
        ("engagement_score", lambda counts, weights: sum(n * weights[part] for part, n in counts.items())),
        ("engagement_score", lambda counts, weights: sum(map(math.prod, zip(counts, weights, strict=True)))),
        ("health_score", lambda df: (df.scores * df.weights).sum() / df.weights[df.scores.notna()].sum()),
    ],
)
def test_components_paired_by_name_pass(metric: str, function: Callable[..., Any]) -> None:
    found = verify(function, metric)
    assert found.ok, found


# Arguments


@pytest.mark.parametrize(
    ("metric", "function", "note"),
    [
        ("churn_rate", lambda a, b: 100 * a / b, "taken in order: a is lost, b is start"),
        ("churn_rate", lambda gone, opening: 100 * gone / opening, "`gone` is taken for lost"),
        ("churn_rate", lambda df: 100 * df.lost / df.start, "`df` is given a DataFrame with lost, start"),
        (
            "churn_rate",
            lambda row: 100 * row["lost"] / (row["start"] or 1) * bool(row["start"]) or None,
            "given a dict",
        ),
        ("churn_rate", lambda lost, start: 100 * lost.iloc[0] / start.iloc[0], "called with Series"),
        ("clv", lambda arpa, churn: 100 * arpa / churn, "does not take gross_margin"),
    ],
)
def test_how_it_was_called_is_noted(metric: str, function: Callable[..., Any], note: str) -> None:
    assert any(note in said for said in verify(function, metric).notes)


@pytest.mark.parametrize(
    ("metric", "function", "words"),
    [
        ("churn_rate", lambda lost: lost, "it does not take `start`; the inputs are lost, start, and start='...'"),
        ("churn_rate", lambda lost, start, floor: lost, "it takes `floor`, no input of churn_rate"),
        ("nps", lambda promoters, detractors: promoters, "it does not take `passives`"),
    ],
)
def test_arguments_that_do_not_fit_are_told(metric: str, function: Callable[..., Any], words: str) -> None:
    found = verify(function, metric)
    assert not found.ok
    assert words in found.failures[0].got


@pytest.mark.parametrize(
    ("function", "metric", "names", "words"),
    [
        (5, "churn_rate", {}, "must be a function; got a int"),
        (lambda lost, start: 1, "chrun_rate", {}, "did you mean 'churn_rate'?"),
        (lambda lost, start: 1, "churn_rate", {"begin": "start"}, "`begin` is no input of this metric"),
        (lambda lost, start: 1, "churn_rate", {"lost": "gone"}, "must name an argument of the function"),
        (lambda lost, start: 1, "churn_rate", {"lost": "start", "start": "start"}, "'start' is named twice"),
        (lambda rate: 1, "average_lifetime", {"churn_rate": "gone"}, "got 'gone'. Hint: it has rate"),
    ],
)
def test_what_cannot_be_asked_is_refused(function: Any, metric: str, names: dict[str, str], words: str) -> None:
    with pytest.raises(MetricInputError) as error:
        verify(function, metric, **names)
    assert words in str(error.value)


# The report


def test_report() -> None:
    found = verify(lambda lost, start: lost / start if start else 0, csm.churn_rate)
    assert not found
    assert repr(found) == str(found)  # shown by a notebook and by a failing assert
    assert list(found.table.columns) == ["checks", "failed", "first failure"]
    assert found.table.loc["example", "failed"] == found.table.loc["example", "checks"]
    assert "example (9 of 9): lost=50, start=500: expected 10, got 0.1 [rev001" in str(found)
    assert str(found).index("Likely cause:") < str(found).index("What fails:") < str(found).index("Notes:")
    with pytest.raises(AssertionError) as failure:
        assert_verified(lambda lost, start: lost / start if start else 0, "churn_rate")
    assert str(failure.value) == str(found)
    assert str(verify(csm.churn_rate, "churn_rate")).startswith("churn_rate is churn_rate: all ")


def test_tolerance() -> None:
    rounded = verify(lambda mrr, customers: round(mrr / customers, 6), "arpa", tolerance=1e-3)
    assert not [check for check in rounded.failures if check.law == "formula"]


def test_the_same_in_every_run() -> None:
    assert str(verify(WRONG[0][2], "churn_rate")) == str(verify(WRONG[0][2], "churn_rate"))


def test_new_customers_below_the_line_are_not_said_to_be_above() -> None:
    found = verify(lambda lost, start, new: 100 * lost / (start + new), "churn_rate")
    assert found.causes[0] == "divided by start + new, not by `start`"
    assert "scale" not in {check.law for check in found.failures}, "everything grew, and new customers did, too"
    assert not any(NEWCOMERS in cause for cause in found.causes)
