"""Find the columns of a frame, and guess which one was meant when a column is missing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from csmetrics._frames.words import TELLING, per_bill, same_quantity, usual, words
from csmetrics.core._numeric import check, show
from csmetrics.core._registry import REGISTRY, Quantity
from csmetrics.errors import MetricInputError, MissingColumnError, shown

_SHOWN = 20  # at most so many columns are listed in an error
_LONGEST = 80  # at most so many letters of a misspelt name are compared


PER_BILL = "an amount per bill or per seat becomes that of a month with csm.mrr(quantity * amount, interval)"
_SAID = {".": "a dot", '"': "a quotation mark", "`": "a backtick"}


def has(frame: Any, name: Any) -> bool:
    """Check whether the frame has a column or an index level of that name."""
    levels = frame.index.names if isinstance(frame, pd.DataFrame) else ()
    try:
        return name is not None and (name in frame.columns or name in levels)
    except Exception:  # a list or an array cannot be the name of a column, nor can a value whose own == raises
        return False


def require(frame: Any, name: Any, metric: str, argument: str) -> None:
    """Raise an error unless the frame has a column or an index level of that name, and its engine can read the name."""
    if not has(frame, name):
        hint = _hint(frame, name, metric, argument)
        raise MissingColumnError(metric, argument, f"no column {shown(name)}", what_is_there(frame), hint)
    marks = getattr(frame, "marks", None)  # of the frames of engines
    if marks is None:
        return
    refuse_pattern(name, metric, argument)
    if any(mark in name for mark in marks):
        rule = f"must not have {' or '.join(_SAID[mark] for mark in marks)} in its name on this engine"
        raise MetricInputError(metric, argument, rule, f"got {shown(name)}", "rename the column in the engine first")


def require_all(frame: Any, metric: str, wanted: Iterable[tuple[str, Any]]) -> None:
    """Raise one error for all columns of raw rows that are missing; a single one is found where it is read.

    Parameters
    ----------
    frame, metric
        The frame, and who reads it.
    wanted
        Arguments and the names of their columns, None for none.
    """
    lacking = [(argument, name) for argument, name in wanted if name is not None and not has(frame, name)]
    if len(lacking) < 2:
        return
    near: dict[str, str] = {}
    for argument, name in lacking:
        found = argument if argument in frame.columns else guess(frame, name, argument, raw=True)
        if found is not None and found not in near:
            near[found] = argument
    hint = ", ".join(f"{argument}={name!r}" for name, argument in near.items())
    rule = f"no columns {', '.join(shown(name) for _, name in lacking)}"
    hint = hint or f'if other columns hold them, name them: {lacking[0][0]}="its_name", ...'
    raise MissingColumnError(metric, ", ".join(argument for argument, _ in lacking), rule, what_is_there(frame), hint)


def refuse_pattern(name: str, metric: str, argument: str) -> None:
    """Reject a column's name that engines take for a pattern, and so for several columns."""
    if name == "*" or (name.startswith("^") and name.endswith("$")):
        rule, hint = "must not have a pattern for a name on this engine", "rename the column in the engine first"
        raise MetricInputError(metric, argument, rule, f"got {shown(name)}", hint)


def what_is_there(frame: Any) -> str:
    """List the columns of a frame of any engine, for the text of an error."""
    names = ", ".join(map(shown, frame.columns[:_SHOWN]))
    more = f" and {len(frame.columns) - _SHOWN} more" if len(frame.columns) > _SHOWN else ""
    return f"this frame has {names or 'no columns'}{more}"


def column(frame: pd.DataFrame, name: Any, metric: str, argument: str) -> pd.Series[Any]:
    """Return a column, or an index level, as a Series on the frame's index."""
    require(frame, name, metric, argument)
    if name not in frame.columns:
        return pd.Series(frame.index.get_level_values(name), index=frame.index, name=name)
    found = frame[name]
    if isinstance(found, pd.Series):
        return found
    count = f"this frame has {found.shape[1]} columns under {shown(name)}"
    raise MetricInputError(metric, argument, "must be one column", count, "rename or drop the others")


def _hint(frame: Any, name: Any, metric: str, argument: str) -> str:
    if isinstance(name, tuple) and name and all(has(frame, one) for one in name):
        return f"a list names several columns: {list(name)!r}"
    if argument in frame.columns:
        return f"leave it out: there is a column {argument!r}"
    for raw in REGISTRY:
        if raw.startswith(f"{metric}_from_") and argument in REGISTRY[metric].inputs:
            return f"these are counts; for a column of raw answers: {raw}(...)"
    near = guess(frame, name, argument, raw=metric not in REGISTRY)
    if near is not None:
        return f"did you mean {near!r}?" if argument in ("keys", "by", "period") else f"{argument}={near!r}"
    named = f'if another column holds it, name it: {argument}="its_name"'
    return f"{PER_BILL}; {named}" if argument == "mrr" and per_bill(frame.columns) else named


def guess(frame: Any, name: Any, argument: str, *, raw: bool = False) -> str | None:
    """Guess which column was meant: by other words for the argument, by spelling, by a shared word.

    Raw rows have usual names besides: what is canceled_at to them is no end of a formula.
    """
    # A column named as a metric holds results, which are not added up
    texts = [c for c in frame.columns if isinstance(c, str) and c not in REGISTRY]
    asked = name[:_LONGEST].lower() if isinstance(name, str) else shown(name).lower()
    others = {n for spec in REGISTRY.values() for n in spec.inputs}
    free = [text for text in texts if text not in others]  # a column named as another input holds what its name says
    lower = {text.lower(): text for text in free}
    near = [
        *(usual(argument, texts) if raw else ()),
        *(text for text in texts if same_quantity(argument, text)),
        *(lower[one] for one in difflib.get_close_matches(asked, lower, n=1)),
        *(text for text in free if asked in words(text) and not (words(text) - words(asked)) & TELLING),
    ]
    return near[0] if near else None


class Need(NamedTuple):
    """The metric and the argument that a column is needed for."""

    metric: str
    argument: str

    @property
    def quantity(self) -> Quantity:
        """What the argument measures, and which values it may have."""
        return REGISTRY[self.metric].inputs[self.argument].quantity

    def refuse_rows(self, values: Any, total: Any, least: float) -> None:
        """Reject a single impossible row, which a sum would hide."""
        spec = REGISTRY[self.metric]
        missing = values.dtype.kind == "f" and np.isnan(total).any()
        if least < self.quantity.low or (missing and np.isinf(values).any()):
            column = {self.argument: values}
            check(replace(spec, inputs={self.argument: spec.inputs[self.argument]}, rules=()), column, column)

    def refusal(self, bad: int, rows: int, least: float) -> MetricInputError:
        """Return the same error for rows that only the engine has seen: it tells how many there are, not where."""
        below = isfinite(least) and least < self.quantity.low
        found = f"{bad} of {rows} values break it{f', the least is {show(least)}' if below else ''}"
        rule = self.quantity.rule if below else "must be finite"
        return MetricInputError(self.metric, self.argument, rule, found, self.quantity.hint)
