"""What only a browser can tell of the built site, and what only a spreadsheet can tell of one of its pages.

    python .ci/site.py HTML [--sheets FOLDER]

HTML is the folder that Sphinx has built. Every link leads somewhere; every page opens in Chromium without an error and
without a request to another host, fits 400 and 1100 pixels in the light and the dark mode, and keeps its header on one
line; the home fits one screen; the search finds what people type; a copy button copies code alone. LibreOffice computes
the formulas of "From a spreadsheet". With ``--sheets`` Chromium writes pictures of all pages, to be looked at.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from math import isclose
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import xlsxwriter
from seen import ALWAYS

DOCS = Path(__file__).parents[1] / "docs"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
VIEWS = ((400, "light"), (1100, "dark"))  # of every page; together all widths and modes that differ
SHEETS = ((400, "light"), (400, "dark"), (1100, "light"), (1100, "dark"))
HIGH = 2400  # pixels of a page that a picture shows
FIRST = 20  # the row of the first formula
SOUGHT = {  # what people type, and the page that comes first
    "net dollar retention": "metrics/nrr.html",
    "logo churn": "metrics/churn_rate.html",
    "NPS": "metrics/nps.html",
    "customer lifetime value": "metrics/clv.html",
    "stickiness": "metrics/stickiness.html",
    "is onboarding getting slower": "how-long.html",
    "incremental daily events": "in-pieces.html",
    "duplicate rows": "billing-exports.html",
}
ASKED = {  # what people ask in "Which metric do I need?", and the metric that comes first
    "customers leave": "churn_rate",
    "lose customers": "churn_rate",
    "churn by plan": "churn_rate",
    "how satisfied": "csat",
    "onboarding getting slower": "ttv",
    "customers go quiet": "lifecycle_quick_ratio",
    "upgrade": "expansion_rate",
    "banana": "nothing",
}

# Runs first in every page: takes the mode from the address, and keeps what goes wrong
PROBE = """<script>
  const mode = new URLSearchParams(location.search).get("mode");
  if (mode) { localStorage.setItem("mode", mode); localStorage.setItem("theme", mode); }
  window.wrong = [];
  addEventListener("error", (e) => wrong.push(e.message || "not loaded: " + (e.target.src || e.target.href)), true);
  addEventListener("unhandledrejection", (e) => wrong.push(String(e.reason)));
  console.error = (...said) => wrong.push(said.join(" "));
</script>"""

# Opens one page after the other in a frame, as wide as a window would be, and sends what it finds
DRIVER = """<!DOCTYPE html><title>driver</title><body><script>
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
async function opened(page, width, height, mode) {
  const frame = document.createElement("iframe");
  Object.assign(frame, { width, height, src: page + (page.includes("?") ? "&" : "?") + "mode=" + mode });
  const loaded = new Promise((done) => (frame.onload = done));
  document.body.replaceChildren(frame);
  await loaded;
  return frame.contentWindow;
}
function looked(view, width) {
  const page = view.document, wrong = [...view.wrong];
  for (const { name } of view.performance.getEntriesByType("resource"))
    if (!name.startsWith(location.origin) && !name.startsWith("data:")) wrong.push("asks another host: " + name);
  const article = page.querySelector("article") || page.body;
  const over = [...article.querySelectorAll("*")].find((part) => {
    if (part.getBoundingClientRect().right <= width + 1) return false;
    for (let box = part.parentElement; box && box !== article; box = box.parentElement) {
      const scrolls = view.getComputedStyle(box).overflowX !== "visible";
      if (scrolls && box.getBoundingClientRect().right <= width + 1) return false;
    }
    return true;
  });
  if (over) wrong.push(`wider than the page: ${over.outerHTML.slice(0, 120)}`);
  const tops = [...page.querySelectorAll(".bd-header .navbar-nav > .nav-item, .bd-header .navbar-brand")]
    .map((item) => item.getBoundingClientRect()).filter((box) => box.width)
    .map((box) => Math.round((box.top + box.bottom) / 20));
  if (new Set(tops).size > 1) wrong.push("the header has several lines");
  for (const side of page.querySelectorAll(".bd-sidebar-primary"))
    if (view.getComputedStyle(side).visibility !== "hidden" && side.getBoundingClientRect().width
        && side.getBoundingClientRect().left >= 0 && !side.querySelector("nav a")) wrong.push("an empty navigation");
  for (const image of page.querySelectorAll("article img"))
    if (image.complete && !image.naturalWidth) wrong.push("a picture is broken: " + image.src);
  return wrong;
}
async function found(words) {
  const view = await opened("search.html?q=" + encodeURIComponent(words), 1100, 900, "light");
  for (let i = 0; i < 100; i++) {
    const link = view.document.querySelector("#search-results li a");
    if (link && /found|finished/i.test(view.document.querySelector(".search-summary")?.textContent || "")) break;
    await wait(50);
  }
  const first = view.document.querySelector("#search-results li a");
  return first ? new URL(first.href).pathname.slice(1) : "nothing";
}
async function asked(questions) {
  const view = await opened("metrics/questions.html", 1100, 900, "light"), out = {};
  for (const words of questions) {
    const field = view.document.getElementById("ask"), found = view.document.getElementById("found");
    field.value = words;
    field.dispatchEvent(new view.Event("input"));
    const first = found.querySelector("dd code");
    out[words] = first ? first.textContent : found.textContent.startsWith("Nothing found") ? "nothing" : "";
  }
  return out;
}
async function home() {
  const view = await opened("index.html", 1280, 800, "light");
  return Math.max(...[...view.document.querySelectorAll(".door")].map((door) => door.getBoundingClientRect().bottom));
}
async function copied(page) {
  const view = await opened(page, 1100, 900, "light");
  let text = "";
  view.document.execCommand = () => ((text = view.document.activeElement.value), true);
  view.document.querySelector("button.copybtn").click();
  await wait(100);
  return text;
}
async function all({ pages, views, sought, questions }) {
  const out = { wrong: {}, found: {} };
  for (const [width, mode] of views)
    for (const page of pages) {
      const wrong = looked(await opened(page, width, 900, mode), width);
      if (wrong.length) out.wrong[`${page} (${width}, ${mode})`] = wrong;
    }
  for (const words of sought) out.found[words] = await found(words);
  out.asked = await asked(questions);
  out.home = await home();
  out.copied = await copied("getting-started.html");
  return out;
}
fetch("/~tasks").then((answer) => answer.json()).then(all).catch((error) => ({ failed: String(error) }))
  .then((out) => fetch("/~result", { method: "POST", body: JSON.stringify(out) }));
</script>"""


class Handler(SimpleHTTPRequestHandler):
    """Serves the site with the probe in every page, and the driver."""

    tasks: dict[str, Any]
    result: dict[str, Any]
    done: threading.Event

    def do_GET(self) -> None:
        """Answer with a file of the site, the driver or its tasks."""
        path = urlsplit(self.path).path
        file = Path(self.translate_path(path))
        if path == "/~drive":
            self.answer(DRIVER.encode(), "text/html")
        elif path == "/~tasks":
            self.answer(json.dumps(self.tasks).encode(), "application/json")
        elif file.suffix == ".html" and file.is_file():
            self.answer(file.read_bytes().replace(b"<head>", b"<head>" + PROBE.encode(), 1), "text/html")
        else:
            super().do_GET()

    def do_POST(self) -> None:
        """Take what the driver has found."""
        self.result.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(b"", "text/plain")
        self.done.set()

    def answer(self, body: bytes, kind: str) -> None:
        """Send a page made here."""
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):  # the driver has gone on to the next page
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing of each request."""


def served(html: Path, tasks: dict[str, Any]) -> tuple[ThreadingHTTPServer, type[Handler]]:
    """Serve the site on a free port of this machine."""
    handler = type("Site", (Handler,), {"tasks": tasks, "result": {}, "done": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(html)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, handler


def browser(work: Path, *arguments: str) -> list[str]:
    """Return the command that starts Chromium with a profile of its own."""
    name = next(name for name in BROWSERS if shutil.which(name))
    return [name, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={work}/chromium", *arguments]


def pages_of(html: Path) -> list[str]:
    """Return the addresses of all pages."""
    return sorted(str(file.relative_to(html)) for file in html.rglob("*.html") if "_static" not in file.parts)


def links(html: Path) -> None:
    """Check that each link and each source within the site exists, down to the section."""
    pages = {page: (html / page).read_text("utf-8") for page in pages_of(html)}
    ids = {page: set(map(unescape, re.findall(r'\bid="([^"]+)"', text))) for page, text in pages.items()}
    dead = []
    for page, text in pages.items():
        for link in set(re.findall(r'\b(?:href|src)="([^"]*)"', text)):
            parts = urlsplit(unescape(link))
            if parts.scheme or parts.netloc:
                continue
            target = (html / page).parent / unquote(parts.path) if parts.path else html / page
            name = str(target.resolve().relative_to(html.resolve()))
            missing = parts.fragment and name in ids and unquote(parts.fragment) not in ids[name]
            if not target.is_file() or missing:
                dead.append(f"{page}: {link}")
    assert not dead, f"{len(dead)} dead links: {dead[:10]}"
    print(f"{len(pages)} pages: no dead link")


def opened(html: Path, work: Path) -> None:
    """Open every page, search, and copy."""
    pages = [page for page in pages_of(html) if page != "search.html"]
    tasks = {"pages": pages, "views": VIEWS, "sought": list(SOUGHT), "questions": list(ASKED)}
    server, site = served(html, tasks)
    address = f"http://127.0.0.1:{server.server_port}/~drive"
    command = browser(work, "--window-size=1300,950", "--remote-debugging-port=0", address)
    chromium = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    in_time = site.done.wait(240)
    chromium.terminate()
    chromium.wait(20)
    server.shutdown()
    found = site.result
    assert in_time, "Chromium did not get through the pages in four minutes"
    assert "failed" not in found, found
    assert not found["wrong"], "\n".join(f"{page}: {'; '.join(what)}" for page, what in found["wrong"].items())
    assert found["found"] == SOUGHT, {w: page for w, page in found["found"].items() if page != SOUGHT[w]}
    assert found["asked"] == ASKED, {w: name for w, name in found["asked"].items() if name != ASKED[w]}
    assert found["home"] <= 800, f"the home is {found['home']:.0f} high at 1280 x 800"
    assert found["copied"], "nothing was copied"
    assert not re.search(r"^(>>>|\.\.\.|\$) ", found["copied"], flags=re.MULTILINE), found["copied"]
    print(f"{len(pages)} pages open at {', '.join(f'{width} {mode}' for width, mode in VIEWS)}; {len(SOUGHT)} searches")


def computed(work: Path) -> None:
    """Let LibreOffice compute the formulas of "From a spreadsheet", and compare with what stands beside them."""
    page = (DOCS / "spreadsheet.md").read_text("utf-8")
    blocks = re.findall(r"```text\n(.*?)```", page, flags=re.DOTALL)
    sheet = [line.split(",") for line in blocks[0].split()]
    answers = {name: values.split(",") for name, values in re.findall(r"^([A-Z]): (.*)$", page, flags=re.MULTILINE)}
    pairs = re.findall(r"```text\n(=.*?)\n```\n\n```pycon\n(?:>>>|\.\.\.).*?\n([^>\n]+)\n", page, flags=re.DOTALL)
    file = work / "sheet.xlsx"
    with xlsxwriter.Workbook(file, {"strings_to_numbers": True}) as book:
        june = book.add_worksheet("June")
        for row, cells in enumerate(sheet):
            june.write_row(row, 0, cells)
        for name, values in answers.items():
            june.write_column(f"{name}2", values)
        june.write_column(FIRST, 0, [formula for formula, _ in pairs])
    profile = work / "office" / "user"
    profile.mkdir(parents=True)
    (profile / "registrymodifications.xcu").write_text(ALWAYS)
    command = ["soffice", f"-env:UserInstallation=file://{work}/office", "--headless", "--convert-to", "csv"]
    subprocess.run([*command, "--outdir", str(work), str(file)], check=True, capture_output=True, timeout=120)
    with (work / "sheet.csv").open(newline="") as lines:
        results = [row[0] for row in csv.reader(lines)][FIRST:]
    wrong = [f"{f}: {r} beside {e}" for (f, e), r in zip(pairs, results, strict=True) if not same(r, e)]
    assert len(pairs) > 15, "the page has lost its formulas"
    assert not wrong, wrong
    print(f"LibreOffice computes the {len(pairs)} figures of the page on spreadsheets")


def same(computed: str, printed: str) -> bool:
    """Check two figures for equality to the digits printed; what is not available in a sheet is NaN here."""
    if printed == "nan":
        return computed == "#N/A"
    return isclose(float(computed), float(printed), rel_tol=1e-6)


def sheets(html: Path, work: Path, folder: Path) -> None:
    """Write pictures of all pages, twelve beside each other, at each width in each mode."""
    folder.mkdir(parents=True, exist_ok=True)
    server, _ = served(html, {})
    pages = pages_of(html)
    for width, mode in SHEETS:
        across = 12 if width < 600 else 4
        for number, first in enumerate(range(0, len(pages), across)):
            frames = "".join(
                f'<figure><figcaption>{page}</figcaption><iframe width="{width}" height="{HIGH}" '
                f'src="{page}?mode={mode}"></iframe></figure>'
                for page in pages[first : first + across]
            )
            outer = html / "~sheet.html"
            outer.write_text(f"<!DOCTYPE html><style>{SHEET}</style><body>{frames}", "utf-8")
            picture = f"--screenshot={folder}/{width}-{mode}-{number:02}.png"
            size = f"--window-size={across * (width + 10)},{HIGH + 30}"
            address = f"http://127.0.0.1:{server.server_port}/~sheet.html"
            command = browser(work, size, "--hide-scrollbars", "--virtual-time-budget=10000", picture, address)
            subprocess.run(command, check=True, capture_output=True, timeout=120)
            outer.unlink()
    server.shutdown()
    print(f"pictures of {len(pages)} pages in {folder}")


SHEET = "body { margin: 0; display: flex; font: 14px sans-serif } figure { margin: 0 5px } iframe { border: 0 }"


def main() -> None:
    """Check the site."""
    html = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        work = Path(folder)
        links(html)
        if "--sheets" in sys.argv:
            sheets(html, work, Path(sys.argv[sys.argv.index("--sheets") + 1]))
        else:
            opened(html, work)
            computed(work)


if __name__ == "__main__":
    main()
