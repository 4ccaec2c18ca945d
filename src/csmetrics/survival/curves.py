"""Several curves of survival, one for each group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._statistics.printed import plain
from csmetrics.core._door import Door
from csmetrics.core._kinds import is_scalar
from csmetrics.errors import MetricInputError, shown
from csmetrics.survival.curve import Method, Survival


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

    def percentile(self, percent: Any) -> Any:
        """Return the time by which a percentage of each group's customers have reached the event.

        Parameters
        ----------
        percent
            A number from 0 to 100, or a list of them.

        Returns
        -------
        Series or DataFrame
            One time per group, as from `Survival.percentile`; for a list a column for each percentage.

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
        return self._each("percentile", percent, [curve.percentile(percent) for curve in self._curves])

    def at(self, time: Any) -> Any:
        """Return the percent of each group's customers still waiting just after a time.

        Parameters
        ----------
        time
            A number of days, 0 or more, or a list of them.

        Returns
        -------
        Series or DataFrame
            One percentage per group, as from `Survival.at`; for a list a column for each time.

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
        return self._each("survival", time, [curve.at(time) for curve in self._curves])

    def restricted_mean(self, time: float) -> pd.Series[Any]:
        """Return each group's mean time waited up to a limit.

        Parameters
        ----------
        time
            A number of days, above 0, not beyond the longest time of any group.

        Returns
        -------
        Series
            One time per group, as from `Survival.restricted_mean`.

        Raises
        ------
        MetricInputError
            If nobody of a group was observed for so long.

        Examples
        --------
        >>> import pandas as pd
        >>> import csmetrics as csm
        >>> plans = pd.DataFrame(
        ...     {"plan": ["pro", "pro", "free"], "start": "2026-03-01", "end": ["2026-03-03", None, None]}
        ... )
        >>> csm.survival.kaplan_meier_from_dates(plans, as_of="2026-03-31", by="plan").restricted_mean(10)
        plan
        free    10.0
        pro      6.0
        Name: restricted_mean, dtype: float64
        """
        return self._series("restricted_mean", [curve.restricted_mean(time) for curve in self._curves])

    def interval(
        self,
        time: float | None = None,
        *,
        percentile: float | None = None,
        restricted_mean: float | None = None,
        confidence: float = 95,
        method: Method = "log-log",
    ) -> pd.DataFrame:
        """Say how sure each group's curve is at a time, or how sure its percentile or restricted mean is.

        Parameters
        ----------
        time, percentile, restricted_mean, confidence, method
            As `Survival.interval` takes them.

        Returns
        -------
        DataFrame
            One row per group: ``estimate low high n n_eff method``.

        Raises
        ------
        MetricInputError
            As `Survival.interval` raises it.

        Examples
        --------
        >>> import pandas as pd
        >>> import csmetrics as csm
        >>> plans = pd.DataFrame(
        ...     {"plan": ["pro", "pro", "free"], "start": "2026-03-01", "end": ["2026-03-03", None, None]}
        ... )
        >>> curves = csm.survival.kaplan_meier_from_dates(plans, as_of="2026-03-31", by="plan")
        >>> curves.interval(5).round(1)
              estimate    low   high    n  n_eff   method
        plan
        free     100.0  100.0  100.0  1.0    1.0  log-log
        pro       50.0    0.6   91.0  2.0    2.0  log-log
        """
        asked = {"percentile": percentile, "restricted_mean": restricted_mean}
        found = [c.interval(time, **asked, confidence=confidence, method=method) for c in self._curves]
        columns = ("estimate", "low", "high", "n", "n_eff", "method")
        rows = [[getattr(one, name) for name in columns] for one in found]
        frame = pd.DataFrame(rows, index=self.groups, columns=list(columns))
        frame.attrs["notes"] = [*dict.fromkeys(note for one in found for note in one.notes)]
        return frame

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, ready for JSON.

        Returns
        -------
        dict
            `groups`: of each its name and what `Survival.as_dict` returns.
        """
        each = zip(self.groups.tolist(), self._curves, strict=True)
        found: dict[str, Any] = plain({"groups": [{"group": name, **curve.as_dict()} for name, curve in each]})
        return found

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
        counts = pd.DataFrame(
            {"customers": [int((c.steps.reached + c.steps.censored).sum()) for c in self._curves]}, index=self.groups
        )
        return f"Survival of {len(self)} groups\n{counts.assign(median=self.median).to_string(max_rows=12)}"

    def _each(self, name: str, asked: Any, values: list[Any]) -> Any:
        if is_scalar(asked):
            return self._series(name, values)
        return pd.DataFrame(np.array(values), index=self.groups, columns=pd.Index(asked))

    def _series(self, name: str, values: list[float]) -> pd.Series[Any]:
        return pd.Series(values, index=self.groups, name=name, dtype="float64")
