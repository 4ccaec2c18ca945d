"""Computing the figures of a report from its frames: values, changes, whether these are noise, and intervals."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._accessors.cohorts import Cohorts
from csmetrics._frames.grain import Grain
from csmetrics._frames.plan import Plan
from csmetrics._report.figure import Figure
from csmetrics._report.frames import METRICS, Source, in_words
from csmetrics._report.plain_words import without_code
from csmetrics._statistics.customers import INDEPENDENT, TOTALS_ALONE
from csmetrics._statistics.printed import figure as written
from csmetrics._statistics.scorecard import SHORT
from csmetrics._statistics.targets import Target
from csmetrics.core._registry import Registration, registered
from csmetrics.errors import CsmetricsError, MetricInputError, MissingColumnError

_POINTS = 24  # periods of a sparkline
_UNKNOWN = "cannot tell whether that is noise"
_EARLY = "Customers who started last have had little time to complete, so a change says nothing yet."
# Metrics of tickets that miss those which are not over yet: the column of those that are, and what the others lack
_OPEN = {
    "resolution_time": ("timed", "are still open"),
    "fcr": ("resolved", "are still open"),
    "first_response_time": ("responded", "have no response yet"),
    "sla_attainment": ("measured", "have no outcome yet"),
}
_DAILY = "not compared with the day before, as days of the week differ"
_UNITS = {"survey": "answers", "tickets": "tickets", "active_users": "users", "lifecycle": "users"}


def figures(sources: dict[str, Source], targets: dict[str, Target | None], wanted: list[str] | None) -> list[Figure]:
    """Compute the metrics that the frames give, in the order that was asked for.

    Parameters
    ----------
    sources
        The frames by kind.
    targets
        The targets by metric; a metric with a target is always asked for.
    wanted
        Only these metrics, in this order; None for those of each frame.
    """
    homes = {metric: kind for kind, metrics in METRICS.items() for metric in metrics if kind in sources}
    asked = wanted or [*homes, *(metric for metric in targets if metric not in homes)]
    found = []
    for metric in asked:
        spec = registered(metric, "report")
        kinds = [homes[spec.name]] if spec.name in homes else list(sources)
        made = None
        for kind in kinds:
            made = _figure(spec, sources[kind], targets.get(spec.name), bool(wanted) or spec.name in targets)
            if made is not None:
                break
        if made is not None:
            found.append(made)
        elif wanted or spec.name in targets:
            first = next(iter(sources.values()))
            why = "no frame of this report has the columns it needs"
            found.append(_without(spec, first, targets.get(spec.name), why))
    return found


def _figure(spec: Registration, source: Source, target: Target | None, asked: bool) -> Figure | None:
    """Compute one metric on the totals of a frame; None where the frame lacks columns and nobody asked for it."""
    if spec.name == "median_ttv":
        return _median(spec, source, target)
    if spec.reduces or spec.over_columns:
        return None
    grain = Grain(source.totals)
    at: Any = Cohorts(source.totals)
    try:
        plan = Plan(grain, spec, {})
        series = at.compute(spec.function)
    except MissingColumnError:
        return None
    except CsmetricsError as error:
        return _without(spec, source, target, f"{error.argument} {error.rule}; {error.found}") if asked else None
    if not len(series):
        return _without(spec, source, target, "no period is complete")
    values = series.to_numpy(dtype=np.float64)
    last = series.index[-1]
    before = values[-2] if len(values) > 1 else nan
    early = source.kind == "onboarding"
    caution, fair = _still_open(spec, source)
    noise, certain, on_year = ("too early to compare", None, nan) if early else _judged(spec, source)
    if not fair:
        noise, certain = "too early to compare", None
    daily = source.kind == "active_users" and isinstance(last, pd.Period) and last.freqstr == "D"
    if daily:
        noise, certain, on_year = _DAILY, None, nan
    interval, notes = _interval(spec, source)
    return Figure(
        spec,
        source,
        plan,
        series.tail(_POINTS),
        in_words(last) if source.axis is not None else "all",
        float(values[-1]),
        nan if early or daily else float(values[-1] - before),
        noise,
        certain,
        target,
        interval,
        str(at.explain(spec.function, last)),
        "" if isfinite(values[-1]) else "nothing to divide by, or an input is missing",
        [_EARLY, *notes] if early else notes,
        on_year,
        caution or _only_answers(source, plan),
        fair,
    )


def _median(spec: Registration, source: Source, target: Target | None) -> Figure | None:
    """Show the median that the builder of onboarding estimated; None without it, and by segment, as it does not add."""
    if source.kind != "onboarding" or spec.name not in source.frame or len(source.frame) != len(source.totals):
        return None
    values = source.frame[spec.name].to_numpy(dtype=np.float64)
    series = pd.Series(values, source.totals.index)
    if source.axis is not None:
        series = pd.Series(values, Grain(source.frame).axes[source.axis].array).sort_index()
    if not len(series):
        return None
    value, before = float(series.iloc[-1]), float(series.iloc[-2]) if len(series) > 1 else nan
    return Figure(
        spec,
        source,
        None,
        series.tail(_POINTS),
        in_words(series.index[-1]) if source.axis is not None else "all",
        value,
        value - before,
        _UNKNOWN if isfinite(value - before) else "",
        target=target,
        interval="no interval: it needs the dates of each customer",
        explanation="Days within which half of the customers who started reach value; those still waiting count.",
        why_not="" if isfinite(value) else "fewer than half have reached value so far",
    )


def _still_open(spec: Registration, source: Source) -> tuple[str, bool]:
    """Say how many tickets of the period are not over yet; and whether no larger part is than in the period before."""
    done, lack = _OPEN.get(spec.name, ("", ""))
    totals = source.totals
    if source.kind != "tickets" or not {"tickets", done} <= {*totals.columns}:
        return "", True
    count = totals["tickets"].to_numpy(dtype=np.float64)
    waiting = count - totals[done].to_numpy(dtype=np.float64)
    if not waiting[-1] > 0:
        return "", True
    fair = len(count) < 2 or waiting[-1] * count[-2] <= waiting[-2] * count[-1]
    words = f"{waiting[-1]:,.0f} of {count[-1]:,.0f} tickets {lack}"
    return f"{words}." if fair else f"{words}, a larger part than in the period before.", fair


def _only_answers(source: Source, plan: Plan) -> str:
    """Say of a response rate that the rows of a survey stand for those who were asked."""
    counted = source.kind == "survey" and str(plan.columns.get("invited", "")).endswith("_invited")
    return "Every row counts as asked: for a file of answers alone, this is not a response rate." if counted else ""


def _without(spec: Registration, source: Source, target: Target | None, why: str) -> Figure:
    """Return a figure without a value, which says why."""
    return Figure(spec, source, None, pd.Series(dtype="float64"), "", nan, target=target, why_not=why)


def _rows(source: Source) -> Any:
    """Return the frame without index levels of segments, so that all of a period's rows come together."""
    return Cohorts(source.frame).total()


def _judged(spec: Registration, source: Source) -> tuple[str, bool | None, float]:
    """Say whether the change on the period before is more than noise, and return the change on the year before."""
    line = source.lines.get(spec.name)
    if line is None or line.reason:
        return "", None, nan
    word = line.noise.get("before", "")
    known = {"yes": True, "no": False}.get(word)
    units = _UNITS.get(source.kind, "customers")
    words = {
        "yes": "more than noise",
        "no": "may be noise",
        SHORT: f"more than chance for so many {units}; fewer than eight earlier changes to compare with",
    }.get(word, _UNKNOWN if "cannot tell" in word else word)
    return words, known, line.value - line.year


def _interval(spec: Registration, source: Source) -> tuple[str, list[str]]:
    """Write the interval of the last period, its method, and what to know about it."""
    try:
        if source.axis is None:
            found = _rows(source).interval(spec.function)
            low, high, method, notes = found.low, found.high, found.method, found.notes
        else:
            made = Cohorts(source.last_rows).by(source.axis).interval(spec.function)
            last: Any = made.iloc[-1]
            low, high, method, notes = last["low"], last["high"], last["method"], made.attrs.get("notes", [])
    except ImportError as error:
        return f"no interval: {error}", []
    except MetricInputError as error:
        return f"no interval: {_reason(error)}", []
    limits = f"95 % interval [{written(low)}, {written(high)}], method {method}"
    return "no interval" if isnan(low) else limits, _for_readers(notes, source)


def _for_readers(notes: Iterable[str], source: Source) -> list[str]:
    """Say notes to somebody who reads a page. That on independence says nothing where each customer counts once."""
    counted = {"survey": "answers", "tickets": "tickets"}.get(source.kind)
    plain = f"several {counted} of one customer count as if they came from several customers" if counted else ""
    return [one for one in (plain if note == INDEPENDENT else without_code(note) for note in notes) if one]


def _reason(error: MetricInputError) -> str:
    if error.rule == TOTALS_ALONE:
        return "the totals alone do not say how much it differs from one to the next"
    if error.rule == "has no interval":
        return error.found
    return f"{error.rule}; {error.found}" if error.rule else str(error)
