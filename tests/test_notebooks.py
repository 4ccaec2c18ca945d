"""The notebooks of `examples/`: kept without output; the site's build runs them, and an error in a cell ends it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))

every = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


@every
def test_a_notebook_holds_no_output(path: Path) -> None:
    notebook = read(path)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert [(cell["outputs"], cell["execution_count"]) for cell in code] == [([], None)] * len(code)
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["language_info"] == {"name": "python"}  # no version of whoever ran it last
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])


@every
def test_a_notebook_names_nothing_of_one_machine(path: Path) -> None:
    assert not re.search(r"(?<![\w.:/])/(home|Users|work|tmp|root|mnt|var|opt)\b|[A-Z]:\\\\", path.read_text("utf-8"))


@every
def test_a_notebook_says_first_what_it_is_and_is_on_the_site(path: Path) -> None:
    first = read(path)["cells"][0]
    assert first["cell_type"] == "markdown"
    assert re.match(r"# \w.*\n\n\w", "".join(first["source"]))
    assert f"\nnotebooks/{path.stem}\n" in (ROOT / "docs" / "notebooks.md").read_text("utf-8")
