r"""Parse the formulas in the docstrings, and write them as text or LaTeX, with words or with numbers.

Their LaTeX is plain arithmetic; ``\text{start MRR}`` stands for the input `start_mrr`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from csmetrics._catalog.docstring import Docstring
from csmetrics.core._registry import REGISTRY

_TOKEN = re.compile(
    r"\\#\\\{(?P<those>(?:[^\\]|\\text|\\[gl]e )*)\\\}|(?P<sum>\\sum(?:_i)?)|_i|"
    r"\\text\{(?P<word>[^{}]*)\}|\\frac|\\times|\\left|\\right|\\qquad|(?P<number>\d+(?:\.\d+)?)|(?P<sign>[-+*/=(){}^])|\s+"
)
OPERATORS = {"+": "+", "-": "−", "*": "×", "/": "/"}


class Node(NamedTuple):
    """A part of a formula: a word, a number, or an operator with its operands."""

    kind: str  # "word", "number", "count" of those that ..., "sum" of a product, "+", "-", "*", "/", "frac", "^", "("
    text: str = ""
    sides: tuple[Node, ...] = ()


class Formula(NamedTuple):
    """A formula: the title on its left side, and its right side."""

    title: str
    right: Node

    @property
    def words(self) -> list[str]:
        """The inputs in the formula, each as often as it occurs."""
        return _words(self.right)

    @property
    def values_needed(self) -> list[str]:
        """What needs a value to replace all words: inputs, counts (``#score ≥ 9``), sums (``sum``)."""
        return _needed(self.right)

    def text(self, values: Mapping[str, str] | None = None) -> str:
        """Write the right side on one line, with values in place of inputs."""
        return _text(self.right, values or {}, 0)

    def latex(self, values: Mapping[str, str] | None = None) -> str:
        """Write the right side in LaTeX, with values in place of inputs."""
        return _latex(self.right, values or {})


@cache
def formula(metric: str, variant: str = "") -> Formula | None:
    r"""Parse a metric's formula; None if it is not plain arithmetic on the inputs.

    If a metric has several formulas, each after its name as in ``\text{now: }``, `variant` chooses one.
    """
    spec = REGISTRY[metric]
    latex = Docstring(spec.function).formula
    for part in latex.split(r"\qquad"):
        named = re.match(r"\s*\\text\{([\w ]+): \}(.*)", part)
        if named and name_of(named[1]) == variant:
            latex = rf"\text{{{spec.title}}} = {named[2]}"
    title, _, right = latex.partition("=")
    named = re.fullmatch(r"\s*(?:\\text\{([^{}]*)\}|(\w+))\s*", title)
    tokens = _tokens(right)
    if named is None or tokens is None:
        return None
    reader = _Reader(tokens)
    try:
        node = reader.sum()
    except (IndexError, ValueError):
        return None
    return Formula(named[1] or named[2], node) if reader.done else None


def formula_text(metric: str) -> str:
    """Write a metric's formula on one line, or its summary if the formula is not plain arithmetic."""
    read = formula(metric)
    return f"{read.title} = {read.text()}" if read else Docstring(REGISTRY[metric].function).summary


@cache
def name_of(word: str) -> str:
    """Return the input that a word of a formula stands for."""
    return re.sub(r"[ -]", "_", word.lower())


def _tokens(latex: str) -> list[tuple[str, str]] | None:
    tokens, at = [], 0
    while at < len(latex):
        found = _TOKEN.match(latex, at)
        if found is None:
            return None
        at = found.end()
        if found["those"] is not None:
            tokens.append(("count", _condition(found["those"])))
        elif found["sum"]:
            tokens.append(("sign", "sum"))
        elif found["word"] is not None:
            tokens.append(("word", found["word"]))
        elif found["number"]:
            tokens.append(("number", found["number"]))
        elif found["sign"]:
            tokens.append(("sign", found["sign"]))
        elif found[0] == r"\qquad":
            return None
        elif found[0].strip() not in ("", "_i", r"\left", r"\right"):
            tokens.append(("sign", {r"\frac": "frac", r"\times": "*"}[found[0]]))
    return tokens


def _condition(latex: str) -> str:
    words = re.sub(r"\\text\{([^{}]*)\}", r"\1", latex).replace(r"\ge ", "≥ ").replace(r"\le ", "≤ ")
    return words.replace("-", "−").strip()


class _Reader:
    """A parser of sums of products of powers."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def done(self) -> bool:
        return self.at == len(self.tokens)

    def next_is(self, *signs: str) -> str:
        """Consume the next token if it is one of these signs."""
        if not self.done and self.tokens[self.at] in [("sign", s) for s in signs]:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return ""

    def need(self, sign: str) -> None:
        if not self.next_is(sign):
            raise ValueError(sign)

    def chain(self, part: Callable[[], Node], *signs: str) -> Node:
        node = part()
        while sign := self.next_is(*signs):
            node = Node(sign, sides=(node, part()))
        return node

    def sum(self) -> Node:
        return self.chain(self.product, "+", "-")

    def product(self) -> Node:
        return self.chain(self.power, "*", "/")

    def power(self) -> Node:
        base = self.atom()
        if not self.next_is("^"):
            return base
        self.need("{")
        exponent = self.sum()
        self.need("}")
        return Node("^", sides=(base, exponent))

    def atom(self) -> Node:
        if self.next_is("("):
            inner = self.sum()
            self.need(")")
            return Node("(", sides=(inner,))
        if self.next_is("frac"):
            sides = []
            for _ in range(2):
                self.need("{")
                sides.append(self.sum())
                self.need("}")
            return Node("frac", sides=tuple(sides))
        if self.next_is("sum"):
            return Node("sum", sides=(self.product(),))
        kind, text = self.tokens[self.at]
        if kind == "sign":
            raise ValueError(text)
        self.at += 1
        return Node(kind, text)


def _words(node: Node) -> list[str]:
    own = [name_of(node.text)] if node.kind == "word" else []
    return own + [word for side in node.sides for word in _words(side)]


def _needed(node: Node) -> list[str]:
    own = {"word": name_of(node.text), "count": f"#{node.text}", "sum": "sum"}.get(node.kind)
    below = [] if node.kind == "sum" else [need for side in node.sides for need in _needed(side)]
    return [own, *below] if own else below


def _leaf(node: Node, values: Mapping[str, str]) -> str | None:
    """Return the value that replaces a word, in brackets if it is negative."""
    key = {"word": name_of(node.text), "count": f"#{node.text}", "sum": "sum"}.get(node.kind)
    value = None if key is None else values.get(key)
    return f"({value})" if value is not None and value.startswith(("-", "−")) else value


def _text(node: Node, values: Mapping[str, str], level: int) -> str:
    """Write a node; `level` says how tightly the operator around it binds."""
    value = _leaf(node, values)
    if value is not None:
        return value
    if not node.sides:
        return f"number of ({node.text})" if " " in node.text and node.kind == "count" else _plural(node)
    if node.kind == "sum":
        written = f"sum of {_text(node.sides[0], values, 0)}"
        return f"({written})" if level else written
    if node.kind == "(":
        inner = node.sides[0]
        return f"({_text(inner, values, 0)})"
    if node.kind == "^":
        base = _text(node.sides[0], values, 3)
        return f"{base}^{_text(node.sides[1], values, 3)}"
    tight = 1 if node.kind in "+-" else 2
    sign = OPERATORS["/" if node.kind == "frac" else node.kind]
    left = _text(node.sides[0], values, tight)
    right = _text(node.sides[1], values, tight + (node.kind in ("-", "/", "frac")))
    written = f"{left} {sign} {right}"
    return f"({written})" if level > tight else written


def _plural(node: Node) -> str:
    return f"number of {node.text}s" if node.kind == "count" else node.text


def _latex(node: Node, values: Mapping[str, str]) -> str:
    value = _leaf(node, values)
    if value is not None:
        return value.replace("−", "-").replace(",", "{,}")
    if node.kind == "word":
        return rf"\text{{{node.text}}}"
    if node.kind == "count":
        return rf"\#\{{\text{{{node.text}}}\}}"
    if not node.sides:
        return node.text
    sides = [_latex(side, values) for side in node.sides]
    if node.kind == "(":
        return rf"\left({sides[0]}\right)"
    if node.kind == "sum":
        return rf"\sum {sides[0]}"
    if node.kind == "frac":
        return rf"\frac{{{sides[0]}}}{{{sides[1]}}}"
    if node.kind == "^":
        return f"{sides[0]}^{{{sides[1]}}}"
    sign = r"\times" if node.kind == "*" else node.kind
    return f"{sides[0]} {sign} {sides[1]}"


# Computing a formula exactly as written, without the checks and limits of the metric's function


def computed(node: Node, given: Mapping[str, Any]) -> Any:
    """Compute a formula with numbers or arrays in place of words."""
    if node.kind == "word":
        return given.get(name_of(node.text), 0.0)
    if node.kind == "number":
        return float(node.text)
    sides = [computed(side, given) for side in node.sides]
    match node.kind:
        case "(":
            return sides[0]
        case "+":
            return sides[0] + sides[1]
        case "-":
            return sides[0] - sides[1]
        case "*":
            return sides[0] * sides[1]
        case "^":
            return sides[0] ** sides[1]
        case "/" | "frac":
            return sides[0] / sides[1]
    raise ValueError(node.kind)  # counts and sums need whole columns
