"""How sure a figure is, whether a change is real, and what moved it."""
