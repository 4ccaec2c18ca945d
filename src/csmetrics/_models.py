"""A metric's inputs and result as pydantic models: what a service takes, documents and gives back."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cache
from math import isinf, isnan
from types import SimpleNamespace
from typing import Annotated, Any, Literal, get_type_hints

import numpy as np
import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError, create_model
from pydantic.json_schema import WithJsonSchema

from csmetrics._docstring import Docstring
from csmetrics._values import plain, shown
from csmetrics.core._registry import REGISTRY, REQUIRED, Registration
from csmetrics.errors import MetricInputError

Status = Literal["ok", "missing", "undefined"]


class Inputs(BaseModel):
    """The inputs of a metric: strict, frozen, nothing besides them. None and NaN are missing."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Result(BaseModel):
    """The result of a metric.

    Attributes
    ----------
    metric : str
        The metric's name.
    value : float, str or None
        The figure (a word for a band); None where there is none.
    unit : str
        "percent", "points", "ratio", "money", "days", ...
    status : {"ok", "missing", "undefined"}
        Whether there is a figure, an input is missing, or the denominator is empty. What the caller asked for in
        place of an undefined figure is still "undefined".
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    metric: str
    value: float | str | None
    unit: str
    status: Status


# What one value may be


def _column(value: Any) -> Any:
    """Take a list, an array or a Series as a tuple."""
    return tuple(value) if isinstance(value, (list, np.ndarray, pd.Series)) else value


def _instant(value: Any) -> datetime | None:
    """Take a date, a datetime or ISO text."""
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    raise ValueError("no date")


_TEXT = {"type": "string", "format": "date-time"}
_Instant = Annotated[
    datetime | None, PlainValidator(_instant), WithJsonSchema({"anyOf": [_TEXT, {"type": "null"}]}, mode="validation")
]
_Scale = Annotated[tuple[int, int], BeforeValidator(_column)]
_Undefined = Annotated[Annotated[float, Field(allow_inf_nan=False)] | Literal["raise"] | None, BeforeValidator(plain)]


def _type(spec: Registration, name: str) -> Any:
    """Give the type of an argument: one number or word, a column of them, or one per component."""
    if name in spec.options:
        return _option(spec, name)
    quantity = spec.inputs[name].quantity
    if quantity.name == "date":
        return Annotated[tuple[_Instant, ...], BeforeValidator(_column)] if spec.reduces else _Instant
    if quantity.choices:
        return Literal[quantity.choices] | None
    low, high = (None if isinf(x) else x for x in (quantity.low, quantity.high))
    finite = Field(allow_inf_nan=False, ge=low, le=high)
    number: Any = Annotated[Annotated[float, finite] | None, BeforeValidator(plain)]
    if spec.over_columns:
        return Annotated[tuple[number, ...] | dict[str, number], BeforeValidator(_column)]
    if spec.reduces:
        column = Annotated[tuple[number, ...], BeforeValidator(_column)]
        return column | None if name in spec.defaults else column
    return number


def _option(spec: Registration, name: str) -> Any:
    own = SimpleNamespace(__annotations__={name: spec.function.__annotations__[name]})
    hint = get_type_hints(own, spec.function.__globals__)[name]
    if name == "undefined":
        return _Undefined
    if name == "scale":
        return _Scale
    return _Instant if date in getattr(hint, "__args__", ()) else hint


def _default(spec: Registration, name: str) -> Any:
    default = {**spec.defaults, **spec.options, "undefined": None}.get(name, REQUIRED)
    return ... if default is REQUIRED else default


@cache
def inputs_model(name: str) -> type[Inputs]:
    """Make the model of a metric's inputs and options."""
    spec = REGISTRY[name]
    meanings = Docstring(spec.function).parameters
    fields: dict[str, Any] = {}
    for argument in arguments(spec):
        about: dict[str, Any] = {"description": meanings.get(argument, "")}
        if argument in spec.inputs:
            kind, quantity = spec.inputs[argument]
            about["json_schema_extra"] = {"kind": kind, "quantity": quantity.name}
        fields[argument] = (_type(spec, argument), Field(_default(spec, argument), **about))
    made = create_model(f"{_camel(name)}Inputs", __base__=Inputs, __module__=__name__, **fields)
    made.__doc__ = f"Inputs of {name}: {spec.title}."
    return made


@cache
def result_model(name: str) -> type[Result]:
    """Make the model of a metric's result."""
    spec = REGISTRY[name]
    value: Any = Literal["red", "yellow", "green"] if spec.unit == "band" else float
    fields: dict[str, Any] = {
        "metric": (Literal[name], ...),
        "value": (value | None, ...),
        "unit": (Literal[spec.unit], ...),
    }
    made = create_model(f"{_camel(name)}Result", __base__=Result, __module__=__name__, **fields)
    made.__doc__ = f"Result of {name}: {spec.title}, in {spec.unit}."
    return made


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


# Computing


def arguments(spec: Registration) -> tuple[str, ...]:
    """List a metric's inputs and options."""
    return (*spec.inputs, *spec.options)


def compute(spec: Registration, document: Any) -> Result:
    """Validate a document of inputs and compute the metric."""
    inputs = read(spec, document)
    given = {name: getattr(inputs, name) for name in inputs.model_fields_set if name != "undefined"}
    value = spec.function(**given)
    status: Status = "ok"
    if value is None or (isinstance(value, float) and isnan(value)):
        whole = spec.reduces or spec.over_columns  # a missing answer or component leaves the base
        missing = not whole and any(given.get(name, 0) is None for name in spec.inputs)
        status = "missing" if missing else "undefined"
        value = None
        instead = getattr(inputs, "undefined", None)
        if status == "undefined" and instead is not None:
            value = spec.function(**given, undefined=instead)  # the number, or the error
    return result_model(spec.name)(metric=spec.name, value=value, unit=spec.unit, status=status)


def read(spec: Registration, document: Any) -> Inputs:
    """Validate JSON text, a mapping or a model of a metric's inputs; MetricInputError says what is wrong."""
    model = inputs_model(spec.name)
    if isinstance(document, model):
        return document
    try:
        if isinstance(document, (str, bytes, bytearray)):
            return model.model_validate_json(document)
        return model.model_validate(dict(document) if isinstance(document, Mapping) else document)
    except ValidationError as error:
        raise _refusal(spec, error) from None


def _refusal(spec: Registration, error: ValidationError) -> MetricInputError:
    """Turn pydantic's first complaint into the library's own error."""
    wrong = error.errors(include_url=False)[0]
    argument, *where = wrong["loc"] or ("inputs",)
    argument = str(argument)
    takes = f"it takes {', '.join(arguments(spec))}"
    found = f"got {shown(wrong['input'])}"
    places = [str(step) for step in where if isinstance(step, int)]
    if places:
        found += f" at position {places[0]}"
    rule, hint = _rule(spec, argument, wrong["type"])
    if wrong["type"] == "missing":
        found, hint = "not given", takes
    elif wrong["type"] == "extra_forbidden":
        close = difflib.get_close_matches(argument, arguments(spec), n=1)
        hint = f"did you mean {close[0]!r}?" if close else takes
    elif wrong["type"] == "json_invalid":
        argument, found = "inputs", str(wrong.get("ctx", {}).get("error", wrong["msg"]))
    elif not wrong["loc"]:
        hint = takes
    return MetricInputError(spec.name, argument, rule, found, hint)


_RULES = {
    "missing": "is required",
    "extra_forbidden": "is no argument of this metric",
    "json_invalid": "must be valid JSON",
    "finite_number": "must be finite",
}


def _rule(spec: Registration, argument: str, kind: str) -> tuple[str, str]:
    """Say what rule an argument breaks, and what to do."""
    if kind in _RULES:
        return _RULES[kind], ""
    if argument not in arguments(spec):
        return "must be an object with the inputs by name", ""
    if argument not in spec.inputs:
        return {"undefined": "must be a number or 'raise'", "as_of": "must be a date"}.get(
            argument, "must be one of the option's values"
        ), ""
    quantity = spec.inputs[argument].quantity
    if kind in ("greater_than_equal", "less_than_equal"):
        return quantity.rule, quantity.hint
    if quantity.choices:
        return f"must be one of {', '.join(map(repr, quantity.choices))}", ""
    many = spec.reduces or spec.over_columns
    noun = "date" if quantity.name == "date" else "number"
    return f"must be {noun}s" if many else f"must be a {noun}", ""
