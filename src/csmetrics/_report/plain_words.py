"""Notes and errors for readers who write no Python: of a page, of a workbook, of the command line."""

from __future__ import annotations

import json
import re
import shlex
from typing import Final

from csmetrics.errors import CsmetricsError, MissingColumnError

_CODE: Final = re.compile(r"\b[a-z_]+=(?!=)|\b(?:csm|csmetrics|pd|df)\.\w|\.attrs\b|\w\(\S|(?<!\w)\.\w+\(")
_QUOTED: Final = re.compile(r"'[^']*'")
_DATES: Final = "write days in the file as 2026-03-31 and times as 2026-03-31 14:30"
_NUMBERS: Final = "write plain numbers in the file, such as 1234.50, without currency signs, thousands and words"
_FLAGS: Final = "write true and false in the file, or 1 and 0, and nothing where it is not known"
# What a clause of a hint says in Python, and what the command line says instead
_OPTIONS: Final = (
    (r"\bas_of='([^']*)'", r"--as-of \1"),
    (r"give a date, a datetime, a Timestamp .*", "such as --as-of 2026-03-31"),
    (r"\bfreq='(\w+)'", r"--freq \1"),
    (r"\bconfidence=(\d+)", r"--confidence \1"),
    (r"on_bad_rows='report' (counts such balances as 0).*", r"--skip-bad-rows \1"),
    (r"on_bad_rows='report' .*", "--skip-bad-rows leaves these rows out and says how many"),
    (r'name it: result="its_name"', "name it: --result its_name"),
    (r'name it: (\w+)="its_name"', r"name it: --column \1=its_name"),
    (r"csm\.Target\(.*", "--target nrr=105"),
    (r"such as \{.*", "--column subscriptions.customer=account_id"),
    (r"csm\.catalog\.find\((.*)\) searches", r"csmetrics find \1 searches"),
    (r"pass one value per customer.*", "write one value per customer, with commas between them"),
    (r".*currency=.* with rates=.*", "write amounts of one currency in the file, or make a report for each currency"),
    (r".*\.replace\(.*, None\).*", "leave the cell empty in the file"),
    (r".*(?:pd\.to_timedelta|hours as).*", "write hours in the file as plain numbers, such as 1.5"),
    (r".*(?:compare a count or a duration first|map the words as they are spelt).*", _FLAGS),
    (r"use dates, or text such as 2026-03-31|a word that is an answer .*", ""),
    (r",? (?:(?:for example )?with|as in) \S*(?:\w\(|pd\.).*", ""),
    (r".*pd\.to_datetime.*", _DATES),
    (r".*(?:pd\.to_numeric|\.astype\(float\)|decimal=).*", _NUMBERS),
    (r".*\.astype\(str\).*", "write ids alike in all files"),
)
_ARGUMENTS: Final = {name: f"--{name.replace('_', '-')}" for name in ("as_of", "by", "freq", "template")} | {
    "columns": "--column",
    "scorecard": "--target",
}


def without_code(sentence: str) -> str:
    """Leave out the parts of a note that tell what to write in Python; what has no others stays as it is."""
    parts, kept, begun = re.split(r"(?<=[.;:]) ", sentence), [], False
    for part in parts:
        if begun or _has_code(part):
            begun = part.endswith(":")  # code may hold a colon itself
        else:
            kept.append(part)
    if len(kept) == len(parts) or not kept:
        return sentence
    end = "." if sentence.endswith(".") else ""
    return " ".join(kept).rstrip(" .;:") + end


def _has_code(text: str) -> bool:
    return bool(_CODE.search(_QUOTED.sub("''", text)))  # names of columns and segments may look as they like


def in_options(error: CsmetricsError, command: str = "") -> CsmetricsError:
    """Say an error in the words of the command line.

    Parameters
    ----------
    error
        The error as the library raised it.
    command
        The command, in place of the function that raised it; the metric's name stays where it is empty.
    """
    hint = _hint(error)
    found = re.sub(r", with the labels ([\d, ]+)", _rows, error.found).replace("this frame has", "the table has")
    found = re.sub(r"a column of u?(?:int|float)\d+", "numbers", found)
    argument = _ARGUMENTS.get(error.argument, error.argument) if command else error.argument
    return type(error)(command or error.metric, argument, error.rule, found.rstrip("."), hint)


def _hint(error: CsmetricsError) -> str:
    if error.hint.startswith("columns="):
        meant = json.loads(error.hint.removeprefix("columns=")).items()
        return " ".join(f"--column {table}.{n}={shlex.quote(c)}" for table, names in meant for n, c in names.items())
    if isinstance(error, MissingColumnError) and (found := re.fullmatch(r"(\w+)='(.+)'", error.hint)):
        return f"--{'result ' if found[1] == 'result' else f'column {found[1]}='}{shlex.quote(found[2])}"
    told = []
    for clause in error.hint.split("; "):
        plain = clause
        for python, option in _OPTIONS:
            plain = re.sub(python, option, plain)
        if plain == clause and "--" not in clause:
            plain = without_code(clause)
        if plain != clause or "--" in clause or not _has_code(plain):
            told.append(plain)
    return "; ".join(filter(None, told))


def _rows(labels: re.Match[str]) -> str:
    """Count rows as a reader of the file does: the first below its header is row 1."""
    numbers = [int(label) + 1 for label in labels[1].split(", ")]
    return f": row{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
