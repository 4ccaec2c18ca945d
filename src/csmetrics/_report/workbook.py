"""The workbook of a report: totals as numbers, rates as live formulas over them, made from the formulas of the docs."""

from __future__ import annotations

from io import BytesIO
from math import isclose, isfinite, isnan, nan
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics._catalog.docstring import Docstring
from csmetrics._catalog.formula import Node, computed, formula, formula_text, name_of
from csmetrics._frames.plan import Plan
from csmetrics._report.contents import Contents
from csmetrics._report.figures import Figure
from csmetrics._report.frames import Source, in_words
from csmetrics.core._numeric import percent
from csmetrics.core._registry import Registration
from csmetrics.errors import from_outside

_FORMATS: Final = {
    "percent": '0.0" %"',
    "points": "0.0",
    "money": "#,##0",
    "count": "#,##0",
    "ratio": "0.00",
}
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "|", "%")  # what a spreadsheet may run when a text begins with it
_LINES: Final = 4  # lines of a chart


def safe(text: Any) -> str:
    """Return somebody's text so that no spreadsheet takes it for a formula, not even after an export."""
    words = " ".join(str(text).split())
    return f"'{words}" if words.startswith(_RISKY) else words


def excel(node: Node, cells: dict[str, str]) -> str:
    """Write a formula of the catalogue as one of a spreadsheet; KeyError for a word that no cell holds."""
    if node.kind == "word":
        return cells[name_of(node.text)]
    if node.kind == "number":
        return node.text
    sides = [excel(side, cells) for side in node.sides]
    if node.kind == "(":
        return f"({sides[0]})"
    if node.kind in ("+", "-", "*", "/", "^", "frac"):
        return f"({sides[0]}{'/' if node.kind == 'frac' else node.kind}{sides[1]})"
    raise KeyError(node.kind)  # counts and sums need whole columns


def live(spec: Registration, plan: Plan, columns: dict[Any, str], row: int) -> str:
    """Write a metric of one row as a formula; empty where its formula is not plain arithmetic.

    Parameters
    ----------
    spec, plan
        The metric, and which columns it takes.
    columns
        The letters of each column.
    row
        The row in the sheet, from 1.
    """
    refs: list[str] = []
    try:
        right = _right(spec, plan, columns, row, refs)
    except KeyError:
        return ""
    used = ",".join(dict.fromkeys(refs))
    count = len(dict.fromkeys(refs))
    return f'=IF(COUNT({used})<{count},"",IFERROR({right},""))' if refs else ""


def _right(spec: Registration, plan: Plan, columns: dict[Any, str], row: int, refs: list[str]) -> str:
    read = formula(spec.name)
    if read is None:
        raise KeyError(spec.name)
    cells = {}
    for word in read.words:
        if word in plan.columns:
            cells[word] = f"{columns[plan.columns[word]]}{row}"
            refs.append(cells[word])
        elif isinstance(plan.sources.get(word), Plan):
            cells[word] = _right(plan.sources[word].spec, plan.sources[word], columns, row, refs)
        else:
            cells[word] = repr(float(plan.sources.get(word, spec.defaults.get(word))))  # type: ignore[arg-type]
    return excel(read.right, cells)


def agrees(spec: Registration, plan: Plan, totals: pd.DataFrame, values: Any) -> bool:
    """Check that the formula as it is written gives the library's own figures, row by row."""
    for place, value in enumerate(values):
        found = _value(spec, plan, totals.iloc[place])
        if isnan(value) != isnan(found) or not (isnan(value) or isclose(value, found, rel_tol=1e-12, abs_tol=1e-12)):
            return False
    return True


def _value(spec: Registration, plan: Plan, row: pd.Series[Any]) -> float:
    read = formula(spec.name)
    if read is None:
        return nan
    given = {}
    for word in read.words:
        held = plan.sources.get(word)
        if word in plan.columns:
            held = row[plan.columns[word]]
            given[word] = nan if pd.isna(held) else float(held)
        elif isinstance(held, Plan):
            given[word] = _value(held.spec, held, row)
        else:
            given[word] = float(held if held is not None else spec.defaults.get(word) or 0.0)
    try:
        value = float(computed(read.right, given))
    except (ArithmeticError, ValueError):
        return nan
    return value if isfinite(value) else nan


class _Book:
    """The workbook while it is written."""

    def __init__(self, contents: Contents) -> None:
        try:
            import xlsxwriter
        except ImportError as missing:
            needed = 'workbooks need XlsxWriter: pip install "csmetrics[report]"'
            raise from_outside(ImportError(needed)) from missing
        self.contents = contents
        self.out = BytesIO()
        self.column = xlsxwriter.utility.xl_col_to_name
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        self.book = xlsxwriter.Workbook(self.out, options)
        self.bold = self.book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.title = self.book.add_format({"bold": True, "font_size": 16})
        self.wrapped = self.book.add_format({"text_wrap": True, "valign": "top"})
        self.good = self.book.add_format({"font_color": "#17633A", "bg_color": "#DDF3E4"})
        self.bad = self.book.add_format({"font_color": "#A2331A", "bg_color": "#FBE3DC"})
        self._made: dict[str, Any] = {}

    def number(self, unit: str) -> Any:
        """Return the format of a unit."""
        pattern = _FORMATS.get(unit, "#,##0.00")
        if pattern not in self._made:
            self._made[pattern] = self.book.add_format({"num_format": pattern})
        return self._made[pattern]

    def put(self, sheet: Any, row: int, column: int, value: float, form: Any = None) -> None:
        """Write a number; nothing where it is missing."""
        if isfinite(value):
            sheet.write_number(row, column, value, form)

    def formula(self, sheet: Any, row: int, column: int, text: str, form: Any, value: float) -> None:
        """Write a formula with the value that it has."""
        sheet.write_formula(row, column, text, form, value if isfinite(value) else "")


def workbook(contents: Contents) -> bytes:
    """Write the workbook."""
    book = _Book(contents)
    card = book.book.add_worksheet("Scorecard")
    homes: dict[str, tuple[str, int, int]] = {}
    for kind, source in contents.sources.items():
        homes |= _totals(book, kind, source, [one for one in contents.figures if one.source is source and one.plan])
    if contents.retention is not None and len(contents.retention.counts):
        _retention(book, contents.retention)
    if contents.health is not None and "band" in contents.health:
        _health(book, contents.health)
    _scorecard(book, card, homes)
    _definitions(book)
    book.book.close()
    return book.out.getvalue()


def _totals(book: _Book, kind: str, source: Source, figures: list[Figure]) -> dict[str, tuple[str, int, int]]:
    """Write a frame's totals and, beside them, its rates; return where the last two of each rate stand."""
    sheet = book.book.add_worksheet(kind)
    totals = source.totals
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, totals.shape[1] + len(figures), 14)
    sheet.write_string(0, 0, "period", book.bold)
    letters: dict[Any, str] = {}
    for place, name in enumerate(totals.columns, 1):
        letters[name] = book.column(place)
        sheet.write_string(0, place, safe(name), book.bold)
    for row, (period, values) in enumerate(zip(totals.index, totals.to_numpy(dtype=object), strict=True), 1):
        sheet.write_string(row, 0, safe(in_words(period)))
        for place, value in enumerate(values, 1):
            book.put(sheet, row, place, nan if pd.isna(value) else float(value), book.number("count"))
    homes = {}
    first = totals.shape[1] + 1
    for place, one in enumerate(figures, first):
        assert one.plan is not None
        sheet.write_string(0, place, one.spec.title, book.bold)
        form = book.number(one.spec.unit)
        values = _all_values(one, totals)
        written = agrees(one.spec, one.plan, totals, values)
        for row, value in enumerate(values, 1):
            text = live(one.spec, one.plan, letters, row + 1) if written else ""
            if text:
                book.formula(sheet, row, place, text, form, value)
            else:
                book.put(sheet, row, place, value, form)
        if one.target is not None:
            _colours(book, sheet, (1, place, len(totals), place), one)
        homes[one.spec.name] = (kind, len(totals), place)
    _chart(book, sheet, kind, figures, first, len(totals))
    return homes


def _all_values(one: Figure, totals: pd.DataFrame) -> Any:
    from csmetrics._accessors.cohorts import Cohorts

    at: Any = Cohorts(totals)
    return at.compute(one.spec.function).to_numpy(dtype=np.float64)


def _colours(book: _Book, sheet: Any, cells: tuple[int, int, int, int], one: Figure) -> None:
    """Colour numbers by the target."""
    assert one.target is not None
    low, high = one.target.at_least, one.target.at_most
    corner = f"{book.column(cells[1])}{cells[0] + 1}"
    sides = [f"{corner}<{low!r}"] if low is not None else []
    sides += [f"{corner}>{high!r}"] if high is not None else []
    missed = f"OR({','.join(sides)})"
    for side, form in ((missed, book.bad), (f"NOT({missed})", book.good)):
        rule = f"=AND(ISNUMBER({corner}),{side})"
        sheet.conditional_format(*cells, {"type": "formula", "criteria": rule, "format": form})


def _chart(book: _Book, sheet: Any, kind: str, figures: list[Figure], first: int, rows: int) -> None:
    """Draw the percentages of a frame as lines, below the numbers."""
    shown = [place for place, one in enumerate(figures, first) if one.spec.unit == "percent"][:_LINES]
    if rows < 2 or not shown:
        return
    chart = book.book.add_chart({"type": "line"})
    for place in shown:
        chart.add_series(
            {
                "name": [kind, 0, place],
                "categories": [kind, 1, 0, rows, 0],
                "values": [kind, 1, place, rows, place],
                "marker": {"type": "automatic"},
            }
        )
    chart.set_y_axis({"name": "percent", "major_gridlines": {"visible": True, "line": {"color": "#D5DAE1"}}})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 860, "height": 340})
    sheet.insert_chart(rows + 2, 0, chart, {"description": f"Percentages of the {kind} by period"})


def _scorecard(book: _Book, sheet: Any, homes: dict[str, tuple[str, int, int]]) -> None:
    """Write the figures of the period: values that point to the totals' sheets, changes, targets."""
    contents = book.contents
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 4, 13)
    sheet.set_column(5, 8, 16)
    sheet.write_string(0, 0, safe(contents.title), book.title)
    sheet.write_string(1, 0, safe(contents.subtitle))
    heads = ("Metric", "Value", "Unit", "Period", "Change", "More than noise?", "At least", "At most", "Target")
    for place, head in enumerate(heads):
        sheet.write_string(3, place, head, book.bold)
    for row, one in enumerate(contents.figures, 4):
        form = book.number(one.spec.unit)
        sheet.write_string(row, 0, one.spec.title)
        sheet.write_string(row, 2, "" if one.spec.unit in ("number", "band") else one.spec.unit)
        sheet.write_string(row, 3, safe(one.period))
        sheet.write_string(row, 5, safe(one.why_not or one.noise))
        if one.spec.name in homes:
            kind, last, place = homes[one.spec.name]
            cell = f"'{kind}'!{book.column(place)}{last + 1}"
            before = f"'{kind}'!{book.column(place)}{last}"
            book.formula(sheet, row, 1, f'=IF(ISNUMBER({cell}),{cell},"")', form, one.value)
            if last > 1 and isfinite(one.change):
                text = f'=IF(AND(ISNUMBER({cell}),ISNUMBER({before})),{cell}-{before},"")'
                book.formula(sheet, row, 4, text, form, one.change)
        if one.target is not None:
            low, high = one.target.at_least, one.target.at_most
            book.put(sheet, row, 6, nan if low is None else low, form)
            book.put(sheet, row, 7, nan if high is None else high, form)
            at = row + 1
            missed = f"OR(AND(ISNUMBER(G{at}),B{at}<G{at}),AND(ISNUMBER(H{at}),B{at}>H{at}))"
            words = {True: "met", False: "missed", None: ""}[one.met]
            sheet.write_formula(row, 8, f'=IF(ISNUMBER(B{at}),IF({missed},"missed","met"),"")', None, words)
            _colours(book, sheet, (row, 1, row, 1), one)
    sheet.freeze_panes(4, 1)
    sheet.fit_to_pages(1, 0)
    sheet.set_landscape()


def _retention(book: _Book, grid: Any) -> None:
    """Write the triangle: sizes and counts as numbers, rates as formulas."""
    sheet = book.book.add_worksheet("retention")
    ages = grid.counts.shape[1]
    rates = grid.rates().to_numpy()
    heads = [
        "cohort",
        "size",
        *(f"{age}" for age in grid.counts.columns),
        *(f"{age}: %" for age in grid.counts.columns),
    ]
    for place, head in enumerate(heads):
        sheet.write_string(0, place, safe(head), book.bold)
    for row, (label, size) in enumerate(grid.sizes.items(), 1):
        words = " / ".join(map(in_words, label if isinstance(label, tuple) else (label,)))
        sheet.write_string(row, 0, safe(words))
        book.put(sheet, row, 1, float(size), book.number("count"))
        for age, count in enumerate(grid.counts.iloc[row - 1]):
            if pd.isna(count):
                continue
            cell, base = f"{book.column(2 + age)}{row + 1}", f"B{row + 1}"
            book.put(sheet, row, 2 + age, float(count), book.number("count"))
            text = f'=IF({base}>0,100*{cell}/{base},"")'
            book.formula(sheet, row, 2 + ages + age, text, book.number("percent"), float(rates[row - 1, age]))
    scale = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#5B9BD5"}
    sheet.conditional_format(1, 2 + ages, len(grid.counts), 1 + 2 * ages, scale)
    sheet.freeze_panes(1, 2)
    sheet.set_column(0, 0, 22)


def _health(book: _Book, scores: pd.DataFrame) -> None:
    """Write how many customers are in each band, and their share as a formula."""
    sheet = book.book.add_worksheet("health")
    for place, head in enumerate(("band", "customers", "share")):
        sheet.write_string(0, place, head, book.bold)
    bands = ("red", "yellow", "green")
    counts = [int((scores["band"] == band).sum()) for band in bands]
    for row, (band, count) in enumerate(zip(bands, counts, strict=True), 1):
        sheet.write_string(row, 0, band)
        sheet.write_number(row, 1, count)
        share = percent(count, sum(counts)) if sum(counts) else nan
        book.formula(
            sheet, row, 2, f'=IF(SUM(B$2:B$4)>0,100*B{row + 1}/SUM(B$2:B$4),"")', book.number("percent"), share
        )


def _definitions(book: _Book) -> None:
    """Write what each metric means."""
    sheet = book.book.add_worksheet("Definitions")
    sheet.set_column(0, 1, 26)
    sheet.set_column(2, 3, 12)
    sheet.set_column(4, 6, 60)
    heads = ("Metric", "Title", "Unit", "Better", "Formula", "Meaning", "Interval and notes")
    for place, head in enumerate(heads):
        sheet.write_string(0, place, head, book.bold)
    for row, one in enumerate(book.contents.figures, 1):
        spec = one.spec
        said = " ".join(filter(None, [one.interval, *one.notes]))
        texts = (
            spec.name,
            spec.title,
            spec.unit,
            spec.better,
            formula_text(spec.name),
            Docstring(spec.function).summary,
        )
        for place, text in enumerate((*texts, safe(said))):
            sheet.write_string(row, place, text, book.wrapped)
    row = len(book.contents.figures) + 2
    for note in book.contents.notes:
        sheet.write_string(row, 0, safe(note))
        row += 1
    sheet.freeze_panes(1, 1)
