"""`df.csm`, `s.csm` and `csm.over`: columns picked, summed at a grain, and handed to a formula."""
