"""Check a user's function against a metric: its worked examples, its formula on drawn inputs, and its laws."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from math import inf, isfinite, nan
from typing import Any

import numpy as np

from csmetrics._catalog.catalog import catalog
from csmetrics._catalog.drawn_rows import Row, drawn_rows, edge_rows, figure, missing_rows, undefined_rows
from csmetrics._catalog.formula import formula_text
from csmetrics._catalog.laws import Law, adding, laws
from csmetrics.core._kinds import array, as_float
from csmetrics.core._numeric import LARGE
from csmetrics.core._options import is_number
from csmetrics.core._registry import NUMBER, Registration, registered
from csmetrics.errors import MetricInputError, shown
from csmetrics.testing._arguments import wanted
from csmetrics.testing._calling import PLAIN, Caller, Outcome, written
from csmetrics.testing._causes import same
from csmetrics.testing._guesses import BY_PLACE, Tried, Wrong, band_guesses, guesses, is_named, missing_guesses
from csmetrics.testing._report import Check, Verification

DRAWN = 40  # random rows on which a function is compared with the formula

Metric = Callable[..., Any] | str


def verify(function: Callable[..., Any], metric: Metric, /, *, tolerance: float = 1e-9, **names: str) -> Verification:
    """Check your own implementation against every worked example and every law of a metric.

    Parameters
    ----------
    function
        The implementation. Arguments are recognised if they have the name of an input, contain it
        (``lost_customers``) or mean the same (``churned``). Other arguments are matched in the order of the inputs,
        unless their name means something else (``end`` for `start`). The function is called with numbers; if that
        fails, with Series, arrays and lists of one value. A function with one argument for several inputs gets a
        DataFrame, a dict or a row. The function may leave out optional inputs.
    metric
        The metric, or its name.
    tolerance
        Relative difference up to which two figures are the same.
    **names
        Your own names for inputs, where the function calls its arguments, or the columns of its only argument,
        differently: ``lost="cancelled"``.

    Returns
    -------
    Verification
        ``.ok``, ``.causes`` and ``.table``; when printed, it says in words what is wrong.

    Raises
    ------
    MetricInputError
        If there is no such metric, if `function` is not a function, or if `names` has an unknown input or argument.
        Mistakes of the function itself, even in its arguments, raise no error: the report lists them.

    See Also
    --------
    verify_frame, assert_verified

    Notes
    -----
    Where a metric is undefined or an input is missing, the function may return NaN or None or raise an error of its
    own. Each of them means "no value", as does the infinity that arrays give for a division by 0. Only a number fails
    the check. A missing value is passed as None to functions of numbers and lists, and as NaN to functions of Series,
    arrays and frames.

    Three things do not fail but appear in the notes: sums over columns that skip missing values, as those of pandas
    do; a figure at a bound, which ``max`` and ``min`` make of NaN; and NaN that is counted in a list, if None raises
    an error.

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
    return _Verifier(spec, Caller(function, spec, names), tolerated("verify", tolerance)).report(_name(function))


def tolerated(asked_by: str, tolerance: Any) -> float:
    """Check a tolerance, and return it as a float."""
    if is_number(tolerance) and 0 <= (close := as_float(tolerance)) <= LARGE:
        return close
    raise MetricInputError(asked_by, "tolerance", "must be a number of 0 or more", f"got {shown(tolerance)}")


def _name(function: Callable[..., Any]) -> str:
    inner = function.func if isinstance(function, partial) else function
    return str(getattr(inner, "__name__", type(inner).__name__))


class _Verifier:
    """One run of checks of a function."""

    def __init__(self, spec: Registration, caller: Caller, tolerance: float) -> None:
        self.spec = spec
        self.call = caller
        self.tolerance = tolerance
        self.causes: dict[str, None] = {}  # in the order found
        self.later: dict[str, None] = {}  # causes of figures where there should be no value
        self.tried = _tried(spec, caller, tolerance)

    def report(self, subject: str) -> Verification:
        checks = list(self._checks())
        return Verification(
            subject=subject,
            metric=self.spec.name,
            formula=formula_text(self.spec.name),
            checks=tuple(checks),
            causes=(*self.causes, *(words for words in self.later if words not in self.causes)),
            notes=tuple(self.call.notes),
        )

    def _checks(self) -> Iterator[Check]:
        if self.call.problem:
            yield Check("arguments", {}, "the metric's inputs", self.call.problem, False)
            for name, own in self.call.arguments.foreign.items():
                self._blame(f"`{own}` stands where `{name}` belongs")
            if {"end", "end_mrr"} & set(self.call.extra):
                self._blame("the figure at the end holds what came in: new customers are in the numerator")
            if self.call.callable:
                yield from self._formula()
            return
        drawn = self.tried.rows
        yield from self._examples()
        yield from self._formula()
        if self.spec.over_columns:
            yield from self._pairing()
        if self.spec.unit == "band":
            for words in band_guesses(self.call, self.tried):
                self._blame(words)
        else:
            yield from self._percent_and_digits()
        yield from self._undefined()
        yield from self._missing(self._sums_columns(drawn[:3]))
        for law in laws(self.spec):
            if law.law == "bounds":
                yield from self._bounds(law)
            elif law.law == "scale":
                yield from self._scale(law, drawn)
            elif law.law == "monotony":
                yield from self._monotony(law, drawn)
            elif law.law == "part and whole":
                yield from self._parts(drawn)
        yield from self._only_its_inputs(drawn)

    def _same(self, got: float, right: float, tolerance: float = 0.0) -> bool:
        return bool(same(got, right, self.tolerance, tolerance))

    def _blame(self, words: str) -> None:
        self.causes.setdefault(words)

    def _note(self, words: str) -> None:
        if words not in self.call.notes:
            self.call.notes.append(words)

    # Examples and formula

    def _examples(self) -> Iterator[Check]:
        skipped = 0
        for example in catalog[self.spec.name].examples:
            if not self.call.takes(example.inputs):
                skipped += 1
                continue
            right = example.expected
            right = float(right) if isinstance(right, (int, float)) else right
            got = self.call(self.call.fit(example.inputs))
            ok = got.agrees(right, self.tolerance, example.tolerance)
            yield Check("example", example.inputs, written(right), str(got), ok, f"{example.id}: {example.source}")
        if skipped:
            needed = ", ".join(n for n in wanted(self.spec) if n in self.call.untaken)
            examples = "1 example that needs one" if skipped == 1 else f"{skipped} examples that need one"
            self._note(
                f"does not take {needed}; left out: {examples} of them"
                if "," in needed
                else f"does not take {needed}; left out: {examples.removesuffix(' one')} it"
            )

    def _formula(self) -> Iterator[Check]:
        tried = self.tried
        rows = zip(tried.rows, tried.further, tried.right, tried.outcomes, tried.agree, strict=True)
        if not all(tried.agree):
            for words in guesses(self.call, tried, known=bool(self.causes)):
                self._blame(words)
        for row, more, right, got, ok in rows:
            yield Check("formula", {**row, **more}, written(right), str(got), ok)

    def _pairing(self) -> Iterator[Check]:
        """Check that a function that takes both lists and mappings pairs components and weights by name."""
        for row, right in zip(self.tried.rows, self.tried.right, strict=True):
            if self.call.kind == "mappings" or not is_named(row):
                continue
            first = next(iter(row.values()))
            in_order = {name: {part: of[part] for part in first} for name, of in row.items()}
            if self.call.of_mappings(in_order).agrees(right, self.tolerance):
                got = self.call.of_mappings(row)
                ok = got.agrees(right, self.tolerance)
                if not ok and not self.causes:
                    self._blame(BY_PLACE)
                yield Check("formula", row, written(right), str(got), ok)

    def _percent_and_digits(self) -> Iterator[Check]:
        tried = self.tried
        for row, right, got in list(zip(tried.rows, tried.right, tried.outcomes, strict=True))[:8]:
            if not isinstance(got.value, float) or not isinstance(right, float) or right == 0:
                continue
            if self.spec.unit in ("percent", "points"):
                ok = not self._same(100 * got.value, right)
                yield Check("percent not fraction", row, written(right), str(got), ok)
            rounded = any(round(right, n) == got.value != right for n in range(9) if abs(right) > 1e-6)
            ok = not rounded or self._same(got.value, right, 1e-9)
            yield Check("not rounded", row, written(right), str(got), ok)

    # Undefined and missing

    def _undefined(self) -> Iterator[Check]:
        for row in undefined_rows(self.spec, self.call.untaken):
            got = self.call(row)
            if got.value in (inf, -inf) and (got.of_array or self.call.kind not in PLAIN):
                self._note(f"gives {got} where it is undefined, as arrays do: JSON and SQL do not know it")
                continue
            if got.figure and not any(words.endswith("where it is undefined") for words in self.later):
                self.later.setdefault(f"{got} where it is undefined")
            elif got.raised:
                self._note(f"{got.raised}, where it is undefined")
            yield Check("undefined", row, f"no value, {self.spec.base} being 0", str(got), not got.figure)

    def _missing(self, sums: bool) -> Iterator[Check]:
        """Check rows with a missing input or answer: the metric's own result or an error; a sum may skip it."""
        wrong: list[Wrong] = []
        as_zero: dict[str, bool] = {}
        for row in missing_rows(self.spec, self.call.untaken):
            name = next((n for n, value in row.items() if _lacks(value)), None)
            if name is None:
                continue
            right = figure(self.spec, row)
            for place, (given, got) in enumerate(self._without(row, name)):
                ok = bool(got.raised) or got.agrees(right, self.tolerance)
                zero = self._as_zero(row, name, got)
                if not ok and place and not (zero and self._is_no_bound(got)):
                    self._note(f"gives {got} where `{name}` is NaN, though None raises an error")
                    continue
                if not ok and sums and not self.call.whole:
                    self._note("a missing value is passed over in its sums: give sum(min_count=1) or skipna=False")
                    continue
                if got.raised:
                    self._note("raises an error where an input is missing")
                yield Check("missing", given, written(right), str(got), ok)
                if not ok:
                    wrong.append((row, got, right))
                    as_zero[name] = as_zero.get(name, True) and zero
                    break
                if not got.raised and self.call.whole:
                    break  # in a list, one kind of missing answer is enough
        for words in missing_guesses(self.call, wrong, as_zero, self.causes, known_wrong=not all(self.tried.agree)):
            self.later.setdefault(words)

    def _without(self, row: Row, name: str) -> Iterator[tuple[Row, Outcome]]:
        """Call the function with a row for each value that means a missing input or answer."""
        usual = next(row for row in drawn_rows(self.spec, 1, seed=2))[name]
        for absent in self.call.missing(usual):
            given = {**row, name: [absent, *row[name][1:]] if isinstance(row[name], list) else absent}
            yield given, self.call(given)

    def _as_zero(self, row: Row, name: str, got: Outcome) -> bool:
        """Check whether a figure is the one for 0 in place of the missing value."""
        value = figure(self.spec, {**row, name: [0, *row[name][1:]] if isinstance(row[name], list) else 0})
        return isinstance(got.value, float) and isinstance(value, float) and self._same(got.value, value)

    def _is_no_bound(self, got: Outcome) -> bool:
        """Check whether a figure is something else than a bound, which max and min make of NaN."""
        low, high = self.spec.bounds
        kept = self.spec.name in KEPT_IN_BOUNDS
        return not (got.value == high or (kept and got.value == low))

    # Laws

    def _bounds(self, law: Law) -> Iterator[Check]:
        low, high = (-np.inf if law.low is None else law.low), (np.inf if law.high is None else law.high)
        slack = 1e-9 * max(abs(low) if isfinite(low) else 1.0, abs(high) if isfinite(high) else 1.0)
        for row, got in zip(self.tried.rows, self.tried.outcomes, strict=True):
            if isinstance(got.value, float):
                yield Check("bounds", row, law.says, str(got), low - slack <= got.value <= high + slack)

    def _scale(self, law: Law, drawn: list[Row]) -> Iterator[Check]:
        for row in drawn[:8]:
            names = [n for n in law.inputs if n in row]
            got, larger = self.call(row), self.call({**row, **{n: 7 * row[n] for n in names}})
            if isinstance(got.value, float) and isinstance(larger.value, float) and law.power is not None:
                wanted = got.value * 7**law.power
                ok = self._same(larger.value, wanted, 1e-9)
                if not ok and self.call.extra:  # columns that are no input of the metric may have to grow, too
                    grown = {**dict.fromkeys(self.call.extra, 7), **row, **{n: 7 * row[n] for n in names}}
                    of_all = self.call(grown).value
                    ok = isinstance(of_all, float) and self._same(of_all, wanted, 1e-9)
                yield Check("scale", {n: 7 * row[n] for n in names}, written(wanted), str(larger), ok)

    def _monotony(self, law: Law, drawn: list[Row]) -> Iterator[Check]:
        (name,) = law.inputs
        for row in drawn[:8]:
            if name not in row:
                continue
            more = {**row, name: _more(row[name])}
            if figure(self.spec, more) is None:
                continue
            got, after = self.call(row), self.call(more)
            if isinstance(got.value, float) and isinstance(after.value, float):
                change = after.value - got.value if law.direction == "rises" else got.value - after.value
                ok = change >= -1e-9 * max(1.0, abs(got.value))
                said = f"{'at least' if law.direction == 'rises' else 'at most'} {written(got.value)}"
                yield Check("monotony", more, said, str(after), ok)

    def _parts(self, drawn: list[Row]) -> Iterator[Check]:
        """Check results for whole columns: one figure per row, or the figure of the sums."""
        for kind in ("arrays", "Series"):
            for at in range(0, 12, 3):
                rows = drawn[at : at + 3]
                figures = self._of_columns(rows, kind)
                if figures is None:
                    break
                right = np.array([figure(self.spec, row) for row in rows], dtype=np.float64)
                yield self._columns(rows, figures, right)

    def _of_columns(self, rows: Sequence[Row], kind: str) -> Any:
        """Return the figures for whole columns; None if the function takes one number at a time."""
        figures = _figures(self.call.columns(rows, kind)) if adding(self.spec) else None
        return None if figures is None or (self.call.kind in PLAIN and np.isnan(figures).all()) else figures

    def _sums_columns(self, rows: Sequence[Row]) -> bool:
        """Check whether the function returns one figure for whole columns."""
        found = [self._of_columns(rows, kind) for kind in ("arrays", "Series")]
        return any(figures is not None and figures.size != len(rows) for figures in found)

    def _columns(self, rows: Sequence[Row], figures: Any, right: Any) -> Check:
        names = list(rows[0])
        inputs = {n: [row[n] for row in rows] for n in names}
        if figures.size == len(rows):
            ok = bool(same(figures, right, self.tolerance).all())
            return Check("part and whole", inputs, _listed(right), _listed(figures), ok)
        total = figure(self.spec, {n: sum(row[n] for row in rows) for n in names})
        value = float(figures[0]) if figures.size == 1 else nan
        if not isinstance(total, float) or self._same(value, total, 1e-9):
            return Check("part and whole", inputs, written(total), written(value), isinstance(total, float))
        for middle, word in ((np.mean(right), "mean"), (np.median(right), "median"), (np.sum(right), "sum")):
            for scale in (1, 0.01):
                if self._same(value, float(scale * middle)) and self.spec.base:
                    self._blame(f"{word} of rates instead of rate of sums")
        return Check("part and whole", inputs, f"{written(total)}, that of the sums", written(value), False)

    def _only_its_inputs(self, drawn: list[Row]) -> Iterator[Check]:
        """Check that arguments that are not inputs of the metric change nothing."""
        for name in self.call.extra:
            for row in drawn[:4]:
                one, other = self.call({**row, name: 1}), self.call({**row, name: 50})
                if one.value != other.value and not any(name in words for words in self.causes):
                    self._blame(f"`{name}`, which is no input, counts")
                inputs = {**row, name: 50}
                yield Check("formula", inputs, f"{one}, whatever `{name}` is", str(other), one.value == other.value)


# Metrics that cut the formula's figure off at their bounds
KEPT_IN_BOUNDS = {"goal_attainment", "normalize_score"}


def _tried(spec: Registration, caller: Caller, tolerance: float) -> Tried:
    """Call a function with drawn rows and rows at the ends of what is possible; no rows if it cannot be called."""
    rows: list[Row] = []
    if caller.callable:
        caller.settle(drawn_rows(spec, 3))
        rows = [*drawn_rows(spec, DRAWN, without=caller.untaken), *edge_rows(spec, caller.untaken)]
    further = [_further(row, caller.extra) for row in rows]
    outcomes = [caller({**row, **more}) for row, more in zip(rows, further, strict=True)]
    return Tried(rows, further, outcomes, [figure(spec, row) for row in rows], tolerance)


def _further(row: Row, names: Sequence[str]) -> Row:
    """Return values for arguments that are not inputs: of similar size, and an end that fits its start."""
    rng = random.Random(repr(row))
    numbers = [value for value in row.values() if isinstance(value, (int, float)) and value > 0]
    size = int(max(numbers, default=100))
    more: Row = {name: rng.randint(1, max(2, size)) for name in names}
    for end, start, gains, losses in (
        ("end", "start", ("new", "reactivated"), ("lost",)),
        ("end_mrr", "start_mrr", ("new_mrr", "expansion_mrr", "reactivation_mrr"), ("contraction_mrr", "churned_mrr")),
    ):
        if end in more and start in row:
            had = {**more, **row}
            came = sum(had.get(name, 0) for name in gains) + (0 if gains[0] in had else rng.randint(1, max(2, size)))
            more[end] = row[start] + came - sum(had.get(name, 0) for name in losses)
    return more


def _lacks(value: Any) -> bool:
    return value is None or (isinstance(value, list) and None in value)


def _more(value: Any) -> Any:
    """Return a somewhat larger value of an input; in a column, its first value that is not missing grows."""
    if isinstance(value, list):
        at = next((i for i, one in enumerate(value) if one is not None), 0)
        return [*value[:at], _more(value[at]), *value[at + 1 :]] if value else value
    return value + (timedelta(days=3) if isinstance(value, datetime) else max(1, value // 8))


def _figures(got: Any) -> Any:
    """Read the figures from a result for columns; None if it has none."""
    if isinstance(got, Outcome):
        return None
    try:
        return array("verify", "function", got, NUMBER).astype(np.float64).reshape(-1)
    except MetricInputError:
        return None


def _listed(figures: Any) -> str:
    return f"[{', '.join(written(float(x)) for x in figures)}]"
