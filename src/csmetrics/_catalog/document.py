"""The catalogue as a document: formulas, laws and cases, so that implementations in other languages can be checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import version
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field

from csmetrics._catalog.drawn_rows import Row, drawn_rows, edge_rows, figure, missing_rows, undefined_rows
from csmetrics._catalog.formula import Node, formula, formula_text, name_of
from csmetrics._catalog.laws import Law, LawName  # noqa: F401 - pydantic 2.0 looks the names in Law up here
from csmetrics._catalog.models import option_hint
from csmetrics._catalog.plain_data import json_ready
from csmetrics._catalog.spec import Described, MetricSpec, metric_spec
from csmetrics.core._registry import REGISTRY, REQUIRED, Registration
from csmetrics.errors import MetricInputError

SCHEMA_VERSION: Literal["1"] = "1"
DRAWN = 12  # drawn rows for which the formula's results are given, besides the worked examples


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _some() -> Any:
    # pydantic 2.0 leaves minItems of tuples out of the schema
    return Field(min_length=1, json_schema_extra={"minItems": 1})


class ConformanceCase(_Record):
    """One call of a metric and its result.

    Attributes
    ----------
    id : str
        A name that is stable within the metric.
    law : str
        "example" for a case that was published or worked by hand, "formula" for drawn inputs, else the law that the
        case shows.
    inputs : dict
        The arguments. A missing value is null, dates are ISO text.
    expected : float, str or None
        The result; null if the metric has no value, or if the inputs must be rejected.
    tolerance : float
        The largest difference from `expected` that is still right.
    refused : str or None
        The code of the error, if the inputs must be rejected.
    source : str
        Where the case was published.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"properties": {"refused": {"type": "null"}}}, {"properties": {"expected": {"type": "null"}}}]
        }
    )

    id: str = Field(min_length=1)
    law: Literal["example", "formula", "undefined", "missing", "impossible"]
    inputs: dict[str, Any]
    expected: float | str | None
    tolerance: float = Field(ge=0)
    refused: Literal["impossible_input"] | None
    source: str


class Definition(Described):
    """One metric: its definition, its laws and cases.

    Attributes
    ----------
    id : str
        The metric's name, which is permanent: a formula never changes under its name.
    hash : str
        SHA-256 of the declaration: inputs, options, limits, formula, laws. Wording may change, the hash may not. It
        does not cover what the function computes; the cases do.
    formula_text : str
        The formula on one line.
    laws : tuple of Law
        What is always true of the metric.
    cases : tuple of ConformanceCase
        Calls and their results.
    """

    id: str = Field(pattern="^csmetrics:[a-z][a-z0-9_]*$")
    hash: str = Field(pattern="^sha256:[0-9a-f]{64}$")
    formula_text: str
    laws: tuple[Law, ...] = _some()
    cases: tuple[ConformanceCase, ...] = _some()


class Document(_Record):
    """The whole catalogue as a document.

    Attributes
    ----------
    schema_version : str
        Version of the schema. Fields may be added within a version, and the schema allows that; any other change makes
        a new version.
    library, version : str
        The library that wrote the document, and its version.
    metrics : tuple of Definition
        The metrics, in the order of the catalogue.
    """

    schema_version: Literal["1"]
    library: Literal["csmetrics"]
    version: str
    metrics: tuple[Definition, ...] = _some()

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the JSON Schema. It allows further fields, so that it also fits documents that are written later."""
        made = super().model_json_schema(*args, **options)
        for record in (made, *made["$defs"].values()):
            record.pop("additionalProperties", None)
        return made


def document() -> Document:
    """Return the catalogue as one document."""
    metrics = tuple(_definition(metric_spec(spec)) for spec in REGISTRY.values())
    return Document(schema_version=SCHEMA_VERSION, library="csmetrics", version=version("csmetrics"), metrics=metrics)


def definition_hash(spec: MetricSpec) -> str:
    """Return the hash of a metric's declaration, without its wording.

    It does not cover constants inside the function; the cases cover what the function computes.
    """
    registration = REGISTRY[spec.name]
    words = {"meaning", "not_beside"}
    inputs = {n: given.model_dump(mode="json", exclude=words) for n, given in spec.inputs.items()}
    laws = [asdict(law) | {"says": "", "inputs": sorted(law.inputs)} for law in spec.laws]
    content = {
        "name": spec.name,
        "unit": spec.unit,
        "bounds": spec.bounds,
        "inputs": {n: given | {"choices": sorted(given["choices"])} for n, given in inputs.items()},
        "options": {n: [default, *_kind(registration, n)] for n, default in spec.options.items()},
        "rules": sorted(spec.rules),
        "base": spec.base,
        "formula": _formulas(spec),
        "laws": sorted(laws, key=str),
    }
    canonical = json.dumps(_normal(content), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def _kind(registration: Registration, option: str) -> tuple[bool, list[str]]:
    """Return whether an option is required, and the words or types that it takes."""
    hint = option_hint(registration, option)
    parts = get_args(hint) if get_origin(hint) in (Literal, Union, UnionType) else (hint,)
    return registration.options[option] is REQUIRED, sorted(map(str, parts))


def _formulas(spec: MetricSpec) -> Any:
    """Return the formula parsed, or each of several by name; as LaTeX if it is not plain arithmetic."""
    named = [name_of(name) for name in re.findall(r"\\text\{([\w ]+): \}", spec.formula)]
    read = {variant: formula(spec.name, variant) for variant in named or [""]}
    parts = {variant: _tree(one.right) for variant, one in read.items() if one}
    return parts if len(parts) == len(read) else re.sub(r"^\s*(\\text\{[^{}]*\}|\w+)\s*=\s*", "", spec.formula)


def _tree(node: Node) -> Any:
    """Return a formula as operators with their operands: a fraction is a division, brackets leave no trace."""
    if node.kind == "(":
        return _tree(node.sides[0])
    text = float(node.text) if node.kind == "number" else name_of(node.text)
    return ["/" if node.kind == "frac" else node.kind, text, *map(_tree, node.sides)]


def _normal(value: Any) -> Any:
    """Return plain data in which 100 equals 100.0 and a list equals a tuple."""
    if isinstance(value, Mapping):
        return {name: _normal(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_normal(one) for one in value]
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _definition(spec: MetricSpec) -> Definition:
    same = {name: getattr(spec, name) for name in Described.model_fields}
    own = {
        "id": f"csmetrics:{spec.name}",
        "hash": definition_hash(spec),
        "options": json_ready(spec.options),
        "formula_text": formula_text(spec.name),
        "laws": spec.laws,
        "cases": tuple(_cases(spec, REGISTRY[spec.name])),
    }
    return Definition(**{**same, **own})


def _cases(spec: MetricSpec, registration: Registration) -> Iterator[ConformanceCase]:
    for example in spec.examples:
        yield _case(example.id, "example", example.inputs, example.expected, example.tolerance, example.source)
    drawn: list[tuple[Any, list[Row]]] = [
        ("formula", [*drawn_rows(registration, DRAWN), *edge_rows(registration)]),
        ("undefined", undefined_rows(registration)),
        ("missing", missing_rows(registration)),
    ]
    for law, rows in drawn:
        for number, row in enumerate(rows, 1):
            value = figure(registration, row)
            tolerance = 1e-9 * max(1.0, abs(value)) if isinstance(value, (int, float)) else 0.0
            yield _case(f"{law}-{number}", law, row, value, tolerance)
    for number, row in enumerate(_impossible(registration), 1):
        yield _case(f"impossible-{number}", "impossible", row, None, 0.0, refused=MetricInputError.code)


def _case(
    id: str, law: Any, inputs: Any, expected: Any, tolerance: float, source: str = "", refused: Any = None
) -> ConformanceCase:
    return ConformanceCase(
        id=id,
        law=law,
        inputs=json_ready(inputs),
        expected=expected,
        tolerance=tolerance,
        refused=refused,
        source=source or "drawn; the library's own figure",
    )


def _impossible(registration: Registration) -> Iterator[Row]:
    """Generate rows that the metric rejects: a value beyond a limit, or a part larger than its whole."""
    if registration.reduces or registration.over_columns:
        return
    row = drawn_rows(registration, 1, seed=3)[0]
    for name, given in registration.inputs.items():
        low, high = given.quantity.low, given.quantity.high
        beyond = [*([low - 1] if low > float("-inf") else []), *([high + 1] if high < float("inf") else [])]
        if not given.quantity.choices and given.quantity.name != "date":
            yield from ({**row, name: value} for value in beyond)
    for rule in registration.rules:
        (part, *_), wholes = rule.parts, rule.wholes
        if registration.inputs[part].quantity.name != "date" and part not in wholes:
            yield {**row, part: 1 + sum(row[n] for n in wholes)}
