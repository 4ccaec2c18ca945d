"""Raw rows of pandas or of an engine: read, screened, grouped and totalled."""
