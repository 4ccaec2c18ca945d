"""Reading, screening, grouping and totalling the raw rows of pandas or of an engine."""
