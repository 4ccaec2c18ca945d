"""From a ledger of subscriptions to the movements of MRR: customers won, lost and won back, and their MRR."""

from __future__ import annotations

from typing import Any

import pandas as pd

from csmetrics.cohorts._movements import movements
from csmetrics.cohorts._rows.options import ByAt, Closed, OnBadRows


def movements_from_subscriptions(
    subscriptions: Any,
    *,
    customer: str = "customer",
    start: str = "start",
    end: str = "end",
    mrr: str = "mrr",
    currency: str | None = None,
    rates: Any = None,
    closed: Closed = "left",
    grace: Any = None,
    span: int = 1,
    freq: str = "M",
    as_of: Any = None,
    by: Any = None,
    by_at: ByAt = "row",
    squares: bool = False,
    on_bad_rows: OnBadRows = "raise",
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
        while it runs); and of its monthly amount. Integers, such as cents, stay integers. Amounts of credits and
        discounts are negative, but what a customer has at any instant may not be. An end in the last second of a day
        is the end of that day, and an end from the year 2200 on, or ``infinity``, is no end.
    currency
        The column of the amounts' currencies. Amounts of several currencies are only added with `rates`.
    rates
        What an amount of 1 in each currency is worth: a mapping of currencies to rates, or a frame with the columns
        `currency`, `rate` and, where rates change, `period`. A period's rate values its closing, and the rate of the
        period before values its opening.
    closed
        ``"left"``: a row ends just before `end`. ``"both"``: it covers `end`, the whole day where the column holds
        only midnights (or whole Periods), and the whole second otherwise.
    grace
        Bridge a customer's gaps that are at most this long, such as ``"30D"`` for late renewals, at the MRR before
        the gap. A period is then complete once `as_of` is that much past its end.
    span
        Compare each closing with the state this many periods before: 12 for trailing-twelve-month NRR. The compared
        stretches then overlap.
    freq
        Length of the periods: h, D, W (from Monday), M, Q or Y, in the time zone of the columns if they have one.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp or ISO text. A date, or midnight, means that
        whole day. By default the latest instant in the data. It must be set where ends lie in the future, such as
        contract ends: more than a period and more than 92 days past the last start. Rows that start after `as_of` are
        left out.
    by
        A column, or a list of columns, to group by. Rows without a key form a group of their own. With the column of
        the customer there is one row per customer and period, without those in which all is 0.
    by_at
        ``"row"``: each group is a ledger of its own, so a customer that moves from one plan to another is lost in one
        and new in the other. ``"opening"``: a customer with all its rows belongs to the group of its largest row at the
        period's opening, or at the closing if it joins (of equal rows the one that started first, then the smallest
        key). The groups then add up to the bridge of the whole, and a move between plans is an expansion or a
        contraction in the plan that the customer came from.
    squares
        Whether to add sums of squares over the customers, which intervals of NRR, GRR or ARPA need where a row is no
        customer: columns such as ``start_mrr*start_mrr`` and ``start_mrr*churned_mrr``. What is left out is always 0.
        Not with the customer column in `by`, where each row is a customer.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them, with the reason, in
        ``.attrs["excluded"]``. Two kinds are listed there but not left out: a blank end counts as still running, which
        is warned of, and a negative balance counts as 0.

    Returns
    -------
    DataFrame
        One row per complete period (PeriodIndex `period`) and group, with numbers of customers: `start`, `new`,
        `reactivated`, `lost`, `end`; and amounts, none of them negative: `start_mrr`, `new_mrr`, `reactivation_mrr`,
        `expansion_mrr`, `contraction_mrr`, `churned_mrr`, `end_mrr`. They are the inputs of `nrr`, `grr`, `churn_rate`,
        `quick_ratio` and others, as in ``.csm.nrr()``. With `rates` also `fx_mrr`, which may be negative: the part of
        the change that changed rates make. ``.attrs["notes"]`` says where rows begin a day, or a second, after an end
        of the same customer, as they do where ends are inclusive; and how many customers are in several groups.

    Raises
    ------
    MetricInputError
        If a customer, a start or an amount is missing, a start or end is not a date, a row ends before it starts, an
        amount is infinite, a customer's amounts add up to less than 0 at any instant, amounts are in several
        currencies without rates, ends lie far in the future without `as_of`, or times with a time zone are mixed with
        times without one.
    MissingColumnError
        If the frame has no such column.

    See Also
    --------
    movements_from_snapshots, movements_from_changes : The same from one amount per period, and from changes of MRR.
    ledger_from_invoices : A ledger from the lines of invoices.

    Notes
    -----
    Every row balances to the last digit:

    * start + new + reactivated - lost = end
    * start_mrr + new_mrr + reactivation_mrr + expansion_mrr - contraction_mrr - churned_mrr = end_mrr, where with
      `rates` fx_mrr is a further term
    * end of one period = start of the next, with ``span=1``; with ``by_at="opening"`` for the whole only

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

    An engine bridges gaps and adds changes up by itself; one row per customer and period comes back. With `grace` on
    PyArrow and Dask, which cannot look at a customer's next row, and with `grace` and `rates`, it is one row per
    customer and change. With ``by_at="opening"`` the rows of customers with several groups come back as well, without
    those that are live at no closing, as no sum tells which of them is the largest.

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
    return movements(
        "movements_from_subscriptions",
        subscriptions,
        customer=customer,
        begin=start,
        end=end,
        amount=mrr,
        names=("start", "mrr"),
        currency=currency,
        rates=rates,
        closed=closed,
        grace=grace,
        span=span,
        freq=freq,
        as_of=as_of,
        by=by,
        by_at=by_at,
        squares=squares,
        on_bad_rows=on_bad_rows,
    )
