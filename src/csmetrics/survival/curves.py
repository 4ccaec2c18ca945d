"""Several curves of survival, one for each group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from csmetrics.core._door import Door
from csmetrics.errors import MetricInputError, shown
from csmetrics.survival.curve import Survival


class Curves:
    """One curve of survival for each group, the result of `kaplan_meier_from_dates` with `by`.

    Parameters
    ----------
    groups
        The groups.
    curves
        The curve of each.

    Attributes
    ----------
    groups : Index
        The groups, in order.
    """

    plot = Door("survival")

    def __init__(self, groups: pd.Index[Any], curves: list[Survival]) -> None:
        self.groups, self._curves = groups, curves

    @property
    def median(self) -> pd.Series[Any]:
        """The median of each group; NaN where fewer than half reach the event in the time observed."""
        return self._series("median", [curve.median for curve in self._curves])

    def percentile(self, percent: float) -> pd.Series[Any]:
        """Return the time by which a percentage of each group's customers have reached the event.

        Parameters
        ----------
        percent
            A number from 0 to 100.

        Returns
        -------
        Series
            One time per group, as from `Survival.percentile`.

        Raises
        ------
        MetricInputError
            If the percentage is not between 0 and 100.

        Examples
        --------
        >>> import pandas as pd
        >>> import csmetrics as csm
        >>> plans = pd.DataFrame(
        ...     {"plan": ["pro", "pro", "free"], "start": "2026-03-01", "end": ["2026-03-03", None, None]}
        ... )
        >>> csm.survival.kaplan_meier_from_dates(plans, as_of="2026-03-31", by="plan").percentile(50)
        plan
        free    NaN
        pro     2.0
        Name: percentile, dtype: float64
        """
        return self._series("percentile", [float(curve.percentile(percent)) for curve in self._curves])

    def at(self, time: float) -> pd.Series[Any]:
        """Return the percent of each group's customers still waiting just after a time.

        Parameters
        ----------
        time
            A number of days, 0 or more.

        Returns
        -------
        Series
            One percentage per group, as from `Survival.at`.

        Raises
        ------
        MetricInputError
            If the time is negative, infinite or not a number.

        Examples
        --------
        >>> import pandas as pd
        >>> import csmetrics as csm
        >>> plans = pd.DataFrame(
        ...     {"plan": ["pro", "pro", "free"], "start": "2026-03-01", "end": ["2026-03-03", None, None]}
        ... )
        >>> csm.survival.kaplan_meier_from_dates(plans, as_of="2026-03-31", by="plan").at(5)
        plan
        free    100.0
        pro      50.0
        Name: survival, dtype: float64
        """
        return self._series("survival", [float(curve.at(time)) for curve in self._curves])

    def __getitem__(self, group: Any) -> Survival:
        try:
            place = self.groups.get_loc(group)
        except (KeyError, TypeError):
            place = None
        if not isinstance(place, int):
            some = ", ".join(map(shown, self.groups[:5].tolist()))
            raise MetricInputError("kaplan_meier_from_dates", "group", f"must be one of {some}", f"got {shown(group)}")
        return self._curves[place]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.groups)

    def __len__(self) -> int:
        return len(self._curves)

    def __repr__(self) -> str:
        counts = pd.DataFrame({"customers": [int(c.table["at_risk"].max()) for c in self._curves]}, index=self.groups)
        return f"Survival of {len(self)} groups\n{counts.assign(median=self.median).to_string(max_rows=12)}"

    def _series(self, name: str, values: list[float]) -> pd.Series[Any]:
        return pd.Series(values, index=self.groups, name=name, dtype="float64")
