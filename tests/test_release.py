"""What a release says of itself: one version everywhere, and a line for each change in a form that towncrier reads."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import csmetrics as csm

TOP = Path(__file__).parents[1]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))


def test_the_citation_names_the_version() -> None:
    cited = re.search(r"^version: (.+)$", (TOP / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    assert cited is not None
    assert cited[1] == csm.__version__


def test_each_change_is_of_a_kind_that_the_changelog_has() -> None:
    kinds = {kind["directory"] for kind in PROJECT["tool"]["towncrier"]["type"]}
    changes = [path.name for path in (TOP / "changes").iterdir() if path.name != "README.md"]
    assert [name for name in changes if not re.fullmatch(rf"\+[a-z0-9-]+\.({'|'.join(kinds)})\.md", name)] == []


def test_the_page_of_versions_says_what_the_package_declares() -> None:
    """The lowest versions stand in pyproject.toml, in the constraints of the checks, and on the page."""
    page = (TOP / "docs/versions.md").read_text("utf-8")
    rows = [row.split(" | ") for row in re.findall(r"^\| (.+) \|$", page, re.MULTILINE)]
    lowest_of = {name.casefold(): row[1] for row in rows for name in re.findall(r"\w+", row[0].split(" (")[0])}
    declared = PROJECT["project"]["dependencies"] + [
        needed
        for extra in ("engines", "stats", "plot", "report", "cli")
        for needed in PROJECT["project"]["optional-dependencies"][extra]
    ]
    for needed in declared:
        name, lowest = needed.split(">=")
        assert lowest in lowest_of[name.casefold()], needed
    assert PROJECT["project"]["requires-python"] == ">=3.11"
    assert "| Python | 3.11 |" in page
