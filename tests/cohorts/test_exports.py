"""Survey exports with several header rows: what is read of them, as text or with pandas' own types."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pandas as pd
import polars as pl
import pytest

import csmetrics as csm

read = csm.cohorts.answers_from_export
TIMES = "StartDate", "RecordedDate"


def qualtrics(*rows: list[Any], zone: str = "America/Denver") -> pd.DataFrame:
    names = ["StartDate", "RecordedDate", "Finished", "ExternalReference", "Q1", "Q2"]
    texts = ["Start Date", "Recorded Date", "Finished", "External Data Reference", "How likely?", "Why?\nSay more."]
    ids = [
        json.dumps({"ImportId": name} | ({"timeZone": zone} if name in TIMES else {}), separators=(",", ":"))
        for name in names
    ]
    return pd.DataFrame([texts, ids, *rows], columns=names)


FIRST = ["2026-03-08 01:30:00", "2026-03-08 03:30:00", "True", "007", "9", "Fine"]
SECOND = ["2026-11-01 01:30:00", "2026-11-01 03:00:00", "False", "012", " ", ""]


def test_qualtrics() -> None:
    table = qualtrics(FIRST, SECOND)
    given = table.copy()
    answers = read(table)
    pd.testing.assert_frame_equal(table, given)
    assert answers.index.tolist() == [2, 3]
    assert [str(day) for day in answers["StartDate"]] == ["2026-03-08 01:30:00-07:00", "2026-11-01 01:30:00-06:00"]
    assert answers["Finished"].tolist() == [True, False]
    assert answers["ExternalReference"].tolist() == ["007", "012"]
    assert answers["Q1"].dtype == "Int64"
    assert answers["Q1"].tolist() == [9, pd.NA]
    assert answers["Q2"].isna().tolist() == [False, True]
    assert answers.attrs["questions"]["Q2"] == "Why?\nSay more."
    assert answers.attrs["notes"] == []
    assert json.loads(json.dumps(answers.attrs)) == answers.attrs
    counts = csm.cohorts.survey(answers, nps="Q1", time="RecordedDate", freq="M", as_of="2026-11-30")
    assert counts.loc["2026-03", "promoters"] == 1


def test_without_the_row_of_texts_the_names_are_the_questions() -> None:
    answers = read(qualtrics(FIRST).iloc[1:])
    assert answers.index.tolist() == [2]
    assert answers.attrs["questions"]["Q1"] == "Q1"


def plain(answers: pd.DataFrame) -> list[Any]:
    """Return the values, with None for what is missing."""
    values: list[Any] = answers.astype(object).where(answers.notna(), None).to_numpy().tolist()
    return values


def test_the_same_from_a_file_from_excel_and_from_polars() -> None:
    table = qualtrics(FIRST, SECOND)
    expected = read(table)
    file = table.to_csv(index=False)
    for read_again in (pd.read_csv(StringIO(file), dtype=str), pd.read_csv(StringIO(file))):
        answers = read(read_again)
        assert answers.dtypes.map(str).equals(expected.dtypes.map(str))
        assert plain(answers) == plain(expected)
    cells = [pd.Timestamp(FIRST[0]), pd.Timestamp(FIRST[1]), True, "007", 9, "Fine"]
    excel = read(qualtrics(cells))
    assert excel["Finished"].tolist() == [True]
    assert excel.iloc[0].drop("Q2").tolist() == expected.iloc[0].drop("Q2").tolist()
    brought = read(pl.from_pandas(table.astype(str)))
    assert brought["Q1"].tolist() == [9, pd.NA]


def test_dates_with_an_offset_are_in_the_zone_too() -> None:
    answers = read(qualtrics(["2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z", *FIRST[2:]], zone="Europe/Berlin"))
    assert str(answers["StartDate"].iloc[0]) == "2026-03-02 10:00:00+01:00"
    assert str(read(qualtrics(FIRST, zone="Z"))["StartDate"].iloc[0]) == "2026-03-08 01:30:00+00:00"


def test_dates_in_another_form_stay_text_and_are_refused_later() -> None:
    answers = read(qualtrics(["3/2/2026 9:12", "3/2/2026 9:14", *FIRST[2:]]))
    assert answers["StartDate"].tolist() == ["3/2/2026 9:12"]
    with pytest.raises(csm.MetricInputError, match="whether the day comes first"):
        csm.cohorts.survey(answers, nps="Q1", time="StartDate", freq="M")


def test_text_among_numbers_stays_and_is_refused_later() -> None:
    answers = read(qualtrics(FIRST, [*SECOND[:4], "10 - Extremely likely", ""]))
    assert answers["Q1"].tolist() == ["9", "10 - Extremely likely"]
    with pytest.raises(csm.MetricInputError, match="take the number out"):
        csm.cohorts.survey(answers, nps="Q1")


def test_long_ids_and_fractions() -> None:
    answers = read(qualtrics([*FIRST[:3], "12345678901234567890", "9.5", ""], [*SECOND[:3], "1", "-9", ""]))
    assert answers["ExternalReference"].tolist() == ["12345678901234567890", "1"]
    assert answers["Q1"].tolist() == [9.5, -9]


@pytest.mark.parametrize(("count", "note"), [(1, "1 blank row was left out."), (2, "2 blank rows were left out.")])
def test_blank_rows_are_noted(count: int, note: str) -> None:
    answers = read(qualtrics(FIRST, *[[None, "", " ", None, "", ""]] * count))
    assert len(answers) == 1
    assert answers.attrs["notes"] == [note]


MONKEY = """\
Respondent ID,Collector ID,Start Date,Custom Data 1,How likely are you to recommend us?,Which do you use?,,,Why?
,,,,Response,Reports,Alerts,Other (please specify),Open-Ended Response
11400001,4001,03/02/2026 09:12:33 AM,007,Extremely likely - 10,Reports,,,"Great, thanks"
11400002,4001,03/02/2026 10:12:33 AM,,9,,Alerts,,
"""


@pytest.mark.parametrize("dtype", [str, None])
def test_surveymonkey(dtype: Any) -> None:
    answers = read(pd.read_csv(StringIO(MONKEY), dtype=dtype))
    assert answers.columns[4:].tolist() == [
        "How likely are you to recommend us?",
        "Which do you use?: Reports",
        "Which do you use?: Alerts",
        "Which do you use?: Other (please specify)",
        "Why?",
    ]
    assert answers["Respondent ID"].tolist() == [11400001, 11400002]
    assert answers["Respondent ID"].dtype == "Int64"
    assert answers["Which do you use?: Alerts"].tolist()[1] == "Alerts"
    assert answers["Why?"].tolist()[0] == "Great, thanks"
    if dtype is str:
        assert answers["Custom Data 1"].tolist()[0] == "007"
        assert read(pl.read_csv(StringIO(MONKEY), infer_schema=False)).columns.tolist() == answers.columns.tolist()


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"score": [9, 8]}),
        pd.DataFrame({"Respondent ID": [1], "Collector ID": [2]}),
        pd.DataFrame(columns=["Respondent ID", "Collector ID"]),
        pd.read_csv(StringIO(MONKEY), header=None),
    ],
)
def test_other_tables_are_refused(table: pd.DataFrame) -> None:
    with pytest.raises(csm.MetricInputError, match="must have the header rows of Qualtrics or SurveyMonkey"):
        read(table)


def test_zones_must_exist() -> None:
    with pytest.raises(csm.MetricInputError, match="must name a time zone that exists; got 'Mars/Olympus'"):
        read(qualtrics(FIRST, zone="Mars/Olympus"))


def test_an_export_without_answers_has_its_columns() -> None:
    assert read(qualtrics()).columns.tolist() == qualtrics().columns.tolist()
