"""The formulas as data: `csm.catalog`. Everything in it comes from the functions, their docstrings and examples."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.resources import files
from math import isinf
from typing import Any, Literal, overload

from pydantic import BaseModel, ConfigDict

from csmetrics._catalog import display, models
from csmetrics._catalog.compute import compute
from csmetrics._catalog.docstring import PITFALLS, RIVALS, Docstring
from csmetrics._catalog.laws import Law, laws
from csmetrics._catalog.models import inputs_model, instant, result_model, takes_dates
from csmetrics._catalog.once import once
from csmetrics.core._registry import REGISTRY, Kind, Registration, Unit
from csmetrics.core._sums import METHODS, PER_CUSTOMER, Sampled, sampled_of


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class InputSpec(_Record):
    """One input of a metric.

    Attributes
    ----------
    kind : {"flow", "stock", "level"}
        Flows can be added over segments and time, stocks over segments only, levels never.
    quantity : str
        What the input measures: "count", "money", "percent", ...
    low, high : float or None
        The lowest and the highest possible value; None if there is no limit.
    choices : tuple of str
        The possible words, for an input that is a word.
    default : object
        The value that is used if the input is not given; see `required`.
    required : bool
        Whether the input must be given.
    not_beside : str or None
        A column of the cohort frame. If the frame has it, this input is taken from the frame only if it is named.
    meaning : str
        What to pass for the input.
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


class IntervalSpec(_Record):
    """Which interval a metric has.

    Attributes
    ----------
    kind : str
        What its figure is a sample of: "share", "trinomial", "mean", "net", ..., "none".
    methods : tuple of str
        The methods of `csmetrics.interval`, the default first; empty where it has none.
    totals : tuple of str
        The totals that its interval is made of.
    customers : bool
        Whether rows of customers are needed (or sums of squares over them), as totals do not tell.
    reason : str
        Why it has none, or what to know about the one it has.
    """

    kind: str
    methods: tuple[str, ...]
    totals: tuple[str, ...]
    customers: bool
    reason: str


class Example(_Record):
    """One worked example.

    Attributes
    ----------
    id : str
        Stable name of the example.
    inputs : dict
        Arguments of the call.
    expected : float, str or None
        The result; None if the metric has no value.
    tolerance : float
        How far the result may be off: published figures are rounded.
    source : str
        Where it was published, or "worked by hand".
    note : str
        Remarks, for example on an error in the source.
    """

    id: str
    inputs: dict[str, Any]
    expected: float | str | None
    tolerance: float
    source: str
    note: str


class Described(_Record):
    """The fields that a metric has both in the catalogue and in its document."""

    name: str
    title: str
    aliases: tuple[str, ...]
    questions: tuple[str, ...]
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
        The name of the function, the full name, and other names in use.
    questions : tuple of str
        Questions in a person's words that it answers.
    family : str
        The module of `csmetrics.core` that has the formula.
    summary : str
        What the metric measures, in one sentence.
    unit : str
        The unit of the result: "percent", "points", "ratio", "money", "days", ...
    direction : {"higher", "lower", "neither"}
        Whether a higher or a lower figure is better.
    bounds : tuple of float or None
        The lowest and the highest possible result; None if there is no limit.
    inputs : dict of str to InputSpec
        The inputs, in the order of the arguments.
    options : dict
        Further keyword arguments and their defaults, without `undefined`, which every metric that divides takes.
    rules : tuple of str
        Which inputs are parts of which others, such as ``"lost <= start"``.
    base : str
        The denominator: the metric is undefined where it is 0. Empty if the metric does not divide.
    formula : str
        The formula in LaTeX.
    notes : str
        Remarks.
    rivals, pitfalls, references : tuple of str
        Other definitions in use, common mistakes, sources.
    examples : tuple of Example
        Worked examples with their sources.
    interval : IntervalSpec
        Which interval it has, or why none.
    """

    notes: str
    examples: tuple[Example, ...]
    interval: IntervalSpec

    @property
    def function(self) -> Callable[..., Any]:
        """The function that computes the metric."""
        return REGISTRY[self.name].function

    @property
    def laws(self) -> tuple[Law, ...]:
        """What is always true of the metric: its bounds, its scale, when it is undefined or missing, and so on."""
        return laws(REGISTRY[self.name])

    @property
    def Inputs(self) -> type[models.Inputs]:  # noqa: N802 - a class
        """The pydantic model of the inputs and options: strict, frozen, without further fields; null is missing."""
        return inputs_model(REGISTRY[self.name])

    @property
    def Result(self) -> type[models.Result]:  # noqa: N802 - a class
        """The pydantic model of the result: metric, value (null if there is none), unit, status."""
        return result_model(REGISTRY[self.name])

    @overload
    def compute(self, document: str | bytes | bytearray | Mapping[str, Any] | models.Inputs, /) -> models.Result: ...

    @overload
    def compute(self, /, **inputs: Any) -> Any: ...

    def compute(self, /, *document: Any, **inputs: Any) -> Any:
        """Compute the metric from a document of inputs, or from keyword arguments as the function does.

        Parameters
        ----------
        document
            JSON text, a mapping or an instance of `Inputs`. A missing value is null or None.
        **inputs
            The arguments of the function, instead of a document.

        Returns
        -------
        Result, or what the function returns
            A `Result` for a document; the plain figure for keyword arguments.

        Raises
        ------
        MetricInputError
            If the document is not valid JSON or breaks the schema, or if the metric rejects its values.
        UndefinedMetricError
            If the metric is undefined and the document says ``"undefined": "raise"``.
        TypeError
            If both a document and keyword arguments are given, or neither.

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
        return compute(REGISTRY[self.name], document[0])

    def __reduce__(self) -> Any:
        return _known, (self.name,)  # pickled by name, so that `spec.compute` works in a process pool

    def __str__(self) -> str:
        better = "" if self.direction == "neither" else f", {self.direction} is better"
        return f"{self.name}({', '.join(self.inputs)}): {self.title} ({self.unit}{better})"

    def __repr__(self) -> str:
        return f"<MetricSpec {self}>"

    def _repr_html_(self) -> str:
        """Show the metric in a notebook, its formula as MathML."""
        return display.one(self)


def _known(name: str) -> MetricSpec:
    return metric_spec(REGISTRY[name])


@once
def metric_spec(spec: Registration) -> MetricSpec:
    """Collect everything about a metric from its function, docstring and examples."""
    doc = Docstring(spec.function)
    return MetricSpec(
        name=spec.name,
        title=spec.title,
        aliases=spec.aliases,
        questions=spec.questions,
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
        examples=tuple(Example(**row) for row in _examples(spec.family) if row.pop("metric") == spec.name),
        interval=_interval_spec(sampled_of(spec)),
    )


def _interval_spec(sums: Sampled) -> IntervalSpec:
    customers = sums.rows or sums.kind in PER_CUSTOMER
    return IntervalSpec(
        kind=sums.kind, methods=METHODS[sums.kind], totals=sums.totals, customers=customers, reason=sums.reason
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
    """Read the worked examples of a family of formulas; dates in them become datetimes."""
    source = files("csmetrics.core").joinpath(f"{family}.jsonl")
    rows = [json.loads(line) for line in source.read_text("utf-8").splitlines()] if source.is_file() else []
    for row in rows:
        spec = REGISTRY[row["metric"]]
        row["inputs"] = {name: dated(spec, name, value) for name, value in row["inputs"].items()}
        row["tolerance"] = float(row["tolerance"])
    return rows


def dated(spec: Registration, name: str, value: Any) -> Any:
    """Return ISO text and dates as datetimes if the input or option takes dates, and everything else unchanged."""
    if not takes_dates(spec, name):
        return value
    return [_datetime(one) for one in value] if isinstance(value, list) else _datetime(value)


def _datetime(value: Any) -> Any:
    with suppress(ValueError):  # the metric rejects what is not a date
        return instant(value)
    return value
