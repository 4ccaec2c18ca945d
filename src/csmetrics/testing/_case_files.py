"""Worked cases in a user's own files, TOML or CSV."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from io import StringIO
from itertools import count
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from csmetrics._catalog.compute import JSON, distinct
from csmetrics._catalog.spec import dated
from csmetrics.core._options import meant
from csmetrics.core._registry import REGISTRY, nearest
from csmetrics.errors import CsmetricsError, MetricInputError, MissingColumnError, UndefinedMetricError, shown
from csmetrics.testing._calling import outcome
from csmetrics.testing._cases import Case

FIELDS = ("id", "metric", "inputs", "expected", "tolerance", "source", "error", "note")
BELOW = ("metric", "source", "tolerance", "note", "title")  # these may stand outside of a case, for all cases below
CODES = tuple(kind.code for kind in (MetricInputError, UndefinedMetricError, MissingColumnError))


def read_cases(path: str | PathLike[str]) -> list[Case]:
    """Read worked cases from a ``.toml`` or ``.csv`` file, as the pytest plugin does.

    Parameters
    ----------
    path
        The file.

        TOML: one table per case (``[[case]]``, or any other name) with ``metric``, ``inputs``, ``expected`` (``nan``
        for no value) or ``error`` (a code, such as ``"impossible_input"``), and optionally ``tolerance`` (absolute),
        ``source``, ``id`` and ``note``. ``metric``, ``source`` and ``tolerance`` outside of a case apply to all cases
        below. A table with the name of a metric needs no ``metric``.

        CSV: the same fields as columns. ``inputs`` is a JSON object or text such as ``lost=5; start=100``; any other
        column is an input of that name. Lists are JSON, as in ``scores=[10, 9]``. A blank input counts as not given,
        a blank ``expected`` as no value.

    Returns
    -------
    list of Case
        The cases in the order of the file, each with an id of its own. A case without a tolerance allows for
        rounding in the last digits.

    Raises
    ------
    MetricInputError
        If the file cannot be read or has no cases, or if a case lacks a field, has one twice or has an unknown one.

    See Also
    --------
    cases

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from csmetrics.testing import read_cases
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "ours.metrics.toml"
    >>> _ = file.write_text('''
    ... [[churn_rate]]
    ... inputs = { lost = 5, start = 100 }
    ... expected = 5.0
    ... source = "January, counted by hand"
    ... ''')
    >>> [case.metric for case in read_cases(file)]
    ['churn_rate']
    """
    try:
        file = Path(path)
    except TypeError:
        raise MetricInputError("read_cases", "path", "must be a path", f"got {shown(path)}") from None
    is_csv = file.suffix.lower() == ".csv"
    try:
        text = file.read_text("utf-8-sig")
        rows = list(_csv_rows(file, text) if is_csv else _toml_rows(file, text))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, CsmetricsError):
            raise
        found = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise MetricInputError("read_cases", "path", f"must be a {'CSV' if is_csv else 'TOML'} file", found) from None
    if not rows:
        case = "a line below the columns' names," if is_csv else "a table [[case]]"
        hint = f"a case is {case} with metric, inputs and expected"
        raise MetricInputError("read_cases", "path", "must hold cases", f"{file.name} has none", hint)
    return _told_apart([_case(file, number, row) for number, row in enumerate(rows, 1)])


class _Row(NamedTuple):
    """A case as written in a file."""

    place: str
    values: dict[str, Any]
    tables: tuple[str, ...] = ()  # the names of the tables around it


def _told_apart(found: list[Case]) -> list[Case]:
    """Number cases that share an id, without using the id of another case."""
    times = Counter(case.id for case in found)
    taken = set(times)
    apart = []
    for number, case in enumerate(found, 1):
        if times[case.id] > 1:
            free = next(name for n in count(number) if (name := f"{case.id}-{n}") not in taken)
            taken.add(free)
            case = replace(case, id=free)
        apart.append(case)
    return apart


# TOML


def _toml_rows(file: Path, text: str) -> Iterator[_Row]:
    return _tables(file, tomllib.loads(text), {}, ())


def _tables(file: Path, table: Mapping[str, Any], above: Mapping[str, Any], around: tuple[str, ...]) -> Iterator[_Row]:
    """Walk through nested tables down to the cases."""
    here = {**above, **{n: v for n, v in table.items() if n in BELOW and not isinstance(v, (dict, list))}}
    for name, value in table.items():
        named = {**here, "metric": name} if name in REGISTRY else here
        tables = (*around, name)
        path = shown(".".join(tables), write=str)
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            for one in value:
                yield _Row(f"[[{path}]]", {**named, **one}, tables)
        elif isinstance(value, dict) and {"inputs", "expected", "error"} & value.keys():
            yield _Row(f"[{path}]", {**named, "id": name, **value}, tables)
        elif isinstance(value, dict):
            yield from _tables(file, value, named, tables)
        elif name not in BELOW:
            hint = f"outside of a case there may be {', '.join(BELOW)}"
            raise MetricInputError("read_cases", str(name), "must stand in a case", f"in {file.name} it does not", hint)


def _meant(tables: tuple[str, ...]) -> str:
    """Guess which metric the name of a table was meant to be."""
    guesses = [guess for guess in map(nearest, tables) if guess.startswith("did you mean")]
    usual = "name the table [[churn_rate]], or put metric = 'churn_rate' in it" if tables else ""
    return guesses[-1] if guesses else usual


# CSV


def _csv_rows(file: Path, text: str) -> Iterator[_Row]:
    lines = _csv_lines(text)
    header = next(lines, (0, []))[1]
    if header:
        _check_columns(file, header)
    for line, cells in lines:
        yield _Row(f"line {line}", _csv_row(f"line {line} of {file.name}", header, cells))


def _csv_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Generate the rows that are not blank, each with the number of its first line."""
    lines = StringIO(text, newline="")
    first = next((line for line in lines if line.strip()), "")
    lines.seek(0)
    reader = csv.reader(lines, delimiter=max(",;\t", key=first.count), strict=True)
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {line}: {error}") from None


def _check_columns(file: Path, header: list[str]) -> None:
    """Reject a header with a name twice, with a misspelt name, or without the metric."""
    columns = Counter(name for name in header if name)
    found = f"{file.name} has the columns {shown(', '.join(columns), 200, str)}"
    arguments = {name for spec in REGISTRY.values() for name in (*spec.inputs, *spec.options)}
    for name, times in columns.items():
        if times > 1:
            raise MetricInputError(
                "read_cases", shown(name, write=str), "must be one column", f"{found}, it {times} times"
            )
        hint = meant(name, FIELDS)
        if hint and name not in FIELDS and name not in arguments:
            raise MetricInputError("read_cases", shown(name, write=str), "is not a field of a case", found, hint)
    if "metric" not in columns:
        raise MetricInputError("read_cases", "metric", "is required as a column", found)


def _csv_row(where: str, header: list[str], cells: list[str]) -> dict[str, Any]:
    if len(cells) != len(header):
        found = f"{where} has {'more' if len(cells) > len(header) else 'fewer'} cells than the header"
        raise MetricInputError("read_cases", "path", "must have a cell for each column", found)
    row = dict(zip(header, cells, strict=True))
    if any(cell and not name for name, cell in zip(header, cells, strict=True)):
        raise MetricInputError("read_cases", "path", "must name its columns", f"{where} has a cell below no name")
    case: dict[str, Any] = {name: cell for name, cell in row.items() if name in FIELDS and cell}
    own = [(name, cell) for name, cell in row.items() if name not in FIELDS and cell]
    try:
        case["inputs"] = distinct([*_pairs(row.get("inputs", "")), *((name, _value(cell)) for name, cell in own)])
    except (ValueError, RecursionError) as error:
        found = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        rule = "must be a JSON object, or pairs such as lost=5; scores=[10, 9]"
        raise MetricInputError("read_cases", "inputs", rule, f"{where}: {found}") from None
    if "error" not in case and "expected" in row:
        case["expected"] = _cell(row["expected"])  # a blank means no value
    if "tolerance" in case:
        case["tolerance"] = _cell(case["tolerance"])
    return case


def _json(text: str) -> tuple[Any, str]:
    """Read the JSON at the start of a text; return it and the rest of the text."""
    try:
        value, end = JSON.raw_decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{shown(text)} is not JSON: {error.msg} at its character {error.pos + 1}") from None
    rest = text[end:].lstrip()
    if rest[:1] not in ("", ";", ","):
        raise ValueError(f"{shown(rest)} follows a closing bracket")
    return value, rest


def _value(cell: str) -> Any:
    """Read a cell that holds one value: a list, a number, a missing value or a word."""
    if not cell.startswith(("[", "{")):
        return _cell(cell)
    value, rest = _json(cell)
    if rest:
        raise ValueError(f"{shown(rest)} follows a closing bracket")
    return value


def _pairs(cell: str) -> list[tuple[str, Any]]:
    """Read ``{"lost": 5}`` or ``lost=5; scores=[10, 9]``."""
    if cell.startswith("{"):
        return list(_value(cell).items())
    pairs: list[tuple[str, Any]] = []
    while cell := cell.lstrip("; ,"):
        pair = re.split("[;,]", cell, maxsplit=1)[0]
        name, equals, text = (part.strip() for part in pair.partition("="))
        if not name or not equals:
            raise ValueError(f"{shown(pair)} is not a pair of a name and a value")
        if text.startswith(("[", "{")):  # JSON may contain commas
            value, cell = _json(cell.partition("=")[2].lstrip())
        else:
            value, cell = _cell(text), cell[len(pair) :]
        pairs.append((name, value))
    return pairs


def _cell(cell: str) -> Any:
    """Read a number, a missing value or a word."""
    if cell.lower() in ("", "nan", "null", "none", "na", "n/a"):
        return None
    for kind in (int, float) if "_" not in cell else ():  # which Python reads in numbers, and nobody else does
        with suppress(ValueError):
            return kind(cell)
    return cell


# A case


def _case(file: Path, number: int, row: _Row) -> Case:
    """Turn a table or a line into a case; reject unknown fields."""
    given = row.values
    where = f"case {number} of {file.name} ({row.place})"

    def refused(argument: str, rule: str, found: str, hint: str = "") -> MetricInputError:
        return MetricInputError("read_cases", argument, rule, f"{where} {found}", hint)

    for name in given:
        if name not in (*FIELDS, "title"):
            raise refused(str(name)[:40], "is not a field of a case", "has it", f"a case has {', '.join(FIELDS)}")
    for name in ("metric", "inputs"):
        if name not in given:
            raise refused(name, "is required", "has none", _meant(row.tables) if name == "metric" else "")
    if ("expected" in given) == ("error" in given):
        hint = "expected = nan is for no value, error = 'impossible_input' for inputs that must be refused"
        raise refused("expected", "or `error` is required, and only one", "has both or none", hint)
    metric, inputs = given["metric"], given["inputs"]
    if not isinstance(metric, str) or metric not in REGISTRY:
        raise refused("metric", "must be a metric of csmetrics", f"has {shown(metric)}", nearest(metric))
    if not isinstance(inputs, dict):
        raise refused("inputs", "must be a table of arguments", f"has {shown(inputs)}")
    if "error" in given and given["error"] not in CODES:
        raise refused("error", f"must be one of {', '.join(CODES)}", f"has {shown(given['error'])}")
    expected = outcome(given.get("expected"))
    if (
        expected.returned
        or isinstance(given.get("expected"), list)
        or (isinstance(expected.value, float) and not isfinite(expected.value))
        or (isinstance(expected.value, str) and REGISTRY[metric].unit != "band")
    ):
        hint = "digits and a point alone, such as -7.8125: no quotes, no thousands separator, no %"
        raise refused("expected", "must be a number, or nan for no value", f"has {shown(given['expected'])}", hint)
    usual = 1e-9 * max(1.0, abs(expected.value)) if isinstance(expected.value, float) else 0.0
    tolerance = outcome(given.get("tolerance", usual)).value
    if not isinstance(tolerance, float) or not 0 <= tolerance < float("inf"):
        raise refused("tolerance", "must be a number of 0 or more", f"has {shown(given.get('tolerance'))}")
    return Case(
        id=shown(given.get("id", number), 1000, str),
        metric=metric,
        inputs={name: dated(REGISTRY[metric], name, value) for name, value in inputs.items()},
        expected=expected.value,
        tolerance=tolerance,
        source=shown(given.get("source", ""), 1000, str),
        error=given.get("error", ""),
    )
