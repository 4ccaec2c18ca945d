"""A metric's inputs and result as pydantic models: what a service takes, documents and gives back."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cache
from math import isinf, isnan
from types import SimpleNamespace
from typing import Annotated, Any, Literal, get_type_hints

import numpy as np
import pandas as pd
import pydantic
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    create_model,
)

from csmetrics._docstring import Docstring
from csmetrics._values import plain
from csmetrics.core._registry import REGISTRY, REQUIRED, Registration
from csmetrics.errors import MetricInputError, shown

OBJECT = "must be an object with the inputs by name"
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


# A long column of wrong values need not be told one by one: since 2.8 pydantic can stop at the first
if hasattr(pydantic, "FailFast"):

    class _FailFast(pydantic.FailFast):
        __hash__ = object.__hash__  # as a part of types must have

    _STOP: tuple[Any, ...] = (_FailFast(),)
else:
    _STOP = ()


def _column(value: Any) -> Any:
    """Take a list, an array or a Series as a tuple."""
    many = isinstance(value, (list, pd.Series)) or (isinstance(value, np.ndarray) and value.ndim > 0)
    return tuple(value) if many else value


def _instant(value: Any) -> datetime | None:
    """Take a date, a datetime or ISO text."""
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, str):
        return datetime.fromisoformat(str.__str__(value))
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    raise ValueError("no date")


class _InstantSchema:
    """What the schema says of an instant, which pydantic cannot read off a function."""

    def __get_pydantic_json_schema__(self, *_: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}


def _iso(value: datetime) -> str:
    return value.isoformat()


_ISO = PlainSerializer(_iso, return_type=str, when_used="json-unless-none")
_Instant = Annotated[datetime | None, PlainValidator(_instant), _ISO, _InstantSchema()]
_Scale = Annotated[tuple[int, int], BeforeValidator(_column)]
_Undefined = Annotated[Annotated[float, Field(allow_inf_nan=False)] | Literal["raise"] | None, BeforeValidator(plain)]


def _many(one: Any) -> Any:
    """Give the type of a column of values."""
    column: Any = tuple[one, ...]
    for stop in _STOP:
        column = Annotated[column, stop]
    return Annotated[column, BeforeValidator(_column)]


def _type(spec: Registration, name: str) -> Any:
    """Give the type of an argument: one number or word, a column of them, or one per component."""
    if name in spec.options:
        return _option(spec, name)
    quantity = spec.inputs[name].quantity
    if quantity.name == "date":
        return _many(_Instant) if spec.reduces else _Instant
    if quantity.choices:
        return Literal[quantity.choices] | None
    low, high = (None if isinf(x) else x for x in (quantity.low, quantity.high))
    finite = Field(allow_inf_nan=False, ge=low, le=high)
    number: Any = Annotated[Annotated[float, finite] | None, BeforeValidator(plain)]
    if spec.over_columns:
        return Annotated[_many(number) | dict[str, number], BeforeValidator(_column)]
    if spec.reduces:
        return _many(number) | None if name in spec.defaults else _many(number)
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
    if isinstance(document, (str, bytes, bytearray)):
        document = _parsed(spec, document)
    if not isinstance(document, Mapping):
        hint = f"it takes {', '.join(arguments(spec))}"
        raise MetricInputError(spec.name, "inputs", OBJECT, f"got {shown(document)}", hint)
    try:
        return model.model_validate(dict(document))
    except ValidationError as error:
        raise _refusal(spec, error) from None


def _parsed(spec: Registration, text: str | bytes | bytearray) -> Any:
    """Read JSON; a name given twice is refused, as one of its values would be lost."""

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
            raise ValueError(f"{shown(twice)} is given twice")
        return made

    try:
        return json.loads(text, object_pairs_hook=distinct)
    except RecursionError:
        found = "it is nested too deeply"
    except ValueError as error:  # no JSON, no UTF-8, an int of thousands of digits, a name twice
        found = str(error)
    takes = f"an object with {', '.join(arguments(spec))}"
    raise MetricInputError(spec.name, "inputs", "must be valid JSON", found, takes)


def _refusal(spec: Registration, error: ValidationError) -> MetricInputError:
    """Turn the first of pydantic's complaints that tells something into the library's own error."""
    wrongs = error.errors(include_url=False)
    # of a value that may be a list or a mapping, what is wrong inside it, and not that it is no list
    wrong = next((e for e in wrongs if e["type"] not in ("tuple_type", "dict_type")), wrongs[0])
    argument, *where = wrong["loc"] or ("inputs",)
    argument, kind = str(argument), wrong["type"]
    takes = f"it takes {', '.join(arguments(spec))}"
    found = f"got {shown(wrong['input'])}"
    places = [str(step) for step in where if isinstance(step, int)]
    if places and argument not in spec.options:
        found += f" at position {places[0]}"
    if kind == "extra_forbidden":
        close = difflib.get_close_matches(argument, arguments(spec), n=1)
        hint = f"did you mean {close[0]!r}?" if close else takes
        return MetricInputError(spec.name, argument, "is no argument of this metric", found, hint)
    if kind == "missing" and not where:
        return MetricInputError(spec.name, argument, "is required", "not given", takes)
    if not wrong["loc"]:
        return MetricInputError(spec.name, argument, OBJECT, found, takes)
    if argument in spec.options:
        rule, hint = _option_rule(argument, wrong.get("ctx", {}).get("expected", ""))
        return MetricInputError(spec.name, argument, rule, found, hint)
    return MetricInputError(spec.name, argument, *_rule(spec, argument, kind, found))


def _option_rule(option: str, expected: str) -> tuple[str, str]:
    rules = {
        "undefined": ("must be a number or 'raise'", "null, the default, gives a value of null"),
        "as_of": ("must be a date", "as ISO text: 2026-03-31"),
        "scale": ("must be two whole numbers", "the lowest and the highest answer, such as [0, 10]"),
    }
    usual = f"must be one of {expected}" if expected else "must be a whole number"
    return rules.get(option, (usual, "leave it out for the default"))


def _rule(spec: Registration, argument: str, kind: str, found: str) -> tuple[str, str, str]:
    """Say what rule an input breaks, what was found, and what to do."""
    quantity = spec.inputs[argument].quantity
    if kind in ("greater_than_equal", "less_than_equal"):
        return quantity.rule, found, quantity.hint or f"{argument} is a {quantity.name}"
    if kind == "finite_number":
        return "must be finite", found, "null is missing"
    if quantity.choices:
        return f"must be one of {', '.join(map(repr, quantity.choices))}", found, "null is missing"
    many = spec.reduces or spec.over_columns
    if quantity.name == "date":
        return (
            "must be dates" if many else "must be a date",
            found,
            "as ISO text, 2026-03-31T09:00:00Z; null is missing",
        )
    return "must be numbers" if many else "must be a number", found, "without quotes; null is missing"
