"""Run a program, and say how much memory it and all its child processes took, as seen from outside.

    python benchmarks/watched.py --limit-mb 2500 python examples/large_scale.py --events 1_000_000_000

The resident memory of the whole tree of processes, engines and Java included, is read from /proc twenty times a
second, so this needs Linux. What no look has caught is made up for by the largest single process, which the system
itself reports at the end. Pages that several processes share count for each of them.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
PAUSE = 0.05  # seconds


def descendants(process: int) -> Iterator[int]:
    """Yield a process and all that it has started, and these in turn."""
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended meanwhile
            for child in children.read_text(encoding="ascii").split():
                yield from descendants(int(child))


def resident(process: int) -> int:
    """Return the resident memory of a process in bytes; 0 if it has ended."""
    with suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]) * PAGE
    return 0


def watched(command: list[str]) -> tuple[int, float, float]:
    """Run a command; return its exit code, its seconds, and the peak of its memory in megabytes."""
    started, peak = time.perf_counter(), 0
    with subprocess.Popen(command) as running:
        while running.poll() is None:
            peak = max(peak, sum(map(resident, descendants(running.pid))))
            time.sleep(PAUSE)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return running.returncode, time.perf_counter() - started, max(peak, largest) / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description="Run a program, and say how much memory it took.")
    parser.add_argument("--limit-mb", metavar="MB", type=float, help="exit with 1 where it takes more")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the program and its arguments")
    options = parser.parse_args()
    code, seconds, peak = watched(options.command)
    print(f"Watched from outside: at the most {peak:,.0f} MB, in {seconds:.1f} s", flush=True)
    return code or int(options.limit_mb is not None and peak > options.limit_mb)


if __name__ == "__main__":
    sys.exit(main())
