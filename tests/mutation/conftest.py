collect_ignore = ["run.py"]  # needs cosmic-ray, and is not a test
