"""Frames of any engine: their columns, their sums at a grain, and what a metric needs from them."""
