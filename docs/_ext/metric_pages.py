"""Pages made from the catalogue when the site is built: one per metric, the list by family, the functions of the API.

A new metric appears on the site without an edit here. Every output shown comes from a run, and every worked example is
computed again. A different result is a warning, and a warning stops the build.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from builders import part, whole
from metric_code import frame_example, function_example
from metric_pictures import picture
from metric_words import between, escaped, facts, linked, listed, prose, section, shown, table
from numpydoc.docscrape import NumpyDocString
from sphinx.application import Sphinx
from sphinx.util import logging

import csmetrics as csm
from csmetrics._catalog.asking import FILLERS, SAME, phrases, telling
from csmetrics.core._registry import REGISTRY

logger = logging.getLogger(__name__)

# In the order of the site; a family missing from this list comes after these, under its own name.
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
UNITS = {
    "percent": "percent (5 is 5 %)",
    "money": "money, in the currency given",
    "periods": "periods, of the length of those given",
    "rating": "the rating's own units",
    "time": "time, in the unit given",
    "number": "a plain number",
    "band": "a word: red, yellow or green",
}


def metric_page(spec: csm.MetricSpec) -> str:
    """Write the page of one metric."""
    check(spec)
    doc = NumpyDocString(inspect.getdoc(spec.function) or "")
    signature = inspect.signature(spec.function)
    bare = signature.replace(
        parameters=[p.replace(annotation=p.empty) for p in signature.parameters.values()],
        return_annotation=inspect.Signature.empty,
    )
    family, _ = _family(spec.family)
    parts = [
        f"(metric-{spec.name})=\n# {spec.title}\n",
        _searched(spec),
        f"```python\n{_call(spec.name, bare)}\n```\n",
        f"{prose(spec.summary)}\n",
        _picture(spec),
        facts(_facts(spec, family)) + "\n",
        section("Questions it answers", listed(spec.questions)),
        section("Formula", _formula(doc)),
        section("Inputs", _inputs(spec)),
        section("Where the inputs come from", _sources(spec)),
        section("Options", _options(spec, doc)),
        section("In code", _in_code(spec, doc)),
        section("Notes", prose(spec.notes)),
        section("How sure", _interval(spec)),
        section("What always holds", listed([f"{law.law}: {law.says}" for law in spec.laws])),
        section("Other definitions in use", listed(spec.rivals)),
        section("In numbers", _explained(spec)),
        section("Pitfalls", listed(spec.pitfalls)),
        section("Worked examples", _worked(spec)),
        section("References", "\n".join(f"{i}. {linked(r)}" for i, r in enumerate(spec.references, 1))),
        section("Related metrics", _related(spec, doc)),
    ]
    return "\n".join(text for text in parts if text)


def _searched(spec: csm.MetricSpec) -> str:
    """Return the words under which the search of the site puts this page first."""
    words = dict.fromkeys(word.replace(";", ",") for word in (spec.name, spec.title, *spec.aliases))
    return "\n".join(f"```{{index}} ! single: {word}\n```" for word in words) + "\n"


def _picture(spec: csm.MetricSpec) -> str:
    """Show the metric in a picture, with its code to unfold."""
    code, svg, words = picture(spec)
    imports = "".join(
        f"import {module} as {name}\n"
        for module, name in (("numpy", "np"), ("pandas", "pd"), ("csmetrics", "csm"))
        if f"{name}." in code
    )
    return (
        f'```{{raw}} html\n<figure class="metric">{svg}<figcaption>{words}</figcaption></figure>\n'
        "<details><summary>Code of the picture</summary>\n```\n\n"
        f"```python\n{imports}\n{code}\n```\n\n```{{raw}} html\n</details>\n```\n"
    )


def _sources(spec: csm.MetricSpec) -> str:
    """Name the builders that count the inputs from raw rows, or say which totals to bring."""
    if found := whole(spec):
        return f"Counted from raw rows by {_builders(found)}."
    counted = {name: builders for name, builders in part(spec).items() if builders}
    by_builder = {b: [n for n, found in counted.items() if b in found] for found in counted.values() for b in found}
    lines = [f"{', '.join(f'`{n}`' for n in names)}: counted by {_builders([b])}" for b, names in by_builder.items()]
    own = [f"`{name}`" for name, builders in part(spec).items() if not builders]
    lines += [f"{', '.join(own)}: {'totals' if len(own) > 1 else 'a total'} of your own tables or books"] if own else []
    raw = [f"`{n}`" for n, i in spec.inputs.items() if i.required and i.quantity in ("answers", "date")]
    lines += [f"{', '.join(raw)}: {'columns' if len(raw) > 1 else 'a column'} of raw rows, as they are"] if raw else []
    return "\n".join(f"* {line}" for line in lines)


def _builders(names: Iterable[str]) -> str:
    return ", ".join(f"{{py:func}}`~csmetrics.cohorts.{name}`" for name in names)


def _related(spec: csm.MetricSpec, doc: NumpyDocString) -> str:
    """List the metrics that this one is made of, those made of it, and those that its docstring names."""
    groups = {
        "Made of": [n for n, i in spec.inputs.items() if i.kind == "level" and n in csm.catalog],
        "Goes into": [n for n, other in csm.catalog.items() if spec.name in other.inputs and n != spec.name],
        "See also": [name for entry in doc["See Also"] for name, _ in entry[0] if name in csm.catalog],
    }
    lines, seen = [], {spec.name}
    for words, names in groups.items():
        new = [n for n in names if n not in seen]
        seen |= set(new)
        lines += [f"* {words}: " + ", ".join(f"[{csm.catalog[n].title}]({n}.md)" for n in new)] if new else []
    return "\n".join(lines)


def _call(name: str, signature: inspect.Signature) -> str:
    """Write the call on one line, or with one argument per line if it is too long."""
    line = f"csm.{name}{signature}"
    if len(line) <= 80:
        return line
    arguments = str(signature)[1:-1].split(", ")
    return f"csm.{name}(\n" + "".join(f"    {a},\n" for a in _joined(arguments)) + ")"


def _joined(arguments: Sequence[str]) -> list[str]:
    """Join the pieces of an argument that was split at its own commas, such as `scale=(0, 10)`."""
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
    yield "Also called", ", ".join(map(escaped, spec.aliases))
    yield "Family", family
    yield "API", f"{{py:func}}`~csmetrics.{spec.name}`"


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
        span = f"{i.quantity}, {between(i.low, i.high)}"
        if i.choices:
            span = ", ".join(f'`"{c}"`' for c in i.choices)
        elif i.quantity in ("date", "answers"):
            span = {"date": "a date or time", "answers": "answers on the scale"}[i.quantity]
        default = "required" if i.required else f"`{shown(i.default) if i.default is not None else None}`"
        default += f"; beside `{i.not_beside}`, a frame gives it only where it is named" if i.not_beside else ""
        rows.append((f"`{name}`", prose(i.meaning), i.kind, span, default))
    used = [text for kind, text in KINDS.items() if any(i.kind == kind for i in spec.inputs.values())]
    made = [n for n, i in spec.inputs.items() if i.kind == "level" and n in csm.catalog]
    ways = [
        f"On a frame, {prose(f'`{n}`')} is computed from its own columns where it is not given: "
        + ", ".join(f"`{c}`" for c, i in csm.catalog[n].inputs.items() if not i.not_beside)
        + "."
        for n in made
    ]
    head = ("input", "meaning", "kind", "possible", "default")
    return "\n\n".join([table("inputs", head, rows), "\n".join(f"* {text}" for text in used), *ways])


def _options(spec: csm.MetricSpec, doc: NumpyDocString) -> str:
    meaning = {n.strip(): " ".join(p.desc) for p in doc["Parameters"] for n in p.name.split(",")}
    parameters = inspect.signature(spec.function).parameters
    rows = [
        (
            f"`{n}`",
            "required" if parameters[n].default is inspect.Parameter.empty else f"`{default!r}`",
            prose(meaning[n]),
        )
        for n, default in spec.options.items()
    ]
    return table("options", ("option", "default", "meaning"), rows) if rows else ""


def _in_code(spec: csm.MetricSpec, doc: NumpyDocString) -> str:
    frame = frame_example(spec)
    quantities = {i.quantity for i in spec.inputs.values()}
    ways = {"answers": "With a list, an array or a Series:", "date": "With dates, arrays or Series:"}
    called = next(
        (text for quantity, text in ways.items() if quantity in quantities), "With numbers, arrays or Series:"
    )
    parts = [called, function_example(spec, doc)]
    made_up = "make_saas" in frame
    cents = ", whose money is in cents" if spec.unit == "money" else ""
    on = f"On a frame of a made-up company{cents}:" if made_up else "On a frame:"
    return "\n\n".join([*parts, on, frame] if frame else parts)


SAMPLES = {
    "share": "A share of counted units. From totals the units are taken as independent; `customer=` makes all rows of "
    "a customer one unit.",
    "trinomial": "A balance of answers for and against. `customer=` makes all answers of a customer one unit.",
    "exposure": "Events per unit, of which one may have several. With `customer=` the interval is as wide as customers "
    "differ.",
    "odds": "One count over another, as the odds of its share of both.",
    "mean": "A mean. It needs each value (an array, or rows with `customer=`), or the sum of squares beside the total.",
    "money share": "A share of money. It needs one row per customer (`customer=`) or sums of squares: a few large "
    "customers weigh more than their number.",
    "net": "Gains less losses over one base: the limits of both, squared and added. It needs one row per customer "
    "(`customer=`) or sums of squares, where it is money.",
    "ratio": "A ratio of two sums over customers, which needs one row of each (`customer=`) or sums of squares.",
    "log ratio": "A ratio of two sums over customers, on the log scale; it needs one row of each (`customer=`).",
    "sum": "A sum over customers, which needs one row of each (`customer=`) or sums of squares.",
    "cost": "A known cost over a count: the limits are those of the count.",
    "levels": "Made of other metrics: it needs the totals behind them, and its limits follow from theirs.",
    "quantile": "The median of a Kaplan-Meier curve: where the limits of the curve cross one half.",
    "each": "One customer's figure has no interval. Of a column of customers, the mean has.",
    "none": "It has no interval",
}


def _interval(spec: csm.MetricSpec) -> str:
    """Say which interval the metric has, or why none."""
    own = spec.interval
    if not own.methods:
        return f"{SAMPLES['none']}: {own.reason}."
    first, *others = own.methods
    parts = [SAMPLES[own.kind], f'Method: `"{first}"`' + (f"; on request {_quoted(others)}." if others else ".")]
    if own.kind in ("net", "exposure", "ratio") and not set(own.totals) <= set(spec.inputs):
        parts.append(f"The interval is made of {', '.join(f'`{name}`' for name in own.totals)}.")
    parts += [f"{own.reason[0].upper()}{own.reason[1:]}."] if own.reason else []
    return " ".join([*parts, "See [how sure is it](../how-sure.md)."])


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'`"{name}"`' for name in names)


def _worked(spec: csm.MetricSpec) -> str:
    rows = []
    for e in spec.examples:
        inputs = ", ".join(f"{name}={shown(value)}" for name, value in e.inputs.items())
        expected = shown(e.expected) + (f" (±{e.tolerance:g})" if _matters(e) else "")
        rows.append((f"`{inputs}`", expected.strip('"'), linked(e.source), linked(e.note)))
    return table("worked", ("inputs", "result", "source", "note"), rows) if rows else ""


def _explained(spec: csm.MetricSpec) -> str:
    """Explain the first worked example, with what other definitions give on its numbers."""
    if not spec.examples:
        return ""
    text = str(csm.explain(spec.name, **spec.examples[0].inputs)).partition("\n\nOther definitions, which need")[0]
    return f"The first of the worked examples, by `csm.explain`:\n\n```text\n{text}\n```"


def _matters(example: Any) -> bool:
    """Check whether a tolerance is larger than the rounding of floats."""
    size = abs(example.expected) if isinstance(example.expected, float) else 0
    return bool(example.tolerance > max(1e-4, 1e-5 * size))


def _family(family: str) -> tuple[str, str]:
    """Return a family's title and a sentence on what it is about."""
    return FAMILIES.get(family, (family.capitalize(), ""))


def families() -> dict[str, list[csm.MetricSpec]]:
    """Return the metrics by family, in the order of the site."""
    specs = list(csm.catalog.values())
    order = [*FAMILIES, *dict.fromkeys(s.family for s in specs if s.family not in FAMILIES)]
    return {f: [s for s in specs if s.family == f] for f in order if any(s.family == f for s in specs)}


def metrics_index() -> str:
    """Write the list of all metrics."""
    parts = [
        "# Metrics\n",
        f"{len(csm.catalog)} metrics in {len(families())} families. Rates are percent. Each page gives the formula, "
        "the inputs, the other definitions in use and worked examples with their sources.\n",
        'To look one up in your own words: `csm.catalog.find("logo churn")`, or ask: '
        '`csm.catalog.find("are customers happy?")`.\n',
    ]
    for family, specs in families().items():
        title, about = _family(family)
        rows = [(f"[{s.title}]({s.name}.md)<br>`{s.name}`", prose(s.summary), s.unit) for s in specs]
        pages = "\n".join(s.name for s in specs)
        parts += [
            f"## {title}\n\n{about}\n",
            table("metrics", ("metric", "what it measures", "unit"), rows) + "\n",
            f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n{pages}\n```\n",
        ]
    return "\n".join(parts)


def questions() -> str:
    """Write the metrics by the questions that they answer."""
    parts = [
        "# Which metric do I need?\n",
        "Find the question that you have; each names the metric, the columns it needs and the unit of the result. "
        'In Python, `csm.catalog.find("do customers stay")` searches the same words, and forgives misspellings.\n',
        '```{raw} html\n<input id="ask" type="search" placeholder="customers leave, or: how satisfied" '
        f'aria-label="Search the questions">\n<script id="asking" type="application/json">{_asking()}</script>\n```\n',
    ]
    for family, specs in families().items():
        title, about = _family(family)
        parts.append(f"## {title}\n\n{about}\n")
        parts += [_question(spec) for spec in specs]
    return "\n".join(parts)


def _asking() -> str:
    """Write what the page's search knows: fillers, words that mean the same, and the words of each metric."""
    words = {name: [sorted(telling(phrase)) for phrase in phrases(spec)] for name, spec in REGISTRY.items()}
    return json.dumps({"fillers": sorted(FILLERS), "same": SAME, "metrics": words})


def _question(spec: csm.MetricSpec) -> str:
    asked = spec.questions or (spec.summary,)
    first, *others = [text[0].upper() + text[1:] for text in asked]
    needs = ", ".join(f"`{name}`" for name, i in spec.inputs.items() if i.required)
    raw = f"; counted by {_builders(whole(spec)[:1])}" if whole(spec) else ""
    better = "" if spec.direction == "neither" else f", {spec.direction} is better"
    lines = [f"[**{spec.title}**]({spec.name}.md) `{spec.name}`", f"needs {needs}{raw}", f"gives {spec.unit}{better}"]
    lines += [f"also: {' '.join(map(prose, others))}"] if others else []
    return f"{prose(first)}\n: {'<br>'.join(lines)}\n"


def api_pages() -> dict[str, str]:
    """Write the reference of the functions: one page per family, and the list of families."""
    pages = {}
    for family, specs in families().items():
        title, about = _family(family)
        rows = [(f"{{py:func}}`~csmetrics.{x.name}`", f"[{x.title}](../../metrics/{x.name}.md)") for x in specs]
        entries = "\n\n".join(f".. autofunction:: {s.name}" for s in specs)
        pages[family] = (
            f"# {title}\n\n{about}\n\n{table('functions', ('function', 'metric'), rows)}\n\n"
            f"```{{eval-rst}}\n.. currentmodule:: csmetrics\n\n{entries}\n```\n"
        )
    toctree = "\n".join(pages)
    pages["index"] = (
        "# Functions\n\nOne function per metric. Each takes numbers, arrays or Series and gives the same kind back.\n\n"
        f"```{{toctree}}\n\n{toctree}\n```\n"
    )
    return pages


def write(folder: Path, pages: dict[str, str]) -> None:
    """Write the pages that changed, and delete those that no longer exist."""
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
    write(source / "metrics", {**pages, "index": metrics_index(), "questions": questions()})
    write(source / "api" / "generated", api_pages())


def check(spec: csm.MetricSpec) -> None:
    """Compute every worked example again and warn about different results."""
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


def trim_sessions(app: Sphinx, docname: str, source: list[str]) -> None:
    """Drop the blank line that ends a session for doctest but would show on the page."""
    source[0] = re.sub(r"\n\n```(?=\n|$)", "\n```", source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", write_pages)
    app.connect("source-read", trim_sessions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
