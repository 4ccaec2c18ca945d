"""What only other programs can tell: LibreOffice recalculates a workbook, Chromium opens a report at several widths.

    python .ci/seen.py [--all]

Without ``--all`` one workbook and one report are checked, which takes seconds. It needs LibreOffice Calc and Chromium.
"""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
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


def opened(path: Path, work: Path) -> None:
    """Open a page at several widths, and check that nothing but plots is wider than the window."""
    page = html.escape(path.read_text("utf-8"))
    frames = "".join(f'<iframe width="{w}" height="900" style="border:0" srcdoc="{page}"></iframe>' for w in WIDTHS)
    script = """<script>onload = () => { document.title = [...document.querySelectorAll("iframe")].map(f => {
      const page = f.contentDocument;
      return `${f.width}:${page.documentElement.scrollWidth}:${page.querySelectorAll("h2").length}`;
    }).join(" "); }</script>"""
    outer = work / "outer.html"
    outer.write_text(f"<!DOCTYPE html><title></title>{script}{frames}", "utf-8")
    browser = next(name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name))
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
    done = subprocess.run([*command, f"file://{outer}"], check=True, capture_output=True, text=True, timeout=120)
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title, "the page did not load"
    for measured in title[1].split():
        width, wide, sections = map(int, measured.split(":"))
        assert wide <= width, f"{path.name}: at {width} pixels the page is {wide} wide"
        assert sections > 0, f"{path.name}: no sections"
    print(f"{path.name}: fits {title[1]}")


def main() -> None:
    """Check the reports."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name, made in reports("--all" in sys.argv).items():
            opened(made.save(work / f"{name}.html"), work)
            recalculated(made.save(work / f"{name}.xlsx"), work)


if __name__ == "__main__":
    main()
