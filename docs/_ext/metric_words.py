"""Text, table cells and links as Markdown."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import csmetrics as csm

LONGEST = 8  # at most this many values of a list are shown


def prose(text: str) -> str:
    """Turn a docstring's reStructuredText into Markdown; names of metrics become links to their pages."""
    text = re.sub(r"\[(\d+)\]_", r"[\1]", text)
    parts = re.split(r"(:math:`[^`]+`|``[^`]+``|`[^`]+`)", text)
    return "".join(_code(part) if "`" in part else escaped(part) for part in parts)


def _code(part: str) -> str:
    if part.startswith(":math:"):
        return "{math}" + part.removeprefix(":math:")
    word = part.strip("`")
    linked = word in csm.catalog and not part.startswith("``")
    return f"[`{word}`]({word}.md)" if linked else f"`{word}`"


def escaped(text: str) -> str:
    """Escape the characters that Markdown would read as markup."""
    return re.sub(r"(?<!^)(?<!\n)([*_<|\[\]])", r"\\\1", text)


def linked(text: str) -> str:
    """Turn the web addresses in a text into links, including those written without https://."""
    pieces = []
    for word in text.split(" "):
        bare = word.rstrip(".,;:")
        tail = word[len(bare) :]
        if re.match(r"https?://", bare):
            pieces.append(f"<{bare}>{tail}")
        elif re.match(r"([\w-]+\.)+[a-z]{2,}/\S", bare):
            pieces.append(f"[{escaped(bare)}](https://{bare}){tail}")
        else:
            pieces.append(escaped(word))
    return " ".join(pieces)


def shown(value: Any) -> str:
    """Write an input or a result briefly, to six significant digits."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "missing"
    if isinstance(value, float):
        return f"{value:.0f}" if value == round(value) else f"{value:.6g}" if abs(value) < 1e6 else f"{value:.2f}"
    if isinstance(value, (list, tuple)):
        some = [*map(shown, value[:LONGEST]), *([f"... {len(value)} in all"] if len(value) > LONGEST else [])]
        return "[" + ", ".join(some) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {shown(v)}" for k, v in value.items()) + "}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def between(low: float | None, high: float | None) -> str:
    """Describe the range between two limits, either of which may be missing."""
    if low is None and high is None:
        return "any number"
    if high is None:
        return f"{low:g} or more"
    return f"{high:g} or less" if low is None else f"{low:g} to {high:g}"


def table(name: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table with a class name for the style sheet."""
    lines = [head, ["---"] * len(head), *rows]
    body = "\n".join("| " + " | ".join(cell.replace("\n", " ") for cell in line) + " |" for line in lines)
    return f"```{{table}}\n:class: {name}\n\n{body}\n```"


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Write a two-column table whose first column holds the headings."""
    body = "\n".join(f"* - {name}\n  - {value}" for name, value in rows if value)
    return f"```{{list-table}}\n:stub-columns: 1\n:class: facts\n\n{body}\n```"


def listed(items: Iterable[str]) -> str:
    """Write a list."""
    return "\n".join(f"* {prose(item)}" for item in items)


def section(title: str, body: str) -> str:
    """Write a section, or nothing if its body is empty."""
    return f"## {title}\n\n{body}\n" if body else ""
