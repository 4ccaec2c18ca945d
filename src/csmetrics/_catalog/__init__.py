"""The formulas as data: what a metric says of itself, found, validated, written out as one document."""
