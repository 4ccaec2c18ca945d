"""Check a table of inputs and results, as it comes out of SQL, dbt or a spreadsheet, against a metric."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._catalog.drawn_rows import Row
from csmetrics._catalog.formula import formula_text
from csmetrics._catalog.laws import adding
from csmetrics._frames.columns import column, has, require
from csmetrics._frames.engines import collect, lazy
from csmetrics.core._kinds import is_scalar
from csmetrics.core._options import is_whole
from csmetrics.core._registry import Registration, registered
from csmetrics.errors import CsmetricsError, MetricInputError, shown
from csmetrics.testing._calling import Outcome, outcome, written
from csmetrics.testing._causes import causes, same
from csmetrics.testing._report import Check, Verification
from csmetrics.testing._verify import Metric, tolerated


def verify_frame(
    frame: Any,
    metric: Metric,
    /,
    *,
    result: Hashable | None = None,
    tolerance: float = 1e-9,
    decimals: int | None = None,
    **columns: Any,
) -> Verification:
    """Check a table of inputs and results, as it comes out of SQL, dbt or a spreadsheet, against a metric.

    The result in each row is compared with the metric, computed from the inputs in that row. Further columns are not
    needed, but they help to guess what went wrong.

    Parameters
    ----------
    frame
        A DataFrame of pandas or of another engine, with the metric's inputs and a column of results. Numbers stored as
        text, for example from a CSV with quoted figures, are rejected: convert them first.
    metric
        The metric, or its name.
    result
        The column of results. By default it is the column with the metric's name, or else ``"result"``.
    tolerance
        Relative difference up to which two figures count as the same: 0.001 is a thousandth of the figure.
    decimals
        Number of decimals that the results were rounded to: with 1, the result 33.3 stands for 33.25 to 33.35.
    **columns
        The columns or numbers to use as inputs, such as ``lost="cancelled"``, and options of the metric.

    Returns
    -------
    Verification
        ``.ok``, ``.causes`` and ``.table``; when printed, it says in words what is wrong.

    Raises
    ------
    MissingColumnError
        If the frame has no column for an input or for the result.
    MetricInputError
        If there is no such metric, if the metric takes whole columns of answers or several components, if the frame has
        no rows, or if `tolerance` or `decimals` is out of range.

    See Also
    --------
    verify, assert_verified

    Examples
    --------
    >>> import pandas as pd
    >>> from csmetrics.testing import verify_frame
    >>> export = pd.DataFrame({"lost": [5, 12, 0], "start": [100, 480, 0], "churn": [0.05, 0.025, 0.0]})
    >>> print(verify_frame(export, "churn_rate", result="churn"))
    the table is not churn_rate: 3 of 3 checks fail.
      churn rate = lost / start × 100
    <BLANKLINE>
    Likely cause:
      * off by 100: a fraction, where percent is meant (0.05 for 5 %)
      * 0 where it is undefined
    <BLANKLINE>
    What fails:
      * formula (2 of 2): lost=5, start=100: expected 5, got 0.05 [row 0]
      * undefined (1 of 1): lost=0, start=0: expected no value, start being 0, got 0 [row 2]
    """
    spec = registered(metric, "verify_frame")
    if spec.reduces:
        hint = "verify its function instead, or the totals of each group"
        raise MetricInputError("verify_frame", "metric", "must take one value per row", f"got {spec.name}", hint)
    if spec.over_columns:
        hint = "verify its function instead"
        raise MetricInputError("verify_frame", "metric", "must take one column per input", f"got {spec.name}", hint)
    table = _floats(frame if isinstance(frame, pd.DataFrame) else collect(lazy(frame, "verify_frame")))
    usual = "result" if has(table, "result") and not has(table, spec.name) else spec.name
    label = usual if result is None else result
    require(table, label, "verify_frame", "result")
    if not len(table):
        raise MetricInputError("verify_frame", "frame", "must have rows", "got none")
    sources = {n: columns.get(n, n) for n in (*spec.inputs, *spec.options) if n in columns or n in spec.inputs}
    unknown = [n for n in columns if n not in sources]
    if unknown:
        rule, hint = "is no input of this metric", f"it has {', '.join(spec.inputs)}"
        raise MetricInputError(spec.name, unknown[0], rule, f"got {unknown[0]}={shown(columns[unknown[0]])}", hint)
    given: dict[str, Any] = {}
    for name, source in sources.items():
        if name in spec.options or (not isinstance(source, str) and not has(table, source)):
            given[name] = _one(spec.name, name, source)
        elif name not in spec.defaults or name in columns or has(table, source):
            require(table, source, "verify_frame", name)
            given[name] = [_one(spec.name, name, v) for v in column(table, source, "verify_frame", name).tolist()]
    used = {label, *(source for source in sources.values() if isinstance(source, str))}
    close = tolerated("verify_frame", tolerance), _half_a_digit(decimals)
    return _TableVerifier(spec, table, given, label, used, *close).report()


def _half_a_digit(decimals: Any) -> float:
    """Return the largest difference that rounding can make."""
    if decimals is None:
        return 0.0
    if is_whole(decimals) and 0 <= decimals <= 15:
        return 0.5 * 0.1 ** int(decimals) * (1 + 1e-9)
    rule = "must be a whole number from 0 to 15"
    raise MetricInputError("verify_frame", "decimals", rule, f"got {shown(decimals)}")


def _floats(table: pd.DataFrame) -> pd.DataFrame:
    """Convert columns of Decimals, as databases return money, to the floats that metrics compute with."""
    places = [
        i
        for i in range(table.shape[1])
        if (values := table.iloc[:, i]).dtype.kind == "O" and values.map(_decimal_or_none).all()
    ]
    if not places:
        return table
    columns = [table.iloc[:, i].astype(float) if i in places else table.iloc[:, i] for i in range(table.shape[1])]
    return pd.concat(columns, axis=1)


def _decimal_or_none(value: Any) -> bool:
    return value is None or (isinstance(value, Decimal) and not value.is_snan())


def _one(metric: str, argument: str, value: Any) -> Any:
    """Reject several values where a row needs one."""
    if is_scalar(value):
        return value
    found, hint = f"got a {type(value).__name__}", f'a column by its name: {argument}="its_name"'
    raise MetricInputError(metric, argument, "must be one value per row", found, hint)


class _TableVerifier:
    """One run of checks of a table."""

    def __init__(
        self,
        spec: Registration,
        table: pd.DataFrame,
        given: dict[str, Any],
        label: Hashable,
        used: set[Hashable],
        tolerance: float,
        slack: float,
    ) -> None:
        self.spec = spec
        self.table = table
        self.used = used
        self.tolerance = tolerance
        self.slack = slack
        size = len(table)
        self.rows: list[Row] = [
            {n: (v[i] if isinstance(v, list) else v) for n, v in given.items()} for i in range(size)
        ]
        self.got = [outcome(value) for value in column(table, label, "verify_frame", "result").tolist()]
        self.labels = [shown(at, write=str) for at in table.index]
        self.causes: dict[str, None] = {}

    def report(self) -> Verification:
        checks = list(self._checks())
        self._explain()
        return Verification(
            subject="the table",
            metric=self.spec.name,
            formula=formula_text(self.spec.name),
            checks=tuple(checks),
            causes=tuple(sorted(self.causes, key=lambda words: words.endswith(("undefined", "missing")))),
        )

    def _checks(self) -> Iterator[Check]:
        self.right: list[Any] = []
        for row, got, label in zip(self.rows, self.got, self.labels, strict=True):
            source = f"row {label}"
            try:
                right = self.spec.function(**row)
            except CsmetricsError as error:
                self.right.append(None)
                found = error.found.removeprefix("got ")
                yield Check("inputs", row, f"that `{error.argument}` {error.rule}", found, False, source)
                continue
            right = outcome(right).value
            self.right.append(right)
            if right is not None:
                ok = got.value is not None and self._agrees(got, right)
                if got.value is None and not got.returned:
                    self.causes.setdefault("no value where there is one")
                if isinstance(got.value, str) and not isinstance(right, str):
                    words = f"text, such as {got.value!r}, where a number is meant"
                    if not any(cause.startswith("text") for cause in self.causes):
                        self.causes.setdefault(words)
                yield Check("formula", row, written(right), str(got), ok, source)
                continue
            missing = [n for n, value in row.items() if outcome(value).value is None]
            if got.value is not None:
                where = f"where `{missing[0]}` is missing" if missing else "where it is undefined"
                self.causes.setdefault(f"{got} {where}")
            why = f"{', '.join(missing)} being missing" if missing else f"{self.spec.base} being 0"
            ok = got.value is None and not got.returned
            yield Check("missing" if missing else "undefined", row, f"no value, {why}", str(got), ok, source)

    def _agrees(self, got: Outcome, right: Any) -> bool:
        if isinstance(got.value, float) and isinstance(right, float):
            return bool(same(got.value, right, self.tolerance, self.slack))
        return bool(got.value == right)

    def _explain(self) -> None:
        """Guess causes from the rows with figures; a row of totals among them may hold the mean of the others."""
        known = [
            i
            for i, (got, right) in enumerate(zip(self.got, self.right, strict=True))
            if isinstance(got.value, float) and isinstance(right, float)
        ]
        wrong = [i for i in known if not self._agrees(self.got[i], self.right[i])]
        totals = {i: words for i in wrong if (words := self._made_of_others(i, known))}
        said = list(totals.values())
        rest = [i for i in known if i not in totals]
        if any(i in rest for i in wrong):
            right = np.array([self.right[i] for i in rest], dtype=np.float64)
            got = np.array([self.got[i].value for i in rest], dtype=np.float64)
            inputs = {n: [self.rows[i][n] for i in rest] for n in self.rows[0]}
            said += causes(self.spec, inputs, self._others(rest), right, got)
        self.causes = {**dict.fromkeys(said), **self.causes}

    def _others(self, known: list[int]) -> dict[str, Any]:
        """Return the further columns of numbers."""
        others = {}
        for name in self.table.columns:
            if isinstance(name, str) and name not in self.used:
                values = self.table[name].iloc[known] if self.table.columns.is_unique else None
                if values is not None and values.dtype.kind in "iuf":
                    others[name] = values.to_numpy(np.float64)
        return others

    def _made_of_others(self, at: int, known: list[int]) -> str:
        """Say in words if a row holds the sums of the other rows, but the mean or sum of their results."""
        others = [i for i in known if i != at]
        names = adding(self.spec)
        if len(others) < 2 or not names or not self.spec.base:
            return ""
        sums = {n: sum(self.rows[i][n] for i in others) for n in self.rows[0] if n in names}
        if not all(same(float(sums[n]), float(self.rows[at][n])) for n in sums):
            return ""
        results = np.array([self.got[i].value for i in others], dtype=np.float64)
        for word, value in (("mean", np.mean(results)), ("median", np.median(results)), ("sum", np.sum(results))):
            if same(float(value), self.got[at].value, self.tolerance):
                return f"{word} of rates instead of rate of sums"
        return ""
