"""Movements of MRR from any of their sources: the options are checked, the rows read, and the bridge is made."""

from __future__ import annotations

from typing import Any

import pandas as pd

from csmetrics.cohorts._bridge import bridge
from csmetrics.cohorts._engine_ledger import from_engine
from csmetrics.cohorts._ledger import Asked
from csmetrics.cohorts._reading import from_pandas
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.options import check_length, check_mode
from csmetrics.core._options import check_flag, check_whole, check_word
from csmetrics.errors import MetricInputError


def movements(
    metric: str,
    frame: Any,
    *,
    customer: str,
    begin: str,
    end: str | None = None,
    amount: str,
    names: tuple[str, str],
    currency: str | None,
    rates: Any,
    closed: str = "left",
    grace: Any,
    span: int,
    freq: str,
    as_of: Any,
    by: Any,
    by_at: str,
    squares: bool,
    on_bad_rows: str,
) -> pd.DataFrame:
    """Check the options, read the rows and make the bridge.

    The options are those of the builders. `begin`, `end` and `amount` name columns, `names` the builder's own arguments
    for the first and the last of them.
    """
    calendar, span = Calendar(metric, freq), check_whole(metric, "span", span)
    closed = check_word(metric, "closed", closed, ("left", "both"))
    by_at = check_word(metric, "by_at", by_at, ("row", "opening"))
    check_flag(metric, "squares", squares)
    if rates is not None and currency is None:
        raise MetricInputError(metric, "currency", "must name a column where `rates` are set", "got None")
    asked = Asked(
        metric=metric,
        customer=customer,
        begin=begin,
        end=end,
        amount=amount,
        names=names,
        currency=currency,
        rates=rates,
        closed=closed,
        grace=check_length(metric, "grace", grace),
        span=span,
        calendar=calendar,
        as_of=as_of,
        by=by,
        by_at=by_at,
        on_bad_rows="report" if check_mode(metric, on_bad_rows) else "raise",
        snapshots=metric == "movements_from_snapshots",
        squares=squares,
    )
    made = bridge((from_pandas if isinstance(frame, pd.DataFrame) else from_engine)(frame, asked))
    if span > 1:
        made.attrs["span"] = span  # periods overlap: comparisons leave out those that share one
    return made
