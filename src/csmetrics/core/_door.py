"""The one door from the data up to its plots: `csmetrics.plotting` is loaded by name when a plot is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import MethodType
from typing import Any, Final

PLOTTING: Final = "csmetrics.plotting"


def plot_of(name: str) -> Callable[..., Any]:
    """Return the function of `csmetrics.plotting` with that name."""
    found: Callable[..., Any] = getattr(import_module(PLOTTING), name)
    return found


class Plots:
    """The plots of one object: called, it draws `main`; the others are its methods.

    Parameters
    ----------
    owner
        The object that is drawn.
    main
        The function of `csmetrics.plotting` that ``.plot()`` calls; empty where a plot has to be named.
    others
        Further functions, each a method of the same name.
    """

    __slots__ = ("_main", "_others", "_owner")

    def __init__(self, owner: Any, main: str, others: tuple[str, ...]) -> None:
        self._owner, self._main, self._others = owner, main, others

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Draw it, and return the Axes."""
        if not self._main:
            raise TypeError(f"name the plot: {', '.join(f'.plot.{other}()' for other in self._others)}")
        return plot_of(self._main)(self._owner, *args, **options)

    def __getattr__(self, name: str) -> Any:
        if name not in self._others:
            have = ", ".join(self._others) or "no others"
            raise AttributeError(f"{type(self._owner).__name__}.plot has no {name!r}; it has {have}")
        return MethodType(plot_of(name), self._owner)

    def __dir__(self) -> list[str]:
        return [*self._others]


class Door:
    """The attribute `plot` of a class: ``plot = Door("retention", "curves", "layers")``.

    Parameters
    ----------
    main
        The function that ``.plot()`` calls; empty where a plot has to be named.
    *others
        The methods ``.plot.<name>()``.
    """

    def __init__(self, main: str = "", *others: str) -> None:
        self._main, self._others = main, others

    def __get__(self, owner: Any, kind: type) -> Any:
        """Return the plots of an object; of the class, the door itself."""
        return self if owner is None else Plots(owner, self._main, self._others)
