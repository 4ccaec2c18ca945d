"""Worked cases: those of the catalogue, those in files, and those that are refused."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from io import StringIO
from math import isnan, nan
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics.testing import Case, cases, read_cases, verify

from ..drawn import drawn


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


@pytest.mark.parametrize(("expected", "hint"), [(11.7, "`tolerance` 0.05 beside"), (11.6, ""), (11.0, ""), (1e-7, "")])
def test_a_rounded_figure_is_told_of_its_tolerance(expected: float, hint: str) -> None:
    with pytest.raises(AssertionError) as failed:
        Case("x", "churn_rate", {"lost": 7, "start": 60}, expected, 1e-9 * expected, "").check()
    assert ("hint:" in str(failed.value)) == bool(hint)
    assert hint in str(failed.value)


@pytest.mark.parametrize(
    ("metric", "inputs", "expected", "error", "words"),
    [
        ("churn_rate", {"lost": [5, 12], "start": [100, 480]}, 5.0, "", "start = [100, 480]"),
        ("churn_rate", {"lost": [5, 12], "start": [100, 480]}, None, "", "churn rate = lost / start × 100"),
        ("churn_rate", {"lost": [5, 12], "start": [100, 480]}, None, "impossible_input", "the error impossible_input"),
        ("churn_rate", {"lost": 5, "start": 100, "undefined": "foo"}, 6.0, "", "got 'foo'"),
        ("ttv", {"started_at": [datetime(2026, 1, 1)], "value_at": [datetime(2026, 1, 5)]}, 5.0, "", "got:        4"),
        ("health_score", {"scores": [[50, 60], [70, 80]], "weights": [1, 2]}, 5.0, "", "weights = [1, 2]"),
    ],
)
def test_what_explain_does_not_take_is_told_beside_the_formula(
    metric: str, inputs: dict[str, Any], expected: float | None, error: str, words: str
) -> None:
    with pytest.raises(AssertionError) as failed:
        Case("x", metric, inputs, expected, 0.0, "", error).check()
    assert words in str(failed.value)
    assert f"{metric}, case x" in str(failed.value)


def test_a_case_of_no_metric_is_an_error_and_no_refused_input() -> None:
    with pytest.raises(csm.MetricInputError, match="did you mean 'churn_rate'"):
        Case("x", "chrun_rate", {}, None, 0.0, "", error="impossible_input").check()


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
    assert [c.id for c in read(tmp_path, "a.toml", one + one + one.replace('"a"', '"a-1"'))] == ["a-2", "a-3", "a-1"]
    assert [c.id for c in read(tmp_path, "a.toml", one.replace('"a"', '"2"') + one.replace('id = "a"', ""))] == [
        *("2-1", "2-2")
    ]


def test_iso_text_is_a_date_where_the_metric_takes_dates(tmp_path: Path) -> None:
    text = """
    [[median_ttv]]
    inputs = { started_at = ["2026-01-01", "2026-01-01"], value_at = ["2026-01-04", 2026-01-05], as_of = "2026-02-01" }
    expected = 3
    """
    (case,) = read(tmp_path, "a.toml", text)
    assert case.inputs == {
        "started_at": [datetime(2026, 1, 1)] * 2,
        "value_at": [datetime(2026, 1, 4), datetime(2026, 1, 5)],
        "as_of": datetime(2026, 2, 1),
    }
    case.check()


def test_what_is_no_date_is_left_for_the_metric_to_refuse(tmp_path: Path) -> None:
    inputs = 'started_at = ["2026-01-01"], value_at = ["soon"], as_of = [2026-02-01]'
    (case,) = read(tmp_path, "a.toml", f"[[median_ttv]]\ninputs = {{ {inputs} }}\nerror = 'impossible_input'")
    assert case.inputs["value_at"] == ["soon"]
    case.check()


def test_dates_of_examples_can_be_counted_with() -> None:
    def of_all_there(started_at: list[Any], value_at: list[Any], as_of: datetime) -> float | None:
        """Return the median of all customers, with those still waiting counted up to the end of the day `as_of`."""
        end = as_of + timedelta(days=1) if as_of == datetime(as_of.year, as_of.month, as_of.day) else as_of
        assert all((end - start).days >= 0 for start in started_at)
        figure = csm.median_ttv(started_at, value_at, as_of=as_of)
        return None if isnan(figure) else figure

    assert {type(case.inputs["as_of"]) for case in cases("median_ttv")} == {datetime}
    report = verify(of_all_there, "median_ttv")
    assert report.ok, str(report)


@pytest.mark.parametrize(
    "text",
    [
        "metric,inputs,expected\nchurn_rate,lost=5; start=100,5\n",
        'metric,inputs,expected\nchurn_rate,"{""lost"": 5, ""start"": 100}",5\n',
        "metric;inputs;expected\nchurn_rate;lost=5, start=100;5\n",
        "metric\tlost\tstart\texpected\nchurn_rate\t5\t100\t5\n",
        "\ufeffmetric,lost,start,expected,note\r\nchurn_rate, 5 ,100,5.0,x\r\n",
        "metric,inputs,start,seats_used,expected\nchurn_rate,lost=5,100,,5\n",
        "metric,lost,start,expected,,\n,,,,,\nchurn_rate,5,100,5,,\n,,,,,,,,\n , ,\n",
        "\n\nmetric,lost,start,expected\n\nchurn_rate,5,100,5",
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
    assert (missing.inputs, missing.expected) == ({"lost": None, "start": 3}, None)  # blank: not given
    assert (empty.inputs, empty.expected) == ({"lost": 0, "start": 0}, None)


@pytest.mark.parametrize(
    ("cell", "inputs"),
    [
        ("scores=[10,9,7,3]; scale=[0,10]", {"scores": [10, 9, 7, 3], "scale": [0, 10]}),
        ("scores = [1, null, 2.5] , scale=[0,10],", {"scores": [1, None, 2.5], "scale": [0, 10]}),
        ('{"scores": [[1], 2], "scale": [0, 10]}', {"scores": [[1], 2], "scale": [0, 10]}),
        ('scores={"a]; b": 1}; weights={}', {"scores": {"a]; b": 1}, "weights": {}}),
        ("", {}),
        (" ; ", {}),
    ],
)
def test_csv_inputs(tmp_path: Path, cell: str, inputs: dict[str, Any]) -> None:
    quoted = cell.replace('"', '""')
    (case,) = read(tmp_path, "a.csv", f'metric,inputs,expected\nnps,"{quoted}",5\n')
    assert case.inputs == inputs


def test_csv_lists_in_columns_of_their_own(tmp_path: Path) -> None:
    text = 'metric,started_at,value_at,as_of,expected\nmedian_ttv,"[""2026-01-01""]","[""2026-01-03""]",2026-02-01,2\n'
    (case,) = read(tmp_path, "a.csv", text)
    assert case.inputs["as_of"] == datetime(2026, 2, 1)
    case.check()


def test_csv_lines_end_where_csv_says(tmp_path: Path) -> None:
    text = (
        'metric,lost,start,expected,source\r\nchurn_rate,5,100,5,"one\r\ntwo"\r\nchurn_rate,5,100,5,a\u2028b\x0cc\r\n'
    )
    assert [c.source for c in read(tmp_path, "a.csv", text)] == ["one\ntwo", "a\u2028b\x0cc"]
    with pytest.raises(csm.MetricInputError, match=r"line 5 of a\.csv has fewer"):
        read(tmp_path, "a.csv", text + "churn_rate\r\n")
    with pytest.raises(csm.MetricInputError, match="line 5: "):
        read(tmp_path, "a.csv", text + '"churn_rate\r\n\r\n')
    with pytest.raises(csm.MetricInputError, match=r"case 3 of a.csv \(line 5\) has 'x'"):
        read(tmp_path, "a.csv", text + "x,5,100,5,\r\n")


@pytest.mark.parametrize(
    ("text", "argument", "words"),
    [
        ("[[case]]\nexpected = 1", "metric", "case 1 of a.toml ([[case]]) has none. Hint: name the table"),
        (
            "[[chrun_rate]]\ninputs = {}\nexpected = 1",
            "metric",
            "([[chrun_rate]]) has none. Hint: did you mean 'churn_r",
        ),
        ("[march.chrun_rate.all]\ninputs = {}\nexpected = 1", "metric", "([march.chrun_rate.all]) has none. Hint: did"),
        ("[[churn_rate]]\ninputs = {}\nexpected = '5%'", "expected", "has '5%'. Hint: digits and a point"),
        ("[[churn_rate]]\ninputs = {}\nexpected = 'nan'", "expected", "has 'nan'"),
        ("[[churn_rate]]\ninputs = {}\nexpected = ''", "expected", "has ''"),
        (
            "[[churn_rate]]\ninputs = {}\nerror = ''",
            "error",
            "one of impossible_input, undefined, missing_column; case",
        ),
        ("[[churn_rate]]\ninputs = {}\nerror = 'MetricInputError'", "error", "has 'MetricInputError'"),
        ("[[churn_rate]]\ninputs = {}\nerror = [1]", "error", "has [1]"),
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
        ("[[churn_rate]]\ninputs = {}\nexpcted = 1", "expcted", "not a field of a case"),
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
    ("text", "argument", "words"),
    [
        ("metric,inputs,expected\nchurn_rate,{,1\n", "inputs", "line 2 of a.csv: '{' is not JSON"),
        ("metric,inputs,expected\n\nchurn_rate,lost; start=100,1\n", "inputs", "line 3 of a.csv: 'lost' is not a pair"),
        ('metric,inputs,expected\nchurn_rate,"[1,2]",1\n', "inputs", "'[1' is not a pair"),
        ("metric,inputs,expected\nchurn_rate,=5,1\n", "inputs", "'=5' is not a pair"),
        ('metric,inputs,expected\nchurn_rate,"lost=7,5; start=100",1\n', "inputs", "'5' is not a pair"),
        (
            'metric,inputs,expected\ncsat,"scores=[1,2; scale=[1,5]",1\n',
            "inputs",
            "is not JSON: Expecting ',' delimiter",
        ),
        ('metric,inputs,expected\ncsat,"scores=[1,2] 3",1\n', "inputs", "'3' follows a closing bracket"),
        ('metric,inputs,expected\ncsat,"{} x",1\n', "inputs", "'x' follows a closing bracket"),
        ("metric,scores,expected\ncsat,[x],1\n", "inputs", "'[x]' is not JSON"),
        ('metric,scores,expected\ncsat,"[1], [2]",1\n', "inputs", "follows a closing bracket"),
        ("metric,scores,expected\ncsat," + "[" * 100_000 + ",1\n", "inputs", "line 2 of a.csv: "),
        ("metric,inputs,expected\nchurn_rate,lost=5;lost=6,1\n", "inputs", "line 2 of a.csv: 'lost' is given twice"),
        ('metric,inputs,expected\nchurn_rate,"{""lost"": 5, ""lost"": 6}",1\n', "inputs", "'lost' is given twice"),
        ("metric,inputs,lost,expected\nchurn_rate,lost=5;start=9,6,1\n", "inputs", "'lost' is given twice"),
        ("metric,lost, lost,start,expected\nchurn_rate,5,6,100,5\n", "lost", "must be one column"),
        ("metric,expected,expected\n", "expected", "must be one column"),
        (
            "metirc,lost,start,expected\nchurn_rate,5,100,5\n",
            "metirc",
            "columns metirc, lost, start, expected. Hint: did",
        ),
        ("Metric,lost,start,expected\nchurn_rate,5,100,5\n", "Metric", "did you mean 'metric'?"),
        ("metric,lost,start,expcted\nchurn_rate,5,100,5\n", "expcted", "did you mean 'expected'?"),
        ("lost,start,expected\n5,100,5\n", "metric", "is required as a column; a.csv has the columns lost, start, exp"),
        ("metric,lost,start,expected\n,5,100,5\n", "metric", "case 1 of a.csv (line 2) has none"),
        ("metric,lost,,expected\nchurn_rate,5,100,5\n", "path", "line 2 of a.csv has a cell below no name"),
        ("metric,lost,start,expected\nchurn_rate,5,100,5%\n", "expected", "(line 2) has '5%'"),
        ("metric;lost;start;expected\nchurn_rate;5;64;7,8125\n", "expected", "has '7,8125'"),
        ("metric,lost,start,expected\nchurn_rate,5,100,−5\n", "expected", "has '−5'"),
        ("metric,lost,start,error\nchurn_rate,5,100,impossible\n", "error", "must be one of impossible_input"),
        ('metric,inputs,expected\nchurn_rate,"a\n', "path", "must be a CSV file; line 2: unexpected end of data"),
        ("metric,expected\nchurn_rate\n", "path", "fewer cells"),
        ("metric\nchurn_rate\n", "expected", "case 1 of a.csv"),
        ("metric,lost,start,expected\n", "path", "Hint: a case is a line below the columns' names, with"),
        ("", "path", "Hint: a case is a line"),
    ],
)
def test_csv_that_is_refused(tmp_path: Path, text: str, argument: str, words: str) -> None:
    with pytest.raises(csm.MetricInputError) as error:
        read(tmp_path, "a.csv", text)
    assert (error.value.metric, error.value.argument) == ("read_cases", argument)
    assert words in str(error.value)


def test_a_band_is_a_word(tmp_path: Path) -> None:
    (case,) = read(tmp_path, "a.csv", "metric,score,expected\nhealth_band,80,green\n")
    case.check()


# Files with any content


WORDS = ("metric", "inputs", "expected", "error", "tolerance", "id", "lost", "start", "scores", "as_of", "note", "")
CELLS = (
    *("churn_rate", "nps", "median_ttv", "health_score", "health_band", "lost=5; start=100", "lost=[1,[2]];start=3"),
    *("5", "-1", "nan", "inf", "1e999", "[1, 2]", "{}", "[", '{"lost": 5, "start": 100}', "{ lost = 5, start = 100 }"),
    *("2026-01-01", "impossible_input", "undefined", "a", "a-1", "\u2028", "\n", "'", ""),
)
SIGNS = ("=", ";", ",", '"', "'", "\n", "\r", "\t", " ", ".", "#", "{", "}", "[", "]", "[[", "]]", "\n[[churn_rate]]\n")
ANYTHING = st.lists(st.sampled_from([*WORDS, *CELLS, *SIGNS]) | st.text(max_size=5), max_size=30).map("".join)


@st.composite
def csv_files(draw: st.DrawFn) -> str:
    """Draw tables that may hold cases."""
    further = draw(st.lists(st.sampled_from(["inputs", "error", "tolerance", "id", "scores", "note", ""]), max_size=3))
    header = ["metric", "lost", "start", "expected", *further]
    cell = st.sampled_from(CELLS) | st.text(max_size=3)
    own = [st.just("churn_rate") | cell, *[st.sampled_from(["5", "9", ""]) | cell] * 3]
    rows = draw(st.lists(st.tuples(*own, *[st.just("") | cell] * len(further)), max_size=4))
    written = StringIO(newline="")
    csv.writer(written, delimiter=draw(st.sampled_from(",;\t"))).writerows([header, *rows])
    return written.getvalue()


@st.composite
def toml_files(draw: st.DrawFn) -> str:
    """Draw tables that may be cases."""
    values = {
        "inputs": [
            *(
                "{ lost = 5, start = 100 }",
                "{ lost = [5], start = [100, 9] }",
                "{ lost = { a = 1 } }",
                "{ as_of = 'x' }",
            ),
            *("{ scores = [[1, [2]], 3], weights = { a = 1 } }", "{ scores = [1, 2], weights = [3, 4] }", "[1]"),
            "{ started_at = [2026-01-01, '2026-01-02', 5], value_at = [2026-01-03, [], nan], as_of = 2026-02-01 }",
        ],
        "expected": ["5", "nan", "inf", "'5'", "'red'", "true", "[5]", "2026-01-01", f"0x{'f' * 5000}"],
        "error": ["'impossible_input'", "'undefined'", "''", "5"],
        "tolerance": ["0.5", "-1", "nan", "'a'", f"0x{'f' * 5000}"],
        "id": ["'a'", "'a-1'", "1", "[1]", "{}", f"0x{'f' * 5000}"],
        "metric": ["'nps'", "'chrun_rate'", "5"],
        "note": ["'x'", "[1]"],
        "other": ["1"],
    }
    lines = []
    for _ in range(draw(st.integers(0, 4))):
        metric = draw(st.sampled_from(["churn_rate", "health_score", "health_band", "median_ttv", "nps", "case"]))
        keys = {"inputs", draw(st.sampled_from(["expected", "error"]))}
        keys ^= set(draw(st.lists(st.sampled_from(list(values)), max_size=2)))
        lines.append(draw(st.sampled_from([f"[[{metric}]]", f"[[x.{metric}]]"])))
        lines += [f"{key} = {draw(st.sampled_from(values[key]))}" for key in sorted(keys)]
    return "\n".join(lines)


FILES = (
    st.tuples(ANYTHING, st.sampled_from([".csv", ".toml"]))
    | st.tuples(csv_files(), st.just(".csv"))
    | st.tuples(toml_files(), st.just(".toml"))
)


@drawn(300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=FILES)
@example(("[[churn_rate]]\ninputs = {}\nexpected = 1\nid = 0x" + "f" * 5000, ".toml"))
@example(("x" + ".x" * 3000 + " = 1", ".toml"))
@example(("[[churn_rate]]\ninputs" + ".x" * 3000 + " = 1\nexpected = 1", ".toml"))
@example(('metric,inputs,expected\nchurn_rate,"lost=' + "[" * 800 + "]" * 800 + '",5', ".csv"))
def test_any_text_gives_cases_or_the_error(tmp_path: Path, file: tuple[str, str]) -> None:
    text, suffix = file
    try:
        found = read(tmp_path, f"a{suffix}", text.encode("utf-8", "replace"))
    except csm.MetricInputError:
        return
    assert len({case.__name__ for case in found}) == len(found) > 0
    for case in found:
        try:
            case.check()
        except AssertionError as failed:
            assert str(failed).startswith(f"{case.metric}, case ")  # noqa: PT017 - it need not fail


@pytest.mark.parametrize("path", [None, 5, ["a.toml"], b"a\x00"])
def test_what_is_no_path(path: object) -> None:
    with pytest.raises(csm.MetricInputError, match="read_cases: `path`"):
        read_cases(path)  # type: ignore[arg-type]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(csm.MetricInputError, match="No such file"):
        read_cases(tmp_path / "none.toml")


def test_numbers_of_csv_are_numbers_to_everybody(tmp_path: Path) -> None:
    file = tmp_path / "ours.metrics.csv"
    file.write_text("metric,lost,start,expected\nchurn_rate,1_0,100,10\n", "utf-8")
    (case,) = read_cases(file)
    with pytest.raises(AssertionError, match="1_0"):
        case.check()
