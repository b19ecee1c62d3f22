"""Metrics of a run: series, timeline, smoothing, and fast minima and maxima for charts."""
