"""Formulas as MathML: browsers display them without a script, a font or a network."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.application import Sphinx


def mathml(formula: str, *, block: bool = False) -> str:
    """Turn LaTeX into MathML. Words become identifiers: browsers put no space around an operator between texts."""
    made = latex2mathml.tex2mathml(formula, as_block=block)
    return re.sub(r"<mtext>([^<]*\w)</mtext>", r'<mi mathvariant="normal">\1</mi>', made)


def _inline_math(self: Any, node: nodes.math) -> None:
    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def _block_math(self: Any, node: nodes.math_block) -> None:
    self.body.append(f'<div class="formula">{mathml(node.astext(), block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (_inline_math, None), (_block_math, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
