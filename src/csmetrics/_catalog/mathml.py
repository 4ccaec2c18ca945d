r"""Write formulas as MathML, which browsers and notebooks display without a script, a font or a network.

It reads the LaTeX in which metrics are written: words, numbers, fractions, powers, sums, brackets, and the environments
``aligned`` and ``cases``.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

_TOKEN: Final = re.compile(
    r"\s+|\\text\{(?P<text>[^{}]*)\}|(?P<number>\d+(?:\{,\}\d+|\.\d+)*)|(?P<letter>[A-Za-z])"
    r"|(?P<command>\\begin\{\w+\}|\\end\{\w+\}|\\[A-Za-z]+|\\.|.)",
    re.DOTALL,
)
_SIGNS: Final = {
    r"\times": "×",
    r"\le": "≤",
    r"\ge": "≥",
    r"\sum": "∑",
    r"\prod": "∏",
    r"\min": "min",
    r"\Rightarrow": "⇒",
    r"\{": "{",
    r"\}": "}",
    r"\%": "%",
    "-": "−",
}
_SPACES: Final = {r"\,": "0.17em", r"\qquad": "2em"}
_LARGE: Final = (r"\sum", r"\prod")


def mathml(latex: str) -> str:
    """Write LaTeX as a block of MathML, scrolled where the page is too narrow for it."""
    made = "".join(_Reader(latex).row())
    math = f'<math display="block" style="width:max-content;margin:0">{made}</math>'
    return f'<div style="overflow-x:auto;overflow-y:hidden;padding:.5em 0">{math}</div>'


class _Reader:
    """Reads LaTeX from left to right; each method returns the MathML of what it has read."""

    def __init__(self, latex: str) -> None:
        self.tokens = [(found.lastgroup, found[found.lastgroup]) for found in _TOKEN.finditer(latex) if found.lastgroup]
        self.at = 0

    def next(self) -> str:
        """Return the command or sign that comes next, without taking it."""
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("command", "")
        return text if kind == "command" else f"{kind} {text}"

    def row(self, *ends: str) -> list[str]:
        """Read up to one of these commands, which is not taken."""
        parts: list[str] = []
        while self.at < len(self.tokens) and not self.next().startswith(ends or ("\0",)):
            parts.append(self.scripted())
        return parts

    def scripted(self) -> str:
        """Read one thing with what stands below and above it."""
        large = self.next() in _LARGE
        base = self.one()
        for sign, tag in (("_", "munder" if large else "msub"), ("^", "mover" if large else "msup")):
            if self.next() == sign:
                self.at += 1
                base = f"<{tag}>{base}{self.one()}</{tag}>"
        return base

    def one(self) -> str:
        """Read one thing: a word, a number, a sign, a group, a fraction."""
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "text":
            return _words(text)
        if kind == "number":
            return f"<mn>{text.replace('{,}', ',')}</mn>"
        if kind == "letter":
            return f"<mi>{text}</mi>"
        if text in _SPACES:
            return f'<mspace width="{_SPACES[text]}"/>'
        if text == r"\frac":
            return f"<mfrac>{self.one()}{self.one()}</mfrac>"
        if text == "{":
            return self.group("}")
        if text == r"\left":
            return self.fenced()
        if text.startswith(r"\begin"):
            return self.rows(text[7:-1])
        if text in ("#", r"\#"):
            return '<mi mathvariant="normal">#</mi>'
        if text in ("(", ")", r"\{", r"\}", r"\min"):
            return f'<mo stretchy="false">{_SIGNS.get(text, text)}</mo>'
        return f"<mo>{escape(_SIGNS.get(text, text))}</mo>"

    def group(self, end: str) -> str:
        made = "".join(self.row(end))
        self.at += 1
        return f"<mrow>{made}</mrow>"

    def fenced(self) -> str:
        """Read what stands between brackets that grow with it."""
        opening = self.bracket()
        made = "".join(self.row(r"\right"))
        self.at += 1
        return f"<mrow><mo>{opening}</mo>{made}<mo>{self.bracket()}</mo></mrow>"

    def bracket(self) -> str:
        self.at += 1
        text = self.tokens[self.at - 1][1]
        return _SIGNS.get(text, text)

    def rows(self, environment: str) -> str:
        """Read lines of cells: steps aligned at their ``=``, or cases."""
        lines: list[list[str]] = [[]]
        while not self.next().startswith(r"\end"):
            lines[-1].append("".join(self.row("&", "\\\\", r"\end")))
            if self.next() == "\\\\":
                lines.append([])
            if not self.next().startswith(r"\end"):
                self.at += 1
        self.at += 1
        side = _aligned if environment == "aligned" else _cases
        body = "".join(f"<mtr>{''.join(side(at, cell) for at, cell in enumerate(line))}</mtr>" for line in lines)
        made = f'<mtable displaystyle="true">{body}</mtable>'
        return made if environment == "aligned" else f"<mrow><mo>{{</mo>{made}</mrow>"


def _aligned(column: int, cell: str) -> str:
    side = "left" if column else "right"
    return f'<mtd style="text-align:{side};padding:.35em 0">{cell}</mtd>'


def _cases(column: int, cell: str) -> str:
    return f'<mtd style="text-align:left;padding-right:1em">{cell}</mtd>'


def _words(text: str) -> str:
    """Write words: as an identifier, as browsers put no space around an operator between texts."""
    if not text:
        return ""
    if text.strip() == text:
        return f'<mi mathvariant="normal">{escape(text)}</mi>'
    space = ('<mspace width="0.3em"/>' if text[0] == " " else "", '<mspace width="0.3em"/>' if text[-1] == " " else "")
    return f'<mrow>{space[0]}<mi mathvariant="normal">{escape(text.strip())}</mi>{space[1]}</mrow>'
