"""The two forms of a test run: the short one of every day, and with ``--full`` the long one of the checks."""

from __future__ import annotations

import gc
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

# What a test draws that does not say how much (tests/drawn.py); every run draws the same
settings.register_profile(
    "full",
    max_examples=50,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],  # explaining a failure takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("third", parent=settings.get_profile("full"), max_examples=16)
settings.register_profile("quick", parent=settings.get_profile("full"), max_examples=10)

SHORT = "Short form: without Spark, a fifth of the drawn examples, samples of the pairings. All of it: pytest --full"
WORKERS = 4  # at most, as each of them loads pandas and every engine
DOT = 50  # tests that pass for one dot, where workers run them

CACHED = type(cache(len))

passed = count(1)

os.environ.setdefault("MPLBACKEND", "Agg")  # plots open no window


@pytest.fixture(autouse=True)
def no_figure_stays_open() -> Iterator[None]:
    """Close the figures of a test, or of an example."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--full`` and ``--rest``."""
    parser.addoption("--full", action="store_true", help="run the long form: every example, engine and pairing")
    parser.addoption(
        "--rest", action="store_true", help="run what the short form leaves out, with a third of the examples"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose how much is drawn."""
    config.option.full = config.option.full or config.option.rest
    settings.load_profile("third" if config.option.rest else "full" if config.option.full else "quick")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads them
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run the whole suite on all cores, if pytest-xdist is there; a part that is named runs in this process.

    Pictures are compared, if pytest-mpl is there.
    """
    if config.pluginmanager.hasplugin("mpl"):
        config.option.mpl = True
    if not config.pluginmanager.hasplugin("xdist") or "PYTEST_XDIST_WORKER" in os.environ:  # a worker starts none
        return
    options = config.option
    if config.args_source is config.ArgsSource.TESTPATHS and options.numprocesses is None and not options.collectonly:
        options.numprocesses, options.maxprocesses = "auto", options.maxprocesses or WORKERS
    if options.dist == "no":
        options.dist = "loadfile"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a worker one file after the other, in their order, and the tests on Spark to one of them."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "spark" if "spark" in nodeid.partition("[")[2] else super()._split_scope(nodeid)

    config.option.loadscopereorder = False  # by numbers of tests, which say nothing of how long they take
    return ByFile(config, log) if config.option.dist == "loadfile" else None


@pytest.hookimpl(trylast=True)  # after -k and -m: of what is asked for, each test has a first case
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out of the short form what is marked ``full``, and of what is marked ``sampled(n)`` all but each n-th.

    The cases are those of a test; of ``sampled(n, name)`` those of all tests with that name. What is marked
    ``once(name, n)`` runs in either form on the first case with this name of each n-th test.
    """
    cases: defaultdict[tuple[str, ...], Iterator[int]] = defaultdict(count)
    kept, left_out = [], []
    for item in items:
        test = item.nodeid.split("[")[0]
        again = any(
            next(cases[test, name]) or next(cases["once", name, str(n)]) % n
            for name, n in (mark.args for mark in item.iter_markers("once"))
        )
        long = item.get_closest_marker("full") or any(
            next(cases[mark.args[1:] or (test,)]) % mark.args[0] for mark in item.iter_markers("sampled") if not again
        )
        drawn = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)  # again, with all of its examples
        wanted = (long or drawn) if config.option.rest else (config.option.full or not long)
        (kept if wanted and not again else left_out).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish() -> None:
    """Keep what is there before the first test out of every later search for garbage."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let all of it go again: what narwhals keeps of DuckDB's types, DuckDB would list as leaked, line by line."""
    gc.unfreeze()
    for kept in gc.get_objects():
        if issubclass(type(kept), CACHED):  # and not isinstance, which asks the object itself
            kept.cache_clear()


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Show one dot for many tests of workers, whose files are not named."""
    if hasattr(report, "node") and report.when == "call" and report.passed and not hasattr(report, "wasxfail"):
        return "passed", "." if next(passed) % DOT == 0 else "", "PASSED"
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was left out."""
    if not config.option.full:
        terminalreporter.write_line(SHORT)
    if not config.pluginmanager.hasplugin("xdist"):
        terminalreporter.write_line('In one process, for want of pytest-xdist: pip install -e ".[test]"')
