"""The workbook of a report: totals as numbers, rates as live formulas over them, made from the formulas of the docs."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics._catalog.docstring import Docstring
from csmetrics._catalog.formula import formula_text
from csmetrics._report.book import Book, safe
from csmetrics._report.charts import Charts, Table
from csmetrics._report.contents import Contents
from csmetrics._report.figure import Figure
from csmetrics._report.formulas import agrees, live
from csmetrics._report.frames import Source, in_words
from csmetrics.core._numeric import percent

_POINTS: Final = 24  # periods of a course in the scorecard


def workbook(contents: Contents) -> bytes:
    """Write the workbook."""
    book = Book()
    card = book.sheet("Scorecard")
    charts = Charts(book, book.sheet("Charts"))
    homes: dict[str, tuple[str, int, int]] = {}
    for kind, source in contents.sources.items():
        figures = [one for one in contents.figures if one.source is source and one.plan]
        table = _totals(book, kind, source, figures)
        homes |= {one.spec.name: (kind, len(table.totals), place) for place, one in table.figures.items()}
        if kind == "movements":
            charts.bridge(table)
        charts.of_table(table)
    if contents.retention is not None and len(contents.retention.counts):
        _retention(book, contents.retention)
    if contents.health is not None and "band" in contents.health:
        charts.health(_health(book, contents.health))
    _scorecard(book, card, homes, contents)
    _definitions(book, contents)
    return book.close()


def _totals(book: Book, kind: str, source: Source, figures: list[Figure]) -> Table:
    """Write a frame's totals and, beside them, its rates."""
    sheet = book.sheet(kind)
    totals = source.totals
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, totals.shape[1] + len(figures) + 3, 14)
    sheet.write_string(0, 0, "period", book.bold)
    letters: dict[Any, str] = {}
    for place, name in enumerate(totals.columns, 1):
        letters[name] = book.column(place)
        sheet.write_string(0, place, safe(name), book.bold)
    for row, (period, values) in enumerate(zip(totals.index, totals.to_numpy(dtype=object), strict=True), 1):
        sheet.write_string(row, 0, safe(in_words(period)))
        for place, value in enumerate(values, 1):
            book.put(sheet, row, place, nan if pd.isna(value) else float(value), book.number("count"))
    first = totals.shape[1] + 1
    all_values: dict[str, Any] = {}
    for place, one in enumerate(figures, first):
        assert one.plan is not None
        sheet.write_string(0, place, one.spec.title, book.bold)
        form = book.number(one.spec.unit)
        values = all_values[one.spec.name] = _all_values(one, totals)
        written = agrees(one.spec, one.plan, totals, values)
        for row, value in enumerate(values, 1):
            text = live(one.spec, one.plan, letters, row + 1) if written else ""
            if text:
                book.formula(sheet, row, place, text, form, value)
            else:
                book.put(sheet, row, place, value, form)
        if one.target is not None:
            book.colours(sheet, (1, place, len(totals), place), one.target)
    return Table(sheet, kind, totals, dict(enumerate(figures, first)), all_values, first + len(figures))


def _all_values(one: Figure, totals: pd.DataFrame) -> Any:
    from csmetrics._accessors.cohorts import Cohorts

    at: Any = Cohorts(totals)
    return at.compute(one.spec.function).to_numpy(dtype=np.float64)


def _scorecard(book: Book, sheet: Any, homes: dict[str, tuple[str, int, int]], contents: Contents) -> None:
    """Write the figures of the period: values that point to the totals' sheets, changes, targets, courses."""
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 4, 13)
    sheet.set_column(5, 8, 16)
    sheet.set_column(9, 9, 24)
    sheet.write_string(0, 0, safe(contents.title), book.title)
    sheet.write_string(1, 0, safe(contents.subtitle))
    heads = (
        "Metric",
        "Value",
        "Unit",
        "Period",
        "Change",
        "More than noise?",
        "At least",
        "At most",
        "Target",
        "Course",
    )
    for place, head in enumerate(heads):
        sheet.write_string(3, place, head, book.bold)
    for row, one in enumerate(contents.figures, 4):
        form = book.number(one.spec.unit)
        sheet.write_string(row, 0, one.spec.title)
        sheet.write_string(row, 2, "" if one.unit in ("number", "band") else one.unit)
        sheet.write_string(row, 3, safe(one.period))
        sheet.write_string(row, 5, safe(one.why_not or one.noise))
        if one.spec.name in homes:
            kind, last, place = homes[one.spec.name]
            cell = f"'{kind}'!{book.column(place)}{last + 1}"
            before = f"'{kind}'!{book.column(place)}{last}"
            book.formula(sheet, row, 1, f'=IF(ISNUMBER({cell}),{cell},"")', form, one.value)
            if last > 1 and isfinite(one.change):
                text = f'=IF(AND(ISNUMBER({cell}),ISNUMBER({before})),{cell}-{before},"")'
                book.formula(sheet, row, 4, text, book.change(one.spec.unit), one.change)
            if last > 1:
                letters = book.column(place)
                course = f"'{kind}'!{letters}{max(2, last + 2 - _POINTS)}:{letters}{last + 1}"
                sheet.add_sparkline(row, 9, {"range": course, "last_point": True, "series_color": "#2F6FB5"})
        else:
            book.put(sheet, row, 1, one.value, form)
            if isfinite(one.change):
                book.put(sheet, row, 4, one.change, book.change(one.spec.unit))
        if one.target is not None:
            low, high = one.target.at_least, one.target.at_most
            book.put(sheet, row, 6, nan if low is None else low, form)
            book.put(sheet, row, 7, nan if high is None else high, form)
            at = row + 1
            missed = f"OR(AND(ISNUMBER(G{at}),B{at}<G{at}),AND(ISNUMBER(H{at}),B{at}>H{at}))"
            words = {True: "met", False: "missed", None: ""}[one.met]
            sheet.write_formula(row, 8, f'=IF(ISNUMBER(B{at}),IF({missed},"missed","met"),"")', None, words)
            book.colours(sheet, (row, 1, row, 1), one.target)
    sheet.freeze_panes(4, 1)


def _retention(book: Book, grid: Any) -> None:
    """Write the triangle: sizes and counts as numbers, rates as formulas."""
    sheet = book.sheet("retention")
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


def _health(book: Book, scores: pd.DataFrame) -> int:
    """Write how many customers are in each band, and their share as a formula; return how many bands."""
    sheet = book.sheet("health")
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
    return len(bands)


def _definitions(book: Book, contents: Contents) -> None:
    """Write what each metric means."""
    sheet = book.sheet("Definitions")
    sheet.set_column(0, 1, 26)
    sheet.set_column(2, 3, 12)
    sheet.set_column(4, 6, 60)
    heads = ("Metric", "Title", "Unit", "Better", "Formula", "Meaning", "Interval and notes")
    for place, head in enumerate(heads):
        sheet.write_string(0, place, head, book.bold)
    for row, one in enumerate(contents.figures, 1):
        spec = one.spec
        said = " ".join(filter(None, [one.caution, one.interval, *one.notes]))
        texts = (
            spec.name,
            spec.title,
            one.unit,
            spec.better,
            formula_text(spec.name),
            Docstring(spec.function).summary,
        )
        for place, text in enumerate((*texts, safe(said))):
            sheet.write_string(row, place, text, book.wrapped)
    row = len(contents.figures) + 2
    for note in contents.notes:
        sheet.write_string(row, 0, safe(note))
        row += 1
    sheet.freeze_panes(1, 1)
