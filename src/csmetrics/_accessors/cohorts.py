"""`over(frame)`: the formulas on a cohort frame. Columns are summed at the asked grain, then the formula is called.

Nothing here divides: the value of a group is the formula of its sums, never the mean of its rows' values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from csmetrics._accessors.arguments import arguments, bound_arguments
from csmetrics._accessors.fitting import fitting
from csmetrics._accessors.methods import CohortMetrics, R
from csmetrics._accessors.reducing import reduced
from csmetrics._frames.columns import require
from csmetrics._frames.engine_totals import EngineFrame
from csmetrics._frames.grain import Grain
from csmetrics._frames.plan import Plan
from csmetrics.core._door import Door
from csmetrics.core._registry import REGISTRY, registered
from csmetrics.errors import MetricInputError

if TYPE_CHECKING:
    from csmetrics._explain.explanation import Explanation


class Cohorts(CohortMetrics[R]):
    """A cohort frame at a grain: every row (`df.csm`), every group (`.by(...)`), or all of it (`.total()`).

    Every metric of the catalogue is a method. Its inputs are the columns of the same name; another column is given
    by its name, and a number is taken as it is.

    Parameters
    ----------
    frame
        A DataFrame of pandas or of another engine, with one row per cohort, segment or period, whose columns are
        totals.

    Examples
    --------
    >>> import pandas as pd
    >>> df = pd.DataFrame({"plan": ["pro", "pro", "free"], "lost": [2, 3, 40], "start": [100, 400, 500]})
    >>> df.csm.churn_rate()
    0    2.00
    1    0.75
    2    8.00
    Name: churn_rate, dtype: float64
    >>> df.csm.by("plan").churn_rate()
    plan
    free    8.0
    pro     1.0
    Name: churn_rate, dtype: float64
    >>> df.csm.total().churn_rate()
    4.5
    """

    __slots__ = ("_grain",)
    plot = Door("", "bridge", "movements", "nps", "over_time", "small_multiples", "active_users", "lifecycle", "funnel")

    def __init__(self: Cohorts[pd.Series[float]], frame: Any) -> None:
        self._grain = Grain(frame if isinstance(frame, pd.DataFrame) else EngineFrame(frame))

    def __repr__(self) -> str:
        keys, frame, axes = self._grain.keys, self._grain.frame, [*self._grain.axes]
        what = frame.engine if isinstance(frame, EngineFrame) else f"{len(frame)} rows"
        grain = "each row" if keys is None else f"by {', '.join(map(str, keys))}" if keys else "total"
        time = f"time {'axis' if len(axes) == 1 else 'axes'} {', '.join(map(repr, axes))}" if axes else "no time axis"
        return f"<csmetrics: {what}, {grain}, {time}>"

    def _repr_html_(self) -> str:
        """Show in a notebook which metrics the columns are enough for; nothing is computed."""
        from csmetrics._accessors.display import frame_html  # loaded when it is first needed

        plans, left_out = fitting(self._now())
        return frame_html(repr(self), plans, left_out)

    def by(self, *keys: Any, period: Any = ...) -> Cohorts[pd.Series[float]]:
        """Group the rows.

        Parameters
        ----------
        *keys
            Columns or index levels to group by, or a list of them. Missing keys form a group of their own.
        period
            The column or index level that is the time axis, over which stocks are never added; None says that the frame
            has none. By default it is every level of Periods or dates, every column of Periods, and every column
            called period, year, quarter, month, week, day or date; the frame's repr names them.

        Returns
        -------
        Cohorts
            The same frame, with one value per group.

        Raises
        ------
        MissingColumnError
            If there is no such column or index level.
        MetricInputError
            If no key is given.

        Examples
        --------
        >>> import pandas as pd
        >>> df = pd.DataFrame({"plan": ["pro", "pro", "free"], "lost": [2, 3, 40], "start": [100, 400, 500]})
        >>> df.csm.by("plan")
        <csmetrics: 3 rows, by plan, no time axis>
        """
        names = tuple(name for key in keys for name in (key if isinstance(key, list) else [key]))
        if not names:
            rule = "must name at least one column"
            raise MetricInputError("by", "keys", rule, "got none", "for one number: .total()")
        return self._at(names, period)

    def total(self, *, period: Any = ...) -> Cohorts[float]:
        """Take all rows together.

        Parameters
        ----------
        period
            The column or index level that is the time axis, over which stocks are never added; None says that the frame
            has none. By default it is every level of Periods or dates, every column of Periods, and every column
            called period, year, quarter, month, week, day or date; the frame's repr names them.

        Returns
        -------
        Cohorts
            The same frame, with one number per metric.

        Raises
        ------
        MissingColumnError
            If there is no such column or index level.

        Examples
        --------
        >>> import pandas as pd
        >>> pd.DataFrame({"lost": [2, 3], "start": [100, 400]}).csm.total().churn_rate()
        1.0
        """
        return self._at((), period)

    def _now(self) -> Grain:
        """Return the grain of the frame as it is now: it may have changed since the last call."""
        return replace(self._grain)

    def _at(self, keys: tuple[Any, ...], period: Any) -> Cohorts[Any]:
        for name in (*keys, *([] if period is None or period is ... else [period])):
            require(self._grain.frame, name, "by" if keys else "total", "period" if name is period else "keys")
        made: Cohorts[Any] = Cohorts.__new__(Cohorts)
        made._grain = replace(self._grain, keys=keys, period=period)
        return made

    def compute(self, metric: Callable[..., Any] | str, /, *args: Any, **given: Any) -> Any:
        """Compute a metric given as a function or by name: ``df.csm.compute(csm.nrr)``.

        Parameters
        ----------
        metric
            A metric of csmetrics, or its name.
        *args, **given
            Columns or numbers for its inputs, in their order or by name, and its options.

        Returns
        -------
        Series or float
            A Series named after the metric, with one value per row or group; one float for a total.

        Raises
        ------
        MissingColumnError
            If the frame has no such column.
        MetricInputError
            If a stock would be added over several periods, a level does not add, or the formula refuses the values.

        Examples
        --------
        >>> import pandas as pd
        >>> import csmetrics as csm
        >>> df = pd.DataFrame({"cancelled": [2, 3], "start": [100, 400]})
        >>> df.csm.total().compute(csm.churn_rate, lost="cancelled")
        1.0
        """
        spec = registered(metric, "compute")
        named = bound_arguments(spec, args, given)
        if spec.reduces:
            return reduced(self._now(), spec, named)
        grain = self._now()
        plan = Plan(grain, spec, named)
        value = plan.value(grain.sums(plan.needs())[1])
        if grain.keys == ():
            return value
        if not isinstance(value, pd.Series):  # every input was given as a number
            value = pd.Series(value, index=grain.sums({})[0])
        return value.rename(spec.name)

    def metrics(self, *names: str, **columns: Any) -> pd.DataFrame:
        """Compute every metric whose columns the frame has.

        Parameters
        ----------
        *names
            Only these metrics.
        **columns
            Columns or numbers for inputs, by the inputs' names.

        Returns
        -------
        DataFrame
            One column per metric; one row per row or group, or a single row ``total``. A metric whose columns the
            frame has but that means nothing here (a stock over several periods, a level that does not add, a column of
            that name that holds no numbers) stands in ``.attrs["left_out"]`` with the reason.

        Raises
        ------
        MissingColumnError
            If a metric asked for by name lacks a column.
        MetricInputError
            If a formula refuses the values.

        Examples
        --------
        >>> import pandas as pd
        >>> df = pd.DataFrame({"plan": ["pro", "free"], "lost": [2, 40], "start": [400, 500], "end": [410, 480]})
        >>> df.csm.by("plan").metrics()
              churn_rate  average_lifetime  customer_growth_rate
        plan
        free         8.0              12.5                  -4.0
        pro          0.5             200.0                   2.5
        """
        unknown = set(columns).difference(*(arguments(spec) for spec in REGISTRY.values()))
        if unknown:
            raise TypeError(f"metrics() has no argument {sorted(unknown)[0]!r}; no metric has an input of that name")
        grain = self._now()
        plans, left_out = fitting(grain, names, columns)
        needs = {label: need for plan in plans.values() for label, need in plan.needs().items()}
        index, totals = grain.sums(needs)
        values = {name: plan.value(totals) for name, plan in plans.items()}
        out = pd.DataFrame(values, index=pd.Index(["total"]) if index is None else index)
        out.attrs["left_out"] = left_out
        return out

    def explain(self, metric: Callable[..., Any] | str, group: Any = ..., /, **given: Any) -> Explanation:
        """Show how the figure of one group comes about: ``df.csm.by("plan").explain("nrr", "pro")``.

        Parameters
        ----------
        metric
            A metric, or its name.
        group
            The group, as in the index of the result: a key, or a tuple of keys; None is the group of missing keys.
            For each row (``df.csm``) the row's label; leave it out for ``.total()``.
        **given
            Columns or numbers for its inputs, and its options.

        Returns
        -------
        Explanation
            Formula, numbers put in, result, what rival definitions give on the same numbers, the frame's rows behind
            the figure, and the raw rows that were left out of the frame. Printed it is text, in a notebook a formula.

        Raises
        ------
        MissingColumnError
            If the frame has no such column.
        MetricInputError
            If there is no such group, or the metric refuses the values.

        Examples
        --------
        >>> import pandas as pd
        >>> df = pd.DataFrame({"plan": ["pro", "pro", "free"], "lost": [2, 3, 40], "start": [100, 400, 500]})
        >>> print(df.csm.by("plan").explain("churn_rate", "pro"))  # doctest: +ELLIPSIS
        churn rate = lost / start × 100
                   = 5 / 500 × 100
                   = 1 %
        ...
        From 2 rows of the cohort frame.
        """
        spec = registered(metric, "explain")
        if spec.reduces:
            hint = f"csm.explain(csm.{spec.name}, ...) takes the answers of one group"
            raise MetricInputError("explain", "metric", "must be made of totals", f"got {spec.name}", hint)
        from csmetrics._accessors.explaining import explain_group  # loaded when it is first needed

        return explain_group(self._now(), spec, bound_arguments(spec, (), given), group)

    def interval(
        self,
        metric: Callable[..., Any] | str,
        /,
        *,
        confidence: float = 95,
        method: str | None = None,
        customer: Any = None,
        population: float | None = None,
        resamples: int = 10_000,
        rng: Any = None,
        **given: Any,
    ) -> Any:
        """Compute a metric and how sure it is: ``df.csm.total().interval("nps")``.

        Parameters
        ----------
        metric
            A metric, or its name.
        confidence, method, population, resamples, rng
            As `csmetrics.interval` takes them.
        customer
            The column that names the customer of each row: the rows of one customer are one unit.
        **given
            Columns or numbers for its inputs, and its options.

        Returns
        -------
        Interval or DataFrame
            An `Interval` for a total, else a frame ``estimate low high n n_eff method`` with a row per row or group.

        Raises
        ------
        MissingColumnError
            If the frame has no such column.
        MetricInputError
            If the metric has no interval, or totals alone do not tell.

        Examples
        --------
        >>> import pandas as pd
        >>> df = pd.DataFrame({"plan": ["pro", "pro", "free"], "lost": [2, 3, 40], "start": [100, 400, 500]})
        >>> df.csm.by("plan").interval("churn_rate").round(2)
              estimate   low   high      n  n_eff  method
        plan
        free       8.0  5.93  10.71  500.0  500.0  wilson
        pro        1.0  0.43   2.32  500.0  500.0  wilson
        """
        from csmetrics._statistics.confidence import Confidence
        from csmetrics._statistics.frames import frame_sample
        from csmetrics._statistics.interval import of_sample

        spec = registered(metric, "interval")
        sure = Confidence.percent(spec.name, confidence)
        sample = frame_sample(self._now(), spec, given, customer)
        return of_sample(sample, sure, confidence, method, population, resamples, rng)

    def compare_periods(
        self,
        metric: Callable[..., Any] | str,
        before: Any,
        after: Any,
        /,
        *,
        confidence: float = 95,
        method: str | None = None,
        customer: Any = None,
        **given: Any,
    ) -> Any:
        """Compare a metric of two periods: ``df.csm.total().compare_periods("nps", "2026Q1", "2026Q2")``.

        Parameters
        ----------
        metric
            A metric, or its name.
        before, after
            Labels of the time axis.
        confidence, method
            As `csmetrics.compare` takes them.
        customer
            The column that names the customer of each row.
        **given
            Columns or numbers for its inputs, and its options.

        Returns
        -------
        Comparison or DataFrame
            A `Comparison` for a total; by group a frame ``before after difference low high p_value method`` with a row
            per group that both periods have.

        Raises
        ------
        MissingColumnError
            If there is no time axis.
        MetricInputError
            If the frame has no such period, or the metric has no interval.

        Examples
        --------
        >>> import pandas as pd
        >>> df = pd.DataFrame({"period": ["Q1", "Q2"], "lost": [31, 36], "start": [1000, 1000]})
        >>> df.csm.total().compare_periods("churn_rate", "Q1", "Q2").p_value > 0.05
        True
        """
        from csmetrics._statistics.periods import compare_periods

        spec = registered(metric, "compare_periods")
        return compare_periods(self._now(), spec, before, after, confidence, method, customer, given)


def over(frame: Any) -> Cohorts[pd.Series[float]]:
    """Compute metrics over a cohort frame of any engine; `df.csm` is the same for pandas.

    Totals are made by the engine, and only they come back, as ordinary floats and pandas objects.

    Parameters
    ----------
    frame
        A DataFrame with one row per cohort, segment or period, whose columns are totals: of pandas, Polars (eager or
        lazy), PyArrow, DuckDB, Dask, PySpark, Ibis or whatever else narwhals knows.

    Returns
    -------
    Cohorts
        The frame with every metric as a method, `.by(...)` and `.total()`.

    Raises
    ------
    MetricInputError
        If `frame` is no DataFrame.
    ImportError
        If narwhals or pyarrow is not installed, which frames that are not pandas need.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> csm.over(pd.DataFrame({"lost": [2, 3], "start": [100, 400]})).total().churn_rate()
    1.0
    >>> import polars as pl
    >>> plans = pl.LazyFrame({"plan": ["pro", "pro", "free"], "lost": [2, 3, 40], "start": [100, 400, 500]})
    >>> csm.over(plans).by("plan").churn_rate()
    plan
    free    8.0
    pro     1.0
    Name: churn_rate, dtype: float64
    """
    return Cohorts(frame)


for _name in REGISTRY:
    if _name in vars(Cohorts):
        raise TypeError(f"a metric cannot be called {_name!r}: the cohort frame has a method of that name")
