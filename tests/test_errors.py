"""The errors: base classes, parts, messages, pickling and copying."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import csmetrics as csm

FRAME = pd.DataFrame({"plan": ["a"], "cancelled": [1], "start": [10]})

# The call that raises, the error, and its message
RAISED: dict[str, tuple[Callable[[], object], type[csm.CsmetricsError], str]] = {
    "a part past its whole": (
        lambda: csm.churn_rate(501, 480),
        csm.MetricInputError,
        "churn_rate: `lost` must be <= `start`; got 501 > 480. Hint: count only customers who were there at the start",
    ),
    "parts of an array": (
        lambda: csm.churn_rate([1, 9, 7], [5, 5, 5]),
        csm.MetricInputError,
        "churn_rate: `lost` must be <= `start`; 2 of 3 values break it, first at position 1 (9), where `start` is 5. "
        "Hint: count only customers who were there at the start",
    ),
    "a negative count": (
        lambda: csm.churn_rate(-1, 480),
        csm.MetricInputError,
        "churn_rate: `lost` must be >= 0; got -1.",
    ),
    "infinity": (
        lambda: csm.churn_rate(1, float("inf")),
        csm.MetricInputError,
        "churn_rate: `start` must be finite; got inf.",
    ),
    "text": (
        lambda: csm.churn_rate("5", 480),
        csm.MetricInputError,
        "churn_rate: `lost` must be a number; got the text '5'. Hint: without quotes: 5",
    ),
    "text with a word": (
        lambda: csm.churn_rate("5 left", 480),
        csm.MetricInputError,
        "churn_rate: `lost` must be a number; got the text '5 left'. "
        "Hint: convert text to numbers first: numbers = pd.to_numeric(column, errors='coerce'); "
        "(numbers.isna() & column.notna()).sum() counts what was not a number",
    ),
    "JSON for an interval": (
        lambda: csm.interval("churn_rate", '{"lost": 5}'),
        csm.MetricInputError,
        "churn_rate: `data` must be a mapping of inputs, a row, a cohort frame or a column of answers; got "
        "'{\"lost\": 5}'. Hint: json.loads(...) makes a mapping of JSON text",
    ),
    "columns in a document": (
        lambda: csm.catalog["churn_rate"].compute({"lost": [5, None], "start": [100, 0]}),
        csm.MetricInputError,
        "churn_rate: `lost` must be one number; got [5, None]. Hint: one document has the inputs of one figure; "
        "compute the others by calls of their own",
    ),
    "columns of dates in a document": (
        lambda: csm.catalog["ttv"].compute({"started_at": ["2026-01-01"], "value_at": None}),
        csm.MetricInputError,
        "ttv: `started_at` must be one date; got ['2026-01-01']. Hint: one document has the inputs of one figure; "
        "compute the others by calls of their own",
    ),
    "a rate past 100 percent": (
        lambda: csm.average_lifetime(105),
        csm.MetricInputError,
        "average_lifetime: `churn_rate` must be between 0 and 100; got 105. Hint: rates are percent: 5 is 5 %",
    ),
    "an empty denominator": (
        lambda: csm.churn_rate(0, 0, undefined="raise"),
        csm.UndefinedMetricError,
        "churn_rate: `start` must not be 0; it is. Hint: leave undefined=nan, or give the number to put there",
    ),
    "nobody answered": (
        lambda: csm.nps_from_scores([], undefined="raise"),
        csm.UndefinedMetricError,
        "nps_from_scores: `scores` must hold an answer; it is empty. "
        "Hint: leave undefined=nan, or give the number to put there",
    ),
    "a missing column": (
        lambda: FRAME.csm.churn_rate(),
        csm.MissingColumnError,
        "churn_rate: no column 'lost'; this frame has 'plan', 'cancelled', 'start'. Hint: lost='cancelled'",
    ),
}
each = pytest.mark.parametrize(("call", "kind", "message"), RAISED.values(), ids=RAISED)


def caught(call: Callable[[], object]) -> csm.CsmetricsError:
    with pytest.raises(csm.CsmetricsError) as error:
        call()
    return error.value


@pytest.mark.parametrize(
    ("kind", "base", "code"),
    [
        (csm.MetricInputError, ValueError, "impossible_input"),
        (csm.UndefinedMetricError, ZeroDivisionError, "undefined"),
        (csm.MissingColumnError, KeyError, "missing_column"),
    ],
)
def test_bases_and_codes(kind, base, code) -> None:
    assert issubclass(kind, csm.CsmetricsError)
    assert issubclass(kind, base)
    assert issubclass(csm.CsmetricsError, Exception)
    assert not issubclass(csm.CsmetricsError, (ValueError, KeyError, ArithmeticError))
    assert kind.code == code
    others = {csm.MetricInputError, csm.UndefinedMetricError, csm.MissingColumnError} - {kind}
    assert not any(issubclass(kind, other) for other in others)


@each
def test_the_message(call, kind, message) -> None:
    error = caught(call)
    assert type(error) is kind
    assert str(error) == message


@each
def test_the_parts(call, kind, message) -> None:
    error = caught(call)
    parts = {name: getattr(error, name) for name in ("metric", "argument", "rule", "found", "hint")}
    assert error.as_dict() == {"code": kind.code, **parts}
    assert list(error.as_dict()) == ["code", "metric", "argument", "rule", "found", "hint"]
    assert json.loads(json.dumps(error.as_dict())) == error.as_dict()
    assert all(isinstance(part, str) for part in parts.values())
    assert message.startswith(f"{error.metric}: ")
    for name in ("argument", "found", "hint"):
        assert parts[name] in message
    assert error.metric in csm.catalog
    assert error.rule


@each
@pytest.mark.parametrize(
    "again",
    [
        *(lambda e, p=p: pickle.loads(pickle.dumps(e, protocol=p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)),
        copy.copy,
        copy.deepcopy,
    ],
    ids=[*(f"pickle {p}" for p in range(pickle.HIGHEST_PROTOCOL + 1)), "copy", "deepcopy"],
)
def test_it_survives_pickling_and_copying(call, kind, message, again) -> None:
    error = caught(call)
    error.add_note("while reading churn.csv")
    twin = again(error)
    assert type(twin) is kind
    assert twin is not error
    assert str(twin) == message
    assert twin.as_dict() == error.as_dict()
    assert twin.args == error.args
    assert twin.__notes__ == ["while reading churn.csv"]


def test_a_missing_column_is_not_shown_like_a_key() -> None:
    error = caught(lambda: FRAME.csm.churn_rate())
    assert str(error)[0] not in "'\""
    assert "\\'" not in str(error)
    assert error.argument == "lost"
    with pytest.raises(KeyError):
        raise error


def test_without_a_hint_nothing_follows() -> None:
    for kind in (csm.CsmetricsError, csm.MetricInputError, csm.UndefinedMetricError):
        error = kind("churn_rate", "lost", "must be >= 0", "got -1")
        assert str(error) == "churn_rate: `lost` must be >= 0; got -1."
        assert error.hint == ""
    error = csm.MissingColumnError("nrr", "start_mrr", "no column 'start_mrr'", "this frame has 'a'")
    assert str(error) == "nrr: no column 'start_mrr'; this frame has 'a'."


def test_each_is_caught_by_its_builtin() -> None:
    for base, call in (
        (ValueError, RAISED["a negative count"][0]),
        (ArithmeticError, RAISED["an empty denominator"][0]),
        (LookupError, RAISED["a missing column"][0]),
    ):
        with pytest.raises(base):
            call()


def test_no_error_hangs_below_another() -> None:
    for call, _, _ in RAISED.values():
        error = caught(call)
        assert error.__cause__ is None
        assert error.__context__ is None or error.__suppress_context__


ROWS = [{"customer": "ann", "user": "ann", "time": "2026-01-05", "lost": 1, "start": 2, "plan": "pro"}]
TABLES: dict[str, Callable[[Any], object]] = {
    "a builder": lambda rows: csm.cohorts.lifecycle(rows),
    "a table of users": lambda rows: csm.cohorts.retention(pd.DataFrame(ROWS), users=rows),
    "a report": lambda rows: csm.report_from_tables(subscriptions=rows),
    "an accessor": csm.over,
    "an interval": lambda rows: csm.interval("churn_rate", rows),
    "a comparison": lambda rows: csm.compare("churn_rate", rows, rows),
    "groups": lambda rows: csm.compare_groups("churn_rate", rows, by="plan"),
    "periods": lambda rows: csm.decompose_periods("churn_rate", rows, by="plan"),
    "a scorecard": lambda rows: csm.Scorecard(targets={"churn_rate": None}).evaluate(rows),
    "a score": lambda rows: csm.HealthScore(components={"lost": {"weight": 1}}).score(rows),
    "durations": csm.survival.kaplan_meier_from_dates,
}


@pytest.mark.parametrize("name", TABLES)
def test_rows_that_are_no_table_are_told_how_to_become_one(name: str) -> None:
    with pytest.raises(csm.MetricInputError) as caught:
        TABLES[name](ROWS)
    assert "pd.DataFrame(rows)" in caught.value.hint


@pytest.mark.parametrize(
    ("metric", "hint"),
    [
        (csm.catalog["churn_rate"], "'churn_rate'"),
        (None, "such as csm.churn_rate; csm.catalog.find(words) searches"),
        ("chrun_rate", "did you mean 'churn_rate'?"),
    ],
)
def test_what_is_no_metric_is_told_what_is(metric: Any, hint: str) -> None:
    with pytest.raises(csm.MetricInputError, match="must be a metric of csmetrics or its name") as caught:
        csm.interval(metric, lost=5, start=100)
    assert caught.value.hint == hint
