"""A metric's inputs and result as pydantic models: what a service takes, documents and gives back."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import cache
from math import isinf, isnan
from types import SimpleNamespace
from typing import Annotated, Any, Literal, get_type_hints

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
    ValidationError,
    WrapValidator,
    create_model,
)
from pydantic_core import PydanticKnownError

from csmetrics._docstring import Docstring
from csmetrics._values import LARGEST, plain
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
    """Take a list, an array, a Series or an Index as a tuple."""
    many = isinstance(value, (list, pd.Series, pd.Index, ExtensionArray))
    return tuple(value) if many or (isinstance(value, np.ndarray) and value.ndim > 0) else value


def _number(value: Any) -> Any:
    """Take a number as Python's own, and what stands for a missing one as None."""
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise PydanticKnownError("finite_number")
        return value
    if isinstance(value, (np.bool_, np.datetime64, np.timedelta64)) and plain(value) is not None:
        raise ValueError("no number")
    return plain(value)


def _digits(value: Any, checked: Callable[[Any], Any]) -> int | float | None:
    """Check a number as a float, and give a whole one as it is: a float holds 15 of its digits."""
    value = _number(value)
    number: float | None = checked(value)
    return value if type(value) is int else number


def instant(value: Any) -> datetime | np.datetime64 | None:
    """Take a date, a datetime, numpy's or ISO text."""
    if isinstance(value, str):
        return datetime.fromisoformat(str.__str__(value))
    if plain(value) is None:
        return None
    if isinstance(value, (datetime, np.datetime64)):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    raise ValueError("no date")


def _known_instant(value: Any) -> datetime | np.datetime64:
    """Take the same where it is there."""
    known = instant(value)
    if known is None:
        raise ValueError("no date")
    return known


class _Described:
    """What the schema says of values that pydantic cannot read off a function: any of these."""

    def __init__(self, *kinds: dict[str, Any]) -> None:
        self.kinds = kinds

    def __get_pydantic_json_schema__(self, *_: Any) -> dict[str, Any]:
        return {"anyOf": [{**kind} for kind in self.kinds]}


_LONG, _SHORT = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])", "(0[469]|11)-(0[1-9]|[12][0-9]|30)"
_LEAP_YEAR = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
_DAY = rf"((?!0000)[0-9]{{4}}-({_LONG}|{_SHORT}|02-(0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
_DATES = (
    {"type": "string", "format": "date"},
    {"type": "string", "format": "date-time"},  # which has an offset
    {"type": "string", "pattern": f"^{_DAY}[T ]{_TIME}$"},
)


def _iso(value: datetime | np.datetime64) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value.astype("M8[us]"))


_ISO = PlainSerializer(_iso, return_type=str, when_used="json-unless-none")
_Known = Annotated[datetime, PlainValidator(_known_instant), _ISO, _Described(*_DATES)]
_Instant = Annotated[datetime | None, PlainValidator(instant), _ISO, _Described(*_DATES, {"type": "null"})]
_Scale = Annotated[tuple[int, int], BeforeValidator(_column)]
_Undefined = Annotated[Annotated[float, Field(allow_inf_nan=False)] | Literal["raise"] | None, BeforeValidator(_number)]
# JSON, too, has all the digits
_AS_IT_IS = PlainSerializer(lambda value: value, return_type=int | float | None, when_used="json")


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
        taken = _Described({"type": "string", "enum": [*quantity.words]}, {"type": "null"})
        word = BeforeValidator(lambda value: quantity.meant(value) or value)
        return Annotated[Literal[quantity.choices] | None, word, taken]
    low, high = (None if isinf(x) else x for x in (quantity.low, quantity.high))
    finite = Field(allow_inf_nan=False, ge=low, le=high)
    one: Any = Annotated[float, finite] | None
    number: Any = Annotated[one, BeforeValidator(_number)]
    if spec.over_columns:
        return Annotated[_many(number) | dict[str, number], BeforeValidator(_column)]
    if spec.reduces:
        return _many(number) | None if name in spec.defaults else _many(number)
    return Annotated[one, WrapValidator(_digits), _AS_IT_IS]


def _option(spec: Registration, name: str) -> Any:
    if name == "undefined":
        return _Undefined
    if name == "scale":
        return _Scale
    return _Known if takes_dates(spec, name) else option_hint(spec, name)


def takes_dates(spec: Registration, name: str) -> bool:
    """Tell whether an argument is a date, or a column of dates."""
    if name in spec.inputs:
        return spec.inputs[name].quantity.name == "date"
    return name in spec.options and date in getattr(option_hint(spec, name), "__args__", ())


def option_hint(spec: Registration, name: str) -> Any:
    """Give the type that a function's signature gives an option."""
    own = SimpleNamespace(__annotations__={name: spec.function.__annotations__[name]})
    return get_type_hints(own, spec.function.__globals__)[name]


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
    given = dict(vars(inputs))
    instead = given.pop("undefined", None)
    if spec.reduces or spec.over_columns:
        _check_lengths(spec, given)
    value = _figure(spec.function(**given))
    status: Status = "ok"
    if value is None:
        whole = spec.reduces or spec.over_columns  # a missing answer or component leaves the base
        missing = not whole and any(given.get(name, 0) is None for name in spec.inputs)
        status = "missing" if missing else "undefined"
        if status == "undefined" and instead is not None:
            value = _figure(spec.function(**given, undefined=instead))  # the number, or the error
    return result_model(spec.name)(metric=spec.name, value=value, unit=spec.unit, status=status)


def _figure(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value


def _check_lengths(spec: Registration, given: Mapping[str, Any]) -> None:
    """Refuse columns of which one is longer: a function would repeat a single value along the others."""
    lengths = {name: len(given[name]) for name in spec.inputs if isinstance(given.get(name), tuple)}
    if len(set(lengths.values())) > 1:
        found = "got " + ", ".join(f"{length} in {name}" for name, length in lengths.items())
        hint = "give one of each per row; null is missing"
        raise MetricInputError(spec.name, ", ".join(lengths), "must be columns of one length", found, hint)


def read(spec: Registration, document: Any) -> Inputs:
    """Validate JSON text, a mapping or a model of a metric's inputs; MetricInputError says what is wrong."""
    model = inputs_model(spec.name)
    if isinstance(document, model):
        return document
    if isinstance(document, (str, bytes, bytearray)):
        document = _parsed(spec, document)
    if type(document) is not dict:
        if not isinstance(document, Mapping):
            raise MetricInputError(spec.name, "inputs", OBJECT, f"got {shown(document)}", _takes(spec))
        document = dict(document)
    known = _names(spec.name)
    if not document.keys() <= known:  # told first, as an input whose name is misspelt is also one that is not given
        name = next(name for name in document if name not in known)
        raise _unknown(spec, name, document[name])
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise _refusal(spec, error) from None


@cache
def _names(name: str) -> frozenset[str]:
    return frozenset(arguments(REGISTRY[name]))


def _takes(spec: Registration) -> str:
    return f"it takes {', '.join(arguments(spec))}"


def _unknown(spec: Registration, name: Any, value: Any) -> MetricInputError:
    argument = shown(name, write=str if isinstance(name, str) and name.isprintable() else repr)
    close = difflib.get_close_matches(argument, arguments(spec), n=1)
    hint = f"did you mean {close[0]!r}?" if close else _takes(spec)
    return MetricInputError(spec.name, argument, "is no argument of this metric", f"got {shown(value)}", hint)


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dict; a name given twice is refused, as one of its values would be lost."""
    made = dict(pairs)
    if len(made) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"{shown(twice)} is given twice")
    return made


JSON = json.JSONDecoder(object_pairs_hook=distinct)
_LONG_JSON = json.JSONDecoder(object_pairs_hook=distinct, parse_int=float)  # of numbers that Python does not read


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
    except ValueError as error:  # no JSON, no UTF-8, a name twice
        found = str(error)
    takes = f"an object with {', '.join(arguments(spec))}"
    raise MetricInputError(spec.name, "inputs", "must be valid JSON", found, takes)


def _refusal(spec: Registration, error: ValidationError) -> MetricInputError:
    """Turn the first of pydantic's complaints that tells something into the library's own error."""
    wrongs = error.errors(include_url=False)
    # of a value that may be a list or a mapping, what is wrong inside it, and not that it is no list
    wrong = next((e for e in wrongs if e["type"] not in ("tuple_type", "dict_type")), wrongs[0])
    argument, *where = wrong["loc"]
    argument, kind = str(argument), wrong["type"]
    found = f"got {shown(wrong['input'])}"
    if kind == "string_type":  # only keys are text
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
    """Say what rule an input breaks, what was found, and what to do."""
    quantity = spec.inputs[argument].quantity
    if kind in ("greater_than_equal", "less_than_equal"):
        return quantity.rule, found, quantity.hint or f"{argument} is a {quantity.name}"
    if kind == "finite_number":
        return "must be finite", found, "null is missing"
    if quantity.choices:
        rule = f"must be one of {', '.join(map(repr, quantity.choices))}"
        return rule, found, quantity.nearest(value) or "null is missing"
    many = spec.reduces or spec.over_columns
    if quantity.name == "date":
        return (
            "must be dates" if many else "must be a date",
            found,
            "as ISO text, 2026-03-31T09:00:00Z; null is missing",
        )
    return "must be numbers" if many else "must be a number", found, "without quotes; null is missing"
