"""The page of the changelog ends with what the next release will bring: the files of ``changes/``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

TOP = Path(__file__).parents[2]


def append(app: Sphinx, docname: str, source: list[str]) -> None:
    """Append the draft of the next release to the changelog."""
    if docname == "changelog":
        draft = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", app.config.version]
        text = subprocess.run(draft, cwd=TOP, capture_output=True, encoding="utf-8", check=True).stdout
        source[0] += "\n" + text.replace(text.splitlines()[0], "## The next release", 1)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it."""
    app.connect("source-read", append)
    return {"parallel_read_safe": True}
