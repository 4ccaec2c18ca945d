"""Subscriptions and snapshots of MRR in, its movements out: who came, left and came back, and what it did to MRR."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.cohorts._ledger import Ledger, _from_engine, _from_pandas
from csmetrics.cohorts._rows.bad import noted
from csmetrics.cohorts._rows.options import OnBadRows, check_cells, check_whole
from csmetrics.cohorts._rows.time import Calendar
from csmetrics.core._money import back

CUSTOMERS = ("start", "new", "reactivated", "lost", "end")
AMOUNTS = ("start_mrr", "new_mrr", "reactivation_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "end_mrr")


def movements_from_subscriptions(
    subscriptions: Any,
    *,
    customer: str = "customer",
    start: str = "start",
    end: str = "end",
    mrr: str = "mrr",
    freq: str = "M",
    span: int = 1,
    as_of: Any = None,
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    r"""Count customers and MRR that came, grew, shrank and left in each period, from a ledger of subscriptions.

    A row is live from its start to just before its end. A customer's MRR at an instant is the sum of its live rows; a
    period's opening is the state just before its first instant, its closing the state just before the next period's.
    Each customer is compared opening to closing, and its whole change gets one label.

    Parameters
    ----------
    subscriptions
        One row per subscription, or per stretch of one at the same price: a DataFrame of pandas, or of Polars, PyArrow,
        DuckDB, Dask, PySpark, Ibis, whose engine then adds the rows up.
    customer, start, end, mrr
        Columns: whose it is; its first instant; the first instant after it (missing while it runs); its monthly amount,
        0 or more. Integers, such as cents, stay integers.
    freq
        Length of the periods: h, D, W (from Monday), M, Q or Y. Those of an aware column are on its own clock.
    span
        Compare each closing with the state so many periods before: 12 for trailing-twelve-month NRR. Periods overlap.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp or ISO text. A date, or midnight, means that
        whole day. The latest instant in the data unless given: give it where ends lie in the future, such as those of
        contracts, or every month until then is returned. Rows that start later are not known yet.
    by
        Column or list of columns to group by. Each group is a ledger of its own: who moves from one plan to another is
        lost in one and new in the other. Missing keys form a group of their own.
    on_bad_rows
        ``"raise"``, or ``"report"``: bad rows are left out and given back in ``.attrs["excluded"]`` with a `reason`.

    Returns
    -------
    DataFrame
        One row per complete period (PeriodIndex `period`), and group: customers `start`, `new`, `reactivated`, `lost`,
        `end`; amounts `start_mrr`, `new_mrr`, `reactivation_mrr`, `expansion_mrr`, `contraction_mrr`, `churned_mrr`,
        `end_mrr`, all positive. They are the inputs of `nrr`, `grr`, `churn_rate`, `quick_ratio` and others:
        ``.csm.nrr()``.

    Raises
    ------
    MetricInputError
        If a customer, a start or an amount is missing, a date is no date, a row ends before it starts, an amount is
        negative or infinite, or times with and without a time zone meet.
    MissingColumnError
        If a column is not there.

    Notes
    -----
    To the last digit, in every row:

    * start + new + reactivated - lost = end
    * start_mrr + new_mrr + reactivation_mrr + expansion_mrr - contraction_mrr - churned_mrr = end_mrr
    * this end = next start, with ``span=1``

    Amounts with up to four decimals are added up as whole hundredths or ten-thousandths, so that a renewal at the same
    price is no expansion of 0.00000000000001.

    * A row that starts on the boundary is new in the period that begins there; one that ends on it is still in the
      closing of the period before, and lost in the period that begins there.
    * Who leaves and comes back within a period never left; who comes and leaves within one was never there.
    * A customer whose MRR is 0 is none. New is who never was one at an earlier boundary; else it came back.
    * The end of the data is not the end of a subscription: a row without an end runs on.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> ledger = pd.DataFrame(
    ...     {
    ...         "customer": ["ann", "bob", "bob", "cid"],
    ...         "start": pd.to_datetime(["2026-01-10", "2026-01-15", "2026-02-20", "2026-02-01"]),
    ...         "end": pd.to_datetime(["2026-03-05", "2026-02-20", None, None]),
    ...         "mrr": [100, 50, 80, 30],
    ...     }
    ... )
    >>> months = csm.cohorts.movements_from_subscriptions(ledger, as_of="2026-03-31")
    >>> months[["start", "new", "reactivated", "lost", "end"]]
             start  new  reactivated  lost  end
    period
    2026-01      0    2            0     0    2
    2026-02      2    1            0     0    3
    2026-03      3    0            0     1    2
    >>> months.csm.nrr()
    period
    2026-01           NaN
    2026-02    120.000000
    2026-03     52.380952
    Freq: M, Name: nrr, dtype: float64
    """
    metric = "movements_from_subscriptions"
    calendar, span = Calendar(metric, freq), check_whole(metric, "span", span)
    columns = {"customer": customer, "start": start, "end": end, "mrr": mrr}
    return _movements(metric, subscriptions, columns, calendar, span, as_of, by, on_bad_rows)


def movements_from_snapshots(
    snapshots: Any,
    *,
    customer: str = "customer",
    date: str = "date",
    mrr: str = "mrr",
    freq: str = "M",
    span: int = 1,
    as_of: Any = None,
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    r"""Count customers and MRR that came, grew, shrank and left in each period, from one amount per period.

    A customer's MRR at the end of a period is the sum of its rows in that period; without a row it is 0.

    Parameters
    ----------
    snapshots
        One row per customer and period, such as payments or a monthly export: a DataFrame of pandas, or of Polars,
        PyArrow, DuckDB, Dask, PySpark, Ibis, whose engine then adds the rows up.
    customer, date, mrr
        Columns: whose it is; a date (or a Period) in the period; the amount, 0 or more. Integers stay integers.
    freq, span, as_of, by, on_bad_rows
        As `movements_from_subscriptions` takes them. A column of Periods covers its last one.

    Returns
    -------
    DataFrame
        As of `movements_from_subscriptions`.

    Raises
    ------
    MetricInputError
        If a customer, a date or an amount is missing, a date is no date, or an amount is negative or infinite.
    MissingColumnError
        If a column is not there.

    Notes
    -----
    The last period counts only where `as_of` covers it: a month that still runs would show most customers as lost.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> payments = pd.DataFrame(
    ...     {
    ...         "customer": ["ann", "ann", "bob", "ann"],
    ...         "date": pd.to_datetime(["2026-01-10", "2026-02-10", "2026-02-11", "2026-03-10"]),
    ...         "mrr": [20, 25, 10, 25],
    ...     }
    ... )
    >>> months = csm.cohorts.movements_from_snapshots(payments, as_of="2026-03-31")
    >>> months[["start_mrr", "new_mrr", "expansion_mrr", "churned_mrr", "end_mrr"]]
             start_mrr  new_mrr  expansion_mrr  churned_mrr  end_mrr
    period
    2026-01          0       20              0            0       20
    2026-02         20       10              5            0       35
    2026-03         35        0              0           10       25
    """
    metric = "movements_from_snapshots"
    calendar, span = Calendar(metric, freq), check_whole(metric, "span", span)
    columns = {"customer": customer, "date": date, "mrr": mrr}
    return _movements(metric, snapshots, columns, calendar, span, as_of, by, on_bad_rows)


def _movements(
    metric: str,
    frame: Any,
    columns: dict[str, str],
    calendar: Calendar,
    span: int,
    as_of: Any,
    by: Any,
    on_bad_rows: str,
) -> pd.DataFrame:
    read = _from_pandas if isinstance(frame, pd.DataFrame) else _from_engine
    return _bridge(metric, read(metric, frame, columns, calendar, as_of, by, on_bad_rows), calendar, span)


class _Bridge:
    """A bridge in the making: a row per period and group."""

    def __init__(self, ledger: Ledger) -> None:
        self.groups, self.group_of = ledger.groups.count, ledger.group_of
        self.columns = {name: np.zeros((ledger.periods, self.groups), np.int64) for name in CUSTOMERS + AMOUNTS}

    def put(self, period: int, customers: Any, before: Any, after: Any, known: Any) -> None:
        """Label the changes of some customers in a period."""
        change = after - before
        here, was = after > 0, before > 0
        self._add(period, "new", "new_mrr", customers, here & ~was & ~known, after)
        self._add(period, "reactivated", "reactivation_mrr", customers, here & ~was & known, after)
        self._add(period, "lost", "churned_mrr", customers, was & ~here, before)
        self._add(period, None, "expansion_mrr", customers, was & (change > 0), change)
        self._add(period, None, "contraction_mrr", customers, here & (change < 0), -change)

    def state(self, period: int, count: str, amount: str, balance: Any) -> None:
        """Add up everybody's state."""
        self._add(period, count, amount, slice(None), balance > 0, balance)

    def _add(self, period: int, count: str | None, amount: str, customers: Any, flags: Any, units: Any) -> None:
        at = np.flatnonzero(flags)
        if not at.size:
            return
        if self.group_of is None:
            self.columns[amount][period, 0] += units[at].sum()
            if count is not None:
                self.columns[count][period, 0] += at.size
            return
        group = self.group_of[customers][at]
        np.add.at(self.columns[amount][period], group, units[at])
        if count is not None:
            self.columns[count][period] += np.bincount(group, minlength=self.groups)


def _bridge(metric: str, ledger: Ledger, calendar: Calendar, span: int) -> pd.DataFrame:
    """Walk through the periods with one balance per customer."""
    check_cells(metric, calendar, ledger.first, ledger.periods, ledger.groups.count * len(CUSTOMERS + AMOUNTS))
    table = _Bridge(ledger)
    if span == 1:
        _walk(ledger, table)
    else:
        _walk_span(ledger, table, span)
    index = ledger.groups.index(calendar.index(ledger.first, ledger.periods, "period"))
    columns: dict[str, Any] = {name: table.columns[name].reshape(-1) for name in CUSTOMERS + AMOUNTS}
    if ledger.scale is not None:
        columns |= {name: back(columns[name], ledger.scale) for name in AMOUNTS}
    return noted(pd.DataFrame(columns, index=index), ledger.excluded)


def _walk(ledger: Ledger, table: _Bridge) -> None:
    """Look at those customers only whose MRR changes in the period."""
    seen = np.zeros(ledger.customers, bool)
    for period, touched, before, after in _steps(ledger, np.zeros(ledger.customers, np.int64)):
        table.put(period, touched, before, after, seen[touched])
        seen[touched[after > 0]] = True
    columns = table.columns
    change = columns["new"] + columns["reactivated"] - columns["lost"]
    columns["end"] = change.cumsum(axis=0)
    columns["start"] = columns["end"] - change
    gained = columns["new_mrr"] + columns["reactivation_mrr"] + columns["expansion_mrr"]
    gained -= columns["contraction_mrr"] + columns["churned_mrr"]
    columns["end_mrr"] = gained.cumsum(axis=0)
    columns["start_mrr"] = columns["end_mrr"] - gained


def _walk_span(ledger: Ledger, table: _Bridge, span: int) -> None:
    """Compare each closing with the state `span` periods before: two walks, one that many periods behind the other."""
    balance, earlier = np.zeros((2, ledger.customers), np.int64)
    seen = np.zeros(ledger.customers, bool)
    behind = _steps(ledger, earlier)
    everyone = slice(None)
    for period, *_ in _steps(ledger, balance):
        if period >= span:
            _, touched, _, after = next(behind)
            seen[touched[after > 0]] = True
        table.put(period, everyone, earlier, balance, seen)
        table.state(period, "start", "start_mrr", earlier)
        table.state(period, "end", "end_mrr", balance)


def _steps(ledger: Ledger, balance: Any) -> Iterator[tuple[int, Any, Any, Any]]:
    """Bring the balances from one closing to the next; give the period, who was touched, and their MRR at both."""
    gains, losses = (changes.by_period(ledger.periods) for changes in (ledger.gains, ledger.losses))
    place = np.zeros(ledger.customers, np.int32 if len(ledger.gains.customer) < 2**30 else np.int64)
    for period in range(ledger.periods):
        (came, gained), (gone, lost) = gains.of(period), losses.of(period)
        customers = np.concatenate([came, gone])
        rows = np.arange(customers.size, dtype=place.dtype)
        place[customers] = rows
        touched = customers[place[customers] == rows]
        before = balance[touched]
        np.add.at(balance, came, gained)
        np.subtract.at(balance, gone, lost)
        yield period, touched, before, balance[touched]
