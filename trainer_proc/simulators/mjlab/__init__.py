"""mjlab 1.6: its backend and its simulator."""
