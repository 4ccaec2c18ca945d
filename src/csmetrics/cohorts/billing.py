"""From the lines of invoices to a ledger of MRR, and from the terms of contracts to renewals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.columns import require, require_all
from csmetrics.cohorts._ends import first_after, reach_of, read_ends, refuse_early
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.end_of_data import end_of_data
from csmetrics.cohorts._rows.groups import Groups, number_units
from csmetrics.cohorts._rows.instants import DAY, NAT, Times, in_micros
from csmetrics.cohorts._rows.options import Closed, OnBadRows, check_cells, check_length, key_names
from csmetrics.cohorts._rows.pandas import Rows
from csmetrics.cohorts._rows.remarks import noted
from csmetrics.core._dates import in_days
from csmetrics.core._options import check_word
from csmetrics.core.revenue import mrr as monthly


def ledger_from_invoices(
    invoices: Any,
    *,
    customer: str = "customer",
    start: str = "start",
    end: str = "end",
    amount: str = "amount",
    closed: Closed = "left",
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    r"""Spread the lines of invoices over their service periods: a ledger for `movements_from_subscriptions`.

    An annual invoice is a twelfth of its amount in each of its twelve months, not twelve months' worth in one.

    Parameters
    ----------
    invoices
        One row per line of an invoice: a pandas DataFrame, or a frame of an engine, whose rows are then brought over,
        as each of them is a row of the result.
    customer, start, end, amount
        The columns of the customer; of the first instant of the service that the line is for; of the first instant
        after it; and of the amount after discounts and before tax, negative for a credit.
    closed
        ``"left"``: the service ends just before `end`. ``"both"``: it covers `end`, as in
        `movements_from_subscriptions`.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them in ``.attrs["excluded"]``.

    Returns
    -------
    DataFrame
        The rows of `invoices` with all their columns, `end` as the first instant after the service, and a column
        `mrr`. Lines without a service period, such as one-off charges, are left out, with a note.

    Raises
    ------
    MetricInputError
        If a customer, a date or an amount is missing, a service ends before it starts, or an amount is infinite.
    MissingColumnError
        If the frame has no such column.

    Notes
    -----
    A service of whole calendar months, such as 15 January to 15 April, counts its months; any other counts its days, of
    which a month has 365/12. The lines of a plan change in mid-term, which bill a part of a month, are therefore worth
    a little more or less a month than the plan: leave them out where the next full invoice shows the new price soon.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> lines = pd.DataFrame(
    ...     {
    ...         "customer": ["ann", "bob"],
    ...         "start": pd.to_datetime(["2026-01-10", "2026-01-20"]),
    ...         "end": pd.to_datetime(["2027-01-10", "2026-02-20"]),
    ...         "amount": [1200, 50],
    ...     }
    ... )
    >>> csm.cohorts.ledger_from_invoices(lines)[["customer", "mrr"]]
      customer    mrr
    0      ann  100.0
    1      bob   50.0
    """
    metric = "ledger_from_invoices"
    closed = check_word(metric, "closed", closed, ("left", "both"))
    rows = Rows(metric, _in_pandas(metric, invoices), on_bad_rows)
    rows.require(customer=customer, start=start, end=end, amount=amount)
    reach = reach_of(rows, end, closed)
    rows.units(customer, "customer")
    begins = rows.times(start, "start")
    ends = read_ends(rows, end, begins)
    rows.refuse("end", "is missing", ends.ticks == NAT, "a line without a service period is no recurring revenue")
    refuse_early(rows, ends, begins, reach)
    amounts = np.asarray(rows.numbers(amount, "amount", negative=True), dtype=np.float64)
    kept = np.arange(len(rows.frame))[rows.kept()]
    after = first_after(ends.take(kept), reach)
    begin, until = (
        pd.DatetimeIndex(in_micros(times.ticks, times.per_day).astype("M8[us]")) for times in (begins.take(kept), after)
    )
    lasting = np.flatnonzero(until > begin)
    kept, begin, until = kept[lasting], begin[lasting], until[lasting]
    months, days = _whole_months(begin, until), in_days(until.asi8 - begin.asi8)
    interval = np.where(months > 0, "month", "day")
    value = monthly(np.abs(amounts[kept]), interval, np.where(months > 0, months, days))
    out: pd.DataFrame = rows.frame.iloc[kept].copy()
    out.attrs = {}
    zone = getattr(begins, "zone", None)
    out[end] = until if zone is None else until.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    out["mrr"] = np.sign(amounts[kept]) * value
    if len(lasting) < len(after.ticks):
        left = len(after.ticks) - len(lasting)
        lines = f"{left} lines have" if left > 1 else "1 line has"
        rows.remarks.note(f"{lines} no service period: one-off charges are not recurring and were left out.")
    return noted(out, rows.remarks)


def renewals(
    terms: Any,
    *,
    customer: str = "customer",
    start: str = "start",
    end: str = "end",
    closed: Closed = "left",
    grace: Any = None,
    freq: str | None = "M",
    as_of: Any = None,
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    r"""Count the terms that came to their end, and those that were renewed, for `renewal_rate`.

    Parameters
    ----------
    terms
        One row per term of a contract or subscription: a pandas DataFrame, or a frame of an engine, from which the
        columns that are named are brought over, as a term looks for the next one of its customer.
    customer, start, end
        The columns of the customer; of the first instant of the term; and of the first instant after it. A term without
        an end is not due.
    closed
        As in `movements_from_subscriptions`.
    grace
        How late a renewal may be, such as ``"30D"``; a term is counted once that time is over, too.
    freq
        Length of the periods; None for one row for all terms.
    as_of
        The last instant that the data covers, by default the latest instant in it.
    by
        A column, or a list of columns, to group by: those of the term that ends.
    on_bad_rows
        As in `movements_from_subscriptions`.

    Returns
    -------
    DataFrame
        One row per period (PeriodIndex `period`) and group: `renewed` and `due`, the terms that ended in the period;
        one that ends with January is due in February, where the bridge would lose it. A term is renewed if the same
        customer has one that starts by then, or within `grace`, and lasts longer.

    Raises
    ------
    MetricInputError
        If a customer or a start is missing, a start or end is not a date, or a term ends before it starts.
    MissingColumnError
        If the frame has no such column.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> terms = pd.DataFrame(
    ...     {
    ...         "customer": ["ann", "ann", "bob"],
    ...         "start": pd.to_datetime(["2025-01-10", "2026-01-10", "2025-01-20"]),
    ...         "end": pd.to_datetime(["2026-01-10", "2027-01-10", "2026-01-20"]),
    ...     }
    ... )
    >>> found = csm.cohorts.renewals(terms, as_of="2026-01-31")
    >>> found
             renewed  due
    period
    2026-01        1    2
    >>> found.csm.renewal_rate()
    period
    2026-01    50.0
    Freq: M, Name: renewal_rate, dtype: float64
    """
    metric = "renewals"
    closed = check_word(metric, "closed", closed, ("left", "both"))
    calendar, wait = Calendar(metric, "M" if freq is None else freq), check_length(metric, "grace", grace)
    wanted = [("customer", customer), ("start", start), ("end", end)]
    wanted += [("by", name) for name in key_names(metric, by, "period")]
    rows = Rows(metric, _in_pandas(metric, terms, wanted), on_bad_rows, calendar)
    rows.require(by, customer=customer, start=start, end=end)
    reach = reach_of(rows, end, closed)
    customers, begins = rows.units(customer, "customer"), rows.times(start, "start")
    ends = read_ends(rows, end, begins)
    refuse_early(rows, ends, begins, reach)
    keys = rows.keys(by, "period")
    kept = rows.kept()
    begins, ends = begins.take(kept), ends.take(kept)
    stop = end_of_data(metric, as_of, [begins, ends])
    groups = Groups(metric, keys, kept)
    values, offset, _ = number_units(metric, customers, kept)
    after = first_after(ends, reach)
    begin = in_micros(begins.ticks, begins.per_day)
    until = np.where(after.ticks == NAT, np.iinfo(np.int64).max, in_micros(after.ticks, after.per_day))
    due = np.flatnonzero((after.ticks != NAT) & (until <= (0 if stop is None else int(stop) - wait)) & (begin < until))
    renewed = _lasting(values.astype(np.int64) - offset, begin, until, due, wait)
    first, periods = 0, int(freq is None)
    period = np.zeros(due.size, np.int64)
    if due.size:
        numbering = calendar.numbering(Times(until[due], DAY))
        number = numbering.of(slice(None)).astype(np.int64) + numbering.first
        first = int(number.min())
        if freq is not None:
            periods, period = max(calendar.at(int(stop or 0) - wait) - first, 0), number - first
    check_cells(metric, calendar, first, periods, groups.count * 2)
    known = period < periods
    cell = period[known] * groups.count + (0 if groups.number is None else groups.number[due[known]])
    size = periods * groups.count
    columns = {
        "renewed": np.bincount(cell, weights=renewed[known], minlength=size).astype(np.int64),
        "due": np.bincount(cell, minlength=size),
    }
    if freq is not None:
        index: Any = groups.index(calendar.index(first, periods, "period"))
    else:
        index = pd.RangeIndex(size) if groups.labels is None else groups.labels[:size]
    return noted(pd.DataFrame(columns, index=index), rows.remarks)


def _lasting(unit: Any, begin: Any, until: Any, due: Any, wait: int) -> Any:
    """Mark the due rows for which the same unit has a row that begins by its end, or soon after, and lasts longer."""
    order = np.lexsort((begin, unit))
    rank = np.unique(np.append(begin, until[due] + wait))
    width = rank.size + 1
    keys = unit[order] * width + np.searchsorted(rank, begin[order])
    reach = pd.Series(until[order]).groupby(unit[order]).cummax().to_numpy()
    asked = unit[due] * width + np.searchsorted(rank, until[due] + wait)
    return reach[np.searchsorted(keys, asked, side="right") - 1] > until[due]


def _whole_months(begin: pd.DatetimeIndex, until: pd.DatetimeIndex) -> Any:
    """Return the calendar months of services that have whole ones; 0 for the others."""
    months = (until.year - begin.year) * 12 + (until.month - begin.month)
    on_day = (until.day == begin.day) | (until.is_month_end & (begin.is_month_end | (begin.day > until.day)))
    on_time = (until - until.normalize()) == (begin - begin.normalize())
    return np.where(on_day & on_time, months, 0)


def _in_pandas(metric: str, frame: Any, wanted: list[tuple[str, Any]] | None = None) -> pd.DataFrame:
    """Bring the rows of an engine over: all columns, or those that some arguments name."""
    if isinstance(frame, pd.DataFrame):
        return frame
    rows = engines.lazy(frame, metric, "frame")
    if wanted is None:
        return engines.collect(rows)
    held = engines.Columns(rows)
    require_all(held, metric, wanted)
    for argument, name in wanted:
        require(held, name, metric, argument)
    return engines.collect(rows.select(*dict.fromkeys(name for _, name in wanted)))
