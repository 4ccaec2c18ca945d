"""Mutation testing of the formulas: change one thing in `csmetrics.core`, and check whether a test fails.

From the root of the repository, on Linux or macOS (it forks)::

    pip install -e ".[test]" cosmic-ray==8.7.0
    python tests/mutation/run.py                       # every module: an hour and a half on one core
    python tests/mutation/run.py retention _numeric    # some of them
    python tests/mutation/run.py --out mutants.tsv     # keep the outcomes; killed mutants are not tried again

Every mutant that cosmic-ray's operators make is tried, except those that cannot change behavior: in docstrings,
annotations and code for type checkers only. The source files are never changed; a mutant exists only in memory.

* One process imports csmetrics, collects the tests, and records which test enters which function.
* For a mutant inside a function it forks. The child replaces the function's code with the mutated code and runs the
  tests that enter it until one fails. Tests that killed other mutants of the function come first. Where a test runs on
  every metric, it runs with one metric first, then with a second and so on, until `PLANNED` seconds are spent.
* A mutant outside of functions (a decorator, a constant, a default), or inside a function that runs while csmetrics is
  imported, gets a child forked before csmetrics was imported, which imports the mutated source.
* A failing test, a crash or a run past the time limit is a kill.

`survivors.txt` beside this file lists the mutants that survive, by the reason why nobody could notice the change. The
run ends with an error if fewer than `AT_LEAST` percent are killed, or if a mutant survives that is not on the list.
"""

from __future__ import annotations

import argparse
import ast
import functools
import gc
import hashlib
import importlib
import importlib.abc
import importlib.util
import logging
import marshal
import os
import pickle
import re
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import cosmic_ray.ast
import cosmic_ray.mutating
import cosmic_ray.plugins
import hypothesis.internal.conjecture.engine
import jsonschema  # noqa: F401 - so that no child has to import it
import numpy  # noqa: F401
import pandas  # noqa: F401
import pyarrow  # noqa: F401
import pydantic  # noqa: F401
import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src" / "csmetrics" / "core"
SURVIVORS = Path(__file__).with_name("survivors.txt")
TESTS = [
    "tests/core",
    "tests/survival/test_curve.py",
    "tests/survival/test_sure.py",
    "tests/accessors/test_cohorts.py",
    "tests/test_errors.py",
]
DECLARED = [
    "tests/core/test_reference.py",
    "tests/catalog/test_document.py",
]  # a mutant that these kill needs no others
PLANNED = 8.0  # seconds after which tests are not repeated with another metric
SECONDS = 60  # time limit: after it, a mutant's tests count as never ending
MEMORY = 4 * 2**30
AT_LEAST = 95.0

Key = tuple[str, int]  # the qualified name and first line of a function


class Mutant(NamedTuple):
    """One change to one module."""

    module: str
    version: str  # of what the module does, without docstrings and the like
    function: str  # the function or class at the top level of the module; empty for other statements
    line: int
    before: str
    after: str
    code: bytes  # the compiled code of the whole module
    changed: frozenset[Key]  # functions whose code changed; empty if the change is outside of functions

    def __str__(self) -> str:
        return f"{self.module}: {self.before}  ->  {self.after}"


# Making mutants


class _Behavior(ast.NodeTransformer):
    """Remove everything that has no effect when the code runs."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._without_docstring(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._without_docstring(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if "TypeAlias" in ast.unparse(node.annotation):
            return None
        node.annotation = ast.Constant("")
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if "TYPE_CHECKING" in ast.unparse(node.test) else self.generic_visit(node)

    def _without_docstring(self, node: Any) -> ast.AST:
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)


class _Outline(_Behavior):
    """Also remove the bodies of functions."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [ast.Pass()]
        return super().visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        node.body = ast.Constant(None)
        return self.generic_visit(node)


def reduced(source: str, take_out: type[ast.NodeTransformer]) -> str:
    return ast.dump(take_out().visit(ast.parse(source)))


def functions(code: CodeType) -> Iterator[tuple[Key, CodeType]]:
    """Return the functions, methods and lambdas of a module, except those inside other functions."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & 1:  # CO_OPTIMIZED: not a class body
                yield (constant.co_qualname, constant.co_firstlineno), constant
            else:
                yield from functions(constant)


def realigned(text: str, mutated: str) -> str:
    """Put back the line break before a number at the start of a line, which cosmic-ray drops."""
    old, new = text.splitlines(), mutated.splitlines()
    if len(new) < len(old):
        at = next(i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
        new[at : at + 1] = [old[at], *[""] * (len(old) - len(new) - 1), new[at].removeprefix(old[at])]
    return "\n".join(new)


def mutants(path: Path) -> Iterator[Mutant]:
    """Make each mutant of a module once, by statement, as parsing the whole module each time would take minutes."""
    operators = [  # all except random ones, and one after which nothing can be imported
        cosmic_ray.plugins.get_operator(name)()
        for name in sorted(cosmic_ray.plugins.operator_names())
        if not name.partition("/")[2].startswith(("Variable", "RemoveDecorator"))
    ]
    source = path.read_text("utf-8")
    version = hashlib.md5(reduced(source, _Behavior).encode()).hexdigest()[:8]
    lines, original = source.splitlines(), dict(functions(compile(source, path, "exec", dont_inherit=True)))
    for statement in ast.parse(source).body:
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
        text = "\n".join(lines[first - 1 : statement.end_lineno])
        known, around = {reduced(text, _Behavior)}, reduced(text, _Outline)
        nodes = list(cosmic_ray.ast.ast_nodes(cosmic_ray.ast.get_ast(text)))
        for operator in operators:
            for occurrence in range(sum(1 for node in nodes for _ in operator.mutation_positions(node))):
                mutated = realigned(text, cosmic_ray.mutating.mutate_code(text, operator, occurrence))
                whole = "\n".join([*lines[: first - 1], mutated, *lines[statement.end_lineno :], ""])
                try:
                    with warnings.catch_warnings(action="ignore"):  # `x is 0`
                        code = compile(whole, path, "exec", dont_inherit=True)
                except SyntaxError:  # a `*` that is not an operator
                    continue
                if (behavior := reduced(mutated, _Behavior)) in known:
                    continue
                known.add(behavior)
                pairs = zip_longest(text.splitlines(), mutated.splitlines())
                line, before, after = next((i, a, b) for i, (a, b) in enumerate(pairs, first) if a != b)
                other = frozenset(key for key, value in functions(code) if original.get(key) != value)
                yield Mutant(
                    module=path.stem,
                    version=version,
                    function=getattr(statement, "name", ""),
                    line=line,
                    before=before.strip(),
                    after=" ".join(after.split()),
                    code=marshal.dumps(code),
                    changed=other if reduced(mutated, _Outline) == around else frozenset(),
                )


def unchanged(path: Path) -> Mutant:
    """Return an unchanged module in the form of a mutant."""
    code = compile(path.read_text("utf-8"), path, "exec", dont_inherit=True)
    return Mutant(path.stem, "", "", 0, "", "", marshal.dumps(code), frozenset(key for key, _ in functions(code)))


# Running tests in a child


def in_child(work: Callable[[], int], seconds: int = SECONDS) -> str:
    """Fork, run the work in the child, and return the outcome: "survived" for 0, "timeout", or "killed"."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        try:
            signal.alarm(seconds)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            os._exit(work())
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        return "timeout"
    return "survived" if status == 0 else "killed"


class Trace(NamedTuple):
    """The functions that each test enters, and how long it takes."""

    entered: dict[str, set[tuple[str, Key]]]
    seconds: dict[str, float]
    failed: list[str]
    inputs: dict[str, int]  # the number of inputs of each metric

    def in_turn(self, tests: Iterable[str]) -> list[str]:
        """Yield each test with one metric, then with a second and so on, until `PLANNED` is spent; fast tests first.

        Metrics with more inputs come before others, because more can go wrong in them.
        """
        metric = re.compile(r"(?<![a-z_])({})(?![a-z_])".format("|".join(self.inputs)))

        def place(test: str) -> tuple[int, bytes]:
            return max((-self.inputs[name] for name in metric.findall(test)), default=0), test.encode()[::-1]

        variants = defaultdict(list)
        for test in sorted(tests, key=place):
            variants[metric.sub("*", test)].append(test)
        order: list[str] = []
        for turn in zip_longest(*variants.values()):
            if sum(self.seconds[test] for test in order) > PLANNED:
                break
            order += sorted(filter(None, turn), key=self.seconds.__getitem__)
        return order

    def entering(self, keys: Iterable[tuple[str, Key]]) -> list[str]:
        wanted = set(keys)
        return self.in_turn(test for test, entered in self.entered.items() if wanted & entered)


class Session:
    """A pytest plugin that runs some of the collected tests, in its own order, until one fails."""

    def __init__(self) -> None:
        self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed

    def passes(self, items: Sequence[pytest.Item]) -> bool:
        for item, following in zip_longest(items, items[1:]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return False
        return True

    def start(self, paths: list[str]) -> bool:
        quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
        return pytest.main(["--full", *quiet, f"--rootdir={ROOT}", *(str(ROOT / path) for path in paths)], [self]) == 0


# Mutants inside of functions


def entered_during(work: Callable[[], Any]) -> set[tuple[str, Key]]:
    found = set()

    def note(frame: Any, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(str(CORE)):
            found.add((Path(code.co_filename).stem, (code.co_qualname, code.co_firstlineno)))

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


class Inside(Session):
    """Run mutants inside functions: the tests stay collected in memory, and each mutant gets a forked child."""

    def __init__(self, modules: list[Path], settled: dict[str, str], store: Path) -> None:
        super().__init__()
        self.modules, self.settled, self.store = modules, settled, store
        self.at_import = entered_during(lambda: importlib.import_module("csmetrics"))

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        print(f"{len(self.items)} tests; which of them enters what", flush=True)
        if in_child(self._trace, seconds=1800) != "survived":
            raise RuntimeError("the tests do not run")
        trace: Trace = pickle.loads(self.store.read_bytes())
        print("left out, as they fail while calls are noted:", *trace.failed or ["none"], flush=True)
        self.store.write_text("", "utf-8")
        self.living = defaultdict(list)
        for function in gc.get_objects():
            if isinstance(function, FunctionType) and function.__code__.co_filename.startswith(str(CORE)):
                code = function.__code__
                self.living[Path(code.co_filename).stem, (code.co_qualname, code.co_firstlineno)].append(function)
        gc.collect()
        gc.freeze()
        every, same = trace.in_turn(trace.entered), [unchanged(path) for path in self.modules]
        if in_child(lambda: self._try(same, every), 10 * SECONDS) != "survived":
            raise RuntimeError("the tests fail without a mutant")
        order, earlier, results = functools.cache(trace.entering), Settled(self.settled), []
        for path in self.modules:
            begin = time.monotonic()
            for mutant in mutants(path):
                keys, outcome = frozenset((mutant.module, key) for key in mutant.changed), earlier(mutant)
                if not outcome and keys and keys <= self.living.keys() - self.at_import:
                    tests = order(keys)
                    outcome = in_child(lambda m=mutant, t=tests: self._try([m], t))
                    if outcome == "killed" and (killer := self.store.read_text("utf-8")) in tests:
                        tests.insert(0, tests.pop(tests.index(killer)))
                    tell(mutant, outcome)
                results.append((mutant, outcome))
            outcomes = Counter(outcome or "outside" for mutant, outcome in results if mutant.module == path.stem)
            print(f"{path.stem}: {dict(outcomes)}, {time.monotonic() - begin:.0f} s", flush=True)
        self.store.write_bytes(pickle.dumps((trace, results)))
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        super().pytest_runtest_logreport(report)
        if report.failed:
            self.store.write_text(report.nodeid, "utf-8")

    def _trace(self) -> int:
        registry = sys.modules["csmetrics.core._registry"].REGISTRY
        trace = Trace({}, {}, [], {name: len(spec.inputs) for name, spec in registry.items()})
        for name, item in self.items.items():
            begin = time.perf_counter()
            entered = entered_during(lambda item=item: self.passes([item]))
            if self.failed:  # it measures time or memory
                self.failed = False
                trace.failed.append(name)
            else:
                trace.entered[name], trace.seconds[name] = entered, time.perf_counter() - begin
        self.store.write_bytes(pickle.dumps(trace))
        return 0

    def _try(self, some: list[Mutant], tests: list[str]) -> int:
        for mutant in some:
            for key, code in functions(marshal.loads(mutant.code)):
                if key in mutant.changed:
                    for function in self.living[mutant.module, key]:
                        function.__code__ = code
        return int(not self.passes([self.items[test] for test in tests]))


# Mutants outside of functions


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """An importer that loads one module with mutated code."""

    def __init__(self, mutant: Mutant) -> None:
        self.name, self.path = f"csmetrics.core.{mutant.module}", CORE / f"{mutant.module}.py"
        self.code = marshal.loads(mutant.code)

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def exec_module(self, module: Any) -> None:
        exec(self.code, vars(module))


class Outside(Session):
    """Run one mutant outside of functions, imported by a child of its own."""

    def __init__(self, mutant: Mutant, trace: Trace) -> None:
        super().__init__()
        self.mutant, self.trace = mutant, trace

    def run(self, paths: list[str]) -> int:
        sys.meta_path.insert(0, Finder(self.mutant))
        return int(not self.start(paths) or self.failed)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        module, name, entered = self.mutant.module, self.mutant.function, self.trace.entered
        if not any((module, name) == (m, key[0]) for keys in entered.values() for m, key in keys):
            name = ""  # a class or a decorator: use all tests that enter the module

        def concerns(test: str) -> bool:
            if test not in entered:  # one of `DECLARED`
                return name in test
            tops = {key[0].partition(".")[0] for m, key in entered[test] if m == module}
            return f"[{name}]" in test or f"[{name}-" in test or name in tops or (not name and bool(tops))

        items = {item.nodeid: item for item in session.items if item.nodeid not in self.trace.failed}
        tests = list(filter(concerns, items))
        first = [test for test in tests if test not in entered]
        self.passes([items[test] for test in [*first, *self.trace.in_turn(entered.keys() & tests)]])
        return True


# All together


class Settled:
    """Mutants killed by an earlier run. They stay killed while their module is unchanged and tests are only added."""

    def __init__(self, outcomes: dict[str, str]) -> None:
        self.outcomes, self.seen = outcomes, Counter[str]()

    def name(self, mutant: Mutant) -> str:
        """Return a name that tells equal changes of equal lines apart by their order."""
        name = f"{mutant.version}\t{mutant.function}\t{mutant}"
        self.seen[name] += 1
        return f"{self.seen[name]}\t{name}"

    def __call__(self, mutant: Mutant) -> str:
        outcome = self.outcomes.get(self.name(mutant), "")
        return "" if outcome == "survived" else outcome


def tell(mutant: Mutant, outcome: str) -> None:
    if outcome != "killed":
        print(f"{outcome}, line {mutant.line} of {mutant}", flush=True)


def run(modules: list[Path], settled: dict[str, str], save: Callable[[Any], None]) -> list[tuple[Mutant, str]]:
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        child = os.fork()
        if not child:
            os._exit(int(not Inside(modules, settled, store).start(TESTS)))
        if os.waitpid(child, 0)[1]:
            raise RuntimeError("the tests did not run")
        trace, results = pickle.loads(store.read_bytes())
    save(results)
    if in_child(lambda: Outside(unchanged(modules[0]), trace).run(TESTS), 5 * SECONDS) != "survived":
        raise RuntimeError("the tests fail without a mutant")
    out, begin = [], time.monotonic()
    for mutant, outcome in results:
        if not outcome:
            outcome = in_child(lambda m=mutant: Outside(m, trace).run(DECLARED))
            if outcome == "survived":
                outcome = in_child(lambda m=mutant: Outside(m, trace).run(TESTS), 5 * SECONDS)
            tell(mutant, outcome)
        out.append((mutant, outcome))
    print(f"outside of functions: {time.monotonic() - begin:.0f} s\n")
    return out


def report(results: list[tuple[Mutant, str]]) -> bool:
    """Print the table; return whether enough mutants are killed and every survivor is explained."""
    explained = set(SURVIVORS.read_text("utf-8").splitlines())
    modules = dict.fromkeys(mutant.module for mutant, _ in results)
    alive = [mutant for mutant, outcome in results if outcome == "survived"]
    print("| module | mutants | killed | survived | killed, % | of those not equivalent, % |")
    print("|---|---:|---:|---:|---:|---:|")
    for some, name in [*(({module}, f"`{module}`") for module in modules), (set(modules), "all")]:
        count = sum(mutant.module in some for mutant, _ in results)
        left = [mutant for mutant in alive if mutant.module in some]
        killed, others = count - len(left), count - sum(str(mutant) in explained for mutant in left)
        shares = f"{100 * killed / count:.1f} | {100 * killed / others:.1f}"
        print(f"| {name} | {count} | {killed} | {len(left)} | {shares} |")
    unexplained = [mutant for mutant in alive if str(mutant) not in explained]
    print("\nSurvivors that the list does not hold:", *(unexplained or ["none"]), sep="\n")
    return not unexplained and 100 * (len(results) - len(alive)) >= AT_LEAST * len(results)


def main() -> None:
    parser = argparse.ArgumentParser(description="Mutation testing of csmetrics.core.")
    parser.add_argument("modules", nargs="*", help="names of modules, such as retention; all where none is given")
    parser.add_argument("--out", type=Path, help="a file for what became of each; what it says is killed is not tried")
    chosen = parser.parse_args()
    logging.disable(logging.INFO)
    sys.path.insert(0, str(ROOT / "src"))
    os.environ["PYTHONPATH"] = str(ROOT / "src")  # for tests that start another Python
    hypothesis.internal.conjecture.engine.MAX_SHRINKS = 0  # it is enough that a test fails
    settled: dict[str, str] = {}
    if chosen.out and chosen.out.exists():
        for line in chosen.out.read_text("utf-8").splitlines():
            outcome, _, name = line.partition("\t")
            settled[name] = outcome
    modules = [path for path in sorted(CORE.glob("*.py")) if not chosen.modules or path.stem in chosen.modules]

    def save(results: list[tuple[Mutant, str]]) -> None:
        if chosen.out:
            name = Settled({}).name
            chosen.out.write_text("".join(f"{outcome}\t{name(mutant)}\n" for mutant, outcome in results), "utf-8")

    results = run(modules, settled, save)
    save(results)
    sys.exit(0 if report(results) else 1)


if __name__ == "__main__":
    main()
