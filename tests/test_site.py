"""What the site says of builders is what they give: its pages name every builder, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

import csmetrics as csm

from .loading import load

ROOT = Path(__file__).parents[1]
EXTENSIONS = ROOT / "docs" / "_ext"


BESIDE = {"Activity", "RetentionGrid", "activity", "add", "answers_from_export"}  # give no frame of totals


builders = load(EXTENSIONS / "builders.py")


def test_every_builder_is_named() -> None:
    named = {*builders.CODE, *(b for group in (builders.ALIKE, builders.ALSO) for bs in group.values() for b in bs)}
    assert named | BESIDE == set(csm.cohorts.__all__)
    assert set(builders.ALSO) <= set(csm.catalog)


def test_no_line_is_lost_as_a_comment() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("changes/*.md"), *ROOT.glob("docs/**/*.md")]
    texts = {str(page.relative_to(ROOT)): page.read_text("utf-8") for page in pages}
    texts |= {name: getattr(csm, name).__doc__ for name in csm.catalog}
    lost = [f"{name}: {line}" for name, text in texts.items() for line in text.splitlines() if line.lstrip()[:1] == "%"]
    assert lost == [], "Markdown takes a line that begins with % for a comment and leaves it out"


@pytest.mark.full
def test_a_builder_is_named_only_where_it_gives_what_is_needed() -> None:
    assert builders.whole(csm.catalog["nrr"])[0] == "movements_from_subscriptions"
    assert builders.whole(csm.catalog["fcr"]) == ["tickets"]
    assert builders.part(csm.catalog["cac"]) == {"acquisition_cost": [], "new": ["movements_from_subscriptions"]}
    assert builders.part(csm.catalog["closed_loop_rate"]) == {
        "followed_up": [],
        "due": [],
    }  # of `renewals`, another due
    for spec in csm.catalog.values():
        for builder in set(builders.whole(spec)) & set(builders.CODE) - set(builders.ALSO.get(spec.name, ())):
            assert spec.name in builders.gives(builder)
