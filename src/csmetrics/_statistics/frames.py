"""A cohort frame at a grain in: the sample of each of its figures out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import Need, column, has, require
from csmetrics._frames.engine_totals import EngineFrame
from csmetrics._frames.grain import Grain
from csmetrics._frames.groups import group_numbers
from csmetrics._frames.plan import Plan
from csmetrics._statistics.answers import from_answers
from csmetrics._statistics.customers import from_rows, needs_customers
from csmetrics._statistics.doubt import Doubt
from csmetrics._statistics.frame_totals import as_floats, labelled, made_of_totals, totals_of
from csmetrics._statistics.made_of import of_levels
from csmetrics._statistics.reading import COUNTED, check_counts, without
from csmetrics._statistics.samples import Pair, Sample
from csmetrics._statistics.squares import with_counts
from csmetrics.core._registry import Registration
from csmetrics.core._sums import PER_CUSTOMER, Sampled, sampled_of
from csmetrics.errors import MetricInputError

CUSTOMER = "customer"  # the column that tells customers apart, where nobody names another
_COUNTS_OF = {"start_mrr": "start", "end_mrr": "end"}  # bridges: customers behind an amount


def frame_sample(
    grain: Grain, spec: Registration, given: Mapping[str, Any], customer: Any = None, *, totals: bool = False
) -> Sample:
    """Read the figures of a metric at a grain, and what is known of the units behind them.

    Parameters
    ----------
    grain
        The frame and how its rows come together.
    spec
        The metric.
    given
        Columns or numbers for its inputs, and its options.
    customer
        The column that names the customer of each row.
    totals
        Whether totals will do where nothing is known of the units behind them.
    """
    sums = sampled_of(spec)
    if sums.kind == "none" and not (totals and sums.top):
        raise without(spec, sums)
    if customer is not None:
        require(grain.frame, customer, spec.name, "customer")
        if grain.keys is None:
            found, hint = "asked for each row", "use .by(...) or .total()"
            raise MetricInputError(spec.name, "customer", "is for groups and totals", found, hint)
    if sums.kind == "levels":
        return _levels(grain, spec, sums, given, customer)
    if spec.reduces or sums.kind == "each":
        return _answers(grain, spec, sums, given, customer)
    names, labels, numbers = labelled(grain, spec, sums, given)
    alone = (sums.kind in PER_CUSTOMER and any("mrr" in n for n in names)) or sums.kind in ("mean", "sum") or sums.rows
    products = {} if customer is not None else _products(grain, names, labels)
    if products and (alone or sums.kind in ("share", "trinomial")):
        return _from_squares(grain, spec, sums, labels, numbers, products, given)
    if customer is None and alone:
        if grain.keys is not None and has(grain.frame, CUSTOMER) and CUSTOMER not in grain.keys:
            made = frame_sample(grain, spec, given, CUSTOMER, totals=totals)
            return replace(made, notes=(*made.notes, f"customers are told apart by the column {CUSTOMER!r}"))
        if sums.kind != "mean" and not totals:
            raise needs_customers(spec, "this frame has none")
    if customer is not None:
        return _from_customers(grain, spec, sums, labels, numbers, given, customer)
    index, known = totals_of(grain, labels, numbers, {})
    made = made_of_totals(spec, sums, index, known, given)
    check_counts(made)
    return replace(made, notes=_unsaid(grain)) if sums.kind in COUNTED else made


def _unsaid(grain: Grain) -> tuple[str, ...]:
    """Note that there are customers whom nobody named; where one has several rows, the interval is too narrow."""
    if grain.keys is None or not has(grain.frame, CUSTOMER) or CUSTOMER in grain.keys:
        return ()
    keys = (*grain.keys, CUSTOMER)
    if isinstance(grain.frame, EngineFrame):
        repeated = grain.frame.repeats(keys)
    else:
        columns = {place: column(grain.frame, key, "by", "keys") for place, key in enumerate(keys)}
        repeated = bool(pd.DataFrame(columns).duplicated().any())
    remedy = f"with customer={CUSTOMER!r} several rows of one are one unit"
    if repeated:
        why = f"some values of the column {CUSTOMER!r} have several rows here, so the interval is too narrow"
        return (Doubt(f"{why}: {remedy}"),)
    return (f"this frame has a column {CUSTOMER!r}: {remedy}",)


def _products(grain: Grain, names: list[str], labels: Mapping[str, tuple[Any, Need]]) -> dict[str, Pair]:
    """Find the columns that hold sums of squares; none where one of the totals has none."""
    own = {name: labels[name][0] for name in names if name in labels}
    return {
        f"{label}*{other}": (one, two)
        for one, label in own.items()
        for two, other in own.items()
        if has(grain.frame, f"{label}*{other}")
    }


def _from_squares(
    grain: Grain,
    spec: Registration,
    sums: Sampled,
    labels: Mapping[str, tuple[Any, Need]],
    numbers: Mapping[str, Any],
    products: Mapping[str, Pair],
    given: Mapping[str, Any],
) -> Sample:
    """Make a sample of totals with the sums of squares beside them."""
    more = {label: Need("asp", "new_mrr") for label in products}
    count = _COUNTS_OF.get(next(iter(sums.bottom), ""), "")
    if count and has(grain.frame, count):
        more[count] = Need("churn_rate", "start")
    index, totals = totals_of(grain, labels, numbers, more)
    size = 1 if index is None else len(index)
    beside = {label: as_floats(totals.pop(label), size) for label in more}
    made = made_of_totals(spec, sums, index, totals, given)
    squares = {pair: beside[label] for label, pair in products.items()}
    weighted = any(pair[0] == pair[1] and pair[0] in sums.bottom for pair in squares) and not count
    squares = with_counts(spec, sums, squares, made.totals)
    counted = np.full(size, np.nan) if weighted else beside.get(count)  # a sum of weights does not tell how many
    return replace(made, squares=squares, counted=counted, weighted=weighted)


def _from_customers(
    grain: Grain,
    spec: Registration,
    sums: Sampled,
    labels: Mapping[str, tuple[Any, Need]],
    numbers: Mapping[str, Any],
    given: Mapping[str, Any],
    customer: Any,
) -> Sample:
    """Make a sample of customers: their rows are added up first, by the engine where it is one."""
    index, place, owner, totals = _units(grain, spec, labels, customer)
    columns = {name: as_floats(value, len(owner)) for name, value in {**totals, **numbers}.items()}
    columns |= {name: np.zeros(len(owner)) for name in sums.totals if name not in columns}
    unknown = np.logical_or.reduce([np.isnan(values) for values in columns.values()])
    columns = {name: np.where(unknown, 0.0, values) for name, values in columns.items()}
    who = np.asarray(owner)
    who = who if who.dtype.kind in "iu" else who.astype(object)
    made = from_rows(spec, sums, columns, given, place=place, index=index, owner=who)
    if unknown.any():
        some = np.zeros(made.estimate.size, bool)
        some[np.zeros(len(owner), np.intp)[unknown] if place is None else place[unknown]] = True
        totals = {name: np.where(some, np.nan, values) for name, values in made.totals.items()}
        made = replace(made, estimate=np.where(some, np.nan, made.estimate), totals=totals)
    return replace(made, customers=sums.kind in COUNTED)


def _units(
    grain: Grain, spec: Registration, labels: Mapping[str, tuple[Any, Need]], customer: Any
) -> tuple[Any, Any, Any, dict[str, Any]]:
    """Return the groups, the group of each customer, the customers themselves, and the totals of each."""
    keys, frame = grain.keys or (), grain.frame
    if isinstance(frame, pd.DataFrame) and customer not in keys:
        owner: Any = column(frame, customer, spec.name, "customer")
        if owner.is_unique and not owner.hasnans:  # each row is a customer: there is nothing to add up
            index, _ = totals_of(grain, labels, {}, {})  # which refuses what cannot be right
            place = group_numbers([column(frame, key, "by", "keys") for key in keys])[1] if keys else None
            return index, place, owner, {n: column(frame, label, *need) for n, (label, need) in labels.items()}
    by_customer = replace(grain, keys=(*(key for key in keys if key != customer), customer))
    totals: Any
    whole: Any
    whole, totals = totals_of(by_customer, labels, {}, {})
    owner = whole.get_level_values(-1)
    if owner.isna().any():
        found = "some are missing"
        raise MetricInputError(spec.name, "customer", "must be present in each row", found, "a blank id is no customer")
    groups = whole if customer in keys else whole.droplevel(-1) if whole.nlevels > 1 else None
    if groups is None:
        return None, None, owner, totals
    first = ~groups.duplicated()
    return groups[first], np.cumsum(first) - 1, owner, totals


def _answers(grain: Grain, spec: Registration, sums: Sampled, given: Mapping[str, Any], customer: Any) -> Sample:
    """Make a sample of raw answers, dates or scores, by group."""
    frame, keys = grain.frame, grain.keys
    if keys is None:
        rule, hint = "is reduced to one number", "use .by(...) or .total()"
        raise MetricInputError(spec.name, next(iter(spec.inputs)), rule, "asked for each row", hint)
    named = {**{n: n for n in spec.inputs if n not in spec.defaults}, **given}
    labels = {n: v for n, v in named.items() if n in spec.inputs and (isinstance(v, str) or has(frame, v))}
    for name, label in labels.items():
        require(frame, label, spec.name, name)
    wanted = [*labels.values(), *([] if customer is None else [customer])]
    rows = frame.rows(wanted, keys) if isinstance(frame, EngineFrame) else frame
    columns: dict[str, Any] = {n: column(rows, label, spec.name, n) for n, label in labels.items()}
    rest = {n: v for n, v in named.items() if n not in columns}
    owner = None if customer is None else column(rows, customer, spec.name, "customer")
    notes = _unsaid(grain) if customer is None and sums.kind != "quantile" else ()
    if not keys:
        return replace(from_answers(spec, sums, {**columns, **rest}, customer=owner), notes=notes)
    if sums.kind == "quantile":
        hint = "compute it for each group of rows"
        raise MetricInputError(spec.name, "keys", "has its interval for one column of dates", "asked by group", hint)
    index, place = group_numbers([column(rows, key, "by", "keys") for key in keys])
    made = from_answers(spec, sums, {**columns, **rest}, customer=owner, place=place, index=index)
    return replace(made, notes=notes)


def _levels(grain: Grain, spec: Registration, sums: Sampled, given: Mapping[str, Any], customer: Any) -> Sample:
    """Read the metrics that a metric is made of, each from its own columns."""
    plan = Plan(grain, spec, given)
    levels, values = {}, {}
    index, totals = grain.sums(plan.needs())
    size = 1 if index is None else len(index)
    for name, source in plan.sources.items():
        if not isinstance(source, Plan):
            values[name] = source
            continue
        inner, own = source.spec, source.spec.options
        if sampled_of(inner).kind == "none":
            values[name] = as_floats(source.value(totals), size)
            continue
        passed = {k: v for k, v in given.items() if k != name and (k not in own or isinstance(v, str))}
        levels[name] = frame_sample(grain, inner, passed, customer)
        values[name] = levels[name].estimate
    values |= {name: as_floats(totals[label], size) for name, label in plan.columns.items()}
    return of_levels(spec, sums, levels, values, plan.options)
