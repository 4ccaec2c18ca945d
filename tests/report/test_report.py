"""The report: what it says is what the library computes, its page is plain and safe, its workbook recalculates."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from html import escape, unescape
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm
from csmetrics._report.book import safe
from csmetrics._report.formulas import excel

CARDS = {"sections": ["month"]}  # a page without its plots, which take most of the time
HOSTILE = ["<script>alert(1)</script>", "=cmd()", '"><img src=x onerror=alert(1)>', "+1", "@sum", "$x$"]


LEDGER = pd.DataFrame({"customer": [1, 2], "start": "2026-01-05", "end": None, "mrr": [5, 8]})


@pytest.fixture(scope="module")
def company() -> Any:
    return csm.datasets.make_saas()


@pytest.fixture(scope="module")
def frames(company: Any) -> dict[str, Any]:
    return {
        "movements": csm.cohorts.movements_from_subscriptions(company.subscriptions, as_of=company.as_of, by="plan"),
        "retention": csm.cohorts.retention(company.events, as_of=company.as_of),
        "active_users": csm.cohorts.active_users(company.events, as_of=company.as_of),
        "lifecycle": csm.cohorts.lifecycle(company.events, as_of=company.as_of),
        "survey": csm.cohorts.survey(company.surveys, nps="nps", time="time", freq="M", as_of=company.as_of),
        "tickets": csm.cohorts.tickets(company.tickets, freq="M", as_of=company.as_of),
        "health": csm.HealthScore(components={"usage": {"weight": 1}}).score(company.health),
    }


@pytest.fixture(scope="module")
def june(frames: dict[str, Any]) -> Any:
    return csm.report(**frames, scorecard={"nrr": 105, "churn_rate": {"at_most": 3}}, title="June")


@pytest.fixture(scope="module")
def page(june: Any) -> str:
    return june.to_html()


class Page(HTMLParser):
    """The elements of a page, with which of them are open."""

    VOID = frozenset({"meta", "img", "link", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


# The figures


def test_the_figures_are_those_of_the_library(june: Any, frames: dict[str, Any]) -> None:
    by_month = frames["movements"].csm.by("period")
    for metric in ("churn_rate", "nrr", "grr"):
        values = by_month.compute(metric)
        assert june.figures.loc[metric, "value"] == values.iloc[-1]
        assert june.figures.loc[metric, "change"] == values.iloc[-1] - values.iloc[-2]
    assert june.figures.loc["nps", "value"] == frames["survey"].csm.nps().iloc[-1]
    assert not june.figures.loc["nrr", "met"]
    assert june.figures.loc["churn_rate", "met"]


def test_more_than_noise_is_what_the_comparison_says(june: Any, frames: dict[str, Any]) -> None:
    card = csm.Scorecard(targets=dict.fromkeys(june.figures.index[:8])).evaluate(frames["movements"]).frame
    said = {"yes": "more than noise", "no": "may be noise"}
    assert june.figures.loc["churn_rate", "noise"] == said[card.loc["churn_rate", "more_than_noise"]]
    assert "cannot tell" in june.figures.loc["nrr", "noise"]  # totals alone do not tell


def test_one_day_of_users_is_not_judged_against_the_day_before(june: Any, page: str) -> None:
    day = june.figures.loc["stickiness"]
    assert day["period"] == "30 Jun 2026"
    assert np.isnan(day["change"])
    assert "days of the week differ" in day["noise"]
    assert day["noise"] in page


def test_a_report_of_an_earlier_month(frames: dict[str, Any]) -> None:
    may = csm.report(movements=frames["movements"], as_of="2026-05-31").figures
    assert may.loc["churn_rate", "period"] == "May 2026"
    assert may.loc["churn_rate", "value"] == frames["movements"].csm.by("period").churn_rate().iloc[-2]
    assert (
        csm.report(movements=frames["movements"], as_of="2026-05-30").figures.loc["churn_rate", "period"] == "Apr 2026"
    )


def test_a_report_of_an_earlier_month_whatever_its_periods_are() -> None:
    numbers = {"lost": [1, 2, 9], "start": [10, 10, 10]}
    for labels in (["2026-04", "2026-05", "2026-06"], [2023, 2024, 2025]):
        until = "2024-12-31" if labels[0] == 2023 else "2026-05-31"
        made = csm.report(movements=pd.DataFrame({"period": labels, **numbers}), as_of=until)
        assert made.figures.loc["churn_rate", "value"] == 20


def test_a_metric_without_its_columns_says_so(june: Any, frames: dict[str, Any]) -> None:
    found = csm.report(movements=frames["movements"], scorecard={"csat": 80}, template=CARDS)
    assert np.isnan(found.figures.loc["csat", "value"])
    assert "no frame of this report has the columns it needs" in found.to_html()


# The page


def test_the_page_is_whole_and_alone(page: str) -> None:
    read = Page(page)
    tags = [tag for tag, _ in read.seen]
    ids = [a["id"] for _, a in read.seen if "id" in a]
    assert len(ids) == len(set(ids))
    assert {"script", "link", "iframe"}.isdisjoint(tags)
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", page)
    assert "url(http" not in page
    assert len(page) < 2_000_000
    assert [tag for tag in tags if tag in ("h1", "main")] == ["h1", "main"]
    assert all(a.get("aria-label") for tag, a in read.seen if tag == "svg")
    used = {a["href"].removeprefix("#") for tag, a in read.seen if tag == "use" and a.get("href")}
    assert used <= set(ids)


def test_every_figure_says_how_it_was_computed(page: str, june: Any) -> None:
    assert page.count("How was this computed?") == len(june.figures)
    assert "customer churn rate = lost / start × 100" in page or "= lost / start × 100" in page


def test_the_axis_of_a_time_says_hours(company: Any) -> None:
    tickets = csm.cohorts.tickets(company.tickets, freq="M", as_of=company.as_of)
    page = csm.report(tickets=tickets).to_html()
    assert "hours, lower is better" in page
    assert "time, lower is better" not in page


def test_notes_are_for_readers_and_not_for_programmers(page: str) -> None:
    assert "customer=" not in page
    assert "several answers of one customer count as if they came from several customers" in page


def test_a_card_has_the_notes_of_its_own_period_only() -> None:
    index = pd.period_range("2026-01", periods=3, name="period", freq="M")
    months = pd.DataFrame({"lost": [0, 1, 12], "start": [0, 12, 400]}, index=index)
    assert "fewer than 30 units" in csm.report(movements=months, as_of="2026-02-28", template=CARDS).to_html()
    text = csm.report(movements=months, template=CARDS).to_html()
    assert "95 % interval" in text
    assert "fewer than 30 units" not in text
    assert "nothing to divide by" not in text


def test_a_month_with_more_open_tickets_is_not_called_better() -> None:
    months = pd.DataFrame(
        {"tickets": [100, 95], "timed": [99, 81], "resolution_time_sum": [4000.0, 1500.0]},
        index=pd.period_range("2026-05", periods=2, name="period", freq="M"),
    )
    text = csm.report(tickets=months, template=CARDS).to_html()
    assert "14 of 95 tickets are still open" in text
    assert "too early to compare" in text
    assert ", better" not in text
    as_before = csm.report(tickets=months.assign(timed=[80, 81]), template=CARDS).to_html()
    assert "14 of 95 tickets are still open" in as_before
    assert ", better" in as_before


def test_a_phone_is_told_that_charts_go_on(page: str) -> None:
    narrow = re.search(r"@media screen and \(max-width: (\d+)px\) {\s*figure::before { content: \"Scroll", page)
    wide = re.search(r"\.plot svg {[^}]*min-width: (\d+)px", page)
    assert narrow is not None
    assert wide is not None
    assert int(narrow[1]) == int(wide[1]) + 2 * 16 - 1  # the page's margins; below it a chart is cut


def test_the_page_says_that_changes_are_tested_together(page: str) -> None:
    assert "Changes are tested together (" in page
    assert "of the tickets" in page


def test_too_little_history_is_said_in_plain_words() -> None:
    months = pd.DataFrame(
        {"lost": [20, 200], "start": [1000, 1000]}, index=pd.period_range("2026-05", periods=2, name="period", freq="M")
    )
    found = csm.report(movements=months).figures.loc["churn_rate", "noise"]
    assert found == "more than chance for so many customers; fewer than eight earlier changes to compare with"


def test_onboarding_has_its_median_time_to_value() -> None:
    customers = pd.DataFrame(
        {
            "customer": range(6),
            "started": pd.to_datetime(["2026-04-01"] * 3 + ["2026-05-01"] * 3),
            "value": pd.to_datetime(["2026-04-03", "2026-04-05", None, "2026-05-11", "2026-05-11", None]),
        }
    )
    made = csm.report_from_tables(customers=customers, as_of="2026-05-31")
    assert made.figures.loc["median_ttv", ["value", "change", "unit"]].to_list() == [10, 6, "days"]
    assert "10 days" in made.to_html()
    with zipfile.ZipFile(BytesIO(made.to_xlsx())) as book:
        assert re.search(r'<c r="B5"[^>]*><v>10</v>', book.read("xl/worksheets/sheet1.xml").decode())
    of_each = customers.assign(plan=["a", "b"] * 3)
    frame = csm.cohorts.onboarding(of_each, completed=None, freq="M", as_of="2026-05-31", by="plan")
    assert "median_ttv" not in csm.report(onboarding=frame).figures.index  # medians of segments do not add up


def test_a_response_rate_says_what_it_counts() -> None:
    answers = pd.DataFrame({"time": ["2026-05-04", "2026-05-20"], "nps": [9, None]})
    text = csm.report_from_tables(responses=answers, as_of="2026-05-31", template=CARDS).to_html()
    assert "Every row counts as asked" in text


def test_no_interval_is_said_in_plain_words(frames: dict[str, Any]) -> None:
    text = csm.report(tickets=frames["tickets"], template=CARDS).to_html()
    assert "no interval: the totals alone do not say" in text
    assert "must be known" not in text


def test_no_reader_needs_python(page: str, frames: dict[str, Any]) -> None:
    code = re.compile(r"\b[a-z_]+=[^=]|\b(?:csm|csmetrics|pd|df)\.\w|\.attrs|\w\(\w+=")
    assert "pass closed='both'" in " ".join(frames["movements"].attrs["notes"])
    words = "".join(Page(re.sub("<pre>.*?</pre>", "", page, flags=re.DOTALL)).text)
    assert "3 rows begin one day after an end of the same customer, which counts as a gap." in words
    ledger = pd.DataFrame(
        {"customer": ["x=1"] * 2, "start": ["2026-01-01", "2026-02-11"], "end": ["2026-02-10", None], "mrr": [9, -9]}
    )
    with pytest.warns(csm.CohortWarning, match="closed='both'"):
        made = csm.report_from_tables(subscriptions=ledger, as_of="2026-03-31", on_bad_rows="report")
    sheets = " ".join(cells(made.to_xlsx()))
    assert "1 row begins one day after" in sheets
    assert code.findall(words) == []
    assert code.findall(sheets.replace("'x=1'", "")) == []


def test_names_are_text(company: Any) -> None:
    names = pd.Series(np.resize(np.array(HOSTILE, dtype=object), len(company.accounts)))
    ledger = company.subscriptions.drop(columns="plan").merge(
        company.accounts[["customer"]].assign(plan=names), on="customer"
    )
    frame = csm.cohorts.movements_from_subscriptions(ledger, as_of=company.as_of, by="plan")
    made = csm.report(movements=frame, title=HOSTILE[0], template={"company": HOSTILE[2]})
    text = made.to_html()
    assert "<script" not in text
    assert "<img src=x" not in text
    assert HOSTILE[0] in "".join(Page(text).text)
    for words in cells(made.to_xlsx()):
        assert not words.startswith(("=", "+", "-", "@"))


def test_the_template_changes_the_look(frames: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    file = tmp_path / "company.toml"
    file.write_text(
        'title = "Board"\ncompany = "Acme"\nlogo = "logo.svg"\nsections = ["month"]\nmetrics = ["grr", "churn_rate"]\n'
        '[colors]\naccent = "#123abc"\n'
    )
    made = csm.report(movements=frames["movements"], template=file)
    assert list(made.figures.index) == ["grr", "churn_rate"]
    text = made.to_html()
    assert "<title>Board</title>" in text
    assert 'alt="Acme"' in text
    assert "--accent: #123abc" in text
    assert "Recurring revenue" not in text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"colors": {"accent": "red; } body { display: none"}}, "must map accent, good, bad to colours"),
        ({"sections": ["everything"]}, "must be among month"),
        ({"style": "x"}, "has the keys title"),
        ("missing.toml", "must be a file"),
        ({"logo": "logo.exe"}, "must be one of .svg"),
        ({"metrics": ["chrun_rate"]}, "chrun_rate"),
        ({"metrics": "nrr"}, "must be a list"),
        ({"colors": 5}, "must be a table of colours"),
        (5, "must be a TOML file or a mapping"),
    ],
)
def test_a_wrong_template_says_so(frames: dict[str, Any], given: Any, words: str) -> None:
    with pytest.raises(csm.MetricInputError, match=re.escape(words)):
        _ = csm.report(movements=frames["movements"], template=given).figures


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "must be given"),
        ({"retention": pd.DataFrame()}, "must be a RetentionGrid"),
        ({"movements": [1]}, "must be a DataFrame"),
        ({"as_of": "soon"}, "must be a date"),
        ({"health": pd.DataFrame({"score": [5]})}, "must be the scores of customers, with their bands"),
        (
            {"movements": pd.DataFrame({"period": ["jan"], "lost": 1, "start": 9}), "as_of": "2026-05-31"},
            "needs periods that are dates",
        ),
        ({"as_of": "01/07/2026"}, "must be a date"),  # in January or in July
        ({"as_of": 20260701}, "must be a date"),  # nanoseconds since 1970, to pandas
        ({"scorecard": 5}, "must be a Scorecard"),
        ({"scorecard": {"nrr": "high"}}, "must have a Target"),
        ({"scorecard": {"nrr": {"least": 5}}}, "must have at_least, at_most or both"),
    ],
)
def test_wrong_arguments_say_so(frames: dict[str, Any], given: Any, words: str) -> None:
    arguments = {"movements": frames["movements"], **given} if given else {}
    with pytest.raises(csm.MetricInputError, match=re.escape(words)):
        csm.report(**arguments)


def test_an_empty_frame_is_a_report_without_figures(frames: dict[str, Any]) -> None:
    made = csm.report(movements=frames["movements"].iloc[:0])
    assert "no period is complete" in made.to_html()
    assert made.to_xlsx()


def test_the_notebook_shows_the_page_in_a_frame_of_its_own(june: Any, frames: dict[str, Any]) -> None:
    cards = csm.report(movements=frames["movements"], template=CARDS)
    assert cards._repr_html_().startswith("<iframe ")
    assert escape(cards.to_html()) in cards._repr_html_()
    assert "Customer churn rate: 2.08 %" in repr(june)


def test_nothing_opens_a_figure(frames: dict[str, Any]) -> None:
    code = (
        "import sys, pandas as pd, csmetrics as csm\n"
        "months = pd.DataFrame({'lost': [5, 7], 'start': [9, 11], 'promoters': [3, 4], 'passives': 1, 'detractors': 1},"
        " index=pd.period_range('2026-05', periods=2, freq='M', name='period'))\n"
        "csm.report(movements=months, survey=months).to_html()\n"
        "print('matplotlib.pyplot' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# The workbook


def cells(data: bytes) -> list[str]:
    """Return the texts of a workbook's cells."""
    with zipfile.ZipFile(BytesIO(data)) as book:
        shared = book.read("xl/sharedStrings.xml").decode()
    return [re.sub(r"&lt;", "<", text) for text in re.findall(r"<t[^>]*>(.*?)</t>", shared, flags=re.DOTALL)]


def formulas(data: bytes, sheet: int) -> dict[str, tuple[str, str]]:
    """Return the formulas of a sheet and the values that are stored with them."""
    with zipfile.ZipFile(BytesIO(data)) as book:
        text = book.read(f"xl/worksheets/sheet{sheet}.xml").decode()
    found = re.findall(r'<c r="([A-Z]+\d+)"[^>]*><f>(.*?)</f><v>(.*?)</v>', text)
    return {ref: (unescape(formula), value) for ref, formula, value in found}


def test_rates_are_live_formulas(june: Any, frames: dict[str, Any]) -> None:
    found = formulas(june.to_xlsx(), 3)
    churn = next(ref for ref, (text, _) in found.items() if text.startswith("IF(COUNT(E") and ref.endswith("25"))
    text, value = found[churn]
    assert text == 'IF(COUNT(E25,B25)<2,"",IFERROR(((E25/B25)*100),""))'
    assert float(value) == june.figures.loc["churn_rate", "value"]
    first = found[re.sub(r"\d+", "2", churn)]
    assert first[1] == ""  # nobody was there when the first month opened


def test_the_scorecard_points_to_the_totals(june: Any) -> None:
    found = formulas(june.to_xlsx(), 1)
    assert found["B5"][0].startswith("IF(ISNUMBER('movements'!")
    assert float(found["B5"][1]) == june.figures.loc["churn_rate", "value"]
    assert float(found["E5"][1]) == june.figures.loc["churn_rate", "change"]
    assert [found[ref][1] for ref in ("I5", "I6")] == ["met", "missed"]


def test_changes_of_rates_are_percentage_points_and_times_hours(june: Any) -> None:
    with zipfile.ZipFile(BytesIO(june.to_xlsx())) as book:
        assert "pp&quot;" in book.read("xl/styles.xml").decode()
    assert "hours" in cells(june.to_xlsx())
    assert june.figures.loc["resolution_time", "unit"] == "hours"


def test_native_charts_follow_the_totals(june: Any) -> None:
    with zipfile.ZipFile(BytesIO(june.to_xlsx())) as book:
        charts = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/charts/chart")]
    titles = {re.findall(r"<a:t>(.*?)</a:t>", chart)[0]: chart for chart in charts}
    wanted = {"MRR, Jun 2026", "Movements of MRR", "Customers that came and went", "Answers to NPS", "Active users"}
    assert wanted < set(titles)
    assert 'grouping val="percentStacked"' in titles["Answers to NPS"]
    rates = re.findall(r"<c:val><c:numRef><c:f>movements!\$\w+\$(\d+)", titles["Percentages of the movements"])
    assert set(rates) == {"3"}  # nobody was there when the first month opened, and a chart would draw that as 0


def test_the_bridge_is_live(june: Any) -> None:
    with zipfile.ZipFile(BytesIO(june.to_xlsx())) as book:
        names = re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
    found = formulas(june.to_xlsx(), names.index("bridge") + 1)
    amounts = [float(value) for ref, (_, value) in found.items() if ref.startswith("B")]
    assert amounts[0] + sum(amounts[1:-1]) == amounts[-1]
    assert all("movements" in text for ref, (text, _) in found.items() if ref.startswith("B"))


def test_a_formula_that_is_no_plain_arithmetic_stands_as_its_number() -> None:
    with pytest.raises(KeyError):
        excel(csm._catalog.formula.formula("nps_from_scores").right, {})


@pytest.mark.parametrize("text", [*HOSTILE, "\t=x", "-2+3", "%a"])
def test_no_text_runs(text: str) -> None:
    assert not safe(text).startswith(("=", "+", "-", "@", "\t", "%"))


def test_save_takes_html_and_xlsx(june: Any, tmp_path: Path, page: str) -> None:
    assert june.save(tmp_path / "june.html").read_text("utf-8") == page
    assert june.save(str(tmp_path / "june.xlsx")).read_bytes()[:2] == b"PK"
    with pytest.raises(csm.MetricInputError, match=r"must end in \.html or \.xlsx"):
        june.save("june.pdf")


# From raw tables


def test_raw_tables_make_the_same_figures(company: Any, frames: dict[str, Any]) -> None:
    steps: list[str] = []
    made = csm.report_from_tables(
        subscriptions=company.subscriptions.drop(columns="plan").rename(columns={"customer": "account_id"}),
        events=company.events,
        responses=company.surveys,
        tickets=company.tickets,
        customers=company.accounts.merge(company.onboarding, on="customer"),
        columns={"subscriptions": {"customer": "account_id"}},
        as_of=company.as_of,
        by="plan",
        template={"sections": ["month", "moved"]},
        progress=steps.append,
    )
    wanted = csm.report(**frames).figures
    same = ["churn_rate", "nrr", "grr", "nps", "fcr", "lifecycle_quick_ratio"]
    assert made.figures.loc[same, "value"].to_list() == wanted.loc[same, "value"].to_list()
    monthly = csm.cohorts.active_users(company.events, freq="M", as_of=company.as_of).csm.stickiness()
    assert made.figures.loc["stickiness", ["period", "value"]].to_list() == ["Jun 2026", monthly.iloc[-1]]
    assert made.figures.loc["nrr", "noise"] in ("more than noise", "may be noise")
    assert made.figures["value"].notna().loc[["csat", "ces", "adoption_rate", "onboarding_completion_rate"]].all()
    assert steps[0] == "subscriptions"
    assert steps[-1] == "report"
    assert "rates within segments" in made.to_html()
    means = [one.interval for one in made._contents.figures if one.spec.unit == "time" or one.spec.name == "ces"]
    assert all(one.startswith("95 % interval") for one in means)  # sums of squares are in the frames


def test_segments_of_customers_are_matched_or_refused() -> None:
    ledger = pd.DataFrame({"customer": [1, 2, 3], "start": "2026-01-05", "end": [None, None, "2026-03-10"], "mrr": 10})
    plans = pd.DataFrame({"customer": [1, 2, 3], "plan": ["a", "a", "b"]})

    def made(customers: pd.DataFrame) -> Any:
        return csm.report_from_tables(subscriptions=ledger, customers=customers, by="plan", as_of="2026-03-31")

    assert "no 'plan'" not in made(plans).to_html()
    assert "1 customer of the subscriptions has no &#39;plan&#39; among the customers." in made(plans.head(2)).to_html()
    with pytest.raises(csm.MetricInputError, match=r"it has '1', and the subscriptions have 1, for example.*astype"):
        made(plans.astype({"customer": str}))
    with pytest.raises(csm.MetricInputError, match="must be one for each of the customers; 1 have several, such as 2"):
        made(pd.concat([plans, plans.iloc[[0]], plans.iloc[[1]].assign(plan="b")]))


def test_a_change_of_plan_is_no_churn() -> None:
    stayed = [(f"c{i}", "starter", "2026-01-05", "2026-03-10" if i < 10 else None, 100) for i in range(40)]
    moved = [(f"c{i}", "team", "2026-03-10", None, 150) for i in range(10)]
    ledger = pd.DataFrame([*stayed, *moved], columns=["customer", "plan", "start", "end", "mrr"])
    whole, by_plan = (
        csm.report_from_tables(subscriptions=ledger, as_of="2026-03-31", by=by).figures for by in (None, "plan")
    )
    pd.testing.assert_frame_equal(whole, by_plan)
    assert by_plan.loc[["churn_rate", "nrr", "grr"], "value"].to_list() == [0, 112.5, 100]


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({}, csm.MetricInputError, "must be given"),
        (
            {"tickets": pd.DataFrame({"created": ["2026-03-01"], "Solved at": [None], "Reopens": [0]})},
            csm.MissingColumnError,
            'Hint: columns={"tickets": {"resolved": "Solved at", "reopened": "Reopens"}}',
        ),
        (
            {
                "subscriptions": pd.DataFrame(
                    columns=[
                        "Customer ID",
                        "Start (UTC)",
                        "Start Date (UTC)",
                        "Trial End (UTC)",
                        "Ended At (UTC)",
                        "Interval",
                        "Amount",
                    ]
                )
            },
            csm.MissingColumnError,
            '"start": "Start Date (UTC)", "end": "Ended At (UTC)", "mrr": "its_name"}}',
        ),
        (
            {"subscriptions": pd.DataFrame(columns=["customer", "start", "end", "mrr", "plan"]), "by": "Plan"},
            csm.MissingColumnError,
            "no column 'Plan' in the subscriptions or the customers; this frame has 'customer', 'start', 'end', 'mrr', "
            "'plan'. Hint: did you mean 'plan'?",
        ),
        (
            {"responses": pd.DataFrame({"time": ["2026-03-01"], "Score": [9]})},
            csm.MissingColumnError,
            'columns={"responses": {"nps": "Score"}}',
        ),
        (
            {"subscriptions": pd.DataFrame({"account_id": [1]})},
            csm.MissingColumnError,
            "no columns 'customer', 'start', 'end', 'mrr' in the subscriptions; this frame has 'account_id'. Hint: "
            'columns={"subscriptions": {"customer": "account_id", "start": "its_name", "end": "its_name"',
        ),
        (
            {"subscriptions": pd.DataFrame({"customer": [1]}), "columns": {"plans": {}}},
            csm.MetricInputError,
            "must map subscriptions, events",
        ),
        ({"customers": pd.DataFrame({"customer": [1]})}, csm.MetricInputError, "customers alone need the column"),
        ({"events": pd.DataFrame(), "columns": 5}, csm.MetricInputError, "must map subscriptions, events"),
        (
            {"events": pd.DataFrame(), "columns": {"events": "t"}},
            csm.MetricInputError,
            "must map subscriptions, events",
        ),
        *(
            ({table: [{"customer": "a"}]}, csm.MetricInputError, "got a list. Hint: pd.DataFrame(rows)")
            for table in ("subscriptions", "events", "responses", "tickets", "customers")
        ),
        ({"events": "events.csv"}, csm.MetricInputError, "got a str. Hint: read the file first"),
        (
            {"responses": pd.DataFrame({"time": ["2026-01-01"]})},
            csm.MissingColumnError,
            "no column of scores in the responses",
        ),
    ],
)
def test_wrong_tables_say_so(given: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=re.escape(words)):
        csm.report_from_tables(**given)


def test_the_name_of_a_frame_hints_at_the_table() -> None:
    given: dict[str, Any] = {"onboarding": pd.DataFrame({"customer": [1]})}
    with pytest.raises(TypeError, match="here customers="):
        csm.report_from_tables(**given)


def test_the_extras_name_what_they_need() -> None:
    extras = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert {re.split("[>=]", one)[0] for one in extras["report"]} == {"Jinja2", "XlsxWriter", "matplotlib"}
    for module, words in (("jinja2", "reports need Jinja2"), ("xlsxwriter", "workbooks need XlsxWriter")):
        code = (
            f"import sys; sys.modules[{module!r}] = None\n"
            "import pandas as pd, csmetrics as csm\n"
            "made = csm.report(movements=pd.DataFrame({'lost': [1], 'start': [2]}))\n"
            "try: made.to_html(), made.to_xlsx()\n"
            "except ImportError as error: print(error)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert words in done.stdout
        assert "csmetrics[report]" in done.stdout
