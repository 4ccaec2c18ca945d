"""Periods that are text, such as "Jan 2026": whether they sort in time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from csmetrics.errors import MetricInputError, shown

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES: Final = "|".join(f"{month}[a-z]*" for month in _MONTHS)
_FORMS: Final[tuple[tuple[str, Callable[..., tuple[int, ...]]], ...]] = (
    (rf"({_NAMES})\.?[ '/-]*(\d\d(?:\d\d)?)?", lambda name, year: (int(year or 0), _MONTHS.index(name[:3]))),
    (r"[a-z]*[ -]*(\d\d?)[ ./-]+(\d{4})", lambda number, year: (int(year), int(number))),
    (r"(\d\d?)[./-](\d\d?)[./-](\d{2,4})", lambda first, second, year: (int(year), int(second), int(first))),
    (r"(\d\d?)[./-](\d\d?)[./-](\d{2,4})", lambda first, second, year: (int(year), int(first), int(second))),
    (r"[^\d]*(\d+)", lambda number: (int(number),)),
)


def must_sort(metric: str, name: Any, labels: Iterable[Any]) -> None:
    """Refuse a time axis of text whose order is not that in time, so that another period would be taken for the last.

    Parameters
    ----------
    metric
        Who asks.
    name
        The axis.
    labels
        Its periods. Other values than text are in order.

    Raises
    ------
    MetricInputError
        If one period comes before another as text and after it in time.
    """
    texts = sorted({label for label in labels if isinstance(label, str)})
    for form, place in _FORMS:
        found = [re.fullmatch(form, text.strip().lower()) for text in texts]
        if not all(found):
            continue
        places = [place(*one.groups()) for one in found if one is not None]
        for at in range(1, len(places)):
            if places[at] < places[at - 1]:
                wrong = f"as text, {shown(texts[at - 1])} comes before {shown(texts[at])}"
                raise MetricInputError(metric, str(name), "must sort in time", wrong, _hint(name, texts))


def _hint(name: Any, texts: list[str]) -> str:
    """Say how text becomes periods: names of months to the letter, others in general."""
    hint = "make Periods, dates or text such as 2026-03 of them"
    if all(re.fullmatch(rf"({_NAMES})[ '/-]+\d\d(\d\d)?", text.lower()) for text in texts):
        month = "%b" if all(len(re.split(r"[^A-Za-z]", text)[0]) == 3 for text in texts) else "%B"
        form = re.sub(r"\d{4}$", "%Y", re.sub(r"^[A-Za-z]+", month, texts[0]))
        form = re.sub(r"(?<!%)\d\d$", "%y", form)
        hint = f'{hint}: pd.PeriodIndex(pd.to_datetime(frame[{shown(name)}], format="{form}"), freq="M")'
    return hint
