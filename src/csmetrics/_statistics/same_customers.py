"""The same customers in two waves: their answers are matched, and each is compared with itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import column, require
from csmetrics._frames.engine_totals import EngineFrame
from csmetrics._statistics import paired as pairs
from csmetrics._statistics.answers import from_answers
from csmetrics._statistics.comparing import chosen_method, comparison
from csmetrics._statistics.confidence import Confidence
from csmetrics._statistics.given import given_side, grain_of, reducer_of
from csmetrics._statistics.results import Comparison
from csmetrics.core._registry import Registration
from csmetrics.core._sums import sampled_of
from csmetrics.errors import MetricInputError


def same_customers(
    spec: Registration,
    before: Any,
    after: Any,
    sure: Confidence,
    confidence: float,
    paired: Any,
    method: Any,
    correction: bool,
    options: Mapping[str, Any],
    customer: Any,
) -> Comparison:
    """Compare the same customers with themselves."""
    kind = sampled_of(spec).kind
    if kind not in pairs.PAIRED:
        raise MetricInputError(spec.name, "paired", "is for shares, scores and means", f"this is {kind}")
    chosen = chosen_method(spec, method, pairs.PAIRED[kind])
    if isinstance(paired, Mapping):
        if kind != "share":
            raise MetricInputError(spec.name, "paired", "takes counts for shares only", f"this is {kind}")
        counts = pairs.cells(spec, paired)
        n = sum(counts)
        figures = [np.array([100 * k / n if n else np.nan]) for k in (counts[0] + counts[1], counts[0] + counts[2])]
        chosen = "newcombe-10" if chosen == "t" else chosen
        change = pairs.of_shares(counts, sure, chosen, correction)
        return comparison(spec, change, figures[0], figures[1], [n, n], chosen, confidence, [])
    reducer = reducer_of(spec)
    before, after = given_side(spec, "before", before), given_side(spec, "after", after)
    if grain_of(before) is not None or grain_of(after) is not None:
        before, after = (_answers_of(spec, reducer, d, options, customer) for d in (before, after))
        options = {n: v for n, v in options.items() if reducer is None or n not in reducer.inputs}
    first, second, notes = pairs.matched(spec, before, after)
    if reducer is None:
        each, scale = [np.asarray(x, dtype=np.float64) for x in (first, second)], 1.0
        if kind == "share" and not set(np.unique(np.concatenate(each))) <= {0.0, 1.0}:
            raise MetricInputError(
                spec.name, "before, after", "must be 1 (yes) or 0 (no) for each customer", "got others"
            )
        scale = 100.0 if kind == "share" else 1.0
    else:
        sums, name = sampled_of(reducer), next(iter(reducer.inputs))
        samples = [from_answers(reducer, sums, {name: pd.Series(x), **options}) for x in (first, second)]
        each, scale = [s.rows.columns["total"] for s in samples if s.rows], sums.scale
    if kind == "share" and chosen != "t":
        change = pairs.of_shares(pairs.counted_pairs(*each), sure, chosen, correction)
    else:
        change = pairs.of_means(each[0], each[1], sure, scale)
    figures = [np.array([scale * x.mean() if x.size else np.nan]) for x in each]
    sizes = [float(x.size) for x in each]
    return comparison(spec, change, figures[0], figures[1], sizes, chosen, confidence, notes)


def _answers_of(spec: Registration, reducer: Any, data: Any, options: Mapping[str, Any], customer: Any) -> Any:
    """Return a frame's column of answers, labelled by customer."""
    grain, name = grain_of(data), "" if reducer is None else next(iter(reducer.inputs))
    if grain is None or reducer is None or customer is None:
        rule, hint = "must be answers with their customers", f'such as {name or "answers"}="score", customer="customer"'
        raise MetricInputError(spec.name, "before, after", rule, f"got {type(data).__name__}", hint)
    frame, label = grain.frame, options.get(name, name)
    for argument, column_ in ((name, label), ("customer", customer)):
        require(frame, column_, spec.name, argument)
    rows = frame.rows([label, customer], ()) if isinstance(frame, EngineFrame) else frame
    answers = column(rows, label, spec.name, name)
    return pd.Series(answers.to_numpy(), index=pd.Index(column(rows, customer, spec.name, "customer")), name=name)
