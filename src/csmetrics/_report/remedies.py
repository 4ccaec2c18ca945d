"""The hints of errors for somebody who has a file and a command, where the hints of the library are code."""

from __future__ import annotations

import json
import re
import shlex
from typing import Final

_DATES: Final = "write days in the file as 2026-03-31 and times as 2026-03-31 14:30"
_NUMBERS: Final = "write plain numbers in the file, such as 1234.50, without currency signs, thousands and words"
_FLAGS: Final = "write true and false in the file, or 1 and 0, and nothing where it is not known"

# What a part of a hint says, and what to say instead of it, up to the end of the hint or the next remedy
_IN_FILES: Final = (
    (r"on_bad_rows='report' leaves these rows out.*", "--skip-bad-rows leaves these rows out and says how many"),
    (r"on_bad_rows='report' counts such balances as 0.*", "--skip-bad-rows counts such balances as 0"),
    (r".*\.replace\([^)]*, None\).*", "leave the cell empty in the file"),
    (r".*(?:pd\.to_timedelta|hours as).*", "write hours in the file as plain numbers, such as 1.5"),
    (r".*currency=.* with rates=.*", "write amounts of one currency in the file, or make a report for each currency"),
    (r".*(?:compare a count or a duration first|map the words as they are spelt).*", _FLAGS),
    (r"(keep one row of each, for example the latest): .*", r"\1"),
    (r".*pd\.to_datetime.*", _DATES),
    (r".*(?:pd\.to_numeric|\.astype\(float\)|decimal=).*", _NUMBERS),
    (r".*\.astype\(str\).*", "write ids alike in all files"),
)


def for_files(hint: str) -> str:
    """Say the hint of an error in the options of the command line, or as what to change in a file.

    Parameters
    ----------
    hint
        The hint of an error of `csmetrics.report_from_tables`.

    Returns
    -------
    str
        The same without code.
    """
    if hint.startswith("columns="):
        meant = json.loads(hint.removeprefix("columns=")).items()
        return " ".join(f"--column {table}.{n}={shlex.quote(c)}" for table, names in meant for n, c in names.items())
    said = re.sub(r"\bas_of='([^']*)'", r"--as-of \1", hint)
    before, bad_rows, after = said.partition("on_bad_rows=")
    parts = [before.removesuffix("; "), bad_rows + after] if bad_rows else [said]
    for place, part in enumerate(parts):
        for code, words in _IN_FILES:
            if re.fullmatch(code, part, re.DOTALL):
                parts[place] = re.sub(code, words, part, flags=re.DOTALL)
                break
    return "; ".join(filter(None, parts))
