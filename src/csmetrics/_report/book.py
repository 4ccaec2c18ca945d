"""The workbook while it is written: its formats, and what goes into a cell."""

from __future__ import annotations

from io import BytesIO
from math import isfinite
from typing import Any, Final

from csmetrics._statistics.targets import Target
from csmetrics.errors import from_outside

_FORMATS: Final = {
    "percent": '0.0" %"',
    "points": "0.0",
    "money": "#,##0",
    "count": "#,##0",
    "ratio": "0.00",
}
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "|", "%")  # what a spreadsheet may run when a text begins with it


def safe(text: Any) -> str:
    """Return somebody's text so that no spreadsheet takes it for a formula, not even after an export."""
    words = " ".join(str(text).split())
    return f"'{words}" if words.startswith(_RISKY) else words


class Book:
    """A workbook of XlsxWriter, with the formats of the report.

    Attributes
    ----------
    book
        The workbook itself.
    column
        Returns the letters of a column.
    """

    def __init__(self) -> None:
        try:
            import xlsxwriter
        except ImportError as missing:
            needed = 'workbooks need XlsxWriter: pip install "csmetrics[report]"'
            raise from_outside(ImportError(needed)) from missing
        self._out = BytesIO()
        self.column = xlsxwriter.utility.xl_col_to_name
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        self.book = xlsxwriter.Workbook(self._out, options)
        self.bold = self.book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.title = self.book.add_format({"bold": True, "font_size": 16})
        self.wrapped = self.book.add_format({"text_wrap": True, "valign": "top"})
        self.faint = self.book.add_format({"num_format": "#,##0", "font_color": "#6B7280"})
        self.good = self.book.add_format({"font_color": "#17633A", "bg_color": "#DDF3E4"})
        self.bad = self.book.add_format({"font_color": "#A2331A", "bg_color": "#FBE3DC"})
        self._made: dict[str, Any] = {}

    def sheet(self, name: str) -> Any:
        """Add a sheet that prints one page wide."""
        sheet = self.book.add_worksheet(name)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        return sheet

    def number(self, unit: str) -> Any:
        """Return the format of a unit."""
        return self._format(_FORMATS.get(unit, "#,##0.00"))

    def _format(self, pattern: str) -> Any:
        if pattern not in self._made:
            self._made[pattern] = self.book.add_format({"num_format": pattern})
        return self._made[pattern]

    def change(self, unit: str) -> Any:
        """Return the format of a change, with its sign; a percentage changes in percentage points."""
        plain = '0.0" pp"' if unit == "percent" else _FORMATS.get(unit, "#,##0.00")
        return self._format(f"+{plain};-{plain};{plain}")

    def put(self, sheet: Any, row: int, column: int, value: float, form: Any = None) -> None:
        """Write a number; nothing where it is missing."""
        if isfinite(value):
            sheet.write_number(row, column, value, form)

    def formula(self, sheet: Any, row: int, column: int, text: str, form: Any, value: float) -> None:
        """Write a formula with the value that it has."""
        sheet.write_formula(row, column, text, form, value if isfinite(value) else "")

    def colours(self, sheet: Any, cells: tuple[int, int, int, int], target: Target) -> None:
        """Colour numbers by their target, as conditions that follow when the numbers change."""
        low, high = target.at_least, target.at_most
        corner = f"{self.column(cells[1])}{cells[0] + 1}"
        sides = [f"{corner}<{low!r}"] if low is not None else []
        sides += [f"{corner}>{high!r}"] if high is not None else []
        missed = f"OR({','.join(sides)})"
        for side, form in ((missed, self.bad), (f"NOT({missed})", self.good)):
            rule = f"=AND(ISNUMBER({corner}),{side})"
            sheet.conditional_format(*cells, {"type": "formula", "criteria": rule, "format": form})

    def close(self) -> bytes:
        """Return the file."""
        self.book.close()
        return self._out.getvalue()
