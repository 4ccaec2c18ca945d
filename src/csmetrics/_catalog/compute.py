"""Compute a metric from a document of inputs, and say in words what is wrong with the document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from math import isnan
from typing import Any

from pydantic import ValidationError

from csmetrics._catalog.models import Inputs, Result, Status, arguments, inputs_model, result_model
from csmetrics._catalog.once import once
from csmetrics.core._options import meant
from csmetrics.core._registry import REGISTRY, Registration
from csmetrics.errors import MetricInputError, shown

OBJECT = "must be an object with the inputs by name"


def compute(spec: Registration, document: Any) -> Result:
    """Validate a document of inputs and compute the metric."""
    inputs = read(spec, document)
    given = dict(vars(inputs))
    instead = given.pop("undefined", None)
    if spec.reduces or spec.over_columns:
        _check_lengths(spec, given)
    value = _figure(spec.function(**given))
    status: Status = "ok"
    if value is None:
        whole = spec.reduces or spec.over_columns  # a missing answer or component is left out of the base
        missing = not whole and any(given.get(name, 0) is None for name in spec.inputs)
        status = "missing" if missing else "undefined"
        if status == "undefined" and instead is not None:
            value = _figure(spec.function(**given, undefined=instead))  # the number that was asked for, or the error
    return result_model(spec)(metric=spec.name, value=value, unit=spec.unit, status=status)


def _figure(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value


def _check_lengths(spec: Registration, given: Mapping[str, Any]) -> None:
    """Reject columns of different lengths: the function would repeat a single value along the others."""
    lengths = {name: len(given[name]) for name in spec.inputs if isinstance(given.get(name), tuple)}
    if len(set(lengths.values())) > 1:
        found = "got " + ", ".join(f"{length} in {name}" for name, length in lengths.items())
        hint = "every row has one value of each; null is missing"
        raise MetricInputError(spec.name, ", ".join(lengths), "must be columns of one length", found, hint)


def read(spec: Registration, document: Any) -> Inputs:
    """Validate JSON text, a mapping or a model of a metric's inputs; a MetricInputError says what is wrong."""
    model = inputs_model(spec)
    if isinstance(document, model):
        return document
    if isinstance(document, (str, bytes, bytearray)):
        document = _parsed(spec, document)
    if type(document) is not dict:
        if not isinstance(document, Mapping):
            raise MetricInputError(spec.name, "inputs", OBJECT, f"got {shown(document)}", _takes(spec))
        document = dict(document)
    known = _names(spec)
    if (
        not document.keys() <= known
    ):  # checked first, as an input whose name is misspelt also looks like one that is not given
        name = next(name for name in document if name not in known)
        raise _unknown(spec, name, document[name])
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise _refusal(spec, error) from None


@once
def _names(spec: Registration) -> frozenset[str]:
    return frozenset(arguments(spec))


def _takes(spec: Registration) -> str:
    return f"it takes {', '.join(arguments(spec))}"


def _unknown(spec: Registration, name: Any, value: Any) -> MetricInputError:
    argument = shown(name, write=str if isinstance(name, str) and name.isprintable() else repr)
    other = any(argument in one.inputs for one in REGISTRY.values())  # which is no misspelt input of this metric
    hint = ("" if other else meant(argument, arguments(spec))) or _takes(spec)
    return MetricInputError(spec.name, argument, "is no argument of this metric", f"got {shown(value)}", hint)


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return pairs as a dict; reject a name that is given twice, as one of its values would be lost."""
    made = dict(pairs)
    if len(made) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"{shown(twice)} is given twice")
    return made


JSON = json.JSONDecoder(object_pairs_hook=distinct)


# For integers with more digits than Python reads
_LONG_JSON = json.JSONDecoder(object_pairs_hook=distinct, parse_int=float)


def _parsed(spec: Registration, text: str | bytes | bytearray) -> Any:
    try:
        text = text if isinstance(text, str) else text.decode(json.detect_encoding(text), "surrogatepass")
        try:
            return JSON.decode(text)
        except ValueError as error:
            if "integer string conversion" not in str(error):
                raise
            return _LONG_JSON.decode(text)
    except RecursionError:
        found = "it is nested too deeply"
    except ValueError as error:  # not JSON, not UTF-8, or a name given twice
        found = str(error)
    takes = f"an object with {', '.join(arguments(spec))}"
    raise MetricInputError(spec.name, "inputs", "must be valid JSON", found, takes)


def _refusal(spec: Registration, error: ValidationError) -> MetricInputError:
    """Turn the most telling of pydantic's complaints into an error of this library."""
    wrongs = error.errors(include_url=False)
    # for a value that may be a list or a mapping: what is wrong inside it, rather than that it is not a list
    wrong = next((e for e in wrongs if e["type"] not in ("tuple_type", "dict_type")), wrongs[0])
    argument, *where = wrong["loc"]
    argument, kind = str(argument), wrong["type"]
    found = f"got {shown(wrong['input'])}"
    if kind == "string_type":  # text is expected only for keys
        return MetricInputError(spec.name, argument, "must have text as names", found, "one number by each name")
    places = [str(step) for step in where if isinstance(step, int)]
    if places and argument not in spec.options:
        found += f" at position {places[0]}"
    if kind == "missing" and not where:
        return MetricInputError(spec.name, argument, "is required", "not given", _takes(spec))
    if argument in spec.options:
        rule, hint = _option_rule(argument, wrong.get("ctx", {}).get("expected", ""))
        return MetricInputError(spec.name, argument, rule, found, hint)
    return MetricInputError(spec.name, argument, *_rule(spec, argument, kind, found, wrong["input"]))


def _option_rule(option: str, expected: str) -> tuple[str, str]:
    rules = {
        "undefined": ("must be a number or 'raise'", "null, the default, gives a value of null"),
        "as_of": ("must be a date", "as ISO text: 2026-03-31"),
        "scale": ("must be two whole numbers", "the lowest and the highest answer, such as [0, 10]"),
    }
    usual = f"must be one of {expected}" if expected else "must be a whole number"
    return rules.get(option, (usual, "leave it out for the default"))


def _rule(spec: Registration, argument: str, kind: str, found: str, value: Any) -> tuple[str, str, str]:
    """Return the rule that an input breaks, what was found, and a hint."""
    quantity = spec.inputs[argument].quantity
    if kind in ("greater_than_equal", "less_than_equal"):
        return quantity.rule, found, quantity.hint or f"{argument} is a {quantity.name}"
    if kind == "too_short":
        return "must hold one value per component", "got none", "one number by each name, or a list of numbers"
    if kind == "finite_number":
        return "must be finite", found, "null is missing"
    if quantity.choices:
        rule = f"must be one of {', '.join(map(repr, quantity.choices))}"
        return rule, found, quantity.nearest(value) or "null is missing"
    many = spec.reduces or spec.over_columns
    dates = quantity.name == "date"
    if isinstance(value, (list, tuple, dict)) and not many:
        rule = "must be one date" if dates else "must be one number"
        return rule, found, "one document has the inputs of one figure; compute the others by calls of their own"
    if dates:
        hint = "as ISO text, 2026-03-31T09:00:00Z; null is missing"
        return "must be dates" if many else "must be a date", found, hint
    hint = "without quotes; null is missing" if isinstance(value, str) else "null is missing"
    return "must be numbers" if many else "must be a number", found, hint
