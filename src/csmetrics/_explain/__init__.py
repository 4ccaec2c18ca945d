"""Explain a figure: its formula, the formula with its numbers, and the results of rival definitions."""
