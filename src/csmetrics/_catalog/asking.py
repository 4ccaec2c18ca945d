"""Compare a question in a person's words with the questions that metrics answer."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache
from math import log, sqrt
from typing import Final

from csmetrics._catalog.once import once
from csmetrics.core._registry import Registration


def _each(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Words of any question, which say nothing of what is asked
FILLERS: Final = _each(
    """
    a about after again all am an and any are as at be been before being but by can could did do does done each
    enough every for from get gets getting go goes good got had has have how i if in into is it its just made
    make many me might more most much my next number of on one or our ours out over people percent person rate
    share should so some soon tell than that the their them then there these they thing this those to too up us
    very was we well were what when where whether which while who whom whose why will with would you your
    """
)
_ASKING: Final = _each(
    """
    are can could did do does had has have how is should was were what when where whether which who whom whose
    why will would
    """
)
# Words that mean the same to the person who asks
_ALIKE: Final = (
    "customer client account",
    "subscription plan contract",
    "leave leaving left quit lose losing lost loss churn cancel cancellation gone attrition",
    "keep kept keeping stay stayed retain retained retention remain",
    "happy satisfied satisfaction unhappy glad delighted content pleased like love",
    "revenue money income dollar turnover",
    "fast quick slow speed long time duration",
    "answer answered reply respond response",
    "solve resolve resolution resolved fix fixed solution",
    "cost expensive spend spent spending price",
    "buy bought purchase order ordered",
    "issue problem ticket case complaint complain",
    "recommend recommendation",
    "return returning back",
    "often frequently frequency frequent",
    "refer referral referred referring friend colleague",
    "use used usage using",
    "grow grew growth growing",
    "easy effort ease effortless",
    "difficult hard",
    "onboarding onboard setup implementation launch live",
    "risk danger endangered",
    "worth value valuable",
    "finish complete completion completed",
    "pay paid paying payment",
    "win won acquire acquisition acquired",
    "trial visitor lead",
    "monthly month",
    "annual annually yearly year",
    "downgrade downgrading contraction less",
    "upsell upgrade expansion expand cross",
    "positive negative mood sentiment say",
    "goal outcome",
    "seat license licence",
    "healthy health",
)


def spelled(words: str) -> list[str]:
    """Return the words in lower case and American spelling."""
    return re.findall(r"[a-z0-9]+", re.sub(r"is(ation|e|ed|ing)\b", r"iz\1", words.lower()))


def is_question(words: str) -> bool:
    """Check whether words are a question and not the name of something."""
    return not _ASKING.isdisjoint(spelled(words))


class Questions:
    """The questions that metrics answer, and how much each word in them tells.

    Parameters
    ----------
    metrics
        The metrics that may be asked for.
    """

    def __init__(self, metrics: Sequence[Registration]) -> None:
        self._in = Counter(word for spec in metrics for word in _vocabulary(spec))
        self._all = len(metrics)
        self._spellings = {word for spec in metrics for phrase in phrases(spec) for word in spelled(phrase)}

    def asked(self, words: str) -> frozenset[str]:
        """Return the telling words of a question; a misspelt one becomes the word it is most like."""
        return frozenset().union(*(telling(self._known(word)) for word in spelled(words)))

    def unknown(self, asked: frozenset[str]) -> frozenset[str]:
        """Return the words that no metric has."""
        return asked - self._in.keys()

    def likeness(self, asked: frozenset[str], spec: Registration) -> float:
        """Return how well a metric answers what is asked, from 0 to 1."""
        total = self._weight(asked)
        if not total:
            return 0.0
        questions = [telling(question) for question in spec.questions]
        if asked in questions:
            return 1.0
        best = max((2 * self._weight(asked & q) / (total + self._weight(q)) for q in questions), default=0.0)
        known = self._weight(asked & _vocabulary(spec)) / total
        return 0.95 * sqrt(0.5 * best + 0.5 * known)

    def _weight(self, words: Collection[str]) -> float:
        """Add up what words tell: the fewer metrics have a word, the more; a word that none has, a little."""
        return sum(log(1 + self._all / self._in[word]) if word in self._in else 1.0 for word in words)

    def _known(self, word: str) -> str:
        if word in FILLERS or len(word) <= 3 or telling(word) <= self._in.keys():
            return word
        return next(iter(difflib.get_close_matches(word, self._spellings, n=1, cutoff=0.85)), word)


@once
def _vocabulary(spec: Registration) -> frozenset[str]:
    """Collect the words of a metric: those of its questions, its names and its summary."""
    return frozenset().union(*map(telling, phrases(spec)))


def phrases(spec: Registration) -> tuple[str, ...]:
    """Return the questions, names and summary of a metric."""
    summary = (spec.function.__doc__ or "").partition("\n\n")[0]
    return (*spec.questions, spec.title, *spec.aliases, summary)


@lru_cache(maxsize=2_000)
def telling(words: str) -> frozenset[str]:
    """Return the words that say something, each as its stem or as the first of the words that mean the same."""
    kept = (word for word in spelled(words) if word not in FILLERS)
    return frozenset(SAME.get(word) or SAME.get(_stem(word)) or _stem(word) for word in kept)


def _stem(word: str) -> str:
    """Cut off the endings of plurals and verbs."""
    for ending in ("ations", "ation", "ings", "ing", "ies", "ers", "ed", "es", "ly", "er", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            stem = word.removesuffix(ending)
            return stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "ls" else stem
    return word


SAME: Final = {form: group.split()[0] for group in _ALIKE for word in group.split() for form in (word, _stem(word))}
