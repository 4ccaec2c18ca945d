"""What lets a formula compute at once: made from its declaration, the same in every formula, and never too lenient."""

from __future__ import annotations

import ast
import inspect
import random
from decimal import Decimal
from math import copysign, inf, isnan, nan, nextafter
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import csmetrics as csm
from csmetrics.core import _guards
from csmetrics.core._evaluate import evaluate
from csmetrics.core._guards import CLEAN, compiled, ordinary
from csmetrics.core._registry import (
    AMOUNT,
    COUNT,
    MARGIN,
    NUMBER,
    PERCENT,
    REGISTRY,
    WHOLE,
    Quantity,
    at_most,
    choice,
    flow,
)

from .test_policies import BANDED, EDGES, LAWS, NUMERIC, numeric, outcome, valid, words

# ------------------------------------------------------------------------------------------------- one shape for all


def statements(function: Any) -> list[ast.stmt]:
    """Give the statements of a formula, its docstring left out."""
    (tree,) = ast.parse(dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef)
    return tree.body[1:]


@numeric
def test_every_body_has_the_same_shape(spec: Any) -> None:
    """Check options, if there are any; ask the guard; compute; else evaluate."""
    name, inputs = spec.name, ", ".join(spec.inputs)
    *before, last = statements(spec.function)
    assert isinstance(last, ast.Return)
    helpers = [f"return {helper}({name}, {inputs}, undefined)" for helper in ("share", "rate", "mean")]
    if ast.unparse(last) in helpers:
        assert before == []
        return
    *options, guarded = before
    assert bool(options) == (set(spec.options) > {"undefined"})
    assert isinstance(guarded, ast.If)
    assert ast.unparse(guarded.test) == f"ordinary[{name}](undefined, {inputs})"
    assert isinstance(guarded.body[-1], ast.Return)
    assert guarded.orelse == []
    passed = "".join(f", {option}={option}" for option in spec.options if option != "undefined")
    assert ast.unparse(last) == f"return evaluate({name}, undefined, {inputs}{passed})"


def test_formulas_of_another_shape_are_known() -> None:
    """Raw answers, dates, several components, and the one that gives a word."""
    others = {spec.name for spec in REGISTRY.values()} - {spec.name for spec in NUMERIC}
    assert others == {
        *(spec.name for spec in REGISTRY.values() if spec.reduces or spec.over_columns),
        *("ttv", "onboarding_time", "health_band"),
    }
    guarded = statements(csm.health_band)[0]
    assert isinstance(guarded, ast.If)
    assert ast.unparse(guarded.test) == "ordinary[health_band](nan, score, red, yellow)"


# ------------------------------------------------------------------------------------------------ how a guard is made


def made(*, rules: Any = (), base: str = "", **inputs: Quantity) -> Any:
    """Compile a guard and give it without `undefined`."""
    declared = {name: flow(quantity) for name, quantity in inputs.items()}
    guard = compiled(SimpleNamespace(inputs=declared, rules=tuple(rules), base=base))  # type: ignore[arg-type]
    return lambda *values: guard(nan, *values)


NO_PLAIN_NUMBERS = [True, None, "1", Decimal(1), np.float64(1), np.int64(1), [1], np.array([1.0]), 1j, nan]


@pytest.mark.parametrize("other", NO_PLAIN_NUMBERS, ids=repr)
def test_plain_numbers_only(other: Any) -> None:
    both, signed = made(a=COUNT, b=COUNT), made(a=NUMBER)
    assert both(1, 2.5) is both(0.5, 3) is True
    assert both(other, 1) is both(1, other) is signed(other) is False


@pytest.mark.parametrize(
    ("quantity", "low", "high"),
    [
        (COUNT, 0, WHOLE),
        (AMOUNT, 0.0, float(WHOLE)),
        (PERCENT, 0, 100),
        (NUMBER, -WHOLE, WHOLE),
        (MARGIN, 0, 100),  # of which a negative one never pays back
        (Quantity("count", low=0.5, high=2.25), 0.5, 2.25),
        (Quantity("count", low=-3, high=7, usual=(-1, 5)), -1, 5),
        (Quantity("count", low=1, high=4, usual=(0, 5)), 1, 4),
    ],
    ids=str,
)
def test_limits(quantity: Quantity, low: float, high: float) -> None:
    """What is possible and usual, to the last digit."""
    guard = made(a=quantity)
    for inside in (low, high, float(low), float(high), nextafter(low, inf), nextafter(high, -inf)):
        assert guard(inside) is True
    for beyond in (nextafter(low, -inf), nextafter(high, inf), low - 1, high + 1, int(high) + 1, inf, -inf, 10**400):
        assert guard(beyond) is False


def test_rules() -> None:
    rules = [at_most(("a", "b"), "c"), at_most("c", ("a", "d"))]
    guard = made(rules=rules, a=COUNT, b=COUNT, c=COUNT, d=COUNT)
    assert guard(1, 2, 3, 2) is guard(1, 2, 4, 3) is True
    assert guard(1, 3, 3, 9) is guard(1, 2, 3, 1) is guard(0.1, 0.2, 0.3, 9) is False


@pytest.mark.parametrize(
    ("base", "inside", "outside"),
    [
        ("a", [(1.1e-150, 0), (7, 0)], [(0, 5), (-0.0, 5), (1e-150, 5), (-1e-150, 5)]),
        ("a + b", [(1, 0), (0, 1), (-3, 2)], [(0, 0), (5, -5), (1e-151, 1e-151)]),
        ("a - b", [(3, 2), (2, 3)], [(3, 3), (0.5, 0.5)]),
        ("a x b", [(2, -3), (1e-75, 2e-75)], [(0, 3), (3, 0), (1e-75, -1e-75)]),
    ],
)
def test_denominators(base: str, inside: list[Any], outside: list[Any]) -> None:
    guard = made(base=base, a=NUMBER, b=NUMBER)
    assert [guard(*pair) for pair in inside] == [True] * len(inside)
    assert [guard(*pair) for pair in outside] == [False] * len(outside)


def test_rates_below_the_line_are_fractions() -> None:
    guard = made(base="1 + gain - loss", gain=PERCENT, loss=PERCENT)
    assert guard(0, 99.99999999999999) is guard(1e-13, 100) is guard(99, 98) is True
    assert guard(0, 100) is guard(1e-16, 100) is False
    assert made(base="rate_of_rate", rate=PERCENT, rate_of_rate=COUNT)(50, 1) is True


def test_words_as_they_are_declared() -> None:
    guard = made(unit=choice(day=["daily"], week=[]), count=COUNT)
    assert guard("day", 1) is guard("week", 2) is True
    for other in ("daily", "Day", "", None, 1, np.str_("day"), ["day"]):
        assert guard(other, 1) is False
    assert guard("day", -1) is False


@pytest.mark.parametrize("undefined", [nan, np.nan, float("nan"), 0, 2.5, -1, inf, "raise", "".join(["ra", "ise"])])
def test_what_may_stand_where_there_is_no_value(undefined: Any) -> None:
    assert ordinary[csm.grr](undefined, 10, 2, 3) is True
    assert ordinary[csm.grr](undefined, 10, 7, 8) is False


@pytest.mark.parametrize("undefined", ["rasie", "", "nan", True, None, [0], 1j, 10**400, np.float64(0), np.array([0])])
def test_what_is_looked_at_again(undefined: Any) -> None:
    """Impossible, or of a kind that is not looked for at first."""
    assert ordinary[csm.grr](undefined, 10, 2, 3) is False


def test_what_is_clean_is_not_looked_at() -> None:
    assert ordinary[csm.grr](CLEAN, -1, np.array([nan]), None) is True


def test_a_guard_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(_guards, "compiled", lambda spec: calls.append(spec.name) or (lambda *_: True))
    guards = type(ordinary)()
    assert guards[csm.grr] is guards[csm.grr]
    assert guards[csm.nrr] is not guards[csm.grr]
    assert calls == ["grr", "nrr"]
    monkeypatch.undo()
    assert type(ordinary)()[csm.grr](nan, 10, 2, 3) is True


def test_the_guard_of_a_formula_is_its_declaration() -> None:
    """The one that is written out where it is explained, but for the order in which it looks."""
    guard = ordinary[csm.grr]
    for values in ((100, 2, 3), (100.0, 50, 50), (1.1e-150, 0, 0), (WHOLE, 1, 1)):
        assert guard(nan, *values) is True
    for values in ((100, 50, 51), (1e-150, 0, 0), (0, 0, 0), (WHOLE + 1, 1, 1), (100, -1, 3), (100, 3, -1)):
        assert guard(nan, *values) is False


# ------------------------------------------------------------------------------------ the quick way and the careful one


def written(value: Any) -> Any:
    """Tell all bits of a figure, and what is wrong of an error."""
    return repr(value) if isinstance(value, float) else value


def rows(spec: Any, seed: str) -> list[dict[str, Any]]:
    """Draw rows of usual and of odd numbers: at limits, as large as their whole, nothing at all."""
    dice = random.Random(spec.name + seed)
    names = [n for n in spec.inputs if n != "interval"]

    def number(name: str) -> Any:
        low, high = LAWS[spec.name].inputs[name].low, LAWS[spec.name].inputs[name].high
        kind = dice.random()
        if kind < 0.35:
            value: Any = dice.choice(EDGES)
        elif kind < 0.5:
            value = dice.choice([0, 1, 7, 100, 101, WHOLE, WHOLE + 1, 2**53 + 1, 2**60 + 50, -0.0, 0.0])
        elif kind < 0.75:
            value = dice.randrange(0, 10 ** dice.choice([1, 2, 6, 12]))
        else:
            value = dice.random() * 10.0 ** dice.choice([-9, 0, 2, 6, 15])
        value = min(value, high) if dice.random() < 0.8 else value
        return -value if low < 0 and dice.random() < 0.3 else value

    found = []
    for _ in range(250):
        row = {n: number(n) for n in names}
        for parts, wholes in LAWS[spec.name].at_most():  # parts that fill their wholes, and hardly more
            if dice.random() < 0.6:
                row[wholes[0]] = max(sum(row[n] for n in parts) - sum(row[n] for n in wholes[1:]), 0)
                row[wholes[0]] = nextafter(row[wholes[0]], -inf) if dice.random() < 0.2 else row[wholes[0]]
        found.append({**row, **({"interval": dice.choice(["day", "year"])} if "interval" in spec.inputs else {})})
    return found


OPTIONS: dict[str, list[dict[str, Any]]] = {
    "normalize_score": [{"better": "high"}, {"better": "low"}],
    "discounted_clv": [
        {"first_payment": "now", "horizon": None},
        {"first_payment": "next", "horizon": 3},
        {"first_payment": "certain_next", "horizon": 0},
    ],
}


@pytest.mark.sampled(3)
@numeric
def test_the_quick_way_gives_the_same_to_the_last_bit(spec: Any) -> None:
    quick = 0
    for options in OPTIONS.get(spec.name, [{}]):
        for row in rows(spec, "quick"):
            values = [row[n] if n in row else spec.defaults[n] for n in spec.inputs]
            got = outcome(spec.function, **row, **options)
            careful = outcome(lambda values=values, **said: evaluate(spec.function, nan, *values, **said), **options)
            assert written(got) == written(careful), row
            quick += ordinary[spec.function](nan, *values)
    assert quick > 25


@pytest.mark.sampled(3)
@numeric
def test_floats_in_columns_give_the_same_to_the_last_bit(spec: Any) -> None:
    if spec.name.startswith("compound"):  # two libraries' powers; test_policies compares them
        return
    for options in OPTIONS.get(spec.name, [{}]):
        if options.get("horizon"):
            continue
        for row in rows(spec, "columns"):
            floats = {n: v if isinstance(v, str) else float(v) for n, v in row.items()}
            got = outcome(spec.function, **floats, **options)
            column = outcome(spec.function, **{n: np.array([v]) for n, v in floats.items()}, **options)
            assert written(got) == written(column), floats


# ------------------------------------------------------------------------------------------------------ no sign of zero


def is_minus_zero(value: Any) -> bool:
    return isinstance(value, float) and value == 0 and copysign(1, value) < 0


@pytest.mark.sampled(3)
@pytest.mark.parametrize("spec", BANDED, ids=lambda spec: spec.name)
def test_no_result_is_minus_zero(spec: Any) -> None:
    """Whatever zeros go in: a table of results shows 0.0."""
    names = [n for n in spec.inputs if n != "interval"]
    dice = random.Random(spec.name)
    zeros = (0, 0.0, -0.0)
    found: list[dict[str, Any]] = [dict.fromkeys(names, zero) for zero in zeros]
    found += [{**valid(spec), name: zero} for name in names for zero in zeros]
    found += [{n: dice.choice([*zeros, -0.0, valid(spec)[n], 1, 100]) for n in names} for _ in range(40)]
    for row in found:
        for options in OPTIONS.get(spec.name, [{}]):
            given = {**row, **words(valid(spec)), **options}
            columns = {n: [v, v] if n in names else v for n, v in given.items()}
            missing = {n: [v, None] if n in names else v for n, v in given.items()}
            for inputs in (given, columns, missing):
                got = outcome(spec.function, **inputs)
                assert not is_minus_zero(got), inputs
            arrays = {n: np.array(v, dtype=float) if isinstance(v, list) else v for n, v in columns.items()}
            try:
                got = spec.function(**arrays)
            except csm.MetricInputError:
                continue
            assert not any(map(is_minus_zero, got.tolist())), arrays


def test_no_result_of_components_or_answers_is_minus_zero() -> None:
    assert not is_minus_zero(csm.health_score([-0.0, -0.0], [1, 2]))
    assert not is_minus_zero(csm.engagement_score([-0.0, 0], [1, -2]))
    assert not is_minus_zero(csm.csat_mean_from_ratings([-0.0, -0.0], scale=(-2, 2)))
    assert not is_minus_zero(csm.ces_from_ratings([-0.0], scale=(-2, 2)))
    assert csm.churn_rate(-0.0, 5) == 0
    assert repr(csm.churn_rate(-0.0, 5)) == "0.0"
    assert isnan(csm.churn_rate(-0.0, -0.0))
