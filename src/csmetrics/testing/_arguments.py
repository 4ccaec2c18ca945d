"""Find out which argument of a user's function is which input of a metric."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from csmetrics._frames.words import TELLING, words
from csmetrics.core._plain import plain
from csmetrics.core._registry import REGISTRY, REQUIRED, Registration, parameters
from csmetrics.errors import MetricInputError, shown

COUNTED = {name for spec in REGISTRY.values() for name, given in spec.inputs.items() if given.kind != "level"}
KNOWN = {name for spec in REGISTRY.values() for name in spec.inputs}
NEWCOMERS = ("new", "new_mrr")


@dataclass
class Arguments:
    """How to call a user's function.

    Attributes
    ----------
    by_name : dict
        The argument for each input, if the function names its arguments.
    by_place : list of str or None
        The inputs in the order of the arguments, for a function without named arguments.
    lone : str
        The only argument, if it could take all inputs as a DataFrame or a row.
    extra : list of str
        Arguments that are inputs of other metrics.
    lacking : list of str
        Required inputs that the function does not take.
    foreign : dict
        The arguments that take the place of an input although their name means something else.
    unknown : list of str
        Required arguments that are not inputs of any metric.
    in_order : dict
        The arguments that were matched by their position alone, by input.
    columns : dict
        The names of the inputs in the function's row or DataFrame, where they differ from the metric's.
    positional : dict
        The positions of positional-only arguments.
    own_default : set of str
        Inputs whose argument has a default.
    notes : list of str
        How arguments with other names were understood.
    """

    by_name: dict[str, str] = field(default_factory=dict)
    by_place: list[str] | None = None
    lone: str = ""
    extra: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    foreign: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    in_order: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    positional: dict[str, int] = field(default_factory=dict)
    own_default: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    @property
    def taken(self) -> set[str]:
        """The inputs that the function takes."""
        return set(self.by_name if self.by_place is None else self.by_place)


def wanted(spec: Registration) -> list[str]:
    """List a metric's inputs and options, except `undefined`."""
    return [*spec.inputs, *(n for n in spec.options if n != "undefined")]


def required(spec: Registration) -> list[str]:
    """List a metric's required inputs and options."""
    usual = {**spec.defaults, **{n: v for n, v in spec.options.items() if v is not REQUIRED}}
    return [n for n in wanted(spec) if n not in usual]


def read_arguments(function: Callable[..., Any], spec: Registration, names: Mapping[str, str]) -> Arguments:
    """Match arguments with inputs: by the names given, by equal names, by words in the names, by position."""
    for name in names:
        if name not in wanted(spec):
            rule, hint = "is no input of this metric", f"it has {', '.join(wanted(spec))}"
            raise MetricInputError(spec.name, name, rule, f"got {name}={shown(names[name])}", hint)
    try:
        all_of_them = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a function written in C
        return Arguments(by_place=required(spec))
    any_name = any(p.kind is p.VAR_KEYWORD for p in all_of_them)
    any_place = any(p.kind is p.VAR_POSITIONAL for p in all_of_them)
    taking = {p.name: p for p in all_of_them if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    found = Arguments()
    found.positional = {n: i for i, (n, p) in enumerate(taking.items()) if p.kind is p.POSITIONAL_ONLY}
    if names and not any_name and len(taking) == 1 < len(required(spec)) and not taking.keys() & names.values():
        # a row or a DataFrame with columns of other names
        (found.lone,), found.columns, found.lacking = taking, _named(spec, names, None), required(spec)
        return found
    found.by_name = _named(spec, names, None if any_name else set(taking))
    for name in wanted(spec):
        used = found.by_name.values()
        if name in taking and name not in used and not _names_a_column(spec, taking[name]):
            found.by_name.setdefault(name, name)
    left = [p for n, p in taking.items() if n not in found.by_name.values() and not isinstance(p.default, str)]
    _match_words(found, spec, left)
    if any_name:
        found.by_name |= {n: n for n in required(spec) if n not in found.by_name}
    found.lacking = [n for n in required(spec) if n not in found.by_name]
    must = [p.name for p in left if p.default is p.empty]
    if not found.by_name and any_place and not must:
        return Arguments(by_place=required(spec))
    if not found.by_name and len(must) == 1:
        found.lone = must[0]
    _match_places(found, spec, [p.name for p in left if p.name in must and p.kind is not p.KEYWORD_ONLY])
    must = [name for name in must if name not in found.in_order.values()]
    newcomers = [p.name for p in left if p.name in NEWCOMERS and p.name not in must]
    if found.lone:
        newcomers, must = [], []
    found.extra = [*(name for name in must if name in KNOWN), *newcomers]
    found.unknown = [name for name in must if name not in KNOWN]
    found.own_default = {n for n, own in found.by_name.items() if own in taking and _has_default(taking[own])}
    return found


def _named(spec: Registration, names: Mapping[str, str], arguments: Collection[str] | None) -> dict[str, str]:
    """Check the user's own names for inputs; every name is accepted if `arguments` is None."""
    names = {name: plain(own) for name, own in names.items()}
    for name, own in names.items():
        if not isinstance(own, str) or (arguments is not None and own not in arguments):
            rule, hint = "must name an argument of the function", f"it has {', '.join(arguments or ()) or 'none'}"
            raise MetricInputError(spec.name, name, rule, f"got {shown(own)}", hint)
        if list(names.values()).count(own) > 1:
            raise MetricInputError(spec.name, name, "must name an argument of its own", f"{shown(own)} is named twice")
    return dict(names)


def _has_default(parameter: inspect.Parameter) -> bool:
    return parameter.default is not parameter.empty


def _names_a_column(spec: Registration, parameter: inspect.Parameter) -> bool:
    """Check whether an argument is the name of a column, as in ``def churn(df, lost="lost")``."""
    words = parameter.name in spec.options or spec.inputs[parameter.name].quantity.choices
    return isinstance(parameter.default, str) and not words


def _match_words(found: Arguments, spec: Registration, left: list[inspect.Parameter]) -> None:
    """Match names by their words, as far as the match is unambiguous.

    Two names match if one contains all words of the other (``lost_customers`` and `lost`, ``expansion`` and
    `expansion_mrr`), or else if they share a word that no other input has (``end_of_month`` and `end_mrr`).
    """
    for akin in (_akin, _shares_what_tells):
        while pair := _only_pair(found, spec, left, akin):
            name, parameter = pair
            found.by_name[name] = parameter.name
            found.notes.append(f"`{parameter.name}` is taken for {name}")
            left.remove(parameter)


def _match_places(found: Arguments, spec: Registration, places: list[str]) -> None:
    """Match the remaining arguments by position, the required inputs first."""
    if len(found.lacking) > len(places):
        return
    further = [] if found.lone else [n for n in spec.defaults if n not in found.by_name and n in spec.inputs]
    strangers = [own for own in places[len(found.lacking) :] if own not in KNOWN]
    if len(strangers) > len(further):
        further = []
    found.in_order = dict(zip(found.lacking, places, strict=False)) | dict(zip(further, strangers, strict=False))
    found.by_name |= found.in_order
    found.lacking = []
    if found.in_order and not found.lone:
        found.foreign = {n: own for n, own in found.in_order.items() if something_else(spec, n, own)}
        found.notes.append(f"taken in order: {', '.join(f'{own} is {n}' for n, own in found.in_order.items())}")


def _only_pair(
    found: Arguments,
    spec: Registration,
    left: list[inspect.Parameter],
    akin: Callable[[str, str, Sequence[str]], bool],
) -> tuple[str, inspect.Parameter] | None:
    """Find an input that only one argument matches, and that argument, unless it is another input's only match."""
    inputs = [n for n in wanted(spec) if n not in found.by_name and n in spec.inputs]
    # an optional input is not matched with an optional argument
    near = {
        n: [p for p in left if akin(n, p.name, inputs) and not (n in spec.defaults and _has_default(p))] for n in inputs
    }
    alone = [(n, some[0]) for n, some in near.items() if len(some) == 1]
    # required inputs are matched before optional ones
    alone.sort(key=lambda pair: pair[0] in spec.defaults)
    for name, parameter in alone:
        rivals = [n for n, other in alone if other is parameter and n != name]
        if all(n in spec.defaults and name not in spec.defaults for n in rivals):
            return name, parameter
    return None


def _akin(one: str, other: str, _: Sequence[str]) -> bool:
    one_words, other_words = words(one), words(other)
    return bool(one_words and other_words) and (one_words <= other_words or other_words <= one_words)


def _shares_what_tells(name: str, argument: str, inputs: Sequence[str]) -> bool:
    """Check whether an argument shares a distinctive word with an input that no other input has."""
    others = {word for n in inputs if n != name for word in words(n)}
    return bool((words(name) & TELLING - others) & words(argument))


def something_else(spec: Registration, name: str, argument: str) -> bool:
    """Check whether an argument's name means something else than the input: ``end`` for `start`, ``arr`` for `mrr`."""
    own = words(name)
    of_rivals = {n for function in spec.rivals.values() for n in parameters(function)} - set(wanted(spec))
    telling = TELLING if own & TELLING else TELLING & {word for n in of_rivals for word in words(n)}
    if "mrr" in own:
        telling = telling | {"arr", "annual", "yearly"}
    if "end" in own:
        telling = telling - {"new"}  # in ``old`` and ``new``, the new value is the one at the end
    return bool(words(argument) & telling - own)
