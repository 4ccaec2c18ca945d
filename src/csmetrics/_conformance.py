"""The catalogue as a document: formulas, laws and cases, so that other languages can verify themselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from csmetrics import _laws
from csmetrics._catalog import Described, MetricSpec, catalog
from csmetrics._explain import json_ready
from csmetrics._formula import formula_text
from csmetrics._laws import Law, LawName  # noqa: F401 - pydantic 2.0 looks the names in Law up here
from csmetrics.core._registry import REGISTRY, Registration
from csmetrics.errors import MetricInputError

SCHEMA_VERSION: Literal["1"] = "1"
DRAWN = 12  # rows on which the formula's figures are given, beside the worked examples


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ConformanceCase(_Record):
    """One call and what it gives.

    Attributes
    ----------
    id : str
        Stable within the metric.
    law : str
        "example" for a published or hand-worked one, "formula" for drawn inputs, else the law that it shows.
    inputs : dict
        The arguments; null is missing, dates are ISO text.
    expected : float, str or None
        The result; null where there is none.
    tolerance : float
        How far the result may be off.
    refused : str or None
        The code of the error, where the inputs must be refused.
    source : str
        Where it was published.
    """

    id: str
    law: Literal["example", "formula", "undefined", "missing", "impossible"]
    inputs: dict[str, Any]
    expected: float | str | None
    tolerance: float
    refused: str | None
    source: str


class Definition(Described):
    """One metric: what it is, what always holds of it, and cases.

    Attributes
    ----------
    id : str
        Stable for good: a formula never changes under its name.
    hash : str
        SHA-256 of what defines the figure: inputs, options, limits, formula, laws. Words may change, this may not.
    formula_text : str
        The formula on one line.
    laws : tuple of Law
        What always holds.
    cases : tuple of ConformanceCase
        Calls, and what they give.
    """

    id: str
    hash: str
    formula_text: str
    laws: tuple[Law, ...]
    cases: tuple[ConformanceCase, ...]


class Document(_Record):
    """The whole catalogue.

    Attributes
    ----------
    schema_version : str
        Of this form. Fields may be added within a version; anything else is a new one.
    library, version : str
        Who wrote it.
    metrics : tuple of Definition
        In the order of the catalogue.
    """

    schema_version: Literal["1"]
    library: Literal["csmetrics"]
    version: str
    metrics: tuple[Definition, ...]


def document() -> Document:
    """Write the catalogue as one document."""
    metrics = tuple(_definition(catalog[name]) for name in REGISTRY)
    return Document(schema_version=SCHEMA_VERSION, library="csmetrics", version=version("csmetrics"), metrics=metrics)


def definition_hash(spec: MetricSpec) -> str:
    """Give the hash of what defines a metric's figure."""
    words = {"meaning", "not_beside"}
    content = {
        "name": spec.name,
        "unit": spec.unit,
        "bounds": spec.bounds,
        "inputs": {n: given.model_dump(mode="json", exclude=words) for n, given in spec.inputs.items()},
        "options": json_ready(spec.options),
        "rules": spec.rules,
        "base": spec.base,
        "formula": spec.formula,
        "laws": [{name: value for name, value in asdict(law).items() if name != "says"} for law in spec.laws],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


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
    drawn: list[tuple[Any, list[_laws.Row]]] = [
        ("formula", _laws.rows(registration, DRAWN)),
        ("undefined", _laws.undefined_rows(registration)),
        ("missing", _laws.missing_rows(registration)),
    ]
    for law, rows in drawn:
        for number, row in enumerate(rows, 1):
            value = _laws.value(registration, row)
            tolerance = 1e-9 * max(1.0, abs(value)) if isinstance(value, (int, float)) else 0.0
            yield _case(f"{law}-{number}", law, row, value, tolerance)
    for number, row in enumerate(_impossible(registration), 1):
        yield _case(f"impossible-{number}", "impossible", row, None, 0.0, refused=MetricInputError.code)


def _case(
    id: str, law: Any, inputs: Any, expected: Any, tolerance: float, source: str = "", refused: str | None = None
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


def _impossible(registration: Registration) -> Iterator[_laws.Row]:
    """Give rows that the metric refuses: beyond a limit, or a part larger than its whole."""
    if registration.reduces or registration.over_columns:
        return
    row = _laws.rows(registration, 1, seed=3)[0]
    for name, given in registration.inputs.items():
        low, high = given.quantity.low, given.quantity.high
        beyond = [*([low - 1] if low > float("-inf") else []), *([high + 1] if high < float("inf") else [])]
        if not given.quantity.choices and given.quantity.name != "date":
            yield from ({**row, name: value} for value in beyond)
    for rule in registration.rules:
        (part, *_), wholes = rule.parts, rule.wholes
        if registration.inputs[part].quantity.name != "date" and part not in wholes:
            yield {**row, part: 1 + sum(row[n] for n in wholes)}
