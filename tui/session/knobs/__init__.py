"""Knobs as rows, values as they are edited, and their past."""
