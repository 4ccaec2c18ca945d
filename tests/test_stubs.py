"""What editors and type checkers read of the metrics is made from the registry: `python tests/test_stubs.py` writes it.

`csmetrics/__init__.pyi` holds each metric as a function whose result has the kind of its inputs,
`csmetrics/_accessors/methods.pyi` each as a method whose inputs are columns.
"""

from __future__ import annotations

import inspect
import re
import runpy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import Parameter
from pathlib import Path
from textwrap import indent
from types import ModuleType, NoneType
from typing import Any, Union, get_origin

import numpy as np
import pandas as pd

import csmetrics as csm
from csmetrics._accessors.arguments import arguments
from csmetrics._accessors.methods import AnswerMetrics, CohortMetrics
from csmetrics.core._registry import REGISTRY, REQUIRED, Registration

SOURCE = Path(csm.__file__).parent
WIDTH = 120
INDENT = " " * 4
TYPES = ("AnswerColumn", "AnyKind", "Array", "Band", "Column", "Dates", "Day", "Days", "Number", "Numbers")
TYPES += ("Undefined", "Weights", "Words")

# What inputs may be where the result is one number, where it is an array, and beside a Series, where it is one
NUMBERS = ("Number", "Numbers", "AnyKind")
DATES = ("Day", "Days", "Dates")
WORDS = ("{} | None", "{} | Words", "{} | Words | Column")
RESULTS = ("float", "Array", "pd.Series[float]")
BANDS = ("Band | None", "npt.NDArray[np.object_]", "pd.Series[Any]")
# Of a formula with one value per component: those of one customer, of many as lists or arrays, of many as Series
COMPONENTS = {
    "Sequence[Number] | Mapping[Any, Number] | Column": "float",
    "Sequence[Sequence[Number]] | Mapping[Any, Numbers]": "Array",
    "pd.DataFrame | Mapping[Any, AnyKind]": "pd.Series[float]",
    "npt.NDArray[Any]": "Any",
}

FUNCTIONS = """\
# Made by `python tests/test_stubs.py` from the registry of the metrics.
# Of the overloads of a metric the first that fits counts; the next takes what it takes, too.
# mypy: disable-error-code="overload-overlap"

from collections.abc import Mapping, Sequence
from datetime import date
from math import nan
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

{imports}

__version__: str

{metrics}
"""

METHODS = """\
# Made by `python tests/test_stubs.py` from the registry of the metrics.

from collections.abc import Mapping
from datetime import date
from math import nan
from typing import Any, Generic, Literal, TypeVar, overload

import numpy as np
import pandas as pd

from csmetrics.core._types import AnswerColumn, Band, Day, Label, Source, Undefined, Weights

R = TypeVar("R")

class CohortMetrics(Generic[R]):
{cohorts}

class AnswerMetrics:
{answers}
"""


def functions(specs: Sequence[Registration]) -> str:
    """Write `__init__.pyi`: the public names, and the metrics as functions."""
    metrics = [line for spec in specs for line in function(spec)]
    return FUNCTIONS.format(imports="\n".join(imports()), metrics="\n".join(metrics))


def imports() -> Iterator[str]:
    """Write the imports of what is public, in the order that the linter wants."""
    types = "".join(f"    {name},\n" for name in TYPES)
    homes = [("csmetrics.core._types", f"(\n{types})")]
    for name in sorted({*csm.__all__, "errors"} - REGISTRY.keys(), key=lambda name: (name.islower(), name)):
        value = getattr(csm, name)
        homes.append(("csmetrics" if isinstance(value, ModuleType) else value.__module__, f"{name} as {name}"))
    for home, name in sorted(homes, key=lambda pair: pair[0]):
        yield f"from {home} import {name}"


def function(spec: Registration) -> Iterator[str]:
    """Write a metric as a function: one overload for numbers, one for arrays, and one for a Series in each place."""
    given = parameters(spec.function)
    if spec.reduces:
        yield from definition(spec.name, given, "float")
        return
    inputs = list(spec.inputs)
    if spec.over_columns:
        overloads = [(given, {inputs[0]: hint, inputs[1]: "Weights"}, out) for hint, out in COMPONENTS.items()]
    else:
        one, array, series = BANDS if spec.unit == "band" else RESULTS
        numbers, arrays, mixed = ({name: kinds(spec, name)[i] for name in inputs} for i in range(3))
        overloads = [(given, numbers, one), (given, arrays, array)]
        for name in inputs:
            overloads += [(required, mixed | {name: "Column"}, series) for required in requiring(name, given)]
    for takes, hints, out in overloads:
        yield "@overload"
        yield from definition(spec.name, hinted(takes, hints), out)


def parameters(function: Callable[..., Any]) -> list[Parameter]:
    return list(inspect.signature(function).parameters.values())


def hinted(given: Sequence[Parameter], hints: Mapping[str, str]) -> list[Parameter]:
    return [parameter.replace(annotation=hints.get(parameter.name, parameter.annotation)) for parameter in given]


def requiring(name: str, given: list[Parameter]) -> Iterator[list[Parameter]]:
    """Give the parameters with one required: where those before it may be left out, by position and by name."""
    at = [parameter.name for parameter in given].index(name)
    before, place, after = given[:at], given[at].replace(default=REQUIRED), given[at + 1 :]
    everyone = [parameter.replace(default=REQUIRED) for parameter in before]
    if place.kind is place.KEYWORD_ONLY or everyone == before:
        yield [*before, place, *after]
    else:
        yield [*everyone, place, *after]
        yield [*before, *(parameter.replace(kind=parameter.KEYWORD_ONLY) for parameter in (place, *after))]


def kinds(spec: Registration, name: str) -> tuple[str, ...]:
    """Return what an input may be where the result is one number, where it is an array, and beside a Series."""
    quantity = spec.inputs[name].quantity
    if quantity.choices:
        words = ", ".join(f'"{word}"' for word in quantity.choices)
        return tuple(kind.format(f"Literal[{words}]") for kind in WORDS)
    return DATES if quantity.name == "date" else NUMBERS


def methods(specs: Sequence[Registration]) -> str:
    """Write `methods.pyi`: the metrics as methods of a cohort frame and of a column of answers."""
    cohorts = [line for spec in specs for line in on_cohorts(spec)]
    answers = [line for spec in specs for line in on_answers(spec)]
    return METHODS.format(cohorts=indent("\n".join(cohorts), INDENT), answers=indent("\n".join(answers), INDENT))


def on_cohorts(spec: Registration) -> Iterator[str]:
    """Write a metric as a method of a cohort frame, with what comes out at each grain."""
    own, *others = parameters(getattr(CohortMetrics, spec.name))
    given, summary = hinted(others, {p.name: source(spec, p.name) for p in others}), csm.catalog[spec.name].summary
    if spec.unit != "band":
        yield from definition(spec.name, [own, *given], "R", summary)
        return
    for grain, out in (("float", BANDS[0]), ("pd.Series[float]", BANDS[2])):
        yield "@overload"
        yield from definition(spec.name, [own.replace(annotation=f"CohortMetrics[{grain}]"), *given], out, summary)


def on_answers(spec: Registration) -> Iterator[str]:
    """Write a metric of raw answers as a method of a column of them."""
    name = spec.name.partition("_from_")[0]
    if name != spec.name and spec.reduces:
        given = parameters(getattr(AnswerMetrics, name))
        hints = {parameter.name: parameter.annotation for parameter in parameters(spec.function)}
        yield from definition(name, hinted(given, hints), "float", csm.catalog[spec.name].summary)


def source(spec: Registration, name: str) -> str:
    """Return what a method's argument may be: a column or a number for an input, else what the function takes."""
    if name in spec.options:
        return str(spec.function.__annotations__[name])
    if name not in spec.inputs:
        levels = [REGISTRY[level] for level in spec.inputs if level in REGISTRY]
        return next(source(level, name) for level in levels if name in arguments(level))
    if spec.over_columns:
        return "list[Any] | Mapping[Any, Any]" if name == next(iter(spec.inputs)) else "Weights"
    if spec.reduces:
        return "Label | None" if name in spec.defaults else "Label"
    return "Label | Day" if spec.inputs[name].quantity.name == "date" else "Source"


def definition(name: str, given: Sequence[Parameter], out: str, summary: str = "") -> Iterator[str]:
    """Write one signature, on as few lines as it needs; that of a method with a summary."""
    shown: list[str] = []
    for parameter in given:
        hint = "" if parameter.annotation is parameter.empty else f": {parameter.annotation}"
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        shown.append(f"{parameter.name}{hint}{default}".replace("'", '"'))
    start, end = f"def {name}(", f") -> {out}:{'' if summary else ' ...'}"
    width = WIDTH - len(INDENT) * bool(summary)
    one, inside = f"{start}{', '.join(shown)}{end}", f"{INDENT}{', '.join(shown)}"
    if len(one) <= width:
        yield one
    else:
        yield from (start, *([inside] if len(inside) <= width else [f"{INDENT}{part}," for part in shown]), end)
    if summary:
        yield f'{INDENT}"""{summary}"""'


def stubs(specs: Sequence[Registration]) -> dict[Path, str]:
    return {SOURCE / "__init__.pyi": functions(specs), SOURCE / "_accessors" / "methods.pyi": methods(specs)}


def test_the_stubs_say_what_the_registry_says() -> None:
    """A metric that is not in them yet is no error here; the checks before a change lands write them and look."""
    for path in stubs([]):
        text = path.read_text("utf-8")
        known = [spec for spec in REGISTRY.values() if re.search(rf"\bdef {spec.name}\(", text)]
        assert len(known) > 70
        assert text == stubs(known)[path], "run: python tests/test_stubs.py"


def test_a_metric_of_each_kind() -> None:
    assert list(function(REGISTRY["arpa"])) == [
        "@overload",
        "def arpa(mrr: Number, customers: Number, *, undefined: Undefined = nan) -> float: ...",
        "@overload",
        "def arpa(mrr: Numbers, customers: Numbers, *, undefined: Undefined = nan) -> Array: ...",
        "@overload",
        "def arpa(mrr: Column, customers: AnyKind, *, undefined: Undefined = nan) -> pd.Series[float]: ...",
        "@overload",
        "def arpa(mrr: AnyKind, customers: Column, *, undefined: Undefined = nan) -> pd.Series[float]: ...",
    ]
    assert next(on_cohorts(REGISTRY["arpa"])) == (
        'def arpa(self, mrr: Source = "mrr", customers: Source = "customers", *, undefined: Undefined = nan) -> R:'
    )


def test_what_type_checkers_accept_gives_what_they_say() -> None:
    path = Path(__file__).parent / "typing" / "functions.py"
    calls = runpy.run_path(str(path))
    seen: Counter[Any] = Counter()

    def check(value: object, kind: Any) -> None:
        wanted = pd.Series if isinstance(kind, str) else get_origin(kind) or kind
        assert isinstance(value, (str, NoneType) if wanted is Union else wanted), f"{value!r} is not {kind}"
        seen[wanted] += 1

    for name, function in calls.items():
        if name.startswith("right_"):
            function.__globals__["assert_type"] = check
            function()
    assert all(seen[wanted] > 2 for wanted in (float, np.ndarray, pd.Series))


if __name__ == "__main__":
    for path, text in stubs(list(REGISTRY.values())).items():
        path.write_text(text, "utf-8", newline="\n")
