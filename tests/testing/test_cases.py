"""Worked cases: those of the catalogue, those of files, and what is refused of them."""

from __future__ import annotations

from datetime import datetime
from math import nan
from pathlib import Path

import pandas as pd
import pytest

import csmetrics as csm
from csmetrics.testing import Case, cases, read_cases


@pytest.mark.parametrize("case", cases())
def test_the_catalogue_holds_its_own_cases(case: Case) -> None:
    case.check()
    assert case.holds(getattr(csm, case.metric)(**case.inputs))


def test_cases_of_one_metric() -> None:
    assert [c.id for c in cases("nrr")] == [c.id for c in cases(csm.nrr)] == [e.id for e in csm.catalog["nrr"].examples]
    assert len(cases()) == sum(len(spec.examples) for spec in csm.catalog.values())
    with pytest.raises(csm.MetricInputError, match="did you mean 'nrr'"):
        cases("nr")


def test_a_case_keeps_its_own_inputs() -> None:
    cases("churn_rate")[0].inputs["lost"] = 7
    assert cases("churn_rate")[0].inputs["lost"] == 50


@pytest.mark.parametrize("case", cases("churn_rate")[:2])
def test_ids_are_shown(case: Case, request: pytest.FixtureRequest) -> None:
    assert request.node.callspec.id == f"churn_rate-{case.id}"


CASE = Case("x", "churn_rate", {"lost": 5, "start": 100}, 5.0, 0.01, "made up")


@pytest.mark.parametrize(("result", "holds"), [(5, True), (5.01, True), (5.011, False), (None, False), ("5", False)])
def test_holds(result: object, holds: bool) -> None:
    assert CASE.holds(result) is holds


def test_no_value_holds_as_none_nan_and_na() -> None:
    none = Case("x", "churn_rate", {"lost": 0, "start": 0}, None, 0.0, "")
    assert all(none.holds(result) for result in (None, nan, pd.NA))
    assert not any(none.holds(result) for result in (0, 0.0, [1, 2], "", True))
    none.check()


def test_check_says_what_is_wrong() -> None:
    with pytest.raises(AssertionError) as failed:
        Case("x", "churn_rate", {"lost": 5, "start": 100}, None, 0.0, "").check()
    assert "expected:   no value" in str(failed.value)
    with pytest.raises(AssertionError, match="must be <= `start`"):
        Case("x", "churn_rate", {"lost": 5, "start": 4}, 1.0, 0.0, "").check()
    with pytest.raises(AssertionError, match="the error impossible_input"):
        Case("x", "churn_rate", {"lost": 5, "start": 100}, None, 0.0, "", error="impossible_input").check()
    with pytest.raises(AssertionError, match="the error undefined"):
        Case("x", "churn_rate", {"lost": 5, "start": 4}, None, 0.0, "", error="undefined").check()
    Case("x", "churn_rate", {"lost": 5, "start": 4}, None, 0.0, "", error="impossible_input").check()


def read(folder: Path, name: str, text: str | bytes) -> list[Case]:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_cases(file)


def test_tables_of_any_name_and_what_stands_above_them(tmp_path: Path) -> None:
    text = """
    title = "figures"
    metric = "nps"
    tolerance = 0.5
    [[case]]
    inputs = { promoters = 6, passives = 2, detractors = 2 }
    expected = 40
    [[case]]
    metric = "churn_rate"
    inputs = { lost = 1, start = 3 }
    expected = 33
    tolerance = 0.34
    [january]
    source = "January"
    [[january.churn_rate]]
    inputs = { lost = 0, start = 0 }
    expected = nan
    [january.nrr.first]
    inputs = { start_mrr = 1, expansion_mrr = 0, contraction_mrr = 0, churned_mrr = 2 }
    error = "impossible_input"
    """
    found = read(tmp_path, "a.metrics.toml", text)
    assert [(c.id, c.metric, c.expected, c.tolerance, c.source, c.error) for c in found] == [
        ("1", "nps", 40.0, 0.5, "", ""),
        ("2", "churn_rate", 33.0, 0.34, "", ""),
        ("3", "churn_rate", None, 0.5, "January", ""),
        ("first", "nrr", None, 0.5, "January", "impossible_input"),
    ]
    for case in found:
        case.check()


def test_ids_are_made_different(tmp_path: Path) -> None:
    one = '[[csat]]\nid = "a"\ninputs = { satisfied = 1, responses = 2 }\nexpected = 50\n'
    assert [c.id for c in read(tmp_path, "a.toml", one + one)] == ["a-1", "a-2"]


def test_iso_text_is_a_date_where_the_metric_takes_dates(tmp_path: Path) -> None:
    text = """
    [[median_ttv]]
    inputs = { started_at = ["2026-01-01", "2026-01-01"], value_at = ["2026-01-04", 2026-01-05], as_of = "2026-02-01" }
    expected = 3
    """
    (case,) = read(tmp_path, "a.toml", text)
    assert case.inputs["started_at"] == [datetime(2026, 1, 1)] * 2
    case.check()


@pytest.mark.parametrize(
    "text",
    [
        "metric,inputs,expected\nchurn_rate,lost=5; start=100,5\n",
        'metric,inputs,expected\nchurn_rate,"{""lost"": 5, ""start"": 100}",5\n',
        "metric;inputs;expected\nchurn_rate;lost=5, start=100;5\n",
        "metric\tlost\tstart\texpected\nchurn_rate\t5\t100\t5\n",
        "\ufeffmetric,lost,start,expected,note\r\nchurn_rate, 5 ,100,5.0,x\r\n",
        "metric,inputs,start,seats_used,expected\nchurn_rate,lost=5,100,,5\n",
    ],
)
def test_csv(tmp_path: Path, text: str) -> None:
    (case,) = read(tmp_path, "a.metrics.csv", text)
    assert (case.metric, case.inputs, case.expected, case.source) == ("churn_rate", {"lost": 5, "start": 100}, 5.0, "")
    case.check()


def test_csv_blanks_and_words(tmp_path: Path) -> None:
    text = (
        "metric,amount,interval,lost,start,expected\nmrr,1200,year,,,100\nchurn_rate,,,nan,3,\nchurn_rate,,,0,0,NULL\n"
    )
    year, missing, empty = read(tmp_path, "a.csv", text)
    assert year.inputs == {"amount": 1200, "interval": "year"}
    assert (missing.inputs, missing.expected) == ({"lost": None, "start": 3}, None)  # a blank is not given, nan is
    assert (empty.inputs, empty.expected) == ({"lost": 0, "start": 0}, None)


@pytest.mark.parametrize(
    ("text", "argument", "words"),
    [
        ("[[case]]\nexpected = 1", "metric", "case 1 of a.toml has none"),
        ("[[churn_rate]]\nexpected = 1", "inputs", "is required"),
        ("[[churn_rate]]\ninputs = {}", "expected", "only one"),
        ("[[churn_rate]]\ninputs = {}\nexpected = 1\nerror = 'x'", "expected", "only one"),
        ("[[churn_rat]]\ninputs = {}\nexpected = 1\nmetric = 'churn_rat'", "metric", "did you mean 'churn_rate'"),
        ("[[case]]\nmetric = 5\ninputs = {}\nexpected = 1", "metric", "has 5"),
        ("[[churn_rate]]\ninputs = [1]\nexpected = 1", "inputs", "must be a table"),
        ("[[churn_rate]]\ninputs = {}\nexpected = [1]", "expected", "has [1]"),
        ("[[churn_rate]]\ninputs = {}\nexpected = inf", "expected", "nan for no value"),
        ("[[churn_rate]]\ninputs = {}\nexpected = true", "expected", "has True"),
        ("[[churn_rate]]\ninputs = {}\nexpected = 1\ntolerance = -1", "tolerance", "0 or more"),
        ("[[churn_rate]]\ninputs = {}\nexpected = 1\ntolerance = nan", "tolerance", "0 or more"),
        ("[[churn_rate]]\ninputs = {}\nexpcted = 1", "expcted", "nothing that a case has"),
        ("lost = 1\n[[churn_rate]]\ninputs = {}\nexpected = 1", "lost", "must stand in a case"),
        ("title = 'none'", "path", "must hold cases"),
        ("a = 1" + "0" * 5000, "path", "must be a TOML file"),
        (b"a = '\xff'", "path", "must be a TOML file"),
        ("[a]\n" * 2, "path", "must be a TOML file"),
        ("a=" + "{b=" * 3000 + "1" + "}" * 3000, "path", "must be a TOML file"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str | bytes, argument: str, words: str) -> None:
    with pytest.raises(csm.MetricInputError) as error:
        read(tmp_path, "a.toml", text)
    assert (error.value.metric, error.value.argument) == ("read_cases", argument)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("metric,inputs,expected\nchurn_rate,{,1\n", "must be a CSV file"),
        ('metric,inputs,expected\nchurn_rate,"a\n', "must be a CSV file"),
        ("metric,expected\nchurn_rate\n", "fewer cells"),
        ("metric\nchurn_rate\n", "case 1 of a.csv"),
    ],
)
def test_csv_that_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(csm.MetricInputError, match=words):
        read(tmp_path, "a.csv", text)


@pytest.mark.parametrize("path", [None, 5, ["a.toml"], b"a\x00"])
def test_what_is_no_path(path: object) -> None:
    with pytest.raises(csm.MetricInputError, match="read_cases: `path`"):
        read_cases(path)  # type: ignore[arg-type]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(csm.MetricInputError, match="No such file"):
        read_cases(tmp_path / "none.toml")
