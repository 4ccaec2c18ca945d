"""The notebooks of `examples/`, copied into the site when it is built; myst-nb runs them and shows what comes out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

EXAMPLES = Path(__file__).parents[2] / "examples"


def copy(app: Sphinx) -> None:
    """Copy the notebooks that changed, and delete those that no longer exist."""
    folder = Path(app.srcdir) / "notebooks"
    folder.mkdir(exist_ok=True)
    notebooks = {path.name: path for path in EXAMPLES.glob("*.ipynb")}
    for old in folder.glob("*.ipynb"):
        if old.name not in notebooks:
            old.unlink()
    for name, path in notebooks.items():
        if not (folder / name).exists() or (folder / name).read_bytes() != path.read_bytes():
            shutil.copyfile(path, folder / name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Copy them before Sphinx looks for them."""
    app.connect("builder-inited", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
