"""Exchange rates: amounts of several currencies valued in one, period by period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames import engines
from csmetrics._frames.columns import column, has, what_is_there
from csmetrics.cohorts._rows.calendar import Calendar
from csmetrics.cohorts._rows.options import too_large
from csmetrics.cohorts._rows.read_times import read_times
from csmetrics.core._money import BITS
from csmetrics.errors import MetricInputError, MissingColumnError, shown

_DECIMALS = 8  # decimals of a rate that are taken as they are written


class Rates:
    """The rates of the currencies at the closings of the periods.

    Parameters
    ----------
    metric
        Name of the builder.
    rates
        The caller's argument: a mapping, or a frame with the columns currency, rate and, where rates change, period.
    names
        The currencies, by number.
    calendar, first, periods
        The periods.
    most
        The sum of all amounts in units, without their signs.

    Attributes
    ----------
    scale
        Units of a value for one unit of an amount with a rate of 1.
    """

    def __init__(
        self, metric: str, rates: Any, names: list[Any], calendar: Calendar, first: int, periods: int, most: float
    ) -> None:
        self.metric, self.names, self.calendar, self.first = metric, names, calendar, first
        self._table = _table(metric, rates, names, calendar, first, periods)
        top = float(np.nanmax(self._table, initial=1.0)) * max(most, 1.0)
        places = [10**n for n in range(_DECIMALS + 1)]
        exact = [scale for scale in places if top * scale < 2.0**BITS and _is_decimal(self._table * scale)]
        self.scale: float = exact[0] if exact else 2.0 ** (BITS - 1 - int(np.frexp(top)[1]))
        self._whole = bool(exact)
        if not top < 2.0**BITS:
            raise too_large(metric, "mrr")

    def worth(self, units: Any, currency: Any, period: Any, opening: Any = None) -> Any:
        """Value amounts in whole units, at the closing of a period, or of an earlier one if that has a rate.

        Parameters
        ----------
        units, currency
            Amounts and the numbers of their currencies.
        period, opening
            Numbers of periods from 0.
        """
        rate = self._table[period, currency]
        if opening is not None:
            before = self._table[opening, currency]
            rate = np.where(np.isnan(before), rate, before)
        lacking = np.flatnonzero(np.isnan(rate) & (units != 0))
        if lacking.size:
            at = int(lacking[0])
            number = int(np.broadcast_to(period, units.shape)[at])
            label = self.calendar.index(self.first + number, 1, "period")[0]
            found = f"none for {shown(self.names[int(currency[at])])} in {label}"
            rule = "must have a rate for each currency and period"
            known = not np.isnan(self._table[:, currency[at]]).all()
            hint = "add a row with the rate of that period" if known else "spell currencies as the ledger does"
            raise MetricInputError(self.metric, "rates", rule, found, hint)
        scaled = np.where(np.isnan(rate), 0.0, rate) * self.scale
        if self._whole:
            return units * np.rint(scaled).astype(np.int64)
        return np.rint(units * scaled).astype(np.int64)


def _is_decimal(scaled: Any) -> bool:
    known = scaled[~np.isnan(scaled)]
    return bool((np.abs(known - np.rint(known)) <= known * 2.0**-50).all())


def _table(metric: str, rates: Any, names: list[Any], calendar: Calendar, first: int, periods: int) -> Any:
    """Return a row per period and a column per currency, NaN where no rate is known."""
    if isinstance(rates, Mapping):
        frame = pd.DataFrame({"currency": pd.Series(list(rates), dtype=object), "rate": list(rates.values())})
    elif isinstance(rates, pd.DataFrame):
        frame = rates
    else:
        frame = engines.collect(engines.lazy(rates, metric, "rates"))
    for name in ("currency", "rate"):
        if not has(frame, name):
            hint = f'rename the column that holds it: .rename(columns={{"its_name": "{name}"}})'
            raise MissingColumnError(metric, "rates", f"no column {name!r}", what_is_there(frame), hint)
    currency, rate = (column(frame, name, metric, "rates") for name in ("currency", "rate"))
    values = pd.to_numeric(rate, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if bad.size:
        found = f"got {shown(rate.tolist()[bad[0]])} for {shown(currency.iloc[bad[0]])}"
        raise MetricInputError(metric, "rates", "must be positive numbers", found)
    code = pd.Index(names, dtype=object).get_indexer_for(currency.astype(object).to_numpy())
    out = np.full((max(periods, 1), len(names)), np.nan)
    changing = "period" in frame.columns
    if changing:
        times, wrong = read_times(metric, "rates", frame["period"])
        if wrong is not None or frame["period"].isna().any():
            raise MetricInputError(metric, "rates", "must have a date or a Period in the column period", "got others")
        order = np.argsort(times.ticks, kind="stable")
        numbering = calendar.numbering(times)
        row = numbering.of(slice(None)).astype(np.int64) + numbering.first - first
    twice = frame.duplicated(["currency", "period"] if changing else ["currency"])
    if twice.any():
        found = f"got {shown(currency[twice].iloc[0])} twice"
        rule = "must have each currency once" + (" a period" if changing else "")
        raise MetricInputError(metric, "rates", rule, found, "a rate that changes needs the column period")
    if changing:
        order = order[(code[order] >= 0) & (row[order] >= 0) & (row[order] < periods)]
        out[row[order], code[order]] = values[order]  # of several in one period the last one, its closing
    else:
        out[:, code[code >= 0]] = values[code >= 0]
    return out
