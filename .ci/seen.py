"""What only other programs can tell: LibreOffice recalculates a workbook, Chromium opens a report at several widths.

    python .ci/seen.py
    npm install --prefix tools axe-core vnu-jar && python .ci/seen.py --all --tools tools

Without options one workbook and one report are checked, which takes seconds. It needs LibreOffice Calc and Chromium.
With ``--tools`` the Nu HTML checker (which needs Java) reads each page, and axe looks for what breaks WCAG 2.2 AA.
"""

from __future__ import annotations

import argparse
import html
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

import csmetrics as csm

WIDTHS = (360, 768, 1600)
ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>"""


def reports(every: bool) -> dict[str, csm.Report]:
    """Make the reports to check; with hostile names, small and empty companies if all are asked for."""
    company = csm.datasets.make_saas()
    tables = {"subscriptions": company.subscriptions, "events": company.events, "responses": company.surveys}
    tables |= {"tickets": company.tickets, "customers": company.accounts.merge(company.onboarding, on="customer")}
    targets = {"churn_rate": 2, "nrr": 100}
    found = {"usual": csm.report_from_tables(**tables, as_of=company.as_of, by="plan", scorecard=targets)}
    if every:
        names = {"starter": "<script>alert(1)</script>", "team": "=cmd()", "business": "x" * 300}
        hostile = company.subscriptions.assign(plan=company.subscriptions["plan"].astype(str).replace(names))
        found["hostile"] = csm.report_from_tables(
            subscriptions=hostile, as_of=company.as_of, by="plan", title="<b>=cmd()</b>"
        )
        small = csm.datasets.make_saas(30)
        found["small"] = csm.report_from_tables(subscriptions=small.subscriptions, as_of=small.as_of)
    return found


def cells(path: Path) -> dict[tuple[str, str], tuple[str, bool]]:
    """Return the value of each cell of a workbook, and whether it is a formula's."""
    with zipfile.ZipFile(path) as book:
        names = re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
        sheets = [book.read(f"xl/worksheets/sheet{i}.xml").decode() for i in range(1, len(names) + 1)]
        shared = re.findall(r"<si>(.*?)</si>", book.read("xl/sharedStrings.xml").decode(), flags=re.DOTALL)
    texts = ["".join(re.findall(r"<t[^>]*>(.*?)</t>", one, flags=re.DOTALL)) for one in shared]
    found = {}
    for name, sheet in zip(names, sheets, strict=True):
        for ref, kind, inside in re.findall(r'<c r="([A-Z]+\d+)"([^>]*?)(?:/>|>(.*?)</c>)', sheet, flags=re.DOTALL):
            value = re.search(r"<v>(.*?)</v>", inside)
            text = value[1] if value else ""
            found[name, ref] = (texts[int(text)] if 't="s"' in kind else text, "<f" in inside)
    return found


def recalculated(path: Path, work: Path) -> None:
    """Let LibreOffice compute every formula anew, and compare the results with those that stand in the file."""
    spoilt = work / "spoilt.xlsx"
    with zipfile.ZipFile(path) as book, zipfile.ZipFile(spoilt, "w") as out:
        for name in book.namelist():
            data = book.read(name)
            if name.startswith("xl/worksheets/sheet"):
                data = re.sub(rb"</f><v>[^<]*</v>", b"</f><v>424242</v>", data)
            out.writestr(name, data)
    profile = work / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS)
    command = ["soffice", f"-env:UserInstallation=file://{profile}", "--headless"]
    command += ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(work / "out"), str(spoilt)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    written, computed = cells(path), cells(work / "out" / "spoilt.xlsx")
    formulas = {where: value for where, (value, live) in written.items() if live}
    wrong = {w: (v, computed.get(w, ("", False))[0]) for w, v in formulas.items() if not same(v, computed.get(w))}
    assert formulas, "no formula"
    assert not wrong, f"{len(wrong)} of {len(formulas)} formulas: {dict(list(wrong.items())[:5])}"
    print(f"{path.name}: LibreOffice computes the same {len(formulas)} values")


def same(value: str, other: tuple[str, bool] | None) -> bool:
    """Check two values for equality, as far as a file writes digits."""
    found = other[0] if other else ""
    try:
        return abs(float(value) - float(found)) <= 1e-9 * max(1.0, abs(float(value)))
    except ValueError:
        return value == found


def chromium(page: Path, *options: str) -> str:
    """Open a page in Chromium, and return what its title is once its scripts have run."""
    browser = next(name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name))
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=60000", "--dump-dom"]
    command += [*options, f"file://{page}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    title = re.search(r"<title>(.*?)</title>", done.stdout, flags=re.DOTALL)
    assert title, "the page did not load"
    return html.unescape(title[1])


def framed(page: str, script: str, work: Path) -> Path:
    """Write a page that shows another one at several widths, and runs a script beside them."""
    text = html.escape(page)
    frames = "".join(f'<iframe width="{w}" height="900" style="border:0" srcdoc="{text}"></iframe>' for w in WIDTHS)
    outer = work / "outer.html"
    outer.write_text(f"<!DOCTYPE html><title></title><script>{script}</script>{frames}", "utf-8")
    return outer


def opened(path: Path, work: Path) -> None:
    """Open a page at several widths, and check that nothing but plots is wider than the window."""
    script = """onload = () => { document.title = [...document.querySelectorAll("iframe")].map(f => {
      const page = f.contentDocument;
      return `${f.width}:${page.documentElement.scrollWidth}:${page.querySelectorAll("h2").length}`;
    }).join(" "); }"""
    title = chromium(framed(path.read_text("utf-8"), script, work))
    for measured in title.split():
        width, wide, sections = map(int, measured.split(":"))
        assert wide <= width, f"{path.name}: at {width} pixels the page is {wide} wide"
        assert sections > 0, f"{path.name}: no sections"
    print(f"{path.name}: fits {title}")


def accessible(path: Path, work: Path, tools: Path) -> None:
    """Let axe look for what breaks WCAG 2.2 AA, at several widths, light and dark, with everything folded out."""
    page = re.sub(r"<meta http-equiv.*?>", "", path.read_text("utf-8")).replace("<details>", "<details open>")
    axe = (tools / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    run = f"""onload = () => axe.run(document, {{runOnly: {tags}}}).then(found => parent.postMessage(innerWidth + ": " +
      found.passes.length + " rules hold" + found.violations.map(v => "; broken " + v.id + " " +
      v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + n.failureSummary.slice(0, 200))).join(""), "*"))"""
    outer = framed(page.replace("</head>", f"<script>{axe}</script><script>{run}</script></head>"),
                   'onmessage = message => { document.title += message.data + " | "; }', work)  # fmt: skip
    for scheme, options in (("light", ()), ("dark", ("--blink-settings=preferredColorScheme=0",))):
        found = chromium(outer, *options)
        assert found.count("rules hold") == len(WIDTHS), found
        assert "broken" not in found, f"{path.name}, {scheme}: {found}"
        print(f"{path.name}, {scheme}: {found}")


def valid(path: Path, tools: Path) -> None:
    """Let the Nu HTML checker read a page."""
    checker = tools / "node_modules/vnu-jar/build/dist/vnu.jar"
    done = subprocess.run(["java", "-jar", str(checker), str(path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    print(f"{path.name}: valid HTML")


def main() -> None:
    """Check the reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="hostile names and a small company, too")
    parser.add_argument("--tools", type=Path, help="folder of axe and the HTML checker")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name, made in reports(asked.all).items():
            page = made.save(work / f"{name}.html")
            opened(page, work)
            recalculated(made.save(work / f"{name}.xlsx"), work)
            if asked.tools is not None:
                valid(page, asked.tools)
                accessible(page, work, asked.tools)


if __name__ == "__main__":
    main()
