"""The content of numpydoc docstrings, as data."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

RIVALS = "Other definitions in use:"
PITFALLS = "Pitfalls:"


class Docstring:
    """The parts of a function's docstring that the catalogue shows."""

    def __init__(self, function: Callable[..., Any]) -> None:
        text = inspect.getdoc(function) or ""
        head, *rest = re.split(r"^(\w[\w ]*)\n-{3,}\n", text, flags=re.MULTILINE)
        sections = dict(zip(rest[::2], rest[1::2], strict=True))
        self.summary = " ".join(head.partition("\n\n")[0].split())
        blocks = re.findall(r"\.\. math::((?:.|\n)*?)(?=\n\n\S|\Z)", head.strip())
        self.formula = "\n".join(" ".join(block.split()) for block in blocks)
        entries = re.split(r"^(\S.*)\n", sections.get("Parameters", ""), flags=re.MULTILINE)[1:]
        self.parameters = {
            name.strip(): " ".join(body.split())
            for names, body in zip(entries[::2], entries[1::2], strict=True)
            for name in names.partition(":")[0].split(",")
        }
        self._notes = sections.get("Notes", "")
        self.notes = re.split(r"^(?:Other definitions in use|Pitfalls):\n", self._notes, flags=re.MULTILINE)[0].strip()
        references = re.split(r"\.\. \[\d+\]", sections.get("References", ""))[1:]
        self.references = tuple(" ".join(reference.split()) for reference in references)

    def bullets(self, heading: str) -> tuple[str, ...]:
        """Return the items of the list under a heading of the Notes."""
        after = self._notes.partition(f"{heading}\n")[2]
        block = re.split(r"\n\n(?=\S)(?!\*)", after.strip("\n"))[0]
        return tuple(" ".join(b.split()) for b in re.split(r"^\* ", block, flags=re.MULTILINE)[1:])
