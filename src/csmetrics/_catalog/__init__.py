"""The formulas as data: describe, find and validate them, and write them all out as one document."""
