"""Somebody's own figures against a metric: its worked examples, its formula on drawn inputs, and its laws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from math import isfinite, nan
from typing import Any

import numpy as np

from csmetrics import _laws
from csmetrics._catalog import catalog
from csmetrics._formula import formula_text
from csmetrics._laws import Law, Row
from csmetrics.core._registry import Registration, registered
from csmetrics.errors import MetricInputError
from csmetrics.testing._calling import Caller, Outcome, outcome, show
from csmetrics.testing._causes import causes, same
from csmetrics.testing._report import Check, Verification

DRAWN = 40  # rows on which a function is compared with the formula

Metric = Callable[..., Any] | str


def verify(function: Callable[..., Any], metric: Metric, /, *, tolerance: float = 1e-9, **names: str) -> Verification:
    """Check somebody's own implementation against every worked example and every law of a metric.

    Parameters
    ----------
    function
        The implementation. Arguments named as the metric's inputs are recognised, so are names that contain them
        (``lost_customers``); others are taken in the order of the inputs. Numbers are tried first, then Series,
        arrays and lists of one value, for functions that take columns; a single argument for several inputs is given
        a DataFrame.
    metric
        The metric, or its name.
    tolerance
        Relative difference up to which two figures are the same.
    **names
        The function's own names: ``lost="cancelled"``.

    Returns
    -------
    Verification
        ``.ok``, ``.causes``, ``.table``; printed, it says in words what is wrong.

    Raises
    ------
    MetricInputError
        If there is no such metric, `function` is no function, or `names` names what is not there. What the function
        itself gets wrong, its arguments included, is a finding and stands in the report.

    See Also
    --------
    verify_frame, assert_verified

    Notes
    -----
    Where a metric is undefined or an input is missing, the function may give NaN, None or an error of its own: each
    of them says "no value". A number there is what fails.

    Examples
    --------
    >>> from csmetrics.testing import verify
    >>> verify(lambda lost, start: 100 * lost / start if start else None, "churn_rate").ok
    True
    >>> print(verify(lambda lost, start: lost / start if start else 0, "churn_rate"))  # doctest: +ELLIPSIS
    <lambda> is not churn_rate: ... checks fail.
      churn rate = lost / start × 100
    <BLANKLINE>
    Likely cause:
      * off by 100: a fraction, where percent is meant (0.05 for 5 %)
      * 0 where it is undefined
    ...
    """
    spec = registered(metric, "verify")
    if not callable(function):
        hint = "a table of results is checked by verify_frame"
        raise MetricInputError("verify", "function", "must be a function", f"got a {type(function).__name__}", hint)
    return _Verifier(spec, Caller(function, spec, names), tolerance).report(_name(function))


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


class _Verifier:
    """One run of checks of a function."""

    def __init__(self, spec: Registration, caller: Caller, tolerance: float) -> None:
        self.spec = spec
        self.call = caller
        self.tolerance = tolerance
        self.causes: dict[str, None] = {}  # in the order found

    def report(self, subject: str) -> Verification:
        checks = list(self._checks())
        return Verification(
            subject=subject,
            metric=self.spec.name,
            formula=formula_text(self.spec.name),
            checks=tuple(checks),
            causes=tuple(self.causes),
            notes=tuple(self.call.notes),
        )

    def _checks(self) -> Iterator[Check]:
        if self.call.problem:
            if {"end", "end_mrr"} & set(self.call.arguments) - set(self.spec.inputs):
                self._blame("the figure at the end holds what came in: new customers are in the numerator")
            yield Check("arguments", {}, "the metric's inputs", self.call.problem, False)
            return
        drawn = [self._fit(row) for row in _laws.rows(self.spec, DRAWN)]
        self.call.settle(drawn[0])
        yield from self._examples()
        self.outcomes = [self.call(row) for row in drawn]
        self.right = [_laws.value(self.spec, row) for row in drawn]
        yield from self._formula(drawn)
        if self.spec.unit != "band":
            yield from self._percent_and_digits(drawn)
        yield from self._undefined()
        yield from self._missing()
        for law in _laws.laws(self.spec):
            if law.law == "bounds":
                yield from self._bounds(law, drawn)
            elif law.law == "scale":
                yield from self._scale(law, drawn)
            elif law.law == "monotony":
                yield from self._monotony(law, drawn)
            elif law.law == "part and whole":
                yield from self._parts(drawn)
        yield from self._only_its_inputs(drawn)

    def _fit(self, row: Row) -> Row:
        """Give a row in which what the function does not take is at its default."""
        return self.call.without_untaken(row)

    def _same(self, got: float, right: float, tolerance: float = 0.0) -> bool:
        return abs(got - right) <= tolerance or bool(same(got, right, self.tolerance))

    def _agrees(self, got: Outcome, right: float | str | None, tolerance: float = 0.0) -> bool:
        if isinstance(got.value, float) and isinstance(right, float):
            return self._same(got.value, right, tolerance)
        return not got.returned and got.value == right and (right is None or not got.raised)

    def _examples(self) -> Iterator[Check]:
        skipped = 0
        for example in catalog[self.spec.name].examples:
            if not self.call.takes(example.inputs):
                skipped += 1
                continue
            right = example.expected
            right = float(right) if isinstance(right, (int, float)) else right
            got = self.call(self._fit(example.inputs))
            ok = self._agrees(got, right, example.tolerance)
            yield Check("example", example.inputs, show(right), str(got), ok, f"{example.id}: {example.source}")
        if skipped:
            self.call.notes.append(f"{skipped} examples left out: they need {', '.join(sorted(self.call.untaken))}")

    def _formula(self, drawn: list[Row]) -> Iterator[Check]:
        checks = [
            Check("formula", row, show(right), str(got), self._agrees(got, right))
            for row, right, got in zip(drawn, self.right, self.outcomes, strict=True)
        ]
        if not all(check.ok for check in checks):
            self._explain(drawn)
        yield from checks

    def _explain(self, drawn: list[Row]) -> None:
        known = [i for i, got in enumerate(self.outcomes) if isinstance(got.value, float) and isfinite(got.value)]
        raised = [got.raised for got in self.outcomes if got.raised]
        if raised:
            self._blame(f"{raised[0]}, on valid inputs")
        texts = [got.value for got in self.outcomes if isinstance(got.value, str)]
        if texts and self.spec.unit != "band":
            self._blame(f"text, such as {texts[0]!r}, where a number is meant")
        if len(known) < 3 or self.spec.unit == "band":
            return
        columns = {n: [drawn[i][n] for i in known] for n in drawn[0]}
        right = np.array([self.right[i] for i in known], dtype=np.float64)
        got = np.array([self.outcomes[i].value for i in known], dtype=np.float64)
        for words in causes(self.spec, columns, {}, right, got):
            self._blame(words)

    def _blame(self, words: str) -> None:
        if words:
            self.causes.setdefault(words)

    def _percent_and_digits(self, drawn: list[Row]) -> Iterator[Check]:
        for row, right, got in list(zip(drawn, self.right, self.outcomes, strict=True))[:8]:
            if not isinstance(got.value, float) or not isinstance(right, float) or right == 0:
                continue
            if self.spec.unit in ("percent", "points"):
                ok = not self._same(100 * got.value, right)
                yield Check("percent not fraction", row, show(right), str(got), ok)
            rounded = [n for n in range(9) if abs(right) > 1e-6 and round(right, n) == got.value != right]
            ok = not rounded or self._same(got.value, right, 1e-9)
            if not ok:
                self._blame(f"rounded to {rounded[0]} decimals")
            yield Check("not rounded", row, show(right), str(got), ok)

    def _undefined(self) -> Iterator[Check]:
        for row in map(self._fit, _laws.undefined_rows(self.spec)):
            if _laws.value(self.spec, row) is not None:  # what is not taken made it undefined
                continue
            got = self.call(row)
            if got.figure and not any(words.endswith("where it is undefined") for words in self.causes):
                self._blame(f"{got} where it is undefined")
            elif got.raised:
                self._note(f"{got.raised}, where it is undefined")
            yield Check("undefined", row, f"no value, {self.spec.base} being 0", str(got), not got.figure)

    def _missing(self) -> Iterator[Check]:
        """What lacks an input, or an answer, gives what the metric gives, or an error."""
        for row in map(self._fit, _laws.missing_rows(self.spec)):
            name = next((n for n, value in row.items() if _lacks(value)), None)
            if name is None:
                continue
            right = _laws.value(self.spec, row)
            for absent in (None, nan):
                given = {**row, name: [absent, *row[name][1:]] if isinstance(row[name], list) else absent}
                got = self.call(given)
                if got.raised:
                    self._note("raises an error where an input is missing")
                ok = bool(got.raised) or self._agrees(got, right)
                if not ok:
                    self._blame_missing(row, name, got)
                yield Check("missing", given, show(right), str(got), ok)
                if isinstance(row[name], list) and not got.raised:
                    break  # a list knows one way to say that an answer is missing

    def _blame_missing(self, row: Row, name: str, got: Outcome) -> None:
        zero = [0, *row[name][1:]] if isinstance(row[name], list) else 0
        value = _laws.value(self.spec, {**row, name: zero})
        if isinstance(got.value, float) and isinstance(value, float) and self._same(got.value, value):
            self._blame(f"a missing `{name}` is taken as 0")
        elif got.figure:
            self._blame(f"a figure where `{name}` is missing")

    def _note(self, words: str) -> None:
        if words not in self.call.notes:
            self.call.notes.append(words)

    def _bounds(self, law: Law, drawn: list[Row]) -> Iterator[Check]:
        low, high = (-np.inf if law.low is None else law.low), (np.inf if law.high is None else law.high)
        slack = 1e-9 * max(abs(low) if isfinite(low) else 1.0, abs(high) if isfinite(high) else 1.0)
        for row, got in zip(drawn, self.outcomes, strict=True):
            if isinstance(got.value, float):
                yield Check("bounds", row, law.says, str(got), low - slack <= got.value <= high + slack)

    def _scale(self, law: Law, drawn: list[Row]) -> Iterator[Check]:
        for row, got in list(zip(drawn, self.outcomes, strict=True))[:8]:
            names = [n for n in law.inputs if n in row]
            larger = self.call({**row, **{n: 7 * row[n] for n in names}})
            if isinstance(got.value, float) and isinstance(larger.value, float) and law.power is not None:
                wanted = got.value * 7**law.power
                ok = self._same(larger.value, wanted, 1e-9)
                yield Check("scale", {n: 7 * row[n] for n in names}, show(wanted), str(larger), ok)

    def _monotony(self, law: Law, drawn: list[Row]) -> Iterator[Check]:
        (name,) = law.inputs
        for row, got in list(zip(drawn, self.outcomes, strict=True))[:8]:
            if name not in row or not isinstance(got.value, float):
                continue
            more = {**row, name: _more(row[name])}
            if _laws.value(self.spec, more) is None:
                continue
            after = self.call(more)
            if isinstance(after.value, float):
                change = after.value - got.value if law.direction == "rises" else got.value - after.value
                ok = change >= -1e-9 * max(1.0, abs(got.value))
                said = f"{'at least' if law.direction == 'rises' else 'at most'} {show(got.value)}"
                yield Check("monotony", more, said, str(after), ok)

    def _parts(self, drawn: list[Row]) -> Iterator[Check]:
        """Hand over columns: what comes back is one figure per row, or that of the sums."""
        if len(drawn[0]) < 1:
            return
        for kind in ("arrays", "Series"):
            for at in range(0, 12, 3):
                rows = drawn[at : at + 3]
                got = self.call.columns(rows, kind)
                if isinstance(got, Outcome):
                    break  # it takes one number at a time
                right = np.array([_laws.value(self.spec, row) for row in rows], dtype=np.float64)
                yield self._columns(rows, np.asarray(got, dtype=object), right)

    def _columns(self, rows: Sequence[Row], got: Any, right: Any) -> Check:
        names = list(rows[0])
        inputs = {n: [row[n] for row in rows] for n in names}
        try:
            figures = np.asarray(got, dtype=np.float64).reshape(-1)
        except (TypeError, ValueError):
            return Check("part and whole", inputs, "numbers", str(outcome(got)), False)
        if figures.size == len(rows):
            ok = bool(same(figures, right, self.tolerance).all())
            return Check("part and whole", inputs, _listed(right), _listed(figures), ok)
        total = _laws.value(self.spec, {n: sum(row[n] for row in rows) for n in names})
        value = float(figures[0]) if figures.size == 1 else nan
        if not isinstance(total, float) or self._same(value, total, 1e-9):
            return Check("part and whole", inputs, show(total), show(value), isinstance(total, float))
        for middle, word in ((np.mean(right), "mean"), (np.median(right), "median"), (np.sum(right), "sum")):
            for scale in (1, 0.01):
                if self._same(value, float(scale * middle)) and self.spec.base:
                    self._blame(f"{word} of rates instead of rate of sums")
        return Check("part and whole", inputs, f"{show(total)}, that of the sums", show(value), False)

    def _only_its_inputs(self, drawn: list[Row]) -> Iterator[Check]:
        """What is no input of the metric changes nothing."""
        for name in self.call.extra:
            for row in drawn[:4]:
                one, other = self.call(row, {name: 1}), self.call(row, {name: 50})
                if one.value != other.value:
                    new = ": new customers are in the numerator" if name in ("new", "new_mrr") else ""
                    self._blame(f"`{name}`, which is no input, counts{new}")
                inputs = {**row, name: 50}
                yield Check("formula", inputs, f"{one}, whatever `{name}` is", str(other), one.value == other.value)


def _lacks(value: Any) -> bool:
    return value is None or (isinstance(value, list) and None in value)


def _more(value: Any) -> Any:
    """Give somewhat more of an input; of a column, more in its first place that is not missing."""
    if isinstance(value, list):
        at = next((i for i, one in enumerate(value) if one is not None), 0)
        return [*value[:at], _more(value[at]), *value[at + 1 :]] if value else value
    return value + (timedelta(days=3) if isinstance(value, datetime) else max(1, value // 8))


def _listed(figures: Any) -> str:
    return f"[{', '.join(show(float(x)) for x in figures)}]"
