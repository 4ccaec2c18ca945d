"""Long columns worked on block by block, several blocks at a time where the process may use several cores.

numpy lets go of Python's lock while it computes, so that threads compute side by side. A step must not depend on what
another one does at the same time: then the figures are the same for any number of threads.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar

import numpy as np

from csmetrics.core._numeric import BLOCK

Item = TypeVar("Item")
Found = TypeVar("Found")

VARIABLES: Final = ("CSMETRICS_MAX_THREADS", "OMP_NUM_THREADS")  # environment variables that bound the threads
_AHEAD = 4  # threads that work on items to come, all of which are in memory
_ROWS = 1 << 19  # rows for each thread: with fewer, starting it takes longer than it saves


def threads() -> int:
    """Return how many threads may compute at the same time: the cores of this process, or what a variable allows."""
    if not threading.main_thread().is_alive():  # Python is ending, as in an atexit handler, and starts no more threads
        return 1
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    bounds = (os.environ.get(name, "").partition(",")[0].strip() for name in VARIABLES)
    return min([there, *(int(bound) for bound in bounds if bound.isdecimal() and int(bound))])


def each(step: Callable[[Item], Found], items: Iterable[Item], rows: int) -> list[Found]:
    """Call a step with each item, side by side where the items hold many rows; all threads end before this returns.

    Parameters
    ----------
    step
        The function.
    items
        What it is called with.
    rows
        The number of rows in all items together.

    Returns
    -------
    list
        What the calls returned, in the order of the items. The first error that a call raises is raised here.
    """
    count = _threads_for(rows)
    if count < 2:
        return [step(item) for item in items]
    todo = deque(enumerate(items))  # a future for each of many short calls would take longer than the calls
    done: dict[int, Found] = {}
    failed: dict[int, BaseException] = {}

    def work() -> None:
        with suppress(IndexError):
            while not failed:
                place, item = todo.popleft()
                try:
                    done[place] = step(item)
                except BaseException as error:
                    failed[place] = error

    with ThreadPoolExecutor(count - 1) as pool:
        for _ in range(count - 1):
            pool.submit(work)
        work()
    if failed:
        raise failed[min(failed)]
    return [done[place] for place in sorted(done)]


def ahead(step: Callable[[Item], Found], items: Iterable[Item]) -> Iterator[Found]:
    """Yield what a step makes of each item, in their order, while up to four threads work on the next ones."""
    count = min(threads(), _AHEAD)
    if count < 2:
        yield from map(step, items)
        return
    with ThreadPoolExecutor(count) as pool:
        begun: deque[Future[Found]] = deque()
        for item in items:
            begun.append(pool.submit(step, item))
            if len(begun) > count:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


def _threads_for(rows: int) -> int:
    return min(threads(), rows // _ROWS)


def blocks(rows: int) -> list[slice]:
    """Cut so many rows into blocks that stay in a core's cache."""
    return [slice(at, min(at + BLOCK, rows)) for at in range(0, rows, BLOCK)]


def each_block(step: Callable[[slice], Found], rows: int) -> list[Found]:
    """Call a step with the slices that cut so many rows into blocks, as `each` does."""
    return each(step, blocks(rows), rows)


def span(values: Any) -> tuple[int, int]:
    """Return the lowest and the highest of integers, of which there is at least one."""
    lows, highs = zip(*each_block(lambda at: (int(values[at].min()), int(values[at].max())), len(values)), strict=True)
    return min(lows), max(highs)


def picked(values: Any, rows: Any) -> Any:
    """Return the values at some positions, picked by several threads where there are many."""
    found = np.empty(len(rows), values.dtype)

    def pick(some: slice) -> None:
        found[some] = values[rows[some]]

    each_block(pick, len(rows))
    return found


def sort(values: Any) -> None:
    """Sort integers in place: cut at the median until each thread has a part of its own."""
    parts = [values]
    while len(parts) < _threads_for(values.size):
        parts = [half for part in parts for half in _halves(part)]
    each(np.ndarray.sort, parts, values.size)


def _halves(values: Any) -> tuple[Any, Any]:
    middle = len(values) // 2
    values.partition(middle)
    return values[:middle], values[middle:]
