"""Apply changes to a running training between two iterations."""
