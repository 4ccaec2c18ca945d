"""A figure explained: its formula, the numbers put in, and what rival definitions give on them."""
