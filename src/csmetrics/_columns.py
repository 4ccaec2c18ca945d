"""Finding the columns of a frame, and saying what was meant when one is not there."""

from __future__ import annotations

import difflib
from typing import Any

import pandas as pd

from csmetrics.core._registry import REGISTRY
from csmetrics.errors import MetricInputError, MissingColumnError

# What ledgers, dashboards and exports call the formulas' inputs: only for the hint of an error.
_SYNONYMS = {
    "lost": ("churned", "cancelled", "canceled", "left", "cancellations", "churn"),
    "start": ("opening", "beginning", "begin", "open", "initial"),
    "end": ("closing", "ending", "close", "final"),
    "new": ("joined", "signups", "acquired", "won", "added"),
    "mrr": ("revenue", "amount", "recurring"),
    "customers": ("accounts", "clients", "subscribers", "users"),
    "responses": ("answers", "respondents", "replies"),
    "tickets": ("cases", "issues", "conversations"),
}


def has(frame: pd.DataFrame, name: Any) -> bool:
    """Tell whether there is a column or index level of that name."""
    return name in frame.columns or name in frame.index.names


def column(frame: pd.DataFrame, name: Any, metric: str, argument: str) -> pd.Series[Any]:
    """Give a column, or an index level, as a Series on the frame's index."""
    if name in frame.columns:
        found = frame[name]
        if isinstance(found, pd.Series):
            return found
        count = f"this frame has {found.shape[1]} columns under {name!r}"
        raise MetricInputError(metric, argument, "must be one column", count, "rename or drop the others")
    if name in frame.index.names:
        return pd.Series(frame.index.get_level_values(name), index=frame.index, name=name)
    found = f"this frame has {', '.join(map(repr, frame.columns)) or 'no columns'}"
    raise MissingColumnError(metric, str(name), "must be a column", found, _hint(frame, name, argument))


def _words(name: str) -> set[str]:
    return set(name.lower().replace("_", " ").split())


def _hint(frame: pd.DataFrame, name: Any, argument: str) -> str:
    if argument in frame.columns:
        return f"leave it out: there is a column {argument!r}"
    texts = [c for c in frame.columns if isinstance(c, str)]
    others = {n for spec in REGISTRY.values() for n in spec.inputs}
    free = [text for text in texts if text not in others]  # the rest holds what its name says
    near = [
        *(text for text in texts if _words(text) & set(_SYNONYMS.get(argument, ()))),
        *difflib.get_close_matches(str(name), free, n=1),
        *(text for text in free if str(name).lower() in _words(text)),
    ]
    if near:
        return f"did you mean {near[0]!r}?" if argument in ("keys", "period") else f"{argument}={near[0]!r}"
    return f'if another column holds it, name it: {argument}="its_name"'
