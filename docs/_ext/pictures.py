"""The directive ``{picture} words``: what the page's last example above it draws, on light and on dark pages.

``{thumbnails}`` shows all pictures of the page in small.

The examples run as the page's tests run them, so that a picture always shows what its own code draws.
"""

from __future__ import annotations

import doctest
import io
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import matplotlib as mpl
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

mpl.use("Agg")
PAGES = {"only-light": "default", "only-dark": "dark_background"}


@cache
def drawn(page: str, style: str) -> dict[str, bytes]:
    """Run the examples of a page, and return the figure above each directive as PNG, by the directive's words."""
    import matplotlib.pyplot as plt

    names: dict[str, Any] = {}
    found = {}
    with plt.style.context(style):
        *parts, _ = re.split(r"^```{picture} (.*)$", page, flags=re.MULTILINE)
        for examples, words in zip(parts[::2], parts[1::2], strict=True):
            for example in doctest.DocTestParser().get_examples(examples):
                exec(compile(example.source, "page", "single"), names)
            figure = plt.gcf()
            if style != "default":
                figure.set_facecolor("#14181e")  # the theme's own dark
                for ax in figure.axes:
                    ax.set_facecolor("none")
            out = io.BytesIO()
            figure.savefig(out, format="png", dpi=110)
            plt.close("all")
            found[words] = out.getvalue()
    return found


def shown(directive: SphinxDirective, words: str) -> str:
    """Write a picture of the page for light and for dark pages, and return the HTML that shows the right one."""
    env = directive.env
    page = Path(env.doc2path(env.docname)).read_text("utf-8")
    folder = Path(env.app.outdir) / "_images"
    folder.mkdir(parents=True, exist_ok=True)
    images = []
    for css, style in PAGES.items():
        made = drawn(page, style)
        name = f"{env.docname.replace('/', '-')}-{list(made).index(words) + 1}-{css.removeprefix('only-')}.png"
        (folder / name).write_bytes(made[words])
        source = "../" * env.docname.count("/") + f"_images/{name}"
        images.append(f'<img class="{css}" alt="{escape(words)}" src="{source}">')
    return "\n".join(images)


class PictureDirective(SphinxDirective):
    """Show what the example above draws; the words describe it for those who do not see it."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", shown(self, self.arguments[0]), format="html")]


class ThumbnailsDirective(SphinxDirective):
    """Show every picture of the page in small, with a link to its section."""

    def run(self) -> list[nodes.Node]:
        page = Path(self.env.doc2path(self.env.docname)).read_text("utf-8")
        found = re.findall(r"^## (.+?)$(?:(?!^## ).)*?^```{picture} (.*?)$", page, flags=re.MULTILINE | re.DOTALL)
        links = [
            f'<a href="#{nodes.make_id(title)}">{shown(self, words)}<span>{escape(title)}</span></a>'
            for title, words in found
        ]
        return [nodes.raw("", f'<div class="thumbnails">{"".join(links)}</div>', format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("picture", PictureDirective)
    app.add_directive("thumbnails", ThumbnailsDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
