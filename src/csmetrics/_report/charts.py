"""The native charts of a workbook, on a sheet of their own: they follow the totals when these change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics._report.book import Book, safe
from csmetrics._report.figure import Figure
from csmetrics._report.frames import in_words
from csmetrics.plotting._canvas import BLUE, GREY, ORANGE, PALE_BLUE, PALE_GREY, PALE_ORANGE, PALER_BLUE, SERIES
from csmetrics.plotting._money import floor_of

_HEALTH: Final = ("#C23B3B", "#E0A526", "#2F8F5B")
_WIDE, _TALL, _ROWS, _COLUMNS = 640, 320, 17, 10  # of a chart: pixels, then cells of the sheet
_LINES: Final = 3  # lines of a chart
# What moves each frame: its title, what comes with its colour, what goes with its colour
_MOVES: Final = {
    "movements": (
        (
            "Movements of MRR",
            (("new_mrr", BLUE), ("expansion_mrr", PALE_BLUE), ("reactivation_mrr", PALER_BLUE), ("fx_mrr", GREY)),
            (("contraction_mrr", PALE_ORANGE), ("churned_mrr", ORANGE)),
        ),
        ("Customers that came and went", (("new", BLUE), ("reactivated", PALER_BLUE)), (("lost", ORANGE),)),
    ),
    "lifecycle": (
        ("Users that came and went quiet", (("new_users", BLUE), ("resurrected", PALE_BLUE)), (("dormant", ORANGE),)),
    ),
}
_PARTS: Final = (("detractors", ORANGE), ("passives", PALE_GREY), ("promoters", BLUE))
_USERS: Final = (("mau", BLUE), ("wau", PALE_BLUE), ("dau", GREY))


@dataclass
class Table:
    """A sheet with a row per period, from the second row on.

    Attributes
    ----------
    sheet
        The sheet.
    kind
        Its name.
    totals
        Its totals.
    figures
        The metric of each further column.
    values
        The values of each metric.
    next
        The next free column.
    """

    sheet: Any
    kind: str
    totals: pd.DataFrame
    figures: dict[int, Figure]
    values: dict[str, Any]
    next: int

    def place(self, column: str) -> int | None:
        """Return where a total stands; None where it does not, or is 0 throughout."""
        if column not in self.totals.columns or not self.totals[column].fillna(0).any():
            return None
        return list(self.totals.columns).index(column) + 1

    def begins(self, column: int) -> int:
        """Return the row from which on a column has all its values; 0 for fewer than two, as a gap is drawn as 0."""
        one = self.figures.get(column)
        values = self.totals.iloc[:, column - 1] if one is None else self.values[one.spec.name]
        gaps = np.flatnonzero(
            ~np.isfinite(pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan))
        )
        first = int(gaps[-1]) + 2 if gaps.size else 1
        return first if first < len(self.totals) and (gaps == np.arange(gaps.size)).all() else 0


class Charts:
    """The sheet of charts, filled from the left to the right and downwards."""

    def __init__(self, book: Book, sheet: Any) -> None:
        self._book, self._sheet, self._count = book, sheet, 0
        sheet.hide_gridlines(2)

    def add(self, chart: Any, title: str, floor: float = 0.0, form: str = "#,##0.##") -> None:
        """Put a chart at the next free place; its axis begins at `floor`, if that is not 0."""
        chart.set_title({"name": title, "name_font": {"size": 12}, "overlay": False})
        lines = {"major_gridlines": {"visible": True, "line": {"color": "#D5DAE1"}}, "num_format": form}
        chart.set_y_axis({**lines, "min": floor} if floor else lines)
        chart.set_x_axis({"label_position": "low"})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": _WIDE, "height": _TALL})
        row, column = divmod(self._count, 2)
        self._sheet.insert_chart(row * _ROWS, column * _COLUMNS, chart, {"description": title})
        self._count += 1

    def of_table(self, table: Table) -> None:
        """Draw what a frame is about."""
        for title, gains, losses in _MOVES.get(table.kind, ()):
            self._movements(table, title, gains, losses)
        if table.kind == "survey":
            self._columns(table, "Answers to NPS", _PARTS, "percent_stacked")
        if table.kind == "active_users" and len(table.totals) > 1:
            places = [(place, color) for name, color in _USERS if (place := table.place(name)) is not None]
            self._lines(table, "Active users", places)
        for unit, title in (("percent", f"Percentages of the {table.kind.replace('_', ' ')}"), ("time", "Hours")):
            rates = [place for place, one in table.figures.items() if one.spec.unit == unit][:_LINES]
            if len(table.totals) > 1:
                self._lines(table, title, list(zip(rates, SERIES, strict=False)))

    def bridge(self, table: Table) -> None:
        """Write the last period's bridge from opening to closing, and draw it."""
        _, gains, losses = _MOVES["movements"][0]
        moves = [*((name, 1) for name, _ in gains), *((name, -1) for name, _ in losses)]
        signs = [("start_mrr", 1), *moves, ("end_mrr", 1)]
        found = [(name, spot, sign) for name, sign in signs if (spot := table.place(name)) is not None]
        if [name for name, *_ in found[:1] + found[1:][-1:]] != ["start_mrr", "end_mrr"]:
            return
        last, totals = len(table.totals), table.totals.iloc[-1].astype("Float64").fillna(0).astype(float)
        book = self._book
        sheet = book.sheet("bridge")
        for place, head in enumerate(("step", "amount", "from", "end of period", "gained", "lost")):
            sheet.write_string(0, place, head, book.bold)
        sheet.set_column(0, 5, 18)
        level = 0.0
        for row, (name, spot, sign) in enumerate(found, 1):
            amount, whole = sign * totals[name], row in (1, len(found))
            cell = f"'{table.kind}'!{book.column(spot)}{last + 1}"
            sheet.write_string(row, 0, name.removesuffix("_mrr"))
            book.formula(sheet, row, 1, f"={'-' if sign < 0 else ''}{cell}", book.number("money"), amount)
            at, before = row + 1, f"SUM(B$2:B{row})"
            start = 0.0 if whole else level + min(amount, 0.0)
            book.formula(sheet, row, 2, "=0" if whole else f"={before}+MIN(B{at},0)", book.faint, start)
            for column, text, value in (
                (3, f"=B{at}" if whole else "=0", amount if whole else 0.0),
                (4, "=0" if whole else f"=MAX(B{at},0)", 0.0 if whole else max(amount, 0.0)),
                (5, "=0" if whole else f"=MAX(-B{at},0)", 0.0 if whole else max(-amount, 0.0)),
            ):
                book.formula(sheet, row, column, text, book.faint, value)
            level = amount if row == 1 else level + amount
        chart = book.book.add_chart({"type": "column", "subtype": "stacked"})
        for column, color in ((2, ""), (3, GREY), (4, BLUE), (5, ORANGE)):
            fill = {"fill": {"color": color}} if color else {"fill": {"none": True}, "border": {"none": True}}
            chart.add_series({**_series("bridge", column, len(found)), **fill, "gap": 40})
        levels = np.cumsum([sign * totals[name] for name, _, sign in found[:-1]])
        self.add(chart, safe(f"MRR, {in_words(table.totals.index[-1])}"), floor_of(levels))
        chart.set_legend({"position": "bottom", "delete_series": [0]})

    def health(self, rows: int) -> None:
        """Draw the customers of each band."""
        chart = self._book.book.add_chart({"type": "column"})
        points = [{"fill": {"color": color}} for color in _HEALTH]
        chart.add_series({**_series("health", 1, rows), "points": points, "gap": 60})
        self.add(chart, "Customers by health band")
        chart.set_legend({"none": True})

    def _movements(self, table: Table, title: str, gains: Any, losses: Any) -> None:
        """Draw gains upwards and losses downwards; those stand beside the figures once more, below zero."""
        known = [(place, color) for name, color in gains if (place := table.place(name)) is not None]
        for name, color in losses:
            place = table.place(name)
            if place is None:
                continue
            table.sheet.write_string(0, table.next, f"minus {name}", self._book.bold)
            for row, value in enumerate(table.totals[name], 1):
                cell = f"{self._book.column(place)}{row + 1}"
                number = nan if pd.isna(value) else -float(value)
                self._book.formula(
                    table.sheet, row, table.next, f'=IF(ISNUMBER({cell}),-{cell},"")', self._book.faint, number
                )
            known.append((table.next, color))
            table.next += 1
        if len(known) > 1 and len(table.totals):
            self._drawn(table, title, known, "stacked")

    def _columns(self, table: Table, title: str, parts: Any, subtype: str) -> None:
        known = [(place, color) for name, color in parts if (place := table.place(name)) is not None]
        if known and len(table.totals):
            self._drawn(table, title, known, subtype)

    def _drawn(self, table: Table, title: str, places: Sequence[tuple[int, str]], subtype: str) -> None:
        chart = self._book.book.add_chart({"type": "column", "subtype": subtype})
        for place, color in places:
            series = _series(table.kind, place, len(table.totals))
            chart.add_series({**series, "fill": {"color": color}, "gap": 40, "overlap": 100})
        self.add(chart, title, form="0%" if subtype == "percent_stacked" else "#,##0.##")

    def _lines(self, table: Table, title: str, places: Sequence[tuple[int, str]]) -> None:
        begun = {place: table.begins(place) for place, _ in places}
        places = [(place, color) for place, color in places if begun[place]]
        if not places:
            return
        first = max(begun[place] for place, _ in places)
        chart = self._book.book.add_chart({"type": "line"})
        for place, color in places:
            series = _series(table.kind, place, len(table.totals), first)
            marker = {"marker": {"type": "automatic", "size": 4}} if len(table.totals) <= 40 else {}
            chart.add_series({**series, "line": {"color": color, "width": 2}, **marker})
        self.add(chart, title)


def _series(sheet: str, column: int, rows: int, first: int = 1) -> dict[str, Any]:
    return {
        "name": [sheet, 0, column],
        "categories": [sheet, first, 0, rows, 0],
        "values": [sheet, first, column, rows, column],
    }
