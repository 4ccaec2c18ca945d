"""Check that type checkers take the code of README.md and of the docs: `python tests/typing/pages.py` runs mypy on it.

Each page is one module, in which every line of code stands where it stands on the page. Statements that go through
`df.csm` are passed over, as pandas-stubs take it for a column; so are those that show an error.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from doctest import DocTestParser
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "api").glob("*.md"))]
FIRST_LINE = '# mypy: allow-redefinition, disable-error-code="no-redef"'  # what a page shows next may use a name again


def code(page: str) -> str:
    """Return the Python on a page, in its place, without what shows an error."""
    lines = [FIRST_LINE] + [""] * page.count("\n")
    blocks = [(found.start(1), found[1]) for found in re.finditer(r"^```python\n((?!>>>).*?)^```", page, re.M | re.S)]
    placed = [(page.count("\n", 0, start), source) for start, source in blocks]
    placed += [(e.lineno, e.source) for e in DocTestParser().get_examples(page) if e.exc_msg is None]
    for at, source in placed:
        lines[at : at + source.count("\n")] = source.splitlines()
    return "\n".join(lines)


def statements(source: str) -> dict[int, bool]:
    """Map the lines of the statements to whether they go through an accessor."""
    found: dict[int, bool] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            accessor = any(isinstance(part, ast.Attribute) and part.attr == "csm" for part in ast.walk(node))
            found |= dict.fromkeys(range(node.lineno, (node.end_lineno or node.lineno) + 1), accessor)
    return found


def mistakes(pages: list[Path]) -> tuple[int, list[str]]:
    """Return how many lines were checked, and what mypy says of them."""
    names = {re.sub(r"\W", "_", path.relative_to(ROOT).as_posix()): path for path in pages}
    sources = {name: code(path.read_text("utf-8")) for name, path in names.items()}
    with TemporaryDirectory() as folder:
        for name, source in sources.items():
            Path(folder, f"{name}.py").write_text(source, "utf-8")
        command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", folder]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.stderr or done.returncode > 1:
        raise RuntimeError(done.stdout + done.stderr)
    lines = {name: statements(source) for name, source in sources.items()}
    said = re.findall(r"^.*?(\w+)\.py:(\d+): (.*)$", done.stdout, re.MULTILINE)
    wrong = [
        f"{names[name].relative_to(ROOT) if name in names else name}:{line}: {message}"
        for name, line, message in said
        if not lines.get(name, {}).get(int(line), False)
    ]
    return sum(not accessor for found in lines.values() for accessor in found.values()), wrong


if __name__ == "__main__":
    checked, wrong = mistakes(PAGES)
    print("\n".join([*wrong, f"{checked} lines of code on {len(PAGES)} pages, {len(wrong)} mistakes"]))
    sys.exit(bool(wrong) or not checked)
