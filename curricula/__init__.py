"""Curricula: pure Python that decides levels from metrics. Filled by the curriculum work; nothing here yet."""
