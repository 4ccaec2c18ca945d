"""The words that exports, dashboards and people use for the formulas' inputs."""

from __future__ import annotations

import re

# Words that mean the same; the formulas use the first of each line
SYNONYMS = {
    word: line.split()[0]
    for line in (
        "start opening beginning begin open initial starting previous prior before old",
        "end closing ending close final now current this after",
        "lost churned churn cancelled canceled cancellation cancellations gone left",
        "contraction downgrade downgrades downgraded downsell",
        "expansion upgrade upgrades upsell upsells",
        "new acquired joined won added",
        "mrr revenue recurring",
        "cost spend expense expenses",
        "clv ltv",
        "customer account client subscriber user",
        "invited sent delivered asked",
        "response received answer answered reply replie respondent",
        "repeat further",
        "ticket case issue conversation",
        "dau daily",
        "mau monthly",
    )
    for word in line.split()
}

# Words that distinguish one quantity from another, whatever the rest of the name says
TELLING = {"start", "end", "new", "lost", "expansion", "contraction", "reactivated", "reactivation", "invited"}
TELLING |= {"average", "avg", "mean", "arr", "annual", "yearly"}


def words(name: str) -> set[str]:
    """Return the words of a name as the formulas would say them: ``opening_revenue`` is start and mrr."""
    found = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    return {SYNONYMS.get(word, SYNONYMS.get(word.removesuffix("s"), word.removesuffix("s"))) for word in found}


def same_quantity(argument: str, name: str) -> bool:
    """Check whether a name has all words of an argument and none that means another quantity."""
    asked, found = words(argument), words(name)
    return bool(asked) and asked <= found and not (found - asked) & (TELLING | {"mrr"})
