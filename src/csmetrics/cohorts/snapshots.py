"""From snapshots or changes of MRR to its movements."""

from __future__ import annotations

from typing import Any

import pandas as pd

from csmetrics.cohorts._movements import movements
from csmetrics.cohorts._rows.options import ByAt, OnBadRows


def movements_from_snapshots(
    snapshots: Any,
    *,
    customer: str = "customer",
    date: str = "date",
    mrr: str = "mrr",
    currency: str | None = None,
    rates: Any = None,
    grace: Any = None,
    span: int = 1,
    freq: str = "M",
    as_of: Any = None,
    by: Any = None,
    by_at: ByAt = "row",
    squares: bool = False,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    r"""Count customers and MRR won, expanded, contracted and lost in each period, from one amount per period.

    A customer's MRR at the end of a period is the sum of its rows in that period; without a row it is 0.

    Parameters
    ----------
    snapshots
        One row per customer and period, such as payments or a monthly export, of pandas or of an engine.
    customer, date, mrr
        The columns of the customer; of a date (or a Period) within the period; and of the amount.
    currency, rates, grace, span, freq, as_of, by, by_at, squares, on_bad_rows
        As in `movements_from_subscriptions`. If `date` holds Periods, the data covers the last of them to its end.

    Returns
    -------
    DataFrame
        The rows and columns that `movements_from_subscriptions` returns.

    Raises
    ------
    MetricInputError
        As in `movements_from_subscriptions`, for a date instead of a start; or if the amounts of a customer in a period
        add up to less than 0.
    MissingColumnError
        If the frame has no such column.

    See Also
    --------
    movements_from_subscriptions : The same from stretches of time; it says how changes are counted.
    movements_from_changes : The same from changes of MRR.

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
    return movements(
        "movements_from_snapshots",
        snapshots,
        customer=customer,
        begin=date,
        amount=mrr,
        names=("date", "mrr"),
        currency=currency,
        rates=rates,
        grace=grace,
        span=span,
        freq=freq,
        as_of=as_of,
        by=by,
        by_at=by_at,
        squares=squares,
        on_bad_rows=on_bad_rows,
    )


def movements_from_changes(
    changes: Any,
    *,
    customer: str = "customer",
    time: str = "time",
    change: str = "change",
    currency: str | None = None,
    rates: Any = None,
    grace: Any = None,
    span: int = 1,
    freq: str = "M",
    as_of: Any = None,
    by: Any = None,
    by_at: ByAt = "row",
    squares: bool = False,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    r"""Count customers and MRR won, expanded, contracted and lost in each period, from changes of MRR.

    A customer's MRR at an instant is the sum of its changes up to it.

    Parameters
    ----------
    changes
        One row per change, such as the MRR events of a billing system, of pandas or of an engine.
    customer, time, change
        The columns of the customer; of the instant of the change; and of the amount by which its MRR rises or, where
        it is negative, falls.
    currency, rates, grace, span, freq, as_of, by, by_at, squares, on_bad_rows
        As in `movements_from_subscriptions`. With ``by_at="opening"``, a customer's amount in a group and currency is
        one row, which started with its last change.

    Returns
    -------
    DataFrame
        The rows and columns that `movements_from_subscriptions` returns.

    Raises
    ------
    MetricInputError
        As in `movements_from_subscriptions`, for a time and a change instead of a start and an amount.
    MissingColumnError
        If the frame has no such column.

    See Also
    --------
    movements_from_subscriptions : The same from stretches of time; it says how changes are counted.
    movements_from_snapshots : The same from one amount per period.

    Notes
    -----
    The changes must reach back to each customer's start: a ledger of the last year only lets old customers appear with
    their first change, and a fall as a negative balance, which is refused.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> events = pd.DataFrame(
    ...     {
    ...         "customer": ["ann", "bob", "ann", "bob"],
    ...         "time": pd.to_datetime(["2026-01-10", "2026-01-20", "2026-02-10", "2026-02-11"]),
    ...         "change": [100, 40, 50, -40],
    ...     }
    ... )
    >>> months = csm.cohorts.movements_from_changes(events, as_of="2026-02-28")
    >>> months[["start_mrr", "new_mrr", "expansion_mrr", "churned_mrr", "end_mrr"]]
             start_mrr  new_mrr  expansion_mrr  churned_mrr  end_mrr
    period
    2026-01          0      140              0            0      140
    2026-02        140        0             50           40      150
    """
    return movements(
        "movements_from_changes",
        changes,
        customer=customer,
        begin=time,
        amount=change,
        names=("time", "change"),
        currency=currency,
        rates=rates,
        grace=grace,
        span=span,
        freq=freq,
        as_of=as_of,
        by=by,
        by_at=by_at,
        squares=squares,
        on_bad_rows=on_bad_rows,
    )
