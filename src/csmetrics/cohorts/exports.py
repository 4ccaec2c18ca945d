"""From a survey export with several header rows to one row per response."""

from __future__ import annotations

import json
import re
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from csmetrics._frames import engines
from csmetrics.cohorts._rows.remarks import Remarks, noted
from csmetrics.errors import MetricInputError, shown

_METRIC = "answers_from_export"
_UNNAMED = re.compile(r"Unnamed: \d+|_duplicated_\d+|")  # columns to the right of a question that has several
_ALONE = ("Response", "Open-Ended Response")  # what SurveyMonkey writes below a question with one column
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?")  # an id such as 007, or one of 20 digits, stays text
_GAP: Final = "shift_forward"  # an hour that the clock skips
_FLAGS = {"TRUE": True, "True": True, "true": True, "FALSE": False, "False": False, "false": False}


def answers_from_export(table: Any) -> pd.DataFrame:
    """Turn a survey export with several header rows into one row per response, for `survey`.

    Qualtrics writes three header rows and SurveyMonkey two, so that pandas reads every column as text. Nothing else is
    left out: test responses, partial ones and several of one customer are still there.

    Parameters
    ----------
    table
        The whole file, as ``pd.read_csv(file, dtype=str)`` or ``pd.read_excel(file)`` gives it: the first header row
        as the names of the columns, the others among the rows. A frame of an engine is brought over.

    Returns
    -------
    DataFrame
        One row per response, with the labels of the rows in `table`. The columns of Qualtrics have the names of its
        first header row, such as "Q1". Those of SurveyMonkey have the text of the question, followed by ": " and the
        second header row where a question has several columns. ``.attrs["questions"]`` holds the text of each column.

        A column of nothing but numbers holds numbers (Int64 where they are whole), TRUE and FALSE become booleans, and
        blanks are missing. Ids with leading zeros stay text. Dates of Qualtrics are in the time zone that its third
        header row names, where it names one.

    Raises
    ------
    MetricInputError
        If the table has neither Qualtrics' nor SurveyMonkey's header rows, or names a time zone that does not exist.

    See Also
    --------
    survey

    Notes
    -----
    Text of which only some is a number, such as "Extremely likely - 10", stays text, and `survey` says how it becomes
    numbers. Rows without any value are left out, with a note.

    Examples
    --------
    >>> from io import StringIO
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> file = StringIO('''RecordedDate,Q1
    ... Recorded Date,How likely are you to recommend us?
    ... "{""ImportId"":""recordedDate"",""timeZone"":""America/Denver""}","{""ImportId"":""QID1""}"
    ... 2026-03-02 09:12:33,9
    ... 2026-03-02 11:40:10,
    ... ''')
    >>> answers = csm.cohorts.answers_from_export(pd.read_csv(file, dtype=str))
    >>> answers
                   RecordedDate    Q1
    2 2026-03-02 09:12:33-07:00     9
    3 2026-03-02 11:40:10-07:00  <NA>
    >>> answers.attrs["questions"]["Q1"]
    'How likely are you to recommend us?'
    """
    rows = table if isinstance(table, pd.DataFrame) else engines.collect(engines.lazy(table, _METRIC, "table"))
    names = [str(name) for name in rows.columns]
    ids = [at for at in range(min(2, len(rows))) if any(_import_id(cell) for cell in rows.iloc[at])]
    zones = [""] * len(names)
    if ids:  # Qualtrics
        headers = ids[0] + 1
        questions = names if headers == 1 else [_text(cell) for cell in rows.iloc[0]]
        zones = [_zone(_import_id(cell)) for cell in rows.iloc[ids[0]]]
    elif {"Respondent ID", "Collector ID"} <= {*names} and len(rows) and not _text(rows["Respondent ID"].iloc[0]):
        headers = 1
        names = questions = _with_choices(names, [_text(cell) for cell in rows.iloc[0]])
    else:
        rule = "must have the header rows of Qualtrics or SurveyMonkey below the names of its columns"
        hint = "read the whole file, with pd.read_csv(file, dtype=str); one header row needs no such reading"
        raise MetricInputError(_METRIC, "table", rule, f"got the columns {shown(names)}", hint)
    answers = rows.iloc[headers:].map(lambda cell: cell.strip() or None if isinstance(cell, str) else cell)
    blank = answers.isna().all(axis=1)
    answers = answers[~blank]
    out = pd.concat([_typed(answers.iloc[:, at], zone) for at, zone in enumerate(zones)], axis=1)
    out.columns = pd.Index(names)
    out.attrs = {"questions": dict(zip(names, questions, strict=True))}
    remarks = Remarks()
    if blank.any():
        remarks.note(
            f"{int(blank.sum())} blank rows were left out." if blank.sum() > 1 else "1 blank row was left out."
        )
    return noted(out, remarks)


def _import_id(cell: Any) -> dict[str, Any]:
    """Return what a cell of Qualtrics' third header row says; nothing for any other cell."""
    try:
        found = json.loads(cell)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) and "ImportId" in found else {}


def _zone(said: dict[str, Any]) -> str:
    """Return the time zone that the third header row names for a column of dates; "" for any other column."""
    zone = {"Z": "UTC"}.get(said.get("timeZone", ""), said.get("timeZone", ""))
    try:
        return zone and ZoneInfo(zone).key
    except (ValueError, ZoneInfoNotFoundError):
        raise MetricInputError(_METRIC, "table", "must name a time zone that exists", f"got {shown(zone)}") from None


def _text(cell: Any) -> str:
    return "" if pd.isna(cell) else str(cell).strip()


def _with_choices(questions: list[str], below: list[str]) -> list[str]:
    """Name each column by its question, and by what stands below it where that is one of several columns."""
    names, question = [], ""
    for above, choice in zip(questions, below, strict=True):
        question = question if _UNNAMED.fullmatch(above) else above
        names.append(question if choice in ("", *_ALONE) else f"{question}: {choice}")
    return names


def _typed(column: pd.Series[Any], zone: str) -> pd.Series[Any]:
    """Return a column as dates, booleans or numbers, if all of its values are; as it is otherwise."""
    texts = column.dropna().map(str)
    if zone:
        dates = pd.to_datetime(column, format="ISO8601", errors="coerce")
        if dates.notna().equals(column.notna()):
            own = dates.dt.tz is not None
            return dates.dt.tz_convert(zone) if own else dates.dt.tz_localize(zone, ambiguous=True, nonexistent=_GAP)
    if len(texts) == len(column) and texts.isin(_FLAGS).all():
        return texts.map(_FLAGS).astype(bool)
    if texts.empty or not texts.map(_NUMBER.fullmatch).map(bool).all():
        return column
    numbers = pd.to_numeric(texts).reindex(column.index)
    return numbers.astype("Int64") if (numbers.dropna() % 1 == 0).all() else numbers
