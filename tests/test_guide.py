"""The guide's drawings: made from the rows of its examples, complete, and consistent with the frames beside them."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .loading import load

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "cohorts.md").read_text("utf-8")
CALLS = re.findall(r"^```\{drawing\} (.+)$", PAGE, flags=re.MULTILINE)


timelines = load(DOCS / "_ext" / "timelines.py")


def texts(call: str, kind: str = "") -> list[str]:
    root = ElementTree.fromstring(timelines.draw(call, PAGE).svg())
    return [element.text or "" for element in root.iter("text") if kind in element.get("class", "")]


def test_every_kind_of_drawing_is_on_the_page() -> None:
    assert {call.partition("(")[0] for call in CALLS} == set(timelines.DRAWINGS)


@pytest.mark.parametrize("call", CALLS)
def test_a_drawing_is_whole_and_says_what_it_shows(call: str) -> None:
    svg = timelines.draw(call, PAGE).svg()
    assert svg == timelines.draw(call, PAGE).svg()
    root = ElementTree.fromstring(svg)
    width, height = (float(x) for x in root.get("viewBox", "").split()[2:])
    for element in root.iter():
        for x in ("x", "x1", "x2", "cx"):
            assert 0 <= float(element.get(x, 0)) <= width
        for y in ("y", "y1", "y2", "cy"):
            assert 0 <= float(element.get(y, 0)) <= height
    words = root.get("aria-label", "")
    assert root.get("role") == "img"
    assert len(words) > 100
    assert all(name in words for name in ("ann", "bob", "cid", "dee") if f">{name}<" in svg)
    assert not re.search(r"nan|NaT|None", svg.replace("Name", ""))


def test_labels_are_the_figures_of_the_frame() -> None:
    moves = timelines.examples(PAGE)["moves"]
    found = texts('subscriptions(ledger, moves, as_of="2026-05-10")')
    for word, column in {"new": "new", "lost": "lost", "reactivated": "reactivated"}.items():
        assert sum(text.startswith(f"{word} ") for text in found) == moves[column].sum()
    amounts = [int(text.split("+")[1]) for text in found if text.startswith("expansion")]
    assert sum(amounts) == moves["expansion_mrr"].sum()

    life = timelines.examples(PAGE)["life"]
    found = texts('stages(events, life, as_of="2026-04-20")')
    for column, word in {"new_users": "new", "dormant": "dormant", "resurrected": "resurrected"}.items():
        assert found.count(word) == life[column].sum()


AT_ODDS = [
    'subscriptions(ledger, moves + 1, as_of="2026-05-10")',
    'subscriptions(ledger.iloc[1:], moves, as_of="2026-05-10")',
    "snapshots(lists, monthly + 1)",
    'retained(events.iloc[1:], grid, as_of="2026-04-20")',
    "trailing(visits, daily + 1)",
    'stages(events, life + 1, as_of="2026-04-20")',
    "scale(answers, opinion + 1)",
    "waits(cases, support + 1)",
    'journeys(starts, begun + 1, as_of="2026-03-31")',
    "uses(clicks, could, adopted + 1)",
]


@pytest.mark.parametrize("call", AT_ODDS)
def test_a_drawing_at_odds_with_its_frame_is_refused(call: str) -> None:
    with pytest.raises(ValueError, match=r"add up to|are not those of the frame"):
        timelines.draw(call, PAGE)
