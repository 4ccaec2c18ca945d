"""The formulas: one pure function per metric, totals in, value out."""
