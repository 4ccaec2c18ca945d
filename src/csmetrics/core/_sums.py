"""The sums behind each metric, as declared with it or as its inputs tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from csmetrics.core._registry import REGISTRY, Registration
from csmetrics.core._sampled import Declared, SampledKind

Terms = Mapping[str, int]

# Methods of each kind of interval, the default first; those after it need the rows of customers or answers
_FROM_ROWS = ("jackknife", "linearised", "percentile", "bca")
METHODS: Mapping[SampledKind, tuple[str, ...]] = {
    "share": ("wilson", "agresti-coull", "wald", "clopper-pearson", "jeffreys", *_FROM_ROWS),
    "trinomial": ("adjusted-wald", "wald", *_FROM_ROWS),
    "exposure": ("exact", *_FROM_ROWS),
    "odds": ("clopper-pearson",),
    "mean": ("t", *_FROM_ROWS),
    "money share": ("wilson-effective", *_FROM_ROWS),
    "net": ("square-and-add", *_FROM_ROWS),
    "ratio": _FROM_ROWS,
    "log ratio": _FROM_ROWS,
    "sum": ("sum-of-squares", "percentile", "bca"),
    "cost": ("exact",),
    "levels": ("square-and-add",),
    "quantile": ("log-log",),
    "each": ("t", *_FROM_ROWS),
    "none": (),
}
PER_CUSTOMER = frozenset({"mean", "money share", "net", "ratio", "log ratio", "sum"})  # totals do not tell their spread


@dataclass(frozen=True)
class Sampled:
    """The sums behind a figure: ``scale * top / bottom``, each a sum of totals with their signs.

    Attributes
    ----------
    kind : str
        Which kind of interval it has.
    top, bottom : mapping of str to int
        Totals and their signs. Empty where it is no ratio of sums; `bottom` alone is empty for a sum.
    losses, gains : mapping of str to int
        For "net": what is lost and gained of the base, of totals that may be no inputs of the metric.
    scale : float
        What the ratio is multiplied by.
    answers : bool
        Whether its units are answers, a sample from a population of known size.
    rows : bool
        Whether totals do not tell, as one unit holds several counts: rows with their customer are needed.
    reason : str
        Why it has no interval, or what to know about the one it has.
    """

    kind: SampledKind
    top: Terms
    bottom: Terms
    losses: Terms
    gains: Terms
    scale: float
    answers: bool = False
    rows: bool = False
    reason: str = ""

    @property
    def totals(self) -> tuple[str, ...]:
        """The totals that its interval is made of."""
        if self.losses or self.gains:
            return tuple(dict.fromkeys([*self.losses, *self.gains, *self.bottom]))
        return tuple(dict.fromkeys([*self.top, *self.bottom]))


def _terms(text: str) -> dict[str, int]:
    """Read ``"end - new - reactivated"``."""
    found = re.findall(r"([+-]?)\s*([a-z]\w*)", text)
    return {name: -1 if sign == "-" else 1 for sign, name in found}


@cache
def sampled_of(spec: Registration) -> Sampled:
    """Return what a metric's figure is a sample of, as declared or as its inputs tell."""
    given = spec.sampled or _derived(spec)
    scale = 100.0 if spec.unit in ("percent", "points") else 1.0
    bottom = _terms(given.bottom)
    return Sampled(
        kind=given.kind,
        top=_terms(given.top),
        bottom=bottom,
        losses=_terms(given.losses),
        gains=_terms(given.gains),
        scale=scale if given.scale is None else given.scale,
        answers=spec.reduces or given.kind == "trinomial" or "responses" in bottom,
        rows=given.rows,
        reason=given.reason,
    )


def _derived(spec: Registration) -> Declared:
    """Read the kind off the inputs; whatever they do not tell has no interval."""
    kinds = {n: (declared.kind, declared.quantity.name) for n, declared in spec.inputs.items()}
    if spec.reduces and "_from_" in spec.name:
        of: dict[str, SampledKind] = {"points": "trinomial", "percent": "share"}
        return Declared(of.get(spec.unit, "mean"))
    if any(kind == "level" and name in REGISTRY for name, (kind, _) in kinds.items()):
        return Declared("levels")
    if len(kinds) == 2 and spec.base == list(kinds)[1] and spec.bounds[0] == 0:
        (top, (_, of_top)), (bottom, (_, of_bottom)) = kinds.items()
        part = [(rule.parts, rule.wholes) for rule in spec.rules] == [((top,), (bottom,))] and spec.bounds[1] == 100
        ratio = spec.unit in ("percent", "ratio") and not spec.rules
        if of_top == of_bottom == "count" and (part or ratio):
            return Declared("share" if part else "exposure", top, bottom)
        if of_top == of_bottom == "money" and (part or ratio):
            return Declared("money share" if part else "ratio", top, bottom)
        if of_bottom == "count" and spec.unit in ("money", "time", "rating") and not spec.rules:
            return Declared("mean", top, bottom)
    if all(kind == "level" for kind, _ in kinds.values()) and spec.unit != "band":
        return Declared("none", reason="its inputs are levels that no metric computes, not sums over customers")
    return Declared("none", reason="its inputs do not tell what it is a sample of, and nothing is declared")
