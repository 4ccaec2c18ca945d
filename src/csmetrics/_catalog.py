"""The formulas as data: `csm.catalog`. Everything in it is read off the functions, their docstrings and examples."""

from __future__ import annotations

import difflib
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.resources import files
from math import isinf
from typing import Any, Literal, overload

from pydantic import BaseModel, ConfigDict

from csmetrics import _models
from csmetrics._docstring import PITFALLS, RIVALS, Docstring
from csmetrics._laws import Law, laws
from csmetrics.core._registry import REGISTRY, Kind, Registration, Unit, nearest
from csmetrics.errors import MetricInputError, shown


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class InputSpec(_Record):
    """One input of a metric.

    Attributes
    ----------
    kind : {"flow", "stock", "level"}
        Flows add over segments and time, stocks over segments only, levels never.
    quantity : str
        What it measures: "count", "money", "percent", ...
    low, high : float or None
        The values that are possible.
    choices : tuple of str
        The words that are possible, for an input that is a word.
    default : object
        The value where the input is not given; see `required`.
    required : bool
        Whether the input must be given.
    not_beside : str or None
        The column beside which a cohort frame gives it only where it is named.
    meaning : str
        What to put there.
    """

    kind: Kind
    quantity: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    default: Any
    required: bool
    not_beside: str | None
    meaning: str


class Example(_Record):
    """One worked example.

    Attributes
    ----------
    id : str
        Stable name of the example.
    inputs : dict
        Arguments of the call.
    expected : float, str or None
        The result; None where it is missing.
    tolerance : float
        How far the result may be off: published figures are rounded.
    source : str
        Where it was published, or "worked by hand".
    note : str
        Remarks, such as an error in the source.
    """

    id: str
    inputs: dict[str, Any]
    expected: float | str | None
    tolerance: float
    source: str
    note: str


class Described(_Record):
    """What a metric says of itself, in the catalogue and in the document that is made of it."""

    name: str
    title: str
    aliases: tuple[str, ...]
    family: str
    summary: str
    unit: Unit
    direction: Literal["higher", "lower", "neither"]
    bounds: tuple[float | None, float | None]
    inputs: dict[str, InputSpec]
    options: dict[str, Any]
    rules: tuple[str, ...]
    base: str
    formula: str
    rivals: tuple[str, ...]
    pitfalls: tuple[str, ...]
    references: tuple[str, ...]


class MetricSpec(Described):
    """One metric as data.

    Attributes
    ----------
    name, title, aliases : str, str, tuple of str
        What it is called: by the function, in full, and in the field.
    family : str
        The module of `csmetrics.core` that holds it.
    summary : str
        What it measures, in a sentence.
    unit : str
        What comes out: "percent", "points", "ratio", "money", "days", ...
    direction : {"higher", "lower", "neither"}
        Which way is better.
    bounds : tuple of float or None
        Between which values the result lies.
    inputs : dict of str to InputSpec
        The arguments, in their order.
    options : dict
        Further keyword arguments and their defaults; `undefined`, which all take that divide, is not repeated.
    rules : tuple of str
        Which inputs are parts of which, such as ``"lost <= start"``.
    base : str
        What stands below the line: where it is 0 the metric is undefined. Empty where nothing does.
    formula : str
        LaTeX.
    notes : str
        Remarks.
    rivals, pitfalls, references : tuple of str
        Other definitions in use, what goes wrong, sources.
    examples : tuple of Example
        Worked examples with their sources.
    """

    notes: str
    examples: tuple[Example, ...]

    @property
    def function(self) -> Callable[..., Any]:
        """The function that computes it."""
        return REGISTRY[self.name].function

    @property
    def laws(self) -> tuple[Law, ...]:
        """What always holds of it: undefined, missing, bounds, scale, monotony, part and whole, percent, all digits."""
        return laws(REGISTRY[self.name])

    @property
    def Inputs(self) -> type[_models.Inputs]:  # noqa: N802 - a class
        """The pydantic model of the inputs and options: strict, frozen, nothing besides them; null is missing."""
        return _models.inputs_model(self.name)

    @property
    def Result(self) -> type[_models.Result]:  # noqa: N802 - a class
        """The pydantic model of the result: metric, value (null where there is none), unit, status."""
        return _models.result_model(self.name)

    @overload
    def compute(self, document: str | bytes | bytearray | Mapping[str, Any] | _models.Inputs, /) -> _models.Result: ...

    @overload
    def compute(self, /, **inputs: Any) -> Any: ...

    def compute(self, /, *document: Any, **inputs: Any) -> Any:
        """Compute the metric from a document (JSON text, a mapping, `Inputs`), or as the function does.

        Parameters
        ----------
        document
            JSON text, a mapping or an instance of `Inputs`. Missing is null.
        **inputs
            The arguments of the function, instead of a document.

        Returns
        -------
        Result or what the function returns
            A document gives a `Result`; keywords give the plain figure.

        Raises
        ------
        MetricInputError
            If the document is not valid JSON, breaks the schema, or the metric refuses its values.
        UndefinedMetricError
            If the metric has no value and the document says ``"undefined": "raise"``.
        TypeError
            If both a document and keywords are given, or neither.

        Examples
        --------
        >>> import csmetrics as csm
        >>> csm.catalog["churn_rate"].compute('{"lost": 5, "start": 100}').model_dump()
        {'metric': 'churn_rate', 'value': 5.0, 'unit': 'percent', 'status': 'ok'}
        >>> csm.catalog["churn_rate"].compute({"lost": 0, "start": 0}).model_dump_json()
        '{"metric":"churn_rate","value":null,"unit":"percent","status":"undefined"}'
        >>> csm.catalog["churn_rate"].compute(lost=5, start=100)
        5.0
        """
        if not document:
            return self.function(**inputs)
        if inputs or len(document) > 1:
            raise TypeError(f"{self.name}: compute() takes one document, or the inputs by keyword")
        return _models.compute(REGISTRY[self.name], document[0])

    def __str__(self) -> str:
        better = "" if self.direction == "neither" else f", {self.direction} is better"
        return f"{self.name}({', '.join(self.inputs)}): {self.title} ({self.unit}{better})"

    def __repr__(self) -> str:
        return f"<MetricSpec {self}>"


class Catalog(Mapping[str, MetricSpec]):
    """All metrics by name. Iterating gives the names; `find` looks one up in the field's words.

    Examples
    --------
    >>> import csmetrics as csm
    >>> csm.catalog["churn_rate"].unit
    'percent'
    >>> [spec.name for spec in csm.catalog.find("logo churn", limit=1)]
    ['churn_rate']
    """

    def __getitem__(self, name: str) -> MetricSpec:
        if name not in self:
            raise KeyError(f"no metric {shown(name)}; {nearest(name)}")
        return _metric_spec(name)

    def __iter__(self) -> Iterator[str]:
        return iter(REGISTRY)

    def __len__(self) -> int:
        return len(REGISTRY)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in REGISTRY

    def __repr__(self) -> str:
        return f"<csmetrics catalog: {len(self)} metrics>"

    def find(self, words: str, *, limit: int = 5) -> list[MetricSpec]:
        """Find metrics by name, title or the field's other words for them.

        Parameters
        ----------
        words
            What to look for; case, punctuation and small misspellings do not matter.
        limit
            At most so many, 1 or more.

        Returns
        -------
        list of MetricSpec
            Best match first; empty where nothing is near.

        Raises
        ------
        MetricInputError
            If `words` is no text or empty, or `limit` is no whole number of 1 or more.

        Examples
        --------
        >>> import csmetrics as csm
        >>> [spec.name for spec in csm.catalog.find("NDR", limit=1)]
        ['nrr']
        """
        if not isinstance(words, str) or not _tokens(words[:_LONGEST]):
            raise MetricInputError("catalog.find", "words", "must be text to look for", f"got {shown(words)}")
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            rule = "must be a whole number of 1 or more"
            raise MetricInputError("catalog.find", "limit", rule, f"got {shown(limit)}")
        asked = words[:_LONGEST]
        scored = [(_likeness(asked, spec), -place, spec.name) for place, spec in enumerate(REGISTRY.values())]
        return [self[name] for score, _, name in sorted(scored, reverse=True)[:limit] if score >= 0.5]

    def to_json(self, *, indent: int | None = None) -> str:
        """Write the whole catalogue as one JSON document, from which another language can verify itself.

        Parameters
        ----------
        indent
            Spaces by which to indent; none, and no line breaks, by default.

        Returns
        -------
        str
            ``schema_version``, ``library``, ``version`` and ``metrics``: of each its id, a hash of what defines it,
            inputs, formula, laws, rivals, sources, and cases with what they give. Missing is null. The hash changes
            with the definition and never with its wording, and a formula never changes under its name.

        See Also
        --------
        json_schema

        Examples
        --------
        >>> import json
        >>> import csmetrics as csm
        >>> churn = json.loads(csm.catalog.to_json())["metrics"][0]
        >>> churn["id"], churn["formula_text"]
        ('csmetrics:churn_rate', 'churn rate = lost / start × 100')
        >>> [case["expected"] for case in churn["cases"] if case["law"] == "undefined"]
        [None]
        """
        from csmetrics._conformance import document

        return document().model_dump_json(indent=indent)

    def json_schema(self) -> dict[str, Any]:
        """Give the JSON Schema of the document that `to_json` writes.

        Returns
        -------
        dict
            JSON Schema, draft 2020-12.

        Examples
        --------
        >>> import csmetrics as csm
        >>> csm.catalog.json_schema()["required"]
        ['schema_version', 'library', 'version', 'metrics']
        """
        from csmetrics._conformance import Document

        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Document.model_json_schema()}


catalog = Catalog()


def _metric_spec(name: str) -> MetricSpec:
    spec = REGISTRY[name]
    doc = Docstring(spec.function)
    return MetricSpec(
        name=name,
        title=spec.title,
        aliases=spec.aliases,
        family=spec.family,
        summary=doc.summary,
        unit=spec.unit,
        direction=spec.better,
        bounds=spec.bounds,
        inputs={n: _input_spec(spec, n, doc.parameters.get(n, "")) for n in spec.inputs},
        options={n: None if v is inspect.Parameter.empty else v for n, v in spec.options.items() if n != "undefined"},
        rules=tuple(map(str, spec.rules)),
        base=spec.base,
        formula=doc.formula,
        notes=doc.notes,
        rivals=doc.bullets(RIVALS),
        pitfalls=doc.bullets(PITFALLS),
        references=doc.references,
        examples=tuple(Example(**row) for row in _examples(spec.family) if row.pop("metric") == name),
    )


def _input_spec(spec: Registration, name: str, meaning: str) -> InputSpec:
    declared = spec.inputs[name]
    low, high = (None if isinf(x) else x for x in (declared.quantity.low, declared.quantity.high))
    return InputSpec(
        kind=declared.kind,
        quantity=declared.quantity.name,
        low=None if declared.quantity.choices else low,
        high=high,
        choices=declared.quantity.choices,
        default=spec.defaults.get(name),
        required=name not in spec.defaults,
        not_beside=spec.not_beside.get(name),
        meaning=meaning,
    )


def _examples(family: str) -> list[dict[str, Any]]:
    """Read the worked examples beside a family's formulas; dates in them become datetimes."""
    source = files("csmetrics.core").joinpath(f"{family}.jsonl")
    rows = [json.loads(line) for line in source.read_text("utf-8").splitlines()] if source.is_file() else []
    for row in rows:
        spec = REGISTRY[row["metric"]]
        row["inputs"] = {name: dated(spec, name, value) for name, value in row["inputs"].items()}
        row["tolerance"] = float(row["tolerance"])
    return rows


def dated(spec: Registration, name: str, value: Any) -> Any:
    """Take ISO text and dates as datetimes where an argument, input or option, takes dates; leave all else."""
    if not _models.takes_dates(spec, name):
        return value
    return [_datetime(one) for one in value] if isinstance(value, list) else _datetime(value)


def _datetime(value: Any) -> Any:
    with suppress(ValueError):  # what is no date is for the metric to refuse
        return _models.instant(value)
    return value


_LONGEST = 200  # letters that are looked for
_FILLERS = {"the", "of", "a", "an", "by", "to", "for", "our", "per", "number", "is", "are", "do", "does"}
_COMMON = {"customer", "rate", "user"}  # words of so many metrics that they tell little


def _likeness(words: str, spec: Registration) -> float:
    """Say how near words are to a metric, 0 to 1."""
    asked = _tokens(words)
    return max(_nearness(asked, _tokens(phrase)) for phrase in (spec.name, spec.title, *spec.aliases))


def _nearness(asked: tuple[str, ...], phrase: tuple[str, ...]) -> float:
    if asked == phrase:
        return 1.0
    same = [[_same(a, p) for p in phrase] for a in asked]
    best = [*map(max, same), *map(max, zip(*same, strict=True))]
    weights = [0.5 if token in _COMMON else 1.0 for token in (*asked, *phrase)]
    covered = sum(weight * likeness for weight, likeness in zip(weights, best, strict=True))
    if not covered:  # spelling alone says nothing, and is slow to compare
        return 0.0
    spelling = difflib.SequenceMatcher(None, " ".join(asked), " ".join(phrase)).ratio()
    return float(0.95 * (0.7 * covered / sum(weights) + 0.3 * spelling))


@lru_cache(maxsize=10_000)  # the same few words meet in every phrase
def _same(one: str, other: str) -> float:
    if one == other:
        return 1.0
    short, long = sorted((len(one), len(other)))
    if short <= 3 or short < 0.6 * long:  # lengths so far apart are never 0.75 alike
        return 0.0
    likeness = difflib.SequenceMatcher(None, one, other).ratio()
    return likeness if likeness >= 0.75 else 0.0


def _tokens(words: str) -> tuple[str, ...]:
    """Words in lower case, American spelling, without plurals or fillers."""
    spelled = re.sub(r"is(ation|e|ed|ing)\b", r"iz\1", words.lower())
    tokens = re.findall(r"[a-z0-9]+", spelled)
    kept = [t.removesuffix("s") if len(t) > 3 and not t.endswith("ss") else t for t in tokens]
    return tuple(t for t in kept if t not in _FILLERS) or tuple(kept)
