"""Sums of squares beside the amounts of a bridge: what an interval of NRR, GRR or ARPA needs of the customers."""

from __future__ import annotations

from typing import Any

import numpy as np

from csmetrics.core._money import back_squared

_LOSSES = ("expansion_mrr", "contraction_mrr", "churned_mrr")  # of customers at the opening


def pairs(amounts: tuple[str, ...]) -> list[tuple[str, str]]:
    """List the products that are not 0 by nature: a customer's whole change has one label."""
    return [*((name, name) for name in amounts), *(("start_mrr", name) for name in _LOSSES)]


class WithSquares:
    """A table of movements that adds up products of amounts, customer by customer, as well.

    Parameters
    ----------
    table
        The table that is filled.
    amounts
        Names of its amounts.
    periods, groups
        How many rows it has.
    """

    def __init__(self, table: Any, amounts: tuple[str, ...], periods: int, groups: int) -> None:
        self.table, self.pairs, self.groups = table, pairs(amounts), groups
        self.products = {pair: np.zeros((periods, groups)) for pair in self.pairs}

    def put(self, period: int, group: Any, parts: dict[str, tuple[Any, Any]]) -> None:
        """Add up some customers of a period."""
        self.table.put(period, group, parts)
        for one, other in self.pairs:
            (some, units), (more, times) = parts[one], parts[other]
            at = np.flatnonzero(some & more)
            product = units[at].astype(np.float64) * times[at]
            if group is None:
                self.products[one, other][period, 0] += product.sum()
            else:
                self.products[one, other][period] += np.bincount(group[at], product, self.groups)

    def columns(self) -> dict[str, Any]:
        """Return the columns of the result, without the products."""
        found: dict[str, Any] = self.table.columns()
        return found

    def squares(self, scale: float | None) -> dict[str, Any]:
        """Return the products, named by their pairs, in the unit of the amounts."""
        return {
            f"{one}*{other}": back_squared(values.reshape(-1), scale) for (one, other), values in self.products.items()
        }

    def index(self) -> Any:
        """Return the index of the result."""
        return self.table.index()
