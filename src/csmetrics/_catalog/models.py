"""A metric's inputs and result as pydantic models, for services: they validate, document and serialize."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from math import isinf
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import numpy as np
import pandas as pd
import pydantic
from pandas.api.extensions import ExtensionArray
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WrapValidator,
    create_model,
)
from pydantic_core import PydanticKnownError

from csmetrics._catalog.docstring import Docstring
from csmetrics._catalog.once import once
from csmetrics._catalog.plain_data import LARGEST, as_python
from csmetrics.core._plain import plain
from csmetrics.core._registry import REGISTRY, REQUIRED, Registration

Status = Literal["ok", "missing", "undefined"]


class Inputs(BaseModel):
    """The inputs of a metric: strict, frozen, without further fields. None and NaN are missing values."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    if TYPE_CHECKING:  # the models of the metrics have their fields at run time only

        def __init__(self, **inputs: Any) -> None: ...


class Result(BaseModel):
    """The result of a metric.

    Attributes
    ----------
    metric : str
        The metric's name.
    value : float, str or None
        The figure (for a band a word); None if the metric has no value.
    unit : str
        "percent", "points", "ratio", "money", "days", ...
    status : {"ok", "missing", "undefined"}
        "ok" if there is a figure, "missing" if an input is missing, "undefined" if the denominator is empty. It stays
        "undefined" if the caller asked for a number in place of an undefined figure.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    metric: str
    value: float | str | None
    unit: str
    status: Status


# Types of single values


# Not every wrong value of a long column needs to be reported: since 2.8 pydantic can stop at the first
if hasattr(pydantic, "FailFast"):

    class _FailFast(pydantic.FailFast):
        __hash__ = object.__hash__  # parts of types must be hashable

    _STOP: tuple[Any, ...] = (_FailFast(),)
else:
    _STOP = ()


def _column(value: Any) -> Any:
    """Return a list, an array, a Series or an Index as a tuple."""
    many = isinstance(value, (list, pd.Series, pd.Index, ExtensionArray))
    return tuple(plain(value)) if many or (isinstance(value, np.ndarray) and value.ndim > 0) else value


def _number(value: Any) -> Any:
    """Return a number as Python's own type, and any missing value as None."""
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise PydanticKnownError("finite_number")
        return value
    if isinstance(value, (np.bool_, np.datetime64, np.timedelta64)) and as_python(value) is not None:
        raise ValueError("no number")
    return as_python(value)


def _digits(value: Any, checked: Callable[[Any], Any]) -> int | float | None:
    """Check a number as a float, but return an integer unchanged: a float keeps only 15 digits."""
    value = _number(value)
    number: float | None = checked(value)
    return value if type(value) is int else number


def _whole(value: Any) -> Any:
    """Take 12.0 as 12, as JSON Schema does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def instant(value: Any) -> datetime | np.datetime64 | None:
    """Return a date, a datetime, numpy's datetime64 or ISO text as a datetime; None if it is missing."""
    if isinstance(value, str):
        return datetime.fromisoformat(str.__str__(value))
    if as_python(value) is None:
        return None
    if isinstance(value, (datetime, np.datetime64)):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    raise ValueError("no date")


def _known_instant(value: Any) -> datetime | np.datetime64:
    """Return a date in the same way; reject a missing one."""
    known = instant(value)
    if known is None or (isinstance(known, np.datetime64) and int(known.astype("M8[Y]").astype(np.int64)) >= 8030):
        raise ValueError("no date, or one after the year 9999")
    return known


class _Described:
    """The JSON Schema of values that a function validates: any of these kinds."""

    def __init__(self, *kinds: dict[str, Any]) -> None:
        self.kinds = kinds

    def __get_pydantic_json_schema__(self, *_: Any) -> dict[str, Any]:
        return {"anyOf": [{**kind} for kind in self.kinds]}


class _NotEmpty:
    """Says in JSON Schema, too, that something has values: pydantic 2.0 leaves that out."""

    def __init__(self, word: str) -> None:
        self.word = word

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {**handler(schema), self.word: 1}


_LONG, _SHORT = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])", "(0[469]|11)-(0[1-9]|[12][0-9]|30)"
_LEAP_YEAR = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
_DATE = rf"((?!0000)[0-9]{{4}}-({_LONG}|{_SHORT}|02-(0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
_DATES = (
    {"type": "string", "format": "date"},
    {"type": "string", "format": "date-time"},  # with an offset
    {"type": "string", "pattern": f"^{_DATE}[T ]{_TIME}$"},
)


def _iso(value: datetime | np.datetime64) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value.astype("M8[us]"))


_ISO = PlainSerializer(_iso, return_type=str, when_used="json-unless-none")
_Known = Annotated[datetime, PlainValidator(_known_instant), _ISO, _Described(*_DATES)]
_Instant = Annotated[datetime | None, PlainValidator(instant), _ISO, _Described(*_DATES, {"type": "null"})]
_LISTED = BeforeValidator(_column)
_Scale = Annotated[tuple[int, int], _LISTED]
_Horizon = Annotated[Annotated[int, Field(ge=0)] | None, BeforeValidator(_whole)]
_Undefined = Annotated[Annotated[float, Field(allow_inf_nan=False)] | Literal["raise"] | None, BeforeValidator(_number)]
# JSON gets all the digits, too
_AS_IT_IS = PlainSerializer(lambda value: value, return_type=int | float | None, when_used="json")


def _many(one: Any, least: int = 0) -> Any:
    """Return the type of a column of values, at least so many of them."""
    column: Any = tuple[one, ...]
    if least:
        column = Annotated[column, Field(min_length=least), _NotEmpty("minItems")]
    for stop in _STOP:
        column = Annotated[column, stop]
    return Annotated[column, _LISTED]


def _type(spec: Registration, name: str) -> Any:
    """Return the type of an argument: one number or word, a column of them, or one per component."""
    if name in spec.options:
        return _option(spec, name)
    quantity = spec.inputs[name].quantity
    if quantity.name == "date":
        return _many(_Instant) if spec.reduces else _Instant
    if quantity.choices:
        taken = _Described({"type": "string", "enum": [*quantity.words]}, {"type": "null"})
        word = BeforeValidator(lambda value: quantity.meant(value) or value)
        return Annotated[Literal[quantity.choices] | None, word, taken]
    low, high = (None if isinf(x) else x for x in (quantity.low, quantity.high))
    finite = Field(allow_inf_nan=False, ge=low, le=high)
    one: Any = Annotated[float, finite] | None
    number: Any = Annotated[one, BeforeValidator(_number)]
    if spec.over_columns:
        return Annotated[
            _many(number, least=1) | Annotated[dict[str, number], Field(min_length=1), _NotEmpty("minProperties")],
            _LISTED,
        ]
    if spec.reduces:
        return _many(number) | None if name in spec.defaults else _many(number)
    return Annotated[one, WrapValidator(_digits), _AS_IT_IS]


def _option(spec: Registration, name: str) -> Any:
    if name == "undefined":
        return _Undefined
    if name == "scale":
        return _Scale
    if name == "horizon":
        return _Horizon
    return _Known if takes_dates(spec, name) else option_hint(spec, name)


def takes_dates(spec: Registration, name: str) -> bool:
    """Check whether an argument is a date or a column of dates."""
    if name in spec.inputs:
        return spec.inputs[name].quantity.name == "date"
    return name in spec.options and date in getattr(option_hint(spec, name), "__args__", ())


def option_hint(spec: Registration, name: str) -> Any:
    """Return the type of an option in the function's signature."""
    own = SimpleNamespace(__annotations__={name: spec.function.__annotations__[name]})
    return get_type_hints(own, spec.function.__globals__)[name]


def _default(spec: Registration, name: str) -> Any:
    default = {**spec.defaults, **spec.options, "undefined": None}.get(name, REQUIRED)
    return ... if default is REQUIRED else default


@once
def inputs_model(spec: Registration) -> type[Inputs]:
    """Make the model of a metric's inputs and options."""
    meanings = Docstring(spec.function).parameters
    fields: dict[str, Any] = {}
    for argument in arguments(spec):
        about: dict[str, Any] = {"description": meanings.get(argument, "")}
        if argument in spec.inputs:
            kind, quantity = spec.inputs[argument]
            about["json_schema_extra"] = {"kind": kind, "quantity": quantity.name}
        fields[argument] = (_type(spec, argument), Field(_default(spec, argument), **about))
    made = create_model(f"{_camel(spec.name)}Inputs", __base__=Inputs, __module__=__name__, **fields)
    made.__doc__ = f"Inputs of {spec.name}: {spec.title}."
    return made


@once
def result_model(spec: Registration) -> type[Result]:
    """Make the model of a metric's result."""
    value: Any = Literal["red", "yellow", "green"] if spec.unit == "band" else float
    fields: dict[str, Any] = {
        "metric": (Literal[spec.name], ...),
        "value": (value | None, ...),
        "unit": (Literal[spec.unit], ...),
    }
    made = create_model(f"{_camel(spec.name)}Result", __base__=Result, __module__=__name__, **fields)
    made.__doc__ = f"Result of {spec.name}: {spec.title}, in {spec.unit}."
    return made


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def arguments(spec: Registration) -> tuple[str, ...]:
    """List a metric's inputs and options."""
    return (*spec.inputs, *spec.options)


def __getattr__(name: str) -> Any:
    """Find a metric's model by its class name, for pickle."""
    for kind, model in (("Inputs", inputs_model), ("Result", result_model)):
        for spec in REGISTRY.values() if name.endswith(kind) else ():
            if name == f"{_camel(spec.name)}{kind}":
                return model(spec)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
