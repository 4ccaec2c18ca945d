"""Pages made from the catalogue when the site is built: one per metric, the list by family, the functions of the API.

A new metric appears on the site without an edit here. Every output shown is run, every worked example computed again;
one that comes out otherwise is a warning, and a warning stops the build.
"""

from __future__ import annotations

import contextlib
import doctest
import inspect
import io
import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import csmetrics as csm
import pandas as pd
from docutils import nodes
from docutils.utils.math import latex2mathml
from numpydoc.docscrape import NumpyDocString
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

# In the order of the site; a family that is not here comes after these, under its own name.
FAMILIES = {
    "retention": ("Retention", "Customers who stay, leave, come back."),
    "revenue": ("Revenue", "Recurring revenue and what moves it."),
    "value": ("Customer value", "What a customer brings, costs and is worth."),
    "survey": ("Surveys", "What customers say."),
    "support": ("Support", "How tickets and contacts are handled."),
    "adoption": ("Adoption", "How much of what was bought is used, and by whom."),
    "activity": ("Activity", "Who is active, how often, and who comes back."),
    "onboarding": ("Onboarding", "From the start to the first value."),
    "advocacy": ("Advocacy", "Customers who bring customers."),
    "health": ("Health", "How a customer is doing, as one number."),
}
KINDS = {
    "flow": "**Flow**: what happened in the period. Adds over segments and over time.",
    "stock": "**Stock**: what was there at one instant. Adds over segments, never over time.",
    "level": "**Level**: a rate, an average or a date. Never adds.",
}
LONGEST = 8  # so many values of a list are shown
UNITS = {
    "percent": "percent (5 is 5 %)",
    "money": "money, in the currency given",
    "periods": "periods, of the length of those given",
    "rating": "the rating's own units",
    "time": "time, in the unit given",
    "number": "a plain number",
    "band": "a word: red, yellow or green",
}
# The columns of the made-up company's onboarding table.
DATES = {"started_at": '"started"', "value_at": '"value"', "completed_at": '"completed"', "as_of": "company.as_of"}


# ---------------------------------------------------------------------------------------------- words and cells


def prose(text: str) -> str:
    """Turn a docstring's reStructuredText into Markdown; names of metrics become links to their pages."""
    text = re.sub(r"\[(\d+)\]_", r"[\1]", text)
    parts = re.split(r"(:math:`[^`]+`|``[^`]+``|`[^`]+`)", text)
    return "".join(_code(part) if "`" in part else _escaped(part) for part in parts)


def _code(part: str) -> str:
    if part.startswith(":math:"):
        return "{math}" + part.removeprefix(":math:")
    word = part.strip("`")
    linked = word in csm.catalog and not part.startswith("``")
    return f"[`{word}`]({word}.md)" if linked else f"`{word}`"


def _escaped(text: str) -> str:
    return re.sub(r"(?<!^)(?<!\n)([*_<|\[\]])", r"\\\1", text)


def linked(text: str) -> str:
    """Give the text with its web addresses as links; those printed without https:// too."""
    pieces = []
    for word in text.split(" "):
        bare = word.rstrip(".,;:")
        tail = word[len(bare) :]
        if re.match(r"https?://", bare):
            pieces.append(f"<{bare}>{tail}")
        elif re.match(r"([\w-]+\.)+[a-z]{2,}/\S", bare):
            pieces.append(f"[{_escaped(bare)}](https://{bare}){tail}")
        else:
            pieces.append(_escaped(word))
    return " ".join(pieces)


def shown(value: Any) -> str:
    """Write an input or a result as briefly as it is exact to six significant digits."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "missing"
    if isinstance(value, float):
        return f"{value:.0f}" if value == round(value) else f"{value:.6g}" if abs(value) < 1e6 else f"{value:.2f}"
    if isinstance(value, (list, tuple)):
        some = [*map(shown, value[:LONGEST]), *([f"... {len(value)} in all"] if len(value) > LONGEST else [])]
        return "[" + ", ".join(some) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {shown(v)}" for k, v in value.items()) + "}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def between(low: float | None, high: float | None) -> str:
    """Say between which values."""
    if low is None and high is None:
        return "any number"
    if high is None:
        return f"{low:g} or more"
    return f"{high:g} or less" if low is None else f"{low:g} to {high:g}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("\n", " ") for cell in line) + " |" for line in lines)


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Write a two-column table whose first column is the heading."""
    body = "\n".join(f"* - {name}\n  - {value}" for name, value in rows if value)
    return f"```{{list-table}}\n:stub-columns: 1\n:class: facts\n\n{body}\n```"


def listed(items: Iterable[str]) -> str:
    """Write a list."""
    return "\n".join(f"* {prose(item)}" for item in items)


def section(title: str, body: str) -> str:
    """Write a section; nothing where there is nothing to say."""
    return f"## {title}\n\n{body}\n" if body else ""


# ---------------------------------------------------------------------------------------------- code that is run


def session(sources: Sequence[str], names: dict[str, Any]) -> str:
    """Run statements as in a console and give the session with its outputs."""
    lines = []
    for source in sources:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(source + "\n", "<example>", "single"), names)
        first, *rest = source.rstrip().splitlines()
        lines += [f">>> {first}", *(f"... {line}" for line in rest), *out.getvalue().rstrip().splitlines()]
    return "\n".join(lines)


def console(text: str) -> str:
    """Fence a session."""
    return f"```pycon\n{text}\n```"


def function_example(spec: csm.MetricSpec, doc: NumpyDocString) -> str:
    """Give the docstring's own examples, run again, called as a reader calls them."""
    parsed = doctest.DocTestParser().get_examples("\n".join(doc["Examples"]))
    sources = [re.sub(rf"(?<![\w.\"']){spec.name}\(", f"csm.{spec.name}(", e.source.rstrip()) for e in parsed]
    first = [] if any("import csmetrics" in s for s in sources) else ["import csmetrics as csm"]
    return console(session([*first, *sources], {}))


def frame_example(spec: csm.MetricSpec) -> str:
    """Give the metric on a frame: that of the made-up company where it has the columns, else one of worked examples."""
    for sources in _frames(spec):
        imports = ["import csmetrics as csm"]
        if any("pd." in source for source in sources):
            imports.insert(0, "import pandas as pd")
        with contextlib.suppress(csm.MetricInputError, csm.MissingColumnError, TypeError):
            return console(session([*imports, *sources], {}))
    return ""


def _frames(spec: csm.MetricSpec) -> Iterable[list[str]]:
    """Give the ways to show it, the best first; the first that runs is taken."""
    call = f"csm.by(\"plan\").{spec.name}"
    yield ["df = csm.datasets.make_saas().cohorts", f"df.{call}()"]
    required = [n for n, i in spec.inputs.items() if i.required]
    inputs = [e.inputs for e in spec.examples if set(required) <= set(e.inputs) <= set(spec.inputs)]
    dates = [n for n in required if spec.inputs[n].quantity == "date"]
    if dates:
        named = ", ".join(f"{n}={column}" for n, column in DATES.items() if n in dates)
        setup = ["company = csm.datasets.make_saas()", "df = company.onboarding.set_index(\"customer\")"]
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
    """Give what two examples must share to be rows of one frame: the inputs' names, and the options with their values."""
    return sorted(n for n in given if n in spec.inputs), {n: v for n, v in given.items() if n in spec.options}


def _frame(columns: dict[str, Any]) -> str:
    return f"df = pd.DataFrame({columns!r})".replace("'", '"').replace("nan", 'float("nan")')


def check(spec: csm.MetricSpec) -> None:
    """Compute every worked example again."""
    for example in spec.examples:
        value, expected = spec.compute(**example.inputs), example.expected
        if expected is None:
            right = pd.isna(value)
        elif isinstance(expected, str):
            right = value == expected
        else:
            right = abs(float(value) - expected) <= max(example.tolerance, 1e-9 * abs(expected))
        if not right:
            logger.warning("%s: example %s gives %r, expected %r", spec.name, example.id, value, expected)


# ---------------------------------------------------------------------------------------------- the pages


def metric_page(spec: csm.MetricSpec) -> str:
    """Write the page of one metric."""
    check(spec)
    doc = NumpyDocString(inspect.getdoc(spec.function) or "")
    signature = inspect.signature(spec.function)
    bare = signature.replace(
        parameters=[p.replace(annotation=p.empty) for p in signature.parameters.values()],
        return_annotation=inspect.Signature.empty,
    )
    _, family = _family(spec.family)
    also = [name for entry in doc["See Also"] for name, _ in entry[0] if name in csm.catalog]
    parts = [
        f"(metric-{spec.name})=\n# {spec.title}\n",
        f"```python\n{_call(spec.name, bare)}\n```\n",
        f"{prose(spec.summary)}\n",
        facts(_facts(spec, family)) + "\n",
        section("Formula", _formula(doc)),
        section("Inputs", _inputs(spec)),
        section("Options", _options(spec, doc)),
        section("In code", _in_code(spec, doc)),
        section("Notes", prose(spec.notes)),
        section("Other definitions in use", listed(spec.rivals)),
        section("Pitfalls", listed(spec.pitfalls)),
        section("Worked examples", _worked(spec)),
        section("References", "\n".join(f"{i}. {linked(r)}" for i, r in enumerate(spec.references, 1))),
        section("See also", "\n".join(f"* [{csm.catalog[n].title}]({n}.md)" for n in also)),
    ]
    return "\n".join(part for part in parts if part)


def _call(name: str, signature: inspect.Signature) -> str:
    """Write the call, an argument a line where one line is too long."""
    line = f"csm.{name}{signature}"
    if len(line) <= 80:
        return line
    arguments = str(signature)[1:-1].split(", ")
    return f"csm.{name}(\n" + "".join(f"    {a},\n" for a in _joined(arguments)) + ")"


def _joined(arguments: Sequence[str]) -> list[str]:
    """Put together again what was one argument, such as `scale=(0, 10)`."""
    whole: list[str] = []
    for argument in arguments:
        if whole and whole[-1].count("(") > whole[-1].count(")"):
            whole[-1] += f", {argument}"
        else:
            whole.append(argument)
    return whole


def _facts(spec: csm.MetricSpec, family: str) -> Iterable[tuple[str, str]]:
    yield "Unit", UNITS.get(spec.unit, spec.unit)
    yield "Better", {"neither": "neither higher nor lower"}.get(spec.direction, spec.direction)
    if spec.unit != "band":
        yield "Values", between(*spec.bounds)
    yield "Undefined where", _undefined(spec)
    yield "Input rules", "; ".join(f"`{rule.replace('<=', '≤')}`" for rule in spec.rules)
    yield "Also called", ", ".join(map(_escaped, spec.aliases))
    yield "Family", family
    yield "API", f"{{py:func}}`csmetrics.{spec.name}`"


def _undefined(spec: csm.MetricSpec) -> str:
    if not spec.base:
        return ""
    names = re.findall(r"[a-z]\w+", spec.base)
    if all(name in spec.inputs for name in names):
        if len(names) == 1 and spec.inputs[names[0]].quantity in ("date", "answers"):
            return f"`{spec.base}` is empty"
        return f"`{spec.base.replace(' x ', ' × ')}` is 0"
    return f"there are no {spec.base}"


def _formula(doc: NumpyDocString) -> str:
    out = []
    directive = ""
    for block in re.split(r"\n\s*\n", "\n".join(doc["Extended Summary"])):
        text = " ".join((directive + block).split())
        directive = f"{text} " if text == ".. math::" else ""
        if directive or not text:
            continue
        formula = text.startswith(".. math::")
        out.append(f"```{{math}}\n{text.removeprefix('.. math:: ')}\n```" if formula else prose(text))
    return "\n\n".join(out)


def _inputs(spec: csm.MetricSpec) -> str:
    rows = []
    for name, i in spec.inputs.items():
        span = ", ".join(f'`"{c}"`' for c in i.choices) or between(i.low, i.high)
        if i.quantity in ("date", "answers"):
            span = {"date": "a date or time", "answers": "on the scale"}[i.quantity]
        default = "required" if i.required else f"`{shown(i.default) if i.default is not None else None}`"
        rows.append((f"`{name}`", i.kind, i.quantity, span, default, prose(i.meaning)))
    used = [text for kind, text in KINDS.items() if any(i.kind == kind for i in spec.inputs.values())]
    made = [n for n, i in spec.inputs.items() if i.kind == "level" and n in csm.catalog]
    ways = [
        f"On a frame, {prose(f'`{n}`')} is computed from its own columns where it is not given: "
        + ", ".join(f"`{c}`" for c in csm.catalog[n].inputs)
        + "."
        for n in made
    ]
    head = ("input", "kind", "quantity", "possible", "default", "meaning")
    return "\n\n".join([table(head, rows), "\n".join(f"* {text}" for text in used), *ways])


def _options(spec: csm.MetricSpec, doc: NumpyDocString) -> str:
    meaning = {n.strip(): " ".join(p.desc) for p in doc["Parameters"] for n in p.name.split(",")}
    rows = [(f"`{n}`", f"`{default!r}`", prose(meaning.get(n, ""))) for n, default in spec.options.items()]
    return table(("option", "default", "meaning"), rows) if rows else ""


def _in_code(spec: csm.MetricSpec, doc: NumpyDocString) -> str:
    frame = frame_example(spec)
    quantities = {i.quantity for i in spec.inputs.values()}
    ways = {"answers": "With a list, an array or a Series:", "date": "With dates, arrays or Series:"}
    called = next((text for quantity, text in ways.items() if quantity in quantities), "With numbers, arrays or Series:")
    parts = [called, function_example(spec, doc)]
    made_up = "make_saas" in frame
    on = "On a frame of a made-up company, whose money is in cents:" if made_up else "On a frame:"
    return "\n\n".join([*parts, on, frame] if frame else parts)


def _worked(spec: csm.MetricSpec) -> str:
    rows = []
    for e in spec.examples:
        inputs = ", ".join(f"{name}={shown(value)}" for name, value in e.inputs.items())
        expected = shown(e.expected) + (f" (±{e.tolerance:g})" if _matters(e) else "")
        rows.append((f"`{inputs}`", expected.strip('"'), linked(e.source), linked(e.note)))
    return table(("inputs", "result", "source", "note"), rows) if rows else ""


def _matters(example: Any) -> bool:
    """Say whether a tolerance is more than the rounding of floats."""
    size = abs(example.expected) if isinstance(example.expected, float) else 0
    return bool(example.tolerance > max(1e-4, 1e-5 * size))


def _family(family: str) -> tuple[str, str]:
    title, about = FAMILIES.get(family, (family.capitalize(), ""))
    return about, title


def families() -> dict[str, list[csm.MetricSpec]]:
    """Give the metrics by family, in the order of the site."""
    specs = list(csm.catalog.values())
    order = [*FAMILIES, *dict.fromkeys(s.family for s in specs if s.family not in FAMILIES)]
    return {f: [s for s in specs if s.family == f] for f in order if any(s.family == f for s in specs)}


def metrics_index() -> str:
    """Write the list of all metrics."""
    parts = [
        "# Metrics\n",
        f"{len(csm.catalog)} metrics in {len(families())} families. Rates are percent. Each page gives the formula, the inputs, "
        "the other definitions in use and worked examples with their sources.\n",
        'To look one up in your own words: `csm.catalog.find("logo churn")`.\n',
    ]
    for family, specs in families().items():
        about, title = _family(family)
        rows = [(f"[{s.title}]({s.name}.md)<br>`{s.name}`", prose(s.summary), s.unit) for s in specs]
        pages = "\n".join(s.name for s in specs)
        parts += [
            f"## {title}\n\n{about}\n",
            table(("metric", "what it measures", "unit"), rows) + "\n",
            f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n{pages}\n```\n",
        ]
    return "\n".join(parts)


def api_pages() -> dict[str, str]:
    """Write the reference of the functions: a page per family and their list."""
    pages = {}
    for family, specs in families().items():
        about, title = _family(family)
        names = "\n   ".join(s.name for s in specs)
        entries = "\n\n".join(f".. autofunction:: {s.name}" for s in specs)
        rst = f".. currentmodule:: csmetrics\n\n.. autosummary::\n\n   {names}\n\n{entries}"
        pages[family] = f"# {title} functions\n\n{about}\n\n```{{eval-rst}}\n{rst}\n```\n"
    toctree = "\n".join(pages)
    pages["index"] = (
        "# Functions\n\nOne function per metric. Each takes numbers, arrays or Series and gives the same kind back.\n\n"
        f"```{{toctree}}\n\n{toctree}\n```\n"
    )
    return pages


def write(folder: Path, pages: dict[str, str]) -> None:
    """Write pages where they changed, and take away those that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        file = folder / f"{name}.md"
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")


def write_pages(app: Sphinx) -> None:
    """Write every page that comes from the catalogue."""
    source = Path(app.srcdir)
    pages = {name: metric_page(spec) for name, spec in csm.catalog.items()}
    write(source / "metrics", {**pages, "index": metrics_index()})
    write(source / "api" / "generated", api_pages())


# ---------------------------------------------------------------------------------------------- rendering


def trim_sessions(app: Sphinx, docname: str, source: list[str]) -> None:
    """Drop the blank line that ends a session for doctest but would show on the page."""
    source[0] = re.sub(r"\n\n```(?=\n|$)", "\n```", source[0])


def _inline_math(self: Any, node: nodes.math) -> None:
    self.body.append(latex2mathml.tex2mathml(node.astext()))
    raise nodes.SkipNode


def _block_math(self: Any, node: nodes.math_block) -> None:
    self.body.append(f'<div class="formula">{latex2mathml.tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the pages, and formulas as MathML: browsers set it themselves, without a script or a network."""
    app.connect("builder-inited", write_pages)
    app.connect("source-read", trim_sessions)
    app.add_html_math_renderer("mathml", (_inline_math, None), (_block_math, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
