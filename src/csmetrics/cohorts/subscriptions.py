"""From subscriptions or snapshots of MRR to its movements: customers won, lost and won back, and their MRR."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from csmetrics.cohorts._ledger import Ledger, _from_engine, _from_pandas
from csmetrics.cohorts._rows.options import check_cells, check_whole
from csmetrics.cohorts._rows.remarks import noted
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
    on_bad_rows: str = "raise",
) -> pd.DataFrame:
    r"""Count customers and MRR won, expanded, contracted and lost in each period, from a ledger of subscriptions.

    A row is live from its start to just before its end, and a customer's MRR at any instant is the sum of its live
    rows. A period opens with the MRR just before its first instant and closes with the MRR just before the next period
    begins. Each customer's opening MRR is compared with its closing MRR, and the whole change gets one label.

    Parameters
    ----------
    subscriptions
        One row per subscription, or per stretch of a subscription at the same price: a pandas DataFrame, or a frame of
        Polars, PyArrow, DuckDB, Dask, PySpark or Ibis, whose engine then adds the rows up.
    customer, start, end, mrr
        The columns of the customer; of the first instant of the subscription; of the first instant after it (missing
        while it runs); and of its monthly amount, 0 or more. Integers, such as cents, stay integers.
    freq
        Length of the periods: h, D, W (from Monday), M, Q or Y, in the time zone of the columns if they have one.
    span
        Compare each closing with the state this many periods before: 12 for trailing-twelve-month NRR. The compared
        stretches then overlap.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp or ISO text. A date, or midnight, means that
        whole day. By default the latest instant in the data: set `as_of` where ends lie in the future, such as contract
        ends, or the result has a row for every period until then. Rows that start after `as_of` are left out.
    by
        A column, or a list of columns, to group by. Each group is a ledger of its own: a customer that moves from one
        plan to another is lost in one and new in the other. Rows without a key form a group of their own.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them, with the reason, in
        ``.attrs["excluded"]``.

    Returns
    -------
    DataFrame
        One row per complete period (PeriodIndex `period`) and group, with numbers of customers: `start`, `new`,
        `reactivated`, `lost`, `end`; and amounts, none of them negative: `start_mrr`, `new_mrr`, `reactivation_mrr`,
        `expansion_mrr`, `contraction_mrr`, `churned_mrr`, `end_mrr`. They are the inputs of `nrr`, `grr`, `churn_rate`,
        `quick_ratio` and others, as in ``.csm.nrr()``.

    Raises
    ------
    MetricInputError
        If a customer, a start or an amount is missing, a start or end is not a date, a row ends before it starts, an
        amount is negative or infinite, or times with a time zone are mixed with times without one.
    MissingColumnError
        If the frame has no such column.

    Notes
    -----
    Every row balances to the last digit:

    * start + new + reactivated - lost = end
    * start_mrr + new_mrr + reactivation_mrr + expansion_mrr - contraction_mrr - churned_mrr = end_mrr
    * end of one period = start of the next, with ``span=1``

    Amounts with up to four decimals are added up as whole hundredths or ten-thousandths, so that a renewal at the same
    price does not show up as an expansion of 0.00000000000001.

    How changes are counted:

    * A subscription that starts exactly on a boundary is new in the period that begins there. One that ends on a
      boundary still counts in the closing of the period before, and is lost in the period that begins there.
    * A customer who leaves and returns within one period counts as never having left. A customer who arrives and leaves
      within one period is not counted at all.
    * An account with no MRR is not a customer. It is new if it was not a customer at any earlier boundary, and
      reactivated if it was.
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
    on_bad_rows: str = "raise",
) -> pd.DataFrame:
    r"""Count customers and MRR won, expanded, contracted and lost in each period, from one amount per period.

    A customer's MRR at the end of a period is the sum of its rows in that period; without a row it is 0.

    Parameters
    ----------
    snapshots
        One row per customer and period, such as payments or a monthly export: a pandas DataFrame, or a frame of Polars,
        PyArrow, DuckDB, Dask, PySpark or Ibis, whose engine then adds the rows up.
    customer, date, mrr
        The columns of the customer; of a date (or a Period) within the period; and of the amount, 0 or more. Integers
        stay integers.
    freq, span, as_of, by, on_bad_rows
        The same as in `movements_from_subscriptions`. If `date` holds Periods, the data covers the last of them to its
        end.

    Returns
    -------
    DataFrame
        The same columns as `movements_from_subscriptions`.

    Raises
    ------
    MetricInputError
        If a customer, a date or an amount is missing, a date is not a date, or an amount is negative or infinite.
    MissingColumnError
        If the frame has no such column.

    Notes
    -----
    The last period has a row only if the data covers it to its end (see `as_of`): in a month that still runs, most
    customers would look lost.

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
    """The movements table while it is filled: a row per period and group."""

    def __init__(self, ledger: Ledger) -> None:
        self.groups, self.group_of = ledger.groups.count, ledger.group_of
        self.columns = {name: np.zeros((ledger.periods, self.groups), np.int64) for name in CUSTOMERS + AMOUNTS}

    def put(self, period: int, customers: Any, before: Any, after: Any, known: Any) -> None:
        """Label and count the changes of some customers in a period."""
        change = after - before
        here, was = after > 0, before > 0
        self._add(period, "new", "new_mrr", customers, here & ~was & ~known, after)
        self._add(period, "reactivated", "reactivation_mrr", customers, here & ~was & known, after)
        self._add(period, "lost", "churned_mrr", customers, was & ~here, before)
        self._add(period, None, "expansion_mrr", customers, was & (change > 0), change)
        self._add(period, None, "contraction_mrr", customers, here & (change < 0), -change)

    def state(self, period: int, count: str, amount: str, balance: Any) -> None:
        """Add up the customers and MRR of all balances, as the start or the end of a period."""
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
    """Make the movements table, walking through the periods with one balance per customer."""
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
    return noted(pd.DataFrame(columns, index=index), ledger.remarks)


def _walk(ledger: Ledger, table: _Bridge) -> None:
    """Fill the table, looking only at customers whose MRR changes in the period."""
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
    """Move the balances from one closing to the next; yield the period, the customers touched, and their MRR at both.

    `balance` is updated in place.
    """
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
