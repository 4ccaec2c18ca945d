"""The template of a company: colours, logo, which sections and metrics, in which order; a TOML file or a mapping."""

from __future__ import annotations

import re
import tomllib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Final

from csmetrics.errors import MetricInputError, shown

SECTIONS: Final = ("month", "moved", "bridge", "retention", "customers", "users", "health")
COLORS: Final = ("accent", "good", "bad")
_KINDS: Final = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
_SHAPES: Final[dict[str, tuple[Any, str]]] = {
    "logo": ((str, PathLike), "a file"),
    "colors": (Mapping, "a table of colours"),
    "sections": ((list, tuple), "a list"),
    "metrics": ((list, tuple, type(None)), "a list"),
}
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Template:
    """How a company's report looks.

    Attributes
    ----------
    title, company
        The title of the report and the name beside the logo.
    logo
        An image as a data address; empty without one.
    colors
        Hexadecimal colours by name: accent, good, bad.
    sections
        The sections in their order.
    metrics
        The metrics in their order; None for those that the frames give.
    """

    title: str = ""
    company: str = ""
    logo: str = ""
    colors: dict[str, str] = field(default_factory=dict)
    sections: tuple[str, ...] = SECTIONS
    metrics: list[str] | None = None


def template(given: Any) -> Template:
    """Read a template: None, a mapping, or the path of a TOML file, beside which its logo is looked for."""
    if given is None:
        return Template()
    base = Path()
    if not isinstance(given, Mapping):
        if not isinstance(given, (str, PathLike)):
            raise _wrong("template", "must be a TOML file or a mapping", f"got {shown(given)}")
        path = Path(given)
        try:
            given, base = tomllib.loads(path.read_text("utf-8")), path.parent
        except OSError as error:
            raise _wrong("template", "must be a file", f"{path}: {error.strerror or error}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise _wrong("template", "must be TOML", f"{path}: {error}") from None
    known = ("title", "company", "logo", "colors", "sections", "metrics")
    for key in given:
        if key not in known:
            raise _wrong("template", f"has the keys {', '.join(known)}", f"got {shown(key)}")
    for key, value in given.items():
        kind, words = _SHAPES.get(key, (object, ""))
        if not isinstance(value, kind):
            raise _wrong(key, f"must be {words}", f"got {shown(value)}")
    colors = dict(given.get("colors", {}))
    for name, color in colors.items():
        if name not in COLORS or not isinstance(color, str) or not _COLOR.fullmatch(color):
            rule = f"must map {', '.join(COLORS)} to colours such as '#1d4f8c'"
            raise _wrong("colors", rule, f"got {shown(name)} = {shown(color)}")
    sections = tuple(given.get("sections", SECTIONS))
    for name in sections:
        if name not in SECTIONS:
            raise _wrong("sections", f"must be among {', '.join(SECTIONS)}", f"got {shown(name)}")
    metrics = given.get("metrics")
    return Template(
        title=str(given.get("title", "")),
        company=str(given.get("company", "")),
        logo=_logo(base.joinpath(given["logo"])) if given.get("logo") else "",
        colors=colors,
        sections=sections,
        metrics=None if metrics is None else [str(name) for name in metrics],
    )


def _logo(path: Path) -> str:
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise _wrong("logo", f"must be one of {', '.join(_KINDS)}", f"got {path.name}")
    try:
        return f"data:{kind};base64,{b64encode(path.read_bytes()).decode()}"
    except OSError as error:
        raise _wrong("logo", "must be a file", f"{path}: {error.strerror or error}") from None


def _wrong(argument: str, rule: str, found: str) -> MetricInputError:
    return MetricInputError("report", argument, rule, found)
