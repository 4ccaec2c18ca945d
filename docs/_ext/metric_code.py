"""Code examples that are run while the pages are written, so that every output shown is real."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from numpydoc.docscrape import NumpyDocString

import csmetrics as csm

# The columns of the made-up company's onboarding table.
DATES = {"started_at": '"started"', "value_at": '"value"', "completed_at": '"completed"', "as_of": "company.as_of"}


def session(sources: Sequence[str], names: dict[str, Any]) -> str:
    """Run statements as in a console and return the session with its outputs."""
    lines = []
    for source in sources:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(source + "\n", "<example>", "single"), names)
        first, *rest = source.rstrip().splitlines()
        lines += [f">>> {first}", *(f"... {line}" for line in rest), *out.getvalue().rstrip().splitlines()]
    return "\n".join(lines)


def console(text: str) -> str:
    """Put a session into a code block."""
    return f"```pycon\n{text}\n```"


def function_example(spec: csm.MetricSpec, doc: NumpyDocString) -> str:
    """Run the docstring's own examples again, with the calls written as a reader writes them."""
    parsed = doctest.DocTestParser().get_examples("\n".join(doc["Examples"]))
    sources = [re.sub(rf"(?<![\w.\"']){spec.name}\(", f"csm.{spec.name}(", e.source.rstrip()) for e in parsed]
    first = [] if any("import csmetrics" in s for s in sources) else ["import csmetrics as csm"]
    return console(session([*first, *sources], {}))


def frame_example(spec: csm.MetricSpec) -> str:
    """Show the metric on the made-up company's frame if that has the columns, else on a frame of worked examples."""
    for sources in _frames(spec):
        imports = ["import csmetrics as csm"]
        if any("pd." in source for source in sources):
            imports.insert(0, "import pandas as pd")
        with contextlib.suppress(csm.MetricInputError, csm.MissingColumnError, TypeError):
            return console(session([*imports, *sources], {}))
    return ""


def _frames(spec: csm.MetricSpec) -> Iterable[list[str]]:
    """Yield the ways to show the metric on a frame, best first; the caller takes the first that runs."""
    call = f'csm.by("plan").{spec.name}'
    yield ["df = csm.datasets.make_saas().cohorts", f"df.{call}()"]
    required = [n for n, i in spec.inputs.items() if i.required]
    inputs = [e.inputs for e in spec.examples if set(required) <= set(e.inputs) <= set(spec.inputs)]
    dates = [n for n in required if spec.inputs[n].quantity == "date"]
    if dates:
        named = ", ".join(f"{n}={column}" for n, column in DATES.items() if n in {**spec.inputs, **spec.options})
        setup = ["company = csm.datasets.make_saas()", 'df = company.onboarding.set_index("customer")']
        yield [*setup, f"df.csm.total().{spec.name}({named})"]
        yield [*setup, f"df.csm.{spec.name}({named}).head(3)"]
    for given in inputs:
        rows = min(len(v) if isinstance(v, list) else 0 for v in given.values())
        if rows < 4 or dates:
            continue
        plans = ["pro" if i < rows // 2 else "free" for i in range(rows)]
        named = ", ".join(f'{n}="{n}"' for n in given if n not in required)
        column, method = required[0], spec.name.partition("_from_")[0]
        yield [_frame({"plan": plans, **given}), f"df.{call}({named})", f'df["{column}"].csm.{method}()']
    scalars = [i for i in (e.inputs for e in spec.examples) if _scalar(spec, i) and set(required) <= set(i)]
    if scalars:
        options = ", ".join(f"{n}={v!r}".replace("'", '"') for n, v in scalars[0].items() if n in spec.options)
        alike = [i for i in scalars if _split(spec, i) == _split(spec, scalars[0])][:2]
        columns = {n: [i[n] for i in alike] for n in alike[0] if n in spec.inputs}
        yield [_frame({"plan": ["pro", "free"][: len(alike)], **columns}), f"df.{call}({options})"]
        yield [_frame(columns), f"df.csm.{spec.name}({options})"]


def _scalar(spec: csm.MetricSpec, given: dict[str, Any]) -> bool:
    return all(isinstance(v, (int, float)) for n, v in given.items() if n in spec.inputs)


def _split(spec: csm.MetricSpec, given: dict[str, Any]) -> tuple[Any, ...]:
    """Return what two examples must share to be rows of one frame: the input names and the options' values."""
    return sorted(n for n in given if n in spec.inputs), {n: v for n, v in given.items() if n in spec.options}


def _frame(columns: dict[str, Any]) -> str:
    line = f"df = pd.DataFrame({columns!r})"
    if len(line) > 76:
        cells = "".join(f"        {name!r}: {column!r},\n" for name, column in columns.items())
        line = f"df = pd.DataFrame(\n    {{\n{cells}    }}\n)"
    return line.replace("'", '"')
