"""Find metrics by name, title, other words for them, and the questions that they answer."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import lru_cache

from csmetrics._catalog.asking import Questions, is_question, spelled
from csmetrics.core._registry import Registration

LONGEST = 200  # at most so many letters are searched for
_LEAST = 0.5  # what is less alike is not found
_FILLERS = {"the", "of", "a", "an", "by", "to", "for", "our", "per", "number", "is", "are", "do", "does"}
_COMMON = {"customer", "rate", "user"}  # words in so many metrics that they say little


def search(words: str, metrics: Iterable[Registration]) -> list[str]:
    """Return the names of the metrics that words ask for, the best first; equally good ones in their order.

    A question is compared with the questions that metrics answer, too; other words only where no name is like them.
    """
    specs, asked = tuple(metrics), tokens(words)
    scores = {spec.name: likeness(asked, spec) for spec in specs}
    if is_question(words) or max(scores.values()) < _LEAST:
        questions = Questions(specs)
        telling = questions.asked(words)
        if not is_question(words) and 2 * len(questions.unknown(telling)) >= len(telling):
            return []
        scores = {
            spec.name: max(scores[spec.name], questions.likeness(telling, spec), _named(words, spec)) for spec in specs
        }
    return sorted((name for name, score in scores.items() if score >= _LEAST), key=scores.__getitem__, reverse=True)


def likeness(asked: tuple[str, ...], spec: Registration) -> float:
    """Return how similar words are to the names of a metric, from 0 to 1."""
    return max(_nearness(asked, tokens(phrase)) for phrase in (spec.name, spec.title, *spec.aliases))


def _named(words: str, spec: Registration) -> float:
    """Return how fully a question names a metric by a name with an abbreviation in it, such as NPS or CAC payback."""
    asked = f" {' '.join(tokens(words))} "
    names = (tokens(name) for name in (*spec.aliases, spec.title) if re.search(r"[A-Z]{3}", name))
    return max((0.9 + min(len(name), 9) / 100 for name in names if f" {' '.join(name)} " in asked), default=0.0)


def _nearness(asked: tuple[str, ...], phrase: tuple[str, ...]) -> float:
    if asked == phrase:
        return 1.0
    same = [[_same(a, p) for p in phrase] for a in asked]
    best = [*map(max, same), *map(max, zip(*same, strict=True))]
    weights = [0.5 if token in _COMMON else 1.0 for token in (*asked, *phrase)]
    covers = [weight * likeness for weight, likeness in zip(weights, best, strict=True)]
    covered = sum(covers)
    if not covered:  # similar spelling alone means nothing, and is slow to compare
        return 0.0
    if len(asked) == 2 and 0.0 in best[:2] and 0.0 in best[2:]:  # "burn multiple" is no "margin multiple"
        return 0.0
    spelling = difflib.SequenceMatcher(None, " ".join(asked), " ".join(phrase)).ratio()
    return float(0.95 * (0.7 * covered / sum(weights) + 0.3 * spelling))


@lru_cache(maxsize=10_000)  # the same few words occur in every phrase
def _same(one: str, other: str) -> float:
    if one == other:
        return 1.0
    short, long = sorted((len(one), len(other)))
    if short >= 7 and one[: short - 1] == other[: short - 1]:  # priority, prioritization
        return 0.9
    if short <= 3 or short < 0.6 * long:  # words of such different lengths are never 0.75 alike
        return 0.0
    if short == 4 and one[0] != other[0]:  # as in CSAT and seat
        return 0.0
    alike = difflib.SequenceMatcher(None, one, other).ratio()
    return alike if alike >= 0.75 else 0.0


@lru_cache(maxsize=2_000)
def tokens(words: str) -> tuple[str, ...]:
    """Return the words in lower case and American spelling, without plurals and fillers."""
    found = spelled(words)
    kept = [t.removesuffix("s") if len(t) > 3 and not t.endswith("ss") else t for t in found]
    return tuple(t for t in kept if t not in _FILLERS) or tuple(kept)
