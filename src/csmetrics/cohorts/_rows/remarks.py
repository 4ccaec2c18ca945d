"""What a reader should know beside a cohort frame: notes, and the bad rows that were left out."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

import pandas as pd

from csmetrics.core._outside import outside
from csmetrics.errors import CohortWarning

_LABELS = 5  # labels of left-out rows that are listed
_SEARCHED = 10_000  # groups at most whose names are compared

Result = TypeVar("Result", bound=Any)


class Excluded(dict[str, Any]):
    """The bad rows that were left out: `rows`, `reasons` and `labels`, which JSON can hold; `.frame` holds the rows.

    It cannot be changed, so copies of a frame share it: it costs nothing, whatever its size.

    Attributes
    ----------
    frame : DataFrame
        The rows themselves, with the reason of each.
    """

    frame: pd.DataFrame

    def __init__(self, frame: pd.DataFrame, reason: Any) -> None:
        reasons = Counter(one for row in frame[reason] for one in str(row).split("; "))
        labels = [label if type(label) in (int, float, str) else str(label) for label in frame.index[:_LABELS].tolist()]
        super().__init__(rows=len(frame), reasons=dict(reasons.most_common()), labels=labels)
        object.__setattr__(self, "frame", frame)

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("the left-out rows cannot be changed; dict(...) makes a copy that can")

    __setitem__ = __delitem__ = __setattr__ = __delattr__ = _refuse
    clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __copy__(self) -> Excluded:
        return self

    def __deepcopy__(self, memo: Any = None) -> Excluded:
        return self

    def __reduce__(self) -> Any:
        return _restored, (dict(self), self.frame)


def _restored(parts: dict[str, Any], frame: pd.DataFrame) -> Excluded:
    """Make the same mapping again, as pickle does."""
    made = Excluded.__new__(Excluded)
    dict.update(made, parts)
    object.__setattr__(made, "frame", frame)
    return made


def together(several: Iterable[Excluded | None]) -> Excluded | None:
    """Put the bad rows of several pieces together; None where none of them was asked for its own."""
    found = [one for one in several if one is not None]
    frames = [one.frame for one in found if one["rows"]]
    if not frames:
        return found[0] if found else None
    return Excluded(pd.concat(frames), frames[0].columns[-1])


class Remarks:
    """Notes and left-out rows, collected while rows are read.

    Attributes
    ----------
    notes
        Sentences, in the order in which they came up.
    doubtful
        Those that make the figures doubtful: they are warned of, too.
    excluded
        The bad rows that were left out, where they were asked for.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.doubtful: list[str] = []
        self.excluded: Excluded | None = None

    def note(self, sentence: str, *, doubtful: bool = False) -> None:
        """Note a sentence, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)
            if doubtful:
                self.doubtful.append(sentence)


def noted(out: Result, remarks: Remarks) -> Result:
    """Put the remarks into a result's ``.attrs``, and warn once of what makes its figures doubtful."""
    if isinstance(out, pd.DataFrame):
        _note_spellings(out.index, remarks)
    out.attrs["notes"] = list(remarks.notes)
    if remarks.excluded is not None:
        out.attrs["excluded"] = remarks.excluded
    warn_of(remarks)
    return out


def _note_spellings(index: pd.Index[Any], remarks: Remarks) -> None:
    """Note groups whose names differ only in case or blanks, which are likely one."""
    levels = index.levels if isinstance(index, pd.MultiIndex) else [index]
    for name, labels in zip(index.names, levels, strict=True):
        if name is None or len(labels) > _SEARCHED:
            continue
        spelt: dict[str, list[str]] = {}
        for label in labels:
            if isinstance(label, str):
                spelt.setdefault("".join(label.split()).casefold(), []).append(label)
        alike = [same for same in spelt.values() if len(same) > 1]
        if alike:
            more = f", and {len(alike) - 1:,} more," if len(alike) > 1 else ""
            same = " and ".join(map(repr, alike[0][:2]))
            remarks.note(f"{same} of {name!r}{more} differ only in case or blanks, and are groups of their own.")


def warn_of(remarks: Remarks) -> None:
    """Warn once of what makes figures doubtful."""
    if remarks.doubtful:
        warnings.warn(" ".join(remarks.doubtful), CohortWarning, stacklevel=outside())
