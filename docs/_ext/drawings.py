"""The directive ``{drawing} call(names, of, the, page)``: an SVG drawn from the page's examples, and its caption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from timelines import draw


class DrawingDirective(SphinxDirective):
    """Make the drawing that the call describes, with the directive's content as the caption."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        page = Path(self.env.doc2path(self.env.docname)).read_text("utf-8")
        figure = nodes.container(classes=["drawing"])
        figure += nodes.raw("", draw(self.arguments[0], page).svg(), format="html")
        figure += self.parse_content_to_nodes()
        return [figure]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("drawing", DrawingDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
