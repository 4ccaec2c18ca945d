"""Which module may import which, where division happens, and whether every metric declares everything."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Set
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import csmetrics as csm
from csmetrics.core._registry import REGISTRY

SOURCE = Path(csm.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
names = pytest.mark.parametrize("name", REGISTRY)

# The rooms, floor by floor: a module imports from floors below its own, or from its own floor without a circle
FLOORS = (
    ("errors",),
    ("core",),
    ("_frames", "_catalog", "datasets"),
    ("_explain", "_statistics", "survival", "cohorts", "health"),
    ("_accessors",),
    ("testing", "plotting", "_report"),
    ("__init__", "__main__"),
)
DOOR = (
    "csmetrics.core._door"  # the one module that names a room above it, for `.plot`; it loads it when it is asked for
)
HEAVY = ("pydantic", "narwhals", "scipy", "matplotlib", "polars", "pyarrow", "duckdb", "jinja2", "xlsxwriter")


def room(module: str) -> str:
    """Return the room of ``csmetrics.core._kinds``: ``core``."""
    return module.split(".")[1] if "." in module else "__init__"


def floor(module: str) -> int:
    """Return the floor of a module; StopIteration for a room that has none yet."""
    return next(i for i, rooms in enumerate(FLOORS) if room(module) in rooms)


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {module_name(path) for path in MODULES}


@cache
def imports(path: Path) -> list[tuple[str, bool]]:
    """Yield each import of a module as an absolute name, and whether it runs when the module is imported."""
    tree = ast.parse(path.read_text("utf-8"))
    later = {id(n) for f in ast.walk(tree) if isinstance(f, (ast.FunctionDef, ast.Lambda)) for n in ast.walk(f)}
    typing = {
        id(n)
        for i in ast.walk(tree)
        if isinstance(i, ast.If) and "TYPE_CHECKING" in ast.unparse(i.test)
        for part in i.body
        for n in ast.walk(part)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in typing:
            continue
        at_once = id(node) not in later
        if isinstance(node, ast.Import):
            found += [(alias.name, at_once) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            base = node.module or ""
            package = (SOURCE.parent / base.replace(".", "/")).is_dir()
            found += [(f"{base}.{alias.name}" if package else base, at_once) for alias in node.names]
    return found


@cache
def own_imports(path: Path) -> frozenset[str]:
    """Return the modules of csmetrics that a module imports, at once or later."""
    found = {imported for imported, _ in imports(path) if imported.split(".")[0] == "csmetrics"}
    return frozenset(name if name in NAMES else name.rpartition(".")[0] for name in found) - {module_name(path)}


def circle(arrows: Mapping[str, Set[str]]) -> list[str]:
    """Return a circle of imports; empty where there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_run_down(path: Path) -> None:
    own = module_name(path)
    for imported in own_imports(path):
        assert floor(imported) <= floor(own), f"{own} imports {imported}"


def test_no_module_imports_itself_on_the_way() -> None:
    assert circle({module_name(path): own_imports(path) for path in MODULES}) == []


def test_no_room_imports_itself_on_the_way() -> None:
    arrows: dict[str, set[str]] = {}
    for path in MODULES:
        own = room(module_name(path))
        arrows.setdefault(own, set()).update({room(name) for name in own_imports(path)} - {own})
    assert circle(arrows) == []
    assert arrows["_accessors"] >= {"_frames", "core"}  # arrows are seen


def test_one_door_leads_up() -> None:
    """No other module loads a module by a name that it holds."""
    from csmetrics.core import _door

    assert _door.PLOTTING == "csmetrics.plotting"
    by_name = {module_name(path) for path in MODULES if "import_module" in path.read_text("utf-8")}
    assert by_name == {DOOR, "csmetrics.core._surface"}  # which finds a module's own names


def test_the_floors_are_seen() -> None:
    """The tests above read what is there: core stands on errors, the package on all."""
    assert len(MODULES) > 20
    assert own_imports(SOURCE / "core/retention.py") >= {"csmetrics.core._numeric"}
    assert "csmetrics.errors" in own_imports(SOURCE / "core/_kinds.py")
    assert floor("csmetrics.errors") < floor("csmetrics.core.x") < floor("csmetrics._accessors.x") < floor("csmetrics")
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) != []
    assert circle({"a": {"b"}, "b": {"c"}}) == []
    with pytest.raises(StopIteration):
        floor("csmetrics.unheard_of")


def test_only_the_package_itself_stands_at_the_root() -> None:
    loose = [p.stem for p in SOURCE.glob("_*.py") if not p.stem.startswith("__")]
    assert loose == []


@pytest.mark.parametrize("path", sorted((SOURCE / "core").glob("*.py")), ids=module_name)
def test_core_knows_nobody_above_it(path: Path) -> None:
    known = {"csmetrics", "numpy", "pandas", "__future__", *sys.stdlib_module_names}
    for imported, _ in imports(path):
        assert imported.split(".")[0] in known
        if imported.startswith("csmetrics"):
            assert re.match(r"csmetrics\.(errors|core)\b", imported)


MODELS = (  # loaded when first asked for
    "_catalog.spec",
    "_catalog.document",
    "_catalog.models",
    "_catalog.compute",
    "health.score",
)


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_extras_are_imported_where_they_are_used(path: Path) -> None:
    for imported, at_once in imports(path):
        top = imported.split(".")[0]
        if top in HEAVY:
            models = top == "pydantic" and module_name(path).removeprefix("csmetrics.") in MODELS
            drawn = (
                top == "matplotlib" and room(module_name(path)) == "plotting"
            )  # which is loaded when a plot is drawn
            assert models or drawn or not at_once, f"{module_name(path)} imports {imported} at once"


def test_importing_csmetrics_is_light() -> None:
    lazy = [
        "pydantic",
        "narwhals",
        "scipy",
        "matplotlib",
        "csmetrics._catalog.catalog",
        "csmetrics.health",
        "csmetrics.datasets",
        "csmetrics.plotting",
        "csmetrics.testing",
        "csmetrics._explain.explain",
        "csmetrics._statistics.interval",
    ]
    code = (
        "import sys, pandas; before = set(sys.modules)\n"
        "import csmetrics; new = set(sys.modules) - before\n"
        f"print(sorted(set({lazy}) & new), 'csmetrics.core.retention' in new)\n"
        "csmetrics.catalog['nrr'], csmetrics.HealthScore, csmetrics.datasets\n"
        "print('csmetrics._catalog.catalog' in sys.modules, 'csmetrics.health' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[] True\nTrue True\n", "")


# Division


DIVIDERS = {"divide", "true_divide", "floor_divide", "truediv", "rtruediv", "div", "rdiv", "mean", "nanmean", "average"}


def divisions(text: str) -> list[int]:
    """Return the lines of a module that divide or take a mean."""
    found = []
    for node in ast.walk(ast.parse(text)):
        by_sign = isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div)
        by_name = isinstance(node, ast.Attribute) and node.attr in DIVIDERS
        by_power = (
            isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Pow) and "-1" in ast.unparse(node)
        )
        if by_sign or by_name or by_power:
            found.append(node.lineno)
    return sorted(set(found))


# None of these computes a metric: they draw made-up data, compare words, compute wrong figures on purpose, say how
# sure a figure is, or find the place of things in a plot
MAY_DIVIDE = {
    *(module_name(path) for path in (SOURCE / "_statistics").glob("*.py")),
    "csmetrics.datasets._customers",
    "csmetrics.datasets._tables",
    "csmetrics.datasets._totals",
    "csmetrics._catalog.asking",
    "csmetrics._catalog.drawn_rows",
    "csmetrics._catalog.formula",
    "csmetrics._catalog.search",
    "csmetrics._report.pictures",
    "csmetrics.plotting._canvas",
    "csmetrics.plotting._money",
    "csmetrics.plotting._retention",
    "csmetrics.plotting._scorecard",
    "csmetrics.plotting._answers",
    "csmetrics.testing._causes",
    "csmetrics.testing._mistakes",
    "csmetrics.testing._verify",
    "csmetrics.testing._verify_frame",
    "csmetrics.testing.strategies",
}
OUTSIDE = [p for p in MODULES if p.parent.name != "core" and module_name(p) not in MAY_DIVIDE]


@pytest.mark.parametrize("path", OUTSIDE, ids=module_name)
def test_only_core_divides(path: Path) -> None:
    assert divisions(path.read_text("utf-8")) == []


def test_divisions_are_seen() -> None:
    for line in ("a / b", "a /= b", "np.divide(a, b)", "frame.a.div(b)", "frame.mean()", "np.average(a)", "a * b**-1"):
        assert divisions(f"x = 1\n{line}\n") == [2], line
    assert divisions("a // b; divmod(a, b); a * b; 'a / b'") == []
    assert divisions((SOURCE / "core/_numeric.py").read_text("utf-8"))


# Every metric declares everything


def sections(name: str) -> dict[str, str]:
    head, *rest = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.getdoc(getattr(csm, name)) or "", flags=re.MULTILINE)
    return {"": head, **dict(zip(rest[::2], rest[1::2], strict=True))}


@names
def test_docstring(name: str) -> None:
    found = sections(name)
    wanted = ["", "Parameters", "Returns", "Raises", "See Also", "Notes", "References", "Examples"]
    assert list(found) == wanted
    assert all(text.strip() for text in found.values())
    summary = found[""].partition("\n\n")[0]
    assert summary.endswith(".")
    assert ".. math::" in found[""]
    assert "Other definitions in use:\n\n* " in found["Notes"]
    assert "Pitfalls:\n\n* " in found["Notes"]
    assert re.match(r"\.\. \[1\] \S", found["References"])
    assert f">>> {name}(" in found["Examples"] or f"{name}(" in found["Examples"].split(">>>", 1)[1]


@names
def test_docstring_names_every_argument(name: str) -> None:
    documented = re.findall(r"^(\w+(?:, \w+)*)\n    \S", sections(name)["Parameters"], flags=re.MULTILINE)
    arguments = [argument for line in documented for argument in line.split(", ")]
    assert arguments == list(inspect.signature(getattr(csm, name)).parameters)


@names
def test_docstring_names_every_error(name: str) -> None:
    raises = sections(name)["Raises"]
    assert "MetricInputError\n" in raises
    spec = REGISTRY[name]
    undefined = bool(spec.base) and "undefined" in spec.options
    assert ("UndefinedMetricError\n" in raises) == undefined
    assert ('undefined="raise"' in raises) == undefined


@names
def test_see_also_leads_somewhere(name: str) -> None:
    others = re.split(r",\s+", sections(name)["See Also"].strip())
    assert name not in others
    assert [other for other in others if other not in REGISTRY] == []


@names
def test_words_in_backticks_are_arguments_or_metrics(name: str) -> None:
    text = inspect.getdoc(getattr(csm, name)) or ""
    inputs = {n for spec in REGISTRY.values() for n in (*spec.inputs, *spec.options)}
    known = {*REGISTRY, *inputs, *csm.HealthScore.model_fields}
    words = re.findall(r"(?<![`:])`([a-z_]+)`(?!`)", text)
    assert [word for word in words if word not in known] == []


@names
def test_the_catalogue_reads_the_docstring(name: str) -> None:
    spec = csm.catalog[name]
    assert spec.summary
    assert spec.formula
    assert spec.rivals
    assert spec.pitfalls
    assert spec.references
    assert all(given.meaning for given in spec.inputs.values())
    assert spec.family == Path(inspect.getfile(spec.function)).stem


def test_an_alias_means_at_most_two_metrics() -> None:
    meant = Counter(alias.casefold() for spec in REGISTRY.values() for alias in {*spec.aliases})
    assert {alias: n for alias, n in meant.items() if n > 2} == {}
    assert all(len(set(spec.aliases)) == len(spec.aliases) >= 1 for spec in REGISTRY.values())
    assert all(alias == alias.strip() != "" for alias in meant)


def test_no_alias_is_the_name_of_another_metric() -> None:
    for spec in REGISTRY.values():
        taken = {alias.casefold().replace(" ", "_") for alias in spec.aliases} & set(REGISTRY)
        assert taken <= {spec.name}
