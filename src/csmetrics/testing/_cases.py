"""Worked cases: those of the catalogue, and those of somebody's own files."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import Any

from csmetrics._catalog import catalog
from csmetrics._explain import explain
from csmetrics.core._registry import REGISTRY, nearest, registered
from csmetrics.errors import CsmetricsError, MetricInputError, shown
from csmetrics.testing._calling import outcome, show


@dataclass(frozen=True)
class Case:
    """One worked case of a metric.

    Attributes
    ----------
    id : str
        Stable name.
    metric : str
        The metric's name.
    inputs : dict
        Arguments of the call.
    expected : float, str or None
        The result; None where there is no value.
    tolerance : float
        How far the result may be off: published figures are rounded.
    source : str
        Where it stands.
    error : str
        The code of the error that the inputs must raise, instead of a result; empty where there is a result.
    """

    id: str
    metric: str
    inputs: dict[str, Any]
    expected: float | str | None
    tolerance: float
    source: str
    error: str = ""

    @property
    def __name__(self) -> str:
        """The id that pytest shows."""
        return f"{self.metric}-{self.id}"

    def holds(self, result: Any) -> bool:
        """Tell whether a result is the expected one, within the tolerance.

        Parameters
        ----------
        result
            What somebody's implementation gave. None, NaN and pd.NA are no value.

        Returns
        -------
        bool
            Whether it is the expected figure, or no value where none is expected.
        """
        got = outcome(result)
        if isinstance(got.value, float) and isinstance(self.expected, (int, float)):
            return abs(got.value - self.expected) <= self.tolerance
        return got.value == self.expected and not got.returned

    def check(self) -> None:
        """Compute the metric, and fail with a report unless it gives what is expected.

        Raises
        ------
        AssertionError
            If it does not; the message has the formula with the numbers put in, expected, got and difference.
        """
        try:
            result = registered(self.metric, "case").function(**self.inputs)
        except (CsmetricsError, TypeError) as error:
            if not self.error or getattr(error, "code", "") != self.error:
                wanted = f"the error {self.error}" if self.error else show(self.expected)
                raise AssertionError(self._report(str(error), {"expected": wanted})) from None
            return
        if self.error or not self.holds(result):
            raise AssertionError(self._report(*self._difference(result)))

    def _difference(self, result: Any) -> tuple[str, dict[str, str]]:
        got = outcome(result)
        told = {"expected": f"the error {self.error}" if self.error else show(self.expected), "got": str(got)}
        if isinstance(got.value, float) and isinstance(self.expected, (int, float)):
            told["difference"] = f"{got.value - self.expected:+.6g}, tolerance {self.tolerance:g}"
        return str(explain(self.metric, **self.inputs)).partition("\n\n")[0], told

    def _report(self, body: str, told: Mapping[str, str]) -> str:
        lines = [f"{self.metric}, case {self.id}", *(f"  {line}" for line in body.splitlines())]
        lines += [f"  {name + ':':<12}{text}" for name, text in told.items()]
        return "\n".join([*lines, *([f"  source:     {self.source}"] if self.source else [])])


def cases(metric: Callable[..., Any] | str | None = None) -> list[Case]:
    """List the catalogue's worked examples, for ``pytest.mark.parametrize``.

    Parameters
    ----------
    metric
        Only those of this metric (a function or its name); of all by default.

    Returns
    -------
    list of Case
        Each with its inputs, what they give, how far a rounded figure may be off, and the source. pytest shows their
        ids.

    Raises
    ------
    MetricInputError
        If there is no such metric.

    See Also
    --------
    read_cases

    Examples
    --------
    >>> from csmetrics.testing import cases
    >>> case = cases("churn_rate")[0]
    >>> case.inputs, case.expected
    ({'lost': 50, 'start': 500}, 10.0)
    >>> case.holds(100 * 50 / 500)
    True
    """
    names = list(REGISTRY) if metric is None else [registered(metric, "cases").name]
    return [
        Case(e.id, name, dict(e.inputs), e.expected, e.tolerance, e.source)
        for name in names
        for e in catalog[name].examples
    ]


def read_cases(path: str | PathLike[str]) -> list[Case]:
    """Read worked cases from a ``.toml`` or ``.csv`` file, as the pytest plugin does.

    Parameters
    ----------
    path
        The file. TOML: one table per case (``[[case]]``, or any other name) with ``metric``, ``inputs``,
        ``expected`` (``nan`` for no value) or ``error`` (a code, such as ``"impossible_input"``), and if wanted
        ``tolerance``, ``source`` and ``id``. ``metric``, ``source`` and ``tolerance`` outside of a case hold for all
        cases below; a table named as a metric needs no ``metric``. CSV: the same as columns, ``inputs`` as a JSON
        object or as ``lost=5; start=100``, and any other column is an input of its name. A blank input is not given,
        a blank ``expected`` is no value.

    Returns
    -------
    list of Case
        In the order of the file. Without a tolerance, the last digits are left to rounding.

    Raises
    ------
    MetricInputError
        If the file cannot be read, holds no cases, or a case lacks or has what no case has.

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
    try:
        text = file.read_text("utf-8-sig")
        rows = list(_csv_rows(file, text) if file.suffix.lower() == ".csv" else _toml_rows(file, text))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, CsmetricsError):
            raise
        found = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        rule = "must be a CSV file" if file.suffix.lower() == ".csv" else "must be a TOML file"
        raise MetricInputError("read_cases", "path", rule, found) from None
    if not rows:
        hint = "a case is a table [[case]] with metric, inputs and expected"
        raise MetricInputError("read_cases", "path", "must hold cases", f"{file.name} has none", hint)
    found_cases = [_case(file, number, row) for number, row in enumerate(rows, 1)]
    times = Counter(case.id for case in found_cases)
    return [
        replace(case, id=f"{case.id}-{number}") if times[case.id] > 1 else case
        for number, case in enumerate(found_cases, 1)
    ]


FIELDS = ("id", "metric", "inputs", "expected", "tolerance", "source", "error", "note")
BELOW = ("metric", "source", "tolerance", "note", "title")  # what may stand outside of a case, for all below it


def _toml_rows(file: Path, text: str) -> Iterator[dict[str, Any]]:
    return _tables(file, tomllib.loads(text), {})


def _tables(file: Path, table: Mapping[str, Any], above: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Walk through tables down to those that are cases."""
    here = {**above, **{n: v for n, v in table.items() if n in BELOW and not isinstance(v, (dict, list))}}
    for name, value in table.items():
        named = {**here, "metric": name} if name in REGISTRY else here
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            for one in value:
                yield {**named, **one}
        elif isinstance(value, dict) and {"inputs", "expected", "error"} & value.keys():
            yield {**named, "id": name, **value}
        elif isinstance(value, dict):
            yield from _tables(file, value, named)
        elif name not in BELOW:
            hint = f"outside of a case there may be {', '.join(BELOW)}"
            raise MetricInputError("read_cases", str(name), "must stand in a case", f"in {file.name} it does not", hint)


def _csv_rows(file: Path, text: str) -> Iterator[dict[str, Any]]:
    lines = text.splitlines()
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    reader = csv.DictReader(lines, delimiter=delimiter, strict=True)
    try:
        yield from (_csv_row(file, reader.line_num, row) for row in reader)
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from None


def _csv_row(file: Path, line: int, row: Mapping[Any, Any]) -> dict[str, Any]:
    if None in row or None in row.values():
        found = f"line {line} of {file.name} has {'more' if None in row else 'fewer'} cells than the header"
        raise MetricInputError("read_cases", "path", "must have a cell for each column", found)
    cells = {str(name).strip(): str(cell).strip() for name, cell in row.items()}
    case: dict[str, Any] = {n: cell for n, cell in cells.items() if n in FIELDS and cell}
    case["inputs"] = _csv_inputs(cells.get("inputs", "")) | {
        name: _cell(cell) for name, cell in cells.items() if name not in FIELDS and cell
    }
    if "error" not in case and "expected" in cells:
        case["expected"] = _cell(cells["expected"])  # a blank is no value
    if "tolerance" in case:
        case["tolerance"] = _cell(case["tolerance"])
    return case


def _csv_inputs(cell: str) -> dict[str, Any]:
    """Read ``{"lost": 5}`` or ``lost=5; start=100``."""
    if cell.startswith("{"):
        read = json.loads(cell)
        return dict(read)
    pairs = [pair.partition("=") for pair in re.split(r"[;,]", cell) if pair.strip()]
    return {name.strip(): _cell(value.strip()) for name, _, value in pairs}


def _cell(cell: str) -> Any:
    """Read a number, a missing one, or a word."""
    if cell.lower() in ("", "nan", "null", "none", "na", "n/a"):
        return None
    for kind in (int, float):
        with suppress(ValueError):
            return kind(cell)
    return cell


def _case(file: Path, number: int, row: Mapping[str, Any]) -> Case:
    """Make a case of a table or a line; what no case has is refused."""
    where = f"case {number} of {file.name}"

    def refused(argument: str, rule: str, found: str, hint: str = "") -> MetricInputError:
        return MetricInputError("read_cases", argument, rule, f"{where} {found}", hint)

    for name in row:
        if name not in (*FIELDS, "title"):
            raise refused(str(name)[:40], "is nothing that a case has", "has it", f"a case has {', '.join(FIELDS)}")
    for name in ("metric", "inputs"):
        if name not in row:
            raise refused(name, "is required", "has none")
    if ("expected" in row) == ("error" in row):
        hint = "expected = nan is for no value, error = 'impossible_input' for inputs that must be refused"
        raise refused("expected", "or `error` is required, and only one", "has both or none", hint)
    metric, inputs = row["metric"], row["inputs"]
    if not isinstance(metric, str) or metric not in REGISTRY:
        raise refused("metric", "must be a metric of csmetrics", f"has {shown(metric)}", nearest(str(metric)[:60]))
    if not isinstance(inputs, dict):
        raise refused("inputs", "must be a table of arguments", f"has {shown(inputs)}")
    expected = outcome(row.get("expected"))
    if (
        expected.returned
        or isinstance(row.get("expected"), list)
        or (isinstance(expected.value, float) and not isfinite(expected.value))
    ):
        raise refused("expected", "must be a number, or nan for no value", f"has {shown(row['expected'])}")
    usual = 1e-9 * max(1.0, abs(expected.value)) if isinstance(expected.value, float) else 0.0
    tolerance = outcome(row.get("tolerance", usual)).value
    if not isinstance(tolerance, float) or not 0 <= tolerance < float("inf"):
        raise refused("tolerance", "must be a number of 0 or more", f"has {shown(row.get('tolerance'))}")
    return Case(
        id=str(row.get("id", number)),
        metric=metric,
        inputs={name: _dated(metric, name, value) for name, value in inputs.items()},
        expected=expected.value,
        tolerance=tolerance,
        source=str(row.get("source", "")),
        error=str(row.get("error", "")),
    )


def _dated(metric: str, name: str, value: Any) -> Any:
    """Take ISO text as the date that it is, where the metric takes dates."""
    spec = REGISTRY[metric]
    dated = name in spec.inputs and spec.inputs[name].quantity.name == "date"
    if isinstance(value, list):
        return [_dated(metric, name, one) for one in value]
    if dated and isinstance(value, str):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    return value
