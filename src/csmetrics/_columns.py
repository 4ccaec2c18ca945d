"""Finding the columns of a frame, and saying what was meant when one is not there."""

from __future__ import annotations

import difflib
from typing import Any

import pandas as pd

from csmetrics.core._registry import REGISTRY
from csmetrics.errors import MetricInputError, MissingColumnError, shown

# What ledgers, dashboards and exports call the formulas' inputs: only for the hint of an error.
_SYNONYMS = {
    "lost": ("churned", "cancelled", "canceled", "left", "cancellations", "churn"),
    "start": ("opening", "beginning", "begin", "open", "initial"),
    "end": ("closing", "ending", "close", "final"),
    "new": ("joined", "signups", "acquired", "won", "added"),
    "mrr": ("revenue", "amount", "recurring"),
    "customers": ("accounts", "clients", "subscribers", "users"),
    "responses": ("answers", "respondents", "replies"),
    "repeat_contacts": ("further",),
    "tickets": ("cases", "issues", "conversations"),
}


_SHOWN = 20  # columns that an error lists
_LONGEST = 80  # letters of a misspelt name that are compared


def has(frame: Any, name: Any) -> bool:
    """Tell whether there is a column or index level of that name."""
    levels = frame.index.names if isinstance(frame, pd.DataFrame) else ()
    try:
        return name is not None and (name in frame.columns or name in levels)
    except TypeError:  # a list, an array: nothing that a column could be called
        return False


def require(frame: Any, name: Any, metric: str, argument: str) -> None:
    """Refuse a name that no column and no index level has, in a frame of any engine."""
    if not has(frame, name):
        hint = _hint(frame, name, metric, argument)
        raise MissingColumnError(metric, argument, f"no column {shown(name)}", what_is_there(frame), hint)


def what_is_there(frame: Any) -> str:
    """List the columns of a frame of any engine, for an error."""
    names = ", ".join(map(shown, frame.columns[:_SHOWN]))
    more = f" and {len(frame.columns) - _SHOWN} more" if len(frame.columns) > _SHOWN else ""
    return f"this frame has {names or 'no columns'}{more}"


def column(frame: pd.DataFrame, name: Any, metric: str, argument: str) -> pd.Series[Any]:
    """Give a column, or an index level, as a Series on the frame's index."""
    require(frame, name, metric, argument)
    if name not in frame.columns:
        return pd.Series(frame.index.get_level_values(name), index=frame.index, name=name)
    found = frame[name]
    if isinstance(found, pd.Series):
        return found
    count = f"this frame has {found.shape[1]} columns under {shown(name)}"
    raise MetricInputError(metric, argument, "must be one column", count, "rename or drop the others")


def _words(name: str) -> set[str]:
    return set(name.lower().replace("_", " ").split())


def _hint(frame: Any, name: Any, metric: str, argument: str) -> str:
    if argument in frame.columns:
        return f"leave it out: there is a column {argument!r}"
    for raw in REGISTRY:
        if raw.startswith(f"{metric}_from_"):
            return f"these are counts; for a column of raw answers: {raw}(...)"
    near = guess(frame, name, argument)
    if near is not None:
        return f"did you mean {near!r}?" if argument in ("keys", "period") else f"{argument}={near!r}"
    return f'if another column holds it, name it: {argument}="its_name"'


def guess(frame: Any, name: Any, argument: str) -> str | None:
    """Guess which column was meant: by the field's other words for the argument, by spelling, by a shared word."""
    texts = [c for c in frame.columns if isinstance(c, str) and c not in REGISTRY]  # those are not added up
    asked = name[:_LONGEST].lower() if isinstance(name, str) else shown(name).lower()
    others = {n for spec in REGISTRY.values() for n in spec.inputs}
    free = [text for text in texts if text not in others]  # the rest holds what its name says
    near = [
        *(text for text in texts if _words(text) & set(_SYNONYMS.get(argument, ()))),
        *difflib.get_close_matches(asked, free, n=1),
        *(text for text in free if asked in _words(text)),
    ]
    return near[0] if near else None
