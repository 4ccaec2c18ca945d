"""What a module shows: its public names, some of them loaded when first asked for, and hints at misspelt ones."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from csmetrics.core._registry import metric_words, nearest
from csmetrics.errors import shown


def surface(
    module: str,
    public: Collection[str],
    homes: Mapping[str, str] = MappingProxyType({}),
    rooms: Collection[str] = (),
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the `__getattr__` and the `__dir__` of a module.

    Parameters
    ----------
    module
        The name of the module.
    public
        Its public names.
    homes
        Names that are loaded when first asked for, each with the module that holds it.
    rooms
        Public modules inside it, loaded when first asked for.

    Returns
    -------
    getattr, dir : callable
        For the module to bind to those names, out of sight of type checkers: to them, a module with a `__getattr__`
        has every name.
    """

    def find(name: str) -> Any:
        if name in rooms:
            value = import_module(f"{module}.{name}")
        elif name in homes:
            value = getattr(import_module(homes[name]), name)
        else:
            meant = "" if name.startswith("_") else f"; {_meant(name, module, public, rooms)}"
            raise AttributeError(f"module {module!r} has no attribute {shown(name)}{meant}")
        setattr(sys.modules[module], name, value)
        return value

    return find, lambda: sorted({*public, *rooms})


def _meant(name: str, module: str, public: Collection[str], rooms: Collection[str]) -> str:
    """Guess which public name was meant: one of this module, one of the modules inside it, or a metric."""
    top = "." not in module
    known = {word: repr(metric) if top else f"csm.{metric}" for word, metric in metric_words().items()}
    for room in rooms:
        inside = f"{module}.{room}"
        known |= {n: f"{inside.replace('csmetrics', 'csm', 1)}.{n}" for n in _public(inside)}
    own = sorted({*public, *rooms})
    known |= {n.lower(): repr(n) for n in own} | {n: repr(n) for n in own}
    return nearest(name, known, "" if top else f"it has {', '.join(own)}")


def _public(module: str) -> list[str]:
    """Return the public names of a module without loading it: it may need much, or what is not installed."""
    if module in sys.modules:
        return list(sys.modules[module].__all__)
    spec = find_spec(module)
    tree = ast.parse(Path(spec.origin).read_text("utf-8")) if spec and spec.origin else ast.Module([], [])
    said = (one.value for one in tree.body if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "__all__")
    return [str(name) for names in said for name in ast.literal_eval(names)]
