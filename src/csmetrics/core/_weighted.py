"""What `engagement_score` and `health_score` share: several components, one weight for each, in any container."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isinf, nan
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from csmetrics.core._kinds import aligned, array, as_array, as_float, is_scalar, number
from csmetrics.core._numeric import LARGE, check, show
from csmetrics.core._plain import plain
from csmetrics.core._registry import REGISTRY, Quantity, flow
from csmetrics.core._types import Array
from csmetrics.errors import MetricInputError, shown


def weighted(
    metric: str,
    values: Any,
    weights: Any,
    *,
    value_name: str,
    quantity: Quantity,
    weight_low: float,
    allow_absent: bool = False,
) -> tuple[list[Array], list[float], Callable[[Array], Any]]:
    """Check components and their weights, and bring them to flat columns.

    ===================================  ==========================================  ========================
    `values`                             `weights`                                   result
    ===================================  ==========================================  ========================
    list or 1-D array                    sequence as long                            float
    n-D array (list of lists)            sequence as long as the last axis           array of the other axes
    Series (one customer, by component)  mapping or Series by label, or sequence     float
    mapping of numbers                   mapping (or Series) with the same names     float
    mapping with arrays or lists         mapping (or Series) with the same names     array, broadcast
    mapping with Series                  mapping (or Series) with the same names     Series, their indexes equal
    DataFrame                            mapping or Series by column, or sequence    Series on its index
    ===================================  ==========================================  ========================

    Parameters
    ----------
    metric
        Name of the registered formula, for messages.
    values
        The components. A missing one is NaN in what is returned.
    weights
        One finite number for each component, never missing.
    value_name
        The argument's name in the formula, for messages: "counts", "scores".
    quantity
        What the components measure, and between which values that is possible.
    weight_low
        Least weight: 0, or -inf where weights may be negative.
    allow_absent
        True where a weight may stand in a mapping without its component: the component is then missing throughout.
        Columns of a DataFrame and labels of a Series must be present all the same.

    Returns
    -------
    components : list of ndarray
        Flat float64 columns of one length (1 where the result is a float), NaN where missing; perhaps read-only
        views of the caller's data: never write to them.
    weights : list of float
        The weight of each, in the same order; at most 1e150 in size, so that products do not overflow.
    finish : callable
        Turns a float64 array as long as each component into the float, array or Series that the caller gets.

    Raises
    ------
    MetricInputError
        If names or lengths do not match, or a component or weight is impossible.
    """
    values, weights = _held(metric, value_name, values), _held(metric, "weights", weights)
    _refuse_loose(metric, values, weights, value_name)
    spec = replace(REGISTRY[metric], rules=())
    if isinstance(values, (Mapping, pd.DataFrame)):
        given, factors = _named(
            metric, values, weights, value_name, allow_absent and not isinstance(values, pd.DataFrame)
        )
        checked = _weights(metric, factors, weight_low)
        spec = replace(spec, inputs=dict.fromkeys(given, flow(quantity)))
        columns, shape, like = aligned(spec, given)
        check(spec, columns, columns)
        size = int(np.prod(shape))
        flat = [np.broadcast_to(column.astype(np.float64, copy=False), size) for column in columns.values()]
    else:
        table = array(metric, value_name, values, quantity)
        count = table.shape[-1] if table.ndim else 0
        if isinstance(values, pd.Series) and isinstance(weights, (Mapping, pd.Series)):
            _, factors = _named(metric, values, weights, value_name, False)
        else:
            factors = _in_order(metric, weights, value_name, count)
        checked = _weights(metric, factors, weight_low)
        spec = replace(spec, inputs={value_name: flow(quantity)})
        check(spec, {value_name: table.reshape(-1)}, {value_name: table.reshape(-1)})
        shape, like = table.shape[:-1], None
        flat = [table[..., i].reshape(-1).astype(np.float64, copy=False) for i in range(count)]

    def finish(out: Array) -> Any:
        if like is not None:
            return like._constructor(out, index=like.index, copy=False)
        return out.reshape(shape) if shape else float(out[0])

    return flat, checked, finish


def _held(metric: str, argument: str, given: Any) -> Any:
    """Bring arrays of other libraries to numpy."""
    known = (np.ndarray, pd.Series, pd.Index, ExtensionArray, list, tuple, range, Mapping, pd.DataFrame)
    given = plain(given)
    return given if is_scalar(given) or isinstance(given, known) else as_array(metric, argument, given)


def _refuse_loose(metric: str, values: Any, weights: Any, value_name: str) -> None:
    """Reject what has no components, or has them where one cannot tell along which axis."""
    hint = "give a mapping by name, a DataFrame, or a list or array with the components last"
    rule = "must hold one value per component"
    for name, given in ((value_name, values), ("weights", weights)):
        one = is_scalar(given) or (isinstance(given, np.ndarray) and not given.ndim)
        if one and not isinstance(given, (Mapping, pd.DataFrame)):
            raise MetricInputError(metric, name, rule, f"got {shown(given)}", hint)
    if isinstance(values, (list, tuple)) and any(isinstance(value, (pd.Series, pd.DataFrame)) for value in values):
        raise MetricInputError(metric, value_name, rule, "got a list of Series", "give a mapping of name to Series")
    if isinstance(weights, pd.DataFrame):
        raise MetricInputError(metric, "weights", "must be one number per component", "got a DataFrame")
    if isinstance(values, (Mapping, pd.DataFrame)):
        empty = not (len(weights) if isinstance(values, Mapping) else len(values.columns))
    else:
        shape = np.shape(values) if isinstance(values, (np.ndarray, pd.Series)) else (len(values),)
        empty = not shape or shape[-1] == 0
    if empty:
        raise MetricInputError(metric, value_name, rule, "got none", hint)


def _named(
    metric: str, values: Any, weights: Any, value_name: str, allow_absent: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Pair components and weights by name; names become words for messages, as in ``counts['logins']``."""
    if isinstance(values, pd.DataFrame):
        names = list(values.columns)
        columns: list[Any] = [values.iloc[:, i] for i in range(len(names))]
    else:
        names = list(values.index) if isinstance(values, pd.Series) else list(values)
        columns = list(values.values()) if isinstance(values, Mapping) else list(values)
    labeled = isinstance(weights, (Mapping, pd.Series))
    if not labeled and isinstance(values, Mapping):
        must = f"must be a mapping with the names of `{value_name}`"
        raise MetricInputError(metric, "weights", must, f"got a {type(weights).__name__}")
    ordered = [] if labeled else _in_order(metric, weights, value_name, len(names)).values()
    factors = dict(weights.items() if labeled else zip(names, ordered, strict=True))
    for argument, labels in ((value_name, names), ("weights", list(weights.keys()) if labeled else [])):
        twice = [label for label, times in Counter(labels).items() if times > 1]
        if twice:
            raise MetricInputError(metric, argument, "must name each component once", f"twice: {_names(twice)}")
    extra = [n for n in names if n not in factors]
    if extra:
        raise MetricInputError(
            metric,
            "weights",
            f"must have the names of `{value_name}`",
            f"no weight for {_names(extra)}",
            f"there are weights for {_names(list(factors))}",
        )
    known = set(names)
    absent = [n for n in factors if n not in known]
    if absent and not allow_absent:
        raise MetricInputError(
            metric,
            value_name,
            "must have the names of `weights`",
            f"no component {_names(absent)}",
            f"there are components {_names(names)}",
        )
    everyone = [*names, *absent]
    components = zip(_labels(value_name, everyone), [*columns, *[nan] * len(absent)], strict=True)
    return dict(components), dict(zip(_labels("weights", everyone), map(factors.get, everyone), strict=True))


def _labels(argument: str, names: list[Any]) -> list[str]:
    """Name each component for messages; by position where two would look the same."""
    labels = [f"{argument}[{shown(name)}]" for name in names]
    return labels if len(set(labels)) == len(labels) else [f"{argument}[{i}]" for i in range(len(names))]


def _in_order(metric: str, weights: Any, value_name: str, count: int) -> dict[str, Any]:
    """Take weights by position."""
    if isinstance(weights, Mapping):
        raise MetricInputError(
            metric,
            "weights",
            f"must be a sequence, as `{value_name}` has no names",
            f"got the names {_names(list(weights))}",
        )
    found = np.shape(weights) if isinstance(weights, np.ndarray) else (len(weights),)
    if found != (count,):
        given = f"{found[0]} weights" if len(found) == 1 else f"an array of shape {found}"
        raise MetricInputError(
            metric,
            "weights",
            f"must be as many as the components of `{value_name}`",
            f"got {given} for {count} components",
        )
    return {f"weights[{i}]": weight for i, weight in enumerate(weights)}


def _weights(metric: str, weights: dict[str, Any], low: float) -> list[float]:
    """Return the weights as floats: finite, not missing, `low` or more."""
    quantity = Quantity("number", low=max(low, -LARGE), high=LARGE)
    checked = [as_float(number(metric, name, weight, quantity)) for name, weight in weights.items()]
    for name, weight in zip(weights, checked, strict=True):
        if not quantity.low <= weight <= quantity.high:
            rule = quantity.rule if abs(weight) > LARGE else f"must be >= {low:g}"
            rule = "must be finite" if isinf(weight) else "must not be missing" if weight != weight else rule
            raise MetricInputError(metric, name, rule, f"got {show(weight)}")
    return checked


def _names(names: list[Any]) -> str:
    return ", ".join(map(shown, names[:8])) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
