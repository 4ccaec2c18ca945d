"""What notebooks show: readable on light and on dark pages, formulas without MathJax, everything escaped."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import csmetrics as csm
from csmetrics._catalog.formula import formula
from csmetrics._catalog.mathml import mathml
from csmetrics.cohorts.grid import _cell

HOSTILE = '<script>alert("1")</script>&amp;'
COMPANY = csm.datasets.make_saas(customers=60, months=3, seed=2)


def grid(**said: Any) -> Any:
    events = pd.DataFrame(
        {
            "user": ["ann", "bob", "ann", "cid"],
            "time": pd.to_datetime(["2026-01-05", "2026-01-20", "2026-02-03", "2026-02-10"]),
            "plan": [HOSTILE, "b", HOSTILE, "b"],
        }
    )
    return csm.cohorts.retention(events, as_of="2026-03-31", **said)


SHOWN: dict[str, Callable[[], Any]] = {
    "a grid": grid,
    "a grid by plan": lambda: grid(by="plan"),
    "the catalogue": lambda: csm.catalog,
    "a metric": lambda: csm.catalog["nrr"],
    "a metric with three formulas": lambda: csm.catalog["discounted_clv"],
    "what was found": lambda: csm.catalog.find("are customers happy?"),
    "rows of a frame": lambda: COMPANY.cohorts.csm,
    "groups of a frame": lambda: COMPANY.cohorts.csm.by("plan"),
    "a frame of Polars": lambda: csm.over(pl.DataFrame({"lost": [1], "start": [5]})),
    "a frame without metrics": lambda: pd.DataFrame({HOSTILE: [1]}).csm.by(HOSTILE),
    "a made-up company": lambda: COMPANY,
    "an explanation": lambda: csm.explain(
        "nrr", start_mrr=1e5, expansion_mrr=15e3, contraction_mrr=3e3, churned_mrr=5e3
    ),
    "an explanation of a group": lambda: COMPANY.cohorts.csm.total().explain("clv"),
    "an interval": lambda: csm.interval(csm.churn_rate, lost=5, start=100),
}


class Balanced(HTMLParser):
    """Checks that every tag that is opened is closed, in order, and notes which there are."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        if tag not in ("br",):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Balanced:
    reader = Balanced()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def luminance(color: str) -> float:
    digits = color.removeprefix("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = np.array([int(digits[at : at + 2], 16) for at in (0, 2, 4)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


# --------------------------------------------------------------------------------------------------- the retention grid


@pytest.mark.parametrize("page", ["#ffffff", "#000000"], ids=["a light page", "a dark page"])
def test_every_cell_of_a_grid_has_the_contrast_of_wcag_aa(page: str) -> None:
    for percent in np.linspace(0, 100, 1001):
        style = re.search(r'style="([^"]*)"', _cell(float(percent), 0))[1]  # type: ignore[index]
        said = dict(pair.split(":") for pair in style.split(";"))
        assert "opacity" not in said
        behind = said.get("background", page)
        assert re.fullmatch(r"#[0-9a-f]{6}", behind)  # opaque, so the page does not shine through
        light, dark = sorted((luminance(behind), luminance(said["color"])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, percent


def test_a_larger_share_has_a_darker_cell() -> None:
    shades = [luminance(re.search(r"background:(#\w+)", _cell(float(p), 0))[1]) for p in range(101)]  # type: ignore[index]
    assert shades == sorted(shades, reverse=True)
    assert len(set(shades)) > 90
    assert _cell(-3.0, 0).replace("-3.0", "0.0") == _cell(0.0, 0)
    assert _cell(150.0, 0).replace("150.0", "100.0") == _cell(100.0, 0)


def test_percent_never_wraps_and_what_is_not_known_is_blank() -> None:
    html = grid()._repr_html_()
    cells = re.findall(r"<td style=\"([^\"]*)\">[\d.]+&#8239;%</td>", html)  # a narrow space that does not break
    assert len(cells) == html.count("%</td>") == 5
    assert all("white-space:nowrap" in style for style in cells)
    assert re.search(r'<td title="(future|no base)"></td>', html)


# ----------------------------------------------------------------------------------------------------------- everything


@pytest.mark.parametrize("make", SHOWN.values(), ids=SHOWN)
def test_what_is_shown_is_whole_escaped_and_in_the_pages_colours(make: Callable[[], Any]) -> None:
    shown = make()._repr_html_()
    assert ("background:#" in shown) == isinstance(make(), type(grid()))
    tags = parsed(shown).tags
    assert not tags & {"script", "style", "iframe", "object", "img"}
    if "background:#" not in shown:  # a grid's cells have their own, tested above
        colors = re.findall(r"(?<![\w-])(?:background|color)\s*:\s*([^;\"]+)", shown)
        assert set(colors) <= {"inherit", "none"}


def test_hostile_names_are_shown_as_they_are() -> None:
    for made in (grid(by="plan"), pd.DataFrame({HOSTILE: [1], "lost": [1], "start": [2]}).csm.by(HOSTILE)):
        assert HOSTILE in parsed(made._repr_html_()).text


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({1: [1], ("a", 2): [2]}),
        pd.DataFrame([[1, 2]], columns=["lost", "lost"]),
        pd.DataFrame({"lost": ["x"], "start": [None]}),
        pd.DataFrame({"lost": [-1], "start": [1]}),
        pd.DataFrame({"start": [1, 2], "lost": [0, 1], "period": pd.period_range("2026-01", periods=2, freq="M")}),
    ],
    ids=["empty", "odd names", "a name twice", "text", "a negative count", "two periods"],
)
def test_a_frame_of_any_kind_is_shown(frame: pd.DataFrame) -> None:
    for at in (frame.csm, frame.csm.total()):
        parsed(at._repr_html_())


def test_a_frame_shows_its_metrics_and_what_is_left_out() -> None:
    months = pd.DataFrame({"lost": [1, 2], "new": [3, 4], "start": [10, 12], "referred_new": [1, 1], "month": [1, 2]})
    text = parsed(months.csm.total()._repr_html_()).text
    assert ".referral_share()" in text
    assert ".churn_rate()" not in text
    assert "churn_rate churn_rate: `start`" in text  # under what is left out
    assert ".churn_rate()" in parsed(months.csm._repr_html_()).text


def test_nothing_is_computed_to_show_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def __call__(self, *args: Any) -> Any:
            raise AssertionError

    monkeypatch.setattr("csmetrics._frames.grain.Grain.sums", Refusing())
    assert "churn_rate" in COMPANY.cohorts.csm.by("plan")._repr_html_()


# ------------------------------------------------------------------------------------------------------------- formulas


@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", csm.catalog)
def test_a_formula_is_shown_without_a_script(name: str) -> None:
    spec = csm.catalog[name]
    shown = spec._repr_html_()
    assert "<math" in shown
    examples = [csm.explain(name, **example.inputs) for example in spec.examples[:3]]
    for latex in (spec.formula, *(explained.latex for explained in examples)):
        root = ET.fromstring(mathml(latex))
        text = "".join(root.itertext())
        assert not set(text) & set("\\$^_&"), text
    read = formula(name)
    if read is not None:
        for word in re.findall(r"\\text\{([^{}]+)\}", spec.formula):
            assert word.strip() in parsed(shown).text
    for explained in examples:
        assert "<math" in explained._repr_html_()


@pytest.mark.parametrize(
    ("latex", "made"),
    [
        (
            r"\frac{\text{a b}}{2}",
            '<mfrac><mrow><mi mathvariant="normal">a b</mi></mrow><mrow><mn>2</mn></mrow></mfrac>',
        ),
        (r"1{,}200.5 \times x", "<mn>1,200.5</mn><mo>×</mo><mi>x</mi>"),
        (r"x_i^{2}", "<msup><msub><mi>x</mi><mi>i</mi></msub><mrow><mn>2</mn></mrow></msup>"),
        (r"\sum_i x - 1", "<munder><mo>∑</mo><mi>i</mi></munder><mi>x</mi><mo>−</mo><mn>1</mn>"),
        (r"\left(1\right)", "<mrow><mo>(</mo><mn>1</mn><mo>)</mo></mrow>"),
        (r"a < b", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>"),
        (r"\text{<b>}", '<mi mathvariant="normal">&lt;b&gt;</mi>'),
    ],
)
def test_the_mathml_of_a_formula(latex: str, made: str) -> None:
    assert f">{made}</math>" in mathml(latex)


def test_a_search_without_an_answer_says_so() -> None:
    assert csm.catalog.find("banana")._repr_html_() == "<p>Nothing found.</p>"
    assert csm.catalog.find("banana") == []


@pytest.mark.parametrize("keys", [["a", None], [pd.Timestamp("2026-01-01"), pd.NaT], [np.int64(1), np.int64(2)]])
def test_every_result_is_json(keys: list[Any]) -> None:
    """Also what has no value, and groups that are dates or missing."""
    frame = pd.DataFrame({"group": keys, "lost": [0, 2], "start": [0, 80]})
    full = frame.assign(start=80)
    waits = pd.DataFrame({"start": pd.Timestamp("2026-01-01"), "end": [pd.NaT, pd.Timestamp("2026-01-09")], "by": keys})
    curves = csm.survival.kaplan_meier_from_dates(waits, by="by", as_of="2026-02-01")
    months = frame.assign(period=pd.Period("2026-01", "M"))
    for result in (
        csm.interval(csm.churn_rate, lost=0, start=0),
        csm.compare_groups(csm.churn_rate, full, by="group"),
        csm.decompose(csm.churn_rate, full, full, by="group"),
        curves,
        csm.survival.compare(curves),
        csm.Scorecard(targets={"churn_rate": None, "nps": None}).evaluate(months, by="group"),
        csm.HealthScore(components={"lost": {"weight": 1}}).backtest(frame, [True, False]),
    ):
        assert json.loads(json.dumps(result.as_dict(), allow_nan=False))
