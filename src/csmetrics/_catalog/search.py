"""Compare words with a metric's name, its title and other words for it."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache

from csmetrics.core._registry import Registration

LONGEST = 200  # at most so many letters are searched for
_FILLERS = {"the", "of", "a", "an", "by", "to", "for", "our", "per", "number", "is", "are", "do", "does"}
_COMMON = {"customer", "rate", "user"}  # words in so many metrics that they say little


def likeness(words: str, spec: Registration) -> float:
    """Return how similar words are to a metric, from 0 to 1."""
    asked = tokens(words)
    return max(_nearness(asked, tokens(phrase)) for phrase in (spec.name, spec.title, *spec.aliases))


def _nearness(asked: tuple[str, ...], phrase: tuple[str, ...]) -> float:
    if asked == phrase:
        return 1.0
    same = [[_same(a, p) for p in phrase] for a in asked]
    best = [*map(max, same), *map(max, zip(*same, strict=True))]
    weights = [0.5 if token in _COMMON else 1.0 for token in (*asked, *phrase)]
    covered = sum(weight * likeness for weight, likeness in zip(weights, best, strict=True))
    if not covered:  # similar spelling alone means nothing, and is slow to compare
        return 0.0
    spelling = difflib.SequenceMatcher(None, " ".join(asked), " ".join(phrase)).ratio()
    return float(0.95 * (0.7 * covered / sum(weights) + 0.3 * spelling))


@lru_cache(maxsize=10_000)  # the same few words occur in every phrase
def _same(one: str, other: str) -> float:
    if one == other:
        return 1.0
    short, long = sorted((len(one), len(other)))
    if short <= 3 or short < 0.6 * long:  # words of such different lengths are never 0.75 alike
        return 0.0
    alike = difflib.SequenceMatcher(None, one, other).ratio()
    return alike if alike >= 0.75 else 0.0


def tokens(words: str) -> tuple[str, ...]:
    """Return the words in lower case and American spelling, without plurals and fillers."""
    spelled = re.sub(r"is(ation|e|ed|ing)\b", r"iz\1", words.lower())
    tokens = re.findall(r"[a-z0-9]+", spelled)
    kept = [t.removesuffix("s") if len(t) > 3 and not t.endswith("ss") else t for t in tokens]
    return tuple(t for t in kept if t not in _FILLERS) or tuple(kept)
