"""`@metric`: what a formula says about itself beside its code. The catalogue, the accessor and the tests read it."""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from types import FunctionType, MappingProxyType
from typing import Any, Final, Literal, NamedTuple, TypeVar

from csmetrics.core._plain import plain
from csmetrics.core._sampled import Declared
from csmetrics.errors import MetricInputError, shown

Function = TypeVar("Function", bound=Callable[..., Any])

Unit = Literal["percent", "points", "ratio", "money", "days", "periods", "count", "rating", "time", "number", "band"]
Kind = Literal["flow", "stock", "level"]


WHOLE: Final = 2**50  # up to here floats add whole numbers exactly, and no product of a formula overflows


class Quantity(NamedTuple):
    """What an input measures, and between which values that is possible.

    Attributes
    ----------
    name
        What it measures: "count", "money", "percent".
    low, high
        The least and the largest possible value.
    choices, synonyms
        The words it may be, where it is a word, and for each of them the words that mean the same.
    hint
        What to do about a value beyond the limits.
    usual
        Between which values a formula needs no second look at a plain number.
    """

    name: str
    low: float = 0.0
    high: float = inf
    choices: tuple[str, ...] = ()
    hint: str = ""
    synonyms: tuple[tuple[str, ...], ...] = ()
    usual: tuple[float, float] = (-WHOLE, WHOLE)

    @property
    def rule(self) -> str:
        """The limits in words."""
        if -inf < self.low and self.high < inf:
            return f"must be between {self.low:g} and {self.high:g}"
        return f"must be >= {self.low:g}" if -inf < self.low else f"must be <= {self.high:g}"

    @property
    def words(self) -> dict[str, str]:
        """All words that it may be, each with the choice that it means."""
        alike = zip(self.choices, self.synonyms, strict=True)
        return {word: choice for choice, others in alike for word in (choice, *others)}

    def meant(self, said: Any) -> str | None:
        """Return the choice that a word means, in upper or lower case; None where it means none of them."""
        return self.words.get(said.lower()) if isinstance(said, str) else None

    def nearest(self, said: Any) -> str:
        """Guess which choice was meant, for the end of an error."""
        words = self.words
        close = difflib.get_close_matches(said[:_LONGEST].lower(), words, n=1) if isinstance(said, str) else []
        return f"did you mean {words[close[0]]!r}?" if close else ""


COUNT = Quantity("count")
MONEY = Quantity("money")
SIGNED_MONEY = Quantity("money", low=-inf)
DURATION = Quantity("time")
NUMBER = Quantity("number", low=-inf)
AMOUNT = Quantity("number")
PERCENT = Quantity("percent", high=100.0, hint="rates are percent: 5 is 5 %")
OPEN_PERCENT = Quantity("percent", hint="rates are percent: 105 is 105 %")
# Plain numbers below 0 get a second look: a margin below 0 never pays anything back
MARGIN = Quantity("percent", low=-inf, high=100.0, hint="rates are percent: 80 is 80 %", usual=(0.0, WHOLE))
SCORE = Quantity("points", high=100.0, hint="bring it to 0 to 100 first, with normalize_score")
ANSWERS = Quantity("answers", low=-inf)
DATE = Quantity("date", low=-inf)


def choice(**choices: Sequence[str]) -> Quantity:
    """One word of a few, each with the words that mean the same."""
    return Quantity("choice", choices=tuple(choices), synonyms=tuple(map(tuple, choices.values())))


class Input(NamedTuple):
    """One input of a formula.

    Flows add over segments and time; stocks over segments, never over time; levels never add.
    """

    kind: Kind
    quantity: Quantity


def flow(quantity: Quantity) -> Input:
    """What happened in the period: adds over segments and over time."""
    return Input("flow", quantity)


def stock(quantity: Quantity) -> Input:
    """What exists at an instant: adds over segments, never over time."""
    return Input("stock", quantity)


def level(quantity: Quantity) -> Input:
    """A rate, an average, a date: never adds."""
    return Input("level", quantity)


class Rule(NamedTuple):
    """The sum of `parts` is at most the sum of `wholes`."""

    parts: tuple[str, ...]
    wholes: tuple[str, ...]
    hint: str = ""

    def __str__(self) -> str:
        return f"{' + '.join(self.parts)} <= {' + '.join(self.wholes)}"


def at_most(parts: str | Sequence[str], wholes: str | Sequence[str], hint: str = "") -> Rule:
    """Declare that a part (or a sum of parts) never exceeds its whole."""
    return Rule(_names(parts), _names(wholes), hint)


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


@dataclass(frozen=True, eq=False)  # each is itself alone: what is made of one is kept by it
class Registration:
    """One formula: the function and what was declared of it."""

    name: str
    function: Callable[..., Any]
    family: str
    title: str
    aliases: tuple[str, ...]
    questions: tuple[str, ...]  # what people ask when they need it
    unit: Unit
    better: Literal["higher", "lower", "neither"]
    bounds: tuple[float | None, float | None]
    inputs: dict[str, Input]
    rules: tuple[Rule, ...]
    base: str
    reduces: bool
    over_columns: bool
    not_beside: dict[str, str]  # optional inputs that are not taken from a frame which has another column, too
    own_base: tuple[dict[str, str], ...]  # columns of a frame that are taken before those of the inputs' names
    rises: tuple[str, ...]
    falls: tuple[str, ...]
    rivals: dict[str, Callable[..., Any]]  # by the words with which the docstring begins to tell of each
    positional: tuple[str, ...]  # arguments that need no name
    defaults: dict[str, Any] = field(repr=False)
    options: dict[str, Any] = field(repr=False)
    sampled: Declared | None = None  # what its interval is made of, where the inputs do not tell


REGISTRY: dict[str, Registration] = {}


_LONGEST = 80  # letters of a misspelt name that are compared


def metric_words() -> dict[str, str]:
    """Map the words for metrics, their names and aliases, to their names."""
    aliases = {alias.lower().replace(" ", "_"): spec.name for spec in REGISTRY.values() for alias in spec.aliases}
    return aliases | {name: name for name in REGISTRY}


def nearest(name: Any, known: Mapping[str, str] | None = None, otherwise: str = "") -> str:
    """Guess what was meant by a misspelt name, for the end of an error.

    Parameters
    ----------
    name
        What was asked for.
    known
        The words that may have been meant, and how the hint calls each; by default those for metrics.
    otherwise
        What to say where no word is near.
    """
    words = {word: repr(metric) for word, metric in metric_words().items()} if known is None else known
    asked = name[:_LONGEST].replace(" ", "_") if isinstance(name, str) else ""
    near = [(way, word) for way in (asked, asked.lower()) for word in difflib.get_close_matches(way, words, n=1)]
    if not near:
        return otherwise or f"csm.catalog.find({shown(name)}) searches"
    _, word = max(near, key=lambda pair: difflib.SequenceMatcher(None, *pair).ratio())
    return f"did you mean {words[word]}?"


def registered(metric: Callable[..., Any] | str, asked_by: str) -> Registration:
    """Find a metric by its name or function; `asked_by` names the caller in the error."""
    name = plain(metric) if isinstance(metric, str) else metric.__name__ if isinstance(metric, FunctionType) else ""
    spec = REGISTRY.get(name)
    if spec is not None and (isinstance(metric, str) or spec.function is metric):
        return spec
    rule = "must be a metric of csmetrics or its name"
    hint = "such as csm.churn_rate; csm.catalog.find(words) searches"
    if type(metric).__name__ == "MetricSpec":  # an entry of the catalogue
        hint = repr(vars(metric).get("name"))
    raise MetricInputError(asked_by, "metric", rule, f"got {shown(metric)}", nearest(name) if name else hint)


REQUIRED = inspect.Parameter.empty


def parameters(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the arguments and their defaults; `inspect.signature` would take a good part of the import's time."""
    code = function.__code__
    places, words = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    defaults = dict(zip(reversed(code.co_varnames[:places]), reversed(function.__defaults__ or ()), strict=False))
    defaults |= function.__kwdefaults__ or {}
    return {name: defaults.get(name, REQUIRED) for name in code.co_varnames[:words]}


def metric(
    *,
    title: str,
    unit: Unit,
    better: Literal["higher", "lower", "neither"],
    inputs: dict[str, Input],
    aliases: Sequence[str] = (),
    questions: Sequence[str] = (),
    bounds: tuple[float | None, float | None] = (None, None),
    rules: Sequence[Rule] = (),
    base: str = "",
    reduces: bool = False,
    over_columns: bool = False,
    not_beside: Mapping[str, str] = MappingProxyType({}),
    own_base: Mapping[str, str] | Sequence[Mapping[str, str]] = (),
    rises: Sequence[str] = (),
    falls: Sequence[str] = (),
    rivals: Mapping[str, Callable[..., Any]] = MappingProxyType({}),
    sampled: Declared | None = None,
) -> Callable[[Function], Function]:
    """Register a formula. The function itself is returned: nothing wraps a call.

    Parameters
    ----------
    title, aliases
        The field's words for it; ``catalog.find`` searches them.
    questions
        One to three questions in a person's words that it answers; ``catalog.find`` searches them, too.
    unit, better, bounds
        What comes out, which direction is good, and between which values it lies.
    inputs
        Argument name to `flow(...)`, `stock(...)` or `level(...)`, in the order of the signature.
    rules
        `at_most(part, whole)` for inputs that are parts of others.
    base
        What stands below the line, in argument names: where it is 0 the metric is undefined.
    reduces
        True where the inputs are whole columns of raw answers or dates and one number comes out.
    over_columns
        True where the first input has one value per component, which in a frame are several columns.
    not_beside
        Optional inputs, each with a column beside which a cohort frame gives them only where they are named.
    own_base
        Inputs whose plain names several metrics share, each with the column that is this metric's own: a cohort frame
        that has it gives it before the plain one. Several mappings are alternatives, of which a frame may have one.
    rises, falls
        Inputs of which more, all else the same, never lowers or never raises the result.
    rivals
        Other definitions that can be computed: the words with which the docstring's list begins to tell of it, and a
        function of inputs of this metric or of others, by their names, in the unit of this metric.
    sampled
        Which kind of interval the figure has, from which sums, or why none: where its inputs do not tell.
    """

    def register(function: Function) -> Function:
        name = function.__name__
        arguments = parameters(function)
        own = (own_base,) if isinstance(own_base, Mapping) else tuple(own_base)
        parts = {p for rule in rules for p in (*rule.parts, *rule.wholes)}
        named = {*not_beside, *rises, *falls, *parts, *(p for columns in own for p in columns)}
        if list(inputs) != [p for p in arguments if p in inputs] or not named <= set(inputs):
            raise TypeError(
                f"@metric on {name}: inputs, own_base, rules, rises and falls must name its arguments, in their order"
            )
        if any(arguments[p] is REQUIRED for p in not_beside):
            raise TypeError(f"@metric on {name}: not_beside must name arguments with a default")
        if name in REGISTRY and REGISTRY[name].function.__module__ != function.__module__:
            raise TypeError(f"@metric: {name} is registered already, by {REGISTRY[name].function.__module__}")
        registration = Registration(
            name=name,
            function=function,
            family=function.__module__.rpartition(".")[2],
            title=title,
            aliases=tuple(aliases),
            questions=tuple(questions),
            unit=unit,
            better=better,
            bounds=bounds,
            inputs=inputs,
            rules=tuple(rules),
            base=base,
            reduces=reduces,
            over_columns=over_columns,
            not_beside=dict(not_beside),
            own_base=tuple(map(dict, own)),
            rises=tuple(rises),
            falls=tuple(falls),
            rivals=dict(rivals),
            positional=function.__code__.co_varnames[: function.__code__.co_argcount],
            defaults={p: v for p, v in arguments.items() if p in inputs and v is not REQUIRED},
            options={p: v for p, v in arguments.items() if p not in inputs},
            sampled=sampled,
        )
        REGISTRY[name] = registration
        # so that a star import of a family brings its metrics and nothing else
        public = vars(sys.modules[function.__module__]).setdefault("__all__", [])
        if name not in public:
            public.append(name)
        return function

    return register
