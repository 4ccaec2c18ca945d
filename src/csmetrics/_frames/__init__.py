"""A frame of any engine: its columns, its sums at a grain, and the plan of a metric."""
