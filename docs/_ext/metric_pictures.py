"""One picture per metric, with the code that draws it: over time on the made-up company, else how its inputs move it.

A picture is drawn once, as an SVG that takes its ink and its font from the page, light or dark.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterable
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from builders import CODE, COMPANY, FIRST, company, gives

import csmetrics as csm

mpl.use("Agg")
SIZE = (6.4, 2.7)
INK = "#262626"  # of what stands on the page itself; labels on bars keep their black and white
INKS = ("text.color", "axes.labelcolor", "axes.titlecolor", "axes.edgecolor", "xtick.color", "ytick.color")
PLOTS = {"nps": "nps()", "conversion_rate": "funnel()", "stickiness": "active_users()"}
GIVEN = {"gross_margin": "gross_margin=80"}
SCORE = """health = csm.HealthScore(
    components={"usage": {"weight": 60}, "support": {"weight": 40}}
)
scored = health.score(company.health)
"""
OWN = {  # what neither a frame of totals nor one input shows
    "health_score": (
        SCORE + 'scored["score"].plot.hist(bins=20, xlabel="score", ylabel="customers")',
        "How many customers of the made-up company have which health score.",
    ),
    "health_band": (
        SCORE + 'scored["band"].value_counts().plot.barh(xlabel="customers")',
        "How many customers of the made-up company are red, yellow and green.",
    ),
    "mrr": (
        'months = {every: csm.mrr(1200, interval=every) for every in ["year", "quarter", "month"]}\n'
        'pd.Series(months).plot.barh(xlabel="MRR of a bill of 1,200", ylabel="interval")',
        "What a bill of 1,200 is worth per month, by the interval that it covers.",
    ),
    "engagement_score": (
        'used = company.events.groupby(["user", "feature"], observed=True).size().unstack(fill_value=0)\n'
        "scored = used.apply(lambda user: csm.engagement_score(list(user), [1, 2, 3, 4, 5]), axis=1)\n"
        'scored.plot.hist(bins=30, xlabel="points", ylabel="users")',
        "How many users of the made-up company have which engagement score.",
    ),
}
DAYS = {"median_ttv": "value", "ttv": "value", "onboarding_time": "completed"}


def picture(spec: csm.MetricSpec) -> tuple[str, str, str]:
    """Return the code that draws the metric, the SVG, and what it shows in words."""
    if spec.name in OWN:
        code, words = OWN[spec.name]
        code = f"{COMPANY}\n{code}" if "company" in code else code
        return code, drawn(code, words), words
    for code, words in _ways(spec):
        try:
            return code, drawn(code, words), words
        except (csm.CsmetricsError, AttributeError):  # refused, or one interval where a column is needed
            continue
    return "", "", ""


def _ways(spec: csm.MetricSpec) -> Iterable[tuple[str, str]]:
    """Yield the ways to draw a metric, best first."""
    title, given = spec.title, ", ".join(text for name, text in GIVEN.items() if name in spec.inputs)
    if spec.name in DAYS:
        columns = f'company.onboarding, start="started", end="{DAYS[spec.name]}", as_of=company.as_of'
        code = f'curve = csm.survival.kaplan_meier_from_dates(\n    {columns}\n)\ncurve.plot(unit="days")'
        yield f"{COMPANY}\n{code}", f"{title} of the made-up company: the share still waiting, by days since the start."
    if spec.name.endswith("_from_ratings") or spec.name.endswith("_from_scores"):
        column = spec.name.split("_")[0]
        rated = 'answers = company.surveys.merge(company.accounts[["customer", "plan"]])'
        code = f'{rated}\nanswers.csm.by("plan").{spec.name}("{column}").plot.barh(xlabel="{spec.unit}")'
        yield f"{COMPANY}\n{code}", f"{title} of the made-up company, by plan."
    for builder in [b for b in CODE if spec.name in gives(b)][:1]:
        arguments = ", ".join(filter(None, [f'"{spec.name}"', given]))
        plot = PLOTS.get(spec.name, f"over_time({arguments})")
        made = CODE[builder].replace('freq="M"', 'freq="Q"') if spec.name == "nps" else CODE[builder]
        lines = [COMPANY, FIRST.get(builder, ""), f"totals = {made}", f"totals.csm.plot.{plot}"]
        yield "\n".join(filter(None, lines)), f"{title} of the made-up company over time."
    if all(name in company().cohorts or _made(name) for name, i in spec.inputs.items() if i.required):
        call = f'company.cohorts.csm.by("plan").{spec.name}({given})'
        yield f'{COMPANY}\n{call}.plot.barh(xlabel="{spec.unit}")', f"{title} of the made-up company, by plan."
    yield from _curves(spec)


def _made(name: str) -> bool:
    return name in csm.catalog and all(c in company().cohorts for c in csm.catalog[name].inputs)


def _curves(spec: csm.MetricSpec) -> Iterable[tuple[str, str]]:
    """Yield how the metric moves with one input, the others as in a worked example; the best curve first."""
    found = []
    for example in spec.examples:
        numbers = {n: v for n, v in example.inputs.items() if n in spec.inputs}
        if not all(isinstance(v, (int, float)) and v for v in numbers.values()):
            continue
        for name, value in numbers.items():
            declared = spec.inputs[name]
            limit = 100 if declared.quantity == "percent" and 0 < value <= 100 else declared.high or 2 * value
            for high in {limit: 0, max(numbers.values()): 0}:
                found += _curve(spec, name, high, example.inputs)
        break
    yield from (way for _, *way in sorted(found, key=lambda one: one[0]))


def _curve(spec: csm.MetricSpec, name: str, high: float, inputs: dict[str, Any]) -> Iterable[tuple[int, str, str]]:
    """Yield the curve over one input: rank 0 with its interval, 1 where it is bent, 2 where it is straight."""
    axis = np.linspace(high / 40, high, 40)
    whole = spec.inputs[name].quantity == "count" and high >= 40
    given = ", ".join(f"{n}={name if n == name else repr(v)}" for n, v in inputs.items())
    with contextlib.suppress(csm.CsmetricsError):
        values = np.nan_to_num(spec.function(**{**inputs, name: axis}))
        bent = not np.allclose(np.diff(values, 2), 0, atol=1e-6 * np.ptp(values))
        first = f"{name} = pd.Series(np.linspace({high / 40:g}, {high:g}, 40){'.round()' if whole else ''})\n"
        labels = f'xlabel="{name}", ylabel="{spec.unit}", title="{spec.title}"'
        words = f"{spec.title} as {name} grows and nothing else changes"
        limits = f'limits.set_axis({name})[["estimate", "low", "high"]].plot(\n    color="C0", style=["-", ":", ":"], '
        if spec.interval.methods:
            made = f"{first}limits = csm.interval(csm.{spec.name}, {given})\n{limits}{labels}\n)"
            yield (0, made, f"{words}, with its 95 % interval.")
        values_ = f"{first}values = csm.{spec.name}({given})\nvalues.set_axis({name}).plot(\n    {labels}\n)"
        yield (1 if bent else 2, values_, f"{words}.")


def drawn(code: str, words: str) -> str:
    """Run the code and return its figure as an SVG without colours of the page's own."""
    import matplotlib.pyplot as plt

    plt.close("all")
    names: dict[str, Any] = {"csm": csm, "pd": pd, "np": np, "company": company()}  # made once
    settings = {"figure.figsize": SIZE, "figure.constrained_layout.use": True, "svg.fonttype": "none"}
    settings |= {"svg.hashsalt": words, "legend.frameon": False} | dict.fromkeys(INKS, INK)
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore", csm.CohortWarning)
        exec(compile(code.removeprefix(COMPANY), "picture", "exec"), names)
        figure = plt.gcf()
        figure.set_size_inches(*SIZE)
        for ax in figure.axes:
            ax.spines[["top", "right"]].set_visible(False)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
        plt.close("all")
    return themed(out.getvalue(), words)


def themed(svg: str, words: str) -> str:
    """Let an SVG of matplotlib take ink and font from the page around it."""
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r"font: [^;\"]*?(\d[\d.]*px)[^;\"]*", r"font-size: \1", svg)
    svg = svg.replace(INK, "currentColor")
    svg = re.sub(r'<svg height="[^"]*" version="[^"]*"', "<svg", svg)
    svg = re.sub(r'(<svg\b[^>]*?) width="[^"]*"', rf'\1 role="img" aria-label="{words}"', svg, count=1)
    return re.sub(r"\n\s*", "\n", svg).strip()
