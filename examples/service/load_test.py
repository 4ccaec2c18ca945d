"""Put the service under load for some seconds, check every answer, and check that its memory does not grow.

    python load_test.py --seconds 60

Starts the service on a free port of this machine. Several connections send single calls, batches of 3,000 and bad
requests. Exits with 1 on any error, any wrong answer, or memory that grows after the warm-up. Times are shown but not
judged, because they depend on the machine.
"""

import argparse
import http.client
import json
import math
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import csmetrics as csm

SIZE = 3_000  # calls in a batch, which takes less than the limit of the service on a busy machine, too
BAD_EVERY = 100  # one of this many calls in a batch is bad
GROWTH = 8 * 1024  # kB after the warm-up; without a leak it grows by 1 to 3 MB
WARM_UP = 0.5  # share of the time in which the heaps fill
JSON = {"Content-Type": "application/json"}


@dataclass
class Asked:
    """A request and the answer that must come back."""

    kind: str
    method: str
    path: str
    body: bytes
    status: int
    expected: Any  # the example of a result, the code of an error, or a list of both for a batch
    headers: dict[str, str] = field(default_factory=lambda: JSON)
    items: int = 1
    seen: bytes = b""  # the answer that was checked; every later one must equal it

    def check(self, status: int, answer: bytes) -> None:
        if status != self.status:
            raise AssertionError(f"{self.method} {self.path}: {status}, not {self.status}: {answer[:300]!r}")
        if answer == self.seen:
            return
        if self.seen:
            raise AssertionError(f"{self.method} {self.path}: two answers to one request")
        found = json.loads(answer)
        if isinstance(self.expected, list):
            assert len(found) == len(self.expected)
            for each, expected in zip(found, self.expected, strict=True):
                agree(each, expected)
        else:
            agree(found, self.expected)
        self.seen = answer


def agree(found: dict[str, Any], expected: Any) -> None:
    """Check that an answer is the expected error or the published figure."""
    if isinstance(expected, str):
        if found.get("code") != expected:
            raise AssertionError(f"no {expected}: {found}")
        return
    name, example = expected
    value, published = found.get("value"), example.expected
    if isinstance(value, float) and isinstance(published, float | int):
        right = math.isclose(value, published, rel_tol=1e-9, abs_tol=example.tolerance)
    else:
        right = value == published and (value is not None or found["status"] != "ok")
    if found.get("metric") != name or not right:
        raise AssertionError(f"{name}: {found}, not {published}")


def requests() -> list[Asked]:
    """Make the requests: every worked example, a batch of 3,000, and requests that must be refused."""
    examples = [(name, example) for name, spec in csm.catalog.items() for example in spec.examples]
    inputs = [
        json.loads(json.dumps(example.inputs, default=lambda day: day.isoformat()).replace("NaN", "null"))
        for _, example in examples
    ]
    singles = [
        Asked("single", "POST", f"/metrics/{pair[0]}", json.dumps(given).encode(), 200, pair)
        for pair, given in zip(examples, inputs, strict=True)
    ]
    calls: list[dict[str, Any]] = []
    answers: list[Any] = []
    for place in range(SIZE):
        pair, given = examples[place % len(examples)], inputs[place % len(examples)]
        if place % BAD_EVERY:
            calls.append({"metric": pair[0], "inputs": given})
            answers.append(pair)
        elif place % (2 * BAD_EVERY):
            calls.append({"metric": f"{pair[0]}_{place}", "inputs": given})
            answers.append("not_found")
        else:
            calls.append({"metric": pair[0], "inputs": {"nothing": place}})
            answers.append("impossible_input")
    text = {"Content-Type": "text/plain"}
    bad = [
        Asked("bad", "POST", "/metrics/churn_rate", b'{"lost": 501, "start": 480}', 422, "impossible_input"),
        Asked("bad", "POST", "/metrics/churn_rate", b'{"lost": 5, "start"', 422, "impossible_input"),
        Asked("bad", "POST", "/metrics/churn_rate", b'{"lost": ' + b"[" * 50_000, 422, "impossible_input"),
        Asked("bad", "POST", "/metrics/chrun_rate", b"{}", 404, "not_found"),
        Asked("bad", "POST", "/metrics/churn_rate", b"{}", 415, "wrong_content_type", text),
        Asked("bad", "PUT", "/metrics/churn_rate", b"{}", 405, "wrong_method"),
        Asked("bad", "POST", "/batch", b"[" + b"0," * 10_000 + b"0]", 422, "impossible_input"),
        Asked("bad", "POST", "/batch", b" " * 5_000_000, 413, "too_large"),
    ]
    batch = Asked("batch", "POST", "/batch", json.dumps(calls).encode(), 200, answers, items=SIZE)
    mixed = []
    for place, single in enumerate(singles):
        mixed.append(single)
        if place % 10 == 0:
            mixed.append(bad[place // 10 % len(bad)])
        if place % 40 == 0:
            mixed.append(batch)
    return mixed


class Load:
    """Connections that send requests in turn, and what they find."""

    def __init__(self, port: int, asked: list[Asked], until: float) -> None:
        self.port, self.asked, self.until = port, asked, until
        self.times: dict[str, list[float]] = {"single": [], "batch": [], "bad": []}
        self.items = 0
        self.errors: list[str] = []
        self.lock = threading.Lock()

    def run(self, first: int) -> None:
        connection, place = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60), first
        while time.monotonic() < self.until and not self.errors:
            each, place = self.asked[place % len(self.asked)], place + 1
            began = time.perf_counter()
            try:
                connection.request(each.method, each.path, each.body, each.headers)
                answer = connection.getresponse()
                status, body = answer.status, answer.read()
                took = time.perf_counter() - began
                each.check(status, body)
            except Exception as error:
                self.errors.append(f"{each.method} {each.path}: {error!r}")
                return
            with self.lock:
                self.times[each.kind].append(took)
                self.items += each.items
        connection.close()


def memory(process: int) -> int:
    """Read the resident memory of a process in kB."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def start(port: int) -> "subprocess.Popen[bytes]":
    """Start the service and wait until it answers."""
    command = [sys.executable, "-m", "uvicorn", "service:app", "--port", str(port), "--log-level", "warning"]
    env = {
        **os.environ,
        "MALLOC_ARENA_MAX": "1",
    }  # otherwise each thread fills a heap of its own, which looks like growth
    server = subprocess.Popen(command, cwd=Path(__file__).parent, env=env)
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return server
        except OSError:
            time.sleep(0.1)
    server.terminate()
    raise SystemExit("load_test: the service does not start")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--connections", type=int, default=4)
    given = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = requests()
    server = start(port)
    try:
        began = time.monotonic()
        load = Load(port, asked, began + given.seconds)
        step = len(asked) // given.connections
        threads = [threading.Thread(target=load.run, args=(n * step,)) for n in range(given.connections)]
        for thread in threads:
            thread.start()
        samples = []
        while any(thread.is_alive() for thread in threads) and server.poll() is None:
            samples.append((time.monotonic() - began, memory(server.pid)))
            time.sleep(0.2)
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
    finally:
        server.terminate()
        ended = server.wait(30)
    return report(load, samples, took, given.seconds, ended)


def report(load: Load, samples: list[tuple[float, int]], took: float, seconds: float, ended: int) -> int:
    """Print the findings and return 1 if something is wrong."""
    asked = sum(map(len, load.times.values()))
    print(f"{asked:,} requests in {took:.0f} s: {asked / took:,.0f} requests/s, {load.items / took:,.0f} items/s")
    for kind, times in load.times.items():
        if len(times) > 1:
            parts = statistics.quantiles(times, n=100, method="inclusive")
            print(f"  {kind:6} {len(times):8,}  p50 {parts[49] * 1e3:8.1f} ms  p99 {parts[98] * 1e3:8.1f} ms")
    warm = [kb for at, kb in samples if at > WARM_UP * seconds]
    part = len(warm) // 4
    wrong = list(load.errors)
    if not wrong and not all(load.times.values()):
        wrong.append("not every kind of request was sent; give it more --seconds")
    if ended not in (0, -15):
        wrong.append(f"the service ended with {ended}")
    if part < 2 and not wrong:
        wrong.append("too short to tell whether the memory grows")
    elif part >= 2:
        first, last = (statistics.median(quarter) for quarter in (warm[:part], warm[-part:]))
        print(f"  memory {first / 1024:.1f} MB after the warm-up, {last / 1024:.1f} MB at the end")
        if last - first > GROWTH:
            wrong.append(f"the memory grew by {(last - first) / 1024:.1f} MB")
    for each in wrong:
        print(f"load_test: {each}", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
