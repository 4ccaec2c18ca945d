"""How results show in a notebook: in the page's own colours, so that they are read on light and on dark pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

LINE: Final = "1px solid color-mix(in srgb, currentColor 25%, transparent)"
_CELL: Final = f"text-align:left;vertical-align:top;padding:.25em .8em .25em 0;border-bottom:{LINE}"
_NUMBER: Final = f"text-align:right;vertical-align:top;padding:.25em .8em .25em 0;border-bottom:{LINE}"

_TABLE: Final = "border-collapse:collapse;table-layout:auto;font-size:inherit;margin:.4em 0"


def code(text: object) -> str:
    """Write a name as code."""
    return f'<code style="color:inherit;background:none;padding:0;white-space:nowrap">{escape(str(text))}</code>'


def prose(text: str) -> str:
    """Write a sentence, its names in backticks as code."""
    parts = re.split(r"`+([^`]+)`+", text)
    return "".join(code(part) if at % 2 else escape(part) for at, part in enumerate(parts))


def card(title: str, *parts: str) -> str:
    """Write a title and what stands below it; both are HTML already."""
    return f'<div style="max-width:60em;line-height:1.5"><b>{title}</b>{"".join(parts)}</div>'


def paragraph(text: str) -> str:
    """Write a paragraph of HTML."""
    return f'<p style="margin:.4em 0">{text}</p>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Write a table whose cells are HTML already.

    Parameters
    ----------
    head
        The headings; empty where it has none.
    rows
        The cells of each row. The first names the row.
    numbers
        Which columns hold numbers.
    """

    def line(tag: str, cells: Sequence[str]) -> str:
        styles = (_NUMBER if at in numbers else _CELL for at in range(len(cells)))
        return "".join(f'<{tag} style="{style}">{cell}</{tag}>' for style, cell in zip(styles, cells, strict=True))

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    top = f"<thead><tr>{line('th', head)}</tr></thead>" if head else ""
    return f'<div style="overflow-x:auto"><table style="{_TABLE}">{top}<tbody>{body}</tbody></table></div>'


def listed(items: Iterable[str]) -> str:
    """Write a list of items that are HTML already."""
    body = "".join(f'<li style="margin:.1em 0">{item}</li>' for item in items)
    return f'<ul style="margin:.2em 0;padding-left:1.4em">{body}</ul>' if body else ""


def folded(title: str, body: str, *, unfolded: bool = False) -> str:
    """Write what is read on a click; nothing where it is empty."""
    if not body:
        return ""
    return f'<details{" open" if unfolded else ""} style="margin:.3em 0"><summary>{title}</summary>{body}</details>'
