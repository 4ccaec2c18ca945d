"""From subscriptions of Stripe's API to a ledger of MRR."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import pandas as pd

from csmetrics.cohorts._rows.remarks import Remarks, noted
from csmetrics.core.revenue import mrr as monthly
from csmetrics.errors import MetricInputError, shown

_METRIC = "ledger_from_stripe"
_NEVER_PAID = ("incomplete", "incomplete_expired")
_COLUMNS = ("customer", "start", "end", "mrr", "currency", "price", "subscription")
_OPEN = 2**62  # seconds, for what has no end


def ledger_from_stripe(subscriptions: Any) -> pd.DataFrame:
    r"""Turn subscriptions from Stripe's API into a ledger for `movements_from_subscriptions`.

    MRR starts with the end of the trial and stops when the subscription has ended, not when it was canceled. Discounts
    are taken off for as long as they last.

    Parameters
    ----------
    subscriptions
        What ``GET /v1/subscriptions?status=all&expand[]=data.discounts`` answers, all pages: a list of dictionaries.

    Returns
    -------
    DataFrame
        One row per item of a subscription, or several where a discount begins or ends later: `customer`, `start`, `end`
        (in UTC; missing while it runs), `mrr` (in the smallest unit of the currency, such as cents), `currency`,
        `price` and `subscription`.

        ``.attrs["notes"]`` says what was left out: subscriptions that were never paid, as they are incomplete or ended
        in the trial; and, with a warning, items without an amount of their own, which are billed in tiers or by usage.

    Raises
    ------
    MetricInputError
        If an element is no subscription, or its discounts are not expanded.

    See Also
    --------
    ledger_from_invoices : The same with the history of prices, from the lines of invoices.

    Notes
    -----
    Prices and quantities are those of today: the answer has no history of them, so that an upgrade looks as if the
    customer had always paid the new price. A coupon for certain products only is taken off all items. Several discounts
    are taken off one after the other.

    Examples
    --------
    >>> import csmetrics as csm
    >>> price = {"id": "price_1", "unit_amount": 2000, "currency": "usd", "recurring": {"interval": "month"}}
    >>> answer = {
    ...     "id": "sub_1",
    ...     "customer": "cus_ann",
    ...     "status": "active",
    ...     "start_date": 1768036320,
    ...     "trial_end": None,
    ...     "ended_at": None,
    ...     "discounts": [{"coupon": {"percent_off": 10}, "start": 1768036320, "end": 1775001600}],
    ...     "items": {"data": [{"quantity": 5, "price": price}]},
    ... }
    >>> csm.cohorts.ledger_from_stripe([answer])[["customer", "start", "mrr"]]
      customer                     start      mrr
    0  cus_ann 2026-01-10 09:12:00+00:00   9000.0
    1  cus_ann 2026-04-01 00:00:00+00:00  10000.0
    """
    if isinstance(subscriptions, Mapping):
        subscriptions = subscriptions.get("data", [subscriptions])
    if not isinstance(subscriptions, Iterable) or isinstance(subscriptions, str):
        raise MetricInputError(
            _METRIC, "subscriptions", "must be a list of dictionaries", f"got {shown(subscriptions)}"
        )
    remarks, rows, unpaid, without = Remarks(), [], 0, 0
    for one in subscriptions:
        if not isinstance(one, Mapping) or not {"customer", "items", "start_date"} <= set(one):
            rule = "must be subscriptions with customer, items and start_date"
            raise MetricInputError(_METRIC, "subscriptions", rule, f"got {shown(one)}")
        start = one.get("trial_end") or one["start_date"]
        end = one.get("ended_at") or _OPEN
        if one.get("status") in _NEVER_PAID or end <= start:
            unpaid += 1
            continue
        every = [_Item(item) for item in one["items"]["data"]]
        items = [item for item in every if item.mrr is not None]
        without += len(every) - len(items)
        customer = one["customer"]["id"] if isinstance(one["customer"], Mapping) else one["customer"]
        offs = [_off(off) for off in one.get("discounts") or [one.get("discount")] if off]
        for since, until, amounts in _stretches(items, offs, start, end):
            rows += [
                (customer, since, None if until == _OPEN else until, amount, item.currency, item.price, one.get("id"))
                for item, amount in zip(items, amounts, strict=True)
            ]
    if unpaid:
        some = f"{unpaid} subscriptions were" if unpaid > 1 else "1 subscription was"
        remarks.note(f"{some} never paid (incomplete, or ended in the trial) and left out.")
    if without:
        some = f"{without} items have" if without > 1 else "1 item has"
        left = f"{some} no amount, as they are billed in tiers or by usage, and were left out; the invoices have it."
        remarks.note(left, doubtful=True)
    out = pd.DataFrame(rows, columns=list(_COLUMNS))
    for name in ("start", "end"):
        out[name] = pd.to_datetime(out[name].astype("Int64"), unit="s", utc=True)
    return noted(out.astype({"mrr": "float64"}), remarks)


class _Item:
    """An item of a subscription: its monthly amount (None without one), the interval of its bills, its currency."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        price = item.get("price") or item.get("plan") or {}
        often = price.get("recurring") or price
        self.interval, self.count = often.get("interval", "month"), often.get("interval_count") or 1
        self.currency, self.price = price.get("currency"), price.get("id")
        amount = price.get("unit_amount", price.get("amount"))
        if amount is None and price.get("unit_amount_decimal") is not None:
            amount = float(price["unit_amount_decimal"])
        fixed = often.get("usage_type") != "metered" and price.get("billing_scheme") != "tiered"
        quantity = item.get("quantity", 1)
        known = fixed and None not in (amount, quantity) and not price.get("transform_quantity")
        self.mrr = self.a_month(quantity * amount) if known else None

    def a_month(self, amount: float) -> float:
        """Return the monthly value of an amount on each bill."""
        return float(monthly(amount, self.interval, self.count))


def _off(off: Any) -> tuple[Mapping[str, Any], float, float]:
    """Return the coupon of a discount, and when it begins and ends."""
    coupon = off.get("coupon") or (off.get("source") or {}).get("coupon") if isinstance(off, Mapping) else off
    if not isinstance(coupon, Mapping):
        hint = "expand[]=data.discounts, and expand[]=data.discounts.source.coupon from the version of 2025-09-30 on"
        rule = "must have their discounts and coupons expanded"
        raise MetricInputError(_METRIC, "subscriptions", rule, f"got {shown(coupon)}", hint)
    return coupon, off.get("start") or 0, off.get("end") or _OPEN


def _stretches(items: list[_Item], offs: list[Any], start: Any, end: Any) -> Iterable[tuple[Any, Any, list[float]]]:
    """Yield the stretches of time in which the same discounts hold, with the amount of each item."""
    bounds = {start, end, *(at for _, begins, ends in offs for at in (begins, ends) if start < at < end)}
    for since, until in pairwise(sorted(bounds)):
        amounts = [float(item.mrr or 0) for item in items]
        for coupon, begins, ends in offs:
            if not begins <= since < ends or not items:
                continue
            if coupon.get("percent_off"):
                kept = 100 - float(coupon["percent_off"])
                amounts = [float(monthly(amount * kept, "month", 100)) for amount in amounts]  # a hundredth of it
            else:
                rest = items[0].a_month(coupon.get("amount_off") or 0)
                for i, amount in enumerate(amounts):
                    amounts[i] = max(amount - rest, 0.0)
                    rest = max(rest - amount, 0.0)
        yield since, until, amounts
