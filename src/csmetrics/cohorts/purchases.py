"""Totals of purchases: what customers have brought since their first one."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.engines import narwhals, summed
from csmetrics._frames.groups import group_numbers
from csmetrics.cohorts._rows.currencies import note_currencies
from csmetrics.cohorts._rows.instants import in_micros
from csmetrics.cohorts._rows.options import key_names
from csmetrics.cohorts._rows.pandas_totals import RowTotals
from csmetrics.cohorts._rows.remarks import noted
from csmetrics.cohorts._rows.totals import read

_METRIC = "purchases"
_FIRST, _ORDERS, _REVENUE = "csm:first", "csm:orders", "csm:revenue"  # of one customer


def purchases(
    purchases: Any,
    *,
    customer: Any = "customer",
    time: Any = "time",
    amount: Any = "amount",
    freq: str | None = None,
    as_of: Any = None,
    by: Any = None,
    on_bad_rows: Literal["raise", "report"] = "raise",
) -> pd.DataFrame:
    """Count customers, their purchases and what they have brought so far.

    Parameters
    ----------
    purchases
        One row per purchase or refund: a DataFrame of pandas, or of Polars, PyArrow, DuckDB, Dask, PySpark, Ibis, whose
        engine then adds up the rows of each customer.
    customer
        The column of customers.
    time
        The column with the date of each purchase.
    amount
        The column of amounts; negative for a refund.
    freq
        By cohort: a row for each period in which customers bought first, such as "M"; without it one row for all.
    as_of
        Up to when the data is complete; later rows are left out. By default the latest date.
    by
        A column, or a list of columns, to group by; a customer counts once in each group in which it bought. With the
        column of customers among them there is a row per customer.
    on_bad_rows
        ``"report"`` leaves bad rows out and returns them in ``.attrs["excluded"]``.

    Returns
    -------
    DataFrame
        `customers`, `repeat_customers` (with two purchases or more), `orders` (rows with an amount above 0) and
        `revenue`, by cohort (level `period`) and group: the inputs of `csmetrics.historical_clv` and
        `csmetrics.repeat_purchase_rate`.

    Raises
    ------
    MetricInputError
        If a row has no customer, date or amount.
    MissingColumnError
        If there is no such column.

    See Also
    --------
    retention, csmetrics.historical_clv

    Notes
    -----
    Cohorts are of different ages: the first ones had more time to buy. `retention` with `value=` gives what each has
    brought at each age.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> shop = pd.DataFrame(
    ...     {
    ...         "customer": ["ann", "bob", "ann", "cid"],
    ...         "time": pd.to_datetime(["2026-01-05", "2026-01-20", "2026-02-03", "2026-02-10"]),
    ...         "amount": [30, 20, 50, 10],
    ...     }
    ... )
    >>> made = csm.cohorts.purchases(shop, freq="M", as_of="2026-02-28")
    >>> made
             customers  repeat_customers  orders  revenue
    period
    2026-01          2                 1       3      100
    2026-02          1                 0       1       10
    >>> made.csm.total().historical_clv()
    36.666666666666664
    """
    keys = key_names(_METRIC, by)

    def screened(rows: Any) -> dict[str, Any]:
        rows.require(keys, customer=customer, time=time, amount=amount)
        return {
            "customer": rows.units(customer, "customer"),
            "time": rows.times(time, "time"),
            "amount": rows.numbers(amount, "amount", negative=True),
        }

    rows, found = read(_METRIC, purchases, on_bad_rows, screened)
    note_currencies(rows, keys)
    rows.end(as_of, {"time": found["time"]})
    rows.place(found["time"], "time")
    names = list(dict.fromkeys([*keys, customer]))
    each = (_from_pandas if isinstance(rows, RowTotals) else _from_engine)(rows, names, found)

    def of_customers(small: Any) -> dict[str, Any]:
        amounts = {name: small.numbers(name, name, negative=True) for name in (_ORDERS, _REVENUE)}
        return {"time": small.times(_FIRST, "time"), **amounts}

    small, reduced = read(_METRIC, each, "raise", of_customers, freq)
    assert isinstance(small, RowTotals)
    small.stop = rows.stop
    small.place(reduced["time"], "time")
    columns = {
        "customers": small.every(),
        "repeat_customers": reduced[_ORDERS] > 1,
        "orders": reduced[_ORDERS],
        "revenue": reduced[_REVENUE],
    }
    out = small.totals(by, columns, ("orders", "revenue"))
    if freq is not None:
        out.attrs["growing"] = ["repeat_customers", "orders", "revenue"]
    return noted(out, rows.remarks)


def _from_pandas(rows: Any, names: list[Any], found: dict[str, Any]) -> pd.DataFrame:
    """Add up the rows of each customer: its first time, its orders, its revenue."""
    at = rows.rows()
    index, places = group_numbers([rows.column(name, "by").iloc[at] for name in names])
    times, amounts = found["time"], found["amount"][at]
    micros = in_micros(times.elapsed(), times.per_day)[at]
    first = np.full(len(index), np.iinfo(np.int64).max)
    np.minimum.at(first, places, micros)
    revenue = np.zeros(len(index), amounts.dtype)
    np.add.at(revenue, places, amounts)
    stamps = pd.Series(first.view("M8[us]"))
    stamps = stamps if times.zone is None else stamps.dt.tz_localize("UTC").dt.tz_convert(times.zone)
    orders = np.bincount(places[amounts > 0], minlength=len(index))
    labels = {name: index.get_level_values(i) for i, name in enumerate(names)}
    return pd.DataFrame({**labels, _FIRST: stamps.array, _ORDERS: orders, _REVENUE: revenue})


def _from_engine(rows: Any, names: list[Any], found: dict[str, Any]) -> pd.DataFrame:
    """Have the engine add up the rows of each customer."""
    nw = narwhals()
    keys = rows.grouping(names)
    order = nw.when(found["amount"] > 0).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)
    some = rows.frame.with_columns(found["time"].alias(_FIRST), order.alias(_ORDERS), found["amount"].alias(_REVENUE))
    totals = (nw.col(_FIRST).min(), nw.col(_ORDERS).sum(), nw.col(_REVENUE).sum())
    small = engines.collect(some.group_by(*keys).agg(*totals))
    sums = {name: summed(small[name], whole=name == _ORDERS) for name in (_ORDERS, _REVENUE)}
    labels: pd.DataFrame = pd.concat(rows.labels(small, keys), axis=1)
    return labels.assign(**{_FIRST: small[_FIRST], **sums})
