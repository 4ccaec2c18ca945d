"""The errors for bad rows, for columns of flags that hold other values, and for ids in several rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from csmetrics.core._numeric import show
from csmetrics.errors import MetricInputError, shown

_RULES = {
    "is missing": "must be present in every row",
    "is not a date": "must hold dates",
    "is not a number": "must hold numbers",
    "is infinite": "must be finite",
    "is negative": "must be >= 0",
    "is not a whole number": "must be whole numbers",
}
FLAGS = "must be booleans, or 0 and 1"
_LOOKED_AT = 1000  # values of a column of flags, whose words a hint names
_MOST_WORDS = 6
_LONGEST = 30  # letters of a word that it shows
_YES, _NO = ("true", "yes", "y", "t", "1"), ("false", "no", "n", "f", "0")
_MEANT = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
_WORDS = {
    "^is not ": "must be ",
    "^is before ": "must not be before ",
    "^is (.*) or more$": r"must be less than \1",
}


def broken(
    metric: str,
    argument: str,
    reason: str,
    found: str,
    hint: str,
    others: Sequence[tuple[str, str, int]],
    *,
    few: bool,
) -> MetricInputError:
    """Make the error for bad rows; only where they are few does it offer to leave them out."""
    for other, name, count in others:
        found += f"; in {count} `{name}` {other}"
    rule = _RULES.get(reason) or reason
    for said, rule_of in _WORDS.items():
        rule = re.sub(said, rule_of, rule)
    if reason == "is missing" and not hint and not few:
        hint = "name a column that every row has a value in"
    if not few:  # likely one mistake in all of them: without these rows little or nothing would be left
        return MetricInputError(metric, argument, rule, found, hint)
    advice = "on_bad_rows='report' leaves these rows out and returns them in .attrs['excluded'].frame"
    return MetricInputError(metric, argument, rule, found, f"{hint}; {advice}" if hint else advice)


def not_once(metric: str, argument: str, again: int, example: Any = None) -> MetricInputError:
    """Make the error for ids that several rows have."""
    found = f"{again} rows repeat one" + ("" if example is None else f", such as {shown(example)}")
    hint = "keep one row of each, for example the latest: .sort_values(...).drop_duplicates(..., keep='last')"
    return MetricInputError(metric, argument, "must stand in one row each", found, hint)


def compare(argument: str, name: Any) -> str:
    """Say how the numbers of a column become flags: what happened more than 0 times happened."""
    column, test = ("late", "<= 0") if argument == "sla" else (name, "> 0")  # what is not late was in time
    remedy = f"(frame[{shown(column)}] {test}).where(frame[{shown(column)}].notna())"
    return f"compare a count or a duration first, and keep what is missing: {remedy}"


def map_words(name: Any, column: pd.Series[Any]) -> str:
    """Say how the words of a column become flags: each is named, with what it means where that is plain."""
    some = column.dropna().iloc[:_LOOKED_AT].tolist()
    words = dict.fromkeys(str(word) for word in some if isinstance(word, str) and word.strip())
    told = [(word, _MEANT.get(word.strip().lower())) for word in words]
    plain = [f"{word!r}: {meant}" for word, meant in told if meant is not None][:_MOST_WORDS]
    shown_words = plain or [f"{word[:_LONGEST]!r}: ..." for word, _ in told[:2]]
    remedy = f"frame[{name!r}].map({{{', '.join(shown_words)}}})"
    which = "" if plain else ", with True or False for each"
    return f"map the words as they are spelt: {remedy}{which}; any other becomes missing"


def no_flags(metric: str, argument: str, name: Any, odd: int, rows: int, example: Any) -> MetricInputError:
    """Make the error for a column of flags that holds other values."""
    found = f"{odd} of {rows} values are neither, such as {show(example)}"
    return MetricInputError(metric, argument, FLAGS, found, compare(argument, name))
