"""Curricula: pure Python, no torch, that decides levels from metrics. None is written yet."""
