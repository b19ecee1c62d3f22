"""mjlab 1.6."""
