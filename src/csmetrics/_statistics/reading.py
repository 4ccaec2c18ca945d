"""Numbers, arrays, Series and raw answers in: the sample of each figure out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._statistics.samples import Pair, Rows, Sample
from csmetrics.core._kinds import array, common_index, common_shape, is_scalar
from csmetrics.core._numeric import show
from csmetrics.core._registry import AMOUNT, REGISTRY, REQUIRED, Quantity, Registration
from csmetrics.core._sums import PER_CUSTOMER, Sampled, sampled_of
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, shown

COUNTED = frozenset({"share", "trinomial", "exposure", "odds", "cost"})


def read(spec: Registration, given: Mapping[str, Any], *, customer: Any = None, squares: Any = None) -> Sample:
    """Read the inputs of a metric as a sample.

    Parameters
    ----------
    spec
        The metric.
    given
        Its inputs and options, or the totals behind them.
    customer
        Whose each value is: those of one customer are one unit.
    squares
        The sum of squares of the units, or a mapping of them by ``"total*total"``.
    """
    sums = sampled_of(spec)
    if sums.kind == "none":
        raise without(spec, sums)
    if sums.kind == "levels":
        return _levels(spec, sums, given, customer, squares)
    if sums.kind in ("each", "quantile") or spec.reduces:
        return _raw(spec, sums, given, customer)
    columns, index, many = _columns(spec, sums, given)
    per_customer = sums.kind in PER_CUSTOMER and squares is None and not _counts_alone(sums, columns)
    if customer is not None or (per_customer and many) or (sums.rows and many):
        return from_rows(spec, sums, columns, given, customer=customer)
    if (per_customer or sums.rows) and sums.kind != "mean":
        raise needs_customers(spec, "got one figure")
    size = max(values.size for values in columns.values()) if index is None else len(index)
    figures = np.asarray(_figure(spec, sums, given, columns), dtype=np.float64).reshape(-1)
    estimate = np.broadcast_to(figures, size).copy()
    totals = {name: np.broadcast_to(values, size) for name, values in columns.items()}
    made = Sample(spec, sums, estimate, index, totals, squares=_squares(spec, sums, squares, totals))
    check_counts(made)
    return made


def without(spec: Registration, sums: Sampled) -> MetricInputError:
    """Say that a metric has no interval, and why."""
    return MetricInputError(spec.name, "metric", "has no interval", sums.reason)


def needs_customers(spec: Registration, found: str) -> MetricInputError:
    """Say that totals do not tell how far customers differ."""
    rule = "must be known: the interval needs rows of customers, as totals do not tell how much they differ"
    hint = (
        "pass one value per customer, or name their column: customer=...; totals need sums of squares: squares=..., "
        "or a frame that was built with squares=True"
    )
    return MetricInputError(spec.name, "customer", rule, found, hint)


def check_counts(sample: Sample) -> None:
    """Reject fractions where counts are sampled: they are weighted, or money."""
    if sample.sums.kind not in COUNTED or sample.known or sample.sums.reason.startswith("from totals"):
        return
    taken = {"cost": sample.sums.bottom, "exposure": sample.sums.top}.get(sample.sums.kind, sample.sums.totals)
    for name in taken:
        values = sample.totals[name]
        bad = values[np.isfinite(values) & (values != np.rint(values))]
        if bad.size:
            hint = "weighted answers need each answer with its weight; money that is due is no sample"
            raise MetricInputError(sample.spec.name, name, "must be a whole number", f"got {show(bad[0])}", hint)


def from_rows(
    spec: Registration,
    sums: Sampled,
    columns: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    customer: Any = None,
    place: Any = None,
    index: pd.Index[Any] | None = None,
    owner: Any = None,
) -> Sample:
    """Make a sample of rows: those of one customer are added up, those of one figure belong together."""
    (size,) = np.broadcast_shapes(*((np.size(values),) for values in columns.values()))
    full = {name: np.broadcast_to(np.asarray(v, np.float64), size) for name, v in columns.items()}
    groups = 1 if index is None else len(index)
    place = np.zeros(size, np.intp) if place is None else place
    if customer is not None:
        place, full, owner = _by_customer(spec, customer, place, full, size)
    rows = Rows(place, full, groups, owner)
    totals = {name: rows.sum(values) for name, values in full.items()}
    own = {n: v for n, v in given.items() if n in spec.options and n != "undefined"}
    inputs = {n: totals[n] for n in spec.inputs if n in totals}
    complete = all(n in totals or n in spec.defaults for n in spec.inputs)
    made = Sample(spec, sums, np.zeros(groups), index, totals, rows, customers=customer is not None)
    estimate = spec.function(**inputs, **own) if complete else _by_sums(made)
    return replace(made, estimate=np.asarray(estimate, dtype=np.float64))


def _by_customer(
    spec: Registration, customer: Any, place: Any, columns: dict[str, Array], size: int
) -> tuple[Any, dict[str, Array], Any]:
    try:
        labels = pd.Series(customer) if not isinstance(customer, pd.Series) else customer
    except OverflowError:  # integers past what pandas 2 puts into a column
        labels = pd.Series(customer, dtype=object)
    if len(labels) != size:
        found = f"got {len(labels)} for {size} rows"
        raise MetricInputError(spec.name, "customer", "must be as many as the rows", found)
    if labels.isna().any():
        found = f"{int(labels.isna().sum())} of {size} are missing"
        raise MetricInputError(spec.name, "customer", "must be there for each row", found, "a blank id is no customer")
    try:
        codes, kinds = pd.factorize(labels)
    except (TypeError, OverflowError):
        rule = "must be values that rows can have in common"
        raise MetricInputError(spec.name, "customer", rule, "got lists or the like") from None
    many = codes.max(initial=0) + 1
    keys, first = np.unique(place * many + codes, return_inverse=True)
    added = {n: np.bincount(first, values, keys.size).astype(np.float64) for n, values in columns.items()}
    return keys // many, added, np.asarray(kinds, dtype=object)[keys % many]


def by_sums(sample: Sample) -> Array:
    """Compute figures from the sums behind them."""
    return _by_sums(sample)


def _by_sums(sample: Sample) -> Array:
    top, bottom = sample.total(sample.sums.top), sample.total(sample.sums.bottom)
    with np.errstate(divide="ignore", invalid="ignore"):
        return sample.sums.scale * np.where(bottom != 0, top / bottom, np.nan)


def quantity_of(spec: Registration, name: str) -> Quantity:
    """Return what a total measures: as this metric declares it, or the first other that takes it."""
    if name in spec.inputs:
        return spec.inputs[name].quantity
    others = (other.inputs[name].quantity for other in REGISTRY.values() if name in other.inputs)
    return next(others, AMOUNT)


def taken_totals(spec: Registration, sums: Sampled, have: Any) -> list[str]:
    """List the totals that are taken: those it needs and, of those that may be left out, those given."""
    wanted = dict.fromkeys([*spec.inputs, *sums.totals]) if not _replaces(spec, sums) else dict.fromkeys(sums.totals)
    return [name for name in wanted if have(name) or not _may_lack(spec, name, wanted)]


def _replaces(spec: Registration, sums: Sampled) -> bool:
    """Check whether the sums stand for levels, which are then not needed themselves."""
    return all(declared.kind == "level" for declared in spec.inputs.values())


def _may_lack(spec: Registration, name: str, wanted: Any) -> bool:
    return name in spec.defaults or name in ("reactivated", "reactivation_mrr")


def _columns(
    spec: Registration, sums: Sampled, given: Mapping[str, Any]
) -> tuple[dict[str, Array], pd.Index[Any] | None, bool]:
    """Bring the totals to flat arrays of one size."""
    known = {*spec.inputs, *spec.options, *sums.totals}
    for name in given:
        if name not in known:
            hint = f"it takes {', '.join(n for n in known if n != 'undefined')}"
            raise MetricInputError(spec.name, name, "is no input of this metric", f"got {shown(given[name])}", hint)
    names = taken_totals(spec, sums, lambda name: name in given)
    for name in names:
        if name not in given:
            meaning = "" if name in spec.inputs else f"its interval follows from {', '.join(sums.totals)}"
            raise MetricInputError(spec.name, name, "is required", "not given", meaning)
    values = {name: given[name] for name in names}
    like = common_index(spec.name, values)
    arrays = {n: array(spec.name, n, v, quantity_of(spec, n)).astype(np.float64) for n, v in values.items()}
    shape = common_shape(spec.name, {n: a.shape for n, a in arrays.items()}, like)
    if len(shape) > 1:
        rule = "must be numbers, or columns of them"
        raise MetricInputError(spec.name, ", ".join(names), rule, f"got the shape {shape}")
    many = not all(map(is_scalar, values.values()))
    columns = {n: np.broadcast_to(a, shape).reshape(-1) for n, a in arrays.items()}
    for name in [n for n in sums.totals if n not in columns]:
        columns[name] = np.zeros(1)
    index = like.index if like is not None else pd.RangeIndex(int(np.prod(shape))) if many else None
    return columns, index, many


def _figure(spec: Registration, sums: Sampled, given: Mapping[str, Any], columns: Mapping[str, Array]) -> Any:
    """Let the formula itself compute and check; a metric of levels is computed from the sums behind them."""
    complete = all(n in given or n in spec.defaults for n in spec.inputs)
    if complete and not _replaces(spec, sums):
        return spec.function(**{n: v for n, v in given.items() if n in spec.inputs or n in spec.options})
    totals = {n: np.atleast_1d(v) for n, v in columns.items()}
    size = max(v.size for v in totals.values())
    return _by_sums(Sample(spec, sums, np.zeros(size), totals=totals))


def _counts_alone(sums: Sampled, columns: Mapping[str, Any]) -> bool:
    """Check whether a metric of losses and gains is one of counts, each of which is a unit."""
    return sums.kind == "net" and not any(name.endswith("mrr") for name in columns)


def _squares(spec: Registration, sums: Sampled, squares: Any, totals: Mapping[str, Array]) -> dict[Pair, Array] | None:
    """Read sums of squares: one number where there is one total, else by pairs."""
    if squares is None:
        return None
    if isinstance(squares, Mapping):
        found = {}
        for name, values in squares.items():
            one, times, other = str(name).partition("*")
            if not times:
                rule, hint = "must be named by pairs of totals", 'such as {"start_mrr*churned_mrr": 5000}'
                raise MetricInputError(spec.name, "squares", rule, f"got {shown(name)}", hint)
            found[one, other] = np.atleast_1d(array(spec.name, "squares", values, AMOUNT).astype(np.float64))
    else:
        if sums.kind != "mean" or len(sums.top) != 1:
            rule, hint = "must be a mapping, as several totals have squares", 'such as {"start_mrr*start_mrr": 5000}'
            raise MetricInputError(spec.name, "squares", rule, f"got {shown(squares)}", hint)
        top = next(iter(sums.top))
        found = {(top, top): np.atleast_1d(array(spec.name, "squares", squares, AMOUNT).astype(np.float64))}
    size = next(iter(totals.values())).shape
    for (one, other), values in found.items():
        if values.ndim != 1 or values.size not in (1, *size):
            got = f"got the shape {values.shape}"
            raise MetricInputError(spec.name, "squares", "must be one for each figure", got)
        found[one, other] = np.broadcast_to(values, size)
    return with_counts(spec, sums, found, totals)


def with_counts(
    spec: Registration, sums: Sampled, found: dict[Pair, Array], totals: Mapping[str, Array]
) -> dict[Pair, Array]:
    """Add the squares of a count of units, each of which is one: they are the count itself."""
    if sums.kind == "mean":
        (bottom,) = sums.bottom
        found.setdefault((bottom, bottom), totals[bottom])
        for name in sums.top:
            if (name, bottom) not in found and (bottom, name) not in found:
                found[name, bottom] = totals[name]
    have = {*found, *((b, a) for a, b in found)}
    lacking = [name for name in sums.totals if (name, name) not in have and np.any(totals[name] != 0)]
    if lacking:
        rule, hint = "must hold the square of each total", f'it lacks "{lacking[0]}*{lacking[0]}"'
        raise MetricInputError(spec.name, "squares", rule, f"got {len(found)} of them", hint)
    return found


def required(spec: Registration, given: Mapping[str, Any]) -> None:
    """Reject a call that lacks an input, or has one that the metric does not know."""
    for name in given:
        if name not in spec.inputs and name not in spec.options:
            hint = f"it takes {', '.join(n for n in (*spec.inputs, *spec.options) if n != 'undefined')}"
            raise MetricInputError(spec.name, name, "is no input of this metric", f"got {shown(given[name])}", hint)
    for name in (*spec.inputs, *spec.options):
        if name not in given and name not in spec.defaults and spec.options.get(name, REQUIRED) is REQUIRED:
            raise MetricInputError(spec.name, name, "is required", "not given")


def _levels(spec: Registration, sums: Sampled, given: Mapping[str, Any], customer: Any, squares: Any) -> Sample:
    """Read the metrics that a metric is made of, each from its own totals."""
    levels: dict[str, Sample] = {}
    values: dict[str, Any] = {}
    taken: set[str] = set()
    for name, declared in spec.inputs.items():
        if name in given:
            values[name] = given[name]
        elif declared.kind == "level" and name in REGISTRY:
            inner = REGISTRY[name]
            own = {n: v for n, v in given.items() if n in behind(inner)}
            taken |= own.keys()
            if not own and name in spec.defaults:
                continue
            if sampled_of(inner).kind == "none":
                required(inner, own)
                values[name] = inner.function(**own)
                continue
            levels[name] = read(inner, own, customer=customer, squares=squares)
            values[name] = levels[name].estimate
    for name in given:
        if name not in values and name not in taken and name not in spec.options:
            hint = f"it takes {', '.join(behind(spec))}"
            raise MetricInputError(spec.name, name, "is no input of this metric", f"got {shown(given[name])}", hint)
    return of_levels(spec, sums, levels, values, {n: v for n, v in given.items() if n in spec.options})


def behind(spec: Registration) -> list[str]:
    """List a metric's inputs and, for its levels, the totals behind them."""
    names = dict.fromkeys([*spec.inputs, *(n for n in spec.options if n != "undefined"), *sampled_of(spec).totals])
    for name, declared in spec.inputs.items():
        if declared.kind == "level" and name in REGISTRY:
            names |= dict.fromkeys(behind(REGISTRY[name]))
    return list(names)


def of_levels(
    spec: Registration, sums: Sampled, levels: dict[str, Sample], values: dict[str, Any], options: Mapping[str, Any]
) -> Sample:
    """Make the sample of a metric that is made of others."""
    if not levels:
        names = [n for n, d in spec.inputs.items() if d.kind == "level" and n in REGISTRY]
        needed = "; ".join(f"{n}: {', '.join(sampled_of(REGISTRY[n]).totals) or 'its own inputs'}" for n in names)
        rule, hint = "has an interval only from the counts behind its inputs", f"give instead of {needed}"
        raise MetricInputError(spec.name, " and ".join(names), rule, "a bare rate is no sample", hint)
    required(spec, {**values, **options})
    estimate = np.atleast_1d(np.asarray(spec.function(**values, **options), dtype=np.float64))
    index = next((level.index for level in levels.values() if level.index is not None), None)
    notes = [note for level in levels.values() for note in level.notes]
    notes += [f"{n} is taken as known" for n in spec.inputs if n in values and n not in levels and n in REGISTRY]
    return Sample(
        spec, sums, estimate, index, levels=levels, values={**values, **options}, notes=tuple(dict.fromkeys(notes))
    )


def _raw(spec: Registration, sums: Sampled, given: Mapping[str, Any], customer: Any) -> Sample:
    """Read one column of answers, dates or scores as one figure."""
    required(spec, given)
    return from_answers(spec, sums, given, customer=customer)


def from_answers(
    spec: Registration,
    sums: Sampled,
    given: Mapping[str, Any],
    *,
    customer: Any = None,
    place: Any = None,
    index: pd.Index[Any] | None = None,
) -> Sample:
    """Make a sample of raw answers: each is a unit, with the figure that it alone would give."""
    if sums.kind == "quantile":
        from csmetrics.core.onboarding import followed

        days, there = followed(*(given[n] for n in ("started_at", "value_at", "as_of")))
        rows = Rows(np.zeros(days.size, np.intp), {"days": days, "reached": there.astype(np.float64)}, 1)
        return Sample(spec, sums, np.array([spec.function(**given)]), rows=rows)
    if sums.kind == "each":
        figures = spec.function(**given)
        if is_scalar(figures):
            hint = "give a column of customers: their mean has an interval"
            raise MetricInputError(spec.name, "metric", "has no interval", "it is one customer's figure", hint)
        values = np.asarray(figures, dtype=np.float64).reshape(-1)
        weights = np.ones(values.size)
        sums = replace(sums, scale=1.0)
    else:
        first = next(iter(spec.inputs))
        if first not in given:
            raise MetricInputError(spec.name, first, "is required", "not given")
        values, weights = _answers(spec, sums, given, first)
    kept = ~np.isnan(values)
    columns = {"total": np.where(kept, values * weights, 0.0), "answers": np.where(kept, weights, 0.0)}
    if sums.kind == "trinomial":
        columns |= {"up": columns["answers"] * (values > 0), "down": columns["answers"] * (values < 0)}
    top = {"up": 1, "down": -1} if sums.kind == "trinomial" else {"total": 1}
    sums = replace(sums, top=top, bottom={"answers": 1}, kind="mean" if sums.kind == "each" else sums.kind)
    columns = {name: column[kept] for name, column in columns.items()}
    place = np.zeros(values.size, np.intp) if place is None else place
    if customer is not None:
        customer = pd.Series(customer).reset_index(drop=True)[kept] if len(customer) == kept.size else customer
        place, columns, owner = _by_customer(spec, customer, place[kept], columns, int(kept.sum()))
    else:
        place, owner = place[kept], None
    rows = Rows(place, columns, 1 if index is None else len(index), owner)
    totals = {name: rows.sum(column) for name, column in columns.items()}
    weighted = given.get("weights") is not None
    made = Sample(
        spec,
        sums,
        np.zeros(rows.groups),
        index,
        totals,
        rows,
        customers=customer is not None,
        weighted=weighted,
        counted=rows.sum(np.ones(place.size)),
        scale=_scale(spec, given),
    )
    return replace(made, estimate=_by_sums(made))


def _answers(spec: Registration, sums: Sampled, given: Mapping[str, Any], first: str) -> tuple[Array, Array]:
    """Return what each answer alone would give, as a fraction of the scale, and its weight."""
    spec.function(**given)  # which refuses what cannot be right
    answers = array(spec.name, first, given[first], spec.inputs[first].quantity).astype(np.float64).reshape(-1)
    weights = given.get("weights")
    weights = np.ones(answers.size) if weights is None else np.asarray(pd.Series(weights), dtype=np.float64)
    if sums.kind == "mean":
        return answers, weights
    options = {n: v for n, v in given.items() if n in spec.options and n != "undefined"}
    kinds, which = np.unique(answers, return_inverse=True)
    each = [spec.function([one], **options) if one == one else np.nan for one in kinds.tolist()]
    return (np.array(each, dtype=np.float64) / sums.scale)[which.reshape(-1)], weights


def _scale(spec: Registration, given: Mapping[str, Any]) -> tuple[float, float] | None:
    scale: Sequence[float] | None = given.get("scale", spec.options.get("scale"))
    return None if scale is None or spec.unit != "rating" else (float(scale[0]), float(scale[1]))
