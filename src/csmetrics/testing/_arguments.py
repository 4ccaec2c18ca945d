"""Which argument of somebody's own function is which input of a metric."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from csmetrics.core._registry import REGISTRY, REQUIRED, Registration
from csmetrics.errors import MetricInputError, shown

COUNTED = {name for spec in REGISTRY.values() for name, given in spec.inputs.items() if given.kind != "level"}
KNOWN = {name for spec in REGISTRY.values() for name in spec.inputs}
NEWCOMERS = ("new", "new_mrr")

# Words that are said for the same thing; the first of each line is the one of the formulas
SYNONYMS = {
    word: line.split()[0]
    for line in (
        "start opening beginning begin initial starting previous prior old",
        "end closing ending final",
        "lost churned churn cancelled canceled cancellation cancellations gone",
        "contraction downgrade downgrades downgraded downsell",
        "expansion upgrade upgrades upsell upsells",
        "new acquired",
        "mrr revenue",
        "cost spend expense expenses",
        "clv ltv",
        "customer account client subscriber",
    )
    for word in line.split()
}


@dataclass
class Arguments:
    """How a function is to be called.

    Attributes
    ----------
    by_name : dict
        The argument for each input, where the function has names for them.
    by_place : list of str or None
        The inputs in the order of the arguments, for a function without names.
    lone : str
        The one argument that could take all inputs: a DataFrame, or a row.
    extra : list of str
        Arguments that are inputs of other metrics.
    lacking : list of str
        Required inputs that it does not take.
    unknown : list of str
        Arguments that must be given and are no inputs of any metric.
    positional : dict
        The places of the arguments that cannot be named.
    own_default : set of str
        Inputs whose arguments have a default.
    notes : list of str
        How arguments of other names were understood.
    """

    by_name: dict[str, str] = field(default_factory=dict)
    by_place: list[str] | None = None
    lone: str = ""
    extra: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    positional: dict[str, int] = field(default_factory=dict)
    own_default: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    @property
    def taken(self) -> set[str]:
        """The inputs that it takes."""
        return set(self.by_name if self.by_place is None else self.by_place)


def wanted(spec: Registration) -> list[str]:
    """List a metric's inputs and options, but for what stands for "undefined"."""
    return [*spec.inputs, *(n for n in spec.options if n != "undefined")]


def required(spec: Registration) -> list[str]:
    """List what a metric cannot do without."""
    usual = {**spec.defaults, **{n: v for n, v in spec.options.items() if v is not REQUIRED}}
    return [n for n in wanted(spec) if n not in usual]


def read_arguments(function: Callable[..., Any], spec: Registration, names: Mapping[str, str]) -> Arguments:
    """Match a function's arguments with a metric's inputs: by the names given, by name, by their words, in order."""
    for name in names:
        if name not in wanted(spec):
            rule, hint = "is no input of this metric", f"it has {', '.join(wanted(spec))}"
            raise MetricInputError(spec.name, name, rule, f"got {name}={shown(names[name])}", hint)
    try:
        all_of_them = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # written in C
        return Arguments(by_place=required(spec))
    any_name = any(p.kind is p.VAR_KEYWORD for p in all_of_them)
    any_place = any(p.kind is p.VAR_POSITIONAL for p in all_of_them)
    parameters = {p.name: p for p in all_of_them if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    found = Arguments()
    found.positional = {n: i for i, (n, p) in enumerate(parameters.items()) if p.kind is p.POSITIONAL_ONLY}
    for name, argument in names.items():
        if not isinstance(argument, str) or (argument not in parameters and not any_name):
            rule = "must name an argument of the function"
            raise MetricInputError(spec.name, name, rule, f"it has no {shown(argument)}")
        found.by_name[name] = argument
    for name in wanted(spec):
        used = found.by_name.values()
        if name in parameters and name not in used and not _names_a_column(spec, parameters[name]):
            found.by_name.setdefault(name, name)
    left = [p for n, p in parameters.items() if n not in found.by_name.values() and not isinstance(p.default, str)]
    _match_words(found, spec, left)
    if any_name:
        found.by_name |= {n: n for n in required(spec) if n not in found.by_name}
    found.lacking = [n for n in required(spec) if n not in found.by_name]
    must = [p.name for p in left if p.default is p.empty]
    if not found.by_name and any_place and not must:
        return Arguments(by_place=required(spec))
    if not found.by_name and len(must) == 1:
        found.lone = must[0]
    places = [p.name for p in left if p.name in must and p.kind is not p.KEYWORD_ONLY]
    if 0 < len(found.lacking) <= len(places):
        pairs = dict(zip(found.lacking, places, strict=False))
        found.by_name |= pairs
        if not found.lone:
            found.notes.append(f"taken in order: {', '.join(f'{own} is {name}' for name, own in pairs.items())}")
        found.lacking = []
        must = [name for name in must if name not in pairs.values()]
    newcomers = [p.name for p in left if p.name in NEWCOMERS and p.name not in must]
    if found.lone:
        newcomers, must = [], []
    found.extra = [*(name for name in must if name in KNOWN), *newcomers]
    found.unknown = [name for name in must if name not in KNOWN]
    found.own_default = {n for n, own in found.by_name.items() if own in parameters and _has_default(parameters[own])}
    return found


def _has_default(parameter: inspect.Parameter) -> bool:
    return parameter.default is not parameter.empty


def _names_a_column(spec: Registration, parameter: inspect.Parameter) -> bool:
    """Tell whether an argument is the name of a column, as in ``def churn(df, lost="lost")``."""
    words = parameter.name in spec.options or spec.inputs[parameter.name].quantity.choices
    return isinstance(parameter.default, str) and not words


def _match_words(found: Arguments, spec: Registration, left: list[inspect.Parameter]) -> None:
    """Match names of which one holds the other: ``lost_customers`` for `lost`, ``expansion`` for `expansion_mrr`."""
    while True:
        open_ = [n for n in wanted(spec) if n not in found.by_name and n in spec.inputs]
        # an input that need not be given is not looked for among arguments that need not be, either
        near = {
            n: [p for p in left if _akin(n, p.name) and not (n in spec.defaults and _has_default(p))] for n in open_
        }
        pairs = [
            (n, some[0])
            for n, some in near.items()
            if len(some) == 1 and [m for m in open_ if some[0] in near[m]] == [n]
        ]
        if not pairs:
            return
        name, parameter = pairs[0]
        found.by_name[name] = parameter.name
        found.notes.append(f"`{parameter.name}` is taken for {name}")
        left.remove(parameter)


def _akin(one: str, other: str) -> bool:
    one_words, other_words = _words(one), _words(other)
    return bool(one_words and other_words) and (one_words <= other_words or other_words <= one_words)


def _words(name: str) -> set[str]:
    words = re.findall(r"[a-z0-9]+", name.lower())
    return {SYNONYMS.get(word, SYNONYMS.get(word.removesuffix("s"), word.removesuffix("s"))) for word in words}
