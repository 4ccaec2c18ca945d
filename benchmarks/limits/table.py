"""The table of the limits: what each took, and what it may take."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from limits import LIMITS, Limit

FILES = ("table", "__init__")  # those of this folder that hold no limits


def all_limits() -> list[Limit]:
    """Load every file of this folder, and return the limits in the order of the files."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in FILES:
            import_module(f"limits.{path.stem}")
    return LIMITS


def limits_table(words: Sequence[str], scale: float, rounds: int) -> list[str]:
    """Measure the limits whose work holds one of the words, and return them as a Markdown table."""
    lines = ["| work | against | time | in single rounds | at most | seconds |", "|---|---|---|---|---|---|"]
    for one in all_limits():
        if words and not any(word in one.work for word in words):
            continue
        found = one.measure(int(one.rows * scale), rounds)
        if found is None:
            print(one.work, "not measured here", sep="  ")
            continue
        against = one.against if found.rival in one.against else f"{one.against}: {found.rival}"
        seconds = " / ".join(f"{statistics.median(side):.3g}" for side in (found.ours, found.theirs))
        low, high = found.spread
        most = "" if one.at_most is None else f"{one.at_most:g}x"
        cells = [one.work, against, f"{found.ratio:.3g}x", f"{low:.3g} to {high:.3g}", most, seconds]
        lines.append(f"| {' | '.join(cells)} |")
        print(*cells, "ABOVE" if one.at_most is not None and found.ratio > one.at_most else "", sep="  ", flush=True)
    return lines
