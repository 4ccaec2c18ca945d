"""The table of metrics in README.md is made from the catalogue: `python tests/test_readme.py` writes it."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

import csmetrics as csm

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- metrics -->\n", "<!-- /metrics -->"

# The order in which a reader meets them.
FAMILIES = (
    "retention",
    "revenue",
    "value",
    "survey",
    "support",
    "adoption",
    "activity",
    "onboarding",
    "advocacy",
    "health",
)


def table() -> str:
    by_family = sorted(csm.catalog.values(), key=lambda spec: FAMILIES.index(spec.family))
    lines = []
    for family, specs in groupby(by_family, key=lambda spec: spec.family):
        lines += [f"\n### {family.capitalize()}\n", "| metric | what it is | unit |", "|---|---|---|"]
        lines += [f"| `{spec.name}` | {spec.summary.replace('|', chr(92) + '|')} | {spec.unit} |" for spec in specs]
    return "\n".join(lines) + "\n\n"


def parts(text: str) -> tuple[str, str, str]:
    before, _, rest = text.partition(START)
    inside, _, after = rest.partition(END)
    return before, inside, after


def test_the_table_says_what_the_catalogue_says() -> None:
    """A metric missing from the table is not an error here; the checks before a release write the table and compare."""
    _, inside, _ = parts(README.read_text("utf-8"))
    rows, right = inside.splitlines(), set(table().splitlines())
    assert len(rows) > 80
    assert [row for row in rows if row not in right] == [], "run: python tests/test_readme.py"


def test_the_two_commands_stand_alone() -> None:
    lines = README.read_text("utf-8").splitlines()
    for command in ("pip install . && python examples/quickstart.py", 'pip install -e ".[test]" && pytest'):
        at = lines.index(command)
        assert (lines[at - 1], lines[at + 1]) == ("```sh", "```")


def test_the_linked_files_exist() -> None:
    text = README.read_text("utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r'src(?:set)?="([^"]+)"', text)
    assert links
    assert [link for link in links if not (README.parent / link).is_file()] == []


if __name__ == "__main__":
    before, _, after = parts(README.read_text("utf-8"))
    README.write_text(before + START + table() + END + after, "utf-8", newline="\n")
