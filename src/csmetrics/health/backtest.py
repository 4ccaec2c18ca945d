"""A health score held against who left."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._statistics.auc import METHODS, Tally, area, area_limits, risk_ratio, tally
from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.printed import Printed, counted, figure, plain
from csmetrics._statistics.results import Interval
from csmetrics._statistics.shares import wilson
from csmetrics.core._options import check_word
from csmetrics.core._types import Array
from csmetrics.core.activity import conversion_rate
from csmetrics.core.retention import churn_rate
from csmetrics.errors import CohortWarning, MetricInputError
from csmetrics.health.outcomes import dates, one_row_each, who_left

_METRIC = "HealthScore.backtest"
_LEAST = 10  # customers who left, without which nothing is said
_CHANCE = 0.5
_NAMES = ("red", "yellow", "green")


@dataclass(frozen=True, repr=False, eq=False)
class Backtest(Printed):
    """How well a health score told who would leave, the result of `HealthScore.backtest`.

    Attributes
    ----------
    auc : Interval
        How likely a customer who left had the lower score than one who stayed; a tie counts half. 1 tells all apart,
        0.5 is a coin.
    lift : Interval
        How many times as often customers in the red band left as all others.
    missed : Interval
        Percent of those who left who were not in the red band.
    false_alarms : Interval
        Percent of the red band who stayed.
    bands : DataFrame
        By band: `customers`, `churned`, `churn_rate` in percent with `low` and `high`, and `lift` over all others with
        `lift_low` and `lift_high`.
    calibration : DataFrame
        Customers by tenths of the score: `customers`, `churned`, `churn_rate`, `low`, `high`. A score is no
        probability; churn should fall from one tenth to the next.
    customers, churned : int
        How many had a score, and how many of them left.
    notes : tuple of str
        What a reader should know.
    verdict : str
        In words, whether the score tells who leaves.
    """

    auc: Interval
    lift: Interval
    missed: Interval
    false_alarms: Interval
    bands: pd.DataFrame
    calibration: pd.DataFrame
    customers: int
    churned: int
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Say whether the score tells who leaves."""
        few = min(self.churned, self.customers - self.churned)
        if few < _LEAST:
            kind = "left" if self.churned == few else "stayed"
            return f"Too few customers {kind} to tell: {few}; it takes {_LEAST} or more."
        pairs = f"in {100 * self.auc.estimate:.0f} of 100 pairs the one who left had the lower score"
        if self.auc.low > _CHANCE or self.auc.estimate == 1:
            return f"The score tells who leaves: {pairs}."
        if self.auc.high < _CHANCE or self.auc.estimate == 0:
            return f"The score is upside down: {pairs}."
        return f"The score tells no more than a coin would: {pairs}."

    def __str__(self) -> str:
        lines = [
            f"Health score against {counted(self.churned)} of {counted(self.customers)} customers who left",
            self.verdict,
            str(self.auc).partition("\n")[0],
            f"lift of the red band {_limits(self.lift)}, missed {_limits(self.missed)} %, "
            f"false alarms {_limits(self.false_alarms)} %",
        ]
        table = self.bands.round(2).to_string().splitlines()
        return "\n".join([*lines, *(line.rstrip() for line in table), *(f"Note: {note}" for note in self.notes)])

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, ready for JSON.

        Returns
        -------
        dict
            The attributes by name; frames are lists of rows.
        """
        frames = {name: getattr(self, name).reset_index().to_dict("records") for name in ("bands", "calibration")}
        return {**super().as_dict(), **plain(frames), "verdict": self.verdict}


def _limits(found: Interval) -> str:
    return f"{figure(found.estimate)} [{figure(found.low)}, {figure(found.high)}]"


def held_against(
    scores: Array,
    frame: pd.DataFrame,
    churned: Any,
    bounds: tuple[float, float],
    customer: Any,
    moments: tuple[Any, Any],
    confidence: float,
    method: str,
) -> Backtest:
    """Compare the scores of customers, NaN for none, with who of them left."""
    sure = Confidence.percent(_METRIC, confidence)
    method = check_word(_METRIC, "method", method, METHODS)
    one_row_each(_METRIC, frame, customer)
    left = who_left(_METRIC, frame, churned)
    notes = _overlap(frame, left, *moments)
    known = ~np.isnan(scores)
    if not known.all():
        notes.append(f"{counted(int((~known).sum()))} customers have no score and are left out")
        scores, left = scores[known], left[known]
    counts = tally(scores, left)
    gone, everyone = int(left.sum()), int(left.size)
    edges = [(-1.0, bounds[0]), (bounds[0], bounds[1]), (bounds[1], 101.0)]
    bands = _rates(counts, edges, pd.Index(_NAMES, name="band"), sure)
    some, away = bands["customers"].to_numpy(dtype=float), bands["churned"].to_numpy(dtype=float)
    ratio, low, high = risk_ratio(away, some, gone - away, everyone - some, sure)
    bands = bands.assign(lift=ratio, lift_low=low, lift_high=high)
    tenths = [(float(at) if at else -1.0, float(at + 10)) for at in range(0, 100, 10)]
    labels = pd.Index([f"{at}-{at + 10}" for at in range(0, 100, 10)], name="score")
    flagged, hit = some[0], away[0]
    auc, error = area(counts)
    reach = area_limits(auc, error, sure, method)
    n, level = float(everyone), float(confidence)
    if auc in (0.0, 1.0):
        notes.append("no interval where the score tells all apart")
    if few_of(gone, everyone):
        notes.append(f"fewer than {_LEAST} customers left, or stayed: nothing is said of so few")
    return Backtest(
        Interval(auc, *reach, n, n, level, method, (), "AUC", "ratio"),
        Interval(float(ratio[0]), float(low[0]), float(high[0]), n, n, level, "square-and-add", (), "lift", "ratio"),
        _share(gone - hit, gone, sure, level, "missed"),
        _share(flagged - hit, flagged, sure, level, "false alarms"),
        bands,
        _rates(counts, tenths, labels, sure),
        everyone,
        gone,
        tuple(notes),
    )


def few_of(gone: int, everyone: int) -> bool:
    """Check whether too few left, or stayed, to say anything."""
    return min(gone, everyone - gone) < _LEAST


def _rates(counts: Tally, edges: list[tuple[float, float]], labels: pd.Index[Any], sure: Confidence) -> pd.DataFrame:
    away, stayed = np.array([counts.between(*edge) for edge in edges]).T
    everyone = away + stayed
    low, high = wilson(away, everyone, sure)
    columns = {"customers": everyone, "churned": away, "churn_rate": churn_rate(away, everyone)}
    return pd.DataFrame({**columns, "low": 100 * low, "high": 100 * high}, index=labels)


def _share(part: float, whole: float, sure: Confidence, confidence: float, name: str) -> Interval:
    low, high = wilson(np.array([part]), np.array([whole]), sure)
    share = conversion_rate(float(part), float(whole))
    limits = float(100 * low[0]), float(100 * high[0])
    return Interval(share, *limits, float(whole), float(whole), confidence, "wilson", (), name, "percent")


def _overlap(frame: pd.DataFrame, left: Any, scored_at: Any, churned_at: Any) -> list[str]:
    """Warn in words where customers had left when they were scored, or where the data does not tell."""
    if scored_at is None or churned_at is None:
        return [
            "nothing says that the scores are older than the outcome: a score taken when customers had left knows it "
            "already; scored_at= and churned_at= check that"
        ]
    scored, gone = (
        dates(_METRIC, frame, n, given) for n, given in (("scored_at", scored_at), ("churned_at", churned_at))
    )
    try:
        late = (gone <= scored).to_numpy() & left
    except TypeError:
        found = "one has a time zone, the other has none"
        raise MetricInputError(_METRIC, "scored_at, churned_at", "must both have a time zone, or none", found) from None
    notes = []
    if late.any():
        sentence = (
            f"score and outcome overlap in time: {int(late.sum())} of {int(left.sum())} customers who left "
            "had left when they were scored, so the score may already know what it should foretell"
        )
        warnings.warn(sentence, CohortWarning, stacklevel=4)
        notes.append(sentence)
    unknown = int((gone.isna().to_numpy() & left).sum())
    if unknown:
        notes.append(f"no date of leaving for {unknown} of {int(left.sum())} customers who left")
    return notes
