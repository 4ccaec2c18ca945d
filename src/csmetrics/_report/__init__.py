"""The report: one HTML file or workbook of a month's figures."""
